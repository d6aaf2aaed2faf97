//! JUnit's XML: a suite for each scenario, a case for each finding; weak ones pass, and what ended early is an error. Gate, tests, model and
//! comparison are suites of their own where there is a change.

use super::{model, seconds, tenths};
use quick_xml::escape::escape;
use seam_engine::asks::verify::{Answer, Kind, State};
use seam_verify::finding::Grade;
use seam_verify::model::Counterexample;
use seam_verify::report::{Played, Reported, Verdict};
use seam_verify::trial::End;

pub fn render(report: &Answer) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seam verify\">\n");
    suites(report, &mut out);
    for played in &report.scenarios {
        let fails = played.findings.iter().filter(|r| r.found.finding.grade == Grade::Fails).count();
        let errors = usize::from(played.verdict == Verdict::Inconclusive);
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{fails}\" errors=\"{errors}\" time=\"{}\">\n",
            escape(plain(&played.scenario)),
            played.findings.len() + 1,
            seconds(played).trim_end_matches(" s")
        ));
        out.push_str(&whole(played));
        for reported in &played.findings {
            out.push_str(&case(&played.scenario, reported));
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

/// A name, what failed (`failure`) or stays open (`error`) with its text, and how long it took.
type Case = (String, Option<(&'static str, String)>, u64);

fn suites(report: &Answer, out: &mut String) {
    for proof in report.proofs.iter().filter(|p| p.kind != Kind::Exploration && p.state != State::NotDone) {
        let told = |state: State, text: &str| match state {
            State::Failed => Some(("failure", text.to_owned())),
            State::Inconclusive => Some(("error", text.to_owned())),
            State::Passed | State::NotDone => None,
        };
        let mut cases: Vec<Case> = Vec::new();
        if let (Kind::Tests, Some(tests)) = (proof.kind, &report.tests) {
            for tried in &tests.run {
                let name = format!("{} in {}", tried.trial.command, tried.trial.folder);
                let said = match tried.outcome.as_ref() {
                    Some(o) if o.end == End::Passed => None,
                    Some(o) if o.end == End::Failed => Some(("failure", o.output.clone())),
                    Some(o) => Some(("error", format!("{:?}\n{}", o.end, o.output))),
                    None => Some(("error", "it was not run".to_owned())),
                };
                cases.push((name, said, tried.outcome.as_ref().map_or(0, |o| o.milliseconds)));
            }
            let bare = tests.without.iter().filter(|w| w.direct);
            cases.extend(bare.map(|w| (w.service.clone(), Some(("error", w.because.clone())), 0)));
        } else if let (Kind::Model, Some(checked), true) = (proof.kind, &report.model, proof.state != State::Passed) {
            let word = if proof.state == State::Failed { "failure" } else { "error" };
            let new = checked.counterexamples.iter().filter(|c| !c.before);
            let told = |c: &Counterexample| std::iter::once(c.says.clone()).chain(model::lines(c)).collect::<Vec<_>>();
            cases.extend(new.map(|c| (c.id.clone(), Some((word, told(c).join("\n"))), 0)));
        } else {
            cases.extend(proof.because.iter().map(|b| (b.clone(), told(proof.state, b), 0)));
        }
        let of =
            |word: &str| cases.iter().filter(|(_, said, _)| said.as_ref().is_some_and(|(w, _)| *w == word)).count();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
            proof.kind.word(),
            cases.len(),
            of("failure"),
            of("error")
        ));
        for (name, said, took) in &cases {
            let head = format!(
                "    <testcase name=\"{}\" classname=\"{}\" time=\"{}\"",
                escape(plain(name)),
                proof.kind.word(),
                tenths(*took).trim_end_matches(" s")
            );
            out.push_str(&match said {
                None => format!("{head}/>\n"),
                Some((word, text)) => {
                    let first = text.lines().next().unwrap_or_default();
                    let (first, text) = (plain(first), plain(text));
                    format!(
                        "{head}>\n      <{word} message=\"{}\">{}</{word}>\n    </testcase>\n",
                        escape(first),
                        escape(text)
                    )
                }
            });
        }
        out.push_str("  </testsuite>\n");
    }
}

/// The scenario itself.
fn whole(played: &Played) -> String {
    let head = format!(
        "    <testcase name=\"{} sets of faults\" classname=\"{}\"",
        played.tried,
        escape(plain(&played.scenario))
    );
    match (&played.because, played.verdict) {
        (Some(why), Verdict::Inconclusive) => {
            format!("{head}>\n      <error message=\"{}\"/>\n    </testcase>\n", escape(plain(why)))
        }
        _ => format!("{head}/>\n"),
    }
}

fn case(scenario: &str, reported: &Reported) -> String {
    let finding = &reported.found.finding;
    let head =
        format!("    <testcase name=\"{}\" classname=\"{}\"", escape(plain(&reported.id)), escape(plain(scenario)));
    let mut lines: Vec<String> = vec![finding.says.clone(), format!("fault: {}", reported.found.script)];
    lines.extend(reported.found.story.iter().cloned());
    lines.extend(finding.evidence.iter().cloned());
    let text = plain(&lines.join("\n"));
    match finding.grade {
        Grade::Weak => format!("{head}>\n      <system-out>{}</system-out>\n    </testcase>\n", escape(text)),
        Grade::Fails => format!(
            "{head}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
            finding.rule.name(),
            escape(plain(&finding.says)),
            escape(text)
        ),
    }
}

/// XML 1.0 has no place for control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
