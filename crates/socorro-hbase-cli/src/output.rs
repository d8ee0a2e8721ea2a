//! Where results go: standard output, or files that are whole or absent.
//!
//! For keeping half a minidump from looking like one, and binary data off terminals. Which
//! failures are none (a closed pipe) is left to `exit`.

use std::{
    fs, io,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use tempfile::NamedTempFile;

use crate::{
    failure::WrongCommandLine,
    text::{printable, printable_lines},
};

/// Whether nothing is said but what went wrong.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on, nothing is said but what went wrong.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether what is said is logged, so that a program that reads standard error finds one form there.
static LOGGED: AtomicBool = AtomicBool::new(false);

/// From now on, what is said is logged.
pub(crate) fn log_all() {
    LOGGED.store(true, Ordering::Relaxed);
}

fn is_logged() -> bool {
    LOGGED.load(Ordering::Relaxed)
}

/// What the program is called in its log.
const PROGRAM: &str = "socorro_hbase";

/// The bar that is drawn, which messages have to stand above.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From now on, messages stand above this bar, or none.
pub(crate) fn stand_above(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes to the terminal, above the bar if there is one.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// What a failure to print begins with.
pub(crate) const NO_OUTPUT: &str = "can't write to standard output";

/// Writes to a file, or to standard output.
pub(crate) fn write(target: Option<&Path>, bytes: &[u8]) -> Result<()> {
    match target {
        Some(file) if file != Path::new("-") => write_file(file, bytes),
        _ => print(bytes),
    }
}

/// Writes text to a file, or to standard output: byte for byte, unless that is a terminal, which would
/// act on what is in it.
pub(crate) fn write_text(target: Option<&Path>, text: &[u8]) -> Result<()> {
    if target.is_none() && io::stdout().is_terminal() {
        return print(printable_lines(&String::from_utf8_lossy(text)).as_bytes());
    }
    write(target, text)
}

/// Refuses to print binary data on a terminal.
pub(crate) fn check_binary(what: &str) -> Result<(), WrongCommandLine> {
    if io::stdout().is_terminal() {
        return Err(WrongCommandLine(format!(
            "{what} is binary and would garble this terminal: write it to a file with -o FILE, or \
             pipe it to another program"
        )));
    }
    Ok(())
}

/// Prints one line.
pub(crate) fn print_line(line: &str) -> Result<()> {
    print(format!("{line}\n").as_bytes())
}

/// Prints bytes as they are.
pub(crate) fn print(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).context(NO_OUTPUT)
}

/// Prints what the command line's parser has to show, in colours on a terminal.
pub(crate) fn print_help(help: &clap::Error) -> Result<()> {
    help.print().and_then(|()| io::stdout().flush()).context(NO_OUTPUT)
}

/// Says what was done, on standard error, unless that is unwanted.
pub(crate) fn say(text: &str) {
    if is_logged() {
        tracing::info!(target: PROGRAM, "{text}");
    } else if !is_quiet() {
        complain(text);
    }
}

/// Says what went wrong, on standard error.
///
/// If it can't be said (a closed pipe, a full disk), the work and its exit code are as they are;
/// `eprintln!` would panic.
pub(crate) fn complain(text: &str) {
    if is_logged() {
        tracing::warn!(target: PROGRAM, "{text}");
        return;
    }
    let _ = aside(|| writeln!(io::stderr().lock(), "socorro-hbase: {}", printable(text)));
}

/// Says what is wrong with the command line: in colours on a terminal, unless the line has something in
/// it that a terminal would act on.
pub(crate) fn complain_of_line(error: &clap::Error) {
    let plain = error.render().to_string();
    let shown = printable_lines(&plain);
    // As for other messages, there is nothing to do if it can't be said.
    let _ = if shown == plain { error.print() } else { write!(io::stderr().lock(), "{shown}") };
}

/// Writes a file whole or not at all.
pub(crate) fn write_file(file: &Path, bytes: &[u8]) -> Result<()> {
    PendingFile::write(file, bytes)?.finish()
}

/// A file that is written, but not yet there under its name.
pub(crate) struct PendingFile {
    temporary: Option<NamedTempFile>,
    target: PathBuf,
}

impl PendingFile {
    /// Writes the bytes beside the target. A device or pipe can't be replaced: it gets them now.
    pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<Self> {
        let write = || -> io::Result<Self> {
            // A link shall keep pointing to the file that it points to.
            let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
            let replaceable = fs::metadata(&target).map_or(true, |found| found.is_file());
            let temporary = if replaceable {
                Some(write_beside(&target, bytes)?)
            } else {
                fs::OpenOptions::new().write(true).open(&target)?.write_all(bytes)?;
                None
            };
            Ok(Self { temporary, target })
        };
        write().with_context(|| cannot_write(file))
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> Result<()> {
        let Some(temporary) = self.temporary else { return Ok(()) };
        temporary.persist(&self.target).with_context(|| cannot_write(&self.target))?;
        Ok(())
    }
}

fn cannot_write(file: &Path) -> String {
    format!("can't write {}", file.display())
}

fn write_beside(target: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

#[cfg(unix)]
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;

    // What any program's new file has; temporary files are otherwise their owner's alone.
    let permissions = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().permissions(permissions).tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_file_is_written_whole() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("a.dump");
        write_file(&file, b"MDMP").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"MDMP");
    }

    #[test]
    fn a_pending_file_that_is_given_up_leaves_nothing() {
        let folder = tempdir().unwrap();
        drop(PendingFile::write(&folder.path().join("a.dump"), b"MDMP").unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_there_is_replaced() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("a.dump");
        fs::write(&file, "a longer text than the new one").unwrap();
        write_file(&file, b"MDMP").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"MDMP");
    }

    #[test]
    fn a_folder_that_is_absent_is_named() {
        let error = write_file(Path::new("no-such-folder/a.dump"), b"").unwrap_err();
        assert!(format!("{error:#}").starts_with("can't write no-such-folder/a.dump: "));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_goes_on_pointing_to_the_file() {
        let folder = tempdir().unwrap();
        let (file, link) = (folder.path().join("a.dump"), folder.path().join("latest"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_file(&link, b"MDMP").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"MDMP");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_stays_a_device() {
        write_file(Path::new("/dev/null"), b"MDMP").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
