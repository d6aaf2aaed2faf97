//! Which faults are worth a run, and in which order.
//!
//! Order: what a hypothesis suspects, then edges down (who is needed at all, and what multiplies), then single faults deepest first,
//! mutating calls first among them, then faults on calls that only another fault made happen, and those that a run suggests.

use crate::call::{COMMIT, Call, DELIVER, PROTOCOL, PUBLISH, Seen};
use crate::fault::{Fault, Kind, Script, Spot, uncounted};
use crate::run::Run;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Something that code or configuration let suspect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// The finding's key.
    pub key: String,
    pub rule: String,
    /// Services that it is about; an edge between two of them comes first.
    pub services: Vec<String>,
    /// Who with whom, where it is about interactions: any of them bears it out.
    pub edges: Vec<(String, String)>,
    /// What has to fail, where that is known: it is tried first of all.
    pub aim: Option<Aim>,
}

/// A fault at an interaction as code names it: which call that is, only a run tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aim {
    pub caller: String,
    pub callee: String,
    /// `POST /orders/{id}`, or the topic of a message.
    pub what: String,
    /// It is a message that the callee is handed.
    pub message: bool,
    pub kind: Kind,
    /// Every call, not only the first.
    pub lasts: bool,
}

impl Aim {
    /// The fault, once a run has made such a call; the very operation before another of the same method.
    pub fn at(&self, run: &Run) -> Option<Fault> {
        let between = |c: &&Call| match self.message {
            true => c.request.method == DELIVER && c.request.callee == self.callee,
            false => c.edge() == (self.caller.as_str(), self.callee.as_str()) && !c.request.of_line(),
        };
        let near = |c: &&Call| !c.ambiguous && c.fault.is_none() && between(c);
        if self.lasts {
            let edge = run.calls.iter().any(|c| between(&c))
                || run.lines.contains(&(self.caller.clone(), self.callee.clone()));
            return edge.then(|| Fault::edge(&self.caller, &self.callee, self.kind.clone()));
        }
        let (method, path) = self.what.split_once(' ').unwrap_or(("", &self.what));
        let same = |c: &&Call| match self.message {
            true => self.what.split(' ').any(|part| !part.is_empty() && c.request.path.trim_start_matches('/') == part),
            false => c.request.method == method && alike(path, &c.request.path),
        };
        let close = |c: &&Call| self.message || method.is_empty() || c.request.method == method;
        let calls = || run.calls.iter().filter(near);
        let call = calls().find(same).or_else(|| calls().find(close))?;
        Some(Fault::call(&call.key, self.kind.clone()))
    }
}

impl Aim {
    /// Whether a finding's place (`caller → callee METHOD /path`) is this operation.
    pub fn means(&self, place: &str) -> bool {
        let operation = place.strip_prefix(&format!("{} → {} ", self.caller, self.callee));
        match (operation.and_then(|o| o.split_once(' ')), self.what.split_once(' ')) {
            (Some((method, path)), Some((wanted, written))) => method == wanted && alike(written, path),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

/// Whether a path may be one that code writes with parts left open.
fn alike(written: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let parts = |text: &str| text.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (written, path) = (parts(written.split('?').next().unwrap_or_default()), parts(path));
    let open = |part: &String| part.contains(['{', '*', ':', '<', '$']);
    written.len() == path.len() && written.iter().zip(&path).all(|(a, b)| open(a) || a == b)
}

/// Before the names of entries of memory, where findings have their keys.
pub const MEMORY: &str = "memory/";

impl Suspicion {
    /// Whether it is about what happens between these two; a broker hands messages to who consumes them.
    pub fn concerns(&self, caller: &str, callee: &str) -> bool {
        if !self.edges.is_empty() {
            return self.edges.iter().any(|(a, b)| a == caller && b == callee || a == callee && b == caller);
        }
        let about = |name: &str| self.services.iter().any(|n| n == name);
        if self.services.len() > 1 { about(caller) && about(callee) } else { about(caller) || about(callee) }
    }
}

impl Suspicion {
    /// What keys of `detect` name: `service/NAME`, `edge/CALLER/KIND/CALLEE …`, `endpoint/NAME/…`.
    pub fn about<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Suspicion {
        for key in keys {
            let parts: Vec<&str> = key.split('/').collect();
            let named: &[&str] = match parts.as_slice() {
                ["edge", caller, _, callee, ..] => {
                    self.edges.push(((*caller).to_owned(), (*callee).to_owned()));
                    &[caller, callee]
                }
                ["service" | "endpoint", name, ..] => &[name],
                _ => &[],
            };
            for name in named {
                if !self.services.iter().any(|s| s == name) {
                    self.services.push((*name).to_owned());
                }
            }
        }
        self
    }

    /// Whether a finding about these services is about what it speaks of.
    pub fn within(&self, services: &[String]) -> bool {
        let has = |name: &String| services.contains(name);
        match self.edges.is_empty() {
            true => self.services.iter().all(has),
            false => self.edges.iter().any(|(a, b)| has(a) && has(b)),
        }
    }
}

impl Known {
    /// Whether memory says that it broke where a fault strikes.
    fn remembers(&self, fault: &Fault) -> bool {
        let (caller, callee) = match &fault.at {
            Spot::Edge { caller, callee } => (caller.as_str(), callee.as_str()),
            Spot::Service(callee) => ("", callee.as_str()),
            // `callee METHOD /template#n > callee METHOD /template#n`: who is asked first asks next.
            Spot::Call(key) | Spot::Every(key) => {
                let mut names = key.rsplit(" > ").map(|part| part.split(' ').next().unwrap_or_default());
                let callee = names.next().unwrap_or_default();
                (names.next().unwrap_or_default(), callee)
            }
        };
        let mut learnt = self.suspicions.iter().filter(|s| s.key.starts_with(MEMORY));
        learnt.any(|s| s.concerns(caller, callee))
    }
}

/// What a callee is known to answer: operation → statuses.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub statuses: BTreeMap<String, BTreeSet<u16>>,
    pub suspicions: Vec<Suspicion>,
    /// Processes whose content is compared: a duplicate can then be judged.
    pub stores: BTreeSet<String>,
    /// Processes that may be killed, since they are started again: those that are no stores.
    pub processes: BTreeSet<String>,
}

/// Calls of one kind in a run that are worth failing together.
const OFTEN: usize = 3;

/// Scripts with one fault each, from an undisturbed run; `also` are keys of another one: what is called only sometimes is no aim.
pub fn singles(run: &Run, also: &BTreeSet<String>, known: &Known) -> Vec<Script> {
    let calls: Vec<&Call> = run.calls.iter().filter(|c| !c.from_scenario() && also.contains(&c.key)).collect();
    let mut lines = BTreeSet::new();
    let mut aim = |call: &&Call| {
        let at = run.calls.iter().position(|c| c.key == call.key);
        let step = at.and_then(|at| run.step_of(at));
        // Once for each step is enough.
        lines.insert((step, call.request.caller.clone(), call.operation()))
    };
    let calls: Vec<&Call> = calls.into_iter().filter(|c| !c.request.of_line() || aim(c)).collect();
    let mut out = Vec::new();
    let mut edges: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|c| !c.request.of_line()) {
        edges.entry(call.edge()).or_default().push(call);
    }
    for (caller, callee) in &run.lines {
        edges.entry((caller, callee)).or_default();
    }
    let suspected = |caller: &str, callee: &str| known.suspicions.iter().any(|s| s.concerns(caller, callee));
    let mut callers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (caller, callee) in edges.keys() {
        callers.entry(callee).or_default().insert(caller);
        out.push((suspected(caller, callee), 1, 0, 0, Fault::edge(caller, callee, Kind::Refuse)));
    }
    for (callee, callers) in callers {
        if callers.len() > 1 {
            out.push((false, 2, 0, 0, Fault::service(callee, Kind::Refuse)));
        }
    }
    // One kind of call fails again and again, and others of the same caller do not, there or elsewhere: breakers count.
    let mut often: BTreeMap<String, Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|c| !c.request.of_line()) {
        often.entry(uncounted(&call.key)).or_default().push(call);
    }
    for (kind, calls) in often.iter().filter(|(_, calls)| calls.len() >= OFTEN) {
        let (caller, callee) = calls[0].edge();
        let own = edges.iter().filter(|((from, _), _)| *from == caller).map(|(_, all)| all.len()).sum::<usize>();
        if own > calls.len() {
            out.push((suspected(caller, callee), 4, 0, 0, Fault::every(kind, Kind::Refuse)));
        }
    }
    let mut waited = BTreeSet::new();
    // A timeout costs real waiting: once for each operation of a caller, where a change is under way if there is one.
    let mut order: Vec<&Call> = calls.clone();
    order.sort_by_key(|c| (!c.mutating(), c.key.clone()));
    let mut broken = BTreeSet::new();
    let operation = |c: &Call| (c.request.caller.clone(), c.operation());
    let late: BTreeSet<&str> = order.iter().filter(|c| waited.insert(operation(c))).map(|c| c.key.as_str()).collect();
    for call in &calls {
        let (caller, callee) = call.edge();
        let handed = handed_on(run, call);
        let only = edges.get(&(caller, callee)).is_some_and(|e| e.len() == 1);
        let late = match call.request.method.as_str() {
            // Behind what is sent after it: there has to be something.
            DELIVER => {
                calls.iter().any(|c| c.request.method == DELIVER && c.request.callee == callee && c.from > call.from)
            }
            _ => late.contains(call.key.as_str()),
        };
        for (rank, kind) in kinds(call, only, late, known) {
            // How a caller takes a reply that breaks off, its library decides.
            if kind == Kind::Truncate && !call.mutating() && !broken.insert(caller) {
                continue;
            }
            let after = matches!(kind, Kind::ReplyLost | Kind::Duplicate | Kind::Truncate);
            if handed && (after || kind == Kind::Late && call.mutating()) {
                continue;
            }
            let depth = usize::MAX - call.depth();
            out.push((
                suspected(caller, callee),
                3 + rank,
                depth,
                usize::from(!call.mutating()),
                Fault::call(&call.key, kind),
            ));
        }
    }
    // A new process takes time: once for each operation of who is asked and of who asks, after everything else.
    let mut killed = BTreeSet::new();
    for call in order.into_iter().filter(|_| !known.stores.is_empty()) {
        for kind in deaths(call, known).into_iter().filter(|_| !handed_on(run, call)) {
            let whose = if kind == Kind::Kill { "" } else { call.request.caller.as_str() };
            if killed.insert((whose, call.operation())) {
                out.push((false, 7, usize::MAX - call.depth(), 0, Fault::call(&call.key, kind)));
            }
        }
    }
    out.sort_by(|a, b| {
        let of = |x: &(bool, usize, usize, usize, Fault)| (!x.0, x.1, x.2, x.3);
        (of(a), &a.4).cmp(&(of(b), &b.4))
    });
    // What broke before goes first of all.
    out.sort_by_key(|c| !known.remembers(&c.4));
    let mut seen = BTreeSet::new();
    out.into_iter().map(|c| Script::of([c.4])).filter(|s| seen.insert(s.clone())).collect()
}

/// A gateway hands the scenario's request on as it is: losing its reply is losing the scenario's own, which nobody can help.
fn handed_on(run: &Run, call: &Call) -> bool {
    let Some(above) = call.parent.map(|p| &run.calls[p]).filter(|p| p.from_scenario()) else { return false };
    let path = |c: &Call| c.request.path.trim_start_matches('/').to_owned();
    above.request.method == call.request.method
        && above.request.body == call.request.body
        && !path(call).is_empty()
        && path(above).ends_with(&path(call))
}

/// What may happen to a call, with a rank: the productive first, what costs waiting later.
fn kinds(call: &Call, only_one: bool, late: bool, known: &Known) -> Vec<(usize, Kind)> {
    if call.request.method.is_empty() {
        // Bytes without calls: only edges can fail.
        return Vec::new();
    }
    let mut out = Vec::new();
    match call.request.method.as_str() {
        // It is not done, or done without a word.
        COMMIT | PUBLISH => return vec![(2, Kind::Refuse), (2, Kind::ReplyLost)],
        // It is handed out and never arrives, comes again, or comes behind others; each as far as its broker lets it.
        DELIVER => {
            let (lost, again, behind) = ((1, Kind::Refuse), (1, Kind::ReplyLost), (3, Kind::Late));
            let mut all = match call.request.headers.get(PROTOCOL).map(String::as_str) {
                Some("redis") => return vec![lost, again, (2, Kind::Duplicate)],
                Some("nats") => vec![lost],
                _ => vec![again],
            };
            all.extend(late.then_some(behind));
            return all;
        }
        _ => {}
    }
    if grpc(call) {
        out.push((0, Kind::Grpc(14)));
        out.push((1, Kind::Grpc(13)));
    } else {
        out.push((0, Kind::Status(500)));
        out.push((0, Kind::Status(503)));
        let statuses = known.statuses.get(&call.operation()).cloned().unwrap_or_else(|| BTreeSet::from([404]));
        out.extend(statuses.into_iter().filter(|s| *s >= 400 && *s != 500 && *s != 503).map(|s| (1, Kind::Status(s))));
        if call.said.as_ref().is_some_and(|s| !s.body.is_empty()) {
            out.push((2, Kind::Truncate));
        }
    }
    if call.mutating() || grpc(call) {
        out.push((0, Kind::ReplyLost));
        if !known.stores.is_empty() {
            out.push((2, Kind::Duplicate));
        }
    }
    if !only_one {
        out.push((1, Kind::Refuse));
    }
    if late {
        out.push((3, Kind::Late));
    }
    out
}

/// Whose process may end around a call that leaves something behind.
fn deaths(call: &Call, known: &Known) -> Vec<Kind> {
    let may = |name: &String| known.processes.contains(name);
    let (caller, callee) = (&call.request.caller, &call.request.callee);
    // At either end of a line stands one whose doing it is: who commits or publishes, and who takes a message.
    let (of_callee, of_caller) = match call.request.method.as_str() {
        COMMIT | PUBLISH => (false, true),
        DELIVER => (true, false),
        _ => (true, true),
    };
    let all = [(Kind::Kill, of_callee && may(callee)), (Kind::KillCaller, of_caller && may(caller))];
    all.into_iter().filter(|(_, may)| *may && call.mutating()).map(|(kind, _)| kind).collect()
}

fn grpc(call: &Call) -> bool {
    call.request.headers.get("content-type").is_some_and(|t| t.starts_with("application/grpc"))
}

/// Scripts with one fault more: on calls that this run made and none before.
pub fn further(run: &Run, before: &BTreeSet<String>, known: &Known) -> Vec<Script> {
    let fresh: Vec<&Call> = run.calls.iter().filter(|c| !c.from_scenario() && !before.contains(&c.key)).collect();
    let mut out = Vec::new();
    for call in fresh.into_iter().filter(|c| !c.ambiguous && c.fault.is_none() && !c.request.of_line()) {
        for (_, kind) in kinds(call, false, false, known) {
            if matches!(kind, Kind::Duplicate | Kind::Truncate) {
                continue;
            }
            out.push(Script::of(run.script.faults.iter().cloned().chain([Fault::call(&call.key, kind)])));
        }
    }
    out
}

/// Faults that a run makes worth a try, one at once: who asks a callee only when something failed finds it down as well; a reply that
/// comes just before its caller gives up; the same twice at once, where twice in a row did no harm.
pub fn learnt(run: &Run, base: &Run, harmless: bool) -> Vec<Script> {
    let mut out = Vec::new();
    let edges: BTreeSet<(&str, &str)> = base.calls.iter().map(Call::edge).collect();
    for call in run.calls.iter().filter(|c| !c.from_scenario() && !c.request.of_line()) {
        if !edges.contains(&call.edge()) && edges.iter().any(|(_, callee)| *callee == call.request.callee) {
            out.push(Script::of([Fault::service(&call.request.callee, Kind::Refuse)]));
        }
    }
    for call in run.calls.iter().filter(|c| !c.request.of_line()) {
        // Who asks again shall wait if it is told to.
        if call.fault.is_some() && call.mutating() && !call.from_scenario() && !grpc(call) {
            let again =
                |c: &&Call| c.parent == call.parent && c.from >= call.until && c.operation() == call.operation();
            if run.calls.iter().filter(again).any(|c| c.key != call.key) {
                out.push(Script::of([Fault::service(&call.request.callee, Kind::Status(429))]));
            }
        }
        match call.fault {
            Some(Kind::Late) if call.seen == Seen::GaveUp => {
                let allowed = (call.until - call.from) * 4 / 5;
                out.push(Script::of([Fault::call(&call.key, Kind::Slow(round(allowed)))]));
            }
            Some(Kind::Duplicate) if harmless => out.push(Script::of([Fault::call(&call.key, Kind::Twice)])),
            _ => {}
        }
    }
    out.sort();
    out.dedup();
    out
}

/// To two digits: a replay file shall not depend on the moment.
fn round(ms: u64) -> u64 {
    let unit = 10u64.pow(ms.max(1).ilog10().saturating_sub(1));
    ms / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Request, SCENARIO};

    fn call(parent: Option<usize>, key: &str, caller: &str) -> Call {
        let last = key.rsplit(" > ").next().unwrap_or(key);
        let words: Vec<String> = last.split([' ', '#']).map(str::to_owned).collect();
        let request = Request {
            caller: caller.to_owned(),
            callee: words[0].clone(),
            method: words[1].clone(),
            path: words[2].clone(),
            ..Request::default()
        };
        Call { parent, key: key.to_owned(), request, ..Call::default() }
    }

    /// A shop that asks `often` so many times, and then somebody else.
    fn asked(often: usize, then: Option<&str>) -> Vec<Script> {
        let mut calls = Vec::new();
        for n in 1..=often {
            let step = format!("shop POST /buy#{n}");
            calls.push(call(None, &step, SCENARIO));
            calls.push(call(Some(calls.len() - 1), &format!("{step} > pay POST /charge#1"), "shop"));
        }
        if let Some(then) = then {
            calls.push(call(None, "shop GET /price#1", SCENARIO));
            calls.push(call(Some(calls.len() - 1), &format!("shop GET /price#1 > {then}#1"), "shop"));
        }
        let keys = calls.iter().map(|c| c.key.clone()).collect();
        singles(&Run { calls, ..Run::default() }, &keys, &Known::default())
    }

    #[test]
    fn one_kind_of_call_fails_again_and_again_where_others_do_not() {
        let every = Fault::every("shop POST /buy > pay POST /charge", Kind::Refuse);
        let tries = |scripts: Vec<Script>| scripts.contains(&Script::of([every.clone()]));
        assert!(tries(asked(3, Some("pay GET /fee"))), "another operation of the same callee");
        assert!(tries(asked(3, Some("stock GET /left"))), "another callee");
        assert!(!tries(asked(3, None)), "nothing is left that could fail with it");
        assert!(!tries(asked(2, Some("pay GET /fee"))), "no breaker opens so soon");
    }
}
