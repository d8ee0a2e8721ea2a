//! Which crashes are kept: rules, of which the first that matches decides.

mod file;

use regex::Regex;
use socorro_hbase_client::{Annotations, LegacyProcessing};

pub use file::RulesError;

/// Rules in their order; without a match a crash is accepted.
///
/// They are read from TOML. A rule has a name, a condition, and a result:
///
/// ```
/// use socorro_collector::{Rules, Throttled};
/// use socorro_hbase_client::Annotations;
///
/// let rules: Rules = r#"
///     [[rule]]
///     name = "has_comments"
///     field = "Comments"
///     present = true                  # or `equals = "..."`, or `matches = "regular expression"`
///     result = "accept"
///
///     [[rule]]
///     name = "nightly"
///     field = "ReleaseChannel"
///     equals = "nightly"
///     result = "accept"
///     percentage = 10                 # of these crashes; the others get
///     otherwise = "discard"
///
///     [[rule]]
///     name = "everything_else"        # no condition: every crash
///     result = "defer"
/// "#.parse()?;
/// let mut crash = Annotations::default();
/// crash.set("Comments", "it crashed");
/// let decision = rules.decide(&crash, 0.99);
/// assert_eq!((decision.rule(), decision.result()), (Some("has_comments"), Throttled::Accept));
/// # Ok::<(), socorro_collector::RulesError>(())
/// ```
///
/// | result | what happens to the crash |
/// |---|---|
/// | `accept` | It is stored and queued. |
/// | `defer` | It is stored, and waits in no queue of Socorro's legacy processors. |
/// | `discard` | It is dropped. |
/// | `reject` | It is dropped if the client said `Throttleable=1`, so that it understands that; else deferred. |
/// | `ignore` | It is dropped, as one of a product that isn't supported. |
///
/// A client that says `Throttleable=0` is always accepted: somebody sends that crash on purpose.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    name: String,
    condition: Condition,
    result: Throttled,
    /// Of a hundred crashes, and what the others get.
    share: Option<(f64, Throttled)>,
}

#[derive(Debug, Clone)]
enum Condition {
    Always,
    Present(String),
    Absent(String),
    Equals(String, String),
    Matches(String, Box<Regex>),
}

/// What rules do with a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Throttled {
    /// It is stored and queued.
    Accept,
    /// It is stored, and waits in no queue of Socorro's legacy processors.
    Defer,
    /// It is dropped.
    Discard,
    /// It is dropped where the client understands that, else deferred.
    Reject,
    /// It is dropped, as one of a product that isn't supported.
    Ignore,
}

/// The rule that decides, and what becomes of such crashes.
struct Verdict {
    rule: Option<String>,
    result: Throttled,
    share: Option<(f64, Throttled)>,
}

impl std::fmt::Display for Throttled {
    /// The word that rules have for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Accept => "accept",
            Self::Defer => "defer",
            Self::Discard => "discard",
            Self::Reject => "reject",
            Self::Ignore => "ignore",
        })
    }
}

/// What was decided about a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    rule: Option<String>,
    result: Throttled,
}

impl Decision {
    /// The rule that decided; `None` if no rule matched.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// What happens to the crash. [`Throttled::Reject`] doesn't occur: it has become one of the others.
    pub fn result(&self) -> Throttled {
        self.result
    }

    /// The value of `legacy_processing` of a crash that is stored; `None` if it is dropped.
    pub(crate) fn legacy_processing(&self) -> Option<LegacyProcessing> {
        match self.result {
            Throttled::Accept => Some(LegacyProcessing::Accept),
            Throttled::Defer | Throttled::Reject => Some(LegacyProcessing::Defer),
            Throttled::Discard | Throttled::Ignore => None,
        }
    }
}

impl Rules {
    /// Decides about a crash. `luck` is a random number from 0 to less than 1: below a rule's
    /// percentage, its result counts.
    pub fn decide(&self, annotations: &Annotations, luck: f64) -> Decision {
        let Verdict { rule, result, share } = self.verdict(annotations);
        let result = match share {
            Some((percentage, otherwise)) if luck * 100.0 >= percentage => otherwise,
            _ => result,
        };
        Decision { rule, result }
    }

    /// What can be decided about a crash, each decision with the percentage of such crashes that get it:
    /// one of 100, or two if the rule that decides has a percentage.
    ///
    /// ```
    /// use socorro_collector::{Rules, Throttled};
    /// use socorro_hbase_client::Annotations;
    ///
    /// let rules: Rules = r#"
    ///     [[rule]]
    ///     name = "some"
    ///     result = "accept"
    ///     percentage = 10
    ///     otherwise = "discard"
    /// "#.parse()?;
    /// let chances = rules.chances(&Annotations::default());
    /// let results: Vec<_> = chances.iter().map(|(found, share)| (found.result(), *share)).collect();
    /// assert_eq!(results, [(Throttled::Accept, 10.0), (Throttled::Discard, 90.0)]);
    /// # Ok::<(), socorro_collector::RulesError>(())
    /// ```
    pub fn chances(&self, annotations: &Annotations) -> Vec<(Decision, f64)> {
        let Verdict { rule, result, share } = self.verdict(annotations);
        let decision = |result| Decision { rule: rule.clone(), result };
        match share {
            Some((percentage, otherwise)) => {
                let both = [(result, percentage), (otherwise, 100.0 - percentage)];
                both.map(|(result, share)| (decision(result), share)).into()
            }
            None => vec![(decision(result), 100.0)],
        }
    }

    fn verdict(&self, annotations: &Annotations) -> Verdict {
        let throttleable = annotations.text("Throttleable");
        let throttleable = throttleable.as_deref().map(str::trim);
        let accepted = |rule| Verdict { rule, result: Throttled::Accept, share: None };
        if throttleable == Some("0") {
            return accepted(Some("throttleable_0".to_owned()));
        }
        let Some(rule) = self.0.iter().find(|rule| rule.condition.holds(annotations)) else {
            return accepted(None);
        };
        let understood = |result| match result {
            Throttled::Reject if throttleable == Some("1") => Throttled::Discard,
            Throttled::Reject => Throttled::Defer,
            other => other,
        };
        Verdict {
            rule: Some(rule.name.clone()),
            result: understood(rule.result),
            share: rule.share.map(|(percentage, other)| (percentage, understood(other))),
        }
    }
}

impl Condition {
    fn holds(&self, annotations: &Annotations) -> bool {
        match self {
            Self::Always => true,
            Self::Present(field) => annotations.contains(field),
            Self::Absent(field) => !annotations.contains(field),
            Self::Equals(field, value) => annotations.text(field).as_ref() == Some(value),
            Self::Matches(field, pattern) => {
                annotations.text(field).is_some_and(|text| pattern.is_match(&text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(fields: &[(&str, &str)]) -> Annotations {
        let mut annotations = Annotations::default();
        for (name, value) in fields {
            annotations.set(name, value);
        }
        annotations
    }

    fn decide(rules: &str, fields: &[(&str, &str)], luck: f64) -> (String, Throttled) {
        let decision = rules.parse::<Rules>().unwrap().decide(&crash(fields), luck);
        (decision.rule().unwrap_or_default().to_owned(), decision.result())
    }

    const RULES: &str = r#"
        [[rule]]
        name = "old"
        field = "Version"
        matches = '^[1-3]\.'
        result = "reject"
        [[rule]]
        name = "no_product"
        field = "ProductName"
        present = false
        result = "ignore"
        [[rule]]
        name = "some"
        field = "ProductName"
        equals = "Fennec"
        result = "accept"
        percentage = 25
        otherwise = "discard"
    "#;

    #[test]
    fn the_first_rule_that_matches_decides() {
        let old = ("Version", "3.6");
        let of = |fields: &[_], luck| decide(RULES, fields, luck);
        assert_eq!(of(&[old], 0.0), ("old".into(), Throttled::Defer));
        assert_eq!(of(&[old, ("Throttleable", "1")], 0.0), ("old".into(), Throttled::Discard));
        assert_eq!(of(&[("Version", "13.0")], 0.0), ("no_product".into(), Throttled::Ignore));
        assert_eq!(of(&[("ProductName", "X")], 0.0), (String::new(), Throttled::Accept));
        assert_eq!(of(&[("ProductName", "Fennec")], 0.24), ("some".into(), Throttled::Accept));
        assert_eq!(of(&[("ProductName", "Fennec")], 0.25), ("some".into(), Throttled::Discard));
    }

    #[test]
    fn a_crash_that_is_sent_on_purpose_is_accepted() {
        for fields in [&[("Version", "3.6"), ("Throttleable", "0")][..], &[("Throttleable", "0")]] {
            assert_eq!(decide(RULES, fields, 0.9).1, Throttled::Accept);
        }
    }
}
