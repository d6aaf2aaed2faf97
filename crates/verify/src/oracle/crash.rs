//! A process that ended, an exception that became the answer, a 5xx without a reason, a system that does not recover.
//!
//! Silent: a 502, 503 or 504 says in order that something below is not there. An exception that is only logged is somebody's decision.

use super::Cx;
use crate::call::{Call, Seen};
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::run::Ending;
use crate::trouble::{Exception, exceptions};

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for (service, how) in &cx.run.died {
        out.push(Finding {
            rule: Rule::Crash,
            grade: Grade::Fails,
            at: service.clone(),
            says: format!("the process of `{service}` ended: {how}"),
            evidence: last(cx, service).into_iter().flat_map(|e| [e.line, e.place]).filter(|l| !l.is_empty()).collect(),
            services: vec![service.clone()],
        });
    }
    for (who, whom) in &cx.run.away {
        out.push(Finding {
            rule: Rule::NotRecovered,
            grade: Grade::Fails,
            at: format!("{who} from {whom}"),
            says: format!(
                "`{who}` took messages from `{whom}` before its line was down, and does not come back for more"
            ),
            evidence: vec![format!("the line was back for {} s", cx.run.waited / 1_000)],
            services: vec![who.clone(), whom.clone()],
        });
    }
    for (at, call) in cx.run.calls.iter().enumerate() {
        let service = &call.request.callee;
        let Some(said) = &call.said else { continue };
        let failed = said.status == 500 || said.grpc.is_some_and(|c| matches!(c, 2 | 13));
        // A connection that the callee itself broke off looks the same to its caller.
        if !failed || cx.run.died.contains_key(service) {
            continue;
        }
        let place = format!("{service} {}", without_count(&call.key));
        match last(cx, service) {
            Some(exception) => out.push(Finding {
                rule: Rule::UnhandledFailure,
                grade: if cut_only(cx) { Grade::Weak } else { Grade::Fails },
                at: format!("{place} {}", kind_of(&exception.line)),
                says: format!(
                    "`{service}` does not handle a failure below `{} {}`: an exception becomes its answer",
                    call.request.method, call.request.path
                ),
                evidence: [exception.line, exception.place].into_iter().filter(|l| !l.is_empty()).collect(),
                services: vec![service.clone()],
            }),
            None => {
                let below = cx.run.children(at);
                // Nobody knows what a store did whose line broke.
                let open = |c: &Call| c.request.of_line() && c.seen.failed();
                let passed = below.iter().map(|c| &cx.run.calls[*c]).any(|c| c.seen.status() == Some(500) || open(c));
                if !passed && !below.is_empty() {
                    out.push(Finding {
                        rule: Rule::ServerError,
                        grade: Grade::Weak,
                        at: place,
                        says: format!("`{service}` answers 500 though nothing below it did"),
                        evidence: Vec::new(),
                        services: vec![service.clone()],
                    });
                }
            }
        }
    }
}

/// A reply that breaks off in the middle is rare; whoever fails on it alone fails rarely.
fn cut_only(cx: &Cx<'_>) -> bool {
    cx.run.script.faults.iter().all(|f| matches!(f.kind, Kind::Truncate | Kind::Malform))
}

fn last(cx: &Cx<'_>, service: &str) -> Option<Exception> {
    let log = cx.run.logs.get(service)?;
    exceptions(log).into_iter().rfind(|e| !cx.learned.noise.contains(&(service.to_owned(), e.line.clone())))
}

/// The exception's class, which is the same under other faults of that sort.
fn kind_of(line: &str) -> &str {
    line.split([':', '(']).next().unwrap_or(line).trim()
}

fn without_count(key: &str) -> String {
    let last = key.rsplit(" > ").next().unwrap_or(key);
    let what = last.split_once(' ').map_or(last, |(_, what)| what);
    what.rsplit_once('#').map_or(what, |(what, _)| what).to_owned()
}

/// A run without faults, after faults, in the same processes.
pub fn canary(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for step in 0..cx.learned.steps.len() {
        let ending = cx.learned.ending(cx.run, step);
        if ending == Some(Ending::Full) {
            continue;
        }
        let call = cx.run.steps().get(step).map(|at| &cx.run.calls[*at]);
        let what = call.map_or_else(|| format!("step {}", step + 1), |c| c.operation());
        let now = match call.map(|c| &c.seen) {
            Some(Seen::Reply(reply)) => format!("status {}", reply.status),
            Some(_) => "no answer".to_owned(),
            None => "it was not reached".to_owned(),
        };
        out.push(Finding {
            rule: Rule::NotRecovered,
            grade: if ending == Some(Ending::Degraded) { Grade::Weak } else { Grade::Fails },
            at: what.clone(),
            says: format!("after the fault is over, `{what}` is not answered as before: {now}"),
            evidence: Vec::new(),
            services: Vec::new(),
        });
        return;
    }
}
