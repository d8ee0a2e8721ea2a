//! What is left of an outage: whether each crash that was acknowledged is there, once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

use super::program::{Program, parse};

/// What a store has after an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Crashes that were acknowledged: all of them are there.
    pub acknowledged: usize,
    /// Crashes whose clients didn't hear of it.
    pub unheard: usize,
    /// Crashes that are processed.
    pub processed: usize,
    /// Crashes that wait.
    pub queued: usize,
    /// What a repair has put right: what somebody was at who was killed.
    pub repaired: usize,
}

/// Looks at a store that nobody else uses. The attempt that sent a crash is its version.
///
/// What was acknowledged has to be there before the repair, and everything after it.
pub(super) fn look(
    program: &Program,
    url: &str,
    acknowledged: &BTreeMap<String, String>,
) -> Result<Remains> {
    Found::read(program, url)?.expect(acknowledged, |ooid| acknowledged.contains_key(ooid))?;
    let check = ["check", "--settled-for", "0s", "--json", "--server", url];
    let repair = program.run(&[&check[..], &["--repair"]].concat())?;
    let repaired = parse(&repair)?.len();
    for (what, output) in [("repair", repair), ("check", program.run(&check)?)] {
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let found = String::from_utf8_lossy(&output.stdout).into_owned();
            bail!("the {what} ends with {}: {said}{found}", output.status);
        }
    }
    let found = Found::read(program, url)?;
    found.expect(acknowledged, |_| true)?;
    Ok(Remains {
        acknowledged: acknowledged.len(),
        unheard: found.attempts.len() - acknowledged.len(),
        processed: found.processed.len(),
        queued: found.queued.len(),
        repaired,
    })
}

/// The crashes of a store.
struct Found {
    /// Each with the attempt that sent it.
    attempts: BTreeMap<String, String>,
    queued: BTreeSet<String>,
    processed: BTreeSet<String>,
}

impl Found {
    /// Fails if a crash is listed twice.
    fn read(program: &Program, url: &str) -> Result<Self> {
        let (mut attempts, mut processed) = (BTreeMap::new(), BTreeSet::new());
        for crash in program.lines(&["crashes", "--server", url])? {
            let ooid = crash["ooid"].as_str().context("a crash has no name")?.to_owned();
            let attempt = crash["version"].as_str().unwrap_or_default().to_owned();
            if !crash["signature"].is_null() {
                processed.insert(ooid.clone());
            }
            if attempts.insert(ooid.clone(), attempt).is_some() {
                bail!("crash {ooid} is listed twice");
            }
        }
        let queue = program.lines(&["queue", "list", "--server", url])?;
        let queued = queue.iter().filter_map(|entry| Some(entry["ooid"].as_str()?.to_owned()));
        Ok(Self { attempts, queued: queued.collect(), processed })
    }

    /// Fails if a crash that was acknowledged isn't there, if one of `these` is neither queued nor
    /// processed, or if one submission is two crashes.
    fn expect(
        &self,
        acknowledged: &BTreeMap<String, String>,
        these: impl Fn(&str) -> bool,
    ) -> Result<()> {
        for (ooid, attempt) in acknowledged {
            match self.attempts.get(ooid) {
                None => bail!("crash {ooid}, sent as {attempt} and acknowledged, is lost"),
                Some(found) if found != attempt => {
                    bail!("crash {ooid}, sent as {attempt}, is there as {found}")
                }
                Some(_) => {}
            }
        }
        let mut crash_of = BTreeMap::new();
        for (ooid, attempt) in &self.attempts {
            if let Some(other) = crash_of.insert(attempt, ooid) {
                bail!("one submission, {attempt}, is two crashes: {ooid} and {other}");
            }
            if these(ooid) && !self.queued.contains(ooid) && !self.processed.contains(ooid) {
                bail!("crash {ooid}, sent as {attempt}, is neither queued nor processed");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(crashes: &[(&str, &str)], queued: &[&str], processed: &[&str]) -> Found {
        let set = |ooids: &[&str]| ooids.iter().map(|&ooid| ooid.to_owned()).collect();
        Found { attempts: map(crashes), queued: set(queued), processed: set(processed) }
    }

    fn map(crashes: &[(&str, &str)]) -> BTreeMap<String, String> {
        crashes.iter().map(|&(ooid, attempt)| (ooid.to_owned(), attempt.to_owned())).collect()
    }

    #[test]
    fn what_was_acknowledged_has_to_be_there_once_as_it_was_sent_and_on_its_way() {
        let sent = map(&[("a", "1"), ("b", "2")]);
        let judge = |crashes: &[(&str, &str)], queued: &[&str], processed: &[&str]| {
            let found = found(crashes, queued, processed);
            found.expect(&sent, |_| true).err().map(|error| error.to_string())
        };
        let good = [("a", "1"), ("b", "2")];
        assert_eq!(judge(&good, &["a"], &["b"]), None);
        for (crashes, queued, says) in [
            (&good[..1], &["a"][..], "is lost"),
            (&[("a", "1"), ("b", "3")], &["a", "b"], "is there as 3"),
            (&good, &["a"], "neither queued nor processed"),
            (&[("a", "1"), ("b", "2"), ("c", "1")], &["a", "b", "c"], "two crashes"),
        ] {
            let said = judge(crashes, queued, &[]).unwrap();
            assert!(said.contains(says), "{said}");
        }
    }
}
