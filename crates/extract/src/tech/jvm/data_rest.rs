//! Spring Data REST: resources of repositories that say that they are exported. See `data_rest.md`.
//!
//! The collection is stated, because the repository's annotation asks for it. Items and searches are inferred and have no
//! handler: nobody wrote them down, the framework answers them.

use super::read::{JVM, find, functions_of, join, template, texts, type_args};
use crate::code::Code;
use crate::code::ir::{Annotation, ExprKind, Function, Type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Protocol, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "spring-data-rest",
    version: 1,
    page: include_str!("data_rest.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        repository(code, ty, sink);
    }
}

fn repository(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    // `@RestResource` stands on entities and methods too; here it means a type that extends a repository.
    let Some(a) = find(&ty.annotations, &["RepositoryRestResource", "RestResource"]).filter(|a| exported(a)) else {
        return;
    };
    let Some(entity) = ty.super_texts.iter().find_map(|s| type_args(s).into_iter().next()) else { return };
    let path = own_path(code, a, &ty.name).unwrap_or_else(|| Value::text(plural(&entity)));
    let base = Value::config("spring.data.rest.base-path", Some(Value::default()));
    let collection = base.then(template(join(Value::default(), path)));
    let endpoint = |method: &str, path: Value, handler: SmolStr| {
        Claim::Endpoint(Endpoint {
            protocol: Protocol::Http,
            method: Some(method.into()),
            path,
            handler,
            router: None,
            request: None,
            response: Some(entity.clone()),
        })
    };
    let methods = functions_of(code, ty);
    let kept: Vec<&Function> = methods.map(|(_, f)| f).collect();
    let open = |names: &[&str]| !kept.iter().any(|f| names.contains(&f.name.as_str()) && hidden(f));
    if open(&["findAll"]) {
        sink.stated(endpoint("GET", collection.clone(), format_smolstr!("{}.findAll", ty.name)), a.span);
    }
    if open(&["save"]) {
        sink.stated(endpoint("POST", collection.clone(), format_smolstr!("{}.save", ty.name)), a.span);
    }
    let item = collection.clone().then("/{id}".into());
    if open(&["findById", "findOne"]) {
        sink.inferred(endpoint("GET", item.clone(), SmolStr::default()), a.span);
    }
    if open(&["save"]) {
        sink.inferred(endpoint("PUT", item.clone(), SmolStr::default()), a.span);
        sink.inferred(endpoint("PATCH", item.clone(), SmolStr::default()), a.span);
    }
    if open(&["delete", "deleteById"]) {
        sink.inferred(endpoint("DELETE", item, SmolStr::default()), a.span);
    }
    for query in kept.into_iter().filter(|f| is_query(f) && !hidden(f)) {
        let said = find(&query.annotations, &["RestResource"]).and_then(|a| own_path(code, a, &ty.name));
        let path = said.unwrap_or_else(|| Value::text(query.name.clone()));
        let path = collection.clone().then("/search".into()).then(join(Value::default(), path));
        sink.inferred(endpoint("GET", path, SmolStr::default()), query.span);
    }
}

fn own_path(code: &Code<'_>, a: &Annotation, owner: &str) -> Option<Value> {
    texts(code, a, &["path"], owner).into_iter().next().filter(|p| !p.is_empty())
}

fn exported(a: &Annotation) -> bool {
    !a.args.iter().any(|x| x.name.as_deref() == Some("exported") && matches!(x.value.kind, ExprKind::Bool(false)))
}

fn hidden(function: &Function) -> bool {
    find(&function.annotations, &["RestResource"]).is_some_and(|a| !exported(a))
}

/// Methods that repositories inherit; declared anew they change how items are served, and are no searches.
const INHERITED: &[&str] = &[
    "findAll",
    "findAllById",
    "findById",
    "findOne",
    "existsById",
    "exists",
    "count",
    "save",
    "saveAll",
    "delete",
    "deleteById",
    "deleteAll",
    "getOne",
    "getById",
    "getReferenceById",
];

/// Query methods: named after what they find, or with a query written beside them.
fn is_query(function: &Function) -> bool {
    let named = ["find", "read", "get", "query", "search", "stream", "count", "exists"];
    let by_name = named.iter().any(|verb| function.name.starts_with(verb)) && function.name.contains("By");
    let written = find(&function.annotations, &["Query"]).is_some();
    (by_name || written)
        && !INHERITED.contains(&function.name.as_str())
        && find(&function.annotations, &["Modifying"]).is_none()
        && function.body.is_empty()
}

/// Words whose plural follows no rule, as their ends.
const IRREGULAR: &[(&str, &str)] = &[
    ("person", "people"),
    ("child", "children"),
    ("woman", "women"),
    ("man", "men"),
    ("mouse", "mice"),
    ("goose", "geese"),
    ("tooth", "teeth"),
    ("foot", "feet"),
    ("ox", "oxen"),
    ("quiz", "quizzes"),
];

/// Words that are their own plural.
const SAME: &[&str] = &["series", "species", "news", "sheep", "fish", "deer", "information", "equipment", "money"];

/// Words in `o` that take a bare `s`; others take `es`, `todoes` among them.
const BARE_O: &[&str] = &[
    "photo",
    "auto",
    "macro",
    "casino",
    "piano",
    "solo",
    "logo",
    "disco",
    "dynamo",
    "embryo",
    "memo",
    "tempo",
    "video",
    "manifesto",
    "pro",
    "zero",
    "kilo",
    "euro",
    "commando",
    "fiasco",
    "ghetto",
    "inferno",
    "soprano",
    "virtuoso",
];

/// The collection's default path: the entity's simple name with a small first letter, in its English plural as the
/// framework's inflector makes it.
fn plural(entity: &str) -> String {
    let mut name = entity.rsplit(['.', '$']).next().unwrap_or(entity).to_owned();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    // A word begins the name or has a capital: `salesPerson`, not `human`.
    let last = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
    let (head, word) = name.split_at(last);
    let low = word.to_ascii_lowercase();
    if SAME.contains(&low.as_str()) {
        return name;
    }
    if let Some((_, many)) = IRREGULAR.iter().find(|(one, _)| *one == low) {
        let first = word.get(0..1).unwrap_or_default();
        return format!("{head}{first}{}", many.get(1..).unwrap_or_default());
    }
    let ends = |end: &str| low.ends_with(end);
    let cut = |end: usize, with: &str| format!("{}{with}", name.get(..name.len() - end).unwrap_or_default());
    let before = low.chars().rev().nth(1).unwrap_or('a');
    match () {
        () if ends("sis") => cut(2, "es"),
        () if ends("y") && !"aeiou".contains(before) => cut(1, "ies"),
        () if ["s", "x", "z", "ch", "sh"].iter().any(|e| ends(e)) => cut(0, "es"),
        () if ends("life") || ends("wife") || ends("knife") => cut(2, "ves"),
        () if ["lf", "eaf", "oaf"].iter().any(|e| ends(e)) => cut(1, "ves"),
        () if ends("o") && !"aeiou".contains(before) && !BARE_O.contains(&low.as_str()) => cut(0, "es"),
        () => cut(0, "s"),
    }
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn collections_are_named_in_the_plural() {
        let cases = [
            ("Order", "orders"),
            ("Category", "categories"),
            ("Day", "days"),
            ("Address", "addresses"),
            ("Branch", "branches"),
            ("Person", "people"),
            ("SalesPerson", "salesPeople"),
            ("Human", "humans"),
            ("Analysis", "analyses"),
            ("Shelf", "shelves"),
            ("Todo", "todoes"),
            ("Photo", "photos"),
            ("Radio", "radios"),
            ("Series", "series"),
            ("OrderItem", "orderItems"),
        ];
        for (one, many) in cases {
            assert_eq!(plural(one), many);
        }
    }
}
