//! Cases replayed in the order in which they happened, each learnt after it is solved: what memory is worth, and what it costs.
//!
//! Rules of counting: first place, ties counted against us, with and without memory on the very same suspects. A case is *repeated* if its
//! service had its kind of fault before, *kind seen* if another service had, *unseen* otherwise. What is learnt is what a person would
//! write down: who it was, and the word for the fault if `diagnose` had one for the right suspect.

use seam_diagnose::{Suspect, marks, remember};
use seam_facts::Priors;
use seam_facts::priors::{Cause, Memory, likeness};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Replay {
    priors: Priors,
    kinds: BTreeSet<String>,
    exact: BTreeSet<(String, String)>,
    tallies: BTreeMap<&'static str, Tally>,
    log: String,
    /// By tenths of likeness: pairs of cases, and how many of them had the same cause.
    alike: [(u32, u32); 11],
}

#[derive(Clone, Copy, Default)]
struct Tally {
    cases: u32,
    without: u32,
    with: u32,
    won: u32,
    lost: u32,
}

impl Replay {
    /// Answers a case with and without memory, and learns it.
    pub fn solve(
        &mut self,
        name: &str,
        found: &[Suspect],
        service: &str,
        kind: &str,
        right: &dyn Fn(&Suspect) -> bool,
    ) {
        let without = is_first(found, right);
        let mut moved = found.to_vec();
        remember(&mut moved, &self.priors, Some(0));
        let with = is_first(&moved, right);
        let exact = (service.to_owned(), kind.to_owned());
        let class = if self.exact.contains(&exact) {
            "repeated"
        } else if self.kinds.contains(kind) {
            "kind seen"
        } else {
            "unseen"
        };
        for class in [class, "total"] {
            let tally = self.tallies.entry(class).or_default();
            tally.cases += 1;
            tally.without += u32::from(without);
            tally.with += u32::from(with);
            tally.won += u32::from(with && !without);
            tally.lost += u32::from(without && !with);
        }
        if with != without {
            let word = if with { "won" } else { "lost" };
            self.log += &format!("     {word}: {name} {service} {kind} ({class})\n");
            for s in moved.iter().take(3) {
                let because =
                    s.remembered.first().map(|r| format!(" {:+.2} {} {}", r.by, r.says, r.memory)).unwrap_or_default();
                self.log += &format!(
                    "       {:.2} {:+.2} {} {}{because}\n",
                    s.parts.score(),
                    s.memory,
                    s.service,
                    s.fault.word()
                );
            }
        }
        let now = marks(found);
        for past in &self.priors.causes {
            let bin = &mut self.alike[(likeness(&now, &past.marks) * 10.0) as usize];
            bin.0 += 1;
            bin.1 += u32::from(past.service == service && past.memory.title.ends_with(&format!(": {kind}")));
        }
        let guilty = found.iter().find(|s| right(s));
        self.priors.causes.push(Cause {
            memory: Memory {
                id: name.into(),
                title: format!("{service}: {kind}"),
                day: Some(0),
                half_life: 730,
                weight: 1.0,
                scope: Vec::new(),
            },
            service: service.into(),
            fault: guilty.map(|s| s.fault.word().into()),
            place: guilty.and_then(|s| s.region.as_ref().map(|_| s.region_shown().into())),
            marks: marks(found),
        });
        self.kinds.insert(kind.to_owned());
        self.exact.insert(exact);
    }

    /// Another system begins.
    pub fn forget(&mut self) {
        self.priors = Priors::default();
        self.kinds.clear();
        self.exact.clear();
    }

    pub fn told(&self, title: &str, list: bool) -> String {
        let mut out = format!("{title}\n");
        for class in ["repeated", "kind seen", "unseen", "total"] {
            let Some(t) = self.tallies.get(class) else { continue };
            let (n, share) = (f64::from(t.cases), |k: u32| f64::from(k) / f64::from(t.cases));
            let difference = (f64::from(t.won) - f64::from(t.lost)) / n;
            // Wald's interval of a paired difference.
            let spread = (f64::from(t.won + t.lost) - n * difference * difference).max(0.0).sqrt() / n * 1.96;
            out += &format!(
                "  {class:<10} {:>3} cases  without {:.3} {}  with {:.3} {}  won {} lost {}  difference {difference:+.3} ±{spread:.3}\n",
                t.cases,
                share(t.without),
                wilson(t.without, t.cases),
                share(t.with),
                wilson(t.with, t.cases),
                t.won,
                t.lost
            );
        }
        if list {
            let bins = self.alike.iter().enumerate().filter(|(_, (n, _))| *n > 0);
            let bins: Vec<String> = bins.map(|(at, (n, same))| format!("0.{at}: {same} of {n}")).collect();
            out += &format!("     same cause by likeness of patterns: {}\n", bins.join(", "));
            out += &self.log;
        }
        out
    }
}

/// Whether a right one stands first, alone.
fn is_first(found: &[Suspect], right: &dyn Fn(&Suspect) -> bool) -> bool {
    let best = found.iter().filter(|s| right(s)).map(|s| s.score).reduce(f64::max);
    best.is_some_and(|best| found.iter().filter(|s| !right(s)).all(|s| s.score < best))
}

/// 95 % of a share (Wilson 1927).
fn wilson(k: u32, n: u32) -> String {
    let (n, p, z) = (f64::from(n.max(1)), f64::from(k) / f64::from(n.max(1)), 1.96_f64);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    format!("[{:.2}, {:.2}]", (middle - half).max(0.0), (middle + half).min(1.0))
}
