//! Tests of Python: pytest, Django's and the library's own, with the interpreter that the folder has.

use super::{Tree, ancestors, folder_of, joined, quoted, relative};

/// What marks a folder from which tests are run.
pub(super) const HOMES: &[&str] = &[
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "setup.py",
    "manage.py",
    "requirements.txt",
    "requirements-dev.txt",
    "Pipfile",
    "environment.yml",
];

/// `all` tell how they are written, `files` which of them run; every one if empty.
pub(super) fn command(tree: &Tree<'_>, home: &str, all: &[String], files: &[String]) -> (String, String, bool) {
    let python = interpreter(tree, home);
    let of: Vec<String> = files.iter().map(|f| quoted(&relative(f, home))).collect();
    let of = of.join(" ");
    if pytest(tree, home, all) {
        // No cache of its own is left behind.
        let command = format!("{python} -m pytest -q -p no:cacheprovider {of}");
        return ("pytest".to_owned(), command.trim_end().to_owned(), !files.is_empty());
    }
    if tree.has(home, "manage.py") {
        let module = |f: &String| quoted(&relative(f, home).trim_end_matches(".py").replace('/', "."));
        let labels: Vec<String> = files.iter().map(module).collect();
        let command = format!("{python} manage.py test --noinput {}", labels.join(" "));
        return ("django".to_owned(), command.trim_end().to_owned(), !files.is_empty());
    }
    let command = if files.is_empty() { "discover".to_owned() } else { of };
    ("unittest".to_owned(), format!("{python} -m unittest {command}"), !files.is_empty())
}

/// The folder's own virtual environment, what its lock file is for, or the machine's.
fn interpreter(tree: &Tree<'_>, home: &str) -> String {
    for above in ancestors(home) {
        for name in [".venv", "venv", "env"] {
            if tree.has(&joined(above, name), "pyvenv.cfg") {
                return quoted(&relative(&joined(&joined(above, name), "bin/python"), home));
            }
        }
    }
    let by =
        [("uv.lock", "uv run python"), ("poetry.lock", "poetry run python"), ("Pipfile.lock", "pipenv run python")];
    let found = by.iter().find(|(file, _)| tree.up(home, &[file]).is_some());
    found.map_or("python3", |(_, python)| python).to_owned()
}

fn pytest(tree: &Tree<'_>, home: &str, files: &[String]) -> bool {
    let mentions = |text: String| text.contains("pytest");
    if tree.has(home, "pytest.ini") || tree.has(home, "conftest.py") {
        return true;
    }
    let says = ["pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile"];
    let wants = ["requirements.txt", "requirements-dev.txt", "requirements-test.txt", "dev-requirements.txt"];
    if says.iter().chain(&wants).any(|name| tree.text(home, name).is_some_and(mentions)) {
        return true;
    }
    files.iter().any(|file| {
        let Some(text) = (tree.read)(file) else { return false };
        let bare = text.lines().any(|l| l.starts_with("def test_") || l.starts_with("async def test_"));
        text.contains("import pytest") || bare || tree.has(folder_of(file), "conftest.py")
    })
}
