//! The head of a request.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Config, Credentials, Endpoint};

/// What all requests to a gateway begin with.
pub(super) struct Head {
    lines: String,
    /// For errors: what was asked for, and whether as somebody.
    pub(super) path: String,
    pub(super) authorized: bool,
}

impl Head {
    /// The head for this gateway, unless the settings name another host; they were checked to hold
    /// no line break.
    pub(super) fn new(config: &Config, endpoint: &Endpoint) -> Self {
        let settings = config.http_settings();
        let path = config.path();
        let mut headers = vec![
            ("Content-Type", "application/x-thrift".to_owned()),
            // HTML for the pages of errors: the gateway names the exception in no other form.
            ("Accept", "application/x-thrift, text/html;q=0.1".to_owned()),
            ("User-Agent", concat!("hbase-thrift-client/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        let given = |name: &str| settings.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        headers.retain(|(name, _)| !given(name));
        if let Some(credentials) = &settings.credentials {
            headers.push(("Authorization", basic(credentials)));
        }
        if let Some(user) = &settings.do_as {
            headers.push(("doAs", user.clone()));
        }
        headers.extend(settings.headers.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut lines = format!("POST {path} HTTP/1.1\r\n");
        for (name, value) in &headers {
            lines.extend([*name, ": ", value, "\r\n"]);
        }
        let names =
            |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !names("Host") {
            lines.extend(["Host: ", &endpoint.to_string(), "\r\n"]);
        }
        let authorized = names("Authorization");
        Self { lines, path, authorized }
    }

    pub(super) fn write(&self, length: usize, into: &mut Vec<u8>) {
        into.extend_from_slice(self.lines.as_bytes());
        // Writing to a vector doesn't fail.
        let _ = write!(into, "Content-Length: {length}\r\n\r\n");
    }
}

fn basic(Credentials { user, password }: &Credentials) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(url: &str) -> String {
        let config: Config = url.parse().unwrap();
        let mut bytes = Vec::new();
        Head::new(&config, &config.endpoints()[0]).write(7, &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_request_names_host_path_and_length() {
        let head = head("http://gateway:9090/thrift");
        assert!(head.starts_with("POST /thrift HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\nHost: gateway:9090\r\n"), "{head}");
        assert!(head.contains("\r\nContent-Type: application/x-thrift\r\n"), "{head}");
        assert!(head.ends_with("\r\nContent-Length: 7\r\n\r\n"), "{head}");
    }

    #[test]
    fn user_and_do_as_become_headers() {
        // The example of RFC 7617.
        let head = head("http://Aladdin:open%20sesame@h/?do_as=me");
        assert!(head.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
        assert!(head.contains("\r\ndoAs: me\r\n"));
    }

    #[test]
    fn a_header_that_is_given_replaces_our_own() {
        let config: Config = "http://h".parse().unwrap();
        let config = config.with_header("host", "other").with_header("user-agent", "me");
        let mut bytes = Vec::new();
        Head::new(&config, &config.endpoints()[0]).write(7, &mut bytes);
        let head = String::from_utf8(bytes).unwrap().to_lowercase();
        assert_eq!(head.matches("\r\nhost: ").count(), 1, "{head}");
        assert_eq!(head.matches("\r\nuser-agent: ").count(), 1, "{head}");
    }
}
