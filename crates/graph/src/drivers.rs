//! Which product stands behind code that names none, where no address tells: the driver's class or the dialect that the
//! configuration names, else the packages that the code is built with.
//!
//! Invariant: one product, or nothing. Where drivers of several are at hand only an address tells which is meant, and a
//! database that lives in the process itself is the one that is used unless an address says otherwise.

use crate::address;
use crate::index::{below, folder};
use crate::join::Linker;
use crate::resolve::Text;
use seam_facts::{Claim, System, Value};
use std::collections::BTreeSet;

/// What a driver leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Driver {
    To(System),
    /// A database within the process.
    Embedded,
    /// A product that has no name here.
    Other,
}

use Driver::{Embedded, Other, To};

/// Drivers of SQL databases, by the names of their packages: Maven's artifacts, and names of npm, PyPI, NuGet, RubyGems, Hex
/// and Go's module paths. An ending `*` stands for any rest.
const SQL: &[(Driver, &[&str])] = &[
    (
        To(System::Mysql),
        &[
            "mysql-connector-java",
            "mysql-connector-j",
            "mariadb-java-client",
            "aws-mysql-jdbc",
            "quarkus-jdbc-mysql",
            "quarkus-jdbc-mariadb",
            "quarkus-reactive-mysql-client",
            "vertx-mysql-client",
            "r2dbc-mysql",
            "r2dbc-mariadb",
            "jasync-r2dbc-mysql",
            "mysql",
            "mysql2",
            "mariadb",
            "mysqlclient",
            "pymysql",
            "aiomysql",
            "asyncmy",
            "mysql-connector-python",
            "mysql-connector",
            "mysql.data",
            "mysqlconnector",
            "mysql.entityframeworkcore",
            "mysql.data.entityframeworkcore",
            "pomelo.entityframeworkcore.mysql",
            "github.com/go-sql-driver/mysql",
            "gorm.io/driver/mysql",
            "myxql",
        ],
    ),
    (
        To(System::Postgres),
        &[
            "postgresql",
            "pgjdbc-ng",
            "quarkus-jdbc-postgresql",
            "quarkus-reactive-pg-client",
            "vertx-pg-client",
            "r2dbc-postgresql",
            "jasync-postgresql",
            "pg",
            "pg-promise",
            "postgres",
            "psycopg",
            "psycopg2",
            "psycopg2-binary",
            "asyncpg",
            "aiopg",
            "pg8000",
            "npgsql",
            "npgsql.entityframeworkcore.postgresql",
            "github.com/lib/pq",
            "github.com/jackc/pgx",
            "gorm.io/driver/postgres",
            "postgrex",
        ],
    ),
    (
        To(System::SqlServer),
        &[
            "mssql-jdbc",
            "jtds",
            "quarkus-jdbc-mssql",
            "r2dbc-mssql",
            "mssql",
            "tedious",
            "pymssql",
            "microsoft.entityframeworkcore.sqlserver",
            "microsoft.data.sqlclient",
            "system.data.sqlclient",
            "tiny_tds",
            "github.com/denisenkom/go-mssqldb",
            "github.com/microsoft/go-mssqldb",
            "gorm.io/driver/sqlserver",
            "tds",
        ],
    ),
    (
        To(System::Oracle),
        &[
            "ojdbc*",
            "oracle-r2dbc",
            "quarkus-jdbc-oracle",
            "oracle-spring-boot-starter-*",
            "oracledb",
            "cx_oracle",
            "cx-oracle",
            "oracle.manageddataaccess*",
            "oracle.entityframeworkcore",
            "github.com/godror/godror",
            "github.com/sijms/go-ora",
        ],
    ),
    (
        Other,
        &["jcc", "db2jcc", "quarkus-jdbc-db2", "ibm_db", "snowflake-jdbc", "clickhouse-jdbc", "phoenix-*", "hive-jdbc"],
    ),
    (
        Embedded,
        &[
            "h2",
            "hsqldb",
            "derby",
            "sqlite-jdbc",
            "quarkus-jdbc-h2",
            "r2dbc-h2",
            "microsoft.entityframeworkcore.inmemory",
            "microsoft.entityframeworkcore.sqlite",
            "sqlite3",
            "better-sqlite3",
        ],
    ),
];

/// Providers of the Java Message Service.
const JMS: &[(Driver, &[&str])] = &[
    (
        To(System::ActiveMq),
        &[
            "spring-boot-starter-activemq",
            "spring-boot-starter-artemis",
            "activemq-client*",
            "activemq-spring",
            "activemq-all",
            "activemq-pool",
            "activemq-jms-pool",
            "artemis-jms-client*",
            "artemis-jakarta-client*",
            "quarkus-artemis-*",
            "micronaut-jms-activemq-*",
        ],
    ),
    (
        To(System::IbmMq),
        &["mq-jms-spring-boot-starter", "com.ibm.mq.allclient", "com.ibm.mq.jakarta.client", "micronaut-jms-ibmmq"],
    ),
    (To(System::Solace), &["solace-jms-spring-boot-starter", "solace-jms-spring-boot-autoconfigure", "sol-jms*"]),
    (To(System::Oracle), &["oracle-spring-boot-starter-aqjms", "aqapi*", "micronaut-jms-oracle-aq"]),
    (To(System::Sqs), &["amazon-sqs-java-messaging-lib", "micronaut-jms-sqs"]),
    (
        To(System::ServiceBus),
        &[
            "spring-cloud-azure-starter-servicebus-jms",
            "azure-servicebus-jms",
            "azure-servicebus-jms-spring-boot-starter",
        ],
    ),
    (To(System::Rabbit), &["rabbitmq-jms"]),
    (To(System::Pulsar), &["pulsar-jms*"]),
];

/// What frameworks that hide the broker are built with.
const BUS: &[(Driver, &[&str])] = &[
    (
        To(System::Kafka),
        &[
            "spring-cloud-stream-binder-kafka*",
            "spring-cloud-starter-stream-kafka",
            "spring-cloud-starter-bus-kafka",
            "quarkus-messaging-kafka",
            "quarkus-smallrye-reactive-messaging-kafka",
            "smallrye-reactive-messaging-kafka",
            "masstransit.kafka",
            "dotnetcore.cap.kafka",
            "wolverinefx.kafka",
            "rebus.kafka",
        ],
    ),
    (
        To(System::Rabbit),
        &[
            "spring-cloud-stream-binder-rabbit",
            "spring-cloud-starter-stream-rabbit",
            "spring-cloud-starter-bus-amqp",
            "quarkus-messaging-rabbitmq",
            "quarkus-smallrye-reactive-messaging-rabbitmq",
            "smallrye-reactive-messaging-rabbitmq",
            "masstransit.rabbitmq",
            "dotnetcore.cap.rabbitmq",
            "wolverinefx.rabbitmq",
            "rebus.rabbitmq",
            "nservicebus.rabbitmq",
        ],
    ),
    (To(System::Pulsar), &["spring-cloud-stream-binder-pulsar", "quarkus-messaging-pulsar"]),
    (
        To(System::ServiceBus),
        &[
            "spring-cloud-azure-stream-binder-servicebus",
            "masstransit.azure.servicebus.core",
            "dotnetcore.cap.azureservicebus",
            "wolverinefx.azureservicebus",
            "rebus.azureservicebus",
            "nservicebus.transport.azureservicebus",
        ],
    ),
    (To(System::EventHubs), &["spring-cloud-azure-stream-binder-eventhubs"]),
    (
        To(System::Sqs),
        &["masstransit.amazonsqs", "dotnetcore.cap.amazonsqs", "wolverinefx.amazonsqs", "nservicebus.amazonsqs"],
    ),
    (To(System::PubSub), &["spring-cloud-gcp-pubsub-stream-binder"]),
    (To(System::Kinesis), &["spring-cloud-stream-binder-kinesis"]),
    (
        Other,
        &["quarkus-messaging-amqp", "quarkus-smallrye-reactive-messaging-amqp", "spring-cloud-stream-binder-solace"],
    ),
];

/// What stands behind subscriptions of GraphQL, which stay within the process where nothing else is installed.
const SUBSCRIPTIONS: &[(Driver, &[&str])] = &[
    (To(System::Redis), &["graphql-redis-subscriptions", "@graphql-yoga/redis-event-target", "mqemitter-redis"]),
    (
        To(System::Kafka),
        &["graphql-kafka-subscriptions", "graphql-kafkajs-subscriptions", "mqemitter-kafka", "graphql-kafkajs-pubsub"],
    ),
    (
        To(System::Rabbit),
        &["graphql-rabbitmq-subscriptions", "graphql-amqp-subscriptions", "@zeroem/graphql-rabbitmq-subscriptions"],
    ),
    (To(System::Nats), &["graphql-nats-subscriptions", "@moonwalker/graphql-nats-subscriptions"]),
    (To(System::Mqtt), &["graphql-mqtt-subscriptions"]),
    (To(System::PubSub), &["graphql-google-pubsub", "@axelspringer/graphql-google-pubsub"]),
];

/// Keys of the configuration that name a driver's class, a dialect or a kind of database.
const SAID: &[&str] = &[
    "spring.datasource.driver-class-name",
    "spring.datasource.driverClassName",
    "spring.datasource.hikari.driver-class-name",
    "spring.jpa.database-platform",
    "spring.jpa.properties.hibernate.dialect",
    "spring.jpa.database",
    "quarkus.datasource.db-kind",
    "datasources.default.driver-class-name",
    "datasources.default.driverClassName",
    "datasources.default.dialect",
];

/// The product behind code that speaks SQL, as the scheme of an address tells.
pub(crate) fn product_of(system: System, texts: &[Text<'_>]) -> System {
    let named = |scheme: &str| match scheme {
        "postgres" | "postgresql" => Some(System::Postgres),
        "mysql" | "mariadb" => Some(System::Mysql),
        "sqlserver" | "mssql" => Some(System::SqlServer),
        _ if scheme.starts_with("jdbc:oracle") => Some(System::Oracle),
        _ => None,
    };
    let mut schemes = texts.iter().filter(|t| !t.open).flat_map(|t| address::parse(&t.text)).map(|a| a.scheme);
    if system == System::Sql { schemes.find_map(|s| named(&s)).unwrap_or(system) } else { system }
}

impl Linker<'_> {
    /// The product that code of `node` speaks to where it only says which family.
    pub(crate) fn product_behind(&self, node: usize, system: System) -> Option<System> {
        let table = match system {
            System::Sql => SQL,
            System::Jms => JMS,
            System::Bus => BUS,
            _ => return None,
        };
        if system == System::Sql
            && let Some(said) = self.said(node)
        {
            return match said {
                To(system) => Some(system),
                Embedded | Other => None,
            };
        }
        self.behind(node, table)
    }

    /// The broker that carries what subscriptions of GraphQL publish; `None` where they stay within the process.
    pub(crate) fn subscriptions_behind(&self, node: usize) -> Option<System> {
        self.behind(node, SUBSCRIPTIONS)
    }

    /// The one product that the packages which the node is built with lead to.
    fn behind(&self, node: usize, table: &[(Driver, &[&str])]) -> Option<System> {
        let territory = &self.territories[node];
        let above = || {
            let manifests = self.index.modules.iter().map(|(file, ..)| *file);
            manifests.filter(|f| {
                let at = folder(self.index.paths[*f]);
                territory.roots.iter().any(|root| below(root, at))
            })
        };
        // Its own manifest says it; else those of the libraries that it is built with, else those above.
        let own = self.drivers(territory.own.iter().copied(), table);
        let found = if own.is_empty() { self.drivers(self.manifests_of_libraries(node), table) } else { own };
        let found = if found.is_empty() { self.drivers(above(), table) } else { found };
        match found.into_iter().collect::<Vec<_>>().as_slice() {
            [To(system)] => Some(*system),
            _ => None,
        }
    }

    /// Manifests of the folders that the node's libraries stand in.
    fn manifests_of_libraries(&self, node: usize) -> impl Iterator<Item = usize> {
        let libraries = &self.territories[node].libraries;
        let folders: BTreeSet<&str> = libraries.iter().map(|f| folder(self.index.paths[*f])).collect();
        let modules = self.index.modules.iter().map(|(file, ..)| *file);
        modules.filter(move |f| {
            let at = folder(self.index.paths[*f]);
            !at.is_empty() && folders.iter().any(|folder| below(folder, at))
        })
    }

    fn drivers(&self, files: impl Iterator<Item = usize>, table: &[(Driver, &[&str])]) -> BTreeSet<Driver> {
        let facts = files.flat_map(|file| self.index.facts[file]);
        let packages = facts.filter_map(|fact| match &fact.claim {
            Claim::Depends(depends) if !depends.development => Some(depends.package.as_str()),
            _ => None,
        });
        packages.filter_map(|package| driver(package, table)).collect()
    }

    /// What the node's configuration says about its database.
    fn said(&self, node: usize) -> Option<Driver> {
        let view = self.view(node);
        let texts = SAID.iter().flat_map(|key| view.texts(&Value::config(*key, None), 0));
        let said: BTreeSet<Driver> = texts.filter(|t| !t.open).filter_map(|t| named(&t.text)).collect();
        match said.into_iter().collect::<Vec<_>>().as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// The product that a driver's class, a dialect or a kind of database names.
fn named(text: &str) -> Option<Driver> {
    let text = text.to_ascii_lowercase();
    let words = [
        ("postgres", To(System::Postgres)),
        ("mysql", To(System::Mysql)),
        ("mariadb", To(System::Mysql)),
        ("oracle", To(System::Oracle)),
        ("sqlserver", To(System::SqlServer)),
        ("sql_server", To(System::SqlServer)),
        ("mssql", To(System::SqlServer)),
        ("h2", Embedded),
        ("hsql", Embedded),
        ("derby", Embedded),
        ("sqlite", Embedded),
        ("db2", Other),
    ];
    words.iter().find(|(word, _)| text.contains(word)).map(|(_, driver)| *driver)
}

/// The driver that a package is, by the name that its registry gives it.
fn driver(package: &str, table: &[(Driver, &[&str])]) -> Option<Driver> {
    // Containers for tests are called like what runs in them.
    if package.starts_with("org.testcontainers") {
        return None;
    }
    let name = package.rsplit(':').next().unwrap_or(package).to_ascii_lowercase();
    // Go: `github.com/jackc/pgx/v5`, and packages below a module.
    let name = match name.rsplit_once("/v") {
        Some((module, version)) if version.bytes().all(|b| b.is_ascii_digit()) => module,
        _ => &name,
    };
    let fits = |known: &&str| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    };
    table.iter().find(|(_, names)| names.iter().any(fits)).map(|(driver, _)| *driver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_drivers_by_their_names() {
        assert_eq!(driver("com.mysql:mysql-connector-j", SQL), Some(To(System::Mysql)));
        assert_eq!(driver("com.oracle.database.jdbc:ojdbc11", SQL), Some(To(System::Oracle)));
        assert_eq!(driver("github.com/jackc/pgx/v5", SQL), Some(To(System::Postgres)));
        assert_eq!(driver("com.h2database:h2", SQL), Some(Embedded));
        assert_eq!(driver("com.h2database:h2-tools", SQL), None);
        assert_eq!(driver("com.ibm.mq:mq-jms-spring-boot-starter", JMS), Some(To(System::IbmMq)));
        assert_eq!(driver("MassTransit.RabbitMQ", BUS), Some(To(System::Rabbit)));
    }

    #[test]
    fn classes_and_dialects_name_products() {
        assert_eq!(named("oracle.jdbc.OracleDriver"), Some(To(System::Oracle)));
        assert_eq!(named("org.hibernate.dialect.PostgreSQLDialect"), Some(To(System::Postgres)));
        assert_eq!(named("com.p6spy.engine.spy.P6SpyDriver"), None);
    }
}
