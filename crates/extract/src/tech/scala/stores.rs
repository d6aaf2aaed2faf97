//! Stores that Scala's libraries connect to. See `stores.md`.
//!
//! Where a library looks into the configuration by itself, the key that it documents is the address.

use super::read::{SCALA, listed};
use crate::code::ir::Expr;
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-stores",
    version: 1,
    page: include_str!("stores.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

/// How a call says where its store is.
#[derive(Clone, Copy)]
enum At {
    /// The argument of this name or position.
    Given(&'static str, usize),
    /// Host and port by names or positions.
    Host(&'static str, &'static str),
}

/// What is called, on what (`""`: anything; `-`: by itself), a package that must be there, the store, where, the library.
const CALLS: &[(&str, &str, &str, System, At, &str)] = &[
    ("fromDriverManager", "Transactor", "doobie", System::Sql, At::Given("url", 1), "Doobie"),
    ("newHikariTransactor", "HikariTransactor", "doobie", System::Sql, At::Given("url", 1), "Doobie"),
    ("initial", "HikariTransactor", "doobie", System::Sql, At::Given("url", 1), "Doobie"),
    ("forURL", "Database", "slick", System::Sql, At::Given("url", 0), "Slick"),
    ("singleton", "ConnectionPool", "scalikejdbc", System::Sql, At::Given("url", 0), "ScalikeJDBC"),
    ("add", "ConnectionPool", "scalikejdbc", System::Sql, At::Given("url", 1), "ScalikeJDBC"),
    ("pooled", "Session", "skunk", System::Postgres, At::Host("host", "port"), "Skunk"),
    ("single", "Session", "skunk", System::Postgres, At::Host("host", "port"), "Skunk"),
    ("withHost", "", "skunk", System::Postgres, At::Given("host", 0), "Skunk"),
    ("MongoClient", "-", "org.mongodb.scala", System::Mongo, At::Given("uri", 0), "MongoDB driver"),
    (
        "fromConnectionString",
        "MongoClient",
        "mongo4cats",
        System::Mongo,
        At::Given("connectionString", 0),
        "mongo4cats",
    ),
    ("fromString", "MongoConnection", "reactivemongo", System::Mongo, At::Given("uri", 0), "ReactiveMongo"),
    ("fromStringWithDB", "MongoConnection", "reactivemongo", System::Mongo, At::Given("uri", 0), "ReactiveMongo"),
    ("connect", "AsyncDriver", "reactivemongo", System::Mongo, At::Given("nodes", 0), "ReactiveMongo"),
    ("connection", "MongoDriver", "reactivemongo", System::Mongo, At::Given("nodes", 0), "ReactiveMongo"),
    ("ContactPoint", "-", "com.outworkers.phantom", System::Cassandra, At::Host("host", "port"), "phantom"),
    ("ContactPoints", "-", "com.outworkers.phantom", System::Cassandra, At::Given("hosts", 0), "phantom"),
    ("utf8", "Redis", "dev.profunktor.redis4cats", System::Redis, At::Given("uri", 0), "redis4cats"),
    ("simple", "Redis", "dev.profunktor.redis4cats", System::Redis, At::Given("uri", 0), "redis4cats"),
    ("from", "RedisClient", "dev.profunktor.redis4cats", System::Redis, At::Given("uri", 0), "redis4cats"),
    ("make", "RedisURI", "dev.profunktor.redis4cats", System::Redis, At::Given("uri", 0), "redis4cats"),
    ("Redis", "-", "scredis", System::Redis, At::Host("host", "port"), "scredis"),
    ("Client", "-", "scredis", System::Redis, At::Host("host", "port"), "scredis"),
    ("RedisClient", "-", "redis", System::Redis, At::Host("host", "port"), "rediscala"),
    ("RedisClient", "-", "com.redis", System::Redis, At::Host("host", "port"), "scala-redis"),
    ("RedisClientPool", "-", "com.redis", System::Redis, At::Host("host", "port"), "scala-redis"),
    ("ElasticProperties", "-", "com.sksamuel.elastic4s", System::Elasticsearch, At::Given("endpoints", 0), "elastic4s"),
    ("ElasticNodeEndpoint", "-", "com.sksamuel.elastic4s", System::Elasticsearch, At::Given("host", 1), "elastic4s"),
];

/// Quill's contexts, which are named for the database: their configuration stands below the prefix that they are given.
const CONTEXTS: &[(&str, System)] = &[
    ("PostgresJdbcContext", System::Postgres),
    ("PostgresZioJdbcContext", System::Postgres),
    ("PostgresAsyncContext", System::Postgres),
    ("PostgresMonixJdbcContext", System::Postgres),
    ("MysqlJdbcContext", System::Mysql),
    ("MysqlZioJdbcContext", System::Mysql),
    ("MysqlAsyncContext", System::Mysql),
    ("SqlServerJdbcContext", System::SqlServer),
    ("OracleJdbcContext", System::Oracle),
    ("CassandraAsyncContext", System::Cassandra),
    ("CassandraSyncContext", System::Cassandra),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (name, on, package, system, at, client) in CALLS {
        if !code.imports(package) {
            continue;
        }
        for site in code.calls_named(&[name]) {
            let fits = match (*on, site.call.receiver()) {
                ("", _) => true,
                ("-", receiver) => receiver.is_none(),
                (on, Some(receiver)) => begins(receiver, on) || code.origin(receiver, site.function).starts_with(on),
                (_, None) => false,
            };
            if fits {
                for address in addresses(code, &site, *at) {
                    state(*system, address, client, code.within(site.function), site.span(), sink);
                }
            }
        }
    }
    slick(code, sink);
    quill(code, sink);
    configured(code, sink);
}

/// `Redis[IO].utf8(…)` is made on `Redis`, whatever its types.
fn begins(receiver: &Expr, on: &str) -> bool {
    receiver.path().is_some_and(|p| p.trim_end_matches("()").rsplit('.').next() == Some(on))
}

fn addresses(code: &Code<'_>, site: &Site<'_>, at: At) -> Vec<Value> {
    match at {
        At::Given(name, position) => match site.call.arg_or(name, position) {
            Some(given) => listed(code, given, site.function),
            None => Vec::new(),
        },
        At::Host(host, port) => {
            let Some(found) = site.call.arg_or(host, 0).map(|e| code.value(e, site.function)) else {
                return Vec::new();
            };
            match site.call.arg_or(port, 1).map(|e| code.value(e, site.function)) {
                Some(port) if port.as_text().is_none_or(|t| t.parse::<u16>().is_ok()) => {
                    vec![found.then(":".into()).then(port)]
                }
                _ => vec![found],
            }
        }
    }
}

fn state(system: System, address: Value, client: &str, within: SmolStr, at: Span, sink: &mut Sink) {
    sink.stated(Claim::Store(Store { system, address, database: None, client: client.into(), within }), at);
}

/// The product that Slick's profile names; else any that its address tells.
fn profile(code: &Code<'_>) -> System {
    let imported = |name: &str| code.unit.imports.iter().any(|i| i.path.contains(name) || i.alias == name);
    match () {
        () if imported("PostgresProfile") || imported("PostgresDriver") => System::Postgres,
        () if imported("MySQLProfile") || imported("MySQLDriver") => System::Mysql,
        () if imported("SQLServerProfile") => System::SqlServer,
        () if imported("OracleProfile") => System::Oracle,
        () => System::Sql,
    }
}

/// `Database.forConfig("orders")`, `DatabaseConfig.forConfig[JdbcProfile]("orders")`.
fn slick(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("slick") {
        return;
    }
    for site in code.calls_named(&["forConfig"]) {
        let Some(key) = site.call.arg_or("path", 0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text())
        else {
            continue;
        };
        let below = |rest: &str| match key.is_empty() {
            true => Value::config(rest, None),
            false => Value::config(format_smolstr!("{key}.{rest}"), None),
        };
        let address = Value::either(
            [
                "db.url",
                "url",
                "db.properties.url",
                "properties.url",
                "properties.serverName",
                "db.properties.serverName",
            ]
            .map(below),
        );
        state(profile(code), address, "Slick", code.within(site.function), site.span(), sink);
    }
}

fn quill(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.getquill") {
        return;
    }
    let below = |prefix: &str| {
        let keys = [
            "url",
            "dataSource.url",
            "jdbcUrl",
            "dataSource.serverName",
            "host",
            "session.contactPoint",
            "session.contactPoints.0",
        ];
        Value::either(keys.map(|k| Value::config(format_smolstr!("{prefix}.{k}"), None)))
    };
    for (name, system) in CONTEXTS {
        for site in code.calls_named(&[name]) {
            let Some(prefix) =
                site.call.args.last().map(|a| code.value(&a.value, site.function)).and_then(|v| v.as_text())
            else {
                continue;
            };
            state(*system, below(&prefix), "Quill", code.within(site.function), site.span(), sink);
        }
    }
    for site in code.calls_named(&["fromPrefix", "loadConfig"]) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if let (true, Some(prefix)) = (
            on.contains("DataSource"),
            site.call.arg(0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text()),
        ) {
            state(System::Sql, below(&prefix), "Quill", code.within(site.function), site.span(), sink);
        }
    }
}

/// Libraries that a framework connects by its own configuration: what is taken, from which package, and the keys.
const CONFIGURED: &[(&str, &str, System, &[&str], &str)] = &[
    ("DatabaseConfigProvider", "play.api.db.slick", System::Sql, &["slick.dbs.default.db.url"], "Slick"),
    ("HasDatabaseConfigProvider", "play.api.db.slick", System::Sql, &["slick.dbs.default.db.url"], "Slick"),
    ("Database", "play.api.db", System::Sql, &["db.default.url"], "Play"),
    ("DBApi", "play.api.db", System::Sql, &["db.default.url"], "Play"),
    ("ReactiveMongoApi", "play.modules.reactivemongo", System::Mongo, &["mongodb.uri"], "ReactiveMongo"),
    (
        "AsyncCacheApi",
        "play.api.cache.redis",
        System::Redis,
        &["play.cache.redis.host", "play.cache.redis.uri"],
        "play-redis",
    ),
    (
        "CacheAsyncApi",
        "play.api.cache.redis",
        System::Redis,
        &["play.cache.redis.host", "play.cache.redis.uri"],
        "play-redis",
    ),
    ("CassandraSession", "akka.stream.alpakka.cassandra", System::Cassandra, CONTACTS, "Alpakka Cassandra"),
    ("CassandraSessionRegistry", "akka.stream.alpakka.cassandra", System::Cassandra, CONTACTS, "Alpakka Cassandra"),
    (
        "CassandraSession",
        "org.apache.pekko.stream.connectors.cassandra",
        System::Cassandra,
        CONTACTS,
        "Alpakka Cassandra",
    ),
    (
        "CassandraSession",
        "com.lightbend.lagom",
        System::Cassandra,
        &["cassandra.default.contact-points.0", "datastax-java-driver.basic.contact-points[0]"],
        "Lagom",
    ),
];

const CONTACTS: &[&str] = &["datastax-java-driver.basic.contact-points[0]"];

fn configured(code: &Code<'_>, sink: &mut Sink) {
    let mut seen: Vec<(System, &str)> = Vec::new();
    for (name, package, system, keys, client) in CONFIGURED {
        let Some(import) =
            code.unit.imports.iter().find(|i| i.path.starts_with(package) && (i.alias == *name || i.alias == "*"))
        else {
            continue;
        };
        let takes = |ty: &str| crate::lang::plain_type(ty) == *name;
        let field = code
            .unit
            .types
            .iter()
            .find(|t| t.supers.iter().any(|s| s == name) || t.fields.iter().any(|f| takes(&f.ty)));
        let param = || code.unit.functions.iter().find(|f| f.params.iter().any(|p| takes(&p.ty)));
        let within = match field {
            Some(ty) => ty.name.clone(),
            None => match param() {
                Some(function) => function.symbol(),
                None => continue,
            },
        };
        if seen.contains(&(*system, *client)) {
            continue;
        }
        seen.push((*system, *client));
        let address = Value::either(keys.iter().map(|k| Value::config(*k, None)));
        let store = Store { system: *system, address, database: None, client: (*client).into(), within };
        sink.inferred(Claim::Store(store), import.span);
    }
}
