//! Writes real replies, encoded by other code than the one under test, and configurations, as what
//! each target begins with: into the folder `corpus`, or the one that is named.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::{Compression, write::GzEncoder};
use hbase_thrift_api::thrift2::{
    TColumnValue, THRegionInfo, THRegionLocation, TResult, TServerName, TTableName,
};
use hbase_thrift_api::{IOError, TCell, TColumn, TRegionInfo, TRowResult};
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TListIdentifier,
    TMessageIdentifier, TMessageType, TOutputProtocol, TSerializable, TStructIdentifier, TType,
};

/// Writes the fields of a reply's struct.
type Fields<'a> = dyn Fn(&mut dyn TOutputProtocol) -> thrift::Result<()> + 'a;

/// Whole messages and odd pieces.
const PIECES: [u8; 3] = [0x7f, 1, 13];

/// Between them with every part that a URL can have, and some that are refused.
const CONFIGURATIONS: [&str; 8] = [
    "hbase://gateway-1:9090,gateway-2,[::1]:9191/?transport=framed&protocol=compact",
    "hbase://h?connect_timeout=500ms&operation_timeout=1m 5s&pool_timeout=3us&idle_timeout=99y",
    "hbase://h?max_attempts=1&max_connections=2&max_request_size=3KiB&max_reply_size=4MiB",
    "hbases://[fe80::1%25eth0]?ca_file=%2Fca.pem&server_name=g&max_cell_size=1&table_prefix=a%26b",
    "http://me:p%40ss@h,g:1/a/b?do_as=you",
    "https://:%F0%9F%A6%80@h/?idle_timeout=4s",
    "http://me:12/34@h/",
    "hbase://[::1]9191",
];

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("corpus"), PathBuf::from);
    requests(&folder)?;
    reports(&folder.join("collector_request"))?;
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
    write_conversations(&folder.join("session"))?;
    let folder = folder.join("config");
    fs::create_dir_all(&folder)?;
    for (number, url) in CONFIGURATIONS.into_iter().enumerate() {
        fs::write(folder.join(format!("url-{number}")), url)?;
    }
    Ok(())
}

/// Writes what clients of a collector post: their `Content-Type`, and the body.
fn reports(folder: &Path) -> io::Result<()> {
    for (number, (content_type, body)) in REPORTS.iter().enumerate() {
        for piece in PIECES {
            let report = [content_type, "\n", body].concat();
            write(&folder.join(format!("{number}-{piece}")), piece, report.as_bytes())?;
            let mut packed = format!("{content_type}\n").into_bytes();
            let mut gzip = GzEncoder::new(&mut packed, Compression::fast());
            gzip.write_all(body.as_bytes())?;
            gzip.finish()?;
            write(&folder.join(format!("{number}-{piece}-gzip")), 0x80 | piece, &packed)?;
        }
    }
    // About as large and as many as the target's limits allow.
    for (name, parts, bytes) in
        [("large", 1, 511), ("larger", 1, 513), ("many", 7, 9), ("more", 8, 9)]
    {
        // A report without an annotation is refused, whatever else is in it.
        let mut report = String::from(
            "multipart/form-data; boundary=x\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n",
        );
        for part in 0..parts {
            report += &format!(
                "--x\r\nContent-Disposition: form-data; name=\"upload_file_minidump{part}\"; \
                 filename=\"d\"\r\n\r\n{}\r\n",
                "M".repeat(bytes)
            );
        }
        write(&folder.join(name), PIECES[0], (report + "--x--\r\n").as_bytes())?;
    }
    Ok(())
}

/// As Breakpad, Crashpad and Firefox write them.
const REPORTS: [(&str, &str); 3] = [
    (
        "multipart/form-data; boundary=\"--b\"",
        "----b\r\nContent-Disposition: form-data; name=\"ProductName\"\r\n\r\nDemo\r\n----b\r\n\
         Content-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"a.dmp\"\r\n\
         Content-Type: application/octet-stream\r\n\r\nMDMP\r\n----b--\r\n",
    ),
    (
        "multipart/mixed; boundary=x",
        "--x\r\nContent-Disposition: form-data; name=\"extra\"; filename=\"e.json\"\r\n\
         Content-Type: application/json\r\n\r\n{\"ProductName\":\"Demo\",\"Version\":1}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"upload_file_minidump_a/../b\"; filename=\"\"\r\n\r\n\
         MDMP\r\n--x--",
    ),
    (
        "multipart/form-data;boundary=-",
        "preamble\r\n---\r\ncontent-disposition: form-data; name=a\r\n\r\né\r\n---\r\n\
         Content-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n\r\n-----\r\nend",
    ),
];

/// Writes what clients send to a server.
fn requests(folder: &Path) -> io::Result<()> {
    for (number, filter) in FILTERS.iter().enumerate() {
        let path = folder.join("server_filter").join(number.to_string());
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(path, filter)?;
    }
    for compact in [false, true] {
        let head = if compact { 0x80 } else { 0 };
        for (name, call) in calls() {
            let message = request(compact, name, &*call);
            let file = format!("{name}-{compact}");
            write(&folder.join("server_message").join(&file), head, &message)?;
            let framed = [&(message.len() as u32).to_be_bytes(), &*message].concat();
            write(
                &folder.join("server_message").join(format!("{file}-framed")),
                head | 0x40,
                &framed,
            )?;
            let http = format!(
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-thrift\r\n\
                 Content-Length: {}\r\n\r\n",
                message.len()
            );
            if !compact {
                let path = folder.join("server_http").join(name);
                fs::create_dir_all(path.parent().unwrap_or(&path))?;
                fs::write(path, [http.as_bytes(), &message].concat())?;
            }
        }
    }
    let control = "POST /faults HTTP/1.1\r\nHost: [::1]:9\r\nContent-Type: application/json\r\n\
                   Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n2;x\r\n{}\r\n0\r\n\r\n";
    fs::write(folder.join("server_http").join("control"), control)
}

const FILTERS: [&str; 4] = [
    "PrefixFilter('a') AND (SKIP ValueFilter(=, 'binary:x') OR WHILE RowFilter(!=, 'regexstring:^a+'))",
    "SingleColumnValueFilter('f', 'x', >=, 'binaryprefix:v', true, false)",
    "MultipleColumnPrefixFilter('a', 'b''c') OR TimestampsFilter(1, 2) AND PageFilter(5)",
    "ColumnRangeFilter('a', true, 'b', false)",
];

/// Calls with the types of fields that the interface has.
fn calls() -> Vec<(&'static str, Box<Fields<'static>>)> {
    fn text(protocol: &mut dyn TOutputProtocol, id: i16, text: &str) -> thrift::Result<()> {
        field(protocol, TType::String, id, &|protocol| protocol.write_string(text))
    }
    vec![
        ("getClusterId", Box::new(|_| Ok(()))),
        (
            "getRow",
            Box::new(|protocol| {
                text(protocol, 1, "t")?;
                text(protocol, 2, "r")
            }),
        ),
        (
            "createTable",
            Box::new(|protocol| {
                text(protocol, 1, "t")?;
                field(protocol, TType::List, 2, &|protocol| {
                    protocol.write_list_begin(&TListIdentifier::new(TType::Struct, 1))?;
                    text(protocol, 1, "f")?;
                    protocol.write_field_stop()
                })
            }),
        ),
        (
            "mutateRow",
            Box::new(|protocol| {
                text(protocol, 1, "t")?;
                text(protocol, 2, "r")?;
                field(protocol, TType::List, 3, &|protocol| {
                    protocol.write_list_begin(&TListIdentifier::new(TType::Struct, 1))?;
                    text(protocol, 2, "f:x")?;
                    text(protocol, 3, "v")?;
                    protocol.write_field_stop()
                })
            }),
        ),
        (
            "scannerGetList",
            Box::new(|protocol| {
                field(protocol, TType::I32, 1, &|protocol| protocol.write_i32(0))?;
                field(protocol, TType::I32, 2, &|protocol| protocol.write_i32(10))
            }),
        ),
    ]
}

fn request(compact: bool, name: &str, fields: &Fields<'_>) -> Vec<u8> {
    encoded(compact, &TMessageIdentifier::new(name, TMessageType::Call, 7), fields)
}

fn write(path: &Path, head: u8, message: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, [&[head], message].concat())
}

/// Replies to the calls of the target, one after the other, in each transport and protocol.
fn write_conversations(folder: &Path) -> io::Result<()> {
    const THRIFT_2: u8 = 0x10;
    for (compact, bit, piece) in
        [(false, 0, 15), (true, 0x80, 1), (false, THRIFT_2, 15), (true, THRIFT_2 | 0x80, 1)]
    {
        let is_thrift2 = bit & THRIFT_2 != 0;
        let replies =
            if is_thrift2 { conversation_of_thrift2(compact) } else { conversation(compact) };
        let framed = replies.iter().flat_map(|reply| {
            let length = (reply.len() as u32).to_be_bytes();
            [&length, reply.as_slice()].concat()
        });
        write(&folder.join(format!("buffered-{bit}")), bit | piece, &replies.concat())?;
        let framed: Vec<u8> = framed.collect();
        write(&folder.join(format!("framed-{bit}")), bit | 0x20 | piece, &framed)?;
    }
    for (name, bit, replies) in
        [("http", 0, conversation(false)), ("http-2", THRIFT_2, conversation_of_thrift2(false))]
    {
        write_http(folder, name, bit, &replies)?;
    }
    for (name, response) in RESPONSES {
        write(&folder.join(name), 0x40 | 13, response.as_bytes())?;
    }
    Ok(())
}

fn write_http(folder: &Path, name: &str, bit: u8, replies: &[Vec<u8>]) -> io::Result<()> {
    let whole = replies.iter().flat_map(|reply| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", reply.len());
        [head.as_bytes(), reply].concat()
    });
    let chunked = replies.iter().flat_map(|reply| {
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", 5);
        let rest = format!("\r\n{:x}\r\n", reply.len() - 5);
        [head.as_bytes(), &reply[..5], rest.as_bytes(), &reply[5..], b"\r\n0\r\n\r\n"].concat()
    });
    write(&folder.join(name), 0x40 | bit | 15, &whole.collect::<Vec<u8>>())?;
    let chunked = chunked.collect::<Vec<u8>>();
    write(&folder.join(format!("{name}-chunked")), 0x40 | bit | 7, &chunked)
}

/// What else an HTTP server says.
const RESPONSES: [(&str, &str); 4] = [
    ("http-continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    (
        "http-page",
        "HTTP/1.1 500 no\r\nContent-Length: 40\r\n\r\n<html><title>a user &amp; more</title>",
    ),
    ("http-login", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n\r\n"),
    ("http-away", "HTTP/1.1 302 Found\r\nLocation: https://h/\r\nConnection: close\r\n\r\n"),
];

/// In the order in which the target makes its calls.
fn conversation(compact: bool) -> Vec<Vec<u8>> {
    let replies: [(&str, Box<Fields<'static>>); 5] = [
        ("scannerGetList", Box::new(|protocol| list(protocol, &rows(3)))),
        ("getRow", Box::new(|protocol| list(protocol, &rows(1)))),
        ("getTableRegions", Box::new(|protocol| list(protocol, &[region()]))),
        (
            "getClusterId",
            Box::new(|protocol| {
                field(protocol, TType::String, 0, &|protocol| protocol.write_string("id"))
            }),
        ),
        ("scannerClose", Box::new(exception)),
    ];
    let numbered = (1..).zip(replies);
    numbered.map(|(number, (method, fields))| reply(compact, method, number, &*fields)).collect()
}

/// The same of Thrift 2, whose target makes more calls.
fn conversation_of_thrift2(compact: bool) -> Vec<Vec<u8>> {
    let name = || TTableName::new(b"n".to_vec(), b"t".to_vec());
    let replies: [(&str, Box<Fields<'static>>); 12] = [
        ("getScannerRows", Box::new(|protocol| list(protocol, &results(5)))),
        ("get", Box::new(|protocol| one(protocol, &result(3)))),
        ("getAllRegionLocations", Box::new(|protocol| list(protocol, &[location()]))),
        (
            "getClusterId",
            Box::new(|protocol| {
                field(protocol, TType::String, 0, &|protocol| protocol.write_string("id"))
            }),
        ),
        ("closeScanner", Box::new(|_| Ok(()))),
        ("getMultiple", Box::new(|protocol| list(protocol, &results(2)))),
        ("get", Box::new(|protocol| one(protocol, &result(2)))),
        (
            "increment",
            Box::new(|protocol| {
                let cell = value("n", &7_i64.to_be_bytes());
                one(protocol, &TResult::new(b"r".to_vec(), vec![cell], false, false))
            }),
        ),
        ("append", Box::new(|protocol| one(protocol, &result(1)))),
        ("getTableDescriptor", Box::new(|protocol| field(protocol, TType::Struct, 0, &descriptor))),
        ("getTableNamesByPattern", Box::new(move |protocol| list(protocol, &[name(), name()]))),
        (
            "isTableEnabled",
            Box::new(|protocol| field(protocol, TType::Bool, 0, &|to| to.write_bool(true))),
        ),
    ];
    let numbered = (1..).zip(replies);
    numbered.map(|(number, (method, fields))| reply(compact, method, number, &*fields)).collect()
}

fn value(name: &str, value: &[u8]) -> TColumnValue {
    let (family, name) = (b"f".to_vec(), name.as_bytes().to_vec());
    TColumnValue::new(family, name, value.to_vec(), 1_336_510_250_000, None::<Vec<u8>>, 4)
}

/// A row of this many cells; of none it says that it is absent.
fn result(cells: usize) -> TResult {
    let key = (cells > 0).then(|| format!("row{cells}").into_bytes());
    let cells = (0..cells).map(|n| value(&n.to_string(), "v".repeat(n * 20).as_bytes()));
    TResult::new(key, cells.collect::<Vec<_>>(), false, false)
}

/// Rows of which one is absent, and many are alike.
fn results(count: usize) -> Vec<TResult> {
    (0..count).map(|number| result(if number == 1 { 0 } else { 2 })).collect()
}

/// A `TTableDescriptor` of a table with one family, of which its name and its versions are said.
fn descriptor(protocol: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    protocol.write_struct_begin(&TStructIdentifier::new(""))?;
    field(protocol, TType::List, 2, &|protocol| {
        protocol.write_list_begin(&TListIdentifier::new(TType::Struct, 1))?;
        protocol.write_struct_begin(&TStructIdentifier::new(""))?;
        field(protocol, TType::String, 1, &|protocol| protocol.write_bytes(b"f"))?;
        field(protocol, TType::I32, 10, &|protocol| protocol.write_i32(3))?;
        protocol.write_field_stop()?;
        protocol.write_struct_end()?;
        protocol.write_list_end()
    })?;
    protocol.write_field_stop()?;
    protocol.write_struct_end()
}

fn location() -> THRegionLocation {
    let region = THRegionInfo {
        region_id: 0,
        table_name: b"t".to_vec(),
        start_key: Some(b"a".to_vec()),
        end_key: Some(b"b".to_vec()),
        offline: Some(false),
        split: Some(false),
        replica_id: Some(0),
    };
    THRegionLocation::new(TServerName::new("host".to_owned(), 16020, 1), region)
}

fn one<T: TSerializable>(protocol: &mut dyn TOutputProtocol, item: &T) -> thrift::Result<()> {
    field(protocol, TType::Struct, 0, &|protocol| item.write_to_out_protocol(protocol))
}

fn replies() -> Vec<(&'static str, Box<Fields<'static>>)> {
    vec![
        ("no-rows", Box::new(|protocol| list(protocol, &[] as &[TRowResult]))),
        ("one-row", Box::new(|protocol| list(protocol, &rows(1)))),
        ("rows", Box::new(|protocol| list(protocol, &rows(5)))),
        ("no-results", Box::new(|protocol| list(protocol, &[] as &[TResult]))),
        ("results", Box::new(|protocol| list(protocol, &results(6)))),
        ("one-result", Box::new(|protocol| one(protocol, &result(3)))),
        ("no-result", Box::new(|protocol| one(protocol, &result(0)))),
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
    reply(compact, "scannerGetList", 7, fields)
}

fn reply(compact: bool, method: &str, sequence: i32, fields: &Fields<'_>) -> Vec<u8> {
    encoded(compact, &TMessageIdentifier::new(method, TMessageType::Reply, sequence), fields)
}

fn encoded(compact: bool, head: &TMessageIdentifier, fields: &Fields<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let write = |protocol: &mut dyn TOutputProtocol| {
        protocol.write_message_begin(head)?;
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
