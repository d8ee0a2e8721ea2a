//! Keys longer than the ones that the disk's store takes.
//!
//! Such a key is stored as its beginning and a hash of the whole, and stands in full before the
//! value. Long keys with one beginning are in no order then; a walk sorts each such group, which
//! costs memory for the group's keys and values, and nothing for all other keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Bytes, Entry, Walk};
use crate::model::{Error, Result};

/// Keys up to here are stored as they are. The store takes 65,535 bytes, its own among them.
const LONGEST: usize = 65_000;
const HASH_LEN: usize = 8;

/// A key and its value as they are stored.
pub(super) fn stored(key: Vec<u8>, value: Option<Vec<u8>>) -> (Vec<u8>, Option<Vec<u8>>) {
    if key.len() <= LONGEST {
        return (key, value);
    }
    let value = value.map(|value| {
        let mut whole = Vec::with_capacity(4 + key.len() + value.len());
        whole.extend((key.len() as u32).to_be_bytes());
        whole.extend(&key);
        whole.extend(value);
        whole
    });
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let mut short = key;
    short.truncate(LONGEST);
    short.extend(hasher.finish().to_be_bytes());
    (short, value)
}

/// Where in the stored keys a range begins that may have a long key as its start.
pub(super) fn low(key: &[u8]) -> &[u8] {
    &key[..key.len().min(LONGEST)]
}

/// Where it ends: behind all keys with the same beginning.
pub(super) fn high(key: &[u8]) -> Vec<u8> {
    let mut bound = low(key).to_vec();
    if key.len() > LONGEST {
        bound.extend([u8::MAX; HASH_LEN + 1]);
    }
    bound
}

/// Whether a stored key is only the beginning of one.
pub(super) fn is_shortened(key: &[u8]) -> bool {
    key.len() == LONGEST + HASH_LEN
}

/// The whole key and value.
fn restore(value: &[u8]) -> Result<(&[u8], &[u8])> {
    let damaged = || Error::Damaged("a long key");
    let (len, rest) = value.split_first_chunk().ok_or_else(damaged)?;
    let len = u32::from_be_bytes(*len) as usize;
    rest.split_at_checked(len).ok_or_else(damaged)
}

fn is_inside(key: &[u8], from: &[u8], to: &[u8]) -> bool {
    *key >= *from && (to.is_empty() || *key < *to)
}

/// The last whole key of a range, of which the stored keys come from its end on down; the values of
/// shortened ones are needed.
pub(super) fn last(
    down: impl Iterator<Item = Result<Entry>>,
    from: &[u8],
    to: &[u8],
) -> Result<Option<Bytes>> {
    // Of the present group.
    let mut last: Option<Bytes> = None;
    for entry in down {
        let (key, value) = entry?;
        if last.as_ref().is_some_and(|last| last[..LONGEST] != key[..key.len().min(LONGEST)]) {
            break;
        }
        if !is_shortened(&key) {
            return Ok(last.or_else(|| is_inside(&key, from, to).then_some(key)));
        }
        let value = value.ok_or(Error::Damaged("a long key"))?;
        let (whole, _) = restore(&value)?;
        if is_inside(whole, from, to) && last.as_ref().is_none_or(|last| **last < *whole) {
            last = Some(Bytes::from(whole));
        }
    }
    Ok(last)
}

/// A walk over stored keys, as one over whole keys.
pub(super) struct LongKeys<W> {
    inner: W,
    from: Vec<u8>,
    to: Vec<u8>,
    /// A group in reverse order, and what was read behind it.
    group: Vec<(Bytes, Bytes)>,
    behind: Option<Entry>,
}

impl<W: Walk> LongKeys<W> {
    /// Skips what lies before `from` or from `to` on, which the stored keys can't tell.
    pub(super) fn new(inner: W, from: &[u8], to: &[u8]) -> Self {
        let (from, to) = (from.to_vec(), to.to_vec());
        Self { inner, from, to, group: Vec::new(), behind: None }
    }

    fn gather(&mut self, first: Entry) -> Result<()> {
        let beginning = first.0[..LONGEST].to_vec();
        let mut entry = Some(first);
        while let Some((key, value)) = entry {
            if !is_shortened(&key) || key[..LONGEST] != beginning {
                self.behind = Some((key, value));
                break;
            }
            let value = value.ok_or(Error::Damaged("a long key"))?;
            let (key, value) = restore(&value)?;
            if is_inside(key, &self.from, &self.to) {
                self.group.push((Bytes::from(key), Bytes::from(value)));
            }
            entry = self.inner.next(&|_| true)?;
        }
        self.group.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(())
    }
}

impl<W: Walk> Walk for LongKeys<W> {
    fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>> {
        loop {
            if let Some((key, value)) = self.group.pop() {
                return Ok(Some((key, Some(value))));
            }
            let entry = match self.behind.take() {
                Some(entry) => Some(entry),
                None => self.inner.next(&|key| is_shortened(key) || wants(key))?,
            };
            match entry {
                Some(entry) if is_shortened(&entry.0) => self.gather(entry)?,
                Some((key, _)) if self.from.len() > LONGEST && *key < *self.from => {}
                entry => return Ok(entry),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::tests::random::Random;

    type Map = BTreeMap<Vec<u8>, Vec<u8>>;

    /// Stored keys, in their order.
    struct Stored(std::vec::IntoIter<(Vec<u8>, Vec<u8>)>);

    impl Walk for Stored {
        fn next(&mut self, wants: &dyn Fn(&[u8]) -> bool) -> Result<Option<Entry>> {
            Ok(self.0.next().map(|(key, value)| {
                let value = wants(&key).then(|| Bytes::from(value));
                (Bytes::from(key), value)
            }))
        }
    }

    /// A few bytes that differ, around the length up to which keys are stored as they are.
    fn random_key(random: &mut Random) -> Vec<u8> {
        let mut key = vec![b'k'; LONGEST - random.below(3)];
        if random.below(4) == 0 {
            key[LONGEST - 3] = b'j' + random.below(3) as u8;
        }
        let end = random.below(4);
        key.extend((0..end).map(|_| [0, b'k', u8::MAX][random.below(3)]));
        key
    }

    #[test]
    fn a_walk_gives_the_keys_of_its_range_in_their_order() {
        let mut random = Random::new();
        for _ in 0..300 {
            let keys = (0..random.below(12)).map(|_| random_key(&mut random));
            let whole: Map = keys.zip(0_u8..).map(|(key, value)| (key, vec![value])).collect();
            let short: Map = whole
                .iter()
                .map(|(key, value)| stored(key.clone(), Some(value.clone())))
                .map(|(key, value)| (key, value.unwrap_or_default()))
                .collect();
            for _ in 0..4 {
                let from = random_key(&mut random);
                let to = if random.below(3) == 0 { Vec::new() } else { random_key(&mut random) };
                let high = if to.is_empty() { Vec::new() } else { high(&to) };
                let range: Vec<_> = short
                    .iter()
                    .filter(|(key, _)| is_inside(key, low(&from), &high))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let down = range.iter().rev().cloned();
                let down = down.map(|(key, value)| Ok((key.into(), Some(value.into()))));
                let found = last(down, &from, &to).unwrap();
                let expected = whole.keys().rfind(|key| is_inside(key, &from, &to));
                assert!(found.as_deref() == expected.map(Vec::as_slice), "another last key");
                let mut walk = LongKeys::new(Stored(range.into_iter()), &from, &to);
                for (key, value) in whole.iter().filter(|(key, _)| is_inside(key, &from, &to)) {
                    let (found, read) = walk.next(&|_| true).unwrap().unwrap();
                    assert!(*found == **key, "another key of {} bytes", found.len());
                    assert_eq!(read.as_deref(), Some(value.as_slice()));
                }
                assert!(walk.next(&|_| true).unwrap().is_none());
            }
        }
    }

    #[test]
    fn the_last_key_costs_its_group_and_no_more() {
        let plain = (0..1_000_u32).map(|number| number.to_be_bytes().to_vec());
        let long = (0..3).map(|number| [vec![b'k'; LONGEST], vec![number]].concat());
        let mut entries: Vec<_> = plain.chain(long).map(|key| stored(key, Some(vec![]))).collect();
        entries.sort();
        let mut read = 0;
        let down = entries.into_iter().rev().map(|(key, value)| {
            read += 1;
            Ok((Bytes::from(key), value.map(Bytes::from)))
        });
        let found = last(down, &[], &[]).unwrap().unwrap();
        assert_eq!((found.len(), found.last(), read), (LONGEST + 1, Some(&2), 4));
    }
}
