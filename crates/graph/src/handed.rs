//! Services that are named to a client of one's own making: `Calls.get(Service.STOCK, "items")`, `client.call("stock", …)`.
//!
//! Where a shared library makes requests whose host it looks up at run time, the name that is handed to it is what is known.
//! Invariant: only a name that exactly one service carries, handed to a function of the library that makes such a request;
//! the edge says that it is inferred.

use crate::edges::Edges;
use crate::index::{FileId, below, folder, last, owner_of, squash};
use crate::model::{Certainty, EdgeKind, NodeKind};
use seam_facts::{Argument, Claim, Fact, Hole, Pass};
use std::collections::{BTreeMap, BTreeSet};

/// A name stands among the first arguments; what follows is payload.
const FIRST: usize = 2;

impl<'a> Edges<'_, 'a> {
    pub(crate) fn handed_names(&mut self) {
        let services = self.service_names();
        for node in 0..self.linker.territories.len() {
            let libraries = self.asking_libraries(node);
            if libraries.is_empty() {
                continue;
            }
            let linker = self.linker;
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Pass(pass) = &fact.claim else { continue };
                let to = pass.args.iter().take(FIRST).find_map(|arg| named(arg, &services)).filter(|to| *to != node);
                if let Some(to) = to
                    && linker.reaches(node, file, &pass.within)
                    && libraries.iter().any(|library| self.defines(library, pass))
                {
                    self.handed(node, to, pass, (file, fact));
                }
            }
        }
    }

    fn handed(&mut self, node: usize, to: usize, pass: &Pass, at: (FileId, &'a Fact)) {
        let client = "a client that looks its host up".into();
        self.add(node, to, EdgeKind::Http, Certainty::Inferred, Default::default(), &client, &pass.within, at, &[]);
    }

    /// Squashed names of services, those that several carry left out.
    fn service_names(&self) -> BTreeMap<String, usize> {
        let mut out: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (id, node) in self.linker.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
            for name in node.aliases.iter().chain([&node.name]) {
                out.entry(squash(name)).or_default().insert(id);
            }
        }
        let alone = |(name, ids): (String, BTreeSet<usize>)| Some((name, *ids.first().filter(|_| ids.len() == 1)?));
        out.into_iter().filter_map(alone).collect()
    }

    /// Folders of the libraries whose requests this node makes without a known host.
    fn asking_libraries(&self, node: usize) -> Vec<String> {
        let linker = self.linker;
        let libraries = &linker.territories[node].libraries;
        let open = self.unresolved.iter().filter(|u| u.node == node && u.what == "http call");
        let files = open.filter_map(|u| linker.index.by_path.get(u.at.path.as_str())).filter(|f| libraries.contains(f));
        let modules = |file: &FileId| {
            let path = linker.index.paths[*file].as_str();
            let around = linker.index.modules.iter().map(|(f, m, _)| linker.index.home(*f, m));
            around.filter(|root| below(path, root)).max_by_key(|root| root.len()).unwrap_or(folder(path)).to_owned()
        };
        files.map(modules).collect::<BTreeSet<_>>().into_iter().filter(|root| !root.is_empty()).collect()
    }

    /// Whether the library defines the function that is called.
    fn defines(&self, library: &str, pass: &Pass) -> bool {
        let (owner, name) = (owner_of(&pass.callee), last(&pass.callee));
        self.linker.index.below(library).filter_map(|f| self.linker.index.uses[f]).any(|uses| {
            let function = |symbol: &str| last(symbol) == name && (owner.is_empty() || owner_of(symbol) == owner);
            uses.functions.iter().any(|(symbol, _)| function(symbol))
        })
    }
}

/// The service that an argument names: its text, or the name of a constant.
fn named(arg: &Argument, services: &BTreeMap<String, usize>) -> Option<usize> {
    let name = match (arg.value.as_text(), arg.value.as_hole()) {
        (Some(text), _) if !text.contains(['/', ' ', ':']) => text,
        (_, Some(Hole::Ref(path))) => last(path).into(),
        _ => return None,
    };
    services.get(&squash(&name)).copied()
}
