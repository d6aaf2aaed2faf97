//! What a change touches: two versions of a contract, each difference with its rule, grade, places and remedy.
//!
//! Invariant: comparing never fails. A text that cannot be read is a [`Problem`] beside what could be compared; the same
//! texts give the same changes, byte for byte. Whole documents are compared, hence each kind of contract has its own model
//! here, with lines, and the facts of `extract` (what one file says about a service) stay what they are.

pub mod change;
mod limits;
pub mod openapi;
pub mod proto;
pub mod tree;

pub use change::{Change, Grade, Hurts, Level, Place, Rule};

/// A text by its name.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Days since 1970-01-01: for sunsets.
    pub today: Option<openapi::Day>,
    /// Whether a break asks for another major version.
    pub versioning: bool,
}
