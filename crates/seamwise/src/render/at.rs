//! What is known at a place.

use super::ink::{bold, cyan, dim, title, yellow};
use super::table::place;
use seam_engine::asks::at::{Answer, Said};
use seam_engine::{Endpoint, Interaction, Policy, Reading, Setting};

pub fn render(answer: &Answer) -> String {
    let line = answer.line.map(|l| format!(":{l}")).unwrap_or_default();
    let services: Vec<&str> = answer.services.iter().map(|s| s.name.as_str()).collect();
    let mut out = format!("{}  {}\n", bold(format!("{}{line}", answer.path)), services.join(", "));
    if let Some(nearest) = answer.nearest {
        out.push_str(&dim(format!(
            "nothing is known at this very line; this is about line {nearest}, the nearest above\n"
        )));
    } else if answer.facts.is_empty() && answer.interactions.is_empty() && answer.endpoints.is_empty() {
        out.push_str("nothing is known here: no extractor found a statement about the system\n");
    }
    said(&answer.facts, &mut out);
    endpoints(&answer.endpoints, &mut out);
    if !answer.callers.is_empty() {
        out.push_str(&title("called by", ""));
        for caller in &answer.callers {
            let at = dim(place(&caller.at));
            out.push_str(&format!("  {}  {}  {at}\n", bold(&caller.service), caller.operation));
        }
    }
    interactions(&answer.interactions, &mut out);
    settings(&answer.settings, &answer.reads, &mut out);
    for open in &answer.unresolved {
        out.push_str(&title("not resolved", ""));
        out.push_str(&format!("  {} {}\n      {}\n", open.what, yellow(&open.value), open.why));
    }
    for problem in &answer.problems {
        out.push_str(&format!("\n{}: {}\n", yellow(&problem.kind), problem.message));
    }
    out
}

/// What links code inside of a service; `--json` has it.
const INNER: [&str; 6] = ["body", "pass", "steps", "uses", "return", "constant"];

pub fn said(facts: &[Said], out: &mut String) {
    let inner = |f: &&Said| INNER.contains(&f.says.split(' ').next().unwrap_or_default());
    let facts: Vec<&Said> = facts.iter().filter(|f| !inner(f)).collect();
    if facts.is_empty() {
        return;
    }
    out.push_str(&title("the file says", ""));
    for fact in facts {
        let how = if fact.how == "stated" { String::new() } else { format!(" {}", fact.how) };
        out.push_str(&format!("  {}  {}\n", fact.says, dim(format!("line {}, by {}{how}", fact.line, fact.by))));
    }
}

pub fn endpoints(endpoints: &[Endpoint], out: &mut String) {
    if endpoints.is_empty() {
        return;
    }
    out.push_str(&title("serves", ""));
    for endpoint in endpoints {
        let method = endpoint.method.as_deref().unwrap_or("any");
        let at = endpoint.evidence.first().map(place).unwrap_or_default();
        out.push_str(&format!("  {} {} {}  {}\n", cyan(&endpoint.protocol), method, endpoint.path, dim(at)));
    }
}

pub fn interactions(interactions: &[Interaction], out: &mut String) {
    if interactions.is_empty() {
        return;
    }
    out.push_str(&title("interactions", ""));
    for one in interactions {
        let mark = if one.certainty == "inferred" { yellow("~") } else { " ".to_owned() };
        out.push_str(&format!("  {mark} {} → {}  {}\n", one.from, one.to, cyan(&one.kind)));
        for operation in &one.operations {
            let text = if operation.operation.is_empty() { &operation.client } else { &operation.operation };
            out.push_str(&format!("      {text}  {}\n", dim(place(&operation.at))));
        }
        if !one.policies.is_empty() {
            out.push_str(&format!("      {}\n", yellow(Policy::line(&one.policies))));
        }
    }
}

pub fn settings(settings: &[Setting], reads: &[Reading], out: &mut String) {
    if !settings.is_empty() {
        out.push_str(&title("sets", ""));
        for one in settings {
            let profile = one.profile.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
            out.push_str(&format!("  {} = {}{profile}  {}\n", one.key, one.value, dim(place(&one.at))));
        }
    }
    if !reads.is_empty() {
        out.push_str(&title("reads", ""));
        for one in reads {
            let default = one.default.as_ref().map(|d| format!(", default {d}")).unwrap_or_default();
            out.push_str(&format!("  {}{default}  {}\n", one.key, dim(place(&one.at))));
        }
    }
}
