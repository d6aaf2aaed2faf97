//! `seam plan --contract`: exit codes, formats, and versions that come from files, folders and revisions.

#![expect(clippy::disallowed_methods, reason = "it runs the binary on files that it writes")]

use std::path::Path;
use std::process::{Command, Output};

fn seam(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seam")).current_dir(folder).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const OLD: &str = "type Query { order(id: ID!): String }\n";
const NEW: &str = "type Query { order(id: ID!, at: Int!): String }\n";

#[test]
fn what_breaks_makes_the_exit_code_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.graphql"), OLD).unwrap();
    std::fs::write(folder.path().join("new.graphql"), NEW).unwrap();
    let run = |arguments: &[&str]| seam(folder.path(), &[&["plan", "--contract"], arguments].concat());
    assert_eq!(run(&["old.graphql", "old.graphql"]).status.code(), Some(0));
    let broken = run(&["old.graphql", "new.graphql"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken).contains("REQUIRED_ARG_ADDED · wire · hurts those who send"), "{}", text(&broken));
    assert!(text(&broken).contains("+ new.graphql:1  type Query"), "{}", text(&broken));
    assert_eq!(run(&["old.graphql", "new.graphql", "--fail-on", "never"]).status.code(), Some(0));
    assert_eq!(run(&["old.graphql", "missing.graphql"]).status.code(), Some(2));
    assert_eq!(run(&["old.graphql"]).status.code(), Some(2));
}

#[test]
fn every_format_tells_the_same_changes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old.graphql"), OLD).unwrap();
    std::fs::write(folder.path().join("new.graphql"), NEW).unwrap();
    for format in ["table", "json", "sarif", "github", "markdown"] {
        let output = seam(folder.path(), &["plan", "--contract", "old.graphql", "new.graphql", "--format", format]);
        assert!(text(&output).contains("REQUIRED_ARG_ADDED"), "{format}");
        if matches!(format, "json" | "sarif") {
            serde_json::from_str::<serde_json::Value>(&text(&output)).unwrap();
        }
    }
}

#[test]
fn versions_come_from_folders_and_revisions() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let ran = Command::new("git").current_dir(folder.path()).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    };
    let proto = folder.path().join("api/shop.proto");
    std::fs::create_dir(folder.path().join("api")).unwrap();
    std::fs::write(&proto, "syntax = \"proto3\";\nmessage A { string x = 1; int32 y = 2; }\n").unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"]);
    std::fs::write(&proto, "syntax = \"proto3\";\nmessage A { string x = 1; }\n").unwrap();
    for (base, revision) in [("HEAD:api", "api"), ("HEAD:api/shop.proto", "api/shop.proto")] {
        let output = seam(folder.path(), &["plan", "--contract", base, revision]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output).contains("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED"), "{base}: {}", text(&output));
    }
}
