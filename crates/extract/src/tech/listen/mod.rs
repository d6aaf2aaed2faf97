//! Ports that a process listens on, where code opens them. See `listen.md`.
//!
//! A port is stated as the setting `listen` of the code around it: it is what callers on the same machine dial.

use crate::code::ir::{Call, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Setting, SettingScope, Span, Value};

pub static EXTRACTORS: &[&Extractor] = &[&EXTRACTOR];

pub static EXTRACTOR: Extractor = Extractor {
    id: "listen",
    version: 2,
    page: include_str!("listen.md"),
    reads: Reads::Code {
        langs: &[Lang::Python, Lang::Script, Lang::Ruby, Lang::Go, Lang::Java, Lang::Kotlin],
        extract,
    },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let extension = code.path.rsplit('.').next().unwrap_or("");
    for site in code.calls() {
        let found = match extension {
            "py" => python(code, site),
            "rb" | "ru" => ruby(code, site),
            "go" => golang(code, site),
            "java" | "kt" | "kts" => jvm(site),
            _ => script(code, site),
        };
        match found {
            Some(Port::Stated(expr)) => state(code.value(expr, site.function), site.span(), false, sink),
            Some(Port::Default(port)) => state(port.into(), site.span(), true, sink),
            None => {}
        }
    }
}

/// A port that the call says, or that its library documents.
enum Port<'a> {
    Stated(&'a Expr),
    Default(&'static str),
}

fn state(value: Value, at: Span, inferred: bool, sink: &mut Sink) {
    // A number, `host:port`, or what a variable gives; anything else is another `listen`.
    let text = value.as_text();
    let plausible = |t: &str| {
        t.rsplit(':').next().is_some_and(|p| (2..=5).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    if value.is_empty() || text.as_ref().is_some_and(|t| !plausible(t)) {
        return;
    }
    let claim = Claim::Setting(Setting { scope: SettingScope::App, key: "listen".into(), value, profile: None });
    if inferred { sink.inferred(claim, at) } else { sink.stated(claim, at) }
}

fn stated<'a>(expr: Option<&'a Expr>, default: Option<&'static str>) -> Option<Port<'a>> {
    expr.map(Port::Stated).or_else(|| default.map(Port::Default))
}

fn python<'a>(code: &Code<'a>, site: &Site<'a>) -> Option<Port<'a>> {
    let callee = code.callee(site.call, site.function).replace('#', ".");
    let named = site.call.named("port");
    match site.call.name() {
        // `app.run(host, port)` of Flask, Quart, Sanic and Bottle; `uvicorn.run(app, port=…)`; aiohttp's `web.run_app`.
        "run" if callee.starts_with("uvicorn.") => stated(named, Some("8000")),
        "run" if callee.contains("lask.Flask") || callee.contains("quart.Quart") => {
            stated(named.or_else(|| site.call.arg(1)), Some("5000"))
        }
        "run" if callee.contains("sanic.Sanic") => stated(named, Some("8000")),
        "run" if callee.starts_with("bottle.") => stated(named, Some("8080")),
        "run" => stated(named, None),
        "run_app" => stated(named, Some("8080")),
        "serve" if code.imports("waitress") => stated(named, Some("8080")),
        "HTTPServer" | "ThreadingHTTPServer" | "TCPServer" | "ThreadingTCPServer" | "WSGIServer" => {
            match &site.call.arg(0)?.kind {
                ExprKind::List(parts) => stated(parts.get(1), None),
                _ => None,
            }
        }
        "make_server" | "run_simple" => stated(named.or_else(|| site.call.arg(1)), None),
        "listen" if code.imports("tornado") => stated(site.call.arg(0), None),
        "add_insecure_port" | "add_secure_port" => stated(site.call.arg(0), None),
        _ => None,
    }
}

fn script<'a>(_: &Code<'a>, site: &Site<'a>) -> Option<Port<'a>> {
    let call: &'a Call = site.call;
    let first = call.arg(0);
    match call.name() {
        // `app.listen(3000)`, `app.listen({ port: 3000 })`; a queue's or bus's `listen` takes no number.
        "listen" => first.and_then(|e| e.key("port").or(Some(e))).map(Port::Stated),
        // `Bun.serve({ port })`, `serve({ fetch, port })`, `Deno.serve({ port }, …)`, hapi's `server({ port })`.
        "serve" | "server" | "Server" => first.and_then(|e| e.key("port")).map(Port::Stated),
        "bindAsync" => first.map(Port::Stated),
        _ => None,
    }
}

fn ruby<'a>(code: &Code<'a>, site: &Site<'a>) -> Option<Port<'a>> {
    match site.call.name() {
        "set" if code.imports("sinatra") && site.call.arg(0)?.as_str()? == "port" => stated(site.call.arg(1), None),
        "WEBrick::HTTPServer" | "HTTPServer" => {
            let options = site.call.arg(0).and_then(|e| e.key("Port"));
            stated(site.call.named("Port").or(options), None)
        }
        _ => None,
    }
}

fn golang<'a>(code: &Code<'a>, site: &Site<'a>) -> Option<Port<'a>> {
    let callee = code.callee(site.call, site.function).replace('#', ".");
    match site.call.name() {
        "ListenAndServe" if callee == "net/http.ListenAndServe" => stated(site.call.arg(0), None),
        "Listen" if callee == "net.Listen" => stated(site.call.arg(1), None),
        "Run" if code.imports("github.com/gin-gonic/gin") => stated(site.call.arg(0), Some("8080")),
        "Start" if code.imports("github.com/labstack/echo") => stated(site.call.arg(0), None),
        "Listen" if code.imports("github.com/gofiber/fiber") => stated(site.call.arg(0), None),
        _ => None,
    }
}

/// gRPC's builders: `ServerBuilder.forPort(9090)`.
fn jvm<'a>(site: &Site<'a>) -> Option<Port<'a>> {
    match site.call.name() {
        "forPort" => stated(site.call.arg(0), None),
        _ => None,
    }
}
