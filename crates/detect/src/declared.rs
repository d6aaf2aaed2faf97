//! What a service declares of the things that it exchanges: types, literals that it sends, keys that it reads, enumerations.

use crate::Cx;
use crate::payloads::{Payloads, Side, squashed};
use seam_facts::{BodyOf, Claim, Fact, Shape, ShapeKind, SmolStr};
use seam_graph::is_test;
use std::collections::{BTreeSet, HashMap};

/// Names that nearly every type has: two types with nothing else in common are not of one thing.
pub(crate) const COMMON: &[&str] = &[
    "id",
    "name",
    "type",
    "status",
    "state",
    "message",
    "code",
    "data",
    "description",
    "title",
    "email",
    "date",
    "time",
    "timestamp",
    "createdat",
    "updatedat",
    "created",
    "updated",
    "version",
    "value",
    "key",
    "count",
    "size",
    "page",
    "limit",
    "offset",
    "total",
    "error",
    "success",
    "user",
    "userid",
    "username",
    "password",
    "url",
    "uuid",
    "token",
    "pageno",
    "pagesize",
    "totalpages",
    "totalelements",
    "islast",
    "last",
    "first",
    "firstname",
    "lastname",
    "phone",
    "address",
    "role",
    "roles",
    "items",
    "content",
    "text",
    "body",
    "enabled",
    "active",
];

/// What a name of a type says about its use and not about its thing.
const ENDINGS: &[&str] = &[
    "dto", "request", "response", "event", "message", "payload", "model", "record", "view", "result", "wrapper",
    "data", "input", "output", "body", "command", "info", "res", "req", "msg", "schema", "vo", "resource", "json",
    "api", "item",
];

/// What a declaration is: a type, the keys of a literal, or what is read of a value without either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Type,
    Literal,
    View,
}

/// Types of these names are of no thing: each service wraps its answers in its own.
pub(crate) const GENERIC: &[&str] =
    &["meta", "metadata", "pagination", "paging", "page", "paged", "error", "base", "list", "filter", "query"];

/// One declaration of a service.
pub struct Declared<'a> {
    pub side: Side<'a>,
    pub form: Form,
    /// Whom the function around it sends to or asks; `None` for what a handler answers.
    pub(crate) tied: Option<BTreeSet<usize>>,
    pub(crate) squashed: Vec<String>,
    /// Its name without what says how it is used.
    pub(crate) stem: String,
}

impl Declared<'_> {
    /// What another of the same thing has, too: a name that not every type has, or what it is of.
    pub(crate) fn marks(&self) -> impl Iterator<Item = String> + '_ {
        let telling = self.squashed.iter().filter(|n| !COMMON.contains(&n.as_str())).cloned();
        telling.chain((self.stem.len() > 2).then(|| format!("of {}", self.stem)))
    }

    /// Words of its name that say what it is of.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> + '_ {
        let words = crate::payloads::words(&self.side.name);
        words.into_iter().filter(|w| w.len() > 3 && !ENDINGS.contains(&w.as_str()) && !COMMON.contains(&w.as_str()))
    }

    /// Whether the other has its very name, and the name says that it travels.
    pub(crate) fn is_copy(&self, other: &Declared<'_>) -> bool {
        let (name, stem) = (&self.side.name, self.stem.len());
        *name == other.side.name && stem > 2 && stem < name.len()
    }

    /// Whether its name says that it goes from one service to another, whatever folder it lies in.
    pub(crate) fn travels(&self) -> bool {
        const TRAVEL: [&str; 7] = ["event", "message", "dto", "payload", "request", "response", "command"];
        let name = self.side.name.to_ascii_lowercase();
        TRAVEL.iter().any(|end| name.len() > end.len() && name.ends_with(end))
    }

    /// Whether a declaration of a third service is the whole of this one.
    pub(crate) fn serves(&self, other: &Declared<'_>) -> bool {
        self.squashed.len() == other.squashed.len()
    }
}

/// A folder of what a service keeps for itself.
pub(crate) fn is_inner(folder: &str) -> bool {
    matches!(
        folder.to_ascii_lowercase().as_str(),
        "entity" | "entities" | "domain" | "core" | "graphql" | "config" | "configuration" | "options" | "settings"
    )
}

pub(crate) fn declared<'a>(
    cx: &Cx<'a>,
    payloads: &Payloads<'a>,
    runs: &HashMap<&'a SmolStr, usize>,
    node: usize,
) -> Vec<Declared<'a>> {
    let mut sends: HashMap<(&str, &str), BTreeSet<usize>> = HashMap::new();
    for edge in cx.outgoing(node).iter().map(|e| cx.edge(*e)) {
        for d in &edge.details {
            sends.entry((d.at.path.as_str(), d.within.as_str())).or_default().insert(edge.to);
        }
    }
    let mut out = Vec::new();
    for (path, fact) in cx.whole_facts(node).filter(|(path, _)| !is_test(path)) {
        let side = match &fact.claim {
            Claim::Shape(s) if s.kind == ShapeKind::Object && s.fields.len() > 1 && !is_set(&s.name) => {
                payloads.whole(cx, node, path, fact, s)
            }
            // What is sent as it stands.
            Claim::Body(b) if b.ty.is_empty() && b.of != BodyOf::Taken && b.fields.len() > 1 => {
                match payloads.of_body(cx, node, path, fact, b) {
                    Some(side) => side,
                    None => continue,
                }
            }
            _ => continue,
        };
        // What stands outside of functions, or in code that several services run, is nobody's message.
        let apart = match &fact.claim {
            Claim::Body(b) => b.within.is_empty() || runs.get(path).is_some_and(|count| *count > 1),
            _ => false,
        };
        if apart {
            continue;
        }
        let is_view = matches!(&fact.claim, Claim::Body(b) if b.of == BodyOf::Looked);
        if side.open && !is_view || side.inherits {
            continue;
        }
        let squashed = side.fields.iter().map(|f| squashed(&f.name)).collect();
        let kind = match &fact.claim {
            Claim::Body(b) if b.of == BodyOf::Looked => Form::View,
            Claim::Body(_) => Form::Literal,
            _ => Form::Type,
        };
        let tied = match &fact.claim {
            Claim::Body(b) if matches!(b.of, BodyOf::Made | BodyOf::Asked) => {
                let to = sends.get(&(path.as_str(), b.within.as_str())).cloned().unwrap_or_default();
                // What goes nowhere from where it stands may go anywhere, or nowhere.
                if to.is_empty() {
                    continue;
                }
                Some(to)
            }
            _ => None,
        };
        out.push(Declared { stem: stem(&side.name), squashed, form: kind, tied, side });
    }
    out
}

/// A type that holds settings.
fn is_set(name: &str) -> bool {
    ["Properties", "Settings", "Options", "Config", "Configuration", "Props", "State"].iter().any(|e| name.ends_with(e))
}

fn stem(name: &str) -> String {
    let mut stem = squashed(name);
    while let Some(ending) = ENDINGS.iter().find(|e| stem.len() > e.len() && stem.ends_with(*e)) {
        stem.truncate(stem.len() - ending.len());
    }
    stem
}

/// An enumeration of a service.
pub type Listed<'a> = (&'a SmolStr, &'a Fact, &'a Shape);

fn is_code(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    ["java", "kt", "cs", "ts", "tsx", "py", "rs"].contains(&extension)
}

/// Enumerations that code of a service declares.
pub fn enumerations<'a>(cx: &Cx<'a>, node: usize) -> Vec<Listed<'a>> {
    let of = |(path, fact): (&'a SmolStr, &'a Fact)| match &fact.claim {
        Claim::Shape(s) if s.kind == ShapeKind::Enum && is_code(path) && !is_test(path) => Some((path, fact, s)),
        _ => None,
    };
    cx.own_facts(node).filter_map(of).collect()
}
