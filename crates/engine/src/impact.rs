//! Joins what code names of a contract with the map: whose line it is, who exchanges it as JSON, who depends on whom.
//!
//! Texts are outlined when a question needs them (`extract/outline`); only files of languages in which a file has one of the
//! element's spellings are read, since types are followed within one language.

use crate::Snapshot;
use crate::asks::impact::{Dependent, Exchange, Line, Step, Test, Touched, Verdicts};
use seam_extract::outline::{Outline, is_template, outline};
use seam_graph::{EdgeKind, Graph, NodeKind};
use seam_plan::Text;
use seam_plan::impact::{Certainty, Code, Element, Reference, Schema, Use, references, spellings};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Every `.proto` file of the workspace. Copies of one contract are one.
pub(crate) struct Contracts {
    schema: Schema,
    texts: Vec<(String, String)>,
    elements: BTreeSet<Element>,
}

impl Contracts {
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let paths = snapshot.base().files().map(|(path, _)| path.to_string()).filter(|p| p.ends_with(".proto"));
        let texts: Vec<(String, String)> =
            paths.filter_map(|path| snapshot.texts().read(&path).map(|text| (path, text))).collect();
        let all: Vec<Text<'_>> = texts.iter().map(|(name, text)| Text { name, text }).collect();
        let schema = Schema::read(&all);
        let elements = schema.elements().into_keys().collect();
        Contracts { schema, texts, elements }
    }

    pub(crate) fn elements(&self) -> &BTreeSet<Element> {
        &self.elements
    }

    /// Elements whose full name is this, or ends with it.
    pub(crate) fn named(&self, key: &str) -> Vec<Element> {
        let exact: Vec<Element> = self.elements.iter().filter(|e| e.key() == key).cloned().collect();
        if !exact.is_empty() {
            return exact;
        }
        let end = format!(".{key}");
        self.elements.iter().filter(|e| e.key().ends_with(&end)).cloned().collect()
    }

    /// What is declared at a line of a `.proto` file.
    pub(crate) fn at(&self, path: &str, line: u32) -> Option<Element> {
        let (name, text) = self.texts.iter().find(|(p, _)| p == path)?;
        let one = Schema::read(&[Text { name, text }]);
        let found = one.elements().into_iter().find(|(_, (_, at))| *at == line).map(|(element, _)| element);
        found.filter(|e| self.elements.contains(e))
    }

    /// Where it is declared, in every copy.
    pub(crate) fn places(&self, element: &Element) -> Vec<(String, u32)> {
        let mut out = Vec::new();
        for (name, text) in &self.texts {
            let one = Schema::read(&[Text { name, text }]);
            out.extend(one.elements().get(element).map(|(_, line)| (name.clone(), *line)));
        }
        out
    }

    /// The package and the stems of the files that declare an element's package.
    fn marks(&self, wanted: &BTreeSet<Element>) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let declared = self.schema.elements();
        for element in wanted {
            let Some((path, _)) = declared.get(element) else { continue };
            if let Some(source) = self.schema.sources.iter().find(|s| s.path == *path) {
                let stem = source.stem();
                out.extend(["_pb", "_grpc", ".proto", ".pb."].map(|end| format!("{stem}{end}")));
                out.extend(['"', '\'', '`'].map(|quote| format!("/{stem}{quote}")));
                if source.package.len() > 3 {
                    out.insert(format!("{}.", source.package));
                }
                for option in ["java_package", "csharp_namespace", "ruby_package", "php_namespace"] {
                    out.extend(source.option(option).map(str::to_owned));
                }
                out.extend(source.go_package().map(str::to_owned));
            }
        }
        out.retain(|m| m.len() > 2);
        out
    }
}

/// What was found of an element.
pub(crate) struct Found<'a> {
    graph: &'a Graph,
    texts: BTreeMap<String, String>,
    pub direct: Vec<Touched>,
    /// The same by element: services with their places.
    pub by_element: BTreeMap<Element, BTreeMap<String, Vec<(String, u32)>>>,
    pub regenerate: Vec<String>,
    pub json: Vec<Exchange>,
}

impl<'a> Found<'a> {
    pub(crate) fn look(
        snapshot: &Snapshot,
        graph: &'a Graph,
        contracts: &Contracts,
        wanted: &BTreeSet<Element>,
    ) -> Self {
        let owner = Owner::new(snapshot, graph);
        let mut texts = BTreeMap::new();
        let paths = snapshot.base().files().map(|(path, _)| path.to_string());
        for path in paths.filter(|p| seam_extract::lang::of_path(p).is_some() || is_template(p)) {
            if let Some(text) = snapshot.texts().read(&path) {
                texts.insert(path, text);
            }
        }
        // Languages in which anything is called so.
        let mut langs = BTreeSet::new();
        for (path, text) in &texts {
            let Some(lang) = seam_extract::lang::of_path(path) else { continue };
            if !langs.contains(&lang) && spellings(lang, wanted).iter().any(|w| text.contains(w.as_str())) {
                langs.insert(lang);
            }
        }
        let outlines: Vec<(&str, &str, Outline)> = texts
            .iter()
            .filter(|(path, _)| seam_extract::lang::of_path(path).is_none_or(|l| langs.contains(&l)))
            .map(|(path, text)| (path.as_str(), text.as_str(), outline(path, text).unwrap_or_else(Outline::empty)))
            .collect();
        let code = outlines.iter().map(|(path, text, outline)| Code { path, text, outline }).collect();
        let all = references(&contracts.schema, code, wanted);
        // Which services have the contract itself, or code made of it.
        let marks = contracts.marks(wanted);
        let mut having: BTreeSet<String> = BTreeSet::new();
        for (path, text) in &texts {
            if marks.iter().any(|m| text.contains(m.as_str())) {
                having.extend(owner.of(path));
            }
        }
        let mut by_service: BTreeMap<String, Vec<Reference>> = BTreeMap::new();
        for reference in all {
            if let Some(service) = owner.of(&reference.path) {
                by_service.entry(service).or_default().push(reference);
            }
        }
        let (direct, by_element, regenerate, json) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        let mut found = Found { graph, texts, direct, by_element, regenerate, json };
        let generated: BTreeSet<String> = by_service
            .iter()
            .filter(|(name, r)| having.contains(*name) || r.iter().any(|r| r.certainty == Certainty::Sure))
            .map(|(name, _)| name.clone())
            .collect();
        for (service, references) in &by_service {
            let sure = generated.contains(service);
            // Without the contract, only what is exchanged with who has it can couple a service.
            if !sure && !found.meets(service, &generated) {
                continue;
            }
            let coupling = if sure { "generated" } else { "json" };
            for reference in references {
                let services = found.by_element.entry(reference.element.clone()).or_default();
                services.entry(service.clone()).or_default().push((reference.path.clone(), reference.line));
            }
            let mut lines: Vec<Line> = references.iter().map(|r| found.line(r)).collect();
            lines.dedup_by(|a, b| (&a.path, a.line) == (&b.path, b.line));
            found.direct.push(Touched { service: service.clone(), coupling: coupling.to_owned(), lines });
        }
        found.regenerate = having.into_iter().filter(|name| !found.touches(name)).collect();
        found.json = found.exchanges();
        found
    }

    pub(crate) fn touches(&self, service: &str) -> bool {
        self.direct.iter().any(|t| t.service == service)
    }

    /// Whether a service exchanges anything with one of these, or is not on the map.
    fn meets(&self, service: &str, others: &BTreeSet<String>) -> bool {
        let name = |node: usize| self.graph.nodes[node].name.as_str();
        self.graph.edges.iter().any(|e| {
            let (from, to) = (name(e.from), name(e.to));
            (from == service && others.contains(to)) || (to == service && others.contains(from))
        })
    }

    fn exchanges(&self) -> Vec<Exchange> {
        let mut out = Vec::new();
        for edge in &self.graph.edges {
            let (from, to) = (&self.graph.nodes[edge.from], &self.graph.nodes[edge.to]);
            let text = matches!(edge.kind, EdgeKind::Http | EdgeKind::Websocket);
            if text && from.name != to.name && self.touches(&from.name) && self.touches(&to.name) {
                let key = edge.key.0.to_string();
                out.push(Exchange { from: from.name.to_string(), to: to.name.to_string(), key });
            }
        }
        out
    }

    fn line(&self, reference: &Reference) -> Line {
        let quoted = self.quote(reference.path.clone(), reference.line);
        let what = match reference.what {
            Use::Reads => "reads",
            Use::Writes => "writes",
            Use::Calls => "calls",
            Use::Serves => "serves",
            Use::Names => "names",
            Use::Declares => "declares",
            Use::Carries => "carries",
        };
        let certainty = match reference.certainty {
            Certainty::Sure => "sure",
            Certainty::Likely => "likely",
        };
        Line { what: what.to_owned(), certainty: certainty.to_owned(), ..quoted }
    }

    /// A line with its text.
    pub(crate) fn quote(&self, path: String, line: u32) -> Line {
        let text = self.texts.get(&path).and_then(|t| t.lines().nth((line as usize).saturating_sub(1)));
        let text = text.map(|t| crate::excerpt(&path, t.trim())).unwrap_or_default();
        let text = text.chars().take(160).collect();
        Line { path, line, what: "declares".to_owned(), certainty: "sure".to_owned(), text }
    }

    /// Services that reach one that is touched, nearest first, each with the way.
    pub(crate) fn dependent(&self) -> Vec<Dependent> {
        let mut ways: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut queue: VecDeque<usize> = VecDeque::new();
        for (id, node) in self.graph.nodes.iter().enumerate() {
            if self.touches(&node.name) {
                ways.insert(id, Vec::new());
                queue.push_back(id);
            }
        }
        let mut out = Vec::new();
        while let Some(to) = queue.pop_front() {
            for edge in self.graph.edges.iter().filter(|e| e.to == to) {
                let node = &self.graph.nodes[edge.from];
                if ways.contains_key(&edge.from) || !matches!(node.kind, NodeKind::Service | NodeKind::Gateway) {
                    continue;
                }
                let mut way = vec![edge.key.0.to_string()];
                way.extend(ways[&to].iter().cloned());
                out.push(Dependent { service: node.name.to_string(), through: way.clone() });
                ways.insert(edge.from, way);
                queue.push_back(edge.from);
            }
        }
        out
    }

    /// Tests among the lines, and tests beside them.
    pub(crate) fn tests(&self) -> Vec<Test> {
        let mut out: BTreeMap<String, Test> = BTreeMap::new();
        for touched in &self.direct {
            let lines = touched.lines.iter().filter(|l| seam_graph::is_test(&l.path));
            for line in lines {
                let because = format!("it names the element, first at line {}", line.line);
                let test = Test { path: line.path.clone(), service: touched.service.clone(), because };
                out.entry(line.path.clone()).or_insert(test);
            }
            let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
            let folders: BTreeSet<String> = touched.lines.iter().map(|l| folder(&l.path)).collect();
            for path in self.texts.keys().filter(|p| seam_graph::is_test(p) && folders.contains(&folder(p))) {
                let because = "it stands beside code that names the element".to_owned();
                let test = Test { path: path.clone(), service: touched.service.clone(), because };
                out.entry(path.clone()).or_insert(test);
            }
        }
        out.into_values().collect()
    }

    fn names(&self, coupling: &str) -> Vec<String> {
        self.direct.iter().filter(|t| t.coupling == coupling).map(|t| t.service.clone()).collect()
    }
}

/// Whose file is it.
struct Owner<'a> {
    graph: &'a Graph,
    files: BTreeMap<&'a str, usize>,
    /// Folders with a manifest of their own, longest first.
    folders: Vec<String>,
}

impl<'a> Owner<'a> {
    fn new(snapshot: &Snapshot, graph: &'a Graph) -> Self {
        let manifests = [
            "package.json",
            "go.mod",
            "pom.xml",
            "build.gradle",
            "Cargo.toml",
            "Gemfile",
            "composer.json",
            "pyproject.toml",
            "requirements.txt",
            "mix.exs",
            "Dockerfile",
            "build.gradle.kts",
        ];
        let mut folders: BTreeSet<String> = BTreeSet::new();
        for (path, _) in snapshot.base().files() {
            if let Some((folder, name)) = path.rsplit_once('/')
                && manifests.contains(&name)
            {
                folders.insert(folder.to_owned());
            }
        }
        let mut folders: Vec<String> = folders.into_iter().collect();
        folders.sort_by_key(|f| std::cmp::Reverse(f.len()));
        Owner { graph, files: crate::things::owners(graph), folders }
    }

    fn of(&self, path: &str) -> Option<String> {
        if let Some(node) = self.files.get(path) {
            return Some(self.graph.nodes[*node].name.to_string());
        }
        let below = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        let roots = self.graph.nodes.iter().flat_map(|n| n.roots.iter().map(move |r| (r, n)));
        let best = roots.filter(|(r, _)| !r.is_empty() && below(r)).max_by_key(|(r, _)| r.len());
        let folder = self.folders.iter().find(|f| below(f));
        match (best, folder) {
            // A program of its own below a service's folder.
            (Some((root, node)), Some(folder)) if folder.len() <= root.len() => Some(node.name.to_string()),
            (Some((_, node)), None) => Some(node.name.to_string()),
            (Some((_, node)), Some(_)) => Some(node.name.to_string()),
            (None, Some(folder)) => folder.rsplit('/').next().map(str::to_owned),
            (None, None) => path.rsplit_once('/').and_then(|(f, _)| f.rsplit('/').next()).map(str::to_owned),
        }
    }
}

/// What breaks.
pub(crate) fn verdicts(element: &Element, change: &str, found: &Found<'_>) -> Verdicts {
    let mut out = Verdicts::default();
    let generated = found.names("generated").len();
    let json = !found.json.is_empty() || !found.names("json").is_empty();
    let mut because = Vec::new();
    let wire = match (element, change) {
        (Element::Field(..) | Element::Value(..), "rename") => {
            because.push("wire: fields and values are told apart by number, which stays".to_owned());
            false
        }
        (Element::Message(_) | Element::Enum(_), "rename") => {
            because.push("wire: names of types are not sent, except in `Any`".to_owned());
            false
        }
        (Element::Service(_) | Element::Rpc(..), "rename") => {
            because.push("wire: the name is part of the path of each call, `/package.Service/Method`".to_owned());
            true
        }
        (Element::Field(..), "remove") => {
            because.push("wire: what is sent is skipped, and is read as the default; reserve its number".to_owned());
            false
        }
        (_, "type") => {
            because.push("wire: another type is read wrongly, unless both share one encoding".to_owned());
            true
        }
        _ => {
            because.push("wire: calls to what is gone fail".to_owned());
            matches!(element, Element::Service(_) | Element::Rpc(..))
        }
    };
    let named = matches!(element, Element::Field(..) | Element::Value(..));
    out.wire = if wire { "breaks" } else { "compatible" }.to_owned();
    out.json = if !json {
        "none"
    } else if named || change == "type" {
        because.push(format!("json: the name is the key, on {} exchanges", found.json.len()));
        "breaks"
    } else {
        "compatible"
    }
    .to_owned();
    out.source = if generated > 0 {
        because.push(format!(
            "source: {generated} services name it in code that is generated or loaded from the contract"
        ));
        "breaks"
    } else {
        "compatible"
    }
    .to_owned();
    out.because = because;
    out
}

/// Steps in order: what others read is added before it is needed, and goes when nobody needs it.
pub(crate) fn order(element: &Element, change: &str, found: &Found<'_>) -> Vec<Step> {
    let generated = found.names("generated");
    let step =
        |services: Vec<String>, what: &str, undo: &str| Step { services, what: what.to_owned(), undo: undo.to_owned() };
    let writes = |t: &&Touched, kinds: &[&str]| t.lines.iter().any(|l| kinds.contains(&l.what.as_str()));
    let of = |kinds: &[&str]| -> Vec<String> {
        found.direct.iter().filter(|t| writes(t, kinds)).map(|t| t.service.clone()).collect()
    };
    let parties: BTreeSet<String> = found.json.iter().flat_map(|e| [e.from.clone(), e.to.clone()]).collect();
    let parties: Vec<String> = parties.into_iter().collect();
    let mut out = Vec::new();
    match (element, change) {
        (Element::Service(_) | Element::Rpc(..), _) => {
            out.push(step(
                of(&["serves"]),
                "add the new method beside the old one and serve both",
                "remove the new method",
            ));
            out.push(step(
                of(&["calls"]),
                "call the new method, in any order, when every server has it",
                "call the old method",
            ));
            out.push(step(of(&["serves"]), "remove the old method, when nobody calls it any more", "serve it again"));
        }
        (_, "rename") => {
            if !parties.is_empty() {
                let json =
                    "read both names in JSON, before anybody writes the new one (or keep the old one with `json_name`)";
                out.push(step(parties.clone(), json, "read the old name alone"));
            }
            let what = "rename it in the contract with the same number, generate again and change the lines; each service by \
                itself, since the binary form stays";
            out.push(step(generated, what, "generate from the older contract"));
            if !parties.is_empty() {
                out.push(step(parties, "drop the old name in JSON, when nobody writes it any more", "read both names"));
            }
        }
        _ => {
            let add = "add what replaces it beside it, and write both";
            out.push(step(of(&["writes"]), add, "stop writing the new one"));
            out.push(step(of(&["reads", "declares"]), "read the new one, or do without", "read the old one"));
            out.push(step(of(&["writes"]), "stop writing the old one, when nobody reads it", "write both again"));
            let last = "remove it from the contract and reserve its number and name";
            out.push(step(generated, last, "generate from the older contract"));
        }
    }
    out.retain(|s| !s.services.is_empty());
    out
}
