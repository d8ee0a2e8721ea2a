//! Responses that are over before the reply is.

use super::*;
use crate::error::{ErrorKind, Outcome};

/// Nothing more comes on the connection, so nobody may wait for it.
#[test]
fn a_response_that_ends_before_its_reply_is_no_reply() {
    for protocol in [Protocol::Binary, Protocol::Compact] {
        let config = Config::new("gateway", 1).transport(Transport::Http).protocol(protocol);
        let put = Put::new("r").column("f:x", "1");
        let void = reply_in(protocol, "mutateRow", 1, |_| Ok(()));
        let row = row_of(protocol, 1, &[("f:x", &[b'x'; 300])]);
        for (request, message) in
            [(Request::Put(b"t", &put), &void), (Request::Get(b"t", &Get::new("r")), &row)]
        {
            for length in 0..message.len() {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                let bytes = [head.as_bytes(), &message[..length]].concat();
                for piece in [1, 7, bytes.len()] {
                    let mut session = session_with(&config);
                    session.queue(&request).unwrap();
                    session.sent(session.outgoing().len());
                    let mut bytes = bytes.as_slice();
                    let error = match request {
                        Request::Put(..) => receive::<()>(&mut session, &mut bytes, piece),
                        _ => receive::<RowBatch>(&mut session, &mut bytes, piece).map(drop),
                    };
                    let error = error.unwrap_err();
                    assert_eq!(
                        (error.kind(), error.outcome()),
                        (ErrorKind::Protocol, outcome(&request))
                    );
                    assert!(!session.is_in_step());
                }
            }
        }
    }
}

fn outcome(request: &Request<'_>) -> Outcome {
    if matches!(request, Request::Put(..)) { Outcome::Unknown } else { Outcome::NotApplied }
}
