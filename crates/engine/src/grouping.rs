//! Which nodes of a map belong together: by folder, by team, by repository.
//!
//! Invariant: a group that holds every node tells nothing and is none; a store that only one service uses stands with it.

use crate::{Interaction, Node, Owner};
use std::collections::{BTreeMap, BTreeSet};

/// The ways to group, in the order in which they are offered.
pub const WAYS: [&str; 3] = ["folder", "team", "repository"];

/// A group's name for the nodes that have one, by their place in `nodes`.
pub type Groups = BTreeMap<usize, String>;

/// The groups of one way; empty where that way knows of fewer than two.
pub fn by(way: &str, nodes: &[Node], interactions: &[Interaction], owners: &[Owner]) -> Groups {
    let mut out = match way {
        "folder" => folders(nodes, interactions),
        "team" => teams(nodes, owners),
        "repository" => repositories(nodes),
        _ => return Groups::new(),
    };
    with_their_users(nodes, interactions, &mut out);
    let names: BTreeSet<&String> = out.values().collect();
    if names.len() < 2 { Groups::new() } else { out }
}

/// A group for each node: the folder above its code where several nodes share it, or else the family of its name; a store
/// belongs to its only user's.
pub fn folders(nodes: &[Node], interactions: &[Interaction]) -> Groups {
    let mut out = Groups::new();
    // What most nodes share (`src/`, a project's prefix) tells nothing apart.
    let folder = |node: &Node| node.roots.first().and_then(|r| r.split_once('/')).map(|(top, _)| top.to_owned());
    let everywhere = shared_by_most(nodes.iter().filter_map(folder).collect(), nodes.len());
    let prefix = shared_by_most(nodes.iter().map(|n| stem(&n.name, None)).collect(), nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let group = folder(node).filter(|f| Some(f) != everywhere.as_ref());
        out.insert(index, group.unwrap_or_else(|| stem(&node.name, prefix.as_deref())));
    }
    with_their_users(nodes, interactions, &mut out);
    out
}

fn teams(nodes: &[Node], owners: &[Owner]) -> Groups {
    let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for owner in owners {
        of.entry(&owner.service).or_default().extend(owner.owners.iter().map(String::as_str));
    }
    let team = |node: &Node| Some(of.get(node.name.as_str())?.iter().copied().collect::<Vec<_>>().join(", "));
    nodes.iter().enumerate().filter_map(|(i, n)| Some((i, team(n).filter(|t| !t.is_empty())?))).collect()
}

/// The first part of the path: where several repositories are read side by side, the repository.
fn repositories(nodes: &[Node]) -> Groups {
    let first = |node: &Node| {
        let path = node.roots.first().or(node.evidence.first().map(|e| &e.path))?;
        path.split_once('/').map(|(top, _)| top.to_owned())
    };
    nodes.iter().enumerate().filter_map(|(i, n)| Some((i, first(n)?))).collect()
}

fn with_their_users(nodes: &[Node], interactions: &[Interaction], out: &mut Groups) {
    let index: BTreeMap<&str, usize> = nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
    let mut users: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for one in interactions {
        if let (Some(from), Some(to)) = (index.get(one.from.as_str()), index.get(one.to.as_str())) {
            users.entry(*to).or_default().insert(*from);
        }
    }
    for (node, users) in users {
        if matches!(nodes[node].kind.as_str(), "database" | "cache")
            && let (Some(only), 1) = (users.first(), users.len())
        {
            match out.get(only).cloned() {
                Some(group) => out.insert(node, group),
                None => out.remove(&node),
            };
        }
    }
}

/// The word that more than half of `count` things have.
fn shared_by_most(words: Vec<String>, count: usize) -> Option<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for word in &words {
        *counts.entry(word).or_default() += 1;
    }
    counts.into_iter().find(|(_, n)| n * 2 > count).map(|(word, _)| word.clone())
}

/// `orders-api` and `orders-worker` are of one family, and so are `shop-orders-api` and `shop-orders-worker` where all
/// names start with `shop`.
fn stem(name: &str, prefix: Option<&str>) -> String {
    let mut words = name.split(['-', '_', '.']);
    let first = words.next().unwrap_or(name);
    match words.next() {
        Some(second) if Some(first) == prefix => second.to_owned(),
        _ => first.to_owned(),
    }
}
