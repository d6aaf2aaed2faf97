//! Candidates side by side, and which of them dominates.
//!
//! Invariant: one is better only where it is at least as good in everything that is counted and better in something; no weights
//! decide between what cannot be compared.

use crate::asks::plan::{Answer, Request, Row};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};

pub(crate) fn compared(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let mut rows: Vec<Row> = Vec::new();
    for candidate in &request.candidates {
        // What the base was is the same for all; a candidate's own files come over it.
        let mut files = request.files.clone();
        files.retain(|f| !candidate.files.iter().any(|c| c.path == f.path));
        files.extend(candidate.files.iter().cloned());
        let one = Request {
            files,
            patches: candidate.patches.clone(),
            edits: candidate.edits.clone(),
            profile: request.profile.clone(),
            no_memory: request.no_memory,
            ..Request::default()
        };
        let answer = super::planned(snapshot, &one).map_err(|refusal| Refusal {
            message: format!("candidate `{}`: {}", candidate.name, refusal.message),
            ..refusal
        })?;
        rows.push(row(&candidate.name, &answer));
    }
    let scores: Vec<[usize; 8]> = rows.iter().map(score).collect();
    for index in 0..rows.len() {
        let better = |other: &usize| *other != index && dominates(&scores[*other], &scores[index]);
        rows[index].worse_than = (0..rows.len()).filter(better).map(|other| rows[other].name.clone()).collect();
    }
    let verdict = verdict(&rows, &scores);
    Ok(Answer { version: VERSION, candidates: rows, verdict, ..Answer::default() })
}

fn row(name: &str, answer: &Answer) -> Row {
    Row {
        name: name.to_owned(),
        counts: answer.counts.clone(),
        direct: answer.direct.iter().map(|t| t.service.clone()).collect(),
        dependent: answer.dependent.iter().map(|t| t.service.clone()).collect(),
        beyond: answer.beyond.iter().map(|f| f.service.clone()).collect(),
        new_findings: answer.new_findings.len(),
        cured_findings: answer.cured_findings.len(),
        tests: answer.tests.run.len(),
        steps: answer.steps.len(),
        risk: answer.risk.figure,
        word: answer.risk.word.clone(),
        worse_than: Vec::new(),
    }
}

const NAMES: [&str; 8] = [
    "unresolved breaking changes",
    "breaking changes",
    "services touched",
    "services beyond",
    "new findings",
    "findings left",
    "steps",
    "risk",
];

/// Less is better, everywhere.
fn score(row: &Row) -> [usize; 8] {
    [
        row.counts.unresolved,
        row.counts.breaking,
        row.direct.len() + row.dependent.len(),
        row.beyond.len(),
        row.new_findings,
        usize::MAX - row.cured_findings,
        row.steps,
        row.risk as usize,
    ]
}

fn dominates(one: &[usize; 8], other: &[usize; 8]) -> bool {
    one != other && one.iter().zip(other).all(|(a, b)| a <= b)
}

fn verdict(rows: &[Row], scores: &[[usize; 8]]) -> String {
    let beats_all = |i: &usize| (0..rows.len()).all(|j| j == *i || dominates(&scores[*i], &scores[j]));
    if let Some(best) = (0..rows.len()).find(beats_all) {
        let fewer: Vec<&str> = (0..NAMES.len())
            .filter(|k| (0..rows.len()).any(|j| scores[best][*k] < scores[j][*k]))
            .map(|k| if NAMES[k] == "findings left" { "more findings cured" } else { NAMES[k] })
            .collect();
        return format!("`{}` is at least as good in everything, and better in: {}", rows[best].name, fewer.join(", "));
    }
    let best_at: Vec<String> = (0..NAMES.len())
        .filter_map(|k| {
            let least = scores.iter().map(|s| s[k]).min()?;
            let those: Vec<&str> =
                (0..rows.len()).filter(|i| scores[*i][k] == least).map(|i| rows[i].name.as_str()).collect();
            let name = if NAMES[k] == "findings left" { "findings cured" } else { NAMES[k] };
            (those.len() < rows.len()).then(|| format!("{name}: {}", those.join(", ")))
        })
        .collect();
    if best_at.is_empty() {
        return "they do not differ in anything that is counted".to_owned();
    }
    format!("none is best in everything; best in {}", best_at.join("; "))
}
