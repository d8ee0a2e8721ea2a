//! Certificates and keys in PEM form, from files or as they were given, and what is wrong with those
//! that can't be used.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;

use crate::config::Pem;
use crate::error::{Error, ErrorKind, Result};

/// Text with certificates or a key in it, and how to name it.
pub(super) struct Source<'a> {
    pub(super) what: String,
    text: Cow<'a, [u8]>,
}

/// The roots of all public authorities take a quarter of a megabyte.
const LARGEST: usize = 16 * 1024 * 1024;
/// How the sections begin of keys that a password is needed for.
const ENCRYPTED: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];
/// A list that takes two bytes to say how long it is, as each certificate and key without PEM begins.
const DER: [u8; 2] = [0x30, 0x82];

impl<'a> Source<'a> {
    /// Reads the file of a setting.
    pub(super) fn of_file(setting: &str, path: &Path) -> Result<Self> {
        let what = format!("{setting} {}", path.display());
        let mut text = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut text));
        if let Err(error) = read {
            let message = format!("{what} can't be read{}", advice(error.kind()));
            return Err(wrong(message).with_source(error));
        }
        if text.len() > LARGEST {
            return Err(wrong(format!("{what} has more than 16 MiB: name a PEM file")));
        }
        Ok(Self { what, text: text.into() })
    }

    pub(super) fn given(what: &str, text: &'a [u8]) -> Self {
        Self { what: what.to_owned(), text: text.into() }
    }

    /// A file's text, or what was given for it.
    pub(super) fn of(pem: &'a Pem, setting: &str) -> Result<Self> {
        match pem {
            Pem::File(path) => Self::of_file(setting, path),
            Pem::Given(given) => Ok(Self::given(&format!("what was given for {setting}"), given)),
            Pem::None => Ok(Self::given(setting, &[])),
        }
    }

    /// All certificates, at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let what = &self.what;
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&self.text) {
            let certificate = certificate.map_err(|error| self.damaged(error))?;
            let number = certificates.len() + 1;
            if let Err(error) = ParsedCertificate::try_from(&certificate) {
                let message = format!("certificate {number} in {what} can't be used: replace it");
                return Err(wrong(message).with_source(error));
            }
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(self.lacks("certificate", "-----BEGIN CERTIFICATE-----"));
        }
        Ok(certificates)
    }

    /// The first private key.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>> {
        let is_encrypted = ENCRYPTED.iter().any(|start| self.contains(start));
        match PrivateKeyDer::from_pem_slice(&self.text) {
            Ok(key) => Ok(key),
            Err(_) if is_encrypted => Err(wrong(format!(
                "the key in {} is encrypted, which this client has no password for: decrypt it, as \
                 with `openssl pkey -in ENCRYPTED -out PLAIN`",
                self.what
            ))),
            Err(pem::Error::NoItemsFound) => {
                Err(self.lacks("private key", "-----BEGIN PRIVATE KEY-----"))
            }
            Err(error) => Err(self.damaged(error)),
        }
    }

    fn contains(&self, text: &[u8]) -> bool {
        self.text.windows(text.len()).any(|window| window == text)
    }

    fn damaged(&self, error: pem::Error) -> Error {
        let what = &self.what;
        let message = format!("{what} is no whole PEM: was it cut off, or changed by hand?");
        wrong(message).with_source(error)
    }

    /// Says what is there instead.
    fn lacks(&self, wanted: &str, start: &str) -> Error {
        let what = &self.what;
        let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(&self.text);
        let kinds: Vec<_> = sections.map_while(std::result::Result::ok).map(|it| it.0).collect();
        let found = if self.text.trim_ascii().is_empty() {
            "it is empty".to_owned()
        } else if self.text.starts_with(&DER) {
            "it looks like DER, which `openssl x509` and `openssl pkey` make PEM of".to_owned()
        } else if kinds.contains(&SectionKind::Certificate) {
            "it has a certificate in it, not its key".to_owned()
        } else if self.contains(b"PRIVATE KEY-----") {
            "it has a key in it, not the certificate to it".to_owned()
        } else {
            format!("one begins with {start}")
        };
        wrong(format!("{what} has no {wanted} in it: {found}"))
    }
}

/// What can be done about a file that can't be read, where that is known.
fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => ": check its path",
        io::ErrorKind::PermissionDenied => ": let the user read it that this program runs as",
        io::ErrorKind::IsADirectory => ": name the file in it",
        _ => "",
    }
}

pub(super) fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user who runs the tests may be allowed to read everything.
    #[test]
    fn who_may_not_read_a_file_is_told_whose_permission_it_takes() {
        assert!(advice(io::ErrorKind::PermissionDenied).contains("the user"));
    }
}
