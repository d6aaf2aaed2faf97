//! Where code changes stored data, and what a second run of the same change would do. See `writes.md`.
//!
//! Invariant: only what a library's own words or an SQL statement say counts as a write; a method of the workspace's own
//! that is called `save` is followed by linking, not believed.

use super::ir::{Arg, Call, Expr, ExprKind, Function, Stmt, walk_stmts};
use super::{Code, Site};
use crate::lang::Lang;
use crate::tech::sql;
use crate::{Extractor, Reads, Sink};
use seam_facts::{AccessMode, Claim, SmolStr, Span, Write, WriteKind};

pub static EXTRACTOR: Extractor =
    Extractor { id: "writes", version: 5, page: include_str!("writes.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        statements(code, index, function, sink);
    }
    for site in code.calls() {
        if let Some(found) = called(code, site) {
            state(code, found, site.function, site.span(), sink);
        }
    }
}

/// A write as it was seen.
struct Found {
    name: SmolStr,
    through: SmolStr,
    kind: WriteKind,
    keyed: bool,
}

impl Found {
    fn new(name: impl Into<SmolStr>, kind: WriteKind) -> Self {
        Found { name: name.into(), through: SmolStr::default(), kind, keyed: false }
    }
}

fn state(code: &Code<'_>, found: Found, function: usize, at: Span, sink: &mut Sink) {
    let keyed = found.keyed && found.kind == WriteKind::Insert && !makes_key(code.outermost(function), code);
    let write =
        Write { name: found.name, through: found.through, kind: found.kind, keyed, within: code.within(function) };
    sink.stated(Claim::Write(write), at);
}

/// SQL that stands in a function, or in a constant that a call of it names.
fn statements(code: &Code<'_>, index: usize, function: &Function, sink: &mut Sink) {
    let whole = index == 0 || function.name == "<type>";
    let mut visit = |expr: &Expr| {
        if matches!(expr.kind, ExprKind::Str(_) | ExprKind::Concat(_))
            && let Some(found) = statement(&text(expr))
        {
            state(code, found, index, expr.span, sink);
        }
    };
    for stmt in &function.body {
        // A constant's own place is not where it is run.
        if !(whole && matches!(stmt, Stmt::Assign { .. })) {
            each_whole(std::slice::from_ref(stmt), &mut visit);
        }
    }
    for annotation in &function.annotations {
        annotation.args.iter().for_each(|a| whole_texts(&a.value, &mut visit));
    }
    let mut named = Vec::new();
    walk_stmts(&function.body, &mut |expr| {
        if let Some(call) = expr.as_call()
            && runs_sql(call.name())
        {
            let name = |a: &&Arg| matches!(a.value.kind, ExprKind::Name(_) | ExprKind::Member(..));
            named.extend(call.args.iter().take(3).filter(name).map(|a| (&a.value, expr.span)));
        }
    });
    for (arg, at) in named {
        let resolved = code.resolved(arg, index);
        // What stands in the same function was seen already.
        let elsewhere = resolved.1 != index || whole;
        if elsewhere
            && matches!(resolved.0.kind, ExprKind::Str(_) | ExprKind::Concat(_))
            && let Some(found) = statement(&text(resolved.0))
        {
            state(code, found, index, at, sink);
        }
    }
}

fn runs_sql(name: &str) -> bool {
    const WORDS: [&str; 8] = ["exec", "query", "update", "prepare", "run", "command", "statement", "batch"];
    let lower = name.to_ascii_lowercase();
    WORDS.iter().any(|w| lower.contains(w)) || lower == "sql" || lower == "raw" || lower == "text"
}

/// Texts that are not parts of longer ones.
pub(super) fn each_whole<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { value, .. } => whole_texts(value, visit),
            Stmt::Expr(expr) | Stmt::Return(expr) => whole_texts(expr, visit),
            Stmt::Block { head, body, .. } => {
                if let Some(head) = head {
                    whole_texts(head, visit);
                }
                each_whole(body, visit);
            }
            Stmt::Leave(..) => {}
        }
    }
}

pub(super) fn whole_texts<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    if matches!(expr.kind, ExprKind::Str(_) | ExprKind::Concat(_)) {
        return visit(expr);
    }
    for child in expr.children() {
        whole_texts(child, visit);
    }
}

pub(super) fn text(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Str(text) => text.to_string(),
        ExprKind::Concat(parts) => parts.iter().map(text).collect(),
        _ => "{}".to_owned(),
    }
}

/// What an SQL statement changes.
fn statement(sql: &str) -> Option<Found> {
    let body = sql.lines().skip_while(|l| l.trim().is_empty() || l.trim_start().starts_with("--"));
    let start = body.clone().next()?.trim_start();
    let first: String = start.chars().take(8).collect::<String>().to_ascii_uppercase();
    if !["INSERT ", "UPDATE ", "DELETE ", "REPLACE ", "MERGE ", "UPSERT "]
        .iter()
        .any(|w| first.starts_with(w.trim_end()))
    {
        return None;
    }
    let sql: String = body.collect::<Vec<_>>().join(" ");
    let upper = sql.to_ascii_uppercase();
    let has = |word: &str| upper.contains(word);
    let kind = if first.starts_with("UPDATE") {
        if !has(" SET ") {
            return None;
        }
        if adds(&upper) { WriteKind::Add } else { WriteKind::Set }
    } else if first.starts_with("DELETE") {
        WriteKind::Delete
    } else if !has(" INTO ") {
        return None;
    } else if first.starts_with("INSERT") {
        const AGAIN: [&str; 6] =
            ["ON CONFLICT", "ON DUPLICATE KEY", "INSERT IGNORE", "OR IGNORE", "OR REPLACE", "NOT EXISTS"];
        if AGAIN.iter().any(|w| has(w)) { WriteKind::Upsert } else { WriteKind::Insert }
    } else {
        WriteKind::Upsert
    };
    let (name, _) = sql::tables(sql.trim()).into_iter().find(|(_, m)| *m == AccessMode::Write)?;
    let columns = upper.split_once('(').map(|(_, rest)| rest.split(')').next().unwrap_or(""));
    let keyed =
        columns.is_some_and(|c| c.split(',').any(|c| is_key(c.trim_matches(|c: char| !c.is_alphanumeric()), &name)));
    Some(Found { keyed, ..Found::new(name, kind) })
}

/// `SET stock = stock - 1`.
fn adds(upper: &str) -> bool {
    let Some((_, set)) = upper.split_once(" SET ") else { return false };
    let set = set.split(" WHERE ").next().unwrap_or(set);
    set.split(',').any(|assignment| {
        let Some((column, value)) = assignment.split_once('=') else { return false };
        let plain = |t: &str| t.trim().trim_matches(['`', '"', '[', ']']).to_owned();
        let column = plain(column);
        let value = plain(value.trim().trim_start_matches(['(', '`', '"', '[']));
        let short = column.rsplit('.').next().unwrap_or(&column);
        let rest = value.strip_prefix(column.as_str()).or_else(|| {
            value.rsplit_once('.').map_or(Some(value.as_str()), |(_, v)| Some(v)).and_then(|v| v.strip_prefix(short))
        });
        !column.is_empty()
            && rest.is_some_and(|r| r.trim_start_matches(['`', '"', ']', ' ']).starts_with(['+', '-', '|']))
    })
}

/// Whether a column or field is a row's own key.
fn is_key(column: &str, table: &str) -> bool {
    let plain = |t: &str| t.to_ascii_lowercase().replace(['_', '-', '"', '`'], "");
    let (column, table) = (plain(column), plain(table.rsplit('.').next().unwrap_or(table)));
    let stem = table.strip_suffix("ies").map_or_else(|| table.trim_end_matches('s').to_owned(), |t| format!("{t}y"));
    let own = ["id", "uuid", "guid", "key", "code", "number"]
        .iter()
        .any(|k| column.len() > k.len() + 1 && column.strip_suffix(k).is_some_and(|c| stem.ends_with(c)));
    matches!(column.as_str(), "id" | "uuid" | "guid" | "messageid" | "eventid" | "idempotencykey" | "requestid") || own
}

/// Whether a function makes up new keys.
fn makes_key(function: &Function, code: &Code<'_>) -> bool {
    let mut found = false;
    let mut visit = |expr: &Expr| {
        if let Some(call) = expr.as_call() {
            let path = call.callee.path().unwrap_or_default().to_ascii_lowercase();
            found |= ["uuid", "guid", "nanoid", "ulid", "randomid", "objectid.generate", "generateid", "newid"]
                .iter()
                .any(|w| path.contains(w))
                && !path.contains("parse")
                && !path.contains("fromstring");
        }
    };
    walk_stmts(&function.body, &mut visit);
    for inner in code.unit.functions.iter().filter(|f| f.name == "<lambda>" && f.owner == function.owner) {
        if inner.span.line >= function.span.line && inner.span.end_line <= function.span.end_line {
            walk_stmts(&inner.body, &mut visit);
        }
    }
    found
}

const INSERT: &[&str] = &[
    "insert_one",
    "insert_many",
    "insertOne",
    "insertMany",
    "InsertOne",
    "InsertMany",
    "InsertOneAsync",
    "InsertManyAsync",
];
const UPDATE: &[&str] = &[
    "update_one",
    "update_many",
    "updateOne",
    "updateMany",
    "UpdateOne",
    "UpdateMany",
    "UpdateByID",
    "UpdateOneAsync",
    "UpdateManyAsync",
    "find_one_and_update",
    "findOneAndUpdate",
    "FindOneAndUpdate",
    "FindOneAndUpdateAsync",
    "findByIdAndUpdate",
    "updateFirst",
    "updateMulti",
];
const REPLACE: &[&str] =
    &["replace_one", "replaceOne", "ReplaceOne", "ReplaceOneAsync", "find_one_and_replace", "findOneAndReplace"];
const DELETE: &[&str] = &[
    "delete_one",
    "delete_many",
    "deleteOne",
    "deleteMany",
    "DeleteOne",
    "DeleteMany",
    "DeleteOneAsync",
    "DeleteManyAsync",
    "findByIdAndDelete",
    "find_one_and_delete",
    "findOneAndDelete",
];

/// What a call of a library changes.
fn called(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    let call = site.call;
    let name = call.name();
    let document =
        |kind| Some(Found { keyed: gives_key(code, call, site.function), ..Found::new(collection(code, site), kind) });
    if INSERT.contains(&name) {
        return document(WriteKind::Insert);
    }
    if UPDATE.contains(&name) {
        return document(updated(call));
    }
    if REPLACE.contains(&name) {
        return document(WriteKind::Upsert);
    }
    if DELETE.contains(&name) {
        return document(WriteKind::Delete);
    }
    match name {
        "put_item" | "PutItem" | "putItem" | "PutItemAsync" | "PutItemCommand" | "PutCommand" => {
            return Some(Found::new(named_key(call, &["TableName", "tableName"]), WriteKind::Upsert));
        }
        "insertInto" | "insert_into" => return Some(Found::new(last_of(call.arg(0)?), WriteKind::Insert)),
        _ => {}
    }
    match code.unit.lang {
        Lang::Java | Lang::Kotlin | Lang::Scala => jvm(code, site),
        Lang::CSharp => dotnet(code, site),
        Lang::Python => python(code, site),
        Lang::Go => golang(code, site),
        Lang::Script => script(code, site),
        Lang::Ruby => ruby(call),
        Lang::Php => php(code, site),
        Lang::Elixir => elixir(call),
        Lang::Cpp => cpp(call),
        Lang::Rust => None,
    }
}

/// The table of a library's verbs: what each does.
fn verb(name: &str, table: &[(&str, WriteKind)]) -> Option<WriteKind> {
    table.iter().find(|(verb, _)| *verb == name).map(|(_, kind)| *kind)
}

/// Members of a mapper that somebody declared for a statement: their names begin with what the statement does.
fn member(name: &str) -> Option<WriteKind> {
    let begins = |word: &str| {
        name.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    const WORDS: [(&str, WriteKind); 6] = [
        ("insert", WriteKind::Insert),
        ("batchInsert", WriteKind::Insert),
        ("update", WriteKind::Set),
        ("batchUpdate", WriteKind::Set),
        ("delete", WriteKind::Delete),
        ("batchDelete", WriteKind::Delete),
    ];
    WORDS.iter().find(|(word, _)| begins(word)).map(|(_, kind)| *kind)
}

fn jvm(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("save", WriteKind::Save),
        ("saveAll", WriteKind::Save),
        ("saveAndFlush", WriteKind::Save),
        ("insert", WriteKind::Insert),
        ("insertSelective", WriteKind::Insert),
        ("persist", WriteKind::Insert),
        ("persistAndFlush", WriteKind::Insert),
        ("merge", WriteKind::Save),
        ("update", WriteKind::Set),
        ("updateById", WriteKind::Set),
        ("updateByPrimaryKey", WriteKind::Set),
        ("updateByPrimaryKeySelective", WriteKind::Set),
        ("delete", WriteKind::Delete),
        ("deleteById", WriteKind::Delete),
        ("deleteAll", WriteKind::Delete),
    ];
    let origin = code.origin(site.call.receiver()?, site.function);
    let ty = origin.rsplit(['.', '#']).next().unwrap_or(&origin);
    let declared = || ["Mapper", "Dao", "DAO"].iter().any(|end| ty.ends_with(end)).then(|| member(site.call.name()));
    let kind = verb(site.call.name(), VERBS).or_else(|| declared().flatten())?;
    let repository = ["Repository", "Repo", "Dao", "DAO", "Mapper"].iter().find_map(|s| ty.strip_suffix(s));
    let template =
        matches!(ty, "EntityManager" | "MongoTemplate" | "MongoOperations" | "ReactiveMongoTemplate" | "Session");
    let entity = match repository {
        Some(stem) => SmolStr::from(stem),
        None if template => made_type(code, site.call.arg(0), site.function).unwrap_or_default(),
        None => return None,
    };
    let fresh = kind == WriteKind::Save && is_fresh(code, site);
    let through = if template { SmolStr::default() } else { ty.into() };
    Some(Found { through, ..Found::new(entity, if fresh { WriteKind::Insert } else { kind }) })
}

fn dotnet(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("Add", WriteKind::Insert),
        ("AddAsync", WriteKind::Insert),
        ("AddRange", WriteKind::Insert),
        ("AddRangeAsync", WriteKind::Insert),
        ("Update", WriteKind::Save),
        ("Remove", WriteKind::Delete),
        ("RemoveRange", WriteKind::Delete),
        ("SaveChanges", WriteKind::Save),
        ("SaveChangesAsync", WriteKind::Save),
        ("Store", WriteKind::Upsert),
    ];
    let kind = verb(site.call.name(), VERBS)?;
    let path = site.call.receiver()?.path()?;
    let path = path.strip_prefix("this.").unwrap_or(&path);
    let (on, set) = path.split_once('.').unwrap_or((path, ""));
    let lower = on.to_ascii_lowercase();
    let context = lower.contains("context") || lower.trim_start_matches('_').starts_with("db");
    match site.call.name() {
        "Store" if lower.contains("session") && code.imports("Marten") => Some(Found::new("", kind)),
        "Store" => None,
        _ if context && !set.contains('.') => Some(Found::new(set, kind)),
        // Whatever it is called: by the type that is written.
        _ => {
            let origin = code.origin(site.call.receiver()?, site.function);
            let ty = origin.rsplit(['.', '#']).next().unwrap_or(&origin);
            (ty == "DbSet" || ty.ends_with("DbContext")).then(|| Found::new("", kind))
        }
    }
}

fn python(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("add", WriteKind::Insert),
        ("add_all", WriteKind::Insert),
        ("merge", WriteKind::Upsert),
        ("create", WriteKind::Insert),
        ("acreate", WriteKind::Insert),
        ("bulk_create", WriteKind::Insert),
        ("get_or_create", WriteKind::Upsert),
        ("update_or_create", WriteKind::Upsert),
        ("save", WriteKind::Save),
        ("insert", WriteKind::Insert),
        ("update_item", WriteKind::Set),
    ];
    let call = site.call;
    let kind = verb(call.name(), VERBS)?;
    if call.name() == "update_item" {
        return call.named("Key").map(|_| Found::new(named_key(call, &["TableName"]), kind));
    }
    // SQLAlchemy's tables: `orders_table.insert().values(…)`.
    if call.name() == "insert"
        && call.args.is_empty()
        && code.imports("sqlalchemy")
        && let Some(path) = call.receiver().and_then(Expr::path)
    {
        let last = path.rsplit('.').next().unwrap_or(&path);
        return Some(Found::new(last.trim_end_matches("_table"), kind));
    }
    if call.name() == "insert" {
        let table = call.arg(0).filter(|_| call.receiver().is_none() && code.imports("sqlalchemy"))?;
        let upsert = calls_in(code, site.function, &["on_conflict_do_nothing", "on_conflict_do_update"]);
        return Some(Found::new(last_of(table), if upsert { WriteKind::Upsert } else { kind }));
    }
    let path = call.receiver()?.path()?;
    let last = path.rsplit('.').next().unwrap_or(&path);
    match call.name() {
        "add" | "add_all" | "merge" if last.to_ascii_lowercase().ends_with("session") || last == "session()" => {
            let name = made_type(code, call.arg(0), site.function).unwrap_or_default();
            let made = call.arg(0).and_then(|a| code.maker(a, site.function));
            let keyed = made
                .is_some_and(|(made, _)| made.args.iter().any(|a| a.name.as_ref().is_some_and(|n| is_key(n, &name))));
            Some(Found { keyed, ..Found::new(name, kind) })
        }
        "add" | "add_all" | "merge" => None,
        "save" => (call.args.is_empty() && ["django", "mongoengine", "peewee"].iter().any(|m| code.imports(m)))
            .then(|| Found::new(made_type(code, call.receiver(), site.function).unwrap_or_default(), kind)),
        "create" | "acreate" if last != "objects" => {
            let mapped = ["peewee", "tortoise"].iter().any(|m| code.imports(m));
            (mapped && last.starts_with(char::is_uppercase)).then(|| Found::new(last, kind))
        }
        _ => {
            let owner = path.strip_suffix(".objects")?;
            let name = owner.rsplit('.').next().unwrap_or(owner);
            let keyed = call.args.iter().any(|a| a.name.as_ref().is_some_and(|n| is_key(n, name)));
            Some(Found { keyed, ..Found::new(name, kind) })
        }
    }
}

fn golang(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("Create", WriteKind::Insert),
        ("CreateInBatches", WriteKind::Insert),
        ("Save", WriteKind::Save),
        ("Updates", WriteKind::Set),
        ("Update", WriteKind::Set),
        ("UpdateColumn", WriteKind::Set),
        ("FirstOrCreate", WriteKind::Upsert),
        ("Delete", WriteKind::Delete),
        ("Insert", WriteKind::Insert),
    ];
    let call = site.call;
    let kind = verb(call.name(), VERBS)?;
    if call.name() == "Insert" {
        let table = call.arg(0).and_then(Expr::as_str)?;
        return (code.imports("github.com/Masterminds/squirrel") || code.imports("github.com/doug-martin/goqu"))
            .then(|| Found::new(table.clone(), kind));
    }
    let receiver = call.receiver()?;
    let path = receiver.path().unwrap_or_default();
    if path.contains(".Create()") && call.name() == "Save" {
        return Some(Found::new("", WriteKind::Insert));
    }
    if !code.imports("gorm.io/gorm") && !code.imports("github.com/jinzhu/gorm") {
        return None;
    }
    let origin = code.origin(receiver, site.function);
    if !origin.contains("gorm")
        && !path.to_ascii_lowercase().contains("db")
        && !path.to_ascii_lowercase().contains("tx")
    {
        return None;
    }
    let name = made_type(code, call.arg(0), site.function).unwrap_or_default();
    let upsert = kind == WriteKind::Insert && mentions_in(receiver, "OnConflict");
    Some(Found::new(name, if upsert { WriteKind::Upsert } else { kind }))
}

fn script(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("create", WriteKind::Insert),
        ("createMany", WriteKind::Insert),
        ("bulkCreate", WriteKind::Insert),
        ("insert", WriteKind::Insert),
        ("save", WriteKind::Save),
        ("upsert", WriteKind::Upsert),
        ("findOrCreate", WriteKind::Upsert),
        ("update", WriteKind::Set),
        ("increment", WriteKind::Add),
        ("decrement", WriteKind::Add),
        ("delete", WriteKind::Delete),
        ("destroy", WriteKind::Delete),
        ("remove", WriteKind::Delete),
    ];
    let call = site.call;
    let kind = verb(call.name(), VERBS)?;
    let receiver = call.receiver()?;
    // `knex('orders').insert(…)`.
    if let Some(opened) = receiver.as_call()
        && let (Some(table), 1) = (opened.arg(0).and_then(Expr::as_str), opened.args.len())
        && matches!(opened.callee.path().as_deref(), Some("knex" | "db" | "trx" | "this.knex" | "this.db" | "tx"))
    {
        let upsert = kind == WriteKind::Insert && calls_in(code, site.function, &["onConflict"]);
        return Some(Found::new(table.clone(), if upsert { WriteKind::Upsert } else { kind }));
    }
    let path = receiver.path()?;
    let last = path.rsplit('.').next().unwrap_or(&path);
    if path.to_ascii_lowercase().contains("prisma") && !last.to_ascii_lowercase().contains("prisma") {
        let keyed = call.arg(0).and_then(|a| a.key("data")).is_some_and(|d| object_gives_key(d, last));
        return Some(Found { keyed, ..Found::new(last, kind) });
    }
    if ["Repository", "Repo"].iter().any(|s| last.ends_with(s)) && kind != WriteKind::Delete {
        // TypeORM's `create` only makes the object.
        let name = last.trim_end_matches("Repository").trim_end_matches("Repo");
        return (call.name() != "create").then(|| Found::new(name, kind));
    }
    let mapped = ["mongoose", "sequelize", "@nestjs/mongoose"].iter().any(|m| code.imports(m))
        || code.unit.imports.iter().any(|i| {
            let path = i.path.to_ascii_lowercase();
            path.contains("model") || path.contains("schema") || path.contains("entit")
        });
    if !mapped {
        return None;
    }
    if call.name() == "save" {
        // `new Order({…}).save()`: a new document; the arguments show whether it carries its key.
        let (made, _) = code.maker(receiver, site.function)?;
        let name = made.name();
        return (made.new && name.starts_with(char::is_uppercase)).then(|| {
            let keyed = made.arg(0).is_some_and(|a| object_gives_key(a, name));
            Found { keyed, ..Found::new(name, WriteKind::Insert) }
        });
    }
    let model = last.starts_with(char::is_uppercase) || last.ends_with("Model");
    let own = !matches!(last, "Object" | "NestFactory" | "Promise" | "Schema" | "Reflect");
    (model && own && !call.args.is_empty()).then(|| {
        let keyed = call.arg(0).is_some_and(|a| object_gives_key(a, last));
        Found { keyed, ..Found::new(last, kind) }
    })
}

fn ruby(call: &Call) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("create", WriteKind::Insert),
        ("create!", WriteKind::Insert),
        ("insert_all", WriteKind::Insert),
        ("find_or_create_by", WriteKind::Upsert),
        ("find_or_create_by!", WriteKind::Upsert),
        ("create_or_find_by", WriteKind::Upsert),
        ("upsert", WriteKind::Upsert),
        ("upsert_all", WriteKind::Upsert),
        ("save!", WriteKind::Save),
        ("update!", WriteKind::Set),
        ("update_all", WriteKind::Set),
        ("increment!", WriteKind::Add),
        ("decrement!", WriteKind::Add),
        ("destroy!", WriteKind::Delete),
    ];
    let kind = verb(call.name(), VERBS)?;
    let path = call.receiver()?.path()?;
    let class = path.starts_with(char::is_uppercase) && !path.contains("()");
    let needs_class = matches!(kind, WriteKind::Insert | WriteKind::Upsert);
    (class || !needs_class).then(|| Found::new(if class { path.as_str() } else { "" }, kind))
}

fn php(code: &Code<'_>, site: &Site<'_>) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("create", WriteKind::Insert),
        ("insert", WriteKind::Insert),
        ("updateOrCreate", WriteKind::Upsert),
        ("firstOrCreate", WriteKind::Upsert),
        ("upsert", WriteKind::Upsert),
        ("increment", WriteKind::Add),
        ("decrement", WriteKind::Add),
        ("persist", WriteKind::Insert),
    ];
    let call = site.call;
    let kind = verb(call.name(), VERBS)?;
    let receiver = call.receiver()?;
    let path = receiver.path().unwrap_or_default();
    if call.name() == "persist" {
        return code
            .imports("Doctrine")
            .then(|| Found::new(made_type(code, call.arg(0), site.function).unwrap_or_default(), kind));
    }
    if let Some(opened) = receiver.as_call().filter(|c| c.name() == "table") {
        return Some(Found::new(opened.arg(0).and_then(Expr::as_str).cloned().unwrap_or_default(), kind));
    }
    let class = path.starts_with(char::is_uppercase) && !path.contains('(');
    let mapped = code.unit.imports.iter().any(|i| i.path.contains("Models") || i.path.starts_with("Illuminate"));
    (class && mapped).then(|| Found::new(path.rsplit(['.', '\\']).next().unwrap_or(&path), kind))
}

fn elixir(call: &Call) -> Option<Found> {
    const VERBS: &[(&str, WriteKind)] = &[
        ("insert", WriteKind::Insert),
        ("insert!", WriteKind::Insert),
        ("insert_all", WriteKind::Insert),
        ("insert_or_update", WriteKind::Upsert),
        ("update", WriteKind::Set),
        ("update!", WriteKind::Set),
        ("update_all", WriteKind::Set),
        ("delete", WriteKind::Delete),
    ];
    let kind = verb(call.name(), VERBS)?;
    let path = call.receiver()?.path()?;
    if !path.ends_with("Repo") {
        return None;
    }
    let conflict =
        call.args.iter().any(|a| a.name.as_deref() == Some("on_conflict") || a.value.key("on_conflict").is_some());
    Some(Found::new("", if conflict && kind == WriteKind::Insert { WriteKind::Upsert } else { kind }))
}

fn cpp(call: &Call) -> Option<Found> {
    let verb = call.name().strip_prefix("mongoc_collection_")?;
    let kind = if verb.starts_with("insert") {
        WriteKind::Insert
    } else if verb.starts_with("replace") {
        WriteKind::Upsert
    } else if verb.starts_with("update") || verb.starts_with("find_and_modify") {
        WriteKind::Set
    } else if verb.starts_with("delete") || verb.starts_with("remove") {
        WriteKind::Delete
    } else {
        return None;
    };
    Some(Found::new("", kind))
}

/// `$inc` and `$push` change by an amount; `upsert` inserts what is not there.
fn updated(call: &Call) -> WriteKind {
    let (mut upsert, mut adds) = (false, false);
    let mut visit = |e: &Expr| match &e.kind {
        ExprKind::Object(entries) => {
            upsert |= entries.iter().any(|(k, v)| {
                k.trim_matches('"').eq_ignore_ascii_case("upsert") && matches!(v.kind, ExprKind::Bool(true))
                    || k == "IsUpsert"
            });
            adds |= entries.iter().any(|(k, _)| k.contains("$inc") || k.contains("$push"));
        }
        ExprKind::Str(text) => adds |= text == "$inc" || text == "$push",
        ExprKind::Call(inner) => {
            upsert |= matches!(inner.name(), "SetUpsert" | "upsert");
            adds |= matches!(inner.name(), "Inc" | "Push" | "inc" | "push") && inner.receiver().is_some();
        }
        _ => {}
    };
    call.args.iter().for_each(|a| a.value.walk(&mut visit));
    upsert |=
        call.args.iter().any(|a| a.name.as_deref() == Some("upsert") && matches!(a.value.kind, ExprKind::Bool(true)));
    match (adds, upsert) {
        (true, _) => WriteKind::Add,
        (false, true) => WriteKind::Upsert,
        (false, false) => WriteKind::Set,
    }
}

/// The collection that a method is called on.
fn collection(code: &Code<'_>, site: &Site<'_>) -> SmolStr {
    let Some(receiver) = site.call.receiver() else { return SmolStr::default() };
    let opened = |e: &Expr| match &e.kind {
        ExprKind::Call(call) => call.arg(0).and_then(Expr::as_str).cloned(),
        ExprKind::Index(_, key) => key.as_str().cloned(),
        _ => None,
    };
    let resolved = code.resolved(receiver, site.function).0;
    // A field that is only called what it is does not say which one it holds.
    let named = || Some(last_of(receiver)).filter(|n| !is_any_collection(n));
    opened(receiver).or_else(|| opened(resolved)).or_else(named).unwrap_or_default()
}

fn is_any_collection(name: &str) -> bool {
    let name = name.trim_start_matches(['_', '$']).to_ascii_lowercase();
    matches!(
        name.as_str(),
        "collection" | "coll" | "col" | "c" | "dbcollection" | "mongocollection" | "db" | "database"
    )
}

fn last_of(expr: &Expr) -> SmolStr {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name.clone(),
        ExprKind::Str(text) => text.clone(),
        _ => SmolStr::default(),
    }
}

fn named_key(call: &Call, names: &[&str]) -> SmolStr {
    let direct = names.iter().find_map(|n| call.named(n));
    let inner = || call.args.iter().find_map(|a| names.iter().find_map(|n| a.value.key(n)));
    direct.or_else(inner).and_then(Expr::as_str).cloned().unwrap_or_default()
}

/// Whether a document that is inserted carries its own key.
fn gives_key(code: &Code<'_>, call: &Call, function: usize) -> bool {
    call.args.iter().take(2).any(|a| {
        let (value, _) = code.resolved(&a.value, function);
        object_gives_key(value, "")
    })
}

fn object_gives_key(expr: &Expr, table: &str) -> bool {
    match &expr.kind {
        ExprKind::Object(entries) => entries.iter().any(|(k, _)| k == "_id" || is_key(k, table)),
        ExprKind::Call(call) if call.new => call.args.iter().any(|a| object_gives_key(&a.value, table)),
        _ => false,
    }
}

fn made_type(code: &Code<'_>, expr: Option<&Expr>, function: usize) -> Option<SmolStr> {
    let (value, _) = code.resolved(expr?, function);
    let call = value.as_call()?;
    let name = call.name();
    name.starts_with(char::is_uppercase).then(|| name.into())
}

/// An entity that is made here, without a key that comes from outside.
fn is_fresh(code: &Code<'_>, site: &Site<'_>) -> bool {
    let Some(arg) = site.call.arg(0) else { return false };
    let (value, _) = code.resolved(arg, site.function);
    let Some(made) = value.as_call().filter(|c| c.new) else { return false };
    let mut keyed = calls_in(code, site.function, &["setId", "id"]);
    for arg in &made.args {
        arg.value.walk(&mut |e| match &e.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name) => {
                keyed |= name == "id" || name == "getId" || name.ends_with("Id") || name.ends_with("ID");
            }
            _ => {}
        });
    }
    !keyed
}

fn calls_in(code: &Code<'_>, function: usize, names: &[&str]) -> bool {
    code.calls_named(names).iter().any(|s| s.function == function)
}

fn mentions_in(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |e| match &e.kind {
        ExprKind::Name(n) | ExprKind::Member(_, n) => found |= n == name,
        _ => {}
    });
    found
}
