//! SQLite: every table of a file, by primary key.
//!
//! Values are text; in a column without an affinity, where text and number are different values, they are literals of SQL. Restoring
//! is one transaction without foreign keys, in which triggers are away and come back.

use seam_verify::State;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Columns, blocking, bytes_of, text_of};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};

struct Column {
    name: String,
    /// Its place in the primary key, from 1; 0 is none.
    key: i64,
    /// SQLite turns text into what the column holds.
    affine: bool,
}

struct Table {
    name: String,
    columns: Vec<Column>,
}

pub async fn snapshot(address: &str) -> Result<State, String> {
    let path = address.to_owned();
    blocking(move || read(&connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?)).await
}

pub async fn restore(address: &str, state: &State) -> Result<(), String> {
    let (path, wanted) = (address.to_owned(), state.clone());
    blocking(move || {
        let mut db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        write(&mut db, &wanted).map_err(|e| e.to_string())
    })
    .await
}

fn connect(path: &str, flags: OpenFlags) -> Result<Connection, String> {
    let db = Connection::open_with_flags(path, flags).map_err(|e| e.to_string())?;
    db.busy_timeout(Duration::from_secs(5)).map_err(|e| e.to_string())?;
    Ok(db)
}

fn tables(db: &Connection) -> rusqlite::Result<Vec<Table>> {
    let names = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    let names: Vec<String> = db.prepare(names)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    for name in names {
        let mut about = db.prepare("SELECT name, pk, upper(type) FROM pragma_table_info(?1)")?;
        let columns = about.query_map([&name], |row| {
            let declared: String = row.get(2)?;
            let affine = !declared.is_empty() && !declared.contains("BLOB");
            Ok(Column { name: row.get(0)?, key: row.get(1)?, affine })
        })?;
        out.push(Table { columns: columns.collect::<Result<_, _>>()?, name });
    }
    Ok(out)
}

fn read(db: &Connection) -> Result<State, String> {
    let say = |e: rusqlite::Error| e.to_string();
    let mut state = State::default();
    for table in tables(db).map_err(say)? {
        let held = rows(db, &table).map_err(say)?;
        state.tables.insert(table.name, held);
    }
    Ok(state)
}

fn rows(db: &Connection, table: &Table) -> rusqlite::Result<BTreeMap<String, Columns>> {
    let mut key: Vec<&Column> = table.columns.iter().filter(|c| c.key > 0).collect();
    key.sort_by_key(|c| c.key);
    let mut held: BTreeMap<String, Columns> = BTreeMap::new();
    let mut statement = db.prepare(&format!("SELECT * FROM {}", quoted(&table.name)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut columns = Columns::new();
        for (at, column) in table.columns.iter().enumerate() {
            if let Some(text) = shown(row.get_ref(at)?, column.affine) {
                columns.insert(column.name.clone(), text);
            }
        }
        let parts: Vec<&str> = match key.as_slice() {
            [] => columns.values().map(String::as_str).collect(),
            key => key.iter().map(|c| columns.get(&c.name).map_or("", String::as_str)).collect(),
        };
        let first = parts.join(",");
        let twice = (2usize..).map(|n| format!("{first} #{n}"));
        let own = std::iter::once(first.clone()).chain(twice).find(|k| !held.contains_key(k)).unwrap_or(first);
        held.insert(own, columns);
    }
    Ok(held)
}

fn shown(value: ValueRef<'_>, affine: bool) -> Option<String> {
    let text = match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) if affine => text_of(bytes),
        ValueRef::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes).replace('\'', "''")),
        ValueRef::Blob(bytes) => {
            let digits = bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02x}"));
            if affine { format!("\\x{digits}") } else { format!("X'{digits}'") }
        }
    };
    Some(text)
}

fn write(db: &mut Connection, wanted: &State) -> Result<(), Box<dyn std::error::Error>> {
    db.pragma_update(None, "foreign_keys", false)?;
    let work = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let tables = tables(&work)?;
    if let Some((gone, _)) =
        wanted.tables.iter().find(|(name, rows)| !rows.is_empty() && !tables.iter().any(|t| t.name == **name))
    {
        return Err(format!("the table `{gone}` is gone").into());
    }
    let none = BTreeMap::new();
    let triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
    let triggers: Vec<(String, String)> =
        work.prepare(triggers)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (name, _) in &triggers {
        work.execute(&format!("DROP TRIGGER {}", quoted(name)), [])?;
    }
    for table in &tables {
        let rows_wanted = wanted.tables.get(&table.name).unwrap_or(&none);
        if rows(&work, table)? == *rows_wanted {
            continue;
        }
        work.execute(&format!("DELETE FROM {}", quoted(&table.name)), [])?;
        for row in rows_wanted.values() {
            insert(&work, table, row)?;
        }
    }
    for (_, text) in &triggers {
        work.execute_batch(text)?;
    }
    // Counters follow the rows.
    let counted: Option<String> =
        work.query_row("SELECT max(name) FROM sqlite_master WHERE name = 'sqlite_sequence'", [], |row| row.get(0))?;
    if counted.is_some() {
        let names = "SELECT name FROM sqlite_sequence";
        let names: Vec<String> = work.prepare(names)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            let last = format!("(SELECT coalesce(max(rowid), 0) FROM {})", quoted(&name));
            work.execute(&format!("UPDATE sqlite_sequence SET seq = {last} WHERE name = ?1"), [&name])?;
        }
    }
    work.commit()?;
    Ok(())
}

fn insert(db: &Connection, table: &Table, row: &Columns) -> rusqlite::Result<()> {
    let names: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
    let mut values: Vec<String> = Vec::new();
    let mut given: Vec<rusqlite::types::Value> = Vec::new();
    for column in &table.columns {
        match row.get(&column.name) {
            None => values.push("NULL".to_owned()),
            // A literal, as `shown` wrote it.
            Some(text) if !column.affine => values.push(text.clone()),
            Some(text) => {
                values.push("?".to_owned());
                given.push(match text.strip_prefix("\\x") {
                    Some(_) => rusqlite::types::Value::Blob(bytes_of(text)),
                    None => rusqlite::types::Value::Text(text.clone()),
                });
            }
        }
    }
    let (names, values) = (names.join(", "), values.join(", "));
    let mut statement = db.prepare(&format!("INSERT INTO {} ({names}) VALUES ({values})", quoted(&table.name)))?;
    statement.execute(params_from_iter(given))?;
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
