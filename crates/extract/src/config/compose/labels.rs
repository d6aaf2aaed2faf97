//! Labels of containers that tell a proxy of the same file what to forward to them: Traefik and Caddy read them from the
//! container engine.
//!
//! Invariant: a rule is only stated where one proxy of that product stands in the file.

use super::text;
use crate::Sink;
use crate::config::gateway::traefik_paths;
use crate::config::tree::Node;
use seam_facts::{Claim, Protocol, Route, SmolStr, Span, Value, format_smolstr};

/// States the routes that the labels of `services` ask for.
pub(super) fn state(services: &Node, sink: &mut Sink) {
    for product in ["traefik", "caddy", "nginx-proxy"] {
        let proxies: Vec<&SmolStr> = services
            .entries()
            .filter(|(_, s)| s.get("image").and_then(text).is_some_and(|image| image.contains(product)))
            .map(|(key, _)| &key.text)
            .collect();
        let [proxy] = proxies.as_slice() else { continue };
        for (key, service) in services.entries().filter(|(key, _)| key.text != **proxy) {
            let labels = labels(service);
            let (paths, at) = match product {
                "traefik" => traefik(&labels),
                "caddy" => caddy(&labels),
                _ => by_variables(service),
            };
            for path in paths {
                let route = Route {
                    protocol: Protocol::Http,
                    path: Value::text(path),
                    target: Value::text(key.text.clone()),
                    via: Some((*proxy).clone()),
                };
                sink.stated(Claim::Route(route), at.unwrap_or(key.span));
            }
        }
    }
}

/// Names that nginx-proxy serves a container under, from the variables of that container.
pub(super) fn virtual_hosts(service: &Node) -> Vec<SmolStr> {
    let told = variables(service).into_iter().filter(|(key, ..)| key == "VIRTUAL_HOST");
    let hosts: Vec<SmolStr> = told.flat_map(|(_, hosts, _)| split_hosts(&hosts)).collect();
    hosts.into_iter().filter(|h| h.contains('.') && !h.contains(['*', '~', '$'])).collect()
}

fn split_hosts(hosts: &str) -> Vec<SmolStr> {
    hosts.split(',').map(|h| SmolStr::new(h.trim())).filter(|h| !h.is_empty()).collect()
}

fn by_variables(service: &Node) -> (Vec<SmolStr>, Option<Span>) {
    let variables = variables(service);
    let told = |name: &str| variables.iter().find(|(key, ..)| key == name);
    let Some((_, _, at)) = told("VIRTUAL_HOST") else { return (Vec::new(), None) };
    let path = told("VIRTUAL_PATH").map(|(_, path, _)| path.clone()).filter(|p| p.starts_with('/'));
    (vec![path.unwrap_or_else(|| "/".into())], Some(*at))
}

fn variables(service: &Node) -> Vec<(SmolStr, SmolStr, Span)> {
    service.get("environment").map(pairs).unwrap_or_default()
}

/// Labels of the container and, in a swarm, of its service: as a mapping or as `key=value` items.
fn labels(service: &Node) -> Vec<(SmolStr, SmolStr, Span)> {
    service.get("labels").into_iter().chain(service.path(&["deploy", "labels"])).flat_map(pairs).collect()
}

fn pairs(node: &Node) -> Vec<(SmolStr, SmolStr, Span)> {
    let mut out = Vec::new();
    for (key, value) in node.entries() {
        out.push((key.text.clone(), text(value).unwrap_or_default(), key.span));
    }
    for item in node.items() {
        let written = item.text().map(SmolStr::as_str).unwrap_or("");
        let (key, value) = written.split_once('=').unwrap_or((written, ""));
        out.push((key.trim().into(), value.trim().trim_matches(['"', '\'']).into(), item.span));
    }
    out
}

/// Paths of `traefik.http.routers.NAME.rule`; without a rule, an enabled container is reached by its own host name.
fn traefik(labels: &[(SmolStr, SmolStr, Span)]) -> (Vec<SmolStr>, Option<Span>) {
    if labels.iter().any(|(key, value, _)| key == "traefik.enable" && value == "false") {
        return (Vec::new(), None);
    }
    let rule = |key: &str| {
        key.starts_with("traefik.http.routers.") && key.ends_with(".rule") || key == "traefik.frontend.rule"
    };
    let rules: Vec<_> = labels.iter().filter(|(key, ..)| rule(key)).collect();
    let at = rules.first().map(|(.., at)| *at);
    let paths = rules.iter().flat_map(|(_, rule, _)| traefik_paths(rule)).collect::<Vec<_>>();
    let enabled = labels.iter().find(|(key, value, _)| key == "traefik.enable" && value == "true");
    // A router of raw connections is no rule for requests.
    let enabled = enabled.filter(|_| !labels.iter().any(|(key, ..)| key.starts_with("traefik.tcp.")));
    match (paths.is_empty(), enabled) {
        (true, Some((.., at))) => (vec!["/*".into()], Some(*at)),
        _ => (paths, at),
    }
}

/// `caddy: example.org` with `caddy.reverse_proxy` or `caddy.handle_path.…reverse_proxy: "{{upstreams}}"`.
fn caddy(labels: &[(SmolStr, SmolStr, Span)]) -> (Vec<SmolStr>, Option<Span>) {
    let forwards = |key: &str| {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        (first == "caddy" || first.starts_with("caddy_"))
            && rest.rsplit('.').next().is_some_and(|l| l.ends_with("reverse_proxy"))
    };
    match labels.iter().find(|(key, value, _)| forwards(key) && value.contains("upstreams")) {
        Some((_, value, at)) => {
            let path = value.split(' ').next().filter(|p| p.starts_with('/')).unwrap_or("/*");
            (vec![format_smolstr!("{path}")], Some(*at))
        }
        None => (Vec::new(), None),
    }
}
