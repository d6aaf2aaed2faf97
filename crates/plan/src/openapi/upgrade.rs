//! OpenAPI 2.0 (Swagger), told in the words of 3.0: bodies, forms, media types, components.
//!
//! Lines stay those of the text. References are rewritten where they point.

use crate::tree::{Data, Key, Node};
use std::borrow::Cow;

/// Keywords of a parameter or header that are its schema's in 3.0.
const OF_SCHEMA: &[&str] = &[
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-extensible-enum",
];

type Entries<'a> = Vec<(Key<'a>, Node<'a>)>;

/// Does nothing to what is not 2.0.
pub fn upgrade(root: &mut Node<'_>) {
    let Data::Map(entries) = &mut root.data else { return };
    let is_two = entries.iter().any(|(k, v)| k.text == "swagger" && !matches!(v.data, Data::Null | Data::Map(_)));
    if !is_two {
        return;
    }
    let consumes = media_types(entries, "consumes");
    let produces = media_types(entries, "produces");
    let parameters = get(entries, "parameters").cloned();
    let mut components: Entries<'_> = Vec::new();
    for (old, new) in
        [("definitions", "schemas"), ("responses", "responses"), ("securityDefinitions", "securitySchemes")]
    {
        if let Some((line, mut node)) = take(entries, old) {
            match new {
                "responses" => {
                    if let Data::Map(all) = &mut node.data {
                        all.iter_mut().for_each(|(_, r)| response(r, &produces));
                    }
                }
                "securitySchemes" => {
                    if let Data::Map(all) = &mut node.data {
                        all.iter_mut().for_each(|(_, s)| scheme(s));
                    }
                }
                _ => {}
            }
            components.push((Key { text: new.into(), line }, node));
        }
    }
    if let Some((line, mut node)) = take(entries, "parameters") {
        if let Data::Map(all) = &mut node.data {
            all.iter_mut().for_each(|(_, p)| parameter(p));
        }
        components.push((Key { text: "parameters".into(), line }, node));
    }
    if let Some(Data::Map(paths)) = get_mut(entries, "paths").map(|n| &mut n.data) {
        for (_, item) in paths.iter_mut() {
            path(item, &consumes, &produces, parameters.as_ref());
        }
    }
    let line = components.first().map_or(1, |(k, _)| k.line);
    entries.push((Key { text: "components".into(), line }, Node::map(components, line)));
    references(root, 0);
}

fn get<'n, 'a>(entries: &'n Entries<'a>, key: &str) -> Option<&'n Node<'a>> {
    entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v)
}

fn get_mut<'n, 'a>(entries: &'n mut Entries<'a>, key: &str) -> Option<&'n mut Node<'a>> {
    entries.iter_mut().find(|(k, _)| k.text == key).map(|(_, v)| v)
}

fn take<'a>(entries: &mut Entries<'a>, key: &str) -> Option<(u32, Node<'a>)> {
    let i = entries.iter().position(|(k, _)| k.text == key)?;
    let (key, node) = entries.remove(i);
    Some((key.line, node))
}

fn media_types<'a>(entries: &Entries<'a>, key: &str) -> Option<Vec<(Cow<'a, str>, u32)>> {
    let list = get(entries, key)?;
    let text = |n: &Node<'a>| match &n.data {
        Data::Text(text) => Some((text.clone(), n.line)),
        _ => None,
    };
    Some(list.items().iter().filter_map(text).collect())
}

fn path<'a>(
    item: &mut Node<'a>,
    consumes: &Option<Vec<(Cow<'a, str>, u32)>>,
    produces: &Option<Vec<(Cow<'a, str>, u32)>>,
    shared: Option<&Node<'a>>,
) {
    let Data::Map(entries) = &mut item.data else { return };
    // Bodies and forms that all operations of a path have are each operation's.
    let mut common: Vec<Node<'a>> = Vec::new();
    if let Some(Data::List(list)) = get_mut(entries, "parameters").map(|n| &mut n.data) {
        let all = std::mem::take(list);
        let (own, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| in_body(resolved(p, shared)));
        common = own;
        *list = rest;
        list.iter_mut().for_each(parameter);
    }
    let methods = ["get", "put", "post", "delete", "options", "head", "patch"];
    for (key, operation) in entries.iter_mut().filter(|(k, _)| methods.contains(&k.text.as_ref())) {
        let at = key.line;
        let Data::Map(operation) = &mut operation.data else { continue };
        let consumes = media_types(operation, "consumes").or_else(|| consumes.clone());
        let produces = media_types(operation, "produces").or_else(|| produces.clone());
        let mut bodies = common.clone();
        if let Some(Data::List(list)) = get_mut(operation, "parameters").map(|n| &mut n.data) {
            let all = std::mem::take(list);
            let (own, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| in_body(resolved(p, shared)));
            bodies.extend(own);
            *list = rest;
            list.iter_mut().for_each(parameter);
        }
        if let Some(body) = request(bodies, consumes, shared) {
            let line = body.line.max(at);
            operation.push((Key { text: "requestBody".into(), line }, body));
        }
        if let Some(Data::Map(responses)) = get_mut(operation, "responses").map(|n| &mut n.data) {
            responses.iter_mut().for_each(|(_, r)| response(r, &produces));
        }
    }
}

/// What a parameter of `#/parameters` refers to.
fn resolved<'n, 'a>(parameter: &'n Node<'a>, shared: Option<&'n Node<'a>>) -> &'n Node<'a> {
    let name = parameter.get("$ref").and_then(Node::as_text).and_then(|r| r.strip_prefix("#/parameters/"));
    name.and_then(|name| shared?.get(name)).unwrap_or(parameter)
}

fn in_body(parameter: &Node<'_>) -> bool {
    matches!(parameter.word("in"), "body" | "formData")
}

fn request<'a>(
    bodies: Vec<Node<'a>>,
    consumes: Option<Vec<(Cow<'a, str>, u32)>>,
    shared: Option<&Node<'a>>,
) -> Option<Node<'a>> {
    let first = bodies.first().map(|n| n.line)?;
    let bodies: Vec<Node<'a>> = bodies.iter().map(|b| resolved(b, shared).clone()).collect();
    let (mut required, mut schema, mut form, mut file) = (false, None, Vec::new(), false);
    let mut needed: Vec<Node<'a>> = Vec::new();
    for mut body in bodies {
        let line = body.line;
        required |= body.flag("required");
        if body.word("in") == "body" {
            if let Data::Map(entries) = &mut body.data {
                schema = take(entries, "schema").map(|(_, node)| node);
            }
            continue;
        }
        file |= body.word("type") == "file";
        let name: Cow<'a, str> = body.word("name").to_owned().into();
        if body.flag("required") {
            needed.push(Node::text(name.clone(), line));
        }
        form.push((Key { text: name, line }, described(&mut body)));
    }
    let default = match (form.is_empty(), file) {
        (true, _) => "application/json",
        (false, true) => "multipart/form-data",
        (false, false) => "application/x-www-form-urlencoded",
    };
    if !form.is_empty() {
        let key = |text: &'static str| Key { text: text.into(), line: first };
        let mut object = vec![(key("type"), Node::text("object", first)), (key("properties"), Node::map(form, first))];
        if !needed.is_empty() {
            object.push((key("required"), Node { data: Data::List(needed), line: first }));
        }
        schema = Some(Node::map(object, first));
    }
    let media = consumes.filter(|m| !m.is_empty()).unwrap_or_else(|| vec![(default.into(), first)]);
    let content = media.into_iter().map(|(name, line)| (Key { text: name, line }, holder(schema.clone(), first)));
    let content = Node::map(content.collect(), first);
    Some(Node::map(
        vec![
            (Key { text: "required".into(), line: first }, Node { data: Data::Bool(required), line: first }),
            (Key { text: "content".into(), line: first }, content),
        ],
        first,
    ))
}

fn holder<'a>(schema: Option<Node<'a>>, line: u32) -> Node<'a> {
    let entry = schema.map(|schema| (Key { text: "schema".into(), line: schema.line }, schema));
    Node::map(entry.into_iter().collect(), line)
}

/// Takes the keywords of a schema out of a parameter.
fn described<'a>(parameter: &mut Node<'a>) -> Node<'a> {
    let line = parameter.line;
    let Data::Map(entries) = &mut parameter.data else { return Node::null(line) };
    let all = std::mem::take(entries);
    let (schema, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(k, _)| OF_SCHEMA.contains(&k.text.as_ref()));
    *entries = rest;
    Node::map(schema, line)
}

fn parameter(parameter: &mut Node<'_>) {
    if parameter.get("$ref").is_some() || in_body(parameter) || parameter.get("schema").is_some() {
        return;
    }
    let line = parameter.line;
    let format = parameter.word("collectionFormat").to_owned();
    let schema = described(parameter);
    if let Data::Map(entries) = &mut parameter.data {
        entries.push((Key { text: "schema".into(), line }, schema));
        if matches!(format.as_str(), "" | "csv") || format == "multi" {
            let explode = format == "multi";
            entries.push((Key { text: "explode".into(), line }, Node { data: Data::Bool(explode), line }));
        }
    }
}

fn response<'a>(response: &mut Node<'a>, produces: &Option<Vec<(Cow<'a, str>, u32)>>) {
    let line = response.line;
    let Data::Map(entries) = &mut response.data else { return };
    if let Some(Data::Map(headers)) = get_mut(entries, "headers").map(|n| &mut n.data) {
        for (_, header) in headers.iter_mut() {
            let line = header.line;
            let schema = described(header);
            if let Data::Map(entries) = &mut header.data {
                entries.push((Key { text: "schema".into(), line }, schema));
            }
        }
    }
    if let Some((_, schema)) = take(entries, "schema") {
        let fallback = || vec![(Cow::Borrowed("application/json"), line)];
        let media = produces.clone().filter(|m| !m.is_empty()).unwrap_or_else(fallback);
        let content =
            media.into_iter().map(|(name, at)| (Key { text: name, line: at }, holder(Some(schema.clone()), line)));
        let content = Node::map(content.collect(), line);
        entries.push((Key { text: "content".into(), line }, content));
    }
}

fn scheme(scheme: &mut Node<'_>) {
    let line = scheme.line;
    let flow = match scheme.word("flow") {
        "" => return,
        "accessCode" => "authorizationCode",
        "application" => "clientCredentials",
        "password" => "password",
        _ => "implicit",
    };
    let Data::Map(entries) = &mut scheme.data else { return };
    let all = std::mem::take(entries);
    let of_flow = ["authorizationUrl", "tokenUrl", "scopes"];
    let (inner, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(k, _)| of_flow.contains(&k.text.as_ref()));
    *entries = rest;
    let flows = Node::map(vec![(Key { text: flow.into(), line }, Node::map(inner, line))], line);
    entries.push((Key { text: "flows".into(), line }, flows));
}

fn references(node: &mut Node<'_>, depth: usize) {
    if depth > crate::tree::MAX_DEPTH + 8 {
        return;
    }
    match &mut node.data {
        Data::Map(entries) => {
            for (key, value) in entries {
                if key.text == "$ref"
                    && let Data::Text(text) = &mut value.data
                {
                    for (old, new) in [
                        ("#/definitions/", "#/components/schemas/"),
                        ("#/parameters/", "#/components/parameters/"),
                        ("#/responses/", "#/components/responses/"),
                    ] {
                        if let Some(name) = text.strip_prefix(old) {
                            *text = format!("{new}{name}").into();
                            break;
                        }
                    }
                } else {
                    references(value, depth + 1);
                }
            }
        }
        Data::List(items) => items.iter_mut().for_each(|i| references(i, depth + 1)),
        Data::Null | Data::Bool(_) | Data::Number(..) | Data::Text(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_forms_become_media_types() {
        let text = "swagger: '2.0'\nconsumes: [application/json]\npaths:\n  /a:\n    post:\n      parameters:\n      - {in: body, name: b, required: true, schema: {$ref: '#/definitions/A'}}\n      - {in: query, name: q, type: integer}\n      responses:\n        200: {description: x, schema: {type: string}}\ndefinitions:\n  A: {type: object}\n";
        let (mut node, _) = crate::tree::read(text);
        upgrade(&mut node);
        let post = node.path(&["paths", "/a", "post"]).expect("the operation");
        let reference = post.path(&["requestBody", "content", "application/json", "schema"]).map(|n| n.word("$ref"));
        assert_eq!(reference, Some("#/components/schemas/A"));
        assert_eq!(
            post.get("parameters").map(|p| p.items()[0].path(&["schema"]).map(|s| s.word("type"))),
            Some(Some("integer"))
        );
        assert!(post.path(&["responses", "200", "content", "application/json", "schema"]).is_some());
    }
}
