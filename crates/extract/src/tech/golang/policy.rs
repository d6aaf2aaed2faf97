//! Timeouts, retries and breakers in Go. See `policy.md`.

use super::{key_of, split};
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-policy",
    version: 4,
    page: include_str!("policy.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let Some((module, member)) = split(&callee) else {
            continue;
        };
        if let Some(policy) = policy(code, site, &module, member) {
            sink.stated(Claim::Policy(policy), site.span());
        }
    }
}

fn policy(code: &Code<'_>, site: &Site<'_>, module: &str, member: &str) -> Option<Policy> {
    let within = code.within(site.function);
    let f = site.function;
    let make = |kind: PolicyKind, detail: &str| Policy {
        kind,
        on: within.clone(),
        attempts: None,
        millis: None,
        detail: detail.into(),
        within: within.clone(),
    };
    let arg = |i: usize| site.call.arg(i);
    let time = |i: usize| arg(i).and_then(|e| millis(code, e, f));
    let found = match (module, member) {
        ("context", "WithTimeout") => {
            Policy { millis: Some(time(1)?), ..make(PolicyKind::Timeout, "context.WithTimeout") }
        }
        ("net/http", "Client") if site.call.new => {
            // Without one, or with zero, it waits for ever.
            let given = site.call.arg(0).is_some_and(|o| o.key("Timeout").is_some());
            let timeout = if given { timeout_key(code, site.expr, "Timeout", f)? } else { "0".into() };
            Policy { millis: Some(timeout), ..make(PolicyKind::Timeout, "http.Client") }
        }
        (m, "WithRPCTimeout") if m.ends_with("cloudwego/kitex/client") => {
            Policy { millis: Some(time(0)?), ..make(PolicyKind::Timeout, "kitex") }
        }
        ("net/http", "TimeoutHandler") => {
            Policy { millis: Some(time(1)?), ..make(PolicyKind::Timeout, "http.TimeoutHandler") }
        }
        ("google.golang.org/grpc", "WithDefaultServiceConfig") => {
            let text = code.value(arg(0)?, f).as_text()?;
            let attempts = text.split("\"maxAttempts\"").nth(1)?.trim_start_matches([':', ' ', '"']);
            let attempts: String = attempts.chars().take_while(char::is_ascii_digit).collect();
            Policy { attempts: Some(Value::text(attempts)), ..make(PolicyKind::Retry, "grpc service config") }
        }
        (m, "UnaryClientInterceptor")
            if m.ends_with("interceptors/retry") || m.ends_with("go-grpc-middleware/retry") =>
        {
            let option = |name: &str| {
                site.call
                    .args
                    .iter()
                    .find_map(|a| a.value.as_call().filter(|c| c.name() == name))
                    .and_then(|c| c.arg(0))
            };
            let attempts = option("WithMax").map(|e| code.value(e, f));
            Policy { attempts, ..make(PolicyKind::Retry, "grpc retry interceptor") }
        }
        (m, "WithMax") if m.ends_with("interceptors/retry") || m.ends_with("go-grpc-middleware/retry") => {
            Policy { attempts: Some(code.value(arg(0)?, f)), ..make(PolicyKind::Retry, "grpc retry interceptor") }
        }
        (m, "Do") if m.ends_with("avast/retry-go") => {
            let attempts = site.call.args.iter().find_map(|a| a.value.as_call().filter(|c| c.name() == "Attempts"));
            let attempts = attempts.and_then(|c| c.arg(0)).map(|e| code.value(e, f));
            // The library's documented default is ten attempts.
            let attempts = attempts.unwrap_or_else(|| "10".into());
            let pause = site.call.args.iter().find_map(|a| a.value.as_call().filter(|c| c.name() == "Delay"));
            let zero =
                pause.and_then(|c| c.arg(0)).is_some_and(|e| code.value(e, f).as_text().is_some_and(|t| t == "0"));
            let millis = zero.then(|| "0".into());
            Policy { attempts: Some(attempts), millis, ..make(PolicyKind::Retry, "retry-go") }
        }
        (m, "Retry" | "RetryNotify" | "RetryWithData") if m.ends_with("cenkalti/backoff") => {
            cenkalti(code, arg(1), f, make(PolicyKind::Retry, "cenkalti/backoff"))
        }
        // That of `cenkalti/backoff` is read where it is used.
        (m, "WithMaxRetries") if m.ends_with("sethvargo/go-retry") => {
            let retries = code.value(arg(0)?, f);
            let attempts = match retries.as_text().and_then(|t| t.parse::<u64>().ok()) {
                Some(n) => Value::text(format_smolstr!("{}", n + 1)),
                None => retries,
            };
            Policy { attempts: Some(attempts), ..make(PolicyKind::Retry, "backoff") }
        }
        (m, "Retry" | "Exponential" | "Constant" | "Fibonacci")
            if m.ends_with("eapache/go-resiliency/retrier") || m.ends_with("sethvargo/go-retry") =>
        {
            make(PolicyKind::Retry, "retry")
        }
        (m, "NewCircuitBreaker" | "NewTwoStepCircuitBreaker") if m.ends_with("sony/gobreaker") => {
            let timeout = arg(0).and_then(|e| timeout_key(code, e, "Timeout", f));
            Policy { millis: timeout, ..make(PolicyKind::Breaker, "gobreaker") }
        }
        (m, "ConfigureCommand") if m.ends_with("afex/hystrix-go/hystrix") => {
            let timeout = arg(1).and_then(|e| key_of(code, e, "Timeout", f));
            let name = arg(0).and_then(|e| code.value(e, f).as_text()).unwrap_or_else(|| within.clone());
            Policy { millis: timeout, on: name, ..make(PolicyKind::Breaker, "hystrix-go") }
        }
        (m, "Do" | "Go" | "DoC" | "GoC") if m.ends_with("afex/hystrix-go/hystrix") => {
            make(PolicyKind::Breaker, "hystrix-go")
        }
        (m, "NewLimiter") if m.ends_with("x/time/rate") => make(PolicyKind::RateLimit, "x/time/rate"),
        // The library's documented defaults: four retries, a second and more apart, of every method.
        (m, "NewClient") if m.ends_with("hashicorp/go-retryablehttp") => {
            let retries = retry_max(code).unwrap_or_else(|| "5".into());
            Policy {
                attempts: Some(retries),
                millis: Some("1000".into()),
                ..make(PolicyKind::Retry, "go-retryablehttp")
            }
        }
        (m, name) if m.contains("go-resty/resty") && name.ends_with("SetTimeout") => {
            Policy { millis: Some(time(0)?), ..make(PolicyKind::Timeout, "resty") }
        }
        (m, name) if m.contains("go-resty/resty") && name.ends_with("SetRetryCount") => {
            let retries = code.value(arg(0)?, f);
            let attempts = match retries.as_text().and_then(|t| t.parse::<u64>().ok()) {
                Some(n) => Value::text(format_smolstr!("{}", n + 1)),
                None => retries,
            };
            Policy { attempts: Some(attempts), ..make(PolicyKind::Retry, "resty") }
        }
        _ => return None,
    };
    Some(found)
}

/// What the second argument of `backoff.Retry` says: an exponential one gives up after a quarter of an hour by itself, a constant
/// one never does, and a limit of any kind may be wrapped around it.
fn cenkalti(code: &Code<'_>, pace: Option<&Expr>, function: usize, found: Policy) -> Policy {
    let mut words: Vec<SmolStr> = Vec::new();
    let mut retries = None;
    let mut look = vec![pace.map(|e| code.resolved(e, function))];
    // `b := backoff.WithMaxRetries(constant, 3)`: names are followed, a few steps.
    for _ in 0..8 {
        let Some(Some((expr, scope))) = look.pop() else { break };
        expr.walk(&mut |e| match &e.kind {
            ExprKind::Call(call) => {
                words.push(call.name().into());
                if call.name() == "WithMaxRetries" {
                    retries = call.arg(1).map(|n| code.value(n, scope));
                }
                look.extend(
                    call.args.iter().filter(|a| a.value.path().is_some()).map(|a| Some(code.resolved(&a.value, scope))),
                );
            }
            ExprKind::Name(n) | ExprKind::Member(_, n) => words.push(n.clone()),
            _ => {}
        });
    }
    let has = |w: &str| words.iter().any(|x| x.ends_with(w));
    if let Some(n) = retries {
        let attempts = match n.as_text().and_then(|t| t.parse::<u64>().ok()) {
            Some(n) => Value::text(format_smolstr!("{}", n + 1)),
            None => n,
        };
        let millis = has("ZeroBackOff").then(|| "0".into());
        return Policy { attempts: Some(attempts), millis, ..found };
    }
    let limited = has("WithContext") || has("WithMaxElapsedTime") || has("WithMaxTries");
    match (has("ZeroBackOff"), has("ConstantBackOff")) {
        (true, _) if !limited => {
            Policy { millis: Some("0".into()), detail: "cenkalti/backoff, forever".into(), ..found }
        }
        (true, _) => Policy { millis: Some("0".into()), ..found },
        (_, true) if !limited => Policy { detail: "cenkalti/backoff, forever".into(), ..found },
        (_, true) => found,
        _ => Policy { detail: "cenkalti/backoff, exponential".into(), ..found },
    }
}

/// `client.RetryMax = 5`, as attempts.
fn retry_max(code: &Code<'_>) -> Option<Value> {
    let mut found = None;
    for (index, function) in code.unit.functions.iter().enumerate() {
        each_assign(&function.body, &mut |target, value| {
            if matches!(&target.kind, ExprKind::Member(_, m) if m == "RetryMax") {
                found = code.value(value, index).as_text().and_then(|t| t.parse::<u64>().ok());
            }
        });
    }
    found.map(|n| Value::text(format_smolstr!("{}", n + 1)))
}

fn each_assign<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(&'s Expr, &'s Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => visit(target, value),
            Stmt::Block { body, .. } => each_assign(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

fn timeout_key(code: &Code<'_>, options: &Expr, key: &str, function: usize) -> Option<Value> {
    let object = match &options.kind {
        ExprKind::Call(call) if call.new => call.arg(0)?,
        _ => options,
    };
    millis(code, object.key(key)?, function)
}

/// A duration in milliseconds: `5 * time.Second`, `time.Duration(n) * time.Millisecond`, a constant.
fn millis(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    if let Some(ms) = known(code, expr, function, 6) {
        return Some(Value::text(format_smolstr!("{ms}")));
    }
    let value = code.value(expr, function);
    (!super::client::unknown(&value) && value.as_text().is_none()).then_some(value)
}

fn known(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Option<u64> {
    if steps == 0 {
        return None;
    }
    match &expr.kind {
        ExprKind::Other(parts) if parts.len() == 2 => {
            match (unit(code, &parts[0], function), unit(code, &parts[1], function)) {
                (None, Some(unit)) => scaled(number(code, &parts[0], function)?, unit),
                (Some(unit), None) => scaled(number(code, &parts[1], function)?, unit),
                _ => None,
            }
        }
        ExprKind::Member(..) => scaled(1.0, unit(code, expr, function)?),
        ExprKind::Name(name) => {
            let assigned = code.assigned(name, function);
            let [(value, f)] = assigned.as_slice() else { return None };
            known(code, value, *f, steps - 1)
        }
        _ => None,
    }
}

fn scaled(number: f64, nanos: f64) -> Option<u64> {
    let ms = number * nanos / 1e6;
    (ms.is_finite() && ms >= 0.0).then_some(ms.round() as u64)
}

fn number(code: &Code<'_>, expr: &Expr, function: usize) -> Option<f64> {
    let inner = match &expr.kind {
        ExprKind::Call(call) if call.args.len() == 1 => call.arg(0)?,
        _ => expr,
    };
    code.value(inner, function).as_text()?.parse().ok()
}

/// Nanoseconds of a unit of `time`.
fn unit(code: &Code<'_>, expr: &Expr, function: usize) -> Option<f64> {
    let ExprKind::Member(base, name) = &expr.kind else {
        return None;
    };
    if code.origin(base, function) != SmolStr::new_static("time#") {
        return None;
    }
    Some(match name.as_str() {
        "Nanosecond" => 1.0,
        "Microsecond" => 1e3,
        "Millisecond" => 1e6,
        "Second" => 1e9,
        "Minute" => 60e9,
        "Hour" => 3600e9,
        _ => return None,
    })
}
