//! Running what `verify` proposes: tests, exploration, the base beside the change. The command line and MCP share it.
//!
//! Invariant: it runs nothing that the answer before it did not list, within the time that was given; everything it starts is ended and
//! every folder it makes is gone when it returns, however it returns. What things mean the engine says.

use seam_engine::asks::detect;
use seam_engine::asks::verify::{self, Answer, Kind, Outcome, Performed, Request};
use seam_engine::{Refusal, Settings};
use seam_host::{Checkout, Workspace};
use seam_stage::perform::Told;
use seam_stage::trial::{self, Tried};
use seam_stage::{Order, StageError};
use seam_verify::model::Counterexample;
use seam_verify::report::Report;
use seam_verify::schedule::Suspicion;
use seam_verify::settings::Settings as Verify;
use seam_verify::trial::{End, Trial};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// All test commands together.
    pub tests: Duration,
    /// Each scenario, in each state.
    pub scenario: Duration,
}

/// What is to be run.
pub struct Wish {
    pub root: PathBuf,
    pub settings: Verify,
    pub request: Request,
    pub times: Times,
    /// Faults at once.
    pub faults: usize,
    pub suspicions: Vec<Suspicion>,
}

/// What is told on the way.
pub enum Said<'a> {
    Testing(&'a Trial, u32),
    Base(&'a str),
    Note(&'a str),
    Stage(&'a Told<'a>),
}

/// The gate, and what would be run.
pub fn proposed(workspace: &mut Workspace, request: &Request) -> Result<Answer, Refusal> {
    let dry = Request { dry_run: true, ..request.clone() };
    read(&workspace.ask("verify", &written(&dry)?)?)
}

/// What the model allows goes first, with what has to fail, then what broke before, then what `detect` suspects; all come back with what
/// became of them.
pub fn suspicions(workspace: &mut Workspace, answered: &Answer, no_memory: bool) -> Result<Vec<Suspicion>, Refusal> {
    let answer: detect::Answer = read(&workspace.ask("detect", &written(&detect::Request::default())?)?)?;
    let one = |f: &seam_engine::Finding| {
        let suspicion = Suspicion { key: f.key.clone(), rule: f.rule.clone(), ..Suspicion::default() };
        suspicion.about(f.about.iter().map(String::as_str))
    };
    let memory = workspace.snapshot().memory();
    let learnt = if no_memory { Vec::new() } else { memory.suspicions() };
    let modelled = answered.model.iter().flat_map(|m| &m.counterexamples).map(Counterexample::suspicion);
    Ok(modelled.chain(learnt).chain(answer.findings.iter().map(one)).collect())
}

/// For a request of whoever asks by the ask's name: the answer's text, with what was run if it wanted that.
pub fn wish(workspace: &mut Workspace, request: &str) -> Result<(Answer, Option<Wish>), Refusal> {
    let request = verify::read(request)?;
    let answer = proposed(workspace, &request)?;
    if request.dry_run {
        return Ok((answer, None));
    }
    let root = workspace.roots().next().map(Path::to_owned).unwrap_or_default();
    let settings = settings(&root)?.unwrap_or_default().verify;
    let whole = Duration::from_secs(u64::from(request.budget.unwrap_or(verify::BUDGET)));
    let times = shared(whole, &answer, &request);
    let suspicions = suspicions(workspace, &answer, false)?;
    Ok((answer, Some(Wish { root, settings, request, times, faults: 1, suspicions })))
}

/// A third for tests, the rest for scenarios, twice each where the base is explored too.
fn shared(whole: Duration, answer: &Answer, request: &Request) -> Times {
    let tests = answer.tests.as_ref().is_some_and(|t| !t.run.is_empty()) && request.asks(Kind::Tests);
    let scenarios = answer.exploration.as_ref().map_or(0, |p| p.scenarios.len());
    let states = if answer.base.is_some() && request.asks(Kind::Comparison) { 2 } else { 1 };
    let for_tests = if tests && scenarios > 0 { whole / 3 } else { whole };
    let rest = if tests { whole.saturating_sub(for_tests) } else { whole };
    let each = u32::try_from(scenarios * states).unwrap_or(1).max(1);
    Times { tests: for_tests, scenario: rest / each }
}

/// `seam.toml` of a folder, if there is one.
pub fn settings(root: &Path) -> Result<Option<Settings>, Refusal> {
    let path = root.join("seam.toml");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    Settings::parse(&text)
        .map(Some)
        .map_err(|why| Refusal::usage(format!("{}: {why}", path.display()), "correct the line that it names"))
}

impl Wish {
    pub fn order(&self) -> Order {
        Order {
            root: self.root.clone(),
            settings: self.settings.clone(),
            scenarios: self.request.scenarios.clone(),
            budget: self.times.scenario,
            faults: self.faults,
            replay: None,
            suspicions: self.suspicions.clone(),
        }
    }

    fn explores(&self, answer: &Answer) -> bool {
        self.request.asks(Kind::Exploration) && answer.exploration.is_some() && !self.request.skips(answer)
    }

    /// Runs it; the answer with what became of it.
    pub fn perform(&self, answer: Answer, mut say: impl FnMut(Said<'_>)) -> Result<Answer, StageError> {
        let mut done = Performed::default();
        if self.request.asks(Kind::Tests)
            && let Some(tests) = &answer.tests
        {
            let trials: Vec<Trial> = tests.run.iter().map(|t| t.trial.clone()).collect();
            let tried = trial::trials(&self.root, &trials, self.times.tests, |t, again| say(Said::Testing(t, again)))?;
            done.tests = tried.into_iter().map(|t| t.map(outcome)).collect();
        }
        if self.explores(&answer) {
            let alone = answer.gate.is_none() && answer.tests.is_none();
            let explored = seam_stage::verify(&self.order(), |told| say(Said::Stage(&told)));
            done.change = match explored {
                Err(error) if alone || matches!(error, StageError::Stopped) => return Err(error),
                explored => Some(explored.map_err(|e| e.to_string())),
            };
            if let (Some(base), Some(Ok(_)), true) =
                (&answer.base, &done.change, self.request.asks(Kind::Comparison) && answer.touches_somebody())
            {
                say(Said::Base(base));
                done.base = match self.before(base, &mut say) {
                    Err(Short::Stage(StageError::Stopped)) => return Err(StageError::Stopped),
                    Err(Short::Stage(error)) => Some(Err(error.to_string())),
                    Err(Short::Said(why)) => Some(Err(why)),
                    Ok(report) => Some(Ok(report)),
                };
            }
        }
        Ok(verify::concluded(answer, &self.request, done))
    }

    /// The base, checked out elsewhere, asked the same.
    fn before(&self, revision: &str, say: &mut impl FnMut(Said<'_>)) -> Result<Report, Short> {
        let packages = self.settings.prepare.is_none();
        let checkout = Checkout::of(&self.root, revision, packages).map_err(|e| Short::Said(e.to_string()))?;
        for note in &checkout.notes {
            say(Said::Note(note));
        }
        let root = checkout.root();
        if let Some(command) = &self.settings.prepare {
            prepared(root, command, self.times.tests)?;
        }
        let then = settings(root).map_err(|r| Short::Said(r.message))?.unwrap_or_default().verify;
        // The older state starts as it says itself, and is asked what the newer one is asked.
        let mut settings = if then.process.is_empty() { self.settings.clone() } else { then };
        settings.scenario = self.settings.scenario.iter().cloned().map(|s| standing(&self.root, s)).collect();
        (settings.attempts, settings.patience) = (self.settings.attempts, self.settings.patience);
        let order = Order { root: root.to_owned(), settings, suspicions: Vec::new(), ..self.order() };
        seam_stage::verify(&order, |told| say(Said::Stage(&told))).map_err(Short::Stage)
    }
}

/// Why the base could not be explored.
enum Short {
    Stage(StageError),
    Said(String),
}

/// A scenario of the present state, wherever it is performed.
fn standing(root: &Path, mut scenario: seam_verify::settings::Scenario) -> seam_verify::settings::Scenario {
    let full = |path: &str| root.join(path).display().to_string();
    scenario.http = scenario.http.as_deref().map(full);
    if scenario.command.is_some() {
        scenario.folder = Some(full(scenario.folder.as_deref().unwrap_or("")));
    }
    scenario
}

fn prepared(root: &Path, command: &str, budget: Duration) -> Result<(), Short> {
    let trial = Trial { runner: "prepare".to_owned(), command: command.to_owned(), ..Trial::default() };
    let until = Instant::now();
    let tried = trial::trials(root, &[trial], budget, |_, _| {}).map_err(Short::Stage)?;
    match tried.into_iter().flatten().next() {
        Some(Tried { end: End::Passed, .. }) => Ok(()),
        Some(tried) => {
            let last = tried.output.lines().last().unwrap_or_default();
            Err(Short::Said(format!("`{command}` did not make it ready: {last}")))
        }
        None => Err(Short::Said(format!("there was no time for `{command}` ({} s)", until.elapsed().as_secs()))),
    }
}

fn outcome(tried: Tried) -> Outcome {
    let Tried { end, ran, passed, milliseconds, output } = tried;
    Outcome { end, ran, passed, milliseconds, output }
}

fn written(request: &impl serde::Serialize) -> Result<String, Refusal> {
    serde_json::to_string(request).map_err(|e| Refusal::usage(e.to_string(), "report this"))
}

fn read<A: serde::de::DeserializeOwned>(text: &str) -> Result<A, Refusal> {
    serde_json::from_str(text).map_err(|e| Refusal::usage(format!("an answer cannot be read back: {e}"), "report this"))
}
