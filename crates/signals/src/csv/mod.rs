//! Tables of spans, log lines, metrics and calls, as CSV.
//!
//! Invariant: bytes come in; what cannot be read costs its row and is counted in one problem a reason; a table whose columns
//! say nothing is reported and left out. Which table it is follows from the roles of its columns, or from the mapping.

mod calls;
mod metrics;
mod roles;
mod rows;

use crate::clock::Unit;
use crate::mapping::{FileMapping, Kind};
use crate::{Name, Telemetry};
use roles::Role;
use seam_facts::{Problem, ProblemKind};
use std::collections::BTreeMap;

/// The columns of one table.
pub(crate) struct Columns {
    /// A role's column and the unit that is stated for it.
    at: BTreeMap<Role, (usize, Option<Unit>)>,
    headers: Vec<String>,
}

impl Columns {
    fn of(headers: &csv::ByteRecord, mapping: Option<&FileMapping>) -> Columns {
        let headers: Vec<String> =
            headers.iter().map(|h| String::from_utf8_lossy(h).trim_start_matches('\u{feff}').trim().into()).collect();
        let mut sure: BTreeMap<Role, (usize, usize, Option<Unit>)> = BTreeMap::new();
        for (at, header) in headers.iter().enumerate() {
            if let Some((role, how, unit)) = roles::role(header) {
                let better = sure.get(&role).is_none_or(|(_, known, _)| how < *known);
                if better {
                    sure.insert(role, (at, how, unit));
                }
            }
        }
        let mut at: BTreeMap<Role, (usize, Option<Unit>)> =
            sure.into_iter().map(|(role, (at, _, unit))| (role, (at, unit))).collect();
        for (role, header) in mapping.iter().flat_map(|m| &m.columns) {
            let column = headers.iter().position(|h| h == header.as_str());
            if let (Some(role), Some(column)) = (roles::of_word(role), column) {
                at.retain(|_, (c, _)| *c != column);
                at.insert(role, (column, roles::role(header).and_then(|r| r.2)));
            }
        }
        for (role, unit) in mapping.iter().flat_map(|m| &m.units) {
            if let Some(entry) = roles::of_word(role).and_then(|r| at.get_mut(&r)) {
                entry.1 = Unit::of_word(unit).or(entry.1);
            }
        }
        Columns { at, headers }
    }

    fn has(&self, role: Role) -> bool {
        self.at.contains_key(&role)
    }

    fn unit(&self, role: Role) -> Option<Unit> {
        self.at.get(&role).and_then(|(_, unit)| *unit)
    }

    /// The cell of a role; nothing where it is empty or not UTF-8.
    fn cell<'r>(&self, role: Role, row: &'r csv::ByteRecord) -> Option<&'r str> {
        let (at, _) = self.at.get(&role)?;
        let cell = std::str::from_utf8(row.get(*at)?).ok()?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    fn kind(&self) -> Option<Kind> {
        let timed = self.has(Role::Time) || self.has(Role::Start);
        if self.has(Role::Span) && self.has(Role::Trace) && timed && (self.has(Role::End) || self.has(Role::Duration)) {
            return Some(Kind::Spans);
        }
        if timed && self.has(Role::Body) {
            return Some(Kind::Logs);
        }
        if timed {
            return Some(Kind::Metrics);
        }
        (self.has(Role::Caller) && self.has(Role::Callee)).then_some(Kind::Calls)
    }
}

/// Rows that could not be used, by reason.
#[derive(Default)]
pub(crate) struct Refused(BTreeMap<&'static str, u64>);

impl Refused {
    pub(crate) fn add(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }

    pub(crate) fn problems(self, out: &mut Vec<Problem>) {
        for (reason, count) in self.0 {
            let kind = if reason.starts_with("no room") { ProblemKind::Limit } else { ProblemKind::Syntax };
            let rows = if count == 1 { "row" } else { "rows" };
            out.push(Problem::new(kind, format!("{count} {rows} left out: {reason}"), None));
        }
    }
}

/// Reads one table into `into`. `path` tells what the rows do not: whose a table of metrics is.
pub fn read(bytes: &[u8], path: &str, mapping: Option<&FileMapping>, into: &mut Telemetry) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut head = csv::ByteRecord::new();
    if !matches!(reader.read_byte_record(&mut head), Ok(true)) {
        return vec![Problem::new(ProblemKind::Syntax, "the table is empty", None)];
    }
    let columns = Columns::of(&head, mapping);
    let matrix = calls::is_matrix(&head);
    let stacked = metrics::is_stacked(&head);
    let told = mapping.and_then(|m| m.kind);
    let kind = told.or(if matrix { Some(Kind::Calls) } else { columns.kind() }).or(stacked.then_some(Kind::Metrics));
    let mut rows = Rows { reader, refused: Refused::default() };
    match kind {
        Some(Kind::Spans) => rows::spans(&mut rows, &columns, mapping, into),
        Some(Kind::Logs) => rows::logs(&mut rows, &columns, mapping, path, into),
        Some(Kind::Metrics) if stacked => metrics::stacked(&mut rows, &head, into),
        Some(Kind::Metrics) => metrics::plain(&mut rows, &columns, mapping, path, into),
        Some(Kind::Calls) if matrix => calls::matrix(&mut rows, &head, into),
        Some(Kind::Calls) => calls::pairs(&mut rows, &columns, into),
        Some(Kind::Skip) => {}
        None => problems.push(Problem::new(
            ProblemKind::Unsupported,
            format!(
                "no columns of spans, lines, metrics or calls among `{}`",
                columns.headers.join(", ").chars().take(200).collect::<String>()
            ),
            None,
        )),
    }
    rows.refused.problems(&mut problems);
    problems
}

/// The rows that are left, broken ones counted.
pub(crate) struct Rows<'b> {
    reader: csv::Reader<&'b [u8]>,
    pub(crate) refused: Refused,
}

impl Rows<'_> {
    pub(crate) fn next(&mut self, row: &mut csv::ByteRecord) -> bool {
        loop {
            match self.reader.read_byte_record(row) {
                Ok(more) => return more,
                Err(_) if self.reader.is_done() => return false,
                Err(_) => self.refused.add("the row is broken"),
            }
        }
    }
}

/// A fixed service of the mapping, or the one that a row names.
fn service_of(columns: &Columns, row: &csv::ByteRecord, fixed: Option<Name>, into: &mut Telemetry) -> Name {
    if let Some(fixed) = fixed {
        return fixed;
    }
    match columns.cell(Role::Service, row) {
        Some(service) => into.names.intern(service),
        None => match columns.cell(Role::Instance, row) {
            Some(instance) => into.names.intern(crate::pods::service(instance)),
            None => Name::NONE,
        },
    }
}
