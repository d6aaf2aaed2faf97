//! A key that code reads and nothing sets. See `missing_setting.md`.

use crate::groups::renamed_groups;
use crate::keys::{Keys, by_node, is_address, is_deployed, is_of_a_platform, is_renaming, squash, stating};
use crate::leftover::leftovers;
use crate::names;
use crate::samples::sampled;
use crate::strays::{Stray, strays};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Hole, How, SmolStr, Value};
use seam_graph::{Certainty, Evidence, NodeKind, ReadOf, SettingOf};
use std::collections::HashSet;

pub static RULE: Rule = Rule {
    id: "missing-setting",
    group: Group::Environment,
    severity: Severity::Error,
    nursery: false,
    hypothesis: false,
    page: include_str!("missing_setting.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let all = by_node(cx.graph);
    let used = stating(cx.graph);
    let elsewhere = names::set_elsewhere(cx);
    renamed_groups(cx, &all, out);
    crate::unfilled::unfilled(cx, out);
    crate::untold::untold(cx, &all, out);
    for (node, read, set) in sampled(cx, &all) {
        let draft = instead(cx, node, &all[node], (read.key, &read.at), &set).severity(Severity::Note);
        out.push(draft.certainty(Certainty::Inferred).open("whether the two are one setting"));
    }
    for (node, keys) in all.iter().enumerate().filter(|(n, _)| cx.node(*n).kind == NodeKind::Service) {
        // Where a deployment says nothing that this code reads, its environment comes from somewhere else.
        let told = keys.set.values().flatten().filter(|s| is_deployed(s) && keys.is_read(&s.key)).count();
        // A property without a default is looked for in the program's own configuration, and the program does not start without it.
        // A server of configuration may have it.
        let handed = |s: &&SettingOf| HANDED.iter().any(|w| s.key.contains(w));
        let properties = || keys.set.values().flatten().filter(|s| !is_deployed(s) && is_property(&s.key));
        let configured = properties().next().is_some() && !properties().any(handed);
        let mut told_of = HashSet::new();
        let strays = if elsewhere.contains(&node) { Vec::new() } else { strays(cx, node, keys, &used) };
        for Stray { read, set, .. } in strays.iter().filter(|s| s.sure) {
            told_of.insert(squash(read.key));
            let draft = instead(cx, node, keys, (read.key, &read.at), set);
            out.push(if is_address(read.key) { draft } else { draft.severity(Severity::Warning) });
        }
        for reads in keys.read.values() {
            // What code asks its environment for has the name that a deployment gives; a class that is bound has another.
            let by_name = reads.iter().find(|r| r.at.says.starts_with("read ${env:"));
            let Some(read) = by_name.or(reads.first()) else { continue };
            let missing = reads.iter().all(|r| r.default.is_none()) && !keys.is_given(&read.key);
            let renamed = || renamed(keys, &read.key, &used).is_some();
            let asked = missing && (told > 0 && !elsewhere.contains(&node) || configured && is_property(&read.key));
            // What a framework takes as well is only missed where something nearly so is set.
            let apart = is_of_a_platform(&read.key) && !is_own(&read.key);
            if apart && !(is_address(&read.key) && renamed()) || !asked && !renamed() {
                continue;
            }
            let unfilled = || if configured && is_property(&read.key) { injected(cx, node, keys, read) } else { None };
            if let Some(draft) =
                draft(cx, node, &all, &used, read).or_else(unfilled).filter(|_| !told_of.contains(&squash(&read.key)))
            {
                told_of.insert(squash(&read.key));
                let spare = strays.iter().find(|s| squash(s.read.key) == squash(&read.key)).map(|s| s.set);
                out.push(match spare {
                    Some(set) => draft.link(&set.at, format!("`{}` is set, and nothing reads it", set.key)),
                    None => draft,
                });
            }
        }
        for (read, set) in misspelt(cx, node, keys) {
            if told_of.insert(squash(&read.key)) {
                out.push(instead(cx, node, keys, (&read.key, &read.at), set));
            }
        }
        // To a wholly different name: the only two of their kind that are left over.
        let pairs = if elsewhere.contains(&node) { Vec::new() } else { leftovers(cx, node, keys, &used) };
        for pair in pairs {
            if told_of.insert(squash(pair.read.key)) {
                out.push(instead(cx, node, keys, (pair.read.key, &pair.read.at), pair.set));
            }
        }
        for Stray { read, set, sure } in &strays {
            if !sure && told_of.insert(squash(read.key)) {
                let draft = instead(cx, node, keys, (read.key, &read.at), set).severity(Severity::Note);
                out.push(draft.certainty(Certainty::Inferred).open("whether the two are one setting"));
            }
        }
    }
}

/// Variables of the environment that are set with the same letters and other separators: `STOREID` where code reads `STORE_ID`.
/// Frameworks know both as one; code that asks for a variable by its name does not.
fn misspelt<'a>(cx: &Cx<'_>, node: usize, keys: &Keys<'a>) -> Vec<(&'a ReadOf, &'a SettingOf)> {
    let variable = |key: &str| key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let own = &cx.node(node).own;
    let mut out = Vec::new();
    for (squashed, reads) in &keys.read {
        let Some(read) = reads.first().copied().filter(|r| variable(&r.key) && own.contains(&r.at.path)) else {
            continue;
        };
        let by_name = reads.iter().all(|r| r.at.says.starts_with("read ${env:") && r.key == read.key);
        let sets = keys.set.get(squashed).map(Vec::as_slice).unwrap_or_default();
        // Another deployment of it may have it right.
        let exact = |file: &SmolStr| sets.iter().any(|s| s.at.path == *file && s.key == read.key);
        let other = |s: &&SettingOf| is_deployed(s) && variable(&s.key) && s.key != read.key && !exact(&s.at.path);
        if let Some(set) = sets.iter().copied().find(other).filter(|_| by_name && !seam_graph::is_test(&read.at.path)) {
            out.push((read, set));
        }
    }
    out
}

/// Parts of keys that say where further configuration comes from: Spring Cloud's, Micronaut's and Quarkus' clients of Config, Consul,
/// Nacos, Vault and Kubernetes.
const HANDED: [&str; 9] = [
    "spring.config.import",
    "cloud.config",
    "config-client",
    "cloud-config",
    "consul.config",
    "consul-config",
    "nacos.config",
    "kubernetes.config",
    "vault.",
];

/// A key of a program's configuration, in sections, rather than a variable of its environment.
fn is_property(key: &str) -> bool {
    key.contains('.') && key.chars().any(|c| c.is_ascii_lowercase())
}

/// Keys that a bundler passes on under its own prefix: what follows the prefix is the program's own.
fn is_own(key: &str) -> bool {
    ["NEXT_PUBLIC_", "REACT_APP_", "VITE_", "VUE_APP_"].iter().any(|p| key.starts_with(p))
}

/// A key that a deployment sets and nothing reads, with nearly the same name as the one that it does not set.
fn renamed<'a>(keys: &Keys<'a>, key: &SmolStr, used: &HashSet<(&SmolStr, u32)>) -> Option<&'a SettingOf> {
    let idle = |s: &&&SettingOf| {
        is_deployed(s)
            && !keys.is_read_beside(&s.key, key)
            && (!is_of_a_platform(&s.key) || is_own(&s.key) || is_address(key))
            && !used.contains(&(&s.at.path, s.at.at.line))
    };
    keys.set
        .values()
        .flatten()
        .filter(|s| is_renaming(key, &s.key))
        .filter(idle)
        .find(|s| !keys.sets_in(key, s))
        .copied()
}

fn draft(cx: &Cx<'_>, node: usize, all: &[Keys<'_>], used: &HashSet<(&SmolStr, u32)>, read: &ReadOf) -> Option<Draft> {
    let service = cx.name(node);
    let keys = &all[node];
    let key = &read.key;
    let subject = format!("{service} {key}");
    if let Some(set) = renamed(keys, key, used) {
        return Some(instead(cx, node, keys, (key, &read.at), set));
    }
    // An address that calls are made with: unresolved calls say so themselves.
    let hole = format!("{{{key}}}");
    let call = cx.graph.unresolved.iter().find(|u| u.node == node && u.value.contains(&hole));
    let squashed = squash(key);
    let made = call.is_none().then(|| made_with(cx, node, key)).flatten();
    let elsewhere: Vec<(usize, &SettingOf)> = all
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != node && cx.node(*other).roots != cx.node(node).roots)
        .filter_map(|(other, k)| Some((other, *k.set.get(&squashed)?.iter().find(|s| is_deployed(s))?)))
        .collect();
    // Code that several deployables are built from may be meant for another of them.
    let theirs = |other: &usize| {
        let built = |n: &seam_graph::Node| n.own.contains(&read.at.path) || n.libraries.contains(&read.at.path);
        *other != node && built(cx.node(*other)) && all[*other].set.contains_key(&squashed)
    };
    if (0..cx.graph.nodes.len()).any(|other| theirs(&other)) {
        return None;
    }
    // Others are given it, or a call is made with it: an option that nobody uses is not missing.
    if !is_address(key) || call.is_none() && made.is_none() && elsewhere.is_empty() {
        return None;
    }
    let mut draft = Draft::new(
        subject,
        &read.at,
        format!("`{service}` reads `{key}`, which nothing sets and which has no default"),
    )
    .why(match (call, &made) {
        (Some(call), _) => format!("The address of its {} is made with it: `{}`.", call.what, call.value),
        (None, Some(at)) => format!("An address of `{service}` is made with it: `{}`.", at.says),
        (None, None) => format!("The other addresses of `{service}` come from its deployment; this one stays empty."),
    })
    .about([cx.node(node).key.clone()])
    .severity(if elsewhere.is_empty() && !is_property(key) { Severity::Note } else { Severity::Warning })
    .help(format!("set `{key}` for `{service}` in the deployment, or give it a default in the code"))
    .link(&read.at, format!("`{service}` reads `{key}`"));
    if let Some(call) = call {
        draft = draft.link(&call.at, format!("it is a part of `{}`", call.value));
    }
    if let Some(made) = &made {
        draft = draft.link(made, "an address is made with it");
    }
    for (other, set) in elsewhere.into_iter().take(2) {
        draft = draft.link(&set.at, format!("it is set for `{}`", cx.name(other)));
    }
    if let Some(set) = keys.set.values().flatten().find(|s| is_deployed(s) && keys.is_read(&s.key)) {
        draft = draft.link(&set.at, format!("the deployment sets `{}` for `{service}`, and not this", set.key));
    }
    Some(draft)
}

/// A property that Spring puts into a class, and no configuration has: the program does not start.
fn injected(cx: &Cx<'_>, node: usize, keys: &Keys<'_>, read: &ReadOf) -> Option<Draft> {
    let jvm = [".java", ".kt"].iter().any(|end| read.at.path.ends_with(end));
    // A class that a section is bound to has fields that may stay empty.
    let bound = cx.facts(&read.at.path).iter().any(|f| match &f.claim {
        Claim::Read(r) if f.at == read.at.at => {
            let owner = r.within.rsplit('.').nth(1).unwrap_or_default();
            ["Properties", "Props", "Settings", "Configuration"].iter().any(|end| owner.ends_with(end))
        }
        _ => false,
    });
    let own = cx.node(node).own.contains(&read.at.path) && !seam_graph::is_test(&read.at.path);
    // Others of the same section are there: it is one of this configuration, and not of a framework or of another place.
    let section = |key: &str| squash(key.split('.').next().unwrap_or(key));
    let mine = section(&read.key);
    let beside =
        keys.set.values().flatten().find(|s| !is_deployed(s) && section(&s.key) == mine && keys.is_read(&s.key))?;
    let service = cx.name(node);
    let key = &read.key;
    let draft = Draft::new(
        format!("{service} {key}"),
        &read.at,
        format!("`{service}` reads `{key}`, which nothing sets and which has no default"),
    )
    .why(format!(
        "Other keys beside it are set, and this is not: a property without a value ends `{service}` when it starts."
    ))
    .about([cx.node(node).key.clone()])
    .severity(Severity::Note)
    .open("keys without a value, and long ones")
    .help(format!("set `{key}` in the configuration of `{service}`, or give it a default (`${{{key}:…}}`)"))
    .link(&read.at, format!("`{service}` reads `{key}`"))
    .link(&beside.at, format!("`{}` is set, and not this", beside.key));
    (jvm && own && !bound).then_some(draft)
}

/// A key is read, and another is set in its place.
fn instead(cx: &Cx<'_>, node: usize, keys: &Keys<'_>, (key, at): (&str, &Evidence), set: &SettingOf) -> Draft {
    let service = cx.name(node);
    let sets = match set.at.says.as_str() {
        says if says.starts_with("setting [app") => "configuration",
        says if says.starts_with("setting [dotenv") => "environment",
        _ => "deployment",
    };
    let message = format!("`{service}` reads `{key}`, and its {sets} sets `{}`, which nothing reads", set.key);
    let elsewhere = || keys.set.get(&squash(key)).into_iter().flatten().filter(|s| is_deployed(s));
    let defaults = keys.read.get(&squash(key)).into_iter().flatten().any(|r| r.default.is_some());
    let (falls, severity) = match (defaults, keys.is_given(key)) {
        (false, false) => (format!("`{key}` is empty when `{service}` starts: it has no default"), Severity::Error),
        (true, _) => (format!("`{service}` takes the default of `{key}` there"), Severity::Warning),
        (false, true) => (format!("`{key}` is not set there"), Severity::Warning),
    };
    let mut draft = Draft::new(format!("{service} {key}"), at, message)
        .why(format!("{falls}, and the value that was meant for it goes to another name."))
        .severity(severity)
        .link(at, format!("`{service}` reads `{key}`"))
        .link(&set.at, format!("the {sets} sets `{}`", set.key))
        .about([cx.node(node).key.clone()])
        .help(format!("set `{key}` instead of `{}`, or read `{}`", set.key, set.key));
    if let Some(other) = elsewhere().next() {
        draft = draft.link(&other.at, format!("another deployment sets `{key}`"));
    }
    draft
}

/// A route or a request of a service's code whose address begins with what this key gives, or the property that a framework
/// fills from it.
fn made_with(cx: &Cx<'_>, node: usize, key: &str) -> Option<Evidence> {
    let this = cx.node(node);
    let files = this.own.iter().chain(&this.libraries);
    let whole = squash(key);
    let leaf = squash(key.rsplit(['.', ':']).next().unwrap_or(key));
    let last = |symbol: &str| squash(symbol.rsplit(['.', '#', ':']).next().unwrap_or(symbol));
    let property =
        |symbol: &str| leaf.len() > 5 && key.contains(['.', ':']) && last(symbol).trim_start_matches("get") == leaf;
    let gives = |hole: &Hole| match hole {
        Hole::Env { name: key, default: None } | Hole::Config { key, default: None } => squash(key) == whole,
        Hole::Result { callee, .. } => property(callee),
        Hole::Ref(symbol) => property(symbol),
        _ => false,
    };
    let begins = |value: &Value| value.holes().first().is_some_and(|hole| gives(hole));
    files.flat_map(|path| cx.facts(path).iter().map(move |f| (path, f))).find_map(|(path, fact)| {
        let made = match &fact.claim {
            Claim::Call(call) => fact.how == How::Stated && begins(&call.target),
            Claim::Route(route) => begins(&route.target),
            Claim::Store(store) => fact.how == How::Stated && begins(&store.address),
            Claim::Message(message) => message.address.as_ref().is_some_and(begins),
            _ => false,
        };
        made.then(|| cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim)))
    })
}
