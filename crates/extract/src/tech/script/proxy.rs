//! Proxies in scripts: http-proxy-middleware, express-http-proxy, http-proxy, Fastify's and Koa's, Next.js rewrites.
//! See `proxy.md`.

use super::options;
use crate::code::ir::{Call, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, DEVELOPMENT_SERVER, Protocol, Route, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-proxy",
    version: 2,
    page: include_str!("proxy.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut mounted: Vec<usize> = Vec::new();
    for site in code.calls_named(&["use", "all", "get", "post", "register"]) {
        // A table of services is one route for each.
        code.each_round(site.call, site.function, &mut || mounts(code, &site, &mut mounted, sink));
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if is_proxy(&callee) && !mounted.contains(&(site.call as *const Call as usize)) {
            if let Some((path, target)) = proxy(code, site.call, site.function) {
                route(code, path.unwrap_or_else(|| "/".into()), target, site, sink);
            }
        } else if matches!(site.call.name(), "web" | "ws") && callee.starts_with("http-proxy#") {
            let target = site
                .call
                .args
                .iter()
                .skip(2)
                .find_map(|a| options::value(code, &a.value, site.function, &["target", "forward"]));
            if let Some(target) = target {
                route(code, "/".into(), target, site, sink);
            }
        }
    }
    rewrites(code, sink);
    super::devproxy::extract(code, sink);
}

fn is_proxy(callee: &str) -> bool {
    matches!(
        callee,
        "http-proxy-middleware#createProxyMiddleware"
            | "http-proxy-middleware#legacyCreateProxyMiddleware"
            | "http-proxy-middleware#"
            | "http-proxy-middleware#default"
            | "express-http-proxy#"
            | "koa-proxies#"
            | "koa-proxy#"
            | "koa-better-http-proxy#"
            | "http-proxy#createProxyServer"
            | "http-proxy#createProxy"
            | "http-proxy#"
            | "fast-proxy#"
            | "proxy-middleware#"
    )
}

/// The path that a proxy's own arguments state, and where it forwards.
fn proxy(code: &Code<'_>, call: &Call, function: usize) -> Option<(Option<Value>, Value)> {
    let callee = code.callee(call, function);
    let target_of = |e: &Expr| options::value(code, e, function, &["target", "host", "base", "url"]);
    let first = call.arg(0)?;
    if options::is_object(code, first, function) {
        let path = options::key(code, first, function, "pathFilter").map(|(e, at)| code.value(e, at));
        return Some((path, target_of(first)?));
    }
    if callee.starts_with("express-http-proxy#") || callee.starts_with("koa-better-http-proxy#") {
        let target = match &first.kind {
            // A function that gives the host.
            ExprKind::Lambda(_) => {
                let (returned, at) = options::returned(code, first, function)?;
                code.value(returned, at)
            }
            _ => code.value(first, function),
        };
        return Some((None, target));
    }
    let Some(second) = call.arg(1) else {
        // Options that another file, or a caller, holds.
        let named = matches!(first.kind, ExprKind::Name(_) | ExprKind::Member(..));
        return named.then(|| (None, options::member(code, first, function, "target")));
    };
    let path = match code.resolved(first, function).0.kind {
        ExprKind::Lambda(_) => None,
        _ => Some(code.value(first, function)),
    };
    Some((path, target_of(second)?))
}

/// `app.use('/orders', proxy(…))` and `fastify.register(httpProxy, { upstream, prefix })`.
fn mounts(code: &Code<'_>, site: &Site<'_>, mounted: &mut Vec<usize>, sink: &mut Sink) {
    let function = site.function;
    let args = &site.call.args;
    if site.call.name() == "register" {
        let (Some(plugin), Some(given)) = (args.first(), args.get(1)) else {
            return;
        };
        let origin = code.origin(&plugin.value, function);
        let known = ["@fastify/http-proxy#", "fastify-http-proxy#", "@fastify/reply-from#", "fastify-reply-from#"];
        if known.contains(&origin.as_str()) {
            let target = options::value(code, &given.value, function, &["upstream", "base"]);
            let prefix = options::value(code, &given.value, function, &["prefix"]).unwrap_or_else(|| "/".into());
            if let Some(target) = target {
                route(code, prefix, target, site, sink);
            }
        }
        return;
    }
    let prefix = args.first().map(|a| &a.value).filter(|a| !matches!(a.kind, ExprKind::Call(_) | ExprKind::Lambda(_)));
    for arg in args {
        let (made, at) = code.resolved(&arg.value, function);
        let Some(call) = made.as_call().filter(|c| is_proxy(&code.callee(c, at))) else {
            continue;
        };
        let Some((own, target)) = proxy(code, call, at) else {
            continue;
        };
        mounted.push(call as *const Call as usize);
        routers(code, call, at, site, sink);
        let prefix = prefix.filter(|p| !std::ptr::eq(*p, &arg.value)).map(|p| code.value(p, function));
        let path = match (prefix, own) {
            (Some(prefix), Some(own)) if own != prefix => options::join(prefix, own),
            (Some(path), _) | (None, Some(path)) => path,
            (None, None) => "/".into(),
        };
        route(code, path, target, site, sink);
    }
}

/// `router: { '/orders': 'http://orders:8080' }` of http-proxy-middleware: targets by path or host.
fn routers(code: &Code<'_>, call: &Call, function: usize, site: &Site<'_>, sink: &mut Sink) {
    let table = call.args.iter().find_map(|a| options::key(code, &a.value, function, "router"));
    let Some((table, at)) = table else { return };
    let (table, at) = code.resolved(table, at);
    let ExprKind::Object(entries) = &table.kind else { return };
    for (key, target) in entries {
        let path = if key.starts_with('/') { Value::text(key.clone()) } else { "/".into() };
        route(code, path, code.value(target, at), site, sink);
    }
}

/// `rewrites()` in Next.js' configuration: `{ source, destination }`.
fn rewrites(code: &Code<'_>, sink: &mut Sink) {
    let file = code.path.rsplit('/').next().unwrap_or(code.path);
    if !file.starts_with("next.config.") {
        return;
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut visit = |e: &Expr| {
            let (Some(source), Some(destination)) = (e.key("source"), e.key("destination")) else {
                return;
            };
            let target = code.value(destination, index);
            // Within the application it is a name for another page.
            if target.to_string().starts_with('/') {
                return;
            }
            let path = options::template(code.value(source, index));
            let claim = Route { protocol: Protocol::Http, path, target, via: None };
            sink.stated(Claim::Route(claim), e.span);
        };
        crate::code::ir::walk_stmts(&function.body, &mut |e| visit(e));
    }
}

fn route(code: &Code<'_>, path: Value, target: Value, site: &Site<'_>, sink: &mut Sink) {
    // Create React App loads this file in its development server only.
    let development = ["src/setupProxy.js", "src/setupProxy.ts"].iter().any(|p| code.path.ends_with(p));
    let via = development.then(|| DEVELOPMENT_SERVER.into());
    let path = options::template(path);
    sink.stated(Claim::Route(Route { protocol: Protocol::Http, path, target, via }), site.span());
}
