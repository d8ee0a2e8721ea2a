//! Arguments that a client left out.
//!
//! Dynamic languages leave out a field that is null, and the gateway's Java takes that for null or
//! zero; the generated Rust refuses the call. So what is missing is put in where a call's arguments
//! end: an empty text, list or map, or a zero, which mean the same to every method here.

use std::error::Error as StdError;

use hbase_thrift_api::{AlreadyExists, IOError, IllegalArgument};
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier,
    TOutputProtocol, TSerializable as _, TSetIdentifier, TStructIdentifier, TType,
};

/// The types of each method's arguments, from field 1 on: `b`ytes, `l`ist, `m`ap, `i`32, i64 as
/// `t`, `s`truct, and `-` where there is no field. Methods without arguments are left out.
const ARGUMENTS: &[(&str, &str)] = &[
    ("enableTable", "b"),
    ("disableTable", "b"),
    ("isTableEnabled", "b"),
    ("compact", "b"),
    ("majorCompact", "b"),
    ("getColumnDescriptors", "b"),
    ("getTableRegions", "b"),
    ("getRegionInfo", "b"),
    ("createTable", "bl"),
    ("deleteTable", "b"),
    ("get", "bbbm"),
    ("getVer", "bbbim"),
    ("getVerTs", "bbbtim"),
    ("getRow", "bbm"),
    ("getRowWithColumns", "bblm"),
    ("getRowTs", "bbtm"),
    ("getRowWithColumnsTs", "bbltm"),
    ("getRows", "blm"),
    ("getRowsWithColumns", "bllm"),
    ("getRowsTs", "bltm"),
    ("getRowsWithColumnsTs", "blltm"),
    ("mutateRow", "bblm"),
    ("mutateRowTs", "bbltm"),
    ("mutateRows", "blm"),
    ("mutateRowsTs", "bltm"),
    ("deleteAll", "bbbm"),
    ("deleteAllTs", "bbbtm"),
    ("deleteAllRow", "bbm"),
    ("deleteAllRowTs", "bbtm"),
    ("atomicIncrement", "bbbt"),
    ("increment", "s"),
    ("incrementRows", "l"),
    ("append", "s"),
    ("checkAndPut", "bbb-bsm"),
    ("scannerOpen", "bblm"),
    ("scannerOpenTs", "bbltm"),
    ("scannerOpenWithStop", "bbblm"),
    ("scannerOpenWithStopTs", "bbbltm"),
    ("scannerOpenWithPrefix", "bblm"),
    ("scannerOpenWithScan", "bsm"),
    ("scannerGet", "i"),
    ("scannerGetList", "ii"),
    ("scannerClose", "i"),
];

/// A protocol that puts in what is missing in a call's arguments.
pub(super) struct WithDefaults<P> {
    inner: P,
    arguments: &'static str,
    /// A bit for each field that was read.
    seen: u32,
    depth: usize,
    /// Whether the next value is one that isn't there.
    made_up: bool,
    /// How many structs that aren't there have been begun.
    made_up_depth: usize,
}

impl<P: TInputProtocol> WithDefaults<P> {
    pub(super) fn new(inner: P) -> Self {
        Self { inner, arguments: "", seen: 0, depth: 0, made_up: false, made_up_depth: 0 }
    }

    fn missing(&self) -> Option<(i16, TType)> {
        self.arguments.bytes().zip(1_i16..).find_map(|(kind, id)| {
            let kind = match kind {
                b'b' => TType::String,
                b'l' => TType::List,
                b'm' => TType::Map,
                b'i' => TType::I32,
                b't' => TType::I64,
                b's' => TType::Struct,
                _ => return None,
            };
            (self.seen & (1 << id) == 0).then_some((id, kind))
        })
    }

    fn note(&mut self, id: Option<i16>) {
        if let Some(id @ 0..32) = id {
            self.seen |= 1 << id;
        }
    }
}

/// Answers a value that isn't there, or asks the protocol.
macro_rules! or_default {
    ($self:ident, $read:ident, $default:expr) => {
        if std::mem::take(&mut $self.made_up) { Ok($default) } else { $self.inner.$read() }
    };
}

impl<P: TInputProtocol> TInputProtocol for WithDefaults<P> {
    fn read_message_begin(&mut self) -> thrift::Result<TMessageIdentifier> {
        let message = self.inner.read_message_begin()?;
        let found = ARGUMENTS.iter().find(|(name, _)| *name == message.name);
        self.arguments = found.map_or("", |(_, arguments)| *arguments);
        Ok(message)
    }

    fn read_message_end(&mut self) -> thrift::Result<()> {
        self.inner.read_message_end()
    }

    fn read_struct_begin(&mut self) -> thrift::Result<Option<TStructIdentifier>> {
        self.depth += 1;
        if std::mem::take(&mut self.made_up) {
            self.made_up_depth += 1;
            return Ok(None);
        }
        self.inner.read_struct_begin()
    }

    fn read_struct_end(&mut self) -> thrift::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.made_up_depth > 0 {
            self.made_up_depth -= 1;
            return Ok(());
        }
        self.inner.read_struct_end()
    }

    fn read_field_begin(&mut self) -> thrift::Result<TFieldIdentifier> {
        if self.made_up_depth > 0 {
            return Ok(field(TType::Stop, 0));
        }
        if self.depth > 1 {
            return self.inner.read_field_begin();
        }
        let found = if self.seen & STOPPED == 0 {
            self.inner.read_field_begin()?
        } else {
            field(TType::Stop, 0)
        };
        if found.field_type != TType::Stop {
            self.note(found.id);
            return Ok(found);
        }
        self.seen |= STOPPED;
        match self.missing() {
            Some((id, kind)) => {
                self.note(Some(id));
                self.made_up = true;
                Ok(field(kind, id))
            }
            None => Ok(found),
        }
    }

    fn read_field_end(&mut self) -> thrift::Result<()> {
        self.inner.read_field_end()
    }

    fn read_bool(&mut self) -> thrift::Result<bool> {
        self.inner.read_bool()
    }

    fn read_bytes(&mut self) -> thrift::Result<Vec<u8>> {
        or_default!(self, read_bytes, Vec::new())
    }

    fn read_i8(&mut self) -> thrift::Result<i8> {
        self.inner.read_i8()
    }

    fn read_i16(&mut self) -> thrift::Result<i16> {
        self.inner.read_i16()
    }

    fn read_i32(&mut self) -> thrift::Result<i32> {
        or_default!(self, read_i32, 0)
    }

    fn read_i64(&mut self) -> thrift::Result<i64> {
        or_default!(self, read_i64, 0)
    }

    fn read_double(&mut self) -> thrift::Result<f64> {
        self.inner.read_double()
    }

    fn read_uuid(&mut self) -> thrift::Result<uuid::Uuid> {
        self.inner.read_uuid()
    }

    fn read_string(&mut self) -> thrift::Result<String> {
        self.inner.read_string()
    }

    fn read_list_begin(&mut self) -> thrift::Result<TListIdentifier> {
        or_default!(self, read_list_begin, TListIdentifier::new(TType::String, 0))
    }

    fn read_list_end(&mut self) -> thrift::Result<()> {
        self.inner.read_list_end()
    }

    fn read_set_begin(&mut self) -> thrift::Result<TSetIdentifier> {
        self.inner.read_set_begin()
    }

    fn read_set_end(&mut self) -> thrift::Result<()> {
        self.inner.read_set_end()
    }

    fn read_map_begin(&mut self) -> thrift::Result<TMapIdentifier> {
        or_default!(self, read_map_begin, TMapIdentifier::new(TType::String, TType::String, 0))
    }

    fn read_map_end(&mut self) -> thrift::Result<()> {
        self.inner.read_map_end()
    }

    fn skip_binary(&mut self) -> thrift::Result<()> {
        self.inner.skip_binary()
    }

    fn read_byte(&mut self) -> thrift::Result<u8> {
        self.inner.read_byte()
    }

    fn min_serialized_size(&self, field_type: TType) -> usize {
        self.inner.min_serialized_size(field_type)
    }
}

/// The bit that says that the arguments have ended; no method has so many.
const STOPPED: u32 = 1 << 31;

fn field(kind: TType, id: i16) -> TFieldIdentifier {
    TFieldIdentifier::new::<Option<String>, String, i16>(None, kind, id)
}

/// Writes a result that is an exception: each has the same place in every method that throws it.
pub(super) fn write_exception(
    exception: Box<dyn StdError + Send + Sync>,
    output: &mut dyn TOutputProtocol,
) -> thrift::Result<()> {
    output.write_struct_begin(&TStructIdentifier::new("result"))?;
    let mut field = |id, write: &dyn Fn(&mut dyn TOutputProtocol) -> thrift::Result<()>| {
        output.write_field_begin(&TFieldIdentifier::new("exception", TType::Struct, id))?;
        write(output)?;
        output.write_field_end()
    };
    if let Some(error) = exception.downcast_ref::<IOError>() {
        field(1, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<IllegalArgument>() {
        field(2, &|output| error.write_to_out_protocol(output))?;
    } else if let Some(error) = exception.downcast_ref::<AlreadyExists>() {
        field(3, &|output| error.write_to_out_protocol(output))?;
    }
    output.write_field_stop()?;
    output.write_struct_end()
}
