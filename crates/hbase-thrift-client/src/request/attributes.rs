//! Attributes of an operation, which the gateway hands on to HBase (`Operation.setAttribute`).

use std::collections::BTreeMap;
use std::time::Duration;

/// Names and values; HBase itself looks at few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes(BTreeMap<Vec<u8>, Vec<u8>>);

/// A mutation's time to live: 8 bytes, big-endian, milliseconds (`Mutation.OP_ATTRIBUTE_TTL`).
const TIME_TO_LIVE: &str = "_ttl";
/// A cell's visibility expression, as a protobuf message with the text in field 1
/// (`VisibilityConstants.VISIBILITY_LABELS_ATTR_KEY`, `CellVisibility`); of a read, the reader's labels
/// (`Authorizations`).
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
        let mut message = Vec::new();
        push_text(expression, &mut message);
        self.set(VISIBILITY, message);
    }

    /// As `Query.setAuthorizations`: a protobuf message with the labels in field 1.
    pub(crate) fn set_authorizations<L: AsRef<str>>(
        &mut self,
        labels: impl IntoIterator<Item = L>,
    ) {
        let mut message = Vec::new();
        labels.into_iter().for_each(|label| push_text(label.as_ref(), &mut message));
        self.set(VISIBILITY, message);
    }

    /// The labels that [`set_authorizations`](Self::set_authorizations) set.
    pub(crate) fn authorizations(&self) -> Option<Vec<&str>> {
        let mut message = self.0.get(VISIBILITY.as_bytes())?.as_slice();
        let mut labels = Vec::new();
        while !message.is_empty() {
            let (label, rest) = split_text(message)?;
            labels.push(label);
            message = rest;
        }
        Some(labels)
    }

    pub(crate) fn time_to_live(&self) -> Option<Duration> {
        let value = self.0.get(TIME_TO_LIVE.as_bytes())?.as_slice().try_into().ok()?;
        u64::try_from(i64::from_be_bytes(value)).ok().map(Duration::from_millis)
    }

    /// The expression of a visibility that [`set_visibility`](Self::set_visibility) set.
    pub(crate) fn visibility(&self) -> Option<&str> {
        let (expression, rest) = split_text(self.0.get(VISIBILITY.as_bytes())?)?;
        rest.is_empty().then_some(expression)
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

/// What field 1 of a protobuf message begins with, if it is text.
const TEXT: u8 = 0x0a;

fn push_text(text: &str, message: &mut Vec<u8>) {
    message.push(TEXT);
    let mut length = text.len();
    while length >= 0x80 {
        message.push((length as u8 & 0x7f) | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(text.as_bytes());
}

/// The text that a message begins with, and what follows it.
fn split_text(message: &[u8]) -> Option<(&str, &[u8])> {
    let (tag, mut rest) = message.split_first()?;
    let mut length = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            let (text, rest) = rest.split_at_checked(length)?;
            return (*tag == TEXT).then_some((std::str::from_utf8(text).ok()?, rest));
        }
    }
    None
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
    fn authorizations_are_labels_in_field_one_of_a_protobuf_message() {
        let mut attributes = Attributes::default();
        assert_eq!(attributes.authorizations(), None);
        attributes.set_authorizations(["staff", ""]);
        let set: Vec<_> = attributes.iter().collect();
        assert_eq!(set, [(&b"VISIBILITY"[..], &b"\x0a\x05staff\x0a\x00"[..])]);
        assert_eq!(attributes.authorizations(), Some(vec!["staff", ""]));
        for odd in [&b"\x0a"[..], b"\x0a\x05sta", b"\x12\x00", &[0xff; 20]] {
            attributes.set(VISIBILITY, odd);
            assert_eq!((attributes.authorizations(), attributes.visibility()), (None, None));
        }
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
