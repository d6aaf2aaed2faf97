//! Libraries that talk to a server by themselves once they are on the class path: no code mentions the server, and its
//! address may come from the environment alone.
//!
//! Invariant: nothing here has a default address. Where nobody sets the key, nothing is said.

use crate::Sink;
use seam_facts::{Call, Claim, Protocol, Span, Store, System, Value};

/// What a library reaches.
#[derive(Clone, Copy)]
enum Reaches {
    Server(&'static str, Protocol),
    Store(System),
}

use Reaches::Server;

/// Where Spring looks for what it imports at the start, before any other key.
const IMPORT: &str = "spring.config.import";

/// Artifacts, the keys that name their server, and what it is. `host` keys have a `port` beside them.
const STARTERS: &[(&[&str], &[&str], Reaches)] = &[
    (
        &["spring-cloud-starter-netflix-eureka-client", "spring-cloud-starter-eureka"],
        &["eureka.client.serviceUrl.defaultZone"],
        Server("Eureka", Protocol::Http),
    ),
    (
        &["spring-cloud-starter-config", "spring-cloud-config-client"],
        &[IMPORT, "spring.cloud.config.uri"],
        Server("Spring Cloud Config", Protocol::Http),
    ),
    (
        &["spring-cloud-starter-consul-discovery", "spring-cloud-starter-consul-all"],
        &["spring.cloud.consul.host"],
        Server("Consul", Protocol::Http),
    ),
    (
        &["spring-cloud-starter-consul-config", "spring-cloud-starter-consul"],
        &[IMPORT, "spring.cloud.consul.host"],
        Server("Consul", Protocol::Http),
    ),
    (
        &["spring-cloud-starter-zookeeper-discovery", "spring-cloud-starter-zookeeper-config"],
        &["spring.cloud.zookeeper.connect-string"],
        Server("Zookeeper", Protocol::Tcp),
    ),
    (
        &["spring-cloud-starter-alibaba-nacos-discovery", "spring-cloud-starter-alibaba-nacos-config"],
        &["spring.cloud.nacos.discovery.server-addr", "spring.cloud.nacos.server-addr"],
        Server("Nacos", Protocol::Http),
    ),
    (
        &["spring-boot-admin-starter-client", "spring-boot-admin-client"],
        &["spring.boot.admin.client.url"],
        Server("Spring Boot Admin", Protocol::Http),
    ),
    (
        &[
            "spring-boot-starter-oauth2-resource-server",
            "spring-boot-starter-security-oauth2-resource-server",
            "spring-security-oauth2-resource-server",
        ],
        &[
            "spring.security.oauth2.resourceserver.jwt.issuer-uri",
            "spring.security.oauth2.resourceserver.jwt.jwk-set-uri",
        ],
        Server("Spring Security", Protocol::Http),
    ),
    (&["quarkus-oidc"], &["quarkus.oidc.auth-server-url"], Server("Quarkus OIDC", Protocol::Http)),
    (
        &["quarkus-smallrye-jwt", "smallrye-jwt"],
        &["mp.jwt.verify.publickey.location"],
        Server("MicroProfile JWT", Protocol::Http),
    ),
    (
        &[
            "quarkus-apicurio-registry-avro",
            "quarkus-apicurio-registry-protobuf",
            "quarkus-apicurio-registry-json-schema",
            "apicurio-registry-serdes-avro-serde",
        ],
        &[
            "mp.messaging.connector.smallrye-kafka.apicurio.registry.url",
            "mp.messaging.connector.smallrye-kafka.schema.registry.url",
            "apicurio.registry.url",
        ],
        Server("Schema Registry", Protocol::Http),
    ),
    (
        &["quarkus-confluent-registry-avro", "kafka-avro-serializer", "kafka-protobuf-serializer"],
        &[
            "spring.kafka.properties.schema.registry.url",
            "mp.messaging.connector.smallrye-kafka.schema.registry.url",
            "schema.registry.url",
        ],
        Server("Schema Registry", Protocol::Http),
    ),
    (&["quarkus-config-consul"], &["quarkus.consul-config.agent.host-port"], Server("Consul", Protocol::Http)),
    (
        &["spring-session-data-redis", "spring-boot-starter-session-data-redis"],
        &["spring.data.redis.url", "spring.data.redis.host", "spring.redis.url", "spring.redis.host"],
        Reaches::Store(System::Redis),
    ),
    // The outbox of transactional messages, and the journal of events.
    (
        &[
            "eventuate-tram-spring-jdbc-kafka",
            "eventuate-tram-spring-producer-jdbc",
            "eventuate-local-java-spring-jdbc",
        ],
        &["spring.datasource.url"],
        Reaches::Store(System::Sql),
    ),
];

/// States what the artifact of `group:artifact` reaches.
pub(super) fn starter(package: &str, at: Span, sink: &mut Sink) {
    let artifact = package.rsplit(':').next().unwrap_or(package);
    let Some((_, keys, reaches)) = STARTERS.iter().find(|(names, ..)| names.contains(&artifact)) else { return };
    let target = Value::either(keys.iter().map(|key| Value::config(*key, None)));
    match *reaches {
        Server(client, protocol) => {
            let call = Call::to(protocol, client.into(), target, Default::default());
            sink.inferred(Claim::Call(call), at);
        }
        Reaches::Store(system) => {
            let store =
                Store { system, client: artifact.into(), address: target, database: None, within: Default::default() };
            sink.inferred(Claim::Store(store), at);
        }
    }
}
