//! Where each node listens inside its deployment and who connects to it, for what is written about it for other tools.

use crate::Snapshot;
use seam_graph::PortRole;
use std::collections::{BTreeMap, BTreeSet};

/// Node by name, with the port that others dial it at within its network: what the deployment says before what the code says.
pub fn ports(snapshot: &Snapshot, profile: Option<&str>) -> BTreeMap<String, u16> {
    let graph = snapshot.graph(profile);
    let rank = |role: PortRole| match role {
        PortRole::Container => 0,
        PortRole::Exposed => 1,
        PortRole::Listens => 2,
        PortRole::Service => 3,
        PortRole::Published => 4,
    };
    let mut best: BTreeMap<String, (u8, bool, u16)> = BTreeMap::new();
    for port in &graph.ports {
        let Some(number) = port.number.and_then(|n| u16::try_from(n).ok()) else { continue };
        let found = (rank(port.role), port.default, number);
        let name = graph.nodes[port.node].name.to_string();
        best.entry(name).and_modify(|known| *known = found.min(*known)).or_insert(found);
    }
    best.into_iter().map(|(name, (_, _, number))| (name, number)).collect()
}

/// Who opens connections to a node, by its name.
pub fn callers(snapshot: &Snapshot, profile: Option<&str>) -> BTreeMap<String, BTreeSet<String>> {
    let graph = snapshot.graph(profile);
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let name = |node: usize| graph.nodes[node].name.to_string();
    for edge in &graph.edges {
        out.entry(name(edge.to)).or_default().insert(name(edge.from));
    }
    out
}
