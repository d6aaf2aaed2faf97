//! The usual ways to write one thing, each a small system of its own: what the map finds in it. `SEAM_UPDATE=1 cargo test -p
//! seam-page` does not write these anew: what is expected is what people know, not what is found.

#![expect(clippy::disallowed_methods, reason = "it reads pages")]

use std::collections::BTreeMap;
use std::path::Path;

/// What the files of one section make, with those that all sections share beneath them.
fn edges(page: &seam_page::Page, shared: usize, section: usize) -> Vec<String> {
    let mut files: BTreeMap<&str, &str> = page.files_of(shared).collect();
    files.extend(page.files_of(section));
    let graph = seam_page::linked(files.into_iter());
    let name = |node: usize| graph.nodes.get(node).map_or("?", |n| n.name.as_str());
    let mut out: Vec<String> =
        graph.edges.iter().map(|e| format!("{} -> {} {}", name(e.from), name(e.to), e.kind.word())).collect();
    out.sort();
    out.dedup();
    out
}

#[test]
fn each_usual_way_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ways");
    let mut wrong = String::new();
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let page = seam_page::parse(&text);
        let shared = page.headings.iter().position(|h| h == "Every system").map(|i| i + 1).unwrap();
        for (index, heading) in page.headings.iter().enumerate().filter(|(i, _)| i + 1 != shared) {
            let block = page.blocks.iter().find(|b| b.section == index + 1 && b.info == "edges");
            let expected: Vec<&str> = block.unwrap().text.lines().collect();
            let found = edges(&page, shared, index + 1);
            tried += 1;
            if found != expected {
                wrong.push_str(&format!("\n{}, {heading}: expected {expected:?}, found {found:?}", page.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 200, "only {tried} systems were tried");
}
