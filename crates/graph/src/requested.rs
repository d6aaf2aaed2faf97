//! Requests that are described by an object: `SendAsync(new RequestDto { Url = "/orders", Method = HttpMethod.Post })`.
//!
//! Invariant: what one literal says stays together. Joined freely, the method of one caller would stand before the path of
//! another, and every caller would ask for everything.

use crate::edges::Edges;
use crate::index::{FileId, last};
use crate::resolve::Text;
use seam_facts::{Call, Claim, Constant, Fact, Hole, Part, Pass, SmolStr, Value};

/// Lines that a literal takes up before the call that is given it, at most.
const MOST: u32 = 24;

/// A call that is given an object made there, and what its fields say.
type Given<'a> = (FileId, &'a Fact, Vec<(&'a Constant, &'a Fact)>);

impl<'a> Edges<'_, 'a> {
    /// The addresses of a request whose target is a field of such an object, each with the method that goes with it.
    pub(crate) fn described(&self, node: usize, call: &Call, file: FileId) -> Option<Vec<Text<'a>>> {
        let (path, ty, field) = field_of(&call.target)?;
        let view = self.linker.view(node);
        let mut out = Vec::new();
        for (at, fact, fields) in self.given(node, &ty) {
            let of = |name: &str| fields.iter().find(|(c, _)| last(&c.symbol) == name);
            let Some((target, _)) = of(&field) else { continue };
            let texts = view.texts(&target.value, at);
            let Some(said) = texts.first().filter(|t| !t.text.is_empty()) else { continue };
            let method = fields.iter().find_map(|(c, _)| {
                let name = last(&c.symbol).to_ascii_lowercase();
                let speaks = ["method", "verb", "apitype", "requesttype"].iter().any(|w| name.contains(w));
                let texts = if speaks { view.texts(&c.value, at) } else { Vec::new() };
                texts.first().and_then(|t| crate::calls::method(&t.text))
            });
            for mut text in view.texts(&filled(&call.target, &path, &said.text), file) {
                text.open = text.text.contains('{');
                text.verb = method.clone();
                text.via.extend(said.via.iter().copied());
                text.via.push((at, fact));
                out.push(text);
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// The calls of a node's code that are given an object of this type that is made for them.
    fn given(&self, node: usize, ty: &str) -> Vec<Given<'a>> {
        let mut out: Vec<Given<'a>> = Vec::new();
        let mut fields: Vec<(FileId, &'a Constant, &'a Fact)> = Vec::new();
        for (file, fact) in self.linker.visible_facts(node) {
            match &fact.claim {
                Claim::Pass(pass) if makes(pass, ty) => out.push((file, fact, Vec::new())),
                Claim::Constant(c) if owner(&c.symbol) == ty => fields.push((file, c, fact)),
                _ => {}
            }
        }
        out.sort_by_key(|(file, fact, _)| (*file, fact.at.line));
        let ends: Vec<(FileId, u32)> =
            out.iter().map(|(file, fact, _)| (*file, fact.at.end_line.max(fact.at.line))).collect();
        for (index, (file, fact, own)) in out.iter_mut().enumerate() {
            let before = index.checked_sub(1).map(|i| ends[i]).filter(|(at, _)| at == file).map_or(0, |(_, line)| line);
            let (from, to) = (before.max(fact.at.line.saturating_sub(MOST)), ends[index].1);
            let here =
                |(at, _, f): &&(FileId, &'a Constant, &'a Fact)| at == file && f.at.line > from && f.at.line <= to;
            own.extend(fields.iter().filter(here).map(|(_, c, f)| (*c, *f)));
        }
        out
    }
}

/// The only field of a type that a target is made of: the whole name, the type and the field.
fn field_of(target: &Value) -> Option<(SmolStr, SmolStr, SmolStr)> {
    let mut found: Option<SmolStr> = None;
    for hole in target.holes() {
        if let Hole::Ref(path) = hole
            && owner(path).starts_with(|c: char| c.is_ascii_uppercase())
            && ["url", "uri", "path", "endpoint", "address", "route"]
                .iter()
                .any(|w| last(path).to_ascii_lowercase().ends_with(w))
        {
            if found.as_ref().is_some_and(|known| known != path) {
                return None;
            }
            found = Some(path.clone());
        }
    }
    let path = found?;
    let (ty, field) = (SmolStr::from(owner(&path)), SmolStr::from(last(&path)));
    Some((path, ty, field))
}

/// The type before the last part of a name.
fn owner(symbol: &str) -> &str {
    let name = symbol.rsplit_once('#').map_or(symbol, |(_, n)| n);
    let of = name.rsplit_once('.').map_or("", |(of, _)| of);
    of.rsplit('.').next().unwrap_or(of)
}

fn makes(pass: &Pass, ty: &str) -> bool {
    pass.args.iter().any(|a| match a.value.as_hole() {
        Some(Hole::Result { callee, .. }) => {
            callee.strip_suffix(".<init>").is_some_and(|t| last(t) == ty || t.ends_with(&format!("#{ty}")))
        }
        _ => false,
    })
}

/// A value with a text in the place of what a name stands for.
fn filled(value: &Value, path: &str, text: &str) -> Value {
    let mut out = Value::default();
    for part in &value.parts {
        let next = match part {
            Part::Hole(Hole::Ref(name)) if name == path => Value::text(text),
            Part::Hole(Hole::Either(all)) => {
                let all = all.iter().map(|v| filled(v, path, text)).collect();
                Value { parts: vec![Part::Hole(Hole::Either(all))] }
            }
            part => Value { parts: vec![part.clone()] },
        };
        out = out.then(next);
    }
    out
}
