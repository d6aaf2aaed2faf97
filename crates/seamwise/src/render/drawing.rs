//! A map as boxes and arrows: what is drawn, before it is written as SVG.
//!
//! Nodes of one repository or folder form a group when there are several such groups. A map with more boxes than a page
//! takes is drawn with its groups as single boxes; the whole is kept beside it for those who want to look closer.

use super::layout::{Layout, Shape, layout};
use seam_engine::asks::map::Answer;
use seam_engine::{Interaction, Node};
use std::collections::{BTreeMap, BTreeSet};

/// More boxes than this are not read at a glance.
pub const LARGE: usize = 60;

/// One box.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The node's name, or the group's.
    pub name: String,
    pub kind: String,
    /// Second line: language, product, how many.
    pub note: String,
    /// Names of the nodes in it.
    pub members: Vec<String>,
}

/// One arrow between two boxes, for all that passes between them.
#[derive(Clone, Debug)]
pub struct Arrow {
    pub from: usize,
    pub to: usize,
    pub kinds: Vec<String>,
    /// Only inferred interactions.
    pub dashed: bool,
    /// Keys of the interactions.
    pub keys: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Drawing {
    pub cells: Vec<Cell>,
    pub arrows: Vec<Arrow>,
    pub layout: Layout,
    pub widths: Vec<f64>,
}

/// Every node as a box.
pub fn whole(answer: &Answer) -> Drawing {
    let cells: Vec<Cell> = answer.nodes.iter().map(cell).collect();
    let of: BTreeMap<&str, usize> = answer.nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
    draw(cells, &answer.interactions, &of)
}

/// Groups as boxes, when the map is large and falls into groups.
pub fn folded(answer: &Answer) -> Option<Drawing> {
    if answer.nodes.len() <= LARGE {
        return None;
    }
    let groups = groups(answer);
    let sizes = groups.iter().fold(BTreeMap::<&str, Vec<usize>>::new(), |mut sizes, (node, group)| {
        sizes.entry(group.as_str()).or_default().push(*node);
        sizes
    });
    if sizes.len() * 3 > answer.nodes.len() * 2 {
        return None;
    }
    let mut cells = Vec::new();
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, nodes) in sizes {
        let members: Vec<String> = nodes.iter().map(|n| answer.nodes[*n].name.clone()).collect();
        for node in &nodes {
            of.insert(answer.nodes[*node].name.as_str(), cells.len());
        }
        cells.push(match nodes.as_slice() {
            [only] => cell(&answer.nodes[*only]),
            _ => Cell {
                name: group.to_owned(),
                kind: "group".to_owned(),
                note: format!("{} nodes", nodes.len()),
                members,
            },
        });
    }
    Some(draw(cells, &answer.interactions, &of))
}

fn cell(node: &Node) -> Cell {
    let note = match (&node.system, node.languages.first()) {
        (Some(system), _) => system.clone(),
        (None, Some(language)) => language.clone(),
        (None, None) if node.kind == "service" => String::new(),
        (None, None) => node.kind.clone(),
    };
    Cell { name: node.name.clone(), kind: node.kind.clone(), note, members: vec![node.name.clone()] }
}

/// A group for each node: the folder above its code where several nodes share it; a store belongs to its only user's.
fn groups(answer: &Answer) -> BTreeMap<usize, String> {
    let mut out: BTreeMap<usize, String> = BTreeMap::new();
    // What most nodes share (`src/`, a project's prefix) tells nothing apart.
    let folder = |node: &Node| node.roots.first().and_then(|r| r.split_once('/')).map(|(top, _)| top.to_owned());
    let everywhere = shared_by_most(answer.nodes.iter().filter_map(folder).collect(), answer.nodes.len());
    let prefix = shared_by_most(answer.nodes.iter().map(|n| stem(&n.name, None)).collect(), answer.nodes.len());
    for (index, node) in answer.nodes.iter().enumerate() {
        let group = folder(node).filter(|f| Some(f) != everywhere.as_ref());
        out.insert(index, group.unwrap_or_else(|| stem(&node.name, prefix.as_deref())));
    }
    for (index, node) in answer.nodes.iter().enumerate() {
        if !matches!(node.kind.as_str(), "database" | "cache") {
            continue;
        }
        let users: BTreeSet<&str> =
            answer.interactions.iter().filter(|i| i.to == node.name).map(|i| i.from.as_str()).collect();
        if let (Some(only), 1) = (users.first(), users.len())
            && let Some(user) = answer.nodes.iter().position(|n| n.name == *only)
            && let Some(group) = out.get(&user).cloned()
        {
            out.insert(index, group);
        }
    }
    out
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

fn draw(cells: Vec<Cell>, interactions: &[Interaction], of: &BTreeMap<&str, usize>) -> Drawing {
    let mut arrows: BTreeMap<(usize, usize), Arrow> = BTreeMap::new();
    for one in interactions {
        let (Some(&from), Some(&to)) = (of.get(one.from.as_str()), of.get(one.to.as_str())) else { continue };
        if from == to && cells[from].kind == "group" {
            continue;
        }
        let new = || Arrow { from, to, kinds: Vec::new(), dashed: true, keys: Vec::new() };
        let arrow = arrows.entry((from, to)).or_insert_with(new);
        if !arrow.kinds.contains(&one.kind) {
            arrow.kinds.push(one.kind.clone());
        }
        arrow.dashed &= one.certainty == "inferred";
        arrow.keys.push(one.key.clone());
    }
    let arrows: Vec<Arrow> = arrows.into_values().collect();
    // Letters of a sans-serif at 13 px are about 7.3 px wide, capitals included.
    let widths: Vec<f64> = cells
        .iter()
        .map(|c| (c.name.chars().count().max(c.note.chars().count()) as f64 * 7.3 + 28.0).max(76.0))
        .collect();
    let shape = Shape { widths: widths.clone(), lines: arrows.iter().map(|a| (a.from, a.to)).collect() };
    let layout = layout(&shape);
    Drawing { cells, arrows, layout, widths }
}
