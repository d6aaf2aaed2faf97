//! What a message is sent to or taken from: what its call says, and what its type says wherever it is handled.

use crate::index::FileId;
use crate::resolve::View;
use seam_facts::{BINDING, Hole, Message, SmolStr, System, Value, format_smolstr};
use std::collections::BTreeSet;

/// A function that sends to whatever its callers name sends to each of them.
pub(crate) fn topics(view: &View<'_, '_>, message: &Message, file: FileId) -> Vec<String> {
    let topic = typed(view, message, file, "topic").unwrap_or_else(|| message.topic.clone());
    let bound = bindings(view, message, &topic, file);
    if !bound.is_empty() {
        return bound;
    }
    let exchange = typed(view, message, file, "exchange").or_else(|| message.exchange.clone());
    let key = typed(view, message, file, "key").or_else(|| message.routing_key.clone());
    // The default exchange of AMQP: the key is the queue's name.
    let key = key.filter(|key| *key != topic);
    let together = literals(view, [&topic, exchange.as_ref().unwrap_or(&topic), key.as_ref().unwrap_or(&topic)], file);
    if !together.is_empty() {
        return together;
    }
    let parts = [Some(topic), exchange, key].into_iter().flatten().filter(|v| !v.is_empty());
    let mut out = vec![String::new()];
    for part in parts {
        let mut texts = view.texts(&part, file);
        let callers = matches!(part.as_hole(), Some(Hole::Param { .. }));
        if !callers || texts.iter().any(|t| t.open) || out.len() > 1 {
            texts.truncate(1);
        }
        let texts: BTreeSet<String> = texts.into_iter().map(|t| t.text).collect();
        // An exchange that is called like the topic, in another constant.
        let joined = |before: &String, text: &String| match before.split(' ').any(|part| part == text) {
            true => before.clone(),
            false => [before.as_str(), text.as_str()].join(" ").trim().to_owned(),
        };
        out = match texts.is_empty() {
            true => out,
            false => out.iter().flat_map(|before| texts.iter().map(move |text| joined(before, text))).collect(),
        };
    }
    out
}

/// Exchange and key that are fields of one type (`queue.Exchange`, `queue.Routing`), where its values are written out: those
/// that stand in one literal belong together.
fn literals(view: &View<'_, '_>, [topic, exchange, key]: [&Value; 3], file: FileId) -> Vec<String> {
    let field = |value: &Value| match value.as_hole() {
        Some(Hole::Ref(path)) => path.rsplit_once('.').map(|(of, field)| (SmolStr::from(of), SmolStr::from(field))),
        _ => None,
    };
    let (Some((of, one)), Some((other_of, other))) = (field(exchange), field(key)) else { return Vec::new() };
    if of != other_of || one == other {
        return Vec::new();
    }
    let ty = of.rsplit(['#', '.']).next().unwrap_or(&of);
    let seen = |file: &FileId| view.territory.own.contains(file) || view.territory.libraries.contains(file);
    let given = |field: &str| {
        let all = view.index.constants.get(field).into_iter().flatten();
        let mut out: Vec<(FileId, u32, &Value)> = all
            .filter(|(file, c, _)| seen(file) && c.symbol.rsplit('.').nth(1).is_some_and(|t| t == ty))
            .map(|(file, c, fact)| (*file, fact.at.line, &c.value))
            .collect();
        out.sort_by_key(|(file, line, _)| (*file, *line));
        out
    };
    let (exchanges, keys) = (given(&one), given(&other));
    let known = |value: &Value, file: FileId| {
        let texts = view.texts(value, file);
        texts.into_iter().find(|t| !t.open && !t.text.is_empty()).map(|t| t.text)
    };
    let queue = if topic == exchange || topic == key { None } else { known(topic, file) };
    let mut out = BTreeSet::new();
    for (index, (at, line, exchange)) in exchanges.iter().enumerate() {
        // Up to the next literal; fields may stand in any order.
        let next = exchanges.get(index + 1).filter(|(file, ..)| file == at).map_or(line + 8, |(_, next, _)| *next);
        let before = index.checked_sub(1).and_then(|i| exchanges.get(i)).filter(|(file, ..)| file == at);
        let within = |(file, own, _): &&(FileId, u32, &Value)| file == at && *own >= *line && *own < next;
        let above = |(file, own, _): &&(FileId, u32, &Value)| {
            file == at && *own < *line && *own + 3 > *line && before.is_none_or(|(_, b, _)| own > b)
        };
        let key = keys.iter().find(within).or_else(|| keys.iter().find(above));
        let Some((_, _, key)) = key else { continue };
        if let (Some(exchange), Some(key)) = (known(exchange, *at), known(key, *at)) {
            let parts = [queue.clone(), Some(exchange), Some(key)];
            out.insert(parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
    }
    out.into_iter().collect()
}

/// A queue of RabbitMQ that the consumer's own configuration binds: with the exchange and the key of each binding.
fn bindings(view: &View<'_, '_>, message: &Message, topic: &Value, file: FileId) -> Vec<String> {
    if message.system != System::Rabbit || message.publish || message.exchange.is_some() || topic.is_empty() {
        return Vec::new();
    }
    let known = |value: &Value, file: FileId| {
        let texts = view.texts(value, file);
        texts.into_iter().find(|t| !t.open && !t.text.is_empty()).map(|t| t.text)
    };
    let Some(queue) = known(topic, file) else { return Vec::new() };
    let seen = |file: &FileId| view.territory.own.contains(file) || view.territory.libraries.contains(file);
    let passes = view.index.passes.get(BINDING).into_iter().flatten().filter(|(file, ..)| seen(file));
    let of = |(file, pass, _): &(FileId, &seam_facts::Pass, &seam_facts::Fact)| {
        let part = |i: usize| known(&pass.args.get(i)?.value, *file);
        (part(0).as_ref() == Some(&queue)).then(|| {
            let parts = [Some(queue.clone()), part(1), part(2).filter(|key| *key != queue)];
            parts.into_iter().flatten().collect::<Vec<String>>().join(" ")
        })
    };
    passes.filter_map(of).collect::<BTreeSet<String>>().into_iter().collect()
}

/// What the message's type says about where it goes (`OrderPlaced.<exchange>`), where it is one that routes by its type.
fn typed(view: &View<'_, '_>, message: &Message, file: FileId, what: &str) -> Option<Value> {
    let payload = message.payload.as_ref().filter(|p| message.topic.as_text().is_some_and(|t| t == **p))?;
    let known = view.texts(&Value::reference(format_smolstr!("{payload}.<{what}>")), file);
    known.into_iter().find(|t| !t.open).map(|t| Value::text(t.text))
}
