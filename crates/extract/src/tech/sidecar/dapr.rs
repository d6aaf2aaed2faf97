//! What any language tells Dapr's sidecar: the header that names an application, subscriptions that a service lists, and the
//! SDKs of Python, JavaScript and Java. See `dapr.md`. (Go's and .NET's SDKs are with their HTTP clients.)

use crate::code::ir::{Annotation, Expr, ExprKind, Stmt, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Message, Protocol, SmolStr, Span, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "dapr", version: 1, page: include_str!("dapr.md"), reads: Reads::Code { langs: &[], extract } };

const HEADER: &str = "dapr-app-id";

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        walk_stmts(&function.body, &mut |expr| told(code, expr, index, sink));
        indexed(code, &function.body, index, sink);
        for annotation in &function.annotations {
            topic(code, annotation, index, sink);
        }
    }
    for ty in &code.unit.types {
        for init in ty.fields.iter().filter_map(|f| f.init.as_ref()) {
            init.walk(&mut |expr| told(code, expr, code.scope_of(&ty.name), sink));
        }
    }
    for site in code.calls() {
        if let ([key, value], true) = (site.call.args.as_slice(), site.call.args.len() == 2)
            && key.value.as_str().is_some_and(|k| k.eq_ignore_ascii_case(HEADER))
        {
            application(code, &value.value, site.function, site.span(), sink);
        }
        sdk(code, site, sink);
    }
}

/// Headers that are written as an object, and the list of subscriptions that the sidecar asks a service for.
fn told(code: &Code<'_>, expr: &Expr, function: usize, sink: &mut Sink) {
    let ExprKind::Object(entries) = &expr.kind else { return };
    let key = |name: &str| entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    if let Some(app) = key(HEADER) {
        application(code, app, function, app.span, sink);
    }
    if let (Some(pubsub), Some(topic), true) =
        (key("pubsubname"), key("topic"), key("route").or_else(|| key("routes")).is_some())
    {
        message(code, false, (pubsub, topic), function, expr.span, sink);
    }
}

/// `headers["dapr-app-id"] = "orders"`.
fn indexed(code: &Code<'_>, stmts: &[Stmt], function: usize, sink: &mut Sink) {
    for stmt in stmts {
        match stmt {
            Stmt::Block { body, .. } => indexed(code, body, function, sink),
            Stmt::Assign { target, value, span, .. } => {
                if let ExprKind::Index(_, key) = &target.kind
                    && key.as_str().is_some_and(|k| k.eq_ignore_ascii_case(HEADER))
                {
                    application(code, value, function, *span, sink);
                }
            }
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// The sidecar finds the application by its name.
fn application(code: &Code<'_>, app: &Expr, function: usize, at: Span, sink: &mut Sink) {
    let target = Value::text("http://").then(code.value(app, function));
    sink.stated(call(code, None, target, function), at);
}

fn component(code: &Code<'_>, kind: &str, name: &Expr, function: usize, at: Span, sink: &mut Sink) {
    let sidecar = Value::text("http://localhost:").then(Value::env("DAPR_HTTP_PORT", Some("3500".into())));
    let path = format_smolstr!("/v1.0/{kind}/");
    let target = sidecar.then(Value::text(path)).then(code.value(name, function));
    sink.inferred(call(code, None, target, function), at);
}

fn call(code: &Code<'_>, method: Option<SmolStr>, target: Value, function: usize) -> Claim {
    Claim::Call(Call { method, ..Call::to(Protocol::Http, "dapr".into(), target, code.within(function)) })
}

fn message(code: &Code<'_>, publish: bool, to: (&Expr, &Expr), function: usize, at: Span, sink: &mut Sink) {
    let message = Message {
        exchange: Some(code.value(to.0, function)),
        ..Message::to(System::Bus, publish, code.value(to.1, function), "dapr".into(), code.within(function))
    };
    sink.stated(Claim::Message(message), at);
}

/// `@Topic(name = "orders", pubsubName = "pubsub")` of Java, `@app.subscribe(pubsub="pubsub", topic="orders")` of Python.
fn topic(code: &Code<'_>, annotation: &Annotation, function: usize, sink: &mut Sink) {
    let named = |name: &str| annotation.args.iter().find(|a| a.name.as_deref() == Some(name)).map(|a| &a.value);
    let (pubsub, topic) = match (code.unit.lang, annotation.simple()) {
        (Lang::Java | Lang::Kotlin, "Topic") => (named("pubsubName"), named("name")),
        (Lang::Python, "subscribe") => (named("pubsub").or_else(|| named("pubsub_name")), named("topic")),
        _ => return,
    };
    if let (Some(pubsub), Some(topic)) = (pubsub, topic) {
        message(code, false, (pubsub, topic), function, annotation.span, sink);
    }
}

fn sdk(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let (name, f) = (site.call.name(), site.function);
    match code.unit.lang {
        Lang::Python if code.imports("dapr") => {
            let kind = match name {
                "get_state"
                | "save_state"
                | "delete_state"
                | "get_bulk_state"
                | "save_bulk_state"
                | "query_state"
                | "execute_state_transaction" => ("state", "store_name"),
                "invoke_binding" => ("bindings", "binding_name"),
                _ => return,
            };
            if let Some(store) = site.call.arg_or(kind.1, 0) {
                component(code, kind.0, store, f, site.span(), sink);
            }
        }
        Lang::Script => {
            let callee = code.callee(site.call, f);
            let kind = match callee.starts_with("@dapr/dapr#").then(|| callee.rsplit('.').nth(1)).flatten() {
                Some("state") => "state",
                Some("binding") if name == "send" => "bindings",
                _ => return,
            };
            if let Some(store) = site.call.arg(0) {
                component(code, kind, store, f, site.span(), sink);
            }
        }
        Lang::Java | Lang::Kotlin => {
            let origin = site.call.receiver().map(|r| code.origin(r, f)).unwrap_or_default();
            if !origin.contains("Dapr") {
                return;
            }
            match (name, site.call.arg(0), site.call.arg(1)) {
                ("invokeMethod", Some(app), Some(method)) => {
                    let target = Value::text("http://").then(code.value(app, f)).then("/".into());
                    let target = target.then(code.value(method, f));
                    sink.stated(call(code, None, target, f), site.span());
                }
                ("publishEvent", Some(pubsub), Some(topic)) => {
                    message(code, true, (pubsub, topic), f, site.span(), sink);
                }
                ("saveState" | "getState" | "deleteState" | "saveBulkState" | "getBulkState", Some(store), _) => {
                    component(code, "state", store, f, site.span(), sink);
                }
                ("invokeBinding", Some(name), _) => component(code, "bindings", name, f, site.span(), sink),
                _ => {}
            }
        }
        _ => {}
    }
}
