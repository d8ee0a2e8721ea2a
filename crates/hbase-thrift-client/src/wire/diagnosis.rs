//! Says what a reply looks like when it is not what was configured.

/// What the first bytes of a reply look like, in words for an error message, with the setting
/// that would fit.
///
/// `first` is what came on the socket before any interpretation.
pub(crate) fn diagnose(first: &[u8]) -> Option<&'static str> {
    let binary = |bytes: &[u8]| bytes.starts_with(&[0x80, 0x01, 0x00]);
    let compact = |bytes: &[u8]| matches!(bytes, [0x82, second, ..] if second & 0x1f == 1 && matches!(second >> 5, 2 | 3));
    let framed = first.len() > 4 && first[0] < 0x80;
    match first {
        _ if first.starts_with(b"HTTP/") => {
            Some("the reply is HTTP: the gateway runs with hbase.regionserver.thrift.http=true")
        }
        [0x15, 0x03, ..] => Some("the reply is a TLS alert: the gateway expects TLS"),
        // A message of Thrift's SASL negotiation (`TSaslTransport`): its status, BAD, ERROR or
        // COMPLETE, then the length of what follows.
        [3..=5, 0, 0, _, _, ..] => Some(
            "the gateway demands SASL (Kerberos), which this client does not speak: use a gateway \
             over HTTP, or one without hbase.thrift.security.qop",
        ),
        _ if binary(first) => {
            Some("the gateway speaks buffered binary: use transport=buffered&protocol=binary")
        }
        _ if compact(first) => {
            Some("the gateway speaks buffered compact: use transport=buffered&protocol=compact")
        }
        _ if framed && binary(&first[4..]) => {
            Some("the gateway speaks framed binary: use transport=framed&protocol=binary")
        }
        _ if framed && compact(&first[4..]) => {
            Some("the gateway speaks framed compact: use transport=framed&protocol=compact")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::diagnose;

    #[test]
    fn each_way_a_gateway_can_speak_is_recognised() {
        let says = |bytes: &[u8]| diagnose(bytes).unwrap_or("nothing");
        assert!(says(b"HTTP/1.1 400 Bad Request\r\n").contains("HTTP"));
        assert!(says(&[0x15, 0x03, 0x03, 0, 2]).contains("TLS"));
        assert!(says(b"\x03\x00\x00\x00\x13Invalid status -128").contains("SASL"));
        assert!(says(&[0x80, 1, 0, 2, 0, 0]).contains("buffered binary"));
        assert!(says(&[0x82, 0x41, 1, 3]).contains("buffered compact"));
        assert!(says(&[0, 0, 0, 40, 0x80, 1, 0, 2]).contains("framed binary"));
        assert!(says(&[0, 0, 0, 40, 0x82, 0x41, 1]).contains("framed compact"));
    }

    #[test]
    fn anything_else_is_not_guessed_at() {
        assert_eq!(diagnose(b"SSH-2.0-OpenSSH"), None);
        assert_eq!(diagnose(b""), None);
    }
}
