//! Stretches of functions that say what becomes of a failure: which errors end where they are caught. See `regions.md`.
//!
//! Invariant: a clause swallows only if all that it does is known to change nothing (it logs, counts, or does nothing);
//! whatever else stands in it may be the answer to the failure.

use super::attempts::Outcome;
use super::ir::{BlockKind, Call, Expr, ExprKind, Leave, Stmt, walk_stmts};
use super::outcomes::{Does, is_log, is_quiet, made_here, succeeds};
use super::{Code, again, second, steps, transactions, verdicts};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Region, RegionKind, SmolStr, Span};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "regions",
    version: 9,
    page: include_str!("regions.md"),
    reads: Reads::Code { langs: &[], extract },
};

/// More names than this are a whole program.
const MAX_NAMES: usize = 32;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let text: Vec<&str> = code.text.lines().collect();
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut out = Vec::new();
        Look { code, text: &text, function: index, out: &mut out }.list(&function.body, false, &[]);
        transactions::find(code, index, &mut out);
        for (region, at) in out {
            sink.stated(Claim::Region(region), at);
        }
        if let Some(steps) = steps::of(code, index) {
            sink.stated(Claim::Steps(steps), function.span);
        }
    }
}

struct Look<'l, 'a> {
    code: &'l Code<'a>,
    text: &'l [&'a str],
    function: usize,
    out: &'l mut Vec<(Region, Span)>,
}

impl Look<'_, '_> {
    /// One list of statements; `repeats`: it stands in a loop that is left when the work is done. `after`: the statements
    /// that follow the lists around.
    fn list(&mut self, stmts: &[Stmt], repeats: bool, after: &[&[Stmt]]) {
        for (at, stmt) in stmts.iter().enumerate() {
            let rest = &stmts[at + 1..];
            match stmt {
                Stmt::Block { kind, body, head, span } => {
                    match kind {
                        BlockKind::Try => self.tried(body, rest, repeats, after),
                        BlockKind::Branch => {
                            self.checked(&stmts[..at], head.as_ref(), body, *span, rest);
                            self.refused(&stmts[..at], head.as_ref(), body, *span, rest);
                        }
                        BlockKind::With => self.suppressed(body, *span),
                        BlockKind::Loop | BlockKind::Catch | BlockKind::Finally => {}
                    }
                    let repeats = match kind {
                        BlockKind::Loop => self.tries_again(*span),
                        _ => repeats,
                    };
                    let mut after = after.to_vec();
                    after.push(rest);
                    self.list(body, repeats, &after);
                }
                Stmt::Expr(expr) => {
                    self.chained(expr, true);
                    self.discarded(expr);
                }
                Stmt::Return(expr) => self.chained(expr, false),
                Stmt::Leave(..) => {}
                Stmt::Assign { value, .. } => self.chained(value, false),
            }
        }
    }

    /// `try { … } catch { … }`.
    fn tried(&mut self, body: &[Stmt], rest: &[Stmt], repeats: bool, after: &[&[Stmt]]) {
        let clause = |s: &&Stmt| matches!(s, Stmt::Block { kind: BlockKind::Catch | BlockKind::Finally, .. });
        let clauses: Vec<&Stmt> = rest.iter().take_while(clause).collect();
        let rest = &rest[clauses.len()..];
        for stmt in clauses {
            let Stmt::Block { kind: BlockKind::Catch, head, body: caught, span } = stmt else { continue };
            if head.as_ref().is_some_and(expected) || repeats || self.says(*span, LEAVES) {
                continue;
            }
            // What is asked for once more is no answer that agrees.
            if second::second(self.code, body, stmt).is_some() {
                continue;
            }
            let mut does = self.does(caught);
            if does == Does::Nothing && tells(body, rest, after) {
                does = Does::Empty;
            }
            if let Some(lines) = lines(body) {
                self.region(does, lines, body.iter(), *span, self.text_of(caught));
            }
        }
    }

    /// Go: `if err != nil { … }` after the call that gave `err`; Rust: `if let Err(e) = call { … }`.
    fn checked(&mut self, before: &[Stmt], head: Option<&Expr>, body: &[Stmt], span: Span, rest: &[Stmt]) {
        let Some(head) = head else { return };
        let mut does = self.does(body);
        if does == Does::Answers || self.says(span, LEAVES) {
            return;
        }
        match self.code.unit.lang {
            Lang::Go => {
                let ExprKind::Other(parts) = &head.kind else { return };
                let [Expr { kind: ExprKind::Name(error), .. }, Expr { kind: ExprKind::Null, .. }, _] = parts.as_slice()
                else {
                    return;
                };
                let gives = |s: &&Stmt| matches!(s, Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, .. } if name == error);
                let Some(Stmt::Assign { span: at, .. }) = before.iter().rev().take(3).find(gives) else { return };
                let together: Vec<&Stmt> = before.iter().rev().take(5).filter(|s| span_of(s).line == at.line).collect();
                let used = |s: &&Stmt| {
                    let Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, .. } = s else { return false };
                    name != error && asked_about(rest, name)
                };
                if does == Does::Nothing && together.iter().any(used) {
                    does = Does::Empty;
                }
                let lines = (at.line, at.end_line);
                self.region(does, lines, together.into_iter(), span, self.text_of(body));
            }
            Lang::Rust if self.line(span.line).is_some_and(|l| l.contains("if let Err(")) => {
                // What is asked stands before, with the name that it is given.
                let asked: Vec<&Stmt> =
                    before.iter().rev().take(3).filter(|s| span_of(s).line == head.span.line).collect();
                let lines = (head.span.line, head.span.end_line);
                self.region(does, lines, asked.into_iter(), span, self.text_of(body));
            }
            _ => {}
        }
    }

    /// `if (!response.ok) { log }` after the request: the callee's refusal ends there.
    fn refused(&mut self, before: &[Stmt], head: Option<&Expr>, body: &[Stmt], span: Span, rest: &[Stmt]) {
        let Some(head) = head else { return };
        if body.is_empty() || self.does(body) != Does::Nothing || self.says(span, LEAVES) {
            return;
        }
        let mut asked = again::failing(head, self.code.unit.lang);
        let failed = matches!(verdicts::of(self.code, head), Some(Outcome::Failed));
        // One that only leaves may well be told by what it leaves with.
        if failed && asked.is_empty() && body.iter().any(|s| matches!(s, Stmt::Expr(_))) {
            asked.extend(again::root(head).or_else(|| match &head.kind {
                ExprKind::Other(parts) => parts.iter().find_map(again::root),
                _ => None,
            }));
        }
        let fails = failed
            || self.line(head.span.line).is_some_and(|line| {
                let line = line.trim_start().trim_start_matches('}').trim_start();
                ["if (!", "if !", "if not ", "unless ", "else if (!"].iter().any(|w| line.starts_with(w))
                    || ["!=", ">=", "> 299", "> 399", "not in (20", "not in [20"].iter().any(|w| line.contains(w))
            });
        let [name] = asked.iter().collect::<Vec<_>>()[..] else { return };
        // What is read afterwards tells by itself that there is nothing.
        let mut read = false;
        let mut look = |e: &Expr| e.walk(&mut |x| read |= matches!(&x.kind, ExprKind::Name(n) if n == name));
        each(rest, &mut |stmt| match stmt {
            Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) => look(e),
            Stmt::Block { head, .. } => head.iter().for_each(&mut look),
            Stmt::Leave(..) => {}
        });
        if !fails || read {
            return;
        }
        let gives =
            |s: &&Stmt| matches!(s, Stmt::Assign { target: Expr { kind: ExprKind::Name(n), .. }, .. } if n == name);
        // It may stand in a clause that looks after lost connections.
        let mut found: Option<&Stmt> = None;
        before.iter().rev().take(4).for_each(|stmt| match stmt {
            Stmt::Block { kind: BlockKind::Try, body, .. } => {
                each(body, &mut |s| found = found.or(Some(s).filter(|s| gives(s))));
            }
            _ => found = found.or(Some(stmt).filter(gives)),
        });
        let Some(made @ Stmt::Assign { span: at, .. }) = found else { return };
        self.region(Does::Nothing, (at.line, at.end_line), std::iter::once(made), span, self.text_of(body));
    }

    /// `with contextlib.suppress(Exception): …`.
    fn suppressed(&mut self, body: &[Stmt], span: Span) {
        let Some((Stmt::Expr(made), body)) = body.split_first() else { return };
        let suppresses = made.as_call().is_some_and(|c| c.name() == "suppress");
        if let Some(lines) = lines(body).filter(|_| suppresses && !self.says(span, LEAVES)) {
            self.region(Does::Nothing, lines, body.iter(), span, SmolStr::default());
        }
    }

    /// `call().catch(e => …)`, `.exceptionally(e -> …)`, `.onFailure { … }`.
    fn chained(&mut self, expr: &Expr, dropped: bool) {
        let mut found = Vec::new();
        expr.walk(&mut |e| {
            if let ExprKind::Call(call) = &e.kind {
                found.extend(self.handles(call).map(|handler| (e, call, handler)));
            }
        });
        for (at, call, handler) in found {
            let (mut does, says, span) = match &handler.kind {
                ExprKind::Lambda(index) => {
                    let function = &self.code.unit.functions[*index];
                    if self.says(function.span, LEAVES) {
                        continue;
                    }
                    (self.does(&function.body), self.text_of(&function.body), function.span)
                }
                // `.catch(console.error)`.
                ExprKind::Member(..) if is_log(handler) => {
                    let says = handler.path().unwrap_or_default();
                    (Does::Nothing, SmolStr::from(says), handler.span)
                }
                _ => continue,
            };
            // A value of nothing is a result all the same where somebody takes it.
            if does != Does::Answers && does != Does::Agrees {
                does = if dropped && std::ptr::eq(at, expr) { Does::Nothing } else { Does::Empty };
            }
            let Some(guarded) = call.receiver() else { continue };
            // What a stage is given to run is what fails: `runAsync(() -> …).exceptionally(…)`, which gives nothing to anybody.
            if let Some((body, empty)) = run_by(self.code, guarded) {
                let does = if empty && does == Does::Empty { Does::Nothing } else { does };
                // `try (scope) { … }` closes something, and lets every failure out.
                let body = match body {
                    [Stmt::Block { kind: BlockKind::Try, body, .. }] => body.as_slice(),
                    other => other,
                };
                self.region(does, (at.span.line, guarded.span.end_line), body.iter(), span, says);
                continue;
            }
            let stmt = Stmt::Expr(guarded.clone());
            self.region(does, (at.span.line, guarded.span.end_line), std::iter::once(&stmt), span, says);
        }
    }

    fn handles<'e>(&self, call: &'e Call) -> Option<&'e Expr> {
        let names: &[&str] = match self.code.unit.lang {
            Lang::Script => &["catch"],
            Lang::Java => &["exceptionally", "onErrorResume"],
            Lang::Kotlin => &["onFailure", "exceptionally", "onErrorResume"],
            _ => &[],
        };
        if !names.contains(&call.name()) {
            return None;
        }
        let [only] = call.args.as_slice() else { return None };
        // Other things have a member `catch` too; a promise comes from a call.
        matches!(call.receiver()?.kind, ExprKind::Call(_)).then_some(&only.value)
    }

    /// Go's `_ = call()`, Rust's `let _ = call()`, and `Promise.allSettled(…)` whose results nobody takes.
    fn discarded(&mut self, expr: &Expr) {
        if self.code.unit.lang == Lang::Script
            && let ExprKind::Call(call) = &expr.kind
            && call.name() == "allSettled"
        {
            let stmt = Stmt::Expr(expr.clone());
            let lines = (expr.span.line, expr.span.end_line);
            self.region(Does::Nothing, lines, std::iter::once(&stmt), expr.span, SmolStr::default());
        }
        let starts: &[&str] = match self.code.unit.lang {
            Lang::Go => &["_ = ", "_, _ = "],
            Lang::Rust => &["let _ = "],
            _ => return,
        };
        let Some(line) = self.line(expr.span.line) else { return };
        // Rust's `call().ok();`.
        let drops = matches!(&expr.kind, ExprKind::Call(call) if call.name() == "ok" && call.args.is_empty());
        if self.code.unit.lang == Lang::Rust && drops {
            let stmt = Stmt::Expr(expr.clone());
            let lines = (expr.span.line, expr.span.end_line);
            self.region(Does::Nothing, lines, std::iter::once(&stmt), expr.span, SmolStr::default());
            return;
        }
        if matches!(expr.kind, ExprKind::Call(_)) && starts.iter().any(|s| line.trim_start().starts_with(s)) {
            let stmt = Stmt::Expr(expr.clone());
            let lines = (expr.span.line, expr.span.end_line);
            self.region(Does::Nothing, lines, std::iter::once(&stmt), expr.span, SmolStr::default());
        }
    }

    fn region<'s>(
        &mut self,
        does: Does,
        lines: (u32, u32),
        stmts: impl Iterator<Item = &'s Stmt>,
        clause: Span,
        says: SmolStr,
    ) {
        if does == Does::Answers {
            return;
        }
        let mut held = Held { code: self.code, names: BTreeSet::new(), apart: Vec::new() };
        stmts.for_each(|s| held.stmt(s));
        if held.names.is_empty() {
            return;
        }
        let within = self.code.within(self.function);
        let aloud = format!("{says} {within}").to_ascii_lowercase();
        let meant = BEST_EFFORT.iter().any(|w| aloud.contains(w))
            || self.commented(clause.line.saturating_sub(1), clause.end_line)
            || self.commented(lines.0.saturating_sub(2), lines.0);
        let kind = match does {
            _ if meant => RegionKind::Spares,
            Does::Empty => RegionKind::Conceals,
            Does::Nothing | Does::Agrees | Does::Answers => RegionKind::Swallows,
        };
        let names = held.names.into_iter().take(MAX_NAMES).collect();
        self.out.push((Region { kind, within, lines, apart: held.apart, names, detail: says }, clause));
    }

    fn does(&self, body: &[Stmt]) -> Does {
        let each = body.iter().enumerate().map(|(at, stmt)| match stmt {
            Stmt::Expr(e) if is_quiet(e) => Does::Nothing,
            // A variable that is emptied is as though nothing had been asked for.
            Stmt::Assign { value, .. } if matches!(value.kind, ExprKind::Null) => Does::Nothing,
            Stmt::Return(e) if self.without_error(&body[at + 1..]) => {
                let empty = matches!(e.kind, ExprKind::Null | ExprKind::Bool(false));
                if empty { Does::Empty } else { made_here(e) }
            }
            Stmt::Return(e) => match &e.kind {
                ExprKind::Bool(true) => Does::Agrees,
                // In Go, no error is what the caller looks at.
                ExprKind::Null if self.code.unit.lang == Lang::Go && self.gives_an_error_only() => Does::Agrees,
                ExprKind::Null | ExprKind::Bool(false) => Does::Empty,
                ExprKind::List(items) if items.is_empty() => Does::Empty,
                ExprKind::Object(entries) if entries.is_empty() => Does::Empty,
                ExprKind::Call(call) if is_log(&call.callee) => Does::Nothing,
                _ if succeeds(e) => Does::Agrees,
                _ => Does::Answers,
            },
            // One kind of failure is answered, and left with; what becomes of the others is said afterwards.
            Stmt::Block { kind: BlockKind::Branch, body: own, .. } if at + 1 < body.len() && leaves(own) => {
                self.does(own).min(Does::Nothing)
            }
            Stmt::Block { kind: BlockKind::Branch, body, .. } => self.does(body),
            // Go names further results after the first.
            Stmt::Assign { value, .. } if looks_at(value) || is_further(value) => Does::Nothing,
            Stmt::Leave(Leave::Break | Leave::Continue, _) => Does::Nothing,
            Stmt::Leave(Leave::Return, _) if self.gives_values() => Does::Empty,
            Stmt::Leave(Leave::Return, _) => Does::Nothing,
            Stmt::Leave(Leave::Throw, _) => Does::Answers,
            Stmt::Expr(_) | Stmt::Assign { .. } | Stmt::Block { .. } => Does::Answers,
        });
        each.max().unwrap_or(Does::Nothing)
    }

    /// Go's `return result, nil`: what follows the first value.
    fn without_error(&self, rest: &[Stmt]) -> bool {
        matches!(rest, [Stmt::Expr(Expr { kind: ExprKind::Null, .. })]) && self.code.unit.lang == Lang::Go
    }

    fn gives_values(&self) -> bool {
        let mut gives = false;
        each(&self.code.unit.functions[self.function].body, &mut |s| gives |= matches!(s, Stmt::Return(_)));
        gives
    }

    fn gives_an_error_only(&self) -> bool {
        matches!(self.returns(), "error" | "err error")
    }

    /// What the function gives, as written; of a closure that does not say so, the function around it.
    fn returns(&self) -> &str {
        let mut function = self.function;
        while let Some(parent) = self.code.unit.functions[function].parent
            && self.code.unit.functions[function].returns.is_empty()
        {
            function = parent;
        }
        self.code.unit.functions[function].returns.trim_matches(['(', ')', ' '])
    }

    /// What a clause logs, for people: the text, or else the line; empty if it does nothing.
    fn text_of(&self, body: &[Stmt]) -> SmolStr {
        let mut text = "";
        walk_stmts(body, &mut |e| {
            if let ExprKind::Str(said) = &e.kind
                && text.len() < 4
            {
                text = said.trim_matches([' ', ':', '\n', '"']);
            }
        });
        if text.len() < 4 {
            let first = body.iter().map(|s| span_of(s).line).find_map(|line| self.line(line));
            text = first.unwrap_or_default().trim().trim_end_matches(';');
        }
        text.chars().take(80).collect::<String>().into()
    }

    fn line(&self, line: u32) -> Option<&str> {
        self.text.get(line.checked_sub(1)? as usize).copied()
    }

    fn some_lines(&self, first: u32, last: u32) -> &[&str] {
        let last = (last as usize).min(self.text.len());
        self.text.get(first.saturating_sub(1) as usize..last).unwrap_or_default()
    }

    /// Whether the text of a stretch has one of these words.
    fn says(&self, span: Span, words: &[&str]) -> bool {
        self.some_lines(span.line, span.end_line).iter().any(|line| {
            let mut parts = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            parts.any(|part| words.contains(&part))
        })
    }

    /// Whether a comment on these lines says that a failure does not matter.
    fn commented(&self, first: u32, last: u32) -> bool {
        self.some_lines(first, last).iter().any(|line| {
            let comment = ["//", "# ", "/*", "* "].iter().filter_map(|mark| line.find(mark)).min();
            comment.is_some_and(|at| {
                let said = line[at..].to_ascii_lowercase();
                BEST_EFFORT.iter().any(|w| said.contains(w))
            })
        })
    }

    /// A loop that somebody leaves before its end, or whose words speak of attempts.
    fn tries_again(&self, span: Span) -> bool {
        self.says(span, &["break", "attempt", "attempts", "retry", "retries", "tries", "maxRetries", "max_retries"])
    }
}

/// What is called in a stretch, and which parts of it look after their own failures or run at another time.
pub(super) struct Held<'h, 'a> {
    pub code: &'h Code<'a>,
    pub names: BTreeSet<SmolStr>,
    pub apart: Vec<(u32, u32)>,
}

/// What a chain's first stage runs, and whether it gives no value.
fn run_by<'a>(code: &'a Code<'_>, chain: &Expr) -> Option<(&'a [Stmt], bool)> {
    let mut at = chain;
    loop {
        let call = at.as_call()?;
        let body = call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(index) => Some(code.unit.functions[index].body.as_slice()),
            _ => None,
        });
        match (call.name(), body) {
            ("runAsync", Some(body)) => return Some((body, true)),
            ("supplyAsync", Some(body)) => return Some((body, false)),
            _ => at = call.receiver()?,
        }
    }
}

impl Held<'_, '_> {
    pub fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Block { kind: BlockKind::Try, body, span, .. } => {
                self.apart.push(lines(body).unwrap_or((span.line, span.line)));
            }
            Stmt::Block { head, body, .. } => {
                head.iter().for_each(|h| self.expr(h));
                body.iter().for_each(|s| self.stmt(s));
            }
            Stmt::Assign { target, value, .. } => {
                self.expr(target);
                self.expr(value);
            }
            Stmt::Expr(e) | Stmt::Return(e) => self.expr(e),
            Stmt::Leave(..) => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Lambda(index) => {
                let code = self.code;
                code.unit.functions[*index].body.iter().for_each(|s| self.stmt(s));
            }
            ExprKind::Call(call)
                if LATER.contains(&call.name()) && (has_closure(call) || call.name() == "on_commit") =>
            {
                self.apart.push((expr.span.line, expr.span.end_line));
            }
            ExprKind::Call(call) => {
                let name = call.name();
                if name.len() > 2 && !is_log(&call.callee) {
                    self.names.insert(name.into());
                }
                expr.children().into_iter().for_each(|e| self.expr(e));
            }
            _ => expr.children().into_iter().for_each(|e| self.expr(e)),
        }
    }
}

/// Functions that keep a closure for later: what it does is not done here.
const LATER: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "use",
    "on",
    "once",
    "listen",
    "subscribe",
    "consume",
    "schedule",
    "on_commit",
    "afterCommit",
    "after_commit",
    "registerSynchronization",
    "setInterval",
    "setTimeout",
    "addEventListener",
    "handle",
    "HandleFunc",
    "createServer",
    "eachMessage",
];

fn has_closure(call: &Call) -> bool {
    call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)))
}

/// Words that end the program or the function by force.
const LEAVES: &[&str] =
    &["rethrow", "panic", "exit", "Exit", "Fatal", "Fatalf", "Fatalln", "fatal", "abort", "reraise"];

/// How people say that a failure is accepted.
const BEST_EFFORT: &[&str] = &[
    "best effort",
    "best-effort",
    "besteffort",
    "non-fatal",
    "nonfatal",
    "non fatal",
    "not fatal",
    "non-critical",
    "noncritical",
    "not critical",
    "non-blocking",
    "ignor",
    "optional",
    "don't fail",
    "do not fail",
    "doesn't fail",
    "not fail",
    "should not affect",
    "fire and forget",
    "fire-and-forget",
    "swallow",
    "safe to",
    "no big deal",
    "don't care",
    "do not care",
    "will be retried",
    "retry later",
    "reconcil",
    "eventually",
];

/// Caught types that say something of data or of the thread, or an answer that is awaited.
fn expected(head: &Expr) -> bool {
    const TYPES: &[&str] = &[
        "InterruptedException",
        "Json",
        "JSON",
        "Parse",
        "Encoding",
        "MalformedURL",
        "URISyntax",
        "NumberFormat",
        "FileNotFound",
        "IllegalArgument",
        "ValueError",
        "KeyError",
        "TypeError",
        "NotFound",
        "Conflict",
        "AlreadyExists",
        "Duplicate",
        "Integrity",
        "Constraint",
        "UniqueViolation",
        "Exists",
        "DoesNotExist",
        "Cancel",
        "KeyboardInterrupt",
        "Serializ",
        "Format",
        "Unauthorized",
    ];
    let mut all = Vec::new();
    head.walk(&mut |e| {
        if let ExprKind::Name(name) | ExprKind::Member(_, name) = &e.kind {
            all.extend(name.split('|').map(|n| n.trim().to_owned()));
        }
    });
    let narrow = |n: &String| TYPES.iter().any(|t| n.contains(t));
    // `json.JSONDecodeError` is two names, and one of them says it.
    all.iter().any(narrow)
        && !all.iter().any(|n| matches!(n.as_str(), "Exception" | "IOException" | "RuntimeException"))
}

/// Whether the way that a result goes tells success from failure: it is returned from within, or kept for afterwards.
fn tells(body: &[Stmt], rest: &[Stmt], after: &[&[Stmt]]) -> bool {
    let mut returns = false;
    let mut kept: Vec<&SmolStr> = Vec::new();
    // What a loop goes over is bound anew by the next loop that calls it so.
    let mut bound: Vec<&Stmt> = Vec::new();
    each(body, &mut |stmt| match stmt {
        Stmt::Block { kind: BlockKind::Loop, body, .. } => bound.extend(body.first()),
        Stmt::Return(_) => returns = true,
        Stmt::Assign { target, .. } if !bound.iter().any(|b| std::ptr::eq(*b, stmt)) => kept.extend(root(target)),
        _ => {}
    });
    // `found.append(…)`, and `found` is what is returned.
    let mut filled: Vec<&SmolStr> = Vec::new();
    walk_stmts(body, &mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && fills(call.name())
        {
            filled.extend(call.receiver().and_then(root));
        }
    });
    let lists = || std::iter::once(rest).chain(after.iter().copied());
    let given = |name: &&SmolStr| {
        let mut found = false;
        lists().for_each(|stmts| {
            each(stmts, &mut |stmt| {
                if let Stmt::Return(e) = stmt {
                    e.walk(&mut |e| found |= matches!(&e.kind, ExprKind::Name(n) if n == *name));
                }
            });
        });
        found
    };
    returns || kept.iter().any(|name| lists().any(|stmts| mentions(stmts, name))) || filled.iter().any(given)
}

/// Whether a method puts something into what it is called on; others only ask it.
fn fills(method: &str) -> bool {
    let method = method.to_ascii_lowercase();
    [
        "add", "append", "push", "put", "set", "insert", "extend", "update", "merge", "concat", "unshift", "emplace",
        "write",
    ]
    .iter()
    .any(|verb| method.starts_with(verb))
}

/// The name that an expression starts with; the receiver is none.
fn root(expr: &Expr) -> Option<&SmolStr> {
    match &expr.kind {
        ExprKind::Name(name) if name != "this" => Some(name),
        ExprKind::Member(base, _) | ExprKind::Index(base, _) => root(base),
        _ => None,
    }
}

pub(super) fn each<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(&'s Stmt)) {
    for stmt in stmts {
        visit(stmt);
        if let Stmt::Block { body, .. } = stmt {
            each(body, visit);
        }
    }
}

/// Whether a list of statements ends its function.
fn leaves(body: &[Stmt]) -> bool {
    let returns = |s: &Stmt| matches!(s, Stmt::Return(_) | Stmt::Leave(Leave::Return | Leave::Throw, _));
    // Go's further values follow the first.
    body.iter().any(returns)
}

/// Asking an error what it is, and nothing else.
fn looks_at(value: &Expr) -> bool {
    const ASKS: [&str; 7] = ["FromError", "Convert", "As", "Is", "Cause", "Unwrap", "Code"];
    let (mut asks, mut other) = (false, false);
    value.walk(&mut |e| {
        if let ExprKind::Call(call) = &e.kind {
            let asking = ASKS.contains(&call.name());
            (asks, other) = (asks || asking, other || !asking);
        }
    });
    asks && !other
}

fn is_further(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Other(parts) if parts.is_empty())
}

/// Whether what follows looks at a variable before it uses it: a condition names it, or it is handed on as a whole.
fn asked_about(stmts: &[Stmt], name: &SmolStr) -> bool {
    let is = |e: &Expr| matches!(&e.kind, ExprKind::Name(n) if n == name);
    let mut found = false;
    each(stmts, &mut |stmt| match stmt {
        Stmt::Block { head: Some(head), .. } => head.walk(&mut |e| found |= is(e)),
        Stmt::Return(e) | Stmt::Assign { value: e, .. } if is(e) => found = true,
        _ => {}
    });
    walk_stmts(stmts, &mut |e| {
        // Whoever only writes it down does not look at it.
        if let ExprKind::Call(call) = &e.kind
            && !is_log(&call.callee)
        {
            found |= call.args.iter().any(|a| is(&a.value));
        }
    });
    found
}

fn mentions(stmts: &[Stmt], name: &SmolStr) -> bool {
    let mut found = false;
    walk_stmts(stmts, &mut |e| found |= matches!(&e.kind, ExprKind::Name(n) if n == name));
    found
}

pub(super) fn span_of(stmt: &Stmt) -> Span {
    match stmt {
        Stmt::Assign { span, .. } | Stmt::Block { span, .. } | Stmt::Leave(_, span) => *span,
        Stmt::Expr(expr) | Stmt::Return(expr) => expr.span,
    }
}

pub(super) fn lines(body: &[Stmt]) -> Option<(u32, u32)> {
    let first = body.iter().map(|s| span_of(s).line).min()?;
    Some((first, body.iter().map(|s| span_of(s).end_line).max()?))
}
