//! A topic that nobody consumes, or nobody publishes to; a message that is refused where nothing takes it. See `lost_message.md`.

use crate::keys::{distance, nearest, squash};
use crate::paths::spelled_alike;
use crate::refused::refused;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{BINDING, Claim, System};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "lost-message",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("lost_message.md"),
    find,
};

type Side<'a> = BTreeMap<&'a str, Vec<(&'a Edge, &'a Detail)>>;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    refused(cx, out);
    crate::sharing::sharing(cx, out);
    crate::sidecars::scoped(cx, out);
    let mut brokers: BTreeMap<usize, (Side<'_>, Side<'_>)> = BTreeMap::new();
    for (_, edge, detail) in cx.operations() {
        // An answer goes to a queue that its asker opened, and that nobody else knows.
        if matches!(edge.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume) && is_reply(cx, detail) {
            continue;
        }
        let sides = brokers.entry(edge.to).or_default();
        match edge.kind {
            EdgeKind::QueuePublish => sides.0.entry(&detail.operation).or_default().push((edge, detail)),
            EdgeKind::QueueConsume => sides.1.entry(&detail.operation).or_default().push((edge, detail)),
            _ => {}
        }
    }
    for (broker, (published, consumed)) in &brokers {
        separated(cx, *broker, (published, consumed), out);
        // A message whose topic is not known may go to, or come from, any of them.
        let open = |side: &Side<'_>| side.keys().any(|t| is_open(t)) || side.is_empty();
        // A topic by its name is none of those that are missing, whatever broker it goes through.
        let unresolved = |what: &str| cx.graph.unresolved.iter().any(|u| u.what == what && is_open(&u.value));
        let known = |side: &Side<'_>, what: &str| !open(side) && !unresolved(what);
        let (consumers, publishers) = (known(consumed, "queue consume"), known(published, "queue publish"));
        let mut told = BTreeSet::new();
        let both = consumers && publishers;
        alone(cx, *broker, (published, consumed), (true, consumers, both), &mut told, out);
        if !consumers {
            alone(cx, *broker, (consumed, published), (false, publishers, both), &mut told, out);
        }
        if both {
            unfed(cx, *broker, (consumed, published), &mut told, out);
        }
        if publishers {
            nearly(cx, *broker, (consumed, published), false, &mut told, out);
        }
        if consumers {
            nearly(cx, *broker, (published, consumed), true, &mut told, out);
        }
    }
}

/// Topics that both sides write out and separate by other signs: `import-task` and `import_task` are two to every broker, whatever else
/// goes through it.
fn separated<'a>(cx: &Cx<'_>, broker: usize, (published, consumed): (&Side<'a>, &Side<'a>), out: &mut Vec<Draft>) {
    let plain = |t: &str| {
        let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        t.contains(['-', '_', '.']) && t.len() > 6 && t.chars().all(sign)
    };
    // Libraries that make names of their own make them of what they are told.
    let named = cx.node(broker).system.is_some_and(|s| s != System::Bus);
    for topic in published.keys().copied().filter(|t| named && plain(t) && !consumed.contains_key(t)) {
        let meant = |t: &&str| plain(t) && squash(t) == squash(topic) && !published.contains_key(t);
        let Some(near) = consumed.keys().copied().find(meant) else { continue };
        out.push(told_of(cx, broker, (published, consumed), true, topic, Some(near)).certainty(Certainty::Inferred));
    }
}

/// Topics of one side that the other does not know. A pair is told once, from the publisher's side where that is possible. Where
/// not every topic of the other side is known, it may have this one too: only what is one name before and after a change counts.
fn alone<'a>(
    cx: &Cx<'_>,
    broker: usize,
    (one, other): (&Side<'a>, &Side<'a>),
    (publishes, known, both): (bool, bool, bool),
    told: &mut BTreeSet<&'a str>,
    out: &mut Vec<Draft>,
) {
    // What is not known agrees with nothing.
    let closed = |side: &Side<'_>| -> Vec<(bool, BTreeSet<String>)> {
        side.keys().filter(|t| known || !is_open(t)).map(|t| names(t)).collect()
    };
    let (theirs, mine) = (closed(other), closed(one));
    let shares = |topic: &str| theirs.iter().any(|k| agree(&names(topic), k));
    // With nothing in common, names are made in a way that is not followed, unless they are nearly one name.
    let common = one.keys().any(|t| shares(t));
    // A word is one-sided by nature only where no other topic that has it is met by the other side.
    let met: BTreeSet<&str> = one.keys().filter(|t| shares(t)).flat_map(|t| technical(t)).collect();
    let by_nature = |topic: &str| technical(topic).any(|w| !met.contains(w));
    let single: Vec<&str> = one.keys().copied().filter(|t| !is_open(t) && !shares(t) && !by_nature(t)).collect();
    // The other side's topics that are alone too: one that is called nearly so is most likely meant.
    let alone_too: Vec<&str> =
        other.keys().copied().filter(|t| !is_open(t) && !mine.iter().any(|m| agree(&names(t), m))).collect();
    // A queue by itself is the one that is bound elsewhere.
    let said_again = |t: &&str| {
        let own = names(t).1;
        other.keys().map(|o| names(o).1).any(|o| own.len() < o.len() && own.is_subset(&o))
    };
    let alone_too: Vec<&str> = alone_too.iter().copied().filter(|t| !said_again(t)).collect();
    for topic in &single {
        let store = cx.name(broker);
        let near = || nearest(topic, alone_too.iter().copied()).filter(|n| common || is_one_name(topic, n));
        let grown = || alone_too.iter().copied().find(|t| is_one_name(topic, t));
        let part = || alone_too.iter().copied().find(|t| parts_once(topic, t));
        // All others have found each other, and these two say the same thing in part; or nothing else is said on either side.
        let left = || match (single.as_slice(), alone_too.as_slice()) {
            ([_], [it]) if !is_technical(it) && (common && both || (common || both) && spelled_alike(topic, it)) => {
                Some(*it)
            }
            _ => None,
        };
        // The only ones that go through the broker at all, between two services.
        let only = || match (one.len(), other.len(), alone_too.as_slice()) {
            (1, 1, [it]) if both && !is_technical(it) && !same_service(one, topic, other, it) => Some(*it),
            _ => None,
        };
        // One key, which goes to an exchange that nobody binds and is taken from another that nobody publishes to.
        let moved = || {
            alone_too.iter().copied().find(|it| {
                let (ours, its) = (apart(topic), apart(it));
                let (Some((key, from)), Some((same, to))) = (ours, its) else { return false };
                key == same
                    && key.len() > 5
                    && !theirs.iter().any(|t| t.1.iter().any(|p| from.contains(p)))
                    && !mine.iter().any(|m| m.1.iter().any(|p| to.contains(p)))
            })
        };
        let near = if known { near().or_else(part).or_else(left) } else { grown().filter(|_| common) };
        let near = near.or_else(moved);
        let guessed = near.is_none() && known;
        let near = near.or_else(|| only().filter(|_| guessed));
        // Without one, the other side is more likely outside, or in code that is not followed: worth a note where all others
        // have found each other.
        if told.contains(topic) || near.is_none() && !(known && common) {
            continue;
        }
        told.extend(near);
        told.insert(topic);
        let draft = told_of(cx, broker, (one, other), publishes, topic, near);
        let draft = if guessed && near.is_some() {
            draft.severity(Severity::Note).certainty(Certainty::Inferred)
        } else {
            draft
        };
        let draft = match known {
            true => draft,
            false => draft
                .certainty(Certainty::Inferred)
                .open(format!("all topics of `{store}`: some are made in a way that is not followed")),
        };
        out.push(draft);
    }
}

/// A topic that a service takes and nobody sends to, where all other topics of the broker are met: what it is called is longer or
/// shorter by a part than one that others send and take. Whoever takes nothing else gets nothing at all.
fn unfed<'a>(
    cx: &Cx<'_>,
    broker: usize,
    (consumed, published): (&Side<'a>, &Side<'a>),
    told: &mut BTreeSet<&'a str>,
    out: &mut Vec<Draft>,
) {
    let met = |topic: &str| published.keys().any(|p| agree(&names(topic), &names(p)));
    let lone: Vec<&'a str> =
        consumed.keys().copied().filter(|t| !is_open(t) && !is_technical(t) && !met(t) && !told.contains(t)).collect();
    let [topic] = lone.as_slice() else { return };
    let takers = |t: &str| -> BTreeSet<usize> { consumed.get(t).into_iter().flatten().map(|(e, _)| e.from).collect() };
    let mine = takers(topic);
    let parts =
        |t: &str| -> Vec<String> { t.split(['-', '.', '_', '/', ' ']).map(squash).filter(|p| !p.is_empty()).collect() };
    let own = parts(topic);
    let kin = |t: &&&'a str| {
        let other = parts(t);
        let (short, long) = if own.len() < other.len() { (&own, &other) } else { (&other, &own) };
        long.len() == short.len() + 1 && (long.starts_with(short) || long.ends_with(short))
    };
    let shared = |t: &&&'a str| met(t) && takers(t).is_disjoint(&mine) && !takers(t).is_empty();
    let mut near = consumed.keys().filter(shared).filter(kin);
    let Some(near) = near.next().copied().filter(|_| near.next().is_none()) else { return };
    let alone = consumed.iter().all(|(t, uses)| t == topic || uses.iter().all(|(e, _)| !mine.contains(&e.from)));
    let sends = published.get(near).into_iter().flatten().any(|(e, _)| mine.contains(&e.from));
    if alone && sends {
        told.insert(topic);
        out.push(told_of(cx, broker, (consumed, published), false, topic, Some(near)).certainty(Certainty::Inferred));
    }
}

/// A topic that the other side does not know and that is nearly one of those that it does: others use that one, so that it is not
/// left over, and whoever is told of it here uses none of the two names but the wrong one.
fn nearly<'a>(
    cx: &Cx<'_>,
    broker: usize,
    (one, other): (&Side<'a>, &Side<'a>),
    publishes: bool,
    told: &mut BTreeSet<&'a str>,
    out: &mut Vec<Draft>,
) {
    let users =
        |topic: &str| -> BTreeSet<usize> { one.get(topic).into_iter().flatten().map(|(e, _)| e.from).collect() };
    for topic in one.keys().copied().filter(|t| !is_open(t) && !is_technical(t)) {
        if told.contains(topic) || other.keys().any(|t| is_open(t) || agree(&names(topic), &names(t))) {
            continue;
        }
        let meant = |t: &&str| is_close(topic, t) && users(topic).is_disjoint(&users(t));
        let near: Vec<&str> = other.keys().copied().filter(meant).collect();
        let [near] = near.as_slice() else { continue };
        told.insert(topic);
        out.push(told_of(cx, broker, (one, other), publishes, topic, Some(near)).certainty(Certainty::Inferred));
    }
}

/// Whether two topics differ in one part only, and there by a letter or two that are no number and say no opposite.
fn is_close(topic: &str, other: &str) -> bool {
    let (a, b) = (names(topic).1, names(other).1);
    let (mine, its): (Vec<&String>, Vec<&String>) = (a.difference(&b).collect(), b.difference(&a).collect());
    let ([x], [y]) = (mine.as_slice(), its.as_slice()) else { return false };
    let plain = |s: &str| s.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let (short, long) = if x.len() < y.len() { (x, y) } else { (y, x) };
    let most = if short.len() > 7 { 2 } else { 1 };
    short.len() > 3 && plain(x) != plain(y) && !long.ends_with(short.as_str()) && distance(x, y) <= most
}

/// What is said of a topic that the other side does not know.
fn told_of(
    cx: &Cx<'_>,
    broker: usize,
    (one, other): (&Side<'_>, &Side<'_>),
    publishes: bool,
    topic: &str,
    near: Option<&str>,
) -> Draft {
    let uses = one.get(topic).map(Vec::as_slice).unwrap_or_default();
    let (edge, detail) = uses[0];
    let (service, store) = (cx.name(edge.from), cx.name(broker));
    let (does, nobody) = if publishes { ("publishes to", "consumes it") } else { ("consumes", "publishes to it") };
    let mut draft = Draft::new(
        format!("{} {store} {topic}", if publishes { "publish" } else { "consume" }),
        &detail.at,
        format!("`{service}` {does} `{topic}`, and nothing {nobody}"),
    )
    .why(match (publishes, near) {
        (true, Some(near)) => format!("Messages pile up or are dropped by `{store}`, while the consumer of `{near}` waits for messages that do not come."),
        (true, None) => format!("No service here reads `{topic}` from `{store}`: its messages pile up, or are dropped without a trace."),
        (false, Some(near)) => format!("The handler never runs; messages go to `{near}` instead."),
        (false, None) => format!("No service here sends to `{topic}` on `{store}`: the handler never runs."),
    })
    .about([edge.key.clone(), cx.node(edge.from).key.clone()])
    .help(match near {
        Some(near) => format!("use one name for `{topic}` and `{near}`"),
        None if publishes => "remove it, add the consumer, or accept it with a reason if somebody outside reads it".to_owned(),
        None => "remove the consumer, add the publisher, or accept it with a reason if somebody outside sends it".to_owned(),
    });
    if near.is_none() {
        draft = draft.severity(Severity::Note).open(format!("who uses `{store}` from outside of this workspace"));
    }
    for (edge, detail) in one.get(topic).into_iter().flatten().take(4) {
        draft = draft.link(&detail.at, format!("`{}` {does} `{topic}`", cx.name(edge.from)));
        draft = told_to(cx, edge.from, topic, detail, draft);
        draft = called(cx, edge.from, topic, draft);
    }
    if let Some((near, uses)) = near.and_then(|n| other.get_key_value(n))
        && let Some((edge, detail)) = uses.first()
    {
        let does = if publishes { "consumes" } else { "publishes to" };
        draft = draft.link(&detail.at, format!("`{}` {does} `{near}`", cx.name(edge.from)));
        draft = called(cx, edge.from, near, draft);
    }
    draft
}

/// Whether a service sends and takes both itself.
fn same_service(one: &Side<'_>, topic: &str, other: &Side<'_>, near: &str) -> bool {
    let of = |side: &Side<'_>, topic: &str| -> BTreeSet<usize> {
        side.get(topic).into_iter().flatten().map(|(edge, _)| edge.from).collect()
    };
    !of(one, topic).is_disjoint(&of(other, near))
}

/// The places where a helper of the service is told the name.
fn told_to(cx: &Cx<'_>, node: usize, topic: &str, detail: &Detail, mut draft: Draft) -> Draft {
    let parts: Vec<&str> = topic.split(' ').filter(|p| p.len() > 3).collect();
    let helper = detail.within.rsplit('.').next().unwrap_or_default();
    let tells = |fact: &seam_facts::Fact| match &fact.claim {
        Claim::Pass(pass) => {
            let texts = || pass.args.iter().filter_map(|a| a.value.as_text());
            pass.callee.rsplit(['.', '#']).next() == Some(helper)
                && parts.iter().all(|part| texts().any(|text| text == *part))
        }
        _ => false,
    };
    if helper.is_empty() || parts.is_empty() {
        return draft;
    }
    let found: Vec<_> = cx.own_facts(node).filter(|(path, fact)| !is_test(path) && tells(fact)).take(3).collect();
    for (path, fact) in found {
        let at = cx.evidence(path, fact, "says what it is called");
        draft = draft.link(&at, format!("`{}` names it here", cx.name(node)));
    }
    draft
}

/// The places where a service is told the name: constants of its code, and its settings.
fn called(cx: &Cx<'_>, node: usize, topic: &str, mut draft: Draft) -> Draft {
    let parts: Vec<&str> = topic.split(' ').filter(|p| p.len() > 3).collect();
    let says = |text: &str| parts.contains(&text);
    let this = cx.node(node);
    let mut told = 0;
    for path in this.own.iter().chain(&this.libraries).filter(|p| !is_test(p)) {
        for fact in cx.facts(path) {
            let (named, how) = match &fact.claim {
                Claim::Constant(constant) => {
                    (constant.value.as_text().is_some_and(|t| says(&t)), "has the name from here")
                }
                Claim::Pass(pass) if pass.callee == BINDING => {
                    (pass.args.iter().any(|a| a.value.as_text().is_some_and(|t| says(&t))), "binds the queue here")
                }
                _ => continue,
            };
            if told < 4 && named {
                told += 1;
                let at = cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim));
                draft = draft.link(&at, format!("`{}` {how}", this.name));
            }
        }
    }
    let settings = cx.graph.settings.iter().filter(|s| s.node == node && !is_test(&s.at.path));
    for setting in settings.filter(|s| s.texts.iter().any(|t| says(t))).take(4) {
        draft = draft.link(&setting.at, format!("`{}` names it for `{}`", setting.key, this.name));
    }
    draft
}

/// Whether a message is an answer by nature: it goes where the question says, or is taken from a queue without a name.
fn is_reply(cx: &Cx<'_>, detail: &Detail) -> bool {
    let at_hand = cx.facts(&detail.at.path).iter().filter(|f| f.at == detail.at.at);
    let mut found = at_hand.filter_map(|f| match &f.claim {
        Claim::Message(message) => Some(message),
        _ => None,
    });
    found.any(|message| {
        let topic = message.topic.to_string();
        let name = squash(&topic);
        let unnamed = topic.is_empty() && message.routing_key.is_none() && message.system == System::Rabbit
            || ["assertqueue", "queuedeclare"].iter().any(|w| name.contains(w)) && topic.contains("()");
        if message.publish {
            return name.contains("replyto") && topic.contains("${");
        }
        unnamed && message.exchange.is_none() && !binds(cx, detail)
    })
}

/// Whether the function that takes a message binds its queue to an exchange.
fn binds(cx: &Cx<'_>, detail: &Detail) -> bool {
    cx.facts(&detail.at.path).iter().any(|f| match &f.claim {
        Claim::Steps(steps) if steps.within == detail.within => {
            steps.calls.iter().any(|(_, name)| squash(name).contains("bind"))
        }
        _ => false,
    })
}

/// The key of a topic that has an exchange, and what stands before it.
fn apart(topic: &str) -> Option<(String, BTreeSet<String>)> {
    let (before, key) = topic.rsplit_once([' ', '/', '>'])?;
    if is_open(topic) || topic.contains(',') {
        return None;
    }
    let key = squash(key);
    let before: BTreeSet<String> = before.split([' ', '/', '>']).map(squash).filter(|p| !p.is_empty()).collect();
    (!before.is_empty() && !before.contains(&key)).then_some((key, before))
}

/// The names by which the other side may know it: exchange, routing key and queue are parts of one operation; of a list, each
/// is a topic of its own (`true`).
fn names(topic: &str) -> (bool, BTreeSet<String>) {
    let parts = topic.split(['/', ' ', '>', ',']).map(squash).filter(|p| !p.is_empty());
    (topic.contains(','), parts.collect())
}

/// Whether one side says no more than the other: who knows the exchange and the key, and who knows the queue of that name.
fn agree(a: &(bool, BTreeSet<String>), b: &(bool, BTreeSet<String>)) -> bool {
    match a.0 || b.0 {
        true => a.1.intersection(&b.1).next().is_some(),
        false => a.1.is_subset(&b.1) || b.1.is_subset(&a.1),
    }
}

/// The same exchange, component or queue, and one part that is nearly one name on both sides; or the key that goes with an
/// exchange, where the other side knows no exchange.
fn parts_once(topic: &str, other: &str) -> bool {
    let (a, b) = (names(topic).1, names(other).1);
    let key = |topic: &str| topic.rsplit([' ', '/', '>']).next().map(squash).unwrap_or_default();
    match (a.len(), b.len()) {
        (1, 1) => false,
        (1, _) | (_, 1) => is_one_name(&key(topic), &key(other)),
        _ => {
            let mine: Vec<&String> = a.difference(&b).collect();
            let [part] = mine.as_slice() else { return false };
            b.difference(&a).any(|other| is_one_name(part, other))
        }
    }
}

/// One name before and after somebody changed it: a word more at its end, or a letter or two in its middle.
fn is_one_name(a: &str, b: &str) -> bool {
    let (a, b) = (squash(a), squash(b));
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    short.len() > 3 && (long.starts_with(short.as_str()) || distance(&a, &b) <= 2)
}

fn is_open(topic: &str) -> bool {
    topic.is_empty() || topic.contains(['{', '*', '#', '$', '%', '?', '>'])
}

/// Retries, dead letters and replies have one side by nature.
fn is_technical(topic: &str) -> bool {
    technical(topic).next().is_some()
}

/// The words of a topic that say so.
fn technical(topic: &str) -> impl Iterator<Item = &'static str> + use<> {
    let name = squash(topic);
    const WORDS: [&str; 12] = [
        "dlq",
        "deadletter",
        "dlt",
        "dlx",
        "retry",
        "error",
        "reply",
        "response",
        "poison",
        "notification",
        "changelog",
        "audit",
    ];
    WORDS.into_iter().filter(move |w| name.contains(w))
}
