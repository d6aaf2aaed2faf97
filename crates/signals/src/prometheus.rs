//! Prometheus' text exposition, OpenMetrics, and the answers of its HTTP API.
//!
//! Invariant: a sample needs an instant: its own, or one that the caller knows for the whole file (when it was scraped).
//! `NaN`, staleness markers and infinities are no points. Source: "Exposition formats", "OpenMetrics 1.0", "HTTP API".

use crate::leaf::{Leaf, List, Pairs};
use crate::losses::{Losses, NO_ROOM};
use crate::value::Any;
use crate::who::Who;
use crate::{Instant, Name, Observed, SeriesKey, Statistic, Telemetry, Temporality};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a family of metrics is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Unknown,
    Counter,
    Gauge,
    Histogram,
    Summary,
}

type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// More labels than any sample has.
const LABELS: usize = 128;

/// Reads an exposition. `at` is when it was scraped, `service` whose it is where labels do not say.
pub fn read(bytes: &[u8], service: &str, at: Option<Instant>, into: &mut Telemetry) -> Losses {
    let text = String::from_utf8_lossy(bytes);
    let mut families: HashMap<&str, Family> = HashMap::new();
    // OpenMetrics ends with a word for it, and writes seconds.
    let open = text.trim_end().ends_with("# EOF");
    let mut losses = Losses::default();
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            if words.next() == Some("TYPE")
                && let (Some(name), Some(kind)) = (words.next(), words.next())
                && families.len() < Names::FAMILIES
            {
                families.insert(name, family(kind));
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let Some((name, mut labels, value, stamp)) = sample(line) else {
            losses.add("sample", "it is no line of an exposition");
            continue;
        };
        let time = match stamp {
            Some(text) if open => text.parse::<f64>().ok().map(|s| s * 1e9),
            Some(text) => text.parse::<f64>().ok().map(|ms| ms * 1e6),
            None => None,
        };
        let time = time.filter(|t| t.is_finite() && t.abs() < 9.2e18).map(|t| t as Instant).or(at);
        let Some(time) = time else {
            losses.add("sample", "it has no instant, and the file's name says none");
            continue;
        };
        let Ok(value) = value.parse::<f64>() else {
            losses.add("sample", "its value is no number");
            continue;
        };
        push(name, &mut labels, &families, service, time, value, into, &mut losses);
    }
    losses
}

/// Bounds of this room.
struct Names;

impl Names {
    const FAMILIES: usize = 1 << 16;
}

fn family(word: &str) -> Family {
    match word {
        "counter" => Family::Counter,
        "gauge" => Family::Gauge,
        "histogram" | "gaugehistogram" => Family::Histogram,
        "summary" => Family::Summary,
        _ => Family::Unknown,
    }
}

/// `name{label="value",…} value [instant] [# exemplar]`.
fn sample(line: &str) -> Option<(&str, Labels<'_>, &str, Option<&str>)> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            inner = inner.trim_start_matches([',', ' ']);
            if let Some(after) = inner.strip_prefix('}') {
                rest = after;
                break;
            }
            let equals = inner.find('=')?;
            let key = inner[..equals].trim();
            let quoted = inner[equals + 1..].trim_start().strip_prefix('"')?;
            let (value, after) = quoted_text(quoted)?;
            if labels.len() < LABELS {
                labels.push((Cow::Borrowed(key), value));
            }
            inner = after;
        }
    }
    let rest = rest.split(" # ").next().unwrap_or(rest);
    let mut words = rest.split_whitespace();
    let value = words.next()?;
    let stamp = words.next();
    let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.'));
    (valid && words.next().is_none()).then_some((name, labels, value, stamp))
}

fn quoted_text(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let plain = text.find(['"', '\\'])?;
    if text.as_bytes()[plain] == b'"' {
        return Some((Cow::Borrowed(&text[..plain]), &text[plain + 1..]));
    }
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(out), &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            _ => out.push(c),
        }
    }
    None
}

#[expect(clippy::too_many_arguments, reason = "one sample's parts, two callers")]
fn push(
    name: &str,
    labels: &mut Labels<'_>,
    families: &HashMap<&str, Family>,
    service: &str,
    time: Instant,
    value: f64,
    into: &mut Telemetry,
    losses: &mut Losses,
) {
    let stem = |suffix: &str| name.strip_suffix(suffix).map(|stem| (stem, families.get(stem).copied()));
    let known = families.get(name).copied().unwrap_or(Family::Unknown);
    let (metric, statistic, temporality) = match name {
        _ if known == Family::Gauge => (name, Statistic::Value, Temporality::Level),
        _ if name.ends_with("_bucket") && labels.iter().any(|(k, _)| k == "le") => {
            (name.strip_suffix("_bucket").unwrap_or(name), Statistic::Count, Temporality::Cumulative)
        }
        _ if let Some((stem, kind)) = stem("_count")
            && (matches!(kind, Some(Family::Histogram | Family::Summary)) || families.is_empty()) =>
        {
            (stem, Statistic::Count, Temporality::Cumulative)
        }
        _ if let Some((stem, kind)) = stem("_sum")
            && (matches!(kind, Some(Family::Histogram | Family::Summary)) || families.is_empty()) =>
        {
            (stem, Statistic::Sum, Temporality::Cumulative)
        }
        _ if known == Family::Summary && labels.iter().any(|(k, _)| k == "quantile") => {
            let at = labels.iter().position(|(k, _)| k == "quantile").unwrap_or(0);
            let (_, text) = labels.remove(at);
            let quantile: f64 = text.parse().unwrap_or(f64::NAN);
            if !(0.0..=1.0).contains(&quantile) {
                return losses.add("sample", "its quantile is none");
            }
            (name, Statistic::Quantile((quantile * 1000.0).round() as u16), Temporality::Level)
        }
        _ if known == Family::Counter || name.ends_with("_total") => (name, Statistic::Sum, Temporality::Cumulative),
        _ => (name, Statistic::Value, Temporality::Level),
    };
    let mut who = Who::default();
    labels.retain(|(key, value)| !who.add(key, &Any::Text(value.as_ref().into())));
    let resource = who.resource(service, into);
    edge(labels, into);
    labels.sort();
    labels.dedup_by(|a, b| a.0 == b.0);
    let text: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let labels = if text.is_empty() { Name::NONE } else { into.names.value(&text.join(",")) };
    let metric = into.names.intern(metric);
    if !value.is_finite() {
        return losses.add("sample", "its value is no finite number");
    }
    if !into.metrics.push(SeriesKey { resource, metric, statistic, temporality, labels }, Name::NONE, time, value) {
        losses.add("sample", NO_ROOM);
    }
}

/// Pairs of labels with which service graphs and meshes count calls: a caller and a callee (Tempo and the collector's
/// service-graph connector; Istio).
const EDGES: [(&str, &str); 3] = [
    ("client", "server"),
    ("source_canonical_service", "destination_canonical_service"),
    ("source_workload", "destination_workload"),
];

fn edge(labels: &Labels<'_>, into: &mut Telemetry) {
    let find = |key: &str| labels.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_ref());
    for (caller, callee) in EDGES {
        if let (Some(caller), Some(callee)) = (find(caller), find(callee))
            && !caller.is_empty()
            && !callee.is_empty()
            && caller != "unknown"
            && callee != "unknown"
        {
            let (caller, callee) = (into.names.intern(caller), into.names.intern(callee));
            into.observed.insert(Observed { caller, callee });
            return;
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(borrow)]
    result: List<Series<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    result: List<Series<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Series<'a> {
    #[serde(borrow)]
    metric: Pairs<'a>,
    #[serde(borrow)]
    values: List<List<Leaf<'a>>>,
    #[serde(borrow)]
    value: List<Leaf<'a>>,
}

/// Reads answers of `query_range` and `query`, one a file or one a line.
pub fn ranges(bytes: &[u8], service: &str, into: &mut Telemetry) -> (Losses, bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut losses = Losses::default();
    let (mut broken, mut any) = (false, false);
    for answer in serde_json::Deserializer::from_str(&text).into_iter::<Answer<'_>>() {
        let Ok(answer) = answer else {
            broken = true;
            break;
        };
        any = true;
        let series = answer.data.iter().flat_map(|d| &d.result.0).chain(&answer.result.0);
        for one in series {
            let named = one.metric.0.iter().find(|(k, _)| k == "__name__").map_or("", |(_, v)| v.str());
            let name = if named.is_empty() { crate::lines::service_of_path(service) } else { named };
            let points = one.values.0.iter().map(|l| &l.0).chain((!one.value.0.is_empty()).then_some(&one.value.0));
            for point in points {
                let (Some(time), Some(value)) = (point.first().and_then(Leaf::double), point.get(1)) else {
                    losses.add("sample", "it is no pair of instant and value");
                    continue;
                };
                let Some(value) = value.double() else {
                    losses.add("sample", "its value is no number");
                    continue;
                };
                if !(0.0..9.2e9).contains(&time) {
                    losses.add("sample", "it has no instant that can be");
                    continue;
                }
                let mut labels: Labels<'_> = one
                    .metric
                    .0
                    .iter()
                    .filter(|(k, _)| k != "__name__")
                    .map(|(k, v)| (Cow::Borrowed(k.as_ref()), v.said()))
                    .collect();
                // Milliseconds are what is written; a float of nanoseconds would not hold them.
                let time = (time * 1000.0).round() as Instant * 1_000_000;
                push(name, &mut labels, &HashMap::new(), service, time, value, into, &mut losses);
            }
        }
    }
    (losses, broken || !any)
}

/// Whether a text is an exposition: comments that only those have, or lines that are samples.
pub(crate) fn is_exposition(head: &str) -> bool {
    if head.starts_with("# HELP ") || head.starts_with("# TYPE ") {
        return true;
    }
    let mut lines = head.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).take(5).peekable();
    lines.peek().is_some()
        && lines.all(|line| sample(line.trim()).is_some_and(|(_, _, value, _)| value.parse::<f64>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_samples_with_escapes_stamps_and_exemplars() {
        let (name, labels, value, stamp) =
            sample(r#"a_bucket{le="0.5",path="C:\\x\"y\n"} 3 1714557600.5 # {trace_id="ab"} 0.3 1.0"#).unwrap();
        assert_eq!((name, value, stamp), ("a_bucket", "3", Some("1714557600.5")));
        assert_eq!(labels[1].1, "C:\\x\"y\n");
        for broken in ["", "name", "{a=\"b\"} 1", "a{b=\"c} 1", "a{b} 1", "a 1 2 3 4", "hello there world x"] {
            assert!(sample(broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn histograms_and_counters_count_since_a_start() {
        let text = "# TYPE http_seconds histogram\nhttp_seconds_bucket{le=\"1\",service=\"cart\"} 4 1714557600000\n\
            http_seconds_count{service=\"cart\"} 5 1714557600000\nup 1 1714557600000\nbad NaN 1714557600000\nlate 1\n";
        let mut into = Telemetry::default();
        let losses = read(text.as_bytes(), "api", None, &mut into);
        assert_eq!(losses.total(), 2);
        let shown: Vec<_> = into
            .metrics
            .series()
            .iter()
            .map(|s| (into.text(into.service(s.key.resource)), into.text(s.key.metric), into.text(s.key.labels)))
            .collect();
        assert_eq!(shown, [("cart", "http_seconds", "le=1"), ("cart", "http_seconds", ""), ("api", "up", "")]);
    }

    #[test]
    fn reads_range_queries() {
        let text = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"cart"},"values":[[1714557600,"1"],[1714557615.123,"NaN"]]}]}}"#;
        let mut into = Telemetry::default();
        let (losses, broken) = ranges(text.as_bytes(), "x", &mut into);
        assert!(!broken);
        assert_eq!((losses.total(), into.metrics.points()), (1, 1));
    }
}
