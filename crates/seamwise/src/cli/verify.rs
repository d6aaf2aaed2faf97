//! `seam verify`: a change is judged, tried and compared, and the verdict becomes text and an exit code.
//!
//! Exit codes: 0 passed, 1 failed, 2 refused or inconclusive (nothing can be said, or not everything was reached), 3 internal.

use super::args::{Args, Verify, VerifyReport};
use super::fail::Failure;
use super::{open, say};
use crate::render::verify as render;
use crate::verifying::{self, Said, Times, Wish};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use seam_engine::asks::verify::{Answer, Kind, Performed, Request, concluded};
use seam_engine::{Refusal, Settings, starts};
use seam_stage::perform::Told;
use seam_stage::{Order, StageError};
use seam_verify::explore::Why;
use seam_verify::fault::Script;
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use seam_verify::report::{Played, Verdict};
use seam_verify::spans::otlp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// What stands around processes that are proposed.
pub const PROPOSED: &str = "# `seam.toml` names no processes. These may be what starts the system on this machine, from what deployment and code say;\n\
# look at each before you write it there (`seam init --processes` does).\n";
pub const ASKED: &str = "\n# And what is asked of it: requests in a file, or any command.\n# [[verify.scenario]]\n# name = \"buy\"\n# http = \"buy.http\"\n";

pub fn run(command: &Verify, args: &Args) -> Result<ExitCode, Failure> {
    let root = command.roots.paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let root = std::path::absolute(&root).map_err(|e| Failure::Internal(e.to_string()))?;
    if let Some(tool) = command.emit {
        return super::emit::run(command, tool, args, &root);
    }
    if let Some(folder) = &command.record {
        let replay = command.replay.as_deref().map(replay).transpose()?;
        let order =
            Order { scenarios: command.scenario.clone(), budget: time(&command.budget)?, replay, ..order(&root)? };
        let script = seam_stage::script(&order).map_err(failure)?;
        if command.dry_run {
            say(&script)?;
            return Ok(ExitCode::SUCCESS);
        }
        return record(command, &order, folder);
    }
    if let Some(file) = &command.replay {
        return again(command, args, root, replay(file)?);
    }
    let (wish, answer) = wish(command, args, root)?;
    if command.dry_run {
        return dry(command, args, &wish, &answer);
    }
    refuse(&wish, &answer)?;
    let progress = Progress::new();
    if let Some(text) = render::text::announced(&answer) {
        anstream::eprint!("{text}");
    }
    let mut answer = wish.perform(answer, |said| progress.show(&said)).map_err(failure)?;
    progress.end();
    let folder = command.replays.clone().unwrap_or_else(|| wish.root.join(".seam/replays"));
    keep(&mut answer.scenarios, &folder)?;
    told(command, args, &answer)
}

/// What is wanted, with the gate decided.
fn wish(command: &Verify, args: &Args, root: PathBuf) -> Result<(Wish, Answer), Failure> {
    let settings = verifying::settings(&root)?;
    let request = Request {
        base: command.base.clone(),
        only: command.only.clone(),
        scenarios: command.scenario.clone(),
        all_tests: command.all_tests,
        profile: command.profile.clone(),
        ..Request::default()
    };
    let times = Times { tests: time(&command.test_budget)?, scenario: time(&command.budget)? };
    let (mut workspace, _) = open::open(&command.roots.paths, args)?;
    let answer = verifying::proposed(&mut workspace, &request)?;
    let suspicions =
        if command.dry_run { Vec::new() } else { verifying::suspicions(&mut workspace, &answer, command.no_memory)? };
    let settings = settings.unwrap_or_default().verify;
    Ok((Wish { root, settings, request, times, faults: command.faults, suspicions }, answer))
}

/// Before anything is started: what cannot be performed, and a workspace of which nothing can be proved.
fn refuse(wish: &Wish, answer: &Answer) -> Result<(), Failure> {
    let explores = wish.request.asks(Kind::Exploration);
    if explores && answer.exploration.is_some() {
        seam_stage::script(&wish.order()).map_err(failure)?;
    } else if answer.gate.is_none() && answer.tests.is_none() && (explores || answer.model.is_none()) {
        required(&wish.root)?;
        seam_stage::script(&wish.order()).map_err(failure)?;
    }
    Ok(())
}

fn dry(command: &Verify, args: &Args, wish: &Wish, answer: &Answer) -> Result<ExitCode, Failure> {
    if args.json || command.format == VerifyReport::Json {
        return told(command, args, answer).map(|_| ExitCode::SUCCESS);
    }
    let mut out = render::text::dry(answer, command.all);
    let explores = wish.request.asks(Kind::Exploration);
    if !answer.proposal.is_empty() {
        out.push_str(PROPOSED);
        out.push_str(&starts::written(&answer.proposal));
        out.push_str(ASKED);
        say(&out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let modelled = answer.model.as_ref().is_some_and(|m| m.chains > 0);
    if explores && (answer.exploration.is_some() || answer.gate.is_none() && answer.tests.is_none() && !modelled) {
        required(&wish.root)?;
        out.push_str(&seam_stage::script(&wish.order()).map_err(failure)?);
        if let Some(base) = answer.base.as_ref().filter(|_| wish.request.asks(Kind::Comparison)) {
            let ready = wish.settings.prepare.as_ref().map_or_else(String::new, |p| format!("; there: {p}"));
            out.push_str(&format!("\n# then the same with {base}, checked out into a temporary folder{ready}\n"));
        }
    }
    say(&out)?;
    Ok(ExitCode::SUCCESS)
}

fn told(command: &Verify, args: &Args, answer: &Answer) -> Result<ExitCode, Failure> {
    let format = if args.json && command.format == VerifyReport::Text { VerifyReport::Json } else { command.format };
    let text = match format {
        VerifyReport::Text => render::text::render(answer, command.all),
        VerifyReport::Json => serde_json::to_string(answer).map_err(|e| Failure::Internal(e.to_string()))? + "\n",
        VerifyReport::Junit => render::junit::render(answer),
        VerifyReport::Html => render::html::render(answer),
    };
    say(&text)?;
    Ok(match answer.verdict {
        Verdict::Passed => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::from(1),
        Verdict::Inconclusive => ExitCode::from(2),
    })
}

/// Telemetry of runs without faults and of as many with those of the replay, each in a folder of its own.
fn record(command: &Verify, order: &Order, folder: &Path) -> Result<ExitCode, Failure> {
    let faults = order.replay.iter().map(|r| &r.faults);
    let scripts: Vec<Script> = std::iter::once(&Script::default())
        .chain(faults)
        .flat_map(|script| vec![script.clone(); command.times.max(1)])
        .collect();
    let progress = Progress::new();
    let runs = seam_stage::record(order, &scripts, |told| progress.show(&Said::Stage(&told))).map_err(failure)?;
    progress.end();
    let (plain, faulted): (Vec<_>, Vec<_>) = runs.iter().enumerate().partition(|(_, (_, run))| run.script.is_empty());
    let mut said = Vec::new();
    for (name, runs) in [("normal", plain), ("faults", faulted)] {
        let Some((_, (_, first))) = runs.first() else { continue };
        let path = folder.join(name);
        let failed = |e: std::io::Error| Failure::output(&format!("`{}`", path.display()), &e);
        std::fs::create_dir_all(&path).map_err(failed)?;
        let text: String = runs.iter().map(|(at, (began, run))| otlp(run, *began, *at)).collect();
        std::fs::write(path.join("runs.json"), text).map_err(failed)?;
        let calls: usize = runs.iter().map(|(_, (_, run))| run.calls.len()).sum();
        said.push(format!("{} runs, {calls} calls, {}: `{}`", runs.len(), first.script, path.display()));
    }
    say(&format!("recorded {}\n", said.join("\n         ")))?;
    Ok(ExitCode::SUCCESS)
}

/// What a folder's `seam.toml` says, with nothing chosen.
pub(super) fn order(root: &Path) -> Result<Order, Failure> {
    let root = std::path::absolute(root).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(Order {
        settings: required(&root)?.verify,
        scenarios: Vec::new(),
        budget: Duration::ZERO,
        faults: 1,
        replay: None,
        suspicions: Vec::new(),
        root,
    })
}

/// Only what a replay file says.
fn again(command: &Verify, args: &Args, root: PathBuf, replay: Replay) -> Result<ExitCode, Failure> {
    let order = Order { budget: time(&command.budget)?, faults: command.faults, replay: Some(replay), ..order(&root)? };
    let script = seam_stage::script(&order).map_err(failure)?;
    if command.dry_run {
        say(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let progress = Progress::new();
    let report = seam_stage::verify(&order, |t| progress.show(&Said::Stage(&t))).map_err(failure)?;
    progress.end();
    let request = Request { only: vec![Kind::Exploration.word().to_owned()], ..Request::default() };
    let done = Performed { change: Some(Ok(report)), ..Performed::default() };
    told(command, args, &concluded(Answer::of_exploration(&order.settings), &request, done))
}

fn required(root: &Path) -> Result<Settings, Failure> {
    verifying::settings(root)?.ok_or_else(|| {
        Refusal::usage(
            format!("there is no `seam.toml` in {}", root.display()),
            "`seam init` writes one; say there under `[[verify.process]]` and `[[verify.scenario]]` what to start and what to ask",
        )
        .into()
    })
}

pub(super) fn replay(path: &Path) -> Result<Replay, Failure> {
    let help = "give a file that `seam verify` wrote";
    let text = std::fs::read_to_string(path)
        .map_err(|e| Refusal::usage(format!("cannot read {}: {e}", path.display()), help))?;
    Replay::read(&text).map_err(|why| Refusal::usage(format!("{}: {why}", path.display()), help).into())
}

/// `90`, `120s`, `5m`, `1h`.
pub(super) fn time(text: &str) -> Result<Duration, Failure> {
    let unit = text.chars().last().filter(|c| !c.is_ascii_digit());
    let number = unit.map_or(text, |u| text.strip_suffix(u).unwrap_or(text));
    let factor = match unit {
        None | Some('s') => Some(1),
        Some('m') => Some(60),
        Some('h') => Some(3_600),
        Some(_) => None,
    };
    match (number.parse::<u64>(), factor) {
        (Ok(number), Some(factor)) => Ok(Duration::from_secs(number.saturating_mul(factor))),
        _ => Err(Refusal::usage(format!("`{text}` is no time"), "write it as `90`, `120s` or `5m`").into()),
    }
}

/// Writes a replay file for each finding that fails the verdict.
fn keep(scenarios: &mut [Played], folder: &Path) -> Result<(), Failure> {
    for played in scenarios {
        for reported in played.findings.iter_mut().filter(|r| r.found.finding.grade == Grade::Fails) {
            let found = &reported.found;
            let file = Replay::new(&played.scenario, &reported.id, &found.finding.says, found.script.clone());
            let text = file.write();
            // Another replay of that name stays; the same one is not written twice.
            let free = |path: &PathBuf| std::fs::read_to_string(path).map_or(true, |there| there == text);
            let path = (1..).map(|number| folder.join(file.file(number))).find(free).unwrap_or_default();
            std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, &text))
                .map_err(|e| Failure::output(&path.display().to_string(), &e))?;
            reported.replay = Some(path.display().to_string());
        }
    }
    Ok(())
}

pub(super) fn failure(error: StageError) -> Failure {
    let help = match &error {
        StageError::Settings { help, .. } => help.clone(),
        StageError::Start { log, .. } if log.is_empty() => "run its command by hand in its folder".to_owned(),
        StageError::Start { log, .. } => format!("its last words were\n{log}"),
        StageError::Stopped => "everything that was started is ended".to_owned(),
        StageError::Store { .. } | StageError::Unseen { .. } => {
            "see that the store runs and that its address under `[[verify.store]]` is right".to_owned()
        }
        StageError::Io { .. } => return Failure::Internal(error.to_string()),
    };
    Refusal::usage(error.to_string(), help).into()
}

/// One line on a terminal that says what is tried now.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new() -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("  {msg}");
        Progress { bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())) }
    }

    fn note(&self, note: &str) {
        self.bar.suspend(|| anstream::eprintln!("\x1b[1;33mnote\x1b[0m: {note}"));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn show(&self, said: &Said<'_>) {
        match said {
            Said::Testing(trial, 0) => self.bar.set_message(format!("{} in {}", trial.command, trial.folder)),
            Said::Testing(trial, _) => self.bar.set_message(format!("once more: {}", trial.command)),
            Said::Base(base) => self.bar.set_message(format!("checking out {base}")),
            Said::Note(note) | Said::Stage(Told::Note(note)) => self.note(note),
            Said::Stage(Told::Starting(name)) => self.bar.set_message(format!("starting {name}")),
            Said::Stage(Told::Running { runs, left, script, why }) => {
                let what = match why {
                    Why::Baseline => "without faults".to_owned(),
                    Why::Canary => "without faults, after faults".to_owned(),
                    Why::Explore => script.to_string(),
                    Why::Shrink => format!("fewer faults: {script}"),
                    Why::Recover if script.is_empty() => "whether it came back".to_owned(),
                    Why::Recover => format!("whether it comes back after {script}"),
                    Why::Confirm => format!("once more: {script}"),
                };
                self.bar.set_message(format!("run {}, {left} to go: {what}", runs + 1));
            }
        }
        self.bar.tick();
    }
}
