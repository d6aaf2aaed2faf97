//! JUnit's XML: a suite for each scenario, a case for each finding; weak ones pass, and what ended early is an error.

use super::seconds;
use quick_xml::escape::escape;
use seam_verify::finding::Grade;
use seam_verify::report::{Played, Report, Reported, Verdict};

pub fn render(report: &Report) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seam verify\">\n");
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
