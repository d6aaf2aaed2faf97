//! The report as one file: findings with their sequence diagrams. No network, no library.

use super::sequence::drawn;
use super::{ended, ending, how, model, seconds};
use crate::render::svg::escaped;
use seam_engine::asks::verify::{Answer, State};
use seam_verify::against::{Against, Differing};
use seam_verify::finding::Grade;
use seam_verify::report::{Fate, Played, Reported};
use seam_verify::trial::End;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2330;background:#fff}\
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f4f5f7;padding:.7rem;overflow:auto}\
.passed{color:#1a7f37}.failed{color:#c4232b}.inconclusive{color:#9a6700}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left}\
details{border:1px solid #d7dbe2;border-radius:6px;padding:.6rem 1rem;margin:.6rem 0}summary{cursor:pointer;font-weight:600}\
svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;text-anchor:middle;fill:#1d2330}svg .who{font-weight:600}\
svg .fault{fill:#c4232b}svg line.life{stroke:#c5cad3;stroke-dasharray:4 4}svg line{stroke:#1d2330}svg line.back{stroke-dasharray:5 4}\
svg .broken{stroke:#c4232b;fill:none;stroke-width:2}svg .head{fill:#1d2330}\
@media(prefers-color-scheme:dark){body{background:#14171d;color:#e4e7ec}pre{background:#1e232c}svg text,svg .head{fill:#e4e7ec}svg line{stroke:#e4e7ec}details{border-color:#39414f}}";

pub fn render(report: &Answer) -> String {
    let verdict = report.verdict.name();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>seam verify: {verdict}</title><style>{STYLE}</style></head><body>\n\
         <h1>Verify: <span class=\"{verdict}\">{verdict}</span></h1>\n"
    );
    if report.gate.is_some() || report.tests.is_some() {
        change(report, &mut out);
    }
    modelled(report, &mut out);
    for played in &report.scenarios {
        scenario(played, &mut out);
    }
    rules(report, &mut out);
    if let Some(against) = &report.against {
        compared(report.base.as_deref().unwrap_or_default(), against, &mut out);
    }
    out + "</body></html>\n"
}

/// Proofs, pairs and tests.
fn change(report: &Answer, out: &mut String) {
    out.push_str("<table><tr><th>proof</th><th></th><th>because</th></tr>\n");
    for proof in report.proofs.iter().filter(|p| p.is_asked()) {
        let class = match proof.state {
            State::Passed => "passed",
            State::Failed => "failed",
            State::Inconclusive | State::NotDone => "inconclusive",
        };
        let because: Vec<String> = proof.because.iter().map(|b| escaped(b)).collect();
        out.push_str(&format!(
            "<tr><td>{}</td><td class=\"{class}\">{}</td><td>{}</td></tr>\n",
            proof.kind.word(),
            proof.state.word(),
            because.join("<br>")
        ));
    }
    out.push_str("</table>\n");
    if let Some(gate) = report.gate.as_ref().filter(|g| !g.pairs.is_empty()) {
        out.push_str(
            "<h3>Pairs</h3><table><tr><th>changed</th><th>other</th><th></th><th>what</th><th>where</th></tr>\n",
        );
        for pair in &gate.pairs {
            let at = pair.lines.first().map_or_else(String::new, |l| format!("{}:{}", l.path, l.line));
            let cells =
                [&pair.changed, &pair.other, &pair.state, &pair.text, &at].map(|c| format!("<td>{}</td>", escaped(c)));
            out.push_str(&format!("<tr>{}</tr>\n", cells.concat()));
        }
        out.push_str("</table>\n<h3>Order</h3><ol>\n");
        for step in &gate.steps {
            out.push_str(&format!("<li>{}: {}</li>\n", escaped(&step.services.join(", ")), escaped(&step.what)));
        }
        out.push_str("</ol>\n");
    }
    if let Some(tests) = report.tests.as_ref().filter(|t| !t.run.is_empty()) {
        out.push_str("<h3>Tests</h3>\n");
        for tried in &tests.run {
            let (class, word) = match tried.outcome.as_ref().map(|o| &o.end) {
                Some(End::Passed) => ("passed", "passed".to_owned()),
                Some(End::Failed) => ("failed", "failed".to_owned()),
                Some(End::Flaky) => ("inconclusive", "flaky".to_owned()),
                Some(End::Open(why)) => ("inconclusive", why.clone()),
                None => ("inconclusive", "not run".to_owned()),
            };
            let took = tried.outcome.as_ref().map_or_else(String::new, ended);
            let output = tried.outcome.as_ref().filter(|o| o.end != End::Passed).map_or("", |o| o.output.as_str());
            let reasons: Vec<String> = tried.trial.files.iter().map(|f| format!("{}: {}", f.path, f.because)).collect();
            out.push_str(&format!(
                "<details><summary><code>{}</code> <span class=\"{class}\">{}</span> {took}</summary><pre>{}</pre><pre>{}</pre></details>\n",
                escaped(&tried.trial.command),
                escaped(&word),
                escaped(&reasons.join("\n")),
                escaped(output)
            ));
        }
    }
}

/// What policies allow.
fn modelled(report: &Answer, out: &mut String) {
    let Some(checked) = report.model.as_ref().filter(|m| m.chains > 0) else { return };
    out.push_str(&format!("<h2>Model</h2>\n<p>{}</p>\n", escaped(&model::looked(checked))));
    for example in &checked.counterexamples {
        let before = if example.before { " (as before the change)" } else { "" };
        let policies = example.policies.iter().map(|p| format!("{}: {}:{}", p.says, p.path, p.line));
        let lines: Vec<String> = model::lines(example).into_iter().chain(policies).collect();
        out.push_str(&format!(
            "<details><summary><span class=\"inconclusive\">{}</span> {}{before}</summary><pre>{}</pre></details>\n",
            example.property.broken(),
            escaped(&example.says),
            escaped(&lines.join("\n"))
        ));
    }
}

/// How `detect` did, rule by rule.
fn rules(report: &Answer, out: &mut String) {
    if report.rules.is_empty() {
        return;
    }
    out.push_str("<h2>Rules</h2><table>\n");
    for fates in &report.rules {
        out.push_str(&format!("<tr><td>{}</td><td>{}</td></tr>\n", escaped(&fates.rule), super::fates(fates)));
    }
    out.push_str("</table>\n");
}

fn compared(base: &str, against: &Against, out: &mut String) {
    out.push_str(&format!("<h2>Compared with {}</h2><table>\n", escaped(base)));
    let mut list = |word: &str, class: &str, all: &[Differing]| {
        for one in all {
            let says = format!("{}: {} {}", one.scenario, one.says, one.open);
            out.push_str(&format!("<tr><td class=\"{class}\">{word}</td><td>{}</td></tr>\n", escaped(&says)));
        }
    };
    list("new", "failed", &against.new);
    list("gone", "passed", &against.gone);
    list("different", "inconclusive", &against.different);
    list("as before", "", &against.as_before);
    out.push_str("</table>\n<h3>Needed</h3><table><tr><th>down</th><th>before</th><th>after</th><th></th></tr>\n");
    for needed in &against.criticality {
        out.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escaped(&needed.down),
            how(needed.before),
            how(needed.after),
            if needed.worse { "was not needed before" } else { "" }
        ));
    }
    out.push_str("</table>\n");
}

fn scenario(played: &Played, out: &mut String) {
    let verdict = played.verdict.name();
    out.push_str(&format!(
        "<h2>{} <span class=\"{verdict}\">{verdict}</span></h2>\n<p>{} of {} sets of faults tried in {} runs, {}</p>\n",
        escaped(&played.scenario),
        played.tried,
        played.planned,
        played.runs,
        seconds(played)
    ));
    if let Some(why) = &played.because {
        out.push_str(&format!("<p>{}</p>\n", escaped(why)));
    }
    for reported in &played.findings {
        finding(reported, out);
    }
    if !played.criticality.is_empty() {
        out.push_str("<h3>Needed</h3><table><tr><th>down</th><th>the scenario</th><th>first step</th></tr>\n");
        for critical in &played.criticality {
            out.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&critical.down),
                ending(critical),
                escaped(critical.step.as_deref().unwrap_or(""))
            ));
        }
        out.push_str("</table>\n");
    }
    if !played.hypotheses.is_empty() {
        out.push_str("<h3>Suspected</h3><table>\n");
        for hypothesis in &played.hypotheses {
            let fate = match hypothesis.fate {
                Fate::Confirmed => "confirmed",
                Fate::Refuted => "refuted",
                Fate::NotReached => "not reached",
            };
            out.push_str(&format!("<tr><td>{fate}</td><td>{}</td></tr>\n", escaped(&hypothesis.finding)));
        }
        out.push_str("</table>\n");
    }
    if !played.not_reached.is_empty() {
        out.push_str("<h3>Not reached</h3><ul>\n");
        for script in &played.not_reached {
            out.push_str(&format!("<li>{}</li>\n", escaped(script)));
        }
        out.push_str("</ul>\n");
    }
}

fn finding(reported: &Reported, out: &mut String) {
    let found = &reported.found;
    let open = if found.finding.grade == Grade::Fails { " open" } else { "" };
    let grade = match found.finding.grade {
        Grade::Fails => format!("{} of {} times", found.came, found.tried),
        Grade::Weak => "weak".to_owned(),
    };
    out.push_str(&format!(
        "<details{open}><summary>{}: {} ({grade})</summary>\n<p>Fault: {}</p>\n{}\n<pre>{}</pre>\n",
        found.finding.rule.name(),
        escaped(&found.finding.says),
        escaped(&found.script.to_string()),
        drawn(&found.diagram),
        escaped(&found.story.join("\n"))
    ));
    if !found.finding.evidence.is_empty() {
        out.push_str(&format!("<pre>{}</pre>\n", escaped(&found.finding.evidence.join("\n"))));
    }
    if let Some(replay) = &reported.replay {
        out.push_str(&format!("<p>Again: <code>seam verify --replay {}</code></p>\n", escaped(replay)));
    }
    out.push_str("</details>\n");
}
