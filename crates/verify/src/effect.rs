//! What a step did to the stores, in units that can be told apart: a row came, a row went, a column has another value.
//!
//! Invariant: units compare by what they say, with identifiers named in order of appearance; a unit is bookkeeping by the name of its
//! table, key or column only (tables of keys that were seen, journals, versions, attempts): such traces are how correct systems
//! remember a failure.

use crate::text::{self, HIDDEN};
use seam_facts::MASKED;
use seam_facts::secret::is_secret_key;
use std::collections::BTreeMap;

pub type Rows = BTreeMap<String, BTreeMap<String, String>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Came,
    Went,
    /// A number, or bytes that nobody can read: another value is another amount.
    Amount,
    /// A text has another value: a state, a name.
    Word,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    pub store: String,
    pub what: What,
    /// Store, table, row and column, without the values.
    pub slot: String,
    /// What is compared: of numbers how much they change, so that no run has to start from the same.
    pub same: String,
    /// All of it, for people; secrets do not show.
    pub text: String,
    /// Of a row that came or went, what its columns hold.
    pub columns: BTreeMap<String, String>,
}

/// Parts of names by which systems call what they keep about their own work.
const BOOKS: &[&str] = &[
    "idempot",
    "idem",
    "dedup",
    "processed",
    "outbox",
    "inbox",
    "saga",
    "journal",
    "audit",
    "history",
    "attempt",
    "retr",
    "lock",
    "version",
    "revision",
    "updated",
    "modified",
    "timestamp",
    "tombstone",
    "migration",
    "seen",
    "expire",
    "ttl",
];

/// Whether a name (of a table, key or column) is one of those.
fn books(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    words
        .iter()
        .any(|w| BOOKS.iter().any(|b| w.starts_with(b)) || matches!(*w, "log" | "logs" | "tx" | "txn" | "op" | "ops"))
}

impl Unit {
    pub fn bookkeeping(&self) -> bool {
        books(&self.slot)
    }

    /// The same row came with another content: columns that differ, bookkeeping aside.
    pub fn differs(&self, other: &Unit) -> Vec<String> {
        if self.what != What::Came || other.what != What::Came || self.slot != other.slot {
            return Vec::new();
        }
        let all: std::collections::BTreeSet<&String> = self.columns.keys().chain(other.columns.keys()).collect();
        let value = |u: &Unit, c: &String| u.columns.get(c).map(|v| text::unnamed(v));
        all.into_iter().filter(|c| !books(c) && value(self, c) != value(other, c)).cloned().collect()
    }

    /// A row of the same table that says the same under another key: what a counter numbers came once more.
    pub fn once_more(&self, other: &Unit) -> bool {
        let (Some((table, key)), Some((place, known))) = (self.slot.rsplit_once(' '), other.slot.rsplit_once(' '))
        else {
            return false;
        };
        let said = |unit: &Unit, key: &str| {
            let all = unit.columns.iter().filter(|(_, v)| v.as_str() != key);
            all.map(|(c, v)| (c.clone(), text::unnamed(v))).collect::<BTreeMap<String, String>>()
        };
        let (mine, theirs) = (said(self, key), said(other, known));
        self.what == What::Came && other.what == What::Came && table == place && !mine.is_empty() && mine == theirs
    }

    /// Comparable where identifiers have no names.
    pub fn plain(&self) -> String {
        text::unnamed(&self.same)
    }

    pub fn unnamed(&self) -> bool {
        self.same.contains(HIDDEN)
    }
}

/// Units between two contents of one table of one run; `keyless`: its keys belong to that run; `show` leaves out columns that do;
/// `name` gives identifiers the names by which runs can be compared.
pub fn between(
    store: &str,
    table: &str,
    (was, is): (&Rows, &Rows),
    keyless: bool,
    show: impl Fn(&str) -> bool,
    mut name: impl FnMut(&str) -> String,
) -> Vec<Unit> {
    let mut out = Vec::new();
    let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let slot = if keyless { format!("{store} {table} a row") } else { format!("{store} {table} {}", name(key)) };
        let unit = |what, slot: String, text: String| {
            let (store, same) = (store.to_owned(), text.clone());
            Unit { store, what, slot, same, text, columns: BTreeMap::new() }
        };
        let mut whole = |what, word: &str, row: &BTreeMap<String, String>| {
            let columns: BTreeMap<String, String> =
                row.iter().filter(|(c, _)| show(c)).map(|(c, v)| (c.clone(), name(hidden(key, c, v)))).collect();
            let listed: Vec<String> = columns.iter().map(|(c, v)| format!("{c}={v}")).collect();
            Unit { columns, ..unit(what, slot.clone(), format!("{slot} {word}: {}", listed.join(", "))) }
        };
        match (was.get(key), is.get(key)) {
            (None, Some(row)) => out.push(whole(What::Came, "came", row)),
            (Some(row), None) => out.push(whole(What::Went, "went", row)),
            (Some(before), Some(after)) => {
                let mut columns: Vec<&String> = before.keys().chain(after.keys()).collect();
                columns.sort();
                columns.dedup();
                for column in columns.into_iter().filter(|c| show(c)) {
                    let value = |row: &BTreeMap<String, String>| row.get(column).cloned();
                    let (from, to) = (value(before), value(after));
                    if from == to {
                        continue;
                    }
                    let what = if amount(from.as_deref()) && amount(to.as_deref()) { What::Amount } else { What::Word };
                    let mut say =
                        |v: Option<String>| v.map_or_else(|| "nothing".to_owned(), |v| name(hidden(key, column, &v)));
                    let slot = format!("{slot} {column}");
                    let by = difference(from.as_deref(), to.as_deref()).map(|by| format!("{slot}: {by:+}"));
                    let unit = unit(what, slot.clone(), format!("{slot}: {} → {}", say(from), say(to)));
                    out.push(Unit { same: by.unwrap_or_else(|| unit.same.clone()), ..unit });
                }
            }
            (None, None) => {}
        }
    }
    out
}

/// What a column holds, unless its name or its row's (a key of a key-value store) says that it is a secret.
fn hidden<'a>(row: &str, column: &str, value: &'a str) -> &'a str {
    if is_secret_key(column) || column == "value" && is_secret_key(row) { MASKED } else { value }
}

/// How much a number changes; more digits than a price has are noise of the arithmetic.
pub(crate) fn difference(from: Option<&str>, to: Option<&str>) -> Option<f64> {
    let number = |v: Option<&str>| v?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    Some(((number(to)? - number(from)?) * 1e6).round() / 1e6)
}

fn amount(value: Option<&str>) -> bool {
    value.is_some_and(|v| v.trim().parse::<f64>().is_ok() || v.contains("\\x"))
}

/// Two lists of units: what only the first has, what both have, what only the second has; each as often as it stands there.
pub fn compared<'a>(one: &'a [Unit], other: &'a [Unit]) -> (Vec<&'a Unit>, Vec<&'a Unit>, Vec<&'a Unit>) {
    let coarse = one.iter().chain(other).any(Unit::unnamed);
    let text = |u: &Unit| if coarse { u.plain() } else { u.same.clone() };
    let mut rest: Vec<&Unit> = other.iter().collect();
    let (mut only, mut both) = (Vec::new(), Vec::new());
    for unit in one {
        match rest.iter().position(|r| text(r) == text(unit)) {
            Some(at) => {
                rest.remove(at);
                both.push(unit);
            }
            None => only.push(unit),
        }
    }
    (only, both, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &[(&str, &str)])]) -> Rows {
        let columns = |c: &[(&str, &str)]| c.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        rows.iter().map(|(key, c)| ((*key).to_owned(), columns(c))).collect()
    }

    #[test]
    fn rows_and_columns_are_told_apart() {
        let was = rows(&[("$1", &[("stock", "10"), ("state", "open"), ("at", "1")])]);
        let is = rows(&[("$1", &[("stock", "9"), ("state", "sold"), ("at", "2")]), ("$2", &[("total", "5")])]);
        let units = between("db", "items", (&was, &is), false, |c| c != "at", str::to_owned);
        let texts: Vec<(What, &str)> = units.iter().map(|u| (u.what, u.text.as_str())).collect();
        assert_eq!(
            texts,
            [
                (What::Word, "db items $1 state: open → sold"),
                (What::Amount, "db items $1 stock: 10 → 9"),
                (What::Came, "db items $2 came: total=5"),
            ]
        );
    }

    #[test]
    fn numbers_compare_by_how_much_they_change() {
        let stock = |n: &str| rows(&[("lamp", &[("stock", n)])]);
        let sold =
            |from: &str, to: &str| between("db", "items", (&stock(from), &stock(to)), false, |_| true, str::to_owned);
        assert_eq!(compared(&sold("10", "9"), &sold("7", "6")).1.len(), 1);
        assert_eq!(compared(&sold("10", "9"), &sold("7", "5")).1.len(), 0);
    }

    #[test]
    fn a_row_under_the_next_number_is_the_same_once_more() {
        let row = |id, order| rows(&[(id, &[("id", id), ("order_id", order), ("text", "paid")])]);
        let came = |rows: &Rows| between("db", "mails", (&Rows::new(), rows), false, |_| true, str::to_owned).remove(0);
        let first = came(&row("1", "desk"));
        assert!(came(&row("2", "desk")).once_more(&first));
        assert!(!came(&row("2", "lamp")).once_more(&first), "another order's");
        assert!(
            !came(&rows(&[("2", &[("id", "2")])])).once_more(&came(&rows(&[("1", &[("id", "1")])]))),
            "it says nothing"
        );
    }

    #[test]
    fn secrets_do_not_show() {
        let was = rows(&[("session:token:7", &[("value", "abc")]), ("ada", &[("password", "old"), ("name", "Ada")])]);
        let is = rows(&[("session:token:7", &[("value", "def")]), ("ada", &[("password", "new"), ("name", "Ada")])]);
        let units = between("db", "users", (&was, &is), false, |_| true, str::to_owned);
        let came = between("db", "users", (&Rows::new(), &is), false, |_| true, str::to_owned);
        let texts: Vec<&str> = units.iter().chain(&came).map(|u| u.text.as_str()).collect();
        assert_eq!(texts.len(), 4);
        assert!(
            texts.iter().all(|t| !["abc", "def", "old", "new"].iter().any(|secret| t.contains(secret))),
            "{texts:?}"
        );
        assert!(texts[2].contains("name=Ada"), "{texts:?}");
    }

    #[test]
    fn the_same_row_with_another_content_is_told_by_its_columns() {
        let one = rows(&[("$1", &[("cents", "4150"), ("attempts", "1")])]);
        let two = rows(&[("$1", &[("cents", "4300"), ("attempts", "2")])]);
        let came =
            |rows: &Rows| between("db", "orders", (&Rows::new(), rows), false, |_| true, str::to_owned).remove(0);
        assert_eq!(came(&one).differs(&came(&two)), ["cents"]);
    }

    #[test]
    fn bookkeeping_is_known_by_name() {
        let slot = |slot: &str| Unit {
            store: "db".into(),
            what: What::Came,
            slot: slot.into(),
            same: String::new(),
            text: String::new(),
            columns: BTreeMap::new(),
        };
        assert!(slot("db processed_messages a row").bookkeeping() && slot("db keys idem:$1").bookkeeping());
        assert!(slot("db orders $1 version").bookkeeping() && !slot("db orders $1 stock").bookkeeping());
        assert!(!slot("db blocks $1 clocks").bookkeeping());
    }

    #[test]
    fn lists_are_compared_as_often_as_a_unit_stands_there() {
        let unit = |text: &str| Unit {
            store: "db".into(),
            what: What::Came,
            slot: "s".into(),
            same: text.into(),
            text: text.into(),
            columns: BTreeMap::new(),
        };
        let (one, other) = ([unit("a ~"), unit("a ~")], [unit("a $1"), unit("b")]);
        let (only, both, rest) = compared(&one, &other);
        assert_eq!((only.len(), both.len(), rest.len()), (1, 1, 1));
    }
}
