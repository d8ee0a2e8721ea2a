//! The types of what the methods of the Thrift 2 interface take.

use hbase_thrift_api::thrift2;

use super::{STRING_MAP, Struct, TEXT_MAP, TEXTS, Type, in_order};

/// What a part of a call takes as what is to be read or written, beside what it is decoded to.
const PLAN: usize = 128;
/// How many rows a fetch returns that says nothing of it.
const ONE: &[u8] = &[0, 0, 0, 1];
/// The pattern that stands for none, with its length.
const ANY_NAME: &[u8] = b"\0\0\0\x02.*";

static DURABILITY: [i32; 5] = [0, 1, 2, 3, 4];
static CONSISTENCY: [i32; 2] = [1, 2];
static READ_TYPE: [i32; 3] = [1, 2, 3];
static COMPARE_OP: [i32; 7] = [0, 1, 2, 3, 4, 5, 6];
static BLOOM_FILTER_TYPE: [i32; 4] = [0, 1, 2, 3];
static COMPRESSION_ALGORITHM: [i32; 7] = [0, 1, 2, 3, 4, 5, 6];
static DATA_BLOCK_ENCODING: [i32; 5] = [0, 2, 3, 4, 7];
static KEEP_DELETED_CELLS: [i32; 3] = [0, 1, 2];
static LOG_TYPE: [i32; 2] = [1, 2];
static FILTER_BY_OPERATOR: [i32; 2] = [0, 1];

static COLUMN_VALUE: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::Text),
    (3, Type::Text),
    (4, Type::I64),
    (5, Type::Text),
    (6, Type::I8),
])
.requiring(&[(1, "family"), (2, "qualifier"), (3, "value")])
.named("TColumnValue", size_of::<thrift2::TColumnValue>() + PLAN);
static TIME_RANGE: Struct = Struct::of(&[(1, Type::I64), (2, Type::I64)])
    .requiring(&[(1, "minStamp"), (2, "maxStamp")])
    .named("TTimeRange", size_of::<thrift2::TTimeRange>() + PLAN);
static COLUMN: Struct = Struct::of(&[(1, Type::Text), (2, Type::Text), (3, Type::I64)])
    .requiring(&[(1, "family")])
    .named("TColumn", size_of::<thrift2::TColumn>() + PLAN);
static AUTHORIZATION: Struct = Struct::of(&[(1, Type::List(&Type::String))])
    .named("TAuthorization", size_of::<thrift2::TAuthorization>() + PLAN);
static CELL_VISIBILITY: Struct = Struct::of(&[(1, Type::String)])
    .named("TCellVisibility", size_of::<thrift2::TCellVisibility>() + PLAN);
static GET: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::List(&Type::Struct(&COLUMN))),
    (3, Type::I64),
    (4, Type::Struct(&TIME_RANGE)),
    (5, Type::I32),
    (6, Type::Text),
    (7, TEXT_MAP),
    (8, Type::Struct(&AUTHORIZATION)),
    (9, Type::Enum(&CONSISTENCY)),
    (10, Type::I32),
    (11, Type::Bool),
    (12, Type::I32),
    (13, Type::I32),
    (14, Type::Bool),
    (15, Type::Text),
])
.requiring(&[(1, "row")])
.named("TGet", size_of::<thrift2::TGet>() + PLAN);
static PUT: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::List(&Type::Struct(&COLUMN_VALUE))),
    (3, Type::I64),
    (5, TEXT_MAP),
    (6, Type::Enum(&DURABILITY)),
    (7, Type::Struct(&CELL_VISIBILITY)),
])
.requiring(&[(1, "row"), (2, "columnValues")])
.named("TPut", size_of::<thrift2::TPut>() + PLAN);
static DELETE: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::List(&Type::Struct(&COLUMN))),
    (3, Type::I64),
    (4, Type::I32),
    (6, TEXT_MAP),
    (7, Type::Enum(&DURABILITY)),
])
.requiring(&[(1, "row")])
.named("TDelete", size_of::<thrift2::TDelete>() + PLAN);
static COLUMN_INCREMENT: Struct = Struct::of(&[(1, Type::Text), (2, Type::Text), (3, Type::I64)])
    .requiring(&[(1, "family"), (2, "qualifier")])
    .named("TColumnIncrement", size_of::<thrift2::TColumnIncrement>() + PLAN);
static INCREMENT: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::List(&Type::Struct(&COLUMN_INCREMENT))),
    (4, TEXT_MAP),
    (5, Type::Enum(&DURABILITY)),
    (6, Type::Struct(&CELL_VISIBILITY)),
    (7, Type::Bool),
])
.requiring(&[(1, "row"), (2, "columns")])
.named("TIncrement", size_of::<thrift2::TIncrement>() + PLAN);
static APPEND: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::List(&Type::Struct(&COLUMN_VALUE))),
    (3, TEXT_MAP),
    (4, Type::Enum(&DURABILITY)),
    (5, Type::Struct(&CELL_VISIBILITY)),
    (6, Type::Bool),
])
.requiring(&[(1, "row"), (2, "columns")])
.named("TAppend", size_of::<thrift2::TAppend>() + PLAN);
static SCAN: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::Text),
    (3, Type::List(&Type::Struct(&COLUMN))),
    (4, Type::I32),
    (5, Type::I32),
    (6, Type::Struct(&TIME_RANGE)),
    (7, Type::Text),
    (8, Type::I32),
    (9, TEXT_MAP),
    (10, Type::Struct(&AUTHORIZATION)),
    (11, Type::Bool),
    (12, Type::Bool),
    (13, Type::Map(&Type::Text, &Type::Struct(&TIME_RANGE))),
    (14, Type::Enum(&READ_TYPE)),
    (15, Type::I32),
    (16, Type::Enum(&CONSISTENCY)),
    (17, Type::I32),
    (18, Type::Text),
])
.named("TScan", size_of::<thrift2::TScan>() + PLAN);
static MUTATION: Struct = Struct::of(&[(1, Type::Struct(&PUT)), (2, Type::Struct(&DELETE))])
    .union()
    .named("TMutation", size_of::<thrift2::TMutation>() + PLAN);
static ROW_MUTATIONS: Struct =
    Struct::of(&[(1, Type::Text), (2, Type::List(&Type::Struct(&MUTATION)))])
        .requiring(&[(1, "row"), (2, "mutations")])
        .named("TRowMutations", size_of::<thrift2::TRowMutations>() + PLAN);
static SERVER_NAME: Struct = Struct::of(&[(1, Type::String), (2, Type::I32), (3, Type::I64)])
    .requiring(&[(1, "hostName")])
    .named("TServerName", size_of::<thrift2::TServerName>() + PLAN);
static TABLE_NAME: Struct = Struct::of(&[(1, Type::Text), (2, Type::Text)])
    .requiring(&[(2, "qualifier")])
    .named("TTableName", size_of::<thrift2::TTableName>() + PLAN);
static COLUMN_FAMILY_DESCRIPTOR: Struct = Struct::of(&[
    (1, Type::Text),
    (2, TEXT_MAP),
    (3, STRING_MAP),
    (4, Type::I32),
    (5, Type::Enum(&BLOOM_FILTER_TYPE)),
    (6, Type::Enum(&COMPRESSION_ALGORITHM)),
    (7, Type::I16),
    (8, Type::Enum(&DATA_BLOCK_ENCODING)),
    (9, Type::Enum(&KEEP_DELETED_CELLS)),
    (10, Type::I32),
    (11, Type::I32),
    (12, Type::I32),
    (13, Type::I32),
    (14, Type::Bool),
    (15, Type::Bool),
    (16, Type::Bool),
    (17, Type::Bool),
    (18, Type::Bool),
    (19, Type::Bool),
    (20, Type::Bool),
])
.requiring(&[(1, "name")])
.named("TColumnFamilyDescriptor", size_of::<thrift2::TColumnFamilyDescriptor>() + PLAN);
static TABLE_DESCRIPTOR: Struct = Struct::of(&[
    (1, Type::Struct(&TABLE_NAME)),
    (2, Type::List(&Type::Struct(&COLUMN_FAMILY_DESCRIPTOR))),
    (3, TEXT_MAP),
    (4, Type::Enum(&DURABILITY)),
])
.requiring(&[(1, "tableName")])
.named("TTableDescriptor", size_of::<thrift2::TTableDescriptor>() + PLAN);
static NAMESPACE_DESCRIPTOR: Struct = Struct::of(&[(1, Type::String), (2, STRING_MAP)])
    .requiring(&[(1, "name")])
    .named("TNamespaceDescriptor", size_of::<thrift2::TNamespaceDescriptor>() + PLAN);
static LOG_QUERY_FILTER: Struct = Struct::of(&[
    (1, Type::String),
    (2, Type::String),
    (3, Type::String),
    (4, Type::String),
    (5, Type::I32),
    (6, Type::Enum(&LOG_TYPE)),
    (7, Type::Enum(&FILTER_BY_OPERATOR)),
])
.named("TLogQueryFilter", size_of::<thrift2::TLogQueryFilter>() + PLAN);

#[rustfmt::skip]
pub(super) static METHODS: &[(&str, Struct)] = &[
    ("exists", in_order![Type::Text, Type::Struct(&GET)].requiring(&[(1, "table"), (2, "tget")])),
    ("existsAll", in_order![Type::Text, Type::List(&Type::Struct(&GET))].requiring(&[(1, "table"), (2, "tgets")])),
    ("get", in_order![Type::Text, Type::Struct(&GET)].requiring(&[(1, "table"), (2, "tget")])),
    ("getMultiple", in_order![Type::Text, Type::List(&Type::Struct(&GET))].requiring(&[(1, "table"), (2, "tgets")])),
    ("put", in_order![Type::Text, Type::Struct(&PUT)].requiring(&[(1, "table"), (2, "tput")])),
    ("checkAndPut", in_order![Type::Text, Type::Text, Type::Text, Type::Text, Type::Text, Type::Struct(&PUT)].requiring(&[(1, "table"), (2, "row"), (3, "family"), (4, "qualifier"), (6, "tput")])),
    ("putMultiple", in_order![Type::Text, Type::List(&Type::Struct(&PUT))].requiring(&[(1, "table"), (2, "tputs")])),
    ("deleteSingle", in_order![Type::Text, Type::Struct(&DELETE)].requiring(&[(1, "table"), (2, "tdelete")])),
    ("deleteMultiple", in_order![Type::Text, Type::List(&Type::Struct(&DELETE))].requiring(&[(1, "table"), (2, "tdeletes")])),
    ("checkAndDelete", in_order![Type::Text, Type::Text, Type::Text, Type::Text, Type::Text, Type::Struct(&DELETE)].requiring(&[(1, "table"), (2, "row"), (3, "family"), (4, "qualifier"), (6, "tdelete")])),
    ("increment", in_order![Type::Text, Type::Struct(&INCREMENT)].requiring(&[(1, "table"), (2, "tincrement")])),
    ("append", in_order![Type::Text, Type::Struct(&APPEND)].requiring(&[(1, "table"), (2, "tappend")])),
    ("openScanner", in_order![Type::Text, Type::Struct(&SCAN)].requiring(&[(1, "table"), (2, "tscan")])),
    ("getScannerRows", in_order![Type::I32, Type::I32].requiring(&[(1, "scannerId")]).defaulting(&[(2, ONE)])),
    ("closeScanner", in_order![Type::I32].requiring(&[(1, "scannerId")])),
    ("mutateRow", in_order![Type::Text, Type::Struct(&ROW_MUTATIONS)].requiring(&[(1, "table"), (2, "trowMutations")])),
    ("getScannerResults", in_order![Type::Text, Type::Struct(&SCAN), Type::I32].requiring(&[(1, "table"), (2, "tscan")]).defaulting(&[(3, ONE)])),
    ("getRegionLocation", in_order![Type::Text, Type::Text, Type::Bool].requiring(&[(1, "table"), (2, "row")])),
    ("getAllRegionLocations", in_order![Type::Text].requiring(&[(1, "table")])),
    ("checkAndMutate", in_order![Type::Text, Type::Text, Type::Text, Type::Text, Type::Enum(&COMPARE_OP), Type::Text, Type::Struct(&ROW_MUTATIONS)].requiring(&[(1, "table"), (2, "row"), (3, "family"), (4, "qualifier"), (5, "compareOp"), (7, "rowMutations")]).needing(&[6])),
    ("getTableDescriptor", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "table")])),
    ("getTableDescriptors", in_order![Type::List(&Type::Struct(&TABLE_NAME))].requiring(&[(1, "tables")])),
    ("tableExists", in_order![Type::Struct(&TABLE_NAME)].needing(&[1])),
    ("getTableDescriptorsByPattern", in_order![Type::String, Type::Bool].requiring(&[(2, "includeSysTables")]).defaulting(&[(1, ANY_NAME)])),
    ("getTableDescriptorsByNamespace", in_order![Type::String].requiring(&[(1, "name")])),
    ("getTableNamesByPattern", in_order![Type::String, Type::Bool].requiring(&[(2, "includeSysTables")]).defaulting(&[(1, ANY_NAME)])),
    ("getTableNamesByNamespace", in_order![Type::String].requiring(&[(1, "name")])),
    ("createTable", in_order![Type::Struct(&TABLE_DESCRIPTOR), TEXTS].requiring(&[(1, "desc")])),
    ("deleteTable", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("truncateTable", in_order![Type::Struct(&TABLE_NAME), Type::Bool].requiring(&[(1, "tableName"), (2, "preserveSplits")])),
    ("enableTable", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("disableTable", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("isTableEnabled", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("isTableDisabled", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("isTableAvailable", in_order![Type::Struct(&TABLE_NAME)].requiring(&[(1, "tableName")])),
    ("isTableAvailableWithSplit", in_order![Type::Struct(&TABLE_NAME), TEXTS].requiring(&[(1, "tableName")])),
    ("addColumnFamily", in_order![Type::Struct(&TABLE_NAME), Type::Struct(&COLUMN_FAMILY_DESCRIPTOR)].requiring(&[(1, "tableName"), (2, "column")])),
    ("deleteColumnFamily", in_order![Type::Struct(&TABLE_NAME), Type::Text].requiring(&[(1, "tableName"), (2, "column")])),
    ("modifyColumnFamily", in_order![Type::Struct(&TABLE_NAME), Type::Struct(&COLUMN_FAMILY_DESCRIPTOR)].requiring(&[(1, "tableName"), (2, "column")])),
    ("modifyTable", in_order![Type::Struct(&TABLE_DESCRIPTOR)].requiring(&[(1, "desc")])),
    ("createNamespace", in_order![Type::Struct(&NAMESPACE_DESCRIPTOR)].requiring(&[(1, "namespaceDesc")])),
    ("modifyNamespace", in_order![Type::Struct(&NAMESPACE_DESCRIPTOR)].requiring(&[(1, "namespaceDesc")])),
    ("deleteNamespace", in_order![Type::String].requiring(&[(1, "name")])),
    ("getNamespaceDescriptor", in_order![Type::String].requiring(&[(1, "name")])),
    ("listNamespaceDescriptors", in_order![]),
    ("listNamespaces", in_order![]),
    ("getThriftServerType", in_order![]),
    ("getSlowLogResponses", in_order![Type::Set(&Type::Struct(&SERVER_NAME)), Type::Struct(&LOG_QUERY_FILTER)].needing(&[1, 2])),
    ("clearSlowLogResponses", in_order![Type::Set(&Type::Struct(&SERVER_NAME))]),
    ("getClusterId", in_order![]),
];
