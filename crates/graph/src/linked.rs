//! Packages of Go that no program links.
//!
//! A Go program is made of `package main` and of what that imports, directly or not; a package that nobody imports is not
//! in it, however it lies beside it: what a generator made once, or a store that is not used yet. Invariant: a package is left out only
//! where its own module has a program, and no program of the workspace leads to it.

use crate::index::{FileId, Index, below, folder};
use crate::modules::Modules;
use seam_facts::ModuleKind;
use std::collections::BTreeSet;

/// Files of such packages.
pub(crate) fn unlinked<'a>(index: &Index<'a>, modules: &Modules<'a>) -> BTreeSet<FileId> {
    let go = |file: &FileId| index.paths[*file].ends_with(".go");
    let package = |file: &FileId| index.uses[*file].map_or("", |u| u.package.as_str());
    let files = || modules.by_folder.values().flatten().copied().filter(go);
    let programs: BTreeSet<&str> = files().filter(|f| package(f) == "main").map(|f| folder(index.paths[f])).collect();
    let mut linked = programs.clone();
    let mut queue: Vec<&str> = programs.iter().copied().collect();
    while let Some(dir) = queue.pop() {
        for file in modules.by_folder.get(dir).into_iter().flatten().copied().filter(go) {
            for import in index.uses[file].iter().flat_map(|u| &u.imports) {
                // One file tells the folder.
                let found = modules.files(index, file, import, &BTreeSet::new()).first().copied();
                if let Some(dir) = found.map(|f| folder(index.paths[f])).filter(|dir| linked.insert(dir)) {
                    queue.push(dir);
                }
            }
        }
    }
    let homes: BTreeSet<&str> = index
        .modules
        .iter()
        .filter(|(_, m, _)| m.kind == ModuleKind::Go)
        .map(|(file, ..)| folder(index.paths[*file]))
        .collect();
    let home = |dir: &str| homes.iter().filter(|h| below(dir, h)).max_by_key(|h| h.len()).copied();
    let with_program: BTreeSet<&str> = programs.iter().filter_map(|dir| home(dir)).collect();
    files()
        .filter(|file| {
            let dir = folder(index.paths[*file]);
            !linked.contains(dir) && home(dir).is_some_and(|h| with_program.contains(h))
        })
        .collect()
}
