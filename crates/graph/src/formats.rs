//! Texts made of a template that only a setting knows: `Sprintf(conf.DSN, host)` with `DSN: "shop@tcp(%s:3306)/shop"`.

use crate::index::FileId;
use crate::resolve::{Frame, Text, View, unique};
use seam_facts::Value;

/// Templates that are looked at, where profiles give several.
const MAX_TEMPLATES: usize = 4;

impl<'a> View<'_, 'a> {
    /// The first argument with the others in its places.
    pub(crate) fn formatted(
        &self,
        args: &[Value],
        file: FileId,
        frame: Option<&Frame<'_, '_>>,
        depth: usize,
    ) -> Vec<Text<'a>> {
        let (Some((template, args)), true) = (args.split_first(), depth > 0) else { return vec![Text::unknown("")] };
        let mut out = Vec::new();
        for template in self.value(template, file, frame, depth).into_iter().take(MAX_TEMPLATES) {
            if template.open {
                out.push(template);
                continue;
            }
            for mut text in self.value(&filled(&template.text, args), file, frame, depth) {
                text.default |= template.default;
                text.via.extend(template.via.iter().copied());
                out.push(text);
            }
        }
        unique(out)
    }
}

/// A template's text and the arguments in the order of its verbs; those that are missing stay open.
fn filled(template: &str, args: &[Value]) -> Value {
    let mut args = args.iter();
    let mut out = Value::default();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_text(&rest[..at]);
        let tail = &rest[at + 1..];
        let verb = tail.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(tail.len());
        if tail[verb..].starts_with('%') {
            out.push_text("%");
        } else {
            out.push(args.next().cloned().unwrap_or_else(|| Value::opaque("argument")));
        }
        rest = tail.get(verb + 1..).unwrap_or("");
    }
    out.push_text(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_take_the_arguments_in_order() {
        let args = [Value::text("shop"), Value::env("DB_HOST", None)];
        assert_eq!(filled("%s@tcp(%s:3306)/a%%b", &args).to_string(), "shop@tcp(${env:DB_HOST}:3306)/a%b");
        assert_eq!(filled("%d-%s-%v", &args[..1]).to_string(), format!("shop-{0}-{0}", Value::opaque("argument")));
        assert_eq!(filled("no places", &args).to_string(), "no places");
    }
}
