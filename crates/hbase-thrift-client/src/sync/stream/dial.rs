//! Opens streams as they are configured. The one place that knows what is built in.

use std::io;
use std::time::Instant;

use super::Stream;
use super::tcp::TcpStream;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::config::{Config, Endpoint};
use crate::error::Result;

/// Opens streams to any gateway of one configuration.
pub(crate) struct Dialer {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Dialer {
    /// Reads the root certificates, once for all connections.
    #[cfg_attr(not(feature = "tls"), allow(unused_variables, clippy::unnecessary_wraps))]
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: config.tls_settings().map(Tls::new).transpose()?,
        })
    }

    /// Connects, and gets through TLS where it is configured.
    #[cfg_attr(not(feature = "tls"), allow(clippy::unused_self))]
    pub(crate) fn dial(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect(endpoint, deadline)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.wrap(tcp, endpoint, deadline)?));
        }
        Ok(Box::new(tcp))
    }
}
