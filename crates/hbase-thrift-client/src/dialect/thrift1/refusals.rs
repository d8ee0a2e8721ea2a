//! What Thrift 1 alone would reject late or silently do otherwise, refused before it is sent.

use std::collections::BTreeSet;

use crate::dialect::call::Request;
use crate::dialect::refusals;
use crate::error::{Error, Result};
use crate::request::Batch;

/// Checks the request for this interface's traps, then for those of all.
pub(in crate::dialect) fn check(request: &Request<'_>, max_cell_size: usize) -> Result<()> {
    if let Request::Batch(_, batch) = *request {
        check_whole_rows(batch)?;
        check_uniform(batch)?;
    }
    refusals::check(request, max_cell_size)
}

fn check_whole_rows(batch: &Batch) -> Result<()> {
    if batch.deletes.iter().any(|delete| delete.columns.is_empty()) {
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
    use crate::request::{Delete, Put};

    fn refusal(batch: &Batch) -> String {
        check(&Request::Batch(b"t", batch), 1000).unwrap_err().to_string()
    }

    fn put(row: &str, column: &str) -> Put {
        Put::new(row).column(column, "value")
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
