//! The book of a run while it is under way: who calls whom in whose service, which logical call that is, what is done to it.
//!
//! Invariant: a call's key does not depend on time or on what other parents do. Identity comes without instrumentation: a call's
//! parent is what its caller is working on. Where a caller works on several things at once, a forwarded `traceparent` decides,
//! then values that inbound and outbound share; else the call is marked ambiguous.

use crate::call::{Call, DELIVER, PUBLISH, Reply, Request, SCENARIO, Seen};
use crate::fault::{Fault, Kind, Script, Spot};
use crate::text;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, Default)]
pub struct Book {
    script: Script,
    /// Whose process was ended by a fault.
    killed: BTreeSet<String>,
    pub calls: Vec<Call>,
    /// A fault was performed on one of them.
    struck: bool,
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
        // Commits, messages and what is delivered are often the work of a thread that serves nobody: counted in the run, they are the
        // same whether a request happens to be under way or not.
        let line = request.of_line();
        let counted = if line { None } else { parent };
        let count = self.counts.entry((counted, request.caller.clone(), operation.clone())).or_insert(0);
        *count += 1;
        let own = format!("{operation}#{count}");
        let key = match parent {
            Some(parent) if !line => format!("{} > {own}", self.calls[parent].key),
            None if request.caller == SCENARIO => own,
            _ => format!("{} by itself > {own}", request.caller),
        };
        let fault = self.script.on(&request.caller, &request.callee, &key).cloned();
        self.struck |= fault.is_some();
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
        if request.method == DELIVER {
            // What was published last with this content; a broker serves nobody else.
            let same = |c: &Call| {
                let sent = &c.request;
                sent.method == PUBLISH
                    && sent.callee == request.caller
                    && sent.body == request.body
                    && (sent.path == request.path || !sent.body.is_empty())
            };
            return (self.calls.iter().rposition(same), false);
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

    pub fn killed(&mut self, service: &str) {
        self.killed.insert(service.to_owned());
    }

    /// Services whose process a fault has ended.
    pub fn dead(&self) -> &BTreeSet<String> {
        &self.killed
    }

    /// Faults are over; what arrives from now on is let through.
    pub fn undisturbed(&mut self) {
        self.script = Script::default();
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
            Spot::Call(call) => {
                call.split(" > ").next().is_none_or(|first| first == key || first.ends_with(" by itself"))
            }
            Spot::Every(_) | Spot::Edge { .. } | Spot::Service(_) => true,
        };
        self.script.is_empty() || self.struck || self.script.faults.iter().any(of_step)
    }

    /// Nothing is under way but what the scenario asks, and what is held on purpose.
    pub fn quiet_below(&self) -> bool {
        let held = |at: usize| {
            let call = &self.calls[at];
            call.fault == Some(Kind::Late) && (call.said.is_some() || call.request.method == DELIVER)
        };
        let above_held = |at: usize| self.open.iter().any(|o| held(*o) && self.calls[*o].parent == Some(at));
        self.open.iter().all(|at| self.calls[*at].from_scenario() || held(*at) || above_held(*at))
    }

    /// A fault is meant for work that nobody waits for, and that has not come yet.
    pub fn expects(&self) -> bool {
        let behind = |fault: &Fault| match &fault.at {
            Spot::Call(key) => key.contains(" by itself > ") && !self.calls.iter().any(|c| c.key == *key),
            Spot::Every(_) | Spot::Edge { .. } | Spot::Service(_) => false,
        };
        self.script.faults.iter().any(behind)
    }

    /// A message is with its consumer, or was sent to a broker from which somebody takes messages and is not yet with anybody.
    pub fn on_the_way(&self, takes: impl Fn(&str) -> bool) -> bool {
        let delivered = |at: usize| self.calls.iter().any(|c| c.request.method == DELIVER && c.parent == Some(at));
        let sent = |c: &Call| c.request.method == PUBLISH && c.reached > 0 && takes(&c.request.callee);
        self.open.iter().any(|at| self.calls[*at].request.method == DELIVER)
            || self.calls.iter().enumerate().any(|(at, c)| sent(c) && !delivered(at))
    }

    /// Somebody was handed a message, whose work nobody waits for.
    pub fn delivers(&self) -> bool {
        self.calls.iter().any(|c| c.request.method == DELIVER)
    }

    /// Messages that consumers hold, or will get once more.
    pub fn undelivered(&self) -> bool {
        let delivered = |c: &&Call| c.request.method == DELIVER;
        let open = self.open.iter().any(|at| delivered(&&self.calls[*at]));
        let unheard =
            |c: &Call| matches!(c.fault, Some(Kind::ReplyLost | Kind::Kill)) || self.killed.contains(&c.request.callee);
        let lost = self.calls.iter().enumerate().filter(|(_, c)| delivered(c) && unheard(c));
        // It comes again, and is done then.
        let again = |at: usize, lost: &Call| {
            let later = self.calls[at + 1..].iter().filter(|c| c.request == lost.request);
            later.filter(|c| !c.seen.failed()).count() > 0
        };
        open || lost.into_iter().any(|(at, c)| c.seen == Seen::Reset && !again(at, c))
    }

    /// A call that nobody waits for was struck by a fault not longer ago than this many milliseconds.
    pub fn tries_on(&self, within: u64, now: u64) -> bool {
        let alone = |mut at: usize| {
            while let Some(parent) = self.calls[at].parent {
                if self.calls[parent].request.method == DELIVER {
                    return true;
                }
                at = parent;
            }
            !self.calls[at].from_scenario()
        };
        let struck = |c: &Call| c.fault.is_some() && !c.request.of_line() && now.saturating_sub(c.from) <= within;
        self.calls.iter().enumerate().any(|(at, c)| struck(c) && alone(at))
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
    fn a_message_belongs_to_what_published_it_and_work_on_it_to_the_message() {
        let key = "broker by itself > mailer DELIVER /mails#1";
        let mut book = Book::new(Script::of([Fault::call(key, Kind::ReplyLost)]));
        let (shop, _) = book.arrive(request(SCENARIO, "shop", "POST", "/buy", ""), 0);
        let (sent, _) = book.arrive(request("shop", "broker", PUBLISH, "/mails", "7"), 1);
        book.ended(sent, Seen::Reply(Reply::done()), 1);
        book.ended(shop, Seen::Reply(Reply::done()), 2);
        let (given, fault) = book.arrive(request("broker", "mailer", DELIVER, "/mails", "7"), 3);
        assert_eq!((book.calls[given].parent, fault), (Some(sent), Some(Kind::ReplyLost)));
        let (asked, _) = book.arrive(request("mailer", "texts", "GET", "/text", ""), 4);
        assert_eq!(
            (book.calls[asked].parent, book.calls[asked].key.as_str()),
            (Some(given), &*format!("{key} > texts GET /text#1"))
        );
        book.ended(asked, Seen::Reply(Reply::done()), 5);
        assert!(book.undelivered());
        book.ended(given, Seen::Reset, 6);
        assert!(book.undelivered(), "it will come again");
        let (again, _) = book.arrive(request("broker", "mailer", DELIVER, "/mails", "7"), 7);
        book.ended(again, Seen::Reply(Reply::done()), 8);
        assert!(!book.undelivered());
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
