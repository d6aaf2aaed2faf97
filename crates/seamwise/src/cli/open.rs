//! Opening a workspace, with progress on standard error when it takes longer than a second.

use super::args::Args;
use super::fail::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use seam_host::{CachePlace, Opening, Progress, Report, Workspace};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub fn open(paths: &[PathBuf], args: &Args) -> Result<(Workspace, Report), Failure> {
    let opening = Opening { roots: paths.to_vec(), cache: cache(args), threads: args.threads };
    let progress = Progress::default();
    let (workspace, report) = watched(&progress, || Workspace::open(&opening, &progress))?;
    for note in &report.notes {
        anstream::eprintln!("\x1b[1;33mnote\x1b[0m: {note}");
    }
    Ok((workspace, report))
}

/// Where the arguments want the fact cache.
pub fn cache(args: &Args) -> CachePlace {
    match &args.cache {
        _ if args.no_cache => CachePlace::Nowhere,
        Some(folder) => CachePlace::Folder(folder.clone()),
        None => CachePlace::Standard,
    }
}

/// Runs `work` while another thread draws how far it is. Only a terminal gets to see it.
pub fn watched<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let drawing = scope.spawn(|| draw(progress, &over));
        let result = work();
        over.store(true, Ordering::Relaxed);
        drawing.thread().unpark();
        result
    })
}

fn draw(progress: &Progress, over: &AtomicBool) {
    let start = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    while !over.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(100));
        if start.elapsed() < Duration::from_secs(1) {
            continue;
        }
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("  reading {bar:32} {pos}/{len} files");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(progress.total.load(Ordering::Relaxed) as u64);
        bar.set_position(progress.done.load(Ordering::Relaxed) as u64);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}
