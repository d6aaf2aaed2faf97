//! Where a Go program whose folder holds no `main` is put together: one `main` starts what a variable names
//! (`cmd/orders.go`, called `StartOrders`), and only that file says which clients are made with what.
//!
//! Invariant: only a file of the same module, called like the deployable, that lies in nobody's folder.

use crate::deploy::Deploy;
use crate::index::{Index, below, folder, squash};
use crate::undeployed::has_main;
use seam_facts::ModuleKind;
use std::collections::BTreeSet;

pub(crate) fn add(index: &Index<'_>, deploy: &Deploy<'_>, roots: &mut [Vec<String>]) {
    let modules: Vec<&str> = index
        .modules
        .iter()
        .filter(|(_, m, _)| m.kind == ModuleKind::Go)
        .map(|(f, ..)| folder(index.paths[*f]))
        .collect();
    let owned: BTreeSet<String> = roots.iter().flatten().cloned().collect();
    for (node, roots) in deploy.nodes.iter().zip(roots) {
        let go = |root: &String| index.below(root).any(|f| index.paths[f].ends_with(".go") && !index.test[f]);
        let Some(root) = roots.iter().find(|r| go(r)) else { continue };
        if roots.iter().any(|r| has_main(index, r)) {
            continue;
        }
        let around = modules.iter().filter(|m| **m != root.as_str() && below(root, m)).max_by_key(|m| m.len());
        let Some(module) = around else { continue };
        let names: BTreeSet<String> = node.aliases.iter().chain([&node.name]).map(|n| squash(n)).collect();
        let found: Vec<String> = index
            .below(module)
            .map(|f| (f, index.paths[f].as_str()))
            .filter(|(f, path)| {
                let stem = path.rsplit('/').next().and_then(|n| n.strip_suffix(".go"));
                !index.test[*f] && stem.is_some_and(|s| names.contains(&squash(s)))
            })
            .map(|(_, path)| path.to_owned())
            .filter(|path| !owned.iter().any(|r| below(path, r)))
            .collect();
        if let [only] = found.as_slice() {
            roots.push(only.clone());
        }
    }
}
