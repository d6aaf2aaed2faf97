//! Types of code that travel as JSON, with the names that their fields have on the way. See `shapes.md`.

use super::ir::{Annotation, Expr, ExprKind, Field, Stmt, Type};
use super::{Code, enums};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Shape, ShapeField, ShapeKind, SmolStr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "shapes",
    version: 5,
    page: include_str!("shapes.md"),
    reads: Reads::Code {
        langs: &[Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Go, Lang::Script, Lang::Python, Lang::Rust],
        extract,
    },
};

/// Fields of one type; more is no body.
const MAX_FIELDS: usize = 120;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let python = code.unit.lang == Lang::Python && ty.supers.iter().any(|s| s.ends_with("Enum"));
        let found = if python || is_enumeration(code, ty) { enums::values(code, ty) } else { shape(code, ty) };
        if let Some(shape) = found {
            sink.stated(Claim::Shape(shape), ty.span);
        }
    }
}

fn shape(code: &Code<'_>, ty: &Type) -> Option<Shape> {
    let lang = code.unit.lang;
    let travels = match lang {
        Lang::Go => ty.fields.iter().any(|f| f.annotations.iter().any(|a| a.name == "json")),
        Lang::Python => {
            ty.supers.iter().any(|s| s.ends_with("BaseModel"))
                || ty.annotations.iter().any(|a| a.simple() == "dataclass")
        }
        // What a macro derives, lowering leaves out.
        Lang::Rust => {
            let above = code.text.lines().skip(ty.span.line.saturating_sub(5) as usize).take(6);
            above.filter(|l| l.contains("derive(")).any(|l| l.contains("Serialize") || l.contains("Deserialize"))
        }
        Lang::Script => true,
        _ => !ty.interface,
    };
    if !travels || ty.fields.is_empty() || ty.fields.len() > MAX_FIELDS || ty.fields.iter().any(|f| is_worker(&f.ty)) {
        return None;
    }
    let mut open = ty.annotations.iter().any(opens);
    let mut fields: Vec<ShapeField> = Vec::new();
    for field in &ty.fields {
        open |= field.annotations.iter().any(opens);
        if is_constant(lang, field) || field.annotations.iter().any(is_left_out) {
            continue;
        }
        let aliased = |c: &super::ir::Call| c.named("alias").is_some() || c.named("validation_alias").is_some();
        open |= field.init.as_ref().and_then(|i| i.as_call()).is_some_and(aliased) || field.name == "model_config";
        fields.push(ShapeField {
            name: wire_name(lang, field),
            ty: field.ty.clone(),
            required: required(lang, field),
            number: None,
            line: field.span.line,
        });
    }
    if matches!(lang, Lang::Java | Lang::Kotlin) {
        getters(code, ty, &mut fields);
        let of_type = code.unit.functions.iter().filter(|f| f.owner == ty.name);
        open |= of_type.flat_map(|f| &f.annotations).any(opens);
    }
    if lang == Lang::Script {
        // `[key: string]: unknown` takes any field.
        let lines = code.text.lines().skip(ty.span.line.saturating_sub(1) as usize);
        let mut own = lines.take((ty.span.end_line - ty.span.line + 1) as usize);
        open |= own.any(|l| l.trim_start().starts_with('[') && l.contains("]:"));
    }
    if fields.is_empty() {
        return None;
    }
    let known = ["BaseModel", "Serializable", "Object", "object", "Comparable", "Cloneable", "IEquatable"];
    let supers = ty.supers.iter().filter(|s| !known.iter().any(|k| s.ends_with(k))).cloned().collect();
    Some(Shape { name: ty.name.clone(), kind: ShapeKind::Object, fields, values: Vec::new(), open, supers })
}

/// Whether a type is declared as an enumeration: whatever its values carry, they travel by their names.
fn is_enumeration(code: &Code<'_>, ty: &Type) -> bool {
    let name = ty.name.rsplit('.').next().unwrap_or(&ty.name);
    let (first, last) = (ty.span.line.saturating_sub(1) as usize, ty.span.end_line as usize);
    let mut declared = code.text.lines().take(last).skip(first).filter_map(|l| l.split_once(name));
    declared.next().is_some_and(|(before, _)| before.split_whitespace().any(|word| word == "enum"))
}

/// A property that a getter gives and no field has.
fn getters(code: &Code<'_>, ty: &Type, fields: &mut Vec<ShapeField>) {
    for function in code.unit.functions.iter().filter(|f| f.owner == ty.name && f.params.is_empty() && !f.private) {
        let name = function.name.strip_prefix("get").or_else(|| function.name.strip_prefix("is")).unwrap_or("");
        let Some(first) = name.chars().next().filter(char::is_ascii_uppercase) else { continue };
        let name = format!("{}{}", first.to_ascii_lowercase(), &name[1..]);
        let known = fields.iter().any(|f| f.name.eq_ignore_ascii_case(&name))
            || ty.fields.iter().any(|f| f.name.eq_ignore_ascii_case(&name));
        if !known && !function.annotations.iter().any(is_left_out) {
            let (given, line) = (function.returns.clone(), function.span.line);
            // What it gives is a field: that travels under the getter's name, unless it has a getter of its own.
            let returned = function.body.iter().find_map(|s| match s {
                Stmt::Return(value) => value.path(),
                _ => None,
            });
            let field = returned.as_deref().map(|p| p.strip_prefix("this.").unwrap_or(p));
            let hidden = |f: &&Field| Some(f.name.as_str()) == field && f.annotations.is_empty();
            if let Some(field) = ty.fields.iter().find(hidden)
                && !has_getter(code, ty, &field.name)
                && let Some(known) = fields.iter_mut().find(|f| f.name == field.name)
            {
                (known.name, known.line) = (name.into(), line);
                continue;
            }
            let ty = given;
            fields.push(ShapeField { name: name.into(), ty, required: None, number: None, line });
        }
    }
}

fn has_getter(code: &Code<'_>, ty: &Type, field: &str) -> bool {
    let gives = |name: &str| {
        let rest = name.strip_prefix("get").or_else(|| name.strip_prefix("is")).unwrap_or(name);
        rest.eq_ignore_ascii_case(field)
    };
    code.unit.functions.iter().any(|f| f.owner == ty.name && f.params.is_empty() && gives(&f.name))
}

/// A type that does something: what has it as a field is no data.
fn is_worker(ty: &str) -> bool {
    const ENDINGS: [&str; 15] = [
        "Repository",
        "Service",
        "Client",
        "Template",
        "Logger",
        "Factory",
        "Mapper",
        "Context",
        "Dao",
        "DAO",
        "Publisher",
        "Producer",
        "Mutex",
        "Mediator",
        "Handler",
    ];
    let plain = ty.split(['<', '?', '[']).next().unwrap_or(ty).trim();
    ENDINGS.iter().any(|e| plain.ends_with(e))
}

fn is_constant(lang: Lang, field: &Field) -> bool {
    let name = field.name.as_str();
    let shouted = name.len() > 1 && !name.chars().any(char::is_lowercase) && name.contains(char::is_alphabetic);
    let hidden = match lang {
        // Only what begins with a capital travels.
        Lang::CSharp | Lang::Go => !name.starts_with(char::is_uppercase),
        _ => name.starts_with(['_', '#']),
    };
    let tool = matches!(name, "serialVersionUID" | "log" | "logger");
    (shouted && !matches!(lang, Lang::CSharp | Lang::Go)) || hidden || tool
}

/// Left out of what travels.
fn is_left_out(a: &Annotation) -> bool {
    let hidden = || a.positional(0).and_then(|v| v.as_str()).is_some_and(|t| t == "-");
    matches!(
        a.simple(),
        "JsonIgnore" | "Transient" | "XmlTransient" | "IgnoreDataMember" | "NotMapped" | "JsonBackReference"
    ) || a.name == "json" && hidden()
}

/// The set of fields is not what is declared.
fn opens(a: &Annotation) -> bool {
    const WORDS: [&str; 15] = [
        "JsonAnySetter",
        "JsonAnyGetter",
        "JsonUnwrapped",
        "JsonTypeInfo",
        "JsonSerialize",
        "JsonDeserialize",
        "JsonView",
        "JsonFilter",
        "JsonExtensionData",
        "JsonConverter",
        "JsonAdapter",
        "JsonCreator",
        "JsonValue",
        "Exclude",
        "Expose",
    ];
    let text = |word: &str| {
        a.args.iter().any(|arg| arg.name.as_deref() == Some(word) || super::eval::short(&arg.value).contains(word))
    };
    let lists = a.simple() == "JsonIgnoreProperties"
        && a.args.iter().any(|arg| {
            let named = arg.name.is_none() || arg.name.as_deref() == Some("value");
            named && matches!(arg.value.kind, ExprKind::Str(_) | ExprKind::List(_))
        });
    WORDS.contains(&a.simple())
        || lists
        || a.simple() == "serde" && (text("flatten") || text("tag") || text("untagged"))
}

fn wire_name(lang: Lang, field: &Field) -> SmolStr {
    const NAMES: [&str; 7] =
        ["JsonProperty", "JsonPropertyName", "SerializedName", "SerialName", "JsonbProperty", "Json", "json"];
    for a in field.annotations.iter().filter(|a| NAMES.contains(&a.simple())) {
        let given = a.arg("value").or_else(|| a.arg("name")).and_then(|v| v.as_str());
        let given = given.map(|t| t.split(',').next().unwrap_or(t)).filter(|t| !t.is_empty());
        if let Some(name) = given {
            return name.into();
        }
    }
    if lang == Lang::Rust {
        let renamed = field.annotations.iter().filter(|a| a.simple() == "serde");
        let mut names = renamed.filter_map(|a| a.args.iter().find(|x| x.name.as_deref() == Some("rename")));
        if let Some(name) = names.find_map(|x| x.value.as_str()) {
            return name.clone();
        }
    }
    field.name.clone()
}

/// `Field(..., gt=0)` and `Field(gt=0)` say what a value has to be, and no default.
fn is_bare(init: &Expr) -> bool {
    let Some(call) = init.as_call().filter(|c| c.name() == "Field") else { return false };
    let given = |v: &Expr| !matches!(&v.kind, ExprKind::Other(parts) if parts.is_empty());
    call.arg(0).is_none_or(|v| !given(v)) && call.named("default").is_none() && call.named("default_factory").is_none()
}

fn required(lang: Lang, field: &Field) -> Option<bool> {
    let ty = field.ty.as_str();
    let optional = ty.ends_with('?') || ty.starts_with("Option<") || ty.starts_with("Optional") || ty.contains("None");
    match lang {
        Lang::Kotlin => Some(!optional && field.init.is_none()),
        Lang::Python => Some(!optional && field.init.as_ref().is_none_or(is_bare)),
        Lang::Rust => Some(!optional && !field.annotations.iter().any(|a| a.simple() == "serde")),
        _ => None,
    }
}
