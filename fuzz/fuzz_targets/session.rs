//! All that a connection brings, for each transport; the first byte says in what pieces it comes, and,
//! by its upper bits, in which transport, protocol and interface.

#![no_main]

use hbase_thrift_client::{Interface, Protocol, Transport, fuzzing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((head, bytes)) = input.split_first() else { return };
    let protocol = if head & 0x80 == 0 { Protocol::Binary } else { Protocol::Compact };
    let transport = match head & 0x60 {
        0 => Transport::Buffered,
        0x20 => Transport::Framed,
        _ => Transport::Http,
    };
    let interface = if head & 0x10 == 0 { Interface::One } else { Interface::Two };
    fuzzing::session((transport, protocol, interface), usize::from(head & 0xf), bytes);
});
