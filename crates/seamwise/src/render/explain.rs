//! Why the map says something.

use super::at::{endpoints, interactions, settings};
use super::ink::{bold, cyan, dim, title, yellow};
use super::table::place;
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
        for fact in &because.facts {
            out.push_str(&format!("      {}  {}\n", fact.says, dim(format!("{} by {}", fact.how, fact.by))));
        }
    }
    endpoints(&answer.endpoints, &mut out);
    interactions(&answer.interactions, &mut out);
    settings(&answer.settings, &answer.reads, &mut out);
    if !answer.unresolved.is_empty() {
        out.push_str(&title("not resolved", ""));
        for open in &answer.unresolved {
            out.push_str(&format!("  {} {}  {}\n", open.what, yellow(&open.value), dim(place(&open.at))));
            out.push_str(&format!("      {}\n", open.why));
        }
    }
    out
}
