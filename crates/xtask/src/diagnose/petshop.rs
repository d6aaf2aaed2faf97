//! Scores `diagnose` on five-minute metrics of a system with injected issues, laid out as the PetShop data set is (Hardt et al.,
//! 2023): `SCENARIO/graph.csv`, `SCENARIO/noissue/metrics.csv`, `SCENARIO/{train,test}/issue_N/{metrics.csv,target.json}`.
//!
//! Rules of counting: the root's node at place k or better, ties counted against us; an answer that is not told counts as none
//! for what is detected, and any answer that is told in a window without an issue counts as a false alarm.

use super::memory::Replay;
use seam_diagnose::{MetricCase, Sources, Suspect, Symptom, Topology, metric_suspects};
use seam_signals::{Forest, Measure, Telemetry, Window, mapping::Mapping};
use std::path::{Path, PathBuf};

struct Issue {
    folder: String,
    root: String,
    symptom: Symptom,
    noticed: i64,
    telemetry: Telemetry,
    window: Window,
}

const INTERVAL: i64 = 300_000_000_000;

pub fn run(folder: &Path, options: &[&str]) -> Result<String, String> {
    let list = options.contains(&"--list");
    let mut scenarios = children(folder)?;
    scenarios.retain(|s| s.join("noissue/metrics.csv").is_file());
    if scenarios.is_empty() {
        return Err(format!("no `SCENARIO/noissue/metrics.csv` in `{}`", folder.display()));
    }
    let mut out = String::new();
    for platforms in [true, false] {
        for known in [true, false] {
            let mut solved: Vec<(i64, Issue, Vec<Suspect>)> = Vec::new();
            let (mut n, mut first, mut third, mut detected) = (0, 0, 0, 0);
            let mut misses = String::new();
            for scenario in &scenarios {
                for issue in issues(scenario)? {
                    let found = answer(&issue, platforms, known);
                    let place = place(&found, &issue.root);
                    n += 1;
                    first += usize::from(place <= 1);
                    third += usize::from(place <= 3);
                    detected += usize::from(place <= 1 && found.first().is_some_and(|s| s.is_told()));
                    let order = issue.noticed;
                    if list && place > 1 {
                        misses += &format!("  {} root {} at {place}\n", issue.folder, issue.root);
                        for s in found.iter().take(3) {
                            misses += &format!(
                                "     {:.2} = {:.2} x {:.2} x {:.2} {} {}: {}\n",
                                s.score,
                                s.parts.effect,
                                s.parts.unexplained,
                                s.parts.sure,
                                s.service,
                                s.fault.word(),
                                s.says
                            );
                        }
                    }
                    solved.push((order, issue, found));
                }
            }
            let share = |k: usize| k as f64 / f64::from(n.max(1));
            out += &format!(
                "{:<20} {:<18} top-1 {:.3}  top-3 {:.3}  told and right {detected} of {n}\n{misses}",
                if platforms { "with static facts" } else { "without" },
                if known { "measure noticed" } else { "measure not given" },
                share(first),
                share(third)
            );
            if options.contains(&"--memory") {
                solved.sort_by_key(|(noticed, issue, _)| (*noticed, issue.folder.clone()));
                let mut replay = Replay::default();
                for (_, issue, found) in &solved {
                    let kind = issue
                        .symptom
                        .measure
                        .map_or("", |m| if m == Measure::Latency { "latency" } else { "availability" });
                    replay.solve(&issue.folder, found, &issue.root, kind, &|s: &Suspect| s.service == issue.root);
                }
                out += &replay.told("memory", list);
            }
        }
        out += &silence(&scenarios, platforms, list)?;
    }
    Ok(out)
}

/// Windows without an issue, each judged by the time before and after it.
fn silence(scenarios: &[PathBuf], platforms: bool, list: bool) -> Result<String, String> {
    let (mut windows, mut silent) = (0u32, 0u32);
    let mut alarms = String::new();
    for scenario in scenarios {
        let mut telemetry = Telemetry::default();
        load(&scenario.join("noissue/metrics.csv"), &mut telemetry)?;
        load(&scenario.join("graph.csv"), &mut telemetry)?;
        telemetry.settle();
        let Some((from, to)) = telemetry.reach() else { continue };
        let forest = Forest::of(&telemetry);
        let topology = Topology::of(&telemetry, &forest, Sources { platforms, ..Sources::default() });
        let mut at = from + INTERVAL;
        while at + 4 * INTERVAL <= to {
            let window = Window { from: at, to: at + 4 * INTERVAL };
            let before = Window { from: at - INTERVAL, to: at };
            let usual = [Window { from: i64::MIN, to: before.from }, Window { from: window.to, to: i64::MAX }];
            for service in entries(&topology) {
                let symptom = Symptom { service, measure: None };
                let case = MetricCase {
                    telemetry: &telemetry,
                    topology: &topology,
                    window,
                    before: Some(before),
                    usual: &usual,
                    symptom: Some(&symptom),
                };
                let found = metric_suspects(&case);
                windows += 1;
                match found.first().filter(|s| s.is_told()) {
                    None => silent += 1,
                    Some(s) if list => alarms += &format!("     alarm {:.2} {}: {}\n", s.score, s.service, s.says),
                    Some(_) => {}
                }
            }
            at += 4 * INTERVAL;
        }
    }
    Ok(format!(
        "                     windows without an issue: {silent} of {windows} silent ({:.3})\n{alarms}",
        f64::from(silent) / f64::from(windows.max(1))
    ))
}

/// The one that waits for most: where people notice.
fn entries(topology: &Topology) -> Vec<String> {
    let own = topology.waits.keys().filter(|s| !topology.behind.contains_key(*s));
    let most = own.max_by_key(|s| (topology.reach(s).len(), std::cmp::Reverse((*s).clone())));
    most.cloned().into_iter().collect()
}

fn answer(issue: &Issue, platforms: bool, known: bool) -> Vec<Suspect> {
    let forest = Forest::of(&issue.telemetry);
    let topology = Topology::of(&issue.telemetry, &forest, Sources { platforms, ..Sources::default() });
    // A row speaks of the five minutes from its instant on: the first that reaches beyond the alarm begins the window.
    let split = issue.noticed - INTERVAL + 1;
    let symptom = Symptom { measure: issue.symptom.measure.filter(|_| known), ..issue.symptom.clone() };
    let usual = [Window { from: i64::MIN, to: issue.window.from }, Window { from: issue.window.to, to: i64::MAX }];
    metric_suspects(&MetricCase {
        telemetry: &issue.telemetry,
        topology: &topology,
        window: Window { from: split, to: issue.window.to },
        before: Some(Window { from: issue.window.from, to: split }),
        usual: &usual,
        symptom: Some(&symptom),
    })
}

fn place(found: &[Suspect], root: &str) -> usize {
    match found.iter().filter(|s| s.service == root).map(|s| s.score).reduce(f64::max) {
        Some(best) => {
            let mut before: Vec<&str> =
                found.iter().filter(|s| s.score >= best && s.service != root).map(|s| s.service.as_str()).collect();
            before.sort_unstable();
            before.dedup();
            before.len() + 1
        }
        None => usize::MAX,
    }
}

fn issues(scenario: &Path) -> Result<Vec<Issue>, String> {
    let mut base = Telemetry::default();
    load(&scenario.join("noissue/metrics.csv"), &mut base)?;
    load(&scenario.join("graph.csv"), &mut base)?;
    let mut out = Vec::new();
    for split in ["train", "test"] {
        for folder in children(&scenario.join(split)).unwrap_or_default() {
            let text = std::fs::read_to_string(folder.join("target.json"))
                .map_err(|e| format!("cannot read `{}`: {e}", folder.display()))?;
            let label: serde_json::Value =
                serde_json::from_str(&text).map_err(|e| format!("`{}`: {e}", folder.display()))?;
            let mut own = Telemetry::default();
            load(&folder.join("metrics.csv"), &mut own)?;
            let Some((from, to)) = own.reach() else { continue };
            let mut telemetry = base.clone();
            load(&folder.join("metrics.csv"), &mut telemetry)?;
            telemetry.settle();
            let measure = match label["target"]["metric"].as_str() {
                Some("latency") => Some(Measure::Latency),
                Some("availability") => Some(Measure::Success),
                _ => None,
            };
            out.push(Issue {
                folder: format!("{}/{split}/{}", name(scenario), name(&folder)),
                root: label["root_cause"]["node"].as_str().unwrap_or_default().to_owned(),
                symptom: Symptom { service: label["target"]["node"].as_str().unwrap_or_default().to_owned(), measure },
                noticed: label["target"]["timestamp"].as_i64().unwrap_or_default() * 1_000_000_000,
                telemetry,
                window: Window { from, to: to + 1 },
            });
        }
    }
    Ok(out)
}

fn load(path: &Path, into: &mut Telemetry) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
    for problem in seam_signals::read(&bytes, &path.to_string_lossy(), &Mapping::default(), into) {
        eprintln!("{}: {}", path.display(), problem.message);
    }
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("cannot read `{}`: {e}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
