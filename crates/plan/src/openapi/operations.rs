//! Paths, operations, requests, responses and security.

use super::body::{Body, Side, check, response_aspect};
use super::document::At;
use super::lifecycle::{self, SUNSET, Sunset, sunset};
use super::out::{Out, Spot};
use super::parameters::{self, judged};
use super::transitions::{Nullability, nullability};
use super::types;
use crate::tree::Node;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub const METHODS: &[(&str, &str)] = &[
    ("get", "GET"),
    ("head", "HEAD"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("connect", "CONNECT"),
    ("options", "OPTIONS"),
    ("trace", "TRACE"),
];

/// The operations of a path, by method.
pub fn operations<'a>(item: At<'a>) -> Vec<(&'static str, At<'a>)> {
    METHODS.iter().filter_map(|(key, method)| item.get(key).map(|at| (*method, at))).collect()
}

fn line(at: At<'_>, key: &str) -> Spot {
    Some((at.file, at.node.entry(key).map_or(at.node.line, |(key, _)| key.line)))
}

/// A path without the names of its parameters, and those names.
fn template(path: &str) -> (String, Vec<&str>) {
    let (mut out, mut names) = (String::new(), Vec::new());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str("{}");
        names.push(name);
        rest = tail;
    }
    out.push_str(rest);
    (out, names)
}

/// All paths of both versions.
pub fn paths<'a>(out: &mut Out<'a>, base: Option<At<'a>>, revision: Option<At<'a>>) {
    let items = |at: Option<At<'a>>| -> Vec<(&'a str, u32, At<'a>)> {
        at.into_iter().flat_map(At::members).map(|(key, at)| (key.text.as_ref(), key.line, at)).collect()
    };
    let (base, revision) = (items(base), items(revision));
    let index = |list: &[(&'a str, u32, At<'a>)]| {
        let mut exact: BTreeMap<&'a str, usize> = BTreeMap::new();
        let mut shape: BTreeMap<String, usize> = BTreeMap::new();
        for (i, (path, ..)) in list.iter().enumerate() {
            exact.insert(path, i);
            shape.entry(template(path).0).or_insert(i);
        }
        (exact, shape)
    };
    let (base_index, revision_index) = (index(&base), index(&revision));
    let find = |index: &(BTreeMap<&'a str, usize>, BTreeMap<String, usize>), path: &str| {
        index.0.get(path).or_else(|| index.1.get(&template(path).0)).copied()
    };
    for (path, key_line, item) in &base {
        out.path = (*path).to_owned();
        let item = out.cx.base.follow(*item);
        match find(&revision_index, path) {
            Some(j) => {
                let (other, _, there) = revision[j];
                let names = if *path == other {
                    BTreeMap::new()
                } else {
                    template(path).1.into_iter().zip(template(other).1).collect()
                };
                let there = out.cx.revision.follow(there);
                pair(out, item, there, &names);
            }
            None => removed_path(out, item, *key_line),
        }
    }
    for (path, _, item) in &revision {
        if find(&base_index, path).is_none() {
            out.path = (*path).to_owned();
            let item = out.cx.revision.follow(*item);
            for (method, operation) in operations(item) {
                new_operation(out, method, item, operation);
            }
        }
    }
    out.path.clear();
    out.operation = "".into();
}

fn new_operation<'a>(out: &mut Out<'a>, method: &'static str, item: At<'a>, _operation: At<'a>) {
    out.operation = method.into();
    let text = format!("`{method} {}` was added", out.path);
    out.put("endpoint-added", "", None, line(item, &method.to_ascii_lowercase()), text);
}

fn removed_path<'a>(out: &mut Out<'a>, item: At<'a>, key_line: u32) {
    let all = operations(item);
    for (method, operation) in &all {
        out.operation = (*method).into();
        invalid_stability(out, *operation, true);
    }
    let counts = |at: &At<'a>| lifecycle::stability(at.node).is_ok_and(|s| lifecycle::rank(s) >= lifecycle::COUNTS);
    for (method, operation) in all.iter().filter(|(_, at)| counts(at)) {
        out.operation = (*method).into();
        removal(out, *operation, true, Some((item.file, key_line)));
    }
}

fn invalid_stability<'a>(out: &mut Out<'a>, operation: At<'a>, base: bool) {
    if let Err(value) = lifecycle::stability(operation.node) {
        let spot = line(operation, lifecycle::STABILITY);
        let text = format!("stability `{value}` is none of `draft`, `alpha`, `beta`, `stable`");
        let (b, r) = if base { (spot, None) } else { (None, spot) };
        out.put("api-invalid-stability-level", "", b, r, text);
    }
}

/// An operation that is gone: it depends on whether that was announced.
fn removal<'a>(out: &mut Out<'a>, operation: At<'a>, path: bool, at: Spot) {
    let named = format!("`{} {}`", out.operation, out.path);
    let (aspect, text) = match (operation.node.flag("deprecated"), sunset(operation.node.get(SUNSET))) {
        (false, _) => ("removed-without-deprecation", format!("{named} was removed without deprecation")),
        (true, Sunset::None) => ("removed-with-deprecation", format!("{named}, which was deprecated, was removed")),
        (true, Sunset::Unclear(date)) => {
            let text = format!("{named} was removed; its sunset `{date}` is no date");
            return out.put("api-path-sunset-parse", "", line(operation, SUNSET), None, text);
        }
        (true, Sunset::On(day, _)) if out.today().is_some_and(|today| today >= day) => return,
        (true, Sunset::On(_, date)) => {
            ("removed-before-sunset", format!("{named} was removed before its sunset `{date}`"))
        }
    };
    let prefix = if path { "api-path" } else { "api" };
    out.put(&format!("{prefix}-{aspect}"), "", at, None, text);
}

/// A path that is in both versions.
pub fn pair<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>, names: &BTreeMap<&str, &str>) {
    for (key, method) in METHODS {
        out.operation = (*method).into();
        match (base.entry(key), revision.entry(key)) {
            (None, None) => {}
            (None, Some((_, operation))) => new_operation(out, method, revision, operation),
            (Some((key, operation)), None) => {
                invalid_stability(out, operation, true);
                if lifecycle::stability(operation.node).is_ok_and(|s| lifecycle::rank(s) >= lifecycle::COUNTS) {
                    removal(out, operation, false, Some((base.file, key.line)));
                }
            }
            (Some((b, was)), Some((r, is))) => {
                out.lines = (Some((base.file, b.line)), Some((revision.file, r.line)));
                operation(out, was, is, names);
                out.lines = (None, None);
            }
        }
    }
    // What is said for all operations of a path counts for each.
    let matched = parameters::matched(out, base.get("parameters"), revision.get("parameters"), names);
    for parameter in matched.added.iter().filter(|p| p.place() != "path") {
        let word = if parameter.required() { "required" } else { "optional" };
        for (method, _) in operations(revision) {
            out.operation = method.into();
            let text = format!("{} parameter `{}` was added to the path, {word}", parameter.place(), parameter.name());
            let id = format!("new-{word}-request-default-parameter-to-existing-path");
            out.put(&id, parameter.name(), None, line(parameter.at, "name"), text);
        }
    }
}

fn operation<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>, names: &BTreeMap<&str, &str>) {
    if base.file == 0 && revision.file == 0 && base.node.same(revision.node) && !has_references(base.node, 0) {
        return;
    }
    let before = out.changes.len();
    let unchanged = base.node.same(revision.node);
    let (was, is) = (lifecycle::stability(base.node), lifecycle::stability(revision.node));
    if !unchanged {
        invalid_stability(out, base, true);
        invalid_stability(out, revision, false);
    }
    if let (Ok(was), Ok(is)) = (&was, &is)
        && lifecycle::rank(*was) != lifecycle::rank(*is)
        && lifecycle::rank(*was) >= lifecycle::COUNTS
    {
        let word = if lifecycle::rank(*is) < lifecycle::rank(*was) { "decreased" } else { "increased" };
        let text = format!("stability changed from `{}` to `{}`", was.unwrap_or("stable"), is.unwrap_or("stable"));
        let spots = (line(base, lifecycle::STABILITY), line(revision, lifecycle::STABILITY));
        out.put(&format!("api-stability-{word}"), "", spots.0, spots.1, text);
    }
    // What is not stable yet may change.
    if is.as_ref().is_ok_and(|is| lifecycle::rank(*is) < lifecycle::COUNTS) {
        return;
    }
    let judged = judged(revision.node);
    names_and_tags(out, base, revision);
    life(out, base, revision, judged);
    security(out, base.get("security"), revision.get("security"), false);
    let matched = parameters::matched(out, base.get("parameters"), revision.get("parameters"), names);
    parameters::came_and_went(out, &matched);
    for (b, r) in &matched.both {
        parameters::check(out, *b, *r, judged);
    }
    request(out, base, revision, judged);
    responses(out, base, revision, judged);
    // What it refers to differs after all.
    if unchanged && out.changes.len() > before {
        invalid_stability(out, base, true);
        invalid_stability(out, revision, false);
    }
}

fn has_references(node: &Node<'_>, depth: usize) -> bool {
    depth > crate::tree::MAX_DEPTH
        || node.entries().iter().any(|(key, value)| key.text == "$ref" || has_references(value, depth + 1))
        || node.items().iter().any(|item| has_references(item, depth + 1))
}

fn names_and_tags<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>) {
    let (old, new) = (base.node.word("operationId"), revision.node.word("operationId"));
    let spots = (line(base, "operationId"), line(revision, "operationId"));
    match (old, new) {
        (old, new) if old == new => {}
        ("", new) => out.put("api-operation-id-added", "", None, spots.1, format!("operation id `{new}` was added")),
        (old, "") => {
            out.put("api-operation-id-removed", "", spots.0, None, format!("operation id `{old}` was removed"))
        }
        (old, new) => {
            let text = format!("operation id `{old}` became `{new}`");
            out.put("api-operation-id-removed", "", spots.0, spots.1, text);
        }
    }
    let tags = |at: At<'a>| -> BTreeSet<&'a str> {
        at.node.get("tags").into_iter().flat_map(Node::items).filter_map(Node::as_text).collect()
    };
    let (old, new) = (tags(base), tags(revision));
    for tag in old.difference(&new) {
        out.put("api-tag-removed", "", line(base, "tags"), line(revision, "tags"), format!("tag `{tag}` was removed"));
    }
    for tag in new.difference(&old) {
        out.put("api-tag-added", "", line(base, "tags"), line(revision, "tags"), format!("tag `{tag}` was added"));
    }
}

fn life<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>, judged: Option<&'a str>) {
    let (old, new) = (base.node.flag("deprecated"), revision.node.flag("deprecated"));
    let spots = (line(base, "deprecated"), line(revision, "deprecated"));
    if old && !new {
        out.put("endpoint-reactivated", "", spots.0, spots.1, "is no longer deprecated".to_owned());
    } else if !old && new && judged.is_some() {
        let (id, text) = match sunset(revision.node.get(SUNSET)) {
            Sunset::None => ("endpoint-deprecated", "was deprecated".to_owned()),
            Sunset::Unclear(date) => {
                ("api-deprecated-sunset-parse", format!("was deprecated, but its sunset `{date}` is no date"))
            }
            Sunset::On(day, date) if out.today().is_some_and(|today| day < today) => {
                ("api-sunset-date-too-small", format!("was deprecated with a sunset in the past: `{date}`"))
            }
            Sunset::On(_, date) => ("endpoint-deprecated-with-sunset", format!("was deprecated, sunset `{date}`")),
        };
        out.put(id, "", spots.0, spots.1, text);
    }
    let (before, after) = (base.node.get(SUNSET), revision.node.get(SUNSET));
    let spots = (line(base, SUNSET), line(revision, SUNSET));
    match (before, after) {
        _ if !new => {}
        (Some(_), None) => out.put("sunset-deleted", "", spots.0, spots.1, "lost its sunset".to_owned()),
        (Some(b), Some(a)) if !b.same(a) => match (sunset(before), sunset(after)) {
            (_, Sunset::Unclear(date)) | (Sunset::Unclear(date), _) => {
                out.put("api-path-sunset-parse", "", spots.0, spots.1, format!("sunset `{date}` is no date"));
            }
            (Sunset::On(was, from), Sunset::On(is, to))
                if was > is && judged.is_some() && out.today().is_some_and(|today| is < today) =>
            {
                let text = format!("sunset moved from `{from}` to `{to}`, which is in the past");
                out.put("api-sunset-date-changed-too-small", "", spots.0, spots.1, text);
            }
            _ => {}
        },
        _ => {}
    }
}

/// One way to be let in: schemes, each with its scopes.
type Alternative<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Security of an operation, or of all of them.
pub fn security<'a>(out: &mut Out<'a>, base: Option<At<'a>>, revision: Option<At<'a>>, global: bool) {
    let read = |at: Option<At<'a>>| -> Vec<Alternative<'a>> {
        let scopes = |node: &'a Node<'a>| node.items().iter().filter_map(Node::as_text).collect();
        let one = |at: At<'a>| at.node.entries().iter().map(|(k, v)| (k.text.as_ref(), scopes(v))).collect();
        at.into_iter().flat_map(At::items).map(one).collect()
    };
    let spots = (base.map(|at| (at.file, at.node.line)), revision.map(|at| (at.file, at.node.line)));
    let (old, new) = (read(base), read(revision));
    let (mut left, mut right) = (vec![false; old.len()], vec![false; new.len()]);
    for (i, alternative) in old.iter().enumerate() {
        if let Some(j) = (0..new.len()).find(|j| !right[*j] && new[*j] == *alternative) {
            (left[i], right[j]) = (true, true);
        }
    }
    let prefix = if global { "api-global-security" } else { "api-security" };
    let schemes = |a: &Alternative<'a>| -> Vec<&'a str> { a.keys().copied().collect() };
    for i in 0..old.len() {
        let alike = |list: &[Alternative<'a>], seen: &[bool]| -> Vec<usize> {
            (0..list.len()).filter(|k| !seen[*k] && schemes(&list[*k]) == schemes(&old[i])).collect()
        };
        if left[i] || alike(&old, &left).len() != 1 {
            continue;
        }
        let [j] = alike(&new, &right)[..] else { continue };
        (left[i], right[j]) = (true, true);
        for (scheme, scopes) in &old[i] {
            let now = &new[j][scheme];
            for scope in now.difference(scopes) {
                let text = format!("`{scheme}` needs the scope `{scope}` too");
                out.put(&format!("{prefix}-scope-added"), scheme, spots.0, spots.1, text);
            }
            for scope in scopes.difference(now) {
                let text = format!("`{scheme}` no longer needs the scope `{scope}`");
                out.put(&format!("{prefix}-scope-removed"), scheme, spots.0, spots.1, text);
            }
        }
    }
    let show = |a: &Alternative<'a>| match a.is_empty() {
        true => "none".to_owned(),
        false => schemes(a).join(" and "),
    };
    for (list, seen, verb) in [(&new, &right, "added"), (&old, &left, "removed")] {
        for (i, alternative) in list.iter().enumerate() {
            if !seen[i] && (global || !alternative.is_empty()) {
                let name = show(alternative);
                let text = format!("security `{name}` was {verb}");
                out.put(&format!("{prefix}-{verb}"), &name, spots.0, spots.1, text);
            }
        }
    }
}

fn request<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>, judged: Option<&'a str>) {
    let spots = (line(base, "requestBody"), line(revision, "requestBody"));
    let (b, r) = match (base.get("requestBody"), revision.get("requestBody")) {
        (None, None) => return,
        (None, Some(body)) => {
            let required = out.cx.revision.follow(body).node.flag("required");
            let word = if required { "required" } else { "optional" };
            let text = format!("request body was added, {word}");
            return out.put(&format!("request-body-added-{word}"), "", None, spots.1, text);
        }
        (Some(_), None) => {
            return out.put("request-body-removed", "", spots.0, spots.1, "request body was removed".to_owned());
        }
        (Some(b), Some(r)) => (out.cx.base.follow(b), out.cx.revision.follow(r)),
    };
    if b.node.flag("required") != r.node.flag("required") {
        let word = if r.node.flag("required") { "required" } else { "optional" };
        let spots = (line(b, "required"), line(r, "required"));
        let text = format!("request body became {word}");
        out.put(&format!("request-body-became-{word}"), "", spots.0, spots.1, text);
    }
    let content = Content::new(b.get("content"), r.get("content"));
    for (name, at) in &content.added {
        out.put(
            "request-body-media-type-added",
            name,
            None,
            *at,
            format!("request body: media type `{name}` was added"),
        );
    }
    for (name, at) in &content.removed {
        let text = format!("request body: media type `{name}` was removed");
        out.put("request-body-media-type-removed", name, *at, None, text);
    }
    for (old, new, b, r) in &content.both {
        schemas(out, *b, *r, Side::Request, if old == new { old } else { new }, "", judged);
    }
}

fn schemas<'a>(
    out: &mut Out<'a>,
    base: At<'a>,
    revision: At<'a>,
    side: Side,
    media: &str,
    status: &str,
    stability: Option<&'a str>,
) {
    let prefix = if side == Side::Request { "request-body" } else { "response-body" };
    let spots = (line(base, "schema"), line(revision, "schema"));
    match (base.get("schema"), revision.get("schema")) {
        (None, None) => {}
        (None, Some(_)) => {
            let text = format!("media type `{media}` has a schema now");
            out.put(&format!("{prefix}-media-type-schema-added"), "", spots.0, spots.1, text);
        }
        (Some(_), None) => {
            let text = format!("media type `{media}` has no schema any more");
            out.put(&format!("{prefix}-media-type-schema-removed"), "", spots.0, spots.1, text);
        }
        (Some(b), Some(r)) => {
            if let Some(root) = out.cx.compare(b, r) {
                check(out, &Body { side, media, status, root, stability });
            }
        }
    }
}

/// Media types of two bodies, paired by name, or by one holding the other.
struct Content<'a> {
    added: Vec<(&'a str, Spot)>,
    removed: Vec<(&'a str, Spot)>,
    both: Vec<(&'a str, &'a str, At<'a>, At<'a>)>,
}

impl<'a> Content<'a> {
    fn new(base: Option<At<'a>>, revision: Option<At<'a>>) -> Self {
        let list = |at: Option<At<'a>>| -> Vec<(&'a str, u32, At<'a>)> {
            at.into_iter().flat_map(At::members).map(|(key, at)| (key.text.as_ref(), key.line, at)).collect()
        };
        let (base, revision) = (list(base), list(revision));
        let mut content = Content { added: Vec::new(), removed: Vec::new(), both: Vec::new() };
        let mut gone = Vec::new();
        for (name, key_line, at) in &base {
            match revision.iter().find(|(other, ..)| other == name) {
                Some((_, _, there)) => content.both.push((name, name, *at, *there)),
                None => gone.push((*name, *key_line, *at)),
            }
        }
        for (name, key_line, at) in &revision {
            if base.iter().any(|(other, ..)| other == name) {
                continue;
            }
            match gone.iter().position(|(old, ..)| holds(name, old) || holds(old, name)) {
                Some(i) => {
                    let (old, _, there) = gone.remove(i);
                    content.both.push((old, name, there, *at));
                }
                None => content.added.push((name, Some((at.file, *key_line)))),
            }
        }
        content.removed.extend(gone.into_iter().map(|(name, line, at)| (name, Some((at.file, line)))));
        content
    }
}

/// A media type in its parts.
struct Media<'a> {
    kind: &'a str,
    subtype: &'a str,
    suffix: &'a str,
    parameters: BTreeMap<String, &'a str>,
}

fn media(name: &str) -> Option<Media<'_>> {
    let mut parts = name.split(';');
    let (kind, rest) = parts.next()?.trim().split_once('/')?;
    let mut pieces = rest.split('+');
    let (subtype, suffix) = (pieces.next()?.trim(), pieces.next().map(str::trim));
    if kind.is_empty() || subtype.is_empty() || suffix == Some("") || pieces.next().is_some() || rest.contains('/') {
        return None;
    }
    let pairs = parts.filter_map(|p| p.split_once('='));
    let parameters = pairs.map(|(k, v)| (k.trim().to_ascii_lowercase(), v.trim().trim_matches('"'))).collect();
    Some(Media { kind, subtype, suffix: suffix.unwrap_or_default(), parameters })
}

/// Whether every body of the second media type is one of the first: `application/json` holds `application/hal+json`.
fn holds(outer: &str, inner: &str) -> bool {
    let (Some(outer), Some(inner)) = (media(outer), media(inner)) else { return false };
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    same(outer.kind, inner.kind)
        && ((outer.suffix.is_empty() && !inner.suffix.is_empty() && same(inner.suffix, outer.subtype))
            || (same(outer.subtype, inner.subtype) && same(outer.suffix, inner.suffix)))
}

fn responses<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>, judged: Option<&'a str>) {
    let list = |at: At<'a>| -> Vec<(&'a str, u32, At<'a>)> {
        let all = at.get("responses");
        all.into_iter().flat_map(At::members).map(|(key, at)| (key.text.as_ref(), key.line, at)).collect()
    };
    let (old, new) = (list(base), list(revision));
    for (list, other, verb) in [(&old, &new, "removed"), (&new, &old, "added")] {
        for (status, key_line, at) in list {
            let (Ok(code), true) = (status.parse::<i32>(), other.iter().all(|(s, ..)| s != status)) else { continue };
            let kind = if (200..=299).contains(&code) { "success" } else { "non-success" };
            let spot = Some((at.file, *key_line));
            let there = |at: At<'a>| line(at, "responses");
            let spots = if verb == "removed" { (spot, there(revision)) } else { (there(base), spot) };
            let text = format!("response `{status}` was {verb}");
            out.put(&format!("response-{kind}-status-{verb}"), status, spots.0, spots.1, text);
        }
    }
    for (status, _, b) in &old {
        if let Some((_, _, r)) = new.iter().find(|(s, ..)| s == status) {
            response(out, status, out.cx.base.follow(*b), out.cx.revision.follow(*r), judged);
        }
    }
}

fn response<'a>(out: &mut Out<'a>, status: &'a str, base: At<'a>, revision: At<'a>, judged: Option<&'a str>) {
    headers(out, status, base.get("headers"), revision.get("headers"));
    let content = Content::new(base.get("content"), revision.get("content"));
    for (name, at) in &content.removed {
        let text = format!("response `{status}`: media type `{name}` was removed");
        out.put("response-media-type-removed", name, *at, line(revision, "content"), text);
    }
    for (name, at) in &content.added {
        let text = format!("response `{status}`: media type `{name}` was added");
        out.put("response-media-type-added", name, line(base, "content"), *at, text);
    }
    for (old, new, b, r) in &content.both {
        if old != new {
            let parameters = |name: &'a str| media(name).map(|m| m.parameters).unwrap_or_default();
            let aspect = match (parameters(old) != parameters(new), holds(old, new)) {
                (true, _) => "changed",
                (false, true) => "specialized",
                (false, false) => "generalized",
            };
            let text = format!("response `{status}`: media type `{old}` became `{new}`");
            let spots = (line(base, "content"), line(revision, "content"));
            out.put(&format!("response-media-type-name-{aspect}"), new, spots.0, spots.1, text);
        }
        schemas(out, *b, *r, Side::Response, new, status, judged);
    }
}

fn headers<'a>(out: &mut Out<'a>, status: &str, base: Option<At<'a>>, revision: Option<At<'a>>) {
    let list = |at: Option<At<'a>>| -> Vec<(&'a str, u32, At<'a>)> {
        let entries = at.into_iter().flat_map(|at| at.node.entries().iter().map(move |e| (at.file, e)));
        entries.map(|(file, (key, node))| (key.text.as_ref(), key.line, At { node, file })).collect()
    };
    let (old, new) = (list(base), list(revision));
    for (name, key_line, at) in &old {
        let b = out.cx.base.follow(*at);
        let named = format!("response `{status}`: header `{name}`");
        let Some((_, there, r)) = new.iter().find(|(n, ..)| n == name) else {
            let id = if b.node.flag("required") {
                "required-response-header-removed"
            } else {
                "optional-response-header-removed"
            };
            out.put(id, name, Some((at.file, *key_line)), None, format!("{named} was removed"));
            continue;
        };
        let spots = (Some((at.file, *key_line)), Some((r.file, *there)));
        let r = out.cx.revision.follow(*r);
        if b.node.flag("required") && !r.node.flag("required") {
            out.put("response-header-became-optional", name, spots.0, spots.1, format!("{named} became optional"));
        }
        let delta = match (b.get("schema"), r.get("schema")) {
            (Some(b), Some(r)) => out.cx.compare(b, r),
            _ => None,
        };
        let Some(delta) = delta else { continue };
        match nullability(out.cx, &delta) {
            Nullability::Same => {}
            Nullability::Gained => {
                out.put("response-header-became-nullable", name, spots.0, spots.1, format!("{named} may now be null"));
            }
            Nullability::Lost => {
                let text = format!("{named} may no longer be null");
                out.put("response-header-became-not-nullable", name, spots.0, spots.1, text);
            }
        }
        let (change, format) = (types::type_change(&delta), types::format_change(&delta));
        if change.is_some() || format.is_some() {
            let aspect = response_aspect(&delta, change.as_ref(), format, false);
            let (what, old, new) = types::shown(out.cx.base, out.cx.revision, &delta);
            let text = format!("{named}: {what} changed from `{old}` to `{new}`");
            out.schema(&format!("response-header-{aspect}"), &delta, name, "type", text);
        }
    }
    for (name, key_line, at) in &new {
        if old.iter().all(|(n, ..)| n != name) {
            let text = format!("response `{status}`: header `{name}` was added");
            out.put("response-header-added", name, None, Some((at.file, *key_line)), text);
        }
    }
}

/// Webhooks: they are called by the one who publishes the description.
pub fn webhooks<'a>(out: &mut Out<'a>, base: Option<At<'a>>, revision: Option<At<'a>>) {
    let list = |at: Option<At<'a>>| -> Vec<(&'a str, u32, At<'a>)> {
        at.into_iter().flat_map(At::members).map(|(key, at)| (key.text.as_ref(), key.line, at)).collect()
    };
    let (old, new) = (list(base), list(revision));
    for (name, key_line, at) in &old {
        match new.iter().find(|(n, ..)| n == name) {
            None => {
                let text = format!("webhook `{name}` was removed");
                out.put("webhook-removed", name, Some((at.file, *key_line)), None, text);
            }
            Some((_, _, there)) => {
                out.path = format!("webhook:{name}");
                let (b, r) = (out.cx.base.follow(*at), out.cx.revision.follow(*there));
                pair(out, b, r, &BTreeMap::new());
                out.path.clear();
                out.operation = Cow::Borrowed("");
            }
        }
    }
    for (name, key_line, at) in &new {
        if old.iter().all(|(n, ..)| n != name) {
            out.put("webhook-added", name, None, Some((at.file, *key_line)), format!("webhook `{name}` was added"));
        }
    }
}

/// For tests of names: a path below a file.
#[cfg(test)]
mod tests {
    use super::super::document::joined;
    use super::*;

    #[test]
    fn paths_pair_without_the_names_of_parameters() {
        assert_eq!(template("/a/{id}/b/{x}"), ("/a/{}/b/{}".to_owned(), vec!["id", "x"]));
        assert_eq!(joined("api/a.yaml", "../b.yaml"), "b.yaml");
    }

    #[test]
    fn media_types_hold_each_other() {
        assert!(holds("application/json", "application/hal+json"));
        assert!(!holds("application/hal+json", "application/json"));
        assert!(!holds("text/plain", "application/json"));
    }
}
