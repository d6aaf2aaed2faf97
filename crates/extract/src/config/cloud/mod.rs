//! What infrastructure code runs: Terraform, Nomad, bake files, Serverless and SAM. See `cloud.md`.

mod functions;
mod nomad;
mod terraform;

use super::interpolate::{self, Dollar};
use super::secret;
use super::tree::{Node, entry_span, join};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Hole, Part, Port, Setting, SettingScope, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor =
    Extractor { id: "cloud", version: 2, page: include_str!("cloud.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    match file.extension().as_str() {
        "tf" | "tfvars" | "hcl" | "nomad" => !name.starts_with('.'),
        "yml" | "yaml" => {
            name.starts_with("serverless")
                || (matches!(name, "template.yaml" | "template.yml" | "sam.yaml" | "sam.yml")
                    && (file.text.is_empty() || file.text.contains("AWS::Serverless")))
        }
        _ => false,
    }
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    match file.extension().as_str() {
        "tf" => terraform::resources(file, sink),
        "tfvars" => terraform::variables(file, sink),
        "hcl" | "nomad" => nomad::extract(file, sink),
        _ => functions::extract(file, sink),
    }
}

/// Text with `${var.x}` as the configuration key `var.x`, and other expressions as references.
fn value(node: &Node) -> Option<Value> {
    let text = node.text()?;
    let mut out = Value::default();
    let mut rest = text.as_str();
    while let Some((before, from)) = rest.split_once("${") {
        out.push_text(before);
        let Some((inner, after)) = from.split_once('}') else {
            return Some(out.then(Value::opaque(from)));
        };
        let inner = inner.trim();
        let path = inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']'));
        out.push(match inner.strip_prefix("env:") {
            Some(name) => Value::env(name, None),
            None if inner.starts_with("var.") || inner.starts_with("local.") => Value::config(inner, None),
            None if path => Value::reference(inner),
            None => Value::opaque(inner),
        });
        rest = after;
    }
    out.push_text(rest);
    Some(out)
}

/// A name without holes. What only variables know would be a name that nobody calls.
fn name(node: &Node) -> Option<SmolStr> {
    let value = value(node)?;
    interpolate::with_defaults(&value).filter(|n| !n.is_empty())
}

fn port(node: Option<&Node>) -> Option<Port> {
    Some(Port { name: None, published: None, target: Some(value(node?)?), line: 0 })
}

/// One variable of a service's environment.
fn set(service: &SmolStr, key: &str, value: Value, at: Span, sink: &mut Sink) {
    let value = secret::setting(key, value);
    let scope = SettingScope::Service(service.clone());
    sink.stated(Claim::Setting(Setting { scope, key: key.into(), value, profile: None }), at);
}

/// Environment as a map, or as a list of `name` and `value` (or of `K=V`).
fn environment(service: &SmolStr, node: &Node, sink: &mut Sink) {
    for (key, node) in node.entries() {
        set(service, &key.text, value(node).unwrap_or_else(|| Value::opaque("…")), entry_span(key, node), sink);
    }
    for item in node.items() {
        if let Some((key, named)) = item.entry("name")
            && let Some(named) = named.text()
        {
            let value = item.get("value").or_else(|| item.get("valueFrom")).and_then(value);
            set(service, named, value.unwrap_or_else(|| Value::opaque("…")), join(key.span, item.span), sink);
        } else if let Some((key, text)) = item.text().and_then(|t| t.split_once('=')) {
            let value =
                value(&Node { value: super::tree::Data::Scalar(text.into(), Default::default()), ..item.clone() });
            set(service, key, value.unwrap_or_default(), item.span, sink);
        }
    }
}

/// Whether nothing of a value is known.
fn unknown(value: &Value) -> bool {
    value.parts.iter().all(|p| matches!(p, Part::Hole(Hole::Opaque(_) | Hole::Ref(_))))
}

/// `${VAR}` of the process environment in other formats.
fn shell(text: &str) -> Value {
    secret::clean(interpolate::env(text, Dollar::Doubled))
}
