//! What one request may carry, checked before the first byte of it is sent.
//!
//! For errors that name the limit and where it is set. The limits themselves are the generic
//! client's configuration, which has to be told where a server allows more.

use hbase_thrift_client::Transport;

use crate::{
    error::{Error, ErrorKind, Result},
    store::CrashStore,
};

/// The cells of a row that are to be written together.
pub(crate) type Cells<'a, C> = [(C, &'a [u8])];

/// What HBase keeps of a cell beside its key and value (`KeyValue`).
const CELL_OVERHEAD: usize = 20;
/// What `mutateRow` has beside the names and values, in the binary protocol: message, table, row,
/// list, attributes. The compact protocol has less.
const REQUEST_OVERHEAD: usize = 21 + 7 + 7 + 8 + 9 + 1;
/// The same for a mutation of its list: two flags, two lengths, the end.
const MUTATION_OVERHEAD: usize = 4 + 7 + 7 + 4 + 1;

impl CrashStore {
    /// Refuses what the gateway or the server would: `what` names it in the error.
    pub(crate) fn check_size(
        &self,
        table: &str,
        row: &[u8],
        what: &str,
        cells: &Cells<'_, impl AsRef<[u8]>>,
    ) -> Result<()> {
        let config = self.client().config();
        for (column, value) in cells {
            check_cell(row, what, column.as_ref(), value, config.get_max_cell_size())?;
        }
        let table = config.get_table_prefix().len() + table.len();
        let mutations = cells
            .iter()
            .map(|(column, value)| MUTATION_OVERHEAD + column.as_ref().len() + value.len());
        let size = REQUEST_OVERHEAD + table + row.len() + mutations.sum::<usize>();
        check_request(what, size, config.get_max_request_size(), config.get_transport())
    }
}

fn check_cell(row: &[u8], what: &str, column: &[u8], value: &[u8], limit: usize) -> Result<()> {
    let size = CELL_OVERHEAD + row.len() + column.len() - 1 + value.len();
    if size <= limit {
        return Ok(());
    }
    let column = column.escape_ascii();
    Err(too_large(format!(
        "{what} has a cell {column} of {size} bytes, HBase takes up to {limit} \
         (hbase.client.keyvalue.maxsize at the gateway, hbase.server.keyvalue.maxsize at the region \
         servers): where both allow more, set max_cell_size"
    )))
}

fn check_request(what: &str, size: usize, limit: usize, transport: Transport) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    let setting = if transport == Transport::Framed {
        " in a frame (hbase.regionserver.thrift.framed.max_frame_size_in_mb)"
    } else {
        ""
    };
    Err(too_large(format!(
        "{what} makes a request of {size} bytes, the gateway takes up to {limit}{setting}: where it \
         allows more, set max_request_size"
    )))
}

fn too_large(message: String) -> Error {
    Error::new(ErrorKind::TooLarge, message + "; nothing was stored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_over_the_limit_is_refused_with_the_servers_setting_and_ours() {
        assert!(check_cell(b"row", "crash x", b"f:q", &[0; 100], 125).is_ok());
        let error = check_cell(b"row", "crash x", b"f:q", &[0; 100], 124).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let message = error.to_string();
        assert!(message.contains("125 bytes, HBase takes up to 124"), "{message}");
        assert!(message.contains("hbase.client.keyvalue.maxsize"), "{message}");
        assert!(message.contains("hbase.server.keyvalue.maxsize"), "{message}");
        assert!(message.contains("set max_cell_size"), "{message}");
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_with_the_servers_setting_and_ours() {
        assert!(check_request("crash x", 100, 100, Transport::Framed).is_ok());
        let message =
            check_request("crash x", 101, 100, Transport::Framed).unwrap_err().to_string();
        assert!(message.contains("101 bytes, the gateway takes up to 100"), "{message}");
        assert!(message.contains("framed.max_frame_size_in_mb"), "{message}");
        assert!(message.contains("set max_request_size"), "{message}");
    }
}
