//! Deployables of one code base whose parts the environment switches on: what does not run in which of them.
//!
//! Invariant: a part is off only where a setting tells deployables of the same code apart: one of them has it on, and this
//! one has not. Whatever else decides at run time may run.

use crate::deploy::{Deploy, interpolate, project_environment};
use crate::index::{FileId, Index, folder, join, last, squash};
use seam_facts::{Guard, Hole, Setting, SettingScope, SmolStr, Uses, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What does not run in one deployable.
#[derive(Default)]
pub(crate) struct Role {
    /// First and last lines of statements that are off.
    off: Vec<(FileId, u32, u32)>,
    /// Names that a function mentions only there.
    silent: BTreeMap<(FileId, SmolStr), BTreeSet<SmolStr>>,
    /// Functions that nothing calls that runs.
    closed: BTreeSet<(FileId, SmolStr)>,
    /// Something tells it apart from its fellows.
    pub told_apart: bool,
}

impl Role {
    /// Whether the statement at this line runs.
    pub fn runs(&self, file: FileId, line: u32) -> bool {
        self.off.is_empty() || !self.off.iter().any(|(f, from, to)| *f == file && (*from..=*to).contains(&line))
    }

    pub fn closes(&self, file: FileId, within: &str) -> bool {
        !self.closed.is_empty() && self.closed.contains(&(file, within.into()))
    }

    /// The names that a file's functions mention where they run.
    pub fn names<'a>(&'a self, file: FileId, uses: &'a Uses) -> impl Iterator<Item = &'a SmolStr> {
        uses.functions
            .iter()
            .filter(move |(symbol, _)| !self.closes(file, symbol))
            .flat_map(move |(symbol, names)| self.said(file, symbol, names))
    }

    fn said<'a>(&'a self, file: FileId, symbol: &SmolStr, names: &'a [SmolStr]) -> impl Iterator<Item = &'a SmolStr> {
        let silent = if self.silent.is_empty() { None } else { self.silent.get(&(file, symbol.clone())) };
        names.iter().filter(move |n| silent.is_none_or(|s| !s.contains(*n)))
    }
}

/// The roles of all nodes; `own` are the files of each.
pub(crate) fn roles(
    index: &Index<'_>,
    deploy: &Deploy<'_>,
    roots: &[Vec<String>],
    own: impl Fn(usize) -> BTreeSet<FileId>,
) -> Vec<Role> {
    let mut out: Vec<Role> = roots.iter().map(|_| Role::default()).collect();
    let mut sharing: BTreeMap<&Vec<String>, Vec<usize>> = BTreeMap::new();
    for (node, roots) in roots.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        sharing.entry(roots).or_default().push(node);
    }
    for nodes in sharing.into_values().filter(|nodes| nodes.len() > 1) {
        let files = own(nodes[0]);
        let guards: Vec<(FileId, &Guard)> =
            files.iter().flat_map(|f| index.uses[*f].iter().flat_map(|u| &u.guards).map(|g| (*f, g))).collect();
        if guards.is_empty() {
            continue;
        }
        let environments: BTreeMap<usize, BTreeMap<String, Vec<Option<String>>>> =
            nodes.iter().map(|n| (*n, environment(index, deploy, *n))).collect();
        for node in &nodes {
            let on = |n: usize, guard: &Guard| environments.get(&n).is_some_and(|e| is_on(e, guard));
            let (on, off): (Vec<_>, Vec<_>) = guards
                .iter()
                .partition(|(_, g)| on(*node, g) || !nodes.iter().any(|other| other != node && on(*other, g)));
            out[*node] = role(index, &files, &on, &off);
        }
        let told = nodes.iter().any(|n| !out[*n].off.is_empty());
        nodes.iter().for_each(|n| out[*n].told_apart = told);
    }
    out
}

fn role(index: &Index<'_>, files: &BTreeSet<FileId>, on: &[(FileId, &Guard)], off: &[(FileId, &Guard)]) -> Role {
    let mut role = Role::default();
    let mut open: BTreeSet<&SmolStr> = BTreeSet::new();
    for (file, guard) in off {
        role.off.push((*file, guard.lines.0, guard.lines.1));
        let kept = |name: &SmolStr| {
            let here = |g: &(FileId, &Guard)| g.0 == *file && g.1.within == guard.within;
            on.iter().filter(|g| here(g)).any(|(_, g)| g.names.contains(name))
        };
        let silent = guard.names.iter().filter(|n| !kept(n));
        role.silent.entry((*file, guard.within.clone())).or_default().extend(silent.clone().cloned());
        open.extend(silent);
    }
    // What only such statements call is not called, and so on.
    while !open.is_empty() {
        let mentioned: BTreeSet<&str> = files
            .iter()
            .filter_map(|f| Some((*f, index.uses[*f]?)))
            .flat_map(|(f, uses)| role.names(f, uses).map(SmolStr::as_str).collect::<Vec<_>>())
            .collect();
        let gone: Vec<&SmolStr> = open.iter().filter(|n| !mentioned.contains(n.as_str())).copied().collect();
        open.clear();
        let mut closed = Vec::new();
        for (file, uses) in files.iter().filter_map(|f| Some((*f, index.uses[*f]?))) {
            for (symbol, names) in &uses.functions {
                let named = gone.iter().any(|n| last(symbol) == n.as_str()) && !symbol.ends_with('>');
                if named && !role.closes(file, symbol) {
                    closed.push((file, symbol.clone()));
                    open.extend(names);
                }
            }
        }
        role.closed.extend(closed);
    }
    role
}

fn is_on(environment: &BTreeMap<String, Vec<Option<String>>>, guard: &Guard) -> bool {
    let (key, default) = match guard.key.as_hole() {
        Some(Hole::Env { name, default }) => (name, default),
        Some(Hole::Config { key, default }) => (key, default),
        _ => return true,
    };
    let fits = |text: &str| match &guard.equals {
        Some(wanted) => text.eq_ignore_ascii_case(wanted),
        None => {
            !matches!(text.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off" | "n" | "f" | "disabled")
        }
    };
    match environment.get(&squash(key)) {
        Some(values) => values.iter().any(|v| v.as_deref().is_none_or(fits)),
        None => default.as_ref().and_then(|d| d.as_text()).is_some_and(|d| fits(&d)),
    }
}

/// What a node's deployment sets, by squashed key; `None` for what is set to something unknown.
fn environment(index: &Index<'_>, deploy: &Deploy<'_>, node: usize) -> BTreeMap<String, Vec<Option<String>>> {
    let mut out: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for unit in deploy.nodes[node].units.iter().map(|u| &deploy.units[*u]) {
        let base = folder(index.paths[unit.file]);
        let project = project_environment(index, unit.file);
        let mut put = |setting: &Setting| {
            let known = setting.value.holes().iter().all(|h| matches!(h, Hole::Env { .. }));
            out.entry(squash(&setting.key)).or_default().push(known.then(|| interpolate(&setting.value, &project)));
        };
        for (setting, _) in index.settings_in(unit.file) {
            if matches!(&setting.scope, SettingScope::Service(name) if *name == unit.service.name) {
                put(setting);
            }
        }
        for path in unit.service.env_files.iter().filter_map(|f| join(base, f)) {
            index.dotenv(&path).iter().for_each(|(setting, ..)| put(setting));
        }
        for group in &unit.service.env_from {
            index.group(unit.file, group).iter().for_each(|(_, setting, _)| put(setting));
        }
    }
    out
}

/// Whether a deployable's environment gives a key this text.
pub(crate) fn gives(index: &Index<'_>, deploy: &Deploy<'_>, node: usize, key: &str, value: &Value) -> bool {
    let text = value.as_text();
    let same = |v: &Option<String>| v.is_none() || text.is_none() || v.as_deref() == text.as_deref();
    node < deploy.nodes.len()
        && environment(index, deploy, node).get(&squash(key)).is_some_and(|values| values.iter().any(same))
}
