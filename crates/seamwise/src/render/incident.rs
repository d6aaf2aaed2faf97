//! Who is suspected, with the story and the parts of each score.

use super::ink::{bold, cyan, dim, title, yellow};
use seam_engine::asks::diagnose::Answer;
use seam_engine::incident::{Incident, Suspect, Where};

pub fn render(answer: &Answer) -> String {
    answer.incident.as_ref().map_or_else(String::new, |i| incident(answer, i))
}

fn incident(answer: &Answer, incident: &Incident) -> String {
    let n = incident.suspects.len();
    let count = if n == 1 { "1 suspect".to_owned() } else { format!("{n} suspects") };
    let mut out = format!("{}  {count}", bold("diagnose"));
    if let (Some(from), Some(to)) = (&incident.from, &incident.to) {
        let to = if from.get(..10) == to.get(..10) { to.get(11..).unwrap_or(to) } else { to };
        let found = if incident.searched { "  (the time that stands out most)" } else { "" };
        out.push_str(&format!("  {} to {} UTC{}", cyan(from), cyan(to), dim(found)));
    }
    let looked = &incident.looked_at;
    out.push_str(&format!(
        "\n{}\n",
        dim(format!(
            "{} files, {} services: {} spans, {} lines, {} points; {} windows told what is usual",
            looked.files, looked.services, looked.spans, looked.lines, looked.points, incident.learned
        ))
    ));
    for (index, suspect) in incident.suspects.iter().enumerate() {
        out.push_str(&one(index + 1, suspect));
    }
    if incident.suspects.is_empty() {
        out.push_str("\nnothing stands out: nobody is suspected\n");
    }
    out.push_str(&super::memory::beside(&answer.similar));
    if !incident.weak.is_empty() {
        out.push_str(&title("too weak to be suspected", ""));
        for weak in &incident.weak {
            out.push_str(&format!(
                "  {} {} {}: {}\n",
                dim(format!("{:.2}", weak.score)),
                cyan(&weak.service),
                weak.fault,
                weak.says
            ));
        }
    }
    if !incident.missing.is_empty() {
        out.push_str(&title("what would help", ""));
        incident.missing.iter().for_each(|what| out.push_str(&format!("  {what}\n")));
    }
    out
}

fn one(rank: usize, suspect: &Suspect) -> String {
    let parts = &suspect.parts;
    let memory = suspect.memory.map(|m| format!(" {m:+.2} memory")).unwrap_or_default();
    let score = format!(
        "{:.2} = {:.2} effect × {:.2} unexplained × {:.2} sure{memory}",
        suspect.score, parts.effect, parts.unexplained, parts.sure
    );
    let mut out = format!("\n{rank}. {}  {}  {}\n", bold(&suspect.service), yellow(&suspect.fault), dim(score));
    out.push_str(&format!("   {}\n", suspect.says));
    if let Some(operation) = &suspect.operation {
        out.push_str(&format!("   {} {operation}\n", dim("operation")));
    }
    for place in &suspect.open {
        out.push_str(&format!("   {} {}\n", dim("open"), opened(place)));
    }
    for evidence in suspect.evidence.iter().take(4) {
        let at = evidence.at.as_deref().and_then(|a| a.split(' ').next_back()).unwrap_or("");
        let trace = evidence.trace.as_deref().map(|t| format!("trace {t}")).unwrap_or_default();
        let place = [at, &trace].iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(", ");
        let place = if place.is_empty() { String::new() } else { dim(format!("  {place}")) };
        out.push_str(&format!("   {} {}{place}\n", dim("seen"), evidence.says));
    }
    out.push_str(&super::memory::remembered(&suspect.remembered, "   "));
    for against in &suspect.against {
        out.push_str(&format!("   {} {against}\n", dim("against")));
    }
    if suspect.story.len() > 1 {
        out.push_str(&format!("   {}\n", dim("how it spread")));
        suspect.story.iter().for_each(|line| out.push_str(&format!("     {line}\n")));
    }
    out
}

fn opened(place: &Where) -> String {
    format!("{}  {}", bold(format!("{}:{}", place.path, place.line)), dim(&place.code))
}
