//! What scripts of a Lua web server (OpenResty, Kong) reach. See `lua.md`.
//!
//! Invariant: a line is read as far as it is a call with a literal address or an environment variable; anything else of the
//! language is passed over.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, SmolStr, Span, Store, System, Value, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "lua", version: 2, page: include_str!("lua.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    file.extension() == "lua"
}

/// Modules that say what a `connect` speaks.
const STORES: &[(&str, System)] = &[
    ("resty.redis", System::Redis),
    ("resty.memcached", System::Memcached),
    ("resty.mysql", System::Mysql),
    ("pgmoon", System::Postgres),
    ("resty.mongol", System::Mongo),
    ("resty-mongol", System::Mongo),
    ("resty.cassandra", System::Cassandra),
    ("resty.moongoo", System::Mongo),
];

fn extract(file: &File<'_>, sink: &mut Sink) {
    let store = STORES.iter().find(|(module, _)| file.text.contains(module)).map(|(_, system)| *system);
    let mut locals: BTreeMap<&str, Value> = BTreeMap::new();
    let lines: Vec<&str> = file.text.lines().map(code).collect();
    for (number, line) in lines.iter().enumerate() {
        let at = Span::at(number as u32 + 1, 1);
        let whole = closed(line, &lines[number + 1..]);
        let code = whole.as_str();
        if let Some((name, value)) = assigned(line) {
            let value = concatenation(value, &locals);
            // A default that follows in a branch of its own stands for a variable that is not set.
            if value.as_text().is_none_or(|t| !t.is_empty()) || !locals.contains_key(name) {
                locals.insert(name, value);
            }
        }
        for (method, args) in calls(code) {
            let args: Vec<&str> = split(args);
            let within = SmolStr::default();
            match method {
                "connect" | "connection" => connection(&args, store, &locals, at, sink),
                "request_uri" => {
                    if let Some(target) = args.first().map(|a| concatenation(a, &locals)).filter(followed) {
                        let client = "lua-resty-http".into();
                        sink.stated(Claim::Call(http(client, target, within)), at);
                    }
                }
                _ => {}
            }
        }
    }
}

/// `pool:connection(OrdersClient, "orders", 9090)`, `red:connect("cache", 6379)`.
fn connection(args: &[&str], store: Option<System>, locals: &BTreeMap<&str, Value>, at: Span, sink: &mut Sink) {
    let stub = args.first().and_then(|a| a.strip_suffix("Client")).filter(|s| is_name(s));
    let rest = if stub.is_some() { args.get(1..).unwrap_or_default() } else { args };
    let Some(host) = rest.first().map(|a| concatenation(a, locals)).filter(followed) else { return };
    let Some(port) = rest.get(1).map(|a| concatenation(a, locals)) else { return };
    let address = host.then(":".into()).then(port);
    let within = SmolStr::default();
    let claim = match (stub, store) {
        (Some(service), _) => Claim::Call(Call {
            operation: Some(format_smolstr!("{service}/*")),
            ..Call::to(Protocol::Thrift, "lua-thrift".into(), address, within)
        }),
        (None, Some(system)) => {
            Claim::Store(Store { system, address, database: None, client: "lua-resty".into(), within })
        }
        (None, None) => Claim::Call(http("lua-resty-http".into(), Value::text("http://").then(address), within)),
    };
    sink.stated(claim, at);
}

fn http(client: SmolStr, target: Value, within: SmolStr) -> Call {
    Call::to(Protocol::Http, client, target, within)
}

/// A literal, a variable of the environment, or text that begins with one: an address as far as it goes.
fn followed(value: &Value) -> bool {
    value.parts.first().is_some_and(|p| match p {
        seam_facts::Part::Text(text) => !text.trim().is_empty(),
        seam_facts::Part::Hole(hole) => matches!(hole, seam_facts::Hole::Env { .. }),
    })
}

/// A line, and those that follow as far as an open parenthesis asks for them.
fn closed(line: &str, following: &[&str]) -> String {
    const MOST: usize = 6;
    let open = |text: &str| text.matches('(').count() > text.matches(')').count();
    let mut whole = line.to_owned();
    for next in following.iter().take(MOST) {
        if !line.contains(':') || !open(&whole) {
            break;
        }
        whole.push(' ');
        whole.push_str(next);
    }
    whole
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let mut quote = None;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), _) if *byte == open && (at == 0 || bytes[at - 1] != b'\\') => quote = None,
            (None, b'-') if bytes.get(at + 1) == Some(&b'-') => return &line[..at],
            _ => {}
        }
    }
    line
}

/// `local name = value`, `name = value`.
fn assigned(code: &str) -> Option<(&str, &str)> {
    let code = code.trim().trim_start_matches("local ").trim_start();
    let (name, value) = code.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (is_name(name) && !value.starts_with('=')).then_some((name, value))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Method calls of a line: name and the text of the arguments.
fn calls(code: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices(':') {
        let rest = &code[at + 1..];
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        let Some(args) = rest[name.len()..].strip_prefix('(').filter(|_| !name.is_empty()) else { continue };
        let mut depth = 1;
        let end = args.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        out.push((name, &args[..end.unwrap_or(args.len())]));
    }
    out
}

/// Arguments at the commas that stand in no text and no parentheses.
fn split(args: &str) -> Vec<&str> {
    let (mut out, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_i32, None);
    for (at, c) in args.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, '(' | '{' | '[') => depth += 1,
            (None, ')' | '}' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                out.push(args[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(args[start..].trim());
    out
}

/// `"a" .. b .. os.getenv("C")`.
fn concatenation(expr: &str, locals: &BTreeMap<&str, Value>) -> Value {
    expr.split("..").map(|part| single(part.trim(), locals)).collect()
}

fn single(expr: &str, locals: &BTreeMap<&str, Value>) -> Value {
    let quoted = |e: &str| {
        let inner = e.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        (!inner.contains(['"', '\''])).then(|| inner.to_owned())
    };
    if let Some(text) = quoted(expr) {
        return Value::text(text);
    }
    if let Some(key) = expr.strip_prefix("os.getenv(").and_then(|e| quoted(e.split(')').next()?)) {
        // `os.getenv("X") or "default"`.
        let default = expr.split_once(" or ").and_then(|(_, d)| quoted(d.trim()));
        return Value::env(key, Some(default.map_or_else(Value::default, Value::text)));
    }
    if !expr.is_empty() && expr.bytes().all(|b| b.is_ascii_digit()) {
        return Value::text(expr);
    }
    locals.get(expr).cloned().unwrap_or_else(|| Value::opaque("…"))
}
