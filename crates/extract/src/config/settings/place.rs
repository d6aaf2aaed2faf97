//! Which files are an application's own configuration, by their names, and for which profile.

use crate::config::tree::Node;
use seam_facts::SmolStr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub profile: Option<SmolStr>,
    /// The lower-case extension, template endings taken off.
    pub format: String,
    /// The values are names of environment variables (node-config's `custom-environment-variables`).
    pub names_variables: bool,
    /// Only the document tells whether it is configuration.
    pub doubtful: bool,
}

/// Names that configuration files have anywhere.
const NAMES: &[&str] = &[
    "config",
    "conf",
    "configuration",
    "settings",
    "appconfig",
    "app-config",
    "service-config",
    "serviceconfig",
    "app.config",
];
/// Names that they have within a folder for configuration.
const IN_FOLDER: &[&str] = &[
    "default",
    "base",
    "common",
    "app",
    "application",
    "server",
    "service",
    "main",
    "database",
    "db",
    "redis",
    "kafka",
    "rabbitmq",
    "services",
    "endpoints",
    "env",
    "global",
    "custom-environment-variables",
];
const FOLDERS: &[&str] = &["config", "configs", "conf", "configuration", "settings", "cfg", "etc"];
const PROFILES: &[&str] = &[
    "dev",
    "develop",
    "development",
    "prod",
    "production",
    "test",
    "testing",
    "staging",
    "stage",
    "local",
    "docker",
    "qa",
    "uat",
    "ci",
    "k8s",
    "kubernetes",
    "compose",
    "sandbox",
    "preprod",
    "live",
];
/// Folders of other people's files, of tests, and of deployments.
const NOT_OURS: &[&str] = &[
    "node_modules",
    "vendor",
    "testdata",
    "test",
    "tests",
    "__tests__",
    "fixtures",
    "target",
    "dist",
    "build",
    "charts",
    "openshift",
    "configmaps",
    "deploy",
    "deployment",
    "deployments",
    "templates",
    "helm",
    "k8s",
    "kubernetes",
    "manifests",
    "terraform",
    "grafana",
    "prometheus",
    "site-packages",
    "docs",
    "i18n",
    "locales",
    "wwwroot",
    "public",
    "static",
    "assets",
];

pub(super) fn of(path: &str) -> Option<Place> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let name = [".example", ".sample", ".dist", ".template", ".tmpl"]
        .iter()
        .find_map(|t| name.strip_suffix(t))
        .unwrap_or(name);
    let (stem, format) = name.rsplit_once('.')?;
    if !matches!(format, "json" | "json5" | "jsonc" | "yaml" | "yml" | "toml" | "ini" | "cfg" | "properties" | "conf") {
        return None;
    }
    let parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    if parts.iter().any(|p| NOT_OURS.contains(p) || p.starts_with('.') && p.len() > 2) {
        return None;
    }
    let within = parts.last().is_some_and(|p| FOLDERS.contains(p));
    let place = |profile: Option<&str>| {
        Some(Place {
            profile: profile.map(SmolStr::from),
            format: format.to_owned(),
            names_variables: stem == "custom-environment-variables",
            doubtful: false,
        })
    };
    // HOCON; everybody else's `.conf` is something else.
    if format == "conf" {
        let (first, profile) = stem.split_once(['.', '-', '_']).unwrap_or((stem, ""));
        let profile = Some(profile).filter(|p| !p.is_empty());
        let known = first == "application" && profile.is_none_or(|p| PROFILES.contains(&p));
        // Beside it stand files that it includes, and whole configurations of one deployment that include it.
        let beside = within && parts.last().is_some_and(|p| *p == "conf") || folder.ends_with("src/main/resources");
        return match (known, beside) {
            (true, _) => place(profile),
            (false, true) if PROFILES.contains(&stem) => place(Some(stem)),
            (false, true) if !matches!(first, "nginx" | "redis" | "httpd" | "logging" | "supervisord") => place(None),
            (false, _) => None,
        };
    }
    if format == "properties" {
        return properties(&parts, stem).then(|| place(None)).flatten();
    }
    // Spring's and its relatives' files have an extractor of their own.
    if name == "database.yml" && within {
        return None;
    }
    if matches!(format, "yaml" | "yml") && (stem.starts_with("application") || stem.starts_with("bootstrap")) {
        return None;
    }
    // Rust's programs read `App.toml` and `Rocket.toml` beside their manifest.
    let beside = |stem: &str| format == "toml" && matches!(stem, "app" | "rocket");
    let known = |stem: &str| NAMES.contains(&stem) || within && IN_FOLDER.contains(&stem) || beside(stem);
    if known(stem) {
        return place(None);
    }
    if PROFILES.contains(&stem) {
        return if within { place(Some(stem)) } else { None };
    }
    // go-zero's files are called like the service: `etc/order.yaml`.
    let doubtful = parts.last() == Some(&"etc") && matches!(format, "yaml" | "yml" | "json");
    let called = || place(None).map(|place| Place { doubtful, ..place }).filter(|_| doubtful);
    // `config.production`, `config-prod`, `config_dev`, `dev.config`, `dev_config`.
    let Some((first, last)) = stem.rsplit_once(['.', '-', '_']) else { return called() };
    if known(first) && PROFILES.contains(&last) {
        return place(Some(last));
    }
    if doubtful {
        return called();
    }
    (PROFILES.contains(&first) && matches!(last, "config" | "settings")).then(|| place(Some(first))).flatten()
}

/// Properties that Java code loads by itself: in resources or beside a configuration folder, and no messages, logging or build.
fn properties(parts: &[&str], stem: &str) -> bool {
    let folder = parts.last().is_some_and(|p| *p == "resources" || FOLDERS.contains(p));
    let other = [
        "message",
        "log4j",
        "log",
        "gradle",
        "maven",
        "i18n",
        "label",
        "validation",
        "banner",
        "git",
        "build",
        "error",
    ];
    let spring = ["application", "bootstrap", "microprofile-config"];
    folder && !other.iter().chain(&spring).any(|o| stem.starts_with(o)) && !stem.contains("messages")
}

/// Whether a document is what go-zero's servers are started with: a name, and where to listen.
pub(super) fn starts_a_server(root: &Node) -> bool {
    let has = |key: &str| root.get(key).is_some();
    has("Name") && (has("ListenOn") || has("Port") || has("Mode"))
}

/// Whether the document is of a kind that others read, or that configures a tool rather than an application.
pub(super) fn known_elsewhere(root: &Node) -> bool {
    const ROOTS: &[&str] = &[
        "apiVersion",
        "openapi",
        "swagger",
        "asyncapi",
        "receivers",
        "exporters",
        "scrape_configs",
        "static_resources",
        "$schema",
        "compilerOptions",
        "extends",
        "eslintConfig",
        "version_settings",
        "jobs",
        "stages",
        "pipelines",
        "repos",
        "linters",
        "plugins",
        "rules",
        "presets",
        "datasources",
        "dashboard",
        "realm",
        "_format_version",
        "http_routers",
        "AWSTemplateFormatVersion",
        "Resources",
        "resources",
        "swagger_definition",
        "subgraphs",
    ];
    let compose =
        root.get("services").is_some_and(|s| s.entries().any(|(_, n)| n.get("image").or(n.get("build")).is_some()));
    // A client of an identity provider is told the realm; the realm's own export has no address.
    let client = root.get("auth-server-url").is_some();
    compose || root.entries().any(|(key, _)| ROOTS.contains(&key.text.as_str()) && !(client && key.text == "realm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(path: &str) -> String {
        of(path).map_or("none".into(), |p| format!("{:?}", p.profile.as_deref()))
    }

    #[test]
    fn knows_configuration_by_name() {
        assert_eq!(profile("orders/config/default.json"), "None");
        assert_eq!(profile("orders/config/production.yaml"), "Some(\"production\")");
        assert_eq!(profile("orders/config.development.json"), "Some(\"development\")");
        assert_eq!(profile("orders/config.toml"), "None");
        assert_eq!(profile("orders/conf.json"), "None");
        assert_eq!(profile("orders/etc/order-rpc.yaml"), "None");
        assert_eq!(profile("orders/dev_config.yaml"), "Some(\"dev\")");
        assert_eq!(profile("orders/package.json"), "none");
        assert_eq!(profile("orders/production.json"), "none");
        assert_eq!(profile("vendor/x/config.json"), "none");
        assert_eq!(profile("a/src/main/resources/db.properties"), "None");
        assert_eq!(profile("a/src/main/resources/messages_en.properties"), "none");
    }
}
