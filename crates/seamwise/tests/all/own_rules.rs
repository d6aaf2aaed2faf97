//! Rules that a workspace writes for itself: started, tried, found, accepted, and said to be wrong where they are.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn seam(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seam")).args(args).arg("--no-cache").current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Two services that write one table.
fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        "compose.yaml",
        "services:\n  billing:\n    build: ./billing\n  reports:\n    build: ./reports\n  db:\n    image: mongo:8\n",
    );
    for service in ["billing", "reports"] {
        write(root, &format!("{service}/Dockerfile"), "FROM python:3.14\nCOPY . .\nCMD [\"python\", \"main.py\"]\n");
        let code = "from pymongo import MongoClient\n\nclient = MongoClient(\"mongodb://db:27017\")\n\n\ndef book(entry):\n    client.shop.invoices.insert_one(entry)\n";
        write(root, &format!("{service}/main.py"), code);
    }
    folder
}

const RULE: &str = "# invoices-of-billing\n\nOnly billing keeps the books.\n\n```rule\neach = \"access\"\nwhere = { table = \"invoices\", mode = \"write\", service = { not = \"billing\" } }\nmessage = \"`{service}` writes `{table}`\"\n```\n";

#[test]
fn a_new_rule_holds_as_it_is_written_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let new = seam(folder.path(), &["rules", "--new", "slow-payment"]);
    assert!(new.status.success(), "{}", text(&new.stderr));
    let check = seam(folder.path(), &["rules", "--check"]);
    assert!(check.status.success() && text(&check.stdout).contains("all pages hold"), "{}", text(&check.stdout));
    let again = seam(folder.path(), &["rules", "--new", "slow-payment"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("not overwritten"), "{}", text(&again.stderr));
    assert_eq!(seam(folder.path(), &["rules", "--new", "../x"]).status.code(), Some(2));
}

#[test]
fn findings_carry_the_reason_and_can_be_accepted() {
    let folder = shop();
    write(folder.path(), "seam/rules/invoices.md", RULE);
    let found = |args: &[&str]| -> Value {
        let out = seam(folder.path(), &[&["detect", "--json"], args].concat());
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let answer = found(&["--rule", "own"]);
    let finding = &answer["findings"][0];
    assert_eq!(answer["findings"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(finding["message"], "`reports` writes `invoices`");
    assert_eq!(finding["why"], "Only billing keeps the books.");
    assert_eq!((finding["group"].as_str(), finding["at"]["path"].as_str()), (Some("own"), Some("reports/main.py")));
    let code = std::fs::read_to_string(folder.path().join("reports/main.py")).unwrap();
    let allowed =
        code.replace("    client.shop", "    # seam: allow(invoices-of-billing) moves out in spring\n    client.shop");
    write(folder.path(), "reports/main.py", &allowed);
    let answer = found(&[]);
    assert_eq!(answer["allowed"].as_array().unwrap().len(), 1, "{answer}");
    assert!(!answer["findings"].as_array().unwrap().iter().any(|f| f["group"] == "own" || f["rule"] == "unused-allow"));
}

#[test]
fn a_page_that_is_no_rule_is_a_finding_at_its_line() {
    let folder = shop();
    for (page, line, says) in [
        (RULE.replace("table =", "tables ="), 7, "has no `tables`"),
        (RULE.replace("\"access\"", "\"acess\""), 6, "unknown variant"),
        (RULE.replace("{table}", "{tables}"), 8, "has no `tables`"),
        (RULE.replace("invoices-of-billing", "call-cycle"), 1, "built-in"),
        (RULE.replace("```rule", "```toml"), 1, "```rule"),
        (RULE.replace("each =", "severity = \"bad\"\neach ="), 6, "there is no severity"),
    ] {
        write(folder.path(), "seam/rules/invoices.md", &page);
        let out = seam(folder.path(), &["detect", "--json"]);
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
        let broken = answer["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "broken-rule").unwrap();
        assert_eq!(broken["at"]["line"], line, "{broken}");
        assert!(broken["message"].as_str().unwrap().contains(says), "{broken}");
        assert_eq!(out.status.code(), Some(1));
        assert_eq!(seam(folder.path(), &["rules", "--check"]).status.code(), Some(1));
    }
}

#[test]
fn a_page_that_shows_nothing_does_not_hold() {
    let folder = shop();
    write(folder.path(), "seam/rules/invoices.md", RULE);
    let out = seam(folder.path(), &["rules", "--check"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stdout).contains("## Fires"), "{}", text(&out.stdout));
}

#[test]
fn the_documentation_names_every_field() {
    let docs = include_str!("../../../../docs/own-rules.md");
    for (each, fields) in seam_engine::asks::rules::fields() {
        let row = docs.lines().find(|l| l.starts_with(&format!("| `{each}`"))).unwrap_or_default();
        for field in fields {
            assert!(row.contains(&format!("`{field}`")), "{each} has {field}");
        }
    }
}
