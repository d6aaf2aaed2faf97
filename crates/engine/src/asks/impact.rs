//! What a change of one element of a contract touches, before it is made.
//!
//! Invariant: each line that is reported was found in a text; each service that depends without a line of its own has the
//! interactions that lead to it. A service without either is not said to be safe: it is not mentioned.

use crate::impact::{self, Found};
use crate::shape::VERSION;
use crate::{Refusal, RefusalKind, Snapshot};
use schemars::JsonSchema;
use seam_plan::impact::Element;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "who is touched, at which line, if one thing changes: a message, field, enum value or rpc of protocol buffers \
(`shop.v1.Order.total`, `Order.total`), a route (`GET /orders/{id}`), a setting, a topic, a table or column (`orders.total`), a port (`orders:8080`), a \
field of a type that travels as JSON; by its name or its place. Gives the lines in every service and language, services that are \
coupled through JSON only, who depends on them, what breaks (wire, JSON, source), in which order to deploy, and which tests cover it. Call it \
before you rename or remove anything that another service may read";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// The element, by its full name or the end of it: `shop.v1.Order.total`, `Order.total`; or a route, `setting/KEY`, `topic/NAME`, `table/NAME`,
    /// `table.column`, `port/SERVICE`, `Type.field`.
    pub key: Option<String>,
    /// Or where it is declared: workspace-relative, `/` between parts.
    pub path: Option<String>,
    /// The line in `path`, counted from 1.
    pub line: Option<u32>,
    /// `rename` (as when it is left out), `remove` or `type`.
    pub change: Option<String>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// What changes, by its full name: `shop.v1.Order.total`.
    pub element: String,
    /// `message`, `field`, `enum`, `enum value`, `service` or `rpc`; or `endpoint`, `setting`, `topic`, `table`, `column`, `port`.
    pub kind: String,
    pub change: String,
    /// Where it is declared; copies of the contract in other folders too.
    pub declared: Vec<Line>,
    /// What breaks.
    pub verdicts: Verdicts,
    /// Services that name it, each with the lines.
    pub direct: Vec<Touched>,
    /// Services that reach one of these, nearest first.
    pub dependent: Vec<Dependent>,
    /// Services that have the contract's generated code and do not name the element: they are generated again, at any time.
    pub regenerate: Vec<String>,
    /// Exchanges in JSON between services that both name it.
    pub json: Vec<Exchange>,
    /// Steps in order.
    pub order: Vec<Step>,
    /// Tests that cover the lines.
    pub tests: Vec<Test>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// `reads`, `writes`, `calls`, `serves`, `names`, `declares`, or `carries` (holds its value under its name; it need not change).
    pub what: String,
    /// `sure`: its type was followed to the contract. `likely`: the name can mean nothing else, or stands beside what belongs to it.
    pub certainty: String,
    /// The line, secrets masked.
    pub text: String,
}

/// What a change breaks: `breaks`, `compatible`, or `none` where nothing is exchanged in this way.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verdicts {
    /// Between programs of the older and the newer version, in the binary form.
    pub wire: String,
    /// Where it goes as JSON.
    pub json: String,
    /// Code when it is generated again.
    pub source: String,
    /// Why, one sentence for each.
    pub because: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    pub service: String,
    /// `generated` (code that is generated or loaded from the contract) or `json` (only what is sent as JSON); for other things their kind.
    pub coupling: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dependent {
    pub service: String,
    /// Keys of the interactions that lead from it to a service that names the element.
    pub through: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    pub from: String,
    pub to: String,
    /// The interaction's key.
    pub key: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub services: Vec<String>,
    pub what: String,
    pub undo: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    pub path: String,
    pub service: String,
    pub because: String,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let change = request.change.as_deref().unwrap_or("rename");
    if !["rename", "remove", "type"].contains(&change) {
        let message = format!("there is no change `{change}`");
        return Err(Refusal::usage(message, "choose one of `rename`, `remove`, `type`"));
    }
    let contracts = impact::Contracts::read(snapshot);
    let element = match chosen(&contracts, request) {
        Ok(element) => element,
        // What is no element of protocol buffers may be a route, a setting, a topic …
        Err(refusal) if refusal.kind == RefusalKind::Unknown => {
            return crate::plan::impact(snapshot, request, change)?.ok_or(refusal);
        }
        Err(refusal) => return Err(refusal),
    };
    // What is in a message or a service goes with it.
    let mut wanted: BTreeSet<Element> = [element.clone()].into();
    if change == "remove" {
        let inside = |e: &&Element| e.key().strip_prefix(&element.key()).is_some_and(|rest| rest.starts_with('.'));
        wanted.extend(contracts.elements().iter().filter(inside).cloned());
    }
    let graph = snapshot.graph(request.profile.as_deref());
    let found = Found::look(snapshot, &graph, &contracts, &wanted);
    let verdicts = impact::verdicts(&element, change, &found);
    Ok(Answer {
        version: VERSION,
        element: element.key(),
        kind: element.word().to_owned(),
        change: change.to_owned(),
        declared: contracts.places(&element).into_iter().map(|(path, line)| found.quote(path, line)).collect(),
        order: impact::order(&element, change, &found),
        tests: found.tests(),
        dependent: found.dependent(),
        regenerate: found.regenerate.clone(),
        json: found.json.clone(),
        verdicts,
        direct: found.direct,
    })
}

fn chosen(contracts: &impact::Contracts, request: &Request) -> Result<Element, Refusal> {
    if let (Some(path), Some(line)) = (&request.path, request.line) {
        return contracts.at(path, line).ok_or_else(|| {
            let message = format!("nothing that others use is declared at `{path}:{line}`");
            Refusal::unknown(message, "give the line of an element of a `.proto` file, a route, a call, a setting, a topic, a port or a field of a type")
        });
    }
    let Some(key) = request.key.as_deref().filter(|k| !k.is_empty()) else {
        return Err(Refusal::usage(
            "there is nothing to look for",
            "give an element (`shop.v1.Order.total`) or FILE:LINE",
        ));
    };
    let mut all: Vec<Element> = contracts.named(key);
    match all.len() {
        1 => Ok(all.swap_remove(0)),
        0 => Err(Refusal::unknown(
            format!("no contract declares `{key}`, and no route, setting, topic, table, port or field is called so"),
            "give `Message.field`, `GET /path`, `setting/KEY`, `topic/NAME`, `table.column`, `port/SERVICE`; `seam find` shows what there is",
        )),
        count => {
            let names: Vec<String> = all.iter().take(8).map(|e| format!("`{}`", e.key())).collect();
            let message = format!("`{key}` may be any of {count} elements");
            Err(Refusal::usage(message, format!("choose one of {}", names.join(", "))))
        }
    }
}
