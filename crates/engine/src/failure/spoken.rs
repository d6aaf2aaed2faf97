//! What a text speaks of that only texts know: messages under names, errors by their types, types of messages, fields that
//! somebody writes, what a failing test is about.
//!
//! Invariant: words that code writes, looked for in the code; nothing here follows the map, so that it also leads to sides
//! that the map does not join, and counts less.

use super::board::{Board, Clue};
use super::clues::Kind;
use super::places::Place;
use super::sides::Sides;
use regex::Regex;
use seam_facts::{Claim, SmolStr};
use std::collections::BTreeSet;

impl Sides<'_> {
    /// Code that uses a message by the name that it stands under.
    pub(crate) fn users(&self, message: &super::sayings::Named, reporter: Option<usize>, board: &mut Board) {
        let place = self.line(&message.path, message.line);
        let says = format!("holds this message, as `{}`: `{}`", message.name, message.template);
        board.add(&place, Clue { kind: "message", weight: message.weight * 0.75, says, at: "" });
        let Ok(re) =
            Regex::new(&format!(r"\b{}\b", regex::escape(message.name.rsplit('.').next().unwrap_or(&message.name))))
        else {
            return;
        };
        let owner = self.sources.node_of(&message.path).or(reporter);
        let mut found: Vec<(bool, Place)> = Vec::new();
        for (path, _) in self.sources.snapshot.base().files() {
            if *path == message.path || self.sources.uses(path).is_none() || seam_graph::is_test(path) {
                continue;
            }
            let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
            let uses = |l: &str| {
                re.is_match(l)
                    && !l.trim_start().starts_with("import")
                    && !l.contains(" String ")
                    && !l.contains("const ")
            };
            let lines: Vec<&str> = text.lines().collect();
            let raised = |n: usize| {
                let near = lines[n.saturating_sub(2)..=n].join(" ").to_lowercase();
                ["throw", "raise", "error", "exception", "panic", "reject", "fail"].iter().any(|w| near.contains(w))
            };
            let hits: Vec<usize> = lines.iter().enumerate().filter(|(_, l)| uses(l)).map(|(n, _)| n).collect();
            let best = hits.iter().find(|n| raised(**n)).or_else(|| hits.first());
            if let Some(n) = best {
                let here = owner.is_none() || self.sources.node_of(path) == owner;
                found.push((here, self.line(path, *n as u32 + 1)));
            }
        }
        if found.iter().any(|(here, _)| *here) {
            found.retain(|(here, _)| *here);
        }
        let crowd = (found.len().max(1) as f64).sqrt();
        for (_, place) in found.into_iter().take(6) {
            let says = format!("uses the message `{}`, which is `{}`", message.name, message.template);
            board.add(&place, Clue { kind: "message", weight: message.weight * 0.95 / crowd, says, at: "" });
        }
    }

    /// Code that raises an error of a type: where its message, or its name, only leads to the type.
    pub(crate) fn raisers(&self, name: &str, weight: f64, board: &mut Board) {
        let declaring = self.sources.declaring(name);
        if declaring.is_empty() || declaring.len() > 4 {
            return;
        }
        let owners: BTreeSet<usize> = declaring.iter().filter_map(|p| self.sources.node_of(p)).collect();
        let name = regex::escape(name);
        let Ok(re) = Regex::new(&format!(
            r"(?:new\s+|throw\s+|raise\s+|->\s*){name}\b|\b{name}(?:\.|::)\w+\(|\b{name}\(|{name}::new|raise {name}"
        )) else {
            return;
        };
        let mut found: Vec<(bool, Place)> = Vec::new();
        for (path, _) in self.sources.snapshot.base().files() {
            if declaring.contains(&path) || self.sources.uses(path).is_none() || seam_graph::is_test(path) {
                continue;
            }
            let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
            let raises = |l: &str| {
                let start = l.trim_start();
                re.is_match(l)
                    && !["import", "catch", "except", "} catch", "@", "using", "*", "//", "from"]
                        .iter()
                        .any(|w| start.starts_with(w))
                    && !l.contains("catch (")
                    && !l.contains("instanceof")
            };
            if let Some(n) = text.lines().position(raises) {
                let own = self.sources.node_of(path).is_some_and(|n| owners.contains(&n)) || owners.is_empty();
                found.push((own, self.line(path, n as u32 + 1)));
            }
        }
        if found.iter().any(|(own, _)| *own) {
            found.retain(|(own, _)| *own);
        }
        let crowd = (found.len().max(1) as f64).sqrt();
        for (_, place) in found.into_iter().take(6) {
            let says = format!("raises `{}`", name.replace('\\', ""));
            board.add(&place, Clue { kind: "raiser", weight: weight / crowd, says, at: "" });
        }
    }

    /// Types of messages that the text names: their copies in other services, and who puts them together.
    pub(crate) fn types(
        &self,
        words: &BTreeSet<String>,
        own: &BTreeSet<SmolStr>,
        reporter: Option<usize>,
        board: &mut Board,
    ) {
        let data = if self.clues.kinds.contains(&Kind::Data) { 1.0 } else { 0.6 };
        for word in words {
            let declaring = self.sources.declaring(word);
            if declaring.is_empty() || declaring.len() > 8 {
                continue;
            }
            let other = |path: &SmolStr| !own.contains(path) && self.sources.node_of(path) != reporter;
            let copies: Vec<&&SmolStr> = declaring.iter().filter(|p| other(p)).collect();
            let made = [
                format!("new {word}("),
                format!("new {word} "),
                format!("{word}{{"),
                format!("{word} {{"),
                format!("{word}("),
                format!("%{word}{{"),
                format!("{word}.new"),
            ];
            let mut makers: Vec<Place> = Vec::new();
            for (path, _) in self
                .sources
                .snapshot
                .base()
                .files()
                .filter(|(p, _)| other(p) && self.sources.uses(p).is_some() && !seam_graph::is_test(p))
            {
                if declaring.contains(&path) {
                    continue;
                }
                let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
                if !text.contains(word.as_str()) {
                    continue;
                }
                let makes = |l: &str| {
                    made.iter().any(|m| l.contains(m.as_str()))
                        && !l.contains("class ")
                        && !l.contains("handle")
                        && !l.contains("Handle")
                };
                if let Some(n) = text.lines().position(makes) {
                    makers.push(self.line(path, n as u32 + 1));
                }
            }
            let crowd = (makers.len().max(1) as f64).sqrt();
            for place in makers.into_iter().take(6) {
                let says = format!("puts together a `{word}`, of which the text speaks");
                board.add(&place, Clue { kind: "sender", weight: 0.62 * data / crowd, says, at: "" });
            }
            let crowd = (copies.len().max(1) as f64).sqrt();
            for path in copies {
                let read = self.sources.said(path);
                let line = read.0.types.iter().find(|(n, _)| n == word.as_str()).map_or(1, |(_, at)| at.line);
                let says = format!("declares `{word}` in another service");
                board.add(&self.line(path, line), Clue { kind: "field", weight: 0.5 * data / crowd, says, at: "" });
            }
        }
    }

    /// What a failing test is about: the file of its name, and what it mentions.
    pub(crate) fn tested(&self, path: &SmolStr, weight: f64, board: &mut Board) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name).to_lowercase();
        let parts = ["test", "tests", "spec", "it", "integration", "unit"];
        let bare = parts.iter().fold(stem.clone(), |s, p| {
            let s = s.strip_prefix(&format!("{p}_")).map_or(s.clone(), ToOwned::to_owned);
            let s = s.strip_suffix(&format!("_{p}")).map_or(s.clone(), ToOwned::to_owned);
            s.strip_suffix(p).filter(|s| s.len() > 3).map_or(s.clone(), ToOwned::to_owned)
        });
        let near = |other: &str| path.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count();
        let stem_of = |p: &str| p.rsplit('/').next().unwrap_or(p).split('.').next().unwrap_or_default().to_lowercase();
        let same =
            self.sources.snapshot.base().files().map(|(p, _)| p).filter(|p| {
                *p != path && !seam_graph::is_test(p) && self.sources.uses(p).is_some() && stem_of(p) == bare
            });
        if let Some(best) = same.max_by_key(|p| near(p)) {
            let says = format!("is what `{name}` tests, by its name");
            board.add(&self.line(best, 1), Clue { kind: "tested", weight, says, at: "" });
        }
        for test in self.graph().tests.iter().filter(|t| t.at.path == *path) {
            for covered in &test.covers {
                for path in self.sources.declaring(covered).iter().take(2) {
                    let says = format!("declares `{covered}`, which the failing test mentions");
                    board.add(&self.line(path, 1), Clue { kind: "tested", weight: weight * 0.7, says, at: "" });
                }
            }
        }
    }

    /// Code that writes a field which is said to be missing, and speaks of the same things as the frames: for sides that the
    /// map does not join. `spoken`: names of the functions and types of the frames; `own`: their files.
    pub(crate) fn writers(&self, spoken: &BTreeSet<String>, own: &BTreeSet<SmolStr>, board: &mut Board) {
        if !self.clues.kinds.contains(&Kind::Data) || spoken.is_empty() {
            return;
        }
        for (field, _) in self.clues.fields.iter().filter(|(f, _)| f.len() > 2) {
            let name = regex::escape(field);
            // A key that is given a value; not a field that is declared with a type.
            let Ok(quoted) = Regex::new(&format!(r#"["']{name}["']\s*(?:=>|:|\]\s*=)|\[:?{name}\]\s*=|:{name}\s*=>"#))
            else {
                continue;
            };
            let Ok(bare) =
                Regex::new(&format!(r"\b{name}:\s*[^;]*[,}})]?$|\b(?i:set{name})\(|\.(?i:{name})\(|\b(?i:{name}) = "))
            else {
                continue;
            };
            let roots: BTreeSet<&str> = own.iter().filter_map(|p| p.split('/').next()).collect();
            let mut found: Vec<(usize, Place)> = Vec::new();
            for (path, _) in self.sources.snapshot.base().files().filter(|(p, _)| !own.contains(*p)) {
                if self.sources.uses(path).is_none() || seam_graph::is_test(path) {
                    continue;
                }
                let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
                if !text.contains(field.as_str()) {
                    continue;
                }
                let lines: Vec<&str> = text.lines().collect();
                let strict = [".py", ".rb", ".php", ".ex", ".exs"].iter().any(|e| path.ends_with(e));
                let writes = |l: &str| quoted.is_match(l) || !strict && bare.is_match(l);
                let best = lines.iter().enumerate().filter(|(_, l)| writes(l)).map(|(n, _)| {
                    let near = lines[n.saturating_sub(12)..(n + 13).min(lines.len())].join(" ");
                    let words: BTreeSet<String> = crate::context::split_words(&near).into_iter().collect();
                    let sends = ["publish", "send", "emit", "produc", "dispatch", "respond", "jsonify", "dump", "push"];
                    let sent = usize::from(sends.iter().any(|s| words.iter().any(|w| w.starts_with(s))));
                    let far = usize::from(!path.split('/').next().is_some_and(|root| roots.contains(root)));
                    (words.intersection(spoken).count() + 2 * sent + far, n as u32 + 1)
                });
                if let Some((shared, line)) = best.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)))
                    && shared > 2
                {
                    found.push((shared, self.line(path, line)));
                }
            }
            found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
            let best = found.first().map_or(0, |f| f.0);
            for (shared, place) in found.into_iter().take(5) {
                let weight = 0.6 * shared as f64 / best.max(4) as f64;
                let says = format!("writes `{field}`, and speaks of what the frames speak of");
                board.add(&place, Clue { kind: "field", weight, says, at: "" });
            }
        }
    }

    /// Types of other services with a field that is said to be missing or unknown.
    pub(crate) fn fields(&self, reporter: Option<usize>, board: &mut Board) {
        let graph = self.graph();
        let Some(reporter) = reporter else { return };
        let peers: BTreeSet<usize> = graph
            .edges
            .iter()
            .filter(|e| e.from == reporter || e.to == reporter)
            .flat_map(|e| [e.from, e.to])
            .collect();
        for (field, _) in &self.clues.fields {
            let mut found: Vec<(f64, Place, String)> = Vec::new();
            for (path, fact) in self.sources.snapshot.base().facts() {
                let Claim::Shape(shape) = &fact.claim else { continue };
                let Some(at) = shape.fields.iter().find(|f| f.name == field.as_str()) else { continue };
                let owner = self.sources.node_of(path);
                let named = self.clues.types.iter().any(|(t, _)| shape.name.rsplit('.').next() == Some(t));
                if named || owner.is_some_and(|o| peers.contains(&o) && o != reporter) {
                    let says = format!("`{}` has the field `{field}` here", shape.name);
                    found.push((if named { 0.6 } else { 0.4 }, self.line(path, at.line), says));
                }
            }
            let crowd = (found.len().max(1) as f64).sqrt();
            for (weight, place, says) in found.into_iter().take(8) {
                board.add(&place, Clue { kind: "field", weight: weight / crowd, says, at: "" });
            }
        }
    }
}
