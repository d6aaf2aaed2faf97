//! The model check and what is written for other tools, as people run them: nothing is started.

#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn seam(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command.args(["verify", "."]).args(args).arg("--no-cache").current_dir(folder).output().expect("the program starts")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn kiosk(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces").join(version)
}

fn model(folder: &Path) -> Value {
    let output = seam(folder, &["--only", "model", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output)));
    answer["model"].clone()
}

fn ids(model: &Value) -> Vec<String> {
    let all = model["counterexamples"].as_array().cloned().unwrap_or_default();
    all.iter().map(|c| c["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A shop that charges through a client that tries again, and a worker behind a queue; `key` goes with the charge, `once` with the row.
fn shop(key: bool, once: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        std::fs::write(path, text).expect("a file");
    };
    write(
        "compose.yaml",
        "services:\n  shop:\n    build: ./shop\n    environment:\n      PAYMENTS_URL: http://payments:5000\n      AMQP_URL: amqp://broker\n\
         \x20 payments:\n    build: ./payments\n    environment:\n      DATABASE_URL: postgres://db/payments\n\
         \x20 worker:\n    build: ./worker\n    environment:\n      AMQP_URL: amqp://broker\n      DATABASE_URL: postgres://db/worker\n\
         \x20 broker:\n    image: rabbitmq:4\n  db:\n    image: postgres:17\n",
    );
    let header = if key { ", headers={\"Idempotency-Key\": order[\"id\"]}" } else { "" };
    write(
        "shop/app.py",
        &format!(
            "import json, os\nimport pika, requests\nfrom flask import Flask, request\n\napp = Flask(__name__)\nPAYMENTS = os.environ[\"PAYMENTS_URL\"]\n\n\n\
             def charge(order):\n    for attempt in range(3):\n        try:\n            answer = requests.post(f\"{{PAYMENTS}}/charges\", json=order{header}, timeout=0.5)\n            answer.raise_for_status()\n            return answer\n        except requests.RequestException:\n            if attempt == 2:\n                raise\n\n\n\
             def publish(order):\n    connection = pika.BlockingConnection(pika.URLParameters(os.environ[\"AMQP_URL\"]))\n    connection.channel().basic_publish(exchange=\"\", routing_key=\"mails\", body=json.dumps(order))\n\n\n\
             @app.post(\"/orders\")\ndef order():\n    order = request.get_json()\n    charge(order)\n    publish(order)\n    return {{}}, 201\n"
        ),
    );
    write("shop/requirements.txt", "flask\npika\nrequests\n");
    let insert = if key {
        "seen = request.headers[\"Idempotency-Key\"]\n        db.execute(\"INSERT INTO charges (key, cents) VALUES (%s, %s) ON CONFLICT (key) DO NOTHING\", (seen, body[\"cents\"]))"
    } else {
        "db.execute(\"INSERT INTO charges (cents) VALUES (%s)\", (body[\"cents\"],))"
    };
    write(
        "payments/app.py",
        &format!(
            "import os\nimport psycopg\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n@app.post(\"/charges\")\ndef charge():\n    body = request.get_json()\n    with psycopg.connect(os.environ[\"DATABASE_URL\"]) as db:\n        {insert}\n    return {{}}, 201\n"
        ),
    );
    write("payments/requirements.txt", "flask\npsycopg\n");
    let conflict = if once { " ON CONFLICT (order_id) DO NOTHING" } else { "" };
    let column = if once { "order_id text PRIMARY KEY" } else { "id bigserial PRIMARY KEY, order_id text" };
    write("worker/schema.sql", &format!("CREATE TABLE mails ({column}, text text);\n"));
    write(
        "worker/worker.py",
        &format!(
            "import json, os\nimport pika, psycopg\n\n\ndef on_mail(channel, method, properties, body):\n    order = json.loads(body)\n    with psycopg.connect(os.environ[\"DATABASE_URL\"]) as db:\n        db.execute(\"INSERT INTO mails (order_id, text) VALUES (%s, %s){conflict}\", (order[\"id\"], \"paid\"))\n    channel.basic_ack(method.delivery_tag)\n\n\n\
             connection = pika.BlockingConnection(pika.URLParameters(os.environ[\"AMQP_URL\"]))\nchannel = connection.channel()\nchannel.basic_consume(queue=\"mails\", on_message_callback=on_mail)\nchannel.start_consuming()\n"
        ),
    );
    write("worker/requirements.txt", "pika\npsycopg\n");
    folder
}

#[test]
fn the_faulty_kiosk_has_counterexamples_and_the_repaired_one_has_none() {
    let found = model(&kiosk("kiosk"));
    let ids = ids(&found);
    for wanted in [
        "model/duplicate/orders → mailer mails",
        "model/duplicate/retrier → payments POST /charges",
        "model/duplicate/storefront → orders POST /orders",
        "model/amplification/retrier → payments POST /charges retrier → payments POST /charges",
        "model/inversion/storefront → orders POST /orders",
    ] {
        assert!(ids.iter().any(|id| id == wanted), "{wanted} is missing: {ids:#?}");
    }
    assert!(ids.iter().any(|id| id.starts_with("model/amplification/storefront → orders GET /quotes")), "{ids:#?}");
    assert_eq!(found["open"], 0, "every state was looked at");
    let lines = found["counterexamples"][0]["story"].as_array().map_or(0, Vec::len);
    assert!((2..=10).contains(&lines), "{found}");
    let repaired = model(&kiosk("kiosk-repaired"));
    assert!(self::ids(&repaired).is_empty(), "{repaired}");
    assert!(repaired["chains"].as_u64() > Some(0), "something is tried again there, and holds: {repaired}");
}

#[test]
fn a_key_and_a_unique_row_are_what_makes_once_of_twice() {
    let charge = "model/duplicate/shop → payments POST /charges";
    let mails = "model/duplicate/shop → worker mails";
    for (key, once, wanted) in [
        (false, false, vec![charge, mails]),
        (true, false, vec![mails]),
        (false, true, vec![charge]),
        (true, true, vec![]),
    ] {
        let folder = shop(key, once);
        let found = model(folder.path());
        let only: Vec<String> = ids(&found).into_iter().filter(|id| id.starts_with("model/duplicate")).collect();
        assert_eq!(only, wanted, "key {key}, once {once}: {found:#}");
    }
}

#[test]
fn it_needs_no_processes_and_ends_with_an_exit_code_in_every_report() {
    let (bad, good) = (shop(false, false), shop(true, true));
    for format in ["text", "json", "junit", "html"] {
        let failed = seam(bad.path(), &["--only", "model", "--format", format]);
        assert_eq!(failed.status.code(), Some(1), "{}", text(&failed));
        let said = text(&failed);
        assert!(said.contains("shop/app.py:12") || said.contains("\"line\":12"), "{format} names the line: {said}");
        let passed = seam(good.path(), &["--only", "model", "--format", format]);
        assert_eq!(passed.status.code(), Some(0), "{}", text(&passed));
    }
    // Beside a proposal of what to start, in a dry run.
    let dry = text(&seam(bad.path(), &["--dry-run"]));
    assert!(dry.contains("MODEL") || dry.contains("model"), "{dry}");
}

#[test]
fn faults_of_replay_files_and_verdicts_are_written_for_other_tools() {
    let folder = shop(false, false);
    let replay = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/replay-1.json");
    let file = replay.to_str().expect("a path");
    let compose = seam(folder.path(), &["--emit", "compose", "--replay", file]);
    assert_eq!(compose.status.code(), Some(0), "{}", text(&compose));
    assert!(text(&compose).contains("links: [\"toxiproxy-order-inventory:inventory\""), "{}", text(&compose));
    let mesh = seam(folder.path(), &["--emit", "mesh", "--replay", file, "--output", "mesh.yaml"]);
    assert!(mesh.stdout.is_empty(), "{}", text(&mesh));
    let written = std::fs::read_to_string(folder.path().join("mesh.yaml")).expect("it was written");
    assert!(written.contains("kind: VirtualService") && written.contains("nearest: "), "{written}");
    // A shell takes the script, and refuses a case that is not there.
    let script = seam(folder.path(), &["--emit", "toxiproxy", "--replay", file, "--output", "faults.sh"]);
    assert_eq!(script.status.code(), Some(0), "{}", text(&script));
    let shell = |args: &[&str]| Command::new("sh").args(args).current_dir(folder.path()).output().expect("a shell");
    assert_eq!(shell(&["-n", "faults.sh"]).status.code(), Some(0));
    assert_eq!(shell(&["faults.sh", "add", "99"]).status.code(), Some(2));
    // What was kept in the workspace, where nothing is named; and nothing to write is refused.
    let none = seam(folder.path(), &["--emit", "compose"]);
    assert_eq!(none.status.code(), Some(2), "{}", text(&none));
    let kept = folder.path().join(".seam/replays");
    std::fs::create_dir_all(&kept).expect("a folder");
    std::fs::copy(&replay, kept.join("buy.json")).expect("a copy");
    assert_eq!(seam(folder.path(), &["--emit", "compose"]).stdout, compose.stdout);
}
