//! TLS around a stream, in either world.
//!
//! Our own hand on rustls, and not one library for blocking streams and another for tokio's: what is
//! reported as written has to be whole records that have left, since the other side can't make use of less. The
//! libraries report what they have taken into their buffers.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, RootCertStore};

use super::pem::{Source, wrong};
use super::{Interrupter, Refusal, Stream};
use crate::config::{Endpoint, TlsSettings};
use crate::error::{Error, ErrorKind, Result};

/// Whom to trust, and the sessions that can be resumed.
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

pub(super) struct TlsStream {
    stream: Box<dyn Stream>,
    session: ClientConnection,
    /// Bytes that the session has taken, and that are on the way.
    taken: Option<usize>,
    /// Whom the certificate has to be for.
    name: String,
}

/// What fits into one record. What is cut off within a record is of no use to the other side, so a
/// write is either a whole record or nothing.
const RECORD: usize = 16 * 1024;

impl Tls {
    pub(super) fn new(settings: &TlsSettings) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("TLS can't be set up").with_source(error))?
            .with_root_certificates(roots(settings)?);
        let config = if settings.client_cert.is_none() {
            config.with_no_client_auth()
        } else {
            let certificates = Source::of(&settings.client_cert, "client_cert_file")?;
            let key = Source::of(&settings.client_key, "client_key_file")?;
            config
                .with_client_auth_cert(certificates.certificates()?, key.key()?)
                .map_err(|error| unfit(error, &certificates, &key))?
        };
        let server_name = settings.server_name.as_deref().map(server_name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// Shakes hands.
    pub(super) async fn wrap(
        &self,
        stream: Box<dyn Stream>,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> io::Result<TlsStream> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(endpoint.host()).map_err(io::Error::other)?,
        };
        let text = name.to_str().into_owned();
        let session = ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|error| refused(error, &text))?;
        let mut stream = TlsStream { stream, session, taken: None, name: text };
        let shaken = poll_fn(|cx| stream.poll_handshake(cx, deadline)).await;
        shaken.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => closed_in_handshake(error),
            _ => error,
        })?;
        Ok(stream)
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| wrong(format!("`{name}` can be in no certificate: set server_name")))
}

/// The roots that are configured or, without any, those of the operating system: gateways are mostly
/// certified by their own company, which the public roots don't know.
fn roots(settings: &TlsSettings) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.ca_file {
        add(&mut roots, &Source::of_file("ca_file", path)?)?;
    }
    if !settings.ca_pem.is_empty() {
        add(&mut roots, &Source::given("the root certificate given", &settings.ca_pem))?;
    }
    if settings.ca_file.is_none() && settings.ca_pem.is_empty() {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(wrong("the operating system has no root certificates: set ca_file"));
        }
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, source: &Source<'_>) -> Result<()> {
    for (number, certificate) in (1..).zip(source.certificates()?) {
        roots.add(certificate).map_err(|error| {
            let what = &source.what;
            wrong(format!("certificate {number} in {what} can't be a root: replace it"))
                .with_source(error)
        })?;
    }
    Ok(())
}

/// Why a certificate and a key can't be used together.
fn unfit(error: rustls::Error, certificates: &Source<'_>, key: &Source<'_>) -> Error {
    let (certificates, key) = (&certificates.what, &key.what);
    let message = match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "the key in {key} is not that of the first certificate in {certificates}: name the key \
             to it, and put the client's own certificate before its issuers'"
        ),
        _ => format!(
            "the key in {key} can't be used: it has to be RSA of 2,048 bits or more, ECDSA on P-256 \
             or P-384, or Ed25519"
        ),
    };
    wrong(message).with_source(error)
}

impl TlsStream {
    fn poll_handshake(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<io::Result<()>> {
        while self.session.is_handshaking() {
            ready!(self.poll_send(cx, deadline))?;
            if self.session.wants_read() && ready!(self.poll_take_in(cx, deadline))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        self.poll_send(cx, deadline)
    }

    /// Sends what the session has to send.
    fn poll_send(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut until = Until { stream: &mut *self.stream, cx, deadline };
            ready!(waiting(self.session.write_tls(&mut until)))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and decrypts some; 0 means that the other side has closed.
    fn poll_take_in(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<io::Result<usize>> {
        let mut until = Until { stream: &mut *self.stream, cx, deadline };
        let bytes = ready!(waiting(self.session.read_tls(&mut until)))?;
        if let Err(error) = self.session.process_new_packets() {
            // The other side gets the reason, if it still listens.
            let _ = self.poll_send(cx, deadline);
            return Poll::Ready(Err(refused(error, &self.name)));
        }
        Poll::Ready(Ok(bytes))
    }
}

impl Stream for TlsStream {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut [u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.session.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
            ready!(self.poll_send(cx, deadline))?;
            ready!(self.poll_take_in(cx, deadline))?;
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        deadline: Instant,
    ) -> Poll<io::Result<usize>> {
        if self.taken.is_none() {
            ready!(self.poll_send(cx, deadline))?;
            self.taken = Some(self.session.writer().write(&bytes[..bytes.len().min(RECORD)])?);
        }
        ready!(self.poll_send(cx, deadline))?;
        Poll::Ready(Ok(self.taken.take().unwrap_or_default()))
    }

    fn interrupter(&self) -> Option<Interrupter> {
        self.stream.interrupter()
    }

    fn is_at_home(&self) -> bool {
        self.stream.is_at_home()
    }

    fn is_quiet(&mut self) -> bool {
        // What came may be TLS's own, such as a ticket for the next session.
        for _ in 0..8 {
            if self.session.reader().read(&mut [0]).is_ok() {
                return false;
            }
            if self.stream.is_quiet() {
                return true;
            }
            // There is something, so this does not wait.
            let soon = Instant::now() + Duration::from_millis(10);
            let mut context = Context::from_waker(Waker::noop());
            if !matches!(self.poll_take_in(&mut context, soon), Poll::Ready(Ok(1..))) {
                return false;
            }
        }
        false
    }
}

/// What failed, and what to do where that is known.
fn refused(error: rustls::Error, name: &str) -> io::Error {
    use rustls::Error as Tls;
    let (kind, message) = match &error {
        // A bad signature is that of an issuer of the same name, such as one that was made anew.
        Tls::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => (
            ErrorKind::Tls,
            format!(
                "the certificate of {name} comes from nobody who is trusted: \
                 set ca_file to its issuer's certificate"
            ),
        ),
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            ErrorKind::Tls,
            format!(
                "the gateway's certificate is not for {name}: \
                 call the gateway by a name that is in it, or set server_name to one"
            ),
        ),
        Tls::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => (ErrorKind::Tls, format!("the certificate of {name} has expired")),
        Tls::AlertReceived(AlertDescription::CertificateRequired) => (
            ErrorKind::Tls,
            format!(
                "{name} demands a certificate of the client: set client_cert_file and client_key_file"
            ),
        ),
        Tls::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
        ) => (ErrorKind::Tls, format!("{name} does not accept the client's certificate")),
        Tls::InvalidMessage(_) => (
            ErrorKind::WrongProtocol,
            "the server does not speak TLS: use hbase:// or http:// where that will do".to_owned(),
        ),
        _ => (ErrorKind::Tls, format!("TLS with {name} failed")),
    };
    Refusal { kind, message, source: Some(error.into()) }.into()
}

fn closed_in_handshake(error: io::Error) -> io::Error {
    let message = "the gateway closes the connection when it is offered TLS: \
                   use hbase:// or http:// if it has none";
    let message = message.to_owned();
    Refusal { kind: ErrorKind::Connect, message, source: Some(error.into()) }.into()
}

/// The stream as the session wants to see it: what has to be waited for "would block".
struct Until<'a, 'b> {
    stream: &'a mut dyn Stream,
    cx: &'a mut Context<'b>,
    deadline: Instant,
}

impl Read for Until<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        would_block(self.stream.poll_read(self.cx, into, self.deadline))
    }
}

impl Write for Until<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        would_block(self.stream.poll_write(self.cx, bytes, self.deadline))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn would_block(poll: Poll<io::Result<usize>>) -> io::Result<usize> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

fn waiting(result: io::Result<usize>) -> Poll<io::Result<usize>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}
