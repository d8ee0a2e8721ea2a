//! Reading many rows by their keys, in as many calls as their size needs.

use std::collections::HashMap;
use std::time::Instant;

use super::executor::Executor;
use crate::dialect::Call;
use crate::error::{ErrorKind, Result};
use crate::request::GetRows;
use crate::row::{Row, RowBatch};

/// What a call has beside its keys and columns, and a key or column beside its bytes.
const CALL_OVERHEAD: usize = 1024;
const KEY_OVERHEAD: usize = 5;

/// What is asked of each key.
#[derive(Clone, Copy)]
enum KeysWanted {
    Row,
    Existence,
}

/// What a call found, each key's at its place.
enum KeysFound {
    Rows(Vec<Option<Row>>),
    Existences(Vec<bool>),
}

impl Executor {
    /// Reads the rows in calls that don't go over the limits of requests and replies, all of them within
    /// one operation time-out; each has its place.
    pub(crate) async fn run_get_rows(
        &self,
        table: &[u8],
        get: &GetRows,
    ) -> Result<Vec<Option<Row>>> {
        let found = self.run_in_parts(table, get, KeysWanted::Row, self.deadline()).await?;
        Ok(found.into_iter().flat_map(KeysFound::rows).collect())
    }

    /// As [`run_get_rows`](Self::run_get_rows), for whether there is each of them.
    pub(crate) async fn run_exists_all(&self, table: &[u8], get: &GetRows) -> Result<Vec<bool>> {
        let deadline = self.deadline();
        let is_known = self.dialect_by(deadline).await?.has_exists_all();
        let asked = if is_known { KeysWanted::Existence } else { KeysWanted::Row };
        let found = self.run_in_parts(table, get, asked, deadline).await?;
        Ok(found.into_iter().flat_map(KeysFound::existences).collect())
    }

    async fn run_in_parts(
        &self,
        table: &[u8],
        get: &GetRows,
        asked: KeysWanted,
        deadline: Instant,
    ) -> Result<Vec<KeysFound>> {
        let room = self.config().get_max_request_size().saturating_sub(size_without_keys(get));
        let (mut found, mut done) = (Vec::new(), 0);
        // Fewer after a reply that was too large.
        let mut most = usize::MAX;
        while done < get.rows.len() {
            let left = &get.rows[done..];
            let keys = keys_within(left, room).min(most);
            let part;
            let call = if keys == get.rows.len() {
                get
            } else {
                part = GetRows { rows: left[..keys].to_vec(), ..get.without_rows() };
                &part
            };
            match self.run_part(table, call, asked, deadline).await {
                Ok(part) => {
                    found.push(part);
                    done += keys;
                }
                Err(error) if error.kind() == ErrorKind::TooLarge && keys > 1 => {
                    tracing::debug!(%error, keys, "the rows are read in smaller parts");
                    most = keys.div_ceil(2);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn run_part(
        &self,
        table: &[u8],
        part: &GetRows,
        asked: KeysWanted,
        deadline: Instant,
    ) -> Result<KeysFound> {
        match asked {
            KeysWanted::Row => {
                let found = self.run_until(&Call::get_rows(table, part), deadline).await?;
                Ok(KeysFound::Rows(by_key(&part.rows, &found)))
            }
            KeysWanted::Existence => {
                let call = Call::exists_all(table, part);
                let found = self.run_until(&call, deadline).await?;
                if found.len() != part.rows.len() {
                    let message = "the reply has another number of rows than were asked for";
                    return Err(self.unusable_result(message, &call.request));
                }
                Ok(KeysFound::Existences(found))
            }
        }
    }
}

impl KeysFound {
    fn rows(self) -> Vec<Option<Row>> {
        match self {
            Self::Rows(rows) => rows,
            Self::Existences(_) => Vec::new(),
        }
    }

    fn existences(self) -> Vec<bool> {
        match self {
            Self::Rows(rows) => rows.iter().map(Option::is_some).collect(),
            Self::Existences(existences) => existences,
        }
    }
}

fn size_without_keys(get: &GetRows) -> usize {
    let columns = get.selection.columns.iter().map(|column| KEY_OVERHEAD + column.len());
    let attributes = get.selection.attributes.iter();
    let attributes = attributes.map(|(name, value)| 2 * KEY_OVERHEAD + name.len() + value.len());
    CALL_OVERHEAD + columns.sum::<usize>() + attributes.sum::<usize>()
}

/// How many of the keys fit into this many bytes; at least one.
fn keys_within(keys: &[Vec<u8>], room: usize) -> usize {
    let sizes = keys.iter().scan(0, |size, key| {
        *size += KEY_OVERHEAD + key.len();
        Some(*size)
    });
    sizes.take_while(|size| *size <= room).count().max(1)
}

/// The rows that were found, each at its key's place; a key may be asked for twice.
fn by_key(keys: &[Vec<u8>], found: &RowBatch) -> Vec<Option<Row>> {
    let found: HashMap<Vec<u8>, Row> = found.iter().map(|row| (row.key().to_vec(), row)).collect();
    keys.iter().map(|key| found.get(key).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_by_their_bytes_and_always_one() {
        let keys: Vec<Vec<u8>> = vec![vec![0; 10]; 4];
        assert_eq!(keys_within(&keys, 14), 1);
        assert_eq!(keys_within(&keys, 45), 3);
        assert_eq!(keys_within(&keys, 1000), 4);
    }
}
