//! How long a map takes: the first time, again, and after one edit. `cargo bench -p xtask`; `SEAM_BENCH=FOLDER` measures a
//! tree of yours beside the generated ones.

#![expect(clippy::disallowed_methods, reason = "it makes trees and measures time")]

use divan::Bencher;
use seam_host::{CachePlace, Opening, Progress, Workspace};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

#[path = "../src/generate.rs"]
mod generate;

fn main() {
    divan::main();
}

/// What `generate` writes with.
fn write(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text)).map_err(|e| e.to_string())
}

/// A tree of so many services; 0 is the reader's own. Old enough for the cache to trust its times.
struct Tree {
    at: PathBuf,
    cache: PathBuf,
    _kept: tempfile::TempDir,
}

fn tree(services: usize) -> Option<Tree> {
    let kept = tempfile::tempdir().ok()?;
    let cache = kept.path().join("cache");
    let at = match services {
        0 => PathBuf::from(std::env::var_os("SEAM_BENCH")?),
        _ => {
            let at = kept.path().join("tree");
            generate::run(&at, services).ok()?;
            age(&at);
            at
        }
    };
    Some(Tree { at, cache, _kept: kept })
}

fn age(folder: &Path) {
    let before = SystemTime::now() - Duration::from_secs(3600);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            age(&entry.path());
        } else if let Ok(file) = std::fs::File::options().write(true).open(entry.path()) {
            let _ = file.set_modified(before);
        }
    }
}

fn open(tree: &Tree, cache: CachePlace) -> Workspace {
    let opening = Opening { roots: vec![tree.at.clone()], cache, threads: 0 };
    Workspace::open(&opening, &Progress::default()).unwrap().0
}

fn asked(mut workspace: Workspace) -> usize {
    workspace.ask("map", "{}").map_or(0, |answer| answer.len())
}

#[divan::bench(args = [0, 20, 200], sample_count = 5)]
fn cold(bencher: Bencher<'_, '_>, services: usize) {
    let Some(tree) = tree(services) else { return };
    bencher.bench_local(|| asked(open(&tree, CachePlace::Nowhere)));
}

#[divan::bench(args = [0, 20, 200], sample_count = 10)]
fn warm(bencher: Bencher<'_, '_>, services: usize) {
    let Some(tree) = tree(services) else { return };
    let cached = || CachePlace::Folder(tree.cache.clone());
    asked(open(&tree, cached()));
    bencher.bench_local(|| asked(open(&tree, cached())));
}

/// An engine that knows the whole tree, and a large file of it.
fn engine(tree: &Tree) -> Option<(seam_engine::Engine, String)> {
    let snapshot = open(tree, CachePlace::Nowhere).snapshot();
    let (path, _) = snapshot.base().files().max_by_key(|(_, f)| f.facts.len())?;
    let mut engine = seam_engine::Engine::default();
    engine.apply(snapshot.base().files().map(|(path, facts)| seam_engine::Change::File {
        path: path.clone(),
        facts: std::sync::Arc::new(facts.clone()),
    }));
    Some((engine, path.to_string()))
}

/// The editor's case: the workspace is open, one file has new facts, the graph is wanted again.
#[divan::bench(args = [0, 20, 200], sample_count = 20)]
fn one_edit(bencher: Bencher<'_, '_>, services: usize) {
    let Some(tree) = tree(services) else { return };
    let Some((mut engine, path)) = engine(&tree) else { return };
    let text = std::fs::read_to_string(tree.at.join(&path)).unwrap_or_default();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let facts = std::sync::Arc::new(seam_engine::extract(&path, &format!("{text}\n{}", " ".repeat(turn % 7))));
        engine.apply([seam_engine::Change::File { path: path.as_str().into(), facts }]);
        engine.snapshot().graph(None).edges.len()
    });
}

/// The editor's whole way but for the wire: one file has new facts, and the findings of all rules are wanted again.
#[divan::bench(args = [0, 20, 200], sample_count = 20)]
fn detect(bencher: Bencher<'_, '_>, services: usize) {
    let Some(tree) = tree(services) else { return };
    let Some((mut engine, path)) = engine(&tree) else { return };
    let text = std::fs::read_to_string(tree.at.join(&path)).unwrap_or_default();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        let facts = std::sync::Arc::new(seam_engine::extract(&path, &format!("{text}\n{}", " ".repeat(turn % 7))));
        engine.apply([seam_engine::Change::File { path: path.as_str().into(), facts }]);
        engine.snapshot().ask("detect", "{}").map_or(0, |answer| answer.len())
    });
}

/// Linking alone, everything known.
#[divan::bench(args = [0, 20, 200], sample_count = 20)]
fn link(bencher: Bencher<'_, '_>, services: usize) {
    let Some(tree) = tree(services) else { return };
    let Some((engine, _)) = engine(&tree) else { return };
    bencher.bench_local(|| engine.snapshot().graph(None).edges.len());
}
