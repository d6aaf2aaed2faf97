//! Loops that try again: something is done, the loop leaves when it worked, and goes on when it failed. See `attempts.md`.
//!
//! Invariant: both ways must be seen, leaving after success and going on after failure. A loop over things (each of them once)
//! is none, and neither is a loop that goes on after success too: that is a program's main loop.

use super::Code;
use super::again;
use super::flow::mention;
use super::ir::{BlockKind, Call, Expr, ExprKind, Leave, Stmt, walk_stmts};
use super::pauses;
use super::second;
use super::verdicts;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Attempts, Bound, Claim, Pass, Pause, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "attempts",
    version: 6,
    page: include_str!("attempts.md"),
    reads: Reads::Code { langs: &[], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        look(code, index, &function.body, sink);
        again::itself(code, index, sink);
        second::find(code, index, sink);
        if code.unit.lang == Lang::Ruby {
            again(code, index, &function.body, sink);
        }
    }
    handed(code, sink);
    executed(code, sink);
    second::chained(code, sink);
}

/// Closures that libraries of the JVM try again: `retryTemplate.execute(ctx -> …)`, `Failsafe.with(policy).get(() -> …)`,
/// `Retry.decorateSupplier(retry, () -> …)`.
fn executed(code: &Code<'_>, sink: &mut Sink) {
    const TYPES: [&str; 6] = ["RetryTemplate", "RetryOperations", "Retryer", "Failsafe", "FailsafeExecutor", "Retry"];
    if !matches!(code.unit.lang, Lang::Java | Lang::Kotlin | Lang::Scala) {
        return;
    }
    for site in code.calls() {
        let name = site.call.name();
        let runs = ["execute", "call", "get", "run", "decorate"].iter().any(|w| name.starts_with(w));
        let lambda = site.call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(inner) => Some(inner),
            _ => None,
        });
        let (true, Some(inner), Some(on)) = (runs, lambda, site.call.receiver()) else { continue };
        let origin = code.origin(on, site.function);
        let of = |part: &str| {
            let part = part.rsplit(['.', '#']).next().unwrap_or(part);
            TYPES.contains(&part)
        };
        if !origin.split(['(', '<']).any(|part| of(part.trim_start_matches(").").trim_end_matches(')'))) && !of(&origin)
        {
            continue;
        }
        let limits = code.calls_named(&["maxAttempts", "setMaxAttempts", "stopAfterAttempt", "withMaxAttempts"]);
        let number = match limits.as_slice() {
            [only] => only.call.arg(0).map(|a| code.value(a, only.function)).filter(|v| v.as_text().is_some()),
            _ => None,
        };
        let function = code.function(inner);
        let body = &function.body;
        let whole = Loop { code, function: site.function, head: None, body, span: site.span() };
        let tried = Tried { stmts: body, handlers: Vec::new(), flags: BTreeSet::new(), success: None };
        whole.state_paced(&tried, (Bound::Counted, number), true, sink);
    }
}

/// Calls that hand a closure to something that tries it again, here or in another file.
fn handed(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let plain = name.to_ascii_lowercase();
        let tries = ["retry", "retries", "again", "attempt", "backoff"].iter().any(|w| plain.contains(w));
        if tries && site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_))) {
            let within = code.within(site.function);
            sink.stated(Claim::Pass(Pass { callee: name.into(), args: Vec::new(), within, made: None }), site.span());
        }
    }
}

fn look(code: &Code<'_>, function: usize, stmts: &[Stmt], sink: &mut Sink) {
    for stmt in stmts {
        let Stmt::Block { kind, head, body, span } = stmt else { continue };
        if *kind == BlockKind::Loop {
            let whole = Loop { code, function, head: head.as_ref(), body, span: *span };
            if let Some(tried) = whole.tried(body) {
                whole.state(&tried, sink);
            } else if let Some((tried, bound)) = whole.while_failing() {
                whole.state_as(&tried, (bound, None), sink);
            }
        }
        look(code, function, body, sink);
    }
}

/// Ruby's own word: `begin … rescue … retry … end`.
fn again(code: &Code<'_>, function: usize, stmts: &[Stmt], sink: &mut Sink) {
    for (index, stmt) in stmts.iter().enumerate() {
        let Stmt::Block { kind, body, span, .. } = stmt else { continue };
        if *kind == BlockKind::Try {
            let after = &stmts[index + 1..];
            let clauses = after.iter().take_while(|s| of_kind(s, BlockKind::Catch).is_some()).count();
            let caught = after[..clauses].iter();
            let handlers: Vec<&Stmt> = caught.filter(|s| of_kind(s, BlockKind::Catch).is_some_and(goes_on)).collect();
            if !handlers.is_empty() {
                // What stands before and behind it is no part of a round.
                let round = &stmts[index..=index + clauses];
                let whole = Loop { code, function, head: None, body: round, span: *span };
                let tried = Tried { stmts: body, handlers, flags: BTreeSet::new(), success: None };
                whole.state(&tried, sink);
            }
        }
        if *kind != BlockKind::Loop {
            again(code, function, body, sink);
        }
    }
}

pub(super) struct Loop<'a> {
    pub(super) code: &'a Code<'a>,
    pub(super) function: usize,
    pub(super) head: Option<&'a Expr>,
    pub(super) body: &'a [Stmt],
    pub(super) span: Span,
}

/// What is tried, and what runs when it failed.
pub(super) struct Tried<'a> {
    pub(super) stmts: &'a [Stmt],
    pub(super) handlers: Vec<&'a Stmt>,
    /// Names in the loop's condition that success changes.
    pub(super) flags: BTreeSet<SmolStr>,
    /// The branch that is taken after success only.
    pub(super) success: Option<&'a Stmt>,
}

/// What a loop's head says of the number of rounds.
enum Rounds {
    For(Option<Value>),
    Ever,
    While,
    Things,
}

impl<'a> Loop<'a> {
    fn tried(&self, stmts: &'a [Stmt]) -> Option<Tried<'a>> {
        if matches!(self.rounds(), Rounds::Things) {
            return None;
        }
        for (index, stmt) in stmts.iter().enumerate() {
            match stmt {
                Stmt::Block { kind: BlockKind::Try, body, .. } => {
                    if let Some(found) = self.guarded(body, &stmts[index + 1..]) {
                        return Some(found);
                    }
                }
                Stmt::Block { kind: BlockKind::Branch, head: Some(head), body, .. } => {
                    if let Some(found) = self.asked(stmts, index, head, body) {
                        return Some(found);
                    }
                }
                Stmt::Block { kind: BlockKind::With, body, .. } => {
                    if let Some(found) = self.tried(body) {
                        return Some(found);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// `try { … return } catch { … }`.
    fn guarded(&self, tried: &'a [Stmt], after: &'a [Stmt]) -> Option<Tried<'a>> {
        let count = after.iter().take_while(|s| of_kind(s, BlockKind::Catch).is_some()).count();
        let handlers: Vec<&Stmt> = after[..count]
            .iter()
            .filter(|s| of_kind(s, BlockKind::Catch).is_some_and(|b| !ends(b) || goes_on(b)))
            .collect();
        if handlers.is_empty() {
            return None;
        }
        let rest = &after[count..];
        // What Python writes as `else` runs after success alone.
        let only = match rest.first() {
            Some(Stmt::Block { kind: BlockKind::Branch, head: None, body, .. }) => ends(body),
            _ => false,
        };
        let skips = |s: &&Stmt| of_kind(s, BlockKind::Catch).is_some_and(goes_on);
        let flags = self.flags(tried);
        let leaves = ends(tried)
            || succeeds(self.code, tried)
            || only
            || ends(rest) && handlers.iter().all(skips)
            || !flags.is_empty();
        let falls_out = ends(rest) && !handlers.iter().any(skips);
        (leaves && !falls_out).then_some(Tried { stmts: tried, handlers, flags, success: None })
    }

    /// `if err == nil { return }`, `if err != nil { …; continue }`, `if response.ok { return }`.
    fn asked(&self, stmts: &'a [Stmt], index: usize, head: &'a Expr, body: &'a [Stmt]) -> Option<Tried<'a>> {
        let (tried, rest) = (&stmts[..index], &stmts[index + 1..]);
        if tried.is_empty() {
            return None;
        }
        let verdict = verdict(self.code, head)?;
        let otherwise = match rest.first() {
            Some(Stmt::Block { kind: BlockKind::Branch, head: None, body, .. }) => Some(body.as_slice()),
            _ => None,
        };
        let continues = body.iter().any(|s| is_leave(s, Leave::Continue));
        let found = match verdict {
            // `if code < 500 { break }` in a counted loop that does nothing after it: what goes on is what failed.
            Outcome::Failed
                if self.counts()
                    && otherwise.is_none()
                    && matches!(body, [Stmt::Leave(Leave::Break, _)])
                    && !rest.iter().any(out_of) =>
            {
                true
            }
            Outcome::Failed => {
                let flags = otherwise.map(|o| self.flags(o)).unwrap_or_default();
                !ends(body) && (otherwise.is_some_and(ends) || continues && ends(rest) || !flags.is_empty())
            }
            Outcome::Worked => {
                let fails_out = otherwise.is_some_and(ends)
                    || ends(if otherwise.is_some() { rest.get(1..).unwrap_or_default() } else { rest });
                ends(body) && !throws(body) && !fails_out
            }
        };
        // Pages and queues are read in loops like this; what tries again pauses or counts.
        let endless = || matches!(self.rounds(), Rounds::Ever);
        let tells = self.counts() || endless() || pauses::found(self.code, self.function, self.body).is_some();
        let handlers = match verdict {
            Outcome::Failed => vec![&stmts[index]],
            Outcome::Worked => rest.iter().collect(),
        };
        let success = matches!(verdict, Outcome::Worked).then(|| &stmts[index]);
        (found && tells).then(|| Tried { stmts: tried, handlers, flags: BTreeSet::new(), success })
    }

    /// Names of the loop's condition that these statements assign.
    fn flags(&self, stmts: &[Stmt]) -> BTreeSet<SmolStr> {
        let mut asked = BTreeSet::new();
        if let Some(head) = self.head {
            head.walk(&mut |e| {
                if let ExprKind::Name(n) | ExprKind::Member(_, n) = &e.kind {
                    asked.insert(n.clone());
                }
            });
        }
        let mut out = BTreeSet::new();
        for stmt in stmts {
            if let Stmt::Assign {
                target: Expr { kind: ExprKind::Name(n) | ExprKind::Member(_, n), .. },
                append: false,
                ..
            } = stmt
                && asked.contains(n)
            {
                out.insert(n.clone());
            }
        }
        out
    }

    fn counts(&self) -> bool {
        matches!(self.rounds(), Rounds::For(_))
    }

    fn rounds(&self) -> Rounds {
        let Some(head) = self.head else {
            // Loops over things bind their element first.
            return match self.body.first() {
                Some(Stmt::Assign { value, .. }) => match &value.kind {
                    ExprKind::Index(of, rest) if matches!(&rest.kind, ExprKind::Other(p) if p.is_empty()) => {
                        self.over(of)
                    }
                    ExprKind::Either(_) => Rounds::Things,
                    _ => Rounds::Ever,
                },
                _ => Rounds::Ever,
            };
        };
        match &head.kind {
            ExprKind::Bool(true) | ExprKind::Num(_) if !is_plain_number(head, self.code.unit.lang) => Rounds::Ever,
            ExprKind::Num(_) => Rounds::For(self.number(head)),
            ExprKind::Other(_) | ExprKind::Either(_) => {
                let mut counted = None;
                head.walk(&mut |e| {
                    if matches!(e.kind, ExprKind::Num(_)) || simple(e).is_some_and(|n| is_count(n)) {
                        // The limit stands to the right of what is compared with it.
                        counted = Some(self.number(e).or(counted.take().flatten()));
                    }
                });
                counted.map_or(Rounds::While, Rounds::For)
            }
            ExprKind::Name(n) | ExprKind::Member(_, n) if self.assigns(n) => Rounds::While,
            ExprKind::Name(n) if is_count(n) => Rounds::For(self.number(head)),
            _ => self.over(head),
        }
    }

    /// `for x in range(3)`: counted, or else over things.
    fn over(&self, of: &Expr) -> Rounds {
        match &of.kind {
            ExprKind::Call(call) if matches!(call.name(), "range" | "xrange" | "Range" | "trange") => {
                let number = |i: usize| call.args.get(i).and_then(|a| self.number(&a.value));
                let plain = |v: &Value| v.as_text().and_then(|t| t.parse::<u32>().ok());
                match (number(0), number(1)) {
                    (Some(from), Some(to)) => match (plain(&from), plain(&to)) {
                        (Some(a), Some(b)) if b > a => Rounds::For(Some(Value::text(format_smolstr!("{}", b - a)))),
                        _ => Rounds::For(None),
                    },
                    (one, other) => Rounds::For(other.or(one)),
                }
            }
            ExprKind::Other(parts) if parts.len() == 2 && parts.iter().any(|p| matches!(p.kind, ExprKind::Num(_))) => {
                Rounds::For(parts.get(1).and_then(|e| self.number(e)))
            }
            ExprKind::Call(call) if call.receiver().is_some() || !call.args.is_empty() => match self.code.unit.lang {
                // `while (reader.next())` reads like `for x of things`.
                _ if is_stop(call.name()) => Rounds::While,
                _ => Rounds::Things,
            },
            _ => Rounds::Things,
        }
    }

    fn number(&self, expr: &Expr) -> Option<Value> {
        let value = self.code.value(expr, self.function);
        let text = value.as_text();
        match text {
            Some(text) => text.parse::<u32>().ok().filter(|n| (1..=1000).contains(n)).map(|_| value),
            None => Some(value).filter(|v| !v.is_empty() && !v.to_string().contains("${?")),
        }
    }

    fn assigns(&self, name: &str) -> bool {
        let named = |s: &Stmt| matches!(s, Stmt::Assign { target: Expr { kind: ExprKind::Name(n) | ExprKind::Member(_, n), .. }, .. } if n == name);
        self.body.iter().any(|s| s.has(&named))
    }

    fn bound(&self, tried: &Tried<'a>) -> (Bound, Option<Value>) {
        if let Rounds::For(number) = self.rounds() {
            return (Bound::Counted, number);
        }
        let mut bound = Bound::Nothing;
        let mut number = None;
        if matches!(self.rounds(), Rounds::While) {
            // Other than a flag that success sets, the condition may end it.
            let mut names = BTreeSet::new();
            if let Some(head) = self.head {
                head.walk(&mut |e| names.extend(simple(e).cloned()));
            }
            if names.iter().any(|n| !tried.flags.contains(n)) {
                bound = Bound::Checked;
            }
        }
        // `if answer.is_ok() || attempt == 3 { break }`: what leaves after success leaves after so many, too.
        if let Some(Stmt::Block { head: Some(head), .. }) = tried.success {
            head.walk(&mut |e| {
                let ExprKind::Other(parts) = &e.kind else { return };
                if let Some(count) = parts.iter().find(|p| simple(p).is_some_and(|n| is_count(n) && n.len() > 2)) {
                    bound = Bound::Counted;
                    let limit = parts.iter().filter(|p| !std::ptr::eq(*p, count)).find_map(|p| self.number(p));
                    number = limit.or(number.take());
                }
            });
        }
        // C# asks in the clause's head: `catch (TimeoutException) when (attempt < 3)`.
        for handler in tried.handlers.iter().filter(|h| of_kind(h, BlockKind::Catch).is_some()) {
            let line = self.code.text.lines().nth(span_of(handler).line.saturating_sub(1) as usize).unwrap_or_default();
            if let Some((_, filter)) = line.split_once(" when ") {
                let counted = filter.split(|c: char| !c.is_alphanumeric()).any(|w| w.len() > 2 && is_count(w));
                bound = if counted { Bound::Counted } else { Bound::Checked };
            }
        }
        let mut visit = |head: Option<&Expr>, body: &[Stmt]| {
            if !body.iter().any(out_of) {
                return;
            }
            let mut counted = false;
            if let Some(head) = head {
                head.walk(&mut |e| {
                    if simple(e).is_some_and(|n| is_count(n)) {
                        counted = true;
                    }
                    if matches!(e.kind, ExprKind::Num(_)) || simple(e).is_some_and(|n| is_count(n)) {
                        number = self.number(e).or(number.take());
                    }
                });
            }
            if counted || bound == Bound::Nothing {
                bound = if counted { Bound::Counted } else { Bound::Checked };
            }
        };
        for handler in &tried.handlers {
            if let Stmt::Block { body, kind, head, .. } = handler {
                if *kind != BlockKind::Catch {
                    visit(head.as_ref().filter(|_| body.iter().any(|s| matches!(s, Stmt::Block { .. }))), &[]);
                }
                branches(body, &mut visit);
                // `if attempt < 3 { continue }; throw`.
                if ends(body) || self.code.unit.lang == Lang::Ruby {
                    branches(body, &mut |head, inner| {
                        if goes_on(inner) {
                            visit(head, &[Stmt::Leave(Leave::Throw, self.span)]);
                        }
                    });
                }
            }
        }
        let aside =
            |s: &&Stmt| !tried.success.is_some_and(|x| std::ptr::eq(x, *s)) && of_kind(s, BlockKind::Catch).is_none();
        for stmt in self.body.iter().filter(aside) {
            if let Stmt::Block { kind, head, body, .. } = stmt {
                let holds = std::ptr::eq(body.as_ptr(), tried.stmts.as_ptr());
                if *kind == BlockKind::Branch && !holds {
                    visit(head.as_ref(), body);
                }
                if *kind != BlockKind::Try {
                    branches(body, &mut visit);
                }
            }
        }
        // Within what is tried, only what counts or watches a clock ends the attempts.
        branches(tried.stmts, &mut |head, body| {
            let ends = |n: &SmolStr| is_count(n) || is_stop(n);
            let mut asks = false;
            if let Some(head) = head {
                head.walk(&mut |e| asks |= simple(e).is_some_and(ends));
            }
            if asks && body.iter().any(out_of) && bound == Bound::Nothing {
                bound = Bound::Checked;
            }
        });
        // Of several clauses each goes its own way: what one of them counts ends nothing where another goes on without a word.
        let clauses = || tried.handlers.iter().filter_map(|h| of_kind(h, BlockKind::Catch));
        let leaves = |body: &[Stmt]| body.iter().any(|s| s.has(&out_of));
        if matches!(self.rounds(), Rounds::Ever)
            && bound == Bound::Counted
            && clauses().any(leaves)
            && clauses().any(|b| !leaves(b))
            && !self.body.iter().filter(aside).any(|s| !std::ptr::eq(s, &self.body[0]) && s.has(&out_of))
        {
            return (Bound::Nothing, None);
        }
        (bound, if bound == Bound::Counted { number } else { None })
    }

    fn state(&self, tried: &Tried<'a>, sink: &mut Sink) {
        self.state_as(tried, self.bound(tried), sink);
    }

    pub(super) fn state_as(&self, tried: &Tried<'a>, bound: (Bound, Option<Value>), sink: &mut Sink) {
        self.state_paced(tried, bound, false, sink);
    }

    /// `paced`: how long it waits between the rounds is a library's business.
    fn state_paced(&self, tried: &Tried<'a>, (bound, attempts): (Bound, Option<Value>), paced: bool, sink: &mut Sink) {
        let code = self.code;
        let mut names = BTreeSet::new();
        walk_stmts(tried.stmts, &mut |expr| {
            if let ExprKind::Call(call) = &expr.kind {
                mention(&call.callee, &mut names);
            }
            if let ExprKind::Lambda(inner) = expr.kind {
                walk_stmts(&code.unit.functions[inner].body, &mut |e| {
                    if let ExprKind::Call(call) = &e.kind {
                        mention(&call.callee, &mut names);
                    }
                });
            }
        });
        names.retain(|n| !n.is_empty());
        if names.is_empty() {
            return;
        }
        let Some(lines) = lines(tried.stmts) else { return };
        let given = self.given(tried.stmts);
        let found = pauses::found(code, self.function, self.body);
        let (pause, millis) = match found {
            Some(found) => found,
            None if paced => (Pause::Unknown, None),
            None => (pauses::hidden(tried.handlers.iter().copied(), &code.function(self.function).name), None),
        };
        let caught: BTreeSet<SmolStr> = tried.handlers.iter().filter_map(|h| caught(h)).flatten().collect();
        let untyped = tried.handlers.iter().any(|h| caught_all(h));
        let (mut statuses, mut told_when) = (BTreeSet::new(), false);
        let mut note = |e: &Expr| match &e.kind {
            ExprKind::Num(n) if n.len() == 3 && n.starts_with(['4', '5']) => drop(statuses.insert(n.clone())),
            ExprKind::Str(text) => told_when |= text.eq_ignore_ascii_case("retry-after"),
            ExprKind::Name(n) | ExprKind::Member(_, n) => {
                let word = n.to_ascii_lowercase().replace(['_', '-'], "");
                told_when |= word.contains("retryafter");
                if let Some(status) = named_status(&word) {
                    statuses.insert(status.into());
                }
            }
            _ => {}
        };
        each_head(self.body, &mut |head| head.walk(&mut note));
        walk_stmts(self.body, &mut |e| {
            if !matches!(e.kind, ExprKind::Num(_)) {
                note(e);
            }
        });
        let mut refused = BTreeSet::new();
        again::refused(code, self.function, self.body, tried.handlers.is_empty(), &mut refused);
        let claim = Attempts {
            within: code.within(self.function),
            tried: lines,
            names: names.into_iter().collect(),
            given,
            bound,
            attempts,
            pause,
            millis,
            caught: if untyped { Vec::new() } else { caught.into_iter().collect() },
            statuses: statuses.into_iter().collect(),
            refused: refused.into_iter().collect(),
            told_when,
        };
        sink.stated(Claim::Attempts(claim), self.span);
    }

    /// Whether what is tried is a parameter of the function around.
    fn given(&self, stmts: &[Stmt]) -> bool {
        let mut out = false;
        let outer = self.code.outermost(self.function);
        let mut params: Vec<&str> = outer.params.iter().map(|p| p.name.as_str()).collect();
        params.extend(self.code.function(self.function).params.iter().map(|p| p.name.as_str()));
        walk_stmts(stmts, &mut |e| {
            if let ExprKind::Call(call) = &e.kind {
                let on = match &call.callee.kind {
                    ExprKind::Name(n) => Some(n.as_str()),
                    // Functional interfaces have one method.
                    ExprKind::Member(base, m)
                        if matches!(
                            m.as_str(),
                            "get" | "call" | "run" | "apply" | "execute" | "invoke" | "Invoke" | "accept"
                        ) =>
                    {
                        simple(base).map(SmolStr::as_str)
                    }
                    _ => None,
                };
                out |= on.is_some_and(|n| params.contains(&n));
            }
        });
        out
    }
}

pub(super) enum Outcome {
    Worked,
    Failed,
}

/// What a condition says of an attempt: by its own text, or else by the names in it.
pub(super) fn verdict(code: &Code<'_>, head: &Expr) -> Option<Outcome> {
    verdicts::of(code, head).or_else(|| outcome(head))
}

/// What a condition says of an attempt: by an error's absence, or by the answer's status.
fn outcome(head: &Expr) -> Option<Outcome> {
    let mut found = by_code(head);
    let mut status = false;
    let mut number = None;
    head.walk(&mut |e| match &e.kind {
        ExprKind::Other(parts) if found.is_none() => match parts.as_slice() {
            [one, Expr { kind: ExprKind::Null, .. }] if is_error(one) => found = Some(Outcome::Worked),
            [one, Expr { kind: ExprKind::Null, .. }, Expr { kind: ExprKind::Null, .. }] if is_error(one) => {
                found = Some(Outcome::Failed);
            }
            _ => {}
        },
        ExprKind::Num(n) if n.len() == 3 => number = Some(n.clone()),
        _ => {
            let Some(name) = simple(e) else { return };
            let word = name.to_ascii_lowercase().replace('_', "");
            // `HTTPStatus.OK`, `http.StatusOK`, `http.StatusInternalServerError`.
            match word.as_str() {
                "ok" if name == "OK" => number = number.take().or(Some("200".into())),
                "statusok" => number = number.take().or(Some("200".into())),
                "statusinternalservererror" | "internalservererror" => number = number.take().or(Some("500".into())),
                _ => {}
            }
            status |= matches!(
                word.as_str(),
                "statuscode"
                    | "status"
                    | "getstatus"
                    | "getstatuscode"
                    | "code"
                    | "rawstatuscode"
                    | "statuscodevalue"
                    | "getstatuscodevalue"
                    | "httpcode"
                    | "httpstatus"
            );
            if found.is_none()
                && matches!(
                    word.as_str(),
                    "issuccess" | "issuccessstatuscode" | "is2xxsuccessful" | "issuccessful" | "successful"
                )
            {
                found = Some(Outcome::Worked);
            }
        }
    });
    if found.is_none()
        && let Some(member) = simple(head).filter(|n| *n == "ok")
    {
        // `response.ok`; a bare `ok` says something else in Go.
        found = matches!(head.kind, ExprKind::Member(..)).then_some(member).map(|_| Outcome::Worked);
    }
    found.or_else(|| match number?.chars().next()? {
        '2' if status => Some(Outcome::Worked),
        '4' | '5' if status => Some(Outcome::Failed),
        _ => None,
    })
}

/// Codes of gRPC in Go: `code == codes.Unavailable` failed, and so did what is left once `code != codes.NotFound` has left.
fn by_code(head: &Expr) -> Option<Outcome> {
    let mut found = None;
    head.walk(&mut |e| {
        let ExprKind::Other(parts) = &e.kind else { return };
        let (one, unlike) = match parts.as_slice() {
            [_, one] => (one, false),
            [_, one, Expr { kind: ExprKind::Null, .. }] => (one, true),
            _ => return,
        };
        if let Some(code) = again::code_of(one) {
            found = Some(if (code == "OK") == unlike { Outcome::Failed } else { Outcome::Worked });
        }
    });
    found
}

pub(super) fn is_error(expr: &Expr) -> bool {
    simple(expr).is_some_and(|n| {
        let name = n.to_ascii_lowercase();
        name == "e" || name.ends_with("err") || name.ends_with("error") || name.starts_with("err")
    })
}

/// The last part of a name, a member or a call's function.
pub(super) fn simple(expr: &Expr) -> Option<&SmolStr> {
    match &expr.kind {
        ExprKind::Name(n) | ExprKind::Member(_, n) => Some(n),
        ExprKind::Call(call) => simple(&call.callee),
        _ => None,
    }
}

/// `1` of `while (1)`: in Go and Rust a number is counted to.
fn is_plain_number(head: &Expr, lang: Lang) -> bool {
    matches!(head.kind, ExprKind::Num(_)) && matches!(lang, Lang::Go | Lang::Rust)
}

/// A name for a number of attempts.
pub(super) fn is_count(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["attempt", "retr", "tries", "maxtr", "trycount", "numtr"].iter().any(|w| name.contains(w))
        || matches!(
            name.as_str(),
            "i" | "n" | "count" | "counter" | "max" | "limit" | "times" | "try" | "left" | "remaining"
        )
}

/// A name for a clock, a deadline or a request to stop.
pub(super) fn is_stop(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "deadline",
        "elapsed",
        "timeout",
        "expire",
        "now",
        "since",
        "time",
        "cancel",
        "ctx",
        "done",
        "stop",
        "shutdown",
        "interrupt",
        "running",
        "closed",
        "closing",
        "alive",
        "exit",
        "until",
    ]
    .iter()
    .any(|w| name.contains(w))
}

/// `TOO_MANY_REQUESTS` and the like.
fn named_status(word: &str) -> Option<&'static str> {
    ["statustoomanyrequests", "toomanyrequests"]
        .contains(&word)
        .then_some("429")
        .or_else(|| ["statusserviceunavailable", "serviceunavailable"].contains(&word).then_some("503"))
}

impl Stmt {
    /// Whether this or a statement in it, but not in a loop of its own, is such.
    fn has(&self, is: &dyn Fn(&Stmt) -> bool) -> bool {
        is(self)
            || match self {
                Stmt::Block { kind, body, .. } if *kind != BlockKind::Loop => body.iter().any(|s| s.has(is)),
                _ => false,
            }
    }
}

fn is_leave(stmt: &Stmt, how: Leave) -> bool {
    matches!(stmt, Stmt::Leave(x, _) if *x == how)
}

pub(super) fn of_kind(stmt: &Stmt, kind: BlockKind) -> Option<&[Stmt]> {
    match stmt {
        Stmt::Block { kind: k, body, .. } if *k == kind => Some(body),
        _ => None,
    }
}

/// Calls that do not come back.
fn is_exit(call: &Call) -> bool {
    matches!(
        call.name(),
        "raise"
            | "panic"
            | "Fatal"
            | "Fatalf"
            | "Fatalln"
            | "exit"
            | "Exit"
            | "die"
            | "abort"
            | "fail"
            | "exitProcess"
            | "reject"
    )
}

/// Leaves the loop by this very statement.
pub(super) fn out_of(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Return(_) => true,
        Stmt::Leave(how, _) => *how != Leave::Continue,
        Stmt::Expr(e) => e.as_call().is_some_and(is_exit),
        Stmt::Assign { .. } | Stmt::Block { .. } => false,
    }
}

/// Whether control never comes to the end of these statements, and leaves the loop.
pub(super) fn ends(stmts: &[Stmt]) -> bool {
    let mut before: Option<bool> = None;
    for stmt in stmts {
        if is_leave(stmt, Leave::Continue) {
            return false;
        }
        if out_of(stmt) {
            return true;
        }
        match stmt {
            Stmt::Block { kind: BlockKind::With, body, .. } if ends(body) => return true,
            Stmt::Block { kind: BlockKind::Branch, head: Some(_), body, .. } => before = Some(ends(body)),
            Stmt::Block { kind: BlockKind::Branch, head: None, body, .. } => {
                if before == Some(true) && ends(body) {
                    return true;
                }
                before = None;
            }
            _ => {}
        }
    }
    false
}

/// Whether some way through these statements starts the next round by name.
fn goes_on(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|s| s.has(&|s| is_leave(s, Leave::Continue)))
}

/// Ends by throwing.
fn throws(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|s| is_leave(s, Leave::Throw) || matches!(s, Stmt::Expr(e) if e.as_call().is_some_and(is_exit)))
}

/// Leaves where the answer's status says that it worked.
fn succeeds(code: &Code<'_>, stmts: &[Stmt]) -> bool {
    stmts.iter().any(|s| match s {
        Stmt::Block { kind: BlockKind::Branch, head: Some(head), body, .. } => {
            matches!(verdict(code, head), Some(Outcome::Worked)) && ends(body) && !throws(body)
        }
        Stmt::Block { kind: BlockKind::With, body, .. } => succeeds(code, body),
        _ => false,
    })
}

/// Every branch within, inner loops left out.
fn branches<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(Option<&'s Expr>, &'s [Stmt])) {
    for stmt in stmts {
        let Stmt::Block { kind, head, body, .. } = stmt else { continue };
        match kind {
            BlockKind::Loop => continue,
            BlockKind::Branch => visit(head.as_ref(), body),
            BlockKind::Try | BlockKind::Catch | BlockKind::Finally | BlockKind::With => {}
        }
        branches(body, visit);
    }
}

fn each_head<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(&'s Expr)) {
    for stmt in stmts {
        if let Stmt::Block { kind, head, body, .. } = stmt {
            if *kind == BlockKind::Branch
                && let Some(head) = head
            {
                visit(head);
            }
            each_head(body, visit);
        }
    }
}

/// The types that a handler names, the last part of each.
fn caught(handler: &Stmt) -> Option<Vec<SmolStr>> {
    let Stmt::Block { kind: BlockKind::Catch, head: Some(head), .. } = handler else { return None };
    let mut out = Vec::new();
    let mut add = |text: &str| {
        for one in text.split('|') {
            let one = one.trim().trim_end_matches('?');
            out.extend(one.rsplit(['.', ':', '\\']).next().filter(|n| !n.is_empty()).map(SmolStr::from));
        }
    };
    match &head.kind {
        ExprKind::List(items) => items.iter().filter_map(simple).for_each(|n| add(n)),
        ExprKind::Other(parts) => parts.iter().take(1).filter_map(simple).for_each(|n| add(n)),
        _ => simple(head).into_iter().for_each(|n| add(n)),
    }
    Some(out)
}

fn caught_all(handler: &Stmt) -> bool {
    match caught(handler) {
        None => true,
        Some(names) => {
            names.is_empty()
                || names.iter().any(|n| {
                    matches!(n.as_str(), "Exception" | "Throwable" | "BaseException" | "StandardError" | "exception")
                })
        }
    }
}

fn span_of(stmt: &Stmt) -> Span {
    match stmt {
        Stmt::Assign { span, .. } | Stmt::Block { span, .. } | Stmt::Leave(_, span) => *span,
        Stmt::Expr(e) | Stmt::Return(e) => e.span,
    }
}

pub(super) fn lines(stmts: &[Stmt]) -> Option<(u32, u32)> {
    Some((stmts.iter().map(|s| span_of(s).line).min()?, stmts.iter().map(|s| span_of(s).end_line).max()?))
}
