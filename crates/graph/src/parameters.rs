//! What a function's callers give for one of its parameters.
//!
//! Invariant: each parameter is followed once for each depth, however many ways lead to it. Callers that hand their own
//! parameters on multiply the ways at every step.

use crate::index::{FileId, last, name_of, owner_of};
use crate::resolve::{Frame, MAX_STEPS, Text, View, unique};
use seam_facts::{Fact, Hole, Part, Pass, SmolStr, Value, format_smolstr};
use std::borrow::Cow;

/// Callers of one function that are followed.
const MAX_CALLERS: usize = 24;

/// A function's parameter, as it is asked about at one depth.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Parameter {
    function: SmolStr,
    position: usize,
    name: SmolStr,
    file: FileId,
    depth: usize,
}

impl<'a> View<'_, 'a> {
    pub fn param(
        &self,
        function: &str,
        position: usize,
        name: &SmolStr,
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Vec<Text<'a>> {
        let mut at = frame;
        while let Some(f) = at {
            if f.function == function || name_of(f.function) == name_of(function) && f.function.contains(function) {
                return match f.args.get(position) {
                    Some(arg) => self.value(arg, f.file, f.outer, depth.saturating_sub(1)),
                    None => vec![Text::unknown(name)],
                };
            }
            at = f.outer;
        }
        // What callers hand over does not depend on how the question came up; without this, callers that pass their own
        // parameters on are followed once for each way that leads to them.
        let key = Parameter { function: function.into(), position, name: name.clone(), file, depth };
        if let Some(texts) = self.scope.parameters.borrow().get(&key) {
            return texts.clone();
        }
        let texts = self.handed(function, position, name, file, depth);
        if self.scope.steps.get() < MAX_STEPS {
            self.scope.parameters.borrow_mut().insert(key, texts.clone());
        }
        texts
    }

    /// A value that is made of several parameters of one function (`base + path`), for each of its callers by itself: one
    /// caller's base and another's path are no address.
    pub fn by_caller(&self, value: &Value, file: FileId, depth: usize) -> Option<Vec<Text<'a>>> {
        let (function, parameters) = several_of(value)?;
        let callers = self.callers(&function, file);
        let best = callers.iter().map(|c| c.0).max()?;
        let mut out = Vec::new();
        for (_, at, pass, fact) in callers.into_iter().filter(|c| c.0 == best).take(MAX_CALLERS) {
            let mut args = vec![Value::opaque(""); parameters.iter().map(|(index, _)| index + 1).max().unwrap_or(0)];
            for (index, name) in &parameters {
                if let Some(value) = argument(pass, *index, name) {
                    args[*index] = value.into_owned();
                }
            }
            let frame = Frame { function: &function, args: &args, file: at, outer: None };
            let mut texts = self.value(value, file, Some(&frame), depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            out.extend(texts);
        }
        // A path with an open part is an address all the same; where nothing is known of the base, it is none.
        let based = |t: &Text<'_>| !t.open || !t.text.starts_with('{');
        if out.iter().any(based) {
            out.retain(based);
        }
        Some(unique(out)).filter(|texts| !texts.is_empty())
    }

    /// The calls of a function that this node may make, each with how surely it is that function.
    fn callers(&self, function: &str, file: FileId) -> Vec<(u8, FileId, &'a Pass, &'a Fact)> {
        let key = name_of(function);
        let owner = owner_of(function);
        let mut found = Vec::new();
        for (at, pass, fact) in self.index.passes.get(key).into_iter().flatten() {
            let runs = self.territory.role.runs(*at, fact.at.line);
            if !runs || !self.territory.reaches(self.index, *at, &pass.within) || pass.within == function {
                continue;
            }
            let their_owner = owner_of(&pass.callee);
            let same = key.starts_with(owner) && key.ends_with('>') || their_owner == owner;
            let rank = if same || self.related(owner, their_owner, file) {
                3
            } else if owner.is_empty() || their_owner.is_empty() {
                2
            } else if their_owner.chars().next().is_some_and(|c| c.is_lowercase()) || their_owner.ends_with("()") {
                // Everything can be asked to `get`; a receiver whose type is unknown has to be called like the type.
                if EVERYBODYS.contains(&last(key)) && !alike(owner, their_owner) {
                    continue;
                }
                1
            } else {
                continue;
            };
            found.push((rank, *at, *pass, *fact));
        }
        found
    }

    /// What the callers of a function give for one of its parameters.
    fn handed(&self, function: &str, position: usize, name: &SmolStr, file: FileId, depth: usize) -> Vec<Text<'a>> {
        let mut found: Vec<(u8, FileId, Cow<'a, Value>, &'a Fact)> = Vec::new();
        for (rank, at, pass, fact) in self.callers(function, file) {
            if let Some(value) = argument(pass, position, name) {
                found.push((rank, at, value, fact));
            }
        }
        let best = found.iter().map(|f| f.0).max();
        let mut out = Vec::new();
        for (_, at, value, fact) in found.into_iter().filter(|f| Some(f.0) == best).take(MAX_CALLERS) {
            let mut texts = self.value(&value, at, None, depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            out.extend(texts);
        }
        if out.iter().any(|t| !t.open) {
            out.retain(|t| !t.open);
        }
        if out.is_empty() { vec![Text::unknown(name)] } else { unique(out) }
    }
}

/// What a call gives for a parameter.
fn argument<'a>(pass: &'a Pass, position: usize, name: &SmolStr) -> Option<Cow<'a, Value>> {
    let positional = || pass.args.get(position).filter(|a| a.name.is_none());
    match name.split_once('.') {
        // A key of an options object: `options.url`, passed as the argument named `url`, or a member of an object that is
        // handed on as a whole.
        Some((_, key)) => match pass.args.iter().find(|a| a.name.as_deref() == Some(key)) {
            Some(named) => Some(Cow::Borrowed(&named.value)),
            None => member_of(&positional()?.value, key).map(Cow::Owned),
        },
        None => {
            let named = pass.args.iter().find(|a| a.name.as_ref() == Some(name));
            named.or_else(positional).map(|a| Cow::Borrowed(&a.value))
        }
    }
}

/// The function of which a value has several parameters side by side, and which those are.
fn several_of(value: &Value) -> Option<(SmolStr, Vec<(usize, SmolStr)>)> {
    let mut out: Vec<(SmolStr, usize, SmolStr)> = Vec::new();
    for part in &value.parts {
        if let Part::Hole(Hole::Param { function, index, name }) = part {
            let known = (function.clone(), *index as usize, name.clone());
            // A member of an object is looked up by its name, and not by its place.
            if name.contains('.') || out.iter().any(|(f, ..)| f != function) {
                return None;
            }
            if !out.contains(&known) {
                out.push(known);
            }
        }
    }
    let function = out.first().filter(|_| out.len() > 1)?.0.clone();
    Some((function, out.into_iter().map(|(_, index, name)| (index, name)).collect()))
}

/// Methods that maps, caches and clients have alike.
const EVERYBODYS: &[&str] = &["get", "post", "put", "patch", "delete", "request", "send", "set", "add", "pop", "fetch"];

/// Whether a receiver's name has a word of the type's name: `http_client` of `RetryingHttpClient`.
fn alike(ty: &str, receiver: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let mut out = vec![String::new()];
        let mut before = false;
        for c in name.chars() {
            if !c.is_alphanumeric() || c.is_uppercase() && before {
                out.push(String::new());
            }
            before = c.is_lowercase();
            out.last_mut().into_iter().for_each(|w| w.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())));
        }
        out.retain(|w| w.len() > 2);
        out
    };
    let ours = words(last(ty));
    words(last(receiver.trim_end_matches("()")))
        .iter()
        .any(|w| ours.iter().any(|o| o.contains(w.as_str()) || w.contains(o.as_str())))
}

/// The member of what a value stands for, where the value is one hole.
fn member_of(value: &Value, key: &str) -> Option<Value> {
    let name = |of: &str| format_smolstr!("{of}.{key}");
    let hole = match value.as_hole()? {
        Hole::Ref(path) => Hole::Ref(name(path)),
        Hole::Param { function, index, name: own } => {
            Hole::Param { function: function.clone(), index: *index, name: name(own) }
        }
        Hole::Result { callee, .. } => Hole::Ref(format_smolstr!("{callee}().{key}")),
        Hole::Either(values) => Hole::Either(values.iter().filter_map(|v| member_of(v, key)).collect()),
        Hole::Env { .. } | Hole::Config { .. } | Hole::Opaque(_) => return None,
    };
    Some(Value { parts: vec![Part::Hole(hole)] })
}
