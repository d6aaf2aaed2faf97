//! The closed set of things that can be claimed. Every match over [`Claim`] and [`How`] is exhaustive, without `_`:
//! a new kind of claim is a decision for each reader.

use crate::{
    Access, Alias, Allow, Alter, Attempts, Body, Build, Call, Columns, Constant, Depends, Endpoint, Fallback, Intake,
    KeyUse, Message, Module, Mount, OwnRule, Owner, Pass, Policy, Profile, Read, Region, Return, Route, Schema,
    Service, Setting, Shape, SmolStr, Span, Status, Steps, Store, Test, Uses, Write,
};
use serde::{Deserialize, Serialize};

/// One statement of one witness, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fact {
    pub claim: Claim,
    pub at: Span,
    pub how: How,
    /// The extractor's id, for `seam explain`.
    pub by: SmolStr,
}

/// How a fact came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The text says so.
    Stated,
    /// It was seen to happen.
    Observed,
    /// It follows from something stated together with a documented default or a convention.
    Inferred,
}

/// What is claimed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "the large kinds are few in number, and a box would cost each reader a look"
)]
pub enum Claim {
    // Names and addresses.
    Service(Service),
    Alias(Alias),
    Build(Build),
    Setting(Setting),
    Profile(Profile),
    Module(Module),
    Depends(Depends),
    // Traffic.
    Endpoint(Endpoint),
    Mount(Mount),
    Call(Call),
    Route(Route),
    Message(Message),
    Store(Store),
    Access(Access),
    Policy(Policy),
    Schema(Schema),
    // What links code across files.
    Read(Read),
    Constant(Constant),
    Return(Return),
    Pass(Pass),
    Uses(Uses),
    // What rules need besides.
    Shape(Shape),
    Body(Body),
    Write(Write),
    Intake(Intake),
    Alter(Alter),
    Columns(Columns),
    Region(Region),
    Attempts(Attempts),
    KeyUse(KeyUse),
    Status(Status),
    Fallback(Fallback),
    Steps(Steps),
    // People and proof.
    Test(Test),
    Owner(Owner),
    Allow(Allow),
    OwnRule(OwnRule),
}
