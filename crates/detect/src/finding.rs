//! What a rule found: what, why it matters here, where it starts, the chain of evidence, and what to do.

use crate::{Group, Rule};
use seam_facts::{Key, SmolStr, format_smolstr};
use seam_graph::{Certainty, Evidence};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Broken as it stands: the first use fails.
    Error,
    /// Goes wrong under load, failure or change.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().find(|s| s.word() == word)
    }
}

/// One place of the chain, and what it has to do with the finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    pub at: Evidence,
    /// A clause for people: `payment waits 5 s for each of 3 attempts`.
    pub says: String,
}

/// A change that is safe to make as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    pub path: SmolStr,
    /// The line that changes, counted from 1.
    pub line: u32,
    /// Text on that line, and what stands in its place.
    pub from: SmolStr,
    pub to: SmolStr,
    /// What the change does, as an imperative clause.
    pub says: String,
}

/// A finding as a rule makes it. Start with [`Draft::new`]; everything else has a sensible empty value.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What this is about, in a form that survives edits elsewhere: an edge, a setting, an operation; never a line number.
    pub subject: SmolStr,
    /// One clause: what is wrong. Lower case, no full stop, names in backticks.
    pub message: String,
    /// Why it matters here, with the arithmetic. Sentences.
    pub why: String,
    pub at: Evidence,
    pub chain: Vec<Link>,
    /// Keys of the nodes and edges it concerns, the guilty side first.
    pub about: Vec<Key>,
    /// What to do, as an imperative clause.
    pub help: String,
    pub fix: Option<Fix>,
    pub certainty: Certainty,
    /// What could not be resolved and would decide the matter.
    pub open: Vec<String>,
    /// Where the rule's own severity does not fit this case.
    pub severity: Option<Severity>,
}

impl Draft {
    pub fn new(subject: impl Into<SmolStr>, at: &Evidence, message: impl Into<String>) -> Self {
        Draft {
            subject: subject.into(),
            message: message.into(),
            why: String::new(),
            at: at.clone(),
            chain: Vec::new(),
            about: Vec::new(),
            help: String::new(),
            fix: None,
            certainty: Certainty::Stated,
            open: Vec::new(),
            severity: None,
        }
    }

    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub fn about(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.about.extend(keys);
        self
    }

    /// Adds a place to the chain; the same line is not repeated.
    pub fn link(mut self, at: &Evidence, says: impl Into<String>) -> Self {
        let link = Link { at: at.clone(), says: says.into() };
        if !self
            .chain
            .iter()
            .any(|l| l.at.path == link.at.path && l.at.at.line == link.at.at.line && l.says == link.says)
        {
            self.chain.push(link);
        }
        self
    }

    pub fn certainty(mut self, certainty: Certainty) -> Self {
        self.certainty = self.certainty.max(certainty);
        self
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    pub fn open(mut self, what: impl Into<String>) -> Self {
        self.open.push(what.into());
        self
    }

    pub(crate) fn of(self, rule: &Rule) -> Finding {
        let Rule { id, group, severity, hypothesis, .. } = *rule;
        self.under(&Head { id, group, severity, hypothesis })
    }

    pub(crate) fn under(self, rule: &Head<'_>) -> Finding {
        Finding {
            key: Key(format_smolstr!("finding/{}/{}", rule.id, self.subject)),
            rule: rule.id.into(),
            group: rule.group.word().into(),
            severity: self.severity.unwrap_or(rule.severity),
            hypothesis: rule.hypothesis,
            certainty: self.certainty,
            message: self.message,
            why: self.why,
            at: self.at,
            chain: self.chain,
            about: self.about,
            help: self.help,
            fix: self.fix,
            open: self.open,
        }
    }
}

/// What findings take from their rule.
pub(crate) struct Head<'r> {
    pub id: &'r str,
    pub group: Group,
    pub severity: Severity,
    pub hypothesis: bool,
}

/// What a rule found, as it leaves this room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable across runs and unrelated edits: `finding/RULE/SUBJECT`. Baselines are lists of it.
    pub key: Key,
    pub rule: SmolStr,
    pub group: SmolStr,
    pub severity: Severity,
    pub hypothesis: bool,
    pub certainty: Certainty,
    pub message: String,
    pub why: String,
    pub at: Evidence,
    pub chain: Vec<Link>,
    pub about: Vec<Key>,
    pub help: String,
    pub fix: Option<Fix>,
    pub open: Vec<String>,
}

/// The one order of findings; equal ones collapse, and further ones of one subject are numbered.
pub(crate) fn in_order(findings: &mut Vec<Finding>) {
    let place =
        |f: &Finding| (f.severity, f.rule.clone(), f.at.path.clone(), f.at.at, f.key.clone(), f.message.clone());
    findings.sort_by_key(place);
    findings.dedup();
    let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
    for finding in findings {
        let count = seen.entry(finding.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.key = Key(format_smolstr!("{}#{count}", finding.key));
        }
    }
}
