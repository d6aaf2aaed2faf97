//! The environment as a table for a terminal: what parts, and where each side stands.

use super::ink::{bold, count, cyan, dim, pad, short, title, widest, yellow};
use super::table::place;
use seam_engine::asks::drift::{Answer, Live, Odd, Port, Setting, Skew, Value};
use seam_engine::{Finding, Reading};

/// Rows of one kind for a terminal; all of them are in the JSON.
const SHOWN: usize = 40;
/// Columns of a value.
const VALUE: usize = 48;

pub fn render(answer: &Answer) -> String {
    let mut out = head(answer);
    for live in &answer.live {
        running(live, &mut out);
    }
    if !answer.live.is_empty() {
        return out;
    }
    let of = |state: &str| -> Vec<&Setting> { answer.settings.iter().filter(|s| s.state == state).collect() };
    differing(&of("differs"), &mut out);
    odd(&answer.odd, &mut out);
    unset(&of("unset"), &mut out);
    unread(&of("unread"), &mut out);
    findings(&answer.findings, &mut out);
    ports(&answer.ports, &mut out);
    versions(&answer.versions, &mut out);
    agreeing(&of("agrees"), &mut out);
    if answer.findings.is_empty() && answer.settings.is_empty() && answer.odd.is_empty() && answer.versions.is_empty() {
        out.push_str("\nnothing parts: what is set is read, what is read is set, and deployments agree\n");
    }
    out
}

fn head(answer: &Answer) -> String {
    let c = &answer.counts;
    let mut parts = vec![count(c.services, "service"), count(c.settings, "setting")];
    let kinds = [
        (c.differs, "differ between deployments"),
        (c.odd, "odd between services"),
        (c.unset, "nobody sets"),
        (c.unread, "nobody reads"),
    ];
    parts.extend(kinds.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    if c.versions > 0 {
        parts.push(format!("{} in versions that part", count(c.versions, "package")));
    }
    if c.findings > 0 {
        parts.push(count(c.findings, "finding"));
    }
    format!("{}  {}\n", bold("drift"), parts.join(" · "))
}

/// Runs `each` on the first rows, and says how many more there are.
fn some<'r, T>(rows: &'r [T], out: &mut String, mut each: impl FnMut(&'r T, &mut String)) {
    rows.iter().take(SHOWN).for_each(|row| each(row, out));
    if rows.len() > SHOWN {
        out.push_str(&dim(format!("  and {} more: `--service NAME`, or `--json` for all\n", rows.len() - SHOWN)));
    }
}

fn differing(rows: &[&Setting], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("settings that differ", "one key of one service, by deployment"));
    let mut service = "";
    some(rows, out, |row, out| {
        if row.service != service {
            out.push_str(&format!("  {}\n", bold(&row.service)));
        }
        values(row, out);
        service = &row.service;
    });
}

/// Each value once, with where it stands first and how often.
fn values(row: &Setting, out: &mut String) {
    out.push_str(&format!("    {}  {}\n", row.key, dim(read_at(&row.reads))));
    let mut rows: Vec<(&str, String, Vec<&Value>)> = Vec::new();
    for value in &row.values {
        let said = text(value);
        match rows.iter_mut().find(|(source, text, _)| *source == value.source && *text == said) {
            Some((.., places)) => places.push(value),
            None => rows.push((&value.source, said, vec![value])),
        }
    }
    let sources = widest(rows.iter().map(|(source, ..)| *source), 16);
    let wide = widest(rows.iter().map(|(_, text, _)| text.as_str()), VALUE);
    for (source, text, places) in &rows {
        let at = places.first().map(|v| at(v)).unwrap_or_default();
        let more = if places.len() > 1 { format!(" and {} more", places.len() - 1) } else { String::new() };
        line(
            &format!("      {}  {}  {}", pad(&cyan(source), sources), pad(text, wide), dim(format!("{at}{more}"))),
            out,
        );
    }
}

/// The value with its variables filled in, where that is known.
fn text(value: &Value) -> String {
    let text = if value.texts.is_empty() { value.value.clone() } else { value.texts.join(" or ") };
    if text.is_empty() { dim("empty") } else { short(&text, VALUE) }
}

fn at(value: &Value) -> String {
    let profile = value.profile.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
    format!("{}{profile}", place(&value.at))
}

fn read_at(reads: &[Reading]) -> String {
    match reads {
        [] => "not read".to_owned(),
        [one] => format!("read at {}", place(&one.at)),
        [one, more @ ..] => format!("read at {} and {} more", place(&one.at), count(more.len(), "place")),
    }
}

fn odd(rows: &[Odd], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("settings that part between services", "most have one value, few another"));
    some(rows, out, |row, out| {
        let common = format!("{} services have {}", row.with, short(&row.common, VALUE));
        out.push_str(&format!("  {}  {}\n", bold(&row.key), dim(common)));
        for value in &row.others {
            line(&format!("    {}  {}  {}", value.service, yellow(text(value)), dim(at(value))), out);
        }
    });
}

fn unset(rows: &[&Setting], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("nobody sets", "code reads it, and has no default that is seen"));
    let names = widest(rows.iter().map(|r| r.service.as_str()), 32);
    let keys = widest(rows.iter().map(|r| r.key.as_str()), 44);
    some(rows, out, |row, out| {
        let near = row.near.as_ref().map(|n| yellow(format!("  did you mean {n}, which is set?"))).unwrap_or_default();
        let reads = dim(read_at(&row.reads));
        line(&format!("  {}  {}  {reads}{near}", pad(&bold(&row.service), names), pad(&row.key, keys)), out);
    });
}

fn unread(rows: &[&Setting], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("nobody reads", "a deployment sets it, and no code of the service is seen to read it"));
    let names = widest(rows.iter().map(|r| r.service.as_str()), 32);
    let keys = widest(rows.iter().map(|r| r.key.as_str()), 44);
    some(rows, out, |row, out| {
        let near = row.near.as_ref().map(|n| yellow(format!("  did you mean {n}, which is read?"))).unwrap_or_default();
        let places: Vec<String> = row.values.iter().take(2).map(at).collect();
        let places = dim(places.join(", "));
        line(&format!("  {}  {}  {places}{near}", pad(&bold(&row.service), names), pad(&row.key, keys)), out);
    });
}

fn findings(findings: &[Finding], out: &mut String) {
    if findings.is_empty() {
        return;
    }
    out.push_str(&title("what breaks", "`seam detect --rule environment` shows the code"));
    some(findings, out, |finding, out| {
        line(&format!("  {} {}  {}", yellow(&finding.severity), finding.message, dim(place(&finding.at))), out);
    });
}

/// Each number once for each service and role.
fn ports(ports: &[Port], out: &mut String) {
    if ports.is_empty() {
        return;
    }
    out.push_str(&title("ports", "who says them"));
    let mut rows: Vec<(&Port, usize)> = Vec::new();
    let same = |a: &Port, b: &Port| {
        (&a.service, &a.role, a.number, &a.to, &a.host) == (&b.service, &b.role, b.number, &b.to, &b.host)
    };
    for port in ports {
        match rows.iter_mut().find(|(first, _)| same(first, port)) {
            Some((_, more)) => *more += 1,
            None => rows.push((port, 0)),
        }
    }
    let names = widest(ports.iter().map(|p| p.service.as_str()), 32);
    let hosts = widest(ports.iter().map(|p| p.host.as_str()), 28);
    let mut service = "";
    some(&rows, out, |(port, more), out| {
        let name = if port.service == service { String::new() } else { bold(&port.service) };
        let number = port.number.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let number = if port.to.is_empty() { number } else { format!("{number} → {}", port.to) };
        let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
        let at = dim(format!("{}{more}", place(&port.at)));
        let (name, role) = (pad(&name, names), pad(&cyan(&port.role), 9));
        line(&format!("  {name}  {role}  {}  {}  {at}", pad(&number, 13), pad(&port.host, hosts)), out);
        service = &port.service;
    });
}

fn versions(skews: &[Skew], out: &mut String) {
    if skews.is_empty() {
        return;
    }
    out.push_str(&title("versions that part", "services pin releases that need not fit together"));
    some(skews, out, |skew, out| {
        out.push_str(&format!("  {}  {}\n", bold(&skew.package), cyan(&skew.kind)));
        let wide = widest(skew.versions.iter().map(|v| v.version.as_str()), 24);
        for pinned in &skew.versions {
            let services = short(&pinned.services.join(", "), 60);
            line(&format!("    {}  {services}  {}", pad(&pinned.version, wide), dim(place(&pinned.at))), out);
        }
    });
}

fn agreeing(rows: &[&Setting], out: &mut String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("settings that agree", ""));
    let mut service = "";
    for row in rows {
        if row.service != service {
            out.push_str(&format!("  {}\n", bold(&row.service)));
        }
        values(row, out);
        service = &row.service;
    }
}

fn running(live: &Live, out: &mut String) {
    let name = live.service.as_deref().unwrap_or(&live.name);
    let note = if live.service.as_ref().is_some_and(|s| *s != live.name) {
        format!("as {}, ", live.name)
    } else {
        String::new()
    };
    out.push_str(&title(&format!("running: {name}"), format!("{note}{}", count(live.settings, "setting"))));
    if live.service.is_none() {
        out.push_str("  no service of the workspace is called so; name it with `--service`\n");
        return;
    }
    if live.open {
        out.push_str(&dim("  it takes groups of settings whole that were not given: what is missing is not told\n"));
    }
    for row in &live.missing {
        let near = row.near.as_ref().map(|n| format!("; did you mean {n}, which is set?")).unwrap_or_default();
        let committed =
            row.values.first().map(|v| format!("; committed as {} at {}", text(v), at(v))).unwrap_or_default();
        line(
            &format!(
                "  {}  {}  {}{near}",
                yellow("missing"),
                bold(&row.key),
                dim(format!("{}{committed}", read_at(&row.reads)))
            ),
            out,
        );
    }
    for row in &live.defaulted {
        let default = row.reads.iter().find_map(|r| r.default.as_deref()).unwrap_or_default();
        let committed =
            row.values.first().map(|v| format!("committed as {} at {}", text(v), at(v))).unwrap_or_default();
        line(
            &format!(
                "  {}  {}  {}",
                yellow("default"),
                bold(&row.key),
                dim(format!("code takes {}; {committed}", short(default, VALUE)))
            ),
            out,
        );
    }
    for different in &live.different {
        let row = &different.setting;
        out.push_str(&format!("  {}  {} = {}\n", yellow("differs"), bold(&row.key), short(&different.value, VALUE)));
        for value in &row.values {
            line(&format!("             {}  {}  {}", cyan(&value.source), text(value), dim(at(value))), out);
        }
    }
    for one in &live.unread {
        let near =
            one.near.as_ref().map(|n| format!("  did you mean {n}, which is read and not set?")).unwrap_or_default();
        line(&format!("  {}   {}{}", yellow("unread"), bold(&one.key), dim(near)), out);
    }
    if live.missing.is_empty() && live.defaulted.is_empty() && live.different.is_empty() && live.unread.is_empty() {
        out.push_str("  as the code expects it, and as it is committed\n");
    }
}

fn line(text: &str, out: &mut String) {
    out.push_str(text.trim_end());
    out.push('\n');
}
