//! Migrations as files of their own: SQL scripts (Flyway, golang-migrate, goose, dbmate, Prisma, plain) and Liquibase's change logs.
//! See `migrations.md`.
//!
//! Invariant: what undoes a change says nothing.

use super::tree::Node;
use super::xml::{self, Element};
use super::yaml;
use crate::extractor::File;
use crate::{Extractor, Reads, Sink, ddl};
use seam_facts::{Alter, AlterKind, Claim, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "migrations",
    version: 1,
    page: include_str!("migrations.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    let path = file.path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    if name.ends_with(".down.sql") || name.ends_with("_down.sql") || name == "down.sql" || path.contains("rollback") {
        return false;
    }
    let among = |words: &[&str]| words.iter().any(|w| path.contains(w));
    match file.extension().as_str() {
        "sql" => {
            let numbered =
                name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with('v') && name.contains("__");
            numbered
                || among(&[
                    "migrat",
                    "changelog",
                    "schema",
                    "init",
                    "ddl",
                    "create",
                    "tables",
                    "/versions/",
                    "database",
                    "/db/",
                    "/sql/",
                ])
        }
        "xml" | "yaml" | "yml" => among(&["changelog", "liquibase", "change-log"]),
        _ => false,
    }
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    match file.extension().as_str() {
        "sql" => {
            for (alter, line) in ddl::altered(file.text) {
                sink.stated(Claim::Alter(alter), Span::at(line + 1, 1));
            }
        }
        "xml" => {
            if let Some(root) = xml::document(file.text, sink) {
                element(&root, "", sink);
            }
        }
        _ => {
            for root in yaml::documents(file.text, sink) {
                node(&root, sink);
            }
        }
    }
}

/// One change of a change log, by its name and what its attributes say.
fn change(name: &str, get: &dyn Fn(&str) -> String, above: &str, at: Span, sink: &mut Sink) {
    let table = match get("tableName") {
        own if own.is_empty() => above.to_owned(),
        own => own,
    };
    let (column, kind, to) = match name {
        "dropColumn" => (get("columnName"), AlterKind::DropColumn, String::new()),
        "renameColumn" => (get("oldColumnName"), AlterKind::RenameColumn, get("newColumnName")),
        "dropTable" => (String::new(), AlterKind::DropTable, String::new()),
        "createTable" => (String::new(), AlterKind::CreateTable, String::new()),
        "addNotNullConstraint" => (get("columnName"), AlterKind::Require, String::new()),
        "addUniqueConstraint" => (get("columnNames"), AlterKind::Unique, String::new()),
        "renameTable" => {
            let alter = Alter {
                table: get("oldTableName").into(),
                column: Default::default(),
                kind: AlterKind::RenameTable,
                to: get("newTableName").into(),
            };
            return sink.stated(Claim::Alter(alter), at);
        }
        _ => return,
    };
    if !table.is_empty() {
        sink.stated(Claim::Alter(Alter { table: table.into(), column: column.into(), kind, to: to.into() }), at);
    }
}

fn element(it: &Element, above: &str, sink: &mut Sink) {
    let get =
        |name: &str| it.attributes.iter().find(|(k, _)| k == name).map(|(_, v)| v.to_string()).unwrap_or_default();
    change(&it.name, &get, "", it.span, sink);
    let table = if get("tableName").is_empty() { above.to_owned() } else { get("tableName") };
    if it.name == "sql" {
        for (alter, line) in ddl::altered(&it.text) {
            sink.stated(Claim::Alter(alter), Span::at(it.span.line + line, 1));
        }
    }
    for child in it.children.iter().filter(|c| c.name != "rollback") {
        if it.name == "dropColumn" && child.name == "column" {
            let name = child.attributes.iter().find(|(k, _)| k == "name").map(|(_, v)| v.clone()).unwrap_or_default();
            let alter = Alter {
                table: table.as_str().into(),
                column: name,
                kind: AlterKind::DropColumn,
                to: Default::default(),
            };
            sink.stated(Claim::Alter(alter), child.span);
        }
        element(child, &table, sink);
    }
}

fn node(it: &Node, sink: &mut Sink) {
    for (key, value) in it.entries() {
        if key.text == "rollback" {
            continue;
        }
        let get = |name: &str| value.get(name).and_then(Node::text).map(ToString::to_string).unwrap_or_default();
        change(&key.text, &get, "", key.span, sink);
        if key.text == "sql"
            && let Some(text) = value.get("sql").or(Some(value)).and_then(Node::text)
        {
            for (alter, line) in ddl::altered(text) {
                sink.stated(Claim::Alter(alter), Span::at(key.span.line + line, 1));
            }
        }
        node(value, sink);
    }
    for item in it.items() {
        node(item, sink);
    }
}
