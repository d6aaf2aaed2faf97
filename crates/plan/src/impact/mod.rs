//! Where code names what a contract declares, by light inference of types.
//!
//! Invariant: a reference is [`Certainty::Sure`] only where the type of what it is taken from was followed to the contract's
//! own declaration (in Go also on from a name that can mean only one thing). Where a type is not known, a name counts if
//! nothing else that the file can see has a member of that name; where it is known to be something else, it does not count,
//! whatever it is called.

mod follow;
pub mod names;
mod nearby;
pub mod schema;
mod world;

pub use schema::{Element, Schema};
pub use world::Code;

use seam_extract::lang::Lang;
use std::collections::{BTreeMap, BTreeSet};
use world::{World, folder};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The name can mean nothing else that the file sees.
    Likely,
    /// The type was followed.
    Sure,
}

/// What code does with what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    Reads,
    Writes,
    Calls,
    Serves,
    /// It mentions the name itself: a type, a constant.
    Names,
    /// A type of the service's own repeats it.
    Declares,
    /// A name that holds its value, under its own name: it need not change, but is part of the thought.
    Carries,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub path: String,
    pub line: u32,
    pub element: Element,
    pub certainty: Certainty,
    pub what: Use,
}

#[derive(Clone, Copy, Debug)]
enum Only {
    Field(usize, usize),
    Rpc(usize, usize),
}

/// Where these elements are named, by file and line. What a tool generated is left out: it is generated again.
pub fn references(schema: &Schema, files: Vec<Code<'_>>, wanted: &BTreeSet<Element>) -> Vec<Reference> {
    let mut world = World::new(schema, files);
    for file in 0..world.files.len() {
        let code = world.files[file];
        if code.outline.generated || code.outline.top.is_empty() {
            continue;
        }
        let mut none = BTreeMap::new();
        let none_wanted = BTreeSet::new();
        let top = follow::Follow::new(&world, file, &none_wanted, &mut none).top();
        for step in &code.outline.top {
            if let seam_extract::outline::Step::Bind { names, .. } = step {
                for (name, _) in names {
                    if let Some(ty) = top.get(name.as_str()) {
                        world.top.insert((folder(code.path), name.as_str()), ty.clone());
                    }
                }
            }
        }
    }
    translations(&mut world, wanted);
    // Who hands on is known when all files were read once.
    if wanted.iter().any(|e| matches!(e, Element::Rpc(..))) {
        let mut facades = BTreeSet::new();
        for file in 0..world.files.len() {
            let code = world.files[file];
            let named = |e: &Element| {
                matches!(e, Element::Rpc(..))
                    && spelled(code.outline.lang, e).iter().any(|w| code.text.contains(w.as_str()))
            };
            if code.outline.generated || !wanted.iter().any(named) {
                continue;
            }
            let mut none = BTreeMap::new();
            let mut follow = follow::Follow::new(&world, file, wanted, &mut none);
            follow.run();
            facades.append(&mut follow.facades);
        }
        world.facades = facades;
    }
    let nearby = nearby::Nearby::new(schema);
    let (mut out, mut words) = (Vec::new(), BTreeMap::new());
    for file in 0..world.files.len() {
        let code = world.files[file];
        let words = words
            .entry(code.outline.lang)
            .or_insert_with_key(|lang| -> BTreeSet<String> { wanted.iter().flat_map(|e| spelled(*lang, e)).collect() });
        if code.outline.generated || !words.iter().any(|w| code.text.contains(w.as_str())) {
            continue;
        }
        let mut found = BTreeMap::new();
        let mut follow = follow::Follow::new(&world, file, wanted, &mut found);
        follow.run();
        let known = std::mem::take(&mut follow.known);
        let nearby = nearby.look(&code, wanted, &known, &found);
        out.extend(found.into_values());
        out.extend(nearby);
    }
    out.sort();
    out.dedup_by(|a, b| (&a.path, a.line, &a.element) == (&b.path, b.line, &b.element));
    out
}

/// Finds types that functions make of messages that are wanted, or messages of.
fn translations(world: &mut World<'_>, wanted: &BTreeSet<Element>) {
    use world::Ty;
    let messages: BTreeSet<&str> = wanted
        .iter()
        .filter_map(|e| match e {
            Element::Field(full, _) | Element::Message(full) => full.rsplit('.').next(),
            Element::Enum(_) | Element::Value(..) | Element::Service(_) | Element::Rpc(..) => None,
        })
        .collect();
    let mut found = Vec::new();
    for (file, code) in world.files.iter().enumerate().filter(|(_, c)| !c.outline.generated) {
        for function in &code.outline.functions {
            let slots = || function.params.iter().chain(&function.results);
            if !slots().any(|s| messages.iter().any(|m| s.ty.contains(m))) {
                continue;
            }
            let of = |slots: &[seam_extract::outline::Slot]| -> Vec<Ty> {
                slots.iter().map(|s| world.ty(file, &s.ty)).collect()
            };
            let (takes, gives) = (of(&function.params), of(&function.results));
            for (one, other) in [(&takes, &gives), (&gives, &takes)] {
                for message in one.iter().filter_map(|t| if let Ty::Message(m) = t { Some(*m) } else { None }) {
                    found.extend(
                        other.iter().filter_map(|t| if let Ty::Local(l) = t { Some((*l, message)) } else { None }),
                    );
                }
            }
        }
    }
    world.translated.extend(found);
}

/// Every spelling by which code of a language may name one of these.
pub fn spellings(lang: Lang, wanted: &BTreeSet<Element>) -> BTreeSet<String> {
    wanted.iter().flat_map(|e| spelled(lang, e)).collect()
}

/// What a file that names the element must contain.
fn spelled(lang: Lang, element: &Element) -> Vec<String> {
    match element {
        Element::Field(_, name) => names::of_field(lang, name).into_iter().map(|(n, _)| n).collect(),
        Element::Rpc(_, name) => names::of_rpc(lang, name),
        Element::Message(_) | Element::Enum(_) | Element::Service(_) => {
            vec![names::go(element.name()), element.name().to_owned()]
        }
        Element::Value(_, name) => vec![name.clone()],
    }
}

impl World<'_> {
    /// The one field or method of the contract that a name can mean in a file, where what it is taken from is not known.
    fn only(&self, file: usize, name: &str) -> Option<Only> {
        let lang = self.files[file].outline.lang;
        if self.members.contains(&(lang, name)) {
            return None;
        }
        let sees = |source: usize| match lang {
            Lang::Go => self.modules[file].iter().any(|m| m.sources.contains(&source)),
            _ => true,
        };
        let spellings = self.spellings(lang)?;
        let fields = spellings.by_field.get(name).into_iter().flatten();
        let fields = fields.filter(|(m, _)| sees(self.schema.messages[*m].file)).map(|(m, f)| Only::Field(*m, *f));
        let rpcs = spellings.rpcs.get(name).into_iter().flatten();
        let rpcs = rpcs.filter(|(s, _)| sees(self.schema.services[*s].file)).map(|(s, m)| Only::Rpc(*s, *m));
        let mut all = fields.chain(rpcs);
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}
