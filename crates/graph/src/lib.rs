//! Linking: facts of many files to one graph.
//!
//! Invariants: the graph does not depend on the order of facts; nothing in it is without evidence; an absent edge means
//! "not proven", never "independent".

pub mod images;
mod model;
mod reach;

pub use model::{
    Certainty, Detail, Edge, EdgeKind, Endpoint, Evidence, Graph, Node, NodeKind, Options, Policy, Proof, ReadOf,
    SettingOf, Unresolved,
};
pub use reach::paths;

/// Links all facts to a graph.
pub fn link(facts: &seam_facts::FactBase, options: &Options) -> Graph {
    let _ = (facts, options);
    Graph::default()
}
