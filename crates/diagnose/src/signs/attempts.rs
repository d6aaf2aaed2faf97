//! What one request did more often than once, and what went on when nobody waited any more.
//!
//! Invariant: attempts are children of one span with the same target, one after the other; an effect counts as repeated only
//! where the callee's own span says that it had done the work which the caller took for failed. Lengths of time are compared,
//! never clocks of two machines.

use super::calls::{failed, operation};
use super::{CHATTY_CALL, Grade, ORPHAN_WORK, REPEATED_EFFECT, Sign, Watched, long, times};
use crate::suspect::Evidence;
use seam_graph::Graph;
use seam_signals::{Attribute, Forest, Instant, NONE, Span, SpanId, SpanKind, Telemetry, TraceId};
use std::collections::BTreeMap;

/// From so many equal calls, one after the other, for one request, a call is chatty. Ours; profilers of single services warn
/// from five equal queries on, and calls over a network come in smaller batches that are meant.
const CHATTY: u64 = 10;

/// A span that ends so much later than the one that waits for it outlived it: less may be the way back.
const LATER: i64 = 1_000_000;

/// A call: caller, callee, what was asked.
type Call = (String, String, String);

#[derive(Default)]
struct Tally {
    count: u64,
    first: Option<(Instant, TraceId, SpanId)>,
    most: u64,
    waited: Vec<i64>,
    went_on: Vec<i64>,
}

impl Tally {
    fn add(&mut self, span: &Span) {
        self.count += 1;
        let here = (span.start, span.trace, span.id);
        if self.first.is_none_or(|known| here < known) {
            self.first = Some(here);
        }
    }

    fn shown(&self, says: String) -> Evidence {
        Evidence {
            says,
            at: self.first.map(|(at, _, _)| at),
            shown_in: self.first.map(|(_, trace, span)| (trace, span)),
        }
    }
}

#[derive(Default)]
struct Found {
    calls: BTreeMap<Call, u64>,
    repeated: BTreeMap<Call, Tally>,
    orphans: BTreeMap<Call, Tally>,
    chatty: BTreeMap<Call, Tally>,
    /// Requests of an entry that make the call at all.
    asking: BTreeMap<Call, u64>,
}

/// One call as its caller and its callee tell it.
struct Attempt {
    row: u32,
    span: Span,
    call: Call,
    failed: bool,
    /// The callee's span below.
    answer: Option<(u32, Span)>,
}

pub(crate) fn find(watched: &Watched<'_>, out: &mut Vec<Sign>) {
    let Watched { telemetry, forest, .. } = watched;
    let mut found = Found::default();
    for trace in forest.traces() {
        for row in forest.rows(trace) {
            if let Some(parent) = telemetry.spans.get(*row) {
                look(telemetry, forest, *row, &parent, &mut found);
            }
        }
    }
    let graph = watched.map.map(|(graph, _)| graph);
    out.extend(found.repeated.iter().map(|(call, tally)| repeated(graph, call, tally, found.calls.get(call))));
    out.extend(found.orphans.iter().map(|(call, tally)| orphan(graph, call, tally, found.calls.get(call))));
    for (call, tally) in &found.chatty {
        let asking = found.asking.get(call).copied().unwrap_or(0);
        // A batch now and then is no habit.
        if tally.count >= 5 && tally.count * 2 >= asking {
            out.push(chatty(graph, call, tally, asking));
        }
    }
}

fn look(telemetry: &Telemetry, forest: &Forest, row: u32, parent: &Span, found: &mut Found) {
    let mut by_call: BTreeMap<Call, Vec<Attempt>> = BTreeMap::new();
    for kid in forest.children(row) {
        if let Some(attempt) = attempt(telemetry, forest, parent, *kid) {
            by_call.entry(attempt.call.clone()).or_default().push(attempt);
        }
    }
    for (call, mut attempts) in by_call {
        *found.calls.entry(call.clone()).or_default() += attempts.len() as u64;
        *found.asking.entry(call.clone()).or_default() += 1;
        attempts.sort_by_key(|a| (a.span.start, a.span.id));
        for one in &attempts {
            if let Some((_, answer)) = one.answer.filter(|_| one.failed) {
                let beyond = answer.duration().saturating_sub(one.span.duration());
                if beyond > LATER.max(one.span.duration() / 20) {
                    let tally = found.orphans.entry(call.clone()).or_default();
                    tally.add(&one.span);
                    tally.waited.push(one.span.duration());
                    tally.went_on.push(answer.duration());
                }
            }
        }
        let mut again = 0;
        for pair in attempts.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let follows = after.span.start >= before.span.end;
            let done = before.answer.is_some_and(|(row, span)| !failed(telemetry, row, &span));
            if before.failed && follows && done && is_unsafe(telemetry, before) {
                let tally = found.repeated.entry(call.clone()).or_default();
                tally.add(&before.span);
                again += 1;
                tally.most = tally.most.max(again + 1);
            }
        }
        let fine = attempts.iter().filter(|a| !a.failed).count() as u64;
        let one_by_one = attempts.windows(2).filter(|p| p[1].span.start >= p[0].span.end).count() as u64 + 1;
        if fine.min(one_by_one) >= CHATTY {
            let tally = found.chatty.entry(call).or_default();
            tally.add(parent);
            tally.most = tally.most.max(fine);
            tally.waited.push(attempts.iter().map(|a| a.span.duration()).sum());
        }
    }
}

/// The call that a child stands for: a client's span with its callee's below, or the callee's right below the caller's.
fn attempt(telemetry: &Telemetry, forest: &Forest, parent: &Span, row: u32) -> Option<Attempt> {
    let span = telemetry.spans.get(row)?;
    let name = |s: &Span| telemetry.text(telemetry.service(s.resource)).to_owned();
    let caller = name(parent);
    let (callee, answer) = if name(&span) == caller {
        if !matches!(span.kind, SpanKind::Client | SpanKind::Unspecified) {
            return None;
        }
        let mut below = forest.children(row).iter().filter_map(|r| Some((*r, telemetry.spans.get(*r)?)));
        let answer = below.find(|(_, s)| name(s) != caller && s.kind != SpanKind::Consumer);
        let named = || {
            telemetry.spans.value(row, Attribute::PeerService).or_else(|| telemetry.spans.value(row, Attribute::Peer))
        };
        let callee = match (&answer, named()) {
            (Some((_, s)), _) => name(s),
            (None, Some(peer)) if span.kind == SpanKind::Client => telemetry.text(peer).to_owned(),
            (None, _) => return None,
        };
        (callee, answer)
    } else if span.kind == SpanKind::Consumer || parent.kind == SpanKind::Client || forest.parent(row) == NONE {
        return None;
    } else {
        (name(&span), Some((row, span)))
    };
    // Statements to one database differ in what their spans do not keep.
    if telemetry.spans.value(row, Attribute::DbSystem).is_some()
        && telemetry.spans.value(row, Attribute::DbStatement).is_none()
    {
        return None;
    }
    let asked = match &answer {
        Some((below, s)) => operation(telemetry, *below, s),
        None => operation(telemetry, row, &span),
    };
    Some(Attempt { failed: failed(telemetry, row, &span), row, span, call: (caller, callee, asked), answer })
}

/// Whether doing it twice is more than doing it once, as far as its method tells.
fn is_unsafe(telemetry: &Telemetry, attempt: &Attempt) -> bool {
    let value = |row: u32, key: Attribute| telemetry.spans.value(row, key).map(|n| telemetry.text(n));
    let rows = [Some(attempt.row), attempt.answer.map(|(row, _)| row)];
    let of = |key: Attribute| rows.iter().flatten().find_map(|row| value(*row, key));
    // A span is often called by its verb: `POST`, `POST /charges`.
    let named = attempt.call.2.split(' ').next().filter(|w| w.len() > 2 && w.bytes().all(|b| b.is_ascii_uppercase()));
    if let Some(method) = of(Attribute::HttpMethod).or(named) {
        return matches!(method.to_ascii_uppercase().as_str(), "POST" | "PATCH");
    }
    let method = of(Attribute::RpcMethod).or_else(|| attempt.call.2.rsplit_once('/').map(|(_, m)| m));
    // Names of methods that only read, as style guides for RPC interfaces have them.
    const READS: [&str; 8] = ["get", "list", "read", "find", "search", "check", "query", "batchget"];
    method.map(str::to_ascii_lowercase).is_some_and(|m| !READS.iter().any(|p| m.starts_with(p)))
}

fn repeated(graph: Option<&Graph>, call: &Call, tally: &Tally, all: Option<&u64>) -> Sign {
    let (caller, callee, asked) = call;
    let shown = tally.shown(format!("the first attempt failed at `{caller}` and had succeeded at `{callee}`"));
    let mut sign = Sign::new(
        &REPEATED_EFFECT,
        caller,
        format!("{caller}->{callee} {asked}"),
        format!("`{caller}` repeated `{asked}` after attempts that `{callee}` had carried out"),
        shown,
    );
    sign.grade = Grade::Error;
    sign.why = format!(
        "Of {} calls, {} were done again although `{callee}` had finished the work; up to {} attempts for one request. Unless \
         `{callee}` knows them again, each is an effect of its own.",
        all.copied().unwrap_or(tally.count),
        tally.count,
        tally.most
    );
    sign.help = format!(
        "send an idempotency key that stays the same for all attempts, and let `{callee}` keep it; or do not retry"
    );
    locate(graph, &mut sign, call);
    sign
}

fn orphan(graph: Option<&Graph>, call: &Call, tally: &Tally, all: Option<&u64>) -> Sign {
    let (caller, callee, asked) = call;
    let (waited, took) = (middle(&tally.waited), middle(&tally.went_on));
    let shown = tally.shown(format!("`{caller}` gave up after {}, `{callee}` took {}", long(waited), long(took)));
    let mut sign = Sign::new(
        &ORPHAN_WORK,
        caller,
        format!("{caller}->{callee} {asked}"),
        format!("`{caller}` gives up on `{asked}` while `{callee}` goes on with it"),
        shown,
    );
    sign.why = format!(
        "{} of {} calls: `{caller}` waits {} (half of them), `{callee}` takes {}. The work is done for nobody, its effects come \
         late, and a retry adds to the load.",
        tally.count,
        all.copied().unwrap_or(tally.count),
        long(waited),
        long(took)
    );
    sign.help = format!("pass the deadline on so that `{callee}` stops, or wait longer than it takes");
    locate(graph, &mut sign, call);
    sign
}

fn chatty(graph: Option<&Graph>, call: &Call, tally: &Tally, asking: u64) -> Sign {
    let (caller, callee, asked) = call;
    let shown = tally.shown(format!("{} calls one after the other for one request", tally.most));
    let mut sign = Sign::new(
        &CHATTY_CALL,
        caller,
        format!("{caller}->{callee} {asked}"),
        format!("`{caller}` asks `{callee}` for `{asked}` again and again for one request"),
        shown,
    );
    sign.grade = Grade::Note;
    sign.why = format!(
        "In {} of {asking} requests at least {CHATTY} calls follow one another, {} at most, and take {} of the request (half of \
         them); seen {}.",
        tally.count,
        tally.most,
        long(middle(&tally.waited)),
        times(tally.count)
    );
    sign.help = format!("ask for all at once, or side by side; `{callee}` may need an operation for several");
    locate(graph, &mut sign, call);
    sign
}

fn middle(values: &[i64]) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// The line that makes the call, where the map has one operation of that name, or one at all.
fn locate(graph: Option<&Graph>, sign: &mut Sign, (caller, callee, asked): &Call) {
    let Some(graph) = graph else { return };
    let (Some(from), Some(to)) = (crate::topology::node(graph, caller), crate::topology::node(graph, callee)) else {
        return;
    };
    let Some(edge) = graph.edges.iter().find(|e| e.from == from && e.to == to) else { return };
    let plain =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase() };
    let wanted = plain(asked);
    let fits = |d: &&seam_graph::Detail| {
        let own = plain(&d.operation);
        !own.is_empty() && (wanted == own || wanted.ends_with(&own) || own.ends_with(&wanted))
    };
    let detail = edge.details.iter().find(fits).or_else(|| edge.details.first().filter(|_| edge.details.len() == 1));
    sign.place = Some(detail.map_or_else(|| edge.proof.first().clone(), |d| d.at.clone()));
    sign.about = vec![edge.key.clone()];
}
