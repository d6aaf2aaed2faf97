//! Traefik's dynamic configuration in files: routers joined with services; version 1 with frontends and backends.

use super::{policy, retry, route, text};
use crate::Sink;
use crate::config::tree::{Key, Node, entry_span};
use seam_facts::{PolicyKind, Protocol, SmolStr, Span, Value, format_smolstr};

pub(super) fn state(root: &Node, sink: &mut Sink) {
    for (section, protocol) in [("http", Protocol::Http), ("tcp", Protocol::Tcp), ("udp", Protocol::Tcp)] {
        let Some(section) = root.get(section) else { continue };
        let services = section.get("services");
        for (_, router) in section.get("routers").into_iter().flat_map(Node::entries) {
            let Some(name) = router.text_at(&["service"]) else { continue };
            // `name@file` says where it is defined.
            let plain = name.split('@').next().unwrap_or(name);
            let Some(service) = services.and_then(|s| s.get(plain)) else { continue };
            let rule = router.text_at(&["rule"]).map(SmolStr::as_str).unwrap_or("");
            for path in paths(rule) {
                for (target, at) in servers(services, service, 0) {
                    route(protocol, Value::text(path.clone()), text(&target), at, sink);
                }
            }
        }
        for (key, middleware) in section.get("middlewares").into_iter().flat_map(Node::entries) {
            patience(key, middleware, sink);
        }
    }
    version_one(root, sink);
}

/// Addresses of a service's servers; a weighted service stands for others.
fn servers(services: Option<&Node>, service: &Node, depth: usize) -> Vec<(String, Span)> {
    let mut out = Vec::new();
    let balancer = service.get("loadBalancer").or_else(|| service.get("loadbalancer"));
    for server in balancer.and_then(|b| b.get("servers")).into_iter().flat_map(Node::items) {
        for word in ["url", "address"] {
            if let Some((key, url)) = server.entry(word)
                && let Some(address) = url.text()
            {
                out.push((address.to_string(), entry_span(key, url)));
            }
        }
    }
    for part in service.path(&["weighted", "services"]).into_iter().flat_map(Node::items) {
        if let (Some(name), true) = (part.text_at(&["name"]), depth < 4)
            && let Some(inner) = services.and_then(|s| s.get(name))
        {
            out.extend(servers(services, inner, depth + 1));
        }
    }
    out.truncate(16);
    out
}

/// Paths that a rule wants: ``PathPrefix(`/api`)``, ``Path(`/x`)``, `PathPrefix:/api` of version 1.
pub(in crate::config) fn paths(rule: &str) -> Vec<SmolStr> {
    let mut out = Vec::new();
    for (at, _) in rule.match_indices("Path").take(64) {
        let rest = &rule[at..];
        let end = rest.find(['(', ':']).unwrap_or(rest.len());
        let (word, arguments) = rest.split_at(end);
        let suffix = if word.contains("Prefix") { "*" } else { "" };
        let stop = if arguments.starts_with('(') { ')' } else { ';' };
        let arguments = arguments.get(1..).unwrap_or("").split(stop).next().unwrap_or("");
        for path in arguments.split(',').map(|p| p.trim().trim_matches(['`', '"', '\''])) {
            if path.starts_with('/') {
                out.push(format_smolstr!("{path}{suffix}"));
            }
        }
    }
    if out.is_empty() { vec!["/*".into()] } else { out }
}

fn patience(key: &Key, middleware: &Node, sink: &mut Sink) {
    for (word, node) in middleware.entries() {
        let at = entry_span(word, node);
        match word.text.as_str() {
            "retry" => {
                let attempts = node.text_at(&["attempts"]).map(|a| Value::text(a.clone()));
                policy(PolicyKind::Retry, &key.text, attempts, None, "Traefik retry", at, sink);
            }
            "circuitBreaker" => policy(PolicyKind::Breaker, &key.text, None, None, "Traefik circuitBreaker", at, sink),
            "rateLimit" => policy(PolicyKind::RateLimit, &key.text, None, None, "Traefik rateLimit", at, sink),
            "inFlightReq" => policy(PolicyKind::Bulkhead, &key.text, None, None, "Traefik inFlightReq", at, sink),
            _ => {}
        }
    }
}

fn version_one(root: &Node, sink: &mut Sink) {
    for (_, frontend) in root.get("frontends").into_iter().flat_map(Node::entries) {
        let Some(backend) = frontend.text_at(&["backend"]).and_then(|b| root.path(&["backends", b])) else { continue };
        let rules = frontend.get("routes").into_iter().flat_map(Node::entries);
        let rule: Vec<&str> = rules.filter_map(|(_, r)| Some(r.text_at(&["rule"])?.as_str())).collect();
        for path in paths(&rule.join(";")) {
            for (_, server) in backend.get("servers").into_iter().flat_map(Node::entries) {
                if let Some((key, url)) = server.entry("url")
                    && let Some(address) = url.text()
                {
                    route(Protocol::Http, Value::text(path.clone()), text(address), entry_span(key, url), sink);
                }
            }
        }
    }
    if let Some((key, node)) = root.entry("retry")
        && let Some(attempts) = node.text_at(&["attempts"])
    {
        retry("traefik", attempts, "Traefik retry", entry_span(key, node), sink);
    }
}
