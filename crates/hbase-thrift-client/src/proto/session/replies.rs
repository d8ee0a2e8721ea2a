//! Hands out replies: cuts the message out of the stream, checks that it belongs to the oldest call,
//! and has its body read.

use std::task::Poll;

use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol, TMessageType};

use super::decoder::Decoder;
use super::failure::{Lost, application_error};
use super::{Framing, InFlight, Session};
use crate::config::Protocol;
use crate::dialect::{Answer, Dialect, Reply, Shape};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::outcome::Answered;
use crate::row::{BatchIndex, RowBatch};
use crate::wire::{Malformed, Progress, RowsReply};

/// Cells of a row of which another read is believed to have as many.
const MOST_EXPECTED: usize = 64;

impl Session {
    /// The reply to the oldest call in flight, once it has come. Whatever the result, the call is
    /// over then.
    ///
    /// # Errors
    ///
    /// Why the call failed, and what became of it.
    pub(crate) fn poll<R: Reply>(&mut self) -> Result<Poll<R>> {
        match R::shape() {
            Shape::Rows(convert) => Ok(match self.poll_rows()? {
                Poll::Ready(rows) => Poll::Ready(convert(rows)),
                Poll::Pending => Poll::Pending,
            }),
            Shape::Value(read) => loop {
                let found = self.poll_any(Self::begin_extent)?;
                let Poll::Ready(WholeReply { length, .. }) = found else {
                    return Ok(Poll::Pending);
                };
                if let Some(value) = self.finish_value(length, read)? {
                    return Ok(Poll::Ready(value));
                }
            },
        }
    }

    /// As [`poll`](Self::poll), with the reply as the message that it is.
    #[cfg(feature = "generated")]
    pub(crate) fn poll_message(&mut self) -> Result<Poll<Vec<u8>>> {
        let Poll::Ready(WholeReply { length, .. }) = self.poll_any(Self::begin_extent)? else {
            return Ok(Poll::Pending);
        };
        let message = self.incoming.message()[..length].to_vec();
        self.finish(length);
        Ok(Poll::Ready(message))
    }

    fn poll_rows(&mut self) -> Result<Poll<RowBatch>> {
        loop {
            let found = self.poll_any(Self::begin_rows)?;
            let Poll::Ready(WholeReply { length, rows, index }) = found else {
                return Ok(Poll::Pending);
            };
            let Some((name, sequence)) = rows else {
                if let Some(spare) = self.incoming.take_spare() {
                    self.recycler.give(spare, index);
                }
                self.finish_exception(length)?;
                continue;
            };
            let call = self.oldest()?;
            let message = self.incoming.message();
            if message.get(name) == Some(call.method.as_bytes()) && sequence == call.sequence {
                return Ok(Poll::Ready(self.finish_rows(length, &call, index)));
            }
            self.out_of_step(&call, sequence, length)?;
        }
    }

    fn finish_rows(&mut self, length: usize, call: &InFlight, index: BatchIndex) -> RowBatch {
        let lent = self.incoming.take_spare();
        // Few rows of a read by key may be kept for long; a scan's batches are read and dropped.
        let is_scan = call.is_of_scan();
        let batch = if !is_scan && self.incoming.is_mostly_empty(length) {
            let index = match lent {
                None => index,
                Some(spare) => {
                    let copy = index.clone();
                    self.recycler.give(spare, index);
                    copy
                }
            };
            self.few_cells = index.cells().min(MOST_EXPECTED);
            let batch = RowBatch::compact(&self.incoming.message()[..length], index);
            self.incoming.skip_rows(length);
            batch
        } else {
            // The buffer that the rows are in comes back to the recycler: one for the other.
            let spare = lent.unwrap_or_else(|| self.recycler.take().0);
            let (bytes, base) = self.incoming.take(length, spare);
            let recycler = self.recycler.clone();
            if is_scan {
                RowBatch::new(bytes, base, index, recycler)
            } else {
                RowBatch::fitted(bytes, base..base + length, index, recycler)
            }
        };
        self.in_flight.pop_front();
        self.answered = true;
        batch
    }

    /// Begins to decode rows. Many rows go into memory of others that were dropped, which the reply is
    /// received into; few get memory of their own once they are there.
    fn begin_rows(&mut self) {
        let is_scan = self.in_flight.front().is_some_and(InFlight::is_of_scan);
        let index = if is_scan || self.incoming.expects_much() {
            let (spare, index) = self.recycler.take();
            self.incoming.lend(spare);
            index
        } else if self.has_come() {
            BatchIndex::with_room(1, self.few_cells)
        } else {
            return;
        };
        let limit = self.max_reply_size;
        self.decoder = Some(Decoder::rows(self.dialect, self.protocol, index, limit));
    }

    /// Begins to look for the end of a message, once it is there.
    fn begin_extent(&mut self) {
        self.decoder = self.has_come().then(|| Decoder::extent(self.protocol));
    }

    /// Whether there is something to be decoded, or never will be.
    fn has_come(&self) -> bool {
        !self.incoming.is_empty() || self.is_response_over()
    }

    /// Decodes what has come of the oldest call's reply; `begin` makes the decoder, at the latest once
    /// there is something for it.
    fn poll_any(&mut self, begin: fn(&mut Self)) -> Result<Poll<WholeReply>> {
        self.oldest()?;
        let broken = self.pump();
        if self.pass_over()?.is_pending() {
            return self.awaiting(broken);
        }
        if self.decoder.is_none() {
            self.incoming.begin_message();
            begin(self);
            if self.decoder.is_none() {
                return self.awaiting(broken);
            }
        }
        match self.advance()? {
            Poll::Ready(found) => {
                // A reply that is whole is one, whatever is behind it.
                self.broken |= broken.is_some();
                Ok(Poll::Ready(found))
            }
            Poll::Pending => self.awaiting(broken),
        }
    }

    /// What has come is no whole reply: more may come, or can't.
    fn awaiting<T>(&mut self, broken: Option<Broken>) -> Result<Poll<T>> {
        match broken {
            Some(Broken { kind, message, answered }) => Err(self.failed(kind, message, answered)),
            None if self.closed => Err(self.lost(Lost::closed())),
            None => Ok(Poll::Pending),
        }
    }

    /// Moves what has come through the layer around the message; returns why it can't go on.
    #[cfg_attr(not(feature = "http"), allow(clippy::unused_self, clippy::unnecessary_wraps))]
    fn pump(&mut self) -> Option<Broken> {
        #[cfg(feature = "http")]
        if let Framing::Http(http) = &mut self.framing
            && let Err(refusal) = http.pump(&mut self.incoming, self.closed)
        {
            let answered = if refusal.refused { Answered::Refused } else { Answered::Nothing };
            return Some(Broken { kind: refusal.kind, message: refusal.message, answered });
        }
        None
    }

    fn advance(&mut self) -> Result<Poll<WholeReply>> {
        let is_framed = matches!(self.framing, Framing::Framed);
        if is_framed && !self.incoming.has_frame() {
            match self.incoming.frame(self.max_reply_size) {
                Ok(Progress::Done(())) => {}
                Ok(Progress::Need(_) | Progress::TooLarge) => return Ok(Poll::Pending),
                Err(size) if !self.answered || size > i32::MAX as usize => {
                    return Err(self.malformed(Malformed("no length of a frame at its start")));
                }
                Err(size) => return Err(self.reply_too_large(size)),
            }
        }
        if self.incoming.is_awaiting() {
            return if self.is_response_over() { Err(self.cut_off()) } else { Ok(Poll::Pending) };
        }
        let Some(decoder) = &mut self.decoder else { return Ok(Poll::Pending) };
        let missing = match decoder.advance(self.incoming.message()) {
            Ok(Progress::Done(reply)) => {
                let (RowsReply::Rows { length, .. } | RowsReply::Other { length }) = reply;
                // One that comes whole never has anything missing.
                if length > self.max_reply_size {
                    return Err(self.reply_too_large(length));
                }
                let index = decoder.take_index();
                self.decoder = None;
                return Ok(Poll::Ready(match reply {
                    RowsReply::Rows { length, name, sequence } => {
                        WholeReply { length, rows: Some((name, sequence)), index }
                    }
                    RowsReply::Other { length } => WholeReply { length, rows: None, index },
                }));
            }
            Ok(Progress::Need(missing)) => missing,
            Ok(Progress::TooLarge) => return Err(self.index_too_large()),
            Err(malformed) => return Err(self.malformed(malformed)),
        };
        if is_framed {
            return Err(self.malformed(Malformed("it is longer than its frame")));
        }
        // First, so that it doesn't depend on how much has come.
        let size = self.incoming.message().len() + missing;
        if size > self.max_reply_size {
            return Err(self.reply_too_large(size));
        }
        if self.is_response_over() {
            return Err(self.cut_off());
        }
        self.incoming.expect(missing);
        Ok(Poll::Pending)
    }

    fn is_response_over(&self) -> bool {
        match &self.framing {
            Framing::Buffered | Framing::Framed => false,
            #[cfg(feature = "http")]
            Framing::Http(http) => http.is_over(),
        }
    }

    fn cut_off(&mut self) -> Error {
        if self.closed {
            return self.lost(Lost::closed());
        }
        let message = "the HTTP response ends in the middle of the reply";
        self.failed(ErrorKind::Protocol, message, Answered::Nothing)
    }

    fn oldest(&self) -> Result<InFlight> {
        let none = || Error::new(ErrorKind::Protocol, "no call is in flight");
        self.in_flight.front().copied().ok_or_else(none)
    }

    /// The value; `None` where the reply was an earlier call's.
    fn finish_value<R>(
        &mut self,
        length: usize,
        read: fn(Dialect, &mut dyn TInputProtocol) -> thrift::Result<Answer<R>>,
    ) -> Result<Option<R>> {
        let dialect = self.dialect;
        match self.decode(length, |protocol| read(dialect, protocol))? {
            None => Ok(None),
            Some(Ok(value)) => {
                self.finish(length);
                Ok(Some(value))
            }
            Some(Err(exception)) => Err(self.finish_refused(length, exception)),
        }
    }

    /// A reply to a call for rows that has none: fails with the exception in it, unless it was an
    /// earlier call's.
    fn finish_exception(&mut self, length: usize) -> Result<()> {
        let dialect = self.dialect;
        match self.decode(length, |protocol| dialect.read_exception(protocol))? {
            None => Ok(()),
            Some(exception) => Err(self.finish_refused(length, exception)),
        }
    }

    fn finish_refused(&mut self, length: usize, exception: crate::error::ServerException) -> Error {
        self.incoming.skip(length);
        self.answered = true;
        self.refused(exception)
    }

    /// Has the message's body read, if it is the oldest call's reply; `None` where it is an earlier
    /// call's, which was passed over.
    fn decode<T>(
        &mut self,
        length: usize,
        read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
    ) -> Result<Option<T>> {
        let call = self.oldest()?;
        let message = &self.incoming.message()[..length];
        let limits = lengths_up_to(length);
        let decoded = match self.protocol {
            Protocol::Binary => decode_body(
                &call,
                &mut TBinaryInputProtocol::with_config(message, true, limits),
                read,
            ),
            Protocol::Compact => {
                decode_body(&call, &mut TCompactInputProtocol::with_config(message, limits), read)
            }
        };
        match decoded {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(sequence)) => self.out_of_step(&call, sequence, length).map(|()| None),
            Err(thrift::Error::Application(exception)) => {
                self.incoming.skip(length);
                self.answered = true;
                let (error, answered) = application_error(&exception, self.dialect, call.method);
                Err(self.over(error, answered))
            }
            Err(error) => {
                self.broken = true;
                let failed = Error::new(ErrorKind::Protocol, "the reply can't be decoded");
                Err(self.over(failed.with_source(error), Answered::Nothing))
            }
        }
    }

    fn finish(&mut self, length: usize) {
        self.incoming.skip(length);
        self.in_flight.pop_front();
        self.answered = true;
    }
}

/// Why the layer around the message can't go on.
struct Broken {
    kind: ErrorKind,
    message: String,
    answered: Answered<'static>,
}

/// A whole reply, still in the buffer.
struct WholeReply {
    length: usize,
    /// Where its name is and its sequence number, where it is rows.
    rows: Option<(std::ops::Range<usize>, i32)>,
    index: BatchIndex,
}

/// The message's lengths were found to fit, but a field of another type than expected is read as
/// whatever its bytes happen to say.
pub(crate) fn lengths_up_to(length: usize) -> thrift::TConfiguration {
    thrift::TConfiguration::builder()
        .max_string_size(Some(length))
        .max_container_size(Some(length))
        .max_message_size(None)
        .max_frame_size(None)
        .build()
        .unwrap_or_default()
}

/// The number of the call that the reply belongs to, where that is another one.
fn decode_body<T>(
    call: &InFlight,
    protocol: &mut dyn TInputProtocol,
    read: impl FnOnce(&mut dyn TInputProtocol) -> thrift::Result<T>,
) -> thrift::Result<std::result::Result<T, i32>> {
    let head = protocol.read_message_begin()?;
    if head.sequence_number != call.sequence || head.name != call.method {
        return Ok(Err(head.sequence_number));
    }
    if head.message_type == TMessageType::Exception {
        let exception = thrift::Error::read_application_error_from_in_protocol(protocol)?;
        return Err(thrift::Error::Application(exception));
    }
    read(protocol).map(Ok)
}
