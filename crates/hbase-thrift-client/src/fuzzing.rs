//! The decoders, a connection's session and the configuration, opened for the targets in the
//! repository's folder `fuzz` (`--cfg fuzzing`, which cargo-fuzz sets).
//!
//! No part of the crate's interface: it changes whenever the decoders do. What is checked here is
//! what every caller of the decoders relies on, whatever the bytes are.

use crate::config::{Config, Endpoint, Interface, Protocol, Transport, assert_reads_back};
use crate::dialect::{Call, FetchRows, Reply, Thrift1Rows, Thrift2Rows};
use crate::error::{ErrorKind, Outcome};
use crate::proto::Session;
use crate::request::{Append, Get, GetRows, GetVersions, Increment};
use crate::row::{BatchIndex, OwnedRow, Recycler, RowBatch};
use crate::wire::{
    Binary, Compact, Extent, Malformed, Progress, RowLayout, RowsDecoder, RowsReply, WireProtocol,
};
use std::task::Poll;

/// Decodes rows of each interface from the bytes, all at once and in pieces of this size.
///
/// # Panics
///
/// When the two differ, when a decoder reads on or stops elsewhere than it said, when what it keeps
/// is not in proportion to the bytes, or when a row is not what a row has to be.
pub fn rows(protocol: Protocol, piece: usize, bytes: &[u8]) {
    match protocol {
        Protocol::Binary => {
            check_rows::<Binary, Thrift1Rows>(piece, bytes);
            check_rows::<Binary, Thrift2Rows>(piece, bytes);
        }
        Protocol::Compact => {
            check_rows::<Compact, Thrift1Rows>(piece, bytes);
            check_rows::<Compact, Thrift2Rows>(piece, bytes);
        }
    }
}

/// Looks for the end of the message in the bytes, all at once and in pieces of this size.
///
/// # Panics
///
/// As [`rows`].
pub fn extent(protocol: Protocol, piece: usize, bytes: &[u8]) {
    match protocol {
        Protocol::Binary => check_extent::<Binary>(piece, bytes),
        Protocol::Compact => check_extent::<Compact>(piece, bytes),
    }
}

/// Reads a configuration from text.
///
/// # Panics
///
/// When one that can be used does not read back from its own URL.
pub fn config(text: &str) {
    match text.parse::<Config>() {
        Ok(config) => assert_reads_back(&config),
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error:?}"),
    }
}

/// Gives the bytes to a session with a gateway of this interface whose calls were all sent, all at once and
/// in pieces of this size.
///
/// # Panics
///
/// When the two differ, or when a session waits for more after the connection was closed.
pub fn session(speech: (Transport, Protocol, Interface), piece: usize, bytes: &[u8]) {
    let whole = Conversation::new(speech, bytes.len(), bytes).fates();
    let pieces = Conversation::new(speech, piece, bytes).fates();
    assert_eq!(whole, pieces, "in pieces of {piece} bytes");
}

/// All that a decoder of rows can say.
#[derive(Debug, PartialEq)]
enum Decoded {
    Rows { length: usize, name: Vec<u8>, sequence: i32, rows: Vec<OwnedRow> },
    Other { length: usize },
    Need(usize),
    Never(Malformed),
}

fn check_rows<P: WireProtocol, L: RowLayout>(piece: usize, bytes: &[u8]) {
    let whole = decode_rows::<P, L>(bytes.len(), bytes);
    assert_eq!(whole, decode_rows::<P, L>(piece, bytes), "in pieces of {piece} bytes");
    if let Decoded::Rows { length, .. } | Decoded::Other { length } = whole {
        match find_extent::<P>(bytes.len(), bytes) {
            Ok(Progress::Done(extent)) => assert_eq!(extent, length),
            // Within a row the decoder counts levels from the field that it passes over.
            Err(Malformed(reason)) => assert_eq!(reason, "structs nested too deeply"),
            Ok(Progress::TooLarge) => panic!("too large without a limit"),
            Ok(Progress::Need(missing)) => panic!("rows without {missing} bytes of their message"),
        }
    }
}

fn check_extent<P: WireProtocol>(piece: usize, bytes: &[u8]) {
    let whole = find_extent::<P>(bytes.len(), bytes);
    assert_eq!(whole, find_extent::<P>(piece, bytes), "in pieces of {piece} bytes");
}

fn find_extent<P: WireProtocol>(piece: usize, bytes: &[u8]) -> Result<Progress<usize>, Malformed> {
    let mut extent = Extent::<P>::new();
    feed(piece, bytes, |bytes| extent.advance(bytes), |length| *length)
}

fn decode_rows<P: WireProtocol, L: RowLayout>(piece: usize, bytes: &[u8]) -> Decoded {
    let mut decoder = RowsDecoder::<P, L>::new(BatchIndex::default(), usize::MAX);
    let reply = feed(piece, bytes, |bytes| decoder.advance(bytes), length);
    let index = decoder.take_index();
    // A row takes a byte at least, and so does a cell; a vector grows by doubling.
    let largest = 2 * bytes.len() + 8;
    assert!(index.rows.capacity() <= largest && index.cells.capacity() <= largest);
    match reply {
        Err(malformed) => Decoded::Never(malformed),
        Ok(Progress::TooLarge) => panic!("too large without a limit"),
        Ok(Progress::Need(missing)) => Decoded::Need(missing),
        Ok(Progress::Done(RowsReply::Other { length })) => Decoded::Other { length },
        Ok(Progress::Done(RowsReply::Rows { length, name, sequence })) => {
            let batch = RowBatch::new(bytes[..length].to_vec(), 0, index, Recycler::default());
            let rows = owned_rows(&batch);
            Decoded::Rows { length, name: bytes[name].to_vec(), sequence, rows }
        }
    }
}

fn length(reply: &RowsReply) -> usize {
    match reply {
        RowsReply::Rows { length, .. } | RowsReply::Other { length } => *length,
    }
}

/// Gives the decoder what came so far, as a connection does.
fn feed<T>(
    piece: usize,
    bytes: &[u8],
    mut advance: impl FnMut(&[u8]) -> Result<Progress<T>, Malformed>,
    length: impl Fn(&T) -> usize,
) -> Result<Progress<T>, Malformed> {
    let piece = piece.max(1);
    let (mut end, mut shortest) = (piece.min(bytes.len()), 0);
    loop {
        match advance(&bytes[..end])? {
            Progress::Done(done) => {
                let length = length(&done);
                assert!(length <= end, "{length} bytes of a message, of which {end} had come");
                assert!(length >= shortest, "{length} bytes, but it asked for {shortest}");
                return Ok(Progress::Done(done));
            }
            Progress::TooLarge => panic!("too large without a limit"),
            Progress::Need(missing) => {
                assert!(missing > 0, "it needs nothing and does not go on");
                shortest = shortest.max(end + missing);
                if end == bytes.len() {
                    return Ok(Progress::Need(missing));
                }
                end = (end + piece).min(bytes.len());
            }
        }
    }
}

/// Reads all that can be read of the rows.
fn owned_rows(batch: &RowBatch) -> Vec<OwnedRow> {
    let mut rows = Vec::new();
    for row in batch.iter() {
        assert!(row.cells().is_sorted_by_key(|cell| cell.column()));
        for cell in row.cells() {
            // HBase has no such family, but Thrift 2 has a field for it; by its name it isn't found.
            if !cell.family().contains(&b':') {
                assert!(row.get(cell.column().to_vec()).is_some());
            }
        }
        rows.push(row.to_owned_row());
    }
    rows
}

/// What became of a call: the reply as text, or the kind of error and its outcome.
type Fate = Result<String, (ErrorKind, Outcome)>;

/// A session, and what its connection has still to bring.
struct Conversation<'a> {
    session: Session,
    interface: Interface,
    piece: usize,
    left: &'a [u8],
    closed: bool,
}

impl<'a> Conversation<'a> {
    fn new(
        (transport, protocol, interface): (Transport, Protocol, Interface),
        piece: usize,
        left: &'a [u8],
    ) -> Self {
        let protocol = if transport == Transport::Http { Protocol::Binary } else { protocol };
        let config = Config::new("h", 1)
            .transport(transport)
            .protocol(protocol)
            .interface(interface)
            // A length that is only claimed takes no memory; one that is allowed may.
            .max_reply_size(1024 * 1024);
        let endpoint = Endpoint::new("h", 1);
        let session = Session::new(&config, &endpoint, "h:1".into(), Recycler::default());
        Self { session, interface, piece: piece.max(1), left, closed: false }
    }

    /// Calls whose replies are read in each way that there is.
    fn fates(mut self) -> Vec<Fate> {
        let get = Get::new("r");
        let fetch = FetchRows { scanner: 1, rows: 10 };
        let mut fates = vec![
            self.fate(Call::fetch_rows(fetch), |rows| format!("{:?}", owned_rows(rows))),
            self.fate(Call::get(b"t", &get), |rows| format!("{:?}", owned_rows(rows))),
            self.fate(Call::regions(b"t"), |regions| format!("{regions:?}")),
            self.fate(Call::cluster_id(), Clone::clone),
            self.fate(Call::close_scanner(1), |()| String::new()),
        ];
        if self.interface == Interface::Two {
            fates.extend(self.fates_of_thrift2());
        }
        let first_error = fates.iter().position(Result::is_err).unwrap_or(fates.len());
        // What follows an error that ends the connection is only its echo.
        fates.truncate(first_error + 1);
        fates
    }

    /// Those whose replies this interface lays out in another way.
    fn fates_of_thrift2(&mut self) -> Vec<Fate> {
        let rows = GetRows::new(["r", "s"]);
        let versions = GetVersions::new("r", "f:x", 3);
        let increment = Increment::new("r", "f:n", 1);
        let append = Append::new("r").column("f:x", "1");
        vec![
            self.fate(Call::get_rows(b"t", &rows), |rows| format!("{:?}", owned_rows(rows))),
            self.fate(Call::get_versions(b"t", &versions), |versions| format!("{versions:?}")),
            self.fate(Call::increment(b"t", &increment), i64::to_string),
            self.fate(Call::append(b"t", &append), |versions| format!("{versions:?}")),
            self.fate(Call::column_families(b"t"), |families| format!("{families:?}")),
            self.fate(Call::table_names(), |names| format!("{names:?}")),
            self.fate(Call::is_table_enabled(b"t"), bool::to_string),
        ]
    }

    fn fate<R: Reply>(&mut self, call: Call<'_, R>, show: fn(&R) -> String) -> Fate {
        match self.reply(&call) {
            Ok(reply) => Ok(show(&reply)),
            Err(error) => {
                assert!(!error.to_string().contains(char::is_control), "{error:?}");
                Err((error.kind(), error.outcome()))
            }
        }
    }

    fn reply<R: Reply>(&mut self, call: &Call<'_, R>) -> crate::error::Result<R> {
        self.session.queue(&call.request)?;
        let length = self.session.outgoing().len();
        self.session.sent(length);
        loop {
            if let Poll::Ready(reply) = self.session.poll::<R>()? {
                return Ok(reply);
            }
            self.receive();
        }
    }

    fn receive(&mut self) {
        assert!(!self.closed, "it waits for more of a connection that was closed");
        if self.left.is_empty() {
            self.closed = true;
            return self.session.closed();
        }
        let space = self.session.space();
        assert!(!space.is_empty(), "there is no space for what comes");
        let bytes = self.piece.min(space.len()).min(self.left.len());
        space[..bytes].copy_from_slice(&self.left[..bytes]);
        self.session.received(bytes);
        self.left = &self.left[bytes..];
    }
}

#[cfg(all(test, feature = "http"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HTTP: (Transport, Protocol, Interface) =
        (Transport::Http, Protocol::Binary, Interface::One);

    /// What a gateway or a server before it sends, whole, cut, and in any order.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let texts = prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 500 no\r\n",
            "HTTP/1.1 401 no\r\n",
            "Content-Length: 35\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n",
            "\r\n",
            "23\r\n",
            "0\r\n\r\n",
            "<title>\u{7}a &amp; b</title>",
        ]);
        let piece = prop_oneof![
            3 => texts.prop_map(|text| text.as_bytes().to_vec()),
            3 => (1_u8..6, any::<bool>()).prop_map(|(sequence, framed)| rows(sequence, framed)),
            1 => prop::collection::vec(any::<u8>(), 0..5),
        ];
        let pieces = prop::collection::vec((piece, any::<prop::sample::Index>(), 0..8), 0..6);
        pieces.prop_map(|pieces| {
            let cut = |(mut piece, at, chance): (Vec<u8>, prop::sample::Index, i32)| {
                if chance == 0 && !piece.is_empty() {
                    let at = at.index(piece.len());
                    piece[at] ^= 0x21;
                }
                piece
            };
            pieces.into_iter().flat_map(cut).collect()
        })
    }

    /// An empty list of rows, 35 bytes long with the first call's name.
    fn rows(sequence: u8, framed: bool) -> Vec<u8> {
        let name: &[u8] = if sequence == 2 { b"getRow" } else { b"scannerGetList" };
        let mut message = vec![0x80, 1, 0, 2, 0, 0, 0, name.len() as u8];
        message.extend(name);
        message.extend([0, 0, 0, sequence, 15, 0, 0, 12, 0, 0, 0, 0, 0]);
        let length = (message.len() as u32).to_be_bytes();
        if framed { [&length, message.as_slice()].concat() } else { message }
    }

    /// Found by fuzzing: a chunk that is no chunk behind a name that is longer than any reply.
    #[test]
    fn a_broken_response_with_a_broken_message_has_one_outcome_in_whatever_pieces() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\x80\x01\0\x02\0\r\n\
            24\r\n\0\0\x0escannerGetList\0\0\0\x01\x0f\0\0\x0c\0\0\0\x03\x0b\0\x01vvvvno chunk\r\n";
        for piece in 1..bytes.len() {
            session(HTTP, piece, bytes);
        }
    }

    /// Found by fuzzing: a reply is one, whether it comes together with what is wrong behind it or before.
    #[test]
    fn a_whole_reply_before_the_end_of_a_broken_response_is_handed_out() {
        let bytes =
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n23\r\n", &rows(1, false)[..]];
        let bytes = [bytes.concat().as_slice(), b"no end of a chunk\r\n0\r\n\r\n"].concat();
        for piece in 1..=bytes.len() {
            let fates = Conversation::new(HTTP, piece, &bytes).fates();
            let next = Err((ErrorKind::WrongProtocol, Outcome::NotApplied));
            assert_eq!(fates, [Ok("[]".to_owned()), next], "in pieces of {piece}");
        }
    }

    /// Found by fuzzing: a row's key that is longer than any reply, in a response that is shorter.
    #[test]
    fn a_reply_that_is_too_large_is_so_in_whatever_pieces() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n\x80\x01\0\x02\0\0\0\x0escannerGetList\
            \0\0\0\x01\x0f\0\0\x0c\0\0\0\x03\x0b\0\x01\0\x30\0\0";
        for piece in 1..=bytes.len() {
            let fates = Conversation::new(HTTP, piece, bytes).fates();
            let expected = Err((ErrorKind::TooLarge, Outcome::NotApplied));
            assert_eq!(fates, [expected], "in pieces of {piece}");
        }
    }

    proptest! {
        #[test]
        fn a_session_comes_to_the_same_in_whatever_pieces(bytes in bytes(), piece in 1_usize..40) {
            for transport in [Transport::Buffered, Transport::Framed, Transport::Http] {
                for interface in [Interface::One, Interface::Two] {
                    session((transport, Protocol::Binary, interface), piece, &bytes);
                }
            }
        }
    }
}
