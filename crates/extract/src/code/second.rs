//! One request that is made a second time where it has failed: in the clause that catches the failure, in what a promise does
//! then, or in the branch that looks at the error. See `attempts.md`.
//!
//! Invariant: it is the same request, one function with the same arguments, and nothing is done between the two but logging and
//! waiting. Whoever fetches a token, connects anew or asks somebody else first has changed what the second attempt meets, and a
//! clause for one kind of failure may well know that nothing had arrived.

use super::Code;
use super::attempts::{Loop, Outcome, Tried, is_error, lines, of_kind, verdict};
use super::ir::{BlockKind, Call, Expr, ExprKind, Stmt};
use super::outcomes::is_log;
use crate::Sink;
use crate::lang::Lang;
use seam_facts::{Bound, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeSet;

pub(super) fn find(code: &Code<'_>, index: usize, sink: &mut Sink) {
    stretches(code, index, &code.function(index).body, sink);
}

/// Handlers that a chain of calls has: `send().catch(() => send())`.
pub(super) fn chained(code: &Code<'_>, sink: &mut Sink) {
    let names: &[&str] = match code.unit.lang {
        Lang::Script => &["catch"],
        Lang::Java | Lang::Kotlin | Lang::Scala => {
            &["exceptionally", "exceptionallyCompose", "onErrorResume", "getOrElse", "recover", "recoverCatching"]
        }
        Lang::Rust => &["or_else", "unwrap_or_else"],
        _ => return,
    };
    let mut found: Vec<(usize, Span, &Call, &Expr, &[Stmt])> = Vec::new();
    for site in code.calls_named(names) {
        let lambda = site.call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(inner) => Some(inner),
            _ => None,
        });
        let (Some(asked), Some(inner)) = (site.call.receiver(), lambda) else { continue };
        let mut shapes = BTreeSet::new();
        calls(code, asked, &mut shapes);
        if repeats(code, &code.function(inner).body, &shapes) {
            found.push((site.function, site.span(), site.call, asked, &code.function(inner).body));
        }
    }
    // Of several handlers one after the other, the last one counts them.
    let below = |asked: &Expr| found.iter().find(|f| asked.as_call().is_some_and(|c| std::ptr::eq(c, f.2)));
    for (function, span, call, asked, body) in &found {
        if found.iter().any(|f| f.3.as_call().is_some_and(|c| std::ptr::eq(c, *call))) {
            continue;
        }
        let (mut tries, mut first) = (2, *asked);
        while let Some(before) = below(first) {
            (tries, first) = (tries + 1, before.3);
        }
        let stmts = [Stmt::Expr(first.clone())];
        state(code, *function, (&stmts, Vec::new(), body), *span, tries, sink);
    }
}

fn stretches(code: &Code<'_>, index: usize, stmts: &[Stmt], sink: &mut Sink) {
    for (at, stmt) in stmts.iter().enumerate() {
        let Stmt::Block { kind, head, body, span } = stmt else { continue };
        match kind {
            // What a loop holds is the loop's.
            BlockKind::Loop => continue,
            BlockKind::Try => {
                let clauses = stmts[at + 1..].iter().map_while(|s| Some((s, of_kind(s, BlockKind::Catch)?)));
                for (clause, caught) in clauses {
                    if let Some(first) = second(code, body, clause) {
                        state(code, index, (std::slice::from_ref(first), vec![clause], caught), *span, 2, sink);
                    }
                }
            }
            // Go looks at the error where others catch it.
            BlockKind::Branch if code.unit.lang == Lang::Go && at > 0 => {
                let failed = head.as_ref().is_some_and(|h| {
                    matches!(verdict(code, h), Some(Outcome::Failed)) && !speaks_of(h, |n| !is_error_name(n))
                });
                let line = lines(&stmts[at - 1..at]).map(|(first, _)| first);
                let from = stmts[..at].iter().rposition(|s| lines(std::slice::from_ref(s)).map(|(l, _)| l) != line);
                let before = &stmts[from.map_or(0, |f| f + 1)..at];
                if failed && repeats(code, body, &shapes_of(code, before)) {
                    state(code, index, (before, vec![stmt], body), *span, 2, sink);
                }
            }
            _ => {}
        }
        stretches(code, index, body, sink);
    }
}

/// The statement of a tried stretch whose request the clause makes again.
pub(super) fn second<'s>(code: &Code<'_>, tried: &'s [Stmt], clause: &Stmt) -> Option<&'s Stmt> {
    let Stmt::Block { kind: BlockKind::Catch, head, body: caught, .. } = clause else { return None };
    // Others know what has happened.
    const KNOWS: [&str; 12] = [
        "Connect",
        "Refused",
        "NotFound",
        "Unauthorized",
        "Forbidden",
        "Auth",
        "Conflict",
        "Duplicate",
        "Exists",
        "Integrity",
        "BadRequest",
        "Invalid",
    ];
    let knows = |name: &str| KNOWS.iter().any(|w| name.contains(w));
    if head.as_ref().is_some_and(|h| speaks_of(h, knows)) {
        return None;
    }
    tried.iter().find(|stmt| repeats(code, caught, &shapes_of(code, std::slice::from_ref(stmt))))
}

fn shapes_of(code: &Code<'_>, stmts: &[Stmt]) -> BTreeSet<SmolStr> {
    let mut out = BTreeSet::new();
    stmts.iter().for_each(|stmt| match stmt {
        Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) => calls(code, e, &mut out),
        Stmt::Block { kind: BlockKind::With, body, .. } => out.extend(shapes_of(code, body)),
        Stmt::Block { .. } | Stmt::Leave(..) => {}
    });
    out
}

fn speaks_of(expr: &Expr, is: impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    expr.walk(&mut |e| {
        if let ExprKind::Name(n) | ExprKind::Member(_, n) = &e.kind {
            found |= is(n);
        }
    });
    found
}

fn is_error_name(name: &str) -> bool {
    is_error(&Expr::name(name, Span::default()))
}

fn state(
    code: &Code<'_>,
    function: usize,
    (tried, handlers, pauses): (&[Stmt], Vec<&Stmt>, &[Stmt]),
    span: Span,
    tries: u32,
    sink: &mut Sink,
) {
    let whole = Loop { code, function, head: None, body: pauses, span };
    let tried = Tried { stmts: tried, handlers, flags: BTreeSet::new(), success: None };
    whole.state_as(&tried, (Bound::Counted, Some(Value::text(format_smolstr!("{tries}")))), sink);
}

/// Whether these statements make one of the requests again, and do nothing else that matters.
fn repeats(code: &Code<'_>, stmts: &[Stmt], shapes: &BTreeSet<SmolStr>) -> bool {
    let mut again = 0;
    for stmt in stmts {
        let mut seen = Seen::default();
        match stmt {
            Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) => look(code, e, shapes, &mut seen),
            Stmt::Leave(..) => {}
            Stmt::Block { kind: BlockKind::Try, body, .. } => {
                seen.again = usize::from(repeats(code, body, shapes));
                seen.other = seen.again == 0;
            }
            // What the second attempt's own failure leads to.
            Stmt::Block { kind: BlockKind::Catch | BlockKind::Finally, .. } if again > 0 => {}
            Stmt::Block { kind: BlockKind::Branch, .. } if again > 0 => {}
            Stmt::Block { .. } => seen.other = true,
        }
        if seen.other && again == 0 {
            return false;
        }
        again += seen.again;
    }
    again > 0
}

#[derive(Default)]
struct Seen {
    again: usize,
    /// Something is done that is neither one of them, nor made of it.
    other: bool,
}

fn look(code: &Code<'_>, expr: &Expr, shapes: &BTreeSet<SmolStr>, seen: &mut Seen) {
    if let ExprKind::Call(call) = &expr.kind {
        if shapes.contains(&shape(expr)) && telling(call) {
            seen.again += 1;
            return;
        }
        let name = call.name().to_ascii_lowercase();
        let waits = ["sleep", "delay", "wait", "after"].iter().any(|w| name.contains(w));
        if is_log(&call.callee) || waits && call.args.iter().all(|a| a.value.as_call().is_none()) {
            return;
        }
        let before = seen.again;
        expr.children().into_iter().for_each(|e| look(code, e, shapes, seen));
        seen.other |= seen.again == before;
        return;
    }
    if let ExprKind::Lambda(inner) = expr.kind {
        let found = repeats(code, &code.function(inner).body, shapes);
        seen.again += usize::from(found);
        seen.other |= !found;
        return;
    }
    expr.children().into_iter().for_each(|e| look(code, e, shapes, seen));
}

/// A name of a letter or two says nothing of a request, and what is made is none.
fn telling(call: &Call) -> bool {
    call.name().len() > 2 && !call.new && !is_log(&call.callee)
}

fn calls(code: &Code<'_>, expr: &Expr, out: &mut BTreeSet<SmolStr>) {
    expr.walk(&mut |e| match &e.kind {
        ExprKind::Call(call) if telling(call) => drop(out.insert(shape(e))),
        ExprKind::Lambda(inner) => {
            code.function(*inner).body.iter().for_each(|stmt| {
                if let Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) = stmt {
                    calls(code, e, out);
                }
            });
        }
        _ => {}
    });
}

/// An expression as text without its places, so that two of them can be compared. Closures are never the same.
fn shape(expr: &Expr) -> SmolStr {
    let list = |all: &[Expr]| all.iter().map(|e| shape(e).to_string()).collect::<Vec<_>>().join(",");
    match &expr.kind {
        ExprKind::Str(text) => format_smolstr!("{text:?}"),
        ExprKind::Num(n) | ExprKind::Name(n) => n.clone(),
        ExprKind::Bool(b) => format_smolstr!("{b}"),
        ExprKind::Null => "null".into(),
        ExprKind::Concat(parts) => format_smolstr!("+({})", list(parts)),
        ExprKind::Member(base, name) => format_smolstr!("{}.{name}", shape(base)),
        ExprKind::Index(base, at) => format_smolstr!("{}[{}]", shape(base), shape(at)),
        ExprKind::Call(call) => {
            let args: Vec<String> = call
                .args
                .iter()
                .map(|a| format!("{}={}", a.name.as_deref().unwrap_or_default(), shape(&a.value)))
                .collect();
            format_smolstr!("{}({})", shape(&call.callee), args.join(","))
        }
        ExprKind::Either(parts) => format_smolstr!("|({})", list(parts)),
        ExprKind::Object(entries) => {
            let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{k}:{}", shape(v))).collect();
            format_smolstr!("{{{}}}", entries.join(","))
        }
        ExprKind::List(items) => format_smolstr!("[{}]", list(items)),
        ExprKind::Lambda(index) => format_smolstr!("closure {index}"),
        ExprKind::Other(parts) => format_smolstr!("?({})", list(parts)),
    }
}
