//! From files of tests, and folders of services, to commands: each file's nearest folder that says how its tests run.

use super::{Tree, Trial, Wanted, ancestors, folder_of, jvm, node, other, python};
use crate::settings;
use std::collections::{BTreeMap, BTreeSet};

/// A file of tests that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    pub service: String,
    pub path: String,
    pub because: String,
    /// The change is in it.
    pub changed: bool,
}

/// A service of which no file of tests is wanted by name: its folder may say how tests run all the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Folder {
    pub service: String,
    pub path: String,
}

/// One command for each runner and folder; and of which service nothing can be run, with why.
pub fn trials(
    tree: &Tree<'_>,
    own: &[settings::Test],
    chosen: &[Chosen],
    folders: &[Folder],
) -> (Vec<Trial>, Vec<(String, String)>) {
    let (mut out, mut without): (Vec<Trial>, BTreeMap<String, String>) = (Vec::new(), BTreeMap::new());
    let said = |service: &str| own.iter().filter(|t| t.service == service).collect::<Vec<_>>();
    let mut groups: BTreeMap<(Kind, String), Vec<&Chosen>> = BTreeMap::new();
    for one in chosen {
        let told = said(&one.service);
        if !told.is_empty() {
            continue;
        }
        match home(tree, &one.path) {
            Some(group) => groups.entry(group).or_default().push(one),
            None => {
                let why = format!("nothing above `{}` says how it is run", one.path);
                without.entry(one.service.clone()).or_insert(why);
            }
        }
    }
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for service in chosen.iter().map(|c| c.service.as_str()).chain(folders.iter().map(|f| f.service.as_str())) {
        if asked.insert(service) {
            let files: Vec<&Chosen> = chosen.iter().filter(|c| c.service == service).collect();
            out.extend(said(service).into_iter().filter(|t| !t.command.is_empty()).map(|t| told(t, &files)));
        }
    }
    for ((kind, home), files) in groups {
        let services: BTreeSet<String> = files.iter().map(|c| c.service.clone()).collect();
        let mut wanted: Vec<Wanted> =
            files.iter().map(|c| Wanted { path: c.path.clone(), because: c.because.clone() }).collect();
        wanted.sort();
        wanted.dedup();
        // What tests share says nothing by itself; where it changes, all of them may end otherwise.
        let (tests, shared): (Vec<&&Chosen>, Vec<&&Chosen>) = files.iter().partition(|c| holds_tests(tree, &c.path));
        let narrow = !tests.is_empty() && !shared.iter().any(|c| c.changed);
        let mut paths: Vec<String> = tests.iter().filter(|_| narrow).map(|c| c.path.clone()).collect();
        paths.sort();
        paths.dedup();
        let all: Vec<String> = wanted.iter().map(|w| w.path.clone()).collect();
        match made(tree, kind, &home, &all, &paths) {
            Ok(trial) => {
                let services = services.into_iter().filter(|s| !s.is_empty()).collect();
                out.push(Trial { services, files: wanted, ..trial });
            }
            Err(why) => without.extend(services.into_iter().map(|s| (s, why.clone()))),
        }
    }
    for folder in folders {
        let told = !said(&folder.service).is_empty();
        // Tests that nobody is known to own are of the service whose code lies beside or below them.
        let near = |a: &str, b: &str| a.is_empty() || b == a || b.strip_prefix(a).is_some_and(|r| r.starts_with('/'));
        let mut own = out.iter_mut().filter(|t| t.services.is_empty() && !t.folder.is_empty());
        if let Some(trial) = own.find(|t| near(&t.folder, &folder.path) || near(&folder.path, &t.folder)) {
            trial.services.push(folder.service.clone());
        }
        if told || out.iter().any(|t| t.services.contains(&folder.service)) {
            continue;
        }
        match whole(tree, &folder.path) {
            Some(trial) => {
                out.push(Trial { services: vec![folder.service.clone()], ..trial });
                without.remove(&folder.service);
            }
            None => {
                let why = "no tests of it are seen, and nothing in its folder says how they would run";
                without.entry(folder.service.clone()).or_insert_with(|| why.to_owned());
            }
        }
    }
    // Two services of one folder share its command.
    let mut joined: Vec<Trial> = Vec::new();
    for trial in out {
        match joined.iter_mut().find(|t| t.command == trial.command && t.folder == trial.folder) {
            Some(known) => known.services.extend(trial.services),
            None => joined.push(trial),
        }
    }
    without.retain(|service, _| !joined.iter().any(|t| t.services.contains(service)));
    (joined, without.into_iter().collect())
}

/// Whether a file has tests of its own, rather than what tests share: fixtures, base classes, containers.
fn holds_tests(tree: &Tree<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let says = |words: &[&str]| (tree.read)(path).is_none_or(|text| words.iter().any(|w| text.contains(w)));
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "py" => says(&["def test", "TestCase"]) && name != "conftest.py",
        "java" | "kt" | "groovy" | "scala" => {
            says(&["Test\n", "Test ", "Test(", "Test\r", "Specification", "Suite", "FunSpec", "FlatSpec"])
        }
        "cs" | "fs" | "vb" => says(&["[Fact", "[Theory", "[Test", "<Fact", "<Test"]),
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" => {
            says(&["it(", "test(", "describe(", "suite(", "test.", "it."])
        }
        "go" => name.ends_with("_test.go"),
        _ => true,
    }
}

/// What `seam.toml` says.
fn told(test: &settings::Test, files: &[&Chosen]) -> Trial {
    let folder = test.folder.clone().unwrap_or_default();
    let folder = folder.trim_start_matches("./").trim_end_matches('/').to_owned();
    let names: Vec<String> = files.iter().map(|f| super::quoted(&super::relative(&f.path, &folder))).collect();
    let narrowed = test.command.contains("${files}") && !names.is_empty();
    Trial {
        services: vec![test.service.clone()],
        runner: "seam.toml".to_owned(),
        command: test.command.replace("${files}", &names.join(" ")),
        env: test.env.clone(),
        files: files.iter().map(|f| Wanted { path: f.path.clone(), because: f.because.clone() }).collect(),
        folder,
        narrowed,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Python,
    Node,
    Cargo,
    Go,
    Maven,
    Gradle,
    Sbt,
    Dotnet,
    Mix,
    Ruby,
    Php,
    Make,
}

/// The kinds that a file's name allows, each with the files that mark its folder.
fn kinds(path: &str) -> &'static [(Kind, &'static [&'static str])] {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "py" => &[(Kind::Python, python::HOMES)],
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => {
            &[(Kind::Node, &["package.json"])]
        }
        "rs" => &[(Kind::Cargo, &["Cargo.toml"])],
        "go" => &[(Kind::Go, &["go.mod"])],
        "java" | "kt" | "groovy" | "scala" => &[
            (Kind::Maven, &["pom.xml"]),
            (Kind::Gradle, &["build.gradle", "build.gradle.kts"]),
            (Kind::Sbt, &["build.sbt"]),
        ],
        "cs" | "fs" | "vb" => &[(Kind::Dotnet, &[])],
        "ex" | "exs" => &[(Kind::Mix, &["mix.exs"])],
        "rb" => &[(Kind::Ruby, &["Gemfile", "Rakefile", ".rspec"])],
        "php" => &[(Kind::Php, &["composer.json", "phpunit.xml", "phpunit.xml.dist"])],
        _ => &[],
    }
}

/// The nearest folder that says how a file's tests run.
fn home(tree: &Tree<'_>, path: &str) -> Option<(Kind, String)> {
    for at in ancestors(folder_of(path)) {
        for (kind, marks) in kinds(path) {
            let marked = match kind {
                Kind::Dotnet => project(tree, at).is_some(),
                _ => marks.iter().any(|name| tree.has(at, name)),
            };
            if marked {
                return Some((*kind, at.to_owned()));
            }
        }
    }
    let made = ancestors(folder_of(path)).find(|at| other::make(tree, at).is_some());
    match (made, kinds(path)) {
        (Some(at), _) => Some((Kind::Make, at.to_owned())),
        // Python needs no word: its own library runs tests from the folder above them.
        (None, [(Kind::Python, _)]) => Some((Kind::Python, folder_of(path).to_owned())),
        _ => None,
    }
}

/// The project of .NET that lies in a folder.
fn project<'t>(tree: &Tree<'t>, folder: &str) -> Option<&'t String> {
    let is = |p: &&String| folder_of(p) == folder && ["csproj", "fsproj", "vbproj"].iter().any(|e| p.ends_with(e));
    tree.paths.iter().find(is)
}

/// `all` files are wanted; of them `files` run, every one if empty.
fn made(tree: &Tree<'_>, kind: Kind, home: &str, all: &[String], files: &[String]) -> Result<Trial, String> {
    let mut folder = home.to_owned();
    let (runner, command, narrowed) = match kind {
        Kind::Python => python::command(tree, home, all, files),
        Kind::Node => node::command(tree, home, files).or_else(|why| other::make(tree, home).ok_or(why))?,
        Kind::Cargo => other::cargo(home, files),
        Kind::Go => other::go(home, files),
        Kind::Maven | Kind::Gradle => {
            let by = if kind == Kind::Maven { jvm::maven } else { jvm::gradle };
            let (at, runner, command, narrowed) = by(tree, home, files);
            folder = at;
            (runner, command, narrowed)
        }
        Kind::Sbt => other::sbt(files),
        Kind::Dotnet => other::dotnet(project(tree, home).ok_or("there is no project")?, home, files),
        Kind::Mix => other::mix(home, files),
        Kind::Ruby => other::ruby(tree, home, files),
        Kind::Php => other::phpunit(tree, home, files),
        Kind::Make => other::make(tree, home).ok_or("there is no target `test`")?,
    };
    // Runners that watch files, colour or write caches do not, where they are told that nobody looks.
    let env = [("CI", "true"), ("NO_COLOR", "1"), ("PYTHONDONTWRITEBYTECODE", "1")];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Ok(Trial { runner, command, folder, narrowed, env, ..Trial::default() })
}

/// All tests of a folder, where it says itself that it has some.
fn whole(tree: &Tree<'_>, folder: &str) -> Option<Trial> {
    let all = |kind| made(tree, kind, folder, &[], &[]).ok();
    if tree.has(folder, "package.json")
        && let Ok(found) = node::command(tree, folder, &[])
    {
        return all(Kind::Node).filter(|t| t.command == found.1);
    }
    other::make(tree, folder).and_then(|_| all(Kind::Make))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files with their texts; what is wanted; the commands with their folders.
    fn check(files: &[(&str, &str)], wanted: &[&str], expected: &[(&str, &str)]) {
        let paths: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let read = |path: &str| files.iter().find(|(p, _)| *p == path).map(|(_, text)| (*text).to_owned());
        let tree = Tree { read: &read, paths: &paths };
        let chosen: Vec<Chosen> = wanted
            .iter()
            .map(|p| Chosen {
                service: "a".into(),
                path: (*p).to_owned(),
                because: "it is changed itself".into(),
                changed: true,
            })
            .collect();
        let (found, without) = trials(&tree, &[], &chosen, &[]);
        let told: Vec<(&str, &str)> = found.iter().map(|t| (t.folder.as_str(), t.command.as_str())).collect();
        assert_eq!(told, expected, "{without:?}");
        assert_eq!(expected.is_empty(), !without.is_empty());
    }

    #[test]
    fn each_language_has_its_runner_narrowed_to_the_files() {
        check(
            &[
                ("a/requirements.txt", "pytest\n"),
                ("a/tests/test_x.py", "def test_x(): pass\n"),
                ("a/.venv/pyvenv.cfg", ""),
            ],
            &["a/tests/test_x.py"],
            &[("a", ".venv/bin/python -m pytest -q -p no:cacheprovider tests/test_x.py")],
        );
        check(
            &[("a/app.py", ""), ("a/test_app.py", "class A(unittest.TestCase):\n")],
            &["a/test_app.py"],
            &[("a", "python3 -m unittest test_app.py")],
        );
        check(
            &[("a/manage.py", ""), ("a/shop/tests.py", "from django.test import TestCase\n")],
            &["a/shop/tests.py"],
            &[("a", "python3 manage.py test --noinput shop.tests")],
        );
        check(
            &[("go.mod", ""), ("pay/x_test.go", ""), ("main_test.go", "")],
            &["pay/x_test.go", "main_test.go"],
            &[("", "go test -count=1 . ./pay")],
        );
        check(
            &[("pom.xml", "<module>a</module>"), ("a/pom.xml", ""), ("mvnw", "")],
            &["a/src/test/java/ATest.java"],
            &[(
                "",
                "sh mvnw -B -ntp test -pl a -am -Dtest=ATest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false",
            )],
        );
        check(
            &[("settings.gradle", ""), ("a/b/build.gradle", ""), ("gradlew", "")],
            &["a/b/src/test/kotlin/ATest.kt"],
            &[("", "sh gradlew --quiet --console=plain :a:b:test --tests '*ATest'")],
        );
        check(&[("a/Cargo.toml", "")], &["a/tests/buy.rs"], &[("a", "cargo test --quiet --test buy")]);
        check(&[("a/Cargo.toml", "")], &["a/src/lib.rs"], &[("a", "cargo test --quiet")]);
        check(
            &[("t/T.csproj", "")],
            &["t/CartTests.cs"],
            &[("t", "dotnet test --nologo T.csproj --filter 'FullyQualifiedName~CartTests'")],
        );
        check(&[("a/mix.exs", "")], &["a/test/x_test.exs"], &[("a", "mix test test/x_test.exs")]);
        check(&[("Gemfile", "")], &["spec/x_spec.rb"], &[("", "bundle exec rspec spec/x_spec.rb")]);
    }

    #[test]
    fn what_tests_share_is_no_test_and_runs_all_where_it_changes() {
        let pytest = "python3 -m pytest -q -p no:cacheprovider";
        let files =
            [("a/setup.cfg", "[tool:pytest]"), ("a/t/conftest.py", ""), ("a/t/test_x.py", "def test_x(): pass")];
        check(&files, &["a/t/conftest.py", "a/t/test_x.py"], &[("a", pytest)]);
        check(&files, &["a/t/test_x.py"], &[("a", &format!("{pytest} t/test_x.py"))]);
    }

    #[test]
    fn tests_that_nobody_owns_are_of_the_service_beside_them() {
        let read = |path: &str| (path == "auth/setup.cfg").then(|| "pytest".to_owned());
        let tree = Tree { read: &read, paths: &[] };
        let path = "auth/tests/test_x.py".to_owned();
        let chosen = [Chosen { path, ..Chosen::default() }];
        let folders = ["auth", "mail"].map(|s| Folder { service: s.into(), path: format!("{s}/src") });
        let (found, without) = trials(&tree, &[], &chosen, &folders);
        assert_eq!((found.len(), &found[0].services), (1, &vec!["auth".to_owned()]));
        assert_eq!(without.len(), 1);
        assert_eq!(without[0].0, "mail");
    }

    #[test]
    fn scripts_of_packages_are_narrowed_only_where_the_runner_takes_files() {
        let one = |script: &str| format!("{{\"scripts\": {{\"test\": \"{script}\"}}}}");
        let jest = one("cross-env NODE_ENV=test jest --ci");
        check(&[("a/package.json", &jest)], &["a/x.test.js"], &[("a", "npm run test -- x.test.js")]);
        let yarn = [("a/package.json", jest.as_str()), ("yarn.lock", "")];
        check(&yarn, &["a/x.test.js"], &[("a", "yarn run test x.test.js")]);
        let mocha = one("mocha --exit test/**/*.js");
        check(&[("a/package.json", &mocha)], &["a/test/x.js"], &[("a", "node_modules/.bin/mocha --exit test/x.js")]);
        let node = one("node --test test/");
        check(&[("a/package.json", &node)], &["a/test/x.js"], &[("a", "node --test test/x.js")]);
        let several = one("npm run lint && jest");
        check(&[("a/package.json", &several)], &["a/x.test.js"], &[("a", "npm run test")]);
        let none = one("echo \\\"Error: no test specified\\\" && exit 1");
        check(&[("a/package.json", &none)], &["a/x.test.js"], &[]);
        check(&[("a/package.json", &none), ("a/Makefile", "test: build\n")], &["a/x.test.js"], &[("a", "make test")]);
    }

    #[test]
    fn what_the_workspace_says_itself_comes_first() {
        let read = |path: &str| (path == "a/package.json").then(|| "{\"scripts\": {\"test\": \"jest\"}}".to_owned());
        let tree = Tree { read: &read, paths: &[] };
        let chosen =
            [Chosen { service: "a".into(), path: "a/t/x.test.js".into(), because: String::new(), changed: false }];
        let test = |command: &str| settings::Test {
            service: "a".into(),
            command: command.into(),
            folder: Some("./a/".into()),
            ..settings::Test::default()
        };
        let (found, _) = trials(&tree, &[test("check ${files}")], &chosen, &[]);
        assert_eq!((found[0].command.as_str(), found[0].folder.as_str()), ("check t/x.test.js", "a"));
        assert!(found[0].narrowed);
        // An empty command: it has none, on purpose.
        assert_eq!(trials(&tree, &[test("")], &chosen, &[]), (vec![], vec![]));
    }
}
