//! Addresses that are handed to a client whose code is not here: `shop.NewClient(os.Getenv("SHOP_URL"))` of a library that
//! another team publishes.
//!
//! Invariant: only an address that a deployment gives, of a service that nothing else is seen to call, handed to what by its
//! name makes a client and that no code here defines. What it asks for is not known; the edge says that it is inferred.

use crate::address;
use crate::edges::{Edges, Place};
use crate::index::{last, owner_of};
use crate::model::NodeKind;
use seam_facts::{Claim, Hole, Pass, SmolStr};

impl Edges<'_, '_> {
    pub(crate) fn foreign_clients(&mut self) {
        let linker = self.linker;
        for node in 0..linker.territories.len() {
            for (file, fact) in linker.visible_facts(node) {
                let Claim::Pass(pass) = &fact.claim else { continue };
                if !makes_client(&pass.callee) || !linker.reaches(node, file, &pass.within) || self.defined(node, pass)
                {
                    continue;
                }
                for arg in &pass.args {
                    let Some(key) = arg.value.holes().into_iter().find_map(setting) else { continue };
                    for text in linker.view(node).texts(&arg.value, file).iter().filter(|t| !t.open && !t.default) {
                        for address in address::parse(&text.text).iter().filter(|a| asked(&a.scheme)) {
                            let Place::Nodes(ids) = self.place(node, address) else { continue };
                            for to in ids {
                                if matches!(self.node(to).kind, NodeKind::Service | NodeKind::Gateway) {
                                    self.mention(node, to, &key, address, (file, fact), &text.via, &pass.within);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether code that the node sees defines what is called: then its requests are seen themselves.
    fn defined(&self, node: usize, pass: &Pass) -> bool {
        let linker = self.linker;
        let territory = &linker.territories[node];
        let made = pass.callee.strip_suffix(".<init>");
        let (owner, name) = (owner_of(&pass.callee), last(made.unwrap_or(&pass.callee)));
        territory.own.iter().chain(&territory.libraries).filter_map(|f| linker.index.uses[*f]).any(|uses| {
            let function =
                |symbol: &str| last(symbol) == name && (owner_of(symbol) == owner || owner_of(symbol).is_empty());
            uses.functions.iter().any(|(symbol, _)| function(symbol)) || uses.types.iter().any(|(ty, _)| ty == name)
        })
    }
}

/// `shop#NewClient`, `ShopClient.<init>`, `createShopClient`, `shop.Client`.
fn makes_client(callee: &str) -> bool {
    let made = callee.strip_suffix(".<init>").unwrap_or(callee);
    let name = last(made).to_ascii_lowercase();
    let verb = ["new", "create", "make", "connect", "build"].iter().any(|v| name.starts_with(v));
    name.contains("client") && (verb || made.len() < callee.len() || last(made).starts_with(char::is_uppercase))
}

fn setting(hole: &Hole) -> Option<SmolStr> {
    match hole {
        Hole::Env { name, .. } => Some(name.clone()),
        Hole::Config { key, .. } => Some(key.clone()),
        _ => None,
    }
}

/// Schemes of requests to services.
fn asked(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "grpc" | "grpcs" | "ws" | "wss")
}
