//! What is tried again, and by what key the other side can tell: facts for rules about retries.

use crate::{SmolStr, Value};
use serde::{Deserialize, Serialize};

/// A loop tries something until it succeeds: it leaves when that worked, and goes on when it failed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Attempts {
    pub within: SmolStr,
    /// First and last line of what is tried; the fact's own place is the loop.
    pub tried: (u32, u32),
    /// The simple names that the tried stretch mentions.
    pub names: Vec<SmolStr>,
    /// What is tried is a function that the enclosing one is given.
    pub given: bool,
    pub bound: Bound,
    /// Total attempts, where they are counted and the number is known.
    pub attempts: Option<Value>,
    pub pause: Pause,
    /// Milliseconds between attempts, the first time, where known.
    pub millis: Option<Value>,
    /// Types whose failures are tried again; empty: all.
    pub caught: Vec<SmolStr>,
    /// HTTP statuses that the loop tells apart.
    pub statuses: Vec<SmolStr>,
    /// Those of them that say that the request itself is wrong, and after which the next attempt is made.
    pub refused: Vec<SmolStr>,
    /// The answer's own wish (`Retry-After`) is looked at.
    pub told_when: bool,
}

/// What ends the attempts that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// A number of attempts.
    Counted,
    /// Something else that the loop asks: a deadline, a cancellation, a kind of error.
    Checked,
    Nothing,
}

/// What lies between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    Nothing,
    Fixed,
    /// It grows or is spread.
    Growing,
    /// Something is done that may wait.
    Unknown,
}

/// A header or field that carries an idempotency key is sent or mentioned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyUse {
    /// As written.
    pub header: SmolStr,
    pub within: SmolStr,
    /// It is given a value here that goes out with a request.
    pub sent: bool,
    /// The line where a fresh value is made for it, in the same function.
    pub made: Option<u32>,
}
