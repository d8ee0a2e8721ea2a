//! Checks that all of what the client offers is in an example of its documentation, which compiles.
//!
//! What there is comes from the list that `interface` keeps. A method is in an example if the example
//! calls something of its name, and either names its type or is in the documentation of the file
//! where the type has its methods: names such as `get` are many types'.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{cmd, interface};

const CRATE: &str = "crates/hbase-thrift-client";

/// What needs no example, and why.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("PipelineValue", "is sealed: it says which values a pipeline's results may have"),
    ("GeneratedClient", "is the type of what a closure gets, and nobody has to name it"),
];

/// Fails with what is in no example.
pub(crate) fn check() -> Result<()> {
    let root = cmd::root().join(CRATE);
    let list = fs::read_to_string(cmd::root().join(interface::LIST))
        .with_context(|| format!("can't read {}", interface::LIST))?;
    let mut examples = Vec::new();
    for folder in ["src", "docs"] {
        collect(&root.join(folder), &mut examples)?;
    }
    let missing: Vec<_> =
        offers(&list).into_iter().filter(|offer| !offer.is_in(&examples)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = missing.iter().map(Offer::to_string).collect();
    bail!(
        "these are in no example of the documentation of {CRATE}:\n{}\nadd one to the type, or to \
         the method where an example says more than the signature; or name the reason why it needs \
         none in crates/xtask/src/examples.rs",
        missing.join("\n")
    )
}

/// A type, or a method of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    /// The module that it is in, other than the crate itself.
    module: Option<String>,
    type_name: String,
    method: Option<String>,
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.module.iter().try_for_each(|module| write!(f, "{module}::"))?;
        f.write_str(&self.type_name)?;
        self.method.iter().try_for_each(|method| write!(f, "::{method}"))
    }
}

impl Offer {
    fn is_in(&self, examples: &[Example]) -> bool {
        let is_exception = EXCEPTIONS.iter().any(|(name, _)| *name == self.type_name);
        is_exception || examples.iter().any(|example| example.has(self))
    }
}

/// The code of an example, and the types whose it may be without naming them.
#[derive(Debug, Default)]
struct Example {
    code: String,
    /// The module that it is in, by the folder of its file.
    module: Option<String>,
    types: BTreeSet<String>,
    /// The type right below it.
    documents: Option<String>,
}

impl Example {
    fn has(&self, offer: &Offer) -> bool {
        if offer.module.is_some() && self.module != offer.module {
            return false;
        }
        let names_type = self.words().any(|word| word == offer.type_name);
        match &offer.method {
            None => names_type || self.documents.as_ref() == Some(&offer.type_name),
            Some(method) => {
                (names_type || self.types.contains(&offer.type_name)) && self.calls(method)
            }
        }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_')
    }

    /// Whether something of this name is called, or named by a path.
    fn calls(&self, method: &str) -> bool {
        self.code.match_indices(method).any(|(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + method.len()..]);
            let is_path = before.ends_with("::");
            let is_call = after.starts_with('(') || after.starts_with("::<");
            let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let is_method = is_call && (before.ends_with('.') || before.ends_with("fn "));
            ends && (is_path || is_method)
        })
    }
}

/// Types and their own methods, without those of other crates' traits.
fn offers(list: &str) -> BTreeSet<Offer> {
    let mut offers = BTreeSet::new();
    let mut is_of_trait = false;
    for line in list.lines() {
        let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
        if line.starts_with("impl") {
            is_of_trait = line.contains(" for ");
        }
        let mut words = line.split_whitespace().skip(1);
        let (kind, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Some(path) = path.strip_prefix("hbase_thrift_client::") else { continue };
        let (module, path) = match path.split_once("::") {
            Some((module, path)) if module.starts_with(char::is_lowercase) => {
                (Some(module.to_owned()), path)
            }
            _ => (None, path),
        };
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
        let (type_name, rest) = path.split_at(end);
        let type_name = type_name.to_owned();
        match kind {
            "struct" | "enum" | "trait" | "type" if !rest.starts_with("::") => {
                is_of_trait = false;
                offers.insert(Offer { module, type_name, method: None });
            }
            "fn" if !is_of_trait => {
                let method = Some(method_of(rest).to_owned());
                offers.insert(Offer { module, type_name, method });
            }
            _ => {}
        }
    }
    offers
}

/// The name in what follows a type, such as `<'a>::column(&self) -> Column<'a>`.
fn method_of(rest: &str) -> &str {
    let after = rest.find("::").map_or(rest, |at| &rest[at + 2..]);
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    &after[..end]
}

fn collect(folder: &Path, examples: &mut Vec<Example>) -> Result<()> {
    let shown = folder.display();
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {shown}"))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, examples)?;
            continue;
        }
        let text = || {
            let shown = path.display();
            fs::read_to_string(&path).with_context(|| format!("can't read {shown}"))
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => {
                let module = module_of(&path);
                let found = in_code(&text()?).into_iter();
                examples.extend(found.map(|example| Example { module: module.clone(), ..example }));
            }
            Some("md") => examples.extend(in_text(text()?.lines())),
            _ => {}
        }
    }
    Ok(())
}

/// The module of a file below `src`, where it is public and has types of its own.
fn module_of(path: &Path) -> Option<String> {
    let mut folders = path.iter().map(|name| name.to_string_lossy());
    folders.find(|name| name == "src")?;
    folders.next().filter(|name| name == "aio").map(Into::into)
}

/// The examples in the comments of a file of code.
fn in_code(code: &str) -> Vec<Example> {
    let types: BTreeSet<_> = code.lines().filter_map(type_of).map(str::to_owned).collect();
    let mut examples = Vec::new();
    let mut comment = Vec::new();
    for line in code.lines().chain([""]) {
        let trimmed = line.trim_start();
        let text = trimmed.strip_prefix("///").or_else(|| trimmed.strip_prefix("//!"));
        if let Some(text) = text {
            comment.push(text.strip_prefix(' ').unwrap_or(text));
        } else if !trimmed.starts_with("#[") {
            let documents = type_of(line).map(str::to_owned);
            for example in in_text(comment.drain(..)) {
                let (types, documents) = (types.clone(), documents.clone());
                examples.push(Example { types, documents, ..example });
            }
        }
    }
    examples
}

/// The type that is declared in a line, or whose methods begin there.
fn type_of(line: &str) -> Option<&str> {
    let declared = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
    let declared = declared.iter().find_map(|start| line.strip_prefix(start));
    let rest = declared.or_else(|| {
        let rest = line.strip_prefix("impl")?;
        let is_generic = rest.starts_with('<');
        let rest = if is_generic { rest.split_once("> ")?.1 } else { rest.trim_start() };
        (!rest.contains(" for ")).then_some(rest)
    })?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// The blocks of code that are compiled.
fn in_text<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Example> {
    const NOT_COMPILED: [&str; 4] = ["text", "sh", "toml", "ignore"];
    let mut examples = Vec::new();
    let mut code: Option<(bool, String)> = None;
    for line in lines {
        match (line.trim_start().strip_prefix("```"), &mut code) {
            (Some(language), None) => {
                let is_compiled = !language.split(',').any(|word| NOT_COMPILED.contains(&word));
                code = Some((is_compiled, String::new()));
            }
            (Some(_), Some(_)) => {
                if let Some((true, code)) = code.take() {
                    examples.push(Example { code, ..Example::default() });
                }
            }
            (None, Some((_, code))) => {
                code.push_str(line);
                code.push('\n');
            }
            (None, None) => {}
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(type_name: &str, method: Option<&str>) -> Offer {
        let (module, method) = (None, method.map(str::to_owned));
        Offer { module, type_name: type_name.to_owned(), method }
    }

    #[test]
    fn everything_that_the_client_offers_is_in_an_example() {
        check().unwrap();
    }

    #[test]
    fn what_a_module_offers_needs_an_example_in_the_module() {
        let list = "pub fn hbase_thrift_client::aio::Table::get(&self)\n";
        let offers = offers(list);
        let get = Offer { module: Some("aio".to_owned()), ..offer("Table", Some("get")) };
        assert_eq!(offers, BTreeSet::from([get.clone()]));
        let example = |module: Option<&str>| Example {
            code: "Table::get".to_owned(),
            module: module.map(str::to_owned),
            ..Example::default()
        };
        assert!(get.is_in(&[example(Some("aio"))]) && !get.is_in(&[example(None)]));
        assert_eq!(module_of(Path::new("a/src/aio/table/rows.rs")).as_deref(), Some("aio"));
        assert_eq!(module_of(Path::new("a/src/api/table.rs")), None);
    }

    #[test]
    fn types_and_their_own_methods_are_offered() {
        let list = "#[non_exhaustive] pub struct hbase_thrift_client::Cell<'a>\n\
            impl<'a> hbase_thrift_client::Cell<'a>\n\
            pub fn hbase_thrift_client::Cell<'a>::column(&self) -> hbase_thrift_client::Column<'a>\n\
            impl core::clone::Clone for hbase_thrift_client::Cell<'_>\n\
            pub fn hbase_thrift_client::Cell<'a>::clone(&self) -> hbase_thrift_client::Cell<'a>\n\
            pub trait hbase_thrift_client::FromRow\n\
            pub fn hbase_thrift_client::FromRow::from_row(&hbase_thrift_client::Row) -> Self\n";
        let expected = [
            offer("Cell", None),
            offer("Cell", Some("column")),
            offer("FromRow", None),
            offer("FromRow", Some("from_row")),
        ];
        assert_eq!(offers(list), BTreeSet::from(expected));
    }

    #[test]
    fn an_example_has_what_it_calls_of_the_types_that_it_names_or_that_are_beside_it() {
        let code = "/// A row.\n///\n/// ```\n/// row.get_row();\n/// Put::new;\n/// ```\n\
            /// ```text\n/// row.other();\n/// ```\n#[derive(Clone)]\npub struct Get;\n\n\
            impl<'a> Rows<'a> {\n}\n";
        let examples = in_code(code);
        let has = |type_name, method| offer(type_name, method).is_in(&examples);
        assert!(has("Get", None) && has("Get", Some("get_row")) && has("Rows", Some("get_row")));
        assert!(has("Put", None) && has("Put", Some("new")));
        assert!(!has("Rows", None) && !has("Get", Some("other")) && !has("Scan", Some("get_row")));
        assert!(!has("Get", Some("row")) && !has("Get", Some("get")));
    }
}
