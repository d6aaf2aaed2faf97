//! Two versions of a JSON Schema: whether what was valid under one is valid under the other.
//!
//! Names of differences, and which of them are compatible, follow the registry of Confluent: objects that allow further
//! properties are open, and a property that is added to an open object restricts what was allowed before.

use crate::change::Grade::Json;
use crate::change::Hurts::{Readers, Senders};
use crate::change::{Change, Level, Place, Rule};
use crate::openapi::document::{At, Document, Schema};
use crate::tree::{Data, Node};
use crate::{Options, Text};
use seam_facts::{Problem, ProblemKind};
use std::collections::BTreeSet;

const MAX_DEPTH: usize = 80;
const MAX_STEPS: usize = 200_000;

macro_rules! rules {
    ($($id:literal),* $(,)?) => {
        /// What was valid and is not any more: new readers refuse old data.
        pub static BACKWARD: &[Rule] = &[$(Rule { id: $id, level: Level::Breaking, grade: Json, hurts: Readers }),*];
        /// What is valid and was not: old readers refuse new data.
        pub static FORWARD: &[Rule] = &[$(Rule { id: concat!("FORWARD_", $id), level: Level::Breaking, grade: Json, hurts: Senders }),*];
    };
}
rules!(
    "ADDITIONAL_ITEMS_NARROWED",
    "ADDITIONAL_ITEMS_REMOVED",
    "ADDITIONAL_PROPERTIES_NARROWED",
    "ADDITIONAL_PROPERTIES_REMOVED",
    "COMBINED_TYPE_CHANGED",
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED",
    "CONST_CHANGED",
    "DEPENDENCY_ADDED",
    "DEPENDENCY_EXTENDED",
    "ENUM_ARRAY_CHANGED",
    "ENUM_ARRAY_NARROWED",
    "EXCLUSIVE_MAXIMUM_ADDED",
    "EXCLUSIVE_MAXIMUM_DECREASED",
    "EXCLUSIVE_MINIMUM_ADDED",
    "EXCLUSIVE_MINIMUM_INCREASED",
    "ITEM_ADDED_TO_OPEN_CONTENT_MODEL",
    "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "MAXIMUM_ADDED",
    "MAXIMUM_DECREASED",
    "MAX_ITEMS_ADDED",
    "MAX_ITEMS_DECREASED",
    "MAX_LENGTH_ADDED",
    "MAX_LENGTH_DECREASED",
    "MAX_PROPERTIES_ADDED",
    "MAX_PROPERTIES_DECREASED",
    "MINIMUM_ADDED",
    "MINIMUM_INCREASED",
    "MIN_ITEMS_ADDED",
    "MIN_ITEMS_INCREASED",
    "MIN_LENGTH_ADDED",
    "MIN_LENGTH_INCREASED",
    "MIN_PROPERTIES_ADDED",
    "MIN_PROPERTIES_INCREASED",
    "MULTIPLE_OF_ADDED",
    "MULTIPLE_OF_CHANGED",
    "MULTIPLE_OF_EXPANDED",
    "NOT_TYPE_EXTENDED",
    "PATTERN_ADDED",
    "PATTERN_CHANGED",
    "PRODUCT_TYPE_EXTENDED",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "REQUIRED_ATTRIBUTE_ADDED",
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
    "SCHEMA_ADDED",
    "SUM_TYPE_NARROWED",
    "TYPE_CHANGED",
    "TYPE_NARROWED",
    "UNIQUE_ITEMS_ADDED",
);

pub fn changes(base: &[Text<'_>], revision: &[Text<'_>], options: &Options) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut read = |texts: &[Text<'_>]| -> Files {
        let mut files = Vec::new();
        for text in texts {
            let (node, found) = crate::tree::read(text.text);
            problems.extend(found);
            files.push((text.name.to_owned(), node.owned()));
        }
        files
    };
    let (old, new) = (read(base), read(revision));
    let mut changes = Vec::new();
    for backward in [true, false] {
        if !options.compatibility.counts(backward) {
            continue;
        }
        let (from, to) = if backward { (&old, &new) } else { (&new, &old) };
        let (from, to) = (opened(from), opened(to));
        let mut cx = Comparison { old: &from, new: &to, open: BTreeSet::new(), steps: 0 };
        let (Some(a), Some(b)) = (from.root(), to.root()) else { continue };
        let mut found = Vec::new();
        cx.compare(Some(a), Some(b), "", 0, &mut found);
        if cx.steps > MAX_STEPS {
            problems.push(Problem::new(ProblemKind::Limit, "the schemas differ beyond the limit", None));
        }
        found.dedup_by(|a, b| a.kind == b.kind && a.path == b.path);
        for difference in found {
            let rules = if backward { BACKWARD } else { FORWARD };
            let Some(rule) = rules.iter().find(|r| r.id.trim_start_matches("FORWARD_") == difference.kind) else {
                continue;
            };
            let who = if backward {
                "what was valid may be refused now"
            } else {
                "older readers may refuse what is valid now"
            };
            let place = |document: &Document<'_>, line: u32| Some(document.place((0, line)));
            let (f, t) = (place(&from, difference.old_line), place(&to, difference.new_line));
            let (base, revision): (Option<Place>, Option<Place>) = if backward { (f, t) } else { (t, f) };
            let path = if difference.path.is_empty() { "/".to_owned() } else { difference.path.clone() };
            changes.push(Change {
                rule,
                text: format!("`{path}`: {}; {who}", difference.text),
                key: path,
                field: String::new(),
                operation: "".into(),
                path: String::new(),
                base,
                revision,
            });
        }
    }
    changes.truncate(crate::limits::MAX_CHANGES);
    (changes, problems)
}

type Files = Vec<(String, Node<'static>)>;

fn opened(files: &Files) -> Document<'_> {
    Document::new(files.iter().map(|(name, node)| (name.as_str(), node)).collect())
}

struct Difference {
    kind: &'static str,
    path: String,
    text: String,
    old_line: u32,
    new_line: u32,
}

struct Comparison<'c, 'a> {
    old: &'c Document<'a>,
    new: &'c Document<'a>,
    open: BTreeSet<(usize, usize)>,
    steps: usize,
}

/// What kind of schema it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// Everything is valid.
    Empty,
    /// Nothing is.
    False,
    Typed,
    AllOf,
    AnyOf,
    OneOf,
    Enum,
    Const,
    Not,
}

fn shape(schema: &Schema<'_>) -> Shape {
    match schema.node.data {
        Data::Bool(true) => return Shape::Empty,
        Data::Bool(false) => return Shape::False,
        _ => {}
    }
    let some = |key: &str| schema.get(key).is_some_and(|n| !n.items().is_empty());
    if some("enum") {
        Shape::Enum
    } else if schema.get("const").is_some() {
        Shape::Const
    } else if some("allOf") {
        Shape::AllOf
    } else if some("anyOf") || schema.types().len() > 1 {
        Shape::AnyOf
    } else if some("oneOf") {
        Shape::OneOf
    } else if schema.get("not").is_some() && schema.types().is_empty() {
        Shape::Not
    } else if kind(schema).is_empty() {
        Shape::Empty
    } else {
        Shape::Typed
    }
}

/// The type that a schema has, said or meant by its keywords; empty for any.
fn kind<'a>(schema: &Schema<'a>) -> &'a str {
    if let Some(first) = schema.types().first() {
        return first;
    }
    let meant = [
        (
            "object",
            &["properties", "required", "additionalProperties", "patternProperties", "minProperties", "maxProperties"]
                [..],
        ),
        ("array", &["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]),
        ("string", &["minLength", "maxLength", "pattern"]),
        ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    ];
    meant.iter().find(|(_, keys)| keys.iter().any(|k| schema.get(k).is_some())).map_or("", |(kind, _)| kind)
}

impl<'a> Comparison<'_, 'a> {
    fn compatible(&mut self, old: Option<At<'a>>, new: Option<At<'a>>, depth: usize) -> bool {
        let mut found = Vec::new();
        self.compare(old, new, "", depth + 1, &mut found);
        found.is_empty()
    }

    fn compare(
        &mut self,
        old: Option<At<'a>>,
        new: Option<At<'a>>,
        path: &str,
        depth: usize,
        out: &mut Vec<Difference>,
    ) {
        let (old, new) = match (old, new) {
            (None, Some(new)) => {
                out.push(Difference {
                    kind: "SCHEMA_ADDED",
                    path: path.to_owned(),
                    text: "a schema was added".to_owned(),
                    old_line: 1,
                    new_line: new.node.line,
                });
                return;
            }
            (_, None) => return,
            (Some(old), Some(new)) => (self.old.schema(old), self.new.schema(new)),
        };
        let key = (std::ptr::from_ref(old.node) as usize, std::ptr::from_ref(new.node) as usize);
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS || !self.open.insert(key) {
            return;
        }
        self.schemas(&old, &new, path, depth, out);
        self.open.remove(&key);
    }

    fn schemas(&mut self, old: &Schema<'a>, new: &Schema<'a>, path: &str, depth: usize, out: &mut Vec<Difference>) {
        let say = |out: &mut Vec<Difference>, kind: &'static str, keyword: &str, text: String| {
            let (old_line, new_line) = (old.line(keyword).1, new.line(keyword).1);
            out.push(Difference { kind, path: path.to_owned(), text, old_line, new_line });
        };
        let (a, b) = (shape(old), shape(new));
        let combined = |s: Shape| matches!(s, Shape::AllOf | Shape::AnyOf | Shape::OneOf);
        match (a, b) {
            (_, Shape::Empty) | (Shape::False, _) => {}
            (Shape::Enum, Shape::Enum) => enums(old, new, say, out),
            (Shape::Const, Shape::Const) => {
                if !matches!((old.get("const"), new.get("const")), (Some(x), Some(y)) if x.same(y)) {
                    say(out, "CONST_CHANGED", "const", "the constant changed".to_owned());
                }
            }
            (Shape::Const, Shape::Enum) if holds(new, old.get("const")) => {}
            (Shape::Enum, Shape::Typed) if typed_values(old, kind(new)) => {}
            (Shape::Not, Shape::Not) => {
                let (o, n) = (old.at("not"), new.at("not"));
                // What is excluded may only shrink.
                let mut turned = Comparison { old: self.new, new: self.old, open: BTreeSet::new(), steps: self.steps };
                if !turned.compatible(n, o, depth) {
                    say(out, "NOT_TYPE_EXTENDED", "not", "`not` excludes more".to_owned());
                }
                self.steps = turned.steps;
            }
            (a, b) if combined(a) && combined(b) => self.combined(old, new, (a, b), say, depth, out),
            (a, b) if combined(b) && !combined(a) => {
                let branches = branches(new, b);
                let this = At { node: old.node, file: old.file };
                let fits = match b {
                    Shape::AllOf => branches.iter().all(|n| self.alone(this, n, depth)),
                    _ => branches.iter().any(|n| self.alone(this, n, depth)),
                };
                if !fits {
                    say(out, "TYPE_CHANGED", "type", "became a combination that does not hold what it was".to_owned());
                }
            }
            (a, _) if combined(a) => {
                let list = branches(old, a);
                let this = At { node: new.node, file: new.file };
                let fits = match a {
                    Shape::AllOf => list.iter().any(|o| self.alone_old(o, this, depth)),
                    _ => list.iter().all(|o| self.alone_old(o, this, depth)),
                };
                if !fits {
                    let kind = if a == Shape::AllOf { "TYPE_CHANGED" } else { "SUM_TYPE_NARROWED" };
                    say(out, kind, "type", "no longer holds all that the combination was".to_owned());
                }
            }
            (Shape::Typed, Shape::Typed) => {
                let (x, y) = (kind(old), kind(new));
                match (x, y) {
                    (x, y) if x == y => {}
                    ("integer", "number") => {}
                    ("number", "integer") => {
                        say(out, "TYPE_NARROWED", "type", "type narrowed from `number` to `integer`".to_owned())
                    }
                    _ => return say(out, "TYPE_CHANGED", "type", format!("type changed from `{x}` to `{y}`")),
                }
                self.typed(old, new, path, depth, out);
            }
            _ => say(out, "TYPE_CHANGED", "type", "became another kind of schema".to_owned()),
        }
    }

    fn alone(&mut self, old: At<'a>, new: &Branch<'a>, depth: usize) -> bool {
        match new {
            Branch::Schema(at) => self.compatible(Some(old), Some(*at), depth),
            Branch::Type(name) => {
                let schema = self.old.schema(old);
                let kind = kind(&schema);
                shape(&schema) == Shape::Typed && (kind == *name || (kind == "integer" && *name == "number"))
            }
        }
    }

    fn alone_old(&mut self, old: &Branch<'a>, new: At<'a>, depth: usize) -> bool {
        match old {
            Branch::Schema(at) => self.compatible(Some(*at), Some(new), depth),
            Branch::Type(name) => {
                let schema = self.new.schema(new);
                let kind = kind(&schema);
                shape(&schema) == Shape::Empty
                    || (shape(&schema) == Shape::Typed && (kind == *name || (*name == "integer" && kind == "number")))
            }
        }
    }

    fn combined(
        &mut self,
        old: &Schema<'a>,
        new: &Schema<'a>,
        (a, b): (Shape, Shape),
        say: impl Fn(&mut Vec<Difference>, &'static str, &str, String),
        depth: usize,
        out: &mut Vec<Difference>,
    ) {
        let word = |s: Shape| match s {
            Shape::AllOf => "allOf",
            Shape::OneOf => "oneOf",
            _ => "anyOf",
        };
        // Any of them is the widest way to combine, all of them the narrowest.
        if a != b && b != Shape::AnyOf && a != Shape::AllOf {
            return say(out, "COMBINED_TYPE_CHANGED", word(a), format!("`{}` became `{}`", word(a), word(b)));
        }
        let (olds, news) = (branches(old, a), branches(new, b));
        if olds.len() < news.len() && b == Shape::AllOf {
            return say(out, "PRODUCT_TYPE_EXTENDED", word(b), "more has to be met".to_owned());
        }
        if olds.len() > news.len() && a != Shape::AllOf {
            return say(out, "SUM_TYPE_NARROWED", word(a), "fewer alternatives are left".to_owned());
        }
        // Each of the smaller side needs a partner of its own.
        let fits: Vec<Vec<usize>> =
            olds.iter().map(|o| (0..news.len()).filter(|j| self.branch(o, &news[*j], depth)).collect()).collect();
        let mut partner: Vec<Option<usize>> = vec![None; news.len()];
        let mut matched = 0;
        for i in 0..olds.len() {
            let mut seen = vec![false; news.len()];
            matched += usize::from(augment(i, &fits, &mut partner, &mut seen));
        }
        if matched < olds.len().min(news.len()) {
            let text = format!("branches of `{}` changed", word(b));
            say(out, "COMBINED_TYPE_SUBSCHEMAS_CHANGED", word(b), text);
        }
    }

    fn branch(&mut self, old: &Branch<'a>, new: &Branch<'a>, depth: usize) -> bool {
        match (old, new) {
            (Branch::Schema(o), new) => self.alone(*o, new, depth),
            (old, Branch::Schema(n)) => self.alone_old(old, *n, depth),
            (Branch::Type(o), Branch::Type(n)) => o == n || (*o == "integer" && *n == "number"),
        }
    }

    fn typed(&mut self, old: &Schema<'a>, new: &Schema<'a>, path: &str, depth: usize, out: &mut Vec<Difference>) {
        bounds(old, new, path, out);
        match kind(new) {
            "object" => self.objects(old, new, path, depth, out),
            "array" => self.arrays(old, new, path, depth, out),
            _ => {}
        }
    }

    #[expect(clippy::collapsible_match, reason = "a guard would fall through to the arms below")]
    fn objects(&mut self, old: &Schema<'a>, new: &Schema<'a>, path: &str, depth: usize, out: &mut Vec<Difference>) {
        let say = |out: &mut Vec<Difference>, kind: &'static str, at: &str, keyword: &str, text: String| {
            let (old_line, new_line) = (old.line(keyword).1, new.line(keyword).1);
            out.push(Difference { kind, path: format!("{path}{at}"), text, old_line, new_line });
        };
        let further = "additionalProperties";
        let (was, is) = (model(old), model(new));
        match (was, is) {
            (_, Content::Open) => {}
            (Content::Open | Content::Partial, Content::Closed) => {
                say(
                    out,
                    "ADDITIONAL_PROPERTIES_REMOVED",
                    "",
                    further,
                    "further properties are not allowed any more".to_owned(),
                );
            }
            (Content::Open, Content::Partial) => {
                say(out, "ADDITIONAL_PROPERTIES_NARROWED", "", further, "further properties are restricted".to_owned());
            }
            (Content::Partial, Content::Partial) => {
                let rest = |s: &Schema<'a>| s.at(further).filter(|at| at.node.is_map());
                if let (Some(o), Some(n)) = (rest(old), rest(new)) {
                    self.compare(Some(o), Some(n), &format!("{path}/{further}"), depth + 1, out);
                }
            }
            (Content::Closed, _) => {}
        }
        let names = |s: &Schema<'a>| -> Vec<&'a str> {
            s.get("properties").into_iter().flat_map(Node::entries).map(|(k, _)| k.text.as_ref()).collect()
        };
        for name in names(old) {
            let (o, n) = (old.member("properties", name), new.member("properties", name));
            let at = format!("/properties/{name}");
            if n.is_some() {
                self.compare(o, n, &format!("{path}{at}"), depth + 1, out);
                continue;
            }
            match (is, covering(new, name)) {
                (Content::Open, None) => {}
                (_, Some(cover)) => {
                    if !self.compatible(o, Some(cover), depth) {
                        let text =
                            format!("property `{name}` was removed and what is allowed instead does not hold it");
                        say(
                            out,
                            "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
                            &at,
                            "properties",
                            text,
                        );
                    }
                }
                _ if o.is_some_and(|at| at.node.as_bool() == Some(false)) => {}
                _ => {
                    let text = format!("property `{name}` was removed and is not allowed any more");
                    say(out, "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", &at, "properties", text);
                }
            }
        }
        let known = names(old);
        for name in names(new).into_iter().filter(|n| !known.contains(n)) {
            let n = new.member("properties", name);
            let at = format!("/properties/{name}");
            let schema = n.map(|at| self.new.schema(at));
            let required = new.has_word("required", name) && schema.is_none_or(|s| s.get("default").is_none());
            match (was, covering(old, name)) {
                (Content::Open, None) => {
                    if schema.is_some_and(|s| shape(&s) != Shape::Empty) {
                        let text = format!("property `{name}` was added to an open object: it could have any value");
                        say(out, "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", &at, "properties", text);
                    }
                }
                (_, Some(cover)) => {
                    if !self.compatible(Some(cover), n, depth) {
                        let text = format!("property `{name}` was added and does not hold what was allowed before");
                        say(out, "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", &at, "properties", text);
                    }
                }
                _ if required => {
                    let text = format!("required property `{name}` was added without a default");
                    say(out, "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", &at, "properties", text);
                }
                _ => {}
            }
        }
        let (before, now) = (old.words("required"), new.words("required"));
        for name in now.iter().filter(|n| !before.contains(n) && known.contains(n)) {
            let property = new.member("properties", name).map(|at| self.new.schema(at));
            if property.is_some_and(|s| s.get("default").is_none()) {
                let text = format!("property `{name}` became required");
                say(out, "REQUIRED_ATTRIBUTE_ADDED", &format!("/required/{name}"), "required", text);
            }
        }
        for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
            for (name, value) in new.get(keyword).into_iter().flat_map(Node::entries) {
                match old.get(keyword).and_then(|o| o.get(&name.text)) {
                    None => {
                        let text = format!("`{}` now needs other properties", name.text);
                        say(out, "DEPENDENCY_ADDED", &format!("/{keyword}/{}", name.text), keyword, text);
                    }
                    Some(before) => {
                        let more = value.items().iter().any(|v| before.items().iter().all(|b| !b.same(v)));
                        if more {
                            let text = format!("`{}` needs more properties", name.text);
                            say(out, "DEPENDENCY_EXTENDED", &format!("/{keyword}/{}", name.text), keyword, text);
                        }
                    }
                }
            }
        }
    }

    fn arrays(&mut self, old: &Schema<'a>, new: &Schema<'a>, path: &str, depth: usize, out: &mut Vec<Difference>) {
        let say = |out: &mut Vec<Difference>, kind: &'static str, keyword: &str, text: &str| {
            let (old_line, new_line) = (old.line(keyword).1, new.line(keyword).1);
            out.push(Difference { kind, path: path.to_owned(), text: text.to_owned(), old_line, new_line });
        };
        if new.flag("uniqueItems") && !old.flag("uniqueItems") {
            say(out, "UNIQUE_ITEMS_ADDED", "uniqueItems", "items have to differ now");
        }
        let tuple = |s: &Schema<'a>| -> Vec<At<'a>> {
            let items = s.list("prefixItems");
            if items.is_empty() { s.list("items") } else { items }
        };
        let (was, is) = (tuple(old), tuple(new));
        for (i, n) in is.iter().enumerate() {
            match was.get(i) {
                Some(o) => self.compare(Some(*o), Some(*n), &format!("{path}/items/{i}"), depth + 1, out),
                None if was.is_empty() && old.at("items").is_none() => {
                    say(out, "ITEM_ADDED_TO_OPEN_CONTENT_MODEL", "items", "an item was given a schema");
                }
                None => {}
            }
        }
        let rest = |s: &Schema<'a>| s.at("items").filter(|at| at.node.is_map());
        match (rest(old), rest(new)) {
            (Some(o), Some(n)) => self.compare(Some(o), Some(n), &format!("{path}/items"), depth + 1, out),
            (None, Some(n)) if was.is_empty() && is.is_empty() => {
                let schema = self.new.schema(n);
                if shape(&schema) != Shape::Empty && old.get("items").is_none_or(|i| i.as_bool() == Some(true)) {
                    say(out, "SCHEMA_ADDED", "items", "items have a schema now");
                }
            }
            _ => {}
        }
        let closed = |s: &Schema<'a>| {
            let flag = |k: &str| s.get(k).and_then(Node::as_bool) == Some(false);
            flag("additionalItems") || (!s.list("prefixItems").is_empty() && flag("items"))
        };
        if closed(new) && !closed(old) {
            say(out, "ADDITIONAL_ITEMS_REMOVED", "additionalItems", "further items are not allowed any more");
        } else if closed(new) && is.len() < was.len() {
            say(
                out,
                "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
                "items",
                "an item was removed and is not allowed any more",
            );
        }
    }
}

/// A branch of a combination; a list of types is one of types.
enum Branch<'a> {
    Schema(At<'a>),
    Type(&'a str),
}

fn branches<'a>(schema: &Schema<'a>, shape: Shape) -> Vec<Branch<'a>> {
    let word = match shape {
        Shape::AllOf => "allOf",
        Shape::OneOf => "oneOf",
        _ => "anyOf",
    };
    let list = schema.list(word);
    if list.is_empty() && shape == Shape::AnyOf {
        return schema.types().into_iter().map(Branch::Type).collect();
    }
    list.into_iter().map(Branch::Schema).collect()
}

/// Finds a partner, moving others to theirs if need be.
fn augment(i: usize, fits: &[Vec<usize>], partner: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for j in &fits[i] {
        if seen[*j] {
            continue;
        }
        seen[*j] = true;
        let free = match partner[*j] {
            None => true,
            Some(other) => augment(other, fits, partner, seen),
        };
        if free {
            partner[*j] = Some(i);
            return true;
        }
    }
    false
}

/// What an object allows beside its properties.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    Open,
    Partial,
    Closed,
}

fn model(schema: &Schema<'_>) -> Content {
    let patterns = schema.get("patternProperties").is_some_and(|n| !n.entries().is_empty());
    match schema.get("additionalProperties") {
        Some(node) if node.as_bool() == Some(false) => {
            if patterns {
                Content::Partial
            } else {
                Content::Closed
            }
        }
        Some(node) if node.is_map() && !node.entries().is_empty() => Content::Partial,
        _ if patterns => Content::Partial,
        _ => Content::Open,
    }
}

/// The schema that a property without one has to meet.
fn covering<'a>(schema: &Schema<'a>, name: &str) -> Option<At<'a>> {
    for (pattern, node) in schema.get("patternProperties").into_iter().flat_map(Node::entries) {
        if plainly_matches(&pattern.text, name) {
            return Some(At { node, file: schema.file });
        }
    }
    schema.at("additionalProperties").filter(|at| at.node.is_map() && !at.node.entries().is_empty())
}

/// Whether a pattern of plain letters, with anchors at most, or `.*` matches; others count as not matching.
fn plainly_matches(pattern: &str, name: &str) -> bool {
    if matches!(pattern, ".*" | "^.*$" | "^.*" | ".*$" | "") {
        return true;
    }
    let (start, rest) = pattern.strip_prefix('^').map_or((false, pattern), |p| (true, p));
    let (end, rest) = rest.strip_suffix('$').map_or((false, rest), |p| (true, p));
    let (rest, open) = rest.strip_suffix(".*").map_or((rest, false), |p| (p, true));
    if rest.bytes().any(|b| b"\\.[](){}*+?|".contains(&b)) {
        return false;
    }
    match (start, end && !open) {
        (true, true) => name == rest,
        (true, false) => name.starts_with(rest),
        (false, true) => name.ends_with(rest),
        (false, false) => name.contains(rest),
    }
}

fn holds(schema: &Schema<'_>, value: Option<&Node<'_>>) -> bool {
    let values = schema.get("enum").map(Node::items).unwrap_or_default();
    value.is_some_and(|v| values.iter().any(|x| x.same(v)))
}

/// Whether all values of an enumeration have a type.
fn typed_values(schema: &Schema<'_>, kind: &str) -> bool {
    let values = schema.get("enum").map(Node::items).unwrap_or_default();
    values.iter().all(|v| match &v.data {
        Data::Text(_) => kind == "string",
        Data::Number(_, n) => kind == "number" || (kind == "integer" && n.fract() == 0.0),
        Data::Bool(_) => kind == "boolean",
        Data::Null => kind == "null",
        Data::List(_) => kind == "array",
        Data::Map(_) => kind == "object",
    })
}

fn enums<'a>(
    old: &Schema<'a>,
    new: &Schema<'a>,
    say: impl Fn(&mut Vec<Difference>, &'static str, &str, String),
    out: &mut Vec<Difference>,
) {
    let values = |s: &Schema<'a>| s.get("enum").map(Node::items).unwrap_or_default();
    let (a, b) = (values(old), values(new));
    let missing: Vec<String> = a.iter().filter(|x| !b.iter().any(|y| x.same(y))).map(Node::show).collect();
    if !missing.is_empty() {
        let fresh = b.iter().any(|x| !a.iter().any(|y| x.same(y)));
        let kind = if fresh { "ENUM_ARRAY_CHANGED" } else { "ENUM_ARRAY_NARROWED" };
        say(out, kind, "enum", format!("values `{}` are not allowed any more", missing.join("`, `")));
    }
}

fn bounds(old: &Schema<'_>, new: &Schema<'_>, path: &str, out: &mut Vec<Difference>) {
    let mut say = |kind: &'static str, keyword: &str, text: String| {
        let (old_line, new_line) = (old.line(keyword).1, new.line(keyword).1);
        out.push(Difference { kind, path: path.to_owned(), text, old_line, new_line });
    };
    let number = |s: &Schema<'_>, keyword: &str| s.get(keyword).and_then(Node::as_number);
    for (keyword, added, tighter, upper) in [
        ("maxLength", "MAX_LENGTH_ADDED", "MAX_LENGTH_DECREASED", true),
        ("minLength", "MIN_LENGTH_ADDED", "MIN_LENGTH_INCREASED", false),
        ("maximum", "MAXIMUM_ADDED", "MAXIMUM_DECREASED", true),
        ("minimum", "MINIMUM_ADDED", "MINIMUM_INCREASED", false),
        ("exclusiveMaximum", "EXCLUSIVE_MAXIMUM_ADDED", "EXCLUSIVE_MAXIMUM_DECREASED", true),
        ("exclusiveMinimum", "EXCLUSIVE_MINIMUM_ADDED", "EXCLUSIVE_MINIMUM_INCREASED", false),
        ("maxItems", "MAX_ITEMS_ADDED", "MAX_ITEMS_DECREASED", true),
        ("minItems", "MIN_ITEMS_ADDED", "MIN_ITEMS_INCREASED", false),
        ("maxProperties", "MAX_PROPERTIES_ADDED", "MAX_PROPERTIES_DECREASED", true),
        ("minProperties", "MIN_PROPERTIES_ADDED", "MIN_PROPERTIES_INCREASED", false),
    ] {
        match (number(old, keyword), number(new, keyword)) {
            (None, Some(n)) => say(added, keyword, format!("`{keyword}` was set to `{n}`")),
            (Some(o), Some(n)) if (upper && n < o) || (!upper && n > o) => {
                let verb = if upper { "lowered" } else { "raised" };
                say(tighter, keyword, format!("`{keyword}` was {verb} from `{o}` to `{n}`"));
            }
            _ => {}
        }
    }
    match (number(old, "multipleOf"), number(new, "multipleOf")) {
        (None, Some(n)) => say("MULTIPLE_OF_ADDED", "multipleOf", format!("has to be a multiple of `{n}` now")),
        (Some(o), Some(n)) if o != n && o % n != 0.0 => {
            let kind = if n % o == 0.0 { "MULTIPLE_OF_EXPANDED" } else { "MULTIPLE_OF_CHANGED" };
            say(kind, "multipleOf", format!("has to be a multiple of `{n}`, not of `{o}`"));
        }
        _ => {}
    }
    match (old.word("pattern"), new.word("pattern")) {
        (o, n) if o == n || n.is_empty() => {}
        ("", n) => say("PATTERN_ADDED", "pattern", format!("has to match `{n}` now")),
        (o, n) => say("PATTERN_CHANGED", "pattern", format!("has to match `{n}`, not `{o}`")),
    }
}
