//! Runs as they come, without judgement: for telemetry of an outage that really happened.

use crate::StageError;
use crate::layout::Layout;
use crate::perform::Told;
use crate::stage::Stage;
use crate::verify::{Order, told_to_stop};
use seam_verify::explore::Why;
use seam_verify::fault::Script;
use seam_verify::run::Run;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep_until};

/// Not more often than that, so that what is usual has a course in time.
const PACE: Duration = Duration::from_secs(1);

/// Performs each scenario of the order under each of these faults, one after the other, and gives when each run began (nanoseconds since
/// 1970) and what happened. Everything that was started is ended when this returns, however it returns.
pub fn record(order: &Order, scripts: &[Script], say: impl FnMut(Told<'_>)) -> Result<Vec<(u64, Run)>, StageError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| StageError::io("start", "threads", &e))?;
    runtime.block_on(async {
        let mut stage = Stage::set(Layout::of(&order.root, &order.settings)?, order.stores()?).await?;
        let outcome = tokio::select! {
            outcome = all(order, &mut stage, scripts, say) => outcome,
            () = told_to_stop() => Err(StageError::Stopped),
        };
        let struck = stage.strike().await;
        let runs = outcome?;
        struck?;
        Ok(runs)
    })
}

async fn all(
    order: &Order,
    stage: &mut Stage,
    scripts: &[Script],
    mut say: impl FnMut(Told<'_>),
) -> Result<Vec<(u64, Run)>, StageError> {
    let (plays, notes) = order.plays()?;
    notes.iter().for_each(|note| say(Told::Note(note)));
    stage.start(|name| say(Told::Starting(name))).await?;
    let mut out = Vec::new();
    for play in &plays {
        for (at, script) in scripts.iter().enumerate() {
            let next = Instant::now() + PACE;
            say(Told::Running { runs: at, left: scripts.len() - at, script, why: Why::Explore });
            stage.reset().await?;
            let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
            let under = stage.begin(script, script.is_empty());
            let content = play.perform(stage, script).await?;
            let run = stage.end(script, &under, content, |_| false).await;
            let died = !run.died.is_empty();
            out.push((began, run));
            if died {
                stage.restart().await?;
            }
            sleep_until(next).await;
        }
    }
    Ok(out)
}
