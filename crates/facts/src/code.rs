//! What code states that links across files: constants, calls that pass values on, reads of settings, modules.
//!
//! Symbols are dotted names without generics or parameters: `Owner.member` for members of a type, `name` for what a file
//! defines at its top level. They are matched by suffix within the files of one service and its libraries.

use crate::{SmolStr, Value};
use serde::{Deserialize, Serialize};

/// Symbol of a [`Constant`]: what stands before configuration keys in the environment that overrides them.
pub const ENVIRONMENT_PREFIX: &str = "<environment>.<prefix>";
/// Symbol of the constant that names a namespace which every file of a project imports without saying so.
pub const GLOBAL_USING: &str = "<project>.<using>";

/// Callee of the [`Pass`] that stands for a binding of RabbitMQ: of a queue, to an exchange, with a key.
pub const BINDING: &str = "<binding>";

/// Callees of the [`Pass`]es that stand for what travels beside or inside of requests and messages, and is known by name on both sides.
pub mod wire {
    /// A token is made with this claim; [`OPEN`] where not all of its claims are known.
    pub const CLAIM_GIVEN: &str = "<claim given>";
    pub const CLAIM_READ: &str = "<claim read>";
    /// Metadata of a gRPC call, or a header that somebody made up.
    pub const METADATA_GIVEN: &str = "<metadata given>";
    pub const METADATA_READ: &str = "<metadata read>";
    /// A value is written to bytes or text in this form, or read from such.
    pub const WRITTEN_AS: &str = "<written as>";
    pub const READ_AS: &str = "<read as>";
    pub const OPEN: &str = "*";
    /// A client of Spring is told to look hosts up in a registry.
    pub const BALANCED: &str = "<load balanced>";
}

/// Symbol of the [`Constant`] that names who may use a sidecar's component, after the component's name.
pub const SCOPES: &str = ".<scopes>";

/// A symbol is given a value: a constant, a field, a module-level variable, a key of an exported object
/// (`endpoints.catalogueUrl`), the base address of a client object (`OrdersClient.<base>`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Constant {
    pub symbol: SmolStr,
    pub value: Value,
}

/// What a function returns, when it can be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Return {
    pub function: SmolStr,
    pub value: Value,
}

/// A call of a function that this workspace may define, with the arguments that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pass {
    /// As written after import resolution: `client.NewTrainerClient`, `OrdersClient.<init>`.
    pub callee: SmolStr,
    pub args: Vec<Argument>,
    /// The enclosing function's symbol; empty at top level.
    pub within: SmolStr,
    /// The call that made the object on which the function is called, where this file makes it and gives it something.
    pub made: Option<Box<Made>>,
}

/// How an object was made: `OrdersClient.<init>` and what was given to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Made {
    pub callee: SmolStr,
    pub args: Vec<Argument>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Argument {
    /// For keyword arguments.
    pub name: Option<SmolStr>,
    pub value: Value,
}

/// A setting is read. Distinct from its use: the value flows on as a hole in other facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Read {
    /// A single `Env` or `Config` hole, or text with holes when the key itself is computed.
    pub key: Value,
    pub default: Option<Value>,
    pub within: SmolStr,
}

/// What a file's functions mention, and what the file is made of: reachability, and whose library is whose.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uses {
    /// For each function symbol (empty: the top level), the sorted simple names that it calls or mentions, types included.
    /// A type's own declaration (fields, supers, annotations) stands under `Type.<type>`.
    pub functions: Vec<(SmolStr, Vec<SmolStr>)>,
    /// First and last line of each of `functions`, in their order; zeros where that is no one place.
    pub lines: Vec<(u32, u32)>,
    /// Imported modules, as written (Go paths, Python dotted modules, Java packages, npm packages, relative paths), with
    /// `#member` where a member is named.
    pub imports: Vec<SmolStr>,
    /// Symbols of private functions that this file defines and never uses: dead code.
    pub unused: Vec<SmolStr>,
    /// Types this file defines with what they extend or implement.
    pub types: Vec<(SmolStr, Vec<SmolStr>)>,
    /// The package, namespace or module that the file belongs to; empty if none is stated.
    pub package: SmolStr,
    /// What runs only where a setting says so.
    pub guards: Vec<Guard>,
}

/// Statements that run only where a setting has a value: `if enabled("ORDERS") { … }`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Guard {
    /// A single `Env` or `Config` hole.
    pub key: Value,
    /// What the setting must be; `None` for any word that means yes.
    pub equals: Option<SmolStr>,
    pub within: SmolStr,
    /// First and last line of the statements.
    pub lines: (u32, u32),
    /// The simple names that the enclosing function mentions only behind guards, and among them here.
    pub names: Vec<SmolStr>,
}

/// A unit of code that a build tool knows: a Maven module, an npm package, a Go module, a .NET project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Module {
    pub name: SmolStr,
    pub kind: ModuleKind,
    /// Whether it builds something that runs by itself; `None` if the manifest does not say.
    pub runnable: Option<bool>,
    /// Local modules it is built with: relative paths, or names of other modules in the workspace.
    pub uses: Vec<SmolStr>,
    /// Where it stands below the manifest's folder; empty if that is its own. One manifest may declare many (sbt).
    pub folder: SmolStr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleKind {
    Maven,
    Gradle,
    Npm,
    Go,
    Cargo,
    DotNet,
    Python,
    Composer,
    Gem,
    Mix,
    Cmake,
    Sbt,
    Mill,
}

/// A package, image or runtime that something is built with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Depends {
    pub package: SmolStr,
    pub version: Option<SmolStr>,
    pub kind: ModuleKind,
    /// For tests and tools only.
    pub development: bool,
}

/// A contract file's statement: a gRPC service, an OpenAPI document, a GraphQL type with operations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Schema {
    pub protocol: crate::Protocol,
    /// `package.Service`, an OpenAPI title, a GraphQL root type.
    pub name: SmolStr,
    /// Operation names: gRPC methods, `GET /path`, GraphQL fields; with request and response types.
    pub operations: Vec<(SmolStr, SmolStr, SmolStr)>,
    /// The line that declares each operation, counted from 1; none where the whole is all that is known.
    pub lines: Vec<u32>,
}

impl Schema {
    /// The line of an operation.
    pub fn line(&self, operation: usize) -> Option<u32> {
        self.lines.get(operation).copied()
    }
}

/// A test by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Test {
    pub name: SmolStr,
    /// Names that it mentions and that look like what it covers.
    pub covers: Vec<SmolStr>,
}

/// A line of CODEOWNERS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub pattern: SmolStr,
    pub owners: Vec<SmolStr>,
}
