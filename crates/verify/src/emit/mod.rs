//! Faults for other people's tools: a compose file that puts Toxiproxy before an edge, Toxiproxy alone, a service mesh.
//!
//! Invariant: what a tool cannot do is said beside the nearest that it can; nothing is called the same that is not. What is written is
//! valid YAML, or a shell script with valid JSON.
//!
//! Sources: Toxiproxy's README (toxics, HTTP API), Istio's reference of VirtualService (HTTPFaultInjection, mirror, timeout), the
//! Compose specification (links, configs) and the resolver of Docker's networks, which asks a container's own links first.

mod compose;
mod mesh;
mod toxiproxy;

use crate::call::{COMMIT, DELIVER, PUBLISH, SCENARIO};
use crate::fault::{Fault, Kind, Spot};
use crate::replay::Replay;
use std::collections::{BTreeMap, BTreeSet};

/// For which tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Compose,
    Toxiproxy,
    Mesh,
}

/// One fault where a tool has to inject it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Injection {
    /// Nobody in particular where every caller is meant.
    pub caller: Option<String>,
    pub callee: String,
    /// Empty where every call is meant, or where no HTTP is spoken.
    pub method: String,
    /// `{}` stands for a segment that differs.
    pub path: String,
    /// Something else than HTTP.
    pub line: bool,
    pub kind: Kind,
    /// Every call; otherwise the one that the replay file counts.
    pub lasts: bool,
}

/// Who calls whom.
pub type Callers = BTreeMap<String, BTreeSet<String>>;

impl Injection {
    /// One for each caller that is known, where all are meant.
    fn each(fault: &Fault, callers: &Callers) -> Vec<Injection> {
        let one = Injection::of(fault);
        let known = callers.get(&one.callee).filter(|_| matches!(fault.at, Spot::Service(_)));
        match known.filter(|all| !all.is_empty()) {
            Some(all) => all.iter().map(|c| Injection { caller: Some(c.clone()), ..one.clone() }).collect(),
            None => vec![one],
        }
    }

    pub fn of(fault: &Fault) -> Injection {
        let whole = |caller: Option<&str>, callee: &str| Injection {
            caller: caller.map(str::to_owned),
            callee: callee.to_owned(),
            method: String::new(),
            path: String::new(),
            line: false,
            kind: fault.kind.clone(),
            lasts: true,
        };
        match &fault.at {
            Spot::Edge { caller, callee } => whole(Some(caller), callee),
            Spot::Service(callee) => whole(None, callee),
            // `callee METHOD /template#n > callee METHOD /template#n`: who is asked first asks next.
            Spot::Call(key) | Spot::Every(key) => {
                let mut parts = key.rsplit(" > ");
                let last = parts.next().unwrap_or_default();
                let last = last.rsplit_once('#').map_or(last, |(what, _)| what);
                let mut words = last.splitn(3, ' ');
                let (callee, method) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                let above = parts.next().and_then(|part| part.split(' ').next());
                let caller = above.unwrap_or(SCENARIO);
                Injection {
                    method: method.to_owned(),
                    path: words.next().unwrap_or_default().to_owned(),
                    line: matches!(method, COMMIT | PUBLISH | DELIVER),
                    lasts: !matches!(fault.at, Spot::Call(_)),
                    ..whole(Some(caller).filter(|c| *c != SCENARIO), callee)
                }
            }
        }
    }

    /// Who connects to whom: a broker hands messages out over the connection that its consumer opened.
    fn edge(&self) -> (Option<&str>, &str) {
        match (self.method == DELIVER, &self.caller) {
            (true, Some(broker)) => (Some(&self.callee), broker),
            _ => (self.caller.as_deref(), &self.callee),
        }
    }

    fn name(&self) -> String {
        let (caller, callee) = self.edge();
        label(&format!("{}-{callee}", caller.unwrap_or("any")))
    }

    fn told(&self) -> String {
        let caller = self.caller.as_deref().unwrap_or("whoever calls");
        let what =
            if self.method.is_empty() { "every call".to_owned() } else { format!("{} {}", self.method, self.path) };
        format!("{caller} -> {}, {what}: {}", self.callee, self.kind)
    }
}

/// How near a tool comes to a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Near<T> {
    Same(T),
    /// What differs.
    Like(T, &'static str),
    Not(&'static str),
}

/// Everything that is written about.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// What each shows, and its faults.
    pub cases: Vec<(String, Vec<Injection>)>,
    /// Where each service listens.
    pub ports: BTreeMap<String, u16>,
}

impl Faults {
    pub fn of(replays: &[Replay], ports: BTreeMap<String, u16>, callers: &Callers) -> Faults {
        let case = |r: &Replay| {
            (
                format!("{} ({})", r.says, r.finding),
                r.faults.faults.iter().flat_map(|f| Injection::each(f, callers)).collect(),
            )
        };
        let mut seen = BTreeSet::new();
        let kept = replays.iter().filter(|r| !r.faults.is_empty() && seen.insert(r.faults.clone()));
        Faults { cases: kept.map(case).collect(), ports }
    }

    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Edges by their names, each once, where Toxiproxy can do something.
    fn edges(&self) -> BTreeMap<String, &Injection> {
        let all = self.cases.iter().flat_map(|(_, all)| all);
        all.filter(|i| !matches!(toxiproxy::toxic(i), Near::Not(_))).map(|i| (i.name(), i)).collect()
    }

    fn port(&self, name: &str) -> Option<u16> {
        self.ports.get(name).copied()
    }
}

pub fn written(tool: Tool, faults: &Faults) -> String {
    match tool {
        Tool::Compose => compose::written(faults),
        Tool::Toxiproxy => toxiproxy::written(faults),
        Tool::Mesh => mesh::written(faults),
    }
}

/// A name that containers, proxies and Kubernetes take.
fn label(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.join("-").chars().take(60).collect()
}

/// A string as JSON has it, which YAML reads as well.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A comment of one line, whatever the text holds.
fn comment(text: &str) -> String {
    format!("# {}\n", text.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests;
