//! What was found: which promise did not hold, under which faults, how surely.

use crate::fault::Script;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong; names as in the catalogue of hazards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A process ended.
    Crash,
    /// An exception that nobody caught became the answer.
    UnhandledFailure,
    /// A request that is not idempotent reached its callee more often than without faults.
    UnsafeRetry,
    /// Calls multiply.
    RetryStorm,
    /// Something happened twice.
    DuplicateEffect,
    /// A failure was answered, or a success, and the stores hold something in between.
    PartialEffect,
    /// A failure was answered, and everything happened.
    AmbiguousCommit,
    /// The outer call is given up while the inner one still waits.
    TimeoutInversion,
    /// Nobody gives up.
    MissingTimeout,
    /// Tried again at once, at the same place.
    RetryWithoutBackoff,
    /// Attempts of one call differ: each adds to what the one before left behind.
    StateNotReset,
    /// What was refused for good is asked for again.
    WrongErrorRetried,
    /// `Retry-After` is not minded.
    BackpressureIgnored,
    /// What is well is not asked, because something else failed.
    SharedBreaker,
    /// What is asked instead needs what failed.
    FallbackSameFate,
    /// The system answers differently after the fault is over.
    NotRecovered,
    /// A 5xx whose reason is no 5xx.
    ServerError,
    /// The scenario's own expectations do not hold.
    Expectation,
    /// What a process held in its memory only is gone with it.
    StateLost,
}

impl Rule {
    pub fn name(self) -> &'static str {
        match self {
            Rule::Crash => "crash",
            Rule::UnhandledFailure => "unhandled-failure",
            Rule::UnsafeRetry => "unsafe-retry",
            Rule::RetryStorm => "retry-storm",
            Rule::DuplicateEffect => "duplicate-effect",
            Rule::PartialEffect => "partial-effect",
            Rule::AmbiguousCommit => "ambiguous-commit",
            Rule::TimeoutInversion => "timeout-inversion",
            Rule::MissingTimeout => "missing-timeout",
            Rule::RetryWithoutBackoff => "retry-without-backoff",
            Rule::StateNotReset => "state-not-reset",
            Rule::WrongErrorRetried => "wrong-error-retried",
            Rule::BackpressureIgnored => "backpressure-ignored",
            Rule::SharedBreaker => "shared-breaker",
            Rule::FallbackSameFate => "fallback-same-fate",
            Rule::NotRecovered => "not-recovered",
            Rule::ServerError => "server-error",
            Rule::Expectation => "expectation",
            Rule::StateLost => "state-lost",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The verdict is `failed`.
    Fails,
    /// Worth knowing; the verdict stands.
    Weak,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub rule: Rule,
    pub grade: Grade,
    /// Where, without what belongs to one run: the same finding under other faults has the same place.
    pub at: String,
    pub says: String,
    /// Further lines: what was expected, what was there.
    pub evidence: Vec<String>,
    /// Services that it is about.
    pub services: Vec<String>,
}

impl Finding {
    /// Stable between runs.
    pub fn id(&self) -> String {
        format!("{}/{}", self.rule.name(), self.at)
    }
}

impl Finding {
    /// The same is wrong at the same place: which stores show it may depend on how far each of them was when it was looked at.
    pub fn again(&self, other: &Finding) -> bool {
        let stored = |f: &Finding| matches!(f.rule, Rule::PartialEffect | Rule::DuplicateEffect);
        let operation = |f: &Finding| f.at.splitn(4, ' ').take(3).map(str::to_owned).collect::<Vec<_>>();
        self.id() == other.id() || stored(self) && stored(other) && operation(self) == operation(other)
    }
}

/// A finding with the faults that show it and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    pub finding: Finding,
    pub script: Script,
    /// Times that it came, of times that it was tried.
    pub came: u32,
    pub tried: u32,
    /// Other faults that show it too.
    pub also: Vec<Script>,
    /// What happened, step by step.
    pub story: Vec<String>,
    /// The same as a sequence diagram (Mermaid).
    pub diagram: String,
}

impl Found {
    /// It came every time.
    pub fn steady(&self) -> bool {
        self.came == self.tried
    }
}
