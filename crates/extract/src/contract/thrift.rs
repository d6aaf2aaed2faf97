//! Thrift services with their functions. See `thrift.md`.

use super::tokens::{Kind, Token, Walk, joined, tokens};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Lines, Protocol, Schema, SmolStr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "thrift",
    version: 1,
    page: include_str!("thrift.md"),
    reads: Reads::Files { wants: |file| file.extension() == "thrift", extract },
};

fn extract(file: &File<'_>, sink: &mut Sink) {
    let all = tokens(file.text, true);
    let lines = Lines::new(file.text);
    let mut walk = Walk::new(&all);
    while let Some(token) = walk.next() {
        if token.is("{") {
            walk.block();
        }
        if !token.is("service") {
            continue;
        }
        let Some(name) = walk.word() else { continue };
        if walk.take("extends") {
            walk.word();
        }
        if !walk.take("{") {
            continue;
        }
        let operations = functions(walk.block());
        let schema = Schema { protocol: Protocol::Thrift, name: name.into(), operations, lines: Vec::new() };
        sink.stated(Claim::Schema(schema), lines.span(token.start, walk.end()));
    }
}

/// `ReturnType name(1: Type argument, …) throws (…)`.
fn functions(body: &[Token<'_>]) -> Vec<(SmolStr, SmolStr, SmolStr)> {
    let mut out = Vec::new();
    let mut walk = Walk::new(body);
    let mut head: Vec<Token<'_>> = Vec::new();
    while let Some(token) = walk.next() {
        if token.is("(") {
            let block = walk.block();
            // `throws (…)` and annotations are no functions.
            let Some((name, ty)) = head.split_last().filter(|(n, ty)| n.kind == Kind::Word && !ty.is_empty()) else {
                head.clear();
                continue;
            };
            let ty: Vec<Token<'_>> = ty.iter().filter(|t| !t.is("oneway") && !t.is("async")).copied().collect();
            let returns = if joined(&ty) == "void" { String::new() } else { joined(&ty) };
            out.push((name.text.into(), arguments(block).into(), returns.into()));
            head.clear();
            if walk.take("throws") && walk.take("(") {
                walk.block();
            }
        } else if token.is(",") && !open_angle(&head) || token.is(";") {
            head.clear();
        } else {
            head.push(token);
        }
    }
    out
}

/// Whether a type such as `map<a, b>` is still open.
fn open_angle(head: &[Token<'_>]) -> bool {
    let count = |sign: &str| head.iter().filter(|t| t.is(sign)).count();
    count("<") > count(">")
}

/// The types of arguments: what stands between `1:` and the name.
fn arguments(block: &[Token<'_>]) -> String {
    let mut types: Vec<String> = Vec::new();
    let mut current: Vec<Token<'_>> = Vec::new();
    let mut depth = 0usize;
    let mut finish = |current: &mut Vec<Token<'_>>| {
        let start = current.iter().position(|t| t.is(":")).map_or(0, |i| i + 1);
        let end = current.iter().position(|t| t.is("=")).unwrap_or(current.len());
        if let Some((_, ty)) = current.get(start..end).and_then(|c| c.split_last()) {
            let ty: Vec<Token<'_>> = ty.iter().filter(|t| !t.is("required") && !t.is("optional")).copied().collect();
            if !ty.is_empty() {
                types.push(joined(&ty));
            }
        }
        current.clear();
    };
    for token in block {
        match token.text {
            "<" => depth += 1,
            ">" => depth = depth.saturating_sub(1),
            "," | ";" if depth == 0 => {
                finish(&mut current);
                continue;
            }
            _ => {}
        }
        current.push(*token);
    }
    finish(&mut current);
    types.join(", ")
}
