//! Values of an enumeration as code declares it, read from its text: grammars disagree about where they keep them.
//!
//! Invariant: a value that carries data of its own, or that is worked out, makes the whole unknown.

use super::Code;
use super::ir::Type;
use crate::lang::Lang;
use seam_facts::{Shape, ShapeField, ShapeKind, SmolStr};

/// More is a table of codes.
const MAX_VALUES: usize = 80;

pub fn values(code: &Code<'_>, ty: &Type) -> Option<Shape> {
    let fields = if code.unit.lang == Lang::Python { assigned(ty)? } else { listed(code, ty)? };
    if fields.is_empty() || fields.len() > MAX_VALUES {
        return None;
    }
    let values = fields.iter().map(|f| f.ty.clone()).collect();
    let fields = fields.into_iter().map(|f| ShapeField { ty: SmolStr::default(), ..f }).collect();
    Some(Shape { name: ty.name.clone(), kind: ShapeKind::Enum, fields, values, open: false, supers: Vec::new() })
}

/// `class Status(str, Enum)`: its values are what is assigned.
fn assigned(ty: &Type) -> Option<Vec<ShapeField>> {
    if !ty.supers.iter().any(|s| s.ends_with("Enum")) {
        return None;
    }
    let one = |f: &super::ir::Field| Some(named(&f.name, f.init.as_ref()?.as_str()?, f.span.line));
    ty.fields.iter().map(one).collect()
}

/// A value by its name, with how it travels as its type.
fn named(name: &str, travels: &str, line: u32) -> ShapeField {
    ShapeField { name: name.into(), ty: travels.into(), required: None, number: None, line }
}

fn listed(code: &Code<'_>, ty: &Type) -> Option<Vec<ShapeField>> {
    let (first, last) = (ty.span.line.saturating_sub(1) as usize, ty.span.end_line as usize);
    let name = ty.name.rsplit('.').next().unwrap_or(&ty.name);
    let mut out = Vec::new();
    let (mut depth, mut item, mut line) = (0usize, String::new(), 0u32);
    let (mut comment, mut inside) = (false, false);
    let mut named_yet = false;
    for (index, text) in code.text.lines().enumerate().take(last).skip(first) {
        let mut rest = text;
        if !named_yet {
            let Some((_, after)) = rest.split_once(name).filter(|(b, _)| b.split_whitespace().any(|w| w == "enum"))
            else {
                continue;
            };
            (named_yet, rest) = (true, after);
        }
        for (at, c) in rest.char_indices() {
            let ahead = &rest[at..];
            if comment {
                comment = !ahead.starts_with("*/");
                continue;
            }
            match c {
                '/' if ahead.starts_with("//") => break,
                '/' if ahead.starts_with("/*") => comment = true,
                // What its constructor takes stands before the values.
                '{' if depth == 0 => {
                    (depth, inside) = (1, true);
                    item.clear();
                }
                '{' | '(' | '[' if inside => {
                    depth += 1;
                    if item.trim().is_empty() {
                        line = index as u32 + 1;
                    }
                    item.push(c);
                }
                _ if !inside => {}
                '}' | ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && c == '}' {
                        push(code.unit.lang, &item, line, &mut out)?;
                        return Some(out);
                    }
                    item.push(c);
                }
                ',' if depth == 1 => {
                    push(code.unit.lang, &item, line, &mut out)?;
                    item.clear();
                }
                ';' if depth == 1 => {
                    push(code.unit.lang, &item, line, &mut out)?;
                    return Some(out);
                }
                _ => {
                    if item.trim().is_empty() && !c.is_whitespace() {
                        line = index as u32 + 1;
                    }
                    item.push(c);
                }
            }
        }
        if depth > 0 {
            item.push(' ');
        }
    }
    None
}

/// One value of the list; `None` where it is more than a name.
fn push(lang: Lang, item: &str, line: u32, out: &mut Vec<ShapeField>) -> Option<()> {
    let mut item = item.trim();
    // Annotations and attributes: their text may say how the value travels.
    while item.starts_with(['@', '[', '#']) {
        let quoted = item.split(['"', '\'']).nth(1).filter(|_| item.starts_with('@') || item.starts_with('['));
        let (open, close) = if item.starts_with('@') { ('(', ')') } else { ('[', ']') };
        let head = item.split_whitespace().next().unwrap_or(item);
        let end = if item.starts_with('@') && !head.contains(open) { head.len() } else { item.find(close)? + 1 };
        let travels = quoted.filter(|_| item[..end].contains(['"', '\'']));
        item = item[end..].trim_start();
        if let Some(travels) = travels {
            let name: String = item.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            out.push(named(&name, travels, line));
            return Some(());
        }
    }
    if item.is_empty() {
        return Some(());
    }
    let name: String = item.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let rest = item[name.len()..].trim_start();
    if name.is_empty() {
        return None;
    }
    let travels = match rest.chars().next() {
        None => name.as_str(),
        Some('=') => {
            let value = rest[1..].trim();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
            match quote {
                Some(q) => value.trim_matches(q),
                // Numbers travel by name or by number, as the library is told.
                None if value.chars().all(|c| c.is_alphanumeric() || "_-<>| ".contains(c)) => name.as_str(),
                None => return None,
            }
        }
        // What a value carries in the JVM's languages is for code; it travels by its name.
        Some('(' | '{') if matches!(lang, Lang::Java | Lang::Kotlin) => name.as_str(),
        Some(_) => return None,
    };
    out.push(named(&name, travels, line));
    Some(())
}
