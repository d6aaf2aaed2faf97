//! Steps of other build services: Cloud Build, and those that hold lists of commands under `script`, `run`, `command`.

use super::eval::{Shell, is_name};
use super::workflow;
use crate::config::tree::{Data, Node};
use crate::config::yaml;
use seam_facts::Value;

pub(super) fn cloud_build(text: &str, shell: &mut Shell<'_>) {
    let Some(root) = yaml::document(text, shell.sink) else { return };
    shell.exports = false;
    shell.containers = false;
    for (key, node) in root.get("substitutions").into_iter().flat_map(Node::entries) {
        if let Some(text) = node.text().filter(|_| is_name(&key.text)) {
            let value = shell.text(text);
            shell.set(&key.text, value);
        }
    }
    for step in root.get("steps").into_iter().flat_map(Node::items) {
        shell.at = Some(shell.root.clone());
        if let Some(folder) = step.text_at(&["dir"]) {
            let folder = shell.text(folder);
            shell.at = shell.path(&folder);
        }
        let image = step.text_at(&["name"]).map(|n| n.rsplit('/').next().unwrap_or(n)).unwrap_or("");
        let image = image.split(':').next().unwrap_or(image);
        let program = step.text_at(&["entrypoint"]).map_or(image, |e| e.rsplit('/').next().unwrap_or(e));
        let Some((key, args)) = step.entry("args").or_else(|| step.entry("script")) else { continue };
        if args.text().is_some() {
            workflow::text(args, shell);
            continue;
        }
        let items: Vec<&Node> = args.items().collect();
        match program {
            "bash" | "sh" => {
                if let Some(script) = items.last() {
                    workflow::text(script, shell);
                }
            }
            "docker" | "gcloud" | "kubectl" | "pack" => {
                let mut words = vec![Value::text(program)];
                let mut places = vec![key.span];
                for item in &items {
                    words.push(item.text().map(|t| shell.text(t)).unwrap_or_default());
                    places.push(item.span);
                }
                shell.call(&words, key.span, &places);
            }
            "executor" | "kaniko" => {
                let of = |shell: &mut Shell<'_>, name: &str| {
                    let text = items.iter().filter_map(|i| i.text()).find_map(|t| t.strip_prefix(name))?.to_owned();
                    Some(shell.text(text.trim_start_matches("dir://")))
                };
                let context = of(shell, "--context=").unwrap_or_else(|| Value::text("."));
                let dockerfile = of(shell, "--dockerfile=").and_then(|f| shell.path(&f));
                if let (Some(image), context) = (of(shell, "--destination="), shell.path(&context)) {
                    shell.found.build(&image, context, dockerfile, key.span);
                }
            }
            _ => {}
        }
    }
}

/// Anything that holds commands.
pub(super) fn read(text: &str, shell: &mut Shell<'_>) {
    let Some(root) = yaml::document(text, shell.sink) else { return };
    shell.exports = false;
    shell.containers = false;
    for (key, node) in ["variables", "env", "vars"].iter().filter_map(|k| root.get(k)).flat_map(Node::entries) {
        if let Some(text) = node.text().filter(|_| is_name(&key.text)) {
            let value = shell.text(text);
            shell.set(&key.text, value);
        }
    }
    walk(&root, shell);
}

fn walk(node: &Node, shell: &mut Shell<'_>) {
    const COMMANDS: [&str; 17] = [
        "script",
        "before_script",
        "after_script",
        "before_install",
        "install",
        "after_success",
        "before_deploy",
        "after_deploy",
        "build_script",
        "after_build",
        "deploy_script",
        "run",
        "command",
        "commands",
        "cmds",
        "bash",
        "inlineScript",
    ];
    match &node.value {
        Data::Map(entries) => {
            for (key, value) in entries {
                if !COMMANDS.contains(&key.text.as_str()) {
                    walk(value, shell);
                    continue;
                }
                shell.at = Some(shell.root.clone());
                if value.text().is_some() {
                    workflow::text(value, shell);
                }
                // The lines of one list are one shell.
                for item in value.items() {
                    match item.text() {
                        Some(_) => workflow::text(item, shell),
                        None => walk(item, shell),
                    }
                }
                if value.is_map() {
                    walk(value, shell);
                }
            }
        }
        Data::List(items) => items.iter().for_each(|item| walk(item, shell)),
        Data::Scalar(..) => {}
    }
}
