//! Defects of retries: loops without an end or a pause around a call, refusals that are tried again, keys that nobody reads.

use super::mutant::{Mutant, Seen, indent, word};
use super::policies::{decorated, java, python, writes};
use seam_engine::{Interaction, Operation};

/// What goes round a statement of one line, in each language: before it, the lines before and after it in a loop.
struct Around {
    suffixes: &'static [&'static str],
    before: &'static [&'static str],
    after: &'static [&'static str],
    /// The part of `after` that waits.
    wait: &'static str,
}

const AROUND: &[Around] = &[
    Around {
        suffixes: &[".py"],
        before: &["{loop}", "    try:"],
        after: &[
            "        break",
            "    except Exception as error:",
            "        print(error)",
            "        __import__('time').sleep(1)",
        ],
        wait: "sleep",
    },
    Around {
        suffixes: &[".java"],
        before: &["{loop} {", "    try {"],
        after: &[
            "        break;",
            "    } catch (Exception e) {",
            "        System.out.println(e);",
            "        Thread.sleep(1000);",
            "    }",
            "}",
        ],
        wait: "sleep",
    },
    Around {
        suffixes: &[".js", ".ts", ".tsx"],
        before: &["{loop} {", "    try {"],
        after: &[
            "        break;",
            "    } catch (e) {",
            "        console.log(e);",
            "        await new Promise((r) => setTimeout(r, 1000));",
            "    }",
            "}",
        ],
        wait: "setTimeout",
    },
    Around {
        suffixes: &[".cs"],
        before: &["{loop} {", "    try {"],
        after: &[
            "        break;",
            "    } catch (Exception e) {",
            "        Console.WriteLine(e);",
            "        await Task.Delay(1000);",
            "    }",
            "}",
        ],
        wait: "Delay",
    },
];

pub fn looped_for_ever(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    looped(seen, out, ("call looped for ever", &["unbounded-retry"]), true);
}

pub fn looped_at_once(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    looped(seen, out, ("call looped without a pause", &["retry-without-backoff"]), false);
}

/// A statement of one line that calls, put into a loop: without an end, or without a pause.
fn looped(seen: &Seen<'_>, out: &mut Vec<Mutant>, (class, rules): (&'static str, &'static [&'static str]), ever: bool) {
    let calls = seen.map.interactions.iter().filter(|i| i.kind == "http");
    let all = calls.flat_map(|i| i.operations.iter().map(move |o| (i, o)));
    for (interaction, operation) in all {
        let Some(around) = AROUND.iter().find(|a| a.suffixes.iter().any(|s| operation.at.path.ends_with(s))) else {
            continue;
        };
        let Some(line) = seen.line(&operation.at.path, operation.at.line) else { continue };
        if !is_statement(&line, around.suffixes[0] == ".py") || !served(seen, interaction, operation) {
            continue;
        }
        let head = match (ever, around.suffixes[0]) {
            (true, ".py") => "while True:",
            (true, _) => "while (true)",
            (false, ".py") => "for attempt in range(5):",
            (false, ".js") => "for (let attempt = 0; attempt < 5; attempt++)",
            (false, _) => "for (int attempt = 0; attempt < 5; attempt++)",
        };
        let lead = indent(&line);
        let mut lines: Vec<String> =
            around.before.iter().map(|l| format!("{lead}{}", l.replace("{loop}", head))).collect();
        lines.push(format!("        {line}"));
        let returns = line.trim_start().starts_with("return ");
        for after in around.after {
            if returns && after.trim_start().starts_with("break") || !ever && after.contains(around.wait) {
                continue;
            }
            lines.push(format!("{lead}{after}"));
        }
        let Some(text) =
            seen.replaced(&operation.at.path, operation.at.line, line.trim_start(), lines.join("\n").trim_start())
        else {
            continue;
        };
        out.push(Mutant {
            class,
            rules,
            texts: vec![text],
            places: (operation.at.line..operation.at.line + 4).map(|l| (operation.at.path.clone(), l)).collect(),
            about: format!("{} {}", interaction.key, operation.operation),
        });
    }
}

/// Whole on its line, and nothing that opens a block.
fn is_statement(line: &str, python: bool) -> bool {
    let code = line.trim();
    let count = |c: char| code.matches(c).count();
    let whole = count('(') == count(')') && count('{') == count('}') && count('[') == count(']') && code.contains('(');
    let ends = if python { !code.ends_with([':', ',', '\\', '.']) } else { code.ends_with(';') };
    let starts = [
        "@",
        ".",
        ")",
        "}",
        "public ",
        "private ",
        "if ",
        "if(",
        "for ",
        "while ",
        "case ",
        "with ",
        "def ",
        "async def",
    ];
    whole && ends && !starts.iter().any(|s| code.starts_with(s))
}

/// Only what a served request leads to: elsewhere (at the start, in a worker, in a page) a loop may well wait. As near as the
/// map's answer tells: the call stands in the file of an endpoint, or such a file says the name of its class or file.
pub fn served(seen: &Seen<'_>, interaction: &Interaction, operation: &Operation) -> bool {
    // What is set up at the start (a registry, the keys of an issuer) is said to a library, and called by it.
    let set_up = [".well-known", "/eureka"].iter().any(|w| operation.operation.contains(w));
    if set_up || operation.within.is_empty() {
        return false;
    }
    let path = &operation.at.path;
    let stem = path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or(path);
    let class = operation.within.split(['.', '#']).next().unwrap_or(stem);
    let at = seen.map.endpoints.iter().filter(|e| e.service == interaction.from).flat_map(|e| e.evidence.first());
    let files: std::collections::BTreeSet<&str> = at.map(|p| p.path.as_str()).collect();
    let names = |text: String| [stem, class].iter().any(|n| n.len() > 3 && word(&text, n).is_some());
    files.contains(path.as_str()) || files.iter().filter_map(|f| (seen.text)(f)).any(names)
}

pub fn at_once_python(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let rules = &["retry-without-backoff"];
    let retry = "@tenacity.retry(stop=tenacity.stop_after_attempt(5))";
    decorated(seen, out, ("retried without a pause", rules), ".py", python, ("import tenacity", retry));
}

pub fn refused_java(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let rules = &["wrong-error-retried"];
    let import = "import org.springframework.retry.annotation.Retryable;";
    let retry = "@Retryable(retryFor = HttpClientErrorException.class, maxAttempts = 4)";
    decorated(seen, out, ("refusal retried (Java)", rules), ".java", java, (import, retry));
}

pub fn refused_mesh(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in writes(seen) {
        let node = seen.map.nodes.iter().find(|n| n.name == interaction.to);
        let Some(beside) = node.and_then(|n| n.evidence.iter().find(|p| p.by == "kubernetes")) else { continue };
        let folder = beside.path.rsplit_once('/').map_or(String::new(), |(f, _)| format!("{f}/"));
        let (path, to) = (format!("{folder}seeded-refusal.yaml"), &interaction.to);
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {to}\nspec:\n  hosts: [{to}]\n  http:\n    - route:\n        - destination: {{ host: {to} }}\n      retries:\n        attempts: 3\n        retryOn: 5xx,404\n"
        );
        let here = (operation.at.path.clone(), operation.at.line);
        out.push(Mutant {
            class: "refusal retried by a mesh",
            rules: &["wrong-error-retried"],
            texts: vec![(path.clone(), text)],
            places: (1..13).map(|l| (path.clone(), l)).chain([here]).collect(),
            about: interaction.key.clone(),
        });
    }
}

/// `requests.post(…)` of one line with a key; made there and repeated, or sent to a callee that knows of none.
fn keyed(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, rules: &'static [&'static str], repeated: bool) {
    for (interaction, operation) in writes(seen).filter(|(_, o)| o.at.path.ends_with(".py")) {
        let Some(line) = seen.line(&operation.at.path, operation.at.line) else { continue };
        let Some(at) = line.find(".post(").map(|at| at + ".post(".len()) else { continue };
        if line.contains("headers") {
            continue;
        }
        let key = if repeated { "str(__import__('uuid').uuid4())" } else { "'order-1'" };
        let new = format!("{}headers={{'Idempotency-Key': {key}}}, {}", &line[..at], &line[at..]);
        let Some((path, text)) = seen.replaced(&operation.at.path, operation.at.line, line.trim(), new.trim()) else {
            continue;
        };
        let (mut text, mut shift) = (text, 0);
        if repeated {
            let Some((place, definition)) = super::policies::function(seen, operation, python) else { continue };
            let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
            lines.insert(
                place as usize - 1,
                format!(
                    "{}@tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(1))",
                    indent(&definition)
                ),
            );
            lines.insert(0, "import tenacity".to_owned());
            text = lines.join("\n");
            shift = 2;
        }
        out.push(Mutant {
            class,
            rules,
            texts: vec![(path.clone(), text)],
            places: vec![(path, operation.at.line + shift)],
            about: format!("{} {}", interaction.key, operation.operation),
        });
    }
}

pub fn key_remade(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    keyed(seen, out, "key made for each attempt", &["key-per-attempt"], true);
}

pub fn key_unread(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    keyed(seen, out, "key sent to nobody", &["key-ignored"], false);
}
