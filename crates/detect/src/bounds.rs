//! Timeouts that stand apart from calls, and which calls they may govern.
//!
//! Invariant: what a call is given is that call's; what a class, a package or a file of requests keeps is for those in it; a setting
//! counts where a framework reads it by itself.

use crate::Cx;
use crate::patience::{Patience, Said};
use seam_facts::{Claim, PolicyKind, SmolStr, Span};
use seam_graph::{Operation, Traffic};
use std::collections::{HashMap, HashSet};

/// A timeout that is stated apart from calls.
pub(crate) struct Bound {
    path: SmolStr,
    on: SmolStr,
    detail: SmolStr,
    /// The file makes requests itself: what it states is for those.
    busy: bool,
}

/// Where the nodes' calls may have their timeouts from.
pub(crate) struct Bounds {
    pub stated: HashMap<usize, Vec<Bound>>,
    pub configured: HashSet<usize>,
}

impl Bounds {
    pub fn of(cx: &Cx<'_>, apart: &HashMap<usize, Vec<(SmolStr, Said)>>) -> Self {
        // What a call is given itself says nothing of the calls beside it, though a client of the same name has both.
        let calls = cx.graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Call).flat_map(|e| &e.details);
        let mut given: HashMap<&str, Vec<Span>> = HashMap::new();
        for detail in calls.filter(|d| !d.client.is_empty()) {
            given.entry(&detail.at.path).or_default().push(detail.at.at);
        }
        let at_call = |said: &Said| {
            let spans = given.get(said.at.path.as_str()).map(Vec::as_slice).unwrap_or_default();
            spans.iter().any(|s| (s.line..=s.end_line.max(s.line)).contains(&said.at.at.line))
        };
        // So does what stands in a chain of a function that makes its request there.
        let calls = cx.graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Call).flat_map(|e| &e.details);
        let busy: HashSet<(&str, &str)> = calls.map(|d| (d.at.path.as_str(), d.within.as_str())).collect();
        let in_chain = |on: &str, said: &Said| said.detail == "request" && busy.contains(&(said.at.path.as_str(), on));
        let says = |on: &str, said: &Said| {
            let timeout = said.kind == PolicyKind::Timeout && !said.is_connect() && !said.is_off();
            timeout && !at_call(said) && !in_chain(on, said)
        };
        let busy_files: HashSet<&str> = busy.iter().map(|(path, _)| *path).collect();
        let mut bounds: HashMap<usize, Vec<Bound>> = HashMap::new();
        for (node, all) in apart {
            for (on, said) in all.iter().filter(|(on, said)| says(on, said)) {
                let path = said.at.path.clone();
                let busy = busy_files.contains(path.as_str());
                bounds.entry(*node).or_default().push(Bound {
                    path,
                    on: on.clone(),
                    detail: said.detail.clone(),
                    busy,
                });
            }
        }
        let set = cx.graph.settings.iter().filter(|s| is_timeout(&s.key)).map(|s| s.node);
        let read = cx.graph.reads.iter().filter(|r| r.key.to_ascii_lowercase().contains("timeout")).map(|r| r.node);
        let configured = set.chain(read).collect();
        Bounds { stated: bounds, configured }
    }
}

impl Patience<'_, '_> {
    /// A timeout that some code or setting of the caller states and that may well govern this call.
    pub fn may_be_bounded(&self, operation: Operation) -> bool {
        let (node, detail) = (self.cx.edge(operation.edge).from, self.cx.detail(operation));
        let path = &detail.at.path;
        let framework = [".java", ".kt", ".kts", ".groovy", ".scala", ".cs"].iter().any(|e| path.ends_with(e));
        if self.tables.configured.contains(&node) && (framework || !self.states_timeouts(node)) {
            return true;
        }
        let class = |on: &str| on.split_once('.').map(|(class, _)| class.to_owned());
        // Scripts give a deadline of gRPC at the call, and nowhere else.
        let at_calls = detail.client == "grpc" && [".js", ".ts", ".mjs", ".cjs"].iter().any(|e| path.ends_with(e));
        self.tables.bounds.get(&node).into_iter().flatten().any(|bound| {
            if at_calls && !["grpc", "deadline"].iter().any(|w| bound.detail.to_ascii_lowercase().contains(w)) {
                return false;
            }
            if is_local(&bound.detail) && !bound.on.is_empty() && !detail.within.is_empty() {
                // A deadline that a function makes holds for what it runs; one that it hands out, for who asks it.
                let runs = |(path, symbol): (&SmolStr, &SmolStr), (wanted, other): (&SmolStr, &SmolStr)| {
                    let all = self.cx.flows().runs(node, path, symbol, None);
                    all.iter().any(|(p, s, _)| p == wanted && s == other)
                };
                let (one, other) = ((&bound.path, &bound.on), (path, &detail.within));
                return runs(one, other) || runs(other, one);
            }
            if bound.path == *path {
                // What another class of the file keeps is its own.
                return match (class(&bound.on), class(&detail.within)) {
                    (Some(one), Some(other)) => one == other,
                    _ => true,
                };
            }
            // Clients are handed out by files that make them, and a file that makes requests makes its clients for those,
            // unless others take them from there.
            !bound.busy || imports(self.cx, path, &bound.path)
        })
    }

    /// Whether a timeout is stated apart from calls, for whomever.
    pub fn bounds_some(&self, node: usize) -> bool {
        self.tables.bounds.contains_key(&node) || self.tables.configured.contains(&node)
    }

    /// Whether some timeout of the node stands in code, where it is known whose it is.
    fn states_timeouts(&self, node: usize) -> bool {
        let timeout = |said: &Said| said.kind == PolicyKind::Timeout && !said.is_connect() && !said.is_off();
        self.tables.apart.get(&node).into_iter().flatten().any(|(_, said)| timeout(said))
    }
}

/// Deadlines that a function makes for itself and hands on with what it calls.
fn is_local(detail: &str) -> bool {
    ["context.WithTimeout", "CancellationToken", "asyncio"].iter().any(|w| detail.contains(w))
}

/// Whether a file takes something from another, as far as their names tell.
fn imports(cx: &Cx<'_>, path: &str, from: &str) -> bool {
    let file = from.rsplit('/').next().unwrap_or(from);
    let stem = file.split('.').next().unwrap_or(file);
    // A folder's own file stands for the folder.
    let folder = from.rsplit('/').nth(1).unwrap_or_default();
    let stem = if matches!(stem, "index" | "__init__" | "mod") { folder } else { stem };
    let names = |import: &SmolStr| import.split(['/', '.', ':', '#', '\\']).any(|part| part == stem || part == folder);
    cx.facts(path).iter().any(|fact| match &fact.claim {
        Claim::Uses(uses) => uses.imports.iter().any(names),
        _ => false,
    })
}

fn is_timeout(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let client = ["feign", "ribbon", "timelimiter", "hystrix", "http", "rest", "client", "request", "read", "grpc"];
    (key.contains("timeout") || key.contains("deadline")) && client.iter().any(|c| key.contains(c))
}
