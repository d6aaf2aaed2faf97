//! Bodies: what each difference of a schema means to those who send it, and to those who read it.
//!
//! A request may be widened and a response may be narrowed; the other way round breaks. One walk visits every difference
//! once; a rule's name is made of the direction, of whether it is the body itself or a property in it, and of what differs.

use super::delta::{Delta, Sub};
use super::lifecycle;
use super::out::{Out, Spot};
use super::transitions::{Nullability, list_of_types, moved_into_one_of, nullability};
use super::types::{self, TypeChange};
use crate::limits::MAX_STEPS;
use crate::tree::{Data, Node};
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Request,
    Response,
}

/// One body of one media type.
pub struct Body<'c, 'a> {
    pub side: Side,
    pub media: &'c str,
    /// The response's status; empty for a request.
    pub status: &'c str,
    pub root: Rc<Delta<'a>>,
    /// The operation's stability; `None` if it says an unknown one.
    pub stability: Option<&'a str>,
}

/// Where in the body a difference is.
struct Spotted<'c, 'a> {
    path: &'c str,
    name: &'c str,
    parent: Option<&'c Delta<'a>>,
    depth: usize,
}

impl Spotted<'_, '_> {
    fn full(&self) -> String {
        if self.name.is_empty() { self.path.to_owned() } else { full(self.path, self.name) }
    }

    fn is_body(&self) -> bool {
        self.path.is_empty() && self.name.is_empty()
    }
}

pub fn check<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>) {
    let root = body.root.clone();
    if !moved_into_one_of(out.cx, &root).is_empty() {
        let prefix = body.prefix(true);
        out.schema(
            &format!("{prefix}-wrapped-in-one-of"),
            &root,
            "",
            "oneOf",
            format!("{}: properties moved into alternatives (`oneOf`)", body.named("")),
        );
    }
    visit(out, body, &root, &Spotted { path: "", name: "", parent: None, depth: 0 });
}

impl Body<'_, '_> {
    fn prefix(&self, is_body: bool) -> &'static str {
        match (self.side, is_body) {
            (Side::Request, true) => "request-body",
            (Side::Request, false) => "request-property",
            (Side::Response, true) => "response-body",
            (Side::Response, false) => "response-property",
        }
    }

    /// The place for messages.
    fn named(&self, field: &str) -> String {
        let whole = match self.side {
            Side::Request => "request body".to_owned(),
            Side::Response => format!("response `{}`", self.status),
        };
        if field.is_empty() { whole } else { format!("{whole}: `{}`", field) }
    }
}

fn visit<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, delta: &Delta<'a>, at: &Spotted<'_, 'a>) {
    out.steps += 1;
    if out.steps > MAX_STEPS || at.depth > 200 {
        out.limited = true;
        return;
    }
    if delta.differs_here() {
        node(out, body, delta, at);
    }
    let here = match at.name {
        "" => at.path.to_owned(),
        _ => at.full(),
    };
    if let Some(members) = delta.members("properties") {
        for name in &members.removed {
            removed(out, body, delta, &here, name);
        }
        for name in &members.added {
            added(out, body, delta, &here, name);
        }
    }
    let inside = |segment: String| if here.is_empty() { segment } else { format!("{here}/{segment}") };
    let depth = at.depth + 1;
    for (word, branches) in &delta.branches {
        for (i, j, changed) in &branches.changed {
            let (base, revision) = (branch(delta, word, *i, true), branch(delta, word, *j, false));
            let both = if base == revision { base } else { format!("{base} -> {revision}") };
            let path = inside(format!("{word}[{both}]"));
            visit(out, body, changed, &Spotted { path: &path, name: "", parent: Some(delta), depth });
        }
    }
    for (word, sub) in &delta.subs {
        if let Sub::Changed(changed) = sub {
            visit(
                out,
                body,
                changed,
                &Spotted { path: &inside((*word).to_owned()), name: "", parent: Some(delta), depth },
            );
        }
    }
    for (word, members) in &delta.members {
        for (name, changed) in &members.changed {
            match *word {
                "properties" => {
                    visit(out, body, changed, &Spotted { path: &here, name, parent: Some(delta), depth });
                }
                "$defs" => {}
                _ => {
                    let path = inside(format!("{word}[{name}]"));
                    visit(out, body, changed, &Spotted { path: &path, name: "", parent: Some(delta), depth });
                }
            }
        }
    }
}

/// How a branch is called: by its title, by what it refers to, or by its number.
fn branch(delta: &Delta<'_>, word: &str, index: usize, base: bool) -> String {
    let schema = if base { &delta.base } else { &delta.revision };
    let node = schema.get(word).and_then(|n| n.items().get(index));
    let title = node.map(|n| n.word("title")).unwrap_or_default();
    let reference = node.map(|n| n.word("$ref")).unwrap_or_default();
    match (title, reference.rsplit('/').next().unwrap_or_default()) {
        ("", "") => format!("#{}", index + 1),
        ("", name) => name.to_owned(),
        (title, _) => title.to_owned(),
    }
}

fn branch_names(delta: &Delta<'_>, word: &str, of: &[usize], base: bool) -> String {
    of.iter().map(|i| format!("`{}`", branch(delta, word, *i, base))).collect::<Vec<_>>().join(", ")
}

fn removed<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, parent: &Delta<'a>, path: &str, name: &str) {
    let Some(at) = parent.base.member("properties", name) else {
        return;
    };
    let schema = out.cx.base.schema(at);
    if moved_into_one_of(out.cx, parent).contains(&name) || (body.side == Side::Request && schema.flag("readOnly")) {
        return;
    }
    let required = parent.base.has_word("required", name);
    let id = match (body.side, required, schema.flag("writeOnly")) {
        (Side::Request, ..) => "request-property-removed",
        (Side::Response, true, false) => "response-required-property-removed",
        (Side::Response, true, true) => "response-required-write-only-property-removed",
        (Side::Response, false, false) => "response-optional-property-removed",
        (Side::Response, false, true) => "response-optional-write-only-property-removed",
    };
    let full = full(path, name);
    let text = format!("{} was removed", body.named(&full));
    let line = parent.base.get("properties").and_then(|n| n.entry(name)).map(|(key, _)| (parent.base.file, key.line));
    out.schema_at(id, parent, &full, line, Some(parent.revision.line("properties")), text);
}

fn added<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, parent: &Delta<'a>, path: &str, name: &str) {
    let Some(at) = parent.revision.member("properties", name) else {
        return;
    };
    let schema = out.cx.revision.schema(at);
    let required = parent.revision.has_word("required", name);
    let id = match (body.side, required) {
        (Side::Request, _) if schema.flag("readOnly") => return,
        (Side::Request, true) if schema.get("default").is_none() => "new-required-request-property",
        (Side::Request, true) => "new-required-request-property-with-default",
        (Side::Request, false) => "new-optional-request-property",
        (Side::Response, true) if schema.flag("writeOnly") => "response-required-write-only-property-added",
        (Side::Response, true) => "response-required-property-added",
        (Side::Response, false) if schema.flag("writeOnly") => "response-optional-write-only-property-added",
        (Side::Response, false) => "response-optional-property-added",
    };
    let full = full(path, name);
    let kind = if required { "required" } else { "optional" };
    let text = format!("{} was added, {kind}", body.named(&full));
    let entry = parent.revision.get("properties").and_then(|n| n.entry(name));
    let line = entry.map(|(key, _)| (parent.revision.file, key.line));
    out.schema_at(id, parent, &full, Some(parent.base.line("properties")), line, text);
}

fn full(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// A bound as it is compared: absent, a number, or (before 3.1) a flag.
#[derive(Clone, Copy, PartialEq)]
pub enum Limit {
    None,
    Number(f64),
    Flag(bool),
}

pub fn limit(node: Option<&Node<'_>>) -> Limit {
    match node.map(|n| &n.data) {
        Some(Data::Number(_, value)) => Limit::Number(*value),
        Some(Data::Bool(value)) => Limit::Flag(*value),
        _ => Limit::None,
    }
}

/// What happened to a bound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    Set,
    Unset,
    Up,
    Down,
    /// Between a flag and a number.
    Other,
}

/// How a bound moved; bounds that are zero when they are absent are never set or unset.
pub fn moved(delta: &Delta<'_>, keyword: &str) -> Option<(Moved, String, String)> {
    if !delta.has(keyword) {
        return None;
    }
    let zero = matches!(keyword, "minLength" | "minItems");
    let read = |node: Option<&Node<'_>>| match limit(node) {
        Limit::None if zero => Limit::Number(0.0),
        other => other,
    };
    let show =
        |node: Option<&Node<'_>>| node.map_or_else(|| if zero { "0".to_owned() } else { String::new() }, Node::show);
    let (b, r) = (delta.base.get(keyword), delta.revision.get(keyword));
    let how = match (read(b), read(r)) {
        (Limit::None, Limit::None) => return None,
        (Limit::None, _) => Moved::Set,
        (_, Limit::None) => Moved::Unset,
        (Limit::Number(b), Limit::Number(r)) if b < r => Moved::Up,
        (Limit::Number(b), Limit::Number(r)) if b > r => Moved::Down,
        _ => Moved::Other,
    };
    Some((how, show(b), show(r)))
}

fn node<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, delta: &Delta<'a>, at: &Spotted<'_, 'a>) {
    let is_body = at.is_body();
    let prefix = body.prefix(is_body);
    let field = if is_body { String::new() } else { at.full() };
    let named = body.named(&field);
    let request = body.side == Side::Request;
    let hidden = !is_body && delta.revision.flag(if request { "readOnly" } else { "writeOnly" });
    let say = |out: &mut Out<'a>, aspect: &str, keyword: &str, text: String| {
        out.schema(&format!("{prefix}-{aspect}"), delta, &field, keyword, format!("{named}: {text}"));
    };

    match nullability(out.cx, delta) {
        Nullability::Same => {}
        Nullability::Gained => say(out, "became-nullable", "nullable", "may now be null".to_owned()),
        Nullability::Lost => say(out, "became-not-nullable", "nullable", "may no longer be null".to_owned()),
    }
    if !(request && hidden) {
        type_changed(out, body, delta, prefix, &field, &named);
        if let Some((gained, lost)) = list_of_types(out.cx, delta) {
            let narrowed = if request { !lost.is_empty() } else { gained.is_empty() };
            let aspect = if narrowed { "list-of-types-narrowed" } else { "list-of-types-widened" };
            let list = |types: &[&str]| types.join(", ");
            let text = match narrowed {
                true => format!("types `{}` are no longer allowed", list(lost)),
                false => format!("types `{}` are allowed too", list(gained)),
            };
            say(out, aspect, "type", text);
        }
    }
    enumeration(out, body, delta, is_body, hidden, &field, &named);
    values(delta, |aspect, keyword, text| say(out, aspect, keyword, text));
    bounds(delta, request, is_body, hidden, |aspect, keyword, text| {
        let id = match aspect.strip_prefix("!") {
            Some(aspect) => format!("request-read-only-property-{aspect}"),
            None => format!("{prefix}-{aspect}"),
        };
        out.schema(&id, delta, &field, keyword, format!("{named}: {text}"));
    });
    structure(out, delta, &say);
    required(out, body, delta, at, &field);
    if !is_body {
        pattern(delta, request, |aspect, text| say(out, aspect, "pattern", text));
        lifecycle::property(out, body, delta, prefix, &field, &named);
        mutability(out, body, delta, at, &field, &named);
    }
}

fn type_changed<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, delta: &Delta<'a>, prefix: &str, field: &str, named: &str) {
    let (change, format) = (types::type_change(delta), types::format_change(delta));
    if change.is_none() && format.is_none() {
        return;
    }
    let strict = types::is_json(body.media);
    let aspect = match body.side {
        Side::Request => request_aspect(delta, change.as_ref(), format, strict),
        Side::Response => response_aspect(delta, change.as_ref(), format, strict),
    };
    let (what, old, new) = types::shown(out.cx.base, out.cx.revision, delta);
    let keyword = if what == "format" { "format" } else { "type" };
    let text = format!("{named}: {what} changed from `{old}` to `{new}`");
    out.schema(&format!("{prefix}-{aspect}"), delta, field, keyword, text);
}

fn request_aspect<'a>(
    delta: &Delta<'a>,
    change: Option<&TypeChange<'a>>,
    format: Option<(&'a str, &'a str)>,
    strict: bool,
) -> &'static str {
    let (base, revision) = (delta.base.types(), delta.revision.types());
    let widened = change.is_some() && types::within(&base, &revision);
    let left = change.filter(|_| !widened);
    let open = left.is_some() && revision.is_empty();
    let pair = left.map(|c| (c.added.as_slice(), c.removed.as_slice()));
    if !open && types::loses(pair, format, strict, &revision) {
        return "type-changed";
    }
    if change.is_some() && !base.is_empty() && !revision.is_empty() && !widened {
        return "type-compatible";
    }
    "type-generalized"
}

/// What a response's type became, seen by its readers.
pub fn response_aspect<'a>(
    delta: &Delta<'a>,
    change: Option<&TypeChange<'a>>,
    format: Option<(&'a str, &'a str)>,
    strict: bool,
) -> &'static str {
    let (base, revision) = (delta.base.types(), delta.revision.types());
    let narrowed = change.is_some() && types::within(&revision, &base);
    let left = change.filter(|_| !narrowed);
    let open = left.is_some() && base.is_empty();
    let pair = left.map(|c| (c.removed.as_slice(), c.added.as_slice()));
    if !open && types::loses(pair, format.map(|(from, to)| (to, from)), strict, &base) {
        let widened = change.is_some() && types::within(&base, &revision);
        return if widened { "type-generalized" } else { "type-changed" };
    }
    if change.is_some() && !base.is_empty() && !revision.is_empty() && !narrowed {
        return "type-compatible";
    }
    "type-specialized"
}

/// Values of an enumeration that came and went, and whether it is new at all.
pub fn enumerated<'a>(delta: &Delta<'a>) -> (Vec<&'a Node<'a>>, Vec<&'a Node<'a>>, bool) {
    if !delta.has("enum") {
        return (Vec::new(), Vec::new(), false);
    }
    let items = |node: Option<&'a Node<'a>>| node.map(Node::items).unwrap_or_default();
    let (base, revision) = (items(delta.base.get("enum")), items(delta.revision.get("enum")));
    let minus = |a: &'a [Node<'a>], b: &[Node<'_>]| -> Vec<&'a Node<'a>> {
        a.iter().filter(|x| !b.iter().any(|y| x.same(y))).collect()
    };
    let (added, removed) = (minus(revision, base), minus(base, revision));
    let fresh = delta.base.get("enum").is_none() && !added.is_empty();
    (added, removed, fresh)
}

fn enumeration<'a>(
    out: &mut Out<'a>,
    body: &Body<'_, 'a>,
    delta: &Delta<'a>,
    is_body: bool,
    hidden: bool,
    field: &str,
    named: &str,
) {
    let (added, removed, fresh) = enumerated(delta);
    let request = body.side == Side::Request;
    let spots = (Some(delta.base.line("enum")), Some(delta.revision.line("enum")));
    if fresh && request {
        let text = format!("{named}: only listed values are allowed now");
        match is_body {
            true => out.put("request-body-became-enum", field, spots.0, spots.1, text),
            false => out.schema("request-property-became-enum", delta, field, "enum", text),
        }
    }
    for value in &removed {
        let text = format!("{named}: value `{}` was removed from the list", value.show());
        let at = (Some(delta.base.line("enum")), Some(delta.revision.line("enum")));
        match (request, is_body) {
            (true, true) => out.put("request-body-enum-value-removed", field, at.0, at.1, text),
            (false, true) => out.put("response-mediatype-enum-value-removed", field, at.0, at.1, text),
            (true, false) if hidden => {
                out.schema("request-read-only-property-enum-value-removed", delta, field, "enum", text);
            }
            (true, false) => out.schema("request-property-enum-value-removed", delta, field, "enum", text),
            (false, false) => out.schema("response-property-enum-value-removed", delta, field, "enum", text),
        }
    }
    for value in added.iter().filter(|_| !is_body) {
        let id = match (request, hidden) {
            (true, _) => "request-property-enum-value-added",
            (false, true) => "response-write-only-property-enum-value-added",
            (false, false) => "response-property-enum-value-added",
        };
        out.schema(id, delta, field, "enum", format!("{named}: value `{}` was added to the list", value.show()));
    }
    if request && !is_body && !hidden {
        for value in extensible_removed(delta) {
            let text = format!("{named}: value `{value}` was removed from `x-extensible-enum`");
            out.schema("request-property-x-extensible-enum-value-removed", delta, field, "x-extensible-enum", text);
        }
    }
}

/// Values that `x-extensible-enum` lost; both sides have a list.
pub fn extensible_removed<'a>(delta: &Delta<'a>) -> Vec<&'a str> {
    let word = "x-extensible-enum";
    match (delta.has(word), delta.base.get(word), delta.revision.get(word)) {
        (true, Some(base), Some(revision)) if matches!(revision.data, Data::List(_)) => {
            let gone = |value: &&str| !revision.items().iter().any(|r| r.as_text() == Some(*value));
            base.items().iter().filter_map(Node::as_text).filter(gone).collect()
        }
        _ => Vec::new(),
    }
}

/// `default`, `const` and what describes encoded content.
fn values(delta: &Delta<'_>, mut say: impl FnMut(&str, &str, String)) {
    let show = |node: Option<&Node<'_>>| node.map(Node::show).unwrap_or_default();
    for (keyword, word, aspects) in [
        ("default", "default", ["default-value-added", "default-value-removed", "default-value-changed"]),
        ("const", "constant", ["const-added", "const-removed", "const-changed"]),
    ] {
        let (old, new) = (delta.base.get(keyword), delta.revision.get(keyword));
        if delta.has(keyword) {
            match (old, new) {
                (None, _) => say(aspects[0], keyword, format!("{word} `{}` was added", show(new))),
                (_, None) => say(aspects[1], keyword, format!("{word} `{}` was removed", show(old))),
                _ => say(aspects[2], keyword, format!("{word} changed from `{}` to `{}`", show(old), show(new))),
            }
        }
    }
    for (keyword, aspect) in
        [("contentMediaType", "content-media-type-changed"), ("contentEncoding", "content-encoding-changed")]
    {
        if delta.has(keyword) {
            let (old, new) = (delta.base.word(keyword), delta.revision.word(keyword));
            say(aspect, keyword, format!("`{keyword}` changed from `{old}` to `{new}`"));
        }
    }
    let (old, new) = (delta.base.get("dependentRequired"), delta.revision.get("dependentRequired"));
    if delta.has("dependentRequired") {
        for (key, value) in new.map(Node::entries).unwrap_or_default() {
            match old.and_then(|o| o.get(&key.text)) {
                None => {
                    let text = format!("`{}` now requires `{}`", key.text, value.show());
                    say("dependent-required-added", "dependentRequired", text);
                }
                Some(before) if !before.same(value) => {
                    let text = format!("`{}` now requires `{}`, not `{}`", key.text, value.show(), before.show());
                    say("dependent-required-changed", "dependentRequired", text);
                }
                Some(_) => {}
            }
        }
        for (key, value) in old.map(Node::entries).unwrap_or_default() {
            if new.is_none_or(|n| n.get(&key.text).is_none()) {
                let text = format!("`{}` no longer requires `{}`", key.text, value.show());
                say("dependent-required-removed", "dependentRequired", text);
            }
        }
    }
}

/// Upper and lower bounds. An aspect that opens with `!` is the one of properties that are read only.
fn bounds(delta: &Delta<'_>, request: bool, is_body: bool, hidden: bool, mut say: impl FnMut(&str, &str, String)) {
    // Keyword, name in rules, whether it bounds from above.
    for (keyword, word, upper) in [
        ("maxLength", "max-length", true),
        ("maximum", "max", true),
        ("exclusiveMaximum", "exclusive-max", true),
        ("maxContains", "max-contains", true),
        ("minLength", "min-length", false),
        ("minItems", "min-items", false),
        ("minimum", "min", false),
        ("exclusiveMinimum", "exclusive-min", false),
        ("minContains", "min-contains", false),
    ] {
        let Some((how, old, new)) = moved(delta, keyword) else {
            continue;
        };
        let contains = keyword.ends_with("Contains");
        // What restricts the values further.
        let tighter = matches!((how, upper), (Moved::Down, true) | (Moved::Up, false));
        let (aspect, text) = match how {
            Moved::Set => (format!("{word}-set"), format!("`{keyword}` was set to `{new}`")),
            Moved::Unset => (format!("{word}-unset"), format!("`{keyword}`, which was `{old}`, was removed")),
            Moved::Other if contains || !request => continue,
            Moved::Up | Moved::Down | Moved::Other => {
                // What is neither more nor less counts as the harmless direction.
                let up = how == Moved::Up || (how == Moved::Other && upper);
                let (word_, verb) = if up { ("increased", "raised") } else { ("decreased", "lowered") };
                (format!("{word}-{word_}"), format!("`{keyword}` was {verb} from `{old}` to `{new}`"))
            }
        };
        match (request, contains) {
            (_, true) if matches!(how, Moved::Set | Moved::Unset) => continue,
            (_, true) => {}
            (true, _) if how == Moved::Set && hidden => continue,
            (true, _) if keyword == "minItems" && (hidden || how != Moved::Up) => continue,
            (true, _) if tighter && hidden && !is_body && !matches!(keyword, "minLength") => {
                say(&format!("!{aspect}"), keyword, text);
                continue;
            }
            (true, _) => {}
            (false, _) if hidden => continue,
            // A response that is narrowed surprises nobody.
            (false, _) if tighter || how == Moved::Set => continue,
            (false, _) => {}
        }
        say(&aspect, keyword, text);
    }
}

fn structure<'a>(out: &mut Out<'a>, delta: &Delta<'a>, say: &impl Fn(&mut Out<'a>, &str, &str, String)) {
    for (keyword, word) in [
        ("contains", "contains"),
        ("contentSchema", "content-schema"),
        ("if", "if"),
        ("then", "then"),
        ("else", "else"),
        ("propertyNames", "property-names"),
        ("unevaluatedItems", "unevaluated-items"),
        ("unevaluatedProperties", "unevaluated-properties"),
    ] {
        match delta.sub(keyword) {
            Some(Sub::Added) => say(out, &format!("{word}-added"), keyword, format!("`{keyword}` was added")),
            Some(Sub::Removed) => say(out, &format!("{word}-removed"), keyword, format!("`{keyword}` was removed")),
            Some(Sub::Changed(_)) | None => {}
        }
    }
    for (keyword, word) in [("patternProperties", "pattern-property"), ("dependentSchemas", "dependent-schema")] {
        if let Some(members) = delta.members(keyword) {
            for name in &members.added {
                say(out, &format!("{word}-added"), keyword, format!("`{keyword}` for `{name}` was added"));
            }
            for name in &members.removed {
                say(out, &format!("{word}-removed"), keyword, format!("`{keyword}` for `{name}` was removed"));
            }
        }
    }
    for (keyword, word) in
        [("oneOf", "one-of"), ("anyOf", "any-of"), ("allOf", "all-of"), ("prefixItems", "prefix-items")]
    {
        let Some(branches) = delta.branches(keyword) else {
            continue;
        };
        for (list, base, verb) in [(&branches.added, false, "added"), (&branches.removed, true, "removed")] {
            let bare = |i: &&usize| {
                let (document, schema) =
                    if base { (out.cx.base, &delta.base) } else { (out.cx.revision, &delta.revision) };
                keyword == "allOf"
                    && schema
                        .list(keyword)
                        .get(**i)
                        .is_some_and(|at| super::delta::restricts_nothing(&document.schema(*at), ""))
            };
            let (annotations, rest): (Vec<&usize>, Vec<&usize>) = list.iter().partition(bare);
            for (some, suffix) in [(rest, ""), (annotations, "-annotation-only")] {
                if !some.is_empty() {
                    let some: Vec<usize> = some.into_iter().copied().collect();
                    let names = branch_names(delta, keyword, &some, base);
                    let prep = if base { "from" } else { "to" };
                    let text = format!("{names} {verb} {prep} `{keyword}`");
                    say(out, &format!("{word}-{verb}{suffix}"), keyword, text);
                }
            }
        }
    }
    discriminator(out, delta, say);
}

fn discriminator<'a>(out: &mut Out<'a>, delta: &Delta<'a>, say: &impl Fn(&mut Out<'a>, &str, &str, String)) {
    let word = "discriminator";
    if !delta.has(word) {
        return;
    }
    let (base, revision) = match (delta.base.get(word), delta.revision.get(word)) {
        (None, Some(new)) => {
            return say(
                out,
                "discriminator-added",
                word,
                format!("discriminator `{}` was added", new.word("propertyName")),
            );
        }
        (Some(old), None) => {
            let text = format!("discriminator `{}` was removed", old.word("propertyName"));
            return say(out, "discriminator-removed", word, text);
        }
        (Some(base), Some(revision)) => (base, revision),
        (None, None) => return,
    };
    let (old, new) = (base.word("propertyName"), revision.word("propertyName"));
    if old != new {
        let text = format!("the discriminator's property changed from `{old}` to `{new}`");
        say(out, "discriminator-property-name-changed", word, text);
    }
    let entries = |node: &'a Node<'a>| node.get("mapping").map(Node::entries).unwrap_or_default();
    let target = |list: &'a [(crate::tree::Key<'a>, Node<'a>)], key: &str| {
        list.iter().find(|(k, _)| k.text == key).map(|(_, v)| v.as_text().unwrap_or_default())
    };
    let (old, new) = (entries(base), entries(revision));
    let names = |list: Vec<&str>| list.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let minus =
        |a: &'a [(crate::tree::Key<'a>, Node<'a>)], b: &'a [(crate::tree::Key<'a>, Node<'a>)]| -> Vec<&'a str> {
            a.iter().map(|(k, _)| k.text.as_ref()).filter(|k| target(b, k).is_none()).collect()
        };
    let added = minus(new, old);
    if !added.is_empty() {
        say(out, "discriminator-mapping-added", word, format!("the discriminator maps {} too", names(added)));
    }
    let removed = minus(old, new);
    if !removed.is_empty() {
        say(out, "discriminator-mapping-deleted", word, format!("the discriminator no longer maps {}", names(removed)));
    }
    for (key, _) in old {
        if let (Some(from), Some(to)) = (target(old, &key.text), target(new, &key.text))
            && from != to
        {
            let text = format!("the discriminator maps `{}` to `{to}`, not to `{from}`", key.text);
            say(out, "discriminator-mapping-changed", word, text);
        }
    }
}

fn required<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, delta: &Delta<'a>, at: &Spotted<'_, 'a>, field: &str) {
    if !delta.has("required") {
        return;
    }
    let (old, new) = (delta.base.words("required"), delta.revision.words("required"));
    let spots = |name: &str| -> (Spot, Spot) {
        let line = |schema: &super::document::Schema<'a>| {
            let listed = schema.get("required").and_then(|n| n.items().iter().find(|i| i.as_text() == Some(name)));
            Some(listed.map_or_else(|| schema.line("required"), |item| (schema.file, item.line)))
        };
        (line(&delta.base), line(&delta.revision))
    };
    let mut seen: Vec<&str> = Vec::new();
    for (name, became) in new.iter().map(|n| (*n, true)).chain(old.iter().map(|n| (*n, false))) {
        if (became && old.contains(&name)) || (!became && new.contains(&name)) || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let before = delta.base.member("properties", name).map(|at| out.cx.base.schema(at));
        let Some(after) = delta.revision.member("properties", name).map(|at| out.cx.revision.schema(at)) else {
            continue;
        };
        let id = match (body.side, became) {
            (Side::Request, _) if before.is_none() || after.flag("readOnly") => continue,
            (Side::Request, true) if after.get("default").is_some() => "request-property-became-required-with-default",
            (Side::Request, true) => "request-property-became-required",
            (Side::Request, false) => "request-property-became-optional",
            (Side::Response, _) if before.is_none() && (became || !at.is_body()) => continue,
            (Side::Response, _) => {
                let hides = match before {
                    Some(before) if !at.is_body() => before.flag("writeOnly"),
                    _ => after.flag("writeOnly"),
                };
                match (hides, became) {
                    (true, true) => "response-write-only-property-became-required",
                    (true, false) => "response-write-only-property-became-optional",
                    (false, true) => "response-property-became-required",
                    (false, false) => "response-property-became-optional",
                }
            }
        };
        let full = if field.is_empty() { name.to_owned() } else { format!("{}/{name}", field) };
        let word = if became { "required" } else { "optional" };
        let text = format!("{} became {word}", body.named(&full));
        let (base, revision) = spots(name);
        // Requests are judged by the whole body: what it became claims its parts.
        let of = if body.side == Side::Request { &body.root } else { delta };
        out.schema_at(id, of, &full, base, revision, text);
    }
}

/// What happened to a pattern; `say` gets the aspect and the text.
pub fn pattern(delta: &Delta<'_>, request: bool, mut say: impl FnMut(&str, String)) {
    if !delta.has("pattern") {
        return;
    }
    match (delta.base.word("pattern"), delta.revision.word("pattern")) {
        (old, "") => say("pattern-removed", format!("pattern `{old}` was removed")),
        ("", new) => say("pattern-added", format!("must now match `{new}`")),
        (old, ".*") if request => say("pattern-generalized", format!("pattern changed from `{old}` to `.*`")),
        (old, new) => say("pattern-changed", format!("pattern changed from `{old}` to `{new}`")),
    }
}

fn mutability<'a>(
    out: &mut Out<'a>,
    body: &Body<'_, 'a>,
    delta: &Delta<'a>,
    at: &Spotted<'_, 'a>,
    field: &str,
    named: &str,
) {
    let Some(parent) = at.parent.filter(|p| p.revision.member("properties", at.name).is_some()) else {
        return;
    };
    let side = if body.side == Side::Request { "request" } else { "response" };
    let required = if parent.base.has_word("required", at.name) { "required" } else { "optional" };
    for (keyword, word) in [("writeOnly", "write-only"), ("readOnly", "read-only")] {
        if delta.has(keyword) {
            let now = delta.revision.flag(keyword);
            let (not, text) = if now { ("", "became") } else { ("not-", "is no longer") };
            let id = format!("{side}-{required}-property-became-{not}{word}");
            out.schema(&id, delta, field, keyword, format!("{named} {text} `{keyword}`"));
        }
    }
}
