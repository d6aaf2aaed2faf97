//! Which kind of contract a text is.

use crate::tree::Node;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    OpenApi,
    AsyncApi,
    Proto,
    GraphQl,
    Avro,
    JsonSchema,
    Sql,
}

pub const KINDS: &[Kind] =
    &[Kind::OpenApi, Kind::AsyncApi, Kind::Proto, Kind::GraphQl, Kind::Avro, Kind::JsonSchema, Kind::Sql];

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::OpenApi => "openapi",
            Kind::AsyncApi => "asyncapi",
            Kind::Proto => "protobuf",
            Kind::GraphQl => "graphql",
            Kind::Avro => "avro",
            Kind::JsonSchema => "json-schema",
            Kind::Sql => "sql",
        }
    }

    pub fn parse(word: &str) -> Option<Kind> {
        KINDS.iter().copied().find(|k| k.word() == word)
    }

    /// By the name where it says it, else by what the text says first.
    pub fn of(name: &str, text: &str) -> Option<Kind> {
        let extension = name.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or("", |(_, e)| e);
        match extension.to_ascii_lowercase().as_str() {
            "proto" => return Some(Kind::Proto),
            "graphql" | "graphqls" | "gql" => return Some(Kind::GraphQl),
            "avsc" => return Some(Kind::Avro),
            "sql" => return Some(Kind::Sql),
            _ => {}
        }
        let (node, _) = crate::tree::read(text);
        Kind::of_tree(&node)
    }

    fn of_tree(node: &Node<'_>) -> Option<Kind> {
        let has = |key: &str| node.get(key).is_some();
        let kind = node.word("type");
        if has("asyncapi") {
            Some(Kind::AsyncApi)
        } else if has("openapi") || has("swagger") || (has("paths") && has("info")) {
            Some(Kind::OpenApi)
        } else if matches!(kind, "record" | "enum" | "fixed" | "error") && has("name") {
            Some(Kind::Avro)
        } else if ["$schema", "properties", "$defs", "definitions", "allOf", "anyOf", "oneOf", "enum", "items"]
            .iter()
            .any(|k| has(k))
            || ["object", "array", "string", "number", "integer", "boolean"].contains(&kind)
        {
            Some(Kind::JsonSchema)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_what_they_are() {
        for (name, text, kind) in [
            ("a/b.proto", "", Some(Kind::Proto)),
            ("a.yaml", "openapi: 3.0.0", Some(Kind::OpenApi)),
            ("a.json", "{\"swagger\": \"2.0\"}", Some(Kind::OpenApi)),
            ("a.yml", "asyncapi: 2.0.0", Some(Kind::AsyncApi)),
            ("a.json", "{\"type\": \"record\", \"name\": \"A\"}", Some(Kind::Avro)),
            ("a.json", "{\"type\": \"object\"}", Some(Kind::JsonSchema)),
            ("0001_init.SQL", "", Some(Kind::Sql)),
            ("a.yaml", "services: {}", None),
        ] {
            assert_eq!(Kind::of(name, text), kind, "{name} {text}");
        }
    }
}
