//! Charts that others publish: which product one deploys, and under which names it answers. The names are those that the
//! charts' own templates make.
//!
//! Invariant: only a chart that is fetched, not one that stands in the workspace; and only stores, brokers and identity
//! providers, since what an unknown chart deploys is not known.

use seam_facts::{Deployment, Service, SmolStr, Value, format_smolstr};

struct Published {
    chart: &'static str,
    /// As an image's name.
    product: &'static str,
    /// Its Services; `*` is the full name.
    names: &'static [&'static str],
}

const fn chart(chart: &'static str, product: &'static str, names: &'static [&'static str]) -> Published {
    Published { chart, product, names }
}

const PUBLISHED: &[Published] = &[
    chart("postgresql", "postgres", &["*", "*-hl", "*-primary", "*-read"]),
    chart("postgresql-ha", "postgres", &["*-pgpool", "*-postgresql", "*"]),
    chart("postgres", "postgres", &["*"]),
    chart("timescaledb-single", "timescaledb", &["*"]),
    chart("mysql", "mysql", &["*", "*-headless", "*-primary", "*-secondary"]),
    chart("mariadb", "mariadb", &["*", "*-primary", "*-secondary"]),
    chart("mariadb-galera", "mariadb", &["*"]),
    chart("mongodb", "mongo", &["*", "*-headless"]),
    chart("mongodb-sharded", "mongo", &["*"]),
    chart("mongodb-replicaset", "mongo", &["*", "*-client"]),
    chart("redis", "redis", &["*-master", "*-replicas", "*-headless", "*"]),
    chart("redis-cluster", "redis", &["*", "*-headless"]),
    chart("redis-ha", "redis", &["*", "*-haproxy"]),
    chart("valkey", "valkey", &["*-primary", "*-replicas", "*-headless", "*"]),
    chart("dragonfly", "dragonfly", &["*"]),
    chart("memcached", "memcached", &["*"]),
    chart("rabbitmq", "rabbitmq", &["*", "*-headless"]),
    chart("rabbitmq-ha", "rabbitmq", &["*"]),
    chart("kafka", "kafka", &["*", "*-headless", "*-controller-headless", "*-broker-headless"]),
    chart("cp-kafka", "kafka", &["*", "*-headless"]),
    chart("redpanda", "redpanda", &["*"]),
    chart("nats", "nats", &["*", "*-headless"]),
    chart("stan", "nats-streaming", &["*"]),
    chart("pulsar", "pulsar", &["*-proxy", "*-broker"]),
    chart("activemq-artemis", "artemis", &["*"]),
    chart("mosquitto", "mosquitto", &["*"]),
    chart("emqx", "emqx", &["*", "*-headless"]),
    chart(
        "elasticsearch",
        "elasticsearch",
        &["*", "*-hl", "*-master", "*-master-hl", "*-coordinating-only", "elasticsearch-master"],
    ),
    chart("opensearch", "opensearch", &["*", "opensearch-cluster-master"]),
    chart("solr", "solr", &["*"]),
    chart("meilisearch", "meilisearch", &["*"]),
    chart("cassandra", "cassandra", &["*", "*-headless"]),
    chart("scylla", "scylla", &["*-client"]),
    chart("cockroachdb", "cockroach", &["*-public", "*"]),
    chart("clickhouse", "clickhouse-server", &["*", "*-headless"]),
    chart("neo4j", "neo4j", &["*", "*-headless"]),
    chart("influxdb", "influxdb", &["*"]),
    chart("influxdb2", "influxdb", &["*"]),
    chart("couchdb", "couchdb", &["*-svc-couchdb", "*"]),
    chart("etcd", "etcd", &["*", "*-headless"]),
    chart("minio", "minio", &["*"]),
    chart("qdrant", "qdrant", &["*"]),
    chart("weaviate", "weaviate", &["*"]),
    chart("keycloak", "keycloak", &["*", "*-headless"]),
    chart("keycloakx", "keycloak", &["*-http", "*-headless"]),
    chart("vault", "vault", &["*", "*-internal", "*-active"]),
    chart("consul", "consul", &["*-server", "*-ui", "consul-server"]),
    chart("eventstore", "eventstore", &["*"]),
];

/// Where local charts lie by custom: what begins so is a path.
const FOLDERS: &[&str] =
    &[".", "..", "", "chart", "charts", "helm", "deploy", "deployment", "infra", "k8s", "kubernetes", "manifests"];

/// A release of a chart.
pub struct Release<'a> {
    /// `None` where it is told when it is installed.
    pub name: Option<&'a str>,
    /// `bitnami/redis`, `oci://registry/charts/redis`, or a plain name of a stated repository.
    pub chart: &'a str,
    /// What the chart is called where another depends on it.
    pub alias: Option<&'a str>,
    /// The chart that depends on it.
    pub owner: Option<&'a str>,
    pub namespace: Option<SmolStr>,
}

impl Release<'_> {
    /// What the release deploys, if that is known.
    pub fn service(&self) -> Option<Service> {
        let path = self.chart.split_once("://").map_or(self.chart, |(_, rest)| rest);
        let mut parts = path.split('/');
        if self.chart.contains('/') && FOLDERS.contains(&parts.next().unwrap_or("")) || path.ends_with(".tgz") {
            return None;
        }
        let last = path.rsplit('/').next()?.split(['@', ':']).next()?;
        let known = PUBLISHED.iter().find(|p| p.chart == last)?;
        let called = self.alias.unwrap_or(known.chart);
        // A release whose name holds the chart's is called so itself.
        let full = |release: &str| match release.contains(called) {
            true => SmolStr::new(release),
            false => format_smolstr!("{release}-{called}"),
        };
        let names: Vec<SmolStr> = match (self.name, self.owner) {
            (Some(name), _) => vec![full(name)],
            (None, Some(owner)) => vec![called.into(), full(owner)],
            (None, None) => vec![called.into()],
        };
        let mut service = Service::new(names[0].clone(), Deployment::Helm);
        service.chart = Some(self.chart.into());
        service.image = Some(Value::text(known.product));
        service.namespace = self.namespace.clone();
        for name in &names {
            let all = known.names.iter().map(|n| SmolStr::from(n.replace('*', name)));
            service.hostnames.extend(all.chain([name.clone()]).filter(|n| *n != names[0]));
        }
        service.hostnames.sort();
        service.hostnames.dedup();
        Some(service)
    }
}

#[cfg(test)]
mod tests {
    use super::Release;

    fn names(name: Option<&str>, chart: &str, owner: Option<&str>) -> Option<Vec<String>> {
        let release = Release { name, chart, alias: None, owner, namespace: None };
        let service = release.service()?;
        Some(std::iter::once(&service.name).chain(&service.hostnames).map(ToString::to_string).collect())
    }

    #[test]
    fn names_are_those_that_the_chart_makes() {
        assert_eq!(
            names(Some("redis"), "bitnami/redis", None).unwrap(),
            ["redis", "redis-headless", "redis-master", "redis-replicas"]
        );
        assert_eq!(
            names(Some("mq"), "oci://host/charts/rabbitmq", None).unwrap(),
            ["mq-rabbitmq", "mq-rabbitmq-headless"]
        );
        let of_shop = names(None, "postgresql", Some("shop")).unwrap();
        assert!(
            of_shop.contains(&"postgresql".to_owned()) && of_shop.contains(&"shop-postgresql".to_owned()),
            "{of_shop:?}"
        );
    }

    #[test]
    fn a_folder_is_no_published_chart() {
        assert_eq!(names(Some("redis"), "./charts/redis", None), None);
        assert_eq!(names(Some("redis"), "charts/redis", None), None);
        assert_eq!(names(Some("x"), "bitnami/wordpress", None), None);
    }
}
