//! After the scenario: faults end, and the system gets the time it needs to make up for them.
//!
//! Invariant: nothing is waited for that could not change what is said. While a fault lasts and somebody tries on, it lasts a little
//! longer, so that it shows how they try. When it is over, this waits as long as messages are on their way, consumers are not back, or
//! answers and stores still say something against each other; and gives up when nothing has moved for as long as a patient service may
//! pause (who doubles pauses comes back within the time that has passed, once more), or at the bound.

use crate::control::{Control, Under};
use crate::stage::Stage;
use seam_verify::fault::{Fault, Script};
use seam_verify::run::{Run, States};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long a fault goes on at most for those who try on by themselves, and how old their last attempt may be.
const LONGER: Duration = Duration::from_millis(4_000);
const FRESH: Duration = Duration::from_millis(1_200);
/// How long nothing has to move before what is owed counts as never made up for: where work goes on behind answers even without faults,
/// and where it does not.
const STILL: Duration = Duration::from_millis(2_500);
const SOON: Duration = Duration::from_millis(1_000);
/// The same after a process was killed: what it left half done is found by leases that end and sweeps that come round.
const RISEN: Duration = Duration::from_millis(8_000);
/// How long a fault waits for work behind answers that it is meant for.
const EXPECTED: Duration = Duration::from_millis(2_000);
/// The bound for all of it.
pub(crate) const MOST: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// What the waiting showed.
#[derive(Default)]
pub(crate) struct Aftermath {
    /// Who does not take messages again.
    pub away: BTreeSet<(String, String)>,
    pub waited: Duration,
    /// Something may still be under way that the next run would see.
    pub unsettled: bool,
}

impl Control {
    /// A fault that lasts shows what those do whom nobody waits for: how they try on.
    pub async fn tried_on(&self, under: &Under) {
        if !self.script().borrow().faults.iter().any(Fault::lasts) {
            return;
        }
        let until = Instant::now() + LONGER;
        let fresh = u64::try_from(FRESH.as_millis()).unwrap_or(u64::MAX);
        while under.book().tries_on(fresh, under.now()) && Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Faults are over; `owes` says of the run so far whether time could still mend it. The last look at the stores is taken again.
    pub async fn made_up(&self, under: &Under, script: &Script, owes: impl Fn(&Run) -> bool) -> Aftermath {
        self.end();
        if script.is_empty() {
            return Aftermath::default();
        }
        let began = Instant::now();
        // As long again as it took until now, for who doubles pauses.
        let killed = !under.book().dead().is_empty();
        let least = match (killed, self.works_later()) {
            (true, _) => RISEN,
            (false, true) => STILL,
            (false, false) => SOON,
        };
        let still = least.max(Duration::from_millis(under.now()).min(MOST / 2));
        let (mut last, mut moved) = (self.last(under).await, Instant::now());
        let mut calls = under.book().calls.len();
        // What is done behind answers may have been done since the last look.
        let mut stale = self.works_later() || under.book().delivers();
        loop {
            let away = self.away(under);
            let on_the_way = under.book().undelivered() || !under.book().quiet_below();
            stale |= on_the_way;
            if stale && !on_the_way && last.is_some() {
                stale = false;
                last = Some(self.seen(under).await);
            }
            let run = self.so_far(under, script, &last).await;
            let owed = owes(&run);
            if !on_the_way && away.is_empty() && !owed {
                return Aftermath { away, ..Aftermath::default() };
            }
            let idle = moved.elapsed() > still && (!on_the_way && away.is_empty() || began.elapsed() > MOST);
            if idle || began.elapsed() > MOST + still {
                // Where nothing ever goes on behind answers, nobody asks and nothing moved: it is over, though it is wrong.
                let unsettled = self.works_later() || on_the_way || !away.is_empty();
                return Aftermath { away, waited: began.elapsed(), unsettled };
            }
            tokio::time::sleep(PAUSE).await;
            // Whoever still asks is at it. A thread that looks every now and then whether there is something writes nothing.
            let more = under.book().calls.len();
            if more != calls {
                (calls, moved) = (more, Instant::now());
            }
            if let Some(before) = &last {
                let now = self.seen(under).await;
                if now != *before {
                    moved = Instant::now();
                    last = Some(now);
                }
            }
        }
    }

    /// Looks once more; that is now the last look.
    async fn seen(&self, under: &Under) -> States {
        let now = self.look(under).await;
        if let Some(state) = under.states.lock().await.last_mut() {
            *state = now.clone();
        }
        now
    }

    /// The last look, if there was one.
    async fn last(&self, under: &Under) -> Option<States> {
        under.states.lock().await.last().filter(|last| !last.is_empty()).cloned()
    }

    /// The run as it would be if it ended now.
    async fn so_far(&self, under: &Under, script: &Script, last: &Option<States>) -> Run {
        let calls = under.book().so_far(under.now());
        let mut states = under.states.lock().await.clone();
        if let (Some(now), Some(state)) = (last, states.last_mut()) {
            *state = now.clone();
        }
        let killed = under.book().dead().clone();
        let forgotten = under.deaths().forgotten.clone();
        Run { script: script.clone(), calls, states, content: true, killed, forgotten, ..Run::default() }
    }

    fn away(&self, under: &Under) -> BTreeSet<(String, String)> {
        let now = self.takers();
        let fewer = |edge: &(String, String), before: i64| now.get(edge).copied().unwrap_or(0) < before;
        under.takers.iter().filter(|(edge, before)| fewer(edge, **before)).map(|(edge, _)| edge.clone()).collect()
    }
}

impl Stage {
    /// The record of a run that is over; `owes` says whether time could still mend it.
    pub(crate) async fn end(&self, script: &Script, under: &Under, content: bool, owes: impl Fn(&Run) -> bool) -> Run {
        let ms = under.now();
        if under.book().holds() {
            // Who hands a cancellation on does so now.
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        let until = Instant::now() + EXPECTED;
        while under.book().expects() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.control.all_stand().await;
        under.over.send_replace(true);
        under.quiet(Duration::from_secs(2)).await;
        self.control.tried_on(under).await;
        let aftermath = self.control.made_up(under, script, owes).await;
        // Last words are on their way.
        tokio::time::sleep(Duration::from_millis(4)).await;
        let waited = u64::try_from(aftermath.waited.as_millis()).unwrap_or(u64::MAX);
        let mut run = Run {
            script: script.clone(),
            content,
            ms,
            away: aftermath.away,
            waited,
            unsettled: aftermath.unsettled,
            ..Run::default()
        };
        // A message that comes again may have killed once more.
        self.control.all_stand().await;
        for running in self.all().iter_mut() {
            run.logs.insert(running.name.clone(), running.taken());
            if let Some(how) = running.ended() {
                run.died.insert(running.name.clone(), how);
            }
        }
        let deaths = std::mem::take(&mut *under.deaths());
        for (name, why) in deaths.fallen {
            run.died.insert(name, format!("killed, it does not start again: {why}"));
        }
        run.forgotten = deaths.forgotten;
        run.killed = under.book().dead().clone();
        run.calls = under.book().so_far(under.now());
        run.lines = under.lines().into_keys().collect();
        run.states = std::mem::take(&mut *under.states.lock().await);
        run
    }
}
