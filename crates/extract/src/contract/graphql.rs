//! GraphQL schema definitions: the operations of the root types. See `graphql.md`.

use super::tokens::{Kind, Token, Walk, joined, tokens};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Lines, Protocol, Schema, SmolStr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "graphql",
    version: 1,
    page: include_str!("graphql.md"),
    reads: Reads::Files { wants: |f| matches!(f.extension().as_str(), "graphql" | "graphqls" | "gql"), extract },
};

fn extract(file: &File<'_>, sink: &mut Sink) {
    let all = tokens(file.text, true);
    let lines = Lines::new(file.text);
    let roots = roots(&all);
    let mut walk = Walk::new(&all);
    while let Some(token) = walk.next() {
        if token.is("{") {
            walk.block();
        }
        if !token.is("type") {
            continue;
        }
        let Some(name) = walk.word() else { continue };
        let Some((canonical, _)) = roots.iter().find(|(_, own)| *own == name) else { continue };
        // Interfaces and directives stand between the name and the fields.
        while walk.peek().is_some_and(|t| !t.is("{") && !t.is("type") && !t.is("}")) {
            if walk.next().is_some_and(|t| t.is("(")) {
                walk.block();
            }
        }
        if !walk.take("{") {
            continue;
        }
        let operations = fields(walk.block());
        if !operations.is_empty() {
            let schema =
                Schema { protocol: Protocol::Graphql, name: (*canonical).into(), operations, lines: Vec::new() };
            sink.stated(Claim::Schema(schema), lines.span(token.start, walk.end()));
        }
    }
}

/// Root types with the names that `schema { query: … }` gives them.
fn roots<'a>(all: &[Token<'a>]) -> [(&'static str, &'a str); 3] {
    let mut roots = [("Query", "Query"), ("Mutation", "Mutation"), ("Subscription", "Subscription")];
    let mut walk = Walk::new(all);
    while let Some(token) = walk.next() {
        if token.is("schema") {
            while walk.peek().is_some_and(|t| !t.is("{") && !t.is("type")) {
                walk.next();
            }
            if walk.take("{") {
                for entry in walk.block().windows(3).filter(|w| w[1].is(":") && w[2].kind == Kind::Word) {
                    match entry[0].text {
                        "query" => roots[0].1 = entry[2].text,
                        "mutation" => roots[1].1 = entry[2].text,
                        "subscription" => roots[2].1 = entry[2].text,
                        _ => {}
                    }
                }
            }
            break;
        }
        if token.is("{") {
            walk.block();
        }
    }
    roots
}

/// `name(argument: Type): Type @directive`.
fn fields(body: &[Token<'_>]) -> Vec<(SmolStr, SmolStr, SmolStr)> {
    let mut out = Vec::new();
    let mut walk = Walk::new(body);
    while let Some(token) = walk.next() {
        if token.is("@") {
            walk.word();
            if walk.take("(") {
                walk.block();
            }
            continue;
        }
        if token.kind != Kind::Word {
            continue;
        }
        let arguments = if walk.take("(") { arguments(walk.block()) } else { String::new() };
        if !walk.take(":") {
            continue;
        }
        out.push((token.text.into(), arguments.into(), ty(&mut walk).into()));
    }
    out
}

/// `[Type!]!` as written.
fn ty(walk: &mut Walk<'_, '_>) -> String {
    let mut out = String::new();
    if walk.take("[") {
        out = format!("[{}]", joined(walk.block()));
    } else if let Some(name) = walk.word() {
        out.push_str(name);
    }
    if walk.take("!") {
        out.push('!');
    }
    out
}

/// Types of arguments, by their names.
fn arguments(block: &[Token<'_>]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut walk = Walk::new(block);
    while let Some(token) = walk.next() {
        if token.kind == Kind::Word && walk.take(":") {
            out.push(format!("{}: {}", token.text, ty(&mut walk)));
            if walk.take("=") {
                let opens = walk.next().is_some_and(|t| t.is("[") || t.is("{"));
                if opens {
                    walk.block();
                }
            }
        }
    }
    out.join(", ")
}
