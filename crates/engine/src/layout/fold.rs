//! Layers of hundreds of boxes stand in several columns, so that the picture has the form of a screen and not of a ribbon.
//!
//! Boxes go to the columns in turn, so that each still stands about as high as its neighbours want it.

use super::layers::Grid;
use super::{ALLEY, GAP, Shape};

/// A layer that is not taller than this stays as it is.
const TALL: f64 = 1_400.0;
/// How much wider than tall a folded picture is to be.
pub(super) const FORM: f64 = 1.4;
const MOST_COLUMNS: usize = 64;

/// Between the columns of one layer.
pub(super) const AISLE: f64 = 2.0 * GAP;

/// In how many columns the boxes of each layer stand.
pub(super) fn columns(shape: &Shape, grid: &Grid) -> Vec<usize> {
    let boxes = |layer: &[usize]| layer.iter().copied().filter(|i| *i < grid.boxes).collect::<Vec<_>>();
    let sizes: Vec<(f64, f64)> = grid
        .layers
        .iter()
        .map(|layer| {
            let boxes = boxes(layer);
            let wide = boxes.iter().map(|b| shape.widths[*b]).fold(0.0, f64::max);
            (boxes.iter().map(|b| shape.height(*b) + GAP).sum(), wide)
        })
        .collect();
    let tallest = sizes.iter().map(|(tall, _)| *tall).fold(0.0, f64::max);
    let folded = |room: f64| -> Vec<usize> {
        let count =
            |tall: f64| if tall > TALL { (tall / room).ceil().clamp(1.0, MOST_COLUMNS as f64) as usize } else { 1 };
        sizes.iter().map(|(tall, _)| count(*tall)).collect()
    };
    let wide = |columns: &[usize]| -> f64 {
        let of = |(count, (_, wide)): (&usize, &(f64, f64))| *count as f64 * (wide + AISLE) + ALLEY - AISLE;
        columns.iter().zip(&sizes).map(of).sum()
    };
    let fits = |room: &f64| wide(&folded(*room)) >= FORM * room;
    let rooms = (1..=MOST_COLUMNS).map(|n| tallest / n as f64).take_while(|room| *room > TALL / 4.0);
    let mut last = tallest;
    for room in rooms {
        last = room;
        if fits(&room) {
            break;
        }
    }
    folded(last)
}

/// The boxes of a layer by column.
pub(super) fn split(layer: &[usize], boxes: usize, columns: usize) -> Vec<Vec<usize>> {
    let own: Vec<usize> = layer.iter().copied().filter(|i| *i < boxes).collect();
    (0..columns).map(|c| own.iter().copied().skip(c).step_by(columns).collect()).collect()
}
