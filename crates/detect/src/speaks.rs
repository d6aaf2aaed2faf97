//! Addresses at a port of a product that speaks another protocol than their clients: a driver that dials the console of its
//! database, a page that is asked of the port for drivers. A part of `port-mismatch`.
//!
//! Invariant: the address says the protocol by its scheme, or its key or its host's image the product; which port speaks what is from the
//! product's documentation, and nothing moves it.

use crate::keys::{Keys, host, is_address, is_ours, squash};
use crate::{Cx, Draft, Severity};
use seam_graph::{PortRole, SettingOf};

/// What a product listens on: for its clients, and for everybody else (consoles, its own nodes, metrics).
struct Product {
    /// Words of schemes, of images and of keys.
    words: &'static [&'static str],
    schemes: &'static [&'static str],
    clients: &'static [u32],
    others: &'static [u32],
}

const PRODUCTS: [Product; 8] = [
    Product {
        words: &["rabbitmq", "rabbit"],
        schemes: &["amqp", "amqps"],
        clients: &[5672, 5671],
        others: &[15672, 15671, 15692, 25672, 4369],
    },
    Product { words: &["pulsar"], schemes: &["pulsar", "pulsar+ssl"], clients: &[6650, 6651], others: &[8080, 8443] },
    Product { words: &["rethinkdb"], schemes: &["rethinkdb"], clients: &[28015], others: &[8080, 29015] },
    Product { words: &["nats"], schemes: &["nats", "tls"], clients: &[4222], others: &[8222, 6222] },
    Product {
        words: &["neo4j"],
        schemes: &["bolt", "bolt+s", "neo4j", "neo4j+s"],
        clients: &[7687],
        others: &[7474, 7473],
    },
    Product { words: &["mongo", "mongodb"], schemes: &["mongodb"], clients: &[27017], others: &[28017, 8081] },
    Product {
        words: &["cassandra", "scylla"],
        schemes: &["cassandra"],
        clients: &[9042, 9142],
        others: &[7000, 7001, 7199],
    },
    Product { words: &["zookeeper"], schemes: &["zookeeper"], clients: &[2181], others: &[2888, 3888, 8080] },
];

/// Words of keys that mean another port than that of clients.
const BESIDE: [&str; 14] = [
    "admin",
    "management",
    "mgmt",
    "http",
    "web",
    "ui",
    "console",
    "dashboard",
    "monitor",
    "metrics",
    "exporter",
    "api",
    "rest",
    "cluster",
];

pub(crate) fn speaks(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    for (from, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten() {
            let [text] = setting.texts.as_slice() else { continue };
            let Some((name, Some(port))) = host(text, is_address(&setting.key)) else { continue };
            let Some(to) = cx.graph.node(name).filter(|to| *to != from && !is_ours(cx.node(*to).kind)) else {
                continue;
            };
            let Some(product) = product(cx, to, setting, text).filter(|p| p.others.contains(&port)) else { continue };
            let moved = cx.graph.ports.iter().filter(|p| p.node == to && p.role == PortRole::Published);
            let leads = |p: &seam_graph::PortOf| {
                p.number == Some(port) && p.to.parse().is_ok_and(|n: u32| product.clients.contains(&n))
            };
            if !keys.is_read(&setting.key) || moved.into_iter().any(leads) {
                continue;
            }
            let (caller, callee, right) = (cx.name(from), cx.name(to), product.clients[0]);
            let key = &setting.key;
            let mut draft = Draft::new(
                format!("{caller} {callee} {key} speaks"),
                &setting.at,
                format!("`{caller}` dials `{callee}` at port {port} (`{key}`), which is not for clients"),
            )
            .why(format!(
                "`{}` takes its clients at {right}; at {port} something else answers, in another protocol: the connection fails, or never \
                 comes about.",
                product.words[0]
            ))
            .about([cx.node(from).key.clone(), cx.node(to).key.clone()])
            .help(format!("dial {right}"))
            .link(&setting.at, format!("`{key}` says port {port}"))
            .link(cx.node(to).proof.first(), format!("`{callee}` is declared here"));
            let fellow = |s: &&SettingOf| {
                s.texts.iter().any(|t| host(t, true).is_some_and(|(n, p)| n == name && p == Some(right)))
            };
            if let Some(other) = cx.graph.settings.iter().filter(|s| s.node != from).find(fellow) {
                draft = draft.link(&other.at, format!("`{}` dials {right}", cx.name(other.node)));
            }
            out.push(draft.severity(Severity::Error));
        }
    }
}

/// Which product an address is of, where its client is meant to speak that product's own protocol.
fn product(cx: &Cx<'_>, to: usize, setting: &SettingOf, text: &str) -> Option<&'static Product> {
    if let Some((scheme, _)) = text.split_once("://") {
        return PRODUCTS.iter().find(|p| p.schemes.contains(&scheme.to_ascii_lowercase().as_str()));
    }
    let words = crate::effects::words(&setting.key);
    if words.iter().any(|w| BESIDE.contains(&w.as_str())) {
        return None;
    }
    let key = squash(&setting.key);
    let declared = cx.node(to).proof.iter().flat_map(|e| {
        cx.facts(&e.path).iter().filter(move |f| f.at.line == e.at.line).filter_map(|f| match &f.claim {
            seam_facts::Claim::Service(s) => s.image.as_ref().map(ToString::to_string),
            _ => None,
        })
    });
    let images: Vec<String> = declared.collect();
    PRODUCTS.iter().find(|p| {
        p.words.iter().any(|w| key.contains(w)) && images.iter().any(|i| p.words.iter().any(|w| i.contains(w)))
    })
}
