//! Puts that a delete beside them would hide, whatever their order: both get the server's time.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::request::{Batch, Delete, Mutation, Put, RowMutations};

/// Refuses a batch that puts what it deletes. All puts run before all deletes, whether a gateway has one
/// call for both or not.
pub(super) fn check_batch(batch: &Batch) -> Result<()> {
    if batch.deletes.is_empty() {
        return Ok(());
    }
    let mut written: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    for put in &batch.puts {
        let columns = put.cells.iter().map(|(column, _)| column.as_slice());
        written.entry(&put.row).or_default().extend(columns);
    }
    for delete in &batch.deletes {
        let Some(columns) = written.get(delete.row.as_slice()) else { continue };
        if delete.is_whole_row() {
            let shown = delete.row.escape_ascii();
            return Err(Error::invalid(format!(
                "the batch puts to the row `{shown}` and deletes it, which would end deleted in any \
                 order: send the delete first, in a call of its own"
            )));
        }
        let mut deleted = delete.get_columns().chain(delete.get_versions().map(|(name, _)| name));
        if let Some(name) = deleted.find(|name| columns.iter().any(|column| covers(name, column))) {
            let shown = name.escape_ascii();
            return Err(Error::invalid(format!(
                "the batch puts and deletes `{shown}` of one row, which would end deleted in any \
                 order: send the delete first, in a call of its own"
            )));
        }
    }
    Ok(())
}

/// Refuses mutations that put what they delete, unless the times that they name spare it.
pub(super) fn check_row_mutations(row: &RowMutations) -> Result<()> {
    for delete in row.deletes() {
        for mutation in &row.mutations {
            let Mutation::Put(put) = mutation else { continue };
            if let Some((column, _)) =
                put.cells.iter().find(|(column, _)| hides(delete, put, column))
            {
                let shown = column.escape_ascii();
                return Err(Error::invalid(format!(
                    "the mutations put and delete `{shown}`, which would end deleted in any order: \
                     a put alone replaces the value, and a delete up to an earlier time \
                     (Delete::up_to_timestamp) spares it"
                )));
            }
        }
    }
    Ok(())
}

/// Whether the delete hides what is put into this column at the same moment.
fn hides(delete: &Delete, put: &Put, column: &[u8]) -> bool {
    let is_of_column = delete.get_columns().any(|name| covers(name, column));
    if (is_of_column || delete.is_whole_row())
        && match (delete.timestamp, put.timestamp) {
            (Some(up_to), Some(time)) => time <= up_to,
            // A time that somebody names is in the past.
            (Some(_), None) => false,
            (None, _) => true,
        }
    {
        return true;
    }
    delete.get_versions().any(|(name, version)| {
        covers(name, column)
            && match (version, put.timestamp) {
                (Some(version), Some(time)) => version == time,
                (Some(_), None) => false,
                // Where there is no version yet, the delete has the time of the put.
                (None, _) => true,
            }
    })
}

/// Whether a column is this one, or of this family.
fn covers(name: &[u8], column: &[u8]) -> bool {
    let is_family = || !name.contains(&b':') && column.get(name.len()) == Some(&b':');
    column.strip_prefix(name).is_some_and(|rest| rest.is_empty() || is_family())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(batch: &Batch) -> String {
        check_batch(batch).unwrap_err().to_string()
    }

    fn put(row: &str, column: &str) -> Put {
        Put::new(row).column(column, "value")
    }

    #[test]
    fn a_put_and_a_delete_of_one_cell_are_refused() {
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("r").column("f:a"));
        assert!(refusal(&batch).contains("end deleted"));
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("r").family("f"));
        assert!(refusal(&batch).contains("end deleted"));
        for delete in [
            Delete::row("r").newest_version("f:a"),
            Delete::row("r").version("f:a", 1),
            Delete::row("r").family_version("f", 1),
        ] {
            assert!(refusal(&Batch::new().put(put("r", "f:a")).delete(delete)).contains("deleted"));
        }
    }

    #[test]
    fn a_put_and_a_delete_of_different_cells_are_fine() {
        let batch = Batch::new()
            .put(put("r", "f:a"))
            .put(put("s", "f:b"))
            .delete(Delete::row("r").column("f:b").family("g"))
            .delete(Delete::row("r").newest_version("f:").family_version("f1", 1))
            .delete(Delete::row("t").column("f:a"));
        assert!(check_batch(&batch).is_ok());
    }

    #[test]
    fn a_put_to_a_row_that_is_deleted_as_a_whole_is_refused() {
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("r"));
        assert!(refusal(&batch).contains("end deleted"));
        let batch = Batch::new().put(put("r", "f:a")).delete(Delete::row("s"));
        assert!(check_batch(&batch).is_ok());
    }

    #[test]
    fn what_one_step_puts_is_spared_by_an_earlier_time_alone() {
        let check = |put: Put, delete: Delete| {
            let both = [
                RowMutations::new("r").put(put.clone()).delete(delete.clone()),
                RowMutations::new("r").delete(delete).put(put),
            ];
            let [first, second] = both.map(|row| check_row_mutations(&row).is_ok());
            assert_eq!(first, second);
            first
        };
        let (now, at) = (|| put("r", "f:a"), |time| put("r", "f:a").timestamp(time));
        let delete = || Delete::row("r");
        for named in [delete(), delete().family("f"), delete().column("f:a")] {
            assert!(!check(now(), named.clone()) && !check(at(5), named.clone()));
            assert!(check(now(), named.clone().up_to_timestamp(5)));
            assert!(check(at(6), named.clone().up_to_timestamp(5)));
            assert!(!check(at(5), named.up_to_timestamp(5)));
        }
        for version in [delete().version("f:a", 5), delete().family_version("f", 5)] {
            assert!(check(now(), version.clone()) && check(at(4), version.clone()));
            assert!(!check(at(5), version));
        }
        assert!(!check(now(), delete().newest_version("f:a")));
        assert!(check(now(), delete().column("f:b").newest_version("f:c").family("g")));
    }
}
