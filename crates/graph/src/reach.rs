//! Ways through the graph.

use crate::model::Graph;
use std::collections::VecDeque;

/// The shortest ways from one node to another as lists of edge indexes, up to `most`, shortest first.
///
/// Breadth first over simple paths; the search stops after a bounded number of steps, so it ends on any graph.
pub fn paths(graph: &Graph, from: usize, to: usize, most: usize) -> Vec<Vec<usize>> {
    const MAX_STEPS: usize = 100_000;
    const MAX_LENGTH: usize = 12;
    let mut out = Vec::new();
    let mut queue: VecDeque<(usize, Vec<usize>)> = VecDeque::from([(from, Vec::new())]);
    let mut steps = 0;
    while let Some((at, way)) = queue.pop_front() {
        steps += 1;
        if steps > MAX_STEPS || out.len() >= most {
            break;
        }
        if at == to && !way.is_empty() {
            out.push(way);
            continue;
        }
        if way.len() >= MAX_LENGTH {
            continue;
        }
        for (index, edge) in graph.edges.iter().enumerate().filter(|(_, e)| e.from == at) {
            let seen = edge.to == from || way.iter().any(|i| graph.edges[*i].to == edge.to);
            if !seen || (edge.to == to && from == to) {
                let mut longer = way.clone();
                longer.push(index);
                queue.push_back((edge.to, longer));
            }
        }
    }
    out
}
