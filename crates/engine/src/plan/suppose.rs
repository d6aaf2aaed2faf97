//! `impact` of what is no element of protocol buffers: routes, settings, topics, tables, columns, ports, fields.

use super::shapes::Quotes;
use crate::asks::impact::{Answer, Dependent, Exchange, Line, Request, Step, Test, Touched, Verdicts};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use seam_graph::{Certainty, EdgeKind, Evidence};
use seam_plan::touch::suppose::{self, Thing};
use seam_plan::touch::{self, Cx, Effect, Side};
use seam_plan::{Grade, Level};
use std::collections::BTreeSet;

/// The answer; `None` where nothing of the kind is called so or stands there.
pub(crate) fn impact(snapshot: &Snapshot, request: &Request, change: &str) -> Result<Option<Answer>, Refusal> {
    let profile = request.profile.as_deref();
    let (graph, flows) = (snapshot.graph(profile), snapshot.flows(profile));
    let text = |path: &str| snapshot.texts().read(path);
    let passed = seam_graph::passed(&graph);
    let side = || Side { graph: &graph, base: snapshot.base(), flows: &flows, passed: &passed, text: &text };
    let cx = Cx { old: side(), new: side(), edited: &[], differences: &[] };
    let things = match (&request.path, request.line, &request.key) {
        (Some(path), Some(line), _) => suppose::at(&cx, path, line).into_iter().take(1).collect(),
        (_, _, Some(key)) => suppose::named(&cx, key),
        _ => Vec::new(),
    };
    let Some(thing) = things.first() else { return Ok(None) };
    let kinds: BTreeSet<&str> = things.iter().map(Thing::word).collect();
    if things.len() > 1 && !(kinds.len() == 1 && kinds.contains("topic")) {
        let names: Vec<String> = things.iter().take(8).map(|t| format!("`{}` ({})", t.name(&cx), t.word())).collect();
        let key = request.key.as_deref().unwrap_or_default();
        let message = format!("`{key}` may be any of {} things", things.len());
        return Err(Refusal::usage(message, format!("choose one of {}, or give FILE:LINE", names.join(", "))));
    }
    let effect = suppose::suppose(&cx, thing, change);
    Ok(Some(shaped(snapshot, &cx, thing, change, effect)))
}

fn shaped(snapshot: &Snapshot, cx: &Cx<'_>, thing: &Thing, change: &str, effect: Effect) -> Answer {
    let quotes = Quotes { old: snapshot, new: snapshot };
    let line = |at: &Evidence, what: &str, sure: Certainty| {
        let quoted = quotes.line(at, false);
        let certainty = if sure == Certainty::Stated { "sure" } else { "likely" };
        Line {
            path: quoted.path,
            line: quoted.line,
            what: what.to_owned(),
            certainty: certainty.to_owned(),
            text: quoted.text,
        }
    };
    let own = match thing {
        Thing::Endpoint(_) | Thing::Port(_) => "serves",
        Thing::Setting(_) => "reads",
        Thing::Topic(_) => "writes",
        Thing::Table(_) | Thing::Column(..) => "names",
        Thing::Field { .. } => "declares",
    };
    let theirs = match thing {
        Thing::Endpoint(_) | Thing::Port(_) => "calls",
        Thing::Topic(_) => "reads",
        Thing::Setting(_) | Thing::Table(_) | Thing::Column(..) | Thing::Field { .. } => "names",
    };
    let touched = |service: &str, places: &[Evidence], what: &str, sure: Certainty| {
        let mut lines: Vec<Line> = places.iter().map(|p| line(p, what, sure)).collect();
        let mut seen = BTreeSet::new();
        lines.retain(|l| seen.insert((l.path.clone(), l.line)));
        Touched { service: service.to_owned(), coupling: thing.word().to_owned(), lines }
    };
    let mut direct: Vec<Touched> =
        effect.direct.iter().map(|(service, places)| touched(service, places, own, Certainty::Stated)).collect();
    direct.extend(effect.dependent.iter().map(|t| touched(&t.service, &t.places, theirs, t.certainty)));
    direct.sort_by(|a, b| a.service.cmp(&b.service));
    let effects = [effect];
    let further = touch::beyond(cx, &effects);
    let (trials, _) = touch::trials(cx, &effects);
    let steps = touch::steps(cx, &effects);
    let [effect] = effects;
    let breaks = |yes: bool| if yes { "breaks" } else { "none" }.to_owned();
    let hurts = effect.rule.level == Level::Breaking;
    let json = effect.rule.grade == Grade::Json && hurts;
    let mut because = vec![format!("`{}`: {}", effect.rule.id, effect.text)];
    because.extend(effect.open.iter().map(|o| format!("not known: {o}")));
    Answer {
        version: VERSION,
        element: thing.name(cx),
        kind: thing.word().to_owned(),
        change: change.to_owned(),
        declared: effect.was.iter().map(|p| line(p, "declares", Certainty::Stated)).collect(),
        verdicts: Verdicts {
            wire: breaks(hurts && effect.rule.grade == Grade::Wire),
            json: breaks(json),
            source: breaks(hurts && effect.rule.grade == Grade::Source),
            because,
        },
        json: if json { exchanges(cx, &effect) } else { Vec::new() },
        dependent: further
            .iter()
            .map(|f| Dependent {
                service: f.service.to_string(),
                through: f.through.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        regenerate: Vec::new(),
        order: steps
            .iter()
            .map(|s| Step {
                services: s.services.iter().map(ToString::to_string).collect(),
                what: s.what.clone(),
                undo: s.undo.clone(),
            })
            .collect(),
        tests: trials
            .iter()
            .map(|t| Test { path: t.path.to_string(), service: t.service.to_string(), because: t.because.clone() })
            .collect(),
        direct,
    }
}

/// The interactions that carry it.
fn exchanges(cx: &Cx<'_>, effect: &Effect) -> Vec<Exchange> {
    let keys: BTreeSet<&str> = effect.dependent.iter().flat_map(|t| &t.through).map(|k| k.as_str()).collect();
    let graph = cx.old.graph;
    let edges = graph
        .edges
        .iter()
        .filter(|e| keys.contains(e.key.as_str()) && matches!(e.kind, EdgeKind::Http | EdgeKind::Websocket));
    edges
        .map(|e| Exchange {
            from: graph.nodes[e.from].name.to_string(),
            to: graph.nodes[e.to].name.to_string(),
            key: e.key.to_string(),
        })
        .collect()
}
