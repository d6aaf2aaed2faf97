//! The façade: changes go in, snapshots come out, and every question is an *ask* with a typed request and a typed answer.
//!
//! Invariant: this crate does no input or output; the same facts and the same request give the same bytes. Surfaces
//! (command line, MCP, editors) show answers and decide nothing.

mod ask;
pub mod asks;
mod bounds;
mod context;
mod engine;
mod failure;
mod findings;
pub mod grouping;
mod impact;
pub mod incident;
pub mod layout;
pub mod listens;
mod marks;
pub mod memory;
mod observed;
mod plan;
mod refusal;
mod rename;
mod rules;
mod settings;
mod shape;
mod snapshot;
pub mod starts;
mod texts;
mod things;
mod trouble;
mod verdict;
pub mod written;

pub use ask::{ASKS, Ask, find, tool_schema};
pub use asks::detect::{only_new, since};
pub use asks::diagnose::{folders, wanted};
pub use engine::{Change, Engine};
pub use failure::Statement;
pub use findings::{Allowed, Finding, Fix, Step};
pub use marks::{Mark, Said, Spot};
pub use observed::{GROUP as OBSERVED, Observed};
pub use refusal::{Refusal, RefusalKind};
pub use rules::{Detect, Level};
pub use settings::{COMMENTED, Settings};
pub use shape::{
    Contact, Counts, Endpoint, Interaction, Node, Operation, Owner, Package, Place, Policy, Problem, Reading, Setting,
    Test, Unresolved, VERSION,
};
pub use snapshot::Snapshot;
pub use texts::Texts;

/// Unified diffs, read and put onto texts.
pub use seam_plan::touch::patch;

/// What is remembered, for the host that reads and writes it.
pub use seam_learn as learn;

/// What telemetry is read into, by the host.
pub use seam_signals as signals;

pub use seam_facts::{FactBase, FileFacts, ProblemKind};

pub use trouble::Trouble;

/// Whether an ask's answer depends on the files only, so that it holds as long as they do: commits come and go without them.
pub fn is_kept(name: &str) -> bool {
    !matches!(name, "diagnose" | "plan" | "verify")
}

/// What may stand in `seam.toml`, for editors.
pub fn settings_schema() -> schemars::Schema {
    schemars::schema_for!(Settings)
}

/// Whether any extractor may want a file of this path.
pub fn interesting(path: &str) -> bool {
    seam_extract::interesting(path)
}

/// Every extractor's id with its page, in the order in which they run.
pub fn extractors() -> Vec<(&'static str, &'static str)> {
    seam_extract::all().map(|e| (e.id, e.page)).collect()
}

/// Every rule's id with its page, in the order in which help shows them.
pub fn rules() -> Vec<(&'static str, &'static str)> {
    let observed = seam_diagnose::signs::KINDS.iter().map(|k| (k.id, k.page));
    seam_detect::RULES.iter().map(|r| (r.id, r.page)).chain(observed).collect()
}

/// The facts of one file's text. Pure, and safe to run on many threads (give them stacks of 16 MB).
pub fn extract(path: &str, text: &str) -> FileFacts {
    seam_extract::extract(&seam_extract::File { path, text })
}

/// The text of a file as it may be shown: as many lines, without the secrets in them.
pub fn excerpt(path: &str, text: &str) -> String {
    seam_extract::config::excerpt::excerpt(path, text)
}

/// The comment that accepts a finding of a rule in a file; none where such files have no comments.
pub fn allowing(path: &str, rule: &str, reason: &str) -> Option<String> {
    seam_extract::config::allow::comment(path, rule, reason)
}

/// A problem with a whole file that could not be read.
pub fn unreadable(kind: ProblemKind, message: &str) -> FileFacts {
    FileFacts { facts: Vec::new(), problems: vec![seam_facts::Problem::new(kind, message, None)] }
}

/// What cached facts depend on besides the text: every extractor with its version.
pub fn extractor_versions() -> String {
    let mut out = String::new();
    for extractor in seam_extract::all() {
        out.push_str(&format!("{}={};", extractor.id, extractor.version));
    }
    out
}
