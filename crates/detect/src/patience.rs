//! How long callers wait, how often they try, and how long an answer may take: over the graph, not in one file.
//!
//! Invariant: an operation that the code bounds takes at most `attempts × timeout + pauses`, for the callee may hang; what
//! nothing bounds contributes what its own callees may take at least, and stays open above. Circles are cut.

use crate::bounds::{Bound, Bounds};
use crate::failures::Failures;
use crate::time::{Interval, shown};
use crate::{Cx, Draft, defaults};
use seam_facts::{Claim, Fact, Hole, PolicyKind, SmolStr, Value};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, Operation, Traffic, endpoint_of, is_synchronous};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A policy in numbers.
#[derive(Clone, Debug)]
pub struct Said {
    pub kind: PolicyKind,
    pub attempts: Option<u64>,
    pub millis: Option<u64>,
    pub detail: SmolStr,
    pub at: Evidence,
    pub certainty: Certainty,
}

impl Said {
    /// Bounds opening the connection, not the wait for the answer.
    pub(crate) fn is_connect(&self) -> bool {
        self.detail.contains("connect") && !self.detail.contains("read")
    }

    /// A timeout that is switched off.
    pub(crate) fn is_off(&self) -> bool {
        self.kind == PolicyKind::Timeout && self.millis == Some(0)
    }

    /// Bounds all attempts together.
    fn is_total(&self) -> bool {
        ["over all", "total", "Istio", "Envoy"].iter().any(|w| self.detail.contains(w))
    }
}

/// What governs one operation.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The timeout of one attempt.
    pub timeout: Option<Said>,
    /// The timeout of all attempts together.
    pub total: Option<Said>,
    /// Everything that tries again, one for each layer (the program, a mesh, a proxy).
    pub layers: Vec<Said>,
    pub pause: u64,
}

impl Rules {
    /// Attempts of all layers, multiplied; a layer without a number counts twice.
    pub fn attempts(&self) -> u64 {
        self.layers.iter().map(|l| l.attempts.unwrap_or(2).max(1)).fold(1, u64::saturating_mul)
    }

    /// The same over the layers that try again after one of these.
    pub fn attempts_after(&self, failures: Failures) -> u64 {
        let counted = self.layers.iter().filter(|l| Failures::of(&l.detail).meets(failures));
        counted.map(|l| l.attempts.unwrap_or(2).max(1)).fold(1, u64::saturating_mul)
    }

    /// The longest that it waits for one answer.
    pub fn each(&self) -> Option<u64> {
        [&self.timeout, &self.total].into_iter().flatten().filter_map(|l| l.millis).min()
    }

    /// The longest that a caller waits, where something ends it.
    pub fn patience(&self) -> Option<u64> {
        let tries = self.attempts();
        let each = self.timeout.as_ref().and_then(|t| t.millis);
        let all = each.map(|t| t.saturating_mul(tries).saturating_add(self.pause.saturating_mul(tries - 1)));
        let total = self.total.as_ref().and_then(|t| t.millis);
        all.into_iter().chain(total).min()
    }
}

/// Policies that stand apart from the calls they govern.
#[derive(Default)]
pub(crate) struct Tables {
    /// Policies of a node's own files that stand in no operation's function: configuration of shared clients.
    pub(crate) apart: HashMap<usize, Vec<(SmolStr, Said)>>,
    /// Policies of meshes by the name of the service they are for, lower case.
    meshes: BTreeMap<String, Vec<Said>>,
    /// Timeouts of each node that no call is given as its own.
    pub(crate) bounds: HashMap<usize, Vec<Bound>>,
    /// Nodes whose settings speak of timeouts: frameworks of the JVM and of .NET read them by themselves.
    pub(crate) configured: HashSet<usize>,
}

/// What governs each operation, and what follows from it.
pub struct Patience<'c, 'a> {
    pub(crate) cx: &'c Cx<'a>,
    pub(crate) tables: &'c Tables,
}

impl Tables {
    pub(crate) fn new(cx: &Cx<'_>) -> Self {
        let mut apart: HashMap<usize, Vec<(SmolStr, Said)>> = HashMap::new();
        let mut meshes: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for (path, fact) in cx.base.facts() {
            let Claim::Policy(policy) = &fact.claim else { continue };
            let Some(said) = said(cx, path, fact) else { continue };
            if fact.by == "kubernetes" {
                meshes.entry(policy.on.to_ascii_lowercase()).or_default().push(said);
                continue;
            }
            for owner in cx.owners(path) {
                apart.entry(*owner).or_default().push((policy.on.clone(), said.clone()));
            }
        }
        for (id, node) in cx.graph.nodes.iter().enumerate() {
            for path in &node.libraries {
                for fact in cx.facts(path) {
                    let Claim::Policy(policy) = &fact.claim else { continue };
                    if let Some(said) = said(cx, path, fact) {
                        apart.entry(id).or_default().push((policy.on.clone(), said));
                    }
                }
            }
        }
        // Beans of a class that clients name as their configuration are those clients' alone.
        for (node, all) in &mut apart {
            let mut more = Vec::new();
            for (_, fact) in cx.own_facts(*node) {
                let Claim::Pass(pass) = &fact.claim else { continue };
                let of = all.iter().filter(|(on, said)| *on == pass.callee && said.detail.starts_with("Feign"));
                more.extend(of.map(|(_, said)| (pass.within.clone(), said.clone())));
            }
            all.append(&mut more);
        }
        let Bounds { stated, configured } = Bounds::of(cx, &apart);
        Tables { apart, meshes, bounds: stated, configured }
    }
}

impl<'c, 'a> Patience<'c, 'a> {
    pub fn new(cx: &'c Cx<'a>) -> Self {
        Patience { cx, tables: cx.tables() }
    }

    /// Where the caller says of this operation, by the call or by the client that it goes through, that it has no timeout.
    pub fn unlimited(&self, operation: Operation) -> Option<Evidence> {
        let (edge, detail) = (self.cx.edge(operation.edge), self.cx.detail(operation));
        let class = detail.within.split('.').next().unwrap_or_default();
        let bases = bases(self.cx, operation);
        let own = detail.policies.iter().map(of_policy).find(|p| {
            // A client that somebody else's function makes is not this call's.
            said_off(self.cx, p) && !given_elsewhere(self.cx, operation, p)
        });
        // What stands at the call itself leaves nothing open.
        let lines = detail.at.at.line..=detail.at.at.end_line.max(detail.at.at.line);
        if let Some(here) = own.as_ref().filter(|p| p.at.path == detail.at.path && lines.contains(&p.at.at.line)) {
            return Some(here.at.clone());
        }
        let apart = self.tables.apart.get(&edge.from).into_iter().flatten().find(|(on, said)| {
            let owner = on.split('.').next().unwrap_or_default();
            said.is_off()
                && said.at.path == detail.at.path
                && (!class.is_empty() && owner == class || on.is_empty() && said.detail == detail.client || makes(on))
                || said.is_off() && !class.is_empty() && *on == class
                || said.is_off() && bases.contains(on)
        });
        let of_class = apart.is_some_and(|(on, _)| !class.is_empty() && on.split('.').next() == Some(class));
        let found = own.or_else(|| apart.map(|(_, said)| said.clone()))?;
        // Another client of the same file has one, and which is used is not known; what another class keeps is its own.
        let may_be_its = |on: &str| !of_class || !on.contains('.') || on.split('.').next() == Some(class);
        let others = self.tables.apart.get(&edge.from).into_iter().flatten().any(|(on, said)| {
            said.kind == PolicyKind::Timeout
                && may_be_its(on)
                && !said.is_off()
                && !said.is_connect()
                && said.at.path == found.at.path
                && said.detail == found.detail
                && !given_elsewhere(self.cx, operation, said)
        });
        (!others).then_some(found.at)
    }

    /// Whether a timeout stands in the function of the call that is no other call's own.
    pub fn has_own(&self, operation: Operation) -> bool {
        let all = self.cx.detail(operation).policies.iter().map(of_policy);
        all.filter(|p| p.kind == PolicyKind::Timeout && !p.is_connect() && !said_off(self.cx, p))
            .any(|p| !given_elsewhere(self.cx, operation, &p))
    }

    /// What governs an operation: at the call, on its client by name, in a mesh, in a proxy.
    pub fn of(&self, operation: Operation) -> Rules {
        let cx = self.cx;
        let edge = cx.edge(operation.edge);
        let detail = cx.detail(operation);
        let of_edge = edge.policies.iter().filter(|_| edge.details.len() == 1);
        let mut own: Vec<Said> = detail.policies.iter().chain(of_edge).map(of_policy).collect();
        let class = detail.within.split('.').next().unwrap_or_default();
        let bases = bases(cx, operation);
        // What a call is given is that call's alone, though another stands in the same function.
        own.retain(|p| p.kind != PolicyKind::Timeout || !given_elsewhere(cx, operation, p));
        for (on, said) in self.tables.apart.get(&edge.from).into_iter().flatten() {
            let of_route = cx.node(edge.from).kind == NodeKind::Gateway || detail.is_rule();
            // What a constructor keeps in a field governs those members that run something through it.
            let kept = said.detail.starts_with("Polly")
                && on.ends_with('>')
                && (on.split('.').next() == Some(class) || on == "<top>" && said.at.path == detail.at.path);
            let named = !on.is_empty() && (*on == class || *on == detail.client || bases.contains(on))
                || kept && executes(cx, &detail.at.path, &detail.within);
            let routed = of_route && said.at.path == detail.at.path && *on == detail.operation;
            // An adapter is mounted on a session that the whole file uses; urllib3 repeats no POST unless it is told to.
            let mounted = said.detail.starts_with("urllib3")
                && said.at.path == detail.at.path
                && detail.client == "requests"
                && (said.detail.starts_with("urllib3 for POST")
                    || !["POST ", "PATCH "].iter().any(|m| detail.operation.starts_with(m)));
            // Options that a connection is opened with hold for every stub on it.
            let dialled = edge.kind == EdgeKind::Grpc && said.detail.starts_with("grpc ");
            let wrapped =
                said.detail == "go-retryablehttp" && said.at.path == detail.at.path && detail.client == "retryablehttp";
            if named || routed || mounted || wrapped {
                own.push(said.clone());
            } else if dialled {
                own.push(Said { certainty: Certainty::Inferred, ..said.clone() });
            }
        }
        own.extend(cx.trials().said(cx, operation));
        for said in &mut own {
            self.configured(edge.from, said);
        }
        let mut rules = Rules::default();
        rules.take(&own);
        let to = cx.node(edge.to);
        let names = std::iter::once(&to.name).chain(&to.aliases);
        for name in names {
            if let Some(mesh) = self.tables.meshes.get(&name.to_ascii_lowercase()) {
                rules.take(mesh);
                break;
            }
        }
        rules
    }

    /// An instance of resilience4j that code names and configuration fills: 3 attempts, half a second apart, unless it says so.
    fn configured(&self, node: usize, said: &mut Said) {
        let Some(name) = said.detail.strip_prefix("resilience4j ") else { return };
        let all = self.tables.apart.get(&node).into_iter().flatten();
        let of = |wanted: &str| {
            let mut all = all.clone();
            let found = all.find(|(on, s)| {
                s.kind == said.kind && s.detail.starts_with("resilience4j") && plain(on) == plain(wanted)
            });
            found.map(|(_, s)| s.clone())
        };
        let found = of(name).or_else(|| of("default"));
        if said.kind == PolicyKind::Retry {
            said.attempts = said.attempts.or(Some(3));
            said.millis = said.millis.or(Some(500));
        }
        if let Some(found) = found {
            said.attempts = found.attempts.or(said.attempts);
            said.millis = found.millis.or(said.millis);
            said.detail = found.detail;
            said.at = found.at;
        }
    }

    /// What an endpoint's handler waits for: its synchronous operations outside of stores.
    pub fn waits_of(&self, operation: Operation) -> Vec<Operation> {
        let cx = self.cx;
        let key = cx.detail(operation).endpoint.as_ref();
        let Some(index) = key.and_then(|k| endpoint_of(cx.graph, k)) else { return Vec::new() };
        let mut out: Vec<Operation> = cx.flows().endpoint(index).iter().map(|e| e.operation).collect();
        out.retain(|o| is_call(cx, *o));
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The worst case of one operation, retries included.
    pub fn worst(&self, operation: Operation) -> Interval {
        self.worst_after(operation, &mut HashSet::new())
    }

    fn worst_after(&self, operation: Operation, above: &mut HashSet<Operation>) -> Interval {
        let rules = self.of(operation);
        if let Some(longest) = rules.patience() {
            return Interval::exactly(longest);
        }
        if above.len() > 12 || !above.insert(operation) {
            return Interval::OPEN;
        }
        let parts = self.waits_of(operation);
        let own = parts.iter().map(|o| self.worst_after(*o, above)).fold(Interval::OPEN, |a, b| a + b);
        above.remove(&operation);
        own.times(rules.attempts())
    }
}

/// Whether the file itself says that there is no timeout: a zero that comes by way of a parameter may be somebody else's.
fn said_off(cx: &Cx<'_>, said: &Said) -> bool {
    let literal = |fact: &Fact| match &fact.claim {
        Claim::Policy(p) => {
            p.kind == PolicyKind::Timeout && p.millis.as_ref().and_then(Value::as_text).is_some_and(|t| t == "0")
        }
        _ => false,
    };
    said.is_off() && cx.facts(&said.at.path).iter().any(|f| f.at.line == said.at.at.line && literal(f))
}

/// `restApi` and `rest-api` are one name in configuration.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A function that makes what others use: `NewClient`, `createApi`, a constructor.
fn makes(on: &str) -> bool {
    let name = on.rsplit('.').next().unwrap_or(on).to_ascii_lowercase();
    ["new", "create", "make", "build", "init", "setup", "<init>", "__init__"].iter().any(|w| name.starts_with(w))
}

/// Whether a function runs something through a policy.
fn executes(cx: &Cx<'_>, path: &str, within: &str) -> bool {
    cx.facts(path).iter().any(|fact| match &fact.claim {
        Claim::Uses(uses) => uses
            .functions
            .iter()
            .any(|(symbol, names)| symbol == within && names.iter().any(|n| n == "ExecuteAsync" || n == "Execute")),
        _ => false,
    })
}

/// The clients that a call goes through, where they are registered by a name and looked up by it.
fn bases(cx: &Cx<'_>, operation: Operation) -> Vec<SmolStr> {
    let at = &cx.detail(operation).at;
    let mut out = Vec::new();
    for fact in cx.facts(&at.path).iter().filter(|f| f.at == at.at) {
        let Claim::Call(call) = &fact.claim else { continue };
        for hole in call.target.holes() {
            if let Hole::Ref(name) = hole
                && let Some(client) = name.strip_suffix(".<base>")
            {
                out.push(client.into());
            }
        }
    }
    out
}

/// Whether a policy is an argument of another call than this one.
fn given_elsewhere(cx: &Cx<'_>, operation: Operation, said: &Said) -> bool {
    let here = &cx.detail(operation).at;
    let covers =
        |e: &Evidence| e.path == said.at.path && (e.at.line..=e.at.end_line.max(e.at.line)).contains(&said.at.at.line);
    !covers(here)
        && cx.outgoing(cx.edge(operation.edge).from).iter().any(|e| {
            let edge = cx.edge(*e);
            edge.kind.traffic() == Traffic::Call && edge.details.iter().any(|d| !d.client.is_empty() && covers(&d.at))
        })
}

impl Rules {
    fn take(&mut self, all: &[Said]) {
        for said in all {
            match said.kind {
                // Zero is none, said by the program.
                PolicyKind::Timeout if !said.is_connect() && said.millis.is_some_and(|m| m > 0) => {
                    let place = if said.is_total() { &mut self.total } else { &mut self.timeout };
                    if place.as_ref().is_none_or(|t| t.millis > said.millis) {
                        *place = Some(said.clone());
                    }
                }
                PolicyKind::Retry => {
                    let same = |l: &&mut Said| l.at.path == said.at.path;
                    self.pause = self.pause.max(said.millis.unwrap_or_default());
                    match self.layers.iter_mut().find(same) {
                        Some(known) if known.attempts < said.attempts => *known = said.clone(),
                        Some(_) => {}
                        None if said.attempts != Some(1) => self.layers.push(said.clone()),
                        None => {}
                    }
                }
                PolicyKind::Backoff => self.pause = self.pause.max(said.millis.unwrap_or_default()),
                PolicyKind::Timeout
                | PolicyKind::Breaker
                | PolicyKind::Bulkhead
                | PolicyKind::RateLimit
                | PolicyKind::IdempotencyKey
                | PolicyKind::AckMode
                | PolicyKind::DeadLetter
                | PolicyKind::Transaction
                | PolicyKind::Lease => {}
            }
        }
    }
}

/// A call that is waited for and answered by a program, not by a store.
pub fn is_call(cx: &Cx<'_>, operation: Operation) -> bool {
    let edge = cx.edge(operation.edge);
    let kinds = [EdgeKind::Http, EdgeKind::Grpc, EdgeKind::Graphql, EdgeKind::Thrift];
    // A connection of another kind is no call, unless it names a procedure.
    let procedure = || edge.kind.is_procedure() && !cx.detail(operation).operation.is_empty();
    is_synchronous(edge) && (kinds.contains(&edge.kind) || procedure()) && !cx.node(edge.to).kind.is_store()
}

/// `METHOD /path` or what else names an operation, for people.
pub fn called<'a>(cx: &Cx<'a>, operation: Operation) -> &'a str {
    let text = cx.detail(operation).operation.as_str();
    if text.is_empty() { "an operation that is not known" } else { text }
}

fn number(value: &Option<Value>) -> Option<u64> {
    value.as_ref().and_then(Value::as_text).and_then(|t| t.trim().parse().ok())
}

fn said(cx: &Cx<'_>, path: &SmolStr, fact: &Fact) -> Option<Said> {
    let Claim::Policy(policy) = &fact.claim else { return None };
    Some(Said {
        kind: policy.kind,
        attempts: number(&policy.attempts),
        millis: number(&policy.millis),
        detail: policy.detail.clone(),
        at: cx.evidence(path, fact, policy.detail.clone()),
        certainty: Certainty::Inferred,
    })
}

fn of_policy(policy: &seam_graph::Policy) -> Said {
    let number = |t: &Option<SmolStr>| t.as_ref().and_then(|t| t.trim().parse().ok());
    Said {
        kind: policy.kind,
        attempts: number(&policy.attempts),
        millis: number(&policy.millis),
        detail: policy.detail.clone(),
        at: policy.at.clone(),
        certainty: if policy.inferred { Certainty::Inferred } else { Certainty::Stated },
    }
}

/// `payment 3 × 5 s + 2 × 300 ms = 15.6 s`.
pub fn term(cx: &Cx<'_>, patience: &Patience<'_, '_>, operation: Operation, worst: Interval) -> String {
    let rules = patience.of(operation);
    let to = cx.name(cx.edge(operation.edge).to);
    let tries = rules.attempts();
    let each = rules.timeout.as_ref().and_then(|t| t.millis);
    match each {
        Some(each) if tries > 1 && rules.patience() == Some(worst.least) && rules.total.is_none() => {
            let pauses = match rules.pause {
                0 => String::new(),
                pause => format!(" + {} × {}", tries - 1, shown(pause)),
            };
            format!("`{to}` {tries} × {}{pauses} = {}", shown(each), shown(worst.least))
        }
        _ => format!("`{to}` {}", shown(worst.least)),
    }
}

/// Adds a call to the chain.
pub fn calling(draft: Draft, cx: &Cx<'_>, operation: Operation) -> Draft {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let (from, to) = (cx.name(edge.from), cx.name(edge.to));
    draft.certainty(detail.certainty).link(&detail.at, format!("`{from}` calls `{to}` {}", called(cx, operation)))
}

/// Adds what governs a call to the chain.
pub fn governed(mut draft: Draft, caller: &str, to: &str, rules: &Rules) -> Draft {
    for limit in rules.timeout.iter().chain(&rules.total) {
        let millis = limit.millis.unwrap_or_default();
        draft = draft.link(&limit.at, format!("`{caller}` waits {} for `{to}`", shown(millis)));
    }
    for layer in &rules.layers {
        let tries = layer.attempts.map_or("again".to_owned(), |n| format!("{n} times"));
        draft = draft.link(&layer.at, format!("it is tried {tries} ({})", layer.detail));
    }
    draft
}

/// What a library waits where nothing is stated.
pub fn default_of(cx: &Cx<'_>, operation: Operation) -> Option<defaults::Default> {
    let client = cx.detail(operation).client.as_str();
    if cx.edge(operation.edge).kind == EdgeKind::Grpc && client == "grpc" {
        return Some(defaults::Default { timeout: None, source: "gRPC, Deadlines: none unless set" });
    }
    defaults::of(client)
}
