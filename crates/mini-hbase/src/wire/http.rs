//! Messages in HTTP requests: any path, one message a request, as the gateway's servlet takes
//! them.
//!
//! Just what Thrift clients send: a length or chunks, connections that stay open or not. TLS,
//! authentication and acting as another user are left out.

use std::io::{self, Read};

use super::{Unreadable, read_start};

/// `HttpConfiguration.setRequestHeaderSize` of the gateway.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
/// The longest line with a chunk's length.
const MAX_LINE: usize = 1 << 10;
const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// A request's body, and whether another request may follow.
pub(super) struct Request {
    pub(super) body: Vec<u8>,
    pub(super) is_last: bool,
}

/// Why a request has no message to answer.
pub(super) enum Refused {
    Unreadable(Unreadable),
    /// To be answered with this status line's end, and no more after it.
    With(&'static str),
}

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

/// Takes a request whose body has at most `limit` bytes.
pub(super) fn request(input: &mut impl Read, limit: usize) -> Result<Request, Refused> {
    let head = head(input)?;
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    if !matches!(parsed.parse(&head), Ok(httparse::Status::Complete(_))) {
        return Err(Refused::With("400 Bad Request"));
    }
    let header = |name: &str| {
        let found = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value)
    };
    if parsed.method != Some("POST") {
        return Err(Refused::With("405 Method Not Allowed"));
    }
    if header("doAs").is_some() {
        return Err(Refused::With("500 Support for proxyuser is not configured"));
    }
    let says = |name, value: &[u8]| header(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    let is_last = says("Connection", b"close")
        || (parsed.version == Some(0) && !says("Connection", b"keep-alive"));
    let body = if says("Transfer-Encoding", b"chunked") {
        chunks(input, limit)?
    } else {
        let length = header("Content-Length").and_then(|value| std::str::from_utf8(value).ok());
        let length = length.and_then(|value| value.trim().parse().ok());
        let Some(length) = length else { return Err(Refused::With("411 Length Required")) };
        let mut body = Vec::new();
        pass(input, length, limit, &mut body)?;
        body
    };
    Ok(Request { body, is_last })
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

fn chunks(input: &mut impl Read, limit: usize) -> Result<Vec<u8>, Refused> {
    const BAD: Refused = Refused::With("400 Bad Request");
    let mut body = Vec::new();
    loop {
        let size = line(input)?;
        let size = size.split(|&byte| byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).map_err(|_| BAD)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| BAD)?;
        if size == 0 {
            break;
        }
        pass(input, size, limit, &mut body)?;
        line(input)?;
    }
    // Trailers, of which no client has any, and the blank line.
    while !line(input)?.is_empty() {}
    Ok(body)
}

fn pass(
    input: &mut impl Read,
    length: usize,
    limit: usize,
    body: &mut Vec<u8>,
) -> Result<(), Refused> {
    if length > limit.saturating_sub(body.len()) {
        return Err(Refused::With("413 Content Too Large"));
    }
    let read = input.take(length as u64).read_to_end(body)?;
    if read == length { Ok(()) } else { Err(Unreadable::Io.into()) }
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
mod tests {
    use super::*;

    fn body(text: &str) -> Option<Vec<u8>> {
        request(&mut text.as_bytes(), 10).ok().map(|request| request.body)
    }

    fn refused(text: &str) -> &'static str {
        match request(&mut text.as_bytes(), 10) {
            Err(Refused::With(status)) => status,
            _ => "",
        }
    }

    #[test]
    fn a_body_has_a_length_or_chunks() {
        let text = "POST /any HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
        assert_eq!(body(text).unwrap(), b"abc");
        let text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                    2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        assert_eq!(body(text).unwrap(), b"abc");
    }

    #[test]
    fn a_connection_ends_when_the_client_says_so() {
        let is_last = |text: &str| {
            let Ok(request) = request(&mut text.as_bytes(), 10) else { panic!("{text}") };
            request.is_last
        };
        assert!(!is_last("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
        assert!(is_last("POST / HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        assert!(is_last("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"));
    }

    #[test]
    fn what_is_no_request_for_a_message_is_refused() {
        assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), "405 Method Not Allowed");
        assert_eq!(refused("\u{1}\r\n\r\n"), "400 Bad Request");
        assert_eq!(refused("POST\r\n\r\n"), "400 Bad Request");
        assert_eq!(refused("POST / HTTP/1.1\r\n\r\n"), "411 Length Required");
        let text = "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n";
        assert_eq!(refused(text), "413 Content Too Large");
        let text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n";
        assert_eq!(refused(text), "413 Content Too Large");
        assert!(refused(&"A".repeat(MAX_HEAD + 1)).starts_with("431"));
    }
}
