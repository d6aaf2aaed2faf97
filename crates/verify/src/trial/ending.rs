//! What the end of a test command means: its exit code and its last words, for runners that tell "nothing ran" apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "end", content = "because")]
pub enum End {
    Passed,
    Failed,
    /// Failed, and passed when it was repeated.
    Flaky,
    /// Nothing can be said: a program or its packages are missing, no test ran, the time was over.
    Open(String),
}

/// `code` is nothing where the command was ended.
pub fn ending(runner: &str, code: Option<i32>, output: &str) -> End {
    let open = |why: String| End::Open(why);
    if code == Some(0) {
        return match empty(runner, output) {
            Some(why) => open(why.to_owned()),
            None => End::Passed,
        };
    }
    if code == Some(127) || code == Some(126) {
        return open(format!(
            "its program is not there: {}",
            said(output, &["not found", "ermission denied", "No such file"])
        ));
    }
    // pytest: 5 is "no test was collected".
    if runner == "pytest" && code == Some(5) {
        return open("no test was collected".to_owned());
    }
    for (word, why) in MISSING {
        if output.contains(word) && !output.contains("AssertionError") {
            return open(format!("{why}: {}", said(output, &[word])));
        }
    }
    if code == Some(1) && runner.contains(" by ") && output.contains("not found") && output.contains("sh:") {
        return open(format!("its packages are not installed: {}", said(output, &["not found"])));
    }
    End::Failed
}

/// Words of tools that could not begin; what they would have tried says nothing then.
const MISSING: &[(&str, &str)] = &[
    ("No module named pytest", "pytest is not installed"),
    ("No module named 'pytest'", "pytest is not installed"),
    ("Cannot find package", "its packages are not installed"),
    ("MODULE_NOT_FOUND", "its packages are not installed"),
    ("JAVA_HOME is not", "there is no Java"),
    ("Could not resolve dependencies", "its packages cannot be fetched"),
    ("Could not resolve all", "its packages cannot be fetched"),
    ("failed to download", "its packages cannot be fetched"),
    ("dial tcp", "its packages cannot be fetched"),
    ("Unable to load the service index", "its packages cannot be fetched"),
    ("Could not find gem", "its packages are not installed"),
    ("Unchecked dependencies for environment test", "its packages are not installed"),
    ("No tests found for given includes", "no test has such a name"),
    ("No tests matching", "no test has such a name"),
    ("No rule to make target", "its Makefile does not say how"),
];

/// A success of nothing.
fn empty(runner: &str, output: &str) -> Option<&'static str> {
    let words: &[&str] = match runner {
        "go" => {
            return (!output.lines().any(|l| l.starts_with("ok ")) && output.contains("[no test files]"))
                .then_some("there is no test in the package");
        }
        "maven" => return (!output.contains("Tests run:")).then_some("no test ran"),
        "unittest" => &["Ran 0 tests"],
        "django" => &["Found 0 test", "Ran 0 tests"],
        "dotnet" => &["No test matches", "No test is available"],
        "phpunit" => &["No tests executed"],
        "rspec" => &["0 examples, 0 failures"],
        _ if runner.starts_with("jest") => &["No tests found"],
        _ => &[],
    };
    words.iter().any(|w| output.contains(w)).then_some("no test ran")
}

/// The line with one of the words.
fn said(output: &str, words: &[&str]) -> String {
    let line = output.lines().rev().find(|l| words.iter().any(|w| l.contains(w))).or_else(|| output.lines().last());
    line.unwrap_or("it says nothing").trim().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_begin_is_no_failure() {
        let open = |runner, code, text| matches!(ending(runner, Some(code), text), End::Open(_));
        assert!(open("pytest", 1, "/usr/bin/python3: No module named pytest\n"));
        assert!(open("pytest", 5, "no tests ran in 0.01s\n"));
        assert!(open("jest by npm", 127, "sh: 1: jest: not found\n"));
        assert!(open("unittest", 0, "Ran 0 tests in 0.000s\n\nOK\n"));
        assert!(open("go", 0, "?   \tshop\t[no test files]\n"));
        assert!(!open("go", 0, "ok  \tshop\t0.01s\n?   \tshop/x\t[no test files]\n"));
        assert_eq!(ending("pytest", Some(1), "E   AssertionError: 1 != 2\n1 failed\n"), End::Failed);
        assert_eq!(ending("pytest", Some(0), "1 passed\n"), End::Passed);
    }
}
