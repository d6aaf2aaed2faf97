//! Nomad jobs, and bake files.

use super::{environment, name, value};
use crate::config::tree::{Key, Node};
use crate::config::{hcl, template};
use crate::{File, Sink};
use seam_facts::{Build, Claim, Deployment, Service, Value};

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    // A template of such a file is broken where its actions stand; that is no fault of its author.
    let root = match template::is_templated(file.text) {
        true => hcl::document(file.text, &mut Sink::default()),
        false => hcl::document(file.text, sink),
    };
    let Some(root) = root else { return };
    for (kind, body) in root.entries() {
        match kind.text.as_str() {
            "job" => {
                for (label, job) in body.entries() {
                    let tasks: Vec<(&Node, &Key, &Node)> = blocks(job, "group")
                        .flat_map(|(_, group)| blocks(group, "task").map(move |(label, task)| (group, label, task)))
                        .collect();
                    for (group, own, task) in &tasks {
                        // What registers nowhere is called as its job, if that is all there is.
                        self::task(group, if tasks.len() == 1 { label } else { own }, task, sink);
                    }
                }
            }
            "target" => body.entries().for_each(|(key, target)| bake(target, key.span, sink)),
            _ => {}
        }
    }
}

/// Blocks of a type, with their labels as keys.
fn blocks<'a>(node: &'a Node, kind: &'a str) -> impl Iterator<Item = (&'a Key, &'a Node)> {
    node.entries().filter(move |(k, _)| k.text == kind).flat_map(|(_, named)| named.entries())
}

fn task(group: &Node, label: &Key, task: &Node, sink: &mut Sink) {
    let config = task.get("config");
    let services: Vec<&Node> = [group, task]
        .into_iter()
        .flat_map(|n| n.entries().filter(|(k, _)| k.text == "service").map(|(_, s)| s))
        .collect();
    let registered = services.iter().find_map(|s| s.entry("name").and_then(|(k, n)| Some((k.span, name(n)?))));
    let (at, named) = registered.unwrap_or_else(|| (label.span, label.text.clone()));
    let mut service = Service::new(named.clone(), Deployment::Nomad);
    service.image = config.and_then(|c| c.get("image")).and_then(value);
    service.hostnames.extend(services.iter().skip(1).filter_map(|s| name(s.get("name")?)));
    // What runs before the others or beside them.
    service.auxiliary = task.get("lifecycle").is_some();
    service.health_check = services.iter().any(|s| s.get("check").is_some());
    sink.stated(Claim::Service(service), at);
    if let Some(variables) = task.get("env") {
        environment(&named, variables, sink);
    }
}

/// A target of a bake file: which folder makes which image.
fn bake(target: &Node, at: seam_facts::Span, sink: &mut Sink) {
    let image = target.get("tags").into_iter().flat_map(Node::items).find_map(value);
    let context = target.get("context").and_then(value);
    if image.is_some() || context.is_some() {
        let context = Some(context.unwrap_or_else(|| Value::text(".")));
        sink.stated(Claim::Build(Build { image, context, ..Build::default() }), at);
    }
}
