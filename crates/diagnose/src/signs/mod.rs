//! What telemetry shows of a system as a whole: calls that nothing states, stated calls that never happen, effects that were
//! repeated, work that goes on for nobody, and what changed over time or between versions.
//!
//! Invariant: a sign names what was counted and shows one trace, or one slice of time, in which it can be looked up; what
//! telemetry cannot show (an entry that nobody used, a store that nobody traced) is not judged. Chance is reckoned with: what
//! is looked at often must stand out more.

mod attempts;
mod calls;
mod lines;
mod map;
mod shifts;
mod versions;

pub(crate) use calls::is_entry;
pub use calls::{Calls, End, Seen, Way};

use crate::suspect::{Evidence, Place};
use crate::windows::Plan;
use seam_facts::{FactBase, Key, SmolStr};
use seam_graph::Graph;
use seam_signals::{Forest, Instant, Telemetry};

/// A kind of sign, with the page that explains it.
pub struct Kind {
    /// Kebab-case, the bad thing.
    pub id: &'static str,
    pub page: &'static str,
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Error,
    Warning,
    Note,
}

macro_rules! kinds {
    ($($name:ident = $id:literal $page:literal),* $(,)?) => {
        $(pub(crate) const $name: Kind = Kind { id: $id, page: include_str!($page) };)*
        /// All kinds, by their names.
        pub const KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    CHATTY_CALL = "chatty-call" "chatty_call.md",
    ERROR_SHIFT = "error-shift" "error_shift.md",
    GONE_QUIET = "gone-quiet" "gone_quiet.md",
    LATENCY_SHIFT = "latency-shift" "latency_shift.md",
    LOG_SHIFT = "log-shift" "log_shift.md",
    NEVER_OBSERVED = "never-observed" "never_observed.md",
    ORPHAN_WORK = "orphan-work" "orphan_work.md",
    REPEATED_EFFECT = "repeated-effect" "repeated_effect.md",
    UNDECLARED_CALL = "undeclared-call" "undeclared_call.md",
    VERSION_SHIFT = "version-shift" "version_shift.md",
}

/// One sign.
#[derive(Clone, Debug)]
pub struct Sign {
    pub kind: &'static str,
    /// What it is about, in a form that survives: services and operations, never a time.
    pub subject: String,
    pub grade: Grade,
    /// As telemetry calls it.
    pub service: String,
    /// One clause: what is wrong.
    pub message: String,
    /// Why it matters here, with the figures. Sentences.
    pub why: String,
    pub help: String,
    /// Never empty.
    pub evidence: Vec<Evidence>,
    pub since: Option<Instant>,
    /// Until when; nothing where it is still so at the end of what was recorded.
    pub until: Option<Instant>,
    /// How sure it is that it is no chance, from 0 to 1; one span is proof enough that a call exists.
    pub sure: f64,
    /// The course over time: one value a slice.
    pub series: Vec<f64>,
    /// The code that it concerns, where the map knows it.
    pub place: Option<seam_graph::Evidence>,
    /// What it concerns as telemetry names it: an operation that starts, a log statement.
    pub step: Option<Place>,
    pub about: Vec<Key>,
}

impl Sign {
    /// No sign without a first piece of evidence.
    pub(crate) fn new(
        kind: &Kind,
        service: &str,
        subject: impl Into<String>,
        message: impl Into<String>,
        shown: Evidence,
    ) -> Sign {
        Sign {
            kind: kind.id,
            subject: subject.into(),
            grade: Grade::Warning,
            service: service.to_owned(),
            message: message.into(),
            why: String::new(),
            help: String::new(),
            since: shown.at,
            until: None,
            evidence: vec![shown],
            sure: 1.0,
            series: Vec::new(),
            place: None,
            step: None,
            about: Vec::new(),
        }
    }
}

/// What is looked at.
pub struct Watched<'a> {
    pub telemetry: &'a Telemetry,
    pub forest: &'a Forest,
    /// The map, and the facts that it was made of.
    pub map: Option<(&'a Graph, &'a FactBase)>,
    /// How time is cut.
    pub plan: &'a Plan,
}

/// All signs, the worst first, and what could not be looked at.
pub fn signs(watched: &Watched<'_>) -> (Vec<Sign>, Vec<String>) {
    let calls = Calls::of(watched.telemetry, watched.forest);
    let (mut out, mut missing) = (Vec::new(), Vec::new());
    attempts::find(watched, &mut out);
    shifts::find(watched, &mut out, &mut missing);
    versions::find(watched, &mut out);
    match watched.map {
        Some((graph, base)) => {
            let known = map::Known::of(graph, &calls);
            map::undeclared(graph, &known, &calls, &mut out);
            map::never_observed(watched, (graph, base), &known, &calls, &mut out, &mut missing);
            for sign in &mut out {
                known.place(graph, sign);
            }
        }
        None => missing.push("no map: give the folder of the code to see what calls it does not state".into()),
    }
    if watched.telemetry.spans.is_empty() {
        missing.push("no spans: who calls whom, how often and with what outcome cannot be seen".into());
    }
    out.sort_by(|a, b| (a.grade, a.kind, &a.service, &a.subject).cmp(&(b.grade, b.kind, &b.service, &b.subject)));
    (out, missing)
}

/// A key of a node, for what a sign is about.
pub(crate) fn key(graph: &Graph, node: usize) -> Option<Key> {
    graph.nodes.get(node).map(|n| n.key.clone())
}

/// `3 of 40`, `a call`, `12 calls`.
pub(crate) fn times(count: u64) -> String {
    match count {
        1 => "once".into(),
        n => format!("{n} times"),
    }
}

/// A length of time as people say it.
pub(crate) fn long(nanoseconds: i64) -> SmolStr {
    let ms = nanoseconds as f64 / 1e6;
    match ms {
        m if m >= 10_000.0 => format!("{:.0} s", m / 1000.0),
        m if m >= 1000.0 => format!("{:.1} s", m / 1000.0),
        m if m >= 10.0 => format!("{m:.0} ms"),
        m => format!("{m:.1} ms"),
    }
    .into()
}
