//! Which program of a workspace a build command makes: what it names besides the folder that everything is copied to.
//!
//! Invariant: only words that the tool itself reads as a project, package or target; never an output or a flag's value of
//! another kind.

use seam_facts::SmolStr;

/// Options that name a project, each with the tools that have it.
const OPTIONS: &[(&str, &[&str])] = &[
    ("-pl", &["mvn", "mvnw"]),
    ("--projects", &["mvn", "mvnw"]),
    ("--bin", &["cargo"]),
    ("-p", &["cargo"]),
    ("--package", &["cargo"]),
    ("--workspace", &["npm"]),
    ("-w", &["npm"]),
    ("--filter", &["pnpm", "turbo", "lerna"]),
    ("-F", &["pnpm"]),
    ("--scope", &["lerna", "turbo"]),
];

/// What the commands of one line of shell build, as written.
pub fn built(shell: &str, out: &mut Vec<SmolStr>) {
    for command in shell.split(['\n', ';']).flat_map(|c| c.split("&&")).flat_map(|c| c.split("||")) {
        let words: Vec<&str> =
            command.split_whitespace().map(|w| w.trim_matches(['"', '\''])).filter(|w| !w.is_empty()).collect();
        let tool = |w: &str| w.rsplit('/').next().unwrap_or(w).to_owned();
        for (at, word) in words.iter().enumerate() {
            let name = tool(word);
            let rest = &words[at + 1..];
            match name.as_str() {
                "dotnet" if rest.first().is_some_and(|w| matches!(*w, "publish" | "build")) => {
                    out.extend(rest.iter().find(|w| w.ends_with("proj")).map(SmolStr::new));
                }
                "go" if rest.first().is_some_and(|w| matches!(*w, "build" | "install")) => {
                    out.extend(rest.last().and_then(|w| go(w)));
                }
                "gradle" | "gradlew" => out.extend(rest.iter().filter_map(|w| gradle(w))),
                "nx" if rest.first() == Some(&"build") => {
                    out.extend(rest.get(1).filter(|w| !w.starts_with('-')).map(SmolStr::new));
                }
                "nest" if rest.first() == Some(&"build") => {
                    out.extend(rest.get(1).filter(|w| !w.starts_with('-')).map(SmolStr::new));
                }
                "yarn" if rest.first() == Some(&"workspace") => out.extend(rest.get(1).map(SmolStr::new)),
                _ => out.extend(options(&name, rest)),
            }
        }
    }
}

/// `./cmd/orders`, `cmd/orders/main.go`: the folder; the module itself tells nothing.
fn go(target: &str) -> Option<SmolStr> {
    let path = target.trim_start_matches("./").trim_end_matches("/...");
    let path = if path.ends_with(".go") { path.rsplit_once('/').map_or("", |(folder, _)| folder) } else { path };
    (!path.is_empty() && path != "." && !path.starts_with(['-', '/', '$'])).then(|| path.into())
}

/// `:services:orders:bootJar` is the project `services/orders`.
fn gradle(word: &str) -> Option<SmolStr> {
    let (project, task) = word.strip_prefix(':').unwrap_or(word).rsplit_once(':')?;
    (!project.is_empty() && !task.is_empty() && !word.contains("//")).then(|| project.replace(':', "/").into())
}

fn options(tool: &str, rest: &[&str]) -> Vec<SmolStr> {
    let named = |option: &str| OPTIONS.iter().any(|(o, tools)| *o == option && tools.contains(&tool));
    let mut out = Vec::new();
    for (at, word) in rest.iter().enumerate() {
        let value = match word.split_once('=') {
            Some((option, value)) if named(option) => Some(value),
            None if named(word) => rest.get(at + 1).copied(),
            Some(_) | None => None,
        };
        let plain = |v: &&str| !v.starts_with(['-', '$']) && !v.contains(',');
        out.extend(value.filter(plain).map(|v| SmolStr::new(v.trim_start_matches(':').trim_end_matches("..."))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shell: &str, wanted: &[&str]) {
        let mut out = Vec::new();
        built(shell, &mut out);
        assert_eq!(out, wanted, "{shell}");
    }

    #[test]
    fn tells_which_program_of_a_workspace_is_built() {
        check("dotnet publish \"Shop.Orders.csproj\" -c Release -o /app", &["Shop.Orders.csproj"]);
        check("CGO_ENABLED=0 go build -o /bin/orders ./cmd/orders && chmod +x /bin/orders", &["cmd/orders"]);
        check("go build -o app services/orders/main.go", &["services/orders"]);
        check("./gradlew :services:orders:bootJar --no-daemon", &["services/orders"]);
        check("mvn -B package -pl orders -am", &["orders"]);
        check("cargo build --release --bin orders", &["orders"]);
        check("pnpm --filter @shop/orders... build; npx nx build orders --prod", &["@shop/orders", "orders"]);
        check("yarn workspace orders build", &["orders"]);
    }

    #[test]
    fn says_nothing_where_everything_is_built() {
        check("go build -o /app .", &[]);
        check("mvn clean package -DskipTests", &[]);
        check("./gradlew build", &[]);
        check("dotnet publish -c Release -o out", &[]);
        check("cargo build --release", &[]);
        check("curl -w %{http_code} http://x", &[]);
    }
}
