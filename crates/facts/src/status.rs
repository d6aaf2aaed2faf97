//! Statuses of answers, of HTTP and gRPC, and what is done when something fails: facts for rules about errors between services.

use crate::{SmolStr, Stretch};
use serde::{Deserialize, Serialize};

/// A status that code gives to whoever asks, or looks at in an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Status {
    pub of: StatusOf,
    /// `404`, or gRPC's `NOT_FOUND`; empty where it is worked out, or is any.
    pub code: SmolStr,
    /// The type of error that is answered so, for [`StatusOf::Mapped`].
    pub ty: SmolStr,
    /// The enclosing function's symbol.
    pub within: SmolStr,
}

/// What code has to do with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusOf {
    /// Somebody is answered so.
    Given,
    /// Errors of a type are answered so.
    Mapped,
    /// It is named, and may be answered.
    Named,
    /// An answer is asked whether it is this one.
    Told,
    /// An answer is asked whether it is a success, or for its status.
    Checked,
    /// The body of an answer is read.
    Read,
    /// Somebody is answered so, and it is a success.
    Succeeds,
    /// An answer counts as a failure unless it is this one.
    Wanted,
    /// An answer below this one counts as a success, refusals among them: `status < 500`.
    Below,
}

/// What is done instead when something fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fallback {
    /// Symbol of the function around.
    pub within: SmolStr,
    /// First and last line of what is tried.
    pub tried: Stretch,
    /// Simple names of what is called there; empty for all that the function does.
    pub tries: Vec<SmolStr>,
    /// First and last line of what is done instead; (0, 0) where another function does it.
    pub instead: Stretch,
    /// Simple names of what is called there.
    pub does: Vec<SmolStr>,
    /// The annotation or policy; empty for a clause.
    pub by: SmolStr,
}
