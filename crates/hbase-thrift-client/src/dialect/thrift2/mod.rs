//! HBase's Thrift 2 interface: its methods, the layout of their arguments, and the refusal of what it
//! lacks.

mod admin;
pub(super) mod described;
mod fast_path;
mod fields;
mod layout;
mod mutations;
mod refusals;
pub(super) mod replies;
mod rows;
mod scanners;

use thrift::protocol::TOutputProtocol;

use super::call::Request;
use super::encode;
pub(crate) use layout::Thrift2Rows;
pub(super) use refusals::{check, check_framed};

/// The method's name.
pub(super) fn method(request: &Request<'_>) -> &'static str {
    match request {
        Request::Get(..) | Request::GetVersions(..) => "get",
        Request::GetRows(..) => "getMultiple",
        Request::Exists(..) => "exists",
        Request::ExistsAll(..) => "existsAll",
        Request::Put(..) => "put",
        Request::Delete(_, delete) => mutations::method_of_delete(delete),
        Request::Batch(_, batch) if batch.deletes.is_empty() => "putMultiple",
        Request::Batch(..) => "deleteMultiple",
        Request::PackedBatch(_, batch, _) => {
            if batch.iter().next().is_none_or(|mutation| mutation.is_put) {
                "putMultiple"
            } else {
                "deleteMultiple"
            }
        }
        Request::Increment(..) | Request::IncrementRows(..) => "increment",
        Request::Append(..) => "append",
        Request::CheckAndPut(..) => "checkAndPut",
        Request::CheckAndMutate(..) => "checkAndMutate",
        Request::MutateRow(..) => "mutateRow",
        Request::OpenScanner(..) => "openScanner",
        Request::Page(..) => "getScannerResults",
        Request::FetchRows(_) => "getScannerRows",
        Request::CloseScanner(_) => "closeScanner",
        Request::CreateTable(..) => "createTable",
        Request::TruncateTable(..) => "truncateTable",
        Request::ModifyTable(..) => "modifyTable",
        Request::AddFamily(..) => "addColumnFamily",
        Request::ModifyFamily(..) => "modifyColumnFamily",
        Request::DeleteFamily(..) => "deleteColumnFamily",
        Request::CreateNamespace(_) => "createNamespace",
        Request::ModifyNamespace(_) => "modifyNamespace",
        Request::DeleteNamespace(_) => "deleteNamespace",
        Request::DescribeNamespace(_) => "getNamespaceDescriptor",
        Request::Namespaces => "listNamespaceDescriptors",
        Request::RegionOf(..) => "getRegionLocation",
        Request::EnableTable(_) => "enableTable",
        Request::DisableTable(_) => "disableTable",
        Request::DeleteTable(_) => "deleteTable",
        Request::IsTableEnabled(_) => "isTableEnabled",
        Request::ColumnFamilies(_) | Request::DescribeTable(_) => "getTableDescriptor",
        Request::Regions(_) => "getAllRegionLocations",
        Request::TableNames => "getTableNamesByPattern",
        Request::ClusterId => "getClusterId",
        Request::ServerType => "getThriftServerType",
        // Refused before they are sent; errors name them as Thrift 1 does.
        Request::TableStates | Request::Compact(_) | Request::MajorCompact(_) => {
            super::thrift1::method(request)
        }
    }
}

/// Writes the arguments' struct.
pub(super) fn write(
    request: &Request<'_>,
    protocol: &mut dyn TOutputProtocol,
) -> thrift::Result<()> {
    encode::structure(protocol, |protocol| match *request {
        Request::Get(table, get) | Request::Exists(table, get) => rows::get(protocol, table, get),
        Request::GetRows(table, get) | Request::ExistsAll(table, get) => {
            rows::get_rows(protocol, table, get)
        }
        Request::GetVersions(table, get) => rows::get_versions(protocol, table, get),
        Request::Put(table, put) => rows::put(protocol, table, put),
        Request::Delete(table, delete) => mutations::delete(protocol, table, delete),
        Request::Batch(table, batch) => rows::batch(protocol, table, batch),
        Request::PackedBatch(table, batch, timestamp) => {
            rows::packed_batch(protocol, table, batch, timestamp)
        }
        Request::Increment(table, increment) => {
            rows::increment(protocol, table, std::slice::from_ref(increment))
        }
        Request::IncrementRows(table, list) => rows::increment(protocol, table, list),
        Request::Append(table, append) => rows::append(protocol, table, append),
        Request::CheckAndPut(table, check) => rows::check_and_put(protocol, table, check),
        Request::CheckAndMutate(table, check) => {
            mutations::check_and_mutate(protocol, table, check)
        }
        Request::MutateRow(table, row) => mutations::mutate_row(protocol, table, row),
        Request::OpenScanner(table, scan, bounds) => scanners::open(protocol, table, scan, &bounds),
        Request::Page(table, scan, bounds) => scanners::page(protocol, table, scan, &bounds),
        Request::FetchRows(fetch) => scanners::fetch(protocol, fetch),
        Request::CloseScanner(scanner) => encode::number32(protocol, 1, scanner),
        Request::CreateTable(table, families, splits) => {
            admin::create_table(protocol, table, families, splits)
        }
        Request::TruncateTable(table, keeps_splits) => {
            admin::table_name(protocol, 1, table)?;
            encode::boolean(protocol, 2, keeps_splits)
        }
        Request::ModifyTable(_, described) => described.write(protocol),
        Request::AddFamily(table, family) => admin::add_family(protocol, table, family),
        Request::ModifyFamily(table, described) => {
            admin::table_name(protocol, 1, table)?;
            described.write(protocol)
        }
        Request::DeleteFamily(table, family) => {
            admin::table_name(protocol, 1, table)?;
            encode::bytes(protocol, 2, family)
        }
        Request::CreateNamespace(namespace) | Request::ModifyNamespace(namespace) => {
            admin::namespace(protocol, namespace)
        }
        Request::DeleteNamespace(name) | Request::DescribeNamespace(name) => {
            encode::bytes(protocol, 1, name.as_bytes())
        }
        Request::RegionOf(table, row) => {
            encode::bytes(protocol, 1, table)?;
            encode::bytes(protocol, 2, row)?;
            // A region that was split or moved since the gateway looked it up is looked up again.
            encode::boolean(protocol, 3, true)
        }
        Request::EnableTable(name)
        | Request::DisableTable(name)
        | Request::DeleteTable(name)
        | Request::IsTableEnabled(name)
        | Request::ColumnFamilies(name)
        | Request::DescribeTable(name) => admin::table_name(protocol, 1, name),
        Request::Regions(name) => encode::bytes(protocol, 1, name),
        Request::TableNames => admin::all_tables(protocol),
        Request::ClusterId
        | Request::ServerType
        | Request::Namespaces
        | Request::TableStates
        | Request::Compact(_)
        | Request::MajorCompact(_) => Ok(()),
    })
}
