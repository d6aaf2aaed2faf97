//! What can go wrong outside: each with what was tried, on what.

/// A failure of the surroundings, never of the system under test.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("cannot {action} `{what}`: {why}")]
    Io { action: &'static str, what: String, why: String },
    #[error("`{name}` at `{address}` cannot be {action}: {why}")]
    Store { name: String, address: String, action: &'static str, why: String },
    /// The workspace says something that cannot be performed.
    #[error("{says}")]
    Settings { says: String, help: String },
    #[error("`{name}` does not start: {why}")]
    Start { name: String, why: String, log: String },
    /// Without a look at the stores nothing can be said about them.
    #[error("a store could not be looked at while the scenario ran: {why}")]
    Unseen { why: String },
    #[error("stopped")]
    Stopped,
}

impl StageError {
    pub fn io(action: &'static str, what: &str, error: &std::io::Error) -> StageError {
        StageError::Io { action, what: what.to_owned(), why: error.to_string() }
    }

    pub fn settings(says: impl Into<String>, help: impl Into<String>) -> StageError {
        StageError::Settings { says: says.into(), help: help.into() }
    }
}
