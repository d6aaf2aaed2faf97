//! Answers and stores agree: a success did all that an undisturbed run does, a failure did nothing.
//!
//! "Failure, and everything happened" is an ambiguous commit: the client cannot know, and asking again must be safe. Everything in
//! between is a partial effect, or a duplicate one if more happened than should.
//!
//! Silent: what is only late. While a line is down, work waits behind it; what is made up for when the line is back did happen, and
//! what is taken back by then is gone. So where every step was answered as usual, only all of them together are judged.
//!
//! Silent: what a correct system keeps of a failure. A record in a state that an undisturbed run does not lead to (a cancelled
//! order), keys that were seen, versions and journals say that something failed; they do not do half of it. A success with another
//! content than usual says itself that something is missing: that is weak. So is the half of it that stays where the process that did
//! it was killed in the middle: only a record that outlives processes mends that, and whoever has none knows it now.

use super::Cx;
use crate::call::{Call, DELIVER, PUBLISH};
use crate::effect::{Unit, What, compared};
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::run::Ending;
use std::collections::BTreeSet;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    if cx.run.states.len() < 2 {
        return;
    }
    let endings: Vec<Ending> = (0..cx.learned.steps.len()).map_while(|step| cx.learned.ending(cx.run, step)).collect();
    if endings.len() == cx.learned.steps.len() && endings.iter().all(|e| *e == Ending::Full) {
        return whole(cx, out);
    }
    // Whose doing a change was cannot be told: stores were looked at before and after all of them only.
    if cx.run.overlaps() || cx.run.states.len() < cx.run.steps().len() + 1 {
        return;
    }
    for step in 0..cx.learned.changes.len() {
        let usual = &cx.learned.usual_of(cx.run, step);
        let Some(ending) = endings.get(step).copied() else { return };
        if cx.run.states.len() < step + 2 {
            return;
        }
        // Before the faults nobody looked.
        if cx.run.states[step].is_empty() || cx.run.states[step + 1].is_empty() {
            if ending == Ending::Failed {
                return;
            }
            continue;
        }
        let changes = cx.learned.changes_of(cx.run, step);
        let (extra, _, missing) = compared(&changes, usual);
        let alike = extra.is_empty() && missing.is_empty();
        if ending != Ending::Failed && alike {
            continue;
        }
        let late = cx.learned.changes_to_the_end(cx.run, step);
        let judged = match ending {
            Ending::Failed => failure(cx, &changes, usual, &late),
            Ending::Full | Ending::Degraded => success(cx, &changes, usual, ending, &late),
        };
        if let Some(judged) = judged {
            let call = &cx.run.calls[cx.run.steps()[step]];
            out.push(judged.finding(cx, &call.operation(), &call.request.callee));
        }
        if ending == Ending::Failed || !alike {
            // What follows starts from another state.
            return;
        }
    }
}

/// Every step was answered as usual: then all of them together did what they usually do, however late each part of it came.
fn whole(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let Some(first) = cx.run.states.iter().position(|s| !s.is_empty()).filter(|at| *at < cx.learned.totals.len())
    else {
        return;
    };
    let (changes, usual) = (cx.learned.changes_to_the_end(cx.run, first), cx.learned.total_of(cx.run, first));
    let Some(judged) = success(cx, &changes, &usual, Ending::Full, &changes) else { return };
    let differs = |step: &usize| {
        let changes = cx.learned.changes_of(cx.run, *step);
        let usual = cx.learned.usual_of(cx.run, *step);
        let (extra, _, missing) = compared(&changes, &usual);
        !extra.is_empty() || !missing.is_empty()
    };
    let steps = cx.run.steps();
    let last = cx.learned.steps.len() - 1;
    let step = (first..last).find(|s| !cx.run.overlaps() && differs(s)).unwrap_or(last);
    let call = &cx.run.calls[steps[step]];
    out.push(judged.finding(cx, &call.operation(), &call.request.callee));
}

struct Judged {
    rule: Rule,
    grade: Grade,
    says: &'static str,
    stores: BTreeSet<String>,
    evidence: Vec<String>,
}

impl Judged {
    fn finding(mut self, cx: &Cx<'_>, what: &str, service: &str) -> Finding {
        let stores: Vec<String> = self.stores.into_iter().collect();
        if cx.run.waited > 0 {
            let seconds = cx.run.waited.div_ceil(1_000);
            self.evidence.insert(0, format!("not made up for within {seconds} s after the fault"));
        }
        Finding {
            rule: self.rule,
            grade: self.grade,
            at: format!("{what} {}", stores.join(", ")),
            says: format!("`{what}` {}", self.says),
            evidence: self.evidence.into_iter().take(12).collect(),
            services: vec![service.to_owned()],
        }
    }
}

fn of<'a>(units: impl IntoIterator<Item = &'a &'a Unit>) -> BTreeSet<String> {
    units.into_iter().map(|u| u.store.clone()).collect()
}

fn lines<'a>(word: &str, units: impl IntoIterator<Item = &'a &'a Unit>) -> Vec<String> {
    units.into_iter().map(|u| format!("{word}: {}", u.text)).collect()
}

/// Whether something that was there after the step is there in the end.
fn stays(unit: &Unit, late: &[Unit]) -> bool {
    late.iter().any(|o| match unit.what {
        What::Came => o.plain() == unit.plain(),
        // Later steps may have added to it.
        What::Went | What::Amount | What::Word => o.slot == unit.slot,
    })
}

fn failure(cx: &Cx<'_>, changes: &[Unit], usual: &[Unit], late: &[Unit]) -> Option<Judged> {
    let (extra, both, missing) = compared(changes, usual);
    let serious = |units: Vec<&'_ Unit>| -> Vec<Unit> {
        units.into_iter().filter(|u| !u.bookkeeping() && stays(u, late)).cloned().collect()
    };
    let missing: Vec<&Unit> = missing.into_iter().filter(|u| !u.bookkeeping() && !stays(u, late)).collect();
    let both = serious(both);
    let wrong: Vec<Unit> = serious(extra).into_iter().filter(|u| matches!(u.what, What::Amount | What::Went)).collect();
    let (both, wrong): (Vec<&Unit>, Vec<&Unit>) = (both.iter().collect(), wrong.iter().collect());
    if both.is_empty() && wrong.is_empty() {
        return None;
    }
    let evidence = [lines("stays", &both), lines("stays", &wrong)].concat();
    let stores = of(both.iter().chain(&wrong));
    let midway = cx.run.struck().iter().any(|at| cx.run.calls[*at].fault == Some(Kind::KillCaller));
    Some(if midway && wrong.is_empty() && !missing.is_empty() {
        let says = "is killed in the middle, and a part of it stays";
        Judged { rule: Rule::PartialEffect, grade: Grade::Weak, says, stores, evidence }
    } else if missing.is_empty() && wrong.is_empty() {
        let says = "fails, and yet all of it happened";
        Judged { rule: Rule::AmbiguousCommit, grade: Grade::Weak, says, stores, evidence }
    } else if wrong.is_empty() {
        let says = "fails, and a part of it stays";
        Judged { rule: Rule::PartialEffect, grade: Grade::Fails, says, stores, evidence }
    } else {
        let says = "fails, and leaves something else behind";
        Judged { rule: Rule::PartialEffect, grade: Grade::Fails, says, stores, evidence }
    })
}

fn success(cx: &Cx<'_>, changes: &[Unit], usual: &[Unit], ending: Ending, late: &[Unit]) -> Option<Judged> {
    let (extra, _, missing) = compared(changes, usual);
    // By the end it is there, or what stood in its place is gone.
    let in_the_end = |u: &Unit| late.iter().any(|o| o.plain() == u.plain());
    let extra: Vec<&Unit> = extra.into_iter().filter(|u| !u.bookkeeping() && in_the_end(u)).collect();
    let missing: Vec<&Unit> = missing.into_iter().filter(|u| !u.bookkeeping() && !in_the_end(u)).collect();
    // Once more what should have come once, or another amount.
    let comes_again = redelivered(cx);
    let again = |u: &Unit| {
        // Under the next number of a counter it is the same row, where a message came again.
        let same = |o: &Unit| o.plain() == u.plain() || comes_again && u.once_more(o);
        u.what == What::Came && usual.iter().any(same)
    };
    let twice: Vec<&Unit> =
        extra.iter().copied().filter(|u| matches!(u.what, What::Amount | What::Went) || again(u)).collect();
    // Another content in its place: who answers as usual says that all is as usual.
    let another = |m: &Unit| {
        let instead = |e: &&&Unit| e.slot == m.slot && (e.what == What::Word || !e.differs(m).is_empty());
        ending == Ending::Full && extra.iter().any(|e| instead(&e))
    };
    let other: Vec<&Unit> = missing.iter().copied().filter(|m| another(m)).collect();
    let lacking: Vec<&Unit> = missing.iter().copied().filter(|m| !extra.iter().any(|e| e.slot == m.slot)).collect();
    let evidence = [lines("missing", &missing), lines("instead", &extra)].concat();
    if twice.is_empty() && lacking.is_empty() && other.is_empty() {
        return None;
    }
    if twice.is_empty() && other.is_empty() {
        let grade = if ending == Ending::Full { Grade::Fails } else { Grade::Weak };
        let says = "succeeds, and a part of it did not happen";
        return Some(Judged { rule: Rule::PartialEffect, grade, says, stores: of(&lacking), evidence });
    }
    let stores = of(twice.iter().chain(&other));
    Some(if twice.is_empty() {
        let says = "succeeds, and something else than usual happened";
        Judged { rule: Rule::PartialEffect, grade: Grade::Fails, says, stores, evidence }
    } else if redelivered(cx) {
        let says = "counts a message twice that comes again, as it does where its acknowledgement is lost";
        Judged { rule: Rule::DuplicateEffect, grade: Grade::Fails, says, stores, evidence }
    } else if delivered_twice(cx) {
        // Nobody here sends it twice: the day somebody does, it counts twice.
        let says = "counts twice what is delivered twice";
        Judged { rule: Rule::DuplicateEffect, grade: Grade::Weak, says, stores, evidence }
    } else if repeated(cx) {
        let says = "succeeds, and something happened twice";
        Judged { rule: Rule::DuplicateEffect, grade: Grade::Fails, says, stores, evidence }
    } else {
        let says = "succeeds, and something else than usual happened";
        Judged { rule: Rule::PartialEffect, grade: Grade::Fails, says, stores, evidence }
    })
}

/// Brokers hand out once more what nobody acknowledged.
fn redelivered(cx: &Cx<'_>) -> bool {
    let unacknowledged = |c: &Call| {
        matches!(c.fault, Some(Kind::ReplyLost | Kind::Kill | Kind::Duplicate))
            || cx.run.killed.contains(&c.request.callee) && c.seen.failed()
    };
    cx.run.calls.iter().any(|c| c.request.method == DELIVER && unacknowledged(c))
}

/// Some operation reached its callee more often than usual.
fn repeated(cx: &Cx<'_>) -> bool {
    // A message whose confirmation was lost is sent once more.
    let sent = |c: &Call| c.request.method == PUBLISH && c.reached > 0;
    let same = |a: &Call, b: &Call| a.request == b.request && a.key != b.key;
    let unheard = cx.run.calls.iter().filter(|c| sent(c) && c.fault.is_some() && c.seen.failed());
    if unheard.into_iter().any(|one| cx.run.calls.iter().any(|other| sent(other) && same(one, other))) {
        return true;
    }
    let usual = |what: &String| cx.learned.usual.get(what).copied().unwrap_or(0);
    cx.learned.reaching(cx.run).iter().any(|(what, count)| *count > usual(what) && usual(what) > 0)
}

fn delivered_twice(cx: &Cx<'_>) -> bool {
    cx.run.calls.iter().any(|c| matches!(c.fault, Some(Kind::Duplicate | Kind::Twice)))
}
