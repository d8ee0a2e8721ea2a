//! The grammar of the configuration's URL:
//! `SCHEME://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/PATH][?NAME=VALUE&…]`.
//!
//! Written by hand because URLs of the common libraries have one host; escapes and the query are
//! read by a library all the same.

use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::tls::{Pem, TlsSettings};
use super::{Config, Endpoint, Transport, is_ipv6, shown};
use crate::error::{Error, ErrorKind, Result};

/// A scheme, and what it stands for.
struct Scheme {
    name: &'static str,
    http: bool,
    tls: bool,
    default_port: u16,
}

const SCHEMES: [Scheme; 4] = [
    Scheme { name: "hbase", http: false, tls: false, default_port: Endpoint::DEFAULT_PORT },
    Scheme { name: "hbases", http: false, tls: true, default_port: Endpoint::DEFAULT_PORT },
    Scheme { name: "http", http: true, tls: false, default_port: 80 },
    Scheme { name: "https", http: true, tls: true, default_port: 443 },
];

impl FromStr for Config {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the part of the URL that can't be used, and never a password.
    fn from_str(url: &str) -> Result<Self> {
        let (scheme, rest) = scheme(url)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if rest.contains('@') {
            // The hosts may be the beginning of a password, and what follows the rest of it.
            return Err(wrong(
                "the URL has an @ after the hosts: in a password write %2F for a /, %3F for a ? and \
                 %23 for a #, elsewhere %40 for an @",
            ));
        }
        if rest.contains('#') {
            return Err(wrong("the URL can't have a #: write %23 for it"));
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self::from_parts(scheme, authority, path.strip_prefix('/').unwrap_or(path), query)
    }
}

impl Config {
    fn from_parts(scheme: &Scheme, authority: &str, path: &str, query: &str) -> Result<Self> {
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let endpoints = hosts.split(',').map(|host| endpoint(host, scheme.default_port));
        let mut config = Config::for_endpoints(endpoints.collect::<Result<_>>()?);
        if scheme.tls {
            config = config.tls();
        }
        if scheme.http {
            config = config.transport(Transport::Http);
            path.clone_into(&mut config.http.path);
        } else if !path.is_empty() {
            return Err(wrong(format!("the URL can't have a path, but has `/{}`", shown(path))));
        }
        if let Some(user) = user {
            config = config.with_user(user, scheme)?;
        }
        // The library would put something else in its place.
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(wrong("the URL has an escape after its ? that is not UTF-8"));
        }
        let mut names = HashSet::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            config = config.with_parameter(&name, &value, scheme)?;
            if !names.insert(name.clone()) {
                let name = shown(&name);
                return Err(wrong(format!("the URL has the parameter `{name}` twice")));
            }
        }
        config.check()?;
        Ok(config)
    }
}

fn scheme(url: &str) -> Result<(&'static Scheme, &str)> {
    let (name, rest) = url.split_once("://").unwrap_or_default();
    let scheme = SCHEMES.iter().find(|scheme| scheme.name.eq_ignore_ascii_case(name));
    // The URL itself may hold a password.
    let expected = "the URL has to begin with hbase://, hbases://, http:// or https://, \
                    as in hbase://localhost:9090";
    Ok((scheme.ok_or_else(|| wrong(expected))?, rest))
}

impl Config {
    fn with_user(self, user: &str, scheme: &Scheme) -> Result<Self> {
        if !scheme.http {
            return Err(wrong("the URL can't have a user: a plain gateway asks for none"));
        }
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let decode = |text| percent_decode_str(text).decode_utf8();
        match (decode(user), decode(password)) {
            (Ok(user), Ok(password)) => Ok(self.basic_auth(user, password)),
            _ => Err(wrong("user and password have to be UTF-8")),
        }
    }

    /// Each file has a parameter of its own; both together are checked at the end.
    fn part_of_client_cert(mut self, part: fn(&mut TlsSettings) -> &mut Pem, path: &str) -> Self {
        *part(self.tls.get_or_insert_default()) = Pem::File(path.into());
        self
    }

    fn with_parameter(self, name: &str, value: &str, scheme: &Scheme) -> Result<Self> {
        let not_here = |schemes: &str| Err(wrong(format!("{name} is for {schemes} only")));
        Ok(match name {
            "transport" | "protocol" if scheme.http => return not_here("hbase:// and hbases://"),
            "do_as" if !scheme.http => return not_here("http:// and https://"),
            "ca_file" | "client_cert_file" | "client_key_file" | "server_name" if !scheme.tls => {
                return not_here("hbases:// and https://");
            }
            "do_as" => self.do_as(value),
            "ca_file" => self.ca_file(value),
            "client_cert_file" => self.part_of_client_cert(|tls| &mut tls.client_cert, value),
            "client_key_file" => self.part_of_client_cert(|tls| &mut tls.client_key, value),
            "server_name" => self.server_name(value),
            "transport" => match value.parse() {
                Ok(transport) if transport != Transport::Http => self.transport(transport),
                _ => return Err(wrong_value(name, value, "buffered or framed")),
            },
            "protocol" => match value.parse() {
                Ok(protocol) => self.protocol(protocol),
                Err(_) => return Err(wrong_value(name, value, "binary or compact")),
            },
            "interface" => match value.parse() {
                Ok(interface) => self.interface(interface),
                Err(_) => return Err(wrong_value(name, value, "1 or 2")),
            },
            "connect_timeout" => self.connect_timeout(duration(name, value)?),
            "operation_timeout" => self.operation_timeout(duration(name, value)?),
            "pool_timeout" => self.pool_timeout(duration(name, value)?),
            "idle_timeout" => self.idle_timeout(duration(name, value)?),
            "max_attempts" => self.max_attempts(number(name, value)?),
            "max_connections" => self.max_connections(number(name, value)?),
            "client_timestamps" => self.client_timestamps(match value {
                "true" => true,
                "false" => false,
                _ => return Err(wrong_value(name, value, "true or false")),
            }),
            "max_request_size" => self.max_request_size(size(name, value)?),
            "max_reply_size" => self.max_reply_size(size(name, value)?),
            "max_cell_size" => self.max_cell_size(size(name, value)?),
            "table_prefix" => self.table_prefix(value),
            _ => {
                let name = shown(name);
                return Err(wrong(format!("the URL has an unknown parameter `{name}`")));
            }
        })
    }
}

/// A wrong port is not shown: without a host after it, it is a password.
fn endpoint(text: &str, default_port: u16) -> Result<Endpoint> {
    let quoted = shown(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']').ok_or_else(|| wrong(format!("`{quoted}` lacks a `]`")))?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let decoded = percent_decode_str(host).decode_utf8().map_err(|_| {
        wrong(format!("the host of `{quoted}` is not UTF-8: before a zone write %25 for the %"))
    })?;
    let host = shown(&decoded);
    if text.starts_with('[') && !is_ipv6(&decoded) {
        return Err(wrong(format!("`{host}` is in brackets, but is no IPv6 address")));
    }
    if is_ipv6(text) {
        return Err(wrong(format!("the IPv6 address {text} needs brackets: [{text}]")));
    }
    if decoded.is_empty() {
        return Err(wrong("the URL names no host, or has a comma too many"));
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => default_port,
        None => return Err(wrong(format!("`[{host}]` is followed by something else than a port"))),
        Some(port) => digits(port)
            .ok_or_else(|| wrong(format!("the port of `{host}` is no number")))?
            .parse()
            .map_err(|_| wrong(format!("the port of `{host}` is none of 1 to 65535")))?,
    };
    Ok(Endpoint::new(decoded, port))
}

fn duration(name: &str, value: &str) -> Result<Duration> {
    humantime::parse_duration(value)
        .map_err(|_| wrong_value(name, value, "a duration such as 500ms, 10s or 2m"))
}

/// The text, if it is digits: Rust would read a sign as well.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    let parsed = digits(value).and_then(|digits| digits.parse().ok());
    parsed.ok_or_else(|| wrong_value(name, value, "a whole number"))
}

fn size(name: &str, value: &str) -> Result<usize> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let (digits, unit) = units
        .iter()
        .find_map(|(suffix, unit)| Some((value.strip_suffix(suffix)?, *unit)))
        .unwrap_or((value, 1_usize));
    self::digits(digits.trim())
        .and_then(|digits| digits.parse::<usize>().ok())
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| wrong_value(name, value, "a number of bytes such as 4096, 64KiB or 2MiB"))
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn wrong_value(name: &str, value: &str, expected: &str) -> Error {
    wrong(format!("{name}={} can't be used: expected {expected}", shown(value)))
}

#[cfg(test)]
mod tests;
