//! `export`, `sample`: crashes out of the store, all of a selection or some drawn from it.

use std::{io, path::Path};

use anyhow::{Result, bail};
use serde_json::json;
use socorro_hbase_client::{
    ArchiveFormat, CrashStore, ErrorKind, ExportOutcome, Exported, Selection,
};

use super::queue::Absent;

use crate::{
    args::{Common, Export, Sample, Selecting, is_standard, word},
    failure::{NotFound, WrongCommandLine},
    ids,
    listing::Listing,
    output,
    progress::Progress,
    stop,
    store::Opened,
    text::counted,
};

const EXPORTED: &[(&str, usize)] = &[("ooid", 36), ("outcome", 9), ("problem", 0)];
const SAMPLED: &[(&str, usize)] = &[("ooid", 0)];

pub(super) fn export(arguments: Export, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let output = Output::of(&arguments.output)?;
    let selection = if arguments.ooids.is_empty() {
        arguments.selecting.selection()?
    } else {
        let crashes = ids::read(arguments.ooids).collect::<Result<_>>()?;
        stop::check(|| "nothing was exported yet".to_owned())?;
        Selection::Crashes(crashes)
    };
    let store = Opened::open(common)?;
    let export = match output {
        Output::Stream => store.export_to_writer(&selection, io::stdout())?,
        Output::Archive => store.export_to_archive(&selection, &arguments.output)?,
        Output::Folder => store.export_to_folder(&selection, &arguments.output)?,
    };
    let target = match output {
        Output::Stream => "standard output".to_owned(),
        _ => arguments.output.display().to_string(),
    };
    let progress = Progress::of("exporting", || count(&store, &selection))?;
    let mut listing = Listing::new(EXPORTED, common.json).report();
    let mut done = Done::default();
    for exported in export {
        let exported = exported?;
        let id = word(&exported.id);
        done.add(&exported);
        let problem = exported.problem.map(|problem| format!("{:#}", anyhow::Error::new(problem)));
        if output == Output::Stream {
            // It has the archive.
            if let Some(problem) = problem {
                output::complain(&problem);
            }
        } else {
            let line = [json!(id), json!(outcome_name(exported.outcome)), json!(problem)];
            listing.line_beside(line)?;
        }
        progress.one_more();
        if stop::is_asked() {
            break;
        }
    }
    drop(progress);
    listing.finish()?;
    let goes_on = match output {
        Output::Stream => "",
        _ => "; the same command goes on from there",
    };
    stop::check(|| format!("{done} to {target}{goes_on}"))?;
    output::say(&format!("{done} to {target}"));
    if done.problems > 0 {
        bail!("{} could not be exported whole", counted(done.problems, "crash"));
    }
    done.absent.check(|ids| NotFound(format!("there is no crash {ids}")))
}

/// Where an export goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Stream,
    Archive,
    Folder,
}

impl Output {
    /// As the name says. That of an archive that can't be written is refused: nobody who gives it wants
    /// a folder of that name.
    fn of(path: &Path) -> Result<Self> {
        const OTHERS: [&str; 6] = [".gz", ".xz", ".bz2", ".zip", ".7z", ".lz4"];
        if is_standard(path) {
            output::check_binary("an archive")?;
            return Ok(Self::Stream);
        }
        if ArchiveFormat::of_path(path).is_some() {
            return Ok(Self::Archive);
        }
        let name = path.to_string_lossy().to_ascii_lowercase();
        if OTHERS.iter().any(|ending| name.ends_with(ending)) {
            let shown = path.display();
            bail!(WrongCommandLine(format!(
                "can't write the archive {shown}: name one that ends in .tar, .tar.gz, .tgz, .tar.zst or \
                 .zst, or a folder"
            )));
        }
        Ok(Self::Folder)
    }
}

fn outcome_name(outcome: ExportOutcome) -> &'static str {
    match outcome {
        ExportOutcome::Updated => "updated",
        ExportOutcome::WasThere => "was_there",
        _ => "new",
    }
}

/// How many crashes were exported.
#[derive(Default)]
struct Done {
    new: u64,
    updated: u64,
    were_there: u64,
    problems: u64,
    absent: Absent,
}

impl Done {
    fn add(&mut self, exported: &Exported) {
        match (&exported.problem, exported.outcome) {
            (Some(problem), _) if problem.kind() == ErrorKind::NoSuchCrash => {
                self.absent.add(&exported.id);
            }
            (Some(_), _) => self.problems += 1,
            (None, ExportOutcome::Updated) => self.updated += 1,
            (None, ExportOutcome::WasThere) => self.were_there += 1,
            (None, _) => self.new += 1,
        }
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exported {}", counted(self.new, "crash"))?;
        if self.updated + self.were_there > 0 {
            write!(f, ", {} updated, {} there before", self.updated, self.were_there)?;
        }
        Ok(())
    }
}

/// How many crashes there are to export; rows that name none count too.
fn count(store: &CrashStore, selection: &Selection) -> Result<u64> {
    let counted = match selection {
        Selection::Submitted(range) => store.scan_submitted(range)?.count(),
        Selection::Signature(signature) => store.scan_signature(signature)?.count(),
        Selection::Crashes(ids) => ids.len(),
        _ => 0,
    };
    Ok(counted as u64)
}

pub(super) fn sample(arguments: Sample, common: &Common) -> Result<()> {
    stop::on_signal()?;
    let selection = arguments.selecting.selection()?;
    let store = Opened::open(common)?;
    let mut listing = Listing::new(SAMPLED, common.json);
    let progress = Progress::counting("drawing from all that is selected");
    let sample = store.sample(&selection, arguments.limit)?;
    drop(progress);
    for id in sample {
        listing.line([json!(word(&id))])?;
    }
    listing.finish()
}

impl Selecting {
    fn selection(self) -> Result<Selection, WrongCommandLine> {
        Ok(match self.signature {
            Some(signature) => Selection::Signature(signature),
            None => Selection::Submitted(self.range.chosen()?),
        })
    }
}
