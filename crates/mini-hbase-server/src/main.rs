//! The program: a server for clients in any language, until a signal ends it.
//!
//! Everything it can do is in the library; here are arguments, signals and messages. Each argument
//! has a variable of the environment, for containers.

mod health;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mini_hbase::{Durability, MiniHBase, Protocol, StartError, Transport};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// An embedded HBase: tables on disk or in memory, behind the protocols of HBase's Thrift gateways.
///
/// There is no authentication: listen only where every program may use the tables. It ends, with
/// everything acknowledged kept, on SIGINT and SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "mini-hbase", version)]
struct Program {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    arguments: Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask a running server whether it serves; the exit code says so
    Health(Arguments),
}

#[derive(Debug, Args)]
struct Arguments {
    /// Listen on this host and port; port 0 is a free one, which is printed
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:9090",
        env = "MINI_HBASE_LISTEN"
    )]
    listen: String,
    /// Serve the Thrift 2 interface too, on this host and port, with the same transport and protocol
    #[arg(long, value_name = "HOST:PORT", env = "MINI_HBASE_THRIFT2")]
    thrift2: Option<String>,
    /// Keep the tables in this folder; without one, they are gone with the server
    #[arg(long, value_name = "FOLDER", env = "MINI_HBASE_STORE")]
    store: Option<PathBuf>,
    /// Keep the tables in memory; they are gone with the server
    #[arg(long, conflicts_with_all = ["store", "sync"], env = "MINI_HBASE_MEMORY")]
    memory: bool,
    /// Tell messages apart this way
    #[arg(long, value_enum, default_value = "buffered", env = "MINI_HBASE_TRANSPORT")]
    transport: TransportName,
    /// Encode messages this way
    #[arg(long, value_enum, default_value = "binary", env = "MINI_HBASE_PROTOCOL")]
    protocol: ProtocolName,
    /// Flush the disk before a write is acknowledged, so that it survives a power cut too
    #[arg(long, env = "MINI_HBASE_SYNC")]
    sync: bool,
    /// Admit at most this many connections
    #[arg(long, value_name = "COUNT", default_value_t = 200, env = "MINI_HBASE_MAX_CONNECTIONS")]
    max_connections: usize,
    /// Let all calls in flight take this many MiB together
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..),
        env = "MINI_HBASE_MAX_MEMORY"
    )]
    max_memory: u32,
    /// Begin with the tables and rows of this file (lines of JSON), unless its tables are there
    #[arg(long, value_name = "FILE", env = "MINI_HBASE_SEED", value_delimiter = ',')]
    seed: Vec<PathBuf>,
    /// Let tables be created in this namespace too
    #[arg(long, value_name = "NAME", env = "MINI_HBASE_NAMESPACE", value_delimiter = ',')]
    namespace: Vec<String>,
    /// Listen for control calls here: faults, clock, seeds, reset, as HTTP calls with JSON
    #[arg(long, value_name = "HOST:PORT", env = "MINI_HBASE_CONTROL")]
    control: Option<String>,
    /// Let HTTP requests be for a host of this name, besides addresses and localhost; * for any
    #[arg(long, value_name = "NAME", env = "MINI_HBASE_ADMIT_HOST", value_delimiter = ',')]
    admit_host: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TransportName {
    Buffered,
    Framed,
    Http,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProtocolName {
    Binary,
    Compact,
}

impl From<TransportName> for Transport {
    fn from(name: TransportName) -> Self {
        match name {
            TransportName::Buffered => Self::Buffered,
            TransportName::Framed => Self::Framed,
            TransportName::Http => Self::Http,
        }
    }
}

impl From<ProtocolName> for Protocol {
    fn from(name: ProtocolName) -> Self {
        match name {
            ProtocolName::Binary => Self::Binary,
            ProtocolName::Compact => Self::Compact,
        }
    }
}

fn main() -> ExitCode {
    let Program { command, arguments } = Program::parse();
    match command {
        Some(Command::Health(asked)) => match health::check(
            &asked.listen,
            asked.transport.into(),
            asked.protocol.into(),
            Duration::from_secs(5),
        ) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {} doesn't serve: {error}", asked.listen);
                ExitCode::FAILURE
            }
        },
        None => serve(arguments),
    }
}

fn serve(arguments: Arguments) -> ExitCode {
    let starting = Arc::new(AtomicBool::new(true));
    // Before the start, so that no signal in between is lost.
    let mut signals = match watch_signals(&starting) {
        Ok(signals) => signals,
        Err(error) => {
            eprintln!("error: can't wait for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    let in_memory = arguments.memory;
    match start(arguments) {
        Ok(server) => {
            starting.store(false, Ordering::SeqCst);
            // For programs that start this one and wait for the port.
            println!("{}", server.url());
            if let Some(url) = server.control_url() {
                println!("{url}");
            }
            if let Some(url) = server.thrift2_url() {
                println!("{url}");
            }
            if in_memory {
                eprintln!("the tables are in memory");
            } else {
                eprintln!("the tables are in {}", server.folder().display());
            }
            signals.forever().next();
            eprintln!("stopping");
            server.stop();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&*error);
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// Watches for the signals that end the program. One that comes during the start, which may take long
/// with many seeds, ends it at once: the next start drops what this one put in.
fn watch_signals(starting: &Arc<AtomicBool>) -> io::Result<Signals> {
    const FAILURE: i32 = 1;
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, FAILURE, Arc::clone(starting))?;
    }
    Signals::new([SIGINT, SIGTERM])
}

fn start(arguments: Arguments) -> Result<MiniHBase, Box<dyn std::error::Error>> {
    const MEBIBYTE: usize = 1 << 20;
    let mut builder = MiniHBase::builder()
        .listen(arguments.listen)
        .max_connections(arguments.max_connections)
        .max_memory(usize::try_from(arguments.max_memory)?.saturating_mul(MEBIBYTE))
        .transport(arguments.transport.into())
        .protocol(arguments.protocol.into());
    if let Some(address) = arguments.thrift2 {
        let (transport, protocol) = (arguments.transport.into(), arguments.protocol.into());
        builder = builder.thrift2(address, transport, protocol);
    }
    if let Some(folder) = arguments.store {
        builder = builder.store(folder);
    }
    if arguments.memory {
        builder = builder.in_memory();
    }
    if arguments.sync {
        builder = builder.durability(Durability::PowerCut);
    }
    if let Some(address) = arguments.control {
        builder = builder.control(address);
    }
    for file in arguments.seed {
        let lines = std::fs::read_to_string(&file)
            .map_err(|error| format!("can't read {}: {error}", file.display()))?;
        builder = builder.seed(lines);
    }
    for name in arguments.namespace {
        builder = builder.namespace(name);
    }
    for name in arguments.admit_host {
        builder = builder.admit_host(&name);
    }
    builder.start().map_err(|error: StartError| error.into())
}
