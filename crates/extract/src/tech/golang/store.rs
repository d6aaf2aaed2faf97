//! Databases, caches and object stores in Go. See `store.md`.

use super::client::{text, unknown};
use super::{key_of, literal, split};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, Hole, SmolStr, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-store",
    version: 3,
    page: include_str!("store.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

/// Functions that open a connection: end of the package's path, function, what it opens, position of the address.
const OPENS: &[(&str, &str, System, usize)] = &[
    ("gorm.io/driver/mysql", "Open", System::Mysql, 0),
    ("gorm.io/driver/postgres", "Open", System::Postgres, 0),
    ("gorm.io/driver/sqlserver", "Open", System::SqlServer, 0),
    ("gorm.io/driver/sqlite", "Open", System::Sqlite, 0),
    ("gorm.io/driver/clickhouse", "Open", System::Clickhouse, 0),
    ("glebarez/sqlite", "Open", System::Sqlite, 0),
    ("jackc/pgx", "Connect", System::Postgres, 1),
    ("jackc/pgx", "ParseConfig", System::Postgres, 0),
    ("jackc/pgx/pgxpool", "Connect", System::Postgres, 1),
    ("jackc/pgx/pgxpool", "New", System::Postgres, 1),
    ("jackc/pgx/pgxpool", "ParseConfig", System::Postgres, 0),
    ("jackc/pgx/stdlib", "Open", System::Postgres, 0),
    ("jackc/pgxpool", "Connect", System::Postgres, 1),
    ("lib/pq", "NewConnector", System::Postgres, 0),
    ("lib/pq", "ParseURL", System::Postgres, 0),
    ("go-pg/pg", "ParseURL", System::Postgres, 0),
    ("bun/driver/pgdriver", "WithDSN", System::Postgres, 0),
    ("bun/driver/pgdriver", "WithAddr", System::Postgres, 0),
    ("mongo-driver/mongo/options", "Client().ApplyURI", System::Mongo, 0),
    ("mongo-driver/mongo/options", "ClientOptions.ApplyURI", System::Mongo, 0),
    ("mongo-driver/mongo/options", "Client().SetHosts", System::Mongo, 0),
    ("mgo", "Dial", System::Mongo, 0),
    ("mgo", "DialWithTimeout", System::Mongo, 0),
    ("go-redis/redis", "ParseURL", System::Redis, 0),
    ("redis/go-redis", "ParseURL", System::Redis, 0),
    ("redigo/redis", "Dial", System::Redis, 1),
    ("redigo/redis", "DialURL", System::Redis, 0),
    ("redigo/redis", "DialContext", System::Redis, 2),
    ("redigo/redis", "DialURLContext", System::Redis, 1),
    ("mediocregopher/radix", "NewPool", System::Redis, 1),
    ("sessions/redis", "NewStore", System::Redis, 2),
    ("valkey-io/valkey-go", "ParseURL", System::Redis, 0),
    ("gomemcache/memcache", "New", System::Memcached, 0),
    ("gomemcache/memcache", "ServerList.SetServers", System::Memcached, 0),
    ("olivere/elastic", "SetURL", System::Elasticsearch, 0),
    ("gocql", "NewCluster", System::Cassandra, 0),
    ("minio/minio-go", "New", System::Objects, 0),
    ("neo4j-go-driver/neo4j", "NewDriver", System::Neo4j, 0),
    ("neo4j-go-driver/neo4j", "NewDriverWithContext", System::Neo4j, 0),
    ("influxdb-client-go", "NewClient", System::Influx, 0),
    ("influxdb-client-go", "NewClientWithOptions", System::Influx, 0),
    ("gocb", "Connect", System::Couchbase, 0),
    ("EventStore-Client-Go/esdb", "ParseConnectionString", System::EventStore, 0),
    ("KurrentDB-Client-Go/kurrentdb", "ParseConnectionString", System::EventStore, 0),
    ("go-kivik/kivik", "New", System::Couchdb, 1),
    ("tarantool/go-tarantool", "Connect", System::Sql, 0),
];

/// Literals of options whose keys are addresses: end of the package's path, type, what it opens, keys by preference.
const OPTIONS: &[(&str, &str, System, &[&str])] = &[
    ("gorm.io/driver/mysql", "Config", System::Mysql, &["DSN"]),
    ("gorm.io/driver/postgres", "Config", System::Postgres, &["DSN"]),
    ("go-sql-driver/mysql", "Config", System::Mysql, &["Addr"]),
    ("go-pg/pg", "Options", System::Postgres, &["Addr"]),
    ("jackc/pgx", "ConnConfig", System::Postgres, &["Host"]),
    ("mgo", "DialInfo", System::Mongo, &["Addrs"]),
    ("qmgo", "Config", System::Mongo, &["Uri"]),
    ("go-redis/redis", "Options", System::Redis, &["Addr"]),
    ("go-redis/redis", "ClusterOptions", System::Redis, &["Addrs"]),
    ("go-redis/redis", "UniversalOptions", System::Redis, &["Addrs"]),
    ("go-redis/redis", "FailoverOptions", System::Redis, &["SentinelAddrs"]),
    ("redis/go-redis", "Options", System::Redis, &["Addr"]),
    ("redis/go-redis", "ClusterOptions", System::Redis, &["Addrs"]),
    ("redis/go-redis", "UniversalOptions", System::Redis, &["Addrs"]),
    ("redis/go-redis", "FailoverOptions", System::Redis, &["SentinelAddrs"]),
    ("redis/rueidis", "ClientOption", System::Redis, &["InitAddress"]),
    ("valkey-io/valkey-go", "ClientOption", System::Redis, &["InitAddress"]),
    ("elastic/go-elasticsearch", "Config", System::Elasticsearch, &["Addresses", "CloudID"]),
    ("opensearch-project/opensearch-go", "Config", System::Elasticsearch, &["Addresses"]),
    ("etcd/client", "Config", System::Etcd, &["Endpoints"]),
    ("etcd/clientv3", "Config", System::Etcd, &["Endpoints"]),
    ("clickhouse-go", "Options", System::Clickhouse, &["Addr"]),
];

/// Cloud SDKs' clients, found by documented variables: end of the package's path, function, what it opens, the variable,
/// the public host.
const CLOUD: &[(&str, &str, System, &str, &str)] = &[
    (
        "cloud.google.com/go/firestore",
        "NewClient",
        System::Firestore,
        "FIRESTORE_EMULATOR_HOST",
        "firestore.googleapis.com",
    ),
    (
        "cloud.google.com/go/datastore",
        "NewClient",
        System::Firestore,
        "DATASTORE_EMULATOR_HOST",
        "datastore.googleapis.com",
    ),
    ("cloud.google.com/go/spanner", "NewClient", System::Spanner, "SPANNER_EMULATOR_HOST", "spanner.googleapis.com"),
    (
        "cloud.google.com/go/bigtable",
        "NewClient",
        System::Bigtable,
        "BIGTABLE_EMULATOR_HOST",
        "bigtable.googleapis.com",
    ),
    ("cloud.google.com/go/storage", "NewClient", System::Objects, "STORAGE_EMULATOR_HOST", "storage.googleapis.com"),
    ("service/dynamodb", "NewFromConfig", System::Dynamo, "AWS_ENDPOINT_URL_DYNAMODB", "dynamodb.amazonaws.com"),
    ("service/dynamodb", "New", System::Dynamo, "AWS_ENDPOINT_URL_DYNAMODB", "dynamodb.amazonaws.com"),
    ("service/s3", "NewFromConfig", System::Objects, "AWS_ENDPOINT_URL_S3", "s3.amazonaws.com"),
    ("service/s3", "New", System::Objects, "AWS_ENDPOINT_URL_S3", "s3.amazonaws.com"),
    ("go-elasticsearch", "NewDefaultClient", System::Elasticsearch, "ELASTICSEARCH_URL", "http://localhost:9200"),
    ("opensearch-go", "NewDefaultClient", System::Elasticsearch, "OPENSEARCH_URL", "http://localhost:9200"),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if site.call.new {
            options(code, site, sink);
            request_tables(code, site, sink);
        } else {
            opened(code, site, &callee, sink);
            by_driver(code, site, &callee, sink);
            cloud(code, site, &callee, sink);
            collections(code, site, &callee, sink);
            statements(code, site, sink);
        }
    }
}

/// `github.com/jackc/pgx` ends with `jackc/pgx`; `x/mgo` ends with `mgo`, `x/cmgo` does not.
fn ends(module: &str, end: &str) -> bool {
    module == end || module.strip_suffix(end).is_some_and(|before| before.ends_with(['/', '.']))
}

fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    system: System,
    address: Value,
    database: Option<Value>,
    client: &str,
    sink: &mut Sink,
) {
    let address = if unknown(&address) { Value::default() } else { address };
    let store = Store { system, address, database, client: client.into(), within: code.within(site.function) };
    sink.stated(Claim::Store(store), site.span());
}

fn client_of(module: &str) -> SmolStr {
    let mut parts = module.rsplit('/');
    let last = parts.next().unwrap_or(module);
    // Drivers are called after their database; the library's own name says more.
    if module.starts_with("gorm.io/") { "gorm".into() } else { last.into() }
}

fn opened(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee) else {
        return;
    };
    let Some((_, _, system, position)) = OPENS.iter().find(|(end, m, ..)| *m == member && ends(&module, end)) else {
        return;
    };
    // The literal passed to it speaks for itself.
    let Some(address) = site.call.arg(*position).map(|e| code.value(e, site.function)) else {
        return;
    };
    let more = site.call.args.iter().skip(*position + 1).map(|a| code.value(&a.value, site.function));
    let address = match (*system, module.ends_with("memcache") || module.ends_with("gocql")) {
        (_, true) => more.fold(address, |list, v| list.then(",".into()).then(v)),
        _ => address,
    };
    if *system == System::Sqlite {
        return;
    }
    state(code, site, *system, address, None, &client_of(&module), sink);
}

/// What a driver's name opens.
fn driver(name: &str) -> Option<System> {
    Some(match name {
        "mysql" => System::Mysql,
        "postgres" | "pgx" | "pq" | "cloudsqlpostgres" | "pg" | "postgresql" | "cockroach" | "nrpostgres" => {
            System::Postgres
        }
        "sqlserver" | "mssql" | "azuresql" => System::SqlServer,
        "sqlite" | "sqlite3" => System::Sqlite,
        "clickhouse" => System::Clickhouse,
        "oracle" | "godror" | "oci8" | "goracle" => System::Oracle,
        "spanner" => System::Spanner,
        _ => return None,
    })
}

/// `sql.Open(driver, dsn)` and everything that copies it (sqlx, otelsql, old gorm, ent, xorm, dbr).
fn by_driver(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    if !matches!(
        name,
        "Open"
            | "Connect"
            | "MustConnect"
            | "MustOpen"
            | "NewEngine"
            | "ConnectContext"
            | "OpenDB"
            | "RegisterDataBase"
    ) {
        return;
    }
    let Some((module, _)) = split(callee) else {
        return;
    };
    let first = matches!(name, "ConnectContext" | "RegisterDataBase") as usize;
    let (Some(kind), Some(dsn)) = (site.call.arg(first), site.call.arg(first + 1)) else {
        return;
    };
    let kind = code.value(kind, site.function);
    let sql = module == "database/sql" || ends(&module, "jmoiron/sqlx") || ends(&module, "jinzhu/gorm");
    // ent has constants for its drivers' names.
    let dialect = match kind.as_hole() {
        Some(Hole::Ref(name)) if name.starts_with("entgo.io/ent/dialect") => {
            name.rsplit(['.', '#']).next().map(str::to_ascii_lowercase)
        }
        _ => kind.as_text().map(|k| k.to_string()),
    };
    let system = match dialect.and_then(|k| driver(&k)) {
        Some(system) => system,
        None if sql => imported_driver(code).unwrap_or(System::Sql),
        None => return,
    };
    if system != System::Sqlite {
        // `cfg.FormatDSN()` writes what the driver's configuration holds.
        let formatted = dsn.as_call().filter(|c| c.name() == "FormatDSN").and_then(|c| c.receiver());
        let address = formatted.and_then(|cfg| key_of(code, cfg, "Addr", site.function));
        let database = formatted.and_then(|cfg| key_of(code, cfg, "DBName", site.function)).filter(|v| !unknown(v));
        let address = address.unwrap_or_else(|| code.value(dsn, site.function));
        state(code, site, system, address, database, &client_of(&module), sink);
    }
}

/// The only SQL driver that this file imports for its effect.
fn imported_driver(code: &Code<'_>) -> Option<System> {
    let known = [
        ("go-sql-driver/mysql", System::Mysql),
        ("lib/pq", System::Postgres),
        ("jackc/pgx", System::Postgres),
        ("go-mssqldb", System::SqlServer),
        ("mattn/go-sqlite3", System::Sqlite),
        ("godror", System::Oracle),
    ];
    let mut found: Vec<System> =
        known.iter().filter(|(m, _)| code.unit.imports.iter().any(|i| i.path.contains(m))).map(|(_, s)| *s).collect();
    found.dedup();
    (found.len() == 1).then(|| found[0])
}

fn options(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some((module, name, Some(_))) = literal(code, site) else {
        return;
    };
    let Some((_, _, system, keys)) = OPTIONS.iter().find(|(end, n, ..)| *n == name && ends(&module, end)) else {
        return;
    };
    let function = site.function;
    let Some(address) = keys.iter().find_map(|k| key_of(code, site.expr, k, function)) else {
        return;
    };
    let port = key_of(code, site.expr, "Port", function).filter(|_| keys.contains(&"Host"));
    let address = match port {
        Some(port) if !unknown(&port) => address.then(":".into()).then(port),
        _ => address,
    };
    let database =
        ["DBName", "Database"].iter().find_map(|k| key_of(code, site.expr, k, function)).filter(|v| !unknown(v));
    state(code, site, *system, address, database, &client_of(&module), sink);
}

/// Clients that take their address from the platform, unless the file states an endpoint.
fn cloud(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee) else {
        return;
    };
    let found = CLOUD.iter().find(|(end, m, ..)| *m == member && (ends(&module, end) || module == *end));
    let Some((_, _, system, variable, host)) = found else {
        return;
    };
    let aws = variable.starts_with("AWS_");
    if aws && !module.contains("aws-sdk-go") {
        return;
    }
    if let Some(endpoint) = aws.then(|| super::broker::stated_endpoint(code, site.function)).flatten() {
        state(code, site, *system, endpoint, None, &client_of(&module), sink);
        return;
    }
    let fallback = if aws { Value::env("AWS_ENDPOINT_URL", Some((*host).into())) } else { (*host).into() };
    let project = (!aws).then(|| site.call.arg(1).map(|e| code.value(e, site.function))).flatten();
    let store = Store {
        system: *system,
        address: Value::env(*variable, Some(fallback)),
        database: project.filter(|v| !unknown(v)),
        client: client_of(&module),
        within: code.within(site.function),
    };
    sink.inferred(Claim::Store(store), site.span());
}

fn access(code: &Code<'_>, site: &Site<'_>, system: Option<System>, name: Value, mode: AccessMode, sink: &mut Sink) {
    if unknown(&name) {
        return;
    }
    sink.stated(Claim::Access(Access { system, name, mode, within: code.within(site.function) }), site.span());
}

/// `db.Collection("orders")` (MongoDB, Firestore), `session.DB("x").C("orders")`.
fn collections(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some(name) = site.call.arg(0) else {
        return;
    };
    let mongo = code.imports("go.mongodb.org/mongo-driver");
    let system = match site.call.name() {
        "Collection" if callee.contains("firestore") || !mongo && code.imports("cloud.google.com/go/firestore") => {
            System::Firestore
        }
        "Collection" if mongo => System::Mongo,
        "C" if code.unit.imports.iter().any(|i| i.path.contains("mgo")) && site.call.args.len() == 1 => System::Mongo,
        _ => return,
    };
    access(code, site, Some(system), code.value(name, site.function), AccessMode::Declare, sink);
}

/// `dynamodb.PutItemInput{TableName: …}`.
fn request_tables(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some((module, name, Some(object))) = literal(code, site) else {
        return;
    };
    if !ends(&module, "service/dynamodb") {
        return;
    }
    let mode = match name.as_str() {
        "GetItemInput" | "QueryInput" | "ScanInput" => AccessMode::Read,
        "PutItemInput" | "UpdateItemInput" | "DeleteItemInput" => AccessMode::Write,
        _ => return,
    };
    if let Some(table) = object.key("TableName") {
        access(code, site, Some(System::Dynamo), code.value(table, site.function), mode, sink);
    }
}

/// SQL text in calls: the tables that it reads or writes.
fn statements(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    const METHODS: &[&str] = &[
        "Query",
        "QueryContext",
        "QueryRow",
        "QueryRowContext",
        "Queryx",
        "QueryRowx",
        "Exec",
        "ExecContext",
        "MustExec",
        "Get",
        "GetContext",
        "Select",
        "SelectContext",
        "NamedExec",
        "NamedExecContext",
        "NamedQuery",
        "Prepare",
        "PrepareContext",
        "Preparex",
        "PrepareNamed",
        "Raw",
        "AddQueryHook",
    ];
    if !METHODS.contains(&site.call.name()) {
        return;
    }
    for arg in site.call.args.iter().take(3) {
        let sql = match &arg.value.kind {
            ExprKind::Str(_) | ExprKind::Name(_) | ExprKind::Concat(_) | ExprKind::Member(..) => {
                sql_text(code, &arg.value, site.function)
            }
            ExprKind::Call(c) if c.name() == "Sprintf" => c.arg(0).and_then(|e| sql_text(code, e, site.function)),
            _ => None,
        };
        let Some(sql) = sql else { continue };
        let tables = tables(&sql);
        for (table, mode) in tables {
            access(code, site, None, Value::text(table), mode, sink);
        }
        break;
    }
}

fn sql_text(code: &Code<'_>, expr: &Expr, function: usize) -> Option<String> {
    let out = match text(expr) {
        Some(text) => text.to_string(),
        None => code.value(expr, function).parts.iter().fold(String::new(), |mut out, part| {
            match part {
                seam_facts::Part::Text(t) => out.push_str(t),
                seam_facts::Part::Hole(_) => out.push_str(" ? "),
            }
            out
        }),
    };
    let start = out.trim_start().get(..6).unwrap_or("").to_ascii_lowercase();
    matches!(start.as_str(), "select" | "insert" | "update" | "delete" | "merge " | "replac" | "with a" | "upsert")
        .then_some(out)
}

/// Names after `FROM`, `JOIN`, `INTO` and `UPDATE`, without quotes, schemas kept.
fn tables(sql: &str) -> Vec<(SmolStr, AccessMode)> {
    let words: Vec<&str> =
        sql.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|w| !w.is_empty()).collect();
    let mut out: Vec<(SmolStr, AccessMode)> = Vec::new();
    for pair in words.windows(2) {
        let keyword = pair[0].to_ascii_lowercase();
        let mode = match keyword.as_str() {
            "from" | "join" => AccessMode::Read,
            "into" | "update" => AccessMode::Write,
            _ => continue,
        };
        let name: String = pair[1]
            .chars()
            .take_while(|c| *c != '(' && *c != ')')
            .filter(|c| !matches!(c, '`' | '"' | '[' | ']'))
            .collect();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let reserved = matches!(name.to_ascii_lowercase().as_str(), "select" | "set" | "only" | "lateral" | "unnest");
        if !plain || reserved {
            continue;
        }
        let deletes =
            mode == AccessMode::Read && sql.trim_start().to_ascii_lowercase().starts_with("delete") && out.is_empty();
        let found = (format_smolstr!("{name}"), if deletes { AccessMode::Write } else { mode });
        if !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_their_tables() {
        let found = tables("SELECT * FROM `orders` o JOIN lines l ON l.o = o.id");
        assert_eq!(found.len(), 2);
        assert_eq!(tables("DELETE FROM carts WHERE id = $1"), vec![("carts".into(), AccessMode::Write)]);
        assert_eq!(tables("INSERT INTO a(b) SELECT x FROM (SELECT 1)")[0], ("a".into(), AccessMode::Write));
    }
}
