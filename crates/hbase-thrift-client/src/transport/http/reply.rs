//! Reads a response: where its head ends, where its body goes on and where it ends.
//!
//! Bytes only, but for the buffer that asks the stream for more of them.

use std::io;
use std::time::Instant;

use crate::error::{ErrorKind, Outcome};
use crate::transport::{Channel, Refusal};

/// How far the response was read.
pub(super) enum Reply {
    /// Nothing of it.
    Awaited,
    /// Its head; `keeps` says whether the server keeps the connection afterwards.
    Body { body: Body, keeps: bool },
    /// All of it.
    Over { keeps: bool },
}

/// What matters of a head.
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// Bytes of the head.
    pub(super) length: usize,
    pub(super) body: Body,
    pub(super) keeps: bool,
    /// Whether the server asks for SPNEGO.
    pub(super) negotiates: bool,
}

/// Where in the body the next byte is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    UntilClose,
    ChunkHead,
    /// After so many bytes the chunk is over, but for the end of its line.
    Chunk(u64),
    Trailer,
    End,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The body's, so many at most.
    Data(u64),
    /// Not the body's: to be skipped.
    Skip(usize),
    /// Not known before there are more of them.
    More,
    /// Not of this response.
    End,
}

/// As the gateway's own limit for the head of a request.
const LARGEST_HEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 128;
/// The longest line between chunks.
const LARGEST_LINE: usize = 4 * 1024;

/// Reads a head, once it is there.
pub(super) fn head(unread: &[u8]) -> io::Result<Option<ResponseHead>> {
    const START: &[u8] = b"HTTP/1.";
    let shown = unread.len().min(START.len());
    if unread[..shown] != START[..shown] {
        return Err(no_http("what answers is no HTTP server"));
    }
    // Parsed once only, however slowly the head comes.
    if !unread.windows(4).any(|four| four == b"\r\n\r\n") {
        return if unread.len() < LARGEST_HEAD { Ok(None) } else { Err(head_too_large()) };
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(unread) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(head_too_large()),
        Err(error) => return Err(no_http(&format!("the HTTP response makes no sense: {error}"))),
    };
    let status = response.code.unwrap_or(0);
    let values = |name: &'static str| {
        let named = response.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name));
        named.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase())
    };
    let body = body(status, values("Transfer-Encoding").next(), values("Content-Length"))?;
    let says = |word: &str| values("Connection").any(|value| value.contains(word));
    let keeps = if response.version == Some(1) { !says("close") } else { says("keep-alive") };
    let negotiates = values("WWW-Authenticate").any(|value| value.starts_with("negotiate"));
    let keeps = keeps && body != Body::UntilClose;
    Ok(Some(ResponseHead { status, length, body, keeps, negotiates }))
}

fn body(
    status: u16,
    encoding: Option<String>,
    mut lengths: impl Iterator<Item = String>,
) -> io::Result<Body> {
    match (encoding.as_deref().map(str::trim), lengths.next()) {
        _ if matches!(status, 100..=199 | 204 | 304) => Ok(Body::End),
        (Some("chunked"), _) => Ok(Body::ChunkHead),
        (Some(_), _) => Err(no_http("the HTTP response has an encoding that was not asked for")),
        (None, Some(length)) => match length.trim().parse() {
            Ok(bytes) if lengths.all(|other| other == length) => Ok(Body::Length(bytes)),
            _ => Err(no_http("the HTTP response has no sensible Content-Length")),
        },
        (None, None) => Ok(Body::UntilClose),
    }
}

impl Body {
    /// Looks at the next bytes.
    pub(super) fn step(&mut self, unread: &[u8]) -> io::Result<Step> {
        let (next, step) = match *self {
            Self::End | Self::Length(0) => return Ok(Step::End),
            Self::Length(left) | Self::Chunk(left @ 1..) => return Ok(Step::Data(left)),
            Self::UntilClose => return Ok(Step::Data(u64::MAX)),
            Self::Chunk(0) => match unread {
                [b'\r', b'\n', ..] => (Self::ChunkHead, Step::Skip(2)),
                [] | [b'\r'] => return Ok(Step::More),
                _ => return Err(no_http("a chunk of the HTTP response does not end")),
            },
            Self::ChunkHead => match httparse::parse_chunk_size(unread) {
                Ok(httparse::Status::Complete((bytes, 0))) => (Self::Trailer, Step::Skip(bytes)),
                Ok(httparse::Status::Complete((bytes, size))) => {
                    (Self::Chunk(size), Step::Skip(bytes))
                }
                Ok(httparse::Status::Partial) => return more_of_line(unread),
                Err(_) => return Err(no_http("the HTTP response has a chunk without a size")),
            },
            Self::Trailer => match unread.iter().position(|byte| *byte == b'\n') {
                None => return more_of_line(unread),
                Some(end) if matches!(&unread[..end], [] | [b'\r']) => {
                    (Self::End, Step::Skip(end + 1))
                }
                Some(end) => (Self::Trailer, Step::Skip(end + 1)),
            },
        };
        *self = next;
        Ok(step)
    }

    /// Counts bytes of the body that were read.
    pub(super) fn took(&mut self, bytes: u64) {
        match self {
            Self::Length(left) | Self::Chunk(left) => *left -= bytes.min(*left),
            _ => {}
        }
    }
}

fn more_of_line(unread: &[u8]) -> io::Result<Step> {
    if unread.len() < LARGEST_LINE {
        Ok(Step::More)
    } else {
        Err(no_http("a line of the HTTP response is too long"))
    }
}

fn head_too_large() -> io::Error {
    no_http("the head of the HTTP response is larger than 64 KiB")
}

fn no_http(message: &str) -> io::Error {
    Refusal { outcome: Outcome::Unknown, ..Refusal::new(ErrorKind::WrongProtocol, message) }.into()
}

/// What came and is not handed on: heads, and what came together with them.
#[derive(Default)]
pub(super) struct Incoming {
    data: Vec<u8>,
    start: usize,
    end: usize,
}

const READ_SIZE: usize = 8 * 1024;

impl Incoming {
    pub(super) fn unread(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Copies what is there, as much as fits.
    pub(super) fn take(&mut self, into: &mut [u8]) -> usize {
        let bytes = self.unread().len().min(into.len());
        into[..bytes].copy_from_slice(&self.unread()[..bytes]);
        self.consume(bytes);
        bytes
    }

    /// Reads some more; an end of the stream is an error. Who asks for more has checked that what
    /// is there is below a limit.
    pub(super) fn fill(&mut self, stream: &mut dyn Channel, deadline: Instant) -> io::Result<()> {
        self.data.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.data.len() < self.end + READ_SIZE {
            self.data.resize(self.end + READ_SIZE, 0);
        }
        match stream.read(&mut self.data[self.end..], deadline)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => {
                self.end += bytes;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body after a head, read from pieces of `size` bytes at most.
    fn read(response: &[u8], size: usize) -> io::Result<Vec<u8>> {
        let ResponseHead { length, mut body, .. } = head(response)?.unwrap();
        let (mut rest, mut shown) = (&response[length..], 0);
        let mut data = Vec::new();
        loop {
            match body.step(&rest[..shown])? {
                Step::End => return Ok(data),
                Step::Skip(bytes) => (rest, shown) = (&rest[bytes..], shown - bytes),
                Step::Data(bytes) if shown > 0 => {
                    let bytes = shown.min(bytes as usize);
                    data.extend_from_slice(&rest[..bytes]);
                    body.took(bytes as u64);
                    (rest, shown) = (&rest[bytes..], shown - bytes);
                }
                Step::Data(_) | Step::More if shown == rest.len() => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Step::Data(_) | Step::More => shown = rest.len().min(shown + size),
            }
        }
    }

    #[test]
    fn a_body_is_read_alike_however_it_is_cut() {
        let length = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n\
            2\r\nab\r\n3;name=value\r\ncde\r\n0\r\nTrailer: x\r\n\r\n";
        for size in 1..20 {
            assert_eq!(read(length, size).unwrap(), b"abcde");
            assert_eq!(read(chunked, size).unwrap(), b"abcde");
        }
    }

    #[test]
    fn a_body_that_is_cut_off_is_no_body() {
        read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd", 9).unwrap_err();
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 9).unwrap_err();
    }

    #[test]
    fn what_is_no_http_is_seen_at_its_first_byte() {
        assert!(head(&[0x80, 1, 0, 2]).is_err());
        assert!(head(b"HTTP/2").is_err());
        assert!(head(b"HTT").unwrap().is_none());
        for bad in [
            "Content-Length: x",
            "Transfer-Encoding: gzip",
            "Content-Length: 1\r\nContent-Length: 2",
        ] {
            assert!(head(format!("HTTP/1.1 200 OK\r\n{bad}\r\n\r\n").as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn heads_and_lines_are_limited() {
        let long = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &vec![b'x'; LARGEST_HEAD]].concat();
        assert!(head(&long).is_err());
        let many = "X: y\r\n".repeat(MOST_HEADERS + 1);
        assert!(head(format!("HTTP/1.1 200 OK\r\n{many}\r\n").as_bytes()).is_err());
        assert!(Body::Trailer.step(&[b'x'; LARGEST_LINE]).is_err());
        let extension = [b"1;".as_slice(), &[b'x'; LARGEST_LINE]].concat();
        assert!(Body::ChunkHead.step(&extension).is_err());
    }

    #[test]
    fn a_connection_is_kept_as_the_server_says() {
        let keeps = |head_text: &str| head(head_text.as_bytes()).unwrap().unwrap().keeps;
        assert!(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert!(!keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        assert!(!keeps("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    }
}
