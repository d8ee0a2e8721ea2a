//! What Thrift 2 lacks, refused before it is sent, with the interface that has it.

use super::admin;
use crate::dialect::call::Request;
use crate::dialect::refusals;
use crate::error::{Error, ErrorKind, Result};
use crate::request::Scan;

/// Checks the request for what this interface lacks, then for the traps of all.
pub(in crate::dialect) fn check(request: &Request<'_>, max_cell_size: usize) -> Result<()> {
    match *request {
        Request::Compact(_) | Request::MajorCompact(_) => {
            return Err(lacks("can't ask for compactions"));
        }
        Request::TableStates => return Err(lacks("has no list of tables with their states")),
        Request::IncrementRows(_, [first, rest @ ..])
            if rest.iter().any(|other| other.row != first.row) =>
        {
            return Err(lacks(
                "has no call for counters of several rows (Table::increment_rows makes one for each)",
            ));
        }
        Request::Batch(_, batch) if !batch.puts.is_empty() && !batch.deletes.is_empty() => {
            return Err(lacks(
                "has no call for both puts and deletes (Table::batch makes two): send a batch of each",
            ));
        }
        // Its caller keeps them apart: here one of both would be lost.
        Request::PackedBatch(_, batch, _)
            if batch.iter().any(|view| view.is_put) && batch.iter().any(|view| !view.is_put) =>
        {
            return Err(lacks("has no call for both puts and deletes"));
        }
        Request::CreateTable(_, families, _) => families.iter().try_for_each(admin::check)?,
        Request::AddFamily(_, family) => admin::check(family)?,
        _ => {}
    }
    refusals::check(request, max_cell_size)
}

/// Checks the request for what a framed gateway of this interface takes for something else: it takes the
/// bytes of the whole request for keys of splits, and for some names.
pub(in crate::dialect) fn check_framed(request: &Request<'_>) -> Result<()> {
    let what = match request {
        Request::CreateTable(_, _, [_, ..]) => {
            "split keys (leave them out, and HBase splits the table as it grows)"
        }
        Request::DeleteFamily(..) => "the name of a family to delete",
        Request::ModifyFamily(..) | Request::ModifyTable(..) => {
            "a table's and its families' attributes, which a change has to keep"
        }
        Request::OpenScanner(_, scan, _) | Request::Page(_, scan, _) if has_family_times(scan) => {
            "the time ranges of single families, and ignores them (Scan::time_range is for all)"
        }
        _ => return Ok(()),
    };
    Err(Error::invalid(format!(
        "a framed Thrift 2 gateway can't read {what}: it takes the bytes of the whole request for them. Use \
         one that is buffered, compact or HTTP (hbase thrift2 start, without -f, -nonblocking and the like)"
    )))
}

fn has_family_times(scan: &Scan) -> bool {
    !scan.family_times.is_empty()
}

/// The error for what only the other interface has.
fn lacks(what: &str) -> Error {
    let message = format!("Thrift 2 {what}: use a Thrift 1 gateway (hbase thrift start)");
    Error::new(ErrorKind::Unsupported, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::PackedBatch;
    use crate::request::{Batch, ColumnFamily, Compression, Delete, Increment, Put};

    fn refusal(request: &Request<'_>) -> String {
        let error = check(request, 1000).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string()
    }

    #[test]
    fn what_only_the_other_interface_has_is_refused_with_its_name() {
        let increments = ["r", "s"].map(|row| Increment::new(row, "f:n", 1));
        let batch = Batch::new().put(Put::new("r").column("f:a", "1")).delete(Delete::row("s"));
        let mut packed = PackedBatch::default();
        let put = Put::new("r").column("f:a", "1");
        for mutation in [put.into(), Delete::row("s").column("f:a").into()] {
            packed.push(&mutation, PackedBatch::size_of(&mutation));
        }
        let families = [ColumnFamily::new("f").compression(Compression::Other("BROTLI".into()))];
        for (request, what) in [
            (Request::Compact(b"t"), "compactions"),
            (Request::MajorCompact(b"t"), "compactions"),
            (Request::TableStates, "states"),
            (Request::IncrementRows(b"t", &increments), "several rows"),
            (Request::Batch(b"t", &batch), "both"),
            (Request::PackedBatch(b"t", &packed, None), "both"),
        ] {
            let said = refusal(&request);
            assert!(said.contains(what) && said.contains("Thrift 1 gateway"), "{said}");
        }
        assert!(refusal(&Request::CreateTable(b"t", &families, &[])).contains("BROTLI"));
    }

    #[test]
    fn framed_gateways_get_nothing_that_they_take_for_the_whole_request() {
        let (families, splits) = ([ColumnFamily::new("f")], [b"a".to_vec()]);
        let of_splits = Request::CreateTable(b"t", &families, &splits);
        for request in [of_splits, Request::DeleteFamily(b"t", b"f")] {
            assert!(check(&request, 1000).is_ok());
            let error = check_framed(&request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(error.to_string().contains("buffered, compact or HTTP"), "{error}");
        }
        for request in
            [Request::CreateTable(b"t", &families, &[]), Request::AddFamily(b"t", &families[0])]
        {
            assert!(check_framed(&request).is_ok());
        }
    }

    #[test]
    fn what_thrift_1_drops_is_allowed() {
        let put = |row: &str, time| Put::new(row).column("f:a", "1").timestamp(time);
        let times = Batch::new().put(put("r", 1)).put(put("s", 2));
        let rows = Batch::new().delete(Delete::row("r")).delete(Delete::row("s").family("f"));
        let increments = ["a", "b"].map(|column| Increment::new("r", format!("f:{column}"), 1));
        assert!(check(&Request::Batch(b"t", &times), 1000).is_ok());
        assert!(check(&Request::Batch(b"t", &rows), 1000).is_ok());
        assert!(check(&Request::IncrementRows(b"t", &increments), 1000).is_ok());
    }
}
