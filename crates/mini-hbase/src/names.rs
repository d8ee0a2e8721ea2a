//! What may be a table's, family's or row's name, and in which namespace a table is.
//!
//! The rules are HBase's: `TableName`, `ColumnFamilyDescriptorBuilder`, `Mutation.checkRow`.

use crate::model::{DEFAULT_NAMESPACE, Error, Result, SYSTEM_NAMESPACE, show};

const MAX_ROW: usize = i16::MAX as usize;

/// The plain name of a table: without its namespace, where that is the default one.
pub(crate) fn table(bytes: &[u8]) -> Result<String> {
    let illegal = |why: &str| Error::Illegal(format!("{why}: {}", show(bytes)));
    let name = std::str::from_utf8(bytes).map_err(|_| illegal("Illegal character in a name"))?;
    let (namespace, plain) = name.split_once(':').unwrap_or((DEFAULT_NAMESPACE, name));
    if plain.is_empty() || namespace.is_empty() {
        return Err(illegal("Name is null or empty"));
    }
    if plain.starts_with(['.', '-']) {
        return Err(illegal("A name can't begin with '.' or '-'"));
    }
    if !plain.chars().all(|c| is_word(c) || matches!(c, '-' | '.')) || !is_namespace(namespace) {
        return Err(illegal("Illegal character in a name"));
    }
    if namespace == DEFAULT_NAMESPACE {
        return Ok(plain.to_owned());
    }
    Ok(name.to_owned())
}

/// A table's namespace, and its name in it, of its plain name.
pub(crate) fn divide(plain: &str) -> (&str, &str) {
    plain.split_once(':').unwrap_or((DEFAULT_NAMESPACE, plain))
}

/// Whether a namespace may have this name.
pub(crate) fn is_namespace(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Checks that the namespace of a table that is to be created exists.
pub(crate) fn check_namespace(table: &str, is_there: impl Fn(&str) -> bool) -> Result<()> {
    match table.split_once(':') {
        Some((SYSTEM_NAMESPACE, _)) => {
            Err(Error::DoNotRetry(format!("{table} is in the system's namespace")))
        }
        Some((namespace, _)) if is_there(namespace) => Ok(()),
        Some((namespace, _)) => Err(Error::NamespaceNotFound(namespace.to_owned())),
        None => Ok(()),
    }
}

/// A new family's name.
pub(crate) fn check_family(name: &[u8]) -> Result<()> {
    let printable = |byte: &u8| !byte.is_ascii_control() && !matches!(byte, b':' | b'/' | b'\\');
    if name.starts_with(b".") || !name.iter().all(printable) {
        return Err(Error::Illegal(format!("Illegal family name: {}", show(name))));
    }
    if name == b"recovered.edits" {
        return Err(Error::Illegal("Family name cannot be: recovered.edits".to_owned()));
    }
    Ok(())
}

/// A row's key, for reads and writes alike.
pub(crate) fn check_row(row: &[u8]) -> Result<()> {
    match row.len() {
        0 => Err(Error::Illegal("Row length is 0".to_owned())),
        len if len > MAX_ROW => Err(Error::Illegal(format!("Row length {len} is > {MAX_ROW}"))),
        _ => Ok(()),
    }
}

/// A write's own time.
pub(crate) fn check_time(timestamp: Option<i64>) -> Result<()> {
    match timestamp {
        Some(time) if time < 0 => {
            Err(Error::Illegal(format!("Timestamp cannot be negative. ts={time}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_namespace_is_left_out() {
        assert_eq!(table(b"t").unwrap(), "t");
        assert_eq!(table(b"default:t").unwrap(), "t");
        assert_eq!(table(b"ns:t").unwrap(), "ns:t");
    }

    #[test]
    fn other_names_are_illegal() {
        for name in [&b""[..], b"a b", b"-a", b".a", b"a:b:c", b":a", b"a:", b"n-s:t", b"\xff"] {
            assert!(matches!(table(name), Err(Error::Illegal(_))), "{}", show(name));
        }
    }

    #[test]
    fn a_row_has_a_key_of_at_most_32767_bytes() {
        assert!(check_row(b"").is_err());
        assert!(check_row(&vec![0; 32_767]).is_ok());
        assert!(check_row(&vec![0; 32_768]).is_err());
    }
}
