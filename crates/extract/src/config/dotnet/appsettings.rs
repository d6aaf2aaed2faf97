//! `appsettings*.json`: settings with dotted keys, and the routes of a YARP reverse proxy. See `appsettings.md`.

use super::{forwarded, get, place, taken, text, without_secrets};
use crate::config::json;
use crate::config::tree::{Data, Key, Node, dotted};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{
    Alias, Claim, Deployment, Policy, PolicyKind, Protocol, Route, Setting, SettingScope, SmolStr, Span, Target, Value,
    format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "appsettings",
    version: 3,
    page: include_str!("appsettings.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    let settings = name.ends_with(".json")
        && (name.starts_with("appsettings") || name.starts_with("yarp") || name.starts_with("reverseproxy"));
    // Build output repeats the sources.
    settings && !file.path.split('/').any(|part| matches!(part, "bin" | "obj" | "node_modules"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = json::document(file.text, sink) else {
        return;
    };
    // `appsettings.Production.json` holds for that environment.
    let mut parts = file.name().split('.').skip(1);
    let profile = parts.next().filter(|p| !p.eq_ignore_ascii_case("json")).map(SmolStr::from);
    settings(&root, String::new(), root.span, &profile, sink);
    proxies(&root, "", sink, 3);
}

/// Lists count by position, as the framework names them (`Hosts.0`).
fn settings(node: &Node, path: String, at: Span, profile: &Option<SmolStr>, sink: &mut Sink) {
    let below = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    match &node.value {
        Data::Map(entries) => {
            for (key, node) in entries {
                // `"A:B": 1` is `"A": {"B": 1}`.
                settings(node, below(&key.text.replace("__", ".").replace(':', ".")), key.span, profile, sink);
            }
        }
        Data::List(items) => {
            for (i, node) in items.iter().enumerate() {
                settings(node, below(&i.to_string()), node.span, profile, sink);
            }
        }
        Data::Scalar(text, _) => {
            if node.is_null() || path.is_empty() || path.starts_with("Logging.") || path.starts_with('$') {
                return;
            }
            let value = without_secrets(&path, text);
            names(&path, text, place(at, node), sink);
            let setting = Setting { scope: SettingScope::App, key: path.into(), value, profile: profile.clone() };
            sink.stated(Claim::Setting(setting), place(at, node));
        }
    }
}

/// The name under which the service registers: Steeltoe's keys, and a name in a section about Consul.
fn names(path: &str, text: &SmolStr, at: Span, sink: &mut Sink) {
    let key = path.to_ascii_lowercase();
    let registers =
        matches!(key.as_str(), "spring.application.name" | "eureka.instance.appname" | "eureka.instance.vipaddress")
            || key.starts_with("consul") && key.ends_with("servicename")
            || matches!(key.as_str(), "consul.service" | "consul.discovery.name" | "fabio.service");
    if registers && !text.is_empty() && !text.contains(['/', ' ', '{']) {
        let alias = Alias {
            name: text.clone(),
            deployment: Deployment::Script,
            target: Target::Own,
            ports: Vec::new(),
            namespace: None,
        };
        sink.stated(Claim::Alias(alias), at);
    }
}

/// Any section with `Routes` and `Clusters`, whatever it is called (`ReverseProxy` by convention).
fn proxies(node: &Node, path: &str, sink: &mut Sink, depth: usize) {
    if let (Some(routes), Some(clusters)) = (get(node, "Routes"), get(node, "Clusters")) {
        let named = routes.entries().map(|(key, route)| (key.text.clone(), route));
        let listed = routes.items().filter_map(|r| Some((text(r, "RouteId")?.clone(), r)));
        for (name, one) in named.chain(listed) {
            route(&name, one, clusters, path, sink);
        }
        for (key, cluster) in clusters.entries() {
            policies(key, cluster, sink);
        }
        return;
    }
    if depth > 0 {
        for (key, inner) in node.entries() {
            proxies(inner, &dotted(path, &key.text), sink, depth - 1);
        }
    }
}

fn route(name: &SmolStr, route: &Node, clusters: &Node, path: &str, sink: &mut Sink) {
    let (Some(id), Some(matched)) = (text(route, "ClusterId"), get(route, "Match").and_then(|m| get(m, "Path"))) else {
        return;
    };
    let Some(cluster) = get(clusters, id)
        .or_else(|| clusters.items().find(|c| text(c, "Id").or_else(|| text(c, "ClusterId")) == Some(id)))
    else {
        return;
    };
    let below = rewritten(route);
    let incoming = matched.text().map(|p| taken(p)).unwrap_or_default();
    for (named, destination) in
        get(cluster, "Destinations").map(|d| d.entries().collect::<Vec<_>>()).unwrap_or_default()
    {
        let Some((key, address)) = destination.entries().find(|(k, _)| k.text.eq_ignore_ascii_case("Address")) else {
            continue;
        };
        let Some(target) = address.text() else { continue };
        // A deployment may set another address under this key.
        let setting = dotted(path, &format!("Clusters.{id}.Destinations.{}.Address", named.text));
        let claim = Route {
            protocol: Protocol::Http,
            path: Value::text(incoming.clone()),
            target: match &below {
                Some(prefix) if prefix.is_empty() && target.ends_with('/') => {
                    Value::config(setting, Some(Value::text(target.clone())))
                }
                _ => {
                    let default = Value::text(target.trim_end_matches('/'));
                    Value::config(setting, Some(default)).then(forwarded("", below.as_deref()))
                }
            },
            via: None,
        };
        sink.stated(Claim::Route(claim), place(key.span, address));
    }
    if let Some((key, limiter)) = route.entries().find(|(k, _)| k.text.eq_ignore_ascii_case("RateLimiterPolicy"))
        && let Some(policy) = limiter.text()
    {
        let detail = format_smolstr!("YARP, policy {policy}");
        sink.stated(limit(PolicyKind::RateLimit, name, None, detail), place(key.span, limiter));
    }
}

/// What stands in front of the rest of the path at the destination; `None` if the path is kept whole.
fn rewritten(route: &Node) -> Option<String> {
    let transforms = get(route, "Transforms")?;
    let mut kept = None;
    for transform in transforms.items() {
        if let Some(pattern) = text(transform, "PathPattern") {
            kept = Some(pattern.split('{').next().unwrap_or("").to_owned());
        } else if get(transform, "PathRemovePrefix").is_some() {
            kept = Some(kept.unwrap_or_default());
        } else if let Some(prefix) = text(transform, "PathPrefix").or_else(|| text(transform, "PathSet")) {
            kept = Some(format!("{prefix}/"));
        }
    }
    kept
}

fn limit(kind: PolicyKind, on: &SmolStr, millis: Option<Value>, detail: SmolStr) -> Claim {
    Claim::Policy(Policy { kind, on: on.clone(), attempts: None, millis, detail, within: SmolStr::default() })
}

fn policies(key: &Key, cluster: &Node, sink: &mut Sink) {
    let request = get(cluster, "HttpRequest").or_else(|| get(cluster, "HttpClientRequest"));
    let timeout = request.and_then(|r| {
        r.entries()
            .find(|(k, _)| k.text.eq_ignore_ascii_case("ActivityTimeout") || k.text.eq_ignore_ascii_case("Timeout"))
    });
    if let Some((timeout_key, node)) = timeout
        && let Some(millis) = node.text().and_then(|t| span_millis(t))
    {
        let at = place(timeout_key.span, node);
        sink.stated(limit(PolicyKind::Timeout, &key.text, Some(millis), "YARP activity timeout".into()), at);
    }
}

/// `hh:mm:ss` as milliseconds.
fn span_millis(text: &str) -> Option<Value> {
    let mut total = 0f64;
    for part in text.split(':') {
        total = total * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(Value::text(format_smolstr!("{}", (total * 1000.0) as u64)))
}
