//! One thing that two sides are told differently: a database and who signs in, a name that services share, a queue that is declared
//! twice. See `setting_drift.md`.

use crate::drift::is_masked;
use crate::effects::words;
use crate::keys::{Keys, by_node, host, is_address, is_ours, squash};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Hole, MASKED_APART, MASKED_TOKEN_APART, SmolStr, System, Value};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, SettingOf, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "setting-drift",
    group: Group::Environment,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("setting_drift.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    crate::passwords::passwords(cx, out);
    let all = by_node(cx.graph);
    crate::wherein::hosts(cx, &all, out);
    databases(cx, &all, out);
    shared(cx, &all, out);
    queues(cx, out);
}

/// What a database's image makes when it starts for the first time.
struct Made<'a> {
    database: Option<&'a SettingOf>,
    user: Option<&'a SettingOf>,
}

fn databases(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    const NAMES: [&str; 4] = ["POSTGRES_DB", "POSTGRESQL_DATABASE", "MYSQL_DATABASE", "MARIADB_DATABASE"];
    const USERS: [&str; 4] = ["POSTGRES_USER", "POSTGRESQL_USERNAME", "MYSQL_USER", "MARIADB_USER"];
    for (store, keys) in all.iter().enumerate().filter(|(n, _)| cx.node(*n).kind == NodeKind::Database) {
        // Of several deployments, or values, it is not known which one a client meets.
        let only = |names: &[&str]| {
            let mut found = names.iter().filter_map(|n| keys.set.get(&squash(n))).flatten().copied();
            let first = found.next()?;
            let same = found.all(|s| s.texts == first.texts);
            (same && matches!(first.texts.as_slice(), [text] if !text.is_empty() && !is_masked(text))).then_some(first)
        };
        let made = Made { database: only(&NAMES), user: only(&USERS) };
        if made.database.is_none() && made.user.is_none() || makes_more(cx, store, keys) {
            continue;
        }
        for (client, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
            if makes_its_own(cx, client) {
                continue;
            }
            let asked = asked(cx, store, keys);
            let database = made.database.and_then(|d| wrong(d, &asked, |a| a.database.as_deref()));
            let user = made.user.and_then(|u| wrong(u, &asked, |a| a.user.as_deref()));
            for (made, found, what) in
                [database.map(|(m, f)| (m, f, "database")), user.map(|(m, f)| (m, f, "user"))].into_iter().flatten()
            {
                out.push(refused(cx, (client, store), made, found, what));
            }
        }
    }
}

/// What one place of a client says of the database that it signs in to.
struct Asked {
    database: Option<String>,
    user: Option<String>,
    key: SmolStr,
    at: Evidence,
}

/// The first place that asks for another name, if none asks for the right one.
fn wrong<'a, 'b>(
    made: &'a SettingOf,
    asked: &'b [Asked],
    name: impl Fn(&'b Asked) -> Option<&'b str>,
) -> Option<(&'a SettingOf, (&'b Asked, &'b str))> {
    let right = made.texts.first()?;
    // Superusers and databases that each server has.
    let always =
        |n: &str| matches!(n, "root" | "mysql") || n == "postgres" && right != "postgres" && made.key.ends_with("DB");
    let said: Vec<(&Asked, &str)> = asked.iter().filter_map(|a| Some((a, name(a)?))).collect();
    let fits = said.iter().any(|(_, n)| *n == right.as_str() || always(n));
    said.into_iter().next().filter(|_| !fits).map(|found| (made, found))
}

fn refused(
    cx: &Cx<'_>,
    (client, store): (usize, usize),
    made: &SettingOf,
    (asked, name): (&Asked, &str),
    what: &str,
) -> Draft {
    let (service, of) = (cx.name(client), cx.name(store));
    let right = made.texts.first().map(SmolStr::as_str).unwrap_or_default();
    Draft::new(
        format!("{service} {of} {what}"),
        &asked.at,
        format!("`{service}` asks `{of}` for the {what} `{name}`, and `{of}` is made with `{right}`"),
    )
    .why(format!(
        "`{}` tells the image of `{of}` to make the {what} `{right}` when it first starts, and nothing here makes `{name}`: signing in fails.",
        made.key
    ))
    .about([cx.node(client).key.clone(), cx.node(store).key.clone()])
    .help(format!("use one name for both: `{right}` or `{name}`"))
    .link(&asked.at, if asked.key.is_empty() { format!("`{service}` asks for `{name}`") } else { format!("`{}` says `{name}`", asked.key) })
    .link(&made.at, format!("`{}` says `{right}`", made.key))
}

/// Whether the database runs scripts of its own at its first start, or makes several.
fn makes_more(cx: &Cx<'_>, store: usize, keys: &Keys<'_>) -> bool {
    let several = keys.set.values().flatten().any(|s| s.key.contains("MULTIPLE") || s.key.contains("DATABASES"));
    let node = cx.node(store);
    let declared = node.proof.iter().flat_map(|e| cx.facts(&e.path).iter().filter(|f| f.at.line == e.at.line));
    let scripts = declared.into_iter().any(|f| match &f.claim {
        Claim::Service(s) => s.source.is_some() || s.mounts.iter().any(|(_, inside)| inside.contains("initdb")),
        _ => false,
    });
    several || scripts || !node.own.is_empty()
}

/// Frameworks that make the database where there is none.
fn makes_its_own(cx: &Cx<'_>, client: usize) -> bool {
    const MAKERS: [&str; 9] =
        ["entityframework", "prisma", "rails", "activerecord", "ecto", "mikro-orm", "sqlx", "database-cleaner", "abp"];
    let mut packages = cx.graph.packages.iter().filter(|p| p.node == client);
    packages.any(|p| MAKERS.iter().any(|m| p.package.to_ascii_lowercase().contains(m)))
}

/// The places of a client that say which database of a store it asks for.
fn asked(cx: &Cx<'_>, store: usize, keys: &Keys<'_>) -> Vec<Asked> {
    const NAMES: [&str; 7] = ["NAME", "DATABASE", "DB", "DBNAME", "DB_NAME", "DATABASE_NAME", "SCHEMA"];
    const USERS: [&str; 3] = ["USER", "USERNAME", "DB_USER"];
    let leads = |name: &str| cx.graph.node(name) == Some(store);
    let mut out = Vec::new();
    for setting in keys.set.values().flatten() {
        // A password may be open.
        let text = if let [text] = setting.texts.as_slice() { text } else { &setting.value };
        let Some((name, _)) = host(text, is_address(&setting.key)).filter(|(name, _)| leads(name)) else { continue };
        if is_test(&setting.at.path) || text.contains("createDatabaseIfNotExist") {
            continue;
        }
        if text.len() > name.len() + 6 {
            let (database, user) = signed(text);
            out.push(Asked { database, user, key: setting.key.clone(), at: setting.at.clone() });
            continue;
        }
        // A host in a key of its own, and what stands beside it.
        let Some(stem) =
            ["HOSTNAME", "HOST", "SERVER", "ADDRESS", "ADDR"].iter().find_map(|e| setting.key.strip_suffix(e))
        else {
            continue;
        };
        let beside = |ends: &[&str]| {
            let mut found = ends.iter().filter_map(|e| keys.set.get(&squash(&format!("{stem}{e}")))).flatten();
            found
                .find(|s| {
                    keys.is_read(&s.key)
                        && s.at.path == setting.at.path
                        && matches!(s.texts.as_slice(), [t] if !t.is_empty() && !is_masked(t))
                })
                .copied()
        };
        if let Some(named) = beside(&NAMES) {
            let database = named.texts.first().map(ToString::to_string);
            out.push(Asked { database, user: None, key: named.key.clone(), at: named.at.clone() });
        }
        if let Some(named) = beside(&USERS) {
            let user = named.texts.first().map(ToString::to_string);
            out.push(Asked { database: None, user, key: named.key.clone(), at: named.at.clone() });
        }
    }
    out
}

/// Database and user of a connection string.
fn signed(text: &str) -> (Option<String>, Option<String>) {
    let plain = |t: &str| {
        let ok = !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        ok.then(|| t.to_owned())
    };
    if let Some((_, rest)) = text.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let user = authority.rsplit_once('@').and_then(|(user, _)| plain(user.split(':').next().unwrap_or(user)));
        return (plain(path.split(['?', ';', '/']).next().unwrap_or(path)), user);
    }
    let by = if text.contains(';') { ';' } else { ' ' };
    let of = |names: &[&str]| {
        let mut pairs = text.split(by).filter_map(|p| p.split_once('='));
        pairs.find(|(k, _)| names.contains(&squash(k).as_str())).and_then(|(_, v)| plain(v.trim()))
    };
    (of(&["dbname", "database", "initialcatalog"]), of(&["user", "userid", "username", "uid"]))
}

/// Keys that name one thing for all who have them, and that two services are told differently.
fn shared(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    // Who is told what, by the file that tells them, or by the kind of configuration that each has of its own.
    type Told<'a> = BTreeMap<usize, Vec<&'a SettingOf>>;
    let mut by_key: BTreeMap<(String, &str), Told<'_>> = BTreeMap::new();
    for (node, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        // What an image from elsewhere reads is not seen.
        let foreign = cx.node(node).languages.is_empty();
        for setting in keys.set.values().flatten().filter(|s| is_shared(&s.key) && (foreign || keys.is_read(&s.key))) {
            let own = setting.at.says.starts_with("setting [app") || setting.at.says.starts_with("setting [dotenv");
            let place = if own { setting.at.by.as_str() } else { setting.at.path.as_str() };
            if !is_test(&setting.at.path) {
                by_key.entry((squash(&setting.key), place)).or_default().entry(node).or_default().push(setting);
            }
        }
    }
    for (_, told) in by_key {
        // What is hidden can be compared where its file says that one of them differs.
        let hidden = |s: &SettingOf| matches!(s.texts.as_slice(), [text] if is_masked(text));
        let marked = |s: &SettingOf| s.value == MASKED_APART || s.value == MASKED_TOKEN_APART;
        let compared = told.values().flatten().any(|s| marked(s));
        let signs = told.values().flatten().all(|s| variable(s).is_some()) && told.len() > 1;
        let value_of = |s: &&SettingOf| match compared && hidden(s) {
            _ if signs => variable(s).map(str::to_owned),
            true => Some(if marked(s) { "another" } else { "the usual" }.to_owned()),
            false => value_of(s),
        };
        let known = |sets: &Vec<&SettingOf>| -> Option<BTreeSet<String>> { sets.iter().map(value_of).collect() };
        let values: Vec<(usize, BTreeSet<String>, &SettingOf)> =
            told.iter().filter_map(|(node, sets)| Some((*node, known(sets)?, *sets.first()?))).collect();
        // One among many that agree, or two that are all there are.
        let apart: Vec<usize> = (0..values.len())
            .filter(|i| values.iter().enumerate().all(|(j, (_, other, _))| j == *i || other.is_disjoint(&values[*i].1)))
            .collect();
        let odd = match (values.len(), apart.as_slice()) {
            (2, [_, second]) => *second,
            (_, [one]) if values.len() > 2 => *one,
            _ => continue,
        };
        let Some(usual) = values.iter().enumerate().find(|(i, _)| *i != odd).map(|(_, v)| v) else { continue };
        let (node, _, first) = &values[odd];
        // A name that has its own service's name in it is one of its own.
        let own = |(node, texts, setting): &(usize, BTreeSet<String>, &SettingOf)| {
            let name = squash(cx.name(*node));
            name.len() > 2 && texts.iter().any(|t| squash(t).contains(&name)) && !squash(&setting.key).contains(&name)
        };
        // An address is told by other rules, and what reads alike is no difference to show.
        if own(&values[odd]) || own(usual) || is_address(&first.key) || first.value == usual.2.value {
            continue;
        }
        out.push(apart_from(cx, (*node, first), (usual.0, usual.2)));
    }
}

fn apart_from(cx: &Cx<'_>, (node, first): (usize, &SettingOf), (other, usual): (usize, &SettingOf)) -> Draft {
    let (service, with) = (cx.name(node), cx.name(other));
    let key = &first.key;
    if is_masked(&first.value) {
        return Draft::new(
            format!("{service} {with} {key}"),
            &first.at,
            format!("`{service}` has another `{key}` than `{with}` and most of those who have one"),
        )
        .why("What one of them signs, the other refuses. The values are not shown; that they differ is all that was kept of them.")
        .about([cx.node(node).key.clone(), cx.node(other).key.clone()])
        .certainty(Certainty::Inferred)
        .help(format!("give both one value of `{key}`, or call the keys what they are"))
        .link(&first.at, format!("`{service}` is told one"))
        .link(&usual.at, format!("`{with}` is told another"));
    }
    Draft::new(
        format!("{service} {with} {key}"),
        &first.at,
        format!("`{key}` is `{}` for `{service}` and `{}` for `{with}`", first.value, usual.value),
    )
    .why(format!("Both read `{key}`, which names one thing for both: with two values they do not meet."))
    .about([cx.node(node).key.clone(), cx.node(other).key.clone()])
    .certainty(Certainty::Inferred)
    .help(format!("give both one value of `{key}`, or call the keys what they are"))
    .link(&first.at, format!("`{service}` is told `{}`", first.value))
    .link(&usual.at, format!("`{with}` is told `{}`", usual.value))
}

/// The one variable of the deployment's own that a hidden value comes from, whatever it falls back on.
fn variable(setting: &SettingOf) -> Option<&str> {
    let inner = setting.value.strip_prefix("${env:")?.strip_suffix('}')?;
    (!inner.contains("${")).then(|| inner.split('|').next().unwrap_or(inner))
}

/// The value, where it can be compared: written out, or one variable of the deployment's own.
fn value_of(setting: &SettingOf) -> Option<String> {
    match setting.texts.as_slice() {
        [text] if !text.is_empty() && !is_masked(text) => Some(text.to_string()),
        [] if setting.value.starts_with("${env:") && setting.value.matches("${").count() == 1 => {
            Some(setting.value.to_string())
        }
        _ => None,
    }
}

/// Whether a key names something that all who have the key share, and says which.
fn is_shared(key: &str) -> bool {
    const THINGS: [&str; 12] = [
        "topic",
        "queue",
        "exchange",
        "stream",
        "channel",
        "subject",
        "bucket",
        "issuer",
        "audience",
        "realm",
        "jwt",
        "collection",
    ];
    const PLAIN: [&str; 26] = [
        "name", "key", "app", "kafka", "rabbitmq", "rabbit", "redis", "amqp", "input", "output", "in", "out",
        "consumer", "producer", "source", "target", "default", "service", "config", "nats", "aws", "sqs", "spring",
        "topics", "queues", "main",
    ];
    let words = words(key);
    let ends =
        words.iter().rev().take(2).any(|w| THINGS.contains(&w.trim_end_matches('s')) || THINGS.contains(&w.as_str()));
    let signs = words.iter().any(|w| w == "jwt")
        && words.iter().any(|w| matches!(w.as_str(), "secret" | "key" | "issuer" | "audience" | "algorithm"));
    let telling = words.iter().any(|w| !PLAIN.contains(&w.as_str()) && !THINGS.contains(&w.as_str()));
    let size = words.iter().any(|w| {
        matches!(
            w.as_str(),
            "size" | "count" | "limit" | "max" | "enabled" | "ttl" | "timeout" | "partitions" | "group"
        )
    });
    (signs || ends && telling || matches!(words.last().map(String::as_str), Some("issuer" | "audience" | "realm")))
        && !size
}

/// Queues that two programs declare with different properties: the broker refuses the second.
fn queues(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut found: BTreeMap<String, Vec<(usize, bool, Evidence)>> = BTreeMap::new();
    for node in (0..cx.graph.nodes.len()).filter(|n| is_ours(cx.node(*n).kind) && uses_rabbit(cx, *n)) {
        for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_test(path)) {
            let Claim::Pass(pass) = &fact.claim else { continue };
            let Some((name, durable)) = declared(&pass.callee, &pass.args) else { continue };
            if let Some(name) = text_of(cx, node, name) {
                let at = cx.evidence(path, fact, seam_facts::format_smolstr!("declares the queue {name}"));
                found.entry(name).or_default().push((node, durable, at));
            }
        }
    }
    for (queue, places) in found {
        let of = |durable: bool| places.iter().find(|(_, d, _)| *d == durable);
        let (Some((kept, _, one)), Some((lost, _, other))) = (of(true), of(false)) else { continue };
        let (durable, fleeting) = (cx.name(*kept), cx.name(*lost));
        out.push(
            Draft::new(
                format!("{fleeting} {durable} {queue}"),
                other,
                format!("`{fleeting}` declares the queue `{queue}` without `durable`, and `{durable}` declares it durable"),
            )
            .why("A queue is declared once: whoever comes second with other properties is refused (406 PRECONDITION_FAILED), and its channel is closed.")
            .about([cx.node(*lost).key.clone(), cx.node(*kept).key.clone()])
            .severity(Severity::Error)
            .help("declare it alike on both sides, and remove the queue that exists from the broker")
            .link(other, format!("`{fleeting}` declares `{queue}` not durable"))
            .link(one, format!("`{durable}` declares `{queue}` durable")),
        );
    }
}

fn uses_rabbit(cx: &Cx<'_>, node: usize) -> bool {
    let queue = |e: &usize| {
        let edge = cx.edge(*e);
        matches!(edge.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume)
            && cx.node(edge.to).system == Some(System::Rabbit)
    };
    cx.outgoing(node).iter().any(queue)
}

/// The name of a queue that a call declares, and whether it is durable: as the client says, or by its library's default.
fn declared<'a>(callee: &str, args: &'a [seam_facts::Argument]) -> Option<(&'a Value, bool)> {
    let positional = |i: usize| args.iter().filter(|a| a.name.is_none()).nth(i).map(|a| &a.value);
    let named = |name: &str| args.iter().find(|a| a.name.as_deref() == Some(name)).map(|a| &a.value);
    let truth = |value: &Value| match value.as_text()?.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    // Without options that can be followed nothing is known.
    let said = |value: Option<&Value>, default: bool| value.map_or(Some(default), truth);
    let last = callee.rsplit(['.', '#']).next().unwrap_or(callee);
    let queue = named("queue").or_else(|| positional(0))?;
    let durable = match last {
        // amqplib: durable unless it is told otherwise.
        "assertQueue" => said(named("durable"), true)?,
        // pika: not durable, `queue_declare(queue, passive, durable, …)`.
        "queue_declare" if named("passive").is_none() => said(named("durable").or_else(|| positional(2)), false)?,
        // RabbitMQ.Client and the Java client: `(queue, durable, exclusive, autoDelete, arguments)`.
        "QueueDeclare" | "QueueDeclareAsync" | "queueDeclare" => {
            said(named("durable").or_else(|| positional(1)), false)?
        }
        _ => return None,
    };
    Some((queue, durable))
}

/// The text of a value, or of the one constant of the node that it names.
pub(crate) fn text_of(cx: &Cx<'_>, node: usize, value: &Value) -> Option<String> {
    if let Some(text) = value.as_text() {
        return (!text.is_empty()).then(|| text.to_string());
    }
    let Some(Hole::Ref(symbol)) = value.as_hole() else { return None };
    let last = |s: &str| s.rsplit(['.', '#', ':']).next().unwrap_or(s).to_owned();
    let wanted = last(symbol);
    let texts: BTreeSet<String> = cx
        .own_facts(node)
        .filter_map(|(_, f)| match &f.claim {
            Claim::Constant(c) if last(&c.symbol) == wanted => c.value.as_text().map(|t| t.to_string()),
            _ => None,
        })
        .collect();
    let mut texts = texts.into_iter();
    texts.next().filter(|t| !t.is_empty() && texts.next().is_none())
}
