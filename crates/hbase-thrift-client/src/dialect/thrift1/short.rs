//! Short ways to write arguments in the binary protocol: what is sent most, without a call for each field.

use thrift::protocol::{TBinaryOutputProtocol, TOutputProtocol};

use super::{packed::PackedBatch, rows};
use crate::dialect::call::Request;
use crate::dialect::encode;
use crate::request::Get;

const STRING: u8 = 11;
const I64: u8 = 10;
const MAP: u8 = 13;
const LIST: u8 = 15;
const STOP: u8 = 0;

/// Writes the arguments' struct, if there is a short way for this request; else nothing.
pub(in crate::dialect) fn write_binary(
    request: &Request<'_>,
    into: &mut Vec<u8>,
) -> thrift::Result<bool> {
    match *request {
        Request::PackedBatch(table, batch, timestamp) => {
            packed_batch(table, batch, timestamp, into).map(|()| true)
        }
        Request::Get(table, request) => {
            get(table, request, into);
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn packed_batch(
    table: &[u8],
    batch: &PackedBatch,
    timestamp: Option<i64>,
    into: &mut Vec<u8>,
) -> thrift::Result<()> {
    encode::bytes(&mut TBinaryOutputProtocol::new(&mut *into, true), 1, table)?;
    encode::struct_list_head(&mut TBinaryOutputProtocol::new(&mut *into, true), 2, batch.len())?;
    into.extend_from_slice(batch.encoded());
    let protocol = &mut TBinaryOutputProtocol::new(into, true);
    rows::timestamp_and_attributes(protocol, 3, timestamp, batch.attributes())?;
    protocol.write_field_stop()
}

fn get(table: &[u8], get: &Get, into: &mut Vec<u8>) {
    into.extend_from_slice(&[STRING, 0, 1]);
    string(table, into);
    into.extend_from_slice(&[STRING, 0, 2]);
    string(&get.row, into);
    let selection = &get.selection;
    let mut next = 3;
    if !selection.columns.is_empty() {
        into.extend_from_slice(&[LIST, 0, next, STRING]);
        length(selection.columns.len(), into);
        selection.columns.iter().for_each(|column| string(column, into));
        next += 1;
    }
    if let Some(before) = selection.times.before() {
        into.extend_from_slice(&[I64, 0, next]);
        into.extend_from_slice(&before.to_be_bytes());
        next += 1;
    }
    into.extend_from_slice(&[MAP, 0, next, STRING, STRING]);
    length(selection.attributes.len(), into);
    for (name, value) in selection.attributes.iter() {
        string(name, into);
        string(value, into);
    }
    into.push(STOP);
}

fn string(bytes: &[u8], into: &mut Vec<u8>) {
    length(bytes.len(), into);
    into.extend_from_slice(bytes);
}

/// No request is so long that this would be cut: its size is limited far below.
fn length(length: usize, into: &mut Vec<u8>) {
    into.extend_from_slice(&(length as u32).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::Dialect;
    use crate::request::TimeRange;

    fn assert_same(request: &Request<'_>) {
        let (mut general, mut short) = (Vec::new(), Vec::new());
        let mut protocol = TBinaryOutputProtocol::new(&mut general, true);
        Dialect::Thrift1.write(request, &mut protocol as &mut dyn TOutputProtocol).unwrap();
        assert!(Dialect::Thrift1.write_binary(request, &mut short).unwrap());
        assert_eq!(short, general);
    }

    proptest! {
        #[test]
        fn a_get_has_the_bytes_of_the_general_code(
            row in proptest::collection::vec(any::<u8>(), 0..300),
            columns in proptest::collection::vec("[a-z]{1,3}:[a-z]{0,300}", 0..4),
            before in prop_oneof![Just(i64::MAX), any::<i64>()],
            attributes in proptest::collection::btree_map("[a-z]{0,3}", "[a-z]{0,300}", 0..4),
        ) {
            let get = Get::new(row).columns(columns);
            let get = get.time_range(TimeRange::until(before));
            let get = attributes.into_iter().fold(get, |get, (name, value)| get.attribute(name, value));
            assert_same(&Request::Get(b"table", &get));
        }
    }
}
