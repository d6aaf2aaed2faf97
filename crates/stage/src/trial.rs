//! Test commands, run one after the other within a time, each ended with everything it started.
//!
//! Invariant: what is told here is how a command ended and what it wrote; whether that is a failure `verify` says. A failing one is
//! repeated, so that one that fails now and then is told apart from one that fails.

use crate::StageError;
use crate::guard::{Guard, MARK, marked};
use crate::process::Running;
use rustix::process::{Pid, Signal, kill_process};
use seam_verify::trial::{End, Trial, ending};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a command runs until it counts as failing.
const TRIES: u32 = 3;
/// Bytes of output that an answer carries of each.
const SHOWN: usize = 6_000;
/// Lines of output among which a reason is looked for.
const LINES: usize = 4_000;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub end: End,
    pub ran: u32,
    pub passed: u32,
    pub milliseconds: u64,
    pub output: String,
}

/// Runs all of them, as far as the time allows; nothing for those that were not begun.
pub fn trials(
    root: &Path,
    trials: &[Trial],
    budget: Duration,
    mut say: impl FnMut(&Trial, u32),
) -> Result<Vec<Option<Tried>>, StageError> {
    let runtime = crate::verify::runtime()?;
    runtime.block_on(async {
        let folder = tempfile::Builder::new()
            .prefix("seam-tests-")
            .tempdir()
            .map_err(|e| StageError::io("make", "a temporary folder", &e))?;
        let mut guard = Guard::new(folder.path())?;
        let until = Instant::now() + budget;
        let all = async {
            let mut out = Vec::new();
            for trial in trials {
                let begins = Instant::now() < until;
                out.push(if begins { Some(repeated(root, trial, until, &mut guard, &mut say).await?) } else { None });
            }
            Ok(out)
        };
        let outcome = tokio::select! {
            outcome = all => outcome,
            () = crate::verify::told_to_stop() => Err(StageError::Stopped),
        };
        sweep(&guard.mark);
        outcome
    })
}

/// What left its group carries the mark all the same.
fn sweep(mark: &str) {
    for id in marked(mark) {
        if let Some(process) = Pid::from_raw(id) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

async fn repeated(
    root: &Path,
    trial: &Trial,
    until: Instant,
    guard: &mut Guard,
    say: &mut impl FnMut(&Trial, u32),
) -> Result<Tried, StageError> {
    let began = Instant::now();
    let mut out = Tried { end: End::Passed, ran: 0, passed: 0, milliseconds: 0, output: String::new() };
    let mut failed = 0;
    while out.ran < TRIES {
        say(trial, out.ran);
        let (end, output) = once(root, trial, until, guard).await?;
        out.ran += 1;
        out.passed += u32::from(end == End::Passed);
        failed += u32::from(end == End::Failed);
        // What a failure wrote is worth more than what a repetition that passed did.
        if end != End::Passed || out.output.is_empty() {
            out.output = output;
        }
        let open = matches!(end, End::Open(_));
        if !open || out.ran == 1 {
            out.end = end.clone();
        }
        if open || failed == 0 || out.passed > 0 || Instant::now() >= until {
            break;
        }
    }
    if out.passed > 0 && failed > 0 {
        out.end = End::Flaky;
    }
    out.milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(out)
}

async fn once(root: &Path, trial: &Trial, until: Instant, guard: &mut Guard) -> Result<(End, String), StageError> {
    let folder = root.join(&trial.folder);
    if !folder.is_dir() {
        return Ok((End::Open(format!("there is no folder `{}`", trial.folder)), String::new()));
    }
    let mut env = trial.env.clone();
    env.insert(MARK.to_owned(), guard.mark.clone());
    let mut running = Running::start(&trial.runner, &trial.command, &folder, &env)?;
    guard.watch(running.group).await;
    let left = until.saturating_duration_since(Instant::now());
    let waited = tokio::time::timeout(left, running.wait()).await;
    let grace = if waited.is_err() { Duration::from_millis(500) } else { Duration::ZERO };
    running.stop(grace).await;
    sweep(&guard.mark);
    // Its last words are on their way.
    tokio::time::sleep(Duration::from_millis(30)).await;
    let output = running.last_lines(LINES);
    let end = match waited {
        Ok(status) => {
            let status = status.map_err(|e| StageError::io("wait for", &trial.command, &e))?;
            ending(&trial.runner, status.code(), &output)
        }
        Err(_) => End::Open(format!("it did not end within {} s", left.as_secs().max(1))),
    };
    Ok((end, tail(&output).to_owned()))
}

/// The end of a text, from a line's beginning.
fn tail(text: &str) -> &str {
    let mut from = text.len().saturating_sub(SHOWN);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    match text[from..].split_once('\n') {
        Some((_, rest)) if from > 0 => rest,
        _ => &text[from..],
    }
}
