//! One difference between two versions of a contract: which rule says so, how bad it is, in which sense, and for whom.
//!
//! Invariant: a change names its rule and has at least one place, in the older text, the newer one, or both. Its key is
//! stable: it holds no line, so that a change can be joined with those who use what it names.

use std::borrow::Cow;

/// How surely it breaks somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nobody who keeps to the older version is affected.
    Safe,
    /// It breaks those who rely on what the contract did not promise, or on details.
    Warning,
    Breaking,
}

/// In which sense it can break; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// What is sent no longer arrives, or is read as something else.
    Wire,
    /// JSON that was valid is not, or is read differently; binary forms still work.
    Json,
    /// Code that is generated or compiled against the contract no longer builds.
    Source,
    /// It is understood as before, but something else happens.
    Behaviour,
    Safe,
}

/// Who is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hurts {
    /// Those who send requests or write messages.
    Senders,
    /// Those who read responses or messages.
    Readers,
    Both,
    /// Those who compile against its names.
    Builders,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: &'static str,
    pub level: Level,
    pub grade: Grade,
    pub hurts: Hurts,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub rule: &'static Rule,
    /// What changed, with old and new values; lower case, no dot.
    pub text: String,
    /// The element, as the contract names it: `GET /orders/{id}`, `shop.v1.Order.total`, `Query.order`, `orders.total`.
    pub key: String,
    /// A field below the element: `items/price` of a body, the name of a parameter; empty for the element itself.
    pub field: String,
    /// The HTTP method; empty if it is about no operation.
    pub operation: Cow<'static, str>,
    /// The path as the older version has it; empty if it is about no path.
    pub path: String,
    pub base: Option<Place>,
    pub revision: Option<Place>,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Level::Safe => "safe",
            Level::Warning => "warning",
            Level::Breaking => "breaking",
        }
    }
}

impl Grade {
    pub fn word(self) -> &'static str {
        match self {
            Grade::Wire => "wire",
            Grade::Json => "json",
            Grade::Source => "source",
            Grade::Behaviour => "behaviour",
            Grade::Safe => "safe",
        }
    }
}

impl Hurts {
    pub fn word(self) -> &'static str {
        match self {
            Hurts::Senders => "senders",
            Hurts::Readers => "readers",
            Hurts::Both => "both",
            Hurts::Builders => "builders",
        }
    }
}

impl Change {
    /// What orders changes in answers: the worst first, then where they are.
    fn rank(&self) -> impl Ord + '_ {
        let lines = (self.base.as_ref(), self.revision.as_ref());
        (
            std::cmp::Reverse(self.rule.level),
            &self.path,
            &self.operation,
            &self.key,
            self.rule.id,
            &self.field,
            lines,
            &self.text,
        )
    }

    pub fn sort(changes: &mut [Change]) {
        changes.sort_by(|a, b| a.rank().cmp(&b.rank()));
    }
}
