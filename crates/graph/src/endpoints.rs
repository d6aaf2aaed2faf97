//! What each node serves, with the prefixes of the routers that handlers are mounted on.

use crate::index::{FileId, folder, last, squash};
use crate::join::Linker;
use crate::model::{Certainty, Endpoint, NodeKind};
use crate::stores::store_kind;
use seam_facts::{Claim, Fact, How, Key, Message, Mount, Protocol, SmolStr, System, Value, format_smolstr};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Routers nest; real ones stay below this.
const MAX_NESTING: usize = 6;
/// One router is reachable under several prefixes, and each doubles what is below. Real ones stay far below this; routers that seem
/// to be mounted on one another do not.
const MAX_PREFIXES: usize = 64;

/// Where routers of one node are mounted, and the prefixes that were worked out, by router, its file and how deep one may still go.
struct Mounts<'a> {
    all: Vec<(FileId, &'a Mount)>,
    known: HashMap<(SmolStr, FileId, usize), Rc<BTreeSet<String>>>,
}

impl<'a> Linker<'a> {
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let mut out: Vec<Endpoint> = Vec::new();
        for node in 0..self.territories.len() {
            let context = self.context_path(node);
            let mut mounts = self.mounts(node);
            let direct = self.answers_directly(node);
            for (file, fact) in self.visible_facts(node) {
                if let Claim::Message(message) = &fact.claim
                    && direct
                    && is_pattern(message)
                    && self.reaches(node, file, &message.within)
                {
                    out.extend(self.patterns(node, file, fact, message));
                }
                let Claim::Endpoint(endpoint) = &fact.claim else { continue };
                let owner_only = endpoint.protocol == Protocol::Http || !endpoint.handler.is_empty();
                let served = match interface(endpoint) {
                    // Who implements an interface of a library says so where it mounts it; its clients see it, too.
                    Some(router) => mounts.all.iter().any(|(_, mount)| mount.router == *router),
                    None => !owner_only || self.reaches(node, file, &endpoint.handler),
                };
                if !self.territories[node].own.contains(&file) && !served {
                    continue;
                }
                let view = self.view(node);
                let paths: Vec<String> = match endpoint.protocol {
                    Protocol::Http | Protocol::Websocket | Protocol::Graphql => {
                        let prefixes = match &endpoint.router {
                            Some(router) => self.prefixes(node, &mut mounts, router, file, MAX_NESTING),
                            None => Rc::new(BTreeSet::from([String::new()])),
                        };
                        let own: Vec<String> = view.texts(&endpoint.path, file).into_iter().map(|t| t.text).collect();
                        prefixes.iter().flat_map(|p| own.iter().map(|o| tidy(&[&context, p, o]))).collect()
                    }
                    // Whoever listens to an address that is not known may be anybody.
                    Protocol::EventBus => {
                        let known =
                            view.texts(&endpoint.path, file).into_iter().filter(|t| !t.open && !t.text.is_empty());
                        known.map(|t| t.text).collect()
                    }
                    _ => view.texts(&endpoint.path, file).into_iter().map(|t| t.text).collect(),
                };
                for path in paths {
                    let operation = match &endpoint.method {
                        Some(method) => format_smolstr!("{method} {path}"),
                        None => path.as_str().into(),
                    };
                    out.push(Endpoint {
                        key: Key::endpoint(&self.nodes[node].name, &operation),
                        node,
                        protocol: endpoint.protocol,
                        method: endpoint.method.clone(),
                        path: path.into(),
                        handler: endpoint.handler.clone(),
                        request: endpoint.request.clone(),
                        response: endpoint.response.clone(),
                        certainty: if fact.how == How::Inferred { Certainty::Inferred } else { Certainty::Stated },
                        proof: self.proof(file, fact, &[]),
                    });
                }
            }
        }
        out.sort_by(|a, b| (&a.key, &a.proof).cmp(&(&b.key, &b.proof)));
        // One endpoint stated at several places keeps them all.
        let mut merged: Vec<Endpoint> = Vec::new();
        for endpoint in out {
            match merged.last_mut() {
                Some(previous) if previous.key == endpoint.key => {
                    previous.certainty = previous.certainty.min(endpoint.certainty);
                    previous.proof.extend(endpoint.proof.iter().cloned());
                }
                _ => merged.push(endpoint),
            }
        }
        merged
    }

    /// Whether what handlers of a node wait for comes straight from who asks: it knows of no broker.
    pub(crate) fn answers_directly(&self, node: usize) -> bool {
        let broker = |fact: &Fact| matches!(&fact.claim, Claim::Store(s) if store_kind(s.system) == NodeKind::Broker || s.system == System::Redis);
        !self.visible_facts(node).any(|(_, fact)| broker(fact))
    }

    /// Handlers of patterns as what they are where no broker stands between: procedures that are called.
    fn patterns<'s>(
        &'s self,
        node: usize,
        file: FileId,
        fact: &'a Fact,
        message: &'a Message,
    ) -> impl Iterator<Item = Endpoint> + 's {
        self.view(node).texts(&message.topic, file).into_iter().map(move |topic| Endpoint {
            key: Key::endpoint(&self.nodes[node].name, &topic.text),
            node,
            protocol: Protocol::Tcp,
            method: None,
            path: topic.text.into(),
            handler: message.within.clone(),
            request: None,
            response: None,
            certainty: if fact.how == How::Inferred { Certainty::Inferred } else { Certainty::Stated },
            proof: self.proof(file, fact, &[]),
        })
    }

    /// A prefix that the framework puts before all paths.
    fn context_path(&self, node: usize) -> String {
        let view = self.view(node);
        for key in [
            "server.servlet.context-path",
            "server.context-path",
            "server.contextPath",
            "spring.webflux.base-path",
            "quarkus.http.root-path",
            "micronaut.server.context-path",
        ] {
            let found = view.texts(&Value::config(key, None), 0);
            if let Some(text) = found.into_iter().find(|t| !t.open) {
                return text.text;
            }
        }
        String::new()
    }

    fn mounts(&self, node: usize) -> Mounts<'a> {
        let mount = |(file, fact): (FileId, &'a Fact)| match &fact.claim {
            Claim::Mount(mount) => Some((file, mount)),
            _ => None,
        };
        Mounts { all: self.visible_facts(node).filter_map(mount).collect(), known: HashMap::new() }
    }

    /// The prefixes under which `router` of `file` is reachable; one empty prefix if it is mounted nowhere.
    fn prefixes(
        &self,
        node: usize,
        mounts: &mut Mounts<'a>,
        router: &SmolStr,
        file: FileId,
        depth: usize,
    ) -> Rc<BTreeSet<String>> {
        let asked = (router.clone(), file, depth);
        if let Some(known) = mounts.known.get(&asked) {
            return known.clone();
        }
        let mut out = BTreeSet::new();
        let here = |(at, mount): &&(FileId, &'a Mount)| {
            self.names_router(&mount.router, *at, router, file) && !(mount.on == *router && *at == file)
        };
        let here: Vec<_> = if depth == 0 { Vec::new() } else { mounts.all.iter().filter(here).copied().collect() };
        for (at, mount) in here {
            let own = self.view(node).texts(&mount.prefix, at);
            for outer in self.prefixes(node, mounts, &mount.on, at, depth - 1).iter() {
                out.extend(own.iter().map(|t| tidy_joined(&[outer, &t.text])));
            }
            while out.len() > MAX_PREFIXES {
                out.pop_last();
            }
        }
        if out.is_empty() {
            out.insert(String::new());
        }
        let out = Rc::new(out);
        mounts.known.insert(asked, out.clone());
        out
    }

    /// Whether `mounted`, as written in file `at`, means `router` of `file`.
    fn names_router(&self, mounted: &str, at: FileId, router: &str, file: FileId) -> bool {
        // A framework's own router is one for the application, wherever its handlers stand.
        if mounted == router && (at == file || router.starts_with(char::is_uppercase)) {
            return true;
        }
        let (module, member) = mounted.split_once('#').unwrap_or((mounted, ""));
        let path = self.index.paths[file].as_str();
        let stem = path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or("");
        let tail = last(module.trim_end_matches(['/', '.']));
        let tail = tail.split('.').next().unwrap_or(tail);
        // Each part of an application has its `urls`: the folder tells whose.
        let parts: Vec<&str> = module.split(['/', '.']).filter(|p| !p.is_empty()).collect();
        let whose = match parts.as_slice() {
            [.., whose, _] if COMMON.contains(&stem) => squash(whose) == squash(last(folder(path))),
            _ => true,
        };
        let in_module = squash(tail) == squash(stem) && whose
            || (matches!(stem, "index" | "__init__" | "urls") && squash(last(folder(path))) == squash(tail))
            || (stem == "urls"
                && folder(path).ends_with(module.trim_end_matches(".urls").rsplit('.').next().unwrap_or("?")));
        if at != file && module != mounted {
            let same_member = member.is_empty()
                || member == "default"
                || last(member) == last(router)
                || squash(member) == squash(stem);
            // `from app.routers import orders` and `orders.router`.
            let by_file = member.rsplit_once('.').is_some_and(|(file, name)| {
                name == last(router) && squash(last(file)) == squash(stem) && last(folder(path)) == tail_of(module)
            });
            return by_file
                || same_member
                    && (in_module
                        || last(member) == last(router)
                            && !matches!(
                                last(router),
                                "router" | "app" | "routes" | "api" | "bp" | "r" | "default" | "urlpatterns"
                            ))
                || squash(member) == squash(stem) && !member.is_empty();
        }
        // A dotted path of a module with or without the member: `items.router`, `./routes/items`.
        at != file
            && (in_module
                || (mounted.ends_with(&format!(".{router}"))
                    && squash(last(&mounted[..mounted.len() - router.len() - 1])) == squash(stem)))
    }
}

/// What files of routes are called in every part of an application.
const COMMON: &[&str] =
    &["urls", "routes", "route", "router", "routers", "views", "endpoints", "controller", "handlers"];

/// The last part of a module's dotted or relative name: `routers` of `app.routers`.
fn tail_of(module: &str) -> &str {
    module.rsplit(['.', '/']).next().unwrap_or(module)
}

/// The interface that declares an endpoint for those who implement it.
fn interface(endpoint: &seam_facts::Endpoint) -> Option<&SmolStr> {
    let router = endpoint.router.as_ref()?;
    let declares = endpoint.handler.strip_prefix(router.as_str()).is_some_and(|method| method.starts_with('.'));
    (declares && router.starts_with(char::is_uppercase)).then_some(router)
}

/// Whether a message is awaited by a handler whose transport is known to the program alone, not to the handler.
pub(crate) fn is_pattern(message: &Message) -> bool {
    message.system == System::Bus && !message.publish && message.client == "nestjs"
}

/// Joins pieces of a path with single slashes; at least `/`.
fn tidy(parts: &[&str]) -> String {
    let joined = tidy_joined(parts);
    if joined.is_empty() { "/".into() } else { joined }
}

fn tidy_joined(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        for piece in part.split('/').filter(|p| !p.is_empty()) {
            out.push('/');
            out.push_str(piece);
        }
    }
    out
}

/// Whether a call's path may be answered by an endpoint's template: literals equal, holes match one part, `*` the rest.
pub(crate) fn answers(template: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mut template = template.split('/').filter(|p| !p.is_empty());
    let mut path = path.split('/').filter(|p| !p.is_empty());
    let whole = |s: &str| s.starts_with('{') && s.ends_with('}');
    let (mut word, mut open) = (false, false);
    loop {
        match (template.next(), path.next()) {
            // A word for an identifier in one place, and an identifier for a word in another: `/orders/{id}/arrival` is not what
            // `/orders/arrived/{id}` asks for.
            (None, None) => return !(word && open),
            (Some(t), _) if t.starts_with('*') || t.starts_with("{*") || t.ends_with("**") => return true,
            (Some(t), Some(p)) => {
                let hole = |s: &str| s.contains('{');
                if !(hole(t) || hole(p) || t.eq_ignore_ascii_case(p)) {
                    return false;
                }
                word |= hole(t) && !hole(p);
                open |= whole(p) && !hole(t);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_answer_paths() {
        assert!(answers("/orders/{id}", "/orders/17"));
        assert!(answers("/orders/{id}", "/orders/{orderId}?full=1"));
        assert!(answers("/files/*", "/files/a/b"));
        assert!(!answers("/orders/{id}", "/orders"));
        assert!(!answers("/orders", "/carts"));
        assert!(answers("/orders/{id}/items", "/orders/{}/items") && answers("/orders/open", "/orders/{}"));
        assert!(!answers("/orders/{id}/arrival", "/orders/arrived/{}"));
    }
}
