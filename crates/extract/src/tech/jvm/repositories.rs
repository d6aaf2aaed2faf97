//! Stores behind repositories and entities: Spring Data, Micronaut Data, Panache, JPA, jOOQ-less mapping annotations.
//! See `repositories.md`.
//!
//! The framework opens the connection from configuration, so the address is the key that it documents.

use super::read::{JVM, find, texts, type_args};
use crate::code::Code;
use crate::code::ir::Type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-repositories",
    version: 2,
    page: include_str!("repositories.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        mappers(code, ty, sink);
        repository(code, ty, sink);
        entity(code, ty, sink);
    }
}

/// Super types that make a type a repository: name, system (`None` if any store may stand behind it), library.
const REPOSITORIES: &[(&str, Option<System>, &str)] = &[
    ("MongoRepository", Some(System::Mongo), "Spring Data MongoDB"),
    ("ReactiveMongoRepository", Some(System::Mongo), "Spring Data MongoDB"),
    ("CoroutineMongoRepository", Some(System::Mongo), "Spring Data MongoDB"),
    ("PanacheMongoRepository", Some(System::Mongo), "Panache"),
    ("PanacheMongoRepositoryBase", Some(System::Mongo), "Panache"),
    ("ReactivePanacheMongoRepository", Some(System::Mongo), "Panache"),
    ("PanacheMongoEntity", Some(System::Mongo), "Panache"),
    ("PanacheMongoEntityBase", Some(System::Mongo), "Panache"),
    ("ReactivePanacheMongoEntity", Some(System::Mongo), "Panache"),
    ("JpaRepository", Some(System::Sql), "Spring Data JPA"),
    ("JpaSpecificationExecutor", Some(System::Sql), "Spring Data JPA"),
    ("SimpleJpaRepository", Some(System::Sql), "Spring Data JPA"),
    ("QuerydslPredicateExecutor", None, "Spring Data"),
    ("R2dbcRepository", Some(System::Sql), "Spring Data R2DBC"),
    ("PanacheRepository", Some(System::Sql), "Panache"),
    ("PanacheRepositoryBase", Some(System::Sql), "Panache"),
    ("PanacheEntity", Some(System::Sql), "Panache"),
    ("PanacheEntityBase", Some(System::Sql), "Panache"),
    ("CassandraRepository", Some(System::Cassandra), "Spring Data Cassandra"),
    ("ReactiveCassandraRepository", Some(System::Cassandra), "Spring Data Cassandra"),
    ("ElasticsearchRepository", Some(System::Elasticsearch), "Spring Data Elasticsearch"),
    ("ElasticsearchCrudRepository", Some(System::Elasticsearch), "Spring Data Elasticsearch"),
    ("ReactiveElasticsearchRepository", Some(System::Elasticsearch), "Spring Data Elasticsearch"),
    ("Neo4jRepository", Some(System::Neo4j), "Spring Data Neo4j"),
    ("ReactiveNeo4jRepository", Some(System::Neo4j), "Spring Data Neo4j"),
    ("GraphRepository", Some(System::Neo4j), "Spring Data Neo4j"),
    ("CouchbaseRepository", Some(System::Couchbase), "Spring Data Couchbase"),
    ("ReactiveCouchbaseRepository", Some(System::Couchbase), "Spring Data Couchbase"),
    ("CosmosRepository", Some(System::Cosmos), "Spring Data Cosmos"),
    ("RedisRepository", Some(System::Redis), "Spring Data Redis"),
    ("CrudRepository", None, "Spring Data"),
    ("ListCrudRepository", None, "Spring Data"),
    ("PagingAndSortingRepository", None, "Spring Data"),
    ("ListPagingAndSortingRepository", None, "Spring Data"),
    ("ReactiveCrudRepository", None, "Spring Data"),
    ("ReactiveSortingRepository", None, "Spring Data"),
    ("CoroutineCrudRepository", None, "Spring Data"),
    ("CoroutinePageableCrudRepository", None, "Micronaut Data"),
    ("PageableRepository", None, "Micronaut Data"),
    ("GenericRepository", None, "Micronaut Data"),
    ("ReactorCrudRepository", None, "Micronaut Data"),
    ("Repository", None, "Spring Data"),
];

fn repository(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let found = ty.supers.iter().enumerate().find_map(|(i, parent)| {
        let (_, system, library) = REPOSITORIES.iter().find(|(name, ..)| name == parent)?;
        Some((ty.super_texts.get(i)?, *system, *library))
    });
    let annotated =
        find(&ty.annotations, &["JdbcRepository", "R2dbcRepository", "MongoRepository", "RepositoryDefinition"]);
    let Some((parent, system, library)) =
        found.or_else(|| Some((&ty.name, None, "Micronaut Data")).filter(|_| annotated.is_some()))
    else {
        return;
    };
    let args = type_args(parent);
    // A plain class named `Repository` takes entity and key, too; other libraries' repositories do not.
    if library == "Spring Data" && args.len() < 2
        || !ty.interface && library.starts_with("Spring Data") && args.is_empty()
    {
        return;
    }
    // A generic base of repositories is no repository itself: `interface BaseRepository<T> extends JpaRepository<T, Long>`.
    if args.first().is_some_and(|a| a.len() <= 2 && a.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())) {
        return;
    }
    let system = system.or_else(|| match annotated.map(|a| a.simple()) {
        Some("JdbcRepository" | "R2dbcRepository") => Some(System::Sql),
        Some("MongoRepository") => Some(System::Mongo),
        _ => system_hint(code, args.get(1).map(|s| s.as_str()).unwrap_or("")),
    });
    let within = ty.name.clone();
    let store = Store {
        system: system.unwrap_or(System::Sql),
        address: address(system, code),
        database: None,
        client: library.into(),
        within: within.clone(),
    };
    sink.inferred(Claim::Store(store), head(ty));
    let entity = args.first().cloned().unwrap_or_else(|| ty.name.clone());
    let name = code.type_named(&entity).and_then(|e| mapped_name(code, e)).map(|(_, n)| n);
    let name = name.unwrap_or_else(|| Value::text(entity));
    let access = Access { system, name, mode: AccessMode::Declare, within };
    sink.stated(Claim::Access(access), head(ty));
}

/// MyBatis and its kin: interfaces whose statements stand in annotations or XML, found by a scan that an application asks
/// for, or by what they are.
fn mappers(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let scan =
        find(&ty.annotations, &["MapperScan"]).is_some() && (code.imports("org.mybatis") || code.imports("tk.mybatis"));
    let mapper = find(&ty.annotations, &["Mapper"]).is_some() && code.imports("org.apache.ibatis");
    let generic = ty.interface
        && ty.supers.iter().any(|s| matches!(s.as_str(), "BaseMapper" | "Mapper" | "MySqlMapper"))
        && (code.imports("com.baomidou.mybatisplus") || code.imports("tk.mybatis") || code.imports("com.mybatisflex"));
    if !scan && !mapper && !generic {
        return;
    }
    let key = |k: &str| Value::config(k, None);
    let address = Value::either([
        key("spring.datasource.url"),
        key("spring.datasource.jdbc-url"),
        key("spring.datasource.druid.url"),
        key("spring.datasource.hikari.jdbc-url"),
        key("spring.datasource.dynamic.datasource.master.url"),
        key("spring.datasource.master.url"),
    ]);
    let store =
        Store { system: System::Sql, address, database: None, client: "MyBatis".into(), within: ty.name.clone() };
    sink.inferred(Claim::Store(store), head(ty));
}

/// What the file says about the product behind a repository that fits any: imports and the key's type.
fn system_hint(code: &Code<'_>, key: &str) -> Option<System> {
    let imports = [
        ("org.springframework.data.mongodb", System::Mongo),
        ("org.bson", System::Mongo),
        ("org.springframework.data.jpa", System::Sql),
        ("org.springframework.data.jdbc", System::Sql),
        ("org.springframework.data.r2dbc", System::Sql),
        ("org.springframework.data.cassandra", System::Cassandra),
        ("org.springframework.data.elasticsearch", System::Elasticsearch),
        ("org.springframework.data.neo4j", System::Neo4j),
        ("org.springframework.data.redis", System::Redis),
        ("com.arangodb", System::Sql),
        ("io.micronaut.data.mongodb", System::Mongo),
        ("io.micronaut.data.jdbc", System::Sql),
        ("io.micronaut.data.r2dbc", System::Sql),
        ("javax.transaction", System::Sql),
    ];
    if key == "ObjectId" {
        return Some(System::Mongo);
    }
    imports.iter().find(|(path, _)| code.imports(path)).map(|(_, system)| *system)
}

/// The configuration keys that say where a framework's store is, with documented defaults.
pub(super) fn address(system: Option<System>, code: &Code<'_>) -> Value {
    let key = |k: &str, d: Option<&str>| Value::config(k, d.map(Value::from));
    let sql = || {
        if code.imports("io.quarkus") {
            vec![key("quarkus.datasource.jdbc.url", None), key("quarkus.datasource.reactive.url", None)]
        } else if code.imports("io.micronaut") {
            vec![key("datasources.default.url", None), key("r2dbc.datasources.default.url", None)]
        } else {
            // Plain JPA may run in any of the frameworks; the key that is set tells.
            vec![
                key("spring.datasource.url", None),
                key("spring.datasource.jdbc-url", None),
                key("spring.r2dbc.url", None),
                // Several data sources, each below a name of its own.
                key("spring.datasource.*.url", None),
                key("quarkus.datasource.jdbc.url", None),
                key("datasources.default.url", None),
            ]
        }
    };
    let mongo = |default| {
        if code.imports("io.quarkus") {
            vec![key("quarkus.mongodb.connection-string", None)]
        } else if code.imports("io.micronaut") {
            vec![key("mongodb.uri", None)]
        } else {
            vec![
                key("spring.data.mongodb.uri", None),
                key("spring.mongodb.uri", None),
                key("spring.mongodb.host", None),
                key("spring.data.mongodb.host", default),
            ]
        }
    };
    let redis = |default| {
        vec![
            key("spring.data.redis.url", None),
            key("spring.redis.url", None),
            key("spring.data.redis.host", None),
            key("spring.redis.host", default),
        ]
    };
    Value::either(match system {
        Some(System::Mongo) => mongo(Some("localhost")),
        Some(System::Redis) => redis(Some("localhost")),
        Some(System::Cassandra) => {
            vec![
                key("spring.cassandra.contact-points", None),
                key("spring.data.cassandra.contact-points", Some("localhost")),
            ]
        }
        Some(System::Elasticsearch) => vec![
            key("spring.elasticsearch.uris", None),
            key("spring.elasticsearch.rest.uris", None),
            key("spring.data.elasticsearch.cluster-nodes", None),
            key("spring.data.elasticsearch.client.reactive.endpoints", None),
        ],
        Some(System::Neo4j) => vec![key("spring.neo4j.uri", None), key("spring.data.neo4j.uri", None)],
        Some(System::Couchbase) => {
            vec![key("spring.couchbase.connection-string", None), key("spring.couchbase.bootstrap-hosts", None)]
        }
        Some(System::Cosmos) => vec![key("azure.cosmos.uri", None), key("spring.cloud.azure.cosmos.endpoint", None)],
        Some(_) => sql(),
        None => sql()
            .into_iter()
            .chain(mongo(None))
            .chain(redis(None))
            .chain([
                key("spring.data.cassandra.contact-points", None),
                key("spring.data.neo4j.uri", None),
                key("spring.elasticsearch.uris", None),
            ])
            .collect(),
    })
}

/// The table or collection that an entity's annotation maps, with its system.
fn mapped_name(code: &Code<'_>, ty: &Type) -> Option<(System, Value)> {
    let named = |a: &crate::code::ir::Annotation, keys: &[&str]| {
        let found = texts(code, a, keys, &ty.name).into_iter().find(|v| !v.is_empty());
        found.unwrap_or_else(|| Value::text(ty.name.clone()))
    };
    for a in &ty.annotations {
        let found = match a.simple() {
            "Document" if code.imports("org.springframework.data.elasticsearch") => {
                (System::Elasticsearch, named(a, &["indexName"]))
            }
            "Document" => (System::Mongo, named(a, &["collection", "value"])),
            "MongoEntity" => (System::Mongo, named(a, &["collection"])),
            "Table" if code.imports("org.springframework.data.cassandra") || code.imports("com.datastax") => {
                (System::Cassandra, named(a, &["value", "name"]))
            }
            "Table" | "MappedEntity" => (System::Sql, named(a, &["name", "value"])),
            "RedisHash" => (System::Redis, named(a, &["value"])),
            "Node" | "NodeEntity" if code.imports("org.springframework.data.neo4j") || code.imports("org.neo4j") => {
                (System::Neo4j, named(a, &["value", "label"]))
            }
            "DynamoDBTable" | "DynamoDbBean" => (System::Dynamo, named(a, &["tableName"])),
            _ => continue,
        };
        return Some(found);
    }
    find(&ty.annotations, &["Entity"]).map(|a| (System::Sql, named(a, &["name"])))
}

fn entity(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some((system, name)) = mapped_name(code, ty) else {
        return;
    };
    // An entity of JPA may stand on any SQL product; what else is named is that product.
    let system = Some(system).filter(|s| *s != System::Sql);
    let access = Access { system, name, mode: AccessMode::Declare, within: ty.name.clone() };
    sink.stated(Claim::Access(access), head(ty));
}

/// One line, so that the whole body is not the evidence.
fn head(ty: &Type) -> Span {
    Span::at(ty.span.line, ty.span.column)
}
