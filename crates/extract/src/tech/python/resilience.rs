//! Retries, breakers, limits and deadlines in Python code. See `resilience.md`.

use super::shapes::{callee, dotted, keyword, millis, path_expr};
use crate::code::ir::{Annotation, Call as Invocation, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-resilience",
    version: 5,
    page: include_str!("resilience.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        for a in &function.annotations {
            let scope = function.parent.unwrap_or(0);
            let name = dotted(&code.origin(&path_expr(&a.name, a.span), scope));
            annotated(code, a, &name, scope, &function.symbol(), sink);
        }
    }
    for site in code.calls() {
        called(code, site, sink);
    }
}

struct Said {
    kind: PolicyKind,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: SmolStr,
}

fn state(said: Said, on: SmolStr, within: SmolStr, at: Span, sink: &mut Sink) {
    let Said { kind, attempts, millis, detail } = said;
    sink.stated(Claim::Policy(Policy { kind, on, attempts, millis, detail, within }), at);
}

fn annotated(code: &Code<'_>, a: &Annotation, name: &str, scope: usize, on: &SmolStr, sink: &mut Sink) {
    let named = |name: &str| a.args.iter().find(|x| x.name.as_deref() == Some(name)).map(|x| &x.value);
    let text = |name: &str| named(name).map(|e| code.value(e, scope));
    let mut say = |said: Said| state(said, on.clone(), on.clone(), a.span, sink);
    match name {
        "tenacity.retry" => {
            for said in tenacity(code, &|n| named(n), scope) {
                say(said);
            }
        }
        "backoff.on_exception" | "backoff.on_predicate" => {
            let wait = a.positional(0).and_then(Expr::path).unwrap_or_default();
            let wait = wait.rsplit('.').next().unwrap_or("").to_owned();
            let attempts = text("max_tries");
            let detail =
                format_smolstr!("backoff, {wait}{}", on_types(a.positional(1).filter(|_| name.ends_with("exception"))));
            let constant = named("interval").filter(|_| wait == "constant").and_then(|d| millis(code, d, scope));
            say(Said { kind: PolicyKind::Retry, attempts, millis: constant, detail });
            if let Some(limit) = named("max_time") {
                let detail = "backoff, over all attempts".into();
                let millis = millis(code, limit, scope).or_else(|| Some(code.value(limit, scope)));
                say(Said { kind: PolicyKind::Timeout, attempts: None, millis, detail });
            }
        }
        "retrying.retry" => {
            let attempts = text("stop_max_attempt_number");
            let millis = text("wait_fixed").or_else(|| text("wait_exponential_multiplier"));
            let waits = a.args.iter().any(|x| x.name.as_deref().is_some_and(|n| n.starts_with("wait")));
            let detail = if waits && millis.is_none() { "retrying, waits" } else { "retrying" };
            say(Said { kind: PolicyKind::Retry, attempts, millis, detail: detail.into() });
            if let Some(limit) = text("stop_max_delay") {
                let detail = "retrying, over all attempts".into();
                say(Said { kind: PolicyKind::Timeout, attempts: None, millis: Some(limit), detail });
            }
        }
        "retry.retry" => {
            let delay = named("delay").and_then(|d| millis(code, d, scope));
            say(Said { kind: PolicyKind::Retry, attempts: text("tries"), millis: delay, detail: "retry".into() });
        }
        "circuitbreaker.circuit" => {
            let reset = named("recovery_timeout").and_then(|d| millis(code, d, scope));
            say(Said {
                kind: PolicyKind::Breaker,
                attempts: text("failure_threshold"),
                millis: reset,
                detail: "circuitbreaker".into(),
            });
        }
        _ if a.simple() == "limit" && (name.contains("imiter") || a.name.contains("limiter")) => {
            let rate = a.positional(0).map(|e| code.value(e, scope).to_string()).unwrap_or_default();
            say(Said { kind: PolicyKind::RateLimit, attempts: None, millis: None, detail: rate.into() });
        }
        "django.db.transaction.atomic" => {
            say(Said { kind: PolicyKind::Transaction, attempts: None, millis: None, detail: "django".into() });
        }
        // `@breaker` of pybreaker is an object of this file.
        _ if name.starts_with("pybreaker.CircuitBreaker") => {
            let detail = format_smolstr!("pybreaker, {}", a.name);
            say(Said { kind: PolicyKind::Breaker, attempts: None, millis: None, detail });
        }
        _ => {}
    }
}

/// `stop=stop_after_attempt(3) | stop_after_delay(10)`, `wait=wait_exponential(multiplier=1)`.
fn tenacity<'e>(code: &Code<'_>, named: &dyn Fn(&str) -> Option<&'e Expr>, scope: usize) -> Vec<Said> {
    let mut attempts = None;
    let mut deadline = None;
    let mut wait = None;
    let mut detail = String::from("tenacity");
    for part in ["stop", "wait"] {
        let Some(expr) = named(part) else { continue };
        expr.walk(&mut |e| {
            let Some(call) = e.as_call() else { return };
            match call.name() {
                "stop_after_attempt" => attempts = call.arg_or("max_attempt_number", 0).map(|n| code.value(n, scope)),
                "stop_after_delay" => deadline = call.arg_or("max_delay", 0).and_then(|d| millis(code, d, scope)),
                "wait_fixed" => wait = call.arg_or("wait", 0).and_then(|d| millis(code, d, scope)),
                "wait_random" | "wait_random_exponential" | "wait_exponential_jitter" => detail.push_str(", jitter"),
                "wait_exponential" => {
                    detail.push_str(", exponential");
                    wait = call.named("multiplier").or_else(|| call.named("min")).and_then(|d| millis(code, d, scope));
                }
                _ => {}
            }
        });
    }
    if wait.is_none()
        && detail == "tenacity"
        && named("wait").is_some_and(|w| !w.path().is_some_and(|p| p.contains("wait_none")))
    {
        detail.push_str(", waits");
    }
    if let Some(only) = named("retry").and_then(Expr::as_call).filter(|c| c.name() == "retry_if_exception_type") {
        detail.push_str(&on_types(only.arg(0)));
    }
    // A way to stop that is made elsewhere.
    if attempts.is_none()
        && deadline.is_none()
        && named("stop").is_some_and(|s| !s.path().is_some_and(|p| p.ends_with("stop_never")))
    {
        attempts = named("stop").map(|s| code.value(s, scope));
    }
    let mut out = vec![Said { kind: PolicyKind::Retry, attempts, millis: None, detail: detail.as_str().into() }];
    if let Some(wait) = wait {
        out.push(Said {
            kind: PolicyKind::Backoff,
            attempts: None,
            millis: Some(wait),
            detail: detail.as_str().into(),
        });
    }
    if let Some(deadline) = deadline {
        out.push(Said {
            kind: PolicyKind::Timeout,
            attempts: None,
            millis: Some(deadline),
            detail: "tenacity, over all attempts".into(),
        });
    }
    out
}

/// `, on A,B` for the types that are repeated after.
fn on_types(types: Option<&Expr>) -> String {
    let all = match types.map(|t| &t.kind) {
        Some(ExprKind::List(items)) => items.iter().filter_map(Expr::path).collect(),
        _ => types.and_then(Expr::path).into_iter().collect::<Vec<_>>(),
    };
    let names: Vec<&str> = all.iter().filter_map(|p| p.rsplit('.').next()).collect();
    if names.is_empty() { String::new() } else { format!(", on {}", names.join(",")) }
}

fn called(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let name = callee(code, site);
    let (call, f) = (site.call, site.function);
    let value = |n: &str, i: usize| keyword(code, call, n, f).or_else(|| call.arg(i)).map(|e| code.value(e, f));
    let seconds =
        |n: &str, i: usize| keyword(code, call, n, f).or_else(|| call.arg(i)).and_then(|e| millis(code, e, f));
    let within = code.within(f);
    let mut say = |said: Said| {
        let on = if within.is_empty() { said.detail.split(',').next().unwrap_or("").into() } else { within.clone() };
        state(said, on, within.clone(), site.span(), sink);
    };
    match name.as_str() {
        _ if call.name() == "Retry" && name.contains("urllib3") || name == "requests.adapters.Retry" => {
            let attempts = value("total", 0).and_then(|t| t.as_text()).and_then(|t| t.parse::<u32>().ok());
            let attempts = attempts.map(|n| Value::text(format_smolstr!("{}", n + 1)));
            let backoff = keyword(code, call, "backoff_factor", f).and_then(|e| millis(code, e, f));
            let statuses = keyword(code, call, "status_forcelist", f).map(|list| {
                let mut out = Vec::new();
                list.walk(&mut |e| {
                    if let ExprKind::Num(n) = &e.kind {
                        out.push(n.as_str());
                    }
                });
                out.join(",")
            });
            // POST is repeated only where it is said so.
            let methods = ["allowed_methods", "method_whitelist"].iter().find_map(|w| keyword(code, call, w, f));
            let mut posts = methods.is_some_and(|m| matches!(m.kind, ExprKind::Null | ExprKind::Bool(false)));
            if let Some(list) = methods {
                list.walk(&mut |e| posts |= matches!(&e.kind, ExprKind::Str(m) if m.eq_ignore_ascii_case("post")));
            }
            let library = if posts { "urllib3 for POST too" } else { "urllib3" };
            let detail = match statuses.filter(|s| !s.is_empty()) {
                Some(statuses) => format_smolstr!("{library}, on {statuses}"),
                None => library.into(),
            };
            let pause = backoff.is_none().then(|| "0".into());
            say(Said { kind: PolicyKind::Retry, attempts, millis: pause, detail });
            if let Some(backoff) = backoff {
                say(Said {
                    kind: PolicyKind::Backoff,
                    attempts: None,
                    millis: Some(backoff),
                    detail: "urllib3, exponential".into(),
                });
            }
        }
        "requests.adapters.HTTPAdapter" | "httpx.HTTPTransport" | "httpx.AsyncHTTPTransport" => {
            let word = if name.starts_with("httpx") { "retries" } else { "max_retries" };
            let Some(Expr { kind: ExprKind::Num(n), .. }) = keyword(code, call, word, f) else { return };
            let attempts = n.parse::<u32>().ok().map(|n| Value::text(format_smolstr!("{}", n + 1)));
            say(Said { kind: PolicyKind::Retry, attempts, millis: None, detail: "connections only".into() });
        }
        "tenacity.Retrying" | "tenacity.AsyncRetrying" => {
            for said in tenacity(code, &|n| call.named(n), f) {
                say(said);
            }
        }
        "pybreaker.CircuitBreaker" | "aiobreaker.CircuitBreaker" | "circuitbreaker.CircuitBreaker" => {
            let attempts = value("fail_max", 9).or_else(|| value("failure_threshold", 9));
            let reset = seconds("reset_timeout", 9).or_else(|| seconds("recovery_timeout", 9));
            say(Said { kind: PolicyKind::Breaker, attempts, millis: reset, detail: "pybreaker".into() });
        }
        "asyncio.wait_for" => {
            if let Some(limit) = seconds("timeout", 1) {
                say(Said { kind: PolicyKind::Timeout, attempts: None, millis: Some(limit), detail: "asyncio".into() });
            }
        }
        "asyncio.timeout" | "async_timeout.timeout" => {
            if let Some(limit) = seconds("delay", 0) {
                say(Said { kind: PolicyKind::Timeout, attempts: None, millis: Some(limit), detail: "asyncio".into() });
            }
        }
        "asyncio.Semaphore" | "asyncio.BoundedSemaphore" => {
            say(Said {
                kind: PolicyKind::Bulkhead,
                attempts: value("value", 0),
                millis: None,
                detail: "asyncio".into(),
            });
        }
        "django.db.transaction.atomic" if call.args.is_empty() || call.named("using").is_some() => {
            say(Said { kind: PolicyKind::Transaction, attempts: None, millis: None, detail: "django".into() });
        }
        _ if call.name() == "lock" && lease(&name, call) => {
            let Some(limit) = seconds("timeout", 1) else { return };
            say(Said { kind: PolicyKind::Lease, attempts: None, millis: Some(limit), detail: "redis".into() });
        }
        _ => {}
    }
}

fn lease(callee: &str, call: &Invocation) -> bool {
    callee.contains("redis.") || call.receiver().and_then(Expr::path).is_some_and(|p| p.contains("redis"))
}
