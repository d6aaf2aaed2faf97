//! How long work may take before somebody else gets it too: visibility timeouts of queues, leases of locks. See `leases.md`.
//!
//! Invariant: a lease stands in the function whose work it covers, or governs a library's consumers of the whole service
//! (`on` names the library).

use super::ir::{Call, Expr, ExprKind, walk_stmts};
use super::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "leases", version: 1, page: include_str!("leases.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        called(code, site, sink);
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        // `broker_transport_options = {"visibility_timeout": 3600}`.
        walk_stmts(&function.body, &mut |expr| {
            if let ExprKind::Object(entries) = &expr.kind
                && let Some((_, value)) =
                    entries.iter().find(|(k, _)| k.trim_matches(['"', '\'']) == "visibility_timeout")
                && let Some(millis) = scaled(code, value, index, 1000)
            {
                lease(sink, value.span, "celery", &SmolStr::default(), "visibility timeout", millis);
            }
        });
        // ShedLock.
        for a in function.annotations.iter().filter(|a| a.simple() == "SchedulerLock") {
            let text =
                a.args.iter().find(|x| x.name.as_deref() == Some("lockAtMostFor")).and_then(|x| x.value.as_str());
            if let Some(millis) = text.and_then(|t| duration(t)) {
                let within = function.symbol();
                lease(sink, a.span, &within, &within, "ShedLock", millis);
            }
        }
    }
}

fn lease(sink: &mut Sink, at: Span, on: &str, within: &SmolStr, detail: &str, millis: u64) {
    let policy = Policy {
        kind: PolicyKind::Lease,
        on: on.into(),
        attempts: None,
        millis: Some(Value::text(format_smolstr!("{millis}"))),
        detail: detail.into(),
        within: within.clone(),
    };
    sink.stated(Claim::Policy(policy), at);
}

fn scaled(code: &Code<'_>, expr: &Expr, function: usize, by: u64) -> Option<u64> {
    if let ExprKind::Num(text) = &expr.kind {
        return text.replace('_', "").parse::<f64>().ok().map(|n| (n * by as f64) as u64);
    }
    let text = code.value(expr, function).as_text()?;
    text.parse::<f64>().ok().map(|n| (n * by as f64) as u64)
}

/// `PT30S`, `30s`, `10m`.
fn duration(text: &str) -> Option<u64> {
    let text = text.trim_start_matches("PT").to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..end].parse().ok()?;
    let by = match &text[end..] {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(number * by)
}

/// `8 * time.Second`, `TimeSpan.FromSeconds(8)`, `Duration.ofSeconds(8)`.
fn span_of(code: &Code<'_>, expr: &Expr, function: usize) -> Option<u64> {
    let unit = |name: &str| match name {
        "Millisecond" | "FromMilliseconds" | "ofMillis" | "MILLISECONDS" => Some(1),
        "Second" | "FromSeconds" | "ofSeconds" | "SECONDS" => Some(1_000),
        "Minute" | "FromMinutes" | "ofMinutes" | "MINUTES" => Some(60_000),
        _ => None,
    };
    if let Some(call) = expr.as_call() {
        return scaled(code, call.arg(0)?, function, unit(call.name())?);
    }
    let (mut number, mut by) = (None, None);
    expr.walk(&mut |e| match &e.kind {
        ExprKind::Num(text) => number = number.or_else(|| text.parse::<u64>().ok()),
        ExprKind::Member(_, name) => by = by.or_else(|| unit(name)),
        _ => {}
    });
    Some(number.unwrap_or(1) * by?)
}

fn called(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let (call, function) = (site.call, site.function);
    let within = code.within(function);
    let mut say = |detail: &str, millis: u64| lease(sink, site.span(), &within, &within, detail, millis);
    let last = |e: &Expr| match &e.kind {
        ExprKind::Name(n) | ExprKind::Member(_, n) => n.clone(),
        _ => SmolStr::default(),
    };
    match call.name() {
        // Amazon SQS, in seconds, where messages are taken.
        "receive_message"
        | "ReceiveMessageCommand"
        | "ReceiveMessageInput"
        | "ReceiveMessageRequest"
        | "receiveMessage" => {
            if let Some(value) = option(call, "VisibilityTimeout")
                && let Some(millis) = scaled(code, value, function, 1000)
                && millis > 0
            {
                say("visibility timeout", millis);
            }
        }
        // Redlock: `acquire(["key"], 5000)`.
        "acquire" | "using"
            if code.unit.lang == Lang::Script && matches!(call.arg(0).map(|a| &a.kind), Some(ExprKind::List(_))) =>
        {
            if let Some(millis) = call.arg(1).and_then(|a| scaled(code, a, function, 1)) {
                say("lock", millis);
            }
        }
        // Redsync.
        "WithExpiry" if code.unit.imports.iter().any(|i| i.path.contains("redsync")) => {
            if let Some(millis) = call.arg(0).and_then(|a| span_of(code, a, function)) {
                say("lock", millis);
            }
        }
        // Redisson: `tryLock(wait, lease, unit)`, `lock(lease, unit)`.
        "tryLock" | "lock"
            if matches!(code.unit.lang, Lang::Java | Lang::Kotlin | Lang::Scala) && call.args.len() > 1 =>
        {
            let index = call.args.len() - 2;
            let unit = call.args.last().map(|a| last(&a.value)).unwrap_or_default();
            let by = match unit.as_str() {
                "MILLISECONDS" => 1,
                "SECONDS" => 1_000,
                "MINUTES" => 60_000,
                _ => return,
            };
            let leased = call.name() == "lock" && call.args.len() == 2 || call.args.len() == 3;
            if let Some(millis) = call.arg(index).filter(|_| leased).and_then(|a| scaled(code, a, function, by)) {
                say("lock", millis);
            }
        }
        _ => {}
    }
}

fn option<'e>(call: &'e Call, name: &str) -> Option<&'e Expr> {
    call.named(name).or_else(|| call.args.iter().find_map(|a| a.value.key(name)))
}
