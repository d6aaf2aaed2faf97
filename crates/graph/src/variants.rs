//! Stores of other ways to start the system, which nothing uses, and somebody else's system that is started beside it.
//!
//! Invariant: what an edge to the rest touches stays, and so does what the default deployment starts.

use crate::deploy::{Deploy, STANDARD};
use crate::index::{FileId, Index, squash};
use crate::model::Graph;
use seam_facts::Deployment;
use std::collections::{BTreeMap, BTreeSet};

/// Stores that nothing uses, and that only a deployment beside the main one starts: another way to deploy the same.
pub(crate) fn variants(index: &Index<'_>, deploy: &Deploy<'_>, graph: &Graph) -> Vec<usize> {
    let groups = |id: usize| deploy.nodes[id].units.iter().map(|u| deploy.units[*u].group).collect::<BTreeSet<_>>();
    let own = |id: &usize| deploy.nodes[*id].product.is_none();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for group in (0..deploy.nodes.len()).filter(own).flat_map(groups) {
        *sizes.entry(group).or_default() += 1;
    }
    let most = sizes.values().max().copied().filter(|most| *most > 1);
    let main = |group: &usize| most.is_none_or(|most| sizes.get(group) == Some(&most));
    let used: BTreeSet<usize> = graph.edges.iter().flat_map(|e| [e.from, e.to]).collect();
    let store = |id: &usize| deploy.nodes[*id].product.is_some_and(|p| p.kind.is_store());
    let beside = |id: &usize| !deploy.nodes[*id].units.is_empty() && !groups(*id).iter().any(main);
    let overlays = overlays(index, deploy);
    let overlaid = |id: &usize| {
        let units = &deploy.nodes[*id].units;
        !units.is_empty() && units.iter().all(|u| overlays.contains(&deploy.units[*u].file))
    };
    let apart = apart(index, deploy, graph);
    let unused = |id: &usize| store(id) && !used.contains(id) && (beside(id) || overlaid(id));
    (0..deploy.nodes.len()).filter(|id| unused(id) || apart.contains(id)).collect()
}

/// What a compose file beside the standard one starts of somebody else's system: nothing of it is built here, one program at least is
/// no product that code here could use, and nothing passes between it and the rest.
fn apart(index: &Index<'_>, deploy: &Deploy<'_>, graph: &Graph) -> BTreeSet<usize> {
    let name = |file: FileId| index.paths[file].rsplit('/').next().unwrap_or_default();
    let composed = |id: &usize| {
        let units = deploy.nodes[*id].units.iter().map(|u| &deploy.units[*u]);
        units.into_iter().map(|u| (u.group, u.file, u.service.deployment)).collect::<BTreeSet<_>>()
    };
    let mut files: BTreeMap<(usize, FileId), Vec<usize>> = BTreeMap::new();
    for id in 0..deploy.nodes.len() {
        for (group, file, deployment) in composed(&id) {
            if deployment == Deployment::Compose {
                files.entry((group, file)).or_default().push(id);
            }
        }
    }
    let built = |id: &usize| deploy.nodes[*id].units.iter().any(|u| deploy.units[*u].context.is_some());
    let ours: BTreeSet<usize> = files
        .iter()
        .filter(|((_, f), ids)| STANDARD.contains(&name(*f)) && ids.iter().any(built))
        .map(|((g, _), _)| *g)
        .collect();
    let foreign = |((group, file), ids): &(&(usize, FileId), &Vec<usize>)| {
        let alone = |id: &usize| composed(id).len() == 1 && !built(id);
        let passes = |e: &crate::model::Edge| ids.contains(&e.from) != ids.contains(&e.to);
        let program = |id: &usize| deploy.nodes[*id].product.is_none();
        ours.contains(group)
            && !STANDARD.contains(&name(*file))
            && ids.iter().any(program)
            && ids.iter().all(alone)
            && !graph.edges.iter().any(passes)
    };
    files.iter().filter(foreign).flat_map(|(_, ids)| ids.iter().copied()).collect()
}

/// Compose files beside the standard one that change some of its services: people lay them over it when they want to.
fn overlays(index: &Index<'_>, deploy: &Deploy<'_>) -> BTreeSet<FileId> {
    let mut files: BTreeMap<(usize, FileId), BTreeSet<String>> = BTreeMap::new();
    for unit in deploy.units.iter().filter(|u| u.service.deployment == Deployment::Compose) {
        files.entry((unit.group, unit.file)).or_default().insert(squash(&unit.name));
    }
    let name = |file: FileId| index.paths[file].rsplit('/').next().unwrap_or_default();
    let standard = |file: FileId| STANDARD.contains(&name(file));
    // What is laid over by itself belongs to the default.
    let by_itself = |file: FileId| name(file).split('.').rev().nth(1) == Some("override");
    let changes = |(group, file): &(usize, FileId), names: &BTreeSet<String>| {
        let others = files.iter().filter(|((g, f), _)| g == group && standard(*f));
        !standard(*file) && !by_itself(*file) && others.into_iter().any(|(_, main)| !main.is_disjoint(names))
    };
    files.iter().filter(|(key, names)| changes(key, names)).map(|((_, file), _)| *file).collect()
}
