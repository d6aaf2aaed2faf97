//! The map as it is seen: the answer of `drawing`, with its filters, focus and groups, written for other programs.

use super::drawing::{Arrow, Cell, Drawing, Frame};
use super::svg;
use seam_engine::Trouble;
use seam_engine::asks::drawing::{Answer, Cell as Seen, Line};
use seam_engine::layout::{Layout, Point};
use std::collections::BTreeMap;

/// With the places that the answer gives: nothing is laid out anew.
pub fn svg(answer: &Answer) -> String {
    let of: BTreeMap<&str, usize> = answer.boxes.iter().enumerate().map(|(i, b)| (b.name.as_str(), i)).collect();
    let lines: Vec<(usize, usize, &Line)> = answer
        .lines
        .iter()
        .filter_map(|line| Some((*of.get(line.from.as_str())?, *of.get(line.to.as_str())?, line)))
        .collect();
    let cell = |seen: &Seen| Cell {
        name: seen.name.clone(),
        kind: seen.kind.clone(),
        note: seen.note.clone(),
        members: seen.members.clone(),
        health: health(&seen.trouble),
    };
    let arrow = |(from, to, line): &(usize, usize, &Line)| Arrow {
        from: *from,
        to: *to,
        kinds: line.kinds.clone(),
        dashed: line.inferred,
        keys: line.passages.iter().map(|p| p.key.clone()).collect(),
        health: health(&line.trouble),
    };
    let frame = |group: &seam_engine::asks::drawing::Group| Frame {
        name: group.name.clone(),
        at: Point { x: f64::from(group.x - group.width / 2), y: f64::from(group.y - group.height / 2) },
        width: f64::from(group.width),
        height: f64::from(group.height),
    };
    let drawing = Drawing {
        cells: answer.boxes.iter().map(cell).collect(),
        arrows: lines.iter().map(arrow).collect(),
        frames: answer.groups.iter().map(frame).collect(),
        widths: answer.boxes.iter().map(|b| f64::from(b.width)).collect(),
        layout: Layout {
            boxes: answer.boxes.iter().map(|b| Point { x: f64::from(b.x - b.width / 2), y: f64::from(b.y) }).collect(),
            lines: lines.iter().map(|(from, to, line)| way(&answer.boxes[*from], &answer.boxes[*to], line)).collect(),
            width: f64::from(answer.width),
            height: f64::from(answer.height),
        },
    };
    svg::drawn(&drawing, "map", false) + "\n"
}

/// From the side of one box to the side of the other; nothing for a line from a box to itself.
fn way(from: &Seen, to: &Seen, line: &Line) -> Vec<Point> {
    if line.from == line.to {
        return Vec::new();
    }
    let side = |seen: &Seen, right: bool| Point {
        x: f64::from(seen.x) + f64::from(seen.width) / if right { 2.0 } else { -2.0 },
        y: f64::from(seen.y),
    };
    let leftwards = from.x > to.x;
    let bends = line.bends.iter().map(|[x, y]| Point { x: f64::from(*x), y: f64::from(*y) });
    [side(from, !leftwards)].into_iter().chain(bends).chain([side(to, leftwards)]).collect()
}

fn health(trouble: &Trouble) -> &'static str {
    match (trouble.errors, trouble.warnings) {
        (0, 0) => "",
        (0, _) => "warning",
        _ => "error",
    }
}

/// A flowchart with a subgraph for each open group.
pub fn mermaid(answer: &Answer) -> String {
    let ids: BTreeMap<&str, String> =
        answer.boxes.iter().enumerate().map(|(i, b)| (b.name.as_str(), format!("n{i}"))).collect();
    let mut out = "flowchart LR\n".to_owned();
    let node = |seen: &Seen, before: &str| {
        let (open, close) = super::mermaid::brackets(&seen.kind);
        format!("{before}{}{open}\"{}\"{close}\n", ids[seen.name.as_str()], super::mermaid::escaped(&seen.name))
    };
    for seen in answer.boxes.iter().filter(|b| b.group.is_none()) {
        out.push_str(&node(seen, "  "));
    }
    for (index, group) in answer.groups.iter().enumerate() {
        out.push_str(&format!("  subgraph g{index}[\"{}\"]\n", super::mermaid::escaped(&group.name)));
        let within = answer.boxes.iter().filter(|b| b.group.as_ref() == Some(&group.name));
        within.for_each(|seen| out.push_str(&node(seen, "    ")));
        out.push_str("  end\n");
    }
    for line in &answer.lines {
        let (Some(from), Some(to)) = (ids.get(line.from.as_str()), ids.get(line.to.as_str())) else { continue };
        let arrow = if line.inferred { "-.->" } else { "-->" };
        out.push_str(&format!("  {from} {arrow}|{}| {to}\n", line.kinds.join(", ")));
    }
    let kinds = answer.boxes.iter().map(|b| (b.kind.as_str(), ids[b.name.as_str()].as_str()));
    out.push_str(&super::mermaid::styles(kinds));
    out
}

/// Graphviz, with a cluster for each open group.
pub fn dot(answer: &Answer) -> String {
    use super::dot::{HEAD, look, quoted};
    let node = |seen: &Seen| format!("{} [{}];\n", quoted(&seen.name), look(&seen.kind));
    let mut out = HEAD.to_owned();
    for seen in answer.boxes.iter().filter(|b| b.group.is_none()) {
        out.push_str(&format!("  {}", node(seen)));
    }
    for (index, group) in answer.groups.iter().enumerate() {
        out.push_str(&format!("  subgraph cluster_{index} {{\n    label={};\n", quoted(&group.name)));
        let within = answer.boxes.iter().filter(|b| b.group.as_ref() == Some(&group.name));
        within.for_each(|seen| out.push_str(&format!("    {}", node(seen))));
        out.push_str("  }\n");
    }
    for line in &answer.lines {
        let style = if line.inferred { ", style=dashed" } else { "" };
        let label = quoted(&line.kinds.join(", "));
        out.push_str(&format!("  {} -> {} [label={label}{style}];\n", quoted(&line.from), quoted(&line.to)));
    }
    out.push_str("}\n");
    out
}
