//! Messages as no generated client writes them: any field, of any type, in both protocols.

/// A value of any type of Thrift's.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Text(Vec<u8>),
    Struct(Vec<(i16, Value)>),
    /// Of the type of the first element, or of texts if there is none.
    List(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Uuid([u8; 16]),
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    /// Without the protocol's version, as old clients write it.
    OldBinary,
    Compact,
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

pub(crate) fn message(form: Form, method: &str, fields: &[(i16, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    match form {
        Form::Binary => {
            out.extend([0x80, 1, 0, 1]);
            binary(&mut out, &text(method));
            out.extend(7_i32.to_be_bytes());
        }
        Form::OldBinary => {
            binary(&mut out, &text(method));
            out.push(1);
            out.extend(7_i32.to_be_bytes());
        }
        Form::Compact => {
            out.extend([0x82, 0x21, 7]);
            compact(&mut out, &text(method));
        }
    }
    let arguments = Value::Struct(fields.to_vec());
    if form == Form::Compact {
        compact(&mut out, &arguments);
    } else {
        binary(&mut out, &arguments);
    }
    out
}

fn binary_kind(value: &Value) -> u8 {
    match value {
        Value::Bool(_) => 2,
        Value::I8(_) => 3,
        Value::Double(_) => 4,
        Value::I16(_) => 6,
        Value::I32(_) => 8,
        Value::I64(_) => 10,
        Value::Text(_) => 11,
        Value::Struct(_) => 12,
        Value::Map(_) => 13,
        Value::Set(_) => 14,
        Value::List(_) => 15,
        Value::Uuid(_) => 16,
    }
}

fn binary(out: &mut Vec<u8>, value: &Value) {
    let size = |size: usize| i32::try_from(size).unwrap().to_be_bytes();
    match value {
        Value::Bool(value) => out.push(u8::from(*value)),
        Value::I8(value) => out.extend(value.to_be_bytes()),
        Value::I16(value) => out.extend(value.to_be_bytes()),
        Value::I32(value) => out.extend(value.to_be_bytes()),
        Value::I64(value) => out.extend(value.to_be_bytes()),
        Value::Double(value) => out.extend(value.to_be_bytes()),
        Value::Uuid(value) => out.extend(value),
        Value::Text(bytes) => {
            out.extend(size(bytes.len()));
            out.extend(bytes);
        }
        Value::Struct(fields) => {
            for (id, value) in fields {
                out.push(binary_kind(value));
                out.extend(id.to_be_bytes());
                binary(out, value);
            }
            out.push(0);
        }
        Value::List(items) | Value::Set(items) => {
            out.push(items.first().map_or(11, binary_kind));
            out.extend(size(items.len()));
            for item in items {
                binary(out, item);
            }
        }
        Value::Map(entries) => {
            out.push(entries.first().map_or(11, |(key, _)| binary_kind(key)));
            out.push(entries.first().map_or(11, |(_, value)| binary_kind(value)));
            out.extend(size(entries.len()));
            for (key, value) in entries {
                binary(out, key);
                binary(out, value);
            }
        }
    }
}

fn compact_kind(value: &Value) -> u8 {
    match value {
        Value::Bool(true) => 1,
        Value::Bool(false) => 2,
        Value::I8(_) => 3,
        Value::I16(_) => 4,
        Value::I32(_) => 5,
        Value::I64(_) => 6,
        Value::Double(_) => 7,
        Value::Text(_) => 8,
        Value::List(_) => 9,
        Value::Set(_) => 10,
        Value::Map(_) => 11,
        Value::Struct(_) => 12,
        Value::Uuid(_) => 13,
    }
}

fn compact(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Bool(value) => out.push(if *value { 1 } else { 2 }),
        Value::I8(value) => out.extend(value.to_be_bytes()),
        Value::I16(value) => zigzag(out, i64::from(*value)),
        Value::I32(value) => zigzag(out, i64::from(*value)),
        Value::I64(value) => zigzag(out, *value),
        Value::Double(value) => out.extend(value.to_le_bytes()),
        Value::Uuid(value) => out.extend(value),
        Value::Text(bytes) => {
            varint(out, bytes.len() as u64);
            out.extend(bytes);
        }
        Value::Struct(fields) => {
            let mut last = 0;
            for (id, value) in fields {
                match id - last {
                    distance @ 1..=15 => {
                        out.push(u8::try_from(distance).unwrap() << 4 | compact_kind(value));
                    }
                    _ => {
                        out.push(compact_kind(value));
                        zigzag(out, i64::from(*id));
                    }
                }
                last = *id;
                if !matches!(value, Value::Bool(_)) {
                    compact(out, value);
                }
            }
            out.push(0);
        }
        Value::List(items) | Value::Set(items) => {
            let kind = items.first().map_or(8, compact_kind);
            match items.len() {
                size @ 0..15 => out.push(u8::try_from(size).unwrap() << 4 | kind),
                size => {
                    out.push(0xf0 | kind);
                    varint(out, size as u64);
                }
            }
            for item in items {
                compact(out, item);
            }
        }
        Value::Map(entries) => {
            varint(out, entries.len() as u64);
            if let Some((key, value)) = entries.first() {
                out.push(compact_kind(key) << 4 | compact_kind(value));
            }
            for (key, value) in entries {
                compact(out, key);
                compact(out, value);
            }
        }
    }
}

fn zigzag(out: &mut Vec<u8>, number: i64) {
    varint(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
