//! In which order a function calls what, and which of its stretches never follow each other. Stated by `regions`.
//!
//! Invariant: a name is told once, where it is called first; names of collections and of the language's own are left out, unless the
//! call is a request.

use super::Code;
use super::ir::{Arg, BlockKind, Call, ExprKind, Leave, Stmt, walk_stmts};
use super::outcomes::is_log;
use super::regions::lines;
use seam_facts::{SmolStr, Steps, Stretch};

/// More calls than this are a program of its own.
const MAX_STEPS: usize = 48;

/// What a function calls, closures within it included. A closure at top level stands for itself: a handler is often one.
pub(super) fn of(code: &Code<'_>, index: usize) -> Option<Steps> {
    let function = &code.unit.functions[index];
    let closure = function.name == "<lambda>";
    if index == 0 || function.name == "<type>" || closure && function.parent != Some(0) {
        return None;
    }
    let mut calls: Vec<(u32, SmolStr)> = Vec::new();
    let mut inside = vec![index];
    while let Some(at) = inside.pop() {
        walk_stmts(&code.unit.functions[at].body, &mut |e| match &e.kind {
            ExprKind::Lambda(inner) => inside.push(*inner),
            ExprKind::Call(call) if !call.new && is_step(call) => {
                let line = e.span.line;
                match calls.iter_mut().find(|(_, name)| name == call.name()) {
                    Some(known) => known.0 = known.0.min(line),
                    None => calls.push((line, call.name().into())),
                }
            }
            _ => {}
        });
    }
    calls.sort();
    calls.truncate(MAX_STEPS);
    let within = if closure { SmolStr::default() } else { function.symbol() };
    let lines = (function.span.line, function.span.end_line);
    let mut never = Vec::new();
    exclusive(&function.body, function.span.end_line, &mut never);
    (calls.len() > usize::from(!closure)).then_some(Steps { within, lines, calls, never })
}

/// Stretches of which the second never follows the first.
fn exclusive(stmts: &[Stmt], end: u32, out: &mut Vec<(Stretch, Stretch)>) {
    for (at, stmt) in stmts.iter().enumerate() {
        let Stmt::Block { kind, body, .. } = stmt else { continue };
        exclusive(body, end, out);
        let Some(here) = lines(body) else { continue };
        let others: &[BlockKind] = match kind {
            BlockKind::Branch => &[BlockKind::Branch],
            BlockKind::Try => &[BlockKind::Catch],
            BlockKind::Loop | BlockKind::Catch | BlockKind::Finally | BlockKind::With => continue,
        };
        for next in &stmts[at + 1..] {
            match next {
                Stmt::Block { kind, head, body, .. }
                    if others.contains(kind) && (head.is_none() || *kind == BlockKind::Catch) =>
                {
                    out.extend(lines(body).map(|there| (here, there)));
                }
                _ => break,
            }
        }
        let leaves = |s: &Stmt| matches!(s, Stmt::Return(_) | Stmt::Leave(Leave::Return | Leave::Throw, _));
        if *kind == BlockKind::Branch && body.iter().any(leaves) && here.1 < end {
            out.push((here, (here.1 + 1, end)));
        }
    }
}

/// Whether a call may be one of a function of the workspace, and a change may come of it.
fn is_step(call: &Call) -> bool {
    const COMMON: &[&str] = &[
        "append",
        "equals",
        "toString",
        "format",
        "String",
        "join",
        "split",
        "trim",
        "parse",
        "stringify",
        "json",
        "build",
        "builder",
        "contains",
        "isEmpty",
        "status",
        "body",
        "header",
        "headers",
        "stream",
        "collect",
        "filter",
        "map",
        "forEach",
        "reduce",
        "Sprintf",
        "Errorf",
        "Error",
        "make",
        "len",
        "range",
        "isinstance",
        "str",
        "int",
        "float",
        "dict",
        "list",
        "super",
        "panic",
        "require",
        "valueOf",
        "hashCode",
        "println",
        "printf",
        "print",
        "keys",
        "values",
        "items",
        "strip",
        "replace",
        "lower",
        "upper",
        "startswith",
        "toLowerCase",
        "includes",
        "push",
        "slice",
        "orElse",
        "orElseThrow",
        "isPresent",
        "ofNullable",
        "asList",
        "ok",
        "Ok",
        "OK",
        "now",
        "Now",
        "New",
        "new",
        "ToString",
        "Add",
        "add",
        "put",
        "get",
        "set",
        "size",
        "length",
        "indexOf",
        "substring",
        "Marshal",
        "Unmarshal",
        "unwrap",
        "expect",
        "clone",
        "into",
        "to_string",
        "to_owned",
        "iter",
        "WithValue",
        "Background",
        "nameof",
        "typeof",
    ];
    let name = call.name();
    let accessor = |prefix: &str, most: usize| {
        call.args.len() <= most
            && name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase()))
    };
    name.len() > 2
        && (!COMMON.contains(&name) || asks(call))
        && !is_log(&call.callee)
        && !accessor("get", 0)
        && !accessor("is", 0)
        && !accessor("has", 0)
        && !accessor("set", 1)
}

/// Whether what is called like an operation of a collection is a request: `requests.put(url, json=…)`, `axios.get(`${base}/x`)`.
fn asks(call: &Call) -> bool {
    if !matches!(call.name(), "get" | "put") {
        return false;
    }
    let path = call.callee.path().unwrap_or_default().to_ascii_lowercase();
    let on = path.rsplit('.').nth(1).unwrap_or("");
    let client = ["axios", "requests", "http", "httpx", "client", "session", "api"].iter().any(|w| on.ends_with(w));
    let named = |a: &Arg| matches!(a.name.as_deref(), Some("json" | "data" | "headers" | "timeout" | "params"));
    client || call.args.iter().any(named)
}
