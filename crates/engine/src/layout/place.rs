//! Coordinates: layers side by side, items as near to their neighbours as those above and below let them.

use super::fold::{self, AISLE};
use super::layers::Grid;
use super::{ALLEY, GAP, HEIGHT, Layout, MARGIN, Point, Shape};

const ROUNDS: usize = 10;
/// A bend needs less room than a box.
const BEND: f64 = 10.0;

pub(super) fn place(shape: &Shape, grid: &Grid) -> Layout {
    let items = grid.layers.iter().flatten().copied().max().map_or(0, |m| m + 1).max(grid.boxes);
    let room = |item: usize| if item < grid.boxes { shape.height(item) + GAP } else { BEND };
    let columns = fold::columns(shape, grid);
    // Lines are not led through a layer that is folded: there is no one place to pass it.
    let mut dropped = vec![false; items];
    let mut y = vec![0.0; items];
    for (layer, columns) in grid.layers.iter().zip(&columns) {
        let stacks = if *columns == 1 { vec![layer.clone()] } else { fold::split(layer, grid.boxes, *columns) };
        for stack in stacks {
            let mut at = 0.0;
            for item in stack {
                y[item] = at + room(item) / 2.0;
                at += room(item);
            }
        }
        layer.iter().filter(|i| *columns > 1 && **i >= grid.boxes).for_each(|bend| dropped[*bend] = true);
    }
    let mut near = vec![Vec::new(); items];
    for (a, b) in grid.links.iter().filter(|(a, b)| !dropped[*a] && !dropped[*b]) {
        near[*a].push(*b);
        near[*b].push(*a);
    }
    for _ in 0..ROUNDS {
        for (layer, _) in grid.layers.iter().zip(&columns).filter(|(_, columns)| **columns == 1) {
            settle(layer, &near, &room, &mut y);
        }
    }
    let top = grid
        .layers
        .iter()
        .flatten()
        .filter(|i| !dropped[**i])
        .map(|i| y[*i] - room(*i) / 2.0)
        .fold(f64::INFINITY, f64::min);
    let top = if top.is_finite() { top } else { 0.0 };
    let mut layout = Layout { boxes: vec![Point::default(); grid.boxes], ..Layout::default() };
    let mut bends = vec![Point::default(); items];
    let mut x = MARGIN;
    let stacks = grid.layers.iter().zip(&columns).flat_map(|(layer, columns)| match columns {
        1 => vec![(layer.clone(), ALLEY)],
        _ => {
            let mut stacks: Vec<(Vec<usize>, f64)> =
                fold::split(layer, grid.boxes, *columns).into_iter().map(|stack| (stack, AISLE)).collect();
            stacks.iter_mut().next_back().into_iter().for_each(|last| last.1 = ALLEY);
            stacks
        }
    });
    for (layer, beside) in stacks {
        let wide = layer.iter().filter(|i| **i < grid.boxes).map(|i| shape.widths[*i]).fold(0.0, f64::max);
        for item in layer {
            let down = y[item] - top + MARGIN;
            bends[item] = Point { x: x + wide / 2.0, y: down };
            if item < grid.boxes {
                layout.boxes[item] = Point { x: x + (wide - shape.widths[item]) / 2.0, y: down };
            }
            layout.height = layout.height.max(down + room(item) / 2.0);
        }
        x += wide + beside;
    }
    layout.width = (x - ALLEY + MARGIN).max(2.0 * MARGIN);
    loners(shape, grid, &mut layout);
    layout.height += MARGIN;
    let shown = |way: &Vec<usize>| way.iter().copied().filter(|i| !dropped[*i]).collect::<Vec<_>>();
    layout.lines = grid.ways.iter().map(|way| line(&shown(way), grid.boxes, shape, &layout.boxes, &bends)).collect();
    layout
}

/// Moves a layer's items towards the middle of their neighbours, then apart again, from both ends.
fn settle(layer: &[usize], near: &[Vec<usize>], room: &dyn Fn(usize) -> f64, y: &mut [f64]) {
    if layer.is_empty() {
        return;
    }
    let wish: Vec<f64> = layer
        .iter()
        .map(|i| {
            let around = &near[*i];
            if around.is_empty() { y[*i] } else { around.iter().map(|n| y[*n]).sum::<f64>() / around.len() as f64 }
        })
        .collect();
    let apart = |a: usize, b: usize| (room(layer[a]) + room(layer[b])) / 2.0;
    let mut down = wish.clone();
    for i in 1..layer.len() {
        down[i] = down[i].max(down[i - 1] + apart(i - 1, i));
    }
    let mut up = wish;
    for i in (0..layer.len() - 1).rev() {
        up[i] = up[i].min(up[i + 1] - apart(i, i + 1));
    }
    // The mean of two orders that both keep distances keeps them too.
    for (i, item) in layer.iter().enumerate() {
        y[*item] = (down[i] + up[i]) / 2.0;
    }
}

/// Boxes without lines stand in rows below the rest, as tall as the tallest in them.
fn loners(shape: &Shape, grid: &Grid, layout: &mut Layout) {
    // Many of them have the form of a screen too.
    let area: f64 = grid.loners.iter().map(|n| (shape.widths[*n] + GAP) * (shape.height(*n) + GAP)).sum();
    let widest = layout.width.max(720.0).max((area * fold::FORM).sqrt()) - MARGIN;
    let mut top = if layout.height > 0.0 { layout.height + GAP + HEIGHT / 2.0 } else { MARGIN };
    let mut rest = grid.loners.as_slice();
    while !rest.is_empty() {
        let (mut x, mut count) = (MARGIN, 0);
        for node in rest {
            if count > 0 && x + shape.widths[*node] > widest {
                break;
            }
            x += shape.widths[*node] + GAP;
            count += 1;
        }
        let (row, more) = rest.split_at(count);
        let tall = row.iter().map(|n| shape.height(*n)).fold(0.0, f64::max);
        let mut at = Point { x: MARGIN, y: top + tall / 2.0 };
        for node in row {
            layout.boxes[*node] = at;
            layout.width = layout.width.max(at.x + shape.widths[*node] + MARGIN);
            at.x += shape.widths[*node] + GAP;
        }
        layout.height = layout.height.max(top + tall);
        top += tall + GAP;
        rest = more;
    }
}

/// From the side of one box to the side of the other, through the bends.
fn line(way: &[usize], boxes: usize, shape: &Shape, at: &[Point], bends: &[Point]) -> Vec<Point> {
    let (Some(first), Some(last)) = (way.first(), way.last()) else { return Vec::new() };
    let leftwards = at[*first].x > at[*last].x;
    let side = |item: usize, right: bool| Point {
        x: at[item].x + if right { shape.widths[item] } else { 0.0 },
        y: at[item].y,
    };
    let mut out = vec![side(*first, !leftwards)];
    out.extend(way.iter().filter(|i| **i >= boxes).map(|i| bends[*i]));
    out.push(side(*last, leftwards));
    out
}
