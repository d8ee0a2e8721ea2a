#[cfg(feature = "http")]
mod http;

use std::task::Poll;

use std::collections::{BTreeMap, BTreeSet};

use hbase_thrift_api::{TCell, TRowResult};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use thrift::protocol::{
    TFieldIdentifier, TListIdentifier, TSerializable, TStructIdentifier, TType,
};

use super::*;
use crate::dialect::{Call, Reply};
use crate::request::{Get, Put};
use crate::row::RowBatch;

const MIB: usize = 1024 * 1024;

fn session() -> Session {
    session_of("hbase://gateway")
}

fn session_of(url: &str) -> Session {
    session_with(&url.parse().unwrap())
}

fn session_with(config: &Config) -> Session {
    Session::new(config, &config.get_endpoints()[0], "gateway".into(), Recycler::default())
}

/// Sends the call and receives this reply to it.
fn call<R: Reply>(session: &mut Session, call: &Call<'_, R>, mut reply: &[u8]) -> R {
    session.queue(&call.request).unwrap();
    session.sent(session.outgoing().len());
    loop {
        if let Poll::Ready(result) = session.poll().unwrap() {
            return result;
        }
        let space = session.space();
        let (now, later) = reply.split_at(reply.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        session.received(now.len());
        reply = later;
    }
}

fn reply(
    method: &str,
    sequence: i32,
    result: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> Vec<u8> {
    reply_in(Protocol::Binary, method, sequence, result)
}

fn reply_in(
    protocol: Protocol,
    method: &str,
    sequence: i32,
    result: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let protocol: &mut dyn TOutputProtocol = match protocol {
        Protocol::Binary => &mut TBinaryOutputProtocol::new(&mut bytes, true),
        Protocol::Compact => &mut TCompactOutputProtocol::new(&mut bytes),
    };
    let head = TMessageIdentifier::new(method, TMessageType::Reply, sequence);
    protocol.write_message_begin(&head).unwrap();
    protocol.write_struct_begin(&TStructIdentifier::new("")).unwrap();
    result(protocol).unwrap();
    protocol.write_field_stop().unwrap();
    bytes
}

/// A list in field 0.
fn list<T>(
    protocol: &mut dyn TOutputProtocol,
    element: TType,
    values: &[T],
    write: impl Fn(&mut dyn TOutputProtocol, &T) -> thrift::Result<()>,
) -> thrift::Result<()> {
    protocol.write_field_begin(&TFieldIdentifier::new("", TType::List, 0))?;
    let size = i32::try_from(values.len()).unwrap();
    protocol.write_list_begin(&TListIdentifier::new(element, size))?;
    values.iter().try_for_each(|value| write(protocol, value))
}

/// The reply to a get: one row with these cells.
fn row_of(protocol: Protocol, sequence: i32, cells: &[(&str, &[u8])]) -> Vec<u8> {
    let cell = |(column, value): &(&str, &[u8])| {
        (column.as_bytes().to_vec(), TCell::new(value.to_vec(), 1))
    };
    let cells: BTreeMap<_, _> = cells.iter().map(cell).collect();
    let row = TRowResult::new(b"r".to_vec(), cells, None);
    reply_in(protocol, "getRow", sequence, |protocol| {
        list(protocol, TType::Struct, &[row], |protocol, row| row.write_to_out_protocol(protocol))
    })
}

#[test]
fn a_large_reply_comes_into_the_memory_that_was_used_last() {
    let mut session = session();
    let get = Get::new("r");
    let places: BTreeSet<_> = (1..=10)
        .map(|sequence| {
            let bytes = row_of(Protocol::Binary, sequence, &[("f:x", &vec![b'x'; MIB])]);
            let rows: RowBatch = call(&mut session, &Call::get(b"t", &get), &bytes);
            rows.get(0).unwrap().get("f:x").unwrap().as_ptr()
        })
        .collect();
    assert_eq!(places.len(), 1, "{places:?}");
}

#[test]
fn after_large_requests_and_replies_a_connection_keeps_little_memory() {
    let mut session = session();
    let large = vec![b'x'; 24 * MIB];
    let kept = |session: &Session| session.outgoing.capacity() + session.incoming.capacity();

    let put = Put::new("r").column("f:x", large.as_slice());
    let void = reply("mutateRow", 1, |_| Ok(()));
    call::<()>(&mut session, &Call::put(b"t", &put), &void);
    assert!(kept(&session) <= 2 * MIB, "{} after a put", kept(&session));

    let rows = row_of(Protocol::Binary, 2, &[("f:x", &large)]);
    let batch: RowBatch = call(&mut session, &Call::get(b"t", &Get::new("r")), &rows);
    assert_eq!(batch.len(), 1);
    drop(batch);
    assert!(kept(&session) <= 6 * MIB, "{} after a get", kept(&session));

    let names = reply("getTableNames", 3, |protocol| {
        list(protocol, TType::String, &[large], |protocol, name| protocol.write_bytes(name))
    });
    let names: Vec<Vec<u8>> = call(&mut session, &Call::table_names(), &names);
    assert_eq!(names.len(), 1);
    assert!(kept(&session) <= 6 * MIB, "{} after table names", kept(&session));
}

proptest! {
    /// What a decoder leaves behind is none of the next reply's.
    #[test]
    fn replies_one_after_the_other_are_read_as_they_are(
        calls in vec((any::<bool>(), 0..40_usize, select(vec![0, 1, 100, 40_000])), 1..8),
        compact: bool,
        piece in 1..200_000_usize,
    ) {
        let protocol = if compact { Protocol::Compact } else { Protocol::Binary };
        let mut session = session_of(if compact { "hbase://gateway/?protocol=compact" } else { "hbase://gateway" });
        let mut kept = Vec::new();
        for (sequence, (is_refused, cells, size)) in (1..).zip(calls) {
            session.queue(&Call::get(b"t", &Get::new("r")).request).unwrap();
            session.sent(session.outgoing().len());
            let value = vec![b"12345678"[kept.len()]; size];
            let names: Vec<String> = (0..cells).map(|number| format!("f:{number:02}")).collect();
            let bytes = if is_refused {
                reply_in(protocol, "getRow", sequence, |protocol| {
                    protocol.write_field_begin(&TFieldIdentifier::new("", TType::Struct, 1))?;
                    hbase_thrift_api::IOError::new("no such row".to_owned(), true).write_to_out_protocol(protocol)
                })
            } else {
                let cells: Vec<_> = names.iter().map(|name| (&**name, &*value)).collect();
                row_of(protocol, sequence, &cells)
            };
            let received: Result<RowBatch> = receive(&mut session, &mut &bytes[..], piece);
            prop_assert_eq!(received.is_err(), is_refused, "{:?}", received);
            kept.extend(received.ok().map(|batch| (batch, names, value)));
        }
        for (batch, names, value) in kept {
            let row = batch.get(0).unwrap();
            let found: Vec<_> = row.cells().map(|cell| (cell.column().to_string(), cell.value().to_vec())).collect();
            let expected: Vec<_> = names.into_iter().map(|name| (name, value.clone())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

/// Receives pieces of this size until the oldest call is over.
fn receive<R: Reply>(session: &mut Session, bytes: &mut &[u8], piece: usize) -> Result<R> {
    loop {
        if let Poll::Ready(reply) = session.poll()? {
            return Ok(reply);
        }
        assert!(!bytes.is_empty(), "it waits for more than there is");
        let space = session.space();
        let (now, later) = bytes.split_at(bytes.len().min(space.len()).min(piece));
        space[..now.len()].copy_from_slice(now);
        session.received(now.len());
        *bytes = later;
    }
}

fn framed(message: Vec<u8>) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
}

#[test]
fn a_reply_that_is_too_large_is_passed_over_where_a_write_waits_behind_it() {
    let large = vec![b'x'; 9 * MIB];
    let names: Vec<String> = (0..40_000).map(|number| format!("f:{number}")).collect();
    // One has a text that is too large, the other more cells than an index may have.
    let one: Vec<(&str, &[u8])> = vec![("f:x", &large)];
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    for (protocol, name) in [(Protocol::Binary, "binary"), (Protocol::Compact, "compact")] {
        for transport in ["buffered", "framed"] {
            for (cells, piece) in [(&one, 70_000), (&one, usize::MAX), (&many, 999)] {
                let url = "hbase://gateway/?max_reply_size=1MiB";
                let url = format!("{url}&transport={transport}&protocol={name}");
                let mut session = session_of(&url);
                // The limit for replies holds once the gateway has made sense.
                for number in 1..=2 {
                    let (get, put) = (Get::new("r"), Put::new("r").column("f:x", "1"));
                    session.queue(&Request::Get(b"t", &get)).unwrap();
                    session.queue(&Request::Put(b"t", &put)).unwrap();
                    session.sent(session.outgoing().len());
                    let cells: &[(&str, &[u8])] =
                        if number == 1 { &[("f:x", b"1")] } else { cells };
                    let row = row_of(protocol, 2 * number - 1, cells);
                    let void = reply_in(protocol, "mutateRow", 2 * number, |_| Ok(()));
                    let bytes = match transport {
                        "framed" => [framed(row), framed(void)].concat(),
                        _ => [row, void].concat(),
                    };
                    let mut bytes = bytes.as_slice();
                    let got = receive::<RowBatch>(&mut session, &mut bytes, piece);
                    if number == 1 {
                        assert_eq!(got.unwrap().len(), 1);
                    } else {
                        let error = got.unwrap_err();
                        assert_eq!(error.kind(), crate::error::ErrorKind::TooLarge, "{url}");
                    }
                    receive::<()>(&mut session, &mut bytes, piece).unwrap();
                    assert!(bytes.is_empty() && session.is_in_step(), "{url}");
                }
                let kept = session.incoming.capacity();
                assert!(kept <= 3 * MIB, "{kept} bytes for {url}");
            }
        }
    }
}

/// One that comes whole at once never has anything missing.
#[test]
fn a_reply_of_the_largest_size_is_read_and_one_of_a_byte_more_is_not() {
    let transports = [
        "buffered",
        "framed",
        #[cfg(feature = "http")]
        "http",
    ];
    for (protocol, name) in [(Protocol::Binary, "binary"), (Protocol::Compact, "compact")] {
        for transport in transports.into_iter().filter(|it| name == "binary" || *it != "http") {
            for (value, piece) in
                [(200, 1), (200, MIB), (60_000, MIB), (3 * MIB, MIB), (70_000, 999)]
            {
                for (is_row, less) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
                    let reply = large_reply(protocol, is_row, &vec![b'x'; value]);
                    let limit = reply.len() - less;
                    let url = match transport {
                        "http" => format!("http://gateway/?max_reply_size={limit}"),
                        _ => format!(
                            "hbase://gateway/?max_reply_size={limit}&transport={transport}\
                             &protocol={name}"
                        ),
                    };
                    let got = last_of_three(&url, protocol, is_row, reply, piece);
                    if less == 0 {
                        assert_eq!(got.unwrap(), value, "{url}");
                    } else {
                        let error = got.expect_err(&url);
                        assert_eq!(error.kind(), crate::error::ErrorKind::TooLarge, "{url}");
                    }
                }
            }
        }
    }
}

/// The second reply: a row with this value, or a name.
fn large_reply(protocol: Protocol, is_row: bool, value: &[u8]) -> Vec<u8> {
    if is_row {
        return row_of(protocol, 2, &[("f:x", value)]);
    }
    reply_in(protocol, "getTableNames", 2, |protocol| {
        list(protocol, TType::String, &[value], |protocol, name| protocol.write_bytes(name))
    })
}

/// How long the value is in a reply that comes in pieces of this size, after a small one; a write
/// behind it has its own.
fn last_of_three(
    url: &str,
    protocol: Protocol,
    is_row: bool,
    reply: Vec<u8>,
    piece: usize,
) -> Result<usize> {
    let mut session = session_of(url);
    let around = |reply: Vec<u8>| match url {
        _ if url.contains("framed") => framed(reply),
        _ if url.starts_with("http:") => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", reply.len());
            [head.into_bytes(), reply].concat()
        }
        _ => reply,
    };
    let (get, put) = (Get::new("r"), Put::new("r").column("f:x", "1"));
    // The limit for replies holds once the gateway has made sense.
    session.queue(&Call::close_scanner(1).request).unwrap();
    session.sent(session.outgoing().len());
    let void = around(reply_in(protocol, "scannerClose", 1, |_| Ok(())));
    receive::<()>(&mut session, &mut void.as_slice(), piece).unwrap();

    let request = if is_row { Call::get(b"t", &get).request } else { Call::table_names().request };
    session.queue(&request).unwrap();
    if session.pipelines() {
        session.queue(&Request::Put(b"t", &put)).unwrap();
    }
    session.sent(session.outgoing().len());
    let mut bytes = around(reply);
    if session.pipelines() {
        bytes.extend(around(reply_in(protocol, "mutateRow", 3, |_| Ok(()))));
    }
    let mut bytes = bytes.as_slice();
    let got = if is_row {
        let rows = receive::<RowBatch>(&mut session, &mut bytes, piece);
        rows.map(|rows| rows.get(0).unwrap().get("f:x").unwrap().len())
    } else {
        receive::<Vec<Vec<u8>>>(&mut session, &mut bytes, piece).map(|names| names[0].len())
    };
    if session.pipelines() {
        receive::<()>(&mut session, &mut bytes, piece).unwrap();
        assert!(bytes.is_empty() && session.is_in_step(), "{url}");
    }
    got
}

#[test]
fn a_head_without_end_is_not_passed_over() {
    let mut session = session_of("hbase://gateway/?max_reply_size=1MiB");
    let (get, put) = (Get::new("r"), Put::new("r").column("f:x", "1"));
    session.queue(&Request::Get(b"t", &get)).unwrap();
    session.queue(&Request::Put(b"t", &put)).unwrap();
    session.sent(session.outgoing().len());
    let claim = [&[0x80, 1, 0, 2], &i32::MAX.to_be_bytes()[..], &vec![b'x'; 3 * MIB]].concat();
    let mut bytes = claim.as_slice();
    let error = receive::<RowBatch>(&mut session, &mut bytes, 4_096).unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::TooLarge);
    let error = receive::<()>(&mut session, &mut bytes, 4_096).unwrap_err();
    assert_eq!(error.outcome(), crate::error::Outcome::Unknown);
    assert!(session.is_broken() && bytes.len() > 2 * MIB);
}

/// Whatever a gateway sends that is no reply to the oldest call, or not only that.
#[test]
fn a_reply_to_another_call_is_no_reply() {
    use crate::error::{ErrorKind, Outcome};
    for protocol in ["binary", "compact"] {
        let kind = if protocol == "binary" { Protocol::Binary } else { Protocol::Compact };
        let row = row_of(kind, 2, &[("f:x", b"1")]);
        let void = |method: &str, sequence| reply_in(kind, method, sequence, |_| Ok(()));
        let session = || session_of(&format!("hbase://gateway/?protocol={protocol}"));
        for mut bytes in [&row[..], &void("getRowTs", 1), &void("getRow", 0)] {
            let mut session = session();
            session.queue(&Call::get(b"t", &Get::new("r")).request).unwrap();
            session.sent(session.outgoing().len());
            let error = receive::<RowBatch>(&mut session, &mut bytes, 7).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::NotApplied));
            assert!(session.is_broken());
        }
        let put = Put::new("r").column("f:x", "1");
        for mut bytes in [&void("mutateRow", 2)[..], &void("mutateRows", 1), &row] {
            let mut session = session();
            session.queue(&Call::put(b"t", &put).request).unwrap();
            session.sent(session.outgoing().len());
            let error = receive::<()>(&mut session, &mut bytes, 7).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Protocol, Outcome::Unknown));
            assert!(session.is_broken());
        }
        // One reply too much: the next call must not take it for its own.
        let mut session = session();
        session.queue(&Call::put(b"t", &put).request).unwrap();
        session.sent(session.outgoing().len());
        let twice = [void("mutateRow", 1), void("mutateRow", 2)].concat();
        receive::<()>(&mut session, &mut twice.as_slice(), 1_000).unwrap();
        assert!(!session.is_in_step());
    }
}

/// A reply that comes twice, or too late, costs reads their connection; writes wait for theirs.
#[test]
fn a_reply_to_an_earlier_call_is_passed_over_where_a_write_waits_behind_it() {
    use crate::error::{ErrorKind, Outcome};
    use crate::request::Increment;
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: ";
    let transports = [
        Transport::Buffered,
        Transport::Framed,
        #[cfg(feature = "http")]
        Transport::Http,
    ];
    for transport in transports {
        let around = |message: &[u8]| match transport {
            Transport::Buffered => message.to_vec(),
            Transport::Framed => framed(message.to_vec()),
            Transport::Http => {
                [format!("{HEAD}{}\r\n\r\n", message.len()).as_bytes(), message].concat()
            }
        };
        for protocol in [Protocol::Binary, Protocol::Compact] {
            let config = Config::new("gateway", 1).transport(transport).protocol(protocol);
            let put = Put::new("r").column("f:x", "1");
            let void = |number| around(&reply_in(protocol, "mutateRow", number, |_| Ok(())));
            let row = |number| around(&row_of(protocol, number, &[("f:x", b"1")]));
            let proved = || {
                let mut session = session_with(&config);
                call::<()>(&mut session, &Call::put(b"t", &put), &void(1));
                session
            };
            for mut bytes in [&row(1)[..], &void(1)] {
                let mut session = proved();
                session.queue(&Call::get(b"t", &Get::new("r")).request).unwrap();
                session.sent(session.outgoing().len());
                let error = receive::<RowBatch>(&mut session, &mut bytes, 7).unwrap_err();
                let what = (error.kind(), error.outcome(), error.is_retryable());
                assert_eq!(what, (ErrorKind::ConnectionLost, Outcome::NotApplied, true));
                assert!(session.is_broken());
            }
            for early in [void(1), row(1)] {
                let mut session = proved();
                for (number, piece) in [(2, 1), (3, 999)] {
                    session.queue(&Request::Put(b"t", &put)).unwrap();
                    session.sent(session.outgoing().len());
                    let bytes = [&early[..], &early, &void(number)].concat();
                    receive::<()>(&mut session, &mut bytes.as_slice(), piece).unwrap();
                    assert!(session.is_in_step(), "{transport:?} {protocol:?}");
                }
            }
            // A get before an increment: both get what is theirs.
            if transport != Transport::Http {
                let (get, increment) = (Get::new("r"), Increment::new("r", "f:n", 1));
                let mut session = proved();
                session.queue(&Request::Get(b"t", &get)).unwrap();
                session.queue(&Request::Increment(b"t", &increment)).unwrap();
                session.sent(session.outgoing().len());
                let sum = reply_in(protocol, "atomicIncrement", 3, |protocol| {
                    protocol.write_field_begin(&TFieldIdentifier::new("", TType::I64, 0))?;
                    protocol.write_i64(5)
                });
                let bytes = [row(1), row(2), void(1), row(2), around(&sum)].concat();
                let mut bytes = bytes.as_slice();
                assert_eq!(receive::<RowBatch>(&mut session, &mut bytes, 7).unwrap().len(), 1);
                assert_eq!(receive::<i64>(&mut session, &mut bytes, 7).unwrap(), 5);
                assert!(bytes.is_empty() && session.is_in_step());
            }
        }
    }
}
