//! Lines of warning that were never written before, or much more seldom.
//!
//! Invariant: a line is compared with all lines of its service, so that more load is no complaint.

use super::shifts::{at, stretch, sum, told};
use super::{Grade, LOG_SHIFT, Sign, Watched};
use crate::suspect::{Evidence, Place};
use seam_signals::{EventId, Instant, Severity, SpanId, TraceId, Usual, Window};
use std::collections::BTreeMap;

/// How often a statement wrote, slice by slice, and where first.
struct Written {
    slices: Vec<u32>,
    first: (Instant, TraceId, SpanId),
}

pub(super) fn find(watched: &Watched<'_>, windows: &[Window], out: &mut Vec<Sign>) {
    let telemetry = watched.telemetry;
    let mut events: BTreeMap<(String, EventId), Written> = BTreeMap::new();
    let mut spoke: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for log in telemetry.logs.rows() {
        let Some(slice) = at(windows, log.time) else { continue };
        let service = telemetry.text(telemetry.service(log.resource)).to_owned();
        spoke.entry(service.clone()).or_insert_with(|| vec![0; windows.len()])[slice] += 1;
        let known = telemetry.logs.get(log.event).map_or(Severity::Unspecified, |e| e.severity);
        if known < Severity::Warn {
            continue;
        }
        let first = (log.time, log.trace, log.span);
        let written =
            events.entry((service, log.event)).or_insert_with(|| Written { slices: vec![0; windows.len()], first });
        written.slices[slice] += 1;
        written.first = written.first.min(first);
    }
    let looks = ((events.len() * windows.len()).max(1) as f64).log10();
    for ((service, event), Written { slices: counts, first: (first, trace, span) }) in events {
        let Some(all) = spoke.get(&service) else { continue };
        // So many lines of this kind among all that the service wrote.
        let pairs: Vec<(u32, u32)> = counts.iter().zip(all).map(|(k, n)| (*k, *n)).collect();
        let more = |usual: &Usual, k: u32, n: u32| f64::from(k) / f64::from(n) > 2.0 * usual.p && k >= 3;
        let Some((stretch, usual)) = stretch(&pairs, looks, more, Usual::so_many) else { continue };
        let before = sum(&usual);
        let Some(known) = telemetry.logs.get(event) else { continue };
        let text: String = telemetry.text(known.template).chars().take(120).collect();
        let now = sum(&pairs[stretch.from..=stretch.to]);
        let shown = Evidence {
            says: format!("{} lines, {} before", now.0, before.0),
            at: Some(first),
            shown_in: (!trace.is_none()).then_some((trace, span)),
        };
        let mut sign = Sign::new(
            &LOG_SHIFT,
            &service,
            format!("{service} {text}"),
            format!(
                "`{service}` writes \"{text}\" {}",
                if before.0 == 0 { "for the first time" } else { "more often" }
            ),
            shown,
        );
        sign.why = format!("{} of its {} lines, {} of {} in the time before.", now.0, now.1, before.0, before.1);
        sign.help = "ask `seam diagnose` with the time, or `seam diagnose --error` with the line".into();
        sign.series = counts.iter().map(|n| f64::from(*n)).collect();
        if known.severity < Severity::Error {
            sign.grade = Grade::Note;
        }
        let logger = telemetry.text(known.logger).to_owned();
        let template = telemetry.text(known.template).to_owned();
        sign.step = Some(Place::Line { logger, line: known.line, template });
        told(&mut sign, &stretch, windows);
        out.push(sign);
    }
}
