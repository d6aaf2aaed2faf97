//! Idempotency keys and `Retry-After`: where one is sent, whether its value is made on the spot, and where one is looked at. See `keys.md`.
//!
//! Invariant: what is not clearly sent counts as looked at; a value counts as fresh only where the function itself makes it.

use super::Code;
use super::ir::{BlockKind, Call, Expr, ExprKind, Stmt, walk_stmts};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, KeyUse, SmolStr, Span};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "keys", version: 2, page: include_str!("keys.md"), reads: Reads::Code { langs: &[], extract } };

/// What one function says of one header: sent or not, with the place and the line that makes its value.
type Uses = BTreeMap<(SmolStr, bool), (Span, Option<u32>)>;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut uses = Uses::new();
        for param in &function.params {
            let annotated = param.annotations.iter().flat_map(|a| &a.args).map(|a| &a.value);
            for text in annotated.filter_map(Expr::as_str).chain([&param.name]).filter(|t| is_key(t)) {
                uses.entry((text.clone(), false)).or_insert((param.span, None));
            }
        }
        let mut sent: Vec<Span> = Vec::new();
        assigned(code, index, &function.body, &mut uses, &mut sent);
        walk_stmts(&function.body, &mut |expr| match &expr.kind {
            ExprKind::Object(entries) => {
                for (header, value) in entries.iter().filter(|(h, _)| is_key(h)) {
                    sent.push(value.span);
                    uses.entry((header.clone(), true)).or_insert((value.span, made(code, index, value, 3)));
                }
            }
            ExprKind::Call(call) => {
                if let Some((header, value)) = set(call) {
                    sent.push(header.1);
                    uses.entry((header.0.clone(), true)).or_insert((expr.span, made(code, index, value, 3)));
                }
            }
            ExprKind::Str(text) | ExprKind::Name(text) | ExprKind::Member(_, text)
                if is_key(text) && !sent.contains(&expr.span) =>
            {
                uses.entry((text.clone(), false)).or_insert((expr.span, None));
            }
            _ => {}
        });
        for ((header, sent), (at, made)) in uses {
            let within = code.within(index);
            sink.stated(Claim::KeyUse(KeyUse { header, within, sent, made }), at);
        }
    }
}

/// `headers["Idempotency-Key"] = …`.
fn assigned(code: &Code<'_>, function: usize, stmts: &[Stmt], uses: &mut Uses, sent: &mut Vec<Span>) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Member(_, member), span: at }, value, span, .. }
                if is_key(member) =>
            {
                sent.push(*at);
                uses.entry((member.clone(), true)).or_insert((*span, made(code, function, value, 3)));
            }
            Stmt::Assign { target: Expr { kind: ExprKind::Index(_, key), .. }, value, span, .. } => {
                if let Some(header) = key.as_str().filter(|h| is_key(h)) {
                    sent.push(key.span);
                    uses.entry((header.clone(), true)).or_insert((*span, made(code, function, value, 3)));
                }
            }
            Stmt::Block { body, .. } => assigned(code, function, body, uses, sent),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// `headers.set("Idempotency-Key", key)`, `.header("Idempotency-Key", key)`.
fn set(call: &Call) -> Option<((&SmolStr, Span), &Expr)> {
    let (header, value) = (call.arg(0)?, call.arg(1)?);
    let name = call.name().to_ascii_lowercase();
    let sets = ["set", "add", "append", "put", "insert", "header", "with"]
        .iter()
        .any(|w| name.starts_with(w) || name.ends_with(w));
    let named = match &header.kind {
        ExprKind::Str(text) | ExprKind::Name(text) | ExprKind::Member(_, text) => text,
        _ => return None,
    };
    let text = Some(named).filter(|h| is_key(h) && sets)?;
    Some(((text, header.span), value))
}

/// The header's usual name, however it is written.
fn is_key(text: &str) -> bool {
    if text.len() > 40 || text.contains([' ', '/', '\n']) {
        return false;
    }
    let plain = text.to_ascii_lowercase().replace(['-', '_', '.'], "");
    matches!(plain.as_str(), "retryafter" | "headerretryafter")
        || plain.contains("idempotencykey")
        || plain.contains("idempotentkey")
        || plain.contains("idempotencytoken")
}

/// The line that makes a fresh value.
fn made(code: &Code<'_>, function: usize, value: &Expr, steps: usize) -> Option<u32> {
    let mut found = None;
    value.walk(&mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && is_fresh(call)
        {
            found = found.or(Some(e.span.line));
        }
    });
    if found.is_some() || steps == 0 {
        return found;
    }
    let ExprKind::Name(name) = &value.kind else {
        // `key.toString()`, `str(key)`, `f"{key}"`.
        let mut names = Vec::new();
        value.walk(&mut |e| names.extend(matches!(e.kind, ExprKind::Name(_)).then_some(e)));
        return match names.as_slice() {
            [only] if !std::ptr::eq(*only, value) => made(code, function, only, steps - 1),
            [_, only] => made(code, function, only, steps - 1),
            _ => None,
        };
    };
    let given = given(&code.unit.functions[function].body, name);
    given.into_iter().find_map(|value| made(code, function, value, steps - 1))
}

fn given<'s>(stmts: &'s [Stmt], name: &str) -> Vec<&'s Expr> {
    let mut out = Vec::new();
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Name(n), .. }, value, .. } if n == name => out.push(value),
            Stmt::Block { kind, body, .. } => {
                if *kind != BlockKind::Finally {
                    out.extend(given(body, name));
                }
            }
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
    out
}

/// Makers of identifiers that differ each time.
fn is_fresh(call: &Call) -> bool {
    let name = call.name().to_ascii_lowercase().replace('_', "");
    let on = call.receiver().and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
    matches!(
        name.as_str(),
        "uuid4"
            | "uuid1"
            | "uuid7"
            | "uuidv4"
            | "v4"
            | "randomuuid"
            | "newguid"
            | "newv4"
            | "newv7"
            | "nanoid"
            | "ulid"
            | "tokenhex"
            | "securerandom"
            | "createuuid"
            | "uniqid"
    ) || on.ends_with("uuid") && matches!(name.as_str(), "new" | "newstring" | "newrandom" | "must" | "random")
        || name == "uuid" && call.args.is_empty()
}
