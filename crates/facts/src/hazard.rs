//! What rules about traffic between services need to know besides the traffic itself: in which stretch of code it stands,
//! what data looks like, how a database is altered, and which findings people have accepted.

use crate::{SmolStr, Value};
use serde::{Deserialize, Serialize};

/// A stretch of code in which something holds for every call within; the fact's span is the stretch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Region {
    pub kind: RegionKind,
    /// Total attempts or rounds, where the code bounds them.
    pub attempts: Option<Value>,
    /// Milliseconds that are slept between rounds; the first delay where it grows.
    pub millis: Option<Value>,
    /// For people: how it is written (`for … range`, `while true`, `catch (Exception)`).
    pub detail: SmolStr,
    /// Sorted simple names of what is called within: what they lead to is within too.
    pub calls: Vec<SmolStr>,
    /// Symbol of the function it stands in.
    pub within: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionKind {
    /// The stretch is carried out again after a failure of what is in it: a loop that goes on after an error.
    Retry,
    /// The stretch is repeated for other reasons: over a list, for ever.
    Loop,
    /// A failure within is caught and neither passed on nor answered.
    Swallow,
    /// A database transaction is open.
    Transaction,
    /// Nobody waits for it: a goroutine, a task that is not awaited.
    Detached,
}

/// The shape of data as one file declares it: a class, record, struct, message or schema; or an enumeration's values.
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
    /// A type of a programming language.
    Class,
    /// A protobuf message, a Thrift struct.
    Message,
    /// A schema of OpenAPI, AsyncAPI, JSON Schema or GraphQL.
    Schema,
    Enum,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShapeField {
    /// As it travels (`@JsonProperty`, `json:"…"` and the like applied).
    pub name: SmolStr,
    /// As written; empty if not stated.
    pub ty: SmolStr,
    /// Whether it must be there; `None` if the declaration does not say.
    pub required: Option<bool>,
    /// Its number on the wire (protobuf, Thrift).
    pub number: Option<u32>,
    /// The line that declares it, counted from 1.
    pub line: u32,
}

/// A migration alters the schema of a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alteration {
    pub table: SmolStr,
    /// The column; empty where the whole table is meant.
    pub column: SmolStr,
    pub change: AlterationKind,
    /// The new name, type or default, as written; empty if none.
    pub to: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlterationKind {
    CreateTable,
    DropTable,
    RenameTable,
    AddColumn,
    /// Not null and without a default.
    AddRequiredColumn,
    DropColumn,
    RenameColumn,
    ChangeType,
    SetNotNull,
    /// A primary key, a unique constraint or a unique index; `column` lists its columns with commas.
    Unique,
    /// An index that is built while writers wait.
    BlockingIndex,
}

/// Somebody accepts what a rule finds here: `seam: allow(rule) reason`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Allow {
    pub rule: SmolStr,
    /// Empty where none is given, which is a finding of its own.
    pub reason: SmolStr,
}
