//! Why a question was not answered, in the words that every surface shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A refusal says what failed and what to do next. Lower case, no full stop, things in backticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub message: String,
    /// The next move.
    pub hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// The request cannot be read.
    Usage,
    /// It names something that is not there.
    Unknown,
}

impl Refusal {
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Refusal { kind: RefusalKind::Usage, message: message.into(), hint: hint.into() }
    }

    pub fn unknown(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Refusal { kind: RefusalKind::Unknown, message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.hint)
    }
}

impl std::error::Error for Refusal {}
