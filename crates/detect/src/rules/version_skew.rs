//! Releases that do not fit together: of one store in several deployments, of one library between services. See
//! `version_skew.md`.

use crate::drift::{line, skews};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, SmolStr};
use seam_graph::{NodeKind, PackageOf};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "version-skew",
    group: Group::Environment,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("version_skew.md"),
    find,
};

/// Places shown of one version.
const SHOWN: usize = 3;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    images(cx, out);
    libraries(cx, out);
}

/// Packages by the line of their release.
type Lines<'a> = BTreeMap<Vec<u32>, Vec<&'a PackageOf>>;

/// Nodes, each with one place of every line.
type Skewed<'a> = Vec<(usize, Vec<&'a PackageOf>)>;

/// A store or server that deployments start in releases of different lines.
fn images(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut by_node: BTreeMap<(usize, &SmolStr), Lines<'_>> = BTreeMap::new();
    for package in cx.graph.packages.iter().filter(|p| p.kind == "image") {
        let node = cx.node(package.node);
        if !(node.kind.is_store() || node.kind == NodeKind::Server) || seam_graph::is_test(&package.at.path) {
            continue;
        }
        if let Some(line) = package.version.as_deref().and_then(line) {
            by_node.entry((package.node, &package.package)).or_default().entry(line).or_default().push(package);
        }
    }
    // Six databases that were raised together are one matter.
    let mut found: BTreeMap<(&SmolStr, Vec<Vec<u32>>), Skewed<'_>> = BTreeMap::new();
    for ((node, package), lines) in by_node.into_iter().filter(|(_, lines)| lines.len() > 1) {
        let paths: Vec<BTreeSet<&SmolStr>> = lines.values().map(|p| p.iter().map(|p| &p.at.path).collect()).collect();
        let apart = paths.iter().enumerate().all(|(i, a)| paths[i + 1..].iter().all(|b| a.is_disjoint(b)));
        if apart {
            let each = lines.values().filter_map(|p| p.first().copied()).collect();
            found.entry((package, lines.into_keys().collect())).or_default().push((node, each));
        }
    }
    for ((package, _), nodes) in found {
        let Some((first, places)) = nodes.first() else { continue };
        let name = cx.name(*first);
        let more = match nodes.len() {
            1 => " runs".to_owned(),
            n => format!(" and {} more run", n - 1),
        };
        let versions: Vec<String> = places.iter().filter_map(|p| p.version.as_ref().map(ToString::to_string)).collect();
        let message = format!("`{name}`{more} {package} {}, depending on the deployment", versions.join(" or "));
        let Some(at) = places.first().map(|p| &p.at) else { continue };
        let mut draft = Draft::new(format!("image {package} {name}"), at, message)
            .why(format!(
                "What was tried with {} is not what runs with {}: releases of different lines differ in defaults, commands, file \
                 formats and protocol, and data that the newer has written the older mostly cannot read.",
                versions.last().map(String::as_str).unwrap_or_default(),
                versions.first().map(String::as_str).unwrap_or_default()
            ))
            .about(nodes.iter().map(|(n, _)| cx.node(*n).key.clone()))
            .help(format!("run one release of {package} in every deployment"));
        for (node, places) in nodes.iter().take(SHOWN) {
            for place in places {
                let version = place.version.as_deref().unwrap_or_default();
                draft = draft.link(&place.at, format!("`{}` is {package} {version} here", cx.name(*node)));
            }
        }
        out.push(draft);
    }
}

/// A library of the workspace's own that services are built with in releases of different lines.
fn libraries(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let modules: BTreeSet<&str> = cx
        .base
        .facts()
        .filter_map(|(_, fact)| match &fact.claim {
            Claim::Module(module) => Some(module.name.as_str()),
            _ => None,
        })
        .collect();
    // A scope says whose a package is: `@shop/core` and `@framework/core` are two.
    let scoped = |name: &str| name.starts_with('@');
    let own = |package: &str| {
        let same = |module: &&str| match scoped(package) || scoped(module) {
            true => package == *module,
            false => last(package) == last(module),
        };
        modules.iter().any(same)
    };
    for skew in skews(cx.graph) {
        if skew.kind.ends_with("image") || !own(skew.package) {
            continue;
        }
        let said: Vec<String> = skew
            .versions
            .iter()
            .map(|(version, uses)| {
                let names: BTreeSet<&str> = uses.iter().map(|p| cx.name(p.node)).collect();
                let more = names.len().saturating_sub(2);
                let shown: Vec<String> = names.iter().take(2).map(|n| format!("`{n}`")).collect();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{version} by {}{more}", shown.join(", "))
            })
            .collect();
        // The odd one is where it starts.
        let Some((_, rarest)) = skew.versions.iter().min_by_key(|(_, uses)| uses.len()) else { continue };
        let Some(first) = rarest.first() else { continue };
        let message = format!("`{}` is used in releases that need not fit together: {}", skew.package, said.join("; "));
        let mut draft = Draft::new(format!("library {}", skew.package), &first.at, message)
            .why(format!(
                "`{}` is the workspace's own, and what services share through it (messages, clients, formats) is only the same \
                 where its release is.",
                skew.package
            ))
            .about(skew.versions.iter().flat_map(|(_, uses)| uses.iter().map(|p| cx.node(p.node).key.clone())))
            .help(format!("build all services with one release of `{}`", skew.package));
        for (version, uses) in &skew.versions {
            for of in uses.iter().take(SHOWN) {
                draft = draft.link(&of.at, format!("`{}` is built with {version}", cx.name(of.node)));
            }
        }
        out.push(draft);
    }
}

/// The name without its group (`org.shop:common`, `@shop/common`).
fn last(name: &str) -> &str {
    name.rsplit([':', '/']).next().unwrap_or(name)
}
