//! What becomes of a failure where it is caught: nothing, an answer that agrees, one that is empty, or an answer to it.
//!
//! Invariant: an expression agrees only if it says so itself; what is computed or asked for elsewhere may be anything.

use super::ir::{Expr, ExprKind};
use seam_facts::SmolStr;

/// What a clause does with the error.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Does {
    /// Nothing that anybody else sees.
    Nothing,
    /// Says that all went well.
    Agrees,
    /// Gives an empty value.
    Empty,
    /// Something.
    Answers,
}

/// What a value says that a function gives together with "no error": it agrees, unless somebody else is asked for it.
pub(super) fn made_here(expr: &Expr) -> Does {
    let mut asks = false;
    expr.walk(&mut |e| asks |= matches!(&e.kind, ExprKind::Call(call) if !call.new));
    if asks { Does::Answers } else { Does::Agrees }
}

/// Whether an answer says by itself that all went well: `Ok(…)`, `ResponseEntity.ok(…)`, `{ status: "ok" }`, a stream that is
/// completed.
pub(super) fn succeeds(expr: &Expr) -> bool {
    const ANSWERS: [&str; 8] = ["ok", "Ok", "created", "Created", "accepted", "Accepted", "noContent", "NoContent"];
    const STREAMS: [&str; 4] = ["Mono", "Flux", "Completable", "Maybe"];
    match &expr.kind {
        ExprKind::Call(call) => {
            let of_stream = || match &call.callee.kind {
                ExprKind::Member(base, _) => matches!(&base.kind, ExprKind::Name(n) if STREAMS.contains(&n.as_str())),
                _ => false,
            };
            let results = ["OkResult", "OkObjectResult", "NoContentResult", "AcceptedResult", "CreatedResult"];
            ANSWERS.contains(&call.name()) && !speaks_of(expr, FAILURE)
                || call.new && results.contains(&call.name()) && !speaks_of(expr, FAILURE)
                || matches!(call.name(), "empty" | "complete") && of_stream()
                // `ResponseEntity.accepted().body(…)`.
                || matches!(call.name(), "build" | "body") && call.receiver().is_some_and(succeeds)
        }
        ExprKind::Object(entries) if !entries.is_empty() => {
            let agrees = |(key, value): &(SmolStr, Expr)| match &value.kind {
                ExprKind::Bool(said) => *said && matches!(key.as_str(), "ok" | "success" | "successful" | "accepted"),
                ExprKind::Str(said) => SUCCESS.iter().any(|w| said.eq_ignore_ascii_case(w)),
                _ => false,
            };
            entries.iter().any(agrees) && !speaks_of(expr, FAILURE)
        }
        _ => false,
    }
}

const SUCCESS: [&str; 6] = ["ok", "success", "accepted", "succeeded", "created", "done"];
const FAILURE: &[&str] = &["err", "fail", "unavailable", "degraded", "pending", "fallback", "cached", "stale"];

fn speaks_of(expr: &Expr, words: &[&str]) -> bool {
    let mut found = false;
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|w| text.contains(w))
    };
    expr.walk(&mut |e| match &e.kind {
        ExprKind::Str(text) | ExprKind::Name(text) | ExprKind::Member(_, text) => found |= says(text),
        ExprKind::Object(entries) => found |= entries.iter().any(|(key, _)| says(key)),
        _ => {}
    });
    found
}

/// Nothing but a log line, a count, or a value that goes nowhere.
pub(super) fn is_quiet(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(call) => is_log(&call.callee),
        ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Null | ExprKind::Name(_) => true,
        ExprKind::Other(parts) => parts.iter().all(is_quiet),
        _ => false,
    }
}

/// Whether a function only tells the operator.
pub(super) fn is_log(callee: &Expr) -> bool {
    const LOGGERS: &[&str] = &[
        "log",
        "logger",
        "logging",
        "console",
        "slog",
        "sugar",
        "zap",
        "zerolog",
        "logrus",
        "klog",
        "glog",
        "serilog",
        "traceback",
        "sentry",
        "span",
        "activity",
        "rollbar",
        "bugsnag",
        "syslog",
        "winston",
        "bunyan",
        "pino",
        "tracing",
        "loguru",
        "fmtlog",
        "telemetry",
        "metrics",
        "counter",
    ];
    const FUNCTIONS: &[&str] = &[
        "print",
        "println",
        "printf",
        "eprintln",
        "eprint",
        "puts",
        "pp",
        "warn",
        "error_log",
        "var_dump",
        "echo",
        "syslog",
        "printStackTrace",
        "print_exc",
        "print_exception",
        "recordException",
        "record_exception",
        "RecordException",
        "RecordError",
        "record_error",
        "setStatus",
        "SetStatus",
        "set_status",
        "captureException",
        "capture_exception",
        "logError",
        "log_error",
        "LogError",
        "LogWarning",
        "LogInformation",
        "LogCritical",
        "LogDebug",
        "logException",
        "logWarning",
        "Println",
        "Printf",
        "Print",
        "Fprintf",
        "Fprintln",
        "WriteLine",
        "PrintStackTrace",
        "getMessage",
        "error",
        "info",
        "debug",
    ];
    let mut parts: Vec<SmolStr> = Vec::new();
    path(callee, &mut parts);
    let Some(last) = parts.last() else { return false };
    let logger = |part: &SmolStr| {
        let part = part.to_ascii_lowercase();
        let part = part.trim_start_matches(['_', '$']);
        LOGGERS.contains(&part) || part.ends_with("logger")
    };
    // Macros of Rust.
    if let Some(name) = last.strip_suffix('!') {
        return matches!(
            name,
            "println" | "eprintln" | "print" | "eprint" | "error" | "warn" | "info" | "debug" | "trace" | "dbg" | "log"
        );
    }
    match last.as_str() {
        "error" | "info" | "debug" | "warn" => parts.len() == 1 || parts.iter().any(logger),
        name => FUNCTIONS.contains(&name) || parts.iter().any(logger),
    }
}

fn path(expr: &Expr, out: &mut Vec<SmolStr>) {
    match &expr.kind {
        ExprKind::Name(name) => out.push(name.clone()),
        ExprKind::Member(base, name) => {
            path(base, out);
            out.push(name.clone());
        }
        ExprKind::Call(call) => path(&call.callee, out),
        ExprKind::Index(base, _) => path(base, out),
        _ => {}
    }
}
