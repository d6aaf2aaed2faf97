//! Requests that go out to the cluster's ingress controller and come back in by its rules.
//!
//! A page that is rendered on the server asks the controller under its documented name in the cluster
//! (`ingress-nginx-controller.ingress-nginx`), and the rules of the ingress say whom a path means. Invariant: only paths that
//! a rule of this workspace leads to a deployable; a rule for everything leads nowhere.

use crate::address;
use crate::edges::Edges;
use crate::index::{FileId, last};
use crate::model::{Certainty, EdgeKind};
use seam_facts::{Claim, Fact, SmolStr, Value};

/// Names of controllers' Services, and of the namespaces that they are installed into by default.
const CONTROLLERS: [&str; 6] = [
    "ingress-nginx-controller",
    "ingress-nginx",
    "nginx-ingress-controller",
    "nginx-ingress-nginx-controller",
    "nginx-ingress",
    "traefik",
];

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A rule: the path's beginning, and the node behind it.
type Rule<'a> = (String, usize, (FileId, &'a Fact));

impl<'a> Edges<'_, 'a> {
    pub(crate) fn through_the_ingress(&mut self) {
        let rules = self.rules();
        if rules.is_empty() {
            return;
        }
        let linker = self.linker;
        for node in 0..linker.territories.len() {
            let told = linker.visible_facts(node).find(|(_, fact)| self.names_controller(&fact.claim));
            let Some(told) = told else { continue };
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Pass(pass) = &fact.claim else { continue };
                let verb = last(&pass.callee);
                let path = pass.args.first().filter(|a| a.name.is_none()).map(|a| start(&a.value)).unwrap_or_default();
                // A route that is served has a handler beside its path.
                let asks = VERBS.contains(&verb) && (pass.args.len() == 1 || !matches!(verb, "get" | "delete"));
                if !asks || !path.starts_with('/') || !linker.reaches(node, file, &pass.within) {
                    continue;
                }
                let fitting = rules.iter().filter(|(rule, ..)| path.starts_with(rule.as_str()));
                let Some((_, to, rule)) = fitting.max_by_key(|(rule, ..)| rule.len()) else { continue };
                let operation = SmolStr::from(format!("{} {path}", verb.to_ascii_uppercase()));
                let (client, certainty) = (SmolStr::new_static("ingress"), Certainty::Inferred);
                let via = [told, *rule];
                self.add(node, *to, EdgeKind::Http, certainty, operation, &client, &pass.within, (file, fact), &via);
            }
        }
    }

    /// Rules of ingresses, with what is fixed at the beginning of their paths.
    fn rules(&self) -> Vec<Rule<'a>> {
        let linker = self.linker;
        let mut out: Vec<Rule<'a>> = Vec::new();
        for (file, facts) in linker.index.facts.iter().enumerate() {
            for fact in *facts {
                let Claim::Route(route) = &fact.claim else { continue };
                let path = start(&route.path);
                let path = path.split(['?', '(', '*', '[', '$']).next().unwrap_or_default().trim_end_matches('/');
                if route.via.is_none() || path.len() < 2 {
                    continue;
                }
                for address in route.target.as_text().iter().flat_map(|t| address::parse(t)) {
                    let nodes = linker.named(&address.host);
                    out.extend(nodes.first().map(|to| (path.to_owned(), *to, (file, fact))));
                }
            }
        }
        out
    }

    /// Whether a value or an argument is the controller's address.
    fn names_controller(&self, claim: &Claim) -> bool {
        let is = |value: &Value| {
            value.as_text().iter().filter(|t| t.contains("://")).flat_map(|t| address::parse(t)).any(|a| {
                let mut labels = a.host.split('.');
                CONTROLLERS.contains(&labels.next().unwrap_or_default())
                    && labels.next().is_some()
                    && self.linker.named(&a.host).is_empty()
            })
        };
        match claim {
            Claim::Constant(constant) => is(&constant.value),
            Claim::Pass(pass) => pass.args.iter().any(|a| is(&a.value)),
            Claim::Setting(setting) => is(&setting.value),
            _ => false,
        }
    }
}

/// The text that a value begins with.
fn start(value: &Value) -> String {
    match value.parts.first() {
        Some(seam_facts::Part::Text(text)) => text.to_string(),
        _ => String::new(),
    }
}
