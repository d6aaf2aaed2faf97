//! The loop: what the explorer asks for is performed, and what happened is given back to it.

use crate::StageError;
use crate::scenario::Play;
use crate::stage::Stage;
use seam_verify::explore::{Explorer, Next, Why};
use seam_verify::fault::Script;
use std::time::{Duration, Instant};

/// What is told on the way.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    Starting(&'a str),
    Note(&'a str),
    Running { runs: usize, left: usize, script: &'a Script, why: Why },
}

/// Runs until there is nothing to try or the time is over; whether it was not over.
pub async fn explore(
    stage: &mut Stage,
    play: &Play,
    explorer: &mut Explorer,
    budget: Duration,
    mut say: impl FnMut(Told<'_>),
) -> Result<bool, StageError> {
    let until = Instant::now() + budget;
    let mut dirty = false;
    loop {
        let Next::Run { script, why, fresh, pause } = explorer.due() else { return Ok(true) };
        // Findings are confirmed also when the time is over; nothing new is begun.
        if Instant::now() > until && explorer.may_stop() && why != Why::Baseline {
            return Ok(false);
        }
        say(Told::Running { runs: explorer.runs, left: explorer.left().len(), script: &script, why });
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let fresh = dirty || fresh && explorer.runs > 0;
        if fresh {
            stage.restart().await?;
        }
        stage.reset().await?;
        let under = stage.begin(&script);
        let apart = matches!(play, Play::Command { .. });
        if apart {
            stage.control.around(&under).await;
        }
        let content = play.perform(stage, &script).await?;
        if apart {
            stage.control.around(&under).await;
        }
        let run = stage.end(&script, &under, content, |run| explorer.owes(run)).await;
        if let Some(why) = under.troubles().into_iter().next() {
            return Err(StageError::Unseen { why });
        }
        // Whatever is still under way would be the next run's.
        dirty = !run.died.is_empty() || run.waited > 0;
        explorer.record(why, fresh, run);
    }
}
