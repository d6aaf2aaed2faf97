//! Every extractor's page says what its extractor does. `SEAM_UPDATE=1 cargo test -p seam-page` writes them anew.

#![expect(clippy::disallowed_methods, reason = "it reads and writes pages")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Pages with the extractors that they describe; several of a family may share one.
fn pages() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut pages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for extractor in seam_extract::all() {
        pages.entry(extractor.page).or_default().push(extractor.id);
    }
    pages
}

fn on_disk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            on_disk(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

#[test]
fn pages_say_what_their_extractors_do() {
    let update = std::env::var_os(seam_page::UPDATE).is_some();
    let mut files = Vec::new();
    on_disk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../extract/src"), &mut files);
    let mut failures = String::new();
    for (text, ids) in pages() {
        let mut outcome = seam_page::facts(text, &ids);
        if seam_page::parse(text).block("edges").is_some() {
            let edges = seam_page::edges(&outcome.renewed);
            outcome.difference.extend(edges.difference);
            outcome.renewed = edges.renewed;
        }
        if outcome.difference.is_empty() {
            continue;
        }
        let file = files.iter().find(|f| std::fs::read_to_string(f).is_ok_and(|t| t == text));
        if let (true, Some(file)) = (update, file) {
            std::fs::write(file, &outcome.renewed).unwrap();
        } else {
            failures.push_str(&format!("\npage of {}:\n  {}\n", ids.join(", "), outcome.difference.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{failures}\nwrite pages anew: SEAM_UPDATE=1 cargo test -p seam-page\n");
}

#[test]
fn pages_have_the_fixed_parts() {
    for (text, ids) in pages() {
        let page = seam_page::parse(text);
        for heading in ["Example", "Limits"] {
            assert!(page.headings.iter().any(|h| h == heading), "page of {} has no `## {heading}`", ids.join(", "));
        }
        assert!(!page.title.is_empty(), "page of {} has no title", ids.join(", "));
        assert!(page.files().next().is_some(), "page of {} has no example file", ids.join(", "));
    }
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<&str> = seam_extract::all().map(|e| e.id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
