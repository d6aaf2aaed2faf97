//! The map as a picture: boxes, groups and lines with their places, for whoever draws it.
//!
//! Invariant: no box lies on another, an open group encloses what is in it and nothing else, and the same request on the
//! same facts gives the same picture. Filters and focus are part of the request, so that what is left stands close together.

use super::{detect, map};
use crate::layout::{self, Layout, Point, Shape};
use crate::shape::{Interaction, Node, Place, Policy, VERSION};
use crate::trouble::{Trouble, Troubles};
use crate::{Refusal, Snapshot, grouping};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub const ABOUT: &str = "the map as a picture, for an editor that draws it: boxes, groups and lines with coordinates, what \
each line stands for, and how many findings each has";

/// A map with more boxes than this is drawn with its groups closed.
const LARGE: usize = 150;
/// From this many on, groups are shown unless something else is asked for.
const GROUPED: usize = 60;
/// Room for a group's name above what is in it, and around it.
const HEAD: f64 = 26.0;
const PAD: f64 = 14.0;
/// A line tells so many interactions, operations and places one by one.
const TOLD: usize = 40;
const FEW: usize = 12;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Tools too.
    pub all: bool,
    /// `folder`, `team` (as CODEOWNERS says), `repository` or `none`; by the size of the map unless given.
    pub group: Option<String>,
    /// Names of the groups that are drawn with what is in them; all of a small map and none of a large one unless given.
    pub open: Option<Vec<String>>,
    /// Only this node, and what is within `hops` interactions of it in either direction.
    pub around: Option<String>,
    /// One unless given.
    pub hops: Option<u32>,
    /// Only interactions of these kinds (`http`, `queue-publish` …); all if empty.
    pub kinds: Vec<String>,
    /// Only what findings are about.
    pub troubled: bool,
    /// The findings that are counted.
    pub findings: detect::Request,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// The workspace's name, if it says one.
    pub name: Option<String>,
    /// How it is grouped: `folder`, `team`, `repository` or `none`.
    pub group: String,
    /// The groupings that tell something here.
    pub groupings: Vec<String>,
    /// The kinds of interactions of the whole map.
    pub kinds: Vec<String>,
    /// Nodes and interactions of the whole map.
    pub nodes: usize,
    pub interactions: usize,
    /// Size in pixels; the origin is left and above.
    pub width: i32,
    pub height: i32,
    /// Open groups.
    pub groups: Vec<Group>,
    pub boxes: Vec<Cell>,
    pub lines: Vec<Line>,
}

/// A group that is drawn around what is in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    pub name: String,
    /// Its middle.
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    pub trouble: Trouble,
}

/// A node, or a closed group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    pub name: String,
    /// `service`, `gateway`, `database`, `cache`, `broker`, `external`, `tool` or `group`.
    pub kind: String,
    /// A second line: product, language, how many.
    pub note: String,
    /// The open group that it stands in.
    pub group: Option<String>,
    /// The nodes in a closed group.
    pub members: Vec<String>,
    /// Its middle.
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
    pub trouble: Trouble,
    /// Where it is declared.
    pub at: Option<Place>,
}

/// All that passes from one box to another.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Names of boxes.
    pub from: String,
    pub to: String,
    pub kinds: Vec<String>,
    /// All of it is inferred.
    pub inferred: bool,
    /// Bends between the two boxes, as `[x, y]`.
    pub bends: Vec<[i32; 2]>,
    pub trouble: Trouble,
    /// The first of its interactions, one by one.
    pub passages: Vec<Passage>,
    /// Interactions that are not among them.
    pub more: usize,
}

/// An interaction in short.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    pub key: String,
    /// Names of nodes.
    pub from: String,
    pub to: String,
    pub kind: String,
    pub certainty: String,
    /// The first few, each with its place.
    pub operations: Vec<Told>,
    /// `timeout 2000 ms · retry 3 attempts`; empty if nothing is set.
    pub policies: String,
    /// The decisive place.
    pub at: Option<Place>,
    pub trouble: Trouble,
}

/// An operation and the line that does it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    pub operation: String,
    pub path: String,
    pub line: u32,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let whole = map::Request { profile: request.profile.clone(), all: request.all, ..map::Request::default() };
    let map = map::run(snapshot, &whole)?;
    let found = detect::run(snapshot, &request.findings)?;
    let troubles = Troubles::of(&found.findings, &map.nodes, &map.interactions);
    let kinds: BTreeSet<String> = map.interactions.iter().map(|i| i.kind.clone()).collect();
    let groupings: Vec<String> = grouping::WAYS
        .into_iter()
        .filter(|way| !grouping::by(way, &map.nodes, &map.interactions, &map.owners).is_empty())
        .map(ToOwned::to_owned)
        .collect();
    let group = match request.group.as_deref() {
        None if map.nodes.len() > GROUPED => groupings.first().map_or("none", String::as_str).to_owned(),
        None => "none".to_owned(),
        Some(way) if way == "none" || grouping::WAYS.contains(&way) => way.to_owned(),
        Some(way) => {
            let hint = format!("choose one of {}, none", grouping::WAYS.join(", "));
            return Err(Refusal::usage(format!("nothing is grouped by `{way}`"), hint));
        }
    };
    let groups = grouping::by(&group, &map.nodes, &map.interactions, &map.owners);
    let of: BTreeMap<String, String> =
        groups.into_iter().map(|(node, group)| (map.nodes[node].name.clone(), group)).collect();
    let (totals, name) = ((map.nodes.len(), map.interactions.len()), map.name.clone());
    let (nodes, interactions) = select(snapshot, request, map, &troubles)?;
    let mut picture = Picture::of(&nodes, &of, request.open.as_deref(), &troubles);
    picture.connect(&interactions, &troubles);
    let (width, height) = picture.place();
    Ok(Answer {
        version: VERSION,
        name,
        group,
        groupings,
        kinds: kinds.into_iter().collect(),
        nodes: totals.0,
        interactions: totals.1,
        width,
        height,
        groups: picture.groups,
        boxes: picture.cells,
        lines: picture.lines,
    })
}

/// What the request leaves of the map.
fn select(
    snapshot: &Snapshot,
    request: &Request,
    map: map::Answer,
    troubles: &Troubles,
) -> Result<(Vec<Node>, Vec<Interaction>), Refusal> {
    let map::Answer { mut nodes, mut interactions, .. } = map;
    interactions.retain(|i| request.kinds.is_empty() || request.kinds.contains(&i.kind));
    let graph = snapshot.graph(request.profile.as_deref());
    let named = |name: &String| map::find(&graph, name).map(|node| graph.nodes[node].name.to_string());
    let centre = request.around.as_ref().map(named).transpose()?;
    if let Some(centre) = &centre {
        let near = near(centre, request.hops.unwrap_or(1), &interactions);
        nodes.retain(|n| near.contains(&n.name));
        interactions.retain(|i| near.contains(&i.from) && near.contains(&i.to));
    }
    if request.troubled {
        interactions.retain(|i| troubles.at(&i.key).any());
    }
    if request.troubled || !request.kinds.is_empty() {
        let ends: BTreeSet<&String> = interactions.iter().flat_map(|i| [&i.from, &i.to]).collect();
        let wrong = |n: &Node| request.troubled && troubles.at(&n.key).any();
        nodes.retain(|n| ends.contains(&n.name) || centre.as_ref() == Some(&n.name) || wrong(n));
    }
    Ok((nodes, interactions))
}

/// The names that are at most so many interactions away.
fn near(centre: &str, hops: u32, interactions: &[Interaction]) -> BTreeSet<String> {
    let mut beside: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in interactions {
        beside.entry(&one.from).or_default().push(&one.to);
        beside.entry(&one.to).or_default().push(&one.from);
    }
    let (mut all, mut edge) = (BTreeSet::from([centre]), vec![centre]);
    for _ in 0..hops {
        let next = edge.iter().flat_map(|n| beside.get(n).into_iter().flatten().copied());
        let next: Vec<&str> = next.filter(|n| all.insert(n)).collect();
        edge = next;
    }
    all.into_iter().map(ToOwned::to_owned).collect()
}

/// What is drawn, while it is put together.
struct Picture {
    groups: Vec<Group>,
    cells: Vec<Cell>,
    lines: Vec<Line>,
    /// The box of each node, by name.
    of: BTreeMap<String, usize>,
    /// For each line: indexes of its boxes.
    ends: Vec<(usize, usize)>,
    /// For each box: index of the open group around it.
    within: Vec<Option<usize>>,
}

impl Picture {
    fn of(nodes: &[Node], group: &BTreeMap<String, String>, open: Option<&[String]>, troubles: &Troubles) -> Self {
        let mut members: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        let mut alone: Vec<&Node> = Vec::new();
        for node in nodes {
            match group.get(&node.name) {
                Some(group) => members.entry(group).or_default().push(node),
                None => alone.push(node),
            }
        }
        let mut out = Picture {
            groups: Vec::new(),
            cells: Vec::new(),
            lines: Vec::new(),
            of: BTreeMap::new(),
            ends: Vec::new(),
            within: Vec::new(),
        };
        for (name, members) in members {
            let mut trouble = Trouble::default();
            members.iter().for_each(|n| trouble.add(&troubles.at(&n.key)));
            let is_open = open.map_or(nodes.len() <= LARGE, |open| open.iter().any(|o| o == name));
            match members.as_slice() {
                // A frame around one box says nothing.
                [only] => out.node(only, None, troubles),
                members if is_open => {
                    let within = Some(out.groups.len());
                    out.groups.push(Group { name: name.to_owned(), x: 0, y: 0, width: 0, height: 0, trouble });
                    members.iter().for_each(|n| out.node(n, within, troubles));
                }
                members => {
                    let members: Vec<String> = members.iter().map(|n| n.name.clone()).collect();
                    let note = format!("{} nodes", members.len());
                    for member in &members {
                        out.of.insert(member.clone(), out.cells.len());
                    }
                    out.cell(name, "group", note, None, trouble, None);
                    if let Some(cell) = out.cells.last_mut() {
                        cell.members = members;
                    }
                }
            }
        }
        alone.into_iter().for_each(|n| out.node(n, None, troubles));
        out
    }

    fn node(&mut self, node: &Node, within: Option<usize>, troubles: &Troubles) {
        self.of.insert(node.name.clone(), self.cells.len());
        let at = node.evidence.first().cloned();
        self.cell(&node.name, &node.kind, node.note(), within, troubles.at(&node.key), at);
    }

    fn cell(
        &mut self,
        name: &str,
        kind: &str,
        note: String,
        within: Option<usize>,
        trouble: Trouble,
        at: Option<Place>,
    ) {
        let width = layout::width(&[name, &note]) as i32;
        let group = within.map(|g| self.groups[g].name.clone());
        let (name, kind) = (name.to_owned(), kind.to_owned());
        let (height, members) = (layout::HEIGHT as i32, Vec::new());
        self.cells.push(Cell { name, kind, note, group, members, x: 0, y: 0, width, height, trouble, at });
        self.within.push(within);
    }

    fn connect(&mut self, interactions: &[Interaction], troubles: &Troubles) {
        let mut lines: BTreeMap<(usize, usize), Line> = BTreeMap::new();
        for one in interactions {
            let (Some(&from), Some(&to)) = (self.of.get(&one.from), self.of.get(&one.to)) else { continue };
            if from == to && self.cells[from].kind == "group" {
                continue;
            }
            let line = lines.entry((from, to)).or_insert_with(|| Line {
                from: self.cells[from].name.clone(),
                to: self.cells[to].name.clone(),
                kinds: Vec::new(),
                inferred: true,
                bends: Vec::new(),
                trouble: Trouble::default(),
                passages: Vec::new(),
                more: 0,
            });
            if !line.kinds.contains(&one.kind) {
                line.kinds.push(one.kind.clone());
            }
            let trouble = troubles.at(&one.key);
            line.inferred &= one.certainty == "inferred";
            line.trouble.add(&trouble);
            if line.passages.len() < TOLD {
                line.passages.push(passage(one, trouble));
            } else {
                line.more += 1;
            }
        }
        (self.ends, self.lines) = lines.into_iter().unzip();
    }

    /// Gives everything its place: first what is in each group, then groups and the rest among each other.
    fn place(&mut self) -> (i32, i32) {
        let inner: Vec<Inner> = (0..self.groups.len()).map(|g| self.inner(g)).collect();
        let alone: Vec<usize> = (0..self.cells.len()).filter(|c| self.within[*c].is_none()).collect();
        let at: BTreeMap<usize, usize> = alone.iter().enumerate().map(|(i, c)| (*c, inner.len() + i)).collect();
        let item = |cell: usize| self.within[cell].or_else(|| at.get(&cell).copied()).unwrap_or_default();
        let mut outer = BTreeMap::new();
        for (from, to) in self.ends.iter().map(|(a, b)| (item(*a), item(*b))).filter(|(a, b)| a != b) {
            let next = outer.len();
            outer.entry((from, to)).or_insert(next);
        }
        let mut lines: Vec<(usize, usize)> = vec![(0, 0); outer.len()];
        outer.iter().for_each(|(line, index)| lines[*index] = *line);
        let cells = alone.iter().map(|c| &self.cells[*c]);
        let shape = Shape {
            widths: inner.iter().map(|i| i.layout.width).chain(cells.clone().map(|c| f64::from(c.width))).collect(),
            heights: inner.iter().map(|i| i.layout.height).chain(cells.map(|c| f64::from(c.height))).collect(),
            lines,
        };
        let whole = layout::layout(&shape);
        let mut middles = vec![Point::default(); self.cells.len()];
        for (group, inner) in inner.iter().enumerate() {
            let (corner, width, height) = (whole.boxes[group], inner.layout.width, inner.layout.height);
            let top = corner.y - height / 2.0;
            for (index, cell) in inner.cells.iter().enumerate() {
                let at = inner.layout.boxes[index];
                middles[*cell] = Point { x: corner.x + at.x + f64::from(self.cells[*cell].width) / 2.0, y: top + at.y };
            }
            let frame = &mut self.groups[group];
            (frame.x, frame.y) = ((corner.x + width / 2.0) as i32, corner.y as i32);
            (frame.width, frame.height) = (width as i32, height as i32);
            for (index, line) in inner.lines.iter().enumerate() {
                let moved = |p: &Point| [(corner.x + p.x) as i32, (top + p.y) as i32];
                self.lines[*line].bends = between(&inner.layout.lines[index]).iter().map(moved).collect();
            }
        }
        for (cell, item) in &at {
            let corner = whole.boxes[*item];
            middles[*cell] = Point { x: corner.x + f64::from(self.cells[*cell].width) / 2.0, y: corner.y };
        }
        for (line, (from, to)) in self.ends.iter().enumerate() {
            if let Some(index) = outer.get(&(item(*from), item(*to))) {
                self.lines[line].bends =
                    between(&whole.lines[*index]).iter().map(|p| [p.x as i32, p.y as i32]).collect();
            }
        }
        for (cell, middle) in self.cells.iter_mut().zip(middles) {
            (cell.x, cell.y) = (middle.x as i32, middle.y as i32);
        }
        (whole.width as i32, whole.height as i32)
    }

    /// Where things stand within a group, from its left upper corner.
    fn inner(&self, group: usize) -> Inner {
        let cells: Vec<usize> = (0..self.cells.len()).filter(|c| self.within[*c] == Some(group)).collect();
        let place: BTreeMap<usize, usize> = cells.iter().enumerate().map(|(i, c)| (*c, i)).collect();
        let mut lines = Vec::new();
        let mut shape =
            Shape { widths: cells.iter().map(|c| f64::from(self.cells[*c].width)).collect(), ..Shape::default() };
        for (line, (from, to)) in self.ends.iter().enumerate() {
            if let (Some(from), Some(to)) = (place.get(from), place.get(to)) {
                lines.push(line);
                shape.lines.push((*from, *to));
            }
        }
        let mut layout = layout::layout(&shape);
        let (left, top) = (PAD - layout::MARGIN, PAD + HEAD - layout::MARGIN);
        for point in layout.boxes.iter_mut().chain(layout.lines.iter_mut().flatten()) {
            point.x += left;
            point.y += top;
        }
        let title = layout::width(&[&self.groups[group].name]);
        layout.width = (layout.width + 2.0 * left).max(title);
        layout.height += top + PAD - layout::MARGIN;
        Inner { cells, lines, layout }
    }
}

struct Inner {
    cells: Vec<usize>,
    lines: Vec<usize>,
    layout: Layout,
}

/// A line without its ends.
fn between(points: &[Point]) -> &[Point] {
    points.get(1..points.len().saturating_sub(1)).unwrap_or_default()
}

fn passage(one: &Interaction, trouble: Trouble) -> Passage {
    let mut operations: Vec<Told> = Vec::new();
    for told in &one.operations {
        let operation = if told.operation.is_empty() { &told.client } else { &told.operation };
        if operations.len() < FEW && operations.iter().all(|o| o.operation != *operation) {
            operations.push(Told { operation: operation.clone(), path: told.at.path.clone(), line: told.at.line });
        }
    }
    Passage {
        key: one.key.clone(),
        from: one.from.clone(),
        to: one.to.clone(),
        kind: one.kind.clone(),
        certainty: one.certainty.clone(),
        operations,
        policies: Policy::line(&one.policies),
        at: one.evidence.first().cloned(),
        trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Engine, extract};
    use std::sync::Arc;

    /// `a-0` … `a-N` in one folder and `b-0` … `b-N` in another, each calling the next, with a store of its own.
    fn snapshot(count: usize) -> Snapshot {
        let mut compose = "services:\n".to_owned();
        let mut engine = Engine::default();
        let mut write = |path: String, text: &str| {
            let facts = Arc::new(extract(&path, text));
            engine.apply([Change::File { path: path.into(), facts }]);
        };
        for team in ["a", "b"] {
            for n in 0..count {
                let next = format!("{}-{}", if n + 1 == count { "b" } else { team }, (n + 1) % count);
                compose.push_str(&format!(
                    "  {team}-{n}:\n    build: ./{team}/{team}-{n}\n    environment:\n      NEXT: http://{next}:80\n      DB: redis://{team}-{n}-db\n  {team}-{n}-db:\n    image: redis\n"
                ));
                write(format!("{team}/{team}-{n}/Dockerfile"), "FROM python\nCOPY . .\n");
                write(
                    format!("{team}/{team}-{n}/main.py"),
                    "import os\nimport redis\nimport requests\ndb = redis.from_url(os.environ[\"DB\"])\n\ndef go():\n    return requests.get(os.environ[\"NEXT\"] + \"/x\")\n",
                );
            }
        }
        write("compose.yaml".to_owned(), &compose);
        engine.snapshot()
    }

    fn draw(snapshot: &Snapshot, request: &str) -> Answer {
        run(snapshot, &serde_json::from_str(request).unwrap()).unwrap()
    }

    fn apart(answer: &Answer) {
        for (i, a) in answer.boxes.iter().enumerate() {
            for b in &answer.boxes[i + 1..] {
                let beside = (a.x - b.x).abs() >= (a.width + b.width) / 2 - 1;
                assert!(beside || (a.y - b.y).abs() >= (a.height + b.height) / 2 - 1, "{a:?} lies on {b:?}");
            }
            for group in &answer.groups {
                let inside = (a.x - group.x).abs() <= (group.width - a.width) / 2 + 1
                    && (a.y - group.y).abs() <= (group.height - a.height) / 2 + 1;
                assert_eq!(inside, a.group.as_ref() == Some(&group.name), "{a:?} and {group:?}");
            }
        }
    }

    #[test]
    fn open_groups_enclose_what_is_in_them_and_nothing_else() {
        let answer = draw(&snapshot(5), r#"{"group":"folder"}"#);
        assert_eq!(answer.groups.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(answer.boxes.len(), 20);
        apart(&answer);
        apart(&draw(&snapshot(5), r#"{"group":"folder","open":["a"]}"#));
        apart(&draw(&snapshot(5), "{}"));
    }

    #[test]
    fn closed_groups_gather_what_passes_between_them() {
        let answer = draw(&snapshot(5), r#"{"group":"folder","open":[]}"#);
        assert_eq!(
            answer.boxes.iter().map(|b| (b.name.as_str(), b.members.len())).collect::<Vec<_>>(),
            [("a", 10), ("b", 10)]
        );
        assert_eq!(answer.lines.len(), 1);
        assert_eq!((answer.lines[0].from.as_str(), answer.lines[0].passages.len()), ("a", 1));
        assert_eq!((answer.nodes, answer.interactions), (20, 20));
    }

    #[test]
    fn large_maps_begin_closed() {
        let answer = draw(&snapshot(40), "{}");
        assert_eq!((answer.group.as_str(), answer.boxes.len(), answer.nodes), ("folder", 2, 160));
    }

    #[test]
    fn focus_and_kinds_leave_the_rest_out() {
        let snapshot = snapshot(5);
        let names = |request: &str| {
            let mut names: Vec<String> = draw(&snapshot, request).boxes.into_iter().map(|b| b.name).collect();
            names.sort();
            names
        };
        assert_eq!(names(r#"{"around":"a-1"}"#), ["a-0", "a-1", "a-1-db", "a-2"]);
        assert_eq!(names(r#"{"around":"a-1","kinds":["cache"]}"#), ["a-1", "a-1-db"]);
        assert_eq!(names(r#"{"around":"a-1","hops":2}"#).len(), 7);
        let kinds = draw(&snapshot, r#"{"kinds":["http"]}"#);
        assert!(kinds.lines.iter().all(|l| l.kinds == ["http"]) && kinds.boxes.len() == 10);
        assert_eq!(kinds.kinds, ["cache", "http"], "what can be chosen does not depend on what is");
    }

    #[test]
    fn findings_are_counted_where_something_is_wrong() {
        let snapshot = snapshot(5);
        let answer = draw(&snapshot, "{}");
        let counted = |name: &str| answer.boxes.iter().find(|b| b.name == name).unwrap().trouble.warnings;
        assert_eq!((counted("b-1"), counted("b-1-db"), counted("a-1")), (1, 0, 0), "the circle is of `b`");
        let only = draw(&snapshot, r#"{"troubled":true}"#);
        assert!(only.boxes.len() == 5 && only.lines.iter().all(|l| l.trouble.any()));
        let none = draw(&snapshot, r#"{"findings":{"off":["call-cycle"]},"troubled":true,"around":"a-1"}"#);
        assert_eq!(none.boxes.len(), 1, "what is looked at stays");
    }

    #[test]
    fn unknown_groupings_are_refused() {
        let refusal = run(&snapshot(1), &Request { group: Some("colour".into()), ..Request::default() }).unwrap_err();
        assert!(refusal.hint.contains("team"), "{refusal}");
    }
}
