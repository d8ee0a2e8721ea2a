//! Which columns of a family a read wants, and how many versions of each it has had
//! (`ScanWildcardColumnTracker` and `ExplicitColumnTracker`).

use std::sync::Arc;

use super::Step;

/// The place of a read among the columns of a family of a row. Qualifiers are escaped as in keys.
#[derive(Debug)]
pub(super) enum Columns {
    All(All),
    Some(Chosen),
}

#[derive(Debug, Default)]
pub(super) struct All {
    qualifier: Option<Vec<u8>>,
    count: usize,
    last: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Chosen {
    /// In their order.
    wanted: Arc<[Vec<u8>]>,
    place: usize,
    count: usize,
    last: Option<i64>,
}

impl Columns {
    pub(super) fn new(chosen: Option<Arc<[Vec<u8>]>>) -> Self {
        match chosen {
            Some(wanted) => Self::Some(Chosen { wanted, place: 0, count: 0, last: None }),
            None => Self::All(All::default()),
        }
    }

    /// Begins a row.
    pub(super) fn clear(&mut self) {
        match self {
            Self::All(all) => (all.qualifier, all.last) = (None, None),
            Self::Some(chosen) => chosen.move_to(0),
        }
    }

    /// Whether nothing more of the row's family is wanted.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Some(chosen) if chosen.current().is_none())
    }

    /// Whether a column may still be wanted, whatever came before.
    pub(super) fn may_want(&self, qualifier: &[u8]) -> bool {
        match self {
            Self::All(_) => true,
            Self::Some(chosen) => {
                chosen.wanted.binary_search_by(|wanted| (**wanted).cmp(qualifier)).is_ok()
            }
        }
    }

    /// Whether no further version of a column may pass.
    pub(super) fn has_all(&self, qualifier: &[u8], max: usize) -> bool {
        match self {
            Self::All(all) => all.count >= max && all.qualifier.as_deref() == Some(qualifier),
            // It leaves a column with the last version.
            Self::Some(_) => false,
        }
    }

    /// The column to go on at after the present one, if there is only one such column.
    pub(super) fn next_wanted(&self) -> Option<&[u8]> {
        match self {
            Self::All(_) => None,
            Self::Some(chosen) => chosen.current(),
        }
    }

    /// Counts a put of a column; `max` is how many versions of it may pass.
    pub(super) fn check(&mut self, qualifier: &[u8], timestamp: i64, max: usize) -> Step {
        match self {
            Self::All(all) => all.check(qualifier, timestamp, max),
            Self::Some(chosen) => chosen.check(qualifier, timestamp, max),
        }
    }

    /// Wants no more of a column, nor of those before it.
    pub(super) fn leave(&mut self, qualifier: &[u8]) -> Step {
        self.finish(qualifier);
        if self.is_done() { Step::NextRow } else { Step::NextColumn }
    }

    /// As [`Self::leave`], where it is known already how the read goes on.
    pub(super) fn finish(&mut self, qualifier: &[u8]) {
        let Self::Some(chosen) = self else { return };
        while let Some(current) = chosen.current()
            && current <= qualifier
        {
            chosen.move_to(chosen.place + 1);
        }
    }
}

impl All {
    fn check(&mut self, qualifier: &[u8], timestamp: i64, max: usize) -> Step {
        if self.qualifier.as_deref() == Some(qualifier) {
            if self.last == Some(timestamp) {
                return Step::Skip;
            }
        } else {
            let buffer = self.qualifier.get_or_insert_default();
            buffer.clear();
            buffer.extend_from_slice(qualifier);
            (self.count, self.last) = (0, None);
        }
        self.count += 1;
        if self.count > max {
            return Step::NextColumn;
        }
        self.last = Some(timestamp);
        Step::Include
    }
}

impl Chosen {
    fn current(&self) -> Option<&[u8]> {
        self.wanted.get(self.place).map(Vec::as_slice)
    }

    fn move_to(&mut self, place: usize) {
        self.place = place;
        self.count = 0;
        self.last = None;
    }

    fn check(&mut self, qualifier: &[u8], timestamp: i64, max: usize) -> Step {
        loop {
            let Some(current) = self.current() else { return Step::NextRow };
            if qualifier < current {
                return Step::NextColumn;
            }
            if qualifier == current {
                break;
            }
            self.move_to(self.place + 1);
        }
        if self.last == Some(timestamp) {
            return Step::Skip;
        }
        self.count += 1;
        if self.count < max {
            self.last = Some(timestamp);
            return Step::Include;
        }
        self.move_to(self.place + 1);
        if self.current().is_some() { Step::IncludeAndNextColumn } else { Step::IncludeAndNextRow }
    }
}
