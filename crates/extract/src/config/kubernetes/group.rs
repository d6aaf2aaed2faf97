//! ConfigMaps and Secrets: named groups of settings. Files within a ConfigMap are settings too, by their own keys.

use super::{Cx, Named, spread, value};
use crate::Sink;
use crate::config::tree::{Node, entry_span};
use crate::config::{properties, secret as secrets, template, yaml};
use seam_facts::{Claim, Setting, SettingScope, SmolStr, Span, Value, format_smolstr};

/// Settings taken from one embedded file.
const MAX_EMBEDDED: usize = 2_000;
/// Bytes of an embedded JSON file that are still taken for configuration.
const MAX_JSON: usize = 8_000;

pub(super) fn config_map(cx: &Cx<'_>, named: &Named<'_>, sink: &mut Sink) {
    if let Some((key, data)) = named.object.entry("data") {
        for path in spread(cx, key, data) {
            state(&named.name, "*", Value::reference(path), key.span, sink);
        }
    }
    for (key, node) in named.object.get("data").into_iter().flat_map(Node::entries) {
        let Some(text) = node.text().filter(|_| !key.text.trim_start().starts_with("{{")) else {
            continue;
        };
        if text.trim_end().contains('\n') {
            let count = text.lines().count();
            state(&named.name, &key.text, Value::opaque(format_smolstr!("{count} lines")), key.span, sink);
            embedded(&named.name, &key.text, node, text, sink);
        } else {
            state(&named.name, &key.text, value(node).unwrap_or_default(), entry_span(key, node), sink);
        }
    }
}

pub(super) fn secret(named: &Named<'_>, sink: &mut Sink) {
    let mut all = |path: &[&str], hide: fn(Value) -> Value| {
        for (key, node) in named.object.path(path).into_iter().flat_map(Node::entries) {
            let scope = SettingScope::Group(named.name.clone());
            let value = hide(value(node).unwrap_or_default());
            let setting = Setting { scope, key: template::name(&key.text), value, profile: None };
            sink.stated(Claim::Setting(setting), entry_span(key, node));
        }
    };
    all(&["data"], secrets::hide_encoded);
    all(&["stringData"], secrets::hide);
    // What is sealed says nothing, whatever it looks like.
    all(&["spec", "encryptedData"], |_| Value::text(secrets::MASKED));
}

fn state(group: &SmolStr, key: &str, value: Value, at: Span, sink: &mut Sink) {
    let key = template::name(key);
    let value = secrets::setting(&key, value);
    sink.stated(Claim::Setting(Setting { scope: SettingScope::Group(group.clone()), key, value, profile: None }), at);
}

/// The settings of a file that a ConfigMap holds, at their own lines.
fn embedded(group: &SmolStr, name: &str, node: &Node, text: &str, sink: &mut Sink) {
    // A block's place is where its text begins.
    let first = node.span.line;
    let moved = |at: Span| Span { line: at.line + first - 1, column: at.column, end_line: at.end_line + first - 1 };
    let extension = name.rsplit('.').next().unwrap_or("");
    match extension {
        // Dashboards and the like are data, not settings.
        "json" if text.len() > MAX_JSON => {}
        "yml" | "yaml" | "json" => {
            // Problems within belong to the file as a whole; what can be read is enough.
            let (documents, _) = yaml::parse(text);
            for leaf in documents.iter().flat_map(Node::flatten).take(MAX_EMBEDDED) {
                state(group, &leaf.key, template::value(leaf.text), moved(leaf.span), sink);
            }
        }
        "properties" => {
            for entry in properties::parse(text).iter().flat_map(|d| &d.entries).take(MAX_EMBEDDED) {
                state(group, &entry.key, template::value(&entry.value), moved(entry.span), sink);
            }
        }
        "env" | "conf" | "ini" | "toml" => {
            for (index, line) in text.lines().enumerate().take(MAX_EMBEDDED) {
                let trimmed = line.trim();
                if trimmed.starts_with(['#', ';', '!']) {
                    continue;
                }
                let Some((key, text)) = trimmed.split_once('=') else {
                    continue;
                };
                let key = key.trim();
                if !key.is_empty() && !key.contains(char::is_whitespace) {
                    let text = text.trim().trim_matches('"');
                    state(group, key, template::value(text), moved(Span::at(index as u32 + 1, 1)), sink);
                }
            }
        }
        _ => {}
    }
}
