//! What Thrift 1 lacks, refused with the interface that has it, and what it alone would reject late or
//! silently do otherwise, refused before it is sent.

use std::collections::BTreeSet;

use crate::dialect::call::Request;
use crate::dialect::refusals;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Batch, Delete, Durability, Selection, StorePage, TimeRange};

/// Checks the request for what this interface lacks and for its traps, then for those of all.
pub(in crate::dialect) fn check(request: &Request<'_>, max_cell_size: usize) -> Result<()> {
    match *request {
        Request::Get(_, get) | Request::Exists(_, get) => check_read(&get.selection, get.page)?,
        Request::GetRows(_, get) => check_read(&get.selection, get.page)?,
        Request::GetVersions(_, get) => check_times(get.times)?,
        Request::OpenScanner(_, scan, _) | Request::Page(_, scan, _) => {
            if scan.paged {
                return Err(lacks("has no call for a page of a scan"));
            }
            check_read(&scan.selection, StorePage::default())?;
            if !scan.family_times.is_empty() {
                return Err(lacks("has no time ranges for single families"));
            }
        }
        Request::ExistsAll(..) => {
            return Err(lacks(
                "has no call for which of several rows exist (Table::exists_all reads them)",
            ));
        }
        Request::Put(_, put) => check_durability(put.durability)?,
        Request::PackedBatch(_, batch, _) if batch.is_thrift2_only() => {
            return Err(lacks(DURABILITIES));
        }
        Request::MutateRow(..) => {
            return Err(lacks(
                "can't put to a row and delete from it in one step (Table::put and Table::delete are \
                 a step each)",
            ));
        }
        Request::CheckAndMutate(..) => {
            return Err(lacks(
                "can only put one cell, if another is equal or absent (Table::check_and_put)",
            ));
        }
        Request::Delete(_, delete) => check_delete(delete)?,
        Request::Batch(_, batch) => {
            batch.puts.iter().try_for_each(|put| check_durability(put.durability))?;
            batch.deletes.iter().try_for_each(check_delete)?;
            check_whole_rows(batch)?;
            check_uniform(batch)?;
        }
        Request::CreateTable(_, _, [_, ..]) => {
            return Err(lacks(
                "can't create a table that is split (Admin::create_table makes one region)",
            ));
        }
        Request::TruncateTable(..) => return Err(lacks("can't truncate tables")),
        Request::AddFamily(..)
        | Request::ModifyFamily(..)
        | Request::DeleteFamily(..)
        | Request::DescribeTable(_)
        | Request::ModifyTable(..) => return Err(lacks("can't change the families of a table")),
        Request::CreateNamespace(_)
        | Request::ModifyNamespace(_)
        | Request::DeleteNamespace(_)
        | Request::DescribeNamespace(_)
        | Request::Namespaces => return Err(lacks("has no calls for namespaces")),
        Request::RegionOf(..) => {
            return Err(lacks("can't find the region of a row (Admin::region_of looks among all)"));
        }
        _ => {}
    }
    refusals::check(request, max_cell_size)
}

/// The error for what only the other interface has.
fn lacks(what: &str) -> Error {
    let message = format!("Thrift 1 {what}: use a Thrift 2 gateway (hbase thrift2 start)");
    Error::new(ErrorKind::Unsupported, message)
}

const DURABILITIES: &str = "knows two durabilities, SyncWal and SkipWal";

fn check_durability(durability: Durability) -> Result<()> {
    if durability.is_thrift2_only() { Err(lacks(DURABILITIES)) } else { Ok(()) }
}

fn check_delete(delete: &Delete) -> Result<()> {
    if !delete.versions.is_empty() {
        return Err(lacks(
            "can't delete single versions (Delete::up_to_timestamp deletes all up to a time)",
        ));
    }
    check_durability(delete.durability)
}

fn check_read(selection: &Selection, page: StorePage) -> Result<()> {
    if selection.max_versions.is_some_and(|versions| versions > 1) {
        return Err(lacks("reads several versions of single columns only (Table::get_versions)"));
    }
    if !page.is_all() {
        return Err(lacks("can't limit the cells of a family in a get"));
    }
    check_times(selection.times)
}

fn check_times(times: TimeRange) -> Result<()> {
    if times.min() > 0 {
        return Err(lacks("has no lower bound for times (TimeRange::until has none)"));
    }
    Ok(())
}

fn check_whole_rows(batch: &Batch) -> Result<()> {
    if batch.deletes.iter().any(Delete::is_whole_row) {
        return Err(Error::invalid(
            "a batch can't delete a whole row, the gateway drops it silently: name the families, \
             or use Table::delete",
        ));
    }
    Ok(())
}

/// The interface has place for one timestamp and one set of attributes a batch.
fn check_uniform(batch: &Batch) -> Result<()> {
    let timestamps: BTreeSet<_> = batch.timestamps().collect();
    if timestamps.len() > 1 {
        return Err(Error::invalid(
            "the batch has several timestamps, the gateway has place for one: send a batch for each",
        ));
    }
    let first = batch.attributes();
    if batch.all_attributes().any(|other| Some(other) != first) {
        return Err(Error::invalid(
            "the batch has several sets of attributes, the gateway has place for one: send a batch \
             for each",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{CheckAndMutate, Put, RowMutations};

    fn refusal(batch: &Batch) -> String {
        check(&Request::Batch(b"t", batch), 1000).unwrap_err().to_string()
    }

    fn put(row: &str, column: &str) -> Put {
        Put::new(row).column(column, "value")
    }

    #[test]
    fn what_only_the_other_interface_has_is_refused_with_its_name() {
        let versions = [Delete::row("r").version("f:a", 1), Delete::row("r").newest_version("f:a")];
        let batch = Batch::new().delete(Delete::row("r").column("f:a").family_version("g", 1));
        let mutations = RowMutations::new("r").put(put("r", "f:a"));
        let check_and = CheckAndMutate::if_present("r", "f:a").mutate(mutations.clone());
        for (request, what) in [
            (Request::Delete(b"t", &versions[0]), "single versions"),
            (Request::Delete(b"t", &versions[1]), "single versions"),
            (Request::Batch(b"t", &batch), "single versions"),
            (Request::MutateRow(b"t", &mutations), "one step"),
            (Request::CheckAndMutate(b"t", &check_and), "check_and_put"),
        ] {
            let error = check(&request, 1000).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let said = error.to_string();
            assert!(said.contains(what) && said.contains("Thrift 2 gateway"), "{said}");
        }
    }

    #[test]
    fn a_delete_of_a_whole_row_is_refused() {
        assert!(refusal(&Batch::new().delete(Delete::row("r"))).contains("whole row"));
    }

    #[test]
    fn one_timestamp_is_all_a_batch_has() {
        let batch = Batch::new().put(put("r", "f:a").timestamp(1)).put(put("s", "f:a"));
        assert!(refusal(&batch).contains("timestamps"));
        let batch = Batch::new().put(put("r", "f:a").attribute("a", "1")).put(put("s", "f:a"));
        assert!(refusal(&batch).contains("attributes"));
    }
}
