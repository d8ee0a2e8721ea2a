//! What the simulated gateways speak: how calls come in and replies go out.

use super::message::{GatewayReply, ReceivedCall};
use crate::config::{Interface, Protocol, Transport};

#[derive(Clone, Copy, Debug)]
pub(super) struct Speech {
    pub(super) transport: Transport,
    pub(super) protocol: Protocol,
    pub(super) interface: Interface,
    /// Whether the gateways know the method that says it.
    pub(super) says_interface: bool,
}

/// What stands at the beginning of what came.
pub(super) enum Taken {
    /// A call, and how long it is.
    Call(ReceivedCall, usize),
    /// The rest is still to come.
    Incomplete,
    /// It is in another speech.
    Other,
}

const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

impl Speech {
    pub(super) fn is_http(self) -> bool {
        self.transport == Transport::Http
    }

    pub(super) fn take(self, bytes: &[u8]) -> Taken {
        let (start, length) = match self.transport {
            Transport::Buffered => return self.message(bytes),
            Transport::Framed => match bytes.first_chunk::<4>() {
                Some(head) => (4, u32::from_be_bytes(*head) as usize),
                None => return Taken::Incomplete,
            },
            Transport::Http => {
                if !b"POST".starts_with(&bytes[..bytes.len().min(4)]) {
                    return Taken::Other;
                }
                let ends = |window: &[u8]| window == END_OF_HEAD;
                let Some(end) = bytes.windows(END_OF_HEAD.len()).position(ends) else {
                    return Taken::Incomplete;
                };
                let head = String::from_utf8_lossy(&bytes[..end]);
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                let length = length.and_then(|length| length.parse().ok()).expect("a length");
                (end + END_OF_HEAD.len(), length)
            }
        };
        if length > LARGEST_MESSAGE {
            return Taken::Other;
        }
        match bytes.get(start..start + length).map(|message| self.message(message)) {
            None => Taken::Incomplete,
            Some(Taken::Call(call, length)) => Taken::Call(call, start + length),
            // All of it has come.
            Some(_) => Taken::Other,
        }
    }

    fn message(self, bytes: &[u8]) -> Taken {
        let mut rest = bytes;
        match ReceivedCall::read(&mut rest, self.protocol) {
            Ok(call) => Taken::Call(call, bytes.len() - rest.len()),
            Err(thrift::Error::Transport(_)) => Taken::Incomplete,
            Err(_) => Taken::Other,
        }
    }

    /// The reply as it is sent; `says_end` is HTTP's word that the connection will be closed.
    pub(super) fn reply(self, reply: &GatewayReply, says_end: bool) -> Vec<u8> {
        let message = reply.write(self.protocol);
        let head = match self.transport {
            Transport::Buffered => Vec::new(),
            Transport::Framed => {
                u32::try_from(message.len()).expect("a small message").to_be_bytes().to_vec()
            }
            Transport::Http => {
                let end = if says_end { "Connection: close\r\n" } else { "" };
                let length = message.len();
                format!("HTTP/1.1 200 OK\r\n{end}Content-Length: {length}\r\n\r\n").into_bytes()
            }
        };
        [head, message].concat()
    }
}
