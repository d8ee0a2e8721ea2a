//! A developer's HBase: one container, kept until it is taken down, its data inside.
//!
//! The tests have a server of their own (`integration-tests`); engine and image are left to the
//! modules of those names.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use xtask::gateway::{Endpoint, Gateway, probe, wait_until_ready};
use xtask::versions::Versions;

use crate::engine::{self, docker};
use crate::{cmd, image};

const CONTAINER: &str = "hbase-thrift-dev";
const SERVER_LABEL: &str = "hbase-thrift-dev.server";
const HOST: &str = "127.0.0.1";
const GATEWAY_PORT: u16 = 9090;
const PATIENCE: Duration = Duration::from_mins(2);
const LOG_LINES: &str = "40";

/// What can be done with the developer's server.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Start it, and print its URL as soon as it answers calls
    Up(Up),
    /// Tell whether it runs, what it is, and whether it answers
    Status,
    /// Show its log
    Logs {
        /// Go on showing what comes
        #[arg(short, long)]
        follow: bool,
    },
    /// Remove it, with everything that was stored in it
    Down,
}

/// Which server to start.
#[derive(Args)]
pub(crate) struct Up {
    /// HBase release, one of integration-tests/docker/versions.env
    #[arg(long)]
    version: Option<String>,
    /// Kind of Thrift gateway: threadpool, nonblocking, hsha, threadedselector, framed, compact,
    /// framed-compact, http; with thrift2- before it, of the interface Thrift 2
    #[arg(long, default_value = "threadpool")]
    gateway: Gateway,
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = GATEWAY_PORT)]
    port: u16,
}

pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Up(options) => up(&options),
        Action::Status => status(),
        Action::Logs { follow } => logs(follow),
        Action::Down => down(),
    }
}

fn up(options: &Up) -> Result<()> {
    let version = Versions::load()?.pick(options.version.as_deref())?;
    let wanted = Server { version, gateway: options.gateway, port: options.port };
    engine::ensure()?;
    match find()? {
        None => create(&wanted)?,
        Some((server, _)) if server != wanted => bail!(
            "{CONTAINER} is {server}, not {wanted}; `cargo xtask hbase down` removes it with its \
             data, `up` starts the other one then"
        ),
        Some((server, true)) => cmd::say(&format!("{CONTAINER} runs already: {server}")),
        Some((server, false)) => {
            cmd::say(&format!("{CONTAINER} was stopped and is started again: {server}"));
            cmd::output(&mut docker(&["start", CONTAINER]))?;
        }
    }
    announce(&wanted.endpoint())
}

fn create(server: &Server) -> Result<()> {
    let image = image::ensure_hbase(&server.version)?;
    cmd::say(&format!("Starting {CONTAINER}: {server}"));
    let label = format!("{SERVER_LABEL}={}", server.label());
    let gateways = format!("GATEWAYS={}", server.gateway);
    let publish = format!("{HOST}:{}:{GATEWAY_PORT}", server.port);
    let mut run = docker(&["run", "--detach", "--name", CONTAINER, "--label", &label]);
    run.args(["--env", &gateways, "--publish", &publish, &image]);
    if let Err(error) = cmd::output(&mut run) {
        // A container whose port was taken exists, but never ran.
        cmd::output(&mut docker(&["rm", "--force", CONTAINER]))?;
        return Err(error.context(format!(
            "the server didn't start; if port {} is taken, choose another with --port",
            server.port
        )));
    }
    Ok(())
}

fn announce(endpoint: &Endpoint) -> Result<()> {
    let waited = wait_until_ready(endpoint, PATIENCE, || match find()? {
        Some((_, true)) => Ok(()),
        _ => bail!("{CONTAINER} ended before it answered a call"),
    });
    if let Err(error) = waited {
        eprintln!("The end of its log:");
        cmd::run(&mut docker(&["logs", "--tail", LOG_LINES, CONTAINER]))?;
        return Err(error.context(
            "HBase didn't come up: its log is above, and whole in `cargo xtask hbase logs`; \
             `cargo xtask hbase down` removes it",
        ));
    }
    println!("{endpoint}");
    Ok(())
}

fn status() -> Result<()> {
    engine::require()?;
    match find()? {
        None => println!("not there; `cargo xtask hbase up` starts it"),
        Some((server, false)) => {
            println!("stopped: {server}; `cargo xtask hbase up` starts it again");
        }
        Some((server, true)) => {
            let endpoint = server.endpoint();
            let state = match probe(&endpoint, Duration::from_secs(5)) {
                Ok(()) => "answers calls".to_owned(),
                Err(error) => format!("runs, but doesn't answer ({error:#})"),
            };
            println!("{state}: {server}, {endpoint}");
        }
    }
    Ok(())
}

fn logs(follow: bool) -> Result<()> {
    engine::require()?;
    require_container()?;
    let mut logs = docker(&["logs"]);
    if follow {
        logs.arg("--follow");
    }
    // Its log is what was asked for, so unlike other programs' output it goes to stdout as well.
    let status = logs.arg(CONTAINER).status().context("`docker logs` could not be started")?;
    if !status.success() {
        bail!("`docker logs {CONTAINER}` failed; what it said is above");
    }
    Ok(())
}

fn down() -> Result<()> {
    engine::require()?;
    require_container()?;
    cmd::output(&mut docker(&["rm", "--force", "--volumes", CONTAINER]))?;
    cmd::say(&format!("{CONTAINER} and its data are gone"));
    Ok(())
}

fn require_container() -> Result<()> {
    match find()? {
        Some(_) => Ok(()),
        None => bail!("there is no {CONTAINER}; `cargo xtask hbase up` starts one"),
    }
}

/// The server in the container, and whether it runs.
fn find() -> Result<Option<(Server, bool)>> {
    let format = format!("{{{{.State.Running}}}} {{{{index .Config.Labels \"{SERVER_LABEL}\"}}}}");
    let inspect = docker(&["container", "inspect", "--format", &format, CONTAINER]);
    let Ok(state) = cmd::output(&mut { inspect }) else { return Ok(None) };
    let server = state
        .split_once(' ')
        .and_then(|(running, label)| Some((Server::from_label(label)?, running == "true")));
    server.map(Some).with_context(|| {
        format!("the container {CONTAINER} was made by something else; remove or rename it")
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Server {
    version: String,
    gateway: Gateway,
    port: u16,
}

impl Server {
    fn endpoint(&self) -> Endpoint {
        self.gateway.endpoint(HOST, self.port)
    }

    fn label(&self) -> String {
        format!("{} {} {}", self.version, self.gateway, self.port)
    }

    fn from_label(label: &str) -> Option<Self> {
        let mut words = label.split(' ');
        let version = words.next()?.to_owned();
        let gateway = words.next()?.parse().ok()?;
        let port = words.next()?.parse().ok()?;
        Some(Self { version, gateway, port })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, gateway, port } = self;
        write!(f, "HBase {version}, gateway {gateway}, port {port}")
    }
}

#[cfg(test)]
mod tests {
    use xtask::gateway::Flavour;

    use super::*;

    #[test]
    fn a_container_remembers_its_server() {
        for gateway in [Flavour::FramedCompact.thrift1(), Flavour::Http.thrift2()] {
            let server = Server { version: "2.6.1".to_owned(), gateway, port: 9191 };
            assert_eq!(Server::from_label(&server.label()), Some(server));
        }
        assert_eq!(Server::from_label("<no value>"), None);
    }
}
