//! What travels on an operation, as each side has it: the type or literal at a call, at a handler, at a message.
//!
//! Invariant: a side is known as a whole or not at all; a type that several files define, and none is nearest, is unknown.

use crate::Cx;
use crate::keys::distance;
use seam_facts::{Body, BodyOf, Claim, Fact, Shape, ShapeField, ShapeKind, SmolStr};
use seam_graph::{Detail, Endpoint, Evidence};
use std::collections::{BTreeMap, HashMap};

/// One side of what travels.
#[derive(Clone)]
pub struct Side<'a> {
    pub node: usize,
    pub path: &'a SmolStr,
    /// Simple name of the type; empty for literals.
    pub name: SmolStr,
    /// Simple name of the type of the workspace's own that it stands in (`ApiResponse<Order>`); empty if none.
    pub wrapper: SmolStr,
    pub list: bool,
    pub fields: Vec<ShapeField>,
    /// May have more fields than these.
    pub open: bool,
    /// Has what a type that is not seen here has, too.
    pub inherits: bool,
    /// The declaration.
    pub at: Evidence,
    /// Where code uses it.
    pub tie: Option<Evidence>,
}

/// How forgiving the reader's library is with scalars.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Taker {
    Strict,
    Lenient,
}

impl Taker {
    /// `encoding/json` and serde refuse a number for a text; Jackson turns one into the other.
    pub fn of(side: &Side<'_>) -> Self {
        if side.path.ends_with(".go") || side.path.ends_with(".rs") { Taker::Strict } else { Taker::Lenient }
    }
}

/// What a field holds, whatever the language calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Bool,
    List,
    Object,
    Unknown,
}

impl Kind {
    /// Why the reader cannot take what the writer gives.
    pub fn misfit(&self, reader: &Kind, taker: Taker) -> Option<&'static str> {
        let scalar = |k: &Kind| matches!(k, Kind::Text | Kind::Number | Kind::Bool);
        match (self, reader) {
            (Kind::Unknown, _) | (_, Kind::Unknown) => None,
            (Kind::List, Kind::Object) | (Kind::Object, Kind::List) => {
                Some("A list is no object: the reader fails on every such body.")
            }
            (Kind::List | Kind::Object, r) if scalar(r) => {
                Some("The reader expects one value and gets a list or an object: it fails on every such body.")
            }
            (w, Kind::List | Kind::Object) if scalar(w) => {
                Some("The reader expects a list or an object and gets one value: it fails on every such body.")
            }
            (w, r) if w != r && taker == Taker::Strict => {
                Some("The reader's library does not turn one into the other: it fails on every such body.")
            }
            _ => None,
        }
    }
}

pub struct Payloads<'a> {
    by_name: HashMap<&'a str, Vec<(&'a SmolStr, &'a Fact, &'a Shape)>>,
    bodies: BTreeMap<&'a str, Vec<(&'a SmolStr, &'a Fact, &'a Body)>>,
}

impl<'a> Payloads<'a> {
    pub fn new(cx: &Cx<'a>) -> Self {
        let mut payloads = Payloads { by_name: HashMap::new(), bodies: BTreeMap::new() };
        for (path, fact) in cx.base.facts() {
            match &fact.claim {
                Claim::Shape(shape) if shape.kind == ShapeKind::Object => {
                    payloads.by_name.entry(last(&shape.name)).or_default().push((path, fact, shape));
                }
                Claim::Body(body) => payloads.bodies.entry(path.as_str()).or_default().push((path, fact, body)),
                _ => {}
            }
        }
        payloads
    }

    /// What a call sends or gets back.
    pub fn call(&self, cx: &Cx<'a>, node: usize, detail: &Detail, of: BodyOf) -> Option<Side<'a>> {
        let path = &detail.at.path;
        let calls: Vec<&seam_facts::Call> = cx
            .facts(path)
            .iter()
            .filter(|f| f.at == detail.at.at)
            .filter_map(|f| if let Claim::Call(call) = &f.claim { Some(call) } else { None })
            .collect();
        let stated =
            calls.iter().find_map(|c| if of == BodyOf::Asked { c.request.as_ref() } else { c.response.as_ref() });
        if let Some(side) = stated.and_then(|ty| self.typed(cx, node, path, ty)) {
            return Some(Side { tie: Some(detail.at.clone()), ..side });
        }
        let bodies: Vec<_> = self.bodies.get(path.as_str())?.iter().filter(|b| b.2.of == of).collect();
        let covered = |f: &Fact| f.at.line <= detail.at.at.end_line && f.at.end_line >= detail.at.at.line;
        let here: Vec<_> = bodies.iter().filter(|b| covered(b.1)).collect();
        let [(at, fact, body)] = match here.as_slice() {
            [one] => [***one],
            [] if !detail.within.is_empty() => {
                // The only call of its function has the only body.
                let of_function = |d: &&Detail| d.within == detail.within && d.at.path == detail.at.path;
                let own = cx.outgoing(node).iter().flat_map(|e| &cx.edge(*e).details).filter(of_function);
                let several = own.map(|d| d.at.at.line).collect::<std::collections::BTreeSet<u32>>().len() > 1;
                let mut of_it = bodies.iter().filter(|b| b.2.within == detail.within);
                match (several, of_it.next(), of_it.next()) {
                    (false, Some(one), None) => [**one],
                    _ => return None,
                }
            }
            _ => return None,
        };
        self.of_body(cx, node, at, fact, body)
    }

    /// What a handler takes or gives.
    pub fn handler(&self, cx: &Cx<'a>, endpoint: &Endpoint, of: BodyOf) -> Option<Side<'a>> {
        let first = endpoint.proof.first();
        let path = &first.path;
        let stated = if of == BodyOf::Taken { &endpoint.request } else { &endpoint.response };
        if let Some(side) = stated.as_ref().and_then(|ty| self.typed(cx, endpoint.node, path, ty)) {
            return Some(Side { tie: Some(first.clone()), ..side });
        }
        let covers = |f: &Fact| first.at.line <= f.at.line && f.at.end_line <= first.at.end_line;
        let handler = last(&endpoint.handler);
        let of_handler = |b: &&(&'a SmolStr, &'a Fact, &'a Body)| !handler.is_empty() && last(&b.2.within) == handler;
        let in_file = |file: &str| self.bodies.get(file).into_iter().flatten().filter(|b| b.2.of == of);
        let mut found: Vec<_> = in_file(path).filter(|b| covers(b.1) || of_handler(b)).collect();
        if found.is_empty() && !handler.is_empty() {
            let others = cx.node(endpoint.node).own.iter().filter(|o| *o != path);
            found.extend(others.flat_map(|file| in_file(file)).filter(of_handler));
        }
        let [(at, fact, body)] = found.as_slice() else { return None };
        self.of_body(cx, endpoint.node, at, fact, body)
    }

    /// What a message carries.
    pub fn message(&self, cx: &Cx<'a>, node: usize, detail: &Detail) -> Option<Side<'a>> {
        let path = &detail.at.path;
        let of_place = cx.facts(path).iter().filter(|f| f.at == detail.at.at);
        let mut payloads =
            of_place.filter_map(|f| if let Claim::Message(m) = &f.claim { m.payload.as_ref() } else { None });
        let side = self.typed(cx, node, path, payloads.next()?)?;
        Some(Side { tie: Some(detail.at.clone()), ..side })
    }

    /// The literal that a message is made of where it is sent, or the keys that the function which takes it reads of it.
    pub fn carried(&self, cx: &Cx<'a>, node: usize, detail: &Detail, of: BodyOf) -> Option<Side<'a>> {
        let bodies = self.bodies.get(detail.at.path.as_str())?;
        let covered = |f: &Fact| f.at.line >= detail.at.at.line && f.at.line <= detail.at.at.end_line;
        let here = |b: &&&(&'a SmolStr, &'a Fact, &'a Body)| b.2.of == of && covered(b.1);
        let own = |b: &&&(&'a SmolStr, &'a Fact, &'a Body)| b.2.of == of && b.2.within == detail.within;
        let mut found: Vec<_> = bodies.iter().filter(|b| here(&b)).collect();
        if found.is_empty() && !detail.within.is_empty() {
            found = bodies.iter().filter(|b| own(&b)).collect();
        }
        let [(path, fact, body)] = found.as_slice() else { return None };
        self.of_body(cx, node, path, fact, body)
    }

    pub fn of_body(
        &self,
        cx: &Cx<'a>,
        node: usize,
        path: &'a SmolStr,
        fact: &'a Fact,
        body: &'a Body,
    ) -> Option<Side<'a>> {
        let tie = cx.evidence(path, fact, "the body");
        if !body.ty.is_empty() {
            return self.typed(cx, node, path, &body.ty).map(|side| Side { tie: Some(tie), ..side });
        }
        let (fields, open) = (body.fields.clone(), body.open);
        Some(Side {
            node,
            path,
            name: SmolStr::default(),
            wrapper: SmolStr::default(),
            list: false,
            fields,
            open,
            inherits: false,
            at: tie,
            tie: None,
        })
    }

    /// A type by the name that code of a file uses for it.
    pub fn typed(&self, cx: &Cx<'a>, node: usize, near: &str, ty: &str) -> Option<Side<'a>> {
        let (list, name) = match unwrapped(ty) {
            Some(known) => known,
            None => return self.wrapped(cx, node, near, ty),
        };
        let (path, fact, shape) = self.resolve(cx, node, near, &name)?;
        Some(Side { list, ..self.whole(cx, node, path, fact, shape) })
    }

    /// What stands in a wrapper that the workspace declares for itself: `ResponseEntity<ApiResponse<Order>>`.
    fn wrapped(&self, cx: &Cx<'a>, node: usize, near: &str, ty: &str) -> Option<Side<'a>> {
        let mut ty = ty.trim();
        for _ in 0..4 {
            let at = ty.find('<').filter(|_| ty.ends_with('>'))?;
            let (outer, inner) = (last(ty[..at].trim()), ty[at + 1..ty.len() - 1].trim());
            if FRAMES.contains(&outer) {
                ty = inner;
                continue;
            }
            let (list, name) = unwrapped(inner)?;
            self.resolve(cx, node, near, outer)?;
            let (path, fact, shape) = self.resolve(cx, node, near, &name)?;
            return Some(Side { list, wrapper: outer.into(), ..self.whole(cx, node, path, fact, shape) });
        }
        None
    }

    /// A declaration with what it has of the types that it extends.
    pub fn whole(&self, cx: &Cx<'a>, node: usize, path: &'a SmolStr, fact: &'a Fact, shape: &'a Shape) -> Side<'a> {
        let mut fields = shape.fields.clone();
        let mut open = shape.open;
        let mut inherits = false;
        for parent in &shape.supers {
            match self.resolve(cx, node, path, last(parent)) {
                Some((_, _, parent)) if parent.name != shape.name => {
                    fields.extend(parent.fields.iter().cloned());
                    open |= parent.open;
                    inherits |= !parent.supers.is_empty();
                }
                _ => inherits = true,
            }
        }
        let at = cx.evidence(path, fact, format!("declares `{}`", shape.name));
        let (name, wrapper) = (last(&shape.name).into(), SmolStr::default());
        Side { node, path, name, wrapper, list: false, fields, open, inherits, at, tie: None }
    }

    fn resolve(&self, cx: &Cx<'a>, node: usize, near: &str, name: &str) -> Option<(&'a SmolStr, &'a Fact, &'a Shape)> {
        let ending = |p: &str| p.rsplit('.').next().map(|e| e.trim_end_matches('x').to_owned());
        let libraries = &cx.node(node).libraries;
        let visible = |p: &SmolStr| cx.owners(p).contains(&node) || libraries.contains(p);
        let known = self.by_name.get(name)?;
        let mut found: Vec<_> =
            known.iter().filter(|(p, ..)| ending(p) == ending(near) && !seam_graph::is_test(p) && visible(p)).collect();
        if found.len() > 1 {
            let common = |p: &str| p.split('/').zip(near.split('/')).take_while(|(a, b)| a == b).count();
            let most = found.iter().map(|(p, ..)| common(p)).max()?;
            found.retain(|(p, ..)| common(p) == most);
        }
        match found.as_slice() {
            [one] => Some(**one),
            _ => None,
        }
    }

    pub fn kind(&self, cx: &Cx<'a>, side: &Side<'a>, ty: &str) -> Kind {
        let Some((list, name)) = unwrapped(ty) else { return Kind::Unknown };
        if list {
            return Kind::List;
        }
        match name.as_str() {
            "String" | "string" | "str" | "&str" => Kind::Text,
            "int" | "long" | "short" | "Integer" | "Long" | "Short" | "Int" | "int8" | "int16" | "int32" | "int64"
            | "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16"
            | "u32" | "u64" | "usize" | "float" | "double" | "Float" | "Double" | "float32" | "float64" | "f32"
            | "f64" | "decimal" | "number" | "BigDecimal" | "BigInteger" => Kind::Number,
            "bool" | "boolean" | "Boolean" => Kind::Bool,
            _ if self.resolve(cx, side.node, side.path, &name).is_some() => Kind::Object,
            _ => Kind::Unknown,
        }
    }

    /// The object that a field holds, or that its list holds.
    pub fn inner(&self, cx: &Cx<'a>, side: &Side<'a>, ty: &str) -> Option<Side<'a>> {
        self.typed(cx, side.node, side.path, ty)
    }
}

/// What frameworks and languages wrap a value in, and nobody sends.
const FRAMES: [&str; 14] = [
    "ResponseEntity",
    "Mono",
    "Optional",
    "Option",
    "Task",
    "ActionResult",
    "Promise",
    "Observable",
    "CompletableFuture",
    "HttpEntity",
    "Uni",
    "Nullable",
    "AxiosResponse",
    "Box",
];

/// A type without what frameworks and languages wrap it in, and whether it is a list; `None` for maps and the like.
fn unwrapped(ty: &str) -> Option<(bool, SmolStr)> {
    let mut ty = ty.trim();
    let mut list = false;
    for _ in 0..8 {
        ty = ty.trim_start_matches(['*', '&']).trim_end_matches(['?', '!']).trim();
        for tail in ["| null", "| undefined", "| None"] {
            ty = ty.trim_end_matches(tail).trim();
        }
        if let Some(inner) = ty.strip_suffix("[]").or_else(|| ty.strip_prefix("[]")) {
            if inner == "byte" {
                return None;
            }
            (list, ty) = (true, inner);
            continue;
        }
        let Some(at) = ty.find(['<', '[']).filter(|_| ty.ends_with(['>', ']'])) else { break };
        let (outer, inner) = (last(&ty[..at]), &ty[at + 1..ty.len() - 1]);
        match outer {
            "List" | "ArrayList" | "Set" | "HashSet" | "Collection" | "Iterable" | "IEnumerable" | "ICollection"
            | "IList" | "IReadOnlyList" | "Array" | "Vec" | "list" | "set" | "Sequence" | "Flux" | "MutableList" => {
                (list, ty) = (true, inner);
            }
            outer if FRAMES.contains(&outer) => ty = inner,
            _ => return None,
        }
        if ty.contains(',') {
            return None;
        }
    }
    let plain = !ty.is_empty() && ty.chars().all(|c| c.is_alphanumeric() || "_.$:".contains(c));
    plain.then(|| (list, last(ty).into()))
}

fn last(name: &str) -> &str {
    name.rsplit(['.', '/', ':', '$']).next().unwrap_or(name)
}

/// A name whatever its case and separators: naming strategies change both.
pub fn squashed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether one name is likely the other after a change: nearly the same spelling, or the same with words before or after.
pub fn is_renaming(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (words(a), words(b)) } else { (words(b), words(a)) };
    let (one, other) = (short.concat(), long.concat());
    let within =
        long.starts_with(&short) || long.ends_with(&short) || other.len() <= one.len() + 3 && other.starts_with(&one);
    one.len() > 2 && (within || distance(&one, &other) * 4 <= other.len())
}

/// `customerName`, `customer_name`: lower-case words.
pub fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fresh = true;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            fresh = true;
            continue;
        }
        if fresh || c.is_uppercase() && out.last().is_some_and(|w| w.chars().last().is_some_and(char::is_lowercase)) {
            out.push(String::new());
        }
        fresh = false;
        if let Some(word) = out.last_mut() {
            word.push(c);
        }
    }
    out.into_iter().map(|w| w.to_lowercase()).collect()
}
