//! The ports of each node: what callers dial, what the deployment forwards to, and what the process listens on.
//!
//! Invariant: a port that is stated and whose number is not known is kept without a number, so that nobody takes the list
//! for complete.

use crate::deploy::{interpolate, project_environment};
use crate::index::FileId;
use crate::join::{Linker, is_listener};
use crate::model::{Evidence, PortOf, PortRole};
use seam_facts::{Build, Claim, Deployment, FLAG, Fact, Hole, Setting, SmolStr, Span, Target, Value, format_smolstr};

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

impl<'a> Linker<'a> {
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

    /// The recipes of a file that are the node's: of several stages, the one that it is built to.
    fn recipes(&self, node: usize, file: FileId) -> impl Iterator<Item = (&'a Build, &'a Fact)> {
        let units = self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]);
        let asked = units.filter_map(|u| self.deploy.recipe_of(self.index, u)).find(|(f, ..)| *f == file);
        let builds = self.deploy.builds.get(&file).into_iter().flatten().copied();
        builds.filter(move |(b, _)| asked.map_or(b.stage.is_none(), |(_, asked, _)| std::ptr::eq(*b, asked)))
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
        let told = self.told_ports(node);
        for file in &self.territories[node].own {
            for (build, fact) in self.recipes(node, *file) {
                for exposed in &build.exposes {
                    let text = self.view(node).texts(exposed, *file).into_iter().find(|t| !t.open);
                    let number = text.and_then(|t| t.text.split('/').next()?.trim().parse().ok());
                    out.push(of(PortRole::Exposed, number, *file, fact));
                }
            }
            // A server that the command starts opens the port; what the program would open if it were started itself is not done.
            let script = !told.is_empty() && self.index.paths[*file].ends_with(".py");
            for (setting, fact) in self.index.settings_in(*file).filter(|(s, _)| is_listener(s) && !script) {
                for (default, number) in self.listened(node, setting, *file) {
                    out.push(PortOf { default, ..of(PortRole::Listens, number, *file, fact) });
                }
            }
        }
        // A library's server opens what the node's code hands to it.
        for file in &self.territories[node].libraries {
            for (setting, fact) in self.index.settings_in(*file).filter(|(s, _)| is_listener(s)) {
                let handed = setting.value.holes().iter().any(|h| matches!(h, Hole::Param { .. }));
                for (default, number) in self.listened(node, setting, *file).filter(|(_, n)| handed && n.is_some()) {
                    out.push(PortOf { default, ..of(PortRole::Listens, number, *file, fact) });
                }
            }
        }
        out.extend(told);
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

    /// Whether only a default says so, and the port, of each value that a `listen` may have.
    fn listened(&self, node: usize, setting: &Setting, file: FileId) -> impl Iterator<Item = (bool, Option<u32>)> {
        // A flag that no command line gives is what it is by default.
        let asked = |h: &&Hole| match h {
            Hole::Env { .. } => true,
            Hole::Config { key, .. } => !key.starts_with(FLAG),
            Hole::Ref(_) | Hole::Param { .. } | Hole::Result { .. } | Hole::Either(_) | Hole::Opaque(_) => false,
        };
        // A variable that nobody sets leaves what stands beside it.
        let open = setting.value.holes().iter().any(asked);
        self.view(node).texts(&setting.value, file).into_iter().map(move |text| {
            let number = text.text.rsplit(':').next().and_then(|p| p.parse().ok()).filter(|_| !text.open);
            let told = text.via.iter().any(|(_, f)| matches!(f.claim, Claim::Setting(_)));
            (text.default || !told && open, number)
        })
    }

    /// What the command that starts a container tells its server to open: the deployment's, or else the image's.
    fn told_ports(&self, node: usize) -> Vec<PortOf> {
        let of = |number, at, deployment| PortOf {
            node,
            role: PortRole::Listens,
            number,
            to: SmolStr::default(),
            name: SmolStr::default(),
            host: SmolStr::default(),
            default: false,
            deployment,
            at,
        };
        let mut out = Vec::new();
        let mut replaced = false;
        for unit in self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]) {
            if let Some(command) = unit.service.command.as_ref().filter(|_| !unit.service.auxiliary) {
                replaced = true;
                let number = commanded(&command.to_string());
                let at = self.evidence(unit.file, unit.fact);
                out.extend(number.map(|number| of(number, at, Some(unit.service.deployment))));
            }
        }
        if replaced {
            return out;
        }
        for file in &self.territories[node].own {
            for (build, fact) in self.recipes(node, *file) {
                let number = build.command.as_ref().and_then(|c| commanded(&c.to_string()));
                out.extend(number.map(|number| of(number, self.evidence(*file, fact), None)));
            }
        }
        out
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

/// The port that a command tells a server of requests to open (from each server's documentation); a port that is not written out
/// is one without a number. Nothing where no port is told.
fn commanded(command: &str) -> Option<Option<u32>> {
    const SERVERS: [&str; 12] = [
        "uvicorn",
        "hypercorn",
        "daphne",
        "gunicorn",
        "granian",
        "waitress-serve",
        "flask",
        "fastapi",
        "runserver",
        "artisan",
        "rails",
        "puma",
    ];
    let cleaned = command.replace(['"', '\'', ',', '[', ']'], " ");
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let server = words.iter().position(|w| SERVERS.contains(&w.rsplit('/').next().unwrap_or(w)))?;
    let of = |text: &str| text.rsplit(':').next().and_then(|p| p.parse::<u32>().ok()).filter(|p| *p > 0);
    let mut rest = words[server + 1..].iter().copied().peekable();
    while let Some(word) = rest.next() {
        // What follows is another command.
        if matches!(word, "&&" | "||" | ";" | "&" | "|") {
            return None;
        }
        let (name, given) = word.split_once('=').map_or((word, None), |(n, v)| (n, Some(v)));
        let short = word
            .strip_prefix("-b")
            .or_else(|| word.strip_prefix("-p"))
            .filter(|v| v.contains(|c: char| c.is_ascii_digit()));
        if let Some(value) = short {
            return Some(of(value));
        }
        match name {
            "--port" | "-p" | "--bind" | "-b" | "--listen" => {
                let value = given.or_else(|| rest.peek().copied()).unwrap_or_default();
                return value.contains(|c: char| c.is_ascii_digit() || c == '$').then(|| of(value));
            }
            _ if words[server] == "runserver" && of(word).is_some() => return Some(of(word)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::commanded;

    #[test]
    fn commands_tell_ports() {
        assert_eq!(commanded("uvicorn app.main:app --host 0.0.0.0 --port 8001"), Some(Some(8001)));
        assert_eq!(commanded("gunicorn -b 0.0.0.0:8002 app:app"), Some(Some(8002)));
        assert_eq!(commanded("gunicorn --bind=:80 --workers 4 app:app"), Some(Some(80)));
        assert_eq!(commanded("python manage.py runserver 0.0.0.0:8000"), Some(Some(8000)));
        assert_eq!(commanded("uvicorn app:app --port ${env:PORT}"), Some(None));
        assert_eq!(commanded("uvicorn app:app"), None);
        assert_eq!(commanded("python worker.py --port 3"), None);
    }
}
