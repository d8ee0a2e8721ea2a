//! The types of what the methods of the Thrift 1 interface take.
//!
//! The generated code takes a field's id for its type; a message is held to these types before that
//! code sees it.

use super::pull::Kind;

/// A type of the interface.
#[derive(Debug)]
pub(super) enum Type {
    Bool,
    I32,
    I64,
    Text,
    List(&'static Type),
    /// From texts to texts; the interface takes no other.
    Map,
    Struct(&'static Struct),
}

/// The fields of a struct, in the order of their ids.
#[derive(Debug)]
pub(super) struct Struct(pub(super) &'static [(i16, Type)]);

impl Struct {
    pub(super) fn field(&self, id: i16) -> Option<&Type> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, kind)| kind)
    }
}

impl Type {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::I32 => Kind::I32,
            Self::I64 => Kind::I64,
            Self::Text => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Map => Kind::Map,
            Self::Struct(_) => Kind::Struct,
        }
    }
}

/// Returns the arguments of a method, or `None` for one that HBase doesn't have.
pub(super) fn arguments(method: &[u8]) -> Option<&'static Struct> {
    let found = METHODS.iter().find(|(name, _)| name.as_bytes() == method);
    found.map(|(_, arguments)| arguments)
}

const TEXTS: Type = Type::List(&Type::Text);
const MUTATIONS: Type = Type::List(&Type::Struct(&MUTATION));

static COLUMN_DESCRIPTOR: Struct = Struct(&[
    (1, Type::Text),
    (2, Type::I32),
    (3, Type::Text),
    (4, Type::Bool),
    (5, Type::Text),
    (6, Type::I32),
    (7, Type::I32),
    (8, Type::Bool),
    (9, Type::I32),
]);
static MUTATION: Struct =
    Struct(&[(1, Type::Bool), (2, Type::Text), (3, Type::Text), (4, Type::Bool)]);
static BATCH_MUTATION: Struct = Struct(&[(1, Type::Text), (2, MUTATIONS)]);
static INCREMENT: Struct =
    Struct(&[(1, Type::Text), (2, Type::Text), (3, Type::Text), (4, Type::I64)]);
static APPEND: Struct = Struct(&[(1, Type::Text), (2, Type::Text), (3, TEXTS), (4, TEXTS)]);
static SCAN: Struct = Struct(&[
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

/// Arguments whose ids are 1, 2, 3 and so on.
macro_rules! arguments {
    ($($kind:expr),*) => { arguments!(@ [] 1_i16; $($kind,)*) };
    (@ [$($done:tt)*] $id:expr;) => { Struct(&[$($done)*]) };
    (@ [$($done:tt)*] $id:expr; $kind:expr, $($rest:expr,)*) => {
        arguments!(@ [$($done)* ($id, $kind),] $id + 1; $($rest,)*)
    };
}

#[rustfmt::skip]
static METHODS: &[(&str, Struct)] = &[
    ("enableTable", arguments![Type::Text]),
    ("disableTable", arguments![Type::Text]),
    ("isTableEnabled", arguments![Type::Text]),
    ("compact", arguments![Type::Text]),
    ("majorCompact", arguments![Type::Text]),
    ("getTableNames", arguments![]),
    ("getTableNamesWithIsTableEnabled", arguments![]),
    ("getColumnDescriptors", arguments![Type::Text]),
    ("getTableRegions", arguments![Type::Text]),
    ("getRegionInfo", arguments![Type::Text]),
    ("createTable", arguments![Type::Text, Type::List(&Type::Struct(&COLUMN_DESCRIPTOR))]),
    ("deleteTable", arguments![Type::Text]),
    ("get", arguments![Type::Text, Type::Text, Type::Text, Type::Map]),
    ("getVer", arguments![Type::Text, Type::Text, Type::Text, Type::I32, Type::Map]),
    ("getVerTs", arguments![Type::Text, Type::Text, Type::Text, Type::I64, Type::I32, Type::Map]),
    ("getRow", arguments![Type::Text, Type::Text, Type::Map]),
    ("getRowWithColumns", arguments![Type::Text, Type::Text, TEXTS, Type::Map]),
    ("getRowTs", arguments![Type::Text, Type::Text, Type::I64, Type::Map]),
    ("getRowWithColumnsTs", arguments![Type::Text, Type::Text, TEXTS, Type::I64, Type::Map]),
    ("getRows", arguments![Type::Text, TEXTS, Type::Map]),
    ("getRowsWithColumns", arguments![Type::Text, TEXTS, TEXTS, Type::Map]),
    ("getRowsTs", arguments![Type::Text, TEXTS, Type::I64, Type::Map]),
    ("getRowsWithColumnsTs", arguments![Type::Text, TEXTS, TEXTS, Type::I64, Type::Map]),
    ("mutateRow", arguments![Type::Text, Type::Text, MUTATIONS, Type::Map]),
    ("mutateRowTs", arguments![Type::Text, Type::Text, MUTATIONS, Type::I64, Type::Map]),
    ("mutateRows", arguments![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), Type::Map]),
    ("mutateRowsTs", arguments![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), Type::I64, Type::Map]),
    ("deleteAll", arguments![Type::Text, Type::Text, Type::Text, Type::Map]),
    ("deleteAllTs", arguments![Type::Text, Type::Text, Type::Text, Type::I64, Type::Map]),
    ("deleteAllRow", arguments![Type::Text, Type::Text, Type::Map]),
    ("deleteAllRowTs", arguments![Type::Text, Type::Text, Type::I64, Type::Map]),
    ("atomicIncrement", arguments![Type::Text, Type::Text, Type::Text, Type::I64]),
    ("increment", arguments![Type::Struct(&INCREMENT)]),
    ("incrementRows", arguments![Type::List(&Type::Struct(&INCREMENT))]),
    ("append", arguments![Type::Struct(&APPEND)]),
    // There is no field 4.
    ("checkAndPut", Struct(&[(1, Type::Text), (2, Type::Text), (3, Type::Text), (5, Type::Text), (6, Type::Struct(&MUTATION)), (7, Type::Map)])),
    ("scannerOpen", arguments![Type::Text, Type::Text, TEXTS, Type::Map]),
    ("scannerOpenTs", arguments![Type::Text, Type::Text, TEXTS, Type::I64, Type::Map]),
    ("scannerOpenWithStop", arguments![Type::Text, Type::Text, Type::Text, TEXTS, Type::Map]),
    ("scannerOpenWithStopTs", arguments![Type::Text, Type::Text, Type::Text, TEXTS, Type::I64, Type::Map]),
    ("scannerOpenWithPrefix", arguments![Type::Text, Type::Text, TEXTS, Type::Map]),
    ("scannerOpenWithScan", arguments![Type::Text, Type::Struct(&SCAN), Type::Map]),
    ("scannerGet", arguments![Type::I32]),
    ("scannerGetList", arguments![Type::I32, Type::I32]),
    ("scannerClose", arguments![Type::I32]),
    ("getThriftServerType", arguments![]),
    ("getClusterId", arguments![]),
];
