//! Answers of `contract` and `plan`, for those who read them: `table`, `markdown`, `sarif` and `github` show two versions of a
//! contract, `system`, `comment`, `radius` and `sites` what a change does to the system.

pub mod comment;
pub mod github;
pub mod markdown;
pub mod radius;
pub mod sarif;
pub mod sites;
pub mod system;
pub mod table;

use seam_engine::asks::contract::ContractChange;

/// Who is hurt, in words.
fn who(change: &ContractChange) -> &'static str {
    match (change.hurts.as_str(), change.grade.as_str()) {
        ("senders", _) => "those who send",
        ("readers", _) => "those who read",
        ("builders", _) => "those who compile against it",
        _ => "senders and readers",
    }
}

/// In which sense, in words.
fn sense(change: &ContractChange) -> &'static str {
    match change.grade.as_str() {
        "wire" => "wire",
        "json" => "JSON",
        "source" => "source",
        "behaviour" => "behaviour",
        _ => "safe",
    }
}

/// What the change is about, once for all changes of it.
fn about(change: &ContractChange) -> &str {
    if change.operation.is_empty() && !change.path.is_empty() { &change.path } else { &change.key }
}
