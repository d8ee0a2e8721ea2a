//! A scan on its way: what to ask next, which of the rows that came are new, where it goes on after a
//! failure.
//!
//! An empty batch is the end of a scan, and nothing else is: a server may return fewer rows than it
//! was asked for.
//!
//! Where the gateway has pages (one call that opens a scanner, reads it and closes it), a scan that fits
//! into one goes by pages, and so does one that was asked to. All others have a scanner open.

mod place;

use crate::dialect::FetchRows;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{PagePlace, Scan};
use crate::row::RowBatch;

use place::{NewRows, PageBounds, Place};

/// The state of one scan.
pub(crate) struct ScanState {
    scan: Scan,
    /// The keys that its rows are between: the first, included, and the last, excluded.
    bounds: (Vec<u8>, Vec<u8>),
    phase: Phase,
    place: Place,
    /// Rows that are asked for at once: fewer after an answer that was too large.
    rows_at_once: u32,
    /// The gateway has pages, as far as it is known.
    has_pages: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No scanner is open; one has to be opened at the place.
    Closed,
    /// The gateway's scanner of this number.
    Open {
        scanner: i32,
        outlook: Outlook,
    },
    Done,
}

/// What a scanner's last batch says of those to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outlook {
    /// There was none.
    Unknown,
    /// It was full: more will probably follow.
    More { is_light: bool },
    /// It was short: it was probably the last with rows.
    Ending,
}

/// An answer up to this size fits into the buffers of most connections.
const LIGHT: usize = 256 << 10;

/// What the scan needs next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ScanStep {
    /// A scanner between these keys, from which this many rows are fetched at once.
    Open { start: Vec<u8>, stop: Vec<u8>, rows: u32 },
    /// The rows of this scan between these keys, this many of them, without a scanner that stays open.
    Page { scan: Box<Scan>, start: Vec<u8>, stop: Vec<u8>, rows: u32 },
    /// The next rows. Where `close` is set, the scanner is probably at its end: its closing goes out
    /// together with the fetch.
    Fetch { fetch: FetchRows, close: bool },
    /// The closing of the scanner; no row is needed any more.
    Close(i32),
    /// Nothing.
    End,
}

/// What went out behind a fetch before its rows came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    Nothing,
    /// The closing of the scanner.
    Close,
    /// The next fetch.
    Fetch(FetchRows),
}

/// How the connection is left once a fetch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Nothing is to come or to be sent.
    Idle,
    /// Nothing is to come; the next rows may be asked for, together with the closing where `close` is set.
    Ask { fetch: FetchRows, close: bool },
    /// These rows are to come; the closing is to be sent behind them where `close` is set.
    Await { fetch: FetchRows, close: bool },
    /// Rows that nobody wants are to come; the closing of their scanner is to be sent behind them if it is named.
    AwaitUnwanted(Option<i32>),
    /// The closing is to be sent.
    Close(i32),
    /// The reply to the closing is to come.
    AwaitClosed,
}

/// What follows from a failed step.
#[derive(Debug)]
pub(crate) enum ScanFailure {
    /// The answer was too large: the same again with half the rows. A server that refused it has not
    /// moved its scanner; a reply that this client refused is lost, and its scanner with it.
    AskForLess(Error),
    /// For the attempts to decide.
    Error(Error),
}

impl ScanState {
    pub(crate) fn new(scan: Scan) -> Self {
        let (bounds, rows_at_once) = (scan.bounds(), scan.caching);
        let (phase, place) = (Phase::Closed, Place::default());
        Self { scan, bounds, phase, place, rows_at_once, has_pages: false }
    }

    /// Begins behind the rows that another scan of these returned.
    pub(crate) fn go_on_behind(&mut self, place: PagePlace) {
        self.place.go_on_behind(place);
    }

    /// The same of HBase's catalog, whose rows are not in the order of their keys' bytes.
    pub(crate) fn of_catalog(mut self) -> Self {
        self.place.is_catalog = true;
        self
    }

    pub(crate) fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Takes note of whether the gateway has pages, before its first step is taken.
    pub(crate) fn speak(&mut self, has_pages: bool) {
        self.has_pages = has_pages;
    }

    /// Whether no scanner is opened.
    pub(crate) fn goes_by_pages(&self) -> bool {
        let scan = &self.scan;
        let fits_into_one = || scan.limit.is_some_and(|limit| limit <= u64::from(scan.caching));
        self.has_pages
            && (scan.paged || (fits_into_one() && scan.can_be_paged() && !self.place.is_catalog))
    }

    /// What has to be asked for to go on.
    pub(crate) fn next(&self) -> ScanStep {
        let rows = self.wanted();
        match self.phase {
            Phase::Done => ScanStep::End,
            Phase::Open { scanner, .. } if rows == 0 => ScanStep::Close(scanner),
            Phase::Open { scanner, outlook } => ScanStep::Fetch {
                fetch: FetchRows { scanner, rows },
                close: outlook == Outlook::Ending,
            },
            Phase::Closed if self.goes_by_pages() => self.next_page(rows),
            Phase::Closed => match self.place.bounds(&self.scan) {
                Some((start, stop)) if rows > 0 => ScanStep::Open { start, stop, rows },
                _ => ScanStep::End,
            },
        }
    }

    fn next_page(&self, rows: u32) -> ScanStep {
        let Some(PageBounds { start, stop, start_is_excluded }) =
            self.place.page_bounds(&self.scan)
        else {
            return ScanStep::End;
        };
        if rows == 0 {
            return ScanStep::End;
        }
        let scan = if start_is_excluded { self.scan.before_row(&start) } else { self.scan.clone() };
        ScanStep::Page { scan: Box::new(scan), start, stop, rows }
    }

    /// What is to be asked for after this fetch, whose rows haven't come: only where they are probably not
    /// the last, and never more than the limit leaves. A gateway is busy with writing a large answer for
    /// longer than it waits for the next request.
    pub(crate) fn next_after(&self, fetch: FetchRows) -> Option<FetchRows> {
        let Phase::Open { scanner, outlook: Outlook::More { is_light: true } } = self.phase else {
            return None;
        };
        let rows = self.wanted_after(u64::from(fetch.rows));
        (scanner == fetch.scanner && rows > 0).then_some(FetchRows { scanner, rows })
    }

    /// Whether it is known that no row follows those that were handed out, whatever the limit.
    pub(crate) fn is_at_end(&self) -> bool {
        self.place.ended
    }

    /// Behind the rows that were handed out.
    pub(crate) fn place(&self) -> PagePlace {
        self.place.page()
    }

    /// Whether all rows were handed out.
    pub(crate) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// The scanner that is open at the gateway.
    pub(crate) fn scanner(&self) -> Option<i32> {
        match self.phase {
            Phase::Open { scanner, .. } => Some(scanner),
            Phase::Closed | Phase::Done => None,
        }
    }

    /// A scanner was opened.
    pub(crate) fn opened(&mut self, scanner: i32) {
        self.phase = Phase::Open { scanner, outlook: Outlook::Unknown };
    }

    /// Rows came for a fetch of `asked`; returns those that are new to the caller, which may be none
    /// where more follow. `closed` says that the scanner was closed with the fetch.
    ///
    /// # Errors
    ///
    /// The rows can't be those that follow: they are another scan's.
    pub(crate) fn fetched(
        &mut self,
        batch: RowBatch,
        asked: u32,
        closed: bool,
    ) -> Result<RowBatch> {
        if !self.place.is_followed_by(&self.scan, &self.bounds, &batch, false) {
            let message = "the rows are those of another scan: where several gateways are behind one \
                           address, name each by its own";
            return Err(Error::new(ErrorKind::UnknownScanner, message));
        }
        let (came, is_light) = (batch.len(), batch.extent() <= LIGHT);
        let NewRows { rows, ended } = self.place.new_rows(&self.scan, batch);
        self.place.advance(&self.scan, &rows);
        let Phase::Open { scanner, .. } = self.phase else { return Ok(rows) };
        let is_end = came == 0 || ended;
        self.phase = match (is_end, closed) {
            (true, true) => {
                self.place.ended = true;
                Phase::Done
            }
            // It was taken for ended too early, and has to be opened again after these rows.
            (false, true) => Phase::Closed,
            (true, false) => {
                self.place.ended = true;
                Phase::Open { scanner, outlook: Outlook::Ending }
            }
            (false, false) if (came as u64) < u64::from(asked) => {
                Phase::Open { scanner, outlook: Outlook::Ending }
            }
            (false, false) => Phase::Open { scanner, outlook: Outlook::More { is_light } },
        };
        Ok(rows)
    }

    /// A page came; returns the rows that are the scan's, which may be none where more follow.
    ///
    /// # Errors
    ///
    /// The rows can't be those that follow.
    pub(crate) fn page_came(&mut self, batch: RowBatch) -> Result<RowBatch> {
        if !self.place.is_followed_by(&self.scan, &self.bounds, &batch, true) {
            let message = "the page has rows that are not those after the last one";
            return Err(Error::new(ErrorKind::Protocol, message));
        }
        let is_empty = batch.is_empty();
        let NewRows { rows, ended } = self.place.new_rows(&self.scan, batch);
        self.place.advance(&self.scan, &rows);
        self.place.ended |= is_empty || ended;
        if self.place.ended || self.wanted() == 0 {
            self.phase = Phase::Done;
        }
        Ok(rows)
    }

    /// The scanner was closed, or given up.
    pub(crate) fn closed(&mut self) {
        self.phase =
            if self.place.ended || self.wanted() == 0 { Phase::Done } else { Phase::Closed };
    }

    /// How to leave the connection after rows that came.
    pub(crate) fn leave(&mut self, behind: Behind) -> Leave {
        match (behind, self.next()) {
            (Behind::Close, _) => Leave::AwaitClosed,
            (Behind::Nothing, ScanStep::Close(scanner)) => {
                self.closed();
                Leave::Close(scanner)
            }
            (Behind::Nothing, ScanStep::Fetch { fetch, close }) => Leave::Ask { fetch, close },
            (Behind::Nothing, _) => Leave::Idle,
            (Behind::Fetch(fetch), ScanStep::Fetch { close, .. }) => Leave::Await { fetch, close },
            (Behind::Fetch(fetch), _) => {
                self.closed();
                Leave::AwaitUnwanted(Some(fetch.scanner))
            }
        }
    }

    /// How to leave the connection after a fetch that failed, if it is still in use.
    pub(crate) fn leave_failed(&mut self, scanner: i32, behind: Behind, error: &Error) -> Leave {
        // Another scan's number is not this one's to close.
        let is_unknown = error.kind() == ErrorKind::UnknownScanner;
        match behind {
            Behind::Close => {
                // It is closed by now, even where it was refused as too large and has not moved.
                self.phase = Phase::Closed;
                Leave::AwaitClosed
            }
            // Where it was refused as too large, the scanner is asked again.
            Behind::Nothing if is_unknown || error.kind() == ErrorKind::TooLarge => Leave::Idle,
            Behind::Nothing => Leave::Close(scanner),
            Behind::Fetch(_) => {
                // The scanner may move on with the fetch behind: nobody knows which rows it would return next.
                self.phase = Phase::Closed;
                Leave::AwaitUnwanted((!is_unknown).then_some(scanner))
            }
        }
    }

    /// A step was begun and nobody knows how far it came: another scanner goes on at the place.
    pub(crate) fn dropped(&mut self) {
        if self.phase != Phase::Done {
            self.phase = Phase::Closed;
        }
    }

    /// Nothing follows.
    pub(crate) fn finish(&mut self) {
        self.place.ended |= self.wanted() > 0;
        self.phase = Phase::Done;
    }

    /// Ends the scan without its remaining rows.
    pub(crate) fn abandon(&mut self) {
        self.phase = Phase::Done;
    }

    /// A step failed, which ends the scanner for this client; another one may go on at the place.
    /// The error is completed with the place.
    pub(crate) fn failed(&mut self, error: Error) -> ScanFailure {
        let was_refused = error.server_exception().is_some();
        if error.kind() == ErrorKind::TooLarge && self.wanted() > 1 {
            self.rows_at_once = self.wanted().div_ceil(2);
            if !was_refused {
                self.phase = Phase::Closed;
            }
            return ScanFailure::AskForLess(error);
        }
        self.phase = Phase::Closed;
        ScanFailure::Error(error.with_last_row(self.place.last_row.clone()))
    }

    /// How many rows to ask for: a fetch's worth, or what the limit leaves.
    fn wanted(&self) -> u32 {
        self.wanted_after(0)
    }

    /// As [`wanted`](Self::wanted), after this many rows that were asked for.
    fn wanted_after(&self, asked: u64) -> u32 {
        if self.place.ended {
            return 0;
        }
        let taken = self.place.fetched.saturating_add(asked);
        let left = self.scan.limit.map_or(u64::MAX, |limit| limit.saturating_sub(taken));
        u64::from(self.rows_at_once).min(left) as u32
    }
}

#[cfg(test)]
mod tests;
