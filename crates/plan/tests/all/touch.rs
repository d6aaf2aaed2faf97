//! What an edit of a small workspace touches: our own bookshop and clinic, and systems of a few lines.

#![expect(clippy::disallowed_methods, reason = "it reads the repository's own workspaces")]

use seam_facts::FactBase;
use seam_graph::{Flows, Options, delta, link, passed};
use seam_plan::touch::{self, Beyond, Cx, Edited, Effect, Side, Step, Trial};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

pub(crate) type Files = BTreeMap<String, String>;

fn workspace(name: &str) -> Files {
    fn walk(root: &Path, folder: &Path, out: &mut Files) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, out);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                out.insert(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces").join(name);
    let mut out = Files::new();
    walk(&root, &root, &mut out);
    assert!(!out.is_empty());
    out
}

fn base(files: &Files) -> FactBase {
    let mut out = FactBase::default();
    for (path, text) in files.iter().filter(|(path, _)| seam_extract::interesting(path)) {
        out.insert(path.as_str(), Arc::new(seam_extract::extract(&seam_extract::File { path, text })));
    }
    out
}

/// All that is said of an edit.
pub(crate) struct Said {
    pub(crate) effects: Vec<Effect>,
    unknown: usize,
    beyond: Vec<Beyond>,
    steps: Vec<Step>,
    trials: Vec<Trial>,
}

impl Said {
    pub(crate) fn unknown(&self) -> usize {
        self.unknown
    }

    pub(crate) fn rules(&self) -> BTreeSet<&str> {
        self.effects.iter().map(|e| e.rule.id).collect()
    }

    pub(crate) fn direct(&self) -> BTreeSet<&str> {
        self.serious().flat_map(|e| e.direct.keys()).map(|s| s.as_str()).collect()
    }

    pub(crate) fn dependent(&self) -> BTreeSet<&str> {
        self.serious().flat_map(|e| &e.dependent).map(|t| t.service.as_str()).collect()
    }

    fn serious(&self) -> impl Iterator<Item = &Effect> {
        self.effects.iter().filter(|e| e.rule.level > seam_plan::Level::Safe)
    }
}

/// What is said when in some files one text stands in place of another.
pub(crate) fn edited(before: &Files, edits: &[(&str, &str, &str)]) -> Said {
    let mut after = before.clone();
    for (path, old, new) in edits {
        let text = after.entry((*path).to_owned()).or_default();
        assert!(text.contains(old), "`{old}` does not stand in {path}");
        *text = if old.is_empty() { (*new).to_owned() } else { text.replacen(old, new, 1) };
    }
    said(before, &after)
}

fn said(before: &Files, after: &Files) -> Said {
    let (old, new) = (base(before), base(after));
    let (a, b) = (link(&old, &Options::default()), link(&new, &Options::default()));
    let (flows_a, flows_b) = (Flows::new(&a, &old), Flows::new(&b, &new));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = paths.into_iter().filter(|p| before.get(*p) != after.get(*p));
    let files: Vec<Edited> = differing.map(|p| Edited::new(p, before.get(p).cloned(), after.get(p).cloned())).collect();
    let differences = delta(&a, &b);
    let (text_a, text_b) = (|p: &str| before.get(p).cloned(), |p: &str| after.get(p).cloned());
    let (passed_a, passed_b) = (passed(&a), passed(&b));
    let cx = Cx {
        old: Side { graph: &a, base: &old, flows: &flows_a, passed: &passed_a, text: &text_a },
        new: Side { graph: &b, base: &new, flows: &flows_b, passed: &passed_b, text: &text_b },
        edited: &files,
        differences: &differences,
    };
    let (effects, unknown) = touch::effects(&cx, &|_| BTreeMap::new());
    Said {
        beyond: touch::beyond(&cx, &effects),
        steps: touch::steps(&cx, &effects),
        trials: touch::trials(&cx, &effects).0,
        unknown: unknown.len(),
        effects,
    }
}

pub(crate) fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

#[test]
fn a_route_that_moves_touches_its_callers_and_the_gateway_that_names_it() {
    let shop = workspace("bookshop");
    let found = edited(&shop, &[("catalog/main.py", "@app.get(\"/books/{isbn}\")", "@app.get(\"/titles/{isbn}\")")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["catalog"]), set(&["checkout", "gateway"])));
    assert!(found.rules().contains("endpoint-moved"), "{:?}", found.rules());
    let effect = found.serious().next().unwrap();
    let checkout = effect.dependent.iter().find(|t| t.service == "checkout").unwrap();
    assert_eq!((checkout.places[0].path.as_str(), checkout.places[0].at.line), ("checkout/src/server.js", 16));
    assert!(touch::is_unresolved(effect));
    // Expand, move, contract: the server first and last.
    let order: Vec<Vec<&str>> = found.steps.iter().map(|s| s.services.iter().map(|n| n.as_str()).collect()).collect();
    assert_eq!(order, [vec!["catalog"], vec!["checkout", "gateway"], vec!["catalog"]]);
    assert!(found.steps.iter().all(|s| !s.undo.is_empty() && !s.proof.is_empty()));
}

#[test]
fn a_caller_that_moves_along_is_told_so() {
    let shop = workspace("bookshop");
    let found = edited(
        &shop,
        &[
            ("payments/main.go", "HandleFunc(\"/payments\"", "HandleFunc(\"/charges\""),
            ("checkout/src/server.js", "addresses.payments + '/payments'", "addresses.payments + '/charges'"),
        ],
    );
    let moved = found.effects.iter().find(|e| e.rule.id == "endpoint-moved").unwrap();
    let tie = moved.dependent.iter().find(|t| t.service == "checkout").unwrap();
    assert!(tie.moved && !touch::is_unresolved(moved), "{moved:?}");
}

#[test]
fn a_caller_moves_along_also_where_the_path_is_written_in_another_place() {
    let shop = small(&[
        ("compose.yaml", "services:\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n"),
        ("shop/package.json", "{\"name\": \"shop\"}\n"),
        (
            "shop/index.js",
            "const LEVELS = '/levels'\nconst OTHER = '/other'\n\nfunction left() {\n  return fetch('http://stock:3000' + LEVELS)\n}\n\nfunction more() {\n  return fetch('http://stock:3000' + OTHER)\n}\n",
        ),
        ("stock/package.json", "{\"name\": \"stock\", \"dependencies\": {\"express\": \"4\"}}\n"),
        (
            "stock/index.js",
            "const app = require('express')()\napp.get('/levels', list)\napp.get('/other', list)\napp.listen(3000)\n",
        ),
    ]);
    let served = ("stock/index.js", "'/levels'", "'/amounts'");
    let moves = |edits: &[(&str, &str, &str)]| {
        let found = edited(&shop, edits);
        let moved = found.effects.iter().find(|e| e.rule.id == "endpoint-moved").unwrap();
        let tie = moved.dependent.iter().find(|t| t.service == "shop").unwrap();
        (tie.moved, touch::is_unresolved(moved))
    };
    assert_eq!(moves(&[served, ("shop/index.js", "'/levels'", "'/amounts'")]), (true, false));
    assert_eq!(moves(&[served]), (false, true));
    // Another call of the same file moves, and this one does not.
    assert_eq!(moves(&[served, ("shop/index.js", "'/other'", "'/amounts'")]), (false, true));
}

#[test]
fn a_topic_that_moves_touches_its_readers() {
    let shop = workspace("bookshop");
    let found = edited(&shop, &[("checkout/src/orders.js", "sendToQueue('orders.placed'", "sendToQueue('orders.new'")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["checkout"]), set(&["mailer"])));
    assert!(found.rules().contains("topic-moved"), "{:?}", found.rules());
}

#[test]
fn comments_logs_prose_and_lock_files_touch_nobody() {
    let mut shop = workspace("bookshop");
    shop.insert("checkout/package-lock.json".to_owned(), "{\"lockfileVersion\": 2}\n".to_owned());
    shop.insert(
        "payments/charge.go".to_owned(),
        "package main\n\nimport \"log\"\n\nfunc note() {\n\tlog.Println(\"a payment has come in\")\n}\n".to_owned(),
    );
    for (path, old, new) in [
        ("catalog/main.py", "app = FastAPI()", "app = FastAPI()  # the whole shop"),
        ("STORY.md", "A small shop", "A tiny shop"),
        ("checkout/package-lock.json", "2", "3"),
        ("payments/charge.go", "a payment has come in", "somebody has paid at last"),
    ] {
        let found = edited(&shop, &[(path, old, new)]);
        assert_eq!((found.direct(), found.dependent()), (set(&[]), set(&[])), "{path}: {:?}", found.rules());
        assert_eq!(found.unknown, 0, "{path}");
    }
}

#[test]
fn a_line_that_states_nothing_touches_its_own_service_and_who_runs_into_it_stands_beyond() {
    let shop = workspace("bookshop");
    let found = edited(&shop, &[("catalog/main.py", "raise HTTPException(404)", "raise HTTPException(410)")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["catalog"]), set(&[])));
    let beyond: BTreeSet<&str> = found.beyond.iter().map(|b| b.service.as_str()).collect();
    assert_eq!(beyond, set(&["checkout", "gateway"]), "{:?}", found.effects);
    assert!(found.beyond.iter().all(|b| !b.through.is_empty()));
    assert!(found.effects.iter().any(|e| !e.open.is_empty()), "what is not known is said");
}

#[test]
fn a_key_of_an_answer_touches_those_who_name_it() {
    let shop = workspace("bookshop");
    let found = edited(
        &shop,
        &[("catalog/main.py", "\"title\": row[1], \"price\": row[2]", "\"title\": row[1], \"cost\": row[2]")],
    );
    assert_eq!((found.direct(), found.dependent()), (set(&["catalog"]), set(&["checkout"])), "{:?}", found.effects);
    let found = edited(&shop, &[("payments/main.go", "json:\"card\"", "json:\"number\"")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["payments"]), set(&["checkout"])), "{:?}", found.effects);
    assert!(found.rules().contains("field-renamed"), "{:?}", found.rules());
}

#[test]
fn a_body_that_is_new_beside_another_renames_no_field() {
    let shop = small(&[
        ("compose.yaml", "services:\n  shop:\n    build: ./shop\n  mail:\n    build: ./mail\n"),
        ("shop/requirements.txt", "requests\n"),
        (
            "shop/app.py",
            "import requests\n\n\ndef buy(order):\n    put(order)\n    requests.post(\"http://mail:80/send\", json={\"order\": order}, timeout=5)\n",
        ),
        ("mail/requirements.txt", "flask\n"),
        (
            "mail/app.py",
            "from flask import Flask, request\n\napp = Flask(__name__)\n\n\n@app.post(\"/send\")\ndef send():\n    return request.json[\"order\"]\n",
        ),
    ]);
    let beside = "requests.post(\"http://stock:80/hold\", json={\"items\": order[\"items\"]}, timeout=5)";
    let found = edited(&shop, &[("shop/app.py", "put(order)", beside)]);
    assert!(!found.rules().contains("field-renamed"), "{:?}", found.effects);
    let found = edited(&shop, &[("shop/app.py", "{\"order\": order}", "{\"ordered\": order}")]);
    assert!(found.rules().contains("field-renamed"), "{:?}", found.effects);
}

#[test]
fn a_setting_touches_those_who_read_it() {
    let shop = workspace("bookshop");
    let found =
        edited(&shop, &[("compose.yaml", "PAYMENTS_URL: http://payments:8090", "PAYMENTS_URL: http://payments:8099")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["checkout"]), set(&[])), "{:?}", found.effects);
    let renamed = edited(&shop, &[("checkout/src/addresses.js", "process.env.CATALOG_URL", "process.env.BOOKS_URL")]);
    assert!(renamed.rules().contains("setting-unset"), "{:?}", renamed.effects);
}

#[test]
fn a_timeout_touches_its_caller_only() {
    let shop = workspace("bookshop");
    let found = edited(&shop, &[("checkout/src/server.js", "timeout: 2000", "timeout: 200")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["checkout"]), set(&[])));
    assert!(found.rules().contains("policy-changed"), "{:?}", found.rules());
}

#[test]
fn a_name_that_is_gone_and_still_used_breaks_its_own_program() {
    let shop = workspace("bookshop");
    let found = edited(
        &shop,
        &[
            ("checkout/src/orders.js", "async function announce(order)", "async function tell(order)"),
            ("checkout/src/orders.js", "module.exports = { announce }", "module.exports = { tell }"),
        ],
    );
    assert!(found.rules().contains("name-gone"), "{:?}", found.effects);
    assert_eq!(found.direct(), set(&["checkout"]));
}

#[test]
fn tests_that_reach_a_change_are_chosen_with_reasons() {
    let mut shop = workspace("bookshop");
    let test = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    shop.extend([
        test("catalog/tests/test_book.py", "from main import book\n\ndef test_one_book():\n    assert book('1')\n"),
        test("catalog/tests/test_other.py", "from main import connect\n\ndef test_connects():\n    assert connect()\n"),
        test(
            "checkout/test/server.test.js",
            "const nock = require('nock')\ntest('pays', () => { nock('http://catalog').get('/books/1') })\n",
        ),
        test("checkout/test/basket.test.js", "test('is empty', () => { expect([]).toEqual([]) })\n"),
    ]);
    let found = edited(&shop, &[("catalog/main.py", "@app.get(\"/books/{isbn}\")", "@app.get(\"/titles/{isbn}\")")]);
    let chosen: BTreeSet<&str> = found.trials.iter().map(|t| t.path.as_str()).collect();
    assert!(chosen.contains("checkout/test/server.test.js"), "{:?}", found.trials);
    assert!(chosen.contains("catalog/tests/test_book.py"), "{:?}", found.trials);
    assert!(!chosen.contains("checkout/test/basket.test.js"), "{:?}", found.trials);
    assert!(found.trials.iter().all(|t| !t.because.is_empty()));
}

#[test]
fn nothing_that_is_edited_says_nothing() {
    let shop = workspace("clinic");
    let found = said(&shop, &shop);
    assert!(found.effects.is_empty() && found.beyond.is_empty() && found.steps.is_empty() && found.unknown == 0);
}

#[test]
fn any_cut_of_any_file_is_answered() {
    let shop = workspace("bookshop");
    for (path, text) in &shop {
        for part in [0, 3, 7] {
            let mut after = shop.clone();
            let keep: Vec<&str> = text.lines().enumerate().filter(|(i, _)| i % 9 != part).map(|(_, l)| l).collect();
            after.insert(path.clone(), keep.join("\n"));
            let found = said(&shop, &after);
            for effect in &found.effects {
                assert!(effect.was.is_some() || effect.is.is_some(), "{path}: {effect:?}");
                assert!(effect.direct.values().all(|p| !p.is_empty()), "{path}: {effect:?}");
                assert!(
                    effect.dependent.iter().all(|t| !t.through.is_empty() || !t.places.is_empty()),
                    "{path}: {effect:?}"
                );
            }
        }
    }
}

fn node(name: &str, code: &str) -> [(String, String); 2] {
    let package = format!(
        "{{\"name\": \"{name}\", \"dependencies\": {{\"express\": \"4\", \"amqplib\": \"0\", \"pg\": \"8\", \"mysql2\": \"3\"}}}}\n"
    );
    [(format!("{name}/package.json"), package), (format!("{name}/index.js"), code.to_owned())]
}

/// A system of a compose file, further files, and services of JavaScript with one file of code each.
pub(crate) fn system(compose: &str, more: &[(&str, &str)], code: &[(&str, &str)]) -> Files {
    let mut out = small(&[("compose.yaml", compose)]);
    out.extend(small(more));
    out.extend(code.iter().flat_map(|(name, code)| node(name, code)));
    out
}

/// A system of a few lines, as files.
pub(crate) fn small(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_variable_that_a_shared_library_reads_touches_those_who_call_the_library() {
    let compose = "services:\n  a:\n    build: {context: ., dockerfile: a/Dockerfile}\n    env_file: .env\n  b:\n    build: {context: ., dockerfile: b/Dockerfile}\n    env_file: .env\n  stock:\n    build: ./stock\n";
    let module =
        |name: &str| format!("module shop/{name}\n\nrequire shop/common v0.0.0\n\nreplace shop/common => ../common\n");
    let (a, b) = (module("a"), module("b"));
    let shop = small(&[
        ("compose.yaml", compose),
        (".env", "STOCK_ADDR=stock:3000\n"),
        ("common/go.mod", "module shop/common\n"),
        (
            "common/stock.go",
            "package common\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc AskStock() error {\n\t_, err := http.Get(\"http://\" + os.Getenv(\"STOCK_ADDR\") + \"/stock\")\n\treturn err\n}\n\nfunc Greet() string { return \"hello\" }\n",
        ),
        ("a/go.mod", &a),
        ("a/main.go", "package main\n\nimport \"shop/common\"\n\nfunc main() { common.AskStock() }\n"),
        ("a/Dockerfile", "FROM golang\nCOPY a /src\n"),
        ("b/go.mod", &b),
        ("b/main.go", "package main\n\nimport \"shop/common\"\n\nfunc main() { println(common.Greet()) }\n"),
        ("b/Dockerfile", "FROM golang\nCOPY b /src\n"),
    ]);
    let found = edited(&shop, &[(".env", "stock:3000", "stock:3001")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["a"]), set(&[])), "{:?}", found.effects);
}

#[test]
fn a_route_behind_a_gateway_touches_those_who_call_it_through_the_gateway() {
    let nginx =
        |rule: &str| format!("server {{\n  listen 80;\n  location /stock/ {{\n    proxy_pass {rule};\n  }}\n}}\n");
    let shop = |rule: &str, route: &str| {
        small(&[
            (
                "compose.yaml",
                "services:\n  gateway:\n    image: nginx\n    volumes: [\"./gateway/nginx.conf:/etc/nginx/conf.d/default.conf\"]\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n",
            ),
            ("gateway/nginx.conf", &nginx(rule)),
            ("shop/package.json", "{\"name\": \"shop\"}\n"),
            ("shop/index.js", "fetch('http://gateway/stock/levels')\n"),
            ("stock/package.json", "{\"name\": \"stock\", \"dependencies\": {\"express\": \"4\"}}\n"),
            (
                "stock/index.js",
                &format!(
                    "const app = require('express')()\napp.get('{route}', list)\napp.get('/other', list)\napp.listen(3000)\n"
                ),
            ),
        ])
    };
    // The whole path is handed on, or what stands below the rule.
    for (rule, route, moved) in
        [("http://stock:3000", "/stock/levels", "/stock/amounts"), ("http://stock:3000/", "/levels", "/amounts")]
    {
        let found = edited(&shop(rule, route), &[("stock/index.js", route, moved)]);
        assert_eq!(found.direct(), set(&["stock"]), "{rule}: {:?}", found.effects);
        assert!(found.dependent().contains("shop"), "{rule}: {:?}", found.effects);
        let other = edited(&shop(rule, route), &[("stock/index.js", "/other", "/another")]);
        assert!(!other.dependent().contains("shop"), "{rule}: {:?}", other.effects);
    }
}

#[test]
fn two_changes_of_a_contract_on_one_line_stay_two() {
    let contract = |fields: &str| {
        format!(
            "syntax = \"proto3\";\npackage shop;\nmessage Order {{ string id = 1; {fields} }}\nservice Orders {{ rpc Get (Order) returns (Order); }}\n"
        )
    };
    let shop = |fields: &str| {
        small(&[
            ("compose.yaml", "services:\n  orders:\n    build: ./orders\n"),
            ("orders/go.mod", "module orders\n"),
            ("orders/main.go", "package main\n\nfunc main() {}\n"),
            ("orders/orders.proto", &contract(fields)),
        ])
    };
    let found = said(&shop("string note = 2; int32 total = 3;"), &shop(""));
    let gone: Vec<&str> =
        found.effects.iter().filter(|e| e.rule.id.contains("FIELD")).map(|e| e.key.as_str()).collect();
    assert!(gone.iter().any(|k| k.contains("note")) && gone.iter().any(|k| k.contains("total")), "{:?}", found.effects);
}
