//! What can go wrong outside: each with what was tried, on what.

/// A failure of the surroundings, never of the system under test.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("cannot {action} `{what}`: {why}")]
    Io { action: &'static str, what: String, why: String },
    #[error("`{name}` at `{address}` cannot be {action}: {why}")]
    Store { name: String, address: String, action: &'static str, why: String },
}
