//! Workloads of one name that are not one thing: each namespace of a cluster has names of its own.
//!
//! Invariant: what is one program in several namespaces (`staging`, `production`) stays one. Only where the images differ
//! are there several, and each gets the name by which others know it: its Service's, its label's, its namespace's. Two systems
//! side by side that share some names keep them.

use crate::deploy::{Deploy, Unit};
use crate::index::squash;
use seam_facts::{Deployment, SmolStr, Target, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// Labels that say what a workload is, the recommended one last: charts give it to all parts of an application.
const LABELS: [&str; 3] = ["app", "k8s-app", "app.kubernetes.io/name"];

impl Deploy<'_> {
    /// Gives names of their own to workloads that only their namespaces (or, where none are stated, labels) tell apart.
    pub(crate) fn tell_apart(&mut self) {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (id, unit) in self.units.iter().enumerate().filter(|(_, u)| in_cluster(u)) {
            if !unit.name.contains('/') && !program(unit).is_empty() {
                by_name.entry(unit.squashed.clone()).or_default().push(id);
            }
        }
        let own: BTreeSet<SmolStr> = self.of_services().into_iter().cloned().collect();
        for (name, ids) in by_name.into_iter().filter(|(_, ids)| ids.len() > 1) {
            let namespaces = ids.iter().filter_map(|id| self.units[*id].service.namespace.as_ref());
            if !namespaces.into_iter().all(|n| own.contains(n)) {
                continue;
            }
            let mut things: BTreeMap<(SmolStr, String), Vec<usize>> = BTreeMap::new();
            for id in ids {
                let unit = &self.units[id];
                let place = unit.service.namespace.clone().or_else(|| label(unit)).unwrap_or_default();
                things.entry((place, program(unit))).or_default().push(id);
            }
            let places: BTreeSet<&SmolStr> = things.keys().map(|(place, _)| place).collect();
            let programs: BTreeSet<&String> = things.keys().map(|(_, program)| program).collect();
            // One program in several places, or several in one place: variants of one thing.
            let apart = places.len() == things.len() && programs.len() == things.len();
            if things.len() < 2 || !apart || places.iter().any(|p| p.is_empty()) {
                continue;
            }
            let things: Vec<Vec<usize>> = things.into_values().collect();
            for (ids, new) in things.iter().zip(self.names_for(&name, &things)) {
                for id in ids {
                    self.rename(*id, &new);
                }
            }
        }
    }

    /// Namespaces that hold one service rather than a system: half of what runs there, at least, is called as it is in others.
    fn of_services(&self) -> BTreeSet<&SmolStr> {
        let mut places: BTreeMap<&str, BTreeSet<&SmolStr>> = BTreeMap::new();
        let mut names: BTreeMap<&SmolStr, BTreeSet<&str>> = BTreeMap::new();
        for unit in self.units.iter().filter(|u| in_cluster(u) && !u.name.contains('/') && u.product.is_none()) {
            if let Some(namespace) = &unit.service.namespace {
                places.entry(&unit.squashed).or_default().insert(namespace);
                names.entry(namespace).or_default().insert(&unit.squashed);
            }
        }
        let shared = |name: &&&str| places.get(**name).is_some_and(|places| places.len() > 1);
        let of_service =
            |(_, names): &(&SmolStr, BTreeSet<&str>)| names.iter().filter(shared).count() * 2 >= names.len();
        names.into_iter().filter(of_service).map(|(namespace, _)| namespace).collect()
    }

    /// A name for each of several things that are all called `name`: of those that people use, the first that tells them
    /// apart and that nothing else has.
    fn names_for(&self, name: &str, things: &[Vec<usize>]) -> Vec<SmolStr> {
        let others: BTreeSet<&str> =
            self.units.iter().filter(|u| u.squashed != name).map(|u| u.squashed.as_str()).collect();
        type Known<'k> = &'k dyn Fn(&Unit<'_>) -> Option<SmolStr>;
        let known: [Known<'_>; 4] = [&|u| self.selecting(u), &label, &|u| u.service.namespace.clone(), &|u| {
            (!u.image_name.is_empty()).then(|| u.image_name.as_str().into())
        }];
        for of in known {
            let names: Vec<SmolStr> =
                things.iter().filter_map(|ids| ids.iter().find_map(|id| of(&self.units[*id]))).collect();
            let different: BTreeSet<String> = names.iter().map(|n| squash(n)).collect();
            let free = different.iter().all(|n| !others.contains(n.as_str()));
            if different.len() == things.len() && free {
                return names;
            }
        }
        let first = |ids: &Vec<usize>| &self.units[ids[0]];
        let place = |u: &Unit<'_>| u.service.namespace.clone().or_else(|| label(u)).unwrap_or_default();
        things.iter().map(|ids| format_smolstr!("{}-{}", place(first(ids)), first(ids).name)).collect()
    }

    /// The name of the Service that selects a workload, where it is another than the workload's.
    fn selecting(&self, unit: &Unit<'_>) -> Option<SmolStr> {
        let mut names = self.aliases.iter().filter(|(_, alias, _)| {
            let Target::Labels(wanted) = &alias.target else { return false };
            !wanted.is_empty()
                && alias.namespace == unit.service.namespace
                && wanted.iter().all(|label| unit.service.labels.contains(label))
                && alias.name != unit.service.name
        });
        names.next().map(|(_, alias, _)| alias.name.clone())
    }

    pub(crate) fn rename(&mut self, id: usize, new: &SmolStr) {
        let (file, old, namespace) =
            (self.units[id].file, self.units[id].name.clone(), self.units[id].service.namespace.clone());
        let beside = format_smolstr!("{old}/");
        for unit in self.units.iter_mut().filter(|u| u.file == file && u.service.namespace == namespace) {
            if let Some(container) = unit.name.strip_prefix(beside.as_str()) {
                unit.name = format_smolstr!("{new}/{container}");
                unit.squashed = squash(&unit.name);
            }
        }
        let unit = &mut self.units[id];
        unit.squashed = squash(new);
        unit.name = new.clone();
        unit.shares_name = true;
    }
}

fn in_cluster(unit: &Unit<'_>) -> bool {
    matches!(unit.service.deployment, Deployment::Kubernetes | Deployment::Helm) && !unit.service.auxiliary
}

fn label(unit: &Unit<'_>) -> Option<SmolStr> {
    let of = |key: &&str| unit.service.labels.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone());
    LABELS.iter().find_map(of)
}

/// An image without the registry's host and the tag: what the same program is called in every registry.
fn program(unit: &Unit<'_>) -> String {
    let image = unit.image.split('@').next().unwrap_or_default();
    let image = match image.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => image,
    };
    match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest.to_owned(),
        _ => image.to_owned(),
    }
}
