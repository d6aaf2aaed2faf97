//! Suspects from metrics alone: who takes longer, or fails more, than those whom it waits for.
//!
//! Invariant: what a service has in excess is charged to it once: its callees' excess is taken off along directed edges that are
//! waited for. Only excess beyond what was ever usual counts, and only what was not there just before already.
//!
//! Idea: a caller's time contains its callees', so time beyond the usual adds up along calls: `own = excess - sum of the callees'
//! excess`. Failures add up in the same way. A callee that was never seen before has no usual: what fails there is charged to
//! its caller, who began to call it.

use crate::blame::sure;
use crate::suspect::{Evidence, Fault, Parts, Suspect};
use crate::topology::Topology;
use seam_signals::{Measure, OUTLIER, Series, Statistic, Telemetry, Usual, Window, spread};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody noticed: a service, and whether it was slow or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symptom {
    pub service: String,
    pub measure: Option<Measure>,
}

/// When.
#[derive(Clone, Copy)]
pub(crate) struct Times<'a> {
    pub window: Window,
    /// The time right before it: what was already so then did not begin in the window.
    pub before: Option<Window>,
    pub usual: &'a [Window],
}

/// What one service has beyond the usual.
#[derive(Clone, Debug, Default)]
struct Excess {
    /// Seconds, or failed requests.
    total: f64,
    /// `-log10` of the chance that so many points lie beyond what almost all did.
    surprise: f64,
    now: f64,
    usual: f64,
    known: bool,
    /// What the whole window usually varies by: one scale for each request.
    varies: f64,
}

/// Suspects by time and by failures.
pub(crate) fn suspects(
    telemetry: &Telemetry,
    topology: &Topology,
    times: Times<'_>,
    symptom: Option<&Symptom>,
) -> Vec<Suspect> {
    let mut by_service: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
    for series in telemetry.metrics.series() {
        by_service.entry(telemetry.text(telemetry.service(series.key.resource)).to_owned()).or_default().push(series);
    }
    let reach = symptom.map(|s| topology.reach(&s.service));
    let mut out = Vec::new();
    for measure in [Measure::Latency, Measure::Success] {
        let noticed = symptom.and_then(|s| s.measure);
        if noticed.is_some_and(|m| m != measure) {
            continue;
        }
        let excess: BTreeMap<&str, Excess> = by_service
            .iter()
            .filter_map(|(service, series)| Some((service.as_str(), excess(telemetry, series, measure, times)?)))
            .collect();
        let felt = symptom.and_then(|s| excess.get(s.service.as_str())).map_or(0.0, |e| e.varies);
        out.extend(charge(topology, &excess, measure, reach.as_ref(), felt));
    }
    out
}

fn charge(
    topology: &Topology,
    excess: &BTreeMap<&str, Excess>,
    measure: Measure,
    reach: Option<&BTreeSet<String>>,
    varies: f64,
) -> Vec<Suspect> {
    let below = |service: &str| -> f64 {
        topology
            .callees(service)
            .filter_map(|c| excess.get(c).filter(|e| e.known || topology.behind.contains_key(c)))
            .map(|e| e.total)
            .sum()
    };
    let mut own: BTreeMap<&str, f64> = BTreeMap::new();
    for (service, e) in excess {
        let rest = (e.total - below(service)).max(0.0);
        // An address has no faults of its own: they are its service's.
        let whose = topology.behind.get(*service).and_then(|s| excess.get_key_value(s.as_str()));
        match whose {
            Some((service, _)) => *own.entry(service).or_default() += rest,
            None if e.known => *own.entry(service).or_default() += rest,
            None => {}
        }
    }
    own.retain(|service, rest| *rest > 0.0 && reach.is_none_or(|r| r.contains(*service)));
    let all: f64 = own.values().sum();
    let compared = (excess.keys().filter(|s| reach.is_none_or(|r| r.contains(**s))).count().max(1) as f64).log10();
    let mut out = Vec::new();
    for (service, rest) in &own {
        let e = &excess[service];
        let total = e.total.max(*rest);
        let parts = Parts {
            effect: (total / all).min(1.0),
            unexplained: rest / total,
            sure: sure((e.surprise - compared).max(0.0)),
        };
        // What is less than the symptom varies by on any day is not felt there.
        let felt = (rest / varies.max(1e-9)).min(1.0);
        // The share of all own excess is what ranks; it is shown as effect and rest.
        let parts = Parts { effect: (rest / all * felt / parts.unexplained.max(1e-9)).min(1.0), ..parts };
        let (fault, says, figures) = match measure {
            Measure::Latency => (
                Fault::SlowItself,
                format!(
                    "takes {} instead of {} s a request, {:.1} s in all beyond its callees",
                    short(e.now),
                    short(e.usual),
                    rest
                ),
                format!(
                    "{:.1} s beyond the usual in the window, {:.1} s of them its callees'",
                    e.total,
                    below(service).min(e.total)
                ),
            ),
            _ => (
                Fault::FailsItself,
                format!("fails {:.1} % of requests instead of {:.1} %, {rest:.0} beyond its callees", e.now, e.usual),
                format!(
                    "{:.0} failures beyond the usual in the window, {:.0} of them its callees'",
                    e.total,
                    below(service).min(e.total)
                ),
            ),
        };
        let evidence = Evidence { says: figures, at: None, shown_in: None };
        out.push(Suspect::new((*service).to_owned(), fault, parts, says, evidence));
    }
    out
}

/// What a service has beyond the usual of one measure.
fn excess(telemetry: &Telemetry, series: &[&Series], measure: Measure, times: Times<'_>) -> Option<Excess> {
    let of = |wanted: Measure| {
        let mut fit: Vec<&&Series> =
            series.iter().filter(|s| Measure::of(telemetry.text(s.key.metric)) == Some(wanted)).collect();
        fit.sort_by_key(|s| (rank(s.key.statistic), s.key));
        fit.first().copied().copied()
    };
    let measured = of(measure)?;
    let requests = of(Measure::Requests);
    let worth = scale(telemetry, measured, measure);
    let value = |v: f64| if measure == Measure::Success { 100.0 - v * worth } else { v * worth };
    let read = |window: Window| points(measured, window).map(|(t, v)| (t, value(v))).collect::<Vec<_>>();
    let now = read(times.window);
    let mut before: Vec<f64> = times.usual.iter().flat_map(|w| read(*w)).map(|p| p.1).collect();
    before.sort_by(f64::total_cmp);
    let just: Vec<f64> = times.before.map(read).unwrap_or_default().into_iter().map(|p| p.1).collect();
    let just_level = median(just.clone());
    let mut out = Excess { known: !before.is_empty(), ..Excess::default() };
    let (usual, scale) = spread(&before);
    // Among a hundred points the highest is chance; among few, none is.
    let most = before.get((before.len() as f64 * 0.99) as usize).or(before.last()).copied().unwrap_or(0.0);
    let level = just_level.map_or(usual, |j| j.max(usual));
    // What is usual varies so much; what began just before is another level, with the same variation around it.
    let gate = most.max(usual + OUTLIER * scale).max(level + (most - usual).max(OUTLIER * scale));
    out.usual = level;
    let beyond_before = before.iter().filter(|v| **v > gate).count() as u32;
    let (mut beyond_now, points_now) = (0, now.len() as u32);
    for (time, value) in now {
        let asked = requests.map_or(1.0, |r| at(r, time).unwrap_or(0.0));
        out.varies += scale * if measure == Measure::Success { 0.01 } else { 1.0 } * asked;
        if !out.known {
            // Never seen: only that it fails says something.
            if measure == Measure::Success && value > 0.0 && just.is_empty() {
                out.total += value / 100.0 * asked;
            }
            continue;
        }
        if value > gate {
            let beyond = (value - level) * if measure == Measure::Success { 0.01 } else { 1.0 };
            out.total += beyond * asked;
            beyond_now += 1;
            out.now = out.now.max(value);
        }
    }
    if let Some(usual) = Usual::of(&[(beyond_before, before.len() as u32)]) {
        out.surprise = usual.so_many(beyond_now, points_now);
    }
    Some(out)
}

/// Means first: they add up, quantiles do not.
fn rank(statistic: Statistic) -> u16 {
    match statistic {
        Statistic::Average => 0,
        Statistic::Sum => 1,
        Statistic::Value => 2,
        Statistic::Count => 3,
        Statistic::Quantile(q) => 10 + q,
        Statistic::Maximum => 2000,
        Statistic::Minimum => 2001,
    }
}

/// What a value has to be multiplied with: to seconds, or to percent.
fn scale(telemetry: &Telemetry, series: &Series, measure: Measure) -> f64 {
    match (measure, telemetry.text(series.unit)) {
        (Measure::Success, "%") => 1.0,
        (Measure::Success, _) if series.value.iter().all(|v| *v <= 1.0) => 100.0,
        (Measure::Latency, "ms") => 1e-3,
        (Measure::Latency, "us") => 1e-6,
        _ => 1.0,
    }
}

fn points(series: &Series, window: Window) -> impl Iterator<Item = (i64, f64)> + '_ {
    let from = series.time.partition_point(|t| *t < window.from);
    let to = series.time.partition_point(|t| *t < window.to);
    (from..to.max(from)).map(|i| (series.time[i], series.value[i]))
}

fn at(series: &Series, time: i64) -> Option<f64> {
    series.time.binary_search(&time).ok().map(|i| series.value[i])
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| spread(&values).0)
}

fn short(value: f64) -> String {
    if value >= 10.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}
