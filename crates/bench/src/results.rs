//! What was measured, line by line.

use crate::counts::Counts;
use crate::values::Values;
use crate::workload::{Id, Series, Workload};

/// All that was measured.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) lines: Vec<Line>,
}

/// One line of a comparison.
pub(crate) struct Line {
    pub(crate) workload: &'static Workload,
    pub(crate) series: &'static Series,
    /// In the metric of the workload: seconds for each unit, or KiB.
    pub(crate) values: Values,
    /// How many times what the workload's first line takes.
    pub(crate) ratio: Option<f64>,
    pub(crate) counts: Counts,
}

impl Results {
    pub(crate) fn line(&self, workload: Id, label: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.workload.id == workload && line.series.label == label)
    }
}
