//! A credential in a committed file. See `secret_in_plain.md`.

use crate::keys::squash;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Key, MASKED_TOKEN, MASKED_TOKEN_APART, SettingScope, SmolStr};
use seam_graph::Evidence;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub static RULE: Rule = Rule {
    id: "secret-in-plain",
    group: Group::Environment,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("secret_in_plain.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut users: HashMap<(&SmolStr, u32), BTreeSet<usize>> = HashMap::new();
    for setting in cx.graph.settings.iter().filter(|s| is_real(&s.value)) {
        users.entry((&setting.at.path, setting.at.at.line)).or_default().insert(setting.node);
    }
    // One key in many files is one credential to change.
    let mut found: BTreeMap<(String, SmolStr), Vec<(Evidence, &SettingScope)>> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        let Claim::Setting(setting) = &fact.claim else { continue };
        // The map reads `.env` files that git ignores: what stands there is not known to be committed.
        let committed = setting.scope != SettingScope::Dotenv;
        let real = setting.value.as_text().is_some_and(|t| is_real(&t));
        if committed && real && !is_public(&setting.key) && !is_sample(path) && !seam_graph::is_test(path) {
            let at = cx.evidence(path, fact, format!("`{}` has a value that is not shown", setting.key));
            found.entry((squash(&setting.key), setting.key.clone())).or_default().push((at, &setting.scope));
        }
    }
    for ((_, key), places) in found {
        let Some((first, scope)) = places.first() else { continue };
        let nodes: BTreeSet<usize> =
            places.iter().filter_map(|(at, _)| users.get(&(&at.path, at.at.line))).flatten().copied().collect();
        let names: Vec<String> = nodes.iter().take(3).map(|n| format!("`{}`", cx.name(*n))).collect();
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        let count = match places.len() {
            1 => "a committed file".to_owned(),
            n => format!("{n} committed places"),
        };
        let encoded = if first.by == "kubernetes" && matches!(scope, SettingScope::Group(_)) {
            " A Kubernetes Secret is encoded, not encrypted."
        } else {
            ""
        };
        let mut draft = Draft::new(key.clone(), first, format!("the credential `{key}`{of} stands in {count}"))
            .why(format!(
                "Whoever can read the repository, a clone or its history has it. By its looks it is no placeholder: a token of \
                 a public service, or a long word of mixed letters and digits.{encoded} The value is neither kept nor shown here."
            ))
            .about(nodes.iter().map(|n| cx.node(*n).key.clone()).collect::<Vec<Key>>())
            .help(format!(
                "change the credential, and give `{key}` to the process from outside of the repository: a secret store, the \
                 pipeline, or a file that git ignores"
            ));
        for (at, _) in places.iter().take(5) {
            draft = draft.link(at, format!("`{key}` is set here"));
        }
        out.push(draft);
    }
}

/// Keys whose values are meant to be read by everybody: client ids, public halves.
fn is_public(key: &str) -> bool {
    let last = key.rsplit(['.', '_', '-']).next().unwrap_or(key).to_ascii_lowercase();
    let key = squash(key);
    matches!(last.as_str(), "pub" | "crt" | "cert")
        || ["public", "publishable", "sitekey", "clientid", "fingerprint", "checksum"].iter().any(|w| key.contains(w))
}

/// Files that show how it is done.
fn is_real(text: &str) -> bool {
    text == MASKED_TOKEN || text == MASKED_TOKEN_APART
}

fn is_sample(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["example", "sample", "template.env", ".dist"]
        .iter()
        .any(|w| path.rsplit('/').next().is_some_and(|n| n.contains(w)))
}
