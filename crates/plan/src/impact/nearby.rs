//! Fields by their names, where types say little: in scripts, templates and whatever takes documents apart by keys.
//!
//! A name alone proves nothing. It counts if no other message of the contract has a field of that name, if what it is taken
//! from is called as a field that holds the message, or if another field of the message stands beside it; and never where the
//! type of what it is taken from is known to be something else. The holder of a value under the field's own name carries it.

use super::schema::{Element, Held, Schema};
use super::world::{Code, World};
use super::{Certainty, Reference, Use, names};
use seam_extract::lang::Lang;
use seam_extract::outline::{Stand, Word, words};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far from a field another one of its message may stand.
const BESIDE: u32 = 3;

/// What a field is called in JSON and in code of a language (in a template: in any).
fn spelled(lang: Option<Lang>, name: &str) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = [names::camel(name), name.to_owned()].into();
    if let Some(lang) = lang {
        out.extend(names::of_field(lang, name).into_iter().map(|(n, _)| n));
    }
    out
}

pub struct Nearby<'a> {
    schema: &'a Schema,
    /// For each message the names of fields that hold it.
    holders: Vec<BTreeSet<String>>,
    /// How many messages have a field of a name, in lower case without underlines.
    having: HashMap<String, usize>,
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

impl<'a> Nearby<'a> {
    pub fn new(schema: &'a Schema) -> Self {
        let mut holders = vec![BTreeSet::new(); schema.messages.len()];
        let mut having = HashMap::new();
        for (index, message) in schema.messages.iter().enumerate() {
            let own = message.full.rsplit('.').next().unwrap_or_default();
            holders[index].insert(plain(own));
            for field in &message.fields {
                *having.entry(plain(&field.name)).or_default() += 1;
                if let Held::Message(held) = field.held {
                    holders[held].insert(plain(&field.name));
                }
            }
        }
        for service in &schema.services {
            for method in &service.methods {
                for (message, word) in [(method.input, "request"), (method.output, "response")] {
                    if let Some(message) = message {
                        holders[message].insert(word.to_owned());
                    }
                }
            }
        }
        Nearby { schema, holders, having }
    }

    /// Where fields that are wanted are named in a file, for what following its types did not find. `known` are the lines on
    /// which a name is known to mean something else.
    pub fn look(
        &self,
        code: &Code<'_>,
        wanted: &BTreeSet<Element>,
        known: &BTreeSet<(u32, String)>,
        sure: &BTreeMap<(u32, Element), Reference>,
    ) -> Vec<Reference> {
        let lang = seam_extract::lang::of_path(code.path);
        let words = words(code.path, code.text);
        let mut by_line: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for word in &words {
            by_line.entry(word.line).or_default().push(&word.name);
        }
        let mut out = Vec::new();
        for element in wanted {
            self.named(code, element, lang, &words, &mut out);
            let Element::Field(full, field) = element else { continue };
            let Some(index) = self.schema.messages.iter().position(|m| m.full == *full) else { continue };
            let mut spellings = spelled(lang, field);
            spellings.insert(names::camel(field));
            let alone = self.having.get(&plain(field)) == Some(&1) && field.len() > 2;
            let beside = |line: u32| {
                let near = by_line.range(line.saturating_sub(BESIDE)..=line + BESIDE).flat_map(|(_, w)| w);
                let others = self.schema.messages[index].fields.iter().filter(|f| f.name != *field);
                let others: BTreeSet<String> = others.flat_map(|f| spelled(lang, &f.name)).collect();
                near.into_iter().any(|w| others.contains(*w))
            };
            let mut carried: BTreeSet<u32> = BTreeSet::new();
            let note = |line: u32, what: Use, certainty: Certainty| Reference {
                path: code.path.to_owned(),
                line,
                element: element.clone(),
                certainty,
                what,
            };
            let typed = lang == Some(Lang::Go);
            for word in words.iter().filter(|w| spellings.contains(w.name.as_str())) {
                let here = sure.contains_key(&(word.line, element.clone())) && (!typed || word.stand != Stand::Bare);
                let counts = match word.stand {
                    _ if known.contains(&(word.line, word.name.to_string())) => false,
                    _ if typed => false,
                    Stand::Member => {
                        alone
                            || self.holders[index].contains(&plain(&word.base))
                            || self.holders[index]
                                .iter()
                                .any(|h| h.len() > 3 && plain(&word.base).ends_with(h.as_str()))
                            || beside(word.line)
                    }
                    Stand::Key | Stand::Short => beside(word.line) || (alone && word.stand == Stand::Short),
                    Stand::Bare => false,
                };
                if counts || here {
                    let what = if word.stand == Stand::Key { Use::Writes } else { Use::Reads };
                    if !here {
                        out.push(note(word.line, what, Certainty::Likely));
                    }
                    // The name is given the value here, or by the pattern that it stands in.
                    let binds = word.stand == Stand::Short
                        || words.iter().any(|w| {
                            w.line == word.line
                                && w.stand == Stand::Bare
                                && w.bound
                                && spellings.contains(w.name.as_str())
                        });
                    if binds {
                        carried.insert(word.line);
                    }
                }
            }
            self.carry(code, &words, &spellings, &carried, &mut |line| {
                out.push(note(line, Use::Carries, Certainty::Likely))
            });
        }
        out.sort();
        out.dedup_by(|a, b| (a.line, &a.element) == (b.line, &b.element));
        out
    }

    /// Where a type, a service or a method is named, in languages whose mentions are not followed.
    fn named(&self, code: &Code<'_>, element: &Element, lang: Option<Lang>, words: &[Word], out: &mut Vec<Reference>) {
        let Some(lang) = lang.filter(|l| *l != Lang::Go) else { return };
        let own = |name: &str| code.outline.types.iter().any(|t| t.name == name);
        let (spellings, what): (BTreeSet<String>, Use) = match element {
            Element::Field(..) => return,
            Element::Message(_) | Element::Enum(_) => ([element.name().to_owned()].into(), Use::Names),
            Element::Value(_, name) => ([name.clone(), names::pascal(&name.to_lowercase())].into(), Use::Names),
            Element::Service(_) => {
                let name = element.name();
                (names::SERVICE_SUFFIXES.iter().map(|end| format!("{name}{end}")).collect(), Use::Names)
            }
            Element::Rpc(service, name) => {
                let service = service.rsplit('.').next().unwrap_or(service);
                if !code.text.contains(service) {
                    return;
                }
                (names::of_rpc(lang, name).into_iter().collect(), Use::Calls)
            }
        };
        let method = matches!(element, Element::Rpc(..));
        for word in words.iter().filter(|w| spellings.contains(w.name.as_str())) {
            let declares = code.outline.functions.iter().any(|f| f.name == word.name && f.line == word.line);
            let stands = !method || word.stand != Stand::Bare || declares;
            if stands && (method || !own(&word.name)) {
                let what = if declares && method { Use::Serves } else { what };
                let path = code.path.to_owned();
                let certainty = Certainty::Likely;
                out.push(Reference { path, line: word.line, element: element.clone(), certainty, what });
            }
        }
    }

    /// Lines on which a name of a function holds the value that it was given on one of these.
    fn carry(
        &self,
        code: &Code<'_>,
        words: &[Word],
        spellings: &BTreeSet<String>,
        from: &BTreeSet<u32>,
        note: &mut dyn FnMut(u32),
    ) {
        let starts: BTreeSet<u32> = code.outline.functions.iter().map(|f| f.line).collect();
        for start in from {
            let end = starts.range(start + 1..).next().copied().unwrap_or(u32::MAX);
            for word in words.iter().filter(|w| w.line > *start && w.line < end && !from.contains(&w.line)) {
                if matches!(word.stand, Stand::Bare | Stand::Short) && spellings.contains(word.name.as_str()) {
                    note(word.line);
                }
            }
        }
    }
}

impl World<'_> {
    /// The message that a type repeats. In Go, where services mostly use generated types, only if functions make one of the other.
    pub fn repeats(&self, ty: usize) -> Option<usize> {
        let typed = self.files[self.types[ty].file].outline.lang == Lang::Go;
        self.mirror(ty).filter(|m| !typed || self.translated.contains(&(ty, *m)))
    }

    /// The message that a type of the workspace repeats: called as it is (`Money`, `MoneyDto`) with one field of it, or with
    /// most of its fields.
    pub fn mirror(&self, ty: usize) -> Option<usize> {
        let declared = &self.types[ty];
        let fields: BTreeSet<String> =
            declared.ty.fields.iter().map(|f| plain(if f.json.is_empty() { &f.name } else { &f.json })).collect();
        if fields.is_empty() {
            return None;
        }
        let name = plain(&declared.ty.name);
        let mut best: Option<(usize, usize)> = None;
        for (index, message) in self.schema.messages.iter().enumerate().filter(|(_, m)| !m.fields.is_empty()) {
            let same = message.fields.iter().filter(|f| fields.contains(&plain(&f.name))).count();
            let own = plain(message.full.rsplit('.').next().unwrap_or_default());
            let called = name == own
                || ["dto", "data", "json", "model", "response", "request"]
                    .iter()
                    .any(|end| name.strip_suffix(end) == Some(own.as_str()));
            let enough = (called && same >= 1)
                || (same >= 2 && same * 3 >= message.fields.len() * 2 && same * 2 >= fields.len());
            let rank = same * 2 + usize::from(called) * 3;
            if enough && best.is_none_or(|(b, _)| rank > b) {
                best = Some((rank, index));
            }
        }
        best.map(|(_, index)| index)
    }
}
