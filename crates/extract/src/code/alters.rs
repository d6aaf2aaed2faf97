//! Migrations and mappings that are written as code: what they change in the form of stored data, which columns are unique, and
//! which columns statements and mapped types name. See `alters.md`.
//!
//! Invariant: the way back (`down`, `downgrade`) says nothing; a mapped type speaks only where an annotation, a base class or
//! a table's name makes it one.

use super::ir::{Annotation, Call, Expr, ExprKind, Function, Type};
use super::{Code, Site, writes};
use crate::lang::Lang;
use crate::tech::sql;
use crate::{Extractor, Reads, Sink, ddl};
use seam_facts::{Alter, AlterKind, Claim, Columns, SmolStr, Span, format_smolstr};
use std::collections::{BTreeSet, HashMap};

pub static EXTRACTOR: Extractor =
    Extractor { id: "alters", version: 1, page: include_str!("alters.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let tables = closures(code);
    for site in code.calls() {
        if !undoes(code.outermost(site.function)) {
            called(code, site, &tables, sink);
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        if !undoes(code.outermost(index)) {
            statements(code, index, function, sink);
        }
    }
    for ty in &code.unit.types {
        mapped(code, ty, sink);
    }
}

fn undoes(function: &Function) -> bool {
    matches!(function.name.to_ascii_lowercase().as_str(), "down" | "downgrade" | "rollback" | "undo")
}

fn say(sink: &mut Sink, at: Span, table: &str, column: &str, kind: AlterKind, to: &str) {
    if table.is_empty() && kind != AlterKind::Unique {
        return;
    }
    let table = table.rsplit('.').next().unwrap_or(table);
    sink.stated(Claim::Alter(Alter { table: table.into(), column: column.into(), kind, to: to.into() }), at);
}

/// Closures that describe one table: `Schema::table('orders', function ($t) { … })`.
fn closures(code: &Code<'_>) -> HashMap<usize, (SmolStr, bool)> {
    let mut out = HashMap::new();
    for site in code.calls_named(&["table", "alterTable", "createTable", "create", "create_table", "change_table"]) {
        let Some(table) = site.call.arg(0).and_then(word) else { continue };
        for arg in &site.call.args {
            if let ExprKind::Lambda(index) = arg.value.kind {
                out.insert(index, (table.clone(), site.call.name().starts_with("create")));
            }
        }
    }
    out
}

/// A text, or a symbol that stands for itself (`:orders`).
fn word(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text.trim_start_matches(':').into()),
        ExprKind::Name(name) if name.starts_with(':') => Some(name.trim_start_matches(':').into()),
        _ => None,
    }
}

fn flag(call: &Call, name: &str) -> Option<bool> {
    let inner = || call.args.iter().find_map(|a| a.value.key(name));
    match call.named(name).or_else(inner).map(|e| &e.kind) {
        Some(ExprKind::Bool(b)) => Some(*b),
        _ => None,
    }
}

fn given(call: &Call, name: &str) -> bool {
    call.named(name).is_some() || call.args.iter().any(|a| a.value.key(name).is_some())
}

fn called(code: &Code<'_>, site: &Site<'_>, tables: &HashMap<usize, (SmolStr, bool)>, sink: &mut Sink) {
    let (call, at) = (site.call, site.span());
    let name = call.name();
    let text = |i: usize| call.arg(i).and_then(word).unwrap_or_default();
    let named = |n: &str| call.named(n).and_then(word).unwrap_or_default();
    let inside = tables.get(&site.function).filter(|(_, creates)| !creates).map(|(t, _)| t.clone());
    let required = |call: &Call| {
        let null = flag(call, "null").or_else(|| flag(call, "nullable")).or_else(|| flag(call, "allowNull"));
        let default = ["default", "server_default", "defaultValue", "defaultValueSql", "db_default"]
            .iter()
            .any(|n| given(call, n));
        null == Some(false) && !default
    };
    let add = |r: bool| if r { AlterKind::AddRequired } else { AlterKind::AddColumn };
    match name {
        // EF Core.
        "DropColumn" => say(sink, at, &named("table"), &named("name"), AlterKind::DropColumn, ""),
        "RenameColumn" => say(sink, at, &named("table"), &named("name"), AlterKind::RenameColumn, &named("newName")),
        "DropTable" => say(sink, at, &named("name"), "", AlterKind::DropTable, ""),
        "RenameTable" => say(sink, at, &named("name"), "", AlterKind::RenameTable, &named("newName")),
        "CreateTable" if call.named("columns").is_some() => {
            say(sink, at, &named("name"), "", AlterKind::CreateTable, "")
        }
        "AddColumn" if call.named("table").is_some() => {
            say(sink, at, &named("table"), &named("name"), add(required(call)), "")
        }
        "CreateIndex" if flag(call, "unique") == Some(true) => {
            say(sink, at, &named("table"), &named("column"), AlterKind::Unique, "")
        }
        "IsUnique" => say(sink, at, "", &members(call), AlterKind::Unique, ""),
        // Alembic, Rails, Sequelize, TypeORM, Knex and Laravel.
        "drop_column" | "remove_column" | "removeColumn" | "dropColumn" | "remove_columns" => match inside {
            Some(table) => {
                for arg in &call.args {
                    let columns = match &arg.value.kind {
                        ExprKind::List(items) => items.iter().filter_map(word).collect(),
                        _ => word(&arg.value).into_iter().collect::<Vec<_>>(),
                    };
                    columns.iter().for_each(|c| say(sink, at, &table, c, AlterKind::DropColumn, ""));
                }
            }
            None => say(sink, at, &text(0), &text(1), AlterKind::DropColumn, ""),
        },
        "rename_column" | "renameColumn" => match inside {
            Some(table) => say(sink, at, &table, &text(0), AlterKind::RenameColumn, &text(1)),
            None => say(sink, at, &text(0), &text(1), AlterKind::RenameColumn, &text(2)),
        },
        "drop_table" | "dropTable" | "dropTableIfExists" | "dropIfExists" => {
            say(sink, at, &text(0), "", AlterKind::DropTable, "")
        }
        "rename_table" | "renameTable" => say(sink, at, &text(0), "", AlterKind::RenameTable, &text(1)),
        "create_table" | "createTable" => say(sink, at, &text(0), "", AlterKind::CreateTable, ""),
        "create"
            if call.args.len() == 2 && call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("Schema")) =>
        {
            say(sink, at, &text(0), "", AlterKind::CreateTable, "");
        }
        "add_column" => {
            let column = call.arg(1).and_then(Expr::as_call).filter(|c| c.name() == "Column");
            match column {
                Some(column) => {
                    let name = column.arg(0).and_then(word).unwrap_or_default();
                    say(sink, at, &text(0), &name, add(required(column)), "");
                }
                None => say(sink, at, &text(0), &text(1), add(required(call)), ""),
            }
        }
        "addColumn" => say(sink, at, &text(0), &text(1), add(required(call)), ""),
        "alter_column" => {
            let to = named("new_column_name");
            if !to.is_empty() {
                say(sink, at, &text(0), &text(1), AlterKind::RenameColumn, &to);
            } else if flag(call, "nullable") == Some(false) {
                say(sink, at, &text(0), &text(1), AlterKind::Require, "");
            }
        }
        "change_column_null" if matches!(call.arg(2).map(|e| &e.kind), Some(ExprKind::Bool(false))) => {
            say(sink, at, &text(0), &text(1), AlterKind::Require, "");
        }
        "add_index" if flag(call, "unique") == Some(true) => say(sink, at, &text(0), &text(1), AlterKind::Unique, ""),
        "create_unique_constraint" => say(sink, at, &text(1), "", AlterKind::Unique, ""),
        "create_index" | "createIndex" | "ensureIndex" | "createIndexes" if flag(call, "unique") == Some(true) => {
            say(sink, at, "", &format_smolstr!("{}", keys(call)), AlterKind::Unique, "");
        }
        // Django.
        "RemoveField" => say(sink, at, &named("model_name"), &named("name"), AlterKind::DropColumn, ""),
        "RenameField" => {
            say(sink, at, &named("model_name"), &named("old_name"), AlterKind::RenameColumn, &named("new_name"))
        }
        "DeleteModel" => say(sink, at, &named("name"), "", AlterKind::DropTable, ""),
        "RenameModel" => say(sink, at, &named("old_name"), "", AlterKind::RenameTable, &named("new_name")),
        "CreateModel" => say(sink, at, &named("name"), "", AlterKind::CreateTable, ""),
        "AddField" => say(sink, at, &named("model_name"), &named("name"), AlterKind::AddColumn, ""),
        "UniqueConstraint" | "Index" if name == "UniqueConstraint" || flag(call, "unique") == Some(true) => {
            say(sink, at, "", &keys(call), AlterKind::Unique, "");
        }
        // Mapped columns: `sku = Column(String, unique=True)`, `{ sku: { type: String, unique: true } }`.
        _ => {
            if flag(call, "unique") == Some(true)
                && matches!(
                    name,
                    "Column"
                        | "mapped_column"
                        | "CharField"
                        | "UUIDField"
                        | "IntegerField"
                        | "SlugField"
                        | "EmailField"
                        | "BigIntegerField"
                )
            {
                say(sink, at, "", &code.outermost(site.function).owner, AlterKind::Unique, "");
            } else if matches!(name, "Schema" | "define" | "model") {
                for arg in &call.args {
                    unique_keys(&arg.value, sink);
                }
            }
        }
    }
}

fn unique_keys(expr: &Expr, sink: &mut Sink) {
    let ExprKind::Object(entries) = &expr.kind else { return };
    for (key, value) in entries {
        if matches!(value.key("unique").map(|e| &e.kind), Some(ExprKind::Bool(true) | ExprKind::Str(_))) {
            say(sink, value.span, "", key, AlterKind::Unique, "");
        }
    }
}

/// Names of members in a call's receiver chain: `HasIndex(o => o.Number).IsUnique()`.
fn members(call: &Call) -> SmolStr {
    call.receiver().and_then(Expr::as_call).map(keys).unwrap_or_default()
}

fn keys(call: &Call) -> SmolStr {
    let mut out = BTreeSet::new();
    for arg in &call.args {
        arg.value.walk(&mut |e| match &e.kind {
            ExprKind::Str(text) => drop(out.insert(text.clone())),
            ExprKind::Object(entries) => out.extend(entries.iter().map(|(k, _)| k.clone()).filter(|k| k != "unique")),
            _ => {}
        });
    }
    out.into_iter().collect::<Vec<_>>().join(",").into()
}

/// SQL in code: what it changes in form, and the columns that it names.
fn statements(code: &Code<'_>, index: usize, function: &Function, sink: &mut Sink) {
    let mut visit = |expr: &Expr| {
        if matches!(expr.kind, ExprKind::Str(_) | ExprKind::Concat(_)) {
            sql_text(code, &writes::text(expr), index, expr.span, sink);
        }
    };
    writes::each_whole(&function.body, &mut visit);
    for annotation in &function.annotations {
        annotation.args.iter().for_each(|a| writes::whole_texts(&a.value, &mut visit));
    }
}

fn sql_text(code: &Code<'_>, text: &str, index: usize, at: Span, sink: &mut Sink) {
    let start: String = text.trim_start().chars().take(7).collect::<String>().to_ascii_uppercase();
    if ["ALTER ", "CREATE ", "DROP ", "RENAME ", "IF "].iter().any(|w| start.starts_with(w.trim_end())) {
        for (alter, line) in ddl::altered(text) {
            let at = Span { line: at.line + line, end_line: at.line + line, ..at };
            sink.stated(Claim::Alter(alter), at);
        }
        return;
    }
    if !["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "--"].iter().any(|w| start.starts_with(w)) {
        return;
    }
    let body: String = text.lines().filter(|l| !l.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
    let mut tables: Vec<SmolStr> = sql::tables(body.trim()).into_iter().map(|(t, _)| t).collect();
    tables.dedup();
    // With several tables, a column may be any one's.
    let columns = if tables.len() == 1 { named_columns(&body) } else { Vec::new() };
    for table in tables.into_iter().take(6) {
        let table = SmolStr::from(table.rsplit('.').next().unwrap_or(&table));
        let within = code.within(index);
        sink.stated(Claim::Columns(Columns { table, columns: columns.clone(), mapped: false, within }), at);
    }
}

/// Every word of a statement that may name a column.
fn named_columns(sql: &str) -> Vec<SmolStr> {
    const KEYWORDS: [&str; 40] = [
        "select",
        "from",
        "where",
        "and",
        "or",
        "insert",
        "into",
        "values",
        "update",
        "set",
        "delete",
        "join",
        "on",
        "as",
        "order",
        "by",
        "limit",
        "offset",
        "returning",
        "not",
        "null",
        "in",
        "is",
        "left",
        "inner",
        "outer",
        "group",
        "having",
        "desc",
        "asc",
        "with",
        "conflict",
        "do",
        "nothing",
        "exists",
        "like",
        "between",
        "distinct",
        "count",
        "using",
    ];
    let mut out = BTreeSet::new();
    let mut quoted = false;
    for part in sql.split('\'') {
        if !quoted {
            for word in part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')) {
                let lower = word.to_ascii_lowercase();
                let name = word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.len() > 1 || word == "*";
                if name && !KEYWORDS.contains(&lower.as_str()) {
                    out.insert(SmolStr::from(word));
                }
            }
        }
        quoted = !quoted;
    }
    out.into_iter().take(80).collect()
}

/// A type that is mapped onto a table: its fields are columns.
fn mapped(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    if ty.interface || ty.fields.is_empty() {
        return;
    }
    let annotation = |names: &[&str]| ty.annotations.iter().find(|a| names.contains(&a.simple()));
    let own = |names: &[&str], args: &[&str]| {
        annotation(names).and_then(|a| args.iter().find_map(|n| a.arg(n)).and_then(Expr::as_str))
    };
    let lang = code.unit.lang;
    let table = match lang {
        Lang::Java | Lang::Kotlin | Lang::Scala => {
            if annotation(&["Entity", "Table", "MappedEntity"]).is_none() {
                return;
            }
            own(&["Table", "MappedEntity"], &["name", "value"]).cloned()
        }
        Lang::CSharp => {
            let id = ty.fields.iter().any(|f| f.name == "Id" || f.name == format!("{}Id", ty.name));
            if !id && annotation(&["Table"]).is_none() {
                return;
            }
            own(&["Table"], &["value"]).cloned()
        }
        Lang::Python => {
            let named = ty
                .fields
                .iter()
                .find(|f| f.name == "__tablename__")
                .and_then(|f| f.init.as_ref())
                .and_then(Expr::as_str);
            let model =
                ty.super_texts.iter().chain(&ty.supers).any(|s| s.ends_with("models.Model") || s.ends_with("db.Model"));
            if named.is_none() && !model {
                return;
            }
            named.cloned()
        }
        Lang::Script => {
            let Some(entity) = annotation(&["Entity", "Table"]) else { return };
            entity.positional(0).and_then(Expr::as_str).cloned()
        }
        Lang::Go => {
            let tagged =
                |f: &super::ir::Field| f.annotations.iter().any(|a| matches!(a.simple(), "db" | "gorm" | "bun"));
            if !ty.fields.iter().any(tagged) {
                return;
            }
            None
        }
        Lang::Ruby | Lang::Php | Lang::Elixir | Lang::Rust | Lang::Cpp => return,
    };
    let table = table.filter(|t| !t.is_empty()).unwrap_or_else(|| entity_name(&ty.name));
    let mut columns = Vec::new();
    for field in &ty.fields {
        let of = |names: &[&str]| field.annotations.iter().find(|a| names.contains(&a.simple()));
        if of(&["Transient", "NotMapped", "OneToMany", "ManyToMany", "Ignore", "JsonIgnore"]).is_some()
            || field.name.starts_with("__")
        {
            continue;
        }
        let named = of(&["Column", "JoinColumn", "MappedProperty"]).and_then(column_name).or_else(|| {
            of(&["db", "bun"])
                .and_then(|a| a.positional(0))
                .and_then(Expr::as_str)
                .map(|t| t.split(',').next().unwrap_or(t).into())
        });
        let column = named.unwrap_or_else(|| field.name.clone());
        let key = of(&["Column", "JoinColumn"]).is_some_and(|a| {
            a.args.iter().any(|x| {
                x.name.as_deref() == Some("unique") && matches!(x.value.kind, ExprKind::Bool(true))
                    || matches!(x.value.key("unique").map(|e| &e.kind), Some(ExprKind::Bool(true)))
            })
        });
        if key || of(&["NaturalId"]).is_some() {
            say(sink, field.span, &table, &column, AlterKind::Unique, "");
        }
        columns.push(column);
    }
    if let Some(a) = annotation(&["Table"])
        && mentions_call(a, "UniqueConstraint")
    {
        say(sink, a.span, &table, "", AlterKind::Unique, "");
    }
    sink.stated(
        Claim::Columns(Columns { table, columns, mapped: true, within: ty.name.clone() }),
        Span { end_line: ty.span.line, ..ty.span },
    );
}

fn column_name(a: &Annotation) -> Option<SmolStr> {
    let text = a
        .arg("name")
        .and_then(Expr::as_str)
        .or_else(|| a.positional(0).and_then(|e| e.as_str().or_else(|| e.key("name").and_then(Expr::as_str))));
    text.filter(|t| !t.is_empty()).cloned()
}

fn mentions_call(a: &Annotation, name: &str) -> bool {
    let mut found = a.args.iter().any(|x| x.name.as_deref() == Some("uniqueConstraints"));
    for arg in &a.args {
        arg.value.walk(&mut |e| found |= matches!(&e.kind, ExprKind::Name(n) if n == name));
    }
    found
}

fn entity_name(ty: &str) -> SmolStr {
    ["Entity", "Model", "Record"].iter().find_map(|s| ty.strip_suffix(s)).filter(|t| !t.is_empty()).unwrap_or(ty).into()
}
