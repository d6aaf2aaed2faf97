//! Where things stand in a drawing: layers from callers on the left to what they use on the right.
//!
//! Invariant: the same picture for the same graph, byte for byte; no node lies on another. The way is that of Sugiyama,
//! Tagawa and Toda (1981): break cycles, assign layers, order each layer by barycentres, then place. Long lines get a
//! bend in every layer that they cross, so that they go around boxes.

mod fold;
mod layers;
mod order;
mod place;

/// What is to be drawn.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Width of each box.
    pub widths: Vec<f64>,
    /// Height of each box; [`HEIGHT`] for those beyond the end.
    pub heights: Vec<f64>,
    /// From, to: indexes into `widths`; no duplicates, loops are left out of the layout.
    pub lines: Vec<(usize, usize)>,
}

impl Shape {
    fn height(&self, item: usize) -> f64 {
        self.heights.get(item).copied().unwrap_or(HEIGHT)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// Where things stand. Boxes are given by their left middle.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub boxes: Vec<Point>,
    /// For each line, in order: where it begins, its bends, where it ends. Empty for loops.
    pub lines: Vec<Vec<Point>>,
    pub width: f64,
    pub height: f64,
}

pub const HEIGHT: f64 = 40.0;
/// Between boxes in a layer.
pub const GAP: f64 = 18.0;
/// Between layers.
pub const ALLEY: f64 = 110.0;
pub const MARGIN: f64 = 24.0;

/// How wide a box is for these lines of text: letters of a sans-serif at 13 px are about 7.3 px wide, capitals included.
pub fn width(lines: &[&str]) -> f64 {
    let longest = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    (longest as f64 * 7.3 + 28.0).max(76.0)
}

pub fn layout(shape: &Shape) -> Layout {
    let grid = layers::assign(shape);
    let ordered = order::order(grid);
    place::place(shape, &ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(count: usize, lines: &[(usize, usize)]) -> Shape {
        Shape { widths: vec![100.0; count], lines: lines.to_vec(), ..Shape::default() }
    }

    fn apart(layout: &Layout, shape: &Shape) {
        for (i, a) in layout.boxes.iter().enumerate() {
            for (j, b) in layout.boxes.iter().enumerate().skip(i + 1) {
                let beside = a.x + shape.widths[i] <= b.x || b.x + shape.widths[j] <= a.x;
                let above = (a.y - b.y).abs() >= (shape.height(i) + shape.height(j)) / 2.0;
                assert!(beside || above, "{i} lies on {j}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn callers_stand_left_of_what_they_call() {
        let shape = shape(4, &[(0, 1), (1, 2), (0, 2), (3, 2)]);
        let layout = layout(&shape);
        assert!(layout.boxes[0].x < layout.boxes[1].x && layout.boxes[1].x < layout.boxes[2].x);
        assert_eq!(layout.lines[2].len(), 3, "a line past a layer bends there");
        apart(&layout, &shape);
    }

    #[test]
    fn cycles_loops_and_loners_are_drawn() {
        let shape = shape(6, &[(0, 1), (1, 2), (2, 0), (3, 3)]);
        let layout = layout(&shape);
        assert!(layout.lines[3].is_empty());
        assert!(layout.boxes.iter().all(|b| b.x >= MARGIN && b.y >= MARGIN));
        apart(&layout, &shape);
    }

    #[test]
    fn many_boxes_stay_apart() {
        let lines: Vec<(usize, usize)> = (0..400).map(|i| ((i * 7) % 120, (i * 13 + 5) % 120)).collect();
        let shape = shape(120, &lines);
        apart(&layout(&shape), &shape);
    }

    #[test]
    fn boxes_of_any_height_stay_apart() {
        let lines = [(0, 2), (0, 3), (1, 3), (4, 4)];
        let shape = Shape { heights: vec![40.0, 300.0, 90.0, 40.0, 200.0, 120.0], ..shape(6, &lines) };
        apart(&layout(&shape), &shape);
    }

    #[test]
    fn a_ring_of_thousands_is_drawn_without_bends() {
        let lines: Vec<(usize, usize)> =
            (0..3000).flat_map(|i| [(i, (i + 1) % 3000), (i, (i * 7 + 3) % 3000)]).collect();
        let layout = layout(&shape(3000, &lines));
        assert!(layout.lines.iter().all(|l| l.len() <= 2));
    }

    #[test]
    fn hundreds_in_one_layer_have_the_form_of_a_screen() {
        let star: Vec<(usize, usize)> = (1..500).map(|i| (0, i)).chain((1..500).step_by(5).map(|i| (i, 500))).collect();
        for (count, lines) in [(501, star), (500, Vec::new())] {
            let shape = shape(count, &lines);
            let layout = layout(&shape);
            let form = layout.width / layout.height;
            assert!((0.8..3.0).contains(&form), "{} x {}", layout.width, layout.height);
            apart(&layout, &shape);
            let right = |(a, b): &(usize, usize)| layout.boxes[*a].x < layout.boxes[*b].x;
            assert!(lines.iter().all(right), "callers still stand left of what they call");
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(layout(&Shape::default()).boxes.is_empty());
    }
}
