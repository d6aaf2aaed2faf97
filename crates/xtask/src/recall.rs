//! Scores `recall` on incidents of public post-mortems (`docs/truth/incidents.md`) and questions in other words (`docs/truth/recall.csv`),
//! and measures it with many entries.
//!
//! Rules of counting: a question hits at k if the incident it was written for is among the first k; no service or key is given, only
//! the question's words. Questions of the half `held` are not looked at while the method is worked on.

use seam_engine::learn::{Entry, Index, Log, Query, heading, recall, render};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

pub fn run(root: &Path, options: &[&str]) -> Result<String, String> {
    let after = |flag: &str| options.iter().position(|o| *o == flag).and_then(|at| options.get(at + 1)).copied();
    if let Some(count) = after("--scale") {
        let count = count.parse().map_err(|_| format!("`{count}` is no number of entries"))?;
        return scale(root, count);
    }
    let half = after("--half").unwrap_or("tune");
    let list = options.contains(&"--list");
    let entries = incidents(&crate::read(&root.join("docs/truth/incidents.md"))?)?;
    let log = Log::of(entries.iter().map(|(slug, e)| (slug.clone(), e.clone(), Vec::new())));
    let index = Index::of(log.standing());
    let questions = crate::read(&root.join("docs/truth/recall.csv"))?;
    let (mut n, mut hits, mut misses) = (0_u32, [0_u32; 4], String::new());
    for line in questions.lines().skip(1) {
        let mut parts = line.splitn(3, ',');
        let (Some(of), Some(slug), Some(question)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("`{line}` is no half, incident and question"));
        };
        if of != half {
            continue;
        }
        if !entries.iter().any(|(s, _)| s == slug) {
            return Err(format!("there is no incident `{slug}`"));
        }
        let query = Query { text: question.to_owned(), ..Query::default() };
        let found = recall(&index, &query, &[], 10);
        let place = found.iter().position(|h| h.entry.id == slug);
        n += 1;
        for (at, most) in [1, 3, 5, 10].into_iter().enumerate() {
            hits[at] += u32::from(place.is_some_and(|p| p < most));
        }
        if list && place.is_none_or(|p| p >= 3) {
            let first: Vec<&str> = found.iter().take(3).map(|h| h.entry.id.as_str()).collect();
            let _ = writeln!(misses, "  {slug} at {:?}: {question}\n     {}", place.map(|p| p + 1), first.join(", "));
            for hit in found.iter().take(3).chain(found.get(place.unwrap_or_default())) {
                let why: Vec<&str> = hit.reasons.iter().map(|r| r.says.as_str()).collect();
                let _ = writeln!(misses, "       {:.2} {} {}", hit.score, hit.entry.id, why.join("; "));
            }
        }
    }
    let share = |k: u32| f64::from(k) / f64::from(n.max(1));
    let [one, three, five, ten] = hits.map(share);
    Ok(format!(
        "{} incidents, {n} questions of the half `{half}`: hit@1 {one:.3}  hit@3 {three:.3}  hit@5 {five:.3}  hit@10 {ten:.3}\n{misses}",
        entries.len()
    ))
}

/// Entries of the file: `## slug`, a line with day, kind of fault and source, the title, and what is said under four words.
fn incidents(text: &str) -> Result<Vec<(String, Entry)>, String> {
    let mut out = Vec::new();
    for block in text.split("\n## ").skip(1) {
        let mut lines = block.lines();
        let slug = lines.next().unwrap_or_default().trim();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [date, fault, source] = head.as_slice() else {
            return Err(format!("`{slug}` has no day, fault and source"));
        };
        let mut entry = Entry {
            id: slug.into(),
            date: if *date == "-" { "".into() } else { (*date).into() },
            fault: Some((*fault).into()),
            source: Some((*source).to_owned()),
            title: lines.next().unwrap_or_default().to_owned(),
            ..Entry::default()
        };
        for line in lines {
            for (word, to) in [
                ("Seen: ", heading::SEEN),
                ("Cause: ", heading::CAUSE),
                ("Fix: ", heading::FIX),
                ("Caught: ", heading::CAUGHT),
            ] {
                if let Some(says) = line.strip_prefix(word) {
                    entry.tell(to, says);
                }
            }
        }
        out.push((slug.to_owned(), entry));
    }
    Ok(out)
}

/// So many entries on disk, read, indexed and asked: wall-clock on this machine.
fn scale(root: &Path, count: usize) -> Result<String, String> {
    let base = incidents(&crate::read(&root.join("docs/truth/incidents.md"))?)?;
    let folder = std::env::temp_dir().join(format!("seam-recall-{}", std::process::id()));
    let memory = seam_host::MemoryFolder::of(&folder);
    let failed = |e: std::io::Error| e.to_string();
    std::fs::create_dir_all(memory.path()).map_err(failed)?;
    for number in 0..count {
        let (_, entry) = &base[number % base.len()];
        let mut entry = entry.clone();
        // Words of their own, so that the index is as large as one of so many different incidents.
        entry.title = format!("{} number{number} of service{}", entry.title, number % 500);
        entry.services = vec![format!("service{}", number % 500).into()];
        entry.tell("Notes", &format!("ticket{number} team{} host{}", number % 97, number * 7 % 3001));
        let entry = entry.named();
        std::fs::write(memory.path().join(format!("{}.md", entry.id)), render(&entry)).map_err(failed)?;
    }
    let start = Instant::now();
    let log = memory.read();
    let read = start.elapsed();
    let start = Instant::now();
    let index = Index::of(log.standing());
    let built = start.elapsed();
    let questions = crate::read(&root.join("docs/truth/recall.csv"))?;
    let mut times: Vec<u128> = questions
        .lines()
        .skip(1)
        .filter_map(|l| l.splitn(3, ',').nth(2))
        .map(|question| {
            let query = Query { text: question.to_owned(), services: vec!["service7".into()], ..Query::default() };
            let start = Instant::now();
            let found = recall(&index, &query, &[], 5);
            assert!(!found.is_empty());
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    let _ = std::fs::remove_dir_all(&folder);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default() as f64 / 1000.0;
    Ok(format!(
        "{} entries: read in {} ms, index of {} words in {} ms; recall: median {:.1} ms, 95 % {:.1} ms, slowest {:.1} ms",
        log.len(),
        read.as_millis(),
        index.words(),
        built.as_millis(),
        at(50),
        at(95),
        times.last().copied().unwrap_or_default() as f64 / 1000.0
    ))
}
