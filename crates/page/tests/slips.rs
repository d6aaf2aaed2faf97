//! The usual ways to make one mistake, each in a small system that works without it: the rule that the heading names finds it
//! there, and only there. `SEAM_UPDATE=1 cargo test -p seam-page` does not write these anew.

#![expect(clippy::disallowed_methods, reason = "it reads pages")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Files<'p> = BTreeMap<&'p str, &'p str>;

/// What a rule finds: keys, and the files that each names.
fn found(files: &Files<'_>, rule: &'static seam_detect::Rule) -> Vec<(String, BTreeSet<String>)> {
    let base = seam_page::base(files.iter().map(|(path, text)| (*path, *text)));
    let graph = seam_graph::link(&base, &seam_graph::Options::default());
    let limits = seam_detect::Limits::default();
    let all = seam_detect::detect(&graph, &base, &limits, std::iter::once(rule), std::iter::empty());
    let named = |f: &seam_detect::Finding| {
        let places = std::iter::once(&f.at).chain(f.chain.iter().map(|link| &link.at));
        places.map(|at| at.path.to_string()).collect()
    };
    all.iter().map(|f| (f.key.as_str().to_owned(), named(f))).collect()
}

#[test]
fn each_usual_slip_is_found_where_it_is_made() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("slips");
    let mut wrong = String::new();
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let page = seam_page::parse(&text);
        for (heading, shared, own) in page.systems() {
            let rule = seam_detect::rule(heading.split(',').next().unwrap()).unwrap();
            let blocks = || page.blocks.iter().filter(|b| b.section == own && b.file.is_some());
            let files_of = |before: bool| {
                let wanted = blocks().filter(move |b| (b.info == "before") == before);
                wanted.map(|b| (b.file.as_deref().unwrap(), b.text.as_str()))
            };
            let mut files: Files<'_> = page.files_of(shared).collect();
            files.extend(files_of(true));
            let known: BTreeSet<String> = found(&files, rule).into_iter().map(|(key, _)| key).collect();
            files.extend(files_of(false));
            let changed: BTreeSet<&str> = files_of(false).map(|(path, _)| path).collect();
            let new = found(&files, rule);
            let hit = |(key, places): &(String, BTreeSet<String>)| {
                !known.contains(key) && places.iter().any(|p| changed.contains(p.as_str()))
            };
            tried += 1;
            if !new.iter().any(hit) {
                wrong.push_str(&format!("\n{}, {heading}: before {known:?}, with it {new:?}", page.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried > 70, "only {tried} slips were tried");
}
