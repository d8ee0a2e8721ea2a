//! What the name of a file says: which crash it belongs to, and as what.

use socorro_hbase_client::Ooid;

/// What a file is to its crash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Metadata,
    Dump,
    /// A further dump, with its name.
    Further(&'a str),
}

/// The crash's name and the part of it that a file is; `None` for a file that is none.
///
/// `NAME.json` and `NAME.dump`; where the name is an ooid, also `OOID.FURTHER.dump`, as an export has
/// it. `OOID.processed.json` is a processor's, not submitted.
pub(super) fn part_of(file: &str) -> Option<(&str, Part<'_>)> {
    if let Some(name) = file.strip_suffix(".json") {
        let is_processed = name.strip_suffix(".processed").is_some_and(is_ooid);
        return (!is_processed && !is_hidden(name)).then_some((name, Part::Metadata));
    }
    let name = file.strip_suffix(".dump").filter(|name| !is_hidden(name))?;
    match name.get(..36).filter(|ooid| is_ooid(ooid)) {
        Some(ooid) if name.as_bytes().get(36) == Some(&b'.') => {
            Some((ooid, Part::Further(&name[37..])))
        }
        _ => Some((name, Part::Dump)),
    }
}

fn is_ooid(text: &str) -> bool {
    text.parse::<Ooid>().is_ok()
}

/// What other programs are still writing, and what they keep for themselves.
fn is_hidden(name: &str) -> bool {
    name.is_empty() || name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    #[test]
    fn a_pair_has_any_name() {
        assert_eq!(part_of("a.b.json"), Some(("a.b", Part::Metadata)));
        assert_eq!(part_of("a.b.dump"), Some(("a.b", Part::Dump)));
    }

    #[test]
    fn an_export_has_further_dumps_and_processed_data() {
        let file = |rest: &str| format!("{OOID}.{rest}");
        assert_eq!(part_of(&file("dump")), Some((OOID, Part::Dump)));
        assert_eq!(part_of(&file("json")), Some((OOID, Part::Metadata)));
        assert_eq!(part_of(&file("plugin.dump")), Some((OOID, Part::Further("plugin"))));
        assert_eq!(part_of(&file("processed.json")), None);
    }

    #[test]
    fn other_files_belong_to_no_crash() {
        for file in ["README", "a.txt", ".json", ".dump", ".a.json", "json", ""] {
            assert_eq!(part_of(file), None, "{file}");
        }
    }
}
