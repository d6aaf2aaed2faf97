//! From texts to a plan: two states of the facts, two graphs, what differs, and the answer in its published shape.

mod compare;
mod shapes;
mod sides;
mod suppose;

use crate::asks::plan::{Answer, Counts, File, Found, Line, Owner, Request, Tests, Touched};
use crate::impact::{Contracts, Found as Names};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use seam_facts::{SmolStr, Span};
use seam_graph::{Certainty, Evidence, Traffic, delta, passed};
use seam_plan::impact::Element;
use seam_plan::touch::{self, Cx, Effect, Side};
use seam_plan::{Grade, Level};
use shapes::Quotes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use compare::compared;
pub(crate) use suppose::impact;

/// One change against the older state.
pub(crate) fn planned(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    planned_and(snapshot, request, |_, _| ()).map(|(answer, ())| answer)
}

/// The same, with what else somebody makes of both states.
pub(crate) fn planned_and<T>(
    snapshot: &Snapshot,
    request: &Request,
    also: impl FnOnce(&Snapshot, &Snapshot) -> T,
) -> Result<(Answer, T), Refusal> {
    let sides = sides::Sides::new(snapshot, request)?;
    let answer = of(snapshot, &sides, request.profile.as_deref(), !request.no_memory);
    Ok((answer, also(sides.old(), sides.new_())))
}

/// What two states that are linked already differ in, some files apart from each other.
pub(crate) fn between(older: Arc<Snapshot>, newer: &Snapshot, files: &[File], profile: Option<&str>) -> Answer {
    of(newer, &sides::Sides::between(older, newer, files), profile, true)
}

fn of(snapshot: &Snapshot, sides: &sides::Sides<'_>, profile: Option<&str>, remembering: bool) -> Answer {
    let (old, new) = (sides.old(), sides.new_());
    let (a, b) = (old.graph(profile), new.graph(profile));
    let (flows_a, flows_b) = (old.flows(profile), new.flows(profile));
    let differences = delta(&a, &b);
    let (text_a, text_b) = (|path: &str| old.texts().read(path), |path: &str| new.texts().read(path));
    let (passed_a, passed_b) = (passed(&a), passed(&b));
    let cx = Cx {
        old: Side { graph: &a, base: old.base(), flows: &flows_a, passed: &passed_a, text: &text_a },
        new: Side { graph: &b, base: new.base(), flows: &flows_b, passed: &passed_b, text: &text_b },
        edited: &sides.edited,
        differences: &differences,
    };
    let named = |wanted: &BTreeSet<Element>| {
        let contracts = Contracts::read(old);
        let found = Names::look(old, &a, &contracts, wanted);
        let places = |all: Vec<(String, u32)>| -> Vec<Evidence> {
            let place = |(path, line): (String, u32)| Evidence {
                path: path.into(),
                at: Span::at(line, 1),
                says: "names it".into(),
                by: "impact".into(),
            };
            all.into_iter().map(place).collect()
        };
        let services = |all: BTreeMap<String, Vec<(String, u32)>>| {
            all.into_iter().map(|(service, lines)| (SmolStr::from(service), places(lines))).collect()
        };
        found.by_element.into_iter().map(|(element, all)| (element, services(all))).collect()
    };
    let (mut effects, unknown) = touch::effects(&cx, &named);
    let past = if remembering { past(snapshot, &cx, &effects) } else { touch::Past::default() };
    // Those that are equally grave stand by what is known of them.
    effects.sort_by(|x, y| {
        let grave = |e: &Effect| (std::cmp::Reverse(e.rule.level), e.rule.grade);
        grave(x).cmp(&grave(y)).then_with(|| past.weight(&y.key).total_cmp(&past.weight(&x.key)))
    });
    let further = touch::beyond(&cx, &effects);
    let (trials, totals) = touch::trials(&cx, &effects);
    let steps = touch::steps(&cx, &effects);
    let quotes = Quotes { old, new };
    let (new_findings, cured_findings) = findings(old, new, profile, sides);
    let services = touched(&effects);
    let risk = touch::risk(
        &effects,
        further.len(),
        &trials,
        &totals,
        bare(&cx, &services),
        history(snapshot, sides),
        past.worst(),
    );
    let without = services.iter().filter(|s| !trials.iter().any(|t| t.service == **s)).map(ToString::to_string);
    let mut answer = Answer {
        version: VERSION,
        counts: counts(&effects, sides.edited.len()),
        edited: sides.edited.iter().map(shapes::edited).collect(),
        direct: gathered(&effects, &quotes, true),
        dependent: gathered(&effects, &quotes, false),
        beyond: further.iter().map(|f| quotes.further(f)).collect(),
        unknown: unknown.iter().map(|e| quotes.line(e, true)).collect(),
        steps: steps.iter().map(shapes::step).collect(),
        tests: Tests {
            of: totals.values().sum(),
            left_out: totals.values().sum::<usize>().saturating_sub(trials.len()),
            without: without.collect(),
            run: trials.iter().map(shapes::test).collect(),
        },
        owners: owners(&cx, &services),
        risk: shapes::risk(&risk),
        new_findings,
        cured_findings,
        ..Answer::default()
    };
    answer.along = past.along.iter().map(shapes::remembered).collect();
    answer.changes = effects.iter().map(|e| quotes.change(e)).collect();
    for (change, effect) in answer.changes.iter_mut().zip(&effects) {
        change.remembered = past.effects.get(&effect.key).into_iter().flatten().map(shapes::remembered).collect();
    }
    // Who is direct through one change is not told as dependent through another.
    let direct: BTreeSet<String> = answer.direct.iter().map(|t| t.service.clone()).collect();
    answer.dependent.retain(|t| !direct.contains(&t.service));
    answer
}

/// What memory says of the change.
fn past(snapshot: &Snapshot, cx: &Cx<'_>, effects: &[Effect]) -> touch::Past {
    let memory = snapshot.memory();
    if memory.priors().is_empty() {
        return touch::Past::default();
    }
    let owners = crate::things::owners(cx.new.graph);
    let read = cx.edited.iter().filter(|e| e.left_out.is_none());
    let edited = read.filter_map(|e| owners.get(e.path.as_str())).map(|n| cx.new.graph.nodes[*n].name.clone());
    touch::remember(effects, &edited.collect(), memory.priors(), memory.priors().newest())
}

fn serious(effects: &[Effect]) -> impl Iterator<Item = &Effect> {
    effects.iter().filter(|e| e.rule.level > Level::Safe)
}

fn touched(effects: &[Effect]) -> BTreeSet<SmolStr> {
    serious(effects).flat_map(Effect::services).cloned().collect()
}

fn counts(effects: &[Effect], files: usize) -> Counts {
    let mut out = Counts { files, ..Counts::default() };
    for effect in effects {
        match effect.rule.level {
            Level::Breaking => out.breaking += 1,
            Level::Warning => out.warnings += 1,
            Level::Safe => out.safe += 1,
        }
        out.unresolved += usize::from(touch::is_unresolved(effect));
        if effect.rule.level > Level::Safe {
            match effect.rule.grade {
                Grade::Wire => out.wire += 1,
                Grade::Json => out.json += 1,
                Grade::Source => out.source += 1,
                Grade::Behaviour => out.behaviour += 1,
                Grade::Safe => {}
            }
        }
    }
    out
}

/// Services with all that touches them, on one side of the changes.
fn gathered(effects: &[Effect], quotes: &Quotes<'_>, direct: bool) -> Vec<Touched> {
    let mut out: BTreeMap<SmolStr, (Level, Grade, Certainty, Touched)> = BTreeMap::new();
    let mut put = |service: &SmolStr, effect: &Effect, lines: Vec<Line>, through: Vec<String>, sure: Certainty| {
        let fresh = || {
            (effect.rule.level, effect.rule.grade, sure, Touched { service: service.to_string(), ..Touched::default() })
        };
        let (level, grade, certainty, touched) = out.entry(service.clone()).or_insert_with(fresh);
        if effect.rule.level > *level || effect.rule.level == *level && effect.rule.grade < *grade {
            (*level, *grade) = (effect.rule.level, effect.rule.grade);
        }
        *certainty = (*certainty).min(sure);
        if !touched.because.contains(&effect.key) {
            touched.because.push(effect.key.clone());
        }
        for line in lines {
            if !touched.lines.iter().any(|k| (&k.path, k.line) == (&line.path, line.line)) {
                touched.lines.push(line);
            }
        }
        let ways: Vec<String> = through.into_iter().filter(|k| !touched.through.contains(k)).collect();
        touched.through.extend(ways);
    };
    for effect in serious(effects) {
        // That a thing is gone under its old name is stated; only what it is called now is told by likeness.
        let sure = if effect.rule.id.ends_with("-moved") { Certainty::Stated } else { effect.certainty };
        if direct {
            for (service, places) in &effect.direct {
                let lines = places.iter().map(|p| quotes.line(p, false)).collect();
                put(service, effect, lines, Vec::new(), sure);
            }
        } else {
            for tie in &effect.dependent {
                let lines = tie.places.iter().map(|p| quotes.line(p, false)).collect();
                let through = tie.through.iter().map(ToString::to_string).collect();
                put(&tie.service, effect, lines, through, tie.certainty.max(sure));
            }
        }
    }
    let shaped = |(level, grade, certainty, mut touched): (Level, Grade, Certainty, Touched)| {
        touched.level = level.word().to_owned();
        touched.grade = grade.word().to_owned();
        touched.certainty = certainty.word().to_owned();
        touched
    };
    out.into_values().map(shaped).collect()
}

/// Calls of touched services that no timeout bounds.
fn bare(cx: &Cx<'_>, services: &BTreeSet<SmolStr>) -> usize {
    let of = |node: usize| services.contains(&cx.new.graph.nodes[node].name);
    let edges = cx.new.graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Call && of(e.from) && of(e.to));
    let bounded =
        |p: &seam_graph::Policy| p.kind == seam_facts::PolicyKind::Timeout && p.millis.as_deref() != Some("0");
    edges.filter(|e| !e.policies.iter().chain(e.details.iter().flat_map(|d| &d.policies)).any(bounded)).count()
}

/// How many of the last commits of the changed files mend something, of how many.
fn history(snapshot: &Snapshot, sides: &sides::Sides<'_>) -> (usize, usize) {
    const MENDING: &[&str] = &["fix", "bug", "revert", "hotfix", "regression", "broken"];
    let mut seen: BTreeMap<String, bool> = BTreeMap::new();
    for edited in sides.edited.iter().filter(|e| e.left_out.is_none()).take(40) {
        for commit in snapshot.texts().commits(&edited.path) {
            let subject = commit.subject.to_ascii_lowercase();
            let words: Vec<&str> = subject.split(|c: char| !c.is_alphanumeric()).collect();
            let mends = words.iter().any(|w| MENDING.iter().any(|m| w.starts_with(m)));
            seen.insert(commit.id, mends);
        }
    }
    (seen.values().filter(|m| **m).count(), seen.len())
}

fn owners(cx: &Cx<'_>, services: &BTreeSet<SmolStr>) -> Vec<Owner> {
    let graph = cx.new.graph;
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for owner in &graph.owners {
        let name = &graph.nodes[owner.node].name;
        if services.contains(name) {
            out.entry(name.to_string()).or_default().extend(owner.owners.iter().map(ToString::to_string));
        }
    }
    out.into_iter().map(|(service, owners)| Owner { service, owners: owners.into_iter().collect() }).collect()
}

/// What the rules say of one state only.
fn findings(
    old: &Snapshot,
    new: &Snapshot,
    profile: Option<&str>,
    sides: &sides::Sides<'_>,
) -> (Vec<Found>, Vec<Found>) {
    if !sides.differ() {
        return (Vec::new(), Vec::new());
    }
    let (before, after) = (old.detected(profile, false), new.detected(profile, false));
    let only = |one: &[seam_detect::Finding], other: &[seam_detect::Finding]| -> Vec<Found> {
        let known: BTreeSet<&str> = other.iter().map(|f| f.key.as_str()).collect();
        let fresh = one.iter().filter(|f| !known.contains(f.key.as_str()));
        fresh.map(shapes::found).collect()
    };
    (only(&after, &before), only(&before, &after))
}
