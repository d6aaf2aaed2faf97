//! How the workspace's services could be started as processes of one machine: proposed from what deployment and code say, for
//! `[verify]` of `seam.toml`.
//!
//! Invariant: each proposal names the lines that it comes from, and says what it does not know. Nothing here is a fact: somebody looks at
//! it before anything is started.

use crate::Snapshot;
use crate::shape::Place;
use schemars::JsonSchema;
use seam_facts::{Build, Claim, Deployment, Hole, Part, Service, Value};
use seam_graph::{Graph, Node, NodeKind, PortRole};
use seam_verify::settings::Process;
use serde::{Deserialize, Serialize};

/// A process that may be written into `seam.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposed {
    pub process: Process,
    /// Where that stands.
    pub because: Vec<Place>,
    /// What is not known, or has to be there.
    pub open: Vec<String>,
}

pub(crate) fn proposed(snapshot: &Snapshot) -> Vec<Proposed> {
    let graph = snapshot.graph(None);
    let cx = Cx { snapshot, graph: &graph };
    let mut out: Vec<Proposed> = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        if matches!(node.kind, NodeKind::External | NodeKind::Tool) {
            continue;
        }
        out.extend(cx.process(at, node));
    }
    // What others wait for comes first: stores, then who calls nobody.
    let rank = |p: &Proposed| {
        graph.nodes.iter().find(|n| n.name == p.process.name).map_or(2, |n| u8::from(!n.kind.is_store()))
    };
    out.sort_by_key(|p| (rank(p), p.process.command.is_empty(), p.process.name.clone()));
    out
}

/// The sections as they stand in `seam.toml`; what has no command is a comment.
pub fn written(all: &[Proposed]) -> String {
    let text = |t: &str| toml::Value::String(t.to_owned()).to_string();
    let mut out = String::new();
    for Proposed { process, because, open } in all {
        let places: Vec<String> = because.iter().map(|p| format!("{}:{}", p.path, p.line)).collect();
        out.push_str(&format!("\n# {}\n", places.join(", ")));
        out.extend(open.iter().map(|open| format!("# open: {open}\n")));
        let mut lines = vec!["[[verify.process]]".to_owned(), format!("name = {}", text(&process.name))];
        lines.push(format!("command = {}", text(&process.command)));
        lines.extend(process.folder.as_ref().map(|f| format!("folder = {}", text(f))));
        lines.extend(process.port.map(|p| format!("port = {p}")));
        lines.extend(process.published.map(|p| format!("published = {p}")));
        lines.extend(process.env_file.as_ref().map(|f| format!("env-file = {}", text(f))));
        if !process.hosts.is_empty() {
            lines.push(format!("hosts = [{}]", process.hosts.iter().map(|h| text(h)).collect::<Vec<_>>().join(", ")));
        }
        if !process.env.is_empty() {
            let pairs: Vec<String> = process.env.iter().map(|(k, v)| format!("{k} = {}", text(v))).collect();
            lines.push(format!("env = {{ {} }}", pairs.join(", ")));
        }
        let mark = if process.command.is_empty() { "# " } else { "" };
        out.extend(lines.iter().map(|line| format!("{mark}{line}\n")));
    }
    out
}

struct Cx<'a> {
    snapshot: &'a Snapshot,
    graph: &'a Graph,
}

impl Cx<'_> {
    fn has(&self, folder: &str, name: &str) -> bool {
        self.text(folder, name).is_some()
    }

    fn text(&self, folder: &str, name: &str) -> Option<String> {
        self.snapshot.texts().read(&joined(folder, name))
    }

    /// What declares a node: the plainest deployment first.
    fn declared(&self, node: &Node) -> Option<(String, u32, Service)> {
        let named = |s: &Service| s.name == node.name || node.aliases.contains(&s.name);
        let rank = |s: &Service| match s.deployment {
            Deployment::Procfile => 0,
            Deployment::Compose => 1,
            Deployment::Tye | Deployment::Aspire => 2,
            Deployment::Kubernetes | Deployment::Helm => 3,
            Deployment::Systemd
            | Deployment::Terraform
            | Deployment::Serverless
            | Deployment::Nomad
            | Deployment::Script => 4,
        };
        let all = self.snapshot.base().facts().filter_map(|(path, fact)| match &fact.claim {
            Claim::Service(s) if named(s) && !s.auxiliary => Some((path.to_string(), fact.at.line, s.clone())),
            _ => None,
        });
        // Of several compose files the one nearest to the workspace's folder.
        all.min_by_key(|(path, _, s)| (rank(s), path.matches('/').count(), path.clone()))
    }

    /// The recipe of its image, with its path.
    fn recipe(&self, node: &Node, file: &str, service: Option<&Service>) -> Option<(String, u32, Build)> {
        let mut paths = Vec::new();
        if let Some(source) = service.and_then(|s| s.source.as_ref()) {
            let context = joined(folder_of(file), &plain(&source.context));
            let name = source.dockerfile.as_ref().map_or_else(|| "Dockerfile".to_owned(), plain);
            paths.push(joined(&context, &name));
        }
        paths.extend(node.roots.iter().map(|root| joined(root, "Dockerfile")));
        paths.into_iter().find_map(|path| {
            let facts = self.snapshot.base().get(&path)?;
            let build = |f: &seam_facts::Fact| match &f.claim {
                Claim::Build(b) => Some((path.clone(), f.at.line, b.clone())),
                _ => None,
            };
            facts.facts.iter().find_map(build)
        })
    }

    fn process(&self, at: usize, node: &Node) -> Option<Proposed> {
        let declared = self.declared(node);
        let (file, service) =
            (declared.as_ref().map_or("", |(path, _, _)| path.as_str()), declared.as_ref().map(|d| &d.2));
        let mut out = Proposed::default();
        out.process.name = node.name.to_string();
        if let Some((path, line, _)) = &declared {
            out.because.push(place(path, *line, "declares it"));
        }
        let recipe = self.recipe(node, file, service);
        let (port, published) = self.ports(at);
        (out.process.port, out.process.published) = (port, published.filter(|p| Some(*p) != port));
        out.process.hosts = hosts(node, service);
        // A gateway that comes as an image has its configuration here, and no code.
        let image_only = service.is_some_and(|s| s.source.is_none() && s.image.is_some());
        if node.kind.is_store() || node.roots.is_empty() || node.kind == NodeKind::Gateway && image_only {
            self.ready_made(node, service, &mut out);
            return (!out.because.is_empty()).then_some(out);
        }
        let folder = self.folder(node, file, service, recipe.as_ref().map(|(_, _, build)| build));
        let stated = service.and_then(|s| s.command.as_ref()).or_else(|| recipe.as_ref()?.2.command.as_ref());
        let stated = stated.map(shell).filter(|c| !c.trim().is_empty());
        if let Some((path, line, _)) = recipe.as_ref().filter(|_| service.is_none_or(|s| s.command.is_none())) {
            out.because.push(place(path, *line, "builds it"));
        }
        out.process.command = match stated.and_then(|c| self.local(&c, &folder, &mut out.open)) {
            Some(command) => command,
            None => self.by_code(&folder, port, &mut out).unwrap_or_default(),
        };
        if out.process.command.is_empty() {
            out.open.push("nothing says how it starts".to_owned());
        }
        // What the command binds is surer than what code would by itself.
        if let Some(bound) = bound(&out.process.command) {
            out.process.port = Some(bound);
            out.process.published = published.filter(|p| *p != bound);
        }
        self.environment(at, file, service, &mut out);
        out.process.folder = Some(folder).filter(|f| !f.is_empty());
        Some(out)
    }

    /// What it listens on, and what this machine shows.
    fn ports(&self, node: usize) -> (Option<u16>, Option<u16>) {
        let of = |role: PortRole| {
            let own = self.graph.ports.iter().filter(move |p| p.node == node && p.role == role);
            own.filter_map(|p| u16::try_from(p.number?).ok()).next()
        };
        let inner = [PortRole::Listens, PortRole::Container, PortRole::Exposed].into_iter().find_map(of);
        (inner.or_else(|| of(PortRole::Published)), of(PortRole::Published))
    }

    /// Where its code lies: what the recipe copies, or the map's folder.
    fn folder(&self, node: &Node, file: &str, service: Option<&Service>, build: Option<&Build>) -> String {
        let root = node.roots.first().map(ToString::to_string).unwrap_or_default();
        let context = service.and_then(|s| s.source.as_ref()).map(|s| joined(folder_of(file), &plain(&s.context)));
        let whole = build.is_some_and(|b| b.copies.iter().any(|c| matches!(c.as_str(), "." | "./")));
        match context {
            Some(context) if whole && !context.is_empty() => context,
            _ => root,
        }
    }

    /// A container's command as this machine can run it: paths of the container become those of the folder. Nothing where it starts
    /// what only the image has.
    fn local(&self, command: &str, folder: &str, open: &mut Vec<String>) -> Option<String> {
        let mut words = Vec::new();
        for (at, word) in command.split_whitespace().enumerate() {
            if !word.starts_with('/') {
                words.push(word.to_owned());
                continue;
            }
            // Programs of every system, wherever they lie.
            let program = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"].iter();
            if let Some(name) = program.clone().find_map(|place| word.strip_prefix(place)).filter(|n| !n.contains('/'))
            {
                words.push(name.to_owned());
                continue;
            }
            let parts: Vec<&str> = word.split('/').filter(|p| !p.is_empty()).collect();
            let tail = (0..parts.len()).map(|from| parts[from..].join("/")).find(|tail| self.has(folder, tail));
            match tail {
                Some(tail) if at == 0 => words.push(format!("./{tail}")),
                Some(tail) => words.push(tail),
                // A program, or an archive, that a build makes.
                None => return None,
            }
        }
        let first = words.first()?.clone();
        if words.iter().any(|w| w.ends_with(".jar") || w.ends_with(".dll"))
            || first.starts_with("./") && !self.has(folder, &first[2..])
        {
            return None;
        }
        let python = [
            "python",
            "python3",
            "gunicorn",
            "uvicorn",
            "flask",
            "celery",
            "hypercorn",
            "daphne",
            "waitress-serve",
            "fastapi",
        ];
        let command = words.join(" ");
        if python.contains(&first.as_str()) {
            return Some(self.in_environment(&command, folder, open));
        }
        if matches!(first.as_str(), "npm" | "yarn" | "pnpm" | "node")
            && !self.has(folder, "node_modules/.package-lock.json")
        {
            open.push("its packages have to be installed".to_owned());
        }
        Some(if command.contains(['&', ';', '|']) { command } else { format!("exec {command}") })
    }

    /// With the virtual environment that lies there or above.
    fn in_environment(&self, command: &str, folder: &str, open: &mut Vec<String>) -> String {
        let mut above = Some(folder);
        let mut up = String::new();
        while let Some(at) = above {
            for name in [".venv", "venv"] {
                if self.has(&joined(at, name), "pyvenv.cfg") {
                    return format!(". {up}{name}/bin/activate && exec {command}");
                }
            }
            up.push_str("../");
            above = (!at.is_empty()).then(|| folder_of(at));
        }
        if self.has(folder, "requirements.txt") || self.has(folder, "pyproject.toml") {
            open.push("its packages have to be installed, in `.venv` there or for the machine's Python".to_owned());
        }
        let command =
            command.strip_prefix("python ").map_or_else(|| command.to_owned(), |rest| format!("python3 {rest}"));
        format!("exec {command}")
    }

    /// What the code's own tools start it with.
    fn by_code(&self, folder: &str, port: Option<u16>, out: &mut Proposed) -> Option<String> {
        let place = |out: &mut Proposed, name: &str| out.because.push(place(&joined(folder, name), 1, "starts it"));
        if let Some(text) = self.text(folder, "package.json") {
            let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(start) = package["scripts"]["start"].as_str() {
                place(out, "package.json");
                return self.local(start, folder, &mut out.open).map(|_| "exec npm start --silent".to_owned());
            }
        }
        if self.has(folder, "manage.py") {
            place(out, "manage.py");
            let command = format!("python manage.py runserver --noreload 0.0.0.0:{}", port.unwrap_or(8000));
            return Some(self.in_environment(&command, folder, &mut out.open));
        }
        for name in ["app.py", "main.py", "server.py", "run.py"] {
            if self.text(folder, name).is_some_and(|t| t.contains("__main__") || t.contains(".run(")) {
                place(out, name);
                return Some(self.in_environment(&format!("python {name}"), folder, &mut out.open));
            }
        }
        if let Some(pom) = self.text(folder, "pom.xml") {
            place(out, "pom.xml");
            let by = if self.has(folder, "mvnw") { "sh mvnw" } else { "mvn" };
            return pom.contains("spring-boot").then(|| format!("exec {by} -q spring-boot:run"));
        }
        for (file, tool) in [("build.gradle", "bootRun"), ("build.gradle.kts", "bootRun")] {
            if let Some(text) = self.text(folder, file) {
                place(out, file);
                let by = if self.has(folder, "gradlew") { "sh gradlew" } else { "gradle" };
                let task = if text.contains("springframework.boot") { tool } else { "run" };
                return Some(format!("exec {by} --quiet {task}"));
            }
        }
        if self.has(folder, "go.mod") || self.has(folder, "main.go") {
            place(out, if self.has(folder, "main.go") { "main.go" } else { "go.mod" });
            out.open.push(
                "a program in Go is reached through addresses in its settings only: `${NAME.url}`, `${port}`"
                    .to_owned(),
            );
            return Some("exec go run .".to_owned());
        }
        if self.has(folder, "Cargo.toml") {
            place(out, "Cargo.toml");
            return Some("exec cargo run --quiet".to_owned());
        }
        None
    }

    /// A store or server that comes as an image: what this machine may have of it.
    fn ready_made(&self, node: &Node, service: Option<&Service>, out: &mut Proposed) {
        let image = service.and_then(|s| s.image.as_ref()).map(ToString::to_string).unwrap_or_default();
        let product =
            image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default().to_owned();
        let stated = service.and_then(|s| s.command.as_ref()).map(shell).unwrap_or_default();
        if product == "redis" || product == "valkey" || stated.starts_with("redis-server") {
            let own = stated.strip_prefix("redis-server").unwrap_or_default().trim();
            let port = out.process.port.unwrap_or(6379);
            out.process.port = Some(port);
            let save = "--save '' --appendonly no";
            out.process.command = format!("exec redis-server --port ${{port}} {save} {own}").trim_end().to_owned();
            if own.contains("***") {
                out.open.push("`***` stands for a secret that is not shown: write what the services use".to_owned());
            }
            return;
        }
        let what = if product.is_empty() { node.kind.word().to_owned() } else { product };
        out.open.push(format!(
            "`{what}` is not started here: give the command that starts it on this machine, or leave it out"
        ));
    }

    /// Settings that its deployment gives it.
    fn environment(&self, node: usize, file: &str, service: Option<&Service>, out: &mut Proposed) {
        for setting in self.graph.settings.iter().filter(|s| s.node == node && s.at.path == file) {
            let key = setting.key.as_str();
            let variable = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !variable || setting.value.contains("${") {
                continue;
            }
            if setting.value.contains("***") {
                out.open.push(format!("`{key}` is a secret: give it under `env`"));
                continue;
            }
            out.process.env.insert(key.to_owned(), setting.value.to_string());
        }
        if let Some((first, more)) = service.and_then(|s| s.env_files.split_first()) {
            out.process.env_file = Some(joined(folder_of(file), first));
            out.open.extend(more.iter().map(|f| format!("`{f}` gives it settings too")));
        }
    }
}

/// Further names by which others call it.
fn hosts(node: &Node, service: Option<&Service>) -> Vec<String> {
    let all = service.into_iter().flat_map(|s| std::iter::once(&s.name).chain(&s.hostnames));
    let mut out: Vec<String> = all.filter(|n| **n != node.name).map(ToString::to_string).collect();
    out.sort();
    out.dedup();
    out
}

/// The port that a command says it listens on.
fn bound(command: &str) -> Option<u16> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let number = |text: &str| text.rsplit(':').next().and_then(|t| t.parse::<u16>().ok()).filter(|p| *p > 0);
    for (at, word) in words.iter().enumerate() {
        let (flag, joined) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
        if matches!(flag, "-b" | "--bind" | "-p" | "--port" | "--http-port")
            && let Some(port) = joined.or_else(|| words.get(at + 1).copied()).and_then(number)
        {
            return Some(port);
        }
        if ["0.0.0.0:", "127.0.0.1:", "[::]:", "localhost:"].iter().any(|host| word.starts_with(host)) {
            return number(word);
        }
    }
    None
}

/// A command as a shell reads it: settings that it names stay names.
fn shell(value: &Value) -> String {
    let one = |part: &Part| match part {
        Part::Text(text) => text.to_string(),
        Part::Hole(Hole::Env { name, default: None }) => format!("${{{name}}}"),
        Part::Hole(Hole::Env { name, default: Some(default) }) => format!("${{{name}:-{}}}", plain(default)),
        Part::Hole(other) => other.to_string(),
    };
    value.parts.iter().map(one).collect()
}

fn place(path: &str, line: u32, says: &str) -> Place {
    Place { path: path.to_owned(), line, says: says.to_owned(), by: String::new() }
}

fn plain(value: &Value) -> String {
    value.as_text().map_or_else(|| value.to_string(), |t| t.to_string())
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below or beside a folder, without `.` and `..`.
fn joined(folder: &str, name: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Change, Engine, Settings, Texts};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn written_of(files: &[(&str, &str)]) -> String {
        let mut engine = Engine::default();
        engine.apply(
            files
                .iter()
                .map(|(path, text)| Change::File { path: (*path).into(), facts: Arc::new(crate::extract(path, text)) }),
        );
        let texts: BTreeMap<String, String> = files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        let snapshot = engine.snapshot().with_texts(Texts::new(move |path| texts.get(path).cloned()));
        written(&proposed(&snapshot))
    }

    const COMPOSE: &str = "services:\n  order-service:\n    build: ./order\n    container_name: orders\n    ports: ['9000:5000']\n    \
        environment:\n      - STOCK_URL=http://stock:80\n    command: gunicorn -b 0.0.0.0:5000 app:app\n  \
        stock:\n    build: ./stock\n    ports: ['80']\n  cache:\n    image: redis:7\n    command: redis-server --maxmemory 9mb\n  \
        db:\n    image: postgres:16\n";

    fn system() -> String {
        written_of(&[
            ("compose.yaml", COMPOSE),
            ("order/Dockerfile", "FROM python:3\nWORKDIR /app\nCOPY . .\n"),
            (
                "order/app.py",
                "from flask import Flask\napp = Flask(__name__)\n@app.route('/orders')\ndef orders():\n    return ''\n",
            ),
            ("order/requirements.txt", "flask\n"),
            (
                "stock/Dockerfile",
                "FROM node:20\nWORKDIR /usr/src/app\nCOPY . .\nEXPOSE 80\nCMD [\"node\", \"/usr/src/app/server.js\"]\n",
            ),
            ("stock/server.js", "require('http').createServer().listen(80)\n"),
            ("stock/package.json", "{\"name\": \"stock\"}"),
        ])
    }

    #[test]
    fn processes_come_from_what_deployment_and_recipes_say() {
        let text = system();
        for line in [
            "command = \"exec gunicorn -b 0.0.0.0:5000 app:app\"",
            "folder = \"order\"",
            "port = 5000",
            "published = 9000",
            "STOCK_URL = \"http://stock:80\"",
            // The container's path is the folder's own.
            "command = \"exec node server.js\"",
            "command = \"exec redis-server --port ${port} --save '' --appendonly no --maxmemory 9mb\"",
            "# open: `postgres` is not started here",
            "# [[verify.process]]",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_proposed_can_stand_in_the_settings() {
        let settings = Settings::parse(&system()).unwrap();
        let names: Vec<&str> = settings.verify.process.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(names[0], "cache");
    }

    #[test]
    fn a_command_says_its_port() {
        for (command, port) in [
            ("gunicorn -b 0.0.0.0:5000 app:app", Some(5000)),
            ("uvicorn main:app --host 0.0.0.0 --port 80", Some(80)),
            ("flask run --port=8080", Some(8080)),
            ("python manage.py runserver 0.0.0.0:8000", Some(8000)),
            ("node server.js", None),
        ] {
            assert_eq!(bound(command), port, "{command}");
        }
    }
}
