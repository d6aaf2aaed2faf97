//! What a report of an incident draws: courses, a trace, and the system as it was seen.
//!
//! Invariant: only on demand, and bounded: an answer for a terminal or a model stays small.

use super::{Incident, Recorded};
use schemars::JsonSchema;
use seam_diagnose::{Plan, picture};
use seam_signals::{TraceId, clock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Of the suspects, of whom they touched, and of the busiest others.
    pub courses: Vec<Course>,
    /// A trace that shows the first suspect; empty where none is known.
    pub waterfall: Vec<Bar>,
    pub trace: Option<String>,
    /// Who called whom.
    pub calls: Vec<Called>,
}

/// A service over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Course {
    pub service: String,
    /// UTC.
    pub from: String,
    pub to: String,
    /// One value a slice: requests, failed requests, milliseconds (95th percentile).
    pub requests: Vec<u32>,
    pub failed: Vec<u32>,
    pub slow: Vec<f64>,
    /// The first and the last slice of what is explained.
    pub marked: Option<(usize, usize)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    pub depth: usize,
    pub service: String,
    pub operation: String,
    /// Milliseconds.
    pub after: f64,
    pub lasts: f64,
    pub failed: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Called {
    pub from: String,
    pub to: String,
    pub times: u64,
}

/// So many services are drawn over time.
const COURSES: usize = 12;

pub(super) fn of(recorded: &Recorded, plan: &Plan, incident: &Incident, shown: Option<TraceId>) -> Report {
    let Recorded { telemetry, forest, .. } = recorded;
    let all = picture::courses(telemetry, forest, plan);
    let mut wanted: Vec<&str> = Vec::new();
    let suspects = incident.suspects.iter();
    let named =
        suspects.flat_map(|s| std::iter::once(s.service.as_str()).chain(s.spread.iter().map(|t| t.service.as_str())));
    let mut busiest: Vec<(&String, u32)> = all.iter().map(|(s, c)| (s, c.iter().map(|p| p.requests).sum())).collect();
    busiest.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut seen = BTreeSet::new();
    for service in named.chain(busiest.iter().map(|(s, _)| s.as_str())) {
        if wanted.len() < COURSES && seen.insert(service) && all.contains_key(service) {
            wanted.push(service);
        }
    }
    let courses = wanted.iter().filter_map(|service| {
        let slices = all.get(*service)?;
        let step = slices.get(1)?.from - slices.first()?.from;
        let within =
            |at: &picture::Slice| incident_window(plan).is_some_and(|(from, to)| at.from + step > from && at.from < to);
        Some(Course {
            service: (*service).to_owned(),
            from: clock::shown(slices.first()?.from),
            to: clock::shown(slices.last()?.from + step),
            requests: slices.iter().map(|s| s.requests).collect(),
            failed: slices.iter().map(|s| s.failed).collect(),
            slow: slices.iter().map(|s| (s.slow as f64 / 1e4).round() / 100.0).collect(),
            marked: slices.iter().position(within).zip(slices.iter().rposition(within)),
        })
    });
    let millis = |ns: i64| (ns as f64 / 1e4).round() / 100.0;
    let bars = shown.map(|trace| picture::waterfall(telemetry, forest, trace)).unwrap_or_default();
    Report {
        courses: courses.collect(),
        waterfall: bars
            .into_iter()
            .map(|b| Bar {
                depth: b.depth,
                service: b.service,
                operation: b.operation,
                after: millis(b.after),
                lasts: millis(b.lasts),
                failed: b.failed,
            })
            .collect(),
        trace: shown.map(|t| t.to_string()),
        calls: picture::lines(telemetry, forest)
            .into_iter()
            .map(|(from, to, times)| Called { from, to, times })
            .collect(),
    }
}

fn incident_window(plan: &Plan) -> Option<(i64, i64)> {
    plan.window.map(|w| (w.from, w.to))
}
