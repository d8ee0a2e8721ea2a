//! Symbol servers: fetches a file once, keeps it, and remembers what isn't there.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::{Servers, place};

/// Fetches symbol files from servers into a cache.
pub(super) struct Downloader {
    agent: Agent,
    servers: Servers,
    until: Instant,
}

/// What came of a search on servers.
pub(super) enum Downloaded {
    /// The file is in the cache.
    File(PathBuf),
    /// No server has it.
    Missing,
    /// At least one server may have it, for these reasons.
    Failed(Vec<String>),
}

/// The largest symbol file that is fetched.
const LARGEST: u64 = 2 << 30;
/// What stays as it is in a part of an address.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Downloader {
    /// Fetches until a time, and not after it.
    pub(super) fn new(servers: &Servers, until: Instant) -> Self {
        // A company's server is certified by the company; where no roots are known, public ones do.
        let found = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> =
            found.iter().map(|it| Certificate::from_der(it.as_ref()).to_owned()).collect();
        let roots =
            if roots.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&roots) };
        let config = Agent::config_builder()
            .timeout_connect(Some(servers.time.min(Duration::from_secs(5))))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("socorro-processor/", env!("CARGO_PKG_VERSION")));
        Self { agent: config.build().into(), servers: servers.clone(), until }
    }

    /// Finds a file in the cache or on a server.
    pub(super) fn get(&self, debug_file: &str, debug_id: &str) -> Downloaded {
        let Some(path) = place(&self.servers.cache, debug_file, debug_id) else {
            return Downloaded::Missing;
        };
        if path.is_file() {
            return Downloaded::File(path);
        }
        let missing = path.with_extension("missing");
        if self.is_remembered(&missing) {
            return Downloaded::Missing;
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let parts = [debug_file, debug_id, &file];
        let parts = parts.map(|part| utf8_percent_encode(part, &PLAIN).to_string());
        let mut reasons = Vec::new();
        for server in &self.servers.urls {
            let url = format!("{}/{}", server.trim_end_matches('/'), parts.join("/"));
            match self.fetch(&url, &path) {
                Ok(true) => return Downloaded::File(path),
                Ok(false) => {}
                Err(reason) => reasons.push(format!("{url}: {reason}")),
            }
        }
        if !reasons.is_empty() {
            return Downloaded::Failed(reasons);
        }
        // Not to remember it costs another request, nothing else.
        let _ = missing.parent().map_or(Ok(()), fs::create_dir_all);
        let _ = fs::write(&missing, "");
        Downloaded::Missing
    }

    fn is_remembered(&self, missing: &Path) -> bool {
        let written = fs::metadata(missing).and_then(|file| file.modified());
        written.is_ok_and(|written| {
            let age = SystemTime::now().duration_since(written);
            age.is_ok_and(|age| age < self.servers.missing_for)
        })
    }

    /// Fetches a file; `false` if the server doesn't have it.
    fn fetch(&self, url: &str, path: &Path) -> Result<bool, String> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.servers.time);
        if left.is_zero() {
            return Err("no time is left for downloads".to_owned());
        }
        let request = self.agent.get(url).config().timeout_global(Some(left)).build();
        let mut response = match request.call() {
            Ok(response) => response,
            // Not there, not any more, or (as Amazon's servers say it) not to be seen.
            Err(Error::StatusCode(403 | 404 | 410)) => return Ok(false),
            Err(error) => return Err(error.to_string()),
        };
        let body = response.body_mut().with_config().limit(LARGEST).reader();
        keep(body, path).map_err(|error| error.to_string())?;
        Ok(true)
    }
}

/// Writes a file as a whole or not at all, whoever else writes it.
fn keep(mut body: impl Read, path: &Path) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::copy(&mut body, file.as_file_mut())?;
    file.persist(path)?;
    Ok(())
}
