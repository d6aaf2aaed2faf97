//! What changed over time: requests that fail or take longer than before, or that stop coming.
//!
//! Invariant: a slice of time is compared only with slices before it that looked as usual; what stands out is not learned from.
//! The number of looks is taken off how surprising it is, so that a long recording of a healthy system stays silent. A change
//! that follows from a callee's is said to, and is not a finding of its own.

use super::calls::{failed, is_entry, operation};
use super::{ERROR_SHIFT, GONE_QUIET, Grade, LATENCY_SHIFT, Sign, Watched, lines, long};
use crate::blame::sure;
use crate::suspect::{Evidence, Place};
use seam_signals::{Buckets, Instant, SpanKind, Usual, Window};
use std::collections::{BTreeMap, BTreeSet};

/// Less than one in a thousand is chance, all looks counted, in powers of ten.
const SURPRISING: f64 = 3.0;

/// So many slices, or so many requests in them, have to tell what is usual.
const SLICES: usize = 3;
const REQUESTS: u32 = 30;

/// The quantile whose excess is counted.
const SLOW: f64 = 0.95;

/// A service and its operation.
type Entry = (String, String);

/// One slice of one entry.
#[derive(Clone, Debug, Default)]
struct Slice {
    n: u32,
    failed: u32,
    times: Buckets,
    example_failed: Option<(Instant, seam_signals::TraceId, seam_signals::SpanId)>,
    slowest: Option<(i64, Instant, seam_signals::TraceId, seam_signals::SpanId)>,
    /// Services that were called from within.
    below: BTreeSet<String>,
}

/// A stretch of slices that stands out.
pub(super) struct Stretch {
    pub from: usize,
    /// The last one that does.
    pub to: usize,
    pub surprise: f64,
    /// Until the end of the recording.
    pub lasts: bool,
}

pub(crate) fn find(watched: &Watched<'_>, out: &mut Vec<Sign>, missing: &mut Vec<String>) {
    let windows = windows(watched);
    if windows.len() <= SLICES {
        missing.push(format!(
            "{} slices of time: too few to see what changed (four at least; `--step` cuts shorter ones)",
            windows.len()
        ));
        return;
    }
    let (entries, left_out) = entries(watched, &windows);
    if left_out > 0 {
        missing.push(format!(
            "{left_out} requests of further operations than the first {MOST} were left out: spans may have identifiers in \
             their names"
        ));
    }
    let looks = ((entries.len() * windows.len()).max(1) as f64).log10();
    let mut found: Vec<(Sign, BTreeSet<String>, Stretch)> = Vec::new();
    for (entry, slices) in &entries {
        if let Some((sign, stretch)) = errors(entry, slices, &windows, looks) {
            found.push((sign, below(slices), stretch));
        }
        if let Some((sign, stretch)) = latency(entry, slices, &windows, looks) {
            found.push((sign, below(slices), stretch));
        }
        if let Some((sign, stretch)) = quiet(entry, slices, &windows, looks) {
            found.push((sign, below(slices), stretch));
        }
    }
    follow(&mut found, &unanswered(watched, &windows));
    out.extend(found.into_iter().map(|(sign, ..)| sign));
    lines::find(watched, &windows, out);
}

/// Slices in order of time: what is usual first, then the rest, then what was asked about.
fn windows(watched: &Watched<'_>) -> Vec<Window> {
    let plan = watched.plan;
    let mut all: Vec<Window> = plan.usual.iter().chain(&plan.slices).copied().collect();
    if let Some(window) = plan.window {
        let mut from = window.from;
        while from < window.to {
            all.push(Window { from, to: from.saturating_add(plan.step.max(1)).min(window.to) });
            from = from.saturating_add(plan.step.max(1));
        }
    }
    all.sort();
    all.dedup();
    all
}

pub(super) fn at(windows: &[Window], time: Instant) -> Option<usize> {
    let index = windows.partition_point(|w| w.to <= time);
    windows.get(index).filter(|w| w.from <= time).map(|_| index)
}

/// So many operations are followed; more have identifiers in their names.
const MOST: usize = 4096;

fn entries(watched: &Watched<'_>, windows: &[Window]) -> (BTreeMap<Entry, Vec<Slice>>, usize) {
    let mut left_out = 0;
    let Watched { telemetry, forest, .. } = watched;
    let mut out: BTreeMap<Entry, Vec<Slice>> = BTreeMap::new();
    for trace in forest.traces() {
        for row in forest.rows(trace) {
            let Some(span) = telemetry.spans.get(*row) else { continue };
            let service = telemetry.service(span.resource);
            if !is_entry(telemetry, forest, *row) {
                continue;
            }
            let Some(slice) = at(windows, span.start) else { continue };
            let entry = (telemetry.text(service).to_owned(), operation(telemetry, *row, &span));
            if out.len() >= MOST && !out.contains_key(&entry) {
                left_out += 1;
                continue;
            }
            let slices = out.entry(entry).or_insert_with(|| vec![Slice::default(); windows.len()]);
            let slice = &mut slices[slice];
            slice.n += 1;
            slice.times.add(span.duration());
            if failed(telemetry, *row, &span) {
                slice.failed += 1;
                let here = (span.start, span.trace, span.id);
                slice.example_failed = Some(slice.example_failed.map_or(here, |known| known.min(here)));
            }
            let slow = (span.duration(), span.start, span.trace, span.id);
            slice.slowest = Some(slice.slowest.map_or(slow, |known| known.max(slow)));
            callees(watched, *row, telemetry.text(service), 0, &mut slice.below);
        }
    }
    (out, left_out)
}

/// Services right below a request's own spans.
fn callees(watched: &Watched<'_>, row: u32, service: &str, depth: usize, out: &mut BTreeSet<String>) {
    let Watched { telemetry, forest, .. } = watched;
    for kid in forest.children(row) {
        let Some(child) = telemetry.spans.get(*kid) else { continue };
        let name = telemetry.text(telemetry.service(child.resource));
        if name != service {
            if !out.contains(name) {
                out.insert(name.to_owned());
            }
        } else if depth < 16 {
            callees(watched, *kid, service, depth + 1, out);
        }
    }
}

fn below(slices: &[Slice]) -> BTreeSet<String> {
    slices.iter().flat_map(|s| s.below.iter().cloned()).collect()
}

/// What happened, out of how many, slice by slice.
type Counts = Vec<(u32, u32)>;

/// The stretch in which counts stand out most from those before, and the counts that were usual until then.
pub(super) fn stretch(
    counts: &[(u32, u32)],
    looks: f64,
    beyond: impl Fn(&Usual, u32, u32) -> bool,
    surprise: impl Fn(&Usual, u32, u32) -> f64,
) -> Option<(Stretch, Vec<(u32, u32)>)> {
    let mut usual: Vec<(u32, u32)> = Vec::new();
    // Runs of slices that stand out, at most one calm one between, with what was usual before each.
    let mut runs: Vec<(Stretch, Counts, f64)> = Vec::new();
    let (mut last, mut calm) = (0, usize::MAX);
    for (index, (k, n)) in counts.iter().copied().enumerate() {
        if n == 0 {
            continue;
        }
        last = index;
        let enough = usual.len() >= SLICES && usual.iter().map(|u| u.1).sum::<u32>() >= REQUESTS;
        let known = Usual::of(&usual).filter(|_| enough);
        let how = known.map_or(0.0, |u| if beyond(&u, k, n) { surprise(&u, k, n) - looks } else { 0.0 });
        if how < SURPRISING {
            usual.push((k, n));
            calm = calm.saturating_add(1);
            continue;
        }
        match runs.last_mut().filter(|_| calm <= 1) {
            Some((run, _, sum)) => {
                run.to = index;
                run.surprise = run.surprise.max(how);
                *sum += how;
            }
            None => {
                let run = Stretch { from: index, to: index, surprise: how, lasts: false };
                runs.push((run, usual.clone(), how));
            }
        }
        calm = 0;
    }
    // One slice alone may be a hiccup: it has to stand out twice as much.
    runs.retain(|(run, _, sum)| run.from < run.to || run.to == last || *sum >= 2.0 * SURPRISING);
    let best = runs.into_iter().reduce(|best, run| if run.2 > best.2 { run } else { best });
    best.map(|(mut stretch, usual, _)| {
        stretch.lasts = stretch.to == last;
        (stretch, usual)
    })
}

pub(super) fn told(sign: &mut Sign, stretch: &Stretch, windows: &[Window]) {
    sign.since = windows.get(stretch.from).map(|w| w.from);
    sign.until = windows.get(stretch.to).map(|w| w.to).filter(|_| !stretch.lasts);
    sign.sure = sure(stretch.surprise);
}

fn errors(entry: &Entry, slices: &[Slice], windows: &[Window], looks: f64) -> Option<(Sign, Stretch)> {
    let counts: Vec<(u32, u32)> = slices.iter().map(|s| (s.failed, s.n)).collect();
    let more = |usual: &Usual, k: u32, n: u32| f64::from(k) / f64::from(n) > usual.p && k >= 2;
    let (stretch, usual) = stretch(&counts, looks, more, Usual::so_many)?;
    let (k, n) = sum(&counts[stretch.from..=stretch.to]);
    let before = sum(&usual);
    let example = slices[stretch.from].example_failed;
    let shown = Evidence {
        says: format!("{k} of {n} failed"),
        at: example.map(|e| e.0),
        shown_in: example.map(|(_, trace, span)| (trace, span)),
    };
    let (service, operation) = entry;
    let mut sign = Sign::new(
        &ERROR_SHIFT,
        service,
        format!("{service} {operation}"),
        format!(
            "`{operation}` of `{service}` fails in {} of requests, {} before",
            share(k, n),
            share(before.0, before.1)
        ),
        shown,
    );
    sign.why = format!("{k} of {n} requests failed; {} of {} in the time before it.", before.0, before.1);
    sign.help = "ask `seam diagnose` with the time to see where it starts".into();
    sign.series = slices.iter().map(|s| ratio(s.failed, s.n)).collect();
    sign.step = Some(Place::Start { operation: operation.clone() });
    told(&mut sign, &stretch, windows);
    Some((sign, stretch))
}

fn latency(entry: &Entry, slices: &[Slice], windows: &[Window], looks: f64) -> Option<(Sign, Stretch)> {
    // The bound is what one in twenty exceeded in the first slices that are enough to tell.
    let mut first = Buckets::default();
    let mut used = 0;
    for slice in slices.iter().filter(|s| s.n > 0) {
        if used >= SLICES && first.count() >= REQUESTS {
            break;
        }
        first.merge(&slice.times);
        used += 1;
    }
    if used < SLICES || first.count() < REQUESTS {
        return None;
    }
    let bound = first.quantile(SLOW);
    let counts: Vec<(u32, u32)> = slices.iter().map(|s| (s.times.above(bound), s.n)).collect();
    // Half of all beyond what one in twenty was: a shift, not a longer tail.
    let more = |usual: &Usual, k: u32, n: u32| {
        let share = f64::from(k) / f64::from(n);
        share > usual.p && share >= (0.5 * usual.p + 0.1) && k >= 3
    };
    let (stretch, _) = stretch(&counts, looks, more, Usual::so_many)?;
    let merged = |range: &[Slice]| {
        let mut all = Buckets::default();
        range.iter().for_each(|s| all.merge(&s.times));
        all
    };
    let (now, before) = (merged(&slices[stretch.from..=stretch.to]), merged(&slices[..stretch.from]));
    let (fast, slow) = (before.quantile(SLOW), now.quantile(SLOW));
    // A tenth is what a bucket is wide.
    if (slow as f64) < 1.25 * fast as f64 {
        return None;
    }
    let example = slices[stretch.from].slowest;
    let shown = Evidence {
        says: format!("{} of {} took longer than {}", now.above(bound), now.count(), long(bound)),
        at: example.map(|e| e.1),
        shown_in: example.map(|(_, _, trace, span)| (trace, span)),
    };
    let (service, operation) = entry;
    let mut sign = Sign::new(
        &LATENCY_SHIFT,
        service,
        format!("{service} {operation}"),
        format!("`{operation}` of `{service}` takes {} (95th percentile), {} before", long(slow), long(fast)),
        shown,
    );
    sign.why = format!(
        "Half of its requests take {} and more, {} before; {} of {} are slower than 95 of 100 were.",
        long(now.quantile(0.5)),
        long(before.quantile(0.5)),
        now.above(bound),
        now.count()
    );
    sign.help = "ask `seam diagnose` with the time to see where it starts".into();
    sign.series = slices.iter().map(|s| s.times.quantile(SLOW) as f64 / 1e6).collect();
    sign.step = Some(Place::Start { operation: operation.clone() });
    told(&mut sign, &stretch, windows);
    Some((sign, stretch))
}

/// Nobody asks any more, though somebody always did.
fn quiet(entry: &Entry, slices: &[Slice], windows: &[Window], looks: f64) -> Option<(Sign, Stretch)> {
    let last = slices.iter().rposition(|s| s.n > 0)?;
    let silent = slices.len() - 1 - last;
    let first = slices.iter().position(|s| s.n > 0)?;
    let spoken = slices[first..=last].iter().filter(|s| s.n > 0).count() as u32;
    let of = (last - first + 1) as u32;
    let usual = Usual::of(&slices[first..=last].iter().map(|s| (u32::from(s.n > 0), 1)).collect::<Vec<_>>())?;
    let surprise = usual.so_few(0, silent as u32) - looks;
    if silent < 2 || surprise < SURPRISING || spoken * 10 < of * 9 {
        return None;
    }
    let stretch = Stretch { from: last + 1, to: slices.len() - 1, surprise, lasts: true };
    let (service, operation) = entry;
    let per: u32 = slices[first..=last].iter().map(|s| s.n).sum::<u32>() / of.max(1);
    let shown = Evidence {
        says: format!("the last request before {silent} slices without one"),
        at: slices[last].slowest.map(|s| s.1),
        shown_in: slices[last].slowest.map(|(_, _, trace, span)| (trace, span)),
    };
    let mut sign = Sign::new(
        &GONE_QUIET,
        service,
        format!("{service} {operation}"),
        format!("nobody asks `{service}` for `{operation}` any more"),
        shown,
    );
    sign.why = format!("About {per} requests a slice came in {spoken} of {of} slices, then none in {silent}.");
    sign.help = "look at who asked before: it may fail earlier, be stopped, or ask somebody else".into();
    sign.series = slices.iter().map(|s| f64::from(s.n)).collect();
    sign.step = Some(Place::Start { operation: operation.clone() });
    told(&mut sign, &stretch, windows);
    Some((sign, stretch))
}

/// Failed calls that nobody answered, by the caller and slice: whom they were for is often not told.
fn unanswered(watched: &Watched<'_>, windows: &[Window]) -> BTreeMap<String, Vec<u32>> {
    let Watched { telemetry, forest, .. } = watched;
    let mut out: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (row, span) in telemetry.spans.rows().filter(|(_, s)| s.kind == SpanKind::Client) {
        let other = |r: &u32| telemetry.spans.get(*r).is_some_and(|c| c.resource != span.resource);
        if failed(telemetry, row, &span)
            && !forest.children(row).iter().any(other)
            && let Some(slice) = at(windows, span.start)
        {
            let service = telemetry.text(telemetry.service(span.resource)).to_owned();
            out.entry(service).or_insert_with(|| vec![0; windows.len()])[slice] += 1;
        }
    }
    out
}

/// What changes with a callee's change, at the same time or later, follows from it; a callee that nobody asks any more follows
/// from what changed at those who asked, unless they still ask and get no answer: then they follow from it.
fn follow(found: &mut [(Sign, BTreeSet<String>, Stretch)], unanswered: &BTreeMap<String, Vec<u32>>) {
    struct Change {
        kind: &'static str,
        service: String,
        below: BTreeSet<String>,
        from: usize,
        to: usize,
    }
    let known: Vec<Change> = found
        .iter()
        .map(|(sign, below, at)| Change {
            kind: sign.kind,
            service: sign.service.clone(),
            below: below.clone(),
            from: at.from,
            to: at.to,
        })
        .collect();
    // More than three in the slices where it began, and more than in those before.
    let asks_in_vain = |service: &str, from: usize| {
        unanswered.get(service).is_some_and(|slices| {
            let sum = |range: &[u32]| range.iter().sum::<u32>();
            let from = from.saturating_sub(1).min(slices.len());
            let (before, now) =
                (sum(&slices[from.saturating_sub(2)..from]), sum(&slices[from..slices.len().min(from + 3)]));
            now >= 3 && now > 2 * before
        })
    };
    for (sign, below, stretch) in found.iter_mut() {
        let others = || known.iter().filter(|k| k.service != sign.service);
        let near = |k: &&Change| k.from <= stretch.from + 1 && stretch.from <= k.to + 1;
        let why = if sign.kind == GONE_QUIET.id {
            // A slice may begin before the last request and the change after it.
            let mut callers = others().filter(|k| k.below.contains(&sign.service)).filter(near);
            let cause = callers.find(|k| !asks_in_vain(&k.service, stretch.from));
            cause.map(|k| format!(" It follows from `{}`, which asked before and changed at that time.", k.service))
        } else {
            let mut callees = others().filter(|k| below.contains(&k.service)).filter(near);
            let in_vain = asks_in_vain(&sign.service, stretch.from);
            let cause = callees
                .find(|k| k.kind != GONE_QUIET.id && k.from <= stretch.from || k.kind == GONE_QUIET.id && in_vain);
            cause.map(|k| match k.kind == GONE_QUIET.id {
                true => format!(" It follows from `{}`, which it asks in vain.", k.service),
                false => format!(" It follows from `{}`, which it calls and which changed no later.", k.service),
            })
        };
        if let Some(why) = why {
            sign.grade = Grade::Note;
            sign.why.push_str(&why);
        }
    }
}

pub(super) fn sum(counts: &[(u32, u32)]) -> (u32, u32) {
    counts.iter().fold((0, 0), |(k, n), c| (k + c.0, n + c.1))
}

fn ratio(k: u32, n: u32) -> f64 {
    if n == 0 { 0.0 } else { f64::from(k) / f64::from(n) }
}

fn share(k: u32, n: u32) -> String {
    let percent = 100.0 * ratio(k, n);
    if k == 0 {
        "none".into()
    } else if percent >= 10.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}
