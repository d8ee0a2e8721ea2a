//! Ten thousand tasks, of which many stop midway, while the server fails now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use hbase_thrift_client::aio::{Client, Table};
use hbase_thrift_client::{Config, Get, Increment, Put, Scan, WriterOptions};
use mini_hbase::{Fault, MiniHBase, When};
use tokio::task::JoinSet;

use crate::support::{fill, idle, keys, settle, start, urls};

const TASKS: usize = 10_000;
const ROWS: usize = 200;

/// What was acknowledged, and of what nobody knows.
#[derive(Default)]
struct Counts {
    counted: AtomicI64,
    unknown: AtomicI64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_has_a_wrong_answer_and_the_pool_is_whole_in_the_end() {
    let seed = fastrand::get_seed();
    println!("seed {seed}");
    let server = Arc::new(start());
    for (number, url) in urls(&server).into_iter().enumerate() {
        let config: Config = url.parse().unwrap();
        let config = config.max_connections(8).operation_timeout(Duration::from_mins(1));
        let client = Client::connect(config).await.unwrap();
        let table = fill(&client, &format!("t{number}"), ROWS).await;
        let is_over = Arc::new(AtomicBool::new(false));
        let faults = tokio::spawn(make_trouble(Arc::clone(&server), Arc::clone(&is_over)));
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (table, counts) = (table.clone(), Arc::clone(&counts));
            let mut luck = fastrand::Rng::with_seed(seed.wrapping_add(task as u64));
            tasks.spawn(async move {
                let patience = Duration::from_micros(luck.u64(0..20_000));
                let is_patient = luck.bool();
                let work = work(&table, task, &counts, &mut luck);
                if is_patient {
                    work.await;
                } else {
                    let _ = tokio::time::timeout(patience, work).await;
                }
            });
            if tasks.len() >= 1_000 {
                tasks.join_next().await.unwrap().unwrap();
            }
        }
        tasks.join_all().await;
        is_over.store(true, Ordering::Relaxed);
        faults.await.unwrap();
        server.clear_faults();
        let (counted, unknown) =
            (counts.counted.load(Ordering::Relaxed), counts.unknown.load(Ordering::Relaxed));
        // What was given up may be carried out until its connection has ended.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let value = table.counter_get("count", "f:n").await.unwrap();
        assert!(counted <= value && value <= counted + unknown, "{counted}, {unknown}: {value}");
        assert!(counted > 0);
        let status = idle(&client).await;
        assert!(status.connections <= 8);
        let metrics = tokio::runtime::Handle::current().metrics();
        settle(|| metrics.num_alive_tasks() <= 1).await;
        assert!(metrics.num_alive_tasks() <= 1, "{} tasks are left", metrics.num_alive_tasks());
    }
}

async fn work(table: &Table, task: usize, counts: &Counts, luck: &mut fastrand::Rng) {
    let row = format!("row{:04}", luck.usize(..ROWS));
    match luck.u8(0..20) {
        0..12 => {
            // A failure is an answer, another row is not.
            if let Ok(found) = table.get(&Get::new(row.as_str())).await {
                assert_eq!(found.unwrap().key(), row.as_bytes());
            }
        }
        12..15 => {
            counts.unknown.fetch_add(1, Ordering::Relaxed);
            if let Ok(value) = table.increment(&Increment::new("count", "f:n", 1)).await {
                assert!(value > 0);
                counts.unknown.fetch_sub(1, Ordering::Relaxed);
                counts.counted.fetch_add(1, Ordering::Relaxed);
            }
        }
        15..17 => {
            let key = format!("own{task}");
            let put = Put::new(key.as_str()).column("f:x", key.as_str());
            if table.put(&put).await.is_ok()
                && let Ok(found) = table.get(&Get::new(key.as_str())).await
            {
                assert_eq!(found.unwrap().get("f:x"), Some(key.as_bytes()));
            }
        }
        17..19 => {
            let scan = Scan::new().prefix("row").caching(luck.u32(1..100));
            let mut rows = table.scan(scan).await.unwrap();
            let mut all = keys(ROWS);
            loop {
                match rows.next_row().await {
                    Ok(Some(found)) => assert_eq!(found.key(), all.next().unwrap().as_bytes()),
                    Ok(None) => break assert_eq!(all.next(), None),
                    Err(_) => break,
                }
            }
        }
        _ => {
            let writer = table.writer(WriterOptions::new().no_max_age().max_mutations(3));
            for number in 0..5 {
                let put = Put::new(format!("written{task}/{number}")).column("f:x", "1");
                let _ = writer.write(put).await;
            }
            let _ = writer.close().await;
        }
    }
}

/// Sets one fault after the other.
async fn make_trouble(server: Arc<MiniHBase>, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::Relaxed) {
        let fault = match fastrand::u8(0..5) {
            0 => Fault::DropBefore,
            1 => Fault::DropAfter,
            2 => Fault::CutReply(fastrand::usize(1..60)),
            3 => Fault::ExpireScanners,
            _ => Fault::Delay(Duration::from_millis(fastrand::u64(1..30))),
        };
        server.fault(When::nth_call(fastrand::u64(1..100)), fault);
        tokio::time::sleep(Duration::from_millis(5)).await;
        if fastrand::u8(0..20) == 0 {
            server.clear_faults();
        }
    }
}
