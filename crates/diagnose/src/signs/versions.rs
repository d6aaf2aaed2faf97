//! Versions of one service, side by side or one after the other: what the newer one does worse.
//!
//! Invariant: versions are compared by operation, with enough requests of each; the newer one is the one that was seen first
//! later. Numbers in a version say nothing here: releases are not always counted upwards.

use super::calls::{failed, operation};
use super::{Sign, VERSION_SHIFT, Watched, long};
use crate::blame::sure;
use crate::suspect::Evidence;
use seam_signals::{Buckets, Instant, NONE, SpanId, SpanKind, TraceId, Usual};
use std::collections::BTreeMap;

/// So many requests of each version.
const REQUESTS: u32 = 30;

/// As for shifts over time: less than one in a thousand is chance.
const SURPRISING: f64 = 3.0;

/// When a version was seen first and last.
type Reach = (Instant, Instant);

#[derive(Default)]
struct Tally {
    n: u32,
    failed: u32,
    times: Buckets,
    example: Option<(Instant, TraceId, SpanId)>,
    slowest: Option<(i64, Instant, TraceId, SpanId)>,
}

pub(crate) fn find(watched: &Watched<'_>, out: &mut Vec<Sign>) {
    let Watched { telemetry, forest, .. } = watched;
    let mut since: BTreeMap<(String, String), Reach> = BTreeMap::new();
    let mut tallies: BTreeMap<(String, String, String), Tally> = BTreeMap::new();
    for trace in forest.traces() {
        for row in forest.rows(trace) {
            let Some(span) = telemetry.spans.get(*row) else { continue };
            let resource = telemetry.get(span.resource);
            let (service, version) = (telemetry.text(resource.service), telemetry.text(resource.version));
            if version.is_empty() || service.is_empty() {
                continue;
            }
            let reach = since.entry((service.into(), version.into())).or_insert((span.start, span.start));
            *reach = (reach.0.min(span.start), reach.1.max(span.start));
            let parent = telemetry.spans.get(forest.parent(*row)).filter(|_| forest.parent(*row) != NONE);
            let begins = parent.is_none_or(|p| telemetry.service(p.resource) != resource.service);
            if !begins || matches!(span.kind, SpanKind::Client | SpanKind::Producer | SpanKind::Internal) {
                continue;
            }
            let key = (service.to_owned(), operation(telemetry, *row, &span), version.to_owned());
            let tally = tallies.entry(key).or_default();
            tally.n += 1;
            tally.times.add(span.duration());
            if failed(telemetry, *row, &span) {
                tally.failed += 1;
                let here = (span.start, span.trace, span.id);
                tally.example = Some(tally.example.map_or(here, |known| known.min(here)));
            }
            let slow = (span.duration(), span.start, span.trace, span.id);
            tally.slowest = Some(tally.slowest.map_or(slow, |known| known.max(slow)));
        }
    }
    // By service: versions in the order in which they came.
    let mut versions: BTreeMap<&str, Vec<(&Reach, &str)>> = BTreeMap::new();
    for ((service, version), reach) in &since {
        versions.entry(service).or_default().push((reach, version));
    }
    versions.retain(|_, v| v.len() > 1);
    let compared = tallies.keys().filter(|(s, _, _)| versions.contains_key(s.as_str())).count().max(1) as f64;
    for (service, mut all) in versions {
        all.sort();
        let operations: std::collections::BTreeSet<&str> =
            tallies.keys().filter(|(s, _, _)| s == service).map(|(_, o, _)| o.as_str()).collect();
        for pair in all.windows(2) {
            let ((old_reach, old), (new_reach, new)) = (pair[0], pair[1]);
            let beside = new_reach.0 < old_reach.1;
            for operation in &operations {
                let get = |version: &str| tallies.get(&(service.into(), (*operation).into(), version.into()));
                if let (Some(a), Some(b)) = (get(old), get(new))
                    && a.n >= REQUESTS
                    && b.n >= REQUESTS
                {
                    compare(service, operation, (old, a), (new, b), beside, compared.log10(), out);
                }
            }
        }
    }
}

fn compare(
    service: &str,
    operation: &str,
    (old, before): (&str, &Tally),
    (new, now): (&str, &Tally),
    beside: bool,
    looks: f64,
    out: &mut Vec<Sign>,
) {
    let when = if beside { "side by side" } else { "one after the other" };
    let mut push = |what: String, why: String, surprise: f64, shown: Evidence, subject: &str| {
        let subject = format!("{service} {operation} {subject}");
        let message = format!("version `{new}` of `{service}` {what} than `{old}` in `{operation}`");
        let mut sign = Sign::new(&VERSION_SHIFT, service, subject, message, shown);
        sign.why = format!("{why}, {when}.");
        sign.help = format!(
            "compare what changed from `{old}` to `{new}`, or roll back; `seam plan --base` says what it touches"
        );
        sign.sure = sure(surprise);
        out.push(sign);
    };
    let shown = |says: String, at: Option<(Instant, TraceId, SpanId)>| Evidence {
        says,
        at: at.map(|a| a.0),
        shown_in: at.map(|(_, trace, span)| (trace, span)),
    };
    if let Some(usual) = Usual::of(&[(before.failed, before.n)]) {
        let surprise = usual.so_many(now.failed, now.n) - looks;
        let rate = |t: &Tally| f64::from(t.failed) / f64::from(t.n);
        if surprise >= SURPRISING && rate(now) > rate(before) && now.failed >= 3 {
            let says = format!("{} of {} requests of `{new}` failed", now.failed, now.n);
            let why =
                format!("{} of {} requests fail, {} of {} with `{old}`", now.failed, now.n, before.failed, before.n);
            push("fails more often".into(), why, surprise, shown(says, now.example), "failures");
        }
    }
    let bound = before.times.quantile(0.95);
    if let Some(usual) = Usual::of(&[(before.times.above(bound), before.n)]) {
        let beyond = now.times.above(bound);
        let surprise = usual.so_many(beyond, now.n) - looks;
        let (slow, fast) = (now.times.quantile(0.95), bound);
        if surprise >= SURPRISING && slow as f64 >= 1.25 * fast as f64 && f64::from(beyond) / f64::from(now.n) >= 0.15 {
            let example = now.slowest.map(|(_, at, trace, span)| (at, trace, span));
            let says = format!("{beyond} of {} requests of `{new}` took longer than {}", now.n, long(bound));
            let why = format!("95 of 100 requests are answered within {}, {} with `{old}`", long(slow), long(fast));
            push("takes longer".into(), why, surprise, shown(says, example), "latency");
        }
    }
}
