//! Requests to a proxy that runs in the caller's own container: `http://localhost/orders/items`, which it forwards to `orders`.
//!
//! The proxy's configuration is often made when the container starts, from a template and a list of services, so that no rule
//! can be read. Invariant: the caller's own folder holds such a proxy's configuration, its deployment gives the address, no
//! deployable has the port, and the path begins with the name of exactly one other deployable; where that is known to
//! serve anything, it answers the rest of the path, or the whole.

use crate::address::{Address, is_local};
use crate::edges::Edges;
use crate::endpoints::answers;
use crate::index::squash;
use crate::model::NodeKind;
use crate::resolve::Text;
use seam_facts::Claim;

impl<'a> Edges<'_, 'a> {
    pub(crate) fn by_a_proxy_within(&self, node: usize, text: &Text<'a>, address: &Address) -> Option<usize> {
        let given = text.via.iter().any(|(_, f)| matches!(f.claim, Claim::Setting(_)));
        if !given || !is_local(&address.host) || !self.holds_proxy(node) {
            return None;
        }
        let path = address.path.trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let name = squash(first);
        let called = |id: &usize| {
            let other = &self.linker.nodes[*id];
            *id != node && other.kind == NodeKind::Service && squash(&other.name) == name && self.together(node, *id)
        };
        let mut found = (0..self.linker.nodes.len()).filter(called);
        let to = found.next().filter(|_| name.len() > 2 && found.next().is_none())?;
        let of_it = || self.endpoints.iter().filter(|e| e.node == to);
        let rest = format!("/{rest}");
        let answered = |e: &str| answers(e, &rest) || answers(e, &address.path);
        (of_it().next().is_none() || of_it().any(|e| answered(&e.path))).then_some(to)
    }

    /// Whether a proxy's configuration lies with the node's own code.
    fn holds_proxy(&self, node: usize) -> bool {
        const PROXIES: [&str; 5] = ["nginx", "envoy", "haproxy", "caddy", "traefik"];
        let index = self.linker.index;
        let proxy = |file: usize| {
            let path = index.paths[file].to_ascii_lowercase();
            PROXIES.iter().any(|p| path.split('/').any(|part| part.starts_with(p) || part.ends_with(p)))
        };
        let roots = &self.linker.territories[node].roots;
        roots.iter().flat_map(|r| index.below(r)).any(proxy)
    }
}
