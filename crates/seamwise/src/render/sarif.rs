//! SARIF 2.1.0 (OASIS): what GitHub, GitLab, Azure DevOps and editors import; what all logs have in common.

use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log of one run.
pub fn log(rules: &[Value], results: &[Value]) -> String {
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Seamwise",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": { "ROOT": { "description": { "text": "the workspace's folder" } } },
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

/// Lines of a file, by a path that is relative to the workspace.
pub fn location(path: &str, line: u32, end: Option<u32>) -> Value {
    let mut region = json!({ "startLine": line.max(1) });
    if let Some(end) = end.filter(|end| *end > line) {
        region["endLine"] = json!(end);
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(path), "uriBaseId": "ROOT" },
        "region": region,
    }})
}

/// A relative path as a URI reference (RFC 3986): blanks and the like are percent-encoded, `/` stays.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' => {
                out.push(byte as char);
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/[id]/ü.ts"), "a%20b/%5Bid%5D/%C3%BC.ts");
    }
}
