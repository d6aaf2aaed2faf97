//! Who calls whom, as a list of pairs or as a matrix with callers in rows and callees in columns.
//!
//! Invariant: a cell that is a number other than zero is a call; anything else is none.

use super::roles::Role;
use super::{Columns, Rows};
use crate::{Name, Observed, Telemetry};

/// A matrix starts with an empty corner; what it holds is only known from its rows.
pub(super) fn is_matrix(head: &csv::ByteRecord) -> bool {
    head.len() > 2 && head.get(0).is_some_and(|c| c.trim_ascii().is_empty())
}

pub(super) fn matrix(rows: &mut Rows<'_>, head: &csv::ByteRecord, into: &mut Telemetry) {
    let callees: Vec<Name> = head.iter().map(|cell| intern(cell, into)).collect();
    let mut row = csv::ByteRecord::new();
    while rows.next(&mut row) {
        let caller = intern(row.get(0).unwrap_or_default(), into);
        if caller.is_none() {
            rows.refused.add("the caller has no name");
            continue;
        }
        for (cell, callee) in row.iter().zip(&callees).skip(1) {
            let value = std::str::from_utf8(cell).ok().and_then(|c| c.trim().parse::<f64>().ok());
            if value.is_some_and(|v| v.is_finite() && v != 0.0) && !callee.is_none() {
                into.observed.insert(Observed { caller, callee: *callee });
            }
        }
    }
}

pub(super) fn pairs(rows: &mut Rows<'_>, columns: &Columns, into: &mut Telemetry) {
    let mut row = csv::ByteRecord::new();
    while rows.next(&mut row) {
        match (columns.cell(Role::Caller, &row), columns.cell(Role::Callee, &row)) {
            (Some(caller), Some(callee)) => {
                let observed = Observed { caller: into.names.intern(caller), callee: into.names.intern(callee) };
                into.observed.insert(observed);
            }
            _ => rows.refused.add("a side of the call has no name"),
        }
    }
}

fn intern(cell: &[u8], into: &mut Telemetry) -> Name {
    into.names.intern(String::from_utf8_lossy(cell).trim())
}
