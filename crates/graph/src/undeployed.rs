//! Code that runs though no deployment file declares it.

use crate::deploy::{Deploy, Merged};
use crate::index::{FileId, Index, below, folder, is_test, join, squash};
use crate::join::is_listener;
use crate::territory::Territory;
use seam_facts::{Claim, Fact, SmolStr, Target};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Deploy<'a> {
    /// Where nothing is deployed, a web server's configuration that forwards is the only sign of the web server.
    fn web_servers(&mut self, index: &Index<'a>, territories: &mut Vec<Territory<'a>>) {
        for (file, facts) in index.facts.iter().enumerate().filter(|(f, _)| !index.test[*f]) {
            let forwards = |f: &&Fact| matches!(&f.claim, Claim::Route(r) if r.via.is_none());
            let Some(fact) = facts.iter().find(forwards) else { continue };
            let server = ["apache", "nginx", "caddy", "haproxy"].contains(&fact.by.as_str());
            let name: SmolStr = fact.by.as_str().into();
            if !server || self.nodes.iter().any(|n| n.name == name) || territories.iter().any(|t| t.own.contains(&file))
            {
                continue;
            }
            let aliases = [name.clone()].into_iter().collect();
            self.nodes.push(Merged { name, units: Vec::new(), product: None, aliases, module: Some((file, fact)) });
            territories.push(Territory::of(index, vec![index.paths[file].to_string()]));
        }
    }

    /// Code that builds something runnable, and that no deployment declares, is a service too: all of it where nothing is
    /// deployed, otherwise what registers a name of its own or has an image recipe.
    pub fn undeployed(&mut self, index: &Index<'a>, territories: &mut Vec<Territory<'a>>) {
        // A script that starts one of them does not say that the others are not started.
        let by_script = |n: &Merged<'_>| {
            n.units.iter().all(|u| self.units[*u].service.deployment == seam_facts::Deployment::Script)
        };
        let own = |(i, n): (usize, &Merged<'_>)| n.product.is_none() && !territories[i].own.is_empty() && !by_script(n);
        let deployed = self.nodes.iter().enumerate().any(own);
        if !deployed {
            self.web_servers(index, territories);
        }
        let folders: Vec<String> = index
            .modules
            .iter()
            .map(|(f, m, _)| index.home(*f, m).to_owned())
            .filter(|base| !is_page_assets(index, base))
            .collect();
        let scripts = if deployed { Vec::new() } else { listening(index) };
        for (file, module, fact) in &index.modules {
            let path = index.paths[*file].as_str();
            let base = index.home(*file, module);
            let covered = territories.iter().any(|t| t.roots.iter().any(|r| below(base, r) || below(r, base)));
            let inner = folders.iter().any(|f| f != base && below(f, base));
            if covered || inner || is_test(path) || is_test(base) || module.runnable == Some(false) {
                continue;
            }
            let several = scripts.iter().filter(|(f, ..)| below(index.paths[*f], base)).count() > 1;
            if several || is_page_assets(index, base) {
                continue;
            }
            let recipe = index.by_path.contains_key(format!("{base}/Dockerfile").trim_start_matches('/'));
            let inside = |f: &FileId| below(index.paths[*f], base);
            let runnable = module.runnable == Some(true) || has_main(index, base);
            let registers = self.aliases.iter().any(|(f, a, _)| inside(f) && a.target == Target::Own);
            let wanted = if deployed { registers && runnable } else { runnable || recipe || registers };
            if !wanted {
                continue;
            }
            let registered = self
                .aliases
                .iter()
                .find(|(f, a, fact)| inside(f) && a.target == Target::Own && fact.by != "lagom")
                .map(|(_, a, _)| a.name.clone());
            let name = registered.unwrap_or_else(|| {
                if base.is_empty() { module.name.clone() } else { base.rsplit('/').next().unwrap_or(base).into() }
            });
            if self.nodes.iter().any(|n| squash(&n.name) == squash(&name)) {
                continue;
            }
            let aliases = [name.clone(), module.name.clone()].into_iter().collect();
            self.nodes.push(Merged { name, units: Vec::new(), product: None, aliases, module: Some((*file, fact)) });
            territories.push(Territory::of(index, vec![base.to_owned()]));
        }
        self.scripts(index, &scripts, territories);
        if deployed {
            self.built_beside(index, territories);
        }
    }

    /// A program with an image recipe of its own, in a folder beside those of several deployed ones: what deploys it is
    /// not read, or stands elsewhere.
    fn built_beside(&mut self, index: &Index<'a>, territories: &mut Vec<Territory<'a>>) {
        let roots: BTreeSet<&str> = territories.iter().flat_map(|t| &t.roots).map(String::as_str).collect();
        let mut holding: BTreeMap<&str, usize> = BTreeMap::new();
        for root in roots.iter().filter(|r| r.contains('/')) {
            *holding.entry(folder(root)).or_default() += 1;
        }
        holding.retain(|_, count| *count > 1);
        let mut found: BTreeMap<String, (FileId, &'a Fact)> = BTreeMap::new();
        for (file, builds) in &self.builds {
            let recipe = index.paths[*file].as_str();
            let Some((build, fact)) = builds.first().filter(|_| !is_test(recipe)) else { continue };
            let bases: Vec<&str> =
                std::iter::successors(Some(folder(recipe)), |b| (!b.is_empty()).then(|| folder(b))).collect();
            let parts: BTreeSet<String> = build
                .programs
                .iter()
                .chain(&build.copies)
                .flat_map(|path| bases.iter().filter_map(move |base| join(base, path.trim_end_matches(['*', '/']))))
                .filter_map(|path| {
                    let parent = holding.keys().find(|p| path.len() > p.len() && below(&path, p))?;
                    let child = path[parent.len()..].trim_start_matches('/').split('/').next()?;
                    Some(format!("{parent}/{child}")).filter(|f| index.folders.contains(f.as_str()))
                })
                .collect();
            let free: Vec<&String> = parts
                .iter()
                .filter(|p| has_main(index, p) && !roots.iter().any(|r| below(p, r) || below(r, p)))
                .collect();
            if let [only] = free.as_slice() {
                found.entry((*only).clone()).or_insert((*file, *fact));
            }
        }
        for (root, (file, fact)) in found {
            let name: SmolStr = root.rsplit('/').next().unwrap_or(&root).into();
            if self.nodes.iter().any(|n| squash(&n.name) == squash(&name)) {
                continue;
            }
            let aliases = [name.clone()].into_iter().collect();
            self.nodes.push(Merged { name, units: Vec::new(), product: None, aliases, module: Some((file, fact)) });
            territories.push(Territory::of(index, vec![root]));
        }
    }

    /// Scripts that each open a port of their own: one folder may hold several.
    fn scripts(&mut self, index: &Index<'a>, scripts: &[(FileId, &'a Fact)], territories: &mut Vec<Territory<'a>>) {
        for (file, fact) in scripts {
            let path = index.paths[*file].as_str();
            let base = folder(path);
            if territories.iter().any(|t| t.own.contains(file)) {
                continue;
            }
            let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or(path);
            let general = GENERAL.contains(&stem.to_ascii_lowercase().as_str());
            let place = base.rsplit('/').find(|part| !matches!(*part, "src" | "app" | "bin" | "lib" | "cmd" | ""));
            let name: SmolStr = place.filter(|_| general).unwrap_or(stem).into();
            if self.nodes.iter().any(|n| squash(&n.name) == squash(&name)) {
                continue;
            }
            // Its folder is its own unless another script of the folder opens a port as well.
            let alone = !base.is_empty() && scripts.iter().filter(|(f, _)| below(index.paths[*f], base)).count() == 1;
            let root = if alone && general { base } else { path };
            let aliases = [name.clone()].into_iter().collect();
            self.nodes.push(Merged { name, units: Vec::new(), product: None, aliases, module: Some((*file, fact)) });
            territories.push(Territory::of(index, vec![root.to_owned()]));
        }
    }
}

/// File names that say nothing about which service it is.
const GENERAL: [&str; 14] = [
    "app", "main", "server", "index", "run", "wsgi", "asgi", "manage", "api", "service", "start", "program",
    "__init__", "__main__",
];

/// Scripts that open a port, and that no other of them is started by.
fn listening<'a>(index: &Index<'a>) -> Vec<(FileId, &'a Fact)> {
    let script = |path: &str| [".py", ".js", ".mjs", ".ts", ".rb"].iter().any(|e| path.ends_with(e));
    let mut found: Vec<(FileId, &'a Fact)> = Vec::new();
    for (file, _) in index.paths.iter().enumerate().filter(|(f, p)| !index.test[*f] && script(p)) {
        let opens = |f: &&Fact| matches!(&f.claim, Claim::Setting(s) if is_listener(s));
        if let Some(fact) = index.facts[file].iter().find(opens) {
            found.push((file, fact));
        }
    }
    let started: Vec<FileId> = found
        .iter()
        .flat_map(|(file, _)| Territory::of(index, vec![index.paths[*file].to_string()]).libraries)
        .collect();
    found.retain(|(file, _)| !started.contains(file));
    found
}

/// The folder in which a web framework keeps what its own pages load (Phoenix, the SPA templates of .NET).
fn is_page_assets(index: &Index<'_>, base: &str) -> bool {
    matches!(base.rsplit('/').next(), Some("assets" | "ClientApp"))
        && index.modules.iter().any(|(f, m, _)| index.home(*f, m) == folder(base))
}

/// Whether code below the folder starts a process: a Go `main` package, a Rust or Python main file.
pub(crate) fn has_main(index: &Index<'_>, base: &str) -> bool {
    (0..index.paths.len()).filter(|f| !index.test[*f] && below(index.paths[*f], base)).any(|f| {
        let path = index.paths[f].as_str();
        let main = || index.uses[f].is_some_and(|u| u.functions.iter().any(|(name, _)| name == "main"));
        // Scala's programs are objects that extend a kind of application.
        let applies = || {
            let of = |supers: &[SmolStr]| {
                supers.iter().any(|s| {
                    matches!(
                        s.as_str(),
                        "App"
                            | "IOApp"
                            | "Simple"
                            | "ZIOAppDefault"
                            | "ZIOApp"
                            | "ResourceApp"
                            | "TwitterServer"
                            | "HttpServer"
                            | "MainRoutes"
                    )
                })
            };
            let named = |name: &str| matches!(name.rsplit('.').next(), Some("main"));
            index.uses[f]
                .is_some_and(|u| u.types.iter().any(|(_, s)| of(s)) || u.functions.iter().any(|(n, _)| named(n)))
        };
        if path.ends_with(".scala") {
            return applies();
        }
        path.ends_with(".go") && index.uses[f].is_some_and(|u| u.package == "main") && main()
            || path.ends_with("src/main.rs") && main()
    })
}
