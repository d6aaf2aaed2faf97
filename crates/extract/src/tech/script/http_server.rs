//! HTTP servers in scripts: Express and what looks like it, Fastify, Koa, Hapi, Restify, Hono. See `http_server.md`.

use super::options;
use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-http-server",
    version: 2,
    page: include_str!("http_server.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    verbs(code, sink);
    routes(code, sink);
    mounts(code, sink);
    exported(code, sink);
}

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options", "del", "all", "any", "opts"];

fn method(verb: &str) -> Option<SmolStr> {
    match verb {
        "all" | "any" => None,
        "del" => Some("DELETE".into()),
        "opts" => Some("OPTIONS".into()),
        verb => Some(verb.to_uppercase().into()),
    }
}

/// Canonical beginnings of what registers routes.
const SERVERS: &[&str] = &[
    "express#",
    "express-promise-router#",
    "fastify#",
    "koa#",
    "koa-router#",
    "@koa/router#",
    "koa-better-router#",
    "restify#",
    "hono#",
    "@hono/",
    "polka#",
    "@hapi/hapi#",
    "hapi#",
    "find-my-way#",
    "itty-router#",
    "elysia#",
    "hyper-express#",
    "tinyhttp#",
    "@tinyhttp/",
    "restana#",
    "0http#",
    "json-server#",
];

/// Names that routers go by when they come as a parameter or from another file.
fn named_like_router(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    matches!(name.as_str(), "app" | "server" | "fastify" | "api" | "route" | "routes" | "instance" | "application")
        || name.ends_with("router")
        || name.ends_with("app")
}

/// The router that a call registers on, if it is one.
fn router_of(code: &Code<'_>, receiver: &Expr, function: usize) -> Option<SmolStr> {
    let origin = code.origin(receiver, function);
    if SERVERS.iter().any(|s| origin.starts_with(s)) {
        return Some(symbol(code, receiver, function));
    }
    let path = receiver.path()?;
    let unknown = !origin.contains('#') || origin.starts_with(['.', '@', '~', '/']);
    (unknown && !origin.contains('(') && named_like_router(&path)).then(|| symbol(code, receiver, function))
}

/// `router`, `OrdersController.router` for `this.router`; the import's path for what another file defines.
fn symbol(code: &Code<'_>, router: &Expr, function: usize) -> SmolStr {
    match &router.kind {
        ExprKind::Member(base, member) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => {
            format_smolstr!("{}.{member}", code.function(function).owner)
        }
        // `router.get(…).post(…)` registers on `router`.
        ExprKind::Call(call) => match call.receiver() {
            Some(inner) => symbol(code, inner, function),
            None => {
                let origin = code.origin(router, function);
                imported(&origin).unwrap_or(origin)
            }
        },
        _ => {
            let origin = code.origin(router, function);
            imported(&origin).unwrap_or_else(|| router.path().unwrap_or_default().into())
        }
    }
}

/// A relative module as a router: `./routes/orders#` is `./routes/orders`.
fn imported(origin: &str) -> Option<SmolStr> {
    let origin = origin.trim_end_matches("()");
    (origin.starts_with(['.', '~']) || origin.starts_with("@/") || origin.starts_with("src/"))
        .then(|| origin.trim_end_matches('#').into())
}

/// `app.get('/path', …, handler)` and `router.route('/path').get(handler)`.
fn verbs(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        if let Some((route, router)) = chained_route(code, receiver, site.function) {
            let Some(handler) = site.call.args.last() else {
                continue;
            };
            let paths = paths(code, route, site.function);
            endpoint(code, &site, method(site.call.name()), paths, &router, &handler.value, sink);
            continue;
        }
        let args = &site.call.args;
        let (Some(first), Some(last)) = (args.first(), args.last()) else {
            continue;
        };
        let Some(router) = router_of(code, receiver, site.function) else {
            continue;
        };
        // `app.get('setting')` reads; a handler makes it a route.
        if args.len() < 2 || !is_handler(&last.value) || sends(code, receiver, &last.value, site.function) {
            continue;
        }
        // Koa's routers take a route's name before its path.
        let named = args.len() > 2 && args[1].value.as_str().is_some_and(|p| p.starts_with('/'));
        let path = if named { &args[1].value } else { &first.value };
        let paths = paths(code, path, site.function);
        endpoint(code, &site, method(site.call.name()), paths, &router, &last.value, sink);
    }
}

/// `api.post(url, payload)` of an imported client, in a function that is given the payload: a request, and no route.
fn sends(code: &Code<'_>, receiver: &Expr, body: &Expr, function: usize) -> bool {
    let given = match &body.kind {
        ExprKind::Name(name) => {
            let own = code.function(function).params.iter().any(|p| p.name == *name);
            own || code.origin(body, function).starts_with('$')
        }
        _ => false,
    };
    given && imported(&code.origin(receiver, function)).is_some()
}

/// The path and router of `router.route('/path')` below a chain of verbs.
fn chained_route<'e>(code: &Code<'_>, expr: &'e Expr, function: usize) -> Option<(&'e Expr, SmolStr)> {
    let mut expr = expr;
    for _ in 0..10 {
        let call = expr.as_call()?;
        let receiver = call.receiver()?;
        if call.name() == "route" {
            return Some((call.arg(0)?, router_of(code, receiver, function)?));
        }
        if !VERBS.contains(&call.name()) {
            return None;
        }
        expr = receiver;
    }
    None
}

fn is_handler(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Lambda(_) | ExprKind::Name(_) | ExprKind::Member(..) | ExprKind::Call(_) | ExprKind::Index(..) => {
            true
        }
        ExprKind::List(items) => items.last().is_some_and(is_handler),
        ExprKind::Object(entries) => entries.iter().any(|(k, _)| k == "handler"),
        _ => false,
    }
}

fn paths(code: &Code<'_>, path: &Expr, function: usize) -> Vec<Value> {
    let (resolved, at) = code.resolved(path, function);
    match &resolved.kind {
        ExprKind::List(items) => items.iter().map(|e| options::template(code.value(e, at))).collect(),
        _ => vec![options::template(code.value(path, function))],
    }
}

fn endpoint(
    code: &Code<'_>,
    site: &Site<'_>,
    method: Option<SmolStr>,
    paths: Vec<Value>,
    router: &SmolStr,
    handler: &Expr,
    sink: &mut Sink,
) {
    for path in paths {
        // A path that is no text at all (a regular expression) says nothing.
        if path.to_string().starts_with("${?") {
            continue;
        }
        let endpoint = Endpoint {
            protocol: Protocol::Http,
            method: method.clone(),
            path: if path.is_empty() { "/".into() } else { rooted(path) },
            handler: handler_symbol(code, handler, site.function),
            router: Some(router.clone()),
            request: None,
            response: None,
        };
        let at = Span { end_line: site.span().end_line, ..callee_place(site.call, site.span()) };
        sink.stated(Claim::Endpoint(endpoint), at);
    }
}

/// Chains begin at their first line; what matters is where this call's argument stands.
fn callee_place(call: &Call, whole: Span) -> Span {
    call.args.first().map(|a| Span { line: a.value.span.line, ..whole }).unwrap_or(whole)
}

fn rooted(path: Value) -> Value {
    let text = path.to_string();
    if text.starts_with(['/', '$', '*']) { path } else { Value::text("/").then(path) }
}

/// The function that a handler argument names; wrappers such as `asyncHandler(fn)` are looked through.
pub(super) fn handler_symbol(code: &Code<'_>, handler: &Expr, function: usize) -> SmolStr {
    match &handler.kind {
        ExprKind::Lambda(index) => {
            let f = code.function(*index);
            if f.name == "<lambda>" { code.within(*index) } else { f.symbol() }
        }
        ExprKind::Call(call) => match (call.name(), call.receiver()) {
            ("bind", Some(inner)) => handler_symbol(code, inner, function),
            _ => match call.args.last() {
                Some(inner) if is_handler(&inner.value) => handler_symbol(code, &inner.value, function),
                _ => code.callee(call, function),
            },
        },
        ExprKind::List(items) => items.last().map(|i| handler_symbol(code, i, function)).unwrap_or_default(),
        ExprKind::Object(_) => match options::key(code, handler, function, "handler") {
            Some((inner, at)) => handler_symbol(code, inner, at),
            None => SmolStr::default(),
        },
        _ => match &code.resolved(handler, function).0.kind {
            ExprKind::Lambda(index) if code.function(*index).name != "<lambda>" => code.function(*index).symbol(),
            _ => code.origin(handler, function),
        },
    }
}

/// Routes as objects: Fastify's and Hapi's `server.route({ method, path | url, handler })`, lists of them as well.
fn routes(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["route"]) {
        let (Some(receiver), Some(arg)) = (site.call.receiver(), site.call.arg(0)) else {
            continue;
        };
        let (resolved, at) = code.resolved(arg, site.function);
        let entries: Vec<&Expr> = match &resolved.kind {
            ExprKind::Object(_) => vec![resolved],
            ExprKind::List(items) => items.iter().collect(),
            _ => continue,
        };
        let router = symbol(code, receiver, site.function);
        for entry in entries {
            let Some((path, path_at)) = ["path", "url"].iter().find_map(|k| options::key(code, entry, at, k)) else {
                continue;
            };
            let methods: Vec<Option<SmolStr>> = match options::key(code, entry, at, "method") {
                Some((Expr { kind: ExprKind::List(items), .. }, at)) => {
                    items.iter().map(|m| code.value(m, at).as_text().map(|t| t.to_uppercase().into())).collect()
                }
                Some((m, at)) => {
                    vec![code.value(m, at).as_text().filter(|m| m != "*").map(|t| t.to_uppercase().into())]
                }
                None => vec![None],
            };
            for method in methods {
                let paths = paths(code, path, path_at);
                let at_entry = Site { expr: entry, ..site };
                endpoint(code, &at_entry, method, paths, &router, entry, sink);
            }
        }
    }
}

/// `app.use('/prefix', router)`, `app.route('/prefix', router)` (Hono), `fastify.register(plugin, { prefix })`, and
/// Koa's `router.prefix('/prefix')` or `new Router({ prefix })`.
fn mounts(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["use", "route", "register", "prefix"]) {
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        let Some(on) = router_of(code, receiver, site.function) else {
            continue;
        };
        let args = &site.call.args;
        let at = site.function;
        match (site.call.name(), args.as_slice()) {
            ("prefix", [prefix]) => mount(on, code.value(&prefix.value, at), SmolStr::default(), &site, sink),
            ("register", [plugin, rest @ ..]) => {
                let prefix = rest.first().and_then(|o| options::value(code, &o.value, at, &["prefix"]));
                let Some(router) = router_arg(code, &plugin.value, at) else {
                    continue;
                };
                mount(router, prefix.unwrap_or_default(), on, &site, sink);
            }
            ("use" | "route", [first, rest @ ..]) => {
                let prefix = code.value(&first.value, at);
                let has_prefix = prefix.as_text().is_some_and(|t| t.starts_with('/'))
                    || (!rest.is_empty() && router_arg(code, &first.value, at).is_none());
                if !has_prefix && site.call.name() == "route" {
                    continue;
                }
                let (prefix, routers) = if has_prefix { (prefix, rest) } else { (Value::default(), args.as_slice()) };
                for arg in routers {
                    // `mount('/prefix', app)` of Koa.
                    if let Some(call) = arg.value.as_call()
                        && code.callee(call, at) == "koa-mount#"
                        && let (Some(p), Some(inner)) = (call.arg(0), call.arg(1))
                    {
                        if let Some(router) = router_arg(code, inner, at) {
                            mount(router, code.value(p, at), on.clone(), &site, sink);
                        }
                        continue;
                    }
                    let Some(router) = router_arg(code, &arg.value, at) else {
                        continue;
                    };
                    // Without a prefix, a named function of another file is more likely middleware.
                    if !has_prefix && router.split_once('#').is_some_and(|(_, member)| !named_like_router(member)) {
                        continue;
                    }
                    mount(router, options::template(prefix.clone()), on.clone(), &site, sink);
                }
            }
            _ => {}
        }
    }
    for site in code.calls() {
        if site.call.new
            && let Some(prefix) = site.call.arg(0).and_then(|o| options::value(code, o, site.function, &["prefix"]))
            && SERVERS.iter().any(|s| code.callee(site.call, site.function).starts_with(s))
            && let Some(name) = given_to(code, site.expr)
        {
            mount(name, prefix, SmolStr::default(), site, sink);
        }
    }
}

/// The top-level name or field that a value is assigned to.
fn given_to(code: &Code<'_>, value: &Expr) -> Option<SmolStr> {
    for function in &code.unit.functions {
        for stmt in &function.body {
            if let Stmt::Assign { target, value: v, .. } = stmt
                && std::ptr::eq(v, value)
            {
                return target.path().map(Into::into);
            }
        }
    }
    None
}

fn mount(router: SmolStr, prefix: Value, on: SmolStr, site: &Site<'_>, sink: &mut Sink) {
    sink.stated(Claim::Mount(Mount { router, prefix, on }), site.span());
}

/// A router among the arguments of `use`: one made here, one of another file; middleware of packages is none.
fn router_arg(code: &Code<'_>, arg: &Expr, function: usize) -> Option<SmolStr> {
    // `router.routes()` and `router.middleware()` of Koa, `require('./routes')(deps)`.
    let inner = match &arg.kind {
        ExprKind::Call(call) if matches!(call.name(), "routes" | "middleware") => call.receiver().unwrap_or(arg),
        _ => arg,
    };
    let origin = code.origin(inner, function);
    if let Some(path) = imported(&origin) {
        return Some(path);
    }
    let made = ["Router", "Hono", "express#()", "fastify#()"].iter().any(|m| origin.contains(m))
        || SERVERS.iter().any(|s| origin.starts_with(s) && !origin.contains(".") && origin.matches('(').count() == 1);
    let middleware = ["express#json", "express#static", "express#urlencoded", "express#raw", "express#text"];
    (made && !middleware.iter().any(|m| origin.starts_with(m))).then(|| symbol(code, inner, function))
}

/// A module's only export is a router: what mounts the module mounts it.
fn exported(code: &Code<'_>, sink: &mut Sink) {
    for stmt in &code.unit.functions[0].body {
        let Stmt::Assign { target, value, span, .. } = stmt else {
            continue;
        };
        if !matches!(target.path().as_deref(), Some("exports" | "module.exports")) {
            continue;
        }
        if let ExprKind::Name(name) = &value.kind
            && router_arg(code, value, 0).as_deref() == Some(name)
        {
            let mount = Mount { router: name.clone(), prefix: Value::default(), on: "exports".into() };
            sink.stated(Claim::Mount(mount), *span);
        }
    }
}
