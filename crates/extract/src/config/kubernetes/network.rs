//! Names and ways in: Service, Ingress, Gateway API routes, Traefik's and Ambassador's own.

use super::{Cx, Named, labels, name_at, value, value_at};
use crate::Sink;
use crate::config::tree::Node;
use seam_facts::{
    Alias, Claim, Policy, PolicyKind, Port, Protocol, Route, SmolStr, Span, Target, Value, format_smolstr,
};

pub(super) fn service(cx: &Cx<'_>, named: &Named<'_>, sink: &mut Sink) {
    let Some(spec) = named.spec() else {
        return;
    };
    let target = match (name_at(spec, &["externalName"]), labels(cx, spec.entry("selector"))) {
        (Some(host), _) => outside(&host),
        (None, labels) if !labels.is_empty() => Target::Labels(labels),
        // Without a selector, endpoints are given by hand, under the same name.
        (None, _) => return,
    };
    // A headless Service has no ports of its own: its name leads to the pods, on whatever they listen.
    let headless = spec.text_at(&["clusterIP"]).is_some_and(|ip| ip == "None");
    let ports = spec.get("ports").into_iter().flat_map(Node::items).map(|p| Port {
        name: name_at(p, &["name"]),
        published: value_at(p, &["port"]).filter(|_| !headless),
        target: value_at(p, &["targetPort"]).or_else(|| value_at(p, &["port"])),
        line: p.span.line,
    });
    let alias = Alias {
        name: named.name.clone(),
        deployment: cx.deployment,
        target,
        ports: ports.collect(),
        namespace: named.namespace.clone(),
    };
    sink.stated(Claim::Alias(alias), named.at);
}

/// A host within the cluster (`name.namespace.svc…`) is a service; others are outside.
pub(super) fn outside(host: &SmolStr) -> Target {
    match host.split_once('.') {
        Some((name, rest)) if rest.contains("svc") => Target::Service(name.into()),
        None if !host.is_empty() => Target::Service(host.clone()),
        _ => Target::External(host.clone()),
    }
}

pub(super) fn ingress(named: &Named<'_>, sink: &mut Sink) {
    let Some(spec) = named.spec() else {
        return;
    };
    for key in ["defaultBackend", "backend"] {
        if let Some((key, backend)) = spec.entry(key) {
            route(named, Protocol::Http, "/".into(), backend_address(backend), key.span, sink);
        }
    }
    for rule in spec.get("rules").into_iter().flat_map(Node::items) {
        for path in rule.path(&["http", "paths"]).into_iter().flat_map(Node::items) {
            let at = path.entry("path").map_or(path.span, |(k, _)| k.span);
            let served = value_at(path, &["path"]).unwrap_or_else(|| "/".into());
            route(named, Protocol::Http, served, path.get("backend").and_then(backend_address), at, sink);
        }
    }
}

/// `http://name:port` of an Ingress backend, of the present and of the older schema.
fn backend_address(backend: &Node) -> Option<Value> {
    let backend = &backend;
    let name = backend.path(&["service", "name"]).or_else(|| backend.get("serviceName"))?;
    let port = ["number", "name"].iter().find_map(|k| backend.path(&["service", "port", k]));
    Some(address(value(name)?, port.or_else(|| backend.get("servicePort")).and_then(value)))
}

pub(super) fn address(host: Value, port: Option<Value>) -> Value {
    let address = Value::text("http://").then(host);
    match port {
        Some(port) => address.then(":".into()).then(port),
        None => address,
    }
}

pub(super) fn route(
    named: &Named<'_>,
    protocol: Protocol,
    path: Value,
    target: Option<Value>,
    at: Span,
    sink: &mut Sink,
) {
    if let Some(target) = target {
        sink.stated(Claim::Route(Route { protocol, path, target, via: Some(named.name.clone()) }), at);
    }
}

pub(super) fn gateway_route(named: &Named<'_>, sink: &mut Sink) {
    let protocol = match named.object.text_at(&["kind"]).map(SmolStr::as_str) {
        Some("HTTPRoute") => Protocol::Http,
        Some("GRPCRoute") => Protocol::Grpc,
        _ => Protocol::Tcp,
    };
    for rule in named.spec().and_then(|s| s.get("rules")).into_iter().flat_map(Node::items) {
        let mut paths: Vec<Value> = Vec::new();
        for matching in rule.get("matches").into_iter().flat_map(Node::items) {
            paths.extend(value_at(matching, &["path", "value"]).or_else(|| {
                let service = value_at(matching, &["method", "service"])?;
                Some(
                    service
                        .then("/".into())
                        .then(value_at(matching, &["method", "method"]).unwrap_or_else(|| "*".into())),
                )
            }));
        }
        if paths.is_empty() {
            paths.push("/".into());
        }
        for backend in rule.get("backendRefs").into_iter().flat_map(Node::items) {
            let Some((key, name)) = backend.entry("name") else {
                continue;
            };
            let target = value(name).map(|n| address(n, value_at(backend, &["port"])));
            for path in &paths {
                route(named, protocol, path.clone(), target.clone(), key.span, sink);
            }
        }
        timeout(&named.name, rule.path(&["timeouts", "request"]), "Gateway API", sink);
        retries(&named.name, rule.get("retry"), "Gateway API", sink);
    }
}

/// A duration (`10s`) as a timeout.
pub(super) fn timeout(on: &SmolStr, node: Option<&Node>, detail: &str, sink: &mut Sink) {
    let Some((node, text)) = node.and_then(|n| Some((n, n.text()?))) else {
        return;
    };
    let policy = Policy {
        kind: PolicyKind::Timeout,
        on: on.clone(),
        attempts: None,
        millis: Some(millis(text)),
        detail: detail.into(),
        within: SmolStr::default(),
    };
    sink.stated(Claim::Policy(policy), node.span);
}

/// A retry section with `attempts`: how often it is tried again.
pub(super) fn retries(on: &SmolStr, node: Option<&Node>, detail: &str, sink: &mut Sink) {
    let Some((node, text)) = node.and_then(|n| Some((n, n.text_at(&["attempts"])?))) else {
        return;
    };
    let attempts = match text.parse::<u64>() {
        Ok(again) => Value::text(format_smolstr!("{}", again.saturating_add(1))),
        Err(_) => Value::opaque(text.clone()),
    };
    let per_try = node.get("perTryTimeout").or_else(|| node.get("backoff")).and_then(Node::text);
    let mut words = vec![detail.to_owned()];
    words.extend(per_try.map(|each| format!("{each} per try")));
    words.extend(node.text_at(&["retryOn"]).map(|on| format!("on {on}")));
    let policy = Policy {
        kind: PolicyKind::Retry,
        on: on.clone(),
        attempts: Some(attempts),
        millis: None,
        detail: words.join(", ").into(),
        within: SmolStr::default(),
    };
    sink.stated(Claim::Policy(policy), node.span);
}

/// Go durations (`1h`, `1.5s`, `300ms`) in milliseconds.
pub(super) fn millis(text: &str) -> Value {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Value::opaque(text),
    };
    match number.parse::<f64>() {
        Ok(number) => Value::text(format_smolstr!("{}", (number * factor).round() as u64)),
        Err(_) => Value::opaque(text),
    }
}

pub(super) fn traefik(named: &Named<'_>, sink: &mut Sink) {
    for rule in named.spec().and_then(|s| s.get("routes")).into_iter().flat_map(Node::items) {
        let matching = rule.text_at(&["match"]).map(SmolStr::as_str).unwrap_or("");
        let paths = rule_paths(matching);
        for service in rule.get("services").into_iter().flat_map(Node::items) {
            let Some((key, name)) = service.entry("name") else {
                continue;
            };
            let target = value(name).map(|n| address(n, value_at(service, &["port"])));
            for path in &paths {
                route(named, Protocol::Http, path.clone(), target.clone(), key.span, sink);
            }
        }
    }
}

/// Paths of a Traefik rule (``PathPrefix(`/a`, `/b`) && Host(`h`)``).
fn rule_paths(rule: &str) -> Vec<Value> {
    let mut out = Vec::new();
    for piece in rule.split("Path").skip(1) {
        let Some(inner) = piece.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inner, _)| inner)
        else {
            continue;
        };
        out.extend(inner.split(',').map(|p| Value::text(p.trim().trim_matches(['`', '"', '\'']))));
    }
    if out.is_empty() { vec!["/".into()] } else { out }
}

pub(super) fn ambassador(named: &Named<'_>, sink: &mut Sink) {
    let Some((key, service)) = named.spec().and_then(|s| s.entry("service")) else {
        return;
    };
    let path = named.spec().and_then(|s| value_at(s, &["prefix"])).unwrap_or_else(|| "/".into());
    let target = value(service).map(|s| if s.to_string().contains("://") { s } else { address(s, None) });
    route(named, Protocol::Http, path, target, key.span, sink);
}
