//! Tests of JavaScript and TypeScript: the `test` script of `package.json`, by the package manager whose lock file is there.

use super::{Tree, quoted, relative};
use serde_json::Value;

/// Runners to which file names may be added.
const TAKES_FILES: &[&str] = &["jest", "vitest", "ava", "mocha", "react-scripts", "tap", "jasmine"];
/// Words before a runner that only set the stage for it.
const BEFORE: &[&str] =
    &["cross-env", "npx", "c8", "nyc", "env", "dotenv", "--", "yarn", "pnpm", "exec", "--no-install"];

/// How the folder's tests run; why not, where it does not say.
pub(super) fn command(tree: &Tree<'_>, home: &str, files: &[String]) -> Result<(String, String, bool), String> {
    let text = tree.text(home, "package.json").unwrap_or_default();
    let package: Value = serde_json::from_str(&text).map_err(|e| format!("`package.json` cannot be read: {e}"))?;
    let of: Vec<String> = files.iter().map(|f| quoted(&relative(f, home))).collect();
    let of = of.join(" ");
    let script = package["scripts"]["test"].as_str().filter(|s| !s.contains("no test specified")).unwrap_or_default();
    let by = manager(tree, home);
    if script.trim().is_empty() {
        let own = |f: &String| (tree.read)(f).is_some_and(|t| t.contains("node:test"));
        if !files.is_empty() && files.iter().all(own) {
            return Ok(("node".to_owned(), format!("node --test {of}"), true));
        }
        return Err("its `package.json` has no script `test`".to_owned());
    }
    let (runner, rest) = runner(script);
    let whole = |name: &str| (name.to_owned(), format!("{by} run test"), false);
    if files.is_empty() {
        return Ok(whole(&format!("{runner} by {by}")));
    }
    let names_files =
        rest.iter().any(|w| !w.starts_with('-') && (w.contains('/') || w.contains('*') || w.contains(".js")));
    Ok(match runner.as_str() {
        "node" if rest.contains(&"--test") => {
            let flags: Vec<&str> = rest.iter().filter(|w| w.starts_with('-')).copied().collect();
            ("node".to_owned(), format!("node {} {of}", flags.join(" ")), true)
        }
        // Files that the script names itself would run beside those that are added.
        "mocha" | "ava" | "tap" | "jasmine" if names_files => {
            let flags: Vec<&str> = rest.iter().filter(|w| w.starts_with('-')).copied().collect();
            let command = format!("node_modules/.bin/{runner} {} {of}", flags.join(" "));
            (format!("{runner} by {by}"), command.replace("  ", " "), true)
        }
        known if TAKES_FILES.contains(&known) && !script.contains(['&', ';', '|']) => {
            let sep = if by == "npm" || by == "bun" { "-- " } else { "" };
            (format!("{runner} by {by}"), format!("{by} run test {sep}{of}"), true)
        }
        _ => whole(&format!("script `test` by {by}")),
    })
}

/// The program that a script starts, and the words behind it.
fn runner(script: &str) -> (String, Vec<&str>) {
    let mut words =
        script.split_whitespace().skip_while(|w| BEFORE.contains(w) || w.contains('=') && !w.starts_with('-'));
    let first = words.next().unwrap_or_default();
    let name = first.rsplit('/').next().unwrap_or(first).trim_end_matches(".js");
    (name.to_owned(), words.collect())
}

fn manager(tree: &Tree<'_>, home: &str) -> &'static str {
    let by = [("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun")];
    // The nearest lock file decides.
    for above in super::ancestors(home) {
        if let Some((_, name)) = by.iter().find(|(file, _)| tree.has(above, file)) {
            return name;
        }
        if tree.has(above, "package-lock.json") {
            return "npm";
        }
    }
    "npm"
}
