//! The list of questions. Commands, MCP tools and editor requests all derive from it.

use crate::{Refusal, Snapshot, asks};
use schemars::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One question: its name, what it is for, and its request and answer as JSON schemas.
pub struct Ask {
    pub name: &'static str,
    /// For people and models: one or two sentences.
    pub about: &'static str,
    pub request: fn() -> Schema,
    pub answer: fn() -> Schema,
    /// About a cursor: for editors, not a tool for models.
    pub editor: bool,
    run: fn(&Snapshot, &str) -> Result<String, Refusal>,
}

macro_rules! ask {
    ($module:ident) => {
        ask!($module, false)
    };
    ($module:ident, $editor:literal) => {
        Ask {
            name: stringify!($module),
            about: asks::$module::ABOUT,
            request: || schemars::schema_for!(asks::$module::Request),
            answer: || schemars::schema_for!(asks::$module::Answer),
            editor: $editor,
            run: |snapshot, request| run(stringify!($module), snapshot, request, asks::$module::run),
        }
    };
}

/// Every ask, in the order in which help shows them.
pub static ASKS: &[Ask] = &[
    ask!(map),
    ask!(drawing, true),
    ask!(services),
    ask!(path),
    ask!(impact),
    ask!(plan),
    ask!(verify),
    ask!(at),
    ask!(explain),
    ask!(detect),
    ask!(drift),
    ask!(diagnose),
    ask!(rules),
    ask!(find),
    ask!(lens, true),
    ask!(links, true),
    ask!(calls, true),
    ask!(hints, true),
    ask!(words, true),
    ask!(context),
    ask!(contract),
    ask!(overview),
    ask!(findings),
    ask!(recall),
    ask!(record),
    ask!(memories),
];

/// An ask by its name.
pub fn find(name: &str) -> Result<&'static Ask, Refusal> {
    ASKS.iter().find(|a| a.name == name).ok_or_else(|| {
        let names: Vec<&str> = ASKS.iter().map(|a| a.name).collect();
        Refusal::unknown(format!("there is no ask `{name}`"), format!("choose one of {}", names.join(", ")))
    })
}

impl Ask {
    /// The answer as JSON text: compact, keys in declaration order.
    pub fn answer(&self, snapshot: &Snapshot, request: &str) -> Result<String, Refusal> {
        (self.run)(snapshot, request)
    }
}

fn run<R: DeserializeOwned, A: Serialize>(
    name: &str,
    snapshot: &Snapshot,
    request: &str,
    answer: fn(&Snapshot, &R) -> Result<A, Refusal>,
) -> Result<String, Refusal> {
    let request = if request.trim().is_empty() { "{}" } else { request };
    let request: R = serde_json::from_str(request).map_err(|error| {
        Refusal::usage(
            format!("the request of `{name}` cannot be read: {error}"),
            format!("see the request's schema with `seam schema {name}`"),
        )
    })?;
    let answer = answer(snapshot, &request)?;
    serde_json::to_string(&answer)
        .map_err(|error| Refusal::usage(format!("the answer of `{name}` cannot be written: {error}"), "report this"))
}

/// A request's schema as tool clients accept it: nothing to resolve, no `$schema` (VS Code 1.104 drops tools that have
/// it), optional fields left out rather than null, `items` on every array.
pub fn tool_schema(ask: &Ask) -> serde_json::Value {
    let mut schema = (ask.request)().to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_default();
    tame(&mut schema, &definitions, 0);
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("$defs");
        object.remove("title");
        object.entry("properties").or_insert_with(|| serde_json::json!({}));
    }
    schema
}

fn tame(schema: &mut serde_json::Value, definitions: &serde_json::Value, depth: usize) {
    use serde_json::Value;
    if depth > 16 {
        return;
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
        && let Some(definition) = definitions.get(name)
    {
        *schema = definition.clone();
    }
    // What may be left out need not be null as well.
    if let Some(Value::Array(any)) = schema.get("anyOf") {
        let mut kinds = any.iter().filter(|s| s.get("type").is_none_or(|t| t != "null"));
        if let (Some(only), None) = (kinds.next().cloned(), kinds.next()) {
            *schema = only;
            return tame(schema, definitions, depth + 1);
        }
    }
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get("type") {
                let mut plain = types.iter().filter(|t| *t != "null");
                if let (Some(only), None) = (plain.next().cloned(), plain.next()) {
                    object.insert("type".to_owned(), only);
                }
            }
            if object.get("default") == Some(&Value::Null) {
                object.remove("default");
            }
            if object.get("type").is_some_and(|t| t == "array") {
                object.entry("items").or_insert_with(|| serde_json::json!({}));
            }
            // `uint32` and the like are not formats that validators know.
            object.remove("format");
            object.values_mut().for_each(|v| tame(v, definitions, depth + 1));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| tame(v, definitions, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn check(schema: &Value) {
        match schema {
            Value::Object(object) => {
                for key in ["$schema", "$ref", "$defs", "anyOf"] {
                    assert!(!object.contains_key(key), "{key} in {schema}");
                }
                assert!(object.get("type").is_none_or(|t| t != "array") || object.contains_key("items"));
                assert!(object.get("type").is_none_or(|t| t.is_string() || t.is_object()), "{schema}");
                object.values().for_each(check);
            }
            Value::Array(items) => items.iter().for_each(check),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn tool_schemas_are_plain_objects() {
        for ask in ASKS {
            let schema = tool_schema(ask);
            assert_eq!(schema["type"], "object", "{}", ask.name);
            assert!(schema["properties"].is_object(), "{}", ask.name);
            check(&schema);
        }
    }

    #[test]
    fn a_request_that_cannot_be_read_is_refused_with_a_hint() {
        let snapshot = crate::Engine::default().snapshot();
        let refusal = snapshot.ask("map", "{\"servce\":1}").unwrap_err();
        assert!(refusal.message.contains("servce") && refusal.hint.contains("schema"), "{refusal}");
        assert!(snapshot.ask("nap", "").unwrap_err().hint.contains("map"));
    }
}
