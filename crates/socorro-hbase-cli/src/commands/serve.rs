//! `serve`: the embedded store as a server for other programs.
//!
//! For several programs on one folder. What is answered is left to mini-hbase.

use anyhow::{Context, Result};
use serde_json::json;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    args::{Common, Serve},
    failure::WrongCommandLine,
    output,
    settings::Settings,
    store,
    text::json_line,
};

/// Ends at the first SIGINT or SIGTERM, which is how a server is meant to end.
pub(super) fn serve(arguments: Serve, common: &Common) -> Result<()> {
    if common.server.is_some() {
        let message =
            "what is served is the program's own store: name it with --store, not --server";
        return Err(WrongCommandLine(message.to_owned()).into());
    }
    // Before the start, so that no signal in between is lost.
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("can't wait for signals")?;
    let settings = Settings::load(common.config.clone())?;
    let folder = settings.store(common.store.clone())?.value;
    let server = store::start(&folder, Some(arguments.listen))?;
    let url = server.url();
    if common.json {
        output::print(json_line(&json!({"url": url})).as_bytes())?;
    } else {
        output::print_line(&url)?;
    }
    output::say(&format!("serving {}; Ctrl-C stops", server.folder().display()));
    signals.forever().next();
    server.stop();
    output::say("stopped; everything that was acknowledged is kept");
    Ok(())
}
