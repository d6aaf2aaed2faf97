//! Protocol buffers: services with their methods and their HTTP mapping, messages and enumerations. See `proto.md`.

use super::tokens::{Kind, Token, Walk, joined, tokens};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Lines, Protocol, Schema, Shape, ShapeField, ShapeKind, SmolStr, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "proto",
    version: 3,
    page: include_str!("proto.md"),
    reads: Reads::Files { wants: |file| file.extension() == "proto", extract },
};

fn extract(file: &File<'_>, sink: &mut Sink) {
    let all = tokens(file.text, false);
    let lines = Lines::new(file.text);
    let mut walk = Walk::new(&all);
    let mut package = "";
    while let Some(token) = walk.next() {
        if token.is("package") {
            package = walk.word().unwrap_or(package);
        } else if token.is("service") {
            let Some(name) = walk.word() else { continue };
            if !walk.take("{") {
                continue;
            }
            let body = walk.block();
            let (methods, rows, mapped) = service(body, &lines);
            let name = if package.is_empty() { name.into() } else { format_smolstr!("{package}.{name}") };
            let at = lines.span(token.start, walk.end());
            if !mapped.is_empty() {
                let schema =
                    Schema { protocol: Protocol::Http, name: name.clone(), operations: mapped, lines: Vec::new() };
                sink.stated(Claim::Schema(schema), at);
            }
            let schema = Schema { protocol: Protocol::Grpc, name, operations: methods, lines: rows };
            sink.stated(Claim::Schema(schema), at);
        } else if token.is("message") || token.is("enum") {
            let Some(name) = walk.word() else { continue };
            if walk.take("{") {
                let name = if package.is_empty() { name.into() } else { format_smolstr!("{package}.{name}") };
                let body = walk.block();
                shapes(token.is("enum"), name, body, (token.start, walk.end()), &lines, sink);
            }
        } else if token.is("{") {
            // Options may have fields of any name; what is in them is no service.
            walk.block();
        }
    }
}

/// A message or enumeration, and what is declared within it.
fn shapes(is_enum: bool, name: SmolStr, body: &[Token<'_>], at: (usize, usize), lines: &Lines, sink: &mut Sink) {
    let mut left = vec![(is_enum, name, body, at)];
    while let Some((is_enum, name, body, at)) = left.pop() {
        let mut fields = Vec::new();
        let mut walk = Walk::new(body);
        // The words of one declaration up to `;`, with what stands in angle brackets.
        let mut words: Vec<Token<'_>> = Vec::new();
        while let Some(token) = walk.next() {
            if token.is("{") {
                let inner = walk.block();
                match words.as_slice() {
                    [kind, inside] if kind.is("message") || kind.is("enum") => {
                        let name = format_smolstr!("{name}.{}", inside.text);
                        left.push((kind.is("enum"), name, inner, (kind.start, walk.end())));
                    }
                    [kind, _] if kind.is("oneof") => fields.extend(members(is_enum, inner, lines)),
                    _ => {}
                }
                words.clear();
            } else if token.is("[") {
                walk.block();
            } else if token.is(";") {
                fields.extend(member(is_enum, &words, lines));
                words.clear();
            } else {
                words.push(token);
            }
        }
        let kind = if is_enum { ShapeKind::Enum } else { ShapeKind::Message };
        let shape = Shape { name, kind, fields, values: Vec::new(), open: false, supers: Vec::new() };
        sink.stated(Claim::Shape(shape), lines.span(at.0, at.1));
    }
}

/// The fields of a `oneof`.
fn members(is_enum: bool, body: &[Token<'_>], lines: &Lines) -> Vec<ShapeField> {
    let mut out = Vec::new();
    let mut words: Vec<Token<'_>> = Vec::new();
    let mut walk = Walk::new(body);
    while let Some(token) = walk.next() {
        if token.is("[") {
            walk.block();
        } else if token.is(";") {
            out.extend(member(is_enum, &words, lines));
            words.clear();
        } else {
            words.push(token);
        }
    }
    out
}

/// `repeated pkg.Type name = 3`, `map<string, int32> name = 4`, `READY = 1`.
fn member(is_enum: bool, words: &[Token<'_>], lines: &Lines) -> Option<ShapeField> {
    let [ty @ .., name, sign, number] = words else { return None };
    if !sign.is("=") || name.kind != Kind::Word || ty.is_empty() != is_enum {
        return None;
    }
    let first = ty.first().copied().unwrap_or(*name);
    if ["option", "reserved", "extensions"].iter().any(|w| first.is(w)) {
        return None;
    }
    let required = match ty.first() {
        Some(t) if t.is("required") => Some(true),
        Some(t) if t.is("optional") => Some(false),
        _ => None,
    };
    let ty = if required.is_some() { &ty[1..] } else { ty };
    let (repeated, ty) = match ty {
        [first, rest @ ..] if first.is("repeated") => ("repeated ", rest),
        ty => ("", ty),
    };
    let ty = joined(ty);
    Some(ShapeField {
        name: name.text.into(),
        ty: format_smolstr!("{repeated}{}", ty.trim_start_matches('.')),
        required,
        number: Some(number.text.parse().ok()?),
        line: lines.span(name.start, name.end).line,
    })
}

type Operation = (SmolStr, SmolStr, SmolStr);

/// The methods of a service's body with their lines, and their HTTP mapping.
fn service(body: &[Token<'_>], lines: &Lines) -> (Vec<Operation>, Vec<u32>, Vec<Operation>) {
    let (mut methods, mut rows, mut mapped) = (Vec::new(), Vec::new(), Vec::new());
    let mut walk = Walk::new(body);
    while let Some(token) = walk.next() {
        if token.is("{") {
            walk.block();
        }
        if !token.is("rpc") {
            continue;
        }
        let Some(name) = walk.word() else { continue };
        let request = message(&mut walk);
        let response = if walk.take("returns") { message(&mut walk) } else { SmolStr::default() };
        if walk.take("{") {
            for route in routes(walk.block()) {
                mapped.push((route, request.clone(), response.clone()));
            }
        }
        methods.push((name.into(), request, response));
        rows.push(lines.span(token.start, token.end).line);
    }
    (methods, rows, mapped)
}

/// `(stream pkg.Type)`.
fn message(walk: &mut Walk<'_, '_>) -> SmolStr {
    if !walk.take("(") {
        return SmolStr::default();
    }
    match walk.block() {
        [stream, ty @ ..] if stream.is("stream") && !ty.is_empty() => format_smolstr!("stream {}", joined(ty)),
        ty => joined(ty).trim_start_matches('.').into(),
    }
}

/// `get: "/v1/orders/{id}"` of `google.api.http`, those of additional bindings too.
fn routes(options: &[Token<'_>]) -> Vec<SmolStr> {
    if !options.iter().any(|t| t.text == "google.api.http") {
        return Vec::new();
    }
    let mut out = Vec::new();
    for three in options.windows(3) {
        let [verb, sign, path] = three else { continue };
        // Also the short form: `option (google.api.http).get = "/v1/orders"`.
        let verb = verb.text.trim_start_matches('.');
        let known = matches!(verb, "get" | "put" | "post" | "delete" | "patch");
        if known && (sign.is(":") || sign.is("=")) && path.kind == Kind::Text && path.text.starts_with('/') {
            out.push(format_smolstr!("{} {}", verb.to_ascii_uppercase(), template(path.text)));
        }
    }
    out
}

/// `/v1/{name=shelves/*}` is `/v1/{name}` to callers.
fn template(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, inner)) = rest.split_once('{') {
        out.push_str(before);
        let (name, after) = inner.split_once('}').unwrap_or((inner, ""));
        out.push_str(&format!("{{{}}}", name.split('=').next().unwrap_or(name)));
        rest = after;
    }
    out + rest
}
