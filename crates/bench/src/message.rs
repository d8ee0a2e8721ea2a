//! Messages of Thrift's binary protocol, written byte by byte.
//!
//! By hand, because server and raw drain have to cost next to nothing, and because a bench whose
//! server shared the client's code would not notice a mistake in it.

/// A message on its way.
pub(crate) struct Message {
    bytes: Vec<u8>,
    sequence_at: usize,
}

/// What a message is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Call = 1,
    Reply = 2,
}

const BOOL: u8 = 2;
const I8: u8 = 3;
const I32: u8 = 8;
const I64: u8 = 10;
const BYTES: u8 = 11;
const STRUCT: u8 = 12;
const MAP: u8 = 13;
const LIST: u8 = 15;
const STOP: u8 = 0;

impl Message {
    /// Begins a message and the one struct that is in every message.
    pub(crate) fn new(kind: Kind, method: &str) -> Self {
        let mut message = Self { bytes: vec![0x80, 1, 0, kind as u8], sequence_at: 0 };
        message.value(method.as_bytes());
        message.sequence_at = message.bytes.len();
        message.bytes.extend([0; 4]);
        message
    }

    /// The message, and where its sequence number is.
    pub(crate) fn finish(mut self) -> (Vec<u8>, usize) {
        self.stop();
        (self.bytes, self.sequence_at)
    }

    /// How long it is so far.
    pub(crate) fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Ends a struct.
    pub(crate) fn stop(&mut self) {
        self.bytes.push(STOP);
    }

    /// Bytes without the head of a field: in a list or a map.
    pub(crate) fn value(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn bool_field(&mut self, id: i16, value: bool) {
        self.head(BOOL, id);
        self.bytes.push(u8::from(value));
    }

    pub(crate) fn i8_field(&mut self, id: i16, value: i8) {
        self.head(I8, id);
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn i32_field(&mut self, id: i16, value: i32) {
        self.head(I32, id);
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn i64_field(&mut self, id: i16, value: i64) {
        self.head(I64, id);
        self.bytes.extend(value.to_be_bytes());
    }

    pub(crate) fn bytes_field(&mut self, id: i16, value: &[u8]) {
        self.head(BYTES, id);
        self.value(value);
    }

    /// The head of a struct, which is to be stopped.
    pub(crate) fn struct_field(&mut self, id: i16) {
        self.head(STRUCT, id);
    }

    /// The head of a list of structs.
    pub(crate) fn list_field(&mut self, id: i16, count: usize) {
        self.head(LIST, id);
        self.bytes.push(STRUCT);
        self.count(count);
    }

    /// The head of a map from bytes to structs.
    pub(crate) fn struct_map_field(&mut self, id: i16, count: usize) {
        self.map_field(id, STRUCT, count);
    }

    /// A map from bytes to bytes without anything in it.
    pub(crate) fn empty_map_field(&mut self, id: i16) {
        self.map_field(id, BYTES, 0);
    }

    fn map_field(&mut self, id: i16, value: u8, count: usize) {
        self.head(MAP, id);
        self.bytes.extend([BYTES, value]);
        self.count(count);
    }

    fn head(&mut self, field_type: u8, id: i16) {
        self.bytes.push(field_type);
        self.bytes.extend(id.to_be_bytes());
    }

    fn count(&mut self, count: usize) {
        self.bytes.extend((count as u32).to_be_bytes());
    }
}
