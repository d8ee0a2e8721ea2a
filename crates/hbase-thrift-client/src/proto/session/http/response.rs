//! Reads a response: where its head ends, where its body goes on and where it ends.

use super::HttpRefusal;
use crate::error::ErrorKind;

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
    /// After this many bytes the chunk is over, but for the end of its line.
    Chunk(u64),
    Trailer,
    End,
}

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The body's, at most this many of them.
    Data(usize),
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
pub(super) fn head(unread: &[u8]) -> Result<Option<ResponseHead>, HttpRefusal> {
    const START: &[u8] = b"HTTP/1.";
    let shown = unread.len().min(START.len());
    if unread[..shown] != START[..shown] {
        return Err(no_http("the server does not speak HTTP"));
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
) -> Result<Body, HttpRefusal> {
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
    pub(super) fn step(&mut self, unread: &[u8]) -> Result<Next, HttpRefusal> {
        let (next, step) = match *self {
            Self::End | Self::Length(0) => return Ok(Next::End),
            Self::Length(_) | Self::Chunk(1..) | Self::UntilClose => {
                return Ok(Next::Data(self.data_left().unwrap_or_default()));
            }
            Self::Chunk(0) => match unread {
                [b'\r', b'\n', ..] => (Self::ChunkHead, Next::Skip(2)),
                [] | [b'\r'] => return Ok(Next::More),
                _ => return Err(no_http("a chunk of the HTTP response does not end")),
            },
            Self::ChunkHead => match httparse::parse_chunk_size(unread) {
                Ok(httparse::Status::Complete((bytes, 0))) => (Self::Trailer, Next::Skip(bytes)),
                Ok(httparse::Status::Complete((bytes, size))) => {
                    (Self::Chunk(size), Next::Skip(bytes))
                }
                Ok(httparse::Status::Partial) => return more_of_line(unread),
                Err(_) => return Err(no_http("the HTTP response has a chunk without a size")),
            },
            Self::Trailer => match unread.iter().position(|byte| *byte == b'\n') {
                None => return more_of_line(unread),
                Some(end) if matches!(&unread[..end], [] | [b'\r']) => {
                    (Self::End, Next::Skip(end + 1))
                }
                Some(end) => (Self::Trailer, Next::Skip(end + 1)),
            },
        };
        *self = next;
        Ok(step)
    }

    /// How many bytes of the body come next, if it is known that they do.
    pub(super) fn data_left(&self) -> Option<usize> {
        match self {
            Self::Length(left @ 1..) | Self::Chunk(left @ 1..) => {
                Some(usize::try_from(*left).unwrap_or(usize::MAX))
            }
            Self::UntilClose => Some(usize::MAX),
            _ => None,
        }
    }

    /// Counts bytes of the body that were read.
    pub(super) fn took(&mut self, bytes: u64) {
        match self {
            Self::Length(left) | Self::Chunk(left) => *left -= bytes.min(*left),
            _ => {}
        }
    }
}

fn more_of_line(unread: &[u8]) -> Result<Next, HttpRefusal> {
    if unread.len() < LARGEST_LINE {
        Ok(Next::More)
    } else {
        Err(no_http("a line of the HTTP response is too long"))
    }
}

fn head_too_large() -> HttpRefusal {
    no_http("the head of the HTTP response is larger than 64 KiB")
}

fn no_http(message: &str) -> HttpRefusal {
    HttpRefusal { kind: ErrorKind::WrongProtocol, message: message.to_owned(), refused: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body after a head, read from pieces of at most `size` bytes.
    fn read(response: &[u8], size: usize) -> Result<Vec<u8>, HttpRefusal> {
        let ResponseHead { length, mut body, .. } = head(response)?.unwrap();
        let (mut rest, mut shown) = (&response[length..], 0);
        let mut data = Vec::new();
        loop {
            match body.step(&rest[..shown])? {
                Next::End => return Ok(data),
                Next::Skip(bytes) => (rest, shown) = (&rest[bytes..], shown - bytes),
                Next::Data(bytes) if shown > 0 => {
                    let bytes = shown.min(bytes);
                    data.extend_from_slice(&rest[..bytes]);
                    body.took(bytes as u64);
                    (rest, shown) = (&rest[bytes..], shown - bytes);
                }
                Next::Data(_) | Next::More if shown == rest.len() => {
                    return Err(no_http("cut"));
                }
                Next::Data(_) | Next::More => shown = rest.len().min(shown + size),
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
