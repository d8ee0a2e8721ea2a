//! Options of the commands that look for crashes and count them.
//!
//! For one way of naming a time everywhere. How a range is scanned is left to the store.

use clap::{
    Args, ValueEnum,
    builder::{StringValueParser, TypedValueParser},
};
use socorro_hbase_client::{
    HangId, Period, TimeRange,
    time::{Date, Month},
};

use crate::failure::WrongCommandLine;

/// When crashes were submitted.
#[derive(Debug, Args)]
pub(crate) struct Range {
    /// Only crashes that were submitted in this period: 2012, 2012-05, 2012-05-08, 2012-05-08T20, ...
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["from", "to"])]
    date: Option<Period>,
    /// Only crashes that were submitted on this day or later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Date>,
    /// Only crashes that were submitted on this day or before
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Crashes {
    #[command(flatten)]
    pub(crate) range: Range,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Only the halves of the hang with this id
    #[arg(long, value_name = "HANG_ID", conflicts_with = "signature")]
    pub(crate) hang: Option<HangId>,
    /// At most this many
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
    /// Oldest first instead of newest first
    #[arg(long)]
    pub(crate) reverse: bool,
}

/// Which crashes, beside their time.
#[derive(Debug, Args)]
pub(crate) struct Filters {
    /// Only crashes with this signature, exactly; '' is the empty one
    #[arg(long, value_parser = signature())]
    pub(crate) signature: Option<String>,
    /// Only crashes of this product, exactly
    #[arg(long)]
    pub(crate) product: Option<String>,
    /// Only crashes of this version, exactly
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// Only crashes of this type of process; `default` is the main one
    #[arg(long, value_name = "TYPE")]
    pub(crate) process_type: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Signatures {
    #[command(flatten)]
    pub(crate) range: Range,
    /// At most this many
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Rarest first instead of most frequent first
    #[arg(long)]
    pub(crate) reverse: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Metrics {
    /// One line for each
    #[arg(long, value_enum, default_value = "day")]
    pub(crate) by: By,
    /// The first day; by default the last one of minutes, a week before it of hours and days, a year
    /// of months, ten of years
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) from: Option<Date>,
    /// The last day; today by default, in UTC
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(crate) to: Option<Date>,
    /// Newest first instead of in the order of time
    #[arg(long)]
    pub(crate) reverse: bool,
}

/// What a line of counters stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

#[derive(Debug, Args)]
pub(crate) struct GetRow {
    /// The table, as in `schema show`
    pub(crate) table: String,
    /// The row's key; \xNN stands for a byte
    pub(crate) key: String,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// The table, as in `schema show`
    pub(crate) table: String,
    /// Only rows whose key begins with this; after the salt if the order is union or merge
    #[arg(long, default_value = "")]
    pub(crate) prefix: String,
    /// Only these columns or families, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// In which order: of the keys; one salt after the other, in parallel; of the keys without salt
    #[arg(long, value_enum, default_value = "key")]
    pub(crate) order: Order,
    /// At most this many rows
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
}

/// The order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    Key,
    Union,
    Merge,
}

impl Range {
    /// Everything if nothing else is asked for.
    pub(crate) fn chosen(&self) -> Result<TimeRange, WrongCommandLine> {
        if let Some(date) = &self.date {
            return Ok(TimeRange::within(date.as_str()));
        }
        if self.from.is_none() && self.to.is_none() {
            return Ok(TimeRange::all());
        }
        check_order(self.from, self.to)?;
        // Ooids and keys know no other century.
        let first = Date::from_calendar_date(2000, Month::January, 1);
        let last = Date::from_calendar_date(2099, Month::December, 31);
        Ok(TimeRange::days(
            self.from.unwrap_or(first.unwrap_or(Date::MIN)),
            self.to.unwrap_or(last.unwrap_or(Date::MAX)),
        ))
    }
}

/// Refuses a first day that is later than the last.
pub(crate) fn check_order(from: Option<Date>, to: Option<Date>) -> Result<(), WrongCommandLine> {
    match from.zip(to) {
        Some((from, to)) if from > to => {
            Err(WrongCommandLine("--from is later than --to: exchange them".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Reads a signature as the index has it, which has a name for the empty one.
pub(crate) fn signature() -> impl TypedValueParser<Value = String> {
    let stored = |text: String| if text.is_empty() { "##empty##".to_owned() } else { text };
    StringValueParser::new().map(stored)
}

fn day(text: &str) -> Result<Date, String> {
    let problem = || format!("{text} is no day: write it like 2012-05-08");
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return Err(problem()) };
    let parsed = || {
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
    };
    parsed().ok_or_else(problem)
}
