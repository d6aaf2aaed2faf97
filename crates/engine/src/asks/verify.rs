//! Whether a change is safe together with everything it touches: one verdict over a gate, affected tests, exploration under faults, and
//! base against change.
//!
//! Invariant: answering starts nothing. What would be run is told; who asked with `dry_run: false` on a surface that may start processes
//! gets the same answer with what became of it. `passed` means that what was asked for and could be tried held; what was not is said.

use crate::asks::plan::{self, File, Found, Line, Step};
use crate::starts::Proposed;
use crate::{Refusal, Snapshot, verdict};
use schemars::JsonSchema;
use seam_verify::against::Against;
use seam_verify::fates::RuleFates;
use seam_verify::model::Checked;
use seam_verify::report::{Played, Report, Verdict};
use seam_verify::trial::{End, Trial};
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "whether a change is safe together with everything it touches, as one verdict (passed, failed, inconclusive) over five proofs, each with \
its state and why: gate (new findings, breaking contracts, pairs of services that part, deploy order), tests (only those that reach the change, with reasons), \
model (what retries, redeliveries, timeouts and leases allow: work done twice, calls that multiply, work for callers that gave up; with the shortest way there), \
exploration (services started and tried under faults: lost, late and repeated replies), comparison (base against change). With `dry_run` (the default) nothing \
is started: gate and model are decided and the commands that would run are listed. With `dry_run: false` it STARTS PROCESSES of this workspace on this machine \
(test commands, the services of `seam.toml`) within `budget` seconds, and ends them all";

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "VerifyRequest")]
pub struct Request {
    /// The older state: a commit, branch or tag. Left out: the last commit, if something differs from it.
    pub base: Option<String>,
    /// Only these proofs: `gate`, `tests`, `model`, `exploration`, `comparison`. All that are at hand unless given.
    pub only: Vec<String>,
    /// Only these scenarios of `seam.toml`.
    pub scenarios: Vec<String>,
    /// Every test of every service, not only those that reach the change.
    pub all_tests: bool,
    /// Seconds for everything that is run, shared between tests, exploration and comparison; 300 unless given.
    pub budget: Option<u32>,
    /// Nothing is started. Only `false` starts processes.
    pub dry_run: bool,
    /// Both texts of each file that differs, instead of `base`: filled in by whoever knows the repository.
    pub files: Vec<File>,
    /// Why there is no older state to compare with: filled in likewise.
    pub no_base: Option<String>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            base: None,
            only: Vec::new(),
            scenarios: Vec::new(),
            all_tests: false,
            budget: None,
            dry_run: true,
            files: Vec::new(),
            no_base: None,
            profile: None,
        }
    }
}

impl Request {
    /// Whether a proof is asked for.
    pub fn asks(&self, kind: Kind) -> bool {
        self.only.is_empty() || self.only.iter().any(|w| w == kind.word())
    }

    /// Whether nothing has to be started for a change that was named: it touches no service.
    pub fn skips(&self, answer: &Answer) -> bool {
        self.base.is_some() && answer.gate.is_some() && !answer.touches_somebody()
    }
}

impl Answer {
    /// Before anything is proved, of a workspace that only explores.
    pub fn of_exploration(settings: &seam_verify::settings::Settings) -> Answer {
        verdict::empty(verdict::plan_of(settings, &[]))
    }

    /// The change touches a service, or something of it is not understood.
    pub fn touches_somebody(&self) -> bool {
        let somebody = |g: &Gate| !(g.direct.is_empty() && g.dependent.is_empty() && g.unknown.is_empty());
        self.gate.as_ref().is_none_or(somebody)
    }
}

/// Seconds, where a request does not say.
pub const BUDGET: u32 = 300;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyAnswer")]
pub struct Answer {
    pub version: u32,
    pub verdict: Verdict,
    /// What decides it.
    pub because: Vec<String>,
    /// Nothing was started.
    pub dry_run: bool,
    /// The older state, where there is one.
    pub base: Option<String>,
    pub proofs: Vec<Proof>,
    pub gate: Option<Gate>,
    pub tests: Option<Tests>,
    /// What retries, redeliveries, timeouts and leases allow between them, explored as an abstract machine before anything is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Checked>,
    /// What exploration starts and asks.
    pub exploration: Option<Planned>,
    /// Where `seam.toml` names no processes: some that it may name, from what deployment and code say.
    pub proposal: Vec<Proposed>,
    /// What became of each scenario, in the state with the change.
    pub scenarios: Vec<Played>,
    /// What became of `detect`'s findings, by rule, in all scenarios together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleFates>,
    /// Base against change.
    pub against: Option<Against>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Gate,
    Tests,
    /// What policies allow, as an abstract machine.
    Model,
    Exploration,
    Comparison,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Gate, Kind::Tests, Kind::Model, Kind::Exploration, Kind::Comparison];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Gate => "gate",
            Kind::Tests => "tests",
            Kind::Model => "model",
            Kind::Exploration => "exploration",
            Kind::Comparison => "comparison",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Passed,
    NotDone,
    Inconclusive,
    Failed,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::NotDone => "not done",
            State::Inconclusive => "inconclusive",
            State::Failed => "failed",
        }
    }
}

/// One kind of proof, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    pub kind: Kind,
    pub state: State,
    pub because: Vec<String>,
}

impl Proof {
    pub(crate) const NOT_ASKED: &str = "not asked for";

    /// Whether somebody wants to know of it.
    pub fn is_asked(&self) -> bool {
        self.state != State::NotDone || self.because.first().is_none_or(|b| b != Proof::NOT_ASKED)
    }
}

/// What the files alone say of the change.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    pub files: usize,
    /// What the rules say of the newer state only, comments and dismissals respected.
    pub new_findings: Vec<Found>,
    /// What they said of the older state only.
    pub cured_findings: Vec<Found>,
    /// Changes that break or may break, the worst first.
    pub changes: Vec<plan::Change>,
    /// Of these, how many break and leave somebody behind.
    pub unresolved: usize,
    /// Services whose interaction changes, each with the other side.
    pub pairs: Vec<Pair>,
    /// In the order in which it can be deployed while both versions run.
    pub steps: Vec<Step>,
    pub direct: Vec<String>,
    pub dependent: Vec<String>,
    pub beyond: Vec<String>,
    /// Changed lines that say nothing that is understood.
    pub unknown: Vec<Line>,
}

/// Two services and whether they still fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    /// Whose side changes.
    pub changed: String,
    /// Who exchanges something with it, and what.
    pub other: String,
    pub why: String,
    /// `breaks`: it is left behind. `together`: both sides change, and old and new do not fit while both run. `may-break`. `fits`.
    pub state: String,
    /// What changes.
    pub text: String,
    pub rule: String,
    pub lines: Vec<Line>,
    pub certainty: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tests {
    pub run: Vec<Tried>,
    /// Files of tests of services that are touched, and how many of them are left out.
    pub of: usize,
    pub left_out: usize,
    /// Services whose tests cannot be run, with why.
    pub without: Vec<Without>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Without {
    pub service: String,
    /// Its own side changes.
    pub direct: bool,
    pub because: String,
}

/// A command with what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    #[serde(flatten)]
    pub trial: Trial,
    /// Left out where it was not run.
    pub outcome: Option<Outcome>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    #[serde(flatten)]
    pub end: End,
    /// How often it ran, and passed.
    pub ran: u32,
    pub passed: u32,
    pub milliseconds: u64,
    /// The end of what it wrote.
    pub output: String,
}

/// What exploration would start and ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub processes: Vec<Process>,
    pub scenarios: Vec<String>,
    /// Stores whose content is compared and restored.
    pub stores: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    pub name: String,
    pub command: String,
    pub folder: String,
}

/// What was run for an answer.
#[derive(Clone, Debug, Default)]
pub struct Performed {
    /// In the order of `tests.run`.
    pub tests: Vec<Option<Outcome>>,
    /// The state with the change; why not, where it could not be explored.
    pub change: Option<Result<Report, String>>,
    /// Its base.
    pub base: Option<Result<Report, String>>,
}

/// Whether the host has to bring texts of a revision; as `plan` would ask for them.
pub fn wants(name: &str, request: &str) -> Result<Option<(Request, plan::Request)>, Refusal> {
    if name != "verify" {
        return Ok(None);
    }
    let request = read(request)?;
    if !request.files.is_empty() || request.no_base.is_some() {
        return Ok(None);
    }
    let texts = plan::Request { base: request.base.clone(), ..plan::Request::default() };
    Ok(Some((request, texts)))
}

/// A request as text, read.
pub fn read(request: &str) -> Result<Request, Refusal> {
    let text = if request.trim().is_empty() { "{}" } else { request };
    serde_json::from_str(text).map_err(|error| {
        let hint = "see the request's schema with `seam schema verify --request`";
        Refusal::usage(format!("the request of `verify` cannot be read: {error}"), hint)
    })
}

/// The answer to a request whose texts were filled in, as JSON text.
pub fn answered(snapshot: &Snapshot, request: &Request) -> Result<String, Refusal> {
    let answer = run(snapshot, request)?;
    serde_json::to_string(&answer)
        .map_err(|e| Refusal::usage(format!("the verdict cannot be written: {e}"), "report this"))
}

/// The gate decided, and everything else as it would be run. It starts nothing: who may go on from here.
pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    if !request.dry_run {
        return Err(Refusal::usage(
            "nothing is started here",
            "run `seam verify` in a terminal, or call the tool `verify` of `seam mcp` with `dry_run: false`",
        ));
    }
    if let Some(profile) = request.profile.as_deref()
        && !snapshot.knows_profile(profile)
    {
        return Err(super::map::no_profile(profile));
    }
    if let Some(unknown) = request.only.iter().find(|w| !Kind::ALL.iter().any(|k| k.word() == w.as_str())) {
        let words: Vec<&str> = Kind::ALL.iter().map(|k| k.word()).collect();
        return Err(Refusal::usage(
            format!("there is no proof `{unknown}`"),
            format!("choose of {}", words.join(", ")),
        ));
    }
    verdict::planned(snapshot, request)
}

/// The answer with what became of it.
pub fn concluded(answer: Answer, request: &Request, done: Performed) -> Answer {
    verdict::concluded(answer, request, done)
}
