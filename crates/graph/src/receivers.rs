//! On which object a method runs: one of a class that extends the method's own, or one that was made with values of its own.
//!
//! A class of clients makes the requests; who extends it, or makes one of it, gives the host, and calls it with the paths.
//! Invariant: one client's host stands before its own paths only.

use crate::index::{FileId, name_of, owner_of};
use crate::parameters::{Caller, MAX_CALLERS, arguments, handed_in};
use crate::resolve::{Frame, Returned, Text, View};
use seam_facts::{Argument, Fact, Hole, Made, Part, Pass, SmolStr, Value};

/// Functions that hand on to one another before a request is made.
const MAX_WITHIN: usize = 4;

/// Ways in which one value's function is called that are followed.
const MAX_WAYS: usize = 96;

/// The object at hand.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Receiver<'a> {
    /// Its class, where that extends the one whose code runs.
    pub(crate) class: Option<SmolStr>,
    /// How it was made, and where.
    made: Option<(FileId, &'a Made)>,
}

impl Receiver<'_> {
    fn is_known(&self) -> bool {
        self.class.is_some() || self.made.is_some()
    }
}

/// A call, with what it gives for the parameters of the function that it calls.
#[derive(Clone)]
struct Step<'a> {
    function: SmolStr,
    args: Vec<Value>,
    at: FileId,
    fact: &'a Fact,
}

impl<'a> View<'_, 'a> {
    /// A value in a function, for each way in which it is called: with what is handed over, and on which object. None where
    /// neither tells one thing from another.
    pub(crate) fn by_receiver(
        &self,
        value: &Value,
        file: FileId,
        function: &SmolStr,
        parameters: &[(usize, SmolStr)],
        depth: usize,
    ) -> Option<Vec<Text<'a>>> {
        let asks = |hole: &&Hole| match hole {
            Hole::Ref(_) | Hole::Result { .. } => true,
            Hole::Param { function: f, .. } => f != function,
            Hole::Env { .. } | Hole::Config { .. } | Hole::Opaque(_) | Hole::Either(_) => false,
        };
        let asks = !owner_of(function).is_empty() && handed_in(value).iter().any(asks);
        if self.receiver().is_known() || !asks && parameters.len() < 2 {
            return None;
        }
        let mut found = Vec::new();
        self.ways(function, parameters, file, &mut Vec::new(), &mut found);
        if parameters.len() < 2 && !found.iter().any(|(on, _)| on.is_known()) {
            return None;
        }
        let mut out = Vec::new();
        for (on, steps) in found {
            let mut texts = self.on(on, || self.within(&steps, None, value, file, depth.saturating_sub(1)));
            texts.iter_mut().for_each(|t| t.via.extend(steps.iter().map(|s| (s.at, s.fact))));
            out.extend(texts);
        }
        Some(out)
    }

    /// The object at hand, while a value is followed for one.
    pub(crate) fn receiver(&self) -> Receiver<'a> {
        self.scope.receiver.borrow().clone()
    }

    /// Follows something for one object.
    fn on<T>(&self, receiver: Receiver<'a>, follow: impl FnOnce() -> T) -> T {
        let before = self.scope.receiver.replace(receiver);
        let out = follow();
        self.scope.receiver.replace(before);
        out
    }

    /// What is defined in a class, for an object of the class that extends it and is asked.
    pub(crate) fn on_class<T>(&self, class: Option<&str>, follow: impl FnOnce() -> T) -> T {
        match class {
            Some(class) if !self.receiver().is_known() => {
                self.on(Receiver { class: Some(class.into()), made: None }, follow)
            }
            _ => follow(),
        }
    }

    /// The ways from callers to `function`, outermost call first, each with the object that it is called on.
    fn ways(
        &self,
        function: &SmolStr,
        parameters: &[(usize, SmolStr)],
        file: FileId,
        inner: &mut Vec<Step<'a>>,
        out: &mut Vec<(Receiver<'a>, Vec<Step<'a>>)>,
    ) {
        let callers = self.callers(function, file);
        let best = callers.iter().map(|c: &Caller<'a>| c.0).max();
        for (_, at, pass, fact) in callers.into_iter().filter(|c| Some(c.0) == best).take(MAX_CALLERS) {
            if out.len() >= MAX_WAYS {
                return;
            }
            let args = arguments(pass, parameters);
            let further = handed_on(&args, &pass.within);
            inner.push(Step { function: function.clone(), args, at, fact });
            // Helpers that hand their own parameters on are gone through, until an object is known.
            if pass.made.is_none() && !further.is_empty() && inner.len() < MAX_WITHIN {
                let known = out.len();
                self.ways(&pass.within, &further, at, inner, out);
                if out.len() > known {
                    inner.pop();
                    continue;
                }
            }
            let made = pass.made.as_deref().map(|made| (at, made));
            let on = Receiver { class: self.heir_of(function, pass, at), made };
            out.push((on, inner.iter().rev().cloned().collect()));
            inner.pop();
        }
    }

    /// The class that calls a method of the class that it extends, on itself.
    fn heir_of(&self, function: &str, pass: &Pass, at: FileId) -> Option<SmolStr> {
        let (base, heir) = (owner_of(function), owner_of(&pass.within));
        let on = owner_of(&pass.callee);
        let itself = on.is_empty() || on == heir || on == base;
        (itself && heir != base && self.related(heir, base, at)).then(|| heir.into())
    }

    fn within(
        &self,
        steps: &[Step<'a>],
        outer: Option<&Frame<'_, '_>>,
        value: &Value,
        file: FileId,
        depth: usize,
    ) -> Vec<Text<'a>> {
        match steps {
            [] => self.value(value, file, outer, depth),
            [step, rest @ ..] => {
                let frame = Frame { function: &step.function, args: &step.args, file: step.at, outer };
                self.within(rest, Some(&frame), value, file, depth)
            }
        }
    }

    /// What the class at hand itself returns from a method that the class above it calls.
    pub(crate) fn overridden(&self, name: &str, owner: &str) -> Option<Vec<Returned<'a>>> {
        let heir = self.receiver().class?;
        let mut found = Vec::new();
        for (at, result, fact) in self.index.returns.get(name).into_iter().flatten() {
            let own = owner_of(&result.function) == heir && self.territory.sees(*at);
            if own && (owner.is_empty() || owner == heir || self.related(&heir, owner, *at)) {
                found.push((6, *at, &result.function, &result.value, *fact));
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// What the object at hand was made with, if `function` made it.
    pub(crate) fn given_when_made(&self, function: &str) -> Option<(FileId, &'a [Argument])> {
        let (at, made) = self.receiver().made?;
        let theirs = made.callee.rsplit('#').next().unwrap_or(&made.callee);
        let ours = function.rsplit('#').next().unwrap_or(function);
        (theirs == ours || name_of(theirs) == name_of(ours)).then_some((at, made.args.as_slice()))
    }

    /// Of the calls of a parent's constructor, those of the class at hand.
    pub(crate) fn of_heir(&self, mut callers: Vec<Caller<'a>>) -> Vec<Caller<'a>> {
        if let Some(heir) = self.receiver().class {
            // Go's own functions make what embeds another.
            let makes = |at: FileId, within: &str| {
                let uses = self.index.uses[at].filter(|_| owner_of(within).is_empty());
                uses.is_some_and(|u| {
                    u.functions.iter().any(|(f, names)| f == within && names.binary_search(&heir).is_ok())
                })
            };
            let own = |(_, at, pass, _): &Caller<'a>| owner_of(&pass.within) == heir || makes(*at, &pass.within);
            if callers.iter().any(own) {
                callers.retain(own);
            }
        }
        callers
    }
}

/// The parameters of `within` that arguments begin with: what stands behind a text is a part of a path.
fn handed_on(args: &[Value], within: &str) -> Vec<(usize, SmolStr)> {
    let mut out = Vec::new();
    for hole in args.iter().filter(|a| matches!(a.parts.first(), Some(Part::Hole(_)))).flat_map(handed_in) {
        if let Hole::Param { function, index, name } = hole
            && function == within
            && !name.contains('.')
            && !out.iter().any(|(i, _)| *i == *index as usize)
        {
            out.push((*index as usize, name.clone()));
        }
    }
    out
}
