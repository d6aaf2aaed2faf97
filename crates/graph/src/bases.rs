//! Base addresses of clients that come from another function or variable than the one that made them.
//!
//! `getOrders()` gives out what `createClient(url)` made, once; `orders` holds it. An extractor states the base of what it sees
//! being made (`createClient.<base>`), and only linking knows who hands that on. Invariant: a base is followed only along what is
//! returned or held as it is; whoever makes something else of a client has no base.

use crate::index::{FileId, name_of, owner_of};
use crate::resolve::{Frame, Text, View, unique};
use seam_facts::{Hole, SmolStr, Value, format_smolstr};

const BASE: &str = ".<base>";

impl<'a> View<'_, 'a> {
    /// The base of what a function gives out, as far as it has that from another.
    pub(crate) fn base_made(
        &self,
        callee: &str,
        args: &[Value],
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Option<Vec<Text<'a>>> {
        let maker = callee.strip_suffix(BASE)?;
        let returns = self.index.returns.get(name_of(maker)).into_iter().flatten();
        let returned = returns.map(|(at, result, fact)| (*at, &result.function, &result.value, *fact));
        self.base_of((maker, args), returned.collect(), file, frame, depth)
    }

    /// The base of what a variable or field holds.
    pub(crate) fn base_held(&self, path: &str, file: FileId, depth: usize) -> Option<Vec<Text<'a>>> {
        let holder = path.strip_suffix(BASE)?;
        let constants = self.index.constants.get(name_of(holder)).into_iter().flatten();
        let held = constants.map(|(at, constant, fact)| (*at, &constant.symbol, &constant.value, *fact));
        self.base_of((holder, &[]), held.collect(), file, None, depth)
    }

    fn base_of(
        &self,
        (asked, args): (&str, &[Value]),
        stated: Vec<(FileId, &'a SmolStr, &'a Value, &'a seam_facts::Fact)>,
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Option<Vec<Text<'a>>> {
        let owner = owner_of(asked);
        let fits = |(at, symbol, value, fact): (FileId, &'a SmolStr, &'a Value, &'a seam_facts::Fact)| {
            let rank = self.matches(asked, owner, symbol, at, file).filter(|_| self.territory.sees(at))?;
            Some((rank, at, symbol, value, fact))
        };
        let found: Vec<_> = stated.into_iter().filter_map(fits).collect();
        let best = found.iter().map(|f| f.0).max()?;
        let mut out = Vec::new();
        for (_, at, symbol, value, fact) in found.into_iter().filter(|f| f.0 == best) {
            let inner = Frame { function: symbol, args, file, outer: frame };
            let mut texts = self.base_behind(value, at, &inner, depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            out.extend(texts);
        }
        (!out.is_empty()).then(|| unique(out))
    }

    /// The base of what a value is: of what the called function makes, of what the named variable holds.
    fn base_behind(&self, value: &Value, file: FileId, frame: &Frame<'_, '_>, depth: usize) -> Vec<Text<'a>> {
        let texts = match value.as_hole() {
            _ if depth == 0 => Vec::new(),
            Some(Hole::Result { callee, args }) if !callee.ends_with('>') => {
                self.result(&format_smolstr!("{callee}{BASE}"), args, file, Some(frame), depth)
            }
            Some(Hole::Ref(path)) if !path.ends_with('>') => {
                self.reference(&format_smolstr!("{path}{BASE}"), file, depth)
            }
            Some(Hole::Either(values)) => {
                values.iter().flat_map(|v| self.base_behind(v, file, frame, depth.saturating_sub(1))).collect()
            }
            _ => Vec::new(),
        };
        texts.into_iter().filter(|t| !t.open).collect()
    }
}
