//! Functions as a service: the Serverless framework and AWS SAM.

use super::{set, shell};
use crate::config::tree::{Node, entry_span};
use crate::config::yaml;
use crate::{File, Sink};
use seam_facts::{Claim, Deployment, Endpoint, Protocol, Service, SmolStr, Source, Span, Value};

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    if root.get("functions").is_some() {
        serverless(&root, sink);
    } else if root.get("Resources").is_some() {
        sam(&root, sink);
    }
}

fn variables(service: &SmolStr, environment: Option<&Node>, sink: &mut Sink) {
    for (key, node) in environment.into_iter().flat_map(Node::entries) {
        let text = node.text().map(|t| shell(&t.replace("${env:", "${")));
        set(service, &key.text, text.unwrap_or_else(|| Value::opaque("…")), entry_span(key, node), sink);
    }
}

/// All functions of one file are one service.
fn serverless(root: &Node, sink: &mut Sink) {
    let Some((key, name)) = root.entry("service") else {
        return;
    };
    let Some(name) = name.text().or_else(|| name.text_at(&["name"])).cloned() else {
        return;
    };
    let mut service = Service::new(name.clone(), Deployment::Serverless);
    service.source = Some(Source { context: Value::text("."), ..Source::default() });
    sink.stated(Claim::Service(service), key.span);
    variables(&name, root.path(&["provider", "environment"]), sink);
    for (_, function) in root.get("functions").into_iter().flat_map(Node::entries) {
        variables(&name, function.get("environment"), sink);
        let handler = function.text_at(&["handler"]).cloned().unwrap_or_default();
        for event in function.get("events").into_iter().flat_map(Node::items) {
            for (kind, held) in event.entries().filter(|(k, _)| matches!(k.text.as_str(), "http" | "httpApi")) {
                let short = held.text().and_then(|t| t.split_once(' '));
                let method = held.text_at(&["method"]).map(SmolStr::as_str).or(short.map(|(m, _)| m));
                let path = held.text_at(&["path"]).map(SmolStr::as_str).or(short.map(|(_, p)| p));
                if let Some(path) = path {
                    endpoint(method, path, &handler, kind.span, sink);
                }
            }
        }
    }
}

/// Each function of a SAM template is a service.
fn sam(root: &Node, sink: &mut Sink) {
    let common = root.path(&["Globals", "Function", "Environment", "Variables"]);
    for (key, resource) in root.get("Resources").into_iter().flat_map(Node::entries) {
        if resource.text_at(&["Type"]).is_none_or(|t| t != "AWS::Serverless::Function") {
            continue;
        }
        let Some(properties) = resource.get("Properties") else {
            continue;
        };
        let mut service = Service::new(key.text.clone(), Deployment::Serverless);
        service.hostnames.extend(properties.text_at(&["FunctionName"]).cloned());
        service.image = properties.text_at(&["ImageUri"]).map(|i| Value::text(i.clone()));
        let code = properties.text_at(&["CodeUri"]);
        service.source = code.map(|c| Source { context: Value::text(c.clone()), ..Source::default() });
        sink.stated(Claim::Service(service), key.span);
        variables(&key.text, common, sink);
        variables(&key.text, properties.path(&["Environment", "Variables"]), sink);
        let handler = properties.text_at(&["Handler"]).cloned().unwrap_or_default();
        for (_, event) in properties.get("Events").into_iter().flat_map(Node::entries) {
            if let Some((at, path)) = event.get("Properties").and_then(|p| p.entry("Path"))
                && let Some(path) = path.text()
            {
                let method = event.text_at(&["Properties", "Method"]).map(SmolStr::as_str);
                endpoint(method, path, &handler, at.span, sink);
            }
        }
    }
}

fn endpoint(method: Option<&str>, path: &str, handler: &SmolStr, at: Span, sink: &mut Sink) {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method: method.map(str::to_ascii_uppercase).filter(|m| m != "ANY" && m != "*").map(SmolStr::from),
        path: Value::text(path.replace("+}", "}")),
        handler: handler.clone(),
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}
