//! Folders that hold what tools made or fetched, not what people wrote.
//!
//! A name alone is not enough for `target`, `build` or `vendor`: a service may be called so. Those are left out only where
//! the tool that makes them stands beside them.

use std::collections::BTreeSet;

/// Always made or fetched by tools.
const ALWAYS: &[&str] = &[
    ".git",
    ".svn",
    ".hg",
    ".gradle",
    ".idea",
    ".vs",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".angular",
    ".yarn",
    ".pnpm-store",
    ".parcel-cache",
    ".turbo",
    ".terraform",
    ".venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".dart_tool",
    ".bundle",
    ".mvn",
    ".seam",
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "__pycache__",
    "Pods",
    "third_party",
    "third-party",
    "thirdparty",
];

/// Made by a tool whose manifest stands in the same folder: (name, names or endings of manifests).
const BESIDE: &[(&str, &[&str])] = &[
    ("target", &["pom.xml", "Cargo.toml", "build.sbt"]),
    ("build", &["build.gradle", "build.gradle.kts", "package.json", "setup.py", "pyproject.toml", "CMakeLists.txt"]),
    ("out", &["build.gradle", "build.gradle.kts", "package.json"]),
    ("dist", &["package.json", "setup.py", "pyproject.toml"]),
    ("vendor", &["go.mod", "composer.json", "Gemfile", "Gopkg.toml"]),
    ("venv", &["requirements.txt", "setup.py", "pyproject.toml", "Pipfile"]),
    ("env", &["pyvenv.cfg"]),
    ("coverage", &["package.json", "Gemfile"]),
    ("obj", &[".csproj", ".fsproj", ".vbproj"]),
    ("bin", &[".csproj", ".fsproj", ".vbproj"]),
    ("deps", &["mix.exs"]),
    ("_build", &["mix.exs"]),
];

/// Whole folders of fetched scripts, by their last two parts.
const PAIRS: &[(&str, &str)] = &[("wwwroot", "lib"), ("static", "vendor"), ("public", "vendor"), ("assets", "vendor")];

/// Whether a folder called `name`, in `parent` among `siblings`, is left out.
pub(crate) fn folder(parent: &str, name: &str, siblings: &BTreeSet<String>) -> bool {
    if ALWAYS.contains(&name) {
        return true;
    }
    let parent = parent.rsplit('/').next().unwrap_or(parent);
    if PAIRS.contains(&(parent, name)) {
        return true;
    }
    BESIDE.iter().filter(|(n, _)| *n == name).any(|(_, manifests)| {
        manifests
            .iter()
            .any(|m| if m.starts_with('.') { siblings.iter().any(|s| s.ends_with(m)) } else { siblings.contains(*m) })
    })
}

/// Whether a file of this path below a root would be read, as far as its folders' names tell.
pub(crate) fn may_hold(path: &str) -> bool {
    let folders: Vec<&str> = path.split('/').rev().skip(1).collect();
    let none = BTreeSet::new();
    let parents = folders.iter().skip(1).copied().chain([""]);
    seam_engine::interesting(path) && !folders.iter().zip(parents).any(|(name, parent)| folder(parent, name, &none))
}

/// Whether a file of this name decides, by being there, what else is read.
pub(crate) fn decides(name: &str) -> bool {
    let matches = |m: &str| if m.starts_with('.') { name.ends_with(m) } else { name == m };
    BESIDE.iter().flat_map(|(_, manifests)| *manifests).any(|m| matches(m))
}

/// Written even by those who ignore it in git: settings that deployments are started with.
pub(crate) fn kept_though_ignored(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.") || name.ends_with(".env")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_may_be_called_vendor() {
        let none = BTreeSet::new();
        assert!(!folder("services", "vendor", &none));
        assert!(folder("services", "vendor", &BTreeSet::from(["go.mod".to_owned()])));
        assert!(folder("a", "node_modules", &none));
        assert!(may_hold("orders/main.py") && !may_hold("web/node_modules/x/index.js"));
        assert!(folder("a", "obj", &BTreeSet::from(["Orders.csproj".to_owned()])));
    }
}
