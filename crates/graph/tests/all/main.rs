//! The tests of this crate in one program: each of its own would be linked with everything again.

mod charts;
mod deployments;
mod drivers;
mod eventbus;
mod linking;
mod made;
mod names;
mod parts;
mod projects;
mod properties;
mod tables;
