//! Two versions of an AsyncAPI document: 2.x and 3.x.
//!
//! Channels pair by name and by address, operations by name (3.x) or by channel and direction (2.x). Payloads are JSON
//! Schemas and are judged as bodies are: what an application sends may be narrowed, what it receives may be widened.

use crate::change::Grade::{self, Behaviour, Safe as Harmless, Wire};
use crate::change::Hurts::{self, Both, Readers, Senders};
use crate::change::Level::{self, Breaking, Safe, Warning};
use crate::change::{Change, Rule};
use crate::openapi::body::{Body, Side, check};
use crate::openapi::delta::Comparer;
use crate::openapi::document::{At, Document};
use crate::openapi::out::{Out, Spot};
use crate::tree::Node;
use crate::{Options, Text};
use seam_facts::{Problem, ProblemKind};

const fn rule(id: &'static str, level: Level, grade: Grade, hurts: Hurts) -> Rule {
    Rule { id, level, grade, hurts }
}

/// Rules of what is around payloads; sorted. Those of payloads are the ones of OpenAPI's bodies.
#[rustfmt::skip]
pub static RULES: &[Rule] = &[
    rule("channel-added", Safe, Harmless, Both),
    rule("channel-address-changed", Breaking, Wire, Both),
    rule("channel-removed", Breaking, Wire, Both),
    rule("message-added", Warning, Behaviour, Readers),
    rule("message-content-type-changed", Breaking, Wire, Both),
    rule("message-correlation-id-changed", Warning, Behaviour, Both),
    rule("message-payload-added", Breaking, Wire, Senders),
    rule("message-payload-removed", Breaking, Wire, Readers),
    rule("message-removed", Breaking, Wire, Both),
    rule("message-schema-format-changed", Breaking, Wire, Both),
    rule("operation-action-changed", Breaking, Wire, Both),
    rule("operation-added", Safe, Harmless, Both),
    rule("operation-channel-changed", Breaking, Wire, Both),
    rule("operation-removed", Breaking, Wire, Both),
    rule("parameter-added", Breaking, Wire, Both),
    rule("parameter-removed", Breaking, Wire, Both),
    rule("reply-removed", Breaking, Wire, Readers),
    rule("server-protocol-changed", Breaking, Wire, Both),
    rule("server-removed", Warning, Wire, Both),
];

pub fn changes(base: &[Text<'_>], revision: &[Text<'_>], options: &Options) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut read = |texts: &[Text<'_>]| -> Vec<(String, Node<'static>)> {
        let mut files = Vec::new();
        for text in texts {
            let (node, found) = crate::tree::read(text.text);
            problems.extend(found);
            files.push((text.name.to_owned(), node.owned()));
        }
        files
    };
    let (base, revision) = (read(base), read(revision));
    let base = Document::new(base.iter().map(|(name, node)| (name.as_str(), node)).collect());
    let revision = Document::new(revision.iter().map(|(name, node)| (name.as_str(), node)).collect());
    let cx = Comparer::new(&base, &revision);
    let mut out = Out::new(&cx, options.today);
    if let (Some(b), Some(r)) = (base.root(), revision.root()) {
        servers(&mut out, b, r);
        channels(&mut out, b, r);
        operations(&mut out, b, r);
    }
    let limited = out.limited || cx.limited();
    let changes = std::mem::take(&mut out.changes);
    if limited {
        let message = "the documents differ beyond the limit: the rest was left out";
        problems.push(Problem::new(ProblemKind::Limit, message, None));
    }
    problems.extend(base.problems.take());
    problems.extend(revision.problems.take());
    (changes, problems)
}

fn put(out: &mut Out<'_>, id: &str, key: &str, base: Spot, revision: Spot, text: String) {
    if let Ok(i) = RULES.binary_search_by(|rule| rule.id.cmp(id)) {
        out.say(&RULES[i], key, base, revision, text);
    }
}

fn entries<'a>(at: Option<At<'a>>) -> Vec<(&'a str, Spot, At<'a>)> {
    let of = |at: At<'a>| at.members().map(move |(key, node)| (key.text.as_ref(), Some((at.file, key.line)), node));
    at.into_iter().flat_map(of).collect()
}

fn servers<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>) {
    let (old, new) = (entries(base.get("servers")), entries(revision.get("servers")));
    for (name, spot, at) in &old {
        let Some((_, there, now)) = new.iter().find(|(n, ..)| n == name) else {
            put(out, "server-removed", name, *spot, None, format!("server `{name}` was removed"));
            continue;
        };
        let (was, is) =
            (out.cx.base.follow(*at).node.word("protocol"), out.cx.revision.follow(*now).node.word("protocol"));
        if was != is {
            let text = format!("server `{name}` speaks `{is}`, not `{was}`");
            put(out, "server-protocol-changed", name, *spot, *there, text);
        }
    }
}

fn channels<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>) {
    let (old, new) = (entries(base.get("channels")), entries(revision.get("channels")));
    let address = |document: &'a Document<'a>, name: &'a str, at: At<'a>| match document.follow(at).node.word("address")
    {
        "" => name,
        address => address,
    };
    for (name, spot, at) in &old {
        let was = address(out.cx.base, name, *at);
        let twin = new.iter().find(|(n, ..)| n == name);
        let twin = twin.or_else(|| new.iter().find(|(n, _, at)| address(out.cx.revision, n, *at) == was));
        let Some((other, there, now)) = twin else {
            put(out, "channel-removed", name, *spot, None, format!("channel `{was}` was removed"));
            continue;
        };
        let is = address(out.cx.revision, other, *now);
        if was != is {
            let text = format!("channel `{name}` moved from `{was}` to `{is}`");
            put(out, "channel-address-changed", name, *spot, *there, text);
        }
        let (b, r) = (out.cx.base.follow(*at), out.cx.revision.follow(*now));
        parameters(out, was, b, r);
        // 2.x: directions stand in the channel; an application publishes what its subscribers receive.
        for (word, action, side) in [("subscribe", "SEND", Side::Response), ("publish", "RECEIVE", Side::Request)] {
            let key = format!("{action} {was}");
            match (b.entry(word), r.entry(word)) {
                (None, None) => {}
                (None, Some((k, _))) => {
                    put(out, "operation-added", &key, None, Some((r.file, k.line)), format!("`{key}` was added"));
                }
                (Some((k, _)), None) => {
                    put(out, "operation-removed", &key, Some((b.file, k.line)), None, format!("`{key}` was removed"));
                }
                (Some((_, x)), Some((_, y))) => {
                    let (x, y) =
                        (alternatives(out.cx.base, x.get("message")), alternatives(out.cx.revision, y.get("message")));
                    messages(out, &x, &y, action, side, was);
                }
            }
        }
    }
    for (name, spot, at) in &new {
        let is = address(out.cx.revision, name, *at);
        if old.iter().all(|(n, _, at)| n != name && address(out.cx.base, n, *at) != is) {
            put(out, "channel-added", name, None, *spot, format!("channel `{is}` was added"));
        }
    }
}

fn parameters<'a>(out: &mut Out<'a>, channel: &str, base: At<'a>, revision: At<'a>) {
    let (old, new) = (entries(base.get("parameters")), entries(revision.get("parameters")));
    for (list, other, id, verb) in
        [(&old, &new, "parameter-removed", "removed"), (&new, &old, "parameter-added", "added")]
    {
        for (name, spot, _) in list.iter().filter(|(n, ..)| other.iter().all(|(o, ..)| o != n)) {
            let (b, r) = if verb == "removed" { (*spot, None) } else { (None, *spot) };
            put(out, id, channel, b, r, format!("channel `{channel}`: parameter `{name}` was {verb}"));
        }
    }
}

/// 2.x: one message, or any of several.
fn alternatives<'a>(document: &'a Document<'a>, at: Option<At<'a>>) -> Vec<(String, At<'a>)> {
    let Some(at) = at else { return Vec::new() };
    let named = |i: usize, at: At<'a>| {
        let reference = at.node.word("$ref").rsplit('/').next().unwrap_or_default().to_owned();
        let node = document.follow(at);
        let name = match node.node.word("name") {
            "" if reference.is_empty() => format!("#{}", i + 1),
            "" => reference,
            name => name.to_owned(),
        };
        (name, node)
    };
    match document.follow(at).get("oneOf") {
        Some(list) => list.items().enumerate().map(|(i, at)| named(i, at)).collect(),
        None => vec![named(0, at)],
    }
}

/// 3.x: operations stand by themselves.
fn operations<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>) {
    let (old, new) = (entries(base.get("operations")), entries(revision.get("operations")));
    for (name, spot, at) in &old {
        let was = out.cx.base.follow(*at);
        let Some((_, there, now)) = new.iter().find(|(n, ..)| n == name) else {
            put(out, "operation-removed", name, *spot, None, format!("operation `{name}` was removed"));
            continue;
        };
        let is = out.cx.revision.follow(*now);
        if was.node.word("action") != is.node.word("action") {
            let text =
                format!("operation `{name}` does `{}`, not `{}`", is.node.word("action"), was.node.word("action"));
            put(out, "operation-action-changed", name, *spot, *there, text);
            continue;
        }
        let channel = |at: At<'a>| at.get("channel").map(|c| c.node.word("$ref")).unwrap_or_default();
        if channel(was) != channel(is) {
            let text = format!("operation `{name}` uses `{}`, not `{}`", channel(is), channel(was));
            put(out, "operation-channel-changed", name, *spot, *there, text);
        }
        if was.get("reply").is_some() && is.get("reply").is_none() {
            put(out, "reply-removed", name, *spot, *there, format!("operation `{name}` no longer replies"));
        }
        let (action, side) = match was.node.word("action") {
            "receive" => ("RECEIVE", Side::Request),
            _ => ("SEND", Side::Response),
        };
        let list = |document: &'a Document<'a>, at: At<'a>| -> Vec<(String, At<'a>)> {
            let own: Vec<At<'a>> = at.get("messages").into_iter().flat_map(At::items).collect();
            let last = |at: &At<'a>| at.node.word("$ref").rsplit('/').next().unwrap_or_default().to_owned();
            if !own.is_empty() {
                return own.into_iter().map(|at| (last(&at), document.follow(at))).collect();
            }
            let channel = at.get("channel").map(|c| document.follow(c));
            let all = entries(channel.and_then(|c| c.get("messages")));
            all.into_iter().map(|(name, _, at)| (name.to_owned(), document.follow(at))).collect()
        };
        let (x, y) = (list(out.cx.base, was), list(out.cx.revision, is));
        messages(out, &x, &y, action, side, name);
    }
    for (name, spot, _) in new.iter().filter(|(n, ..)| old.iter().all(|(o, ..)| o != n)) {
        put(out, "operation-added", name, None, *spot, format!("operation `{name}` was added"));
    }
}

fn messages<'a>(
    out: &mut Out<'a>,
    old: &[(String, At<'a>)],
    new: &[(String, At<'a>)],
    action: &'static str,
    side: Side,
    of: &str,
) {
    let single = old.len() == 1 && new.len() == 1;
    for (name, was) in old {
        let key = format!("{of}/{name}");
        let spot = Some((was.file, was.node.line));
        let twin = new.iter().find(|(n, _)| n == name).or_else(|| new.first().filter(|_| single));
        let Some((_, is)) = twin else {
            put(out, "message-removed", &key, spot, None, format!("`{of}`: message `{name}` was removed"));
            continue;
        };
        let there = Some((is.file, is.node.line));
        for (word, id) in
            [("contentType", "message-content-type-changed"), ("schemaFormat", "message-schema-format-changed")]
        {
            let (a, b) = (was.node.word(word), is.node.word(word));
            if a != b && !(a.is_empty() || b.is_empty()) {
                put(out, id, &key, spot, there, format!("message `{key}`: `{word}` changed from `{a}` to `{b}`"));
            }
        }
        let id = |at: &At<'a>| at.get("correlationId").map(|c| c.node.word("location")).unwrap_or_default();
        if id(was) != id(is) {
            let text = format!("message `{key}`: the correlation id is at `{}`, not at `{}`", id(is), id(was));
            put(out, "message-correlation-id-changed", &key, spot, there, text);
        }
        for part in ["payload", "headers"] {
            // 3.x: a schema may stand below its format.
            let inner = |document: &'a Document<'a>, at: &At<'a>| {
                let schema = at.get(part)?;
                document.follow(schema).get("schema").or(Some(schema))
            };
            match (inner(out.cx.base, was), inner(out.cx.revision, is)) {
                (None, None) => {}
                (None, Some(_)) if part == "payload" => {
                    put(out, "message-payload-added", &key, spot, there, format!("message `{key}` has a payload now"));
                }
                (Some(_), None) if part == "payload" => {
                    put(out, "message-payload-removed", &key, spot, there, format!("message `{key}` lost its payload"));
                }
                (None, Some(_)) | (Some(_), None) => {}
                (Some(b), Some(r)) => {
                    if let Some(root) = out.cx.compare(b, r) {
                        out.operation = action.into();
                        out.path.clone_from(&key);
                        let media = "application/json";
                        check(out, &Body { side, media, status: name, root, stability: Some("stable") });
                        out.operation = "".into();
                        out.path.clear();
                    }
                }
            }
        }
    }
    for (name, is) in new.iter().filter(|(n, _)| old.iter().all(|(o, _)| o != n) && !single) {
        let text = format!("`{of}`: message `{name}` was added: readers may not know it");
        put(out, "message-added", &format!("{of}/{name}"), None, Some((is.file, is.node.line)), text);
    }
}
