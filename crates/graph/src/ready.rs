//! Ready-made servers: what a public image does with the stores that its environment names.
//!
//! Nobody here wrote the code of an identity provider, a registry or a connector, and its environment is all that can be
//! read of it. What a store's address in it means is known from the product. Invariant: only an address that names a
//! node of the workspace, under a key that is made for addresses; which way messages go only where the product is made
//! for one way.

use crate::address;
use crate::edges::{Edges, Place};
use crate::index::FileId;
use crate::join::Linker;
use crate::mentions::names_address;
use crate::model::{Certainty, EdgeKind, NodeKind};
use crate::scope::Home;
use seam_facts::{Claim, Fact, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

/// Images that carry changes of a database to a broker.
const PUBLISHERS: &[&str] = &["debezium", "cdc", "connect", "maxwell", "canal", "bottledwater"];

/// The extractor of connectors' own settings: they are handed to whatever runs connectors.
const CONNECTORS: &str = "connectors";

/// The key that names a store, where it is set, and what its value is made of.
type Named<'a> = (SmolStr, FileId, &'a Fact, Vec<(FileId, &'a Fact)>);

impl<'a> Edges<'_, 'a> {
    /// Stores that the environment of a ready-made server names.
    pub(crate) fn ready_made(&mut self) {
        let linker = self.linker;
        for node in (0..linker.territories.len()).filter(|n| linker.is_ready_made_server(*n)) {
            // Which way a runner of connectors goes is said by its connectors.
            let published = |image: &str| PUBLISHERS.iter().any(|p| image.contains(p));
            let publishes = linker.images_of(node).any(published) || linker.runs_connectors(node);
            let mut sets: Vec<_> = linker.scopes[node].environment.values().flatten().collect();
            sets.sort_by_key(|s| (s.file, s.fact.at));
            let mut found: BTreeMap<usize, Named<'a>> = BTreeMap::new();
            for set in sets {
                let value = match set.home {
                    Home::Project => Value::env(set.key.clone(), None),
                    Home::Node => set.value.clone(),
                };
                for text in linker.view(node).texts(&value, set.file).into_iter().filter(|t| !t.open) {
                    for address in address::parse(&text.text) {
                        let looks = text.text.contains("://") || address.port.is_some() || names_address(set.key);
                        if let (true, Place::Nodes(ids)) = (looks, self.place(node, &address)) {
                            for to in ids.into_iter().filter(|to| self.node(*to).kind.is_store()) {
                                found.entry(to).or_insert((set.key.clone(), set.file, set.fact, text.via.clone()));
                            }
                        }
                    }
                }
            }
            for (to, (key, file, fact, via)) in found {
                let kind = match self.node(to).kind {
                    NodeKind::Database => EdgeKind::Db,
                    NodeKind::Cache => EdgeKind::Cache,
                    NodeKind::Broker if publishes => EdgeKind::QueuePublish,
                    _ => continue,
                };
                let (client, within) = (format_smolstr!("address in {key}"), SmolStr::default());
                let at = (file, fact);
                self.add(node, to, kind, Certainty::Stated, SmolStr::default(), &client, &within, at, &via);
            }
        }
    }
}

impl<'a> Linker<'a> {
    /// Whether a node is a public image that takes part in traffic and runs no code of the workspace.
    fn is_ready_made_server(&self, node: usize) -> bool {
        let product = self.deploy.nodes[node].product.is_some_and(|p| matches!(p.kind, NodeKind::Server));
        product && self.territories[node].own.iter().all(|f| self.index.uses[*f].is_none())
    }

    fn images_of(&self, node: usize) -> impl Iterator<Item = &str> {
        self.deploy.nodes[node].units.iter().map(|u| self.deploy.units[*u].image.as_str())
    }

    /// Nodes that run connectors: what is written of one is theirs.
    pub(crate) fn connector_runners(&self) -> Vec<usize> {
        (0..self.deploy.nodes.len()).filter(|n| self.is_ready_made_server(*n) && self.runs_connectors(*n)).collect()
    }

    /// Whether a node runs connectors: by its image, the image that its own is built from, or what it starts.
    fn runs_connectors(&self, node: usize) -> bool {
        let named = |image: &str| {
            let name = crate::images::basename(image);
            name.contains("connect") && !name.contains("connector")
        };
        let units = self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]);
        let built = |u| self.deploy.recipe_of(self.index, u).and_then(|(_, build, _)| build.bases.last());
        self.images_of(node).any(named)
            || units.clone().filter_map(built).any(|base| named(&base.to_string()))
            || units.filter_map(|u| u.service.command.as_ref()).any(|c| starts_connectors(&c.to_string()))
    }

    /// Files of connectors' settings.
    pub(crate) fn connector_files(&self) -> impl Iterator<Item = FileId> + '_ {
        let says = |facts: &[Fact]| facts.iter().any(|f| f.by == CONNECTORS && matches!(f.claim, Claim::Store(_)));
        (0..self.index.facts.len()).filter(move |f| says(self.index.facts[*f]))
    }
}

/// Whether a command is one of those that Kafka and its packagings start workers of Kafka Connect with.
pub(crate) fn starts_connectors(command: &str) -> bool {
    ["connect-distributed", "connect-standalone", "kafka_connect_run"].iter().any(|script| command.contains(script))
}
