//! Which questions are tools, and under which names: few, so that a model sees at once which one it needs.
//!
//! Invariant: a tool's text is byte for byte the ask's answer to the same request; where a bound is not given, the tool's own
//! is filled in first, so that no answer floods a model. Every other ask can be called by its name too, it is only not listed.

use rmcp::model::{Tool, ToolAnnotations};
use seam_engine::{Ask, Refusal};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A tool's name and its ask's.
const TOOLS: &[(&str, &str)] = &[
    ("system_overview", "overview"),
    ("find", "find"),
    ("context", "context"),
    ("diagnose", "diagnose"),
    ("at", "at"),
    ("path", "path"),
    ("impact", "impact"),
    ("plan", "plan"),
    ("verify", "verify"),
    ("findings", "findings"),
    ("explain", "explain"),
    ("drift", "drift"),
    ("recall", "recall"),
    ("record", "record"),
];

/// How long lists are at most, where nobody says.
const LIMITS: &[(&str, u32)] = &[("explain", 10), ("at", 15), ("path", 5)];
/// How long such an answer is at most, in bytes: about 4,000 tokens.
const BYTES: u32 = 16_000;

/// The ask that a tool's name means.
pub fn ask(name: &str) -> Result<&'static Ask, Refusal> {
    let ask = TOOLS.iter().find(|(tool, _)| *tool == name).map_or(name, |(_, ask)| ask);
    seam_engine::find(ask).map_err(|refusal| {
        let names: Vec<&str> = TOOLS.iter().map(|(tool, _)| *tool).collect();
        Refusal { hint: format!("choose one of {}", names.join(", ")), ..refusal }
    })
}

pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|(name, _)| *name)
}

pub fn all() -> Vec<Tool> {
    let tool = |(name, ask): &(&'static str, &str)| seam_engine::find(ask).ok().map(|ask| tool(name, ask));
    TOOLS.iter().filter_map(tool).collect()
}

fn tool(name: &'static str, ask: &Ask) -> Tool {
    let schema = match seam_engine::tool_schema(ask) {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    // Asked for a run, it starts the workspace's own processes.
    let reads = ask.name != "verify";
    let annotations = ToolAnnotations::new().read_only(reads).destructive(false).idempotent(reads).open_world(false);
    Tool::new(name, ask.about, Arc::new(schema)).with_annotations(annotations)
}

/// The request's text, bounded.
pub fn request(name: &str, arguments: Option<Map<String, Value>>) -> String {
    let mut arguments = arguments.unwrap_or_default();
    if let Some((_, limit)) = LIMITS.iter().find(|(tool, _)| *tool == name) {
        arguments.entry("limit").or_insert_with(|| json!(limit));
        arguments.entry("bytes").or_insert_with(|| json!(BYTES));
    }
    if arguments.is_empty() { String::new() } else { Value::Object(arguments).to_string() }
}
