//! Facts by what linking looks them up with.

use crate::groups::{Found, Groups};
use seam_facts::{
    Claim, Constant, Deployment, Fact, FactBase, Module, Pass, Protocol, Return, Schema, Setting, SettingScope,
    SmolStr, Uses,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A file by its position in the sorted list of files.
pub(crate) type FileId = usize;

pub(crate) struct Index<'a> {
    pub paths: Vec<&'a SmolStr>,
    pub facts: Vec<&'a [Fact]>,
    pub test: Vec<bool>,
    pub by_path: HashMap<&'a str, FileId>,
    /// Constants by the last part of their symbol.
    pub constants: HashMap<&'a str, Vec<(FileId, &'a Constant, &'a Fact)>>,
    /// Results by the function's simple name.
    pub returns: HashMap<&'a str, Vec<(FileId, &'a Return, &'a Fact)>>,
    /// Calls that pass values, by the callee's simple name.
    pub passes: HashMap<&'a str, Vec<(FileId, &'a Pass, &'a Fact)>>,
    pub uses: Vec<Option<&'a Uses>>,
    pub settings: Vec<(FileId, &'a Setting, &'a Fact)>,
    pub modules: Vec<(FileId, &'a Module, &'a Fact)>,
    pub schemas: Vec<(FileId, &'a Schema, &'a Fact)>,
    /// Every folder that holds a file, with all its parents.
    pub folders: BTreeSet<&'a str>,
    /// `package.Type` (and the bare package) to files.
    pub packages: BTreeMap<SmolStr, Vec<FileId>>,
    /// Functions that a gRPC server calls by their contract: nobody names them.
    pub served: BTreeSet<(FileId, &'a str)>,
    /// Files of variables that a script reads.
    pub sourced: BTreeMap<FileId, Vec<FileId>>,
    groups: Groups<'a>,
}

impl<'a> Index<'a> {
    pub fn new(base: &'a FactBase) -> Self {
        let mut index = Index {
            paths: Vec::new(),
            facts: Vec::new(),
            test: Vec::new(),
            by_path: HashMap::new(),
            constants: HashMap::new(),
            returns: HashMap::new(),
            passes: HashMap::new(),
            uses: Vec::new(),
            settings: Vec::new(),
            modules: Vec::new(),
            schemas: Vec::new(),
            folders: BTreeSet::new(),
            packages: BTreeMap::new(),
            served: BTreeSet::new(),
            sourced: BTreeMap::new(),
            groups: Groups::default(),
        };
        let mut sourcing: Vec<(FileId, &SmolStr)> = Vec::new();
        for (id, (path, file)) in base.files().enumerate() {
            index.paths.push(path);
            index.facts.push(&file.facts);
            index.test.push(is_test(path));
            index.by_path.insert(path, id);
            index.uses.push(None);
            let mut at = path.as_str();
            while let Some((parent, _)) = at.rsplit_once('/') {
                if !index.folders.insert(parent) {
                    break;
                }
                at = parent;
            }
            for fact in &file.facts {
                match &fact.claim {
                    Claim::Constant(c) => index.constants.entry(name_of(&c.symbol)).or_default().push((id, c, fact)),
                    Claim::Return(r) => index.returns.entry(name_of(&r.function)).or_default().push((id, r, fact)),
                    Claim::Pass(p) => index.passes.entry(name_of(&p.callee)).or_default().push((id, p, fact)),
                    Claim::Setting(s) => index.settings.push((id, s, fact)),
                    Claim::Module(m) => index.modules.push((id, m, fact)),
                    Claim::Schema(s) => index.schemas.push((id, s, fact)),
                    Claim::Uses(u) => {
                        index.uses[id] = Some(u);
                        if !u.package.is_empty() {
                            index.packages.entry(u.package.clone()).or_default().push(id);
                            for (ty, _) in &u.types {
                                let full = seam_facts::format_smolstr!("{}.{ty}", u.package);
                                index.packages.entry(full).or_default().push(id);
                            }
                        }
                    }
                    Claim::Endpoint(e) if e.protocol == Protocol::Grpc => {
                        index.served.insert((id, &e.handler));
                    }
                    Claim::Profile(p) if p.deployment == Deployment::Script => {
                        sourcing.extend(p.includes.iter().map(|include| (id, include)));
                    }
                    Claim::Service(_)
                    | Claim::Alias(_)
                    | Claim::Build(_)
                    | Claim::Profile(_)
                    | Claim::Depends(_)
                    | Claim::Endpoint(_)
                    | Claim::Mount(_)
                    | Claim::Call(_)
                    | Claim::Route(_)
                    | Claim::Message(_)
                    | Claim::Store(_)
                    | Claim::Access(_)
                    | Claim::Policy(_)
                    | Claim::Read(_)
                    | Claim::Test(_)
                    | Claim::Shape(_)
                    | Claim::Body(_)
                    | Claim::Write(_)
                    | Claim::Intake(_)
                    | Claim::Alter(_)
                    | Claim::Columns(_)
                    | Claim::Region(_)
                    | Claim::Attempts(_)
                    | Claim::KeyUse(_)
                    | Claim::Status(_)
                    | Claim::Fallback(_)
                    | Claim::Steps(_)
                    | Claim::Allow(_)
                    | Claim::OwnRule(_)
                    | Claim::Owner(_) => {}
                }
            }
        }
        for (id, include) in sourcing {
            // A script is started in its own folder or at the top.
            let near = join(folder(index.paths[id]), include).and_then(|p| index.by_path.get(p.as_str()).copied());
            if let Some(file) = near.or_else(|| index.by_path.get(include.as_str()).copied()) {
                index.sourced.entry(id).or_default().push(file);
            }
        }
        let gone = |file: FileId, module: &Module| index.declared_home(file, module).is_none();
        let missing: Vec<bool> = index.modules.iter().map(|(file, module, _)| gone(*file, module)).collect();
        let mut missing = missing.into_iter();
        index.modules.retain(|_| !missing.next().unwrap_or(false));
        index.groups = Groups::new(&index.settings);
        index
    }

    /// The folder of a module: its manifest's, or the one below it that the manifest says.
    pub fn home(&self, file: FileId, module: &Module) -> &'a str {
        self.declared_home(file, module).unwrap_or_else(|| folder(self.paths[file]))
    }

    /// The same; `None` where no file stands there.
    fn declared_home(&self, file: FileId, module: &Module) -> Option<&'a str> {
        let above = folder(self.paths[file]);
        if module.folder.is_empty() {
            return Some(above);
        }
        self.folders.get(join(above, &module.folder)?.as_str()).copied()
    }

    /// The files below a folder, or the file itself: one run of the sorted paths.
    pub fn below(&self, root: &str) -> impl Iterator<Item = FileId> {
        let from = self.paths.partition_point(|p| p.as_str() < root);
        let inside = format!("{root}/");
        let start = if root.is_empty() {
            0
        } else {
            from + self.paths[from..].partition_point(|p| p.as_str() < inside.as_str())
        };
        let length = self.paths[start..].partition_point(|p| root.is_empty() || p.starts_with(&inside));
        self.by_path.get(root).copied().into_iter().chain(start..start + length)
    }

    /// Settings of one scope kind in one file.
    pub fn settings_in(&self, file: FileId) -> impl Iterator<Item = (&'a Setting, &'a Fact)> {
        self.facts[file].iter().filter_map(|fact| match &fact.claim {
            Claim::Setting(setting) => Some((setting, fact)),
            _ => None,
        })
    }

    /// The settings of a group that a deployable of `file` takes whole.
    pub fn group(&self, file: FileId, name: &str) -> Vec<Found<'a>> {
        self.groups.of(self, file, name)
    }

    /// The only file beside a dotenv file that says by its name that it is an example of one: `example.env`, `env.sample`,
    /// `docker-compose.example.env`.
    fn example_beside(&self, path: &str) -> Option<FileId> {
        self.example_called(path).or_else(|| self.example_alone(path))
    }

    /// The only one whose name is the file's with a word for that: `settings-sample.env` of `settings.env`.
    fn example_called(&self, path: &str) -> Option<FileId> {
        let parts = |name: &str| -> Vec<String> {
            let all = name.split(['.', '-', '_']).map(str::to_ascii_lowercase).filter(|w| !w.is_empty());
            all.filter(|w| !is_sample(w)).collect()
        };
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let (base, wanted) = (folder(path), parts(&name(path)));
        let from = if base.is_empty() { String::new() } else { format!("{base}/") };
        let start = self.paths.partition_point(|p| p.as_str() < from.as_str());
        let near = (start..self.paths.len()).take_while(|f| self.paths[*f].starts_with(&from));
        let mut found = near.filter(|f| {
            let own = self.paths[*f].as_str();
            folder(own) == base
                && is_sample(own)
                && parts(&name(own)) == wanted
                && self.settings_in(*f).any(|(s, _)| s.scope == SettingScope::Dotenv)
        });
        found.next().filter(|_| found.next().is_none())
    }

    fn example_alone(&self, path: &str) -> Option<FileId> {
        let base = match path.strip_suffix(".env")? {
            "" => "",
            base => base.strip_suffix('/')?,
        };
        let named = |file: &FileId| {
            let name = self.paths[*file].rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            folder(self.paths[*file]) == base
                && name.split(['.', '-', '_']).any(|w| w == "env")
                && is_sample(&name)
                && self.settings_in(*file).any(|(s, _)| s.scope == SettingScope::Dotenv)
        };
        let from = if base.is_empty() { String::new() } else { format!("{base}/") };
        let start = self.paths.partition_point(|p| p.as_str() < from.as_str());
        let mut found = (start..self.paths.len()).take_while(|f| self.paths[*f].starts_with(&from)).filter(named);
        found.next().filter(|_| found.next().is_none())
    }

    /// The dotenv settings of a file by path.
    ///
    /// Where the file itself is not committed, the example that people are told to copy stands for it.
    pub fn dotenv(&self, path: &str) -> Vec<(&'a Setting, &'a Fact, FileId)> {
        const EXAMPLES: &[&str] = &["", ".example", ".sample", ".template", ".dist", ".default", ".defaults"];
        let file = EXAMPLES.iter().find_map(|suffix| self.by_path.get(format!("{path}{suffix}").as_str()));
        let Some(file) = file.copied().or_else(|| self.example_beside(path)) else { return Vec::new() };
        self.settings_in(file).filter(|(s, _)| s.scope == SettingScope::Dotenv).map(|(s, f)| (s, f, file)).collect()
    }
}

/// What a symbol is looked up by: its last part, or the last two where the last is a marker (`Owner.<init>`).
pub(crate) fn name_of(symbol: &str) -> &str {
    let name = last(symbol);
    if !name.starts_with('<') || name.len() >= symbol.len() {
        return name;
    }
    let before = &symbol[..symbol.len() - name.len() - 1];
    &symbol[symbol.len() - name.len() - 1 - last(before).len()..]
}

/// What a symbol is a member of, without its module: `a#Owner.name` → `Owner`; empty if nothing.
pub(crate) fn owner_of(symbol: &str) -> &str {
    let name = last(symbol);
    if name.len() >= symbol.len() {
        return "";
    }
    last(&symbol[..symbol.len() - name.len() - 1])
}

/// The last part of a symbol: `a#b.c` → `c`.
pub(crate) fn last(symbol: &str) -> &str {
    // A marker may contain a colon (`<out:0>`).
    let end = symbol.rfind('<').filter(|at| symbol.ends_with('>') && *at > 0).unwrap_or(symbol.len());
    match symbol[..end].rfind(['.', '#', '/', ':']) {
        Some(at) if end < symbol.len() && at + 1 == end => &symbol[end..],
        Some(at) => &symbol[at + 1..],
        None => symbol,
    }
}

/// Whether a file of settings says by its name that people are to copy it and fill it in.
pub fn is_sample(path: &str) -> bool {
    const WORDS: [&str; 6] = ["example", "sample", "template", "dist", "default", "defaults"];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.split(['.', '-', '_']).any(|word| WORDS.contains(&word))
}

/// Whether code at this path is a test, an example or generated documentation rather than the system.
pub fn is_test(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or("");
    let folder = parts.iter().any(|p| {
        // `contractTest`, `endToEndTests`: another source set.
        if p.ends_with("Test") || p.ends_with("Tests") {
            return true;
        }
        let p = p.to_ascii_lowercase();
        matches!(
            p.as_str(),
            "test"
                | "tests"
                | "__tests__"
                | "__e2e__"
                | "spec"
                | "specs"
                | "e2e"
                | "it"
                | "testdata"
                | "fixtures"
                | "__mocks__"
                | "mocks"
                | "mock"
                | "cypress"
                | "integrationtests"
                | "unittests"
                | "functionaltests"
                | "testing"
                | "androidtest"
                | "inttest"
                | "integrationtest"
                | "integration-test"
                | "integration-tests"
                | "acceptance-tests"
                | "contract-tests"
                | "pact"
                | "pacts"
        ) || [
            ".test",
            ".tests",
            ".unittests",
            ".integrationtests",
            ".functionaltests",
            "-test",
            "-tests",
            "_test",
            "_tests",
            "-e2e",
        ]
        .iter()
        .any(|s| p.ends_with(s))
    });
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or("");
    let file = lower.contains(".test.")
        || lower.contains(".spec.")
        || lower.contains(".e2e-spec.")
        || lower.contains(".cy.")
        || lower.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        // `api.servertest.ts`: a kind of tests of one's own.
        || lower.split('.').rev().nth(1).is_some_and(|kind| kind != stem && kind.len() > 4 && kind.ends_with("test"))
        || lower == "conftest.py"
        || matches!(lower.as_str(), "test.rs" | "tests.rs")
        || ["Test.java", "Tests.java", "IT.java", "Test.kt", "Tests.kt", "Test.cs", "Tests.cs", "Spec.kt", "Test.php"]
            .iter()
            .any(|s| name.ends_with(s))
        || ["Spec.scala", "Test.scala", "Tests.scala", "Suite.scala", "Specs.scala"].iter().any(|s| name.ends_with(s));
    folder || file
}

/// The folder of a path; empty at the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map(|(f, _)| f).unwrap_or("")
}

/// `folder` and a relative path below (or beside) it, normalised; `None` if it leaves the workspace.
pub(crate) fn join(folder: &str, relative: &str) -> Option<String> {
    let relative = relative.replace('\\', "/");
    let mut parts: Vec<&str> =
        if relative.starts_with('/') { Vec::new() } else { folder.split('/').filter(|p| !p.is_empty()).collect() };
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether `path` is `root` or lies below it. The empty root holds everything.
pub(crate) fn below(path: &str, root: &str) -> bool {
    root.is_empty() || path == root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// Lower-case letters and digits only: `Cart-Service` and `cart_service` are `cartservice`.
pub(crate) fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_code() {
        assert!(is_test("cart/src/test/java/CartTest.java"));
        assert!(is_test("web/app.spec.ts"));
        assert!(is_test("src/Orders.UnitTests/Foo.cs"));
        assert!(!is_test("src/contest/main.go"));
        assert!(!is_test("services/latest/main.py"));
    }

    #[test]
    fn symbols_are_named_by_their_last_part() {
        assert_eq!(name_of("a/b#Client.get"), "get");
        assert_eq!(name_of("a#Client.<init>"), "Client.<init>");
        assert_eq!(name_of("fill.<out:0>"), "fill.<out:0>");
        assert_eq!(owner_of("a#Client.get"), "Client");
        assert_eq!(owner_of("get"), "");
    }

    #[test]
    fn paths_join_and_stay_inside() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "../../x"), None);
        assert!(below("a/b", "a") && !below("ab", "a"));
    }
}
