//! A sequence diagram as SVG, from the few lines of Mermaid that a finding carries: the report needs no library and no network.

use crate::render::svg::escaped;
use std::collections::BTreeMap;

const STEP: usize = 34;
const APART: usize = 210;
const TOP: usize = 50;

pub fn drawn(diagram: &str) -> String {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut heads = String::new();
    let mut body = String::new();
    let mut y = TOP + 20;
    for line in diagram.lines().skip(1).map(str::trim) {
        if let Some((id, name)) = participant(line) {
            let x = 90 + places.len() * APART;
            places.insert(id, x);
            heads.push_str(&format!("<text x=\"{x}\" y=\"24\" class=\"who\">{}</text>", escaped(name)));
        } else if let Some((over, text)) = line.strip_prefix("Note over ").and_then(|l| l.split_once(": ")) {
            let at: Vec<usize> = over.split(',').filter_map(|id| places.get(id).copied()).collect();
            if let (Some(from), Some(to)) = (at.iter().min(), at.iter().max()) {
                let middle = (from + to) / 2;
                body.push_str(&format!("<text x=\"{middle}\" y=\"{y}\" class=\"fault\">{}</text>", escaped(text)));
                y += STEP;
            }
        } else if let Some((arrow, from, to, text)) = message(line)
            && let (Some(from), Some(to)) = (places.get(from), places.get(to))
        {
            body.push_str(&drawn_message(arrow, *from, *to, y, text));
            y += STEP;
        }
    }
    let lines: String =
        places.values().map(|x| format!("<line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{y}\" class=\"life\"/>")).collect();
    let width = 180 + places.len().saturating_sub(1) * APART;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {}\" width=\"{width}\" role=\"img\">{lines}{heads}{body}</svg>",
        y + 10
    )
}

fn participant(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("participant ").or_else(|| line.strip_prefix("actor "))?;
    rest.split_once(" as ")
}

/// Longer arrows first: `-->>` begins like `->>`.
const ARROWS: &[&str] = &["-->>", "--x", "->>", "-x"];

fn message(line: &str) -> Option<(&'static str, &str, &str, &str)> {
    let (ends, text) = line.split_once(": ")?;
    let arrow = ARROWS.iter().find(|a| ends.contains(**a))?;
    let (from, to) = ends.split_once(arrow)?;
    Some((arrow, from, to, text))
}

fn drawn_message(arrow: &str, from: usize, to: usize, y: usize, text: &str) -> String {
    let broken = arrow.ends_with('x');
    let back = arrow.starts_with("--");
    let class = match (broken, back) {
        (true, _) => "broken",
        (false, true) => "back",
        (false, false) => "call",
    };
    let sign = if to > from { -1 } else { 1 };
    let tip = i64::try_from(to).unwrap_or(0);
    let head = if broken {
        format!("<path d=\"M{} {} l10 10 m0 -10 l-10 10\" class=\"broken\"/>", tip + sign * 14 - 5, y - 5)
    } else {
        format!("<path d=\"M{tip} {y} l{} -4 v8 z\" class=\"head\"/>", sign * 9)
    };
    let middle = (from + to) / 2;
    format!(
        "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" class=\"{class}\"/>{head}<text x=\"{middle}\" y=\"{}\" class=\"{}\">{}</text>",
        y - 6,
        if broken { "fault" } else { "said" },
        escaped(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_story_is_drawn() {
        let svg = drawn(
            "sequenceDiagram\n  actor scenario as scenario\n  participant shop as shop\n  scenario->>shop: POST /buy <1>\n  \
             shop--xscenario: 200 reply lost\n  Note over scenario,shop: refused\n",
        );
        assert!(svg.contains("POST /buy &lt;1&gt;") && svg.contains("reply lost") && svg.contains("refused"), "{svg}");
        assert_eq!(svg.matches("class=\"life\"").count(), 2);
    }
}
