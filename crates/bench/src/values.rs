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

    pub(crate) fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// How many times the others these are: the median of what it is in each round, because what
    /// else the machine does changes from round to round, and less within one.
    pub(crate) fn times(&self, others: &Self) -> f64 {
        median(self.0.iter().zip(&others.0).map(|(value, other)| value / other).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        even if even.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 9.0]) - 3.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 9.0, 2.0]) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_round_in_which_everything_is_slow_changes_no_ratio() {
        let (twice, once) = (Values::of(&[2.0, 200.0, 2.0]), Values::of(&[1.0, 100.0, 1.0]));
        assert!((twice.times(&once) - 2.0).abs() < f64::EPSILON);
    }
}
