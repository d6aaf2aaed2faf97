//! Tests of Rust, Go, .NET, Elixir, Ruby, PHP and Scala, and those behind a Makefile.

use super::{Tree, folder_of, quoted, relative, stem};
use std::collections::BTreeSet;

/// The runner, its command, and whether it is narrowed.
type Command = (String, String, bool);

pub(super) fn cargo(home: &str, files: &[String]) -> Command {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let at = relative(file, home);
        let test = at.strip_prefix("tests/").map(|t| t.split(['/', '.']).next().unwrap_or(t).to_owned());
        wanted.insert(test.map_or_else(|| "--lib --bins".to_owned(), |name| format!("--test {}", quoted(&name))));
    }
    let wanted: Vec<String> = wanted.into_iter().collect();
    let narrowed = !wanted.is_empty() && !wanted.iter().any(|w| w.starts_with("--lib"));
    // A package without a library has no `--lib`; all of its tests are few enough then.
    let wanted = if narrowed { format!(" {}", wanted.join(" ")) } else { String::new() };
    ("cargo".to_owned(), format!("cargo test --quiet{wanted}"), narrowed)
}

pub(super) fn go(home: &str, files: &[String]) -> Command {
    let packages: BTreeSet<String> = files
        .iter()
        .map(|f| match relative(folder_of(f), home).as_str() {
            "." | "" => ".".to_owned(),
            inner => quoted(&format!("./{inner}")),
        })
        .collect();
    let which =
        if packages.is_empty() { "./...".to_owned() } else { packages.into_iter().collect::<Vec<_>>().join(" ") };
    // Results that are kept from an earlier run would say nothing about flakiness.
    ("go".to_owned(), format!("go test -count=1 {which}"), !files.is_empty())
}

pub(super) fn dotnet(project: &str, home: &str, files: &[String]) -> Command {
    let names: Vec<String> = files.iter().map(|f| format!("FullyQualifiedName~{}", stem(f))).collect();
    let filter = if names.is_empty() { String::new() } else { format!(" --filter '{}'", names.join("|")) };
    let command = format!("dotnet test --nologo {}{filter}", quoted(&relative(project, home)));
    ("dotnet".to_owned(), command, !files.is_empty())
}

pub(super) fn mix(home: &str, files: &[String]) -> Command {
    ("mix".to_owned(), format!("mix test {}", listed(home, files)).trim_end().to_owned(), !files.is_empty())
}

pub(super) fn ruby(tree: &Tree<'_>, home: &str, files: &[String]) -> Command {
    let spec = files.iter().all(|f| f.ends_with("_spec.rb")) && (!files.is_empty() || tree.has(home, ".rspec"));
    let bundle = if tree.has(home, "Gemfile") { "bundle exec " } else { "" };
    if spec {
        let command = format!("{bundle}rspec {}", listed(home, files));
        return ("rspec".to_owned(), command.trim_end().to_owned(), !files.is_empty());
    }
    if tree.has(home, "bin/rails") {
        let command = format!("bin/rails test {}", listed(home, files));
        return ("rails".to_owned(), command.trim_end().to_owned(), !files.is_empty());
    }
    ("rake".to_owned(), format!("{bundle}rake test"), false)
}

pub(super) fn phpunit(tree: &Tree<'_>, home: &str, files: &[String]) -> Command {
    let laravel = tree.has(home, "artisan");
    let by = if laravel { "php artisan test" } else { "vendor/bin/phpunit" };
    let names: Vec<&str> = files.iter().map(|f| stem(f)).collect();
    let filter = if names.is_empty() { String::new() } else { format!(" --filter '{}'", names.join("|")) };
    ("phpunit".to_owned(), format!("{by}{filter}"), !files.is_empty())
}

pub(super) fn sbt(files: &[String]) -> Command {
    let names: Vec<String> = files.iter().map(|f| format!("*{}", stem(f))).collect();
    let what = if names.is_empty() { "test".to_owned() } else { format!("'testOnly {}'", names.join(" ")) };
    ("sbt".to_owned(), format!("sbt -batch {what}"), !files.is_empty())
}

/// The target `test` of a Makefile.
pub(super) fn make(tree: &Tree<'_>, home: &str) -> Option<Command> {
    let text = ["Makefile", "makefile", "GNUmakefile"].iter().find_map(|name| tree.text(home, name))?;
    let target = |line: &str| line.split(':').next().is_some_and(|t| t.split_whitespace().any(|w| w == "test"));
    text.lines()
        .any(|l| !l.starts_with(['\t', ' ', '#', '.']) && l.contains(':') && !l.contains(":=") && target(l))
        .then(|| ("make".to_owned(), "make test".to_owned(), false))
}

fn listed(home: &str, files: &[String]) -> String {
    files.iter().map(|f| quoted(&relative(f, home))).collect::<Vec<_>>().join(" ")
}
