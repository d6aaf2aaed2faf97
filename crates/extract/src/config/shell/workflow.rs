//! GitHub Actions: environment of workflows, jobs and steps, commands of steps, and actions that build or deploy.

use super::eval::{Shell, is_name};
use super::found::source;
use super::options::pair;
use crate::config::secret;
use crate::config::tree::{Data, Node, entry_span};
use crate::config::yaml;
use seam_facts::{Setting, SettingScope, SmolStr, Span, Value};

/// Combinations of a matrix that are walked.
const MAX_MATRIX: usize = 40;

pub(super) fn read(text: &str, shell: &mut Shell<'_>) {
    let Some(root) = yaml::document(text, shell.sink) else { return };
    // Commands run at the top of the repository.
    shell.root = "../..".to_owned();
    shell.exports = false;
    let folder = root.text_at(&["defaults", "run", "working-directory"]);
    let tags = named_tags(&root);
    for (name, job) in root.get("jobs").into_iter().flat_map(Node::entries) {
        for values in matrix(job) {
            for environment in [root.get("env"), job.get("env")].into_iter().flatten() {
                environment_of(&name.text, environment, shell);
            }
            for (key, value) in values {
                shell.set(&format!("MATRIX__{key}"), Value::text(value));
            }
            let folder = job.text_at(&["defaults", "run", "working-directory"]).or(folder);
            for step in job.get("steps").into_iter().flat_map(Node::items) {
                self::step(&name.text, step, folder, &tags, shell);
            }
        }
    }
}

/// The values of each run of a job.
fn matrix(job: &Node) -> Vec<Vec<(SmolStr, SmolStr)>> {
    let Some(matrix) = job.path(&["strategy", "matrix"]) else { return vec![Vec::new()] };
    let scalars = |node: &Node| -> Vec<(SmolStr, SmolStr)> {
        node.entries().filter_map(|(k, v)| Some((k.text.clone(), v.text()?.clone()))).collect()
    };
    let mut out: Vec<Vec<(SmolStr, SmolStr)>> = vec![Vec::new()];
    for (key, list) in matrix.entries().filter(|(k, v)| v.is_list() && k.text != "include" && k.text != "exclude") {
        let items: Vec<Vec<(SmolStr, SmolStr)>> = list
            .items()
            .map(|item| match item.text() {
                Some(text) => vec![(key.text.clone(), text.clone())],
                None => scalars(item).into_iter().map(|(k, v)| (format!("{}__{k}", key.text).into(), v)).collect(),
            })
            .collect();
        out = out
            .iter()
            .flat_map(|before| items.iter().map(move |item| [before.clone(), item.clone()].concat()))
            .collect();
        out.truncate(MAX_MATRIX);
    }
    let included: Vec<_> = matrix.get("include").into_iter().flat_map(Node::items).map(scalars).collect();
    if !included.is_empty() && out.iter().all(Vec::is_empty) {
        out = included;
    }
    out.truncate(MAX_MATRIX);
    out
}

fn environment_of(job: &SmolStr, environment: &Node, shell: &mut Shell<'_>) {
    for (key, node) in environment.entries().filter(|(k, _)| is_name(&k.text)) {
        let Some(text) = node.text() else { continue };
        let value = shell.text(&plain(text));
        shell.set(&key.text, value.clone());
        let value = secret::setting(&key.text, value);
        let scope = SettingScope::Service(job.clone());
        shell.found.own(Setting { scope, key: key.text.clone(), value, profile: None }, entry_span(key, node));
    }
}

fn step(job: &SmolStr, step: &Node, folder: Option<&SmolStr>, tags: &Tags, shell: &mut Shell<'_>) {
    if let Some(environment) = step.get("env") {
        environment_of(job, environment, shell);
    }
    let folder = step.text_at(&["working-directory"]).or(folder);
    shell.at = Some(shell.root.clone());
    if let Some(folder) = folder {
        let folder = shell.text(&plain(folder));
        shell.at = shell.path(&folder);
    }
    if let Some(run) = step.get("run") {
        // Containers that a check starts are its own.
        shell.containers = false;
        text(run, shell);
    } else if let Some((key, uses)) = step.entry("uses")
        && let (Some(uses), Some(with)) = (uses.text(), step.get("with"))
    {
        action(uses.split('@').next().unwrap_or(uses), with, key.span, tags, shell);
    }
}

/// The commands in a scalar.
pub(super) fn text(node: &Node, shell: &mut Shell<'_>) {
    if let Data::Scalar(text, _) = &node.value {
        // A block is marked at its first line that says something.
        let blank = text.len() - text.trim_start_matches('\n').len();
        shell.read(&plain(text), node.span.line.saturating_sub(1 + blank as u32));
    }
}

/// Images that a step puts together for those after it, by the step's identifier.
type Tags = Vec<(SmolStr, Vec<String>)>;

/// `docker/metadata-action` makes tags of images for the step that builds them: `${{ steps.ID.outputs.tags }}`.
fn named_tags(root: &Node) -> Tags {
    let jobs = root.get("jobs").into_iter().flat_map(Node::entries);
    let steps = jobs.flat_map(|(_, job)| job.get("steps").into_iter().flat_map(Node::items));
    let metadata = |step: &&Node| step.text_at(&["uses"]).is_some_and(|u| u.starts_with("docker/metadata-action"));
    let named = steps.filter(metadata).filter_map(|step| {
        let images = step.text_at(&["with", "images"])?;
        let images = images.split(['\n', ',']).map(str::trim).filter(|l| !l.is_empty());
        // `name=ghcr.io/shop/cart,enable=…` says the same.
        let images = images.filter(|l| !l.starts_with("enable=")).map(|l| plain(l.strip_prefix("name=").unwrap_or(l)));
        Some((step.text_at(&["id"])?.clone(), images.collect()))
    });
    named.collect()
}

/// An action, with its inputs for the image's name, its recipe and its folder.
type Builder = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Actions that build an image.
const BUILDERS: &[Builder] = &[
    ("elgohr/Publish-Docker-Github-Action", &["name"], &["dockerfile"], &["workdir", "context"]),
    ("mr-smithers-excellent/docker-build-push", &["image"], &["dockerfile"], &["directory"]),
    ("redhat-actions/buildah-build", &["image"], &["containerfiles", "dockerfiles"], &["context"]),
    ("whoan/docker-build-with-cache-action", &["image_name"], &["dockerfile"], &["context"]),
    ("aevea/action-kaniko", &["image"], &["build_file"], &["path"]),
];

fn action(name: &str, with: &Node, at: Span, tags: &Tags, shell: &mut Shell<'_>) {
    let given = |shell: &mut Shell<'_>, keys: &[&str]| {
        let text = keys.iter().find_map(|key| with.text_at(&[key]))?.clone();
        Some(shell.text(&plain(&text)))
    };
    let lines = |key: &str| -> Vec<String> {
        let text = with.text_at(&[key]).cloned().unwrap_or_default();
        text.split(['\n', ',']).map(|l| plain(l.trim())).filter(|l| !l.is_empty()).collect()
    };
    let (names, images, sources, variables): (&[&str], &[&str], &[&str], &str) = match name {
        "docker/build-push-action" => {
            let context = given(shell, &["context"]).unwrap_or_else(|| Value::text("."));
            let Some(context) = shell.path(&context) else { return };
            let file = given(shell, &["file"]).and_then(|f| shell.path(&f));
            let stated = with.text_at(&["tags"]).map_or("", SmolStr::as_str);
            let images = tags.iter().filter(|(id, _)| stated.contains(&format!("steps.{id}.outputs.tags")));
            let images: Vec<String> = images.flat_map(|(_, images)| images.iter().cloned()).collect();
            for tag in if images.is_empty() { lines("tags") } else { images } {
                let tag = shell.text(&tag);
                shell.found.build(&tag, Some(context.clone()), file.clone(), at);
            }
            return;
        }
        _ if let Some((_, images, recipes, contexts)) = BUILDERS.iter().find(|(action, ..)| *action == name) => {
            let Some(image) = given(shell, images) else { return };
            let context = given(shell, contexts).unwrap_or_else(|| Value::text("."));
            let context = shell.path(&context);
            let file = given(shell, recipes).and_then(|f| shell.path(&f));
            shell.found.build(&image, context, file, at);
            return;
        }
        "appleboy/ssh-action" => {
            shell.containers = true;
            if let Some(script) = with.get("script") {
                shell.at = None;
                text(script, shell);
            }
            return;
        }
        "google-github-actions/deploy-cloudrun" => (&["service", "job"], &["image"], &["source"], "env_vars"),
        "google-github-actions/deploy-cloud-functions" => (&["name"], &[], &["source_dir"], "environment_variables"),
        "azure/webapps-deploy" | "Azure/webapps-deploy" => (&["app-name"], &["images"], &["package"], ""),
        "azure/functions-action" | "Azure/functions-action" => (&["app-name"], &["image"], &["package"], ""),
        "azure/container-apps-deploy-action" | "Azure/container-apps-deploy-action" => {
            (&["containerAppName"], &["imageToDeploy"], &["appSourcePath"], "environmentVariables")
        }
        "akhileshns/heroku-deploy" => (&["heroku_app_name"], &[], &["appdir"], ""),
        _ => return,
    };
    let Some(service) = given(shell, names) else { return };
    let image = given(shell, images);
    let context = given(shell, sources).and_then(|s| shell.path(&s));
    let Some(found) = shell.found.service(&service, at) else { return };
    found.image = image.or(found.image.take());
    found.source = context.map(source).or(found.source.take());
    for line in lines(variables) {
        let words: Vec<&str> =
            if variables == "environmentVariables" { line.split(' ').collect() } else { vec![&line] };
        for word in words {
            let value = shell.text(word);
            if let Some((key, value)) = pair(&value) {
                shell.found.set(&service, &key, value, at);
            }
        }
    }
}

/// `${{ … }}` as the shell's variables.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${{") {
        out.push_str(before);
        let Some((inner, after)) = from.split_once("}}") else { break };
        let inner = inner.trim();
        let kinds = ["env.", "vars.", "inputs.", "secrets."];
        let name = kinds.iter().find_map(|kind| inner.strip_prefix(*kind)).map(ToOwned::to_owned);
        let name = name.or_else(|| Some(format!("MATRIX__{}", inner.strip_prefix("matrix.")?.replace('.', "__"))));
        let name = name.map(|n| n.replace('-', "_")).filter(|n| is_name(n));
        out.push_str(&format!("${{{}}}", name.unwrap_or_else(|| "EXPRESSION".to_owned())));
        rest = after;
    }
    out.push_str(rest);
    out
}
