//! Forwarding rules to edges: what proxies and gateways are told, and what gateways forward to by default.

use crate::address;
use crate::edges::{Edges, Place};
use crate::index::{FileId, last};
use crate::model::{Certainty, EdgeKind, NodeKind};
use seam_facts::{Claim, Fact, Hole, Part, Route, SmolStr, Value, format_smolstr};

/// A route's target that means whatever the registry knows.
const EVERY_SERVICE: &str = "lb://*";

/// Clients whose use means that a service registers under its name.
pub(crate) const REGISTRIES: &[&str] = &["Eureka", "Consul", "Nacos", "Zookeeper"];

/// Parts of packages that make an application a server of the platform rather than of the business.
const PLATFORM: &[&str] = &[
    "config-server",
    "eureka-server",
    "hystrix-dashboard",
    "turbine",
    "zipkin-server",
    "zipkin-autoconfigure-ui",
    "sleuth-zipkin-stream",
    "boot-admin-server",
    "boot-admin-starter-server",
];

impl<'a> Edges<'_, 'a> {
    pub(crate) fn routes(&mut self) {
        self.routes_by_name();
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Route(route) = &fact.claim else { continue };
                if route.via.is_some() || self.linker.territories[node].libraries.contains(&file) {
                    continue;
                }
                let texts = self.linker.view(node).texts(&route.target, file);
                let path = self
                    .linker
                    .view(node)
                    .texts(&route.path, file)
                    .into_iter()
                    .next()
                    .map(|t| t.text)
                    .unwrap_or_default();
                if texts.iter().any(|t| t.text == EVERY_SERVICE) {
                    for to in self.forwarded_by_default(node) {
                        let (client, within) = ("route".into(), SmolStr::default());
                        let path = format_smolstr!("/{}/*", self.node(to).name);
                        let kind = EdgeKind::of_protocol(route.protocol);
                        self.add(node, to, kind, Certainty::Inferred, path, &client, &within, (file, fact), &[]);
                    }
                    continue;
                }
                for (text, _, place) in self.targets(node, &texts) {
                    if let Place::Nodes(ids) = place {
                        for to in ids {
                            let certainty = if text.default { Certainty::Inferred } else { Certainty::Stated };
                            self.add(
                                node,
                                to,
                                EdgeKind::of_protocol(route.protocol),
                                certainty,
                                path.as_str().into(),
                                &"route".into(),
                                &SmolStr::default(),
                                (file, fact),
                                &text.via,
                            );
                        }
                    }
                }
            }
        }
    }

    /// Rules that a file states about a proxy by its name: an AppHost about its reverse proxy, a manifest about a gateway that
    /// is deployed here. An ingress that the platform runs is no node, and its rules make no edge.
    pub(crate) fn routes_by_name(&mut self) {
        let linker = self.linker;
        for (file, facts) in linker.index.facts.iter().enumerate().filter(|(file, _)| !linker.index.test[*file]) {
            for fact in *facts {
                let Claim::Route(Route { via: Some(via), target, path, protocol }) = &fact.claim else { continue };
                let [node] = linker.named(&via.to_ascii_lowercase())[..] else { continue };
                let path = path.as_text().unwrap_or_default();
                for (target, at) in self.handed_over(target) {
                    for address in address::parse(&target) {
                        let Place::Nodes(ids) = self.place(node, &address) else { continue };
                        for to in ids {
                            let kind = EdgeKind::of_protocol(*protocol);
                            let (path, within) = (path.clone(), SmolStr::default());
                            let via: Vec<_> = at.into_iter().collect();
                            self.add(
                                node,
                                to,
                                kind,
                                Certainty::Stated,
                                path,
                                &"route".into(),
                                &within,
                                (file, fact),
                                &via,
                            );
                        }
                    }
                }
            }
        }
    }

    /// The texts of a target; a parameter is what the callers of its function pass.
    fn handed_over(&self, target: &Value) -> Vec<(SmolStr, Option<(FileId, &'a Fact)>)> {
        if let Some(text) = target.as_text() {
            return vec![(text, None)];
        }
        let Some(Part::Hole(Hole::Param { function, index, .. })) = target.parts.first() else { return Vec::new() };
        let passes = self.linker.index.passes.get(last(function)).into_iter().flatten();
        let texts = passes.filter_map(|(file, pass, fact)| {
            Some((pass.args.get(usize::from(*index))?.value.as_text()?, Some((*file, *fact))))
        });
        texts.collect()
    }

    /// What a gateway forwards to when nobody wrote routes: services that register where the gateway looks, apart from
    /// the platform's own, which register as well but are not meant.
    fn forwarded_by_default(&self, node: usize) -> Vec<usize> {
        let linker = self.linker;
        let written = linker.visible_facts(node).any(|(_, fact)| match &fact.claim {
            Claim::Route(route) => route.via.is_none() && route.target.as_text().as_deref() != Some(EVERY_SERVICE),
            _ => false,
        });
        let ignored = linker.view(node).texts(&Value::config("zuul.ignoredServices", None), 0);
        if written || ignored.iter().any(|t| t.text.contains('*')) {
            return Vec::new();
        }
        let registers = |id: usize| {
            linker.visible_facts(id).any(|(_, fact)| match &fact.claim {
                Claim::Call(call) => REGISTRIES.contains(&call.client.as_str()),
                _ => false,
            })
        };
        let platform = |id: usize| {
            linker.territories[id].own.iter().flat_map(|file| linker.index.facts[*file]).any(|fact| match &fact.claim {
                Claim::Depends(depends) => PLATFORM.iter().any(|p| depends.package.contains(p)),
                _ => false,
            })
        };
        (0..linker.territories.len())
            .filter(|id| *id != node && self.node(*id).kind == NodeKind::Service && registers(*id) && !platform(*id))
            .collect()
    }
}
