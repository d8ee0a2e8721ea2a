//! `symbols add`: Breakpad's symbol files, where `process` looks for them.

use anyhow::Result;
use serde_json::json;
use socorro_processor::add_symbol_file;

use crate::{
    args::{Common, SymbolFiles},
    failure::WrongCommandLine,
    listing::Listing,
    settings::Settings,
};

const ADDED: &[(&str, usize)] = &[("file", 0), ("place", 0)];

pub(super) fn symbols(what: SymbolFiles, common: &Common) -> Result<()> {
    let SymbolFiles::Add { files, symbols } = what;
    let settings = Settings::load(common.config.clone())?;
    let folders = settings.symbols(symbols.into_iter().collect())?.value;
    let Some(folder) = folders.first() else {
        let message = "name the folder of symbols with --symbols, or in the settings";
        return Err(WrongCommandLine(message.to_owned()).into());
    };
    let mut listing = Listing::new(ADDED, common.json).report();
    let mut add = || -> Result<()> {
        for file in &files {
            let place = add_symbol_file(folder, file)?;
            listing.line([json!(file.to_string_lossy()), json!(place.to_string_lossy())])?;
        }
        Ok(())
    };
    let added = add();
    listing.finish()?;
    added
}
