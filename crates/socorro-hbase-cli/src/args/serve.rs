//! Options of `serve`: what of the services runs here, and what strangers may ask of it.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::work::{ClaimOptions, SignatureLists, Symbols};

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line of text for each event
    #[default]
    Text,
    /// A JSON object for each event, one a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Receive crashes on this host and port; port 0 is a free one; 127.0.0.1:8000 if there is a collector
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// Process this many crashes at once; by default as many as there are processors
    #[arg(long, value_name = "N", conflicts_with = "no_workers")]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Receive no crashes; with --listen, that address still has health and metrics
    #[arg(long)]
    pub(crate) no_collector: bool,
    /// Process no crashes
    #[arg(long)]
    pub(crate) no_workers: bool,
    /// Let other programs use the program's own store meanwhile, at this address
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) thrift: Option<String>,
    /// A folder that keeps crashes while the store is away; with a server by default
    /// socorro-hbase-spool among the user's data, with the program's own store none
    #[arg(long, value_name = "FOLDER", conflicts_with = "no_collector")]
    pub(crate) spool: Option<PathBuf>,
    /// What the spool may take, like 500M or 10G
    #[arg(long, value_name = "SIZE", default_value = "10G", value_parser = size)]
    pub(crate) spool_limit: u64,
    /// A file of throttling rules (TOML); without one every crash is kept
    #[arg(long, value_name = "FILE", conflicts_with = "no_collector")]
    pub(crate) rules: Option<PathBuf>,
    /// Only say which of these rules decides about the annotations on standard input, one JSON object
    ///
    /// JSON: rule (null if none matches), results (each with result and percentage).
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "listen", "workers", "no_collector", "no_workers", "thrift", "spool", "rules"
        ]
    )]
    pub(crate) check_rules: Option<PathBuf>,
    /// An annotation that is dropped before anything is stored, instead of those that Socorro drops
    /// (`Email`, `TelemetryClientId`, `TelemetrySessionId`, `TelemetryServerURL`); may be given again;
    /// '' drops none
    #[arg(long, value_name = "ANNOTATION")]
    pub(crate) drop: Option<Vec<String>>,
    /// An annotation that only those read who have the token, besides those that are on no list of public
    /// ones; searches don't find crashes by it; commands that read the store itself, such as `crashes`, show it;
    /// may be given again
    #[arg(long, value_name = "ANNOTATION")]
    pub(crate) protect: Vec<String>,
    #[command(flatten)]
    pub(crate) claim: ClaimOptions,
    #[command(flatten)]
    pub(crate) symbols: Symbols,
    #[command(flatten)]
    pub(crate) lists: SignatureLists,
    /// How the log on standard error is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
}

/// What strangers may ask of the collector; the library has the defaults.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of what is received")]
pub(crate) struct LimitOptions {
    /// Bytes of a request as it is sent; 25M
    #[arg(long = "max-request", value_name = "SIZE", value_parser = size)]
    pub(crate) request: Option<u64>,
    /// Bytes of a request once it is unpacked; 50M
    #[arg(long = "max-unpacked", value_name = "SIZE", value_parser = size)]
    pub(crate) unpacked: Option<u64>,
    /// Bytes of one part, such as a dump, which has to fit into a cell of HBase; 10M less 4K
    #[arg(long = "max-part", value_name = "SIZE", value_parser = size)]
    pub(crate) part: Option<u64>,
    /// Parts of a request; 1000
    #[arg(long = "max-parts", value_name = "COUNT")]
    pub(crate) parts: Option<usize>,
    /// Bytes of all requests that are under way; 512M
    #[arg(long = "max-memory", value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// Connections at once, of which the slowest client's is given to another one if need be; 512
    #[arg(long = "max-connections", value_name = "COUNT")]
    pub(crate) connections: Option<NonZeroUsize>,
    /// How long a client may be silent while it sends; 30s
    #[arg(long = "max-silence", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) silence: Option<Duration>,
    /// How long a request may take to arrive; 5m
    #[arg(long = "max-arrival", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) arrival: Option<Duration>,
}

/// Bytes, in units of 1024.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "this is no size like 4096, 500K, 25M or 10G".to_owned();
    let digits = text.trim_end_matches(['K', 'M', 'G']);
    let unit = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit_or_none() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("25M"), Ok(25 << 20));
        for wrong in ["", "M", "1MM", "1m", "-1", "99999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
