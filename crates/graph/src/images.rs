//! What a container image is, by the last part of its name. Public products only; a workspace's own images are unknown
//! here and are services.

use crate::model::NodeKind;
use seam_facts::System;

/// What runs in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    pub kind: NodeKind,
    pub system: Option<System>,
}

const fn store(kind: NodeKind, system: System) -> Product {
    Product { kind, system: Some(system) }
}

/// Runs beside the system.
pub const TOOL: Product = Product { kind: NodeKind::Tool, system: None };
const SERVER: Product = Product { kind: NodeKind::Server, system: None };
const GATEWAY: Product = Product { kind: NodeKind::Gateway, system: None };

/// Exact names first, then words within names; the order decides where several match (`redis-exporter` is a tool).
const WORDS: &[(&str, Product)] = &[
    // Tools whose names contain a store's name.
    ("exporter", TOOL),
    ("commander", TOOL),
    ("redisinsight", TOOL),
    ("mongo-express", TOOL),
    ("phpmyadmin", TOOL),
    ("pgadmin", TOOL),
    ("adminer", TOOL),
    ("kafka-ui", TOOL),
    ("akhq", TOOL),
    ("kafdrop", TOOL),
    ("kafka-manager", TOOL),
    ("kafka-gui", TOOL),
    ("kafka-connect", SERVER),
    ("cp-server-connect", SERVER),
    ("ksqldb-cli", TOOL),
    ("schema-registry", SERVER),
    ("control-center", TOOL),
    ("elasticsearch-head", TOOL),
    ("opensearch-dashboards", TOOL),
    ("zookeeper", TOOL),
    // The cloud's database by another door.
    ("gce-proxy", TOOL),
    ("cloud-sql-proxy", TOOL),
    ("cloudsql-proxy", TOOL),
    // Databases.
    ("postgis", store(NodeKind::Database, System::Postgres)),
    ("postgres", store(NodeKind::Database, System::Postgres)),
    ("timescaledb", store(NodeKind::Database, System::Postgres)),
    ("cockroach", store(NodeKind::Database, System::Postgres)),
    ("yugabyte", store(NodeKind::Database, System::Postgres)),
    ("pgvector", store(NodeKind::Database, System::Postgres)),
    ("mysql", store(NodeKind::Database, System::Mysql)),
    ("mariadb", store(NodeKind::Database, System::Mysql)),
    ("percona", store(NodeKind::Database, System::Mysql)),
    ("mssql", store(NodeKind::Database, System::SqlServer)),
    ("sqlserver", store(NodeKind::Database, System::SqlServer)),
    ("azure-sql-edge", store(NodeKind::Database, System::SqlServer)),
    ("oracle", store(NodeKind::Database, System::Oracle)),
    ("mongo", store(NodeKind::Database, System::Mongo)),
    ("documentdb", store(NodeKind::Database, System::Mongo)),
    ("ferretdb", store(NodeKind::Database, System::Mongo)),
    ("cassandra", store(NodeKind::Database, System::Cassandra)),
    ("scylla", store(NodeKind::Database, System::Cassandra)),
    ("dynamodb", store(NodeKind::Database, System::Dynamo)),
    ("firestore", store(NodeKind::Database, System::Firestore)),
    ("cosmosdb", store(NodeKind::Database, System::Cosmos)),
    ("opensearch", store(NodeKind::Database, System::Elasticsearch)),
    ("neo4j", store(NodeKind::Database, System::Neo4j)),
    ("couchbase", store(NodeKind::Database, System::Couchbase)),
    ("couchdb", store(NodeKind::Database, System::Couchdb)),
    ("influxdb", store(NodeKind::Database, System::Influx)),
    ("clickhouse", store(NodeKind::Database, System::Clickhouse)),
    ("eventstore", store(NodeKind::Database, System::EventStore)),
    ("minio", store(NodeKind::Database, System::Objects)),
    ("azurite", store(NodeKind::Database, System::Objects)),
    ("etcd", store(NodeKind::Database, System::Etcd)),
    // Caches.
    ("redis", store(NodeKind::Cache, System::Redis)),
    ("valkey", store(NodeKind::Cache, System::Redis)),
    ("keydb", store(NodeKind::Cache, System::Redis)),
    ("dragonfly", store(NodeKind::Cache, System::Redis)),
    ("memcached", store(NodeKind::Cache, System::Memcached)),
    ("hazelcast", store(NodeKind::Cache, System::Hazelcast)),
    // Brokers.
    ("rabbitmq", store(NodeKind::Broker, System::Rabbit)),
    ("kafka", store(NodeKind::Broker, System::Kafka)),
    ("redpanda", store(NodeKind::Broker, System::Kafka)),
    ("nats", store(NodeKind::Broker, System::Nats)),
    ("activemq", store(NodeKind::Broker, System::ActiveMq)),
    ("artemis", store(NodeKind::Broker, System::ActiveMq)),
    ("ibm-mq", store(NodeKind::Broker, System::IbmMq)),
    ("ibmmq", store(NodeKind::Broker, System::IbmMq)),
    ("solace", store(NodeKind::Broker, System::Solace)),
    ("pulsar", store(NodeKind::Broker, System::Pulsar)),
    ("elasticmq", store(NodeKind::Broker, System::Sqs)),
    ("mosquitto", store(NodeKind::Broker, System::Mqtt)),
    ("emqx", store(NodeKind::Broker, System::Mqtt)),
    ("pubsub-emulator", store(NodeKind::Broker, System::PubSub)),
    ("localstack", store(NodeKind::Broker, System::Sqs)),
    // Observability and administration.
    ("prometheus", TOOL),
    ("alertmanager", TOOL),
    ("pushgateway", TOOL),
    ("grafana", TOOL),
    ("loki", TOOL),
    ("promtail", TOOL),
    ("tempo", TOOL),
    ("jaeger", TOOL),
    ("zipkin", TOOL),
    ("opentelemetry-collector", TOOL),
    ("otel-collector", TOOL),
    ("otelcol", TOOL),
    ("otel-lgtm", TOOL),
    ("fluentd", TOOL),
    ("fluent-bit", TOOL),
    ("filebeat", TOOL),
    ("metricbeat", TOOL),
    ("logstash", TOOL),
    ("logspout", TOOL),
    ("kibana", TOOL),
    ("cadvisor", TOOL),
    ("kube-state-metrics", TOOL),
    ("heapster", TOOL),
    ("blackbox", TOOL),
    ("datalust", TOOL),
    ("seq", TOOL),
    ("datadog", TOOL),
    ("newrelic", TOOL),
    ("sonarqube", TOOL),
    ("portainer", TOOL),
    ("mailhog", TOOL),
    ("maildev", TOOL),
    ("mailpit", TOOL),
    ("mailcatcher", TOOL),
    ("smtp4dev", TOOL),
    ("papercut", TOOL),
    ("aspire-dashboard", TOOL),
    ("healthchecks-ui", TOOL),
    ("turbine", TOOL),
    ("watchtower", TOOL),
    ("dapr", TOOL),
    ("daprd", TOOL),
    ("alloy", TOOL),
    ("pyroscope", TOOL),
    ("mimir", TOOL),
    ("thanos", TOOL),
    ("beyla", TOOL),
    ("signoz", TOOL),
    ("linkerd", TOOL),
    ("skywalking", TOOL),
    ("k6", TOOL),
    ("locust", TOOL),
    ("jmeter", TOOL),
    ("artillery", TOOL),
    ("toxiproxy", TOOL),
    ("flyway", TOOL),
    ("liquibase", TOOL),
    ("swagger-ui", TOOL),
    ("stripe-cli", TOOL),
    ("ingress-nginx", TOOL),
    ("nginx-ingress", TOOL),
    ("ingress-controller", TOOL),
    ("placement", TOOL),
    ("busybox", TOOL),
    ("provisioner", TOOL),
    ("metrics-server", TOOL),
    ("apm-server", TOOL),
    ("uptime-kuma", TOOL),
    ("curl", TOOL),
    ("cert-manager", TOOL),
    ("external-dns", TOOL),
    ("cluster-autoscaler", TOOL),
    // Servers that services call.
    ("consul", SERVER),
    ("eureka", SERVER),
    ("nacos", SERVER),
    ("keycloak", SERVER),
    ("vault", SERVER),
    ("jsreport", SERVER),
    ("flagd", SERVER),
    ("unleash", SERVER),
    ("apicurio", SERVER),
    ("temporal-ui", TOOL),
    ("temporal-web", TOOL),
    ("temporal-admin-tools", TOOL),
    ("temporal", SERVER),
    ("zeebe", SERVER),
    ("camunda-bpm-platform", SERVER),
    ("camunda-platform", SERVER),
    ("conductor-server", SERVER),
    ("conductor-ui", TOOL),
    ("hasura", SERVER),
    ("wiremock", SERVER),
    ("debezium", SERVER),
    ("eventuate-cdc-service", SERVER),
    ("ollama", SERVER),
    // Proxies.
    ("traefik", GATEWAY),
    ("envoy", GATEWAY),
    ("haproxy", GATEWAY),
    ("kong", GATEWAY),
    ("krakend", GATEWAY),
    ("openresty", GATEWAY),
    ("nginx", GATEWAY),
    ("caddy", GATEWAY),
    ("httpd", GATEWAY),
    ("apisix", GATEWAY),
];

/// Elasticsearch is a store for some systems and a log sink for others; the name alone means a store.
const ELASTIC: &[&str] = &["elasticsearch", "elastic"];

/// The product of an image reference (`docker.io/bitnami/redis:7` → Redis). `None` for a workspace's own image.
pub fn product(image: &str) -> Option<Product> {
    let name = basename(image);
    if name.is_empty() {
        return None;
    }
    if ELASTIC.contains(&name.as_str()) {
        return Some(store(NodeKind::Database, System::Elasticsearch));
    }
    // Whatever these organisations publish watches or carries traffic of others.
    const WATCHING: [&str; 8] =
        ["jaegertracing", "prom", "linkerd", "istio", "openzipkin", "datadog", "datadoghq", "newrelic"];
    if image.split('/').rev().skip(1).any(|part| WATCHING.contains(&part)) {
        return Some(TOOL);
    }
    // Commands in a box: a client of an object store, curl, git, openssl.
    if image.split('/').rev().nth(1) == Some("alpine") || image.contains("minio/mc") && name == "mc" {
        return Some(TOOL);
    }
    if let Some(engine) = engine(image, &name) {
        return Some(engine);
    }
    // `mssql/server`, `oracle/database`, `datalust/seq`, `openzipkin/zipkin`: the folder may say it.
    let folder = image.rsplit_once('/').map(|(f, _)| f.rsplit('/').next().unwrap_or(f)).unwrap_or("");
    let parts: Vec<&str> = name.split(['-', '_', '.']).collect();
    let whole = |word: &str| name == word || parts.contains(&word) || (word.contains('-') && name.contains(word));
    let begins = |word: &str| parts.iter().any(|p| p.strip_prefix(word).is_some_and(known_suffix));
    WORDS
        .iter()
        .find(|(word, _)| whole(word) || begins(word))
        .or_else(|| {
            matches!(name.as_str(), "server" | "database" | "cp-server")
                .then(|| WORDS.iter().find(|(w, _)| folder == *w || folder.starts_with("confluent") && *w == "kafka"))?
        })
        .map(|(_, product)| *product)
        // What this organisation publishes beside databases carries their changes.
        .or_else(|| image.split('/').rev().nth(1).filter(|f| *f == "debezium").map(|_| SERVER))
}

/// Workflow engines, whose images are called like anything else, and what their makers publish to watch them.
fn engine(image: &str, name: &str) -> Option<Product> {
    let maker = image.split('/').rev().nth(1)?;
    Some(match (maker, name) {
        ("camunda", "operate" | "tasklist" | "optimize" | "identity" | "console" | "web-modeler") => TOOL,
        ("camunda", "camunda") => SERVER,
        ("temporalio", "ui" | "web" | "admin-tools") | ("ubercadence", "web") => TOOL,
        ("temporalio", _) | ("ubercadence", _) => SERVER,
        ("conductoross" | "orkesio", _) => SERVER,
        _ => return None,
    })
}

/// A tool by the name that people give its deployable, whatever its image: `jaeger`, `zipkin-mysql`.
pub fn watcher(name: &str) -> Option<Product> {
    const WATCHERS: &[&str] = &[
        "zipkin",
        "jaeger",
        "prometheus",
        "grafana",
        "alertmanager",
        "kibana",
        "fluentd",
        "loki",
        "promtail",
        "cadvisor",
    ];
    let name = name.to_ascii_lowercase();
    let mut parts = name.split(['-', '_', '.']);
    let last = parts.clone().next_back().unwrap_or("");
    // What prepares a store and ends: `kafka-setup`, `dynamo-init`.
    let job = last != name && matches!(last, "setup" | "init" | "initializer" | "initializr");
    (job || parts.any(|part| WATCHERS.contains(&part))).then_some(TOOL)
}

/// A database by the name that people give its deployable or image, where nothing tells which product it is.
pub fn database(name: &str) -> Option<Product> {
    let name = name.to_ascii_lowercase();
    let word = name.rsplit(['-', '_', '.']).next().unwrap_or(&name);
    matches!(word, "db" | "database").then_some(Product { kind: NodeKind::Database, system: None })
}

/// What may follow a product's name directly: `mongodb`, `postgresql`, `redis7`, `couchdb3`.
fn known_suffix(rest: &str) -> bool {
    rest.is_empty() || matches!(rest, "db" | "ql" | "sql" | "server" | "ui") || rest.bytes().all(|b| b.is_ascii_digit())
}

/// `ghcr.io/acme/shop-cart:1.2@sha256:…` → `shop-cart`.
pub fn basename(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(image: &str) -> Option<System> {
        product(image).and_then(|p| p.system)
    }

    #[test]
    fn products_are_known_by_name() {
        assert_eq!(system("bitnami/postgresql:15"), Some(System::Postgres));
        assert_eq!(system("mcr.microsoft.com/mssql/server:2019-latest"), Some(System::SqlServer));
        assert_eq!(system("confluentinc/cp-kafka:7"), Some(System::Kafka));
        assert_eq!(system("mongo:4"), Some(System::Mongo));
        assert_eq!(product("oliver006/redis_exporter"), Some(TOOL));
        assert_eq!(product("temporalio/auto-setup:1.24"), Some(SERVER));
        assert_eq!(product("temporalio/ui:2"), Some(TOOL));
        assert_eq!(product("acme/shop-cart:1"), None);
        assert_eq!(product("acme/sequencer"), None);
    }
}
