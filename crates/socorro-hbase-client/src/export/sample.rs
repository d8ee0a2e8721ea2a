//! A uniform sample: every crash of a selection has the same chance.

use uuid::Uuid;

use super::{Selection, selection::Selecting};
use crate::{error::Result, model::CrashId, store::CrashStore};

impl CrashStore {
    /// Draws n crashes from a selection, each with the same chance, in no particular order; all of
    /// them where there are fewer. Reads the whole selection's index, and holds n ooids.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::HBase`](crate::ErrorKind::HBase). Index rows that name no crash are left out.
    ///
    /// ```no_run
    /// # use socorro_hbase_client::{CrashStore, Selection, TimeRange};
    /// # fn save(store: &CrashStore) -> socorro_hbase_client::Result<()> {
    /// let week = Selection::Submitted(TimeRange::within("2012-05-0"));
    /// let sample = Selection::Crashes(store.sample(&week, 1000)?);
    /// for exported in store.export_to_archive(&sample, "sample.tar.gz")? {
    ///     exported?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "export_sampled_crashes_tarball_for_dates")]
    pub fn sample(&self, selection: &Selection, n: usize) -> Result<Vec<CrashId>> {
        let mut sample = Reservoir::new(n);
        for selected in Selecting::new(self, selection, None)? {
            sample.offer(selected?.id, random_below);
        }
        Ok(sample.drawn)
    }
}

/// Vitter's algorithm R: the i-th takes the place of one of the n with the chance n / i.
struct Reservoir<T> {
    n: usize,
    offered: u64,
    drawn: Vec<T>,
}

impl<T> Reservoir<T> {
    fn new(n: usize) -> Self {
        Self { n, offered: 0, drawn: Vec::new() }
    }

    fn offer(&mut self, item: T, random_below: impl Fn(u64) -> u64) {
        self.offered += 1;
        if self.drawn.len() < self.n {
            self.drawn.push(item);
            return;
        }
        let place = usize::try_from(random_below(self.offered)).unwrap_or(usize::MAX);
        if let Some(drawn) = self.drawn.get_mut(place) {
            *drawn = item;
        }
    }
}

/// A random UUID has 62 random bits at its end, far more than there are crashes.
fn random_below(limit: u64) -> u64 {
    let random = Uuid::new_v4().as_u64_pair().1 & (u64::MAX >> 2);
    random % limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_drawn_where_there_are_fewer() {
        let mut sample = Reservoir::new(5);
        (0..3).for_each(|item| sample.offer(item, random_below));
        assert_eq!(sample.drawn, [0, 1, 2]);
    }

    #[test]
    fn each_has_the_same_chance() {
        const ROUNDS: usize = 4000;
        let mut drawn = [0_usize; 20];
        for _ in 0..ROUNDS {
            let mut sample = Reservoir::new(5);
            (0..20).for_each(|item: usize| sample.offer(item, random_below));
            sample.drawn.iter().for_each(|item| drawn[*item] += 1);
        }
        // A quarter of the rounds, give or take seven standard deviations.
        for count in drawn {
            assert!((800..1200).contains(&count), "{drawn:?}");
        }
    }
}
