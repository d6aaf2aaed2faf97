//! Clients of stores that a framework injects ready for use: its store is where the framework's documented keys say. See
//! `injected.md`.

use super::messages::keys;
use super::read::{JVM, find, text};
use super::repositories;
use crate::code::Code;
use crate::code::ir::{Field, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-injected-stores",
    version: 1,
    page: include_str!("injected.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    injected(code, sink);
    for ty in &code.unit.types {
        dropwizard(code, ty, sink);
    }
}

/// Types that a framework injects ready for use: type, system, library, keys (empty: those of repositories).
const TEMPLATES: &[(&str, System, &str, &[&str])] = &[
    ("JdbcTemplate", System::Sql, "Spring JDBC", &[]),
    ("NamedParameterJdbcTemplate", System::Sql, "Spring JDBC", &[]),
    ("JdbcClient", System::Sql, "Spring JDBC", &[]),
    ("EntityManager", System::Sql, "JPA", &[]),
    ("EntityManagerFactory", System::Sql, "JPA", &[]),
    ("SessionFactory", System::Sql, "Hibernate", &[]),
    ("R2dbcEntityTemplate", System::Sql, "Spring Data R2DBC", &[]),
    ("DSLContext", System::Sql, "jOOQ", &[]),
    ("MongoTemplate", System::Mongo, "Spring Data MongoDB", &[]),
    ("MongoOperations", System::Mongo, "Spring Data MongoDB", &[]),
    ("ReactiveMongoTemplate", System::Mongo, "Spring Data MongoDB", &[]),
    ("ReactiveMongoOperations", System::Mongo, "Spring Data MongoDB", &[]),
    ("RedisTemplate", System::Redis, "Spring Data Redis", &[]),
    ("StringRedisTemplate", System::Redis, "Spring Data Redis", &[]),
    ("ReactiveRedisTemplate", System::Redis, "Spring Data Redis", &[]),
    ("ReactiveStringRedisTemplate", System::Redis, "Spring Data Redis", &[]),
    ("CassandraTemplate", System::Cassandra, "Spring Data Cassandra", &[]),
    ("CqlTemplate", System::Cassandra, "Spring Data Cassandra", &[]),
    ("ElasticsearchRestTemplate", System::Elasticsearch, "Spring Data Elasticsearch", &[]),
    ("ElasticsearchTemplate", System::Elasticsearch, "Spring Data Elasticsearch", &[]),
    ("ElasticsearchOperations", System::Elasticsearch, "Spring Data Elasticsearch", &[]),
    ("ReactiveElasticsearchOperations", System::Elasticsearch, "Spring Data Elasticsearch", &[]),
    ("Neo4jTemplate", System::Neo4j, "Spring Data Neo4j", &[]),
    ("Neo4jClient", System::Neo4j, "Spring Data Neo4j", &[]),
    ("AgroalDataSource", System::Sql, "Agroal", &["quarkus.datasource.jdbc.url"]),
    ("PgPool", System::Postgres, "Vert.x", &["quarkus.datasource.reactive.url", "vertx.pg.client.uri"]),
    ("MySQLPool", System::Mysql, "Vert.x", &["quarkus.datasource.reactive.url", "vertx.mysql.client.uri"]),
    ("RedisDataSource", System::Redis, "Quarkus Redis", &["quarkus.redis.hosts"]),
    ("ReactiveRedisDataSource", System::Redis, "Quarkus Redis", &["quarkus.redis.hosts"]),
    ("ReactiveMongoClient", System::Mongo, "Quarkus MongoDB", &["quarkus.mongodb.connection-string"]),
    ("DatabaseClient", System::Sql, "Spring R2DBC", &[]),
    ("SqlSession", System::Sql, "MyBatis", &[]),
    ("SqlSessionTemplate", System::Sql, "MyBatis", &[]),
    ("SqlSessionFactory", System::Sql, "MyBatis", &[]),
    ("Jdbi", System::Sql, "Jdbi", &[]),
    ("DbClient", System::Sql, "Helidon DB Client", &["db.connection.url"]),
    ("ReactiveRedisOperations", System::Redis, "Spring Data Redis", &[]),
    ("RedisOperations", System::Redis, "Spring Data Redis", &[]),
    ("ReactiveCassandraTemplate", System::Cassandra, "Spring Data Cassandra", &[]),
    ("CassandraOperations", System::Cassandra, "Spring Data Cassandra", &[]),
    ("ReactiveElasticsearchTemplate", System::Elasticsearch, "Spring Data Elasticsearch", &[]),
    ("CouchbaseTemplate", System::Couchbase, "Spring Data Couchbase", &[]),
];

/// Drivers' own types, which the same names of other libraries are told from by the package: type, package, system, library,
/// keys of the frameworks that make one (Spring Boot, Quarkus, Micronaut).
const DRIVERS: &[(&str, &str, System, &str, &[&str])] = &[
    ("DataSource", "javax.sql", System::Sql, "JDBC", &[]),
    ("ConnectionFactory", "io.r2dbc", System::Sql, "R2DBC", &[]),
    ("MongoClient", "com.mongodb", System::Mongo, "MongoDB driver", MONGO),
    ("MongoDatabase", "com.mongodb", System::Mongo, "MongoDB driver", MONGO),
    ("MongoClient", "io.vertx.mutiny", System::Mongo, "Quarkus MongoDB", MONGO),
    ("StatefulRedisConnection", "io.lettuce", System::Redis, "Lettuce", REDIS),
    ("RedisCommands", "io.lettuce", System::Redis, "Lettuce", REDIS),
    ("RedisAsyncCommands", "io.lettuce", System::Redis, "Lettuce", REDIS),
    ("RedisReactiveCommands", "io.lettuce", System::Redis, "Lettuce", REDIS),
    ("RedisClient", "io.lettuce", System::Redis, "Lettuce", REDIS),
    ("RedisAPI", "io.vertx.mutiny", System::Redis, "Quarkus Redis", REDIS),
    ("RedissonClient", "org.redisson", System::Redis, "Redisson", REDIS),
    ("RedissonReactiveClient", "org.redisson", System::Redis, "Redisson", REDIS),
    ("RestHighLevelClient", "org.elasticsearch", System::Elasticsearch, "Elasticsearch client", ELASTIC),
    ("RestClient", "org.elasticsearch", System::Elasticsearch, "Elasticsearch client", ELASTIC),
    ("ElasticsearchClient", "co.elastic.clients", System::Elasticsearch, "Elasticsearch client", ELASTIC),
    ("ElasticsearchAsyncClient", "co.elastic.clients", System::Elasticsearch, "Elasticsearch client", ELASTIC),
    ("CqlSession", "com.datastax", System::Cassandra, "Cassandra driver", CASSANDRA),
    ("QuarkusCqlSession", "com.datastax", System::Cassandra, "Cassandra driver", CASSANDRA),
    ("Driver", "org.neo4j.driver", System::Neo4j, "Neo4j driver", NEO4J),
    ("InfluxDBClient", "com.influxdb", System::Influx, "InfluxDB client", &["influx.url", "spring.influx.url"]),
];

const MONGO: &[&str] = &[
    "mongodb.uri",
    "quarkus.mongodb.connection-string",
    "spring.mongodb.uri",
    "spring.data.mongodb.uri",
    "spring.mongodb.host",
    "spring.data.mongodb.host",
];
const REDIS: &[&str] = &[
    "redis.uri",
    "redis.uris",
    "redis.host",
    "quarkus.redis.hosts",
    "spring.data.redis.url",
    "spring.data.redis.host",
    "spring.redis.host",
];
const ELASTIC: &[&str] = &[
    "elasticsearch.http-hosts",
    "elasticsearch.hosts",
    "quarkus.elasticsearch.hosts",
    "spring.elasticsearch.uris",
    "spring.elasticsearch.rest.uris",
];
const CASSANDRA: &[&str] = &[
    "cassandra.default.basic.contact-points",
    "quarkus.cassandra.contact-points",
    "spring.cassandra.contact-points",
    "spring.data.cassandra.contact-points",
];
const NEO4J: &[&str] = &["neo4j.uri", "quarkus.neo4j.uri", "spring.neo4j.uri", "spring.data.neo4j.uri"];

/// A field or a constructor's parameter of such a type.
fn injected(code: &Code<'_>, sink: &mut Sink) {
    let mut seen: Vec<(SmolStr, SmolStr)> = Vec::new();
    let mut take = |ty: &SmolStr, within: SmolStr, at: Span, sink: &mut Sink| {
        let plain = plain_type(ty);
        let driver = || {
            let fits =
                |(name, package, ..): &&(&str, &str, System, &str, &[&str])| *name == plain && code.imports(package);
            DRIVERS.iter().find(fits).filter(|_| !made_here(code, &plain)).map(|(_, _, s, c, k)| (*s, *c, *k))
        };
        let micronaut_mongo = plain == "MongoClient" && code.imports("io.micronaut");
        let found = TEMPLATES.iter().find(|(name, ..)| *name == plain).map(|(_, s, c, k)| (*s, *c, *k));
        let Some((system, client, own)) = found
            .or_else(|| micronaut_mongo.then_some((System::Mongo, "Micronaut MongoDB", &["mongodb.uri"] as &[&str])))
            .or_else(driver)
        else {
            return;
        };
        if seen.contains(&(plain.clone(), within.clone())) {
            return;
        }
        seen.push((plain, within.clone()));
        let address = if own.is_empty() { repositories::address(Some(system), code) } else { keys(own, None) };
        let store = Store { system, address, database: None, client: client.into(), within };
        sink.inferred(Claim::Store(store), at);
    };
    for ty in &code.unit.types {
        for field in &ty.fields {
            take(&field.ty, ty.name.clone(), field.span, sink);
        }
    }
    for function in code.unit.functions.iter().filter(|f| f.name == "<init>") {
        for param in &function.params {
            take(&param.ty, function.owner.clone(), param.span, sink);
        }
    }
}

/// Whether this file makes such a client itself: then it says where to.
fn made_here(code: &Code<'_>, ty: &str) -> bool {
    let plural = format!("{ty}s");
    code.calls().iter().any(|site| {
        let on = code.callee(site.call, site.function);
        site.call.new && site.call.name() == ty
            || on.split(['.', '(']).next().is_some_and(|first| first == ty || first == plural)
                && matches!(site.call.name(), "create" | "of" | "builder" | "build" | "driver")
    })
}

/// Dropwizard: a field of the configuration's class holds the settings of a data source, below the field's own key.
fn dropwizard(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    if !code.imports("io.dropwizard") {
        return;
    }
    let named = |field: &Field| {
        let stated = find(&field.annotations, &["JsonProperty"]).and_then(|a| text(code, a, &["value"], &ty.name));
        let setter = || {
            let functions =
                code.unit.functions.iter().filter(|f| f.owner == ty.name && f.name.ends_with("DataSourceFactory"));
            functions
                .filter_map(|f| find(&f.annotations, &["JsonProperty"]))
                .find_map(|a| text(code, a, &["value"], &ty.name))
        };
        stated.or_else(setter).and_then(|v| v.as_text()).unwrap_or_else(|| field.name.clone())
    };
    let sources = ty
        .fields
        .iter()
        .filter(|f| matches!(plain_type(&f.ty).as_str(), "DataSourceFactory" | "PooledDataSourceFactory"));
    for field in sources {
        let address = Value::config(format_smolstr!("{}.url", named(field)), None);
        let within = ty.name.clone();
        let store = Store { system: System::Sql, address, database: None, client: "Dropwizard".into(), within };
        sink.inferred(Claim::Store(store), field.span);
    }
}
