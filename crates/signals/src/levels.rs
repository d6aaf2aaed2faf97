//! Metrics: what a series measures, and which series stand at another level than usual.
//!
//! Invariant: only series that measure something known are compared, each with its own past; the scale is robust (median and
//! median absolute deviation). Source: the modified z-score and its bound of 3.5 (Iglewicz and Hoaglin, "How to Detect and Handle
//! Outliers", 1993); what is measured follows the USE method's words (utilisation, saturation, errors; B. Gregg).

use crate::profile::Window;
use crate::{Name, Series, Statistic, Telemetry};

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    Processor,
    Memory,
    Disk,
    /// Things that wait: queues, backlogs, lags.
    Queue,
    /// Things that are lent: connections, threads.
    Pool,
    Restarts,
    Latency,
    Failures,
    /// A share of what went well.
    Success,
    Requests,
}

impl Measure {
    /// What the name of a metric says; nothing for machines as a whole and for what is not known.
    pub fn of(name: &str) -> Option<Measure> {
        let lower = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
        // A machine's figures belong to all that run on it.
        if lower.starts_with("node") || lower.starts_with("host") || lower.starts_with("system_") {
            return None;
        }
        if has(&["restart", "oom_kill", "oomkill"]) {
            return Some(Measure::Restarts);
        }
        if has(&["client"]) && has(&["latency", "duration"]) {
            return None;
        }
        if has(&["latency", "duration", "response_time", "responsetime", "elapsed"]) {
            return Some(Measure::Latency);
        }
        if has(&["success", "availability"]) {
            return Some(Measure::Success);
        }
        if has(&["queue", "backlog", "lag", "pending", "messages_ready", "depth"]) {
            return Some(Measure::Queue);
        }
        if has(&["pool", "connections", "threads_active", "active_threads", "in_use", "goroutine"]) {
            return Some(Measure::Pool);
        }
        if has(&["cpu", "processor"]) {
            return Some(Measure::Processor);
        }
        if has(&["memory", "heap", "rss", "working_set"]) {
            return Some(Measure::Memory);
        }
        if has(&["disk", "fs_write", "fs_read", "iops", "io_time"]) {
            return Some(Measure::Disk);
        }
        if has(&["error", "fail", "5xx"]) {
            return Some(Measure::Failures);
        }
        if has(&["request", "workload", "throughput", "calls"]) {
            return Some(Measure::Requests);
        }
        None
    }

    /// Whether it may be a cause: something of the service's own that runs out.
    pub fn is_resource(self) -> bool {
        match self {
            Measure::Processor
            | Measure::Memory
            | Measure::Disk
            | Measure::Queue
            | Measure::Pool
            | Measure::Restarts => true,
            Measure::Latency | Measure::Failures | Measure::Success | Measure::Requests => false,
        }
    }
}

/// A series at another level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The place in [`crate::Metrics::series`].
    pub series: u32,
    pub service: Name,
    pub measure: Measure,
    pub now: f64,
    pub usual: f64,
    /// The largest that was usual.
    pub most: f64,
    /// The scale of what was usual.
    pub scale: f64,
    pub learned: usize,
    /// Modified z-score.
    pub z: f64,
    /// Share of the capacity (where the metric is a percentage), else of the value itself, that is beyond what was usual.
    pub effect: f64,
}

/// The bound of Iglewicz and Hoaglin.
pub const OUTLIER: f64 = 3.5;

/// Values of a series in a window. A point speaks of the interval that ends at it, so that the next one counts too.
pub fn values(series: &Series, window: Window) -> impl Iterator<Item = f64> + '_ {
    let half = spacing(series) / 2;
    let from = series.time.partition_point(|t| *t <= window.from.saturating_add(half.min(1)));
    let to = series.time.partition_point(|t| *t <= window.to.saturating_add(half));
    series.value[from..to.max(from)].iter().copied()
}

fn spacing(series: &Series) -> i64 {
    let (Some(first), Some(last)) = (series.time.first(), series.time.last()) else { return 0 };
    (last - first) / (series.time.len().max(2) as i64 - 1)
}

/// Resources at another level than in the windows that are usual.
pub fn levels(telemetry: &Telemetry, window: Window, usual: &[Window]) -> Vec<Level> {
    let mut out = Vec::new();
    for (at, series) in telemetry.metrics.series().iter().enumerate() {
        let Some(measure) = Measure::of(telemetry.text(series.key.metric)).filter(|m| m.is_resource()) else {
            continue;
        };
        if matches!(series.key.statistic, Statistic::Count | Statistic::Minimum) {
            continue;
        }
        let Some(now) = values(series, window).reduce(f64::max) else { continue };
        let mut before: Vec<f64> = usual.iter().flat_map(|w| values(series, *w)).collect();
        if before.is_empty() {
            continue;
        }
        before.sort_by(f64::total_cmp);
        let (median, scale) = spread(&before);
        let z = (now - median) / scale;
        if z <= OUTLIER {
            continue;
        }
        let most = before.last().copied().unwrap_or(median);
        let percent = telemetry.text(series.unit) == "%" || telemetry.text(series.key.metric).ends_with("percent");
        // Without a capacity only the past tells what is much, and a short past does not.
        let effect = match percent {
            true => (now - median) / 100.0,
            false => (1.0 - most / now.max(f64::MIN_POSITIVE)) * (1.0 - 2.0 / (before.len() as f64 + 2.0)),
        };
        out.push(Level {
            series: at as u32,
            service: telemetry.service(series.key.resource),
            measure,
            now,
            usual: median,
            most,
            scale,
            learned: before.len(),
            z,
            effect: effect.clamp(0.0, 1.0),
        });
    }
    // Where one series of a measure knows its capacity, the others of that service say nothing more.
    let known: Vec<(Name, Measure)> = telemetry
        .metrics
        .series()
        .iter()
        .filter(|s| telemetry.text(s.unit) == "%")
        .filter_map(|s| Some((telemetry.service(s.key.resource), Measure::of(telemetry.text(s.key.metric))?)))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    out.retain(|l| {
        let series = telemetry.metrics.series().get(l.series as usize);
        series.is_some_and(|s| telemetry.text(s.unit) == "%") || known.binary_search(&(l.service, l.measure)).is_err()
    });
    out.sort_by(|a, b| b.effect.total_cmp(&a.effect).then(a.series.cmp(&b.series)));
    out
}

/// The median of sorted values, and a scale that is never zero: a tenth of the median at least, since what was measured a few
/// times looks steadier than it is.
pub fn spread(sorted: &[f64]) -> (f64, f64) {
    let median = middle(sorted);
    let mut off: Vec<f64> = sorted.iter().map(|v| (v - median).abs()).collect();
    off.sort_by(f64::total_cmp);
    let scale = (1.4826 * middle(&off)).max(0.1 * median.abs()).max(1e-9);
    (median, scale)
}

fn middle(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_metrics_measure() {
        for (name, measure) in [
            ("CpuUsageRate", Some(Measure::Processor)),
            ("NodeCpuUsageRate", None),
            ("PodServerLatency", Some(Measure::Latency)),
            ("availability", Some(Measure::Success)),
            ("hikaricp_connections_active", Some(Measure::Pool)),
            ("container_memory_working_set_bytes", Some(Measure::Memory)),
            ("SyscallRead", None),
        ] {
            assert_eq!(Measure::of(name), measure, "{name}");
        }
    }

    #[test]
    fn a_scale_is_robust_and_never_zero() {
        assert_eq!(spread(&[1.0, 1.0, 1.0, 1.0, 50.0]), (1.0, 0.1));
        assert_eq!(spread(&[0.0]).0, 0.0);
        assert!(spread(&[]).1 > 0.0);
    }
}
