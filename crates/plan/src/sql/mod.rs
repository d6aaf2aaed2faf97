//! Migrations: what statements that are new do to those who use the tables.
//!
//! Both sides are lists of statements (a file, or all migrations in order). What only the newer side has is looked at as a
//! migration; tables that both sides create are compared column by column, so that two dumps of a schema can be compared
//! too. What is done to a table that the same migration creates hurts nobody.

pub mod rules;
mod statements;

use crate::Text;
use crate::change::{Change, Place};
use seam_facts::Problem;
use statements::{Cursor, Statement, Token, has, parts, statements};
use std::collections::{BTreeMap, BTreeSet};

pub fn changes(base: &[Text<'_>], revision: &[Text<'_>]) -> (Vec<Change>, Vec<Problem>) {
    let read =
        |texts: &[Text<'_>]| -> Vec<Statement> { texts.iter().flat_map(|t| statements(t.name, t.text)).collect() };
    let (old, new) = (read(base), read(revision));
    let known: BTreeSet<String> = old.iter().map(Statement::normal).collect();
    let mut out = Out { changes: Vec::new(), created: BTreeSet::new(), transaction: false };
    let (was, is) = (tables(&old), tables(&new));
    // A text whose tables are all said again is a schema, not a migration.
    let dump = !was.is_empty() && was.keys().any(|t| is.contains_key(t)) && !new.iter().any(alters);
    out.created.extend(is.keys().filter(|t| !was.contains_key(*t)).cloned());
    for statement in new.iter().filter(|s| !known.contains(&s.normal())) {
        out.statement(statement);
    }
    for (name, table) in &was {
        match is.get(name) {
            Some(now) => out.compare(name, table, now),
            None if dump => {
                let text = format!("table `{name}` was dropped");
                out.put("ban-drop-table", name, Some(table.place.clone()), None, text);
            }
            None => {}
        }
    }
    for (name, table) in is.iter().filter(|(name, _)| !was.contains_key(*name)) {
        out.put("table-added", name, None, Some(table.place.clone()), format!("table `{name}` was added"));
    }
    (out.changes, Vec::new())
}

fn alters(statement: &Statement) -> bool {
    statement.tokens.first().is_some_and(|t| t.is("alter") || t.is("drop"))
}

#[derive(Clone, Debug)]
struct Column {
    kind: String,
    required: bool,
    default: Option<String>,
    place: Place,
}

#[derive(Clone, Debug)]
struct Table {
    columns: BTreeMap<String, Column>,
    place: Place,
}

/// Names without case, and without the schema that is there anyway.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_prefix("public.").or_else(|| name.strip_prefix("dbo.")).unwrap_or(&name).to_owned()
}

fn tables(statements: &[Statement]) -> BTreeMap<String, Table> {
    let mut out = BTreeMap::new();
    for statement in statements {
        if let Some((name, body)) = create_table(statement) {
            let place = Place { file: statement.file.clone(), line: statement.line() };
            let mut table = Table { columns: BTreeMap::new(), place };
            for part in parts(body) {
                if let Some((column, found)) = column(part, &statement.file) {
                    table.columns.insert(column, found);
                }
            }
            out.entry(name).or_insert(table);
        }
    }
    out
}

fn create_table(statement: &Statement) -> Option<(String, &[Token])> {
    let mut cursor = Cursor::new(&statement.tokens);
    if !cursor.take("create") {
        return None;
    }
    while ["global", "local", "temporary", "temp", "unlogged"].iter().any(|w| cursor.take(w)) {}
    if !cursor.take("table") {
        return None;
    }
    cursor.take("if not exists");
    let name = plain(&cursor.name()?);
    Some((name, cursor.parenthesis()?))
}

const CONSTRAINTS: &[&str] =
    &["constraint", "primary", "foreign", "unique", "check", "exclude", "key", "index", "like", "fulltext", "period"];
/// Words at which a column's type ends.
const AFTER_TYPE: &[&str] = &[
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "check",
    "references",
    "constraint",
    "generated",
    "collate",
    "comment",
    "auto_increment",
    "autoincrement",
    "identity",
    "on",
    "using",
    "first",
    "after",
    "visible",
    "invisible",
];

/// A column's definition: `name type …`.
fn column(part: &[Token], file: &str) -> Option<(String, Column)> {
    let first = part.first()?;
    if !first.quoted && CONSTRAINTS.iter().any(|c| first.is(c)) {
        return None;
    }
    let rest = part.get(1..)?;
    let end = rest.iter().position(|t| AFTER_TYPE.iter().any(|w| t.is(w))).unwrap_or(rest.len());
    let kind = kind(&rest[..end]);
    let required = has(rest, "not null") || has(rest, "primary key");
    let default = rest.iter().position(|t| t.is("default")).map(|i| {
        let value = &rest[i + 1..];
        let end = value.iter().skip(1).position(|t| AFTER_TYPE.iter().any(|w| t.is(w))).map_or(value.len(), |n| n + 1);
        value[..end].iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ")
    });
    let place = Place { file: file.to_owned(), line: first.line };
    Some((first.text.to_lowercase(), Column { kind, required, default, place }))
}

/// A type in one spelling.
fn kind(tokens: &[Token]) -> String {
    let text: String = tokens.iter().map(|t| t.text.to_lowercase()).collect::<Vec<_>>().join(" ");
    let text = text.replace(" ( ", "(").replace(" )", ")").replace(" , ", ",").replace("( ", "(");
    for (long, short) in [
        ("character varying", "varchar"),
        ("timestamp with time zone", "timestamptz"),
        ("timestamp without time zone", "timestamp"),
        ("double precision", "float8"),
        ("integer", "int"),
        ("int4", "int"),
        ("int8", "bigint"),
        ("boolean", "bool"),
    ] {
        if let Some(rest) = text.strip_prefix(long) {
            return format!("{short}{rest}");
        }
    }
    text
}

struct Out {
    changes: Vec<Change>,
    /// Tables that the newer side creates: nobody uses them yet.
    created: BTreeSet<String>,
    transaction: bool,
}

impl Out {
    fn put(&mut self, id: &str, key: &str, base: Option<Place>, revision: Option<Place>, text: String) {
        if let Some(rule) = rules::find(id)
            && self.changes.len() < crate::limits::MAX_CHANGES
        {
            self.changes.push(Change {
                rule,
                text,
                key: key.to_owned(),
                field: String::new(),
                operation: "".into(),
                path: String::new(),
                base,
                revision,
            });
        }
    }

    fn compare(&mut self, name: &str, was: &Table, is: &Table) {
        for (column, before) in &was.columns {
            let key = format!("{name}.{column}");
            let Some(now) = is.columns.get(column) else {
                let text = format!("column `{key}` was dropped");
                self.put("ban-drop-column", &key, Some(before.place.clone()), Some(is.place.clone()), text);
                continue;
            };
            let places = (Some(before.place.clone()), Some(now.place.clone()));
            if before.kind != now.kind {
                let text = format!("column `{key}` changed from `{}` to `{}`", before.kind, now.kind);
                self.put("changing-column-type", &key, places.0.clone(), places.1.clone(), text);
            }
            if !before.required && now.required {
                let text = format!("column `{key}` may no longer be null");
                self.put("adding-not-nullable-field", &key, places.0.clone(), places.1.clone(), text);
            }
            if before.required && !now.required {
                let text = format!("column `{key}` may now be null: readers do not expect it");
                self.put("ban-drop-not-null", &key, places.0.clone(), places.1.clone(), text);
            }
            if before.default != now.default {
                let shown = |d: &Option<String>| d.clone().unwrap_or_else(|| "none".to_owned());
                let text = format!(
                    "the default of `{key}` changed from `{}` to `{}`",
                    shown(&before.default),
                    shown(&now.default)
                );
                self.put("default-changed", &key, places.0, places.1, text);
            }
        }
        for (column, now) in is.columns.iter().filter(|(c, _)| !was.columns.contains_key(*c)) {
            self.added(&format!("{name}.{column}"), now, now.place.clone());
        }
    }

    /// A column that is new in a table that is not.
    fn added(&mut self, key: &str, column: &Column, at: Place) {
        if column.required && column.default.is_none() && !generated(&column.kind) {
            let text = format!("column `{key}` was added, required and without a default: writers do not know it");
            self.put("adding-required-field", key, None, Some(at), text);
        } else {
            self.put("column-added", key, None, Some(at), format!("column `{key}` was added"));
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let at = Place { file: statement.file.clone(), line: statement.line() };
        let mut c = Cursor::new(&statement.tokens);
        if c.take("begin") || c.take("start transaction") {
            self.transaction = true;
        } else if c.take("commit") || c.take("rollback") {
            self.transaction = false;
        } else if c.take("drop") {
            self.drop(&mut c, at);
        } else if c.take("truncate") {
            c.take("table");
            if let Some(name) = c.name()
                && has(c.rest(), "cascade")
            {
                let text = format!("`{name}` is emptied, and whatever refers to it");
                self.put("ban-truncate-cascade", &plain(&name), None, Some(at), text);
            }
        } else if c.take("alter type") {
            self.alter_type(&mut c, at);
        } else if c.take("alter table") || c.take("alter foreign table") {
            self.alter_table(&mut c, &statement.file, at);
        } else if c.take("rename table") {
            if let Some(name) = c.name()
                && c.take("to")
                && let Some(new) = c.name()
            {
                let text = format!("table `{name}` was renamed to `{new}`");
                self.put("renaming-table", &plain(&name), None, Some(at), text);
            }
        } else if c.tokens.len() > 1 && c.tokens[0].is("exec") && has(c.tokens, "sp_rename") {
            self.sp_rename(c.tokens, at);
        } else if c.take("create unique index") {
            self.index(&mut c, true, at);
        } else if c.take("create index") {
            self.index(&mut c, false, at);
        }
    }

    /// SQL Server renames with a procedure: `sp_rename 'old', 'new'[, 'COLUMN']`.
    fn sp_rename(&mut self, tokens: &[Token], at: Place) {
        let texts: Vec<&str> = tokens.iter().filter(|t| t.literal).map(|t| t.text.as_str()).collect();
        if let [old, new, rest @ ..] = texts.as_slice() {
            let column = rest.first().is_some_and(|k| k.eq_ignore_ascii_case("column"));
            let (id, what) = if column { ("renaming-column", "column") } else { ("renaming-table", "table") };
            let text = format!("{what} `{old}` was renamed to `{new}`");
            self.put(id, &plain(old), None, Some(at), text);
        }
    }

    fn index(&mut self, c: &mut Cursor<'_>, unique: bool, at: Place) {
        let concurrently = c.take("concurrently");
        c.take("if not exists");
        if c.peek().is_some_and(|t| !t.is("on")) {
            c.name();
        }
        if !c.take("on") {
            return;
        }
        c.take("only");
        let Some(table) = c.name().map(|n| plain(&n)) else { return };
        if self.created.contains(&table) {
            return;
        }
        if unique {
            let text =
                format!("`{table}` has to be unique in more columns: it fails where it is not, and refuses writers");
            self.put("disallowed-unique-constraint", &table, None, Some(at.clone()), text);
        }
        if concurrently && self.transaction {
            let text = format!("an index of `{table}` cannot be built concurrently within a transaction");
            self.put("ban-concurrent-index-creation-in-transaction", &table, None, Some(at), text);
        } else if !concurrently {
            let text = format!("writers of `{table}` wait while its index is built: build it concurrently");
            self.put("require-concurrent-index-creation", &table, None, Some(at), text);
        }
    }

    fn drop(&mut self, c: &mut Cursor<'_>, at: Place) {
        for (words, id, what) in [
            ("table", "ban-drop-table", "table"),
            ("materialized view", "ban-drop-view", "view"),
            ("view", "ban-drop-view", "view"),
            ("database", "ban-drop-database", "database"),
            ("schema", "ban-drop-schema", "schema"),
            ("type", "ban-drop-type", "type"),
            ("index concurrently", "", "index"),
            ("index", "require-concurrent-index-deletion", "index"),
        ] {
            if !c.take(words) {
                continue;
            }
            c.take("if exists");
            while let Some(name) = c.name() {
                let name = plain(&name);
                let text = match id {
                    "require-concurrent-index-deletion" => {
                        format!("users of the table wait while index `{name}` is dropped")
                    }
                    _ => format!("{what} `{name}` was dropped"),
                };
                if !self.created.contains(&name) {
                    self.put(id, &name, None, Some(at.clone()), text);
                }
                if !c.take(",") {
                    break;
                }
            }
            return;
        }
    }

    fn alter_type(&mut self, c: &mut Cursor<'_>, at: Place) {
        let Some(name) = c.name().map(|n| plain(&n)) else { return };
        if c.take("add value") {
            self.put("enum-value-added", &name, None, Some(at), format!("a value was added to type `{name}`"));
        } else if c.take("rename value") {
            self.put("dropping-enum-value", &name, None, Some(at), format!("a value of type `{name}` was renamed"));
        } else if c.take("rename to") {
            self.put("ban-drop-type", &name, None, Some(at), format!("type `{name}` was renamed"));
        }
    }

    fn alter_table(&mut self, c: &mut Cursor<'_>, file: &str, at: Place) {
        c.take("if exists");
        c.take("only");
        let Some(table) = c.name().map(|n| plain(&n)) else { return };
        if self.created.contains(&table) {
            return;
        }
        for action in parts(c.rest()) {
            let line = action.first().map_or(at.line, |t| t.line);
            let place = Place { file: file.to_owned(), line };
            self.action(&table, &mut Cursor::new(action), file, place);
        }
    }

    fn action(&mut self, table: &str, c: &mut Cursor<'_>, file: &str, at: Place) {
        let at = Some(at);
        if c.take("rename") {
            if c.take("constraint") || c.take("index") || c.take("key") {
                return;
            }
            if c.take("to") || c.take("as") {
                let new = c.name().unwrap_or_default();
                let text = format!("table `{table}` was renamed to `{new}`");
                return self.put("renaming-table", table, None, at, text);
            }
            c.take("column");
            if let Some(old) = c.name()
                && c.take("to")
                && let Some(new) = c.name()
            {
                let key = format!("{table}.{}", old.to_lowercase());
                self.put("renaming-column", &key, None, at, format!("column `{key}` was renamed to `{new}`"));
            }
        } else if c.take("drop") {
            self.drop_part(table, c, at);
        } else if c.take("add") {
            self.add_part(table, c, file, at);
        } else if c.take("change") {
            c.take("column");
            self.redefined(table, c, file, at, true);
        } else if c.take("modify") {
            c.take("column");
            self.redefined(table, c, file, at, false);
        } else if c.take("alter") {
            c.take("column");
            self.alter_column(table, c, at);
        }
    }

    fn drop_part(&mut self, table: &str, c: &mut Cursor<'_>, at: Option<Place>) {
        if c.take("constraint") || c.take("foreign key") || c.take("primary key") || c.take("check") || c.take("unique")
        {
            c.take("if exists");
            let name = c.name().unwrap_or_default();
            let text = format!("constraint `{name}` of `{table}` was dropped: readers may meet what it kept out");
            return self.put("ban-drop-constraint", &format!("{table}.{name}"), None, at, text);
        }
        if c.take("index") || c.take("key") || c.take("partition") {
            return;
        }
        c.take("column");
        c.take("if exists");
        // Oracle and others: `DROP (a, b)`.
        let names: Vec<String> = match c.parenthesis() {
            Some(inner) => parts(inner).iter().filter_map(|p| p.first()).map(|t| t.text.clone()).collect(),
            None => c.name().into_iter().collect(),
        };
        for name in names {
            let key = format!("{table}.{}", name.to_lowercase());
            self.put("ban-drop-column", &key, None, at.clone(), format!("column `{key}` was dropped"));
        }
    }

    fn add_part(&mut self, table: &str, c: &mut Cursor<'_>, file: &str, at: Option<Place>) {
        let named = c.take("constraint");
        if named {
            c.name();
        }
        let valid = has(c.rest(), "not valid");
        let using = has(c.rest(), "using index");
        if c.take("foreign key") {
            if !valid {
                let text = format!(
                    "writers of `{table}` wait while a foreign key is checked, and it fails where rows break it"
                );
                self.put("adding-foreign-key-constraint", table, None, at, text);
            }
        } else if c.take("check") {
            if !valid {
                let text =
                    format!("writers of `{table}` wait while a check is made, and those that break it are refused");
                self.put("constraint-missing-not-valid", table, None, at, text);
            }
        } else if c.take("unique") {
            if !using {
                let text = format!(
                    "`{table}` has to be unique in more columns: it fails where it is not, and refuses writers"
                );
                self.put("disallowed-unique-constraint", table, None, at, text);
            }
        } else if c.take("primary key") {
            if !using {
                let text = format!("writers of `{table}` wait while its primary key is built");
                self.put("adding-primary-key-constraint", table, None, at, text);
            }
        } else if c.take("exclude") {
            let text = format!("writers of `{table}` wait while an exclusion is checked");
            self.put("adding-exclusion-constraint", table, None, at, text);
        } else if !named && !c.take("index") && !c.take("key") && !c.take("partition") && !c.take("fulltext") {
            c.take("column");
            c.take("if not exists");
            let lists = match c.peek().filter(|t| t.is("(")).and_then(|_| c.parenthesis()) {
                Some(inner) => parts(inner),
                None => vec![c.rest()],
            };
            for part in lists {
                self.add_column(table, part, file, at.clone());
            }
        }
    }

    fn add_column(&mut self, table: &str, part: &[Token], file: &str, at: Option<Place>) {
        let Some((name, found)) = column(part, file) else { return };
        let key = format!("{table}.{name}");
        let place = at.clone().unwrap_or_else(|| found.place.clone());
        let identity = has(part, "generated") || has(part, "identity") || has(part, "auto_increment");
        if generated(&found.kind) && has(part, "primary key") {
            let text = format!("`{table}` is written anew to get the primary key `{name}`");
            return self.put("adding-serial-primary-key-field", &key, None, at, text);
        }
        if identity {
            self.put("column-added", &key, None, at.clone(), format!("column `{key}` was added"));
            let text = format!("`{table}` is written anew to fill `{name}`");
            return self.put("adding-field-with-default", &key, None, at, text);
        }
        self.added(&key, &found, place);
        if found.default.as_ref().is_some_and(|d| volatile(d)) {
            let text = format!("`{table}` is written anew: the default of `{name}` differs for each row");
            self.put("adding-field-with-default", &key, None, at.clone(), text);
        }
        if has(part, "unique") {
            let text = format!("`{key}` has to be unique");
            self.put("disallowed-unique-constraint", &key, None, at.clone(), text);
        }
        if has(part, "references") {
            let text = format!("writers of `{table}` wait while the reference of `{name}` is checked");
            self.put("adding-foreign-key-constraint", &key, None, at, text);
        }
    }

    fn alter_column(&mut self, table: &str, c: &mut Cursor<'_>, at: Option<Place>) {
        let Some(name) = c.name() else { return };
        let key = format!("{table}.{}", name.to_lowercase());
        if c.take("set not null") {
            let text = format!("column `{key}` may no longer be null: writers that leave it out are refused");
            self.put("adding-not-nullable-field", &key, None, at, text);
        } else if c.take("drop not null") {
            let text = format!("column `{key}` may now be null: readers do not expect it");
            self.put("ban-drop-not-null", &key, None, at, text);
        } else if c.take("set data type") || c.take("type") {
            let end = c.rest().iter().position(|t| t.is("using") || t.is("collate")).unwrap_or(c.rest().len());
            let text = format!("column `{key}` changed its type to `{}`", kind(&c.rest()[..end]));
            self.put("changing-column-type", &key, None, at, text);
        } else if c.take("set default") || c.take("drop default") {
            self.put("default-changed", &key, None, at, format!("the default of `{key}` changed"));
        } else if !c.take("set") && !c.take("reset") && !c.take("add") && !c.take("drop") && !c.take("restart") {
            // SQL Server: `ALTER COLUMN name type [NOT NULL]`.
            let rest = c.rest();
            let text = format!("column `{key}` was defined anew as `{}`", kind(rest));
            self.put("changing-column-type", &key, None, at.clone(), text);
            if has(rest, "not null") {
                let text = format!("column `{key}` may no longer be null");
                self.put("adding-not-nullable-field", &key, None, at, text);
            }
        }
    }

    /// MySQL: `MODIFY name type …`, `CHANGE old new type …`.
    fn redefined(&mut self, table: &str, c: &mut Cursor<'_>, file: &str, at: Option<Place>, renames: bool) {
        let Some(old) = c.peek().map(|t| t.text.to_lowercase()) else { return };
        let key = format!("{table}.{old}");
        if renames {
            c.at += 1;
            if let Some(new) = c.peek().map(|t| t.text.to_lowercase())
                && new != old
            {
                let text = format!("column `{key}` was renamed to `{new}`");
                self.put("renaming-column", &key, None, at.clone(), text);
            }
        }
        let Some((_, found)) = column(c.rest(), file) else { return };
        let text = format!("column `{key}` was defined anew as `{}`", found.kind);
        self.put("changing-column-type", &key, None, at.clone(), text);
        if found.required {
            let text = format!("column `{key}` may no longer be null");
            self.put("adding-not-nullable-field", &key, None, at, text);
        }
    }
}

/// Types that fill themselves.
fn generated(kind: &str) -> bool {
    ["serial", "bigserial", "smallserial", "serial4", "serial8"].contains(&kind)
}

/// Whether a default differs from row to row.
fn volatile(default: &str) -> bool {
    let default = default.to_lowercase();
    ["random", "uuid", "gen_", "nextval", "clock_timestamp", "timeofday"].iter().any(|word| default.contains(word))
}
