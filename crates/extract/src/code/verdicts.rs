//! What a condition says of an attempt, by its own text: operators are what lowering leaves out.
//!
//! Invariant: a condition of several parts speaks for itself only if the parts agree; those about the number of attempts say
//! nothing of the last one.

use super::Code;
use super::attempts::Outcome;
use super::ir::{Expr, ExprKind};

/// What a branch's condition says: that the attempt worked, or that it failed.
pub(super) fn of(code: &Code<'_>, head: &Expr) -> Option<Outcome> {
    let (before, mut text) = written(code, head)?;
    // A list that has a name is as good as one that is written there.
    head.walk(&mut |e| {
        let function = within(code, e.span.line);
        if let (Some(name), ExprKind::List(items)) = (e.path(), &code.resolved(e, function).0.kind)
            && !items.is_empty()
            && matches!(e.kind, ExprKind::Name(_) | ExprKind::Member(..))
        {
            let numbers: Vec<&str> = items
                .iter()
                .filter_map(|i| match &i.kind {
                    ExprKind::Num(n) => Some(n.as_str()),
                    _ => None,
                })
                .collect();
            if numbers.len() == items.len() {
                text = text.replace(&name, &format!("[{}]", numbers.join(", ")));
            }
        }
    });
    let turned = before.trim_end().ends_with("unless") || before.trim_end().ends_with("until");
    let mut found: Option<bool> = None;
    for part in parts(&text) {
        let Some(worked) = part_says(part) else { continue };
        match found {
            Some(known) if known != worked => return None,
            _ => found = Some(worked),
        }
    }
    found.map(|worked| if worked != turned { Outcome::Worked } else { Outcome::Failed })
}

/// The innermost function around a line.
fn within(code: &Code<'_>, line: u32) -> usize {
    let around = code.unit.functions.iter().enumerate().filter(|(_, f)| f.span.covers(line));
    around.min_by_key(|(_, f)| f.span.end_line - f.span.line).map_or(0, |(index, _)| index)
}

/// A condition as it is written, up to what it guards, and what stands before it on its line.
fn written(code: &Code<'_>, head: &Expr) -> Option<(String, String)> {
    let first = head.span.line.checked_sub(1)? as usize;
    let count = (head.span.end_line.max(head.span.line) - head.span.line) as usize + 1;
    let mut lines = code.text.lines().skip(first).take(count.min(6));
    let line = lines.next()?;
    let at = (head.span.column.max(1) - 1) as usize;
    let (before, rest) = (line.get(..at)?, line.get(at..)?);
    let mut text = rest.to_owned();
    for line in lines {
        text.push(' ');
        text.push_str(line.trim());
    }
    // Parentheses that the condition opens are its own; the first that it does not ends it, and so does its block.
    let mut depth = 0i32;
    let mut end = text.len();
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, '{' | ';') if depth == 0 => {
                end = at;
                break;
            }
            (None, ':') if depth == 0 && text[at + 1..].trim().is_empty() => {
                end = at;
                break;
            }
            _ => {}
        }
        if depth < 0 {
            end = at;
            break;
        }
    }
    Some((before.to_owned(), text[..end].trim().to_owned()))
}

/// The parts that `&&`, `||`, `and` and `or` join.
fn parts(text: &str) -> Vec<&str> {
    let mut out = vec![text];
    for word in ["&&", "||", " and ", " or "] {
        out = out.into_iter().flat_map(|part| part.split(word)).collect();
    }
    out.into_iter().map(bare).collect()
}

/// Without the parentheses around it all.
fn bare(mut part: &str) -> &str {
    part = part.trim();
    while let Some(inner) = part.strip_prefix('(') {
        let mut depth = 1;
        let closes = inner.char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        match closes {
            Some((at, _)) if at + 1 == inner.len() => part = inner[..at].trim(),
            // One that the other part closes.
            None => part = inner.trim(),
            Some(_) => break,
        }
    }
    part
}

/// Whether one part says that it worked; `None` where it speaks of something else.
fn part_says(part: &str) -> Option<bool> {
    // PHP's members; arrows are no comparisons.
    let lower = part.to_ascii_lowercase().replace("->", ".").replace("=>", " ");
    let (turned, rest) = match lower.strip_prefix('!').filter(|r| !r.starts_with('=')) {
        Some(rest) => (true, bare(rest)),
        None => match lower.strip_prefix("not ") {
            Some(rest) => (true, bare(rest)),
            None => (false, lower.as_str()),
        },
    };
    // `if let Ok(answer) = call()`.
    if let Some(pattern) = rest.strip_prefix("let ") {
        return match pattern.split('(').next()?.trim() {
            "ok" => Some(true),
            "err" => Some(false),
            _ => None,
        };
    }
    let says = compared(rest).or_else(|| named(rest))?;
    Some(says != turned)
}

const SIGNS: [&str; 10] = ["===", "!==", "==", "!=", ">=", "<=", " not in ", " in ", ">", "<"];

/// `status == 200`, `resp["code"] != "ok"`, `status >= 400`, `code in range(200, 300)`, `[502, 503].includes(status)`.
fn compared(part: &str) -> Option<bool> {
    const MEMBER: [&str; 7] =
        [".includes(", ".contains(", ".has(", ".include?(", "in_array(", "slices.contains(", ".indexof("];
    if MEMBER.iter().any(|w| part.contains(w)) {
        let known = part.split(['(', ')', ',', '[', ']']).any(has_status)
            || part.split("::").any(|p| has_status(p.trim_end_matches(')')));
        return worked(&numbers(part)).filter(|_| known);
    }
    let (sign, at) =
        SIGNS.iter().filter_map(|sign| Some((*sign, part.find(sign)?))).min_by_key(|(s, at)| (*at, 9 - s.len()))?;
    let (left, right) = (part[..at].trim(), part[at + sign.len()..].trim());
    let (asked, with, swapped) = if has_status(left) { (left, right, false) } else { (right, left, true) };
    if !has_status(asked) {
        // `err == nil`, `error is null`: an error that is not there.
        let nothing = ["nil", "null", "none", "undefined", "false"].contains(&right);
        return match sign {
            "==" | "===" if nothing && is_error(left) => Some(true),
            "!=" | "!==" if nothing && is_error(left) => Some(false),
            "==" | "===" if matches!(right, "true" | "false") => Some(named(left)? == (right == "true")),
            _ => None,
        };
    }
    if let Some(text) = with.strip_prefix(['"', '\'']).map(|t| t.trim_end_matches(['"', '\''])) {
        let good = ["ok", "success", "succeeded", "completed", "done", "up", "200"].contains(&text);
        let bad = ["error", "fail", "failed", "failure", "500", "unavailable"].contains(&text);
        return match sign {
            "==" | "===" => (good || bad).then_some(good),
            "!=" | "!==" => (good || bad).then_some(bad),
            _ => None,
        };
    }
    let found = numbers(with);
    let first = *found.first()?;
    match (sign, swapped) {
        ("==" | "===" | " in ", _) => worked(&found),
        ("!=" | "!==" | " not in ", _) => worked(&found).map(|w| !w),
        (">" | ">=", false) | ("<" | "<=", true) if (299..=500).contains(&first) => Some(false),
        ("<" | "<=", false) | (">" | ">=", true) if (299..=500).contains(&first) => Some(true),
        _ => None,
    }
}

/// Numbers that are statuses: all of success, or none.
fn worked(found: &[u32]) -> Option<bool> {
    let good = |n: &u32| (200..=300).contains(n);
    match (found.iter().all(good), found.iter().any(good)) {
        _ if found.is_empty() => None,
        (true, _) => Some(true),
        (_, false) => Some(false),
        _ => None,
    }
}

fn numbers(text: &str) -> Vec<u32> {
    // `HTTP_200_OK`, `StatusOK`, `HttpStatus.OK`.
    let mut out: Vec<u32> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|n| n.len() == 3)
        .filter_map(|n| n.parse().ok())
        .filter(|n| (200..600).contains(n))
        .collect();
    if out.is_empty() {
        let word = text.rsplit(['.', ':']).next().unwrap_or(text).replace('_', "");
        out.extend(match word.trim_end_matches("()").trim_start_matches("status") {
            "ok" => Some(200),
            "created" => Some(201),
            "accepted" => Some(202),
            "nocontent" => Some(204),
            "internalservererror" => Some(500),
            "serviceunavailable" => Some(503),
            "badgateway" => Some(502),
            "toomanyrequests" => Some(429),
            _ => None,
        });
    }
    out
}

/// Whether an expression is the status of an answer.
fn has_status(text: &str) -> bool {
    let word: String = last_word(text).replace('_', "");
    matches!(
        word.as_str(),
        "status"
            | "code"
            | "statuscode"
            | "getstatus"
            | "getstatuscode"
            | "getstatuscodevalue"
            | "statuscodevalue"
            | "rawstatuscode"
            | "httpcode"
            | "httpstatus"
            | "responsecode"
            | "getresponsecode"
            | "rc"
    ) || word.ends_with("statuscode") && word.len() < 24
}

/// `resp.ok`, `result.get("success")`, `result.is_ok()`, `response.isSuccessful`, `!result.error`.
fn named(text: &str) -> Option<bool> {
    if SIGNS.iter().any(|s| text.contains(s)) {
        return None;
    }
    // A bare `ok` says something else in Go, and so does a variable that is called so.
    let of_something = text.contains(['.', '[', '>', ':']) || text.contains("->");
    let word = last_word(text).replace('_', "");
    let word = word.trim_end_matches('?');
    let good = [
        "ok",
        "isok",
        "success",
        "issuccess",
        "successful",
        "issuccessful",
        "succeeded",
        "issuccessstatuscode",
        "ensuresuccess",
        "is2xxsuccessful",
        "is2xx",
    ];
    let bad = ["iserr", "iserror", "error", "err", "failed", "isfailure", "is4xxclienterror", "is5xxservererror"];
    match () {
        () if !of_something && matches!(word, "success" | "succeeded") => Some(true),
        () if !of_something => None,
        () if good.contains(&word) => Some(true),
        () if bad.contains(&word) => Some(false),
        () => None,
    }
}

/// The member, key or function that an expression ends with: `status` of `resp.json()["status"]` and of `resp.get("status", 0)`.
fn last_word(text: &str) -> String {
    let text = text.trim();
    let asked = text.strip_suffix(')').and_then(|t| {
        let (on, arg) = t.rsplit_once('(')?;
        let function = on.rsplit(['.', '>']).next().unwrap_or(on);
        let key = arg.split(',').next().unwrap_or(arg).trim();
        match function {
            "get" | "dig" | "fetch" | "getproperty" | "intval" | "int" if !key.is_empty() => Some(key.to_owned()),
            _ => Some(function.to_owned()),
        }
    });
    let text = asked.unwrap_or_else(|| text.trim_end_matches([']', '"', '\'']).to_owned());
    let word = text.rsplit(['.', '[', '>', ':', ' ', '(', ')', '$', '"', '\'']).find(|w| !w.is_empty());
    word.unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '?').to_owned()
}

fn is_error(text: &str) -> bool {
    let word = last_word(text);
    word == "e" || word == "ex" || word.ends_with("err") || word.ends_with("error") || word.starts_with("err")
}

#[cfg(test)]
mod tests {
    use super::part_says;

    #[test]
    fn conditions_say_whether_it_worked() {
        for worked in [
            "resp.status_code == 200",
            "resp.status === 200",
            "result.get(\"code\") == 200",
            "result[\"status\"] == \"ok\"",
            "code in range(200, 300)",
            "result.get('code') in range(200, 300)",
            "resp.StatusCode < 300",
            "response.statusCode() < 400",
            "result.is_ok()",
            "resp.ok",
            "result.success",
            "result->successful()",
            "res.IsSuccessStatusCode",
            "err == nil",
            "!result.error",
            "resp.success?",
            "200 == resp.getStatusCode()",
            "resp.StatusCode == http.StatusOK",
            "response.getStatusCode() == HttpStatus.OK",
            "not result.get(\"error\")",
            "let Ok(answer) = call()",
            "![400, 503].includes(res.status)",
        ] {
            assert_eq!(part_says(&worked.to_lowercase()), Some(true), "{worked}");
        }
        for failed in [
            "resp.status_code != 200",
            "resp.StatusCode >= 500",
            "err != nil",
            "!response.ok",
            "not resp.ok",
            "[502, 503, 504].includes(res.status)",
            "result.is_err()",
            "code in [500, 502]",
            "resp.status > 299",
            "result[\"code\"] not in (200, 201)",
        ] {
            assert_eq!(part_says(&failed.to_lowercase()), Some(false), "{failed}");
        }
        for other in ["attempt == 3", "items.length > 0", "user.active", "ok", "page.next", "code > 0", "count < 300"] {
            assert_eq!(part_says(other), None, "{other}");
        }
    }
}
