//! Tests on the JVM: Maven and Gradle, by the wrapper that lies nearest above, in the module that has the tests.

use super::{Tree, ancestors, joined, quoted, relative, stem};

/// The folder to run in, the runner, its command, and whether it is narrowed.
type Command = (String, String, String, bool);

pub(super) fn maven(tree: &Tree<'_>, home: &str, files: &[String]) -> Command {
    // Modules are built from the outermost project that lists them.
    let lists = |at: &&str| tree.text(at, "pom.xml").is_some_and(|t| t.contains("<module>"));
    let top = ancestors(home).skip(1).filter(lists).last().unwrap_or(home).to_owned();
    let by = wrapper(tree, &top, "mvnw", "mvn");
    let mut command = format!("{by} -B -ntp test");
    if top != home {
        command.push_str(&format!(" -pl {} -am", quoted(&relative(home, &top))));
    }
    if !files.is_empty() {
        let classes: Vec<&str> = files.iter().map(|f| stem(f)).collect();
        command.push_str(&format!(
            " -Dtest={} -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false",
            quoted(&classes.join(","))
        ));
    }
    (top, "maven".to_owned(), command, !files.is_empty())
}

pub(super) fn gradle(tree: &Tree<'_>, home: &str, files: &[String]) -> Command {
    let top = tree.up(home, &["settings.gradle", "settings.gradle.kts"]).unwrap_or_else(|| home.to_owned());
    let by = wrapper(tree, &top, "gradlew", "gradle");
    let inner = if top == home { String::new() } else { format!(":{}:", relative(home, &top).replace('/', ":")) };
    let mut command = format!("{by} --quiet --console=plain {inner}test");
    for file in files {
        command.push_str(&format!(" --tests {}", quoted(&format!("*{}", stem(file)))));
    }
    (top, "gradle".to_owned(), command, !files.is_empty())
}

fn wrapper(tree: &Tree<'_>, folder: &str, name: &str, otherwise: &str) -> String {
    let found = ancestors(folder).find(|at| tree.has(at, name));
    match found {
        // A shell reads it, whether or not its file may be executed.
        Some(at) => format!("sh {}", quoted(&relative(&joined(at, name), folder))),
        None => otherwise.to_owned(),
    }
}
