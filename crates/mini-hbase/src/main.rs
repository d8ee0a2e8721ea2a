//! The command: a server for programs in any language, until it is told to stop.
//!
//! Everything it can do is in the library; here are arguments, signals and messages.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use mini_hbase::{Durability, MiniHBase, Protocol, StartError, Transport};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// An embedded HBase: tables on disk, behind the protocol of HBase's Thrift 1 gateway.
///
/// There is no authentication: listen only where every program may use the tables. It ends, with
/// everything acknowledged kept, on SIGINT and SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "mini-hbase", version)]
struct Arguments {
    /// Listen on this host and port; port 0 is a free one, which is told
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9090")]
    listen: String,
    /// Keep the tables in this folder; without one, they are gone with the server
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Tell messages apart this way
    #[arg(long, value_enum, default_value = "buffered")]
    transport: TransportName,
    /// Encode messages this way
    #[arg(long, value_enum, default_value = "binary")]
    protocol: ProtocolName,
    /// Flush the disk before a write is acknowledged, so that it survives a power cut too
    #[arg(long)]
    sync: bool,
    /// Admit so many connections
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    max_connections: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TransportName {
    Buffered,
    Framed,
    Http,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProtocolName {
    Binary,
    Compact,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before the start, so that no signal in between is lost.
    let mut signals = match Signals::new([SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("error: can't wait for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    match start(arguments) {
        Ok(server) => {
            // For programs that start this one and wait for the port.
            println!("{}", server.url());
            eprintln!("the tables are in {}", server.folder().display());
            signals.forever().next();
            eprintln!("stopping");
            server.stop();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<MiniHBase, StartError> {
    let mut builder = MiniHBase::builder()
        .listen(arguments.listen)
        .max_connections(arguments.max_connections)
        .transport(match arguments.transport {
            TransportName::Buffered => Transport::Buffered,
            TransportName::Framed => Transport::Framed,
            TransportName::Http => Transport::Http,
        })
        .protocol(match arguments.protocol {
            ProtocolName::Binary => Protocol::Binary,
            ProtocolName::Compact => Protocol::Compact,
        });
    if let Some(folder) = arguments.store {
        builder = builder.store(folder);
    }
    if arguments.sync {
        builder = builder.durability(Durability::PowerCut);
    }
    builder.start()
}
