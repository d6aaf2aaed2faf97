//! `telemetry.toml`: what files and columns are, where their names do not say; and what is known of the system beside them.
//!
//! Invariant: everything in it is optional, a mistake in it is a problem with its place and never hides the files; a mapping
//! only ever adds to what headers say.

use seam_facts::{Problem, ProblemKind, SmolStr};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Spans,
    Logs,
    Metrics,
    /// Who calls whom, without times: a list of pairs or a matrix.
    Calls,
    /// Not telemetry.
    Skip,
}

/// One `[[files]]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileMapping {
    /// A path or its end, `*` for any text: `*_trace.csv`.
    pub name: SmolStr,
    pub kind: Option<Kind>,
    /// Role to header: `trace = "TraceID"`.
    pub columns: BTreeMap<SmolStr, SmolStr>,
    /// Role to unit: `duration = "ms"`.
    pub units: BTreeMap<SmolStr, SmolStr>,
    /// The service of every row.
    pub service: Option<SmolStr>,
}

/// `[topology]`: facts that no telemetry tells; with a map of the code they come from there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topology {
    /// Names (with `*`) of what callers do not wait for: queues, topics, state machines.
    pub asynchronous: Vec<SmolStr>,
    /// A name (with `*`) to the service that stands behind it: addresses, load balancers.
    pub aliases: BTreeMap<SmolStr, SmolStr>,
}

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    pub files: Vec<FileMapping>,
    pub topology: Topology,
}

impl Mapping {
    /// Reads a mapping; a broken one is empty and a problem.
    pub fn read(text: &str) -> (Mapping, Vec<Problem>) {
        match toml::from_str(text) {
            Ok(mapping) => (mapping, Vec::new()),
            Err(error) => {
                let line = error.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() as u32 + 1);
                let at = line.map(|l| seam_facts::Span::at(l, 1));
                (Mapping::default(), vec![Problem::new(ProblemKind::Syntax, error.message(), at)])
            }
        }
    }

    /// What it says of a file.
    pub fn of(&self, path: &str) -> Option<&FileMapping> {
        self.files
            .iter()
            .find(|f| matches(&f.name, path) || path.rsplit('/').next().is_some_and(|n| matches(&f.name, n)))
    }
}

/// Whether `text` is `pattern`, where each `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, yes) in [
            ("*_trace.csv", "08_43_trace.csv", true),
            ("*_trace.csv", "trace.csv", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), yes, "{pattern} {text}");
        }
    }

    #[test]
    fn a_mistake_is_a_problem_with_its_line() {
        let (mapping, problems) = Mapping::read("[topology]\nasynchronous = 3\n");
        assert!(mapping.files.is_empty());
        assert_eq!(problems[0].at.map(|s| s.line), Some(2));
        let (mapping, problems) =
            Mapping::read("[[files]]\nname = '*.csv'\nkind = 'spans'\ncolumns = { trace = 'T' }\n");
        assert!(problems.is_empty());
        assert_eq!(mapping.of("x/y.csv").and_then(|f| f.kind), Some(Kind::Spans));
    }
}
