//! The same of Thrift 2: rounds of random calls, on the same servers and on a table of its own.

mod answers;
mod calls;
mod filters;

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use integration_tests::RawThrift2;

use crate::differential::names::Names;

/// HBase, and mini-hbase on disk and in memory.
pub(crate) struct Servers {
    pub(crate) clients: Vec<(&'static str, RawThrift2)>,
    pub(crate) table: Vec<u8>,
    pub(crate) rounds: usize,
}

/// What was said differently: the last of these calls.
struct Difference {
    places: Vec<usize>,
    text: String,
}

impl Servers {
    /// Makes a round's calls on all servers; what differs is made smaller and told.
    ///
    /// # Errors
    /// If a server gives no answer.
    pub(crate) fn compare(&mut self, seed: u64, round: u64) -> Result<Option<String>> {
        let Some(mut difference) = self.compare_some(seed, round, None)? else { return Ok(None) };
        // Calls are left out, the last ones first, as long as there still is a difference.
        let mut place = difference.places.len().saturating_sub(1);
        while place > 0 {
            place -= 1;
            let mut fewer = difference.places.clone();
            fewer.remove(place);
            if let Some(found) = self.compare_some(seed, round, Some(&fewer))? {
                place = place.min(found.places.len().saturating_sub(1));
                difference = found;
            }
        }
        Ok(Some(difference.text))
    }

    /// Makes some of a round's calls, on rows that no earlier round had.
    fn compare_some(
        &mut self,
        seed: u64,
        round: u64,
        places: Option<&[usize]>,
    ) -> Result<Option<Difference>> {
        self.rounds += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = i64::try_from(now.as_millis())?;
        let names = Names { prefix: format!("s{}/", self.rounds), now };
        let calls = calls::round(seed, round, &names);
        let pause = || thread::sleep(Duration::from_millis(2));
        let mut text = String::new();
        let mut made = Vec::new();
        for (place, call) in calls.iter().enumerate() {
            if places.is_some_and(|places| !places.contains(&place)) {
                continue;
            }
            made.push(place);
            let _ = writeln!(text, "{}", short(&format!("{call:?}")));
            let mut answers = Vec::with_capacity(self.clients.len());
            for (name, client) in &mut self.clients {
                if call.is_write() {
                    // Nothing else happens in its millisecond.
                    pause();
                }
                let answer = answers::answer(call, client, &self.table, &names);
                answers.push((
                    *name,
                    answer.with_context(|| format!("{name} gave no answer to {call:?}"))?,
                ));
                if call.is_write() {
                    pause();
                }
            }
            if answers.iter().any(|(_, answer)| *answer != answers[0].1) {
                for (name, answer) in answers {
                    let _ = writeln!(text, "{name}: {answer}");
                }
                return Ok(Some(Difference { places: made, text }));
            }
        }
        Ok(None)
    }
}

/// A call without what it leaves out, its bytes as text.
fn short(call: &str) -> String {
    let mut text = String::new();
    let mut rest = call;
    while let Some(start) = rest.find('[') {
        text += &rest[..start];
        rest = &rest[start..];
        let bytes = rest.find(']').and_then(|end| {
            let numbers = rest[1..end].split(", ").map(str::parse::<u8>);
            Some((numbers.collect::<std::result::Result<Vec<_>, _>>().ok()?, end))
        });
        match bytes {
            Some((bytes, end)) => {
                let _ = write!(text, "\"{}\"", bytes.escape_ascii());
                rest = &rest[end + 1..];
            }
            None => {
                text.push('[');
                rest = &rest[1..];
            }
        }
    }
    text += rest;
    let mut parts: Vec<&str> = text.split(", ").collect();
    parts.retain(|part| !part.ends_with(": None"));
    parts.join(", ")
}
