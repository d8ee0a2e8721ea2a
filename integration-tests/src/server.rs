//! The server that the tests run on: a container of our own, a gateway that was lent to us, or a
//! mini-hbase.
//!
//! Building the image is left to `cargo xtask test`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testcontainers::core::{ExecCommand, IntoContainerPort};
use testcontainers::runners::SyncRunner;
use testcontainers::{Container, GenericImage, ImageExt};
use xtask::gateway::{Endpoint, Flavour, Gateway, wait_until_ready};
use xtask::versions::{IMAGE, Versions};

use crate::gateways::{self, EXPENDABLE};
use crate::mini::Mini;
use crate::{RawClient, RawThrift2, java, raw};

/// The variable with the URL of a gateway that is used instead of a container.
pub const GATEWAY_VARIABLE: &str = "HBASE_THRIFT_URL";

const FIRST_PORT: u16 = 9090;
const PATIENCE: Duration = Duration::from_mins(2);
const LOG_LINES: usize = 40;

/// A running HBase with its gateways; dropping the last of its clones removes it, if it is ours.
#[derive(Clone)]
pub struct Server {
    main: Endpoint,
    /// Where crash stores of tests go.
    store: Endpoint,
    kind: Arc<Kind>,
}

enum Kind {
    Lent,
    Own(Box<Own>),
    Mini(Box<Mini>),
}

struct Own {
    container: Container<GenericImage>,
    /// In the order of `gateways::all`, and perhaps not all of them.
    endpoints: Vec<Endpoint>,
    expendable: Mutex<()>,
}

impl Server {
    /// Takes the gateway that `HBASE_THRIFT_URL` names, or starts a container, and waits until
    /// calls are answered.
    ///
    /// # Errors
    /// When there is no engine, no image or no answer in time.
    pub fn start() -> Result<Self> {
        match std::env::var(GATEWAY_VARIABLE) {
            Ok(url) => Self::lent(&url),
            Err(_) => Self::own(),
        }
    }

    /// Starts a mini-hbase.
    ///
    /// # Errors
    /// When there is no port or no room for its files.
    pub fn mini() -> Result<Self> {
        let mini = Mini::start(None).context("mini-hbase doesn't start")?;
        Ok(Self::of(mini.endpoints()[0].clone(), Kind::Mini(Box::new(mini))))
    }

    /// Another server of this one's kind, for one test alone, which takes cells and frames of so many
    /// bytes, whole MiB. It has the gateways `Threadpool` and `Nonblocking`.
    ///
    /// # Panics
    /// When the server is lent, or the other one doesn't start.
    pub fn with_limits(&self, bytes: usize) -> Self {
        let started = match &*self.kind {
            Kind::Mini(_) => Mini::start(Some(bytes)).map(|mini| Kind::Mini(Box::new(mini))),
            Kind::Own(_) => {
                let settings = format!(
                    "hbase.client.keyvalue.maxsize={bytes} hbase.server.keyvalue.maxsize={bytes} \
                     hbase.regionserver.thrift.framed.max_frame_size_in_mb={}",
                    bytes >> 20
                );
                Own::started(&gateways::all()[..2], &settings).map(|own| Kind::Own(Box::new(own)))
            }
            Kind::Lent => panic!("a server that was lent can't be started with other limits"),
        };
        let kind = started.unwrap_or_else(|error| panic!("{error:#}"));
        let main = match &kind {
            Kind::Own(own) => own.endpoints[0].clone(),
            Kind::Mini(mini) => mini.endpoints()[0].clone(),
            Kind::Lent => self.main.clone(),
        };
        Self::of(main, kind)
    }

    fn of(main: Endpoint, kind: Kind) -> Self {
        Self { store: main.clone(), main, kind: Arc::new(kind) }
    }

    /// The same server, where crash stores speak Thrift 2.
    ///
    /// # Panics
    /// When the server is lent.
    #[must_use]
    pub fn with_stores_over_thrift2(&self) -> Self {
        let store = self.thrift2_endpoint(Flavour::Threadpool).clone();
        Self { store, ..self.clone() }
    }

    /// The URL for a crash store.
    pub fn store_url(&self) -> String {
        self.store.to_string()
    }

    /// Whether crash stores speak Thrift 2.
    pub fn has_stores_over_thrift2(&self) -> bool {
        self.store.port != self.main.port
    }

    /// Whether the server is the tests' own, with gateways of several flavours.
    pub fn is_own(&self) -> bool {
        !matches!(*self.kind, Kind::Lent)
    }

    /// Whether it is a mini-hbase, of one test's own.
    pub fn is_mini(&self) -> bool {
        matches!(*self.kind, Kind::Mini(_))
    }

    /// The URL for a test that doesn't care about the gateway's flavour.
    pub fn url(&self) -> String {
        self.main.to_string()
    }

    /// Like [`Self::url`], in parts.
    pub fn endpoint(&self) -> &Endpoint {
        &self.main
    }

    /// The URL of the gateway of this flavour; for tests made by `Test::on_own_server`.
    ///
    /// # Panics
    /// When the server is lent or has no such gateway.
    pub fn gateway(&self, flavour: Flavour) -> String {
        self.own_gateway(flavour).0.to_string()
    }

    /// The generated client on a new connection.
    ///
    /// # Panics
    /// When there is no connection to be had.
    pub fn raw(&self) -> RawClient {
        raw::client(&self.main).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// [`Self::raw`] on the gateway of this flavour.
    ///
    /// # Panics
    /// When the server is lent or has no such gateway, or there is no connection to be had.
    pub fn raw_on(&self, flavour: Flavour) -> RawClient {
        raw::client(self.own_gateway(flavour).0).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// The generated client of Thrift 2 on a new connection to the gateway of this flavour.
    ///
    /// # Panics
    /// When the server was lent or has no such gateway, or there is no connection to be had.
    pub fn thrift2_on(&self, flavour: Flavour) -> RawThrift2 {
        let (endpoint, _) = self.thrift2_gateway(flavour);
        raw::thrift2(endpoint).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Where the Thrift 2 gateway of this flavour listens.
    ///
    /// # Panics
    /// When the server was lent or has no such gateway.
    pub fn thrift2_endpoint(&self, flavour: Flavour) -> &Endpoint {
        self.thrift2_gateway(flavour).0
    }

    /// The gateway that a test may kill, for this test alone, as long as it keeps the answer.
    ///
    /// # Panics
    /// When the server is lent, or the gateway doesn't answer.
    pub fn expendable_gateway(&self) -> ExpendableGateway<'_> {
        let (endpoint, port) = self.own_gateway(EXPENDABLE);
        let turn = match &*self.kind {
            // A test that panicked leaves nothing behind that waiting doesn't cure.
            Kind::Own(own) => Some(own.expendable.lock().unwrap_or_else(PoisonError::into_inner)),
            Kind::Mini(_) | Kind::Lent => None,
        };
        let gateway = ExpendableGateway { endpoint, port, kind: &self.kind, _turn: turn };
        gateway.wait();
        gateway
    }

    /// Runs a Java program, given as the text of its one file, inside of the container and on HBase's
    /// class path, for three minutes at most; returns what it printed.
    ///
    /// # Panics
    /// When the server is none of our containers, or the program can't be run or fails.
    pub fn run_java(&self, source: &str, arguments: &[&str]) -> String {
        let Kind::Own(own) = &*self.kind else { panic!("there is no Java beside this server") };
        java::run(&own.container, source, arguments).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Runs a Java program as [`Self::run_java`], also for a mini-hbase. Its first arguments are host and port of
    /// the Thrift 2 gateway of this flavour.
    ///
    /// # Panics
    /// When the server was lent or has no such gateway, or the program can't be run or fails.
    pub fn run_java_on_thrift2(
        &self,
        flavour: Flavour,
        source: &str,
        arguments: &[&str],
    ) -> String {
        let (endpoint, inner_port) = self.thrift2_gateway(flavour);
        let port = if self.is_mini() { endpoint.port } else { inner_port }.to_string();
        let arguments = [&["127.0.0.1", &port], arguments].concat();
        let ran = match &*self.kind {
            Kind::Own(own) => java::run(&own.container, source, &arguments),
            Kind::Mini(_) | Kind::Lent => java::run_beside_us(source, &arguments),
        };
        ran.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Writes the container's log into `folder`, and tells where; nothing for another server.
    ///
    /// # Errors
    /// When the log can't be read or written.
    pub fn save_log(&self, folder: &Path) -> Result<Option<PathBuf>> {
        let Kind::Own(own) = &*self.kind else { return Ok(None) };
        let path = folder.join("hbase.log");
        fs::write(&path, own.log()?).with_context(|| format!("can't write {}", path.display()))?;
        Ok(Some(path))
    }

    fn lent(url: &str) -> Result<Self> {
        let main = Endpoint::from_url(url).with_context(|| format!("{GATEWAY_VARIABLE} is bad"))?;
        wait_until_ready(&main, PATIENCE, || Ok(()))
            .with_context(|| format!("the gateway in {GATEWAY_VARIABLE} can't be used"))?;
        Ok(Self::of(main, Kind::Lent))
    }

    fn own() -> Result<Self> {
        let own = Own::started(&gateways::all(), "")?;
        Ok(Self::of(own.endpoints[0].clone(), Kind::Own(Box::new(own))))
    }

    fn own_gateway(&self, flavour: Flavour) -> (&Endpoint, u16) {
        self.find(flavour.thrift1())
    }

    fn thrift2_gateway(&self, flavour: Flavour) -> (&Endpoint, u16) {
        self.find(flavour.thrift2())
    }

    /// A gateway, and its port inside of the container.
    fn find(&self, wanted: Gateway) -> (&Endpoint, u16) {
        let endpoints = match &*self.kind {
            Kind::Own(own) => &own.endpoints,
            Kind::Mini(mini) => mini.endpoints(),
            Kind::Lent => panic!(
                "{GATEWAY_VARIABLE} is set, so this test has to be made by Test::on_own_server"
            ),
        };
        let position = gateways::all().iter().position(|gateway| *gateway == wanted);
        let found = position.and_then(|at| endpoints.get(at).zip(inner_ports().nth(at)));
        found.unwrap_or_else(|| panic!("the server has no gateway {wanted}"))
    }
}

/// A gateway that only one test uses at a time, so that it can be killed.
pub struct ExpendableGateway<'a> {
    endpoint: &'a Endpoint,
    port: u16,
    kind: &'a Kind,
    _turn: Option<MutexGuard<'a, ()>>,
}

impl ExpendableGateway<'_> {
    /// Its URL, the same before and after it was killed.
    pub fn url(&self) -> String {
        self.endpoint.to_string()
    }

    /// The generated client on a new connection.
    ///
    /// # Panics
    /// When there is no connection to be had.
    pub fn raw(&self) -> RawClient {
        raw::client(self.endpoint).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Kills it; the container starts it again at once, which takes a few seconds. A mini-hbase is
    /// ended and started again in here.
    ///
    /// # Panics
    /// When it can't be killed.
    pub fn kill(&self) {
        match self.kind {
            Kind::Own(own) => self.kill_in(&own.container),
            Kind::Mini(mini) => mini.restart().unwrap_or_else(|error| panic!("{error:#}")),
            Kind::Lent => {}
        }
    }

    fn kill_in(&self, container: &Container<GenericImage>) {
        let kill = format!("kill -KILL \"$(cat /run/gateway-{}.pid)\"", self.port);
        let status = container
            .exec(ExecCommand::new(["sh", "-c", kill.as_str()]))
            // Reading to the end is what waits for the command.
            .and_then(|mut done| done.stderr_to_vec().and_then(|_| done.exit_code()));
        assert!(matches!(status, Ok(Some(0))), "{} could not be killed: {status:?}", self.url());
    }

    /// Waits until it answers again.
    ///
    /// # Panics
    /// When it doesn't in time.
    pub fn wait(&self) {
        let ready = match self.kind {
            Kind::Own(own) => own.wait(self.endpoint),
            Kind::Mini(_) | Kind::Lent => wait_until_ready(self.endpoint, PATIENCE, || Ok(())),
        };
        ready.unwrap_or_else(|error| panic!("{error:#}"));
    }
}

/// Where the container's ports are published: the loopback address wherever they are found there.
///
/// testcontainers answers with the engine's bridge where it takes this for a container; that is
/// needed only in a container without the host's network.
fn host_of(container: &Container<GenericImage>) -> Result<String> {
    let first = inner_ports().next().context("there is no gateway")?;
    let port = container.get_host_port_ipv4(first)?;
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if TcpStream::connect_timeout(&loopback, Duration::from_secs(2)).is_ok() {
        return Ok(loopback.ip().to_string());
    }
    Ok(container.get_host()?.to_string())
}

impl Own {
    /// The first of `gateways::all`, and more properties for hbase-site.xml: `key=value`, separated by
    /// blanks.
    fn started(gateways: &[Gateway], settings: &str) -> Result<Self> {
        let version = Versions::load()?.from_environment()?;
        let own = Self::start(&version, gateways, settings).with_context(|| {
            format!(
                "no container of {IMAGE}:{version} could be started; `cargo xtask test --only \
                 integration` builds the image and starts the engine where it can, and with \
                 {GATEWAY_VARIABLE} set to a gateway's URL neither is needed"
            )
        })?;
        for endpoint in &own.endpoints {
            own.wait(endpoint)?;
        }
        Ok(own)
    }

    fn start(version: &str, gateways: &[Gateway], settings: &str) -> Result<Self> {
        let ports = inner_ports().take(gateways.len());
        let image = ports.fold(GenericImage::new(IMAGE, version), |image, port| {
            image.with_exposed_port(port.tcp())
        });
        let names: Vec<_> = gateways.iter().map(ToString::to_string).collect();
        let container = image
            .with_env_var("GATEWAYS", names.join(" "))
            .with_env_var("HBASE_SITE_EXTRA", settings)
            .start()?;
        let host = host_of(&container)?;
        let endpoints = gateways
            .iter()
            .zip(inner_ports())
            .map(|(gateway, port)| Ok(gateway.endpoint(&host, container.get_host_port_ipv4(port)?)))
            .collect::<Result<_>>()?;
        Ok(Self { container, endpoints, expendable: Mutex::new(()) })
    }

    fn wait(&self, endpoint: &Endpoint) -> Result<()> {
        let ready = wait_until_ready(endpoint, PATIENCE, || {
            if !self.container.is_running()? {
                bail!("the container ended before {endpoint} answered a call");
            }
            Ok(())
        });
        ready.map_err(|error| {
            let log = self.log().unwrap_or_else(|error| format!("can't be read: {error:#}"));
            let lines: Vec<_> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
            error.context(format!("HBase didn't come up; the end of its log:\n{tail}\n"))
        })
    }

    fn log(&self) -> Result<String> {
        let mut log = self.container.stdout_to_vec()?;
        log.extend(self.container.stderr_to_vec()?);
        Ok(String::from_utf8_lossy(&log).into_owned())
    }
}

/// The ports inside the container, in the order of `gateways::all`.
fn inner_ports() -> impl Iterator<Item = u16> {
    (FIRST_PORT..).take(gateways::all().len())
}
