//! The `[detect]` table of `seam.toml`: budgets, and what each rule's findings count as.

use schemars::JsonSchema;
use seam_detect::{Limits, Severity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Detect {
    /// Most attempts that one request may cause at the end of a path.
    pub attempts: Option<u64>,
    /// Most synchronous calls behind one another.
    pub depth: Option<usize>,
    /// Seconds within which a request from outside must have been answered.
    pub deadline: Option<f64>,
    /// Rule → `off`, `note`, `warning` or `error`.
    pub rules: BTreeMap<String, Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Off,
    Note,
    Warning,
    Error,
}

impl Eq for Detect {}

impl Detect {
    pub(crate) fn limits(&self) -> Limits {
        let standard = Limits::default();
        Limits {
            attempts: self.attempts.unwrap_or(standard.attempts),
            depth: self.depth.unwrap_or(standard.depth),
            deadline: self.deadline.map_or(standard.deadline, |s| (s.max(0.0) * 1_000.0) as u64),
        }
    }

    pub(crate) fn is_off(&self, rule: &str) -> bool {
        self.rules.get(rule) == Some(&Level::Off)
    }

    pub(crate) fn severity_of(&self, rule: &str) -> Option<Severity> {
        match self.rules.get(rule)? {
            Level::Off => None,
            Level::Note => Some(Severity::Note),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}
