//! How many findings there are of each node and interaction.
//!
//! Invariant: a finding counts once on a thing, and on a node where something is wrong there or in what it does to others:
//! who waits without an end is counted, not whom it waits for.

use crate::{Finding, Interaction, Node};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Trouble {
    pub fn any(&self) -> bool {
        self.errors + self.warnings + self.notes > 0
    }

    pub fn add(&mut self, more: &Trouble) {
        self.errors += more.errors;
        self.warnings += more.warnings;
        self.notes += more.notes;
    }

    fn count(&mut self, severity: &str) {
        match severity {
            "error" => self.errors += 1,
            "warning" => self.warnings += 1,
            _ => self.notes += 1,
        }
    }
}

/// Counts by key: of nodes and of interactions.
#[derive(Debug, Default)]
pub struct Troubles(BTreeMap<String, Trouble>);

impl Troubles {
    pub fn of(findings: &[Finding], nodes: &[Node], interactions: &[Interaction]) -> Self {
        let key: BTreeMap<&str, &str> = nodes.iter().map(|n| (n.name.as_str(), n.key.as_str())).collect();
        let does: BTreeMap<&str, &str> =
            interactions.iter().filter_map(|i| Some((i.key.as_str(), key.get(i.from.as_str()).copied()?))).collect();
        let mut out = Troubles::default();
        for finding in findings {
            let about = || finding.about.iter().map(String::as_str);
            let keys: BTreeSet<&str> = about().chain(about().filter_map(|k| does.get(k).copied())).collect();
            for key in keys {
                out.0.entry(key.to_owned()).or_default().count(&finding.severity);
            }
        }
        out
    }

    /// Those of the node or interaction with this key.
    pub fn at(&self, key: &str) -> Trouble {
        self.0.get(key).copied().unwrap_or_default()
    }
}
