//! Messages: differences of what is sent and read to effects with those at the other side of the broker.
//!
//! Invariant: a name that is not known may be any, as far as what is known of it allows; who only hands on is told with the one who
//! writes.

use super::effect::{Cx, Effect, Side, Tie};
use super::others::Others;
use super::{bridged, naming, rules, values};
use seam_facts::SmolStr;
use seam_graph::{Certainty, Detail, Difference, Edge, EdgeKind, Evidence, Traffic, Turn};
use std::collections::BTreeSet;

/// Messages that are sent, and who waits for them.
pub(super) fn publish(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    let topic = if d.name.is_empty() { "messages" } else { d.name.as_str() };
    let mut effect = match d.turn {
        Turn::Added => match elsewhere(cx, d) {
            Some(old) => {
                Effect::of("topic-moved", format!("sends to `{topic}` instead of `{old}` at one of its places"), d)
            }
            None => return Some(Effect::of("topic-added", format!("sends to `{topic}`"), d)),
        },
        Turn::Removed => Effect::of("topic-removed", format!("does not send to `{topic}` any more"), d),
        Turn::Renamed | Turn::Changed => {
            Effect::of("topic-moved", format!("sends to `{}` instead of `{topic}`", d.to), d)
        }
    };
    let consumes = |side: &Side<'_>, service: &str, topic: &str| {
        let edges =
            side.graph.edges.iter().filter(|e| e.kind == EdgeKind::QueueConsume && side.name(e.from) == service);
        edges.flat_map(|e| &e.details).any(|x| meets(topic, &x.operation))
    };
    let (left, now) = match (d.turn, elsewhere(cx, d)) {
        (Turn::Added, Some(old)) => (old, d.name.clone()),
        _ => (d.name.clone(), d.to.clone()),
    };
    for (edge, detail) in readers(cx, &d.peer, &left) {
        let service = cx.old.name(edge.from).clone();
        let moved = !now.is_empty() && consumes(&cx.new, &service, &now);
        effect.tie(Tie {
            why: format!("reads `{left}`"),
            through: vec![edge.key.clone()],
            places: heard(cx, edge, detail, &left),
            certainty: detail.certainty,
            moved,
            service,
        });
    }
    Some(effect)
}

/// The topic that the place of a new one named before, where others of the service still send to the old one.
fn elsewhere(cx: &Cx<'_>, d: &Difference) -> Option<SmolStr> {
    let is = d.is.as_ref()?;
    let of = |side: &Side<'_>| -> BTreeSet<(SmolStr, u32)> {
        let edges = side.graph.edges.iter().filter(|e| {
            e.kind == EdgeKind::QueuePublish && side.name(e.from) == &d.node && side.name(e.to) == d.peer.as_str()
        });
        let details = edges.flat_map(|e| &e.details).filter(|x| x.at.path == is.path && !x.operation.is_empty());
        details.map(|x| (x.operation.clone(), x.at.at.line)).collect()
    };
    let edited = cx.edit(&is.path)?;
    let (old, new) = (of(&cx.old), of(&cx.new));
    let gone = old.iter().filter(|(topic, line)| {
        !new.iter().any(|(t, _)| t == topic)
            && edited.hunks.iter().any(|h| h.old.0 <= *line && *line < h.old.0 + h.old.1.max(1))
    });
    let mut gone = gone.map(|(topic, _)| topic.clone());
    gone.next().filter(|_| gone.next().is_none())
}

/// Where a message is met, and where the own code spells its name, if that is elsewhere.
fn heard(cx: &Cx<'_>, edge: &Edge, detail: &Detail, topic: &str) -> Vec<Evidence> {
    let mut out = vec![detail.at.clone()];
    for word in topic.split_whitespace().filter(|w| w.len() > 3 && !w.contains('{')) {
        let spelled = naming::quoted(cx, edge.from, word, 3);
        out.extend(spelled.into_iter().filter(|p| (&p.path, p.at.line) != (&detail.at.path, detail.at.at.line)));
    }
    out
}

/// The other side of messages: who reads what an edge sends, or sends what it reads, in the older state.
pub(super) fn sides<'a>(cx: &Cx<'a>, edge: &Edge, operation: &str) -> Vec<(&'a Edge, &'a Detail)> {
    let other = match edge.kind.traffic() {
        Traffic::Publish => EdgeKind::QueueConsume,
        Traffic::Consume => EdgeKind::QueuePublish,
        Traffic::Call | Traffic::Keep => return Vec::new(),
    };
    let edges = cx.old.graph.edges.iter().filter(|e| e.kind == other && e.to == edge.to && e.from != edge.from);
    let meet = |x: &&Detail| match other {
        EdgeKind::QueueConsume => meets(operation, &x.operation),
        _ => meets(&x.operation, operation),
    };
    edges.flat_map(|e| e.details.iter().filter(meet).map(move |x| (e, x))).collect()
}

/// Who reads a topic at a broker in the older state.
fn readers<'a>(cx: &Cx<'a>, broker: &str, topic: &str) -> Vec<(&'a Edge, &'a Detail)> {
    let edges = cx.old.graph.edges.iter();
    let edges = edges.filter(|e| e.kind == EdgeKind::QueueConsume && cx.old.name(e.to) == broker);
    edges.flat_map(|e| e.details.iter().map(move |x| (e, x))).filter(|(_, x)| meets(topic, &x.operation)).collect()
}

/// Whether what is sent to an exchange (`shop orders`) arrives at a queue that is bound to it (`queue shop orders`), or both name
/// one topic.
///
/// A queue that is called like the routing key alone meets it too, and a name that is not known may be any.
pub(super) fn meets(sent: &str, read: &str) -> bool {
    let of = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let (sent, read) = (of(sent), of(read));
    if sent.is_empty() || read.is_empty() {
        return true;
    }
    let open = |all: &[String]| all.iter().any(|w| w.contains('{'));
    if !open(&sent) && !open(&read) {
        return sent.iter().all(|w| read.contains(w)) || read.len() == 1 && sent.last() == read.first();
    }
    // What is known of a name has to be in the other; where the other is open as well, it may be.
    let fits = |open: &str, other: &str| {
        other.contains('{') || literal(open).iter().all(|part| part.len() < 3 || other.contains(part.as_str()))
    };
    let one = |a: &String, b: &String| a == b || a.contains('{') && fits(a, b) || b.contains('{') && fits(b, a);
    sent.iter().any(|a| read.iter().any(|b| one(a, b)))
}

/// The known parts of a name with holes, without the joints at their ends.
fn literal(open: &str) -> Vec<String> {
    let (mut out, mut word, mut depth) = (Vec::new(), String::new(), 0usize);
    for c in open.chars() {
        match c {
            '{' => {
                depth += 1;
                out.push(std::mem::take(&mut word));
            }
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => word.push(c),
            _ => {}
        }
    }
    out.push(word);
    let plain = |w: &String| w.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    out.iter().map(plain).filter(|w| !w.is_empty()).collect()
}

/// What stands in a name where another has its only hole: `payment` of `payment.request` for `{}.request`.
fn filled(open: &str, name: &str) -> Option<String> {
    let (before, rest) = open.split_once('{')?;
    let (_, after) = rest.rsplit_once('}')?;
    let inner = name.strip_prefix(before)?.strip_suffix(after)?;
    (inner.len() > 2).then(|| inner.to_owned())
}

/// Messages that are read, and who sends them.
pub(super) fn consume(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    let topic = if d.name.is_empty() { "messages" } else { d.name.as_str() };
    let mut effect = match d.turn {
        Turn::Added => return Some(Effect::of("consume-added", format!("reads `{topic}`"), d)),
        Turn::Removed => Effect::of("consume-removed", format!("does not read `{topic}` any more"), d),
        Turn::Renamed | Turn::Changed => {
            Effect::of("consume-changed", format!("reads `{}` instead of `{topic}`", d.to), d)
        }
    };
    // Who sends what is not read here any more; one that is not known may be any.
    let known = d.turn != Turn::Removed && !d.name.is_empty() && !d.name.contains('{');
    let own = cx.old.graph.edges.iter().filter(|e| {
        known
            && e.kind == EdgeKind::QueueConsume
            && cx.old.name(e.from) == &d.node
            && cx.old.name(e.to) == d.peer.as_str()
    });
    for (far, detail) in own.flat_map(|e| sides(cx, e, &d.name)) {
        let service = cx.old.name(far.from).clone();
        let now = cx.new.graph.edges.iter().filter(|e| e.kind == far.kind && cx.new.name(e.from) == &service);
        effect.tie(Tie {
            why: format!("sends `{}`", detail.operation),
            through: vec![far.key.clone()],
            places: vec![detail.at.clone()],
            certainty: detail.certainty,
            moved: now.flat_map(|e| &e.details).any(|x| !x.operation.is_empty() && meets(&x.operation, &d.to)),
            service,
        });
        // A connector only hands on what somebody else writes.
        let handed = if detail.operation.is_empty() { Others::new() } else { bridged::writers(cx, far, detail) };
        for (writer, keys) in handed {
            let word = filled(&detail.operation, &d.name);
            effect.tie(Tie {
                service: cx.old.name(writer).clone(),
                why: format!("writes what is sent to `{}`", d.name),
                through: keys.into_iter().collect(),
                places: word.map(|w| naming::quoted(cx, writer, &w, 4)).unwrap_or_default(),
                certainty: Certainty::Inferred,
                moved: false,
            });
        }
    }
    if !known && !d.to.is_empty() {
        spelled_by_senders(cx, d, &mut effect);
    }
    let sent = |topic: &str| {
        let edges = cx.new.graph.edges.iter().filter(|e| e.kind == EdgeKind::QueuePublish);
        edges.flat_map(|e| &e.details).any(|x| meets(&x.operation, topic))
    };
    if !d.to.is_empty() && !sent(&d.to) {
        effect.open.push(format!("nobody is seen to send to `{}`", d.to));
    } else if !d.to.is_empty() {
        effect.rule = rules::find("consume-removed");
    }
    Some(effect)
}

/// Part of what is read is worked out where the program runs: of the senders, those whose own code says the part that changes.
fn spelled_by_senders(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let kept: Vec<&str> = d.to.split_whitespace().collect();
    let lost = d.name.split_whitespace().filter(|w| w.len() > 2 && !w.contains('{') && !kept.contains(w));
    for word in lost {
        let sends = |e: &&Edge| e.kind == EdgeKind::QueuePublish && cx.old.name(e.to) == d.peer.as_str();
        for edge in cx.old.graph.edges.iter().filter(sends) {
            let places = naming::quoted(cx, edge.from, word, 4);
            values::tie(cx, edge, places, format!("sends to `{word}`"), effect);
        }
    }
}
