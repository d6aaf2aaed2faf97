//! `docker run`, `docker service create`, `docker build` and what takes the same words.

use super::commands::Call;
use super::eval::Shell;
use super::options::{Options, Rules, pair, start};
use crate::config::interpolate::split;
use crate::config::{secret, words};
use seam_facts::{Port, SmolStr, Value, format_smolstr};

const RUN: Rules = Rules {
    alone: &[
        "--detach",
        "--rm",
        "--init",
        "--interactive",
        "--tty",
        "--privileged",
        "--read-only",
        "--publish-all",
        "--no-healthcheck",
        "--quiet",
        "--oom-kill-disable",
        "--sig-proxy",
        "--with-registry-auth",
        "--no-resolve-image",
        "--disable-content-trust",
        "--replace",
    ],
    letters: "ditPq",
    many: false,
    first: true,
};

const BUILD: Rules = Rules {
    alone: &[
        "--no-cache",
        "--pull",
        "--push",
        "--rm",
        "--force-rm",
        "--quiet",
        "--load",
        "--squash",
        "--compress",
        "--debug",
        "--no-cache-filter",
    ],
    letters: "q",
    many: false,
    first: false,
};

pub(super) fn call(shell: &mut Shell<'_>, call: &Call<'_>) {
    match call.texts().as_slice() {
        ["run", ..] => run(shell, &call.after(1), false),
        ["container", "run", ..] => run(shell, &call.after(2), false),
        ["service", "create", ..] => run(shell, &call.after(2), true),
        ["build" | "bud", ..] => build(shell, &call.after(1)),
        ["buildx" | "image" | "builder", "build", ..] => build(shell, &call.after(2)),
        ["tag", ..] => tag(shell, &call.after(1)),
        ["image", "tag", ..] => tag(shell, &call.after(2)),
        _ => {}
    }
}

fn run(shell: &mut Shell<'_>, call: &Call<'_>, service: bool) {
    let options = Options::parse(call.words, &RUN);
    let Some(image) = options.operands.first().filter(|_| shell.containers) else { return };
    let detached = service || options.has(&["-d", "--detach"]);
    let published = options.has(&["-p", "--publish", "-P", "--publish-all"]);
    // Somebody's tool: it runs in the foreground, and nobody reaches it.
    if !detached && !published {
        return;
    }
    let basename = || image_name(image).map(Value::text);
    let aliases = ["--network-alias", "--net-alias", "-h", "--hostname"];
    let known = |name: &&Value| !name.holes().iter().any(|h| matches!(h, seam_facts::Hole::Opaque(_)));
    let names = options.get(&["--name"]).or_else(|| options.get(&aliases)).filter(known);
    let Some(name) = names.cloned().or_else(basename) else { return };
    let paths = |shell: &Shell<'_>, names: &'static [&str]| -> Vec<SmolStr> {
        options.all(names).filter_map(|(file, _)| shell.path(file)).map(SmolStr::from).collect()
    };
    let env_files = paths(shell, &["--env-file"]);
    let mounts: Vec<(SmolStr, SmolStr)> =
        options.all(&["-v", "--volume", "--mount"]).filter_map(|(spec, _)| mount(shell, spec)).collect();
    let Some(found) = shell.found.service(&name, call.at) else { return };
    found.image = Some(image.clone());
    found.env_files.extend(env_files);
    found.mounts.extend(mounts);
    for (alias, _) in options.all(&aliases) {
        let alias = alias.as_text().filter(|a| *a != found.name && !found.hostnames.contains(a));
        found.hostnames.extend(alias);
    }
    for (label, _) in options.all(&["-l", "--label", "--container-label"]) {
        if let Some((key, value)) = pair(label) {
            let label = (key, value.to_string().into());
            if !found.labels.contains(&label) {
                found.labels.push(label);
            }
        }
    }
    for (spec, _) in options.all(&["-p", "--publish"]) {
        let port = published_port(spec);
        if !found.ports.contains(&port) {
            found.ports.push(port);
        }
    }
    for (port, _) in options.all(&["--expose"]) {
        found.ports.push(super::commands::port(port));
    }
    found.command = words::join(options.operands.iter().skip(1).cloned()).map(secret::clean);
    let own = found.name.clone();
    let links: Vec<(SmolStr, SmolStr)> = options
        .all(&["--link"])
        .filter_map(|(link, _)| link.as_text())
        .map(|link| link.split_once(':').map_or((link.clone(), link.clone()), |(a, b)| (a.into(), b.into())))
        .filter(|(target, _)| *target != own)
        .collect();
    for (target, _) in &links {
        if !found.depends_on.contains(target) {
            found.depends_on.push(target.clone());
        }
    }
    for (target, alias) in links {
        shell.found.alias(&alias, target, call.at);
    }
    for (variable, at) in options.all(&["-e", "--env"]) {
        match pair(variable) {
            Some((key, value)) => shell.found.set(&name, &key, value, call.place(at)),
            None => {
                if let Some(key) = variable.as_text() {
                    let value = shell.known(&key).cloned().unwrap_or_else(|| Value::env(key.clone(), None));
                    shell.found.set(&name, &key, value, call.place(at));
                }
            }
        }
    }
}

/// `8080:80`, `127.0.0.1:8080:80/tcp`, `published=8080,target=80`.
fn published_port(spec: &Value) -> Port {
    if start(spec).contains('=') {
        let fields = super::options::pairs(spec, ',');
        let field = |name: &[&str]| fields.iter().find(|(k, _)| name.contains(&k.as_str())).map(|(_, v)| v.clone());
        return Port { name: None, published: field(&["published"]), target: field(&["target", "dst"]), line: 0 };
    }
    let mut sides = split(spec, ':');
    let target = sides.pop().map(|t| split(&t, '/').swap_remove(0));
    Port { name: None, published: sides.pop(), target, line: 0 }
}

/// A file or folder of the workspace that the container sees.
fn mount(shell: &Shell<'_>, spec: &Value) -> Option<(SmolStr, SmolStr)> {
    let sides = split(spec, ':');
    if sides.len() >= 2 {
        let written = start(&sides[0]);
        // Named volumes hold data.
        let path = written.starts_with('.') || written.contains('/') || written.is_empty();
        return path.then(|| Some((below(shell.path(&sides[0])?), sides[1].as_text()?)))?;
    }
    let fields = super::options::pairs(spec, ',');
    let field = |names: [&str; 3]| fields.iter().find(|(k, _)| names.contains(&k.as_str())).map(|(_, v)| v);
    let from = field(["source", "src", "source"])?;
    Some((below(shell.path(from)?), field(["target", "dst", "destination"])?.as_text()?))
}

fn below(path: String) -> SmolStr {
    if path.starts_with('.') { path.into() } else { format_smolstr!("./{path}") }
}

/// The last part of an image's name, without its tag.
fn image_name(image: &Value) -> Option<String> {
    let last = split(image, '/').pop()?;
    let name = split(&last, ':').swap_remove(0).as_text()?;
    let name = name.split('@').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

pub(super) fn build(shell: &mut Shell<'_>, call: &Call<'_>) {
    let options = Options::parse(call.words, &BUILD);
    let Some(context) = options.operands.last() else { return };
    if start(context) == "-" || start(context).contains("://") {
        return;
    }
    let context = shell.path(context);
    let dockerfile = options.get(&["-f", "--file"]).and_then(|f| shell.path(f));
    if context.is_none() && dockerfile.is_none() {
        return;
    }
    let images: Vec<Value> = options.all(&["-t", "--tag", "--image"]).map(|(image, _)| image.clone()).collect();
    for image in images {
        shell.found.build(&image, context.clone(), dockerfile.clone(), call.at);
    }
}

fn tag(shell: &mut Shell<'_>, call: &Call<'_>) {
    if let [from, to, ..] = call.words {
        shell.found.tag(from, to, call.at);
    }
}
