//! The types of what the methods of the two interfaces take.
//!
//! The generated code takes a field's id for its type; a message is held to these types before that
//! code sees it.

mod thrift1;
mod thrift2;

use super::Interface;
use super::pull::Kind;

/// A type of the interfaces.
#[derive(Debug)]
pub(super) enum Type {
    Bool,
    I8,
    I16,
    I32,
    I64,
    /// A number of these; another one is no value, as in the gateway's Java.
    Enum(&'static [i32]),
    Text,
    /// A text in UTF-8.
    String,
    List(&'static Type),
    Set(&'static Type),
    Map(&'static Type, &'static Type),
    Struct(&'static Struct),
}

const TEXTS: Type = Type::List(&Type::Text);
const TEXT_MAP: Type = Type::Map(&Type::Text, &Type::Text);
const STRING_MAP: Type = Type::Map(&Type::String, &Type::String);

/// What a decoded struct takes at most beside its bytes, unless more is said.
const STRUCT: usize = 192;

/// What a struct may have in it.
#[derive(Debug)]
pub(super) struct Struct {
    /// Empty for a method's arguments.
    name: &'static str,
    /// In the order of their ids.
    pub(super) fields: &'static [(i16, Type)],
    /// Without these the gateway's Java runs into a null.
    needed: &'static [i16],
    /// Without these the gateway's Java refuses to read on.
    required: &'static [(i16, &'static str)],
    /// The bytes of what fields have that are left out, if that isn't zero or empty.
    defaults: &'static [(i16, &'static [u8])],
    is_union: bool,
    /// What it takes when it is decoded, beside its bytes, and as what the call makes of it.
    pub(super) memory: usize,
}

/// What is wrong with the fields of a struct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// A null that the gateway runs into.
    Needed,
    /// What the interface requires: the field's name and the struct's.
    Required(&'static str, &'static str),
    /// A union has one field.
    Union,
}

impl Struct {
    const fn of(fields: &'static [(i16, Type)]) -> Self {
        Self {
            name: "",
            fields,
            needed: &[],
            required: &[],
            defaults: &[],
            is_union: false,
            memory: STRUCT,
        }
    }

    const fn needing(self, needed: &'static [i16]) -> Self {
        Self { needed, ..self }
    }

    const fn requiring(self, required: &'static [(i16, &'static str)]) -> Self {
        Self { required, ..self }
    }

    const fn defaulting(self, defaults: &'static [(i16, &'static [u8])]) -> Self {
        Self { defaults, ..self }
    }

    const fn named(self, name: &'static str, memory: usize) -> Self {
        Self { name, memory, ..self }
    }

    const fn union(self) -> Self {
        Self { is_union: true, ..self }
    }

    pub(super) fn field(&self, id: i16) -> Option<&Type> {
        self.fields.iter().find(|(known, _)| *known == id).map(|(_, kind)| kind)
    }

    /// Returns what the fields lack, if these are not enough; the bit of each one's id is set.
    pub(super) fn lack(&self, seen: u32) -> Option<Lack> {
        let is_missing = |id: i16| seen & (1 << id) == 0;
        if self.is_union && seen.count_ones() != 1 {
            return Some(Lack::Union);
        }
        if let Some((_, field)) = self.required.iter().find(|(id, _)| is_missing(*id)) {
            return Some(Lack::Required(field, self.name));
        }
        self.needed.iter().any(|id| is_missing(*id)).then_some(Lack::Needed)
    }

    /// Returns the bytes of a field that is left out, if they aren't those of its type.
    pub(super) fn default(&self, id: i16) -> Option<&'static [u8]> {
        self.defaults.iter().find(|(known, _)| *known == id).map(|(_, bytes)| *bytes)
    }
}

impl Type {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::I8 => Kind::I8,
            Self::I16 => Kind::I16,
            Self::I32 | Self::Enum(_) => Kind::I32,
            Self::I64 => Kind::I64,
            Self::Text | Self::String => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Set(_) => Kind::Set,
            Self::Map(..) => Kind::Map,
            Self::Struct(_) => Kind::Struct,
        }
    }
}

/// Returns the arguments of a method, or `None` for one that HBase doesn't have.
pub(super) fn arguments(interface: Interface, method: &[u8]) -> Option<&'static Struct> {
    let methods = match interface {
        Interface::Thrift1 => thrift1::METHODS,
        Interface::Thrift2 => thrift2::METHODS,
    };
    let found = methods.iter().find(|(name, _)| name.as_bytes() == method);
    found.map(|(_, arguments)| arguments)
}

/// Arguments whose ids are 1, 2, 3 and so on.
macro_rules! in_order {
    ($($kind:expr),*) => { in_order!(@ [] 1_i16; $($kind,)*) };
    (@ [$($done:tt)*] $id:expr;) => { Struct::of(&[$($done)*]) };
    (@ [$($done:tt)*] $id:expr; $kind:expr, $($rest:expr,)*) => {
        in_order!(@ [$($done)* ($id, $kind),] $id + 1; $($rest,)*)
    };
}
use in_order;
