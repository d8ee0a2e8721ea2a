//! Generated code, used directly: that of the crate `hbase-thrift`, and this workspace's.
//!
//! The two are the output of one compiler for two releases of the Thrift crate: the same text with
//! other types, hence the macro.

pub(super) use of_hbase_thrift::Generated as HbaseThrift;
pub(super) use of_this_workspace::Generated as GeneratedCode;

/// A client over `api` and `thrift`, which have to be in scope.
macro_rules! generated_client {
    ($read_transport:expr) => {
        use std::collections::BTreeMap;
        use std::net::SocketAddr;

        use anyhow::Result;
        use api::{HbaseSyncClient, Mutation, TCell, THbaseSyncClient, TRowResult, TScan};
        use thrift::protocol::{TBinaryInputProtocol, TBinaryOutputProtocol};
        use thrift::transport::{
            ReadHalf, TBufferedReadTransport, TBufferedWriteTransport, TIoChannel, TTcpChannel,
            WriteHalf,
        };

        use crate::client::{Client, Tally, key, work};
        use crate::shape::Table;
        use crate::task::Scan;

        type Input = TBinaryInputProtocol<TBufferedReadTransport<ReadHalf<TTcpChannel>>>;
        type Output = TBinaryOutputProtocol<TBufferedWriteTransport<WriteHalf<TTcpChannel>>>;

        pub(in crate::client) struct Generated(HbaseSyncClient<Input, Output>);

        impl Generated {
            /// As the crate's documentation shows it.
            pub(in crate::client) fn connect(server: SocketAddr) -> Result<Self> {
                let mut channel = TTcpChannel::new();
                channel.open(&server.to_string())?;
                let (input, output) = channel.split()?;
                let input = TBinaryInputProtocol::new($read_transport(input), true);
                let output = TBufferedWriteTransport::new(output);
                let output = TBinaryOutputProtocol::new(output, true);
                Ok(Self(HbaseSyncClient::new(input, output)))
            }
        }

        impl Client for Generated {
            fn scan(&mut self, scan: &Scan, table: Table) -> Result<Tally> {
                let name = table.to_string().into_bytes();
                let batch = scan.batch.cast_signed();
                let request = TScan { caching: Some(batch), ..TScan::default() };
                let id = self.0.scanner_open_with_scan(name, request, BTreeMap::new())?;
                let mut tally = Tally::default();
                loop {
                    let rows = self.0.scanner_get_list(id, batch)?;
                    if rows.is_empty() {
                        break;
                    }
                    add(&mut tally, &rows);
                    work(scan.work);
                }
                self.0.scanner_close(id)?;
                Ok(tally)
            }

            fn get(&mut self, table: Table) -> Result<Tally> {
                let name = table.to_string().into_bytes();
                let mut tally = Tally::default();
                for call in 0..table.rows {
                    let rows = self.0.get_row(name.clone(), key(call), BTreeMap::new())?;
                    add(&mut tally, &rows);
                }
                Ok(tally)
            }

            fn put(&mut self, table: Table) -> Result<()> {
                let name = table.to_string().into_bytes();
                let column = table.shape.column(0).into_bytes();
                let value = vec![b'v'; table.shape.value_size()];
                for call in 0..table.rows {
                    let mutation = Mutation::new(None, column.clone(), value.clone(), None);
                    let mutations = vec![mutation];
                    self.0.mutate_row(name.clone(), key(call), mutations, BTreeMap::new())?;
                }
                Ok(())
            }
        }

        fn add(tally: &mut Tally, rows: &[TRowResult]) {
            for row in rows {
                tally.row(row.row.as_deref().unwrap_or_default());
                for (column, TCell { value, .. }) in row.columns.iter().flatten() {
                    tally.cell(column.len(), value.as_deref().unwrap_or_default());
                }
            }
        }
    };
}

mod of_hbase_thrift {
    //! The crate `hbase-thrift` 1.2.0, with the transports of its documentation.

    use hbase_thrift::hbase as api;
    use thrift_of_hbase_thrift as thrift;

    generated_client!(TBufferedReadTransport::new);
}

mod of_this_workspace {
    //! `hbase-thrift-api`, with a larger buffer.

    use hbase_thrift_api as api;

    generated_client!(|input| TBufferedReadTransport::with_capacity(64 * 1024, input));
}
