//! A segment: some minutes of telemetry as a folder of tables.
//!
//! Invariant: what is written reads back as the same rows in the same order; the folder gets its name when all is in it and
//! synced. Tables: `spans`, `links`, `events`, `logs`, `points`, `rollup`; those that would be empty are not there.

use crate::rollup::{self, Key, Rollup};
use crate::table::{Data, Table, write as write_table};
use crate::{Error, SegmentName};
use parquet::data_type::ByteArray;
use seam_signals::{
    Attribute, EventId, Instant, Log, Name, Resource, ResourceId, SeriesKey, Severity, Sketch, Span, SpanId, SpanKind,
    Statistic, Status, Telemetry, Temporality, TraceId,
};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

const KINDS: [SpanKind; 6] = [
    SpanKind::Unspecified,
    SpanKind::Internal,
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
];
const STATUSES: [Status; 3] = [Status::Unset, Status::Ok, Status::Error];
const SEVERITIES: [Severity; 7] = [
    Severity::Unspecified,
    Severity::Trace,
    Severity::Debug,
    Severity::Info,
    Severity::Warn,
    Severity::Error,
    Severity::Fatal,
];
const TEMPORALITIES: [Temporality; 3] = [Temporality::Level, Temporality::Delta, Temporality::Cumulative];
const PARTS: [&str; 5] = ["service", "namespace", "instance", "version", "host"];

fn number<T: PartialEq>(all: &[T], one: &T) -> i32 {
    all.iter().position(|x| x == one).unwrap_or(0) as i32
}

fn of_number<T: Copy + Default>(all: &[T], number: i32) -> T {
    usize::try_from(number).ok().and_then(|n| all.get(n).copied()).unwrap_or_default()
}

/// A column's name: dots would make nested ones of it.
fn column(attribute: Attribute) -> String {
    attribute.key().replace('.', "_")
}

/// Texts by their names, made once for each.
struct Texts<'t> {
    telemetry: &'t Telemetry,
    made: Vec<Option<ByteArray>>,
}

impl Texts<'_> {
    fn of(&mut self, name: Name) -> ByteArray {
        let telemetry = self.telemetry;
        let make = || ByteArray::from(telemetry.text(name).as_bytes().to_vec());
        match self.made.get_mut(name.index()) {
            Some(slot) => slot.get_or_insert_with(make).clone(),
            None => make(),
        }
    }

    fn column(&mut self, names: impl Iterator<Item = Name>) -> Data {
        Data::Text(names.map(|n| self.of(n)).collect())
    }
}

/// Values, and which rows have one.
type Sparse = (Vec<ByteArray>, Vec<i16>);

/// The columns that say whose a row is; parts that nobody has are left out.
fn speakers(texts: &mut Texts<'_>, rows: &[ResourceId], out: &mut Vec<(&str, Data)>) {
    let part = |resource: Resource, at: usize| match at {
        0 => resource.service,
        1 => resource.namespace,
        2 => resource.instance,
        3 => resource.version,
        _ => resource.host,
    };
    for (at, name) in PARTS.iter().enumerate() {
        let telemetry = texts.telemetry;
        if at > 0 && telemetry.resources().iter().all(|r| part(*r, at).is_none()) {
            continue;
        }
        let names = rows.iter().map(|id| part(telemetry.get(*id), at));
        let data = texts.column(names);
        out.push((name, data));
    }
}

/// Writes a segment for `journals` and gives its name; nothing for telemetry without a row.
pub(crate) fn write(
    folder: &Path,
    (first, last): (u64, u64),
    telemetry: &Telemetry,
) -> Result<Option<SegmentName>, Error> {
    let Some((from, to)) = telemetry.reach() else { return Ok(None) };
    let second = |t: Instant| t.max(0).div_euclid(crate::layout::SECOND);
    let name = SegmentName { first, last, from: second(from), to: second(to) };
    let temporary = folder.join(format!(".{}", name.text()));
    if temporary.exists() {
        std::fs::remove_dir_all(&temporary).map_err(|e| Error::file("remove", &temporary, e))?;
    }
    std::fs::create_dir_all(&temporary).map_err(|e| Error::file("create", &temporary, e))?;
    let mut texts = Texts { telemetry, made: vec![None; telemetry.names.len()] };
    spans(&temporary, &mut texts)?;
    lines(&temporary, &mut texts)?;
    points(&temporary, &mut texts)?;
    rollups(&temporary, telemetry)?;
    sync(&temporary)?;
    let place = folder.join(name.text());
    std::fs::rename(&temporary, &place).map_err(|e| Error::file("rename", &place, e))?;
    sync(folder)?;
    Ok(Some(name))
}

pub(crate) fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| Error::file("sync", folder, e))
}

fn spans(folder: &Path, texts: &mut Texts<'_>) -> Result<(), Error> {
    let telemetry = texts.telemetry;
    let spans: Vec<Span> = telemetry.spans.rows().map(|(_, s)| s).collect();
    if spans.is_empty() {
        return Ok(());
    }
    let wide = |f: fn(&Span) -> u64| Data::Wide(spans.iter().map(|s| f(s) as i64).collect());
    let near = |f: fn(&Span) -> i64| Data::Near(spans.iter().map(f).collect());
    let mut columns = vec![
        ("trace_high", wide(|s| (s.trace.0 >> 64) as u64)),
        ("trace_low", wide(|s| s.trace.0 as u64)),
        ("span", wide(|s| s.id.0)),
        ("parent", wide(|s| s.parent.0)),
        ("start", near(|s| s.start)),
        ("duration", near(Span::duration)),
        ("kind", Data::Small(spans.iter().map(|s| number(&KINDS, &s.kind)).collect())),
        ("status", Data::Small(spans.iter().map(|s| number(&STATUSES, &s.status)).collect())),
        ("operation", texts.column(spans.iter().map(|s| s.operation))),
    ];
    let resources: Vec<ResourceId> = spans.iter().map(|s| s.resource).collect();
    speakers(texts, &resources, &mut columns);
    let mut sparse: BTreeMap<Attribute, (Vec<ByteArray>, Vec<i16>)> = BTreeMap::new();
    for row in 0..spans.len() as u32 {
        for (key, value) in telemetry.spans.attributes(row) {
            let (values, present) = sparse.entry(key).or_default();
            // Of an attribute that was said twice, under an old name and a new one, the first is kept.
            if present.len() <= row as usize {
                present.resize(row as usize, 0);
                present.push(1);
                values.push(texts.of(value));
            }
        }
    }
    let names: Vec<(String, Sparse)> = sparse.into_iter().map(|(k, v)| (column(k), v)).collect();
    for (name, (values, mut present)) in names.iter().cloned() {
        present.resize(spans.len(), 0);
        let name = names.iter().map(|(n, _)| n.as_str()).find(|n| *n == name).unwrap_or("");
        columns.push((name, Data::Some(values, present)));
    }
    write_table(&folder.join("spans.parquet"), columns)?;
    let links: Vec<_> = (0..spans.len() as u32).flat_map(|row| telemetry.spans.links(row)).collect();
    if links.is_empty() {
        return Ok(());
    }
    let columns = vec![
        ("row", Data::Near(links.iter().map(|l| i64::from(l.row)).collect())),
        ("trace_high", Data::Wide(links.iter().map(|l| (l.trace.0 >> 64) as i64).collect())),
        ("trace_low", Data::Wide(links.iter().map(|l| l.trace.0 as i64).collect())),
        ("span", Data::Wide(links.iter().map(|l| l.span.0 as i64).collect())),
    ];
    write_table(&folder.join("links.parquet"), columns)
}

fn lines(folder: &Path, texts: &mut Texts<'_>) -> Result<(), Error> {
    let telemetry = texts.telemetry;
    let (rows, events) = (telemetry.logs.rows(), telemetry.logs.events());
    if rows.is_empty() {
        return Ok(());
    }
    let columns = vec![
        ("logger", texts.column(events.iter().map(|e| e.logger))),
        ("line", Data::Small(events.iter().map(|e| e.line as i32).collect())),
        ("template", texts.column(events.iter().map(|e| e.template))),
        ("severity", Data::Small(events.iter().map(|e| number(&SEVERITIES, &e.severity)).collect())),
        ("example", Data::Text(events.iter().map(|e| ByteArray::from(e.example.as_bytes().to_vec())).collect())),
        ("count", Data::Near(events.iter().map(|e| e.count as i64).collect())),
    ];
    write_table(&folder.join("events.parquet"), columns)?;
    let mut columns = vec![
        ("time", Data::Near(rows.iter().map(|l| l.time).collect())),
        ("trace_high", Data::Wide(rows.iter().map(|l| (l.trace.0 >> 64) as i64).collect())),
        ("trace_low", Data::Wide(rows.iter().map(|l| l.trace.0 as i64).collect())),
        ("span", Data::Wide(rows.iter().map(|l| l.span.0 as i64).collect())),
        ("severity", Data::Small(rows.iter().map(|l| number(&SEVERITIES, &l.severity)).collect())),
        ("event", Data::Small(rows.iter().map(|l| l.event.0 as i32).collect())),
    ];
    let resources: Vec<ResourceId> = rows.iter().map(|l| l.resource).collect();
    speakers(texts, &resources, &mut columns);
    write_table(&folder.join("logs.parquet"), columns)
}

fn points(folder: &Path, texts: &mut Texts<'_>) -> Result<(), Error> {
    let series = texts.telemetry.metrics.series();
    let rows = || series.iter().flat_map(|s| s.time.iter().map(move |_| s));
    if rows().next().is_none() {
        return Ok(());
    }
    let mut columns = vec![
        ("metric", texts.column(rows().map(|s| s.key.metric))),
        ("unit", texts.column(rows().map(|s| s.unit))),
        ("labels", texts.column(rows().map(|s| s.key.labels))),
        ("statistic", Data::Small(rows().map(|s| statistic(s.key.statistic)).collect())),
        ("temporality", Data::Small(rows().map(|s| number(&TEMPORALITIES, &s.key.temporality)).collect())),
        ("time", Data::Near(series.iter().flat_map(|s| s.time.iter().copied()).collect())),
        ("value", Data::Float(series.iter().flat_map(|s| s.value.iter().copied()).collect())),
    ];
    let resources: Vec<ResourceId> = rows().map(|s| s.key.resource).collect();
    speakers(texts, &resources, &mut columns);
    write_table(&folder.join("points.parquet"), columns)
}

/// Quantiles stand above the others: 1,950 is p95.
fn statistic(statistic: Statistic) -> i32 {
    match statistic {
        Statistic::Value => 0,
        Statistic::Average => 1,
        Statistic::Sum => 2,
        Statistic::Count => 3,
        Statistic::Minimum => 4,
        Statistic::Maximum => 5,
        Statistic::Quantile(thousandths) => 1000 + i32::from(thousandths),
    }
}

fn statistic_of(number: i32) -> Statistic {
    match number {
        1 => Statistic::Average,
        2 => Statistic::Sum,
        3 => Statistic::Count,
        4 => Statistic::Minimum,
        5 => Statistic::Maximum,
        1000..=2000 => Statistic::Quantile((number - 1000) as u16),
        _ => Statistic::Value,
    }
}

fn rollups(folder: &Path, telemetry: &Telemetry) -> Result<(), Error> {
    let rows = rollup::of(telemetry);
    if rows.is_empty() {
        return Ok(());
    }
    let text =
        |f: fn(&Key) -> &str| Data::Text(rows.keys().map(|k| ByteArray::from(f(k).as_bytes().to_vec())).collect());
    let columns = vec![
        ("minute", Data::Near(rows.keys().map(|k| k.minute).collect())),
        ("service", text(|k| &k.service)),
        ("operation", text(|k| &k.operation)),
        ("caller", text(|k| &k.caller)),
        ("kind", Data::Small(rows.keys().map(|k| number(&KINDS, &k.kind)).collect())),
        ("count", Data::Near(rows.values().map(|r| r.count as i64).collect())),
        ("errors", Data::Near(rows.values().map(|r| r.errors as i64).collect())),
        ("p50", Data::Float(rows.values().map(|r| r.durations.quantile(0.5).unwrap_or(0.0)).collect())),
        ("p99", Data::Float(rows.values().map(|r| r.durations.quantile(0.99).unwrap_or(0.0)).collect())),
        ("sketch", Data::Text(rows.values().map(|r| ByteArray::from(hex(&r.durations.to_bytes()))).collect())),
    ];
    write_table(&folder.join("rollup.parquet"), columns)
}

/// Sketches stand in a column of texts, in hexadecimal.
fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    (0..text.len() / 2).map(|i| u8::from_str_radix(text.get(i * 2..i * 2 + 2)?, 16).ok()).collect()
}

/// Which rows are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub from: Instant,
    pub to: Instant,
    /// Of so many traces one.
    pub one_of: u64,
}

impl Wanted {
    fn takes(&self, time: Instant, trace_low: i64) -> bool {
        time >= self.from && time < self.to && self.takes_trace(trace_low)
    }

    fn takes_trace(&self, trace_low: i64) -> bool {
        sampled(trace_low as u64, self.one_of)
    }
}

/// What identifiers are mixed with before one of so many is taken, since they may be counters (Steele, Lea, Flood: SplitMix64).
pub const MIXED: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

/// Whether a trace is among those that are read where one of so many is, by the lower half of its identifier.
pub fn sampled(trace_low: u64, one_of: u64) -> bool {
    let mut mixed = trace_low.wrapping_add(MIXED[0]);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(MIXED[1]);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(MIXED[2]);
    one_of <= 1 || (mixed ^ mixed >> 31).is_multiple_of(one_of)
}

/// How it is said that not all was read.
pub fn sampling(total: usize, one_of: u64) -> String {
    format!("about {total} spans in the window: one of {one_of} traces was read")
}

/// Names of texts that come from one dictionary page: the same text lies at the same place.
struct Known<'t> {
    names: &'t mut seam_signals::Names,
    seen: HashMap<(usize, usize), Name>,
}

impl Known<'_> {
    fn of(&mut self, text: &ByteArray, value: bool) -> Name {
        let bytes = text.data();
        let place = (bytes.as_ptr() as usize, bytes.len());
        if let Some(known) = self.seen.get(&place) {
            return *known;
        }
        let text = String::from_utf8_lossy(bytes);
        let name = if value { self.names.value(&text) } else { self.names.intern(&text) };
        self.seen.insert(place, name);
        name
    }
}

/// A column of names, or of values of an attribute; `None` where the table has no such column.
fn names(
    table: &Table<'_>,
    column: &str,
    rows: &[bool],
    value: bool,
    into: &mut Telemetry,
) -> Result<Option<Vec<Name>>, Error> {
    let Some((values, present)) = table.some(column)? else { return Ok(None) };
    let mut known = Known { names: &mut into.names, seen: HashMap::new() };
    let mut out = Vec::with_capacity(rows.len());
    let mut values = values.iter();
    let all = present.is_empty();
    for (row, wanted) in rows.iter().enumerate() {
        let text = if all || present.get(row) == Some(&1) { values.next() } else { None };
        if *wanted {
            out.push(text.map_or(Name::NONE, |t| known.of(t, value)));
        }
    }
    Ok(Some(out))
}

/// The resources of the wanted rows.
fn resources(table: &Table<'_>, rows: &[bool], into: &mut Telemetry) -> Result<Vec<ResourceId>, Error> {
    let mut parts = Vec::new();
    for part in PARTS {
        parts.push(names(table, part, rows, false, into)?);
    }
    let count = rows.iter().filter(|w| **w).count();
    let mut last: Option<(Resource, ResourceId)> = None;
    let at =
        |part: &Option<Vec<Name>>, row: usize| part.as_ref().and_then(|p| p.get(row)).copied().unwrap_or(Name::NONE);
    let mut out = Vec::with_capacity(count);
    for row in 0..count {
        let [service, namespace, instance, version, host] = [0, 1, 2, 3, 4].map(|p| at(&parts[p], row));
        let resource = Resource { service, namespace, instance, version, host };
        let id = match last {
            Some((known, id)) if known == resource => id,
            _ => into.resource(resource),
        };
        last = Some((resource, id));
        out.push(id);
    }
    Ok(out)
}

fn trace(high: i64, low: i64) -> TraceId {
    TraceId(u128::from(high as u64) << 64 | u128::from(low as u64))
}

/// How many spans a segment has.
pub(crate) fn count(folder: &Path) -> Result<usize, Error> {
    Ok(Table::open(&folder.join("spans.parquet"))?.map_or(0, |t| t.rows))
}

/// How many records a segment has: what it would cost in memory.
pub(crate) fn records(folder: &Path) -> Result<usize, Error> {
    let mut all = 0;
    for table in ["spans.parquet", "logs.parquet", "points.parquet"] {
        all += Table::open(&folder.join(table))?.map_or(0, |t| t.rows);
    }
    Ok(all)
}

/// Reads what is wanted of a segment; says how many rows there was no room for.
pub(crate) fn read(folder: &Path, wanted: Wanted, into: &mut Telemetry) -> Result<u64, Error> {
    Ok(read_spans(folder, wanted, into)? + read_lines(folder, wanted, into)? + read_points(folder, wanted, into)?)
}

fn read_spans(folder: &Path, wanted: Wanted, into: &mut Telemetry) -> Result<u64, Error> {
    let path = folder.join("spans.parquet");
    let Some(table) = Table::open(&path)? else { return Ok(0) };
    let (low, start) = (table.wide("trace_low")?, table.wide("start")?);
    let rows: Vec<bool> = low.iter().zip(&start).map(|(low, start)| wanted.takes(*start, *low)).collect();
    if !rows.contains(&true) {
        return Ok(0);
    }
    let (high, id, parent) = (table.wide("trace_high")?, table.wide("span")?, table.wide("parent")?);
    let (duration, kind, status) = (table.wide("duration")?, table.small("kind")?, table.small("status")?);
    let resources = resources(&table, &rows, into)?;
    let operations = names(&table, "operation", &rows, false, into)?.unwrap_or_default();
    let mut attributes = Vec::new();
    for attribute in Attribute::ALL {
        if let Some(values) = names(&table, &column(attribute), &rows, true, into)? {
            attributes.push((attribute, values));
        }
    }
    let links_path = folder.join("links.parquet");
    let links = match Table::open(&links_path)? {
        Some(links) => {
            let ids = links.wide("trace_high")?.into_iter().zip(links.wide("trace_low")?).zip(links.wide("span")?);
            links.wide("row")?.into_iter().zip(ids).collect()
        }
        None => Vec::new(),
    };
    let (mut at, mut link, mut full) = (0, 0, 0);
    for (row, _) in rows.iter().enumerate().filter(|(_, w)| **w) {
        let span = Span {
            trace: trace(high[row], low[row]),
            id: SpanId(id[row] as u64),
            parent: SpanId(parent[row] as u64),
            resource: resources[at],
            operation: operations.get(at).copied().unwrap_or(Name::NONE),
            kind: of_number(&KINDS, kind[row]),
            status: of_number(&STATUSES, status[row]),
            start: start[row],
            end: start[row].saturating_add(duration[row]),
        };
        if into.spans.push(span).is_some() {
            for (attribute, values) in &attributes {
                if let Some(value) = values.get(at).filter(|v| !v.is_none()) {
                    into.spans.attribute(*attribute, *value);
                }
            }
            while links.get(link).is_some_and(|(r, _)| *r < row as i64) {
                link += 1;
            }
            while let Some((_, ((high, low), span))) = links.get(link).filter(|(r, _)| *r == row as i64) {
                into.spans.link(trace(*high, *low), SpanId(*span as u64));
                link += 1;
            }
        } else {
            full += 1;
        }
        at += 1;
    }
    Ok(full)
}

fn read_lines(folder: &Path, wanted: Wanted, into: &mut Telemetry) -> Result<u64, Error> {
    let (logs, events) = (folder.join("logs.parquet"), folder.join("events.parquet"));
    let (Some(logs), Some(events)) = (Table::open(&logs)?, Table::open(&events)?) else { return Ok(0) };
    let (time, low) = (logs.wide("time")?, logs.wide("trace_low")?);
    // Lines outside of traces are all kept: they are what there is.
    let high = logs.wide("trace_high")?;
    let rows: Vec<bool> = (0..time.len())
        .map(|r| {
            time[r] >= wanted.from
                && time[r] < wanted.to
                && ((low[r] == 0 && high[r] == 0) || wanted.takes_trace(low[r]))
        })
        .collect();
    if !rows.contains(&true) {
        return Ok(0);
    }
    let (span, severity, event) = (logs.wide("span")?, logs.small("severity")?, logs.small("event")?);
    let resources = resources(&logs, &rows, into)?;
    let all = vec![true; events.rows];
    let loggers = names(&events, "logger", &all, false, into)?.unwrap_or_default();
    let (places, examples) = (events.small("line")?, events.text("example")?);
    let mut known: Vec<Option<EventId>> = vec![None; events.rows];
    let (mut at, mut full) = (0, 0);
    for (row, _) in rows.iter().enumerate().filter(|(_, w)| **w) {
        let resource = resources[at];
        at += 1;
        let number = event[row] as usize;
        let severity = of_number(&SEVERITIES, severity[row]);
        let Some(slot) = known.get_mut(number) else { continue };
        let event = match *slot {
            Some(event) => {
                into.again(event, severity);
                event
            }
            None => {
                let logger = loggers.get(number).copied().unwrap_or(Name::NONE);
                let example = String::from_utf8_lossy(examples[number].data());
                *slot.insert(into.event(logger, places[number].max(0) as u32, severity, &example))
            }
        };
        let (trace, span) = (trace(high[row], low[row]), SpanId(span[row] as u64));
        full += u64::from(!into.logs.push(Log { time: time[row], resource, trace, span, severity, event }));
    }
    Ok(full)
}

fn read_points(folder: &Path, wanted: Wanted, into: &mut Telemetry) -> Result<u64, Error> {
    let path = folder.join("points.parquet");
    let Some(table) = Table::open(&path)? else { return Ok(0) };
    let time = table.wide("time")?;
    let rows: Vec<bool> = time.iter().map(|t| *t >= wanted.from && *t < wanted.to).collect();
    if !rows.contains(&true) {
        return Ok(0);
    }
    let (value, statistics, temporalities) =
        (table.float("value")?, table.small("statistic")?, table.small("temporality")?);
    let resources = resources(&table, &rows, into)?;
    let mut column = |name, value| Ok::<_, Error>(names(&table, name, &rows, value, into)?.unwrap_or_default());
    let (metrics, units, labels) = (column("metric", false)?, column("unit", false)?, column("labels", true)?);
    let (mut at, mut full) = (0, 0);
    for (row, _) in rows.iter().enumerate().filter(|(_, w)| **w) {
        let name = |names: &[Name]| names.get(at).copied().unwrap_or(Name::NONE);
        let key = SeriesKey {
            resource: resources[at],
            metric: name(&metrics),
            statistic: statistic_of(statistics[row]),
            temporality: of_number(&TEMPORALITIES, temporalities[row]),
            labels: name(&labels),
        };
        full += u64::from(!into.metrics.push(key, name(&units), time[row], value[row]));
        at += 1;
    }
    Ok(full)
}

/// Reads a segment's rollup and adds it.
pub(crate) fn read_rollup(folder: &Path, (from, to): (i64, i64), out: &mut BTreeMap<Key, Rollup>) -> Result<(), Error> {
    let path = folder.join("rollup.parquet");
    let Some(table) = Table::open(&path)? else { return Ok(()) };
    let (minute, kind) = (table.wide("minute")?, table.small("kind")?);
    let (count, errors, sketch) = (table.wide("count")?, table.wide("errors")?, table.text("sketch")?);
    let (services, operations, callers) = (table.text("service")?, table.text("operation")?, table.text("caller")?);
    let text = |array: &ByteArray| String::from_utf8_lossy(array.data()).into_owned();
    for row in (0..table.rows).filter(|r| (from..=to).contains(&minute[*r])) {
        let key = Key {
            minute: minute[row],
            service: text(&services[row]),
            operation: text(&operations[row]),
            caller: text(&callers[row]),
            kind: of_number(&KINDS, kind[row]),
        };
        let durations = unhex(sketch[row].data()).and_then(|b| Sketch::of_bytes(&b)).unwrap_or_default();
        let read = Rollup { count: count[row].max(0) as u64, errors: errors[row].max(0) as u64, durations };
        out.entry(key).or_default().merge(&read);
    }
    Ok(())
}
