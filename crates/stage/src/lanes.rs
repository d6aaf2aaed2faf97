//! Scenarios, one after the other on one copy of the system, or side by side on several.
//!
//! Invariant: a scenario is explored on one copy from its first run to its last, since what is usual there was learnt there; the report
//! has the scenarios in their order, whichever was through first.

use crate::StageError;
use crate::perform::{Told, explore};
use crate::scenario::Play;
use crate::stage::Stage;
use crate::verify::Order;
use seam_verify::explore::Explorer;
use seam_verify::report::{Played, Report};
use seam_verify::schedule::Known;
use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::Poll;

pub(crate) async fn all(
    order: &Order,
    stages: &mut [Stage],
    plays: &[Play],
    notes: &[String],
    mut say: impl FnMut(Told<'_>),
) -> Result<Report, StageError> {
    for note in notes {
        say(Told::Note(note));
    }
    let (say, next) = (RefCell::new(say), Cell::new(0));
    let played = RefCell::new(Vec::new());
    let copies = stages.iter_mut().map(|stage| {
        let (say, next, played) = (&say, &next, &played);
        Box::pin(async move {
            stage.start(|name| say.borrow_mut()(Told::Starting(name))).await?;
            while let Some(play) = plays.get(next.get()) {
                let at = next.replace(next.get() + 1);
                let done = one(order, stage, play, |told| say.borrow_mut()(told)).await?;
                played.borrow_mut().push((at, done));
            }
            Ok::<(), StageError>(())
        })
    });
    together(copies.collect()).await?;
    let mut played = played.into_inner();
    played.sort_by_key(|(at, _)| *at);
    Ok(Report::of(played.into_iter().map(|(_, played)| played).collect()))
}

async fn one(
    order: &Order,
    stage: &mut Stage,
    play: &Play,
    mut say: impl FnMut(Told<'_>),
) -> Result<Played, StageError> {
    let (stores, processes) = (stage.stored(), stage.mortal());
    let known = Known { suspicions: order.suspicions.clone(), stores, processes, ..Known::default() };
    let mut explorer = match &order.replay {
        Some(replay) => Explorer::replaying(order.limits(), vec![replay.faults.clone()]),
        None => Explorer::new(order.limits(), known, order.faults),
    };
    let done = explore(stage, play, &mut explorer, order.budget, &mut say).await?;
    Ok(Played::of(play.name(), &explorer, done.whole, (done.milliseconds, done.spent), &order.suspicions))
}

/// Waits for all of them, or for the first that fails.
async fn together<E>(mut all: Vec<Pin<Box<impl Future<Output = Result<(), E>>>>>) -> Result<(), E> {
    std::future::poll_fn(|cx| {
        let mut at = 0;
        while let Some(one) = all.get_mut(at) {
            match one.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(Ok(())) => drop(all.swap_remove(at)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        if all.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}
