//! Exceptions in what services write: the marks of runtimes.
//!
//! Invariant: a log line that merely contains the word "error" is none. Sources: the runtimes' own formats (CPython `traceback`, V8
//! stack traces, the JVM's `Throwable.printStackTrace`, Go and Rust panics, Ruby, PHP, .NET).

/// An exception as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exception {
    /// What was raised: `KeyError: 'url'`.
    pub line: String,
    /// The innermost place that was named, as written.
    pub place: String,
}

/// All exceptions in a text, in order.
pub fn exceptions(log: &str) -> Vec<Exception> {
    let lines: Vec<&str> = log.lines().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if line.trim_start().starts_with("Traceback (most recent call last)") {
            let mut place = String::new();
            at += 1;
            while at < lines.len() && (lines[at].starts_with(' ') || lines[at].trim().is_empty()) {
                if lines[at].trim_start().starts_with("File \"") {
                    place = lines[at].trim().to_owned();
                }
                at += 1;
            }
            let raised = lines.get(at).unwrap_or(&"").trim().to_owned();
            // An exception that caused another one is told by the last.
            let chained = |l: &str| l.starts_with("During handling of") || l.starts_with("The above exception was");
            let next = lines[at.min(lines.len())..].iter().skip(1).find(|l| !l.trim().is_empty());
            if !next.is_some_and(|l| chained(l)) {
                out.push(Exception { line: raised, place });
            }
        } else if let Some(said) = line.find("panicked at ").map(|p| &line[p..]) {
            out.push(Exception {
                line: lines.get(at + 1).unwrap_or(&"panic").trim().to_owned(),
                place: said.to_owned(),
            });
        } else if line.starts_with("panic: ") || line.contains(": panic serving ") || line.starts_with("fatal error: ")
        {
            out.push(Exception { line: line.trim().to_owned(), place: String::new() });
        } else if lines.get(at + 1).is_some_and(|next| frame(next)) && !frame(line) && !line.trim().is_empty() {
            let place = lines[at + 1].trim().to_owned();
            out.push(Exception { line: line.trim().to_owned(), place });
            while at + 1 < lines.len() && frame(lines[at + 1]) {
                at += 1;
            }
        }
        at += 1;
    }
    out
}

/// `    at f (file.js:1:2)` (V8), `\tat a.b.C.d(C.java:1)` (JVM), `   at A.B.C() in …` (.NET).
fn frame(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.len() < line.len()
        && trimmed.starts_with("at ")
        && (trimmed.contains(':') || trimmed.ends_with(')') || trimmed.contains("<anonymous>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_runtimes_write() {
        let python = "x\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'url'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 5, in f\n    h()\nValueError: no\n1.2.3.4 GET\n";
        let found = exceptions(python);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].line.as_str(), found[0].place.as_str()),
            ("ValueError: no", "File \"a.py\", line 5, in f")
        );
        let node = "listening\nTypeError: Cannot read properties of undefined (reading 'id')\n    at /app/index.js:10:5\n    at next (/app/x.js:1:2)\nok\n";
        assert_eq!(exceptions(node)[0].line, "TypeError: Cannot read properties of undefined (reading 'id')");
        let java = "java.lang.NullPointerException: x\n\tat a.B.c(B.java:12)\n\tat a.B.d(B.java:13)\n";
        assert_eq!(exceptions(java).len(), 1);
        assert_eq!(exceptions("error: payment failed\nat noon\n"), []);
    }
}
