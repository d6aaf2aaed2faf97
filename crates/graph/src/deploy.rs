//! Declared deployables of all deployment files, merged to the nodes of the graph.
//!
//! One thing is often declared many times: in a compose file and its override, in Kubernetes, in a development file
//! beside its code. Declarations merge when they are the same name, the same image or the same source; which of them are
//! the system, and which are somebody's development set-up, is decided by how much of the system they start.

use crate::images::{self, Product};
use crate::index::{FileId, Index, below, folder, join, squash};
use crate::likeness::bare;
use crate::model::{NodeKind, Options};
use crate::sources::has_code;
use seam_facts::{
    Alias, Build, Claim, Deployment, Fact, Hole, ModuleKind, Part, Profile, Service, SettingScope, SmolStr, Target,
    Value, format_smolstr,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Compose files that are started when none is named.
pub(crate) const STANDARD: [&str; 4] = ["docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml"];

/// One declaration of a deployable.
pub(crate) struct Unit<'a> {
    pub file: FileId,
    pub service: &'a Service,
    pub fact: &'a Fact,
    pub name: SmolStr,
    /// The name without case and separators.
    pub squashed: String,
    /// Image reference with interpolation done.
    pub image: String,
    /// The image's own name: without registry, tag and digest.
    pub image_name: String,
    pub product: Option<Product>,
    /// Folder that is built (workspace path), if declared or found.
    pub context: Option<String>,
    /// Path of the recipe, if declared.
    pub dockerfile: Option<String>,
    /// The stage of the recipe that it is built to.
    pub stage: Option<SmolStr>,
    /// Files of the same deployment: index into `groups`.
    pub group: usize,
    /// Its declared name is another's too, in another namespace or project.
    pub shares_name: bool,
}

impl Merged<'_> {
    /// Whether only charts that others publish deploy it.
    pub fn is_charted(&self, units: &[Unit<'_>]) -> bool {
        !self.units.is_empty() && self.units.iter().all(|u| units[*u].service.chart.is_some())
    }
}

/// The recipe of a unit's image, for the stage that it is built to.
pub(crate) fn recipe_of<'a>(
    builds: &BTreeMap<FileId, Vec<(&'a Build, &'a Fact)>>,
    index: &Index<'_>,
    unit: &Unit<'_>,
) -> Option<(FileId, &'a Build, &'a Fact)> {
    let path = unit.dockerfile.clone().or_else(|| unit.context.as_ref().map(|c| format!("{c}/Dockerfile")))?;
    let file = *index.by_path.get(path.trim_start_matches('/'))?;
    let builds = builds.get(&file)?;
    let asked = unit.stage.as_deref().and_then(|s| builds.iter().find(|(b, _)| b.stage.as_deref() == Some(s)));
    let (build, fact) = asked.or_else(|| builds.first())?;
    Some((file, build, fact))
}

/// A set of files that are deployed together.
pub(crate) struct Group {
    pub deployment: Deployment,
    /// Folder of the files.
    pub folder: String,
    pub files: BTreeSet<FileId>,
    /// Part of the system, not somebody's development set-up.
    pub system: bool,
}

/// Deployables that are one node.
pub(crate) struct Merged<'a> {
    pub name: SmolStr,
    pub units: Vec<usize>,
    pub product: Option<Product>,
    pub aliases: BTreeSet<SmolStr>,
    /// For code that runs but that no deployment declares: its build manifest.
    pub module: Option<(FileId, &'a Fact)>,
}

pub(crate) struct Deploy<'a> {
    pub units: Vec<Unit<'a>>,
    pub groups: Vec<Group>,
    pub nodes: Vec<Merged<'a>>,
    /// Kubernetes Services, ingress names, application names: (file, alias, fact).
    pub aliases: Vec<(FileId, &'a Alias, &'a Fact)>,
    /// Image recipes by file.
    pub builds: BTreeMap<FileId, Vec<(&'a Build, &'a Fact)>>,
    /// Squashed names of the deployables of one program that only the environment tells apart, by image.
    pub programs: BTreeMap<String, BTreeSet<String>>,
    /// Programs that a process manager starts within a container, by the container.
    pub supervised: BTreeMap<usize, Vec<usize>>,
    /// Compose files that build nothing but tests.
    pub for_tests: BTreeSet<FileId>,
    /// Somebody asked for one deployment.
    pub profiled: bool,
}

impl<'a> Deploy<'a> {
    pub fn new(index: &Index<'a>, options: &Options) -> Self {
        let mut deploy = Deploy {
            units: Vec::new(),
            groups: Vec::new(),
            nodes: Vec::new(),
            aliases: Vec::new(),
            builds: BTreeMap::new(),
            programs: BTreeMap::new(),
            supervised: BTreeMap::new(),
            for_tests: BTreeSet::new(),
            profiled: options.profile.is_some(),
        };
        let mut includes: Vec<(FileId, &Profile)> = Vec::new();
        let mut group_of: BTreeMap<(Deployment, String), usize> = BTreeMap::new();
        for file in 0..index.paths.len() {
            for fact in index.facts[file] {
                match &fact.claim {
                    Claim::Alias(alias) => deploy.aliases.push((file, alias, fact)),
                    Claim::Build(build) => {
                        deploy.builds.entry(file).or_default().push((build, fact));
                    }
                    Claim::Profile(profile) => includes.push((file, profile)),
                    Claim::Service(service) => deploy.add(index, file, service, fact, &mut group_of),
                    _ => {}
                }
            }
        }
        deploy.tell_apart();
        deploy.set_tests_apart(index);
        deploy.find_sources(index);
        deploy.find_supervised(index);
        deploy.tell_projects_apart();
        deploy.set_manifests_apart(index);
        deploy.choose_system(index, &includes, options);
        deploy.merge(index);
        deploy
    }

    fn add(
        &mut self,
        index: &Index<'a>,
        file: FileId,
        service: &'a Service,
        fact: &'a Fact,
        group_of: &mut BTreeMap<(Deployment, String), usize>,
    ) {
        let path = index.paths[file].as_str();
        let base = folder(path);
        // Kubernetes manifests of one repository are one deployment, however they are foldered.
        let key = match service.deployment {
            // Charts side by side are one deployment. What a chart's values start is declared a second time by its
            // templates, under other names.
            Deployment::Helm => match path.split_once("/templates/") {
                Some((chart, _)) => folder(chart).to_owned(),
                // Values of releases of one chart that stands elsewhere, each in its service's folder or all in one.
                None if !["Chart.yaml", "Chart.yml"]
                    .iter()
                    .any(|c| index.by_path.contains_key(format!("{base}/{c}").trim_start_matches('/'))) =>
                {
                    folder(base).to_owned()
                }
                None => base.to_owned(),
            },
            // Scripts are one way to deploy, wherever they lie.
            Deployment::Script => String::new(),
            Deployment::Kubernetes | Deployment::Systemd => {
                path.split_once('/').map(|(top, _)| top).unwrap_or("").to_owned()
            }
            _ => base.to_owned(),
        };
        let environment = project_environment(index, file);
        let script = service.deployment == Deployment::Script;
        let name = if script {
            // A script for tests, or a name that nobody gives.
            let Some(name) = given_name(index, file, &service.name, &environment) else { return };
            name
        } else {
            without_version(service, rendered(index, path, &service.name))
        };
        let groups = &mut self.groups;
        let group = *group_of.entry((service.deployment, key.clone())).or_insert_with(|| {
            groups.push(Group { deployment: service.deployment, folder: key, files: BTreeSet::new(), system: false });
            groups.len() - 1
        });
        self.groups[group].files.insert(file);
        let image = service.image.as_ref().map(|v| interpolate(v, &environment)).unwrap_or_default();
        let context = service.source.as_ref().and_then(|s| {
            let written = interpolate(&s.context, &environment);
            generated_project(index, &written)
                .or_else(|| if script { script_folder(index, base, &written) } else { join(base, &written) })
        });
        let dockerfile = service.source.as_ref().and_then(|s| {
            let written = s.dockerfile.as_ref().map(|d| interpolate(d, &environment));
            join(context.as_deref().unwrap_or(base), written.as_deref().unwrap_or("Dockerfile"))
        });
        let image = if image.contains("${") || service.image.is_some() && image.trim_matches([':', '/', '@']).is_empty()
        {
            // A chart's own values say which image it is.
            rendered(
                index,
                path,
                &seam_facts::format_smolstr!("{}", service.image.as_ref().map(Value::to_string).unwrap_or_default()),
            )
            .to_string()
        } else {
            image
        };
        let product = if context.is_some() { None } else { images::product(&image) };
        let for_tests = !service.profiles.is_empty() && service.profiles.iter().all(|p| is_test_deployment(p));
        // Another container beside the main one (`orders/proxy`), and what watches a system by its name.
        let product =
            if name.contains('/') || for_tests { Some(images::TOOL) } else { images::watcher(&name).or(product) };
        // An image that nothing renders: a store's name says what it is.
        let image_name = images::basename(&image);
        let unnamed = context.is_none() && image_name.is_empty();
        let product =
            product.or_else(|| if unnamed { images::product(&name).filter(|p| p.kind.is_store()) } else { None });
        let squashed = squash(&name);
        self.units.push(Unit {
            file,
            service,
            fact,
            name,
            squashed,
            image,
            image_name,
            product,
            context,
            dockerfile,
            stage: service.source.as_ref().and_then(|s| s.target.clone()),
            group,
            shares_name: false,
        });
    }

    /// The recipe of a unit's image, where it is read.
    pub(crate) fn recipe_of(&self, index: &Index<'_>, unit: &Unit<'_>) -> Option<(FileId, &'a Build, &'a Fact)> {
        recipe_of(&self.builds, index, unit)
    }

    fn merge(&mut self, index: &Index<'a>) {
        let mut spare = if self.profiled { BTreeSet::new() } else { self.alternatives(index) };
        if !self.profiled {
            spare.extend(self.second_hand(index));
        }
        spare.extend(self.within_containers());
        let of_system = |u: &usize| self.groups[self.units[*u].group].system && !spare.contains(u);
        let system: Vec<usize> = (0..self.units.len()).filter(of_system).collect();
        let mut parent: HashMap<usize, usize> = system.iter().map(|u| (*u, *u)).collect();
        fn root(parent: &HashMap<usize, usize>, mut at: usize) -> usize {
            while let Some(up) = parent.get(&at).filter(|up| **up != at) {
                at = *up;
            }
            at
        }
        let union = |parent: &mut HashMap<usize, usize>, a: usize, b: usize| {
            let (a, b) = (root(parent, a), root(parent, b));
            if a != b {
                parent.insert(a.max(b), a.min(b));
            }
        };
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for &id in &system {
            let name = self.units[id].squashed.clone();
            // Serverless variants carry a word for it: `srv-orders`.
            let plain = name
                .strip_prefix("srv")
                .filter(|n| self.units[id].name.starts_with("srv-") && by_name.contains_key(*n));
            let name = plain.map(ToOwned::to_owned).unwrap_or(name);
            if let Some(first) = by_name.get(&name) {
                if !self.means_another(*first, id, &system) {
                    union(&mut parent, *first, id);
                }
            } else {
                by_name.insert(name, id);
            }
        }
        // Other deployments add words to the names: `booking`, `booking-service`, `booking-deployment`. Within one
        // deployment two such names are two things.
        let mut by_stem: BTreeMap<String, BTreeMap<usize, BTreeSet<usize>>> = BTreeMap::new();
        for &id in system.iter().filter(|id| self.units[**id].product.is_none()) {
            let (stem, root) = (bare(&self.units[id].squashed).to_owned(), root(&parent, id));
            by_stem.entry(stem).or_default().entry(self.units[id].group).or_default().insert(root);
        }
        for groups in by_stem.values().filter(|groups| groups.values().all(|ids| ids.len() == 1)) {
            let ids: Vec<usize> = groups.values().flatten().copied().collect();
            for pair in ids.windows(2).filter(|p| !self.means_another(p[0], p[1], &system)) {
                union(&mut parent, pair[0], pair[1]);
            }
        }
        for (a, b) in self.prefixed(&system).into_iter().chain(self.apart_elsewhere(&system)) {
            union(&mut parent, a, b);
        }
        // The same image or source under another name in another deployment. Within one deployment, two names are two
        // things even if they share an image.
        let mut by_source: HashMap<String, Vec<usize>> = HashMap::new();
        for &id in &system {
            let unit = &self.units[id];
            if unit.product.is_some_and(|p| p.kind.is_ready_made()) && unit.context.is_none() {
                continue;
            }
            if let Some(context) = &unit.context {
                let recipe = unit.dockerfile.clone().unwrap_or_else(|| format!("{context}/Dockerfile"));
                by_source.entry(format!("source {recipe}")).or_default().push(id);
            }
            // An image that is given its code from outside is a way to run things, and none of them.
            let mounted = || {
                let base = folder(index.paths[unit.file]);
                let sources = unit.service.mounts.iter().filter_map(|(source, _)| join(base, source));
                unit.service.source.is_none() && sources.into_iter().any(|s| has_code(index, &s))
            };
            let image = &unit.image_name;
            if !image.is_empty() && unit.product.is_none() && !mounted() {
                by_source.entry(format!("image {image}")).or_default().push(id);
            }
        }
        let instances = crate::instances::Instances::new(&self.units, &system);
        let mut sources: Vec<_> = by_source.into_iter().collect();
        sources.sort();
        for (_, ids) in sources {
            // Within one file, two names from one source are two things; in different files they are variants of one.
            // (Kubernetes is one deployment, however many files it is written in.)
            let deployed_in = |unit: usize| match self.units[unit].service.deployment {
                Deployment::Compose | Deployment::Script => (0, self.units[unit].file),
                _ => (1, self.units[unit].group),
            };
            let mut names: BTreeMap<(usize, usize), &str> = BTreeMap::new();
            let one_each = ids.iter().all(|id| {
                let name = self.units[*id].squashed.as_str();
                *names.entry(deployed_in(*id)).or_insert(name) == name
            });
            // One image name with a tag for each service, or one folder of several: the pairing would be a guess.
            if !one_each {
                continue;
            }
            // Each belongs to the one before it that it is no other instance of.
            for (at, id) in ids.iter().enumerate() {
                let same = |before: &&usize| {
                    deployed_in(**before) != deployed_in(*id)
                        && !instances.apart(&self.units[**before], &self.units[*id])
                };
                if let Some(before) = ids[..at].iter().rev().find(same) {
                    union(&mut parent, *before, *id);
                }
            }
        }
        let mut merged: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &id in &system {
            merged.entry(root(&parent, id)).or_default().push(id);
        }
        let mut size: BTreeMap<usize, usize> = BTreeMap::new();
        for &id in &system {
            *size.entry(self.units[id].group).or_default() += 1;
        }
        for units in merged.into_values() {
            // What patches all workloads of a kind is none itself.
            let patch = |u: &usize| {
                let unit = &self.units[*u];
                let plain = unit.service.image.is_none() && unit.service.source.is_none();
                plain && unit.service.deployment == Deployment::Kubernetes && unit.context.is_none()
            };
            if units.iter().all(patch) {
                continue;
            }
            let rank = |u: &usize| {
                let unit = &self.units[*u];
                (
                    unit.service.auxiliary,
                    order(unit.service.deployment),
                    std::cmp::Reverse(size[&unit.group]),
                    unit.name.len(),
                    index.paths[unit.file].len(),
                    unit.file,
                )
            };
            let Some(best) = units.iter().min_by_key(|u| rank(u)) else { continue };
            // An image that several nodes share, or another's own name, names none of them.
            let another = |u: &usize, name: &str| self.units[*u].image_name == name || self.units[*u].name == name;
            let common =
                self.common_name(&units).filter(|name| system.iter().all(|u| units.contains(u) || !another(u, name)));
            let name = common.unwrap_or_else(|| without_kind(&self.units[*best]));
            let mut aliases: BTreeSet<SmolStr> = BTreeSet::new();
            for unit in &units {
                aliases.insert(self.units[*unit].name.clone());
                if !self.units[*unit].shares_name {
                    aliases.insert(self.units[*unit].service.name.clone());
                }
                // A name that another service of the file is declared under means that one.
                let another = |name: &&SmolStr| {
                    let namesake = |u: &usize| {
                        self.units[*u].file == self.units[*unit].file && self.units[*u].service.name == **name
                    };
                    system.iter().any(|u| !units.contains(u) && namesake(u))
                };
                aliases.extend(self.units[*unit].service.hostnames.iter().filter(|n| !another(n)).cloned());
            }
            // What an image says beats what only a name says.
            let products = units.iter().filter_map(|u| self.units[*u].product);
            let product = products.min_by_key(|p| p.kind == NodeKind::Database && p.system.is_none());
            self.nodes.push(Merged { name, units, product, aliases, module: None });
        }
        self.drop_variants();
        // Names that selectors give: a Kubernetes Service stands for the workloads with its labels.
        let mut namespaces: BTreeMap<&SmolStr, BTreeSet<&Option<SmolStr>>> = BTreeMap::new();
        for (_, alias, _) in self.aliases.iter().filter(|(_, a, _)| matches!(a.target, Target::Labels(_))) {
            namespaces.entry(&alias.name).or_default().insert(&alias.namespace);
        }
        let shared = |alias: &Alias| namespaces.get(&alias.name).is_some_and(|n| n.len() > 1);
        for (_, alias, _) in &self.aliases {
            let Target::Labels(wanted) = &alias.target else { continue };
            if wanted.is_empty() {
                continue;
            }
            for node in &mut self.nodes {
                let selected = node.units.iter().any(|u| {
                    let unit = &self.units[*u];
                    let elsewhere = unit.service.namespace.is_some() && alias.namespace.is_some();
                    unit.service.deployment == alias.deployment
                        // A Service selects in its own namespace.
                        && !(elsewhere && unit.service.namespace != alias.namespace)
                        && wanted.iter().all(|label| unit.service.labels.contains(label))
                        && !unit.service.labels.is_empty()
                });
                if selected {
                    node.aliases.insert(alias.name.clone());
                    // The name within the cluster, where the short one is not enough.
                    if let Some(namespace) = alias.namespace.as_ref().filter(|_| shared(alias)) {
                        node.aliases.insert(format_smolstr!("{}.{namespace}", alias.name));
                    }
                }
            }
        }
    }
}

impl<'a> Deploy<'a> {
    /// Whether the image of a second declaration of a name is another deployable's of the deployment that the first stands
    /// in: each deployment may give the short name to another of a service's parts.
    fn means_another(&self, first: usize, second: usize, system: &[usize]) -> bool {
        let image = |id: usize| self.units[id].image_name.as_str();
        let (one, two) = (image(first), image(second));
        let elsewhere = self.units[first].file != self.units[second].file;
        let own = self.units[first].product.is_none() && self.units[second].product.is_none();
        let other = |id: &usize| {
            let unit = &self.units[*id];
            unit.file == self.units[first].file && unit.squashed != self.units[first].squashed && image(*id) == two
        };
        let named = !one.is_empty() && !two.is_empty() && one != two;
        if !(named && elsewhere && own) {
            return false;
        }
        // What only builds an image is called like that wherever it stands, and the image is deployed under its own name.
        let builds = |id: usize| self.units[id].service.source.is_some();
        let deployed = |image_name: &str| {
            let by = |id: &&usize| {
                let unit = &self.units[**id];
                unit.image_name == image_name && unit.squashed != self.units[first].squashed && !builds(**id)
            };
            system.iter().find(by).map(|id| self.units[*id].squashed.as_str())
        };
        let apart = builds(first) && builds(second) && self.units[first].context != self.units[second].context;
        system.iter().filter(|id| other(id)).count() == 1 || apart && deployed(one) != deployed(two)
    }

    /// Variants of one image carry its name and a word for what differs (`orders-jvm`, `orders-native`).
    fn common_name(&self, units: &[usize]) -> Option<SmolStr> {
        let mut images = units.iter().map(|u| self.units[*u].image_name.as_str());
        let image = images.next().filter(|i| i.len() > 2)?;
        let extends = |u: &usize| {
            let unit = &self.units[*u];
            unit.product.is_none() && unit.name.strip_prefix(image).is_some_and(|r| r.is_empty() || r.starts_with('-'))
        };
        (images.all(|i| i == image) && units.iter().all(extends)).then(|| image.into())
    }
}

/// A name in a script, filled from the variables that it reads.
fn given_name(index: &Index<'_>, file: FileId, name: &SmolStr, environment: &HashMap<&str, &Value>) -> Option<SmolStr> {
    let path = index.paths[file].as_str();
    if index.test[file] || is_test_deployment(path) {
        return None;
    }
    let mut out = String::new();
    let mut rest = name.as_str();
    while let Some((before, from)) = rest.split_once("${env:") {
        out.push_str(before);
        let (hole, after) = from.split_once('}')?;
        let (key, default) = hole.split_once('|').unwrap_or((hole, ""));
        match environment.get(key) {
            Some(value) => out.push_str(&interpolate(value, environment)),
            None => out.push_str(default),
        }
        rest = after;
    }
    out.push_str(rest);
    let name = out.trim_matches(['-', '_', '.']);
    (!name.is_empty()).then(|| name.into())
}

/// A folder that a script names: scripts are started where they lie, or at the top.
pub(crate) fn script_folder(index: &Index<'_>, base: &str, written: &str) -> Option<String> {
    let near = join(base, written);
    let top = join("", written).filter(|_| !written.starts_with(".."));
    let candidates = || near.iter().chain(&top);
    let recipe = |f: &&String| index.by_path.contains_key(format!("{f}/Dockerfile").trim_start_matches('/'));
    let coded = |f: &&String| index.folders.contains(f.as_str()) && index.below(f).any(|i| index.uses[i].is_some());
    candidates().find(recipe).or_else(|| candidates().find(coded)).or(near.as_ref()).cloned()
}

/// A name that a chart computes from its values: `${config:values.a.name}` is looked up in the chart's own values.
fn rendered(index: &Index<'_>, path: &str, name: &SmolStr) -> SmolStr {
    let Some(chart) =
        path.find("/templates/").map(|at| &path[..at]).or_else(|| path.starts_with("templates/").then_some(""))
    else {
        return name.clone();
    };
    let mut out = String::new();
    let mut rest = name.as_str();
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else { break };
        let hole = &rest[at + 2..at + end];
        let (key, default) = hole.split_once('|').unwrap_or((hole, ""));
        let key = key.strip_prefix("config:").unwrap_or("");
        // A chart in a folder of this one has values of its own.
        let of =
            |(file, s, _): &&(FileId, &seam_facts::Setting, &Fact)| s.key == key && below(index.paths[*file], chart);
        let mut own = index.settings.iter().filter(of).filter(|(file, ..)| folder(index.paths[*file]) == chart);
        let set = own.next().or_else(|| index.settings.iter().find(of));
        match set.and_then(|(_, s, _)| s.value.as_text()) {
            Some(text) => out.push_str(&text),
            None if !default.is_empty() => out.push_str(default),
            // A release's or chart's own name.
            None if out.is_empty() => out.push_str(chart_name(chart)),
            None => {}
        }
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out.trim_matches('-').into()
}

/// A chart's folder, or the one above where the folder is only called `chart`.
fn chart_name(chart: &str) -> &str {
    let mut parts = chart.rsplit('/');
    let name = parts.next().unwrap_or(chart);
    if matches!(name, "chart" | "charts" | "helm" | "helm-chart") { parts.next().unwrap_or(name) } else { name }
}

/// The name of what a workload is a version of, by the labels that meshes ask for: `app=orders`, `version=v1`.
fn without_version(service: &Service, name: SmolStr) -> SmolStr {
    let label = |key: &str| service.labels.iter().find(|(k, _)| k == key).map(|(_, v)| v);
    match (label("app"), label("version")) {
        (Some(app), Some(version)) if name == format_smolstr!("{app}-{version}") => app.clone(),
        _ => name,
    }
}

/// A workload's name without the word for what kind of object it is (`auth-depl` is `auth`).
fn without_kind(unit: &Unit<'_>) -> SmolStr {
    const KINDS: [&str; 5] = ["-deployment", "-depl", "-deploy", "-statefulset", "-sts"];
    let cluster = matches!(unit.service.deployment, Deployment::Kubernetes | Deployment::Helm);
    let plain = KINDS.iter().find_map(|kind| unit.name.strip_suffix(kind)).filter(|n| cluster && !n.is_empty());
    plain.map_or_else(|| unit.name.clone(), Into::into)
}

/// Which deployment's names people know the system by.
pub(crate) fn order(deployment: Deployment) -> u8 {
    match deployment {
        Deployment::Compose => 0,
        Deployment::Aspire => 1,
        Deployment::Tye => 2,
        Deployment::Kubernetes => 3,
        Deployment::Helm => 4,
        Deployment::Nomad => 5,
        Deployment::Terraform => 6,
        Deployment::Serverless => 7,
        Deployment::Procfile => 8,
        Deployment::Systemd => 9,
        Deployment::Script => 10,
    }
}

/// A deployment file for tests, continuous integration or benchmarks.
pub(crate) fn is_test_deployment(path: &str) -> bool {
    let words: Vec<String> = path.split(['/', '.', '-', '_']).map(str::to_ascii_lowercase).collect();
    let word = |w: &str| words.iter().any(|x| x == w);
    [
        "test",
        "tests",
        "e2e",
        "ci",
        "testing",
        "integration",
        "benchmark",
        "benchmarks",
        "perf",
        "devcontainer",
        "example",
        "examples",
    ]
    .iter()
    .any(|w| word(w))
}

/// The folder of the project that an Aspire host names by its generated type: `Projects.Orders_Api` is `Orders.Api`.
fn generated_project(index: &Index<'_>, written: &str) -> Option<String> {
    let name = written.strip_prefix("Projects.")?;
    let generated = |m: &str| m.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
    let found = index.modules.iter().find(|(_, m, _)| m.kind == ModuleKind::DotNet && generated(&m.name) == name)?;
    Some(folder(index.paths[found.0]).to_owned())
}

/// The variables of a deployment file's interpolation: the dotenv file beside it, and what a script reads.
pub(crate) fn project_environment<'a>(index: &Index<'a>, file: FileId) -> HashMap<&'a str, &'a Value> {
    let folder = folder(index.paths[file]);
    let path = if folder.is_empty() { ".env".to_owned() } else { format!("{folder}/.env") };
    let beside = index.dotenv(&path).into_iter().map(|(s, _, _)| s);
    let sourced = index.sourced.get(&file).into_iter().flatten().flat_map(|f| index.settings_in(*f).map(|(s, _)| s));
    let sourced = sourced.filter(|s| s.scope == SettingScope::Dotenv);
    beside.chain(sourced).map(|s| (s.key.as_str(), &s.value)).collect()
}

/// The text of a value whose environment holes are the project's variables. What stays open becomes empty.
pub(crate) fn interpolate(value: &Value, environment: &HashMap<&str, &Value>) -> String {
    fn go(value: &Value, environment: &HashMap<&str, &Value>, depth: usize, out: &mut String) {
        for part in &value.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(Hole::Env { name, default }) if depth > 0 => match environment.get(name.as_str()) {
                    Some(value) => go(value, environment, depth - 1, out),
                    None => {
                        if let Some(default) = default {
                            go(default, environment, depth - 1, out);
                        }
                    }
                },
                Part::Hole(Hole::Config { default: Some(default), .. }) if depth > 0 => {
                    go(default, environment, depth - 1, out)
                }
                Part::Hole(_) => {}
            }
        }
    }
    let mut out = String::new();
    go(value, environment, 8, &mut out);
    out
}
