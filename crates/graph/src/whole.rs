//! A program at the top of its repository: the folder that its image is built from holds other deployables as well.
//!
//! Invariant: what another image is built from, what another build manifest makes, and code of another language than the
//! top's own manifest says, are nobody's part of it.

use crate::index::{Index, below, folder};
use seam_facts::ModuleKind;
use std::collections::BTreeSet;

/// Folders and files below `context` that are the program's own. `starts`: folders of other recipes and builds.
pub(crate) fn whole(index: &Index<'_>, context: &str, starts: &BTreeSet<String>) -> Vec<String> {
    let here = |file: usize, module: &seam_facts::Module| index.home(file, module) == context;
    let kinds: BTreeSet<ModuleKind> =
        index.modules.iter().filter(|(f, m, _)| here(*f, m)).map(|(_, m, _)| m.kind).collect();
    let spoken =
        |path: &str| kinds.is_empty() || kinds.iter().any(|kind| speaks(*kind).iter().any(|end| path.ends_with(end)));
    let code = |file: usize| index.uses[file].is_some() && !index.test[file];
    // A script beside the manifests of another language is a tool; a folder of recipes alone is no program.
    if !index.below(context).any(|f| code(f) && spoken(index.paths[f])) {
        return Vec::new();
    }
    let apart: BTreeSet<&str> = starts
        .iter()
        .map(String::as_str)
        .chain(index.modules.iter().map(|(f, m, _)| index.home(*f, m)))
        .filter(|dir| *dir != context && below(dir, context))
        .collect();
    let mut out = Vec::new();
    let mut open = vec![context.to_owned()];
    while let Some(dir) = open.pop() {
        let inside = index.folders.iter().filter(|f| **f != dir && below(f, &dir) && folder(f) == dir);
        for child in inside.filter(|f| !apart.contains(**f)) {
            if apart.iter().any(|a| below(a, child)) {
                open.push((*child).to_owned());
                continue;
            }
            let mut all = index.below(child).filter(|f| code(*f)).peekable();
            if all.peek().is_none() || all.any(|f| spoken(index.paths[f])) {
                out.push((*child).to_owned());
            }
        }
        for file in index.below(&dir).filter(|f| folder(index.paths[*f]) == dir) {
            if !code(file) || spoken(index.paths[file]) {
                out.push(index.paths[file].to_string());
            }
        }
    }
    out.sort();
    out
}

/// How files of a manifest's language end.
fn speaks(kind: ModuleKind) -> &'static [&'static str] {
    match kind {
        ModuleKind::Maven | ModuleKind::Gradle | ModuleKind::Sbt | ModuleKind::Mill => {
            &[".java", ".kt", ".groovy", ".scala"]
        }
        ModuleKind::Npm => &[".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"],
        ModuleKind::Go => &[".go"],
        ModuleKind::Cargo => &[".rs"],
        ModuleKind::DotNet => &[".cs", ".fs"],
        ModuleKind::Python => &[".py"],
        ModuleKind::Composer => &[".php"],
        ModuleKind::Gem => &[".rb", ".ru"],
        ModuleKind::Mix => &[".ex", ".exs"],
        ModuleKind::Cmake => &[".cc", ".cpp", ".cxx", ".h", ".hpp"],
    }
}
