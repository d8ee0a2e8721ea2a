//! What anyone may send, opened for the targets in the repository's folder `fuzz` (feature
//! `fuzzing`).
//!
//! No part of the crate's interface: it changes whenever the server does. What is checked here is
//! what must hold whatever the bytes are.

use std::io::{self, Read};
use std::sync::{Arc, LazyLock};

use crate::budget::{Budget, Share};
use crate::model::filter;
use crate::server::processor;
use crate::wire::{self, Hosts, Interface, Message, Speech, Terms, Unreadable};
use crate::{MiniHBase, Protocol, Transport};

/// Inputs of some KiB need no more, decoded and answered.
const MEMORY: usize = 16 << 20;
const LIMIT: usize = 1 << 20;
const INTERFACES: [Interface; 2] = [Interface::Thrift1, Interface::Thrift2];

static SERVER: LazyLock<Option<MiniHBase>> = LazyLock::new(|| MiniHBase::start().ok());

/// Takes a message from the bytes, at once and byte by byte, and carries it out.
///
/// # Panics
///
/// When the two differ, when a call has no reply, or keeps memory.
pub fn message(framed: bool, protocol: Protocol, bytes: &[u8]) {
    let transport = if framed { Transport::Framed } else { Transport::Buffered };
    for interface in INTERFACES {
        take_and_answer(Speech { interface, transport, protocol }, bytes);
    }
}

/// Takes an HTTP request from the bytes, with a message in it or for the control address.
///
/// # Panics
///
/// As [`message`].
pub fn http(bytes: &[u8]) {
    for interface in INTERFACES {
        let (transport, protocol) = (Transport::Http, Protocol::Binary);
        take_and_answer(Speech { interface, transport, protocol }, bytes);
    }
    let share = Share::of(&Budget::new(MEMORY));
    let whole = wire::read_control(&mut &*bytes, &mut io::sink(), &terms(), &share);
    let pieces = wire::read_control(&mut Pieces(bytes), &mut io::sink(), &terms(), &share);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole.body, pieces.body, "pieces make another body");
            assert_eq!((&whole.method, &whole.path), (&pieces.method, &pieces.path));
        }
        (whole, pieces) => assert_eq!(whole.is_ok(), pieces.is_ok()),
    }
}

/// Reads a filter, as text and as what Java's clients write.
pub fn filter(bytes: &[u8]) {
    // Whether it is one is HBase's to say; here it only must come to an end.
    let _ = filter::parse(bytes, &Share::of(&Budget::new(MEMORY)));
    let _ = filter::parse_bytes(bytes, &Share::of(&Budget::new(MEMORY)));
}

fn take_and_answer(speech: Speech, bytes: &[u8]) {
    let budget = Budget::new(MEMORY);
    let share = Arc::new(Share::of(&budget));
    let taken = speech.read(&mut &*bytes, &mut io::sink(), &terms(), &share);
    let other = speech.read(&mut Pieces(bytes), &mut io::sink(), &terms(), &share);
    assert_eq!(described(&taken), described(&other), "pieces make another message");
    let (Ok(mut message), Some(server)) = (taken, &*SERVER) else { return };
    let processor = processor(speech.interface, &server.service(), &share);
    let reply = speech.answer(&*processor, &mut message, &share);
    assert!(!reply.is_empty(), "a call has no reply");
    assert!(budget.taken() <= MEMORY);
    share.give_back();
    // Scanners keep theirs until they are closed.
    server.expire_scanners();
    assert_eq!(budget.taken(), 0);
}

fn described(taken: &Result<Message, Unreadable>) -> String {
    match taken {
        Ok(message) => message.describe(),
        Err(Unreadable::Refused(reply)) => reply.escape_ascii().to_string(),
        // Where a message ends too soon, it may be malformed as well.
        Err(_) => "none".to_owned(),
    }
}

fn terms() -> Terms {
    Terms { limit: LIMIT, hosts: Hosts::default() }
}

/// Comes byte by byte.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}
