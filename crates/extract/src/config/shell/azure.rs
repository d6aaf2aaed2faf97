//! `az`: what it deploys, and the stores that it makes.

use super::commands::{Call, port};
use super::containers;
use super::eval::Shell;
use super::found::source;
use super::options::{Options, Rules, pair, start};
use crate::config::interpolate::split;
use seam_facts::Value;

const RULES: Rules = Rules {
    alone: &["--no-wait", "--yes", "-y", "--verbose", "--debug", "--is-linux", "--assign-identity"],
    letters: "",
    many: true,
    first: false,
};

pub(super) fn call(shell: &mut Shell<'_>, call: &Call<'_>) {
    let said = call.texts();
    match said.as_slice() {
        ["acr", "build", ..] => containers::build(shell, &call.after(2)),
        ["containerapp", "create" | "update" | "up", ..] => app(shell, &call.after(2), true),
        ["containerapp", "job", "create", ..] => app(shell, &call.after(3), true),
        ["spring" | "spring-cloud", "app", "create" | "deploy" | "update", ..] => app(shell, &call.after(3), true),
        ["spring" | "spring-cloud", "app", "deployment", "create", ..] => app(shell, &call.after(4), true),
        ["webapp" | "functionapp", "create" | "up", ..] => app(shell, &call.after(2), true),
        ["webapp" | "functionapp", "config", "appsettings", "set", ..] => app(shell, &call.after(4), false),
        ["container", "create", ..] => app(shell, &call.after(2), true),
        ["postgres", .., "create"] => store(shell, call, "postgres"),
        ["postgres", "flexible-server" | "server", "create", ..] => store(shell, call, "postgres"),
        ["mysql", "flexible-server" | "server", "create", ..] => store(shell, call, "mysql"),
        ["sql", "server", "create", ..] => store(shell, call, "mssql"),
        ["redis", "create", ..] => store(shell, call, "redis"),
        ["cosmosdb", "create", ..] => {
            let mongo = said.iter().any(|w| w.eq_ignore_ascii_case("mongodb"));
            store(shell, call, if mongo { "mongo" } else { "cosmosdb" });
        }
        _ => {}
    }
}

fn app(shell: &mut Shell<'_>, call: &Call<'_>, made: bool) {
    let options = Options::parse(call.words, &RULES);
    let Some(name) = options.get(&["--app", "--name", "-n"]).cloned() else { return };
    // A built archive lies in the folder that it is built from.
    let archive = options.get(&["--artifact-path", "--jar-path"]).and_then(|p| shell.path(p));
    let folder = archive.and_then(|p| p.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
    let context = options.get(&["--source-path", "--source"]).and_then(|s| shell.path(s)).or(folder);
    if made {
        let Some(service) = shell.found.service(&name, call.at) else { return };
        let image = options.get(&["--image", "-i", "--container-image", "--deployment-container-image-name"]);
        service.image = image.cloned().or(service.image.take());
        service.source = context.map(source).or(service.source.take());
        if let Some(target) = options.get(&["--target-port", "--ports"]).map(port)
            && !service.ports.contains(&target)
        {
            service.ports.push(target);
        }
    }
    let variables = ["--env-vars", "--set-env-vars", "--settings", "--environment-variables"];
    let mut set = |value: &Value, at: usize| {
        let Some((key, value)) = pair(value) else { return };
        // A secret that is kept beside the application.
        let value = if start(&value).starts_with("secretref:") { Value::opaque("secret") } else { value };
        shell.found.set(&name, &key, value, call.place(at));
    };
    options.all(&variables).for_each(|(value, at)| set(value, at));
    // Spring apps take one text of many.
    for (value, at) in options.all(&["--env"]) {
        split(value, ' ').iter().for_each(|value| set(value, at));
    }
}

fn store(shell: &mut Shell<'_>, call: &Call<'_>, product: &str) {
    let options = Options::parse(call.words, &RULES);
    let name = options.get(&["--name", "-n"]).cloned();
    if let Some(service) = name.and_then(|n| shell.found.service(&n, call.at)) {
        service.image = Some(Value::text(product));
    }
}
