//! What is a little smaller than some calls.

use crate::differential::calls::{Call, Opened, Scan};
use crate::differential::filters::Filter;

/// Each of the calls left out, or made smaller.
pub(crate) fn calls(calls: &[Call]) -> Vec<Vec<Call>> {
    let mut all = Vec::new();
    for place in 0..calls.len() {
        let mut fewer = calls.to_vec();
        fewer.remove(place);
        if !fewer.is_empty() {
            all.push(fewer);
        }
    }
    for place in 0..calls.len() {
        for smaller in call(&calls[place]) {
            let mut changed = calls.to_vec();
            changed[place] = smaller;
            all.push(changed);
        }
    }
    all
}

fn call(call: &Call) -> Vec<Call> {
    match call {
        Call::Mutate { row, changes, time, ttl } => (0..changes.len())
            .filter(|_| changes.len() > 1)
            .map(|place| {
                let mut changes = changes.clone();
                changes.remove(place);
                Call::Mutate { row: *row, changes, time: *time, ttl: *ttl }
            })
            .collect(),
        Call::MutateRows { rows, time } => rows
            .iter()
            .map(|(row, changes)| {
                let (row, changes, time) = (*row, changes.clone(), Some(*time));
                Call::Mutate { row, changes, time, ttl: None }
            })
            .collect(),
        Call::Scan(one) => scan(one).into_iter().map(Call::Scan).collect(),
        _ => Vec::new(),
    }
}

fn scan(scan: &Scan) -> Vec<Scan> {
    let mut all = vec![
        Scan { columns: Vec::new(), ..scan.clone() },
        Scan { start: 0, stop: None, ..scan.clone() },
        Scan { before: None, ..scan.clone() },
    ];
    if let Opened::Scan { reversed, batch, filter: own, .. } = &scan.opened {
        let opened = |reversed: bool, batch: Option<i32>, filter: Option<Filter>| {
            let opened = Opened::Scan { reversed, sorted: true, batch, caching: None, filter };
            Scan { opened, ..scan.clone() }
        };
        let filters = own.iter().flat_map(filter);
        all.extend(filters.map(|smaller| opened(*reversed, *batch, Some(smaller))));
        all.push(opened(*reversed, *batch, None));
        all.push(opened(*reversed, None, own.clone()));
        all.push(opened(false, *batch, own.clone()));
    }
    all.retain(|smaller| format!("{smaller:?}") != format!("{scan:?}"));
    all
}

fn filter(one: &Filter) -> Vec<Filter> {
    match one {
        Filter::Leaf(_) => Vec::new(),
        Filter::Skip(inner) => around(inner, Filter::Skip),
        Filter::While(inner) => around(inner, Filter::While),
        Filter::And(parts) => list(parts, Filter::And),
        Filter::Or(parts) => list(parts, Filter::Or),
    }
}

fn around(inner: &Filter, wrap: fn(Box<Filter>) -> Filter) -> Vec<Filter> {
    let wrapped = filter(inner).into_iter().map(|inner| wrap(Box::new(inner)));
    std::iter::once(inner.clone()).chain(wrapped).collect()
}

fn list(parts: &[Filter], wrap: fn(Vec<Filter>) -> Filter) -> Vec<Filter> {
    let mut all = parts.to_vec();
    for place in 0..parts.len() {
        if parts.len() > 2 {
            let mut fewer = parts.to_vec();
            fewer.remove(place);
            all.push(wrap(fewer));
        }
        for smaller in filter(&parts[place]) {
            let mut changed = parts.to_vec();
            changed[place] = smaller;
            all.push(wrap(changed));
        }
    }
    all
}
