//! Timeouts, retries, breakers, transactions and acknowledgements of JVM code. See `policies.md`.

use super::messages::{nested, nested_text};
use super::read::{JVM, filled, find, functions_of, last_name, receiver, text};
use crate::code::Code;
use crate::code::ir::{Annotation, Expr, ExprKind, Type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Pass, Policy, PolicyKind, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-policies",
    version: 5,
    page: include_str!("policies.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for a in &ty.annotations {
            annotation(code, a, &ty.name, &ty.name, sink);
        }
        for (_, function) in functions_of(code, ty) {
            for a in &function.annotations {
                annotation(code, a, &function.symbol(), &ty.name, sink);
            }
        }
        fallback(code, ty, sink);
    }
    calls(code, sink);
    retryers(code, sink);
    listeners(code, sink);
}

fn policy(
    kind: PolicyKind,
    on: &str,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: &str,
    at: Span,
    sink: &mut Sink,
) {
    let within = on.into();
    let policy = Policy { kind, on: on.into(), attempts, millis, detail: detail.into(), within };
    sink.stated(Claim::Policy(policy), at);
}

fn annotation(code: &Code<'_>, a: &Annotation, on: &str, owner: &str, sink: &mut Sink) {
    let arg = |name: &str| text(code, a, &[name], owner);
    let spring = code.imports("org.springframework.retry");
    let micronaut = code.imports("io.micronaut.retry");
    let microprofile = code.imports("org.eclipse.microprofile.faulttolerance");
    match a.simple() {
        "Retryable" if spring => {
            let backoff = nested(a, "Backoff").first().copied();
            let delay = backoff.and_then(|b| nested_text(code, b, &["delay", "value"], owner));
            let attempts = arg("maxAttempts").or_else(|| arg("maxAttemptsExpression")).unwrap_or_else(|| "3".into());
            // The types that are repeated after, where they are listed.
            let mut types: Vec<SmolStr> = Vec::new();
            let lists =
                |x: &&crate::code::ir::Arg| matches!(x.name.as_deref(), None | Some("value" | "include" | "retryFor"));
            for given in a.args.iter().filter(lists) {
                given.value.walk(&mut |e| {
                    if let ExprKind::Name(n) | ExprKind::Member(_, n) = &e.kind
                        && n.ends_with("Exception")
                    {
                        types.push(n.clone());
                    }
                });
            }
            let detail = match types.as_slice() {
                [] => "Spring Retry".into(),
                types => format_smolstr!("Spring Retry, on {}", types.join(",")),
            };
            let endless = a.arg("maxAttempts").and_then(Expr::path).is_some_and(|p| p.ends_with("MAX_VALUE"));
            let (attempts, detail) = match endless {
                true => (None, format_smolstr!("{detail}, forever")),
                false => (Some(attempts), detail),
            };
            let at_once = delay.as_ref().and_then(|d| d.as_text()).filter(|d| d == "0").map(|_| "0".into());
            policy(PolicyKind::Retry, on, attempts, at_once, &detail, a.span, sink);
            if backoff.is_some() {
                let multiplied = backoff.and_then(|b| nested_text(code, b, &["multiplier"], owner));
                let detail = match multiplied {
                    Some(by) => format_smolstr!("Spring Retry, exponential ×{by}"),
                    None => "Spring Retry".into(),
                };
                policy(PolicyKind::Backoff, on, None, delay.or_else(|| Some("1000".into())), &detail, a.span, sink);
            }
        }
        "Retryable" if micronaut => {
            let attempts = arg("attempts").unwrap_or_else(|| "3".into());
            policy(
                PolicyKind::Retry,
                on,
                Some(plus_one(attempts)),
                arg("delay").and_then(duration_text),
                "Micronaut",
                a.span,
                sink,
            );
        }
        "Retry" if microprofile => {
            let attempts = arg("maxRetries").unwrap_or_else(|| "3".into());
            let millis = arg("delay").map(|d| scaled(d, unit(a, "delayUnit")));
            policy(
                PolicyKind::Retry,
                on,
                Some(plus_one(attempts)),
                millis,
                "MicroProfile Fault Tolerance",
                a.span,
                sink,
            );
        }
        "Timeout" if microprofile => {
            let millis = arg("value").map(|d| scaled(d, unit(a, "unit"))).unwrap_or_else(|| "1000".into());
            policy(PolicyKind::Timeout, on, None, Some(millis), "MicroProfile Fault Tolerance", a.span, sink);
        }
        "Retry" | "CircuitBreaker" | "Bulkhead" | "RateLimiter" | "TimeLimiter" => {
            let kind = match a.simple() {
                "Retry" => PolicyKind::Retry,
                "CircuitBreaker" => PolicyKind::Breaker,
                "Bulkhead" => PolicyKind::Bulkhead,
                "RateLimiter" => PolicyKind::RateLimit,
                _ => PolicyKind::Timeout,
            };
            // Its figures stand in configuration under the instance's name.
            let detail = match (microprofile, arg("name").and_then(|v| v.as_text())) {
                (true, _) => "MicroProfile Fault Tolerance".into(),
                (false, Some(name)) => format_smolstr!("resilience4j {name}"),
                (false, None) if spring => "Spring Retry".into(),
                (false, None) => "".into(),
            };
            policy(kind, on, None, None, &detail, a.span, sink);
        }
        "HystrixCommand" => {
            policy(PolicyKind::Breaker, on, None, None, "Hystrix", a.span, sink);
            let mut timeout = None;
            for property in nested(a, "HystrixProperty") {
                let name = nested_text(code, property, &["name"], owner).and_then(|v| v.as_text()).unwrap_or_default();
                if name.ends_with("timeoutInMilliseconds") {
                    timeout = nested_text(code, property, &["value"], owner);
                }
            }
            match timeout {
                Some(millis) => policy(PolicyKind::Timeout, on, None, Some(millis), "Hystrix", a.span, sink),
                // Hystrix's documented default.
                None => {
                    let (on, detail) = (SmolStr::from(on), "Hystrix default".into());
                    let millis = Some("1000".into());
                    let policy = Policy {
                        kind: PolicyKind::Timeout,
                        on: on.clone(),
                        attempts: None,
                        millis,
                        detail,
                        within: on,
                    };
                    sink.inferred(Claim::Policy(policy), a.span);
                }
            }
        }
        "Transactional" => policy(PolicyKind::Transaction, on, None, None, "@Transactional", a.span, sink),
        "RetryableTopic" => {
            let attempts = arg("attempts").unwrap_or_else(|| "3".into());
            policy(PolicyKind::Retry, on, Some(attempts), None, "Spring Kafka", a.span, sink);
        }
        "RabbitListener" | "KafkaListener" => {
            if let Some(mode) = arg("ackMode") {
                policy(PolicyKind::AckMode, on, None, None, &format_smolstr!("{mode}"), a.span, sink);
            }
        }
        _ => {}
    }
}

/// A Feign client's fallback is used when its breaker is open.
fn fallback(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some(a) = find(&ty.annotations, &["FeignClient"]) else { return };
    // Its configuration, whose beans govern this client alone unless they are everybody's.
    for given in a.args.iter().filter(|x| x.name.as_deref() == Some("configuration")) {
        given.value.walk(&mut |e| {
            if let ExprKind::Name(_) | ExprKind::Member(..) = e.kind
                && let Some(path) = e.path()
                && let Some(name) = path.trim_end_matches(".class").rsplit(['.', ':']).next()
                && name.starts_with(char::is_uppercase)
            {
                let pass = Pass { callee: name.into(), args: Vec::new(), within: ty.name.clone(), made: None };
                sink.stated(Claim::Pass(pass), a.span);
            }
        });
    }
    let given = a.args.iter().any(|x| matches!(x.name.as_deref(), Some("fallback" | "fallbackFactory")));
    if given && !code.unit.types.is_empty() {
        policy(PolicyKind::Breaker, &ty.name, None, None, "Feign fallback", a.span, sink);
    }
}

/// Retries come after the first attempt.
fn plus_one(retries: Value) -> Value {
    match retries.as_text().and_then(|t| t.parse::<u64>().ok()) {
        Some(n) => Value::text(format_smolstr!("{}", n + 1)),
        None => retries,
    }
}

fn unit(a: &Annotation, name: &str) -> u64 {
    let named = a.args.iter().find(|x| x.name.as_deref() == Some(name)).and_then(|x| last_name(&x.value));
    named.map(|n| unit_millis(&n)).unwrap_or(1)
}

fn unit_millis(name: &str) -> u64 {
    match name {
        "SECONDS" | "ofSeconds" | "seconds" => 1000,
        "MINUTES" | "ofMinutes" | "minutes" => 60_000,
        "HOURS" | "ofHours" | "hours" => 3_600_000,
        _ => 1,
    }
}

fn scaled(value: Value, by: u64) -> Value {
    match value.as_text().and_then(|t| t.parse::<u64>().ok()) {
        Some(n) => Value::text(format_smolstr!("{}", n.saturating_mul(by))),
        None => value,
    }
}

/// `5s`, `500ms` as milliseconds.
fn duration_text(value: Value) -> Option<Value> {
    let text = value.as_text()?;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let by = match &text[digits..] {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Some(value),
    };
    Some(scaled(Value::text(&text[..digits]), by))
}

/// Milliseconds of a duration, with the unit beside it if that is an argument of its own.
fn millis(code: &Code<'_>, args: &[&Expr], function: usize) -> Option<Value> {
    let first = *args.first()?;
    if let Some(call) = first.as_call()
        && let Some(amount) = call.arg(0)
        && matches!(call.name(), "ofSeconds" | "ofMillis" | "ofMinutes" | "ofHours")
    {
        return Some(scaled(filled(code.value(amount, function)), unit_millis(call.name())));
    }
    // Kotlin: `5.seconds`.
    if let ExprKind::Member(amount, name) = &first.kind
        && matches!(name.as_str(), "seconds" | "minutes" | "milliseconds")
    {
        return Some(scaled(code.value(amount, function), unit_millis(name)));
    }
    let by = args.get(1).and_then(|u| last_name(u)).map(|u| unit_millis(&u)).unwrap_or(1);
    Some(scaled(filled(code.value(first, function)), by))
}

/// Calls that set a time limit: function, words in the receiver (empty: any), library.
const TIMEOUTS: &[(&str, &[&str], &str)] = &[
    ("setConnectTimeout", &[], "connect"),
    ("setReadTimeout", &[], "read"),
    ("withConnectTimeout", &[], "connect"),
    ("withReadTimeout", &[], "read"),
    ("withTimeouts", &[], "read"),
    ("setSocketTimeout", &["requestconfig"], "read"),
    ("setResponseTimeout", &["requestconfig"], "read"),
    ("setConnectionRequestTimeout", &["requestconfig", "factory"], "pool"),
    (
        "setConnectionTimeout",
        &["httpconnectionparams", "hikariconfig", "hikaridatasource", "connectionfactory"],
        "connect",
    ),
    ("setSoTimeout", &["httpconnectionparams"], "read"),
    ("connectTimeout", &["httpclient", "okhttpclient", "resttemplatebuilder", "clientbuilder"], "connect"),
    ("readTimeout", &["httpclient", "okhttpclient", "resttemplatebuilder", "clientbuilder"], "read"),
    ("writeTimeout", &["okhttpclient"], "write"),
    ("callTimeout", &["okhttpclient"], "call"),
    ("responseTimeout", &["httpclient"], "read"),
    ("timeout", &["httprequest", "webclient", "restclient", "mono", "flux", "retrieve", "bodyto"], "request"),
    ("withDeadlineAfter", &[], "gRPC deadline"),
    ("timeoutDuration", &[], "resilience4j time limiter"),
];

/// `new Retryer.Default(100, 1000, 5)`: a bean of it governs the clients of the whole program, or those whose configuration it
/// stands in. Without arguments there are five attempts, the first included.
fn retryers(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("feign") {
        return;
    }
    for site in code.calls() {
        let path = site.call.callee.path().unwrap_or_default();
        if !(path.ends_with("Retryer.Default") || path == "Default" && code.imports("feign.Retryer")) {
            continue;
        }
        let function = code.outermost(site.function);
        let within = code.within(site.function);
        let everybody = code.type_named(&function.owner).is_none_or(|ty| {
            find(&ty.annotations, &["Configuration", "Component", "AutoConfiguration", "SpringBootApplication"])
                .is_some()
        });
        let bean = find(&function.annotations, &["Bean"]).is_some();
        let on: SmolStr = match (bean, everybody) {
            (true, true) => "Feign".into(),
            (true, false) => function.owner.clone(),
            (false, _) => within.clone(),
        };
        let attempts = site.call.arg(2).map(|n| filled(code.value(n, site.function))).unwrap_or_else(|| "5".into());
        let millis = match site.call.arg(0) {
            Some(period) => Some(filled(code.value(period, site.function))),
            None => Some("100".into()),
        };
        let detail = "Feign, exponential".into();
        let policy = Policy { kind: PolicyKind::Retry, on, attempts: Some(attempts), millis, detail, within };
        sink.stated(Claim::Policy(policy), site.span());
    }
}

/// `new DefaultErrorHandler(new FixedBackOff(1000L, 3))`: how a listener of Spring Kafka comes back to a message that failed.
fn listeners(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("org.springframework.kafka") {
        return;
    }
    for site in code.calls_named(&["FixedBackOff"]) {
        let text = |i: usize| site.call.arg(i).map(|e| filled(code.value(e, site.function)));
        let number =
            |v: &Value| v.as_text().and_then(|t| t.trim_end_matches(['L', 'l']).replace('_', "").parse::<u64>().ok());
        let named = site.call.arg(1).and_then(Expr::path).unwrap_or_default();
        let endless = site.call.arg(1).is_none() || named.contains("UNLIMITED") || named.ends_with("MAX_VALUE");
        let attempts = text(1).filter(|_| !endless);
        let attempts = attempts.map(|v| number(&v).map_or(v, |n| Value::text(format_smolstr!("{}", n + 1))));
        let millis = match text(0) {
            Some(v) => Some(number(&v).map_or(v, |n| Value::text(format_smolstr!("{n}")))),
            None => Some("5000".into()),
        };
        let detail = if endless { "Spring Kafka listener, forever" } else { "Spring Kafka listener" };
        policy(PolicyKind::Retry, &code.within(site.function), attempts, millis, detail, site.span(), sink);
    }
}

fn calls(code: &Code<'_>, sink: &mut Sink) {
    for (name, on, detail) in TIMEOUTS {
        for site in code.calls_named(&[name]) {
            let receiver = receiver(code, site.call, site.function);
            if !on.is_empty() && !on.iter().any(|w| receiver.contains(w)) {
                continue;
            }
            let args: Vec<&Expr> = site.call.args.iter().map(|a| &a.value).collect();
            // `HttpConnectionParams.setConnectionTimeout(params, ms)`.
            let args = if receiver == "httpconnectionparams" { args.get(1..).unwrap_or(&[]) } else { &args[..] };
            let Some(millis) = millis(code, args, site.function) else { continue };
            let within = code.within(site.function);
            policy(PolicyKind::Timeout, &within, None, Some(millis), detail, site.span(), sink);
        }
    }
    for site in code.calls_named(&[
        "retry",
        "backoff",
        "fixedDelay",
        "max",
        "maxInARow",
        "indefinitely",
        "setAckMode",
        "setAcknowledgeMode",
    ]) {
        let on = receiver(code, site.call, site.function);
        let within = code.within(site.function);
        let first = site.call.arg(0);
        let value = first.map(|a| filled(code.value(a, site.function)));
        match site.call.name() {
            "retry"
                if ["mono", "flux", "webclient", "bodyto"].iter().any(|w| on.contains(w))
                    || code.imports("reactor.core.publisher")
                        && site.call.receiver().is_some_and(|r| r.as_call().is_some()) =>
            {
                // It subscribes again at once, and for ever where no number is given.
                let detail = if value.is_some() { "Reactor" } else { "Reactor, forever" };
                policy(PolicyKind::Retry, &within, value.map(plus_one), Some("0".into()), detail, site.span(), sink);
            }
            "max" | "maxInARow" if on == "retry" => {
                policy(PolicyKind::Retry, &within, value.map(plus_one), Some("0".into()), "Reactor", site.span(), sink);
            }
            "indefinitely" if on == "retry" => {
                policy(PolicyKind::Retry, &within, None, Some("0".into()), "Reactor, forever", site.span(), sink);
            }
            "backoff" | "fixedDelay" if on == "retry" => {
                let delay = site.call.arg(1).and_then(|d| millis(code, &[d], site.function));
                let detail = if site.call.name() == "backoff" { "Reactor, exponential" } else { "Reactor" };
                policy(PolicyKind::Retry, &within, value.map(plus_one), delay, detail, site.span(), sink);
            }
            "setAckMode" | "setAcknowledgeMode" => {
                if let Some(mode) = first.and_then(last_name) {
                    policy(PolicyKind::AckMode, &within, None, None, &mode, site.span(), sink);
                }
            }
            _ => {}
        }
    }
}
