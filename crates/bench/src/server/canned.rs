//! Replies that are prepared once; what differs from one time to the next is patched in.

use crate::message::{Kind, Message};
use crate::shape::{KEY_SIZE, Shape};

/// How a row carries its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// What the interface has always had.
    Map,
    /// What a scan is answered with that asks for `sortColumns`.
    SortedList,
    /// What Thrift 2 has: cells with family and qualifier apart.
    Cells,
}

/// The bytes of a reply.
pub(crate) struct Canned {
    bytes: Vec<u8>,
    sequence_at: usize,
    /// Where the number of the batch is in each row's key.
    batches_at: Vec<usize>,
}

const SUCCESS: i16 = 0;
const TIMESTAMP: i64 = 1_336_510_250_000;
/// A cell's type, as HBase numbers them.
const PUT: i8 = 4;

impl Canned {
    pub(crate) fn nothing(method: &str) -> Self {
        Self::new(Message::new(Kind::Reply, method), Vec::new())
    }

    pub(crate) fn number(method: &str, number: i32) -> Self {
        let mut message = Message::new(Kind::Reply, method);
        message.i32_field(SUCCESS, number);
        Self::new(message, Vec::new())
    }

    /// So many rows; their keys ascend within the batch, and from batch to batch.
    pub(crate) fn rows(method: &str, shape: Shape, form: Form, rows: u32) -> Self {
        let columns: Vec<String> = (0..shape.cells()).map(|cell| shape.column(cell)).collect();
        let value: Vec<u8> = (b'0'..=b'z').cycle().take(shape.value_size()).collect();
        let mut message = Message::new(Kind::Reply, method);
        let mut batches_at = Vec::new();
        message.list_field(SUCCESS, rows as usize);
        for index in 0..rows {
            let key = key(index);
            message.bytes_field(1, &key);
            batches_at.push(message.position() - key.len() + BATCH_IN_KEY);
            cells(&mut message, form, &columns, &value);
            message.stop();
        }
        Self::new(message, batches_at)
    }

    fn new(message: Message, batches_at: Vec<usize>) -> Self {
        let (bytes, sequence_at) = message.finish();
        Self { bytes, sequence_at, batches_at }
    }

    /// The reply to a certain call.
    pub(crate) fn patched(&mut self, sequence: i32, batch: u32) -> &[u8] {
        self.put(self.sequence_at, sequence.to_be_bytes());
        for index in 0..self.batches_at.len() {
            self.put(self.batches_at[index], batch.to_be_bytes());
        }
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn put(&mut self, at: usize, bytes: [u8; 4]) {
        self.bytes[at..at + 4].copy_from_slice(&bytes);
    }
}

const BATCH_IN_KEY: usize = 4;

fn key(index: u32) -> [u8; KEY_SIZE] {
    let mut key = *b"row-batch:000000";
    key[KEY_SIZE - 4..].copy_from_slice(&index.to_be_bytes());
    key
}

fn cells(message: &mut Message, form: Form, columns: &[String], value: &[u8]) {
    let cell = |message: &mut Message| {
        message.bytes_field(1, value);
        message.i64_field(2, TIMESTAMP);
        message.stop();
    };
    match form {
        Form::Map => {
            message.struct_map_field(2, columns.len());
            for column in columns {
                message.value(column.as_bytes());
                cell(message);
            }
        }
        Form::SortedList => {
            message.list_field(3, columns.len());
            for column in columns {
                message.bytes_field(1, column.as_bytes());
                message.struct_field(2);
                cell(message);
                message.stop();
            }
        }
        Form::Cells => {
            message.list_field(2, columns.len());
            for column in columns {
                let (family, qualifier) = column.split_once(':').unwrap_or((column, ""));
                message.bytes_field(1, family.as_bytes());
                message.bytes_field(2, qualifier.as_bytes());
                message.bytes_field(3, value);
                message.i64_field(4, TIMESTAMP);
                message.i8_field(6, PUT);
                message.stop();
            }
            message.bool_field(3, false);
            message.bool_field(4, false);
        }
    }
}
