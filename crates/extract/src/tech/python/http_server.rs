//! Routes of Python's web frameworks: decorators, registrations in code, class-based views, and routers mounted below
//! prefixes. See `http_server.md`.

use super::shapes::{argument, callee, dotted, each_assign, items, path_expr, symbol};
use crate::code::Code;
use crate::code::ir::{Annotation, Arg, Call as Invocation, Expr, ExprKind, Function};
use crate::lang::Lang;
use crate::tech::paths::{self, Notation};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, Endpoint, Mount, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-http-server",
    version: 2,
    page: include_str!("http_server.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    decorated(code, sink);
    registered(code, sink);
    tables(code, sink);
    mounts(code, sink);
}

pub(super) const METHODS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options", "trace"];

/// A route before it is stated.
struct Found<'a> {
    path: Value,
    methods: Vec<Option<SmolStr>>,
    protocol: Protocol,
    handler: SmolStr,
    router: Option<SmolStr>,
    function: Option<&'a Function>,
}

impl Found<'_> {
    fn state(self, at: Span, sink: &mut Sink) {
        let request = self.function.and_then(body_type);
        let response = self.function.map(|f| f.returns.clone()).filter(|r| !matches!(r.as_str(), "" | "None"));
        for method in self.methods {
            let endpoint = Endpoint {
                protocol: self.protocol,
                method,
                path: paths::rooted(self.path.clone()),
                handler: self.handler.clone(),
                router: self.router.clone(),
                request: request.clone(),
                response: response.clone(),
            };
            sink.stated(Claim::Endpoint(endpoint), at);
        }
    }
}

/// The parameter that a framework fills from the body: one whose type is a class by its name and not a framework's own.
fn body_type(function: &Function) -> Option<SmolStr> {
    const FRAMEWORK: &[&str] = &[
        "Request",
        "Response",
        "Session",
        "AsyncSession",
        "BackgroundTasks",
        "WebSocket",
        "Depends",
        "UUID",
        "HttpRequest",
        "HTTPAuthorizationCredentials",
        "OAuth2PasswordRequestForm",
        "UploadFile",
        "Any",
        "List",
        "Dict",
        "User",
        "Decimal",
    ];
    let param = function.params.iter().find(|p| {
        // `items: list[Line] = Body(...)` takes a list of them.
        let listed = ["List[", "list[", "Sequence["].iter().find_map(|l| p.ty.strip_prefix(l)?.strip_suffix(']'));
        let simple = listed.unwrap_or(&p.ty).rsplit('.').next().unwrap_or("");
        let said = p.default.as_ref().is_none_or(|d| d.as_call().is_some_and(|c| c.name() == "Body"));
        said && simple.starts_with(|c: char| c.is_ascii_uppercase())
            && !FRAMEWORK.iter().any(|f| simple == *f || simple.starts_with(&format!("{f}[")))
    })?;
    Some(param.ty.clone())
}

/// `@app.get("/x")`, `@bp.route("/x", methods=[…])`, on functions and on classes of handlers.
fn decorated(code: &Code<'_>, sink: &mut Sink) {
    for function in code.unit.functions.iter() {
        for annotation in &function.annotations {
            let scope = function.parent.unwrap_or(0);
            let Some((methods, protocol, path)) = route(code, annotation, scope) else {
                continue;
            };
            let (router, prefix) = router(code, annotation, scope);
            let path = paths::join(prefix, path);
            let handler = function.symbol();
            Found { path, methods, protocol, handler, router, function: Some(function) }.state(annotation.span, sink);
        }
    }
    for ty in &code.unit.types {
        for annotation in &ty.annotations {
            let Some((_, _, path)) = route(code, annotation, 0) else { continue };
            let (router, prefix) = router(code, annotation, 0);
            let path = paths::join(prefix, path);
            handlers(code, &ty.name, path, router, annotation.span, sink);
        }
    }
}

/// What a decorator routes, if it does.
fn route(code: &Code<'_>, a: &Annotation, function: usize) -> Option<(Vec<Option<SmolStr>>, Protocol, Value)> {
    let simple = a.simple();
    let upper = || vec![Some(SmolStr::from(simple.to_uppercase()))];
    let (methods, protocol) = match simple {
        "route" | "api_route" | "add_route" | "custom_route" | "view" => (None, Protocol::Http),
        "websocket" | "websocket_route" => (Some(vec![None]), Protocol::Websocket),
        "http" if code.imports("nameko") => {
            let method = a.positional(0)?.as_str()?.clone();
            let path = template(code.value(a.positional(1)?, function));
            return Some((vec![Some(method)], Protocol::Http, path));
        }
        _ if METHODS.contains(&simple) => (Some(upper()), Protocol::Http),
        _ => return None,
    };
    // A bare `@get("/x")` counts when a web framework gave it.
    if !a.name.contains('.') {
        let import = code.unit.imports.iter().find(|i| i.alias == a.name)?;
        if !["bottle", "litestar", "starlite", "klein", "sanic", "blacksheep", "robyn"]
            .iter()
            .any(|m| import.path.starts_with(m))
        {
            return None;
        }
    } else if mocks(code, a, function) {
        return None;
    }
    let path = a.args.iter().find(|x| matches!(x.name.as_deref(), Some("path" | "rule" | "uri")));
    let path = path.map(|x| &x.value).or_else(|| a.positional(0))?;
    let path = code.value(path, function);
    // Anything else that is called `get` takes a key, not a path.
    let text = path.to_string();
    let path_like = text.is_empty() || text.starts_with(['/', '$', '<', '{']) || text.starts_with("^/");
    if !path_like {
        return None;
    }
    let stated = a.args.iter().find(|x| x.name.as_deref() == Some("methods") || x.name.as_deref() == Some("method"));
    let methods = match methods {
        Some(methods) => methods,
        None => match stated {
            Some(stated) => listed(code, &stated.value, function),
            // The documented default everywhere.
            None => vec![(simple == "route" || simple == "api_route").then(|| "GET".into())],
        },
    };
    Some((methods, protocol, template(path)))
}

/// Decorators that fake a server in tests (`@responses.get`, `@patch.object`), or come from a client library.
fn mocks(code: &Code<'_>, a: &Annotation, function: usize) -> bool {
    let origin = dotted(&code.origin(&path_expr(&a.name, a.span), function));
    ["responses.", "respx.", "unittest.", "mock.", "requests_mock", "httpretty", "requests.", "httpx.", "pytest."]
        .iter()
        .any(|p| origin.starts_with(p))
}

fn listed(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Option<SmolStr>> {
    let one = |e: &Expr| code.value(e, function).as_text().map(|t| t.to_uppercase().into());
    match &expr.kind {
        ExprKind::List(items) => items.iter().map(one).collect(),
        _ => vec![one(expr)],
    }
}

fn template(path: Value) -> Value {
    let angles = path.to_string().contains('<');
    paths::template(path, if angles { Notation::Angles } else { Notation::Braces })
}

/// The router of a decorator, and the prefix that it was made with.
fn router(code: &Code<'_>, a: &Annotation, function: usize) -> (Option<SmolStr>, Value) {
    let Some((path, _)) = a.name.rsplit_once('.') else {
        return (None, Value::default());
    };
    let expr = path_expr(path, a.span);
    // Its first part may be a name of this file; the expression is made up, so it is looked up by name.
    let symbol = symbol(code, &expr, function);
    let prefix = prefix_of(code, &symbol);
    (Some(symbol), prefix)
}

/// The prefix that a router's constructor states: known in this file, or under the router's name in the file that makes it.
fn prefix_of(code: &Code<'_>, router: &str) -> Value {
    let mut found = None;
    each_assign(code, &mut |target, value, function, _| {
        if found.is_none()
            && let Some(call) = value.as_call()
            && symbol(code, target, function) == router
        {
            found = Some(constructor_prefix(code, call, function).unwrap_or_default());
        }
    });
    if let Some(found) = found {
        return found;
    }
    let name = router.rsplit(['#', '.']).next().unwrap_or("").to_ascii_lowercase();
    let mounted = ["bp", "router", "blueprint", "_ns", "namespace"].iter().any(|w| name.contains(w));
    if router.contains('#') && mounted {
        return Value::reference(format_smolstr!("{router}.<prefix>"));
    }
    Value::default()
}

/// `Blueprint(…, url_prefix="/x")`, `APIRouter(prefix="/x")`, `Namespace("x", path="/x")`; `None` if it is no router.
fn constructor_prefix(code: &Code<'_>, call: &Invocation, function: usize) -> Option<Value> {
    let keywords: &[&str] = match call.name() {
        "Blueprint" | "APIBlueprint" => &["url_prefix"],
        "APIRouter" | "Router" | "SubRouter" | "InferringRouter" => &["prefix"],
        "Namespace" => &["path"],
        "Api" => &["prefix"],
        "RouteTableDef" => &[],
        _ => return None,
    };
    let stated = keywords.iter().find_map(|k| call.named(k)).map(|e| code.value(e, function));
    // flask-restx serves a namespace below its name unless a path is given.
    let named = (call.name() == "Namespace").then(|| code.value(call.arg(0)?, function).as_text()).flatten();
    Some(stated.or_else(|| named.map(|n| Value::text(format_smolstr!("/{n}")))).unwrap_or_default())
}

/// Registrations in code: `add_url_rule`, `add_api_route`, `add_resource`, `router.add_get`, `web.get`, `Route(…)`.
fn registered(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let f = site.function;
        let at = site.span();
        let router = site.call.receiver().map(|r| symbol(code, r, f)).filter(|s| !s.is_empty());
        let handler = |e: Option<&Expr>| e.map(|e| symbol(code, view(e), f)).unwrap_or_default();
        let methods = || site.call.named("methods").map(|m| listed(code, m, f)).unwrap_or_else(|| vec![None]);
        let path_at = |names: &[&str], index: usize| {
            let named = names.iter().find_map(|n| site.call.named(n));
            named.or_else(|| site.call.arg(index)).map(|e| template(code.value(e, f)))
        };
        let add = |path: Option<Value>, methods: Vec<Option<SmolStr>>, handler: SmolStr, router, sink: &mut Sink| {
            let Some(path) = path.filter(|p| p.to_string().starts_with(['/', '$']) || p.is_empty()) else { return };
            let found = Found { path, methods, protocol: Protocol::Http, handler, router, function: None };
            found.state(at, sink);
        };
        match name {
            "add_url_rule" => {
                let view_func = site.call.named("view_func").or_else(|| site.call.arg(2));
                let class = handler(view_func);
                let prefix = router.as_deref().map(|r| prefix_of(code, r)).unwrap_or_default();
                let path = path_at(&["rule"], 0).map(|p| paths::join(prefix, p));
                if code.type_named(&class).is_some() && site.call.named("methods").is_none() {
                    handlers(code, &class, path.unwrap_or_default(), router, at, sink);
                } else {
                    add(path, methods(), class, router, sink);
                }
            }
            "add_api_route" | "add_api_websocket_route" => {
                add(path_at(&["path"], 0), methods(), handler(site.call.arg_or("endpoint", 1)), router, sink);
            }
            "add_resource" => {
                let class = handler(site.call.arg(0));
                let prefix = router.as_deref().map(|r| prefix_of(code, r)).unwrap_or_default();
                for arg in site.call.args.iter().filter(|a| a.name.is_none()).skip(1) {
                    let path = paths::join(prefix.clone(), template(code.value(&arg.value, f)));
                    handlers(code, &class, path, router.clone(), at, sink);
                }
            }
            "add_get" | "add_post" | "add_put" | "add_delete" | "add_patch" | "add_head" | "add_view" => {
                let method = name.strip_prefix("add_").filter(|m| *m != "view").map(|m| m.to_uppercase().into());
                add(
                    path_at(&["path"], 0),
                    vec![method],
                    handler(site.call.arg_or("handler", 1)),
                    aiohttp_app(router),
                    sink,
                );
            }
            "add_route" => {
                let first = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
                if first.to_string().starts_with('/') {
                    // Falcon: the second argument is an object with `on_get` and its like.
                    let class = site.call.arg(1).map(|e| code.origin(e, f)).unwrap_or_default();
                    if code.type_named(&class).is_some() {
                        handlers(code, &class, template(first), router, at, sink);
                    } else {
                        add(Some(template(first)), methods(), handler(site.call.arg(1)), router, sink);
                    }
                } else if let Some(method) =
                    first.as_text().filter(|m| METHODS.contains(&m.to_ascii_lowercase().as_str()))
                {
                    let method = Some(method.to_uppercase().into());
                    add(path_at(&[], 1), vec![method], handler(site.call.arg(2)), aiohttp_app(router), sink);
                } else {
                    // Sanic: handler first.
                    add(path_at(&["uri"], 1), methods(), handler(site.call.arg(0)), router, sink);
                }
            }
            "Route" | "WebSocketRoute" | "APIRoute" => {
                let websocket = name == "WebSocketRoute";
                let Some(path) = path_at(&["path"], 0).filter(|p| p.to_string().starts_with('/')) else { continue };
                let protocol = if websocket { Protocol::Websocket } else { Protocol::Http };
                let handler = handler(site.call.arg_or("endpoint", 1));
                Found { path, methods: methods(), protocol, handler, router: None, function: None }.state(at, sink);
            }
            _ if METHODS.contains(&name) || name == "view" => {
                // aiohttp's `web.get("/x", handler)` in a list of routes.
                let callee = callee(code, site);
                if callee == format!("aiohttp.web.{name}") {
                    let method = (name != "view").then(|| name.to_uppercase().into());
                    add(path_at(&["path"], 0), vec![method], handler(site.call.arg(1)), None, sink);
                }
            }
            _ => {}
        }
        // `app.post("/x")(handler)`.
        if let ExprKind::Call(inner) = &site.call.callee.kind
            && METHODS.contains(&inner.name())
            && let Some(path) = inner.arg(0)
        {
            let router = inner.receiver().map(|r| symbol(code, r, f));
            let method = Some(inner.name().to_uppercase().into());
            add(Some(template(code.value(path, f))), vec![method], handler(site.call.arg(0)), router, sink);
        }
    }
}

/// `app.router.add_get` registers on `app`.
fn aiohttp_app(router: Option<SmolStr>) -> Option<SmolStr> {
    router.map(|r| r.strip_suffix(".router").map(SmolStr::from).unwrap_or(r))
}

/// `View.as_view("name")` is `View`.
fn view(expr: &Expr) -> &Expr {
    match expr.as_call().filter(|c| c.name().starts_with("as_")).and_then(Invocation::receiver) {
        Some(class) => class,
        None => expr,
    }
}

/// One endpoint for each method that a class handles; any method if the class stands elsewhere.
fn handlers(code: &Code<'_>, class: &str, path: Value, router: Option<SmolStr>, at: Span, sink: &mut Sink) {
    let simple = class.rsplit(['#', '.']).next().unwrap_or(class);
    let mut any = false;
    for function in code.unit.functions.iter().filter(|f| f.owner == simple) {
        let verb = function.name.strip_prefix("on_").unwrap_or(&function.name);
        if METHODS.contains(&verb) {
            any = true;
            let methods = vec![Some(SmolStr::from(verb.to_uppercase()))];
            let (path, router, handler) = (path.clone(), router.clone(), function.symbol());
            let found = Found { path, methods, protocol: Protocol::Http, handler, router, function: Some(function) };
            found.state(at, sink);
        }
    }
    if !any {
        let websocket = code.type_named(simple).is_some_and(|t| t.supers.iter().any(|s| s.contains("WebSocket")));
        let protocol = if websocket { Protocol::Websocket } else { Protocol::Http };
        let found = Found { path, methods: vec![None], protocol, handler: class.into(), router, function: None };
        found.state(at, sink);
    }
}

/// Tornado's tables of `(pattern, Handler)`.
fn tables(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("tornado") {
        return;
    }
    for site in code.calls_named(&["Application", "add_handlers", "URLSpec", "url"]) {
        let f = site.function;
        let entry = |parts: &[&Expr], at: Span, sink: &mut Sink| {
            let [pattern, class, ..] = parts else { return };
            let path = code.value(pattern, f);
            if class.path().is_some() && path.to_string().starts_with(['/', '^', '(', '$']) {
                let class = symbol(code, class, f);
                handlers(code, &class, paths::template(path, Notation::Pattern), None, at, sink);
            }
        };
        if matches!(site.call.name(), "URLSpec" | "url") {
            let parts: Vec<&Expr> = site.call.args.iter().map(|a| &a.value).collect();
            entry(&parts, site.span(), sink);
            continue;
        }
        let table = site.call.args.iter().filter(|a| a.name.is_none() || a.name.as_deref() == Some("handlers"));
        for Arg { value, .. } in table {
            for item in items(code, value, f) {
                if let ExprKind::List(parts) = &item.kind {
                    entry(&parts.iter().collect::<Vec<_>>(), item.span, sink);
                }
            }
        }
    }
}

/// Routers below prefixes: `register_blueprint`, `include_router`, `mount`, `add_namespace`, `add_subapp`, `Api(app)`.
fn mounts(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let f = site.function;
        let on = || site.call.receiver().map(|r| symbol(code, r, f)).unwrap_or_default();
        let at = |name: &str, index: usize| argument(code, site.call, name, index, f);
        let (router, prefix) = match site.call.name() {
            "register_blueprint" => (at("blueprint", 0), at("url_prefix", 9)),
            "blueprint" if code.imports("sanic") => (at("blueprint", 0), at("url_prefix", 9)),
            "include_router" => (at("router", 0), at("prefix", 9)),
            "add_namespace" => (at("ns", 0), at("path", 1)),
            "add_router" => (at("router", 1), at("prefix", 0)),
            "mount" | "Mount" => (at("app", 1), at("path", 0)),
            "add_subapp" => (at("subapp", 1), at("prefix", 0)),
            "add_routes" => (at("routes", 0), None),
            _ => continue,
        };
        let Some(router) = router.filter(|r| r.path().is_some()) else {
            continue;
        };
        let prefix = prefix.map(|p| template(code.value(p, f))).unwrap_or_default();
        let text = prefix.to_string();
        if !(text.is_empty() || text.starts_with(['/', '$'])) {
            continue;
        }
        let mount = Mount { router: symbol(code, router, f), prefix, on: on() };
        sink.stated(Claim::Mount(mount), site.span());
    }
    each_assign(code, &mut |target, value, function, at| {
        let Some(call) = value.as_call() else { return };
        let Some(prefix) = constructor_prefix(code, call, function) else { return };
        let router = symbol(code, target, function);
        if router.is_empty() {
            return;
        }
        // flask-restful's `Api(app)` is a router on the application or blueprint that it is given.
        if call.name() == "Api"
            && let Some(on) = call.arg_or("app", 0).filter(|a| a.path().is_some())
        {
            let mount = Mount { router: router.clone(), prefix: Value::default(), on: symbol(code, on, function) };
            sink.stated(Claim::Mount(mount), at);
        }
        sink.stated(Claim::Constant(Constant { symbol: format_smolstr!("{router}.<prefix>"), value: prefix }), at);
    });
}
