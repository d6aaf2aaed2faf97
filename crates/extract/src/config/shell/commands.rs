//! Commands that deploy: which programs are known, and what their options mean.

use super::eval::Shell;
use super::found::source;
use super::options::{Options, Rules, pair, pairs, start};
use super::{admin, azure, containers};
use crate::config::charts::Release;
use crate::config::interpolate::split;
use crate::config::{secret, words};
use seam_facts::{Port, SmolStr, Span, Value};

/// One command with its places.
pub(super) struct Call<'a> {
    pub words: &'a [Value],
    pub at: Span,
    places: &'a [Span],
    /// How many words stand before `words`.
    before: usize,
}

impl<'a> Call<'a> {
    /// The words after the first ones.
    pub fn after(&self, count: usize) -> Call<'a> {
        let count = count.min(self.words.len());
        Call { words: &self.words[count..], at: self.at, places: self.places, before: self.before + count }
    }

    /// Where a word stands.
    pub fn place(&self, word: usize) -> Span {
        self.places.get(self.before + word).copied().unwrap_or(self.at)
    }

    pub fn texts(&self) -> Vec<&'a str> {
        self.words.iter().map(start).collect()
    }
}

pub(super) fn call(shell: &mut Shell<'_>, values: &[Value], at: Span, places: &[Span]) {
    // Expanded lists move the words; the command's own place stands for all then.
    let places = if places.len() == values.len() { places } else { &[] };
    let Some(program) = values.first().and_then(Value::as_text) else { return };
    let call = Call { words: values, at, places, before: 0 }.after(1);
    match program.rsplit('/').next().unwrap_or("") {
        "docker" | "podman" | "nerdctl" | "buildah" => containers::call(shell, &call),
        "kubectl" | "oc" => kubectl(shell, &call),
        "gcloud" => gcloud(shell, &call),
        "az" => azure::call(shell, &call),
        "heroku" | "fly" | "flyctl" | "cf" => platform(shell, &call),
        "dapr" => dapr(shell, &call),
        "curl" => admin::curl(shell, &call),
        "pack" => pack(shell, &call),
        "aws" => lambda(shell, &call),
        "helm" => helm(shell, &call),
        _ => {}
    }
}

pub(super) fn port(value: &Value) -> Port {
    Port { name: None, published: None, target: Some(value.clone()), line: 0 }
}

const GCLOUD: Rules = Rules {
    alone: &[
        "--quiet",
        "-q",
        "--async",
        "--allow-unauthenticated",
        "--no-allow-unauthenticated",
        "--no-traffic",
        "--use-http2",
        "--cpu-throttling",
        "--no-cpu-throttling",
        "--gen2",
        "--no-gen2",
        "--trigger-http",
        "--execute-now",
        "--wait",
        "--no-assign-ip",
        "--session-affinity",
        "--no-use-http2",
    ],
    letters: "",
    many: false,
    first: false,
};

fn gcloud(shell: &mut Shell<'_>, call: &Call<'_>) {
    let all = call.texts();
    let call = call.after(all.iter().take_while(|w| matches!(**w, "beta" | "alpha")).count());
    let said = call.texts();
    let (words, store) = match said.as_slice() {
        ["run", "deploy", ..] | ["functions", "deploy", ..] => (2, ""),
        ["run", "services", "update", ..] => (3, ""),
        ["run", "jobs", "create" | "update" | "deploy", ..] => (3, ""),
        ["sql", "instances", "create", ..] => (3, "postgres"),
        ["redis", "instances", "create", ..] => (3, "redis"),
        ["alloydb", "clusters", "create", ..] => (3, "postgres"),
        ["builds", "submit", ..] => {
            let options = Options::parse(call.after(2).words, &GCLOUD);
            if let Some(image) = options.get(&["--tag", "-t"]) {
                let context = options.operands.first().map_or_else(|| shell.at.clone(), |c| shell.path(c));
                shell.found.build(image, context, None, call.at);
            }
            return;
        }
        _ => return,
    };
    let call = call.after(words);
    let options = Options::parse(call.words, &GCLOUD);
    let Some(name) = options.operands.first().or_else(|| options.get(&["--service"])) else { return };
    let context = options.get(&["--source"]).and_then(|s| shell.path(s));
    let Some(service) = shell.found.service(name, call.at) else { return };
    if !store.is_empty() {
        let version = options.get(&["--database-version"]).map(Value::to_string).unwrap_or_default().to_lowercase();
        let product = version.split('_').next().filter(|p| !p.is_empty()).unwrap_or(store);
        service.image = Some(Value::text(product));
        return;
    }
    service.image = options.get(&["--image"]).cloned().or(service.image.take());
    service.source = context.map(source).or(service.source.take());
    service.ports.extend(options.get(&["--port"]).map(port));
    for (value, at) in options.all(&["--set-env-vars", "--update-env-vars"]) {
        for (key, value) in pairs(value, ',') {
            shell.found.set(name, &key, value, call.place(at));
        }
    }
    let file = options.get(&["--env-vars-file"]).and_then(|f| shell.path(f));
    if let (Some(file), Some(service)) = (file, shell.found.service(name, call.at)) {
        service.env_files.push(file.into());
    }
}

/// `helm upgrade --install NAME CHART`, also through a plugin.
fn helm(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules {
        alone: &[
            "--install",
            "-i",
            "--create-namespace",
            "--wait",
            "--atomic",
            "--debug",
            "--dry-run",
            "--force",
            "--reuse-values",
            "--reset-values",
            "--dependency-update",
            "--devel",
            "--no-hooks",
            "--cleanup-on-fail",
            "--wait-for-jobs",
            "--skip-crds",
            "--replace",
            "--generate-name",
            "-g",
        ],
        letters: "",
        many: false,
        first: false,
    };
    let said = call.texts();
    let plugin = usize::from(matches!(said.first(), Some(&("secrets" | "diff"))));
    if !matches!(said.get(plugin), Some(&("install" | "upgrade" | "template"))) {
        return;
    }
    let options = Options::parse(call.after(plugin + 1).words, &RULES);
    let told = |word: &Value| word.as_text();
    let generated = options.get(&["--generate-name", "-g"]).is_some();
    let (name, chart) = match options.operands.as_slice() {
        [chart] if generated => (None, told(chart)),
        [name, chart, ..] => (told(name), told(chart)),
        _ => return,
    };
    let Some(chart) = chart else { return };
    // A plain name is a folder, unless a repository is told.
    if !chart.contains('/') && options.get(&["--repo"]).is_none() {
        return;
    }
    let namespace = options.get(&["-n", "--namespace"]).and_then(Value::as_text);
    let release = Release { name: name.as_deref(), chart: &chart, alias: None, owner: None, namespace };
    if let Some(service) = release.service() {
        shell.found.release(service, call.at);
    }
}

fn kubectl(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules {
        alone: &["--rm", "-it", "-i", "-t", "--stdin", "--tty", "--save-config", "--overwrite"],
        letters: "",
        many: false,
        first: false,
    };
    let said = call.texts();
    let words = match said.as_slice() {
        ["create", "deployment" | "deploy", ..] | ["set", "env", ..] => 2,
        ["run" | "expose", ..] => 1,
        _ => return,
    };
    let options = Options::parse(call.after(words).words, &RULES);
    // `deployment NAME` or `deployment/NAME`.
    let kinds = ["deployment", "deploy", "deployments", "pod", "service", "svc", "statefulset"];
    let mut operands = options.operands.iter().filter(|v| !kinds.contains(&start(v)));
    let Some(first) = operands.next() else { return };
    let name = split(first, '/').pop().unwrap_or_default();
    match said[0] {
        "set" => {
            for value in operands {
                if let Some((key, value)) = pair(value) {
                    shell.found.set(&name, &key, value, call.at);
                }
            }
        }
        "expose" => {
            let target = name.to_string();
            if let Some(own) = options.get(&["--name"]).and_then(Value::as_text) {
                shell.found.alias(&own, target.into(), call.at);
            }
        }
        _ => {
            // What is removed when it ends is somebody's shell in the cluster.
            if options.has(&["--rm", "--dry-run"]) {
                return;
            }
            let Some(image) = options.get(&["--image"]).cloned() else { return };
            let Some(service) = shell.found.service(&name, call.at) else { return };
            service.image = Some(image);
            service.ports.extend(options.get(&["--port"]).map(port));
            for (value, at) in options.all(&["--env"]) {
                if let Some((key, value)) = pair(value) {
                    shell.found.set(&name, &key, value, call.place(at));
                }
            }
        }
    }
}

/// Platforms that run an application by its name.
fn platform(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules {
        alone: &["--no-start", "--random-route", "--no-route", "--now", "--stage", "--detach", "--remote-only"],
        letters: "",
        many: false,
        first: false,
    };
    let said = call.texts();
    let words = match said.as_slice() {
        ["config:set" | "push" | "set-env" | "create" | "apps:create" | "deploy" | "launch", ..] => 1,
        ["secrets", "set", ..] | ["apps", "create", ..] => 2,
        _ => return,
    };
    let call = call.after(words);
    let options = Options::parse(call.words, &RULES);
    let asked = options.get(&["--app", "-a", "--name", "-n"]).cloned();
    let (name, from) = match said.as_slice() {
        ["push" | "set-env" | "create" | "apps:create", ..] | ["apps", "create", ..] => {
            (options.operands.first().cloned().or(asked), 1)
        }
        _ => (asked, 0),
    };
    let Some(name) = name else { return };
    let context = match said[0] {
        "push" | "deploy" | "launch" => options.get(&["-p", "--path"]).map_or(shell.at.clone(), |p| shell.path(p)),
        _ => None,
    };
    let made = !matches!(said[0], "config:set" | "secrets" | "set-env");
    if made && let Some(service) = shell.found.service(&name, call.at) {
        service.source = context.map(source).or(service.source.take());
        service.image = options.get(&["--docker-image", "-o", "--image", "-i"]).cloned().or(service.image.take());
    }
    if said[0] == "set-env" {
        if let [_, key, value, ..] = options.operands.as_slice() {
            shell.found.set(&name, &key.to_string(), value.clone(), call.at);
        }
        return;
    }
    for value in options.operands.iter().skip(from) {
        if let Some((key, value)) = pair(value) {
            shell.found.set(&name, &key, value, call.at);
        }
    }
}

/// `dapr run --app-id NAME -- program`: the program is what is in this folder.
fn dapr(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules { alone: &["--"], letters: "", many: false, first: true };
    let said = call.texts();
    if said.first() != Some(&"run") {
        return;
    }
    let end = said.iter().position(|w| *w == "--").unwrap_or(said.len());
    let options = Options::parse(&call.words[1..end], &RULES);
    let Some(name) = options.get(&["--app-id", "-i", "-a"]).cloned() else { return };
    let command = if end < said.len() { &call.words[end + 1..] } else { options.operands.as_slice() };
    if command.is_empty() {
        return;
    }
    let at = shell.at.clone().filter(|at| !at.is_empty());
    let Some(service) = shell.found.service(&name, call.at) else { return };
    service.source = at.map(source);
    service.command = words::join(command.iter().cloned()).map(secret::clean);
    service.ports.extend(options.get(&["--app-port", "-p"]).map(port));
}

fn pack(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules { alone: &["--publish", "--verbose", "-v"], letters: "", many: false, first: false };
    if call.texts().first() != Some(&"build") {
        return;
    }
    let options = Options::parse(call.after(1).words, &RULES);
    if let Some(image) = options.operands.first() {
        let context = options.get(&["--path", "-p"]).map_or(shell.at.clone(), |p| shell.path(p));
        shell.found.build(image, context, None, call.at);
    }
}

/// `aws lambda create-function --environment "Variables={KEY=value,…}"`.
fn lambda(shell: &mut Shell<'_>, call: &Call<'_>) {
    const RULES: Rules = Rules { alone: &["--publish", "--no-publish"], letters: "", many: false, first: false };
    let made = match call.texts().as_slice() {
        ["lambda", "create-function", ..] => true,
        ["lambda", "update-function-configuration", ..] => false,
        _ => return,
    };
    let call = call.after(2);
    let options = Options::parse(call.words, &RULES);
    let Some(name) = options.get(&["--function-name"]).cloned() else { return };
    if made && shell.found.service(&name, call.at).is_none() {
        return;
    }
    for (value, at) in options.all(&["--environment"]) {
        let text: SmolStr = start(value).into();
        let inner = text.strip_prefix("Variables={").map(|_| split(value, '{').pop().unwrap_or_default());
        for (key, value) in inner.iter().flat_map(|v| pairs(v, ',')) {
            let value = split(&value, '}').swap_remove(0);
            shell.found.set(&name, &key, value, call.place(at));
        }
    }
}
