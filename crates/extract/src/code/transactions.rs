//! Stretches that run in one database transaction: annotated functions, blocks and closures, and what stands between the
//! opening and the commit. Stated by `regions`.
//!
//! Invariant: a stretch ends with its commit; where nobody commits in the same function, the stretch is not known.

use super::Code;
use super::ir::{Annotation, BlockKind, Call, Expr, ExprKind, Function, Stmt};
use super::regions::{Held, each, lines, span_of};
use crate::lang::Lang;
use seam_facts::{Region, RegionKind, SmolStr, Span};
use std::collections::BTreeSet;

pub(super) fn find(code: &Code<'_>, index: usize, out: &mut Vec<(Region, Span)>) {
    let function = &code.unit.functions[index];
    if let Some(marked) = annotated(code, function) {
        let lines = (function.span.line, function.span.end_line);
        out.push((region(code, index, lines, function.body.iter(), &marked.name), marked.span));
        return;
    }
    let mut opened: Vec<(Span, SmolStr)> = Vec::new();
    // Once somebody has begun or written, what is sent afterwards stands behind it.
    let mut explicit = false;
    let mut all: Vec<&Stmt> = Vec::new();
    each(&function.body, &mut |s| all.push(s));
    for stmt in all {
        match stmt {
            Stmt::Block { kind: BlockKind::With, body, .. } => {
                // What is held stands first in the block.
                let first = body.first();
                let held = first.and_then(|f| opens(f, true).or_else(|| commits_at_the_end(code, index, f)));
                if let (Some((name, at)), Some(lines)) = (held, lines(body)) {
                    out.push((region(code, index, lines, body.iter(), &name), at));
                }
            }
            Stmt::Block { .. } | Stmt::Leave(..) => {}
            Stmt::Assign { value: e, .. } | Stmt::Expr(e) | Stmt::Return(e) => {
                closures(code, index, e, out);
                if let Some((name, at)) = opens(stmt, false) {
                    explicit = true;
                    opened.push((at, name));
                } else if let Some((name, at)) = flushed(code, e).filter(|_| !explicit) {
                    explicit = true;
                    let begin =
                        Span::at(function.body.first().map_or(at.line, |s| span_of(s).line).saturating_sub(1), 1);
                    let within = |s: &&Stmt| span_of(s).end_line < at.line;
                    let held = function.body.iter().filter(within);
                    out.push((region(code, index, (begin.line, at.line), held, &name), begin));
                } else if let Some(at) = commits(e)
                    && let Some((begin, name)) = opened.pop().or_else(|| begun_by_itself(code, function, e))
                    && begin.line < at.line
                {
                    let within = |s: &&Stmt| begin.line < span_of(s).line && span_of(s).end_line < at.line;
                    let held: Vec<&Stmt> = function.body.iter().filter(within).collect();
                    let mut inner = Vec::new();
                    each(&function.body, &mut |s| inner.push(s));
                    let body = if held.is_empty() { inner.into_iter().filter(within).collect() } else { held };
                    out.push((region(code, index, (begin.line, at.line), body.into_iter(), &name), begin));
                }
            }
        }
    }
}

fn region<'s>(
    code: &Code<'_>,
    index: usize,
    lines: (u32, u32),
    stmts: impl Iterator<Item = &'s Stmt>,
    detail: &str,
) -> Region {
    let mut held = Held { code, names: BTreeSet::new(), apart: Vec::new() };
    // A clause within a transaction is a part of it, however deep.
    fn whole(held: &mut Held<'_, '_>, stmt: &Stmt) {
        match stmt {
            Stmt::Block { kind: BlockKind::Try, body, .. } => body.iter().for_each(|s| whole(held, s)),
            Stmt::Block { kind, head, body, span } => {
                // What the head asks is held as well.
                let asked = Stmt::Block { kind: *kind, head: head.clone(), body: Vec::new(), span: *span };
                held.stmt(&asked);
                body.iter().for_each(|s| whole(held, s));
            }
            _ => held.stmt(stmt),
        }
    }
    stmts.for_each(|s| whole(&mut held, s));
    let mut apart = Vec::new();
    std::mem::swap(&mut apart, &mut held.apart);
    Region {
        kind: RegionKind::Transaction,
        within: code.within(index),
        lines,
        apart,
        names: held.names.into_iter().take(48).collect(),
        detail: detail.into(),
    }
}

/// `@Transactional` on a function or on its type, `@transaction.atomic`.
fn annotated<'a>(code: &Code<'a>, function: &'a Function) -> Option<&'a Annotation> {
    let marks = |a: &&Annotation| {
        let read_only = a.args.iter().any(|arg| {
            let only =
                matches!(arg.name.as_deref(), Some("readOnly")) && matches!(arg.value.kind, ExprKind::Bool(true));
            let mut outside = false;
            arg.value.walk(&mut |e| {
                outside |= matches!(&e.kind, ExprKind::Name(n) | ExprKind::Member(_, n)
                    if matches!(n.as_str(), "NEVER" | "NOT_SUPPORTED" | "SUPPORTS"));
            });
            only || outside
        });
        let simple = a.simple();
        let marks = match code.unit.lang {
            Lang::Java | Lang::Kotlin => simple == "Transactional",
            Lang::Python => matches!(simple, "atomic" | "transactional"),
            Lang::Script => simple == "Transactional",
            Lang::CSharp => simple == "UnitOfWork",
            _ => false,
        };
        marks && !read_only
    };
    // What others change for it is taken back with it (Seata).
    if let Some(global) = function.annotations.iter().find(|a| a.simple() == "GlobalTransactional") {
        return Some(global);
    }
    if let Some(own) = function.annotations.iter().find(|a| matches!(a.simple(), "Transactional" | "atomic")) {
        return Some(own).filter(marks);
    }
    let of_type = || {
        let ty = code.type_named(&function.owner)?;
        ty.annotations.iter().find(marks).filter(|_| !function.private && !function.name.starts_with('<'))
    };
    function.annotations.iter().find(marks).or_else(of_type)
}

/// A call that opens a transaction; `block`: it stands at the head of a block.
fn opens(stmt: &Stmt, block: bool) -> Option<(SmolStr, Span)> {
    let (Stmt::Assign { value: e, .. } | Stmt::Expr(e)) = stmt else { return None };
    let call = e.as_call()?;
    let path = call.callee.path().unwrap_or_default();
    let receiver = path.rsplit_once('.').map_or("", |(r, _)| r).to_ascii_lowercase();
    let store = [
        "db",
        "session",
        "conn",
        "pool",
        "client",
        "database",
        "context",
        "engine",
        "store",
        "tx",
        "transaction",
        "orm",
        "sequelize",
        "knex",
        "entitymanager",
        "datasource",
        "queryrunner",
        "manager",
        "uow",
        "unitofwork",
    ]
    .iter()
    .any(|w| receiver.contains(w));
    let found = match call.name() {
        "BeginTransaction"
        | "BeginTransactionAsync"
        | "BeginTx"
        | "BeginTxx"
        | "Beginx"
        | "beginTransaction"
        | "begin_transaction"
        | "startTransaction"
        | "start_transaction" => true,
        "TransactionScope" => call.new,
        "begin" | "Begin" | "begin_nested" => store,
        "atomic" => block,
        "transaction" => (block || call.args.is_empty()) && store,
        _ => false,
    };
    let has_closure = call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
    (found && !has_closure).then(|| (SmolStr::from(path), e.span))
}

/// `db.transaction(async (tx) => { … })` and its like.
fn closures(code: &Code<'_>, index: usize, expr: &Expr, out: &mut Vec<(Region, Span)>) {
    let mut found = Vec::new();
    expr.walk(&mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && let Some(closure) = runs_in_one(call)
        {
            found.push((closure, call.callee.path().unwrap_or_else(|| call.name().to_owned()), e.span));
        }
    });
    for (closure, name, at) in found {
        let body = &code.unit.functions[closure].body;
        if let Some(lines) = lines(body) {
            out.push((region(code, index, lines, body.iter(), &name), at));
        }
    }
}

fn runs_in_one(call: &Call) -> Option<usize> {
    let path = call.callee.path().unwrap_or_default().to_ascii_lowercase();
    let runs = match call.name() {
        "$transaction" | "transaction" | "Transaction" | "withTransaction" | "WithTransaction" | "transactional"
        | "RunInTx" | "RunInTransaction" | "runInTransaction" | "inTransaction" | "run_in_transaction" => true,
        "execute" | "executeWithoutResult" => path.contains("transactiontemplate"),
        _ => false,
    };
    let closure = call.args.iter().find_map(|a| match a.value.kind {
        ExprKind::Lambda(index) => Some(index),
        _ => None,
    });
    closure.filter(|_| runs)
}

/// `with connect() as db:` of psycopg and sqlite3: the connection commits where the block ends.
fn commits_at_the_end(code: &Code<'_>, index: usize, first: &Stmt) -> Option<(SmolStr, Span)> {
    let (Stmt::Assign { value: e, .. } | Stmt::Expr(e)) = first else { return None };
    let opened = code.unit.lang == Lang::Python && is_connection(code, index, e, 2);
    opened.then(|| {
        let name = e.as_call().and_then(|c| c.callee.path()).or_else(|| e.path()).unwrap_or_default();
        (SmolStr::from(name), e.span)
    })
}

/// Whether an expression gives a connection of these libraries, by a function of this file too.
fn is_connection(code: &Code<'_>, index: usize, expr: &Expr, steps: usize) -> bool {
    const CONNECTIONS: &[&str] = &[
        "psycopg.connect",
        "psycopg.Connection.connect",
        "psycopg.AsyncConnection.connect",
        "psycopg2.connect",
        "sqlite3.connect",
        "aiosqlite.connect",
    ];
    let Some((call, at)) = made(code, index, expr) else { return false };
    let callee = code.callee(call, at).replace('#', ".").replace("..", ".");
    let pooled = callee.starts_with("psycopg_pool.") && callee.ends_with(".connection");
    if CONNECTIONS.contains(&callee.as_str()) || pooled {
        return true;
    }
    let own = |f: &Function| steps > 0 && call.callee.path().is_some_and(|p| p == f.name.as_str());
    code.unit.functions.iter().enumerate().filter(|(_, f)| own(f)).any(|(inner, f)| {
        let mut gives = false;
        each(&f.body, &mut |s| {
            if let Stmt::Return(e) = s {
                gives |= is_connection(code, inner, e, steps - 1);
            }
        });
        gives
    })
}

/// The call that gives an expression's value: the expression itself, or what its variable was set to in this file.
fn made<'e>(code: &Code<'e>, index: usize, expr: &'e Expr) -> Option<(&'e Call, usize)> {
    match expr.as_call() {
        Some(call) => Some((call, index)),
        None => code.maker(expr, index),
    }
}

/// Connections and sessions of Python begin a transaction by themselves (PEP 249, SQLAlchemy's autobegin).
fn begun_by_itself(code: &Code<'_>, function: &Function, commit: &Expr) -> Option<(Span, SmolStr)> {
    let path = commit.as_call()?.callee.path()?;
    let on = path.strip_suffix(".commit")?.to_ascii_lowercase();
    let known = ["session", "conn", "connection", "db", "database"].iter().any(|w| on.ends_with(w));
    let first = function.body.first().map(span_of)?;
    (code.unit.lang == Lang::Python && known).then(|| (Span::at(first.line.saturating_sub(1), 1), path.into()))
}

/// Entity Framework keeps all changes until `SaveChanges`, which is the transaction; a unit of work hands it on.
fn flushed(code: &Code<'_>, expr: &Expr) -> Option<(SmolStr, Span)> {
    let mut found = None;
    if code.unit.lang == Lang::CSharp {
        expr.walk(&mut |e| {
            if let ExprKind::Call(call) = &e.kind
                && matches!(call.name(), "SaveChanges" | "SaveChangesAsync" | "SaveEntitiesAsync")
            {
                found = Some((SmolStr::from(call.name()), e.span));
            }
        });
    }
    found
}

fn commits(expr: &Expr) -> Option<Span> {
    let mut at = None;
    expr.walk(&mut |e| {
        if let ExprKind::Call(call) = &e.kind
            && matches!(
                call.name(),
                "commit"
                    | "Commit"
                    | "CommitAsync"
                    | "commitTransaction"
                    | "CommitTransactionAsync"
                    | "commit_transaction"
                    | "Complete"
            )
        {
            at = Some(e.span);
        }
    });
    at
}
