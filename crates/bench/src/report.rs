//! The results as tables (in Markdown, so that they can be kept) or as lines of JSON.

use anyhow::Result;
use serde_json::json;

use crate::gates::Verdict;
use crate::results::{Line, Results};
use crate::workload::Metric;

pub(crate) fn print_json(results: &Results, verdicts: &[Verdict]) -> Result<()> {
    for line in &results.lines {
        let object = json!({
            "workload": line.workload.id,
            "client": line.series.label,
            "metric": line.workload.metric,
            "median": line.values.median(),
            "ratio": line.ratio,
            "allocations_per_row": line.counts.allocations,
            "instructions_per_row": line.counts.instructions,
        });
        println!("{object}");
    }
    for verdict in verdicts {
        println!("{}", serde_json::to_string(&json!({ "gate": verdict }))?);
    }
    Ok(())
}

pub(crate) fn print_tables(results: &Results, verdicts: &[Verdict]) {
    print_legend(results);
    let mut table = Table::new(&[
        "workload",
        "client",
        "median",
        "x first",
        "allocations a row",
        "instructions a row",
    ]);
    for line in &results.lines {
        let metric = line.workload.metric;
        table.row([
            line.workload.id.to_string(),
            line.series.label.to_owned(),
            line.values.median().map_or_else(String::new, |median| metric.format(median)),
            line.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            line.counts.allocations.map_or_else(String::new, |count| format!("{count:.3}")),
            line.counts.instructions.map_or_else(String::new, |count| format!("{count:.0}")),
        ]);
    }
    table.print();
    println!();
    print_gates(verdicts);
}

/// What the workloads' names stand for.
fn print_legend(results: &Results) {
    let mut last = None;
    for Line { workload, .. } in &results.lines {
        if last.replace(workload.id) != Some(workload.id) {
            println!("- {}: {}: {}", workload.id, workload.about, workload.metric.words());
        }
    }
    println!();
}

fn print_gates(verdicts: &[Verdict]) {
    let mut table = Table::new(&["workload", "gate", "measured", "to be", ""]);
    for verdict in verdicts {
        table.row([
            verdict.workload.to_string(),
            verdict.what.to_owned(),
            verdict.measured.map_or_else(|| "-".to_owned(), |measured| format!("{measured:.3}")),
            verdict.limit.words(),
            match verdict.holds {
                Some(true) => "ok".to_owned(),
                Some(false) => "MISSED".to_owned(),
                None => "not measured".to_owned(),
            },
        ]);
    }
    table.print();
}

impl Metric {
    fn words(self) -> &'static str {
        match self {
            Self::Wall => "time for each row or call",
            Self::Cpu => "processor time for each call",
            Self::PeakMemory => "peak memory of the process",
            Self::KeptMemory => "memory in use for each row",
            Self::Counts => "counts alone",
        }
    }

    fn format(self, value: f64) -> String {
        match self {
            Self::PeakMemory => format!("{:.1} MiB", value / 1024.0),
            Self::KeptMemory => format!("{value:.0} bytes"),
            Self::Counts => String::new(),
            Self::Wall | Self::Cpu if value < 1e-5 => format!("{:.0} ns", value * 1e9),
            Self::Wall | Self::Cpu => format!("{:.1} µs", value * 1e6),
        }
    }
}

/// Columns of equal width.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(ToString::to_string).collect()] }
    }

    /// A row; what is missing at its end stays empty.
    fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    fn print(&self) {
        let columns = self.rows[0].len();
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column: &usize| {
            let widths = self.rows.iter().map(|row| cell(row, *column).chars().count());
            widths.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(&column)).collect();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = widths.iter().enumerate();
            let cells: Vec<String> =
                cells.map(|(column, width)| format!("{:width$}", cell(row, column))).collect();
            println!("| {} |", cells.join(" | "));
            if index == 0 {
                let lines: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                println!("| {} |", lines.join(" | "));
            }
        }
    }
}
