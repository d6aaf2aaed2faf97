//! A renaming of a setting on one side alone, to whatever name: of one kind of address, a service is given exactly one that
//! nothing reads, and reads exactly one that nothing sets.
//!
//! Invariant: two of either side, or kinds that do not fit, and nothing is said.

use crate::Cx;
use crate::drift::mentioned;
use crate::effects::words;
use crate::keys::{Keys, host, is_address, is_deployed, is_of_a_platform, squash};
use seam_facts::{Claim, Hole, SettingScope, SmolStr, System};
use seam_graph::{Evidence, NodeKind, SettingOf};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Words of addresses that a program can do without.
pub(crate) const ASIDE: [&str; 22] = [
    "otel",
    "otlp",
    "jaeger",
    "zipkin",
    "tracing",
    "trace",
    "traces",
    "metrics",
    "log",
    "logs",
    "logging",
    "seq",
    "apm",
    "pyroscope",
    "prometheus",
    "grafana",
    "sentry",
    "smtp",
    "mail",
    "proxy",
    "callback",
    "cors",
];

/// A key that is set, and the one that is read in its place.
pub(crate) struct Leftover<'a> {
    pub set: &'a SettingOf,
    pub read: Orphan<'a>,
}

/// A key that nothing sets, at the place that wants it.
#[derive(Clone)]
pub(crate) struct Orphan<'a> {
    pub key: &'a str,
    pub default: Option<&'a str>,
    pub at: Evidence,
}

/// What an address leads to, as far as keys and values say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A program that answers requests.
    Web,
    /// A store or a broker, by its family.
    Store(System),
    /// A store or a broker, and no more is said.
    Any,
}

/// The pairs of a node.
pub(crate) fn leftovers<'a>(
    cx: &Cx<'a>,
    node: usize,
    keys: &Keys<'a>,
    used: &HashSet<(&SmolStr, u32)>,
) -> Vec<Leftover<'a>> {
    let mut idle: BTreeMap<String, (&SettingOf, Kind)> = BTreeMap::new();
    for setting in keys.set.values().flatten() {
        // A group of settings that others are given as well is for all of them.
        let others = || {
            cx.graph.settings.iter().any(|s| s.node != node && s.at.path == setting.at.path && s.at.at == setting.at.at)
        };
        let says = &setting.at.says;
        let given = says.starts_with("setting [service") || says.starts_with("setting [group") && !others();
        let own = given && !is_of_a_platform(&setting.key);
        if !own || keys.is_read(&setting.key) || used.contains(&(&setting.at.path, setting.at.at.line)) {
            continue;
        }
        if let Some(kind) = leads_to(cx, node, setting)
            && !mentioned(cx, node, &setting.key)
        {
            idle.insert(squash(&setting.key), (setting, kind));
        }
    }
    if idle.is_empty() {
        return Vec::new();
    }
    let mut orphans = orphans(cx, node, keys);
    let mut idle: Vec<(&SettingOf, Kind)> = idle.into_values().collect();
    let mut out = Vec::new();
    // Those that say the same service first: what is left may be the only one of its kind then.
    for sure in [true, false] {
        let pairs = |(setting, kind): &(&SettingOf, Kind), (orphan, wanted): &(Orphan<'_>, Kind)| {
            let alike = is_of(setting, orphan);
            fits(*kind, *wanted) && (alike || !sure && (orphan.default.is_none() || *kind != Kind::Web))
        };
        let found: Vec<(usize, usize)> = (0..idle.len())
            .filter_map(|i| {
                let fitting: Vec<usize> = (0..orphans.len()).filter(|o| pairs(&idle[i], &orphans[*o])).collect();
                let [only] = fitting.as_slice() else { return None };
                let rivals = idle.iter().filter(|other| pairs(other, &orphans[*only])).count();
                (rivals == 1).then_some((i, *only))
            })
            .collect();
        for (i, o) in found.iter().rev() {
            out.push(Leftover { set: idle[*i].0, read: orphans[*o].0.clone() });
        }
        let (gone, taken): (BTreeSet<usize>, BTreeSet<usize>) = found.into_iter().unzip();
        let mut at = 0..;
        idle.retain(|_| !at.next().is_some_and(|i| gone.contains(&i)));
        let mut at = 0..;
        orphans.retain(|_| !at.next().is_some_and(|o| taken.contains(&o)));
    }
    out
}

/// Where code falls back on an address of its own, the two must be of one service: its name or its port is in both.
fn is_of(setting: &SettingOf, orphan: &Orphan<'_>) -> bool {
    let own = orphan.default.and_then(|d| host(d, true));
    // A machine that has a number for its name has the service's port.
    if let Some(port) = numbered(&setting.value) {
        return own.is_some_and(|(_, at)| at == Some(port));
    }
    let Some((name, port)) = host(&setting.value, true) else { return false };
    let first = squash(name.split('.').next().unwrap_or(name));
    first.len() > 2 && squash(orphan.key).contains(&first)
        || own.is_some_and(|(other, at)| squash(other) == squash(name) || port.is_some() && at == port)
}

fn fits(set: Kind, wanted: Kind) -> bool {
    let store = |kind: Kind| kind != Kind::Web;
    set == wanted || (wanted == Kind::Any || set == Kind::Any) && store(set) && store(wanted)
}

/// Keys of addresses that the node's own code, or its own configuration, asks for and nothing sets.
fn orphans<'a>(cx: &Cx<'a>, node: usize, keys: &Keys<'a>) -> Vec<(Orphan<'a>, Kind)> {
    let own: HashSet<&SmolStr> = cx.node(node).own.iter().chain(&cx.node(node).libraries).collect();
    let mut found: BTreeMap<String, (Orphan<'a>, Kind)> = BTreeMap::new();
    let mut add = |key: &'a str, default: Option<&'a str>, at: Evidence| {
        let of_code = own.contains(&at.path) && !seam_graph::is_test(&at.path);
        if of_code
            && !is_of_a_platform(key)
            && !is_given(keys, key)
            && let Some(kind) = wanted(key, default)
        {
            found.entry(squash(key)).or_insert((Orphan { key, default, at }, kind));
        }
    };
    // What is configured for a developer's machine waits for the deployment to say otherwise.
    for setting in keys.set.values().flatten().filter(|s| is_configured(s) && is_at_home(&s.value)) {
        add(&setting.key, Some(&setting.value), setting.at.clone());
    }
    for read in keys.read.values().flatten() {
        add(&read.key, read.default.as_deref(), read.at.clone());
    }
    for (path, fact) in cx.own_facts(node) {
        let Claim::Setting(setting) = &fact.claim else { continue };
        if !matches!(setting.scope, SettingScope::App) {
            continue;
        }
        for hole in setting.value.holes() {
            let (Hole::Env { name: key, default } | Hole::Config { key, default }) = hole else { continue };
            if default.is_none() && setting.value.holes().len() == 1 {
                let said = seam_facts::format_smolstr!("{} refers to `{key}`", setting.key);
                add(key, None, cx.evidence(path, fact, said));
            }
        }
    }
    found.into_values().collect()
}

/// Set by a deployment, or by the program's own configuration to something that holds there as well. What a developer's `.env`
/// says holds on his machine.
fn is_given(keys: &Keys<'_>, key: &str) -> bool {
    let whole = squash(key);
    let section = key.contains(['.', ':']);
    let all = keys.set.iter().filter(|(k, _)| **k == whole || section && k.starts_with(&whole));
    all.flat_map(|(_, sets)| sets).any(|s| is_deployed(s) || is_configured(s) && !is_at_home(&s.value))
}

/// Of the program's own configuration.
fn is_configured(setting: &SettingOf) -> bool {
    !is_deployed(setting) && !setting.at.says.starts_with("setting [dotenv")
}

fn is_at_home(value: &str) -> bool {
    host(value, true).is_some_and(|(name, _)| name == "localhost") || value.contains("//127.0.0.1")
}

/// The port of an address whose machine is named by its number (`http://10.0.0.7:9002`).
fn numbered(value: &str) -> Option<u32> {
    let (_, rest) = value.split_once("://")?;
    let (machine, port) = rest.split(['/', '?']).next()?.rsplit_once(':')?;
    let numbers: Vec<&str> = machine.rsplit('@').next()?.split('.').collect();
    let whole = numbers.len() == 4 && numbers.iter().all(|n| n.parse::<u8>().is_ok()) && numbers[0] != "127";
    port.parse().ok().filter(|_| whole)
}

/// What the value of a setting leads to.
fn leads_to(cx: &Cx<'_>, node: usize, setting: &SettingOf) -> Option<Kind> {
    let text = if let [text] = setting.texts.as_slice() { text } else { &setting.value };
    // A name that is deployed is one, whatever its key is called.
    if let Some(port) = numbered(text) {
        return by_scheme(text).or_else(|| by_port(Some(port)));
    }
    let named = is_address(&setting.key) || text.len() > 2 && cx.graph.node(text).is_some();
    let (name, port) = host(text, named)?;
    let first = name.split('.').next().unwrap_or(name);
    if let Some(to) = cx.graph.node(name).or_else(|| cx.graph.node(first)) {
        let to = if to == node { return None } else { cx.node(to) };
        return Some(match (to.kind, to.system) {
            (NodeKind::Database | NodeKind::Cache | NodeKind::Broker, Some(system)) => Kind::Store(family(system)),
            (NodeKind::Database | NodeKind::Cache | NodeKind::Broker, None) => Kind::Any,
            _ => Kind::Web,
        });
    }
    by_scheme(text).or_else(|| by_port(port))
}

/// What a read by this name, with this default, wants.
fn wanted(key: &str, default: Option<&str>) -> Option<Kind> {
    if let Some(kind) = default.and_then(by_scheme) {
        return Some(kind);
    }
    let named = default.and_then(|d| host(d, is_address(key)));
    if let Some(kind) = named.and_then(|(_, port)| by_port(port)) {
        return Some(kind);
    }
    // One word is the end of many keys (`endpoint` below a prefix that a framework adds).
    let several = key.contains(['_', '.', ':', '-']) || key.chars().skip(1).any(|c| c.is_ascii_uppercase());
    if default.is_some() && named.is_none() || !is_address(key) || !several {
        return None;
    }
    let watches = words(key).iter().any(|w| ASIDE.contains(&w.as_str()));
    let key = squash(key);
    let says = |words: &[&str]| words.iter().any(|w| key.contains(w));
    Some(match () {
        () if says(&["mongo"]) => Kind::Store(System::Mongo),
        () if says(&["redis", "valkey", "cache"]) => Kind::Store(System::Redis),
        () if says(&["rabbit", "amqp"]) => Kind::Store(System::Rabbit),
        () if says(&["kafka", "bootstrap"]) => Kind::Store(System::Kafka),
        () if says(&["minio", "bucket", "s3"]) => Kind::Store(System::Objects),
        () if says(&["elastic", "opensearch"]) => Kind::Store(System::Elasticsearch),
        // What watches, and what sends mail, is rarely told apart by its address.
        () if watches => return None,
        () if says(&["postgres", "mysql", "mariadb", "sql", "database", "jdbc", "datasource", "dsn", "db"]) => {
            Kind::Store(System::Sql)
        }
        () if default.is_some() => Kind::Web,
        () if says(&["bus", "broker", "queue", "event", "messag"]) => Kind::Any,
        () => Kind::Web,
    })
}

fn by_scheme(text: &str) -> Option<Kind> {
    let text = text.strip_prefix("jdbc:").unwrap_or(text);
    let (scheme, _) = text.split_once("://")?;
    Some(match scheme.split('+').next().unwrap_or(scheme) {
        "http" | "https" | "ws" | "wss" | "grpc" => Kind::Web,
        "postgres" | "postgresql" | "mysql" | "mariadb" | "sqlserver" | "mssql" => Kind::Store(System::Sql),
        "mongodb" => Kind::Store(System::Mongo),
        "redis" | "rediss" => Kind::Store(System::Redis),
        "amqp" | "amqps" => Kind::Store(System::Rabbit),
        "kafka" => Kind::Store(System::Kafka),
        "nats" => Kind::Store(System::Nats),
        _ => return None,
    })
}

/// Ports as the products' documentation gives them.
fn by_port(port: Option<u32>) -> Option<Kind> {
    Some(Kind::Store(match port? {
        5432 | 3306 | 1433 => System::Sql,
        27017 => System::Mongo,
        6379 => System::Redis,
        5672 => System::Rabbit,
        9092 | 29092 => System::Kafka,
        4222 => System::Nats,
        _ => return None,
    }))
}

/// Clients of SQL databases often say no product.
fn family(system: System) -> System {
    match system {
        System::Postgres | System::Mysql | System::SqlServer | System::Oracle | System::Sqlite => System::Sql,
        other => other,
    }
}
