//! Loops over what is written out: a table of services, of which a gateway mounts each; a list of topics.
//!
//! Invariant: the elements of one loop are told in the order in which they stand, those that lack a key as absent, so
//! that in one round ([`Code::each_round`]) path and target are of the same element.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{Hole, Part, SmolStr, Value, format_smolstr};
use std::cell::Cell;
use std::collections::HashMap;

/// Elements that are followed; longer tables are data.
const MAX_ELEMENTS: usize = 40;
/// Alternatives of one value, where all rounds are looked at together.
const MAX_ALTERNATIVES: usize = 8;
/// How far an element's member may be from its loop.
const MAX_DEPTH: usize = 8;
/// Loops within loops that one question looks into.
const MAX_LOOPS: usize = 3;

/// Methods that call what they are given once for each element.
const EACH: &[&str] = &["forEach", "map", "flatMap", "each", "ForEach"];

#[derive(Debug, Default)]
pub(super) struct Loops {
    /// Closures, and the calls (indexes of sites) that they are given to.
    closures: HashMap<usize, usize>,
    /// The round that is looked at; all of them if none.
    round: Cell<Option<usize>>,
    /// How many rounds there are, while one is looked at.
    total: Cell<usize>,
    /// Whether anything in the file goes through something.
    any: bool,
    /// Loops that are being looked into for one question: a name may be made of itself.
    depth: Cell<usize>,
}

/// What a loop's variable, or a part of it, is in one round.
#[derive(Clone)]
enum Element<'e> {
    Expr(&'e Expr, usize),
    Key(SmolStr),
    Pair(SmolStr, &'e Expr, usize),
    /// Any element of what another file defines.
    Elsewhere(Value),
    PairElsewhere(Value),
    Absent,
}

impl<'a> Code<'a> {
    pub(super) fn note_loops(&mut self) {
        for (index, site) in self.sites.iter().enumerate().filter(|(_, s)| EACH.contains(&s.call.name())) {
            if let Some(ExprKind::Lambda(closure)) = site.call.arg(0).map(|a| &a.kind) {
                self.loops.closures.insert(*closure, index);
            }
        }
        let bound = || self.locals.values().flatten().any(|b| is_element(b.value));
        self.loops.any = !self.loops.closures.is_empty() || bound();
    }

    /// Looks at a call once for each element of the table that a loop around it goes through; once, if there is none.
    pub(crate) fn each_round(&self, call: &Call, function: usize, look: &mut dyn FnMut()) {
        let mut rounds = 0;
        let mut count = |e: &Expr| {
            if matches!(e.kind, ExprKind::Name(_)) {
                rounds = rounds.max(self.rounds(e, function).map_or(0, |e| e.len()));
            }
        };
        call.args.iter().for_each(|a| a.value.walk(&mut count));
        if rounds == 0 || self.loops.round.get().is_some() {
            return look();
        }
        self.loops.total.set(rounds);
        for round in 0..rounds {
            self.loops.round.set(Some(round));
            look();
        }
        self.loops.round.set(None);
    }

    /// The value of a loop's variable or of a part of it.
    pub(super) fn eval_element(&self, expr: &Expr, function: usize, steps: usize) -> Option<Value> {
        let values = self.chosen(expr, function)?.into_iter().map(|element| match element {
            Element::Expr(e, at) => self.eval(e, at, steps.saturating_sub(1)),
            Element::Key(key) => Value::text(key),
            Element::Elsewhere(value) => value,
            Element::Pair(..) | Element::PairElsewhere(_) | Element::Absent => Value::opaque("…"),
        });
        let known: Vec<Value> = values.filter(|v| !matches!(v.as_hole(), Some(Hole::Opaque(_)))).collect();
        (!known.is_empty()).then(|| Value::either(known))
    }

    /// The expression behind a loop's variable or a part of it, in the round that is looked at.
    pub(super) fn element<'e>(&'e self, expr: &'e Expr, function: usize) -> Option<(&'e Expr, usize)> {
        match self.chosen(expr, function)?.as_slice() {
            [Element::Expr(e, at)] => Some((e, *at)),
            _ => None,
        }
    }

    /// What an expression is in each round; nothing where the question comes back to itself.
    fn rounds<'e>(&'e self, expr: &'e Expr, function: usize) -> Option<Vec<Element<'e>>> {
        let depth = self.loops.depth.get();
        if !self.loops.any || depth >= MAX_LOOPS {
            return None;
        }
        self.loops.depth.set(depth + 1);
        let found = elements(self, expr, function, MAX_DEPTH);
        self.loops.depth.set(depth);
        found
    }

    fn chosen<'e>(&'e self, expr: &'e Expr, function: usize) -> Option<Vec<Element<'e>>> {
        let mut all = self.rounds(expr, function)?;
        match self.loops.round.get() {
            // A loop within the one that is gone through has rounds of its own.
            Some(round) if all.len() > 1 && all.len() == self.loops.total.get() => {
                Some(vec![all.into_iter().nth(round)?])
            }
            _ => {
                all.truncate(MAX_ALTERNATIVES);
                Some(all)
            }
        }
    }
}

/// What a loop gives its variable, or a part of that.
fn is_element(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Index(_, rest) if matches!(&rest.kind, ExprKind::Other(p) if p.is_empty()) => true,
        ExprKind::Index(base, _) | ExprKind::Member(base, _) => is_element(base),
        _ => false,
    }
}

/// What an expression is in each round, if it is a loop's variable or a part of one.
fn elements<'e>(code: &'e Code<'_>, expr: &'e Expr, function: usize, depth: usize) -> Option<Vec<Element<'e>>> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Name(name) => variable(code, name, function, depth),
        ExprKind::Index(over, rest) if matches!(&rest.kind, ExprKind::Other(p) if p.is_empty()) => {
            things(code, over, function, depth)
        }
        ExprKind::Index(base, index) => {
            let key = match &index.kind {
                ExprKind::Num(key) | ExprKind::Str(key) => key.clone(),
                _ => return None,
            };
            Some(elements(code, base, function, depth)?.into_iter().map(|e| part(code, e, &key)).collect())
        }
        ExprKind::Member(base, member) => {
            Some(elements(code, base, function, depth)?.into_iter().map(|e| part(code, e, member)).collect())
        }
        _ => None,
    }
}

/// What a name is bound to, if a loop binds it or it is made of what a loop binds.
fn variable<'e>(code: &'e Code<'_>, name: &'e str, function: usize, depth: usize) -> Option<Vec<Element<'e>>> {
    let mut scope = Some(function);
    while let Some(index) = scope {
        let f = &code.unit.functions[index];
        if let Some(bindings) = code.locals.get(&(index, name)) {
            let [binding] = bindings.as_slice() else { return None };
            let made = matches!(binding.value.kind, ExprKind::Index(..) | ExprKind::Member(..));
            return made.then(|| elements(code, binding.value, binding.function, depth)).flatten();
        }
        if let Some(position) = f.params.iter().position(|p| p.name == name) {
            let site = code.sites.get(*code.loops.closures.get(&index)?).filter(|_| position == 0)?;
            return things(code, site.call.receiver()?, site.function, depth);
        }
        scope = f.parent;
    }
    None
}

/// What a loop goes through.
fn things<'e>(code: &'e Code<'_>, over: &'e Expr, function: usize, depth: usize) -> Option<Vec<Element<'e>>> {
    let depth = depth.checked_sub(1)?;
    if let ExprKind::Call(call) = &over.kind {
        let of_object = call.receiver().is_some_and(|r| matches!(&r.kind, ExprKind::Name(n) if n == "Object"));
        let table = if of_object { call.arg(0)? } else { call.receiver()? };
        return match call.name() {
            "entries" | "items" => pairs(code, table, function, Element::Pair)
                .or_else(|| Some(vec![Element::PairElsewhere(any_of(code, table, function)?)])),
            "keys" => pairs(code, table, function, |key, _, _| Element::Key(key)),
            "values" => pairs(code, table, function, |_, e, at| Element::Expr(e, at))
                .or_else(|| Some(vec![Element::Elsewhere(any_of(code, table, function)?)])),
            "filter" | "slice" | "reverse" | "sort" => things(code, table, function, depth),
            _ => None,
        };
    }
    let (table, at) = code.resolved(over, function);
    match &table.kind {
        ExprKind::List(items) if (1..=MAX_ELEMENTS).contains(&items.len()) => {
            Some(items.iter().map(|e| Element::Expr(e, at)).collect())
        }
        ExprKind::Object(_) => match code.unit.lang {
            Lang::Python => pairs(code, over, function, |key, _, _| Element::Key(key)),
            Lang::Go => pairs(code, over, function, |_, e, at| Element::Expr(e, at)),
            _ => None,
        },
        // Literals whose type is written.
        ExprKind::Call(call) if call.new && call.args.len() == 1 && code.unit.lang == Lang::Go => {
            match &call.args[0].value.kind {
                ExprKind::List(items) if (1..=MAX_ELEMENTS).contains(&items.len()) => {
                    Some(items.iter().map(|e| Element::Expr(e, at)).collect())
                }
                ExprKind::Object(entries) if (1..=MAX_ELEMENTS).contains(&entries.len()) => {
                    Some(entries.iter().map(|(_, e)| Element::Expr(e, at)).collect())
                }
                _ => None,
            }
        }
        ExprKind::Call(call) if call.name() == "freeze" => things(code, call.arg(0)?, at, depth),
        _ => Some(vec![Element::Elsewhere(any_of(code, over, function)?)]),
    }
}

fn pairs<'e>(
    code: &'e Code<'_>,
    table: &'e Expr,
    function: usize,
    element: impl Fn(SmolStr, &'e Expr, usize) -> Element<'e>,
) -> Option<Vec<Element<'e>>> {
    let (table, at) = code.resolved(table, function);
    let table = match &table.kind {
        ExprKind::Call(call) if call.name() == "freeze" => call.arg(0)?,
        _ => table,
    };
    match &table.kind {
        ExprKind::Object(entries)
            if (1..=MAX_ELEMENTS).contains(&entries.len()) && !entries.iter().any(|(k, _)| k == "...") =>
        {
            Some(entries.iter().map(|(key, e)| element(key.clone(), e, at)).collect())
        }
        _ => None,
    }
}

/// Any element of a table that another file defines, or that callers hand over (scripts only).
fn any_of(code: &Code<'_>, table: &Expr, function: usize) -> Option<Value> {
    if code.unit.lang != Lang::Script || !matches!(table.kind, ExprKind::Name(_) | ExprKind::Member(..)) {
        return None;
    }
    let value = code.value(table, function);
    match value.as_hole()? {
        Hole::Ref(path) if path.contains('#') => member_of(&value, "*"),
        Hole::Param { .. } => member_of(&value, "*"),
        _ => None,
    }
}

fn member_of(value: &Value, key: &str) -> Option<Value> {
    let hole = match value.as_hole()? {
        Hole::Ref(path) => Hole::Ref(format_smolstr!("{path}{}{key}", if path.ends_with('#') { "" } else { "." })),
        Hole::Param { function, index, name } => {
            Hole::Param { function: function.clone(), index: *index, name: format_smolstr!("{name}.{key}") }
        }
        _ => return None,
    };
    Some(Value { parts: vec![Part::Hole(hole)] })
}

/// A part of an element: a member, the key or the value of a pair, an item.
fn part<'e>(code: &'e Code<'_>, element: Element<'e>, key: &str) -> Element<'e> {
    let found = match element {
        Element::Pair(name, ..) if key == "0" => return Element::Key(name),
        Element::Pair(_, e, at) if key == "1" => return Element::Expr(e, at),
        Element::PairElsewhere(value) if key == "1" => return Element::Elsewhere(value),
        Element::Elsewhere(value) => return member_of(&value, key).map_or(Element::Absent, Element::Elsewhere),
        Element::Expr(e, at) => {
            let (object, at) = code.resolved(e, at);
            // A literal whose type is written.
            let object = match &object.kind {
                ExprKind::Call(call) if call.new && call.args.len() == 1 => &call.args[0].value,
                _ => object,
            };
            match &object.kind {
                ExprKind::List(items) => key.parse::<usize>().ok().and_then(|i| items.get(i)).map(|e| (e, at)),
                _ => object.key(key).map(|e| (e, at)),
            }
        }
        Element::Key(_) | Element::Pair(..) | Element::PairElsewhere(_) | Element::Absent => None,
    };
    found.map_or(Element::Absent, |(e, at)| Element::Expr(e, at))
}
