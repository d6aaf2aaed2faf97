//! Comments that accept a finding. See `allow.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Allow, Claim, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "allow",
    version: 1,
    page: include_str!("allow.md"),
    reads: Reads::Files { wants: |file| file.text.contains(MARK), extract },
};

const MARK: &str = "seam: allow(";

/// The comment that accepts a finding in a file of this path; none where such files have no comments.
pub fn comment(path: &str, rule: &str, reason: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or(name.as_str(), |(_, e)| e);
    let (before, after) = match extension {
        "py" | "rb" | "ex" | "exs" | "yaml" | "yml" | "toml" | "properties" | "env" | "sh" | "tf" | "hcl" | "conf"
        | "graphql" | "gql" | "dockerfile" | "containerfile" | "makefile" | "codeowners" => ("# ", ""),
        "sql" => ("-- ", ""),
        "xml" | "html" | "csproj" | "md" => ("<!-- ", " -->"),
        "java" | "kt" | "kts" | "cs" | "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "vue" | "svelte" | "go" | "rs"
        | "php" | "scala" | "cpp" | "cc" | "cxx" | "h" | "hpp" | "proto" | "gradle" | "thrift" | "mod" => ("// ", ""),
        _ if name.starts_with(".env") || name.starts_with("dockerfile") => ("# ", ""),
        _ => return None,
    };
    // One line, and nothing that ends the comment.
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ").replace("-->", "->").replace("*/", "* /");
    Some(format!("{before}{MARK}{rule}) {reason}{after}"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    for (index, line) in file.text.lines().enumerate() {
        let Some(start) = line.find(MARK) else { continue };
        // In a comment, and not in a text that explains how it is written.
        let before = line[..start].trim_end();
        if !["#", "//", "--", "/*", "*", "<!--", ";", "%"].iter().any(|c| before.ends_with(c)) {
            continue;
        }
        let Some((rule, reason)) = line[start + MARK.len()..].split_once(')') else { continue };
        let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
        let allow = Allow { rule: rule.trim().into(), reason: reason.into() };
        sink.stated(Claim::Allow(allow), Span::at(index as u32 + 1, start as u32 + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for path in ["a.py", "b/Main.java", "pom.xml", "compose.yaml", "Dockerfile", ".env", "x.sql"] {
            let text = comment(path, "call-cycle", "they agreed\non -->  it").unwrap();
            let mut sink = Sink::default();
            extract(&File { path, text: &text }, &mut sink);
            let facts = format!("{:?}", sink);
            assert!(facts.contains("call-cycle") && facts.contains("they agreed on -> it"), "{path}: {facts}");
        }
        assert_eq!(comment("package.json", "call-cycle", "x"), None);
    }
}
