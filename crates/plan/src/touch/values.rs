//! What a changed value names: a topic, a database, the name that a service registers under. Who holds the other end by that name
//! is touched, though nothing of its own changes.
//!
//! Invariant: only the whole old value counts, as a word where the other side says it; a value that names nothing known touches
//! nobody here.

use super::effect::{Cx, Effect, Tie};
use super::messages::{meets, sides};
use super::rules;
use seam_graph::{Certainty, Difference, Edge, EdgeKind, Evidence, NodeKind, Traffic, Turn};

/// Ties whoever knows the thing by its old name; the effect is then called by what it is.
pub(super) fn named(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let old = d.before.as_str();
    let single = old.len() > 2 && !old.contains([' ', ',', '{', '*']) && old.parse::<f64>().is_err();
    let (Some(node), true, Turn::Changed) = (cx.old.node(&d.node), single, d.turn) else { return };
    let before = effect.dependent.len();
    let id = if cx.old.runs(node) {
        topic(cx, d, node, effect).or_else(|| registered(cx, d, node, effect)).or_else(|| below(cx, d, node, effect))
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
    looked_up(cx, node, &d.before, effect);
    Some("service-renamed")
}

/// Ties those who ask a registry for a node by a name.
pub(super) fn looked_up(cx: &Cx<'_>, node: usize, name: &str, effect: &mut Effect) {
    let looks_up = |e: &&Evidence| {
        word(&e.says, name)
            .is_some_and(|rest| !rest.starts_with(':') || !rest[1..].starts_with(|c: char| c.is_ascii_digit()))
    };
    for edge in callers(cx, node).filter(|e| e.kind.traffic() == Traffic::Call) {
        let says = || said(edge).filter(looks_up).take(PLACES).cloned().collect::<Vec<_>>();
        let known = said(edge).all(|e| word(&e.says, name).is_none()) || !says().is_empty();
        // The literal itself, where the caller's own code has it: calls are known by what they lead to.
        let mut places = if known { super::naming::quoted(cx, edge.from, name, PLACES) } else { Vec::new() };
        if places.is_empty() {
            // A client that a library declares: where it has the name, and where the own code calls it.
            let declares = |path: &seam_facts::SmolStr| super::naming::quoting(cx, path, name, PLACES);
            let files: std::collections::BTreeSet<_> = said(edge).map(|e| &e.path).collect();
            places = files.into_iter().flat_map(declares).take(PLACES).collect();
            if places.is_empty() {
                places = says();
            }
            if !places.is_empty() {
                places.extend(edge.details.iter().flat_map(|x| super::traffic::sites(cx, edge.from, x)).take(PLACES));
            }
        }
        tie(cx, edge, places, format!("looks it up as `{name}`"), effect);
    }
}

/// Callers that are told the same beginning of paths, and those who ask below it.
fn below(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) -> Option<&'static str> {
    let old = d.before.trim_end_matches('/');
    if !old.starts_with('/') || old.len() < 3 || !d.after.starts_with('/') {
        return None;
    }
    for edge in callers(cx, node).filter(|e| e.kind.traffic() == Traffic::Call) {
        let settings = cx.old.graph.settings.iter().filter(|s| s.node == edge.from);
        let same = |text: &str| text.trim_end_matches('/') == old;
        let set = settings.filter(|s| same(&s.value) || s.texts.iter().any(|t| same(t))).map(|s| &s.at);
        let asks = edge.details.iter().filter(|x| {
            let path = x.operation.rsplit(' ').next().unwrap_or_default();
            path.strip_prefix(old).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let places: Vec<Evidence> = set.chain(asks.map(|x| &x.at)).take(PLACES).cloned().collect();
        tie(cx, edge, places, format!("asks below `{old}`"), effect);
    }
    Some("endpoint-moved")
}

/// Last words of keys by which a store is told what it holds, and for whom.
pub(super) const HOLDS: [&str; 9] =
    ["db", "database", "dbname", "databases", "user", "username", "schema", "vhost", "bucket"];

/// Clients of a store whose own settings or code say what it is not called any more.
fn database(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) -> Option<&'static str> {
    let word = last(&d.name);
    if !HOLDS.contains(&word.as_str()) {
        return None;
    }
    let it = &cx.old.graph.nodes[node];
    // A broker has no databases; and what a chart gives to one of its stores is no other's.
    let of_databases = ["db", "database", "dbname", "databases", "schema"].contains(&word.as_str());
    let key = d.name.to_ascii_lowercase();
    let system = it.system.map(|s| format!("{s:?}").to_ascii_lowercase()).unwrap_or_default();
    let other = key.starts_with("values.")
        && !key.contains(&it.name.to_ascii_lowercase())
        && (system.is_empty() || !key.contains(&system));
    if other || of_databases && it.kind == NodeKind::Broker {
        return None;
    }
    held(cx, node, &d.before, effect);
    Some("store-renamed")
}

/// Ties those among a store's clients who name something of it.
pub(super) fn held(cx: &Cx<'_>, node: usize, name: &str, effect: &mut Effect) {
    for edge in callers(cx, node) {
        let settings = cx.old.graph.settings.iter().filter(|s| s.node == edge.from);
        let set =
            settings.filter(|s| word(&s.value, name).is_some() || s.texts.iter().any(|t| word(t, name).is_some()));
        let own = said(edge).filter(|e| word(&e.says, name).is_some());
        let mut places: Vec<Evidence> = set.map(|s| &s.at).chain(own).take(PLACES).cloned().collect();
        if !places.is_empty() {
            places.splice(0..0, super::spelled::beside(cx, edge.from, name));
        }
        tie(cx, edge, places, format!("uses `{name}` of it"), effect);
    }
}

/// The last word of a key.
pub(super) fn last(key: &str) -> String {
    key.rsplit(['.', '_', '-', ':']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Most places of one service that are told.
pub(super) const PLACES: usize = 4;

pub(super) fn callers<'c>(cx: &'c Cx<'_>, node: usize) -> impl Iterator<Item = &'c Edge> {
    cx.old.graph.edges.iter().filter(move |e| e.to == node && e.from != node)
}

pub(super) fn said(edge: &Edge) -> impl Iterator<Item = &Evidence> {
    edge.details.iter().map(|x| &x.at).chain(edge.proof.iter())
}

pub(super) fn tie(cx: &Cx<'_>, edge: &Edge, places: Vec<Evidence>, why: String, effect: &mut Effect) {
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
pub(super) fn word<'t>(text: &'t str, name: &str) -> Option<&'t str> {
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
