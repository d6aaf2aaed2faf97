//! Linking: facts of many files to one graph.
//!
//! Invariants: the graph does not depend on the order of facts; nothing in it is without evidence; an absent edge means
//! "not proven", never "independent". The way is a straight line, one module a step:
//!
//! 1. [`images`]: what a container image is (a database, a broker, a tool, a base for own code).
//! 2. `deploy`: declared deployables of all deployment files, merged to nodes with names, addresses and settings.
//! 3. `territory`: which folder of code belongs to which node, and which libraries it is built with.
//! 4. `scope`: what one node's code can see: its settings, its constants, its callers.
//! 5. `resolve`: a value with holes to the texts that it may be, each with the places that say so.
//! 6. `address`: a text to the node that it names.
//! 7. `calls`, `eventbus`, `handed`, `stores`, `ready`, `routes`, `mentions`: traffic to edges; `edges` knows what an edge is made of, `join` what all steps share.
//! 8. `endpoints`: what each node serves, with the prefixes of the routers; `ports`: where it is dialled; `stock`: its packages, tests and owners.
//!
//! `delta` compares two graphs. `flows` follows, on demand, what a service does to others when one of its entries is used;
//! `passing` whom a gateway hands a call to.

mod address;
mod bases;
mod beginnings;
mod calls;
mod clients;
mod crates;
mod delta;
mod deploy;
mod drivers;
mod edges;
mod endpoints;
mod eventbus;
mod flows;
mod formats;
mod groups;
mod handed;
mod hosted;
mod images;
mod index;
mod ingress;
mod instances;
mod join;
mod likeness;
mod linked;
mod mentions;
mod model;
mod modules;
mod mounts;
mod namespaces;
mod parameters;
mod passing;
mod ports;
mod programs;
mod projects;
mod reach;
mod ready;
mod receivers;
mod registered;
mod replicas;
mod requested;
mod resolve;
mod roles;
mod routes;
mod scope;
mod served;
mod sources;
mod starts;
mod stock;
mod stores;
mod supervised;
mod system;
mod territory;
mod topics;
mod undeployed;
mod variants;
mod whole;
mod within;

pub use delta::{Difference, Turn, What, delta};
pub use flows::{Effect, Flows, Operation, endpoint_of, is_synchronous};
pub use index::{is_sample, is_test};
pub use join::link;
pub use model::{
    Asked, Certainty, Detail, Edge, EdgeKind, Endpoint, Evidence, Graph, Meant, Node, NodeKind, Options, OwnerOf,
    PackageOf, Policy, PortOf, PortRole, Proof, ReadOf, SettingOf, TestOf, Traffic, Unresolved,
};
pub use passing::{Passed, forwarded, passed, takes};
pub use reach::paths;
