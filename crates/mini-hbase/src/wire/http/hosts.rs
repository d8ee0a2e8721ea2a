//! The names that a server goes by, so that no web page reaches it by a name of its own.

use std::net::{IpAddr, Ipv6Addr};

/// The names by which a request may call this server, beside addresses and `localhost`.
///
/// A page of another site can have its own name point here (DNS rebinding), and would then be of
/// the same origin; that name is refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// Admits a name, or every name if it is `*`.
    pub(crate) fn admit(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(super) fn admits(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        if literal.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
            || name.parse::<IpAddr>().is_ok()
        {
            return true;
        }
        let name = name.to_ascii_lowercase();
        name == "localhost"
            || name.ends_with(".localhost")
            || self.0.iter().any(|admitted| admitted == "*" || admitted.eq_ignore_ascii_case(&name))
    }
}
