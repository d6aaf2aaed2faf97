//! Defects of deployments: settings, hosts, ports, versions, start order, credentials.

use super::mutant::{Class, Mutant, Seen, indent, word};
use seam_engine::Place;
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

/// Settings of deployments that prove an interaction: key, value, place, and the places of the interaction.
fn proving<'a>(seen: &'a Seen<'_>) -> Vec<(&'a str, &'a str, &'a Place, Places)> {
    let mut out = Vec::new();
    for interaction in &seen.map.interactions {
        for place in &interaction.evidence {
            let Some((_, rest)) = place.says.split_once("] ").filter(|(a, _)| a.starts_with("setting [service")) else {
                continue;
            };
            let Some((key, value)) = rest.split_once(" = ") else { continue };
            let places = interaction.evidence.iter().map(|p| (p.path.clone(), p.line)).collect();
            out.push((key, value, place, places));
        }
    }
    out
}

/// The places of a setting first, then whatever else is given, and where the key is read.
fn with_reads(seen: &Seen<'_>, key: &str, place: &Place, mut more: Vec<(String, u32)>) -> Vec<(String, u32)> {
    more.insert(0, (place.path.clone(), place.line));
    more.extend(seen.map.reads.iter().filter(|r| r.key == key).map(|r| (r.at.path.clone(), r.at.line)));
    more
}

fn renamed_setting(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (key, _, place, places) in proving(seen) {
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
    for (key, value, place, places) in proving(seen) {
        let has_default = seen.map.reads.iter().filter(|r| r.key == key).any(|r| r.default.is_some());
        let whole = seen.line(&place.path, place.line).is_some_and(|l| l.contains(key) && l.contains(value));
        // In another form the line that is left would not be YAML.
        if has_default || !whole || !seen.map.reads.iter().any(|r| r.key == key) {
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

fn renamed_read(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let proving: BTreeMap<&str, (&Place, Places)> =
        proving(seen).into_iter().map(|(key, _, place, places)| (key, (place, places))).collect();
    for read in seen.map.reads.iter().filter(|r| r.default.is_none()) {
        let Some((place, places)) = proving.get(read.key.as_str()) else { continue };
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

fn changed_host(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (key, value, place, places) in proving(seen) {
        let names = seen.map.nodes.iter().flat_map(|n| n.aliases.iter().chain([&n.name]));
        let Some(host) = names.filter(|n| word(value, n).is_some()).max_by_key(|n| n.len()) else { continue };
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
    for (key, value, place, places) in proving(seen) {
        let port = value.rsplit(':').next().map(|p| p.split('/').next().unwrap_or(p)).unwrap_or("");
        let Some(number) = port.parse::<u32>().ok().filter(|p| *p > 79 && value.contains(':')) else { continue };
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
    for node in &seen.map.nodes {
        let called: Vec<_> = seen.map.interactions.iter().filter(|i| i.to == node.name).collect();
        let Some(place) = node.evidence.iter().find(|p| p.by == "compose") else { continue };
        let by_name =
            |i: &&seam_engine::Interaction| i.evidence.iter().any(|p| p.says.contains(&format!("//{}", node.name)));
        if !called.iter().any(by_name) || node.aliases.len() > 1 {
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

fn package_skew(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    skew(seen, out, "package version skewed", |kind| kind != "image" && kind != "base-image");
}

fn image_skew(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    skew(seen, out, "image version skewed", |kind| kind == "image");
}

fn plain_secret(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (key, _, place, _) in proving(seen) {
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

fn unhealthy_start(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for path in seen.paths.iter().filter(|p| p.ends_with(".yml") || p.ends_with(".yaml")) {
        let Some(text) = (seen.text)(path).filter(|t| t.contains("service_healthy")) else { continue };
        for (index, line) in text.lines().enumerate().filter(|(_, l)| l.contains("condition: service_healthy")) {
            let number = index as u32 + 1;
            let Some(text) = seen.replaced(path, number, "service_healthy", "service_started") else { continue };
            let about = line.trim().to_owned();
            out.push(Mutant {
                class: "health no longer awaited",
                rules: &["start-order"],
                texts: vec![text],
                places: (number.saturating_sub(6)..number + 3).map(|l| ((*path).to_owned(), l)).collect(),
                about,
            });
        }
    }
}
