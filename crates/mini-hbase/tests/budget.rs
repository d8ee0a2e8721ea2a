//! The memory of all calls together: one that finds none is refused, and its connection goes on.

#![allow(clippy::unwrap_used, reason = "the lint knows only functions that are tests themselves")]

#[path = "support/messages.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod messages;
mod support;

use std::io::Write as _;
use std::time::Duration;

use hbase_thrift_api::{BatchMutation, IOError, THbaseSyncClient};
use messages::{Form, message};
use mini_hbase::MiniHBase;
use support::{bytes, client_with_table, mutation, none, put, socket, wait_until};

const HOUR: Duration = Duration::from_hours(1);
const MEBIBYTE: usize = 1 << 20;

/// A server on which nothing ends by itself.
fn patient() -> mini_hbase::Builder {
    MiniHBase::builder().transfer_timeout(HOUR).idle_timeout(HOUR)
}

fn io_error(error: thrift::Error) -> IOError {
    let thrift::Error::User(error) = error else { panic!("{error}") };
    *error.downcast::<IOError>().unwrap()
}

fn batch(rows: usize, value: &str) -> Vec<BatchMutation> {
    (0..rows)
        .map(|row| BatchMutation::new(bytes(&format!("{row:07}")), vec![mutation("f:x", value)]))
        .collect()
}

#[test]
fn a_call_without_memory_is_refused_and_the_connection_goes_on() {
    let server = patient().max_memory(10 * MEBIBYTE).start().unwrap();
    let mut raw = client_with_table(&server);
    let error = io_error(
        raw.mutate_rows(bytes("t"), batch(10, &"x".repeat(MEBIBYTE)), none()).unwrap_err(),
    );
    assert!(error.message.unwrap().starts_with("org.apache.hadoop.hbase.DoNotRetryIOException"));
    assert_eq!(error.can_retry, Some(false));
    // Many elements of few bytes are counted as what they become.
    let error = io_error(raw.mutate_rows(bytes("t"), batch(100_000, ""), none()).unwrap_err());
    assert_eq!(error.can_retry, Some(false));
    raw.mutate_rows(bytes("t"), batch(1_000, "x"), none()).unwrap();
    wait_until(|| server.memory_taken() == 0);

    // A part of a message holds memory until it is cut off.
    let mut holder = socket(&server.address().to_string());
    let text = "x".repeat(2 * MEBIBYTE);
    let message = message(Form::Binary, "getRow", &[(1, messages::text(&text))]);
    holder.write_all(&message[..message.len() - 10]).unwrap();
    // All of it: its bytes, and twice what they become.
    wait_until(|| server.memory_taken() >= 6 * MEBIBYTE);
    let refused = io_error(put(&mut raw, "r", "f:x", &text).unwrap_err());
    assert!(refused.message.unwrap().contains("CallQueueTooBigException"));
    assert_eq!(refused.can_retry, Some(true));
    drop(holder);
    wait_until(|| server.memory_taken() == 0);
    put(&mut raw, "r", "f:x", &text).unwrap();
}

#[test]
fn a_reply_without_memory_is_refused_and_the_connection_goes_on() {
    // Enough for the rows, or for the reply, but not for both.
    let server = patient().max_memory(32 * MEBIBYTE).start().unwrap();
    let mut raw = client_with_table(&server);
    for row in 0..20 {
        put(&mut raw, &format!("{row:02}"), "f:x", &"x".repeat(MEBIBYTE)).unwrap();
    }
    let rows = (0..20).map(|row| bytes(&format!("{row:02}"))).collect();
    let error = io_error(raw.get_rows(bytes("t"), rows, none()).unwrap_err());
    assert_eq!(error.can_retry, Some(false));
    assert_eq!(raw.get_row(bytes("t"), bytes("07"), none()).unwrap().len(), 1);
    // A fetch does not end early, which clients take for the end of the scan, and loses no row.
    let scanner = raw.scanner_open(bytes("t"), Vec::new(), Vec::new(), none()).unwrap();
    let error = io_error(raw.scanner_get_list(scanner, 20).unwrap_err());
    assert_eq!(error.can_retry, Some(false));
    let rows = support::keys(raw.scanner_get_list(scanner, 5).unwrap());
    assert_eq!(rows, ["00", "01", "02", "03", "04"]);
    raw.scanner_close(scanner).unwrap();
    wait_until(|| server.memory_taken() == 0);
}

#[test]
fn what_is_only_announced_takes_nothing() {
    const CLIENTS: usize = 10;
    let server = patient().start().unwrap();
    // 99 MiB of text, of which nothing comes.
    let mut announced = message(Form::Binary, "getRow", &[]);
    announced.truncate(announced.len() - 1);
    announced.extend(b"\x0b\x00\x01\x06\x30\x00\x00");
    let mut clients = Vec::new();
    for number in 1..=CLIENTS {
        let mut client = socket(&server.address().to_string());
        client.write_all(&announced).unwrap();
        clients.push(client);
        // A piece of it, and what becomes of that.
        wait_until(|| server.memory_taken() >= number * (128 << 10));
        assert!(server.memory_taken() < number * MEBIBYTE, "{} bytes", server.memory_taken());
    }
    drop(clients);
    wait_until(|| server.memory_taken() == 0);
}
