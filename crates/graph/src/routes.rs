//! Forwarding rules to edges: what proxies and gateways are told, and what gateways forward to by default.

use crate::address;
use crate::edges::{Edges, Place};
use crate::index::{FileId, last};
use crate::join::Linker;
use crate::model::{Certainty, EdgeKind, NodeKind, RULE};
use crate::passing;
use seam_facts::{Claim, DEVELOPMENT_SERVER, Fact, Hole, Part, Protocol, Route, SmolStr, Value, format_smolstr};

/// A route's target that means whatever the registry knows.
const EVERY_SERVICE: &str = "lb://*";

/// Elements of a table elsewhere that are followed.
const MAX_ROUNDS: usize = 40;

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
                let development = route.via.as_deref() == Some(DEVELOPMENT_SERVER);
                if route.protocol == Protocol::EventBus
                    || route.via.is_some() && !(development && self.linker.starts_development_server(node))
                    || self.linker.territories[node].libraries.contains(&file)
                {
                    continue;
                }
                for (path, target) in self.each_round(node, file, route) {
                    self.route(node, (file, fact), route.protocol, &path, &target, development);
                }
            }
        }
    }

    /// Path and target of a rule, for each element of a table that another file defines and a loop goes through.
    fn each_round(&self, node: usize, file: FileId, route: &Route) -> Vec<(Value, Value)> {
        let view = self.linker.view(node);
        let known = |target: &Value| view.texts(target, file).iter().any(|t| !t.open);
        let rounds = (0..MAX_ROUNDS).map_while(|round| {
            let target = in_round(&route.target, round).filter(|t| known(t))?;
            Some((in_round(&route.path, round).unwrap_or_else(|| route.path.clone()), target))
        });
        let rounds: Vec<(Value, Value)> = rounds.collect();
        if rounds.is_empty() { vec![(route.path.clone(), route.target.clone())] } else { rounds }
    }

    fn route(
        &mut self,
        node: usize,
        (file, fact): (FileId, &'a Fact),
        protocol: Protocol,
        path: &Value,
        target: &Value,
        development: bool,
    ) {
        let mut texts = self.linker.view(node).texts(target, file);
        // Within a container, its own machine is nobody else's.
        if development && !self.linker.deploy.nodes[node].units.is_empty() {
            texts.retain(|t| address::parse(&t.text).iter().all(|a| !address::is_local(&a.host)));
        }
        let path = self.linker.view(node).texts(path, file).into_iter().next().map(|t| t.text).unwrap_or_default();
        if texts.iter().any(|t| t.text == EVERY_SERVICE) {
            for to in self.forwarded_by_default(node) {
                let (client, within) = (SmolStr::new_static(RULE), SmolStr::default());
                let path = format_smolstr!("/{}/*", self.node(to).name);
                let kind = EdgeKind::of_protocol(protocol);
                self.add(node, to, kind, Certainty::Inferred, path, &client, &within, (file, fact), &[]);
            }
            return;
        }
        for (text, address, place) in self.targets(node, &texts) {
            if let Place::Unknown(host) = &place
                && !text.open
                && !text.default
            {
                self.unknown(node, "route", &text.text, host, (file, fact));
            }
            if let Place::Nodes(ids) = place {
                for to in ids {
                    let certainty = if text.default { Certainty::Inferred } else { Certainty::Stated };
                    let (client, within) = (SmolStr::new_static(RULE), SmolStr::default());
                    let kind = EdgeKind::of_protocol(protocol);
                    self.asks = passing::asks(&path, &address.path);
                    let path = path.as_str().into();
                    self.add(node, to, kind, certainty, path, &client, &within, (file, fact), &text.via);
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
                            self.asks = passing::asks(&path, &address.path);
                            let via: Vec<_> = at.into_iter().collect();
                            self.add(
                                node,
                                to,
                                kind,
                                Certainty::Stated,
                                path,
                                &SmolStr::new_static(RULE),
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
            Claim::Route(route) if route.protocol == Protocol::EventBus => false,
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
            }) || !linker.registered_names(id).is_empty()
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

/// Programs that run a front end's scripts, or are its development server themselves.
const RUNNERS: &[&str] =
    &["npm", "yarn", "pnpm", "npx", "bun", "ng", "vite", "next", "vue-cli-service", "react-scripts", "webpack", "nuxt"];

/// What they are told to start the development server with.
const DEVELOPS: &[&str] = &["start", "serve", "dev", "develop", "vite", "webpack-dev-server", "server"];

impl Linker<'_> {
    /// Whether a node is started as its front end's development server: by the command of its deployment, else of its
    /// image; without either, as people start it by hand. A web server that serves what was built is none.
    fn starts_development_server(&self, node: usize) -> bool {
        let units: Vec<_> = self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]).collect();
        if units.is_empty() {
            return true;
        }
        units.iter().any(|unit| {
            let build = self.deploy.recipe_of(self.index, unit).map(|(_, build, _)| build);
            let command = unit.service.command.as_ref().or_else(|| build.and_then(|b| b.command.as_ref()));
            command.is_some_and(|c| develops(&c.to_string()))
        })
    }
}

/// `npm start`, `yarn run serve`, `npx vite --host`, `ng serve`, but not `vite preview` or `serve -s build`.
fn develops(command: &str) -> bool {
    let words: Vec<&str> = command
        .split([' ', '"', ',', '[', ']', '\'', ';', '&'])
        .map(|w| w.rsplit('/').next().unwrap_or(w))
        .filter(|w| !w.is_empty())
        .collect();
    let built = words.iter().any(|w| matches!(*w, "preview" | "build" | "http-server" | "-s" | "nginx"));
    let runner = words.iter().position(|w| RUNNERS.contains(w));
    !built
        && runner.is_some_and(|at| {
            words[at] == "vite"
                || words[at + 1..].iter().any(|w| DEVELOPS.contains(&w.split([':', '-']).next().unwrap_or(w)))
        })
}

/// A value in one round of a loop over a table of another file, where `*` is any element and `*2` the third; `None` where
/// nothing is.
fn in_round(value: &Value, round: usize) -> Option<Value> {
    let mut changed = false;
    let mut chosen = |path: &SmolStr| -> SmolStr {
        let one = |part: &str| if part == "*" { format!("*{round}") } else { part.to_owned() };
        let (module, symbol) = path.rsplit_once('#').map_or((None, path.as_str()), |(m, s)| (Some(m), s));
        changed |= symbol.split('.').any(|p| p == "*");
        let symbol = symbol.split('.').map(one).collect::<Vec<_>>().join(".");
        module.map_or_else(|| symbol.clone().into(), |m| format_smolstr!("{m}#{symbol}"))
    };
    let parts = value.parts.iter().map(|part| match part {
        Part::Hole(Hole::Ref(path)) => Part::Hole(Hole::Ref(chosen(path))),
        Part::Hole(Hole::Param { function, index, name }) => {
            Part::Hole(Hole::Param { function: function.clone(), index: *index, name: chosen(name) })
        }
        other => other.clone(),
    });
    let value = Value { parts: parts.collect() };
    changed.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::develops;

    #[test]
    fn development_servers_are_told_from_servers_of_what_was_built() {
        for command in
            ["npm start", "yarn run serve", "npx vite --host", "[\"npm\",\"run\",\"dev\"]", "ng serve --host x"]
        {
            assert!(develops(command), "{command}");
        }
        for command in ["nginx -g 'daemon off;'", "npx serve -s build", "npm run preview", "node server.js"] {
            assert!(!develops(command), "{command}");
        }
    }
}
