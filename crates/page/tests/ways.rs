//! The usual ways to write one thing, each a small system of its own: what the map finds in it. `SEAM_UPDATE=1 cargo test -p
//! seam-page` does not write these anew: what is expected is what people know, not what is found.

#![expect(clippy::disallowed_methods, reason = "it reads pages")]

use std::collections::BTreeMap;
use std::path::Path;

/// What the files of one section make, with those that all sections share beneath them: who uses whom, or, operation by
/// operation, who asks whom for what.
fn made(page: &seam_page::Page, shared: usize, section: usize, calls: bool) -> Vec<String> {
    let mut files: BTreeMap<&str, &str> = page.files_of(shared).collect();
    files.extend(page.files_of(section));
    let graph = seam_page::linked(files.into_iter());
    let name = |node: usize| graph.nodes.get(node).map_or("?", |n| n.name.as_str());
    let ends = |e: &seam_graph::Edge| format!("{} -> {}", name(e.from), name(e.to));
    let mut out: Vec<String> = if calls {
        let operations = |e: &seam_graph::Edge| -> Vec<String> {
            // The endpoint that answers, where the page is about endpoints.
            let by = |d: &seam_graph::Detail| {
                let path =
                    d.endpoint.as_ref().and_then(|k| k.as_str().rsplit(' ').next().map(|path| format!(" by {path}")));
                path.filter(|_| page.title == "Routers").unwrap_or_default()
            };
            e.details.iter().map(|d| format!("{} {}{}", ends(e), d.operation, by(d))).collect()
        };
        graph.edges.iter().flat_map(operations).collect()
    } else {
        graph.edges.iter().map(|e| format!("{} {}", ends(e), e.kind.word())).collect()
    };
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
        for (heading, shared, own) in page.systems() {
            let expects = |b: &&seam_page::Block| b.section == own && matches!(b.info.as_str(), "edges" | "calls");
            let block = page.blocks.iter().find(expects).unwrap();
            let expected: Vec<&str> = block.text.lines().collect();
            let found = made(&page, shared, own, block.info == "calls");
            tried += 1;
            if found != expected {
                wrong.push_str(&format!("\n{}, {heading}: expected {expected:?}, found {found:?}", page.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 200, "only {tried} systems were tried");
}
