//! Addresses that are stated and read, where the call itself could not be followed. The weakest proof: each of these needs
//! a reason to believe that there is a call.

use crate::address::{self, Address};
use crate::edges::{Edges, Place};
use crate::index::FileId;
use crate::join::Linker;
use crate::model::{Certainty, EdgeKind, NodeKind};
use seam_facts::{Call, Claim, Fact, Hole, Protocol, Read, SmolStr, Value, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Edges<'_, 'a> {
    /// An address that code reads, of something that no followed call reaches: the call is there, the way to it is not
    /// followed. Only where the setting is really read.
    pub(crate) fn mentions(&mut self) {
        let linker = self.linker;
        let open_calls: BTreeSet<usize> =
            self.unresolved.iter().filter(|u| u.what.ends_with("call") || u.what == "store").map(|u| u.node).collect();
        for node in 0..linker.territories.len() {
            self.commands(node);
            self.only_named(node);
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Read(Read { key: value, default, within, .. }) = &fact.claim else { continue };
                if !linker.reaches(node, file, within) {
                    continue;
                }
                // What a library takes by default is its author's idea; what a service's own code takes is its own.
                let own = linker.territories[node].own.contains(&file);
                let mut texts = linker.view(node).texts(value, file);
                if let (true, Some(default)) = (own && texts.iter().all(|t| t.open), default) {
                    texts = linker.view(node).texts(default, file);
                }
                let key = match value.as_hole() {
                    Some(Hole::Env { name, .. }) => name.clone(),
                    Some(Hole::Config { key, .. }) => key.clone(),
                    _ => continue,
                };
                // An address may be read to be shown, allowed or redirected to; without a call that lacks one, it is no proof.
                // A connection string of .NET is read to connect.
                let connection = key.to_ascii_lowercase().starts_with("connectionstrings");
                if !open_calls.contains(&node) && !connection {
                    continue;
                }
                for text in texts.iter().filter(|t| !t.open && (own || !t.default)) {
                    for address in address::parse(&text.text) {
                        let looks = text.text.contains("://") || address.port.is_some() || names_address(&key);
                        let Place::Nodes(ids) = self.place(node, &address) else { continue };
                        if !looks || address::is_local(&address.host) {
                            continue;
                        }
                        for to in ids {
                            if connection && !self.node(to).kind.is_store() {
                                continue;
                            }
                            self.mention(node, to, &key, &address, (file, fact), &text.via, within);
                        }
                    }
                }
            }
        }
    }

    /// A request whose host comes in a way that is not followed (a start script, a tool's own variable), in a node whose
    /// environment names exactly one service.
    pub(crate) fn only_named(&mut self, node: usize) {
        let linker = self.linker;
        // No host, or this machine's: what stands in for an address that comes in another way.
        let hostless =
            |value: &str| value.starts_with('{') || address::parse(value).iter().any(|a| address::is_local(&a.host));
        let code = |path: &str| !path.contains(".config.");
        let first = self
            .unresolved
            .iter()
            .find(|u| u.node == node && u.what == "http call" && hostless(&u.value) && code(&u.at.path));
        let Some(place) = first.map(|u| (u.at.path.clone(), u.at.at)) else { return };
        let mentioned = linker.mentioned_by(node);
        let services: Vec<usize> = mentioned
            .iter()
            .filter(|(id, via)| {
                let service = matches!(self.node(**id).kind, NodeKind::Service | NodeKind::Gateway);
                service && **id != node && via.iter().any(|(_, f)| matches!(&f.claim, Claim::Setting(s) if matches!(s.scope, seam_facts::SettingScope::Service(_))))
            })
            .map(|(id, _)| *id)
            .collect();
        let [only] = services.as_slice() else { return };
        let reached = self.drafts.keys().any(|(from, to, _)| from == &node && to == only);
        let at = linker.index.by_path.get(place.0.as_str()).and_then(|file| {
            let fact =
                linker.index.facts[*file].iter().find(|f| f.at == place.1 && matches!(f.claim, Claim::Call(_)))?;
            Some((*file, fact))
        });
        if let (false, Some(at)) = (reached, at) {
            let via = mentioned[only].clone();
            // What it answers is what is asked of it: the request is known, and not only that there is one.
            let asked = self.asked(node, *only);
            for (operation, call, at) in asked.iter() {
                let (client, within) = (&call.client, &call.within);
                let sure = Certainty::Inferred;
                self.add(node, *only, EdgeKind::Http, sure, operation.clone(), client, within, *at, &via);
            }
            if asked.is_empty() {
                self.add(
                    node,
                    *only,
                    EdgeKind::Http,
                    Certainty::Inferred,
                    SmolStr::default(),
                    &"the only service its environment names".into(),
                    &SmolStr::default(),
                    at,
                    &via,
                );
            }
        }
    }

    /// Requests of a node to a host that is not known, that another answers.
    fn asked(&self, node: usize, to: usize) -> Vec<(SmolStr, &'a Call, (FileId, &'a Fact))> {
        let linker = self.linker;
        let mut out = Vec::new();
        for open in self.unresolved.iter().filter(|u| u.node == node && u.what == "http call") {
            let Some(operation) = open.meant.as_ref().map(|m| &m.detail.operation) else { continue };
            if !operation.contains('/') || operation.ends_with('/') || self.endpoint_for(to, operation).is_none() {
                continue;
            }
            let Some(file) = linker.index.by_path.get(open.at.path.as_str()) else { continue };
            let found = linker.index.facts[*file].iter().find_map(|f| match &f.claim {
                Claim::Call(call) if f.at == open.at.at => Some((operation.clone(), call, (*file, f))),
                _ => None,
            });
            out.extend(found);
        }
        out
    }

    /// Addresses on a command line: a load generator's `--host`, a proxy's upstream. Waiting for something to come up
    /// is no call, and a store's tools are no traffic of the service.
    pub(crate) fn commands(&mut self, node: usize) {
        let linker = self.linker;
        for (file, fact, command) in linker.scopes[node].commands.iter().copied() {
            let written = command.to_string();
            if ["wait", "dockerize", "sleep", "until ", "nc -", "depend", "exporter"]
                .iter()
                .any(|w| written.contains(w))
            {
                continue;
            }
            for text in linker.view(node).texts(command, file) {
                for word in text
                    .text
                    .split([' ', '=', ',', '"', '\'', ';', '|', '&'])
                    .filter(|w| w.contains("://") || w.contains(':'))
                {
                    for address in address::parse(word) {
                        // `orders:app` is an object of a module; an address has a scheme or a port.
                        let addressed = word.contains("://") || address.port.is_some();
                        if let Place::Nodes(ids) = self.place(node, &address)
                            && addressed
                            && !address::is_local(&address.host)
                        {
                            for to in ids {
                                if self.node(to).kind.is_store() {
                                    continue;
                                }
                                self.mention(
                                    node,
                                    to,
                                    &"the command line".into(),
                                    &address,
                                    (file, fact),
                                    &text.via,
                                    &SmolStr::default(),
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one caller; the pieces have nothing else in common")]
    pub(crate) fn mention(
        &mut self,
        node: usize,
        to: usize,
        key: &SmolStr,
        address: &Address,
        at: (FileId, &'a Fact),
        via: &[(FileId, &'a Fact)],
        within: &SmolStr,
    ) {
        if self.drafts.keys().any(|(from, t, _)| *from == node && *t == to) {
            return;
        }
        let grpc_only = || {
            let mut served = self.endpoints.iter().filter(|e| e.node == to).peekable();
            served.peek().is_some() && served.all(|e| e.protocol == Protocol::Grpc)
        };
        let kind = match self.node(to).kind {
            NodeKind::Database => EdgeKind::Db,
            NodeKind::Cache => EdgeKind::Cache,
            // Which way messages go is not known from an address.
            NodeKind::Broker => return,
            NodeKind::Service | NodeKind::Server | NodeKind::Gateway | NodeKind::External | NodeKind::Tool => {
                let said = address.scheme.contains("grpc") || key.to_ascii_lowercase().contains("grpc");
                if said || grpc_only() { EdgeKind::Grpc } else { EdgeKind::Http }
            }
        };
        self.add(
            node,
            to,
            kind,
            Certainty::Inferred,
            SmolStr::default(),
            &format_smolstr!("address in {key}"),
            within,
            at,
            via,
        );
    }
}

impl<'a> Linker<'a> {
    /// Nodes that a node's environment or configuration names, with the settings that do.
    pub fn mentioned_by(&self, node: usize) -> BTreeMap<usize, Vec<(FileId, &'a Fact)>> {
        let mut out: BTreeMap<usize, Vec<(FileId, &'a Fact)>> = BTreeMap::new();
        let scope = &self.scopes[node];
        let view = self.view(node);
        let mut sets: Vec<_> = scope.environment.values().chain(scope.configuration.values()).flatten().collect();
        sets.sort_by_key(|s| (s.file, s.fact.at));
        for set in sets {
            let value = match set.home {
                crate::scope::Home::Project => Value::env(set.key.clone(), None),
                crate::scope::Home::Node => set.value.clone(),
            };
            for text in view.texts(&value, set.file) {
                let each = address::parse(&text.text).into_iter().chain(address::listed(&text.text));
                for address in each.filter(|a| !a.host.contains('{')) {
                    for id in self.named(&address.host) {
                        let via = out.entry(id).or_default();
                        if !via.iter().any(|(_, f)| std::ptr::eq(*f, set.fact)) {
                            via.push((set.file, set.fact));
                        }
                    }
                }
            }
        }
        out
    }

    /// Nodes that a node's declaration says to start after.
    pub fn starts_after(&self, node: usize) -> BTreeSet<usize> {
        let units = self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]);
        units.flat_map(|u| u.service.depends_on.iter()).flat_map(|d| self.named(&d.to_ascii_lowercase())).collect()
    }
}

/// Words of keys that hold addresses even without a scheme or port.
pub(crate) fn names_address(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // An option that asks what something is called (a label, a resource) is none.
    if key.starts_with("--") && key.ends_with("-name") {
        return false;
    }
    ["host", "url", "uri", "addr", "endpoint", "server", "service", "base", "broker", "dsn", "conn"]
        .iter()
        .any(|w| key.contains(w))
}
