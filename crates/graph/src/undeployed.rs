//! Code that runs though no deployment file declares it.

use crate::deploy::{Deploy, Merged};
use crate::index::{FileId, Index, below, folder, is_test, squash};
use crate::territory::Territory;
use seam_facts::{Claim, Fact, SmolStr, Target};

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
        let deployed =
            self.nodes.iter().enumerate().any(|(i, n)| n.product.is_none() && !territories[i].own.is_empty());
        if !deployed {
            self.web_servers(index, territories);
        }
        let folders: Vec<String> = index.modules.iter().map(|(f, ..)| folder(index.paths[*f]).to_owned()).collect();
        for (file, module, fact) in &index.modules {
            let path = index.paths[*file].as_str();
            let base = folder(path);
            let covered = territories.iter().any(|t| t.roots.iter().any(|r| below(base, r) || below(r, base)));
            let inner = folders.iter().any(|f| f != base && below(f, base));
            if covered || inner || is_test(path) || module.runnable == Some(false) {
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
                .find(|(f, a, _)| inside(f) && a.target == Target::Own)
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
    }
}

/// Whether code below the folder starts a process: a Go `main` package, a Rust or Python main file.
fn has_main(index: &Index<'_>, base: &str) -> bool {
    (0..index.paths.len()).filter(|f| !index.test[*f] && below(index.paths[*f], base)).any(|f| {
        let path = index.paths[f].as_str();
        let main = || index.uses[f].is_some_and(|u| u.functions.iter().any(|(name, _)| name == "main"));
        path.ends_with(".go") && index.uses[f].is_some_and(|u| u.package == "main") && main()
            || path.ends_with("src/main.rs") && main()
    })
}
