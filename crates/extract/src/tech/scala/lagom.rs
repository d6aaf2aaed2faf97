//! Lagom: descriptors of services, who serves them, who asks, and topics. See `lagom.md`.
//!
//! A descriptor stands in an interface that servers and clients share. Its calls are endpoints of whoever serves the
//! interface, and calls of whoever names its methods. Who serves it is found by the interface's name, or else by the name that
//! the descriptor gives.

use super::read::{SCALA, each_expr};
use crate::code::Code;
use crate::code::ir::{Call as Invocation, Expr, ExprKind, Function, Type, walk_stmts};
use crate::tech::paths::{Notation, template};
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Alias, Call, Claim, Constant, Deployment, Endpoint, Message, Mount, Protocol, SmolStr, Span, Store, System, Target,
    Value, format_smolstr,
};

pub static EXTRACTOR: Extractor =
    Extractor { id: "lagom", version: 1, page: include_str!("lagom.md"), reads: Reads::Code { langs: SCALA, extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    subscribed(code, sink);
    if !code.imports("com.lightbend.lagom") {
        return;
    }
    for ty in &code.unit.types {
        for function in code.unit.functions.iter().filter(|f| f.owner == ty.name && f.name == "descriptor") {
            descriptor(code, ty, function, sink);
        }
        persistence(ty, sink);
        publishes(code, ty, sink);
    }
    served(code, sink);
}

fn descriptor(code: &Code<'_>, ty: &Type, function: &Function, sink: &mut Sink) {
    let mut calls: Vec<(&Invocation, Span)> = Vec::new();
    walk_stmts(&function.body, &mut |e| calls.extend(e.as_call().map(|c| (c, e.span))));
    let text = |call: &Invocation, at: usize| call.arg(at).map(|a| code.value(a, 0));
    let Some((named, at)) = calls.iter().find(|(c, _)| c.name() == "named") else { return };
    let name = text(named, 0).unwrap_or_default();
    let own = Value::text(format_smolstr!("http://{}", ty.name));
    let base = Value::either([own, Value::text("http://").then(name)]);
    sink.stated(Claim::Constant(Constant { symbol: format_smolstr!("{}.<base>", ty.name), value: base.clone() }), *at);
    for (call, at) in &calls {
        let (method, path, by) = match call.name() {
            "restCall" => (call.arg(0).and_then(super::read::verb), text(call, 1), call.arg(2)),
            "pathCall" => (None, text(call, 0), call.arg(1)),
            "namedCall" => (None, text(call, 0), call.arg(1)),
            "call" if call.receiver().is_none() => (None, method_name(call.arg(0)).map(Value::text), call.arg(0)),
            "topic" => {
                if let (Some(topic), Some(by)) = (text(call, 0), method_name(call.arg(1))) {
                    let symbol = format_smolstr!("{}.{by}", ty.name);
                    sink.stated(Claim::Constant(Constant { symbol, value: topic }), *at);
                }
                continue;
            }
            _ => continue,
        };
        let (Some(path), Some(by)) = (path, method_name(by)) else { continue };
        // Queries are named behind the path.
        let path = match path.as_text() {
            Some(text) => Value::text(text.split('?').next().unwrap_or("").to_owned()),
            None => path,
        };
        let path = crate::tech::paths::rooted(template(path, Notation::Colons));
        let handler = format_smolstr!("{}.{by}", ty.name);
        let endpoint = Endpoint {
            protocol: Protocol::Http,
            method: method.clone(),
            path: path.clone(),
            handler: handler.clone(),
            router: Some(ty.name.clone()),
            request: None,
            response: None,
        };
        let at = Span { end_line: at.line, ..*at };
        sink.stated(Claim::Endpoint(endpoint), at);
        let call = Call { method, ..Call::to(Protocol::Http, "Lagom".into(), base.clone().then(path), handler) };
        sink.stated(Claim::Call(call), at);
    }
}

/// `getItem _`, `getItem`, `this.getItem`, `getItem(_, _)`.
fn method_name(expr: Option<&Expr>) -> Option<SmolStr> {
    match &expr?.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => Some(name.clone()),
        ExprKind::Call(call) => Some(call.name().into()),
        _ => None,
    }
}

/// `serverFor[ItemService](wire[ItemServiceImpl])`; `describeService` says the same.
fn served(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["serverFor", "bindService"]) {
        let Some(interface) = site.call.type_args.first().map(|t| crate::lang::plain_type(t)) else { continue };
        let mount = Mount { router: interface.clone(), prefix: Value::default(), on: SmolStr::default() };
        sink.stated(Claim::Mount(mount), site.span());
        let alias = Alias {
            name: interface,
            deployment: Deployment::Script,
            target: Target::Own,
            ports: Vec::new(),
            namespace: None,
        };
        sink.stated(Claim::Alias(alias), site.span());
    }
}

/// Components that keep a service's events: Cassandra or a database, mixed into its application.
fn persistence(ty: &Type, sink: &mut Sink) {
    for parent in &ty.supers {
        let (system, address) = match parent.as_str() {
            "CassandraPersistenceComponents"
            | "WriteSideCassandraPersistenceComponents"
            | "ReadSideCassandraPersistenceComponents" => (
                System::Cassandra,
                Value::either([
                    Value::config("cassandra.default.contact-points.0", None),
                    Value::config("datastax-java-driver.basic.contact-points[0]", None),
                ]),
            ),
            "JdbcPersistenceComponents"
            | "SlickPersistenceComponents"
            | "ReadSideJdbcPersistenceComponents"
            | "ReadSideSlickPersistenceComponents" => (System::Sql, Value::config("db.default.url", None)),
            _ => continue,
        };
        let store = Store { system, address, database: None, client: "Lagom".into(), within: ty.name.clone() };
        sink.stated(Claim::Store(store), Span { end_line: ty.span.line, ..ty.span });
    }
}

/// A topic that an implementation gives: `TopicProducer.taggedStreamWithOffset(…)` in the method that the descriptor names.
fn publishes(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some(interface) = ty.supers.first() else { return };
    for site in code.calls() {
        let by = site.call.callee.path().unwrap_or_default();
        let within = code.outermost(site.function);
        if !by.starts_with("TopicProducer.") || within.owner != ty.name || within.name.starts_with('<') {
            continue;
        }
        let topic = Value::reference(format_smolstr!("{interface}.{}", within.name));
        message(true, topic, None, within.symbol(), site.span(), sink);
    }
}

/// `biddingService.bidEvents.subscribe.withGroupId("search").atLeastOnce(…)`.
fn subscribed(code: &Code<'_>, sink: &mut Sink) {
    // A subscription is known by what follows it; who subscribes imports nothing of Lagom's.
    each_expr(code, &mut |follows, function| {
        let ExprKind::Member(expr, link) = &follows.kind else { return };
        let ExprKind::Member(topic, name) = &expr.kind else { return };
        let known = ["withGroupId", "atLeastOnce", "atMostOnceSource", "atLeastOnceSource", "withMetadata"];
        if name != "subscribe" || !known.contains(&link.as_str()) {
            return;
        }
        let origin = code.origin(topic, function);
        let Some((interface, method)) = origin.rsplit_once('.') else { return };
        if !interface.starts_with(|c: char| c.is_ascii_uppercase()) || interface.contains('(') {
            return;
        }
        let groups = code.calls_named(&["withGroupId"]);
        let group = groups.iter().find(|s| s.call.receiver().is_some_and(|r| std::ptr::eq(r, &**expr)));
        let group = group.and_then(|s| s.call.arg(0)).map(|g| code.value(g, function));
        let topic = Value::reference(format_smolstr!("{interface}.{}", method.trim_end_matches("()")));
        message(false, topic, group, code.within(function), expr.span, sink);
    });
}

fn message(publish: bool, topic: Value, group: Option<Value>, within: SmolStr, at: Span, sink: &mut Sink) {
    let message = Message {
        address: Some(Value::config("lagom.broker.kafka.brokers", None)),
        group,
        ..Message::to(System::Kafka, publish, topic, "Lagom".into(), within)
    };
    sink.stated(Claim::Message(message), at);
}
