//! A signature, and how it came about.

use serde::Serialize;

use crate::explanation::{Rule, Step};

/// A signature and how it came about.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Signature {
    #[serde(rename = "signature")]
    text: String,
    #[serde(rename = "proto_signature")]
    all_names: Option<String>,
    steps: Vec<Step>,
}

impl Signature {
    /// Returns the signature: at most [`MAX_LENGTH`](crate::MAX_LENGTH) characters, in one line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the names of all frames that were looked at, joined by ` | `, of any length.
    ///
    /// `None` for a Java crash and for a thread without frames.
    pub fn proto_signature(&self) -> Option<&str> {
        self.all_names.as_deref()
    }

    /// Returns how the signature came about.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns what is worth keeping beside the signature, each with the rule that says so.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.steps.iter().filter(|step| matches!(step, Step::Note { .. })).map(Step::to_string)
    }

    pub(crate) fn change(&mut self, rule: Rule, after: String) {
        let before = std::mem::replace(&mut self.text, after.clone());
        self.steps.push(Step::Change { rule, before, after });
    }

    pub(crate) fn note(&mut self, rule: Rule, text: impl Into<String>) {
        self.steps.push(Step::Note { rule, text: text.into() });
    }

    pub(crate) fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub(crate) fn set_proto_signature(&mut self, names: &[String]) {
        self.all_names = Some(names.join(SEPARATOR));
    }
}

/// What stands between the parts of a signature.
pub(crate) const SEPARATOR: &str = " | ";
