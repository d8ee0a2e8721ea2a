//! Requests as texts: which are taken, and what is said to the others.

use super::*;

const LENGTH: &str = "Content-Length: 3\r\n";

fn terms() -> Terms {
    let mut hosts = Hosts::default();
    hosts.admit("hbase.test");
    Terms { limit: 10, hosts }
}

fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-thrift\r\n{headers}\r\n{body}"
    )
}

/// The body and what was sent for it, or the status.
fn take(text: &str) -> Result<(Vec<u8>, Vec<u8>, bool), &'static str> {
    let status = |refused| match refused {
        Refused::With(status) => status,
        Refused::Unreadable(_) => "",
    };
    let (mut input, mut output) = (text.as_bytes(), Vec::new());
    let (head, mut body) = request(&mut input, &mut output, &terms()).map_err(status)?;
    let mut bytes = Vec::new();
    let read = body.read_to_end(&mut bytes);
    body.finish().map_err(status)?;
    read.map_err(|_| "")?;
    Ok((bytes, output, head.is_last))
}

#[test]
fn a_body_has_a_length_or_chunks() {
    assert_eq!(take(&post(LENGTH, "abc")).unwrap().0, b"abc");
    let chunked = "Transfer-Encoding: chunked\r\n";
    for body in ["3\r\nabc\r\n0\r\n\r\n", "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n"] {
        assert_eq!(take(&post(chunked, body)).unwrap().0, b"abc");
    }
    for body in ["+3\r\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "x\r\n", "\r\n"] {
        assert_eq!(take(&post(chunked, body)).unwrap_err(), "400 Bad Request", "{body}");
    }
    assert_eq!(take(&post(chunked, "3\r\nab")).unwrap_err(), "");
    for headers in [
        "Content-Length: +3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    ] {
        assert_eq!(take(&post(headers, "abc")).unwrap_err(), "400 Bad Request", "{headers}");
    }
}

#[test]
fn a_body_is_asked_for_when_the_client_waits_for_that() {
    let waiting = format!("{LENGTH}Expect: 100-continue\r\n");
    let (body, sent, _) = take(&post(&waiting, "abc")).unwrap();
    assert_eq!((&*body, &*sent), (&b"abc"[..], &b"HTTP/1.1 100 Continue\r\n\r\n"[..]));
    assert!(take(&post(LENGTH, "abc")).unwrap().1.is_empty());
    let large = "Content-Length: 11\r\nExpect: 100-continue\r\n";
    assert_eq!(take(&post(large, "")).unwrap_err(), "413 Content Too Large");
}

#[test]
fn a_connection_ends_when_the_client_says_so() {
    assert!(!take(&post(LENGTH, "abc")).unwrap().2);
    for close in ["close", "Close", "TE, close", "close,TE"] {
        let request = post(&format!("{LENGTH}Connection: {close}\r\n"), "abc");
        assert!(take(&request).unwrap().2, "{close}");
    }
    let request = post(&format!("{LENGTH}Connection: keep-alive, TE\r\n"), "abc");
    assert!(!take(&request.replace("/1.1", "/1.0")).unwrap().2);
    assert!(take(&post(LENGTH, "abc").replace("/1.1", "/1.0")).unwrap().2);
}

#[test]
fn a_web_page_is_refused() {
    let page = format!("{LENGTH}Origin: http://evil.test\r\n");
    assert!(take(&post(&page, "abc")).unwrap_err().starts_with("403"));
    for host in ["localhost:9090", "127.0.0.1", "[::1]:80", "a.localhost", "HBase.Test:9090"] {
        take(&post(LENGTH, "abc").replace("localhost", host)).unwrap();
    }
    for host in ["evil.test", "localhost.evil.test", "evil.test:9090", "[evil]", ""] {
        let refused = take(&post(LENGTH, "abc").replace("localhost", host)).unwrap_err();
        assert!(refused.starts_with("403"), "{host}: {refused}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/json"] {
        let text = post(LENGTH, "abc").replace("application/x-thrift", kind);
        assert!(take(&text).unwrap_err().starts_with("415"), "{kind}");
    }
}

#[test]
fn what_is_no_request_for_a_message_is_refused() {
    let get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(take(get).unwrap_err(), "405 Method Not Allowed");
    assert_eq!(take("\u{1}\r\n\r\n").unwrap_err(), "400 Bad Request");
    assert_eq!(take("POST\r\n\r\n").unwrap_err(), "400 Bad Request");
    assert_eq!(take("POST / HTTP/1.1\r\n\r\n").unwrap_err(), "400 Bad Request");
    assert_eq!(take(&post("", "")).unwrap_err(), "411 Length Required");
    assert_eq!(take(&post("Content-Length: 11\r\n", "")).unwrap_err(), "413 Content Too Large");
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_eq!(take(&post(chunked, "b\r\n")).unwrap_err(), "413 Content Too Large");
    assert!(take(&"A".repeat(MAX_HEAD + 1)).unwrap_err().starts_with("431"));
}
