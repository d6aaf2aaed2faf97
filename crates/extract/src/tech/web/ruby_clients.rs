//! Requests, gRPC, stores and messages of Ruby. See `ruby_clients.md`.

use super::shapes::{absolute, call, host_port, message, option, table_of};
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::{paths, sql};
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Access, AccessMode, Call, Claim, Endpoint, Message, Policy, PolicyKind, Protocol, SmolStr, Span, Store, System,
    Value, format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "ruby-clients",
    version: 3,
    page: include_str!("ruby_clients.md"),
    reads: Reads::Code { langs: &[Lang::Ruby], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    settings(code, sink);
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        requests(code, site, &callee, sink);
        grpc(code, site, &callee, sink);
        stores(code, site, &callee, sink);
        messages(code, site, &callee, sink);
        sql_text(code, site, sink);
    }
    classes(code, sink);
    flags(code, sink);
}

/// Sinatra's `set :name, value`, read as `settings.name`.
fn settings(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("sinatra") {
        return;
    }
    let mut state = |name: &str, value: Value, at: Span| {
        let symbol = format_smolstr!("settings.{name}");
        sink.stated(Claim::Constant(seam_facts::Constant { symbol, value }), at);
    };
    for site in code.calls_named(&["set"]) {
        match (site.call.arg(0).and_then(Expr::as_str), site.call.arg(1)) {
            (Some(name), Some(value)) => state(name, code.value(value, site.function), site.span()),
            _ => {
                for arg in &site.call.args {
                    if let Some(name) = &arg.name {
                        state(name, code.value(&arg.value, site.function), site.span());
                    }
                }
            }
        }
    }
}

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];

/// Libraries whose modules and objects have methods named after HTTP's.
const LIBRARIES: &[&str] = &[
    "Faraday",
    "HTTParty",
    "RestClient",
    "HTTP",
    "Typhoeus",
    "Excon",
    "HTTPX",
    "HTTPClient",
    "Curl",
    "Patron::Session",
    "RestClient::Resource",
    "Mechanize",
];

fn requests(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let f = site.function;
    let within = code.within(f);
    let method_of = |n: &str| Some(SmolStr::from(n.to_uppercase()));
    let (on, last) = callee.rsplit_once('.').unwrap_or(("", callee));
    let on = on.trim_end_matches("()");
    let state = |client: &str, method: Option<SmolStr>, target: Value, sink: &mut Sink| {
        if !target.is_empty() {
            sink.stated(
                Claim::Call(Call { method, ..call(Protocol::Http, client, target, within.clone()) }),
                site.span(),
            );
        }
    };
    // `Net::HTTP::Post.new(uri)`, `Net::HTTP.get(uri)`, `http.get(path)` of a started connection.
    if let Some(rest) = callee.strip_prefix("Net::HTTP") {
        if let Some(verb) = rest.strip_prefix("::").filter(|_| site.call.new) {
            if VERBS.contains(&verb.to_ascii_lowercase().as_str()) {
                let path = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
                let target = if absolute(&path) { path } else { paths::join(connection(code, f), path) };
                state("Net::HTTP", method_of(verb), target, sink);
            }
        } else if matches!(rest, ".get" | ".get_response" | ".post" | ".post_form" | ".put" | ".delete") {
            let verb = if rest.starts_with(".get") {
                "GET"
            } else if rest.starts_with(".post") {
                "POST"
            } else {
                &rest[1..]
            };
            let path = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
            let bare_host = !path.to_string().contains("://") && path.as_text().is_some() && site.call.arg(1).is_some();
            let target = match bare_host {
                // `Net::HTTP.get("host", "/path")`.
                true if !path.to_string().starts_with('/') => {
                    path.then(site.call.arg(1).map(|e| code.value(e, f)).unwrap_or_default())
                }
                _ if absolute(&path) => path,
                _ => paths::join(connection(code, f), path),
            };
            state("Net::HTTP", method_of(verb), target, sink);
        }
        timeouts(code, site, sink);
        return;
    }
    if matches!(callee, "URI.open" | "OpenURI.open_uri") || callee == "open" && code.imports("open-uri") {
        let target = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
        if target.to_string().contains("http") || target.as_text().is_none() {
            state("open-uri", method_of("get"), target, sink);
        }
        return;
    }
    if callee == "RestClient::Request.execute" || callee == "Typhoeus::Request" || callee == "HTTParty.send" {
        let target = option(code, site.call, &["url"], f).or_else(|| site.call.arg(0)).map(|e| code.value(e, f));
        let method = option(code, site.call, &["method"], f).and_then(|e| e.as_str()).and_then(|m| method_of(m));
        state("RestClient", method, target.unwrap_or_default(), sink);
        return;
    }
    if !VERBS.contains(&last) && (last != "run_request") {
        return;
    }
    // A class that mixes in HTTParty calls `get` on itself, below its `base_uri`.
    let own = code.owner(f).filter(|t| t.supers.iter().any(|s| s == "HTTParty"));
    let own = own.filter(|t| on.is_empty() || on == t.name || on == "this" || on.ends_with(".class"));
    if let Some(ty) = own {
        let base = code
            .calls_named(&["base_uri"])
            .into_iter()
            .find(|b| code.function(b.function).owner == ty.name)
            .and_then(|b| b.call.arg(0).map(|e| code.value(e, b.function)));
        let path = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
        let target = if path.to_string().contains("://") { path } else { paths::join(base.unwrap_or_default(), path) };
        return state("HTTParty", method_of(name), target, sink);
    }
    let Some(library) = LIBRARIES
        .iter()
        .find(|l| on == **l || on.strip_prefix(**l).is_some_and(|r| r.starts_with('.') || r.starts_with("::")))
    else {
        return faraday_by_name(code, site, on, sink);
    };
    let url = site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
    let base = site.call.receiver().and_then(|r| code.maker(r, f)).and_then(|(made, function)| {
        let stated = option(code, made, &["url", "base_url", "origin"], function).or_else(|| made.arg(0))?;
        Some(code.value(stated, function))
    });
    let explicit = url.to_string().contains("://");
    let target = match base {
        Some(base) if !explicit => paths::join(base, url),
        _ => url,
    };
    state(library, method_of(name), target, sink);
}

/// `conn.get("/path")` where a method or another file makes the connection.
fn faraday_by_name(code: &Code<'_>, site: &Site<'_>, on: &str, sink: &mut Sink) {
    let last = on.rsplit('.').next().unwrap_or("");
    let http = code.imports("faraday");
    let made_here = code.calls().iter().find(|s| s.call.new && s.call.callee.path().as_deref() == Some("Faraday"));
    if !matches!(last, "connection" | "conn" | "client" | "http" | "http_client" | "faraday")
        || !(http || made_here.is_some())
    {
        return;
    }
    let Some(path) = site.call.arg(0).map(|e| code.value(e, site.function)) else { return };
    let base = made_here.and_then(|made| {
        let stated = option(code, made.call, &["url"], made.function).or_else(|| made.call.arg(0))?;
        Some(code.value(stated, made.function))
    });
    let target = match base {
        Some(base) if !path.to_string().contains("://") => paths::join(base, path),
        _ => path,
    };
    let method = Some(site.call.name().to_uppercase().into());
    let within = code.within(site.function);
    sink.stated(Claim::Call(Call { method, ..call(Protocol::Http, "Faraday", target, within) }), site.span());
}

/// The host that `Net::HTTP.new` or `Net::HTTP.start` of the same function, or else of the file, connects to.
fn connection(code: &Code<'_>, function: usize) -> Value {
    let sites = code.calls();
    let mut found = sites.iter().filter(|s| {
        let callee = code.callee(s.call, s.function);
        s.call.new && callee == "Net::HTTP" || callee == "Net::HTTP.start"
    });
    let near = found.clone().find(|s| code.within(s.function) == code.within(function));
    let Some(site) = near.or_else(|| found.next()) else {
        return Value::default();
    };
    let host = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
    let port = site.call.arg(1).map(|e| code.value(e, site.function)).filter(|p| p.as_text().is_some());
    host_port(host, port)
}

/// `http.read_timeout = 5`, `Faraday.new(request: { timeout: 5 })`, `timeout: 5` at the request.
fn timeouts(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let stated = ["read_timeout", "open_timeout", "timeout"].iter().find_map(|n| site.call.named(n));
    if let Some(ExprKind::Num(seconds)) = stated.map(|e| &e.kind)
        && let Ok(seconds) = seconds.parse::<f64>()
    {
        let within = code.within(site.function);
        let policy = Policy {
            kind: PolicyKind::Timeout,
            on: within.clone(),
            attempts: None,
            millis: Some(Value::text(format_smolstr!("{}", (seconds * 1000.0).round()))),
            detail: "Net::HTTP".into(),
            within,
        };
        sink.stated(Claim::Policy(policy), site.span());
    }
}

/// `Shop::Orders::Stub.new(address, credentials)` and its methods; `class X < Shop::Orders::Service`.
fn grpc(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((path, rest)) = callee.split_once("::Stub") else { return };
    let service = path.rsplit("::").next().unwrap_or(path);
    let within = code.within(site.function);
    let state = |operation: SmolStr, target: Value, sink: &mut Sink| {
        let call = Call { operation: Some(operation), ..call(Protocol::Grpc, "grpc", target, within.clone()) };
        sink.stated(Claim::Call(call), site.span());
    };
    if site.call.new && rest.is_empty() {
        let target = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
        state(format_smolstr!("{service}/<stub>"), target, sink);
    } else if let Some(method) = rest.strip_prefix('.').filter(|m| !m.contains('.')) {
        let made = site.call.receiver().and_then(|r| code.maker(r, site.function));
        let target = made.and_then(|(made, function)| Some(code.value(made.arg(0)?, function))).unwrap_or_default();
        let method: String = method
            .split('_')
            .filter_map(|w| Some(w.chars().next()?.to_uppercase().collect::<String>() + w.get(1..).unwrap_or("")))
            .collect();
        state(format_smolstr!("{service}/{method}"), target, sink);
    }
}

/// What opens a connection: callee (a `.` where it is a plain method), product, documented default.
const OPENERS: &[(&str, System, &str)] = &[
    ("Redis", System::Redis, "localhost:6379"),
    ("RedisClient.config", System::Redis, "localhost:6379"),
    ("Redis::Namespace", System::Redis, ""),
    ("Redic", System::Redis, "redis://127.0.0.1:6379"),
    ("Ohm.connect", System::Redis, "redis://127.0.0.1:6379"),
    ("PG.connect", System::Postgres, ""),
    ("PG::Connection", System::Postgres, ""),
    ("PG::Connection.open", System::Postgres, ""),
    ("PGconn.connect", System::Postgres, ""),
    ("Mysql2::Client", System::Mysql, "localhost"),
    ("Trilogy", System::Mysql, ""),
    ("Mongo::Client", System::Mongo, ""),
    ("Sequel.connect", System::Sql, ""),
    ("ROM.container", System::Sql, ""),
    ("ActiveRecord::Base.establish_connection", System::Sql, ""),
    ("DataMapper.setup", System::Sql, ""),
    ("Dalli::Client", System::Memcached, "localhost:11211"),
    ("Elasticsearch::Client", System::Elasticsearch, "localhost:9200"),
    ("OpenSearch::Client", System::Elasticsearch, "localhost:9200"),
    ("Cassandra.cluster", System::Cassandra, "127.0.0.1"),
    ("Neo4j::Driver::GraphDatabase.driver", System::Neo4j, ""),
    ("InfluxDB2::Client", System::Influx, ""),
    ("InfluxDB::Client", System::Influx, ""),
    ("SQLite3::Database", System::Sqlite, ""),
    ("Bunny", System::Rabbit, "amqp://guest:guest@localhost:5672"),
    ("MarchHare.connect", System::Rabbit, ""),
    ("Kafka", System::Kafka, ""),
    ("NATS.connect", System::Nats, "nats://localhost:4222"),
    ("Aws::DynamoDB::Client", System::Dynamo, "dynamodb.amazonaws.com"),
    ("Aws::S3::Client", System::Objects, "s3.amazonaws.com"),
    ("Aws::S3::Resource", System::Objects, "s3.amazonaws.com"),
    ("Aws::SQS::Client", System::Sqs, "sqs.amazonaws.com"),
    ("Aws::SNS::Client", System::Sns, "sns.amazonaws.com"),
];

fn stores(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((name, system, default)) = OPENERS.iter().find(|o| o.0 == callee) else {
        return;
    };
    // A type's name alone is a construction.
    if !name.contains('.') && !site.call.new {
        return;
    }
    let f = site.function;
    let value = |names: &[&str]| option(code, site.call, names, f).map(|e| code.value(e, f));
    let first = || site.call.arg(0).filter(|e| !matches!(e.kind, ExprKind::Object(_))).map(|e| code.value(e, f));
    let stated =
        value(&["url", "uri", "host", "hosts", "hostname", "endpoint", "servers", "seed_brokers"]).or_else(first);
    let address = stated.map(|host| host_port(host, value(&["port"]))).filter(|v| !v.is_empty());
    let system = match address.as_ref().map(|a| a.to_string()) {
        Some(text) if *system == System::Sql => {
            adapter(value(&["adapter"]).map(|v| v.to_string()).unwrap_or(text).as_str())
        }
        _ => *system,
    };
    let inferred = address.is_none();
    let store = Store {
        system,
        address: address.unwrap_or_else(|| (*default).into()),
        database: value(&["dbname", "database"]),
        client: name.split(['.', ':']).next().unwrap_or(name).into(),
        within: code.within(f),
    };
    match inferred {
        true => sink.inferred(Claim::Store(store), site.span()),
        false => sink.stated(Claim::Store(store), site.span()),
    }
}

fn adapter(text: &str) -> System {
    let products = [
        ("postg", System::Postgres),
        ("mysql", System::Mysql),
        ("sqlite", System::Sqlite),
        ("sqlserver", System::SqlServer),
    ];
    products.iter().find(|(word, _)| text.contains(word)).map_or(System::Sql, |(_, s)| *s)
}

fn sql_text(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if !matches!(
        site.call.name(),
        "exec" | "exec_params" | "query" | "execute" | "prepare" | "find_by_sql" | "async_exec"
    ) {
        return;
    }
    for arg in site.call.args.iter().take(2) {
        for (name, mode) in sql::tables(&code.value(&arg.value, site.function).to_string()) {
            let access = Access { system: None, name: Value::text(name), mode, within: code.within(site.function) };
            sink.stated(Claim::Access(access), site.span());
        }
    }
}

fn messages(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let f = site.function;
    let within = code.within(f);
    let value = |names: &[&str]| option(code, site.call, names, f).map(|e| code.value(e, f));
    let first = || site.call.arg(0).map(|e| code.value(e, f)).unwrap_or_default();
    let made_name = |expr: &Expr| {
        // `channel.queue("q")`, `channel.topic("x")`, in place or through a variable of this function.
        let path = expr.path();
        let made = expr.as_call().cloned().or_else(|| {
            code.calls().iter().find_map(|s| {
                let named = matches!(s.call.name(), "queue" | "topic" | "direct" | "fanout" | "headers" | "exchange");
                let assigned = assigned_to(code, s.expr.span);
                (named && path.is_some() && assigned == path).then(|| s.call.clone())
            })
        })?;
        let kind = made.name().to_owned();
        Some((kind, code.value(made.arg(0)?, f)))
    };
    let bunny = ["bunny", "march_hare", "sneakers"].iter().any(|m| code.imports(m))
        || callee.contains("Bunny")
        || callee.contains("channel");
    match site.call.name() {
        "publish" if callee.contains("Sneakers::Publisher") => {
            let topic = value(&["to_queue", "routing_key"]).unwrap_or_default();
            sink.stated(Claim::Message(message(System::Rabbit, true, topic, "sneakers", within)), site.span());
        }
        "publish" if bunny => {
            let key = value(&["routing_key", "key"]);
            let exchange = site.call.receiver().and_then(made_name);
            let (topic, exchange) = match exchange {
                Some((kind, name)) if kind == "queue" => (name, None),
                Some((_, name)) => (Value::default(), Some(name)),
                None => (key.clone().unwrap_or_default(), None),
            };
            let message =
                Message { exchange, routing_key: key, ..message(System::Rabbit, true, topic, "bunny", within) };
            sink.stated(Claim::Message(message), site.span());
        }
        "subscribe" if bunny => {
            let queue = site.call.receiver().and_then(made_name).map(|(_, name)| name).unwrap_or_default();
            sink.stated(Claim::Message(message(System::Rabbit, false, queue, "bunny", within)), site.span());
        }
        "bind" if bunny => {
            let Some(queue) = site.call.receiver().and_then(made_name) else { return };
            let exchange = site.call.arg(0).and_then(made_name).map(|(_, name)| name).or_else(|| Some(first()));
            let message = Message {
                exchange,
                routing_key: value(&["routing_key"]),
                ..message(System::Rabbit, false, queue.1, "bunny", within)
            };
            sink.stated(Claim::Message(message), site.span());
        }
        "from_queue" => {
            sink.stated(Claim::Message(message(System::Rabbit, false, first(), "sneakers", within)), site.span())
        }
        "deliver_message" | "produce_async" | "produce_sync" | "deliver_async" => {
            let topic = value(&["topic"]).unwrap_or_default();
            sink.stated(Claim::Message(message(System::Kafka, true, topic, "kafka", within)), site.span());
        }
        "produce" if ["kafka", "rdkafka"].iter().any(|m| code.imports(m)) || callee.contains("afka") => {
            let topic = value(&["topic"]).unwrap_or_default();
            sink.stated(Claim::Message(message(System::Kafka, true, topic, "kafka", within)), site.span());
        }
        "subscribe" if callee.contains("afka") || code.imports("rdkafka") || code.imports("kafka") => {
            sink.stated(Claim::Message(message(System::Kafka, false, first(), "kafka", within)), site.span());
        }
        "subscribes_to" => {
            sink.stated(Claim::Message(message(System::Kafka, false, first(), "racecar", within)), site.span())
        }
        "topic" if code.unit.types.iter().any(|t| t.supers.iter().any(|s| s.contains("Karafka::App"))) => {
            sink.stated(Claim::Message(message(System::Kafka, false, first(), "karafka", within)), site.span());
        }
        "perform_async" | "perform_in" | "perform_at" | "perform_later" => {
            let client = if site.call.name() == "perform_later" { "ActiveJob" } else { "sidekiq" };
            let system = if client == "sidekiq" { System::Redis } else { System::Bus };
            let payload = site.call.receiver().and_then(Expr::path).map(SmolStr::from);
            let message = Message { payload, ..message(system, true, "default".into(), client, within) };
            sink.inferred(Claim::Message(message), site.span());
        }
        "publish" if callee.starts_with("Redis.") || callee.starts_with("NATS.") => {
            let (system, client) =
                if callee.starts_with("Redis") { (System::Redis, "redis") } else { (System::Nats, "nats") };
            sink.stated(Claim::Message(message(system, true, first(), client, within)), site.span());
        }
        "subscribe" if callee.starts_with("Redis.") || callee.starts_with("NATS.") => {
            let (system, client) =
                if callee.starts_with("Redis") { (System::Redis, "redis") } else { (System::Nats, "nats") };
            sink.stated(Claim::Message(message(system, false, first(), client, within)), site.span());
        }
        "send_message" | "receive_message" if callee.contains("SQS") || value(&["queue_url"]).is_some() => {
            let publish = site.call.name() == "send_message";
            let topic = value(&["queue_url"]).unwrap_or_default();
            sink.stated(Claim::Message(message(System::Sqs, publish, topic, "aws-sdk", within)), site.span());
        }
        _ => {}
    }
}

/// The name that the value standing at this place is assigned to.
fn assigned_to(code: &Code<'_>, at: Span) -> Option<String> {
    fn walk(stmts: &[Stmt], at: Span) -> Option<String> {
        stmts.iter().find_map(|s| match s {
            Stmt::Assign { target, value, .. } if value.span == at => target.path(),
            Stmt::Block { body, .. } => walk(body, at),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => None,
        })
    }
    code.unit.functions.iter().find_map(|f| walk(&f.body, at))
}

/// Models, workers and services, which are what they extend or mix in.
fn classes(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let extends = |words: &[&str]| ty.supers.iter().any(|s| words.contains(&s.as_str()));
        let in_class =
            |names: &[&str]| code.calls_named(names).into_iter().find(|s| code.function(s.function).owner == ty.name);
        if extends(&["ApplicationRecord", "ActiveRecord::Base", "Sequel::Model"]) && ty.name != "ApplicationRecord" {
            // Rails takes `DATABASE_URL` over `config/database.yml`.
            let address = Value::either([
                Value::env("DATABASE_URL", None),
                Value::config("database.url", None),
                Value::config("database.host", None),
            ]);
            let store = Store {
                system: System::Sql,
                address,
                database: None,
                client: "ActiveRecord".into(),
                within: ty.name.clone(),
            };
            sink.inferred(Claim::Store(store), ty.span);
            let access = Access {
                system: None,
                name: Value::text(table_of(&ty.name)),
                mode: AccessMode::Declare,
                within: ty.name.clone(),
            };
            sink.inferred(Claim::Access(access), ty.span);
        }
        // A resource's site may be given to it or to what it extends.
        if extends(&["ActiveResource::Base"]) {
            let site = Value::reference(format_smolstr!("{}.site", ty.name));
            let target = paths::join(site, Value::text(format_smolstr!("/{}", table_of(&ty.name))));
            sink.stated(Claim::Call(call(Protocol::Http, "ActiveResource", target, ty.name.clone())), ty.span);
        }
        if extends(&["Mongoid::Document"]) {
            let address = Value::either([
                Value::env("MONGODB_URI", None),
                Value::config("clients.default.uri", None),
                Value::config("clients.default.hosts", None),
            ]);
            let store = Store {
                system: System::Mongo,
                address,
                database: None,
                client: "mongoid".into(),
                within: ty.name.clone(),
            };
            sink.inferred(Claim::Store(store), ty.span);
            let access = Access {
                system: Some(System::Mongo),
                name: Value::text(table_of(&ty.name)),
                mode: AccessMode::Declare,
                within: ty.name.clone(),
            };
            sink.inferred(Claim::Access(access), ty.span);
        }
        let sidekiq = extends(&["Sidekiq::Worker", "Sidekiq::Job"]);
        if sidekiq || extends(&["ApplicationJob", "ActiveJob::Base"]) {
            let stated = in_class(&["sidekiq_options", "queue_as"]);
            let queue =
                stated.and_then(|s| s.call.named("queue").or_else(|| s.call.arg(0)).map(|e| code.value(e, s.function)));
            let (system, client) = if sidekiq { (System::Redis, "sidekiq") } else { (System::Bus, "ActiveJob") };
            let message = Message {
                payload: Some(ty.name.clone()),
                // Sidekiq's documented variable and default.
                address: sidekiq.then(|| Value::env("REDIS_URL", Some("redis://localhost:6379/0".into()))),
                ..message(system, false, queue.unwrap_or_else(|| "default".into()), client, ty.name.clone())
            };
            sink.inferred(Claim::Message(message), ty.span);
        }
        for parent in &ty.supers {
            let Some(path) = parent.strip_suffix("::Service").filter(|p| p.contains("::")) else { continue };
            let service = path.rsplit("::").next().unwrap_or(path);
            for method in code.unit.functions.iter().filter(|m| m.owner == ty.name && !m.name.starts_with('<')) {
                let name: String = method
                    .name
                    .split('_')
                    .filter_map(|w| {
                        Some(w.chars().next()?.to_uppercase().collect::<String>() + w.get(1..).unwrap_or(""))
                    })
                    .collect();
                let endpoint = Endpoint {
                    protocol: Protocol::Grpc,
                    method: None,
                    path: Value::text(format_smolstr!("{service}/{name}")),
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

/// OpenFeature's flagd provider, with the documented defaults of `FLAGD_HOST` and `FLAGD_PORT`.
fn flags(code: &Code<'_>, sink: &mut Sink) {
    let mut provider: Option<(Span, SmolStr, usize)> = None;
    for (index, function) in code.unit.functions.iter().enumerate() {
        crate::code::ir::walk_stmts(&function.body, &mut |e| {
            if provider.is_none() && e.path().is_some_and(|p| p.starts_with("OpenFeature::Flagd::Provider")) {
                provider = Some((e.span, code.within(index), index));
            }
        });
    }
    let Some((at, within, _)) = provider else { return };
    let part = |name: &str, variable: &str, default: &str| {
        code.calls_named(&["configure"])
            .into_iter()
            .find_map(|s| {
                let ExprKind::Lambda(index) = s.call.named("&")?.kind else { return None };
                code.unit.functions[index].body.iter().find_map(|stmt| match stmt {
                    Stmt::Assign { target: Expr { kind: ExprKind::Member(_, member), .. }, value, .. }
                        if member == name =>
                    {
                        Some(code.value(value, index))
                    }
                    _ => None,
                })
            })
            .unwrap_or_else(|| Value::env(variable, Some(default.into())))
    };
    let target = host_port(part("host", "FLAGD_HOST", "localhost"), Some(part("port", "FLAGD_PORT", "8013")));
    sink.inferred(Claim::Call(call(Protocol::Grpc, "openfeature flagd", target, within)), at);
}
