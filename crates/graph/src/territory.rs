//! Which code belongs to which node, and which libraries it is built with.
//!
//! A node's own code is what its image is built from. A library is code outside of that which the node's code imports;
//! what a library does counts for the node only where the node's code can reach it by name, so that a shared client
//! library does not make everybody call everything.

use crate::crates;
use crate::deploy::{Deploy, Merged};
use crate::index::{FileId, Index, below, folder, join, last, name_of, squash};
use crate::model::NodeKind;
use crate::roles::{Role, roles};
use crate::sources::folder_named;
use crate::whole::whole;
use seam_facts::{GLOBAL_USING, ModuleKind, SmolStr, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The code of one node.
#[derive(Default)]
pub(crate) struct Territory<'a> {
    /// Folders (or single files) of its own.
    pub roots: Vec<String>,
    pub own: BTreeSet<FileId>,
    /// Folders of others that are started from the same program with another word: imported, and not run.
    pub closed: Vec<String>,
    /// Files of libraries that it imports, directly or not.
    pub libraries: BTreeSet<FileId>,
    /// What of its own does not run in it.
    pub role: Role,
    /// Names that its code mentions, libraries included as far as they are reached.
    pub names: HashSet<&'a str>,
}

impl<'a> Territory<'a> {
    /// The code below these folders, with the libraries that it imports.
    pub fn of(index: &Index<'a>, roots: Vec<String>) -> Self {
        let mut territory = Territory::rooted(index, roots);
        libraries(index, &Modules::new(index), &mut territory);
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
        self.libraries.contains(&file) && reached(index, file, within, &self.names)
    }
}

/// Whether a library's function is reached by somebody who mentions `names`.
fn reached(index: &Index<'_>, file: FileId, within: &str, names: &HashSet<&str>) -> bool {
    let (owner, function) = within.rsplit_once('.').unwrap_or(("", within));
    let owner_simple = last(owner);
    let owner_named = || {
        owner.is_empty()
            || names.contains(owner_simple)
            || index.uses[file].is_some_and(|u| {
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
    let entries = entries(index, deploy, &roots);
    let files = |node: usize| Territory::rooted(index, roots[node].clone()).own;
    let mut roles = roles(index, deploy, &roots, files).into_iter();
    let closed: Vec<Vec<String>> = (0..roots.len()).map(|node| parts_of_others(&roots, node)).collect();
    roots
        .into_iter()
        .zip(closed)
        .enumerate()
        .map(|(node, (roots, closed))| {
            let role = roles.next().unwrap_or_default();
            let mut territory = Territory { closed, role, ..Territory::rooted(index, roots) };
            if let Some(entry) = entries.get(&node) {
                let started = started(index, &modules, &territory.own, *entry);
                territory.own.retain(|f| index.uses[*f].is_none() || started.contains(f));
            }
            libraries(index, &modules, &mut territory);
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
                if !broad(context, part) && (holds_code(index, context) || dockerfile.is_none()) {
                    roots.insert(context.clone());
                    continue;
                }
                // A folder that only holds recipes says nothing.
                if recipe_folder != context && !broad(recipe_folder, recipe_folder) && holds_code(index, recipe_folder)
                {
                    roots.insert(recipe_folder.to_owned());
                }
                let mut copied = copies(index, deploy, context, unit.dockerfile.as_deref());
                copied.retain(|path| {
                    let elsewhere = starts
                        .iter()
                        .any(|s| s != recipe_folder && !s.is_empty() && below(path, s) && !below(recipe_folder, s));
                    !path.is_empty() && !elsewhere && !broad(path, recipe_folder)
                });
                // Beside the whole, parts are copied into stages of their own.
                if !(deploy.one_program(unit) && takes_all(index, deploy, context, dockerfile)) {
                    roots.extend(copied);
                }
                if roots.is_empty() && !deploy.one_program(unit) {
                    roots.extend(named_within(index, context, node, unit.service.command.as_ref()));
                }
                if roots.is_empty() && takes_all(index, deploy, context, dockerfile) {
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
    out
}

/// For deployables of one folder that are started with different files of it: each one's file.
fn entries(index: &Index<'_>, deploy: &Deploy<'_>, out: &[Vec<String>]) -> BTreeMap<usize, FileId> {
    let mut sharing: BTreeMap<&Vec<String>, Vec<usize>> = BTreeMap::new();
    for (id, roots) in out.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        sharing.entry(roots).or_default().push(id);
    }
    let mut found = BTreeMap::new();
    for (roots, ids) in sharing.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let entry = |id: usize| {
            let units = deploy.nodes[id].units.iter().map(|u| &deploy.units[*u]);
            let commands = units.flat_map(|unit| {
                let recipe =
                    unit.dockerfile.clone().or_else(|| unit.context.as_ref().map(|c| format!("{c}/Dockerfile")));
                let build =
                    recipe.and_then(|r| index.by_path.get(r.as_str())).and_then(|f| deploy.builds.get(f)?.first());
                unit.service.command.as_ref().into_iter().chain(build.and_then(|(b, _)| b.command.as_ref()))
            });
            // What the deployable says wins over what its image says.
            commands.take(2).find_map(|command| {
                let text = command.to_string();
                text.split([' ', '"', ',']).rev().find_map(|word| {
                    let (stem, extension) = word.rsplit('/').next()?.rsplit_once('.')?;
                    let same = |path: &str| {
                        let name = path.rsplit('/').next().unwrap_or(path);
                        let (s, e) = name.rsplit_once('.').unwrap_or((name, ""));
                        s == stem
                            && (e == extension || extension == "js" && e == "ts" || extension == "mjs" && e == "mts")
                    };
                    (0..index.paths.len()).find(|f| {
                        index.uses[*f].is_some()
                            && !index.test[*f]
                            && roots.iter().any(|r| below(index.paths[*f], r))
                            && same(index.paths[*f])
                    })
                })
            })
        };
        let each: Vec<(usize, FileId)> = ids.iter().filter_map(|id| Some((*id, entry(*id)?))).collect();
        let different: BTreeSet<FileId> = each.iter().map(|(_, f)| *f).collect();
        if each.len() == ids.len() && different.len() > 1 {
            found.extend(each);
        }
    }
    found
}

/// The files of `own` that a start file leads to by imports.
fn started<'a>(index: &Index<'a>, modules: &Modules<'a>, own: &BTreeSet<FileId>, entry: FileId) -> BTreeSet<FileId> {
    let mut seen = BTreeSet::from([entry]);
    let mut queue = vec![entry];
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

/// What several images copy besides their own code is a library: it counts as far as each of them uses it.
fn unshare(index: &Index<'_>, out: &mut [Vec<String>]) {
    let module = |root: &str| index.modules.iter().any(|(f, ..)| below(index.paths[*f], root));
    let shared: BTreeSet<String> = out
        .iter()
        .flatten()
        .filter(|root| out.iter().filter(|roots| roots.contains(root)).count() > 1 && module(root))
        .cloned()
        .collect();
    for roots in out.iter_mut() {
        if roots.iter().any(|r| !shared.contains(r)) {
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
                !m.is_empty()
                    && (!rules || scripts(to) || index.by_path.get(m.as_str()).is_some_and(forwards))
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
        let parts: Vec<(usize, Vec<String>)> = ids
            .into_iter()
            .map(|id| {
                let node = &deploy.nodes[id];
                let command = node.units.iter().find_map(|u| deploy.units[*u].service.command.as_ref());
                let found = roots.iter().flat_map(|root| exactly_named(index, root, node, command)).collect();
                (id, minimal(found))
            })
            .filter(|(_, part)| !part.is_empty())
            .collect();
        let different: BTreeSet<&Vec<String>> = parts.iter().map(|(_, p)| p).collect();
        if different.len() > 1 {
            for (id, part) in parts {
                out[id] = part;
            }
        }
    }
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
        .map(|(file, ..)| folder(index.paths[*file]).to_owned())
        .chain(
            (0..index.paths.len())
                .filter(|f| index.uses[*f].is_some() && !index.test[*f])
                .map(|f| folder(index.paths[f]).to_owned()),
        )
        .collect();
    for id in 0..out.len() {
        let node = &deploy.nodes[id];
        if !out[id].is_empty() || node.product.is_some() {
            continue;
        }
        let free: Vec<String> = code
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
            .collect();
        let names: Vec<&str> = node.aliases.iter().map(SmolStr::as_str).chain([node.name.as_str()]).collect();
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
fn takes_all(index: &Index<'_>, deploy: &Deploy<'_>, context: &str, dockerfile: Option<&str>) -> bool {
    let build = dockerfile.and_then(|d| index.by_path.get(d)).and_then(|f| deploy.builds.get(f)?.first());
    build.is_some_and(|(b, _)| {
        b.copies.iter().any(|c| join(context, c.trim_end_matches('*')).as_deref() == Some(context))
    })
}

/// What a recipe copies from its context, as workspace paths of folders or single files of code.
fn copies(index: &Index<'_>, deploy: &Deploy<'_>, context: &str, dockerfile: Option<&str>) -> Vec<String> {
    let Some(file) = dockerfile.and_then(|d| index.by_path.get(d)) else { return Vec::new() };
    let Some((build, _)) = deploy.builds.get(file).and_then(|b| b.first()) else { return Vec::new() };
    let mut out = Vec::new();
    for copy in &build.copies {
        let path = copy.trim_end_matches(['*', '/']);
        // Manifests are copied ahead of code to fill a layer of dependencies; they say nothing about whose code it is.
        let Some(path) = join(context, path) else { continue };
        // A proxy's image is its configuration.
        let says = |f: FileId| {
            index.uses[f].is_some() || index.facts[f].iter().any(|x| matches!(x.claim, seam_facts::Claim::Route(_)))
        };
        let code = index.by_path.get(path.as_str()).is_some_and(|f| says(*f));
        if code || index.folders.contains(path.as_str()) {
            out.push(path);
        }
    }
    out
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
    let folders: Vec<String> = index
        .folders
        .iter()
        .filter(|f| below(f, root) && **f != root && holds_code(index, f))
        .map(|f| (*f).to_owned())
        .collect();
    folder_named(&folders, &[&node.name]).into_iter().collect()
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

/// How imports lead to files.
struct Modules<'a> {
    /// Go module path, npm or Python package name → folder.
    named: BTreeMap<&'a str, (&'a str, ModuleKind)>,
    by_folder: HashMap<&'a str, Vec<FileId>>,
    /// Squashed stem → files, for dotted Python modules and the like.
    by_stem: HashMap<&'a str, Vec<FileId>>,
    /// Paths of scripts that a configuration names: its folder, the pattern, the folder or file that it stands for.
    aliases: Vec<(&'a str, &'a str, SmolStr)>,
    /// Folders whose files recipes copy one by one or by a pattern, with the recipe's folder.
    copied: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Modules<'a> {
    fn new(index: &Index<'a>) -> Self {
        let named =
            index.modules.iter().map(|(file, m, _)| (m.name.as_str(), (folder(index.paths[*file]), m.kind))).collect();
        let mut by_folder: HashMap<&str, Vec<FileId>> = HashMap::new();
        let mut by_stem: HashMap<&str, Vec<FileId>> = HashMap::new();
        for (id, path) in index.paths.iter().enumerate() {
            if index.uses[id].is_none() || index.test[id] {
                continue;
            }
            by_folder.entry(folder(path)).or_default().push(id);
            let name = path.rsplit('/').next().unwrap_or(path);
            by_stem.entry(name.split('.').next().unwrap_or(name)).or_default().push(id);
        }
        let mut aliases: Vec<(&str, &str, SmolStr)> = Vec::new();
        for (file, constant, _) in index.constants.iter().filter(|(n, _)| n.ends_with("<path>")).flat_map(|(_, c)| c) {
            if let (Some(pattern), Some(target)) = (constant.symbol.strip_suffix(".<path>"), constant.value.as_text()) {
                aliases.push((folder(index.paths[*file]), pattern, target));
            }
        }
        // The nearest configuration and the longest pattern come first.
        aliases.sort_by(|a, b| (b.0.len(), b.1.len(), a).cmp(&(a.0.len(), a.1.len(), b)));
        let mut copied: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (file, fact) in index.facts.iter().enumerate().flat_map(|(f, facts)| facts.iter().map(move |x| (f, x))) {
            let seam_facts::Claim::Build(build) = &fact.claim else { continue };
            let parts = build.copies.iter().filter_map(|copy| copy.trim_start_matches("./").rsplit_once('/'));
            let files = parts.filter(|(dir, name)| name.contains(['.', '*']) && !dir.contains(['$', '*', '.']));
            copied.extend(files.map(|(dir, _)| (folder(index.paths[file]), dir)));
        }
        Modules { named, by_folder, by_stem, aliases, copied }
    }

    /// The files of the workspace that an import in `from` may mean.
    fn files(&self, index: &Index<'a>, from: FileId, import: &str, own: &BTreeSet<FileId>) -> Vec<FileId> {
        let (module, member) = import.split_once('#').map(|(m, n)| (m, Some(n))).unwrap_or((import, None));
        let path = index.paths[from].as_str();
        let prefer_own = |files: &[FileId]| -> Vec<FileId> {
            let mine: Vec<FileId> = files.iter().copied().filter(|f| own.contains(f)).collect();
            if mine.is_empty() { files.to_vec() } else { mine }
        };
        // Java, Kotlin, C#, PHP: packages with types.
        if let Some(member) = member {
            let full = seam_facts::format_smolstr!("{module}.{member}");
            if let Some(files) = index.packages.get(&full) {
                return prefer_own(files);
            }
        }
        if let Some(files) = index.packages.get(module).filter(|_| !path.ends_with(".go")) {
            return prefer_own(files);
        }
        if path.ends_with(".go") {
            let found =
                self.named.iter().filter(|(_, (_, kind))| *kind == ModuleKind::Go).filter_map(|(name, (dir, _))| {
                    let rest = module.strip_prefix(name)?;
                    (rest.is_empty() || rest.starts_with('/'))
                        .then(|| (name.len(), join(dir, rest.trim_start_matches('/'))))
                });
            let dir = match found.max() {
                Some((_, dir)) => dir,
                None => self.of_go_path(path, module),
            };
            return dir.and_then(|d| self.by_folder.get(d.as_str())).cloned().unwrap_or_default();
        }
        if path.ends_with(".py") {
            return self.python(index, path, module, member);
        }
        if path.ends_with(".rs") {
            return crates::part(index, path, module).into_iter().collect();
        }
        if path.ends_with(".rb") {
            // `require_relative` from the file's folder, `require` from the top or `lib` of whoever requires.
            let mut bases = vec![folder(path).to_owned()];
            while let Some(last) = bases.last().filter(|b| !b.is_empty()).cloned() {
                bases.push(folder(&last).to_owned());
            }
            let near =
                bases.iter().flat_map(|b| [join(b, &format!("{module}.rb")), join(b, &format!("lib/{module}.rb"))]);
            return near.flatten().find_map(|p| index.by_path.get(p.as_str()).copied()).into_iter().collect();
        }
        // Relative paths of scripts, and names of packages in the workspace.
        if module.starts_with('.') {
            let Some(target) = join(folder(path), module) else { return Vec::new() };
            let found = self.script(index, &target);
            return if found.is_empty() { self.flattened(index, path, module) } else { found };
        }
        let package = self.named.iter().filter(|(_, (_, kind))| *kind == ModuleKind::Npm).find(|(name, _)| {
            module == **name || module.strip_prefix(**name).is_some_and(|rest| rest.starts_with('/'))
        });
        match package {
            Some((_, (dir, _))) => (0..index.paths.len())
                .filter(|f| index.uses[*f].is_some() && !index.test[*f] && below(index.paths[*f], dir))
                .collect(),
            None => self.aliased(index, path, module),
        }
    }

    /// The folder that an import of a program without a module file means: from `GOPATH`, where the repository's own path
    /// comes first and the folder in it is what follows.
    fn of_go_path(&self, path: &str, module: &str) -> Option<String> {
        let in_module = |(dir, kind): &(&str, ModuleKind)| *kind == ModuleKind::Go && below(path, dir);
        let host = module.split('/').next().unwrap_or("");
        if !host.contains('.') || self.named.values().any(in_module) {
            return None;
        }
        let parts: Vec<&str> = module.split('/').collect();
        let mut base = folder(path);
        loop {
            for from in 1..parts.len() {
                let found = join(base, &parts[from..].join("/"));
                let go = |files: &Vec<FileId>| !files.is_empty();
                if found.as_deref().is_some_and(|f| self.by_folder.get(f).is_some_and(go)) {
                    return found;
                }
            }
            if base.is_empty() {
                return None;
            }
            base = folder(base);
        }
    }

    /// A script that stands beside the importing one only in the image: a recipe copies files of several folders to one.
    fn flattened(&self, index: &Index<'a>, path: &str, module: &str) -> Vec<FileId> {
        let Some(name) = module.strip_prefix("./").filter(|n| !n.contains('/')) else { return Vec::new() };
        let mut above = folder(path);
        while !above.is_empty() {
            above = folder(above);
            for (_, from) in self.copied.iter().filter(|(recipe, _)| below(recipe, above)) {
                let found = join(above, &format!("{from}/{name}")).map(|target| self.script(index, &target));
                if let Some(found) = found.filter(|f| !f.is_empty()) {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// A script's import by a name that a configuration above the file gives to a folder, or by the conventional names of
    /// its own sources (`@/orders`, `~/orders`, `src/orders`).
    fn aliased(&self, index: &Index<'a>, path: &str, module: &str) -> Vec<FileId> {
        for (base, pattern, target) in self.aliases.iter().filter(|(base, ..)| below(path, base)) {
            let found = match pattern.split_once('*') {
                Some((before, after)) => module
                    .strip_prefix(before)
                    .and_then(|m| m.strip_suffix(after))
                    .and_then(|rest| join(base, &target.replace('*', rest))),
                None => (*pattern == module).then(|| join(base, target)).flatten(),
            };
            let found = found.map(|target| self.script(index, &target)).unwrap_or_default();
            if !found.is_empty() {
                return found;
            }
        }
        let source = ["@/", "~/", "src/"].iter().find_map(|p| module.strip_prefix(p));
        let mut above = folder(path);
        while let Some(rest) = source {
            for inner in ["src/", ""] {
                let found = join(above, &format!("{inner}{rest}")).map(|target| self.script(index, &target));
                if let Some(found) = found.filter(|f| !f.is_empty()) {
                    return found;
                }
            }
            if above.is_empty() {
                break;
            }
            above = folder(above);
        }
        Vec::new()
    }

    fn script(&self, index: &Index<'a>, target: &str) -> Vec<FileId> {
        let stem = target.trim_end_matches(".js").trim_end_matches(".ts");
        for suffix in [".ts", ".js", ".tsx", ".jsx", ".mjs", ".cjs", "/index.ts", "/index.js", "/index.tsx"] {
            if let Some(file) = index.by_path.get(format!("{stem}{suffix}").as_str()) {
                return vec![*file];
            }
        }
        index.by_path.get(target).copied().into_iter().collect()
    }

    fn python(&self, index: &Index<'a>, from: &str, module: &str, member: Option<&str>) -> Vec<FileId> {
        let dots = module.chars().take_while(|c| *c == '.').count();
        let tail = module[dots..].replace('.', "/");
        let mut candidates: Vec<String> = Vec::new();
        for middle in
            [Some(tail.clone()), member.map(|m| if tail.is_empty() { m.to_owned() } else { format!("{tail}/{m}") })]
                .into_iter()
                .flatten()
        {
            candidates.push(format!("{middle}.py"));
            candidates.push(format!("{middle}/__init__.py"));
        }
        if dots > 0 {
            let up = "../".repeat(dots - 1);
            let hits = candidates
                .iter()
                .filter_map(|c| index.by_path.get(join(folder(from), &format!("{up}{c}"))?.as_str()).copied());
            return hits.collect();
        }
        let stem = tail.rsplit('/').next().unwrap_or(&tail);
        let by_stem =
            [Some(stem), member, Some("__init__")].into_iter().flatten().filter_map(|s| self.by_stem.get(s)).flatten();
        let mut hits: Vec<(usize, FileId)> = by_stem
            .filter(|f| {
                candidates
                    .iter()
                    .any(|c| index.paths[**f].as_str() == c || index.paths[**f].ends_with(&format!("/{c}")))
            })
            .map(|f| (common(from, index.paths[*f]), *f))
            .collect();
        hits.sort_by_key(|(shared, f)| (std::cmp::Reverse(*shared), *f));
        // The nearest file of that name, and its package's own file.
        let nearest = hits.first().map(|(shared, _)| *shared);
        hits.into_iter().filter(|(shared, _)| Some(*shared) == nearest).map(|(_, f)| f).collect()
    }
}

/// Number of leading folders that two paths share.
fn common(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(x, y)| x == y).count()
}

/// Folders of the .NET projects that the projects below `roots` reference, directly or not; `None` where no project says.
/// A namespace alone does not tell: many projects share one.
fn references(index: &Index<'_>, roots: &[String]) -> Option<BTreeSet<String>> {
    let projects: BTreeMap<&str, &seam_facts::Module> = index
        .modules
        .iter()
        .filter(|(_, m, _)| m.kind == ModuleKind::DotNet)
        .map(|(f, m, _)| (index.paths[*f].as_str(), *m))
        .collect();
    let mut queue: Vec<String> =
        projects.keys().filter(|p| roots.iter().any(|r| below(p, r))).map(|p| (*p).to_owned()).collect();
    if queue.is_empty() {
        return None;
    }
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    while let Some(path) = queue.pop() {
        let Some(module) = projects.get(path.as_str()) else { continue };
        // A project of the workspace may also be used as the package that it is published as.
        let packages = index.by_path.get(path.as_str()).into_iter().flat_map(|f| index.facts[*f]).filter_map(|fact| {
            match &fact.claim {
                seam_facts::Claim::Depends(depends) => Some(&depends.package),
                _ => None,
            }
        });
        let published = packages.flat_map(|package| {
            let tail =
                move |name: &str| package == name || package.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
            projects.iter().filter(move |(_, m)| tail(&m.name)).map(|(p, _)| (*p).to_owned())
        });
        for target in module.uses.iter().filter_map(|reference| join(folder(&path), reference)).chain(published) {
            if !seen.contains(&target) {
                seen.insert(target.clone());
                queue.push(target);
            }
        }
    }
    Some(seen.iter().map(|p| folder(p).to_owned()).filter(|f| !f.is_empty()).collect())
}

/// Code of the .NET projects that are layers of the one at `roots`: referenced, and named like it up to the last word
/// (`Shop.Orders.Api`, `Shop.Orders.Application`). What is found there by scanning is imported by nobody.
fn layers<'f>(index: &Index<'_>, roots: &[String], referenced: impl Iterator<Item = &'f String>) -> Vec<FileId> {
    let dotnet = || index.modules.iter().filter(|(_, m, _)| m.kind == ModuleKind::DotNet);
    let stems: BTreeSet<&str> = dotnet()
        .filter(|(f, ..)| roots.iter().any(|r| below(index.paths[*f], r)))
        .map(|(_, m, _)| m.name.rsplit_once('.').map(|(stem, _)| stem).unwrap_or(&m.name))
        .collect();
    let layer = |dir: &str| {
        dotnet().filter(|(f, ..)| folder(index.paths[*f]) == dir).any(|(_, m, _)| {
            stems.iter().any(|s| m.name.strip_prefix(*s).is_some_and(|r| r.is_empty() || r.starts_with('.')))
        })
    };
    let files = referenced.filter(|dir| layer(dir)).flat_map(|dir| index.below(dir));
    files.filter(|f| index.uses[*f].is_some() && !index.test[*f]).collect()
}

/// Namespaces that the project files below `roots`, and the properties above them, import for every file.
fn global_usings(index: &Index<'_>, roots: &[String]) -> Vec<SmolStr> {
    let all = index.constants.get(name_of(GLOBAL_USING)).into_iter().flatten();
    let near = |file: FileId| {
        let base = folder(index.paths[file]);
        roots.iter().any(|r| below(index.paths[file], r) || base.is_empty() || below(r, base))
    };
    all.filter(|(file, ..)| near(*file)).filter_map(|(_, constant, _)| constant.value.as_text()).collect()
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
fn libraries<'a>(index: &Index<'a>, modules: &Modules<'a>, territory: &mut Territory<'a>) {
    let mut names: HashSet<&'a str> = HashSet::new();
    for file in &territory.own {
        if let Some(uses) = index.uses[*file] {
            names.extend(said(&territory.role, *file, uses));
        }
    }
    let referenced = references(index, &territory.roots);
    let territory_closed = territory.closed.clone();
    let allowed = |file: FileId| {
        let path = index.paths[file].as_str();
        if territory_closed.iter().any(|root| below(path, root)) {
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
    }
    // Names that reached functions of libraries mention in turn.
    let mut open: Vec<(FileId, &'a SmolStr, &'a Vec<SmolStr>)> = territory
        .libraries
        .iter()
        .filter_map(|f| Some((*f, index.uses[*f]?)))
        .flat_map(|(f, u)| u.functions.iter().map(move |(symbol, names)| (f, symbol, names)))
        .collect();
    loop {
        let before = open.len();
        let (hit, rest): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(f, symbol, _)| reached(index, *f, symbol, &names));
        names.extend(hit.iter().flat_map(|(_, _, n)| n.iter().map(SmolStr::as_str)));
        open = rest;
        if open.len() == before {
            break;
        }
    }
    territory.names = names;
}
