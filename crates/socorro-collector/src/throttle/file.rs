//! Rules as they stand in a file.

use std::{collections::BTreeSet, str::FromStr};

use regex::RegexBuilder;
use serde::Deserialize;

use super::{Condition, Rule, Rules, Throttled};

/// Why rules can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The text isn't TOML, or has something that rules don't have.
    #[error("line {line} of the throttling rules: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// One rule says something that can't be meant.
    #[error("line {line} of the throttling rules: the rule {name:?} {problem}")]
    Rule {
        /// The line of the rule's name, from 1.
        line: usize,
        /// The rule's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleInFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleInFile {
    name: toml::Spanned<String>,
    field: Option<String>,
    present: Option<bool>,
    equals: Option<String>,
    matches: Option<String>,
    result: Throttled,
    percentage: Option<f64>,
    otherwise: Option<Throttled>,
}

/// What a regular expression may take, in bytes.
const LARGEST_PATTERN: usize = 1024 * 1024;

impl FromStr for Rules {
    type Err = RulesError;

    fn from_str(text: &str) -> Result<Self, RulesError> {
        let line_at =
            |place: usize| text.get(..place).unwrap_or_default().matches('\n').count() + 1;
        let file: File = toml::from_str(text).map_err(|error| RulesError::Syntax {
            line: line_at(error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        })?;
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for rule in file.rule {
            let name = rule.name.get_ref().clone();
            let line = line_at(rule.name.span().start);
            let wrong = |problem: String| RulesError::Rule { line, name: name.clone(), problem };
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(wrong("has a name of other than letters, digits and '_'".into()));
            }
            if !names.insert(name.clone()) {
                return Err(wrong("has the name of another rule".into()));
            }
            rules.push(rule.checked().map_err(wrong)?);
        }
        Ok(Self(rules))
    }
}

impl RuleInFile {
    fn checked(self) -> Result<Rule, String> {
        let conditions = [self.present.is_some(), self.equals.is_some(), self.matches.is_some()];
        let condition = match (self.field, conditions.iter().filter(|given| **given).count()) {
            (None, 0) => Condition::Always,
            (None, _) => return Err("has a condition and no field".into()),
            (Some(_), 0) => {
                return Err("has a field and none of `present`, `equals` and `matches`".into());
            }
            (Some(field), 1) => match (self.present, self.equals, self.matches) {
                (Some(true), ..) => Condition::Present(field),
                (Some(false), ..) => Condition::Absent(field),
                (None, Some(value), _) => Condition::Equals(field, value),
                (None, None, pattern) => {
                    let pattern = RegexBuilder::new(&pattern.unwrap_or_default())
                        .size_limit(LARGEST_PATTERN)
                        .build()
                        .map_err(|error| format!("has a pattern that can't be read: {error}"))?;
                    Condition::Matches(field, Box::new(pattern))
                }
            },
            (Some(_), _) => {
                return Err("has more than one of `present`, `equals` and `matches`".into());
            }
        };
        let share = match (self.percentage, self.otherwise) {
            (None, None) => None,
            (Some(share), Some(otherwise)) if (0.0..=100.0).contains(&share) => {
                Some((share, otherwise))
            }
            (Some(_), Some(_)) => return Err("has a percentage outside of 0 to 100".into()),
            _ => return Err("needs both of `percentage` and `otherwise`, or neither".into()),
        };
        Ok(Rule { name: self.name.into_inner(), condition, result: self.result, share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for (rule, problem) in [
            ("result = \"accept\"\nfield = \"A\"", "none of"),
            ("result = \"accept\"\nequals = \"A\"", "no field"),
            ("result = \"accept\"\nfield = \"A\"\nequals = \"A\"\npresent = true", "more than one"),
            ("result = \"accept\"\npercentage = 101\notherwise = \"defer\"", "outside of 0 to 100"),
            ("result = \"accept\"\npercentage = nan\notherwise = \"defer\"", "outside of 0 to 100"),
            ("result = \"accept\"\npercentage = 10", "both of"),
            ("result = \"accept\"\nfield = \"A\"\nmatches = \"(\"", "pattern"),
            ("result = \"keep\"", "keep"),
            ("result = \"accept\"\nresutl = 1", "resutl"),
        ] {
            let error = format!("[[rule]]\nname = \"r\"\n{rule}").parse::<Rules>().unwrap_err();
            assert!(error.to_string().contains(problem), "{rule}: {error}");
        }
        let error = "\n[[rule]]\nname = \"\"\nresult = \"defer\"".parse::<Rules>().unwrap_err();
        assert!(error.to_string().starts_with("line 3 "), "{error}");
        let error = "\n\n[[rule]]\nresutl = 1".parse::<Rules>().unwrap_err();
        assert!(error.to_string().starts_with("line 4 "), "{error}");
        let twice = "[[rule]]\nname = \"r\"\nresult = \"accept\"\n".repeat(2);
        assert!(twice.parse::<Rules>().unwrap_err().to_string().contains("another rule"));
        assert!("".parse::<Rules>().is_ok());
    }
}
