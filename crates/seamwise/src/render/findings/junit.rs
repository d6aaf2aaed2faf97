//! JUnit's XML, which nearly every build server shows: a suite for each rule that found something, a failure for each
//! finding; notes pass. Source: the Jenkins `xunit` schema `junit-10.xsd`.

use quick_xml::escape::escape;
use seam_engine::Finding;
use seam_engine::asks::detect::Answer;
use std::collections::BTreeMap;

pub fn render(answer: &Answer) -> String {
    let mut suites: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &answer.findings {
        suites.entry(&finding.rule).or_default().push(finding);
    }
    let failures = |of: &[&Finding]| of.iter().filter(|f| f.severity != "note").count();
    let total: usize = suites.values().map(|s| failures(s)).sum();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"seam detect\" tests=\"{}\" failures=\"{total}\">\n",
        answer.findings.len()
    );
    for (rule, findings) in suites {
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
            escape(rule),
            findings.len(),
            failures(&findings)
        ));
        for finding in findings {
            out.push_str(&case(finding));
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

fn case(finding: &Finding) -> String {
    let place = format!("{}:{}", finding.at.path, finding.at.line);
    let chain: String = finding.chain.iter().map(|s| format!("\n{}:{} {}", s.at.path, s.at.line, s.says)).collect();
    let text = plain(&format!("{place} {}\n{}{chain}\nhelp: {}", finding.message, finding.why, finding.help));
    let head = format!(
        "    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" line=\"{}\"",
        escape(plain(&finding.key)),
        escape(finding.rule.as_str()),
        escape(finding.at.path.as_str()),
        finding.at.line
    );
    if finding.severity == "note" {
        return format!("{head}>\n      <system-out>{}</system-out>\n    </testcase>\n", escape(text));
    }
    format!(
        "{head}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
        finding.severity,
        escape(plain(&finding.message)),
        escape(text)
    )
}

/// XML 1.0 has no place for control characters.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
