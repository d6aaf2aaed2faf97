//! Technologies of Go.
//!
//! Packages are recognised by their import path without a version, so that `go-redis/redis/v8` and `redis/go-redis/v9`
//! need no line of their own.

mod broker;
mod client;
mod gozero;
mod grpc;
mod handlers;
mod kitex;
mod policy;
mod proxy;
mod routes;
mod server;
mod store;

use crate::Extractor;
use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use seam_facts::{SmolStr, Value};

pub static EXTRACTORS: &[&Extractor] = &[
    &broker::EXTRACTOR,
    &client::EXTRACTOR,
    &gozero::EXTRACTOR,
    &grpc::EXTRACTOR,
    &kitex::EXTRACTOR,
    &policy::EXTRACTOR,
    &proxy::EXTRACTOR,
    &server::EXTRACTOR,
    &store::EXTRACTOR,
];

/// A canonical name's package path and member: `github.com/x/y/v2#Client.Do` gives `github.com/x/y` and `Client.Do`.
fn split(callee: &str) -> Option<(String, &str)> {
    let (module, member) = callee.split_once('#')?;
    let parts: Vec<&str> =
        module.split('/').filter(|p| p.strip_prefix('v').is_none_or(|n| n.parse::<u32>().is_err())).collect();
    let module = parts.join("/");
    // `gopkg.in/mgo.v2`.
    let module = match module.rsplit_once(".v") {
        Some((base, version)) if version.parse::<u32>().is_ok() => base.to_string(),
        _ => module,
    };
    Some((module, member))
}

/// A key of an options literal, given inline or through a variable whose fields may also be set one by one.
fn key_of(code: &Code<'_>, options: &Expr, key: &str, function: usize) -> Option<Value> {
    key_expr(code, options, key, function, 4).map(|(e, f)| code.value(e, f))
}

fn key_expr<'a>(
    code: &Code<'a>,
    options: &'a Expr,
    key: &str,
    function: usize,
    steps: usize,
) -> Option<(&'a Expr, usize)> {
    if steps == 0 {
        return None;
    }
    match &options.kind {
        ExprKind::Object(_) => options.key(key).map(|e| (e, function)),
        ExprKind::Call(call) if call.new => key_expr(code, call.arg(0)?, key, function, steps - 1),
        ExprKind::Name(name) => {
            let mut set = None;
            each_assign(&code.function(function).body, &mut |target, value| {
                if let ExprKind::Member(base, field) = &target.kind
                    && field == key
                    && matches!(&base.kind, ExprKind::Name(n) if n == name)
                {
                    set = Some((value, function));
                }
            });
            set.or_else(|| {
                let assigned = code.assigned(name, function);
                assigned.into_iter().find_map(|(value, f)| key_expr(code, value, key, f, steps - 1))
            })
        }
        _ => None,
    }
}

fn each_assign<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => visit(target, value),
            Stmt::Block { body, .. } => each_assign(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// The elements of a list, given inline or through a variable; a value that is no list stands for itself.
fn items(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Value> {
    let list = |e: &Expr, f: usize| match &e.kind {
        ExprKind::List(items) => Some(items.iter().map(|i| code.value(i, f)).collect::<Vec<_>>()),
        _ => None,
    };
    if let Some(found) = list(expr, function) {
        return found;
    }
    if let ExprKind::Name(name) = &expr.kind
        && let Some(found) = code.assigned(name, function).into_iter().find_map(|(e, f)| list(e, f))
    {
        return found;
    }
    vec![code.value(expr, function)]
}

/// A literal `pkg.T{…}` or `new(T)`: its package, its type's name and its object.
fn literal<'a>(code: &Code<'_>, site: &Site<'a>) -> Option<(String, SmolStr, Option<&'a Expr>)> {
    if !site.call.new {
        return None;
    }
    let callee = code.callee(site.call, site.function);
    let (module, name) = split(&callee)?;
    let object = site.call.arg(0).filter(|e| matches!(e.kind, ExprKind::Object(_)));
    Some((module, name.into(), object))
}

/// The name of what a handler argument calls, without adapters (`http.HandlerFunc(h)`, `otelhttp.NewHandler(h, name)`).
fn handler(code: &Code<'_>, expr: &Expr, function: usize, depth: usize) -> SmolStr {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Member(..) => {
            let origin = code.origin(expr, function);
            origin.rsplit('#').next().unwrap_or_default().into()
        }
        // A function of the workspace that makes a handler is the handler's name; what wraps one is not.
        ExprKind::Call(call) if !code.callee(call, function).contains('#') => handler(code, &call.callee, function, 0),
        ExprKind::Call(call) if depth > 0 => {
            let inner = call.args.iter().find(|a| {
                let origin = code.origin(&a.value, function);
                matches!(a.value.kind, ExprKind::Member(..) | ExprKind::Name(_) | ExprKind::Call(_))
                    && !origin.contains("string")
                    && !origin.contains("context#")
            });
            match inner {
                Some(inner) if !call.new => handler(code, &inner.value, function, depth - 1),
                _ => call.name().into(),
            }
        }
        ExprKind::Lambda(_) => code.within(function),
        _ => SmolStr::default(),
    }
}

/// Whether a file is a test, which says what is expected and not what runs.
fn test_file(code: &Code<'_>) -> bool {
    code.path.ends_with("_test.go")
}

/// Whether the first argument is a context, as remote calls take it.
fn takes_context(call: &Call) -> bool {
    call.args.first().is_some_and(|a| {
        let text = a.value.path().unwrap_or_default().to_ascii_lowercase();
        text.contains("ctx") || text.contains("context")
    })
}
