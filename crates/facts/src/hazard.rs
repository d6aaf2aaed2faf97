//! What rules about traffic between services need to know besides the traffic itself: what data looks like, and which
//! findings people have accepted.

use crate::SmolStr;
use serde::{Deserialize, Serialize};

/// The shape of data as a contract declares it: a message, or an enumeration's values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// As declared, with the package where one is stated (`shop.v1.Money`).
    pub name: SmolStr,
    pub kind: ShapeKind,
    /// Of an enumeration too, where its values travel as numbers (protobuf).
    pub fields: Vec<ShapeField>,
    /// Values of an enumeration, as they travel.
    pub values: Vec<SmolStr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShapeKind {
    /// A protobuf message.
    Message,
    Enum,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShapeField {
    /// As declared.
    pub name: SmolStr,
    /// As written; empty if not stated.
    pub ty: SmolStr,
    /// Whether it must be there; `None` if the declaration does not say.
    pub required: Option<bool>,
    /// Its number on the wire.
    pub number: Option<u32>,
    /// The line that declares it, counted from 1.
    pub line: u32,
}

/// Somebody accepts what a rule finds here: `seam: allow(rule) reason`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Allow {
    pub rule: SmolStr,
    /// Empty where none is given, which is a finding of its own.
    pub reason: SmolStr,
}
