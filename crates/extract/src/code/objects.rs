//! Whose function a call means where the object decides: the class's parent, or how the object was made.

use super::Code;
use super::flow::followable;
use super::ir::{Arg, Call, Expr, ExprKind};
use crate::lang::{Lang, plain_type};
use seam_facts::{Argument, Made, SmolStr, format_smolstr};

/// The constructor of the parent, or its method, that a method calls by name: `super(url)`, `super().__init__(url)`,
/// `Base.__init__(self, url)`, `parent::__construct($url)`.
pub(super) fn of_parent(code: &Code<'_>, call: &Call, function: usize) -> Option<SmolStr> {
    let own = code.function(function);
    let owner = code.unit.types.iter().find(|t| t.name == own.owner)?;
    let parent = || owner.supers.first().map(|p| plain_type(p));
    let on_self = |base: &Expr| matches!(&base.kind, ExprKind::Name(n) if n == "this");
    match (&call.callee.kind, code.unit.lang) {
        (ExprKind::Name(name), Lang::Script) if name == "super" => Some(format_smolstr!("{}.<init>", parent()?)),
        // Ruby calls the parent's method of the same name.
        (ExprKind::Name(name), Lang::Ruby) if name == "super" => Some(format_smolstr!("{}.{}", parent()?, own.name)),
        (ExprKind::Member(base, method), Lang::Python) if method == "__init__" => {
            let parent = match &base.kind {
                ExprKind::Name(name) if owner.supers.iter().any(|s| s == name) => plain_type(name),
                _ if on_self(base) => parent()?,
                _ => return None,
            };
            Some(format_smolstr!("{parent}.<init>"))
        }
        (ExprKind::Member(base, method), Lang::Php) if method == "__construct" && on_self(base) => {
            Some(format_smolstr!("{}.<init>", parent()?))
        }
        _ => None,
    }
}

/// `self`, handed over as the first argument.
pub(super) fn is_self(arg: &Arg) -> bool {
    matches!(&arg.value.kind, ExprKind::Name(name) if name == "this" || name == "self")
}

/// How the object on which a method is called was made, if it was given something that can be followed.
pub(super) fn made(code: &Code<'_>, call: &Call, function: usize) -> Option<Box<Made>> {
    let (maker, at) = code.maker(call.receiver()?, function)?;
    if maker.args.is_empty() || maker.args.len() > 12 {
        return None;
    }
    let callee = code.callee(maker, at);
    let callee = if maker.new { format_smolstr!("{callee}.<init>") } else { callee };
    let args: Vec<Argument> =
        maker.args.iter().map(|arg| Argument { name: arg.name.clone(), value: code.value(&arg.value, at) }).collect();
    (!callee.is_empty() && args.iter().any(|a| followable(&a.value))).then(|| Box::new(Made { callee, args }))
}
