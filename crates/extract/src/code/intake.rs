//! How code takes its messages: when they are acknowledged, refused or given back, in any language. See `intake.md`.
//!
//! Invariant: an acknowledgement is early only where what follows it certainly runs after it: in the same block or in one
//! around it, never in another branch.

use super::ir::{BlockKind, Call, Expr, ExprKind, Stmt, walk_stmts};
use super::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Ack, Claim, Intake, Policy, PolicyKind, SmolStr, Span};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor =
    Extractor { id: "intake", version: 4, page: include_str!("intake.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        if let Some((client, ack, stated)) = taken(code, site) {
            state(code, site, client, ack, stated, sink);
        }
        if let Some((client, ack)) = returned(code, site)
            && !(ack == Ack::Requeued && waits(code, site))
        {
            state(code, site, client, ack, true, sink);
        }
        dead_letter(code, site, sink);
    }
    annotated(code, sink);
    if messaging(code) {
        for (index, function) in code.unit.functions.iter().enumerate() {
            early(code, index, &function.body, &[], sink);
        }
    }
}

fn state(code: &Code<'_>, site: &Site<'_>, client: &str, ack: Ack, stated: bool, sink: &mut Sink) {
    let does = if matches!(ack, Ack::Requeued | Ack::Rejected) { Vec::new() } else { handled(code, site) };
    let lines = (site.span().line, site.span().end_line);
    let intake = Intake { client: client.into(), ack, does, lines, within: code.within(site.function) };
    match stated {
        true => sink.stated(Claim::Intake(intake), site.span()),
        false => sink.inferred(Claim::Intake(intake), site.span()),
    }
}

/// Whether the function that gives a message back waits first: it does not come back at once.
fn waits(code: &Code<'_>, site: &Site<'_>) -> bool {
    let body = &code.unit.functions[site.function].body;
    super::pauses::found(code, site.function, body).is_some()
}

/// Whether an argument is, or is worth, this word.
fn is(code: &Code<'_>, expr: &Expr, function: usize, word: bool) -> bool {
    match &expr.kind {
        ExprKind::Bool(b) => *b == word,
        _ => code
            .value(expr, function)
            .as_text()
            .is_some_and(|t| t.eq_ignore_ascii_case(if word { "true" } else { "false" })),
    }
}

/// A key of any object in the arguments.
fn option<'e>(call: &'e Call, names: &[&str]) -> Option<&'e Expr> {
    if let Some(found) = names.iter().find_map(|n| call.named(n)) {
        return Some(found);
    }
    let mut found = None;
    for arg in &call.args {
        arg.value.walk(&mut |e| {
            if let ExprKind::Object(entries) = &e.kind {
                found = found
                    .or(entries.iter().find(|(k, _)| names.contains(&k.trim_matches(['"', '\'']))).map(|(_, v)| v));
            }
        });
    }
    found
}

/// A call that starts to take messages: library, mode, and whether the text says so.
fn taken(code: &Code<'_>, site: &Site<'_>) -> Option<(&'static str, Ack, bool)> {
    let (call, function) = (site.call, site.function);
    let automatic = |flag: Option<&Expr>| {
        let yes = flag.is_some_and(|f| is(code, f, function, true));
        if yes { Ack::Delivery } else { Ack::Last }
    };
    let named = |names: &[&str]| names.iter().find_map(|n| call.named(n));
    let lang = code.unit.lang;
    match call.name() {
        "basic_consume" if lang == Lang::Python => {
            Some(("pika", automatic(named(&["auto_ack", "no_ack"]).or_else(|| call.arg(2))), true))
        }
        "basic_consume" if lang == Lang::Php => {
            Some(("php-amqplib", automatic(named(&["no_ack"]).or_else(|| call.arg(3))), true))
        }
        "basic_consume" if lang == Lang::Rust && code.imports("amqprs") => {
            // The arguments are built before, and acknowledge by hand unless they are told otherwise.
            let told = |name: &str, word: bool| {
                code.calls_named(&[name])
                    .iter()
                    .any(|s| s.function == function && s.call.arg(0).is_some_and(|a| is(code, a, function, word)))
            };
            let by_itself = told("manual_ack", false) || told("auto_ack", true) || told("no_ack", true);
            Some(("amqprs", if by_itself { Ack::Delivery } else { Ack::Last }, true))
        }
        "basic_consume" if lang == Lang::Rust => Some(("lapin", automatic(option(call, &["no_ack"])), true)),
        "BasicConsume" | "BasicConsumeAsync" => {
            Some(("RabbitMQ.Client", automatic(named(&["autoAck", "noAck"]).or_else(|| call.arg(1))), true))
        }
        "basicConsume" if matches!(lang, Lang::Java | Lang::Kotlin | Lang::Scala) => {
            Some(("RabbitMQ Java client", automatic(call.arg(1)), true))
        }
        "Consume" if lang == Lang::Go && imports(code, &["amqp"]) => Some(("amqp091", automatic(call.arg(2)), true)),
        "ConsumeWithContext" if lang == Lang::Go && imports(code, &["amqp"]) => {
            Some(("amqp091", automatic(call.arg(3)), true))
        }
        "consume" if lang == Lang::Script && call.args.len() > 1 => {
            let known = imports(code, &["amqp"]) || option(call, &["noAck"]).is_some();
            known.then(|| ("amqplib", automatic(option(call, &["noAck"])), true))
        }
        "consume" | "iterator" if lang == Lang::Python && code.imports("aio_pika") => {
            Some(("aio_pika", automatic(named(&["no_ack"])), true))
        }
        "Consumer" if lang == Lang::Python && code.imports("kombu") => {
            Some(("kombu", automatic(named(&["no_ack"])), true))
        }
        "subscribe" if lang == Lang::Ruby && code.imports("bunny") => {
            let manual = option(call, &["manual_ack", "ack"]).is_some_and(|m| is(code, m, function, true));
            Some(("bunny", if manual { Ack::Last } else { Ack::Delivery }, true))
        }
        "consume"
            if lang == Lang::Elixir && call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("Basic")) =>
        {
            Some(("AMQP", automatic(option(call, &["no_ack"])), true))
        }
        "subscribe" if lang == Lang::Python && code.imports("stomp") => {
            let mode = named(&["ack"]).and_then(Expr::as_str)?;
            (mode == "auto").then_some(("stomp.py", Ack::Delivery, true))
        }
        "xreadgroup" => named(&["noack"]).map(|f| ("redis", automatic(Some(f)), true)),
        "AckNone" if imports(code, &["nats"]) && !chosen(code, site) => Some(("JetStream", Ack::Delivery, true)),
        "connectMicroservice" | "createMicroservice" if mentions(call, "RMQ") => {
            let flag = option(call, &["noAck"]);
            // Nest's documented default.
            let manual = flag.is_some_and(|f| is(code, f, function, false));
            Some(("Nest", if manual { Ack::Last } else { Ack::Delivery }, flag.is_some()))
        }
        "ReadMessage" if imports(code, &["segmentio/kafka-go"]) && grouped(code) => {
            Some(("kafka-go", Ack::Delivery, false))
        }
        _ => kafka(code, site).or_else(|| policy_words(code, call).filter(|_| !chosen(code, site))),
    }
}

/// Words that ask a broker not to wait for acknowledgements.
fn policy_words(code: &Code<'_>, call: &Call) -> Option<(&'static str, Ack, bool)> {
    // The innermost call that holds the word speaks.
    let mut found = None;
    for arg in &call.args {
        arg.value.walk(&mut |e| match &e.kind {
            ExprKind::Member(_, name) if name == "ReceiveAndDelete" || name == "RECEIVE_AND_DELETE" => {
                found = Some("Service Bus");
            }
            ExprKind::Str(text) if text == "receiveAndDelete" => found = Some("Service Bus"),
            ExprKind::Member(base, name)
                if matches!(name.as_str(), "AckNonePolicy" | "AckNone")
                    || name.eq_ignore_ascii_case("none")
                        && matches!(base.path(), Some(p) if p.ends_with("AckPolicy")) =>
            {
                found = Some("JetStream");
            }
            ExprKind::Call(inner) if inner.args.iter().any(|a| mentions_word(&a.value)) => found = None,
            _ => {}
        });
    }
    found.filter(|_| messaging(code)).map(|client| (client, Ack::Delivery, true))
}

/// Whether a branch decides that this call is made: then the mode is an option of the program's own.
fn chosen(code: &Code<'_>, site: &Site<'_>) -> bool {
    fn within(body: &[Stmt], line: u32, branch: bool) -> bool {
        body.iter().any(|stmt| match stmt {
            Stmt::Block { kind, body, span, .. } if span.line <= line && line <= span.end_line => {
                within(body, line, branch || *kind == BlockKind::Branch)
            }
            Stmt::Expr(e) | Stmt::Return(e) => branch && e.span.line <= line && line <= e.span.end_line,
            Stmt::Assign { span, .. } => branch && span.line <= line && line <= span.end_line,
            _ => false,
        })
    }
    within(&code.function(site.function).body, site.span().line, false)
}

fn mentions_word(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |e| {
        if let ExprKind::Member(_, name) = &e.kind {
            found |= matches!(name.as_str(), "ReceiveAndDelete" | "RECEIVE_AND_DELETE" | "AckNonePolicy");
        }
    });
    found
}

/// Consumers over librdkafka, and aiokafka: they commit in the background what was handed out. (The Java client and
/// kafka-python commit from within `poll`, after the work on what the last one gave.)
fn kafka(code: &Code<'_>, site: &Site<'_>) -> Option<(&'static str, Ack, bool)> {
    let (call, function) = (site.call, site.function);
    const AUTO: &[&str] = &["enable.auto.commit", "EnableAutoCommit", "enable_auto_commit"];
    const STORE: &[&str] = &["enable.auto.offset.store", "EnableAutoOffsetStore"];
    let client = match call.name() {
        "ConsumerConfig" if call.new && code.unit.lang == Lang::CSharp => "Confluent.Kafka",
        "Consumer" | "DeserializingConsumer" if code.imports("confluent_kafka") => "confluent-kafka",
        "AIOKafkaConsumer" if call.named("group_id").is_some() => "aiokafka",
        "NewConsumer" if imports(code, &["confluent-kafka-go"]) => "confluent-kafka-go",
        "KafkaConsumer" if call.new && imports(code, &["node-rdkafka"]) => "node-rdkafka",
        "set"
            if code.unit.lang == Lang::Rust
                && call.arg(0).and_then(Expr::as_str).is_some_and(|k| k == "enable.auto.commit") =>
        {
            let on = call.arg(1).is_some_and(|v| is(code, v, function, true));
            let stores = code.calls_named(&["set"]).iter().any(|s| {
                s.call.arg(0).and_then(Expr::as_str).is_some_and(|k| k == "enable.auto.offset.store")
                    && s.call.arg(1).is_some_and(|v| is(code, v, function, false))
            });
            return Some(("rdkafka", if on && !stores { Ack::Timer } else { Ack::Last }, true));
        }
        _ => return None,
    };
    let arg = call.arg(0).map(|a| code.resolved(a, function).0);
    let config = |names: &[&str]| option(call, names).or_else(|| names.iter().find_map(|n| arg.and_then(|a| a.key(n))));
    // A configuration that this file does not show says nothing.
    let shown = option(call, &["group.id", "GroupId"]).is_some()
        || arg.is_some_and(|a| matches!(a.kind, ExprKind::Object(_)))
        || client == "aiokafka";
    if config(STORE).is_some_and(|v| is(code, v, function, false)) {
        return Some((client, Ack::Last, true));
    }
    match config(AUTO) {
        Some(flag) if is(code, flag, function, true) => Some((client, Ack::Timer, true)),
        Some(_) => Some((client, Ack::Last, true)),
        None if shown => Some((client, Ack::Timer, false)),
        None => None,
    }
}

/// A message that is refused or given back.
fn returned(code: &Code<'_>, site: &Site<'_>) -> Option<(&'static str, Ack)> {
    let (call, function) = (site.call, site.function);
    let lang = code.unit.lang;
    let given = |flag: Option<&Expr>, default: bool| {
        let again =
            flag.map_or(Some(default), |f| match (is(code, f, function, true), is(code, f, function, false)) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            })?;
        Some(if again { Ack::Requeued } else { Ack::Rejected })
    };
    let requeue = call.named("requeue");
    Some(match call.name() {
        "basic_nack" => {
            (if lang == Lang::Php { "php-amqplib" } else { "pika" }, given(requeue.or_else(|| call.arg(2)), true)?)
        }
        "basic_reject" => {
            (if lang == Lang::Php { "php-amqplib" } else { "pika" }, given(requeue.or_else(|| call.arg(1)), true)?)
        }
        "BasicNack" | "BasicNackAsync" => ("RabbitMQ.Client", given(requeue.or_else(|| call.arg(2)), true)?),
        "BasicReject" | "BasicRejectAsync" => ("RabbitMQ.Client", given(requeue.or_else(|| call.arg(1)), true)?),
        "basicNack" => ("RabbitMQ Java client", given(call.arg(2), true)?),
        "basicReject" => ("RabbitMQ Java client", given(call.arg(1), true)?),
        "Nack" if lang == Lang::Go && imports(code, &["amqp"]) && call.args.len() == 2 => {
            ("amqp091", given(call.arg(1), true)?)
        }
        "Reject" if lang == Lang::Go && imports(code, &["amqp"]) && call.args.len() == 1 => {
            ("amqp091", given(call.arg(0), true)?)
        }
        "nack" if lang == Lang::Script && (imports(code, &["amqp"]) || call.args.len() > 1) => {
            ("amqplib", given(call.arg(2), true)?)
        }
        "reject"
            if lang == Lang::Script
                && imports(code, &["amqp"])
                && call.receiver().and_then(Expr::path).is_some_and(|p| p.to_ascii_lowercase().contains("channel")) =>
        {
            ("amqplib", given(call.arg(1), true)?)
        }
        "nack" if code.imports("aio_pika") => ("aio_pika", given(requeue, true)?),
        "reject" if code.imports("aio_pika") => ("aio_pika", given(requeue, false)?),
        _ => return None,
    })
}

/// A queue that is declared with a place for what is refused.
fn dead_letter(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    const KEY: &str = "x-dead-letter-exchange";
    const NAMES: [&str; 4] =
        ["deadLetterExchange", "DeadLetterExchange", "dead_letter_exchange", "withDeadLetterExchange"];
    let call = site.call;
    let own = NAMES.contains(&call.name());
    let direct = |e: &Expr| {
        match &e.kind {
        ExprKind::Str(text) => text == KEY,
        ExprKind::Object(entries) => entries.iter().any(|(k, v)| {
            let key = k.trim_matches(['"', '\'']);
            key == KEY || NAMES.contains(&key) || matches!(&v.kind, ExprKind::Object(inner) if inner.iter().any(|(k, _)| k.trim_matches(['"', '\'']) == KEY))
        }),
        _ => false,
    }
    };
    let given = || call.args.iter().any(|a| direct(&a.value) || direct(code.resolved(&a.value, site.function).0));
    if own || given() {
        let within = code.within(site.function);
        let policy = Policy {
            kind: PolicyKind::DeadLetter,
            on: within.clone(),
            attempts: None,
            millis: None,
            detail: "dead letter exchange".into(),
            within,
        };
        sink.stated(Claim::Policy(policy), site.span());
    }
}

/// `@RabbitListener(ackMode = "NONE")`, and a container factory that is told so.
fn annotated(code: &Code<'_>, sink: &mut Sink) {
    if !matches!(code.unit.lang, Lang::Java | Lang::Kotlin | Lang::Scala) {
        return;
    }
    let intake = |within: SmolStr, at: Span| Intake {
        client: "Spring AMQP".into(),
        ack: Ack::Delivery,
        does: Vec::new(),
        lines: (at.line, at.end_line),
        within,
    };
    for function in &code.unit.functions {
        for a in function.annotations.iter().filter(|a| a.simple() == "RabbitListener") {
            let none = a.args.iter().any(|x| {
                x.name.as_deref() == Some("ackMode") && x.value.as_str().is_some_and(|t| t.eq_ignore_ascii_case("none"))
            });
            if none {
                sink.stated(Claim::Intake(intake(function.symbol(), function.span)), a.span);
            }
        }
    }
    handed_on(code, sink);
    for site in code.calls_named(&["setAcknowledgeMode"]) {
        if site.call.arg(0).and_then(Expr::path).is_some_and(|p| p.ends_with("AcknowledgeMode.NONE") || p == "NONE") {
            sink.stated(Claim::Intake(intake(code.within(site.function), site.span())), site.span());
        }
    }
}

/// A listener that hands the work to another thread and returns: its container acknowledges then, whatever comes of the work.
fn handed_on(code: &Code<'_>, sink: &mut Sink) {
    const LISTENERS: &[(&str, &str)] = &[
        ("KafkaListener", "Spring Kafka"),
        ("RabbitListener", "Spring AMQP"),
        ("JmsListener", "Spring JMS"),
        ("SqsListener", "Spring Cloud AWS"),
        ("StreamListener", "Spring Cloud Stream"),
    ];
    for (index, function) in code.unit.functions.iter().enumerate() {
        let listens = |a: &&super::ir::Annotation| LISTENERS.iter().find(|(name, _)| a.simple() == *name);
        let Some((_, client)) = function.annotations.iter().find_map(|a| listens(&a)) else { continue };
        let mut state = |does: BTreeSet<SmolStr>, at: Span| {
            let lines = (at.line, at.end_line);
            let does = does.into_iter().collect();
            let intake = Intake { client: (*client).into(), ack: Ack::First, does, lines, within: code.within(index) };
            sink.stated(Claim::Intake(intake), at);
        };
        if function.annotations.iter().any(|a| a.simple() == "Async") {
            state(BTreeSet::new(), function.span);
            continue;
        }
        let mut found = Vec::new();
        dropped(&function.body, &mut |call, at| {
            // `CompletableFuture.runAsync(() -> …)`, `executor.submit(() -> …)`, `scope.launch { … }`.
            let starts = matches!(
                call.name(),
                "runAsync" | "supplyAsync" | "execute" | "submit" | "launch" | "startVirtualThread"
            );
            if starts && call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_))) {
                let mut does = BTreeSet::new();
                for arg in &call.args {
                    if let ExprKind::Lambda(inner) = arg.value.kind {
                        names(code, &code.unit.functions[inner].body, 0, &mut does);
                    }
                }
                found.push((does, at));
            }
        });
        for (does, at) in found {
            state(does, at);
        }
    }
}

/// Calls whose result nobody takes.
fn dropped<'s>(body: &'s [Stmt], visit: &mut dyn FnMut(&'s Call, Span)) {
    for stmt in body {
        match stmt {
            Stmt::Expr(e) => {
                // `runAsync(…).exceptionally(…)` is dropped all the same; `.join()` is waited for.
                let mut at = e;
                while let Some(call) = at.as_call() {
                    if matches!(call.name(), "join" | "get" | "await" | "block") {
                        break;
                    }
                    visit(call, e.span);
                    match call.receiver() {
                        Some(inner) => at = inner,
                        None => break,
                    }
                }
            }
            Stmt::Block { body, .. } => dropped(body, visit),
            Stmt::Assign { .. } | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// Acknowledgements with work behind them. `rest` holds the statements that follow the blocks around.
fn early<'a>(code: &Code<'a>, function: usize, body: &'a [Stmt], rest: &[&'a [Stmt]], sink: &mut Sink) {
    for (index, stmt) in body.iter().enumerate() {
        let after = &body[index + 1..];
        match stmt {
            Stmt::Expr(expr) => {
                if let Some(call) = expr.as_call()
                    && let Some(client) = acknowledges(code, call)
                {
                    let parts: Vec<&[Stmt]> = std::iter::once(after).chain(rest.iter().copied()).collect();
                    first(code, function, client, expr.span, &parts, sink);
                }
            }
            Stmt::Assign { value, .. } => {
                // `if err := msg.Ack(); err != nil`.
                if let Some(call) = value.as_call()
                    && let Some(client) = acknowledges(code, call)
                {
                    let parts: Vec<&[Stmt]> = std::iter::once(after).chain(rest.iter().copied()).collect();
                    first(code, function, client, value.span, &parts, sink);
                }
            }
            Stmt::Block { kind, body: inner, .. } => match kind {
                // What stands behind a branch may not run after it, and a loop starts anew.
                BlockKind::Branch | BlockKind::Loop => early(code, function, inner, &[], sink),
                BlockKind::Try | BlockKind::With => {
                    let parts: Vec<&[Stmt]> = std::iter::once(after).chain(rest.iter().copied()).collect();
                    early(code, function, inner, &parts, sink);
                }
                BlockKind::Catch | BlockKind::Finally => {}
            },
            _ => {}
        }
    }
}

fn first(code: &Code<'_>, function: usize, client: &str, at: Span, parts: &[&[Stmt]], sink: &mut Sink) {
    let mut does = BTreeSet::new();
    let mut last = at.end_line;
    for part in parts {
        for stmt in *part {
            // A failure of what came before is not work that follows.
            if matches!(stmt, Stmt::Block { kind: BlockKind::Catch | BlockKind::Finally, .. }) {
                continue;
            }
            let stmt = std::slice::from_ref(stmt);
            walk_stmts(stmt, &mut |e| last = last.max(e.span.end_line));
            names(code, stmt, 0, &mut does);
        }
    }
    if does.is_empty() {
        return;
    }
    let does: Vec<SmolStr> = does.into_iter().collect();
    let intake = Intake {
        client: client.into(),
        ack: Ack::First,
        does,
        lines: (at.end_line + 1, last),
        within: code.within(function),
    };
    sink.stated(Claim::Intake(intake), at);
}

/// Names that statements call or hand on, closures included.
fn names(code: &Code<'_>, stmts: &[Stmt], depth: usize, out: &mut BTreeSet<SmolStr>) {
    walk_stmts(stmts, &mut |expr| match &expr.kind {
        ExprKind::Call(call) => {
            if !call.name().is_empty() {
                out.insert(call.name().into());
            }
            for arg in &call.args {
                if let ExprKind::Name(name) | ExprKind::Member(_, name) = &arg.value.kind {
                    out.insert(name.clone());
                }
            }
        }
        ExprKind::Lambda(index) if depth < 4 => {
            names(code, &code.unit.functions[*index].body, depth + 1, out);
        }
        _ => {}
    });
}

/// What handles a message: the functions among the arguments, or else loops in the same function over what the call gives.
fn handled(code: &Code<'_>, site: &Site<'_>) -> Vec<SmolStr> {
    let mut out = BTreeSet::new();
    for arg in &site.call.args {
        match &arg.value.kind {
            ExprKind::Lambda(index) => names(code, &code.unit.functions[*index].body, 0, &mut out),
            ExprKind::Name(name) | ExprKind::Member(_, name) => drop(out.insert(name.clone())),
            _ => {}
        }
    }
    let mut inside = |body: &[Stmt]| loops(code, body, &mut out);
    inside(&code.function(site.function).body);
    let around = code.outermost(site.function).span;
    for function in code.unit.functions.iter().filter(|f| f.name == "<lambda>") {
        if function.span.line >= around.line && function.span.end_line <= around.end_line {
            inside(&function.body);
        }
    }
    out.into_iter().collect()
}

fn loops(code: &Code<'_>, body: &[Stmt], out: &mut BTreeSet<SmolStr>) {
    for stmt in body {
        if let Stmt::Block { kind, body, .. } = stmt {
            match kind {
                BlockKind::Loop => names(code, body, 0, out),
                BlockKind::Branch | BlockKind::Try | BlockKind::Catch | BlockKind::Finally | BlockKind::With => {
                    loops(code, body, out);
                }
            }
        }
    }
}

/// Whether a call tells the broker that a message is done: the library.
fn acknowledges(code: &Code<'_>, call: &Call) -> Option<&'static str> {
    let on = || call.receiver().and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
    let message = || {
        ["msg", "message", "delivery", "event", "consumer", "channel", "ch"].iter().any(|w| on().contains(w))
            || on().len() <= 2
    };
    Some(match call.name() {
        "basic_ack" => "AMQP",
        "BasicAck" | "BasicAckAsync" => "RabbitMQ.Client",
        "basicAck" => "RabbitMQ Java client",
        "MarkMessage" => "sarama",
        "CommitMessages" => "kafka-go",
        "commitSync" => "Kafka",
        "CompleteMessageAsync" | "complete_message" | "completeMessage" | "CompleteMessage" => "Service Bus",
        "XAck" | "xack" => "Redis Streams",
        "delete_message" if call.named("ReceiptHandle").is_some() || call.named("QueueUrl").is_some() => "SQS",
        "DeleteMessage" | "DeleteMessageAsync" | "deleteMessage" if imports(code, &["sqs"]) => "SQS",
        "send" if call.arg(0).and_then(Expr::as_call).is_some_and(|c| c.name() == "DeleteMessageCommand") => "SQS",
        "ack" | "Ack" | "AckAsync" | "acknowledge" | "Acknowledge" | "AcknowledgeAsync" if message() => {
            if imports(code, &["amqp", "pika", "rabbit"]) {
                "AMQP"
            } else if imports(code, &["pubsub"]) {
                "Pub/Sub"
            } else if imports(code, &["nats"]) {
                "JetStream"
            } else {
                "the broker"
            }
        }
        "Commit" | "commit" if (on().contains("consumer") || on().contains("reader")) && imports(code, &["kafka"]) => {
            "Kafka"
        }
        _ => return None,
    })
}

fn messaging(code: &Code<'_>) -> bool {
    const WORDS: [&str; 16] = [
        "amqp",
        "pika",
        "rabbit",
        "kafka",
        "nats",
        "pubsub",
        "sqs",
        "servicebus",
        "pulsar",
        "stomp",
        "lapin",
        "bunny",
        "sarama",
        "redis",
        "boto3",
        "jetstream",
    ];
    imports(code, &WORDS)
}

fn imports(code: &Code<'_>, words: &[&str]) -> bool {
    code.unit.imports.iter().any(|i| {
        let path = i.path.to_ascii_lowercase();
        words.iter().any(|w| path.contains(w))
    })
}

fn mentions(call: &Call, word: &str) -> bool {
    let mut found = false;
    for arg in &call.args {
        arg.value.walk(&mut |e| {
            if let ExprKind::Name(name) | ExprKind::Member(_, name) = &e.kind {
                found |= name == word;
            }
        });
    }
    found
}

/// Whether a reader of this file belongs to a consumer group.
fn grouped(code: &Code<'_>) -> bool {
    code.calls().iter().any(|s| s.call.name() == "ReaderConfig" && option(s.call, &["GroupID"]).is_some())
}
