//! What services serve, call, publish, consume and store, as code and proxies state it.

use crate::{SmolStr, Value};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    Http,
    Grpc,
    Graphql,
    Websocket,
    JsonRpc,
    Thrift,
    Dubbo,
    /// Messages between the members of a cluster that answer one another without a broker (Vert.x).
    EventBus,
    Smtp,
    /// A connection whose protocol is not known.
    Tcp,
}

/// A store or broker product (or a family that shares one wire protocol).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    // Databases.
    Postgres,
    Mysql,
    SqlServer,
    Oracle,
    Sqlite,
    /// An SQL database whose product the code does not say (an ORM without a driver in sight).
    Sql,
    Mongo,
    Cassandra,
    Dynamo,
    Firestore,
    Cosmos,
    Elasticsearch,
    Neo4j,
    Couchbase,
    Couchdb,
    Influx,
    Clickhouse,
    Spanner,
    Bigtable,
    EventStore,
    Objects,
    Etcd,
    /// PostgreSQL behind HTTP, mostly hosted.
    Supabase,
    // Caches.
    Redis,
    Memcached,
    Hazelcast,
    // Brokers.
    Kafka,
    Rabbit,
    Nats,
    Sqs,
    Sns,
    PubSub,
    ActiveMq,
    IbmMq,
    Solace,
    /// A broker behind the Java Message Service whose product the code does not say.
    Jms,
    Pulsar,
    ServiceBus,
    EventHubs,
    Kinesis,
    Mqtt,
    /// A message bus whose product the code does not say (MassTransit, Spring Cloud Stream, Dapr without a component).
    Bus,
}

/// A way in: an HTTP route, a gRPC method, a GraphQL field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// HTTP method in capitals; `None` for any, or where the protocol has none.
    pub method: Option<SmolStr>,
    /// HTTP path template with `{name}` for parameters and `*` for the rest; `Service/Method` for gRPC.
    pub path: Value,
    /// Symbol of the function that handles it.
    pub handler: SmolStr,
    /// The router object it is registered on, as a symbol (`app`, `router`); prefixes come with [`Mount`].
    pub router: Option<SmolStr>,
    pub request: Option<SmolStr>,
    pub response: Option<SmolStr>,
}

/// A router is mounted below a prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mount {
    /// The mounted router: a symbol of this file, or an imported one (`./routes/orders`, `orders.router`).
    pub router: SmolStr,
    pub prefix: Value,
    /// The router it is mounted on.
    pub on: SmolStr,
}

/// HTTP's methods, as requests and contracts spell them.
pub const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// A request to something else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Call {
    pub protocol: Protocol,
    /// The library, as users name it (`requests`, `axios`, `Feign`).
    pub client: SmolStr,
    pub method: Option<SmolStr>,
    /// What says the method where it is no text here: a parameter, mostly.
    pub verb: Option<Box<Value>>,
    /// HTTP: URL (base and path). gRPC and others: the address dialled, a hole if it comes from elsewhere; empty if unknown.
    pub target: Value,
    /// gRPC `package.Service/Method` or `Service/Method` (`Service/*` for a bare stub), GraphQL operation, Thrift `Service/method`.
    pub operation: Option<SmolStr>,
    pub within: SmolStr,
    pub request: Option<SmolStr>,
    pub response: Option<SmolStr>,
}

impl Call {
    /// A request of which no more is said than whom it goes to.
    pub fn to(protocol: Protocol, client: SmolStr, target: Value, within: SmolStr) -> Self {
        Call {
            protocol,
            client,
            method: None,
            verb: None,
            target,
            operation: None,
            within,
            request: None,
            response: None,
        }
    }
}

/// A forwarding rule of a proxy or gateway: what comes in on `path` goes to `target`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    pub protocol: Protocol,
    pub path: Value,
    /// URL, `host:port`, `lb://name`, or a bare service name.
    pub target: Value,
    /// Who forwards: a deployable or alias declared in the same file (an Ingress), or the service whose code or
    /// image this file belongs to (`None`).
    pub via: Option<SmolStr>,
}

/// Stands in [`Route::via`] for a front end's development server, which forwards only where it is what is started.
pub const DEVELOPMENT_SERVER: &str = "<development server>";

/// The client of a message that subscriptions of GraphQL carry: within the process, unless a package puts a broker behind.
pub const SUBSCRIPTIONS: &str = "graphql-subscriptions";

/// Stands in [`Call::client`] for a tool that fetches metrics from whoever it is told of.
pub const SCRAPER: &str = "Prometheus";

/// A message goes to, or comes from, a topic, queue or subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Message {
    pub system: System,
    pub publish: bool,
    /// Topic, queue, subject, channel, stream, event type; empty if unknown.
    pub topic: Value,
    /// The broker's address, where this code states it.
    pub address: Option<Value>,
    /// RabbitMQ exchange.
    pub exchange: Option<Value>,
    pub routing_key: Option<Value>,
    /// Consumer group or subscription.
    pub group: Option<Value>,
    pub client: SmolStr,
    pub within: SmolStr,
    pub payload: Option<SmolStr>,
}

impl Message {
    /// A message of which no more is said than where it goes, or comes from.
    pub fn to(system: System, publish: bool, topic: Value, client: SmolStr, within: SmolStr) -> Self {
        Message {
            system,
            publish,
            topic,
            address: None,
            exchange: None,
            routing_key: None,
            group: None,
            client,
            within,
            payload: None,
        }
    }
}

/// A connection to a store or broker is opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Store {
    pub system: System,
    /// Connection string, URL, `host:port` or bare host; a hole if it comes from elsewhere; empty if unknown.
    pub address: Value,
    pub database: Option<Value>,
    pub client: SmolStr,
    pub within: SmolStr,
}

/// A table, collection, index or key space is read or written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Access {
    /// `None`: whichever store this service uses.
    pub system: Option<System>,
    pub name: Value,
    pub mode: AccessMode,
    pub within: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    Read,
    Write,
    /// Defined or mapped (migration, entity), without saying which way.
    Declare,
}

/// A resilience setting, attached to what it governs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Policy {
    pub kind: PolicyKind,
    /// What it governs: a function symbol, a client symbol, a named instance (`resilience4j` name, route id, cluster).
    pub on: SmolStr,
    /// Total attempts, the first included.
    pub attempts: Option<Value>,
    /// Milliseconds: the timeout, the backoff's first delay, the lease; as text when known.
    pub millis: Option<Value>,
    /// Library and details for people (`resilience4j, exponential ×2, jitter`).
    pub detail: SmolStr,
    pub within: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    Timeout,
    Retry,
    Backoff,
    Breaker,
    Bulkhead,
    RateLimit,
    IdempotencyKey,
    AckMode,
    DeadLetter,
    Transaction,
    Lease,
}
