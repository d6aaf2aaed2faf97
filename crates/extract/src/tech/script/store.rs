//! Databases and caches that scripts open, with drivers, mappers and framework modules. See `store.md`.

use super::options;
use super::store_table::{At, OPENERS, Opener};
use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, Hole, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-store",
    version: 2,
    page: include_str!("store.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if let Some(opener) = OPENERS.iter().find(|o| o.0 == callee) {
            open(code, site, opener, sink);
        } else if callee.ends_with("#CacheModule.register") || callee.ends_with("#CacheModule.registerAsync") {
            cache(code, site, sink);
        } else if callee.ends_with("#PrismaClient") && site.call.new {
            prisma(code, site, sink);
        } else {
            collection(code, site, &callee, sink);
        }
    }
    factories(code, sink);
    entities(code, sink);
    prisma_services(code, sink);
}

fn open(code: &Code<'_>, site: &Site<'_>, opener: &Opener, sink: &mut Sink) {
    let (name, system, at, default) = *opener;
    let function = site.function;
    // `require('connect-redis')(session)` only makes the class.
    if name.starts_with("connect-") && !site.call.new && !name.ends_with("create") {
        return;
    }
    let found = match at {
        At::Sequelize => sequelize(code, site.call, function),
        At::PortHost => port_host(code, site.call, function),
        At::Arg(index) => site.call.arg(index).and_then(|a| settings(code, a, function)),
        At::Key(key) => site.call.arg(0).and_then(|a| keyed(code, a, function, key)),
    };
    let found = found.unwrap_or_default();
    // The class that is asked for options states the address.
    let by_class = |a: &Expr| ["useClass", "useExisting"].iter().any(|k| options::key(code, a, function, k).is_some());
    if site.call.arg(0).is_some_and(by_class) {
        return;
    }
    // A method of an object that was opened elsewhere (`client.connect()`), or a session store over an own client.
    if found.address.is_none()
        && (name.ends_with(".connect") || name.starts_with("connect-") || name.starts_with("@keyv"))
    {
        return;
    }
    let address = match (found.address, default) {
        (Some(address), _) => address,
        (None, Some((variable, value))) => {
            let value = Value::text(value);
            let address = match variable.is_empty() {
                true => value,
                false => Value::env(variable, (!value.is_empty()).then_some(value)),
            };
            sink.inferred(
                store(found.system.unwrap_or(system), address, found.database, code, site, name),
                site.span(),
            );
            return;
        }
        (None, None) => Value::default(),
    };
    sink.stated(store(found.system.unwrap_or(system), address, found.database, code, site, name), site.span());
}

fn store(
    system: System,
    address: Value,
    database: Option<Value>,
    code: &Code<'_>,
    site: &Site<'_>,
    name: &str,
) -> Claim {
    let client = name.split('#').next().unwrap_or(name);
    Claim::Store(Store { system, address, database, client: client.into(), within: code.within(site.function) })
}

/// What options say about a connection.
#[derive(Default)]
struct Found {
    address: Option<Value>,
    database: Option<Value>,
    system: Option<System>,
}

/// The product that a mapper's `type`, `dialect` or `client` names.
fn product(text: &str) -> Option<System> {
    Some(match text {
        "postgres" | "pg" | "postgresql" | "cockroachdb" | "aurora-postgres" | "pg-native" => System::Postgres,
        "mysql" | "mysql2" | "mariadb" | "aurora-mysql" => System::Mysql,
        "mssql" | "tedious" => System::SqlServer,
        "oracle" | "oracledb" => System::Oracle,
        "sqlite" | "sqlite3" | "better-sqlite3" | "sqljs" => System::Sqlite,
        "mongodb" | "mongo" => System::Mongo,
        _ => return None,
    })
}

/// The settings that an argument holds: an address itself, options, or a factory that returns options.
fn settings(code: &Code<'_>, arg: &Expr, function: usize) -> Option<Found> {
    let (resolved, at) = code.resolved(arg, function);
    match &resolved.kind {
        ExprKind::Object(_) => {
            if let Some((factory, factory_at)) = options::key(code, resolved, at, "useFactory") {
                let (returned, returned_at) = options::returned(code, factory, factory_at)?;
                return settings(code, returned, returned_at);
            }
            Some(read(code, resolved, at))
        }
        ExprKind::List(items) => settings(code, items.first()?, at),
        ExprKind::Lambda(_) => {
            let (returned, at) = options::returned(code, resolved, at)?;
            settings(code, returned, at)
        }
        _ => {
            let value = code.value(arg, function);
            (!options::is_null(&value)).then(|| Found { address: Some(loose(value)), ..Found::default() })
        }
    }
}

/// Settings below one key; the options themselves where the key is missing.
fn keyed(code: &Code<'_>, arg: &Expr, function: usize, key: &str) -> Option<Found> {
    let (resolved, at) = code.resolved(arg, function);
    let outer = settings(code, arg, function)?;
    let Some((inner, inner_at)) = options::key(code, resolved, at, key) else {
        return Some(outer);
    };
    let inner = settings(code, inner, inner_at)?;
    Some(Found { system: outer.system.or(inner.system), ..inner })
}

fn read(code: &Code<'_>, object: &Expr, function: usize) -> Found {
    let word = |keys: &[&str]| options::value(code, object, function, keys).and_then(|v| v.as_text());
    let mut address = options::address(code, object, function);
    // Addresses one level down, and lists of nodes.
    for key in ["socket", "connection", "redis", "config", "replication", "master", "options", "pool"] {
        if address.is_none()
            && let Some((inner, at)) = options::key(code, object, function, key)
        {
            address = settings(code, inner, at).and_then(|f| f.address);
        }
    }
    const NODES: &[&str] = &["nodes", "hosts", "contactPoints", "rootNodes", "servers", "connectionURL", "filename"];
    let address = address.or_else(|| options::value(code, object, function, NODES));
    Found {
        address: address.map(loose),
        database: options::value(code, object, function, &["database", "dbName", "db", "keyspace"]),
        system: word(&["type", "dialect", "client", "driver"]).and_then(|t| product(&t)),
    }
}

/// A whole options object from elsewhere: its address is the object itself, its URL or its host.
fn loose(value: Value) -> Value {
    let with = |name: &str| match value.as_hole()? {
        Hole::Ref(path) if !path.ends_with(')') => Some(Value::reference(format_smolstr!("{path}.{name}"))),
        Hole::Config { key, default: None } if !says_address(key) => {
            Some(Value::config(format_smolstr!("{key}.{name}"), None))
        }
        _ => None,
    };
    match (with("url"), with("host")) {
        (Some(url), Some(host)) => Value::either([value, url, host]),
        _ => value,
    }
}

/// Whether a configuration key names an address rather than a group of settings.
fn says_address(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["url", "uri", "dsn", "host", "addr", "address", "endpoint", "string", "servers"].iter().any(|w| key.ends_with(w))
}

/// `new Sequelize(url, options)` and `new Sequelize(database, user, password, options)`.
fn sequelize(code: &Code<'_>, call: &Call, function: usize) -> Option<Found> {
    let last = call.args.last()?;
    let options = options::is_object(code, &last.value, function).then(|| settings(code, &last.value, function));
    let options = options.flatten();
    match (call.args.len(), options) {
        (1, Some(found)) => Some(found),
        (0..=2, found) => {
            let found = found.unwrap_or_default();
            Some(Found { address: found.address.or_else(|| Some(loose(code.value(call.arg(0)?, function)))), ..found })
        }
        (_, found) => {
            let database = call.arg(0).map(|a| code.value(a, function));
            // Options that stand elsewhere.
            let elsewhere = || Found { address: Some(loose(code.value(&last.value, function))), ..Found::default() };
            let found = found.unwrap_or_else(elsewhere);
            Some(Found { database: found.database.or(database), ..found })
        }
    }
}

/// `(port, host)`, `(port)`, `(url)` and `(options)`.
fn port_host(code: &Code<'_>, call: &Call, function: usize) -> Option<Found> {
    let first = call.arg(0)?;
    if let Some(second) = call.arg(1)
        && !options::is_object(code, second, function)
        && !matches!(second.kind, ExprKind::Lambda(_))
        && !options::is_object(code, first, function)
    {
        let (port, host) = (code.value(first, function), code.value(second, function));
        return Some(Found { address: Some(host.then(":".into()).then(port)), ..Found::default() });
    }
    let found = settings(code, first, function)?;
    let port_only = found.address.as_ref().and_then(Value::as_text).is_some_and(|t| t.parse::<u32>().is_ok());
    Some(match port_only {
        true => Found { address: found.address.map(|port| Value::text("localhost:").then(port)), ..found },
        false => found,
    })
}

/// `CacheModule.register({ store: redisStore, host, port })`; without a store the cache is in memory.
fn cache(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some(arg) = site.call.arg(0) else {
        return;
    };
    let (resolved, at) = code.resolved(arg, site.function);
    let (object, at) = match options::key(code, resolved, at, "useFactory") {
        Some((factory, at)) => match options::returned(code, factory, at) {
            Some(found) => found,
            None => return,
        },
        None => (resolved, at),
    };
    let Some((kind, kind_at)) = ["store", "stores"].iter().find_map(|k| options::key(code, object, at, k)) else {
        return;
    };
    let origin = code.origin(kind, kind_at).to_ascii_lowercase();
    if !origin.contains("redis") {
        return;
    }
    let inner = kind.as_call().and_then(|c| c.arg(0)).and_then(|a| settings(code, a, kind_at));
    // A store that is made by a call states its own address there.
    if kind.as_call().is_some() && inner.is_some() {
        return;
    }
    let found = read(code, object, at);
    let address = found.address.unwrap_or_else(|| "localhost:6379".into());
    sink.stated(store(System::Redis, address, None, code, site, "cache-manager#"), site.span());
}

/// The schema file says which product it is and where; the client may say otherwise.
fn prisma(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let stated = site.call.arg(0).and_then(|o| datasource(code, o, site.function));
    let client = "@prisma/client#";
    match stated {
        Some(address) => sink.stated(store(System::Sql, address, None, code, site, client), site.span()),
        None => {
            let address = Value::reference("datasource.url");
            sink.inferred(store(System::Sql, address, None, code, site, client), site.span());
        }
    }
}

/// `class Database extends PrismaClient`, as Nest's services are: what makes an object of it opens the store.
fn prisma_services(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        if !ty.supers.iter().any(|s| s == "PrismaClient") || !code.canonical_type("PrismaClient").contains('#') {
            continue;
        }
        let own = |site: &&Site<'_>| {
            site.call.callee.path().is_some_and(|p| p == "super") && code.function(site.function).owner == ty.name
        };
        let stated = code.calls().iter().find(own).and_then(|site| {
            let options = site.call.arg(0)?;
            Some((datasource(code, options, site.function)?, site.span()))
        });
        let within = format_smolstr!("{}.<type>", ty.name);
        let store =
            |address| Store { system: System::Sql, address, database: None, client: "@prisma/client".into(), within };
        match stated {
            Some((address, at)) => sink.stated(Claim::Store(store(address)), at),
            None => sink.inferred(Claim::Store(store(Value::reference("datasource.url"))), ty.span),
        }
    }
}

/// The address that a Prisma client's options give instead of the schema's.
fn datasource(code: &Code<'_>, options: &Expr, function: usize) -> Option<Value> {
    if let Some(url) = options::value(code, options, function, &["datasourceUrl"]) {
        return Some(url);
    }
    let (sources, at) = options::key(code, options, function, "datasources")?;
    let (source, at) = options::key(code, sources, at, "db")?;
    options::value(code, source, at, &["url"])
}

/// Methods by which Nest asks a class for connection options.
const FACTORIES: &[(&str, System)] = &[
    ("createMongooseOptions", System::Mongo),
    ("createTypeOrmOptions", System::Sql),
    ("createSequelizeOptions", System::Sql),
    ("createElasticsearchOptions", System::Elasticsearch),
    ("createRedisModuleOptions", System::Redis),
];

fn factories(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let Some((_, system)) = FACTORIES.iter().find(|(name, _)| *name == function.name) else {
            continue;
        };
        for stmt in &function.body {
            let Stmt::Return(result) = stmt else { continue };
            let Some(found) = settings(code, result, index) else {
                continue;
            };
            let claim = Store {
                system: found.system.unwrap_or(*system),
                address: found.address.unwrap_or_default(),
                database: found.database,
                client: "nestjs".into(),
                within: function.symbol(),
            };
            sink.stated(Claim::Store(claim), result.span);
        }
    }
}

/// Collections, models and tables by name.
fn collection(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (system, name) = match site.call.name() {
        "collection" if callee.contains("mongo") || code.imports("mongodb") => (Some(System::Mongo), site.call.arg(0)),
        "collection" if callee.contains("firestore") || callee.contains("firebase") => {
            (Some(System::Firestore), site.call.arg(0))
        }
        "model" if callee.starts_with("mongoose#") && site.call.args.len() > 1 => {
            (Some(System::Mongo), site.call.arg(0))
        }
        "define" if callee.starts_with("sequelize") => (None, site.call.arg(0)),
        _ => return,
    };
    let Some(name) = name.map(|n| code.value(n, site.function)).filter(|n| !n.is_empty()) else {
        return;
    };
    let access = Access { system, name, mode: AccessMode::Declare, within: code.within(site.function) };
    sink.stated(Claim::Access(access), site.span());
}

/// `@Entity('orders')` of TypeORM and MikroORM, `@Table({ tableName })` of Sequelize.
fn entities(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for annotation in &ty.annotations {
            let given = annotation.positional(0);
            let name = match annotation.simple() {
                "Entity" | "Table" => match given {
                    Some(e) if options::is_object(code, e, 0) => options::value(code, e, 0, &["name", "tableName"]),
                    Some(e) => Some(code.value(e, 0)),
                    None => Some(Value::text(ty.name.clone())),
                },
                _ => continue,
            };
            let name = name.unwrap_or_else(|| Value::text(ty.name.clone()));
            let access = Access { system: None, name, mode: AccessMode::Declare, within: ty.name.clone() };
            sink.stated(Claim::Access(access), annotation.span);
        }
    }
}
