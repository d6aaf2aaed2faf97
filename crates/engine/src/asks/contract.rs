//! Two versions of a contract: what changed, who breaks and in which sense, and what to do about it.
//!
//! The texts are handed over with the request: nothing of the workspace is read.

use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_plan::{Change, Compatibility, Kind, Level, Options};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

pub const ABOUT: &str = "what changed between two versions of a contract (OpenAPI, AsyncAPI, protocol buffers, GraphQL, Avro, JSON Schema, SQL \
migrations), handed over as texts: each change with its rule, whether it breaks what is sent, JSON, code or behaviour, who is hurt, both lines, and \
the steps that let both versions live side by side";

/// Characters of a quoted line.
const QUOTE: usize = 160;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// The older version: the contract itself first, then what it refers to.
    pub base: Vec<Text>,
    /// The newer version, likewise.
    pub revision: Vec<Text>,
    /// `openapi`, `asyncapi`, `protobuf`, `graphql`, `avro`, `json-schema` or `sql`; left out, the first text says it.
    pub kind: Option<String>,
    /// For Avro and JSON Schema: `backward` (new readers read old data), `forward` (old readers read new data) or `full`
    /// (both, as when it is left out).
    pub compatibility: Option<String>,
    /// For sunsets: `YYYY-MM-DD`. Left out, every sunset lies ahead.
    pub today: Option<String>,
    /// Ask for another major version of an OpenAPI description that breaks.
    pub versioning: bool,
    /// Protocol buffers: leave out packages that say they are not stable (`v1beta1`).
    pub stable_only: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// A path; references are looked up relative to it.
    pub name: String,
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub kind: String,
    /// Whether anything breaks, or may (a warning).
    pub breaking: bool,
    pub counts: Counts,
    /// The worst first.
    pub changes: Vec<ContractChange>,
    /// What could not be read, or was left out.
    pub problems: Vec<String>,
}

/// Changes by how bad they are, and breaking ones (with warnings) by their sense.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub breaking: usize,
    pub warnings: usize,
    pub safe: usize,
    pub wire: usize,
    pub json: usize,
    pub source: usize,
    pub behaviour: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ContractChange {
    /// The rule, by the name that it has in the field (oasdiff, buf, graphql-js, squawk).
    pub rule: String,
    /// `breaking`, `warning` or `safe`.
    pub level: String,
    /// `wire`, `json`, `source`, `behaviour` or `safe`.
    pub grade: String,
    /// `senders`, `readers`, `both`, or `builders` (those who compile against it).
    pub hurts: String,
    pub text: String,
    /// The element: `GET /orders/{id}`, `shop.v1.Order.total`, `Query.order`, `orders.total`.
    pub key: String,
    /// A field below the element.
    pub field: String,
    /// The HTTP method, and the path; empty where there is none.
    pub operation: String,
    pub path: String,
    pub base: Option<Quoted>,
    pub revision: Option<Quoted>,
    /// What to do, in order; empty for what is safe.
    pub steps: Vec<Cow<'static, str>>,
}

/// A line of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quoted {
    pub path: String,
    /// From 1; 0 for the file as a whole.
    pub line: u32,
    pub text: String,
}

pub fn run(_: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    answer(request)
}

/// Compares; no workspace is needed.
pub fn answer(request: &Request) -> Result<Answer, Refusal> {
    let kind = kind(request)?;
    let compatibility = match request.compatibility.as_deref() {
        None | Some("full") => Compatibility::Full,
        Some("backward") => Compatibility::Backward,
        Some("forward") => Compatibility::Forward,
        Some(other) => {
            let message = format!("there is no compatibility `{other}`");
            return Err(Refusal::usage(message, "choose one of `backward`, `forward`, `full`"));
        }
    };
    let today = match request.today.as_deref() {
        None => None,
        Some(day) => Some(
            seam_plan::openapi::day(day)
                .ok_or_else(|| Refusal::usage(format!("`{day}` is no day"), "write it as `YYYY-MM-DD`"))?,
        ),
    };
    let options = Options { today, versioning: request.versioning, compatibility, stable_only: request.stable_only };
    let base: Vec<_> = request.base.iter().map(view).collect();
    let revision: Vec<_> = request.revision.iter().map(view).collect();
    let (changes, problems) = seam_plan::compare(&base, &revision, kind, &options);
    let (old, new) = (Lines::new(&request.base), Lines::new(&request.revision));
    let mut counts = Counts::default();
    changes.iter().for_each(|c| counts.add(c));
    let shown = |p: &seam_facts::Problem| match p.at {
        Some(at) => format!("line {}: {}", at.line, p.message),
        None => p.message.to_string(),
    };
    Ok(Answer {
        version: VERSION,
        kind: kind.word().to_owned(),
        breaking: counts.breaking + counts.warnings > 0,
        counts,
        changes: changes.iter().map(|c| shape(c, &old, &new)).collect(),
        problems: problems.iter().map(shown).collect(),
    })
}

/// Files that a text refers to, as it names them: what has to be handed over with it.
pub fn references(text: &str) -> Vec<String> {
    seam_plan::references(text)
}

fn view(text: &Text) -> seam_plan::Text<'_> {
    seam_plan::Text { name: &text.name, text: &text.text }
}

fn kind(request: &Request) -> Result<Kind, Refusal> {
    if request.base.is_empty() && request.revision.is_empty() {
        let hint =
            "hand over the older version as `base` and the newer one as `revision`, each a list of texts with names";
        return Err(Refusal::usage("there is nothing to compare", hint));
    }
    if let Some(word) = &request.kind {
        let words: Vec<&str> = seam_plan::KINDS.iter().map(|k| k.word()).collect();
        return Kind::parse(word).ok_or_else(|| {
            Refusal::usage(
                format!("there is no kind of contract `{word}`"),
                format!("choose one of {}", words.join(", ")),
            )
        });
    }
    let first = request.revision.iter().chain(&request.base).find_map(|t| Kind::of(&t.name, &t.text));
    first.ok_or_else(|| {
        let name = request.revision.first().or(request.base.first()).map_or("", |t| &t.name);
        Refusal::usage(format!("it is not clear what kind of contract `{name}` is"), "name it with `kind`")
    })
}

impl Counts {
    fn add(&mut self, change: &Change) {
        match change.rule.level {
            Level::Breaking => self.breaking += 1,
            Level::Warning => self.warnings += 1,
            Level::Safe => {
                self.safe += 1;
                return;
            }
        }
        match change.rule.grade {
            seam_plan::Grade::Wire => self.wire += 1,
            seam_plan::Grade::Json => self.json += 1,
            seam_plan::Grade::Source => self.source += 1,
            seam_plan::Grade::Behaviour => self.behaviour += 1,
            seam_plan::Grade::Safe => {}
        }
    }
}

/// Lines of all texts of one version, and those that were quoted already.
struct Lines<'a> {
    texts: BTreeMap<&'a str, Vec<&'a str>>,
    quoted: RefCell<BTreeMap<(String, u32), String>>,
}

impl<'a> Lines<'a> {
    fn new(texts: &'a [Text]) -> Self {
        let texts = texts.iter().map(|t| (t.name.as_str(), t.text.lines().collect())).collect();
        Lines { texts, quoted: RefCell::default() }
    }

    fn quote(&self, place: &seam_plan::Place) -> Quoted {
        let mut quoted = self.quoted.borrow_mut();
        let text = quoted.entry((place.file.clone(), place.line)).or_insert_with(|| self.line(place));
        Quoted { path: place.file.clone(), line: place.line, text: text.clone() }
    }

    fn line(&self, place: &seam_plan::Place) -> String {
        let line = place.line.checked_sub(1).and_then(|i| self.texts.get(place.file.as_str())?.get(i as usize));
        // What looks like a secret is not shown, here as anywhere.
        let text = line.map(|l| crate::excerpt(&place.file, l.trim())).unwrap_or_default();
        let text = text.trim_end();
        match text.char_indices().nth(QUOTE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        }
    }
}

fn shape(change: &Change, old: &Lines<'_>, new: &Lines<'_>) -> ContractChange {
    ContractChange {
        rule: change.rule.id.to_owned(),
        level: change.rule.level.word().to_owned(),
        grade: change.rule.grade.word().to_owned(),
        hurts: change.rule.hurts.word().to_owned(),
        text: change.text.clone(),
        key: change.key.clone(),
        field: change.field.clone(),
        operation: change.operation.to_string(),
        path: change.path.clone(),
        base: change.base.as_ref().map(|p| old.quote(p)),
        revision: change.revision.as_ref().map(|p| new.quote(p)),
        steps: seam_plan::steps(change).iter().map(|s| Cow::Borrowed(*s)).collect(),
    }
}
