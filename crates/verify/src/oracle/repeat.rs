//! The same request, not idempotent, reaches its callee more often than without faults.
//!
//! The caller is part of what "same" means. Silent where attempts carry a key that the callee can know them by: a usual header, a
//! field that is called so, or a value that was made for this very request.

use super::Cx;
use crate::call::Call;
use crate::finding::{Finding, Grade, Rule};
use crate::text;
use std::collections::BTreeMap;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    let mut same: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, call) in cx.run.calls.iter().enumerate() {
        if call.unsafe_twice() && !call.from_scenario() && call.reached > 0 && !call.request.method.is_empty() {
            same.entry(cx.learned.request(call)).or_default().push(at);
        }
    }
    for (what, calls) in same {
        let reached: u32 = calls.iter().map(|at| times(&cx.run.calls[*at])).sum();
        let usual = cx.learned.usual.get(&what).copied().unwrap_or(1);
        // Once more is a retry only after an attempt that failed for the caller, and for the same request.
        let retried = calls.windows(2).any(|pair| {
            let (one, two) = (&cx.run.calls[pair[0]], &cx.run.calls[pair[1]]);
            one.parent == two.parent && one.seen.failed() && one.reached > 0 && !keyed(cx, pair)
        });
        if reached <= usual || !retried || once(cx, &cx.run.calls[calls[0]].request.callee) {
            continue;
        }
        let call = &cx.run.calls[calls[0]];
        let (caller, callee) = call.edge();
        out.push(Finding {
            rule: Rule::UnsafeRetry,
            grade: Grade::Fails,
            at: format!("{caller} → {}", call.operation()),
            says: format!(
                "`{caller}` sends `{} {}` to `{callee}` again after an unknown outcome: it is done {reached} times instead of {usual}",
                call.request.method,
                text::template(&call.request.path)
            ),
            evidence: calls.iter().map(|at| attempt(&cx.run.calls[*at])).collect(),
            services: vec![caller.to_owned(), callee.to_owned()],
        });
    }
}

/// What the callee keeps was seen, and holds nothing twice: it knows its requests by what they say.
fn once(cx: &Cx<'_>, callee: &str) -> bool {
    let seen = cx.run.states.len() > 1 && cx.run.states.last().is_some_and(|s| !s.is_empty());
    seen && cx.run.lines.iter().any(|(service, _)| service == callee) && super::owed(cx).is_empty()
}

/// Done by the callee; a duplicate that the network made is not the caller's doing.
fn times(call: &Call) -> u32 {
    call.reached.min(1)
}

fn attempt(call: &Call) -> String {
    let outcome = match &call.said {
        Some(said) => format!("the callee answered {}", said.status),
        None => "no answer of the callee".to_owned(),
    };
    match &call.fault {
        Some(fault) => format!("{outcome}; {fault}"),
        None => outcome,
    }
}

/// Whether all attempts carry the same key.
fn keyed(cx: &Cx<'_>, calls: &[usize]) -> bool {
    let keys = |at: usize| -> Vec<(String, String)> {
        let request = &cx.run.calls[at].request;
        let headers = request.headers.iter().filter(|(name, _)| names_key(name));
        let fields = text::leaves(&request.body);
        let made = known_before(cx, calls[0]);
        let fields = fields.into_iter().filter(|(path, value)| {
            names_key(path) || text::made(value) && !time_like(path) && !made.contains(value.as_str())
        });
        headers.map(|(n, v)| (n.clone(), v.clone())).chain(fields).collect()
    };
    let first = keys(calls[0]);
    first.iter().any(|key| !key.1.is_empty() && calls[1..].iter().all(|at| keys(*at).contains(key)))
}

fn time_like(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["time", "date", "_at", "createdat", "updatedat"].iter().any(|w| path.contains(w))
}

/// `Idempotency-Key`, `X-Request-Id`, `/request_id`, `/idempotencyKey` …: names by which callees know a request again.
fn names_key(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let words = [
        "idempoten",
        "dedup",
        "requestid",
        "requestkey",
        "transactionid",
        "operationid",
        "commandid",
        "messageid",
        "eventid",
    ];
    words.iter().any(|w| plain.contains(w))
}

/// Texts of the scenario's requests up to this call: what is known from there was not made for this call.
fn known_before(cx: &Cx<'_>, at: usize) -> String {
    let mut out = String::new();
    for call in cx.run.calls[..at].iter().filter(|c| c.from_scenario()) {
        out.push_str(&call.request.path);
        out.push_str(&call.request.body);
        if let Some(said) = call.said.as_ref().filter(|_| call.until <= cx.run.calls[at].from) {
            out.push_str(&said.body);
        }
    }
    out
}
