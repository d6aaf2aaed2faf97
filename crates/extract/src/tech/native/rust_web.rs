//! HTTP in Rust: axum, actix, rocket, warp; reqwest, awc, hyper, ureq and surf. See `rust_web.md`.

use super::{module, unknown};
use crate::code::ir::{Call as CallExpr, Expr, ExprKind};
use crate::code::rust::dotted;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::paths::join;
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Call, Claim, Endpoint, Mount, Part, Policy, PolicyKind, Protocol, SmolStr, Span, Value, format_smolstr,
};
use std::collections::HashMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "rust-web",
    version: 5,
    page: include_str!("rust_web.md"),
    reads: Reads::Code { langs: &[Lang::Rust], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    attributed(code, sink);
    let nests = nests(code);
    for site in code.calls() {
        let callee = dotted(&code.callee(site.call, site.function));
        routed(code, site, &nests, sink);
        mounted(code, site, &nests, sink);
        requests(code, site, &callee, sink);
        registry(code, site, &callee, sink);
        bounded(code, site, sink);
    }
}

/// `.timeout(Duration::from_secs(10))` of a client, a request or a layer.
fn bounded(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if site.call.name() != "timeout" {
        return;
    }
    let Some(length) = site.call.args.last() else { return };
    let by = length.value.as_call().and_then(|c| match c.name() {
        "from_secs" => Some((c.arg(0)?, 1_000)),
        "from_millis" => Some((c.arg(0)?, 1)),
        _ => None,
    });
    let number = by.and_then(|(n, by)| {
        let number = code.value(n, site.function).as_text()?.replace('_', "").parse::<u64>().ok()?;
        Some(Value::text(format_smolstr!("{}", number.saturating_mul(by))))
    });
    let within = code.within(site.function);
    let policy = Policy {
        kind: PolicyKind::Timeout,
        on: within.clone(),
        attempts: None,
        millis: Some(number.unwrap_or_else(|| Value::opaque("a duration"))),
        detail: "timeout".into(),
        within,
    };
    sink.stated(Claim::Policy(policy), site.span());
}

/// `/a/:id`, `/a/<id>`, `/a/{id:\d+}`, `/a/*rest`, `/a/{*rest}` as templates.
fn template(path: Value) -> Value {
    let mut out = Value::default();
    for part in path.parts {
        match part {
            Part::Text(text) => {
                let parts: Vec<String> = text.split('?').next().unwrap_or("").split('/').map(segment).collect();
                out.push_text(&parts.join("/"));
            }
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

fn segment(part: &str) -> String {
    let named = part.strip_prefix(':').or_else(|| part.strip_prefix('<').and_then(|p| p.strip_suffix('>')));
    match named {
        Some(rest) if rest.ends_with("..") => "*".into(),
        Some(name) => format!("{{{name}}}"),
        None if part.starts_with('*') || part.starts_with("{*") => "*".into(),
        None => match part.strip_prefix('{').and_then(|p| p.split_once(':')) {
            Some((_, pattern)) if pattern.starts_with(".*") => "*".into(),
            Some((name, _)) => format!("{{{name}}}"),
            None => part.into(),
        },
    }
}

fn verb(name: &str) -> Option<Option<SmolStr>> {
    Some(match name {
        "get" | "post" | "put" | "delete" | "patch" | "head" | "options" => Some(name.to_ascii_uppercase().into()),
        "any" | "route" => None,
        _ => return None,
    })
}

fn endpoint(method: Option<SmolStr>, path: Value, handler: SmolStr, router: SmolStr, at: Span, sink: &mut Sink) {
    let path = if path.is_empty() { "/".into() } else { template(path) };
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method,
        path,
        handler,
        router: (!router.is_empty()).then_some(router),
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}

/// A function of this file, with the file's module: what a mount elsewhere calls it.
fn qualified(code: &Code<'_>, function: &str) -> SmolStr {
    match (module(code.path), function.is_empty()) {
        ("", _) => function.into(),
        (module, true) => module.into(),
        (module, false) => format_smolstr!("{module}.{function}"),
    }
}

/// `#[get("/x")]` of actix and rocket.
fn attributed(code: &Code<'_>, sink: &mut Sink) {
    for f in &code.unit.functions {
        for a in &f.annotations {
            let Some(method) = verb(a.simple()) else { continue };
            let Some(path) = a.positional(0).and_then(Expr::as_str) else {
                continue;
            };
            let stated = a.args.iter().filter(|x| x.name.as_deref() == Some("method")).filter_map(|x| x.value.as_str());
            let mut methods: Vec<Option<SmolStr>> = stated.map(|m| Some(m.to_ascii_uppercase().into())).collect();
            if methods.is_empty() {
                methods.push(method);
            }
            for method in methods {
                endpoint(method, Value::text(path.clone()), f.symbol(), qualified(code, &f.name), a.span, sink);
            }
        }
    }
}

/// Prefixes around expressions: `.nest("/api", router)`, `web::scope("/api").service(…)`, by the inner call's place in
/// memory.
fn nests<'a>(code: &Code<'a>) -> HashMap<*const CallExpr, Vec<Value>> {
    let mut out: HashMap<*const CallExpr, Vec<Value>> = HashMap::new();
    for site in code.calls() {
        let (prefix, inner) = match (site.call.name(), site.call.args.as_slice()) {
            ("nest" | "nest_service", [prefix, inner]) => (code.value(&prefix.value, site.function), &inner.value),
            ("service" | "configure", [inner]) => match scope(code, site.call, site.function) {
                Some(prefix) => (prefix, &inner.value),
                None => continue,
            },
            _ => continue,
        };
        let mut add = |expr: &'a Expr| {
            expr.walk(&mut |e| {
                if let ExprKind::Call(call) = &e.kind {
                    out.entry(call.as_ref() as *const CallExpr).or_default().push(prefix.clone());
                }
            });
        };
        add(inner);
        if let ExprKind::Name(name) = &inner.kind {
            code.assigned(name, site.function)
                .into_iter()
                .filter(|(_, f)| *f == site.function)
                .for_each(|(e, _)| add(e));
        }
    }
    out
}

/// The prefix of the scopes that a call is chained on.
fn scope(code: &Code<'_>, call: &CallExpr, function: usize) -> Option<Value> {
    let mut prefix: Option<Value> = None;
    let mut on = call.receiver();
    for _ in 0..64 {
        let Some(inner) = on.and_then(Expr::as_call) else { break };
        if matches!(inner.name(), "scope" | "resource") && inner.args.len() == 1 {
            let found = code.value(&inner.args[0].value, function);
            prefix = Some(join(found, prefix.unwrap_or_default()));
        }
        on = inner.receiver();
    }
    prefix
}

fn prefixed(code: &Code<'_>, site: &Site<'_>, nests: &HashMap<*const CallExpr, Vec<Value>>, path: Value) -> Value {
    let path = match scope(code, site.call, site.function) {
        Some(prefix) => join(prefix, path),
        None => path,
    };
    let around = nests.get(&(site.call as *const CallExpr)).cloned().unwrap_or_default();
    // Outer nests are visited before inner ones.
    around.into_iter().rev().fold(path, |path, prefix| join(prefix, path))
}

/// `.route("/x", get(list).post(add))` (axum), `.route("/x", web::get().to(list))` and `.route(web::get().to(list))` (actix).
fn routed(code: &Code<'_>, site: &Site<'_>, nests: &HashMap<*const CallExpr, Vec<Value>>, sink: &mut Sink) {
    if !matches!(site.call.name(), "route" | "route_service" | "at" | "service") {
        return;
    }
    let (path, methods) = match site.call.args.as_slice() {
        [path, methods] => (code.value(&path.value, site.function), &methods.value),
        [methods] if site.call.name() == "route" => (Value::default(), &methods.value),
        _ => return,
    };
    if path.as_text().is_some_and(|t| !t.is_empty() && !t.starts_with('/')) {
        return;
    }
    let found = handlers(methods);
    let router = qualified(code, &code.within(site.function));
    for (method, handler) in found {
        let handler = handler.and_then(|h| code.origin(h, site.function).rsplit(['#', ':']).next().map(SmolStr::from));
        let handler = handler.filter(|h| !h.is_empty()).unwrap_or_else(|| code.within(site.function));
        let path = prefixed(code, site, nests, path.clone());
        endpoint(method, path, handler, router.clone(), site.span(), sink);
    }
}

/// The methods and handlers of a method router, innermost first.
fn handlers(expr: &Expr) -> Vec<(Option<SmolStr>, Option<&Expr>)> {
    let mut out = Vec::new();
    let mut handler = None;
    let mut on = Some(expr);
    for _ in 0..32 {
        let Some(call) = on.and_then(Expr::as_call) else { break };
        match (call.name(), call.arg(0)) {
            ("to" | "to_async", Some(h)) => handler = Some(h),
            (name, first) => {
                if let Some(method) = verb(name) {
                    out.push((method, first.or(handler.take())));
                }
            }
        }
        on = call.receiver();
    }
    out.reverse();
    out
}

/// Routers and handlers registered below a prefix that other files define: `.nest("/users", users::router())`,
/// `web::scope("/users").service(users::list)`, `rocket.mount("/users", routes![users::list])`.
fn mounted(code: &Code<'_>, site: &Site<'_>, nests: &HashMap<*const CallExpr, Vec<Value>>, sink: &mut Sink) {
    let on = qualified(code, &code.within(site.function));
    let (prefix, parts): (Value, Vec<&Expr>) = match (site.call.name(), site.call.args.as_slice()) {
        ("nest" | "nest_service", [prefix, inner]) => (code.value(&prefix.value, site.function), vec![&inner.value]),
        ("merge", [inner]) => (Value::default(), vec![&inner.value]),
        ("service" | "configure", [inner]) => {
            (scope(code, site.call, site.function).unwrap_or_default(), vec![&inner.value])
        }
        ("mount", [prefix, routes]) => match routes.value.as_call().filter(|c| c.name() == "routes!") {
            Some(routes) => (code.value(&prefix.value, site.function), routes.args.iter().map(|a| &a.value).collect()),
            None => return,
        },
        _ => return,
    };
    let around = nests.get(&(site.call as *const CallExpr)).cloned().unwrap_or_default();
    let prefix = around.into_iter().rev().fold(prefix, |path, prefix| join(prefix, path));
    for part in parts {
        let named = match &part.kind {
            ExprKind::Call(call) if !call.new => &call.callee,
            ExprKind::Name(_) | ExprKind::Member(..) => part,
            _ => continue,
        };
        let full = dotted(&code.origin(named, site.function));
        let parts: Vec<&str> = full.split('.').filter(|p| !matches!(*p, "crate" | "super" | "self" | "")).collect();
        let router = match parts.as_slice() {
            [] => continue,
            [.., last] if last.ends_with("()") => continue,
            [function] if code.unit.functions.iter().any(|f| f.name == *function) => qualified(code, function),
            [function] => (*function).into(),
            [.., module, function] => format_smolstr!("{module}.{function}"),
        };
        let library = full.starts_with("axum.") || full.starts_with("actix_web.") || full.starts_with("tower");
        if !library && !router.starts_with(|c: char| c.is_ascii_uppercase()) {
            sink.stated(Claim::Mount(Mount { router, prefix: template(prefix.clone()), on: on.clone() }), part.span);
        }
    }
}

/// Crates whose clients have a method per HTTP method.
const CLIENTS: &[&str] =
    &["reqwest", "awc", "hyper", "ureq", "surf", "isahc", "attohttpc", "minreq", "reqwest_middleware"];

fn requests(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let mut parts = callee.split('.');
    let Some(library) = parts.next().filter(|c| CLIENTS.contains(c)) else {
        return;
    };
    let args = site.call.args.len();
    let (method, url) = match (name, args) {
        ("get" | "post" | "put" | "delete" | "patch" | "head", 1) => (Some(name.to_ascii_uppercase().into()), 0),
        ("get_async" | "delete_async" | "head_async", 1) | ("post_async" | "put_async", 2) => {
            (name.strip_suffix("_async").map(|n| n.to_ascii_uppercase().into()), 0)
        }
        // A client of functions takes the body beside the address.
        ("post" | "put", 2) if library == "isahc" => (Some(name.to_ascii_uppercase().into()), 0),
        ("request", 2) => {
            let method =
                site.call.arg(0).and_then(Expr::path).and_then(|p| p.rsplit(['.', ':']).next().map(SmolStr::from));
            (method, 1)
        }
        ("uri", 1) if callee.contains("Request") => (None, 0),
        _ => return,
    };
    // Only the start of a chain is a request: `response.headers().get("x")` is not.
    let made = callee.rsplit_once(".build()").map_or(callee, |(_, rest)| rest);
    let opened = |p: &&str| p.ends_with("()") && !matches!(*p, "unwrap()" | "expect()" | "unwrap_or_default()");
    let depth = made.split('.').filter(opened).count();
    if callee.contains("headers") || callee.contains("Header") || depth > 2 {
        return;
    }
    let Some(url) = site.call.arg(url) else {
        return;
    };
    let target = code.value(url, site.function);
    if unknown(&target) && library == "hyper" {
        return;
    }
    state(code, site, library, method, target, sink);
}

fn state(code: &Code<'_>, site: &Site<'_>, client: &str, method: Option<SmolStr>, target: Value, sink: &mut Sink) {
    let call = Call { method, ..Call::to(Protocol::Http, client.into(), target, code.within(site.function)) };
    sink.stated(Claim::Call(call), site.span());
}

/// Confluent's schema registry, GraphQL and WebSocket clients that take a URL.
fn registry(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (client, protocol) = match callee {
        c if c.ends_with("SrSettings.new") || c.ends_with("SrSettings.new_builder") => {
            ("schema_registry", Protocol::Http)
        }
        c if c.starts_with("tokio_tungstenite.connect_async") || c.starts_with("tungstenite.connect") => {
            ("tungstenite", Protocol::Websocket)
        }
        c if ["relay", "starttls_relay", "builder_dangerous", "from_url"]
            .iter()
            .any(|m| c.strip_suffix(m).is_some_and(|on| on.ends_with("SmtpTransport."))) =>
        {
            ("lettre", Protocol::Smtp)
        }
        _ => return,
    };
    let Some(url) = site.call.arg(0) else {
        return;
    };
    let target = code.value(url, site.function);
    let call = Call::to(protocol, client.into(), target, code.within(site.function));
    sink.stated(Claim::Call(call), site.span());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_templates() {
        assert_eq!(template("/a/:id/<name>/{n:\\d+}".into()).to_string(), "/a/{id}/{name}/{n}");
        assert_eq!(template("/files/{*rest}".into()).to_string(), "/files/*");
    }
}
