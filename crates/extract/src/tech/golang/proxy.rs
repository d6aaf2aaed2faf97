//! Reverse proxies of Go's standard library whose target is set for each request. See `proxy.md`.

use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, SmolStr, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-proxy",
    version: 1,
    page: include_str!("proxy.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) || !code.unit.imports.iter().any(|i| i.path == "net/http/httputil") {
        return;
    }
    for site in code.calls_named(&["SetURL"]) {
        let Some(target) = site.call.arg(0).filter(|_| is_request(code, &site)) else { continue };
        state(code, target, site.function, site.span(), sink);
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        if function.params.iter().any(|p| p.ty.ends_with("http.Request")) {
            directed(code, &function.body, index, sink);
        }
    }
}

/// Whether it is called on what `Rewrite` is given.
fn is_request(code: &Code<'_>, site: &Site<'_>) -> bool {
    let Some(ExprKind::Name(name)) = site.call.receiver().map(|r| &r.kind) else { return false };
    let params = &code.unit.functions[site.function].params;
    params.iter().any(|p| p.name == *name && p.ty.ends_with("ProxyRequest"))
}

/// `req.URL.Host = target.Host` in a `Director`.
fn directed(code: &Code<'_>, stmts: &[Stmt], function: usize, sink: &mut Sink) {
    for stmt in stmts {
        match stmt {
            Stmt::Block { body, .. } => directed(code, body, function, sink),
            Stmt::Assign { target, value, span, .. } if target.path().is_some_and(|p| p.ends_with(".URL.Host")) => {
                let place = match &value.kind {
                    ExprKind::Member(url, part) if part == "Host" => url,
                    _ => value,
                };
                state(code, place, function, *span, sink);
            }
            _ => {}
        }
    }
}

fn state(code: &Code<'_>, target: &Expr, function: usize, at: Span, sink: &mut Sink) {
    let call = Call {
        operation: Some(SmolStr::new_static("/*")),
        ..Call::to(Protocol::Http, "httputil".into(), code.value(target, function), code.within(function))
    };
    sink.stated(Claim::Call(call), at);
}
