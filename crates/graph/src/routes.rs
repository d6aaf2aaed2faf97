//! Forwarding rules to edges: what proxies and gateways are told, and what gateways forward to by default.

use crate::edges::{Edges, Place};
use crate::model::{Certainty, EdgeKind, NodeKind};
use seam_facts::{Claim, SmolStr, Value, format_smolstr};

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

impl Edges<'_, '_> {
    pub(crate) fn routes(&mut self) {
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
