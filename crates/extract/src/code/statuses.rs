//! Statuses of HTTP and gRPC in code: which ones handlers answer with, and what callers do about those they get. See
//! `statuses.md`.
//!
//! Invariant: what is not clearly an answer or a question is only named; whatever looks at a status in a way that is not
//! known here counts as a check.

use super::Code;
use super::ir::{BlockKind, Call, Expr, ExprKind, Stmt};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Span, Status, StatusOf, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "statuses",
    version: 3,
    page: include_str!("statuses.md"),
    reads: Reads::Code {
        langs: &[Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Python, Lang::Script, Lang::Go, Lang::Rust],
        extract,
    },
};

/// What one file says, each thing once for each function, at its first place.
type Found = BTreeMap<(StatusOf, SmolStr, SmolStr, SmolStr), Span>;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut look = Look { code, lines: code.text.lines().collect(), found: Found::new(), function: 0 };
    // A client that is made to raise does so for every function that uses it.
    let raises = code.text.contains("raise_for_status=True");
    for (index, function) in code.unit.functions.iter().enumerate() {
        look.function = index;
        let mapped = look.handled(index);
        let before = look.found.len();
        for annotation in &function.annotations {
            let whole = matches!(annotation.simple(), "ResponseStatus" | "HttpCode");
            // `@app.post("/orders", status_code=201)`
            let own = annotation.args.iter().filter(|a| whole || a.name.as_deref() == Some("status_code"));
            for arg in own {
                match number(&arg.value) {
                    Some(status) => look.given(status, annotation.span),
                    None => look.expr(&arg.value, Context::Given),
                }
            }
        }
        look.stmts(&function.body);
        if raises {
            look.note(StatusOf::Checked, "", function.span);
        }
        if !mapped.is_empty() && look.found.len() > before {
            look.map(&mapped, index);
        }
    }
    look.types();
    look.cases();
    look.names();
    for ((of, status, ty, within), at) in look.found {
        sink.stated(Claim::Status(Status { of, code: status, ty, within }), at);
    }
}

/// Where a status stands: in a question about one, or among what is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Asked,
    Given,
}

struct Look<'a> {
    code: &'a Code<'a>,
    lines: Vec<&'a str>,
    found: Found,
    function: usize,
}

impl<'a> Look<'a> {
    fn note(&mut self, of: StatusOf, status: impl Into<SmolStr>, at: Span) {
        let within = self.code.within(self.function);
        self.found.entry((of, status.into(), SmolStr::default(), within)).or_insert(at);
    }

    fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, value, span, .. } => {
                    // `response.status_code = 404`.
                    if is_status(target)
                        && let Some(status) = number(value).or_else(|| self.word(value))
                    {
                        self.given(status, *span);
                    } else if is_status(target) && receiver_answers(target) {
                        self.note(StatusOf::Given, "", *span);
                    } else {
                        self.expr(target, Context::Given);
                        self.expr(value, Context::Given);
                    }
                }
                // The value of a case stands by itself.
                Stmt::Expr(e) if matches!(e.kind, ExprKind::Member(..)) && self.word(e).is_some() => {
                    self.expr(e, Context::Asked);
                }
                Stmt::Expr(e) => self.expr(e, Context::Given),
                Stmt::Return(e) => {
                    if let ExprKind::List(parts) = &e.kind
                        && self.code.unit.lang == Lang::Python
                        && parts.len() > 1
                    {
                        match number(&parts[1]) {
                            Some(status) => self.given(status, e.span),
                            None if is_status(&parts[1]) => self.note(StatusOf::Given, "", e.span),
                            None => {}
                        }
                    }
                    self.expr(e, Context::Given);
                }
                Stmt::Block { kind, head, body, .. } => {
                    if let Some(head) = head {
                        match kind {
                            BlockKind::Branch | BlockKind::Loop => self.expr(head, Context::Asked),
                            BlockKind::Catch => self.caught(head),
                            BlockKind::Try | BlockKind::Finally | BlockKind::With => self.expr(head, Context::Given),
                        }
                    }
                    self.stmts(body);
                }
                Stmt::Leave(..) => {}
            }
        }
    }

    fn given(&mut self, status: SmolStr, at: Span) {
        if fails(&status) {
            self.note(StatusOf::Given, status, at);
        } else if status.starts_with('2') {
            self.note(StatusOf::Succeeds, status, at);
        }
    }

    fn expr(&mut self, expr: &'a Expr, context: Context) {
        if let Some(status) = self.word(expr) {
            match context {
                Context::Asked if fails(&status) => self.note(StatusOf::Told, status, expr.span),
                Context::Asked => self.note(StatusOf::Checked, "", expr.span),
                Context::Given => self.given(status, expr.span),
            }
            return;
        }
        match &expr.kind {
            ExprKind::Other(parts) if self.compares(parts) => return self.compared(expr, parts),
            ExprKind::Call(call) => return self.call(expr, call, context),
            ExprKind::Member(..) | ExprKind::Name(_) if is_check(expr) || is_status(expr) && receiver_answers(expr) => {
                self.note(StatusOf::Checked, "", expr.span);
            }
            ExprKind::Object(entries) => {
                for (key, value) in entries {
                    match number(value) {
                        Some(status) if is_status_name(key.trim_matches(['"', '\''])) => self.given(status, value.span),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        for child in expr.children() {
            self.expr(child, if matches!(expr.kind, ExprKind::Either(_)) { Context::Given } else { context });
        }
    }

    /// Whether this is a comparison of which one side is a status.
    fn compares(&self, parts: &[Expr]) -> bool {
        let sides = parts.iter().filter(|p| !matches!(p.kind, ExprKind::Null)).count();
        sides == 2 && (parts.iter().any(asks_status) || parts.iter().any(|p| self.word(p).is_some()))
    }

    fn compared(&mut self, whole: &'a Expr, parts: &'a [Expr]) {
        let mut statuses: Vec<SmolStr> = Vec::new();
        let mut texts = false;
        for part in parts {
            let listed: Vec<&Expr> = match &part.kind {
                ExprKind::List(all) => all.iter().collect(),
                _ => vec![part],
            };
            for one in listed {
                statuses.extend(self.word(one).or_else(|| number(one)));
                texts |= matches!(one.kind, ExprKind::Str(_));
            }
        }
        // `order.status == "paid"` asks nobody's answer.
        if statuses.is_empty() && texts {
            return;
        }
        let equal = self.is_equality(whole);
        if !equal || statuses.is_empty() || statuses.iter().any(|s| !fails(s)) {
            self.note(StatusOf::Checked, "", whole.span);
        }
        if let ([one], true) = (statuses.as_slice(), self.is_denial(whole))
            && one.starts_with('2')
        {
            self.note(StatusOf::Wanted, one.clone(), whole.span);
        }
        if let ([one], Some(below)) = (statuses.as_slice(), self.is_below(whole))
            && one.as_str() == below
        {
            self.note(StatusOf::Below, "500", whole.span);
        }
        // `!= 404` lets this one pass with the successes: nothing waits for it.
        for status in statuses.into_iter().filter(|s| fails(s)) {
            self.note(if equal { StatusOf::Told } else { StatusOf::Named }, status, whole.span);
        }
        for part in parts {
            if let ExprKind::Call(call) = &part.kind {
                call.args.iter().for_each(|a| self.expr(&a.value, Context::Asked));
            }
        }
    }

    fn text(&self, expr: &Expr) -> &'a str {
        let from = expr.span.line.saturating_sub(1) as usize;
        let text = self.lines.get(from).and_then(|l| l.get(expr.span.column.saturating_sub(1) as usize..));
        text.unwrap_or_default()
    }

    /// Whether the line asks for being another.
    fn is_denial(&self, expr: &Expr) -> bool {
        let text = self.text(expr);
        text.contains("!=") && !text.contains("||") && !text.contains("&&") && !text.contains(" and ")
    }

    /// What the line says of everything below failures of the server, alone: `code < 500`, `code <= 499`.
    fn is_below(&self, expr: &Expr) -> Option<&'static str> {
        let text: String = self.text(expr).chars().filter(|c| !c.is_whitespace()).collect();
        let alone = !["||", "&&", "and", "or(", "!(", ">"].iter().any(|w| text.contains(w));
        let ends = |with: &str| text.trim_end_matches([';', ')', '{', ':', '}']).ends_with(with);
        match () {
            () if !alone || text.contains("if") => None,
            () if ends("<500") => Some("500"),
            () if ends("<=499") => Some("499"),
            () => None,
        }
    }

    /// Whether the line compares for being the same, as far as its text shows.
    fn is_equality(&self, expr: &Expr) -> bool {
        let text = self.text(expr);
        !(text.contains("!=")
            || text.contains('<')
            || text.contains('>') && !text.contains("=>")
            || text.contains("not in"))
    }

    fn call(&mut self, expr: &'a Expr, call: &'a Call, context: Context) {
        let name = call.name();
        let on = call.receiver().and_then(Expr::path).unwrap_or_default();
        let last = on.rsplit(['.', ':']).next().unwrap_or_default().trim_end_matches("()").to_ascii_lowercase();
        // Whatever it is given to may look at it.
        let handed = |a: &super::ir::Arg| match &a.value.kind {
            ExprKind::Name(n) => {
                self.code.bindings(n, self.function).is_some_and(|all| all.iter().any(|b| is_request(b.value)))
            }
            _ => false,
        };
        if call.args.iter().any(handed) {
            self.note(StatusOf::Checked, "", expr.span);
        }
        if reads_body(call, &last) || self.reads_in_go(call) {
            self.note(StatusOf::Read, "", expr.span);
        }
        let first = || call.arg(0).and_then(|a| number(a).or_else(|| self.word(a)));
        let answers =
            || matches!(last.as_str(), "res" | "resp" | "response" | "reply" | "rep" | "h" | "w" | "c" | "ctx");
        let lang = self.code.unit.lang;
        // Where the number or word stands that the answer gets.
        let status: Option<Option<SmolStr>> = match name {
            "status" | "code" | "sendStatus" | "writeHead" | "writeHeader" if lang == Lang::Script && answers() => {
                Some(first())
            }
            "throw" | "createError" | "abort" if call.args.len() < 4 && first().is_some() => Some(first()),
            "abort"
            | "sendError"
            | "setStatus"
            | "WriteHeader"
            | "AbortWithStatus"
            | "AbortWithStatusJSON"
            | "AbortWithError"
            | "NewHTTPError"
            | "NewError"
            | "rawStatusCode"
            | "StatusCode"
            | "set_code" => (!call.args.is_empty()).then(first),
            "status"
                if matches!(
                    last.as_str(),
                    "responseentity" | "response" | "serverresponse" | "ctx" | "httpresponse"
                ) =>
            {
                Some(first())
            }
            "JSON" | "String" | "IndentedJSON" | "XML" | "HTML" | "Data" | "Status" | "SendStatus" | "NoContent"
                if lang == Lang::Go && !call.args.is_empty() =>
            {
                first().map(Some)
            }
            "json" | "text" if lang == Lang::Script => call.arg(1).and_then(number).map(Some),
            "Error" if lang == Lang::Go && last == "http" => {
                Some(call.arg(2).and_then(|a| number(a).or_else(|| self.word(a))))
            }
            "HTTPException" | "HttpException" | "WebApplicationException" | "ResponseStatusException" => {
                let at = usize::from(name == "HttpException" && lang == Lang::Script);
                let found = call.arg_or("status_code", at).and_then(|a| number(a).or_else(|| self.word(a)));
                found.map(Some)
            }
            "Response" | "JSONResponse" | "PlainTextResponse" | "HTMLResponse" | "ORJSONResponse" | "HttpResponse"
            | "JsonResponse" | "json_response" | "make_response" | "jsonify" | "Problem" | "StatusCodeResult"
            | "ObjectResult" => {
                let named = ["status", "status_code", "statusCode", "code"].iter().find_map(|n| call.named(n));
                let second = (lang == Lang::Python && name == "make_response").then(|| call.arg(1)).flatten();
                named.or(second).map(|e| number(e).or_else(|| self.word(e)))
            }
            _ => None,
        };
        match status {
            Some(Some(status)) => self.given(status, expr.span),
            Some(None) => self.note(StatusOf::Given, "", expr.span),
            None => {
                if let Some(status) = answer_named(lang, name, &on) {
                    self.given(status.into(), expr.span);
                } else if is_check_call(name) {
                    self.note(StatusOf::Checked, "", expr.span);
                }
            }
        }
        // `errors.is(NOT_FOUND)`, `status.equals(NOT_FOUND)`, `isEqualTo`: a question.
        let asks = matches!(
            name,
            "equals"
                | "is"
                | "Is"
                | "isEqualTo"
                | "Equals"
                | "contains"
                | "isSameCodeAs"
                | "includes"
                | "onStatus"
                | "has"
                | "any"
        );
        let inner = if asks { Context::Asked } else { context };
        match &call.callee.kind {
            ExprKind::Member(base, _) => self.expr(base, context),
            ExprKind::Name(_) => {}
            _ => self.expr(&call.callee, context),
        }
        for arg in &call.args {
            self.expr(&arg.value, inner);
        }
    }

    fn reads_in_go(&self, call: &Call) -> bool {
        if self.code.unit.lang != Lang::Go || !matches!(call.name(), "ReadAll" | "NewDecoder") {
            return false;
        }
        let source = call.arg(0).and_then(Expr::path).unwrap_or_default();
        source.strip_suffix(".Body").is_some_and(|on| {
            !matches!(on, "r" | "req" | "request" | "c.Request" | "ctx.Request" | "r.Request" | "c.Request()")
        })
    }

    /// A type that is caught, where its name is a status.
    fn caught(&mut self, head: &'a Expr) {
        let mut names: Vec<(String, Span)> = Vec::new();
        head.walk(&mut |e| {
            if let Some(path) = e.path() {
                names.extend(path.split('|').map(|n| (n.trim().to_owned(), e.span)));
            }
        });
        for (name, at) in names {
            // Those of clients: `HttpClientErrorException.NotFound`, `FeignException.NotFound`.
            let client = [
                "HttpClientErrorException",
                "HttpServerErrorException",
                "FeignException",
                "WebClientResponseException",
            ];
            let Some((owner, last)) = name.rsplit_once('.') else { continue };
            if client.iter().any(|c| owner.ends_with(c))
                && let Some(status) = http(last)
            {
                self.note(StatusOf::Told, status, at);
            }
        }
    }

    /// The types of error that a function answers for.
    fn handled(&self, index: usize) -> Vec<SmolStr> {
        let function = self.code.function(index);
        let mut out = Vec::new();
        for a in &function.annotations {
            if !matches!(a.simple(), "ExceptionHandler" | "exception_handler" | "errorhandler" | "Catch" | "error") {
                continue;
            }
            for arg in &a.args {
                arg.value.walk(&mut |e| match &e.kind {
                    ExprKind::Name(n) if n.starts_with(|c: char| c.is_uppercase()) => out.push(n.clone()),
                    ExprKind::Member(base, n) if n == "class" => out.extend(base.path().map(SmolStr::from)),
                    _ => {}
                });
            }
        }
        out.iter().map(|n| SmolStr::from(n.rsplit('.').next().unwrap_or(n))).collect()
    }

    fn map(&mut self, types: &[SmolStr], index: usize) {
        let within = self.code.within(index);
        let codes: Vec<(SmolStr, Span)> = self
            .found
            .iter()
            .filter(|((of, _, _, w), _)| matches!(of, StatusOf::Given | StatusOf::Succeeds) && *w == within)
            .map(|((_, c, _, _), at)| (c.clone(), *at))
            .collect();
        for (status, at) in codes {
            for ty in types {
                self.found.entry((StatusOf::Mapped, status.clone(), ty.clone(), within.clone())).or_insert(at);
            }
        }
    }

    /// Types of error that carry a status of their own.
    fn types(&mut self) {
        for ty in &self.code.unit.types {
            let mut found: Vec<(SmolStr, Span)> = Vec::new();
            for a in ty.annotations.iter().filter(|a| a.simple() == "ResponseStatus") {
                found.extend(a.args.iter().filter_map(|x| self.word(&x.value)).map(|s| (s, a.span)));
            }
            for field in ty.fields.iter().filter(|f| is_status_name(&f.name)) {
                let status = field.init.as_ref().and_then(|e| number(e).or_else(|| self.word(e)));
                found.extend(status.map(|s| (s, field.span)));
            }
            let own = self
                .code
                .unit
                .functions
                .iter()
                .filter(|f| f.owner == ty.name && ["<init>", "__init__"].contains(&f.name.as_str()));
            for function in own {
                for stmt in &function.body {
                    let (status, at) = match stmt {
                        Stmt::Assign { target, value, span, .. } if is_status(target) => {
                            (number(value).or_else(|| self.word(value)), *span)
                        }
                        Stmt::Expr(e) => (
                            e.as_call().filter(|c| matches!(c.name(), "super" | "__init__")).and_then(|c| {
                                c.args.iter().find_map(|a| number(&a.value).or_else(|| self.word(&a.value)))
                            }),
                            e.span,
                        ),
                        _ => continue,
                    };
                    found.extend(status.map(|s| (s, at)));
                }
            }
            for (status, at) in found.into_iter().filter(|(s, _)| fails(s)) {
                self.found.entry((StatusOf::Mapped, status, ty.name.clone(), SmolStr::default())).or_insert(at);
            }
        }
    }

    /// Labels of a switch, which lowering leaves out.
    fn cases(&mut self) {
        if !matches!(self.code.unit.lang, Lang::Script | Lang::CSharp | Lang::Java) {
            return;
        }
        for (index, line) in self.lines.clone().into_iter().enumerate() {
            let Some(label) = line.trim_start().strip_prefix("case ") else { continue };
            let label = label.split([':', '-', '{']).next().unwrap_or_default().trim();
            let last = label.rsplit('.').next().unwrap_or(label);
            let status = match label.parse::<u16>() {
                Ok(n) if (400..600).contains(&n) => format_smolstr!("{n}"),
                Ok(_) => continue,
                Err(_) if label.contains("Status") => match http(last).filter(|s| fails(s)) {
                    Some(status) => status.into(),
                    None => continue,
                },
                Err(_) => continue,
            };
            let line = index as u32 + 1;
            let around = self.code.unit.functions.iter().enumerate().skip(1).filter(|(_, f)| f.span.covers(line));
            let Some((inner, _)) = around.min_by_key(|(_, f)| f.span.end_line - f.span.line) else { continue };
            self.function = inner;
            self.note(StatusOf::Told, status, Span::at(line, 1));
        }
    }

    /// Whatever else may answer with a status: names that speak of one, and libraries that answer by themselves.
    fn names(&mut self) {
        const WORDS: &[(&str, &str)] = &[
            ("notfound", "404"),
            ("doesnotexist", "404"),
            ("or404", "404"),
            ("http404", "404"),
            ("orfail", "404"),
            ("conflict", "409"),
            ("alreadyexists", "409"),
            ("duplicate", "409"),
            ("precondition", "412"),
            ("modelviewset", "404"),
            ("retrieveapiview", "404"),
            ("genericviewset", "404"),
            ("retrieveupdate", "404"),
            ("destroyapiview", "404"),
            ("micronaut", "404"),
            ("staticfiles", "404"),
            ("fileserver", "404"),
            ("crudcontroller", "404"),
        ];
        let plain: String =
            self.code.text.chars().filter(|c| *c != '_' && *c != '-').flat_map(char::to_lowercase).collect();
        for (_, status) in WORDS.iter().filter(|(w, _)| plain.contains(w)) {
            let key = (StatusOf::Named, SmolStr::from(*status), SmolStr::default(), SmolStr::default());
            self.found.entry(key).or_insert(Span::at(1, 1));
        }
        for status in ["402", "404", "409", "410", "412", "423", "428"] {
            let asked = self.lines.iter().position(|l| l.contains(status));
            if let Some(line) = asked {
                let key = (StatusOf::Named, SmolStr::from(status), SmolStr::default(), SmolStr::default());
                self.found.entry(key).or_insert(Span::at(line as u32 + 1, 1));
            }
        }
    }

    /// A status by its name: `HttpStatus.NOT_FOUND`, `http.StatusNotFound`, `codes.NotFound`, `status.HTTP_404_NOT_FOUND`.
    fn word(&self, expr: &Expr) -> Option<SmolStr> {
        let path = match &expr.kind {
            ExprKind::Member(..) | ExprKind::Name(_) => expr.path()?,
            _ => return None,
        };
        let mut parts = path.rsplit(['.', ':']).filter(|p| !p.is_empty());
        let last = parts.next()?;
        let before = parts.next().unwrap_or_default();
        let lang = self.code.unit.lang;
        let remote = match lang {
            Lang::Go => before == "codes" || last.starts_with("Code") && before.starts_with("connect"),
            Lang::Rust => {
                before == "Code"
                    || before == "Status" && self.code.unit.imports.iter().any(|i| i.path.starts_with("tonic"))
            }
            Lang::CSharp => before == "StatusCode",
            Lang::Python => before == "StatusCode",
            Lang::Script => before == "status" && path.contains("grpc") || before == "Status" && path.contains("grpc"),
            Lang::Java | Lang::Kotlin => {
                before == "Code"
                    || before == "Status" && self.code.unit.imports.iter().any(|i| i.path.starts_with("io.grpc"))
            }
            _ => false,
        };
        if remote {
            return grpc(last.trim_start_matches("Code"));
        }
        let lower = before.to_ascii_lowercase();
        let named = last.strip_prefix("HTTP_").or_else(|| last.strip_prefix("SC_"));
        let digits: Option<&str> =
            named.and_then(|n| n.get(..3)).or_else(|| last.strip_prefix("Status").and_then(|n| n.get(..3)));
        if let Some(status) = digits.filter(|d| d.bytes().all(|b| b.is_ascii_digit())) {
            return Some(status.into());
        }
        let about = lower.contains("status") || lower == "http" && last.starts_with("Status") || named.is_some();
        about.then(|| http(named.unwrap_or(last)).map(SmolStr::from)).flatten()
    }
}

/// Errors, by the number or by gRPC's word.
fn fails(status: &str) -> bool {
    status.starts_with(['4', '5']) || status.starts_with(|c: char| c.is_ascii_uppercase())
}

fn number(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Num(n) if n.len() == 3 && n.starts_with(['1', '2', '3', '4', '5']) => Some(n.clone()),
        _ => None,
    }
}

fn is_status_name(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().replace('_', "").as_str(),
        "status"
            | "statuscode"
            | "httpstatus"
            | "httpstatuscode"
            | "getstatuscode"
            | "rawstatuscode"
            | "getrawstatuscode"
    )
}

/// `response.status`, `e.getStatusCode()`, `err.response.status`.
fn is_status(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member(_, name) | ExprKind::Name(name) => is_status_name(name),
        ExprKind::Call(call) => is_status_name(call.name()) && call.args.is_empty(),
        _ => false,
    }
}

/// The same, and gRPC's: `status.Code(err)`, `e.code()`, `err.code`.
fn asks_status(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(call) => {
            is_status(expr) || matches!(call.name(), "Code" | "code" | "getCode" | "value" | "statusCode")
        }
        ExprKind::Member(base, name) => is_status(expr) || name == "value" && is_status(base),
        ExprKind::Name(_) => is_status(expr),
        _ => false,
    }
}

/// Whether a member is one of an answer, as its name says: `order.status` is not.
fn receiver_answers(expr: &Expr) -> bool {
    let path = expr.path().unwrap_or_default().to_ascii_lowercase();
    let name = path.rsplit('.').next().unwrap_or_default();
    let on = path.rsplit('.').nth(1).unwrap_or_default().trim_end_matches("()");
    matches!(name, "status_code" | "statuscode")
        || ["res", "resp", "response", "reply", "r", "result", "answer", "ans", "rsp", "httpresponse"].contains(&on)
        || on.ends_with("response")
        || on.ends_with("resp")
        || on.ends_with("res")
}

/// `response.ok`, `IsSuccessStatusCode`.
fn is_check(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Member(_, name) => {
            matches!(
                name.as_str(),
                "ok" | "IsSuccessStatusCode" | "is_success" | "is_error" | "isSuccessful" | "Status" | "reason"
            )
        }
        _ => false,
    }
}

/// A call whose value is likely an answer of HTTP.
fn is_request(expr: &Expr) -> bool {
    const NAMES: &[&str] = &[
        "get",
        "post",
        "put",
        "delete",
        "patch",
        "request",
        "fetch",
        "Get",
        "Post",
        "Do",
        "Head",
        "send",
        "GetAsync",
        "PostAsync",
        "PutAsync",
        "DeleteAsync",
        "SendAsync",
        "execute",
        "PostAsJsonAsync",
        "PutAsJsonAsync",
    ];
    match &expr.kind {
        ExprKind::Call(call) => NAMES.contains(&call.name()),
        // Of two results the first.
        ExprKind::Member(base, _) | ExprKind::Index(base, _) => is_request(base),
        _ => false,
    }
}

fn is_check_call(name: &str) -> bool {
    matches!(
        name,
        "raise_for_status"
            | "EnsureSuccessStatusCode"
            | "error_for_status"
            | "error_for_status_ref"
            | "isSuccessful"
            | "is2xxSuccessful"
            | "isError"
            | "is4xxClientError"
            | "is_success"
            | "is_client_error"
            | "is_server_error"
            | "status"
            | "validateStatus"
            | "IsSuccess"
            | "IsError"
            | "assert_called"
    ) || name.to_ascii_lowercase().contains("status")
        || ["handle", "check", "process", "parse"].iter().any(|w| name.to_ascii_lowercase().starts_with(w))
            && name.to_ascii_lowercase().contains("resp")
}

/// The body of an answer as data.
fn reads_body(call: &Call, last: &str) -> bool {
    let asked = matches!(last, "request" | "req" | "r" | "ctx" | "c" | "body");
    match call.name() {
        "json" => call.args.is_empty() && call.receiver().is_some() && !asked,
        "ReadFromJsonAsync" | "ReadAsStringAsync" | "ReadContentAs" | "ReadAsAsync" | "ReadAsStreamAsync" => {
            last != "request"
        }
        _ => false,
    }
}

/// Functions that are called after the status that they answer with.
fn answer_named(lang: Lang, name: &str, on: &str) -> Option<&'static str> {
    let plain = name.to_ascii_lowercase().replace('_', "");
    let http_of = |name: &str| http(name).filter(|s| fails(s) || s.starts_with('2'));
    match lang {
        Lang::CSharp if on.is_empty() || on == "this" || on.ends_with("Results") => {
            http_of(name).or((name == "Forbid").then_some("403"))
        }
        Lang::Java | Lang::Kotlin if matches!(on, "ResponseEntity" | "HttpResponse" | "ServerResponse") => {
            if name == "unprocessableEntity" { Some("422") } else { http_of(name) }
        }
        Lang::Rust if on.ends_with("HttpResponse") => http_of(name),
        Lang::Rust if on.ends_with("Status") => match plain.as_str() {
            "notfound" => Some("NOT_FOUND"),
            "invalidargument" => Some("INVALID_ARGUMENT"),
            "alreadyexists" => Some("ALREADY_EXISTS"),
            "failedprecondition" => Some("FAILED_PRECONDITION"),
            "permissiondenied" => Some("PERMISSION_DENIED"),
            "internal" => Some("INTERNAL"),
            "unavailable" => Some("UNAVAILABLE"),
            _ => None,
        },
        Lang::Go if on == "http" && name == "NotFound" => Some("404"),
        Lang::Python if plain.starts_with("httpresponse") || plain.starts_with("http") => {
            http_of(plain.trim_start_matches("httpresponse").trim_start_matches("http"))
        }
        Lang::Python if name == "Http404" || plain.ends_with("or404") => Some("404"),
        Lang::Script if name.ends_with("Exception") => http_of(name.trim_end_matches("Exception")),
        Lang::Script if on == "Boom" => http_of(name),
        _ => None,
    }
}

/// The number of an HTTP status by its words.
fn http(name: &str) -> Option<&'static str> {
    let plain = name.to_ascii_lowercase().replace('_', "");
    let plain = plain.strip_prefix("status").unwrap_or(&plain);
    Some(match plain.trim_start_matches(|c: char| c.is_ascii_digit()) {
        "ok" => "200",
        "created" => "201",
        "accepted" => "202",
        "nocontent" => "204",
        "badrequest" => "400",
        "unauthorized" => "401",
        "paymentrequired" => "402",
        "forbidden" => "403",
        "notfound" => "404",
        "methodnotallowed" => "405",
        "notacceptable" => "406",
        "requesttimeout" => "408",
        "conflict" => "409",
        "gone" => "410",
        "preconditionfailed" => "412",
        "payloadtoolarge" | "requestentitytoolarge" | "contenttoolarge" => "413",
        "unsupportedmediatype" => "415",
        "unprocessableentity" | "unprocessablecontent" => "422",
        "locked" => "423",
        "faileddependency" => "424",
        "toomanyrequests" => "429",
        "internalservererror" | "servererror" => "500",
        "notimplemented" => "501",
        "badgateway" => "502",
        "serviceunavailable" => "503",
        "gatewaytimeout" => "504",
        _ => return None,
    })
}

/// gRPC's codes but OK.
fn grpc(name: &str) -> Option<SmolStr> {
    const CODES: &[&str] = &[
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let plain = |t: &str| t.replace('_', "").to_ascii_lowercase();
    CODES.iter().find(|c| plain(c) == plain(name)).map(|c| SmolStr::from(*c))
}
