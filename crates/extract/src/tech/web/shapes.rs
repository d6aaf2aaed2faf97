//! What the technologies of Ruby, PHP and Elixir share.

use crate::code::Code;
use crate::code::ir::{Call as Invocation, Expr, ExprKind};
use seam_facts::{Call, Message, Part, Protocol, SmolStr, System, Value};

/// A request before its details are known.
pub fn call(protocol: Protocol, client: &str, target: Value, within: SmolStr) -> Call {
    Call::to(protocol, client.into(), target, within)
}

/// A message before its details are known.
pub fn message(system: System, publish: bool, topic: Value, client: &str, within: SmolStr) -> Message {
    Message::to(system, publish, topic, client.into(), within)
}

/// A named argument, or a key of an options hash or array that is an argument.
pub fn option<'a>(code: &Code<'a>, call: &'a Invocation, names: &[&str], function: usize) -> Option<&'a Expr> {
    names.iter().find_map(|name| {
        call.named(name).or_else(|| {
            call.args.iter().find_map(|a| match &a.value.kind {
                ExprKind::Object(_) => a.value.key(name),
                ExprKind::Name(_) | ExprKind::Member(..) => code.literal(&a.value, function)?.0.key(name),
                _ => None,
            })
        })
    })
}

/// `host:port`.
pub fn host_port(host: Value, port: Option<Value>) -> Value {
    match port {
        Some(port) if !port.is_empty() && !host.is_empty() && !host.to_string().contains("://") => {
            host.then(":".into()).then(port)
        }
        _ => host,
    }
}

/// Whether a value shows a scheme, or starts with something that only linking knows.
pub fn absolute(value: &Value) -> bool {
    match value.parts.first() {
        Some(Part::Text(text)) => text.contains("://"),
        Some(Part::Hole(_)) => true,
        None => false,
    }
}

/// `OrderItem` as tables are named by convention: `order_items`.
pub fn table_of(class: &str) -> SmolStr {
    let class = class.rsplit("::").next().unwrap_or(class);
    let mut out = String::new();
    for (i, c) in class.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    let vowel_y = ["ay", "ey", "oy", "uy"].iter().any(|e| out.ends_with(e));
    if out.ends_with('y') && !vowel_y {
        out.pop();
        out.push_str("ies");
    } else if out.ends_with(['s', 'x']) || out.ends_with("ch") || out.ends_with("sh") {
        out.push_str("es");
    } else {
        out.push('s');
    }
    out.into()
}
