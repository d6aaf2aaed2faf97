//! Which file each of several deployables of one folder is started with, and so which part of the folder it runs.
//!
//! Invariant: either every one of them has its own start, or nothing is said of any.

use crate::deploy::Deploy;
use crate::index::{FileId, Index, below};
use crate::modules::Modules;
use seam_facts::{Claim, Message};
use std::collections::{BTreeMap, BTreeSet};

/// Where a process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// A file, and what it imports.
    File(FileId),
    /// A worker: its application's file, and the tasks, which are found by scanning.
    Worker(FileId),
    /// A scheduler, which runs nothing itself.
    Scheduler(FileId),
}

impl Start {
    /// The files of `own` that run.
    pub fn files<'a>(self, index: &Index<'a>, modules: &Modules<'a>, own: &BTreeSet<FileId>) -> BTreeSet<FileId> {
        match self {
            Start::File(file) => {
                let reached = reached(index, modules, own, [file]);
                if reached.iter().any(|f| finds_by_name(index, *f)) { own.clone() } else { reached }
            }
            Start::Scheduler(file) => BTreeSet::from([file]),
            Start::Worker(file) => {
                let works = |f: &FileId| {
                    index.facts[*f].iter().any(|fact| matches!(&fact.claim, Claim::Message(m) if takes_tasks(m)))
                };
                let tasks = own.iter().copied().filter(works);
                reached(index, modules, own, tasks.chain([file]))
            }
        }
    }
}

/// Whether a message is a task that a worker takes.
pub(crate) fn takes_tasks(message: &Message) -> bool {
    message.client == "celery" && !message.publish
}

/// For deployables of one folder that are started in different ways: each one's start.
pub(crate) fn starts(index: &Index<'_>, deploy: &Deploy<'_>, roots: &[Vec<String>]) -> BTreeMap<usize, Vec<Start>> {
    let mut sharing: BTreeMap<&Vec<String>, Vec<usize>> = BTreeMap::new();
    for (id, roots) in roots.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        sharing.entry(roots).or_default().push(id);
    }
    let mut found = BTreeMap::new();
    for (roots, ids) in sharing.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let start = |id: usize| {
            // What a process manager starts in it, each by its own command.
            let managed = deploy.nodes[id].units.iter().filter_map(|u| deploy.supervised.get(u)).flatten();
            let commands = managed.filter_map(|p| deploy.units[*p].service.command.as_ref());
            let within: BTreeSet<Start> =
                commands.filter_map(|command| of_command(index, roots, &command.to_string())).collect();
            if !within.is_empty() {
                return Some(within.into_iter().collect());
            }
            let units = deploy.nodes[id].units.iter().map(|u| &deploy.units[*u]);
            let mut commands = units.flat_map(|unit| {
                let build = deploy.recipe_of(index, unit);
                unit.service.command.as_ref().into_iter().chain(build.and_then(|(_, b, _)| b.command.as_ref()))
            });
            // What the deployable says wins over what its image says.
            let mut own = commands.by_ref().take(2);
            own.find_map(|command| of_command(index, roots, &command.to_string())).map(|start| vec![start])
        };
        let each: Vec<(usize, Vec<Start>)> = ids.iter().filter_map(|id| Some((*id, start(*id)?))).collect();
        let different: BTreeSet<&Vec<Start>> = each.iter().map(|(_, s)| s).collect();
        if each.len() == ids.len() && different.len() > 1 {
            found.extend(each);
        }
    }
    found
}

fn of_command(index: &Index<'_>, roots: &[String], command: &str) -> Option<Start> {
    let words: Vec<&str> = command.split([' ', '"', ',', '[', ']']).filter(|w| !w.is_empty()).collect();
    let code = |path: &dyn Fn(&str) -> bool| {
        (0..index.paths.len()).find(|f| {
            let inside = roots.iter().any(|r| below(index.paths[*f], r));
            index.uses[*f].is_some() && !index.test[*f] && inside && path(index.paths[*f])
        })
    };
    // `app.main:app`, `app.workers.emails`: a module of Python.
    let module = |word: &str| {
        let name = word.split(':').next().unwrap_or(word);
        let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let tail = format!("{}.py", name.replace('.', "/"));
        let package = format!("{}/__init__.py", name.replace('.', "/"));
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let ends = |path: &str, tail: &str| path.strip_suffix(tail).is_some_and(|p| p.is_empty() || p.ends_with('/'));
        code(&|path| ends(path, &tail)).or_else(|| code(&|path| ends(path, &package)))
    };
    let named = |word: &str| {
        // A folder before the name says which of several files is meant.
        let whole = word.trim_start_matches("./");
        let ends = |path: &str| path.strip_suffix(whole).is_some_and(|p| p.is_empty() || p.ends_with('/'));
        if let Some(file) = whole.contains('/').then(|| code(&ends)).flatten() {
            return Some(file);
        }
        let (stem, extension) = word.rsplit('/').next()?.rsplit_once('.')?;
        code(&|path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let (s, e) = name.rsplit_once('.').unwrap_or((name, ""));
            s == stem && (e == extension || extension == "js" && e == "ts" || extension == "mjs" && e == "mts")
        })
    };
    if let Some(at) = words.iter().position(|w| w.rsplit('/').next() == Some("celery")) {
        let rest = &words[at + 1..];
        let app = rest.iter().enumerate().find_map(|(i, w)| match *w {
            "-A" | "--app" => rest.get(i + 1).copied(),
            _ => w.strip_prefix("--app=").or_else(|| w.strip_prefix("-A").filter(|a| !a.is_empty())),
        });
        let file = module(app?)?;
        return if rest.contains(&"beat") && !rest.contains(&"worker") {
            Some(Start::Scheduler(file))
        } else {
            rest.contains(&"worker").then_some(Start::Worker(file))
        };
    }
    let python =
        |w: &&str| matches!(w.rsplit('/').next(), Some("uvicorn" | "gunicorn" | "hypercorn" | "granian" | "-m"));
    if let Some(at) = words.iter().position(python)
        && let Some(file) = words[at + 1..].iter().filter(|w| !w.starts_with('-')).find_map(|w| module(w))
    {
        return Some(Start::File(file));
    }
    words.iter().rev().find_map(|w| named(w)).map(Start::File)
}

/// Whether a file starts a framework that finds the parts of an application by the names that its settings give.
fn finds_by_name(index: &Index<'_>, file: FileId) -> bool {
    const FRAMEWORKS: &[&str] = &["django.core.wsgi", "django.core.asgi", "django.core.management"];
    let module = |import: &str| FRAMEWORKS.contains(&import.split('#').next().unwrap_or(import));
    index.uses[file].is_some_and(|u| u.imports.iter().any(|i| module(i)))
}

/// The files of `own` that start files lead to by imports.
fn reached<'a>(
    index: &Index<'a>,
    modules: &Modules<'a>,
    own: &BTreeSet<FileId>,
    from: impl IntoIterator<Item = FileId>,
) -> BTreeSet<FileId> {
    let mut queue: Vec<FileId> = from.into_iter().collect();
    let mut seen: BTreeSet<FileId> = queue.iter().copied().collect();
    while let Some(file) = queue.pop() {
        for import in index.uses[file].iter().flat_map(|u| &u.imports) {
            for found in modules.files(index, file, import, own) {
                if own.contains(&found) && seen.insert(found) {
                    queue.push(found);
                }
            }
        }
    }
    seen
}
