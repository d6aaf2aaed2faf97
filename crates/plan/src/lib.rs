//! What a change touches: two versions of a contract, each difference with its rule, grade, places and remedy.
//!
//! Invariant: comparing never fails. A text that cannot be read is a [`Problem`] beside what could be compared; the same
//! texts give the same changes, byte for byte. Whole documents are compared, hence each kind of contract has its own model
//! here, with lines, and the facts of `extract` (what one file says about a service) stay what they are.

pub mod avro;
pub mod change;
mod limits;
pub mod graphql;
pub mod jsonschema;
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
    /// Which readers and writers of messages have to understand each other.
    pub compatibility: Compatibility,
}

/// Which direction counts for schemas of messages, as registries call it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compatibility {
    /// New readers read old data: readers are deployed first.
    Backward,
    /// Old readers read new data: writers are deployed first.
    Forward,
    #[default]
    Full,
}

impl Compatibility {
    /// Whether a direction counts: backward, or forward.
    pub fn counts(self, backward: bool) -> bool {
        match self {
            Compatibility::Backward => backward,
            Compatibility::Forward => !backward,
            Compatibility::Full => true,
        }
    }
}
