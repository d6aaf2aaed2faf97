//! Stores and brokers in C++. See `cpp_data.md`.

use super::{address, unknown};
use crate::code::cpp::type_text;
use crate::code::ir::{Expr, ExprKind, Stmt, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "cpp-data",
    version: 2,
    page: include_str!("cpp_data.md"),
    reads: Reads::Code { langs: &[Lang::Cpp], extract },
};

/// Functions that open a connection: name, system, position of the address, of a port (if apart), library.
const OPENS: &[(&str, System, usize, Option<usize>, &str)] = &[
    ("mongoc_uri_new", System::Mongo, 0, None, "mongo-c"),
    ("mongoc_uri_new_with_error", System::Mongo, 0, None, "mongo-c"),
    ("mongoc_client_new", System::Mongo, 0, None, "mongo-c"),
    ("memcached", System::Memcached, 0, None, "libmemcached"),
    ("memcached_pool", System::Memcached, 0, None, "libmemcached"),
    ("memcached_server_add", System::Memcached, 1, Some(2), "libmemcached"),
    ("memcached_server_list_append", System::Memcached, 1, Some(2), "libmemcached"),
    ("redisConnect", System::Redis, 0, Some(1), "hiredis"),
    ("redisConnectWithTimeout", System::Redis, 0, Some(1), "hiredis"),
    ("redisAsyncConnect", System::Redis, 0, Some(1), "hiredis"),
    ("PQconnectdb", System::Postgres, 0, None, "libpq"),
    ("mysql_real_connect", System::Mysql, 1, None, "libmysql"),
    ("cass_cluster_set_contact_points", System::Cassandra, 1, None, "cassandra-cpp"),
    ("amqp_socket_open", System::Rabbit, 1, Some(2), "rabbitmq-c"),
];

/// Types whose construction opens a connection: end of the type's name, system, library.
const MADE: &[(&str, System, &str)] = &[
    ("mongocxx::client", System::Mongo, "mongocxx"),
    ("mongocxx::pool", System::Mongo, "mongocxx"),
    ("mongocxx::uri", System::Mongo, "mongocxx"),
    ("pqxx::connection", System::Postgres, "libpqxx"),
    ("redis::Redis", System::Redis, "redis++"),
    ("redis::RedisCluster", System::Redis, "redis++"),
    ("AMQP::Address", System::Rabbit, "AMQP-CPP"),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        if site.call.new {
            made(code, site, sink);
            pooled(code, site, sink);
            built(code, site, sink);
        } else {
            opened(code, site, sink);
            built(code, site, sink);
            kafka(code, site, sink);
            rabbit(code, site, sink);
        }
    }
    for index in 0..code.unit.functions.len() {
        redis_options(code, index, sink);
        members(code, index, sink);
        listed(code, index, sink);
    }
}

fn store(code: &Code<'_>, function: usize, system: System, at: Value, client: &str, span: Span, sink: &mut Sink) {
    let store = Store { system, address: at, database: None, client: client.into(), within: code.within(function) };
    sink.stated(Claim::Store(store), span);
}

fn opened(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let name = site.call.name();
    let Some((_, system, position, port, client)) = OPENS.iter().find(|(n, ..)| *n == name) else {
        // MySQL Connector/C++: `driver->connect(host, user, password)`.
        if name == "connect" && site.call.args.len() == 3 && includes(code, "mysql") {
            let at = site.call.arg(0).map(|e| address(code, e, site.function)).unwrap_or_default();
            store(code, site.function, System::Mysql, at, "mysql-connector", site.span(), sink);
        }
        return;
    };
    let Some(argument) = site.call.arg(*position) else {
        return;
    };
    let mut at = address(code, argument, site.function);
    if *system == System::Memcached {
        at = configured(at);
    }
    if let Some(port) = port.and_then(|p| site.call.arg(p)).filter(|_| !at.is_empty()) {
        at = at.then(":".into()).then(code.value(port, site.function));
    }
    store(code, site.function, *system, at, client, site.span(), sink);
}

fn includes(code: &Code<'_>, word: &str) -> bool {
    code.unit.imports.iter().any(|i| i.path.contains(word))
}

/// libmemcached's options string: `--SERVER=host:port`.
fn configured(value: Value) -> Value {
    let mut out = Value::default();
    for (i, part) in value.parts.into_iter().enumerate() {
        match part {
            seam_facts::Part::Text(text) if i == 0 => {
                out.push_text(text.trim_start_matches("--SERVER=").trim_start_matches("--server="));
            }
            seam_facts::Part::Text(text) => out.push_text(text.split(" --").next().unwrap_or("")),
            hole @ seam_facts::Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

fn made(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let ty = site.call.type_args.first().map(SmolStr::as_str).unwrap_or("");
    let plain = ty.trim_start_matches("const ").split('<').next().unwrap_or(ty).trim();
    let named = |name: &&(&str, System, &str)| {
        let last = name.0.rsplit("::").next().unwrap_or(name.0);
        plain.ends_with(name.0) || plain == last && last.starts_with("Redis") && includes(code, "redis++")
    };
    let Some((_, system, client)) = MADE.iter().find(named) else {
        return;
    };
    let Some(argument) = site.call.arg(0) else {
        return;
    };
    let at = address(code, argument, site.function);
    // Options objects speak where their host is set.
    let known = !at.is_empty() && !matches!(at.as_hole(), Some(seam_facts::Hole::Result { .. }));
    if known {
        store(code, site.function, *system, at, client, site.span(), sink);
    }
}

/// A pool of a program's own, of clients that are called after Redis: `ClientPool<RedisClient> pool("x", addr, port, …)`.
fn pooled(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let ty = site.call.type_args.first().map(SmolStr::as_str).unwrap_or("");
    let inner = ty.split_once('<').map(|(_, inner)| inner).unwrap_or("");
    let client = |w: &str| w == "RedisClient" || w == "RedisConnection";
    if !inner.split(|c: char| !c.is_alphanumeric()).any(client) {
        return;
    }
    let named = |words: &[&str]| {
        let given = site.call.args.iter().map(|a| &a.value);
        given.clone().find(|e| {
            let path = e.path().unwrap_or_default().to_ascii_lowercase();
            words.iter().any(|w| path.contains(w))
        })
    };
    let Some(host) = named(&["addr", "host", "url"]) else { return };
    let mut at = address(code, host, site.function);
    if let Some(port) = named(&["port"]).filter(|_| !at.is_empty()) {
        at = at.then(":".into()).then(code.value(port, site.function));
    }
    store(code, site.function, System::Redis, at, "redis", site.span(), sink);
}

/// `db_(address)` of a constructor, where the field is a connection.
fn members(code: &Code<'_>, function: usize, sink: &mut Sink) {
    assigned(&code.function(function).body, &mut |target, value, span| {
        let ty = type_text(code, target, function);
        let plain = ty.split('<').next().unwrap_or("").trim();
        let Some((_, system, client)) = MADE.iter().find(|(name, ..)| plain.ends_with(name)) else { return };
        if matches!(&target.kind, ExprKind::Member(base, _) if matches!(&base.kind, ExprKind::Name(n) if n == "this"))
            && value.as_call().is_none_or(|c| !c.new)
        {
            let at = address(code, value, function);
            if !at.is_empty() {
                store(code, function, *system, at, client, span, sink);
            }
        }
    });
}

/// cppkafka's options: `{{"metadata.broker.list", brokers}, …}`.
fn listed(code: &Code<'_>, function: usize, sink: &mut Sink) {
    if !includes(code, "kafka") {
        return;
    }
    let mut found: Vec<&Expr> = Vec::new();
    walk_stmts(&code.function(function).body, &mut |e| {
        if let ExprKind::List(items) = &e.kind
            && let [Expr { kind: ExprKind::Str(key), .. }, servers] = items.as_slice()
            && matches!(key.as_str(), "metadata.broker.list" | "bootstrap.servers")
        {
            found.push(servers);
        }
    });
    for servers in found {
        let at = address(code, servers, function);
        store(code, function, System::Kafka, at, "cppkafka", servers.span, sink);
    }
}

/// cppkafka: `MessageBuilder("orders")`.
fn built(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let ty = site.call.type_args.first().map(SmolStr::as_str).unwrap_or("");
    if includes(code, "cppkafka") && (site.call.name() == "MessageBuilder" || ty.ends_with("MessageBuilder")) {
        let topic = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
        sink.stated(Claim::Message(message(code, site, System::Kafka, true, topic, "cppkafka")), site.span());
    }
}

/// redis++: `options.host = …; options.port = …;` of `ConnectionOptions`.
fn redis_options(code: &Code<'_>, function: usize, sink: &mut Sink) {
    if !includes(code, "redis") {
        return;
    }
    let mut hosts: Vec<(&Expr, &Expr, Span)> = Vec::new();
    assigned(&code.function(function).body, &mut |target, value, span| {
        if let ExprKind::Member(base, field) = &target.kind
            && field == "host"
            && type_text(code, base, function).contains("ConnectionOptions")
        {
            hosts.push((base, value, span));
        }
    });
    for (base, host, span) in hosts {
        let mut at = address(code, host, function);
        assigned(&code.function(function).body, &mut |target, value, _| {
            if let ExprKind::Member(on, field) = &target.kind
                && field == "port"
                && on.path() == base.path()
                && !at.to_string().ends_with(':')
            {
                at = std::mem::take(&mut at).then(":".into()).then(code.value(value, function));
            }
        });
        store(code, function, System::Redis, at, "redis++", span, sink);
    }
}

fn assigned<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr, Span)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, span, .. } => visit(target, value, *span),
            Stmt::Block { body, .. } => assigned(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

fn message(code: &Code<'_>, site: &Site<'_>, system: System, publish: bool, topic: Value, client: &str) -> Message {
    Message::to(
        system,
        publish,
        if unknown(&topic) { Value::default() } else { topic },
        client.into(),
        code.within(site.function),
    )
}

/// librdkafka in C and C++, cppkafka, modern-cpp-kafka.
fn kafka(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if !includes(code, "kafka") {
        return;
    }
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, site.function)).unwrap_or_default();
    let name = site.call.name();
    let first = (name == "rd_kafka_conf_set") as usize;
    match name {
        "set" | "rd_kafka_conf_set" if site.call.args.len() >= 2 => {
            let key = value(first).as_text();
            if matches!(key.as_deref(), Some("bootstrap.servers" | "metadata.broker.list")) {
                let at = site.call.arg(first + 1).map(|e| address(code, e, site.function)).unwrap_or_default();
                store(code, site.function, System::Kafka, at, "librdkafka", site.span(), sink);
            }
        }
        "produce" | "rd_kafka_topic_new" | "create" => {
            let position = if name == "produce" { 0 } else { 1 };
            let topic = value(position);
            let is_topic =
                name != "create" || site.call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("Topic"));
            if is_topic && topic.as_text().is_some_and(|t| !t.is_empty()) {
                sink.stated(Claim::Message(message(code, site, System::Kafka, true, topic, "librdkafka")), site.span());
            }
        }
        "subscribe" => {
            let topics = match site.call.arg(0).map(|e| &e.kind) {
                Some(ExprKind::List(items)) => items.iter().map(|i| code.value(i, site.function)).collect(),
                Some(_) => vec![value(0)],
                None => Vec::new(),
            };
            for topic in topics {
                sink.stated(
                    Claim::Message(message(code, site, System::Kafka, false, topic, "librdkafka")),
                    site.span(),
                );
            }
        }
        _ => {}
    }
}

/// AMQP-CPP and SimpleAmqpClient.
fn rabbit(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if !includes(code, "amqp") && !includes(code, "Amqp") {
        return;
    }
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, site.function)).filter(|v| !unknown(v));
    let found = match (site.call.name(), site.call.args.len()) {
        ("publish" | "BasicPublish", 3..) => {
            let mut found = message(code, site, System::Rabbit, true, Value::default(), "amqp");
            found.exchange = value(0);
            found.routing_key = value(1);
            if found.exchange.is_none() {
                found.topic = value(1).unwrap_or_default();
            }
            found
        }
        ("consume" | "BasicConsume", 1..) => {
            message(code, site, System::Rabbit, false, value(0).unwrap_or_default(), "amqp")
        }
        _ => return,
    };
    sink.stated(Claim::Message(found), site.span());
}
