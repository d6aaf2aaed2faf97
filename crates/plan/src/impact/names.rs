//! What generators call what a contract declares, in each language.
//!
//! Sources: protoc's and its plugins' guides to generated code (protobuf.dev/reference), grpc.io's basics for each
//! language, ts-proto, protobufjs and prost.

use seam_extract::lang::Lang;

/// How a name stands to the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It gives what the field holds.
    Reads,
    /// It gives the message that it is called on, or nothing.
    Writes,
}

/// `order_id` and `orderId` as `OrderId`; Go's way: an underline before a lower-case letter goes, others stay.
pub fn go(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let bytes: Vec<char> = name.chars().collect();
    for (i, c) in bytes.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| bytes[b]);
        let next = bytes.get(i + 1).copied().unwrap_or(' ');
        match (*c, before) {
            ('_', None) => out.push('X'),
            ('_', _) if next.is_ascii_lowercase() => {}
            ('.', _) => {
                if !next.is_ascii_lowercase() {
                    out.push('_');
                }
            }
            (c, None | Some('_' | '.')) => out.extend(c.to_uppercase()),
            // A letter after a digit is upper.
            (c, Some(b)) if b.is_ascii_digit() && c.is_ascii_lowercase() => out.extend(c.to_uppercase()),
            (c, _) => out.push(c),
        }
    }
    out
}

/// A nested name in Go: `Outer_Inner`.
pub fn go_type(nested: &str) -> String {
    nested.split('.').map(go).collect::<Vec<_>>().join("_")
}

pub fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut chars = pascal.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

pub fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut up = true;
    for c in name.chars() {
        match c {
            '_' => up = true,
            c if up => {
                out.extend(c.to_uppercase());
                up = false;
            }
            c => {
                out.push(c);
                up = c.is_ascii_digit();
            }
        }
    }
    out
}

pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        if c.is_uppercase() {
            let before = i.checked_sub(1).map(|b| chars[b]);
            let after = chars.get(i + 1);
            let starts = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase()));
            if starts {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(*c);
        }
    }
    out
}

/// What a field is called in code of a language, and what each name does.
pub fn of_field(lang: Lang, name: &str) -> Vec<(String, Role)> {
    use Role::{Reads, Writes};
    let (upper, lower) = (pascal(name), camel(name));
    let with = |list: &[(&str, &str, Role)], base: &str| -> Vec<(String, Role)> {
        list.iter().map(|(before, after, role)| (format!("{before}{base}{after}"), *role)).collect()
    };
    match lang {
        Lang::Go => {
            let name = go(name);
            vec![(format!("Get{name}"), Reads), (name, Reads)]
        }
        // ScalaPB makes case classes.
        Lang::Scala => with(&[("", "", Reads)], &lower),
        Lang::Java | Lang::Kotlin => {
            let mut out = with(
                &[
                    ("get", "", Reads),
                    ("get", "List", Reads),
                    ("get", "Map", Reads),
                    ("get", "Count", Writes),
                    ("get", "Value", Writes),
                    ("get", "Bytes", Writes),
                    ("get", "Builder", Reads),
                    ("get", "OrBuilder", Reads),
                    ("get", "BuilderList", Reads),
                    ("get", "OrDefault", Reads),
                    ("get", "OrThrow", Reads),
                    ("has", "", Writes),
                    ("set", "", Writes),
                    ("set", "Bytes", Writes),
                    ("set", "Value", Writes),
                    ("clear", "", Writes),
                    ("merge", "", Writes),
                    ("add", "", Writes),
                    ("addAll", "", Writes),
                    ("add", "Builder", Reads),
                    ("put", "", Writes),
                    ("putAll", "", Writes),
                    ("remove", "", Writes),
                    ("contains", "", Writes),
                ],
                &upper,
            );
            if lang == Lang::Kotlin {
                out.extend(with(&[("", "", Reads), ("", "List", Reads), ("", "Map", Reads)], &lower));
            }
            out
        }
        Lang::CSharp => with(&[("", "", Reads), ("Has", "", Writes), ("Clear", "", Writes)], &upper),
        Lang::Python | Lang::Ruby | Lang::Elixir => vec![(name.to_owned(), Reads)],
        Lang::Php => {
            with(&[("get", "", Reads), ("set", "", Writes), ("has", "", Writes), ("clear", "", Writes)], &upper)
        }
        Lang::Rust => {
            let name = snake(name);
            let mut out = with(&[("set_", "", Writes), ("mut_", "", Reads), ("get_", "", Reads)], &name);
            out.push((name, Reads));
            out
        }
        Lang::Cpp => {
            let list = [
                ("", "", Reads),
                ("set_", "", Writes),
                ("mutable_", "", Reads),
                ("add_", "", Reads),
                ("clear_", "", Writes),
                ("has_", "", Writes),
                ("release_", "", Reads),
                ("set_allocated_", "", Writes),
                ("", "_size", Writes),
            ];
            with(&list, &name.to_lowercase())
        }
        Lang::Script => {
            let mut out = vec![(lower.clone(), Reads)];
            if lower != name {
                out.push((name.to_owned(), Reads));
            }
            let list = [
                ("get", "", Reads),
                ("get", "List", Reads),
                ("get", "Map", Reads),
                ("set", "", Writes),
                ("set", "List", Writes),
                ("has", "", Writes),
                ("clear", "", Writes),
                ("clear", "List", Writes),
                ("add", "", Reads),
            ];
            out.extend(with(&list, &upper));
            out.push((format!("{lower}List"), Reads));
            out
        }
    }
}

/// What an rpc is called in code of a language.
pub fn of_rpc(lang: Lang, name: &str) -> Vec<String> {
    match lang {
        Lang::Go => vec![go(name)],
        Lang::Java | Lang::Kotlin | Lang::Scala | Lang::Php => vec![camel(name)],
        Lang::CSharp => vec![name.to_owned(), format!("{name}Async")],
        Lang::Python => vec![name.to_owned()],
        Lang::Ruby | Lang::Rust | Lang::Elixir => vec![snake(name)],
        Lang::Cpp => {
            vec![name.to_owned(), format!("Async{name}"), format!("PrepareAsync{name}"), format!("Request{name}")]
        }
        Lang::Script => vec![camel(name), name.to_owned()],
    }
}

/// Names of types that stand for a service's client or server, without its own name.
pub const SERVICE_SUFFIXES: &[&str] = &[
    "",
    "Client",
    "Server",
    "Stub",
    "BlockingStub",
    "BlockingV2Stub",
    "FutureStub",
    "CoroutineStub",
    "ImplBase",
    "CoroutineImplBase",
    "Base",
    "Servicer",
    "Grpc",
    "GrpcKt",
    "Service",
    "ServiceClient",
    "Impl",
    "ClientImpl",
    "Definition",
    "AsyncService",
    "StubInterface",
    "PromiseClient",
    "Interface",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_generators_write_them() {
        assert_eq!(go("order_id"), "OrderId");
        assert_eq!(go("initialIP"), "InitialIP");
        assert_eq!(go("regID"), "RegID");
        assert_eq!(go_type("Outer.inner"), "Outer_Inner");
        assert_eq!(camel("shipping_cost"), "shippingCost");
        assert_eq!(pascal("price_usd"), "PriceUsd");
        assert_eq!(snake("priceUSDTotal"), "price_usd_total");
        assert_eq!(snake("GetQuote"), "get_quote");
    }
}
