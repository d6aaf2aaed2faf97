//! Definition and references over a system with a gateway, a router of its own, a contract, a topic, a setting and a procedure.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use crate::editor::{Client, uri};
use serde_json::{Value, json};
use std::path::Path;

const SYSTEM: &[(&str, &str)] = &[
    (
        "compose.yaml",
        "services:\n  web:\n    build: ./web\n    environment:\n      ORDERS_URL: http://orders:8000\n  edge:\n    image: nginx\n    \
volumes:\n      - ./edge/default.conf:/etc/nginx/conf.d/default.conf\n  orders:\n    build: ./orders\n  prices:\n    build: ./prices\n",
    ),
    ("edge/default.conf", "server {\n  listen 80;\n  location /orders {\n    proxy_pass http://orders:8000;\n  }\n}\n"),
    (
        "web/main.py",
        "import os\nimport grpc\nimport requests\nfrom prices_pb2_grpc import PricesStub\n\n\ndef place(order):\n    \
requests.post(os.environ[\"ORDERS_URL\"] + \"/orders\", json=order)\n\n\ndef one(id):\n    return requests.get(f\"http://edge/orders/{id}\")\n\n\n\
def price(request):\n    return PricesStub(grpc.insecure_channel(\"prices:50051\")).Quote(request)\n",
    ),
    ("orders/package.json", "{\"name\": \"orders\", \"dependencies\": {\"express\": \"4\"}}\n"),
    (
        "orders/routes.js",
        "const express = require(\"express\")\nconst { placeOrder, oneOrder } = require(\"./placing\")\nconst app = express()\n\
app.post(\"/orders\", placeOrder)\napp.get(\"/orders/:id\", oneOrder)\napp.listen(8000)\n",
    ),
    (
        "orders/placing.js",
        "function placeOrder(req, res) {\n  save(req.body)\n  res.json({})\n}\n\nfunction oneOrder(req, res) {\n  res.json(load(req.params.id))\n}\n\n\
module.exports = { placeOrder, oneOrder }\n",
    ),
    (
        "orders/openapi.yaml",
        "openapi: 3.0.0\ninfo:\n  title: orders\n  version: \"1\"\npaths:\n  /orders:\n    post:\n      responses:\n        \"200\":\n          description: placed\n",
    ),
    (
        "prices/prices.proto",
        "syntax = \"proto3\";\npackage shop;\n\nservice Prices {\n  rpc Quote (Wanted) returns (Price);\n}\n\n\
message Wanted { string id = 1; }\nmessage Price { int64 cents = 1; }\n",
    ),
    ("prices/main.py", "print(\"generated elsewhere\")\n"),
];

fn system() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in SYSTEM {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// `path:line` of every place, in the order of the answer.
fn places(client: &mut Client, root: &Path, method: &str, path: &str, needle: &str) -> Vec<String> {
    let mut params = client.place(path, needle);
    params["context"] = json!({"includeDeclaration": true});
    let answer = client.ask(method, params);
    let root = format!("{}/", uri(&root.canonicalize().unwrap()));
    let shown = |place: &Value| {
        let path = place["uri"].as_str().unwrap().trim_start_matches(&root).to_owned();
        format!("{path}:{}", place["range"]["start"]["line"].as_u64().unwrap() + 1)
    };
    answer.as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn a_call_leads_to_its_handler_first_then_to_its_contract() {
    let folder = system();
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let mut definition =
        |path: &str, needle: &str| places(&mut client, folder.path(), "textDocument/definition", path, needle);
    let placed = ["orders/placing.js:1", "orders/routes.js:4", "orders/openapi.yaml:7"];
    assert_eq!(definition("web/main.py", "/orders\", json"), placed, "the function, its route, its contract");
    assert_eq!(definition("web/main.py", "ORDERS_URL"), ["compose.yaml:5"], "the key means the setting");
    let behind = definition("web/main.py", "http://edge/orders");
    assert_eq!(behind, ["orders/placing.js:6", "orders/routes.js:5"], "what the gateway passes it on to");
    let agreed = definition("web/main.py", "Quote(request)");
    assert_eq!(agreed, ["prices/prices.proto:5", "compose.yaml:12"], "where no handler is known, what was agreed on");
    let contracts = places(&mut client, folder.path(), "textDocument/declaration", "web/main.py", "/orders\", json");
    assert_eq!(contracts, ["orders/routes.js:4", "orders/openapi.yaml:7"]);
    let mut direct = Client::with(folder.path(), json!({"direct": true}), json!({}));
    direct.diagnostics();
    let only = places(&mut direct, folder.path(), "textDocument/definition", "web/main.py", "/orders\", json");
    assert_eq!(only, ["orders/placing.js:1"], "for editors that would show the contract first");
    let mut definition =
        |path: &str, needle: &str| places(&mut client, folder.path(), "textDocument/definition", path, needle);
    let named = definition("compose.yaml", "http://orders:8000");
    assert!(named.contains(&"compose.yaml:10".to_owned()), "{named:?}");
}

#[test]
fn a_handler_leads_to_its_callers_through_gateways_too() {
    let folder = system();
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let mut references =
        |path: &str, needle: &str| places(&mut client, folder.path(), "textDocument/references", path, needle);
    assert!(references("orders/placing.js", "function placeOrder").contains(&"web/main.py:8".to_owned()));
    assert!(references("orders/placing.js", "function oneOrder").contains(&"web/main.py:12".to_owned()));
    assert!(references("orders/openapi.yaml", "post:").contains(&"web/main.py:8".to_owned()));
    assert!(references("prices/prices.proto", "rpc Quote").contains(&"web/main.py:16".to_owned()));
}
