//! Changes for a terminal: what changed, who breaks, both lines, and what to do, told once for each kind of change.

use super::{about, sense, who};
use crate::render::ink::{bold, count, cyan, dim, pad, title, width, yellow};
use seam_engine::asks::contract::{Answer, ContractChange, Quoted};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Changes of one section for a terminal; all of them are in the JSON.
const SHOWN: usize = 60;

pub fn render(answer: &Answer, (base, revision): (&str, &str), all: bool) -> String {
    let mut out = head(answer, base, revision);
    for problem in &answer.problems {
        out.push_str(&format!("{} {problem}\n", yellow("not read:")));
    }
    section(answer, "breaking", "breaks those who keep to the older version", &mut out);
    section(answer, "warning", "may break some of them", &mut out);
    steps(answer, &mut out);
    if all {
        section(answer, "safe", "hurts nobody who keeps to the older version", &mut out);
    } else if answer.counts.safe > 0 {
        out.push_str(&dim(format!("\n{} not shown: `--all`\n", count(answer.counts.safe, "safe change"))));
    }
    if answer.changes.is_empty() && answer.problems.is_empty() {
        out.push_str("nothing differs that anybody would notice\n");
    }
    out
}

fn head(answer: &Answer, base: &str, revision: &str) -> String {
    let c = &answer.counts;
    let mut parts = Vec::new();
    for (n, what) in [(c.breaking, "breaking"), (c.warnings, "may break"), (c.safe, "safe")] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    let senses = [(c.wire, "wire"), (c.json, "JSON"), (c.source, "source"), (c.behaviour, "behaviour")];
    let senses: Vec<String> = senses.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what} {n}")).collect();
    if !senses.is_empty() {
        parts.push(senses.join(", "));
    }
    let parts = if parts.is_empty() { String::new() } else { format!("  {}", parts.join(" · ")) };
    format!("{}  {} {base} {} {revision}{parts}\n", bold("plan"), answer.kind, dim("to"))
}

fn section(answer: &Answer, level: &str, note: &str, out: &mut String) {
    let changes: Vec<&ContractChange> = answer.changes.iter().filter(|c| c.level == level).collect();
    if changes.is_empty() {
        return;
    }
    out.push_str(&title(level, note));
    let mut last = "";
    for change in changes.iter().take(SHOWN) {
        let of = about(change);
        if of != last && matches!(answer.kind.as_str(), "openapi" | "asyncapi") {
            out.push_str(&format!("  {}\n", cyan(of)));
            last = of;
        }
        out.push_str(&format!("    {}\n", change.text));
        let mut words = vec![change.rule.clone()];
        if level != "safe" {
            words.push(sense(change).to_owned());
            words.push(format!("hurts {}", who(change)));
        }
        out.push_str(&format!("      {}\n", dim(words.join(" · "))));
        if level != "safe" {
            lines(change, out);
        }
    }
    if changes.len() > SHOWN {
        out.push_str(&dim(format!("  and {} more: `--json` for all\n", changes.len() - SHOWN)));
    }
}

/// The old line and the new one.
fn lines(change: &ContractChange, out: &mut String) {
    let place = |q: &Quoted| if q.line == 0 { q.path.clone() } else { format!("{}:{}", q.path, q.line) };
    let sides = [("-", &change.base), ("+", &change.revision)];
    let wide = sides.iter().filter_map(|(_, q)| q.as_ref()).map(|q| width(&place(q))).max().unwrap_or(0);
    for (sign, quoted) in sides {
        if let Some(q) = quoted {
            let line = format!("      {sign} {}  {}", pad(&place(q), wide), q.text);
            out.push_str(&format!("{}\n", line.trim_end()));
        }
    }
}

/// What to do: each way once, with the rules that it is for.
fn steps(answer: &Answer, out: &mut String) {
    let mut ways: BTreeMap<&[Cow<'static, str>], Vec<&str>> = BTreeMap::new();
    let mut order: Vec<&[Cow<'static, str>]> = Vec::new();
    for change in answer.changes.iter().filter(|c| c.level != "safe" && !c.steps.is_empty()) {
        let rules = ways.entry(&change.steps).or_default();
        if rules.is_empty() {
            order.push(&change.steps);
        }
        if !rules.contains(&change.rule.as_str()) {
            rules.push(&change.rule);
        }
    }
    if order.is_empty() {
        return;
    }
    out.push_str(&title("what to do", "in this order, so that both versions can run side by side"));
    for way in order {
        let rules = ways.get(way).map(Vec::as_slice).unwrap_or_default();
        let more = if rules.len() > 4 { format!(" and {} more", rules.len() - 4) } else { String::new() };
        let shown = rules.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        out.push_str(&format!("  {}\n", dim(format!("for {shown}{more}"))));
        for (i, step) in way.iter().enumerate() {
            out.push_str(&format!("    {}. {step}\n", i + 1));
        }
    }
}
