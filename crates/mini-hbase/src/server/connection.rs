//! One connection: takes a message, lets it be answered, sends the answer, until the client ends,
//! errs, or is too slow.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;

use hbase_thrift_api::HbaseSyncProcessor;

use super::Shared;
use super::timed::Timed;
use crate::fault::Plan;
use crate::service::Handler;
use crate::wire::{Message, Speech, Unreadable};

pub(super) fn serve(stream: &TcpStream, speech: Speech, max_message: usize, shared: &Shared) {
    // A reply leaves in one piece, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let processor = HbaseSyncProcessor::new(Handler(shared.service.clone()));
    let mut input = BufReader::new(Timed::new(stream));
    let mut output = Timed::new(stream);
    let bounds = shared.bounds;
    while !shared.is_stopping() {
        if input.buffer().is_empty() {
            input.get_mut().expect(bounds.idle, bounds.transfer);
        } else {
            input.get_mut().allow(bounds.transfer);
        }
        // Closing is the only answer that a client understands in every case.
        let message = match speech.read(&mut input, max_message) {
            Ok(message) => message,
            Err(Unreadable::Refused(bytes)) => {
                output.allow(bounds.transfer);
                let _ = output.write_all(&bytes);
                return;
            }
            Err(_) => return,
        };
        let Some(reply) = answer(speech, &processor, &message, shared) else { return };
        output.allow(bounds.transfer);
        if reply.bytes.is_empty() || output.write_all(&reply.bytes).is_err() || reply.is_last {
            return;
        }
    }
}

struct Reply {
    bytes: Vec<u8>,
    /// Whether the connection ends with it.
    is_last: bool,
}

fn answer(
    speech: Speech,
    processor: &HbaseSyncProcessor<Handler>,
    message: &Message,
    shared: &Shared,
) -> Option<Reply> {
    let call = speech.header(message)?;
    let whole = |bytes| Some(Reply { bytes, is_last: message.is_last });
    match shared.faults.plan(&call.name, shared.service.scanners())? {
        Plan::Answer => whole(speech.answer(processor, message)),
        Plan::Throw(error) => whole(speech.refuse(&call, error, message.is_last)),
        Plan::DropBefore => None,
        Plan::DropAfter => {
            speech.answer(processor, message);
            None
        }
        Plan::Cut(length) => {
            let mut bytes = speech.answer(processor, message);
            bytes.truncate(length);
            Some(Reply { bytes, is_last: true })
        }
    }
}
