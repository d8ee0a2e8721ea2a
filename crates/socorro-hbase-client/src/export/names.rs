//! What the files of a crash are called.

use uuid::Uuid;

use crate::model::CrashId;

/// The longest name that is used as it is: file systems take 255 bytes, and a crash's and a dump's stand
/// in one name.
const LONGEST: usize = 110;
/// What is kept of a longer one.
const KEPT: usize = 70;

/// The name of a crash, or of one of its dumps, as part of a file's: as
/// [`CrashId::file_name`] escapes it, and what is too long is cut and has a digest at its end. No two
/// share one.
pub(crate) fn file_part(name: &[u8]) -> String {
    let escaped = escaped(name);
    if escaped.len() <= LONGEST {
        return escaped;
    }
    // No escaped name has a hyphen after a percent sign.
    format!("{}%-{}", &escaped[..KEPT], Uuid::new_v5(&Uuid::NAMESPACE_OID, name).simple())
}

/// Reads an escaped name; `None` for a long one, and what is none.
pub(crate) fn name_of_part(part: &str) -> Option<Vec<u8>> {
    CrashId::from_file_name(part).map(|name| name.as_bytes().to_vec())
}

fn escaped(name: &[u8]) -> String {
    let id = CrashId::new(name);
    // A longer one is cut anyway.
    let id = id.or_else(|_| CrashId::new(&name[..name.len().min(LONGEST + 1)]));
    id.map(|id| id.file_name()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_names_share_a_part(
            a in proptest::collection::vec(b'a'..b'c', 100..130),
            b in proptest::collection::vec(b'a'..b'c', 100..130),
            c in proptest::collection::vec(any::<u8>(), 1..400),
        ) {
            prop_assert_eq!(a == b, file_part(&a) == file_part(&b));
            let part = file_part(&c);
            prop_assert!(part.len() <= LONGEST && !part.contains(['.', '/']), "{}", part);
            prop_assert!(name_of_part(&part).is_none_or(|name| name == c));
        }
    }

    #[test]
    fn a_short_name_reads_back_and_a_long_one_is_cut() {
        let part = file_part(b"a.b\xff");
        assert_eq!((part.as_str(), name_of_part(&part)), ("a%2Eb%FF", Some(b"a.b\xff".to_vec())));
        let long = file_part(&[b'x'; 5000]);
        assert_eq!(name_of_part(&long), None);
        assert_ne!(long, file_part(&[b'x'; 5001]));
    }
}
