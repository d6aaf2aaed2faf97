//! Classes, interfaces and enumerations of scripts, with decorators.

use super::super::lower::{Lower, child, children, expr, plain_type, span};
use super::values::{node_key, value};
use super::{body, function, params_of, promoted_params, return_type, stated_type};
use crate::code::ir::{Annotation, ExprKind, Field, Function, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;

/// Decorators of a node, those that stand in it as children.
pub(super) fn decorators(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    children(node).into_iter().filter(|n| n.kind() == "decorator").filter_map(|n| decorator(cx, n)).collect()
}

fn decorator(cx: &mut Lower<'_>, node: Node<'_>) -> Option<Annotation> {
    let inner = node.named_child(0)?;
    let v = value(cx, inner);
    Some(match v.kind {
        ExprKind::Call(call) => Annotation { name: call.callee.path()?.into(), args: call.args, span: span(node) },
        _ => Annotation { name: v.path()?.into(), args: Vec::new(), span: span(node) },
    })
}

/// A class under its own name or the one it is given; returns the name.
pub(super) fn class(cx: &mut Lower<'_>, node: Node<'_>, given: Option<&str>, outer: Vec<Annotation>) -> SmolStr {
    let own = cx.field(node, "name");
    let name: SmolStr = if own.is_empty() { given.unwrap_or("exports").into() } else { own.into() };
    let mut annotations = outer;
    annotations.extend(decorators(cx, node));
    let mut ty = Type { name: name.clone(), annotations, span: span(node), ..Type::default() };
    if let Some(heritage) = child(node, &["class_heritage"]) {
        for clause in children(heritage) {
            let parents = match clause.kind() {
                "extends_clause" => clause.child_by_field_name("value").into_iter().collect(),
                "implements_clause" => children(clause),
                _ => vec![clause],
            };
            for parent in parents {
                let text = cx.src(parent);
                ty.supers.push(plain_type(text));
                ty.super_texts.push(cx.src(if clause.kind() == "extends_clause" { clause } else { parent }).into());
            }
        }
    }
    let body = node.child_by_field_name("body");
    cx.type_(ty, |cx, index| {
        let mut pending: Vec<Annotation> = Vec::new();
        for node in body.map(children).unwrap_or_default() {
            match node.kind() {
                "decorator" => pending.extend(decorator(cx, node)),
                _ => {
                    let mut annotations = std::mem::take(&mut pending);
                    annotations.extend(decorators(cx, node));
                    member(cx, node, index, annotations);
                }
            }
        }
    });
    name
}

fn member(cx: &mut Lower<'_>, node: Node<'_>, ty: usize, annotations: Vec<Annotation>) {
    cx.deeper((), |cx| match node.kind() {
        "method_definition" => {
            let name = node_key(cx, node.child_by_field_name("name"));
            let constructor = name == "constructor";
            if constructor {
                for (pattern, at) in promoted_params(node) {
                    let annotations = decorators(cx, at);
                    let field = Field {
                        name: cx.src(pattern).into(),
                        ty: stated_type(cx, at),
                        annotations,
                        init: None,
                        span: span(at),
                    };
                    cx.unit.types[ty].fields.push(field);
                }
            }
            let name = if constructor { "<init>".into() } else { name };
            let owner = cx.owner.clone();
            // Whatever surrounds a class does not surround its methods' names.
            let outer = std::mem::replace(&mut cx.current, 0);
            function(cx, node, name, owner, annotations);
            cx.current = outer;
        }
        "public_field_definition" | "field_definition" => {
            let name = node_key(cx, node.child_by_field_name("name").or_else(|| node.child_by_field_name("property")));
            let init = node.child_by_field_name("value");
            let ty_text = stated_type(cx, node);
            let init = init.map(|init| match init.kind() {
                // A field that holds a function is a method.
                "arrow_function" | "function_expression" => {
                    let owner = cx.owner.clone();
                    let outer = std::mem::replace(&mut cx.current, 0);
                    let index = function(cx, init, name.clone(), owner, annotations.clone());
                    cx.current = outer;
                    expr(ExprKind::Lambda(index), init)
                }
                _ => value(cx, init),
            });
            let field = Field { name, ty: ty_text, annotations, init, span: span(node) };
            cx.unit.types[ty].fields.push(field);
        }
        "class_static_block" => {
            let body = body(cx, node.child_by_field_name("body"));
            for stmt in body {
                cx.top(stmt);
            }
        }
        _ => {}
    });
}

pub(super) fn interface(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type { name: cx.field(node, "name").into(), interface: true, span: span(node), ..Type::default() };
    if let Some(clause) = child(node, &["extends_type_clause"]) {
        for parent in children(clause) {
            ty.supers.push(plain_type(cx.src(parent)));
            ty.super_texts.push(cx.src(parent).into());
        }
    }
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        match part.kind() {
            "property_signature" => {
                let name = node_key(cx, part.child_by_field_name("name"));
                let stated = stated_type(cx, part);
                ty.fields.push(Field { name, ty: stated, annotations: Vec::new(), init: None, span: span(part) });
            }
            "method_signature" => {
                let function = Function {
                    name: node_key(cx, part.child_by_field_name("name")),
                    owner: ty.name.clone(),
                    params: params_of(cx, part).0,
                    returns: return_type(cx, part),
                    span: span(part),
                    ..Function::default()
                };
                cx.function(function, |_| Vec::new());
            }
            _ => {}
        }
    }
    cx.type_(ty, |_, _| {});
}

pub(super) fn enumeration(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type { name: cx.field(node, "name").into(), span: span(node), ..Type::default() };
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        let name = node_key(cx, part.child_by_field_name("name").or(Some(part)));
        let init = part.child_by_field_name("value").map(|v| value(cx, v));
        ty.fields.push(Field { name, ty: "".into(), annotations: Vec::new(), init, span: span(part) });
    }
    cx.type_(ty, |_, _| {});
}
