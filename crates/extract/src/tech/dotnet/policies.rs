//! Resilience of .NET code: Polly in both generations, HTTP clients' timeouts, Entity Framework's retries, MassTransit's
//! middleware, deadlines, acknowledgement. See `policies.md`.

use super::read::{chain, closures, initialiser, millis, sets, simple, unknown};
use crate::code::ir::{Call, Expr, ExprKind, Stmt, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-policies",
    version: 4,
    page: include_str!("policies.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let shared = shared(code);
    for site in code.calls() {
        let Some(found) = polly(code, site).or_else(|| others(code, site)) else {
            continue;
        };
        let within = code.within(site.function);
        let mut names = vec![governed(code, site)];
        names.extend(shared.iter().filter(|(f, _)| *f == within).map(|(_, client)| client.clone()));
        for on in names {
            for one in &found {
                one.state(&on, &within, site.span(), sink);
            }
        }
    }
    standard(code, sink);
    timeouts(code, sink);
    deadlines(code, sink);
}

/// A policy before it is said what it governs.
struct Found {
    kind: PolicyKind,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: SmolStr,
    inferred: bool,
}

impl Found {
    fn new(kind: PolicyKind, detail: &str) -> Self {
        Found { kind, attempts: None, millis: None, detail: detail.into(), inferred: false }
    }

    fn attempts(mut self, attempts: Option<Value>) -> Self {
        self.attempts = attempts.filter(|v| !unknown(v));
        self
    }

    fn millis(mut self, millis: Option<Value>) -> Self {
        self.millis = millis;
        self
    }

    fn inferred(mut self) -> Self {
        self.inferred = true;
        self
    }

    fn state(&self, on: &SmolStr, within: &SmolStr, at: Span, sink: &mut Sink) {
        let policy = Claim::Policy(Policy {
            kind: self.kind,
            on: on.clone(),
            attempts: self.attempts.clone(),
            millis: self.millis.clone(),
            detail: self.detail.clone(),
            within: within.clone(),
        });
        if self.inferred { sink.inferred(policy, at) } else { sink.stated(policy, at) }
    }
}

/// The client that a policy is added to, or the function around it.
fn governed(code: &Code<'_>, site: &Site<'_>) -> SmolStr {
    for add in code.calls_named(&[
        "AddPolicyHandler",
        "AddTransientHttpErrorPolicy",
        "AddResilienceHandler",
        "AddResiliencePipeline",
    ]) {
        let mut inside = closures(add.call).iter().any(|c| super::read::within(code, site.function, *c));
        for arg in &add.call.args {
            arg.value.walk(&mut |e| inside |= std::ptr::eq(e, site.expr));
        }
        if inside && let Some(client) = client(code, &add) {
            return client;
        }
    }
    let within = code.within(site.function);
    let held = |ty: &&crate::code::ir::Type| {
        ty.fields.iter().any(|f| f.init.as_ref().is_some_and(|i| i.span.covers(site.span().line)))
    };
    // What a field holds is for the members of its type.
    match within.is_empty() {
        true => code.unit.types.iter().find(held).map_or_else(|| "<top>".into(), |ty| ty.name.clone()),
        false => within,
    }
}

/// The typed or named client that a chain of registration is about.
fn client(code: &Code<'_>, site: &Site<'_>) -> Option<SmolStr> {
    if site.call.name() == "AddResiliencePipeline" {
        return code.value(site.call.arg(0)?, site.function).as_text();
    }
    let registers = ["AddHttpClient", "AddRefitClient", "AddGrpcClient", "AddCustomHttpClient"];
    let added = chain(site.call).into_iter().find(|c| registers.contains(&c.name()))?;
    let named = added.args.first().filter(|a| !matches!(a.value.kind, ExprKind::Lambda(_)));
    match added.type_args.last() {
        Some(ty) => Some(simple(ty)),
        // A name that another file declares is known by what it is called.
        None => match code.value(&named?.value, site.function) {
            value if value.as_text().is_some() => value.as_text(),
            value => match value.as_hole() {
                Some(seam_facts::Hole::Ref(name)) => Some(name.clone()),
                _ => None,
            },
        },
    }
}

/// Functions of this file whose policies clients are given: `AddPolicyHandler(GetRetryPolicy())`.
fn shared(code: &Code<'_>) -> Vec<(SmolStr, SmolStr)> {
    let mut out = Vec::new();
    for add in code.calls_named(&["AddPolicyHandler"]) {
        let Some(client) = client(code, &add) else { continue };
        for arg in &add.call.args {
            arg.value.walk(&mut |e| {
                let name = match &e.kind {
                    ExprKind::Call(call) => call.name(),
                    ExprKind::Name(name) => name,
                    _ => return,
                };
                if let Some(f) = code.unit.functions.iter().find(|f| f.name == *name && !name.is_empty()) {
                    out.push((f.symbol(), client.clone()));
                }
            });
        }
    }
    out
}

/// One more than the retries: the first try counts.
fn tries(retries: Option<Value>) -> Option<Value> {
    let retries = retries?;
    Some(match retries.as_text().and_then(|t| t.parse::<u64>().ok()) {
        Some(n) => Value::text(format_smolstr!("{}", n + 1)),
        None => Value::opaque(format_smolstr!("{retries} + 1")),
    })
}

fn polly(code: &Code<'_>, site: &Site<'_>) -> Option<Vec<Found>> {
    let call = site.call;
    let value = |e: &Expr| code.value(e, site.function);
    let time = |e: &Expr| millis(code, e, site.function);
    // Options of the second generation.
    let options: Option<&Call> =
        call.arg(0).and_then(|a| code.resolved(a, site.function).0.as_call()).filter(|c| c.new);
    let option = |name: &str| options.and_then(initialiser).and_then(|o| o.key(name));
    let name = call.name().trim_end_matches("Async");
    let started = chain(call);
    let old = code.imports("Polly")
        || started
            .iter()
            .any(|c| matches!(c.name(), "Handle" | "HandleTransientHttpError" | "Or" | "OrResult" | "HandleResult"))
        || call
            .receiver()
            .and_then(Expr::path)
            .is_some_and(|p| matches!(p.as_str(), "Policy" | "HttpPolicyExtensions"))
        || call
            .receiver()
            .and_then(Expr::path)
            .is_some_and(|p| matches!(p.as_str(), "builder" | "policy" | "p" | "policyBuilder"));
    let refused = refused(code, &started, call);
    let mut found = match name {
        "WaitAndRetry" if old => {
            let listed = call.arg(0).map(|a| code.resolved(a, site.function).0);
            match listed.map(|l| &l.kind) {
                Some(ExprKind::List(delays)) => Found::new(PolicyKind::Retry, "Polly")
                    .attempts(Some(Value::text(format_smolstr!("{}", delays.len() + 1))))
                    .millis(delays.first().and_then(time)),
                _ => Found::new(PolicyKind::Retry, backoff(code, call))
                    .attempts(tries(call.arg_or("retryCount", 0).map(value)))
                    .millis(delay(code, call)),
            }
        }
        "WaitAndRetryForever" if old => Found::new(PolicyKind::Retry, "Polly, forever").millis(delay(code, call)),
        "RetryForever" if old => Found::new(PolicyKind::Retry, "Polly, forever").millis(Some("0".into())),
        "Retry" if old && call.receiver().is_some() => {
            let count = call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))).map(value);
            // The next attempt follows at once.
            Found::new(PolicyKind::Retry, "Polly")
                .attempts(tries(Some(count.unwrap_or_else(|| "1".into()))))
                .millis(Some("0".into()))
        }
        "CircuitBreaker" if old => {
            Found::new(PolicyKind::Breaker, "Polly").attempts(call.arg(0).map(value)).millis(call.arg(1).and_then(time))
        }
        "AdvancedCircuitBreaker" if old => Found::new(PolicyKind::Breaker, "Polly, by failure ratio")
            .millis(call.args.last().and_then(|a| time(&a.value))),
        "Timeout" if call.receiver().and_then(Expr::path).is_some_and(|p| p == "Policy") => {
            let given = call.arg(0)?;
            let limit = time(given).or_else(|| {
                // A plain number is seconds.
                let seconds = value(given).as_text()?.parse::<u64>().ok()?;
                Some(Value::text(format_smolstr!("{}", seconds * 1000)))
            });
            Found::new(PolicyKind::Timeout, "Polly").millis(limit)
        }
        "Bulkhead" if old => Found::new(PolicyKind::Bulkhead, "Polly").attempts(call.arg(0).map(value)),
        "AddRetry" => {
            // Documented defaults: 3 retries, 2 seconds.
            let retries = option("MaxRetryAttempts").map(value);
            let exponential = option("BackoffType").and_then(Expr::path).is_some_and(|p| p.ends_with("Exponential"));
            let detail = if exponential { "Polly, exponential" } else { "Polly" };
            Found::new(PolicyKind::Retry, detail)
                .attempts(tries(Some(retries.unwrap_or_else(|| "3".into()))))
                .millis(Some(option("Delay").and_then(time).unwrap_or_else(|| "2000".into())))
        }
        "AddTimeout" => {
            let given = call.arg(0).and_then(time).or_else(|| option("Timeout").and_then(time));
            Found::new(PolicyKind::Timeout, "Polly").millis(Some(given.unwrap_or_else(|| "30000".into())))
        }
        "AddCircuitBreaker" => {
            let pause = option("BreakDuration").and_then(time).unwrap_or_else(|| "5000".into());
            Found::new(PolicyKind::Breaker, "Polly, by failure ratio").millis(Some(pause))
        }
        "AddConcurrencyLimiter" if call.receiver().is_some() => {
            Found::new(PolicyKind::Bulkhead, "Polly").attempts(call.arg(0).map(value))
        }
        _ => return None,
    };
    if found.kind == PolicyKind::Retry && !refused.is_empty() {
        found.detail = format_smolstr!("{}, on 5xx,{}", found.detail, refused.join(","));
    }
    Some(vec![found])
}

/// Statuses that say that the request is at fault, among those that a policy handles: `OrResult(r => r.StatusCode == NotFound)`.
fn refused(code: &Code<'_>, chain: &[&Call], call: &Call) -> Vec<SmolStr> {
    const WORDS: &[&str] = &["NotFound", "BadRequest", "Unauthorized", "Forbidden", "UnprocessableEntity"];
    let mut out: Vec<SmolStr> = Vec::new();
    let results =
        chain.iter().copied().filter(|c| matches!(c.name(), "OrResult" | "HandleResult") && !std::ptr::eq(*c, call));
    for handled in results {
        for body in closures(handled) {
            walk_stmts(&code.function(body).body, &mut |e| {
                if let ExprKind::Other(parts) = &e.kind
                    && let [_, Expr { kind: ExprKind::Member(base, word), .. }] = parts.as_slice()
                    && base.path().is_some_and(|p| p.ends_with("HttpStatusCode"))
                    && WORDS.contains(&word.as_str())
                {
                    out.push(word.clone());
                }
            });
        }
    }
    out
}

/// The first delay: that of `TimeSpan.FromSeconds(…)` in the closure, or the fixed one.
fn delay(code: &Code<'_>, call: &Call) -> Option<Value> {
    let body = closures(call);
    // `_ => TimeSpan.Zero`: the next attempt follows at once.
    let mut zero = false;
    for arg in &call.args {
        let inside = match &arg.value.kind {
            ExprKind::Lambda(inner) => Some(*inner),
            _ => None,
        };
        let gives = inside.is_some_and(|inner| {
            matches!(code.function(inner).body.as_slice(), [Stmt::Return(e) | Stmt::Expr(e)] if e.path().is_some_and(|p| p.ends_with("TimeSpan.Zero")))
        });
        zero |= gives;
    }
    if zero {
        return Some("0".into());
    }
    let inside = super::read::calls_in(code, &body, &["FromSeconds", "FromMilliseconds", "FromMinutes"]);
    inside.first().and_then(|s| millis(code, s.expr, s.function)).filter(|v| v.as_text().is_some())
}

fn backoff(code: &Code<'_>, call: &Call) -> &'static str {
    if delay(code, call).is_some_and(|v| v.as_text().as_deref() == Some("0")) {
        return "Polly, at once";
    }
    if super::read::calls_in(code, &closures(call), &["Pow"]).is_empty() { "Polly" } else { "Polly, exponential" }
}

fn others(code: &Code<'_>, site: &Site<'_>) -> Option<Vec<Found>> {
    let call = site.call;
    let value = |e: &Expr| code.value(e, site.function);
    let number = |e: &Expr| value(e).as_text().and_then(|t| t.parse::<u64>().ok());
    Some(match call.name() {
        // Documented defaults: 6 retries, at most 30 seconds apart.
        "EnableRetryOnFailure" => {
            let retries = call.arg_or("maxRetryCount", 0).map(value);
            let wait = call.arg_or("maxRetryDelay", 1).and_then(|d| millis(code, d, site.function));
            let detail = "Entity Framework, exponential";
            vec![
                Found::new(PolicyKind::Retry, detail)
                    .attempts(tries(Some(retries.unwrap_or_else(|| "6".into()))))
                    .millis(wait),
            ]
        }
        "UseMessageRetry" | "UseRetry" | "UseDelayedRedelivery" | "UseScheduledRedelivery" => {
            let inside = super::read::calls_in(
                code,
                &closures(call),
                &["Interval", "Immediate", "Exponential", "Incremental", "Intervals"],
            );
            let policy = inside.first()?;
            let first = policy.call.arg(0);
            let detail = format_smolstr!("MassTransit, {}", policy.call.name().to_ascii_lowercase());
            let wait = policy.call.arg(1).and_then(|a| {
                millis(code, a, policy.function).or_else(|| number(a).map(|n| Value::text(format_smolstr!("{n}"))))
            });
            let wait = if policy.call.name() == "Immediate" { Some("0".into()) } else { wait };
            let count = match policy.call.name() {
                "Intervals" => Some(Value::text(format_smolstr!("{}", policy.call.args.len()))),
                _ => first.map(|a| code.value(a, policy.function)),
            };
            vec![Found::new(PolicyKind::Retry, &detail).attempts(tries(count)).millis(wait)]
        }
        "UseCircuitBreaker" => vec![Found::new(PolicyKind::Breaker, "MassTransit")],
        "UseRateLimit" => vec![Found::new(PolicyKind::RateLimit, "MassTransit").attempts(call.arg(0).map(value))],
        "AddFixedWindowLimiter" | "AddSlidingWindowLimiter" | "AddTokenBucketLimiter" | "GetFixedWindowLimiter" => {
            vec![Found::new(PolicyKind::RateLimit, "ASP.NET rate limiter")]
        }
        "BasicConsume" | "BasicConsumeAsync" => {
            let ack = call.arg_or("autoAck", 1).or_else(|| call.named("noAck"))?;
            let detail = if value(ack).as_text().as_deref() == Some("true") { "automatic" } else { "manual" };
            vec![Found::new(PolicyKind::AckMode, detail)]
        }
        "CancelAfter" => {
            let given = call.arg(0)?;
            let limit = millis(code, given, site.function)
                .or_else(|| number(given).map(|n| Value::text(format_smolstr!("{n}"))));
            vec![Found::new(PolicyKind::Timeout, "CancellationToken").millis(limit)]
        }
        "CancellationTokenSource" if call.new && call.args.len() == 1 => {
            let limit = millis(code, call.arg(0)?, site.function)?;
            vec![Found::new(PolicyKind::Timeout, "CancellationToken").millis(Some(limit))]
        }
        "BeginTransaction" | "BeginTransactionAsync" => {
            vec![Found::new(PolicyKind::Transaction, "database transaction")]
        }
        "TransactionScope" if call.new => vec![Found::new(PolicyKind::Transaction, "TransactionScope")],
        _ => return None,
    })
}

/// `AddStandardResilienceHandler()`: the defaults of Microsoft.Extensions.Http.Resilience 8 and 9.
fn standard(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["AddStandardResilienceHandler", "AddStandardHedgingHandler"]) {
        // Without a client, in `ConfigureHttpClientDefaults`, all clients get it.
        let on = client(code, &site).unwrap_or_else(|| "HttpClient".into());
        let within = code.within(site.function);
        let given = sets(code, &closures(site.call));
        let set = |member: &str| given.iter().find(|s| s.member == member).map(|s| code.value(s.value, s.function));
        let found = [
            Found::new(PolicyKind::Timeout, "standard resilience, total").millis(Some("30000".into())),
            Found::new(PolicyKind::Timeout, "standard resilience, each attempt").millis(Some("10000".into())),
            Found::new(PolicyKind::Retry, "standard resilience, exponential, jitter")
                .attempts(tries(Some(set("MaxRetryAttempts").unwrap_or_else(|| "3".into()))))
                .millis(Some("2000".into())),
            Found::new(PolicyKind::Breaker, "standard resilience, ratio 0.1").millis(Some("5000".into())),
            Found::new(PolicyKind::RateLimit, "standard resilience, concurrency").attempts(Some("1000".into())),
        ];
        for one in found {
            one.inferred().state(&on, &within, site.span(), sink);
        }
    }
}

/// `client.Timeout = TimeSpan.FromSeconds(5)`, in registrations and on clients.
fn timeouts(code: &Code<'_>, sink: &mut Sink) {
    let state = |on: SmolStr, value: &Expr, function: usize, at: Span, sink: &mut Sink| {
        let endless = value.path().is_some_and(|p| p.ends_with("InfiniteTimeSpan"));
        if let Some(limit) = if endless { Some("0".into()) } else { millis(code, value, function) } {
            Found::new(PolicyKind::Timeout, "HttpClient").millis(Some(limit)).state(
                &on,
                &code.within(function),
                at,
                sink,
            );
        }
    };
    let mut seen = Vec::new();
    for site in code.calls_named(&["AddHttpClient", "ConfigureHttpClient", "AddRefitClient"]) {
        let Some(on) = client(code, &site) else { continue };
        for set in sets(code, &closures(site.call)).into_iter().filter(|s| s.member == "Timeout") {
            seen.push(set.span);
            state(on.clone(), set.value, set.function, set.span, sink);
        }
    }
    for site in code.calls_named(&["HttpClient"]) {
        let limit = initialiser(site.call).filter(|_| site.call.new).and_then(|o| o.key("Timeout"));
        if let Some(limit) = limit {
            let owner = &code.function(site.function).owner;
            let on = if owner.is_empty() { "HttpClient".into() } else { owner.clone() };
            state(on, limit, site.function, limit.span, sink);
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut found = Vec::new();
        super::messages::each_assign(&function.body, &mut |target, value| {
            if let ExprKind::Member(base, member) = &target.kind
                && member == "Timeout"
                && code.origin(base, index).ends_with("HttpClient")
                && !seen.contains(&target.span)
            {
                found.push((value, target.span));
            }
        });
        for (value, at) in found {
            if !seen.iter().any(|s| s.line == at.line) {
                state(function.owner.clone(), value, index, at, sink);
            }
        }
    }
}

/// `deadline: DateTime.UtcNow.AddSeconds(3)` of gRPC calls.
fn deadlines(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let Some(deadline) = site.call.named("deadline").and_then(Expr::as_call) else {
            continue;
        };
        let factor = match deadline.name() {
            "AddSeconds" => 1000.0,
            "AddMilliseconds" => 1.0,
            "AddMinutes" => 60_000.0,
            _ => continue,
        };
        let Some(amount) = deadline.arg(0).and_then(|a| code.value(a, site.function).as_text()?.parse::<f64>().ok())
        else {
            continue;
        };
        let within = code.within(site.function);
        let limit = Value::text(format_smolstr!("{}", (amount * factor) as u64));
        Found::new(PolicyKind::Timeout, "gRPC deadline").millis(Some(limit)).state(&within, &within, site.span(), sink);
    }
}
