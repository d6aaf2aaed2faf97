//! A key that a deployment sets and nothing reads. See `unread_setting.md`.

use crate::drift::mentioned;
use crate::keys::{
    by_node, host, is_address, is_deployed, is_of_a_library, is_of_a_platform, is_renaming, proving, stating,
};
use crate::leftover::leftovers;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::SmolStr;
use seam_graph::NodeKind;
use std::collections::{BTreeMap, HashSet};

pub static RULE: Rule = Rule {
    id: "unread-setting",
    group: Group::Environment,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("unread_setting.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    sections(cx, out);
    let used = proving(cx.graph);
    let stated = stating(cx.graph);
    let all = by_node(cx.graph);
    let readers: HashSet<(&SmolStr, u32, &str)> = all
        .iter()
        .flat_map(|keys| keys.set.values().flatten().filter(|s| keys.is_read(&s.key)))
        .map(|s| (&s.at.path, s.at.at.line, s.key.as_str()))
        .collect();
    for (node, keys) in all.iter().enumerate() {
        let this = cx.node(node);
        // Only code that was read can be said not to read something, and only where it reads its environment by name.
        // The address of a declared client is no such read: the framework looks it up, and may look up others.
        let by_call = |key: &str| {
            let reads = keys.read.get(&crate::keys::squash(key));
            reads.is_some_and(|all| all.iter().all(|r| r.at.says.starts_with("call ")))
        };
        let told = keys.set.values().flatten();
        let told = told.filter(|s| is_deployed(s) && keys.is_read(&s.key) && !by_call(&s.key)).count();
        // What Spring is told by its own keys shows that the environment is meant for it; it reads others by placeholders only.
        let jvm = !this.languages.is_empty() && this.languages.iter().all(|l| matches!(l.as_str(), "Java" | "Kotlin"));
        let framed = || keys.set.values().flatten().any(|s| is_deployed(s) && s.key.starts_with("SPRING_"));
        if this.kind != NodeKind::Service || this.languages.is_empty() || told == 0 && !(jvm && framed()) {
            continue;
        }
        let mut idle: BTreeMap<String, Vec<&seam_graph::SettingOf>> = BTreeMap::new();
        for setting in keys.set.values().flatten() {
            let read = keys.is_read(&setting.key) || used.contains(&(&setting.at.path, setting.at.at.line));
            // A block that several services share is for the one that reads it; frameworks bind what has sections.
            let shared = || readers.contains(&(&setting.at.path, setting.at.at.line, setting.key.as_str()));
            let own = setting.at.says.starts_with("setting [service") && !setting.key.contains("__");
            // Clients of the JVM read no variables of their own.
            let library = is_of_a_library(&setting.key) && !jvm;
            let ours = is_address(&setting.key) && !is_of_a_platform(&setting.key) && !library;
            // Whoever is started from the same code is given the same, and the code reads it.
            let fellow = |n: usize| n != node && !this.roots.is_empty() && cx.node(n).roots == this.roots;
            let by_fellow = || (0..all.len()).any(|n| fellow(n) && all[n].is_read(&setting.key));
            if own && ours && !read && !shared() && !by_fellow() {
                idle.entry(setting.key.to_string()).or_default().push(setting);
            }
        }
        let told = if idle.is_empty() { Vec::new() } else { leftovers(cx, node, keys, &stated) };
        for (key, settings) in idle {
            let Some(first) = settings.first() else { continue };
            let Some((name, _)) = host(&first.value, true) else { continue };
            // Another spelling of the same key may be read by a framework: only addresses of this system are worth a word.
            let Some(to) = cx.graph.node(name.split('.').next().unwrap_or(name)) else { continue };
            // A renamed key is told once, where it is read.
            let renamed =
                || keys.read.values().flatten().any(|r| is_renaming(&r.key, &key) && !keys.sets_in(&r.key, first));
            let paired = || told.iter().any(|pair| pair.set.key == key);
            if to == node || mentioned(cx, node, &key) || renamed() || paired() {
                continue;
            }
            let service = cx.name(node);
            let message = format!("`{key}` is set for `{service}` and nothing reads it");
            let edge = cx.outgoing(node).iter().any(|e| cx.edge(*e).to == to);
            let why = if edge {
                format!(
                    "`{service}` reaches `{}` by another address; a change of this one changes nothing.",
                    cx.name(to)
                )
            } else {
                format!(
                    "The deployment says that `{service}` uses `{}`; no code of `{service}` does. A change of it changes nothing.",
                    cx.name(to)
                )
            };
            let mut draft = Draft::new(format!("{service} {key}"), &first.at, message)
                .why(why)
                .about([this.key.clone()])
                .help(format!("remove `{key}`, or read it in `{service}`"));
            for setting in settings.iter().take(3) {
                draft = draft.link(&setting.at, format!("`{key}` is set"));
            }
            out.push(draft);
        }
    }
}

/// Sections of .NET's configuration that frameworks and libraries look up by themselves.
const BOUND: [&str; 24] = [
    "logging",
    "serilog",
    "nlog",
    "kestrel",
    "connectionstrings",
    "azuread",
    "azureadb2c",
    "reverseproxy",
    "services",
    "aspire",
    "healthchecksui",
    "healthchecks",
    "opentelemetry",
    "otel",
    "consul",
    "eureka",
    "spring",
    "globalconfiguration",
    "routes",
    "applicationinsights",
    "identityserver",
    "featuremanagement",
    "allowedhosts",
    "parameters",
];

/// Variables of a section (`Billing__ApiKey`) that neither the program's own configuration nor its code has, beside others
/// whose sections are there: the section has another name on one side.
fn sections(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let section = |key: &str| crate::keys::squash(key.split("__").next().unwrap_or(key));
    for (node, keys) in by_node(cx.graph).iter().enumerate() {
        let this = cx.node(node);
        if this.kind != NodeKind::Service || !this.languages.iter().any(|l| l == "C#") {
            continue;
        }
        let of_app = |s: &&&seam_graph::SettingOf| s.at.says.starts_with("setting [app");
        let own: HashSet<String> = keys
            .set
            .values()
            .flatten()
            .filter(of_app)
            .map(|s| crate::keys::squash(s.key.split(['.', ':']).next().unwrap_or(&s.key)))
            .collect();
        let told: Vec<&seam_graph::SettingOf> = keys
            .set
            .values()
            .flatten()
            .filter(|s| s.key.contains("__") && s.at.says.starts_with("setting [service"))
            .copied()
            .collect();
        if own.is_empty() || !told.iter().any(|s| own.contains(&section(&s.key))) {
            continue;
        }
        for setting in told {
            let (key, name) = (&setting.key, section(&setting.key));
            let known = own.contains(&name) || BOUND.contains(&name.as_str()) || is_of_a_platform(key);
            let begins = key.split("__").next().unwrap_or(key);
            if known || keys.is_read(key) || mentioned(cx, node, key) || says(cx, node, begins) {
                continue;
            }
            let service = cx.name(node);
            let draft = Draft::new(
                format!("{service} {key}"),
                &setting.at,
                format!("`{key}` is set for `{service}`, whose configuration and code have no `{begins}`"),
            )
            .why(format!(
                "Other variables of `{service}` override what its own configuration has; nothing there or in its code is called \
                 `{begins}`, so this one changes nothing."
            ))
            .about([this.key.clone()])
            .severity(Severity::Note)
            .certainty(seam_graph::Certainty::Inferred)
            .open("libraries that look up a section by themselves")
            .help(format!("call it what `{service}` reads, or remove it"))
            .link(&setting.at, format!("`{key}` is set"));
            out.push(draft);
        }
    }
}

/// Whether code of a service says a section's name in a text.
fn says(cx: &Cx<'_>, node: usize, name: &str) -> bool {
    use seam_facts::Claim;
    let has = |text: &str| text.split(':').any(|part| part == name);
    let bound = crate::keys::squash(name);
    let value = |v: &seam_facts::Value| has(&v.to_string());
    cx.own_facts(node).any(|(_, f)| match &f.claim {
        Claim::Constant(c) => value(&c.value),
        Claim::Pass(p) => p.args.iter().any(|a| value(&a.value)),
        Claim::Read(r) => value(&r.key),
        Claim::Return(r) => value(&r.value),
        // A class that a section is bound to often has its name.
        Claim::Shape(s) => {
            let simple = crate::keys::squash(s.name.rsplit('.').next().unwrap_or(&s.name));
            ["options", "settings", "config", "configuration"]
                .iter()
                .any(|e| simple.strip_suffix(e) == Some(bound.as_str()))
        }
        _ => false,
    })
}
