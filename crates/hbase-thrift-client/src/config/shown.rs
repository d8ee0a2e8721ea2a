//! The configuration as a URL, which [`url`](super::url) reads.

use std::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Config, Credentials, Interface, Protocol, Transport};

/// What is escaped in a host; the colon is one of an IPv6 address, in brackets.
const NOT_IN_HOSTS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// The URL of this configuration, with the settings that are not the default; `***` stands for a
/// password.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.transport, self.uses_tls()) {
            (Transport::Http, false) => "http://",
            (Transport::Http, true) => "https://",
            (_, false) => "hbase://",
            (_, true) => "hbases://",
        })?;
        if let Some(Credentials { user, password }) = &self.http.credentials {
            let password = if password.is_empty() { "" } else { ":***" };
            write!(f, "{}{password}@", utf8_percent_encode(user, NON_ALPHANUMERIC))?;
        }
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let host = utf8_percent_encode(&endpoint.host, NOT_IN_HOSTS);
            if endpoint.host.contains(':') {
                write!(f, "{comma}[{host}]:{}", endpoint.port)?;
            } else {
                write!(f, "{comma}{host}:{}", endpoint.port)?;
            }
        }
        write!(f, "/{}", self.http.path)?;
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.parameters() {
            query.append_pair(name, &value);
        }
        let query = query.finish();
        if !query.is_empty() {
            f.write_char('?')?;
        }
        f.write_str(&query)
    }
}

impl Config {
    /// The parameters that are not the default.
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let default = Config::for_endpoints(Vec::new());
        let changed = |name: &'static str, value: String, default: String| {
            (value != default).then_some((name, value))
        };
        let time = |name, value, default| {
            let text = |duration| humantime::format_duration(duration).to_string();
            changed(name, text(value), text(default))
        };
        let size = |name, value: usize, default: usize| {
            changed(name, value.to_string(), default.to_string())
        };
        let set = |name: &'static str, value: Option<String>| value.map(|value| (name, value));
        [
            set("transport", (self.transport == Transport::Framed).then(|| "framed".to_owned())),
            set("protocol", (self.protocol == Protocol::Compact).then(|| "compact".to_owned())),
            set("interface", self.interface.map(number_of)),
            time("connect_timeout", self.connect_timeout, default.connect_timeout),
            time("operation_timeout", self.operation_timeout, default.operation_timeout),
            time("pool_timeout", self.pool_timeout, default.pool_timeout),
            time("idle_timeout", self.idle_timeout, default.idle_timeout),
            size("max_attempts", self.max_attempts as usize, default.max_attempts as usize),
            size("max_connections", self.max_connections, default.max_connections),
            set("client_timestamps", self.client_timestamps.then(|| "true".to_owned())),
            set("max_request_size", self.max_request_size.map(|size| size.to_string())),
            size("max_reply_size", self.max_reply_size, default.max_reply_size),
            size("max_cell_size", self.max_cell_size, default.max_cell_size),
            changed("table_prefix", self.table_prefix.clone(), default.table_prefix),
            set("ca_file", self.get_ca_file().map(|path| path.display().to_string())),
            set(
                "client_cert_file",
                self.get_client_cert_file().map(|path| path.display().to_string()),
            ),
            set(
                "client_key_file",
                self.get_client_key_file().map(|path| path.display().to_string()),
            ),
            set("server_name", self.get_server_name().map(str::to_owned)),
            set("do_as", self.get_do_as().map(str::to_owned)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn number_of(interface: Interface) -> String {
    match interface {
        Interface::One => "1",
        Interface::Two => "2",
    }
    .to_owned()
}
