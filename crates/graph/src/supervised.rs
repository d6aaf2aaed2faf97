//! Containers that run several programs: a process manager's configuration that the image takes in says which.
//!
//! What is deployed is the container, under its name; the manager's programs are what it runs. Invariant: only a
//! configuration that the recipe copies, and only into the one container that starts the manager, or that alone is built
//! by the recipe. Without such a container the programs are deployables of their own.

use crate::deploy::{Deploy, Unit};
use crate::index::{FileId, Index, below, folder, join};
use seam_facts::{Deployment, Value};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Deploy<'a> {
    /// For each container the programs that a process manager starts in it.
    pub(crate) fn find_supervised(&mut self, index: &Index<'a>) {
        let mut programs: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        for (id, unit) in self.units.iter().enumerate() {
            let name = index.paths[unit.file].rsplit('/').next().unwrap_or_default();
            if unit.service.deployment == Deployment::Procfile && !name.starts_with("Procfile") {
                programs.entry(unit.file).or_default().push(id);
            }
        }
        for (file, ids) in programs {
            let holds = |unit: &Unit<'a>| {
                let Some((recipe, build, _)) = self.recipe_of(index, unit) else { return false };
                let bases = [unit.context.as_deref().unwrap_or_default(), folder(index.paths[recipe])];
                let path = index.paths[file].as_str();
                let taken = |copy: &str| bases.iter().filter_map(|b| join(b, copy)).any(|c| below(path, &c));
                let copied = build.copies.iter().any(|c| taken(c.trim_end_matches(['*', '/'])));
                copied && bases.iter().any(|b| below(path, b))
            };
            let contained = |u: &Unit<'a>| u.product.is_none() && u.service.deployment != Deployment::Procfile;
            let units: Vec<usize> =
                (0..self.units.len()).filter(|id| contained(&self.units[*id]) && holds(&self.units[*id])).collect();
            let manages = |id: &usize| self.command(index, &self.units[*id]).contains("supervisord");
            let started: Vec<usize> = units.iter().copied().filter(manages).collect();
            let chosen = if started.is_empty() { units } else { started };
            let names: BTreeSet<&str> = chosen.iter().map(|id| self.units[*id].squashed.as_str()).collect();
            if names.len() == 1 {
                for id in chosen {
                    self.supervised.entry(id).or_default().extend(&ids);
                }
            }
        }
    }

    /// What starts a container: what its deployment says, or else its recipe.
    fn command(&self, index: &Index<'a>, unit: &Unit<'a>) -> String {
        let built = || self.recipe_of(index, unit).and_then(|(_, build, _)| build.command.as_ref());
        unit.service.command.as_ref().or_else(built).map(Value::to_string).unwrap_or_default()
    }

    /// Programs that run in some container.
    pub(crate) fn within_containers(&self) -> BTreeSet<usize> {
        self.supervised.values().flatten().copied().collect()
    }

    /// Deployables of the same image that are called like a program of a container: another deployment starts each by itself.
    pub(crate) fn apart_elsewhere(&self, system: &[usize]) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (container, programs) in self.supervised.iter().filter(|(c, _)| system.contains(c)) {
            let whole = &self.units[*container];
            let names: BTreeSet<&str> = programs.iter().map(|p| self.units[*p].squashed.as_str()).collect();
            let alike = |u: &Unit<'a>| u.image_name == whole.image_name && !u.image_name.is_empty();
            let called = |name: &str| names.iter().any(|n| name == *n || name.ends_with(n) && n.len() > 4);
            let other = |u: &Unit<'a>| u.group != whole.group && alike(u) && called(&u.squashed);
            pairs.extend(system.iter().filter(|id| other(&self.units[**id])).map(|id| (*container, *id)));
        }
        pairs
    }
}
