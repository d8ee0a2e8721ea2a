//! What was measured in each round, and how it is summed up.

/// One value a round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(Vec<f64>);

impl Values {
    #[cfg(test)]
    pub(crate) fn of(values: &[f64]) -> Self {
        Self(values.to_vec())
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// `None` where nothing was measured.
    pub(crate) fn median(&self) -> Option<f64> {
        median(self.0.clone())
    }

    /// How many times the others these are: the median of what it is in each round, because what
    /// else the machine does changes from round to round, and less within one.
    pub(crate) fn times(&self, others: &Self) -> Option<f64> {
        median(self.0.iter().zip(&others.0).map(|(value, other)| value / other).collect())
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.len() / 2, values.len().saturating_sub(1) / 2);
    Some(f64::midpoint(*values.get(lower)?, *values.get(upper)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 9.0, 2.0]), Some(3.0));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn a_round_in_which_everything_is_slow_changes_no_ratio() {
        let (twice, once) = (Values::of(&[2.0, 200.0, 2.0]), Values::of(&[1.0, 100.0, 1.0]));
        assert_eq!(twice.times(&once), Some(2.0));
    }
}
