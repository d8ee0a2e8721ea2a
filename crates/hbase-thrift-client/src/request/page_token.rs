//! Where a scan stopped, as text.

use std::fmt;
use std::str::FromStr;

use super::{MAX_ROW_LENGTH, Scan, TimeRange};
use crate::error::{Error, Result};

/// Where a scan stopped, as text for those who go on with it: a web page's link, or another process.
///
/// [`Scanner::page_token`](crate::Scanner::page_token) returns it, and
/// [`Table::scan_after`](crate::Table::scan_after) goes on behind it. The next scan has to have the same
/// table, range, direction, filter, columns, times, versions and batch, and is refused otherwise; limit, caching
/// and the rest may differ.
///
/// The text has letters, digits and a hyphen alone, twice as many as the row's key and some forty more. It is
/// not signed, and shows the key to those who can read hexadecimal numbers. One that a stranger made up takes
/// a scan to another place within its own range, and to nothing outside of it.
///
/// ```no_run
/// use hbase_thrift_client::{Client, PageToken, Scan};
///
/// # let client = Client::connect("hbase://localhost")?;
/// # let asked: Option<&str> = None;
/// let table = client.table("crash_reports");
/// let page = Scan::new().prefix("a120508").limit(20);
/// // The reader's request says where the page before ended.
/// let mut rows = match asked.map(str::parse::<PageToken>).transpose()? {
///     Some(token) => table.scan_after(page, &token)?,
///     None => table.scan(page)?,
/// };
/// for row in rows.by_ref() {
///     println!("{}", row?.key().escape_ascii());
/// }
/// if let Some(token) = rows.page_token() {
///     println!("the next page is at ?after={token}");
/// }
/// # Ok::<(), hbase_thrift_client::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageToken {
    /// Of the table and the scan.
    fingerprint: u64,
    place: PagePlace,
}

/// Behind which row a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PagePlace {
    /// The last row that was returned; `None` before the first.
    pub(crate) last_row: Option<Vec<u8>>,
    /// The last column of that row that was, where rows are split.
    pub(crate) last_column: Vec<u8>,
}

/// What a token begins with.
const VERSION: &str = "p1-";
/// A family and a qualifier, which a cell has beside its row.
const MAX_COLUMN_LENGTH: usize = 128 + MAX_ROW_LENGTH;
/// Fingerprint, length of the row, row, column, checksum.
const MAX_BYTES: usize = 8 + 2 + MAX_ROW_LENGTH + MAX_COLUMN_LENGTH + CHECKSUM_LENGTH;
const CHECKSUM_LENGTH: usize = 4;

impl PageToken {
    pub(crate) fn new(table: &[u8], scan: &Scan, place: PagePlace) -> Self {
        Self { fingerprint: fingerprint(table, scan), place }
    }

    /// Where this scan of the table goes on.
    ///
    /// # Errors
    ///
    /// The token is another scan's, or names a row outside of the range.
    pub(crate) fn place_in(&self, table: &[u8], scan: &Scan) -> Result<PagePlace> {
        if self.fingerprint != fingerprint(table, scan) {
            return Err(Error::invalid(
                "the page token is of another scan: table, range, direction, filter, columns, time and \
                 batch have to be those of the page before",
            ));
        }
        let is_within = |row: &Vec<u8>| scan.keys().contains(row);
        if !self.place.last_row.as_ref().is_none_or(is_within) {
            return Err(Error::invalid("the page token names a row outside of the scan's range"));
        }
        Ok(self.place.clone())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let row = self.place.last_row.as_deref().unwrap_or_default();
        let length = u16::try_from(row.len()).unwrap_or(u16::MAX).to_be_bytes();
        let fingerprint = self.fingerprint.to_be_bytes();
        let mut bytes = [&fingerprint[..], &length, row, &self.place.last_column].concat();
        bytes.extend_from_slice(&checksum(&bytes));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (said, sum) = bytes.split_last_chunk::<CHECKSUM_LENGTH>()?;
        if checksum(said) != *sum {
            return None;
        }
        let (fingerprint, rest) = said.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (row, column) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        // A column is one of a row.
        let is_sound = row.len() <= MAX_ROW_LENGTH && (column.is_empty() || !row.is_empty());
        is_sound.then(|| Self {
            fingerprint: u64::from_be_bytes(*fingerprint),
            place: PagePlace {
                last_row: (!row.is_empty()).then(|| row.to_vec()),
                last_column: column.to_vec(),
            },
        })
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        self.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PageToken {
    type Err = Error;

    /// Reads what its `Display` wrote, and nothing else.
    fn from_str(text: &str) -> Result<Self> {
        let refusal = |why: &str| Error::invalid(format!("{why}: begin with the first page"));
        let Some(digits) = text.strip_prefix(VERSION) else {
            return Err(refusal(&match text.split_once('-') {
                Some((version, _)) if version.len() < 8 && version.starts_with('p') => format!(
                    "the page token has the version {}, and only {} is known",
                    version.escape_debug(),
                    VERSION.trim_end_matches('-')
                ),
                _ => "this is no page token".to_owned(),
            }));
        };
        let bytes = bytes_of(digits.as_bytes());
        let token = bytes.and_then(|bytes| Self::from_bytes(&bytes));
        token.ok_or_else(|| refusal("the page token is damaged"))
    }
}

/// What these hexadecimal digits say.
fn bytes_of(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > MAX_BYTES {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Of what decides which rows a scan has, and what is in them.
fn fingerprint(table: &[u8], scan: &Scan) -> u64 {
    let mut hash = Fnv::default();
    let flag = |flag: bool| [u8::from(flag)];
    hash.part(table);
    hash.part(scan.get_prefix());
    hash.part(scan.get_start());
    hash.part(&flag(scan.is_start_exclusive()));
    hash.part(scan.get_stop());
    hash.part(&flag(scan.is_stop_inclusive()));
    hash.part(&flag(scan.is_reversed()));
    hash.part(&flag(scan.filter.is_some()));
    hash.part(scan.get_filter().unwrap_or_default());
    hash.times(scan.get_time_range());
    hash.part(&scan.get_max_versions().to_be_bytes());
    for (family, times) in scan.get_family_time_ranges() {
        hash.part(family);
        hash.times(times);
    }
    hash.part(&scan.get_batch().map(u32::to_be_bytes).map_or(vec![], Vec::from));
    scan.selection.columns.iter().for_each(|column| hash.part(column));
    hash.0
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut hash = Fnv::default();
    hash.part(bytes);
    let folded = (hash.0 >> 32) ^ (hash.0 & u64::from(u32::MAX));
    (folded as u32).to_be_bytes()
}

/// FNV-1a: against damage, not against forgery.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn times(&mut self, times: TimeRange) {
        self.part(&times.min().to_be_bytes());
        self.part(&times.max().to_be_bytes());
    }

    /// Takes in some bytes and how many they are.
    fn part(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_be_bytes();
        for byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<PageToken>().unwrap_err().to_string()
    }

    fn token(row: &[u8], column: &[u8]) -> PageToken {
        let place = PagePlace { last_row: Some(row.to_vec()), last_column: column.to_vec() };
        PageToken::new(b"t", &Scan::new(), place)
    }

    #[test]
    fn what_is_no_token_is_refused_with_the_way_out() {
        assert!(refusal("").contains("no page token: begin with the first page"));
        assert!(refusal("'; --").contains("no page token"));
        assert!(refusal("p2-00").contains("version p2, and only p1"), "{}", refusal("p2-00"));
        let text = token(b"row", b"").to_string();
        for wrong in [
            text[..text.len() - 1].to_owned(),
            text[..text.len() - 2].to_owned(),
            format!("{text}0"),
            format!("{text}00"),
            text.to_uppercase().replacen("P1", "p1", 1),
            format!("p1-{}", "0".repeat(1 << 20)),
            "p1-".to_owned(),
            "p1-\u{e9}\u{e9}".to_owned(),
        ] {
            assert!(refusal(&wrong).contains("damaged"), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_of_one_scan_of_one_table() {
        let scan = || Scan::new().start("a").stop("n").column("f:x").filter("KeyOnlyFilter()");
        let place = PagePlace { last_row: Some(b"m".to_vec()), ..PagePlace::default() };
        let token = PageToken::new(b"t", &scan(), place.clone());
        assert_eq!(token.place_in(b"t", &scan()).unwrap(), place);
        // How many rows a page has and how they are fetched may change.
        let other = scan().limit(3).caching(7).read_ahead(false).paged().cache_blocks(false);
        assert_eq!(token.place_in(b"t", &other).unwrap(), place);
        for other in [
            scan().start("b"),
            scan().start_exclusive("a"),
            scan().stop("o"),
            scan().stop_inclusive("n"),
            scan().reversed(),
            scan().filter("FirstKeyOnlyFilter()"),
            scan().column("f:y"),
            scan().time_range(TimeRange::until(5)),
            scan().time_range(TimeRange::from(5)),
            scan().max_versions(2),
            scan().family_time_range("f", TimeRange::until(5)),
            scan().batch(1),
            Scan::new(),
        ] {
            let error = token.place_in(b"t", &other).unwrap_err();
            assert!(error.to_string().contains("of another scan"), "{error}");
        }
        assert!(token.place_in(b"u", &scan()).is_err());
    }

    #[test]
    fn a_token_that_was_made_up_stays_within_the_range() {
        for (scan, within, outside) in [
            (Scan::new().prefix("b"), "b7", "c"),
            (Scan::new().prefix("b").reversed(), "b7", "a"),
            (Scan::new().start("b").stop("d"), "c", "d"),
            (Scan::new().start("d").stop("b").reversed(), "d", "b"),
        ] {
            let at = |row: &str| {
                let place =
                    PagePlace { last_row: Some(row.as_bytes().to_vec()), ..PagePlace::default() };
                PageToken::new(b"t", &scan, place).place_in(b"t", &scan)
            };
            assert!(at(within).is_ok());
            assert!(at(outside).unwrap_err().to_string().contains("outside"), "{scan:?}");
        }
    }

    #[test]
    fn the_longest_key_and_column_have_a_token() {
        let token = token(&vec![0xff; MAX_ROW_LENGTH], &vec![0; MAX_COLUMN_LENGTH]);
        assert_eq!(token.to_string().parse::<PageToken>().unwrap(), token);
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(row: Vec<u8>, column: Vec<u8>, fingerprint: u64) {
            let last_row = (!row.is_empty()).then_some(row);
            let last_column = if last_row.is_some() { column } else { Vec::new() };
            let token = PageToken { fingerprint, place: PagePlace { last_row, last_column } };
            let text = token.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert_eq!(text.parse::<PageToken>().unwrap(), token);
        }

        #[test]
        fn a_changed_character_is_noticed(row in prop::collection::vec(any::<u8>(), 1..40), at: usize, to in "[0-9a-f]") {
            let text = token(&row, b"").to_string();
            let at = 3 + at % (text.len() - 3);
            let changed = [&text[..at], &to, &text[at + 1..]].concat();
            prop_assert_eq!(changed.parse::<PageToken>().is_ok(), changed == text);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<PageToken>();
            let _ = format!("p1-{text}").parse::<PageToken>();
        }
    }
}
