//! A run as telemetry: what proxies saw, in the words of OpenTelemetry, so that `diagnose` can be asked about it.
//!
//! Invariant: a call is one span of who asked and, if it reached who was asked, one of that service below it; both have the time that the
//! caller waited. Lines of logs have no time of their own: they are told when the run ends.

use crate::call::{Call, Seen};
use crate::run::Run;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What OTLP calls a client's and a server's span, and one that failed.
const CLIENT: u32 = 3;
const SERVER: u32 = 2;
const FAILED: u32 = 2;

/// One request of OTLP/JSON for the spans and one for the lines of a run, a line each. `began` are nanoseconds since 1970, `number` tells runs
/// apart.
pub fn otlp(run: &Run, began: u64, number: usize) -> String {
    let mut spans: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for at in 0..run.calls.len() {
        let call = &run.calls[at];
        let above = call.parent.map(|p| id(p, SERVER)).unwrap_or_default();
        let caller = !call.from_scenario();
        if caller {
            let span = span(run, at, (began, number), CLIENT, &above);
            spans.entry(&call.request.caller).or_default().push(span);
        }
        if call.reached > 0 {
            let above = if caller { id(at, CLIENT) } else { above };
            let span = span(run, at, (began, number), SERVER, &above);
            spans.entry(&call.request.callee).or_default().push(span);
        }
    }
    let end = (began + run.ms * 1_000_000).to_string();
    let line = |text: &str| json!({"timeUnixNano": end, "body": {"stringValue": text}});
    let spans =
        spans.into_iter().map(|(who, spans)| json!({"resource": speaker(who), "scopeSpans": [{"spans": spans}]}));
    let said = |log: &String| log.lines().filter(|l| !l.trim().is_empty()).map(line).collect::<Vec<_>>();
    let logs = run.logs.iter().filter(|(_, log)| !log.trim().is_empty());
    let logs = logs.map(|(who, log)| json!({"resource": speaker(who), "scopeLogs": [{"logRecords": said(log)}]}));
    let (spans, logs): (Vec<Value>, Vec<Value>) = (spans.collect(), logs.collect());
    let mut out = format!("{}\n", json!({"resourceSpans": spans}));
    if !logs.is_empty() {
        out.push_str(&format!("{}\n", json!({"resourceLogs": logs})));
    }
    out
}

fn speaker(name: &str) -> Value {
    json!({"attributes": [{"key": "service.name", "value": {"stringValue": name}}]})
}

fn span(run: &Run, at: usize, (began, number): (u64, usize), kind: u32, parent: &str) -> Value {
    let call = &run.calls[at];
    let step = run.step_of(at).unwrap_or_default();
    let said = call.said.as_ref().map(|reply| reply.status);
    let (status, failed) = match kind {
        SERVER => (said, said.is_some_and(|status| status >= 500)),
        _ => (call.seen.status(), call.seen.failed()),
    };
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut attributes = vec![text("http.request.method", &call.request.method), text("url.path", &call.request.path)];
    if kind == CLIENT {
        attributes.push(text("server.address", &call.request.callee));
    }
    attributes
        .extend(status.map(|s| json!({"key": "http.response.status_code", "value": {"intValue": s.to_string()}})));
    let mut out = json!({
        "traceId": format!("{:032x}", ((number as u128 + 1) << 32) + step as u128 + 1),
        "spanId": id(at, kind),
        "name": operation(call),
        "kind": kind,
        "startTimeUnixNano": (began + call.from * 1_000_000).to_string(),
        "endTimeUnixNano": (began + call.until.max(call.from) * 1_000_000).to_string(),
        "attributes": attributes,
    });
    if !parent.is_empty() {
        out["parentSpanId"] = parent.into();
    }
    if failed {
        out["status"] = json!({"code": FAILED, "message": why(call, kind)});
    }
    out
}

/// Without who is asked: the span says that by itself.
fn operation(call: &Call) -> String {
    let operation = call.operation();
    operation.strip_prefix(&format!("{} ", call.request.callee)).unwrap_or(&operation).to_owned()
}

fn why(call: &Call, kind: u32) -> String {
    match (&call.seen, kind) {
        (_, SERVER) | (Seen::Reply(_), _) => "the status is an error".to_owned(),
        (Seen::Reset, _) => "connection reset".to_owned(),
        (Seen::GaveUp | Seen::WaitedOut, _) => "gave up waiting".to_owned(),
        (Seen::Nothing, _) => "no reply".to_owned(),
    }
}

fn id(at: usize, kind: u32) -> String {
    format!("{:016x}", (at as u64 + 1) * 4 + u64::from(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Reply, Request};

    #[test]
    fn a_reply_that_is_lost_fails_for_who_asked_alone() {
        let request = |caller: &str, callee: &str, path: &str| Request {
            caller: caller.into(),
            callee: callee.into(),
            method: "POST".into(),
            path: path.into(),
            ..Request::default()
        };
        let done = Reply { status: 201, ..Reply::default() };
        let shop = Call {
            key: "shop POST /orders#1".into(),
            request: request("scenario", "shop", "/orders"),
            reached: 1,
            said: Some(done.clone()),
            seen: Seen::Reply(done.clone()),
            until: 90,
            ..Call::default()
        };
        let lost = Call {
            parent: Some(0),
            key: "shop POST /orders#1 > bank POST /charges#1".into(),
            request: request("shop", "bank", "/charges"),
            reached: 1,
            said: Some(done),
            seen: Seen::Reset,
            from: 10,
            until: 60,
            ..Call::default()
        };
        let logs = BTreeMap::from([("shop".to_owned(), "charge: reset\n".to_owned())]);
        let run = Run { calls: vec![shop, lost], ms: 100, logs, ..Run::default() };
        let text = otlp(&run, 5_000_000_000, 0);
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let of = |who: usize, at: usize| &lines[0]["resourceSpans"][who]["scopeSpans"][0]["spans"][at];
        let (bank, served, asked) = (of(0, 0), of(1, 0), of(1, 1));
        assert_eq!((&bank["name"], &bank["kind"], bank.get("status")), (&json!("POST /charges"), &json!(2), None));
        assert_eq!(asked["status"]["message"], "connection reset");
        assert_eq!((&asked["parentSpanId"], &bank["parentSpanId"]), (&served["spanId"], &asked["spanId"]));
        assert!(served.get("parentSpanId").is_none());
        assert_eq!(asked["endTimeUnixNano"], "5060000000");
        assert_eq!(
            lines[1]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"],
            "charge: reset"
        );
    }
}
