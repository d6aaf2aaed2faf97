//! Measures against microSecEnD: 17 Java systems whose dataflow diagrams were drawn by hand.
//!
//! `systems/NAME` is a checkout, `truth/NAME.json` the diagram. What is counted:
//!
//! - **nodes**: services and external entities of the truth, without `user`, against the map's nodes, tools among them, without
//!   hosts on the internet. A node is the one of the truth if its name, else another name it answers to, else the name of the folder of its code
//!   is the same but for case and separators: the truth takes sometimes the compose file's name, sometimes the application's. Last, a word `server` or `service` at the end does not count.
//! - **edges**: information flows without those of `user`, against interactions. The truth draws the way of the data (a config
//!   server *to* its client), a map says who calls whom, so that an edge may match either way round.
//! - **service to service**: the flows between two services neither of which is a config server, a registry, a broker, a
//!   store, or one that only watches (monitoring, logging, tracing, search, administration). Recall only.
//! - **endpoints**: (service, path) as the truth's `Endpoints` list them, against every HTTP path that the map lists by default as
//!   served by the same services. Methods do not count, because the truth has none. Names of template variables, a slash at the
//!   end and a query (`?itemCode={itemCode}`) do not count either, nor does the service's context path, which the truth puts before
//!   some paths of a service and not before others. Where the truth's drawing (`NAME.txt`) spells a path otherwise than its
//!   JSON, the drawing counts: the one difference is a slash that the JSON lost.
//!
//! A service without a list is not compared: the truth's own traceability points at handlers of two such services, so that a
//! missing list does not say that there are none. Columns beside it take other readings: "every service" counts all that such
//! services serve as false; "with all" adds what `--all` lists (what a framework serves, and nobody wrote or calls); "no prefixes" leaves out
//! paths of the truth that nothing found answers and that are the beginning of another path of the same service: the truth lists
//! mappings that stand on a class, also where no handler answers them.

use crate::score::{Tally, normal};
use crate::{read, write};
use seam_engine::asks::map;
use seam_engine::{Endpoint, Node};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What makes a service wiring instead of an end of a call between services.
const WIRING: &[&str] = &[
    "configuration_server",
    "service_discovery",
    "message_broker",
    "database",
    "monitoring_server",
    "monitoring_dashboard",
    "logging_server",
    "tracing_server",
    "search_engine",
    "administration_server",
    "visualization",
    "metrics_server",
];

/// Settings that put a path before everything that a service serves.
const CONTEXTS: &[&str] =
    &["server.servlet.context-path", "server.servlet.contextPath", "server.context-path", "server.contextPath"];

const HEAD: &str = "system,service to service found,of,edges undirected tp,fp,fn,f1,nodes f1,endpoints tp,fp,fn,precision,recall,f1,\
f1 every service,f1 with all,f1 no prefixes";

type Pair = (String, String);

/// What one truth or one map says.
#[derive(Debug, Default)]
struct Picture {
    nodes: BTreeSet<String>,
    /// Both names in order, so that direction does not count.
    edges: BTreeSet<Pair>,
    /// Flows between services, as they are drawn.
    calls: BTreeSet<Pair>,
    endpoints: BTreeSet<Pair>,
    /// What `--all` lists.
    all_endpoints: BTreeSet<Pair>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    calls: Tally,
    edges: Tally,
    nodes: Tally,
    endpoints: Tally,
    every: Tally,
    with_all: Tally,
    whole: Tally,
}

pub fn run(root: &Path, systems: &Path, truth: &Path, list: bool) -> Result<String, String> {
    let listing = std::fs::read_dir(truth).map_err(|e| format!("cannot read `{}`: {e}", truth.display()))?;
    let mut names: Vec<String> = listing
        .flatten()
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".json").map(ToOwned::to_owned))
        .filter(|name| systems.join(name).is_dir())
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(format!("no folder in `{}` has a truth in `{}`", systems.display(), truth.display()));
    }
    let mut rows = vec![HEAD.to_owned()];
    let mut said = vec![HEAD.to_owned()];
    let mut total = Row::default();
    for name in &names {
        let drawing = read(&truth.join(format!("{name}.txt"))).unwrap_or_default();
        let mut truth = told(&lenient(&read(&truth.join(format!("{name}.json")))?, name)?, &drawing);
        let (found, contexts) = mapped(&systems.join(name), &truth.nodes)?;
        truth.endpoints = truth.endpoints.into_iter().map(|e| without(e, &contexts)).collect();
        let row = compare(&truth, &found);
        total.add(row);
        rows.push(row.csv(name));
        said.push(row.csv(name));
        if list {
            said.extend(misses(&truth, &found));
        }
    }
    rows.push(total.csv("all (micro)"));
    said.push(total.csv("all (micro)"));
    write(&root.join("docs/accuracy-microsecend.csv"), &(rows.join("\n") + "\n"))?;
    Ok(said.join("\n"))
}

impl Row {
    fn add(&mut self, other: Row) {
        self.calls.add(other.calls);
        self.edges.add(other.edges);
        self.nodes.add(other.nodes);
        self.endpoints.add(other.endpoints);
        self.every.add(other.every);
        self.with_all.add(other.with_all);
        self.whole.add(other.whole);
    }

    fn csv(self, name: &str) -> String {
        let (c, e, p) = (self.calls, self.edges, self.endpoints);
        let share =
            |part: usize, of: usize| if of == 0 { String::new() } else { format!("{:.3}", part as f64 / of as f64) };
        format!(
            "{name},{},{},{},{},{},{:.3},{:.3},{},{},{},{},{},{:.3},{:.3},{:.3},{:.3}",
            c.tp,
            c.tp + c.fn_,
            e.tp,
            e.fp,
            e.fn_,
            e.f1(),
            self.nodes.f1(),
            p.tp,
            p.fp,
            p.fn_,
            share(p.tp, p.tp + p.fp),
            share(p.tp, p.tp + p.fn_),
            p.f1(),
            self.every.f1(),
            self.with_all.f1(),
            self.whole.f1(),
        )
    }
}

fn compare(truth: &Picture, found: &Picture) -> Row {
    let answered: BTreeSet<Pair> =
        truth.endpoints.iter().filter(|e| !is_bare_prefix(e, truth, found)).cloned().collect();
    let compared = compared(truth, &found.endpoints);
    Row {
        calls: Tally::of(&truth.calls, &found_calls(truth, found)),
        edges: Tally::of(&truth.edges, &found.edges),
        nodes: Tally::of(&truth.nodes, &found.nodes),
        endpoints: Tally::of(&truth.endpoints, &compared),
        every: Tally::of(&truth.endpoints, &found.endpoints),
        with_all: Tally::of(&truth.endpoints, &self::compared(truth, &found.all_endpoints)),
        whole: Tally::of(&answered, &compared),
    }
}

/// The endpoints of services for which the truth lists some.
fn compared(truth: &Picture, found: &BTreeSet<Pair>) -> BTreeSet<Pair> {
    let listed: BTreeSet<&String> = truth.endpoints.iter().map(|(service, _)| service).collect();
    found.iter().filter(|(service, _)| listed.contains(service)).cloned().collect()
}

/// The truth's flows between services that the map has, either way round.
fn found_calls(truth: &Picture, found: &Picture) -> BTreeSet<Pair> {
    truth.calls.iter().filter(|(a, b)| found.edges.contains(&ordered(a.clone(), b.clone()))).cloned().collect()
}

fn is_bare_prefix(endpoint: &Pair, truth: &Picture, found: &Picture) -> bool {
    let below = format!("{}/", endpoint.1);
    !found.endpoints.contains(endpoint)
        && endpoint.1 != "/"
        && truth.endpoints.iter().any(|(service, path)| *service == endpoint.0 && path.starts_with(&below))
}

fn misses(truth: &Picture, found: &Picture) -> Vec<String> {
    let mut out = Vec::new();
    let mut pairs = |what: &str, truth: &BTreeSet<Pair>, found: &BTreeSet<Pair>, by: &str| {
        out.extend((truth - found).iter().map(|(a, b)| format!("    {what} missed  {a}{by}{b}")));
        out.extend((found - truth).iter().map(|(a, b)| format!("    {what} false   {a}{by}{b}")));
    };
    pairs("service to service", &truth.calls, &found_calls(truth, found), " -> ");
    pairs("edge", &truth.edges, &found.edges, " - ");
    pairs("endpoint", &truth.endpoints, &compared(truth, &found.endpoints), " ");
    out.extend((&truth.nodes - &found.nodes).iter().map(|n| format!("    node missed  {n}")));
    out.extend((&found.nodes - &truth.nodes).iter().map(|n| format!("    node false   {n}")));
    out
}

/// What a dataflow diagram says.
fn told(truth: &Value, drawing: &str) -> Picture {
    let mut out = Picture::default();
    let mut wiring: BTreeMap<String, bool> = BTreeMap::new();
    for service in list(&truth["services"]) {
        let name = normal(text(&service["name"]));
        wiring.insert(name.clone(), list(&service["stereotypes"]).any(|s| WIRING.contains(&text(s))));
        let paths: Vec<String> = list(&service["tagged_values"]["Endpoints"]).map(|p| plain(text(p))).collect();
        let paths = drawn(drawing, text(&service["name"])).filter(|d| d.len() == paths.len()).unwrap_or(paths);
        out.endpoints.extend(paths.into_iter().map(|p| (name.clone(), p)));
        out.nodes.insert(name);
    }
    out.nodes.extend(list(&truth["external_entities"]).map(|e| normal(text(&e["name"]))).filter(|n| n != "user"));
    for flow in list(&truth["information_flows"]) {
        let (from, to) = (normal(text(&flow["sender"])), normal(text(&flow["receiver"])));
        if from == "user" || to == "user" {
            continue;
        }
        if wiring.get(&from) == Some(&false) && wiring.get(&to) == Some(&false) {
            out.calls.insert((from.clone(), to.clone()));
        }
        out.edges.insert(ordered(from, to));
    }
    out
}

/// The endpoints that a service's box in the drawing lists: `order [label = "… Endpoints: ['/', '/\\{id\\}'] …"]`.
fn drawn(drawing: &str, service: &str) -> Option<Vec<String>> {
    let opening = format!("{service} [label");
    let line = drawing.lines().find(|l| l.trim_start().starts_with(&opening))?;
    let (_, list) = line.split_once("\\nEndpoints: [")?;
    let (list, _) = list.split_once(']')?;
    Some(list.split(',').map(|p| plain(&p.trim().trim_matches('\'').replace('\\', ""))).collect())
}

/// What the map of a folder says in the truth's names, and the context paths of services.
fn mapped(folder: &Path, known: &BTreeSet<String>) -> Result<(Picture, BTreeSet<Pair>), String> {
    let opening = Opening { roots: vec![folder.to_owned()], cache: CachePlace::Nowhere, threads: 0 };
    let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
    let request = map::Request { all: true, ..map::Request::default() };
    let snapshot = workspace.snapshot();
    let map = map::run(&snapshot, &request).map_err(|e| e.to_string())?;
    let names = names(&map.nodes, known);
    let named = |name: &str| names.get(name).cloned().unwrap_or_else(|| normal(name));
    let inside: BTreeSet<&String> = map.nodes.iter().filter(|n| n.kind != "external").map(|n| &n.name).collect();
    let contexts = map.settings.iter().filter(|s| CONTEXTS.contains(&s.key.as_str()));
    let contexts: BTreeSet<Pair> = contexts.map(|s| (named(&s.service), plain(&s.value))).collect();
    let mut out = Picture { nodes: inside.iter().map(|n| named(n)).collect(), ..Picture::default() };
    let edges = map.interactions.iter().filter(|i| inside.contains(&i.to));
    out.edges.extend(edges.map(|i| ordered(named(&i.from), named(&i.to))));
    let served = |endpoints: &[Endpoint]| -> BTreeSet<Pair> {
        let http = endpoints.iter().filter(|e| e.protocol == "http");
        http.map(|e| without((named(&e.service), plain(&e.path)), &contexts)).collect()
    };
    out.all_endpoints = served(&map.endpoints);
    out.endpoints = served(&map::run(&snapshot, &map::Request::default()).map_err(|e| e.to_string())?.endpoints);
    Ok((out, contexts))
}

/// The truth's name of each node that it knows: no two nodes are the same one.
fn names(nodes: &[Node], known: &BTreeSet<String>) -> BTreeMap<String, String> {
    let squeezed = |name: &str| normal(name).replace('-', "");
    let mut free: BTreeMap<String, &String> = known.iter().map(|n| (squeezed(n), n)).collect();
    let mut out = BTreeMap::new();
    let short = |name: &str| {
        let name = squeezed(name);
        let bare = name.strip_suffix("server").or(name.strip_suffix("service")).filter(|n| !n.is_empty());
        bare.map(ToOwned::to_owned).unwrap_or(name)
    };
    let ways: [fn(&Node) -> Vec<&str>; 3] = [
        |n| vec![&n.name],
        |n| n.aliases.iter().map(String::as_str).collect(),
        |n| n.roots.iter().filter_map(|r| r.rsplit('/').next()).collect(),
    ];
    for way in ways {
        for node in nodes.iter().filter(|n| n.kind != "external") {
            if out.contains_key(&node.name) {
                continue;
            }
            if let Some(name) = way(node).into_iter().find_map(|n| free.remove(&squeezed(n))) {
                out.insert(node.name.clone(), name.clone());
            }
        }
    }
    for node in nodes.iter().filter(|n| n.kind != "external") {
        let same = free.keys().find(|k| short(k) == short(&node.name)).cloned();
        if let (false, Some(name)) = (out.contains_key(&node.name), same.and_then(|k| free.remove(&k))) {
            out.insert(node.name.clone(), name.clone());
        }
    }
    out
}

/// The endpoint without its service's context path.
fn without(endpoint: Pair, contexts: &BTreeSet<Pair>) -> Pair {
    let (service, path) = endpoint;
    let below = contexts.iter().filter(|(s, context)| *s == service && context != "/").find_map(|(_, context)| {
        let rest = path.strip_prefix(context.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| plain(rest))
    });
    (service, below.unwrap_or(path))
}

fn ordered(a: String, b: String) -> Pair {
    if a <= b { (a, b) } else { (b, a) }
}

/// A path without names of variables, without a query, with one slash at the beginning and none at the end.
fn plain(path: &str) -> String {
    let mut out = String::from("/");
    let mut depth = 0;
    for c in path.chars() {
        match c {
            '{' => {
                depth += 1;
                if depth == 1 {
                    out.push_str("{}");
                }
            }
            '}' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '?' => break,
            '/' if out.ends_with('/') => {}
            c => out.push(c),
        }
    }
    if out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    out
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// JSON in which a comma may stand before a closing bracket.
fn lenient(source: &str, name: &str) -> Result<Value, String> {
    let mut out = String::with_capacity(source.len());
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in source.char_indices() {
        let after = source.get(at + 1..).unwrap_or_default();
        let trailing = c == ',' && !quoted && after.trim_start().starts_with([']', '}']);
        if !trailing {
            out.push(c);
        }
        if quoted && !escaped && c == '\\' {
            escaped = true;
            continue;
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = false;
    }
    serde_json::from_str(&out).map_err(|e| format!("the truth of `{name}` cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_before_closing_brackets_are_read_over() {
        let value = lenient(r#"{"a": ["x,]", "\",}", ], "b": {"c": 1,},}"#, "t").unwrap();
        assert_eq!(value, serde_json::json!({"a": ["x,]", "\",}"], "b": {"c": 1}}));
    }

    #[test]
    fn paths_are_compared_without_names_of_variables() {
        assert_eq!(plain("owners/{ownerId:[0-9]{2}}/pets/"), "/owners/{}/pets");
        assert_eq!(plain("/items/search/find?code={code}"), "/items/search/find");
        assert_eq!(plain(""), "/");
    }

    #[test]
    fn flows_of_wiring_and_of_users_are_not_between_services() {
        let truth = lenient(
            r#"{"services": [{"name": "config", "stereotypes": ["configuration_server"], "tagged_values": {}},
                {"name": "order_service", "stereotypes": ["internal"], "tagged_values": {"Endpoints": ["/orders", "/orders/{id}"]}},
                {"name": "gate", "stereotypes": ["gateway"], "tagged_values": {}},],
              "external_entities": [{"name": "user"}],
              "information_flows": [{"sender": "config", "receiver": "gate"}, {"sender": "user", "receiver": "gate"},
                {"sender": "gate", "receiver": "order_service"}]}"#,
            "t",
        );
        let truth =
            told(&truth.unwrap(), r#"  order_service [label = "x\nEndpoints: ['/orders', '/orders/\{id\}']\n}"]"#);
        assert_eq!(truth.calls, BTreeSet::from([("gate".into(), "order-service".into())]));
        assert_eq!((truth.edges.len(), truth.nodes.len()), (2, 3));
        let served = ("order-service".to_owned(), "/orders/{}".to_owned());
        let found = Picture { endpoints: BTreeSet::from([served]), ..Picture::default() };
        let row = compare(&truth, &found);
        assert_eq!(row.endpoints, Tally { tp: 1, fp: 0, fn_: 1 });
        assert_eq!(row.whole, Tally { tp: 1, fp: 0, fn_: 0 });
    }
}
