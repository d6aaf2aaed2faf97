//! Which of several deployments are the system: tests stand apart, a second way to start the same services is left out, and
//! scripts count for what nothing better deploys.

use crate::deploy::{Deploy, Group, Merged, STANDARD, Unit, is_test_deployment, order};
use crate::images::Product;
use crate::index::{FileId, Index, below, folder, is_test, join, last};
use crate::likeness::bare;
use crate::model::{NodeKind, Options};
use seam_facts::{Claim, Deployment, Fact, Profile};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Deploy<'a> {
    /// A compose file for tests that starts things of its own is no variant of the file beside it.
    pub(crate) fn set_tests_apart(&mut self, index: &Index<'_>) {
        self.for_tests = self.files_that_build_tests();
        for id in 0..self.groups.len() {
            let base = self.groups[id].folder.len();
            let named = |file: &FileId| is_test_deployment(index.paths[*file].get(base..).unwrap_or_default());
            let tests = |file: &FileId| named(file) || self.for_tests.contains(file);
            let (apart, rest): (BTreeSet<FileId>, BTreeSet<FileId>) =
                self.groups[id].files.iter().copied().partition(tests);
            if self.groups[id].deployment != Deployment::Compose || apart.is_empty() || rest.is_empty() {
                continue;
            }
            let names = |files: &BTreeSet<FileId>| -> BTreeSet<&str> {
                self.units.iter().filter(|u| files.contains(&u.file)).map(|u| u.name.as_str()).collect()
            };
            if names(&apart).is_subset(&names(&rest)) {
                continue;
            }
            let folder = self.groups[id].folder.clone();
            let new = self.groups.len();
            self.units.iter_mut().filter(|u| apart.contains(&u.file)).for_each(|u| u.group = new);
            self.groups[id].files = rest;
            self.groups.push(Group { deployment: Deployment::Compose, folder, files: apart, system: false });
        }
    }

    /// Manifests in folders of tests, examples and documentation, where others deploy a system: they show something, or are
    /// read by tests. What such a folder builds of its own may be all there is, and stays.
    pub(crate) fn set_manifests_apart(&mut self, index: &Index<'_>) {
        let cluster = |u: &Unit<'_>| matches!(u.service.deployment, Deployment::Kubernetes | Deployment::Helm);
        let shows = |file: FileId| shown(index.paths[file]);
        let own = |u: &&Unit<'_>| u.product.is_none() && !u.service.auxiliary && !shows(u.file);
        let real = |u: &&Unit<'_>| {
            own(u) && !matches!(u.service.deployment, Deployment::Script | Deployment::Procfile | Deployment::Systemd)
        };
        let names: BTreeSet<&str> = self.units.iter().filter(real).map(|u| u.squashed.as_str()).collect();
        if names.len() < 2 {
            return;
        }
        let within = |u: &Unit<'_>| u.context.as_deref().is_some_and(|c| shown(&format!("{c}/")));
        let mut apart: BTreeMap<usize, BTreeSet<FileId>> = BTreeMap::new();
        let kept: BTreeSet<FileId> = self.units.iter().filter(|u| within(u)).map(|u| u.file).collect();
        for unit in self.units.iter().filter(|u| cluster(u) && shows(u.file) && !kept.contains(&u.file)) {
            apart.entry(unit.group).or_default().insert(unit.file);
        }
        for (group, files) in apart {
            let new = self.groups.len();
            let Group { deployment, ref folder, .. } = self.groups[group];
            let folder = folder.clone();
            self.groups[group].files.retain(|f| !files.contains(f));
            self.units.iter_mut().filter(|u| files.contains(&u.file)).for_each(|u| u.group = new);
            self.for_tests.extend(&files);
            self.groups.push(Group { deployment, folder, files, system: false });
        }
    }

    /// Compose files where all that they build beyond what other files beside them start lies in folders of tests, whatever
    /// they are called.
    pub(crate) fn files_that_build_tests(&self) -> BTreeSet<FileId> {
        let mut starts: BTreeMap<(usize, &str), BTreeSet<FileId>> = BTreeMap::new();
        for unit in &self.units {
            starts.entry((unit.group, &unit.squashed)).or_default().insert(unit.file);
        }
        let mut built: BTreeMap<FileId, bool> = BTreeMap::new();
        for unit in self.units.iter().filter(|u| u.service.deployment == Deployment::Compose) {
            let alone = starts.get(&(unit.group, unit.squashed.as_str())).is_none_or(|files| files.len() == 1);
            if let Some(context) = unit.context.as_ref().filter(|_| alone) {
                *built.entry(unit.file).or_insert(true) &= is_test(&format!("{context}/Dockerfile"));
            }
        }
        built.into_iter().filter(|(_, tests)| *tests).map(|(file, _)| file).collect()
    }

    pub(crate) fn choose_system(&mut self, index: &Index<'a>, includes: &[(FileId, &Profile)], options: &Options) {
        // Files that are included belong to the group that includes them.
        for (file, profile) in includes {
            let base = folder(index.paths[*file]);
            let Some(outer) = self
                .groups
                .iter()
                .position(|g| g.files.contains(file) || (g.deployment == profile.deployment && g.folder == base))
            else {
                // A compose file that only includes is a group of its own, made of what it includes.
                continue;
            };
            for include in &profile.includes {
                let Some(path) = join(base, include) else { continue };
                let inner = self.groups.iter().position(|g| g.files.iter().any(|f| index.paths[*f].as_str() == path));
                if let Some(inner) = inner.filter(|i| *i != outer) {
                    let files = std::mem::take(&mut self.groups[inner].files);
                    self.groups[outer].files.extend(files);
                    self.units.iter_mut().filter(|u| u.group == inner).for_each(|u| u.group = outer);
                }
            }
        }
        let own = |unit: &Unit<'_>| unit.product.is_none_or(|p| p.kind == NodeKind::Gateway) && !unit.service.auxiliary;
        let mut members: Vec<BTreeSet<String>> = vec![BTreeSet::new(); self.groups.len()];
        for unit in self.units.iter().filter(|u| own(u)) {
            members[unit.group].insert(unit.squashed.clone());
        }
        let for_tests = std::mem::take(&mut self.for_tests);
        // A program that is called so in its own folder (`integration/docker-compose.yml` with `integration`) is no test.
        let from = |id: usize, g: &Group| {
            let named = last(&g.folder);
            let program = |u: &Unit<'_>| u.group == id && u.name == named && u.context.as_ref() == Some(&g.folder);
            let ambiguous = matches!(named, "integration" | "example" | "examples" | "perf" | "ci");
            if ambiguous && self.units.iter().any(program) { g.folder.len() } else { 0 }
        };
        let tested: Vec<bool> = (self.groups.iter().enumerate())
            .map(|(id, g)| {
                let from = from(id, g);
                let named = |f: &FileId| is_test_deployment(index.paths[*f].get(from..).unwrap_or_default());
                g.files.iter().all(|f| named(f) || for_tests.contains(f))
            })
            .collect();
        let most = self
            .groups
            .iter()
            .enumerate()
            // What a script starts says nothing against another deployment.
            .filter(|(id, g)| !tested[*id] && g.deployment != Deployment::Script)
            .map(|(i, _)| members[i].len())
            .max()
            .unwrap_or(0);
        let wanted = |g: &Group| match &options.profile {
            Some(word) => g.files.iter().any(|f| index.paths[*f].contains(word.as_str())) || word == "all",
            None => true,
        };
        // An editor's container is nobody's service.
        let editor = |g: &Group| g.files.iter().all(|f| index.paths[*f].split('/').any(|p| p == ".devcontainer"));
        for group in self.groups.iter_mut().filter(|g| !g.files.is_empty()) {
            if editor(group) {
                group.files.clear();
            }
        }
        for (id, member) in members.iter().enumerate() {
            let group = &self.groups[id];
            let size = member.len();
            self.groups[id].system = wanted(group)
                && !group.files.is_empty()
                && (!tested[id] || most == 0)
                && (size >= 2 || size == most || most <= 1);
        }
        self.set_hand_starts_apart(index);
        // What one service's own file starts is that service's development set-up, if the system starts it too;
        // otherwise it is a part of the system that is declared apart.
        let covered: BTreeSet<String> = self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, g)| g.system)
            .flat_map(|(i, _)| members[i].iter().cloned())
            .collect();
        let contexts: BTreeSet<String> =
            self.units.iter().filter(|u| self.groups[u.group].system).filter_map(|u| u.context.clone()).collect();
        for (id, member) in members.iter().enumerate() {
            let group = &self.groups[id];
            if group.system || group.files.is_empty() || tested[id] || !wanted(group) {
                continue;
            }
            let beside_code = contexts.iter().any(|c| !c.is_empty() && below(&group.folder, c));
            let known_source =
                self.units.iter().any(|u| u.group == id && u.context.as_ref().is_some_and(|c| contexts.contains(c)));
            let known = member.iter().all(|m| covered.contains(m)) && !member.is_empty();
            self.groups[id].system = !(beside_code || known_source || known);
        }
    }

    /// A Procfile above the code that containers of several names run starts by hand what they are.
    fn set_hand_starts_apart(&mut self, index: &Index<'a>) {
        for id in 0..self.groups.len() {
            if self.groups[id].deployment != Deployment::Procfile {
                continue;
            }
            let here = self.groups[id].folder.clone();
            let built = |u: &Unit<'a>| {
                let recipe = || self.recipe_of(index, u).map(|(file, ..)| folder(index.paths[file]).to_owned());
                let contained = u.product.is_none() && self.groups[u.group].system && !u.service.auxiliary;
                let code = || u.context.clone().or_else(recipe).is_some_and(|c| below(&c, &here));
                contained && u.service.deployment != Deployment::Procfile && code()
            };
            let names = |of: &dyn Fn(&Unit<'a>) -> bool| -> BTreeSet<&str> {
                self.units.iter().filter(|u| of(u)).map(|u| u.squashed.as_str()).collect()
            };
            // What has a folder of its own that no container is built from runs nowhere else.
            let taken = |context: &str| {
                self.units.iter().filter(|u| built(u)).filter_map(|u| u.context.as_deref()).any(|c| below(context, c))
            };
            if self.units.iter().any(|u| u.group == id && u.context.as_deref().is_some_and(|c| !taken(c))) {
                continue;
            }
            let contained = names(&built).len();
            if contained > 1 && contained * 2 >= names(&|u| u.group == id && u.product.is_none()).len() {
                self.groups[id].system = false;
            }
        }
    }

    /// What only a second compose file beside the standard one starts (`docker-compose-swarm.yml`), where that file starts
    /// mostly the same services: another way to start the system, not a part of it. What is built here stays.
    pub(crate) fn alternatives(&self, index: &Index<'_>) -> BTreeSet<usize> {
        let mut files: BTreeMap<(usize, FileId), BTreeSet<String>> = BTreeMap::new();
        for unit in self.units.iter().filter(|u| u.service.deployment == Deployment::Compose) {
            files.entry((unit.group, unit.file)).or_default().insert(unit.squashed.clone());
        }
        let name = |file: FileId| index.paths[file].rsplit('/').next().unwrap_or_default();
        let standard: BTreeMap<usize, &BTreeSet<String>> = files
            .iter()
            .filter(|((_, file), _)| STANDARD.contains(&name(*file)))
            .map(|((group, _), names)| (*group, names))
            .collect();
        let second = |(group, file): &(usize, FileId), names: &BTreeSet<String>| {
            let same = standard.get(group).map_or(0, |main| main.intersection(names).count());
            let smaller = standard.get(group).map_or(0, |main| main.len().min(names.len()));
            !STANDARD.contains(&name(*file)) && same >= 3 && same * 10 >= smaller * 6
        };
        let seconds: BTreeSet<(usize, FileId)> =
            files.iter().filter(|(key, names)| second(key, names)).map(|(key, _)| *key).collect();
        let kept: BTreeSet<&String> =
            files.iter().filter(|(key, _)| !seconds.contains(*key)).flat_map(|(_, names)| names).collect();
        let spare = |u: &usize| {
            let unit = &self.units[*u];
            let built = unit.service.source.is_some();
            seconds.contains(&(unit.group, unit.file)) && !built && !kept.contains(&unit.squashed)
        };
        (0..self.units.len()).filter(spare).collect()
    }

    /// Scripts and platforms' own files count for what nothing better deploys: code of its own, in a folder that no container
    /// is built from. Their stores are then somebody's development set-up.
    pub(crate) fn second_hand(&self, index: &Index<'_>) -> BTreeSet<usize> {
        let weak = |d: Deployment| matches!(d, Deployment::Script | Deployment::Serverless);
        let counts = |u: &&Unit<'_>| self.groups[u.group].system && !u.service.auxiliary;
        let better: Vec<&Unit<'_>> =
            self.units.iter().filter(counts).filter(|u| !weak(u.service.deployment) && u.product.is_none()).collect();
        if better.is_empty() {
            return BTreeSet::new();
        }
        let taken = |context: &str| {
            better.iter().filter_map(|u| u.context.as_deref()).any(|c| below(c, context) || below(context, c))
        };
        let names: BTreeSet<&str> = better.iter().map(|u| bare(&u.squashed)).collect();
        let spare = |id: &usize| {
            let unit = &self.units[*id];
            if !weak(unit.service.deployment) {
                return false;
            }
            let own = unit.context.as_deref().filter(|c| !c.is_empty() && !taken(c));
            let coded = own.is_some_and(|c| index.below(c).any(|f| index.uses[f].is_some()));
            let known = names.contains(bare(&unit.squashed));
            let merges = known && unit.service.deployment == Deployment::Serverless;
            // A gateway that is told its routes by a script runs, whoever starts it.
            if unit.product.is_some_and(|p| p.kind == NodeKind::Gateway) && told_routes(index, &unit.service.name) {
                return self.units.iter().any(|u| !weak(u.service.deployment) && u.squashed == unit.squashed);
            }
            !(merges || unit.product.is_none() && coded && !known)
        };
        (0..self.units.len()).filter(spare).collect()
    }

    /// A second way to deploy the same services brings stores of its own under other names. Those of the larger
    /// deployment stand for them.
    pub(crate) fn drop_variants(&mut self) {
        let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (id, node) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, n)| !n.product.is_some_and(|p| p.kind.is_ready_made() || p.kind == NodeKind::Tool))
        {
            for unit in &node.units {
                members.entry(self.units[*unit].group).or_default().insert(id);
            }
        }
        let empty = BTreeSet::new();
        let of = |group: usize| members.get(&group).unwrap_or(&empty);
        let covered = |small: usize, large: usize| {
            small != large
                && of(small).is_subset(of(large))
                && (of(small).len() < of(large).len()
                    || (order(self.groups[small].deployment), small) > (order(self.groups[large].deployment), large))
        };
        let stores: Vec<(Product, BTreeSet<usize>)> = self
            .nodes
            .iter()
            .filter_map(|n| {
                Some((
                    n.product.filter(|p| p.kind.is_ready_made())?,
                    n.units.iter().map(|u| self.units[*u].group).collect(),
                ))
            })
            .collect();
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for node in &self.nodes {
            for group in node.units.iter().map(|u| self.units[*u].group).collect::<BTreeSet<_>>() {
                *sizes.entry(group).or_default() += 1;
            }
        }
        let largest = sizes.values().copied().max().unwrap_or(0);
        let keep: Vec<bool> = self
            .nodes
            .iter()
            .map(|node| {
                if !self.profiled && self.all_in_one(node) {
                    return false;
                }
                let Some(product) = node.product.filter(|p| p.kind.is_ready_made()) else {
                    // Neither built here nor known: somebody's patch of a service, in a deployment beside the main one.
                    let main = |u: &usize| self.units[*u].context.is_some() || sizes[&self.units[*u].group] == largest;
                    return node.product.is_some() || node.units.iter().any(main);
                };
                let groups: BTreeSet<usize> = node.units.iter().map(|u| self.units[*u].group).collect();
                // A published chart that is installed apart from any service of its own is part of whatever is.
                if node.is_charted(&self.units) && groups.iter().all(|g| of(*g).is_empty()) {
                    return true;
                }
                !groups.iter().all(|small| {
                    stores.iter().any(|(s, others)| {
                        *s == product && others.iter().any(|large| !groups.contains(large) && covered(*small, *large))
                    })
                })
            })
            .collect();
        // A cloud's stores beside containers are another way to deploy: the containers bring stores of their own.
        let unit = |u: &usize| &self.units[*u];
        let cloud = |n: &Merged<'_>| {
            !n.units.is_empty() && n.units.iter().all(|u| unit(u).service.deployment == Deployment::Terraform)
        };
        let contained = self.nodes.iter().filter(|n| n.product.is_none() && !cloud(n)).count() > 1
            && self.nodes.iter().any(|n| n.product.is_some_and(|p| p.kind.is_store()) && !cloud(n));
        let spare = |n: &Merged<'_>| contained && n.product.is_some_and(|p| p.kind.is_store()) && cloud(n);
        let keep: Vec<bool> = keep.into_iter().zip(&self.nodes).map(|(keep, n)| keep && !spare(n)).collect();
        let mut keep = keep.into_iter();
        self.nodes.retain(|_| keep.next().unwrap_or(true));
    }
}

/// Whether a path lies in a folder of tests, examples or documentation.
fn shown(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let word = |p: &str| matches!(p, "doc" | "docs" | "example" | "examples" | "sample" | "samples");
    is_test(&format!("{folder}/x")) || folder.split('/').any(word)
}

/// Whether rules are stated about a gateway by its name.
fn told_routes(index: &Index<'_>, name: &str) -> bool {
    let told = |f: &Fact| matches!(&f.claim, Claim::Route(r) if r.via.as_deref() == Some(name));
    index.facts.iter().any(|facts| facts.iter().any(told))
}
