//! Attributes of an operation, which the gateway hands on to HBase (`Operation.setAttribute`).

use std::collections::BTreeMap;
use std::time::Duration;

/// Names and values; HBase itself looks at few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes(BTreeMap<Vec<u8>, Vec<u8>>);

/// A mutation's time to live: 8 bytes, big-endian, milliseconds (`Mutation.OP_ATTRIBUTE_TTL`).
const TIME_TO_LIVE: &str = "_ttl";
/// A cell's visibility expression, as a protobuf message with the text in field 1
/// (`VisibilityConstants.VISIBILITY_LABELS_ATTR_KEY`, `CellVisibility`).
const VISIBILITY: &str = "VISIBILITY";

impl Attributes {
    pub(crate) fn set(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.0.insert(name.into(), value.into());
    }

    pub(crate) fn set_time_to_live(&mut self, time_to_live: Duration) {
        let millis = i64::try_from(time_to_live.as_millis()).unwrap_or(i64::MAX);
        self.set(TIME_TO_LIVE, millis.to_be_bytes());
    }

    pub(crate) fn set_visibility(&mut self, expression: &str) {
        let mut message = vec![0x0a];
        let mut length = expression.len();
        while length >= 0x80 {
            message.push((length as u8 & 0x7f) | 0x80);
            length >>= 7;
        }
        message.push(length as u8);
        message.extend_from_slice(expression.as_bytes());
        self.set(VISIBILITY, message);
    }

    pub(crate) fn time_to_live(&self) -> Option<Duration> {
        let value = self.0.get(TIME_TO_LIVE.as_bytes())?.as_slice().try_into().ok()?;
        u64::try_from(i64::from_be_bytes(value)).ok().map(Duration::from_millis)
    }

    /// The expression of a visibility that [`set_visibility`](Self::set_visibility) set.
    pub(crate) fn visibility(&self) -> Option<&str> {
        let message = self.0.get(VISIBILITY.as_bytes())?.strip_prefix(&[0x0a])?;
        let length = message.iter().position(|byte| *byte < 0x80)? + 1;
        std::str::from_utf8(&message[length..]).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_milliseconds_in_eight_bytes() {
        let mut attributes = Attributes::default();
        attributes.set_time_to_live(Duration::from_secs(2));
        let set: Vec<_> = attributes.iter().collect();
        assert_eq!(set, [(&b"_ttl"[..], &[0, 0, 0, 0, 0, 0, 0x07, 0xd0][..])]);
        assert_eq!(attributes.time_to_live(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_visibility_is_field_one_of_a_protobuf_message() {
        let mut attributes = Attributes::default();
        attributes.set_visibility(&"x".repeat(200));
        let (_, value) = attributes.iter().next().unwrap();
        assert_eq!(value[..3], [0x0a, 0xc8, 0x01]);
        assert_eq!(value.len(), 3 + 200);
        assert_eq!(attributes.visibility(), Some("x".repeat(200).as_str()));
    }
}
