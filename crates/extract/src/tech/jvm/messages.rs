//! What the message technologies of the JVM share: building the claim, reading destinations and client properties.

use super::read::{filled, texts};
use crate::Sink;
use crate::code::Code;
use crate::code::ir::{Annotation, Arg, Call, Expr, ExprKind, Stmt};
use seam_facts::{Claim, Message, SmolStr, Span, System, Value};

/// A message claim without its particulars.
pub fn message(system: System, publish: bool, topic: Value, client: &str, within: SmolStr) -> Message {
    Message::to(system, publish, topic, client.into(), within)
}

pub fn state(message: Message, at: Span, sink: &mut Sink) {
    sink.stated(Claim::Message(message), at);
}

/// Alternatives of configuration keys, with the documented default at the last.
pub fn keys(names: &[&str], default: Option<&str>) -> Value {
    let last = names.len().saturating_sub(1);
    Value::either(
        names.iter().enumerate().map(|(i, k)| Value::config(*k, default.filter(|_| i == last).map(Value::from))),
    )
}

/// The values of an argument that may be a list in any clothing: `List.of(a, b)`, `Collections.singleton(a)`, `a`.
pub fn listed(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Value> {
    match &expr.kind {
        ExprKind::List(items) => items.iter().flat_map(|e| listed(code, e, function)).collect(),
        ExprKind::Call(call)
            if matches!(
                call.name(),
                "of" | "asList"
                    | "singletonList"
                    | "singleton"
                    | "compile"
                    | "listOf"
                    | "setOf"
                    | "toList"
                    | "asSet"
                    | "newArrayList"
                    | "TopicPartition"
                    | "ChannelTopic"
                    | "PatternTopic"
            ) =>
        {
            let first = if matches!(call.name(), "TopicPartition") { 1 } else { call.args.len() };
            call.args.iter().take(first).flat_map(|a| listed(code, &a.value, function)).collect()
        }
        _ => vec![filled(code.value(expr, function))],
    }
}

/// Arguments of an annotation, those of annotations within it too: `@QueueBinding(value = @Queue("q"))`.
pub fn nested<'a>(a: &'a Annotation, name: &str) -> Vec<&'a Call> {
    let mut out = Vec::new();
    for arg in &a.args {
        arg.value.walk(&mut |e| out.extend(e.as_call().filter(|c| c.name() == name)));
    }
    out
}

/// The text of an argument of a nested annotation.
pub fn nested_text(code: &Code<'_>, call: &Call, names: &[&str], owner: &str) -> Option<Value> {
    let wanted = |a: &&Arg| names.contains(&a.name.as_deref().unwrap_or("value"));
    let arg = call.args.iter().find(wanted)?;
    listed(code, &arg.value, code.scope_of(owner)).into_iter().find(|v| !v.is_empty())
}

/// The texts of an annotation's argument, without empty ones.
pub fn topics(code: &Code<'_>, a: &Annotation, names: &[&str], owner: &str) -> Vec<Value> {
    texts(code, a, names, owner).into_iter().filter(|v| !v.is_empty()).collect()
}

/// Where a client property is given a value: `props.put("bootstrap.servers", x)`, `props[KEY] = x`, `Map.of(KEY, x)`.
/// `constant` is the name of the constant that holds the key.
pub fn property(code: &Code<'_>, key: &str, constant: &str) -> Vec<(Value, usize, Span)> {
    let is_key = |e: &Expr| match &e.kind {
        ExprKind::Str(text) => text == key,
        ExprKind::Name(name) | ExprKind::Member(_, name) => name == constant,
        _ => false,
    };
    let mut out = Vec::new();
    for site in
        code.calls_named(&["put", "setProperty", "of", "ofEntries", "entry", "putIfAbsent", "set", "withProperty"])
    {
        for pair in site.call.args.windows(2) {
            if is_key(&pair[0].value) {
                out.push((filled(code.value(&pair[1].value, site.function)), site.function, site.span()));
            }
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        assigned(&function.body, &mut |target, value, span| {
            if let ExprKind::Index(_, at) = &target.kind
                && is_key(at)
            {
                out.push((filled(code.value(value, index)), index, span));
            }
        });
    }
    // Kotlin: `mapOf(KEY to x)`.
    for site in code.calls_named(&["mapOf", "mutableMapOf", "hashMapOf", "propertiesOf"]) {
        for arg in &site.call.args {
            let value = match &arg.value.kind {
                ExprKind::Object(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
                ExprKind::List(pair) if pair.len() == 2 && is_key(&pair[0]) => pair.get(1),
                _ => None,
            };
            out.extend(value.map(|v| (filled(code.value(v, site.function)), site.function, arg.value.span)));
        }
    }
    out
}

fn assigned<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr, Span)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, span, .. } => visit(target, value, *span),
            Stmt::Block { body, .. } => assigned(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}
