//! Messages in HTTP requests: any path, one message a request, as the gateway's servlet takes
//! them.
//!
//! Just what Thrift clients send: a length or chunks, connections that stay open or not. TLS,
//! authentication and acting as another user are left out. There is nothing to log in with, so a
//! web page must not reach the port through somebody's browser: a request that names an origin, is
//! for a host of another name, or isn't of Thrift's type is refused.

mod hosts;

use std::io::{self, Read, Write};

use super::source::read_start;
use super::{Terms, Unreadable};
use crate::budget::Share;

pub(crate) use hosts::Hosts;

/// `HttpConfiguration.setRequestHeaderSize` of the gateway.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
/// The longest line with a chunk's length, or a trailer.
const MAX_LINE: usize = 1 << 10;
const MAX_TRAILERS: usize = 100;
const BLANK_LINE: &[u8] = b"\r\n\r\n";
/// The types that Thrift's clients send; a web page can't without asking first.
const TYPES: [&str; 2] = ["application/x-thrift", "application/vnd.apache.thrift.binary"];

const CONTROL_TYPES: [&str; 2] = ["application/json", "application/x-ndjson"];

/// Why a request has no message to reply to.
#[derive(Debug)]
pub(super) enum Refused {
    Unreadable(Unreadable),
    /// To be replied to with this status line's end, and no more after it.
    With(&'static str),
}

const BAD: Refused = Refused::With("400 Bad Request");

impl From<Unreadable> for Refused {
    fn from(reason: Unreadable) -> Self {
        Self::Unreadable(reason)
    }
}

impl From<io::Error> for Refused {
    fn from(_: io::Error) -> Self {
        Self::Unreadable(Unreadable::Io)
    }
}

/// What a request says before its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) path: String,
    /// Whether the connection ends with the reply.
    pub(super) is_last: bool,
    content_type: Option<String>,
    /// The web page that sends it.
    origin: Option<String>,
    host: Option<String>,
    acts_for: Option<String>,
    waits_for_continue: bool,
    length: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Unsaid,
    Bytes(usize),
    Chunks,
}

/// Takes a request up to its body, which has at most `terms.limit` bytes.
pub(super) fn request<'a, R: Read>(
    input: &'a mut R,
    output: &mut impl Write,
    terms: &Terms,
) -> Result<(Head, Body<'a, R>), Refused> {
    let head = Head::read(input)?;
    if head.method != "POST" {
        return Err(Refused::With("405 Method Not Allowed"));
    }
    head.check_site(&terms.hosts)?;
    head.check_type(&TYPES)?;
    if head.acts_for.is_some() {
        return Err(Refused::With("500 Support for proxyuser is not configured"));
    }
    let body = head.body(input, output, terms.limit)?;
    Ok((head, body))
}

/// Takes a request for the control address, whose body is JSON.
pub(super) fn control_request(
    input: &mut impl Read,
    output: &mut impl Write,
    terms: &Terms,
    share: &Share,
) -> Result<ControlRequest, Refused> {
    let head = Head::read(input)?;
    head.check_site(&terms.hosts)?;
    if !matches!(head.length, Length::Unsaid | Length::Bytes(0)) {
        head.check_type(&CONTROL_TYPES)?;
    }
    let mut reader = head.body(input, output, terms.limit)?;
    let mut body = Vec::new();
    let mut piece = [0; 16 << 10];
    loop {
        let read = reader.read(&mut piece);
        match read {
            Ok(0) => break,
            Ok(read) => {
                share.reserve(&mut body, read).map_err(|_| TOO_LARGE)?;
                body.extend_from_slice(&piece[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    reader.finish()?;
    Ok(ControlRequest { method: head.method, path: head.path, body, is_last: head.is_last })
}

/// A call of the control address.
pub(crate) struct ControlRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ends with its reply.
    pub(crate) is_last: bool,
}

/// A reply of the control address.
pub(super) fn control_reply(status: &str, body: &str, is_last: bool) -> Vec<u8> {
    let connection = if is_last { "close" } else { "keep-alive" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: {connection}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Head {
    pub(super) fn read(input: &mut impl Read) -> Result<Self, Refused> {
        let bytes = head(input)?;
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        if !matches!(parsed.parse(&bytes), Ok(httparse::Status::Complete(_))) {
            return Err(BAD);
        }
        let (method, path) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
        let is_old = parsed.version == Some(0);
        let headers = Headers(parsed.headers);
        let connection = headers.one("Connection")?.unwrap_or_default();
        let says = |word: &str| {
            connection.split(',').any(|option| option.trim().eq_ignore_ascii_case(word))
        };
        let length = match (headers.one("Transfer-Encoding")?, headers.one("Content-Length")?) {
            (None, None) => Length::Unsaid,
            (None, Some(length)) => Length::Bytes(number(length, 10)?),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Length::Chunks,
            (Some(_), None) => return Err(Refused::With("501 Not Implemented")),
            // Two lengths: whatever stands before this server may have believed the other one.
            (Some(_), Some(_)) => return Err(BAD),
        };
        let host = headers.one("Host")?.map(str::to_owned);
        if host.is_none() && !is_old {
            return Err(BAD);
        }
        let expected = headers.one("Expect")?;
        if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case("100-continue")) {
            return Err(Refused::With("417 Expectation Failed"));
        }
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            is_last: says("close") || (is_old && !says("keep-alive")),
            content_type: headers.one("Content-Type")?.map(str::to_owned),
            origin: headers.one("Origin")?.map(str::to_owned),
            host,
            acts_for: headers.one("doAs")?.map(str::to_owned),
            waits_for_continue: expected.is_some() && !is_old,
            length,
        })
    }

    /// Refuses what a web page sent.
    pub(super) fn check_site(&self, hosts: &Hosts) -> Result<(), Refused> {
        if self.origin.is_some() {
            return Err(Refused::With("403 Web pages are not served"));
        }
        if self.host.as_deref().is_some_and(|host| !hosts.admits(host)) {
            return Err(Refused::With("403 No such host here"));
        }
        Ok(())
    }

    /// Refuses what is of none of these types.
    pub(super) fn check_type(&self, types: &[&str]) -> Result<(), Refused> {
        let named = self.content_type.as_deref().unwrap_or_default();
        let named = named.split(';').next().unwrap_or_default().trim();
        if types.iter().any(|kind| kind.eq_ignore_ascii_case(named)) {
            return Ok(());
        }
        Err(Refused::With("415 Unsupported Media Type"))
    }

    /// Asks for the body if the client waits for that, and returns what reads it.
    pub(super) fn body<'a, R: Read>(
        &self,
        input: &'a mut R,
        output: &mut impl Write,
        limit: usize,
    ) -> Result<Body<'a, R>, Refused> {
        let left = match self.length {
            Length::Unsaid if self.method == "POST" => {
                return Err(Refused::With("411 Length Required"));
            }
            Length::Bytes(length) if length > limit => return Err(TOO_LARGE),
            Length::Bytes(length) => length,
            Length::Unsaid | Length::Chunks => 0,
        };
        if self.waits_for_continue {
            output.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let is_chunked = self.length == Length::Chunks;
        let is_over = !is_chunked;
        Ok(Body { input, left, limit, is_over, is_first: true, refused: None })
    }
}

const TOO_LARGE: Refused = Refused::With("413 Content Too Large");

struct Headers<'a>(&'a [httparse::Header<'a>]);

impl<'a> Headers<'a> {
    /// A header's value; one that comes twice is believed neither time.
    fn one(&self, name: &str) -> Result<Option<&'a str>, Refused> {
        let mut found = self.0.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let Some(header) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(BAD);
        }
        std::str::from_utf8(header.value).map(|value| Some(value.trim())).map_err(|_| BAD)
    }
}

/// A request's body, without the lines between its chunks.
#[derive(Debug)]
pub(super) struct Body<'a, R> {
    input: &'a mut R,
    /// Of the body, or of the present chunk.
    left: usize,
    /// How much all chunks may have.
    limit: usize,
    /// Whether no chunk follows.
    is_over: bool,
    is_first: bool,
    refused: Option<Refused>,
}

impl<R: Read> Body<'_, R> {
    /// Fails unless all of the body was read and was a body.
    pub(super) fn finish(mut self) -> Result<(), Refused> {
        if self.refused.is_none() && self.left == 0 && !self.is_over {
            self.next_chunk();
        }
        match self.refused.take() {
            Some(refused) => Err(refused),
            None if self.left == 0 && self.is_over => Ok(()),
            None => Err(Refused::Unreadable(Unreadable::Malformed)),
        }
    }

    fn next_chunk(&mut self) {
        match self.chunk_length() {
            Ok(length) => self.left = length,
            Err(refused) => self.refused = Some(refused),
        }
    }

    fn chunk_length(&mut self) -> Result<usize, Refused> {
        if !std::mem::take(&mut self.is_first) && !line(self.input)?.is_empty() {
            return Err(BAD);
        }
        let size = line(self.input)?;
        let size = size.split(|&byte| byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).map_err(|_| BAD)?;
        let size = number(size.trim(), 16)?;
        if size > self.limit {
            return Err(TOO_LARGE);
        }
        self.limit -= size;
        if size == 0 {
            self.is_over = true;
            for _ in 0..MAX_TRAILERS {
                if line(self.input)?.is_empty() {
                    return Ok(0);
                }
            }
            return Err(BAD);
        }
        Ok(size)
    }
}

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.is_over && self.refused.is_none() {
            self.next_chunk();
        }
        if self.refused.is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let wanted = buffer.len().min(self.left);
        if wanted == 0 {
            // A buffered input would wait for bytes even then.
            return Ok(0);
        }
        let read = self.input.read(&mut buffer[..wanted])?;
        self.left -= read;
        Ok(read)
    }
}

/// A number without a sign.
fn number(text: &str, radix: u32) -> Result<usize, Refused> {
    if !text.starts_with(|c: char| c.is_digit(radix)) {
        return Err(BAD);
    }
    usize::from_str_radix(text, radix).map_err(|_| BAD)
}

/// A reply without its body.
pub(super) fn reply_head(length: usize, is_last: bool) -> Vec<u8> {
    let connection = if is_last { "close" } else { "keep-alive" };
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: {length}\r\n\
         Connection: {connection}\r\n\r\n"
    )
    .into_bytes()
}

/// A reply that is an error, after which the connection ends; what is wrong is in its page's
/// title, where the gateway's has it.
pub(super) fn refusal(status: &str) -> Vec<u8> {
    let page = format!("<html><head><title>Error {status}</title></head></html>\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{page}",
        page.len()
    )
    .into_bytes()
}

fn head(input: &mut impl Read) -> Result<Vec<u8>, Refused> {
    let mut head = vec![0];
    read_start(input, &mut head)?;
    if !head[0].is_ascii_uppercase() {
        // No method begins so, and what else would come may have no end.
        return Err(Refused::With("400 Bad Request"));
    }
    while !head.ends_with(BLANK_LINE) {
        if head.len() >= MAX_HEAD {
            return Err(Refused::With("431 Request Header Fields Too Large"));
        }
        head.push(byte(input)?);
    }
    Ok(head)
}

/// A line without its end.
fn line(input: &mut impl Read) -> Result<Vec<u8>, Refused> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        if line.len() >= MAX_LINE {
            return Err(Refused::With("400 Bad Request"));
        }
        line.push(byte(input)?);
    }
    line.truncate(line.len() - 2);
    Ok(line)
}

fn byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests;
