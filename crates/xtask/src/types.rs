//! The TypeScript types of the questions that the editor asks, written from the same schemas that `seam schema` prints.
//!
//! Invariant: every shape that a schema of ours uses becomes a type; what is not understood fails instead of becoming `any`.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where they go, below the repository.
pub const PATH: &str = "editors/vscode/src/asks.ts";

/// The questions that the editor asks.
const ASKED: [&str; 5] = ["services", "map", "detect", "explain", "drawing"];

pub fn types() -> Result<String, String> {
    let mut out = "// Written by `cargo xtask types` from the schemas of the questions; not to be edited.\n".to_owned();
    let mut names = Vec::new();
    for name in ASKED {
        let ask = seam_engine::find(name).map_err(|e| e.to_string())?;
        let _ = write!(out, "\nexport namespace {name} {{\n");
        let mut shapes = Vec::new();
        for (part, schema, loose) in [("Request", (ask.request)(), true), ("Answer", (ask.answer)(), false)] {
            let schema = schema.to_value();
            shapes.push((part.to_owned(), schema.clone(), loose));
            for (name, shape) in schema["$defs"].as_object().into_iter().flatten() {
                shapes.push((name.clone(), shape.clone(), loose));
            }
        }
        let mut written: BTreeMap<String, Value> = BTreeMap::new();
        for (shape, schema, loose) in shapes {
            match written.get(&shape) {
                Some(same) if *same == schema => continue,
                Some(_) => return Err(format!("`{name}` has two shapes called `{shape}`")),
                None => {}
            }
            interface(&shape, &schema, loose, &mut out).map_err(|e| format!("{name}.{shape}: {e}"))?;
            written.insert(shape, schema);
        }
        out.push_str("}\n");
        names.push(format!("  {name}: {{ request: {name}.Request; answer: {name}.Answer }}\n"));
    }
    let _ = write!(out, "\n/** Every question by name. */\nexport interface Asks {{\n{}}}\n", names.concat());
    Ok(out)
}

/// Fields of requests may be left out; those of answers are there, or null.
fn interface(name: &str, schema: &Value, loose: bool, out: &mut String) -> Result<(), String> {
    if schema["type"] != "object" {
        let _ = writeln!(out, "  export type {name} = {}", kind(schema)?);
        return Ok(());
    }
    comment("  ", schema, out);
    let _ = writeln!(out, "  export interface {name} {{");
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (field, shape) in schema["properties"].as_object().into_iter().flatten() {
        comment("    ", shape, out);
        let kind = kind(shape)?;
        let optional = loose || (!required.contains(&field.as_str()) && !kind.ends_with("| null"));
        let _ = writeln!(out, "    {field}{}: {kind}", if optional { "?" } else { "" });
    }
    out.push_str("  }\n");
    Ok(())
}

fn comment(indent: &str, schema: &Value, out: &mut String) {
    if let Some(text) = schema["description"].as_str() {
        let _ = writeln!(out, "{indent}/** {} */", text.replace('\n', " ").replace("*/", "* /"));
    }
}

fn kind(schema: &Value) -> Result<String, String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return Ok(reference.trim_start_matches("#/$defs/").to_owned());
    }
    if let Some(any) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return Ok(any.iter().map(kind).collect::<Result<Vec<_>, _>>()?.join(" | "));
    }
    if let Some(fixed) = schema.get("const") {
        return Ok(fixed.to_string());
    }
    if let Some(values) = schema["enum"].as_array() {
        return Ok(values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    match &schema["type"] {
        Value::String(word) => word_kind(word, schema),
        Value::Array(words) => {
            let kinds = words.iter().filter_map(Value::as_str).map(|w| word_kind(w, schema));
            Ok(kinds.collect::<Result<Vec<_>, _>>()?.join(" | "))
        }
        _ => Err(format!("no type in {schema}")),
    }
}

fn word_kind(word: &str, schema: &Value) -> Result<String, String> {
    Ok(match word {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => match schema.get("items") {
            Some(items) => {
                let item = kind(items)?;
                if item.contains('|') { format!("({item})[]") } else { format!("{item}[]") }
            }
            None => return Err(format!("an array of what? {schema}")),
        },
        "object" => match schema.get("additionalProperties") {
            Some(values) if values.is_object() => format!("Record<string, {}>", kind(values)?),
            _ => return Err(format!("an object of what? {schema}")),
        },
        other => return Err(format!("`{other}` is not known")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_understood_fails() {
        assert_eq!(
            kind(&json!({"type": ["array", "null"], "items": {"$ref": "#/$defs/Place"}})).unwrap(),
            "Place[] | null"
        );
        assert_eq!(
            kind(&json!({"type": "object", "additionalProperties": {"type": "integer"}})).unwrap(),
            "Record<string, number>"
        );
        assert!(kind(&json!(true)).is_err() && kind(&json!({"type": "array"})).is_err());
    }
}
