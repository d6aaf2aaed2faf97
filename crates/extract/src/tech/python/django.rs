//! Django's URL configuration and Django REST framework's routers. See `django.md`.

use super::shapes::{callee, symbol};
use crate::code::Code;
use crate::code::ir::{Call as Invocation, Expr, ExprKind};
use crate::lang::Lang;
use crate::tech::paths::{self, Notation};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "django",
    version: 1,
    page: include_str!("django.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

/// The name of the list that Django looks for in a module of URLs.
const ROOT: &str = "urlpatterns";

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if !["django", "rest_framework", "channels"].iter().any(|m| code.imports(m)) {
        return;
    }
    for site in code.calls_named(&["path", "re_path", "url", "register"]) {
        let callee = callee(code, &site);
        let (call, f) = (site.call, site.function);
        match call.name() {
            "register" if callee.contains("outer.") && call.args.len() >= 2 => {
                viewset(code, call, f, site.span(), sink)
            }
            "register" => {}
            name if callee.starts_with("django.") || callee == name => {
                let Some(route) = call.arg_or("route", 0).or_else(|| call.named("regex")) else { continue };
                let notation = if name == "path" { Notation::Angles } else { Notation::Pattern };
                let path = paths::template(code.value(route, f), notation);
                if let Some(view) = call.arg_or("view", 1) {
                    routed(code, view, path, f, site.span(), sink);
                }
            }
            _ => {}
        }
    }
}

fn routed(code: &Code<'_>, view: &Expr, path: Value, f: usize, at: Span, sink: &mut Sink) {
    let mount = |router: SmolStr, sink: &mut Sink| {
        let mount = Mount { router, prefix: paths::rooted(path.clone()), on: ROOT.into() };
        sink.stated(Claim::Mount(mount), at);
    };
    if let Some(call) = view.as_call().filter(|c| c.name() == "include") {
        let Some(mut included) = call.arg(0) else { return };
        // `include((patterns, "app"), namespace=…)`.
        if let ExprKind::List(parts) = &included.kind
            && let Some(first) = parts.first()
        {
            included = first;
        }
        match &included.kind {
            ExprKind::Str(module) => mount(format_smolstr!("{module}#{ROOT}"), sink),
            ExprKind::Member(router, urls) if urls == "urls" => mount(symbol(code, router, f), sink),
            ExprKind::Name(_) => mount(symbol(code, included, f), sink),
            _ => {}
        }
        return;
    }
    // `admin.site.urls` serves Django's own pages.
    if view.path().is_some_and(|p| p.ends_with(".urls")) {
        return;
    }
    let view = view.as_call().filter(|c| c.name().starts_with("as_")).and_then(Invocation::receiver).unwrap_or(view);
    let handler = symbol(code, view, f);
    let methods: Vec<SmolStr> = code
        .unit
        .functions
        .iter()
        .filter(|x| x.owner == handler && super::http_server::METHODS.contains(&x.name.as_str()))
        .map(|x| x.name.to_uppercase().into())
        .collect();
    let methods: Vec<Option<SmolStr>> =
        if methods.is_empty() { vec![None] } else { methods.into_iter().map(Some).collect() };
    for method in methods {
        endpoint(method, path.clone(), handler.clone(), ROOT.into(), at, sink);
    }
}

fn endpoint(method: Option<SmolStr>, path: Value, handler: SmolStr, router: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method,
        path: paths::rooted(path),
        handler,
        router: Some(router),
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}

/// `router.register("orders", OrderViewSet)`: the list and one of it.
fn viewset(code: &Code<'_>, call: &Invocation, f: usize, at: Span, sink: &mut Sink) {
    let (Some(prefix), Some(view)) = (call.arg(0), call.arg(1)) else { return };
    let prefix = paths::template(code.value(prefix, f), Notation::Pattern);
    let router = call.receiver().map(|r| symbol(code, r, f)).unwrap_or_default();
    let handler = symbol(code, view, f);
    endpoint(None, prefix.clone().then("/".into()), handler.clone(), router.clone(), at, sink);
    endpoint(None, prefix.then("/{pk}/".into()), handler, router, at, sink);
}
