//! Every rule's page says what the rule finds, and where it must stay silent. `SEAM_UPDATE=1 cargo test -p seam-page`
//! writes them anew.

#![expect(clippy::disallowed_methods, reason = "it reads and writes pages")]

use std::path::Path;

#[test]
fn pages_say_what_their_rules_find() {
    let update = std::env::var_os(seam_page::UPDATE).is_some();
    let mut failures = String::new();
    for rule in seam_detect::RULES {
        let outcome = seam_page::findings(rule.page, rule);
        if outcome.difference.is_empty() {
            continue;
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../detect/src/rules")
            .join(format!("{}.md", rule.id.replace('-', "_")));
        if update && std::fs::read_to_string(&file).is_ok_and(|t| t == rule.page) {
            std::fs::write(&file, &outcome.renewed).unwrap();
        } else {
            failures.push_str(&format!("\npage of {}:\n  {}\n", rule.id, outcome.difference.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{failures}\nwrite pages anew: SEAM_UPDATE=1 cargo test -p seam-page\n");
}

#[test]
fn pages_of_rules_have_the_fixed_parts() {
    for rule in seam_detect::RULES {
        let page = seam_page::parse(rule.page);
        assert_eq!(page.title, rule.id, "the title is the id");
        for heading in ["Why it matters", "Fires", "Silent", "What to do", "Limits"] {
            let found = page.headings.iter().any(|h| h == heading || h.starts_with(&format!("{heading}: ")));
            assert!(found, "page of {} has no `## {heading}`", rule.id);
        }
        for (index, heading) in page.headings.iter().enumerate() {
            let block = page.blocks.iter().find(|b| b.section == index + 1 && b.info == "findings");
            let empty = block.is_none_or(|b| b.text.trim().is_empty());
            if heading.starts_with("Fires") {
                assert!(!empty, "page of {}: nothing is found under `## {heading}`", rule.id);
            } else if heading.starts_with("Silent") {
                assert!(block.is_some() && empty, "page of {}: `## {heading}` is not silent", rule.id);
            }
        }
    }
}

#[test]
fn ids_of_rules_are_unique() {
    let mut ids: Vec<&str> = seam_detect::RULES.iter().map(|r| r.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
