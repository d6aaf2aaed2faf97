//! Routes of Laravel, Lumen, Slim and Symfony. See `php_routes.md`.

use crate::code::Code;
use crate::code::ir::{Annotation, Expr, ExprKind};
use crate::lang::Lang;
use crate::tech::paths::{self, Notation};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "php-routes",
    version: 1,
    page: include_str!("php_routes.md"),
    reads: Reads::Code { langs: &[Lang::Php], extract },
};

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "options", "head", "any"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    registered(code, sink);
    attributes(code, sink);
}

/// `Route::get('/x', …)`, `$router->get('/x', …)`, `$app->post('/x', …)`, `Route::apiResource('x', …)`.
fn registered(code: &Code<'_>, sink: &mut Sink) {
    let groups = groups(code);
    // Laravel's documented convention: what `routes/api.php` holds is served below `/api`.
    let root: Value = if code.path.ends_with("routes/api.php") { "/api".into() } else { Value::default() };
    for site in code.calls() {
        let name = site.call.name();
        let Some(receiver) = site.call.receiver() else { continue };
        let f = site.function;
        let mut outer: Vec<usize> = Vec::new();
        let mut scope = Some(f);
        while let Some(index) = scope {
            outer.push(index);
            scope = code.function(index).parent;
        }
        // Slim binds the closure of a group to the application.
        let bound = || {
            matches!(&receiver.kind, ExprKind::Name(n) if n == "this") && outer.iter().any(|i| groups.contains_key(i))
        };
        if !router(code, receiver, f) && !bound() {
            continue;
        }
        let mut prefix = root.clone();
        for index in outer.iter().rev() {
            if let Some(group) = groups.get(index) {
                prefix = paths::join(prefix, paths::rooted(group.clone()));
            }
        }
        prefix = paths::join(prefix, chained(code, receiver, f));
        let handler = site.call.args.last().map(|a| handler(&a.value)).unwrap_or_default();
        let at = site.span();
        let path_at = |index: usize| {
            let path = site.call.arg(index).map(|e| code.value(e, f))?;
            let path = paths::template(path, Notation::Braces);
            Some(paths::join(prefix.clone(), if path.is_empty() { path } else { paths::rooted(path) }))
        };
        match name {
            _ if VERBS.contains(&name) && site.call.args.len() >= 2 => {
                let Some(path) = path_at(0) else { continue };
                let method = (name != "any").then(|| name.to_uppercase().into());
                endpoint(method, path, handler, at, sink);
            }
            "match" | "map" if site.call.args.len() >= 3 => {
                let Some(path) = path_at(1) else { continue };
                let Some(Expr { kind: ExprKind::List(methods), .. }) = site.call.arg(0) else { continue };
                for method in methods.iter().filter_map(Expr::as_str) {
                    endpoint(Some(method.to_uppercase().into()), path.clone(), handler.clone(), at, sink);
                }
            }
            "resource" | "apiResource" => {
                let (Some(all), Some(name)) = (path_at(0), site.call.arg(0).and_then(Expr::as_str)) else { continue };
                let last = name.rsplit(['/', '.']).next().unwrap_or(name);
                let singular = last
                    .strip_suffix("ies")
                    .map(|s| format!("{s}y"))
                    .unwrap_or_else(|| last.trim_end_matches('s').into());
                let one = all.clone().then(Value::text(format!("/{{{singular}}}")));
                let class = site.call.arg(1).and_then(Expr::path).unwrap_or_default();
                for (method, path, action) in [
                    ("GET", &all, "index"),
                    ("POST", &all, "store"),
                    ("GET", &one, "show"),
                    ("PUT", &one, "update"),
                    ("PATCH", &one, "update"),
                    ("DELETE", &one, "destroy"),
                ] {
                    endpoint(Some(method.into()), path.clone(), format_smolstr!("{class}.{action}"), at, sink);
                }
            }
            _ => {}
        }
    }
}

/// Whether routes are registered on this: the `Route` facade and what it chains, `$app`, `$router`, `$group`.
fn router(code: &Code<'_>, receiver: &Expr, function: usize) -> bool {
    let mut root = receiver;
    loop {
        root = match &root.kind {
            ExprKind::Call(call) => match call.receiver() {
                // Anything else that is chained is no router any more.
                Some(inner)
                    if matches!(
                        call.name(),
                        "prefix" | "middleware" | "name" | "domain" | "controller" | "namespace" | "withoutMiddleware"
                    ) =>
                {
                    inner
                }
                _ => return false,
            },
            _ => break,
        };
    }
    let origin = code.origin(root, function);
    let last = root.path().unwrap_or_default();
    let last = last.rsplit('.').next().unwrap_or("").to_owned();
    matches!(
        origin.as_str(),
        "Route" | "App" | "RouteCollectorProxy" | "RouteCollectorProxyInterface" | "Router" | "Slim\\App"
    ) || matches!(last.as_str(), "Route" | "router" | "app" | "group" | "routes") && !origin.contains("Client")
}

/// `->prefix('x')` in the chain before the word.
fn chained(code: &Code<'_>, receiver: &Expr, function: usize) -> Value {
    let mut found = Value::default();
    let mut at = receiver;
    while let ExprKind::Call(call) = &at.kind {
        if call.name() == "prefix"
            && let Some(prefix) = call.arg(0)
        {
            found = paths::join(paths::rooted(code.value(prefix, function)), found);
        }
        match call.receiver() {
            Some(inner) => at = inner,
            None => break,
        }
    }
    found
}

/// Closures of groups with the prefix of each: `group(['prefix' => 'x'], fn)`, `prefix('x')->group(fn)`, `group('/x', fn)`.
fn groups(code: &Code<'_>) -> BTreeMap<usize, Value> {
    let mut out = BTreeMap::new();
    for site in code.calls_named(&["group"]) {
        let Some(index) = site.call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(index) => Some(index),
            _ => None,
        }) else {
            continue;
        };
        let f = site.function;
        let stated = site.call.arg(0).and_then(|first| match &first.kind {
            ExprKind::Object(_) => first.key("prefix").map(|e| code.value(e, f)),
            ExprKind::Lambda(_) => None,
            _ => Some(code.value(first, f)),
        });
        let chained = site.call.receiver().map(|r| chained(code, r, f)).unwrap_or_default();
        let prefix = paths::join(chained, stated.map(|p| paths::template(p, Notation::Braces)).unwrap_or_default());
        if !prefix.is_empty() {
            out.insert(index, prefix);
        }
    }
    out
}

/// `[OrderController::class, 'show']`, `'OrderController@show'`, `OrderController::class`.
fn handler(expr: &Expr) -> SmolStr {
    match &expr.kind {
        ExprKind::List(items) => match items.as_slice() {
            [class, Expr { kind: ExprKind::Str(action), .. }] => {
                format_smolstr!("{}.{action}", class.path().unwrap_or_default())
            }
            _ => SmolStr::default(),
        },
        ExprKind::Str(text) => {
            let last = text.rsplit('\\').next().unwrap_or(text);
            last.replace(['@', ':'], ".").replace("..", ".").into()
        }
        ExprKind::Name(name) => name.clone(),
        _ => SmolStr::default(),
    }
}

/// Symfony's `#[Route('/x', methods: ['GET'])]` on classes and methods.
fn attributes(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        let routes = function.annotations.iter().filter_map(|a| Some((a, methods(a)?)));
        for (annotation, methods) in routes {
            let class = code.type_named(&function.owner);
            let prefix = class.and_then(|t| t.annotations.iter().find(|a| a.simple() == "Route"));
            let prefix = prefix.and_then(|a| path(code, a)).unwrap_or_default();
            let own = path(code, annotation).unwrap_or_default();
            let full = paths::join(prefix, if own.is_empty() { own } else { paths::rooted(own) });
            for method in methods {
                endpoint(
                    method,
                    paths::template(full.clone(), Notation::Braces),
                    function.symbol(),
                    annotation.span,
                    sink,
                );
            }
        }
    }
}

fn methods(a: &Annotation) -> Option<Vec<Option<SmolStr>>> {
    Some(match a.simple() {
        "Route" => match a.args.iter().find(|x| x.name.as_deref() == Some("methods")).map(|x| &x.value.kind) {
            Some(ExprKind::List(items)) => items
                .iter()
                .map(|e| {
                    e.path()
                        .and_then(|p| p.rsplit(['.', '_']).next().map(SmolStr::from))
                        .or_else(|| e.as_str().cloned())
                })
                .collect(),
            Some(ExprKind::Str(one)) => vec![Some(one.clone())],
            _ => vec![None],
        },
        "Get" | "Post" | "Put" | "Delete" | "Patch" if !a.args.is_empty() => {
            vec![Some(a.simple().to_uppercase().into())]
        }
        _ => return None,
    })
}

fn path(code: &Code<'_>, a: &Annotation) -> Option<Value> {
    let named = a.args.iter().find(|x| x.name.as_deref() == Some("path")).map(|x| &x.value);
    Some(code.value(named.or_else(|| a.positional(0))?, 0))
}

fn endpoint(method: Option<SmolStr>, path: Value, handler: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method,
        path: paths::rooted(path),
        handler,
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}
