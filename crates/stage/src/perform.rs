//! The loop: what the explorer asks for is performed, and what happened is given back to it.

use crate::StageError;
use crate::scenario::Play;
use crate::stage::Stage;
use seam_verify::explore::{Explorer, Next, Why};
use seam_verify::fault::Script;
use seam_verify::report::Spent;
use std::time::{Duration, Instant};

/// What is told on the way.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    Starting(&'a str),
    Note(&'a str),
    Running { runs: usize, left: usize, script: &'a Script, why: Why },
}

/// How an exploration went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Nothing was left for want of time.
    pub whole: bool,
    pub milliseconds: u64,
    pub spent: Spent,
}

/// Runs until there is nothing to try or the time is over.
pub async fn explore(
    stage: &mut Stage,
    play: &Play,
    explorer: &mut Explorer,
    budget: Duration,
    mut say: impl FnMut(Told<'_>),
) -> Result<Done, StageError> {
    let began = Instant::now();
    let until = began + budget;
    let mut done = Done::default();
    let mut dirty = false;
    loop {
        done.milliseconds = ms(began);
        let Next::Run { script, why, fresh, pause } = explorer.due() else { return Ok(Done { whole: true, ..done }) };
        // Findings are confirmed also when the time is over; nothing new is begun.
        if Instant::now() > until && explorer.may_stop() && why != Why::Baseline {
            return Ok(done);
        }
        say(Told::Running { runs: explorer.runs, left: explorer.left().len(), script: &script, why });
        let at = Instant::now();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        done.spent.waiting += ms(at);
        let fresh = dirty || fresh && explorer.runs > 0;
        let at = Instant::now();
        if fresh {
            stage.restart().await?;
        }
        done.spent.processes += ms(at);
        let at = Instant::now();
        stage.reset().await?;
        done.spent.stores += ms(at);
        let at = Instant::now();
        let under = stage.begin(&script, why == Why::Baseline);
        let apart = matches!(play, Play::Command { .. });
        if apart {
            stage.control.around(&under).await;
        }
        let performed = async {
            let content = play.perform(stage, &script).await?;
            if apart {
                stage.control.around(&under).await;
            }
            done.spent.requests += ms(at);
            let at = Instant::now();
            let run = stage.end(&script, &under, content, |run| explorer.owes(run)).await;
            done.spent.waiting += ms(at);
            Ok::<_, StageError>(run)
        };
        let run = tokio::select! {
            run = performed => run?,
            never = stage.revive(&under) => match never {},
        };
        if let Some(why) = under.troubles().into_iter().next() {
            return Err(StageError::Unseen { why });
        }
        // Whatever is still under way would be the next run's.
        dirty = !run.died.is_empty() || run.unsettled;
        explorer.record(why, fresh, run);
    }
}

fn ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
