//! This program's own symbols as a file of Breakpad's, as a build leaves for its crash reports.
//!
//! For names in the stacks of the demo's crashes. Only functions: where one ends is known, how its
//! frame is unwound is not.

use std::{env, fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol, SymbolKind};
use serde_json::Value;

use crate::output;

/// Writes the file where a processor looks for it: by the name and the id that a dump has of this
/// program.
pub(super) fn write(folder: &Path, state: &Value) -> Result<()> {
    let program = env::current_exe().context("this program can't be found")?;
    let name = program.file_name().map(|name| name.to_string_lossy().into_owned());
    let modules = state["modules"].as_array().context("the minidump has no modules")?;
    let module = modules
        .iter()
        .find(|module| {
            module["filename"].as_str().is_some_and(|file| Some(file) == name.as_deref())
        })
        .context("the minidump doesn't have this program")?;
    let text = |field: &str| module[field].as_str().context("the module has no name or no id");
    let (file, id) = (text("debug_file")?, text("debug_id")?);
    let target = folder.join(file).join(id);
    fs::create_dir_all(&target)
        .with_context(|| format!("can't make the folder {}", target.display()))?;
    let symbols = symbols_of(&program, file, id)?;
    output::write_file(&target.join(format!("{file}.sym")), symbols.as_bytes())
}

fn symbols_of(program: &Path, file: &str, id: &str) -> Result<String> {
    let bytes = fs::read(program).context("this program can't be read")?;
    let parsed = object::File::parse(bytes.as_slice()).context("this program can't be parsed")?;
    let mut text = format!("MODULE Linux {} {id} {file}\n", env::consts::ARCH);
    for symbol in parsed.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        if let (Ok(name), 1..) = (symbol.name(), symbol.size()) {
            let (at, size) = (symbol.address(), symbol.size());
            // The alternate form leaves out the hash.
            let name = format!("{:#}", rustc_demangle::demangle(name));
            writeln!(text, "FUNC {at:x} {size:x} 0 {name}")?;
        }
    }
    Ok(text)
}
