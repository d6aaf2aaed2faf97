//! The vocabulary that every room shares: what can be said about a system, where it was seen, and how surely.
//!
//! Invariant: a fact depends on one origin only. What that origin cannot know stays a hole in a [`Value`]; only linking
//! fills holes. This crate parses nothing and decides nothing.

mod attempts;
mod base;
mod claim;
mod code;
mod deploy;
mod hazard;
pub mod hosted;
mod key;
pub mod priors;
mod problem;
pub mod secret;
mod show;
mod site;
mod status;
mod traffic;
mod value;
pub mod word;

pub use attempts::{Attempts, Bound, KeyUse, Pause};
pub use base::{FactBase, FileFacts};
pub use claim::{Claim, Fact, How};
pub use code::{
    Argument, BINDING, Constant, Depends, ENVIRONMENT_PREFIX, GLOBAL_USING, Guard, Made, Module, ModuleKind, Owner,
    Pass, Read, Return, SCOPES, Schema, Test, Uses, wire,
};
pub use deploy::{Alias, Build, Deployment, Port, Profile, Service, Setting, SettingScope, Source, Target};
pub use hazard::{
    Ack, Allow, Alter, AlterKind, Body, BodyOf, Columns, Intake, OwnRule, Region, RegionKind, Shape, ShapeField,
    ShapeKind, Steps, Stretch, Write, WriteKind,
};
pub use key::Key;
pub use priors::Priors;
pub use problem::{Problem, ProblemKind};
pub use site::{Lines, Span};
pub use smol_str::{SmolStr, format_smolstr};
pub use status::{Fallback, Status, StatusOf};
pub use traffic::{
    Access, AccessMode, Call, DEVELOPMENT_SERVER, Endpoint, METHODS, Message, Mount, Policy, PolicyKind, Protocol,
    Route, SCRAPER, SUBSCRIPTIONS, Store, System,
};
pub use value::{FLAG, FORMAT, Hole, MASKED, MASKED_APART, MASKED_TOKEN, MASKED_TOKEN_APART, Part, Value};
