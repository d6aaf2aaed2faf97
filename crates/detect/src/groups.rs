//! Groups of settings that a deployment takes whole and nothing declares: a ConfigMap that was renamed on one side.
//!
//! Invariant: what is declared is most often not all there is (secrets, other repositories), so that a group is only missed where
//! another one, which nobody takes, has what the program reads.

use crate::keys::{Keys, squash};
use crate::{Cx, Draft};
use seam_facts::{Claim, Deployment, Fact, SettingScope, SmolStr};
use seam_graph::is_test;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn renamed_groups(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    let mut groups: BTreeMap<&SmolStr, Vec<(&SmolStr, &Fact, &SmolStr)>> = BTreeMap::new();
    let mut takers: Vec<(&SmolStr, &Fact, &seam_facts::Service)> = Vec::new();
    for (path, fact) in cx.base.facts().filter(|(path, _)| !is_test(path)) {
        match &fact.claim {
            Claim::Setting(setting) => {
                if let SettingScope::Group(name) = &setting.scope {
                    groups.entry(name).or_default().push((path, fact, &setting.key));
                }
            }
            // What a chart computes may be any name.
            Claim::Service(service)
                if !service.env_from.is_empty()
                    && service.deployment == Deployment::Kubernetes
                    && fact.by == "kubernetes"
                    && !path.contains("/templates/") =>
            {
                takers.push((path, fact, service));
            }
            _ => {}
        }
    }
    let taken: BTreeSet<&SmolStr> = cx
        .base
        .facts()
        .filter_map(|(_, f)| if let Claim::Service(s) = &f.claim { Some(&s.env_from) } else { None })
        .flatten()
        .collect();
    let mut told = BTreeSet::new();
    for (path, fact, service) in &takers {
        let here = |n: &seam_graph::Node| n.proof.iter().any(|e| e.path == **path && e.at.line == fact.at.line);
        let Some(node) = cx.graph.nodes.iter().position(here) else { continue };
        let keys = &all[node];
        for name in service.env_from.iter().filter(|n| !groups.contains_key(*n)) {
            let wanted = |key: &SmolStr| keys.read.contains_key(&squash(key)) && !keys.set.contains_key(&squash(key));
            let mut fitting = groups
                .iter()
                .filter(|(group, _)| !taken.contains(*group))
                .filter_map(|(group, sets)| Some((group, sets.iter().find(|(_, _, key)| wanted(key))?)));
            let (Some((group, (file, at, key))), None) = (fitting.next(), fitting.next()) else { continue };
            if !told.insert((node, name)) {
                continue;
            }
            let of = cx.name(node);
            let place = cx.evidence(path, fact, seam_facts::format_smolstr!("{} takes {name}", service.name));
            let set = cx.evidence(file, at, seam_facts::format_smolstr!("{}", at.claim));
            let mut draft = Draft::new(
                format!("{of} group {name}"),
                &place,
                format!("`{of}` takes its environment from `{name}`, which nothing declares; nobody takes `{group}`"),
            )
            .why(format!("`{group}` sets `{key}`, which `{of}` reads and nothing else gives it: the container does not start without the group that it names."))
            .about([cx.node(node).key.clone()])
            .help(format!("take `{group}`, or call it `{name}`"))
            .link(&place, format!("`{of}` takes `{name}`"))
            .link(&set, format!("`{group}` sets `{key}`"));
            if let Some(read) = keys.read.get(&squash(key)).and_then(|r| r.first()) {
                draft = draft.link(&read.at, format!("`{of}` reads `{key}`"));
            }
            out.push(draft);
        }
    }
}
