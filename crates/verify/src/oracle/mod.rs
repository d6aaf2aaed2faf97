//! The oracles: what is wrong in the record of a run, without anything that a user would have to write.
//!
//! Invariant: an oracle compares a run with undisturbed runs of the same scenario and with nothing else; it says what it saw, and
//! stays silent where a correct system could have done the same.

mod amplify;
mod atomic;
pub mod conduct;
mod crash;
mod memory;
mod patience;
mod repeat;

use crate::finding::Finding;
use crate::run::{Learned, Run};

/// What oracles look at.
pub struct Cx<'a> {
    pub run: &'a Run,
    pub learned: &'a Learned,
    pub limits: &'a Limits,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Calls of one operation under one request, where an undisturbed run makes one.
    pub attempts: u32,
    /// Milliseconds for which a reply is held at most.
    pub patience: u64,
}

/// Milliseconds; most clients with a timeout have given up by then.
pub const PATIENCE: u64 = 5_500;

impl Default for Limits {
    fn default() -> Limits {
        Limits { attempts: 4, patience: PATIENCE }
    }
}

/// All that is wrong in a run, most telling first.
pub fn judge(cx: &Cx<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    atomic::look(cx, &mut out);
    crash::look(cx, &mut out);
    memory::look(cx, &mut out);
    repeat::look(cx, &mut out);
    amplify::look(cx, &mut out);
    patience::look(cx, &mut out);
    conduct::look(cx, &mut out);
    out.sort_by_key(|f| (f.grade, f.id()));
    out.dedup_by_key(|f| f.id());
    out
}

/// What answers and stores say against each other: what time may still mend.
pub fn owed(cx: &Cx<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    atomic::look(cx, &mut out);
    out
}

/// What services do without any fault.
pub fn usual(cx: &Cx<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    conduct::look(cx, &mut out);
    out.sort_by_key(|f| (f.grade, f.id()));
    out.dedup_by_key(|f| f.id());
    out
}

/// The same in a run after the faults: nothing may be different any more.
pub use crash::canary;
