//! The names of frames: what a signature shows of each.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use crate::crash::{Frame, Inline};
use crate::explanation::NameSource;
use crate::lists::Lists;
use crate::python::{self, NONE};
use crate::text::{collapse, without_return_type};

/// What names a frame, by falling preference; a frame and each of its inlined functions is one.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u64>,
    module: Option<&'a str>,
    offset: Option<&'a str>,
    unloaded_module: Option<&'a str>,
}

/// Returns the places of frames: each frame's inlined functions, then the frame.
pub(crate) fn places<'a>(frames: &'a [Frame<'a>]) -> impl Iterator<Item = Place<'a>> {
    frames.iter().flat_map(|frame| {
        let inlines = frame.inlines.iter().map(|inline| Place::inlined(inline, frame));
        inlines.chain([Place::framed(frame)])
    })
}

impl<'a> Place<'a> {
    fn framed(frame: &Frame<'a>) -> Self {
        Self {
            function: frame.function,
            file: frame.file,
            line: frame.line,
            module: frame.module,
            offset: frame.offset,
            unloaded_module: frame.unloaded_modules.first().copied(),
        }
    }

    fn inlined(inline: &Inline<'a>, frame: &Frame<'a>) -> Self {
        Self {
            function: inline.function,
            file: inline.file,
            line: inline.line,
            module: frame.module,
            offset: frame.offset,
            unloaded_module: None,
        }
    }

    /// Returns the place's name and what it is made of; an empty one says nothing.
    pub(crate) fn name(&self, is_windows: bool, lists: &Lists) -> (String, NameSource) {
        fn filled(text: Option<&str>) -> Option<&str> {
            text.filter(|text| !text.is_empty())
        }
        let source_file = self.file.and_then(source_path);
        if let Some(function) = filled(self.function) {
            if source_file.is_some_and(|path| path.strip_suffix(".rs").is_some()) {
                let function = with_its_module(source_file, function);
                return (rust(&function, self.line, lists), NameSource::RustFunction);
            }
            let function = with_its_module(source_file, function);
            return (cpp(&function, self.line, lists), NameSource::Function);
        }
        if let (Some(file), Some(line @ 1..)) = (filled(self.file), self.line) {
            let file = file.trim_end_matches(['/', '\\']);
            let separator = if file.contains('\\') { '\\' } else { '/' };
            let name = file.rsplit(separator).next().unwrap_or_default();
            return (format!("{name}#{line}"), NameSource::Line);
        }
        if let Some(module) = filled(self.module) {
            let name = module.trim_matches(['[', ']']);
            let name = if is_windows { name.to_lowercase() } else { name.to_owned() };
            return (name, NameSource::Module);
        }
        if let Some(module) = self.unloaded_module {
            return (format!("(unloaded {module})"), NameSource::UnloadedModule);
        }
        match filled(self.offset) {
            Some(offset) => (format!("@{}", without_zeros(offset)), NameSource::Address),
            None => (String::new(), NameSource::Nothing),
        }
    }
}

/// A Rust function's name, without return type, types, arguments and hash.
fn rust(function: &str, line: Option<u64>, lists: &Lists) -> String {
    let name = without_return_type(function).unwrap_or_default();
    let name = collapse(name, ('<', '>'), "<T>", &[" as "]);
    let name = collapse(&name, ('(', ')'), "", &[]);
    let name = spaced(&with_line(name, line, lists));
    without_hash(&name)
}

/// A function's name in C or C++, without return type, qualifiers, types, arguments and labels.
fn cpp(function: &str, line: Option<u64>, lists: &Lists) -> String {
    let mut name = function;
    for qualifier in ["const", "const&", "const &", "&&", "&"] {
        if let Some(rest) = name.strip_suffix(qualifier) {
            name = python::strip(rest);
        }
    }
    // An operator's name may have spaces and brackets of its own.
    if !name.contains("::operator") {
        name = without_return_type(name).unwrap_or_default();
    }
    let name = name.replace("`anonymous namespace'", "(anonymous namespace)");
    let name = without_lambda_numbers(&name);
    let name = collapse(&name, ('<', '>'), "<T>", &["name omitted", "IPC::ParamTraits", " in "]);
    let mut name = collapse(&name, ('(', ')'), "", &["anonymous namespace", "operator"]);
    // The label of a block that is rarely run.
    if name.contains("clone .cold") {
        name = collapse(&name, ('[', ']'), "", &[]);
    }
    spaced(&with_line(name, line, lists))
}

/// With `$` instead of the `$_12` that names a lambda by its number in the file.
fn without_lambda_numbers(name: &str) -> String {
    const BEFORE: &str = "::$_";
    let mut short = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(BEFORE) {
        let number = &rest[at + BEFORE.len()..];
        let after = number.trim_start_matches(|c: char| c.is_ascii_digit());
        short.push_str(&rest[..at]);
        if after.len() < number.len() && after.starts_with("::") {
            short.push_str("::$::");
            rest = &after[2..];
        } else {
            short.push_str(BEFORE);
            rest = number;
        }
    }
    short + rest
}

fn with_line(name: String, line: Option<u64>, lists: &Lists) -> String {
    if !lists.shows_line(&name) {
        return name;
    }
    let line = line.map_or_else(|| NONE.to_owned(), |line| line.to_string());
    format!("{name}:{line}")
}

/// Without a space before `*`, `&` and `,`; then with one after each comma.
fn spaced(name: &str) -> String {
    fn next_is(chars: &mut Peekable<Chars<'_>>, wanted: &[char]) -> bool {
        chars.peek().is_some_and(|next| wanted.contains(next))
    }
    let mut close = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if c != ' ' || !next_is(&mut chars, &['*', '&', ',']) {
            close.push(c);
        }
    }
    let mut spaced = String::with_capacity(close.len());
    let mut chars = close.chars().peekable();
    while let Some(c) = chars.next() {
        spaced.push(c);
        if c == ',' && !next_is(&mut chars, &[' ']) {
            spaced.push(' ');
        }
    }
    spaced
}

/// Without the `::h0123456789abcdef` that makes a Rust function's name unique.
fn without_hash(name: &str) -> String {
    let (line, end) = name.strip_suffix('\n').map_or((name, ""), |line| (line, "\n"));
    let rest = line.trim_end_matches(|c: char| c.is_ascii_hexdigit());
    match rest.strip_suffix("::h") {
        Some(short) if rest.len() < line.len() => format!("{short}{end}"),
        _ => name.to_owned(),
    }
}

/// The path of a source file in a repository or on a disk; `None` if it is neither.
fn source_path(file: &str) -> Option<&str> {
    let parts: Vec<_> = file.splitn(5, ':').collect();
    match parts[..] {
        // In a repository or a bucket (kind, root, path, revision), or on a drive of Windows.
        [_, _, path, _] | [_, path] => Some(path),
        _ => Some(file).filter(|file| file.starts_with('/')),
    }
}

/// Functions of Rust 1.34's library that its symbols show without the module.
const WITHOUT_MODULE: [(&str, &str, &[&str]); 5] = [
    ("src/liballoc/raw_vec.rs", "alloc::raw_vec", &["capacity_overflow"]),
    ("src/libcore/option.rs", "core::option", &["expect_failed"]),
    ("src/libcore/panicking.rs", "core::panicking", &["panic", "panic_bounds_check", "panic_fmt"]),
    ("src/libcore/slice/mod.rs", "core::slice", &["slice_index_order_fail"]),
    (
        "src/libstd/panicking.rs",
        "std::panicking",
        &["begin_panic_fmt", "continue_panic_fmt", "rust_panic_with_hook"],
    ),
];

fn with_its_module<'a>(path: Option<&str>, function: &'a str) -> Cow<'a, str> {
    let known = WITHOUT_MODULE
        .iter()
        .find(|(file, _, functions)| path == Some(file) && functions.contains(&function));
    match known {
        Some((_, module, _)) => format!("{module}::{function}").into(),
        None => function.into(),
    }
}

/// An address without zeros at the front, if it is hexadecimal.
fn without_zeros(address: &str) -> String {
    let text = python::strip(address);
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return address.to_owned();
    }
    let short = digits.trim_start_matches('0').to_ascii_lowercase();
    format!("0x{}", if short.is_empty() { "0" } else { &short })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_without_what_differs_between_builds() {
        let lists = Lists::built_in();
        for (function, name) in [
            ("void * f<int>::g(char const *,int) const &", "f<T>::g"),
            ("a::`anonymous namespace'::b(int)", "a::(anonymous namespace)::b"),
            ("a::$_12::operator()(int)", "a::$::operator()"),
            ("f(int) [clone .cold.3]", "f "),
            ("bool operator==<a,b>(int)", "operator==<T>"),
            ("IPC::ParamTraits<a>::Write(int)", "IPC::ParamTraits<a>::Write"),
            ("<unknown in x.dll>", "<unknown in x.dll>"),
            ("const", ""),
        ] {
            assert_eq!(cpp(function, None, &lists), name, "{function}");
        }
        assert_eq!(cpp("js_Interpret(int)", Some(7), &lists), "js_Interpret:7");
        let name = rust("<a::B<C> as d::E>::f(x) -> y::h0123abcdef", None, &lists);
        assert_eq!(name, "y");
        assert_eq!(
            rust("<a::B<C> as d::E<F>>::f::h0123ab", None, &lists),
            "<a::B<C> as d::E<F>>::f"
        );
        assert_eq!(rust("a::b<c>::d::h0", None, &lists), "a::b<T>::d");
    }

    #[test]
    fn a_place_without_function_is_named_by_what_is_known() {
        let nowhere = Place {
            function: None,
            file: None,
            line: None,
            module: None,
            offset: None,
            unloaded_module: None,
        };
        let lists = Lists::default();
        let name = |place: Place<'_>| place.name(true, &lists).0;
        assert_eq!(name(nowhere.clone()), "");
        assert_eq!(name(Place { offset: Some("0x000A0"), ..nowhere.clone() }), "@0xa0");
        assert_eq!(name(Place { unloaded_module: Some("a"), ..nowhere.clone() }), "(unloaded a)");
        assert_eq!(name(Place { module: Some("[A.dll]"), ..nowhere.clone() }), "a.dll");
        let line = Place { file: Some("c:\\d\\e.c\\"), line: Some(3), ..nowhere.clone() };
        assert_eq!(name(line.clone()), "e.c#3");
        assert_eq!(name(Place { function: Some("f"), ..line }), "f");
        let panic = Place { function: Some("panic_fmt"), ..nowhere };
        let panic = Place { file: Some("git:x:src/libcore/panicking.rs:1"), ..panic };
        assert_eq!(name(panic), "core::panicking::panic_fmt");
    }
}
