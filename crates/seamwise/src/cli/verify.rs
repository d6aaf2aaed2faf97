//! `seam verify`: the stage is set and explored, and the verdict becomes text and an exit code.
//!
//! Exit codes: 0 passed, 1 failed, 2 refused or inconclusive (nothing can be said, or not everything was reached), 3 internal.

use super::args::{Args, Verify, VerifyReport};
use super::fail::Failure;
use super::{asked, open, say, typed};
use crate::render::verify as render;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use seam_engine::asks::detect;
use seam_engine::{Refusal, Settings};
use seam_stage::perform::Told;
use seam_stage::{Order, StageError};
use seam_verify::explore::Why;
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use seam_verify::report::{Report, Verdict};
use seam_verify::schedule::Suspicion;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

pub fn run(command: &Verify, args: &Args) -> Result<ExitCode, Failure> {
    let root = command.roots.paths.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let root = std::path::absolute(&root).map_err(|e| Failure::Internal(e.to_string()))?;
    let order = Order {
        settings: settings(&root)?.verify,
        scenarios: command.scenario.clone(),
        budget: budget(&command.budget)?,
        faults: command.faults,
        replay: command.replay.as_deref().map(replay).transpose()?,
        suspicions: Vec::new(),
        root,
    };
    if command.dry_run {
        say(&seam_stage::script(&order).map_err(failure)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Refused before anything is read or started.
    seam_stage::script(&order).map_err(failure)?;
    let order = match order.replay {
        Some(_) => order,
        None => Order { suspicions: suspicions(command, args)?, ..order },
    };
    let progress = Progress::new();
    let mut report = seam_stage::verify(&order, |told| progress.show(&told)).map_err(failure)?;
    progress.bar.finish_and_clear();
    if order.replay.is_none() {
        let folder = command.replays.clone().unwrap_or_else(|| order.root.join(".seam/replays"));
        keep(&mut report, &folder)?;
    }
    let format = if args.json && command.format == VerifyReport::Text { VerifyReport::Json } else { command.format };
    let text = match format {
        VerifyReport::Text => render::text::render(&report, command.all),
        VerifyReport::Json => serde_json::to_string(&report).map_err(|e| Failure::Internal(e.to_string()))? + "\n",
        VerifyReport::Junit => render::junit::render(&report),
        VerifyReport::Html => render::html::render(&report),
    };
    say(&text)?;
    Ok(match report.verdict {
        Verdict::Passed => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::from(1),
        Verdict::Inconclusive => ExitCode::from(2),
    })
}

fn settings(root: &Path) -> Result<Settings, Failure> {
    let path = root.join("seam.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(_) => {
            return Err(Refusal::usage(
                format!("there is no `seam.toml` in {}", root.display()),
                "`seam init` writes one; say there under `[[verify.process]]` and `[[verify.scenario]]` what to start and what to ask",
            )
            .into());
        }
    };
    Settings::parse(&text)
        .map_err(|why| Refusal::usage(format!("{}: {why}", path.display()), "correct the line that it names").into())
}

fn replay(path: &Path) -> Result<Replay, Failure> {
    let help = "give a file that `seam verify` wrote";
    let text = std::fs::read_to_string(path)
        .map_err(|e| Refusal::usage(format!("cannot read {}: {e}", path.display()), help))?;
    Replay::read(&text).map_err(|why| Refusal::usage(format!("{}: {why}", path.display()), help).into())
}

/// `90`, `120s`, `5m`, `1h`.
fn budget(text: &str) -> Result<Duration, Failure> {
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

/// What `detect` suspects goes first, and comes back with what became of it.
fn suspicions(command: &Verify, args: &Args) -> Result<Vec<Suspicion>, Failure> {
    let (mut workspace, _) = open::open(&command.roots.paths, args)?;
    let answer: detect::Answer = typed(&asked(&mut workspace, "detect", &detect::Request::default())?)?;
    let name = |key: &String| key.split_once('/').map_or(key.as_str(), |(_, name)| name).to_owned();
    let service = |key: &&String| key.starts_with("service/");
    Ok(answer
        .findings
        .iter()
        .map(|f| Suspicion {
            key: f.key.clone(),
            rule: f.rule.clone(),
            services: f.about.iter().filter(service).map(name).collect(),
        })
        .collect())
}

/// Writes a replay file for each finding that fails the verdict.
fn keep(report: &mut Report, folder: &Path) -> Result<(), Failure> {
    for played in &mut report.scenarios {
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

fn failure(error: StageError) -> Failure {
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
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("  {msg}");
        Progress { bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())) }
    }

    fn show(&self, told: &Told<'_>) {
        match told {
            Told::Starting(name) => self.bar.set_message(format!("starting {name}")),
            Told::Note(note) => self.bar.suspend(|| anstream::eprintln!("\x1b[1;33mnote\x1b[0m: {note}")),
            Told::Running { runs, left, script, why } => {
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
