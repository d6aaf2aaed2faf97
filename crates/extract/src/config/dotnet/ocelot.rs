//! Ocelot gateways: `ocelot*.json`. See `ocelot.md`.

use super::{forwarded, get, template, text};
use crate::config::json;
use crate::config::tree::Node;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, Protocol, Route, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "ocelot", version: 2, page: include_str!("ocelot.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    let by_name = name.contains("ocelot") && name.ends_with(".json");
    // Gateways keep their routes in `configuration.json` too; the content tells.
    by_name || (name.ends_with(".json") && file.text.contains("\"UpstreamPathTemplate\""))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = json::document(file.text, sink) else {
        return;
    };
    for list in ["Routes", "ReRoutes"] {
        for route in get(&root, list).map(|r| r.items().collect::<Vec<_>>()).unwrap_or_default() {
            one(route, sink);
        }
    }
}

fn one(route: &Node, sink: &mut Sink) {
    let Some(upstream) = text(route, "UpstreamPathTemplate") else {
        return;
    };
    let downstream = text(route, "DownstreamPathTemplate").map(|d| d.as_str()).unwrap_or(upstream);
    let scheme = text(route, "DownstreamScheme").map(|s| s.as_str()).unwrap_or("http");
    // `{everything}` at the end is the rest, any name there is taken as such by Ocelot.
    let path = match upstream.rsplit_once('{') {
        Some((head, tail))
            if tail.ends_with('}') && head.ends_with('/') && downstream.ends_with(tail) && catches(tail) =>
        {
            format_smolstr!("{}*", template(head))
        }
        _ => template(upstream),
    };
    // The rest follows what is written out; one path is said whole.
    let below = (downstream != upstream).then(|| match path.ends_with('*') {
        true => downstream.split('{').next().unwrap_or_default().to_owned(),
        false => template(downstream).to_string(),
    });
    let state = |target: Value, at, sink: &mut Sink| {
        let claim = Route { protocol: Protocol::Http, path: Value::text(path.clone()), target, via: None };
        sink.stated(Claim::Route(claim), at);
    };
    for host in get(route, "DownstreamHostAndPorts").map(|h| h.items().collect::<Vec<_>>()).unwrap_or_default() {
        let Some(name) = get(host, "Host") else { continue };
        let port = text(host, "Port").map(|p| format!(":{p}")).unwrap_or_default();
        if let Some(text) = name.text() {
            state(forwarded(&format!("{scheme}://{text}{port}"), below.as_deref()), name.span, sink);
        }
    }
    if let Some(service) = get(route, "ServiceName")
        && let Some(name) = service.text()
    {
        state(forwarded(&format!("lb://{name}"), below.as_deref()), service.span, sink);
    }
    if let Some(qos) = get(route, "QoSOptions") {
        policies(qos, upstream, sink);
    }
}

/// Names by which people mean "the rest of the path".
fn catches(tail: &str) -> bool {
    let name = tail.trim_end_matches('}').to_ascii_lowercase();
    ["everything", "all", "any", "url", "rest", "catchall", "path"].iter().any(|w| name.contains(w))
}

fn policies(qos: &Node, route: &SmolStr, sink: &mut Sink) {
    let mut state = |kind, attempts: Option<&SmolStr>, millis: Option<&SmolStr>, detail: &str, at| {
        let policy = Policy {
            kind,
            on: route.clone(),
            attempts: attempts.map(|a| Value::text(a.clone())),
            millis: millis.map(|m| Value::text(m.clone())),
            detail: detail.into(),
            within: SmolStr::default(),
        };
        sink.stated(Claim::Policy(policy), at);
    };
    if let Some(timeout) = get(qos, "TimeoutValue").or_else(|| get(qos, "Timeout")) {
        state(PolicyKind::Timeout, None, timeout.text(), "Ocelot QoS", timeout.span);
    }
    if let Some(failures) = get(qos, "ExceptionsAllowedBeforeBreaking").or_else(|| get(qos, "MinimumThroughput")) {
        let pause = text(qos, "DurationOfBreak").or_else(|| text(qos, "BreakDuration"));
        state(PolicyKind::Breaker, failures.text(), pause, "Ocelot QoS", failures.span);
    }
}
