//! What a function's callers give for one of its parameters.
//!
//! Invariant: each parameter is followed once for each depth, however many ways lead to it. Callers that hand their own
//! parameters on multiply the ways at every step.

use crate::index::{FileId, last, name_of, owner_of};
use crate::receivers::Receiver;
use crate::resolve::{Frame, MAX_STEPS, Text, View, unique};
use seam_facts::{Argument, Fact, Hole, Part, Pass, SmolStr, Value, format_smolstr};
use std::borrow::Cow;
use std::collections::HashSet;

/// Callers of one function that are followed.
pub(crate) const MAX_CALLERS: usize = 24;

/// A call: how surely it is one of the function that is asked about, and where it stands.
pub(crate) type Caller<'a> = (u8, FileId, &'a Pass, &'a Fact);

/// A function's parameter, as it is asked about at one depth.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Parameter<'a> {
    function: SmolStr,
    position: usize,
    name: SmolStr,
    file: FileId,
    depth: usize,
    receiver: Receiver<'a>,
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
        let receiver = self.receiver();
        let key = Parameter { function: function.into(), position, name: name.clone(), file, depth, receiver };
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
    /// caller's base and another's path are no address. So it is with what an object was made with.
    pub fn by_caller(&self, value: &Value, file: FileId, depth: usize) -> Option<Vec<Text<'a>>> {
        let (function, parameters) = parameters_of(value)?;
        let mut out = self.by_receiver(value, file, &function, &parameters, depth)?;
        // A path with an open part is an address all the same; where nothing is known of the base, it is none.
        let based = |t: &Text<'_>| !t.open || !t.text.starts_with('{');
        if out.iter().any(based) {
            out.retain(based);
        }
        let mut seen = HashSet::new();
        out.retain(|t| seen.insert(t.text.clone()));
        Some(out).filter(|texts| !texts.is_empty())
    }

    /// The calls of a function that this node may make, each with how surely it is that function.
    pub(crate) fn callers(&self, function: &str, file: FileId) -> Vec<Caller<'a>> {
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
            let rank = if same || self.related(owner, their_owner, file) || self.related(their_owner, owner, *at) {
                3
            } else if owner.is_empty() || their_owner.is_empty() {
                2
            } else if their_owner.chars().next().is_some_and(|c| c.is_lowercase()) || their_owner.ends_with("()") {
                // Everything can be asked to `get`; a receiver whose type is unknown has to be called like the type.
                if EVERYBODYS.contains(&last(key)) && !alike(owner, their_owner) {
                    continue;
                }
                1
            } else if self.index.paths[file].ends_with(".go")
                && !EVERYBODYS.contains(&last(key))
                && alike(owner, their_owner)
            {
                // Go's types say nothing of the interfaces that they satisfy; these are called much like them.
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
        if let Some((at, args)) = self.given_when_made(function)
            && let Some(value) = argument(args, position, name)
        {
            return self.value(&value, at, None, depth.saturating_sub(1));
        }
        let mut found: Vec<(u8, FileId, Cow<'a, Value>, &'a Fact)> = Vec::new();
        for (rank, at, pass, fact) in self.of_heir(self.callers(function, file)) {
            if let Some(value) = argument(&pass.args, position, name) {
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
fn argument<'a>(args: &'a [Argument], position: usize, name: &SmolStr) -> Option<Cow<'a, Value>> {
    let positional = || args.get(position).filter(|a| a.name.is_none());
    match name.split_once('.') {
        // A key of an options object: `options.url`, passed as the argument named `url`, or a member of an object that is
        // handed on as a whole.
        Some((_, key)) => match args.iter().find(|a| a.name.as_deref() == Some(key)) {
            Some(named) => Some(Cow::Borrowed(&named.value)),
            None => member_of(&positional()?.value, key).map(Cow::Owned),
        },
        None => {
            let named = args.iter().find(|a| a.name.as_ref() == Some(name));
            named.or_else(positional).map(|a| Cow::Borrowed(&a.value))
        }
    }
}

/// What a call gives for some of its function's parameters, at their places.
pub(crate) fn arguments(pass: &Pass, parameters: &[(usize, SmolStr)]) -> Vec<Value> {
    let mut args = vec![Value::opaque(""); parameters.iter().map(|(index, _)| index + 1).max().unwrap_or(0)];
    for (index, name) in parameters {
        if let Some(value) = argument(&pass.args, *index, name) {
            args[*index] = value.into_owned();
        }
    }
    args
}

/// The holes of a value, those of its alternatives included.
pub(crate) fn handed_in(value: &Value) -> Vec<&Hole> {
    let mut out = Vec::new();
    for part in &value.parts {
        match part {
            Part::Hole(Hole::Either(values)) => out.extend(values.iter().flat_map(handed_in)),
            Part::Hole(hole) => out.push(hole),
            Part::Text(_) => {}
        }
    }
    out
}

/// The function of which a value has parameters, and which those are; of several, the one that is called on what the others
/// made.
pub(crate) fn parameters_of(value: &Value) -> Option<(SmolStr, Vec<(usize, SmolStr)>)> {
    let mut out: Vec<(&SmolStr, Vec<(usize, SmolStr)>)> = Vec::new();
    for hole in handed_in(value) {
        if let Hole::Param { function, index, name } = hole {
            // A member of an object is looked up by its name, and not by its place.
            if name.contains('.') {
                return None;
            }
            let known = (*index as usize, name.clone());
            match out.iter_mut().find(|(f, _)| *f == function) {
                Some((_, all)) if all.contains(&known) => {}
                Some((_, all)) => all.push(known),
                None => out.push((function, vec![known])),
            }
        }
    }
    if out.len() > 1 {
        out.retain(|(f, _)| !f.ends_with("<init>") && !owner_of(f).is_empty());
    }
    let (function, parameters) = out.pop().filter(|_| out.is_empty())?;
    Some((function.clone(), parameters))
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
