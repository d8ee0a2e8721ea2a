//! Thrift messages as trees of values: all that the simulated gateways need to know of them.

use std::collections::BTreeMap;

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol,
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier,
    TMessageType, TOutputProtocol, TStructIdentifier, TType,
};

use crate::config::Protocol;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    I8(i8),
    I32(i32),
    I64(i64),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Struct(BTreeMap<i16, Value>),
}

/// A call, as it came.
pub(super) struct ReceivedCall {
    pub(super) method: String,
    pub(super) number: i32,
    pub(super) arguments: Value,
}

impl ReceivedCall {
    /// Reads the call off the bytes.
    pub(super) fn read(bytes: &mut &[u8], protocol: Protocol) -> thrift::Result<Self> {
        match protocol {
            Protocol::Binary => Self::read_from(&mut TBinaryInputProtocol::new(bytes, true)),
            Protocol::Compact => Self::read_from(&mut TCompactInputProtocol::new(bytes)),
        }
    }

    fn read_from(protocol: &mut dyn TInputProtocol) -> thrift::Result<Self> {
        let head = protocol.read_message_begin()?;
        let arguments = Value::read(protocol, TType::Struct)?;
        Ok(Self { method: head.name, number: head.sequence_number, arguments })
    }

    /// The reply to it: a value in field 0, an exception in another, or nothing.
    pub(super) fn reply(&self, field: Option<(i16, Value)>) -> GatewayReply {
        self.reply_of_kind(TMessageType::Reply, Value::structure(field))
    }

    /// The reply of a gateway that has no such method.
    pub(super) fn unknown_method(&self) -> GatewayReply {
        const UNKNOWN_METHOD: i32 = 1;
        let message = Value::bytes(format!("Invalid method name: '{}'", self.method).as_bytes());
        let exception = Value::structure([(1, message), (2, Value::I32(UNKNOWN_METHOD))]);
        self.reply_of_kind(TMessageType::Exception, exception)
    }

    fn reply_of_kind(&self, kind: TMessageType, result: Value) -> GatewayReply {
        GatewayReply { kind, method: self.method.clone(), number: self.number, result }
    }
}

/// A reply to a call.
pub(super) struct GatewayReply {
    kind: TMessageType,
    method: String,
    number: i32,
    result: Value,
}

impl GatewayReply {
    pub(super) fn write(&self, protocol: Protocol) -> Vec<u8> {
        let mut message = Vec::new();
        match protocol {
            Protocol::Binary => self.write_to(&mut TBinaryOutputProtocol::new(&mut message, true)),
            Protocol::Compact => self.write_to(&mut TCompactOutputProtocol::new(&mut message)),
        }
        .expect("memory");
        message
    }

    fn write_to(&self, protocol: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        let head = TMessageIdentifier::new(&*self.method, self.kind, self.number);
        protocol.write_message_begin(&head)?;
        self.result.write(protocol)?;
        protocol.write_message_end()
    }
}

impl Value {
    pub(super) fn structure(fields: impl IntoIterator<Item = (i16, Value)>) -> Self {
        Self::Struct(fields.into_iter().collect())
    }

    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }

    /// The field of a structure, if it is there.
    pub(super) fn field(&self, id: i16) -> Option<&Value> {
        let Self::Struct(fields) = self else { panic!("{self:?} is no structure") };
        fields.get(&id)
    }

    pub(super) fn blob(&self, id: i16) -> &[u8] {
        match self.field(id) {
            Some(Self::Bytes(bytes)) => bytes,
            None => &[],
            other => panic!("{other:?} is no text"),
        }
    }

    pub(super) fn list(&self, id: i16) -> &[Value] {
        match self.field(id) {
            Some(Self::List(values)) => values,
            None => &[],
            other => panic!("{other:?} is no list"),
        }
    }

    pub(super) fn number(&self, id: i16) -> Option<i64> {
        match self.field(id)? {
            Self::I32(number) => Some(i64::from(*number)),
            Self::I64(number) => Some(*number),
            other => panic!("{other:?} is no number"),
        }
    }

    pub(super) fn flag(&self, id: i16) -> bool {
        matches!(self.field(id), Some(Self::Bool(true)))
    }

    /// The attribute of this name in a map of texts.
    pub(super) fn attribute(&self, id: i16, name: &[u8]) -> Option<&[u8]> {
        let Some(Self::Map(entries)) = self.field(id) else { return None };
        entries.iter().find_map(|(key, value)| match (key, value) {
            (Self::Bytes(key), Self::Bytes(value)) if key == name => Some(value.as_slice()),
            _ => None,
        })
    }

    fn read(protocol: &mut dyn TInputProtocol, kind: TType) -> thrift::Result<Self> {
        Ok(match kind {
            TType::Bool => Self::Bool(protocol.read_bool()?),
            TType::I32 => Self::I32(protocol.read_i32()?),
            TType::I64 => Self::I64(protocol.read_i64()?),
            TType::String => Self::Bytes(protocol.read_bytes()?),
            TType::List => {
                let head = protocol.read_list_begin()?;
                let values = (0..head.size).map(|_| Self::read(protocol, head.element_type));
                Self::List(values.collect::<thrift::Result<_>>()?)
            }
            TType::Map => {
                let head = protocol.read_map_begin()?;
                let key = head.key_type.unwrap_or(TType::String);
                let value = head.value_type.unwrap_or(TType::String);
                let entry = |_| Ok((Self::read(protocol, key)?, Self::read(protocol, value)?));
                Self::Map((0..head.size).map(entry).collect::<thrift::Result<_>>()?)
            }
            TType::Struct => {
                let mut fields = BTreeMap::new();
                protocol.read_struct_begin()?;
                loop {
                    let head = protocol.read_field_begin()?;
                    if head.field_type == TType::Stop {
                        protocol.read_struct_end()?;
                        break Self::Struct(fields);
                    }
                    let id = head.id.expect("a field's number");
                    fields.insert(id, Self::read(protocol, head.field_type)?);
                }
            }
            other => panic!("no message has a {other:?}"),
        })
    }

    fn kind(&self) -> TType {
        match self {
            Self::Bool(_) => TType::Bool,
            Self::I8(_) => TType::I08,
            Self::I32(_) => TType::I32,
            Self::I64(_) => TType::I64,
            Self::Bytes(_) => TType::String,
            Self::List(_) => TType::List,
            Self::Map(_) => TType::Map,
            Self::Struct(_) => TType::Struct,
        }
    }

    fn write(&self, protocol: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        match self {
            Self::Bool(value) => protocol.write_bool(*value),
            Self::I8(value) => protocol.write_i8(*value),
            Self::I32(value) => protocol.write_i32(*value),
            Self::I64(value) => protocol.write_i64(*value),
            Self::Bytes(value) => protocol.write_bytes(value),
            Self::List(values) => {
                let kind = values.first().map_or(TType::Struct, Self::kind);
                let size = i32::try_from(values.len()).expect("a short list");
                protocol.write_list_begin(&TListIdentifier::new(kind, size))?;
                values.iter().try_for_each(|value| value.write(protocol))
            }
            Self::Map(entries) => {
                let kinds = entries.first().map(|(key, value)| (key.kind(), value.kind()));
                let (key, value) = kinds.unwrap_or((TType::String, TType::Struct));
                let size = i32::try_from(entries.len()).expect("a short map");
                protocol.write_map_begin(&TMapIdentifier::new(key, value, size))?;
                entries.iter().try_for_each(|(key, value)| {
                    key.write(protocol)?;
                    value.write(protocol)
                })
            }
            Self::Struct(fields) => {
                protocol.write_struct_begin(&TStructIdentifier::new(""))?;
                for (id, value) in fields {
                    protocol.write_field_begin(&TFieldIdentifier::new("", value.kind(), *id))?;
                    value.write(protocol)?;
                }
                protocol.write_field_stop()?;
                protocol.write_struct_end()
            }
        }
    }
}
