//! Putting crashes back into the queues, with another dump or with the one that they have.
//!
//! The entries of both queues are one request. So the crash is marked first, and nobody claims it before all
//! are there: a worker who is done with it before the second entry came would find that one newer than what he
//! has made, and so would one who takes what was written once more because its reply was lost.

use hbase_thrift_client::{Delete, Put};
use uuid::Uuid;

use super::{
    execute::run,
    remains::{Places, are_there, clear, removed_meanwhile},
    state::{StoredCrash, read_crashes},
    steps::{Stage, Step, Transition},
};
use crate::{
    error::{Error, ErrorKind, Part, Result},
    layout::{self, QUEUES},
    model::{CrashId, DumpName},
    store::CrashStore,
};

/// Puts crashes into these queues, and their new dumps into their rows before.
pub(crate) fn requeue(
    store: &CrashStore,
    crashes: &[(CrashId, Option<&[u8]>)],
    queues: &[&'static str],
) -> Result<Vec<Result<()>>> {
    let ids: Vec<CrashId> = crashes.iter().map(|(id, _)| id.clone()).collect();
    let stored = read_crashes(store, &ids)?;
    let mut transitions = Vec::new();
    let mut results: Vec<Result<()>> = Vec::new();
    let mut changes: Vec<(usize, StoredCrash, Places)> = Vec::new();
    for ((id, dump), stored) in crashes.iter().zip(stored) {
        let Some(stored) = stored.filter(|stored| !stored.is_leftover()) else {
            let message = format!("there is no crash {id} to be queued");
            results.push(Err(Error::new(ErrorKind::NoSuchCrash, message)));
            continue;
        };
        // Of this call alone: who is done takes no mark of others away.
        let mark = format!("{}{}", layout::FLAGS_REQUEUEING, Uuid::new_v4().simple());
        let mut put = Put::new(stored.row.clone()).column(mark.as_str(), layout::YES);
        let mut written = Places::of_change(&stored).column(mark.as_str());
        let mut state = "nothing is changed, but workers may leave it alone for two minutes";
        if let Some(dump) = dump {
            let column = layout::dump_column(&DumpName::default());
            put = put.column(column.clone(), *dump);
            state =
                "its dump may be replaced or not, and workers may leave it alone for two minutes";
            written = written.column(column);
            if stored.is_submitted {
                // It is there already; where the crash is removed meanwhile, a check finds by it what it
                // finds by no dump, which it doesn't read.
                put = put.column(layout::IDS_OOID, id.as_bytes());
                written = written.column(layout::IDS_OOID);
            }
        }
        let bytes = dump.map_or(0, <[u8]>::len);
        let put = Step::large_put(layout::CRASH_REPORTS, put, bytes);
        let mut stages = vec![Stage::new(Part::Crash, state, vec![put])];
        let entries = QUEUES.into_iter().filter(|table| queues.contains(table));
        let entries: Vec<_> = entries.map(|table| stored.facts.queue_cell(table, id)).collect();
        let steps = entries.iter().map(|cell| Step::enqueue(cell.clone(), id)).collect();
        let state = "it may be missing from {}, and workers leave it alone for two minutes";
        stages.push(Stage::new(Part::Queues, state, steps));
        let unmark = Delete::row(stored.row.clone()).column(mark);
        let unmark = Step::delete(layout::CRASH_REPORTS, unmark);
        let state = "it is queued, but the sizes of the queues may lack it, and workers may leave it alone \
                     for two minutes";
        stages.push(Stage::new(Part::Counters, state, vec![unmark, Step::CountEntries]));
        changes.push((results.len(), stored, written.cells(entries)));
        results.push(Ok(()));
        transitions.push(Transition::of(id, stages));
    }
    let done = run(store, "queueing crash", transitions);
    for ((place, ..), done) in changes.iter().zip(done) {
        results[*place] = done.map(drop);
    }
    changes.retain(|(place, ..)| results[*place].is_ok());
    let stored: Vec<_> = changes.iter().map(|(_, stored, _)| stored).collect();
    let mut gone = Vec::new();
    for ((place, stored, written), is_there) in changes.iter().zip(are_there(store, &stored)?) {
        if !is_there {
            results[*place] = Err(removed_meanwhile(&stored.id));
            gone.push(written);
        }
    }
    clear(store, gone)?;
    Ok(results)
}
