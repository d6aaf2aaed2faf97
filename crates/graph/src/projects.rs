//! Compose projects that call their parts alike: each service of a system has a file of its own, and in each of them the program
//! is `app`, or `php`, and what stands before it `nginx`. Compose gives each project a network of its own, so these are as many
//! things, and people know them by their projects.
//!
//! Invariant: only names that say nothing, of programs with folders of their own below their files, are told apart. What one
//! file starts, or a name that means something, merges as before: it is one service in several set-ups.

use crate::deploy::Deploy;
use crate::index::{below, squash};
use crate::model::NodeKind;
use seam_facts::{Deployment, SmolStr, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// What a program is called by those who think of nothing else, squashed.
const PROGRAMS: [&str; 22] = [
    "app",
    "application",
    "web",
    "webapp",
    "site",
    "api",
    "server",
    "backend",
    "service",
    "main",
    "php",
    "phpfpm",
    "fpm",
    "laravel",
    "symfony",
    "django",
    "flask",
    "rails",
    "node",
    "python",
    "go",
    "java",
];

impl Deploy<'_> {
    /// Names programs that only their projects tell apart by these.
    pub(crate) fn tell_projects_apart(&mut self) {
        let mut programs: BTreeMap<&str, BTreeMap<usize, (&str, usize)>> = BTreeMap::new();
        for (id, unit) in self.units.iter().enumerate() {
            let folder = self.groups[unit.group].folder.as_str();
            let own = unit.context.as_deref().filter(|c| !folder.is_empty() && (*c == folder || below(c, folder)));
            if let Some(own) = own.filter(|_| unit.service.deployment == Deployment::Compose && unit.product.is_none())
                && PROGRAMS.contains(&unit.squashed.as_str())
            {
                programs.entry(&unit.squashed).or_default().entry(unit.group).or_insert((own, id));
            }
        }
        let mut renamed: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for groups in programs.values().filter(|groups| groups.len() > 1) {
            let folders: BTreeSet<&str> = groups.values().map(|(context, _)| *context).collect();
            let nested = |a: &&str| folders.iter().any(|b| *a != *b && below(a, b));
            if folders.len() == groups.len() && !folders.iter().any(nested) {
                for (group, (_, id)) in groups {
                    renamed.entry(*group).or_default().insert(*id);
                }
            }
        }
        for (group, ids) in renamed {
            let project = self.project(group);
            let taken = self.units.iter().any(|u| u.group == group && u.squashed == squash(&project));
            let only = ids.len() == 1 && !taken;
            for id in &ids {
                let name = match only {
                    true => project.clone(),
                    false => format_smolstr!("{project}-{}", self.units[*id].name),
                };
                self.rename(*id, &name);
            }
            // A web server before the one program of its project answers for it; stores belong to their projects, too.
            for id in 0..self.units.len() {
                let unit = &self.units[id];
                if unit.group != group || ids.contains(&id) || !self.elsewhere(id) {
                    continue;
                }
                let fronts = unit.product.is_some_and(|p| p.kind == NodeKind::Gateway) && unit.context.is_none();
                let name = match fronts && only {
                    true => project.clone(),
                    false => format_smolstr!("{project}-{}", unit.name),
                };
                self.rename(id, &name);
                if fronts && only {
                    // Its image is everybody's, and says nothing about whose it is.
                    self.units[id].product = None;
                    self.units[id].image_name = String::new();
                }
            }
        }
    }

    /// Whether a compose file of another folder starts something under the same name.
    fn elsewhere(&self, id: usize) -> bool {
        let unit = &self.units[id];
        let same = |other: &crate::deploy::Unit<'_>| {
            other.group != unit.group
                && other.service.deployment == Deployment::Compose
                && other.service.name == unit.service.name
        };
        self.units.iter().any(same)
    }

    /// A compose project's name: its folder's, unless that only says that compose files lie there.
    fn project(&self, group: usize) -> SmolStr {
        let mut parts = self.groups[group].folder.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let plain = matches!(name, "docker" | "deploy" | "deployment" | "compose" | "docker-compose" | ".docker");
        parts.next().filter(|_| plain).unwrap_or(name).into()
    }

    /// Names that compose itself gives to a project's containers, which is how other projects reach them.
    pub(crate) fn container_names(&self, id: usize) -> Vec<String> {
        let unit = &self.units[id];
        if unit.service.deployment != Deployment::Compose || self.groups[unit.group].folder.is_empty() {
            return Vec::new();
        }
        let last = self.groups[unit.group].folder.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let service = unit.service.name.to_ascii_lowercase();
        vec![format!("{last}_{service}_1"), format!("{last}-{service}-1")]
    }
}
