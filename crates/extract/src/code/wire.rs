//! Names and forms of what travels beside or inside of requests and messages: claims of tokens, metadata and headers of one's own,
//! and how a message is written. See `wire.md`.
//!
//! Invariant: a name is stated only where it is a text of this file, and a side only where the call says which one it is.

use super::Code;
use super::ir::{Call, Expr, ExprKind, Stmt};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Argument, Claim, Pass, SmolStr, Span, Value, wire};

pub static EXTRACTOR: Extractor =
    Extractor { id: "wire", version: 1, page: include_str!("wire.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let lower = code.text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let tokens = has(&["jwt", "claim"]);
    let beside = has(&["metadata", "x-"]);
    let messages =
        has(&["publish", "consume", "subscrib", "kafka", "nats", "amqp", "rabbit", "sqs", "pubsub", "produce"]);
    if matches!(code.unit.lang, Lang::Java | Lang::Kotlin) && lower.contains("loadbalanced") {
        balanced(code, sink);
    }
    if !(tokens || beside || messages) {
        return;
    }
    for site in code.calls() {
        let (call, function) = (site.call, site.function);
        let mut out = Vec::new();
        if tokens {
            issued(code, call, function, &mut out);
            out.extend(asked(call).map(|(name, span)| (wire::CLAIM_READ, name, span)));
        }
        if beside {
            carried(call, &mut out);
        }
        if messages {
            out.extend(form(code, call).map(|(kind, form)| (kind, form.into(), site.span())));
        }
        state(code, function, out, sink);
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut out = Vec::new();
        if beside {
            for a in function.params.iter().flat_map(|p| &p.annotations) {
                let read = matches!(a.simple(), "RequestHeader" | "HeaderParam" | "FromHeader" | "Headers");
                let name = a.arg("value").or_else(|| a.arg("name")).or_else(|| a.arg("Name")).and_then(Expr::as_str);
                if let Some(name) = name.filter(|n| read && is_own_header(n)) {
                    out.push((wire::METADATA_READ, name.clone(), a.span));
                }
            }
        }
        if tokens || beside {
            indexed(code, index, &function.body, (tokens, beside), &mut out);
        }
        state(code, index, out, sink);
    }
}

/// `@LoadBalanced` on a bean, a field or a parameter.
fn balanced(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let own = function.annotations.iter().chain(function.params.iter().flat_map(|p| &p.annotations));
        let found =
            own.filter(|a| a.simple() == "LoadBalanced").map(|a| (wire::BALANCED, function.name.clone(), a.span));
        state(code, index, found.collect(), sink);
    }
    for ty in &code.unit.types {
        let own = ty.fields.iter().flat_map(|f| f.annotations.iter().map(move |a| (f, a)));
        let found =
            own.filter(|(_, a)| a.simple() == "LoadBalanced").map(|(f, a)| (wire::BALANCED, f.name.clone(), a.span));
        state(code, 0, found.collect(), sink);
    }
}

fn state(code: &Code<'_>, function: usize, found: Vec<(&'static str, SmolStr, Span)>, sink: &mut Sink) {
    for (kind, name, span) in found {
        let args = vec![Argument { name: None, value: Value::text(name) }];
        sink.stated(Claim::Pass(Pass { callee: kind.into(), args, within: code.within(function), made: None }), span);
    }
}

type Found = Vec<(&'static str, SmolStr, Span)>;

fn last(call: &Call) -> String {
    let path = call.receiver().and_then(Expr::path).unwrap_or_default();
    path.rsplit(['.', ':', '#', '\\', '>']).next().unwrap_or_default().trim_end_matches("()").to_ascii_lowercase()
}

/// A token is made with these claims.
fn issued(code: &Code<'_>, call: &Call, function: usize, out: &mut Found) {
    let on = last(call);
    let of_tokens = || on.contains("jwt") || on == "jsonwebtoken";
    let whole = match call.name() {
        "sign" | "signAsync" | "encode" if of_tokens() => call.arg(0),
        "SignJWT" if call.new => call.arg(0),
        "MapClaims" => call.args.iter().map(|a| &a.value).find(|v| matches!(v.kind, ExprKind::Object(_))),
        // One claim after the other.
        "claim" | "withClaim" | "withArrayClaim" if call.args.len() > 1 => {
            out.extend(call.arg(0).and_then(|a| Some((wire::CLAIM_GIVEN, a.as_str()?.clone(), a.span))));
            return;
        }
        "Claim" if call.new && code.unit.lang == Lang::CSharp => {
            out.extend(call.arg(0).and_then(|a| Some((wire::CLAIM_GIVEN, a.as_str()?.clone(), a.span))));
            return;
        }
        _ => return,
    };
    let Some(whole) = whole else { return };
    let (object, _) = code.resolved(whole, function);
    match &object.kind {
        ExprKind::Object(entries) => {
            for (key, value) in entries {
                let key = key.trim_matches(['"', '\'']);
                let name = if key.starts_with("...") || key.is_empty() { wire::OPEN } else { key };
                out.push((wire::CLAIM_GIVEN, name.into(), value.span));
            }
        }
        _ => out.push((wire::CLAIM_GIVEN, wire::OPEN.into(), whole.span)),
    }
}

/// A claim is asked for by its name.
fn asked(call: &Call) -> Option<(SmolStr, Span)> {
    let on = last(call);
    let of_claims =
        || ["claims", "claim", "payload", "jwt", "token", "principal", "getclaims"].iter().any(|w| on.ends_with(w));
    let read = match call.name() {
        "getClaim" | "getClaimAsString" | "getClaimAsStringList" | "FindFirst" | "FindFirstValue" | "HasClaim" => true,
        "get" | "getString" | "getInt" | "TryGetValue" => of_claims(),
        _ => false,
    };
    let name = call.arg(0).filter(|_| read)?;
    Some((name.as_str()?.clone(), name.span))
}

/// Headers that somebody made up; those that proxies, tracers and browsers know are theirs.
fn is_own_header(name: &str) -> bool {
    const KNOWN: [&str; 14] = [
        "x-forwarded",
        "x-b3-",
        "x-real-ip",
        "x-request-id",
        "x-powered-by",
        "x-requested-with",
        "x-frame",
        "x-xss",
        "x-content-type",
        "x-csrf",
        "x-xsrf",
        "x-amz",
        "x-ot-span",
        "x-cloud-trace",
    ];
    let name = name.to_ascii_lowercase();
    name.starts_with("x-")
        && name.len() > 4
        && !name.contains([' ', '/', '*'])
        && !KNOWN.iter().any(|k| name.starts_with(k))
}

/// Metadata of gRPC, and headers of one's own: put in or taken out by a call.
fn carried(call: &Call, out: &mut Found) {
    let path = call.receiver().and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
    let on = last(call);
    let metadata = on.contains("metadata") || on == "md";
    let text = |at: usize| call.arg(at).and_then(|a| Some((a.as_str()?.clone(), a.span)));
    match call.name() {
        "AppendToOutgoingContext" | "Pairs" if metadata => {
            let from = usize::from(call.name() == "AppendToOutgoingContext");
            let keys = (from..call.args.len()).step_by(2).filter_map(text);
            out.extend(keys.map(|(name, span)| (wire::METADATA_GIVEN, name, span)));
        }
        "add" | "set" | "append" | "Add" | "Set" | "Append" | "put" | "insert" | "header" | "setHeader"
        | "addHeader"
            if call.args.len() > 1 =>
        {
            let own = |name: &str| metadata || is_own_header(name);
            out.extend(text(0).filter(|(n, _)| own(n)).map(|(name, span)| (wire::METADATA_GIVEN, name, span)));
        }
        "get" if call.receiver().is_none() && call.args.len() > 1 => {
            // `get(metadata.getMap(), 'user', '')`.
            let of = call.arg(0).and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
            if of.contains("metadata") {
                out.extend(text(1).map(|(name, span)| (wire::METADATA_READ, name, span)));
            }
        }
        "get" | "Get" | "getHeader" | "header" | "GetHeader" | "first" if call.args.len() == 1 => {
            let own = |name: &str| metadata || path.contains("metadata") || is_own_header(name);
            out.extend(text(0).filter(|(n, _)| own(n)).map(|(name, span)| (wire::METADATA_READ, name, span)));
        }
        "ValueFromIncomingContext" => {
            out.extend(text(1).map(|(name, span)| (wire::METADATA_READ, name, span)));
        }
        _ => {}
    }
    // `headers: {'X-User': id}`, `metadata=[("user", id)]`.
    for arg in &call.args {
        let beside = arg.name.as_deref() == Some("metadata");
        arg.value.walk(&mut |e| match &e.kind {
            ExprKind::Object(entries) => {
                for (key, value) in entries {
                    let key = key.trim_matches(['"', '\'']);
                    if is_own_header(key) {
                        out.push((wire::METADATA_GIVEN, key.into(), value.span));
                    }
                }
            }
            ExprKind::List(pair) if beside && pair.len() == 2 => {
                out.extend(pair[0].as_str().map(|name| (wire::METADATA_GIVEN, name.clone(), e.span)));
            }
            _ => {}
        });
    }
}

/// `claims["user"]`, `decoded.user`, `metadata["user"]`, `req.headers["x-user"]`; the same as a target is given.
fn indexed(code: &Code<'_>, function: usize, body: &[Stmt], (tokens, beside): (bool, bool), out: &mut Found) {
    let mut given: Vec<*const Expr> = Vec::new();
    fn targets(stmts: &[Stmt], given: &mut Vec<*const Expr>) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, .. } => given.push(std::ptr::from_ref(target)),
                Stmt::Block { body, .. } => targets(body, given),
                Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
            }
        }
    }
    targets(body, &mut given);
    super::ir::walk_stmts(body, &mut |e| {
        let (base, name) = match &e.kind {
            ExprKind::Index(base, key) => match key.as_str() {
                Some(key) => (base, key),
                None => return,
            },
            ExprKind::Member(base, name) => (base, name),
            _ => return,
        };
        let by_index = matches!(e.kind, ExprKind::Index(..));
        let path = base.path().unwrap_or_default().to_ascii_lowercase();
        let on = path.rsplit(['.', '>']).next().unwrap_or_default().trim_matches(['$', '(', ')']);
        let put = given.iter().any(|g| std::ptr::eq(*g, e));
        if tokens {
            let named = by_index && ["claim", "payload", "decoded"].iter().any(|w| on.contains(w));
            if named || decodes(code, base, function) {
                out.push((if put { wire::CLAIM_GIVEN } else { wire::CLAIM_READ }, name.clone(), e.span));
            }
        }
        if beside && by_index && (path.contains("metadata") && !on.contains("annotation") || is_own_header(name)) {
            out.push((if put { wire::METADATA_GIVEN } else { wire::METADATA_READ }, name.clone(), e.span));
        }
    });
}

/// Whether a name stands for a token that was opened: `const token = jwt.verify(text, key)`.
fn decodes(code: &Code<'_>, base: &Expr, function: usize) -> bool {
    let ExprKind::Name(_) = &base.kind else { return false };
    let (value, _) = code.resolved(base, function);
    value.as_call().is_some_and(|call| match call.name() {
        "jwtDecode" | "jwt_decode" | "decodeJwt" | "decodeJWT" | "jwtVerify" => true,
        "verify" | "decode" | "verifyAsync" => {
            let on = last(call);
            on.contains("jwt") || on == "jsonwebtoken"
        }
        _ => false,
    })
}

/// How a value is written to bytes or text, or read from such.
fn form(code: &Code<'_>, call: &Call) -> Option<(&'static str, &'static str)> {
    let (name, on) = (call.name(), last(call));
    let of_json = matches!(
        on.as_str(),
        "json"
            | "jsoniter"
            | "sonic"
            | "serde_json"
            | "ujson"
            | "orjson"
            | "jsonserializer"
            | "jsonconvert"
            | "jason"
            | "poison"
            | "gson"
    ) || on.ends_with("objectmapper")
        || on.ends_with("mapper");
    let (written, read) = (wire::WRITTEN_AS, wire::READ_AS);
    let family = match on.as_str() {
        _ if of_json => Some("JSON"),
        "proto" | "protobuf" | "protojson" if on != "protojson" => Some("Protocol Buffers"),
        "msgpack" | "messagepack" | "rmp_serde" | "messagepackserializer" => Some("MessagePack"),
        "pickle" | "cpickle" => Some("pickle"),
        "bincode" => Some("bincode"),
        "gob" => Some("gob"),
        "bson" => Some("BSON"),
        "yaml" => Some("YAML"),
        "xml" | "xmlserializer" => Some("XML"),
        _ => None,
    };
    let kind = match name {
        "Marshal"
        | "MarshalIndent"
        | "stringify"
        | "dumps"
        | "packb"
        | "pack"
        | "to_string"
        | "to_vec"
        | "Serialize"
        | "SerializeObject"
        | "SerializeToUtf8Bytes"
        | "writeValueAsString"
        | "writeValueAsBytes"
        | "toJson"
        | "encode!"
        | "encode"
        | "serialize" => Some(written),
        "Unmarshal" | "parse" | "loads" | "unpackb" | "unpack" | "from_str" | "from_slice" | "Deserialize"
        | "DeserializeObject" | "readValue" | "fromJson" | "decode!" | "decode" | "deserialize" => Some(read),
        _ => None,
    };
    match (name, family, kind) {
        ("SerializeToString" | "toByteArray" | "ToByteArray" | "encode_to_vec", ..) if call.args.len() <= 1 => {
            Some((written, "Protocol Buffers"))
        }
        ("ParseFromString" | "parseFrom" | "ParseFrom", ..) => Some((read, "Protocol Buffers")),
        // Elixir, and others whose names are plain, say whose it is.
        ("encode" | "decode" | "encode!" | "decode!", ..) if code.unit.lang != Lang::Elixir => None,
        (_, Some(family), Some(kind)) => Some((kind, family)),
        ("json_encode", ..) => Some((written, "JSON")),
        ("json_decode", ..) => Some((read, "JSON")),
        _ => None,
    }
}
