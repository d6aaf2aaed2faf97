//! Routes registered by calls: Ktor, Javalin, Spark, Vert.x, Spring's router functions, Spring Cloud Gateway
//! in both its kinds. See `routers.md`.

use super::http_clients::parent_call;
use super::read::{JVM, chained, filled, join, last_name, receiver, template};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::rewrite::{Rewrite, below};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Policy, PolicyKind, Protocol, Route, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-routers",
    version: 3,
    page: include_str!("routers.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if code.imports("io.ktor.server") || code.imports("io.ktor.routing") || code.imports("io.ktor.application") {
        ktor(code, sink);
    }
    if code.imports("io.javalin") || code.imports("spark") {
        called(code, sink);
    }
    if code.imports("io.vertx") {
        vertx(code, sink);
    }
    if code.imports("org.springframework.web.reactive.function.server")
        || code.imports("org.springframework.web.servlet.function")
    {
        functions(code, sink);
    }
    if code.imports("org.springframework.cloud.gateway") {
        gateway(code, sink);
    }
    if code.imports("org.springframework.cloud.gateway.server.mvc") {
        forwarding_functions(code, sink);
    }
}

fn text(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    template(filled(code.value(expr, function)))
}

fn endpoint(
    method: Option<SmolStr>,
    path: Value,
    handler: SmolStr,
    router: Option<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let endpoint = Endpoint { protocol: Protocol::Http, method, path, handler, router, request: None, response: None };
    sink.stated(Claim::Endpoint(endpoint), Span { end_line: at.line, ..at });
}

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];

/// The calls whose closures stand around a function, innermost first.
fn around<'a>(code: &Code<'a>, function: usize) -> Vec<Site<'a>> {
    let mut out = Vec::new();
    let mut index = function;
    while let Some(parent) = code.function(index).parent {
        out.extend(parent_call(code, index));
        index = parent;
    }
    out
}

/// What `route("/x") { … }`, `path("x", () -> …)` and `"/x".nest { … }` around a route put before it.
fn prefix(code: &Code<'_>, outer: &[Site<'_>]) -> Value {
    let mut out = Value::default();
    for site in outer {
        let given = || site.call.arg_or("path", 0).filter(|e| !matches!(e.kind, ExprKind::Lambda(_)));
        let part = match site.call.name() {
            "route" | "path" => given().map(|e| text(code, e, site.function)),
            "nest" => site.call.receiver().or_else(|| site.call.arg(0)).map(|e| predicate(code, e, site.function)),
            _ => None,
        };
        if let Some(part) = part.filter(|p| !p.is_empty()) {
            out = if out.is_empty() { join(Value::default(), part) } else { join(join(Value::default(), part), out) };
        }
    }
    out
}

/// What a predicate of requests says of their path: `path("/x")`, `accept(JSON) and "/x"`. Those of headers say nothing.
fn predicate(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let ExprKind::Call(call) = &expr.kind else { return text(code, expr, function) };
    let of = |e: Option<&Expr>| e.map(|e| predicate(code, e, function)).unwrap_or_default();
    match call.name() {
        "path" | "pathPrefix" => of(call.arg_or("pattern", 0)),
        "and" => match (of(call.receiver()), of(call.arg(0))) {
            (outer, inner) if outer.is_empty() => inner,
            (outer, inner) if inner.is_empty() => outer,
            (outer, inner) => join(join(Value::default(), outer), inner),
        },
        _ => Value::default(),
    }
}

/// What handles a route: a method that is named, or else the function that the route stands in.
fn handler(code: &Code<'_>, site: &Site<'_>) -> SmolStr {
    let named = site.call.args.iter().rev().find_map(|a| match &a.value.kind {
        ExprKind::Member(..) => Some(code.origin(&a.value, site.function)),
        _ => None,
    });
    named.filter(|n| !n.is_empty() && !n.contains('(')).unwrap_or_else(|| code.within(site.function))
}

/// Ktor: verbs with closures, below `route`s; functions that extend `Route` are mounted where they are called.
fn ktor(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        let closure = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
        // Requests of the client have a receiver.
        if site.call.receiver().is_some() || !closure {
            continue;
        }
        let outer = around(code, site.function);
        let path = site.call.arg_or("path", 0).filter(|e| !matches!(e.kind, ExprKind::Lambda(_)));
        let path = path.map(|p| text(code, p, site.function)).unwrap_or_default();
        let installed = outer.iter().any(|s| s.call.name() == "routing");
        let within = code.within(site.function);
        let router = (!installed && !within.is_empty()).then(|| within.clone());
        let full = join(prefix(code, &outer), path);
        endpoint(Some(site.call.name().to_uppercase().into()), full, within, router, site.span(), sink);
    }
    // `orderRoutes()` within `routing { … }` or `route("/api") { … }`.
    for site in code.calls() {
        let simple = matches!(&site.call.callee.kind, ExprKind::Name(_)) && !site.call.new;
        let closure = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
        let outer = around(code, site.function);
        let innermost = outer.first().map(|s| s.call.name()).unwrap_or("");
        if !simple
            || closure
            || !matches!(innermost, "routing" | "route" | "authenticate")
            || VERBS.contains(&site.call.name())
        {
            continue;
        }
        let installed = outer.iter().any(|s| s.call.name() == "routing");
        let on = if installed { "<server>".into() } else { code.within(site.function) };
        let mount = Mount { router: site.call.name().into(), prefix: prefix(code, &outer), on };
        sink.stated(Claim::Mount(mount), site.span());
    }
}

/// Javalin's `app.get("/x", handler)` and Spark's `get("/x", (req, res) -> …)`.
fn called(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        if site.call.args.len() < 2 && around(code, site.function).is_empty() {
            continue;
        }
        let on = receiver(code, site.call, site.function);
        let fits = site.call.receiver().is_none()
            || ["javalin", "app", "spark", "service", "http", "apibuilder"].iter().any(|w| on.contains(w));
        if !fits {
            continue;
        }
        let outer = around(code, site.function);
        let path = match site.call.arg(0).map(|a| (a, text(code, a, site.function))) {
            Some((Expr { kind: ExprKind::Str(_) | ExprKind::Concat(_) | ExprKind::Name(_), .. }, path)) => path,
            // Within `path("x", …)` a verb may have a handler only.
            _ if outer.iter().any(|s| s.call.name() == "path") => Value::default(),
            _ => continue,
        };
        let full = join(prefix(code, &outer), path);
        endpoint(Some(site.call.name().to_uppercase().into()), full, handler(code, &site), None, site.span(), sink);
    }
}

/// Vert.x: `router.get("/x").handler(h)`, `router.route(HttpMethod.GET, "/x")`, sub-routers.
fn vertx(code: &Code<'_>, sink: &mut Sink) {
    let on_router = |site: &Site<'_>| {
        receiver(code, site.call, site.function).ends_with("router")
            || code.origin(site.expr, site.function).starts_with("Router.")
    };
    let router_of = |site: &Site<'_>| site.call.receiver().and_then(|r| r.path()).map(SmolStr::from);
    for site in code.calls_named(VERBS) {
        if let (true, Some(path)) = (on_router(&site), site.call.arg(0)) {
            let path = join(Value::default(), text(code, path, site.function));
            let router = router_of(&site);
            endpoint(
                Some(site.call.name().to_uppercase().into()),
                path,
                code.within(site.function),
                router,
                site.span(),
                sink,
            );
        }
    }
    for site in code.calls_named(&["route"]) {
        let (method, path) = match site.call.args.as_slice() {
            [path] => (None, &path.value),
            [method, path] => (last_name(&method.value), &path.value),
            _ => continue,
        };
        // A route for everything is for filters.
        let path = text(code, path, site.function);
        if on_router(&site) && !path.to_string().ends_with('*') {
            endpoint(
                method,
                join(Value::default(), path),
                code.within(site.function),
                router_of(&site),
                site.span(),
                sink,
            );
        }
    }
    for site in code.calls_named(&["mountSubRouter", "subRouter"]) {
        let (at, sub) = match (site.call.name(), site.call.arg(0), site.call.arg(1)) {
            ("mountSubRouter", Some(at), Some(sub)) => (text(code, at, site.function), sub),
            (_, Some(sub), None) => match site.call.receiver().and_then(|r| chained(r, "route")).and_then(|r| r.arg(0))
            {
                Some(at) => (text(code, at, site.function), sub),
                None => continue,
            },
            _ => continue,
        };
        let prefix = Value::text(at.to_string().trim_end_matches('*').trim_end_matches('/').to_string());
        if let Some(router) = sub.path() {
            let on = router_of(&site).unwrap_or_default();
            sink.stated(Claim::Mount(Mount { router: router.into(), prefix, on }), site.span());
        }
    }
}

/// Spring's router functions: `route(GET("/x"), h)`, `route().GET("/x", h)`, the Kotlin builders.
fn functions(code: &Code<'_>, sink: &mut Sink) {
    // `route(GET("/x"), handler::one)` names the handler beside the predicate.
    let mut handlers: Vec<(Span, SmolStr)> = Vec::new();
    for site in code.calls_named(&["route", "andRoute"]) {
        if let (Some(predicate), Some(named)) = (site.call.arg(0), site.call.arg(1)) {
            let name = code.origin(named, site.function);
            predicate.walk(&mut |e| handlers.push((e.span, name.clone())));
        }
    }
    for site in code.calls_named(&["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]) {
        let Some(path) = site.call.arg(0).filter(|e| !matches!(e.kind, ExprKind::Lambda(_))) else { continue };
        // What is forwarded is served by somebody else.
        if site.call.arg(1).is_some_and(|h| forwards(code, h, site.function)) {
            continue;
        }
        let outer = around(code, site.function);
        let full = join(prefix(code, &outer), text(code, path, site.function));
        let beside = handlers.iter().find(|(at, _)| *at == site.span()).map(|(_, n)| n.clone());
        let handler = beside.filter(|n| !n.is_empty() && !n.contains('(')).unwrap_or_else(|| handler(code, &site));
        endpoint(Some(site.call.name().into()), full, handler, None, site.span(), sink);
    }
}

/// Spring Cloud Gateway: `.route(r -> r.path("/orders/**").uri("lb://orders"))`, and its Kotlin form.
fn gateway(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["uri"]) {
        let Some(target) = site.call.arg(0) else { continue };
        let paths: Vec<(&Expr, usize)> = match chained(site.expr, "path") {
            Some(path) => path.args.iter().map(|a| (&a.value, site.function)).collect(),
            // Kotlin states path and target beside each other.
            None => code
                .calls_named(&["path"])
                .into_iter()
                .filter(|s| s.function == site.function && s.function != 0)
                .flat_map(|s| s.call.args.iter().map(move |a| (&a.value, s.function)))
                .collect(),
        };
        let target = filled(code.value(target, site.function));
        let mut paths: Vec<Value> = paths.into_iter().map(|(e, f)| text(code, e, f)).collect();
        // A route by host or header takes any path.
        if paths.is_empty() {
            let in_route = around(code, site.function).iter().any(|s| s.call.name() == "route");
            if !in_route {
                continue;
            }
            paths.push("/*".into());
        }
        let (retries, steps) = (retries(code, &site), rewrites(code, &site));
        for path in paths {
            for (policy, at) in &retries {
                let policy = Policy { on: SmolStr::from(path.to_string()), ..policy.clone() };
                sink.stated(Claim::Policy(policy), *at);
            }
            let plain = path.as_text().map(|p| p.replace("/**", "/*"));
            let changed = plain.and_then(|p| below(&p, &steps));
            let target = changed.map_or(target.clone(), |below| target.clone().then(Value::text(below)));
            let route = Route { protocol: Protocol::Http, path, target, via: None };
            sink.stated(Claim::Route(route), site.span());
        }
    }
}

/// The functions that are given to a call as they stand.
fn closures(call: &crate::code::ir::Call) -> Vec<usize> {
    let lambda = |a: &crate::code::ir::Arg| match a.value.kind {
        ExprKind::Lambda(index) => Some(index),
        _ => None,
    };
    call.args.iter().filter_map(lambda).collect()
}

fn inside(code: &Code<'_>, function: usize, outer: usize) -> bool {
    let mut next = Some(function);
    while let Some(index) = next {
        if index == outer {
            return true;
        }
        next = code.function(index).parent;
    }
    false
}

/// The filters of these names that a route has, in order; in Kotlin they stand beside path and address.
fn filters<'s>(code: &'s Code<'_>, route: &Site<'_>, names: &[&str]) -> Vec<Site<'s>> {
    let within = match chained(route.expr, "filters") {
        Some(filters) => closures(filters),
        None if route.function != 0 => vec![route.function],
        None => return Vec::new(),
    };
    code.calls_named(names).into_iter().filter(|s| within.iter().any(|f| inside(code, s.function, *f))).collect()
}

/// `filters(f -> f.stripPrefix(1))`: what a route makes of the path.
fn rewrites(code: &Code<'_>, route: &Site<'_>) -> Vec<Rewrite> {
    let mut found = filters(code, route, &["stripPrefix", "rewritePath", "prefixPath", "setPath"]);
    // In a chain each holds those before it.
    let size = |site: &Site<'_>| {
        let mut parts = 0usize;
        site.expr.walk(&mut |_| parts += 1);
        parts
    };
    found.sort_by_key(size);
    let step = |site: &Site<'_>| {
        let args: Vec<SmolStr> =
            site.call.args.iter().filter_map(|a| code.value(&a.value, site.function).as_text()).collect();
        let args: Vec<&str> = args.iter().map(SmolStr::as_str).collect();
        Rewrite::of(site.call.name(), &args)
    };
    found.iter().filter_map(step).collect()
}

/// `filters(f -> f.retry(c -> c.setRetries(3).setMethods(POST)))` of a route; only GET is repeated unless it says otherwise.
fn retries(code: &Code<'_>, route: &Site<'_>) -> Vec<(Policy, Span)> {
    let inside = |function: usize, outer: usize| inside(code, function, outer);
    let mut out = Vec::new();
    for site in filters(code, route, &["retry"]) {
        let within = closures(site.call);
        let set = |names: &[&str]| {
            let all = code.calls_named(names).into_iter();
            let set = all.filter(|s| within.iter().any(|f| inside(s.function, *f)));
            set.flat_map(|s| s.call.args.iter().map(move |a| (&a.value, s.function))).collect::<Vec<_>>()
        };
        let given = site.call.arg(0).filter(|a| matches!(a.kind, ExprKind::Num(_))).map(|a| (a, site.function));
        let number = set(&["setRetries"]).first().copied().or(given);
        let number = number.and_then(|(e, f)| code.value(e, f).as_text()?.parse::<u32>().ok()).unwrap_or(3);
        let words = |names: &[&str]| -> Vec<SmolStr> { set(names).iter().filter_map(|(e, _)| last_name(e)).collect() };
        let mut detail = SmolStr::from("Spring Cloud Gateway Retry");
        if words(&["setMethods"]).iter().any(|m| matches!(m.as_str(), "POST" | "PATCH")) {
            detail = format_smolstr!("{detail} for POST");
        }
        let statuses = words(&["setStatuses"]);
        if !statuses.is_empty() {
            detail = format_smolstr!("{detail} on {}", statuses.join(","));
        }
        let attempts = Some(Value::text(format_smolstr!("{}", number.saturating_add(1))));
        let (kind, within) = (PolicyKind::Retry, SmolStr::default());
        out.push((Policy { kind, on: SmolStr::default(), attempts, millis: None, detail, within }, site.span()));
    }
    out
}

/// Whether a handler is the gateway's own: `http()`, `https(uri)`.
fn forwards(code: &Code<'_>, handler: &Expr, function: usize) -> bool {
    let imported = || code.imports("org.springframework.cloud.gateway.server.mvc");
    let Some(call) = handler.as_call().filter(|c| matches!(c.name(), "http" | "https")) else { return false };
    imported() && (call.receiver().is_none() || receiver(code, call, function) == "handlerfunctions")
}

/// Gateway Server MVC: `route("orders").route(path("/orders/**"), http("http://orders"))`, with the address in the handler, in
/// a filter `uri(…)` before it, or as a name for the load balancer.
fn forwarding_functions(code: &Code<'_>, sink: &mut Sink) {
    const PREDICATES: &[&str] = &["path", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    for site in code.calls_named(&["route", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]) {
        let (Some(first), Some(handler)) = (site.call.arg(0), site.call.arg(1)) else { continue };
        if !forwards(code, handler, site.function) {
            continue;
        }
        let text_of = |e: &Expr| text(code, e, site.function);
        let mut paths: Vec<Value> = Vec::new();
        if site.call.name() == "route" {
            first.walk(&mut |e| {
                let predicate = e.as_call().filter(|c| PREDICATES.contains(&c.name()));
                paths.extend(predicate.into_iter().flat_map(|c| &c.args).map(|a| text_of(&a.value)));
            });
            // Another predicate (a host, a header) takes any path.
            if paths.is_empty() {
                paths.push("/*".into());
            }
        } else {
            paths.push(text_of(first));
        }
        let stated = handler.as_call().and_then(|c| c.arg(0)).map(|uri| filled(code.value(uri, site.function)));
        for target in stated.map(|t| vec![t]).unwrap_or_else(|| filtered_targets(code, &site)) {
            for path in &paths {
                let route = Route { protocol: Protocol::Http, path: path.clone(), target: target.clone(), via: None };
                sink.stated(Claim::Route(route), site.span());
            }
        }
    }
}

/// Where the filters around a route without an address of its own lead: those of the same chain.
fn filtered_targets(code: &Code<'_>, route: &Site<'_>) -> Vec<Value> {
    let same = |s: &Site<'_>| {
        let mut within = false;
        s.expr.walk(&mut |e| within |= std::ptr::eq(e, route.expr));
        within
    };
    let mut out = Vec::new();
    for site in code.calls_named(&["before", "filter"]).into_iter().filter(|s| s.function == route.function && same(s))
    {
        let Some(filter) = site.call.arg(0).and_then(Expr::as_call) else { continue };
        let Some(arg) = filter.arg(0).map(|a| filled(code.value(a, site.function))) else { continue };
        match filter.name() {
            "uri" => out.push(arg),
            "lb" => out.push(Value::text("lb://").then(arg)),
            _ => {}
        }
    }
    out
}
