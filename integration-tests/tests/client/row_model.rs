//! Random changes and reads of rows, compared with a small model of what HBase keeps: versions, and deletes
//! that hide them.
//!
//! `SEED=7 ROUNDS=100` runs others and more.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use hbase_thrift_client::{
    CheckAndMutate, CompareOp, Delete, ErrorKind, Get, GetRows, Mutation, Put, Row, RowMutations,
    Scan, TimeRange,
};
use integration_tests::{Flavour, Server, Test, TestTable};

use super::connect;
use super::front::Table;

pub(super) fn tests() -> Vec<Test> {
    vec![Test::on_own_server(rows_are_as_a_small_model_has_them)]
}

const COLUMNS: [&str; 4] = ["f:a", "f:b", "g:a", "g:"];
const VALUES: [&str; 4] = ["1", "2", "22", "3"];
const TIMES: i64 = 12;
const CALLS: usize = 40;

/// A row: what was put, and what is deleted, which hides what is put later, too.
#[derive(Clone, Debug, Default)]
struct Model {
    cells: BTreeMap<(String, i64), String>,
    deletes: Vec<Deleted>,
}

#[derive(Clone, Debug)]
struct Deleted {
    /// A column, a family, or nothing for the row.
    name: String,
    times: std::ops::RangeInclusive<i64>,
}

impl Deleted {
    fn hides(&self, column: &str, time: i64) -> bool {
        let (family, _) = column.split_once(':').unwrap();
        let is_of = self.name.is_empty() || self.name == column || self.name == family;
        is_of && self.times.contains(&time)
    }
}

impl Model {
    /// Times and values of a column, newest first.
    fn versions(&self, column: &str) -> Vec<(i64, String)> {
        let cells = self.cells.iter().rev().filter(|((name, _), _)| name == column);
        let seen = cells.filter(|((_, time), _)| {
            !self.deletes.iter().any(|deleted| deleted.hides(column, *time))
        });
        seen.map(|((_, time), value)| (*time, value.clone())).collect()
    }

    fn read(
        &self,
        columns: &[&str],
        times: TimeRange,
        versions: usize,
    ) -> Vec<(String, i64, String)> {
        let mut found = Vec::new();
        // In HBase's order.
        for column in ["f:a", "f:b", "g:", "g:a"] {
            let (family, _) = column.split_once(':').unwrap();
            if columns.is_empty() || columns.contains(&column) || columns.contains(&family) {
                let all = self.versions(column).into_iter();
                let within = all.filter(|(time, _)| (times.min()..times.max()).contains(time));
                found.extend(
                    within.take(versions).map(|(time, value)| (column.to_owned(), time, value)),
                );
            }
        }
        found
    }

    /// All in one step: which version is the newest is looked for before anything is changed.
    fn change(&mut self, mutations: &[Mutation]) {
        let before = self.clone();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        for mutation in mutations {
            match mutation {
                Mutation::Put(put) => {
                    let time = put.get_timestamp().unwrap();
                    for (column, value) in put.get_columns() {
                        self.cells.insert((text(column), time), text(value));
                    }
                }
                Mutation::Delete(delete) => {
                    let up_to = delete.get_up_to_timestamp().unwrap();
                    let mut names: Vec<String> = delete.get_columns().map(text).collect();
                    if names.is_empty() && delete.get_versions().len() == 0 {
                        names.push(String::new());
                    }
                    let all = names.into_iter().map(|name| Deleted { name, times: 0..=up_to });
                    self.deletes.extend(all);
                    for (name, time) in delete.get_versions() {
                        let name = text(name);
                        let newest = || Some(before.versions(&name).first()?.0);
                        let Some(time) = time.or_else(newest) else { continue };
                        self.deletes.push(Deleted { name, times: time..=time });
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn rows_are_as_a_small_model_has_them(server: &Server) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let seed = number("SEED", fastrand::u64(..1_000_000));
    let rounds = number("ROUNDS", if server.is_mini() { 40 } else { 10 });
    let client = connect(&server.thrift2_endpoint(Flavour::Compact).to_string());
    let guard = TestTable::reserve(server, "row_model");
    let family = |name: &str| hbase_thrift_client::ColumnFamily::new(name).max_versions(100);
    client.admin().create_table(guard.name(), &[family("f"), family("g")]).unwrap();
    let table = client.table(guard.name()).with_timeout(Duration::from_mins(1));
    let mut kinds = BTreeMap::new();
    for round in 0..rounds {
        let luck = &mut Rng::with_seed(seed * 1_000_003 + round);
        let (row, mut model) = (format!("r{round}"), Model::default());
        let mut done = Vec::new();
        for _ in 0..CALLS {
            let kind = call(&table, &row, &mut model, luck, &mut done, seed);
            *kinds.entry(kind).or_insert(0) += 1;
        }
    }
    println!("SEED={seed}: {rounds} rounds, {kinds:?}");
    for kind in ["changed", "hidden", "held", "did not hold", "read", "empty"] {
        assert!(rounds < 10 || kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
}

/// Makes a call, and compares; returns what kind it was.
fn call(
    table: &Table,
    row: &str,
    model: &mut Model,
    luck: &mut Rng,
    done: &mut Vec<String>,
    seed: u64,
) -> &'static str {
    let shown = |done: &[String]| format!("SEED={seed}, {row}:\n{}", done.join("\n"));
    if luck.u8(..3) == 0 {
        let found = reads(table, row, model, luck);
        return found.unwrap_or_else(|difference| panic!("{difference}\n{}", shown(done)));
    }
    let count = luck.usize(1..4);
    let mutations: Vec<Mutation> = (0..count).map(|_| mutation(row, luck)).collect();
    let add = |all: RowMutations, one: &Mutation| match one {
        Mutation::Put(put) => all.put(put.clone()),
        Mutation::Delete(delete) => all.delete(delete.clone()),
        other => panic!("{other:?}"),
    };
    let all = mutations.iter().fold(RowMutations::new(row), add);
    let mut after = model.clone();
    after.change(&mutations);
    let (changed, holds, kind) = if luck.bool() {
        done.push(format!("{mutations:?}"));
        let single = match &mutations[..] {
            [Mutation::Put(put)] if luck.bool() => Some(table.put(put)),
            [Mutation::Delete(delete)] if luck.bool() => Some(table.delete(delete)),
            _ => None,
        };
        (single.unwrap_or_else(|| table.mutate_row(&all)).map(|()| true), true, "changed")
    } else {
        let column = *luck.choice(&COLUMNS).unwrap();
        let stored = model.versions(column).first().map(|(_, value)| value.clone());
        let (check, holds) = condition(row, column, stored.as_deref(), luck);
        done.push(format!("{check:?}: {mutations:?}"));
        let kind = if holds { "held" } else { "did not hold" };
        (table.check_and_mutate(&check.mutate(all)), holds, kind)
    };
    match changed {
        Ok(held) => {
            assert_eq!(held, holds, "{}", shown(done));
            assert!(!hides_itself(&mutations), "not refused\n{}", shown(done));
            if holds {
                *model = after;
            }
            kind
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error:?}\n{}", shown(done));
            assert!(hides_itself(&mutations), "refused\n{}", shown(done));
            "hidden"
        }
    }
}

/// Whether a delete hides what is put beside it; where it takes the newest version, it might.
fn hides_itself(mutations: &[Mutation]) -> bool {
    let mut model = Model::default();
    model.change(mutations);
    let is_hidden = |((column, time), _): (&(String, i64), &String)| {
        model.deletes.iter().any(|deleted| deleted.hides(column, *time))
    };
    let takes_newest = |column: &str| {
        mutations.iter().any(|mutation| match mutation {
            Mutation::Delete(delete) => delete
                .get_versions()
                .any(|(name, time)| time.is_none() && name == column.as_bytes()),
            _ => false,
        })
    };
    model.cells.iter().any(is_hidden) || model.cells.keys().any(|(column, _)| takes_newest(column))
}

fn mutation(row: &str, luck: &mut Rng) -> Mutation {
    let time = luck.i64(0..TIMES);
    let column = *luck.choice(&COLUMNS).unwrap();
    let family = *luck.choice(&["f", "g"]).unwrap();
    if luck.u8(..3) > 0 {
        let value = *luck.choice(&VALUES).unwrap();
        return Put::new(row).column(column, value).timestamp(time).into();
    }
    // Old deletes leave more to be seen.
    let early = luck.i64(0..=time / 3);
    let delete = Delete::row(row).up_to_timestamp(early);
    let delete = match luck.u8(..8) {
        0 => delete,
        1 => delete.family(family),
        2 | 3 => delete.column(column),
        4 => delete.version(column, time),
        5 => delete.family_version(family, time),
        6 => delete.newest_version(column),
        _ => delete.column(column).family_version(family, time).newest_version("f:b"),
    };
    delete.into()
}

fn condition(
    row: &str,
    column: &str,
    stored: Option<&str>,
    luck: &mut Rng,
) -> (CheckAndMutate, bool) {
    let given = *luck.choice(&VALUES).unwrap();
    let compared = |op, holds: fn(&str, &str) -> bool| {
        let check = CheckAndMutate::if_matches(row, column, op, given);
        (check, stored.is_some_and(|stored| holds(stored, given)))
    };
    match luck.u8(..8) {
        0 => (CheckAndMutate::if_absent(row, column), stored.is_none()),
        1 => (CheckAndMutate::if_present(row, column), stored.is_some()),
        2 => compared(CompareOp::Less, |stored, given| stored < given),
        3 => compared(CompareOp::LessOrEqual, |stored, given| stored <= given),
        4 => compared(CompareOp::Equal, |stored, given| stored == given),
        5 => compared(CompareOp::NotEqual, |stored, given| stored != given),
        6 => compared(CompareOp::GreaterOrEqual, |stored, given| stored >= given),
        _ => compared(CompareOp::Greater, |stored, given| stored > given),
    }
}

/// One read in each way there is.
fn reads(table: &Table, row: &str, model: &Model, luck: &mut Rng) -> Result<&'static str, String> {
    let (one, other) = (luck.i64(0..=TIMES), luck.i64(0..=TIMES));
    let times = match luck.u8(..3) {
        0 => TimeRange::default(),
        _ => TimeRange::between(one.min(other), one.max(other)),
    };
    let versions = luck.u32(1..5);
    let columns: &[&str] = luck.choice([&[][..], &["f"], &["g:"], &["f:b", "g"]]).unwrap();
    let expected = model.read(columns, times, versions as usize);
    let get =
        Get::new(row).columns(columns.iter().copied()).time_range(times).max_versions(versions);
    let rows = GetRows::new([row]).columns(columns.iter().copied()).time_range(times);
    let rows = rows.max_versions(versions);
    let scan = Scan::new().start(row).stop_inclusive(row).columns(columns.iter().copied());
    let scan = scan.time_range(times).max_versions(versions);
    let found = [
        ("get", table.get(&get).unwrap()),
        ("get_rows", table.get_rows(&rows).unwrap().remove(0)),
        ("scan", table.scan(scan).unwrap().next().transpose().unwrap()),
    ];
    for (way, found) in found {
        let found = cells(found.as_ref());
        if found != expected {
            return Err(format!("{way} {get:?}: {found:?} instead of {expected:?}"));
        }
    }
    let exists = [table.exists(&get).unwrap(), table.exists_all(&rows).unwrap()[0]];
    if exists != [!expected.is_empty(); 2] {
        return Err(format!("{get:?} exists: {exists:?}, and {expected:?} is there"));
    }
    Ok(if expected.is_empty() { "empty" } else { "read" })
}

fn cells(row: Option<&Row>) -> Vec<(String, i64, String)> {
    let cells = row.into_iter().flat_map(Row::cells);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    cells.map(|cell| (cell.column().to_string(), cell.timestamp(), text(cell.value()))).collect()
}
