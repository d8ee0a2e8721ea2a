//! Passes over a reply that is too large, without memory for it, so that the calls behind it keep their
//! connection; and one that belongs to an earlier call.
//!
//! Ending the connection would give up writes early whose replies are still to come: they would be
//! made again elsewhere, and might be carried out a second time later, over what was written
//! meanwhile. For reads behind it a new connection is the shorter way.

use std::task::Poll;

use super::decoder::Decoder;
use super::{Framing, InFlight, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::outcome::Answered;
use crate::wire::{Malformed, Progress, RowsReply};

/// A reply that is passed over.
pub(super) enum Passing {
    /// The bytes of its frame that are still to come.
    Frame(usize),
    /// Where it ends has to be found.
    Message(Decoder),
}

/// What can only be taken as a whole is the head of a message.
const LARGEST_HEAD: usize = 64 * 1024;

impl Session {
    /// Ends the oldest call, whose reply is too large.
    pub(super) fn too_large(&mut self, message: String) -> Error {
        let changes_wait = self.in_flight.iter().skip(1).any(|call| !call.effect.is_read());
        if changes_wait && self.pipelines() {
            self.passing = Some(if matches!(self.framing, Framing::Framed) {
                Passing::Frame(self.incoming.frame_size())
            } else {
                Passing::Message(Decoder::extent(self.protocol))
            });
            self.incoming.begin_message();
        } else {
            self.broken = true;
        }
        self.over(Error::new(ErrorKind::TooLarge, message), Answered::Nothing)
    }

    /// Passes over a reply to an earlier call, which came twice or too late. Any other that is not the
    /// oldest call's ends the connection.
    ///
    /// # Errors
    ///
    /// The reply to the oldest call is lost with the connection. Only reads wait then, which another
    /// connection answers soon, even if this one is a reply behind for good.
    pub(super) fn out_of_step(
        &mut self,
        call: &InFlight,
        sequence: i32,
        length: usize,
    ) -> Result<()> {
        if !(1..call.sequence).contains(&sequence) {
            let message = format!("the reply is not the one to {}", call.method);
            return Err(self.failed(ErrorKind::Protocol, message, Answered::Nothing));
        }
        let changes_wait = self.in_flight.iter().any(|call| !call.effect.is_read());
        if changes_wait && self.framing.brings_another() {
            self.incoming.skip(length);
            return Ok(());
        }
        let message = "the connection brought the reply to an earlier call";
        Err(self.failed(ErrorKind::ConnectionLost, message, Answered::Nothing))
    }

    /// Drops what has come of a reply that is passed over; ready once the next one begins.
    pub(super) fn pass_over(&mut self) -> Result<Poll<()>> {
        let done = match &mut self.passing {
            None => return Ok(Poll::Ready(())),
            Some(Passing::Frame(left)) => {
                let here = self.incoming.unread().len().min(*left);
                *left -= here;
                self.incoming.skip(here);
                *left == 0
            }
            Some(Passing::Message(decoder)) => match decoder.advance(self.incoming.unread()) {
                Ok(Progress::Done(
                    RowsReply::Rows { length, .. } | RowsReply::Other { length },
                )) => {
                    self.incoming.skip(length);
                    true
                }
                Ok(Progress::Need(_) | Progress::TooLarge) => {
                    let here = decoder.forget();
                    self.incoming.skip(here);
                    if self.incoming.unread().len() > LARGEST_HEAD {
                        return Err(self.malformed(Malformed("a head that does not end")));
                    }
                    false
                }
                Err(malformed) => return Err(self.malformed(malformed)),
            },
        };
        if done {
            self.passing = None;
            return Ok(Poll::Ready(()));
        }
        // To the front, so that the buffer does not grow.
        self.incoming.begin_message();
        Ok(Poll::Pending)
    }
}
