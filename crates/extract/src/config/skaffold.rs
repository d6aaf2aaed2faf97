//! Skaffold and Helmfile: which folder makes which image, what is deployed together, and releases of published charts. See `skaffold.md`.

use super::charts::Release;
use super::tree::Node;
use super::{template, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Build, Claim, Deployment, Profile, SmolStr, Value};

pub static EXTRACTOR: Extractor =
    Extractor { id: "skaffold", version: 2, page: include_str!("skaffold.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let yaml = matches!(file.extension().as_str(), "yaml" | "yml");
    yaml && (file.name().contains("skaffold") || file.name().contains("helmfile"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    for document in yaml::documents(file.text, sink) {
        // Helmfile lists its releases at the top.
        for release in document.get("releases").into_iter().flat_map(Node::items) {
            released(release, "chart", sink);
        }
        let profiles = document.get("profiles").into_iter().flat_map(Node::items);
        for section in std::iter::once(&document).chain(profiles) {
            artifacts(section, sink);
            deployed(section, sink);
        }
    }
}

fn artifacts(section: &Node, sink: &mut Sink) {
    for artifact in section.path(&["build", "artifacts"]).into_iter().flat_map(Node::items) {
        let Some((key, image)) = artifact.entry("image") else {
            continue;
        };
        let context = artifact.text_at(&["context"]).or_else(|| artifact.text_at(&["workspace"]));
        // Jib builds one project of several below its context.
        let project = artifact.text_at(&["jib", "project"]);
        let context = match (context, project) {
            (Some(context), Some(project)) => Value::text(format!("{}/{project}", context.trim_end_matches('/'))),
            (None, Some(project)) => Value::text(project.clone()),
            (context, None) => context.map_or_else(|| Value::text("."), |c| template::value(c)),
        };
        let build =
            Build { image: image.text().map(|i| template::value(i)), context: Some(context), ..Build::default() };
        sink.stated(Claim::Build(build), key.span);
    }
}

/// A release of a published chart.
fn released(release: &Node, chart: &str, sink: &mut Sink) {
    let Some((key, chart)) = release.entry(chart).and_then(|(k, n)| Some((k, n.text()?))) else { return };
    let name = release.text_at(&["name"]).map(SmolStr::as_str);
    let namespace = release.text_at(&["namespace"]).filter(|n| !n.contains("{{")).cloned();
    let release = Release { name, chart, alias: None, owner: None, namespace };
    if let Some(service) = release.service() {
        sink.stated(Claim::Service(service), key.span);
    }
}

fn deployed(section: &Node, sink: &mut Sink) {
    let mut includes: Vec<SmolStr> = Vec::new();
    let mut at = None;
    for path in [
        &["manifests", "rawYaml"][..],
        &["manifests", "kustomize", "paths"],
        &["deploy", "kubectl", "manifests"],
        &["deploy", "kustomize", "paths"],
    ] {
        let list = section.path(path).into_iter().flat_map(Node::items);
        for item in list {
            at = at.or(Some(item.span));
            includes.extend(item.text().cloned());
        }
    }
    for releases in [&["deploy", "helm", "releases"][..], &["manifests", "helm", "releases"]] {
        for release in section.path(releases).into_iter().flat_map(Node::items) {
            at = at.or(Some(release.span));
            includes.extend(release.text_at(&["chartPath"]).cloned());
            includes.extend(release.get("valuesFiles").map(Node::texts).unwrap_or_default());
            released(release, "remoteChart", sink);
        }
    }
    for required in section.get("requires").into_iter().flat_map(Node::items) {
        at = at.or(Some(required.span));
        includes.extend(required.text_at(&["path"]).cloned());
    }
    if let Some(at) = at {
        let named = section.text_at(&["metadata", "name"]).or_else(|| section.text_at(&["name"]));
        sink.stated(Claim::Profile(Profile { deployment: Deployment::Kubernetes, name: named.cloned(), includes }), at);
    }
}
