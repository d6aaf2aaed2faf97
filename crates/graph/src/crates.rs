//! Crates of one workspace that Rust code is built with.
//!
//! Invariant: a crate is a library of another only by its manifest, and of a crate only what its library's root declares:
//! a service may be a library of others (its client), and its own start is not part of that.

use crate::index::{FileId, Index, below, folder, join};
use seam_facts::{Claim, Module, ModuleKind, SmolStr, Uses};
use std::collections::{BTreeMap, BTreeSet};

/// Roots of the libraries that the crates below `roots` depend on, directly or not, by the name that code knows them by.
pub(crate) fn libraries(index: &Index<'_>, roots: &[String]) -> BTreeMap<String, FileId> {
    let manifests: BTreeMap<&str, (FileId, &Module)> = index
        .modules
        .iter()
        .filter(|(_, m, _)| m.kind == ModuleKind::Cargo)
        .map(|(file, m, _)| (folder(index.paths[*file]), (*file, *m)))
        .collect();
    let mut queue: Vec<String> =
        manifests.keys().filter(|dir| roots.iter().any(|r| within(dir, r))).map(|dir| (*dir).to_owned()).collect();
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    let mut out = BTreeMap::new();
    while let Some(dir) = queue.pop() {
        let Some((file, module)) = manifests.get(dir.as_str()) else { continue };
        // A path is stated here, or at the top of the workspace for everybody: then the name tells.
        let packages: BTreeSet<&SmolStr> = index.facts[*file]
            .iter()
            .filter_map(|fact| match &fact.claim {
                Claim::Depends(depends) => Some(&depends.package),
                _ => None,
            })
            .collect();
        let named = manifests.iter().filter(|(_, (_, m))| packages.contains(&m.name)).map(|(dir, _)| (*dir).to_owned());
        for target in module.uses.iter().filter_map(|path| join(&dir, path)).chain(named) {
            let Some((_, library)) = manifests.get(target.as_str()) else { continue };
            if seen.insert(target.clone()) {
                let root = join(&target, "src/lib.rs").and_then(|path| index.by_path.get(path.as_str()).copied());
                out.extend(root.map(|file| (library.name.replace('-', "_"), file)));
                queue.push(target);
            }
        }
    }
    out
}

/// Whether a file names a crate: in a `use`, or at the head of a path.
pub(crate) fn named(uses: &Uses, name: &str) -> bool {
    let head = |import: &SmolStr| import.trim_start_matches(':').split(['#', ':', '.']).next() == Some(name);
    uses.imports.iter().any(head) || uses.functions.iter().any(|(_, names)| names.iter().any(|n| n == name))
}

/// Whether a crate's folder is a root, lies below one, or is that of the sources that a root is.
fn within(dir: &str, root: &str) -> bool {
    below(dir, root) || below(root, dir) && folder(root) == dir
}

/// The file that `mod name;` in the file `from` declares.
pub(crate) fn part(index: &Index<'_>, from: &str, module: &str) -> Option<FileId> {
    let name = module.strip_prefix("./")?;
    let file = from.rsplit('/').next().unwrap_or(from);
    let above = folder(from);
    let base = match file {
        "lib.rs" | "main.rs" | "mod.rs" => above.to_owned(),
        _ => join(above, file.trim_end_matches(".rs"))?,
    };
    [format!("{name}.rs"), format!("{name}/mod.rs")]
        .iter()
        .filter_map(|tail| join(&base, tail))
        .find_map(|path| index.by_path.get(path.as_str()).copied())
}
