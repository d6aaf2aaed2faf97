//! `seam plan` on a workspace: what is not committed, ranges, patches, candidates, formats and exit codes.

#![expect(clippy::disallowed_methods, reason = "it runs the binary on a folder that it writes to")]

use crate::editor::copy;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn seam(folder: &Path, arguments: &[&str]) -> Output {
    let all = [arguments, &["--no-cache"]].concat();
    Command::new(env!("CARGO_BIN_EXE_seam")).current_dir(folder).args(all).output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let ran = Command::new("git").current_dir(folder).args(who).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn edit(folder: &Path, path: &str, old: &str, new: &str) {
    let text = std::fs::read_to_string(folder.join(path)).unwrap();
    assert!(text.contains(old), "{path}");
    std::fs::write(folder.join(path), text.replacen(old, new, 1)).unwrap();
}

/// The bookshop, committed.
fn shop() -> tempfile::TempDir {
    let folder = copy("bookshop");
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "the shop"]);
    folder
}

fn services(answer: &Value, part: &str) -> Vec<String> {
    answer[part].as_array().unwrap().iter().map(|t| t["service"].as_str().unwrap().to_owned()).collect()
}

/// An answer without what commits say of files: there is one more after each.
fn timeless(output: &Output) -> Value {
    let mut answer: Value = serde_json::from_str(&text(output)).unwrap();
    answer["risk"]["parts"].as_array_mut().unwrap().retain(|part| part["name"] != "history");
    answer
}

const ROUTE: (&str, &str, &str) = ("catalog/main.py", "/books/{isbn}", "/titles/{isbn}");

#[test]
fn what_is_not_committed_and_a_range_of_revisions_say_the_same() {
    let shop = shop();
    let run = |arguments: &[&str]| seam(shop.path(), &[&["plan"], arguments].concat());
    let clean = run(&[]);
    assert_eq!(clean.status.code(), Some(0));
    assert!(text(&clean).contains("nothing differs"), "{}", text(&clean));
    edit(shop.path(), ROUTE.0, ROUTE.1, ROUTE.2);
    let open = run(&["--json"]);
    assert_eq!(open.status.code(), Some(1));
    let answer = timeless(&open);
    assert_eq!(services(&answer, "direct"), ["catalog"]);
    assert_eq!(services(&answer, "dependent"), ["checkout", "gateway"]);
    git(shop.path(), &["commit", "-qam", "move it"]);
    assert_eq!(timeless(&run(&["HEAD~1..HEAD", "--json"])), answer);
    assert_eq!(timeless(&run(&["--base", "HEAD~1", "--json"])), answer);
    // What is there now plays no part in a range.
    edit(shop.path(), "compose.yaml", "PAYMENTS_URL", "PAYMENT_URL");
    assert_eq!(timeless(&run(&["HEAD~1..HEAD", "--json"])), answer);
    assert_eq!(run(&["--base", "no-such"]).status.code(), Some(2));
    assert_eq!(run(&["no-such"]).status.code(), Some(2));
    assert_eq!(run(&["HEAD~1..HEAD", "--fail-on", "never"]).status.code(), Some(0));
}

#[test]
fn three_dots_mean_what_a_branch_has_done_since_it_left() {
    let shop = shop();
    git(shop.path(), &["checkout", "-qb", "work"]);
    edit(shop.path(), ROUTE.0, ROUTE.1, ROUTE.2);
    git(shop.path(), &["commit", "-qam", "move it"]);
    git(shop.path(), &["checkout", "-q", "-"]);
    edit(shop.path(), "compose.yaml", "PAYMENTS_URL", "PAYMENT_URL");
    git(shop.path(), &["commit", "-qam", "meanwhile"]);
    let files = |range: &str| -> Vec<String> {
        let answer = timeless(&seam(shop.path(), &["plan", range, "--json"]));
        answer["edited"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files("HEAD...work"), ["catalog/main.py"]);
    assert_eq!(files("HEAD..work"), ["catalog/main.py", "compose.yaml"]);
    git(shop.path(), &["checkout", "-q", "--orphan", "apart"]);
    git(shop.path(), &["commit", "-qm", "of no common descent"]);
    let refused = seam(shop.path(), &["plan", "apart...work"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_patch_is_planned_without_being_applied() {
    let shop = shop();
    edit(shop.path(), ROUTE.0, ROUTE.1, ROUTE.2);
    let patch = shop.path().join("move.patch");
    let diff = git(shop.path(), &["diff"]);
    git(shop.path(), &["checkout", "-q", "."]);
    std::fs::write(&patch, diff).unwrap();
    let before = std::fs::read(shop.path().join(ROUTE.0)).unwrap();
    let output = seam(shop.path(), &["plan", "move.patch", "--json"]);
    let answer: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!(services(&answer, "dependent"), ["checkout", "gateway"]);
    assert_eq!(std::fs::read(shop.path().join(ROUTE.0)).unwrap(), before);
    std::fs::write(&patch, "no patch at all\n").unwrap();
    let refused = seam(shop.path(), &["plan", "move.patch"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("help"), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn every_format_tells_who_is_touched() {
    let shop = shop();
    edit(shop.path(), ROUTE.0, ROUTE.1, ROUTE.2);
    for format in ["table", "json", "sarif", "github", "markdown", "mermaid", "html"] {
        let said = text(&seam(shop.path(), &["plan", "--format", format]));
        assert!(said.contains("checkout") && said.contains("/titles/"), "{format}: {said}");
        if matches!(format, "json" | "sarif") {
            serde_json::from_str::<Value>(&said).unwrap();
        }
        if matches!(format, "sarif" | "github" | "markdown" | "table") {
            assert!(said.contains("checkout/src/server.js"), "{format}: {said}");
        }
    }
    let file = shop.path().join("out.md");
    text(&seam(shop.path(), &["plan", "--format", "markdown", "--output", file.to_str().unwrap()]));
    assert!(std::fs::read_to_string(file).unwrap().starts_with("### Plan"));
}

#[test]
fn candidates_are_compared_and_the_one_that_dominates_is_named() {
    let shop = shop();
    let patch = |name: &str, edits: &[(&str, &str, &str)]| {
        for (path, old, new) in edits {
            edit(shop.path(), path, old, new);
        }
        std::fs::write(shop.path().join(name), git(shop.path(), &["diff"])).unwrap();
        git(shop.path(), &["checkout", "-q", "."]);
    };
    patch("move.patch", &[ROUTE]);
    patch("comment.patch", &[("catalog/main.py", "app = FastAPI()", "app = FastAPI()  # books")]);
    git(shop.path(), &["checkout", "-q", "-b", "topic"]);
    edit(shop.path(), "checkout/src/orders.js", "sendToQueue('orders.placed'", "sendToQueue('orders.new'");
    git(shop.path(), &["commit", "-qam", "another topic"]);
    git(shop.path(), &["checkout", "-q", "-"]);
    let output = seam(shop.path(), &["plan", "--compare", "move.patch", "comment.patch", "topic", "--json"]);
    assert_eq!(output.status.code(), Some(0), "one of them leaves nobody behind");
    let answer: Value = serde_json::from_str(&text(&output)).unwrap();
    let rows = answer["candidates"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert!(
        answer["verdict"].as_str().unwrap().starts_with("`comment.patch` is at least as good"),
        "{}",
        answer["verdict"]
    );
    assert_eq!(rows[2]["dependent"], serde_json::json!(["mailer"]));
    let table = text(&seam(shop.path(), &["plan", "--compare", "move.patch", "comment.patch"]));
    assert!(table.contains("left behind") && table.contains("comment.patch"), "{table}");
}

#[test]
fn impact_tells_of_routes_settings_topics_ports_and_fields_who_is_touched() {
    let shop = copy("bookshop");
    let run = |arguments: &[&str]| seam(shop.path(), &[&["impact"], arguments].concat());
    for (what, direct) in [
        ("GET /books/{isbn}", vec!["catalog", "checkout", "gateway"]),
        ("catalog/main.py:20", vec!["catalog", "checkout", "gateway"]),
        ("checkout/src/server.js:16", vec!["catalog", "checkout", "gateway"]),
        ("setting/PAYMENTS_URL", vec!["checkout"]),
        ("PAYMENTS_URL", vec!["checkout"]),
        ("topic/orders.placed", vec!["checkout", "mailer"]),
        ("port/payments", vec!["checkout", "payments"]),
        ("payments:8090", vec!["checkout", "payments"]),
        ("table/books", vec!["catalog"]),
        ("books.price", vec!["catalog"]),
        ("payment.card", vec!["checkout", "payments"]),
    ] {
        let output = run(&[what, "--format", "json"]);
        let answer: Value = serde_json::from_str(&text(&output)).unwrap();
        assert_eq!(services(&answer, "direct"), direct, "{what}: {answer}");
        assert!(!answer["verdicts"]["because"].as_array().unwrap().is_empty(), "{what}");
    }
    let sarif = text(&run(&["GET /books/{isbn}", "--format", "sarif"]));
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(
        results.iter().any(|r| r["level"] == "error" && r.to_string().contains("checkout/src/server.js")),
        "{sarif}"
    );
    let said = text(&run(&["topic/orders.placed"]));
    assert!(said.contains("mailer") && said.contains("topic"), "{said}");
    assert_eq!(run(&["topic/orders.placed"]).status.code(), Some(1));
    assert_eq!(run(&["nothing like that"]).status.code(), Some(2));
}
