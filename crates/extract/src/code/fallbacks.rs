//! What is done instead when something fails. See `fallbacks.md`.
//!
//! Invariant: a fallback gives a result of its own (it is returned, or kept); what only reports a failure, or throws, is none.

use super::Code;
use super::ir::{BlockKind, Call, Expr, ExprKind, Leave, Stmt, walk_stmts};
use super::regions::{Held, lines, span_of};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Fallback, SmolStr, Span, Stretch};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "fallbacks",
    version: 2,
    page: include_str!("fallbacks.md"),
    reads: Reads::Code { langs: &[], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        look(code, index, &function.body, sink);
        // `@CircuitBreaker(name = "stock", fallbackMethod = "known")`, `@Fallback(fallbackMethod = …)`.
        for a in &function.annotations {
            let named = a.args.iter().find(|x| x.name.as_deref() == Some("fallbackMethod"));
            if let Some(name) = named.and_then(|x| x.value.as_str()) {
                let fallback = Fallback {
                    within: function.symbol(),
                    tried: (function.span.line, function.span.end_line),
                    tries: Vec::new(),
                    instead: (0, 0),
                    does: vec![name.clone()],
                    by: a.simple().into(),
                };
                sink.stated(Claim::Fallback(fallback), a.span);
            }
        }
    }
    policies(code, sink);
}

fn look(code: &Code<'_>, function: usize, stmts: &[Stmt], sink: &mut Sink) {
    for (at, stmt) in stmts.iter().enumerate() {
        match stmt {
            Stmt::Block { kind: BlockKind::Try, body, .. } => {
                let clauses = stmts[at + 1..]
                    .iter()
                    .take_while(|s| matches!(s, Stmt::Block { kind: BlockKind::Catch | BlockKind::Finally, .. }));
                for clause in clauses {
                    if let Stmt::Block { kind: BlockKind::Catch, body: caught, span, .. } = clause
                        && gives(caught)
                    {
                        state(code, function, body, caught, *span, sink);
                    }
                }
            }
            Stmt::Block { kind: BlockKind::Branch, head: Some(head), body, span }
                if code.unit.lang == Lang::Go && at > 0 && asks_error(head) && gives(body) =>
            {
                // Of `x, err := call()` each name is an assignment of its own.
                let line = span_of(&stmts[at - 1]).line;
                let from = stmts[..at].iter().rposition(|s| span_of(s).line != line).map_or(0, |i| i + 1);
                state(code, function, &stmts[from..at], body, *span, sink);
            }
            _ => {}
        }
        if let Stmt::Block { body, .. } = stmt {
            look(code, function, body, sink);
        }
    }
}

/// `err != nil`.
fn asks_error(head: &Expr) -> bool {
    let mut found = false;
    head.walk(&mut |e| found |= matches!(&e.kind, ExprKind::Name(n) if n == "err" || n.ends_with("Err")));
    found
}

/// Whether a clause gives a result that comes of a call, and goes on.
fn gives(stmts: &[Stmt]) -> bool {
    if stmts.iter().any(|s| matches!(s, Stmt::Leave(Leave::Throw, _))) {
        return false;
    }
    let calls = |e: &Expr| {
        let mut found = false;
        e.walk(&mut |e| found |= e.as_call().is_some_and(|c| !c.new) || matches!(e.kind, ExprKind::Lambda(_)));
        found
    };
    stmts.iter().any(|s| match s {
        Stmt::Return(e) => calls(e),
        Stmt::Assign { value, .. } => calls(value),
        Stmt::Block { body, .. } => gives(body),
        Stmt::Expr(e) => answers(e),
        Stmt::Leave(..) => false,
    })
}

/// A function that is handed the response of the request under way gives its result there.
fn answers(e: &Expr) -> bool {
    let response =
        |a: &Expr| matches!(&a.kind, ExprKind::Name(n) if matches!(n.as_str(), "res" | "response" | "reply"));
    e.as_call().is_some_and(|c| !c.new && c.args.iter().any(|a| response(&a.value)))
}

fn called(code: &Code<'_>, stmts: &[Stmt]) -> Vec<SmolStr> {
    let mut held = Held { code, names: BTreeSet::new(), apart: Vec::new() };
    stmts.iter().for_each(|s| held.stmt(s));
    held.names.into_iter().collect()
}

fn state(code: &Code<'_>, function: usize, tried: &[Stmt], instead: &[Stmt], at: Span, sink: &mut Sink) {
    let (Some(first), Some(then)) = (lines(tried), lines(instead)) else { return };
    let (tries, does) = (called(code, tried), called(code, instead));
    if tries.is_empty() || does.is_empty() || then.0 <= first.1 && code.unit.lang != Lang::Go {
        return;
    }
    let within = code.within(function);
    let fallback = Fallback { within, tried: first, tries, instead: then, does, by: SmolStr::default() };
    sink.stated(Claim::Fallback(fallback), at);
}

/// A policy that holds a fallback as a closure, and what runs under it: Polly, Failsafe, cockatiel.
fn policies(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["ExecuteAsync", "Execute", "execute", "run", "Run", "getAsync"]) {
        let Some(receiver) = site.call.receiver() else { continue };
        let (made, _) = code.resolved(receiver, site.function);
        let mut held: Option<&Call> = None;
        made.walk(&mut |e| {
            if let ExprKind::Call(call) = &e.kind
                && call.name().to_ascii_lowercase().contains("fallback")
            {
                held = held.or(Some(call));
            }
        });
        let closure = |call: &Call| {
            call.args.iter().find_map(|a| match a.value.kind {
                ExprKind::Lambda(index) => Some(index),
                _ => None,
            })
        };
        let (Some(instead), Some(tried)) = (held.and_then(closure), closure(site.call)) else { continue };
        let stretch = |index: usize| -> Stretch {
            let span = code.function(index).span;
            (span.line, span.end_line)
        };
        let names = |index: usize| {
            let mut out = BTreeSet::new();
            walk_stmts(&code.function(index).body, &mut |e| {
                if let ExprKind::Call(call) = &e.kind {
                    out.insert(SmolStr::from(call.name()));
                }
            });
            out.into_iter().filter(|n| n.len() > 2).collect::<Vec<SmolStr>>()
        };
        let fallback = Fallback {
            within: code.within(site.function),
            tried: stretch(tried),
            tries: names(tried),
            instead: stretch(instead),
            does: names(instead),
            by: "policy".into(),
        };
        sink.stated(Claim::Fallback(fallback), site.span());
    }
}
