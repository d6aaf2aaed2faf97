//! Which folder an image is built from, where the deployment does not say.
//!
//! Invariant: a folder is only found by a name: another declaration's image, a recipe, the folder's own name. Folders that
//! somebody's declared source holds are nobody else's.

use crate::deploy::{Deploy, Unit, recipe_of, script_folder};
use crate::images::{self, Product};
use crate::index::{Index, below, folder, is_test, join, last, squash};
use crate::likeness::{Name, Place, called, folder_named, together};
use crate::model::NodeKind;
use crate::ready::starts_connectors;
use seam_facts::{Alias, Build, Claim, Fact, SmolStr, Target, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Folder that is built, recipe, stage of the recipe.
type Source = (Option<String>, Option<String>, Option<SmolStr>);

impl<'a> Deploy<'a> {
    /// Folders for images that are built elsewhere: another declaration with the same image, a build recipe that names
    /// it, or a recipe whose folder carries the image's or the deployable's name.
    pub(crate) fn find_sources(&mut self, index: &Index<'a>) {
        self.find_programs();
        self.recognise_own(index);
        let mut by_image: HashMap<String, Source> = HashMap::new();
        for unit in &self.units {
            if unit.context.is_some() && !unit.image.is_empty() {
                let source = (unit.context.clone(), unit.dockerfile.clone(), unit.stage.clone());
                by_image.entry(unit.image_name.clone()).or_insert(source);
            }
        }
        for (file, build, fact) in self.builds.iter().flat_map(|(f, b)| b.iter().map(move |(b, fact)| (f, b, fact))) {
            let (Some(image), base) = (&build.image, folder(index.paths[*file])) else { continue };
            let context = build.context.as_ref().and_then(|c| c.as_text()).unwrap_or_default();
            let name = images::basename(&image.to_string());
            let context =
                if build.bases.is_empty() { script_folder(index, base, &context) } else { join(base, &context) };
            let recipe = build.dockerfile.as_ref().and_then(|d| d.as_text()).and_then(|d| {
                let near = join(base, &d).filter(|p| index.by_path.contains_key(p.as_str()));
                near.or_else(|| join("", &d).filter(|p| index.by_path.contains_key(p.as_str())))
            });
            // A recipe away from the code that it is given is one for many images.
            if build.dockerfile.is_some() {
                let beside = |r: &String| {
                    Some(folder(r)) == context.as_deref() || r.ends_with("/Dockerfile") && has_code(index, folder(r))
                };
                if !recipe.as_ref().is_some_and(beside) {
                    continue;
                }
            }
            // The top is everybody's; that an image is built there says nothing about whose code is in it.
            let top = context.as_deref() == Some("") && recipe.as_deref().is_none_or(|r| folder(r).is_empty());
            if let Some(context) = context.filter(|_| !(top && fact.by == "shell")) {
                by_image.entry(name).or_insert((Some(context), recipe, None));
            }
        }
        self.settle_contexts(index);
        self.mounted_code(index);
        let recipes: Vec<Place> = self.recipes(index).into_iter().map(Place::new).collect();
        let code: Vec<Place> = self.free_code(index).into_iter().map(Place::new).collect();
        let coded_places: BTreeSet<&str> = code.iter().map(|p| p.path.as_str()).collect();
        let images: BTreeSet<&str> =
            self.builds.keys().map(|file| folder(index.paths[*file])).filter(|f| has_code(index, f)).collect();
        // An image that several different programs share is called like none of them.
        let mut sharing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        // One whose name is worked out when it is deployed may be a different one for each.
        let plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        for unit in self.units.iter().filter(|u| plain(&u.image_name) && !u.image.contains(['$', '{'])) {
            sharing.entry(&unit.image_name).or_default().insert(&unit.squashed);
        }
        let mut found = Vec::new();
        let mut open = Vec::new();
        for (id, unit) in self.units.iter().enumerate() {
            if unit.context.is_some() || unit.product.is_some_and(|p| p.kind != NodeKind::Gateway) {
                continue;
            }
            let image = unit.image_name.clone();
            // Of one program that is deployed several times, the image's name says more than those of its parts.
            let name = if self.one_program(unit) { image.as_str() } else { unit.name.as_str() };
            let names = [Name::new(name), Name::new(&image)];
            // A recipe that only copies what was built elsewhere says nothing about the code.
            let coded = |source: &&Source| source.0.as_deref().is_some_and(|c| c.is_empty() || has_code(index, c));
            // A proxy's image is built of its rules, which are no code.
            let ruled = |source: &&Source| {
                let forwards = |f: usize| index.facts[f].iter().any(|fact| matches!(fact.claim, Claim::Route(_)));
                let context = source.0.as_deref().filter(|c| !c.is_empty() && unit.product.is_some());
                context.is_some_and(|c| index.below(c).any(forwards))
            };
            let fits = |source: &&Source| coded(source) || ruled(source);
            if let Some((context, dockerfile, stage)) = by_image.get(&image).filter(|_| !image.is_empty()).filter(fits)
            {
                found.push((id, context.clone(), dockerfile.clone(), stage.clone()));
            } else if unit.product.is_some() {
                continue;
            } else if let Some(folder) =
                (sharing.get(image.as_str()).is_some_and(|s| s.len() > 2 && !s.contains(squash(&image).as_str()))
                    && !self.one_program(unit))
                .then(|| self.program_named(&images, &code, &coded_places, unit))
                .flatten()
            {
                found.push((id, Some(folder), None, None));
            } else if let Some(folder) = called(&recipes, &images, &code, &coded_places, &names)
                .or_else(|| folder_named(&recipes, &names))
                .or_else(|| self.registered(&recipes, index, &names))
            {
                found.push((id, Some(folder), None, None));
            } else {
                open.push((id, image));
            }
        }
        // One image for several deployables, and one recipe at the top that nobody names: it is the system's own.
        let top = index.by_path.contains_key("Dockerfile")
            && !self
                .units
                .iter()
                .any(|u| u.context.as_deref() == Some("") || u.dockerfile.as_deref() == Some("Dockerfile"));
        let shared: BTreeMap<&str, BTreeSet<&str>> = open.iter().fold(BTreeMap::new(), |mut shared, (id, image)| {
            shared.entry(image.as_str()).or_default().insert(self.units[*id].name.as_str());
            shared
        });
        let own: Vec<&str> = shared
            .iter()
            .filter(|(image, n)| !image.is_empty() && !image.contains("${") && n.len() > 1)
            .map(|(i, _)| *i)
            .collect();
        if let (true, [own]) = (top, own.as_slice()) {
            let of = open.iter().filter(|(_, image)| image == own);
            found.extend(of.map(|(id, _)| (*id, Some(String::new()), Some("Dockerfile".to_owned()), None)));
        }
        for (id, context, dockerfile, stage) in found {
            self.units[id].context = context;
            self.units[id].dockerfile = dockerfile;
            self.units[id].stage = stage;
        }
        for unit in self.units.iter_mut().filter(|u| u.context.is_none() && u.product.is_none()) {
            unit.product = images::database(&unit.name).or_else(|| images::database(&unit.image_name));
        }
        // An image built from a database's image is a database.
        for unit in &mut self.units {
            let Some(context) = &unit.context else { continue };
            let Some((_, build, _)) = recipe_of(&self.builds, index, unit) else { continue };
            let last = build.bases.last().map(Value::to_string).unwrap_or_default();
            // An image built from a proxy's or a tool's image is one, as long as no code of its own runs in it.
            let coded = has_code(index, context);
            let bare = |kind| matches!(kind, NodeKind::Tool | NodeKind::Gateway) && !coded;
            unit.product = images::product(&last).filter(|p| p.kind.is_store() || bare(p.kind));
            // A broker's image holds the worker that runs connectors, too; what is started says which it is. Plugins are
            // all that such an image is built for.
            let started = unit.service.command.as_ref().or(build.command.as_ref());
            let named = |image: &str| {
                let name = images::basename(image);
                name.contains("connect") && !name.contains("connector")
            };
            let worker = started.is_some_and(|c| starts_connectors(&c.to_string())) || named(&last);
            if worker && !coded {
                unit.product = Some(Product { kind: NodeKind::Server, system: None });
            }
        }
    }

    /// An image that shares a word with a product, and the whole of its name with a program that is built here, is that
    /// program: `shop/table-placement` beside a module `table-placement-v1` is no placement service of Dapr's, and
    /// `shop/kafka-java-orders` is no broker where `kafka/java/orders` is a program.
    fn recognise_own(&mut self, index: &Index<'_>) {
        let modules: BTreeSet<String> = index
            .modules
            .iter()
            .filter(|(file, module, _)| {
                let at = index.home(*file, module);
                module.runnable != Some(false) && !at.is_empty() && !is_test(at) && has_code(index, at)
            })
            .flat_map(|(file, module, _)| [module.name.as_str(), last(index.home(*file, module))])
            .map(|name| squash(unversioned(name)))
            .collect();
        // Who builds an image, or keeps a program where the image's name leads to, says whose it is.
        let coded = |at: &str| !at.is_empty() && !is_test(at) && has_code(index, at);
        let mut own: BTreeSet<String> = BTreeSet::new();
        for (file, build) in self.builds.iter().flat_map(|(file, all)| all.iter().map(move |(b, _)| (file, b))) {
            let (Some(image), base) = (&build.image, folder(index.paths[*file])) else { continue };
            let context = build.context.as_ref().and_then(|c| c.as_text()).unwrap_or_default();
            if script_folder(index, base, &context).is_some_and(|at| coded(&at)) {
                own.insert(squash(&images::basename(&image.to_string())));
            }
        }
        let folders = index.modules.iter().map(|(file, module, _)| index.home(*file, module)).filter(|at| coded(at));
        own.extend(folders.flat_map(together));
        for unit in self.units.iter_mut().filter(|u| u.context.is_none() && u.product.is_some()) {
            let name = squash(unversioned(&unit.image_name));
            let compound = unit.image_name.split(['-', '_', '.']).count() > 1;
            let called = modules.contains(&name) && squash(unversioned(&unit.name)) == name;
            if compound && (called || own.contains(&squash(&unit.image_name))) {
                unit.product = None;
            }
        }
    }

    /// The folder that is called like the program which a deployable's command starts, or like the deployable.
    fn program_named(
        &self,
        images: &BTreeSet<&str>,
        code: &[Place],
        coded: &BTreeSet<&str>,
        unit: &Unit<'_>,
    ) -> Option<String> {
        let command = unit.service.command.as_ref().map(Value::to_string).unwrap_or_default();
        let program = command.split([' ', ',', '"', '[', ']']).find(|w| !w.is_empty()).map(last_part)?;
        let of = |name: &str| called(&[], images, code, coded, &[Name::new(name)]);
        of(program).or_else(|| of(&unit.name))
    }

    /// Folders of image recipes and build manifests.
    fn recipes(&self, index: &Index<'_>) -> Vec<String> {
        // A script's own folder is not what it builds.
        let recipe = |builds: &[(&Build, &Fact)]| builds.iter().any(|(b, f)| b.context.is_none() || f.by != "shell");
        self.builds
            .iter()
            .filter(|(_, builds)| recipe(builds))
            .map(|(file, _)| folder(index.paths[*file]).to_owned())
            .chain(index.modules.iter().map(|(file, module, _)| index.home(*file, module).to_owned()))
            .filter(|folder| !folder.is_empty() && !is_test(folder))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Folders near the top that hold code, and that are no part of a declared source.
    fn free_code(&self, index: &Index<'_>) -> Vec<String> {
        const NEAR: usize = 3;
        let declared: BTreeSet<&str> =
            self.units.iter().filter_map(|u| u.context.as_deref()).filter(|c| !c.is_empty()).collect();
        let mut out: BTreeSet<&str> = BTreeSet::new();
        for (file, path) in index.paths.iter().enumerate() {
            // Code that is generated from a contract stands beside the contract, and runs elsewhere.
            if index.uses[file].is_none() || index.test[file] || generated(path) {
                continue;
            }
            let mut at = folder(path);
            while !at.is_empty() && out.insert(at) {
                at = folder(at);
            }
        }
        out.into_iter()
            .filter(|f| f.matches('/').count() < NEAR && !declared.iter().any(|d| below(f, d)))
            .map(ToOwned::to_owned)
            .collect()
    }

    /// A build's output is not in the sources: its code is what it is built from. A folder that is nowhere is no source.
    fn settle_contexts(&mut self, index: &Index<'a>) {
        for unit in &mut self.units {
            while let Some(context) = unit.context.as_deref().filter(|c| !c.is_empty() && !index.folders.contains(c)) {
                let (parent, name) = context.rsplit_once('/').unwrap_or(("", context));
                let output =
                    matches!(name, "target" | "build" | "libs" | "dist" | "out" | "docker" | "publish" | "bin");
                unit.context = (output && !parent.is_empty()).then(|| parent.to_owned());
            }
        }
    }

    /// The innermost of the folders whose code registers under one of the names.
    fn registered(&self, folders: &[Place], index: &Index<'_>, names: &[Name<'_>]) -> Option<String> {
        let wanted = |a: &Alias| a.target == Target::Own && names.iter().any(|n| n.squashed == squash(&a.name));
        let (file, ..) = self.aliases.iter().find(|(_, alias, _)| wanted(alias))?;
        let around = folders.iter().filter(|f| below(index.paths[*file], &f.path));
        around.max_by_key(|f| f.path.len()).map(|f| f.path.clone())
    }
}

/// The last part of a path.
fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name without the version that it ends in: `orders-v2`.
fn unversioned(name: &str) -> &str {
    match name.rsplit_once(['-', '_']) {
        Some((rest, version)) if version.strip_prefix('v').is_some_and(|v| v.parse::<u32>().is_ok()) => rest,
        _ => name,
    }
}

/// Whether a file is called like what the compilers of contracts write.
pub(crate) fn generated(path: &str) -> bool {
    const ENDS: [&str; 9] = [
        ".pb.go",
        ".pb.gw.go",
        ".pb.validate.go",
        ".connect.go",
        ".twirp.go",
        "_pb2.py",
        "_pb2_grpc.py",
        "_pb.js",
        "_pb.ts",
    ];
    ENDS.iter().any(|end| path.ends_with(end))
}

pub(crate) fn has_code(index: &Index<'_>, context: &str) -> bool {
    index.below(context).any(|f| index.uses[f].is_some())
}
