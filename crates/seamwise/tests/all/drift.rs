//! `seam drift`: the table, running environments beside it, and that no secret gets through.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FILES: &[(&str, &str)] = &[
    (
        "compose.yaml",
        "services:\n  checkout:\n    build: ./checkout\n    environment:\n      QUOTE_URL: http://quote:${QUOTE_PORT}\n      MODE: fast\n      OLD_MODE: slow\n      DB_PASSWORD: hunter2\n  quote:\n    build: ./quote\n",
    ),
    (".env", "QUOTE_PORT=8090\n"),
    (
        "k8s/quote.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: quote }\nspec:\n  template:\n    metadata: { labels: { app: quote } }\n    spec:\n      containers:\n        - name: quote\n          image: shop/quote\n",
    ),
    (
        "k8s/checkout.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: checkout }\nspec:\n  template:\n    metadata: { labels: { app: checkout } }\n    spec:\n      containers:\n        - name: checkout\n          image: shop/checkout\n          env:\n            - { name: QUOTE_URL, value: \"http://quote:80\" }\n",
    ),
    (
        "checkout/app.py",
        "import os\nimport requests\n\nMODE = os.environ[\"MODE\"]\nREGION = os.environ[\"SHOP_REGION\"]\nLIMIT = os.environ.get(\"SHOP_LIMIT\", \"3\")\nSECRET = os.environ[\"DB_PASSWORD\"]\nrequests.get(os.environ[\"QUOTE_URL\"] + \"/quote\", timeout=2)\n",
    ),
    ("checkout/Dockerfile", "FROM python:3.14\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n"),
    ("checkout/requirements.txt", "requests==2.32.0\nprotobuf==5.29.0\n"),
    ("quote/app.py", "from flask import Flask\n\napp = Flask(__name__)\napp.run(port=8090)\n"),
    ("quote/requirements.txt", "flask==3.1.0\nprotobuf==6.30.0\n"),
];

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn drift(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .arg("drift")
        .arg(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn shows_what_parts_and_where() {
    let folder = shop();
    let said = text(&drift(folder.path(), &["--no-cache"], "").stdout);
    for line in [
        "QUOTE_URL  read at checkout/app.py:8",
        "compose     http://quote:8090  compose.yaml:5",
        "kubernetes  http://quote:80    k8s/checkout.yaml:12",
        "checkout  SHOP_REGION  read at checkout/app.py:5",
        "checkout  OLD_MODE  compose.yaml:7",
        "5.29.0  checkout  checkout/requirements.txt:2",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("SHOP_LIMIT") && !said.contains("MODE  read") && !said.contains("hunter2"), "{said}");
    let one: Value =
        serde_json::from_slice(&drift(folder.path(), &["--no-cache", "--service", "quote", "--json"], "").stdout)
            .unwrap();
    assert_eq!(one["counts"]["differs"], 0);
    assert_eq!(drift(folder.path(), &["--no-cache", "--service", "qoute"], "").status.code(), Some(2));
}

#[test]
fn compares_a_running_environment() {
    let folder = shop();
    let env = "QUOTE_URL=http://quote:9999\nSHOP_REGON=eu\nDB_PASSWORD=hunter3\nPATH=/bin\nMODE=fast\n";
    let output = drift(folder.path(), &["--no-cache", "--live", "-", "--service", "checkout"], env);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for line in [
        "missing  SHOP_REGION  read at checkout/app.py:5; did you mean SHOP_REGON, which is set?",
        "differs  QUOTE_URL = http://quote:9999",
        "unread   SHOP_REGON  did you mean SHOP_REGION, which is read and not set?",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("hunter") && !said.contains("PATH") && !said.contains("MODE"), "{said}");
    let whole = "QUOTE_URL=http://quote:80\nSHOP_REGION=eu\nDB_PASSWORD=x\nMODE=fast\n";
    let output = drift(folder.path(), &["--no-cache", "--live", "-", "--service", "checkout"], whole);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("as the code expects it"));
    let nobody = drift(folder.path(), &["--no-cache", "--live", "-"], whole);
    assert!(text(&nobody.stderr).contains("--service") && nobody.status.code() == Some(2));
}

#[test]
fn finds_the_service_of_a_container() {
    let folder = shop();
    let inspected = r#"[{"Name": "/shop-checkout-1", "Config": {"Image": "shop/checkout", "Env": ["QUOTE_URL=http://quote:80", "MODE=fast"]}}]"#;
    let answer: Value =
        serde_json::from_slice(&drift(folder.path(), &["--no-cache", "--live", "-", "--json"], inspected).stdout)
            .unwrap();
    assert_eq!(answer["live"][0]["service"], "checkout");
    let missing: Vec<&str> =
        answer["live"][0]["missing"].as_array().unwrap().iter().map(|m| m["key"].as_str().unwrap()).collect();
    assert_eq!(missing, ["DB_PASSWORD", "SHOP_REGION"]);
}

#[test]
fn no_secret_of_a_running_environment_is_kept() {
    let (folder, cache) = (shop(), tempfile::tempdir().unwrap());
    let token = ["ghp_a8Fk2Lq9Zx4V", "b7Nm1Pw6RtT5yU3"].concat();
    let env = format!(
        "DB_PASSWORD=hunter3\nMODE={token}\nQUOTE_URL=http://app:hunter4@quote:80\nSTRANGE={token}\nKEY=-----BEGIN X-----\nMIIhunter5=\n-----END X-----\n"
    );
    let place = cache.path().to_str().unwrap();
    for format in ["--all", "--json"] {
        let args = ["--cache", place, "--live", "-", "--service", "checkout", format];
        let said = text(&drift(folder.path(), &args, &env).stdout);
        assert!(said.contains("STRANGE") && !said.contains("hunter") && !said.contains(&token), "{said}");
        assert!(!said.contains("MIIh"), "{said}");
    }
    let mut kept = Vec::new();
    files(cache.path(), &mut kept);
    assert!(!kept.is_empty());
    for bytes in kept {
        let has = |word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
        assert!(!["hunter3", "hunter4", "hunter5", &token].into_iter().any(has));
    }
}

fn files(folder: &Path, out: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), out);
        } else {
            out.push(std::fs::read(entry.path()).unwrap());
        }
    }
}
