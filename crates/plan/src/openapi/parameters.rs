//! Parameters of operations: what senders have to say, and how.

use super::body::{Moved, enumerated, extensible_removed, moved, pattern};
use super::delta::{Delta, Sub};
use super::document::{At, Schema};
use super::lifecycle::{self, SUNSET, Sunset, sunset};
use super::out::{Out, Spot};
use super::transitions::{Nullability, list_of_types, nullability};
use super::types;
use crate::limits::MAX_STEPS;
use crate::tree::Node;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A parameter, its reference followed.
#[derive(Clone, Copy)]
pub struct Parameter<'a> {
    pub at: At<'a>,
    /// A property of an object that is spread over the query stands for a parameter of its own.
    schema: Option<At<'a>>,
}

impl<'a> Parameter<'a> {
    pub fn name(&self) -> &'a str {
        self.at.node.word("name")
    }

    pub fn place(&self) -> &'a str {
        self.at.node.word("in")
    }

    fn schema(&self) -> Option<At<'a>> {
        self.schema.or_else(|| self.at.get("schema"))
    }

    pub fn required(&self) -> bool {
        self.at.node.flag("required")
    }

    fn line(&self, key: &str) -> Spot {
        let line = self.at.node.entry(key).map_or(self.at.node.line, |(key, _)| key.line);
        Some((self.at.file, line))
    }
}

/// Which parameters are new, gone, and the same.
#[derive(Default)]
pub struct Matched<'a> {
    pub added: Vec<Parameter<'a>>,
    pub removed: Vec<Parameter<'a>>,
    pub both: Vec<(Parameter<'a>, Parameter<'a>)>,
}

/// Pairs parameters; those of the path by what stands at their place in it.
pub fn matched<'a>(
    out: &Out<'a>,
    base: Option<At<'a>>,
    revision: Option<At<'a>>,
    names: &BTreeMap<&str, &str>,
) -> Matched<'a> {
    let list = |document: &'a super::document::Document<'a>, at: Option<At<'a>>| -> Vec<Parameter<'a>> {
        let follow = |at| Parameter { at: document.follow(at), schema: None };
        at.into_iter().flat_map(At::items).map(follow).collect()
    };
    let (base, revision) = (list(out.cx.base, base), list(out.cx.revision, revision));
    let mut result = Matched::default();
    let (mut seen, mut taken) = (vec![false; base.len()], vec![false; revision.len()]);
    // One object that is spread over the query says the same as several parameters.
    for (j, whole) in revision.iter().enumerate() {
        let Some(properties) = spread(out.cx.revision.schema_of(whole)) else { continue };
        if !spreads(whole) {
            continue;
        }
        for (i, part) in base.iter().enumerate().filter(|(_, p)| p.place() == whole.place()) {
            let itself = spreads(part) && spread(out.cx.base.schema_of(part)).is_some();
            if let Some(schema) = properties.get(part.name()).filter(|_| !seen[i] && !itself) {
                result.both.push((*part, Parameter { at: whole.at, schema: Some(schema) }));
                (seen[i], taken[j]) = (true, true);
            }
        }
    }
    for (i, whole) in base.iter().enumerate() {
        let Some(properties) = spread(out.cx.base.schema_of(whole)) else { continue };
        if seen[i] || !spreads(whole) {
            continue;
        }
        for (j, part) in revision.iter().enumerate().filter(|(_, p)| p.place() == whole.place()) {
            let itself = spreads(part) && spread(out.cx.revision.schema_of(part)).is_some();
            if let Some(schema) = properties.get(part.name()).filter(|_| !taken[j] && !itself) {
                result.both.push((Parameter { at: whole.at, schema: Some(schema) }, *part));
                (seen[i], taken[j]) = (true, true);
            }
        }
    }
    for (i, parameter) in base.iter().enumerate().filter(|(i, _)| !seen[*i]).collect::<Vec<_>>() {
        seen[i] = true;
        let twin = |other: &Parameter<'a>| {
            other.place() == parameter.place()
                && match (parameter.place(), names.is_empty()) {
                    ("path", false) => names.get(parameter.name()).copied() == Some(other.name()),
                    _ => parameter.name() == other.name(),
                }
        };
        match (0..revision.len()).find(|j| twin(&revision[*j])).filter(|j| !taken[*j]) {
            Some(j) => {
                taken[j] = true;
                result.both.push((*parameter, revision[j]));
            }
            None => result.removed.push(*parameter),
        }
    }
    result.added.extend(revision.iter().enumerate().filter(|(j, _)| !taken[*j]).map(|(_, p)| *p));
    result
}

fn spreads(parameter: &Parameter<'_>) -> bool {
    let node = parameter.at.node;
    matches!(parameter.place(), "query" | "cookie") && node.flag("explode") && matches!(node.word("style"), "" | "form")
}

/// The properties of a schema that is an object.
fn spread<'a>(schema: Option<Schema<'a>>) -> Option<At<'a>> {
    let schema = schema?;
    let properties = schema.at("properties").filter(|p| !p.node.entries().is_empty())?;
    if schema.types() == ["object"] { Some(properties) } else { None }
}

impl<'a> super::document::Document<'a> {
    fn schema_of(&self, parameter: &Parameter<'a>) -> Option<Schema<'a>> {
        parameter.schema().map(|at| self.schema(at))
    }
}

fn show(parameter: &Parameter<'_>) -> String {
    format!("{} parameter `{}`", parameter.place(), parameter.name())
}

/// Parameters of an operation that came and went.
pub fn came_and_went<'a>(out: &mut Out<'a>, matched: &Matched<'a>) {
    for parameter in &matched.added {
        let (id, word) = match (parameter.place(), parameter.required()) {
            ("path", _) => ("new-request-path-parameter", ""),
            (_, true) => ("new-required-request-parameter", ", required"),
            (_, false) => ("new-optional-request-parameter", ", optional"),
        };
        let text = format!("{} was added{word}", show(parameter));
        out.put(id, parameter.name(), None, parameter.line("name"), text);
    }
    for parameter in &matched.removed {
        let name = show(parameter);
        let (id, text) = match (parameter.at.node.flag("deprecated"), sunset(parameter.at.node.get(SUNSET))) {
            (false, _) => ("request-parameter-removed", format!("{name} was removed")),
            (true, Sunset::None) => {
                ("request-parameter-removed-with-deprecation", format!("{name}, which was deprecated, was removed"))
            }
            (true, Sunset::Unclear(date)) => {
                ("request-parameter-sunset-parse", format!("{name} was removed; its sunset `{date}` is no date"))
            }
            (true, Sunset::On(day, _)) if out.today().is_some_and(|today| today >= day) => continue,
            (true, Sunset::On(_, date)) => {
                let text = format!("{name} was removed before its sunset `{date}`");
                ("request-parameter-removed-before-sunset", text)
            }
        };
        out.put(id, parameter.name(), parameter.line("name"), None, text);
    }
}

/// A parameter that is in both versions; `stability` is the operation's, `None` if it is an unknown one.
pub fn check<'a>(out: &mut Out<'a>, base: Parameter<'a>, revision: Parameter<'a>, stability: Option<&'a str>) {
    let name = show(&base);
    let field = base.name();
    if base.required() != revision.required() {
        let word = if revision.required() { "required" } else { "optional" };
        let spots = (base.line("required"), revision.line("required"));
        let text = format!("{name} became {word}");
        out.put(&format!("request-parameter-became-{word}"), field, spots.0, spots.1, text);
    }
    life(out, base, revision, stability, &name);
    let delta = match (base.schema(), revision.schema()) {
        (Some(b), Some(r)) => out.cx.compare(b, r),
        _ => None,
    };
    let Some(delta) = delta else { return };
    if delta.has("default") && !base.required() && !revision.required() {
        let shown = |node: Option<&Node<'_>>| node.map(Node::show).unwrap_or_default();
        let (old, new) = (delta.base.get("default"), delta.revision.get("default"));
        let (aspect, text) = match (old, new) {
            (None, _) => ("added", format!("default `{}` was added", shown(new))),
            (_, None) => ("removed", format!("default `{}` was removed", shown(old))),
            _ => ("changed", format!("default changed from `{}` to `{}`", shown(old), shown(new))),
        };
        let id = format!("request-parameter-default-value-{aspect}");
        out.put(&id, field, spot(&delta.base, "default"), spot(&delta.revision, "default"), format!("{name}: {text}"));
    }
    whole(out, &delta, revision, field, &name);
    inside(out, &delta, "", "", revision, &name, 0);
    if base.place() == "header" {
        header(out, &delta, "", field, &name, 0);
    }
}

fn spot(schema: &Schema<'_>, keyword: &str) -> Spot {
    Some(schema.line(keyword))
}

fn life<'a>(out: &mut Out<'a>, base: Parameter<'a>, revision: Parameter<'a>, stability: Option<&'a str>, name: &str) {
    let (old, new) = (base.at.node.flag("deprecated"), revision.at.node.flag("deprecated"));
    let field = base.name();
    let spots = (base.line("deprecated"), revision.line("deprecated"));
    if old && !new {
        let text = format!("{name} is no longer deprecated");
        out.put("request-parameter-reactivated", field, spots.0, spots.1, text);
    } else if !old && new && stability.is_some() {
        let (id, text) = match sunset(revision.at.node.get(SUNSET)) {
            Sunset::None => ("request-parameter-deprecated", format!("{name} was deprecated")),
            Sunset::Unclear(date) => {
                ("request-parameter-sunset-parse", format!("{name} was deprecated, but its sunset `{date}` is no date"))
            }
            Sunset::On(day, date) if out.today().is_some_and(|today| day < today) => {
                let text = format!("{name} was deprecated with a sunset in the past: `{date}`");
                ("request-parameter-sunset-date-too-small", text)
            }
            Sunset::On(_, date) => ("request-parameter-deprecated", format!("{name} was deprecated, sunset `{date}`")),
        };
        out.put(id, field, spots.0, spots.1, text);
    }
    if !new {
        return;
    }
    let (before, after) = (base.at.node.get(SUNSET), revision.at.node.get(SUNSET));
    let spots = (base.line(SUNSET), revision.line(SUNSET));
    match (before, after) {
        (Some(_), None) => {
            let text = format!("{name} lost its sunset");
            out.put("request-parameter-sunset-deleted", field, spots.0, spots.1, text);
        }
        (Some(b), Some(a)) if !b.same(a) => match (sunset(before), sunset(after)) {
            (_, Sunset::Unclear(date)) | (Sunset::Unclear(date), _) => {
                let text = format!("{name}: sunset `{date}` is no date");
                out.put("request-parameter-sunset-parse", field, spots.0, spots.1, text);
            }
            (Sunset::On(was, from), Sunset::On(is, to))
                if was > is && stability.is_some() && out.today().is_some_and(|today| is < today) =>
            {
                let text = format!("{name}: sunset moved from `{from}` to `{to}`, which is in the past");
                out.put("request-parameter-sunset-date-changed-too-small", field, spots.0, spots.1, text);
            }
            _ => {}
        },
        _ => {}
    }
}

/// What differs in the parameter itself.
fn whole<'a>(out: &mut Out<'a>, delta: &Delta<'a>, revision: Parameter<'a>, field: &str, name: &str) {
    match nullability(out.cx, delta) {
        Nullability::Same => {}
        Nullability::Gained => {
            out.schema(
                "request-parameter-became-nullable",
                delta,
                field,
                "nullable",
                format!("{name} may now be null"),
            );
        }
        Nullability::Lost => {
            let text = format!("{name} may no longer be null");
            out.schema("request-parameter-became-not-nullable", delta, field, "nullable", text);
        }
    }
    let (added, removed, fresh) = enumerated(delta);
    if fresh {
        let text = format!("{name}: only listed values are allowed now");
        out.schema("request-parameter-became-enum", delta, field, "enum", text);
    }
    for (values, id, verb) in [
        (&removed, "request-parameter-enum-value-removed", "removed from"),
        (&added, "request-parameter-enum-value-added", "added to"),
    ] {
        for value in values {
            out.schema(id, delta, field, "enum", format!("{name}: value `{}` was {verb} the list", value.show()));
        }
    }
    for value in extensible_removed(delta) {
        let word = "x-extensible-enum";
        let text = format!("{name}: value `{value}` was removed from `{word}`");
        let spots = (spot(&delta.base, word), spot(&delta.revision, word));
        out.put("request-parameter-x-extensible-enum-value-removed", field, spots.0, spots.1, text);
    }
    pattern(delta, true, |aspect, text| {
        out.schema(&format!("request-parameter-{aspect}"), delta, field, "pattern", format!("{name}: {text}"));
    });
    if let Some((gained, lost)) = list_of_types(out.cx, delta) {
        let (aspect, text) = match lost.is_empty() {
            false => ("narrowed", format!("types `{}` are no longer allowed", lost.join(", "))),
            true => ("widened", format!("types `{}` are allowed too", gained.join(", "))),
        };
        let id = format!("request-parameter-list-of-types-{aspect}");
        out.schema(&id, delta, field, "type", format!("{name}: {text}"));
    }
    limits(out, delta, field, name);
    let (change, format) = (types::type_change(delta), types::format_change(delta));
    if change.is_some() || format.is_some() {
        let pair = change.as_ref().map(|c| (c.added.as_slice(), c.removed.as_slice()));
        let loses = types::loses(pair, format, false, &delta.revision.types());
        let aspect = if loses && !repeats(out, delta, revision) { "type-changed" } else { "type-generalized" };
        let (what, old, new) = types::shown(out.cx.base, out.cx.revision, delta);
        let keyword = if what == "format" { "format" } else { "type" };
        let text = format!("{name}: {what} changed from `{old}` to `{new}`");
        out.schema(&format!("request-parameter-{aspect}"), delta, field, keyword, text);
    }
}

fn limits<'a>(out: &mut Out<'a>, delta: &Delta<'a>, field: &str, name: &str) {
    for (keyword, word, upper) in [
        ("maxLength", "max-length", true),
        ("maxItems", "max-items", true),
        ("maximum", "max", true),
        ("exclusiveMaximum", "exclusive-max", true),
        ("minLength", "min-length", false),
        ("minItems", "min-items", false),
        ("minimum", "min", false),
        ("exclusiveMinimum", "exclusive-min", false),
    ] {
        // The number of items of items is limited here too.
        let of_items = match (keyword, delta.sub("items")) {
            ("maxItems", Some(Sub::Changed(items))) if !delta.has(keyword) => Some(items),
            _ => None,
        };
        let delta = of_items.map_or(delta, |items| items);
        let Some((how, old, new)) = moved(delta, keyword) else { continue };
        let (aspect, text) = match how {
            Moved::Set => ("set", format!("`{keyword}` was set to `{new}`")),
            Moved::Unset => continue,
            Moved::Up | Moved::Down | Moved::Other => {
                let up = how == Moved::Up || (how == Moved::Other && upper);
                let (aspect, verb) = if up { ("increased", "raised") } else { ("decreased", "lowered") };
                (aspect, format!("`{keyword}` was {verb} from `{old}` to `{new}`"))
            }
        };
        let spots = (spot(&delta.base, keyword), spot(&delta.revision, keyword));
        let id = format!("request-parameter-{word}-{aspect}");
        out.put(&id, field, spots.0, spots.1, format!("{name}: {text}"));
    }
}

/// One value became a list of such values, each of which is sent as a parameter of its own: senders of one go on.
fn repeats<'a>(out: &Out<'a>, delta: &Delta<'a>, revision: Parameter<'a>) -> bool {
    let plain = |types: Vec<&'a str>| -> Vec<&'a str> { types.into_iter().filter(|t| *t != "null").collect() };
    let (base, now) = (plain(delta.base.types()), plain(delta.revision.types()));
    let added: Vec<&&str> = now.iter().filter(|t| !base.contains(t)).collect();
    let node = revision.at.node;
    let style = match (node.word("style"), revision.place()) {
        ("", "query" | "cookie") => "form",
        (style, _) => style,
    };
    let explode = node.get("explode").and_then(Node::as_bool).unwrap_or(style == "form");
    if added != [&"array"] || base.is_empty() || style != "form" || !explode {
        return false;
    }
    let Some(items) = delta.revision.at("items") else { return false };
    let items = out.cx.revision.schema(items);
    types::contained(&plain(items.types()), &base, false)
        && out.cx.equivalent_without(delta.base, items, &["type", "nullable"])
}

/// What differs in properties of a parameter that is an object, or in the items of one that is a list.
fn inside<'a>(
    out: &mut Out<'a>,
    delta: &Rc<Delta<'a>>,
    path: &str,
    property: &str,
    parameter: Parameter<'a>,
    name: &str,
    depth: usize,
) {
    out.steps += 1;
    if out.steps > MAX_STEPS || depth > 200 {
        out.limited = true;
        return;
    }
    let here = match (path, property) {
        (path, "") => path.to_owned(),
        ("", property) => property.to_owned(),
        _ => format!("{path}/{property}"),
    };
    if !here.is_empty() {
        let field = format!("{}/{here}", parameter.name());
        let named = format!("{name}: `{here}`");
        match nullability(out.cx, delta) {
            Nullability::Same => {}
            Nullability::Gained => {
                let text = format!("{named} may now be null");
                out.schema("request-parameter-property-became-nullable", delta, &field, "nullable", text);
            }
            Nullability::Lost => {
                let text = format!("{named} may no longer be null");
                out.schema("request-parameter-property-became-not-nullable", delta, &field, "nullable", text);
            }
        }
        let (added, removed, _) = enumerated(delta);
        for (values, id, verb) in [
            (&removed, "request-parameter-property-enum-value-removed", "removed from"),
            (&added, "request-parameter-property-enum-value-added", "added to"),
        ] {
            for value in values {
                out.schema(id, delta, &field, "enum", format!("{named}: value `{}` was {verb} the list", value.show()));
            }
        }
        if let Some((gained, lost)) = list_of_types(out.cx, delta) {
            let (aspect, text) = match lost.is_empty() {
                false => ("narrowed", format!("types `{}` are no longer allowed", lost.join(", "))),
                true => ("widened", format!("types `{}` are allowed too", gained.join(", "))),
            };
            let id = format!("request-parameter-property-list-of-types-{aspect}");
            out.schema(&id, delta, &field, "type", format!("{named}: {text}"));
        }
        let (change, format) = (types::type_change(delta), types::format_change(delta));
        if change.is_some() || format.is_some() {
            let pair = change.as_ref().map(|c| (c.added.as_slice(), c.removed.as_slice()));
            let to = delta.revision.types();
            let strictly = types::loses(pair, format, true, &to);
            let aspect = match (strictly, types::loses(pair, format, false, &to)) {
                (strict, loose) if strict != loose => "type-changed",
                (true, _) => "type-specialized",
                (false, _) => "type-generalized",
            };
            let (what, old, new) = types::shown(out.cx.base, out.cx.revision, delta);
            let text = format!("{named}: {what} changed from `{old}` to `{new}`");
            out.schema(&format!("request-parameter-property-{aspect}"), delta, &field, "type", text);
        }
    }
    let join = |segment: &str| if here.is_empty() { segment.to_owned() } else { format!("{here}/{segment}") };
    for (word, branches) in &delta.branches {
        for (i, _, changed) in &branches.changed {
            inside(out, changed, &join(&format!("{word}[#{}]", i + 1)), "", parameter, name, depth + 1);
        }
    }
    for (word, sub) in &delta.subs {
        if let Sub::Changed(changed) = sub {
            inside(out, changed, &join(word), "", parameter, name, depth + 1);
        }
    }
    for (word, members) in delta.members.iter().filter(|(word, _)| *word != "$defs") {
        for (member, changed) in &members.changed {
            match *word {
                "properties" => inside(out, changed, &here, member, parameter, name, depth + 1),
                _ => inside(out, changed, &join(&format!("{word}[{member}]")), "", parameter, name, depth + 1),
            }
        }
    }
}

/// What only headers are asked for: properties of their objects.
fn header<'a>(out: &mut Out<'a>, delta: &Rc<Delta<'a>>, path: &str, field: &str, name: &str, depth: usize) {
    out.steps += 1;
    if out.steps > MAX_STEPS || depth > 200 {
        out.limited = true;
        return;
    }
    let join = |segment: &str| if path.is_empty() { segment.to_owned() } else { format!("{path}/{segment}") };
    if enumerated(delta).2 {
        let text = match path {
            "" => format!("{name}: only listed values are allowed now"),
            _ => format!("{name}: `{path}`: only listed values are allowed now"),
        };
        let spots = (spot(&delta.base, "enum"), spot(&delta.revision, "enum"));
        out.put("request-header-property-became-enum", field, spots.0, spots.1, text);
    }
    let (old, new) = (delta.base.words("required"), delta.revision.words("required"));
    for required in new.iter().filter(|r| !old.contains(r)) {
        let now = delta.revision.member("properties", required).map(|at| out.cx.revision.schema(at));
        let before = delta.base.member("properties", required);
        if now.is_none_or(|s| s.flag("readOnly")) || (path.is_empty() && before.is_none()) {
            continue;
        }
        let text = format!("{name}: `{}` became required", join(required));
        let spots = (spot(&delta.base, "required"), spot(&delta.revision, "required"));
        out.put("request-header-property-became-required", field, spots.0, spots.1, text);
    }
    if let Some(members) = delta.members("properties") {
        for added in &members.added {
            let schema = delta.revision.member("properties", added).map(|at| out.cx.revision.schema(at));
            if delta.revision.has_word("required", added) && schema.is_some_and(|s| !s.flag("readOnly")) {
                let text = format!("{name}: `{}` was added, required", join(added));
                let line = spot(&delta.revision, "properties");
                out.put("new-required-request-header-property", field, None, line, text);
            }
        }
    }
    for (word, branches) in &delta.branches {
        for (i, _, changed) in &branches.changed {
            header(out, changed, &join(&format!("{word}[#{}]", i + 1)), field, name, depth + 1);
        }
    }
    for (word, sub) in &delta.subs {
        if let Sub::Changed(changed) = sub {
            header(out, changed, &join(word), field, name, depth + 1);
        }
    }
    for (word, members) in delta.members.iter().filter(|(word, _)| *word != "$defs") {
        for (member, changed) in &members.changed {
            let segment = if *word == "properties" { (*member).to_owned() } else { format!("{word}[{member}]") };
            header(out, changed, &join(&segment), field, name, depth + 1);
        }
    }
}

/// Whether an operation's life can be judged.
pub fn judged<'a>(operation: &'a Node<'a>) -> Option<&'a str> {
    lifecycle::stability(operation).ok().map(|word| word.unwrap_or("stable"))
}
