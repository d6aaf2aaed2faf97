//! Databases, caches, object stores and search engines that .NET code connects to, and what it touches there.
//! See `stores.md`.

use super::read::{closures, initialiser, own_sets, property, sets, simple, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::config::secret;
use crate::lang::Lang;
use crate::tech::sql;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-stores",
    version: 5,
    page: include_str!("stores.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    created(code, sink);
    configured(code, sink);
    options(code, sink);
    of_kind(code, sink);
    aspire(code, sink);
    entities(code, sink);
    statements(code, sink);
}

fn state(system: System, address: Value, client: &str, site: &Site<'_>, code: &Code<'_>, at: Span, sink: &mut Sink) {
    // A health check is no use of what it checks.
    if code.only_checks(site.function) {
        return;
    }
    let store = Store {
        system,
        address: secret::clean(if unknown(&address) { Value::default() } else { address }),
        database: None,
        client: client.into(),
        within: code.within(site.function),
    };
    sink.stated(Claim::Store(store), at);
}

/// Types whose construction opens a connection: what to, and the position of the address.
const CREATED: &[(&str, System, usize, &str)] = &[
    ("SqlConnection", System::SqlServer, 0, "SqlClient"),
    ("NpgsqlConnection", System::Postgres, 0, "Npgsql"),
    ("NpgsqlDataSourceBuilder", System::Postgres, 0, "Npgsql"),
    ("MySqlConnection", System::Mysql, 0, "MySqlConnector"),
    ("SqliteConnection", System::Sqlite, 0, "Microsoft.Data.Sqlite"),
    ("SQLiteConnection", System::Sqlite, 0, "System.Data.SQLite"),
    ("OracleConnection", System::Oracle, 0, "ODP.NET"),
    ("SpannerConnection", System::Spanner, 0, "Google.Cloud.Spanner"),
    ("ClickHouseConnection", System::Clickhouse, 0, "ClickHouse.Client"),
    ("MongoClient", System::Mongo, 0, "MongoDB.Driver"),
    ("CosmosClient", System::Cosmos, 0, "Azure Cosmos"),
    ("DocumentClient", System::Cosmos, 0, "Azure Cosmos"),
    ("CosmosClientBuilder", System::Cosmos, 0, "Azure Cosmos"),
    ("ElasticClient", System::Elasticsearch, 0, "NEST"),
    ("ConnectionSettings", System::Elasticsearch, 0, "NEST"),
    ("ElasticsearchClient", System::Elasticsearch, 0, "Elastic.Clients.Elasticsearch"),
    ("ElasticsearchClientSettings", System::Elasticsearch, 0, "Elastic.Clients.Elasticsearch"),
    ("OpenSearchClient", System::Elasticsearch, 0, "OpenSearch.Client"),
    ("InfluxDBClient", System::Influx, 0, "InfluxDB.Client"),
    ("RedisManagerPool", System::Redis, 0, "ServiceStack.Redis"),
    ("CSRedisClient", System::Redis, 0, "CSRedis"),
    ("BlobServiceClient", System::Objects, 0, "Azure Blobs"),
    ("BlobContainerClient", System::Objects, 0, "Azure Blobs"),
    ("DataLakeServiceClient", System::Objects, 0, "Azure Data Lake"),
    ("AmazonS3Client", System::Objects, 9, "AWS SDK"),
    ("AmazonDynamoDBClient", System::Dynamo, 9, "AWS SDK"),
    ("EventStoreClient", System::EventStore, 0, "EventStoreDB"),
    ("EtcdClient", System::Etcd, 0, "dotnet-etcd"),
    ("MemcachedClient", System::Memcached, 0, "Enyim"),
];

fn created(code: &Code<'_>, sink: &mut Sink) {
    for (name, system, position, client) in CREATED {
        for site in code.calls_named(&[name]) {
            if !site.call.new {
                continue;
            }
            let arg = site.call.arg(*position);
            // A client made from settings is stated where the settings get the address.
            let made_from = arg.map(|a| code.resolved(a, site.function).0).and_then(Expr::as_call);
            if made_from.is_some_and(|c| c.new && CREATED.iter().any(|(n, ..)| *n == c.name())) {
                continue;
            }
            let address = match arg.map(|a| &a.kind) {
                Some(ExprKind::Object(_)) | None => {
                    property(code, site.expr, site.function, &["ConnectionString", "ServiceURL", "Server"])
                        .map(|(v, _)| v)
                        .unwrap_or_default()
                }
                Some(_) => pooled(code.value(arg.unwrap_or(site.expr), site.function)),
            };
            let config = site.call.args.iter().find_map(|a| {
                let (made, at) = code.resolved(&a.value, site.function);
                let object = initialiser(made.as_call().filter(|c| c.new)?)?;
                Some(code.value(object.key("ServiceURL")?, at))
            });
            state(*system, config.unwrap_or(address), client, &site, code, site.span(), sink);
        }
    }
}

/// `new SingleNodeConnectionPool(new Uri(x))` is its first argument.
fn pooled(value: Value) -> Value {
    match value.as_hole() {
        Some(seam_facts::Hole::Result { callee, args })
            if callee.ends_with("Pool.<init>") || callee.ends_with("Settings.<init>") =>
        {
            args.first().cloned().unwrap_or_default()
        }
        _ => value,
    }
}

/// Functions that are given the address: name, what a receiver must contain (if anything), system, position, client.
const CONFIGURED: &[(&str, &str, System, usize, &str)] = &[
    ("UseSqlServer", "", System::SqlServer, 0, "Entity Framework"),
    ("UseAzureSql", "", System::SqlServer, 0, "Entity Framework"),
    ("UseNpgsql", "", System::Postgres, 0, "Entity Framework"),
    ("UsePostgreSql", "", System::Postgres, 0, "Entity Framework"),
    ("UseMySql", "", System::Mysql, 0, "Entity Framework"),
    ("UseMySQL", "", System::Mysql, 0, "Entity Framework"),
    ("UseSqlite", "", System::Sqlite, 0, "Entity Framework"),
    ("UseOracle", "", System::Oracle, 0, "Entity Framework"),
    ("UseCosmos", "", System::Cosmos, 0, "Entity Framework"),
    ("UseMongoDB", "", System::Mongo, 0, "Entity Framework"),
    ("UseSqlServerStorage", "", System::SqlServer, 0, "Hangfire"),
    ("UsePostgreSqlStorage", "", System::Postgres, 0, "Hangfire"),
    ("UseNpgsqlConnection", "", System::Postgres, 0, "Hangfire"),
    ("UseRedisStorage", "", System::Redis, 0, "Hangfire"),
    ("UseMongoStorage", "", System::Mongo, 0, "Hangfire"),
    ("AddMarten", "", System::Postgres, 0, "Marten"),
    ("Create", "NpgsqlDataSource", System::Postgres, 0, "Npgsql"),
    ("AddNpgsqlDataSource", "Services", System::Postgres, 0, "Npgsql"),
    ("For", "DocumentStore", System::Postgres, 0, "Marten"),
    ("PostgresqlDatabase", "DeployChanges", System::Postgres, 0, "DbUp"),
    ("SqlDatabase", "DeployChanges", System::SqlServer, 0, "DbUp"),
    ("Connect", "ConnectionMultiplexer", System::Redis, 0, "StackExchange.Redis"),
    ("ConnectAsync", "ConnectionMultiplexer", System::Redis, 0, "StackExchange.Redis"),
    ("AddStackExchangeRedis", "", System::Redis, 0, "SignalR"),
    ("Driver", "GraphDatabase", System::Neo4j, 0, "Neo4j.Driver"),
    ("AddContactPoint", "Cluster", System::Cassandra, 0, "Cassandra driver"),
    ("AddContactPoints", "Cluster", System::Cassandra, 0, "Cassandra driver"),
    ("AddEventStoreClient", "", System::EventStore, 0, "EventStoreDB"),
    ("Create", "EventStoreClientSettings", System::EventStore, 0, "EventStoreDB"),
    ("Create", "EventStoreConnection", System::EventStore, 0, "EventStoreDB"),
    ("WithEndpoint", "MinioClient", System::Objects, 0, "Minio"),
    // With a closure only: two texts are the credentials.
    ("AddMinio", "", System::Objects, 9, "Minio"),
    ("ConnectAsync", "Couchbase", System::Couchbase, 0, "Couchbase"),
    ("Create", "FirestoreDb", System::Firestore, 9, "Firestore"),
    ("CreateAsync", "FirestoreDb", System::Firestore, 9, "Firestore"),
];

fn configured(code: &Code<'_>, sink: &mut Sink) {
    for (name, on, system, position, client) in CONFIGURED {
        for site in code.calls_named(&[name]) {
            let receiver = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
            if site.call.new || site.call.receiver().is_none() || !receiver.contains(on) {
                continue;
            }
            // `UseNpgsql(o => …)` is given its connection elsewhere; `UseMySql(connection, …)` may hold it in a variable.
            let arg = site.call.arg_or("connectionString", *position);
            let arg = arg.or_else(|| site.call.arg(0).filter(|a| matches!(a.kind, ExprKind::Lambda(_))));
            let address = match arg.map(|a| &a.kind) {
                Some(ExprKind::Lambda(_)) => match given_inside(code, &site) {
                    Some((value, at)) => {
                        state(*system, value, client, &site, code, at, sink);
                        continue;
                    }
                    // Marten's and Hangfire's closures only configure when nothing in them connects.
                    None => Value::default(),
                },
                Some(_) => arg.map(|a| endpoints(code, a, site.function)).unwrap_or_default(),
                None => Value::default(),
            };
            if address.is_empty() && matches!(*name, "UsePostgreSqlStorage" | "Create") {
                continue;
            }
            state(*system, address, client, &site, code, site.span(), sink);
        }
    }
}

/// `opts => opts.Connection(address)`, `client => client.WithEndpoint(address)`.
fn given_inside(code: &Code<'_>, site: &Site<'_>) -> Option<(Value, Span)> {
    let inside = super::read::calls_in(code, &closures(site.call), &["Connection", "ConnectionString", "WithEndpoint"]);
    let call = inside.first()?;
    Some((code.value(call.call.arg(0)?, call.function), call.span()))
}

/// An address, or the end points of an options object.
fn endpoints(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    if let Some(object) = made.as_call().filter(|c| c.new).and_then(initialiser) {
        let points = object.key("EndPoints").map(|e| (e, &e.kind));
        return match points {
            Some((_, ExprKind::Object(entries))) => entries
                .first()
                .map(|(host, port)| Value::text(host.clone()).then(":".into()).then(code.value(port, at)))
                .unwrap_or_default(),
            Some((_, ExprKind::List(items))) => items.first().map(|i| code.value(i, at)).unwrap_or_default(),
            _ => Value::default(),
        };
    }
    // `options.EndPoints.Add(host, port)`.
    if let Some(own) = super::read::name_of(expr) {
        let added = code
            .calls_named(&["Add"])
            .into_iter()
            .find(|s| s.call.receiver().and_then(Expr::path).is_some_and(|p| p == format!("{own}.EndPoints")));
        if let Some(added) = added {
            let parts: Vec<Value> = added.call.args.iter().map(|a| code.value(&a.value, added.function)).collect();
            return match parts.as_slice() {
                [host, port] => host.clone().then(":".into()).then(port.clone()),
                [host] => host.clone(),
                _ => Value::default(),
            };
        }
    }
    code.value(expr, function)
}

/// Registrations whose closure sets the address: name, members, system, client.
const OPTIONS: &[(&str, &[&str], System, &str)] = &[
    ("AddStackExchangeRedisCache", &["Configuration", "ConfigurationOptions"], System::Redis, "StackExchange.Redis"),
    ("AddDistributedRedisCache", &["Configuration"], System::Redis, "StackExchange.Redis"),
    ("AddStackExchangeRedisOutputCache", &["Configuration"], System::Redis, "StackExchange.Redis"),
    ("AddDistributedSqlServerCache", &["ConnectionString"], System::SqlServer, "SQL Server cache"),
    ("AddDistributedPostgresCache", &["ConnectionString"], System::Postgres, "PostgreSQL cache"),
    ("AddEnyimMemcached", &["Servers"], System::Memcached, "Enyim"),
    // Where MassTransit keeps the states of sagas.
    ("MongoDbRepository", &["Connection"], System::Mongo, "MassTransit"),
];

fn options(code: &Code<'_>, sink: &mut Sink) {
    for (name, members, system, client) in OPTIONS {
        for site in code.calls_named(&[name]) {
            let found = sets(code, &closures(site.call)).into_iter().find(|s| members.contains(&s.member));
            match found {
                Some(set) => {
                    let address = endpoints(code, set.value, set.function);
                    state(*system, address, client, &site, code, site.span(), sink);
                }
                None => state(*system, Value::default(), client, &site, code, site.span(), sink),
            }
        }
    }
}

/// Mappers that are told the kind of the database beside the address: SqlSugar's `new ConnectionConfig { DbType = …,
/// ConnectionString = … }`, FreeSql's `UseConnectionString(DataType.MySql, …)`.
fn of_kind(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["ConnectionConfig", "UseConnectionString"]) {
        let object = initialiser(site.call);
        let (kind, address, client) = match (site.call.name(), site.call.new) {
            ("ConnectionConfig", true) => {
                (object.and_then(|o| o.key("DbType")), object.and_then(|o| o.key("ConnectionString")), "SqlSugar")
            }
            ("UseConnectionString", false) => (site.call.arg(0), site.call.arg(1), "FreeSql"),
            _ => continue,
        };
        let system = match kind.and_then(Expr::path).as_deref().map(super::read::last) {
            Some("MySql" | "MySqlConnector") => System::Mysql,
            Some("SqlServer") => System::SqlServer,
            Some("PostgreSQL") => System::Postgres,
            Some("Oracle") => System::Oracle,
            Some("ClickHouse") => System::Clickhouse,
            Some("Sqlite") => System::Sqlite,
            _ => continue,
        };
        let address = address.map(|a| code.value(a, site.function)).unwrap_or_default();
        state(system, address, client, &site, code, site.span(), sink);
    }
}

/// Aspire's client integrations take the name of a connection string.
const ASPIRE: &[(&str, System)] = &[
    ("AddNpgsqlDbContext", System::Postgres),
    ("EnrichNpgsqlDbContext", System::Postgres),
    ("AddNpgsqlDataSource", System::Postgres),
    ("AddAzureNpgsqlDbContext", System::Postgres),
    ("AddAzureNpgsqlDataSource", System::Postgres),
    ("AddSqlServerDbContext", System::SqlServer),
    ("AddSqlServerClient", System::SqlServer),
    ("AddMySqlDbContext", System::Mysql),
    ("AddMySqlDataSource", System::Mysql),
    ("AddOracleDatabaseDbContext", System::Oracle),
    ("AddCosmosDbContext", System::Cosmos),
    ("AddAzureCosmosClient", System::Cosmos),
    ("AddMongoDBClient", System::Mongo),
    ("AddRedisClient", System::Redis),
    ("AddRedisDistributedCache", System::Redis),
    ("AddRedisOutputCache", System::Redis),
    ("AddRedisClientBuilder", System::Redis),
    ("AddValkeyClient", System::Redis),
    ("AddKeyedRedisClient", System::Redis),
    ("AddElasticsearchClient", System::Elasticsearch),
    ("AddRabbitMQClient", System::Rabbit),
    ("AddKeyedRabbitMQClient", System::Rabbit),
    ("AddKafkaProducer", System::Kafka),
    ("AddKafkaConsumer", System::Kafka),
    ("AddNatsClient", System::Nats),
    ("AddAzureServiceBusClient", System::ServiceBus),
    ("AddAzureEventHubProducerClient", System::EventHubs),
    ("AddAzureEventHubConsumerClient", System::EventHubs),
    ("AddAzureBlobClient", System::Objects),
    ("AddAzureBlobServiceClient", System::Objects),
    ("AddMinioClient", System::Objects),
];

fn aspire(code: &Code<'_>, sink: &mut Sink) {
    for (name, system) in ASPIRE {
        for site in code.calls_named(&[name]) {
            // On `builder.Services` the argument is the connection string itself.
            let on_services =
                site.call.receiver().and_then(Expr::path).is_some_and(|p| p.to_ascii_lowercase().ends_with("services"));
            let arg = site.call.arg_or("connectionName", 0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_)));
            let (Some(arg), false) = (arg, on_services) else {
                continue;
            };
            let connection = code.value(arg, site.function);
            let address = match connection.as_text() {
                Some(text) => Value::config(format_smolstr!("ConnectionStrings.{text}"), None),
                None => {
                    let key = Value::text("ConnectionStrings.").then(connection);
                    Value::hole(seam_facts::Hole::Result { callee: "<config>".into(), args: vec![key] })
                }
            };
            state(*system, address, "Aspire", &site, code, site.span(), sink);
        }
    }
}

fn access(system: Option<System>, name: Value, mode: AccessMode, within: SmolStr, at: Span, sink: &mut Sink) {
    if !unknown(&name) {
        sink.stated(Claim::Access(Access { system, name, mode, within }), at);
    }
}

/// Tables of entities, collections of documents.
fn entities(code: &Code<'_>, sink: &mut Sink) {
    // Generated snapshots repeat the mappings.
    if code.path.ends_with(".Designer.cs") || code.path.ends_with("ModelSnapshot.cs") {
        return;
    }
    for ty in &code.unit.types {
        if let Some(table) = ty.annotations.iter().find(|a| a.simple() == "Table")
            && let Some(name) = table.arg("value")
        {
            access(None, code.value(name, 0), AccessMode::Declare, ty.name.clone(), table.span, sink);
        }
        for field in &ty.fields {
            // A set's table is called after it, unless a mapping says otherwise.
            if simple(&field.ty) == "DbSet" {
                let within = format_smolstr!("{}.{}", ty.name, field.name);
                access(None, Value::text(field.name.clone()), AccessMode::Declare, within, field.span, sink);
            }
        }
    }
    for site in code.calls_named(&["ToTable", "ToCollection", "ToContainer"]) {
        if let Some(name) = site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))) {
            let name = code.value(name, site.function);
            access(None, name, AccessMode::Declare, code.within(site.function), site.span(), sink);
        }
    }
    for site in code.calls_named(&["GetCollection", "GetContainer"]) {
        let system = if site.call.name() == "GetCollection" { System::Mongo } else { System::Cosmos };
        let position = usize::from(system == System::Cosmos && site.call.args.len() == 2);
        if let Some(name) = site.call.arg(position) {
            let name = code.value(name, site.function);
            access(Some(system), name, AccessMode::Declare, code.within(site.function), site.span(), sink);
        }
    }
}

/// Functions that take SQL text first.
const STATEMENTS: &[&str] = &[
    "Query",
    "QueryAsync",
    "QueryFirst",
    "QueryFirstAsync",
    "QueryFirstOrDefault",
    "QueryFirstOrDefaultAsync",
    "QuerySingle",
    "QuerySingleAsync",
    "QuerySingleOrDefault",
    "QuerySingleOrDefaultAsync",
    "QueryMultiple",
    "QueryMultipleAsync",
    "Execute",
    "ExecuteAsync",
    "ExecuteScalar",
    "ExecuteScalarAsync",
    "ExecuteReaderAsync",
    "ExecuteSqlRaw",
    "ExecuteSqlRawAsync",
    "ExecuteSqlInterpolated",
    "ExecuteSqlInterpolatedAsync",
    "ExecuteSql",
    "ExecuteSqlAsync",
    "FromSqlRaw",
    "FromSql",
    "FromSqlInterpolated",
    "SqlQuery",
    "SqlQueryRaw",
    "SqlCommand",
    "NpgsqlCommand",
    "MySqlCommand",
    "SqliteCommand",
    "OracleCommand",
    "CommandDefinition",
    "CreateDmlCommand",
    "CreateSelectCommand",
];

fn statements(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(STATEMENTS) {
        let Some(text) = site.call.arg_or("sql", 0) else {
            continue;
        };
        let value = code.value(text, site.function);
        touch(&value, code.within(site.function), site.span(), sink);
    }
    for index in 0..code.unit.functions.len() {
        for set in own_sets(code, index).into_iter().filter(|s| s.member == "CommandText") {
            touch(&code.value(set.value, index), code.within(index), set.span, sink);
        }
    }
}

fn touch(sql: &Value, within: SmolStr, at: Span, sink: &mut Sink) {
    for (table, mode) in sql::tables(&sql.to_string()) {
        access(None, Value::text(table), mode, within.clone(), at, sink);
    }
}
