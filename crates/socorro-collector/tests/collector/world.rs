//! A collector on a socket, the store behind it, and a client that sends whatever it is given.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use hbase_thrift_client::{Client, Config};
use mini_hbase::MiniHBase;
use socorro_collector::{Collector, CollectorOptions, serve};
use socorro_hbase_client::{CrashStore, Ooid, SchemaOptions};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

pub(crate) struct World {
    pub(crate) hbase: MiniHBase,
    pub(crate) store: CrashStore,
    pub(crate) address: SocketAddr,
    collector: Collector,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

/// What a client got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn config(hbase: &MiniHBase) -> Config {
    let config: Config = hbase.url().parse().unwrap();
    config.operation_timeout(Duration::from_secs(2))
}

impl World {
    pub(crate) fn new(change: impl FnOnce(&mut CollectorOptions)) -> Self {
        Self::with_config(change, |config| config)
    }

    /// With a collector whose connections to the store are of this kind.
    pub(crate) fn with_config(
        change: impl FnOnce(&mut CollectorOptions),
        configure: impl FnOnce(Config) -> Config,
    ) -> Self {
        let hbase = MiniHBase::in_memory().unwrap();
        let store = CrashStore::new(Client::connect(config(&hbase)).unwrap());
        store.create_schema(&SchemaOptions::new()).unwrap();
        let mut options = CollectorOptions::default();
        change(&mut options);
        let collectors = configure(config(&hbase));
        Self::on(hbase, store, options, collectors)
    }

    pub(crate) fn on(
        hbase: MiniHBase,
        store: CrashStore,
        options: CollectorOptions,
        collectors: Config,
    ) -> Self {
        let limits = options.limits.clone();
        let collectors = CrashStore::new(Client::connect(collectors).unwrap());
        let collector = Collector::start(collectors, options).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = collector.router();
        runtime.spawn(async move {
            let stop = async { drop(stopped.await) };
            serve(listener, router, &limits, stop).await;
        });
        Self { hbase, store, address, collector, stop: Some(stop), runtime: Some(runtime) }
    }

    /// Sends bytes as they are and reads until the other side closes.
    pub(crate) fn send(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // The server may close before it has read everything.
        let _ = stream.write_all(request);
        answer(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream
    }

    pub(crate) fn post(&self, headers: &str, body: &[u8]) -> Answer {
        self.send(&request(headers, body))
    }

    /// Posts a report in parts.
    pub(crate) fn submit(&self, parts: &[Part<'_>]) -> Answer {
        self.post(MULTIPART, &body(parts))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// The crash that an answer names.
    pub(crate) fn ooid(answer: &Answer) -> Ooid {
        assert_eq!(answer.status, 200, "{answer:?}");
        let name = answer.body.strip_prefix("CrashID=bp-").and_then(|rest| rest.strip_suffix('\n'));
        name.unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap()
    }

    /// How many crashes wait to be processed.
    pub(crate) fn queued(&self) -> usize {
        self.store.general_queue().entries().unwrap().map(Result::unwrap).count()
    }

    /// The metadata of a crash.
    pub(crate) fn metadata(&self, ooid: &Ooid) -> serde_json::Value {
        let report = self.store.get_raw_report(ooid).unwrap().unwrap();
        serde_json::from_slice(report.metadata_bytes()).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.collector.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

pub(crate) const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=XyZ\r\n";

/// Headers of a part beside its disposition, its disposition, its bytes.
pub(crate) struct Part<'a> {
    pub(crate) disposition: String,
    pub(crate) kind: Option<&'a str>,
    pub(crate) bytes: Vec<u8>,
}

/// An annotation as a part.
pub(crate) fn field(name: &str, value: impl AsRef<[u8]>) -> Part<'static> {
    let disposition = format!("form-data; name=\"{name}\"");
    Part { disposition, kind: None, bytes: value.as_ref().to_vec() }
}

/// A dump as a part.
pub(crate) fn file<'a>(name: &str, kind: Option<&'a str>, value: impl AsRef<[u8]>) -> Part<'a> {
    let disposition = format!("form-data; name=\"{name}\"; filename=\"{name}.dmp\"");
    Part { disposition, kind, bytes: value.as_ref().to_vec() }
}

pub(crate) fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--XyZ\r\nContent-Disposition: {}\r\n", part.disposition).bytes());
        if let Some(kind) = part.kind {
            body.extend(format!("Content-Type: {kind}\r\n").bytes());
        }
        body.extend(b"\r\n");
        body.extend(&part.bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--XyZ--\r\n");
    body
}

pub(crate) fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /submit?product=X HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Answer { status: 0, body: text };
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, body: body.to_owned() }
}
