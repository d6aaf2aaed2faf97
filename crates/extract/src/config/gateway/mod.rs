//! API gateways that are configured by a document: Kong, KrakenD, Traefik, APISIX, Express Gateway, Apollo Router,
//! Ntrada. See `gateway.md`.

mod kong;
mod ntrada;
mod traefik;

pub(super) use traefik::paths as traefik_paths;

use super::app::millis;
use super::interpolate::{self, Dollar};
use super::tree::{Node, entry_span};
use super::{json, secret, toml, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, Protocol, Route, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "gateway", version: 4, page: include_str!("gateway.md"), reads: Reads::Files { wants, extract } };

/// Larger documents are data.
const MAX_SIZE: usize = 1 << 20;

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    let template = [".tmpl", ".template", ".tpl", ".j2"].iter().find_map(|t| name.strip_suffix(t));
    let name = template.unwrap_or(&name);
    [".yaml", ".yml", ".json", ".toml"].iter().any(|e| name.ends_with(e))
}

/// Words that a document of these gateways cannot do without; most files have none and need not be parsed.
fn likely(text: &str) -> bool {
    let all = |words: &[&str]| words.iter().all(|w| text.contains(w));
    all(&["_format_version", "services"])
        || all(&["endpoints", "endpoint", "backend", "host", "url_pattern"])
        || all(&["loadBalancer", "routers"])
        || all(&["loadbalancer", "routers"])
        || all(&["[backends", "[frontends"])
        || all(&["serviceEndpoints", "pipelines"])
        || all(&["upstream", "nodes", "uri"])
        || all(&["subgraphs", "routing_url"])
        || all(&["override_subgraph_url"])
        || all(&["modules", "upstream", "use"])
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if file.text.len() > MAX_SIZE
        || !likely(file.text)
        || file.text.contains("\napiVersion:")
        || file.text.starts_with("apiVersion:")
    {
        return;
    }
    let name = file.name().to_ascii_lowercase();
    let root = match () {
        () if name.contains(".json") => json::document(file.text, sink),
        () if name.contains(".toml") => toml::document(file.text, sink),
        () => yaml::document(file.text, sink),
    };
    let Some(root) = root else { return };
    if root.get("_format_version").is_some() {
        kong::state(&root, sink);
    } else if root.get("modules").is_some_and(|m| m.entries().any(|(_, m)| m.get("routes").is_some_and(Node::is_list)))
    {
        ntrada::state(&root, sink);
    } else if root.get("http").or(root.get("tcp")).or(root.get("backends")).is_some()
        && root.get("serviceEndpoints").is_none()
    {
        traefik::state(&root, sink);
    } else if root.get("serviceEndpoints").is_some() {
        express(&root, sink);
    } else if root.get("endpoints").is_some_and(Node::is_list) {
        krakend(&root, sink);
    } else if root.get("routes").is_some_and(Node::is_list) {
        apisix(&root, sink);
    } else {
        apollo(&root, sink);
    }
}

/// KrakenD: `endpoints` with `backend`s.
fn krakend(root: &Node, sink: &mut Sink) {
    let hosts_of = |node: &Node| node.get("host").map(Node::texts).unwrap_or_default();
    for endpoint in root.get("endpoints").into_iter().flat_map(Node::items) {
        let Some(path) = endpoint.text_at(&["endpoint"]) else { continue };
        for backend in endpoint.get("backend").into_iter().flat_map(Node::items) {
            let mut hosts = hosts_of(backend);
            if hosts.is_empty() {
                hosts = hosts_of(root);
            }
            let at = ["host", "url_pattern"].iter().find_map(|k| backend.entry(k));
            let at = at.map_or(backend.span, |(key, node)| entry_span(key, node));
            let below = backend.text_at(&["url_pattern"]).cloned().unwrap_or_default();
            for host in hosts.iter().take(16) {
                let slash = if below.is_empty() || below.starts_with('/') { "" } else { "/" };
                let target = text(&format!("{}{slash}{below}", host.trim_end_matches('/')));
                route(Protocol::Http, Value::text(path.clone()), target, at, sink);
            }
        }
        // What the document says for all holds where an endpoint says nothing of its own.
        if let Some((key, wait)) = endpoint.entry("timeout").or_else(|| root.entry("timeout"))
            && let Some(duration) = wait.text()
        {
            timeout(path, duration, "KrakenD timeout", entry_span(key, wait), sink);
        }
    }
}

/// Express Gateway: pipelines join endpoints with service endpoints.
fn express(root: &Node, sink: &mut Sink) {
    let services = root.get("serviceEndpoints");
    let paths = |name: &SmolStr| -> Vec<SmolStr> {
        let endpoint = root.path(&["apiEndpoints", name]);
        let mut paths = Vec::new();
        for node in endpoint.into_iter().flat_map(|e| e.items().chain(std::iter::once(e))) {
            paths.extend(["paths", "path"].iter().filter_map(|k| node.get(k)).flat_map(Node::texts));
        }
        if paths.is_empty() { vec!["/*".into()] } else { paths }
    };
    let pipelines = root.get("pipelines");
    let named = pipelines.into_iter().flat_map(Node::entries).map(|(_, p)| p);
    for pipeline in named.chain(pipelines.into_iter().flat_map(Node::items)) {
        let from = ["apiEndpoints", "apiEndpoint"].iter().filter_map(|k| pipeline.get(k)).flat_map(Node::texts);
        let from: Vec<SmolStr> = from.take(64).collect();
        for action in pipeline.get("policies").into_iter().flat_map(Node::items).filter_map(|p| p.get("proxy")) {
            for step in action.items().chain(std::iter::once(action)) {
                let Some((key, name)) = step.get("action").and_then(|a| a.entry("serviceEndpoint")) else { continue };
                let service = name.text().and_then(|n| services?.get(n));
                let Some(service) = service else { continue };
                let urls = ["url", "urls"].iter().filter_map(|k| service.get(k)).flat_map(Node::texts);
                for url in urls.take(16) {
                    for path in from.iter().flat_map(paths) {
                        route(Protocol::Http, Value::text(path), text(&url), entry_span(key, name), sink);
                    }
                }
            }
        }
    }
}

/// APISIX in standalone mode: routes with upstreams of their own or by number.
fn apisix(root: &Node, sink: &mut Sink) {
    let upstream_of =
        |id: &SmolStr| root.get("upstreams").into_iter().flat_map(Node::items).find(|u| u.text_at(&["id"]) == Some(id));
    for rule in root.get("routes").into_iter().flat_map(Node::items) {
        let mut paths = ["uri", "uris"].iter().filter_map(|k| rule.get(k)).flat_map(Node::texts).collect::<Vec<_>>();
        paths.truncate(64);
        let service = rule.text_at(&["service_id"]).and_then(|id| {
            root.get("services").into_iter().flat_map(Node::items).find(|s| s.text_at(&["id"]) == Some(id))
        });
        let own = rule.get("upstream").or_else(|| service?.get("upstream"));
        let by_id = rule.text_at(&["upstream_id"]).or_else(|| service?.text_at(&["upstream_id"]));
        let Some(upstream) = own.or_else(|| upstream_of(by_id?)) else { continue };
        // Nodes are a map of addresses to weights, or a list of hosts.
        let nodes = upstream.get("nodes");
        let mut targets: Vec<(String, Span)> =
            nodes.into_iter().flat_map(Node::entries).map(|(k, _)| (k.text.to_string(), k.span)).collect();
        for item in nodes.into_iter().flat_map(Node::items) {
            if let Some((key, host)) = item.entry("host") {
                let port = item.text_at(&["port"]).map(|p| format!(":{p}")).unwrap_or_default();
                targets.push((format!("{}{port}", host.text().cloned().unwrap_or_default()), entry_span(key, host)));
            }
        }
        for (target, at) in targets.iter().take(16) {
            for path in &paths {
                route(Protocol::Http, Value::text(path.clone()), text(&format!("http://{target}")), *at, sink);
            }
        }
    }
}

/// Apollo Router and federation composition: subgraphs by their URLs.
fn apollo(root: &Node, sink: &mut Sink) {
    for (key, graph) in root.get("subgraphs").into_iter().flat_map(Node::entries) {
        let Some((word, url)) = graph.entry("routing_url") else { continue };
        if let Some(target) = url.text() {
            route(Protocol::Graphql, Value::text(key.text.clone()), text(target), entry_span(word, url), sink);
        }
    }
    for (key, url) in root.get("override_subgraph_url").into_iter().flat_map(Node::entries) {
        if let Some(target) = url.text() {
            route(Protocol::Graphql, Value::text(key.text.clone()), text(target), entry_span(key, url), sink);
        }
    }
}

fn route(protocol: Protocol, path: Value, target: Value, at: Span, sink: &mut Sink) {
    let target = secret::clean(target);
    sink.stated(Claim::Route(Route { protocol, path, target, via: None }), at);
}

fn timeout(on: &str, duration: &str, detail: &str, at: Span, sink: &mut Sink) {
    policy(PolicyKind::Timeout, on, None, Some(millis(duration)), detail, at, sink);
}

fn retry(on: &str, retries: &str, detail: &str, at: Span, sink: &mut Sink) {
    let attempts = retries.parse::<u32>().ok().map(|n| Value::text(format_smolstr!("{}", n.saturating_add(1))));
    policy(PolicyKind::Retry, on, attempts, None, detail, at, sink);
}

fn policy(
    kind: PolicyKind,
    on: &str,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: &str,
    at: Span,
    sink: &mut Sink,
) {
    let claim = Policy { kind, on: on.into(), attempts, millis, detail: detail.into(), within: SmolStr::default() };
    sink.stated(Claim::Policy(claim), at);
}

fn text(text: &str) -> Value {
    interpolate::env(text, Dollar::Escaped)
}
