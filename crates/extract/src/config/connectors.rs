//! Connectors of Kafka Connect: which store one reads or writes, and which way its messages go. See `connectors.md`.

use super::tree::{Key, Node, entry_span};
use super::{interpolate, json, properties, secret, yaml};
use crate::{Extractor, File, Reads, Sink};
use interpolate::Dollar;
use seam_facts::{Claim, Message, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "connectors",
    version: 1,
    page: include_str!("connectors.md"),
    reads: Reads::Files { wants, extract },
};

/// A file that registers this many is a list of something else.
const MAX_CONNECTORS: usize = 60;

fn wants(file: &File<'_>) -> bool {
    let format = matches!(file.extension().as_str(), "json" | "properties" | "yaml" | "yml" | "sh");
    format && (file.text.is_empty() || file.text.contains("connector.class") || file.text.contains("KafkaConnector"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    match file.extension().as_str() {
        "json" => json::document(file.text, sink).iter().for_each(|root| find(root, sink)),
        "properties" => {
            for document in properties::parse(file.text) {
                let plain = document.entries.iter().map(|e| (e.key.clone(), SmolStr::from(e.value.as_str()), e.span));
                connector(&plain.collect::<Vec<_>>(), None, sink);
            }
        }
        "sh" => objects(file.text).iter().for_each(|text| {
            // What a script holds may be anything: it is read, and its faults are not reported.
            json::document(text, &mut Sink::default()).iter().for_each(|root| find(root, sink));
        }),
        _ => yaml::documents(file.text, sink).iter().for_each(|root| resource(root, sink)),
    }
}

/// A Strimzi resource names the class beside the configuration.
fn resource(root: &Node, sink: &mut Sink) {
    let ours = root.text_at(&["kind"]).is_some_and(|k| k == "KafkaConnector");
    match (ours, root.get("spec")) {
        (true, Some(spec)) => {
            let class = spec.text_at(&["class"]).cloned();
            let config: Vec<_> = spec.get("config").map(flat).unwrap_or_default();
            connector(&config, class, sink);
        }
        _ => find(root, sink),
    }
}

/// Maps that hold a connector's class, at any place a tool may want them: bare, under `config`, in a list.
fn find(node: &Node, sink: &mut Sink) {
    let mut open = vec![node];
    let mut found = 0;
    while let Some(at) = open.pop() {
        if at.get("connector.class").is_some() {
            found += 1;
            if found <= MAX_CONNECTORS {
                connector(&flat(at), None, sink);
            }
            continue;
        }
        open.extend(at.items());
        open.extend(at.entries().map(|(_, n)| n));
    }
}

fn flat(node: &Node) -> Vec<(SmolStr, SmolStr, Span)> {
    let entry = |(key, value): (&Key, &Node)| Some((key.text.clone(), value.text()?.clone(), entry_span(key, value)));
    node.entries().filter_map(entry).collect()
}

/// Keys that say where a connector's store is (Debezium, Confluent's JDBC, Elasticsearch, MongoDB, Redis, Neo4j and
/// Cassandra connectors).
const ADDRESSES: &[&str] = &[
    "database.hostname",
    "connection.url",
    "connection.uri",
    "mongodb.connection.string",
    "mongodb.hosts",
    "redis.uri",
    "redis.hosts",
    "neo4j.server.uri",
    "neo4j.uri",
    "contactPoints",
    "cassandra.contact.points",
    "opensearch.url",
    "influxdb.url",
    "clickhouse.server.url",
];

fn connector(config: &[(SmolStr, SmolStr, Span)], class: Option<SmolStr>, sink: &mut Sink) {
    let of = |key: &str| config.iter().find(|(k, ..)| k == key);
    let Some(class) = class.or_else(|| of("connector.class").map(|(_, v, _)| v.clone())) else { return };
    let Some((_, address, at)) = ADDRESSES.iter().find_map(|key| of(key)).or_else(|| of("hostname")) else { return };
    let lower = class.to_ascii_lowercase();
    let Some(system) = system(&lower, address) else { return };
    let client: SmolStr = class.rsplit('.').next().unwrap_or(&class).into();
    let database = ["database.dbname", "database.names", "database.include.list", "database"]
        .iter()
        .find_map(|key| of(key))
        .map(|(_, v, _)| value(v));
    let (address, within) = (secret::clean(value(address)), SmolStr::default());
    sink.stated(Claim::Store(Store { system, address, database, client: client.clone(), within: within.clone() }), *at);
    let sink_of = lower.ends_with("sink") || lower.contains("sink");
    let topic = ["topics", "topics.regex", "topic.prefix", "database.server.name"].iter().find_map(|key| of(key));
    let place = topic.map_or(*at, |(.., at)| *at);
    let message =
        Message::to(System::Kafka, !sink_of, topic.map(|(_, v, _)| value(v)).unwrap_or_default(), client, within);
    sink.stated(Claim::Message(message), place);
}

fn value(text: &str) -> Value {
    interpolate::env(text, Dollar::Escaped)
}

/// The product by the connector's class, else by its address.
fn system(class: &str, address: &str) -> Option<System> {
    const WORDS: &[(&str, System)] = &[
        ("postgres", System::Postgres),
        ("mysql", System::Mysql),
        ("mariadb", System::Mysql),
        ("sqlserver", System::SqlServer),
        ("oracle", System::Oracle),
        ("mongo", System::Mongo),
        ("cassandra", System::Cassandra),
        ("elasticsearch", System::Elasticsearch),
        ("opensearch", System::Elasticsearch),
        ("redis", System::Redis),
        ("neo4j", System::Neo4j),
        ("influx", System::Influx),
        ("clickhouse", System::Clickhouse),
    ];
    let of = |text: &str| WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, system)| *system);
    of(class).or_else(|| of(&address.to_ascii_lowercase())).or_else(|| class.contains("jdbc").then_some(System::Sql))
}

/// Outermost braces of a text that speak of a connector, each after as many line ends as stand before it.
fn objects(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => {
                start = if depth == 0 { at } else { start };
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                let inside = text.get(start..=at).unwrap_or("");
                if depth == 0 && inside.contains("connector.class") && out.len() < MAX_CONNECTORS {
                    let before = text.get(..start).map_or(0, |b| b.matches('\n').count());
                    out.push("\n".repeat(before) + inside);
                }
            }
            _ => {}
        }
    }
    out
}
