//! Names of dumps: what clients send, as the store has them.

use std::collections::BTreeSet;

use socorro_hbase_client::DumpName;

/// The names that one report's dumps have so far.
#[derive(Debug, Default)]
pub(super) struct DumpNames(BTreeSet<DumpName>);

const LONGEST: usize = 30;
/// Names of other things that Socorro keeps beside dumps.
const RESERVED: [&str; 3] = ["dump_names", "processed_crash", "raw_crash"];
const MAIN: &str = "upload_file_minidump";

impl DumpNames {
    /// A name of its own for a dump: letters, digits and underscores of what came, at most 30 of them;
    /// numbered if it is taken or reserved. A client would give up on a report that is refused.
    pub(super) fn take(&mut self, name: &str) -> DumpName {
        let allowed = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
        let cleaned: String = name.chars().filter(allowed).take(LONGEST).collect();
        let cleaned = if cleaned.is_empty() { "unnamed".to_owned() } else { cleaned };
        let is_reserved = RESERVED.contains(&cleaned.as_str());
        let numbered = (usize::from(is_reserved)..).map(|number| match number {
            0 => cleaned.clone(),
            number => {
                let suffix = format!("_{number}");
                format!("{}{suffix}", &cleaned[..cleaned.len().min(LONGEST - suffix.len())])
            }
        });
        for name in numbered {
            // Every such name is one of the store's.
            let Ok(name) = name.parse::<DumpName>() else { continue };
            if self.0.insert(name.clone()) {
                return name;
            }
        }
        DumpName::default()
    }
}

/// The name under which a client sends the main dump; reports name it so.
pub(crate) fn as_posted(name: &DumpName) -> &str {
    if name.is_own() { MAIN } else { name.as_str() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_cleaned_and_numbered() {
        let mut names = DumpNames::default();
        for (sent, kept) in [
            ("upload_file_minidump", "dump"),
            ("upload_file_minidump_browser", "upload_file_minidump_browser"),
            ("upload_file_minidump", "upload_file_minidump_1"),
            ("dump", "dump_1"),
            ("../../etc/passwd", "etcpasswd"),
            ("etc/passwd", "etcpasswd_1"),
            ("raw_crash", "raw_crash_1"),
            ("é", "unnamed"),
            ("", "unnamed_1"),
        ] {
            assert_eq!(names.take(sent).as_str(), kept, "{sent}");
        }
    }

    proptest! {
        #[test]
        fn no_two_dumps_have_one_name(sent in proptest::collection::vec("[a-b_./]{0,3}|.{28,40}", 0..40)) {
            let mut names = DumpNames::default();
            let kept: BTreeSet<_> = sent.iter().map(|name| names.take(name)).collect();
            prop_assert_eq!(kept.len(), sent.len());
            prop_assert!(kept.iter().all(|name| name.as_str().len() <= LONGEST));
        }
    }
}
