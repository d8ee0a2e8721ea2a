//! The processor: a raw crash in, a processed one out.

use serde_json::{Map, Value, json};
use socorro_hbase_client::{
    ProcessedCrash, ProcessedError, SubmittedTimestamp, time::OffsetDateTime,
};
use socorro_signature::{Crash, Generator, Lists};

use crate::limits::Limits;
use crate::protocol::{Outcome, Walked};
use crate::raw::RawCrash;
use crate::symbols::{SymbolError, SymbolSources, SymbolTally};
use crate::{child, fields, shorten};

/// Processes crashes, one after the other or several at once.
#[derive(Clone, Debug)]
pub struct Processor {
    symbols: SymbolSources,
    limits: Limits,
    generator: Generator,
}

/// A crash that is processed, with or without success.
#[derive(Clone, Debug)]
pub struct Processed {
    crash: ProcessedCrash,
    success: bool,
    symbols: SymbolTally,
}

impl Processor {
    /// Processes with the symbols of these sources, within these limits.
    ///
    /// # Errors
    ///
    /// If a folder of symbols doesn't exist, or a server's address can't be used.
    pub fn new(symbols: SymbolSources, limits: Limits) -> Result<Self, SymbolError> {
        symbols.prepare()?;
        Ok(Self { symbols, limits, generator: Generator::new(Lists::built_in()) })
    }

    /// Makes signatures with other lists than those that are built in.
    pub fn with_lists(mut self, lists: Lists) -> Self {
        self.generator = Generator::new(lists);
        self
    }

    /// Processes a crash as one that can't be: without success, and with a note that says why.
    ///
    /// For crashes that end the programs that process them. Their dumps aren't looked at, and the metadata
    /// only if there is some: who suspects that too leaves it out.
    ///
    /// # Errors
    ///
    /// As [`process`](Self::process).
    pub fn give_up(&self, raw: &RawCrash, note: &str) -> Result<Processed, ProcessedError> {
        let mut draft = Draft::new();
        draft.notes.push(note.to_owned());
        if raw.metadata().is_some() {
            draft.read_metadata(raw);
        }
        let own = Dump { status: Some("GivenUp".to_owned()), ..Dump::default() };
        let crash = self.finish(raw, draft, own, false)?;
        Ok(Processed { crash, success: false, symbols: SymbolTally::default() })
    }

    /// Processes a crash. What can't be processed is noted in the result.
    ///
    /// Takes [`Limits::time`] for each dump at most; twice that if a dump can't be walked with its
    /// symbols.
    ///
    /// # Errors
    ///
    /// If the result can't be stored, which no crash is known to cause.
    pub fn process(&self, raw: &RawCrash) -> Result<Processed, ProcessedError> {
        let mut draft = Draft::new();
        let mut tally = SymbolTally::default();
        draft.read_metadata(raw);
        let own = match raw.own_dump() {
            Some(dump) => self.walk(dump, &mut draft.notes, &mut tally),
            None => {
                draft.notes.push("the crash has no dump".to_owned());
                Dump::default()
            }
        };
        for (name, dump) in raw.further_dumps() {
            let mut further = Vec::new();
            let dump = self.walk(dump, &mut further, &mut tally);
            draft.notes.extend(further.into_iter().map(|note| format!("{name}: {note}")));
            draft.further.push(name.to_string());
            let dump = json!({
                "json_dump": dump.json, "mdsw_status_string": dump.status, "success": dump.success,
            });
            draft.fields.insert(name.to_string(), dump);
        }
        // A crash of Java's has a stack without a dump.
        let is_java = ["java_stack_trace", "java_exception"]
            .iter()
            .any(|name| draft.fields.contains_key(*name));
        let success = own.success || (raw.own_dump().is_none() && is_java);
        let crash = self.finish(raw, draft, own, success)?;
        Ok(Processed { crash, success, symbols: tally })
    }

    /// Adds what is known in the end, and makes it fit.
    fn finish(
        &self,
        raw: &RawCrash,
        draft: Draft,
        own: Dump,
        success: bool,
    ) -> Result<ProcessedCrash, ProcessedError> {
        let Draft { started, mut fields, mut notes, further } = draft;
        fields::of_dump(&own.json, &mut fields);
        for (name, value) in [
            ("additional_minidumps", json!(further)),
            ("mdsw_status_string", json!(own.status)),
            ("success", json!(success)),
            ("uuid", json!(raw.id().to_string())),
            ("startedDateTime", json!(started)),
            ("date_processed", json!(started)),
            ("json_dump", own.json),
        ] {
            fields.insert(name.into(), value);
        }
        self.sign(&mut fields, &mut notes);
        fields.insert("completeddatetime".into(), json!(now()));
        shorten::fit(fields, notes, self.limits.cell)
    }

    /// Walks a dump, and notes what went wrong.
    fn walk(&self, dump: &[u8], notes: &mut Vec<String>, tally: &mut SymbolTally) -> Dump {
        if dump.is_empty() {
            notes.push("the minidump is empty".to_owned());
            return Dump { status: Some("EmptyMinidump".to_owned()), ..Dump::default() };
        }
        match child::walk(dump, &self.symbols, &self.limits) {
            Outcome::Walked(Walked { json_dump, notes: more, symbols }) => {
                notes.extend(more);
                tally.add(symbols);
                let success = !fields::crashing_frames(&json_dump).is_empty();
                if !success {
                    notes.push("the minidump has no stack".to_owned());
                }
                Dump { json: json_dump, status: Some("OK".to_owned()), success }
            }
            Outcome::Failed { note, status } => {
                notes.push(note);
                Dump { status: Some(status), ..Dump::default() }
            }
        }
    }

    fn sign(&self, fields: &mut Map<String, Value>, notes: &mut Vec<String>) {
        let processed = Value::Object(std::mem::take(fields));
        let signature = self.generator.generate(&Crash::from_processed(&processed));
        if let Value::Object(all) = processed {
            *fields = all;
        }
        notes.extend(signature.notes());
        fields.insert("signature".into(), json!(signature.text()));
        fields.insert("proto_signature".into(), json!(signature.proto_signature()));
    }
}

impl Processed {
    /// Returns the crash as it is stored.
    pub fn crash(&self) -> &ProcessedCrash {
        &self.crash
    }

    /// Returns whether the crash has a stack; if it hasn't, its notes say why.
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// Returns how the search for symbols went.
    pub fn symbols(&self) -> SymbolTally {
        self.symbols
    }
}

/// A processed crash while it is made.
struct Draft {
    started: String,
    fields: Map<String, Value>,
    notes: Vec<String>,
    /// The names of further dumps.
    further: Vec<String>,
}

impl Draft {
    fn new() -> Self {
        Self { started: now(), fields: Map::new(), notes: Vec::new(), further: Vec::new() }
    }

    fn read_metadata(&mut self, raw: &RawCrash) {
        fields::of_metadata(raw.metadata(), &mut self.fields, &mut self.notes);
    }
}

/// What came of a dump.
#[derive(Default)]
struct Dump {
    json: Value,
    status: Option<String>,
    success: bool,
}

fn now() -> String {
    SubmittedTimestamp::from(OffsetDateTime::now_utc()).as_str().to_owned()
}
