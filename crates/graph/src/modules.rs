//! How an import of one file leads to other files of the workspace, in each language's own way.

use crate::crates;
use crate::index::{FileId, Index, below, folder, join, name_of};
use seam_facts::{GLOBAL_USING, ModuleKind, SmolStr};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How imports lead to files.
pub(crate) struct Modules<'a> {
    /// Go module path, npm or Python package name → its folders; several where a workspace holds copies of a module.
    named: BTreeMap<&'a str, Vec<(&'a str, ModuleKind)>>,
    pub by_folder: HashMap<&'a str, Vec<FileId>>,
    /// Squashed stem → files, for dotted Python modules and the like.
    by_stem: HashMap<&'a str, Vec<FileId>>,
    /// Paths of scripts that a configuration names: its folder, the pattern, the folder or file that it stands for.
    aliases: Vec<(&'a str, &'a str, SmolStr)>,
    /// Folders whose files recipes copy one by one or by a pattern, with the recipe's folder.
    copied: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Modules<'a> {
    pub fn new(index: &Index<'a>) -> Self {
        let mut named: BTreeMap<&str, Vec<(&str, ModuleKind)>> = BTreeMap::new();
        for (file, module, _) in &index.modules {
            named.entry(module.name.as_str()).or_default().push((index.home(*file, module), module.kind));
        }
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
    pub fn files(&self, index: &Index<'a>, from: FileId, import: &str, own: &BTreeSet<FileId>) -> Vec<FileId> {
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
            let found = self.named.keys().filter_map(|name| {
                let rest = module.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                let dir = self.nearest(path, name, ModuleKind::Go)?;
                Some((name.len(), join(dir, rest.trim_start_matches('/'))))
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
        let package = self.named.keys().find_map(|name| {
            let rest = module.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            rest.and_then(|_| self.package(path, name))
        });
        match package {
            Some(dir) => {
                let within: Vec<&str> = self.packages().filter(|d| *d != dir && below(d, dir)).collect();
                let own = |path: &str| below(path, dir) && !within.iter().any(|d| below(path, d));
                let code = (0..index.paths.len()).filter(|f| index.uses[*f].is_some() && !index.test[*f]);
                code.filter(|f| own(index.paths[*f])).collect()
            }
            None => self.aliased(index, path, module),
        }
    }

    /// The folders of packages for scripts.
    fn packages(&self) -> impl Iterator<Item = &'a str> {
        self.named.values().flatten().filter(|(_, kind)| *kind == ModuleKind::Npm).map(|(dir, _)| *dir)
    }

    /// The folder of the package that an import names. One around the importing package is not linked into it: what is
    /// called so is fetched, like a product's published client that has the name of its repository.
    fn package(&self, from: &str, name: &str) -> Option<&'a str> {
        let dir = self.nearest(from, name, ModuleKind::Npm)?;
        let inner = |d: &str| d != dir && below(d, dir) && below(from, d);
        (!self.packages().any(inner)).then_some(dir)
    }

    /// The folder of a module; of several copies, that which is nearest to whoever imports it.
    fn nearest(&self, from: &str, name: &str, kind: ModuleKind) -> Option<&'a str> {
        let of_kind = self.named.get(name)?.iter().filter(|(_, k)| *k == kind).map(|(dir, _)| *dir);
        of_kind.max_by_key(|dir| (common(from, dir), std::cmp::Reverse(*dir)))
    }

    /// The folder that an import of a program without a module file means: from `GOPATH`, where the repository's own path
    /// comes first and the folder in it is what follows.
    fn of_go_path(&self, path: &str, module: &str) -> Option<String> {
        let in_module = |(dir, kind): &(&str, ModuleKind)| *kind == ModuleKind::Go && below(path, dir);
        let host = module.split('/').next().unwrap_or("");
        if !host.contains('.') || self.named.values().flatten().any(in_module) {
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
pub(crate) fn references(index: &Index<'_>, roots: &[String]) -> Option<BTreeSet<String>> {
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

/// Folders of the projects of one build of sbt: those that the projects at `roots` are built with, directly or not, and the
/// others, whose packages may have the same names. `None` where a project is built with something that is not known here.
pub(crate) fn built_with(index: &Index<'_>, roots: &[String]) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let projects = || index.modules.iter().filter(|(_, m, _)| m.kind == ModuleKind::Sbt);
    let own = |home: &str| !home.is_empty() && roots.iter().any(|r| below(home, r));
    let mut queue: Vec<_> = projects().filter(|(f, m, _)| own(index.home(*f, m))).collect();
    let files: BTreeSet<FileId> = queue.iter().map(|(f, ..)| *f).collect();
    let mut with: BTreeSet<String> = queue.iter().map(|(f, m, _)| index.home(*f, m).to_owned()).collect();
    while let Some((file, module, _)) = queue.pop() {
        for used in &module.uses {
            let home = join(folder(index.paths[*file]), used)?;
            let found = projects().find(|(f, m, _)| f == file && index.home(*f, m) == home)?;
            if with.insert(home) {
                queue.push(found);
            }
        }
    }
    let all = projects().filter(|(f, ..)| files.contains(f)).map(|(f, m, _)| index.home(*f, m).to_owned());
    let others: BTreeSet<String> = all.filter(|home| !home.is_empty() && !with.contains(home)).collect();
    (!files.is_empty()).then_some((with, others))
}

/// Code of the .NET projects that are layers of the one at `roots`: referenced, and named like it up to the last word
/// (`Shop.Orders.Api`, `Shop.Orders.Application`). What is found there by scanning is imported by nobody.
pub(crate) fn layers<'f>(
    index: &Index<'_>,
    roots: &[String],
    referenced: impl Iterator<Item = &'f String>,
) -> Vec<FileId> {
    let dotnet = || index.modules.iter().filter(|(_, m, _)| m.kind == ModuleKind::DotNet);
    let stems: BTreeSet<&str> = dotnet()
        .filter(|(f, ..)| roots.iter().any(|r| below(index.paths[*f], r)))
        .map(|(_, m, _)| {
            let stem = m.name.rsplit_once('.').map_or(m.name.as_str(), |(stem, _)| stem);
            // The host of a way in that is a layer itself: `Orders.HttpApi.Host`.
            let way_in = |w: &str| matches!(w.to_ascii_lowercase().as_str(), "httpapi" | "webapi" | "api");
            stem.rsplit_once('.').filter(|(_, last)| way_in(last)).map_or(stem, |(above, _)| above)
        })
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
pub(crate) fn global_usings(index: &Index<'_>, roots: &[String]) -> Vec<SmolStr> {
    let all = index.constants.get(name_of(GLOBAL_USING)).into_iter().flatten();
    let near = |file: FileId| {
        let base = folder(index.paths[file]);
        roots.iter().any(|r| below(index.paths[file], r) || base.is_empty() || below(r, base))
    };
    all.filter(|(file, ..)| near(*file)).filter_map(|(_, constant, _)| constant.value.as_text()).collect()
}
