//! Stores that code of the JVM connects to by itself. See `stores.md`.

use super::messages::listed;
use super::read::{JVM, find, receiver, text, value};
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Part, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-stores",
    version: 2,
    page: include_str!("stores.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    connections(code, sink);
    jdbc(code, sink);
    bound(code, sink);
    aws(code, sink);
}

/// What settings of a store are kept in: type, system, keys of the address below the prefix that it is bound to.
const BOUND: &[(&str, System, &[&str])] = &[
    ("DataSource", System::Sql, SOURCE),
    ("DataSourceProperties", System::Sql, SOURCE),
    ("HikariDataSource", System::Sql, SOURCE),
    ("HikariConfig", System::Sql, SOURCE),
    ("DruidDataSource", System::Sql, SOURCE),
    ("AtomikosDataSourceBean", System::Sql, &["xa-properties.url", "xa-properties.URL", "url"]),
    ("MongoProperties", System::Mongo, &["uri", "host"]),
    ("RedisProperties", System::Redis, &["url", "host"]),
];

const SOURCE: &[&str] = &["url", "jdbc-url"];

/// `@Bean @ConfigurationProperties("app.datasource.orders") DataSource orders()`: one of several stores, whose address stands
/// below a prefix of its own.
fn bound(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let Some(a) = find(&function.annotations, &["ConfigurationProperties"]) else { continue };
        let returns = plain_type(&function.returns);
        let Some((_, system, keys)) = BOUND.iter().find(|(ty, ..)| *ty == returns) else { continue };
        let prefix = text(code, a, &["prefix", "value"], &function.owner).and_then(|v| v.as_text());
        let Some(prefix) = prefix else { continue };
        let address = Value::either(keys.iter().map(|key| Value::config(format_smolstr!("{prefix}.{key}"), None)));
        state(*system, address, "Spring", code.within(index), a.span, sink);
    }
}

fn state(system: System, address: Value, client: &str, within: SmolStr, at: Span, sink: &mut Sink) {
    sink.stated(Claim::Store(Store { system, address, database: None, client: client.into(), within }), at);
}

/// The product that a JDBC or R2DBC URL names.
pub(super) fn system_of(url: &Value) -> System {
    let text = match url.parts.first() {
        Some(Part::Text(text)) => text.to_ascii_lowercase(),
        _ => return System::Sql,
    };
    let text = text.trim_start_matches("jdbc:").trim_start_matches("r2dbc:").trim_start_matches("pool:");
    let schemes = [
        ("postgres", System::Postgres),
        ("mysql", System::Mysql),
        ("mariadb", System::Mysql),
        ("sqlserver", System::SqlServer),
        ("mssql", System::SqlServer),
        ("oracle", System::Oracle),
        ("sqlite", System::Sqlite),
        ("clickhouse", System::Clickhouse),
        ("ch:", System::Clickhouse),
    ];
    schemes.iter().find(|(s, _)| text.starts_with(s)).map(|(_, s)| *s).unwrap_or(System::Sql)
}

/// How the address stands in a call's arguments.
#[derive(Clone, Copy)]
enum Address {
    /// One argument: a URL, `host:port`, or a list of them.
    At(usize),
    /// Host and, if given, port from this position on.
    HostPort(usize),
    /// The library's documented default when there is no argument.
    Default(&'static str),
}

/// Calls that open a connection: function, words in what it is called on (`new` for constructors), import that must be
/// there, system, address, library.
const CONNECTS: &[(&str, &str, &str, System, Address, &str)] = &[
    ("create", "mongoclients", "", System::Mongo, Address::At(0), "MongoDB driver"),
    ("create", "mongoclient", "", System::Mongo, Address::At(0), "MongoDB driver"),
    ("createClient", "kmongo", "", System::Mongo, Address::At(0), "KMongo"),
    ("MongoClient", "new", "com.mongodb", System::Mongo, Address::HostPort(0), "MongoDB driver"),
    ("MongoClientURI", "new", "com.mongodb", System::Mongo, Address::At(0), "MongoDB driver"),
    ("ConnectionString", "new", "com.mongodb", System::Mongo, Address::At(0), "MongoDB driver"),
    ("ServerAddress", "new", "com.mongodb", System::Mongo, Address::HostPort(0), "MongoDB driver"),
    ("Jedis", "new", "redis.clients", System::Redis, Address::HostPort(0), "Jedis"),
    ("JedisPooled", "new", "redis.clients", System::Redis, Address::HostPort(0), "Jedis"),
    ("HostAndPort", "new", "redis.clients", System::Redis, Address::HostPort(0), "Jedis"),
    ("RedisStandaloneConfiguration", "new", "", System::Redis, Address::HostPort(0), "Spring Data Redis"),
    ("LettuceConnectionFactory", "new", "", System::Redis, Address::HostPort(0), "Spring Data Redis"),
    ("setHostName", "jedisconnectionfactory", "", System::Redis, Address::At(0), "Spring Data Redis"),
    ("setHostName", "redisstandaloneconfiguration", "", System::Redis, Address::At(0), "Spring Data Redis"),
    ("setHostName", "lettuceconnectionfactory", "", System::Redis, Address::At(0), "Spring Data Redis"),
    ("create", "redisclient", "io.lettuce", System::Redis, Address::At(0), "Lettuce"),
    ("create", "redisuri", "io.lettuce", System::Redis, Address::HostPort(0), "Lettuce"),
    ("withHost", "redisuri.builder", "io.lettuce", System::Redis, Address::At(0), "Lettuce"),
    ("redis", "redisuri.builder", "io.lettuce", System::Redis, Address::HostPort(0), "Lettuce"),
    ("setAddress", "usesingleserver", "org.redisson", System::Redis, Address::At(0), "Redisson"),
    ("addNodeAddress", "useclusterservers", "org.redisson", System::Redis, Address::At(0), "Redisson"),
    ("addContactPointsWithPorts", "", "com.datastax", System::Cassandra, Address::At(0), "Cassandra driver"),
    ("host", "b", "co.elastic.clients", System::Elasticsearch, Address::At(0), "Elasticsearch client"),
    ("host", "builder", "co.elastic.clients", System::Elasticsearch, Address::At(0), "Elasticsearch client"),
    ("serverHost", "", "com.hivemq", System::Mqtt, Address::At(0), "HiveMQ client"),
    ("addContactPoint", "", "com.datastax", System::Cassandra, Address::At(0), "Cassandra driver"),
    ("addContactPoints", "", "com.datastax", System::Cassandra, Address::At(0), "Cassandra driver"),
    ("HttpHost", "new", "org.elasticsearch", System::Elasticsearch, Address::HostPort(0), "Elasticsearch client"),
    ("HttpHost", "new", "co.elastic.clients", System::Elasticsearch, Address::HostPort(0), "Elasticsearch client"),
    ("HttpHost", "new", "org.opensearch", System::Elasticsearch, Address::HostPort(0), "OpenSearch client"),
    (
        "connectedTo",
        "clientconfiguration",
        "org.springframework.data",
        System::Elasticsearch,
        Address::At(0),
        "Spring Data Elasticsearch",
    ),
    (
        "InetSocketTransportAddress",
        "new",
        "org.elasticsearch",
        System::Elasticsearch,
        Address::HostPort(0),
        "Elasticsearch client",
    ),
    (
        "TransportAddress",
        "new",
        "org.elasticsearch",
        System::Elasticsearch,
        Address::HostPort(0),
        "Elasticsearch client",
    ),
    ("driver", "graphdatabase", "", System::Neo4j, Address::At(0), "Neo4j driver"),
    ("connect", "influxdbfactory", "", System::Influx, Address::At(0), "InfluxDB client"),
    ("create", "influxdbclientfactory", "", System::Influx, Address::At(0), "InfluxDB client"),
    ("connect", "cluster", "com.couchbase", System::Couchbase, Address::At(0), "Couchbase client"),
    ("MemcachedClient", "new", "", System::Memcached, Address::At(0), "spymemcached"),
    ("endpoints", "client.builder", "io.etcd", System::Etcd, Address::At(0), "jetcd"),
    ("endpoint", "minioclient.builder", "", System::Objects, Address::At(0), "MinIO"),
    ("connect", "nats", "io.nats", System::Nats, Address::At(0), "NATS client"),
    ("server", "", "io.nats", System::Nats, Address::At(0), "NATS client"),
    (
        "ActiveMQConnectionFactory",
        "new",
        "",
        System::ActiveMq,
        Address::Default("failover:tcp://localhost:61616"),
        "ActiveMQ client",
    ),
    ("setBrokerURL", "connectionfactory", "", System::ActiveMq, Address::At(0), "ActiveMQ client"),
    ("serviceUrl", "pulsarclient.builder", "", System::Pulsar, Address::At(0), "Pulsar client"),
    ("MqttClient", "new", "org.eclipse.paho", System::Mqtt, Address::At(0), "Paho"),
    ("MqttAsyncClient", "new", "org.eclipse.paho", System::Mqtt, Address::At(0), "Paho"),
    ("addAddress", "", "com.hazelcast.client", System::Hazelcast, Address::At(0), "Hazelcast"),
    ("create", "eventstoredbclient", "", System::EventStore, Address::At(0), "EventStoreDB client"),
];

fn connections(code: &Code<'_>, sink: &mut Sink) {
    for (name, on, import, system, address, client) in CONNECTS {
        for site in code.calls_named(&[name]) {
            if !import.is_empty() && !code.imports(import) {
                continue;
            }
            let fits = match *on {
                "new" => site.call.new,
                "" => true,
                on => receiver(code, site.call, site.function).ends_with(on),
            };
            // A broker that is set afterwards is no default.
            let default = matches!(address, Address::Default(_)) && site.call.args.is_empty();
            if !fits || default && !code.calls_named(&["setBrokerURL"]).is_empty() {
                continue;
            }
            // Vert.x has clients of the same names, which take the Vert.x instance first.
            if *on != "new" && site.call.args.len() > 1 && code.imports("io.vertx") {
                continue;
            }
            let within = code.within(site.function);
            for address in addresses(code, &site, *address) {
                state(*system, address, client, within.clone(), site.span(), sink);
            }
        }
    }
    // Constructors of pools take their settings first: `new JedisPool(config, host, port)`.
    for site in code.calls_named(&["JedisPool", "JedisSentinelPool"]) {
        let first = site.call.arg(0).map(|e| code.origin(e, site.function)).unwrap_or_default();
        let skip = usize::from(first.ends_with("Config"));
        for address in addresses(code, &site, Address::HostPort(skip)) {
            state(System::Redis, address, "Jedis", code.within(site.function), site.span(), sink);
        }
    }
}

fn addresses(code: &Code<'_>, site: &Site<'_>, how: Address) -> Vec<Value> {
    let args = &site.call.args;
    let at = |i: usize| args.get(i).map(|a| &a.value);
    match how {
        Address::At(i) => match at(i) {
            // Settings objects say where elsewhere; the address is stated where it is put into them.
            Some(e) if built_elsewhere(e) => Vec::new(),
            Some(e) => listed(code, e, site.function),
            None => vec![Value::default()],
        },
        Address::HostPort(i) => match (at(i), at(i + 1)) {
            (Some(e), _) if built_elsewhere(e) => Vec::new(),
            (Some(host), Some(port)) if is_port(code, port, site.function) => {
                vec![value(code, host, site.function).then(":".into()).then(value(code, port, site.function))]
            }
            (Some(host), _) => listed(code, host, site.function),
            (None, _) => Vec::new(),
        },
        Address::Default(text) => vec![at(0).map(|e| value(code, e, site.function)).unwrap_or_else(|| text.into())],
    }
}

/// A port is a number, or something called so.
fn is_port(code: &Code<'_>, expr: &Expr, function: usize) -> bool {
    let found = value(code, expr, function);
    match found.as_text() {
        Some(text) => text.chars().all(|c| c.is_ascii_digit()),
        None => {
            expr.path().is_some_and(|p| p.to_ascii_lowercase().contains("port"))
                || found.to_string().to_ascii_lowercase().contains("port")
        }
    }
}

fn built_elsewhere(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(call) if call.new => !matches!(call.name(), "URI" | "URL" | "String" | "InetSocketAddress"),
        ExprKind::Call(call) => matches!(call.name(), "build" | "getAddresses"),
        ExprKind::Name(name) => {
            let name = name.to_ascii_lowercase();
            name.ends_with("settings")
                || name.ends_with("options")
                || name.ends_with("config")
                || name.ends_with("builder")
        }
        _ => false,
    }
}

/// JDBC and R2DBC: drivers, pools, Exposed, jOOQ.
fn jdbc(code: &Code<'_>, sink: &mut Sink) {
    let mut found: Vec<(Value, &str, usize, Span)> = Vec::new();
    for site in code.calls_named(&[
        "getConnection",
        "url",
        "setJdbcUrl",
        "setUrl",
        "jdbcUrl",
        "setURL",
        "connect",
        "connectWithSpringSupport",
        "get",
        "using",
        "dataSource",
        "create",
        "open",
        "Sql2o",
        "DBI",
    ]) {
        let on = receiver(code, site.call, site.function);
        let at = match site.call.name() {
            "getConnection" if on == "drivermanager" => 0,
            "url" if on.contains("datasourcebuilder") => 0,
            "setJdbcUrl" | "jdbcUrl" | "setUrl" | "setURL"
                if on.contains("datasource") || on.contains("hikariconfig") || on.contains("poolproperties") =>
            {
                0
            }
            "connect" | "connectWithSpringSupport"
                if on == "database"
                    && ["org.jetbrains.exposed", "org.ktorm", "me.liuwj.ktorm"].iter().any(|p| code.imports(p)) =>
            {
                0
            }
            "get" if on == "connectionfactories" => 0,
            "using" if on == "dsl" => 0,
            "dataSource" if on.contains("flyway") => 0,
            "create" | "open" if on == "jdbi" || on == "dbi" => 0,
            "Sql2o" | "DBI" if site.call.new => 0,
            _ => continue,
        };
        // These take a ready data source as well, which says elsewhere where it leads.
        let ready = |e: &Expr| {
            !value(code, e, site.function).to_string().to_ascii_lowercase().contains("url")
                && !value(code, e, site.function).to_string().contains(':')
        };
        if matches!(site.call.name(), "create" | "open" | "Sql2o" | "DBI") && site.call.arg(0).is_none_or(ready) {
            continue;
        }
        let client = match site.call.name() {
            "connect" if code.imports("org.jetbrains.exposed") => "Exposed",
            "connect" | "connectWithSpringSupport" => "Ktorm",
            "get" => "R2DBC",
            "dataSource" => "Flyway",
            "create" | "open" | "DBI" => "Jdbi",
            "Sql2o" => "Sql2o",
            _ => "JDBC",
        };
        if let Some(url) = site.call.arg_or("url", at) {
            found.push((value(code, url, site.function), client, site.function, site.span()));
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        assigned(&function.body, &mut |target, expr, span| {
            let sets = match &target.kind {
                ExprKind::Member(_, name) => name == "jdbcUrl",
                // Kotlin: `HikariConfig().apply { jdbcUrl = … }`.
                ExprKind::Name(name) => name == "jdbcUrl" && function.name == "<lambda>",
                _ => false,
            };
            if sets {
                found.push((value(code, expr, index), "JDBC", index, span));
            }
        });
    }
    for (url, client, function, span) in found {
        // What has neither a scheme nor a hole is another object of the same name.
        if url.as_text().is_some_and(|t| !t.contains(':')) {
            continue;
        }
        state(system_of(&url), url, client, code.within(function), span, sink);
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

/// AWS clients by the names of their classes: AWS's own endpoint, unless one is given.
const AWS: &[(&str, System)] = &[
    ("DynamoDbClient", System::Dynamo),
    ("DynamoDbAsyncClient", System::Dynamo),
    ("AmazonDynamoDBClientBuilder", System::Dynamo),
    ("AmazonDynamoDBAsyncClientBuilder", System::Dynamo),
    ("S3Client", System::Objects),
    ("S3AsyncClient", System::Objects),
    ("AmazonS3ClientBuilder", System::Objects),
    ("SqsClient", System::Sqs),
    ("SqsAsyncClient", System::Sqs),
    ("AmazonSQSClientBuilder", System::Sqs),
    ("AmazonSQSAsyncClientBuilder", System::Sqs),
    ("SnsClient", System::Sns),
    ("AmazonSNSClientBuilder", System::Sns),
    ("KinesisClient", System::Kinesis),
    ("KinesisAsyncClient", System::Kinesis),
    ("AmazonKinesisClientBuilder", System::Kinesis),
];

fn aws(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["builder", "create", "standard", "defaultClient"]) {
        let Some(Expr { kind: ExprKind::Name(class), .. }) = site.call.receiver() else { continue };
        let Some((_, system)) = AWS.iter().find(|(name, _)| name == class) else { continue };
        let given: Vec<Value> = code
            .calls_named(&["endpointOverride", "EndpointConfiguration", "AwsClientBuilder.EndpointConfiguration"])
            .into_iter()
            .filter(|s| code.within(s.function) == code.within(site.function))
            .filter_map(|s| Some(value(code, s.call.arg(0)?, s.function)))
            .collect();
        let address = if given.is_empty() { Value::default() } else { Value::either(given) };
        state(*system, address, "AWS SDK", code.within(site.function), site.span(), sink);
    }
}
