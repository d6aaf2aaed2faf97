//! Whose configuration a file is, by where it lies: the code around it, or an application that a config server serves.

use crate::config::entries::{Document, canonical};
use seam_facts::{SettingScope, SmolStr};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub scope: SettingScope,
    pub profile: Option<SmolStr>,
    /// The name alone does not say that this is application configuration; its keys must.
    pub needs_proof: bool,
}

/// Names of folders that config servers are pointed at.
const SHARED: &[&str] = &[
    "shared",
    "config-repo",
    "config-repository",
    "configs",
    "configurations",
    "config-files",
    "cloud-config",
    "central-config",
    "config-data",
    "offline-repository",
    "properties",
    "repo",
];

/// Profiles as people name them: `orders-prod.yml` is `orders` in `prod`, `orders-service.yml` is no profile.
const PROFILES: &[&str] = &[
    "dev",
    "develop",
    "development",
    "prod",
    "production",
    "test",
    "testing",
    "docker",
    "compose",
    "local",
    "localhost",
    "k8s",
    "kubernetes",
    "kube",
    "cloud",
    "staging",
    "stage",
    "qa",
    "uat",
    "int",
    "integration",
    "native",
    "default",
    "aws",
    "gcp",
    "azure",
    "heroku",
    "ci",
    "h2",
    "mysql",
    "postgres",
    "postgresql",
    "mongo",
    "mongodb",
    "peer1",
    "peer2",
    "container",
    "swarm",
    "openshift",
    "consul",
    "eureka",
    "secure",
    "ssl",
    "demo",
    "prd",
    "stg",
    "sit",
    "pre",
];

/// Where the file belongs; `None` when it is nothing of ours.
pub(super) fn of(path: &str) -> Option<Place> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.')?;
    if !matches!(extension, "yml" | "yaml" | "properties") || stem.starts_with('.') {
        return None;
    }
    let parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    // What tests set does not hold for the system; build output repeats what the sources say.
    if parts.windows(2).any(|w| matches!(w, ["src", "test" | "integrationTest" | "it" | "testFixtures"]))
        || parts.iter().any(|p| matches!(*p, "target" | "node_modules" | "docs"))
    {
        return None;
    }
    let shared = shared(&parts);
    for base in ["application", "bootstrap", "microprofile-config"] {
        let Some(rest) = stem.strip_prefix(base) else { continue };
        let profile = match rest.strip_prefix('-') {
            Some(profile) if !profile.is_empty() => Some(SmolStr::from(profile)),
            None if rest.is_empty() => None,
            _ => break,
        };
        // A config server hands `application.yml` to every application.
        let scope = match shared && base == "application" {
            true => SettingScope::Named("application".into()),
            false => SettingScope::App,
        };
        return Some(Place { scope, profile, needs_proof: false });
    }
    if stem.contains("compose") || stem.starts_with("values") || stem == "Chart" {
        return None;
    }
    if extension == "properties" && !shared && !resources_config(&parts) || hidden(&parts) {
        return None;
    }
    let (app, profile) = match stem.rsplit_once('-') {
        Some((app, profile)) if !app.is_empty() && PROFILES.contains(&profile.to_ascii_lowercase().as_str()) => {
            (app, Some(profile.into()))
        }
        _ => (stem, None),
    };
    // Spring's configuration server looks here unless it is told otherwise, and hands out whatever keys there are.
    let served = profile.is_some() && parts.ends_with(&["src", "main", "resources", "config"]);
    Some(Place { scope: SettingScope::Named(app.into()), profile, needs_proof: !served })
}

/// Whether the folder is one that a config server reads: by its name, or as a repository of nothing but configuration.
fn shared(parts: &[&str]) -> bool {
    let Some(last) = parts.last() else { return false };
    let last = last.to_ascii_lowercase();
    SHARED.contains(&last.as_str())
        || last.ends_with("-config")
        || last.ends_with("-config-repo")
        || last.ends_with("configrepo")
        || last.starts_with("config-") && last != "config-server" && last != "config-service"
}

/// `config/NAME.properties` beside or within resources.
fn resources_config(parts: &[&str]) -> bool {
    matches!(parts.last(), Some(&("config" | "conf")))
}

/// Pipelines and editors keep their files in hidden folders.
fn hidden(parts: &[&str]) -> bool {
    parts.iter().any(|p| p.starts_with('.') && p.len() > 2)
}

/// Whether the text may hold such keys at all; most YAML files are something else and need not be parsed for this.
pub(super) fn likely(text: &str) -> bool {
    let roots = ["spring", "eureka", "zuul", "hystrix", "ribbon", "feign", "resilience4j", "micronaut", "quarkus"]
        .into_iter()
        .chain(["turbine", "management", "server", "security"]);
    let mut lines = text.lines();
    let roots: Vec<&str> = roots.collect();
    !text.contains("\napiVersion:")
        && !text.starts_with("apiVersion:")
        && lines.any(|line| {
            let rest = roots.iter().find_map(|root| line.strip_prefix(root));
            rest.is_some_and(|rest| rest.trim_start().starts_with([':', '.', '[']))
        })
}

/// Whether the keys are those of an application of these frameworks.
pub(super) fn proven(documents: &[Document]) -> bool {
    let mut keys = documents.iter().flat_map(|d| &d.entries).map(|e| canonical(&e.key));
    keys.any(|key| {
        let (root, rest) = key.split_once('.').unwrap_or((&key, ""));
        let root = root.split('[').next().unwrap_or(root);
        match root {
            "spring" | "eureka" | "zuul" | "hystrix" | "ribbon" | "feign" | "resilience4j" | "micronaut"
            | "quarkus" | "turbine" | "management" => !rest.is_empty(),
            "server" => {
                rest == "port" || rest == "contextpath" || rest.starts_with("servlet.") || rest.starts_with("ssl.")
            }
            "security" => rest.starts_with("oauth2.") || rest.starts_with("basic."),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(path: &str) -> String {
        match of(path) {
            None => "none".into(),
            Some(p) => format!("{:?} {:?}", p.scope, p.profile.as_deref()),
        }
    }

    #[test]
    fn knows_whose_configuration_a_file_is() {
        assert_eq!(scope("a/src/main/resources/application-prod.yml"), "App Some(\"prod\")");
        assert_eq!(scope("a/src/main/resources/config/application.yml"), "App None");
        assert_eq!(scope("c/src/main/resources/shared/application.yml"), "Named(\"application\") None");
        assert_eq!(scope("c/src/main/resources/shared/order-service.yml"), "Named(\"order-service\") None");
        assert_eq!(scope("shop-config/order-service-docker.yml"), "Named(\"order-service\") Some(\"docker\")");
        assert_eq!(scope("a/src/test/resources/application.yml"), "none");
        assert_eq!(scope("c/src/main/resources/config/orders-dev.yml"), "Named(\"orders\") Some(\"dev\")");
        assert_eq!(scope("a/gradle.properties"), "none");
        assert_eq!(scope("a/.github/workflows/ci.yml"), "none");
    }
}
