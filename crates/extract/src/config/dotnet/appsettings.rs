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
    version: 5,
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
    let (routes, clusters) = (get(node, "Routes"), get(node, "Clusters"));
    if let Some(routes) = routes.filter(|r| clusters.is_some() || leads_to_clusters(r)) {
        let named = routes.entries().map(|(key, route)| (key.text.clone(), route));
        let listed = routes.items().filter_map(|r| Some((text(r, "RouteId")?.clone(), r)));
        for (name, one) in named.chain(listed) {
            route(&name, one, clusters, path, sink);
        }
        for (key, cluster) in clusters.into_iter().flat_map(Node::entries) {
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

/// Routes as YARP has them; their clusters may stand in the file of another environment.
fn leads_to_clusters(routes: &Node) -> bool {
    let mut routes = routes.entries().map(|(_, r)| r).chain(routes.items());
    routes.any(|r| text(r, "ClusterId").is_some() && get(r, "Match").is_some_and(|m| get(m, "Path").is_some()))
}

fn route(name: &SmolStr, route: &Node, clusters: Option<&Node>, path: &str, sink: &mut Sink) {
    let (Some(id), Some(matched)) = (text(route, "ClusterId"), get(route, "Match").and_then(|m| get(m, "Path"))) else {
        return;
    };
    let called = |c: &&Node| text(c, "Id").or_else(|| text(c, "ClusterId")) == Some(id);
    let cluster = clusters.and_then(|c| get(c, id).or_else(|| c.items().find(called)));
    let below = rewritten(route);
    let incoming = matched.text().map(|p| taken(p)).unwrap_or_default();
    // A deployment may set another address under the destination's key; the file of another environment may be all that does.
    let key_of = |destination: &str| dotted(path, &format!("Clusters.{id}.Destinations.{destination}.Address"));
    let mut lead = |address: Option<&SmolStr>, destination: &str, at: Span| {
        let target = match (&below, address) {
            (Some(prefix), Some(address)) if prefix.is_empty() && address.ends_with('/') => {
                Value::config(key_of(destination), Some(Value::text(address.clone())))
            }
            _ => {
                let default = address.map(|a| Value::text(a.trim_end_matches('/')));
                Value::config(key_of(destination), default).then(forwarded("", below.as_deref()))
            }
        };
        let claim = Route { protocol: Protocol::Http, path: Value::text(incoming.clone()), target, via: None };
        sink.stated(Claim::Route(claim), at);
    };
    let destinations = cluster.and_then(|c| get(c, "Destinations"));
    let mut stated = false;
    for (named, destination) in destinations.into_iter().flat_map(Node::entries) {
        let address = destination.entries().find(|(k, _)| k.text.eq_ignore_ascii_case("Address"));
        if let Some((key, node, text)) = address.and_then(|(k, n)| Some((k, n, n.text()?))) {
            lead(Some(text), &named.text, place(key.span, node));
            stated = true;
        }
    }
    if !stated {
        lead(None, "*", matched.span);
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
            let whole = taken(pattern);
            kept = Some(whole.strip_suffix('*').unwrap_or(&whole).to_owned());
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
