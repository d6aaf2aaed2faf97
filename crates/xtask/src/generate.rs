//! A workspace of any size, for measuring: services in four languages that call one another in a ring with chords, each
//! with a store, and enough code around that for the size to be real. Same number, same bytes.

use crate::write;
use std::fmt::Write as _;
use std::path::Path;

/// Lines of code in one service, roughly: 2,000 services make five million.
const FILES: usize = 25;
const FUNCTIONS: usize = 10;

pub fn run(folder: &Path, services: usize) -> Result<String, String> {
    let mut compose = "services:\n".to_owned();
    for n in 0..services {
        let name = name(n);
        let next = self::name((n + 1) % services.max(1));
        let chord = self::name((n * 7 + 3) % services.max(1));
        let _ = write!(
            compose,
            "  {name}:\n    build: ./{name}\n    environment:\n      NEXT_URL: http://{next}:8080\n      CHORD_URL: http://{chord}:8080\n      DATABASE_URL: postgres://app@{name}-db:5432/{name}\n  {name}-db:\n    image: postgres:16\n"
        );
        service(&folder.join(&name), n)?;
    }
    write(&folder.join("compose.yaml"), &compose)?;
    Ok(format!("wrote {services} services to `{}`", folder.display()))
}

fn name(n: usize) -> String {
    const WORDS: [&str; 8] = ["orders", "cart", "stock", "mail", "price", "search", "user", "report"];
    format!("{}-{n}", WORDS[n % WORDS.len()])
}

fn service(folder: &Path, n: usize) -> Result<(), String> {
    write(&folder.join("Dockerfile"), "FROM scratch\nCOPY . .\nCMD [\"./run\"]\n")?;
    let (main, extension, filler): (String, &str, fn(usize, usize) -> String) = match n % 4 {
        0 => (PYTHON.to_owned(), "py", python),
        1 => (SCRIPT.to_owned(), "js", script),
        2 => (GO.to_owned(), "go", go),
        _ => (JAVA.to_owned(), "java", java),
    };
    write(&folder.join(format!("src/{}.{extension}", if extension == "java" { "Main" } else { "main" })), &main)?;
    for file in 0..FILES {
        let stem = if extension == "java" { format!("Rules{file}") } else { format!("rules_{file}") };
        write(&folder.join(format!("src/{stem}.{extension}")), &filler(n, file))?;
    }
    Ok(())
}

const PYTHON: &str = "import os
import psycopg2
import requests
from flask import Flask

app = Flask(__name__)
db = psycopg2.connect(os.environ[\"DATABASE_URL\"])


@app.get(\"/items/<id>\")
def item(id):
    a = requests.get(os.environ[\"NEXT_URL\"] + \"/items/\" + id, timeout=2)
    b = requests.post(os.environ[\"CHORD_URL\"] + \"/items\", json={})
    return {\"a\": a.json(), \"b\": b.json()}
";

const SCRIPT: &str = "const express = require('express')
const axios = require('axios')
const { Pool } = require('pg')

const app = express()
const pool = new Pool({ connectionString: process.env.DATABASE_URL })

app.get('/items/:id', async (req, res) => {
  const a = await axios.get(`${process.env.NEXT_URL}/items/${req.params.id}`, { timeout: 2000 })
  const b = await axios.post(process.env.CHORD_URL + '/items', {})
  await pool.query('SELECT * FROM items')
  res.json([a.data, b.data])
})

app.listen(8080)
";

const GO: &str = "package main

import (
\t\"database/sql\"
\t\"net/http\"
\t\"os\"

\t_ \"github.com/lib/pq\"
)

func item(w http.ResponseWriter, r *http.Request) {
\thttp.Get(os.Getenv(\"NEXT_URL\") + \"/items/1\")
\thttp.Post(os.Getenv(\"CHORD_URL\")+\"/items\", \"application/json\", nil)
}

func main() {
\tsql.Open(\"postgres\", os.Getenv(\"DATABASE_URL\"))
\thttp.HandleFunc(\"/items/\", item)
\thttp.ListenAndServe(\":8080\", nil)
}
";

const JAVA: &str = "package demo;

@RestController
@RequestMapping(\"/items\")
class Main {
    private final RestTemplate http = new RestTemplate();

    @GetMapping(\"/{id}\")
    String item(@PathVariable String id) {
        http.postForObject(System.getenv(\"CHORD_URL\") + \"/items\", null, String.class);
        return http.getForObject(System.getenv(\"NEXT_URL\") + \"/items/\" + id, String.class);
    }
}
";

fn python(n: usize, file: usize) -> String {
    let body = |i: usize| {
        format!(
            "def rule_{i}(order, stock):\n    total = 0\n    for line in order.lines:\n        if line.amount > stock.get(line.item, {i}):\n            total += line.amount * {n}\n        else:\n            total -= line.amount\n    return total\n\n\n"
        )
    };
    (0..FUNCTIONS).map(|i| body(i + file)).collect()
}

fn script(n: usize, file: usize) -> String {
    let body = |i: usize| {
        format!(
            "exports.rule{i} = function (order, stock) {{\n  let total = 0\n  for (const line of order.lines) {{\n    if (line.amount > (stock[line.item] || {i})) {{\n      total += line.amount * {n}\n    }} else {{\n      total -= line.amount\n    }}\n  }}\n  return total\n}}\n\n"
        )
    };
    (0..FUNCTIONS).map(|i| body(i + file)).collect()
}

fn go(n: usize, file: usize) -> String {
    let body = |i: usize| {
        format!(
            "func rule{file}x{i}(order Order, stock map[string]int) int {{\n\ttotal := 0\n\tfor _, line := range order.Lines {{\n\t\tif line.Amount > stock[line.Item]+{i} {{\n\t\t\ttotal += line.Amount * {n}\n\t\t}} else {{\n\t\t\ttotal -= line.Amount\n\t\t}}\n\t}}\n\treturn total\n}}\n\n"
        )
    };
    std::iter::once("package main\n\n".to_owned()).chain((0..FUNCTIONS).map(body)).collect()
}

fn java(n: usize, file: usize) -> String {
    let body = |i: usize| {
        format!(
            "    int rule{i}(Order order, Map<String, Integer> stock) {{\n        int total = 0;\n        for (Line line : order.lines()) {{\n            if (line.amount() > stock.getOrDefault(line.item(), {i})) {{\n                total += line.amount() * {n};\n            }} else {{\n                total -= line.amount();\n            }}\n        }}\n        return total;\n    }}\n\n"
        )
    };
    format!("package demo;\n\nclass Rules{file} {{\n{}}}\n", (0..FUNCTIONS).map(body).collect::<String>())
}
