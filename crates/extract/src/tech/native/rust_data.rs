//! Stores and brokers in Rust. See `rust_data.md`.

use super::{address, rust_messages, rust_objects, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::rust::dotted;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, Message, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "rust-data",
    version: 4,
    page: include_str!("rust_data.md"),
    reads: Reads::Code { langs: &[Lang::Rust], extract },
};

/// Functions that open a connection, by the crate that their name starts with or the type that it holds, and its end.
/// `None` for the system: the address's scheme says.
const OPENS: &[(&str, &str, Option<System>)] = &[
    ("PgPool", "connect", Some(System::Postgres)),
    ("PgPool", "connect_lazy", Some(System::Postgres)),
    ("PgPoolOptions", "connect", Some(System::Postgres)),
    ("PgPoolOptions", "connect_lazy", Some(System::Postgres)),
    ("PgConnection", "connect", Some(System::Postgres)),
    ("PgConnection", "establish", Some(System::Postgres)),
    ("AsyncPgConnection", "establish", Some(System::Postgres)),
    ("MySqlPool", "connect", Some(System::Mysql)),
    ("MySqlPoolOptions", "connect", Some(System::Mysql)),
    ("MysqlConnection", "establish", Some(System::Mysql)),
    ("AnyPool", "connect", None),
    ("AnyPoolOptions", "connect", None),
    ("tokio_postgres", "connect", Some(System::Postgres)),
    ("postgres.Client", "connect", Some(System::Postgres)),
    ("mysql.Pool", "new", Some(System::Mysql)),
    ("mysql_async.Pool", "new", Some(System::Mysql)),
    ("mysql_async.Pool", "from_url", Some(System::Mysql)),
    ("sea_orm.Database", "connect", None),
    ("mongodb", "with_uri_str", Some(System::Mongo)),
    ("mongodb", "parse", Some(System::Mongo)),
    ("redis.Client", "open", Some(System::Redis)),
    ("RedisConnectionManager", "new", Some(System::Redis)),
    ("deadpool_redis", "from_url", Some(System::Redis)),
    ("fred", "from_url", Some(System::Redis)),
    ("memcache", "connect", Some(System::Memcached)),
    ("elasticsearch", "single_node", Some(System::Elasticsearch)),
    ("opensearch", "single_node", Some(System::Elasticsearch)),
    ("SingleNodeConnectionPool", "new", Some(System::Elasticsearch)),
    ("SessionBuilder", "known_node", Some(System::Cassandra)),
    ("neo4rs.Graph", "new", Some(System::Neo4j)),
    ("clickhouse", "with_url", Some(System::Clickhouse)),
    ("influxdb", "new", Some(System::Influx)),
    ("etcd_client", "connect", Some(System::Etcd)),
    ("lapin", "connect", Some(System::Rabbit)),
    ("async_nats", "connect", Some(System::Nats)),
    ("async_nats", "connect_with_options", Some(System::Nats)),
    ("nats", "connect", Some(System::Nats)),
    ("MqttOptions", "new", Some(System::Mqtt)),
    ("pulsar", "builder", Some(System::Pulsar)),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = dotted(&code.callee(site.call, site.function));
        opened(code, site, &callee, sink);
        managers(code, site, &callee, sink);
        built(code, site, &callee, sink);
        rust_objects::extract(code, site, &callee, sink);
        rust_messages::extract(code, site, &callee, sink);
        collections(code, site, &callee, sink);
    }
}

pub(super) fn store(code: &Code<'_>, site: &Site<'_>, system: System, at: Value, client: &str, sink: &mut Sink) {
    let store =
        Store { system, address: at, database: None, client: client.into(), within: code.within(site.function) };
    sink.stated(Claim::Store(store), site.span());
}

fn opened(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let holds = |part: &str| {
        callee == part
            || callee.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
            || callee.contains(&format!(".{part}."))
            || from_all_of(code, part, callee)
    };
    let Some((part, _, system)) = OPENS.iter().find(|(part, end, _)| *end == name && holds(part)) else {
        return;
    };
    let Some(argument) = site.call.arg(if callee.contains("MqttOptions") { 1 } else { 0 }) else {
        return;
    };
    let at = address(code, argument, site.function);
    let client = callee.split(['.', '(']).next().unwrap_or(callee);
    let client = if from_all_of(code, part, callee) { part } else { client };
    let system = system.or_else(|| scheme(&at)).or_else(|| feature(code)).unwrap_or(System::Sql);
    store(code, site, system, at, client, sink);
}

/// Whether a type that the file neither names in an import nor defines comes from all that a crate gives: `use fred::prelude::*`.
pub(super) fn from_all_of(code: &Code<'_>, krate: &str, callee: &str) -> bool {
    let ty = callee.split(['.', '(']).next().unwrap_or(callee);
    let whole =
        |part: &str| part.strip_prefix(krate).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.']));
    ty.starts_with(|c: char| c.is_ascii_uppercase())
        && code.unit.parts.iter().any(|part| whole(part))
        && !code.unit.types.iter().any(|t| t.name == ty)
}

fn scheme(value: &Value) -> Option<System> {
    let text = value.to_string();
    Some(match text.split("://").next()? {
        "postgres" | "postgresql" => System::Postgres,
        "mysql" => System::Mysql,
        _ => return None,
    })
}

/// The database that the file's other imports name.
fn feature(code: &Code<'_>) -> Option<System> {
    let mentions = |word: &str| code.unit.imports.iter().any(|i| i.path.contains(word) || i.alias.contains(word));
    if mentions("Postgres") || mentions("postgres") {
        Some(System::Postgres)
    } else if mentions("MySql") || mentions("mysql") {
        Some(System::Mysql)
    } else {
        None
    }
}

/// Builders of options that are told the host: `tokio_postgres::Config::new().host(h).port(p)`, `PgConnectOptions::new().host(h)`.
fn built(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let ("host", [host]) = (site.call.name(), site.call.args.as_slice()) else {
        return;
    };
    let told = [
        ("PgConnectOptions", System::Postgres),
        ("MySqlConnectOptions", System::Mysql),
        ("tokio_postgres.Config", System::Postgres),
        ("postgres.Config", System::Postgres),
    ];
    if let Some((_, system)) = told.iter().find(|(part, _)| callee.contains(part)) {
        let client = callee.split(['.', '(']).next().unwrap_or(callee);
        store(code, site, *system, address(code, &host.value, site.function), client, sink);
    }
}

/// `ConnectionManager::<PgConnection>::new(url)` of diesel and its asynchronous kin.
fn managers(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let manager =
        ["ConnectionManager.new", "AsyncDieselConnectionManager.new", "PostgresConnectionManager.new_from_stringlike"];
    if !callee.starts_with("diesel") && !callee.contains("r2d2") && !callee.contains("bb8") {
        return;
    }
    if !manager.iter().any(|m| callee.ends_with(m)) {
        return;
    }
    let mentions = |word: &str| {
        code.unit.imports.iter().any(|i| i.alias.contains(word))
            || code.unit.types.iter().any(|t| t.name.contains(word))
    };
    let system = if mentions("Mysql") {
        System::Mysql
    } else if mentions("Pg") {
        System::Postgres
    } else {
        System::Sql
    };
    if let Some(url) = site.call.arg(0) {
        store(code, site, system, address(code, url, site.function), "diesel", sink);
    }
}

pub(super) fn message(
    code: &Code<'_>,
    site: &Site<'_>,
    system: System,
    publish: bool,
    topic: Value,
    client: &str,
) -> Message {
    Message::to(
        system,
        publish,
        if unknown(&topic) { Value::default() } else { topic },
        client.into(),
        code.within(site.function),
    )
}

/// The elements of a list given inline, by reference or through a name.
pub(super) fn items(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Value> {
    match &expr.kind {
        ExprKind::List(items) => items.iter().map(|i| code.value(i, function)).collect(),
        ExprKind::Name(name) => match code.assigned(name, function).as_slice() {
            [(Expr { kind: ExprKind::List(items), .. }, f)] => items.iter().map(|i| code.value(i, *f)).collect(),
            _ => vec![code.value(expr, function)],
        },
        _ => vec![code.value(expr, function)],
    }
}

/// `db.collection::<T>("orders")`.
fn collections(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if site.call.name() != "collection" || !(code.imports("mongodb") || callee.starts_with("mongodb")) {
        return;
    }
    let Some(name) = site.call.arg(0).map(|e| code.value(e, site.function)).filter(|v| !unknown(v)) else {
        return;
    };
    let within = code.within(site.function);
    let access = Access { system: Some(System::Mongo), name, mode: AccessMode::Declare, within };
    sink.stated(Claim::Access(access), site.span());
}
