//! Job queues over Redis: Bull, BullMQ and Bee-Queue, with Nest's modules for them. See `queue.md`.

use super::options;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, Policy, PolicyKind, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-queue",
    version: 1,
    page: include_str!("queue.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

const QUEUES: &[&str] = &["bull#", "bull#Queue", "bullmq#Queue", "bee-queue#", "bull#default"];
const WORKERS: &[&str] = &["bullmq#Worker", "bullmq#QueueEvents"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if site.call.new && (QUEUES.contains(&callee.as_str()) || WORKERS.contains(&callee.as_str())) {
            made(code, site, &callee, sink);
        } else if callee.contains("#BullModule.forRoot") || callee.contains("#BullModule.registerQueue") {
            module(code, site, sink);
        } else if matches!(site.call.name(), "add" | "addBulk" | "createJob" | "process") {
            used(code, site, sink);
        }
    }
    processors(code, sink);
}

/// `new Queue(name, options)`, `new Worker(name, handler, options)`.
fn made(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let rest = site.call.args.iter().skip(1).map(|a| &a.value);
    let address = rest.filter(|a| !matches!(a.kind, ExprKind::Lambda(_))).find_map(|a| address(code, a, site.function));
    store(address.clone(), code, site, sink);
    if callee == "bullmq#Worker"
        && let Some(name) = site.call.arg(0)
    {
        let topic = code.value(name, site.function);
        message(false, topic, address, code.within(site.function), site.span(), sink);
    }
}

fn address(code: &Code<'_>, arg: &Expr, function: usize) -> Option<Value> {
    let (resolved, at) = code.resolved(arg, function);
    if !matches!(resolved.kind, ExprKind::Object(_)) {
        return match resolved.kind {
            ExprKind::Str(_) | ExprKind::Either(_) | ExprKind::Concat(_) | ExprKind::Member(..) => {
                Some(code.value(arg, function))
            }
            _ => None,
        };
    }
    for key in ["redis", "connection"] {
        if let Some((inner, at)) = options::key(code, resolved, at, key) {
            let (object, object_at) = code.resolved(inner, at);
            return match &object.kind {
                ExprKind::Object(_) => options::address(code, object, object_at),
                // A client of its own, whose address is stated where it is made.
                ExprKind::Call(_) => None,
                _ => Some(code.value(inner, at)),
            };
        }
    }
    options::address(code, resolved, at)
}

fn store(address: Option<Value>, code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let within = code.within(site.function);
    if let Some(address) = address {
        let claim = Store { system: System::Redis, address, database: None, client: "bull".into(), within };
        sink.stated(Claim::Store(claim), site.span());
    }
}

fn message(publish: bool, topic: Value, address: Option<Value>, within: SmolStr, at: Span, sink: &mut Sink) {
    let message = Message { address, ..Message::to(System::Redis, publish, topic, "bull".into(), within) };
    sink.stated(Claim::Message(message), at);
}

/// `BullModule.forRoot({ redis })` and its asynchronous form.
fn module(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    for arg in &site.call.args {
        let (resolved, at) = code.resolved(&arg.value, site.function);
        let (object, at) = match options::key(code, resolved, at, "useFactory") {
            Some((factory, at)) => match options::returned(code, factory, at) {
                Some(found) => found,
                None => continue,
            },
            None => (resolved, at),
        };
        if matches!(object.kind, ExprKind::Object(_)) {
            store(address(code, object, at), code, site, sink);
        }
    }
}

/// `queue.add(…)` and `queue.process(…)` on a queue made here or injected.
fn used(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some(receiver) = site.call.receiver() else {
        return;
    };
    let (made, at) = code.resolved(receiver, site.function);
    let call = made.as_call().filter(|c| c.new && QUEUES.contains(&code.callee(c, at).as_str()));
    let injected = || {
        let ExprKind::Member(base, field) = &receiver.kind else {
            return None;
        };
        let this = matches!(&base.kind, ExprKind::Name(n) if n == "this");
        let ty = code.owner(site.function).filter(|_| this)?;
        let field = ty.fields.iter().find(|f| f.name == *field)?;
        let inject = field.annotations.iter().find(|a| a.simple() == "InjectQueue")?;
        Some(inject.positional(0).map(|e| code.value(e, 0)).unwrap_or_else(|| "default".into()))
    };
    let (topic, address) = match call {
        Some(call) => {
            let Some(name) = call.arg(0) else { return };
            (code.value(name, at), call.arg(1).and_then(|a| self::address(code, a, at)))
        }
        None => match injected() {
            Some(topic) => (topic, None),
            None => return,
        },
    };
    let publish = site.call.name() != "process";
    message(publish, topic, address, code.within(site.function), site.span(), sink);
    if publish {
        for arg in site.call.args.iter().skip(1) {
            policies(code, site, &arg.value, sink);
        }
    }
}

/// `{ attempts, backoff: { type, delay } }` of a job.
fn policies(code: &Code<'_>, site: &Site<'_>, arg: &Expr, sink: &mut Sink) {
    if !options::is_object(code, arg, site.function) {
        return;
    }
    let at = site.function;
    let on = code.within(at);
    let attempts = options::value(code, arg, at, &["attempts"]);
    let backoff = options::key(code, arg, at, "backoff").map(|(e, at)| match options::is_object(code, e, at) {
        true => (options::value(code, e, at, &["delay"]), options::value(code, e, at, &["type"])),
        false => (Some(code.value(e, at)), None),
    });
    let policy = |kind, attempts, millis, detail: SmolStr| {
        Claim::Policy(Policy { kind, on: on.clone(), attempts, millis, detail, within: on.clone() })
    };
    if let Some(attempts) = attempts {
        sink.stated(policy(PolicyKind::Retry, Some(attempts), None, "bull".into()), site.span());
    }
    if let Some((delay, kind)) = backoff {
        let detail = match kind.and_then(|k| k.as_text()) {
            Some(kind) => format_smolstr!("bull, {kind}"),
            None => "bull".into(),
        };
        sink.stated(policy(PolicyKind::Backoff, None, delay, detail), site.span());
    }
}

/// `@Processor('queue')` classes.
fn processors(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for annotation in ty.annotations.iter().filter(|a| a.simple() == "Processor") {
            let topic = match annotation.positional(0) {
                Some(e) if options::is_object(code, e, 0) => options::value(code, e, 0, &["name"]).unwrap_or_default(),
                Some(e) => code.value(e, 0),
                None => "default".into(),
            };
            message(false, topic, None, ty.name.clone(), annotation.span, sink);
        }
    }
}
