//! Metrics: a point a row, a column a metric, or columns under a head of several rows.
//!
//! Invariant: a cell that is no finite number is no point: gaps stay gaps. Identifying columns are never metrics.

use super::roles::{self, Role};
use super::{Columns, Rows, service_of};
use crate::clock::instant;
use crate::mapping::FileMapping;
use crate::{Name, Resource, ResourceId, SeriesKey, Statistic, Telemetry, Temporality, lines};

/// A head of several rows (as data frames with levels are written): its first column names the levels.
pub(super) fn is_stacked(head: &csv::ByteRecord) -> bool {
    let level = head.get(0).and_then(|c| std::str::from_utf8(c).ok()).and_then(level);
    let second = head.get(1).and_then(|c| std::str::from_utf8(c).ok()).and_then(roles::role);
    level.is_some() && head.len() > 2 && second.is_none()
}

fn level(cell: &str) -> Option<Role> {
    let (role, _, _) = roles::role(cell)?;
    matches!(role, Role::Service | Role::Instance | Role::Metric | Role::Statistic).then_some(role)
}

pub(super) fn stacked(rows: &mut Rows<'_>, head: &csv::ByteRecord, into: &mut Telemetry) {
    let mut levels = vec![head.clone()];
    let mut row = csv::ByteRecord::new();
    let mut keys: Vec<Option<(SeriesKey, Name)>> = Vec::new();
    while rows.next(&mut row) {
        let first = row.get(0).and_then(|c| std::str::from_utf8(c).ok()).unwrap_or("");
        let Some(time) = instant(first, None) else {
            match keys.is_empty() && levels.len() < 8 {
                true => levels.push(row.clone()),
                false => rows.refused.add("the point has no instant"),
            }
            continue;
        };
        if keys.is_empty() {
            keys = (1..head.len()).map(|column| key_of(&levels, column, into)).collect();
        }
        for (cell, key) in row.iter().skip(1).zip(&keys) {
            if let (Some((key, unit)), Some(value)) = (key, number(cell)) {
                into.metrics.push(*key, *unit, time, value);
            }
        }
    }
}

fn key_of(levels: &[csv::ByteRecord], column: usize, into: &mut Telemetry) -> Option<(SeriesKey, Name)> {
    let mut resource = Resource::default();
    let (mut metric, mut stated) = (Name::NONE, Statistic::Value);
    let mut unit = Name::NONE;
    for row in levels {
        let name = std::str::from_utf8(row.get(0)?).ok()?;
        let cell = std::str::from_utf8(row.get(column)?).ok()?.trim();
        match level(name) {
            Some(Role::Service) => resource.service = into.names.intern(cell),
            Some(Role::Instance) => {
                resource.instance = into.names.intern(cell);
                if resource.service.is_none() {
                    resource.service = into.names.intern(crate::pods::service(cell));
                }
            }
            Some(Role::Metric) => {
                let (plain, of_name, stated_unit) = named(cell);
                metric = into.names.intern(plain);
                unit = stated_unit.map_or(Name::NONE, |u| into.names.intern(u));
                if of_name != Statistic::Value {
                    stated = of_name;
                }
            }
            Some(Role::Statistic) => stated = statistic(cell).unwrap_or(stated),
            _ => {}
        }
    }
    let resource = into.resource(resource);
    let temporality = if stated == Statistic::Sum { Temporality::Delta } else { Temporality::Level };
    (!metric.is_none())
        .then_some((SeriesKey { resource, metric, statistic: stated, temporality, labels: Name::NONE }, unit))
}

pub(super) fn plain(
    rows: &mut Rows<'_>,
    columns: &Columns,
    mapping: Option<&FileMapping>,
    path: &str,
    into: &mut Telemetry,
) {
    let fixed = mapping.and_then(|m| m.service.as_ref()).map(|s| into.names.intern(s));
    let named_by_rows = columns.has(Role::Service) || columns.has(Role::Instance);
    let fixed = fixed.or_else(|| (!named_by_rows).then(|| into.names.intern(lines::service_of_path(path))));
    let long = columns.has(Role::Metric) && columns.has(Role::Value);
    // What identifies a row is no metric; everything else may be one.
    let taken: Vec<usize> = columns
        .at
        .iter()
        .filter(|(role, _)| !matches!(role, Role::Value | Role::Status | Role::Duration | Role::Operation))
        .map(|(_, (at, _))| *at)
        .collect();
    let measured: Vec<(usize, Name, Statistic, Name)> = columns
        .headers
        .iter()
        .enumerate()
        .filter(|(at, header)| !long && !taken.contains(at) && roles::role(header).is_none_or(|r| r.0 != Role::Time))
        .map(|(at, header)| {
            let (plain, statistic, unit) = named(header);
            (at, into.names.intern(plain), statistic, unit.map_or(Name::NONE, |u| into.names.intern(u)))
        })
        .collect();
    let time_role = if columns.has(Role::Time) { Role::Time } else { Role::Start };
    let mut row = csv::ByteRecord::new();
    let mut last: Option<(Vec<u8>, ResourceId)> = None;
    while rows.next(&mut row) {
        let Some(time) = columns.cell(time_role, &row).and_then(|t| instant(t, columns.unit(time_role))) else {
            rows.refused.add("the point has no instant");
            continue;
        };
        let who = [Role::Service, Role::Instance, Role::Host].map(|r| columns.cell(r, &row).unwrap_or("")).join("\0");
        let resource = match &last {
            Some((known, id)) if known == who.as_bytes() => *id,
            _ => {
                let service = service_of(columns, &row, fixed, into);
                let instance = columns.cell(Role::Instance, &row).map_or(Name::NONE, |i| into.names.intern(i));
                let host = columns.cell(Role::Host, &row).map_or(Name::NONE, |h| into.names.intern(h));
                let id = into.resource(Resource { service, instance, host, ..Resource::default() });
                last = Some((who.into_bytes(), id));
                id
            }
        };
        let mut point = |metric, statistic, unit, value| {
            let temporality = Temporality::Level;
            into.metrics.push(
                SeriesKey { resource, metric, statistic, temporality, labels: Name::NONE },
                unit,
                time,
                value,
            );
        };
        if long {
            let cells =
                (columns.cell(Role::Metric, &row), columns.cell(Role::Value, &row).and_then(|v| v.parse().ok()));
            let (Some(header), Some(value)) = cells else {
                rows.refused.add("the point has no metric or no number");
                continue;
            };
            let (plain, of_name, unit) = named(header);
            let stated = columns.cell(Role::Statistic, &row).and_then(statistic).unwrap_or(of_name);
            let metric = into.names.intern(plain);
            let unit = unit.map_or(Name::NONE, |u| into.names.intern(u));
            let key =
                SeriesKey { resource, metric, statistic: stated, temporality: Temporality::Level, labels: Name::NONE };
            into.metrics.push(key, unit, time, value);
            continue;
        }
        for (at, metric, statistic, unit) in &measured {
            if let Some(value) = row.get(*at).and_then(number) {
                point(*metric, *statistic, *unit, value);
            }
        }
    }
}

fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.trim().parse::<f64>().ok().filter(|v| v.is_finite())
}

/// `PodServerLatencyP95(s)` as `PodServerLatency`, p95 and `s`.
fn named(header: &str) -> (&str, Statistic, Option<&str>) {
    let (name, unit) = roles::unit(header);
    // `LatencyP95`: a capital sets it off, or a separator does; `http2` is a name.
    let digits = name.bytes().rev().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let front = &name[..name.len() - digits];
    if (2..=4).contains(&digits)
        && let Some(plain) = front.strip_suffix('P')
        && let Some(statistic) = statistic(&name[plain.len()..])
    {
        return (plain.trim_end_matches(['_', '-', '.', ' ']), statistic, unit);
    }
    if let Some((plain, last)) = name.rsplit_once(['_', '-', ' ', '.'])
        && let Some(statistic) = statistic(last)
    {
        return (plain, statistic, unit);
    }
    (name, Statistic::Value, unit)
}

fn statistic(word: &str) -> Option<Statistic> {
    let lower = word.trim().to_ascii_lowercase();
    Some(match lower.as_str() {
        "average" | "avg" | "mean" => Statistic::Average,
        "sum" | "total" => Statistic::Sum,
        "count" | "samplecount" => Statistic::Count,
        "min" | "minimum" => Statistic::Minimum,
        "max" | "maximum" => Statistic::Maximum,
        "median" => Statistic::Quantile(500),
        _ => {
            let digits = lower.strip_prefix('p').or_else(|| lower.strip_prefix('q'))?;
            let value: f64 = digits.parse().ok()?;
            // `p999` is p99.9.
            let value = if digits.len() == 3 && !digits.contains('.') { value } else { value * 10.0 };
            (1.0..1000.0).contains(&value).then_some(Statistic::Quantile(value as u16))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_statistic_and_unit_off_a_name() {
        assert_eq!(named("PodServerLatencyP95(s)"), ("PodServerLatency", Statistic::Quantile(950), Some("s")));
        assert_eq!(named("latency_p999"), ("latency", Statistic::Quantile(999), None));
        assert_eq!(named("requests_sum"), ("requests", Statistic::Sum, None));
        assert_eq!(named("CpuUsageRate(%)"), ("CpuUsageRate", Statistic::Value, Some("%")));
        assert_eq!(named("http2"), ("http2", Statistic::Value, None));
    }
}
