//! What only TLS has: whom to trust, and under which name.
//!
//! The handshake itself is the transport's.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Config;
use crate::error::{Error, ErrorKind, Result};

/// The settings of TLS; no root of its own means those of the operating system.
#[derive(Clone, Default)]
pub(crate) struct TlsSettings {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) ca_pem: Vec<u8>,
    pub(crate) client_cert: Pem,
    pub(crate) client_key: Pem,
    pub(crate) server_name: Option<String>,
}

/// Something in PEM form that is at hand, or in a file.
#[derive(Clone, Default)]
pub(crate) enum Pem {
    #[default]
    None,
    File(PathBuf),
    Given(Vec<u8>),
}

impl Pem {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }
}

impl Config {
    /// TLS around the connection: a gateway behind a TLS proxy (`hbases://`) or an HTTPS gateway
    /// (`https://`). Trusts what the operating system trusts, unless a root is given. Needs the
    /// cargo feature `tls`.
    ///
    /// ```
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway", 9443).tls();
    /// assert_eq!(config.to_string(), "hbases://gateway:9443/");
    /// ```
    pub fn tls(mut self) -> Self {
        self.tls.get_or_insert_default();
        self
    }

    /// TLS that trusts the root certificates in this PEM file, read when the client connects,
    /// instead of the operating system's.
    ///
    /// ```
    /// use std::path::Path;
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway", 9443).ca_file("/etc/ssl/company.pem");
    /// assert_eq!(config.get_ca_file(), Some(Path::new("/etc/ssl/company.pem")));
    /// ```
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.get_or_insert_default().ca_file = Some(path.into());
        self
    }

    /// TLS that trusts these root certificates, in PEM form, instead of the operating system's.
    ///
    /// ```no_run
    /// use hbase_thrift_client::{Client, Config};
    ///
    /// let root = std::env::var("COMPANY_ROOT").expect("the deployment sets it");
    /// let client = Client::connect(Config::new("gateway", 9443).ca_pem(root))?;
    /// # Ok::<(), hbase_thrift_client::Error>(())
    /// ```
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.get_or_insert_default().ca_pem = pem.into();
        self
    }

    /// TLS in which the client shows this certificate (mutual TLS): PEM files with the certificate
    /// chain, its own first, and with the private key to it. Both are read when the client connects.
    ///
    /// ```
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway", 9443).tls().client_cert_files("me.crt", "me.key");
    /// assert!(config.to_string().contains("client_cert_file=me.crt&client_key_file=me.key"));
    /// ```
    pub fn client_cert_files(
        mut self,
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        let tls = self.tls.get_or_insert_default();
        tls.client_cert = Pem::File(certificates.into());
        tls.client_key = Pem::File(key.into());
        self
    }

    /// As [`client_cert_files`](Self::client_cert_files), with what would be in the files.
    ///
    /// ```
    /// use hbase_thrift_client::Config;
    ///
    /// let (certificates, key) = ("-----BEGIN CERTIFICATE-----", "-----BEGIN PRIVATE KEY-----");
    /// let config = Config::new("gateway", 9443).client_cert_pem(certificates, key);
    /// assert!(config.uses_tls());
    /// ```
    pub fn client_cert_pem(
        mut self,
        certificates: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        let tls = self.tls.get_or_insert_default();
        tls.client_cert = Pem::Given(certificates.into());
        tls.client_key = Pem::Given(key.into());
        self
    }

    /// TLS with a gateway whose certificate is for this name (or address) and not for the host that
    /// is connected to.
    ///
    /// ```
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("10.0.0.7", 9443).tls().server_name("gateway.example.org");
    /// assert_eq!(config.get_server_name(), Some("gateway.example.org"));
    /// ```
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.get_or_insert_default().server_name = Some(name.into());
        self
    }

    /// Whether connections are encrypted.
    pub fn uses_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The file with the root certificates to trust.
    pub fn get_ca_file(&self) -> Option<&Path> {
        self.tls.as_ref()?.ca_file.as_deref()
    }

    /// The name that the gateway's certificate has to be for, where it is not the host's.
    pub fn get_server_name(&self) -> Option<&str> {
        self.tls.as_ref()?.server_name.as_deref()
    }

    /// The file with the certificates that the client shows.
    ///
    /// ```
    /// use std::path::Path;
    /// use hbase_thrift_client::Config;
    ///
    /// let config = Config::new("gateway", 9443).client_cert_files("me.crt", "me.key");
    /// assert_eq!(config.get_client_cert_file(), Some(Path::new("me.crt")));
    /// assert_eq!(config.get_client_key_file(), Some(Path::new("me.key")));
    /// ```
    pub fn get_client_cert_file(&self) -> Option<&Path> {
        self.tls.as_ref()?.client_cert.file()
    }

    /// The file with the private key to the client's certificate.
    pub fn get_client_key_file(&self) -> Option<&Path> {
        self.tls.as_ref()?.client_key.file()
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
        let Some(tls) = &self.tls else { return Ok(()) };
        if tls.client_cert.is_none() != tls.client_key.is_none() {
            return Err(Error::new(
                ErrorKind::Config,
                "a client certificate needs its key: set client_cert_file and client_key_file",
            ));
        }
        // Mostly a variable that is not set.
        let is_empty = |path: Option<&Path>| path.is_some_and(|path| path.as_os_str().is_empty());
        let empty = [
            ("ca_file", is_empty(self.get_ca_file())),
            ("client_cert_file", is_empty(self.get_client_cert_file())),
            ("client_key_file", is_empty(self.get_client_key_file())),
            ("server_name", self.get_server_name().is_some_and(str::is_empty)),
        ];
        match empty.iter().find(|(_, is_empty)| *is_empty) {
            Some((setting, _)) => Err(Error::new(ErrorKind::Config, empty_setting(setting))),
            None => Ok(()),
        }
    }
}

/// What is said of a setting that has no value.
pub(super) fn empty_setting(setting: &str) -> String {
    format!("{setting} is empty: leave it out, or give it a value")
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::File(path) => path.fmt(f),
            Self::Given(pem) => write!(f, "{} bytes", pem.len()),
        }
    }
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("ca_file", &self.ca_file)
            .field("ca_pem_bytes", &self.ca_pem.len())
            .field("client_cert", &self.client_cert)
            .field("client_key", &self.client_key)
            .field("server_name", &self.server_name)
            .finish()
    }
}
