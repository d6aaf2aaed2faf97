//! Avro schemas and JSON Schema documents: records with their fields. See `records.md`.
//!
//! Invariant: a document says itself what it is, by its ending or by `$schema`; types are written as the document writes them.

use crate::config::json;
use crate::config::tree::Node;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Shape, ShapeField, ShapeKind, SmolStr, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "records", version: 1, page: include_str!("records.md"), reads: Reads::Files { wants, extract } };

/// Records of records that are followed.
const MAX_DEPTH: usize = 8;

fn wants(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "avsc" | "json")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if file.extension() == "avsc" {
        if let Some(root) = json::document(file.text, sink) {
            record(&root, "", MAX_DEPTH, sink);
        }
        return;
    }
    let head = file.text.get(..file.text.len().min(2_000)).unwrap_or(file.text);
    if !head.contains("\"$schema\"") || !head.contains("json-schema.org") {
        return;
    }
    let Some(root) = json::document(file.text, sink) else { return };
    if !root.text_at(&["$schema"]).is_some_and(|s| s.contains("json-schema.org")) {
        return;
    }
    let name = root.text_at(&["$id"]).or_else(|| root.text_at(&["title"])).cloned();
    let name = name.unwrap_or_else(|| file.name().into());
    objects(&name, &root, sink);
}

/// The document itself, and what it defines.
pub(super) fn objects(name: &str, root: &Node, sink: &mut Sink) {
    object(name, root, sink);
    for key in ["definitions", "$defs"] {
        for (defined, node) in root.get(key).into_iter().flat_map(Node::entries) {
            object(&defined.text, node, sink);
        }
    }
}

/// One schema of JSON Schema, as OpenAPI has them too.
pub(super) fn object(name: &str, node: &Node, sink: &mut Sink) {
    let values: Vec<SmolStr> =
        node.get("enum").into_iter().flat_map(Node::items).filter_map(Node::text).cloned().collect();
    let mut fields = Vec::new();
    let required: Vec<SmolStr> = node.get("required").map(Node::texts).unwrap_or_default();
    properties(node, &required, &mut fields);
    for part in node.get("allOf").into_iter().flat_map(Node::items) {
        let more: Vec<SmolStr> = part.get("required").map(Node::texts).unwrap_or_default();
        properties(part, &more, &mut fields);
    }
    if fields.is_empty() && values.is_empty() {
        return;
    }
    let kind = if fields.is_empty() { ShapeKind::Enum } else { ShapeKind::Message };
    let shape = Shape { name: name.into(), kind, fields, values, open: false, supers: Vec::new() };
    sink.stated(Claim::Shape(shape), node.span);
}

fn properties(node: &Node, required: &[SmolStr], out: &mut Vec<ShapeField>) {
    for (key, value) in node.get("properties").into_iter().flat_map(Node::entries) {
        let name = SmolStr::from(key.text.as_str());
        let required = Some(required.contains(&name));
        out.push(ShapeField { ty: ty(value), name, required, number: None, line: key.span.line });
    }
}

/// `string`, `string(date-time)`, `[Item]`, `Money`, `a|b` for an enumeration's values.
fn ty(node: &Node) -> SmolStr {
    if let Some(reference) = node.text_at(&["$ref"]) {
        return reference.rsplit('/').next().unwrap_or(reference).into();
    }
    let values = node.get("enum").map(Node::texts).unwrap_or_default();
    if !values.is_empty() {
        return values.join("|").into();
    }
    if let Some(items) = node.get("items") {
        return format_smolstr!("[{}]", ty(items));
    }
    let names = node.get("type").map(|t| if t.is_list() { t.texts() } else { t.text().cloned().into_iter().collect() });
    let name = names.unwrap_or_default().into_iter().filter(|t| t != "null").collect::<Vec<_>>().join("|");
    match node.text_at(&["format"]) {
        Some(format) => format_smolstr!("{name}({format})"),
        None => name.into(),
    }
}

/// An Avro type; a record's fields carry records of their own.
fn record(node: &Node, around: &str, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    if node.is_list() {
        node.items().for_each(|n| record(n, around, depth - 1, sink));
        return;
    }
    let namespace = node.text_at(&["namespace"]).map_or(around, SmolStr::as_str).to_owned();
    let full = |name: &str| match namespace.as_str() {
        "" => SmolStr::from(name),
        _ if name.contains('.') => SmolStr::from(name),
        space => format_smolstr!("{space}.{name}"),
    };
    let name = node.text_at(&["name"]).map(|n| full(n));
    match (node.text_at(&["type"]).map(SmolStr::as_str), name) {
        (Some("record" | "error"), Some(name)) => {
            let mut fields = Vec::new();
            for field in node.get("fields").into_iter().flat_map(Node::items) {
                let Some(own) = field.text_at(&["name"]) else { continue };
                // Without a default a reader refuses data in which the field is missing.
                let required = Some(field.get("default").is_none());
                let ty = field.get("type").map(written).unwrap_or_default();
                fields.push(ShapeField { name: own.clone(), ty, required, number: None, line: field.span.line });
                if let Some(inner) = field.get("type").filter(|t| t.text().is_none()) {
                    nested(inner, &namespace, depth - 1, sink);
                }
            }
            let shape =
                Shape { name, kind: ShapeKind::Message, fields, values: Vec::new(), open: false, supers: Vec::new() };
            sink.stated(Claim::Shape(shape), node.span);
        }
        (Some("enum"), Some(name)) => {
            let values = node.get("symbols").map(Node::texts).unwrap_or_default();
            let shape =
                Shape { name, kind: ShapeKind::Enum, fields: Vec::new(), values, open: false, supers: Vec::new() };
            sink.stated(Claim::Shape(shape), node.span);
        }
        _ => {}
    }
}

fn nested(node: &Node, around: &str, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    for part in node.items() {
        nested(part, around, depth - 1, sink);
    }
    for key in ["items", "values"] {
        node.get(key).into_iter().for_each(|n| nested(n, around, depth - 1, sink));
    }
    if node.is_map() {
        record(node, around, depth - 1, sink);
    }
}

/// An Avro type in one line: `["null", "string"]` is `null|string`.
fn written(node: &Node) -> SmolStr {
    if let Some(text) = node.text() {
        return text.rsplit('.').next().unwrap_or(text).into();
    }
    if node.is_list() {
        return node.items().map(written).collect::<Vec<_>>().join("|").into();
    }
    let inner = |key: &str| node.get(key).map(written).unwrap_or_default();
    match node.text_at(&["type"]).map(SmolStr::as_str) {
        Some("array") => format_smolstr!("[{}]", inner("items")),
        Some("map") => format_smolstr!("map<{}>", inner("values")),
        Some("record" | "enum" | "fixed") => node.text_at(&["name"]).cloned().unwrap_or_default(),
        Some(other) => node.text_at(&["logicalType"]).map_or(other.into(), |l| format_smolstr!("{other}({l})")),
        None => SmolStr::default(),
    }
}
