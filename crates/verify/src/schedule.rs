//! Which faults are worth a run, and in which order.
//!
//! Order: what a hypothesis suspects, then edges down (who is needed at all, and what multiplies), then single faults deepest first,
//! mutating calls first among them, then faults on calls that only another fault made happen.

use crate::call::Call;
use crate::fault::{Fault, Kind, Script, Spot};
use crate::run::Run;
use std::collections::{BTreeMap, BTreeSet};

/// Something that code or configuration let suspect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// The finding's key.
    pub key: String,
    pub rule: String,
    /// Services that it is about; an edge between two of them comes first.
    pub services: Vec<String>,
}

/// Before the names of entries of memory, where findings have their keys.
pub const MEMORY: &str = "memory/";

impl Suspicion {
    fn concerns(&self, caller: &str, callee: &str) -> bool {
        let about = |name: &str| self.services.iter().any(|n| n == name);
        if self.services.len() > 1 { about(caller) && about(callee) } else { about(caller) || about(callee) }
    }
}

impl Known {
    /// Whether memory says that it broke where a fault strikes.
    fn remembers(&self, fault: &Fault) -> bool {
        let (caller, callee) = match &fault.at {
            Spot::Edge { caller, callee } => (caller.as_str(), callee.as_str()),
            Spot::Service(callee) => ("", callee.as_str()),
            // `callee METHOD /template#n > callee METHOD /template#n`: who is asked first asks next.
            Spot::Call(key) => {
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
    /// Stores whose state is compared: a duplicate can then be judged.
    pub stores: bool,
}

/// Scripts with one fault each, from an undisturbed run.
pub fn singles(run: &Run, known: &Known) -> Vec<Script> {
    let calls: Vec<&Call> = run.calls.iter().filter(|c| !c.from_scenario()).collect();
    let mut out = Vec::new();
    let mut edges: BTreeMap<(&str, &str), Vec<&Call>> = BTreeMap::new();
    for call in &calls {
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
    let mut waited = BTreeSet::new();
    // A timeout costs real waiting: once for each edge, where a change is under way if there is one.
    let mut order: Vec<&Call> = calls.clone();
    order.sort_by_key(|c| (!c.mutating(), c.key.clone()));
    let late: BTreeSet<&str> = order.iter().filter(|c| waited.insert(c.edge())).map(|c| c.key.as_str()).collect();
    for call in &calls {
        let (caller, callee) = call.edge();
        let handed = handed_on(run, call);
        for (rank, kind) in kinds(call, edges[&(caller, callee)].len() == 1, late.contains(call.key.as_str()), known) {
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
        if known.stores {
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

fn grpc(call: &Call) -> bool {
    call.request.headers.get("content-type").is_some_and(|t| t.starts_with("application/grpc"))
}

/// Scripts with one fault more: on calls that this run made and none before.
pub fn further(run: &Run, before: &BTreeSet<String>, known: &Known) -> Vec<Script> {
    let fresh: Vec<&Call> = run.calls.iter().filter(|c| !c.from_scenario() && !before.contains(&c.key)).collect();
    let mut out = Vec::new();
    for call in fresh.into_iter().filter(|c| !c.ambiguous && c.fault.is_none()) {
        for (_, kind) in kinds(call, false, false, known) {
            if matches!(kind, Kind::Duplicate | Kind::Truncate) {
                continue;
            }
            out.push(Script::of(run.script.faults.iter().cloned().chain([Fault::call(&call.key, kind)])));
        }
    }
    out
}

/// What each service did and met in a run: an execution whose parts have all been seen teaches nothing new.
pub fn vectors(run: &Run) -> BTreeSet<String> {
    (0..run.calls.len())
        .map(|at| {
            let below: Vec<String> = run
                .children(at)
                .into_iter()
                .map(|c| {
                    let call = &run.calls[c];
                    // Whether the callee did its work counts where that changes something.
                    let done = if call.mutating() { call.reached } else { 0 };
                    format!("{} {:?} {done}", call.operation(), call.seen.status())
                })
                .collect();
            format!("{}: {}", run.calls[at].operation(), below.join("; "))
        })
        .collect()
}
