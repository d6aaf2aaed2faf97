//! Stack frames of every runtime, out of plain lines.
//!
//! Invariant: frames come in one order, whatever the runtime's: the cause before what it caused, the innermost first. Here
//! a frame is what the text says; which file of the workspace it is, [`super::places`] finds out.

use super::logs::Line;
use regex::Regex;
use std::sync::LazyLock;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    /// As the text has it, trimmed.
    pub text: String,
    /// The path as the runtime knows it; empty where only a class is given.
    pub file: String,
    /// 0 where it is not given.
    pub line: u32,
    /// The dotted type (or module) around the function.
    pub class: String,
    pub function: String,
    /// The package that a path is relative to: an application of Elixir, a crate of Rust.
    pub package: String,
    /// Of a library or of the runtime itself.
    pub foreign: bool,
    pub from: Option<String>,
    /// Where in the text: index of the line.
    pub at: usize,
}

/// Frames, the cause's innermost first.
pub(crate) fn frames(lines: &[Line]) -> Vec<Frame> {
    let mut groups: Vec<Group> = vec![Group::default()];
    let mut pending = String::new();
    let mut last_call_last = false;
    for (at, line) in lines.iter().enumerate() {
        let text = line.text.trim_end();
        let found = parse(text, &pending);
        pending = function_line(text);
        let marker = mark(text);
        if let Some(marker) = marker {
            groups.push(Group { marker, reversed: false, frames: Vec::new() });
        }
        if text.contains("most recent call last") {
            last_call_last = true;
            groups.push(Group { marker: marker.unwrap_or(Marker::None), reversed: true, frames: Vec::new() });
        } else if found.is_empty()
            && !last_call_last
            && !text.trim().is_empty()
            && groups.last().is_some_and(|g| !g.frames.is_empty())
        {
            // Words between frames begin another stack, the source line under a frame aside.
            let source = text.starts_with("    ") && marker.is_none();
            if !source && pending.is_empty() && !text.trim_start().starts_with("...") {
                groups.push(Group { marker: Marker::None, reversed: false, frames: Vec::new() });
            }
        }
        last_call_last &= !(found.is_empty()
            && !text.starts_with(' ')
            && !text.contains("most recent call last")
            && !text.is_empty());
        for mut frame in found {
            frame.at = at;
            frame.from = line.from.clone();
            if let Some(group) = groups.last_mut() {
                group.frames.push(frame);
            }
        }
    }
    ordered(groups)
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Marker {
    #[default]
    None,
    /// What follows caused what stands before.
    CausedBy,
}

#[derive(Debug, Default)]
struct Group {
    marker: Marker,
    reversed: bool,
    frames: Vec<Frame>,
}

/// Causes first: a group that caused the one before it goes before it.
fn ordered(groups: Vec<Group>) -> Vec<Frame> {
    let mut chains: Vec<Vec<Vec<Frame>>> = Vec::new();
    for mut group in groups.into_iter().filter(|g| !g.frames.is_empty()) {
        if group.reversed {
            group.frames.reverse();
        }
        match (group.marker, chains.last_mut()) {
            (Marker::CausedBy, Some(chain)) => chain.insert(0, group.frames),
            _ => chains.push(vec![group.frames]),
        }
    }
    let mut out: Vec<Frame> = chains.into_iter().flatten().flatten().collect();
    let mut seen: Vec<(String, String, u32)> = Vec::new();
    out.retain(|f| {
        let key = (f.file.clone(), format!("{}.{}", f.class, f.function), f.line);
        let new = !seen.contains(&key);
        if new {
            seen.push(key);
        }
        new
    });
    out
}

fn mark(text: &str) -> Option<Marker> {
    let text = text.trim_start();
    if text.starts_with("Caused by:") || text.starts_with("[cause]:") || text.contains("[cause]:") {
        return Some(Marker::CausedBy);
    }
    let begins = text.starts_with("goroutine ")
        || text.starts_with("During handling of the above")
        || text.starts_with("The above exception was the direct cause")
        || text.starts_with("--- End of");
    begins.then_some(Marker::None)
}

/// Extensions of what may be named with a line.
const ENDINGS: &str = "java|kt|kts|scala|groovy|pyi?|[cm]?jsx?|[cm]?tsx?|vue|svelte|go|cs|cshtml|razor|fs|vb|rb|erb|rake|php|rs|exs?|heex|cc|cpp|cxx|c|hpp|h|swift|ya?ml|toml|json|xml|properties|sql|proto|graphql|tf|env|conf|ini";

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(
    NODE,
    r"^\s*(?:-{1,2}> |at )?at (?:async )?(?:new )?(?:(.+?) (?:\[as [^\]]+\] )?\()?((?:file:|webpack[\w-]*:|webpack-internal:)?[^()\s]+?):(\d+):(\d+)\)?$"
);
pattern!(
    JVM,
    r"^\s*at (?:[\w.$@-]*/{1,2})*([\w.$<>/-]+)\.([\w$<>-]+)\(([\w$]+\.(?:java|kt|kts|scala|groovy))(?::(\d+))?\)"
);
pattern!(
    JVM_BARE,
    r"^\s*at (?:[\w.$@-]*/{1,2})*([\w.$<>-]+)\.([\w$<>-]+)\((?:Native Method|Unknown Source|<generated>|Unknown)?\)"
);
pattern!(
    DOTNET,
    r"^\s*at ([\w.`<>+|\[\],]+?)\.((?:\.c?ctor|[\w`<>|]+)(?:\[[^\]]*\])?)\((.*?)\)(?: in (.+?):(?:line )?(\d+))?\s*$"
);
pattern!(PYTHON, r#"File "([^"]+)", line (\d+)(?:, in (\S+))?"#);
pattern!(
    RUBY,
    r#"([^\s'"`(\[]+\.(?:rb|erb|rake|ru)):(\d+)(?::in [`'"](?:block (?:\(\d+ levels\) )?in |rescue in |ensure in )?([^'"]+)['"])?"#
);
pattern!(
    PHP,
    r"([\w./\\:-]+\.php)(?:\((\d+)\)|:(\d+)| on line (\d+)| line (\d+))(?:: (?:([\w\\]+)(?:->|::))?([\w{}]+)\()?"
);
pattern!(
    ELIXIR,
    r"(?:\((\w+) [\w.+-]+\) )?((?:\.\.?/|/)?(?:[\w.-]+/)*[\w.-]+\.(?:exs?|erl|heex)):(\d+)(?:: ([^\s]+))?"
);
pattern!(
    GO_FUNCTION,
    r"^\s*(?:created by )?((?:[\w.~-]+/)*[\w-]+)\.((?:\([*\w\[\].]+\)\.)?[\w.\-]+?)(?:\(.*\)|\s*$| in goroutine.*)"
);
pattern!(RUST_FUNCTION, r"^\s*\d+:(?:\s+0x[0-9a-f]+ -)? <?([a-z_]\w*(?:::[\w{}<>#$ ]+)+)");

fn foreign(path: &str) -> bool {
    const MARKS: &[&str] = &[
        "node_modules/",
        "site-packages/",
        "dist-packages/",
        "/rustc/",
        ".cargo/registry",
        "/pkg/mod/",
        "/usr/local/go/",
        "/usr/lib/",
        "/usr/local/lib/",
        "/usr/local/bundle/",
        "/gems/",
        "/opt/python",
        "node:",
        "<frozen",
        "<string>",
        "/vendor/",
        "/usr/local/bin/",
        "/usr/bin/",
        "/go/pkg/",
        "/_work/1/s/",
        "/usr/local/rustup",
        "/nix/store/",
        "/.venv/",
        "/venv/lib",
        "/deps/",
    ];
    let path = path.replace('\\', "/");
    MARKS.iter().any(|m| path.contains(m))
        || path.starts_with("internal/")
        || path.starts_with("node:")
        || matches!(
            path.as_str(),
            "events.js" | "_stream_readable.js" | "net.js" | "timers.js" | "module.js" | "domain.js"
        )
}

fn number(text: Option<regex::Match<'_>>) -> u32 {
    text.and_then(|n| n.as_str().parse().ok()).unwrap_or(0)
}

fn part(found: &regex::Captures<'_>, index: usize) -> String {
    found.get(index).map_or_else(String::new, |m| m.as_str().to_owned())
}

fn captured<'t>(re: &LazyLock<Option<Regex>>, text: &'t str) -> Option<regex::Captures<'t>> {
    re.as_ref().and_then(|re| re.captures(text))
}

/// The frames of one line. `pending`: the function that the line before named.
fn parse(line: &str, pending: &str) -> Vec<Frame> {
    // Nobody writes frames longer than this; what is, is data.
    if line.len() > 4_000 {
        return Vec::new();
    }
    let made = |file: String, line: u32, class: String, function: String| Frame {
        foreign: foreign(&file),
        text: String::new(),
        file,
        line,
        class,
        function,
        ..Frame::default()
    };
    let frame = if let Some(f) = captured(&JVM, line) {
        let class = part(&f, 1);
        let package = class.rsplit_once('.').map_or(String::new(), |(p, _)| p.replace('.', "/") + "/");
        Some(made(package + &part(&f, 3), number(f.get(4)), class, part(&f, 2)))
    } else if let Some(f) = captured(&NODE, line).filter(|f| f.get(2).is_some_and(|p| !p.as_str().ends_with(".rs"))) {
        let said = part(&f, 1);
        let (class, function) = said.rsplit_once('.').unwrap_or(("", said.as_str()));
        let file = part(&f, 2);
        let file = file.trim_start_matches("file://").to_owned();
        Some(made(file, number(f.get(3)), class.to_owned(), function.to_owned()))
    } else if let Some(f) = captured(&JVM_BARE, line) {
        // Both runtimes write a call without arguments like this.
        let (class, function) = unmade(part(&f, 1), part(&f, 2));
        Some(made(String::new(), 0, class, function))
    } else if let Some(f) = captured(&DOTNET, line) {
        let (class, function) = unmade(part(&f, 1), part(&f, 2));
        Some(made(part(&f, 4), number(f.get(5)), class.replace('+', "."), function.trim_start_matches('.').to_owned()))
    } else {
        captured(&PYTHON, line).map(|f| made(part(&f, 1), number(f.get(2)), String::new(), part(&f, 3)))
    };
    if let Some(mut frame) = frame {
        frame.text = line.trim().to_owned();
        return vec![frame];
    }
    several(line, pending)
}

/// `Service.<Get>d__5.MoveNext` is what a compiler made of `Service.Get`.
fn unmade(class: String, function: String) -> (String, String) {
    match class.split_once('<').filter(|_| function == "MoveNext") {
        Some((owner, rest)) => {
            (owner.trim_end_matches(['.', '+']).to_owned(), rest.split('>').next().unwrap_or_default().to_owned())
        }
        None => (class, function),
    }
}

/// Runtimes whose frames may stand anywhere in a line, and places that tools print.
fn several(line: &str, pending: &str) -> Vec<Frame> {
    let mut out: Vec<Frame> = Vec::new();
    let mut add = |frame: Frame| {
        let same = |f: &Frame| f.line == frame.line && (f.file.ends_with(&frame.file) || frame.file.ends_with(&f.file));
        if !out.iter().any(same) {
            out.push(Frame { foreign: foreign(&frame.file) || frame.foreign, text: line.trim().to_owned(), ..frame });
        }
    };
    if let Some(re) = RUBY.as_ref() {
        for f in re.captures_iter(line) {
            let said = part(&f, 3);
            let (class, function) = said.rsplit_once(['#', '.']).unwrap_or(("", said.as_str()));
            let (class, function) = (class.to_owned(), function.to_owned());
            add(Frame { file: part(&f, 1), line: number(f.get(2)), class, function, ..Frame::default() });
        }
    }
    if let Some(re) = PHP.as_ref() {
        for f in re.captures_iter(line) {
            let line = (2..6).map(|i| number(f.get(i))).max().unwrap_or(0);
            add(Frame { file: part(&f, 1), line, class: part(&f, 6), function: part(&f, 7), ..Frame::default() });
        }
    }
    if let Some(re) = ELIXIR.as_ref() {
        for f in re.captures_iter(line) {
            let said = part(&f, 4);
            let said = said.split('/').next().unwrap_or_default();
            let (class, function) = said.rsplit_once('.').unwrap_or(("", said));
            let package = part(&f, 1);
            let foreign = matches!(package.as_str(), "elixir" | "stdlib" | "kernel" | "mix" | "logger");
            let (class, function) = (class.to_owned(), function.to_owned());
            add(Frame {
                file: part(&f, 2),
                line: number(f.get(3)),
                class,
                function,
                package,
                foreign,
                ..Frame::default()
            });
        }
    }
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(&format!(r#"((?:[A-Za-z]:)?[\w@~+%./\\$\[\]-]*[\w\]-]+\.(?:{ENDINGS}))(?::(\d+)|\((\d+),\d+\)|, line (\d+)| line (\d+))"#)).ok()
    });
    if let Some(re) = PLACE.as_ref() {
        for f in re.captures_iter(line) {
            let number = (2..6).map(|i| number(f.get(i))).max().unwrap_or(0);
            let mut frame = Frame { file: part(&f, 1).replace('\\', "/"), line: number, ..Frame::default() };
            // The function is told on the line above, by Go and by Rust.
            if frame.file.ends_with(".go") || frame.file.ends_with(".rs") {
                let (class, function) = pending.rsplit_once(['.', ':']).unwrap_or(("", pending));
                let package =
                    if frame.file.ends_with(".rs") { pending.split("::").next().unwrap_or_default() } else { "" };
                frame.function = function.to_owned();
                frame.class = class.trim_end_matches(':').to_owned();
                frame.package = package.to_owned();
            }
            add(frame);
        }
    }
    out
}

/// What a line without a place says of the next one's function.
fn function_line(line: &str) -> String {
    if let Some(f) = captured(&RUST_FUNCTION, line) {
        let name = part(&f, 1);
        let plain: Vec<&str> = name.split("::").filter(|p| !p.contains('{') && !p.starts_with('h')).collect();
        return plain.join("::");
    }
    match captured(&GO_FUNCTION, line) {
        Some(f) if line.trim_end().ends_with(')') || line.contains("created by") => {
            format!("{}.{}", part(&f, 1), part(&f, 2).replace(['(', ')', '*'], "").replace("...", ""))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, u32, &str)]) {
        let lines: Vec<Line> = text.lines().map(|l| Line { text: l.to_owned(), from: None }).collect();
        let found = frames(&lines);
        let found: Vec<(&str, u32, &str)> =
            found.iter().filter(|f| !f.foreign).map(|f| (f.file.as_str(), f.line, f.function.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn reads_frames_of_every_runtime_cause_first() {
        check(
            "a.B: x\n\tat shop.Api.get(Api.java:9)\nCaused by: c.D: y\n\tat shop.Store$Inner.load(Store.java:7) ~[classes!/:1]\n\tat java.base/java.lang.Thread.run(Thread.java:748)\n\t... 5 more",
            &[("shop/Store.java", 7, "load"), ("java/lang/Thread.java", 748, "run"), ("shop/Api.java", 9, "get")],
        );
        check(
            "Traceback (most recent call last):\n  File \"/app/api.py\", line 3, in get\n    load()\n  File \"/usr/lib/python3/x.py\", line 1, in y\n  File \"/app/store.py\", line 8, in load\n    raise KeyError\nKeyError: 'a'",
            &[("/app/store.py", 8, "load"), ("/app/api.py", 3, "get")],
        );
        check(
            "Error: x\n    at Store.load (/app/dist/store.js:7:3)\n    at async /app/dist/api.js:9:1\n    at process (node:internal/a:1:1)",
            &[("/app/dist/store.js", 7, "load"), ("/app/dist/api.js", 9, "")],
        );
        check(
            "panic: x\n\ngoroutine 1 [running]:\nshop/store.(*Store).Load(0xc0)\n\t/src/store/store.go:7 +0x1\nmain.main()\n\t/src/main.go:9 +0x2",
            &[("/src/store/store.go", 7, "Load"), ("/src/main.go", 9, "main")],
        );
        check(
            "System.Exception: x\n   at Shop.Store.Load[T](String id) in /src/Store.cs:line 7\n   at Shop.Api.<Get>d__5.MoveNext()\n   at System.Run(A b)",
            &[("/src/Store.cs", 7, "Load[T]"), ("", 0, "Get"), ("", 0, "Run")],
        );
        check(
            "/app/store.rb:7:in `block in load': x (E)\n\tfrom /app/api.rb:9:in `get'",
            &[("/app/store.rb", 7, "load"), ("/app/api.rb", 9, "get")],
        );
        check(
            "PHP Fatal error:  Uncaught E: x in /app/src/Store.php:7\n#0 /app/src/Api.php(9): Shop\\Store->load('a')\n#1 /app/vendor/a/b.php(1): f()",
            &[("/app/src/Store.php", 7, ""), ("/app/src/Api.php", 9, "load")],
        );
        check(
            "thread 'main' panicked at store/src/lib.rs:7:5:\nx\n  2: store::load\n             at ./store/src/lib.rs:8:5",
            &[("store/src/lib.rs", 7, ""), ("./store/src/lib.rs", 8, "load")],
        );
        check(
            "** (E) x\n    (shop 0.1.0) lib/shop/store.ex:7: Shop.Store.load/1\n    (stdlib 3.1) gen_server.erl:1: a/2",
            &[("lib/shop/store.ex", 7, "load")],
        );
        check(
            "src/api.ts(9,5): error TS2339: x\ncaller=store/store.go:7 msg=x",
            &[("src/api.ts", 9, ""), ("store/store.go", 7, "")],
        );
    }
}
