//! Resilience settings of scripts: timeouts, retries, breakers, rate limits, acknowledgement. See `policy.md`.

use super::options;
use crate::code::ir::{Expr, ExprKind, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-policy",
    version: 3,
    page: include_str!("policy.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let cx = Cx { code, site };
        if !(requests(&cx, &callee, sink) || wrappers(&cx, &callee, sink) || brokers(&cx, &callee, sink)) {
            chains(&cx, &callee, sink);
        }
    }
}

struct Cx<'a> {
    code: &'a Code<'a>,
    site: &'a Site<'a>,
}

impl Cx<'_> {
    fn arg(&self, index: usize) -> Option<&Expr> {
        self.site.call.arg(index)
    }

    fn value(&self, index: usize) -> Option<Value> {
        self.arg(index).map(|a| self.code.value(a, self.site.function))
    }

    /// A key of any argument that is an options object.
    fn key(&self, names: &[&str]) -> Option<Value> {
        let arg = |e: &Expr| options::value(self.code, e, self.site.function, names);
        self.site.call.args.iter().rev().find_map(|a| arg(&a.value))
    }

    /// A key of an options object below another.
    fn below(&self, outer: &str, names: &[&str]) -> Option<Value> {
        self.site.call.args.iter().rev().find_map(|a| {
            let (inner, at) = options::key(self.code, &a.value, self.site.function, outer)?;
            options::value(self.code, inner, at, names)
        })
    }

    /// What a policy governs: the variable that a client is given to, or else the function around.
    fn on(&self) -> SmolStr {
        let within = self.code.within(self.site.function);
        if within.is_empty() { "<module>".into() } else { within }
    }

    fn state(&self, kind: PolicyKind, attempts: Option<Value>, millis: Option<Value>, detail: &str, sink: &mut Sink) {
        let within = self.code.within(self.site.function);
        let policy = Policy { kind, on: self.on(), attempts, millis, detail: detail.into(), within };
        sink.stated(Claim::Policy(policy), self.site.span());
    }
}

/// A number of retries as attempts, the first included.
fn attempts(retries: Value) -> Option<Value> {
    match retries.as_text().and_then(|t| t.parse::<u32>().ok()) {
        Some(n) => Some(Value::text(format_smolstr!("{}", n.saturating_add(1)))),
        None => Some(retries).filter(|r| !r.is_empty()),
    }
}

fn number(value: Value) -> Option<Value> {
    // `{ request: 3000 }` and signals are not numbers.
    let telling = value.as_text().is_none_or(|t| t.parse::<f64>().is_ok());
    (telling && !value.to_string().starts_with("${?:{")).then_some(value)
}

/// Options of requests and of clients that send them.
fn requests(cx: &Cx<'_>, callee: &str, sink: &mut Sink) -> bool {
    const CLIENTS: &[&str] = &[
        "axios#",
        "got#",
        "ky#",
        "request#",
        "request-promise#",
        "request-promise-native#",
        "needle#",
        "node-fetch#",
        "undici#",
        "fetch",
        "http#",
        "https#",
        "@nestjs/axios#",
        "superagent#",
    ];
    let Some(client) = CLIENTS.iter().find(|c| callee.starts_with(**c)) else {
        return false;
    };
    let client = client.trim_end_matches('#');
    let timeout = cx.key(&["timeout", "responseTimeout", "response_timeout", "headersTimeout"]).and_then(number);
    if let Some(millis) = timeout.or_else(|| cx.below("timeout", &["request", "response"])) {
        cx.state(PolicyKind::Timeout, None, Some(millis), client, sink);
    }
    // `signal: AbortSignal.timeout(ms)` is stated where the signal is made.
    if matches!(client, "got" | "ky") {
        let limit = cx.below("retry", &["limit"]).or_else(|| cx.key(&["retry"]).and_then(number));
        if let Some(limit) = limit {
            cx.state(PolicyKind::Retry, attempts(limit), None, client, sink);
        }
    }
    // Others may still find a policy in a chain: `superagent.get(url).timeout(ms)`.
    !matches!(cx.site.call.name(), "timeout" | "retry")
}

/// Whether a condition of its own takes the place of axios-retry's, which spares requests that change something.
fn widens(cx: &Cx<'_>) -> bool {
    let arg = |e| options::key(cx.code, e, cx.site.function, "retryCondition");
    let condition = cx.site.call.args.iter().rev().find_map(|a| arg(&a.value));
    let Some(ExprKind::Lambda(lambda)) = condition.map(|(e, _)| &e.kind) else { return false };
    // The library's own conditions, called from there.
    let spares = |name: &str| ["isNetwork", "isIdempotent", "isSafe"].iter().any(|w| name.starts_with(w));
    // Beside them, an answer's status says that the request did arrive.
    let mut statuses = false;
    walk_stmts(&cx.code.function(*lambda).body, &mut |e| {
        statuses |= matches!(&e.kind, ExprKind::Num(n) if n.len() == 3 && n.starts_with(['4', '5']));
    });
    statuses || !cx.code.calls().iter().any(|site| site.function == *lambda && spares(site.call.name()))
}

/// Statuses of refused requests that a condition lets through: `error.response.status >= 400`.
fn refused(cx: &Cx<'_>) -> Vec<SmolStr> {
    let arg = |e| options::key(cx.code, e, cx.site.function, "retryCondition");
    let condition = cx.site.call.args.iter().rev().find_map(|a| arg(&a.value));
    let Some(ExprKind::Lambda(lambda)) = condition.map(|(e, _)| &e.kind) else { return Vec::new() };
    let mut out: Vec<SmolStr> = Vec::new();
    walk_stmts(&cx.code.function(*lambda).body, &mut |e| {
        // Compared with nothing but the number that it may be, or be above.
        if let ExprKind::Other(parts) = &e.kind
            && let [one, Expr { kind: ExprKind::Num(n), .. }] = parts.as_slice()
            && one.path().is_some_and(|p| p.ends_with("status"))
            && n.len() == 3
            && n.starts_with('4')
        {
            out.push(n.clone());
        }
    });
    out
}

/// A number of retries; `Infinity` is none, and is said.
fn limited(cx: &Cx<'_>, key: &str, retries: Value, detail: &mut SmolStr) -> Option<Value> {
    let given = cx.site.call.args.iter().find_map(|a| options::key(cx.code, &a.value, cx.site.function, key));
    let endless =
        given.and_then(|(e, _)| e.path()).is_some_and(|p| p == "Infinity" || p.ends_with("POSITIVE_INFINITY"));
    if endless {
        *detail = format_smolstr!("{detail}, forever");
    }
    (!endless).then_some(retries)
}

/// Libraries that wrap calls or guard routes.
fn wrappers(cx: &Cx<'_>, callee: &str, sink: &mut Sink) -> bool {
    match callee {
        "axios-retry#" | "axios-retry#default" => {
            // The documented default is three retries.
            let retries = cx.key(&["retries"]).unwrap_or_else(|| "3".into());
            let mut detail =
                SmolStr::new_static(if widens(cx) { "axios-retry with a condition" } else { "axios-retry" });
            let refused = refused(cx);
            if !refused.is_empty() {
                detail = format_smolstr!("{detail}, on 5xx,{}", refused.join(","));
            }
            let retries = limited(cx, "retries", retries, &mut detail);
            // No pause unless a function says how long.
            let paused = cx
                .site
                .call
                .args
                .iter()
                .any(|a| options::key(cx.code, &a.value, cx.site.function, "retryDelay").is_some());
            let known =
                cx.site.call.args.len() < 2 || !cx.site.call.args.iter().skip(1).all(|a| a.value.path().is_some());
            let pause = (!paused && known).then(|| "0".into());
            cx.state(PolicyKind::Retry, retries.and_then(attempts), pause, &detail, sink);
        }
        "p-retry#"
        | "async-retry#"
        | "promise-retry#"
        | "retry#operation"
        | "ts-retry-promise#retry"
        | "fetch-retry#" => {
            let library = callee.split('#').next().unwrap_or(callee);
            let mut detail = SmolStr::new(library);
            let retries = cx.key(&["retries"]).and_then(|r| limited(cx, "retries", r, &mut detail));
            if cx.key(&["forever"]).and_then(|v| v.as_text()).is_some_and(|t| t == "true") {
                detail = format_smolstr!("{library}, forever");
            }
            let delay = cx.key(&["minTimeout", "retryDelay", "delay"]).and_then(number);
            cx.state(PolicyKind::Retry, retries.and_then(attempts), delay, &detail, sink);
        }
        "p-timeout#" | "promise-timeout#timeout" => {
            let millis = cx.key(&["milliseconds"]).or_else(|| cx.value(1));
            cx.state(PolicyKind::Timeout, None, millis, callee.split('#').next().unwrap_or(callee), sink);
        }
        "AbortSignal.timeout" => cx.state(PolicyKind::Timeout, None, cx.value(0), "AbortSignal", sink),
        "opossum#" | "opossum#CircuitBreaker" | "brakes#" => {
            let library = callee.split('#').next().unwrap_or(callee);
            cx.state(PolicyKind::Breaker, None, cx.key(&["resetTimeout"]).and_then(number), library, sink);
            // opossum gives up on a call after ten seconds unless told otherwise.
            if let Some(millis) = cx.key(&["timeout"]).and_then(number) {
                cx.state(PolicyKind::Timeout, None, Some(millis), library, sink);
            }
        }
        "cockatiel#circuitBreaker" => {
            cx.state(PolicyKind::Breaker, None, cx.key(&["halfOpenAfter"]), "cockatiel", sink)
        }
        "cockatiel#retry" => {
            let retries = cx.key(&["maxAttempts"]).and_then(attempts);
            cx.state(PolicyKind::Retry, retries, None, "cockatiel", sink);
        }
        "cockatiel#timeout" => cx.state(PolicyKind::Timeout, None, cx.value(0), "cockatiel", sink),
        "cockatiel#bulkhead" => cx.state(PolicyKind::Bulkhead, None, None, "cockatiel", sink),
        "p-limit#" | "p-queue#" | "bottleneck#" => {
            cx.state(PolicyKind::Bulkhead, None, None, callee.split('#').next().unwrap_or(callee), sink);
        }
        "express-rate-limit#" | "express-rate-limit#rateLimit" | "@fastify/rate-limit#" | "koa-ratelimit#" => {
            let window = cx.key(&["windowMs", "timeWindow", "duration"]);
            cx.state(PolicyKind::RateLimit, None, window, callee.split('#').next().unwrap_or(callee), sink);
        }
        "@nestjs/throttler#ThrottlerModule.forRoot" => {
            cx.state(PolicyKind::RateLimit, None, cx.key(&["ttl"]), "throttler", sink);
        }
        "rxjs#timeout" | "rxjs/operators#timeout" => {
            let millis = cx.key(&["each", "first"]).or_else(|| cx.value(0).and_then(number));
            cx.state(PolicyKind::Timeout, None, millis, "rxjs", sink);
        }
        "rxjs#retry" | "rxjs/operators#retry" => {
            let retries = cx.key(&["count"]).or_else(|| cx.value(0).and_then(number));
            // Without a number it subscribes again for ever.
            let says = if cx.site.call.args.is_empty() { "rxjs, forever" } else { "rxjs" };
            let waits =
                cx.site.call.args.iter().any(|a| options::key(cx.code, &a.value, cx.site.function, "delay").is_some());
            let pause = cx.key(&["delay"]).or_else(|| (!waits).then(|| "0".into()));
            cx.state(PolicyKind::Retry, retries.and_then(attempts), pause, says, sink);
        }
        _ => return false,
    }
    true
}

/// Settings of brokers' and stores' clients.
fn brokers(cx: &Cx<'_>, callee: &str, sink: &mut Sink) -> bool {
    match callee {
        "kafkajs#Kafka" => {
            if let Some(millis) = cx.key(&["requestTimeout"]) {
                cx.state(PolicyKind::Timeout, None, Some(millis), "kafkajs", sink);
            }
            if let Some(retries) = cx.below("retry", &["retries"]) {
                let delay = cx.below("retry", &["initialRetryTime"]);
                cx.state(PolicyKind::Retry, attempts(retries), delay, "kafkajs", sink);
            }
        }
        "ioredis#" | "ioredis#Redis" => {
            if let Some(retries) = cx.key(&["maxRetriesPerRequest"]).and_then(number) {
                cx.state(PolicyKind::Retry, attempts(retries), None, "ioredis", sink);
            }
            if let Some(millis) = cx.key(&["connectTimeout", "commandTimeout"]) {
                cx.state(PolicyKind::Timeout, None, Some(millis), "ioredis", sink);
            }
        }
        "pg#Pool" | "pg#Client" => {
            if let Some(millis) = cx.key(&["statement_timeout", "query_timeout", "connectionTimeoutMillis"]) {
                cx.state(PolicyKind::Timeout, None, Some(millis), "pg", sink);
            }
        }
        "mongodb#MongoClient" | "mongodb#MongoClient.connect" | "mongoose#connect" | "mongoose#createConnection" => {
            if let Some(millis) = cx.key(&["socketTimeoutMS", "serverSelectionTimeoutMS", "connectTimeoutMS"]) {
                cx.state(PolicyKind::Timeout, None, Some(millis), callee.split('#').next().unwrap_or(callee), sink);
            }
        }
        _ if cx.site.call.name() == "consume" && cx.key(&["noAck"]).is_some() => {
            let automatic = cx.key(&["noAck"]).and_then(|v| v.as_text()).is_some_and(|t| t == "true");
            let mode = if automatic { "amqplib, automatic" } else { "amqplib, manual" };
            cx.state(PolicyKind::AckMode, None, None, mode, sink);
        }
        _ if cx.site.call.name() == "assertQueue" => {
            let dead = cx.key(&["deadLetterExchange"]).or_else(|| cx.below("arguments", &["x-dead-letter-exchange"]));
            match dead {
                Some(exchange) => {
                    cx.state(PolicyKind::DeadLetter, None, None, &format_smolstr!("amqplib, {exchange}"), sink);
                }
                None => return false,
            }
        }
        _ => return false,
    }
    true
}

/// `superagent.get(url).timeout(ms).retry(n)`.
fn chains(cx: &Cx<'_>, callee: &str, sink: &mut Sink) {
    if !callee.starts_with("superagent#") && !callee.starts_with("wretch#") {
        return;
    }
    let number = |e: &Expr| matches!(e.kind, ExprKind::Num(_) | ExprKind::Name(_) | ExprKind::Member(..));
    match cx.site.call.name() {
        "timeout" => {
            let millis = cx.key(&["response", "deadline"]).or_else(|| cx.arg(0).filter(|a| number(a)).and(cx.value(0)));
            cx.state(PolicyKind::Timeout, None, millis, "superagent", sink);
        }
        "retry" => cx.state(PolicyKind::Retry, cx.value(0).and_then(attempts), None, "superagent", sink),
        _ => {}
    }
}
