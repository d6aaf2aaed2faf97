//! What policies allow along every chain of calls and messages, before anything is started: the chains that the graph knows, as `verify`
//! explores them.

use super::{Said, counted, one};
use crate::Snapshot;
use crate::asks::verify::{Answer, Performed, Request, State};
use seam_detect::chains::{self, chains};
use seam_graph::Evidence;
use seam_verify::model::{
    Budget, Chain, Checked, Counterexample, Guard, Hop, Layer, Limit, Place, Taking, Tries, Work, check,
};
use seam_verify::report::Fate;
use std::collections::{BTreeMap, BTreeSet};

/// All chains of one state of the workspace.
pub(super) fn checked(snapshot: &Snapshot, profile: Option<&str>) -> Checked {
    let graph = snapshot.graph(profile);
    let limits = snapshot.settings().detect.limits();
    let cx = seam_detect::Cx::new(&graph, snapshot.base(), &limits);
    let found = chains(&cx);
    let all: Vec<Chain> = found.all.iter().map(chain).collect();
    Checked { more: found.more, ..check(&all, Budget { calls: limits.attempts }) }
}

/// The newer state, with what the older one allows as well.
pub(super) fn compared(older: &Snapshot, newer: &Snapshot, profile: Option<&str>) -> Checked {
    let mut after = checked(newer, profile);
    if after.counterexamples.is_empty() {
        return after;
    }
    let before = checked(older, profile);
    let known: BTreeSet<&str> = before.counterexamples.iter().map(|c| c.id.as_str()).collect();
    // Where an answer was cut, what is missing from it may have been there.
    for example in &mut after.counterexamples {
        example.before = known.contains(example.id.as_str()) || before.left_out > 0;
    }
    after
}

fn place(at: &Evidence, says: impl Into<String>) -> Place {
    Place { path: at.path.to_string(), line: at.at.line, says: says.into() }
}

fn limit(said: &Option<(u64, Evidence)>, says: &str) -> Option<Limit> {
    said.as_ref().map(|(millis, at)| Limit { millis: *millis, at: place(at, says) })
}

fn chain(chain: &chains::Chain) -> Chain {
    let work = chain.work.as_ref().map(|w| Work { at: place(&w.at, w.says.clone()), seen: w.seen });
    Chain { hops: chain.steps.iter().map(hop).collect(), work }
}

fn hop(step: &chains::Step) -> Hop {
    let layer = |l: &chains::Layer| {
        let often = match (l.attempts, l.endless) {
            (_, true) => "tries again without end".to_owned(),
            (Some(n), false) => format!("tries {n} times in all"),
            (None, false) => "tries again".to_owned(),
        };
        Layer { attempts: l.attempts, endless: l.endless, at: place(&l.at, often) }
    };
    let taking = |t: &chains::Taken| Taking {
        topic: t.topic.clone(),
        again: t.again,
        ack: t.ack.as_ref().map(|at| place(at, "acknowledges after the work")),
        lease: limit(&t.lease, "visibility timeout"),
    };
    let says = match &step.taken {
        Some(taken) => format!("takes messages of `{}`", taken.topic),
        None => format!("calls `{}`", step.callee),
    };
    let [refused, silent, failed] = step.tries;
    Hop {
        id: step.id.clone(),
        caller: step.caller.clone(),
        callee: step.callee.clone(),
        what: step.what.clone(),
        at: place(&step.at, says),
        message: step.taken.as_ref().map(taking),
        layers: step.layers.iter().map(layer).collect(),
        tries: Tries { refused, silent, failed },
        timeout: limit(&step.timeout, "timeout"),
        total: limit(&step.total, "timeout over all attempts"),
        pause: step.pause,
        guard: step.known.as_ref().map(|k| Guard { fresh: k.fresh, at: place(&k.at, "known by a key") }),
        asks: step.asks,
    }
}

/// What became of each counterexample where it was tried.
fn fates(done: &Performed) -> BTreeMap<&str, Fate> {
    let mut out: BTreeMap<&str, Fate> = BTreeMap::new();
    let Some(Ok(report)) = &done.change else { return out };
    for hypothesis in report.scenarios.iter().flat_map(|s| &s.hypotheses) {
        let fate = out.entry(&hypothesis.finding).or_insert(hypothesis.fate);
        *fate = hypothesis.fate.min(*fate);
    }
    out
}

/// Lines of a proof's reasons; all counterexamples stand under `model`.
const REASONS: usize = 3;

fn first(mut all: Vec<String>, left_out: usize) -> Vec<String> {
    let more = all.len().saturating_sub(REASONS) + left_out;
    all.truncate(REASONS);
    if more > 0 {
        all.push(format!("and {more} more, told with the model"));
    }
    all
}

pub(super) fn proof(answer: &Answer, request: &Request, done: &Performed) -> Said {
    let Some(checked) = &answer.model else {
        return one(State::NotDone, "it was not asked for");
    };
    if checked.chains == 0 {
        return one(State::Passed, "nothing is tried or delivered again, as far as code and configuration say");
    }
    let fates = fates(done);
    let of = |wanted: Option<Fate>| -> Vec<&Counterexample> {
        let new = checked.counterexamples.iter().filter(|c| !c.before);
        new.filter(|c| fates.get(c.id.as_str()).copied().filter(|f| *f != Fate::NotReached) == wanted).collect()
    };
    let says = |all: &[&Counterexample]| all.iter().map(|c| c.says.clone()).collect::<Vec<_>>();
    let (confirmed, open) = (of(Some(Fate::Confirmed)), of(None));
    if !confirmed.is_empty() {
        return (State::Failed, first(says(&confirmed), 0));
    }
    if !open.is_empty() {
        // Who asks for it alone wants to be told by the exit code; what rests on something that nobody states stays open.
        let named = !request.only.is_empty() && open.iter().any(|c| c.assumes.is_empty());
        let state = if named { State::Failed } else { State::Inconclusive };
        return (state, first(says(&open), checked.left_out));
    }
    if checked.open > 0 {
        let says =
            format!("{} of {} have more states than were looked at", checked.open, counted(checked.chains, "chain"));
        return one(State::Inconclusive, says);
    }
    if checked.more {
        let says = format!("there are more chains than the {} that were looked at", checked.chains);
        return one(State::Inconclusive, says);
    }
    let known = checked.counterexamples.iter().filter(|c| c.before).count();
    let refuted = checked.counterexamples.len() - known;
    let mut says = format!("{} hold in {}", counted(checked.chains, "chain"), counted(checked.states, "state"));
    if known > 0 {
        says = format!(
            "nothing new in {}; {} allowed before, too",
            counted(checked.states, "state"),
            counted(known, "counterexample")
        );
    } else if refuted > 0 {
        says = format!("{} refuted by running", counted(refuted, "counterexample"));
    }
    one(State::Passed, says)
}
