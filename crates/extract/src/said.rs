//! What a file's code says to people: log statements, the messages of what it raises, and other sentences that it writes,
//! each as literal text around holes; and where its functions and types stand.
//!
//! Invariant: no facts. A question that starts at a message reads the few files that may have written it; kept as facts,
//! sentences would make every run pay for that one question.

use crate::File;
use crate::code::ir::{Annotation, Call, Expr, ExprKind, Leave, Stmt, Unit};
use crate::{Sink, foreign, lang};
use seam_facts::{SmolStr, Span};

/// How a text is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Goes to a log under this level.
    Log(Level),
    /// The message of an error.
    Raised,
    /// Any other text: an answer, a query, a constant.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    /// The statement does not say, as `print`.
    Unknown,
}

/// One text that code writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub tone: Tone,
    /// The literal stretches between the holes; never all empty.
    pub pieces: Vec<SmolStr>,
    /// The enclosing function's symbol; empty at top level.
    pub within: SmolStr,
    /// What it is said through: `LOGGER.error`, `errors.New`, the class of an exception.
    pub through: SmolStr,
    pub at: Span,
}

impl Saying {
    /// The template for people, `…` in place of each hole.
    pub fn template(&self) -> String {
        self.pieces.join("…")
    }
}

/// What a file says, and where what is in it stands.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub sayings: Vec<Saying>,
    /// Symbols of named functions with their lines.
    pub functions: Vec<(SmolStr, Span)>,
    pub types: Vec<(SmolStr, Span)>,
    /// Where errors are raised: the enclosing function, and the line.
    pub raises: Vec<(SmolStr, Span)>,
}

/// Reads one file of code; what is no code says nothing.
pub fn said(file: &File<'_>) -> Said {
    let Some(lang) = lang::of_path(file.path).filter(|lang| foreign::reason(file.path, *lang, file.text).is_none())
    else {
        return Said::default();
    };
    let mut unit = lang::lower(lang, file.text, &mut Sink::default());
    lang::name_default(&mut unit, file.path);
    let mut out = Said::default();
    for (index, function) in unit.functions.iter().enumerate() {
        let within = symbol(&unit, index);
        if !function.name.is_empty() && !function.name.starts_with('<') || function.name == "<init>" {
            out.functions.push((function.symbol(), function.span));
        }
        // What the constructor of an error writes is its message.
        let error = |name: &str| ["Error", "Exception", "Failure"].iter().any(|end| name.ends_with(end));
        let owner = unit.types.iter().find(|t| t.name == function.owner);
        let raised =
            function.name == "<init>" && owner.is_some_and(|t| error(&t.name) || t.supers.iter().any(|s| error(s)));
        let usual = if raised { Tone::Raised } else { Tone::Plain };
        let mut look = Look { within: &within, usual, out: &mut out };
        for annotation in &function.annotations {
            look.annotation(annotation);
        }
        look.stmts(&function.body);
    }
    for ty in &unit.types {
        out.types.push((ty.name.clone(), ty.span));
        let mut look = Look { within: &ty.name, usual: Tone::Plain, out: &mut out };
        for field in &ty.fields {
            field.init.iter().for_each(|init| look.expr(init, Tone::Plain, ""));
        }
    }
    out.sayings.sort_by(|a, b| (a.at, &a.pieces, a.tone).cmp(&(b.at, &b.pieces, b.tone)));
    out.sayings.dedup_by(|a, b| a.at.line == b.at.line && a.pieces == b.pieces);
    out
}

/// The nearest enclosing function with a name.
fn symbol(unit: &Unit, index: usize) -> SmolStr {
    let mut at = Some(index);
    while let Some(i) = at {
        let function = &unit.functions[i];
        if function.name == "<init>" || !function.name.starts_with('<') && !function.name.is_empty() {
            return function.symbol();
        }
        at = function.parent;
    }
    SmolStr::default()
}

struct Look<'a> {
    within: &'a SmolStr,
    /// How texts are said where nothing tells.
    usual: Tone,
    out: &'a mut Said,
}

impl Look<'_> {
    fn annotation(&mut self, annotation: &Annotation) {
        let tone = if annotation.simple() == "LoggerMessage" { Tone::Log(Level::Unknown) } else { Tone::Plain };
        annotation.args.iter().for_each(|a| self.expr(&a.value, tone, annotation.simple()));
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        for (index, stmt) in stmts.iter().enumerate() {
            match stmt {
                Stmt::Assign { target, value, .. } => {
                    self.expr(target, self.usual, "");
                    self.expr(value, self.usual, "");
                }
                Stmt::Expr(e) => {
                    let thrown = matches!(stmts.get(index + 1), Some(Stmt::Leave(Leave::Throw, _)));
                    self.expr(e, if thrown { Tone::Raised } else { self.usual }, "");
                }
                Stmt::Return(e) => self.expr(e, self.usual, ""),
                Stmt::Block { head, body, .. } => {
                    head.iter().for_each(|head| self.expr(head, Tone::Plain, ""));
                    self.stmts(body);
                }
                Stmt::Leave(Leave::Throw, at) => self.out.raises.push((self.within.clone(), *at)),
                Stmt::Leave(..) => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr, tone: Tone, through: &str) {
        match &expr.kind {
            ExprKind::Str(_) | ExprKind::Concat(_) => {
                self.say(expr, tone, through);
                if let ExprKind::Concat(parts) = &expr.kind {
                    parts.iter().filter(|p| p.as_str().is_none()).for_each(|p| self.expr(p, Tone::Plain, ""));
                }
            }
            ExprKind::Call(call) => {
                let own = tone_of(call);
                let (tone, through) = match own {
                    Some(own) => (own, call.callee.path().unwrap_or_else(|| call.name().to_owned())),
                    // What puts texts together says nothing itself.
                    None if is_formatter(call) => (tone, through.to_owned()),
                    None => (if tone == Tone::Raised { tone } else { Tone::Plain }, through.to_owned()),
                };
                if own == Some(Tone::Raised) {
                    self.out.raises.push((self.within.clone(), expr.span));
                }
                self.expr(&call.callee, if is_formatter(call) { tone } else { Tone::Plain }, &through);
                call.args.iter().for_each(|a| self.expr(&a.value, tone, &through));
            }
            _ => expr.children().into_iter().for_each(|child| self.expr(child, tone, through)),
        }
    }

    fn say(&mut self, expr: &Expr, tone: Tone, through: &str) {
        let mut pieces = vec![String::new()];
        template(expr, &mut pieces);
        let letters: usize = pieces.iter().flat_map(|p| p.chars()).filter(|c| c.is_alphabetic()).count();
        let words = pieces.iter().flat_map(|p| p.split_whitespace()).filter(|w| w.len() > 1).count();
        let enough = match tone {
            Tone::Plain => words > 2,
            Tone::Log(_) | Tone::Raised => letters > 3,
        };
        if enough {
            self.out.sayings.push(Saying {
                tone,
                pieces: pieces.into_iter().map(SmolStr::from).collect(),
                within: self.within.clone(),
                through: through.into(),
                at: expr.span,
            });
        }
    }
}

/// Appends what an expression writes; a new piece begins after each hole.
fn template(expr: &Expr, pieces: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Str(text) => literal(text, pieces),
        ExprKind::Concat(parts) => parts.iter().for_each(|part| template(part, pieces)),
        _ => pieces.push(String::new()),
    }
}

/// A literal with its placeholders taken out: `%s`, `{}`, `{0:x}`, `#{x}`, `${x}`.
fn literal(text: &str, pieces: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find(['%', '{', '$', '#']) {
        let (before, from) = rest.split_at(at);
        push(before, pieces);
        let hole = match from.as_bytes().first() {
            Some(b'%') => printf(from),
            Some(b'{') => braces(from),
            Some(b'$' | b'#') if from[1..].starts_with('{') => braces(&from[1..]).map(|n| n + 1),
            _ => None,
        };
        match hole {
            Some(length) => {
                pieces.push(String::new());
                rest = &from[length..];
            }
            None => {
                push(&from[..1], pieces);
                rest = &from[1..];
            }
        }
    }
    push(rest, pieces);
}

fn push(text: &str, pieces: &mut [String]) {
    if let Some(last) = pieces.last_mut() {
        last.push_str(text);
    }
}

fn printf(text: &str) -> Option<usize> {
    let rest = text[1..].trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '#' | '.' | '*'));
    let rest = rest.strip_prefix('(').and_then(|r| r.split_once(')')).map_or(rest, |(_, after)| after);
    let rest = rest.trim_start_matches(['l', 'h', 'z']);
    let verb = rest.chars().next()?;
    "sdvqfgexXtTwpciourUbj@".contains(verb).then(|| text.len() - rest.len() + verb.len_utf8())
}

fn braces(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let inside = &text[1..end];
    (inside.len() <= 60 && !inside.contains(['{', '"', '\n'])).then_some(end + 1)
}

fn is_formatter(call: &Call) -> bool {
    let name = call.name();
    matches!(
        name,
        "format"
            | "formatted"
            | "Format"
            | "Sprintf"
            | "Sprint"
            | "sprintf"
            | "format!"
            | "concat"
            | "interpolate"
            | "of"
            | "join"
            | "String"
            | "trim"
            | "strip"
            | "dedent"
            | "tr"
            | "any"
            | "Any"
    )
}

/// Whether a call says its texts to a log, or raises them.
fn tone_of(call: &Call) -> Option<Tone> {
    let path = call.callee.path().unwrap_or_else(|| call.name().to_owned());
    let (on, name) = path.rsplit_once('.').unwrap_or(("", path.as_str()));
    let last = on.rsplit(['.', ':']).next().unwrap_or(on).trim_end_matches("()");
    let (on, lower) = (last.to_lowercase(), name.rsplit("::").next().unwrap_or(name).to_lowercase());
    if raises(call, &on, &lower) {
        return Some(Tone::Raised);
    }
    let logger = on.ends_with("log")
        || on.contains("logger")
        || on.starts_with("log")
        || matches!(on.as_str(), "console" | "slog" | "logrus" | "zap" | "sugar" | "tracing" | "zlog" | "klog" | "glog")
        || matches!(on.as_str(), "out" | "err" | "fmt" | "entry" | "l" | "pino" | "winston" | "stderr" | "stdout")
        // `log.WithField(…).Error`, `logger.For(ctx).Info`, `log.Error().Err(err).Msg`.
        || path.to_lowercase().split('.').next().is_some_and(|first| {
            let first = first.trim_end_matches("()");
            first == "log" || first.contains("logger") || first.ends_with("log")
        })
        || path.to_lowercase().contains("logger.")
        // What a command of a framework tells whoever started it.
        || matches!(on.as_str(), "this" | "$this") && matches!(lower.as_str(), "info" | "warn" | "debug" | "notice");
    let plain = matches!(
        lower.as_str(),
        "print"
            | "println"
            | "println!"
            | "eprintln!"
            | "print!"
            | "eprint!"
            | "puts"
            | "printf"
            | "error_log"
            | "warn!"
    );
    if !(logger || plain || lower.ends_with('!') && level(&lower) != Level::Unknown) {
        return None;
    }
    let level = level(&lower);
    let writes = level != Level::Unknown
        || matches!(
            lower.as_str(),
            "log" | "logf" | "msg" | "msgf" | "write" | "writeline" | "add" | "send" | "logattrs"
        )
        || lower.starts_with("print")
        || plain;
    writes.then_some(Tone::Log(level))
}

fn raises(call: &Call, on: &str, name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if call.new && ends(&["error", "exception", "failure", "fault", "rejected", "problem"]) {
        return true;
    }
    match name {
        "errorf" => !on.contains("log"),
        "raise" | "throw" | "panic" | "panic!" | "anyhow!" | "bail!" | "ensure!" | "eyre!" | "expect" | "context"
        | "with_context" | "wrap_err" | "abort" | "reject" | "fail" | "failwith" | "unreachable!" | "createerror"
        | "withdescription" | "throwexception" | "wrap" | "wrapf" | "withmessage" | "withmessagef" | "assert"
        | "assert!" | "require" | "requirenotnull" | "notnull" | "isnull" | "istrue" | "haslength" | "hastext"
        | "checkargument" | "checkstate" | "trigger_error" => true,
        "new" => on == "errors" || on.ends_with("error") || on.ends_with("exception"),
        "error" => on == "status" || on == "http" || on.is_empty(),
        "newerror" | "newhttperror" | "http_error" => true,
        _ => {
            // `RuntimeError("…")` of Python, `Error("…")` of JavaScript without `new`, `Status::internal("…")`.
            let type_like = call.name().chars().next().is_some_and(char::is_uppercase) && !name.starts_with("log");
            let qualified = !matches!(name, "error" | "exception" | "warning") || on.is_empty();
            type_like && qualified && ends(&["error", "exception", "warning"]) || on == "status" && !name.is_empty()
        }
    }
}

fn level(name: &str) -> Level {
    let name = name.trim_end_matches('!').trim_start_matches("log");
    let stem = name.trim_end_matches("ln").trim_end_matches("context").trim_end_matches("ctx");
    match stem.trim_end_matches(['f', 'w']) {
        "trace" | "verbose" | "finest" | "finer" => Level::Trace,
        "debug" | "fine" | "debu" => Level::Debug,
        "info" | "information" | "in" | "inform" | "notice" => Level::Info,
        "warn" | "warning" | "war" => Level::Warn,
        "error" | "err" | "fatal" | "critical" | "severe" | "panic" | "exception" | "alert" | "emergency" => {
            Level::Error
        }
        _ => Level::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[(&str, &str)]) {
        let found = said(&File { path, text });
        let tone = |tone| match tone {
            Tone::Log(level) => format!("log {level:?}").to_lowercase(),
            Tone::Raised => "raised".to_owned(),
            Tone::Plain => "plain".to_owned(),
        };
        let found: Vec<(String, String)> = found.sayings.iter().map(|s| (tone(s.tone), s.template())).collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn reads_what_code_of_every_language_says() {
        check(
            "A.java",
            "class A { void f(String x) { LOGGER.warn(\"cart {} is empty\", x); if (x == null) { throw new \
             IllegalStateException(\"no cart for \" + x); } log.error(String.format(\"bad %s here\", x)); } }",
            &[("log warn", "cart … is empty"), ("raised", "no cart for …"), ("log error", "bad … here")],
        );
        check(
            "A.kt",
            "fun f(x: String) { logger.info(\"took $x from ${x.y}\"); throw IllegalArgumentException(\"bad name $x\") }",
            &[("log info", "took … from …"), ("raised", "bad name …")],
        );
        check(
            "A.scala",
            "object A { def f(x: String) = { logger.info(s\"took $x from ${x.y}\"); throw new IllegalArgumentException(s\"bad name $x\") } }",
            &[("log info", "took … from …"), ("raised", "bad name …")],
        );
        check(
            "a.py",
            "def f(x):\n    logger.error(\"cannot pay %s\", x)\n    print(f\"paid {x}\")\n    raise ValueError('no {} here'.format(x))\n",
            &[("log error", "cannot pay …"), ("log unknown", "paid …"), ("raised", "no … here")],
        );
        check(
            "a.ts",
            "function f(x) { console.error(`cannot pay ${x}`); logger.info({ x }, 'paid order'); throw new Error('no cart: ' + x); }",
            &[("log error", "cannot pay …"), ("log info", "paid order"), ("raised", "no cart: …")],
        );
        check(
            "a.go",
            "package a\nvar ErrGone = errors.New(\"cart is gone\")\nfunc f() error {\n\tlog.WithField(\"a\", 1).Warnf(\"slow %d\", 1)\n\tlogger.Error(\"no bank\")\n\treturn fmt.Errorf(\"cannot pay %q: %w\", x, err)\n}\nfunc g() error { return status.Errorf(codes.Internal, \"no card\") }\n",
            &[
                ("raised", "cart is gone"),
                ("log warn", "slow …"),
                ("log error", "no bank"),
                ("raised", "cannot pay …: …"),
                ("raised", "no card"),
            ],
        );
        check(
            "a.rs",
            "fn f(x: u8) -> Result<()> {\n info!(\"took {x}\");\n let y = g().context(\"cannot read\")?;\n if x == 0 {\n bail!(\"none of {}\", x); }\n h().expect(\"port is set\");\n Err(Status::internal(\"broken here\")) }",
            &[
                ("log info", "took …"),
                ("raised", "cannot read"),
                ("raised", "none of …"),
                ("raised", "port is set"),
                ("raised", "broken here"),
            ],
        );
        check(
            "A.cs",
            "class A { void F(int x) { _logger.LogError(e, \"no cart {Id}\", x); throw new DomainException($\"bad {x} here\"); } }",
            &[("log error", "no cart …"), ("raised", "bad … here")],
        );
        check(
            "a.rb",
            "def f(x)\n  logger.warn \"slow #{x}\"\n  raise ArgumentError, \"no cart #{x}\"\nend\n",
            &[("log warn", "slow …"), ("raised", "no cart …")],
        );
        check(
            "a.php",
            "<?php\nfunction f($x) { $this->logger->error(\"no cart $x\"); throw new \\RuntimeException(sprintf('bad %s here', $x)); }\n",
            &[("log error", "no cart …"), ("raised", "bad … here")],
        );
        check(
            "a.ex",
            "defmodule A do\n  def f(x) do\n    Logger.error(\"no cart #{x}\")\n    raise \"bad #{x} here\"\n  end\nend\n",
            &[("log error", "no cart …"), ("raised", "bad … here")],
        );
    }

    #[test]
    fn percent_signs_that_are_no_holes_stay() {
        let mut pieces = vec![String::new()];
        literal("100% of {\"a\": 1} and %(name)s at ${x}", &mut pieces);
        assert_eq!(pieces, ["100% of {\"a\": 1} and ", " at ", ""]);
    }
}
