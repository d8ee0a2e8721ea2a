//! Symbols: from folders and servers, and what may be wrong with them.

use std::fs;
use std::time::Duration;

use socorro_processor::{SymbolSources, add_symbol_file};

use crate::dumps::{overflow, recursion};
use crate::server::{Server, page};
use crate::{notes, patient, process_with, tests, with_dump};

tests![
    functions_are_named_from_a_folder,
    corrupt_files_are_noted_and_counted,
    files_come_from_a_server_once,
    files_that_are_nowhere_are_remembered,
    servers_that_fail_are_noted,
];

/// The module's id in the dump that is made up.
const ID: &str = "ABABABABABABABABABABABABABABABAB1";
const PATH: &str = "app/ABABABABABABABABABABABABABABABAB1/app.sym";

fn symbol_file() -> String {
    format!(
        "MODULE Linux x86_64 {ID} app\nFILE 0 /src/app.c\nFUNC 0 20 0 top\n0 20 7 0\nFUNC 100 100 0 deep(int)\n"
    )
}

fn dump() -> Vec<u8> {
    overflow(&recursion(4096, 64), "/bin/app", 1, 1)
}

fn functions_are_named_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("any.sym");
    fs::write(&file, symbol_file()).unwrap();
    let symbols = folder.path().join("symbols");
    assert_eq!(add_symbol_file(&symbols, &file).unwrap(), symbols.join(PATH));
    let sources = SymbolSources::from_folders(vec![symbols]);
    let (processed, fields) = process_with(sources, &with_dump(&dump()), patient());
    assert_eq!(processed.crash().signature(), "top", "{}", notes(&fields));
    assert_eq!(fields["json_dump"]["threads"][0]["frames"][3]["function"], "deep(int)");
    assert_eq!(fields["topmost_filenames"], "/src/app.c");
    assert_eq!(fields["modules_in_stack"], format!("app/{ID}"));
    assert_eq!((processed.symbols().found, processed.symbols().missing), (1, 0));
}

fn corrupt_files_are_noted_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(PATH);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "no symbols at all\n").unwrap();
    let sources = SymbolSources::from_folders(vec![folder.path().to_owned()]);
    let (processed, fields) = process_with(sources, &with_dump(&dump()), patient());
    assert!(processed.is_success());
    assert_eq!(processed.symbols().corrupt, 1);
    assert!(notes(&fields).contains("a symbol file can't be read: "), "{}", notes(&fields));
}

fn files_come_from_a_server_once() {
    let server = Server::start(|path| {
        Some(match path {
            "/moved.sym" => page("200 OK", "", &symbol_file()),
            _ => page("302 Found", "Location: /moved.sym\r\n", ""),
        })
    });
    let cache = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let sources = SymbolSources::default().with_servers(vec![server.url.clone()], cache.path());
        let (processed, fields) = process_with(sources, &with_dump(&dump()), patient());
        assert_eq!(processed.crash().signature(), "top", "{}", notes(&fields));
    }
    assert_eq!(server.requests(), [format!("/{PATH}"), "/moved.sym".to_owned()]);
    assert_eq!(fs::read_to_string(cache.path().join(PATH)).unwrap(), symbol_file());
}

fn files_that_are_nowhere_are_remembered() {
    let server = Server::start(|_| Some(page("404 Not Found", "", "")));
    let cache = tempfile::tempdir().unwrap();
    let sources = SymbolSources::default().with_servers(vec![server.url.clone()], cache.path());
    for _ in 0..2 {
        let (processed, fields) = process_with(sources.clone(), &with_dump(&dump()), patient());
        assert_eq!(processed.symbols().missing, 1, "{}", notes(&fields));
        assert_eq!(fields["missing_symbols"], format!("app/None/{ID}"));
    }
    assert_eq!(server.requests().len(), 1);
    let forgetful = sources.with_missing_for(Duration::ZERO);
    process_with(forgetful, &with_dump(&dump()), patient());
    assert_eq!(server.requests().len(), 2);
}

fn servers_that_fail_are_noted() {
    let slow = Server::start(|_| None);
    let broken = Server::start(|_| Some(page("500 Internal Server Error", "", "")));
    let cut = Server::start(|_| {
        Some("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nMODULE Linux".to_owned())
    });
    let cache = tempfile::tempdir().unwrap();
    let urls = vec![slow.url, broken.url, cut.url];
    let sources = SymbolSources::default()
        .with_servers(urls, cache.path())
        .with_download_time(Duration::from_millis(300));
    let (processed, fields) = process_with(sources, &with_dump(&dump()), patient());
    assert!(processed.is_success());
    assert_eq!(processed.symbols().failed_requests, 3, "{}", notes(&fields));
    assert!(notes(&fields).contains("a symbol file can't be fetched: "), "{}", notes(&fields));
    assert!(!cache.path().join(PATH).exists());
}
