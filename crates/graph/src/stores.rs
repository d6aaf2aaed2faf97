//! Messages and connections to stores to edges.

use crate::address;
use crate::drivers::product_of;
use crate::edges::{Edges, Place};
use crate::endpoints::is_pattern;
use crate::index::{FileId, squash};
use crate::join::speaks;
use crate::likeness::bare;
use crate::model::{Certainty, EdgeKind, NodeKind};
use crate::registered::only_registered;
use crate::resolve::Text;
use crate::starts::takes_tasks;
use crate::topics::topics;
use seam_facts::{Claim, Fact, Hole, MASKED, Message, SUBSCRIPTIONS, Store, System, Target, Value};

impl<'a> Edges<'_, 'a> {
    pub(crate) fn messages(&mut self) {
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Message(message) = &fact.claim else { continue };
                if takes_tasks(message) && self.linker.territories[node].tasks_elsewhere {
                    continue;
                }
                if self.linker.reaches(node, file, &message.within) {
                    self.message(node, file, fact, message);
                }
            }
        }
    }

    pub(crate) fn message(&mut self, node: usize, file: FileId, fact: &'a Fact, message: &'a Message) {
        let view = self.linker.view(node);
        let texts = message.address.as_ref().map(|a| view.texts(a, file)).unwrap_or_default();
        let topics = topics(&view, message, file);
        let behind = match message.client.as_str() {
            SUBSCRIPTIONS => match self.linker.subscriptions_behind(node) {
                Some(system) => Some(system),
                None => return,
            },
            _ => self.linker.product_behind(node, message.system),
        };
        let system = behind.unwrap_or(message.system);
        let (mut to, certainty, mut via) = self.store_node(node, system, &texts, (file, fact));
        if to.is_none() {
            (to, via) = self.connected(node, system);
        }
        if to.is_none() && message.system == System::Bus {
            let named = message.exchange.iter().flat_map(|e| view.texts(e, file)).find(|t| !t.open);
            (to, via) = self.component("pubsub", named.as_ref().map(|t| t.text.as_str()));
        }
        let to = to.or_else(|| self.not_deployed(system, (file, fact)));
        let Some(to) = to else {
            if is_pattern(message) && self.linker.answers_directly(node) {
                return;
            }
            self.open(
                node,
                if message.publish { "queue publish" } else { "queue consume" },
                topics.first().map_or("", String::as_str),
                "no broker is known for it",
                (file, fact),
            );
            let kind = if message.publish { EdgeKind::QueuePublish } else { EdgeKind::QueueConsume };
            let topic = topics.into_iter().next().unwrap_or_default();
            self.meant(kind, topic.into(), &message.client, &message.within, (file, fact), &[]);
            return;
        };
        let kind = match (self.node(to).kind, message.publish) {
            // Queues that live in a database are queues.
            (NodeKind::Database, _) if message.system != System::Jms => EdgeKind::Db,
            // A transport of unknown kind that leads straight to a service is a request.
            (NodeKind::Service | NodeKind::Gateway, true) if message.system == System::Bus => EdgeKind::Tcp,
            (_, true) => EdgeKind::QueuePublish,
            (_, false) => EdgeKind::QueueConsume,
        };
        for topic in topics {
            self.add(node, to, kind, certainty, topic.into(), &message.client, &message.within, (file, fact), &via);
        }
    }

    pub(crate) fn stores(&mut self) {
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Store(store) = &fact.claim else { continue };
                if self.linker.reaches(node, file, &store.within) {
                    self.store(node, file, fact, store);
                }
            }
        }
    }

    pub(crate) fn store(&mut self, node: usize, file: FileId, fact: &'a Fact, store: &'a Store) {
        if store.system == System::Sqlite || only_registered(store, &self.linker.territories[node].names) {
            return;
        }
        let view = self.linker.view(node);
        let texts = view.texts(&store.address, file);
        let embedded = !texts.is_empty()
            && !store.address.is_empty()
            && texts.iter().all(|t| !t.open && address::parse(&t.text).is_empty());
        if embedded {
            return;
        }
        let told = product_of(store.system, &texts);
        let behind = if told == store.system { self.linker.product_behind(node, store.system) } else { None };
        let (to, certainty, via) = self.store_node(node, behind.unwrap_or(told), &texts, (file, fact));
        // A connection to a broker is not yet a message.
        if store_kind(store.system) == NodeKind::Broker && to.is_some_and(|to| !self.node(to).kind.is_store()) {
            return;
        }
        let broker = store_kind(store.system) == NodeKind::Broker;
        let local = texts.iter().any(|t| address::parse(&t.text).iter().any(|a| address::is_local(&a.host)));
        // An address that is given where the service runs: kept secret here, or left to its environment.
        let given =
            texts.iter().any(|t| t.text == MASKED) || from_outside(&store.address) && texts.iter().all(|t| t.open);
        // The same where a part of it comes from a secret: `Server=${DB_HOST};…` of a `secretKeyRef`.
        let hidden = |f: &Fact| match &f.claim {
            Claim::Setting(s) => matches!(s.value.as_hole(), Some(Hole::Ref(path)) if path.starts_with("secret/")),
            _ => false,
        };
        let names_host =
            |t: &Text<'_>| address::parse(&t.text).iter().any(|a| !a.host.is_empty() && !a.host.contains('{'));
        let kept = texts.iter().any(|t| t.open && !names_host(t) && t.via.iter().any(|(_, f)| hidden(f)));
        let given = given || kept;
        // Who is started by hand uses what the configuration says, wherever that runs.
        let by_hand = self.linker.deploy.nodes[node].units.is_empty();
        let product = behind.unwrap_or(if by_hand { told } else { store.system });
        let stated = by_hand
            && texts
                .iter()
                .any(|t| !t.open && !t.default && address::parse(&t.text).iter().any(|a| !a.host.is_empty()));
        // A name that only the internet's directory turns into hosts is a cluster that somebody else runs.
        let hosted = texts.iter().any(|t| t.text.starts_with("mongodb+srv://"));
        // Code that is built with one driver reaches that product, wherever its address may come from.
        let driven = behind.is_some() && texts.iter().all(|t| t.open);
        let to = if to.is_none() && (local || given || stated || hosted || driven) && !broker {
            self.not_deployed(product, (file, fact))
        } else {
            to
        };
        let to = to.or_else(|| self.in_cluster(store.system, &texts, (file, fact)));
        let Some(to) = to else {
            let value = texts.first().map(|t| t.text.clone()).unwrap_or_default();
            self.open(node, "store", &value, "no store is known for it", (file, fact));
            return;
        };
        let kind = match self.node(to).kind {
            NodeKind::Cache if self.carries_messages_only(node, to) => return,
            NodeKind::Cache => EdgeKind::Cache,
            // A connection to a broker is not yet a message.
            NodeKind::Broker if !matches!(store.system, System::Dynamo | System::Objects) => return,
            NodeKind::Broker
            | NodeKind::Database
            | NodeKind::External
            | NodeKind::Service
            | NodeKind::Server
            | NodeKind::Gateway
            | NodeKind::Tool => {
                if matches!(store.system, System::Redis | System::Memcached | System::Hazelcast) {
                    EdgeKind::Cache
                } else {
                    EdgeKind::Db
                }
            }
        };
        let database = store
            .database
            .as_ref()
            .and_then(|d| view.texts(d, file).into_iter().next())
            .map(|t| t.text)
            .unwrap_or_default();
        self.add(node, to, kind, certainty, database.into(), &store.client, &store.within, (file, fact), &via);
    }

    /// Whether the node uses a cache as a broker, and nothing in its code reads or keeps values there: then the connection
    /// is what carries the messages.
    fn carries_messages_only(&self, node: usize, to: usize) -> bool {
        let messages = [EdgeKind::QueuePublish, EdgeKind::QueueConsume];
        let names = &self.linker.territories[node].names;
        messages.iter().any(|kind| self.drafts.contains_key(&(node, to, *kind)))
            && !names.iter().any(|name| keeps_values(name))
    }

    /// The product behind a sidecar's component: the one of that name, or the only one of that building block. The
    /// deployment's own store of that product stands for it.
    pub(crate) fn component(&mut self, block: &str, name: Option<&str>) -> (Option<usize>, Vec<(FileId, &'a Fact)>) {
        let linker = self.linker;
        let all = || {
            linker.deploy.aliases.iter().filter_map(|(file, alias, fact)| match &alias.target {
                Target::Component { block: theirs, system, host } if theirs == block => {
                    Some((*file, *fact, alias, *system, host))
                }
                _ => None,
            })
        };
        let named = all().find(|(_, _, alias, ..)| name.is_some_and(|n| alias.name == n));
        let only = || {
            let systems: Vec<System> = all().map(|(_, _, _, system, _)| system).collect();
            let same = systems.windows(2).all(|pair| pair[0] == pair[1]);
            if same { all().next() } else { None }
        };
        let Some((file, fact, _, system, host)) = named.or_else(|| if name.is_none() { only() } else { None }) else {
            return (None, Vec::new());
        };
        let via = vec![(file, fact)];
        if let Some(id) = linker.named(&host.to_ascii_lowercase()).first() {
            return (Some(*id), via);
        }
        match linker.stores_of(system).as_slice() {
            [only] => (Some(*only), via),
            [] => {
                let kind = store_kind(system);
                // An account of a cloud has a name of its own.
                let cloud = matches!(system, System::Objects | System::Cosmos | System::ServiceBus | System::EventHubs);
                let account = cloud && !host.is_empty() && !host.contains('$') && !address::is_local(host);
                let name = if account { host.to_string() } else { Self::product_name(system) };
                (Some(self.outside(&name, kind, Some(system), (file, fact))), via)
            }
            _ => (None, Vec::new()),
        }
    }

    /// Where the node's own connection to a broker leads: messages that name no address go there.
    fn connected(&self, node: usize, system: System) -> (Option<usize>, Vec<(FileId, &'a Fact)>) {
        let linker = self.linker;
        for (file, fact) in linker.visible_facts(node) {
            let Claim::Store(store) = &fact.claim else { continue };
            if !speaks(system, store.system) || !linker.reaches(node, file, &store.within) {
                continue;
            }
            for (text, _, place) in self.targets(node, &linker.view(node).texts(&store.address, file)) {
                if let Place::Nodes(ids) = place
                    && let Some(to) = ids.first()
                {
                    let mut via = text.via;
                    via.push((file, fact));
                    return (Some(*to), via);
                }
            }
        }
        (None, Vec::new())
    }

    /// Name of a product that nobody here deploys.
    fn product_name(system: System) -> String {
        match system {
            System::Rabbit => "rabbitmq".to_owned(),
            System::Mongo => "mongodb".to_owned(),
            // What Spring and most others mean where nothing says which.
            System::ActiveMq | System::Jms => "activemq".to_owned(),
            System::IbmMq => "ibm-mq".to_owned(),
            System::SqlServer => "sqlserver".to_owned(),
            _ => managed(system).map_or_else(|| seam_facts::word::of(&system), ToOwned::to_owned),
        }
    }

    /// A product that code uses and no deployment in the workspace starts: somebody starts it by hand.
    fn not_deployed(&mut self, system: System, at: (FileId, &Fact)) -> Option<usize> {
        if matches!(system, System::Sql | System::Bus | System::Sqlite) || !self.linker.stores_of(system).is_empty() {
            return None;
        }
        let name = Self::product_name(system);
        Some(self.outside(&name, store_kind(system), Some(system), at))
    }

    /// A store that a stated address of the cluster names in full (`orders-db.shop.svc.cluster.local`) and no file here
    /// deploys: a chart of somebody else's is installed by hand. A short name may be a leftover, the full one is not.
    fn in_cluster(&mut self, system: System, texts: &[Text<'a>], at: (FileId, &Fact)) -> Option<usize> {
        let name = texts.iter().filter(|t| !t.open && !t.default).find_map(|t| {
            address::parse(&t.text).iter().find_map(|a| {
                let (first, rest) = a.host.split_once('.')?;
                let (_, domain) = rest.split_once('.')?;
                (domain == "svc" || domain.starts_with("svc.")).then(|| first.to_owned())
            })
        })?;
        Some(self.outside(&name, store_kind(system), Some(system), at))
    }

    /// The store or broker that code of `node` means: by address, by what its settings name, by being the only one.
    pub(crate) fn store_node(
        &mut self,
        node: usize,
        system: System,
        texts: &[Text<'a>],
        at: (FileId, &Fact),
    ) -> (Option<usize>, Certainty, Vec<(FileId, &'a Fact)>) {
        let targets = self.targets(node, texts);
        for (text, address, place) in &targets {
            if let Place::Nodes(ids) = place
                && let Some(to) = ids.first()
            {
                let certainty =
                    if text.default || address.host.contains('{') { Certainty::Inferred } else { Certainty::Stated };
                return (Some(*to), certainty, text.via.clone());
            }
        }
        for (text, _, place) in targets {
            match place {
                Place::External(host) => {
                    let kind = store_kind(system);
                    let to = self.outside(managed(system).unwrap_or(&host), kind, Some(system), at);
                    return (Some(to), Certainty::Stated, text.via.clone());
                }
                Place::Nodes(_) | Place::Local | Place::Itself(_) | Place::Unknown(_) | Place::Open => {}
            }
        }
        let mut candidates = self.linker.stores_of(system);
        // A database whose product nothing tells may be any.
        if store_kind(system) == NodeKind::Database && candidates.is_empty() {
            let unknown = |id: &usize| {
                let node = self.node(*id);
                node.kind == NodeKind::Database && node.system.is_none()
            };
            candidates = (0..self.linker.nodes.len()).filter(unknown).collect();
        }
        if system == System::Bus && candidates.iter().any(|c| self.node(*c).kind == NodeKind::Broker) {
            candidates.retain(|c| self.node(*c).kind == NodeKind::Broker);
        }
        self.without_replicas(&mut candidates);
        self.without_members(&mut candidates);
        let mentioned = self.linker.mentioned_by(node);
        let hits: Vec<usize> = candidates.iter().copied().filter(|c| mentioned.contains_key(c)).collect();
        if let [only] = hits.as_slice() {
            return (Some(*only), Certainty::Inferred, mentioned[only].clone());
        }
        let after = self.linker.starts_after(node);
        let pool = if hits.is_empty() { candidates } else { hits };
        let first: Vec<usize> = pool.iter().copied().filter(|c| after.contains(c)).collect();
        if let [only] = first.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        let own = squash(&self.node(node).name);
        let stem = bare(own.strip_suffix("manager").unwrap_or(&own)).to_owned();
        let alike: Vec<usize> =
            pool.iter().copied().filter(|c| squash(&self.node(*c).name).starts_with(&stem)).collect();
        if let [only] = alike.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        // `mongo-news` of `consumer-news`: what is left of the store's name stands in the service's.
        let shared: Vec<usize> =
            pool.iter().copied().filter(|c| left_of(&self.node(*c).name).is_some_and(|l| own.contains(&l))).collect();
        if let [only] = shared.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        if let [only] = pool.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        // A cloud's own, unless the environment names another of that kind: then this is the variant that is not deployed.
        let another = mentioned.keys().any(|id| self.node(*id).kind == store_kind(system));
        if let (true, false, Some(name)) = (pool.is_empty(), another, managed(system)) {
            let to = self.outside(name, store_kind(system), Some(system), at);
            return (Some(to), Certainty::Inferred, Vec::new());
        }
        (None, Certainty::Inferred, Vec::new())
    }
}

/// Whether a variable of the environment is all that an address consists of.
fn from_outside(address: &Value) -> bool {
    matches!(address.as_hole(), Some(Hole::Env { default: None, .. }))
}

/// Names of Redis commands, in any client's spelling, that nothing else is called.
fn keeps_values(name: &str) -> bool {
    const COMMANDS: [&str; 33] = [
        "hset",
        "hget",
        "hgetall",
        "hmset",
        "hmget",
        "hdel",
        "setex",
        "psetex",
        "setnx",
        "getset",
        "mget",
        "mset",
        "sadd",
        "smembers",
        "zadd",
        "zrange",
        "incrby",
        "opsforvalue",
        "opsforhash",
        "opsforset",
        "stringget",
        "stringset",
        "hashgetall",
        "hashget",
        "hashexists",
        "sortedsetadd",
        "sortedsetscore",
        "sortedsetrank",
        "sortedsetincrement",
        "zincrby",
        "zrevrange",
        "zscore",
        "hincrby",
    ];
    let name = name.to_ascii_lowercase();
    COMMANDS.contains(&name.strip_suffix("async").unwrap_or(&name))
}

/// A store's name without the words that say what kind of store it is; nothing if too little is left to tell.
fn left_of(name: &str) -> Option<String> {
    const KIND: [&str; 17] = [
        "mongo",
        "mongodb",
        "postgres",
        "postgresql",
        "pg",
        "mysql",
        "mariadb",
        "sql",
        "redis",
        "cache",
        "memcached",
        "db",
        "database",
        "store",
        "data",
        "queue",
        "server",
    ];
    let name = name.to_ascii_lowercase();
    let rest: String = name.split(['-', '_', '.']).filter(|w| !KIND.contains(w)).collect();
    (rest.len() > 2 && rest.len() < name.len()).then(|| squash(&rest))
}

pub(crate) fn store_kind(system: System) -> NodeKind {
    match system {
        System::Redis | System::Memcached | System::Hazelcast => NodeKind::Cache,
        System::Kafka
        | System::Rabbit
        | System::Nats
        | System::Sqs
        | System::Sns
        | System::PubSub
        | System::ActiveMq
        | System::IbmMq
        | System::Solace
        | System::Jms
        | System::Pulsar
        | System::ServiceBus
        | System::EventHubs
        | System::Kinesis
        | System::Mqtt
        | System::Bus => NodeKind::Broker,
        System::Postgres
        | System::Mysql
        | System::SqlServer
        | System::Oracle
        | System::Sqlite
        | System::Sql
        | System::Mongo
        | System::Cassandra
        | System::Dynamo
        | System::Firestore
        | System::Cosmos
        | System::Elasticsearch
        | System::Neo4j
        | System::Couchbase
        | System::Couchdb
        | System::Influx
        | System::Clickhouse
        | System::Spanner
        | System::Bigtable
        | System::EventStore
        | System::Objects
        | System::Etcd
        | System::Supabase => NodeKind::Database,
    }
}

/// Services of cloud providers, which nobody deploys: named by their product.
fn managed(system: System) -> Option<&'static str> {
    Some(match system {
        System::Dynamo => "dynamodb",
        System::Firestore => "firestore",
        System::Cosmos => "cosmosdb",
        System::Spanner => "spanner",
        System::Bigtable => "bigtable",
        System::Objects => "object-storage",
        System::Supabase => "supabase",
        System::Sqs => "sqs",
        System::Sns => "sns",
        System::PubSub => "pubsub",
        System::ServiceBus => "servicebus",
        System::EventHubs => "eventhubs",
        System::Kinesis => "kinesis",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::join::speaks;
    use seam_facts::System;

    #[test]
    fn sql_speaks_to_sql_databases() {
        assert!(speaks(System::Sql, System::Postgres));
        assert!(!speaks(System::Sql, System::Mongo));
    }
}
