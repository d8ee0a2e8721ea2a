//! Writes real replies, encoded by other code than the one under test, as what each target begins
//! with: into the folder `corpus`, or the one that is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use hbase_thrift_api::{IOError, TCell, TColumn, TRegionInfo, TRowResult};
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};

/// Writes the fields of a reply's struct.
type Fields<'a> = dyn Fn(&mut dyn TOutputProtocol) -> thrift::Result<()> + 'a;

/// Whole messages and odd pieces.
const PIECES: [u8; 3] = [0x7f, 1, 13];

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    for (name, fields) in replies() {
        for (number, piece) in PIECES.into_iter().enumerate() {
            let name = format!("{name}-{number}");
            let [binary, compact] = [false, true].map(|compact| message(compact, &*fields));
            write(&folder.join("rows_binary").join(&name), piece, &binary)?;
            write(&folder.join("rows_compact").join(&name), piece, &compact)?;
            write(&folder.join("extent").join(format!("{name}-binary")), piece, &binary)?;
            write(&folder.join("extent").join(format!("{name}-compact")), piece | 0x80, &compact)?;
        }
    }
    Ok(())
}

fn write(path: &Path, head: u8, message: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, [&[head], message].concat())
}

fn replies() -> Vec<(&'static str, Box<Fields<'static>>)> {
    vec![
        ("no-rows", Box::new(|protocol| list(protocol, &[] as &[TRowResult]))),
        ("one-row", Box::new(|protocol| list(protocol, &rows(1)))),
        ("rows", Box::new(|protocol| list(protocol, &rows(5)))),
        ("regions", Box::new(|protocol| list(protocol, &[region()]))),
        ("exception", Box::new(exception)),
        ("counter", Box::new(counter)),
        ("nothing", Box::new(|_| Ok(()))),
    ]
}

/// Rows of each kind that a gateway sends: a map of columns, a sorted list, neither.
fn rows(count: usize) -> Vec<TRowResult> {
    let cell = |text: String| TCell::new(text.into_bytes(), 1_336_510_250_000);
    let row = |number: usize| {
        let map =
            (0..number % 4).map(|n| (format!("f:{n}").into_bytes(), cell("v".repeat(n * 20))));
        let list = (0..number % 3)
            .map(|n| TColumn::new(format!("ids:{n}").into_bytes(), cell(n.to_string())));
        TRowResult::new(
            format!("row{number}").into_bytes(),
            (number % 2 == 1).then(|| map.collect::<BTreeMap<_, _>>()),
            (number % 2 == 0).then(|| list.collect::<Vec<_>>()),
        )
    };
    (1..=count).map(row).collect()
}

fn region() -> TRegionInfo {
    TRegionInfo {
        start_key: Some(b"a".to_vec()),
        end_key: Some(b"b".to_vec()),
        id: Some(1),
        name: Some(b"t,a,1.x.".to_vec()),
        version: Some(1),
        server_name: Some(b"host".to_vec()),
        port: Some(16020),
    }
}

fn list<T: TSerializable>(protocol: &mut dyn TOutputProtocol, items: &[T]) -> thrift::Result<()> {
    field(protocol, TType::List, 0, &|protocol| {
        protocol.write_list_begin(&TListIdentifier::new(TType::Struct, items.len() as i32))?;
        items.iter().try_for_each(|item| item.write_to_out_protocol(protocol))?;
        protocol.write_list_end()
    })
}

fn exception(protocol: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    let trace = "org.apache.hadoop.hbase.TableNotFoundException: crashes\n\tat x.Y.z(Y.java:1)\n";
    field(protocol, TType::Struct, 1, &|protocol| {
        IOError::new(trace.to_owned(), false).write_to_out_protocol(protocol)
    })
}

fn counter(protocol: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    field(protocol, TType::I64, 0, &|protocol| protocol.write_i64(-1))
}

fn field(
    protocol: &mut dyn TOutputProtocol,
    field_type: TType,
    id: i16,
    write: &Fields<'_>,
) -> thrift::Result<()> {
    protocol.write_field_begin(&TFieldIdentifier::new("", field_type, id))?;
    write(protocol)?;
    protocol.write_field_end()
}

fn message(compact: bool, fields: &Fields<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let write = |protocol: &mut dyn TOutputProtocol| {
        let head = TMessageIdentifier::new("scannerGetList", TMessageType::Reply, 7);
        protocol.write_message_begin(&head)?;
        protocol.write_struct_begin(&TStructIdentifier::new(""))?;
        fields(protocol)?;
        protocol.write_field_stop()?;
        protocol.write_struct_end()
    };
    let written = if compact {
        write(&mut TCompactOutputProtocol::new(&mut bytes))
    } else {
        write(&mut TBinaryOutputProtocol::new(&mut bytes, true))
    };
    written.expect("a vector takes whatever is written");
    bytes
}
