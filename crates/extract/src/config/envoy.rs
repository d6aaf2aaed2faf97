//! Envoy's static configuration: routes joined with clusters and their addresses. See `envoy.md`.

use super::app::millis;
use super::interpolate::{self, Dollar};
use super::tree::{Data, Node, entry_span};
use super::{json, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Call, Claim, Policy, PolicyKind, Protocol, Route, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "envoy", version: 2, page: include_str!("envoy.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    let template = [".tmpl", ".template", ".tpl", ".j2", ".in"].iter().find_map(|t| name.strip_suffix(t));
    let name = template.unwrap_or(&name);
    [".yaml", ".yml", ".json"].iter().any(|e| name.ends_with(e))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let ours = file.text.contains("static_resources") || file.text.contains("type.googleapis.com/envoy");
    // Envoy's own resources within Kubernetes objects are the mesh's affair.
    if !ours || file.text.contains("\napiVersion:") || file.text.starts_with("apiVersion:") {
        return;
    }
    let documents = match file.name().contains(".json") {
        true => json::document(file.text, sink).into_iter().collect(),
        false => yaml::documents(file.text, sink),
    };
    let mut envoy = Envoy::default();
    documents.iter().for_each(|d| envoy.collect(d));
    documents.iter().for_each(|d| envoy.walk(d, None, sink));
}

/// Addresses kept of one cluster.
const MAX_ADDRESSES: usize = 16;

#[derive(Default)]
struct Envoy {
    /// Cluster to the addresses of its endpoints.
    clusters: BTreeMap<SmolStr, Vec<Value>>,
}

impl Envoy {
    fn collect(&mut self, node: &Node) {
        if let Some(name) = node.text_at(&["name"])
            && (node.get("load_assignment").or(node.get("hosts")).or(node.get("connect_timeout")).is_some()
                || node.get("eds_cluster_config").is_some())
        {
            let mut found = Vec::new();
            addresses(node, &mut found);
            found.truncate(MAX_ADDRESSES);
            self.clusters.entry(name.clone()).or_default().extend(found);
        }
        match &node.value {
            Data::Map(entries) => entries.iter().for_each(|(_, n)| self.collect(n)),
            Data::List(items) => items.iter().for_each(|n| self.collect(n)),
            Data::Scalar(..) => {}
        }
    }

    /// `port` is what the enclosing listener listens on.
    fn walk(&self, node: &Node, port: Option<&Value>, sink: &mut Sink) {
        let own = node.get("filter_chains").and_then(|_| node.path(&["address", "socket_address", "port_value"]));
        let own = own.and_then(Node::text).map(|p| text(p));
        let port = own.as_ref().or(port);
        if let (Some(matched), Some(route)) = (node.get("match"), node.get("route")) {
            self.route(matched, route, sink);
        }
        self.cluster_policy(node, sink);
        for (key, value) in node.entries() {
            match key.text.as_str() {
                "envoy_grpc" => self.call(Protocol::Grpc, value.entry("cluster_name"), sink),
                "http_uri" | "server_uri" => self.call(Protocol::Http, value.entry("cluster"), sink),
                "collector_cluster" => self.call(Protocol::Http, Some((key, value)), sink),
                "typed_config" if value.text_at(&["@type"]).is_some_and(|t| t.ends_with(".TcpProxy")) => {
                    let path = Value::text(":").then(port.cloned().unwrap_or("*".into()));
                    if let Some((key, cluster)) = value.entry("cluster") {
                        self.forward(Protocol::Tcp, path, cluster.text(), "", entry_span(key, cluster), sink);
                    }
                }
                _ => {}
            }
            self.walk(value, port, sink);
        }
        for item in node.items() {
            self.walk(item, port, sink);
        }
    }

    fn route(&self, matched: &Node, route: &Node, sink: &mut Sink) {
        let path = path(matched);
        let mut clusters = Vec::new();
        if let Some((key, cluster)) = route.entry("cluster") {
            clusters.push((cluster.text(), entry_span(key, cluster)));
        }
        for weighted in route.path(&["weighted_clusters", "clusters"]).into_iter().flat_map(Node::items) {
            if let Some((key, name)) = weighted.entry("name") {
                clusters.push((name.text(), entry_span(key, name)));
            }
        }
        let rewritten = route.text_at(&["prefix_rewrite"]).map(SmolStr::as_str).unwrap_or("");
        for (cluster, span) in &clusters {
            self.forward(Protocol::Http, path.clone(), *cluster, rewritten, *span, sink);
        }
        let Some(on) = clusters.first().and_then(|c| c.0) else { return };
        if let Some((key, timeout)) = route.entry("timeout")
            && let Some(duration) = timeout.text()
            // Zero switches the default off.
            && duration.trim_end_matches(['s', 'm']) != "0"
        {
            policy(
                PolicyKind::Timeout,
                on,
                None,
                Some(millis(duration)),
                "Envoy route timeout",
                entry_span(key, timeout),
                sink,
            );
        }
        if let Some((key, retry)) = route.entry("retry_policy") {
            let retries = retry.text_at(&["num_retries"]).map(SmolStr::as_str).unwrap_or("1");
            let attempts = retries.parse::<u32>().ok().map(|n| Value::text(n.saturating_add(1).to_string()));
            let on_what = retry.text_at(&["retry_on"]).map(SmolStr::as_str).unwrap_or("");
            let wait = retry.text_at(&["per_try_timeout"]).map(|t| millis(t));
            let detail = format_smolstr!("Envoy retry_policy {on_what}");
            policy(PolicyKind::Retry, on, attempts, wait, detail.trim_end(), entry_span(key, retry), sink);
        }
    }

    /// `rewritten` is what stands in place of the matched prefix; empty if the path is kept.
    fn forward(
        &self,
        protocol: Protocol,
        path: Value,
        cluster: Option<&SmolStr>,
        rewritten: &str,
        span: Span,
        sink: &mut Sink,
    ) {
        let Some(cluster) = cluster else { return };
        for target in self.targets(cluster, protocol) {
            let target = if rewritten.is_empty() { target } else { target.then(text(rewritten)) };
            sink.stated(Claim::Route(Route { protocol, path: path.clone(), target, via: None }), span);
        }
    }

    /// What Envoy itself asks: collectors, authorisation, rate limits.
    fn call(&self, protocol: Protocol, cluster: Option<(&super::tree::Key, &Node)>, sink: &mut Sink) {
        let Some((key, node)) = cluster else { return };
        let Some(name) = node.text() else { return };
        for target in self.targets(name, protocol) {
            let call = Call::to(protocol, "Envoy".into(), target, SmolStr::default());
            sink.stated(Claim::Call(call), entry_span(key, node));
        }
    }

    /// The addresses of a cluster; its name, where discovery finds them.
    fn targets(&self, cluster: &SmolStr, protocol: Protocol) -> Vec<Value> {
        let scheme = if protocol == Protocol::Http { "http://" } else { "" };
        match self.clusters.get(cluster) {
            Some(addresses) if !addresses.is_empty() => {
                addresses.iter().map(|a| Value::text(scheme).then(a.clone())).collect()
            }
            _ => vec![text(cluster)],
        }
    }

    fn cluster_policy(&self, node: &Node, sink: &mut Sink) {
        let Some(name) = node.text_at(&["name"]).filter(|n| self.clusters.contains_key(*n)) else { return };
        if let Some((key, timeout)) = node.entry("connect_timeout")
            && let Some(duration) = timeout.text()
        {
            let detail = "Envoy connect_timeout";
            policy(PolicyKind::Timeout, name, None, Some(millis(duration)), detail, entry_span(key, timeout), sink);
        }
        if let Some((key, breakers)) = node.entry("circuit_breakers") {
            let limits: Vec<String> = breakers
                .get("thresholds")
                .into_iter()
                .flat_map(Node::items)
                .flat_map(|t| t.entries().filter_map(|(k, v)| Some(format!("{} {}", k.text, v.text()?))))
                .take(6)
                .collect();
            let detail = format!("Envoy circuit_breakers {}", limits.join(", "));
            policy(PolicyKind::Bulkhead, name, None, None, detail.trim_end(), entry_span(key, breakers), sink);
        }
        if let Some((key, outliers)) = node.entry("outlier_detection") {
            policy(PolicyKind::Breaker, name, None, None, "Envoy outlier_detection", entry_span(key, outliers), sink);
        }
    }
}

fn policy(
    kind: PolicyKind,
    on: &SmolStr,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: &str,
    at: Span,
    sink: &mut Sink,
) {
    let claim = Policy { kind, on: on.clone(), attempts, millis, detail: detail.into(), within: SmolStr::default() };
    sink.stated(Claim::Policy(claim), at);
}

/// Every `socket_address` below.
fn addresses(node: &Node, out: &mut Vec<Value>) {
    if let Some(socket) = node.get("socket_address")
        && let Some(host) = socket.text_at(&["address"])
    {
        let port = socket.text_at(&["port_value"]).map(|p| Value::text(":").then(text(p))).unwrap_or_default();
        let address = text(host).then(port);
        if !out.contains(&address) && out.len() < MAX_ADDRESSES {
            out.push(address);
        }
    }
    node.entries().for_each(|(_, n)| addresses(n, out));
    node.items().for_each(|n| addresses(n, out));
}

/// What a route matches, as a path template.
fn path(matched: &Node) -> Value {
    if let Some(prefix) = matched.text_at(&["prefix"]) {
        return text(&format!("{prefix}*"));
    }
    if let Some(prefix) = matched.text_at(&["path_separated_prefix"]) {
        return text(&format!("{prefix}/*"));
    }
    if let Some(path) = matched.text_at(&["path"]) {
        return text(path);
    }
    match matched.text_at(&["safe_regex", "regex"]).or_else(|| matched.text_at(&["regex"])) {
        Some(regex) => Value::text(format_smolstr!("~ {regex}")),
        None => "/*".into(),
    }
}

/// Variables are filled by `envsubst` before Envoy starts.
fn text(text: &str) -> Value {
    interpolate::env(text, Dollar::Escaped)
}
