//! Lines that a change breaks, as SARIF and as annotations: each call site of those who are left behind, with the change beside it.

use crate::render::sarif as logs;
use seam_engine::asks::plan::{Answer, Change, Line};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is told of one line.
struct Site<'a> {
    change: &'a Change,
    line: &'a Line,
    service: &'a str,
    text: String,
}

/// The changed line itself, and every line of another side that it breaks.
fn sites(answer: &Answer) -> Vec<Site<'_>> {
    let mut out = Vec::new();
    for change in answer.changes.iter().filter(|c| c.level != "safe") {
        let own = change.revision.as_ref().or(change.base.as_ref());
        if let Some(line) = own {
            let service = change.direct.first().map_or("", String::as_str);
            out.push(Site { change, line, service, text: change.text.clone() });
        }
        for tie in change.dependent.iter().filter(|t| !t.moved) {
            for line in &tie.lines {
                let text = format!("`{}` {}: {}", tie.service, tie.why, change.text);
                out.push(Site { change, line, service: &tie.service, text });
            }
        }
    }
    out
}

pub fn sarif(answer: &Answer) -> String {
    let used: BTreeSet<&str> = answer.changes.iter().filter(|c| c.level != "safe").map(|c| c.rule.as_str()).collect();
    let rules: Vec<Value> =
        used.iter().map(|id| json!({ "id": id, "name": id, "properties": { "tags": ["change"] } })).collect();
    let result = |site: &Site<'_>| {
        let rule = used.iter().position(|id| *id == site.change.rule).unwrap_or_default();
        let related = [&site.change.revision, &site.change.base].into_iter().flatten().find(|l| *l != site.line);
        json!({
            "ruleId": site.change.rule,
            "ruleIndex": rule,
            "level": if site.change.level == "breaking" { "error" } else { "warning" },
            "message": { "text": format!("{} ({})", site.text, site.change.grade) },
            "locations": [logs::location(&site.line.path, site.line.line, None)],
            "relatedLocations": related.map(|l| logs::location(&l.path, l.line, None)).into_iter().collect::<Vec<_>>(),
            "partialFingerprints": { "seamKey/v1": format!("plan/{}/{}/{}", site.change.rule, site.change.key, site.service) },
            "properties": { "grade": site.change.grade, "service": site.service, "key": site.change.key },
        })
    };
    let results: Vec<Value> = sites(answer).iter().map(result).collect();
    logs::log(&rules, &results)
}

pub fn github(answer: &Answer) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for site in sites(answer) {
        let level = if site.change.level == "breaking" { "error" } else { "warning" };
        out.push_str(&format!(
            "::{level} file={},line={},title={}::{}\n",
            property(&site.line.path),
            site.line.line,
            property(&site.change.rule),
            escaped(&site.text)
        ));
    }
    out
}
