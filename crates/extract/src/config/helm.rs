//! Helm charts: the chart itself, its values, and the names that its helpers define. See `helm.md`.
//!
//! Templates with objects are read by `kubernetes`; both meet at the keys `values.…` and `include/…`.

use super::charts::Release;
use super::tree::{Data, Node, entry_span};
use super::{secret, template, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{
    Alias, Claim, Constant, Deployment, Lines, Port, Profile, Service, Setting, SettingScope, SmolStr, Span, Target,
    Value, format_smolstr,
};

pub static EXTRACTOR: Extractor =
    Extractor { id: "helm", version: 3, page: include_str!("helm.md"), reads: Reads::Files { wants, extract } };

/// Settings taken from one values file.
const MAX_VALUES: usize = 5_000;
/// Variables taken from one map or list.
const MAX_VARIABLES: usize = 300;

fn wants(file: &File<'_>) -> bool {
    is_chart(file) || is_values(file) || file.extension() == "tpl"
}

fn is_chart(file: &File<'_>) -> bool {
    matches!(file.name(), "Chart.yaml" | "Chart.yml" | "requirements.yaml")
}

fn is_values(file: &File<'_>) -> bool {
    let name = file.name();
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else {
        return false;
    };
    let folder = file.path.rsplit('/').nth(1).unwrap_or("");
    (stem.split(['-', '_', '.']).any(|w| w == "values") || folder == "values" || folder.ends_with("-values"))
        && !file.path.contains("/templates/")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if is_chart(file) {
        chart(file, sink);
    } else if is_values(file) {
        values(file, sink);
    } else {
        helpers(file, sink);
    }
}

fn chart(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    let named = root.entry("name").filter(|(_, n)| n.text().is_some());
    let mut includes: Vec<SmolStr> = Vec::new();
    if named.is_some() {
        includes.extend(["values.yaml".into(), "templates".into()]);
    }
    let owner = named.and_then(|(_, n)| n.text()).map(SmolStr::as_str).or_else(|| file.path.rsplit('/').nth(1));
    for dependency in root.get("dependencies").into_iter().flat_map(Node::items) {
        let name = dependency.text_at(&["name"]);
        let fetched = dependency.text_at(&["repository"]).is_some_and(|r| !r.starts_with("file:"));
        if let (Some((key, _)), Some(chart), true) = (dependency.entry("name"), name, fetched) {
            let alias = dependency.text_at(&["alias"]).map(SmolStr::as_str);
            let release = Release { name: None, chart, alias, owner, namespace: None };
            if let Some(service) = release.service() {
                sink.stated(Claim::Service(service), key.span);
            }
        }
        match dependency.text_at(&["repository"]).and_then(|r| r.strip_prefix("file://")) {
            Some(path) => includes.push(path.into()),
            None => includes.extend(name.map(|n| format_smolstr!("charts/{n}"))),
        }
    }
    let at = named.map(|(k, _)| k.span).or_else(|| root.entry("dependencies").map(|(k, _)| k.span));
    if let Some(at) = at {
        let name = named.and_then(|(_, n)| n.text().cloned());
        sink.stated(Claim::Profile(Profile { deployment: Deployment::Helm, name, includes }), at);
    }
}

fn values(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    let stem = file.name().rsplit_once('.').map_or("", |(stem, _)| stem);
    let profile = match stem {
        "values" => None,
        _ => Some(SmolStr::from(
            stem.trim_start_matches("values").trim_end_matches("values").trim_matches(['-', '_', '.']),
        )),
    };
    // How much memory something gets says nothing about the map.
    let sized = |key: &str| key.contains("resources.limits.") || key.contains("resources.requests.");
    for leaf in root.flatten().into_iter().filter(|l| !l.null && !sized(&l.key)).take(MAX_VALUES) {
        let value = secret::setting(&leaf.key, template::value(leaf.text));
        let key = format_smolstr!("values.{}", leaf.key);
        sink.stated(
            Claim::Setting(Setting { scope: SettingScope::App, key, value, profile: profile.clone() }),
            leaf.span,
        );
    }
    spread(&root, "values", &profile, 0, sink);
    renamed(&root, sink);
    match own_workload(file, &root) {
        Some((name, at, chart)) => workload_of(&name, &root, at, chart, sink),
        None => workloads(&root, "", 0, sink),
    }
}

/// Names that values give to the releases of charts that this one depends on.
fn renamed(root: &Node, sink: &mut Sink) {
    for (chart, values) in root.entries() {
        let Some((key, name)) = values.entry("fullnameOverride").and_then(|(k, n)| Some((k, n.text()?))) else {
            continue;
        };
        if !name.is_empty() && !template::is_templated(name) && *name != chart.text {
            let (deployment, target) = (Deployment::Helm, Target::Service(chart.text.clone()));
            let alias = Alias { name: name.clone(), deployment, target, ports: Vec::new(), namespace: None };
            sink.stated(Claim::Alias(alias), entry_span(key, values.get("fullnameOverride").unwrap_or(values)));
        }
    }
}

/// Maps and lists of variables, which templates spread over a container's environment or a ConfigMap.
fn spread(node: &Node, path: &str, profile: &Option<SmolStr>, depth: usize, sink: &mut Sink) {
    if depth > 5 {
        return;
    }
    let mut state = |key: &SmolStr, text: Option<&SmolStr>, at: Span| {
        let value = text.map_or_else(|| Value::opaque("…"), |t| template::value(t));
        let (value, scope) = (secret::setting(key, value), SettingScope::Group(path.into()));
        sink.stated(Claim::Setting(Setting { scope, key: key.clone(), value, profile: profile.clone() }), at);
    };
    for item in node.items().take(MAX_VARIABLES) {
        if let Some((key, named)) = item.entry("name")
            && let (Some(named), true) = (named.text(), item.get("value").is_some())
        {
            state(named, item.text_at(&["value"]), super::tree::join(key.span, item.span));
        }
    }
    let variable = |key: &str| {
        key.len() > 1
            && key.starts_with(|c: char| c.is_ascii_uppercase())
            && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let scalar = |node: &Node| node.text().is_some() || node.get("value").is_some_and(|v| v.text().is_some());
    for (key, node) in node.entries().filter(|(k, n)| variable(&k.text) && scalar(n)).take(MAX_VARIABLES) {
        state(&key.text, node.text().or_else(|| node.text_at(&["value"])), entry_span(key, node));
    }
    for (key, child) in node.entries().filter(|(k, n)| !variable(&k.text) && (n.is_map() || n.is_list())) {
        spread(child, &format!("{path}.{}", key.text), profile, depth + 1, sink);
    }
}

/// The workload that a file of values describes as a whole, for a chart that serves many: `values/orders.yaml`, or what
/// says itself how it is called.
fn own_workload(file: &File<'_>, root: &Node) -> Option<(SmolStr, Span, Option<SmolStr>)> {
    root.get("image").or_else(|| environment(root))?;
    for key in ["fullnameOverride", "nameOverride", "appName", "serviceName", "name"] {
        if let Some((key, node)) = root.entry(key)
            && let Some(name) = node.text().filter(|n| !n.is_empty() && !template::is_templated(n))
        {
            return Some((name.clone(), key.span, None));
        }
    }
    let mut folders = file.path.rsplit('/').skip(1);
    let stem = file.name().rsplit_once('.').map_or("", |(stem, _)| stem);
    let named = folders.next().is_some_and(|f| f.ends_with("values")) && root.get("image").is_some();
    // `kafka-values-local.yaml`: neither the place nor that these are values is part of the name.
    let says = |word: &&str| !PLACES.contains(word) && !word.is_empty();
    let words: Vec<&str> = stem.split(['-', '_', '.']).filter(says).collect();
    let first = root.entries().next()?.0.span;
    (named && !words.is_empty()).then(|| (words.join("-").into(), first, Some(SmolStr::default())))
}

/// Words of a values file's name that say where or how it holds.
const PLACES: &[&str] = &[
    "values",
    "value",
    "dev",
    "development",
    "test",
    "qa",
    "staging",
    "stage",
    "prod",
    "production",
    "local",
    "minikube",
    "kind",
    "azure",
    "aws",
    "gcp",
    "aks",
    "eks",
    "gke",
    "default",
    "defaults",
    "common",
    "global",
    "base",
    "override",
    "overrides",
];

/// Parents below which charts list what they deploy.
const PARENTS: &[&str] =
    &["components", "services", "microservices", "deployments", "apps", "applications", "workloads", "backends"];

/// Charts that make every workload from one template list them in their values.
fn workloads(node: &Node, key: &str, depth: usize, sink: &mut Sink) {
    if depth > 4 {
        return;
    }
    let listed = PARENTS.iter().any(|p| key.eq_ignore_ascii_case(p));
    let children: Vec<_> = node.entries().filter(|(_, n)| n.is_map()).collect();
    // Elsewhere, only what cannot be anything else: two or more with an image and an environment.
    let certain = children.iter().filter(|(_, n)| n.get("image").is_some() && environment(n).is_some()).count() >= 2;
    for (name, child) in &children {
        let workload = ["image", "ports", "service", "command"].iter().any(|k| child.get(k).is_some())
            || environment(child).is_some();
        let takes_part =
            (listed && workload) || (certain && child.get("image").is_some() && environment(child).is_some());
        if takes_part && child.get("enabled").is_none_or(|e| e.is_true()) {
            workload_of(&name.text, child, name.span, None, sink);
        } else {
            workloads(child, &name.text, depth + 1, sink);
        }
    }
}

/// What charts call the variables of a workload.
const ENVIRONMENTS: &[&str] = &[
    "env",
    "environment",
    "envVars",
    "envs",
    "extraEnv",
    "extraEnvs",
    "extraEnvVars",
    "containerEnv",
    "environmentVariables",
    "envOverrides",
];

fn environment(node: &Node) -> Option<&Node> {
    ENVIRONMENTS.iter().find_map(|k| node.get(k)).filter(|e| e.is_list() || e.is_map())
}

fn workload_of(name: &SmolStr, node: &Node, at: Span, chart: Option<SmolStr>, sink: &mut Sink) {
    let mut service = Service::new(name.clone(), Deployment::Helm);
    service.chart = chart;
    service.image = node.get("image").and_then(image);
    for port in node.get("ports").into_iter().flat_map(Node::items) {
        let number = ["containerPort", "port", "value", "targetPort"].iter().find_map(|k| port.get(k)).unwrap_or(port);
        service.ports.extend(number.text().map(|t| Port {
            name: port.text_at(&["name"]).cloned(),
            published: None,
            target: Some(template::value(t)),
            line: port.span.line,
        }));
    }
    for path in [&["service", "port"][..], &["port"], &["containerPort"]] {
        if let Some(text) = node.text_at(path) {
            let number = Some(template::value(text));
            service.ports.push(Port { name: None, published: number.clone(), target: number, line: 0 });
        }
    }
    let probes = ["livenessProbe", "readinessProbe", "healthcheck", "probes"];
    service.health_check = probes.iter().any(|p| node.get(p).is_some());
    sink.stated(Claim::Service(service), at);
    for variables in ENVIRONMENTS.iter().filter_map(|k| node.get(k)) {
        let mut state = |key: &SmolStr, text: Option<&SmolStr>, at: Span| {
            let value = text.map_or_else(|| Value::opaque("…"), |t| template::value(t));
            let value = secret::setting(key, value);
            let scope = SettingScope::Service(name.clone());
            sink.stated(Claim::Setting(Setting { scope, key: key.clone(), value, profile: None }), at);
        };
        for (key, node) in variables.entries() {
            let text = node.text().or_else(|| node.text_at(&["value"]));
            state(&key.text, text, entry_span(key, node));
        }
        for item in variables.items() {
            if let Some((key, named)) = item.entry("name")
                && let Some(named) = named.text()
            {
                state(named, item.text_at(&["value"]), super::tree::join(key.span, item.span));
            }
        }
    }
}

/// `repository:tag` in one text or in parts.
fn image(node: &Node) -> Option<Value> {
    match &node.value {
        Data::Scalar(..) => node.text().map(|t| template::value(t)),
        Data::Map(_) => {
            let repository = node.text_at(&["repository"]).or_else(|| node.text_at(&["name"]))?;
            let mut out = match node.text_at(&["registry"]) {
                Some(registry) => template::value(registry).then("/".into()),
                None => Value::default(),
            };
            out.push(template::value(repository));
            if let Some(tag) = node.text_at(&["tag"]) {
                out.push(Value::text(":").then(template::value(tag)));
            }
            Some(out)
        }
        Data::List(_) => None,
    }
}

/// Named templates of one line: what `include "name"` comes to.
fn helpers(file: &File<'_>, sink: &mut Sink) {
    let lines = Lines::new(file.text);
    for (start, name, body) in template::definitions(file.text) {
        // By convention a `fullname` is the chart's name, whatever its branches say.
        if name.ends_with(".fullname") {
            continue;
        }
        if let Some(value) = template::body(body) {
            let constant = Constant { symbol: format_smolstr!("include/{name}"), value };
            sink.stated(Claim::Constant(constant), lines.span(start, start));
        } else {
            variables(&name, body, lines.span(start, start).line, sink);
        }
    }
}

/// A named template that prints entries of a container's environment: a group of settings that is called like it.
fn variables(template: &SmolStr, body: &str, first: u32, sink: &mut Sink) {
    let assigned = template::variables(body);
    let mut open: Option<SmolStr> = None;
    for (line, text) in body.lines().enumerate().take(MAX_VARIABLES) {
        let text = text.trim();
        if let Some(name) = text.strip_prefix("- name:") {
            open = Some(plain(name).into()).filter(|n: &SmolStr| !n.is_empty() && !n.contains(['{', ' ']));
        } else if let (Some(value), Some(key)) = (text.strip_prefix("value:"), &open) {
            let written = template::substituted(plain(value), &assigned);
            let scope = SettingScope::Group(format_smolstr!("include/{template}"));
            let value = secret::setting(key, template::value(&written));
            let setting = Setting { scope, key: key.clone(), value, profile: None };
            sink.stated(Claim::Setting(setting), Span::at(first + line as u32, 1));
            open = None;
        }
    }
}

/// A scalar without its quotes; those within an action are the action's.
fn plain(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}
