//! What a store holds at one moment, as text that can be compared.
//!
//! Invariant: order is by name, never by arrival; two snapshots of the same content are equal.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The columns (or fields) of one row, as text.
pub type Columns = BTreeMap<String, String>;

/// Table, collection or key space → key of a row → its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State {
    pub tables: BTreeMap<String, BTreeMap<String, Columns>>,
}
