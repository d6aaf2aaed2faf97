//! Why the map says something.

use super::at::{endpoints, interactions, settings};
use super::ink::{bold, cyan, dim, short, title, yellow};
use super::table::place;
use seam_engine::Place;
use seam_engine::asks::explain::Answer;

pub fn render(answer: &Answer) -> String {
    if let Some(page) = &answer.page {
        return page.clone();
    }
    let mut out = format!("{}  {}\n", bold(&answer.key), cyan(&answer.kind));
    if let Some(node) = &answer.node {
        let parts = [
            node.system.clone().unwrap_or_default(),
            node.languages.join(", "),
            if node.roots.is_empty() { String::new() } else { format!("in {}", node.roots.join(", ")) },
            if node.aliases.is_empty() { String::new() } else { format!("also {}", node.aliases.join(", ")) },
        ];
        let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        if !parts.is_empty() {
            out.push_str(&format!("{}\n", parts.join(" · ")));
        }
    }
    out.push_str(&title("because", ""));
    for because in &answer.because {
        out.push_str(&format!("  {}  {}\n", place(&because.at), because.at.says));
        if let [only] = because.facts.as_slice()
            && only.says == because.at.says
        {
            out.truncate(out.trim_end().len());
            out.push_str(&format!("  {}\n", dim(format!("{} by {}", only.how, only.by))));
            continue;
        }
        for fact in &because.facts {
            out.push_str(&format!("      {}  {}\n", fact.says, dim(format!("{} by {}", fact.how, fact.by))));
        }
    }
    endpoints(&answer.endpoints, &mut out);
    interactions(&answer.interactions, &mut out);
    settings(&answer.settings, &answer.reads, &mut out);
    stock(answer, &mut out);
    if !answer.unresolved.is_empty() {
        out.push_str(&title("not resolved", ""));
        for open in &answer.unresolved {
            out.push_str(&format!("  {} {}  {}\n", open.what, yellow(&open.value), dim(place(&open.at))));
            out.push_str(&format!("      {}\n", open.why));
        }
    }
    out
}

/// More would push everything else off the screen; `--json` has all.
const MOST: usize = 12;

/// Packages, tests and owners: the first of each.
fn stock(answer: &Answer, out: &mut String) {
    let packages = answer.packages.iter().map(|p| {
        let version = p.version.as_deref().unwrap_or_default();
        (format!("{} {} {version}", cyan(&p.kind), p.package), &p.at)
    });
    section("built with", packages.collect(), out);
    let tests = answer.tests.iter().map(|t| {
        let covers = if t.covers.is_empty() { String::new() } else { format!("covers {}", t.covers.join(", ")) };
        (format!("{}  {}", t.name, dim(short(&covers, 60))), &t.at)
    });
    section("tests", tests.collect(), out);
    section("owned by", answer.owners.iter().map(|o| (o.owners.join(", "), &o.at)).collect(), out);
}

fn section(name: &str, rows: Vec<(String, &Place)>, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title(name, ""));
    for (text, at) in rows.iter().take(MOST) {
        out.push_str(&format!("  {}  {}\n", text.trim_end(), dim(place(at))));
    }
    if rows.len() > MOST {
        out.push_str(&format!("  {}\n", dim(format!("… and {} more: `--json` has all", rows.len() - MOST))));
    }
}
