//! Attempts that follow one another without a `try` inside a loop: a function that calls itself after a failure, and loops whose
//! condition is the failure itself. See `attempts.md`.
//!
//! Invariant: it is the same request that is made again. A function that calls itself with something else walks a tree, and a
//! loop that asks for the next page moves on; neither is an attempt.

use super::Code;
use super::attempts::{Loop, Outcome, Tried, ends, is_count, is_error, is_stop, of_kind, out_of, simple, verdict};
use super::ir::{BlockKind, Call, Expr, ExprKind, Leave, Stmt};
use crate::Sink;
use crate::lang::Lang;
use seam_facts::{Bound, SmolStr};
use std::collections::BTreeSet;

/// `catch { return place(order) }`, `.catch(() => place(order))`.
pub(super) fn itself(code: &Code<'_>, index: usize, sink: &mut Sink) {
    let function = code.function(index);
    if function.name.is_empty() || function.name.starts_with('<') {
        return;
    }
    stretches(code, index, &function.body, sink);
    for site in code.calls_named(&["catch", "catchError", "onErrorResume"]) {
        let Some(tried) = site.call.receiver().filter(|_| std::ptr::eq(code.outermost(site.function), function)) else {
            continue;
        };
        let lambda = site.call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(inner) => Some(inner),
            _ => None,
        });
        let Some(inner) = lambda else { continue };
        let body = &code.function(inner).body;
        if let Some(how) = again(code, index, body, None) {
            let stmts = [Stmt::Expr(tried.clone())];
            let handlers = body.iter().collect();
            state(code, index, (&stmts, handlers, body), site.span(), how, sink);
        }
    }
}

fn stretches(code: &Code<'_>, index: usize, stmts: &[Stmt], sink: &mut Sink) {
    for (at, stmt) in stmts.iter().enumerate() {
        let Stmt::Block { kind, head, body, span } = stmt else { continue };
        // What a loop holds is the loop's.
        if *kind == BlockKind::Loop {
            continue;
        }
        if *kind == BlockKind::Try {
            let handlers: Vec<&Stmt> =
                stmts[at + 1..].iter().take_while(|s| of_kind(s, BlockKind::Catch).is_some()).collect();
            let found = handlers.iter().find_map(|h| {
                let inner = of_kind(h, BlockKind::Catch)?;
                Some((*h, inner, again(code, index, inner, None)?))
            });
            if let Some((handler, inner, how)) = found {
                state(code, index, (body, vec![handler], inner), *span, how, sink);
                continue;
            }
        }
        if *kind == BlockKind::Branch
            && let Some(condition) = head
            && at > 0
            && matches!(verdict(code, condition), Some(Outcome::Failed))
            && let Some(how) = again(code, index, body, Some(condition))
        {
            state(code, index, (&stmts[..at], vec![stmt], body), *span, how, sink);
        }
        stretches(code, index, body, sink);
    }
}

fn state(
    code: &Code<'_>,
    function: usize,
    (tried, handlers, pauses): (&[Stmt], Vec<&Stmt>, &[Stmt]),
    span: seam_facts::Span,
    bound: Bound,
    sink: &mut Sink,
) {
    let whole = Loop { code, function, head: None, body: pauses, span };
    let tried = Tried { stmts: tried, handlers, flags: BTreeSet::new(), success: None };
    whole.state_as(&tried, (bound, None), sink);
}

/// What ends it, where these statements call the function that they stand in with what it was called with.
fn again(code: &Code<'_>, index: usize, stmts: &[Stmt], head: Option<&Expr>) -> Option<Bound> {
    let function = code.function(index);
    let params: Vec<&SmolStr> = function.params.iter().map(|p| &p.name).collect();
    let mut found = None;
    seek(code, stmts, head.into_iter().collect(), &mut |expr, heads| {
        expr.walk(&mut |e| {
            if found.is_some() {
                return;
            }
            if let Some(call) = e.as_call().filter(|c| is_self(c, function, code.unit.lang))
                && let Some(counted) = same(call, &params)
            {
                found = Some((counted, heads.iter().any(|h| by_status(h)), heads.len()));
            }
        });
    });
    let (counted, told, conditions) = found?;
    // A token that ran out is fetched and the request, which was refused, made with the new one.
    if told {
        return None;
    }
    let leaves = stmts.iter().any(has_branch_out);
    Some(match (counted, conditions > usize::from(head.is_some()) || leaves) {
        (true, _) => Bound::Counted,
        (false, true) => Bound::Checked,
        (false, false) => Bound::Nothing,
    })
}

fn seek<'s>(code: &'s Code<'_>, stmts: &'s [Stmt], heads: Vec<&'s Expr>, visit: &mut dyn FnMut(&'s Expr, &[&'s Expr])) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) => {
                visit(e, &heads);
                // `sleep(300).then(() => place(order))`.
                e.walk(&mut |x| {
                    if let ExprKind::Lambda(inner) = x.kind {
                        seek(code, &code.function(inner).body, heads.clone(), visit);
                    }
                });
            }
            Stmt::Block { kind: BlockKind::Loop, .. } | Stmt::Leave(..) => {}
            Stmt::Block { head, body, .. } => {
                let mut below = heads.clone();
                below.extend(head.as_ref());
                seek(code, body, below, visit);
            }
        }
    }
}

fn is_self(call: &Call, function: &super::ir::Function, lang: Lang) -> bool {
    let on_self = match &call.callee.kind {
        ExprKind::Name(_) => true,
        ExprKind::Member(base, _) => {
            matches!(&base.kind, ExprKind::Name(n) if n == "this" || n == "self" || *n == function.owner)
                // The receiver has a name of its own there.
                || lang == Lang::Go && matches!(&base.kind, ExprKind::Name(n) if n.len() <= 3)
        }
        _ => false,
    };
    on_self && !call.new && call.name() == function.name && call.args.len() <= function.params.len()
}

/// Whether the arguments are the parameters, a number among them counted; `Some(true)` where one is.
fn same(call: &Call, params: &[&SmolStr]) -> Option<bool> {
    let mut counted = false;
    for arg in &call.args {
        match &arg.value.kind {
            ExprKind::Name(n) if params.contains(&n) => {}
            ExprKind::Num(_) | ExprKind::Str(_) | ExprKind::Bool(_) => {
                counted |= !matches!(arg.value.kind, ExprKind::Str(_))
            }
            ExprKind::Other(_) | ExprKind::Concat(_) => {
                let mut known = false;
                arg.value.walk(&mut |e| {
                    known |= matches!(&e.kind, ExprKind::Name(n) if params.contains(&n));
                });
                if !known {
                    return None;
                }
                counted = true;
            }
            _ => return None,
        }
    }
    Some(counted)
}

/// A condition on the answer's status, or on a permission.
fn by_status(head: &Expr) -> bool {
    let mut found = false;
    head.walk(&mut |e| match &e.kind {
        ExprKind::Num(n) => found |= n.len() == 3 && n.starts_with('4') && n != "429",
        ExprKind::Name(n) | ExprKind::Member(_, n) => {
            let name = n.to_ascii_lowercase();
            found |= ["unauth", "token", "expired", "refresh", "forbidden", "auth"].iter().any(|w| name.contains(w));
        }
        _ => {}
    });
    found
}

fn has_branch_out(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Block { kind: BlockKind::Branch, body, .. } if body.iter().any(out_of) || ends(body))
}

impl<'a> Loop<'a> {
    /// `while not answer.ok: answer = ask()`, `for err != nil { …; err = ask() }`.
    pub(super) fn while_failing(&self) -> Option<(Tried<'a>, Bound)> {
        let head = self.head?;
        let mut asked = failing(head, self.code.unit.lang);
        if asked.is_empty() {
            return None;
        }
        // `res = ask(); code = res.status()`: what the status is read of is asked for each time.
        let mut answers = BTreeSet::new();
        for stmt in self.body {
            stmt_names(stmt, &mut |name, value| {
                if asked.contains(name)
                    && let Some(call) = value.as_call().filter(|c| status_word(c.name()))
                {
                    answers.extend(call.receiver().and_then(root));
                }
            });
        }
        asked.extend(answers);
        let mut sets = BTreeSet::new();
        let mut moves = BTreeSet::new();
        let mut values: Vec<&Expr> = Vec::new();
        let mut all: Vec<&Expr> = Vec::new();
        self.body.iter().for_each(|s| stmt_names(s, &mut |_, value| all.push(value)));
        for stmt in self.body {
            stmt_names(stmt, &mut |name, value| {
                if asked.contains(name) {
                    // `answer, err = ask()` gives its call to the first name.
                    values.extend(all.iter().copied().filter(|v| v.span.line == value.span.line));
                    sets.insert(name.clone());
                    values.push(value);
                } else if !is_count(name) {
                    moves.insert(name.clone());
                }
            });
        }
        let calls = |e: &&&Expr| {
            let mut any = false;
            e.walk(&mut |x| any |= x.as_call().is_some());
            any
        };
        let asks: Vec<&&Expr> = values.iter().filter(calls).collect();
        // A page, a cursor, a token: what is asked for is another thing each time.
        let moved = asks.iter().any(|e| {
            let mut any = false;
            e.walk(&mut |x| any |= matches!(&x.kind, ExprKind::Name(n) if moves.contains(n)));
            any
        });
        if asks.is_empty() || moved {
            return None;
        }
        let mut bound = Bound::Nothing;
        head.walk(&mut |e| {
            if let Some(name) = simple(e).filter(|n| !asked.contains(*n)) {
                if is_count(name) {
                    bound = Bound::Counted;
                } else if is_stop(name) && bound == Bound::Nothing {
                    bound = Bound::Checked;
                }
            }
        });
        if bound == Bound::Nothing && self.body.iter().any(|s| out_of(s) || has_branch_out(s)) {
            bound = Bound::Checked;
        }
        let handlers = self.body.iter().filter(|s| !matches!(s, Stmt::Assign { .. })).collect();
        Some((Tried { stmts: self.body, handlers, flags: sets, success: None }, bound))
    }
}

/// The names whose failure a condition states: an error, an answer whose status is looked at.
pub(super) fn failing(head: &Expr, lang: Lang) -> BTreeSet<SmolStr> {
    let mut out = BTreeSet::new();
    let mut number = false;
    head.walk(&mut |e| {
        number |= matches!(&e.kind, ExprKind::Num(n) if n.len() == 3 && n.starts_with(['2', '4', '5']) && n != "202");
        number |= simple(e).is_some_and(|n| n.starts_with("Status") || n == "OK");
    });
    head.walk(&mut |e| match &e.kind {
        ExprKind::Other(parts) if lang == Lang::Go => {
            if let [one, Expr { kind: ExprKind::Null, .. }, Expr { kind: ExprKind::Null, .. }] = parts.as_slice()
                && is_error(one)
            {
                out.extend(simple(one).cloned());
            }
        }
        ExprKind::Name(n) if number && status_word(n) => {
            out.insert(n.clone());
        }
        ExprKind::Member(base, n) if success_word(n) || number && status_word(n) => {
            out.extend(root(base));
        }
        ExprKind::Call(call) if success_word(call.name()) || number && status_word(call.name()) => {
            out.extend(call.receiver().and_then(root));
        }
        _ => {}
    });
    out
}

pub(super) fn root(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Name(n) if n != "this" => Some(n.clone()),
        ExprKind::Member(base, _) => root(base),
        ExprKind::Call(call) => root(call.receiver()?),
        _ => None,
    }
}

fn status_word(name: &str) -> bool {
    let word = name.to_ascii_lowercase().replace('_', "");
    matches!(
        word.as_str(),
        "statuscode"
            | "status"
            | "getstatus"
            | "getstatuscode"
            | "httpcode"
            | "httpstatus"
            | "getstatuscodevalue"
            | "rawstatuscode"
    )
}

fn success_word(name: &str) -> bool {
    let word = name.to_ascii_lowercase().replace('_', "");
    matches!(
        word.as_str(),
        "ok" | "issuccess"
            | "issuccessstatuscode"
            | "is2xxsuccessful"
            | "issuccessful"
            | "successful"
            | "success"
            | "success?"
            | "iserr"
            | "isok"
    )
}

/// Names that a statement gives a value to, loops of its own left out.
fn stmt_names<'s>(stmt: &'s Stmt, visit: &mut dyn FnMut(&'s SmolStr, &'s Expr)) {
    match stmt {
        Stmt::Assign { target: Expr { kind: ExprKind::Name(n), .. }, value, .. } => visit(n, value),
        Stmt::Block { kind, body, .. } if *kind != BlockKind::Loop => {
            for inner in body {
                stmt_names(inner, visit);
            }
        }
        _ => {}
    }
}

/// The code that `codes.NotFound` names.
pub(super) fn code_of(expr: &Expr) -> Option<&SmolStr> {
    match &expr.kind {
        ExprKind::Member(base, code) => matches!(&base.kind, ExprKind::Name(n) if n == "codes").then_some(code),
        _ => None,
    }
}

/// Codes of gRPC after which the next round comes: those that it starts for, and those that it does not leave for.
fn codes(head: &Expr, starts: bool, leaves: bool, out: &mut BTreeSet<SmolStr>) {
    const REFUSALS: &[&str] =
        &["NotFound", "InvalidArgument", "Unauthenticated", "PermissionDenied", "Unimplemented", "AlreadyExists"];
    head.walk(&mut |e| {
        let ExprKind::Other(parts) = &e.kind else { return };
        let code = match parts.as_slice() {
            [_, one] if starts => code_of(one),
            [_, one, Expr { kind: ExprKind::Null, .. }] if leaves => code_of(one),
            _ => None,
        };
        out.extend(code.filter(|c| REFUSALS.contains(&c.as_str())).cloned());
    });
}

/// Statuses of a refusal after which the next round comes: it is started by name, or what the round throws is caught in it.
pub(super) fn refused(code: &Code<'_>, function: usize, body: &[Stmt], alone: bool, out: &mut BTreeSet<SmolStr>) {
    for stmt in body {
        let Stmt::Block { kind, head, body: inner, .. } = stmt else { continue };
        if *kind == BlockKind::Loop {
            continue;
        }
        // A clause that leaves on its own throws to whoever called.
        let thrown = !alone && inner.iter().any(|s| matches!(s, Stmt::Leave(Leave::Throw, _)));
        let starts = inner.iter().any(|s| matches!(s, Stmt::Leave(Leave::Continue, _)));
        if let Some(head) = head.as_ref().filter(|_| *kind == BlockKind::Branch) {
            codes(head, starts, inner.iter().any(out_of), out);
        }
        if let Some(head) = head.as_ref().filter(|_| *kind == BlockKind::Branch && (starts || thrown))
            && matches!(verdict(code, head), Some(Outcome::Failed))
        {
            listed(code, function, head, starts, out);
        }
        // `if (![400, 503].includes(status)) break`: those that are listed stay.
        if let Some(head) = head.as_ref().filter(|_| *kind == BlockKind::Branch && inner.iter().any(out_of))
            && matches!(verdict(code, head), Some(Outcome::Worked))
        {
            listed(code, function, head, false, out);
        }
        let alone = alone || *kind == BlockKind::Catch;
        refused(code, function, inner, alone, out);
    }
}

/// The statuses that a condition lists. A limit (`>= 400`) means all of them and lists none, but where a round is started by name.
fn listed(code: &Code<'_>, function: usize, head: &Expr, starts: bool, out: &mut BTreeSet<SmolStr>) {
    let mut found = BTreeSet::new();
    let mut note = |e: &Expr| {
        if let ExprKind::Num(n) = &e.kind
            && n.len() == 3
            && n.starts_with('4')
        {
            found.insert(n.clone());
        }
    };
    head.walk(&mut |e| {
        note(e);
        if matches!(e.kind, ExprKind::Name(_) | ExprKind::Member(..)) {
            code.resolved(e, function).0.walk(&mut note);
        }
    });
    if starts || found.len() > 1 || found.iter().any(|n| n != "400") {
        out.append(&mut found);
    }
}
