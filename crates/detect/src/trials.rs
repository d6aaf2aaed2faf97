//! Who tries which operation again, and how: loops that programs write themselves, and functions that a library repeats.
//!
//! Invariant: a loop's operations stand in the stretch that it tries, or are reached from what that stretch calls; a loop that
//! tries what it is given has those of its callers' calls.

use crate::Cx;
use crate::effects::last;
use crate::patience::Said;
use seam_facts::{Attempts, Claim, Fact, Hole, Policy, PolicyKind, SmolStr, format_smolstr};
use seam_graph::{Certainty, EdgeKind, Effect, Evidence, Operation};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How something is repeated.
#[derive(Clone, Copy, Debug)]
pub enum Means<'a> {
    Loop(&'a Attempts),
    Library(&'a Policy),
}

/// Something that is tried again.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    pub node: usize,
    pub path: &'a SmolStr,
    pub fact: &'a Fact,
    pub means: Means<'a>,
    /// What is done again, stores included.
    pub operations: Vec<Operation>,
    /// Where a loop that tries what it is given is called from.
    pub called: Option<Evidence>,
}

#[derive(Debug, Default)]
pub struct Trials<'a> {
    pub all: Vec<Trial<'a>>,
    by_operation: HashMap<Operation, Vec<usize>>,
}

impl<'a> Trial<'a> {
    pub fn within(&self) -> &'a SmolStr {
        match self.means {
            Means::Loop(a) => &a.within,
            Means::Library(p) => &p.on,
        }
    }

    /// The lines that are repeated, where that is less than a function.
    pub fn lines(&self) -> Option<(u32, u32)> {
        match self.means {
            Means::Loop(a) => Some(a.tried),
            Means::Library(_) => None,
        }
    }

    pub fn at(&self, cx: &Cx<'_>) -> Evidence {
        cx.evidence(self.path, self.fact, "tries again")
    }
}

impl<'a> Trials<'a> {
    pub(crate) fn new(cx: &Cx<'a>) -> Self {
        let mut out = Trials::default();
        let mut found: BTreeMap<&'a SmolStr, Vec<(&'a Fact, Means<'a>)>> = BTreeMap::new();
        for (path, fact) in cx.base.facts() {
            let means = match &fact.claim {
                Claim::Attempts(a) => Means::Loop(a),
                Claim::Policy(p) if p.kind == PolicyKind::Retry && repeats_function(p) => Means::Library(p),
                _ => continue,
            };
            found.entry(path).or_default().push((fact, means));
        }
        if found.is_empty() {
            return out;
        }
        let mut placed: HashMap<(usize, &str), Vec<Operation>> = HashMap::new();
        for (operation, edge, detail) in cx.operations() {
            placed.entry((edge.from, detail.at.path.as_str())).or_default().push(operation);
        }
        for (id, node) in cx.graph.nodes.iter().enumerate() {
            for path in node.own.iter().chain(&node.libraries) {
                for (fact, means) in found.get(path).into_iter().flatten() {
                    out.add(cx, &placed, id, (path, fact), *means);
                }
            }
        }
        for (index, trial) in out.all.iter().enumerate() {
            for operation in &trial.operations {
                out.by_operation.entry(*operation).or_default().push(index);
            }
        }
        out
    }

    fn add(
        &mut self,
        cx: &Cx<'a>,
        placed: &HashMap<(usize, &str), Vec<Operation>>,
        node: usize,
        (path, fact): (&'a SmolStr, &'a Fact),
        means: Means<'a>,
    ) {
        let here = |path: &str, lines: (u32, u32)| {
            let all = placed.get(&(node, path)).into_iter().flatten();
            let inside = move |o: &&Operation| (lines.0..=lines.1).contains(&cx.detail(**o).at.at.line);
            all.filter(inside).copied().collect::<BTreeSet<Operation>>()
        };
        let mut push = |operations: BTreeSet<Operation>, called| {
            if !operations.is_empty() {
                let operations = operations.into_iter().collect();
                self.all.push(Trial { node, path, fact, means, operations, called });
            }
        };
        match means {
            Means::Library(policy) => {
                let effects = cx.flows().from(node, path, &policy.on);
                // What a chain repeats is what it begins with: the function's own request, or else what it asks others to do.
                let own = chained(policy)
                    && effects.iter().any(|e| e.way.len() <= 1 && cx.detail(e.operation).asked.is_empty());
                push(effects.into_iter().filter(|_| !own).map(|e| e.operation).collect(), None);
            }
            Means::Loop(said) if said.given => {
                let name = last(&said.within);
                for (caller, pass) in cx.own_facts(node) {
                    let Claim::Pass(p) = &pass.claim else { continue };
                    if last(&p.callee) == name && !name.is_empty() {
                        let says = format!("`{name}` is given what to try");
                        let lines = (pass.at.line, pass.at.end_line);
                        let mut operations = here(caller, lines);
                        // What the closure calls, and what it tells a helper to ask.
                        let names = named(cx, caller, &p.within, lines);
                        let reached = cx.flows().called(node, caller, &p.within, &names).into_iter();
                        let told = reached.filter(|e| told_in(cx, e, (caller, &p.within), lines));
                        operations.extend(told.map(|e| e.operation));
                        push(operations, Some(cx.evidence(caller, pass, says)));
                    }
                }
            }
            Means::Loop(said) => {
                let mut operations = here(path, said.tried);
                let reached = cx.flows().called(node, path, &said.within, &said.names).into_iter();
                let told = reached.filter(|e| told_in(cx, e, (path, &said.within), said.tried));
                operations.extend(told.map(|e| e.operation));
                // Who tells a helper what to ask by way of this function has all of it tried again.
                let through = last(&said.within);
                let handed_on = |fact: &Fact| match &fact.claim {
                    Claim::Pass(pass) => {
                        let own =
                            |hole: &Hole| matches!(hole, Hole::Param { function, .. } if *function == said.within);
                        (said.tried.0..=said.tried.1).contains(&fact.at.line)
                            && said.names.iter().any(|n| n == last(&pass.callee))
                            && pass.args.iter().any(|a| a.value.as_hole().is_some_and(own))
                    }
                    _ => false,
                };
                let wraps = cx.facts(path).iter().any(handed_on);
                let told = placed.iter().filter(|((of, _), _)| *of == node).flat_map(|(_, all)| all).copied();
                operations.extend(told.filter(|o| {
                    let detail = cx.detail(*o);
                    wraps
                        && said.names.iter().any(|n| n == last(&detail.within))
                        && detail.asked.iter().any(|asked| asked.through == through)
                }));
                // A message is often made before the loop that sends it.
                if operations.is_empty() {
                    const SENDS: [&str; 5] = ["send", "publish", "produce", "sendmessage", "convertandsend"];
                    let verb = |n: &SmolStr| SENDS.contains(&n.to_ascii_lowercase().trim_end_matches("async"));
                    let sends = said.names.iter().any(verb);
                    let own = placed.get(&(node, path.as_str())).into_iter().flatten().copied();
                    operations.extend(own.filter(|o| {
                        let (edge, detail) = (cx.edge(o.edge), cx.detail(*o));
                        sends && edge.kind == EdgeKind::QueuePublish && detail.within == said.within
                    }));
                }
                push(operations, None);
            }
        }
    }

    /// What repeats an operation.
    pub fn of(&self, operation: Operation) -> impl Iterator<Item = &Trial<'a>> {
        self.by_operation.get(&operation).into_iter().flatten().map(|i| &self.all[*i])
    }

    /// The same as policies, for those who count attempts.
    pub(crate) fn said(&self, cx: &Cx<'a>, operation: Operation) -> Vec<Said> {
        self.of(operation)
            .map(|trial| {
                let number = |v: &Option<seam_facts::Value>| v.as_ref()?.as_text()?.trim().parse::<u64>().ok();
                let (attempts, millis, detail) = match trial.means {
                    Means::Loop(a) => (number(&a.attempts), number(&a.millis), looped(a)),
                    Means::Library(p) => (number(&p.attempts), number(&p.millis), p.detail.clone()),
                };
                let certainty = Certainty::Inferred;
                Said { kind: PolicyKind::Retry, attempts, millis, detail, at: trial.at(cx), certainty }
            })
            .collect()
    }
}

/// The functions that are called on these lines.
fn named(cx: &Cx<'_>, path: &str, within: &str, lines: (u32, u32)) -> Vec<SmolStr> {
    let of = |fact: &Fact| match &fact.claim {
        Claim::Steps(steps) if steps.within == within => steps
            .calls
            .iter()
            .filter(|(line, _)| (lines.0..=lines.1).contains(line))
            .map(|(_, name)| name.clone())
            .collect(),
        _ => Vec::new(),
    };
    cx.facts(path).iter().flat_map(of).collect()
}

/// Whether what a function tells a helper to ask is told on these lines; what is no helper's is as it is.
fn told_in(cx: &Cx<'_>, effect: &Effect, (path, within): (&str, &str), lines: (u32, u32)) -> bool {
    let asked = &cx.detail(effect.operation).asked;
    let mut own = asked.iter().filter(|a| a.path == path && a.symbol == within).peekable();
    // Told by somebody else, who is not on the way.
    if own.peek().is_none() && !asked.is_empty() {
        return asked.iter().any(|a| effect.way.contains(&a.symbol));
    }
    let inside = |line: u32| (lines.0..=lines.1).contains(&line);
    // Asked twice for the same, only the first is kept as the place.
    let given = |wanted: &dyn Fn(u32) -> bool, through: &str| {
        let of = move |fact: &&Fact| matches!(&fact.claim, Claim::Pass(p) if last(&p.callee) == through);
        cx.facts(path).iter().filter(of).filter(|f| wanted(f.at.line)).map(|f| &f.claim).collect::<Vec<_>>()
    };
    own.peek().is_none()
        || own.any(|asked| {
            let first = given(&|line| line == asked.at.at.line, &asked.through);
            inside(asked.at.at.line) || given(&inside, &asked.through).iter().any(|again| first.contains(again))
        })
}

/// A loop as a policy's text: with what it catches, where it says so.
fn looped(a: &Attempts) -> SmolStr {
    if a.caught.is_empty() { "a loop".into() } else { format_smolstr!("a loop, on {}", a.caught.join(",")) }
}

/// Libraries whose word before a function repeats all of it.
fn repeats_function(policy: &Policy) -> bool {
    const LIBRARIES: &[&str] = &[
        "tenacity",
        "backoff,",
        "cenkalti/backoff",
        "retrying",
        "Spring Retry",
        "Micronaut",
        "MicroProfile",
        "resilience4j",
    ];
    !policy.on.is_empty()
        && policy.on == policy.within
        && (policy.detail == "retry" || chained(policy) || LIBRARIES.iter().any(|l| policy.detail.starts_with(l)))
}

/// Libraries whose word stands behind what is asked for, in the same chain.
fn chained(policy: &Policy) -> bool {
    ["Reactor", "Mutiny"].iter().any(|l| policy.detail.starts_with(l))
}

/// The entry whose request waits while something is tried again, and what it is called.
pub fn entry_of(cx: &Cx<'_>, trial: &Trial<'_>) -> Option<(Evidence, String)> {
    let within = trial.within();
    let runs = |effects: &[Effect]| {
        effects.iter().any(|e| {
            trial.operations.contains(&e.operation)
                && (e.way.contains(within)
                    || e.way.is_empty()
                    || trial.called.is_some()
                    || e.way.last() == Some(within))
        })
    };
    let endpoints = cx.graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == trial.node);
    for (index, endpoint) in endpoints {
        if runs(cx.flows().endpoint(index)) {
            let method = endpoint.method.as_ref().map(|m| format!("{m} ")).unwrap_or_default();
            return Some((endpoint.proof.first().clone(), format!("{method}{}", endpoint.path)));
        }
    }
    for edge in cx.outgoing(trial.node).iter().filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume) {
        for detail in 0..cx.edge(*edge).details.len() {
            let operation = Operation { edge: *edge, detail };
            if runs(cx.flows().consumer(operation)) {
                let detail = cx.detail(operation);
                return Some((detail.at.clone(), format!("a message of `{}`", detail.operation)));
            }
        }
    }
    None
}

/// A function that waits on purpose: until something is there, at the start, or as long as the program runs.
pub fn waits_on_purpose(symbol: &str) -> bool {
    let name = last(symbol).to_ascii_lowercase().replace('_', "");
    [
        "wait",
        "poll",
        "until",
        "connect",
        "startup",
        "bootstrap",
        "migrate",
        "watch",
        "listen",
        "consume",
        "subscribe",
        "worker",
        "daemon",
    ]
    .iter()
    .any(|w| name.contains(w))
        || matches!(name.as_str(), "main" | "run" | "start" | "init" | "<init>" | "setup" | "loop")
}
