//! A value with holes to the texts that it may be, each with the places that say so.
//!
//! Holes are filled in the view of one node: its environment first, then its configuration, then constants, results and
//! arguments of the code it sees. Several answers are kept (profiles, overrides, callers); what stays open is written
//! `{name}`, so that a path keeps its shape. Depth and number of answers are bounded; beyond them a value stays open.

use crate::deploy::project_environment;
use crate::groups::{VALUES, included};
use crate::index::{FileId, Index, folder, last, name_of, owner_of, squash};
use crate::parameters::handed_in;
use crate::scope::{Home, Scope, Set};
use crate::territory::Territory;
use seam_facts::{
    Constant, ENVIRONMENT_PREFIX, FLAG, FORMAT, Fact, Hole, Part, Setting, SettingScope, SmolStr, Value, format_smolstr,
};

const MAX_DEPTH: usize = 14;
const MAX_TEXTS: usize = 40;
/// Holes that are looked into for one value. Functions that hand one another's results on multiply the ways to an answer
/// at each step; a value that takes more than this is nothing that people could follow either.
pub(crate) const MAX_STEPS: usize = 20_000;

/// One thing that a value may be.
#[derive(Clone, Debug)]
pub(crate) struct Text<'a> {
    pub text: String,
    /// Part of it is not known.
    pub open: bool,
    /// Only a default in code says so.
    pub default: bool,
    pub via: Vec<(FileId, &'a Fact)>,
    /// The HTTP method that the same caller says.
    pub verb: Option<SmolStr>,
}

impl Text<'_> {
    fn plain(text: &str) -> Self {
        Text { text: text.to_owned(), open: false, default: false, via: Vec::new(), verb: None }
    }

    pub fn unknown(name: &str) -> Self {
        Text { text: format!("{{{name}}}"), open: true, default: false, via: Vec::new(), verb: None }
    }
}

/// What a function returns: how surely it is the function that is asked about, its symbol, and where it says so.
pub(crate) type Returned<'a> = (u8, FileId, &'a SmolStr, &'a Value, &'a Fact);

/// The arguments that stand for a function's parameters while its result is followed.
pub(crate) struct Frame<'f, 'v> {
    pub function: &'f str,
    pub args: &'v [Value],
    pub file: FileId,
    pub outer: Option<&'f Frame<'f, 'v>>,
}

impl Frame<'_, '_> {
    /// Whether arguments of this function are at hand.
    fn gives(&self, function: &str) -> bool {
        self.function == function || self.outer.is_some_and(|o| o.gives(function))
    }
}

/// One node's view.
pub(crate) struct View<'l, 'a> {
    pub index: &'l Index<'a>,
    pub territory: &'l Territory<'a>,
    pub scope: &'l Scope<'a>,
}

impl<'a> View<'_, 'a> {
    /// What `value`, stated in `file`, may be.
    pub fn texts(&self, value: &Value, file: FileId) -> Vec<Text<'a>> {
        self.scope.steps.set(0);
        let mut out =
            self.by_caller(value, file, MAX_DEPTH).unwrap_or_else(|| self.value(value, file, None, MAX_DEPTH));
        out.sort_by(|a, b| (a.open, a.default, &a.text).cmp(&(b.open, b.default, &b.text)));
        out.dedup_by(|a, b| a.text == b.text);
        out
    }

    /// What a value may be. At a depth of none its holes are not followed any more; whoever counts down to that stops there.
    pub fn value(&self, value: &Value, file: FileId, frame: Option<&Frame<'_, '_>>, depth: usize) -> Vec<Text<'a>> {
        let mut out = vec![Text::plain("")];
        for part in &value.parts {
            match part {
                Part::Text(text) => out.iter_mut().for_each(|t| t.text.push_str(text)),
                Part::Hole(hole) => {
                    let options = self.hole(hole, file, frame, depth);
                    let mut next = Vec::with_capacity(out.len() * options.len());
                    for head in &out {
                        for tail in &options {
                            if next.len() >= MAX_TEXTS {
                                break;
                            }
                            let mut joined = head.clone();
                            joined.text.push_str(&tail.text);
                            joined.open |= tail.open;
                            joined.default |= tail.default;
                            joined.via.extend(tail.via.iter().copied());
                            next.push(joined);
                        }
                    }
                    out = next;
                }
            }
        }
        out
    }

    fn hole(&self, hole: &Hole, file: FileId, frame: Option<&Frame<'_, '_>>, depth: usize) -> Vec<Text<'a>> {
        let steps = self.scope.steps.get();
        if depth == 0 || steps >= MAX_STEPS {
            return vec![Text::unknown("")];
        }
        self.scope.steps.set(steps + 1);
        match hole {
            Hole::Opaque(_) => vec![Text::unknown("")],
            Hole::Env { name, default } => {
                let found = self.environment(name, depth);
                self.or_default(found, name, default.as_deref(), file, frame, depth)
            }
            Hole::Config { key, default } => {
                let found = self.configuration(key, depth);
                self.or_default(found, key, default.as_deref(), file, frame, depth)
            }
            Hole::Either(values) => {
                // What the caller hands over comes before what stands for it where nobody does.
                if let Some(Hole::Param { function, index, name }) = values.first().and_then(Value::as_hole)
                    && frame.is_some_and(|f| f.gives(function))
                    && !values[1..].iter().flat_map(handed_in).any(|h| matches!(h, Hole::Param { .. }))
                {
                    let given = self.param(function, *index as usize, name, file, frame, depth);
                    if given.iter().any(|t| !t.open) {
                        return given;
                    }
                }
                let mut out: Vec<Text<'a>> =
                    values.iter().flat_map(|v| self.value(v, file, frame, depth.saturating_sub(1))).collect();
                if out.iter().any(|t| !t.open) {
                    out.retain(|t| !t.open);
                }
                // What is empty stands for what nobody has said.
                if out.iter().any(|t| !t.text.is_empty()) {
                    out.retain(|t| !t.text.is_empty());
                }
                out.truncate(MAX_TEXTS);
                out
            }
            Hole::Ref(path) => self.reference(path, file, depth),
            Hole::Param { function, index, name } => {
                let found = self.param(function, *index as usize, name, file, frame, depth);
                // An element of what nobody is seen to hand over is called as it is written.
                if name.contains(".*") && found.iter().all(|t| t.open) {
                    vec![Text::unknown(last(name))]
                } else {
                    found
                }
            }
            Hole::Result { callee, args } => self.result(callee, args, file, frame, depth),
        }
    }

    fn or_default(
        &self,
        found: Vec<Text<'a>>,
        name: &str,
        default: Option<&Value>,
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Vec<Text<'a>> {
        // A chart's value that is left empty is not given.
        let given = default.is_none() || !name.starts_with(VALUES) || found.iter().any(|t| !t.text.is_empty());
        if !found.is_empty() && given {
            return found;
        }
        match default {
            Some(default) => {
                let mut out = self.value(default, file, frame, depth.saturating_sub(1));
                out.iter_mut().for_each(|t| t.default = true);
                out
            }
            None => vec![Text::unknown(name)],
        }
    }

    /// A variable of the node's environment. Names are compared without case and separators only when nothing matches
    /// exactly, because that is how configuration binding reads them.
    fn environment(&self, name: &str, depth: usize) -> Vec<Text<'a>> {
        self.known(true, name, depth, || self.in_environment(name, depth))
    }

    /// Each key is followed once for each depth: variants of a deployment that set keys by other keys would multiply.
    fn known(
        &self,
        environment: bool,
        name: &str,
        depth: usize,
        follow: impl FnOnce() -> Vec<Text<'a>>,
    ) -> Vec<Text<'a>> {
        let key = (environment, name.to_owned(), depth);
        if let Some(texts) = self.scope.known.borrow().get(&key) {
            return texts.clone();
        }
        let texts = follow();
        if self.scope.steps.get() < MAX_STEPS {
            self.scope.known.borrow_mut().insert(key, texts.clone());
        }
        texts
    }

    fn in_environment(&self, name: &str, depth: usize) -> Vec<Text<'a>> {
        let key = squash(name);
        for map in [&self.scope.environment, &self.scope.fallback] {
            let Some(sets) = map.get(&key) else { continue };
            let exact: Vec<&Set<'a>> = sets.iter().filter(|s| s.key == name).collect();
            let sets = if exact.is_empty() { sets.iter().collect() } else { exact };
            // What a dotenv file leaves empty is for people to fill in.
            let weak = std::ptr::eq(map, &self.scope.fallback);
            let says = |s: &&Set<'a>| !(s.value.is_empty() && (weak || s.is_of_dotenv()));
            let out: Vec<Text<'a>> = sets.into_iter().filter(says).flat_map(|s| self.set(s, name, depth)).collect();
            if !out.is_empty() {
                return unique(out);
            }
        }
        let given = self.scope.platform.variable(name);
        given.map(|(text, at)| Text { via: vec![at], ..Text::plain(&text) }).into_iter().collect()
    }

    /// A key of the node's configuration, which the environment overrides under its relaxed name.
    fn configuration(&self, key: &str, depth: usize) -> Vec<Text<'a>> {
        self.known(false, key, depth, || self.in_configuration(key, depth))
    }

    /// What a command line gives to a flag: `-name value`, `--name=value`.
    fn flag(&self, name: &str, depth: usize) -> Vec<Text<'a>> {
        let mut out = Vec::new();
        for (file, fact, command) in &self.scope.commands {
            for text in self.value(command, *file, None, depth.saturating_sub(1)) {
                let mut words = text.text.split([' ', '"', '\'', ',', '[', ']']).filter(|w| !w.is_empty());
                while let Some(word) = words.next() {
                    let Some(bare) = word.strip_prefix('-').map(|w| w.trim_start_matches('-')) else { continue };
                    let value = match bare.split_once('=') {
                        Some((flag, value)) if flag == name => Some(value),
                        None if bare == name => words.next().filter(|v| !v.starts_with('-')),
                        Some(_) | None => None,
                    };
                    let open = |value: &str| text.open && value.contains('{');
                    out.extend(value.map(|value| Text {
                        text: value.to_owned(),
                        open: open(value),
                        default: false,
                        via: text.via.iter().copied().chain([(*file, *fact)]).collect(),
                        verb: None,
                    }));
                }
            }
        }
        unique(out)
    }

    fn in_configuration(&self, key: &str, depth: usize) -> Vec<Text<'a>> {
        if let Some(flag) = key.strip_prefix(FLAG) {
            return if depth > 0 { self.flag(flag, depth) } else { Vec::new() };
        }
        if key.contains('*') {
            return self.each_entry(key, depth);
        }
        let squashed = squash(key);
        // A reader of documents may want a prefix in the environment: `APP__DATABASE__URL` is `database.url`.
        let prefixed = self.index.constants.get(name_of(ENVIRONMENT_PREFIX)).into_iter().flatten();
        let prefixed = prefixed.filter(|(at, ..)| self.territory.sees(*at)).filter_map(|(_, c, _)| c.value.as_text());
        let prefixed: Vec<String> = prefixed.map(|prefix| squash(&prefix) + &squashed).collect();
        let own = [
            (&self.scope.environment, &squashed),
            (&self.scope.configuration, &squashed),
            (&self.scope.fallback, &squashed),
        ];
        let environment = prefixed.iter().flat_map(|k| [(&self.scope.environment, k), (&self.scope.fallback, k)]);
        for (map, squashed) in environment.chain(own) {
            if let Some(sets) = map.get(squashed) {
                let out: Vec<Text<'a>> = sets.iter().flat_map(|s| self.set(s, key, depth)).collect();
                if !out.is_empty() {
                    return unique(out);
                }
            }
        }
        let given = self.scope.platform.bound(key);
        given.map(|(text, at)| Text { via: vec![at], ..Text::plain(&text) }).into_iter().collect()
    }

    /// A key within each entry of a list or a map: `routes[*].uri`, `clients.*.url`.
    fn each_entry(&self, key: &str, depth: usize) -> Vec<Text<'a>> {
        let Some((before, after)) = key.split_once('*') else { return Vec::new() };
        let list = before.ends_with('[');
        let (before, after) = (squash(before), squash(after));
        let entry = |key: &str| {
            let middle = key.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str()));
            middle.is_some_and(|m| !m.is_empty() && (!list || m.chars().all(|c| c.is_ascii_digit())))
        };
        for map in [&self.scope.environment, &self.scope.configuration, &self.scope.fallback] {
            let mut keys: Vec<&String> = map.keys().filter(|key| entry(key)).collect();
            keys.sort();
            let sets = keys.into_iter().flat_map(|key| &map[key]);
            let out: Vec<Text<'a>> = sets.flat_map(|s| self.set(s, s.key, depth)).collect();
            if !out.is_empty() {
                return unique(out);
            }
        }
        Vec::new()
    }

    /// What one place gives to a key, without what stays open.
    pub fn given(&self, set: &Set<'a>) -> Vec<SmolStr> {
        let texts = self.set(set, set.key, MAX_DEPTH);
        let mut out: Vec<SmolStr> = texts.into_iter().filter(|t| !t.open).map(|t| t.text.into()).collect();
        out.sort();
        out.dedup();
        out
    }

    fn set(&self, set: &Set<'a>, name: &str, depth: usize) -> Vec<Text<'a>> {
        if depth == 0 {
            return Vec::new();
        }
        let mut out = match set.home {
            Home::Project => self.interpolated(set.value, set.file, name, depth.saturating_sub(1)),
            // `X=${X}` would follow itself.
            Home::Node
                if set
                    .value
                    .holes()
                    .iter()
                    .any(|h| matches!(h, Hole::Env { name: n, .. } | Hole::Config { key: n, .. } if n == name)) =>
            {
                let environment = project_environment(self.index, set.file);
                let text = crate::deploy::interpolate(set.value, &environment);
                if text.is_empty() { Vec::new() } else { vec![Text::plain(&text)] }
            }
            Home::Node => self.value(set.value, set.file, None, depth.saturating_sub(1)),
        };
        out.iter_mut().for_each(|t| t.via.push((set.file, set.fact)));
        out
    }

    /// A compose value: its holes are variables of the project's dotenv file, which may themselves refer to others.
    fn interpolated(&self, value: &Value, file: FileId, name: &str, depth: usize) -> Vec<Text<'a>> {
        if depth == 0 {
            return Vec::new();
        }
        let base = folder(self.index.paths[file]);
        let path = if base.is_empty() { ".env".to_owned() } else { format!("{base}/.env") };
        let mut variables = self.index.dotenv(&path);
        for sourced in self.index.sourced.get(&file).into_iter().flatten() {
            let set = self.index.settings_in(*sourced).filter(|(s, _)| s.scope == SettingScope::Dotenv);
            variables.extend(set.map(|(s, f)| (s, f, *sourced)));
        }
        let mut out = Text::plain("");
        for part in &value.parts {
            match part {
                Part::Text(text) => out.text.push_str(text),
                Part::Hole(Hole::Env { name: variable, default }) => {
                    let found = variables.iter().rev().find(|(s, f, _)| {
                        s.key == *variable && !s.value.is_empty() && !matches!(s.value.as_hole(), Some(Hole::Env { name, .. }) if name == variable && f.at.line > 0)
                    });
                    let text = match (found, default) {
                        (Some((setting, fact, file)), _) => {
                            let mut inner = self.interpolated(&setting.value, *file, variable, depth.saturating_sub(1));
                            inner.iter_mut().for_each(|t| t.via.push((*file, *fact)));
                            inner.into_iter().next()
                        }
                        (None, Some(default)) => {
                            self.interpolated(default, file, name, depth.saturating_sub(1)).into_iter().next()
                        }
                        (None, None) => None,
                    };
                    match text {
                        Some(text) => {
                            out.text.push_str(&text.text);
                            out.open |= text.open;
                            out.via.extend(text.via);
                        }
                        // Kubernetes `$(X)` and shell-provided variables: the node's environment may know.
                        None if variable == name => return Vec::new(),
                        None => {
                            let known = self.environment(variable, depth.saturating_sub(1)).into_iter().next();
                            let text = known.unwrap_or_else(|| Text::unknown(variable));
                            out.text.push_str(&text.text);
                            out.open |= text.open;
                            out.via.extend(text.via);
                        }
                    }
                }
                Part::Hole(hole) => {
                    let text =
                        self.hole(hole, file, None, depth).into_iter().next().unwrap_or_else(|| Text::unknown(""));
                    out.text.push_str(&text.text);
                    out.open |= text.open;
                    out.via.extend(text.via);
                }
            }
        }
        vec![out]
    }

    /// A symbol that another place defines.
    pub(crate) fn reference(&self, path: &str, file: FileId, depth: usize) -> Vec<Text<'a>> {
        let group = path.strip_prefix("configmap/").or_else(|| path.strip_prefix("secret/"));
        if let Some((name, key)) = group.and_then(|g| g.split_once('/')) {
            let sets = self
                .index
                .settings
                .iter()
                .filter(|(_, s, _)| matches!(&s.scope, SettingScope::Group(n) if n == name) && s.key == key);
            let follow = |(file, setting, fact): (FileId, &'a Setting, &'a Fact)| {
                let mut texts = self.value(&setting.value, file, None, depth.saturating_sub(1));
                texts.iter_mut().for_each(|t| t.via.push((file, fact)));
                texts
            };
            let mut out: Vec<Text<'a>> = sets.copied().flat_map(follow).collect();
            if out.is_empty() {
                // What a template spreads from values, or a generator takes from a file.
                let whole = self.index.group(file, name).into_iter().filter(|(_, s, _)| s.key == key);
                out.extend(whole.flat_map(follow));
            }
            return if out.is_empty() { vec![Text::unknown(key)] } else { unique(out) };
        }
        if path.contains(".*") || path.contains("#*") {
            return self.any_element(path, file, depth);
        }
        if path.starts_with("include/")
            && let Some((at, template, fact)) = included(self.index, file, path)
        {
            let mut texts = self.value(&template.value, at, None, depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            return texts;
        }
        let name = name_of(path);
        let owner = owner_of(path);
        let mut found: Vec<(u8, FileId, &'a Value, &'a Fact, &'a str)> = Vec::new();
        // What deploys things knows of one another what no code sees.
        let beside = |at: FileId| {
            let (ours, theirs) = (self.index.paths[file], self.index.paths[at]);
            ours.ends_with(".tf") && theirs.ends_with(".tf") && folder(ours) == folder(theirs)
        };
        for (at, constant, fact) in self.index.constants.get(name).into_iter().flatten() {
            let seen = self.territory.sees(*at) && self.territory.role.runs(*at, fact.at.line);
            if !(seen || beside(*at)) {
                continue;
            }
            if let Some(rank) = self.matches(path, owner, &constant.symbol, *at, file) {
                found.push((rank, *at, &constant.value, fact, owner_of(&constant.symbol)));
            }
        }
        // What the class at hand says of itself comes before what the class above it says for all.
        let class = self.receiver().class;
        if let Some(class) = class.as_deref().filter(|c| !owner.is_empty() && *c != owner) {
            for (rank, at, _, _, theirs) in &mut found {
                if *theirs == class && self.related(class, owner, *at) {
                    *rank = 6;
                }
            }
        }
        let best = found.iter().map(|f| f.0).max();
        let mut out = Vec::new();
        for (rank, at, value, fact, theirs) in found {
            let heir = (!owner.is_empty() && theirs != owner && self.related(owner, theirs, file)).then_some(owner);
            // `X = X` in another guise would follow itself for ever; depth ends it, but this is cheaper.
            let itself = matches!(value.as_hole(), Some(Hole::Ref(p)) if p == path);
            if Some(rank) != best || out.len() >= MAX_TEXTS || itself {
                continue;
            }
            let mut texts = self.on_class(heir, || self.value(value, at, None, depth.saturating_sub(1)));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            // What is known already takes nobody's place.
            texts.retain(|t| !out.iter().any(|o: &Text<'_>| o.text == t.text));
            out.extend(texts);
        }
        if out.iter().any(|t| !t.open) {
            out.retain(|t| !t.open);
        }
        if !out.is_empty() {
            return unique(out);
        }
        if let Some(base) = self.base_held(path, file, depth) {
            return base;
        }
        if let Some(found) = self.bound(path, depth) {
            return found;
        }
        // A structure that is filled from a configuration file: `cfg.Kafka.Brokers` is `kafka.brokers`.
        let parts: Vec<&str> = path.rsplit('#').next().unwrap_or(path).split('.').collect();
        for length in [3, 2] {
            if parts.len() > length || parts.len() == length && length > 2 {
                let found = self.configured(&parts[parts.len() - length..].concat(), depth.saturating_sub(1));
                if !found.is_empty() {
                    return found;
                }
            }
        }
        vec![Text::unknown(name)]
    }

    /// What any element of a table that another file defines may be: `routes#ROUTES.*.target`.
    fn any_element(&self, path: &str, file: FileId, depth: usize) -> Vec<Text<'a>> {
        let (module, symbol) = path.rsplit_once('#').unwrap_or(("", path));
        let wanted: Vec<&str> = symbol.split('.').collect();
        let fits = |theirs: &str| {
            let theirs: Vec<&str> = theirs.split('.').collect();
            // What a module exports as a whole has no name of its own, or the importer's.
            let whole = |name: &str| matches!(name, "exports" | "default");
            let theirs = if theirs.first().is_some_and(|n| whole(n)) { &theirs[1..] } else { &theirs[..] };
            let ours =
                if wanted.first().is_some_and(|n| whole(n) || n.is_empty()) { &wanted[1..] } else { &wanted[..] };
            let same = |ours: &str, theirs: &str| ours == "*" || ours.strip_prefix('*').unwrap_or(ours) == theirs;
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        };
        let stem = module.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or("");
        let named = |at: FileId| {
            let theirs = self.index.paths[at].rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or("");
            match stem {
                "" => at == file,
                stem => theirs == stem || last(folder(self.index.paths[at])) == stem,
            }
        };
        let name = name_of(path);
        let seen = |(at, constant, fact): &&(FileId, &'a Constant, &'a Fact)| {
            let here = || self.territory.sees(*at) && self.territory.role.runs(*at, fact.at.line);
            fits(&constant.symbol) && named(*at) && here()
        };
        let mut found: Vec<_> = match name.starts_with('*') {
            true => self.index.constants.values().flatten().filter(seen).collect(),
            false => self.index.constants.get(name).into_iter().flatten().filter(seen).collect(),
        };
        // In the order in which they stand: which of many are kept must not depend on a map's.
        found.sort_by_key(|(at, _, fact)| (*at, fact.at));
        let mut out = Vec::new();
        for (at, constant, fact) in found.into_iter().take(MAX_TEXTS) {
            let mut texts = self.value(&constant.value, *at, None, depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((*at, *fact)));
            out.extend(texts);
        }
        if out.iter().all(|t: &Text<'_>| t.open) { vec![Text::unknown(name)] } else { unique(out) }
    }

    /// A property of a bound options type, or what stands below one: `FooOptions.<section>` names the type's section.
    fn bound(&self, path: &str, depth: usize) -> Option<Vec<Text<'a>>> {
        let parts: Vec<&str> = path.rsplit(['#', '/']).next().unwrap_or(path).split('.').collect();
        for at in (0..parts.len().saturating_sub(1)).rev().filter(|_| !path.ends_with('>')) {
            let section = format_smolstr!("{}.<section>", parts[at]);
            for (file, constant, _) in self.index.constants.get(section.as_str()).into_iter().flatten() {
                if let (true, Some(section)) = (self.territory.sees(*file), constant.value.as_text()) {
                    let found = self
                        .configuration(&format!("{section}.{}", parts[at + 1..].join(".")), depth.saturating_sub(1));
                    if !found.is_empty() {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// A key that only configuration files give.
    fn configured(&self, key: &str, depth: usize) -> Vec<Text<'a>> {
        let sets = self.scope.configuration.get(&squash(key)).into_iter().flatten();
        unique(sets.flat_map(|s| self.set(s, key, depth)).collect())
    }

    /// How well a constant's or function's symbol fits a reference: `None` for not at all.
    pub(crate) fn matches(&self, path: &str, owner: &str, symbol: &str, at: FileId, from: FileId) -> Option<u8> {
        let theirs = owner_of(symbol);
        let same_file = at == from;
        if owner.is_empty() {
            // A bare name: the same file, or a top-level name of another.
            let beside = || folder(self.index.paths[at]) == folder(self.index.paths[from]);
            return if same_file { Some(4) } else { theirs.is_empty().then(|| if beside() { 3 } else { 2 }) };
        }
        if theirs == owner {
            return Some(5);
        }
        // A member of what a type's own function makes: `Config::from_env()?.url`.
        if let Some(before) = owner.strip_suffix("()").and_then(|o| path.split(o).next())
            && !theirs.is_empty()
            && last(before.trim_end_matches(['.', ':', '#'])) == theirs
        {
            return Some(4);
        }
        // An interface's member, implemented or inherited.
        if !theirs.is_empty() && (self.related(theirs, owner, at) || self.related(owner, theirs, from)) {
            return Some(4);
        }
        // `config.endpoints.x` against `endpoints.x` exported as a file called `config` or `endpoints`.
        let stem = self.index.paths[at].rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or("");
        let module = path.split_once('#').map(|(m, _)| m).unwrap_or("");
        let imported =
            !module.is_empty() && (last(module) == stem || folder(self.index.paths[at]).ends_with(last(module)));
        if theirs.is_empty() && (imported || stem.eq_ignore_ascii_case(owner) || squash(owner) == squash(stem)) {
            return Some(3);
        }
        if theirs.is_empty() && stem == "index" && folder(self.index.paths[at]).ends_with(owner) {
            return Some(3);
        }
        // An extension method of C# is called on what it extends; its class is called by convention.
        if self.index.paths[at].ends_with(".cs") && (theirs.ends_with("Extensions") || theirs.ends_with("Extension")) {
            return Some(1);
        }
        // The receiver's type is not known here, and nothing contradicts.
        let untyped = owner.chars().next().is_some_and(|c| c.is_lowercase());
        if untyped && (same_file || squash(theirs).ends_with(&squash(owner)) && !theirs.is_empty()) {
            return Some(1);
        }
        None
    }

    /// Whether `ty` (defined at `at`) extends or implements `parent`, or the other way round.
    pub fn related(&self, ty: &str, parent: &str, at: FileId) -> bool {
        let uses = self.index.uses[at];
        uses.is_some_and(|u| u.types.iter().any(|(name, supers)| name == ty && supers.iter().any(|s| s == parent)))
            // The convention of one implementation: `IFoo` and `Foo`, `Foo` and `FooImpl`.
            || parent.strip_prefix('I') == Some(ty)
            || ty.strip_suffix("Impl") == Some(parent)
    }

    pub(crate) fn result(
        &self,
        callee: &str,
        args: &[Value],
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Vec<Text<'a>> {
        if callee == "<env>" || callee == "<config>" {
            let mut out = Vec::new();
            for key in args.first().map(|a| self.value(a, file, frame, depth.saturating_sub(1))).unwrap_or_default() {
                if key.open {
                    continue;
                }
                let found = if callee == "<env>" {
                    self.environment(&key.text, depth.saturating_sub(1))
                } else {
                    self.configuration(&key.text, depth.saturating_sub(1))
                };
                out.extend(found);
            }
            if out.is_empty()
                && let Some(default) = args.get(1)
            {
                out = self.value(default, file, frame, depth.saturating_sub(1));
            }
            return if out.is_empty() { vec![Text::unknown("")] } else { unique(out) };
        }
        if callee == FORMAT {
            return self.formatted(args, file, frame, depth.saturating_sub(1));
        }
        let name = name_of(callee);
        let owner = owner_of(callee);
        let mut found: Vec<Returned<'a>> = Vec::new();
        for (at, result, fact) in self.index.returns.get(name).into_iter().flatten() {
            if !self.territory.sees(*at) {
                continue;
            }
            if let Some(rank) = self.matches(callee, owner, &result.function, *at, file) {
                found.push((rank, *at, &result.function, &result.value, fact));
            }
        }
        if let Some(own) = self.overridden(name, owner) {
            found = own;
        }
        let best = found.iter().map(|f| f.0).max();
        let mut out = Vec::new();
        for (_, at, function, value, fact) in found.into_iter().filter(|f| Some(f.0) == best).take(MAX_TEXTS) {
            let function =
                function.strip_suffix('>').and_then(|f| f.rsplit_once(".<")).map(|(f, _)| f).unwrap_or(function);
            let inner = Frame { function, args, file, outer: frame };
            let mut texts = self.value(value, at, Some(&inner), depth.saturating_sub(1));
            texts.iter_mut().for_each(|t| t.via.push((at, fact)));
            out.extend(texts);
        }
        if out.iter().any(|t| !t.open) {
            out.retain(|t| !t.open);
            return unique(out);
        }
        if let Some(base) = self.base_made(callee, args, file, frame, depth).filter(|_| out.is_empty()) {
            return base;
        }
        // An object used as text is what it prints: a value type around a host or path.
        if let Some(ty) = name.strip_suffix(".<init>").filter(|_| out.is_empty()) {
            for printer in ["toString", "ToString", "to_s", "__str__", "String", "__toString"] {
                for (at, result, fact) in self.index.returns.get(printer).into_iter().flatten() {
                    if owner_of(&result.function) != ty || !self.territory.sees(*at) {
                        continue;
                    }
                    let function = format_smolstr!("{ty}.<init>");
                    let inner = Frame { function: &function, args, file, outer: frame };
                    let mut texts = self.value(&result.value, *at, Some(&inner), depth.saturating_sub(1));
                    texts.iter_mut().for_each(|t| t.via.push((*at, fact)));
                    if !texts.is_empty() {
                        return texts;
                    }
                }
            }
        }
        // A getter is its field: `getUrl`, `isX`, record and Kotlin accessors, `.Value` of options.
        if args.is_empty() {
            let field =
                name.strip_prefix("get").filter(|f| f.chars().next().is_some_and(char::is_uppercase)).map(decapitalize);
            let field = field.unwrap_or_else(|| name.to_owned());
            let texts = self.reference(
                &format!("{}{field}", &callee[..callee.len() - name.len()]),
                file,
                depth.saturating_sub(1),
            );
            if texts.iter().any(|t| !t.open) {
                return texts;
            }
        }
        if !out.is_empty() {
            return unique(out);
        }
        vec![Text::unknown(last(name))]
    }
}

fn decapitalize(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// Each text once; of too many, those that lead to different places come before many paths of one place.
pub(crate) fn unique(texts: Vec<Text<'_>>) -> Vec<Text<'_>> {
    let mut out: Vec<Text<'_>> = Vec::new();
    for text in texts {
        if !out.iter().any(|t| t.text == text.text) {
            out.push(text);
        }
    }
    if out.len() > MAX_TEXTS {
        let origin = |t: &Text<'_>| {
            let from = t.text.find("://").map_or(0, |at| at + 3);
            t.text[from..].find('/').map_or(t.text.len(), |at| from + at)
        };
        let seen = |i: usize| out[..i].iter().any(|t| t.text[..origin(t)] == out[i].text[..origin(&out[i])]);
        let again: Vec<bool> = (0..out.len()).map(seen).collect();
        let mut ranked: Vec<(bool, Text<'_>)> = again.into_iter().zip(out).collect();
        ranked.sort_by_key(|(again, _)| *again);
        out = ranked.into_iter().take(MAX_TEXTS).map(|(_, text)| text).collect();
    }
    out
}
