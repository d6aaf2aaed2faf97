//! What code sends as JSON and what it takes from JSON, where it says so itself: types and literal keys. See `bodies.md`.

use super::ir::{Arg, Call, Expr, ExprKind, Stmt, returned, walk_stmts};
use super::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Body, BodyOf, Claim, ShapeField, SmolStr, Span, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "bodies",
    version: 7,
    page: include_str!("bodies.md"),
    reads: Reads::Code {
        langs: &[Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Go, Lang::Script, Lang::Python, Lang::Php, Lang::Ruby],
        extract,
    },
};

/// How deep a value is followed through variables and wrappers.
const MAX_STEPS: usize = 6;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut stated: Vec<Span> = Vec::new();
    for site in code.calls() {
        let found = match code.unit.lang {
            Lang::Java | Lang::Kotlin => jvm(site),
            Lang::CSharp => csharp(site),
            Lang::Go => golang(code, site),
            Lang::Script => script(site),
            Lang::Python => python(site),
            Lang::Ruby => ruby(site),
            _ => None,
        };
        match found {
            Some((of, Given::Value(expr))) => {
                if let Some((ty, fields, open)) = value(code, expr, site.function, MAX_STEPS) {
                    stated.push(site.span());
                    state(code, site, of, ty, fields, open, sink);
                }
            }
            Some((of, Given::Type(ty))) => state(code, site, of, ty, Vec::new(), false, sink),
            None => super::handed::extract(code, site, sink),
        }
    }
    // What is turned into text of its own is sent by somebody: `sendToQueue(q, Buffer.from(JSON.stringify(order)))`.
    for site in code.calls() {
        let within = |outer: &Span| {
            let starts = (outer.line, outer.column) <= (site.span().line, site.span().column);
            starts && site.span().end_line <= outer.end_line
        };
        let Some(given) = turned(code, site).filter(|_| !stated.iter().any(within)) else { continue };
        if let Some((ty, fields, open)) = value(code, given, site.function, MAX_STEPS) {
            state(code, site, BodyOf::Asked, ty, fields, open, sink);
        }
    }
    taken(code, sink);
    super::views::extract(code, sink);
}

/// The value that a call turns into a message's text, or sends as a message whose text a converter makes of it.
fn turned<'a>(code: &Code<'a>, site: &Site<'a>) -> Option<&'a Expr> {
    let call = site.call;
    let on = call.receiver().and_then(Expr::path).unwrap_or_default();
    match (code.unit.lang, call.name()) {
        (Lang::Script, "stringify") if on == "JSON" => call.arg(0),
        (Lang::Python, "dumps") if on == "json" => call.arg(0),
        (Lang::Java | Lang::Kotlin, "writeValueAsString" | "writeValueAsBytes") => call.arg(0),
        (Lang::Java | Lang::Kotlin, "send" | "sendDefault" | "convertAndSend" | "sendAndReceive")
            if ["template", "bridge", "producer", "sender", "publisher"]
                .iter()
                .any(|w| on.to_ascii_lowercase().contains(w)) =>
        {
            call.args.last().map(|a| &a.value)
        }
        (Lang::CSharp, "Serialize") if on.ends_with("JsonSerializer") => call.arg(0),
        (Lang::CSharp, "Publish" | "PublishAsync" | "BasicPublish") => call.args.last().map(|a| &a.value),
        (Lang::Ruby, "to_json") => call.receiver(),
        (Lang::Ruby, "generate" | "dump") if on == "JSON" => call.arg(0),
        (Lang::Php, "json_encode") => call.arg(0),
        _ => None,
    }
}

/// Faraday, HTTParty, RestClient, Net::HTTP: `post(url, body)`, `post(url, body: { … })`.
fn ruby<'a>(site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    if !matches!(call.name(), "post" | "put" | "patch") || call.receiver().is_none() {
        return None;
    }
    let body = ["json", "body", "payload"].iter().find_map(|key| call.named(key)).or_else(|| call.arg(1));
    body.map(|v| (BodyOf::Asked, Given::Value(v)))
}

enum Given<'a> {
    Value(&'a Expr),
    Type(SmolStr),
}

fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    of: BodyOf,
    ty: SmolStr,
    fields: Vec<ShapeField>,
    open: bool,
    sink: &mut Sink,
) {
    sink.stated(Claim::Body(Body { of, ty, fields, open, within: code.within(site.function) }), site.span());
}

type Found<'a> = Option<(BodyOf, Given<'a>)>;

fn jvm<'a>(site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    let at = match call.name() {
        "postForObject" | "postForEntity" | "patchForObject" => 1,
        "exchange" => 2,
        "bodyValue" | "syncBody" => 0,
        // Spring's clients that are written as a chain.
        "bodyToMono" | "toEntity" | "body" | "bodyToFlux" | "toEntityList" if call.arg(0).and_then(named).is_some() => {
            let ty = call.arg(0).and_then(named)?;
            let many = matches!(call.name(), "bodyToFlux" | "toEntityList");
            let ty = if many { format_smolstr!("List<{ty}>") } else { ty };
            return Some((BodyOf::Answered, Given::Type(ty)));
        }
        "body" if call.receiver().and_then(Expr::path).is_some_and(|on| on.contains(".uri(")) => 0,
        _ => return None,
    };
    call.arg(at).map(|v| (BodyOf::Asked, Given::Value(v)))
}

/// The type that an argument names: `Price.class`, `new ParameterizedTypeReference<List<Price>>() {}`.
fn named(arg: &Expr) -> Option<SmolStr> {
    match &arg.kind {
        ExprKind::Name(name) if name.starts_with(|c: char| c.is_ascii_uppercase()) => Some(name.clone()),
        ExprKind::Call(call) if call.new && call.name() == "ParameterizedTypeReference" => {
            call.type_args.first().cloned()
        }
        _ => None,
    }
    .filter(|t| !matches!(t.as_str(), "Void" | "String" | "Object"))
}

fn csharp<'a>(site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    let typed = || call.type_args.first().map(|t| (BodyOf::Answered, Given::Type(t.clone())));
    match call.name() {
        "PostAsJsonAsync" | "PutAsJsonAsync" | "PatchAsJsonAsync" => {
            call.arg(1).map(|v| (BodyOf::Asked, Given::Value(v)))
        }
        "SerializeObject" => call.arg(0).map(|v| (BodyOf::Asked, Given::Value(v))),
        "GetFromJsonAsync" | "ReadFromJsonAsync" | "ReadContentAs" | "ReadAsAsync" | "DeserializeObject" => typed(),
        _ => None,
    }
}

fn golang<'a>(code: &Code<'a>, site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    let on = call.receiver().and_then(Expr::path).unwrap_or_default();
    let gives = |of, at: usize| call.arg(at).map(|v| (of, Given::Value(v)));
    match call.name() {
        "BindJSON" | "ShouldBindJSON" | "BodyParser" | "Bind" | "ShouldBind" => gives(BodyOf::Taken, 0),
        "JSON" | "IndentedJSON" if call.args.len() == 2 => gives(BodyOf::Given, 1),
        "Decode" if on.contains("NewDecoder") => {
            let source = call.receiver().and_then(|r| r.as_call()).and_then(|c| c.arg(0)).and_then(Expr::path)?;
            let of = if source == "r.Body" || source == "req.Body" || source.ends_with("request.Body") {
                let params = &code.outermost(site.function).params;
                params.iter().any(|p| p.ty.ends_with("http.Request")).then_some(BodyOf::Taken)?
            } else if source.ends_with(".Body") {
                BodyOf::Answered
            } else {
                return None;
            };
            gives(of, 0)
        }
        "Marshal" if on == "json" => gives(if written_back(code, site) { BodyOf::Given } else { BodyOf::Asked }, 0),
        "Unmarshal" if on == "json" => gives(BodyOf::Answered, 1),
        "Encode" if on.contains("NewEncoder") => {
            let target = call.receiver().and_then(|r| r.as_call()).and_then(|c| c.arg(0)).and_then(Expr::path)?;
            let known = matches!(target.as_str(), "w" | "rw" | "writer") || answers(code, site.function, &target);
            known.then(|| gives(BodyOf::Given, 0))?
        }
        _ => None,
    }
}

/// Whether a name is what a handler writes its answer to.
fn answers(code: &Code<'_>, function: usize, name: &str) -> bool {
    let mut at = Some(function);
    while let Some(index) = at {
        let f = code.function(index);
        if let Some(param) = f.params.iter().find(|p| p.name == name) {
            return param.ty.ends_with("http.ResponseWriter");
        }
        at = f.parent;
    }
    false
}

/// Whether what a call made is written as the answer to a request: `data, err := json.Marshal(v)`, `w.Write(data)`.
fn written_back(code: &Code<'_>, site: &Site<'_>) -> bool {
    code.calls_named(&["Write"]).iter().filter(|w| w.function == site.function).any(|write| {
        let to = write.call.receiver().and_then(Expr::path).is_some_and(|p| answers(code, site.function, &p));
        let made = || match write.call.arg(0).map(|a| &a.kind) {
            Some(ExprKind::Name(name)) => code
                .bindings(name, site.function)
                .is_some_and(|all| all.iter().any(|b| b.value.span.line == site.expr.span.line)),
            _ => false,
        };
        to && made()
    })
}

fn script<'a>(site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    let on = call.receiver().and_then(Expr::path).unwrap_or_default();
    let plain = on.trim_end_matches("()");
    match call.name() {
        "post" | "put" | "patch"
            if plain.ends_with("axios") || plain.ends_with("http") || plain.ends_with("httpService") =>
        {
            call.arg(1).map(|v| (BodyOf::Asked, Given::Value(v)))
        }
        "fetch" => call.arg(1).and_then(|o| o.key("body")).map(|v| (BodyOf::Asked, Given::Value(v))),
        "json" | "send" if on == "res" || on.starts_with("res.status()") || on == "response" || on == "reply" => {
            // An answer that says what went wrong is no answer to what was asked.
            let literal = |v: &&Expr| !matches!(&v.kind, ExprKind::Object(entries) if is_error(entries));
            call.arg(0).filter(literal).map(|v| (BodyOf::Given, Given::Value(v)))
        }
        _ => None,
    }
}

fn python<'a>(site: &Site<'a>) -> Found<'a> {
    let call = site.call;
    match call.name() {
        "post" | "put" | "patch" => {
            let body = call.named("json").or_else(|| {
                call.named("data").filter(|d| d.as_call().is_some_and(|c| matches!(c.name(), "dumps" | "jsonify")))
            });
            body.map(|v| (BodyOf::Asked, Given::Value(v)))
        }
        "jsonify" => {
            let literal = |v: &&Expr| !matches!(&v.kind, ExprKind::Object(entries) if is_error(entries));
            call.arg(0).filter(literal).map(|v| (BodyOf::Given, Given::Value(v)))
        }
        _ => None,
    }
}

fn is_error(entries: &[(SmolStr, Expr)]) -> bool {
    entries.iter().any(|(k, _)| matches!(k.as_str(), "error" | "errors" | "message" | "msg" | "detail"))
}

pub(super) type Known = (SmolStr, Vec<ShapeField>, bool);

/// The type of a value, or the keys of the literal that it is.
fn value(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Option<Known> {
    let steps = steps.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Object(entries) => literal(entries),
        // Ruby calls without parentheses.
        ExprKind::Member(on, name) if matches!(name.as_str(), "to_json" | "to_h") => value(code, on, function, steps),
        ExprKind::Call(call) => called(code, call, function, steps),
        ExprKind::Name(name) => {
            if let Some(ty) = code.declared(name, function).filter(|t| is_type(t) && !is_map(t)) {
                return Some((ty, Vec::new(), false));
            }
            let own = code.function(function).params.iter().find(|p| p.name == *name);
            if let Some(ty) = own.map(|p| p.ty.clone()).filter(|t| is_type(t)) {
                return Some((ty, Vec::new(), false));
            }
            let bindings = code.bindings(name, function)?;
            let [only] = bindings else { return None };
            if is_type(only.ty) && !is_map(only.ty) {
                return Some((only.ty.clone(), Vec::new(), false));
            }
            let (ty, mut fields, open) = value(code, only.value, only.function, steps)?;
            if ty.is_empty() {
                added(code, name, function, &mut fields);
                // A map that nothing is seen to be put into is filled elsewhere.
                if fields.is_empty() {
                    return None;
                }
            }
            Some((ty, fields, open))
        }
        _ => None,
    }
}

/// `order["note"] = …` after the literal.
fn added(code: &Code<'_>, name: &str, function: usize, fields: &mut Vec<ShapeField>) {
    fn walk<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(&'s Expr)) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, .. } => visit(target),
                Stmt::Block { body, .. } => walk(body, visit),
                Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
            }
        }
    }
    // `event.put("note", …)`, `body.insert("note", …)`, `event.Add("note", …)`
    walk_stmts(&code.function(function).body, &mut |expr| {
        let Some(call) = expr.as_call() else { return };
        let puts = matches!(call.name(), "put" | "insert" | "Add" | "TryAdd" | "addProperty" | "store" | "set");
        let of = call.receiver().is_some_and(|r| matches!(&r.kind, ExprKind::Name(n) if n == name));
        let key = call.arg(0).and_then(|a| a.as_str()).filter(|_| puts && of && call.args.len() == 2);
        if let Some(key) = key {
            let ty = call.arg(1).map(kind_of).unwrap_or_default();
            fields.push(field(key.clone(), ty, expr.span.line));
        }
    });
    walk(&code.function(function).body, &mut |target| {
        let (base, key) = match &target.kind {
            ExprKind::Member(base, key) => (base, Some(key.clone())),
            ExprKind::Index(base, key) => (base, key.as_str().cloned()),
            _ => return,
        };
        if let (ExprKind::Name(n), Some(key)) = (&base.kind, key)
            && n == name
        {
            fields.push(field(key, SmolStr::default(), target.span.line));
        }
    });
}

/// A map of whatever keys.
fn is_map(ty: &str) -> bool {
    let plain = ty.split(['<', '[', ' ']).next().unwrap_or(ty).rsplit('.').next().unwrap_or(ty);
    matches!(
        plain,
        "Map"
            | "HashMap"
            | "LinkedHashMap"
            | "TreeMap"
            | "MutableMap"
            | "Dictionary"
            | "IDictionary"
            | "JSONObject"
            | "JsonObject"
            | "ObjectNode"
            | "JObject"
            | "map"
            | "dict"
            | "Hash"
            | "ExpandoObject"
    )
}

fn is_type(ty: &str) -> bool {
    !matches!(
        ty,
        "" | "HttpEntity"
            | "RequestEntity"
            | "HttpContent"
            | "StringContent"
            | "JsonContent"
            | "var"
            | "val"
            | "let"
            | "const"
            | "object"
            | "Object"
            | "dynamic"
            | "any"
            | "dict"
            | "interface{}"
    )
}

/// A value that a call makes or wraps.
fn called(code: &Code<'_>, call: &Call, function: usize, steps: usize) -> Option<Known> {
    let inner = |at: usize| call.arg(at).and_then(|v| value(code, v, function, steps));
    match call.name() {
        "HttpEntity" | "stringify" | "dumps" | "jsonify" | "just" | "Serialize" | "SerializeObject"
        | "StringContent" | "Create" | "toJson" | "Marshal" | "writeValueAsString" | "json_encode" => inner(0),
        "to_json" => call.receiver().and_then(|v| value(code, v, function, steps)),
        // An empty map, to be filled.
        name if is_map(name) && call.args.is_empty() => Some((SmolStr::default(), Vec::new(), false)),
        "hashMapOf" | "mutableMapOf" | "createObjectNode" | "linkedMapOf" if call.args.is_empty() => {
            Some((SmolStr::default(), Vec::new(), false))
        }
        // `Map.of("id", id, "total", total)`
        "of" if call.receiver().and_then(Expr::path).as_deref() == Some("Map") && !call.args.is_empty() => {
            let keys: Vec<&Arg> = call.args.iter().step_by(2).collect();
            let open = keys.iter().any(|a| a.value.as_str().is_none());
            let fields = keys
                .iter()
                .filter_map(|a| Some(field(a.value.as_str()?.clone(), SmolStr::default(), a.value.span.line)));
            Some((SmolStr::default(), fields.collect(), open))
        }
        "dict" if !call.args.is_empty() && call.args.iter().all(|a: &Arg| a.name.is_some()) => {
            let keys = call.args.iter().filter_map(|a| Some((a.name.clone()?, &a.value)));
            Some((SmolStr::default(), keys.map(|(k, v)| field(k, kind_of(v), v.span.line)).collect(), false))
        }
        name if call.new => match call.args.as_slice() {
            // `gin.H{…}` and `map[string]any{…}` are literals.
            [Arg { value: Expr { kind: ExprKind::Object(entries), .. }, .. }] if name == "H" || name.is_empty() => {
                literal(entries)
            }
            _ if name.starts_with(char::is_uppercase) => Some((name.into(), Vec::new(), false)),
            _ => None,
        },
        _ => made_here(code, call, steps),
    }
}

/// What a function of the same file makes, where it is the only one of its name and returns one thing.
fn made_here(code: &Code<'_>, call: &Call, steps: usize) -> Option<Known> {
    let own = call.receiver().is_none_or(|r| matches!(&r.kind, ExprKind::Name(n) if n == "this" || n == "self"));
    let mut named = code.unit.functions.iter().enumerate().filter(|(_, f)| f.name == call.name());
    let (index, function) = named.next().filter(|_| own && named.next().is_none())?;
    let results = returned(&function.body);
    match results.as_slice() {
        [one] => value(code, one, index, steps).filter(|(ty, fields, _)| ty.is_empty() && !fields.is_empty()),
        _ => None,
    }
}

pub(super) fn literal(entries: &[(SmolStr, Expr)]) -> Option<Known> {
    let plain = |k: &str| !k.is_empty() && k.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let open = entries.iter().any(|(k, _)| !plain(k));
    let known = entries.iter().filter(|(k, _)| plain(k));
    let fields = known.map(|(k, v)| field(k.clone(), kind_of(v), v.span.line)).collect();
    Some((SmolStr::default(), fields, open))
}

fn kind_of(value: &Expr) -> SmolStr {
    match &value.kind {
        ExprKind::Str(_) | ExprKind::Concat(_) => "string".into(),
        ExprKind::Num(_) => "number".into(),
        ExprKind::Bool(_) => "boolean".into(),
        _ => SmolStr::default(),
    }
}

fn field(name: SmolStr, ty: SmolStr, line: u32) -> ShapeField {
    ShapeField { name, ty, required: None, number: None, line }
}

/// A message's text that is taken apart: `JSON.parse(msg.content.toString())`, `json.loads(body)`.
fn is_read(code: &Code<'_>, expr: &Expr) -> bool {
    let Some(call) = expr.as_call() else { return false };
    let on = call.receiver().and_then(Expr::path).unwrap_or_default();
    let parses = match code.unit.lang {
        Lang::Script => on == "JSON" && call.name() == "parse",
        Lang::Python => on == "json" && call.name() == "loads",
        Lang::Ruby => on == "JSON" && call.name() == "parse",
        _ => false,
    };
    const HOLDS: [&str; 9] = ["content", "value", "body", "data", "message", "msg", "payload", "event", "record"];
    let of = |e: &Expr| {
        let mut found = false;
        e.walk(&mut |e| {
            found |= match &e.kind {
                ExprKind::Name(name) | ExprKind::Member(_, name) => HOLDS.contains(&name.as_str()),
                _ => false,
            }
        });
        found
    };
    parses && call.arg(0).is_some_and(of)
}

/// The keys that a handler reads of the request's body, or a consumer of a message.
fn taken(code: &Code<'_>, sink: &mut Sink) {
    let script = code.unit.lang == Lang::Script;
    let is_body = |expr: &Expr, function: usize| -> bool {
        let direct = |e: &Expr| {
            if is_read(code, e) {
                return true;
            }
            let path = e.path().unwrap_or_default();
            match code.unit.lang {
                Lang::Script => matches!(path.as_str(), "req.body" | "request.body" | "ctx.request.body"),
                Lang::Python => matches!(path.as_str(), "request.json" | "request.get_json()" | "flask.request.json"),
                _ => false,
            }
        };
        let map = |p: &super::ir::Param| {
            let body = p.annotations.iter().any(|a| matches!(a.simple(), "RequestBody" | "Body" | "FromBody"));
            body && is_map(&p.ty)
        };
        match &expr.kind {
            // `@RequestBody Map<String, Object> body`
            ExprKind::Name(name) if code.function(function).params.iter().any(|p| p.name == *name && map(p)) => true,
            ExprKind::Name(name) => {
                matches!(code.bindings(name, function), Some([only]) if only.function == function && direct(only.value))
            }
            _ => direct(expr),
        }
    };
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut found: BTreeMap<SmolStr, Span> = BTreeMap::new();
        walk_stmts(&function.body, &mut |expr| {
            let (base, key) = match &expr.kind {
                ExprKind::Member(base, key) if script => (&**base, Some(key.clone())),
                ExprKind::Index(base, key) => (&**base, key.as_str().cloned()),
                ExprKind::Call(call) if matches!(call.name(), "get" | "getOrDefault" | "fetch") && !script => {
                    let Some(base) = call.receiver() else { return };
                    (base, call.arg(0).and_then(|a| a.as_str().cloned()))
                }
                _ => return,
            };
            if let Some(key) = key
                && is_body(base, index)
            {
                found.entry(key).or_insert(expr.span);
            }
        });
        if let Some(first) = found.values().map(|s| (s.line, *s)).min().map(|(_, s)| s) {
            let fields = found.into_iter().map(|(key, at)| field(key, SmolStr::default(), at.line)).collect();
            // What is read here may not be all that is read.
            let body =
                Body { of: BodyOf::Taken, ty: SmolStr::default(), fields, open: true, within: code.within(index) };
            sink.stated(Claim::Body(body), first);
        }
    }
}
