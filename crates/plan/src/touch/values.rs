//! What a changed value names: a topic, a database, the name that a service registers under. Who holds the other end by that name
//! is touched, though nothing of its own changes.
//!
//! Invariant: only the whole old value counts, as a word where the other side says it; a value that names nothing known touches
//! nobody here.

use super::effect::{Cx, Effect, Tie};
use super::rules;
use super::traffic::{meets, sides};
use seam_graph::{Certainty, Difference, Edge, EdgeKind, Evidence, Traffic, Turn};

/// Ties whoever knows the thing by its old name; the effect is then called by what it is.
pub(super) fn named(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let old = d.before.as_str();
    let single = old.len() > 2 && !old.contains([' ', ',', '{', '*']) && old.parse::<f64>().is_err();
    let (Some(node), true, Turn::Changed) = (cx.old.node(&d.node), single, d.turn) else { return };
    let before = effect.dependent.len();
    let id = if cx.old.runs(node) {
        topic(cx, d, node, effect).or_else(|| registered(cx, d, node, effect))
    } else {
        database(cx, d, node, effect)
    };
    if let Some(id) = id.filter(|_| effect.dependent.len() > before) {
        effect.rule = rules::find(id);
    }
}

/// Messages that were sent or read under the old name.
fn topic(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) -> Option<&'static str> {
    let mut id = None;
    for edge in cx.old.graph.edges.iter().filter(|e| e.from == node) {
        let publish = match edge.kind {
            EdgeKind::QueuePublish => true,
            EdgeKind::QueueConsume => false,
            _ => continue,
        };
        for detail in edge.details.iter().filter(|x| x.operation.split(' ').any(|w| w == d.before.as_str())) {
            for (far, other) in sides(cx, edge, &detail.operation) {
                let service = cx.old.name(far.from).clone();
                let there = cx.new.graph.edges.iter().filter(|e| e.kind == far.kind && cx.new.name(e.from) == &service);
                effect.tie(Tie {
                    why: format!("{} `{}`", if publish { "reads" } else { "sends" }, other.operation),
                    through: vec![edge.key.clone(), far.key.clone()],
                    places: vec![other.at.clone()],
                    certainty: Certainty::Inferred,
                    moved: there
                        .flat_map(|e| &e.details)
                        .any(|x| !x.operation.is_empty() && meets(&d.after, &x.operation)),
                    service,
                });
                id = Some(if publish { "topic-moved" } else { "consume-changed" });
            }
        }
    }
    id
}

/// Keys under which a service says what registries know it by.
const NAMES: [&str; 8] = [
    "spring.application.name",
    "eureka.instance.appname",
    "spring.cloud.consul.discovery.serviceName",
    "spring.cloud.nacos.discovery.service",
    "micronaut.application.name",
    "quarkus.application.name",
    "dubbo.application.name",
    "vertx.service.name",
];

/// Callers that look the service up under its old name: no port stands behind it.
fn registered(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) -> Option<&'static str> {
    let plain = |key: &str| key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let key = plain(&d.name);
    if !NAMES.iter().any(|n| plain(n) == key) {
        return None;
    }
    let looks_up = |e: &&Evidence| {
        word(&e.says, &d.before)
            .is_some_and(|rest| !rest.starts_with(':') || !rest[1..].starts_with(|c: char| c.is_ascii_digit()))
    };
    for edge in callers(cx, node).filter(|e| e.kind.traffic() == Traffic::Call) {
        let places: Vec<Evidence> = said(edge).filter(looks_up).take(PLACES).cloned().collect();
        tie(cx, edge, places, format!("looks it up as `{}`", d.before), effect);
    }
    Some("service-renamed")
}

/// Last words of keys by which a store is told what it holds, and for whom.
const HOLDS: [&str; 9] = ["db", "database", "dbname", "databases", "user", "username", "schema", "vhost", "bucket"];

/// Clients of a store whose own settings or code say what it is not called any more.
fn database(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) -> Option<&'static str> {
    let last = d.name.rsplit(['.', '_', '-', ':']).next().unwrap_or_default().to_ascii_lowercase();
    if !HOLDS.contains(&last.as_str()) {
        return None;
    }
    for edge in callers(cx, node) {
        let settings = cx.old.graph.settings.iter().filter(|s| s.node == edge.from);
        let set = settings
            .filter(|s| word(&s.value, &d.before).is_some() || s.texts.iter().any(|t| word(t, &d.before).is_some()));
        let own = said(edge).filter(|e| word(&e.says, &d.before).is_some());
        let places: Vec<Evidence> = set.map(|s| &s.at).chain(own).take(PLACES).cloned().collect();
        tie(cx, edge, places, format!("uses `{}` of it", d.before), effect);
    }
    Some("store-renamed")
}

/// Most places of one service that are told.
const PLACES: usize = 4;

fn callers<'c>(cx: &'c Cx<'_>, node: usize) -> impl Iterator<Item = &'c Edge> {
    cx.old.graph.edges.iter().filter(move |e| e.to == node && e.from != node)
}

fn said(edge: &Edge) -> impl Iterator<Item = &Evidence> {
    edge.details.iter().map(|x| &x.at).chain(edge.proof.iter())
}

fn tie(cx: &Cx<'_>, edge: &Edge, places: Vec<Evidence>, why: String, effect: &mut Effect) {
    if places.is_empty() {
        return;
    }
    let touched = |p: &Evidence| cx.edit(&p.path).is_some_and(|e| e.touches(p.at, false));
    effect.tie(Tie {
        service: cx.old.name(edge.from).clone(),
        why,
        through: vec![edge.key.clone()],
        moved: places.iter().any(touched),
        places,
        certainty: Certainty::Inferred,
    });
}

/// What follows a name in a text that says it as a word.
fn word<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(name).find_map(|(at, _)| {
        let rest = &text[at + name.len()..];
        (!text[..at].ends_with(part) && !rest.starts_with(part)).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_name_is_a_whole_word() {
        assert_eq!(word("postgresql://u@db:5432/shop?x=1", "shop"), Some("?x=1"));
        assert_eq!(word("http://shop-ui/shop", "shop"), Some(""));
        assert_eq!(word("workshop", "shop"), None);
    }
}
