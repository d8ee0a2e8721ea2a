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

/// What a struct may have in it.
#[derive(Debug)]
pub(super) struct Struct {
    /// In the order of their ids.
    pub(super) fields: &'static [(i16, Type)],
    /// Without these the gateway's Java runs into a null.
    needed: &'static [i16],
}

impl Struct {
    const fn of(fields: &'static [(i16, Type)]) -> Self {
        Self { fields, needed: &[] }
    }

    const fn needing(self, needed: &'static [i16]) -> Self {
        Self { needed, ..self }
    }

    pub(super) fn field(&self, id: i16) -> Option<&Type> {
        self.fields.iter().find(|(known, _)| *known == id).map(|(_, kind)| kind)
    }

    /// Returns whether these fields are enough; the bit of each one's id is set.
    pub(super) fn is_enough(&self, seen: u32) -> bool {
        self.needed.iter().all(|id| seen & (1 << id) != 0)
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

static COLUMN_DESCRIPTOR: Struct = Struct::of(&[
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

/// Arguments whose ids are 1, 2, 3 and so on.
macro_rules! arguments {
    ($($kind:expr),*) => { arguments!(@ [] 1_i16; $($kind,)*) };
    (@ [$($done:tt)*] $id:expr;) => { Struct::of(&[$($done)*]) };
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
    ("getRegionInfo", arguments![Type::Text].needing(&[1])),
    ("createTable", arguments![Type::Text, Type::List(&Type::Struct(&COLUMN_DESCRIPTOR))].needing(&[2])),
    ("deleteTable", arguments![Type::Text]),
    ("get", arguments![Type::Text, Type::Text, Type::Text, Type::Map].needing(&[3])),
    ("getVer", arguments![Type::Text, Type::Text, Type::Text, Type::I32, Type::Map].needing(&[3])),
    ("getVerTs", arguments![Type::Text, Type::Text, Type::Text, Type::I64, Type::I32, Type::Map].needing(&[3])),
    ("getRow", arguments![Type::Text, Type::Text, Type::Map]),
    ("getRowWithColumns", arguments![Type::Text, Type::Text, TEXTS, Type::Map]),
    ("getRowTs", arguments![Type::Text, Type::Text, Type::I64, Type::Map]),
    ("getRowWithColumnsTs", arguments![Type::Text, Type::Text, TEXTS, Type::I64, Type::Map]),
    ("getRows", arguments![Type::Text, TEXTS, Type::Map].needing(&[2])),
    ("getRowsWithColumns", arguments![Type::Text, TEXTS, TEXTS, Type::Map].needing(&[2])),
    ("getRowsTs", arguments![Type::Text, TEXTS, Type::I64, Type::Map].needing(&[2])),
    ("getRowsWithColumnsTs", arguments![Type::Text, TEXTS, TEXTS, Type::I64, Type::Map].needing(&[2])),
    ("mutateRow", arguments![Type::Text, Type::Text, MUTATIONS, Type::Map].needing(&[1, 2, 3])),
    ("mutateRowTs", arguments![Type::Text, Type::Text, MUTATIONS, Type::I64, Type::Map].needing(&[1, 2, 3])),
    ("mutateRows", arguments![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), Type::Map].needing(&[1, 2])),
    ("mutateRowsTs", arguments![Type::Text, Type::List(&Type::Struct(&BATCH_MUTATION)), Type::I64, Type::Map].needing(&[1, 2])),
    ("deleteAll", arguments![Type::Text, Type::Text, Type::Text, Type::Map].needing(&[3])),
    ("deleteAllTs", arguments![Type::Text, Type::Text, Type::Text, Type::I64, Type::Map].needing(&[3])),
    ("deleteAllRow", arguments![Type::Text, Type::Text, Type::Map]),
    ("deleteAllRowTs", arguments![Type::Text, Type::Text, Type::I64, Type::Map]),
    ("atomicIncrement", arguments![Type::Text, Type::Text, Type::Text, Type::I64]),
    ("increment", arguments![Type::Struct(&INCREMENT)]),
    ("incrementRows", arguments![Type::List(&Type::Struct(&INCREMENT))].needing(&[1])),
    ("append", arguments![Type::Struct(&APPEND)]),
    // There is no field 4.
    ("checkAndPut", Struct::of(&[(1, Type::Text), (2, Type::Text), (3, Type::Text), (5, Type::Text), (6, Type::Struct(&MUTATION)), (7, Type::Map)]).needing(&[1, 2])),
    ("scannerOpen", arguments![Type::Text, Type::Text, TEXTS, Type::Map].needing(&[2])),
    ("scannerOpenTs", arguments![Type::Text, Type::Text, TEXTS, Type::I64, Type::Map].needing(&[2])),
    ("scannerOpenWithStop", arguments![Type::Text, Type::Text, Type::Text, TEXTS, Type::Map].needing(&[2, 3])),
    ("scannerOpenWithStopTs", arguments![Type::Text, Type::Text, Type::Text, TEXTS, Type::I64, Type::Map].needing(&[2, 3])),
    ("scannerOpenWithPrefix", arguments![Type::Text, Type::Text, TEXTS, Type::Map].needing(&[2])),
    ("scannerOpenWithScan", arguments![Type::Text, Type::Struct(&SCAN), Type::Map].needing(&[2])),
    ("scannerGet", arguments![Type::I32]),
    ("scannerGetList", arguments![Type::I32, Type::I32]),
    ("scannerClose", arguments![Type::I32]),
    ("getThriftServerType", arguments![]),
    ("getClusterId", arguments![]),
];
