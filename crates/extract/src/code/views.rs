//! Names that code gives and takes without a declaration: keys of literals, and keys that are read of one value by their names.
//! Stated as bodies (see `bodies.md`): whether they travel is for linking to know.
//!
//! Invariant: what is called is no key (`items.map`), and one key alone says nothing about what its value is.

use super::Code;
use super::ir::{Call, Expr, ExprKind, Stmt};
use crate::Sink;
use crate::lang::Lang;
use seam_facts::{Body, BodyOf, Claim, ShapeField, SmolStr, Span};
use std::collections::BTreeMap;

/// More is a table, not a message.
const MAX_KEYS: usize = 40;

pub fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut views: BTreeMap<String, BTreeMap<SmolStr, Span>> = BTreeMap::new();
        let mut walk = Walk { code, index, views: &mut views, sink: &mut *sink };
        walk.stmts(&function.body);
        for (root, keys) in views {
            let own = function.params.iter().any(|p| p.name == root);
            if keys.len() < 2 || keys.len() > MAX_KEYS || !own && root == "this" {
                continue;
            }
            let Some(first) = keys.values().min_by_key(|s| s.line).copied() else { continue };
            let fields = keys.into_iter().map(|(key, at)| field(key, at.line)).collect();
            state(code, index, BodyOf::Looked, fields, true, first, sink);
        }
    }
}

struct Walk<'w, 'a, 's> {
    code: &'w Code<'a>,
    index: usize,
    views: &'w mut BTreeMap<String, BTreeMap<SmolStr, Span>>,
    sink: &'s mut Sink,
}

impl Walk<'_, '_, '_> {
    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, value, .. } => {
                    self.expr(target);
                    self.expr(value);
                }
                Stmt::Expr(expr) | Stmt::Return(expr) => self.expr(expr),
                Stmt::Block { head, body, .. } => {
                    head.iter().for_each(|h| self.expr(h));
                    self.stmts(body);
                }
                Stmt::Leave(..) => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Object(entries) => self.literal(entries, expr.span),
            ExprKind::Index(base, key) => {
                if let Some(key) = key.as_str() {
                    self.look(base, key, expr.span);
                }
            }
            ExprKind::Member(base, key) if self.code.unit.lang == Lang::Script => self.look(base, key, expr.span),
            ExprKind::Call(call) => {
                self.gets(call, expr.span);
                // What is called is a method, what it is called on may be a value.
                match call.receiver() {
                    Some(on) => self.expr(on),
                    None => call.callee.children().into_iter().for_each(|c| self.expr(c)),
                }
                for arg in &call.args {
                    match &arg.value.kind {
                        // `Order{Id: id}`: its type says what it has.
                        ExprKind::Object(entries)
                            if call.new && call.name().starts_with(char::is_uppercase) && call.name() != "H" =>
                        {
                            entries.iter().for_each(|(_, v)| self.expr(v));
                        }
                        _ => self.expr(&arg.value),
                    }
                }
                return;
            }
            _ => {}
        }
        expr.children().into_iter().for_each(|c| self.expr(c));
    }

    /// `order.get("total")`
    fn gets(&mut self, call: &Call, at: Span) {
        let lang = self.code.unit.lang;
        let reads = match call.name() {
            "get" => matches!(lang, Lang::Python | Lang::Java | Lang::Kotlin),
            "getString" | "getInteger" | "getInt" | "getLong" | "getDouble" | "getBoolean" | "optString" | "path"
            | "getJSONObject" | "getJsonObject" | "getJsonArray" => matches!(lang, Lang::Java | Lang::Kotlin),
            "GetProperty" => lang == Lang::CSharp,
            _ => false,
        };
        if let (true, Some(base), Some(key)) = (reads, call.receiver(), call.arg(0).and_then(Expr::as_str)) {
            self.look(base, key, at);
        }
    }

    fn look(&mut self, base: &Expr, key: &SmolStr, at: Span) {
        let ExprKind::Name(root) = &base.kind else { return };
        // A type, a module, or the object itself.
        if root == "this" || root == "self" || root.starts_with(char::is_uppercase) || !is_key(key) {
            return;
        }
        self.views.entry(root.to_string()).or_default().entry(key.clone()).or_insert(at);
    }

    fn literal(&mut self, entries: &[(SmolStr, Expr)], at: Span) {
        let open = entries.iter().any(|(k, _)| !is_key(k));
        let fields: Vec<ShapeField> =
            entries.iter().filter(|(k, _)| is_key(k)).map(|(k, v)| field(k.clone(), v.span.line)).collect();
        if !fields.is_empty() && fields.len() <= MAX_KEYS {
            state(self.code, self.index, BodyOf::Made, fields, open, at, self.sink);
        }
    }
}

fn state(code: &Code<'_>, function: usize, of: BodyOf, fields: Vec<ShapeField>, open: bool, at: Span, sink: &mut Sink) {
    sink.stated(Claim::Body(Body { of, ty: SmolStr::default(), fields, open, within: code.within(function) }), at);
}

fn is_key(key: &str) -> bool {
    key.len() > 1
        && key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn field(name: SmolStr, line: u32) -> ShapeField {
    ShapeField { name, ty: SmolStr::default(), required: None, number: None, line }
}
