//! Puts symbol files into a folder, where the processor looks for them.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::place;

/// Reports why a symbol file can't be added.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SymbolAddError {
    /// The file doesn't begin as a symbol file does.
    #[error(
        "{} is no symbol file: its first line isn't \"MODULE <os> <cpu> <id> <name>\"",
        .0.display()
    )]
    NoSymbols(PathBuf),
    /// The module has a name or an id that can't be part of a path.
    #[error("{} is of a module whose name or id can't be part of a path: {name:?}, {id:?}", .path.display())]
    OddModule {
        /// The symbol file.
        path: PathBuf,
        /// The module's name.
        name: String,
        /// The module's id.
        id: String,
    },
    /// A file can't be read or written.
    #[error("{} can't be copied into {}", .path.display(), .folder.display())]
    Io {
        /// The symbol file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

/// Copies a symbol file to where it belongs in a folder, and returns that place.
///
/// The file's first line says which module it is of. A file that is there already is replaced as a
/// whole; a folder that isn't there is made.
///
/// # Errors
///
/// If the file is no symbol file, or can't be read or written.
pub fn add_symbol_file(folder: &Path, file: &Path) -> Result<PathBuf, SymbolAddError> {
    /// More than any name and id need.
    const LONGEST_LINE: u64 = 4096;

    let failed = |source| {
        let (path, folder) = (file.to_owned(), folder.to_owned());
        SymbolAddError::Io { path, folder, source }
    };
    let mut input = BufReader::new(File::open(file).map_err(failed)?);
    let mut line = Vec::new();
    input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
    let text = String::from_utf8_lossy(&line);
    let mut words = text.trim_end_matches(['\r', '\n']).splitn(5, ' ');
    let (Some("MODULE"), Some(_), Some(_), Some(id), Some(name)) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Err(SymbolAddError::NoSymbols(file.to_owned()));
    };
    let Some(target) = place(folder, name, id) else {
        let (path, name, id) = (file.to_owned(), name.to_owned(), id.to_owned());
        return Err(SymbolAddError::OddModule { path, name, id });
    };
    let target_folder = target.parent().unwrap_or(folder);
    let copy = || {
        fs::create_dir_all(target_folder)?;
        let mut copy = tempfile::NamedTempFile::new_in(target_folder)?;
        io::copy(&mut line.chain(input), copy.as_file_mut())?;
        copy.persist(&target)?;
        Ok(())
    };
    copy().map_err(failed)?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_where_the_processor_looks() {
        let folder = tempfile::tempdir().unwrap();
        let add = |text: &str| {
            let file = folder.path().join("some.sym");
            fs::write(&file, text).unwrap();
            add_symbol_file(&folder.path().join("symbols"), &file)
        };
        let text = "MODULE windows x86 ABC1 my app.pdb\nFUNC 1 2 3 f\n";
        let target = add(text).unwrap();
        assert!(target.ends_with("symbols/my app.pdb/ABC1/my app.sym"), "{target:?}");
        assert_eq!(fs::read_to_string(&target).unwrap(), text);
        let linux = add("MODULE Linux x86_64 ABC0 lib.so\n").unwrap();
        assert!(linux.ends_with("symbols/lib.so/ABC0/lib.so.sym"), "{linux:?}");
        assert!(matches!(add("FUNC 1 2 3 f\n"), Err(SymbolAddError::NoSymbols(_))));
        for odd in ["MODULE Linux x86 ABC0 ..\n", "MODULE Linux x86 A/B x\n", "MODULE a b c a/b\n"]
        {
            assert!(matches!(add(odd), Err(SymbolAddError::OddModule { .. })), "{odd}");
        }
    }
}
