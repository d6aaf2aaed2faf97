//! A rule as a value: what it is called, its page, and how it looks at the graph.

use crate::{Cx, Draft, Severity};

/// One piece of knowledge about what goes wrong between services.
pub struct Rule {
    /// Kebab-case, the bad thing (`retry-storm`); what `seam explain` takes.
    pub id: &'static str,
    pub group: Group,
    /// What its findings are unless they say otherwise.
    pub severity: Severity,
    /// Too often wrong for now (`docs/precision.csv`): runs only when asked for.
    pub nursery: bool,
    /// What the code says makes the failure possible; only a run proves it.
    pub hypothesis: bool,
    /// Documentation, fixtures and tests in one (Markdown).
    pub page: &'static str,
    pub find: fn(&Cx<'_>, &mut Vec<Draft>),
}

/// The table of the catalogue that a rule stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Interaction,
    Contract,
    Environment,
    Shape,
    /// What a workspace wrote for itself.
    Own,
}

impl Group {
    pub const NAMES: [&'static str; 5] = ["interaction", "contract", "environment", "shape", "own"];

    pub fn word(self) -> &'static str {
        match self {
            Group::Interaction => "interaction",
            Group::Contract => "contract",
            Group::Environment => "environment",
            Group::Shape => "shape",
            Group::Own => "own",
        }
    }
}
