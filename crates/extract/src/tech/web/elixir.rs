//! Phoenix and Plug routes; requests, gRPC, stores, messages and configuration of Elixir. See `elixir.md`.

use super::shapes::{absolute, call, host_port, message, option};
use crate::code::ir::{Call as Invocation, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::paths::{self, Notation};
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Call, Claim, Endpoint, Message, Protocol, Setting, SettingScope, SmolStr, Span, Store, System, Value,
    format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "elixir",
    version: 1,
    page: include_str!("elixir.md"),
    reads: Reads::Code { langs: &[Lang::Elixir], extract },
};

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];
const MAX_DEPTH: usize = 10;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let routes = ty
            .super_texts
            .iter()
            .any(|s| s.contains(":router") || s.contains("Plug.Router") || s.contains("Phoenix.Router"));
        let body = code.unit.functions.iter().find(|f| f.name == "<type>" && f.owner == ty.name);
        if let Some(body) = body.filter(|_| routes) {
            walk(code, &body.body, &Value::default(), "", MAX_DEPTH, sink);
        }
        uses(code, ty, sink);
    }
    settings(code, sink);
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        requests(code, site, &callee, sink);
        grpc(code, site, &callee, sink);
        connections(code, site, &callee, sink);
        messages(code, site, &callee, sink);
    }
    children(code, sink);
}

fn block<'a>(code: &Code<'a>, call: &Invocation) -> Option<&'a [Stmt]> {
    match call.named("&")?.kind {
        ExprKind::Lambda(index) => Some(&code.unit.functions[index].body),
        _ => None,
    }
}

fn walk(code: &Code<'_>, body: &[Stmt], prefix: &Value, module: &str, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    for stmt in body {
        let (Stmt::Expr(e) | Stmt::Return(e)) = stmt else { continue };
        let Some(call) = e.as_call().filter(|c| c.receiver().is_none()) else { continue };
        let path = call
            .arg(0)
            .or_else(|| call.named("path"))
            .map(|p| code.value(p, 0))
            .filter(|p| p.to_string().starts_with('/'));
        let full = |path: &Value| paths::join(prefix.clone(), paths::template(path.clone(), Notation::Colons));
        let handler = |index: usize, action: &str| {
            let controller = call.arg(index).and_then(Expr::path).unwrap_or_default();
            match (controller.is_empty(), module.is_empty()) {
                (true, _) => SmolStr::default(),
                (false, true) => format_smolstr!("{controller}.{action}"),
                (false, false) => format_smolstr!("{module}.{controller}.{action}"),
            }
        };
        match call.name() {
            "scope" => {
                let inner =
                    paths::join(prefix.clone(), path.map(|p| paths::template(p, Notation::Colons)).unwrap_or_default());
                let inner = if inner.as_text().as_deref() == Some("/") { Value::default() } else { inner };
                let named = call
                    .args
                    .iter()
                    .filter(|a| a.name.is_none())
                    .filter_map(|a| a.value.path())
                    .next_back()
                    .unwrap_or_default();
                let module = if module.is_empty() || named.is_empty() {
                    format!("{module}{named}")
                } else {
                    format!("{module}.{named}")
                };
                walk(code, block(code, call).unwrap_or_default(), &inner, &module, depth - 1, sink);
            }
            verb if VERBS.contains(&verb) || matches!(verb, "live" | "match" | "forward") => {
                let Some(path) = path else { continue };
                let method = match verb {
                    "live" => Some("GET".into()),
                    "match" | "forward" => None,
                    verb => Some(verb.to_uppercase().into()),
                };
                let action = call.arg(2).and_then(Expr::as_str).cloned().unwrap_or_else(|| "call".into());
                let mut path = full(&path);
                if verb == "forward" {
                    path = paths::join(path, "/*".into());
                }
                endpoint(method, path, handler(1, &action), e.span, sink);
            }
            "resources" => {
                let Some(path) = path else { continue };
                let list = |name: &str| {
                    call.named(name).map(|e| match &e.kind {
                        ExprKind::List(items) => items.iter().filter_map(Expr::as_str).cloned().collect::<Vec<_>>(),
                        _ => Vec::new(),
                    })
                };
                let (only, except) = (list("only"), list("except"));
                let all = full(&path);
                let one = paths::join(all.clone(), "/{id}".into());
                for (action, method, path) in [
                    ("index", "GET", &all),
                    ("create", "POST", &all),
                    ("show", "GET", &one),
                    ("update", "PATCH", &one),
                    ("update", "PUT", &one),
                    ("delete", "DELETE", &one),
                ] {
                    let left_out = only.as_ref().is_some_and(|o| !o.iter().any(|x| x == action))
                        || except.as_ref().is_some_and(|x| x.iter().any(|x| x == action));
                    if !left_out {
                        endpoint(Some(method.into()), path.clone(), handler(1, action), e.span, sink);
                    }
                }
                walk(code, block(code, call).unwrap_or_default(), &one, module, depth - 1, sink);
            }
            _ => {
                // `if dev_routes do … end` and the like.
                if let Some(inner) =
                    block(code, call).filter(|_| matches!(call.name(), "if" | "unless" | "live_session"))
                {
                    walk(code, inner, prefix, module, depth - 1, sink);
                }
            }
        }
    }
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

/// Modules that are what they `use`: Ecto repositories and gRPC servers.
fn uses(code: &Code<'_>, ty: &crate::code::ir::Type, sink: &mut Sink) {
    for text in &ty.super_texts {
        if text.contains("Ecto.Repo") {
            let products = [
                ("Postgres", System::Postgres),
                ("MyXQL", System::Mysql),
                ("Tds", System::SqlServer),
                ("SQLite", System::Sqlite),
            ];
            let system = products.iter().find(|(word, _)| text.contains(word)).map_or(System::Sql, |(_, s)| *s);
            // The settings of `config :app, App.Repo, hostname: …, database: …`.
            let app = text.split("otp_app:").nth(1).and_then(|t| t.trim().strip_prefix(':'));
            let app =
                app.map(|t| t.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")).unwrap_or("");
            let key = |name: &str| Value::config(format_smolstr!("{app}.{}.{name}", ty.name), None);
            let store = Store {
                system,
                address: Value::either([key("url"), key("hostname")]),
                database: Some(key("database")),
                client: "Ecto".into(),
                within: ty.name.clone(),
            };
            sink.stated(Claim::Store(store), ty.span);
        }
        if text.contains("GRPC.Server")
            && let Some(service) = text.split("service:").nth(1)
        {
            let path = service.trim().split(|c: char| c == ',' || c.is_whitespace()).next().unwrap_or("");
            let service = path.trim_end_matches(".Service").rsplit('.').next().unwrap_or("");
            let methods = code
                .unit
                .functions
                .iter()
                .filter(|f| f.owner == ty.name && !f.private && f.params.len() == 2 && !f.name.starts_with('<'));
            for method in methods {
                let endpoint = Endpoint {
                    protocol: Protocol::Grpc,
                    method: None,
                    path: Value::text(format_smolstr!("{service}/{}", camel(&method.name))),
                    handler: method.symbol(),
                    router: None,
                    request: None,
                    response: None,
                };
                sink.stated(Claim::Endpoint(endpoint), method.span);
            }
        }
    }
}

fn camel(name: &str) -> String {
    name.split('_')
        .filter_map(|w| Some(w.chars().next()?.to_uppercase().collect::<String>() + w.get(1..).unwrap_or("")))
        .collect()
}

/// `config :app, key: value` and `config :app, Module, key: value` in files of configuration.
fn settings(code: &Code<'_>, sink: &mut Sink) {
    let file = code.path.rsplit('/').next().unwrap_or("");
    if !code.path.ends_with(".exs") || file == "test.exs" || file == "mix.exs" {
        return;
    }
    for site in code.calls_named(&["config"]) {
        let mut key = String::new();
        for arg in site.call.args.iter().filter(|a| a.name.is_none()) {
            let part = arg.value.as_str().cloned().or_else(|| arg.value.path().map(SmolStr::from));
            let Some(part) = part else { continue };
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(&part);
        }
        for arg in &site.call.args {
            let Some(name) = arg.name.as_ref().filter(|n| *n != "&") else { continue };
            entry(code, format!("{key}.{name}"), &arg.value, site.function, 5, sink);
        }
    }
}

fn entry(code: &Code<'_>, key: String, value: &Expr, function: usize, depth: usize, sink: &mut Sink) {
    if depth == 0
        || ["pass", "password", "secret", "secret_key", "secret_key_base", "token"].iter().any(|w| key.ends_with(w))
    {
        return;
    }
    if let ExprKind::Object(entries) = &value.kind {
        for (name, inner) in entries {
            entry(code, format!("{key}.{name}"), inner, function, depth - 1, sink);
        }
        return;
    }
    let stated = code.value(value, function);
    if !stated.is_empty()
        && !matches!(stated.as_hole(), Some(seam_facts::Hole::Opaque(_) | seam_facts::Hole::Result { .. }))
    {
        let setting = Setting { scope: SettingScope::App, key: key.into(), value: stated, profile: None };
        sink.stated(Claim::Setting(setting), value.span);
    }
}

/// The base address of the module's one prepared request, which a process or a function hands out (`Req.new(base_url: …)`).
fn kept_base(code: &Code<'_>, function: usize) -> Option<Value> {
    let owner = &code.outermost(function).owner;
    let made = code
        .calls_named(&["new"])
        .into_iter()
        .filter(|s| code.callee(s.call, s.function) == "Req.new" && code.outermost(s.function).owner == *owner);
    let bases: Vec<Value> =
        made.filter_map(|s| Some(code.value(option(code, s.call, &["base_url"], s.function)?, s.function))).collect();
    match bases.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn requests(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let f = site.function;
    let (on, name) = callee.rsplit_once('.').unwrap_or(("", callee));
    let verb = name.trim_end_matches('!');
    let state = |client: &str, method: Option<&str>, target: Value, sink: &mut Sink| {
        if !target.is_empty() {
            let call = Call {
                method: method.map(|m| m.to_uppercase().into()),
                ..call(Protocol::Http, client, target, code.within(f))
            };
            sink.stated(Claim::Call(call), site.span());
        }
    };
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, f)).unwrap_or_default();
    let base = || {
        let made = site.call.arg(0).and_then(|c| code.maker(c, f));
        made.and_then(|(made, function)| Some(code.value(option(code, made, &["base_url"], function)?, function)))
    };
    match on {
        "HTTPoison" if VERBS.contains(&verb) => state("HTTPoison", Some(verb), value(0), sink),
        "HTTPoison" if verb == "request" => {
            state("HTTPoison", site.call.arg(0).and_then(Expr::as_str).map(SmolStr::as_str), value(1), sink);
        }
        "Req" if VERBS.contains(&verb) || verb == "request" => {
            let stated = option(code, site.call, &["url"], f).map(|e| code.value(e, f));
            let given = stated.is_some() || verb == "request";
            let url = stated.unwrap_or_else(|| if verb == "request" { Value::default() } else { value(0) });
            let base = base().or_else(|| option(code, site.call, &["base_url"], f).map(|e| code.value(e, f)));
            let kept = || kept_base(code, f).filter(|_| given);
            let target = match base.or_else(kept) {
                Some(base) if !url.to_string().contains("://") => paths::join(base, url),
                _ => url,
            };
            let method = option(code, site.call, &["method"], f).and_then(Expr::as_str).map(SmolStr::as_str);
            state("Req", if verb == "request" { method } else { Some(verb) }, target, sink);
        }
        "Finch" if verb == "build" => {
            state("Finch", site.call.arg(0).and_then(Expr::as_str).map(SmolStr::as_str), value(1), sink);
        }
        ":httpc" | "httpc" => {
            let list = site.call.arg(1).and_then(|e| match &e.kind {
                ExprKind::List(items) => items.first(),
                _ => None,
            });
            let target = list.map(|e| code.value(e, f)).unwrap_or_else(|| value(0));
            state("httpc", site.call.arg(0).and_then(Expr::as_str).map(SmolStr::as_str), target, sink);
        }
        // Tesla: in a module with its base address, or with a client as the first argument.
        "Tesla" | "" if VERBS.contains(&verb) => {
            let owner = code.owner(f);
            let tesla = on == "Tesla" || owner.is_some_and(|t| t.supers.iter().any(|s| s == "Tesla"));
            if !tesla {
                return;
            }
            let base = code.calls_named(&["plug"]).into_iter().find_map(|p| {
                let middleware = p.call.arg(0).and_then(Expr::path)?;
                let url = p.call.arg(1).filter(|_| middleware.ends_with("BaseUrl"))?;
                Some(code.value(url, p.function))
            });
            // `Tesla.client([{Tesla.Middleware.BaseUrl, url}])` in this file.
            let listed = || {
                let mut found = None;
                for s in code.calls() {
                    s.expr.walk(&mut |e| {
                        if let ExprKind::List(items) = &e.kind
                            && let [name, url] = items.as_slice()
                            && name.path().is_some_and(|p| p.ends_with("Middleware.BaseUrl"))
                        {
                            found = found.clone().or_else(|| Some(code.value(url, s.function)));
                        }
                    });
                }
                found
            };
            let paths_given: Vec<Value> =
                site.call.args.iter().filter(|a| a.name.is_none()).take(2).map(|a| code.value(&a.value, f)).collect();
            let path = paths_given.into_iter().find(|v| v.to_string().contains('/')).unwrap_or_default();
            let base: Option<Value> = base.or_else(listed);
            let target = match base {
                Some(base) if !path.to_string().contains("://") => paths::join(base, path),
                _ if absolute(&path) => path,
                _ => return,
            };
            state("Tesla", Some(verb), target, sink);
        }
        _ => {}
    }
}

/// `GRPC.Stub.connect("host:port")` and `Shop.Orders.Stub.place(channel, request)`.
fn grpc(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((path, method)) = callee.split_once(".Stub.") else { return };
    let connect = |s: &Site<'_>| s.call.arg(0).map(|e| code.value(e, s.function)).unwrap_or_default();
    let within = code.within(site.function);
    if path == "GRPC" {
        return;
    }
    // The channel usually comes from a helper of the same module.
    let dialled: Vec<Site<'_>> = code
        .calls_named(&["connect"])
        .into_iter()
        .filter(|s| code.callee(s.call, s.function) == "GRPC.Stub.connect")
        .collect();
    let target = match dialled.as_slice() {
        [only] => connect(only),
        _ => Value::default(),
    };
    let service = path.rsplit('.').next().unwrap_or(path);
    let operation = Some(format_smolstr!("{service}/{}", camel(method)));
    sink.stated(Claim::Call(Call { operation, ..call(Protocol::Grpc, "grpc", target, within) }), site.span());
}

/// Connections by function: module, product, documented default.
const OPENERS: &[(&str, System, &str)] = &[
    ("Redix.start_link", System::Redis, "localhost:6379"),
    ("Redix.PubSub.start_link", System::Redis, "localhost:6379"),
    ("Postgrex.start_link", System::Postgres, "localhost"),
    ("MyXQL.start_link", System::Mysql, "localhost"),
    ("Mongo.start_link", System::Mongo, "localhost:27017"),
    ("Xandra.start_link", System::Cassandra, "127.0.0.1:9042"),
    ("Memcachex.start_link", System::Memcached, "localhost:11211"),
    ("AMQP.Connection.open", System::Rabbit, "localhost"),
    ("Gnat.start_link", System::Nats, "localhost:4222"),
];

fn connections(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if let Some((name, system, default)) = OPENERS.iter().find(|o| o.0 == callee) {
        let client = name.split('.').next().unwrap_or(name);
        open(code, site.call, site.function, *system, client, default, site.span(), sink);
    }
}

#[expect(clippy::too_many_arguments, reason = "a call with its place and what is known of its library")]
fn open(
    code: &Code<'_>,
    call: &Invocation,
    f: usize,
    system: System,
    client: &str,
    default: &str,
    at: Span,
    sink: &mut Sink,
) {
    let value = |names: &[&str]| option(code, call, names, f).map(|e| code.value(e, f));
    let first =
        || call.arg(0).filter(|e| !matches!(e.kind, ExprKind::Object(_) | ExprKind::List(_))).map(|e| code.value(e, f));
    let stated = value(&["url", "hostname", "host", "nodes", "seeds"]).or_else(first).filter(|v| !v.is_empty());
    let inferred = stated.is_none();
    let address = stated.map(|h| host_port(h, value(&["port"]))).unwrap_or_else(|| default.into());
    let store =
        Store { system, address, database: value(&["database"]), client: client.into(), within: code.within(f) };
    match inferred {
        true => sink.inferred(Claim::Store(store), at),
        false => sink.stated(Claim::Store(store), at),
    }
}

/// `{Redix, host: "cache"}` and Broadway's producers among the children of a supervisor.
fn children(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        crate::code::ir::walk_stmts(&function.body, &mut |e| {
            let ExprKind::List(items) = &e.kind else { return };
            let Some(name) = items.first().and_then(Expr::path) else { return };
            let options = items.get(1);
            let value = |key: &str| options.and_then(|o| o.key(key)).map(|v| code.value(v, index));
            let within = code.within(index);
            if let Some((module, system, default)) =
                OPENERS.iter().find(|o| o.0.strip_suffix(".start_link") == Some(name.as_str()))
            {
                let stated = value("url").or_else(|| value("hostname")).or_else(|| value("host")).or_else(|| {
                    options.filter(|o| !matches!(o.kind, ExprKind::Object(_))).map(|o| code.value(o, index))
                });
                let address = stated.map(|h| host_port(h, value("port"))).unwrap_or_else(|| (*default).into());
                let client = module.split('.').next().unwrap_or(module).into();
                sink.stated(
                    Claim::Store(Store { system: *system, address, database: value("database"), client, within }),
                    e.span,
                );
            } else if name == "BroadwayRabbitMQ.Producer" {
                let queue = value("queue").unwrap_or_default();
                let connection = options.and_then(|o| o.key("connection"));
                let host = connection
                    .map(|c| c.key("host").map(|h| code.value(h, index)).unwrap_or_else(|| code.value(c, index)));
                let message = Message { address: host, ..message(System::Rabbit, false, queue, "Broadway", within) };
                sink.stated(Claim::Message(message), e.span);
            } else if name == "BroadwayKafka.Producer" {
                let hosts = value("hosts");
                let topics = match options.and_then(|o| o.key("topics")).map(|t| &t.kind) {
                    Some(ExprKind::List(topics)) => topics.iter().map(|t| code.value(t, index)).collect(),
                    _ => vec![value("topics").unwrap_or_default()],
                };
                for topic in topics {
                    let message = Message {
                        address: hosts.clone(),
                        group: value("group_id"),
                        ..message(System::Kafka, false, topic, "Broadway", within.clone())
                    };
                    sink.stated(Claim::Message(message), e.span);
                }
            } else if name == "BroadwaySQS.Producer" {
                let queue = value("queue_url").unwrap_or_default();
                sink.stated(Claim::Message(message(System::Sqs, false, queue, "Broadway", within)), e.span);
            }
        });
    }
}

fn messages(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let f = site.function;
    let within = code.within(f);
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, f)).unwrap_or_default();
    let broker = || {
        let opened = code
            .calls_named(&["open"])
            .into_iter()
            .find(|s| code.callee(s.call, s.function) == "AMQP.Connection.open")?;
        let stated = option(code, opened.call, &["host", "url"], opened.function).or_else(|| opened.call.arg(0))?;
        Some(code.value(stated, opened.function))
    };
    let message = match callee {
        "AMQP.Basic.publish" => {
            let (exchange, key) = (value(1), value(2));
            let topic = if exchange.is_empty() { key.clone() } else { Value::default() };
            Message {
                exchange: Some(exchange).filter(|e| !e.is_empty()),
                routing_key: Some(key).filter(|k| !k.is_empty()),
                ..message(System::Rabbit, true, topic, "amqp", within)
            }
        }
        "AMQP.Basic.consume" | "AMQP.Queue.subscribe" => message(System::Rabbit, false, value(1), "amqp", within),
        "AMQP.Queue.bind" => Message {
            exchange: Some(value(2)),
            routing_key: option(code, site.call, &["routing_key"], f).map(|e| code.value(e, f)),
            ..message(System::Rabbit, false, value(1), "amqp", within)
        },
        "KafkaEx.produce" | "Kaffe.Producer.produce_sync" | "Kaffe.Producer.produce" => {
            message(System::Kafka, true, value(0), "kafka", within)
        }
        ":brod.produce_sync" | ":brod.produce" | "brod.produce_sync" | "brod.produce" => {
            message(System::Kafka, true, value(1), "brod", within)
        }
        "Gnat.pub" | "Gnat.request" => message(System::Nats, true, value(1), "gnat", within),
        "Gnat.sub" => message(System::Nats, false, value(2), "gnat", within),
        _ => return,
    };
    let address = if message.system == System::Rabbit { broker() } else { None };
    sink.stated(Claim::Message(Message { address, ..message }), site.span());
}
