//! PostgreSQL: every table of every schema that is not the server's own, by primary key.
//!
//! A snapshot is one read-only transaction. Restoring compares first, rewrites the tables that differ in one transaction with triggers
//! and foreign keys off (where the user may not switch them off: in the order of foreign keys, with the user's triggers off), and sets
//! every sequence that a column owns to follow the rows. Deletes rather than truncates: services may still hold a connection that has
//! read a table, and a truncation would wait for them.

use super::Columns;
use seam_verify::State;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, SimpleQueryRow};

/// Sequences of nobody: their value is data.
const SEQUENCES: &str = "(sequences)";

/// Names, whether partitions hold the rows, the primary key, the columns that are written, the tables that are pointed to. What extensions brought is theirs.
const TABLES: &str = "
SELECT n.nspname, c.relname, c.relkind,
  (SELECT string_agg(a.attname, E'\\x01' ORDER BY array_position(i.indkey::int2[], a.attnum))
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = c.oid AND i.indisprimary),
  (SELECT string_agg(a.attname, E'\\x01') FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
  (SELECT string_agg(DISTINCT p.relnamespace::regnamespace::text || '.' || p.relname, E'\\x01')
     FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2";

const OWNED: &str = "
SELECT format('%I.%I', sn.nspname, s.relname), format('%I.%I', tn.nspname, t.relname), quote_ident(a.attname)
FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' ORDER BY 1";

const FREE: &str = "
SELECT format('%I.%I', n.nspname, s.relname) FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
WHERE s.relkind = 'S' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = s.oid AND d.deptype IN ('a', 'i', 'e'))
ORDER BY 1";

struct Table {
    schema: String,
    name: String,
    partitioned: bool,
    key: Vec<String>,
    written: Vec<String>,
    /// Tables whose rows its rows point to.
    after: BTreeSet<String>,
}

impl Table {
    fn shown(&self) -> String {
        match self.schema.as_str() {
            "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        }
    }

    fn quoted(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

/// A connection for looks.
pub struct Open(Client);

impl Open {
    pub async fn to(address: &str) -> Result<Open, String> {
        connect(address).await.map(Open)
    }

    pub async fn look(&self) -> Result<State, String> {
        let Open(client) = self;
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(said)?;
        let tables = tables(client).await?;
        let state = read(client, &tables).await?;
        client.batch_execute("COMMIT").await.map_err(said)?;
        Ok(state)
    }
}

pub async fn snapshot(address: &str) -> Result<State, String> {
    Open::to(address).await?.look().await
}

pub async fn restore(address: &str, state: &State) -> Result<(), String> {
    let client = connect(address).await?;
    client.batch_execute("SET lock_timeout = '5s'; BEGIN").await.map_err(said)?;
    let tables = in_order(tables(&client).await?);
    let now = read(&client, &tables).await?;
    let known: BTreeSet<String> = tables.iter().map(Table::shown).collect();
    if let Some((gone, _)) =
        state.tables.iter().find(|(t, rows)| !t.starts_with('(') && !rows.is_empty() && !known.contains(*t))
    {
        return Err(format!("the table `{gone}` is gone"));
    }
    let none = BTreeMap::new();
    let wanted = |table: &Table| state.tables.get(&table.shown()).unwrap_or(&none);
    let changed: Vec<&Table> =
        tables.iter().filter(|t| now.tables.get(&t.shown()).unwrap_or(&none) != wanted(t)).collect();
    let mut script = String::new();
    if !changed.is_empty() {
        let allowed = client.batch_execute("SAVEPOINT s; SET LOCAL session_replication_role = replica").await.is_ok();
        if !allowed {
            client.batch_execute("ROLLBACK TO s; SET CONSTRAINTS ALL DEFERRED").await.map_err(said)?;
            for table in &changed {
                let _ = writeln!(script, "ALTER TABLE {} DISABLE TRIGGER USER;", table.quoted());
            }
        }
        for table in changed.iter().rev() {
            let _ = writeln!(script, "DELETE FROM {};", table.quoted());
        }
        for table in &changed {
            for row in wanted(table).values() {
                insert(table, row, &mut script);
            }
        }
        if !allowed {
            for table in &changed {
                let _ = writeln!(script, "ALTER TABLE {} ENABLE TRIGGER USER;", table.quoted());
            }
        }
    }
    for row in rows(&client, OWNED).await? {
        let (sequence, table, column) = (cell(&row, 0), cell(&row, 1), cell(&row, 2));
        let _ = writeln!(
            script,
            "SELECT setval({}, greatest((SELECT max({column}) FROM {table})::bigint + 1, (SELECT seqmin FROM pg_sequence WHERE seqrelid = \
             {}::regclass)), false);",
            literal(&sequence),
            literal(&sequence),
        );
    }
    for (sequence, columns) in state.tables.get(SEQUENCES).unwrap_or(&none) {
        let (Some(value), Some(called)) = (columns.get("last_value"), columns.get("is_called")) else { continue };
        let _ = writeln!(script, "SELECT setval({}, {}, {});", literal(sequence), literal(value), literal(called));
    }
    script.push_str("COMMIT;");
    client.batch_execute(&script).await.map_err(said)
}

async fn connect(address: &str) -> Result<Client, String> {
    // Drivers of other languages say in the scheme which one they are.
    let (scheme, rest) = address.split_once("://").ok_or("not an address")?;
    let address = format!("{}://{rest}", scheme.split('+').next().unwrap_or(scheme));
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await.map_err(said)?;
    // It ends when the client is dropped; what went wrong is said to whoever waits for an answer.
    tokio::spawn(connection);
    let settings = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; \
                    SET extra_float_digits = 1; SET standard_conforming_strings = on";
    client.batch_execute(settings).await.map_err(said)?;
    Ok(client)
}

async fn tables(client: &Client) -> Result<Vec<Table>, String> {
    let list =
        |text: Option<&str>| text.into_iter().flat_map(|t| t.split('\u{1}')).map(ToOwned::to_owned).collect::<Vec<_>>();
    let found = rows(client, TABLES).await?;
    Ok(found
        .iter()
        .map(|row| Table {
            schema: cell(row, 0),
            name: cell(row, 1),
            partitioned: row.get(2) == Some("p"),
            key: list(row.get(3)),
            written: list(row.get(4)),
            after: list(row.get(5)).into_iter().collect(),
        })
        .collect())
}

/// Tables that are pointed to come first; of those that point to each other, the first by name.
fn in_order(mut tables: Vec<Table>) -> Vec<Table> {
    let mut out: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let waiting: BTreeSet<String> = tables.iter().map(|t| format!("{}.{}", t.schema, t.name)).collect();
        let own = |t: &Table| format!("{}.{}", t.schema, t.name);
        let ready = tables.iter().position(|t| t.after.iter().all(|a| *a == own(t) || !waiting.contains(a)));
        out.push(tables.remove(ready.unwrap_or(0)));
    }
    out
}

async fn read(client: &Client, tables: &[Table]) -> Result<State, String> {
    let mut state = State::default();
    for table in tables {
        // Tables that inherit are tables of their own.
        let only = if table.partitioned { "" } else { "ONLY " };
        let mut held: BTreeMap<String, Columns> = BTreeMap::new();
        for row in rows(client, &format!("SELECT * FROM {only}{}", table.quoted())).await? {
            let columns = columns(&row);
            let key = match table.key.as_slice() {
                [] => columns.values().cloned().collect::<Vec<_>>().join(","),
                key => key.iter().map(|k| columns.get(k).map_or("", String::as_str)).collect::<Vec<_>>().join(","),
            };
            held.insert(free(key, &held), columns);
        }
        state.tables.insert(table.shown(), held);
    }
    let mut sequences = BTreeMap::new();
    for name in rows(client, FREE).await? {
        let name = cell(&name, 0);
        if let Some(row) = rows(client, &format!("SELECT last_value, is_called FROM {name}")).await?.first() {
            sequences.insert(name, columns(row));
        }
    }
    if !sequences.is_empty() {
        state.tables.insert(SEQUENCES.to_owned(), sequences);
    }
    Ok(state)
}

/// Equal rows of a table without a key are counted.
fn free(key: String, held: &BTreeMap<String, Columns>) -> String {
    let twice = (2usize..).map(|n| format!("{key} #{n}"));
    std::iter::once(key.clone()).chain(twice).find(|k| !held.contains_key(k)).unwrap_or(key)
}

fn insert(table: &Table, row: &Columns, out: &mut String) {
    if table.written.is_empty() {
        let _ = writeln!(out, "INSERT INTO {} DEFAULT VALUES;", table.quoted());
        return;
    }
    // A column that the row lacks is NULL, also where the table has a default.
    let names: Vec<String> = table.written.iter().map(|c| quoted(c)).collect();
    let values = table.written.iter().map(|c| row.get(c).map_or_else(|| "NULL".to_owned(), |v| literal(v)));
    let (names, values) = (names.join(", "), values.collect::<Vec<_>>().join(", "));
    let _ = writeln!(out, "INSERT INTO {} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values});", table.quoted());
}

async fn rows(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, String> {
    let messages = client.simple_query(query).await.map_err(said)?;
    Ok(messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect())
}

fn columns(row: &SimpleQueryRow) -> Columns {
    let names = row.columns().iter().enumerate();
    names.filter_map(|(at, column)| Some((column.name().to_owned(), row.get(at)?.to_owned()))).collect()
}

fn cell(row: &SimpleQueryRow, at: usize) -> String {
    row.get(at).unwrap_or_default().to_owned()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn said(error: tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
