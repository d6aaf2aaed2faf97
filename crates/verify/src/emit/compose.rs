//! An override for compose: a Toxiproxy for each edge, to which the caller is led by its own link, so that no setting changes.

use super::toxiproxy::{often, toxic};
use super::{Faults, Near, comment, quoted};
use serde_json::json;
use std::collections::BTreeMap;

const IMAGE: &str = "ghcr.io/shopify/toxiproxy:2.12.0";

pub(super) fn written(faults: &Faults) -> String {
    let mut out = String::from(
        "# Faults that `seam verify` found, as an override for compose (2.23.1 or later, for `configs.content`):\n\
         #   docker compose -f compose.yaml -f FILE up\n\
         # Each caller reaches its callee through a Toxiproxy: a link is resolved before the name of a service, for that caller only.\n\
         # Where services name networks, name the same for the proxies. Then the faults, case by case:\n",
    );
    let mut links: BTreeMap<&str, Vec<(String, &str)>> = BTreeMap::new();
    let edges = faults.edges();
    for (at, (says, injections)) in faults.cases.iter().enumerate() {
        out.push_str(&comment(&format!("{}. {says}", at + 1)));
        for injection in injections {
            out.push_str(&comment(&format!("   {}", injection.told())));
            let (toxic, differs) = match toxic(injection) {
                Near::Same(toxic) => (toxic, None),
                Near::Like(toxic, differs) => (toxic, Some(differs)),
                Near::Not(why) => {
                    out.push_str(&comment(&format!("   not expressed: {why}")));
                    continue;
                }
            };
            for note in differs.into_iter().map(|d| format!("nearest: {d}")).chain(often(injection).map(str::to_owned))
            {
                out.push_str(&comment(&format!("   {note}")));
            }
            let name = injection.name();
            let service = format!("toxiproxy-{name}");
            out.push_str(&comment(&format!(
                "   docker compose exec {service} /toxiproxy-cli {}",
                toxic.command(&name)
            )));
        }
    }
    out.push_str("# and away with them: docker compose restart of the proxies\nservices:\n");
    let mut configs = String::from("configs:\n");
    for (name, injection) in &edges {
        let (caller, callee) = injection.edge();
        let service = format!("toxiproxy-{name}");
        let port = faults.port(callee);
        if let Some(caller) = caller {
            links.entry(caller).or_default().push((service.clone(), callee));
        } else {
            out.push_str(&comment(&format!(
                "  every caller of {callee} is meant: give each of them `links: [\"{service}:{callee}\"]`"
            )));
        }
        if port.is_none() {
            out.push_str(&comment(&format!("  the port of {callee} is not known: write it in place of 0")));
        }
        let port = port.unwrap_or_default();
        out.push_str(&format!(
            "  {service}:\n    image: {}\n    command: [\"-host=0.0.0.0\", \"-config=/toxiproxy.json\"]\n    configs:\n      - source: {}\n        target: /toxiproxy.json\n",
            quoted(IMAGE),
            quoted(&service),
        ));
        let config = json!([{
            "name": name, "listen": format!("0.0.0.0:{port}"), "upstream": format!("{callee}:{port}"), "enabled": true
        }]);
        // A dollar sign would be a variable.
        let content = config.to_string().replace('$', "$$");
        configs.push_str(&format!("  {}:\n    content: {}\n", quoted(&service), quoted(&content)));
    }
    if edges.is_empty() {
        // Nothing that compose could start.
        return out.replace("services:\n", "services: {}\n");
    }
    for (caller, all) in &links {
        let to: Vec<String> = all.iter().map(|(service, callee)| quoted(&format!("{service}:{callee}"))).collect();
        out.push_str(&format!("  {}:\n    links: [{}]\n", quoted(caller), to.join(", ")));
    }
    out + &configs
}
