//! `check`: what doesn't agree in the store, and its repair.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use socorro_hbase_client::{CheckOptions, CheckPosition, Problem, RepairOutcome};

use crate::{
    args::{Check, Common, position_word, word},
    failure::Unclean,
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
    text::counted,
};

const PROBLEMS: &[(&str, usize)] =
    &[("kind", 20), ("repair", 14), ("ooid", 36), ("table", 0), ("row", 0), ("problem", 0)];

pub(super) fn check(arguments: Check, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let mut options =
        CheckOptions::new().range(arguments.range.chosen()?).settled_for(arguments.settled_for);
    if let Some(position) = arguments.resume {
        options = options.resume(position);
    }
    let store = Opened::open(common)?;
    let progress = Progress::of_whole("checking");
    let mut listing = Listing::new(PROBLEMS, common.json).report();
    let mut check = store.check(&options);
    let mut done = Done {
        found: 0,
        repaired: 0,
        solved: 0,
        repairable: 0,
        position: check.position().clone(),
    };
    let mut work = || -> Result<()> {
        while !stop::is_asked()
            && let Some(problems) = check.next_batch()?
        {
            progress.is_at(check.progress().percent);
            for problem in problems {
                let repair = arguments.repair.then(|| store.repair(&problem)).transpose()?;
                done.add(&problem, repair);
                listing.line_beside(line(&problem, repair))?;
            }
            done.position = check.position().clone();
        }
        Ok(())
    };
    let worked = work();
    drop(progress);
    listing.finish()?;
    let Done { found, repaired, solved, repairable, position } = done;
    let (rows, problems) = (counted(check.progress().rows, "row"), counted(found, "problem"));
    let solved_by_others =
        if solved == 0 { String::new() } else { format!(", {solved} already solved") };
    let done = format!("read {rows}, {problems}, {repaired} repaired{solved_by_others}");
    let resume = || format!("{done}; go on with --resume {}", position_word(&position));
    worked.with_context(resume)?;
    stop::check(resume)?;
    output::say(&done);
    let left = found - repaired - solved;
    if left == 0 {
        return Ok(());
    }
    let repairable = if arguments.repair { 0 } else { repairable };
    Err(Unclean { left, repairable }.into())
}

struct Done {
    found: u64,
    repaired: u64,
    /// By somebody else, between the check and the repair.
    solved: u64,
    repairable: u64,
    /// After the last batch of which everything is done.
    position: CheckPosition,
}

impl Done {
    fn add(&mut self, problem: &Problem, repair: Option<RepairOutcome>) {
        self.found += 1;
        self.repaired += u64::from(repair == Some(RepairOutcome::Repaired));
        self.solved += u64::from(repair == Some(RepairOutcome::AlreadySolved));
        self.repairable += u64::from(problem.kind.is_repairable());
    }
}

fn line(problem: &Problem, repair: Option<RepairOutcome>) -> [Value; 6] {
    [
        json!(problem.kind.name()),
        json!(repair.map(RepairOutcome::name)),
        json!(problem.id.as_ref().map(word)),
        json!(problem.table),
        json!(problem.row.escape_ascii().to_string()),
        json!(problem.to_string()),
    ]
}
