//! An incident as one self-contained page: suspects with their story, the system coloured by what deviates, courses over time, and
//! a trace. It follows the reader's light or dark setting, prints well, and needs no script and no network.

use super::drawing::{Arrow, Cell, Drawing};
use super::page::{self, rich};
use super::svg::{drawn, escaped};
use seam_engine::asks::diagnose::Answer;
use seam_engine::incident::{Bar, Course, Incident, Report, Suspect};
use seam_engine::layout::{Shape, layout, width};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const STYLE: &str = "
table.courses{border-collapse:collapse;font-size:13px}table.courses td,table.courses th{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:middle}
.fall text{font:12px system-ui,sans-serif;fill:var(--ink)}.fall .soft{fill:var(--soft)}.fall rect{fill:var(--good)}.fall rect.failed{fill:var(--bad)}
.course rect{fill:var(--mark)}.course path{fill:none;stroke:var(--good);stroke-width:1.4}.course.bad path{stroke:var(--bad)}
";

pub fn render(answer: &Answer) -> String {
    let Some(incident) = &answer.incident else { return String::new() };
    let title = match (&incident.from, &incident.to) {
        (Some(from), Some(to)) => format!("What happened from {from} to {to} UTC"),
        _ => "What was recorded".to_owned(),
    };
    let mut out = page::begin(&title, STYLE);
    let looked = &incident.looked_at;
    let _ = writeln!(
        out,
        "<p class=\"soft\">{} services: {} spans, {} log lines, {} points; {} windows told what is usual{}.</p>",
        looked.services,
        looked.spans,
        looked.lines,
        looked.points,
        incident.learned,
        if incident.searched { "; the time is the one that stands out most" } else { "" }
    );
    if incident.suspects.is_empty() {
        out.push_str("<h2>Suspects</h2>\n<p>Nothing stands out: nobody is suspected.</p>\n");
    } else {
        out.push_str("<h2>Suspects, the likeliest first</h2>\n");
        incident.suspects.iter().enumerate().for_each(|(rank, s)| suspect(rank + 1, s, &mut out));
    }
    if let Some(report) = &incident.report {
        system(incident, report, &mut out);
        courses(report, &mut out);
        waterfall(report, &mut out);
    }
    if !incident.missing.is_empty() {
        out.push_str("<h2>What would help</h2>\n<ul>\n");
        for missing in incident.missing.iter().take(20) {
            let _ = writeln!(out, "<li>{}</li>", rich(missing));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</html>\n");
    out
}

fn suspect(rank: usize, suspect: &Suspect, out: &mut String) {
    let operation =
        suspect.operation.as_deref().map(|o| format!(" in <code>{}</code>", escaped(o))).unwrap_or_default();
    let _ = writeln!(
        out,
        "<article><h3>{rank}. {} <span class=\"warn\">{}</span></h3>\n<p>{}{operation}</p>",
        escaped(&suspect.service),
        escaped(&suspect.fault),
        rich(&suspect.says)
    );
    let parts = [
        ("effect", suspect.parts.effect),
        ("unexplained", suspect.parts.unexplained),
        ("sure", suspect.parts.sure),
        ("score, their product", suspect.score),
    ];
    out.push_str("<div class=\"parts\">");
    for (name, value) in parts {
        let _ = write!(out, "<span>{name} <meter min=\"0\" max=\"1\" value=\"{value}\"></meter> {value:.2}</span>");
    }
    out.push_str("</div>\n");
    let mut list = |heading: &str, tag: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let items: String = lines.iter().map(|l| format!("<li>{l}</li>")).collect();
            let _ = writeln!(out, "<div class=\"soft\">{heading}</div><{tag}>{items}</{tag}>");
        }
    };
    let places = suspect.open.iter();
    let open = places.map(|p| {
        format!("<code>{}:{}</code> <code class=\"soft\">{}</code>", escaped(&p.path), p.line, escaped(&p.code))
    });
    list("open first", "ol", open.collect());
    let evidence = suspect.evidence.iter().map(|e| {
        let trace = e
            .trace
            .as_deref()
            .map(|t| format!(" <span class=\"soft\">trace {}</span>", escaped(t)))
            .unwrap_or_default();
        format!("{} <span class=\"soft\">{}</span>{trace}", rich(&e.says), escaped(e.at.as_deref().unwrap_or("")))
    });
    list("seen", "ul", evidence.collect());
    list("speaks against it", "ul", suspect.against.iter().map(|a| rich(a)).collect());
    if suspect.story.len() > 1 {
        list("how it spread", "ol", suspect.story.iter().map(|s| rich(s)).collect());
    }
    out.push_str("</article>\n");
}

/// The system as it was seen: suspects red, whom they touched yellow.
fn system(incident: &Incident, report: &Report, out: &mut String) {
    let names: BTreeSet<&str> = report.calls.iter().flat_map(|c| [c.from.as_str(), c.to.as_str()]).collect();
    if names.is_empty() {
        return;
    }
    let index: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (*n, i)).collect();
    let suspected = |name: &str| incident.suspects.iter().position(|s| s.service == name);
    let touched = |name: &str| incident.suspects.iter().any(|s| s.spread.iter().any(|t| t.service == name));
    let health = |name: &str| match suspected(name) {
        Some(_) => "error",
        None if touched(name) => "warning",
        None => "",
    };
    let cells: Vec<Cell> = names
        .iter()
        .map(|name| Cell {
            name: (*name).to_owned(),
            kind: "service".into(),
            note: match suspected(name) {
                Some(rank) => format!("suspect {}", rank + 1),
                None if touched(name) => "touched".into(),
                None => String::new(),
            },
            members: Vec::new(),
            health: health(name),
        })
        .collect();
    let arrows: Vec<Arrow> = report
        .calls
        .iter()
        .map(|c| Arrow {
            from: index[c.from.as_str()],
            to: index[c.to.as_str()],
            kinds: vec![format!("{} calls", c.times)],
            dashed: false,
            keys: Vec::new(),
            health: if health(&c.to) == "error" && !health(&c.from).is_empty() { "error" } else { "" },
        })
        .collect();
    let widths: Vec<f64> = cells.iter().map(|c| width(&[&c.name, &c.note])).collect();
    let lines = arrows.iter().map(|a| (a.from, a.to)).collect();
    let shape = Shape { widths: widths.clone(), heights: Vec::new(), lines };
    let drawing = Drawing { cells, arrows, frames: Vec::new(), layout: layout(&shape), widths };
    out.push_str("<h2>The system as it was seen</h2>\n<p class=\"soft\">Suspects are red, services that they touched yellow.</p>\n<div class=\"scroll\">");
    out.push_str(&drawn(&drawing, "system", false));
    out.push_str("</div>\n");
}

fn courses(report: &Report, out: &mut String) {
    if report.courses.is_empty() {
        return;
    }
    let (from, to) = report.courses.first().map_or(("", ""), |c| (c.from.as_str(), c.to.as_str()));
    let _ = writeln!(
        out,
        "<h2>Courses</h2>\n<p class=\"soft\">{} to {}; what is explained is shaded.</p>\n<div class=\"scroll\"><table class=\"courses\"><tr><th>service</th><th>requests</th><th>failed</th><th>95th percentile</th></tr>",
        escaped(from),
        escaped(to)
    );
    for course in &report.courses {
        let float = |values: &[u32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&course.service),
            chart(&float(&course.requests), course, "", ""),
            chart(&float(&course.failed), course, "bad", ""),
            chart(&course.slow, course, "", " ms")
        );
    }
    out.push_str("</table></div>\n");
}

/// A line over time with its largest value beside it.
fn chart(values: &[f64], course: &Course, class: &str, unit: &str) -> String {
    const WIDE: f64 = 240.0;
    const HIGH: f64 = 36.0;
    let most = values.iter().copied().fold(0.0, f64::max);
    let slice = WIDE / values.len().max(1) as f64;
    let mut out = format!(
        "<svg class=\"course {class}\" width=\"{WIDE}\" height=\"{HIGH}\" role=\"img\" aria-label=\"at most {most}{unit}\">"
    );
    if let Some((first, last)) = course.marked {
        let (x, wide) = (first as f64 * slice, (last + 1 - first) as f64 * slice);
        let _ = write!(out, "<rect x=\"{x:.1}\" y=\"0\" width=\"{wide:.1}\" height=\"{HIGH}\"/>");
    }
    let mut path = String::new();
    for (i, value) in values.iter().enumerate() {
        let y = if most > 0.0 { HIGH - 2.0 - value / most * (HIGH - 4.0) } else { HIGH - 2.0 };
        let _ = write!(path, "{}{:.1} {y:.1}", if i == 0 { "M" } else { "L" }, (i as f64 + 0.5) * slice);
    }
    let _ = write!(out, "<path d=\"{path}\"/></svg> <span class=\"soft\">{}{unit}</span>", rounded(most));
    out
}

fn rounded(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn waterfall(report: &Report, out: &mut String) {
    if report.waterfall.is_empty() {
        return;
    }
    const LABEL: f64 = 430.0;
    const WIDE: f64 = 560.0;
    const ROW: f64 = 20.0;
    let ends = |b: &Bar| b.after + b.lasts;
    let total = report.waterfall.iter().map(ends).fold(0.0, f64::max).max(0.001);
    let high = report.waterfall.len() as f64 * ROW;
    let _ = writeln!(
        out,
        "<h2>One trace</h2>\n<p class=\"soft\">{}: {} spans, {} ms.</p>\n<div class=\"scroll\"><svg class=\"fall\" width=\"{}\" height=\"{high}\" role=\"img\" aria-label=\"spans of a trace\">",
        escaped(report.trace.as_deref().unwrap_or("")),
        report.waterfall.len(),
        rounded(total),
        LABEL + WIDE + 90.0
    );
    for (row, bar) in report.waterfall.iter().enumerate() {
        let y = row as f64 * ROW;
        let indent = (bar.depth.min(20) * 12) as f64;
        let label: String =
            format!("{}  {}", bar.service, bar.operation).chars().take(58 - bar.depth.min(20)).collect();
        let (x, wide) = (LABEL + bar.after / total * WIDE, (bar.lasts / total * WIDE).max(1.5));
        let failed = if bar.failed { " class=\"failed\"" } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{indent:.0}\" y=\"{:.0}\">{}</text><rect{failed} x=\"{x:.1}\" y=\"{:.0}\" width=\"{wide:.1}\" height=\"12\" rx=\"2\"/><text class=\"soft\" x=\"{:.1}\" y=\"{:.0}\">{} ms</text>",
            y + 14.0,
            escaped(&label),
            y + 4.0,
            x + wide + 4.0,
            y + 14.0,
            rounded(bar.lasts)
        );
    }
    out.push_str("</svg></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_nothing_from_outside_and_takes_no_markup_from_telemetry() {
        let bar = Bar { service: "cart<script>".into(), operation: "GET /".into(), lasts: 2.0, ..Bar::default() };
        let course = Course {
            service: "cart".into(),
            requests: vec![1, 2],
            failed: vec![0, 1],
            slow: vec![1.0, 2.0],
            ..Course::default()
        };
        let report = Report { courses: vec![course], waterfall: vec![bar], ..Report::default() };
        let suspect = Suspect { service: "cart".into(), says: "`GET /` <b>fails</b>".into(), ..Suspect::default() };
        let incident = Incident { suspects: vec![suspect], report: Some(report), ..Incident::default() };
        let page = render(&Answer { incident: Some(incident), ..Answer::default() });
        assert!(page.contains("<code>GET /</code> &lt;b&gt;fails&lt;/b&gt;"));
        for outside in ["<script", "http://", "https://", "<link", "@import"] {
            let own = page.replace("http://www.w3.org/2000/svg", "");
            assert!(!own.contains(outside), "{outside}");
        }
    }
}
