//! How long a loop waits between its rounds: sleeps in every language's words.

use super::Code;
use super::ir::{BlockKind, Call, Expr, ExprKind, Stmt, walk_stmts};
use crate::lang::Lang;
use seam_facts::{Pause, SmolStr, Value, format_smolstr};
use std::collections::BTreeSet;

/// The pause in a loop's body, with its milliseconds where they are constant.
pub(super) fn found(code: &Code<'_>, function: usize, body: &[Stmt]) -> Option<(Pause, Option<Value>)> {
    let mut calls: Vec<&Call> = Vec::new();
    let collect = |e: &Expr| -> Option<usize> {
        match e.kind {
            ExprKind::Lambda(inner) => Some(inner),
            _ => None,
        }
    };
    let mut lambdas = Vec::new();
    walk_stmts(body, &mut |e| {
        calls.extend(e.as_call().filter(|c| is_pause(c)));
        lambdas.extend(collect(e));
    });
    for inner in lambdas {
        walk_stmts(&code.unit.functions[inner].body, &mut |e| calls.extend(e.as_call().filter(|c| is_pause(c))));
    }
    let call = *calls.iter().find(|c| millis(code, c, function).is_some()).or(calls.first())?;
    let mut changed = BTreeSet::new();
    assigned(body, &mut changed);
    let mut grows = false;
    for arg in &call.args {
        arg.value.walk(&mut |e| match &e.kind {
            ExprKind::Name(n) | ExprKind::Member(_, n) => grows |= changed.contains(n) || is_growth(n),
            ExprKind::Call(inner) => grows |= is_growth(inner.name()),
            _ => {}
        });
    }
    grows |= is_growth(call.name());
    let millis = millis(code, call, function).map(|n| Value::text(format_smolstr!("{n}")));
    Some((if grows { Pause::Growing } else { Pause::Fixed }, millis.filter(|_| !grows)))
}

/// Where no pause is seen: whether what runs after a failure may hold one. A function's call of itself is the next attempt.
pub(super) fn hidden<'a>(handlers: impl Iterator<Item = &'a Stmt>, own: &str) -> Pause {
    let mut unknown = false;
    for handler in handlers {
        walk_stmts(std::slice::from_ref(handler), &mut |e| {
            if let Some(call) = e.as_call() {
                unknown |= !call.new && !is_quiet(call) && (own.is_empty() || call.name() != own);
            }
        });
    }
    if unknown { Pause::Unknown } else { Pause::Nothing }
}

fn is_pause(call: &Call) -> bool {
    let name = call.name().to_ascii_lowercase().replace('_', "");
    let on = call.receiver().and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
    ["sleep", "backoff", "pause", "settimeout"].iter().any(|w| name.contains(w))
        || matches!(
            name.as_str(),
            "delay"
                | "wait"
                | "waitfor"
                | "usleep"
                | "newtimer"
                | "tick"
                | "parknanos"
                | "waituntil"
                | "waitfornextretry"
                | "jitter"
        )
        || name == "after" && on == "time"
}

fn is_growth(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pow", "exp", "backoff", "jitter", "rand", "uniform", "attempt", "retr", "tries", "min", "max"]
        .iter()
        .any(|w| name.contains(w))
        || name == "i"
        || name == "n"
}

fn assigned(stmts: &[Stmt], out: &mut BTreeSet<SmolStr>) {
    for stmt in stmts {
        match stmt {
            // A constant that is given a name in the loop stays one.
            Stmt::Assign { target: Expr { kind: ExprKind::Name(n) | ExprKind::Member(_, n), .. }, value, .. }
                if !matches!(value.kind, ExprKind::Num(_)) =>
            {
                out.insert(n.clone());
            }
            Stmt::Block { kind, body, .. } if *kind != BlockKind::Try => assigned(body, out),
            _ => {}
        }
    }
}

/// Logging, formatting and counting: over at once.
fn is_quiet(call: &Call) -> bool {
    let name = call.name().to_ascii_lowercase();
    let on = call.receiver().and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
    ["log", "print", "warn", "error", "info", "debug", "trace", "format", "message", "string", "status", "write"]
        .iter()
        .any(|w| name.contains(w))
        || ["log", "console", "metric", "counter", "span", "trace", "error", "err", "ex", "e", "stats"]
            .iter()
            .any(|w| on == *w || on.ends_with(w))
        || matches!(
            name.as_str(),
            "append"
                | "add"
                | "push"
                | "inc"
                | "increment"
                | "str"
                | "repr"
                | "len"
                | "close"
                | "is"
                | "as"
                | "isinstance"
                | "raise"
                | "min"
                | "max"
                | "range"
                | "int"
                | ""
        )
}

/// Milliseconds of a pause that is a constant.
fn millis(code: &Code<'_>, call: &Call, function: usize) -> Option<u64> {
    let name = call.name();
    let arg =
        call.args.iter().map(|a| &a.value).find(|a| !matches!(a.kind, ExprKind::Lambda(_)) && !is_callback(call, a))?;
    let on = call.receiver().and_then(Expr::path).unwrap_or_default();
    let unit = match (code.unit.lang, name) {
        (_, "usleep") => 0.001,
        (Lang::Python | Lang::Ruby | Lang::Php, "sleep") => 1000.0,
        (_, "sleep") if on.ends_with("SECONDS") && !on.ends_with("MILLISECONDS") => 1000.0,
        (_, "sleep") if on.ends_with("MINUTES") => 60_000.0,
        (Lang::Cpp, "sleep") => 1000.0,
        _ => 1.0,
    };
    amount(code, arg, function, unit).map(|n| n.round() as u64)
}

/// `setTimeout(resolve, 100)`.
fn is_callback(call: &Call, arg: &Expr) -> bool {
    call.name() == "setTimeout" && call.args.first().is_some_and(|a| std::ptr::eq(&a.value, arg)) && call.args.len() > 1
}

fn amount(code: &Code<'_>, expr: &Expr, function: usize, unit: f64) -> Option<f64> {
    match &expr.kind {
        ExprKind::Call(call) => {
            let by = match call.name() {
                "FromSeconds" | "ofSeconds" | "from_secs" | "from_secs_f64" | "seconds" => 1000.0,
                "FromMilliseconds" | "ofMillis" | "from_millis" | "milliseconds" => 1.0,
                "FromMinutes" | "ofMinutes" | "minutes" => 60_000.0,
                "Duration" => unit,
                _ => return None,
            };
            amount(code, call.arg(0)?, function, by)
        }
        // `2 * time.Second`.
        ExprKind::Other(parts) if parts.len() == 2 => {
            let by = parts.iter().find_map(go_unit)?;
            let number = parts.iter().find(|p| go_unit(p).is_none())?;
            amount(code, number, function, by)
        }
        ExprKind::Member(..) if go_unit(expr).is_some() => go_unit(expr),
        ExprKind::Num(_) | ExprKind::Name(_) | ExprKind::Member(..) => {
            code.value(expr, function).as_text()?.trim_end_matches(['L', 'l']).parse::<f64>().ok().map(|n| n * unit)
        }
        _ => None,
    }
}

fn go_unit(expr: &Expr) -> Option<f64> {
    let ExprKind::Member(base, name) = &expr.kind else { return None };
    if !matches!(&base.kind, ExprKind::Name(n) if n == "time") {
        return None;
    }
    Some(match name.as_str() {
        "Millisecond" => 1.0,
        "Second" => 1000.0,
        "Minute" => 60_000.0,
        _ => return None,
    })
}
