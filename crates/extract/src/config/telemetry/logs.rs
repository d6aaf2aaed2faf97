//! Log shippers: Beats, Logstash, and the socket appenders of Logback and Log4j 2.

use super::{call, store, text};
use crate::Sink;
use crate::config::tree::{Node, entry_span};
use seam_facts::{Lines, Protocol, System, Value};
use std::collections::BTreeMap;

/// Filebeat and its siblings: `output.logstash.hosts`, nested or dotted.
pub(super) fn beats(root: &Node, sink: &mut Sink) {
    for (name, system) in
        [("logstash", None), ("elasticsearch", Some(System::Elasticsearch)), ("redis", Some(System::Redis))]
    {
        let nested = root.path(&["output", name]).or_else(|| root.get(&format!("output.{name}")));
        let Some((key, hosts)) = nested.and_then(|o| o.entry("hosts")) else { continue };
        if nested.and_then(|o| o.text_at(&["enabled"])).is_some_and(|e| e == "false") {
            continue;
        }
        let items: Vec<&Node> = if hosts.is_list() { hosts.items().collect() } else { vec![hosts] };
        for host in items {
            let at = if hosts.is_list() { host.span } else { entry_span(key, hosts) };
            let Some(address) = host.text() else { continue };
            match system {
                Some(system) => store(system, "Beats", text(address), at, sink),
                None => call(Protocol::Tcp, "Beats", text(address), at, sink),
            }
        }
    }
}

/// `output { elasticsearch { hosts => ["elasticsearch:9200"] } }`, inputs from stores alike.
pub(super) fn logstash(source: &str, sink: &mut Sink) {
    if !source.contains("=>") || !source.contains("output") {
        return;
    }
    let mut plugin = "";
    let mut offset = 0;
    let lines = Lines::new(source);
    for line in source.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or("");
        for (at, _) in code.match_indices('{').take(16) {
            let word = code[..at].trim_end().rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if !word.is_empty() {
                plugin = word;
            }
            let rest = &code[at..];
            setting(plugin, rest, &lines, offset + at, sink);
        }
        if !code.contains('{') {
            setting(plugin, code, &lines, offset, sink);
        }
        offset += line.len();
    }
}

/// One `hosts => …` line of a plugin.
fn setting(plugin: &str, code: &str, lines: &Lines, offset: usize, sink: &mut Sink) {
    let code = code.split_once('{').filter(|(before, _)| before.is_empty()).map_or(code, |(_, inner)| inner);
    let code = code.split('{').next().unwrap_or(code);
    let Some((key, value)) = code.split_once("=>") else { return };
    let system = match plugin {
        "elasticsearch" | "opensearch" => System::Elasticsearch,
        "redis" => System::Redis,
        "mongodb" => System::Mongo,
        _ => return,
    };
    if !matches!(key.trim(), "hosts" | "host" | "uri") {
        return;
    }
    let at = lines.span(offset, offset);
    for host in value.split(['[', ']', ',', '}']).map(|h| h.trim().trim_matches(['"', '\''])).take(16) {
        if !host.is_empty() {
            store(system, "Logstash", text(host), at, sink);
        }
    }
}

/// `<destination>logstash:5000</destination>` of Logback, `<Socket host="…" port="…">` of Log4j 2.
pub(super) fn appenders(source: &str, sink: &mut Sink) {
    let source = without_comments(source);
    let lines = Lines::new(&source);
    let properties = properties(&source);
    for word in ["destination", "remoteHosts"] {
        for (at, _) in source.match_indices(&format!("<{word}>")).take(64) {
            let start = at + word.len() + 2;
            let inner = source[start..].split('<').next().unwrap_or("").trim();
            for address in inner.split(',').map(str::trim).filter(|a| !a.is_empty()) {
                call(Protocol::Tcp, "Logstash", value(address, &properties), lines.span(at, at), sink);
            }
        }
    }
    for word in ["<Socket", "<Gelf", "<GELF", "<Syslog"] {
        for (at, _) in source.match_indices(word).take(64) {
            let tag = source[at..].split('>').next().unwrap_or("");
            let Some(host) = attribute(tag, "host") else { continue };
            let port = attribute(tag, "port").map(|p| format!(":{p}")).unwrap_or_default();
            call(Protocol::Tcp, "Log4j", value(&format!("{host}{port}"), &properties), lines.span(at, at), sink);
        }
    }
}

/// What names stand for: `<springProperty name="A" source="a.b"/>`, `<property name="A" value="…"/>`.
fn properties(source: &str) -> BTreeMap<String, Value> {
    let mut out = BTreeMap::new();
    for (at, _) in source.match_indices("<springProperty").take(64) {
        let tag = source[at..].split('>').next().unwrap_or("");
        if let (Some(name), Some(key)) = (attribute(tag, "name"), attribute(tag, "source")) {
            let default = attribute(tag, "defaultValue").map(Value::text);
            out.insert(name.to_owned(), Value::config(key, default));
        }
    }
    for (at, _) in source.match_indices("<property").take(64) {
        let tag = source[at..].split('>').next().unwrap_or("");
        if let (Some(name), Some(value)) = (attribute(tag, "name"), attribute(tag, "value")) {
            out.insert(name.to_owned(), text(value));
        }
    }
    out
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn value(raw: &str, properties: &BTreeMap<String, Value>) -> Value {
    use seam_facts::{Hole, Part};
    let mut out = Value::default();
    for part in text(raw).parts {
        match part {
            Part::Hole(Hole::Env { ref name, .. }) if properties.contains_key(name.as_str()) => {
                out.push(properties.get(name.as_str()).cloned().unwrap_or_default());
            }
            Part::Text(text) => out.push_text(&text),
            hole => out.parts.push(hole),
        }
    }
    out
}

/// Comments as blanks, so that places stay.
fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, inner)) = rest.split_once("<!--") {
        out.push_str(before);
        let end = inner.find("-->").map_or(inner.len(), |i| i + 3);
        out.extend("<!--".bytes().chain(inner[..end].bytes()).map(|b| if b == b'\n' { '\n' } else { ' ' }));
        rest = &inner[end..];
    }
    out + rest
}
