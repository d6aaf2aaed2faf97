//! Stores that Python code opens, and the tables and collections it uses. See `stores.md`.

use super::shapes::{callee, each_assign, host_port, keyword, system_of};
use crate::code::ir::{Call as Invocation, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::sql;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-stores",
    version: 1,
    page: include_str!("stores.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

/// What opens a connection: the package, the functions or classes, the product, the position of the address, and the
/// library's documented default address.
struct Opener {
    package: &'static str,
    names: &'static [&'static str],
    system: System,
    position: Option<usize>,
    default: &'static str,
}

const fn opener(
    package: &'static str,
    names: &'static [&'static str],
    system: System,
    position: Option<usize>,
    default: &'static str,
) -> Opener {
    Opener { package, names, system, position, default }
}

const OPENERS: &[Opener] = &[
    opener("psycopg2", &["connect"], System::Postgres, Some(0), ""),
    opener(
        "psycopg2",
        &["SimpleConnectionPool", "ThreadedConnectionPool", "PersistentConnectionPool"],
        System::Postgres,
        Some(2),
        "",
    ),
    opener("psycopg", &["connect"], System::Postgres, Some(0), ""),
    opener("psycopg_pool", &["ConnectionPool", "AsyncConnectionPool"], System::Postgres, Some(0), ""),
    opener("asyncpg", &["connect", "create_pool"], System::Postgres, Some(0), ""),
    opener("aiopg", &["connect", "create_pool"], System::Postgres, Some(0), ""),
    opener("pg8000", &["connect"], System::Postgres, None, "localhost"),
    opener("pymysql", &["connect", "Connect", "Connection"], System::Mysql, Some(0), "localhost"),
    opener("MySQLdb", &["connect", "Connection"], System::Mysql, Some(0), "localhost"),
    opener("mysql", &["connect", "MySQLConnectionPool", "MySQLConnection"], System::Mysql, None, "127.0.0.1"),
    opener("aiomysql", &["connect", "create_pool"], System::Mysql, Some(0), "localhost"),
    opener("asyncmy", &["connect", "create_pool"], System::Mysql, Some(0), "localhost"),
    opener("mariadb", &["connect", "ConnectionPool"], System::Mysql, None, "localhost"),
    opener("sqlalchemy", &["create_engine", "create_async_engine"], System::Sql, Some(0), ""),
    opener("sqlmodel", &["create_engine"], System::Sql, Some(0), ""),
    opener("databases", &["Database"], System::Sql, Some(0), ""),
    opener("peewee", &["PostgresqlDatabase"], System::Postgres, None, "localhost"),
    opener("peewee", &["MySQLDatabase"], System::Mysql, None, "localhost"),
    opener(
        "playhouse",
        &["PooledPostgresqlDatabase", "PooledPostgresqlExtDatabase", "PostgresqlExtDatabase"],
        System::Postgres,
        None,
        "",
    ),
    opener("playhouse", &["PooledMySQLDatabase"], System::Mysql, None, ""),
    opener("playhouse", &["connect"], System::Sql, Some(0), ""),
    opener("tortoise", &["init", "register_tortoise"], System::Sql, None, ""),
    opener("pyodbc", &["connect"], System::SqlServer, Some(0), ""),
    opener("aioodbc", &["connect", "create_pool"], System::SqlServer, Some(0), ""),
    opener("pymssql", &["connect"], System::SqlServer, Some(0), ""),
    opener("oracledb", &["connect", "create_pool"], System::Oracle, None, ""),
    opener("cx_Oracle", &["connect", "SessionPool"], System::Oracle, Some(2), ""),
    opener("sqlite3", &["connect"], System::Sqlite, Some(0), ""),
    opener("aiosqlite", &["connect"], System::Sqlite, Some(0), ""),
    opener("pymongo", &["MongoClient", "AsyncMongoClient"], System::Mongo, Some(0), "localhost:27017"),
    opener("motor", &["AsyncIOMotorClient", "MotorClient"], System::Mongo, Some(0), "localhost:27017"),
    opener("mongoengine", &["connect", "register_connection"], System::Mongo, None, "localhost:27017"),
    opener("flask_pymongo", &["PyMongo"], System::Mongo, Some(1), ""),
    opener(
        "redis",
        &["Redis", "StrictRedis", "from_url", "ConnectionPool", "BlockingConnectionPool", "RedisCluster", "Sentinel"],
        System::Redis,
        Some(0),
        "localhost:6379",
    ),
    opener(
        "aioredis",
        &["Redis", "StrictRedis", "from_url", "create_redis_pool", "create_redis", "create_pool"],
        System::Redis,
        Some(0),
        "localhost:6379",
    ),
    opener("rediscluster", &["RedisCluster"], System::Redis, Some(0), "localhost:6379"),
    opener("walrus", &["Database", "Walrus"], System::Redis, Some(0), "localhost:6379"),
    opener("arq", &["RedisSettings", "create_pool"], System::Redis, None, "localhost:6379"),
    opener("memcache", &["Client"], System::Memcached, Some(0), ""),
    opener("pymemcache", &["Client", "PooledClient", "HashClient"], System::Memcached, Some(0), ""),
    opener("pylibmc", &["Client"], System::Memcached, Some(0), ""),
    opener("aiomcache", &["Client"], System::Memcached, Some(0), ""),
    opener("bmemcached", &["Client"], System::Memcached, Some(0), ""),
    opener("elasticsearch", &["Elasticsearch", "AsyncElasticsearch"], System::Elasticsearch, Some(0), "localhost:9200"),
    opener("elasticsearch_dsl", &["create_connection"], System::Elasticsearch, None, "localhost:9200"),
    opener("opensearchpy", &["OpenSearch", "AsyncOpenSearch"], System::Elasticsearch, Some(0), "localhost:9200"),
    opener("cassandra", &["Cluster"], System::Cassandra, Some(0), "127.0.0.1"),
    opener("neo4j", &["driver"], System::Neo4j, Some(0), ""),
    opener("py2neo", &["Graph"], System::Neo4j, Some(0), ""),
    opener("influxdb", &["InfluxDBClient", "DataFrameClient"], System::Influx, Some(0), "localhost:8086"),
    opener("influxdb_client", &["InfluxDBClient", "InfluxDBClientAsync"], System::Influx, Some(0), ""),
    opener("influxdb_client_3", &["InfluxDBClient3"], System::Influx, None, ""),
    opener("clickhouse_driver", &["Client", "connect"], System::Clickhouse, Some(0), ""),
    opener("clickhouse_connect", &["get_client"], System::Clickhouse, None, "localhost:8123"),
    opener("minio", &["Minio"], System::Objects, Some(0), ""),
    opener("couchdb", &["Server"], System::Couchdb, Some(0), "http://localhost:5984"),
    opener("couchbase", &["Cluster", "connect"], System::Couchbase, Some(0), ""),
    opener("etcd3", &["client", "Etcd3Client"], System::Etcd, Some(0), "localhost:2379"),
    opener("hazelcast", &["HazelcastClient"], System::Hazelcast, None, "localhost:5701"),
    opener("azure", &["CosmosClient"], System::Cosmos, Some(0), ""),
    opener("azure", &["BlobServiceClient"], System::Objects, Some(0), ""),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        opened(code, site, sink);
        clouds(code, site, sink);
        accesses(code, site, sink);
    }
    configured(code, sink);
    tables(code, sink);
}

fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    system: System,
    address: Value,
    client: &str,
    inferred: bool,
    sink: &mut Sink,
) {
    let database = ["dbname", "database", "db", "db_name", "name"]
        .iter()
        .find_map(|n| keyword(code, site.call, n, site.function))
        .map(|e| code.value(e, site.function))
        .filter(|v| v.as_text().is_none_or(|t| t.parse::<u32>().is_err()));
    let store = Store { system, address, database, client: client.into(), within: code.within(site.function) };
    match inferred {
        true => sink.inferred(Claim::Store(store), site.span()),
        false => sink.stated(Claim::Store(store), site.span()),
    }
}

fn opened(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let callee = callee(code, site);
    let (package, name) = (callee.split('.').next().unwrap_or(""), site.call.name());
    if package == callee || callee.contains('(') {
        return;
    }
    let Some(opener) = OPENERS.iter().find(|o| o.package == package && o.names.contains(&name)) else {
        return;
    };
    if ["connection_pool", "connection_class"].iter().any(|n| site.call.named(n).is_some())
        && site.call.named("host").is_none()
    {
        return;
    }
    match address(code, site.call, opener.position, site.function) {
        Some(address) => {
            let system = system_of(&address).filter(|_| opener.system == System::Sql).unwrap_or(opener.system);
            state(code, site, system, address, opener.package, false, sink);
        }
        None => {
            state(code, site, opener.system, opener.default.into(), opener.package, !opener.default.is_empty(), sink)
        }
    }
}

const ADDRESS_WORDS: &[&str] = &[
    "dsn",
    "conninfo",
    "url",
    "uri",
    "db_url",
    "connection_string",
    "conn_str",
    "host",
    "hosts",
    "hostname",
    "unix_socket",
    "server",
    "servers",
    "contact_points",
    "endpoint",
    "endpoint_url",
    "account_url",
    "cluster_members",
    "startup_nodes",
];

/// The address among a call's arguments.
fn address(code: &Code<'_>, call: &Invocation, position: Option<usize>, function: usize) -> Option<Value> {
    let named = ADDRESS_WORDS.iter().find_map(|w| keyword(code, call, w, function));
    let positional = || position.and_then(|p| call.arg(p));
    let stated = named.or_else(positional)?;
    let port = keyword(code, call, "port", function)
        .or_else(|| call.arg(position? + 1).filter(|e| matches!(e.kind, ExprKind::Num(_))));
    let value = place(code, stated, function);
    let port = port.filter(|_| !value.to_string().contains("://")).map(|p| code.value(p, function));
    Some(host_port(value, port)).filter(|v| !v.is_empty())
}

/// An address in any of the shapes that clients take: text, `(host, port)`, lists, `{"host": …, "port": …}`.
fn place(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    match &expr.kind {
        ExprKind::Object(_) => {
            let part = |k: &str| expr.key(k).map(|e| code.value(e, function));
            host_port(part("host").unwrap_or_default(), part("port"))
        }
        ExprKind::List(items) => match items.as_slice() {
            [host, port] if matches!(port.kind, ExprKind::Num(_)) => {
                host_port(code.value(host, function), Some(code.value(port, function)))
            }
            items => {
                let places = items.iter().map(|i| place(code, i, function));
                places.reduce(|all, one| all.then(",".into()).then(one)).unwrap_or_default()
            }
        },
        _ => code.value(expr, function),
    }
}

/// Clients that name the product by an argument or a module: `boto3.client("dynamodb")`, `firestore.Client()`.
fn clouds(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let name = site.call.name();
    let callee = callee(code, site);
    if matches!(name, "client" | "resource")
        && (callee.starts_with("boto3.") || callee.starts_with("aioboto") || callee.contains("ession"))
    {
        let Some(service) = site.call.arg_or("service_name", 0).and_then(|e| code.value(e, site.function).as_text())
        else {
            return;
        };
        let system = match service.as_str() {
            "dynamodb" => System::Dynamo,
            "s3" => System::Objects,
            "sqs" => System::Sqs,
            "sns" => System::Sns,
            "kinesis" => System::Kinesis,
            _ => return,
        };
        let stated = keyword(code, site.call, "endpoint_url", site.function).map(|e| code.value(e, site.function));
        // The SDK reads `AWS_ENDPOINT_URL` by itself; without it the service's own domain is dialled.
        let inferred = stated.is_none();
        let own = || Value::env("AWS_ENDPOINT_URL", Some(Value::text(format!("{service}.amazonaws.com"))));
        return state(code, site, system, stated.unwrap_or_else(own), "boto3", inferred, sink);
    }
    let system = match (name, callee.as_str()) {
        ("Client" | "AsyncClient", c) if c.contains("google.cloud.firestore") => {
            (System::Firestore, "firestore.googleapis.com")
        }
        ("client", c) if c.starts_with("firebase_admin") && c.contains("firestore") => {
            (System::Firestore, "firestore.googleapis.com")
        }
        ("Client", c) if c.contains("google.cloud.storage") => (System::Objects, "storage.googleapis.com"),
        ("Client", c) if c.contains("google.cloud.spanner") => (System::Spanner, "spanner.googleapis.com"),
        ("Client", c) if c.contains("google.cloud.bigtable") => (System::Bigtable, "bigtable.googleapis.com"),
        ("from_connection_string", c) if c.contains("BlobServiceClient") => {
            let address = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
            return state(code, site, System::Objects, address, "azure", false, sink);
        }
        ("from_connection_string", c) if c.contains("CosmosClient") => {
            let address = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
            return state(code, site, System::Cosmos, address, "azure", false, sink);
        }
        _ => return,
    };
    state(code, site, system.0, system.1.into(), "google-cloud", true, sink);
}

/// Addresses that frameworks take from settings: Flask-SQLAlchemy, Django's `DATABASES` and `CACHES`.
fn configured(code: &Code<'_>, sink: &mut Sink) {
    let setting = |name: &str, value: &Expr, function: usize, at: Span, sink: &mut Sink| match name {
        "SQLALCHEMY_DATABASE_URI" => uri(code, value, function, "flask_sqlalchemy", System::Sql, at, sink),
        "MONGO_URI" if code.imports("flask") => uri(code, value, function, "flask_pymongo", System::Mongo, at, sink),
        "MYSQL_HOST" if code.imports("flask_mysqldb") => {
            uri(code, value, function, "flask_mysqldb", System::Mysql, at, sink);
        }
        "MYSQL_DATABASE_HOST" if code.imports("flaskext") => {
            uri(code, value, function, "flaskext", System::Mysql, at, sink);
        }
        "MONGODB_HOST" if code.imports("flask_mongoengine") => {
            uri(code, value, function, "flask_mongoengine", System::Mongo, at, sink);
        }
        "REDIS_URL" if code.imports("flask_redis") => {
            uri(code, value, function, "flask_redis", System::Redis, at, sink);
        }
        "DATABASES" | "CACHES" => django(code, name, value, at, sink),
        _ => {}
    };
    each_assign(code, &mut |target, value, function, at| match &target.kind {
        ExprKind::Name(name) => setting(name, value, function, at, sink),
        ExprKind::Index(_, key) => {
            if let Some(key) = key.as_str() {
                setting(key, value, function, at, sink);
            }
        }
        _ => {}
    });
    for ty in &code.unit.types {
        for field in &ty.fields {
            if let Some(init) = &field.init {
                setting(&field.name, init, 0, field.span, sink);
            }
        }
    }
}

fn uri(code: &Code<'_>, value: &Expr, function: usize, client: &str, system: System, at: Span, sink: &mut Sink) {
    let address = code.value(value, function);
    let system = system_of(&address).unwrap_or(system);
    let store = Store { system, address, database: None, client: client.into(), within: code.within(function) };
    sink.stated(Claim::Store(store), at);
}

/// `DATABASES = {"default": {"ENGINE": …, "HOST": …}}` and `CACHES = {"default": {"BACKEND": …, "LOCATION": …}}`.
fn django(code: &Code<'_>, name: &str, value: &Expr, at: Span, sink: &mut Sink) {
    let ExprKind::Object(entries) = &value.kind else { return };
    for (_, entry) in entries {
        let at = if entry.span.line == 0 { at } else { entry.span };
        let part = |key: &str| entry.key(key).map(|e| code.value(e, 0));
        let kind =
            part(if name == "CACHES" { "BACKEND" } else { "ENGINE" }).map(|v| v.to_string().to_ascii_lowercase());
        let Some(kind) = kind else {
            // `"default": env.db()`, `dj_database_url.config()`.
            if matches!(entry.kind, ExprKind::Call(_)) && name == "DATABASES" {
                uri(code, entry, 0, "django", System::Sql, at, sink);
            }
            continue;
        };
        let products = [
            ("postg", System::Postgres),
            ("mysql", System::Mysql),
            ("sqlite", System::Sqlite),
            ("oracle", System::Oracle),
            ("mssql", System::SqlServer),
            ("redis", System::Redis),
            ("memcache", System::Memcached),
            ("djongo", System::Mongo),
        ];
        let system = products.iter().find(|(word, _)| kind.contains(word)).map(|(_, s)| *s);
        let (system, address, database) = match (name, system) {
            ("CACHES", None) => continue,
            ("CACHES", Some(system)) => (system, part("LOCATION").unwrap_or_default(), None),
            (_, Some(System::Sqlite)) => (System::Sqlite, part("NAME").unwrap_or_default(), None),
            (_, system) => {
                let host = part("HOST").unwrap_or_default();
                (system.unwrap_or(System::Sql), host_port(host, part("PORT")), part("NAME"))
            }
        };
        let store = Store { system, address, database, client: "django".into(), within: SmolStr::default() };
        sink.stated(Claim::Store(store), at);
    }
}

/// Mapped tables: `__tablename__`, SQLAlchemy's `Table("x", …)`, Django's `db_table`, mongoengine's `collection`.
fn tables(code: &Code<'_>, sink: &mut Sink) {
    let declare = |name: Value, system: Option<System>, within: SmolStr, at: Span, sink: &mut Sink| {
        if !name.is_empty() {
            sink.stated(Claim::Access(Access { system, name, mode: AccessMode::Declare, within }), at);
        }
    };
    for ty in &code.unit.types {
        for field in ty.fields.iter().filter(|f| matches!(f.name.as_str(), "__tablename__" | "db_table")) {
            if let Some(init) = &field.init {
                declare(code.value(init, 0), None, ty.name.clone(), field.span, sink);
            }
        }
    }
    for site in code.calls_named(&["Table"]) {
        if callee(code, &site).starts_with("sqlalchemy")
            && let Some(name) = site.call.arg(0)
        {
            declare(code.value(name, site.function), None, code.within(site.function), site.span(), sink);
        }
    }
}

/// Methods of MongoDB collections, and how they use them.
const COLLECTION: &[(&str, AccessMode)] = &[
    ("find", AccessMode::Read),
    ("find_one", AccessMode::Read),
    ("aggregate", AccessMode::Read),
    ("count_documents", AccessMode::Read),
    ("distinct", AccessMode::Read),
    ("insert_one", AccessMode::Write),
    ("insert_many", AccessMode::Write),
    ("update_one", AccessMode::Write),
    ("update_many", AccessMode::Write),
    ("replace_one", AccessMode::Write),
    ("delete_one", AccessMode::Write),
    ("delete_many", AccessMode::Write),
    ("find_one_and_update", AccessMode::Write),
    ("bulk_write", AccessMode::Write),
];

/// Tables in SQL text that is executed; collections that a method is called on.
fn accesses(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let name = site.call.name();
    let within = code.within(site.function);
    if matches!(
        name,
        "execute" | "executemany" | "fetch" | "fetchrow" | "fetchval" | "fetch_all" | "fetch_one" | "read_sql" | "text"
    ) && let Some(text) = site.call.arg(0)
    {
        let text = code.value(text, site.function).to_string();
        for (name, mode) in sql::tables(&text) {
            let access = Access { system: None, name: Value::text(name), mode, within: within.clone() };
            sink.stated(Claim::Access(access), site.span());
        }
    }
    let mongo = || ["pymongo", "motor", "flask_pymongo"].iter().any(|m| code.imports(m));
    let Some((_, mode)) = COLLECTION.iter().find(|(method, _)| *method == name) else {
        return;
    };
    let certain = name.contains('_');
    if !certain && !mongo() {
        return;
    }
    let collection = match site.call.receiver().map(|r| &r.kind) {
        Some(ExprKind::Member(base, member)) if !matches!(&base.kind, ExprKind::Name(n) if n == "this") => {
            Value::text(member.clone())
        }
        Some(ExprKind::Index(_, key)) => code.value(key, site.function),
        _ => return,
    };
    sink.stated(
        Claim::Access(Access { system: Some(System::Mongo), name: collection, mode: *mode, within }),
        site.span(),
    );
}
