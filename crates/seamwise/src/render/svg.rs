//! The drawn map as SVG. It stands alone, follows the reader's light or dark setting, and needs no script.

use super::drawing::{Arrow, Cell, Drawing, Frame, folded, whole};
use seam_engine::asks::map::Answer;
use seam_engine::layout::{HEIGHT, Point};
use std::fmt::Write as _;

/// Colours of kinds of nodes: fill and stroke, in light and in dark.
pub const STYLE: &str = "
.map{--paper:#ffffff;--ink:#1f2328;--soft:#59636e;--line:#8c959f;--service:#eef4ff;--service-edge:#4a72c4;--gateway:#f1ecff;--gateway-edge:#7a58c4;--database:#e8f6ec;--database-edge:#2f855a;--cache:#fff4e2;--cache-edge:#b7791f;--broker:#fdebf3;--broker-edge:#b83280;--external:#f4f5f6;--external-edge:#8c959f;--tool:#f4f5f6;--tool-edge:#8c959f;--group:#eef2f5;--group-edge:#59636e}
@media (prefers-color-scheme:dark){.map{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#6e7681;--service:#15233b;--service-edge:#6d9bf1;--gateway:#221a38;--gateway-edge:#a48af0;--database:#122a1d;--database-edge:#4cb782;--cache:#30230c;--cache-edge:#d69e2e;--broker:#331325;--broker-edge:#ea6bb0;--external:#1b2027;--external-edge:#6e7681;--tool:#1b2027;--tool-edge:#6e7681;--group:#1b2330;--group-edge:#9198a1}}
.map text{font:600 13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:var(--ink)}
.map text.note{font-weight:400;font-size:11px;fill:var(--soft)}
.map .box{stroke-width:1.4}
.map .line{fill:none;stroke:var(--line);stroke-width:1.3}
.map .dashed{stroke-dasharray:5 4}
.map .tip{fill:var(--line)}
.map .hit{fill:none;stroke:transparent;stroke-width:12}
.map .frame rect{fill:var(--group);fill-opacity:.5;stroke:var(--group-edge);stroke-width:1}
.map .node.error .box{stroke:#d1242f;stroke-width:3}
.map .node.warning .box{stroke:#bf8700;stroke-width:3}
.map .edge.error .line{stroke:#d1242f;stroke-width:2}
.map .edge.warning .line{stroke:#bf8700;stroke-width:2}
";

const KINDS: [&str; 8] = ["service", "gateway", "database", "cache", "broker", "external", "tool", "group"];

pub fn render(answer: &Answer) -> String {
    let drawing = folded(answer).unwrap_or_else(|| whole(answer));
    let mut out = drawn(&drawing, "map", false);
    out.push('\n');
    out
}

/// One drawing. Interactive ones can be reached by keyboard and say what they are.
pub fn drawn(drawing: &Drawing, id: &str, interactive: bool) -> String {
    let Drawing { cells, arrows, frames, layout, widths } = drawing;
    let (width, height) = (layout.width.max(120.0), layout.height.max(60.0));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"map\" id=\"{id}\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"{}\" aria-label=\"map of services\">\n<style>{}{STYLE}</style>\n",
        if interactive { "group" } else { "img" },
        KINDS.map(|k| format!(".map .{k} .box{{fill:var(--{k});stroke:var(--{k}-edge)}}\n")).concat()
    );
    let _ = writeln!(
        out,
        "<defs><marker id=\"{id}-tip\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\"><path class=\"tip\" d=\"M0 0 8 4 0 8z\"/></marker></defs>"
    );
    if !interactive {
        let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>");
    }
    for frame in frames {
        let Frame { name, at: Point { x, y }, width, height } = frame;
        let _ = writeln!(
            out,
            "<g class=\"frame\"><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"8\"/><text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            x + 12.0,
            y + 18.0,
            escaped(name)
        );
    }
    for (arrow, points) in arrows.iter().zip(&layout.lines) {
        let path = if points.is_empty() { around(layout.boxes[arrow.from], widths[arrow.from]) } else { curve(points) };
        line(arrow, cells, &path, id, interactive, &mut out);
    }
    for ((cell, at), width) in cells.iter().zip(&layout.boxes).zip(widths) {
        node(cell, *at, *width, interactive, &mut out);
    }
    out.push_str("</svg>");
    out
}

fn line(arrow: &Arrow, cells: &[Cell], path: &str, id: &str, interactive: bool, out: &mut String) {
    let dashed = if arrow.dashed { " dashed" } else { "" };
    let said = escaped(&format!("{} → {}: {}", cells[arrow.from].name, cells[arrow.to].name, arrow.kinds.join(", ")));
    let reach = if interactive {
        format!(
            " tabindex=\"0\" role=\"button\" aria-label=\"{said}\" data-keys=\"{}\"",
            escaped(&arrow.keys.join("\n"))
        )
    } else {
        String::new()
    };
    let hit = if interactive { format!("<path class=\"hit\" d=\"{path}\"/>") } else { String::new() };
    let _ = writeln!(
        out,
        "<g class=\"edge{}\" data-from=\"{}\" data-to=\"{}\"{reach}><title>{said}</title><path class=\"line{dashed}\" marker-end=\"url(#{id}-tip)\" d=\"{path}\"/>{hit}</g>",
        classed(arrow.health),
        escaped(&cells[arrow.from].name),
        escaped(&cells[arrow.to].name)
    );
}

fn node(cell: &Cell, at: Point, width: f64, interactive: bool, out: &mut String) {
    let (x, y) = (at.x, at.y - HEIGHT / 2.0);
    let reach = if interactive {
        format!(
            " tabindex=\"0\" role=\"button\" aria-label=\"{}\" data-node=\"{}\" data-members=\"{}\"",
            escaped(&format!("{} {}", cell.kind, cell.name)),
            escaped(&cell.name),
            escaped(&cell.members.join("\n"))
        )
    } else {
        String::new()
    };
    let outline = match cell.kind.as_str() {
        "database" | "cache" => cylinder(x, y, width),
        "gateway" => hexagon(x, y, width),
        "external" | "tool" => rectangle(x, y, width, HEIGHT / 2.0, " dashed"),
        "broker" => rectangle(x, y, width, 3.0, ""),
        _ => rectangle(x, y, width, 8.0, ""),
    };
    let middle = x + width / 2.0;
    let note = if cell.note.is_empty() {
        String::new()
    } else {
        format!(
            "<text class=\"note\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            at.y + 13.0,
            escaped(&cell.note)
        )
    };
    let base = if cell.note.is_empty() { at.y + 4.5 } else { at.y - 1.0 };
    let _ = writeln!(
        out,
        "<g class=\"node {}{}\"{reach}>{outline}<text x=\"{middle:.1}\" y=\"{base:.1}\" text-anchor=\"middle\">{}</text>{note}</g>",
        cell.kind,
        classed(cell.health),
        escaped(&cell.name)
    );
}

fn classed(health: &str) -> String {
    if health.is_empty() { String::new() } else { format!(" {health}") }
}

fn rectangle(x: f64, y: f64, width: f64, round: f64, more: &str) -> String {
    format!(
        "<rect class=\"box{more}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"{round}\"/>"
    )
}

fn cylinder(x: f64, y: f64, width: f64) -> String {
    let (lid, bottom) = (5.0, HEIGHT);
    format!(
        "<path class=\"box\" d=\"M{x:.1} {:.1}a{:.1} {lid} 0 0 1 {width:.1} 0v{:.1}a{:.1} {lid} 0 0 1 -{width:.1} 0z\"/><path class=\"box\" style=\"fill:none\" d=\"M{x:.1} {:.1}a{:.1} {lid} 0 0 0 {width:.1} 0\"/>",
        y + lid,
        width / 2.0,
        bottom - 2.0 * lid,
        width / 2.0,
        y + lid,
        width / 2.0
    )
}

fn hexagon(x: f64, y: f64, width: f64) -> String {
    let cut = 11.0;
    format!(
        "<path class=\"box\" d=\"M{:.1} {y:.1}h{:.1}l{cut} {:.1}l-{cut} {:.1}h-{:.1}l-{cut} -{:.1}z\"/>",
        x + cut,
        width - 2.0 * cut,
        HEIGHT / 2.0,
        HEIGHT / 2.0,
        width - 2.0 * cut,
        HEIGHT / 2.0
    )
}

/// Level at both ends and at every bend, so that it enters boxes from the side.
fn curve(points: &[Point]) -> String {
    let mut out = format!("M{:.1} {:.1}", points[0].x, points[0].y);
    for pair in points.windows(2) {
        let middle = (pair[0].x + pair[1].x) / 2.0;
        let _ =
            write!(out, "C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}", pair[0].y, pair[1].y, pair[1].x, pair[1].y);
    }
    out
}

/// From a box to itself.
fn around(at: Point, width: f64) -> String {
    let (right, top) = (at.x + width - 14.0, at.y - HEIGHT / 2.0);
    format!("M{right:.1} {top:.1}c0 -20 28 -20 28 12 0 4 -6 8 -14 8")
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(escaped("<a \"b\" & c>"), "&lt;a &quot;b&quot; &amp; c&gt;");
    }
}
