//! Which faults would show a service nothing that it has not met in another run.
//!
//! A caller that got a status from its callee because of a fault deeper down has met that status. And a caller that goes on in the same
//! way whether its callee answers 500 or is not there at all takes both for "failed": what lies between them, 503, is the same to it. If
//! it then goes on as without any fault, every status is.
//! (The idea is the dynamic reduction of Filibuster, SoCC'21, on what proxies see.)
//!
//! Invariant: where stores are compared, only statuses that a gateway gives in the callee's place are left out: the callee hears of none
//! of them, so that what the stores hold cannot differ. Faults on calls that do their work are then always tried.

use crate::call::{Call, Seen};
use crate::fault::{Fault, Kind, Script, Spot};
use crate::run::{Learned, Run};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub struct Same {
    /// Calls with statuses that their callers got, as text and not as JSON (so answers a gateway, too).
    met: BTreeSet<(String, u16)>,
    /// What the caller did then: by call and what was done to it.
    outcomes: BTreeMap<(String, Kind), String>,
    /// What it does without faults.
    usual: BTreeMap<String, String>,
    /// Who asks.
    callers: BTreeMap<String, String>,
}

impl Same {
    pub fn learn(&mut self, run: &Run, learned: &Learned) {
        for call in run.calls.iter().filter(|c| !c.from_scenario() && !c.request.of_line()) {
            let Some(parent) = call.parent else { continue };
            if run.script.is_empty() {
                self.usual.insert(call.key.clone(), outcome(run, learned, parent));
                self.callers.insert(call.key.clone(), call.request.caller.clone());
                continue;
            }
            let failed: Vec<&Call> =
                run.children(parent).into_iter().map(|c| &run.calls[c]).filter(|c| c.seen.failed()).collect();
            match (&call.fault, &call.seen) {
                (None, Seen::Reply(reply)) if reply.failed() && failed.len() == 1 && plain(&reply.body) => {
                    self.met.insert((call.key.clone(), reply.status));
                }
                (Some(kind @ (Kind::Status(_) | Kind::Refuse)), _) if run.script.faults.len() == 1 => {
                    self.outcomes
                        .entry((call.key.clone(), kind.clone()))
                        .or_insert_with(|| outcome(run, learned, parent));
                }
                _ => {}
            }
        }
    }

    /// Who takes 500 and 503 of other callees alike (and of none differently) does not look at them more closely here.
    fn alike(&self, key: &str) -> bool {
        let Some(caller) = self.callers.get(key) else { return false };
        let others = self.callers.iter().filter(|(other, by)| *by == caller && *other != key).map(|(other, _)| other);
        let outcome = |key: &String, status| self.outcomes.get(&(key.clone(), Kind::Status(status)));
        let pairs = others.filter_map(|o| Some(outcome(o, 500)? == outcome(o, 503)?));
        let pairs: Vec<bool> = pairs.collect();
        !pairs.is_empty() && pairs.iter().all(|alike| *alike)
    }

    /// The call was not tried again when its connection broke, and no store is looked at that could tell whether it was done.
    fn lost(&self, key: &str) -> bool {
        let outcome = |kind| self.outcomes.get(&(key.to_owned(), kind));
        outcome(Kind::Refuse).is_some_and(|o| Some(o) == outcome(Kind::Status(500)) && self.usual.get(key) == Some(o))
    }

    /// Whether nothing new can come of it; `stored`: what stores hold is compared.
    pub fn knows(&self, script: &Script, stored: bool) -> bool {
        if let [Fault { at: Spot::Call(key), kind: Kind::ReplyLost }] = script.faults.as_slice() {
            return !stored && self.lost(key);
        }
        let [Fault { at: Spot::Call(key), kind: Kind::Status(status) }] = script.faults.as_slice() else {
            return false;
        };
        let outcome = |kind| self.outcomes.get(&(key.clone(), kind));
        let failed = outcome(Kind::Status(500)).filter(|o| Some(*o) == outcome(Kind::Refuse));
        // As without any fault: whatever is said instead, nobody minds.
        let between = failed.is_some_and(|o| *status == 503 || self.usual.get(key) == Some(o));
        between || *status == 503 && self.alike(key) || self.met.contains(&(key.clone(), *status))
    }
}

/// Text and no JSON.
fn plain(body: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(body).is_err()
}

/// What a service answered, and whom it asked on the way. Of a failure its status says enough: its text names what failed.
fn outcome(run: &Run, learned: &Learned, at: usize) -> String {
    let call = &run.calls[at];
    let said = match &call.said {
        Some(said) if said.failed() => said.status.to_string(),
        Some(said) => format!("{} {}", said.status, learned.reply(&call.operation(), said)),
        None => String::new(),
    };
    let asked: Vec<String> = run.children(at).into_iter().map(|c| run.calls[c].operation()).collect();
    format!("{said} after {}", asked.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Reply, Request};

    /// `front` asks `back`, which got this, and answers that.
    fn run(script: Script, got: Seen, fault: Option<Kind>, said: u16, body: &str) -> Run {
        let request =
            |callee: &str| Request { caller: "x".to_owned(), callee: callee.to_owned(), ..Request::default() };
        let reply = Reply { status: said, body: body.to_owned(), ..Reply::default() };
        let front =
            Call { key: "front GET /#1".to_owned(), request: request("front"), said: Some(reply), ..Call::default() };
        let key = "front GET /#1 > back GET /#1".to_owned();
        let back = Call { parent: Some(0), key, request: request("back"), seen: got, fault, ..Call::default() };
        Run { script, calls: vec![front, back], ..Run::default() }
    }

    #[test]
    fn what_lies_between_two_equal_outcomes_is_left_out() {
        let key = "front GET /#1 > back GET /#1";
        let learned = Learned::default();
        let status = |s| Script::of([Fault::call(key, Kind::Status(s))]);
        let reply = |s| Seen::Reply(Reply { status: s, ..Reply::default() });
        let mut same = Same::default();
        same.learn(&run(status(500), reply(500), Some(Kind::Status(500)), 503, ""), &learned);
        assert!(!same.knows(&status(503), true));
        let down = Script::of([Fault::edge("front", "back", Kind::Refuse)]);
        let mut other = same.clone();
        other.learn(&run(down.clone(), Seen::Reset, Some(Kind::Refuse), 500, ""), &learned);
        assert!(!other.knows(&status(503), true), "it does something else");
        same.learn(&run(down, Seen::Reset, Some(Kind::Refuse), 503, ""), &learned);
        assert!(same.knows(&status(503), true) && !same.knows(&status(404), true));
    }

    #[test]
    fn a_status_that_came_from_deeper_down_is_left_out() {
        let key = "front GET /#1 > back GET /#1";
        let deep = Script::of([Fault::call("back GET /#1 > db GET /#1", Kind::Status(404))]);
        let seen = |body: &str| Seen::Reply(Reply { status: 404, body: body.to_owned(), ..Reply::default() });
        let mut same = Same::default();
        same.learn(&run(deep.clone(), seen("{}"), None, 404, ""), &Learned::default());
        assert!(!same.knows(&Script::of([Fault::call(key, Kind::Status(404))]), true), "a gateway's answer is no JSON");
        same.learn(&run(deep, seen("<html>"), None, 404, ""), &Learned::default());
        assert!(same.knows(&Script::of([Fault::call(key, Kind::Status(404))]), true));
        assert!(!same.knows(&Script::of([Fault::call(key, Kind::ReplyLost)]), true));
    }
}
