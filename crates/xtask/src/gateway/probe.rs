//! Asks a gateway for the names of its tables, or of its namespaces: the cheapest calls that also need the
//! master.
//!
//! Written out by hand, because the generated interface is one of the things that chores repair.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use thrift::protocol::{
    TInputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol, TStructIdentifier,
};

use super::{Endpoint, Interface, connect};

const SEQUENCE: i32 = 1;
const SUCCESS_FIELD: i16 = 0;
const PAUSE: Duration = Duration::from_millis(100);
const ONE_PROBE: Duration = Duration::from_secs(5);

/// Makes one call; `timeout` bounds each connect, read and write.
///
/// # Errors
/// When there is no connection, no reply in time, or the reply is an exception or something else.
pub fn probe(endpoint: &Endpoint, timeout: Duration) -> Result<()> {
    let (mut input, mut output) = connect(endpoint, timeout)?;
    let method = match endpoint.interface {
        Interface::Thrift1 => "getTableNames",
        Interface::Thrift2 => "listNamespaces",
    };
    call(&mut output, method).with_context(|| format!("no call could be sent to {endpoint}"))?;
    reply(&mut input, method).with_context(|| format!("{endpoint} gave no good answer to {method}"))
}

/// Probes until the gateway answers or `patience` is over.
///
/// `give_up` is asked between probes whether there is any point in going on, so that a server that
/// has ended is reported at once.
///
/// # Errors
/// The last probe's error, or that of `give_up`.
pub fn wait_until_ready(
    endpoint: &Endpoint,
    patience: Duration,
    mut give_up: impl FnMut() -> Result<()>,
) -> Result<()> {
    let start = Instant::now();
    loop {
        let Err(error) = probe(endpoint, ONE_PROBE) else { return Ok(()) };
        if start.elapsed() >= patience {
            return Err(error.context(format!("not ready after {} s", patience.as_secs())));
        }
        give_up()?;
        thread::sleep(PAUSE);
    }
}

fn call(output: &mut dyn TOutputProtocol, method: &str) -> thrift::Result<()> {
    output.write_message_begin(&TMessageIdentifier::new(method, TMessageType::Call, SEQUENCE))?;
    output.write_struct_begin(&TStructIdentifier::new("args"))?;
    output.write_field_stop()?;
    output.write_struct_end()?;
    output.write_message_end()?;
    output.flush()
}

fn reply(input: &mut dyn TInputProtocol, method: &str) -> Result<()> {
    let message = input.read_message_begin()?;
    if (message.name.as_str(), message.sequence_number) != (method, SEQUENCE) {
        bail!("this is the reply to another call");
    }
    if message.message_type == TMessageType::Exception {
        let error = thrift::Error::read_application_error_from_in_protocol(input)?;
        bail!("the gateway refused the call: {}", error.message);
    }
    input.read_struct_begin()?;
    if input.read_field_begin()?.id != Some(SUCCESS_FIELD) {
        bail!("the gateway is up, but HBase behind it doesn't answer");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::super::Flavour;
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    /// An empty list, as the gateway sends it in the binary protocol.
    fn no_tables() -> Vec<u8> {
        let mut reply = b"\x80\x01\x00\x02\x00\x00\x00\x0dgetTableNames\x00\x00\x00\x01".to_vec();
        reply.extend(b"\x0f\x00\x00\x0b\x00\x00\x00\x00\x00");
        reply
    }

    fn serve(reply: Vec<u8>) -> (Endpoint, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 26]).unwrap();
            stream.write_all(&reply).unwrap();
            // Open until the probe has made up its mind.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        (Flavour::Threadpool.endpoint("127.0.0.1", port), server)
    }

    fn failure(reply: &[u8]) -> String {
        let (endpoint, server) = serve(reply.to_vec());
        let error = format!("{:#}", probe(&endpoint, SHORT).unwrap_err());
        server.join().unwrap();
        error
    }

    #[test]
    fn a_list_of_tables_is_a_good_answer() {
        let (endpoint, server) = serve(no_tables());
        probe(&endpoint, SHORT).unwrap();
        server.join().unwrap();
    }

    #[test]
    fn silence_ends_within_the_time_out() {
        let start = Instant::now();
        failure(b"");
        assert!(start.elapsed() < SHORT * 10);
    }

    #[test]
    fn garbage_is_no_answer() {
        failure(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }

    #[test]
    fn an_exception_instead_of_the_list_is_no_answer() {
        let mut reply = no_tables();
        let field_id = reply.len() - 7;
        reply[field_id] = 1;
        let error = failure(&reply);
        assert!(error.contains("HBase behind it"), "{error}");
    }

    #[test]
    fn waiting_ends_with_the_reason_to_give_up() {
        let endpoint = Flavour::Threadpool.endpoint("127.0.0.1", 1);
        let patience = Duration::from_mins(1);
        let error = wait_until_ready(&endpoint, patience, || bail!("it ended")).unwrap_err();
        assert_eq!(error.to_string(), "it ended");
        let error = wait_until_ready(&endpoint, Duration::ZERO, || Ok(())).unwrap_err();
        assert!(format!("{error:#}").contains("no connection"), "{error:#}");
    }
}
