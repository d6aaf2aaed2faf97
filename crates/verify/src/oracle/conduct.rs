//! How services behave towards what fails: what they ask again, with what, how soon, and what they ask instead.
//!
//! Invariant: "again" is a call of the same operation for the same parent whose content is the same but for numbers: a loop over items
//! is none. Silent: attempts that are counted or dated on purpose, 401 (a token is renewed), reads that wait until something is there.

use super::Cx;
use crate::call::Call;
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::text;

/// Milliseconds that a refusal asks to wait (`Retry-After: 1`).
pub const ASKED: u64 = 1_000;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for at in 0..cx.run.calls.len() {
        if let Some((next, differ)) = again(cx, at) {
            attempts(&cx.run.calls[at], next, &differ, out);
        }
        breaker(cx, at, out);
        fallback(cx, at, out);
    }
}

fn finding(rule: Rule, grade: Grade, at: String, says: String, evidence: Vec<String>, services: &[&str]) -> Finding {
    Finding { rule, grade, at, says, evidence, services: services.iter().map(|s| (*s).to_owned()).collect() }
}

/// The next attempt of a call, with the fields of its body that are not the same.
fn again<'a>(cx: &'a Cx<'_>, at: usize) -> Option<(&'a Call, Vec<String>)> {
    let call = &cx.run.calls[at];
    if call.from_scenario() || call.request.of_line() || !call.seen.failed() {
        return None;
    }
    let same = |c: &&Call| {
        c.parent == call.parent && c.request.caller == call.request.caller && c.operation() == call.operation()
    };
    let next = cx.run.calls[at + 1..].iter().find(same)?;
    let (one, two) = (text::leaves(&call.request.body), text::leaves(&next.request.body));
    if next.request.path != call.request.path || one.keys().ne(two.keys()) {
        return None;
    }
    let differ: Vec<String> =
        one.iter().filter(|(path, value)| two.get(*path) != Some(value)).map(|(p, _)| p.clone()).collect();
    let number = |v: Option<&String>| v.is_some_and(|v| v.parse::<f64>().is_ok() && !text::made(v));
    let thing = |path: &String| path.to_ascii_lowercase().ends_with("id");
    let numbers = differ.iter().all(|path| number(one.get(path)) && number(two.get(path)) && !thing(path));
    let most = differ.is_empty() || differ.len() * 2 < one.len();
    (numbers && most).then_some((next, differ))
}

fn attempts(call: &Call, next: &Call, differ: &[String], out: &mut Vec<Finding>) {
    let (caller, callee) = call.edge();
    let place = format!("{caller} → {}", call.operation());
    let counted = |path: &&String| {
        let path = path.to_ascii_lowercase();
        !["attempt", "retr", "try", "time", "date", "stamp", "seq", "nonce"].iter().any(|w| path.contains(w))
    };
    let changed: Vec<&String> = differ.iter().filter(counted).collect();
    if !changed.is_empty() {
        let (one, two) = (text::leaves(&call.request.body), text::leaves(&next.request.body));
        let lines = changed.iter().map(|p| format!("`{p}`: {}, then {}", one[*p], two[*p])).collect();
        let says =
            format!("`{caller}` asks `{callee}` again, and not for the same: the attempt before left something behind");
        out.push(finding(Rule::StateNotReset, Grade::Fails, place.clone(), says, lines, &[caller, callee]));
    }
    let Some(status) = call.seen.status() else { return };
    // Who serves nobody tries on until it is done: it owes it.
    let serves = call.parent.is_some();
    if serves && call.mutating() && (400..500).contains(&status) && !matches!(status, 401 | 408 | 425 | 429) {
        let says = format!("`{caller}` asks `{callee}` again for what it refused with {status}");
        out.push(finding(Rule::WrongErrorRetried, Grade::Weak, place.clone(), says, Vec::new(), &[caller, callee]));
    }
    let pause = next.from.saturating_sub(call.until);
    if call.fault == Some(Kind::Status(429)) && pause < ASKED * 9 / 10 {
        let says = format!("`{caller}` asks `{callee}` again before the second is over that `Retry-After` names");
        let lines = vec![format!("again after {pause} ms")];
        out.push(finding(Rule::BackpressureIgnored, Grade::Weak, place, says, lines, &[caller, callee]));
    }
}

/// A request fails without a fault below it, and without asking whom it asks first: because another one failed before.
fn breaker(cx: &Cx<'_>, at: usize, out: &mut Vec<Finding>) {
    let call = &cx.run.calls[at];
    let service = &call.request.callee;
    if call.fault.is_some() || call.request.of_line() || call.said.as_ref().is_none_or(|s| s.status < 500) {
        return;
    }
    let below: Vec<&Call> = cx.run.children(at).into_iter().map(|c| &cx.run.calls[c]).collect();
    let Some(firsts) = cx.learned.firsts.get(&call.operation()) else { return };
    if below.iter().any(|c| c.fault.is_some() || firsts.contains(&c.operation())) {
        return;
    }
    let failed =
        cx.run.calls[..at].iter().rfind(|c| c.request.caller == *service && c.fault.is_some() && !c.request.of_line());
    let Some(failed) = failed else { return };
    for first in firsts {
        let callee = first.split(' ').next().unwrap_or(first);
        // What the fault is not meant for was well.
        let well = cx.run.script.on(service, callee, &format!("{} > {first}#1", call.key)).is_none();
        if well {
            let says = format!(
                "`{service}` does not ask `{callee}` for `{}`, which is well, after `{}` failed",
                call.operation(),
                failed.operation()
            );
            let lines = vec![format!("`{}` usually begins with `{first}`", call.operation())];
            out.push(finding(
                Rule::SharedBreaker,
                Grade::Weak,
                format!("{service}: {first} after {}", failed.operation()),
                says,
                lines,
                &[service, callee, &failed.request.callee],
            ));
        }
    }
}

/// What is asked only because something failed fails for the same reason.
fn fallback(cx: &Cx<'_>, at: usize, out: &mut Vec<Finding>) {
    let call = &cx.run.calls[at];
    if call.fault.is_none() || call.request.of_line() || !call.seen.failed() {
        return;
    }
    let Some(parent) = call.parent else { return };
    let (caller, callee) = call.edge();
    let usual =
        |c: &Call| cx.learned.volume.keys().any(|k| k.ends_with(&format!(" {} → {}", c.request.caller, c.operation())));
    for other in cx.run.children(parent).into_iter().filter(|o| *o > at) {
        let instead = &cx.run.calls[other];
        if instead.request.callee == *callee || instead.request.of_line() || usual(instead) || !instead.seen.failed() {
            continue;
        }
        let under = |c: &Call| c.key.starts_with(&format!("{} > ", instead.key));
        let same = cx.run.calls.iter().find(|c| under(c) && c.request.callee == *callee && c.fault.is_some());
        if let Some(same) = same {
            let asked = &instead.request.callee;
            let says = format!("without `{callee}`, `{caller}` asks `{asked}` instead, which needs `{callee}` too");
            let lines = vec![format!("`{}` asks for `{}`", asked, same.operation())];
            let place = format!("{caller} → {}", instead.operation());
            out.push(finding(Rule::FallbackSameFate, Grade::Weak, place, says, lines, &[caller, asked, callee]));
        }
    }
}

/// Whether pauses between attempts grow.
pub fn backs_off(calls: &[&Call]) -> bool {
    let pauses: Vec<u64> = calls.windows(2).map(|p| p[1].from.saturating_sub(p[0].until)).collect();
    let (early, late) = pauses.split_at(pauses.len() / 2);
    let mean = |p: &[u64]| p.iter().sum::<u64>() as f64 / p.len().max(1) as f64;
    pauses.len() >= 3 && mean(late) >= 1.2 * mean(early).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Reply, Request, Seen};
    use crate::fault::{Fault, Script};
    use crate::oracle::Limits;
    use crate::run::{Learned, Run};

    fn call(parent: Option<usize>, key: &str, caller: &str, body: &str, status: u16, at: u64) -> Call {
        let last = key.rsplit(" > ").next().unwrap_or(key);
        let words: Vec<&str> = last.split([' ', '#']).collect();
        let text = |t: &str| t.to_owned();
        let request = Request {
            caller: text(caller),
            callee: text(words[0]),
            method: text(words[1]),
            path: text(words[2]),
            body: text(body),
            ..Request::default()
        };
        let reply = Reply { status, ..Reply::default() };
        let (said, seen) = (Some(reply.clone()), Seen::Reply(reply));
        Call { parent, key: text(key), request, said, seen, from: at, until: at + 5, ..Call::default() }
    }

    fn ids(run: &Run, usual: &Run) -> Vec<String> {
        let learned = Learned::of(&[usual.clone(), usual.clone()]);
        let limits = Limits::default();
        let mut out = Vec::new();
        look(&Cx { run, learned: &learned, limits: &limits }, &mut out);
        out.iter().map(Finding::id).collect()
    }

    fn twice(bodies: [&str; 2], status: u16, pause: u64) -> Run {
        let step = "shop POST /buy#1";
        let mut calls = vec![call(None, step, "scenario", "", 200, 0)];
        for (n, body) in bodies.iter().enumerate() {
            let status = if n == 0 { status } else { 200 };
            let at = n as u64 * (5 + pause);
            calls.push(call(Some(0), &format!("{step} > pay POST /charge#{}", n + 1), "shop", body, status, at));
        }
        Run { calls, ..Run::default() }
    }

    #[test]
    fn attempts_are_the_same_or_told() {
        let usual = twice([r#"{"cents":100,"who":"ada"}"#, r#"{"cents":100,"who":"ada"}"#], 200, 0);
        let tried = |two: &str| ids(&twice([r#"{"cents":100,"who":"ada","x":"y"}"#, two], 503, 0), &usual);
        assert_eq!(tried(r#"{"cents":250,"who":"ada","x":"y"}"#), ["state-not-reset/shop → pay POST /charge"]);
        assert_eq!(tried(r#"{"cents":100,"who":"ada","x":"y"}"#), Vec::<String>::new());
        // Another thing is no other attempt, and neither is a count of attempts a change.
        assert_eq!(tried(r#"{"cents":250,"who":"bob","x":"y"}"#), Vec::<String>::new());
        let counted = |n: u32| format!(r#"{{"attempt":{n},"who":"ada","x":"y"}}"#);
        assert_eq!(ids(&twice([&counted(1), &counted(2)], 503, 0), &usual), Vec::<String>::new());
    }

    #[test]
    fn what_is_refused_for_good_is_not_asked_again() {
        let usual = twice(["{}", "{}"], 200, 0);
        assert_eq!(ids(&twice(["{}", "{}"], 409, 0), &usual), ["wrong-error-retried/shop → pay POST /charge"]);
        assert_eq!(ids(&twice(["{}", "{}"], 401, 0), &usual), Vec::<String>::new());
    }

    #[test]
    fn a_refusal_that_names_a_time_is_minded() {
        let usual = twice(["{}", "{}"], 200, 0);
        let after = |pause| {
            let mut run = twice(["{}", "{}"], 429, pause);
            run.calls[1].fault = Some(Kind::Status(429));
            ids(&run, &usual)
        };
        assert_eq!(after(50), ["backpressure-ignored/shop → pay POST /charge"]);
        assert_eq!(after(1_000), Vec::<String>::new());
    }

    #[test]
    fn a_breaker_that_others_opened_is_told() {
        let usual = Run {
            calls: vec![
                call(None, "shop GET /price#1", "scenario", "", 200, 0),
                call(Some(0), "shop GET /price#1 > pay GET /fee#1", "shop", "", 200, 1),
                call(None, "shop POST /buy#1", "scenario", "", 200, 9),
                call(Some(2), "shop POST /buy#1 > seats POST /hold#1", "shop", "", 200, 10),
            ],
            ..Run::default()
        };
        let mut run = usual.clone();
        run.calls[1].fault = Some(Kind::Refuse);
        run.calls.pop();
        run.calls[2].said = Some(Reply { status: 503, ..Reply::default() });
        run.script = Script::of([Fault::edge("shop", "pay", Kind::Refuse)]);
        assert_eq!(ids(&run, &usual), ["shared-breaker/shop: seats POST /hold after pay GET /fee"]);
        // The fault is meant for both: it is right not to ask.
        run.script = Script::of([Fault::edge("shop", "pay", Kind::Refuse), Fault::service("seats", Kind::Refuse)]);
        assert_eq!(ids(&run, &usual), Vec::<String>::new());
    }

    #[test]
    fn a_fallback_that_needs_what_failed_is_told() {
        let step = "shop GET /left#1";
        let usual = Run {
            calls: vec![
                call(None, step, "scenario", "", 200, 0),
                call(Some(0), &format!("{step} > seats GET /left#1"), "shop", "", 200, 1),
            ],
            ..Run::default()
        };
        let mut run = usual.clone();
        (run.calls[1].fault, run.calls[1].seen) = (Some(Kind::Refuse), Seen::Reset);
        let instead = format!("{step} > orders GET /roughly#1");
        run.calls.push(call(Some(0), &instead, "shop", "", 500, 2));
        let mut below = call(Some(2), &format!("{instead} > seats GET /left#1"), "orders", "", 0, 3);
        (below.fault, below.seen) = (Some(Kind::Refuse), Seen::Reset);
        run.calls.push(below);
        assert_eq!(ids(&run, &usual), ["fallback-same-fate/shop → orders GET /roughly"]);
    }
}
