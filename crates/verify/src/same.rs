//! Which faults would show a service nothing that it has not met in another run.
//!
//! A caller that got a status from its callee because of a fault deeper down has met that status. And a caller that goes on in the same
//! way whether its callee answers 500 or is not there at all takes both for "failed": what lies between them, 503, is the same to it.
//! (The idea is the dynamic reduction of Filibuster, SoCC'21, on what proxies see.)
//!
//! Invariant: only statuses that a gateway gives in the callee's place are left out: the callee hears of none of them, so that what the
//! stores hold cannot differ. Faults on calls that do their work are always tried.

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
}

impl Same {
    pub fn learn(&mut self, run: &Run, learned: &Learned) {
        for call in run.calls.iter().filter(|c| !c.from_scenario() && !c.request.of_line()) {
            let Some(parent) = call.parent else { continue };
            let failed: Vec<&Call> = run.children(parent).into_iter().map(|c| &run.calls[c]).filter(|c| c.seen.failed()).collect();
            match (&call.fault, &call.seen) {
                (None, Seen::Reply(reply)) if reply.failed() && failed.len() == 1 => {
                    if serde_json::from_str::<serde_json::Value>(&reply.body).is_err() {
                        self.met.insert((call.key.clone(), reply.status));
                    }
                }
                (Some(kind @ (Kind::Status(_) | Kind::Refuse)), _) if run.script.faults.len() == 1 => {
                    self.outcomes.entry((call.key.clone(), kind.clone())).or_insert_with(|| outcome(run, learned, parent));
                }
                _ => {}
            }
        }
    }

    /// Whether nothing new can come of it.
    pub fn knows(&self, script: &Script) -> bool {
        let [Fault { at: Spot::Call(key), kind: Kind::Status(status) }] = script.faults.as_slice() else { return false };
        let outcome = |kind| self.outcomes.get(&(key.clone(), kind));
        let between = *status == 503 && outcome(Kind::Status(500)).is_some_and(|o| Some(o) == outcome(Kind::Refuse));
        between || self.met.contains(&(key.clone(), *status))
    }
}

/// What a service answered, and whom it asked on the way.
fn outcome(run: &Run, learned: &Learned, at: usize) -> String {
    let call = &run.calls[at];
    let said = call.said.as_ref().map_or_else(String::new, |s| format!("{} {}", s.status, learned.reply(&call.operation(), s)));
    let asked: Vec<String> = run.children(at).into_iter().map(|c| run.calls[c].operation()).collect();
    format!("{said} after {}", asked.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Reply, Request};

    /// `front` asks `back`, which got this, and answers that.
    fn run(script: Script, got: Seen, fault: Option<Kind>, said: u16, body: &str) -> Run {
        let request = |callee: &str| Request { caller: "x".to_owned(), callee: callee.to_owned(), ..Request::default() };
        let reply = Reply { status: said, body: body.to_owned(), ..Reply::default() };
        let front = Call { key: "front GET /#1".to_owned(), request: request("front"), said: Some(reply), ..Call::default() };
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
        assert!(!same.knows(&status(503)));
        let down = Script::of([Fault::edge("front", "back", Kind::Refuse)]);
        let mut other = same.clone();
        other.learn(&run(down.clone(), Seen::Reset, Some(Kind::Refuse), 500, ""), &learned);
        assert!(!other.knows(&status(503)), "it does something else");
        same.learn(&run(down, Seen::Reset, Some(Kind::Refuse), 503, ""), &learned);
        assert!(same.knows(&status(503)) && !same.knows(&status(404)));
    }

    #[test]
    fn a_status_that_came_from_deeper_down_is_left_out() {
        let key = "front GET /#1 > back GET /#1";
        let deep = Script::of([Fault::call("back GET /#1 > db GET /#1", Kind::Status(404))]);
        let seen = |body: &str| Seen::Reply(Reply { status: 404, body: body.to_owned(), ..Reply::default() });
        let mut same = Same::default();
        same.learn(&run(deep.clone(), seen("{}"), None, 404, ""), &Learned::default());
        assert!(!same.knows(&Script::of([Fault::call(key, Kind::Status(404))])), "a gateway's answer is no JSON");
        same.learn(&run(deep, seen("<html>"), None, 404, ""), &Learned::default());
        assert!(same.knows(&Script::of([Fault::call(key, Kind::Status(404))])));
        assert!(!same.knows(&Script::of([Fault::call(key, Kind::ReplyLost)])));
    }
}
