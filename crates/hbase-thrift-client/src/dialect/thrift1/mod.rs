//! HBase's Thrift 1 interface: its methods, the layout of their arguments, and the refusal of its
//! traps.

mod admin;
mod fast_path;
mod form;
mod layout;
pub(super) mod packed;
mod refusals;
pub(super) mod replies;
mod rows;
mod scanners;
mod short;

use thrift::protocol::TOutputProtocol;

use super::call::Request;
use super::encode;
pub(crate) use layout::Thrift1Rows;
pub(crate) use packed::PackedBatch;
pub(super) use refusals::check;
pub(super) use short::write_binary;

/// The method's name. Several reads differ only in their arguments.
pub(super) fn method(request: &Request<'_>) -> &'static str {
    match request {
        Request::Get(_, get) | Request::Exists(_, get) => {
            match (get.selection.columns.is_empty(), get.selection.times.before().is_none()) {
                (true, true) => "getRow",
                (true, false) => "getRowTs",
                (false, true) => "getRowWithColumns",
                (false, false) => "getRowWithColumnsTs",
            }
        }
        Request::GetRows(_, get) => {
            match (get.selection.columns.is_empty(), get.selection.times.before().is_none()) {
                (true, true) => "getRows",
                (true, false) => "getRowsTs",
                (false, true) => "getRowsWithColumns",
                (false, false) => "getRowsWithColumnsTs",
            }
        }
        Request::GetVersions(_, get) if get.times.before().is_none() => "getVer",
        Request::GetVersions(..) => "getVerTs",
        Request::Put(_, put) if put.timestamp.is_none() => "mutateRow",
        Request::Put(..) => "mutateRowTs",
        Request::Delete(_, delete) => {
            match (delete.columns.is_empty(), delete.timestamp.is_none()) {
                (true, true) => "deleteAllRow",
                (true, false) => "deleteAllRowTs",
                (false, true) => "mutateRow",
                (false, false) => "mutateRowTs",
            }
        }
        Request::Batch(_, batch) if batch.timestamp().is_none() => "mutateRows",
        Request::PackedBatch(_, _, None) => "mutateRows",
        Request::Batch(..) | Request::PackedBatch(..) => "mutateRowsTs",
        Request::Increment(..) => "atomicIncrement",
        Request::IncrementRows(..) => "incrementRows",
        Request::Append(..) => "append",
        Request::CheckAndPut(..) => "checkAndPut",
        // Pages are refused before they are sent; an error names the call that would be.
        Request::OpenScanner(..) | Request::Page(..) => "scannerOpenWithScan",
        Request::FetchRows(_) => "scannerGetList",
        Request::CloseScanner(_) => "scannerClose",
        Request::CreateTable(..) => "createTable",
        // Refused before they are sent; errors name them as Thrift 2 does.
        Request::TruncateTable(..) => "truncateTable",
        Request::DescribeTable(_) => "getTableDescriptor",
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
        Request::ColumnFamilies(_) => "getColumnDescriptors",
        Request::Regions(_) => "getTableRegions",
        Request::Compact(_) => "compact",
        Request::MajorCompact(_) => "majorCompact",
        Request::TableNames => "getTableNames",
        Request::TableStates => "getTableNamesWithIsTableEnabled",
        Request::ClusterId => "getClusterId",
        Request::ServerType => "getThriftServerType",
        // Refused before they are sent; errors name them as Thrift 2 does.
        Request::MutateRow(..) | Request::CheckAndMutate(..) | Request::ExistsAll(..) => {
            super::thrift2::method(request)
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
        Request::GetRows(table, get) => rows::get_rows(protocol, table, get),
        Request::GetVersions(table, get) => rows::get_versions(protocol, table, get),
        Request::Put(table, put) => rows::put(protocol, table, put),
        Request::Delete(table, delete) => rows::delete(protocol, table, delete),
        Request::Batch(table, batch) => rows::batch(protocol, table, batch),
        Request::PackedBatch(table, batch, timestamp) => {
            rows::packed_batch(protocol, table, batch, timestamp)
        }
        Request::Increment(table, increment) => rows::increment(protocol, table, increment),
        Request::IncrementRows(table, list) => rows::increment_rows(protocol, table, list),
        Request::Append(table, append) => rows::append(protocol, table, append),
        Request::CheckAndPut(table, check) => rows::check_and_put(protocol, table, check),
        Request::OpenScanner(table, scan, bounds) | Request::Page(table, scan, bounds) => {
            scanners::open(protocol, table, scan, &bounds)
        }
        Request::FetchRows(fetch) => scanners::fetch(protocol, fetch),
        Request::CloseScanner(scanner) => encode::number32(protocol, 1, scanner),
        Request::CreateTable(table, families, _) => admin::create_table(protocol, table, families),
        Request::EnableTable(name)
        | Request::DisableTable(name)
        | Request::DeleteTable(name)
        | Request::IsTableEnabled(name)
        | Request::ColumnFamilies(name)
        | Request::Regions(name)
        | Request::Compact(name)
        | Request::MajorCompact(name) => encode::bytes(protocol, 1, name),
        Request::TableNames
        | Request::TableStates
        | Request::ClusterId
        | Request::ServerType
        | Request::MutateRow(..)
        | Request::CheckAndMutate(..)
        | Request::ExistsAll(..)
        | Request::TruncateTable(..)
        | Request::DescribeTable(_)
        | Request::ModifyTable(..)
        | Request::AddFamily(..)
        | Request::ModifyFamily(..)
        | Request::DeleteFamily(..)
        | Request::CreateNamespace(_)
        | Request::ModifyNamespace(_)
        | Request::DeleteNamespace(_)
        | Request::DescribeNamespace(_)
        | Request::Namespaces
        | Request::RegionOf(..) => Ok(()),
    })
}
