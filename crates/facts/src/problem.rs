//! What could not be read, as data: broken input is never an error, and never hides the rest.

use crate::{SmolStr, Span};
use serde::{Deserialize, Serialize};

/// Something that went wrong with one file, or one place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Problem {
    pub kind: ProblemKind,
    /// Lower case, no full stop, things in backticks.
    pub message: SmolStr,
    pub at: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file could not be read (permissions, vanished, a loop of links).
    Unreadable,
    /// Larger than what is read.
    TooLarge,
    /// Not text, or not UTF-8 (read with replacements).
    Encoding,
    /// Broken, or newer than the grammar; what could be understood was kept.
    Syntax,
    /// A limit against hostile input was hit (depth, expansion).
    Limit,
    /// Understood, but with a part that is not supported.
    Unsupported,
}

impl Problem {
    pub fn new(kind: ProblemKind, message: impl Into<SmolStr>, at: Option<Span>) -> Self {
        Problem { kind, message: message.into(), at }
    }
}
