//! Protocol buffers: services with their methods, and their HTTP mapping. See `proto.md`.

use super::tokens::{Kind, Token, Walk, joined, tokens};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Lines, Protocol, Schema, SmolStr, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "proto",
    version: 1,
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
            let (methods, mapped) = service(body);
            let name = if package.is_empty() { name.into() } else { format_smolstr!("{package}.{name}") };
            let at = lines.span(token.start, walk.end());
            if !mapped.is_empty() {
                let schema = Schema { protocol: Protocol::Http, name: name.clone(), operations: mapped };
                sink.stated(Claim::Schema(schema), at);
            }
            sink.stated(Claim::Schema(Schema { protocol: Protocol::Grpc, name, operations: methods }), at);
        } else if token.is("{") {
            // Messages and options may have fields of any name; what is in them is no service.
            walk.block();
        }
    }
}

type Operation = (SmolStr, SmolStr, SmolStr);

/// The methods of a service's body, and their HTTP mapping.
fn service(body: &[Token<'_>]) -> (Vec<Operation>, Vec<Operation>) {
    let (mut methods, mut mapped) = (Vec::new(), Vec::new());
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
    }
    (methods, mapped)
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
