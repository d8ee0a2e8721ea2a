//! Each kind of call, by both interfaces.

use futures_util::TryStreamExt;
use hbase_thrift_client::aio::Client;
use hbase_thrift_client::{
    Append, Batch, CheckAndPut, Delete, ErrorKind, Get, GetRows, GetVersions, Increment, Put,
    RowSet, Scan, WriterOptions,
};

use crate::support::{fill, keys, start, urls};

#[tokio::test]
async fn each_kind_of_call_does_what_the_blocking_one_does() {
    let server = start();
    for (number, url) in urls(&server).into_iter().enumerate() {
        let client = Client::connect(url.as_str()).await.unwrap();
        let name = format!("t{number}");
        let table = fill(&client, &name, 100).await;
        assert_eq!(client.admin().table_names().await.unwrap().len(), number + 1);
        let row = table.get(&Get::new("row0007")).await.unwrap().unwrap();
        assert_eq!(row.get("f:x"), Some(&b"1"[..]));
        assert_eq!(table.get(&Get::new("none")).await.unwrap(), None);
        let rows = table.get_rows(&GetRows::new(["row0001", "none"])).await.unwrap();
        assert_eq!(rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
        let exist = table.exists_all(&GetRows::new(["row0001", "none"])).await.unwrap();
        assert_eq!(exist, [true, false]);
        table.put(&Put::new("row0007").column("f:x", "2")).await.unwrap();
        let versions = table.get_versions(&GetVersions::new("row0007", "f:x", 3)).await.unwrap();
        assert_eq!(versions.len(), 2);
        table.delete(&Delete::row("row0008")).await.unwrap();
        assert!(!table.exists(&Get::new("row0008")).await.unwrap());
        let batch = Batch::new()
            .put(Put::new("row0008").column("f:x", "3"))
            .delete(Delete::row("row0009").column("f:x"));
        table.batch(&batch).await.unwrap();
        assert!(!table.exists(&Get::new("row0009")).await.unwrap());
        let appended = table.append(&Append::new("row0008").column("f:x", "4")).await.unwrap();
        assert_eq!(appended[0].value, b"34");
        assert_eq!(table.increment(&Increment::new("n", "f:n", 5)).await.unwrap(), 5);
        table.increment_rows(&[Increment::new("n", "f:n", 2)]).await.unwrap();
        assert_eq!(table.counter_get("n", "f:n").await.unwrap(), 7);
        let claim = CheckAndPut::if_absent("n", "f:taker").put("f:taker", "me");
        assert!(table.check_and_put(&claim).await.unwrap());
        assert!(!table.check_and_put(&claim).await.unwrap());
        let missing = client.table("missing").get(&Get::new("row")).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::TableNotFound);
        client.ping().await.unwrap();
        client.admin().disable_and_delete_table(&name).await.unwrap();
        fill(&client, &name, 1).await;
    }
}

#[tokio::test]
async fn rows_come_as_streams_one_by_one_and_in_batches() {
    let server = start();
    for (number, url) in urls(&server).into_iter().enumerate() {
        let client = Client::connect(url.as_str()).await.unwrap();
        let table = fill(&client, &format!("t{number}"), 1_000).await;
        let all: Vec<String> = keys(1_000).collect();
        let scan = || Scan::new().caching(7);
        let rows: Vec<_> = table.scan(scan()).await.unwrap().try_collect().await.unwrap();
        let found = |rows: &[hbase_thrift_client::Row]| {
            rows.iter()
                .map(|row| String::from_utf8(row.key().to_vec()).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&rows), all);
        assert_eq!(table.count_rows(scan()).await.unwrap(), 1_000);
        let mut scanner = table.scan(scan()).await.unwrap();
        let first = scanner.next_row().await.unwrap().unwrap();
        assert_eq!(first.key(), all[0].as_bytes());
        let rest = scanner.next_batch().await.unwrap().unwrap();
        assert_eq!((rest.len(), rest.get(0).unwrap().key()), (6, all[1].as_bytes()));
        let batch = scanner.next_batch().await.unwrap().unwrap();
        assert_eq!(batch.get(0).unwrap().key(), all[7].as_bytes());
        let token = scanner.page_token().await.unwrap().unwrap();
        let mut after = table.scan_after(scan(), &token).await.unwrap();
        assert_eq!(after.next_row().await.unwrap().unwrap().key(), all[14].as_bytes());
        assert_eq!(after.count_rows().await.unwrap(), 1_000 - 15);
        assert_eq!(scanner.count_rows().await.unwrap(), 1_000 - 14);
        let salts = ["row00", "row01", "row02"];
        let union = table.scan_union(salts, scan()).await.unwrap();
        assert_eq!(union.count_rows().await.unwrap(), 300);
        let merged: Vec<_> =
            table.scan_merge(salts, scan()).await.unwrap().try_collect().await.unwrap();
        let merged = found(&merged);
        assert_eq!((merged.len(), &*merged[0], &*merged[4]), (300, "row0000", "row0101"));
        let set = RowSet::new().row("row0003").row("row0005").prefix("row09");
        let mut rows = table.scan_rows(set, scan()).await.unwrap();
        assert_eq!(rows.next_row().await.unwrap().unwrap().key(), b"row0003");
        assert_eq!(rows.count_rows().await.unwrap(), 101);
        assert_eq!(table.scan_regions(scan()).await.unwrap().count_rows().await.unwrap(), 1_000);
        let in_order: Vec<_> =
            table.scan_regions_in_order(scan()).await.unwrap().try_collect().await.unwrap();
        assert_eq!(found(&in_order), all);
    }
}

#[tokio::test]
async fn a_pipeline_and_a_writer_report_each_call_and_each_row() {
    let server = start();
    let client = Client::connect(server.url()).await.unwrap();
    let table = fill(&client, "t", 3).await;
    let mut pipeline = client.pipeline();
    let row = pipeline.get(&table, Get::new("row0001")).await.unwrap();
    let count = pipeline.increment(&table, Increment::new("n", "f:n", 3)).await.unwrap();
    pipeline.put(&client.table("missing"), Put::new("r").column("f:x", "1")).await.unwrap();
    let mut results = pipeline.send().await;
    assert_eq!(results.take(row).unwrap().unwrap().key(), b"row0001");
    assert_eq!(results.take(count).unwrap(), 3);
    assert_eq!(results.all().unwrap_err().kind(), ErrorKind::TableNotFound);
    let writer = table.writer(WriterOptions::new());
    writer.write(Put::new("good").column("f:x", "1")).await.unwrap();
    writer.write(Put::new("bad").column("g:x", "1")).await.unwrap();
    let error = writer.close().await.unwrap_err();
    assert_eq!(error.failures().len(), 1);
    assert!(table.exists(&Get::new("good")).await.unwrap());
}
