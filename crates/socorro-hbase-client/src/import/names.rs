//! What the name of a file says: which crash it belongs to, and as what.

use std::borrow::Cow;

use uuid::Uuid;

use crate::model::Ooid;

/// What a file is to its crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Metadata,
    /// The metadata as Firefox and Electron keep it.
    Extra,
    /// What Crashpad keeps for itself.
    CrashpadState,
    Dump,
    /// The same, as most crash reporters call it.
    Minidump,
    /// A further dump, with the part of the file's name that names it.
    Further(String),
    Processed,
    State,
}

/// The crash's name and the part of it that a file is; `None` for a file that is none.
///
/// `NAME.json` and `NAME.dump`; `NAME.extra` or `NAME.meta` and `NAME.dmp`; as an export has them
/// `NAME.processed.json` and `NAME.state.json`, and `NAME.FURTHER.dump` if NAME is an ooid or the dump is
/// named as crash reporters name one; as Firefox has one, `UUID-FURTHER.dmp`.
pub(super) fn part_of(file: &str) -> Option<(&str, Part)> {
    let (name, part) = [
        (".json", Part::Metadata),
        (".extra", Part::Extra),
        (".meta", Part::CrashpadState),
        (".dump", Part::Dump),
        (".dmp", Part::Minidump),
    ]
    .into_iter()
    .find_map(|(ending, part)| Some((file.strip_suffix(ending)?, part)))?;
    // What other programs are still writing, and what they keep for themselves.
    if name.is_empty() || name.starts_with('.') {
        return None;
    }
    let (id, rest) = name.split_once('.').unwrap_or((name, ""));
    Some(match (&part, rest) {
        (Part::Metadata, "processed") => (id, Part::Processed),
        (Part::Metadata, "state") => (id, Part::State),
        (Part::Dump, "") => (name, part),
        (Part::Minidump, "") => of_firefox(name).unwrap_or((name, part)),
        (Part::Dump | Part::Minidump, further)
            if ooid_of(id).is_some() || further.starts_with("upload_file_minidump") =>
        {
            (id, Part::Further(further.to_owned()))
        }
        _ => (name, part),
    })
}

/// The dump of another process that came with the crash. Of a `.dump`, the whole name is the crash's: another
/// program may have named one so.
fn of_firefox(name: &str) -> Option<(&str, Part)> {
    let (uuid, further) = (name.get(..UUID)?, name.get(UUID..)?.strip_prefix('-')?);
    Uuid::parse_str(uuid).ok()?;
    Some((uuid, Part::Further(format!("upload_file_minidump_{further}"))))
}

/// The length of a UUID.
const UUID: usize = 36;

/// The ooid that is a file's name without its ending: with the `bp-` that crash reporters show, and in
/// upper case too.
pub(super) fn ooid_of(name: &str) -> Option<Ooid> {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("bp-").unwrap_or(&name).parse().ok()
}

/// A name of bytes as text: bytes that are none are escaped.
pub(super) fn text_of(name: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(name) {
        Ok(text) => text.into(),
        Err(_) => name.escape_ascii().to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OOID: &str = "6d8a2b4e-9c1f-4e57-8b3a-0f2c42120508";

    #[test]
    fn a_pair_has_any_name() {
        assert_eq!(part_of("a.b.json"), Some(("a.b", Part::Metadata)));
        assert_eq!(part_of("a.b.dump"), Some(("a.b", Part::Dump)));
        assert_eq!(part_of("a.dmp"), Some(("a", Part::Minidump)));
        assert_eq!(part_of("a.extra"), Some(("a", Part::Extra)));
        assert_eq!(part_of("a.meta"), Some(("a", Part::CrashpadState)));
    }

    #[test]
    fn an_export_has_further_dumps_processed_data_and_a_state() {
        let file = |rest: &str| format!("{OOID}.{rest}");
        assert_eq!(part_of(&file("dump")), Some((OOID, Part::Dump)));
        assert_eq!(part_of(&file("json")), Some((OOID, Part::Metadata)));
        assert_eq!(part_of(&file("a%2Eb.dump")), Some((OOID, Part::Further("a%2Eb".into()))));
        assert_eq!(part_of(&file("processed.json")), Some((OOID, Part::Processed)));
        assert_eq!(part_of("x.state.json"), Some(("x", Part::State)));
        let further = Part::Further("upload_file_minidump_browser".into());
        assert_eq!(part_of("x.upload_file_minidump_browser.dump"), Some(("x", further.clone())));
        assert_eq!(part_of(&format!("{OOID}-browser.dmp")), Some((OOID, further)));
        assert_eq!(part_of("a-browser.dmp"), Some(("a-browser", Part::Minidump)));
        // The own dump of a crash that another program named so, as an export has it.
        let name = format!("{OOID}-browser");
        assert_eq!(part_of(&format!("{name}.dump")), Some((&*name, Part::Dump)));
    }

    #[test]
    fn an_ooid_is_read_as_reporters_and_people_write_it() {
        let ooid = OOID.parse().ok();
        assert_eq!(ooid_of(OOID), ooid);
        assert_eq!(ooid_of(&format!("bp-{OOID}")), ooid);
        assert_eq!(ooid_of(&OOID.to_uppercase()), ooid);
        assert_eq!(ooid_of("bp-1"), None);
    }

    #[test]
    fn other_files_belong_to_no_crash() {
        for file in ["README", "a.txt", ".json", ".dump", ".a.json", "json", ""] {
            assert_eq!(part_of(file), None, "{file}");
        }
    }
}
