//! Calls in which something is left out, as clients in dynamic languages make them with null: what
//! the gateway can do without, and what it can't.

use std::time::Duration;

use hbase_thrift_api::THbaseSyncClient as _;
use integration_tests::{Server, Test, TestTable};
use thrift::protocol::{
    TFieldIdentifier, TInputProtocol as _, TListIdentifier, TMessageIdentifier, TMessageType,
    TOutputProtocol, TStructIdentifier, TType,
};
use thrift::{ApplicationError, ApplicationErrorKind, Error};
use xtask::gateway;

use super::{Bench, bytes};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        Test::new(what_the_gateway_needs_is_an_internal_error_when_it_is_left_out),
        Test::new(what_the_gateway_does_not_need_may_be_left_out),
        Test::new(an_empty_row_of_the_catalogue_is_its_last),
    ]
}

const TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Clone)]
enum Value {
    Text(Vec<u8>),
    Texts(Vec<Vec<u8>>),
    Time(i64),
    Count(i32),
    Struct(Fields),
    Structs(Vec<Fields>),
}

type Fields = Vec<(i16, Value)>;

impl Value {
    fn kind(&self) -> TType {
        match self {
            Self::Text(_) => TType::String,
            Self::Texts(_) | Self::Structs(_) => TType::List,
            Self::Time(_) => TType::I64,
            Self::Count(_) => TType::I32,
            Self::Struct(_) => TType::Struct,
        }
    }

    fn write(&self, output: &mut dyn TOutputProtocol) -> thrift::Result<()> {
        let list = |kind, length| TListIdentifier::new(kind, i32::try_from(length).unwrap());
        match self {
            Self::Text(bytes) => output.write_bytes(bytes),
            Self::Time(time) => output.write_i64(*time),
            Self::Count(count) => output.write_i32(*count),
            Self::Struct(fields) => write(fields, output),
            Self::Texts(texts) => {
                output.write_list_begin(&list(TType::String, texts.len()))?;
                texts.iter().try_for_each(|text| output.write_bytes(text))
            }
            Self::Structs(structs) => {
                output.write_list_begin(&list(TType::Struct, structs.len()))?;
                structs.iter().try_for_each(|fields| write(fields, output))
            }
        }
    }
}

fn write(fields: &Fields, output: &mut dyn TOutputProtocol) -> thrift::Result<()> {
    output.write_struct_begin(&TStructIdentifier::new(""))?;
    for (id, value) in fields {
        output.write_field_begin(&TFieldIdentifier::new("", value.kind(), *id))?;
        value.write(output)?;
        output.write_field_end()?;
    }
    output.write_field_stop()?;
    output.write_struct_end()
}

/// Makes a call, and says whether the gateway carried it out, or threw one of its exceptions.
fn call(server: &Server, method: &str, fields: &Fields) -> Result<(), ApplicationError> {
    let (mut input, mut output) = gateway::connect(server.endpoint(), TIMEOUT).unwrap();
    let head = TMessageIdentifier::new(method, TMessageType::Call, 7);
    output.write_message_begin(&head).unwrap();
    write(fields, &mut output).unwrap();
    output.write_message_end().unwrap();
    output.flush().unwrap();
    let head = input.read_message_begin().unwrap();
    assert_eq!(head.sequence_number, 7);
    if head.message_type == TMessageType::Exception {
        return Err(Error::read_application_error_from_in_protocol(&mut input).unwrap());
    }
    input.skip(TType::Struct).unwrap();
    Ok(())
}

fn text(text: &str) -> Value {
    Value::Text(bytes(text))
}

fn mutation() -> Fields {
    vec![(2, text("a:x")), (3, text("v"))]
}

/// Calls on a table with all that their methods need, and the ids of that.
fn calls(table: &[u8]) -> Vec<(&'static str, Fields, &'static [i16])> {
    let name = (1, Value::Text(table.to_vec()));
    let row = (2, text("r"));
    let column = (3, text("a:x"));
    let time = |id| (id, Value::Time(7));
    let versions = |id| (id, Value::Count(1));
    let rows = (2, Value::Texts(vec![bytes("r")]));
    let columns = |id| (id, Value::Texts(vec![bytes("a:x")]));
    let mutations = (3, Value::Structs(vec![mutation()]));
    let batch = vec![(1, text("r")), (2, Value::Structs(vec![mutation()]))];
    let batches = (2, Value::Structs(vec![batch]));
    let increment = vec![name.clone(), row.clone(), (3, text("a:n")), (4, Value::Time(1))];
    let [to, prefix] = [(3, text("s")), (2, text("r"))];
    let of = |fields: &[&(i16, Value)]| fields.iter().copied().cloned().collect::<Fields>();
    vec![
        ("get", of(&[&name, &row, &column]), &[3]),
        ("getVer", of(&[&name, &row, &column, &versions(4)]), &[3]),
        ("getVerTs", of(&[&name, &row, &column, &time(4), &versions(5)]), &[3]),
        ("getRows", of(&[&name, &rows]), &[2]),
        ("getRowsWithColumns", of(&[&name, &rows, &columns(3)]), &[2]),
        ("getRowsTs", of(&[&name, &rows, &time(3)]), &[2]),
        ("getRowsWithColumnsTs", of(&[&name, &rows, &columns(3), &time(4)]), &[2]),
        ("mutateRow", of(&[&name, &row, &mutations]), &[1, 2, 3]),
        ("mutateRowTs", of(&[&name, &row, &mutations, &time(4)]), &[1, 2, 3]),
        ("mutateRows", of(&[&name, &batches]), &[1, 2]),
        ("mutateRowsTs", of(&[&name, &batches, &time(3)]), &[1, 2]),
        ("deleteAll", of(&[&name, &row, &column]), &[3]),
        ("deleteAllTs", of(&[&name, &row, &column, &time(4)]), &[3]),
        ("incrementRows", vec![(1, Value::Structs(vec![increment]))], &[1]),
        (
            "checkAndPut",
            of(&[&name, &row, &column, &(5, text("v")), &(6, Value::Struct(mutation()))]),
            &[1, 2],
        ),
        ("scannerOpen", of(&[&name, &row, &columns(3)]), &[2]),
        ("scannerOpenTs", of(&[&name, &row, &columns(3), &time(4)]), &[2]),
        ("scannerOpenWithStop", of(&[&name, &row, &to, &columns(4)]), &[2, 3]),
        ("scannerOpenWithStopTs", of(&[&name, &row, &to, &columns(4), &time(5)]), &[2, 3]),
        ("scannerOpenWithPrefix", of(&[&name, &prefix, &columns(3)]), &[2]),
        ("scannerOpenWithScan", of(&[&name, &(2, Value::Struct(vec![columns(4)]))]), &[2]),
        ("getRegionInfo", vec![(1, text(""))], &[1]),
    ]
}

fn what_the_gateway_needs_is_an_internal_error_when_it_is_left_out(server: &Server) {
    let bench = Bench::new(server, "needed");
    let refuses = |method: &str, fields: &Fields| {
        let error = call(server, method, fields).expect_err(method);
        assert_eq!(error.kind, ApplicationErrorKind::InternalError, "{method}: {error:?}");
        assert_eq!(error.message, format!("Internal error processing {method}"));
    };
    for (method, fields, needed) in calls(&bench.name()) {
        call(server, method, &fields).unwrap_or_else(|error| panic!("{method}: {error:?}"));
        for missing in needed {
            let fields = fields.iter().filter(|(id, _)| id != missing).cloned().collect();
            refuses(method, &fields);
        }
    }
    let (name, row) = ((1, Value::Text(bench.name())), (2, text("r")));
    for incomplete in [vec![], vec![(3, text("v"))]] {
        let mutations = Value::Structs(vec![mutation(), incomplete]);
        refuses("mutateRow", &vec![name.clone(), row.clone(), (3, mutations.clone())]);
        let batch = vec![(1, text("r")), (2, mutations)];
        refuses("mutateRows", &vec![name.clone(), (2, Value::Structs(vec![batch]))]);
    }
    let batch = vec![(1, text("r"))];
    refuses("mutateRows", &vec![name, (2, Value::Structs(vec![batch]))]);
    let absent = TestTable::reserve(server, "absent");
    refuses("createTable", &vec![(1, Value::Text(absent.bytes()))]);
}

fn what_the_gateway_does_not_need_may_be_left_out(server: &Server) {
    let mut bench = Bench::new(server, "not_needed");
    bench.put("r", "a:x", "v");
    for (method, fields, columns) in [
        ("getRowWithColumns", vec![(2, text("r"))], 3),
        ("scannerOpen", vec![(2, text("r"))], 3),
        ("scannerOpenWithStop", vec![(2, text("r")), (3, text("s"))], 4),
        ("scannerOpenWithPrefix", vec![(2, text("r"))], 3),
    ] {
        let fields: Fields =
            std::iter::once((1, Value::Text(bench.name()))).chain(fields).collect();
        call(server, method, &fields).unwrap_or_else(|error| panic!("{method}: {error:?}"));
        let with: Fields =
            fields.into_iter().chain([(columns, Value::Texts(Vec::new()))]).collect();
        call(server, method, &with).unwrap_or_else(|error| panic!("{method}: {error:?}"));
    }
}

fn an_empty_row_of_the_catalogue_is_its_last(server: &Server) {
    let mut bench = Bench::new(server, "last_region");
    let last = bench.raw.get_region_info(Vec::new()).unwrap().name.unwrap();
    let own = bench.raw.get_table_regions(bench.name()).unwrap().remove(0).name.unwrap();
    assert!(last >= own, "{}", last.escape_ascii());
}
