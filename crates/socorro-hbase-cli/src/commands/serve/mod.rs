//! `serve`: the services, in one process: a collector, workers, and the program's own store for others.
//!
//! For starting them in order and ending them in order: nothing more is received, then what is being
//! processed is finished, then the store is closed. What is received, processed and answered is left to
//! the libraries.

mod queues;
mod rules;
mod workers;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, anyhow};
use mini_hbase::Durability;
use serde_json::json;
use socorro_collector::{Collector, CollectorOptions, Limits, ProcessingMetrics, SpoolError};
use socorro_hbase_client::CrashStore;
use tokio::{net::TcpListener, runtime::Runtime};

use self::workers::Workers;
use crate::{
    args::{Common, LimitOptions, Serve},
    failure::{TryLater, WrongCommandLine},
    output,
    settings::{Choice, Settings},
    stop,
    store::Opened,
    text::{counted, json_line},
};

const DEFAULT_ADDRESS: &str = "127.0.0.1:8000";

/// Ends well at the first SIGINT or SIGTERM, which is how a server is meant to end.
pub(super) fn serve(arguments: &Serve, common: &Common) -> Result<()> {
    if let Some(file) = &arguments.check_rules {
        return rules::check(file, common);
    }
    // Before the start, so that no signal in between is lost.
    stop::on_signal()?;
    let settings = Settings::load(common.config.clone())?;
    let Serve { no_collector, no_workers, thrift, .. } = arguments;
    if *no_collector && *no_workers && thrift.is_none() {
        let message = "there is nothing to serve without a collector, workers and --thrift";
        return Err(WrongCommandLine(message.to_owned()).into());
    }
    let address = match &arguments.listen {
        Some(address) => Some(address.as_str()),
        None => (!no_collector).then_some(DEFAULT_ADDRESS),
    };
    let choice = settings.choose(common.server.as_deref(), common.store.clone())?.value;
    let is_embedded = matches!(choice, Choice::Embedded(_));
    let processing = ProcessingMetrics::default();
    // What is wrong with the command line is said before anything is opened.
    let collecting = match address {
        Some(address) => {
            let options = options(arguments, &settings, is_embedded, &processing)?;
            Some((Listening::on(address)?, options))
        }
        None => None,
    };
    let crew = match no_workers {
        true => None,
        false => Some(workers::Crew::new(arguments, &settings)?),
    };
    let store = match choice {
        Choice::Embedded(folder) => {
            Opened::to_serve(&folder, thrift.clone(), durability(arguments))?
        }
        Choice::Server(_) if thrift.is_some() => {
            let message =
                "--thrift is for the program's own store: name it with --store, not --server";
            return Err(WrongCommandLine(message.to_owned()).into());
        }
        Choice::Server(config) => Opened::to_serve_from(*config)?,
    };
    let collecting = match collecting {
        Some((listening, options)) => Some(listening.collect(&store, options, *no_collector)?),
        None => None,
    };
    let thrift = thrift.is_some().then(|| store.url()).flatten();
    announce(collecting.as_ref(), thrift.as_deref(), common)?;
    // Not before: nobody shall have a claim if the addresses can't be printed.
    let crew = crew.map(|crew| crew.start(&store, &processing)).transpose()?;
    match collecting {
        Some(collecting) => {
            let queues = queues::start(&store, &processing)?;
            collecting.run();
            if queues.join().is_err() {
                tracing::error!("the thread that watches the queues broke down");
            }
        }
        None => stop::wait(),
    }
    crew.map(Workers::stop).transpose()?;
    store.close();
    output::say("stopped; everything that was acknowledged is kept");
    Ok(())
}

/// What is acknowledged to strangers survives a power cut: by the collector here, or by those that use the store
/// through the gateway.
fn durability(arguments: &Serve) -> Durability {
    if arguments.no_collector && arguments.thrift.is_none() {
        Durability::Process
    } else {
        Durability::PowerCut
    }
}

/// Prints the addresses.
fn announce(collecting: Option<&Collecting>, thrift: Option<&str>, common: &Common) -> Result<()> {
    let collector = collecting.map(|collecting| collecting.url.as_str());
    if common.json {
        let addresses = json!({"collector": collector, "thrift": thrift});
        output::print(json_line(&addresses).as_bytes())?;
    } else {
        collector.into_iter().chain(thrift).try_for_each(output::print_line)?;
    }
    output::say("serving; Ctrl-C stops");
    Ok(())
}

/// What the command line and the settings say of a collector.
fn options(
    arguments: &Serve,
    settings: &Settings,
    is_embedded: bool,
    processing: &ProcessingMetrics,
) -> Result<CollectorOptions> {
    let mut options = CollectorOptions::default();
    options.limits = limits(&arguments.limits);
    if let Some(file) = &arguments.rules {
        options.rules = rules::read(file)?;
    }
    if let Some(dropped) = &arguments.drop {
        options.dropped = dropped.iter().filter(|name| !name.is_empty()).cloned().collect();
    }
    options.protected.clone_from(&arguments.protect);
    let spool = match &arguments.spool {
        Some(folder) => Some(folder.clone()),
        // Whatever ends that store ends this program.
        None if is_embedded || arguments.no_collector => None,
        None => {
            let data = dirs::data_local_dir()
                .context("the user has no folder for data: name one with --spool")?;
            Some(data.join("socorro-hbase-spool"))
        }
    };
    options.spool = spool.map(|folder| (folder, arguments.spool_limit));
    options.submit_token = settings.submit_token()?;
    options.read_token = settings.read_token()?;
    options.processing = Some(processing.clone());
    Ok(options)
}

fn limits(said: &LimitOptions) -> Limits {
    let default = Limits::default();
    Limits {
        request: said.request.unwrap_or(default.request),
        unpacked: said.unpacked.unwrap_or(default.unpacked),
        part: said.part.unwrap_or(default.part),
        parts: said.parts.unwrap_or(default.parts),
        memory: said.memory.unwrap_or(default.memory),
        connections: said.connections.map_or(default.connections, Into::into),
        silence: said.silence.unwrap_or(default.silence),
        arrival: said.arrival.unwrap_or(default.arrival),
        ..default
    }
}

/// An address that is listened on, before there is a store.
struct Listening {
    runtime: Runtime,
    listener: TcpListener,
    url: String,
}

/// A collector on its address.
struct Collecting {
    runtime: Runtime,
    listener: TcpListener,
    url: String,
    limits: Limits,
    collector: Collector,
    only_reads: bool,
}

impl Listening {
    fn on(address: &str) -> Result<Self> {
        let cannot = || format!("can't listen on {address}");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("can't start threads for HTTP")?;
        let listener = runtime.block_on(TcpListener::bind(address)).with_context(cannot)?;
        let url = format!("http://{}", listener.local_addr().with_context(cannot)?);
        Ok(Self { runtime, listener, url })
    }

    fn collect(
        self,
        store: &CrashStore,
        options: CollectorOptions,
        only_reads: bool,
    ) -> Result<Collecting> {
        let Self { runtime, listener, url } = self;
        let limits = options.limits.clone();
        let collector = Collector::start(store.clone(), options).map_err(|error| match error {
            SpoolError::InUse(_) => anyhow!(TryLater(error.to_string())),
            error => error.into(),
        })?;
        Ok(Collecting { runtime, listener, url, limits, collector, only_reads })
    }
}

impl Collecting {
    /// Serves until a signal comes, then finishes what is under way.
    fn run(self) {
        let Self { runtime, listener, limits, collector, only_reads, .. } = self;
        let router = if only_reads { collector.reading_router() } else { collector.router() };
        let asked = async {
            while !stop::is_asked() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        runtime.block_on(socorro_collector::serve(listener, router, &limits, asked));
        collector.stop();
        if let Some(waiting) = collector.spooled().filter(|waiting| *waiting > 0) {
            let crashes = counted(waiting as u64, "crash");
            output::complain(&format!("{crashes} in the spool; the next start stores them"));
        }
        // Those who were cut off, and readers whose answers nobody waits for.
        runtime.shutdown_timeout(Duration::from_secs(5));
    }
}

/// How soon a signal is noticed.
const PAUSE: Duration = Duration::from_millis(50);

/// A file that an option names, as text.
fn read_text(file: &Path) -> Result<String> {
    fs::read_to_string(file)
        .with_context(|| WrongCommandLine(format!("can't read {}", file.display())))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: Serve,
    }

    #[test]
    fn what_collectors_acknowledge_here_or_elsewhere_survives_a_power_cut() {
        for (line, durability) in [
            (&["serve"][..], Durability::PowerCut),
            (&["serve", "--no-workers"], Durability::PowerCut),
            (&["serve", "--thrift", "127.0.0.1:0"], Durability::PowerCut),
            (&["serve", "--no-collector", "--thrift", "127.0.0.1:0"], Durability::PowerCut),
            (&["serve", "--no-collector"], Durability::Process),
        ] {
            assert_eq!(super::durability(&Line::parse_from(line).serve), durability, "{line:?}");
        }
    }
}
