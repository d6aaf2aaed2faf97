//! Outlines of the languages that are read through the common tree.

use super::{Argument, Entry, Expr, Function, Import, Kind, Outline, Slot, Step, Type};
use crate::code::ir::{self, ExprKind, Stmt, Unit};
use seam_facts::SmolStr;

pub fn outline(unit: Unit) -> Outline {
    let cx = Cx { unit: &unit };
    let mut functions = Vec::new();
    for function in unit.functions.iter().skip(1).filter(|f| f.name != "<lambda>") {
        functions.push(cx.function(function));
    }
    let top = unit.functions.first().map(|f| cx.steps(&f.body)).unwrap_or_default();
    let imports = unit.imports.iter().map(|i| Import {
        alias: i.alias.clone(),
        path: i.path.clone(),
        name: i.name.clone(),
        line: i.span.line,
    });
    Outline {
        lang: unit.lang,
        package: unit.package.clone(),
        imports: imports.collect(),
        types: unit.types.iter().map(ty).collect(),
        functions,
        top,
        mentions: Vec::new(),
        generated: false,
    }
}

fn ty(ty: &ir::Type) -> Type {
    let fields = ty.fields.iter().map(|f| Slot {
        name: f.name.clone(),
        ty: f.ty.clone(),
        json: f.annotations.iter().find_map(json_name).unwrap_or_default(),
        line: f.span.line,
    });
    Type {
        name: ty.name.clone(),
        line: ty.span.line,
        fields: fields.collect(),
        supers: ty.super_texts.clone(),
        methods: Vec::new(),
    }
}

/// `@JsonProperty("n")`, `[JsonPropertyName("n")]`, `#[serde(rename = "n")]`, `@SerializedName("n")`, `@Json(name = "n")`.
fn json_name(annotation: &ir::Annotation) -> Option<SmolStr> {
    let simple = annotation.simple();
    if !["JsonProperty", "JsonPropertyName", "serde", "SerializedName", "SerialName", "Json"].contains(&simple) {
        return None;
    }
    ["rename", "value", "name"].iter().find_map(|n| annotation.arg(n)?.as_str().cloned())
}

struct Cx<'a> {
    unit: &'a Unit,
}

impl Cx<'_> {
    fn function(&self, function: &ir::Function) -> Function {
        let params = function.params.iter().map(|p| Slot {
            name: p.name.clone(),
            ty: p.ty.clone(),
            json: SmolStr::default(),
            line: p.span.line,
        });
        let results = if function.returns.is_empty() {
            Vec::new()
        } else {
            vec![Slot { ty: function.returns.clone(), line: function.span.line, ..Slot::default() }]
        };
        Function {
            owner: function.owner.clone(),
            receiver: if function.owner.is_empty() { SmolStr::default() } else { "this".into() },
            name: if function.name == "<lambda>" { SmolStr::default() } else { function.name.clone() },
            params: params.collect(),
            results,
            body: self.steps(&function.body),
            line: function.span.line,
        }
    }

    fn steps(&self, stmts: &[Stmt]) -> Vec<Step> {
        let mut out = Vec::new();
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, ty, value, .. } => {
                    let ty = if ty == "var" { SmolStr::default() } else { ty.clone() };
                    let each = matches!(&value.kind, ExprKind::Index(..));
                    let value = self.expr(value);
                    match &target.kind {
                        ExprKind::Name(name) => out.push(Step::Bind {
                            names: vec![(name.clone(), target.span.line)],
                            ty,
                            values: vec![value],
                            each,
                        }),
                        _ => {
                            out.push(Step::Do(value));
                            out.push(Step::Do(self.expr(target)));
                        }
                    }
                }
                Stmt::Expr(expr) => out.push(Step::Do(self.expr(expr))),
                Stmt::Return(expr) => out.push(Step::Return(vec![self.expr(expr)])),
                Stmt::Block { head, body, .. } => {
                    out.extend(head.as_ref().map(|h| Step::Do(self.expr(h))));
                    // Names of a block may hold after it in some languages: better known than not.
                    out.extend(self.steps(body));
                }
                Stmt::Leave(..) => {}
            }
        }
        out
    }

    fn expr(&self, expr: &ir::Expr) -> Expr {
        let at = expr.span.line;
        let (line, kind) = match &expr.kind {
            ExprKind::Str(text) => (at, Kind::Text(text.clone())),
            ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null => (at, Kind::Any(Vec::new())),
            ExprKind::Name(name) => (at, Kind::Name(name.clone())),
            ExprKind::Member(base, name) => (expr.span.end_line, Kind::Member(Box::new(self.expr(base)), name.clone())),
            ExprKind::Index(base, index) => (at, Kind::Item(Box::new(self.expr(base)), Box::new(self.expr(index)))),
            ExprKind::Call(call) => {
                let callee = self.expr(&call.callee);
                let line = callee.line;
                if call.new {
                    return self.make(call, line);
                }
                let args = call.args.iter().map(|a| {
                    let value = self.expr(&a.value);
                    Argument { name: a.name.clone().unwrap_or_default(), line: a.value.span.line, value }
                });
                (line, Kind::Call(Box::new(callee), args.collect()))
            }
            ExprKind::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Entry {
                    key: key.clone(),
                    line: value.span.line,
                    value: self.expr(value),
                });
                (at, Kind::Make { ty: SmolStr::default(), entries: entries.collect(), items: Vec::new() })
            }
            ExprKind::List(items) => {
                let items = items.iter().map(|i| self.expr(i)).collect();
                (at, Kind::Make { ty: SmolStr::default(), entries: Vec::new(), items })
            }
            ExprKind::Lambda(index) => match self.unit.functions.get(*index) {
                Some(function) => (at, Kind::Closure(Box::new(self.function(function)))),
                None => (at, Kind::Any(Vec::new())),
            },
            ExprKind::Concat(parts) | ExprKind::Either(parts) | ExprKind::Other(parts) => {
                (at, Kind::Any(parts.iter().map(|p| self.expr(p)).collect()))
            }
        };
        Expr { line, kind }
    }

    /// A construction: entries are named arguments and the keys of the one object.
    fn make(&self, call: &ir::Call, line: u32) -> Expr {
        let ty = call.callee.path().unwrap_or_default();
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        for arg in &call.args {
            match (&arg.name, &arg.value.kind) {
                (Some(name), _) => {
                    let value = self.expr(&arg.value);
                    entries.push(Entry { key: name.clone(), line: arg.value.span.line, value });
                }
                (None, ExprKind::Object(given)) => entries.extend(given.iter().map(|(key, value)| Entry {
                    key: key.clone(),
                    line: value.span.line,
                    value: self.expr(value),
                })),
                (None, _) => items.push(self.expr(&arg.value)),
            }
        }
        Expr { line, kind: Kind::Make { ty: ty.into(), entries, items } }
    }
}
