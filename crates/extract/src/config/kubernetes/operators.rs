//! Custom resources: what operators deploy for them, under which names, as the operators' own documentation states.

use super::{Cx, Named};
use crate::Sink;
use seam_facts::{Alias, Claim, Service, Target, format_smolstr};

/// A kind of resource whose operator deploys a product.
struct Operated {
    kind: &'static str,
    /// Part of the API's group.
    group: &'static str,
    /// As an image's name.
    product: &'static str,
    /// The Services that the operator makes; `*` is the resource's name.
    names: &'static [&'static str],
}

const fn operated(
    kind: &'static str,
    group: &'static str,
    product: &'static str,
    names: &'static [&'static str],
) -> Operated {
    Operated { kind, group, product, names }
}

const OPERATED: &[Operated] = &[
    operated("Kafka", "strimzi.io", "kafka", &["*-kafka-bootstrap", "*-kafka-brokers"]),
    operated("KafkaConnect", "strimzi.io", "kafka-connect", &["*-connect-api"]),
    operated("RabbitmqCluster", "rabbitmq.com", "rabbitmq", &["*", "*-nodes"]),
    operated("NatsCluster", "nats.io", "nats", &["*"]),
    operated("PulsarCluster", "streamnative.io", "pulsar", &["*-proxy", "*-broker"]),
    operated("postgresql", "acid.zalan.do", "postgres", &["*", "*-repl", "*-pooler"]),
    operated("Cluster", "cnpg.io", "postgres", &["*-rw", "*-ro", "*-r"]),
    operated("PostgresCluster", "crunchydata.com", "postgres", &["*-primary", "*-replicas", "*-pgbouncer", "*-ha"]),
    operated("CrdbCluster", "cockroachlabs.com", "cockroachdb", &["*-public", "*"]),
    operated("InnoDBCluster", "mysql.oracle.com", "mysql", &["*", "*-instances"]),
    operated("PerconaXtraDBCluster", "percona.com", "mysql", &["*-haproxy", "*-pxc", "*-proxysql"]),
    operated("PerconaServerMongoDB", "percona.com", "mongo", &["*-rs0", "*-mongos"]),
    operated("PerconaPGCluster", "percona.com", "postgres", &["*-primary", "*-pgbouncer", "*-ha"]),
    operated("MariaDB", "mariadb.com", "mariadb", &["*", "*-primary", "*-secondary"]),
    operated("MongoDBCommunity", "mongodb.com", "mongo", &["*-svc"]),
    operated("MongoDB", "mongodb.com", "mongo", &["*-svc"]),
    operated("Redis", "opstreelabs.in", "redis", &["*"]),
    operated("RedisReplication", "opstreelabs.in", "redis", &["*", "*-master", "*-replica"]),
    operated("RedisCluster", "opstreelabs.in", "redis", &["*-leader", "*-follower", "*"]),
    operated("RedisFailover", "spotahome.com", "redis", &["rfs-*", "rfr-*", "rfrm-*"]),
    operated("Dragonfly", "dragonflydb.io", "dragonfly", &["*"]),
    operated("Elasticsearch", "k8s.elastic.co", "elasticsearch", &["*-es-http"]),
    operated("OpenSearchCluster", "opensearch.opster.io", "opensearch", &["*"]),
    operated("ClickHouseInstallation", "altinity.com", "clickhouse-server", &["clickhouse-*"]),
    operated("ScyllaCluster", "scylladb.com", "scylla", &["*-client"]),
    operated("CassandraDatacenter", "cassandra.datastax.com", "cassandra", &["*-service"]),
    operated("Keycloak", "keycloak.org", "keycloak", &["*-service"]),
    operated("Postgres", "kubedb.com", "postgres", &["*", "*-pooler"]),
    operated("MongoDB", "kubedb.com", "mongo", &["*"]),
    operated("MySQL", "kubedb.com", "mysql", &["*"]),
    operated("MariaDB", "kubedb.com", "mariadb", &["*"]),
    operated("Redis", "kubedb.com", "redis", &["*"]),
    operated("Kafka", "kubedb.com", "kafka", &["*"]),
    operated("RabbitMQ", "kubedb.com", "rabbitmq", &["*"]),
    operated("Elasticsearch", "kubedb.com", "elasticsearch", &["*"]),
    operated("Memcached", "kubedb.com", "memcached", &["*"]),
];

/// Groups whose resources configure what is declared elsewhere, often under its very name, and deploy nothing.
const CONFIGURING: &[&str] = &[
    "k8s.io",
    "istio.io",
    "linkerd.io",
    "cert-manager.io",
    "monitoring.coreos.com",
    "argoproj.io",
    "fluxcd.io",
    "keda.sh",
    "traefik",
    "getambassador.io",
    "external-secrets.io",
    "bitnami.com",
    "dapr.io",
    "openshift.io",
    "crossplane.io",
    "projectcontour.io",
    "konghq.com",
    "cilium.io",
    "kyverno.io",
];

pub(super) fn custom(cx: &Cx<'_>, kind: &str, group: &str, named: &Named<'_>, sink: &mut Sink) {
    let known = OPERATED.iter().find(|o| o.kind == kind && group.ends_with(o.group));
    if let Some(known) = known {
        let mut service = Service::new(named.name.clone(), cx.deployment);
        service.image = Some(known.product.into());
        service.namespace = named.namespace.clone();
        service.hostnames = known.names.iter().map(|n| n.replace('*', &named.name).into()).collect();
        sink.stated(Claim::Service(service), named.at);
    } else if group.contains('.') && !CONFIGURING.iter().any(|g| group.contains(g)) {
        // Somebody's operator: what it deploys is not known, but often answers to the resource's name.
        let target = Target::External(format_smolstr!("{kind} {}", named.name));
        let (name, namespace) = (named.name.clone(), named.namespace.clone());
        let alias = Alias { name, deployment: cx.deployment, target, ports: Vec::new(), namespace };
        sink.stated(Claim::Alias(alias), named.at);
    }
}
