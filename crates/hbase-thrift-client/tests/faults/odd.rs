//! Calls within calls, on fewer connections than things that are open, and things that are dropped in any
//! order by any thread: no call fails or waits for ever, no row is lost or doubled.

use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hbase_thrift_client::{
    BufferedWriter, Client, Config, Get, Increment, MergeScan, Pipeline, Put, Queued, Result, Row,
    Scan, Scanner, Table, UnionScan, WriterOptions,
};
use mini_hbase::{Protocol, Transport};

use crate::{exact, fill, keys, luck, within};

const ROWS: usize = 120;

/// Something that is open.
enum Open {
    /// With the number of its next row.
    Scan {
        rows: Box<Scanner>,
        next: usize,
    },
    Merge {
        rows: MergeScan,
        next: usize,
    },
    Union {
        rows: UnionScan,
        seen: usize,
    },
    Pipeline {
        pipeline: Pipeline,
        puts: Vec<Queued<()>>,
        added: Vec<String>,
    },
    Writer(BufferedWriter),
    Client(Client, Table),
}

/// What is open, and what has to be stored in the end.
struct Play {
    client: Client,
    table: Table,
    luck: fastrand::Rng,
    open: Vec<Open>,
    written: BTreeMap<String, String>,
    counter: String,
    counted: i64,
    dropping: Vec<JoinHandle<()>>,
}

#[test]
fn whatever_is_open_and_whoever_drops_it_calls_go_on() {
    let mut luck = luck();
    for (transport, protocol) in [
        (Transport::Buffered, Protocol::Binary),
        (Transport::Framed, Protocol::Compact),
        #[cfg(feature = "http")]
        (Transport::Http, Protocol::Binary),
    ] {
        let server = exact().also_listen("127.0.0.1:0", transport, protocol).start().unwrap();
        fill(&server, ROWS);
        let url = server.url_of(transport, protocol).unwrap();
        for _ in 0..6 {
            let config = url.parse::<Config>().unwrap();
            let config = config.max_connections(luck.usize(1..=3));
            let client = Client::connect(config).unwrap();
            let mut play = Play {
                table: client.table("t"),
                client,
                luck: luck.fork(),
                open: Vec::new(),
                written: BTreeMap::new(),
                counter: format!("zc{:016x}", luck.u64(..)),
                counted: 0,
                dropping: Vec::new(),
            };
            within(Duration::from_secs(120), || (0..120).for_each(|_| play.step()));
            play.end();
        }
    }
}

impl Play {
    fn step(&mut self) {
        match self.luck.u8(0..16) {
            0..3 => self.begin(),
            3..9 => self.go_on(),
            9 => self.drop_one(),
            10 => self.count(),
            11 => self.read_from_another_thread(),
            _ => self.get(),
        }
    }

    fn scan(&mut self) -> Scan {
        Scan::new().caching(self.luck.u32(1..12)).read_ahead(self.luck.bool())
    }

    fn salts() -> [&'static str; 3] {
        ["row00", "row010", "row011"]
    }

    fn begin(&mut self) {
        let scan = self.scan();
        let opened = match self.luck.u8(0..8) {
            0..3 => {
                Open::Scan { rows: Box::new(self.table.scan(scan.stop("s")).unwrap()), next: 0 }
            }
            3 => Open::Merge { rows: self.table.scan_merge(["row0"], scan).unwrap(), next: 0 },
            4 => Open::Union { rows: self.table.scan_union(Self::salts(), scan).unwrap(), seen: 0 },
            5 => {
                let pipeline = self.client.pipeline();
                Open::Pipeline { pipeline, puts: Vec::new(), added: Vec::new() }
            }
            6 => {
                let options = WriterOptions::new().max_mutations(self.luck.usize(1..8));
                let age = Duration::from_millis(self.luck.u64(0..5));
                let options = if self.luck.bool() { options.max_age(age) } else { options };
                Open::Writer(self.table.writer(options))
            }
            _ => {
                let client = self.client.clone();
                let table = client.table("t");
                Open::Client(client, table)
            }
        };
        self.open.push(opened);
    }

    /// Uses something that is open, and often something else while it does.
    fn go_on(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let chosen = self.luck.usize(0..self.open.len());
        let mut open = self.open.swap_remove(chosen);
        let is_over = match &mut open {
            Open::Scan { rows, next } => self.read(rows, next),
            Open::Merge { rows, next } => self.read(rows, next),
            Open::Union { rows, seen } => {
                let came = rows.by_ref().take(7).map(Result::unwrap).count();
                *seen += came;
                let is_over = came < 7;
                assert!(*seen == ROWS || !is_over, "a union had {seen} rows");
                is_over
            }
            Open::Pipeline { pipeline, puts, added } => {
                let key = self.new_key();
                puts.push(pipeline.put(&self.table, put(&key, &key)).unwrap());
                added.push(key);
                false
            }
            Open::Writer(writer) => {
                for _ in 0..self.luck.usize(1..5) {
                    let key = self.new_key();
                    writer.write(put(&key, &key)).unwrap();
                    self.written.insert(key.clone(), key);
                }
                if self.luck.bool() {
                    writer.flush().unwrap();
                }
                false
            }
            Open::Client(client, table) => {
                client.ping().unwrap();
                assert!(table.get(&Get::new("row0003")).unwrap().is_some());
                false
            }
        };
        match open {
            Open::Pipeline { pipeline, puts, added } if self.luck.u8(0..3) == 0 => {
                let mut results = pipeline.send();
                for queued in puts {
                    results.take(queued).unwrap();
                }
                self.written.extend(added.into_iter().map(|key| (key.clone(), key)));
            }
            open if !is_over => self.open.push(open),
            _ => {}
        }
    }

    /// Reads some rows, with other calls between them; says whether these were the last.
    fn read(&mut self, rows: &mut impl Iterator<Item = Result<Row>>, next: &mut usize) -> bool {
        for _ in 0..self.luck.usize(1..15) {
            let Some(row) = rows.next() else {
                assert_eq!(*next, ROWS, "a scan ended early");
                return true;
            };
            assert_eq!(row.unwrap().key(), keys(ROWS).nth(*next).unwrap().as_bytes());
            *next += 1;
            match self.luck.u8(0..10) {
                0 => self.get(),
                1 => self.count(),
                2 => {
                    let inner = self.scan().prefix("row00");
                    assert_eq!(self.table.scan(inner).unwrap().count_rows().unwrap(), 100);
                }
                3 => self.go_on(),
                4 => self.drop_one(),
                _ => {}
            }
        }
        false
    }

    fn get(&mut self) {
        let key = format!("row{:04}", self.luck.usize(0..ROWS));
        assert!(self.table.get(&Get::new(key)).unwrap().is_some());
    }

    fn count(&mut self) {
        self.counted += 1;
        self.table.increment(&Increment::new(self.counter.as_str(), "f:n", 1)).unwrap();
    }

    fn read_from_another_thread(&mut self) {
        let (table, scan) = (self.table.clone(), self.scan().prefix("row"));
        thread::scope(|scope| {
            let other = scope.spawn(move || table.scan(scan).unwrap().count_rows().unwrap());
            self.go_on();
            assert_eq!(other.join().unwrap(), ROWS as u64);
        });
    }

    fn new_key(&mut self) -> String {
        format!("z{:016x}", self.luck.u64(..))
    }

    /// Drops something, here or in a thread that nobody waits for yet.
    fn drop_one(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let chosen = self.luck.usize(0..self.open.len());
        let open = self.open.swap_remove(chosen);
        if self.luck.bool() {
            drop(open);
        } else {
            self.dropping.push(thread::spawn(move || drop(open)));
        }
    }

    fn end(mut self) {
        while !self.open.is_empty() {
            self.drop_one();
        }
        self.dropping.into_iter().for_each(|thread| thread.join().unwrap());
        for (key, value) in &self.written {
            let row = self.table.get(&Get::new(key.as_str())).unwrap();
            let found = row.as_ref().and_then(|row| row.get("f:x"));
            assert_eq!(found, Some(value.as_bytes()), "{key}");
        }
        let zero = Increment::new(self.counter, "f:n", 0);
        assert_eq!(self.table.increment(&zero).unwrap(), self.counted);
    }
}

fn put(key: &str, value: &str) -> Put {
    Put::new(key).column("f:x", value)
}
