//! Which data is whose: the databases behind a service's connections, and tables by the stems of their names.
//!
//! Invariant: two services share a database only where nothing says that theirs differ: one server often holds many.

use crate::Cx;
use seam_facts::{Claim, SmolStr};
use seam_graph::EdgeKind;
use std::collections::{BTreeMap, BTreeSet};

/// Databases of each service, by the store that holds them; a store without names is used under a name that is not known.
pub struct Databases {
    of: Vec<BTreeMap<usize, BTreeSet<String>>>,
}

impl Databases {
    pub fn new(cx: &Cx<'_>) -> Self {
        let mut of: Vec<BTreeMap<usize, BTreeSet<String>>> = vec![BTreeMap::new(); cx.graph.nodes.len()];
        for edge in cx.graph.edges.iter().filter(|e| e.kind == EdgeKind::Db) {
            let names = of[edge.from].entry(edge.to).or_default();
            for detail in &edge.details {
                if !detail.operation.is_empty() && !detail.operation.contains(['{', ' ']) {
                    names.insert(detail.operation.to_ascii_lowercase());
                }
            }
        }
        for setting in &cx.graph.settings {
            if of[setting.node].is_empty() {
                continue;
            }
            let key = setting.key.to_ascii_lowercase().replace(['_', '-', '.'], "");
            let named = [
                "dbname",
                "databasename",
                "postgresdb",
                "mysqldatabase",
                "dbdatabase",
                "mongodatabase",
                "mongodb",
                "pgdatabase",
            ];
            let is_name = named.iter().any(|n| key.ends_with(n));
            let texts = setting.texts.iter().map(SmolStr::as_str).chain([setting.value.as_str()]);
            let found: Vec<String> = texts
                .filter_map(|t| database(t).or_else(|| (is_name && plain(t)).then(|| t.to_ascii_lowercase())))
                .collect();
            for name in found {
                // With several stores, a name may be any one's.
                of[setting.node].values_mut().for_each(|names| _ = names.insert(name.clone()));
            }
        }
        for (id, node) in cx.graph.nodes.iter().enumerate() {
            if of[id].is_empty() {
                continue;
            }
            for path in node.own.iter().chain(&node.libraries) {
                for fact in cx.facts(path) {
                    let Claim::Store(store) = &fact.claim else { continue };
                    if let Some(name) = database(&store.address.to_string()) {
                        of[id].values_mut().for_each(|names| _ = names.insert(name.clone()));
                    }
                }
            }
        }
        Databases { of }
    }

    /// The store in which two services use one database, as far as can be told.
    pub fn shared(&self, a: usize, b: usize) -> Option<usize> {
        let theirs = &self.of[b];
        self.of[a].iter().find_map(|(store, mine)| {
            let other = theirs.get(store)?;
            let one = mine.is_empty() && other.is_empty() || mine.intersection(other).next().is_some();
            one.then_some(*store)
        })
    }

    /// The stores that a service keeps data in.
    pub fn stores(&self, node: usize) -> impl Iterator<Item = usize> {
        self.of[node].keys().copied()
    }
}

fn plain(text: &str) -> bool {
    !text.is_empty() && text.len() < 60 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The database that a connection text names.
fn database(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    for key in ["database=", "initial catalog=", "dbname="] {
        if let Some((_, rest)) = lower.split_once(key) {
            let name: String = rest.chars().take_while(|c| !matches!(c, ';' | ' ' | '&' | '"')).collect();
            return plain(&name).then_some(name);
        }
    }
    let (scheme, rest) = lower.split_once("://")?;
    let known = ["postgres", "mysql", "mongodb", "mariadb", "sqlserver", "cockroach", "jdbc", "r2dbc", "mssql"];
    if !known.iter().any(|s| scheme.contains(s)) {
        return None;
    }
    let (_, path) = rest.split_once('/')?;
    let name: String = path.chars().take_while(|c| !matches!(c, '?' | ';' | '&' | '"')).collect();
    plain(&name).then_some(name)
}

/// What is left of a table's or an entity's name when its schema, its number and its suffix are gone.
pub fn stem(name: &str) -> String {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let plain: String = last.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let plain = ["entity", "model", "document", "record"]
        .iter()
        .find_map(|s| plain.strip_suffix(s))
        .filter(|t| t.len() > 2)
        .unwrap_or(&plain)
        .to_owned();
    match plain.strip_suffix("ies") {
        Some(stem) if stem.len() > 1 => format!("{stem}y"),
        _ if plain.ends_with("ss") || plain.ends_with("us") => plain,
        _ => plain
            .strip_suffix("es")
            .filter(|s| s.ends_with(['x', 'h']) || s.ends_with("ss"))
            .or_else(|| plain.strip_suffix('s'))
            .unwrap_or(&plain)
            .to_owned(),
    }
}

/// Tests, seeds and migrations work on tables for others.
pub fn is_aside(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["test", "spec/", "seed", "fixture", "migrat", "changelog", "mock", "example", "/versions/"]
        .iter()
        .any(|w| path.contains(w))
}

#[cfg(test)]
mod tests {
    use super::{database, stem};

    #[test]
    fn tables_and_entities_have_one_stem() {
        assert_eq!(["orders", "Order", "shop.Orders", "OrderEntity"].map(stem), ["order"; 4]);
        assert_eq!(
            (stem("categories"), stem("address"), stem("boxes")),
            ("category".into(), "address".into(), "box".into())
        );
    }

    #[test]
    fn connections_name_databases() {
        let name = |t: &str| database(t).unwrap_or_default();
        assert_eq!(name("Server=sql;Database=Shop;User=x"), "shop");
        assert_eq!(name("jdbc:postgresql://db:5432/ledger?ssl=true"), "ledger");
        assert_eq!(name("http://db/x"), "");
    }
}
