//! Faults that tell a faulty state from a repaired one: what becomes a replay file that keeps a failure from coming back.
//!
//! Invariant: a replay is given only if its faults made the faulty state fail each of three times, were met in the repaired state, and made
//! nothing fail there. Both states run, one after the other, and are ended.

use crate::StageError;
use crate::layout::Layout;
use crate::perform::{Told, explore};
use crate::stage::Stage;
use crate::verify::{Order, told_to_stop, verify};
use seam_verify::explore::Explorer;
use seam_verify::fault::Script;
use seam_verify::finding::{Found, Grade};
use seam_verify::replay::Replay;
use seam_verify::report::{Played, Report};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many sets of faults are tried on the repaired state.
const MOST: usize = 8;
/// For what was found already there is always time.
const PATIENT: Duration = Duration::from_secs(3_600);

/// What tells them apart, if anything does, and what was tried and does not.
#[derive(Clone, Debug, Default)]
pub struct Apart {
    pub replay: Option<Replay>,
    pub refused: Vec<String>,
}

/// Tries these replays on both, or, without any, what exploring the faulty state finds; `fits` says how near a finding is to what is
/// meant, the nearest first, and nothing of what is not meant.
pub fn apart(
    (faulty, repaired): (&Order, &Order),
    candidates: &[Replay],
    fits: impl Fn(&Found) -> Option<usize>,
    mut say: impl FnMut(Told<'_>),
) -> Result<Apart, StageError> {
    let mut out = Apart::default();
    let before = match candidates {
        [] => verify(faulty, &mut say)?,
        some => replayed(faulty, some, &mut say)?,
    };
    let mut shown: Vec<(usize, Replay)> = Vec::new();
    for played in &before.scenarios {
        if let Some(why) = &played.because {
            out.refused.push(format!("`{}` on the faulty state: {why}", played.scenario));
        }
        let steady = played.findings.iter().filter(|r| r.found.finding.grade == Grade::Fails && r.found.steady());
        for reported in steady {
            let (found, says) = (&reported.found, &reported.found.finding.says);
            let Some(near) = fits(found) else { continue };
            if !shown.iter().any(|(_, r)| r.faults == found.script && r.scenario == played.scenario) {
                shown.push((near, Replay::new(&played.scenario, &reported.id, says, found.script.clone())));
            }
        }
    }
    shown.sort_by_key(|(near, _)| *near);
    let shown: Vec<Replay> = shown.into_iter().map(|(_, replay)| replay).take(MOST).collect();
    if shown.is_empty() {
        let tried: Vec<String> = candidates.iter().map(|r| r.faults.to_string()).collect();
        let what = if tried.is_empty() { "no fault that was tried".to_owned() } else { tried.join("; ") };
        out.refused.push(format!("the faulty state fails under {what}"));
        return Ok(out);
    }
    let after = replayed(repaired, &shown, &mut say)?;
    for replay in shown {
        match holds(&after, &replay) {
            Ok(()) => {
                out.replay = Some(replay);
                break;
            }
            Err(why) => out.refused.push(format!("{}: {why}", replay.faults)),
        }
    }
    Ok(out)
}

/// Whether a report knows these faults and nothing that fails under them.
fn holds(report: &Report, replay: &Replay) -> Result<(), String> {
    let Some(played) = report.scenarios.iter().find(|s| s.scenario == replay.scenario) else {
        return Err(format!("the repaired state has no scenario `{}`", replay.scenario));
    };
    let text = replay.faults.to_string();
    if played.tried == 0 || played.not_reached.iter().any(|n| n.starts_with(&text)) {
        return Err(played.because.clone().unwrap_or_else(|| "it was not reached in the repaired state".to_owned()));
    }
    let under = |f: &Found| f.script == replay.faults || f.also.contains(&replay.faults);
    let fails = played.findings.iter().find(|r| r.found.finding.grade == Grade::Fails && under(&r.found));
    fails.map_or(Ok(()), |r| Err(format!("the repaired state fails too: {}", r.found.finding.says)))
}

/// The same faults again, on processes that are started once.
fn replayed(order: &Order, replays: &[Replay], mut say: impl FnMut(Told<'_>)) -> Result<Report, StageError> {
    let mut scripts: BTreeMap<String, Vec<Script>> = BTreeMap::new();
    for replay in replays {
        scripts.entry(replay.scenario.clone()).or_default().push(replay.faults.clone());
    }
    let order = Order { scenarios: scripts.keys().cloned().collect(), replay: None, ..order.clone() };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| StageError::io("start", "threads", &e))?;
    runtime.block_on(async {
        let mut stage = Stage::set(Layout::of(&order.root, &order.settings)?, order.stores()?).await?;
        let outcome = tokio::select! {
            outcome = all(&order, &mut stage, &scripts, &mut say) => outcome,
            () = told_to_stop() => Err(StageError::Stopped),
        };
        let struck = stage.strike().await;
        let report = outcome?;
        struck?;
        Ok(report)
    })
}

async fn all(
    order: &Order,
    stage: &mut Stage,
    scripts: &BTreeMap<String, Vec<Script>>,
    mut say: impl FnMut(Told<'_>),
) -> Result<Report, StageError> {
    stage.start(|name| say(Told::Starting(name))).await?;
    let mut out = Vec::new();
    for play in order.plays()?.0 {
        let scripts = scripts.get(play.name()).cloned().unwrap_or_default();
        let mut explorer = Explorer::replaying(order.limits(), scripts);
        let done = explore(stage, &play, &mut explorer, PATIENT, &mut say).await?;
        out.push(Played::of(play.name(), &explorer, done.whole, (done.milliseconds, done.spent), &[]));
    }
    Ok(Report::of(out))
}
