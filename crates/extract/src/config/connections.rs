//! Connections that Rails and Symfony open by themselves from their configuration. See `connections.md`.

use super::tree::{Key, Node, entry_span};
use super::{secret, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Message, Setting, SettingScope, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "connections",
    version: 1,
    page: include_str!("connections.md"),
    reads: Reads::Files { wants: |file| kind(file.path).is_some(), extract },
};

type Read = fn(&Node, &mut Sink);

/// Both frameworks fix the names of these files.
fn kind(path: &str) -> Option<Read> {
    let (folder, name) = path.rsplit_once('/')?;
    let parent = folder.rsplit('/').next().unwrap_or(folder);
    match (parent, name) {
        ("config", "database.yml") => Some(database),
        ("config", "cable.yml") => Some(cable),
        ("config", "mongoid.yml") => Some(mongoid),
        ("packages", "doctrine.yaml") => Some(doctrine),
        ("packages", "messenger.yaml") => Some(messenger),
        ("packages", "cache.yaml") => Some(cache),
        _ => None,
    }
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(read) = kind(file.path) else { return };
    for document in yaml::documents(file.text, sink) {
        read(&document, sink);
    }
}

/// The environments of a Rails file; keys of one are settings of that profile, and production's are the connection.
fn environments<'a>(prefix: &str, root: &'a Node, sink: &mut Sink) -> Vec<(&'a Key, &'a Node)> {
    let mut production = Vec::new();
    for (name, node) in root.entries().filter(|(k, n)| n.is_map() && !matches!(k.text.as_str(), "default" | "shared")) {
        for leaf in node.flatten().iter().filter(|l| !l.null && l.text.len() <= 300) {
            let key = format_smolstr!("{prefix}.{}", leaf.key);
            let value = secret::setting(&key, ruby(leaf.text));
            let profile = Some(name.text.clone());
            sink.stated(Claim::Setting(Setting { scope: SettingScope::App, key, value, profile }), leaf.span);
        }
        if name.text == "production" {
            production.push((name, node));
        }
    }
    production
}

fn database(root: &Node, sink: &mut Sink) {
    for (name, production) in environments("database", root, sink) {
        // Several databases are named one level down.
        let several = production.entries().any(|(_, n)| n.is_map());
        let nodes: Vec<&Node> = if several {
            production.entries().map(|(_, n)| n).filter(|n| n.is_map()).collect()
        } else {
            vec![production]
        };
        for node in nodes {
            let system = match node.text_at(&["adapter"]).map(SmolStr::as_str) {
                Some("postgresql" | "postgis") => System::Postgres,
                Some("mysql2" | "mysql" | "trilogy") => System::Mysql,
                Some("sqlserver") => System::SqlServer,
                Some("sqlite3") => System::Sqlite,
                _ => System::Sql,
            };
            let entry = node.entry("url").or_else(|| node.entry("host"));
            let at = entry.map_or(name.span, |(k, n)| entry_span(k, n));
            // Without an address, Rails looks at one variable.
            let address = entry.and_then(|(_, n)| n.text()).map(|t| ruby(t));
            let address = address.unwrap_or_else(|| Value::env("DATABASE_URL", None));
            let database = node.text_at(&["database"]).map(|t| ruby(t));
            store(system, "ActiveRecord", address, database, at, sink);
        }
    }
}

fn cable(root: &Node, sink: &mut Sink) {
    for (_, production) in environments("cable", root, sink) {
        if production.text_at(&["adapter"]).is_some_and(|a| a == "redis")
            && let Some((key, url)) = production.entry("url")
            && let Some(text) = url.text()
        {
            store(System::Redis, "ActionCable", ruby(text), None, entry_span(key, url), sink);
        }
    }
}

fn mongoid(root: &Node, sink: &mut Sink) {
    for (_, production) in environments("mongoid", root, sink) {
        let clients = production.get("clients").or(production.get("sessions"));
        for (_, client) in clients.into_iter().flat_map(Node::entries) {
            let database = client.text_at(&["database"]).map(|t| ruby(t));
            if let Some((key, uri)) = client.entry("uri")
                && let Some(text) = uri.text()
            {
                store(System::Mongo, "Mongoid", ruby(text), database.clone(), entry_span(key, uri), sink);
            }
            for host in client.get("hosts").into_iter().flat_map(Node::items) {
                if let Some(text) = host.text() {
                    store(System::Mongo, "Mongoid", ruby(text), database.clone(), host.span, sink);
                }
            }
        }
    }
}

fn doctrine(root: &Node, sink: &mut Sink) {
    let Some(dbal) = root.path(&["doctrine", "dbal"]) else { return };
    let several = dbal.get("connections").into_iter().flat_map(Node::entries).map(|(_, n)| n);
    for node in several.chain(std::iter::once(dbal)) {
        let Some((key, address)) = node.entry("url").or_else(|| node.entry("host")) else { continue };
        let Some(text) = address.text() else { continue };
        let system = match node.text_at(&["driver"]).map(SmolStr::as_str) {
            Some(d) if d.contains("pgsql") => System::Postgres,
            Some(d) if d.contains("mysql") => System::Mysql,
            Some(d) if d.contains("sqlsrv") => System::SqlServer,
            _ => by_scheme(text).unwrap_or(System::Sql),
        };
        let database = node.text_at(&["dbname"]).map(|t| php(t));
        store(system, "Doctrine", php(text), database, entry_span(key, address), sink);
    }
}

/// Transports by their names; which messages go there is said by `routing`.
fn messenger(root: &Node, sink: &mut Sink) {
    let Some(messenger) = root.path(&["framework", "messenger"]) else { return };
    for (name, transport) in messenger.get("transports").into_iter().flat_map(Node::entries) {
        let (key, dsn) = transport.entry("dsn").unwrap_or((name, transport));
        let Some(text) = dsn.text().filter(|t| !t.starts_with("sync://") && !t.starts_with("in-memory")) else {
            continue;
        };
        let queue =
            transport.path(&["options", "queues"]).and_then(|q| q.entries().next().map(|(k, _)| k.text.clone()));
        let exchange = transport.text_at(&["options", "exchange", "name"]).map(|t| Value::text(t.clone()));
        let message = |publish: bool, payload: Option<SmolStr>| Message {
            address: Some(secret::clean(php(text))),
            exchange: exchange.clone(),
            payload,
            ..Message::to(
                by_scheme(text).unwrap_or(System::Bus),
                publish,
                Value::text(queue.clone().unwrap_or_else(|| name.text.clone())),
                "Symfony Messenger".into(),
                SmolStr::default(),
            )
        };
        for (class, to) in messenger.get("routing").into_iter().flat_map(Node::entries) {
            if to.texts().contains(&name.text) {
                let payload = class.text.trim_matches('\'').rsplit('\\').next().map(SmolStr::from);
                sink.stated(Claim::Message(message(true, payload)), class.span);
            }
        }
        // A worker may consume every transport; which ones it is started for is a command's affair.
        sink.inferred(Claim::Message(message(false, None)), entry_span(key, dsn));
    }
}

fn cache(root: &Node, sink: &mut Sink) {
    let Some(cache) = root.path(&["framework", "cache"]) else { return };
    for (word, system) in [("default_redis_provider", System::Redis), ("default_memcached_provider", System::Memcached)]
    {
        if let Some((key, provider)) = cache.entry(word)
            && let Some(text) = provider.text()
        {
            store(system, "Symfony Cache", php(text), None, entry_span(key, provider), sink);
        }
    }
}

fn store(system: System, client: &str, address: Value, database: Option<Value>, at: Span, sink: &mut Sink) {
    let address = secret::clean(address);
    sink.stated(
        Claim::Store(Store { system, address, database, client: client.into(), within: SmolStr::default() }),
        at,
    );
}

fn by_scheme(address: &str) -> Option<System> {
    Some(match address.split("://").next().filter(|s| s.len() < address.len())? {
        "postgres" | "postgresql" | "pgsql" => System::Postgres,
        "mysql" | "mysql2" => System::Mysql,
        "amqp" | "amqps" => System::Rabbit,
        "redis" | "rediss" => System::Redis,
        "doctrine" => System::Sql,
        "sqs" => System::Sqs,
        "kafka" => System::Kafka,
        _ => return None,
    })
}

/// Ruby within `<%= … %>`: `ENV["X"]`, `ENV.fetch("X", "default")`, `ENV.fetch("X") { "default" }`, `ENV["X"] || "default"`.
fn ruby(text: &str) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("<%=") {
        out.push_text(before);
        let (code, after) = inner.split_once("%>").unwrap_or((inner, ""));
        let mut quoted = code.split(['"', '\'']).skip(1).step_by(2);
        out.push(match (code.contains("ENV"), quoted.next()) {
            (true, Some(name)) => Value::env(name, quoted.next().map(Value::text)),
            _ => Value::opaque(code.trim()),
        });
        rest = after;
    }
    out.push_text(rest);
    out
}

/// `%env(resolve:NAME)%`: the last part names the variable.
fn php(text: &str) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("%env(") {
        out.push_text(before);
        let (name, after) = inner.split_once(")%").unwrap_or((inner, ""));
        out.push(Value::env(name.rsplit(':').next().unwrap_or(name), None));
        rest = after;
    }
    out.push_text(rest);
    out
}
