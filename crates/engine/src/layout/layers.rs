//! Which layer each box stands in, and a bend for every layer that a line crosses.

use super::Shape;

/// With more bends than this, lines across layers are drawn straight: nobody could follow them anyway.
const MOST_BENDS: usize = 20_000;

/// Boxes and bends by layer. Items below `boxes` are boxes, the rest bends.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub boxes: usize,
    pub layers: Vec<Vec<usize>>,
    /// Short lines between neighbouring layers, left to right.
    pub links: Vec<(usize, usize)>,
    /// For each line of the shape: the items it passes, in the direction of the line.
    pub ways: Vec<Vec<usize>>,
    /// Boxes that no line touches.
    pub loners: Vec<usize>,
}

pub(super) fn assign(shape: &Shape) -> Grid {
    let count = shape.widths.len();
    let real: Vec<(usize, usize)> = shape.lines.iter().copied().filter(|(a, b)| a != b).collect();
    let mut touched = vec![false; count];
    for (a, b) in &real {
        touched[*a] = true;
        touched[*b] = true;
    }
    let forward = acyclic(count, &real);
    let layer = longest(count, &forward);
    let depth = (0..count).filter(|n| touched[*n]).map(|n| layer[n] + 1).max().unwrap_or(0);
    let mut grid = Grid { boxes: count, layers: vec![Vec::new(); depth], ..Grid::default() };
    for node in 0..count {
        if touched[node] {
            grid.layers[layer[node]].push(node);
        } else {
            grid.loners.push(node);
        }
    }
    let mut next = count;
    let bends: usize = shape.lines.iter().map(|(a, b)| layer[*a].abs_diff(layer[*b]).saturating_sub(1)).sum();
    for (from, to) in &shape.lines {
        if from == to {
            grid.ways.push(Vec::new());
            continue;
        }
        let turned = layer[*from] > layer[*to];
        let (left, right) = if turned { (*to, *from) } else { (*from, *to) };
        let mut way = vec![left];
        if bends > MOST_BENDS && layer[right] > layer[left] + 1 {
            grid.ways.push(vec![*from, *to]);
            continue;
        }
        for items in &mut grid.layers[layer[left] + 1..layer[right].max(layer[left] + 1)] {
            items.push(next);
            way.push(next);
            next += 1;
        }
        way.push(right);
        grid.links.extend(way.windows(2).map(|w| (w[0], w[1])));
        if turned {
            way.reverse();
        }
        grid.ways.push(way);
    }
    grid
}

/// The lines with those turned round that close a cycle. Depth first, in the order given, without recursion.
fn acyclic(count: usize, lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut outgoing = vec![Vec::new(); count];
    let mut incoming = vec![0usize; count];
    for (index, (from, to)) in lines.iter().enumerate() {
        outgoing[*from].push(index);
        incoming[*to] += 1;
    }
    // Begin where nothing comes in: what is called by nobody belongs to the left.
    let mut starts: Vec<usize> = (0..count).collect();
    starts.sort_by_key(|n| (incoming[*n] > 0, *n));
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; count];
    let mut turned = vec![false; lines.len()];
    for start in starts {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut stack = vec![(start, 0)];
        while let Some((node, at)) = stack.pop() {
            let Some(line) = outgoing[node].get(at) else {
                state[node] = State::Done;
                continue;
            };
            stack.push((node, at + 1));
            let to = lines[*line].1;
            match state[to] {
                State::New => {
                    state[to] = State::Open;
                    stack.push((to, 0));
                }
                State::Open => turned[*line] = true,
                State::Done => {}
            }
        }
    }
    lines.iter().zip(turned).map(|((a, b), turned)| if turned { (*b, *a) } else { (*a, *b) }).collect()
}

/// Each box one layer right of its farthest caller; then callers move right as far as what they call lets them, so that
/// lines stay short.
fn longest(count: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0usize; count];
    let mut waiting = vec![0usize; count];
    for (_, to) in lines {
        waiting[*to] += 1;
    }
    let mut outgoing = vec![Vec::new(); count];
    for (from, to) in lines {
        outgoing[*from].push(*to);
    }
    let mut sorted: Vec<usize> = (0..count).filter(|n| waiting[*n] == 0).collect();
    let mut at = 0;
    while let Some(node) = sorted.get(at).copied() {
        at += 1;
        for to in &outgoing[node] {
            layer[*to] = layer[*to].max(layer[node] + 1);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                sorted.push(*to);
            }
        }
    }
    let mut has_caller = vec![false; count];
    for (_, to) in lines {
        has_caller[*to] = true;
    }
    for node in sorted.into_iter().rev() {
        if let Some(right) = outgoing[node].iter().map(|to| layer[*to]).min()
            && !has_caller[node]
        {
            layer[node] = layer[node].max(right.saturating_sub(1));
        }
    }
    layer
}
