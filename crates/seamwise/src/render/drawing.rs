//! A map as boxes and arrows: what is drawn, before it is written as SVG.
//!
//! Nodes of one repository or folder form a group when there are several such groups. A map with more boxes than a page
//! takes is drawn with its groups as single boxes; the whole is kept beside it for those who want to look closer.

use seam_engine::asks::map::Answer;
use seam_engine::layout::{self, Layout, Point, Shape};
use seam_engine::{Interaction, Node, grouping};
use std::collections::BTreeMap;

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
    /// `error` or `warning` where findings are shown.
    pub health: &'static str,
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
    pub health: &'static str,
}

/// A group that is drawn around what is in it, by its left upper corner.
#[derive(Clone, Debug)]
pub struct Frame {
    pub name: String,
    pub at: Point,
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Debug)]
pub struct Drawing {
    pub cells: Vec<Cell>,
    pub arrows: Vec<Arrow>,
    pub frames: Vec<Frame>,
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
    let groups = grouping::folders(&answer.nodes, &answer.interactions);
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
                health: "",
            },
        });
    }
    Some(draw(cells, &answer.interactions, &of))
}

fn cell(node: &Node) -> Cell {
    let members = vec![node.name.clone()];
    Cell { name: node.name.clone(), kind: node.kind.clone(), note: node.note(), members, health: "" }
}

fn draw(cells: Vec<Cell>, interactions: &[Interaction], of: &BTreeMap<&str, usize>) -> Drawing {
    let mut arrows: BTreeMap<(usize, usize), Arrow> = BTreeMap::new();
    for one in interactions {
        let (Some(&from), Some(&to)) = (of.get(one.from.as_str()), of.get(one.to.as_str())) else { continue };
        if from == to && cells[from].kind == "group" {
            continue;
        }
        let new = || Arrow { from, to, kinds: Vec::new(), dashed: true, keys: Vec::new(), health: "" };
        let arrow = arrows.entry((from, to)).or_insert_with(new);
        if !arrow.kinds.contains(&one.kind) {
            arrow.kinds.push(one.kind.clone());
        }
        arrow.dashed &= one.certainty == "inferred";
        arrow.keys.push(one.key.clone());
    }
    let arrows: Vec<Arrow> = arrows.into_values().collect();
    let widths: Vec<f64> = cells.iter().map(|c| layout::width(&[&c.name, &c.note])).collect();
    let shape =
        Shape { widths: widths.clone(), lines: arrows.iter().map(|a| (a.from, a.to)).collect(), heights: Vec::new() };
    let layout = layout::layout(&shape);
    Drawing { cells, arrows, frames: Vec::new(), layout, widths }
}
