//! What only TLS has: whom to trust, and under which name.
//!
//! The handshake itself is the transport's.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Config;
use crate::error::{Error, ErrorKind, Result};

/// The settings of TLS; no root of its own means those of the operating system.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsSettings {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) ca_pem: Vec<u8>,
    pub(crate) server_name: Option<String>,
}

impl Config {
    /// TLS around the connection: a gateway behind a TLS proxy (`hbases://`) or an HTTPS gateway
    /// (`https://`). Trusts what the operating system trusts, unless a root is given. Needs the
    /// cargo feature `tls`.
    ///
    /// ```
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway", 9443).with_tls();
    /// assert_eq!(config.to_string(), "hbases://gateway:9443/");
    /// ```
    pub fn with_tls(mut self) -> Self {
        self.tls.get_or_insert_default();
        self
    }

    /// TLS that trusts the root certificates in this PEM file, read when the client connects,
    /// instead of the operating system's.
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.get_or_insert_default().ca_file = Some(path.into());
        self
    }

    /// TLS that trusts these root certificates, in PEM form, instead of the operating system's.
    pub fn with_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.get_or_insert_default().ca_pem = pem.into();
        self
    }

    /// TLS with a gateway whose certificate is for this name (or address) and not for the host that
    /// is connected to.
    pub fn with_server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.get_or_insert_default().server_name = Some(name.into());
        self
    }

    /// Whether connections are encrypted.
    pub fn uses_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The file with the root certificates to trust.
    pub fn ca_file(&self) -> Option<&Path> {
        self.tls.as_ref()?.ca_file.as_deref()
    }

    /// The name that the gateway's certificate has to be for, where it is not the host's.
    pub fn server_name(&self) -> Option<&str> {
        self.tls.as_ref()?.server_name.as_deref()
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls_settings(&self) -> Option<&TlsSettings> {
        self.tls.as_ref()
    }

    pub(super) fn check_tls(&self) -> Result<()> {
        if self.tls.is_some() && cfg!(not(feature = "tls")) {
            return Err(Error::new(
                ErrorKind::Config,
                "TLS is not built in: build hbase-thrift-client with its feature `tls`",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("ca_file", &self.ca_file)
            .field("ca_pem_bytes", &self.ca_pem.len())
            .field("server_name", &self.server_name)
            .finish()
    }
}
