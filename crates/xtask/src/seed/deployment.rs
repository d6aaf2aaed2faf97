//! Defects of deployments: settings, hosts, ports, versions, start order, credentials.

use super::mutant::{Class, Mutant, Seen, indent, word};
use seam_engine::{Place, Reading};
use std::collections::BTreeMap;

pub const CLASSES: &[Class] = &[
    renamed_setting,
    dropped_setting,
    renamed_read,
    changed_host,
    changed_port,
    renamed_service,
    package_skew,
    image_skew,
    plain_secret,
    unhealthy_start,
];

type Places = Vec<(String, u32)>;

/// Settings of deployments that prove an interaction: service, key, value, place, and the places of the interaction. Only
/// those that the service's code is seen to use: another may be read by a library, or by nobody. What only drives load or
/// watches is no part of the system.
fn proving<'a>(seen: &'a Seen<'_>) -> Vec<(&'a str, &'a str, &'a str, &'a Place, Places)> {
    let ours =
        |name: &str| seen.map.nodes.iter().any(|n| n.name == name && (n.kind == "service" || n.kind == "gateway"));
    let mut out = Vec::new();
    for interaction in seen.map.interactions.iter().filter(|i| ours(&i.from)) {
        for place in &interaction.evidence {
            let Some((_, rest)) = place.says.split_once("] ").filter(|(a, _)| a.starts_with("setting [service")) else {
                continue;
            };
            let Some((key, value)) = rest.split_once(" = ") else { continue };
            if interaction.certainty != "stated" && reads(seen, &interaction.from, key).next().is_none() {
                continue;
            }
            let places = interaction.evidence.iter().map(|p| (p.path.clone(), p.line)).collect();
            out.push((interaction.from.as_str(), key, value, place, places));
        }
    }
    out
}

/// Where a service's code reads a key, as frameworks spell it too (`shop.stock.url` for `SHOP_STOCK_URL`).
fn reads<'a>(seen: &'a Seen<'_>, service: &'a str, key: &'a str) -> impl Iterator<Item = &'a Reading> {
    let wanted = squash(key);
    seen.map.reads.iter().filter(move |r| r.service == service && squash(&r.key) == wanted)
}

fn squash(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether something else gives a service the key as well: its image, another deployment, its own configuration.
fn is_set_besides(seen: &Seen<'_>, service: &str, key: &str, place: &Place) -> bool {
    let same = |s: &&seam_engine::Setting| s.service == service && squash(&s.key) == squash(key);
    seen.map.settings.iter().filter(same).any(|s| (&s.at.path, s.at.line) != (&place.path, place.line))
}

/// The places of a setting first, then whatever else is given, and where the key is read.
fn with_reads(seen: &Seen<'_>, key: &str, place: &Place, mut more: Vec<(String, u32)>) -> Vec<(String, u32)> {
    more.insert(0, (place.path.clone(), place.line));
    more.extend(seen.map.reads.iter().filter(|r| r.key == key).map(|r| (r.at.path.clone(), r.at.line)));
    more
}

fn renamed_setting(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (service, key, _, place, places) in proving(seen) {
        // Without a read it cannot be told from a key that a library takes.
        if reads(seen, service, key).next().is_none() {
            continue;
        }
        for line in [place.line, place.line.saturating_sub(1)] {
            let Some(text) = seen.replaced(&place.path, line, key, &format!("{key}_V2")) else { continue };
            out.push(Mutant {
                class: "setting renamed where it is set",
                rules: &["missing-setting", "unread-setting"],
                texts: vec![text],
                places: with_reads(seen, key, place, places),
                about: key.to_owned(),
            });
            break;
        }
    }
}

fn dropped_setting(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (service, key, value, place, places) in proving(seen) {
        // Code that asks whether it is there has another answer.
        let asks = |r: &Reading| {
            let lines = r.at.line..r.at.line + 3;
            lines.filter_map(|l| seen.line(&r.at.path, l)).any(|l| l.contains("!= \"\"") || l.contains("is not None"))
        };
        let has_default =
            reads(seen, service, key).any(|r| r.default.is_some() || asks(r)) || looks_whether(seen, service, key);
        let whole = seen.line(&place.path, place.line).is_some_and(|l| l.contains(key) && l.contains(value));
        // In another form the line that is left would not be YAML.
        // What an image or another deployment sets as well is not missing everywhere.
        let read = reads(seen, service, key).next().is_some();
        if has_default || !whole || !read || is_set_besides(seen, service, key, place) {
            continue;
        }
        let Some(text) = seen.without(&place.path, place.line) else { continue };
        out.push(Mutant {
            class: "setting dropped",
            rules: &["missing-setting"],
            texts: vec![text],
            places: with_reads(seen, key, place, places),
            about: key.to_owned(),
        });
    }
}

/// Whether code looks if a property that a framework fills is there (`hasText(endpoints.getStock())`): it has another answer then.
fn looks_whether(seen: &Seen<'_>, service: &str, key: &str) -> bool {
    const WORDS: [&str; 8] =
        ["hasText", "hasLength", "isBlank", "isEmpty", "IsNullOr", "!= null", "== null", "isNotBlank"];
    let leaf = |r: &Reading| squash(r.key.rsplit(['.', ':', '_']).next().unwrap_or(&r.key));
    let leaves: Vec<String> = reads(seen, service, key).map(leaf).filter(|l| l.len() > 3).collect();
    let node = seen.map.nodes.iter().find(|n| n.name == service);
    let own = |p: &&&str| {
        let code = [".java", ".kt", ".cs"].iter().any(|e| p.ends_with(e));
        code && node.is_some_and(|n| n.roots.iter().any(|r| p.starts_with(&format!("{r}/"))))
    };
    let looks = |line: &str| {
        let plain = squash(line);
        WORDS.iter().any(|w| line.contains(w))
            && leaves.iter().any(|l| plain.contains(&format!("get{l}")) || plain.contains(l))
    };
    seen.paths.iter().filter(own).filter_map(|p| (seen.text)(p)).any(|text| text.lines().any(looks))
}

fn renamed_read(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let proving: BTreeMap<(&str, &str), (&Place, Places)> =
        proving(seen).into_iter().map(|(service, key, _, place, places)| ((service, key), (place, places))).collect();
    for read in seen.map.reads.iter().filter(|r| r.default.is_none()) {
        let Some((place, places)) = proving.get(&(read.service.as_str(), read.key.as_str())) else { continue };
        // Read in two places, it is still read after one of them has changed.
        if reads(seen, &read.service, &read.key).any(|r| (&r.at.path, r.at.line) != (&read.at.path, read.at.line)) {
            continue;
        }
        let Some(text) = seen.replaced(&read.at.path, read.at.line, &read.key, &format!("NEW_{}", read.key)) else {
            continue;
        };
        out.push(Mutant {
            class: "setting renamed where it is read",
            rules: &["missing-setting", "unread-setting"],
            texts: vec![text],
            places: with_reads(seen, &read.key, place, places.clone()),
            about: read.key.clone(),
        });
    }
}

/// Whether a value is an address that only this machine or the world outside knows: what is there is not this system's to say.
fn is_outside(value: &str) -> bool {
    let rest = value.split_once("://").map_or(value, |(_, r)| r);
    let authority = rest.split(['/', '?', ',', ';', ' ']).next().unwrap_or("").rsplit('@').next().unwrap_or("");
    let host = authority.split(':').next().unwrap_or("");
    if host.contains('$') {
        return true;
    }
    let own = ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"].contains(&host);
    own || host.contains('.') && !host.contains(".svc") && !host.contains('=')
}

/// Whether a word on a line of code stands in a text; elsewhere it is a name that the compiler knows.
fn is_text(seen: &Seen<'_>, path: &str, line: u32, what: &str) -> bool {
    let code = [".cs", ".java", ".kt", ".go", ".py", ".js", ".ts", ".rs"].iter().any(|e| path.ends_with(e));
    let line = seen.line(path, line).unwrap_or_default();
    let before = word(&line, what).map_or("", |at| &line[..at]);
    !code || before.matches(['"', '\'', '`']).count() % 2 == 1
}

fn changed_host(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, key, value, place, places) in proving(seen) {
        let names = seen.map.nodes.iter().flat_map(|n| n.aliases.iter().chain([&n.name]));
        // The scheme may be called like a node.
        let named = |n: &&String| word(value, n).is_some_and(|at| !value[at + n.len()..].starts_with("://"));
        let Some(host) = names.filter(named).max_by_key(|n| n.len()) else { continue };
        if is_outside(value) || !is_text(seen, &place.path, place.line, host) {
            continue;
        }
        let Some(text) = seen.replaced(&place.path, place.line, host, &format!("{host}-next")) else { continue };
        out.push(Mutant {
            class: "host changed in a setting",
            rules: &["unknown-host", "setting-drift"],
            texts: vec![text],
            places: with_reads(seen, key, place, places),
            about: format!("{key} {host}"),
        });
    }
}

fn changed_port(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, key, value, place, places) in proving(seen) {
        let port = value.rsplit(':').next().map(|p| p.split('/').next().unwrap_or(p)).unwrap_or("");
        let Some(number) = port.parse::<u32>().ok().filter(|p| *p > 79 && value.contains(':')) else { continue };
        if is_outside(value) {
            continue;
        }
        let next = (number + 7).to_string();
        let Some(text) = seen.replaced(&place.path, place.line, &format!(":{port}"), &format!(":{next}")) else {
            continue;
        };
        out.push(Mutant {
            class: "port changed in a setting",
            rules: &["port-mismatch", "setting-drift"],
            texts: vec![text],
            places: with_reads(seen, key, place, places),
            about: format!("{key} {port}"),
        });
    }
}

fn renamed_service(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    // Of a store, nothing but its name says which it is; so it is with one of several services of one code.
    let alone = |node: &&seam_engine::Node| {
        let ours = matches!(node.kind.as_str(), "service" | "gateway") && !node.roots.is_empty();
        ours && !seen.map.nodes.iter().any(|n| n.name != node.name && n.roots.iter().any(|r| node.roots.contains(r)))
    };
    for node in seen.map.nodes.iter().filter(alone) {
        let called: Vec<_> = seen.map.interactions.iter().filter(|i| i.to == node.name).collect();
        let Some(place) = node.evidence.iter().find(|p| p.by == "compose") else { continue };
        // Somebody in this very file calls it by this name, and no `container_name` or alias of it keeps the name.
        let named = |says: &str| {
            let at = |w: &str| says.match_indices(&format!("{w}{}", node.name)).map(|(at, m)| at + m.len()).next();
            let end = |at: usize| says[at..].chars().next().is_none_or(|c| ":/}".contains(c));
            ["//", "= ", "|"].iter().filter_map(|w| at(w)).any(end)
        };
        let caller = |i: &&&seam_engine::Interaction| {
            let from = seen.map.nodes.iter().find(|n| n.name == i.from && n.kind == "service");
            let beside = from.is_some_and(|n| n.evidence.iter().any(|p| p.path == place.path));
            beside && i.evidence.iter().any(|p| named(&p.says))
        };
        // A registry knows it by the name that it gives itself.
        let registers = |path: &&&str| {
            let file = path.rsplit('/').next().unwrap_or(path);
            ["application", "bootstrap", "appsettings"].iter().any(|w| file.starts_with(w))
        };
        let registered = seen.paths.iter().filter(registers).filter_map(|p| (seen.text)(p));
        if registered.into_iter().any(|text| word(&text, &node.name).is_some()) {
            continue;
        }
        let text = (seen.text)(&place.path).unwrap_or_default();
        let kept = ["container_name:", "hostname:", "-"].iter().any(|w| {
            text.lines()
                .any(|l| l.trim().strip_prefix(w).is_some_and(|l| l.trim().trim_matches(['"', '\'']) == node.name))
        });
        let whole =
            block(&text, place.line).iter().any(|l| l.trim().starts_with("image:") || l.trim().starts_with("build:"));
        if !called.iter().any(|i| caller(&i)) || kept || !whole {
            continue;
        }
        let key = format!("{}:", node.name);
        let Some(text) = seen.replaced(&place.path, place.line, &key, &format!("{}-next:", node.name)) else {
            continue;
        };
        let mut places = vec![(place.path.clone(), place.line)];
        places.extend(called.iter().flat_map(|i| &i.evidence).map(|p| (p.path.clone(), p.line)));
        out.push(Mutant {
            class: "service renamed under its callers",
            rules: &["unknown-host"],
            texts: vec![text],
            places,
            about: node.name.clone(),
        });
    }
}

/// The first number of a version, one higher by ten.
fn newer(version: &str) -> Option<String> {
    let start = version.find(|c: char| c.is_ascii_digit())?;
    let digits: String = version[start..].chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().ok().filter(|n| *n < 1_000)?;
    Some(format!("{}{}{}", &version[..start], number + 10, &version[start + digits.len()..]))
}

fn skew(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, wanted: fn(&str) -> bool) {
    for package in seen.map.packages.iter().filter(|p| wanted(&p.kind) && !p.development) {
        let Some(version) = package.version.as_deref().filter(|v| v.len() > 1) else { continue };
        let same = seen.map.packages.iter().filter(|p| {
            p.package == package.package
                && p.kind == package.kind
                && p.service != package.service
                && p.version.is_some()
        });
        let others: Vec<(String, u32)> = same.map(|p| (p.at.path.clone(), p.at.line)).collect();
        if others.is_empty() || others.iter().any(|(path, _)| *path == package.at.path) {
            continue;
        }
        let Some(next) = newer(version) else { continue };
        let Some(text) = (package.at.line..package.at.line + 4)
            .find_map(|line| seen.replaced(&package.at.path, line, version, &next))
        else {
            continue;
        };
        let mut places = vec![(package.at.path.clone(), package.at.line)];
        places.extend(others);
        let about = format!("{} {version}", package.package);
        out.push(Mutant { class, rules: &["version-skew"], texts: vec![text], places, about });
    }
}

/// Only libraries of the workspace's own: what others publish is a service's own matter, as long as nothing that it makes
/// crosses the network.
fn package_skew(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let mut made = Vec::new();
    skew(seen, &mut made, "package version skewed", |kind| kind != "image" && kind != "base-image");
    made.retain(|m| m.about.split(' ').next().is_some_and(|name| is_made_here(seen, name)));
    out.extend(made);
}

fn is_made_here(seen: &Seen<'_>, package: &str) -> bool {
    let last = package.rsplit([':', '/']).next().unwrap_or(package);
    seen.paths.iter().any(|path| {
        let file = path.rsplit('/').next().unwrap_or(path);
        let says = |what: String| (seen.text)(path).is_some_and(|t| t.contains(&what));
        match file {
            "package.json" => says(format!("\"name\": \"{package}\"")),
            "go.mod" => says(format!("module {package}\n")),
            "pom.xml" => (seen.text)(path).is_some_and(|t| {
                let head = t.split("<dependencies>").next().unwrap_or_default();
                head.split("</parent>").last().unwrap_or_default().contains(&format!("<artifactId>{last}</artifactId>"))
            }),
            _ => file.strip_suffix(".csproj") == Some(package),
        }
    })
}

/// A store that several deployments start in one release is started in another by one of them.
fn image_skew(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let store = |name: &str| {
        let kind = seen.map.nodes.iter().find(|n| n.name == name).map_or("", |n| n.kind.as_str());
        matches!(kind, "database" | "cache" | "broker" | "server")
    };
    for package in seen.map.packages.iter().filter(|p| p.kind == "image" && store(&p.service)) {
        let Some(version) = package.version.as_deref().filter(|v| v.len() > 1) else { continue };
        let same = |p: &&seam_engine::Package| p.package == package.package && p.service == package.service;
        let all: Vec<&seam_engine::Package> = seen.map.packages.iter().filter(same).collect();
        let apart =
            all.iter().all(|p| p.version == package.version) && all.iter().any(|p| p.at.path != package.at.path);
        let Some(next) = newer(version).filter(|_| apart) else { continue };
        let lines = package.at.line..package.at.line + 4;
        let replaced = lines.into_iter().find_map(|line| seen.replaced(&package.at.path, line, version, &next));
        let Some(text) = replaced else { continue };
        let places = all.iter().map(|p| (p.at.path.clone(), p.at.line)).collect();
        let about = format!("{} {version}", package.package);
        out.push(Mutant { class: "image version skewed", rules: &["version-skew"], texts: vec![text], places, about });
    }
}

fn plain_secret(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, key, _, place, _) in proving(seen) {
        if place.by != "compose" {
            continue;
        }
        let Some(line) = seen.line(&place.path, place.line).filter(|l| l.contains(key)) else { continue };
        // In two parts, so that no scanner takes this line for a leak.
        let value = ["sk_live_51H8xkT2eZvKY", "lo2C9a7bQm4Wn3Rt6Ud"].concat();
        let new = if line.trim_start().starts_with("- ") {
            format!("{}- PAYMENT_API_SECRET={value}", indent(&line))
        } else {
            format!("{}PAYMENT_API_SECRET: {value}", indent(&line))
        };
        let Some(text) = seen.with(&place.path, place.line, &new) else { continue };
        out.push(Mutant {
            class: "credential committed",
            rules: &["secret-in-plain"],
            texts: vec![text],
            places: vec![(place.path.clone(), place.line)],
            about: key.to_owned(),
        });
    }
}

/// The lines below a line that are indented deeper.
fn block(text: &str, line: u32) -> Vec<&str> {
    let deep = text.lines().nth(line as usize - 1).map_or(0, |l| indent(l).len());
    let below = text.lines().skip(line as usize);
    below.take_while(|l| l.trim().is_empty() || indent(l).len() > deep).collect()
}

/// The line itself, and the lines that it stands below: of a condition, the dependency, `depends_on` and the service.
fn above(text: &str, line: usize) -> Vec<(u32, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut deep = usize::MAX;
    let mut out = Vec::new();
    for (index, text) in lines[..=line.min(lines.len() - 1)].iter().enumerate().rev() {
        if !text.trim().is_empty() && !text.trim().starts_with('#') && indent(text).len() < deep {
            deep = indent(text).len();
            out.push((index as u32 + 1, *text));
        }
    }
    out
}

/// Only where a service uses a store whose health the same file checks: what is called while requests are served mostly is
/// there by then, and what has no check cannot be waited for.
fn unhealthy_start(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let is_store = |name: &str| {
        seen.map.nodes.iter().any(|n| {
            let called = n.name == name || n.aliases.iter().any(|a| a == name);
            called && matches!(n.kind.as_str(), "database" | "cache" | "broker" | "server")
        })
    };
    for path in seen.paths.iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml")) {
        let Some(text) = (seen.text)(path).filter(|t| t.contains("service_healthy")) else { continue };
        for (index, line) in text.lines().enumerate().filter(|(_, l)| l.contains("condition: service_healthy")) {
            let number = index as u32 + 1;
            let above = above(&text, index);
            let name = |at: usize| above.get(at).map(|(_, l)| l.trim().trim_end_matches(':')).unwrap_or_default();
            let (store, service) = (name(1), name(3));
            let uses = seen.map.interactions.iter().any(|i| i.from == service && i.to == store);
            let checks = text.lines().enumerate().any(|(at, l)| {
                l.trim() == format!("{store}:")
                    && block(&text, at as u32 + 1).iter().any(|l| l.trim() == "healthcheck:")
            });
            if !is_store(store) || !uses || !checks {
                continue;
            }
            let Some(new) = seen.replaced(path, number, "service_healthy", "service_started") else { continue };
            out.push(Mutant {
                class: "health no longer awaited",
                rules: &["start-order"],
                texts: vec![new],
                places: above.iter().map(|(line, _)| ((*path).to_owned(), *line)).collect(),
                about: format!("{service} {store} {}", line.trim()),
            });
        }
    }
}
