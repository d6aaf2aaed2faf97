//! Connectors of Kafka Connect: which store one reads or writes, and which way its messages go. See `connectors.md`.

use super::tree::{Key, Node, entry_span};
use super::{interpolate, json, properties, secret, yaml};
use crate::{Extractor, File, Reads, Sink};
use interpolate::Dollar;
use seam_facts::{Claim, Message, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "connectors",
    version: 3,
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
    // The port stands in a key of its own beside the host.
    let port = ["database.port", "port"].iter().find_map(|key| of(key)).filter(|_| !address.contains([':', '/', ',']));
    let address = match port {
        Some((_, port, _)) => format_smolstr!("{address}:{port}"),
        None => address.clone(),
    };
    let (address, within) = (secret::clean(value(&address)), SmolStr::default());
    sink.stated(Claim::Store(Store { system, address, database, client: client.clone(), within: within.clone() }), *at);
    let sink_of = lower.ends_with("sink") || lower.contains("sink");
    let topics = if sink_of { read(config) } else { written(config, &lower) };
    let known = if topics.is_empty() { vec![(Value::default(), *at)] } else { topics };
    for (topic, place) in known {
        let message = Message::to(System::Kafka, !sink_of, topic, client.clone(), within.clone());
        sink.stated(Claim::Message(message), place);
    }
}

type Config = [(SmolStr, SmolStr, Span)];

fn get<'c>(config: &'c Config, keys: &[&str]) -> Option<(&'c str, Span)> {
    keys.iter().find_map(|key| config.iter().find(|(k, ..)| k == key)).map(|(_, v, at)| (v.as_str(), *at))
}

/// The topics that a sink reads.
fn read(config: &Config) -> Vec<(Value, Span)> {
    let Some((topics, at)) = get(config, &["topics"]) else {
        return get(config, &["topics.regex"]).map(|(regex, at)| (Value::opaque(regex), at)).into_iter().collect();
    };
    let all = topics.split(',').map(str::trim).filter(|t| !t.is_empty());
    all.take(MAX_CONNECTORS).map(|topic| (value(topic), at)).collect()
}

/// Where a source publishes: where a transform routes to, else a topic for each table under its prefix.
fn written(config: &Config, class: &str) -> Vec<(Value, Span)> {
    let prefix = get(config, &["topic.prefix", "database.server.name"]);
    let names = get(config, &["transforms"]).map(|(v, _)| v).unwrap_or_default();
    for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let key = |rest: &str| format!("transforms.{name}.{rest}");
        let Some((kind, at)) = get(config, &[&key("type")]) else { continue };
        let to = get(config, &[&key("route.topic.replacement"), &key("topic.replacement"), &key("replacement")]);
        match (kind.rsplit(['.', '$']).next().unwrap_or(kind), to) {
            ("EventRouter" | "MongoEventRouter", None) => return vec![(routed("outbox.event.${routedByValue}"), at)],
            ("EventRouter" | "MongoEventRouter" | "ByLogicalTableRouter" | "RegexRouter", Some((to, at))) => {
                return vec![(routed(to), at)];
            }
            _ => {}
        }
    }
    let Some((prefix, at)) = prefix else { return Vec::new() };
    // Confluent's JDBC source puts nothing between the prefix and the table.
    let joint = if class.contains("jdbc") { "" } else { "." };
    let lists = ["table.include.list", "collection.include.list", "table.whitelist", "collection.whitelist"];
    let Some((tables, listed)) = get(config, &lists) else {
        return vec![(joined(&format!("{prefix}{joint}"), Value::opaque("table")), at)];
    };
    let tables = tables.split(',').map(|t| t.trim().replace("\\.", ".")).filter(|t| !t.is_empty());
    let topic = |table: String| {
        let plain = table.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
        let table = if plain { value(&table) } else { Value::opaque("table") };
        (joined(&format!("{prefix}{joint}"), table), listed)
    };
    tables.take(MAX_CONNECTORS).map(topic).collect()
}

fn joined(text: &str, rest: Value) -> Value {
    let mut out = value(text);
    out.push(rest);
    out
}

/// The name that a transform makes: what it takes from the record (`$1`, `${routedByValue}`) is not known.
fn routed(to: &str) -> Value {
    let mut out = Value::default();
    let mut rest = to;
    while let Some(at) = rest.find('$') {
        out.push_text(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, end) = match after.strip_prefix('{') {
            Some(inner) => inner.find('}').map_or((inner, after.len()), |end| (&inner[..end], end + 2)),
            None => {
                let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        out.push(Value::opaque(name));
        rest = &after[end..];
    }
    out.push_text(rest);
    out
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
