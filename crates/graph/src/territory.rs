//! Which code belongs to which node, and which libraries it is built with.
//!
//! A node's own code is what its image is built from. A library is code outside of that which the node's code imports;
//! what a library does counts for the node only where the node's code can reach it by name, so that a shared client
//! library does not make everybody call everything.

use crate::beginnings;
use crate::crates;
use crate::deploy::{Deploy, Merged, Unit};
use crate::index::{FileId, Index, below, folder, is_test, join, last, squash};
use crate::likeness::{Name, Place, folder_named};
use crate::linked::unlinked;
use crate::model::NodeKind;
use crate::modules::{Modules, built_with, global_usings, layers, references};
use crate::roles::{Role, roles};
use crate::sources::generated;
use crate::starts::{Start, starts};
use crate::whole::whole;
use seam_facts::{Claim, SettingScope, SmolStr, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The code of one node.
#[derive(Default)]
pub(crate) struct Territory<'a> {
    /// Folders (or single files) of its own.
    pub roots: Vec<String>,
    pub own: BTreeSet<FileId>,
    /// Folders of others that are started from the same program with another word: imported, and not run.
    pub closed: Vec<String>,
    /// The folder of which its image holds only its own parts.
    pub taken_from: Option<String>,
    /// Files of libraries that it imports, directly or not.
    pub libraries: BTreeSet<FileId>,
    /// Those of them that are another deployable's own code.
    pub foreign: BTreeSet<FileId>,
    /// What of its own does not run in it.
    pub role: Role,
    /// A worker of the same code takes the tasks, which it only asks for.
    pub tasks_elsewhere: bool,
    /// Names that its code mentions, libraries included as far as they are reached.
    pub names: HashSet<&'a str>,
}

impl<'a> Territory<'a> {
    /// The code below these folders, with the libraries that it imports.
    pub fn of(index: &Index<'a>, roots: Vec<String>) -> Self {
        let mut territory = Territory::rooted(index, roots);
        libraries(index, &Modules::new(index), &BTreeSet::new(), &mut territory);
        territory
    }

    fn rooted(index: &Index<'a>, roots: Vec<String>) -> Self {
        let own = roots.iter().flat_map(|r| index.below(r)).filter(|f| !index.test[*f]).collect();
        Territory { roots, own, ..Territory::default() }
    }

    pub fn sees(&self, file: FileId) -> bool {
        self.own.contains(&file) || self.libraries.contains(&file)
    }

    /// Whether the node's code reaches the function `within` of `file`.
    pub fn reaches(&self, index: &Index<'_>, file: FileId, within: &str) -> bool {
        if self.own.contains(&file) {
            let unused = index.uses[file].is_some_and(|u| u.unused.iter().any(|f| f == within));
            return !unused && !self.role.closes(file, within);
        }
        self.libraries.contains(&file) && reached(index, file, within, &self.names, self.foreign.contains(&file))
    }
}

/// Whether a library's function is reached by somebody who mentions `names`. An interface that another deployable implements
/// is called there; its implementation runs here only if it is mentioned.
fn reached(index: &Index<'_>, file: FileId, within: &str, names: &HashSet<&str>, foreign: bool) -> bool {
    let (owner, function) = within.rsplit_once('.').unwrap_or(("", within));
    let owner_simple = last(owner);
    let owner_named = || {
        owner.is_empty()
            || names.contains(owner_simple)
            || !foreign
                && index.uses[file].is_some_and(|u| {
                    u.types
                        .iter()
                        .any(|(ty, supers)| ty == owner_simple && supers.iter().any(|s| names.contains(s.as_str())))
                })
    };
    if function.is_empty() {
        return true;
    }
    if function.starts_with('<') || owner_simple == function {
        return owner_named();
    }
    // A method of a served contract is called from outside, once its type is made.
    (names.contains(function) || index.served.contains(&(file, within))) && owner_named()
}

pub(crate) fn territories<'a>(index: &Index<'a>, deploy: &Deploy<'a>) -> Vec<Territory<'a>> {
    let roots = roots(index, deploy);
    let modules = Modules::new(index);
    let starts = starts(index, deploy, &roots);
    let files = |node: usize| Territory::rooted(index, roots[node].clone()).own;
    let mut roles = roles(index, deploy, &roots, files).into_iter();
    let closed: Vec<Vec<String>> = (0..roots.len()).map(|node| parts_of_others(&roots, node)).collect();
    let owned: BTreeSet<FileId> = (0..roots.len()).flat_map(files).collect();
    let unlinked = unlinked(index, &modules);
    let all_roots = roots.clone();
    // A proxy's rules that are mounted into its container are nobody's whose folder they lie in.
    let rules = |file: usize| index.facts[file].iter().any(|f| matches!(&f.claim, Claim::Route(r) if r.via.is_none()));
    let handed: BTreeSet<&String> = (0..all_roots.len())
        .filter(|n| deploy.nodes[*n].product.is_some_and(|p| p.kind == NodeKind::Gateway))
        .flat_map(|n| &all_roots[n])
        .collect();
    let rules_of_another = |file: &FileId, roots: &[String]| {
        let path = index.paths[*file].as_str();
        rules(*file) && handed.iter().any(|r| below(path, r) && !roots.contains(r))
    };
    roots
        .into_iter()
        .zip(closed)
        .enumerate()
        .map(|(node, (roots, closed))| {
            let role = roles.next().unwrap_or_default();
            let taken_from = taken_from(index, deploy, node);
            let mut territory = Territory { closed, role, taken_from, ..Territory::rooted(index, roots) };
            territory.own.retain(|f| !unlinked.contains(f) && !rules_of_another(f, &territory.roots));
            let worker =
                |n: &usize| all_roots[*n] == territory.roots && starts[n].iter().any(|s| matches!(s, Start::Worker(_)));
            if let Some(start) = starts.get(&node) {
                let asks = start.iter().all(|s| matches!(s, Start::File(_)));
                territory.tasks_elsewhere = asks && starts.keys().any(worker);
                let started: BTreeSet<FileId> =
                    start.iter().flat_map(|s| s.files(index, &modules, &territory.own)).collect();
                territory.own.retain(|f| index.uses[*f].is_none() || started.contains(f));
            }
            libraries(index, &modules, &owned, &mut territory);
            territory
        })
        .collect()
}

/// Roots that are another's alone, where both have a root in common.
fn parts_of_others(roots: &[Vec<String>], node: usize) -> Vec<String> {
    let mine = &roots[node];
    let shares = |other: &&Vec<String>| *other != mine && other.iter().any(|r| mine.contains(r));
    let others = roots.iter().filter(shares).flatten().filter(|r| !mine.iter().any(|m| below(r, m) || below(m, r)));
    others.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The folders of each node's own code.
fn roots(index: &Index<'_>, deploy: &Deploy<'_>) -> Vec<Vec<String>> {
    // Folders of recipes and builds: what lies above several of them is nobody's own.
    let mut starts: BTreeSet<String> = BTreeSet::new();
    for node in &deploy.nodes {
        for unit in node.units.iter().map(|u| &deploy.units[*u]) {
            if let Some(dockerfile) = unit.dockerfile.as_deref().filter(|d| index.by_path.contains_key(d)) {
                starts.insert(folder(dockerfile).to_owned());
            } else if let Some(context) = &unit.context {
                starts.insert(context.clone());
            }
        }
    }
    let broad = |dir: &str, own: &str| {
        dir.is_empty() || starts.iter().any(|s| s != dir && s != own && below(s, dir) && !below(s, own))
    };
    let mut out: Vec<Vec<String>> = Vec::new();
    for node in &deploy.nodes {
        let mut roots: BTreeSet<String> = BTreeSet::new();
        if !node.product.is_some_and(|p| p.kind.is_store()) {
            for unit in node.units.iter().map(|u| &deploy.units[*u]) {
                let Some(context) = &unit.context else { continue };
                let dockerfile = unit.dockerfile.as_deref().filter(|d| index.by_path.contains_key(d));
                let recipe_folder = dockerfile.map(folder).unwrap_or(context);
                // A context that several recipes share is nobody's own, whoever's recipe it is that lies in it.
                let part = if below(recipe_folder, context) { recipe_folder } else { context };
                if beside_another(index, deploy, context, unit) && !takes_all(index, deploy, context, unit) {
                    let mut copied = copies(index, deploy, context, unit);
                    copied.retain(|path| !path.is_empty() && path != context && !broad(path, recipe_folder));
                    if copied.iter().any(|path| holds_code(index, path)) {
                        roots.extend(copied);
                        continue;
                    }
                }
                if !broad(context, part) && (holds_code(index, context) || dockerfile.is_none()) {
                    roots.insert(context.clone());
                    continue;
                }
                // A folder that only holds recipes says nothing.
                if recipe_folder != context && !broad(recipe_folder, recipe_folder) && holds_code(index, recipe_folder)
                {
                    roots.insert(recipe_folder.to_owned());
                }
                let mut copied = copies(index, deploy, context, unit);
                copied.retain(|path| {
                    let elsewhere = starts
                        .iter()
                        .any(|s| s != recipe_folder && !s.is_empty() && below(path, s) && !below(recipe_folder, s));
                    !path.is_empty() && !elsewhere && !broad(path, recipe_folder)
                });
                // Beside the whole, parts are copied into stages of their own.
                if !(deploy.one_program(unit) && takes_all(index, deploy, context, unit)) {
                    roots.extend(copied);
                }
                if roots.is_empty() && !deploy.one_program(unit) {
                    roots.extend(named_within(index, context, node, unit.service.command.as_ref()));
                }
                if roots.is_empty() && takes_all(index, deploy, context, unit) {
                    roots.extend(whole(index, context, &starts));
                }
                if roots.is_empty() && !context.is_empty() && holds_code(index, context) {
                    roots.insert(context.clone());
                }
            }
        }
        out.push(minimal(roots));
    }
    unshare(index, &mut out);
    narrow(index, deploy, &mut out);
    unclaimed(index, deploy, &mut out);
    mounted(index, deploy, &mut out);
    beginnings::add(index, deploy, &mut out);
    out
}

/// What several images copy besides their own code is a library: it counts as far as each of them uses it.
fn unshare(index: &Index<'_>, out: &mut [Vec<String>]) {
    let module = |root: &str| index.modules.iter().any(|(f, m, _)| below(index.home(*f, m), root));
    // Packages of one Go module are imported by their paths, which lead to the files that are used.
    let package = |root: &str| {
        let around = |(f, m, _): &(FileId, &seam_facts::Module, &seam_facts::Fact)| {
            m.kind == seam_facts::ModuleKind::Go && below(root, folder(index.paths[*f]))
        };
        index.modules.iter().any(around) && index.below(root).any(|f| index.paths[f].ends_with(".go"))
    };
    let shared: BTreeSet<String> = out
        .iter()
        .flatten()
        .filter(|root| out.iter().filter(|roots| roots.contains(root)).count() > 1 && (module(root) || package(root)))
        .cloned()
        .collect();
    let code = |root: &str| index.below(root).any(|f| index.uses[f].is_some());
    for roots in out.iter_mut() {
        // A file of settings is no program.
        if roots.iter().any(|r| !shared.contains(r) && code(r)) {
            roots.retain(|r| !shared.contains(r));
        }
    }
}

/// A ready-made proxy's own code is the configuration that is mounted into it.
fn mounted(index: &Index<'_>, deploy: &Deploy<'_>, out: &mut [Vec<String>]) {
    for id in 0..out.len() {
        let node = &deploy.nodes[id];
        if node.product.is_some_and(|p| p.kind.is_store()) {
            continue;
        }
        // A proxy that is built here, or whose program is, still gets its rules from outside: single files that forward.
        let rules = !out[id].is_empty() && node.product.is_none_or(|p| p.kind != NodeKind::Gateway);
        let forwards = |file: &FileId| {
            index.facts[*file].iter().any(|f| matches!(&f.claim, seam_facts::Claim::Route(r) if r.via.is_none()))
        };
        // Scripts of a web server come with its rules, whatever its image is built from.
        let scripts = |to: &str| ["/nginx/", "/openresty/", "/kong/"].iter().any(|part| to.contains(part));
        let mut roots: BTreeSet<String> = out[id].iter().cloned().collect();
        for unit in node.units.iter().map(|u| &deploy.units[*u]) {
            let from = folder(index.paths[unit.file]);
            let sources = unit.service.mounts.iter().filter_map(|(m, to)| Some((join(from, m)?, to)));
            let own = sources.filter(|(m, to)| {
                let elsewhere = out.iter().flatten().any(|r| below(r, m) || below(m, r));
                // Code that is mounted over the image for development, beside what the image has of the same folder.
                let beside = || {
                    let own = out[id].iter().any(|r| !folder(r).is_empty() && folder(r) == folder(m));
                    own && index.folders.contains(m.as_str()) && holds_code(index, m) && !is_test(m)
                };
                !m.is_empty()
                    && (!rules || scripts(to) || index.by_path.get(m.as_str()).is_some_and(forwards) || beside())
                    && (index.by_path.contains_key(m.as_str()) || index.folders.contains(m.as_str()) && !elsewhere)
            });
            roots.extend(own.map(|(m, _)| m));
        }
        out[id] = minimal(roots);
    }
}

/// Several deployables from one folder whose names or commands name parts of it (`/go/bin/search`, `cmd/search`) have
/// those parts; if only one of them did, the others would be told apart by nothing.
fn narrow(index: &Index<'_>, deploy: &Deploy<'_>, out: &mut [Vec<String>]) {
    let mut sharing: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (id, roots) in out.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        sharing.entry(roots.clone()).or_default().push(id);
    }
    let one = |ids: &[usize]| {
        ids.iter().all(|id| deploy.nodes[*id].units.iter().any(|u| deploy.one_program(&deploy.units[*u])))
    };
    for (roots, ids) in sharing.into_iter().filter(|(_, ids)| ids.len() > 1 && !one(ids)) {
        // One recipe that builds several programs does not tell whose is which.
        let recipe = |id: usize| {
            let units = deploy.nodes[id].units.iter().map(|u| &deploy.units[*u]);
            units.filter_map(|u| Some((u.dockerfile.as_ref()?, u.stage.as_deref()))).next()
        };
        let recipes: BTreeSet<Option<(&String, Option<&str>)>> = ids.iter().map(|id| recipe(*id)).collect();
        let each = recipes.len() == ids.len();
        let mut told = false;
        let parts: Vec<(usize, Vec<String>)> = ids
            .into_iter()
            .map(|id| {
                let node = &deploy.nodes[id];
                let built: BTreeSet<String> = roots.iter().flat_map(|root| built(index, deploy, root, node)).collect();
                if each && !built.is_empty() {
                    told = true;
                    return (id, minimal(built));
                }
                let command = node.units.iter().find_map(|u| deploy.units[*u].service.command.as_ref());
                let found = roots.iter().flat_map(|root| exactly_named(index, root, node, command)).collect();
                (id, minimal(found))
            })
            .filter(|(_, part)| !part.is_empty())
            .collect();
        let different: BTreeSet<&Vec<String>> = parts.iter().map(|(_, p)| p).collect();
        if different.len() > 1 || told {
            // What only one of them is built with is its own; what several are is a library.
            let with: Vec<BTreeSet<String>> =
                parts.iter().map(|(_, part)| references(index, part).unwrap_or_default()).collect();
            for (at, (id, part)) in parts.iter().enumerate() {
                let alone = |f: &&String| with.iter().enumerate().all(|(other, w)| other == at || !w.contains(*f));
                let more = with[at].iter().filter(alone).cloned();
                out[*id] = minimal(part.iter().cloned().chain(more).collect());
            }
        }
    }
}

/// The folders below `root` that the image's build commands name: a project file, a folder, a package.
fn built(index: &Index<'_>, deploy: &Deploy<'_>, root: &str, node: &Merged<'_>) -> Vec<String> {
    let units = node.units.iter().map(|u| &deploy.units[*u]).filter(|u| u.dockerfile.is_some());
    let builds = units.filter_map(|u| deploy.recipe_of(index, u));
    let programs: BTreeSet<&SmolStr> = builds.flat_map(|(_, build, _)| &build.programs).collect();
    let whole = node
        .units
        .iter()
        .map(|u| &deploy.units[*u])
        .any(|unit| unit.context.as_deref().is_some_and(|c| takes_all(index, deploy, c, unit)));
    let named = |program: &str| -> Vec<String> {
        let last = program.rsplit('/').next().unwrap_or(program);
        let ends = |path: &str, with: &str| path.strip_suffix(with).is_some_and(|p| p.is_empty() || p.ends_with('/'));
        let mut found: Vec<String> = if last.ends_with("proj") {
            let files = index.below(root).map(|f| index.paths[f]).filter(|p| ends(p, last));
            // A project that refers to no other, and is built with everything there is, gets the others in another way.
            let known = |p: &str| !whole || references(index, &[folder(p).to_owned()]).is_some_and(|r| r.len() > 1);
            files.filter(|p| known(p)).map(|p| folder(p).to_owned()).collect()
        } else {
            let inside = index.folders.iter().filter(|f| below(f, root) && **f != root);
            inside.filter(|f| ends(f, program) || ends(f, last)).map(|f| (*f).to_owned()).collect()
        };
        found.retain(|f| holds_code(index, f));
        let whole: Vec<String> = found.iter().filter(|f| ends(f, program)).cloned().collect();
        let mut found = if whole.is_empty() { found } else { whole };
        found.sort_by_key(|f| (f.matches('/').count(), f.len()));
        found.truncate(1);
        found
    };
    programs.into_iter().flat_map(|p| named(p)).collect()
}

/// Whether any code lies below the folder.
fn holds_code(index: &Index<'_>, folder: &str) -> bool {
    index.below(folder).any(|f| index.uses[f].is_some())
}

/// Nodes without a source take a folder of their name that nobody has.
fn unclaimed(index: &Index<'_>, deploy: &Deploy<'_>, out: &mut [Vec<String>]) {
    let code: BTreeSet<String> = index
        .modules
        .iter()
        .map(|(file, module, _)| index.home(*file, module).to_owned())
        .chain(
            (0..index.paths.len())
                .filter(|f| index.uses[*f].is_some() && !index.test[*f] && !generated(index.paths[*f]))
                .map(|f| folder(index.paths[f]).to_owned()),
        )
        .collect();
    for id in 0..out.len() {
        let node = &deploy.nodes[id];
        if !out[id].is_empty() || node.product.is_some() {
            continue;
        }
        let free: Vec<Place> = code
            .iter()
            .filter(|dir| !dir.is_empty() && !out.iter().flatten().any(|r| below(dir, r)))
            .flat_map(|dir| {
                // Parents too, as long as nobody has a part of them.
                let mut chain = vec![dir.clone()];
                let mut at = dir.as_str();
                while let Some((parent, _)) = at.rsplit_once('/') {
                    if out.iter().flatten().any(|r| below(r, parent)) {
                        break;
                    }
                    chain.push(parent.to_owned());
                    at = parent;
                }
                chain
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(Place::new)
            .collect();
        let names: Vec<Name<'_>> =
            node.aliases.iter().chain([&node.name]).map(|name| Name::new(name.as_str())).collect();
        if let Some(found) = folder_named(&free, &names) {
            out[id] = vec![found];
        }
    }
}

/// Keeps folders that lie in no other of the set.
fn minimal(roots: BTreeSet<String>) -> Vec<String> {
    let all: Vec<String> = roots.into_iter().collect();
    all.iter().filter(|r| !all.iter().any(|o| o != *r && below(r, o))).cloned().collect()
}

/// Whether an image takes in the whole folder that it is built from.
fn takes_all(index: &Index<'_>, deploy: &Deploy<'_>, context: &str, unit: &Unit<'_>) -> bool {
    let build = unit.dockerfile.as_ref().and_then(|_| deploy.recipe_of(index, unit));
    build.is_some_and(|(_, b, _)| {
        b.copies.iter().any(|c| in_context(context, c.trim_end_matches('*')).as_deref() == Some(context))
    })
}

/// The folder that an image takes only parts of, where all declarations of it do.
fn taken_from(index: &Index<'_>, deploy: &Deploy<'_>, node: usize) -> Option<String> {
    let units = deploy.nodes[node].units.iter().map(|u| &deploy.units[*u]);
    let mut parts = units.filter(|u| u.context.is_some()).map(|unit| {
        let context = unit.context.as_deref().unwrap_or_default();
        let part = beside_another(index, deploy, context, unit) && !takes_all(index, deploy, context, unit);
        let holds = || copies(index, deploy, context, unit).iter().any(|path| holds_code(index, path));
        (part && holds()).then(|| context.to_owned())
    });
    let first = parts.next()??;
    parts.all(|part| part.as_ref() == Some(&first)).then_some(first)
}

/// Whether another recipe is built from the same folder: then each image is what its own recipe copies.
fn beside_another(index: &Index<'_>, deploy: &Deploy<'_>, context: &str, unit: &Unit<'_>) -> bool {
    let recipe = |u: &Unit<'_>| deploy.recipe_of(index, u).map(|(file, ..)| file);
    let own = recipe(unit);
    let other = |u: &Unit<'_>| u.context.as_deref() == Some(context) && recipe(u).is_some_and(|r| Some(r) != own);
    own.is_some() && !context.is_empty() && deploy.units.iter().any(other)
}

/// A path of a recipe, which never leaves what it is built from: `..` and a slash before it are the context itself.
fn in_context(context: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    join(context, parts.join("/").trim_start_matches('/'))
}

/// What a recipe copies from its context, as workspace paths of folders or single files of code.
fn copies(index: &Index<'_>, deploy: &Deploy<'_>, context: &str, unit: &Unit<'_>) -> Vec<String> {
    if unit.dockerfile.is_none() {
        return Vec::new();
    }
    let Some((_, build, _)) = deploy.recipe_of(index, unit) else { return Vec::new() };
    let mut out = Vec::new();
    // Manifests are copied ahead of code to fill a layer of dependencies: they say nothing about whose code it is, but where
    // what lies beside them is copied too, part by part (or comes as a volume), the program is all of it.
    let mut manifests: BTreeSet<String> = BTreeSet::new();
    for copy in &build.copies {
        let copy = given(&filled(index, unit, copy), unit);
        let path = copy.trim_end_matches(['*', '/']);
        let Some(path) = in_context(context, path) else { continue };
        if index.by_path.get(path.as_str()).is_some_and(|f| index.modules.iter().any(|(m, ..)| m == f)) {
            manifests.insert(folder(&path).to_owned());
        }
        // A proxy's image is its configuration.
        let says = |f: FileId| {
            index.uses[f].is_some() || index.facts[f].iter().any(|x| matches!(x.claim, seam_facts::Claim::Route(_)))
        };
        let code = index.by_path.get(path.as_str()).is_some_and(|f| says(*f));
        if code || index.folders.contains(path.as_str()) {
            out.push(path);
        }
    }
    for path in &mut out {
        let around = folder(path);
        if !around.is_empty() && around != context && manifests.contains(around) {
            *path = around.to_owned();
        }
    }
    out
}

/// A path whose variables are what the deployment builds the image with: `${APP}/lib`, `$APP`.
fn filled<'p>(index: &Index<'_>, unit: &Unit<'_>, path: &'p str) -> std::borrow::Cow<'p, str> {
    if !path.contains('$') {
        return path.into();
    }
    let mut out = path.to_owned();
    for (setting, _) in index.settings_in(unit.file) {
        let own = matches!(&setting.scope, SettingScope::Service(name) if *name == unit.service.name);
        let Some(value) = setting.value.as_text().filter(|v| own && !v.is_empty()) else { continue };
        out = out.replace(&format!("${{{}}}", setting.key), &value);
        if let Some(rest) =
            out.strip_prefix(&format!("${}", setting.key)).filter(|r| r.is_empty() || r.starts_with('/'))
        {
            out = format!("{value}{rest}");
        }
    }
    out.into()
}

/// A path of a recipe that several images share, with what this one gives for the recipe's arguments: `COPY ${APP}/src`.
fn given(path: &str, unit: &Unit<'_>) -> String {
    let args = unit.service.source.iter().flat_map(|source| &source.args);
    args.filter_map(|(name, value)| Some((name, value.as_text()?)))
        .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("${{{name}}}"), &value))
}

/// Folders within `root` that a deployable's name or command names, or that are called nearly so.
fn named_within(index: &Index<'_>, root: &str, node: &Merged<'_>, command: Option<&Value>) -> Vec<String> {
    let exact = exactly_named(index, root, node, command);
    if !exact.is_empty() {
        return exact;
    }
    let file = file_named(index, root, node, command);
    if file.is_some() {
        return file.into_iter().collect();
    }
    let folders: Vec<Place> = index
        .folders
        .iter()
        .filter(|f| below(f, root) && **f != root && holds_code(index, f))
        .map(|f| Place::new((*f).to_owned()))
        .collect();
    folder_named(&folders, &[Name::new(&node.name)]).into_iter().collect()
}

/// The file near the top that a deployable's command or name names: one script of several is started.
fn file_named(index: &Index<'_>, root: &str, node: &Merged<'_>, command: Option<&Value>) -> Option<String> {
    let command = command.map(Value::to_string).unwrap_or_default();
    let words = words(&command, &node.name);
    let fits = |path: &str| {
        let below = path[root.len()..].trim_start_matches('/');
        let stem = below.rsplit('/').next().unwrap_or(below).split('.').next().unwrap_or("");
        below.matches('/').count() < 2 && words.iter().any(|w| w.split('.').next() == Some(stem) && !stem.is_empty())
    };
    let code = index.below(root).filter(|f| index.uses[*f].is_some() && !index.test[*f]).map(|f| index.paths[f]);
    code.filter(|path| fits(path)).min_by_key(|path| (path.matches('/').count(), path.len())).map(ToString::to_string)
}

/// What a command and a name may call a folder or a file.
fn words<'w>(command: &'w str, name: &'w str) -> Vec<&'w str> {
    // Folders of every program's layout tell no two deployables apart.
    let layout =
        |w: &&str| matches!(*w, "app" | "apps" | "bin" | "config" | "etc" | "lib" | "src" | "tmp" | "usr" | "var");
    let split = command.split([' ', '/', '=', ',', '"', '[', ']', ':']).filter(|w| w.len() > 2 && !layout(w));
    split.chain([name]).collect()
}

fn exactly_named(index: &Index<'_>, root: &str, node: &Merged<'_>, command: Option<&Value>) -> Vec<String> {
    let command = command.map(Value::to_string).unwrap_or_default();
    let words = words(&command, &node.name);
    let folders: Vec<String> = index
        .folders
        .iter()
        .filter(|f| below(f, root) && **f != root && f[root.len()..].matches('/').count() <= 4)
        .map(|f| (*f).to_owned())
        .collect();
    let mut hits: Vec<&String> = folders
        .iter()
        .filter(|f| {
            let part = squash(f.rsplit('/').next().unwrap_or(f));
            words.iter().any(|w| squash(w) == part)
        })
        .filter(|f| holds_code(index, f))
        .collect();
    hits.sort_by_key(|f| (f.matches('/').count(), f.len()));
    if hits.is_empty() {
        return Vec::new();
    }
    // `cmd/search` and `services/search` are both its own; deeper folders of the same name are parts of other things.
    let depth = hits[0].matches('/').count();
    hits.into_iter().filter(|f| f.matches('/').count() <= depth + 1).cloned().collect()
}

/// Names that a file of one's own mentions where it runs.
fn said<'a>(role: &Role, file: FileId, uses: &'a seam_facts::Uses) -> Vec<&'a str> {
    let spoken: HashSet<&str> = role.names(file, uses).map(SmolStr::as_str).collect();
    uses.functions
        .iter()
        .flat_map(|(_, names)| names.iter().map(SmolStr::as_str))
        .filter(|n| spoken.contains(n))
        .collect()
}

/// Follows imports to libraries, and names into them, until nothing is added.
fn libraries<'a>(index: &Index<'a>, modules: &Modules<'a>, owned: &BTreeSet<FileId>, territory: &mut Territory<'a>) {
    let mut names: HashSet<&'a str> = HashSet::new();
    for file in &territory.own {
        if let Some(uses) = index.uses[*file] {
            names.extend(said(&territory.role, *file, uses));
        }
    }
    let referenced = references(index, &territory.roots);
    let built = built_with(index, &territory.roots);
    let territory_closed = territory.closed.clone();
    let (taken_from, territory_own) = (territory.taken_from.clone(), territory.own.clone());
    let allowed = |file: FileId| {
        let path = index.paths[file].as_str();
        if territory_closed.iter().any(|root| below(path, root)) {
            return false;
        }
        if let Some((with, others)) = &built
            && others.iter().any(|f| below(path, f))
            && !with.iter().any(|f| below(path, f))
        {
            return false;
        }
        // What its image does not take in, it cannot run.
        if taken_from.as_ref().is_some_and(|from| below(path, from)) && !territory_own.contains(&file) {
            return false;
        }
        !path.ends_with(".cs") || referenced.as_ref().is_none_or(|folders| folders.iter().any(|f| below(path, f)))
    };
    let mut queue: Vec<FileId> = territory.own.iter().copied().collect();
    let mut seen: BTreeSet<FileId> = territory.own.clone();
    for file in layers(index, &territory.roots, referenced.iter().flatten()) {
        if seen.insert(file) {
            territory.libraries.insert(file);
            queue.push(file);
        }
    }
    // Namespaces that projects import for all their files.
    if let Some(sharp) = territory.own.iter().copied().find(|f| index.paths[*f].ends_with(".cs")) {
        for namespace in global_usings(index, &territory.roots) {
            for found in modules.files(index, sharp, &namespace, &territory.own) {
                if !index.test[found] && allowed(found) && seen.insert(found) {
                    territory.libraries.insert(found);
                    queue.push(found);
                }
            }
        }
    }
    let mut crates = crates::libraries(index, &territory.roots);
    while let Some(file) = queue.pop() {
        let Some(uses) = index.uses[file] else { continue };
        crates.retain(|name, found| {
            let named = index.paths[file].ends_with(".rs") && crates::named(uses, name);
            if named && !index.test[*found] && seen.insert(*found) {
                territory.libraries.insert(*found);
                queue.push(*found);
            }
            !named
        });
        for import in &uses.imports {
            for found in modules.files(index, file, import, &territory.own) {
                if !index.test[found] && allowed(found) && seen.insert(found) {
                    territory.libraries.insert(found);
                    queue.push(found);
                }
            }
        }
        // Files of one Go package, and of a package named in the library, come together.
        if territory.libraries.contains(&file) && !uses.package.is_empty() {
            let beside = modules.by_folder.get(folder(index.paths[file])).into_iter().flatten();
            for found in beside.filter(|f| index.uses[**f].is_some_and(|u| u.package == uses.package)) {
                if seen.insert(*found) {
                    territory.libraries.insert(*found);
                    queue.push(*found);
                }
            }
        }
        // Types of one package of the JVM name one another without imports.
        let path = index.paths[file].as_str();
        let jvm = [".java", ".kt", ".scala"].iter().any(|e| path.ends_with(e));
        if jvm && territory.libraries.contains(&file) && !uses.package.is_empty() {
            let named: HashSet<&str> = uses.functions.iter().flat_map(|(_, n)| n).map(SmolStr::as_str).collect();
            let beside = modules.by_folder.get(folder(path)).into_iter().flatten().copied();
            let types = |f: usize| index.uses[f].filter(|u| u.package == uses.package).map(|u| u.types.as_slice());
            for found in beside.filter(|f| {
                !index.test[*f] && types(*f).unwrap_or_default().iter().any(|(ty, _)| named.contains(ty.as_str()))
            }) {
                if allowed(found) && seen.insert(found) {
                    territory.libraries.insert(found);
                    queue.push(found);
                }
            }
        }
    }
    territory.foreign = territory.libraries.intersection(owned).copied().collect();
    // Names that reached functions of libraries mention in turn.
    let mut open: Vec<(FileId, &'a SmolStr, &'a Vec<SmolStr>)> = territory
        .libraries
        .iter()
        .filter_map(|f| Some((*f, index.uses[*f]?)))
        .flat_map(|(f, u)| u.functions.iter().map(move |(symbol, names)| (f, symbol, names)))
        .collect();
    loop {
        let before = open.len();
        let (hit, rest): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|(f, symbol, _)| reached(index, *f, symbol, &names, territory.foreign.contains(f)));
        names.extend(hit.iter().flat_map(|(_, _, n)| n.iter().map(SmolStr::as_str)));
        open = rest;
        if open.len() == before {
            break;
        }
    }
    territory.names = names;
}
