//! Kong's declarative configuration: services with routes of their own, and routes that name a service.

use super::{retry, route, text, timeout};
use crate::Sink;
use crate::config::tree::{Node, entry_span};
use seam_facts::{Protocol, SmolStr, Span, Value, format_smolstr};

pub(super) fn state(root: &Node, sink: &mut Sink) {
    let loose: Vec<&Node> = root.get("routes").into_iter().flat_map(Node::items).collect();
    for service in root.get("services").into_iter().flat_map(Node::items) {
        let name = service.text_at(&["name"]).cloned().unwrap_or_default();
        let named = |r: &&&Node| {
            r.text_at(&["service", "name"]).or_else(|| r.text_at(&["service"])).is_some_and(|n| *n == name)
        };
        let own = service.get("routes").into_iter().flat_map(Node::items);
        let routes: Vec<&Node> = own.chain(loose.iter().filter(named).copied()).collect();
        for (target, at) in targets(root, service) {
            for rule in &routes {
                let protocols = rule.get("protocols").map(Node::texts).unwrap_or_default();
                let grpc = protocols.iter().any(|p| p.starts_with("grpc"));
                // What a path begins with is taken away unless the rule says otherwise.
                let keeps = rule.text_at(&["strip_path"]).is_some_and(|s| s == "false");
                for path in paths(rule) {
                    let protocol = if grpc { Protocol::Grpc } else { Protocol::Http };
                    let stripped = !grpc && !keeps && path.len() > 2 && path.starts_with('/') && !has_path(&target);
                    let target = if stripped { target.clone().then("/".into()) } else { target.clone() };
                    route(protocol, Value::text(path), target, at, sink);
                }
            }
        }
        for word in ["connect_timeout", "read_timeout"] {
            if let Some((key, wait)) = service.entry(word)
                && let Some(duration) = wait.text()
            {
                timeout(&name, duration, &format!("Kong {word}"), entry_span(key, wait), sink);
            }
        }
        if let Some((key, retries)) = service.entry("retries")
            && let Some(count) = retries.text()
        {
            retry(&name, count, "Kong retries", entry_span(key, retries), sink);
        }
    }
}

fn has_path(target: &Value) -> bool {
    let text = target.to_string();
    text.split_once("://").map_or(text.as_str(), |(_, rest)| rest).contains('/')
}

/// A service's address: one URL, or its parts; an upstream of this file is its targets.
fn targets(root: &Node, service: &Node) -> Vec<(Value, Span)> {
    if let Some((key, url)) = service.entry("url") {
        return url.text().map(|u| (text(u), entry_span(key, url))).into_iter().collect();
    }
    let Some((key, host)) = service.entry("host") else { return Vec::new() };
    let Some(name) = host.text() else { return Vec::new() };
    let at = entry_span(key, host);
    let scheme = service.text_at(&["protocol"]).map(SmolStr::as_str).unwrap_or("http");
    let path = service.text_at(&["path"]).map(SmolStr::as_str).unwrap_or("");
    let upstream = root.get("upstreams").into_iter().flat_map(Node::items).find(|u| u.text_at(&["name"]) == Some(name));
    if let Some(upstream) = upstream {
        let targets = upstream.get("targets").into_iter().flat_map(Node::items).filter_map(|t| t.entry("target"));
        return targets
            .filter_map(|(key, t)| Some((text(&format!("{scheme}://{}{path}", t.text()?)), entry_span(key, t))))
            .take(16)
            .collect();
    }
    let port = service.text_at(&["port"]).map(|p| format!(":{p}")).unwrap_or_default();
    vec![(text(&format!("{scheme}://{name}{port}{path}")), at)]
}

/// Prefixes, or expressions where they begin with `~`.
fn paths(rule: &Node) -> Vec<SmolStr> {
    let all = rule.get("paths").map(Node::texts).unwrap_or_default();
    if all.is_empty() {
        return vec!["/*".into()];
    }
    all.iter()
        .take(64)
        .map(|p| match p.strip_prefix('~') {
            Some(expression) => format_smolstr!("~ {expression}"),
            None => format_smolstr!("{p}*"),
        })
        .collect()
}
