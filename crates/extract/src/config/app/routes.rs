//! Routes that gateways read from configuration: Spring Cloud Gateway and Zuul.

use super::{looked_up, value};
use crate::Sink;
use crate::config::entries::{Document, Entry, canonical, index};
use crate::config::secret;
use crate::rewrite::{Rewrite, below};
use seam_facts::{Claim, Policy, PolicyKind, Protocol, Route, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

/// Where Spring Cloud Gateway keeps its routes; the place moved with versions and servers.
const GATEWAYS: &[&str] = &[
    "spring.cloud.gateway.routes[",
    "spring.cloud.gateway.mvc.routes[",
    "spring.cloud.gateway.server.webflux.routes[",
    "spring.cloud.gateway.server.webmvc.routes[",
];

pub(super) fn state(document: &Document, sink: &mut Sink) {
    gateway(document, sink);
    zuul(document, sink);
}

#[derive(Default)]
struct GatewayRoute<'a> {
    uri: Option<&'a Entry>,
    paths: Vec<String>,
    /// Filter number to its name and its entries.
    filters: BTreeMap<usize, Vec<(String, &'a Entry)>>,
}

fn gateway(document: &Document, sink: &mut Sink) {
    let mut routes: BTreeMap<(usize, usize), GatewayRoute<'_>> = BTreeMap::new();
    for entry in document.plain() {
        let key = canonical(&entry.key);
        let Some((kind, rest)) = GATEWAYS.iter().enumerate().find_map(|(i, g)| Some((i, key.strip_prefix(g)?))) else {
            continue;
        };
        let Some((number, rest)) = rest.split_once(']') else { continue };
        let Ok(number) = number.parse() else { continue };
        let route = routes.entry((kind, number)).or_default();
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        match rest {
            "uri" => route.uri = Some(entry),
            _ if rest.starts_with("predicates[") => route.paths.extend(predicate(document, entry, rest)),
            _ if rest.starts_with("filters[") => {
                let (first, more) = rest.split_once('.').unwrap_or((rest, ""));
                if let Some(n) = index(first).1 {
                    route.filters.entry(n).or_default().push((more.to_owned(), entry));
                }
            }
            _ => {}
        }
    }
    for route in routes.values() {
        let Some(uri) = route.uri else { continue };
        // Forwards within the gateway lead nowhere else.
        if uri.value.starts_with("forward:") || uri.value.starts_with("no:") {
            continue;
        }
        let mut paths = route.paths.clone();
        if paths.is_empty() {
            paths.push("/**".into());
        }
        let protocol = match uri.value.starts_with("ws:") || uri.value.starts_with("lb:ws:") {
            true => Protocol::Websocket,
            false => Protocol::Http,
        };
        let target = match uri.value.strip_prefix("lb:ws:") {
            Some(rest) => value(&format!("lb:{rest}")),
            None => value(&uri.value),
        };
        let steps: Vec<Rewrite> = route.filters.values().filter_map(|filter| rewrite(filter)).collect();
        for path in paths {
            let changed = below(&path.replace("/**", "/*"), &steps);
            let target = changed.map_or(target.clone(), |below| target.clone().then(value(&below)));
            let path = pattern(&path);
            // Filters govern what the route hands on.
            for filter in route.filters.values() {
                policy(&SmolStr::from(path.to_string()), filter, sink);
            }
            let claim = Route { protocol, path, target: secret::clean(target), via: None };
            sink.stated(Claim::Route(claim), uri.span);
        }
    }
}

/// Paths of a predicate, short (`Path=/a/**,/b`) or long (`name: Path`, `args.pattern: /a/**`).
fn predicate(document: &Document, entry: &Entry, rest: &str) -> Vec<String> {
    let paths = |text: &str| text.split(',').map(|p| p.trim().to_owned()).filter(|p| p.starts_with('/')).collect();
    if let Some(short) = entry.value.strip_prefix("Path=") {
        return paths(short);
    }
    if !rest.contains("].args") {
        return Vec::new();
    }
    // `…predicates[0].args.pattern` belongs to `…predicates[0].name`.
    let Some(end) = entry.key.to_ascii_lowercase().find(".args") else { return Vec::new() };
    let name = format_smolstr!("{}.name", canonical(&entry.key[..end]));
    match document.get(&name).is_some_and(|n| n.value == "Path") {
        true => paths(&entry.value),
        false => Vec::new(),
    }
}

/// A filter that changes the path, short (`StripPrefix=1`) or long (`name`, `args.parts`).
fn rewrite(filter: &[(String, &Entry)]) -> Option<Rewrite> {
    let of = |word: &str| filter.iter().find(|(rest, _)| rest == word).map(|(_, e)| e.value.as_str());
    match of("name") {
        Some(name) => {
            let words: &[&str] = match name {
                "StripPrefix" => &["args.parts"],
                "RewritePath" => &["args.regexp", "args.replacement"],
                "PrefixPath" => &["args.prefix"],
                "SetPath" => &["args.template"],
                _ => &[],
            };
            let args: Vec<&str> = words.iter().filter_map(|w| of(w)).collect();
            Rewrite::of(name, &args)
        }
        None => {
            let (_, first) = filter.first()?;
            let (name, args) = first.value.split_once('=').unwrap_or((&first.value, ""));
            let args: Vec<&str> = args.split(',').map(str::trim).filter(|a| !a.is_empty()).collect();
            Rewrite::of(name.trim(), &args)
        }
    }
}

/// Filters that are patience rather than rewriting.
fn policy(path: &SmolStr, filter: &[(String, &Entry)], sink: &mut Sink) {
    let Some((_, first)) = filter.first() else { return };
    let name_of = |f: &&(String, &Entry)| f.0 == "name";
    let name = match filter.iter().find(name_of) {
        Some((_, entry)) => entry.value.as_str(),
        None => first.value.split('=').next().unwrap_or(""),
    };
    let arg = |word: &str| {
        filter.iter().find(|(rest, _)| rest.strip_prefix("args.").is_some_and(|a| a == word)).map(|(_, e)| &e.value)
    };
    let (kind, attempts) = match name {
        "Retry" => {
            let retries = arg("retries").map(String::as_str).or_else(|| first.value.strip_prefix("Retry="));
            let attempts = retries.unwrap_or("3").split(',').next().and_then(|n| n.trim().parse::<u32>().ok());
            (PolicyKind::Retry, attempts.map(|n| Value::text((n.saturating_add(1)).to_string())))
        }
        "CircuitBreaker" | "Hystrix" => (PolicyKind::Breaker, None),
        "RequestRateLimiter" => (PolicyKind::RateLimit, None),
        _ => return,
    };
    let mut detail = format_smolstr!("Spring Cloud Gateway {name}");
    if kind == PolicyKind::Retry {
        // Only GET is repeated unless the filter says otherwise.
        let short = first.value.strip_prefix("Retry=").filter(|_| arg("methods").is_none());
        let methods = arg("methods").map_or(short.unwrap_or_default(), |m| m.as_str()).to_ascii_uppercase();
        if ["POST", "PATCH"].iter().any(|m| methods.contains(m)) {
            detail = format_smolstr!("{detail} for POST");
        }
        if let Some(statuses) = arg("statuses") {
            detail = format_smolstr!("{detail} on {}", statuses.replace(' ', ""));
        }
    }
    let claim = Policy { kind, on: path.clone(), attempts, millis: None, detail, within: SmolStr::default() };
    sink.stated(Claim::Policy(claim), first.span);
}

#[derive(Default)]
struct ZuulRoute<'a> {
    /// The beginning of the path stays, rather than being taken away.
    keeps: bool,
    path: Option<&'a Entry>,
    service: Option<&'a Entry>,
    url: Option<&'a Entry>,
}

fn zuul(document: &Document, sink: &mut Sink) {
    let prefix = document.get("zuul.prefix").map(|e| e.value.trim_end_matches('/')).unwrap_or("");
    let mut routes: BTreeMap<&str, ZuulRoute<'_>> = BTreeMap::new();
    for entry in document.plain() {
        let Some(rest) = entry.key.strip_prefix("zuul.routes.") else { continue };
        // Names may hold dots: only a last part that is a known word divides.
        let (name, word) = rest.rsplit_once('.').unwrap_or((rest, ""));
        match canonical(word).as_str() {
            "path" => routes.entry(name).or_default().path = Some(entry),
            "serviceid" => routes.entry(name).or_default().service = Some(entry),
            "url" | "location" => routes.entry(name).or_default().url = Some(entry),
            "stripprefix" => routes.entry(name).or_default().keeps = entry.value == "false",
            "sensitiveheaders" | "retryable" | "customsensitiveheaders" | "id" => {}
            // The short form: `zuul.routes.users: /myusers/**`.
            _ if entry.value.starts_with('/') => routes.entry(rest).or_default().path = Some(entry),
            _ => {}
        }
    }
    for (name, route) in routes {
        let path = match route.path {
            Some(entry) => entry.value.clone(),
            None => format!("/{name}/**"),
        };
        let (target, span) = match (route.url, route.service, route.path) {
            (Some(url), ..) if url.value.starts_with("forward:") => continue,
            // A location without a scheme is the name of a service.
            (Some(url), ..) if url.value.contains("://") || url.value.contains("${") => {
                (looked_up(&url.key, value(&url.value)), url.span)
            }
            (Some(service), ..) | (_, Some(service), _) => {
                (Value::text("lb://").then(value(&service.value)), service.span)
            }
            (None, None, Some(path)) => (Value::text(format_smolstr!("lb://{name}")), path.span),
            (None, None, None) => continue,
        };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let target = if route.keeps || !path.ends_with("/**") { target } else { target.then("/".into()) };
        let path = pattern(&format!("{prefix}{slash}{path}"));
        sink.stated(
            Claim::Route(Route { protocol: Protocol::Http, path, target: secret::clean(target), via: None }),
            span,
        );
    }
}

/// Ant patterns as templates: the rest of a path is one `*`.
fn pattern(path: &str) -> Value {
    value(&path.replace("/**", "/*"))
}
