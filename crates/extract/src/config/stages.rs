//! Stages of an image recipe: what each starts, opens and holds of the folder that is built.
//!
//! Invariant: a path in a stage is only followed back through what was copied there; what a command writes elsewhere is
//! nobody's.

use seam_facts::{Build, SmolStr, Span, Value};
use std::collections::BTreeSet;

#[derive(Clone, Default)]
pub struct Stage {
    pub name: String,
    pub entrypoint: Option<Value>,
    pub command: Option<Value>,
    pub exposes: Vec<Value>,
    pub programs: Vec<SmolStr>,
    /// Its own base image, where it is built on no stage before it.
    image: Option<Value>,
    base: Option<usize>,
    folder: String,
    copied: Vec<Copied>,
    at: Span,
}

#[derive(Clone)]
struct Copied {
    from: From,
    source: String,
    to: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Context,
    Stage(usize),
    /// Another image.
    Elsewhere,
}

/// Folders that builds write into: what lies in them comes from the folder around.
const OUTPUT: &[&str] =
    &["target", "build", "dist", "out", "bin", "publish", ".next", "node_modules", "libs", "release"];

impl Stage {
    pub fn new(name: &str, image: Option<Value>, base: Option<usize>, stages: &[Stage], at: Span) -> Self {
        let before = base.map(|b| stages[b].clone()).unwrap_or_default();
        Stage { name: name.to_owned(), image, base, at, copied: Vec::new(), programs: Vec::new(), ..before }
    }

    pub fn enter(&mut self, folder: &str) {
        self.folder = within(&self.folder, folder);
    }

    /// `COPY --from=builder /src/orders/target/*.jar app.jar`
    pub fn copy(&mut self, from: Option<&str>, sources: &[String], to: &str, stages: &[Stage]) {
        let from = match from {
            None => From::Context,
            Some(name) => named(stages, name).map_or(From::Elsewhere, From::Stage),
        };
        let to = within(&self.folder, to);
        self.copied.extend(sources.iter().map(|s| Copied { from, source: s.clone(), to: to.clone() }));
    }
}

/// The stage of this name or number.
pub fn named(stages: &[Stage], name: &str) -> Option<usize> {
    let called = |s: &Stage| !s.name.is_empty() && s.name.eq_ignore_ascii_case(name);
    stages.iter().rposition(called).or_else(|| name.parse().ok().filter(|n| *n < stages.len()))
}

/// Recipes for the stages that a deployment may ask for instead of the last one.
pub fn others(stages: &[Stage]) -> Vec<(Build, Span)> {
    let (Some(last), true) = (stages.len().checked_sub(1), stages.len() > 1) else { return Vec::new() };
    let asked = |(at, stage): &(usize, &Stage)| *at != last && !stage.name.is_empty();
    stages.iter().enumerate().filter(asked).map(|(at, s)| (recipe(stages, at), s.at)).collect()
}

fn recipe(stages: &[Stage], at: usize) -> Build {
    let stage = &stages[at];
    let reached = reached(stages, at);
    let held: Vec<SmolStr> = chain(stages, at)
        .flat_map(|s| &stages[s].copied)
        .filter_map(|c| match c.from {
            From::Stage(from) => origin(stages, from, &within("/", &c.source)),
            From::Context | From::Elsewhere => None,
        })
        .filter_map(|path| source_of(&path))
        .collect();
    let context = reached.iter().flat_map(|s| &stages[*s].copied).filter(|c| c.from == From::Context);
    let copies = if held.is_empty() { context.map(|c| c.source.as_str().into()).collect() } else { held };
    Build {
        stage: Some(stage.name.as_str().into()),
        bases: reached.iter().rev().filter_map(|s| stages[*s].image.clone()).collect(),
        copies: unique(copies),
        exposes: stage.exposes.clone(),
        programs: unique(reached.iter().flat_map(|s| stages[*s].programs.clone()).collect()),
        command: super::words::join(stage.entrypoint.clone().into_iter().chain(stage.command.clone())),
        ..Build::default()
    }
}

/// A stage and those that it is built on.
fn chain(stages: &[Stage], at: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(at), |s| stages[*s].base.filter(|b| b < s))
}

/// A stage and all that it takes from, itself first.
fn reached(stages: &[Stage], at: usize) -> Vec<usize> {
    let mut out = Vec::new();
    let mut open = vec![at];
    while let Some(next) = open.pop() {
        if out.contains(&next) {
            continue;
        }
        out.push(next);
        open.extend(stages[next].base);
        open.extend(stages[next].copied.iter().filter_map(|c| match c.from {
            From::Stage(from) => Some(from),
            From::Context | From::Elsewhere => None,
        }));
    }
    out
}

/// Where a path of a stage comes from in the folder that is built.
fn origin(stages: &[Stage], stage: usize, path: &str) -> Option<String> {
    let copied = chain(stages, stage).flat_map(|s| stages[s].copied.iter().map(move |c| (s, c)));
    let (at, copied, rest) = copied
        .filter_map(|(s, c)| {
            let rest = path.strip_prefix(c.to.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (s, c, rest.trim_start_matches('/')))
        })
        // The longest target says most; of several sources for one target, the one whose name the path goes on with.
        .max_by_key(|(_, c, rest)| (c.to.len(), last(&c.source) == rest.split('/').next().unwrap_or("")))?;
    let source = copied.source.trim_end_matches('/');
    let rest = rest.strip_prefix(last(source)).filter(|_| last(source).contains('.')).unwrap_or(rest);
    match copied.from {
        From::Context => Some(format!("{source}/{rest}")),
        From::Stage(from) if from < at => origin(stages, from, &within("/", &format!("{source}/{rest}"))),
        From::Stage(_) | From::Elsewhere => None,
    }
}

/// `orders/target/*.jar` is made of `orders`; nothing is said by the folder that everything is copied to.
fn source_of(path: &str) -> Option<SmolStr> {
    let parts = path.split('/').filter(|p| !p.is_empty() && *p != ".");
    let parts: Vec<&str> = parts.take_while(|p| !OUTPUT.contains(p) && !p.contains(['*', '$', '{'])).collect();
    (!parts.is_empty()).then(|| parts.join("/").into())
}

/// A path as it is from a working folder.
fn within(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let parts: Vec<&str> = whole.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    format!("/{}", parts.join("/"))
}

fn last(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

pub fn unique(items: Vec<SmolStr>) -> Vec<SmolStr> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|i| seen.insert(i.clone())).collect()
}
