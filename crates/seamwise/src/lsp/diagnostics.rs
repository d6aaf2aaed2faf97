//! Findings as diagnostics: one for each finding, its chain as related information.

use super::position::Text;
use super::shared::Shared;
use gen_lsp_types::{Range, Uri};
use seam_engine::Finding;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Texts of files by path, read once for each set of diagnostics.
#[derive(Default)]
pub struct Texts {
    known: BTreeMap<String, Option<Text>>,
    bytes: usize,
}

/// Texts that are kept between two sets, in bytes.
const MOST: usize = 32 << 20;

impl Texts {
    pub fn get(&mut self, shared: &Shared, path: &str) -> Option<&Text> {
        if !self.known.contains_key(path) {
            let text = shared.text(path);
            self.bytes += text.as_ref().map_or(0, |t| t.text.len());
            self.known.insert(path.to_owned(), text);
        }
        self.known.get(path)?.as_ref()
    }

    pub fn forget(&mut self, path: &str) {
        if let Some(Some(text)) = self.known.remove(path) {
            self.bytes -= text.text.len();
        }
    }

    /// What is open may change; what is too much is read again.
    pub fn clear(&mut self, all: bool) {
        if all || self.bytes > MOST {
            self.known.clear();
            self.bytes = 0;
        }
    }

    pub fn range(&mut self, shared: &Shared, path: &str, line: u32, column: u32) -> Range {
        let encoding = shared.encoding;
        self.get(shared, path).map(|text| text.meant(line, column, encoding)).unwrap_or_default()
    }
}

/// Diagnostics by path.
pub fn all(shared: &Shared, findings: &[Finding], texts: &mut Texts) -> BTreeMap<String, Vec<Value>> {
    let mut out: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for finding in findings {
        out.entry(finding.at.path.clone()).or_default().push(diagnostic(shared, finding, texts));
    }
    out
}

/// What is wrong with the `seam.toml` of each root, by path.
pub fn settings(shared: &Shared, out: &mut BTreeMap<String, Vec<Value>>) {
    for path in shared.settings_files() {
        let Some(text) = shared.text(&path) else { continue };
        for mistake in seam_engine::written::mistakes(&text.text) {
            let before = &text.text[..mistake.at.start.min(text.text.len())];
            let line = before.matches('\n').count();
            let start = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
            let end = start + (mistake.at.end - mistake.at.start).max(1);
            let help = if mistake.help.is_empty() { String::new() } else { format!("\nhelp: {}", mistake.help) };
            let range = text.range(line, start..end.min(text.line(line).len().max(start)), shared.encoding);
            out.entry(path.clone()).or_default().push(json!({
                "range": range, "severity": 2, "source": "seamwise", "code": "seam.toml",
                "message": format!("{}{help}", mistake.says),
            }));
        }
    }
}

pub fn diagnostic(shared: &Shared, finding: &Finding, texts: &mut Texts) -> Value {
    let related: Vec<Value> = finding
        .chain
        .iter()
        .filter_map(|step| {
            let uri: Uri = shared.uri(&step.at.path)?;
            let range = texts.range(shared, &step.at.path, step.at.line, step.column);
            Some(json!({"location": {"uri": uri, "range": range}, "message": step.says}))
        })
        .collect();
    // Editors that run commands from links show the rule's page; in others the link is dead and the code is still the rule's name.
    let href = format!("command:seamwise.explain?%5B%22{}%22%5D", finding.rule);
    json!({
        "range": texts.range(shared, &finding.at.path, finding.at.line, finding.column),
        "severity": severity(&finding.severity),
        "code": finding.rule,
        "codeDescription": {"href": href},
        "source": "seamwise",
        "message": message(finding),
        "relatedInformation": related,
        "data": {"key": finding.key},
    })
}

/// What is wrong, why it matters, what to do.
fn message(finding: &Finding) -> String {
    let mut out = finding.message.clone();
    if finding.hypothesis {
        out.push_str(" (possible; only a run proves it)");
    }
    for more in [&finding.why, &finding.open.join("; ")] {
        if !more.is_empty() {
            out.push_str(&format!("\n{more}"));
        }
    }
    if !finding.help.is_empty() {
        out.push_str(&format!("\nhelp: {}", finding.help));
    }
    out
}

/// The protocol's numbers: error, warning, information.
fn severity(word: &str) -> u8 {
    match word {
        "error" => 1,
        "warning" => 2,
        _ => 3,
    }
}
