//! What deployables are called in each deployment: a name that holds in one file need not hold in another.

use crate::Cx;
use crate::keys::{Keys, host, is_address, is_inside, squash};
use seam_facts::{Claim, Deployment, Service, SettingScope, SmolStr, Target};
use seam_graph::{Evidence, PortRole, SettingOf};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Nodes whose environment comes in part from a file or a group that is not here: what sets their variables is not all known.
pub(crate) fn set_elsewhere(cx: &Cx<'_>) -> BTreeSet<usize> {
    let (mut groups, mut files) = (HashSet::new(), BTreeSet::new());
    for (path, fact) in cx.base.facts() {
        if let Claim::Setting(setting) = &fact.claim {
            match &setting.scope {
                SettingScope::Group(name) => groups.extend([name]),
                SettingScope::Dotenv => files.extend([path.as_str()]),
                SettingScope::Service(_) | SettingScope::Image | SettingScope::App | SettingScope::Named(_) => {}
            }
        }
    }
    let nodes = declared(cx);
    let here = |file: &SmolStr| {
        let tail = file.trim_start_matches(['.', '/']);
        files.iter().any(|path| path.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
    };
    let open = |service: &Service| {
        service.env_files.iter().any(|file| !here(file))
            || service.env_from.iter().any(|name| !name.starts_with("values.") && !groups.contains(name))
    };
    let (mut out, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for (path, fact) in cx.base.facts() {
        if let Claim::Service(service) = &fact.claim
            && let Some(node) = nodes.get(&(path, fact.at.line))
        {
            // What only adds to another declaration says nothing of the rest.
            let whole = service.image.is_some() || service.source.is_some();
            if open(service) {
                out.insert(*node);
            } else if whole {
                closed.insert(*node);
            }
        }
    }
    // One deployment that says all is enough.
    out.retain(|node| !closed.contains(node));
    out
}

/// The names of one compose file, and the nodes that it declares in full.
#[derive(Default)]
pub(crate) struct File<'a> {
    names: BTreeSet<String>,
    /// With the names under which the file's network knows each, and where it says so.
    pub nodes: BTreeMap<usize, Called<'a>>,
    /// By the name of what they are made from: an image, a folder.
    made: BTreeMap<String, Called<'a>>,
}

/// Names, and where each is given.
pub(crate) type Called<'a> = Vec<(&'a SmolStr, Evidence)>;

impl<'a> File<'a> {
    pub fn knows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        // Compose calls a service's containers `PROJECT_SERVICE_1` and so on.
        let container = || {
            let numbered = host.trim_end_matches(|c: char| c.is_ascii_digit());
            let stem = numbered.strip_suffix(['_', '-']).filter(|_| numbered.len() < host.len());
            let of = |name: &String| stem?.strip_suffix(name.as_str()).filter(|project| project.ends_with(['_', '-']));
            self.names.iter().any(|name| of(name).is_some())
        };
        self.names.contains(&host) || container()
    }

    /// What the file calls a node that is known under this name elsewhere, or what is made from something of this name.
    pub fn called(&self, node: usize, name: &str) -> Option<&Called<'a>> {
        self.nodes.get(&node).or_else(|| self.made.get(&name.to_ascii_lowercase()))
    }
}

/// The last part of an image's name or of a folder's.
fn made_from(service: &Service) -> impl Iterator<Item = String> {
    let image = service.image.as_ref().map(ToString::to_string);
    let folder = service.source.as_ref().map(|s| s.context.to_string());
    let last = |text: String| {
        let text = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        text.split([':', '@']).next().unwrap_or_default().to_owned()
    };
    image.into_iter().chain(folder).map(last).filter(|n| n.len() > 2)
}

/// Nodes by the place of a declaration.
fn declared<'a>(cx: &Cx<'a>) -> HashMap<(&'a SmolStr, u32), usize> {
    let nodes = cx.graph.nodes.iter().enumerate();
    nodes.flat_map(|(id, node)| node.proof.iter().map(move |e| ((&e.path, e.at.line), id))).collect()
}

/// Every compose file.
pub(crate) fn compose<'a>(cx: &Cx<'a>) -> BTreeMap<&'a SmolStr, File<'a>> {
    let nodes = declared(cx);
    let mut out: BTreeMap<&SmolStr, File<'a>> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Service(service) if service.deployment == Deployment::Compose => {
                let file = out.entry(path).or_default();
                file.names.extend(names(service).map(|n| n.to_ascii_lowercase()));
                // What only adds to another file's declaration may have its name there.
                let whole = service.image.is_some() || service.source.is_some();
                if let Some(node) = nodes.get(&(path, fact.at.line)).filter(|_| whole) {
                    let at = cx.evidence(path, fact, seam_facts::format_smolstr!("service {}", service.name));
                    for made in made_from(service) {
                        file.made.entry(made).or_default().push((&service.name, at.clone()));
                    }
                    file.nodes.entry(*node).or_default().push((&service.name, at));
                }
            }
            Claim::Alias(alias) if alias.deployment == Deployment::Compose => {
                out.entry(path).or_default().names.insert(alias.name.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    out
}

fn names(service: &Service) -> impl Iterator<Item = &SmolStr> {
    std::iter::once(&service.name).chain(&service.hostnames)
}

pub(crate) fn is_clustered(deployment: Deployment) -> bool {
    matches!(deployment, Deployment::Kubernetes | Deployment::Helm)
}

/// Names under which clusters know something, and those of each node.
pub(crate) struct Cluster<'a> {
    names: BTreeSet<String>,
    pub nodes: BTreeMap<usize, Called<'a>>,
}

impl<'a> Cluster<'a> {
    pub fn new(cx: &Cx<'a>) -> Self {
        let mut names = BTreeSet::new();
        for (_, fact) in cx.base.facts() {
            match &fact.claim {
                Claim::Alias(alias) => names.insert(alias.name.to_ascii_lowercase()),
                // What a chart computes may be any name; a workload is reached by its Service alone.
                Claim::Service(s) if s.deployment == Deployment::Helm => names.insert(s.name.to_ascii_lowercase()),
                _ => false,
            };
        }
        let mut nodes: BTreeMap<usize, Vec<(&SmolStr, Evidence)>> = BTreeMap::new();
        for port in
            cx.graph.ports.iter().filter(|p| p.role == PortRole::Service && p.deployment.is_some_and(is_clustered))
        {
            nodes.entry(port.node).or_default().push((&port.host, port.at.clone()));
        }
        Cluster { names, nodes }
    }

    pub fn knows(&self, host: &str) -> bool {
        self.names.contains(&host.to_ascii_lowercase())
    }
}

/// A host that a service's code or environment names.
#[derive(Clone)]
pub(crate) struct Address<'a> {
    pub host: &'a str,
    pub port: Option<u32>,
    /// The key; empty where code says the host itself.
    pub key: &'a str,
    pub at: Evidence,
    /// Whether a deployment says so, and nothing else.
    pub deployed: bool,
}

/// Names that a registry, a sidecar or a framework resolves: what an application says that it is called.
pub(crate) fn registered(cx: &Cx<'_>) -> BTreeSet<String> {
    let own = |claim: &Claim| match claim {
        Claim::Alias(alias) => match &alias.target {
            Target::Own | Target::Component { .. } => Some(alias.name.to_ascii_lowercase()),
            Target::Labels(_) | Target::Service(_) | Target::External(_) | Target::Registered(_) => None,
        },
        _ => None,
    };
    cx.base.facts().filter_map(|(_, fact)| own(&fact.claim)).collect()
}

/// The hosts of this system that a node's settings, defaults and calls name.
pub(crate) fn addresses<'a>(
    cx: &Cx<'a>,
    node: usize,
    keys: &Keys<'a>,
    stating: &HashSet<(&SmolStr, u32)>,
) -> Vec<Address<'a>> {
    let mut out = Vec::new();
    let mut add = |text: &'a str, named: bool, key: &'a str, deployed: bool, at: Evidence| {
        // A client's own load balancer looks names up in a registry.
        let looked_up = text.starts_with("lb:") || text.starts_with("discovery:");
        if let Some((host, port)) = host(text, named).filter(|(h, _)| is_inside(h) && !looked_up) {
            out.push(Address { host, port, key, at, deployed });
        }
    };
    let used = |s: &&&SettingOf| keys.is_read(&s.key) || stating.contains(&(&s.at.path, s.at.at.line));
    for setting in keys.set.values().flatten().filter(used) {
        let deployed = crate::keys::is_deployed(setting);
        if let [text] = setting.texts.as_slice() {
            add(text, is_address(&setting.key), &setting.key, deployed, setting.at.clone());
        }
    }
    for read in keys.read.values().flatten() {
        if let Some(default) = &read.default {
            add(default, is_address(&read.key), &read.key, false, read.at.clone());
        }
    }
    for (path, fact) in cx.own_facts(node) {
        let target = match &fact.claim {
            // A sidecar and a client by declaration take names that they look up themselves.
            Claim::Call(call) if !fact.by.contains("dapr") && !fact.by.contains("feign") => Some(&call.target),
            Claim::Route(route) => Some(&route.target),
            Claim::Store(store) => Some(&store.address),
            _ => None,
        };
        // Only what is written out whole: in a value with holes the host may be one of them.
        let literal = target.and_then(|t| t.parts.first()).and_then(|p| match p {
            seam_facts::Part::Text(text) if text.contains("://") => Some(text.as_str()),
            _ => None,
        });
        let whole = literal.filter(|t| t.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', ':'])));
        if let Some(text) = whole {
            add(text, false, "", false, cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim)));
        }
    }
    out
}

/// Whether a deployment of a kind (by the extractors that read it) sets a key for the node itself.
pub(crate) fn is_overridden(keys: &Keys<'_>, key: &str, by: &[&str]) -> bool {
    let set = keys.set.get(&squash(key)).into_iter().flatten();
    !key.is_empty() && set.into_iter().any(|s| crate::keys::is_deployed(s) && by.contains(&s.at.by.as_str()))
}
