//! The types of what the methods of the Thrift 1 interface take.

use super::{Struct, TEXT_MAP, TEXTS, Type, in_order};

const MUTATIONS: Type = Type::List(&Type::Struct(&MUTATION));

static COLUMN_DESCRIPTOR: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::I32),
    (3, Type::String),
    (4, Type::Bool),
    (5, Type::String),
    (6, Type::I32),
    (7, Type::I32),
    (8, Type::Bool),
    (9, Type::I32),
]);
static MUTATION: Struct =
    Struct::of(&[(1, Type::Bool), (2, Type::Text), (3, Type::Text), (4, Type::Bool)]).needing(&[2]);
static BATCH_MUTATION: Struct = Struct::of(&[(1, Type::Text), (2, MUTATIONS)]).needing(&[2]);
static INCREMENT: Struct =
    Struct::of(&[(1, Type::Text), (2, Type::Text), (3, Type::Text), (4, Type::I64)]);
static APPEND: Struct = Struct::of(&[(1, Type::Text), (2, Type::Text), (3, TEXTS), (4, TEXTS)]);
static SCAN: Struct = Struct::of(&[
    (1, Type::Text),
    (2, Type::Text),
    (3, Type::I64),
    (4, TEXTS),
    (5, Type::I32),
    (6, Type::Text),
    (7, Type::I32),
    (8, Type::Bool),
    (9, Type::Bool),
    (10, Type::Bool),
]);

#[rustfmt::skip]
pub(super) static METHODS: &[(&str, Struct)] = &[
    ("enableTable", in_order![Type::Text]),
    ("disableTable", in_order![Type::Text]),
    ("isTableEnabled", in_order![Type::Text]),
    ("compact", in_order![Type::Text]),
    ("majorCompact", in_order![Type::Text]),
    ("getTableNames", in_order![]),
    ("getTableNamesWithIsTableEnabled", in_order![]),
    ("getColumnDescriptors", in_order![Type::Text]),
    ("getTableRegions", in_order![Type::Text]),
    ("getRegionInfo", in_order![Type::Text].needing(&[1])),
    ("createTable", in_order![Type::Text, Type::List(&Type::Struct(&COLUMN_DESCRIPTOR))].needing(&[2])),
    ("deleteTable", in_order![Type::Text]),
    ("get", in_order![Type::Text, Type::Text, Type::Text, TEXT_MAP].needing(&[3])),
    ("getVer", in_order![Type::Text, Type::Text, Type::Text, Type::I32, TEXT_MAP].needing(&[3])),
    ("getVerTs", in_order![Type::Text, Type::Text, Type::Text, Type::I64, Type::I32, TEXT_MAP].needing(&[3])),
    ("getRow", in_order![Type::Text, Type::Text, TEXT_MAP]),
    ("getRowWithColumns", in_order![Type::Text, Type::Text, TEXTS, TEXT_MAP]),
    ("getRowTs", in_order![Type::Text, Type::Text, Type::I64, TEXT_MAP]),
    ("getRowWithColumnsTs", in_order![Type::Text, Type::Text, TEXTS, Type::I64, TEXT_MAP]),
    ("getRows", in_order![Type::Text, TEXTS, TEXT_MAP].needing(&[2])),
    ("getRowsWithColumns", in_order![Type::Text, TEXTS, TEXTS, TEXT_MAP].needing(&[2])),
    ("getRowsTs", in_order![Type::Text, TEXTS, Type::I64, TEXT_MAP].needing(&[2])),
    ("getRowsWithColumnsTs", in_order![Type::Text, TEXTS, TEXTS, Type::I64, TEXT_MAP].needing(&[2])),
    ("mutateRow", in_order![Type::Text, Type::Text, MUTATIONS, TEXT_MAP].needing(&[1, 2, 3])),
    ("mutateRowTs", in_order![Type::Text, Type::Text, MUTATIONS, Type::I64, TEXT_MAP].needing(&[1, 2, 3])),
    ("mutateRows", in_order![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), TEXT_MAP].needing(&[1, 2])),
    ("mutateRowsTs", in_order![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), Type::I64, TEXT_MAP].needing(&[1, 2])),
    ("deleteAll", in_order![Type::Text, Type::Text, Type::Text, TEXT_MAP].needing(&[3])),
    ("deleteAllTs", in_order![Type::Text, Type::Text, Type::Text, Type::I64, TEXT_MAP].needing(&[3])),
    ("deleteAllRow", in_order![Type::Text, Type::Text, TEXT_MAP]),
    ("deleteAllRowTs", in_order![Type::Text, Type::Text, Type::I64, TEXT_MAP]),
    ("atomicIncrement", in_order![Type::Text, Type::Text, Type::Text, Type::I64]),
    ("increment", in_order![Type::Struct(&INCREMENT)]),
    ("incrementRows", in_order![Type::List(&Type::Struct(&INCREMENT))].needing(&[1])),
    ("append", in_order![Type::Struct(&APPEND)]),
    // There is no field 4.
    ("checkAndPut", Struct::of(&[(1, Type::Text), (2, Type::Text), (3, Type::Text), (5, Type::Text), (6, Type::Struct(&MUTATION)), (7, TEXT_MAP)]).needing(&[1, 2])),
    ("scannerOpen", in_order![Type::Text, Type::Text, TEXTS, TEXT_MAP].needing(&[2])),
    ("scannerOpenTs", in_order![Type::Text, Type::Text, TEXTS, Type::I64, TEXT_MAP].needing(&[2])),
    ("scannerOpenWithStop", in_order![Type::Text, Type::Text, Type::Text, TEXTS, TEXT_MAP].needing(&[2, 3])),
    ("scannerOpenWithStopTs", in_order![Type::Text, Type::Text, Type::Text, TEXTS, Type::I64, TEXT_MAP].needing(&[2, 3])),
    ("scannerOpenWithPrefix", in_order![Type::Text, Type::Text, TEXTS, TEXT_MAP].needing(&[2])),
    ("scannerOpenWithScan", in_order![Type::Text, Type::Struct(&SCAN), TEXT_MAP].needing(&[2])),
    ("scannerGet", in_order![Type::I32]),
    ("scannerGetList", in_order![Type::I32, Type::I32]),
    ("scannerClose", in_order![Type::I32]),
    ("getThriftServerType", in_order![]),
    ("getClusterId", in_order![]),
];
