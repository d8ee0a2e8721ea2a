//! One connection: takes a message, lets the call be carried out, sends the reply, until the client
//! ends, errs, or is too slow.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use hbase_thrift_api::HbaseSyncProcessor;
use hbase_thrift_api::thrift2::THBaseServiceSyncProcessor;
use thrift::protocol::TOutputProtocol;
use thrift::server::TProcessor;

use super::timed::Timed;
use super::{Bounds, Shared};
use crate::budget::Share;
use crate::fault::Outcome;
use crate::service::Service;
use crate::wire::{self, Interface, Message, Speech, Terms, Unreadable};
use crate::{thrift1, thrift2};

/// What is still read after a refusal, and for how long: a client that is sending would lose the
/// refusal if the connection were closed on it.
const REST: u64 = 1 << 20;
const REST_TIME: Duration = Duration::from_secs(1);

pub(super) fn serve(stream: &TcpStream, speech: Speech, terms: &Terms, shared: &Shared) {
    // A reply leaves in one piece, so there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let share = Arc::new(Share::of(&shared.budget));
    let processor = processor(speech.interface, &shared.service, &share);
    let mut input = BufReader::new(Timed::new(stream));
    let mut output = Timed::new(stream);
    while !shared.is_stopping() {
        expect(&mut input, &mut output, shared.bounds);
        // Closing is the only answer that a client understands in every case.
        let mut message = match speech.read(&mut input, &mut output, terms, &share) {
            Ok(message) => message,
            Err(reason) => return refuse(reason, stream, input, output, shared.bounds),
        };
        let Some(reply) = answer(speech, &*processor, &mut message, &share, shared) else { return };
        if shared.is_stopping() {
            // A call that was given up would be answered with an exception, which clients take for the
            // server's last word. Without an answer they try again.
            return;
        }
        output.allow(shared.bounds.transfer);
        if reply.bytes.is_empty() || output.write_all(&reply.bytes).is_err() || reply.is_last {
            return;
        }
        drop(reply);
        share.give_back();
    }
}

/// What carries an interface's calls out, for one connection, whose calls take this share.
pub(crate) fn processor(
    interface: Interface,
    service: &Arc<Service>,
    share: &Arc<Share>,
) -> Box<dyn TProcessor> {
    let (service, share) = (Arc::clone(service), Arc::clone(share));
    match interface {
        Interface::Thrift1 => {
            Box::new(HbaseSyncProcessor::new(thrift1::Handler { service, share }))
        }
        Interface::Thrift2 => {
            Box::new(THBaseServiceSyncProcessor::new(thrift2::Handler { service, share }))
        }
    }
}

/// Serves the control address.
pub(super) fn serve_control(stream: &TcpStream, terms: &Terms, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let mut input = BufReader::new(Timed::new(stream));
    let mut output = Timed::new(stream);
    while !shared.is_stopping() {
        expect(&mut input, &mut output, shared.bounds);
        let share = Share::of(&shared.budget);
        let request = match wire::read_control(&mut input, &mut output, terms, &share) {
            Ok(request) => request,
            Err(reason) => return refuse(reason, stream, input, output, shared.bounds),
        };
        let (status, json) = shared.control.call(&request.method, &request.path, &request.body);
        let reply = wire::control_reply(status, &format!("{json}\n"), request.is_last);
        output.allow(shared.bounds.transfer);
        if output.write_all(&reply).is_err() || request.is_last {
            return;
        }
    }
}

/// Gives a message its time.
fn expect(input: &mut BufReader<Timed<'_>>, output: &mut Timed<'_>, bounds: Bounds) {
    if input.buffer().is_empty() {
        input.get_mut().expect(bounds.idle, bounds.transfer);
    } else {
        input.get_mut().allow(bounds.transfer);
    }
    output.allow(bounds.transfer);
}

/// Says why there is no reply, if there is something to say.
fn refuse(
    reason: Unreadable,
    stream: &TcpStream,
    mut input: BufReader<Timed<'_>>,
    mut output: Timed<'_>,
    bounds: Bounds,
) {
    let Unreadable::Refused(bytes) = reason else { return };
    output.allow(bounds.transfer);
    if output.write_all(&bytes).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        input.get_mut().allow(REST_TIME);
        let _ = io::copy(&mut input.take(REST), &mut io::sink());
    }
}

struct Reply {
    bytes: Vec<u8>,
    /// Whether the connection ends with it.
    is_last: bool,
}

fn answer(
    speech: Speech,
    processor: &dyn TProcessor,
    message: &mut Message,
    share: &Arc<Share>,
    shared: &Shared,
) -> Option<Reply> {
    // A name that a client made up is no method that faults are for, and isn't remembered.
    let outcome = if message.is_known() {
        shared.faults.outcome(&message.call.name, speech.interface, &shared.service)?
    } else {
        Outcome::Answer
    };
    let is_last = message.is_last;
    let whole = |bytes| Some(Reply { bytes, is_last });
    match outcome {
        Outcome::Answer => whole(carry_out(speech, processor, message, share, shared)),
        Outcome::Throw(error) => whole(speech.refuse(message, error)),
        Outcome::DropBefore => None,
        Outcome::DropAfter => {
            carry_out(speech, processor, message, share, shared);
            None
        }
        Outcome::Cut(length) => {
            let mut bytes = carry_out(speech, processor, message, share, shared);
            bytes.truncate(length);
            Some(Reply { bytes, is_last: true })
        }
    }
}

/// Carries out a call and encodes its answer.
fn carry_out(
    speech: Speech,
    processor: &dyn TProcessor,
    message: &mut Message,
    share: &Arc<Share>,
    shared: &Shared,
) -> Vec<u8> {
    let method = match (speech.interface, &*message.call.name) {
        (Interface::Thrift1, method @ ("scannerGetList" | "scannerGet")) => method.to_owned(),
        _ => return speech.answer(processor, message, share),
    };
    speech.answer_fetch(message, share, |id, count| {
        let count = if method == "scannerGet" { 1 } else { count };
        let page = shared.service.fetch(share, &method, id, count)?;
        Ok(move |output: &mut dyn TOutputProtocol| page.write(output))
    })
}
