//! What rules about traffic between services need to know besides the traffic itself: what data looks like, which
//! rules a workspace adds, and which findings people have accepted.

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
    /// May have more fields than these, or others.
    pub open: bool,
    /// Types of code whose fields it has too.
    pub supers: Vec<SmolStr>,
}

/// What code sends as JSON, or takes from JSON, at one place: a type, or the keys of a literal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Body {
    pub of: BodyOf,
    /// The type as written; empty for literals.
    pub ty: SmolStr,
    pub fields: Vec<ShapeField>,
    /// May have more fields than these.
    pub open: bool,
    /// The enclosing function's symbol.
    pub within: SmolStr,
}

/// Which of the four bodies of a request it is, or that it may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyOf {
    /// A caller sends it.
    Asked,
    /// A handler takes it.
    Taken,
    /// A handler gives it as its answer.
    Given,
    /// A caller takes it from the answer.
    Answered,
    /// A literal has these keys, wherever it goes.
    Made,
    /// These keys are read of one value, wherever it comes from.
    Looked,
    /// A literal, or a list of such, is handed to a function: `ty` is the function's name.
    Handed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShapeKind {
    /// A message, record or object of a contract.
    Message,
    /// A type of code that may travel as JSON.
    Object,
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

/// A page of the workspace's own rules, as it is written: what it says about the graph is for the rules' room to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OwnRule {
    pub text: SmolStr,
}

/// Somebody accepts what a rule finds here: `seam: allow(rule) reason`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Allow {
    pub rule: SmolStr,
    /// Empty where none is given, which is a finding of its own.
    pub reason: SmolStr,
}

/// Code changes stored data here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Write {
    /// Table, collection or entity as the text names it; empty where it does not.
    pub name: SmolStr,
    pub kind: WriteKind,
    /// The type that is asked to do it, which linking has to know as one that is mapped; empty where a library is asked itself.
    pub through: SmolStr,
    /// The writer gives the row's own key, and makes none up: a second insert is refused.
    pub keyed: bool,
    pub within: SmolStr,
}

/// What a second run of the same write would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteKind {
    /// Adds a row or document: again, once more, unless a key forbids it.
    Insert,
    /// Adds or replaces by key.
    Upsert,
    /// Sets fields to values.
    Set,
    /// Changes a value by an amount, or appends to a list.
    Add,
    Delete,
    /// A mapper decides whether it inserts or updates.
    Save,
}

/// How code takes its messages: when the broker may forget them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Intake {
    /// The library, as users name it.
    pub client: SmolStr,
    pub ack: Ack,
    /// Simple names that the handling of a message calls or mentions; after [`Ack::First`], only what follows. Empty where
    /// the text does not show what handles it.
    pub does: Vec<SmolStr>,
    /// The lines in which a message is handled, as far as they stand here: first and last.
    pub lines: (u32, u32),
    pub within: SmolStr,
}

/// When a message is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ack {
    /// By the broker, when it delivers.
    Delivery,
    /// By the client, on a timer that does not know of the work.
    Timer,
    /// By code, before the work.
    First,
    /// By code or by the framework, after the work.
    Last,
    /// Given back by code, to be delivered again at once.
    Requeued,
    /// Refused by code: gone, unless the queue has a dead letter exchange.
    Rejected,
}

/// A stretch of a function that rules about failures ask about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Region {
    pub kind: RegionKind,
    /// Symbol of the function it stands in; empty at top level.
    pub within: SmolStr,
    /// First and last line of the stretch.
    pub lines: (u32, u32),
    /// Stretches within it that look after themselves.
    pub apart: Vec<(u32, u32)>,
    /// Simple names of what is called there, sorted.
    pub names: Vec<SmolStr>,
    /// What is said there, for people: the text that is logged.
    pub detail: SmolStr,
}

impl Region {
    /// Whether what stands on `line` belongs to the stretch.
    pub fn holds(&self, line: u32) -> bool {
        let within = |(first, last): (u32, u32)| first <= line && line <= last;
        within(self.lines) && !self.apart.iter().any(|a| within(*a))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionKind {
    /// An error of what is done there ends there, and the function goes on as though it had not happened.
    Swallows,
    /// The same, but whoever asked gets nothing or an empty value instead of a result, and may notice.
    Conceals,
    /// The same, and the code says that it is meant so.
    Spares,
    /// What is written there is written together, or not at all.
    Transaction,
}

/// First and last line.
pub type Stretch = (u32, u32);

/// What a function calls, in order: functions of this workspace may be among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Steps {
    /// Symbol of the function; empty for a closure that stands at top level.
    pub within: SmolStr,
    /// First and last line of the function or closure.
    pub lines: (u32, u32),
    /// Each simple name once, with the line where it is called first.
    pub calls: Vec<(u32, SmolStr)>,
    /// Pairs of stretches of which the second never follows the first in one run: the arms of a branch, an arm that leaves
    /// and what stands behind it, what is tried and the clause that catches its failure.
    pub never: Vec<(Stretch, Stretch)>,
}

/// The form of stored data is declared or changes: a migration, a schema file, a mapping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alter {
    /// Without its schema; empty only for [`AlterKind::Unique`], where the text does not name it.
    pub table: SmolStr,
    /// Empty for the table as a whole; several are joined by commas.
    pub column: SmolStr,
    pub kind: AlterKind,
    /// The new name.
    pub to: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlterKind {
    CreateTable,
    DropTable,
    RenameTable,
    AddColumn,
    /// Must be given, and has no default.
    AddRequired,
    DropColumn,
    RenameColumn,
    /// What may be empty must be given from now on.
    Require,
    /// An index that is built while writes wait.
    Index,
    Unique,
}

/// Code names columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Columns {
    pub table: SmolStr,
    /// Words of a statement that may be columns; empty where it names several tables.
    pub columns: Vec<SmolStr>,
    /// A type is mapped onto the table, and these are its fields.
    pub mapped: bool,
    pub within: SmolStr,
}
