//! The order within each layer: every item goes where its neighbours are, left and right in turn, and the order with the
//! fewest crossings wins.

use super::layers::Grid;
use std::collections::HashMap;

const SWEEPS: usize = 12;
/// Above this many links crossings are not counted: the last order is as good as any.
const COUNTED: usize = 4_000;

pub(super) fn order(mut grid: Grid) -> Grid {
    let items = grid.layers.iter().flatten().copied().max().map_or(0, |m| m + 1);
    let mut left = vec![Vec::new(); items];
    let mut right = vec![Vec::new(); items];
    for (a, b) in &grid.links {
        right[*a].push(*b);
        left[*b].push(*a);
    }
    let count = |layers: &[Vec<usize>]| if grid.links.len() <= COUNTED { crossings(layers, &right) } else { 0 };
    let mut best = (count(&grid.layers), grid.layers.clone());
    let mut layers = grid.layers.clone();
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> =
            if down { (1..layers.len()).collect() } else { (0..layers.len().max(1) - 1).rev().collect() };
        for layer in order {
            let fixed = if down { &layers[layer - 1] } else { &layers[layer + 1] };
            let at: HashMap<usize, usize> = fixed.iter().enumerate().map(|(i, n)| (*n, i)).collect();
            let neighbours = if down { &left } else { &right };
            let mut keyed: Vec<(f64, usize, usize)> = layers[layer]
                .iter()
                .enumerate()
                .map(|(i, n)| {
                    let near: Vec<usize> = neighbours[*n].iter().filter_map(|m| at.get(m).copied()).collect();
                    let centre = near.iter().sum::<usize>() as f64 / near.len().max(1) as f64;
                    (if near.is_empty() { i as f64 } else { centre }, i, *n)
                })
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            layers[layer] = keyed.into_iter().map(|(_, _, n)| n).collect();
        }
        let now = count(&layers);
        if now < best.0 || grid.links.len() > COUNTED {
            best = (now, layers.clone());
        }
    }
    grid.layers = best.1;
    grid
}

/// Pairs of links between neighbouring layers that cross.
fn crossings(layers: &[Vec<usize>], right: &[Vec<usize>]) -> usize {
    let mut total = 0;
    for pair in layers.windows(2) {
        let at: HashMap<usize, usize> = pair[1].iter().enumerate().map(|(i, n)| (*n, i)).collect();
        let mut seen: Vec<usize> = Vec::new();
        for node in &pair[0] {
            let mut ends: Vec<usize> = right[*node].iter().filter_map(|m| at.get(m).copied()).collect();
            ends.sort_unstable();
            for end in &ends {
                total += seen.iter().filter(|s| *s > end).count();
            }
            seen.extend(ends);
        }
    }
    total
}
