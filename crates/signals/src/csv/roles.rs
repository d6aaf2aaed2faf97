//! What a column is, told from its header: the names that tracers, exporters and data sets use.
//!
//! Invariant: a header is compared letter by letter without case, blanks and punctuation, as a whole; its unit may stand in
//! parentheses or at its end. What is no known name has no role (in a table of metrics it is a metric).

use crate::clock::Unit;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Trace,
    Span,
    Parent,
    Service,
    Instance,
    Host,
    Version,
    Operation,
    Kind,
    Status,
    Start,
    End,
    Duration,
    Time,
    Body,
    Severity,
    Logger,
    Metric,
    Statistic,
    Value,
    Caller,
    Callee,
}

/// The names of each role, the surest first; where two columns have one role, the surer name wins.
const NAMES: &[(Role, &[&str])] = &[
    (Role::Trace, &["traceid", "trace"]),
    (Role::Span, &["spanid", "span"]),
    (Role::Parent, &["parentspanid", "parentid", "parentspan", "parent", "pspanid"]),
    (Role::Service, &["servicename", "service", "microservice", "application", "appname", "app", "component"]),
    (
        Role::Instance,
        &[
            "podname",
            "pod",
            "serviceinstanceid",
            "instanceid",
            "instance",
            "containername",
            "container",
            "cmdbid",
            "task",
        ],
    ),
    (Role::Host, &["hostname", "host", "nodename", "node"]),
    (Role::Version, &["serviceversion", "version", "imagetag"]),
    (Role::Operation, &["operationname", "spanname", "operation", "methodname", "endpoint", "method", "url", "name"]),
    (Role::Kind, &["spankind", "kind"]),
    (Role::Status, &["statuscode", "status", "httpstatuscode", "success", "error", "iserror"]),
    (Role::Start, &["starttimeunixnano", "starttimestamp", "starttime", "startedat", "start", "begin"]),
    (Role::End, &["endtimeunixnano", "endtimestamp", "endtime", "endedat", "end", "finish"]),
    (Role::Duration, &["duration", "elapsedtime", "elapsed", "responsetime", "took"]),
    (
        Role::Time,
        &["timeunixnano", "unixtimestamp", "timestamp", "time", "datetime", "ts", "date", "observedtimestamp", "clock"],
    ),
    (Role::Body, &["body", "message", "msg", "logmessage", "log", "line", "content", "text"]),
    (Role::Severity, &["severitytext", "severity", "loglevel", "level", "severitynumber"]),
    (Role::Logger, &["loggername", "logger", "logname", "classname", "class", "scope"]),
    (Role::Metric, &["metricname", "metric", "kpiname", "kpi"]),
    (Role::Statistic, &["statistic", "stat", "aggregation", "agg"]),
    (Role::Value, &["value", "val", "reading"]),
    (Role::Caller, &["caller", "source", "client", "from", "upstream"]),
    (Role::Callee, &["callee", "target", "destination", "server", "to", "downstream"]),
];

/// The role of a header, how sure its name is (smaller is surer), and the unit that it states.
pub fn role(header: &str) -> Option<(Role, usize, Option<Unit>)> {
    let (name, unit) = named(header);
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if let Some(found) = exact(&plain) {
        return Some((found.0, found.1, unit.or_else(|| nano(&plain))));
    }
    // `duration_ms`, `start_us`: a name, and its unit behind it.
    let (front, last) = name.rsplit_once(['_', '-', ' ', '.'])?;
    let unit = Unit::of_word(&last.to_lowercase())?;
    let plain: String = front.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    exact(&plain).map(|(role, sure)| (role, sure, Some(unit)))
}

/// The role that a word of a mapping names.
pub fn of_word(word: &str) -> Option<Role> {
    exact(word).map(|(role, _)| role)
}

fn exact(plain: &str) -> Option<(Role, usize)> {
    NAMES.iter().find_map(|(role, names)| names.iter().position(|n| *n == plain).map(|sure| (*role, sure)))
}

fn nano(plain: &str) -> Option<Unit> {
    plain.ends_with("unixnano").then_some(Unit::Nanoseconds)
}

/// `Latency (ms)` as `Latency` and milliseconds; other units stay text.
fn named(header: &str) -> (&str, Option<Unit>) {
    let (name, unit) = unit(header);
    (name, unit.and_then(|u| Unit::of_word(&u.to_lowercase())))
}

/// `CpuUsage(%)` as `CpuUsage` and `%`.
pub fn unit(header: &str) -> (&str, Option<&str>) {
    let header = header.trim().trim_start_matches('\u{feff}');
    match header.strip_suffix(')').and_then(|h| h.rsplit_once('(')) {
        Some((name, unit)) if !name.is_empty() && unit.len() <= 12 => (name.trim_end(), Some(unit)),
        _ => (header, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_columns_by_many_names_and_their_units() {
        for (header, expected, unit) in [
            ("TraceID", Role::Trace, None),
            ("trace_id", Role::Trace, None),
            ("Parent Span Id", Role::Parent, None),
            ("StartTimeUnixNano", Role::Start, Some(Unit::Nanoseconds)),
            ("duration_ms", Role::Duration, Some(Unit::Milliseconds)),
            ("Duration (us)", Role::Duration, Some(Unit::Microseconds)),
            ("unix_timestamp", Role::Time, None),
            ("@timestamp", Role::Time, None),
            ("PodName", Role::Instance, None),
        ] {
            let found = role(header).map(|(role, _, unit)| (role, unit));
            assert_eq!(found, Some((expected, unit)), "{header}");
        }
        assert_eq!(role("CpuUsage(m)"), None);
        assert_eq!(unit("CpuUsageRate(%)"), ("CpuUsageRate", Some("%")));
    }
}
