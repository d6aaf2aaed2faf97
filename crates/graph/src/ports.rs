//! The ports of each node: what callers dial, what the deployment forwards to, and what the process listens on.
//!
//! Invariant: a port that is stated and whose number is not known is kept without a number, so that nobody takes the list
//! for complete.

use crate::deploy::{interpolate, project_environment};
use crate::index::FileId;
use crate::join::{Linker, is_listener};
use crate::model::{Evidence, PortOf, PortRole};
use seam_facts::{Claim, Deployment, FLAG, Fact, Hole, SmolStr, Span, Target, Value, format_smolstr};

/// Keys under which frameworks and programs are told what to listen on.
const LISTENING: &[&str] = &[
    "server.port",
    "quarkus.http.port",
    "micronaut.server.port",
    "SERVER_PORT",
    "ASPNETCORE_URLS",
    "ASPNETCORE_HTTP_PORTS",
];

/// The line of a declaration that states a port, as its evidence.
fn beside(declared: Evidence, line: u32) -> Evidence {
    if line == 0 { declared } else { Evidence { at: Span::at(line, 1), ..declared } }
}

impl Linker<'_> {
    pub(crate) fn all_ports(&self) -> Vec<PortOf> {
        let mut out = Vec::new();
        for node in 0..self.nodes.len() {
            self.declared_ports(node, &mut out);
            self.opened_ports(node, &mut out);
        }
        self.service_ports(&mut out);
        out.sort();
        out.dedup();
        out
    }

    /// What deployables say of themselves.
    fn declared_ports(&self, node: usize, out: &mut Vec<PortOf>) {
        for unit in self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]) {
            let deployment = unit.service.deployment;
            for port in &unit.service.ports {
                let number = |v: &Value| self.port_number(node, v, unit.file, deployment);
                let target = port.target.as_ref().map(number);
                let at = beside(self.evidence(unit.file, unit.fact), port.line);
                let of = |role, number| PortOf {
                    node,
                    role,
                    number,
                    to: SmolStr::default(),
                    name: port.name.clone().unwrap_or_default(),
                    host: unit.name.clone(),
                    default: false,
                    deployment: Some(deployment),
                    at: at.clone(),
                };
                if let Some(published) = &port.published {
                    let to = target.flatten().map(|t| format_smolstr!("{t}")).unwrap_or_default();
                    out.push(PortOf { to, ..of(PortRole::Published, number(published)) });
                }
                if let Some(target) = target {
                    out.push(of(PortRole::Container, target));
                }
            }
        }
    }

    /// What recipes expose and code opens.
    fn opened_ports(&self, node: usize, out: &mut Vec<PortOf>) {
        let of = |role, number, file, fact: &Fact| PortOf {
            node,
            role,
            number,
            to: SmolStr::default(),
            name: SmolStr::default(),
            host: SmolStr::default(),
            default: false,
            deployment: None,
            at: self.evidence(file, fact),
        };
        for file in &self.territories[node].own {
            for (build, fact) in self.deploy.builds.get(file).into_iter().flatten() {
                for exposed in &build.exposes {
                    let text = self.view(node).texts(exposed, *file).into_iter().find(|t| !t.open);
                    let number = text.and_then(|t| t.text.split('/').next()?.trim().parse().ok());
                    out.push(of(PortRole::Exposed, number, *file, fact));
                }
            }
            for (setting, fact) in self.index.settings_in(*file).filter(|(s, _)| is_listener(s)) {
                for text in self.view(node).texts(&setting.value, *file) {
                    let number = text.text.rsplit(':').next().and_then(|p| p.parse().ok()).filter(|_| !text.open);
                    // A variable that nobody sets leaves what stands beside it.
                    // A flag that no command line gives is what it is by default.
                    let asked = |h: &&Hole| match h {
                        Hole::Env { .. } => true,
                        Hole::Config { key, .. } => !key.starts_with(FLAG),
                        Hole::Ref(_) | Hole::Param { .. } | Hole::Result { .. } | Hole::Either(_) | Hole::Opaque(_) => {
                            false
                        }
                    };
                    let told = text.via.iter().any(|(_, f)| matches!(f.claim, Claim::Setting(_)));
                    let default = text.default || !told && setting.value.holes().iter().any(asked);
                    out.push(PortOf { default, ..of(PortRole::Listens, number, *file, fact) });
                }
            }
        }
        for key in LISTENING {
            for text in self.view(node).texts(&Value::config(*key, None), 0) {
                let Some((file, fact)) = text.via.last().copied() else { continue };
                // How a developer starts it says nothing of the container.
                if fact.by == "launch-settings" {
                    continue;
                }
                let ports = text.text.split(';').map(|t| t.rsplit(':').next()?.trim_end_matches('/').parse().ok());
                out.extend(ports.map(|number| of(PortRole::Listens, number.filter(|_| !text.open), file, fact)));
            }
        }
    }

    /// What a Kubernetes Service forwards, for each of the workloads that it selects.
    fn service_ports(&self, out: &mut Vec<PortOf>) {
        for (file, alias, fact) in &self.deploy.aliases {
            let Target::Labels(wanted) = &alias.target else { continue };
            for (node, merged) in self.deploy.nodes.iter().enumerate().take(self.nodes.len()) {
                let mut units = merged.units.iter().map(|u| &self.deploy.units[*u].service);
                let selected = units.any(|s| {
                    s.deployment == alias.deployment
                        && !s.labels.is_empty()
                        && (s.namespace == alias.namespace || s.namespace.is_none() || alias.namespace.is_none())
                        && wanted.iter().all(|label| s.labels.contains(label))
                });
                if !selected {
                    continue;
                }
                for port in &alias.ports {
                    let number = |v: &Value| self.port_number(node, v, *file, alias.deployment);
                    let to = port.target.as_ref().map(|t| match (number(t), t.as_text()) {
                        (Some(number), _) => format_smolstr!("{number}"),
                        // A port of the pod by its name.
                        (None, Some(name)) => name,
                        (None, None) => SmolStr::default(),
                    });
                    out.push(PortOf {
                        node,
                        role: PortRole::Service,
                        number: port.published.as_ref().and_then(number),
                        to: to.unwrap_or_default(),
                        name: port.name.clone().unwrap_or_default(),
                        host: alias.name.clone(),
                        default: false,
                        deployment: Some(alias.deployment),
                        at: beside(self.evidence(*file, fact), port.line),
                    });
                }
            }
        }
    }

    fn port_number(&self, node: usize, value: &Value, file: FileId, deployment: Deployment) -> Option<u32> {
        let text = match value.as_text() {
            Some(text) => text,
            None if deployment == Deployment::Compose => {
                let environment = project_environment(self.index, file);
                let known = |h: &Hole| match h {
                    Hole::Env { name, default } => default.is_some() || environment.contains_key(name.as_str()),
                    _ => false,
                };
                if !value.holes().into_iter().all(known) {
                    return None;
                }
                interpolate(value, &environment).into()
            }
            None => self.view(node).texts(value, file).into_iter().find(|t| !t.open)?.text.into(),
        };
        text.rsplit(':').next()?.trim().parse().ok()
    }
}
