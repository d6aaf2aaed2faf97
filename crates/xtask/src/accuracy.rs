//! Maps public systems with a known architecture, and writes how well that went.

use crate::score::{Score, Tally, score};
use crate::{read, write};
use seam_engine::asks::map;
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::{Value, json};
use std::path::Path;

/// `systems/NAME` is a checkout, `truth/NAME.json` what is true of it.
pub fn run(to: &Path, systems: &Path, truth: &Path) -> Result<String, String> {
    let listing = std::fs::read_dir(truth).map_err(|e| format!("cannot read `{}`: {e}", truth.display()))?;
    let mut names: Vec<String> = listing
        .flatten()
        .filter_map(|e| e.file_name().to_string_lossy().strip_suffix(".json").map(ToOwned::to_owned))
        .filter(|name| systems.join(name).is_dir())
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(format!("no folder in `{}` has a truth in `{}`", systems.display(), truth.display()));
    }
    let mut rows = vec!["system,nodes f1,edges tp,edges fp,edges fn,edges f1,edges with kind f1".to_owned()];
    let mut scores = Vec::new();
    for name in &names {
        let truth: Value = serde_json::from_str(&read(&truth.join(format!("{name}.json")))?)
            .map_err(|e| format!("the truth of `{name}` cannot be read: {e}"))?;
        let outside = truth["externals"].as_array().is_some_and(|e| !e.is_empty());
        let score = score(&truth, &edges(&systems.join(name), outside)?);
        rows.push(row(name, &score));
        scores.push(score);
    }
    let mut total = Score::default();
    for score in &scores {
        total.nodes.add(score.nodes);
        total.edges.add(score.edges);
        total.kinds.add(score.kinds);
    }
    rows.push(row("all (micro)", &total));
    let mean = |of: fn(&Score) -> Tally| scores.iter().map(|s| of(s).f1()).sum::<f64>() / scores.len() as f64;
    rows.push(format!("all (macro),{:.3},,,,{:.3},{:.3}", mean(|s| s.nodes), mean(|s| s.edges), mean(|s| s.kinds)));
    let text = rows.join("\n") + "\n";
    write(to, &text)?;
    Ok(text.trim_end().to_owned())
}

fn row(name: &str, score: &Score) -> String {
    let e = score.edges;
    format!("{name},{:.3},{},{},{},{:.3},{:.3}", score.nodes.f1(), e.tp, e.fp, e.fn_, e.f1(), score.kinds.f1())
}

/// The map of one folder as scorers want it. Hosts on the public internet are left out, as in the `edges` format, unless the
/// truth has some of them.
fn edges(folder: &Path, externals: bool) -> Result<Value, String> {
    // A folder of repositories is one system: they stand side by side in it, and are read as one root.
    let opening = Opening { roots: vec![folder.to_owned()], cache: CachePlace::Nowhere, threads: 0 };
    let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
    let map = map::run(&workspace.snapshot(), &map::Request::default()).map_err(|e| e.to_string())?;
    let left_out = |kind: &str| !externals && kind == "external";
    let outside: Vec<&String> = map.nodes.iter().filter(|n| left_out(&n.kind)).map(|n| &n.name).collect();
    let inside = map.interactions.iter().filter(|i| !outside.contains(&&i.to));
    Ok(json!({
        "nodes": map.nodes.iter().map(|n| &n.name).filter(|n| !outside.contains(n)).collect::<Vec<_>>(),
        "edges": inside.map(|i| json!([i.from, i.to, i.class()])).collect::<Vec<_>>(),
    }))
}
