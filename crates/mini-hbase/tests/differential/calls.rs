//! Random calls.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::filters::Filter;
use super::names::{FAMILIES, LIMITS, NO_FAMILY, QUALIFIERS, ROWS, TIMES, VALUES};

/// A family, and one of its columns or all of it.
pub(crate) type Column = (usize, Option<usize>);

/// A change of a row, of a column or of a family; a put on a whole family is refused or dropped.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(Column, usize),
    Delete(Column),
}

/// A time is a number of the round's; without one, the server stamps.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Mutate { row: usize, changes: Vec<Change>, time: Option<usize>, ttl: Option<i64> },
    MutateRows { rows: Vec<(usize, Vec<Change>)>, time: usize },
    DeleteAll { row: usize, column: Column, time: Option<usize> },
    DeleteRow { row: usize, time: Option<usize> },
    Increment { row: usize, column: (usize, usize), by: i64 },
    IncrementRows { all: Vec<(usize, (usize, usize), i64)> },
    Append { row: usize, columns: Vec<(usize, usize, usize)> },
    Check { row: usize, column: (usize, usize), value: usize, put: (usize, usize, usize) },
    Get { row: usize, column: Column, before: Option<usize>, versions: Option<i32> },
    GetRows { rows: Vec<usize>, columns: Vec<Column>, before: Option<usize> },
    Scan(Scan),
}

/// A scan from its opening to its end.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) opened: Opened,
    pub(crate) start: usize,
    pub(crate) stop: Option<usize>,
    pub(crate) columns: Vec<Column>,
    pub(crate) before: Option<usize>,
    pub(crate) fetch: i32,
}

/// The method that opens a scan.
#[derive(Clone, Debug)]
pub(crate) enum Opened {
    /// From a row on, up to another one if there is one.
    Simply,
    Prefix,
    Scan {
        reversed: bool,
        sorted: bool,
        batch: Option<i32>,
        caching: Option<i32>,
        filter: Option<Filter>,
    },
}

impl Call {
    pub(crate) fn random_write(rng: &mut Rng) -> Self {
        let row = rng.usize(..ROWS.len());
        let time = any_time(rng);
        let maybe_time = (rng.u8(0..6) > 0).then_some(time);
        match rng.u8(0..22) {
            0..=9 => {
                let ttls = [0, 1, -5, 864_000_000, 864_000_000];
                let ttl = (rng.u8(0..8) == 0).then(|| ttls[rng.usize(..ttls.len())]);
                let mut changes = changes(rng, 4);
                if maybe_time.is_none_or(is_now) {
                    keep_one_kind([&mut changes]);
                }
                Self::Mutate { row, changes, time: maybe_time, ttl }
            }
            10..=12 => {
                let rows = (0..rng.usize(0..4)).map(|_| (rng.usize(..ROWS.len()), changes(rng, 3)));
                let mut rows: Vec<_> = rows.collect();
                if is_now(time) {
                    keep_one_kind(rows.iter_mut().map(|(_, changes)| changes));
                }
                Self::MutateRows { rows, time }
            }
            13..=14 => Self::DeleteAll { row, column: any_column(rng), time: maybe_time },
            15 => Self::DeleteRow { row, time: maybe_time },
            16..=17 => Self::Increment { row, column: column(rng), by: amount(rng) },
            18 => {
                let all = (0..rng.usize(0..4))
                    .map(|_| (rng.usize(..ROWS.len()), column(rng), amount(rng)));
                let mut all: Vec<(usize, (usize, usize), i64)> = all.collect();
                // Two cells of a row may get one millisecond, or two.
                let mut columns = BTreeMap::new();
                all.retain(|(row, column, _)| columns.entry(*row).or_insert(*column) == column);
                Self::IncrementRows { all }
            }
            19..=20 => {
                let columns = (0..rng.usize(1..4)).map(|_| {
                    let (family, qualifier) = column(rng);
                    (family, qualifier, rng.usize(..VALUES.len()))
                });
                Self::Append { row, columns: columns.collect() }
            }
            _ => {
                let (family, qualifier) = column(rng);
                let put = (family, qualifier, rng.usize(..VALUES.len()));
                Self::Check { row, column: column(rng), value: rng.usize(..VALUES.len()), put }
            }
        }
    }

    pub(crate) fn random_read(rng: &mut Rng) -> Self {
        let before = (rng.u8(0..4) == 0).then(|| any_time(rng));
        let columns = |rng: &mut Rng| -> Vec<Column> {
            let count = if rng.u8(0..3) == 0 { rng.usize(1..4) } else { 0 };
            (0..count).map(|_| any_column(rng)).collect()
        };
        match rng.u8(0..8) {
            0 => {
                let (row, column) = (rng.usize(..ROWS.len()), any_column(rng));
                let versions = (rng.u8(0..4) > 0).then(|| rng.i32(-1..5));
                Self::Get { row, column, before: before.filter(|_| versions.is_some()), versions }
            }
            1 => {
                let rows = (0..rng.usize(0..4)).map(|_| rng.usize(..ROWS.len())).collect();
                Self::GetRows { rows, columns: columns(rng), before }
            }
            _ => {
                let opened = Opened::random(rng);
                let is_prefix = matches!(opened, Opened::Prefix);
                Self::Scan(Scan {
                    start: if rng.bool() { 0 } else { rng.usize(..ROWS.len()) },
                    stop: (rng.u8(0..4) == 0).then(|| rng.usize(..ROWS.len())),
                    columns: columns(rng),
                    before: before.filter(|_| !is_prefix),
                    fetch: if rng.u8(0..30) == 0 { rng.i32(-1..1) } else { rng.i32(1..10) },
                    opened,
                })
            }
        }
    }

    /// Whether the server stamps what it writes.
    pub(crate) fn is_stamped(&self) -> bool {
        match self {
            Self::Mutate { time, .. }
            | Self::DeleteAll { time, .. }
            | Self::DeleteRow { time, .. } => time.is_none_or(is_now),
            Self::MutateRows { time, .. } => is_now(*time),
            Self::Increment { .. }
            | Self::IncrementRows { .. }
            | Self::Append { .. }
            | Self::Check { .. } => true,
            Self::Get { .. } | Self::GetRows { .. } | Self::Scan(_) => false,
        }
    }
}

impl Opened {
    fn random(rng: &mut Rng) -> Self {
        match rng.u8(0..10) {
            0 => Self::Simply,
            1 => Self::Prefix,
            _ => {
                let filter = (rng.u8(0..6) > 0).then(|| {
                    let depth = rng.usize(0..4);
                    Filter::random(rng, depth)
                });
                let may_split = filter.as_ref().is_none_or(|filter| !filter.judges_rows());
                let batch = (may_split && rng.u8(0..4) == 0).then(|| rng.i32(1..4));
                Self::Scan {
                    reversed: rng.u8(0..4) == 0,
                    sorted: rng.u8(0..4) > 0,
                    batch,
                    caching: (rng.u8(0..3) == 0).then(|| [-1, 0, 1, 100][rng.usize(..4)]),
                    filter,
                }
            }
        }
    }
}

/// One of the round's times, and now and then one that is a limit.
pub(crate) fn any_time(rng: &mut Rng) -> usize {
    if rng.u8(0..24) == 0 { TIMES + rng.usize(..LIMITS.len()) } else { rng.usize(..TIMES) }
}

/// Whether it stands for the server's time.
pub(crate) fn is_now(time: usize) -> bool {
    time.checked_sub(TIMES).is_some_and(|at| LIMITS[at] == i64::MAX)
}

/// Keeps the puts or the deletes of a call that the server stamps: HBase may make both in one
/// millisecond, or not.
fn keep_one_kind<'a>(all: impl IntoIterator<Item = &'a mut Vec<Change>>) {
    let mut deletes = None;
    for changes in all {
        changes.retain(|change| {
            let is_delete = matches!(change, Change::Delete(_));
            *deletes.get_or_insert(is_delete) == is_delete
        });
    }
}

pub(crate) fn amount(rng: &mut Rng) -> i64 {
    if rng.u8(0..20) == 0 { i64::MAX } else { rng.i64(-3..4) }
}

fn changes(rng: &mut Rng, max: usize) -> Vec<Change> {
    let count = if rng.u8(0..40) == 0 { 0 } else { rng.usize(1..=max) };
    let change = |rng: &mut Rng| {
        if rng.u8(0..6) == 0 {
            return Change::Delete(any_column(rng));
        }
        let (family, qualifier) = column(rng);
        let qualifier = (rng.u8(0..60) > 0).then_some(qualifier);
        Change::Put((family, qualifier), rng.usize(..VALUES.len()))
    };
    (0..count).map(|_| change(rng)).collect()
}

pub(crate) fn column(rng: &mut Rng) -> (usize, usize) {
    let family = if rng.u8(0..80) == 0 { NO_FAMILY } else { rng.usize(..FAMILIES.len()) };
    (family, rng.usize(..QUALIFIERS.len()))
}

pub(crate) fn any_column(rng: &mut Rng) -> Column {
    let (family, qualifier) = column(rng);
    (family, (rng.u8(0..4) > 0).then_some(qualifier))
}
