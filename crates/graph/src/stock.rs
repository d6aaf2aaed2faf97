//! What each node is built with, which tests speak for it, and who owns it.
//!
//! Invariant: nothing here makes an edge. A manifest belongs to the node in whose folders it stands; a test that stands
//! elsewhere belongs to the nodes whose own code defines most of what it names; of what a test names only that is kept.

use crate::index::{FileId, below, folder, last};
use crate::join::Linker;
use crate::model::{OwnerOf, PackageOf, TestOf};
use seam_facts::{Claim, Fact, SmolStr, Test, Value};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Stock {
    pub packages: Vec<PackageOf>,
    pub tests: Vec<TestOf>,
    pub owners: Vec<OwnerOf>,
}

/// Shorter names are everybody's.
const MIN_NAME: usize = 4;

impl Linker<'_> {
    pub(crate) fn stock(&self) -> Stock {
        let mut stock = Stock::default();
        let roots = self.root_folders();
        let defined = self.defined();
        for (file, facts) in self.index.facts.iter().enumerate() {
            for fact in *facts {
                match &fact.claim {
                    Claim::Depends(d) => {
                        let kind = seam_facts::word::of(&d.kind).into();
                        for node in owners(&roots, self.index.paths[file]) {
                            let (package, version) = (d.package.clone(), d.version.clone());
                            let at = self.evidence(file, fact);
                            let development = d.development;
                            let kind: &SmolStr = &kind;
                            stock.packages.push(PackageOf {
                                node,
                                package,
                                version,
                                kind: kind.clone(),
                                development,
                                at,
                            });
                        }
                    }
                    Claim::Build(build) => {
                        // Stages repeat what the recipe says as a whole.
                        if build.stage.is_some() {
                            continue;
                        }
                        for node in owners(&roots, self.index.paths[file]) {
                            let bases =
                                build.bases.iter().filter_map(|b| self.image(node, b, "base-image", file, fact));
                            stock.packages.extend(bases);
                        }
                    }
                    Claim::Test(test) => self.test(file, fact, test, &roots, &defined, &mut stock.tests),
                    Claim::Owner(owner) => {
                        // The pattern is relative to the repository that the file stands in.
                        let top = folder(self.index.paths[file]);
                        let top =
                            [".github", ".gitlab", "docs"].iter().find_map(|d| top.strip_suffix(d)).unwrap_or(top);
                        for (node, root) in &roots {
                            let inside = root.strip_prefix(top).map(|r| r.trim_matches('/'));
                            if inside.is_some_and(|r| owns(&owner.pattern, r)) {
                                let (pattern, owners) = (owner.pattern.clone(), owner.owners.clone());
                                stock.owners.push(OwnerOf {
                                    node: *node,
                                    pattern,
                                    owners,
                                    at: self.evidence(file, fact),
                                });
                            }
                        }
                    }
                    Claim::Service(_)
                    | Claim::Alias(_)
                    | Claim::Module(_)
                    | Claim::Profile(_)
                    | Claim::Endpoint(_)
                    | Claim::Mount(_)
                    | Claim::Call(_)
                    | Claim::Route(_)
                    | Claim::Message(_)
                    | Claim::Store(_)
                    | Claim::Access(_)
                    | Claim::Policy(_)
                    | Claim::Schema(_)
                    | Claim::Setting(_)
                    | Claim::Read(_)
                    | Claim::Constant(_)
                    | Claim::Return(_)
                    | Claim::Pass(_)
                    | Claim::Shape(_)
                    | Claim::Body(_)
                    | Claim::Write(_)
                    | Claim::Intake(_)
                    | Claim::Alter(_)
                    | Claim::Columns(_)
                    | Claim::Region(_)
                    | Claim::Attempts(_)
                    | Claim::KeyUse(_)
                    | Claim::Status(_)
                    | Claim::Fallback(_)
                    | Claim::Steps(_)
                    | Claim::Allow(_)
                    | Claim::OwnRule(_)
                    | Claim::Uses(_) => {}
                }
            }
        }
        for (node, merged) in self.deploy.nodes.iter().enumerate() {
            for unit in merged.units.iter().map(|u| &self.deploy.units[*u]) {
                let image = unit.service.image.as_ref();
                stock.packages.extend(image.and_then(|i| self.image(node, i, "image", unit.file, unit.fact)));
            }
        }
        stock.packages.sort();
        stock.packages.dedup();
        stock.tests.sort();
        stock.tests.dedup();
        stock.owners = decisive(stock.owners);
        stock
    }

    fn root_folders(&self) -> Vec<(usize, String)> {
        let of = |(node, territory): (usize, &crate::territory::Territory<'_>)| {
            territory.roots.iter().map(move |r| (node, r.clone())).collect::<Vec<_>>()
        };
        self.territories.iter().take(self.nodes.len()).enumerate().flat_map(of).collect()
    }

    /// Names that each node's own code defines.
    fn defined(&self) -> BTreeMap<&str, BTreeSet<usize>> {
        let mut out: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for node in 0..self.nodes.len() {
            for uses in self.territories[node].own.iter().filter_map(|f| self.index.uses[*f]) {
                let types = uses.types.iter().map(|(ty, _)| ty.as_str());
                let functions = uses.functions.iter().map(|(f, _)| last(f));
                for name in types.chain(functions).filter(|n| n.len() >= MIN_NAME && !n.starts_with('<')) {
                    out.entry(name).or_default().insert(node);
                }
            }
        }
        out
    }

    fn test(
        &self,
        file: FileId,
        fact: &Fact,
        test: &Test,
        roots: &[(usize, String)],
        defined: &BTreeMap<&str, BTreeSet<usize>>,
        out: &mut Vec<TestOf>,
    ) {
        let mut nodes = owners(roots, self.index.paths[file]);
        if nodes.is_empty() {
            let mut hits: BTreeMap<usize, usize> = BTreeMap::new();
            let named = test.covers.iter().filter_map(|c| defined.get(c.as_str()));
            named.flatten().for_each(|node| *hits.entry(*node).or_default() += 1);
            let most = hits.values().max().copied().unwrap_or(0);
            nodes = hits.into_iter().filter(|(_, n)| *n == most).map(|(node, _)| node).collect();
        }
        for node in nodes {
            let known = |c: &&SmolStr| c.starts_with('/') || defined.get(c.as_str()).is_some_and(|n| n.contains(&node));
            let covers = test.covers.iter().filter(known).cloned().collect();
            out.push(TestOf { node, name: test.name.clone(), covers, at: self.evidence(file, fact) });
        }
    }

    fn image(&self, node: usize, image: &Value, kind: &str, file: FileId, fact: &Fact) -> Option<PackageOf> {
        let text = self.view(node).texts(image, 0).into_iter().find(|t| !t.open)?.text;
        // `registry:5000/name:tag@digest`: a colon before the last slash is a port.
        let (tagged, digest) = text.split_once('@').map_or((text.as_str(), None), |(t, d)| (t, Some(d)));
        let tag = tagged.rfind(':').filter(|at| !tagged[*at..].contains('/'));
        let (package, version) = tag.map_or((tagged, digest), |at| (&tagged[..at], Some(&tagged[at + 1..])));
        let (package, version) = (SmolStr::from(package), version.map(SmolStr::from));
        let at = self.evidence(file, fact);
        Some(PackageOf { node, package, version, kind: kind.into(), development: false, at })
            .filter(|p| !p.package.is_empty())
    }
}

/// The nodes whose folder holds this path most closely.
fn owners(roots: &[(usize, String)], path: &str) -> Vec<usize> {
    let holding = || roots.iter().filter(|(_, root)| below(path, root));
    let Some(deepest) = holding().map(|(_, root)| root.len()).max() else { return Vec::new() };
    let mut nodes: Vec<usize> = holding().filter(|(_, root)| root.len() == deepest).map(|(node, _)| *node).collect();
    nodes.dedup();
    nodes
}

/// Whether a CODEOWNERS pattern covers a whole folder. Patterns for single files and endings say nothing about it.
fn owns(pattern: &str, root: &str) -> bool {
    let plain = pattern.trim_start_matches('/').trim_end_matches("/**").trim_end_matches("/*").trim_end_matches('/');
    match plain {
        "*" | "**" | "" => true,
        _ if plain.contains(['*', '?']) => false,
        // Without a leading slash the folder may stand anywhere.
        _ => below(root, plain) || !pattern.starts_with('/') && root.split('/').any(|part| part == plain),
    }
}

/// The last pattern that covers a node counts.
fn decisive(mut owners: Vec<OwnerOf>) -> Vec<OwnerOf> {
    owners.sort_by(|a, b| (a.node, &a.at).cmp(&(b.node, &b.at)));
    let mut out: Vec<OwnerOf> = Vec::new();
    for owner in owners {
        match out.last_mut() {
            Some(before) if before.node == owner.node && before.at.path == owner.at.path => *before = owner,
            _ => out.push(owner),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_folders() {
        for (pattern, root, covers) in [
            ("*", "orders", true),
            ("/orders/", "orders", true),
            ("/orders/**", "orders/api", true),
            ("orders", "src/orders", true),
            ("/orders", "src/orders", false),
            ("*.md", "orders", false),
            ("/orders/api/", "orders", false),
        ] {
            assert_eq!(owns(pattern, root), covers, "{pattern} {root}");
        }
    }

    #[test]
    fn the_deepest_folder_holds_a_file() {
        let roots = [(0, "src".to_owned()), (1, "src/orders".to_owned())];
        assert_eq!(owners(&roots, "src/orders/go.mod"), [1]);
        assert_eq!(owners(&roots, "src/go.mod"), [0]);
        assert_eq!(owners(&roots, "go.mod"), Vec::<usize>::new());
    }
}
