//! Puts the channels that are configured around each other. The one place that knows which of them
//! are built in.

use std::io;
use std::time::Instant;

use super::Channel;
use super::tcp::TcpChannel;
use crate::config::{Config, Endpoint};
use crate::error::Result;

#[cfg(feature = "http")]
use super::http::{Head, HttpChannel};
#[cfg(feature = "tls")]
use super::tls::Tls;
#[cfg(feature = "http")]
use crate::config::Transport;

/// Opens channels to any gateway of one configuration; clones share what was read for it.
#[derive(Clone)]
pub(crate) struct Dialer {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
    #[cfg(feature = "http")]
    head: Option<Head>,
}

impl Dialer {
    /// Reads the root certificates, once for all connections.
    #[cfg_attr(not(feature = "tls"), allow(unused_variables, clippy::unnecessary_wraps))]
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: config.tls_settings().map(Tls::new).transpose()?,
            #[cfg(feature = "http")]
            head: (config.transport() == Transport::Http).then(|| Head::new(config)),
        })
    }

    /// Connects, and gets through TLS where it is configured.
    pub(crate) fn dial(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> io::Result<Box<dyn Channel>> {
        let stream = self.stream(endpoint, deadline)?;
        #[cfg(feature = "http")]
        if let Some(head) = &self.head {
            let head = head.for_host(endpoint);
            let (dialer, endpoint) = (self.clone(), endpoint.clone());
            let redial = move |deadline| dialer.stream(&endpoint, deadline);
            return Ok(Box::new(HttpChannel::new(stream, head, Box::new(redial))));
        }
        Ok(stream)
    }

    #[cfg_attr(not(feature = "tls"), allow(clippy::unused_self))]
    fn stream(&self, endpoint: &Endpoint, deadline: Instant) -> io::Result<Box<dyn Channel>> {
        let tcp = TcpChannel::connect(endpoint, deadline)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.wrap(tcp, endpoint, deadline)?));
        }
        Ok(Box::new(tcp))
    }
}
