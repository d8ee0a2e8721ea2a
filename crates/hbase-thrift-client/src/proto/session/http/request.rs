//! The head of a request.

use std::borrow::Cow;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Config, Credentials, Endpoint, MadeHeader};
use crate::error::Result;

/// What all requests to a gateway begin with.
pub(super) struct RequestHead {
    lines: String,
    /// What is made for each request.
    made: Vec<MadeHeader>,
    /// For errors: what was asked for, and whether as somebody.
    pub(super) path: String,
    pub(super) authorized: bool,
}

impl RequestHead {
    /// The head for this gateway, unless the settings name another host; they were checked to hold
    /// no line break.
    pub(super) fn new(config: &Config, endpoint: &Endpoint) -> Self {
        let settings = config.http_settings();
        let path = config.get_path();
        let mut headers = vec![
            ("Content-Type", "application/x-thrift".to_owned()),
            // HTML for the pages of errors: the gateway names the exception in no other form.
            ("Accept", "application/x-thrift, text/html;q=0.1".to_owned()),
            ("User-Agent", concat!("hbase-thrift-client/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        let made = || settings.made_headers.iter().map(|header| header.name.as_str());
        let given = |name: &str| {
            let given = settings.headers.iter().map(|(name, _)| name.as_str());
            given.chain(made()).any(|given| given.eq_ignore_ascii_case(name))
        };
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
        let names = |wanted: &str| {
            let names = headers.iter().map(|(name, _)| *name).chain(made());
            names.into_iter().any(|name| name.eq_ignore_ascii_case(wanted))
        };
        if !names("Host") {
            lines.extend(["Host: ", &host(endpoint), "\r\n"]);
        }
        let authorized = names("Authorization");
        Self { lines, made: settings.made_headers.clone(), path, authorized }
    }

    /// What is to be put before the message, without its length.
    pub(super) fn lines(&self) -> Result<Cow<'_, str>> {
        let mut lines = Cow::Borrowed(self.lines.as_str());
        for header in &self.made {
            let value = header.value()?;
            lines.to_mut().extend([header.name.as_str(), ": ", &value, "\r\n"]);
        }
        Ok(lines)
    }

    pub(super) fn write(lines: &str, length: usize, into: &mut Vec<u8>) {
        into.extend_from_slice(lines.as_bytes());
        // Writing to a vector doesn't fail.
        let _ = write!(into, "Content-Length: {length}\r\n\r\n");
    }
}

/// A zone means something to this machine only (RFC 6874), and servers refuse it.
fn host(endpoint: &Endpoint) -> String {
    match endpoint.host().split_once('%') {
        Some((address, _)) => Endpoint::new(address, endpoint.port()).to_string(),
        None => endpoint.to_string(),
    }
}

fn basic(Credentials { user, password }: &Credentials) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_of_an_address_stays_here() {
        assert!(head("http://[fe80::1%25eth0]:1/").contains("Host: [fe80::1]:1\r\n"));
        assert!(head("http://[::1]:1/").contains("Host: [::1]:1\r\n"));
    }

    fn head(url: &str) -> String {
        let config: Config = url.parse().unwrap();
        head_of(&config)
    }

    fn head_of(config: &Config) -> String {
        let head = RequestHead::new(config, &config.get_endpoints()[0]);
        let mut bytes = Vec::new();
        RequestHead::write(&head.lines().unwrap(), 7, &mut bytes);
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
        let config = config.header("host", "other").header("user-agent", "me");
        let head = head_of(&config).to_lowercase();
        assert_eq!(head.matches("\r\nhost: ").count(), 1, "{head}");
        assert_eq!(head.matches("\r\nuser-agent: ").count(), 1, "{head}");
    }

    #[test]
    fn a_made_header_is_made_for_each_request_and_can_break_no_line() {
        use std::sync::atomic::{AtomicU32, Ordering};

        let config: Config = "http://h".parse().unwrap();
        let made = AtomicU32::new(0);
        let config = config.header_from("authorization", move || {
            match made.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Ok(format!("Bearer {}", made.load(Ordering::Relaxed))),
                2 => Err("no token".into()),
                _ => Ok("a\r\nX: b".to_owned()),
            }
        });
        let head = RequestHead::new(&config, &config.get_endpoints()[0]);
        assert!(head.authorized);
        for number in ["1", "2"] {
            assert!(
                head.lines().unwrap().contains(&format!("\r\nauthorization: Bearer {number}\r\n"))
            );
        }
        for _ in 0..2 {
            let error = head.lines().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config);
            assert!(error.to_string().contains("the header authorization"), "{error}");
        }
    }
}
