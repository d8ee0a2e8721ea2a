//! The whole comparison: rounds of samples, medians of them, counts, gates.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result};
use clap::Args;

use crate::counts::{Counter, Counts};
use crate::gates::{self, GATES};
use crate::report;
use crate::results::{Line, Results};
use crate::sample::{self, Sample};
use crate::values::Values;
use crate::workload::{Id, Metric, Series, WORKLOADS, Workload};

/// What to run, and what to do with it.
#[derive(Args)]
pub(crate) struct Options {
    /// Fail when a gate is missed
    #[arg(long)]
    gates: bool,
    /// Samples of each task; the median is taken
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only these workloads
    #[arg(long, value_delimiter = ',', ignore_case = true)]
    only: Vec<Id>,
    /// Print an object a line instead of tables
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let server = Server::start()?;
    let counter = Counter::new(server.address)?;
    let mut results = Results::default();
    for workload in WORKLOADS {
        if options.only.is_empty() || options.only.contains(&workload.id) {
            results.lines.extend(compare(workload, options.rounds, &server, &counter)?);
        }
    }
    let verdicts = gates::judge(GATES, &results);
    if options.json {
        report::print_json(&results, &verdicts)?;
    } else {
        report::print_tables(&results, &verdicts);
    }
    let missed: Vec<String> = verdicts.iter().filter_map(gates::Verdict::miss).collect();
    if options.gates && !missed.is_empty() {
        for miss in missed {
            eprintln!("gate missed: {miss}");
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The contenders take turns, and another begins each round, so that whatever else the machine does
/// hits all of them.
fn compare(
    workload: &'static Workload,
    rounds: u32,
    server: &Server,
    counter: &Counter,
) -> Result<Vec<Line>> {
    let mut values = vec![Values::default(); workload.series.len()];
    // Counts are the same in every round.
    let rounds = match workload.metric {
        Metric::Wall | Metric::Cpu | Metric::PeakMemory => rounds,
        Metric::KeptMemory => 1,
        Metric::Counts => 0,
    };
    for round in 0..rounds as usize {
        eprintln!("{}, round {} of {rounds}", workload.id, round + 1);
        for turn in 0..workload.series.len() {
            let index = (round + turn) % workload.series.len();
            let series = &workload.series[index];
            values[index].push(match workload.metric {
                Metric::KeptMemory => counter.kept(series)?,
                metric => value(metric, series, &server.sample(series)?)?,
            });
        }
    }
    let first = values[0].clone();
    let lines = workload.series.iter().zip(values).map(|(series, values)| {
        let counts = match workload.counted_rows {
            Some(rows) => counter.count(series, rows)?,
            None => Counts::default(),
        };
        let ratio = values.times(&first);
        Ok(Line { workload, series, values, ratio, counts })
    });
    lines.collect()
}

fn value(metric: Metric, series: &Series, sample: &Sample) -> Result<f64> {
    Ok(match metric {
        Metric::Wall => sample.wall_seconds / series.units as f64,
        Metric::Cpu => sample.cpu_seconds / series.units as f64,
        Metric::PeakMemory => {
            sample.peak_kib.context("this system doesn't tell a process's peak of memory")? as f64
        }
        Metric::KeptMemory | Metric::Counts => f64::NAN,
    })
}

/// The server in its process, which ends with this value.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let output = process.stdout.take().context("the server has no output")?;
        BufReader::new(output).read_line(&mut address)?;
        let address = address.trim().parse().context("the server told no address")?;
        Ok(Self { process, address })
    }

    fn sample(&self, series: &Series) -> Result<Sample> {
        let mut command = Command::new(std::env::current_exe()?);
        let Series { task, contender, units, .. } = *series;
        sample::arguments(&mut command, task, contender, units, self.address);
        sample::taken_by(&mut command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself; this only doesn't wait for it. A failure means that it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
