//! What a front end's development server forwards, where a data file says so: `proxy` of `package.json`, Angular's
//! `proxy.conf.json`. See `devproxy.md`.

use super::json;
use super::tree::Node;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, DEVELOPMENT_SERVER, Protocol, Route, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dev-proxy",
    version: 1,
    page: include_str!("devproxy.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    let angular = file.name().starts_with("proxy.") && file.name().ends_with(".json");
    (angular || file.name() == "package.json") && !file.path.contains("node_modules/")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    // The manifest's own extractor tells what is broken.
    let mut quiet = Sink::default();
    let Some(root) = json::document(file.text, &mut quiet) else {
        return;
    };
    if file.name() != "package.json" {
        return rules(&root, sink);
    }
    let Some((key, proxy)) = root.entry("proxy") else {
        return;
    };
    match proxy.text() {
        Some(target) => route("/", target, key.span, sink),
        None => rules(proxy, sink),
    }
}

/// `{ "/api": { "target": … } }` and `[{ "context": ["/api"], "target": … }]`.
fn rules(rules: &Node, sink: &mut Sink) {
    for (path, rule) in rules.entries() {
        if let Some(target) = rule.text().or_else(|| rule.get("target")?.text()) {
            route(&path.text, target, path.span, sink);
        }
    }
    for rule in rules.items() {
        let Some((key, target)) = rule.entry("target") else { continue };
        let Some(target) = target.text() else { continue };
        for path in rule.get("context").map(Node::texts).unwrap_or_default() {
            route(&path, target, key.span, sink);
        }
    }
}

fn route(path: &str, target: &SmolStr, at: Span, sink: &mut Sink) {
    if !target.contains(['/', ':', '.']) {
        return;
    }
    let path = Value::text(path.trim_start_matches('^'));
    let target = Value::text(target.clone());
    let claim = Route { protocol: Protocol::Http, path, target, via: Some(DEVELOPMENT_SERVER.into()) };
    sink.inferred(Claim::Route(claim), at);
}
