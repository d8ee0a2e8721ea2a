//! A crash's life in one place: what state it is in, and how it goes from one to the next.
//!
//! A state is read from cells *and their times* (`state`). A transition is an ordered list of steps,
//! each idempotent or guarded (`steps`), and there is one executor of them (`execute`): it may stop
//! anywhere, and the same call, or another one, goes on from there.
//!
//! - **submit** (`submit`): the crash's row first, marked as uncounted (`flags:uncounted`) and whole in
//!   one atomic put; then all rows that name it, those of the queues with them; then the mark goes and
//!   the counters come, in that order: what isn't counted twice may stay uncounted when a reply is
//!   lost, which `check` finds. A crash whose row is there, but not the row that finds it by time, is
//!   one whose submission stopped, ours or another client's: it is finished.
//! - **requeue** (`requeue`): a mark, and another dump if there is one; then entries in both queues, each with
//!   a new version; then the mark goes, and their sizes come.
//! - **claim** (`claim`, `lease`), **withdraw** (`queue`): nobody claims a crash whose submission, or
//!   requeueing, is under way, as its mark tells: entries are put, and whatever has lost its reply is put again, with
//!   a new version that would ask for the crash once more. An entry is left by guard, delete, count: the
//!   guard is a check-and-put on the claim, which only one of several wins, and the delete spares every
//!   version of the entry but the one that was read. A crash that is in both queues is one worker's all the
//!   same (`rivals`).
//! - **process** (`process`): the result and the row that finds it by signature; then
//!   `flags:processed`, with the moment when the raw data was read as its cell's time, or beside it where
//!   that has to be later; then the way out of the queue. An entry as new as that moment, or newer, is a
//!   request to process it once more. A result of a claim that ran out replaces none of later raw data.
//! - **remove** (`remove`): the queues, all that names the crash, then the crash.
//! - **restore** (`restore`): a crash as an export has it, by the steps of a submission; then
//!   `flags:processed`, if it is in a queue all the same.
//! - Whatever changes a crash that is there looks once more, when it is done, whether the crash still is,
//!   and takes back what it wrote if not; a removal looks once more at what came behind its back
//!   (`remains`). A submission that finds a crash is made anew if the crash was removed meanwhile.
//! - **repair** (`repair`): what is certain to be wrong, looked at once more.

mod before;
mod claim;
mod counts;
mod execute;
mod increments;
mod lease;
mod mark;
mod problem;
mod process;
mod queue;
mod remains;
mod remove;
mod repair;
mod requeue;
mod restore;
mod rivals;
mod send;
mod state;
mod steps;
mod submit;

pub use lease::{Worker, WorkerError};
pub use problem::{Problem, ProblemKind, RepairOutcome};
pub use submit::{NewReport, QueueForProcessing, Submission};

pub(crate) use claim::{Claimed, claim};
pub(crate) use counts::submission_counters;
pub(crate) use execute::{Done, run};
pub(crate) use increments::{Uncounted, count};
pub(crate) use lease::Lease;
pub(crate) use problem::verdict;
pub(crate) use process::{Answered, process};
pub(crate) use queue::{Entry, held_entry, leave, read_entries, withdraw};
pub(crate) use remains::unsearch_removed;
pub(crate) use remove::remove;
pub(crate) use repair::{is_no_data, repair};
pub(crate) use requeue::requeue;
pub(crate) use restore::{Backup, LATER, restore};
pub(crate) use rivals::is_taken_over;
pub(crate) use state::{STATE_COLUMNS, StoredCrash, read_crashes};
pub(crate) use steps::{Count, Stage, Step, Transition};
pub(crate) use submit::{check_report, submit};
