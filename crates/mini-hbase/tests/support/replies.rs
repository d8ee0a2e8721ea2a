//! Replies as they come in, read without a generated client.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;

/// The call that ends what [`read_replies`] reads.
pub(crate) const LAST: &str = "getClusterId";
/// What follows a method's name in the reply to [`LAST`]: a sequence number, a field's head, the
/// length of a text, the text and the end.
const BEHIND_NAME: usize = 4 + 3 + 4 + 36 + 1;

/// Reads all replies up to and with the one to [`LAST`], from a binary and unframed connection.
pub(crate) fn read_replies(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = socket.read(&mut buffer).unwrap();
        assert!(read > 0, "closed after {}", bytes.escape_ascii());
        bytes.extend(&buffer[..read]);
        let at = bytes.windows(LAST.len()).position(|window| window == LAST.as_bytes());
        if at.is_some_and(|at| bytes.len() >= at + LAST.len() + BEHIND_NAME) {
            return bytes;
        }
    }
}

/// Whether the server closes the connection, with or without a reply, or by a reset, while the
/// client still could send.
pub(crate) fn is_closed(socket: &mut TcpStream) -> bool {
    match socket.read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

pub(crate) fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
