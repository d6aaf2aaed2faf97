//! Vert.x: clients of databases, caches and brokers. See `vertx_stores.md`.
//!
//! Where the store is stands in a JSON object, in an object of options, or in a connection string; each client documents its keys.

use super::messages::{listed, message, state};
use super::read::{JVM, receiver, value};
use super::stores::system_of;
use super::vertx_config::{json_value, json_values, options};
use crate::code::ir::Expr;
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Hole, Message, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "vertx-stores",
    version: 1,
    page: include_str!("vertx_stores.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.vertx") {
        return;
    }
    configured(code, sink);
    by_options(code, sink);
    by_address(code, sink);
    rabbit(code, sink);
    amqp(code, sink);
    mqtt(code, sink);
    kafka(code, sink);
}

fn connected(system: System, address: Value, client: &str, site: &Site<'_>, code: &Code<'_>, sink: &mut Sink) {
    let within = code.within(site.function);
    let store = Store { system, address, database: None, client: client.into(), within };
    sink.stated(Claim::Store(store), site.span());
}

type Text = &'static str;
type Configured = (Text, Text, &'static [Text], Text, System, Text);
type Settable = (Text, &'static [Text], (Text, Text), System, Text);

/// Clients that take a JSON object: class, package, keys that hold a whole address, key of the host, system, library.
const CONFIGURED: &[Configured] = &[
    (
        "jdbcclient",
        "io.vertx",
        &["url", "jdbcUrl", "jdbc_url", "connectionString"],
        "",
        System::Sql,
        "Vert.x JDBC client",
    ),
    ("jdbcpool", "io.vertx", &["url", "jdbcUrl", "jdbc_url"], "", System::Sql, "Vert.x JDBC client"),
    ("mongoclient", "io.vertx", &["connection_string"], "host", System::Mongo, "Vert.x MongoDB client"),
    ("redisclient", "io.vertx", &["connectionString", "endpoint"], "host", System::Redis, "Vert.x Redis client"),
    ("mysqlclient", "io.vertx.ext.asyncsql", &[], "host", System::Mysql, "Vert.x MySQL client"),
    ("postgresqlclient", "io.vertx.ext.asyncsql", &[], "host", System::Postgres, "Vert.x PostgreSQL client"),
    ("rabbitmqclient", "io.vertx", &["uri"], "host", System::Rabbit, "Vert.x RabbitMQ client"),
];

fn configured(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["create", "createShared", "createNonShared", "pool"]) {
        let on = receiver(code, site.call, site.function);
        let Some((_, _, keys, host, system, client)) =
            CONFIGURED.iter().find(|(class, package, ..)| on == *class && code.imports(package))
        else {
            continue;
        };
        // The first argument is the Vert.x instance itself.
        let Some(config) = site.call.arg(1) else { continue };
        // Options that are set one by one are stated where they are set.
        let (made, _) = code.resolved(config, site.function);
        if code.origin(made, site.function).contains("Options") {
            continue;
        }
        let get = |key: &str| json_value(code, config, site.function, key);
        let authority = Some(*host).filter(|h| !h.is_empty()).and_then(|host| {
            let port = get("port").filter(|p| p.as_text().is_some());
            let host = get(host)?;
            Some(match port {
                Some(port) => host.then(":".into()).then(port),
                None => host,
            })
        });
        let whole = json_values(code, config, site.function, keys);
        let found: Vec<Value> = whole.into_iter().chain(authority).collect();
        if found.is_empty() {
            continue;
        }
        let address = Value::either(found);
        let system = if *system == System::Sql { system_of(&address) } else { *system };
        connected(system, address, client, &site, code, sink);
    }
}

/// Classes of options: class, setters of a whole address, setters of host and port, system, library.
const OPTIONS: &[Settable] = &[
    ("PgConnectOptions", &[], ("setHost", "setPort"), System::Postgres, "Vert.x PostgreSQL client"),
    ("MySQLConnectOptions", &[], ("setHost", "setPort"), System::Mysql, "Vert.x MySQL client"),
    ("MSSQLConnectOptions", &[], ("setHost", "setPort"), System::SqlServer, "Vert.x SQL Server client"),
    ("OracleConnectOptions", &[], ("setHost", "setPort"), System::Oracle, "Vert.x Oracle client"),
    ("SqlConnectOptions", &[], ("setHost", "setPort"), System::Sql, "Vert.x SQL client"),
    ("JDBCConnectOptions", &["setJdbcUrl"], ("", ""), System::Sql, "Vert.x JDBC client"),
    (
        "RedisOptions",
        &["setConnectionString", "addConnectionString", "setEndpoint", "addEndpoint"],
        ("setHost", "setPort"),
        System::Redis,
        "Vert.x Redis client",
    ),
    ("RabbitMQOptions", &["setUri"], ("setHost", "setPort"), System::Rabbit, "Vert.x RabbitMQ client"),
    ("AmqpClientOptions", &[], ("setHost", "setPort"), System::ActiveMq, "Vert.x AMQP client"),
    ("CassandraClientOptions", &["addContactPoint"], ("", ""), System::Cassandra, "Vert.x Cassandra client"),
];

fn by_options(code: &Code<'_>, sink: &mut Sink) {
    for (class, whole, (host, port), system, client) in OPTIONS {
        for made in options(code, class) {
            let address = whole
                .iter()
                .find_map(|setter| made.value(code, setter))
                .or_else(|| Some(*host).filter(|h| !h.is_empty()).and_then(|h| made.authority(code, h, port)));
            let Some(address) = address else { continue };
            let system = if *system == System::Sql { system_of(&address) } else { *system };
            connected(system, address, client, &made.first, code, sink);
        }
    }
}

/// Connection strings: `Redis.createClient(vertx, "redis://…")`, `PgPool.pool("postgresql://…")`, `fromUri("mysql://…")`.
fn by_address(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["createClient", "pool", "connect", "client", "fromUri", "connectingTo"]) {
        let on = receiver(code, site.call, site.function);
        let (system, client) = match on.as_str() {
            "redis" => (System::Redis, "Vert.x Redis client"),
            on if on.starts_with("pgpool") || on.starts_with("pgconnect") || on.starts_with("pgbuilder") => {
                (System::Postgres, "Vert.x PostgreSQL client")
            }
            on if on.starts_with("mysqlpool") || on.starts_with("mysqlconnect") || on.starts_with("mysqlbuilder") => {
                (System::Mysql, "Vert.x MySQL client")
            }
            on if on.starts_with("mssqlpool") || on.starts_with("mssqlconnect") => {
                (System::SqlServer, "Vert.x SQL Server client")
            }
            "pool" | "sqlconnectoptions" => (System::Sql, "Vert.x SQL client"),
            _ => continue,
        };
        let texts = site.call.args.iter().map(|a| (&a.value, value(code, &a.value, site.function)));
        let address = texts.filter(|(e, v)| is_address(e, v)).map(|(_, v)| v).next();
        let Some(address) = address else { continue };
        let system = if system == System::Sql { system_of(&address) } else { system };
        connected(system, address, client, &site, code, sink);
    }
}

/// A connection string, or something that is called so.
fn is_address(expr: &Expr, value: &Value) -> bool {
    let named = || {
        expr.path().is_some_and(|p| {
            let p = p.to_ascii_lowercase();
            p.ends_with("uri") || p.ends_with("url") || p.ends_with("connectionstring")
        })
    };
    let whole = value.to_string().contains("://") && !matches!(value.as_hole(), Some(Hole::Result { .. }));
    whole || value.as_text().is_none() && named()
}

fn say(mut message: Message, site: &Site<'_>, sink: &mut Sink) {
    message.address = None;
    state(message, site.span(), sink);
}

fn rabbit(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["basicPublish", "basicConsumer", "rxBasicPublish", "rxBasicConsumer", "basicGet"]) {
        if !receiver(code, site.call, site.function).ends_with("rabbitmqclient") && !code.imports("io.vertx.rabbitmq") {
            continue;
        }
        let arg = |i: usize| site.call.arg(i).map(|a| value(code, a, site.function));
        let publish = site.call.name().to_ascii_lowercase().ends_with("publish");
        let topic = if publish { Value::default() } else { arg(0).unwrap_or_default() };
        let mut m = message(System::Rabbit, publish, topic, "Vert.x RabbitMQ client", code.within(site.function));
        if publish {
            (m.exchange, m.routing_key) = (arg(0), arg(1));
        }
        say(m, &site, sink);
    }
}

fn amqp(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.vertx.amqp") && !code.imports("io.vertx.reactivex.amqp") {
        return;
    }
    for site in code.calls_named(&["createSender", "createReceiver", "rxCreateSender", "rxCreateReceiver"]) {
        let Some(topic) = site.call.arg(0).map(|a| value(code, a, site.function)) else { continue };
        let publish = site.call.name().ends_with("Sender");
        say(message(System::ActiveMq, publish, topic, "Vert.x AMQP client", code.within(site.function)), &site, sink);
    }
}

/// `client.connect(1883, "broker")`, `client.publish("topic", …)`, `client.subscribe("topic", 1)`.
fn mqtt(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.vertx.mqtt") && !code.imports("io.vertx.reactivex.mqtt") {
        return;
    }
    for site in code.calls_named(&["connect", "publish", "subscribe", "rxConnect", "rxPublish", "rxSubscribe"]) {
        let on = receiver(code, site.call, site.function);
        let arg = |i: usize| site.call.arg(i).map(|a| value(code, a, site.function));
        if !on.ends_with("mqttclient") && !on.starts_with("mqttclient") && on != "client" {
            continue;
        }
        let Some(first) = arg(0) else { continue };
        match site.call.name().trim_start_matches("rx").to_ascii_lowercase().as_str() {
            "connect" => {
                let Some(host) = arg(1) else { continue };
                connected(System::Mqtt, host.then(":".into()).then(first), "Vert.x MQTT client", &site, code, sink);
            }
            verb => {
                let m =
                    message(System::Mqtt, verb == "publish", first, "Vert.x MQTT client", code.within(site.function));
                say(m, &site, sink);
            }
        }
    }
}

fn kafka(code: &Code<'_>, sink: &mut Sink) {
    let packages = ["io.vertx.kafka", "io.vertx.rxjava.kafka", "io.vertx.reactivex.kafka", "io.vertx.rxjava3.kafka"];
    if !packages.iter().any(|p| code.imports(p)) {
        return;
    }
    for site in code.calls_named(&["create", "subscribe", "rxSubscribe", "assign"]) {
        let on = receiver(code, site.call, site.function);
        let publish = on == "kafkaproducerrecord" && site.call.name() == "create";
        let consume = site.call.name() != "create" && on.contains("consumer");
        let Some(first) = site.call.arg(0).filter(|_| publish || consume) else { continue };
        for topic in listed(code, first, site.function) {
            let within = code.within(site.function);
            say(message(System::Kafka, publish, topic, "Vert.x Kafka client", within), &site, sink);
        }
    }
}
