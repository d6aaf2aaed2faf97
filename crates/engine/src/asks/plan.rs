//! What a change of the workspace's files touches, before it is merged or even made, and what to do about it.
//!
//! Invariant: a change has a rule and a place; a service that is touched has a line or an interaction that leads to it; what is not
//! understood stands under `unknown`; nobody who is not mentioned is said to be safe. Texts come with the request: of a revision by
//! the host, of a patch or of edits that nobody has made yet by whoever asks.

use crate::memory::Remembered;
use crate::plan;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub const ABOUT: &str = "what a change does to the system before it is merged, or even made: a revision against the present files, two revisions, a \
patch, or edits that you only think of. Gives each change with its rule and grade (wire, JSON, source, behaviour), the services it touches directly and \
those whose interactions with them change, each with lines; who runs into it further up; steps in deploy order with undo and proof; tests to run \
with reasons; owners; a risk with its parts; findings that are new or cured. With `candidates` it compares several changes. Call it before you edit, \
with `edits` or a patch";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// The older state: a commit, branch or tag. Left out: the last commit, or with patches and edits the files as they are.
    pub base: Option<String>,
    /// The newer state: a commit, branch or tag. Left out: the files as they are.
    pub head: Option<String>,
    /// Patches (`diff -u`, `git diff`) that are put onto the newer state, in order.
    pub patches: Vec<String>,
    /// Files with their new texts, put onto the newer state: for what nobody has written yet.
    pub edits: Vec<Edit>,
    /// Changes to be compared, each on its own against the older state, instead of one.
    pub candidates: Vec<Candidate>,
    /// Both texts of each file that differs, instead of `base` and `head`: filled in by whoever knows the repository.
    pub files: Vec<File>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// The answer as if nothing had been learnt.
    pub no_memory: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// The whole new text; left out where the file is removed.
    pub text: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Candidate {
    /// For people: a file's or a branch's name.
    pub name: String,
    pub patches: Vec<String>,
    pub edits: Vec<Edit>,
    /// Instead of both, a commit, branch or tag.
    pub head: Option<String>,
    /// Both texts of each file, where the host knows them.
    pub files: Vec<File>,
}

/// A file that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    pub path: String,
    /// Left out where it is new.
    pub before: Option<String>,
    /// Left out where it is gone.
    pub after: Option<String>,
    /// It is not read: fetched, ignored or too large.
    pub unread: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: Counts,
    /// Files that differ, with what is left out of them and why.
    pub edited: Vec<Edited>,
    /// The worst first.
    pub changes: Vec<Change>,
    /// Services whose own code, contract or configuration changes what others see or what they do.
    pub direct: Vec<Touched>,
    /// Services whose interactions with these change: they move along, or break.
    pub dependent: Vec<Touched>,
    /// Services whose requests lead to one of these, nearest first.
    pub beyond: Vec<Further>,
    /// Changed lines that say nothing that is understood.
    pub unknown: Vec<Line>,
    /// In the order in which they can be deployed.
    pub steps: Vec<Step>,
    pub tests: Tests,
    /// Whom to ask.
    pub owners: Vec<Owner>,
    pub risk: Risk,
    /// What the rules say of the newer state only.
    pub new_findings: Vec<Found>,
    /// What they said of the older state only.
    pub cured_findings: Vec<Found>,
    /// Where candidates were asked about: one row for each, in their order. All else is about nothing then.
    pub candidates: Vec<Row>,
    /// What used to change with one of these and does not now, as commits taught it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub along: Vec<Remembered>,
    /// Which candidate is at least as good as every other in everything, and why; or why none is.
    pub verdict: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub files: usize,
    pub breaking: usize,
    pub warnings: usize,
    pub safe: usize,
    /// Breaking changes that leave somebody behind: a side that the same change does not move along, or nobody is known to have moved.
    pub unresolved: usize,
    /// Changes that break or may, by their sense.
    pub wire: usize,
    pub json: usize,
    pub source: usize,
    pub behaviour: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    pub path: String,
    /// Lines that say something else than before, of the older text and of the newer.
    pub removed: u32,
    pub added: u32,
    /// Why its lines are no seeds; empty where they are.
    pub left_out: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Stable, without lines: `endpoint/orders/GET /orders/{id}`, `setting/STOCK_URL`, `field/Order.total`.
    pub key: String,
    pub rule: String,
    /// `breaking`, `warning` or `safe`.
    pub level: String,
    /// `wire`, `json`, `source`, `behaviour` or `safe`.
    pub grade: String,
    /// `senders`, `readers`, `both` or `builders`.
    pub hurts: String,
    pub text: String,
    /// `stated`, or `inferred`: a rename is told by likeness, code's meaning by where it stands.
    pub certainty: String,
    pub base: Option<Line>,
    pub revision: Option<Line>,
    pub direct: Vec<String>,
    pub dependent: Vec<Tie>,
    /// What is not known about it.
    pub open: Vec<String>,
    /// It breaks, and leaves somebody behind.
    pub unresolved: bool,
    /// What was learnt of changes like this: it moves the order among those that are equally grave, and the risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    pub says: String,
    /// The line, secrets masked.
    pub text: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tie {
    pub service: String,
    /// In a few words: `calls POST /quotes`.
    pub why: String,
    /// Keys of the interactions that lead from it to what changes.
    pub through: Vec<String>,
    pub lines: Vec<Line>,
    pub certainty: String,
    /// The same change moves its side along.
    pub moved: bool,
}

/// A service with what touches it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    pub service: String,
    /// The worst of it: `breaking`, `warning`; and its sense.
    pub level: String,
    pub grade: String,
    /// Keys of the changes.
    pub because: Vec<String>,
    pub lines: Vec<Line>,
    /// Keys of interactions, where it is dependent.
    pub through: Vec<String>,
    pub certainty: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Further {
    pub service: String,
    /// Keys of the interactions, from it to what is touched.
    pub through: Vec<String>,
    pub lines: Vec<Line>,
    pub certainty: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub services: Vec<String>,
    pub what: String,
    pub undo: String,
    /// What would prove it.
    pub proof: String,
    pub because: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tests {
    pub run: Vec<Test>,
    /// Files of tests of the services that are touched.
    pub of: usize,
    pub left_out: usize,
    /// Touched services of which no test is seen to reach the change.
    pub without: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    pub service: String,
    pub path: String,
    pub because: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    pub service: String,
    pub owners: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// 0 to 100: the product of the parts, times 2.5.
    pub figure: u32,
    /// `none`, `low`, `medium` or `high`.
    pub word: String,
    pub parts: Vec<RiskPart>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RiskPart {
    /// `grade`, `reach`, `missing` (tests and bounds), `history`, or `memory` where something like it broke before.
    pub name: String,
    /// In tenths.
    pub factor: u32,
    pub because: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    pub key: String,
    pub rule: String,
    pub severity: String,
    pub message: String,
    pub path: String,
    pub line: u32,
}

/// One candidate in a row.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    pub name: String,
    pub counts: Counts,
    pub direct: Vec<String>,
    pub dependent: Vec<String>,
    pub beyond: Vec<String>,
    pub new_findings: usize,
    pub cured_findings: usize,
    pub tests: usize,
    pub steps: usize,
    pub risk: u32,
    pub word: String,
    /// Names of the candidates that are at least as good in everything, and better in something.
    pub worse_than: Vec<String>,
}

/// Whether the host has to bring texts of revisions.
pub fn wants(name: &str, request: &str) -> Option<Request> {
    if name != "plan" {
        return None;
    }
    let text = if request.trim().is_empty() { "{}" } else { request };
    let request: Request = serde_json::from_str(text).ok()?;
    let own = request.patches.is_empty() && request.edits.is_empty() && request.candidates.is_empty();
    let revisions =
        request.base.is_some() || request.head.is_some() || request.candidates.iter().any(|c| c.head.is_some());
    (request.files.is_empty() && (own || revisions)).then_some(request)
}

/// The same of two states that were linked before, which differ in these files: what nobody has saved yet.
pub fn between(older: Arc<Snapshot>, newer: &Snapshot, files: &[File], profile: Option<&str>) -> Answer {
    plan::between(older, newer, files, profile)
}

/// The answer to a request whose texts were filled in, as JSON text.
pub fn answered(snapshot: &Snapshot, request: &Request) -> Result<String, Refusal> {
    let answer = run(snapshot, request)?;
    serde_json::to_string(&answer)
        .map_err(|e| Refusal::usage(format!("the plan cannot be written: {e}"), "report this"))
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    if request.base.is_some() || request.head.is_some() || request.candidates.iter().any(|c| c.head.is_some()) {
        let message = "there is no repository to take revisions from";
        return Err(Refusal::usage(message, "hand over both texts of each file as `files`, or a patch as `patches`"));
    }
    if let Some(profile) = request.profile.as_deref()
        && !snapshot.knows_profile(profile)
    {
        return Err(super::map::no_profile(profile));
    }
    if request.candidates.is_empty() {
        return plan::planned(snapshot, request);
    }
    plan::compared(snapshot, request)
}
