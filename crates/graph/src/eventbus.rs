//! Requests over an event bus: joined by the address that is listened to, or by the interface whose proxy is asked for.
//!
//! There is no broker in between, and whoever listens answers. Invariant: what a service itself listens to stays within it,
//! because in one process, and in a cluster of its own copies, the bus delivers there; an address that is not known makes no edge.
//! Services that find one another over it enter themselves in a directory, under names that stand here, too.

use crate::edges::Edges;
use crate::index::FileId;
use crate::join::Linker;
use crate::model::{Certainty, EdgeKind};
use crate::resolve::Text;
use seam_facts::{Call, Claim, Fact, Protocol, SmolStr, Target};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Edges<'_, 'a> {
    pub(crate) fn event_bus(&mut self) {
        let mut listening: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for endpoint in self.endpoints.iter().filter(|e| e.protocol == Protocol::EventBus) {
            listening.entry(endpoint.path.as_str()).or_default().insert(endpoint.node);
        }
        if listening.is_empty() {
            return;
        }
        let published = self.published_addresses();
        let linker = self.linker;
        for node in 0..linker.territories.len() {
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Call(call) = &fact.claim else { continue };
                if call.protocol != Protocol::EventBus || !linker.reaches(node, file, &call.within) {
                    continue;
                }
                for (address, via) in self.addresses(node, call, file) {
                    let names = published.get(address.as_str()).into_iter().flatten().map(String::as_str);
                    let to: BTreeSet<usize> = std::iter::once(address.as_str())
                        .chain(names)
                        .filter_map(|name| listening.get(name))
                        .flatten()
                        .copied()
                        .collect();
                    if to.contains(&node) {
                        continue;
                    }
                    for to in to {
                        let (client, within) = (&call.client, &call.within);
                        let said = SmolStr::from(&address);
                        self.add(
                            node,
                            to,
                            EdgeKind::EventBus,
                            Certainty::Stated,
                            said,
                            client,
                            within,
                            (file, fact),
                            &via,
                        );
                    }
                }
            }
        }
    }

    /// Where a call goes: the interface that a proxy is asked for, or the addresses that are known.
    fn addresses(&self, node: usize, call: &Call, file: FileId) -> Vec<(String, Vec<(FileId, &'a Fact)>)> {
        match &call.operation {
            Some(operation) => vec![(operation.to_string(), Vec::new())],
            None => {
                let texts = self.linker.view(node).texts(&call.target, file);
                texts.into_iter().filter(|t| !t.open && !t.text.is_empty()).map(|t| (t.text, t.via)).collect()
            }
        }
    }

    /// Addresses with the names under which a directory of services hands them out: who publishes them says both at once.
    fn published_addresses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let linker = self.linker;
        let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in 0..linker.territories.len() {
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Route(route) = &fact.claim else { continue };
                if route.protocol != Protocol::EventBus {
                    continue;
                }
                let view = linker.view(node);
                let names = view.texts(&route.target, file);
                for address in view.texts(&route.path, file).into_iter().filter(|t| !t.open) {
                    // A function that publishes whatever it is told to is told both by one caller.
                    let together = |via: &[(FileId, &Fact)]| {
                        via.last().map(|(f, x)| (*f, x.at)) == address.via.last().map(|(f, x)| (*f, x.at))
                    };
                    let same: Vec<_> = names.iter().filter(|n| !n.open && together(&n.via)).collect();
                    let known = names.iter().filter(|n| !n.open && same.is_empty());
                    let names = same.iter().copied().chain(known).map(|n| n.text.clone());
                    out.entry(address.text.clone()).or_default().extend(names.collect::<Vec<_>>());
                }
            }
        }
        out
    }
}

impl Linker<'_> {
    /// Names under which a node's code enters itself in a directory of services.
    pub fn registered_names(&self, node: usize) -> BTreeSet<SmolStr> {
        let mut out = BTreeSet::new();
        for (file, fact) in self.visible_facts(node) {
            let Claim::Alias(alias) = &fact.claim else { continue };
            let Target::Registered(name) = &alias.target else { continue };
            // What a library enters under a name of its own is whoever's calls that function.
            let own = self.territories[node].own.contains(&file);
            let known = |t: &Text<'_>| !t.open && !t.text.is_empty() && (own || !t.via.is_empty());
            let texts = self.view(node).texts(name, file).into_iter().filter(known);
            out.extend(texts.map(|t| SmolStr::from(t.text)));
        }
        out
    }
}
