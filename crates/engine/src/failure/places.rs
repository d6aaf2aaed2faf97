//! Which file of the workspace a frame is, and where in it.
//!
//! Invariant: a file fits only by the end of its path, or by the package and type that it declares; where several fit
//! equally well all of them are kept, and each counts less. Containers hold a service at another path than the workspace, and
//! compiled code beside its sources: `/app/dist/orders.js` is `orders/src/orders.ts`.

use super::frames::Frame;
use crate::Snapshot;
use seam_extract::File;
use seam_extract::said::{Said, said};
use seam_facts::{Claim, SmolStr, Uses};
use seam_graph::Graph;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A place of the workspace that a text speaks of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub path: SmolStr,
    /// 0 where only the file is known.
    pub line: u32,
    pub end_line: u32,
    /// The function's symbol; empty at top level or where it is not known.
    pub within: SmolStr,
    pub node: Option<usize>,
    /// 1, or less where others fit as well.
    pub sure: f64,
}

/// The workspace's files as they are looked for, and what the few that matter say.
pub(crate) struct Sources<'a> {
    pub snapshot: &'a Snapshot,
    pub graph: &'a Graph,
    pub owners: BTreeMap<&'a str, usize>,
    by_stem: HashMap<String, Vec<&'a SmolStr>>,
    by_type: HashMap<&'a str, Vec<&'a SmolStr>>,
    uses: HashMap<&'a str, &'a Uses>,
    read: RefCell<HashMap<SmolStr, Rc<(Said, String)>>>,
}

/// Folders that only building makes, or that only sources have.
const BUILT: &[&str] = &[
    "dist", "build", "out", ".next", "server", "compiled", "esm", "cjs", "lib", "target", "classes", "bundle", ".nuxt",
    ".output",
];
const SOURCE: &[&str] = &["src", "app", "source", "lib"];
/// As many places are kept where nothing tells them apart.
const SAME: usize = 4;

impl<'a> Sources<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, graph: &'a Graph) -> Self {
        let mut out = Sources {
            snapshot,
            graph,
            owners: crate::things::owners(graph),
            by_stem: HashMap::new(),
            by_type: HashMap::new(),
            uses: HashMap::new(),
            read: RefCell::default(),
        };
        for (path, file) in snapshot.base().files() {
            out.by_stem.entry(stem(path).to_lowercase()).or_default().push(path);
            for fact in &file.facts {
                if let Claim::Uses(uses) = &fact.claim {
                    for (name, _) in &uses.types {
                        out.by_type.entry(last(name)).or_default().push(path);
                    }
                    out.uses.insert(path.as_str(), uses);
                }
            }
        }
        out
    }

    /// What a file says, and its text; read once.
    pub(crate) fn said(&self, path: &SmolStr) -> Rc<(Said, String)> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let text = self.snapshot.texts().read(path).unwrap_or_default();
        let found = Rc::new((said(&File { path, text: &text }), text));
        self.read.borrow_mut().insert(path.clone(), found.clone());
        found
    }

    pub(crate) fn uses(&self, path: &str) -> Option<&'a Uses> {
        self.uses.get(path).copied()
    }

    pub(crate) fn node_of(&self, path: &str) -> Option<usize> {
        self.owners.get(path).copied()
    }

    /// Files that declare a type of this name.
    pub(crate) fn declaring(&self, name: &str) -> &[&'a SmolStr] {
        self.by_type.get(last(name)).map_or(&[], Vec::as_slice)
    }

    /// The place of a frame, or the several that it may be.
    pub(crate) fn places(&self, frame: &Frame, reporter: Option<usize>) -> Vec<Place> {
        if frame.foreign {
            return Vec::new();
        }
        let mut fitting: Vec<(f64, &SmolStr)> = if frame.file.is_empty() {
            self.of_class(frame)
        } else {
            let wanted = stem(&frame.file).to_lowercase();
            let all = self.by_stem.get(&wanted).map_or(&[][..], Vec::as_slice);
            all.iter().filter_map(|path| Some((self.fit(frame, path)?, *path))).collect()
        };
        for (fit, path) in &mut fitting {
            *fit += self.likely(frame, path, reporter);
        }
        fitting.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let Some(best) = fitting.first().map(|(fit, _)| *fit) else { return Vec::new() };
        fitting.retain(|(fit, _)| best - fit < 0.3);
        let sure = 1.0 / (fitting.len() as f64).sqrt();
        fitting.into_iter().take(SAME).map(|(_, path)| self.place(frame, path, sure)).collect()
    }

    /// How well a path's end fits a frame's; `None` if it does not.
    fn fit(&self, frame: &Frame, path: &str) -> Option<f64> {
        let ending = |p: &str| p.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
        let (told, own) = (ending(&frame.file), ending(path));
        let script =
            |e: &str| matches!(e, "js" | "mjs" | "cjs" | "jsx" | "ts" | "tsx" | "mts" | "cts" | "vue" | "svelte");
        if told != own && !(script(&told) && script(&own)) {
            return None;
        }
        let jvm = matches!(told.as_str(), "java" | "kt" | "kts" | "scala" | "groovy");
        if jvm && !frame.class.is_empty() {
            let package = frame.class.rsplit_once('.').map_or("", |(p, _)| p);
            let package = package.split('$').next().unwrap_or(package);
            let declared = self.uses(path).map_or("", |u| u.package.as_str());
            return (declared == package).then_some(3.0);
        }
        let mut told: Vec<&str> = frame.file.split(['/', '\\']).filter(|p| !matches!(*p, "" | "." | "..")).collect();
        let mut own: Vec<&str> = path.split('/').collect();
        told.pop();
        own.pop();
        let mut fit = 0.0;
        while let (Some(a), Some(b)) = (told.last(), own.last()) {
            if a.eq_ignore_ascii_case(b) {
                fit += 1.0;
                told.pop();
                own.pop();
            } else if BUILT.contains(a) && SOURCE.contains(b) {
                fit += 0.5;
                told.pop();
                own.pop();
            } else if BUILT.contains(a) {
                told.pop();
            } else if SOURCE.contains(b) && own.len() > 1 {
                // An image often takes the inside of `src` only.
                own.pop();
                fit -= 0.05;
            } else {
                break;
            }
        }
        // What the image calls `/app/api/orders.py` may not be `tools/orders.py`.
        let unlike = told.iter().filter(|p| !is_root(p)).count() as f64;
        Some(fit - 0.15 * unlike.min(4.0))
    }

    fn of_class(&self, frame: &Frame) -> Vec<(f64, &'a SmolStr)> {
        let class = frame.class.split(['`', '[', '<']).next().unwrap_or(&frame.class).replace('$', ".");
        let (package, name) = class.rsplit_once('.').unwrap_or(("", class.as_str()));
        if name.is_empty() {
            return Vec::new();
        }
        let fits = |path: &&'a SmolStr| {
            let declared = self.uses(path).map_or("", |u| u.package.as_str());
            let same = package == declared || !declared.is_empty() && package.starts_with(&format!("{declared}."));
            same.then_some((3.0, *path))
        };
        self.declaring(name).iter().filter_map(fits).collect()
    }

    /// What else speaks for a file: whose it is, what it defines, how long it is.
    fn likely(&self, frame: &Frame, path: &SmolStr, reporter: Option<usize>) -> f64 {
        let mut out = 0.0;
        if let Some(reporter) = reporter {
            let node = &self.graph.nodes[reporter];
            if node.own.contains(path) {
                out += 2.0;
            } else if node.libraries.contains(path) {
                out += 1.0;
            } else {
                out -= 1.0;
            }
        }
        let parts: Vec<String> = path.split('/').map(plain).collect();
        if !frame.package.is_empty() && parts.contains(&plain(&frame.package)) {
            out += 1.5;
        }
        // `github.com/x/shop/pkg/links.(*Store)` stands in a folder `pkg/links`.
        out += frame.class.split(['/', '.', ':']).filter(|p| p.len() > 2 && parts.contains(&plain(p))).count().min(3)
            as f64
            * 0.3;
        let function = function(&frame.function);
        if let Some(uses) = self.uses(path) {
            let has = |symbol: &SmolStr| last(symbol) == function;
            if !function.is_empty() && uses.functions.iter().any(|(symbol, _)| has(symbol)) {
                out += 1.5;
            }
            let class = last(&frame.class);
            if !class.is_empty() && uses.types.iter().any(|(name, _)| last(name) == class) {
                out += 0.5;
            }
        }
        if seam_graph::is_test(path) && !frame.file.to_lowercase().contains("test") && !frame.file.contains("spec") {
            out -= 1.0;
        }
        let compiled = compiled(frame, path);
        if frame.line > 0 && !compiled {
            let lines = self.snapshot.texts().read(path).map_or(0, |t| t.lines().count());
            if lines > 0 && frame.line as usize > lines {
                out -= 3.0;
            }
        }
        out
    }

    fn place(&self, frame: &Frame, path: &SmolStr, sure: f64) -> Place {
        let read = self.said(path);
        let name = function(&frame.function);
        let mut place = Place {
            path: path.clone(),
            line: frame.line,
            end_line: frame.line,
            within: SmolStr::default(),
            node: self.node_of(path),
            sure,
        };
        if frame.line == 0 || compiled(frame, path) {
            // Lines of compiled code are not those of its source: the function is.
            let class = last(&frame.class);
            let symbol =
                |s: &&(SmolStr, seam_facts::Span)| last(&s.0) == name || name == "ctor" && last(&s.0) == "<init>";
            let of_class = |s: &&(SmolStr, seam_facts::Span)| s.0.starts_with(&format!("{class}."));
            let functions = &read.0.functions;
            let found = functions.iter().filter(symbol).find(of_class).or_else(|| functions.iter().find(symbol));
            let ty = || read.0.types.iter().find(|(n, _)| last(n) == class).map(|(_, at)| (at.line, at.line));
            let (line, end) = found.map(|(_, at)| (at.line, at.end_line)).or_else(ty).unwrap_or((1, 1));
            (place.line, place.end_line) = (line, end);
            place.within = found.map(|(s, _)| s.clone()).unwrap_or_default();
        } else {
            place.within = self.around(path, frame.line);
        }
        place
    }

    /// The innermost function around a line.
    pub(crate) fn around(&self, path: &SmolStr, line: u32) -> SmolStr {
        let read = self.said(path);
        let functions = read.0.functions.iter().filter(|(_, at)| at.covers(line));
        functions.min_by_key(|(_, at)| at.end_line - at.line).map(|(s, _)| s.clone()).unwrap_or_default()
    }
}

/// Whether the frame's file was made from the source: its lines are others then.
fn compiled(frame: &Frame, path: &str) -> bool {
    let ending = |p: &str| p.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    !frame.file.is_empty() && ending(&frame.file) != ending(path)
        || frame.file.split('/').any(|p| matches!(p, "dist" | ".next" | "build" | ".nuxt" | ".output"))
            && path.ends_with(".js")
}

/// Where images keep what they run; such a folder is none of the workspace.
fn is_root(part: &str) -> bool {
    matches!(
        part,
        "app"
            | "usr"
            | "src"
            | "opt"
            | "home"
            | "var"
            | "www"
            | "html"
            | "srv"
            | "workspace"
            | "code"
            | "root"
            | "go"
            | "server"
            | "service"
            | "build"
            | "app.jar"
            | "tmp"
            | "mnt"
            | "data"
            | "node"
            | "user"
            | "application"
            | "project"
            | "work"
            | "source"
            | "api"
    ) || BUILT.contains(&part)
}

/// The plain name of a function: no generics, no closures, no signatures.
fn function(name: &str) -> &str {
    let name = name.trim_start_matches("lambda$").split(['$', '<', '[', '(', '`']).next().unwrap_or(name);
    let name = name.rsplit(['.', ':', '#']).next().unwrap_or(name);
    if name.is_empty() || name == "anonymous" { "" } else { name }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(s, _)| s)
}

pub(crate) fn last(name: &str) -> &str {
    name.rsplit(['.', ':', '\\', '/']).next().unwrap_or(name)
}

/// Small letters and digits only.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
