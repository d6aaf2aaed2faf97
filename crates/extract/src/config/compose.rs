//! Docker Compose, all versions. See `compose.md`.

mod labels;

use super::interpolate::{self, Dollar, split, with_defaults};
use super::tree::{Data, Node, entry_span};
use super::{secret, words, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{
    Alias, Claim, Deployment, Port, Profile, Service, Setting, SettingScope, SmolStr, Source, Span, Target, Value,
};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "compose", version: 8, page: include_str!("compose.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else {
        return false;
    };
    // The values of a Helm chart may have any key.
    let values = ["values.", "values-"].iter().any(|v| stem.starts_with(v)) || stem == "values";
    let values = values || [".values", "-values"].iter().any(|v| stem.ends_with(v));
    if values {
        return false;
    }
    named(stem) || file.text.is_empty() || file.text.starts_with("services:") || file.text.contains("\nservices:")
}

/// Whether the file's name says that it is a compose file.
fn named(stem: &str) -> bool {
    stem.contains("compose")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    let by_name = named(&file.name().to_ascii_lowercase());
    let Some(services) = root.get("services").filter(|s| s.is_map()) else {
        // The first schema had services at the top.
        if by_name && root.get("version").is_none() {
            declare(&root, sink);
        }
        profile(&root, sink);
        return;
    };
    // Other formats have `services:` too; a compose service is built, pulled or extended.
    let looks = services.entries().any(|(_, s)| looks_like_service(s));
    if !by_name && !looks {
        return;
    }
    declare(services, sink);
    profile(&root, sink);
}

fn looks_like_service(node: &Node) -> bool {
    ["image", "build", "extends"].iter().any(|k| node.get(k).is_some())
}

/// The secrets that most of the services which have them are given, by their keys. They stay in here.
type Usual = BTreeMap<String, String>;

fn usual(services: &Node) -> Usual {
    let mut count: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (_, node) in services.entries() {
        let Some(environment) = node.get("environment") else { continue };
        let pairs =
            environment.entries().filter_map(|(key, node)| Some((key.text.to_string(), node.text()?.to_string())));
        let items = environment.items().filter_map(Node::text);
        let listed =
            items.filter_map(|t| t.split_once('=').map(|(k, v)| (k.trim().to_owned(), unquoted(v).to_owned())));
        for (key, value) in
            pairs.chain(listed).filter(|(k, v)| secret::is_secret_key(k) && !v.is_empty() && !v.contains('$'))
        {
            *count.entry((key, value)).or_default() += 1;
        }
    }
    let mut out = Usual::new();
    for ((key, value), with) in &count {
        let all: usize = count.iter().filter(|((k, _), _)| k == key).map(|(_, n)| n).sum();
        if *with > 1 && with * 2 > all {
            out.insert(key.clone(), value.clone());
        }
    }
    out
}

fn declare(services: &Node, sink: &mut Sink) {
    let usual = usual(services);
    let v1 = services.get("services").is_none();
    let fixed: BTreeMap<SmolStr, SmolStr> =
        services.entries().flat_map(|(key, node)| addresses(node).map(|a| (a, key.text.clone()))).collect();
    for (key, node) in services.entries() {
        if !(node.is_map() || node.is_null()) || key.text.starts_with("x-") {
            continue;
        }
        if matches!(key.text.as_str(), "networks" | "volumes" | "secrets" | "configs" | "include")
            && v1
            && !looks_like_service(node)
        {
            continue;
        }
        service(&key.text, key.span, node, (&usual, &fixed), sink);
    }
    labels::state(services, sink);
}

fn service(
    name: &SmolStr,
    at: Span,
    node: &Node,
    (usual, fixed): (&Usual, &BTreeMap<SmolStr, SmolStr>),
    sink: &mut Sink,
) {
    let mut service = Service::new(name.clone(), Deployment::Compose);
    service.image = node.get("image").and_then(value);
    service.source = node.get("build").and_then(source);
    for key in ["container_name", "hostname"] {
        service.hostnames.extend(node.get(key).and_then(text));
    }
    for (_, network) in node.get("networks").into_iter().flat_map(Node::entries) {
        service.hostnames.extend(network.get("aliases").into_iter().flat_map(Node::items).filter_map(text));
    }
    service.hostnames.extend(addresses(node));
    service.hostnames.extend(labels::virtual_hosts(node));
    let mut seen = vec![name.clone()];
    service.hostnames.retain(|h| !seen.contains(h) && (seen.push(h.clone()), true).1);
    service.ports = ports(node);
    service.depends_on = keys_or_items(node.get("depends_on"));
    for link in node.get("links").into_iter().flat_map(Node::items) {
        let Some(link_text) = text(link) else {
            continue;
        };
        let (target, alias) = link_text.split_once(':').unwrap_or((&link_text, ""));
        service.depends_on.push(target.into());
        if !alias.is_empty() && alias != target {
            let alias = Alias {
                name: alias.into(),
                deployment: Deployment::Compose,
                target: Target::Service(target.into()),
                ports: Vec::new(),
                namespace: None,
            };
            sink.stated(Claim::Alias(alias), link.span);
        }
    }
    for (host, address, at) in extra_hosts(node) {
        let told = fixed.get(&address).map(|service| Target::Service(service.clone()));
        let (target, deployment) = (told.unwrap_or_else(|| Target::External(host.clone())), Deployment::Compose);
        let alias = Alias { name: host, deployment, target, ports: Vec::new(), namespace: None };
        sink.stated(Claim::Alias(alias), at);
    }
    let waits = |n: &Node| {
        n.text_at(&["condition"])
            .is_some_and(|c| matches!(c.as_str(), "service_healthy" | "service_completed_successfully"))
    };
    let depends = node.get("depends_on").into_iter().flat_map(Node::entries);
    service.awaits = depends.filter(|(_, n)| waits(n)).map(|(k, _)| k.text.clone()).collect();
    let depends = || node.get("depends_on").into_iter();
    let listed = depends().flat_map(Node::items).filter_map(|n| Some((text(n)?, n.span.line)));
    let keyed = depends().flat_map(Node::entries).map(|(k, _)| (k.text.clone(), k.span.line));
    service.depends_at = listed.chain(keyed).collect();
    let mut seen = Vec::new();
    service.depends_on.retain(|d| !seen.contains(d) && (seen.push(d.clone()), true).1);
    let parts = ["entrypoint", "command"].iter().filter_map(|k| node.get(k)).filter_map(command);
    service.command = words::join(parts).map(secret::clean);
    service.env_files = env_files(node.get("env_file"));
    service.mounts = mounts(node);
    service.working_dir = node.get("working_dir").and_then(text);
    service.extends = node.get("extends").and_then(|e| match &e.value {
        Data::Map(_) => Some((e.get("file").and_then(text), e.get("service").and_then(text)?)),
        Data::Scalar(..) | Data::List(_) => Some((None, text(e)?)),
    });
    service.profiles = node.get("profiles").map(Node::texts).unwrap_or_default();
    service.health_check = node.get("healthcheck").is_some_and(|h| !h.get("disable").is_some_and(Node::is_true));
    let again = |n: &Node| text(n).is_some_and(|t| !matches!(t.as_str(), "no" | "false" | "none" | ""));
    let policy = node.get("deploy").and_then(|d| d.get("restart_policy"));
    service.restarts =
        node.get("restart").is_some_and(again) || policy.is_some_and(|p| p.get("condition").is_none_or(again));
    sink.stated(Claim::Service(service), at);
    if let Some(environment) = node.get("environment") {
        settings(name, environment, usual, sink);
    }
}

fn settings(service: &SmolStr, environment: &Node, usual: &Usual, sink: &mut Sink) {
    let mut state = |key: &str, value: Option<Value>, at: Span| {
        let value = value.unwrap_or_else(|| Value::env(key, None));
        let apart = usual.get(key).is_some_and(|usual| value.as_text().is_some_and(|text| text != *usual));
        let hidden = secret::setting(key, value);
        let setting = Setting {
            scope: SettingScope::Service(service.clone()),
            key: key.into(),
            value: if apart { secret::apart(hidden) } else { hidden },
            profile: None,
        };
        sink.stated(Claim::Setting(setting), at);
    };
    for (key, node) in environment.entries() {
        state(&key.text, value(node), entry_span(key, node));
    }
    for item in environment.items() {
        let Some(text) = item.text() else {
            // `- KEY: value` is a slip that happens; Compose refuses it, people mean it.
            for (key, node) in item.entries() {
                state(&key.text, value(node), entry_span(key, node));
            }
            continue;
        };
        match text.split_once('=') {
            Some((key, value)) => {
                state(key.trim(), Some(interpolate::env(unquoted(value), Dollar::Doubled)), item.span);
            }
            None => state(text.trim(), None, item.span),
        }
    }
}

/// `- KEY="value"`: the quotes are part of the value for Compose, yet nobody means them.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn source(build: &Node) -> Option<Source> {
    match &build.value {
        Data::Scalar(..) => Some(Source { context: value(build)?, ..Source::default() }),
        Data::Map(_) => Some(Source {
            context: build.get("context").and_then(value).unwrap_or_else(|| Value::text(".")),
            dockerfile: build.get("dockerfile").and_then(value),
            target: build.get("target").and_then(text),
            args: build.get("args").map(arguments).unwrap_or_default(),
        }),
        Data::List(_) => None,
    }
}

/// `args`, as a map or as a list of `NAME=value`; what has no value comes from outside.
fn arguments(node: &Node) -> Vec<(SmolStr, Value)> {
    let listed = node.items().filter_map(|item| {
        let (name, value) = item.text()?.split_once('=')?;
        Some((name.trim().into(), interpolate::env(unquoted(value), Dollar::Doubled)))
    });
    let named = node.entries().filter_map(|(key, held)| Some((key.text.clone(), value(held)?)));
    listed.chain(named).collect()
}

fn ports(node: &Node) -> Vec<Port> {
    let mut out = Vec::new();
    for item in node.get("ports").into_iter().flat_map(Node::items) {
        if item.is_map() {
            out.push(Port {
                name: item.get("name").and_then(text),
                published: item.get("published").and_then(value),
                target: item.get("target").and_then(value),
                line: item.span.line,
            });
        } else if let Some(spec) = value(item) {
            let mut sides = split(&spec, ':');
            let target = sides.pop().map(|t| split(&t, '/').swap_remove(0));
            out.push(Port { name: None, published: sides.pop(), target, line: item.span.line });
        }
    }
    for item in node.get("expose").into_iter().flat_map(Node::items) {
        let target = value(item).map(|v| split(&v, '/').swap_remove(0));
        if out.iter().all(|p| p.target != target) {
            out.push(Port { name: None, published: None, target, line: item.span.line });
        }
    }
    out
}

/// Addresses that a service is given for good on its networks.
fn addresses(node: &Node) -> impl Iterator<Item = SmolStr> {
    let networks = node.get("networks").into_iter().flat_map(Node::entries);
    networks.flat_map(|(_, n)| ["ipv4_address", "ipv6_address"].iter().filter_map(|k| n.get(k).and_then(text)))
}

/// Names that the container's own resolver is told: `- "ledger:10.0.0.7"`, `- ledger=10.0.0.7`, `ledger: 10.0.0.7`.
fn extra_hosts(node: &Node) -> Vec<(SmolStr, SmolStr, Span)> {
    let Some(hosts) = node.get("extra_hosts") else { return Vec::new() };
    let listed = hosts.items().filter_map(|item| {
        let told = text(item)?;
        let (name, address) = told.split_once(['=', ':'])?;
        Some((name.trim().into(), address.trim().into(), item.span))
    });
    let mapped = hosts.entries().map(|(key, node)| (key.text.clone(), text(node).unwrap_or_default(), key.span));
    listed.chain(mapped).collect()
}

/// Files and folders of the workspace that are seen inside the container.
fn mounts(node: &Node) -> Vec<(SmolStr, SmolStr)> {
    let mut out = Vec::new();
    for item in node.get("volumes").into_iter().flat_map(Node::items) {
        if item.is_map() {
            let side = |keys: [&str; 3]| keys.iter().find_map(|k| text(item.get(k)?));
            if let (Some(from), Some(to)) = (side(["source", "src", "source"]), side(["target", "dst", "destination"]))
            {
                out.push((from, to));
            }
        } else if let Some(spec) = text(item) {
            let sides = interpolate::outside_braces(&spec, ':');
            if let [from, to, ..] = sides.as_slice() {
                out.push(((*from).into(), (*to).into()));
            }
        }
    }
    // Named volumes hold data, not files of the workspace.
    out.retain(|(from, _)| from.starts_with(['.', '/', '~', '$']) || from.contains('/'));
    out
}

fn env_files(node: Option<&Node>) -> Vec<SmolStr> {
    let Some(node) = node else {
        return Vec::new();
    };
    match &node.value {
        Data::List(items) => items.iter().filter_map(|i| text(i.get("path").unwrap_or(i))).collect(),
        Data::Map(_) => node.get("path").and_then(text).into_iter().collect(),
        Data::Scalar(..) => text(node).into_iter().collect(),
    }
}

fn keys_or_items(node: Option<&Node>) -> Vec<SmolStr> {
    let Some(node) = node else {
        return Vec::new();
    };
    node.entries().map(|(k, _)| k.text.clone()).chain(node.texts()).collect()
}

fn command(node: &Node) -> Option<Value> {
    match &node.value {
        Data::List(items) => words::join(items.iter().filter_map(value)),
        Data::Scalar(..) => value(node),
        Data::Map(_) => None,
    }
}

/// The files that this one takes in.
fn profile(root: &Node, sink: &mut Sink) {
    let name = root.entry("name").filter(|(_, n)| n.text().is_some());
    let mut includes: Vec<SmolStr> = Vec::new();
    let mut at = name.map(|(k, _)| k.span);
    for item in root.get("include").into_iter().flat_map(Node::items) {
        let paths = match item.get("path") {
            Some(path) => path.texts(),
            None => item.texts(),
        };
        at = at.or(Some(item.span));
        includes.extend(paths.iter().filter_map(|p| with_defaults(&interpolate::env(p, Dollar::Doubled))));
    }
    for (_, service) in root.get("services").into_iter().flat_map(Node::entries) {
        if let Some((key, node)) = service.get("extends").and_then(|e| e.entry("file"))
            && let Some(file) = text(node)
            && !includes.contains(&file)
        {
            at = at.or(Some(key.span));
            includes.push(file);
        }
    }
    if let Some(at) = at {
        let name = name.and_then(|(_, n)| text(n));
        sink.stated(Claim::Profile(Profile { deployment: Deployment::Compose, name, includes }), at);
    }
}

/// A scalar with its variables; `None` for null.
fn value(node: &Node) -> Option<Value> {
    Some(interpolate::env(node.text()?, Dollar::Doubled))
}

/// A scalar's text, with defaults for its variables.
fn text(node: &Node) -> Option<SmolStr> {
    with_defaults(&value(node)?)
}
