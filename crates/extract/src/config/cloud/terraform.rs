//! Terraform: containers and functions of the usual providers, and variables.

use super::{environment, name, port, set, unknown, value};
use crate::config::charts::Release;
use crate::config::tree::{Data, Key, Node};
use crate::config::{hcl, json, secret};
use crate::{File, Sink};
use seam_facts::{Claim, Constant, Deployment, Service, Setting, SettingScope, SmolStr, Span, Value, format_smolstr};

pub(super) fn resources(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = hcl::document(file.text, sink) else {
        return;
    };
    for (kind, body) in root.entries() {
        match kind.text.as_str() {
            "variable" => {
                for (variable, body) in body.entries() {
                    if let Some((key, default)) = body.entry("default").filter(|(_, d)| d.text().is_some()) {
                        state_variable(&format_smolstr!("var.{}", variable.text), default, key.span, sink);
                    }
                }
            }
            "locals" => {
                for (key, node) in body.entries().filter(|(_, n)| n.text().is_some()) {
                    state_variable(&format_smolstr!("local.{}", key.text), node, key.span, sink);
                }
            }
            "resource" => {
                for (kind, instances) in body.entries() {
                    for (label, body) in instances.entries() {
                        resource(&kind.text, body, sink);
                        addresses(&format_smolstr!("{}.{}", kind.text, label.text), &kind.text, body, sink);
                    }
                }
            }
            _ => {}
        }
    }
}

pub(super) fn variables(file: &File<'_>, sink: &mut Sink) {
    for (key, node) in hcl::document(file.text, sink).iter().flat_map(Node::entries).filter(|(_, n)| n.text().is_some())
    {
        state_variable(&format_smolstr!("var.{}", key.text), node, key.span, sink);
    }
}

fn state_variable(key: &SmolStr, node: &Node, at: Span, sink: &mut Sink) {
    // Documents and policies are data.
    if node.text().is_none_or(|t| t.contains('\n')) {
        return;
    }
    let value = secret::setting(key, value(node).unwrap_or_default());
    sink.stated(Claim::Setting(Setting { scope: SettingScope::App, key: key.clone(), value, profile: None }), at);
}

fn resource(kind: &str, body: &Node, sink: &mut Sink) {
    match kind {
        "aws_ecs_task_definition" => ecs(body, sink),
        "google_cloud_run_service" | "google_cloud_run_v2_service" | "google_cloud_run_v2_job" => {
            let template = body.get("template");
            let spec = template.and_then(|t| t.get("spec").or_else(|| t.get("template"))).or(template);
            container(body.entry("name"), spec.and_then(|s| s.get("containers")), sink);
        }
        "azurerm_container_app" => container(body.entry("name"), body.path(&["template", "container"]), sink),
        "kubernetes_deployment"
        | "kubernetes_deployment_v1"
        | "kubernetes_stateful_set"
        | "kubernetes_stateful_set_v1" => {
            let named = body.get("metadata").and_then(|m| m.entry("name"));
            container(named, body.path(&["spec", "template", "spec", "container"]), sink);
        }
        "docker_container" => container(body.entry("name"), Some(body), sink),
        "helm_release" => {
            let text = |key: &str| body.get(key).and_then(value).and_then(|v| v.as_text());
            let (Some((key, _)), Some(chart)) = (body.entry("name"), text("chart")) else { return };
            let fetched = body.get("repository").is_some() || chart.contains('/');
            let (name, namespace) = (text("name"), text("namespace"));
            let release = Release { name: name.as_deref(), chart: &chart, alias: None, owner: None, namespace };
            if let Some(service) = release.service().filter(|_| fetched) {
                sink.stated(Claim::Service(service), key.span);
            }
        }
        "aws_lambda_function" => {
            let mut service = Service::new("", Deployment::Terraform);
            let Some((key, named)) = body.entry("function_name").and_then(|(k, n)| Some((k, name(n)?))) else {
                return;
            };
            service.name = named.clone();
            service.image = body.get("image_uri").and_then(value);
            sink.stated(Claim::Service(service), key.span);
            if let Some(variables) = body.path(&["environment", "variables"]) {
                environment(&named, variables, sink);
            }
        }
        _ => {}
    }
}

/// Attributes by which other resources know where one answers, which the platform makes from its name.
const ADDRESSES: &[(&str, &[&str])] = &[
    ("google_cloud_run_v2_service", &["uri", "urls[0]"]),
    ("google_cloud_run_service", &["status[0].url", "status.0.url"]),
    ("azurerm_container_app", &["ingress[0].fqdn", "ingress.0.fqdn", "latest_revision_fqdn"]),
    ("docker_container", &["hostname"]),
    ("kubernetes_service", &["metadata[0].name", "metadata.0.name"]),
    ("kubernetes_service_v1", &["metadata[0].name", "metadata.0.name"]),
    ("aws_service_discovery_service", &[]),
];

fn addresses(symbol: &str, kind: &str, body: &Node, sink: &mut Sink) {
    let Some((_, attributes)) = ADDRESSES.iter().find(|(k, _)| *k == kind) else { return };
    let named = body.entry("name").or_else(|| body.get("metadata").and_then(|m| m.entry("name")));
    let Some((key, called)) = named.and_then(|(k, n)| Some((k, name(n)?))) else { return };
    for attribute in attributes.iter().chain(&["name"]) {
        let url = matches!(attribute.rsplit('.').next(), Some("uri" | "url" | "urls[0]"));
        let value = if url { format_smolstr!("http://{called}") } else { called.clone() };
        let constant = Constant { symbol: format_smolstr!("{symbol}.{attribute}"), value: Value::text(value) };
        sink.stated(Claim::Constant(constant), key.span);
    }
}

/// A container block: image, ports, environment blocks.
fn container(named: Option<(&Key, &Node)>, container: Option<&Node>, sink: &mut Sink) {
    let (Some((key, named)), Some(container)) = (named.and_then(|(k, n)| Some((k, name(n)?))), container) else {
        return;
    };
    let mut service = Service::new(named.clone(), Deployment::Terraform);
    service.image = container.get("image").and_then(value).filter(|v| !unknown(v));
    for (block, attribute) in [("ports", "container_port"), ("port", "container_port"), ("ports", "internal")] {
        for (_, ports) in container.entries().filter(|(k, _)| k.text == block) {
            service.ports.extend(port(ports.get(attribute)));
        }
    }
    sink.stated(Claim::Service(service), key.span);
    for (_, block) in container.entries().filter(|(k, _)| k.text == "env") {
        match (block.entry("name"), block.get("value")) {
            (Some((at, variable)), held) if variable.text().is_some() => {
                let held = held.and_then(value).unwrap_or_else(|| seam_facts::Value::opaque("…"));
                set(&named, variable.text().map_or("", SmolStr::as_str), held, at.span, sink);
            }
            _ if matches!(block.value, Data::List(_) | Data::Map(_)) => environment(&named, block, sink),
            _ => {}
        }
    }
}

/// Container definitions, as an encoded list or as JSON text.
fn ecs(body: &Node, sink: &mut Sink) {
    let Some((key, definitions)) = body.entry("container_definitions") else {
        return;
    };
    let parsed = match definitions.text() {
        Some(text) if text.trim_start().starts_with('[') => json::document(text, &mut Sink::default()),
        _ => None,
    };
    // JSON within text has lines of its own; the attribute's place stands for them.
    let moved = parsed.is_some();
    for definition in parsed.as_ref().unwrap_or(definitions).items() {
        let Some((at, named)) = definition.entry("name").and_then(|(k, n)| Some((k.span, name(n)?))) else {
            continue;
        };
        let mut service = Service::new(named.clone(), Deployment::Terraform);
        service.image = definition.get("image").and_then(value).filter(|v| !unknown(v));
        for mapping in definition.get("portMappings").into_iter().flat_map(Node::items) {
            service.ports.extend(port(mapping.get("containerPort")));
        }
        sink.stated(Claim::Service(service), if moved { key.span } else { at });
        for variable in definition.get("environment").into_iter().flat_map(Node::items) {
            if let (Some((at, name)), held) = (variable.entry("name"), variable.get("value")) {
                let held = held.and_then(value).unwrap_or_default();
                let at = if moved { key.span } else { at.span };
                set(&named, name.text().map_or("", SmolStr::as_str), held, at, sink);
            }
        }
    }
}
