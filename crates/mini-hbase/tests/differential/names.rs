//! The names, times and values of a round: few, so that they meet.
//!
//! Each character of a text stands for one byte ([`bytes`]), so that a text can have any.

pub(crate) const FAMILIES: [&str; 3] = ["a", "b", "c"];
/// A family that no table has.
pub(crate) const NO_FAMILY: usize = 3;
pub(crate) const QUALIFIERS: [&str; 9] = ["", "\0", "a", "ab", "b", "ba", "c", "\u{ff}", "a\u{ff}"];
pub(crate) const VALUES: [&str; 9] =
    ["", "1", "2", "aa", "AB", "b", "a'b", "\u{ff}\u{80}", "\0\0\0\0\0\0\0\x05"];
/// What the rows of a round end with.
pub(crate) const ROWS: [&str; 8] = ["", "\0", "a", "a\0", "ab", "b", "c", "\u{ff}"];
/// How many times a round has; the family `c` has forgotten the older half.
pub(crate) const TIMES: usize = 12;
/// Times that are limits, which come after the others.
pub(crate) const LIMITS: [i64; 5] = [0, 1, i64::MAX - 1, i64::MAX, -5];
/// In milliseconds; `c` lives for six of them.
const BETWEEN_TIMES: i64 = 600_000;
pub(crate) const TIME_TO_LIVE_SECONDS: i32 = 3_600;

/// What a round calls its rows and times.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) prefix: String,
    pub(crate) now: i64,
}

impl Names {
    pub(crate) fn row(&self, number: usize) -> Vec<u8> {
        bytes(&format!("{}{}", self.prefix, ROWS[number]))
    }

    /// Behind all rows of the round, whose prefix ends with a slash.
    pub(crate) fn end(&self) -> Vec<u8> {
        bytes(&format!("{}0", self.prefix.trim_end_matches('/')))
    }

    pub(crate) fn time(&self, number: usize) -> i64 {
        if let Some(limit) = number.checked_sub(TIMES) {
            return LIMITS[limit];
        }
        let age = i64::try_from(number).unwrap_or_default() * BETWEEN_TIMES;
        self.now - age - BETWEEN_TIMES / 2
    }

    /// A text with its rows and times.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, row) in ROWS.iter().enumerate() {
            text = text.replace(&format!("{{row {number}}}"), &format!("{}{row}", self.prefix));
        }
        for number in 0..TIMES + LIMITS.len() {
            text = text.replace(&format!("{{time {number}}}"), &self.time(number).to_string());
        }
        text
    }

    /// A time as it is compared: its number, or that the server gave it.
    pub(crate) fn show_time(&self, time: i64) -> String {
        let number = (0..TIMES + LIMITS.len()).find(|&number| self.time(number) == time);
        number.map_or_else(
            || {
                let since = time.saturating_sub(self.now - BETWEEN_TIMES / 4);
                if (0..BETWEEN_TIMES).contains(&since) {
                    "now".to_owned()
                } else {
                    time.to_string()
                }
            },
            |number| format!("t{number}"),
        )
    }
}

/// The bytes of a text whose characters are bytes.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect()
}
