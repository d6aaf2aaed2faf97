//! Requests, stores, messages and configuration of PHP. See `php_clients.md`.

use super::shapes::{call, host_port, message, option, table_of};
use crate::code::ir::{Expr, ExprKind, Stmt, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::verbs::Verb;
use crate::tech::{paths, sql};
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Access, AccessMode, Argument, Claim, Message, Pass, Policy, PolicyKind, Protocol, Setting, SettingScope, SmolStr,
    Store, System, Value, format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "php-clients",
    version: 2,
    page: include_str!("php_clients.md"),
    reads: Reads::Code { langs: &[Lang::Php], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        requests(code, site, &callee, sink);
        stores(code, site, &callee, sink);
        messages(code, site, &callee, sink);
        container(code, site, sink);
        if matches!(
            site.call.name(),
            "query"
                | "prepare"
                | "exec"
                | "executeQuery"
                | "executeStatement"
                | "mysqli_query"
                | "select"
                | "statement"
        ) {
            for arg in site.call.args.iter().take(2) {
                for (name, mode) in sql::tables(&code.value(&arg.value, site.function).to_string()) {
                    let access =
                        Access { system: None, name: Value::text(name), mode, within: code.within(site.function) };
                    sink.stated(Claim::Access(access), site.span());
                }
            }
        }
    }
    classes(code, sink);
    arrays(code, sink);
}

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head"];

fn requests(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (name, f) = (site.call.name(), site.function);
    let within = code.within(f);
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, f)).unwrap_or_default();
    let state = |client: &str, verb: Verb, target: Value, sink: &mut Sink| {
        if !target.is_empty() {
            sink.stated(Claim::Call(verb.on(call(Protocol::Http, client, target, within.clone()))), site.span());
        }
    };
    match callee {
        "curl_init" => return state("curl", curl_method(code, f).into(), value(0), sink),
        "curl_setopt" => {
            let option = site.call.arg(1).and_then(Expr::path).unwrap_or_default();
            if option == "CURLOPT_URL" {
                state("curl", curl_method(code, f).into(), value(2), sink);
            } else if let ("CURLOPT_TIMEOUT" | "CURLOPT_TIMEOUT_MS", Some(n)) = (option.as_str(), value(2).as_text()) {
                let millis = if option.ends_with("_MS") { n } else { format_smolstr!("{n}000") };
                timeout(millis, "curl", within, site, sink);
            }
            return;
        }
        "curl_setopt_array" => {
            let url = site
                .call
                .arg(1)
                .and_then(|e| code.literal(e, f))
                .and_then(|(e, f)| Some(code.value(e.key("CURLOPT_URL")?, f)));
            return state("curl", curl_method(code, f).into(), url.unwrap_or_default(), sink);
        }
        "file_get_contents" | "fopen" => {
            let target = value(0);
            if target.to_string().contains("http") {
                state("file_get_contents", Some(SmolStr::from("GET")).into(), target, sink);
            }
            return;
        }
        // Laravel's helper: `retry(3, fn () => …, 100)`.
        "retry"
            if site.call.args.len() > 1 && matches!(site.call.arg(1).map(|e| &e.kind), Some(ExprKind::Lambda(_))) =>
        {
            let pause = site.call.arg(2).map_or_else(|| "0".into(), |e| code.value(e, f));
            let detail = "Laravel retry";
            sink.stated(Claim::Policy(retried(within.clone(), Some(value(0)), Some(pause), detail)), site.span());
            return;
        }
        "SoapClient" if site.call.new => return state("SoapClient", Verb::default(), value(0), sink),
        _ => {}
    }
    if name == "retry" && site.call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("Middleware")) {
        return decided(code, site, within, sink);
    }
    let verb = name.strip_suffix("Async").unwrap_or(name);
    // `Http::timeout(3)->{$method}($url)`: a helper that is told the method.
    let param = || code.outermost(f).params.iter().any(|p| p.name.trim_start_matches('$') == name);
    let told = name.starts_with(['{', '$']) || matches!(name, "method" | "verb") && param();
    if !(VERBS.contains(&verb) || matches!(verb, "request" | "send") || told) {
        return;
    }
    let Some(receiver) = site.call.receiver() else { return };
    let (method, url) = match verb {
        _ if told => {
            let method = Expr::name(name.trim_matches(['{', '}', '$']), site.expr.span);
            (Verb::of(code.value(&method, f)), value(0))
        }
        "send" if site.call.arg(1).is_none() => return,
        "request" | "send" => (site.call.arg(0).map(|e| Verb::of(code.value(e, f))).unwrap_or_default(), value(1)),
        verb => (Some(SmolStr::from(verb.to_uppercase())).into(), value(0)),
    };
    // Laravel's facade: `Http::baseUrl(…)->timeout(3)->get('/x')`.
    let mut at = receiver;
    let mut base = Value::default();
    while let ExprKind::Call(inner) = &at.kind {
        match inner.name() {
            "baseUrl" => base = inner.arg(0).map(|e| code.value(e, f)).unwrap_or_default(),
            "timeout" => {
                let seconds = inner.arg(0).and_then(|e| code.value(e, f).as_text()?.parse::<f64>().ok());
                if let Some(n) = seconds {
                    timeout(format_smolstr!("{}", (n * 1000.0).round()), "Laravel Http", within.clone(), site, sink);
                }
            }
            "retry" => {
                let policy = Policy {
                    kind: PolicyKind::Retry,
                    on: within.clone(),
                    attempts: inner.arg(0).map(|e| code.value(e, f)),
                    // Without a second argument the attempts follow at once.
                    millis: Some(inner.arg(1).map_or_else(|| "0".into(), |e| code.value(e, f))),
                    detail: "Laravel Http".into(),
                    within: within.clone(),
                };
                sink.stated(Claim::Policy(policy), site.span());
            }
            _ => {}
        }
        match inner.receiver() {
            Some(inner) => at = inner,
            None => break,
        }
    }
    let origin = code.origin(at, f);
    if origin == "Http" && code.unit.imports.iter().any(|i| i.alias == "Http") {
        let target = if url.to_string().contains("://") { url } else { paths::join(base, url) };
        return state("Laravel Http", method, target, sink);
    }
    if told || verb == "send" {
        return;
    }
    let guzzle = code.unit.imports.iter().any(|i| i.path.starts_with("GuzzleHttp"));
    let symfony = code.unit.imports.iter().any(|i| i.path.contains("HttpClient"));
    let client = match origin.as_str() {
        "Client" | "ClientInterface" | "GuzzleClient" if guzzle => "Guzzle",
        "HttpClientInterface" => "Symfony HttpClient",
        _ if symfony && origin.starts_with("HttpClient.create") => "Symfony HttpClient",
        _ => return,
    };
    let made = code.maker(receiver, f);
    let base =
        made.and_then(|(made, function)| Some(code.value(option(code, made, &["base_uri"], function)?, function)));
    let seconds = option(code, site.call, &["timeout"], f)
        .or_else(|| made.and_then(|(made, function)| option(code, made, &["timeout"], function)));
    if let Some(seconds) = seconds.and_then(|e| code.value(e, f).as_text()).and_then(|t| t.parse::<f64>().ok()) {
        timeout(format_smolstr!("{}", (seconds * 1000.0).round()), client, within.clone(), site, sink);
    }
    let target = match base {
        Some(base) if !url.to_string().contains("://") => paths::join(base, url),
        None if matches!(url.parts.first(), Some(seam_facts::Part::Text(t)) if !t.contains("://")) => {
            let holder = receiver.path().unwrap_or_default();
            let holder =
                holder.strip_prefix("this.").map(|r| format!("{}.{r}", code.function(f).owner)).unwrap_or(holder);
            paths::join(Value::reference(format!("{holder}.<base>")), url)
        }
        _ => url,
    };
    state(client, method, target, sink);
}

/// `Middleware::retry($decider, $delay)` of Guzzle, which waits longer each time unless a function says how long.
fn decided(code: &Code<'_>, site: &Site<'_>, within: SmolStr, sink: &mut Sink) {
    let Some(ExprKind::Lambda(decider)) = site.call.arg(0).map(|e| &e.kind) else { return };
    let mut most = None;
    walk_stmts(&code.function(*decider).body, &mut |e| {
        if let ExprKind::Num(n) = &e.kind
            && let Ok(n) = n.parse::<u64>()
            && n < 100
        {
            most.get_or_insert(n + 1);
        }
    });
    let most = most.map(|n: u64| Value::text(format_smolstr!("{n}")));
    sink.stated(Claim::Policy(retried(within, most, None, "Guzzle, exponential")), site.span());
}

fn retried(within: SmolStr, attempts: Option<Value>, millis: Option<Value>, detail: &str) -> Policy {
    Policy { kind: PolicyKind::Retry, on: within.clone(), attempts, millis, detail: detail.into(), within }
}

fn timeout(millis: SmolStr, client: &str, within: SmolStr, site: &Site<'_>, sink: &mut Sink) {
    let policy = Policy {
        kind: PolicyKind::Timeout,
        on: within.clone(),
        attempts: None,
        millis: Some(Value::text(millis)),
        detail: client.into(),
        within,
    };
    sink.stated(Claim::Policy(policy), site.span());
}

/// The method that the options of the same function's curl handle name; GET if none does.
fn curl_method(code: &Code<'_>, function: usize) -> Option<SmolStr> {
    let options = code.calls().iter().filter(|s| s.function == function && s.call.name().starts_with("curl_setopt"));
    for site in options {
        let named = site.call.arg(1).and_then(Expr::path).unwrap_or_default();
        let list = site.call.arg(1).and_then(|e| code.literal(e, function)).map(|(e, _)| e);
        let custom = if named == "CURLOPT_CUSTOMREQUEST" {
            site.call.arg(2)
        } else {
            list.and_then(|l| l.key("CURLOPT_CUSTOMREQUEST"))
        };
        if let Some(method) = custom.and_then(|e| code.value(e, function).as_text()) {
            return Some(method.to_uppercase().into());
        }
        if matches!(named.as_str(), "CURLOPT_POST" | "CURLOPT_POSTFIELDS")
            || list.is_some_and(|l| l.key("CURLOPT_POST").is_some() || l.key("CURLOPT_POSTFIELDS").is_some())
        {
            return Some("POST".into());
        }
    }
    Some("GET".into())
}

fn stores(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let f = site.function;
    let from = |namespace: &str| {
        code.unit.imports.iter().any(|i| i.path.starts_with(namespace) || i.name.as_deref() == Some(namespace))
    };
    let value =
        |i: usize| site.call.arg(i).filter(|e| !matches!(e.kind, ExprKind::Object(_))).map(|e| code.value(e, f));
    let named = |names: &[&str]| option(code, site.call, names, f).map(|e| code.value(e, f));
    let host = |i: usize| value(i).map(|h| host_port(h, value(i + 1)));
    let new = site.call.new;
    let made_of = |class: &str| site.call.receiver().map(|r| code.origin(r, f)).is_some_and(|o| o == class);
    let product = |dsn: &Option<Value>| {
        let text = dsn.as_ref().map(|d| d.to_string()).unwrap_or_default();
        [
            ("mysql:", System::Mysql),
            ("pgsql:", System::Postgres),
            ("sqlite:", System::Sqlite),
            ("sqlsrv:", System::SqlServer),
            ("oci:", System::Oracle),
        ]
        .iter()
        .find(|(scheme, _)| text.contains(scheme))
        .map_or(System::Sql, |(_, s)| *s)
    };
    let (system, address, client, default) = match callee {
        "PDO" if new => {
            let dsn = value(0);
            (product(&dsn), dsn, "PDO", "")
        }
        "mysqli" if new => (System::Mysql, value(0), "mysqli", "localhost"),
        "mysqli_connect" => (System::Mysql, value(0), "mysqli", "localhost"),
        "pg_connect" | "pg_pconnect" => (System::Postgres, value(0), "pgsql", ""),
        "DriverManager.getConnection" => (System::Sql, named(&["url", "host"]), "doctrine", ""),
        "MongoDB.Client" | "MongoClient" if new => (System::Mongo, value(0), "mongodb", "mongodb://127.0.0.1/"),
        "Manager" if new && (from("MongoDB") || code.path.contains("ongo")) => (System::Mongo, value(0), "mongodb", ""),
        "Client" if new && from("MongoDB") => (System::Mongo, value(0), "mongodb", "mongodb://127.0.0.1/"),
        "Client" | "Predis\\Client" if new && from("Predis") => (
            System::Redis,
            named(&["host"]).map(|h| host_port(h, named(&["port"]))).or_else(|| value(0)),
            "predis",
            "tcp://127.0.0.1:6379",
        ),
        _ if matches!(site.call.name(), "connect" | "pconnect") && made_of("Redis") => {
            (System::Redis, host(0), "redis", "")
        }
        _ if matches!(site.call.name(), "addServer" | "addServers")
            && (made_of("Memcached") || made_of("Memcache")) =>
        {
            (System::Memcached, host(0), "memcached", "")
        }
        _ if site.call.name() == "setHosts" => (System::Elasticsearch, value(0), "elasticsearch", ""),
        "AMQPStreamConnection" | "AMQPSSLConnection" | "AMQPLazyConnection" if new => {
            (System::Rabbit, host(0), "php-amqplib", "")
        }
        "AMQPConnection" if new => (System::Rabbit, named(&["host"]), "amqp", "localhost"),
        "AmqpConnectionFactory" if new => {
            (System::Rabbit, value(0).or_else(|| named(&["dsn", "host"])), "enqueue", "amqp://localhost")
        }
        "RdKafkaConnectionFactory" if new => (System::Kafka, named(&["metadata.broker.list"]), "enqueue", ""),
        _ if site.call.name() == "addBrokers" => (System::Kafka, value(0), "rdkafka", ""),
        _ if site.call.name() == "set"
            && matches!(
                value(0).and_then(|v| v.as_text()).as_deref(),
                Some("metadata.broker.list" | "bootstrap.servers")
            ) =>
        {
            (System::Kafka, value(1), "rdkafka", "")
        }
        "DynamoDbClient" if new => (System::Dynamo, named(&["endpoint"]), "aws-sdk", "dynamodb.amazonaws.com"),
        "S3Client" if new => (System::Objects, named(&["endpoint"]), "aws-sdk", "s3.amazonaws.com"),
        "SqsClient" if new => (System::Sqs, named(&["endpoint"]), "aws-sdk", "sqs.amazonaws.com"),
        // Laravel's facade reads `config/database.php`, whose documented variables are these.
        _ if callee.starts_with("Redis.") && from("Illuminate\\Support\\Facades") => {
            (System::Redis, None, "Laravel Redis", "${REDIS_HOST}")
        }
        _ => return,
    };
    let inferred = address.is_none();
    let fallback = match default {
        "${REDIS_HOST}" => Value::env("REDIS_HOST", Some("127.0.0.1".into())),
        text => text.into(),
    };
    let store = Store {
        system,
        address: address.unwrap_or(fallback),
        database: named(&["dbname", "database"]),
        client: client.into(),
        within: code.within(f),
    };
    match inferred {
        true => sink.inferred(Claim::Store(store), site.span()),
        false => sink.stated(Claim::Store(store), site.span()),
    }
}

fn messages(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let f = site.function;
    let within = code.within(f);
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, f)).unwrap_or_default();
    match site.call.name() {
        "basic_publish" => {
            let (exchange, key) = (value(1), value(2));
            let topic = if exchange.is_empty() { key.clone() } else { Value::default() };
            let message = Message {
                exchange: Some(exchange).filter(|e| !e.is_empty()),
                routing_key: Some(key).filter(|k| !k.is_empty()),
                ..message(System::Rabbit, true, topic, "php-amqplib", within)
            };
            sink.stated(Claim::Message(message), site.span());
        }
        "basic_consume" => {
            sink.stated(Claim::Message(message(System::Rabbit, false, value(0), "php-amqplib", within)), site.span())
        }
        "produce" | "producev" if site.call.receiver().is_some() && !code.calls_named(&["newTopic"]).is_empty() => {
            let topic = site
                .call
                .receiver()
                .and_then(|r| code.maker(r, f))
                .and_then(|(made, function)| Some(code.value(made.arg(0)?, function)));
            sink.stated(
                Claim::Message(message(System::Kafka, true, topic.unwrap_or_default(), "rdkafka", within)),
                site.span(),
            );
        }
        "subscribe"
            if code.unit.imports.iter().any(|i| i.path.starts_with("RdKafka")) || callee.contains("KafkaConsumer") =>
        {
            sink.stated(Claim::Message(message(System::Kafka, false, value(0), "rdkafka", within)), site.span());
        }
        // Laravel: `OrderPlaced::dispatch(…)->onQueue('x')`, `dispatch(new OrderPlaced(…))`.
        "onQueue" => {
            let mut at = site.call.receiver();
            while let Some(Expr { kind: ExprKind::Call(inner), .. }) = at {
                let job = match inner.name() {
                    "dispatch" => inner
                        .receiver()
                        .and_then(Expr::path)
                        .or_else(|| inner.arg(0)?.as_call().map(|c| c.name().to_owned())),
                    _ => None,
                };
                if let Some(job) = job.filter(|j| !j.is_empty()) {
                    let message = Message {
                        payload: Some(job.into()),
                        address: laravel_broker(),
                        ..message(System::Bus, true, value(0), "Laravel", within)
                    };
                    return sink.stated(Claim::Message(message), site.span());
                }
                at = inner.receiver();
            }
        }
        "dispatch" if !code.calls_named(&["onQueue"]).iter().any(|q| q.expr.span.line == site.expr.span.line) => {
            let job =
                site.call.receiver().and_then(Expr::path).filter(|p| p.starts_with(|c: char| c.is_ascii_uppercase()));
            let handed = site.call.arg(0).and_then(Expr::as_call).filter(|c| c.new).map(|c| c.name().to_owned());
            let bus = callee.starts_with("MessageBusInterface.");
            let laravel =
                code.unit.imports.iter().any(|i| i.path.contains("\\Jobs") || i.path.starts_with("Illuminate"));
            let (client, address) =
                if bus { ("Symfony Messenger", symfony_broker()) } else { ("Laravel", laravel_broker()) };
            let job = if bus {
                handed
            } else {
                job.filter(|j| !matches!(j.as_str(), "Event" | "Bus")).or(handed).filter(|_| laravel)
            };
            if let Some(job) = job {
                let topic = if bus { Value::text(job.clone()) } else { "default".into() };
                let message =
                    Message { payload: Some(job.into()), address, ..message(System::Bus, true, topic, client, within) };
                sink.inferred(Claim::Message(message), site.span());
            }
        }
        _ => {}
    }
}

/// The broker of Laravel's queues, where it is RabbitMQ; its stock connections name no other host.
fn laravel_broker() -> Option<Value> {
    Some(Value::config("queue.connections.rabbitmq.hosts.0.host", None))
}

fn symfony_broker() -> Option<Value> {
    Some(Value::env("MESSENGER_TRANSPORT_DSN", None))
}

/// Symfony's container in code: parameters, and services with their arguments.
fn container(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let f = site.function;
    match site.call.name() {
        "setParameter" | "set"
            if site.call.name() == "setParameter"
                || code.function(f).params.iter().any(|p| p.ty.contains("Configurator")) =>
        {
            if let (Some(Expr { kind: ExprKind::Str(key), .. }), Some(value)) = (site.call.arg(0), site.call.arg(1)) {
                if key.to_ascii_lowercase().contains("password") || key.to_ascii_lowercase().contains("secret") {
                    return;
                }
                let value = code.value(value, f);
                let setting = Setting { scope: SettingScope::App, key: key.clone(), value, profile: None };
                sink.stated(Claim::Setting(setting), site.span());
            }
        }
        // The last of a chain knows all arguments; the ones before it are part of it.
        "addArgument" | "setArguments" | "args" | "arg" => {
            let continued = |s: &Site<'_>| {
                matches!(s.call.name(), "addArgument" | "arg")
                    && s.call.receiver().is_some_and(|r| std::ptr::eq(r, site.expr))
            };
            if code.calls_named(&["addArgument", "arg"]).iter().any(continued) {
                return;
            }
            let mut args: Vec<Argument> = Vec::new();
            let mut at = site.expr;
            let class = loop {
                let ExprKind::Call(inner) = &at.kind else { return };
                let argument = |e: &Expr| Argument { name: None, value: code.value(e, f) };
                match inner.name() {
                    "addArgument" => args.extend(inner.arg(0).map(argument)),
                    "arg" => args.extend(inner.arg(0).and_then(Expr::as_str).zip(inner.arg(1)).map(|(name, e)| {
                        Argument { name: Some(name.trim_start_matches('$').into()), value: code.value(e, f) }
                    })),
                    "setArguments" | "args" => {
                        if let Some(Expr { kind: ExprKind::List(items), .. }) = inner.arg(0) {
                            args.extend(items.iter().rev().map(argument));
                        }
                    }
                    "register" | "set" => break inner.args.last().and_then(|a| a.value.path()),
                    _ => {}
                }
                let Some(receiver) = inner.receiver() else { return };
                at = receiver;
            };
            args.reverse();
            if let Some(class) = class {
                let pass = Pass { callee: format_smolstr!("{class}.<init>"), args, within: code.within(f), made: None };
                sink.stated(Claim::Pass(pass), site.span());
            }
        }
        _ => {}
    }
}

/// Models, jobs and handlers, which are what they extend.
fn classes(code: &Code<'_>, sink: &mut Sink) {
    let imported =
        |name: &str| code.unit.imports.iter().any(|i| i.path.contains(name) || i.name.as_deref() == Some(name));
    for ty in &code.unit.types {
        let extends = |words: &[&str]| ty.supers.iter().any(|s| words.contains(&s.as_str()));
        let eloquent = extends(&["Model", "Authenticatable", "Pivot"]) && imported("Illuminate");
        let entity =
            ty.annotations.iter().any(|a| matches!(a.name.as_str(), "Entity" | "ORM\\Entity")) && imported("Doctrine");
        if eloquent || entity {
            let (address, database, client) = match eloquent {
                // Variables of Laravel's documented configuration.
                true => (
                    Value::either([Value::env("DB_HOST", Some("127.0.0.1".into())), Value::env("DATABASE_URL", None)]),
                    Some(Value::env("DB_DATABASE", None)),
                    "Eloquent",
                ),
                false => (Value::env("DATABASE_URL", None), None, "doctrine"),
            };
            let store =
                Store { system: System::Sql, address, database, client: client.into(), within: ty.name.clone() };
            sink.inferred(Claim::Store(store), ty.span);
            let stated =
                ty.fields.iter().find(|x| x.name == "table").and_then(|x| x.init.as_ref()).map(|e| code.value(e, 0));
            let name = stated.unwrap_or_else(|| Value::text(table_of(&ty.name)));
            let access = Access { system: None, name, mode: AccessMode::Declare, within: ty.name.clone() };
            sink.inferred(Claim::Access(access), ty.span);
        }
        let handle =
            code.unit.functions.iter().find(|x| x.owner == ty.name && x.name == "handle" && !x.body.is_empty());
        if extends(&["ShouldQueue"]) && handle.is_some() {
            let queue =
                ty.fields.iter().find(|x| x.name == "queue").and_then(|x| x.init.as_ref()).map(|e| code.value(e, 0));
            // The queue that a worker takes from by itself.
            let topic =
                queue.unwrap_or_else(|| Value::config("queue.connections.rabbitmq.queue", Some("default".into())));
            let message = Message {
                payload: Some(ty.name.clone()),
                address: laravel_broker(),
                ..message(System::Bus, false, topic, "Laravel", ty.name.clone())
            };
            sink.inferred(Claim::Message(message), ty.span);
        }
        let handler =
            ty.annotations.iter().any(|a| a.simple() == "AsMessageHandler") || extends(&["MessageHandlerInterface"]);
        let invoke = code.unit.functions.iter().find(|x| x.owner == ty.name && x.name == "__invoke");
        if let Some(taken) = invoke.and_then(|x| x.params.first()).filter(|_| handler) {
            let message = Message {
                payload: Some(taken.ty.clone()),
                address: symfony_broker(),
                ..message(System::Bus, false, Value::text(taken.ty.clone()), "Symfony Messenger", ty.name.clone())
            };
            sink.stated(Claim::Message(message), ty.span);
        }
    }
}

/// Laravel's `config/services.php` returns an array: its entries are `services.…`, as `config()` asks for them.
fn arrays(code: &Code<'_>, sink: &mut Sink) {
    let Some((folder, file)) = code.path.rsplit_once('/') else { return };
    let Some(stem) = file.strip_suffix(".php").filter(|_| folder == "config" || folder.ends_with("/config")) else {
        return;
    };
    for stmt in &code.unit.functions[0].body {
        if let Stmt::Return(e) = stmt {
            entries(code, stem.to_owned(), e, 8, sink);
        }
    }
}

fn entries(code: &Code<'_>, key: String, value: &Expr, depth: usize, sink: &mut Sink) {
    if depth == 0 || ["password", "secret", "token"].iter().any(|w| key.ends_with(w)) {
        return;
    }
    match &value.kind {
        ExprKind::Object(pairs) => {
            for (name, inner) in pairs {
                entries(code, format!("{key}.{name}"), inner, depth - 1, sink);
            }
        }
        ExprKind::List(items) => {
            for (i, inner) in items.iter().enumerate() {
                entries(code, format!("{key}.{i}"), inner, depth - 1, sink);
            }
        }
        _ => {
            let stated = code.value(value, 0);
            let known =
                !matches!(stated.as_hole(), Some(seam_facts::Hole::Opaque(_) | seam_facts::Hole::Result { .. }));
            if known && !stated.is_empty() {
                let setting = Setting { scope: SettingScope::App, key: key.into(), value: stated, profile: None };
                sink.stated(Claim::Setting(setting), value.span);
            }
        }
    }
}
