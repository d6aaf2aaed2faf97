//! The environment of each service as a table: what every deployment sets, what code reads, and where they part.
//!
//! Invariant: nothing is judged here that the map does not know; a service whose code was not read, or whose environment
//! comes from somewhere else, is shown and not blamed.

use crate::keys::{
    Keys, by_node, is_address, is_deployed, is_of_a_library, is_of_a_platform, is_renaming, proving, squash,
};
use crate::{Cx, Limits};
use seam_facts::{Claim, FactBase, Hole, MASKED, MASKED_APART, MASKED_TOKEN, MASKED_TOKEN_APART, SmolStr, Value};
use seam_graph::{Graph, NodeKind, PackageOf, ReadOf, SettingOf};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One key of one service.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub node: usize,
    pub key: SmolStr,
    pub state: State,
    pub sets: Vec<&'a SettingOf>,
    pub reads: Vec<&'a ReadOf>,
    /// Nearly the same name on the other side: what nobody sets is called so where it is set, or the other way round.
    pub near: Option<SmolStr>,
}

/// How the sides of one key stand to each other, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Code reads it without a default, and nothing sets it.
    Unset,
    /// A deployment sets it, and nothing reads it.
    Unread,
    /// Deployments set different values.
    Differs,
    Agrees,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Unset => "unset",
            State::Unread => "unread",
            State::Differs => "differs",
            State::Agrees => "agrees",
        }
    }
}

/// Every key of every service, by service and key.
pub fn rows<'a>(graph: &'a Graph, base: &'a FactBase) -> Vec<Row<'a>> {
    let limits = Limits::default();
    let cx = Cx::new(graph, base, &limits);
    let all = by_node(graph);
    let used = proving(graph);
    let readers = readers(&all);
    let mut out = Vec::new();
    for (node, keys) in all.iter().enumerate() {
        if !matches!(graph.nodes[node].kind, NodeKind::Service | NodeKind::Gateway) {
            continue;
        }
        let told = keys.set.values().flatten().any(|s| is_deployed(s) && keys.is_read(&s.key));
        // Only of code that reads its environment by name can it be said what it does not read.
        let judged = told && !graph.nodes[node].languages.is_empty();
        let names: BTreeSet<&String> = keys.set.keys().chain(keys.read.keys()).collect();
        for name in names {
            let sets: Vec<&SettingOf> =
                keys.set.get(name).into_iter().flatten().copied().filter(|s| in_environment(s)).collect();
            let reads: Vec<&ReadOf> = keys.read.get(name).into_iter().flatten().copied().collect();
            let Some(key) = sets.first().map(|s| &s.key).or(reads.first().map(|r| &r.key)) else { continue };
            let deployed: Vec<&SettingOf> = sets.iter().copied().filter(|s| is_deployed(s)).collect();
            if deployed.is_empty() && (reads.is_empty() || !is_variable(key)) {
                continue;
            }
            let platform = is_of_a_platform(key);
            let unset = judged && !platform && is_unset(keys, key, &reads);
            let idle = |s: &&SettingOf| {
                let place = (&s.at.path, s.at.at.line);
                !used.contains(&place) && !readers.contains(&(place.0, place.1, s.key.as_str()))
            };
            let unread = judged && !platform && !is_of_a_library(key) && !keys.is_read(key) && !deployed.is_empty();
            let unread = unread && deployed.iter().all(idle) && !mentioned(&cx, node, key);
            let state = match () {
                () if unset => State::Unset,
                () if unread => State::Unread,
                () if (!platform || is_address(key)) && differ(&deployed) => State::Differs,
                () => State::Agrees,
            };
            out.push(Row { node, key: key.clone(), state, sets, reads, near: None });
        }
    }
    renamed(&mut out);
    out
}

/// Joins the two names of one key: the one that is read, and the one that is set in a file which does not set the other.
fn renamed(rows: &mut [Row<'_>]) {
    for set in 0..rows.len() {
        let deployed = |r: &Row<'_>| r.sets.iter().any(|s| is_deployed(s));
        if !rows[set].reads.is_empty() || !deployed(&rows[set]) || is_of_a_platform(&rows[set].key) {
            continue;
        }
        let beside = |r: &Row<'_>| r.sets.iter().any(|a| rows[set].sets.iter().any(|b| a.at.path == b.at.path));
        let meant = |r: &Row<'_>| !r.reads.is_empty() && is_renaming(&r.key, &rows[set].key) && !beside(r);
        // Rows of one node stand together.
        let first = rows.partition_point(|r| r.node < rows[set].node);
        let mine = rows[first..].iter().take_while(|r| r.node == rows[set].node);
        let Some(read) = mine.enumerate().find(|(_, r)| meant(r)).map(|(at, _)| first + at) else { continue };
        // Whatever else seems to use it: the name that code has is not set.
        if rows[set].state == State::Agrees && rows[read].state == State::Unset {
            rows[set].state = State::Unread;
        }
        if rows[set].state == State::Unread {
            (rows[set].near, rows[read].near) = (Some(rows[read].key.clone()), Some(rows[set].key.clone()));
        }
    }
}

/// A block that several services share is for the one that reads it.
fn readers<'a>(all: &[Keys<'a>]) -> HashSet<(&'a SmolStr, u32, &'a str)> {
    let of = |keys: &Keys<'a>| {
        let read = keys.set.values().flatten().filter(|s| keys.is_read(&s.key));
        read.map(|s| (&s.at.path, s.at.at.line, s.key.as_str())).collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

/// Whether a key is one of the process's environment rather than of a configuration file.
fn is_variable(key: &str) -> bool {
    key.contains('_') && !key.chars().any(|c| c.is_ascii_lowercase() || c == '.')
}

/// Whether the environment sets it: a deployment, an image, a dotenv file.
fn in_environment(setting: &SettingOf) -> bool {
    let says = &setting.at.says;
    is_deployed(setting) || says.starts_with("setting [image") || says.starts_with("setting [dotenv")
}

fn is_unset(keys: &Keys<'_>, key: &str, reads: &[&ReadOf]) -> bool {
    let whole = squash(key);
    let below = || keys.set.keys().any(|k| k.starts_with(&whole) && k.len() > whole.len() && key.contains(['.', ':']));
    is_variable(key)
        && !reads.is_empty()
        && reads.iter().all(|r| r.default.is_none())
        && !keys.set.contains_key(&whole)
        && !below()
}

/// Whether a value is one that must not be known.
pub(crate) fn is_masked(text: &str) -> bool {
    [MASKED, MASKED_TOKEN, MASKED_APART, MASKED_TOKEN_APART].contains(&text)
}

/// Whether deployments give one key values of which none is the other's.
fn differ(deployed: &[&SettingOf]) -> bool {
    // What is masked can be compared with nothing.
    let whole = |s: &&&SettingOf| !s.texts.is_empty() && !s.texts.iter().any(|t| is_masked(t));
    let known: Vec<BTreeSet<&SmolStr>> = deployed.iter().filter(whole).map(|s| s.texts.iter().collect()).collect();
    known.iter().enumerate().any(|(i, a)| known[i + 1..].iter().any(|b| a.is_disjoint(b)))
}

/// Whether code mentions the key in a way that is not a plain read: in a list of names, in a computed one.
pub(crate) fn mentioned(cx: &Cx<'_>, node: usize, key: &str) -> bool {
    let wanted = squash(key);
    cx.own_facts(node).any(|(_, fact)| match &fact.claim {
        Claim::Read(read) => !is_named(&read.key),
        // Frameworks bind sections: `shop.database` in code reads `SHOP_DATABASE_NAME`.
        Claim::Constant(c) => c.value.as_text().is_some_and(|t| {
            let said = squash(&t);
            said == wanted || t.contains('.') && said.len() > 5 && wanted.starts_with(&said)
        }),
        Claim::Pass(p) => p.args.iter().any(|a| a.value.as_text().is_some_and(|t| squash(&t) == wanted)),
        _ => false,
    })
}

/// Whether code says which key it reads. What a helper is given, its callers say: as text, which is looked for besides.
fn is_named(key: &Value) -> bool {
    match key.as_hole() {
        Some(Hole::Env { .. } | Hole::Config { .. } | Hole::Param { .. }) => true,
        Some(Hole::Result { callee, args }) if callee.starts_with('<') => {
            args.iter().all(|arg| matches!(arg.as_hole(), Some(Hole::Param { .. })))
        }
        _ => false,
    }
}

/// A key that most of several services get one value for, and one or few another.
#[derive(Clone, Debug)]
pub struct Odd<'a> {
    pub key: &'a SmolStr,
    /// What most have.
    pub common: &'a SmolStr,
    pub with: usize,
    pub others: Vec<&'a SettingOf>,
}

/// Keys of addresses and names of shared things that do not agree between the services of one deployment.
pub fn odd(graph: &Graph) -> Vec<Odd<'_>> {
    let mut by_key: BTreeMap<(&SmolStr, &SmolStr), Vec<(&SmolStr, &SettingOf)>> = BTreeMap::new();
    for setting in graph.settings.iter().filter(|s| is_deployed(s) && is_shared(&s.key) && !is_of_a_platform(&s.key)) {
        if let [text] = setting.texts.as_slice()
            && !text.is_empty()
            && !is_masked(text)
        {
            by_key.entry((&setting.at.by, &setting.key)).or_default().push((text, setting));
        }
    }
    let mut out = Vec::new();
    for ((_, key), sets) in by_key {
        let mut nodes: BTreeMap<&SmolStr, BTreeSet<usize>> = BTreeMap::new();
        for (text, setting) in &sets {
            nodes.entry(*text).or_default().insert(setting.node);
        }
        let Some((common, with)) = nodes.iter().max_by_key(|(text, with)| (with.len(), std::cmp::Reverse(**text)))
        else {
            continue;
        };
        let others: Vec<&SettingOf> =
            sets.iter().filter(|(text, s)| text != common && !with.contains(&s.node)).map(|(_, s)| *s).collect();
        let odd: BTreeSet<usize> = others.iter().map(|s| s.node).collect();
        if with.len() >= 2 && !odd.is_empty() && odd.len() * 2 <= with.len() {
            out.push(Odd { key, common, with: with.len(), others });
        }
    }
    out
}

/// Whether a key names something that services share: an address, a topic, a database.
fn is_shared(key: &str) -> bool {
    const ENDS: &[&str] = &[
        "TOPIC", "QUEUE", "EXCHANGE", "BROKER", "BROKERS", "HOST", "ADDR", "ADDRESS", "URL", "URI", "ENDPOINT",
        "SERVERS", "DATABASE", "REGION", "BUCKET",
    ];
    let upper = key.to_ascii_uppercase();
    let last = upper.rsplit(['_', '.', '-', ':']).find(|p| !p.is_empty()).unwrap_or_default();
    ENDS.contains(&last) && !matches!(upper.as_str(), "HOST" | "ADDR" | "ADDRESS" | "URL")
}

/// One package or image of which services pin versions that do not fit together.
#[derive(Clone, Debug)]
pub struct Skew<'a> {
    pub package: &'a SmolStr,
    pub kind: &'a SmolStr,
    /// By version, oldest first.
    pub versions: Vec<(&'a SmolStr, Vec<&'a PackageOf>)>,
}

/// Packages that several services use in versions with different first numbers.
pub fn skews(graph: &Graph) -> Vec<Skew<'_>> {
    let mut by_package: BTreeMap<(&SmolStr, &SmolStr), Vec<&PackageOf>> = BTreeMap::new();
    for package in graph.packages.iter().filter(|p| !p.development && p.version.is_some()) {
        by_package.entry((&package.package, &package.kind)).or_default().push(package);
    }
    let mut out = Vec::new();
    for ((package, kind), uses) in by_package {
        let mut lines: BTreeMap<Vec<u32>, BTreeSet<usize>> = BTreeMap::new();
        let mut versions: BTreeMap<(Vec<u32>, &SmolStr), Vec<&PackageOf>> = BTreeMap::new();
        for of in uses {
            let Some((version, line)) = of.version.as_ref().and_then(|v| Some((v, line(v)?))) else { continue };
            lines.entry(line).or_default().insert(of.node);
            versions.entry((numbers(version), version)).or_default().push(of);
        }
        // One service with both is a matter of its own.
        let apart = lines.values().enumerate().any(|(i, a)| lines.values().skip(i + 1).any(|b| a.is_disjoint(b)));
        if apart {
            let versions = versions.into_iter().map(|((_, version), uses)| (version, uses)).collect();
            out.push(Skew { package, kind, versions });
        }
    }
    out
}

/// The part of a version within which releases fit together: the first number, or the first two while the first is 0
/// (semver.org, item 4).
pub(crate) fn line(version: &str) -> Option<Vec<u32>> {
    let numbers = numbers(version);
    match numbers.as_slice() {
        [] => None,
        [0, minor, ..] => Some(vec![0, *minor]),
        [major, ..] => Some(vec![*major]),
    }
}

/// The numbers that a version or a simple range begins with; none for ranges that hold several lines.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.trim_start_matches(['^', '~', '>', '=', 'v', ' ']);
    if version.contains(['|', '<', '$', '{', '*', ',']) || version.starts_with('>') {
        return Vec::new();
    }
    let end = plain.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(plain.len());
    plain[..end].split('.').map_while(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fall_into_lines() {
        assert_eq!((line("^4.17.1"), line("4.18")), (Some(vec![4]), Some(vec![4])));
        assert_eq!((line("0.3.1"), line("~0.4")), (Some(vec![0, 3]), Some(vec![0, 4])));
        assert_eq!((line("17-alpine"), line("v2.1"), line("latest")), (Some(vec![17]), Some(vec![2]), None));
        assert_eq!((line(">=2"), line("1 || 2"), line("${version}")), (None, None, None));
    }

    #[test]
    fn variables_are_told_from_configuration() {
        assert!(is_variable("STOCK_URL") && !is_variable("stock.url") && !is_variable("PORT"));
        assert!(is_shared("ORDERS_TOPIC") && is_shared("kafka.brokers") && !is_shared("HOST") && !is_shared("MODE"));
    }
}
