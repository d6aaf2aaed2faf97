//! The book of a run while it is under way: who calls whom in whose service, which logical call that is, what is done to it.
//!
//! Invariant: a call's key does not depend on time or on what other parents do. Identity comes without instrumentation: a call's
//! parent is what its caller is working on. Where a caller works on several things at once, a forwarded `traceparent` decides,
//! then values that inbound and outbound share; else the call is marked ambiguous.

use crate::call::{Call, Reply, Request, SCENARIO, Seen};
use crate::fault::{Fault, Kind, Script, Spot};
use crate::text;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Book {
    script: Script,
    pub calls: Vec<Call>,
    /// Calls that have not ended.
    open: Vec<usize>,
    /// How often an operation was called under a parent.
    counts: BTreeMap<(Option<usize>, String, String), usize>,
}

impl Book {
    pub fn new(script: Script) -> Book {
        Book { script, ..Book::default() }
    }

    /// A call arrives; its place, and what is done to it.
    pub fn arrive(&mut self, request: Request, now: u64) -> (usize, Option<Kind>) {
        let (parent, ambiguous) = self.parent(&request);
        let operation = format!("{} {} {}", request.callee, request.method, text::template(&request.path));
        let count = self.counts.entry((parent, request.caller.clone(), operation.clone())).or_insert(0);
        *count += 1;
        let own = format!("{operation}#{count}");
        let key = match parent {
            Some(parent) => format!("{} > {own}", self.calls[parent].key),
            None if request.caller == SCENARIO => own,
            None => format!("{} by itself > {own}", request.caller),
        };
        let fault = self.script.on(&request.caller, &request.callee, &key).cloned();
        let at = self.calls.len();
        let call =
            Call { parent, ambiguous, key, request, fault: fault.clone(), from: now, until: now, ..Call::default() };
        self.calls.push(call);
        self.open.push(at);
        (at, fault)
    }

    fn parent(&self, request: &Request) -> (Option<usize>, bool) {
        if request.caller == SCENARIO {
            return (None, false);
        }
        let open: Vec<usize> =
            self.open.iter().copied().filter(|at| self.calls[*at].request.callee == request.caller).collect();
        match open.as_slice() {
            [] => (None, false),
            [one] => (Some(*one), false),
            several => {
                let trace = |r: &Request| r.headers.get("traceparent").and_then(|t| t.get(3..35)).map(str::to_owned);
                let own = trace(request);
                let same = |at: &&usize| own.is_some() && trace(&self.calls[**at].request) == own;
                let traced: Vec<&usize> = several.iter().filter(same).collect();
                if let [one] = traced.as_slice() {
                    return (Some(**one), false);
                }
                let shared = |at: usize| shared(&self.calls[at].request, request);
                let most = several.iter().copied().map(shared).max().unwrap_or(0);
                let best: Vec<usize> = several.iter().copied().filter(|at| shared(*at) == most).collect();
                (best.last().copied(), best.len() != 1)
            }
        }
    }

    /// The callee gets it (once more).
    pub fn reached(&mut self, at: usize) {
        if let Some(call) = self.calls.get_mut(at) {
            call.reached += 1;
        }
    }

    pub fn said(&mut self, at: usize, reply: Reply) {
        if let Some(call) = self.calls.get_mut(at) {
            call.said = Some(reply);
        }
    }

    pub fn ended(&mut self, at: usize, seen: Seen, now: u64) {
        self.open.retain(|o| *o != at);
        if let Some(call) = self.calls.get_mut(at) {
            call.seen = seen;
            call.until = now;
        }
    }

    /// Something is held on purpose.
    pub fn holds(&self) -> bool {
        self.open.iter().any(|at| self.calls[*at].fault == Some(Kind::Late))
    }

    /// Whether faults can strike a step of the scenario, or have struck one before it.
    pub fn concerns(&self, at: usize) -> bool {
        let key = &self.calls[at].key;
        let of_step = |fault: &Fault| match &fault.at {
            Spot::Call(call) => call.split(" > ").next() == Some(key),
            Spot::Edge { .. } | Spot::Service(_) => true,
        };
        self.script.is_empty() || self.script.faults.iter().any(of_step) || self.calls.iter().any(|c| c.fault.is_some())
    }

    /// Nothing is under way but what the scenario asks, and what is held on purpose.
    pub fn quiet_below(&self) -> bool {
        let held = |at: usize| self.calls[at].fault == Some(Kind::Late) && self.calls[at].said.is_some();
        let above_held = |at: usize| self.open.iter().any(|o| held(*o) && self.calls[*o].parent == Some(at));
        self.open.iter().all(|at| self.calls[*at].from_scenario() || held(*at) || above_held(*at))
    }

    /// The calls; those that have not ended have lasted until now.
    pub fn so_far(&self, now: u64) -> Vec<Call> {
        let mut calls = self.calls.clone();
        for at in &self.open {
            calls[*at].until = now;
        }
        calls
    }
}

/// How many telling values two requests share.
fn shared(one: &Request, other: &Request) -> usize {
    let values = |r: &Request| -> Vec<String> {
        let path = r.path.split(['/', '?', '&', '=']).map(str::to_owned);
        path.chain(text::leaves(&r.body).into_values()).filter(|v| v.len() >= 3).collect()
    };
    let other = values(other);
    values(one).iter().filter(|v| other.contains(v)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    fn request(caller: &str, callee: &str, method: &str, path: &str, body: &str) -> Request {
        let text = |t: &str| t.to_owned();
        Request {
            caller: text(caller),
            callee: text(callee),
            method: text(method),
            path: text(path),
            body: text(body),
            ..Request::default()
        }
    }

    #[test]
    fn keys_lead_from_the_scenario_down_and_count_attempts() {
        let key = "shop POST /buy#1 > pay POST /charge/{}#2";
        let mut book = Book::new(Script::of([Fault::call(key, Kind::ReplyLost)]));
        let (shop, _) = book.arrive(request(SCENARIO, "shop", "POST", "/buy", ""), 0);
        let (first, none) = book.arrive(request("shop", "pay", "POST", "/charge/17", ""), 1);
        assert_eq!((book.calls[first].parent, none), (Some(shop), None));
        book.ended(first, Seen::Reset, 2);
        let (second, fault) = book.arrive(request("shop", "pay", "POST", "/charge/17", ""), 3);
        assert_eq!((book.calls[second].key.as_str(), fault), (key, Some(Kind::ReplyLost)));
    }

    #[test]
    fn shared_values_tell_whom_a_call_serves() {
        let mut book = Book::new(Script::default());
        let (one, _) = book.arrive(request(SCENARIO, "shop", "POST", "/buy", r#"{"item":"lamp"}"#), 0);
        let (two, _) = book.arrive(request(SCENARIO, "shop", "POST", "/buy", r#"{"item":"desk"}"#), 0);
        let (lamp, _) = book.arrive(request("shop", "stock", "GET", "/stock/lamp", ""), 1);
        let (any, _) = book.arrive(request("shop", "stock", "GET", "/health", ""), 1);
        assert_eq!((book.calls[lamp].parent, book.calls[lamp].ambiguous), (Some(one), false));
        assert_eq!((book.calls[any].parent, book.calls[any].ambiguous), (Some(two), true));
    }

    #[test]
    fn lasting_faults_hit_every_call() {
        let mut book = Book::new(Script::of([Fault::edge("shop", "pay", Kind::Refuse)]));
        book.arrive(request(SCENARIO, "shop", "POST", "/buy", ""), 0);
        for _ in 0..3 {
            assert_eq!(book.arrive(request("shop", "pay", "GET", "/", ""), 1).1, Some(Kind::Refuse));
        }
        assert_eq!(book.arrive(request("shop", "stock", "GET", "/", ""), 1).1, None);
    }
}
