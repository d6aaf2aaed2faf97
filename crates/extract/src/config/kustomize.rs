//! Kustomize. See `kustomize.md`.

use super::charts::Release;
use super::tree::{Node, entry_span};
use super::{dotenv, secret, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Deployment, Profile, Setting, SettingScope, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "kustomize",
    version: 2,
    page: include_str!("kustomize.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    matches!(file.name(), "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    let mut includes: Vec<SmolStr> = Vec::new();
    let mut at = None;
    for key in ["bases", "resources", "components", "patchesStrategicMerge", "patches", "patchesJson6902", "generators"]
    {
        let Some((name, list)) = root.entry(key) else {
            continue;
        };
        let paths = list.items().filter_map(|i| i.text().or_else(|| i.text_at(&["path"])));
        // A patch may stand in the list itself, and a resource may be fetched.
        let before = includes.len();
        includes.extend(paths.filter(|p| !p.contains('\n') && !p.contains("://")).cloned());
        if includes.len() > before {
            at = at.or(Some(name.span));
        }
    }
    if let Some(at) = at {
        let name = root.text_at(&["nameSuffix"]).or_else(|| root.text_at(&["namespace"])).cloned();
        sink.stated(Claim::Profile(Profile { deployment: Deployment::Kubernetes, name, includes }), at);
    }
    for chart in root.get("helmCharts").into_iter().flat_map(Node::items) {
        let Some((key, name)) = chart.entry("name").and_then(|(k, n)| Some((k, n.text()?))) else { continue };
        let release = Release {
            name: chart.text_at(&["releaseName"]).or(Some(name)).map(SmolStr::as_str),
            chart: name,
            alias: None,
            owner: None,
            namespace: chart.text_at(&["namespace"]).cloned(),
        };
        let fetched = chart.get("repo").is_some();
        if let Some(service) = release.service().filter(|_| fetched) {
            sink.stated(Claim::Service(service), key.span);
        }
    }
    for (key, hidden) in [("configMapGenerator", false), ("secretGenerator", true)] {
        for generator in root.get(key).into_iter().flat_map(Node::items) {
            generate(generator, hidden, sink);
        }
    }
}

/// A group of settings made from literals, dotenv files and files.
fn generate(generator: &Node, hidden: bool, sink: &mut Sink) {
    let Some(group) = generator.text_at(&["name"]) else {
        return;
    };
    let mut state = |key: &str, value: Value, at: Span| {
        let value = if hidden { secret::hide(value) } else { secret::setting(key, value) };
        let scope = SettingScope::Group(group.clone());
        sink.stated(Claim::Setting(Setting { scope, key: key.into(), value, profile: None }), at);
    };
    for item in generator.get("literals").into_iter().flat_map(Node::items) {
        for (key, value, _) in item.text().map(|t| dotenv::entries(t)).unwrap_or_default() {
            state(&key, value, item.span);
        }
    }
    // Files are not seen from here: the value says which.
    let envs = generator.get("envs").into_iter().flat_map(Node::items).filter_map(|i| Some((i.text()?, i.span)));
    let env = generator.entry("env").and_then(|(k, n)| Some((n.text()?, entry_span(k, n))));
    for (path, at) in envs.chain(env) {
        state("*", Value::reference(format_smolstr!("dotenv/{path}")), at);
    }
    for item in generator.get("files").into_iter().flat_map(Node::items) {
        let Some(text) = item.text() else {
            continue;
        };
        let (key, path) = text.split_once('=').unwrap_or_else(|| (text.rsplit('/').next().unwrap_or(text), text));
        state(key, Value::reference(format_smolstr!("file/{path}")), item.span);
    }
}
