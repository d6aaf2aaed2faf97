//! go-zero: stores, caches, queues and clients that are made of parts of its configuration. See `gozero.md`.
//!
//! Configuration is one structure, filled from a document whose keys are the fields' names: `c.Cache` is the section `Cache`.

use super::split;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, Hole, Message, SmolStr, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-zero",
    version: 1,
    page: include_str!("gozero.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let used = code.unit.imports.iter().any(|i| i.path.contains("go-zero/") || i.path.contains("go-queue/"));
    if !used || super::test_file(code) {
        return;
    }
    for site in code.calls().iter().filter(|s| !s.call.new) {
        let callee = code.callee(site.call, site.function);
        let Some((module, member)) = split(&callee) else { continue };
        let arg = |i: usize| site.call.arg(i).map(|a| code.value(a, site.function));
        let ends = |end: &str| module.ends_with(end);
        match member {
            "MustLoad" | "Load" | "LoadConfig" if ends("core/conf") => bound(code, site, sink),
            "NewMysql" if ends("stores/sqlx") => store(code, site, System::Mysql, arg(0), sink),
            "NewSqlConn" if ends("stores/sqlx") => {
                let driver = arg(0).and_then(|v| v.as_text());
                let postgres = driver.is_some_and(|d| d == "postgres" || d == "pgx");
                store(code, site, if postgres { System::Postgres } else { System::Mysql }, arg(1), sink);
            }
            "New" if ends("stores/postgres") => store(code, site, System::Postgres, arg(0), sink),
            "MustNewModel" | "NewModel" if ends("stores/mon") || ends("stores/monc") => {
                store(code, site, System::Mongo, arg(0), sink);
            }
            "MustNewRedis" | "NewRedis" | "New" if ends("stores/redis") => {
                let host = arg(0).map(|v| below(&v, "Host").unwrap_or(v));
                store(code, site, System::Redis, host, sink);
            }
            "New" | "NewNode" | "NewConn" if ends("stores/cache") || ends("stores/sqlc") || ends("stores/monc") => {
                cached(code, site, sink);
            }
            "MustNewQueue" | "NewQueue" if ends("go-queue/kq") => {
                let Some(conf) = arg(0) else { continue };
                let part = |name: &str| below(&conf, name).unwrap_or_default();
                queue(code, site, false, part("Topic"), Some(part("Group")), part("Brokers[0]"), sink);
            }
            "NewPusher" if ends("go-queue/kq") => {
                let brokers = arg(0).unwrap_or_default();
                queue(code, site, true, arg(1).unwrap_or_default(), None, brokers, sink);
            }
            // Models are generated with a cache beside the connection: `model.NewOrderModel(conn, c.Cache)`.
            _ if member.starts_with("New") && member.ends_with("Model") && site.call.args.len() > 1 => {
                cached(code, site, sink);
            }
            _ => {}
        }
    }
}

/// A part of what a configuration structure's field holds.
fn below(conf: &Value, name: &str) -> Option<Value> {
    match conf.as_hole() {
        Some(Hole::Ref(path)) => Some(Value::reference(format_smolstr!("{path}.{name}"))),
        Some(Hole::Config { key, .. }) => Some(Value::config(format_smolstr!("{key}.{name}"), None)),
        _ => None,
    }
}

/// `conf.MustLoad(file, &c)`: the whole document is the type of `c`.
fn bound(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some(target) = site.call.arg(1) else { return };
    let origin = code.origin(target, site.function);
    let ty = origin.rsplit(['#', '.', '/']).next().unwrap_or_default();
    if ty.starts_with(char::is_uppercase) {
        let claim = Constant { symbol: format_smolstr!("{ty}.<section>"), value: Value::default() };
        sink.stated(Claim::Constant(claim), site.span());
    }
}

fn store(code: &Code<'_>, site: &Site<'_>, system: System, address: Option<Value>, sink: &mut Sink) {
    let address = address.filter(|v| !opaque(v)).unwrap_or_default();
    let within = code.within(site.function);
    let store = Store { system, address, database: None, client: "go-zero".into(), within };
    sink.stated(Claim::Store(store), site.span());
}

/// The nodes of a cache are a list of Redis servers; what is called `Cache` is one.
fn cached(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let confs = site.call.args.iter().map(|a| code.value(&a.value, site.function));
    let about = |v: &Value| match v.as_hole() {
        Some(Hole::Ref(path)) => path.rsplit('.').next().is_some_and(|name| name.contains("Cache")),
        _ => false,
    };
    if let Some(conf) = confs.into_iter().find(about) {
        store(code, site, System::Redis, below(&conf, "0.Host"), sink);
    }
}

fn queue(
    code: &Code<'_>,
    site: &Site<'_>,
    publish: bool,
    topic: Value,
    group: Option<Value>,
    brokers: Value,
    sink: &mut Sink,
) {
    let known = |v: Value| (!opaque(&v) && !v.is_empty()).then_some(v);
    let message = Message {
        address: known(brokers),
        group: group.and_then(known),
        payload: None::<SmolStr>,
        ..Message::to(
            System::Kafka,
            publish,
            known(topic).unwrap_or_default(),
            "go-queue".into(),
            code.within(site.function),
        )
    };
    sink.stated(Claim::Message(message), site.span());
}

/// Whether a value is nothing that could be followed.
fn opaque(value: &Value) -> bool {
    matches!(value.as_hole(), Some(Hole::Opaque(_)))
}
