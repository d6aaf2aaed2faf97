//! Scores `diagnose` on minutes of traces, lines and metrics with injected faults, laid out as Nezha's data set is
//! (Yu et al., FSE 2023): files `HH_MM_trace.csv`, `HH_MM_log.csv`, one `POD_metric.csv` each, and lists of labels.
//!
//! Rules of counting: suspects in order, ties counted against us. AS@k: the right service among the first k distinct services.
//! AIS@k: right service with the right region or resource at place k or better. Labels are read after the answers are made.

use super::memory::Replay;
use seam_diagnose::{Case, Fault, Suspect, suspects};
use seam_signals::{Forest, History, Measure, Profile, Telemetry, Window, mapping::Mapping};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

struct Label {
    minute: String,
    service: String,
    kind: String,
    region: String,
}

struct Minute {
    name: String,
    window: Window,
}

/// What is left out, to see what it is worth.
#[derive(Clone, Copy, Default)]
struct Without {
    logs: bool,
    metrics: bool,
}

/// Finds a place of a service in its source.
pub type Resolve<'r> = &'r dyn Fn(&str, &seam_diagnose::Place) -> Option<seam_engine::incident::Where>;

pub fn run(
    normal: &Path,
    faults: &Path,
    labels: &Path,
    options: &[&str],
    resolve: Option<Resolve<'_>>,
) -> Result<String, String> {
    let without =
        Without { logs: options.contains(&"--without-logs"), metrics: options.contains(&"--without-metrics") };
    let list = options.contains(&"--list");
    let mut telemetry = Telemetry::default();
    let (mut minutes, mut problems) = (Vec::new(), BTreeMap::new());
    for folder in [normal, faults] {
        load(folder, without, &mut telemetry, &mut minutes, &mut problems)?;
    }
    telemetry.settle();
    let forest = Forest::of(&telemetry);
    let mut out = format!(
        "{} minutes, {} spans, {} lines, {} points; {:?}\n",
        minutes.len(),
        telemetry.spans.len(),
        telemetry.logs.rows().len(),
        telemetry.metrics.points(),
        forest.flaws
    );
    for (problem, count) in problems {
        out += &format!("{count} x {problem}\n");
    }
    let labels = read_labels(labels)?;
    let profiles: Vec<Profile> = minutes.iter().map(|m| Profile::of(&telemetry, &forest, m.window)).collect();
    for history in [false, true] {
        let answers = answer(&telemetry, &forest, &minutes, &profiles, &labels, history);
        out += &format!("\n{}\n", if history { "normal minute and every earlier file" } else { "normal minute alone" });
        for (task, offset) in [("minute +2 given", Some(2)), ("minute +1 given", Some(1)), ("time not given", None)] {
            out += &score(task, offset, &labels, &answers, list);
        }
        if options.contains(&"--memory") {
            for (task, offset) in [("minute +2 given", Some(2)), ("minute +1 given", Some(1)), ("time not given", None)]
            {
                out += &replayed(task, offset, &labels, &answers, list);
            }
        }
        if let Some(resolve) = resolve {
            out += &resolved(&labels, &answers, resolve);
        }
    }
    Ok(out)
}

/// Answers for each label's three minutes.
fn answer(
    telemetry: &Telemetry,
    forest: &Forest,
    minutes: &[Minute],
    profiles: &[Profile],
    labels: &[Label],
    learn: bool,
) -> Vec<[Vec<Suspect>; 3]> {
    let mut history = History::default();
    let mut usual = Vec::new();
    let mut next = 0;
    // The first minute is the one that is known to be normal.
    if let (Some(profile), Some(minute)) = (profiles.first(), minutes.first()) {
        history.add(profile);
        usual.push(minute.window);
        next = 1;
    }
    let mut answers: Vec<[Vec<Suspect>; 3]> = Vec::new();
    for label in labels {
        let at = minutes.iter().skip(1).position(|m| m.name == label.minute).map_or(usize::MAX, |p| p + 1);
        let mut known: BTreeMap<usize, Vec<Suspect>> = BTreeMap::new();
        let mut ask = |at: usize, history: &History, usual: &[Window]| {
            known
                .entry(at)
                .or_insert_with(|| {
                    minutes.get(at).map_or_else(Vec::new, |m| {
                        suspects(&Case { telemetry, forest, window: m.window, history, usual })
                    })
                })
                .clone()
        };
        while learn && next < at.min(minutes.len()) {
            let found = ask(next, &history, &usual);
            let number = history.add(&profiles[next]);
            usual.push(minutes[next].window);
            if let Some(first) = found.iter().find(|s| !s.contexts.is_empty()).filter(|s| s.is_doubtful()) {
                first.contexts.iter().chain(&first.along).for_each(|c| history.exclude(number, *c));
            }
            next += 1;
        }
        let mut known_now: BTreeMap<usize, Vec<Suspect>> = BTreeMap::new();
        let mut three = [0, 1, 2].map(|offset| {
            let at = at.saturating_add(offset);
            known_now
                .entry(at)
                .or_insert_with(|| {
                    minutes.get(at).map_or_else(Vec::new, |m| {
                        suspects(&Case { telemetry, forest, window: m.window, history: &history, usual: &usual })
                    })
                })
                .clone()
        });
        for suspects in &mut three {
            suspects.truncate(60);
        }
        answers.push(three);
    }
    answers
}

fn score(task: &str, offset: Option<usize>, labels: &[Label], answers: &[[Vec<Suspect>; 3]], list: bool) -> String {
    let mut out = String::new();
    let (mut service1, mut service3, mut region1, mut region3) = (0, 0, 0, 0);
    for (label, three) in labels.iter().zip(answers) {
        let suspects = match offset {
            Some(offset) => three[offset].clone(),
            None => merged(three),
        };
        let (service, region) = places(label, &suspects);
        service1 += usize::from(service <= 1);
        service3 += usize::from(service <= 3);
        region1 += usize::from(region <= 1);
        region3 += usize::from(region <= 3);
        if list && region > 1 {
            out += &format!(
                "  {} {} {} {}: service {service}, region {region}\n",
                label.minute, label.service, label.kind, label.region
            );
            for s in suspects.iter().take(4) {
                out += &format!(
                    "     {:.2} = {:.2} x {:.2} x {:.2} {} {}\n",
                    s.score,
                    s.parts.effect,
                    s.parts.unexplained,
                    s.parts.sure,
                    s.service,
                    s.region_shown()
                );
            }
        }
    }
    let n = labels.len().max(1) as f64;
    let share = |k: usize| k as f64 / n;
    format!(
        "{task:<16} AS@1 {:.3}  AS@3 {:.3}  AIS@1 {:.3}  AIS@3 {:.3}  ({} cases)\n{out}",
        share(service1),
        share(service3),
        share(region1),
        share(region3),
        labels.len()
    )
}

/// The same cases in order, with what the earlier ones taught: by service alone, and with region or resource.
fn replayed(task: &str, offset: Option<usize>, labels: &[Label], answers: &[[Vec<Suspect>; 3]], list: bool) -> String {
    let mut out = String::new();
    for whole in [false, true] {
        let mut replay = Replay::default();
        for (label, three) in labels.iter().zip(answers) {
            let suspects = offset.map_or_else(|| merged(three), |o| three[o].clone());
            let right = |s: &Suspect| s.service == label.service && (!whole || is_region(s, &label.region));
            replay.solve(&label.minute, &suspects, &label.service, &label.kind, &right);
        }
        let what = if whole { "service and region" } else { "service" };
        out += &replay.told(&format!("memory, {task}, {what}"), list);
    }
    out
}

/// How many code regions are right within the first three at minute +2 and stand in the source with file and line.
fn resolved(labels: &[Label], answers: &[[Vec<Suspect>; 3]], resolve: Resolve<'_>) -> String {
    let (mut code, mut found) = (0, 0);
    let mut places = String::new();
    for (label, three) in labels.iter().zip(answers).filter(|(l, _)| l.region.contains('_')) {
        code += 1;
        let mut first = three[2].iter().take(3);
        let right = first.find(|s| s.service == label.service && is_region(s, &label.region));
        let Some(region) = right.and_then(|s| s.region.as_ref()) else { continue };
        let at = |place| resolve(&label.service, place).map(|w| format!("{}:{}", w.path, w.line));
        if let (Some(after), Some(expected)) = (at(&region.after), at(&region.expected)) {
            found += 1;
            places += &format!("     {} {after} {expected}\n", label.minute);
        }
    }
    format!("code regions in the first three with file and line: {found} of {code}\n{places}")
}

/// The suspects of three minutes, each with its best score.
fn merged(three: &[Vec<Suspect>; 3]) -> Vec<Suspect> {
    let mut best: BTreeMap<(String, String), Suspect> = BTreeMap::new();
    for suspect in three.iter().flatten() {
        let key = (suspect.service.clone(), suspect.region_shown());
        let better = best.get(&key).is_none_or(|known| known.score < suspect.score);
        if better {
            best.insert(key, suspect.clone());
        }
    }
    let mut all: Vec<Suspect> = best.into_values().collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// Where the right service and the right region stand; ties are counted against us.
fn places(label: &Label, suspects: &[Suspect]) -> (usize, usize) {
    let mut before = BTreeSet::new();
    let mut service = usize::MAX;
    if let Some(best) = suspects.iter().filter(|s| s.service == label.service).map(|s| s.score).reduce(f64::max) {
        for s in suspects.iter().filter(|s| s.score >= best && s.service != label.service) {
            before.insert(s.service.as_str());
        }
        service = before.len() + 1;
    }
    let right = suspects.iter().filter(|s| s.service == label.service && is_region(s, &label.region)).map(|s| s.score);
    let region = right.reduce(f64::max).map_or(usize::MAX, |best| suspects.iter().filter(|s| s.score >= best).count());
    (service, region)
}

fn is_region(suspect: &Suspect, label: &str) -> bool {
    if label.starts_with("Cpu") {
        return matches!(suspect.fault, Fault::Compute | Fault::Resource(Measure::Processor));
    }
    if label.starts_with("Network") {
        return suspect.fault == Fault::Network;
    }
    if label.starts_with("Memory") {
        return suspect.fault == Fault::Resource(Measure::Memory);
    }
    let Some(region) = &suspect.region else { return false };
    if suspect.region_shown() == label {
        return true;
    }
    // Labels of statements without a line quote a part of the text.
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let Some((after, expected)) = label.split_once('_') else { return false };
    let says = |place: &seam_diagnose::Place, label: &str| match place {
        seam_diagnose::Place::Line { template, .. } => {
            place.shown() == label || (!label.contains('#') && plain(template).contains(&plain(label)))
        }
        seam_diagnose::Place::Start { .. } | seam_diagnose::Place::End => place.shown() == label,
    };
    says(&region.after, after) && says(&region.expected, expected)
}

fn load(
    folder: &Path,
    without: Without,
    telemetry: &mut Telemetry,
    minutes: &mut Vec<Minute>,
    problems: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let mapping = Mapping::default();
    for path in files {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (trace, log, metric) =
            (name.ends_with("_trace.csv"), name.ends_with("_log.csv"), name.ends_with("_metric.csv"));
        if !(trace || (log && !without.logs) || (metric && !without.metrics)) {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        let before = telemetry.spans.len();
        for problem in seam_signals::read(&bytes, &name, &mapping, telemetry) {
            *problems.entry(problem.message.to_string()).or_default() += 1;
        }
        let starts = &telemetry.spans.starts()[before..];
        if let (true, Some(from), Some(to)) = (trace, starts.iter().min(), starts.iter().max()) {
            // Some files hold two minutes, or parts of the next: a file's minute ends some ten seconds after its name, in UTC.
            let file = Window { from: *from, to: to + 1 };
            let named = end_of(&name, *to).map(|end| Window { from: end - MINUTE, to: end });
            let window = match named.filter(|n| !minutes.is_empty() && n.from < file.to && file.from < n.to) {
                Some(named) => Window { from: named.from.max(file.from), to: named.to.min(file.to) },
                None => file,
            };
            minutes.push(Minute { name: name[..5].to_owned(), window });
        }
    }
    Ok(())
}

const MINUTE: i64 = 60_000_000_000;

/// When the minute of `HH_MM_trace.csv` ends, on the day of `near`.
fn end_of(name: &str, near: i64) -> Option<i64> {
    let (hours, minutes) = (name.get(..2)?.parse::<i64>().ok()?, name.get(3..5)?.parse::<i64>().ok()?);
    let day = near.div_euclid(1440 * MINUTE) * 1440 * MINUTE;
    Some(day + (hours * 60 + minutes) * MINUTE + 10_000_000_000)
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("cannot read `{}`: {e}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, out)?;
        } else {
            out.push(path);
        }
    }
    Ok(())
}

/// `*fault_list.json` (when, which pod, which type) and `root_cause*.json` (service, type, region).
fn read_labels(folder: &Path) -> Result<Vec<Label>, String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    let json = |path: &PathBuf| -> Result<serde_json::Value, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("`{}` is no JSON: {e}", path.display()))
    };
    let named = |part: &str| {
        files
            .iter()
            .find(|p| p.to_string_lossy().ends_with(".json") && p.to_string_lossy().contains(part))
            .ok_or_else(|| format!("no `*{part}*.json` in `{}`", folder.display()))
    };
    let (faults, regions) = (json(named("fault_list")?)?, json(named("root_cause")?)?);
    let mut out = Vec::new();
    for fault in faults.as_object().into_iter().flat_map(|o| o.values()).filter_map(|v| v.as_array()).flatten() {
        let text = |key: &str| fault[key].as_str().unwrap_or_default().to_owned();
        let service = seam_signals::service_of_instance(&text("inject_pod")).to_owned();
        let kind = text("inject_type");
        let region = regions[&service][&kind].as_str().unwrap_or_default().to_owned();
        let minute = text("inject_time").get(11..16).unwrap_or_default().replace(':', "_");
        out.push(Label { minute, service, kind, region });
    }
    out.sort_by(|a, b| a.minute.cmp(&b.minute));
    Ok(out)
}
