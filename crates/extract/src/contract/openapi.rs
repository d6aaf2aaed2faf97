//! OpenAPI 2 and 3, and AsyncAPI, in YAML and JSON. See `openapi.md`.

use crate::config::tree::{Node, join};
use crate::config::{json, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, METHODS, Protocol, Schema, SmolStr, Span, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "openapi", version: 3, page: include_str!("openapi.md"), reads: Reads::Files { wants, extract } };

/// Operations kept of one document.
const MAX_OPERATIONS: usize = 4_000;

fn wants(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "yaml" | "yml" | "json")
}

/// Whether the text says what it is; most files of these endings are something else and need not be parsed for this.
fn likely(text: &str) -> bool {
    ["openapi", "swagger", "asyncapi"].iter().any(|word| {
        text.match_indices(word).take(20).any(|(i, _)| {
            let line = text[..i].rfind('\n').map_or(0, |n| n + 1);
            let before = text[line..i].trim_matches([' ', '\t', '{', '"', '\'']);
            let after = text[i + word.len()..].trim_start_matches(['"', '\'']).trim_start();
            before.is_empty() && after.starts_with(':')
        })
    })
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if !likely(file.text) {
        return;
    }
    let document = match file.extension().as_str() {
        "json" => json::document(file.text, sink),
        _ => yaml::document(file.text, sink),
    };
    let Some(root) = document else { return };
    let version = |key: &str| root.text_at(&[key]).is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    let title = root.text_at(&["info", "title"]).cloned().unwrap_or_else(|| file.name().into());
    if version("openapi") || version("swagger") {
        state(Protocol::Http, title, paths(&root), &root, "paths", sink);
        schemas(&root, sink);
    } else if version("asyncapi") {
        let protocol = match first_server(&root).and_then(|s| s.text_at(&["protocol"])).map(SmolStr::as_str) {
            Some("ws" | "wss") => Protocol::Websocket,
            Some("http" | "https") => Protocol::Http,
            _ => Protocol::Tcp,
        };
        let key = if root.get("operations").is_some() { "operations" } else { "channels" };
        state(protocol, title, channels(&root), &root, key, sink);
        schemas(&root, sink);
    }
}

/// What the document's bodies are made of.
fn schemas(root: &Node, sink: &mut Sink) {
    let defined = [root.path(&["components", "schemas"]), root.get("definitions")];
    for (name, node) in defined.into_iter().flatten().flat_map(Node::entries).take(MAX_OPERATIONS) {
        super::records::object(&name.text, node, sink);
    }
}

/// Name, request, response and line.
type Operation = (SmolStr, SmolStr, SmolStr, u32);

fn state(protocol: Protocol, name: SmolStr, operations: Vec<Operation>, root: &Node, key: &str, sink: &mut Sink) {
    let Some((key, node)) = root.entry(key) else { return };
    if !operations.is_empty() {
        let at: Span = join(key.span, node.span);
        let lines = operations.iter().map(|o| o.3).collect();
        let operations = operations.into_iter().map(|(name, request, response, _)| (name, request, response)).collect();
        sink.stated(Claim::Schema(Schema { protocol, name, operations, lines }), at);
    }
}

fn paths(root: &Node) -> Vec<Operation> {
    let base = base(root);
    let mut out = Vec::new();
    for (path, item) in root.get("paths").into_iter().flat_map(Node::entries) {
        let item = local(root, item);
        for (key, operation) in item.entries() {
            let method = key.text.to_ascii_uppercase();
            let known = METHODS.contains(&method.as_str());
            if !known || !path.text.starts_with('/') || out.len() >= MAX_OPERATIONS {
                continue;
            }
            let name = format_smolstr!("{method} {base}{}", path.text);
            out.push((name, request(root, operation), response(root, operation), key.span.line));
        }
    }
    out
}

/// What all paths start with: `basePath`, or the path of the first server.
fn base(root: &Node) -> SmolStr {
    let path = match (root.text_at(&["basePath"]), root.get("servers")) {
        (Some(base), _) => base.clone(),
        (None, Some(servers)) => {
            let url = servers.items().next().and_then(|s| s.text_at(&["url"])).map(SmolStr::as_str).unwrap_or("");
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let path = if rest.len() == url.len() && url.starts_with('/') {
                Some(url)
            } else {
                rest.find('/').map(|i| &rest[i..])
            };
            path.unwrap_or("").into()
        }
        (None, None) => SmolStr::default(),
    };
    path.trim_end_matches('/').into()
}

fn request(root: &Node, operation: &Node) -> SmolStr {
    if let Some(body) = operation.get("requestBody") {
        return content(local(root, body));
    }
    let mut parameters = operation.get("parameters").into_iter().flat_map(Node::items);
    let body = parameters.find(|p| p.text_at(&["in"]).is_some_and(|i| i == "body"));
    body.and_then(|p| p.get("schema")).map(schema).unwrap_or_default()
}

/// The first response that is a success.
fn response(root: &Node, operation: &Node) -> SmolStr {
    let mut responses = operation.get("responses").into_iter().flat_map(Node::entries);
    let Some((_, found)) = responses.find(|(code, _)| code.text.starts_with('2')) else {
        return SmolStr::default();
    };
    let found = local(root, found);
    found.get("schema").map(schema).unwrap_or_else(|| content(found))
}

/// The schema of the first media type.
fn content(node: &Node) -> SmolStr {
    let media = node.get("content").and_then(|c| c.entries().next());
    media.and_then(|(_, m)| m.get("schema")).map(schema).unwrap_or_default()
}

/// A schema's name: the last part of its reference, in brackets for lists.
fn schema(node: &Node) -> SmolStr {
    let name = |n: &Node| n.text_at(&["$ref"]).map(|r| SmolStr::from(r.rsplit('/').next().unwrap_or(r)));
    if let Some(name) = name(node) {
        return name;
    }
    match node.get("items") {
        Some(items) => {
            let inner = name(items).or_else(|| items.text_at(&["type"]).cloned()).unwrap_or_default();
            format_smolstr!("[{inner}]")
        }
        None => node.text_at(&["type"]).filter(|t| *t != "object").cloned().unwrap_or_default(),
    }
}

/// The node itself, or what its reference names within the document. One step: references to references are rare.
fn local<'a>(root: &'a Node, node: &'a Node) -> &'a Node {
    let target = node.text_at(&["$ref"]).and_then(|r| r.strip_prefix("#/"));
    target
        .and_then(|path| path.split('/').take(16).try_fold(root, |n, key| n.get(&key.replace("~1", "/"))))
        .unwrap_or(node)
}

fn first_server(root: &Node) -> Option<&Node> {
    root.get("servers")?.entries().next().map(|(_, n)| n)
}

/// What the application publishes and subscribes to.
fn channels(root: &Node) -> Vec<Operation> {
    let mut out = Vec::new();
    let payload = |node: Option<&Node>| -> SmolStr {
        let Some(message) = node else { return SmolStr::default() };
        let resolved = local(root, message);
        resolved.text_at(&["name"]).cloned().unwrap_or_else(|| schema(message))
    };
    // Version 3: operations say what the application does.
    for (key, operation) in root.get("operations").into_iter().flat_map(Node::entries) {
        let verb = match operation.text_at(&["action"]).map(SmolStr::as_str) {
            Some("send") => "publish",
            Some("receive") => "subscribe",
            _ => continue,
        };
        let Some(channel) = operation.get("channel") else { continue };
        let resolved = local(root, channel);
        let topic = resolved.text_at(&["address"]).cloned().unwrap_or_else(|| schema(channel));
        let message = resolved.get("messages").and_then(|m| m.entries().next()).map(|(_, n)| n);
        out.push((format_smolstr!("{verb} {topic}"), payload(message), SmolStr::default(), key.span.line));
    }
    if !out.is_empty() {
        out.truncate(MAX_OPERATIONS);
        return out;
    }
    // Version 2 says what others do: who may `publish` sends to the application.
    for (topic, channel) in root.get("channels").into_iter().flat_map(Node::entries).take(MAX_OPERATIONS) {
        for (word, verb) in [("publish", "subscribe"), ("subscribe", "publish")] {
            if let Some(operation) = channel.get(word) {
                let name = format_smolstr!("{verb} {}", topic.text);
                out.push((name, payload(operation.get("message")), SmolStr::default(), topic.span.line));
            }
        }
    }
    out
}
