//! What a cell's key points to: the value, and the cell's own time to live where it has one.
//!
//! One byte of flags goes before, so that later formats can say more.

use super::Error;

const PLAIN: u8 = 0;
const WITH_TTL: u8 = 1;

/// A stored value, still in the storage's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored<'a> {
    /// In milliseconds from the cell's timestamp on.
    pub(crate) time_to_live: Option<i64>,
    pub(crate) value: &'a [u8],
}

impl Stored<'_> {
    /// Whether its own time to live ended before `now`; the sum wraps around, as Java's does.
    pub(crate) fn is_over(&self, timestamp: i64, now: i64) -> bool {
        self.time_to_live.is_some_and(|ttl| timestamp.wrapping_add(ttl) < now)
    }
}

pub(crate) fn encode(time_to_live: Option<i64>, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + 9);
    match time_to_live {
        Some(ttl) => {
            bytes.push(WITH_TTL);
            bytes.extend(ttl.to_be_bytes());
        }
        None => bytes.push(PLAIN),
    }
    bytes.extend(value);
    bytes
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Stored<'_>, Error> {
    match bytes.split_first() {
        Some((&PLAIN, value)) => Ok(Stored { time_to_live: None, value }),
        Some((&WITH_TTL, rest)) => {
            let (ttl, value) = rest.split_first_chunk().ok_or(Error::Damaged("a cell's value"))?;
            Ok(Stored { time_to_live: Some(i64::from_be_bytes(*ttl)), value })
        }
        _ => Err(Error::Damaged("a cell's value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_with_its_time_to_live() {
        for ttl in [None, Some(5)] {
            let bytes = encode(ttl, b"v");
            assert_eq!(decode(&bytes).unwrap(), Stored { time_to_live: ttl, value: b"v" });
        }
    }

    #[test]
    fn a_cell_lives_until_its_last_millisecond_has_passed() {
        let stored = Stored { time_to_live: Some(10), value: b"" };
        assert!(!stored.is_over(100, 110));
        assert!(stored.is_over(100, 111));
        assert!(stored.is_over(i64::MAX - 1, 0));
    }

    #[test]
    fn other_bytes_are_damage() {
        for bytes in [&b""[..], b"\x02", b"\x01\0\0"] {
            assert!(matches!(decode(bytes), Err(Error::Damaged(_))));
        }
    }
}
