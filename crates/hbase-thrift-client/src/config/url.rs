//! The grammar of the configuration's URL: `hbase://HOST[:PORT][,HOST[:PORT]…][/][?NAME=VALUE&…]`.
//!
//! Written by hand because URLs of the common libraries have one host; escapes and the query are
//! read by a library all the same.

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{Config, Endpoint, Protocol, Transport};
use crate::error::{Error, ErrorKind, Result};

const SCHEME: &str = "hbase://";

impl FromStr for Config {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the part of the URL that can't be used.
    fn from_str(url: &str) -> Result<Self> {
        let Some(rest) = url.strip_prefix(SCHEME) else {
            return Err(wrong("the URL has to begin with hbase://, as in hbase://localhost:9090"));
        };
        let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = before_query.split_once('/').unwrap_or((before_query, ""));
        if !path.is_empty() {
            return Err(wrong(format!("the URL can't have a path, but has /{path}")));
        }
        if hosts.contains('@') {
            return Err(wrong("the URL can't have a user: a plain gateway asks for none"));
        }
        let endpoints = hosts.split(',').map(endpoint).collect::<Result<_>>()?;
        let mut config = Config::for_endpoints(endpoints);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            config.set(&name, &value)?;
        }
        config.check()?;
        Ok(config)
    }
}

impl Config {
    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "transport" => {
                self.transport = match value {
                    "buffered" => Transport::Buffered,
                    "framed" => Transport::Framed,
                    _ => return Err(wrong_value(name, value, "buffered or framed")),
                }
            }
            "protocol" => {
                self.protocol = match value {
                    "binary" => Protocol::Binary,
                    "compact" => Protocol::Compact,
                    _ => return Err(wrong_value(name, value, "binary or compact")),
                }
            }
            "connect_timeout" => self.connect_timeout = duration(name, value)?,
            "operation_timeout" => self.operation_timeout = duration(name, value)?,
            "pool_timeout" => self.pool_timeout = duration(name, value)?,
            "idle_timeout" => self.idle_timeout = duration(name, value)?,
            "max_attempts" => self.max_attempts = number(name, value)?,
            "max_connections" => self.max_connections = number(name, value)?,
            "max_request_size" => self.max_request_size = Some(size(name, value)?),
            "max_reply_size" => self.max_reply_size = size(name, value)?,
            "max_cell_size" => self.max_cell_size = size(name, value)?,
            "table_prefix" => value.clone_into(&mut self.table_prefix),
            _ => return Err(wrong(format!("the URL has an unknown parameter `{name}`"))),
        }
        Ok(())
    }
}

/// The URL of this configuration, with the settings that are not the default.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.endpoints.iter().map(Endpoint::to_string).collect();
        write!(f, "{SCHEME}{}/", hosts.join(","))?;
        let default = Config::for_endpoints(Vec::new());
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.transport == Transport::Framed {
            query.append_pair("transport", "framed");
        }
        if self.protocol == Protocol::Compact {
            query.append_pair("protocol", "compact");
        }
        for (name, value, default) in [
            ("connect_timeout", self.connect_timeout, default.connect_timeout),
            ("operation_timeout", self.operation_timeout, default.operation_timeout),
            ("pool_timeout", self.pool_timeout, default.pool_timeout),
            ("idle_timeout", self.idle_timeout, default.idle_timeout),
        ] {
            if value != default {
                query.append_pair(name, &humantime::format_duration(value).to_string());
            }
        }
        for (name, value, default) in [
            ("max_attempts", Some(self.max_attempts as usize), Some(default.max_attempts as usize)),
            ("max_connections", Some(self.max_connections), Some(default.max_connections)),
            ("max_request_size", self.max_request_size, None),
            ("max_reply_size", Some(self.max_reply_size), Some(default.max_reply_size)),
            ("max_cell_size", Some(self.max_cell_size), Some(default.max_cell_size)),
        ] {
            if let Some(value) = value
                && Some(value) != default
            {
                query.append_pair(name, &value.to_string());
            }
        }
        if !self.table_prefix.is_empty() {
            query.append_pair("table_prefix", &self.table_prefix);
        }
        let query = query.finish();
        if !query.is_empty() {
            f.write_char('?')?;
        }
        f.write_str(&query)
    }
}

fn endpoint(text: &str) -> Result<Endpoint> {
    let (host, port) = match text.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) =
                v6.split_once(']').ok_or_else(|| wrong(format!("`{text}` lacks a `]`")))?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let host = percent_decode_str(host)
        .decode_utf8()
        .map_err(|_| wrong(format!("the host of `{text}` is not UTF-8")))?;
    if host.is_empty() {
        return Err(wrong("the URL names no host, or has a comma too many"));
    }
    let port = match port {
        None => Endpoint::DEFAULT_PORT,
        Some(port) => port
            .parse()
            .map_err(|_| wrong(format!("`{port}` in `{text}` is no port (0 to 65535)")))?,
    };
    Ok(Endpoint::new(host, port))
}

fn duration(name: &str, value: &str) -> Result<Duration> {
    humantime::parse_duration(value)
        .map_err(|_| wrong_value(name, value, "a duration such as 500ms, 10s or 2m"))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| wrong_value(name, value, "a whole number"))
}

fn size(name: &str, value: &str) -> Result<usize> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (digits, unit) = units
        .iter()
        .find_map(|(suffix, unit)| Some((value.strip_suffix(suffix)?, *unit)))
        .unwrap_or((value, 1_usize));
    digits
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .ok_or_else(|| wrong_value(name, value, "a number of bytes such as 4096, 64KiB or 2MiB"))
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn wrong_value(name: &str, value: &str, expected: &str) -> Error {
    wrong(format!("{name}={value} can't be used: expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Config {
        url.parse().unwrap()
    }

    fn message(url: &str) -> String {
        url.parse::<Config>().unwrap_err().to_string()
    }

    #[test]
    fn a_host_alone_gets_the_default_port_and_settings() {
        assert_eq!(parse("hbase://gateway"), Config::new("gateway", 9090));
    }

    #[test]
    fn several_hosts_are_separated_by_commas() {
        let config = parse("hbase://a:1,b,[::1]:3/");
        let names: Vec<String> = config.endpoints().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a:1", "b:9090", "[::1]:3"]);
    }

    #[test]
    fn every_setting_is_a_parameter() {
        let config = parse(
            "hbase://h/?transport=framed&protocol=compact&connect_timeout=1s&operation_timeout=2m\
             &pool_timeout=3ms&idle_timeout=4s&max_attempts=5&max_connections=6\
             &max_request_size=7KiB&max_reply_size=8MiB&max_cell_size=9&table_prefix=test%5F",
        );
        let expected = Config::new("h", 9090)
            .with_transport(Transport::Framed)
            .with_protocol(Protocol::Compact)
            .with_connect_timeout(Duration::from_secs(1))
            .with_operation_timeout(Duration::from_mins(2))
            .with_pool_timeout(Duration::from_millis(3))
            .with_idle_timeout(Duration::from_secs(4))
            .with_max_attempts(5)
            .with_max_connections(6)
            .with_max_request_size(7 * 1024)
            .with_max_reply_size(8 * 1024 * 1024)
            .with_max_cell_size(9)
            .with_table_prefix("test_");
        assert_eq!(config, expected);
    }

    #[test]
    fn the_url_of_a_configuration_reads_back_as_the_same() {
        let config = parse("hbase://a:1,[::1]:2/?transport=framed&idle_timeout=4s&max_attempts=5")
            .with_table_prefix("a b&c");
        assert_eq!(parse(&config.to_string()), config);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert!(message("localhost:9090").contains("begin with hbase://"));
        assert!(message("hbase://").contains("no host"));
        assert!(message("hbase://a,,b").contains("comma too many"));
        assert!(message("hbase://a:b").contains("`b`"));
        assert!(message("hbase://a/path").contains("/path"));
        assert!(message("hbase://user:pw@a").contains("user"));
        assert!(message("hbase://a?transprot=framed").contains("`transprot`"));
        assert!(message("hbase://a?transport=frame").contains("buffered or framed"));
        assert!(message("hbase://a?connect_timeout=5").contains("500ms"));
        assert!(message("hbase://a?connect_timeout=0s").contains("zero"));
        assert!(message("hbase://a?max_attempts=0").contains("at least 1"));
        assert!(message("hbase://a?max_reply_size=9GiB").contains("max_reply_size"));
        assert!(message("hbase://a?max_cell_size=99999999999999GiB").contains("bytes"));
    }
}
