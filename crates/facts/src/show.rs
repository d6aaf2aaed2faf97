//! One line of text for each claim: what pages expect, and what `seam at` prints. For people; never parsed back.

use crate::{
    AccessMode, Argument, Attempts, Body, Call, Claim, Hole, Message, Policy, Port, Service, SettingScope, Shape,
    ShapeField, SmolStr, Target, Value,
};
use std::fmt::{self, Display, Formatter};

impl Display for Claim {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Service(s) => service(s, f),
            Claim::Alias(a) => {
                write!(f, "alias {} -> ", a.name)?;
                match &a.target {
                    Target::Labels(labels) => write!(f, "labels {}", pairs(labels))?,
                    Target::Service(name) => write!(f, "service {name}")?,
                    Target::External(host) => write!(f, "external {host}")?,
                    Target::Component { block, system, host } => {
                        write!(f, "component {block} {} {host}", crate::word::of(system))?;
                    }
                    Target::Own => f.write_str("own service")?,
                    Target::Registered(_) => f.write_str("whoever runs this")?,
                }
                ports(&a.ports, f)
            }
            Claim::Build(b) => {
                f.write_str("build")?;
                opt(f, "stage", &b.stage)?;
                if let Some(image) = &b.image {
                    write!(f, " {image}")?;
                }
                if let Some(context) = &b.context {
                    write!(f, " in {context}")?;
                }
                list(f, "from", &b.bases)?;
                list(f, "copies", &b.copies)?;
                list(f, "exposes", &b.exposes)?;
                list(f, "builds", &b.programs)?;
                opt(f, "runs", &b.command)
            }
            Claim::Setting(s) => {
                f.write_str("setting ")?;
                match &s.scope {
                    SettingScope::Service(name) => write!(f, "[service {name}] ")?,
                    SettingScope::Group(name) => write!(f, "[group {name}] ")?,
                    SettingScope::Image => f.write_str("[image] ")?,
                    SettingScope::Dotenv => f.write_str("[dotenv] ")?,
                    SettingScope::App => f.write_str("[app] ")?,
                    SettingScope::Named(name) => write!(f, "[app {name}] ")?,
                }
                write!(f, "{} = {}", s.key, s.value)?;
                opt(f, "profile", &s.profile)
            }
            Claim::Profile(p) => {
                write!(f, "deployment {}", word(&p.deployment))?;
                opt(f, "named", &p.name)?;
                list(f, "includes", &p.includes)
            }
            Claim::Module(m) => {
                write!(f, "module {} {}", word(&m.kind), m.name)?;
                match m.runnable {
                    Some(true) => f.write_str(" runnable")?,
                    Some(false) => f.write_str(" library")?,
                    None => {}
                }
                if !m.folder.is_empty() {
                    write!(f, " in {}", m.folder)?;
                }
                list(f, "uses", &m.uses)
            }
            Claim::Depends(d) => {
                write!(f, "depends {} {}", word(&d.kind), d.package)?;
                opt(f, "version", &d.version)?;
                if d.development { f.write_str(" development") } else { Ok(()) }
            }
            Claim::Endpoint(e) => {
                write!(f, "endpoint {}", word(&e.protocol))?;
                opt(f, "", &e.method)?;
                write!(f, " {}", e.path)?;
                opt(f, "on", &e.router)?;
                nonempty(f, "handled by", &e.handler)?;
                opt(f, "takes", &e.request)?;
                opt(f, "gives", &e.response)
            }
            Claim::Mount(m) => write!(f, "mount {} at {} on {}", m.router, m.prefix, m.on),
            Claim::Call(c) => call(c, f),
            Claim::Route(r) => {
                write!(f, "route {} {} -> {}", word(&r.protocol), r.path, r.target)?;
                opt(f, "via", &r.via)
            }
            Claim::Message(m) => message(m, f),
            Claim::Store(s) => {
                write!(f, "store {} {}", word(&s.system), s.address)?;
                opt(f, "database", &s.database)?;
                nonempty(f, "by", &s.client)?;
                nonempty(f, "in", &s.within)
            }
            Claim::Access(a) => {
                let mode = match a.mode {
                    AccessMode::Read => "read",
                    AccessMode::Write => "write",
                    AccessMode::Declare => "declare",
                };
                write!(f, "access {mode}")?;
                if let Some(system) = &a.system {
                    write!(f, " {}", word(system))?;
                }
                write!(f, " {}", a.name)?;
                nonempty(f, "in", &a.within)
            }
            Claim::Policy(p) => policy(p, f),
            Claim::Schema(s) => {
                write!(f, "schema {} {}:", word(&s.protocol), s.name)?;
                for (name, request, response) in &s.operations {
                    write!(f, " {name}({request}) {response};")?;
                }
                Ok(())
            }
            Claim::Read(r) => {
                write!(f, "read {}", r.key)?;
                let within = matches!(
                    r.key.as_hole(),
                    Some(Hole::Env { default: Some(_), .. } | Hole::Config { default: Some(_), .. })
                );
                if let Some(default) = r.default.as_ref().filter(|_| !within) {
                    write!(f, " or {}", if default.is_empty() { "nothing".to_owned() } else { default.to_string() })?;
                }
                nonempty(f, "in", &r.within)
            }
            Claim::Constant(c) => write!(f, "constant {} = {}", c.symbol, c.value),
            Claim::Return(r) => write!(f, "return {} = {}", r.function, r.value),
            Claim::Pass(p) => {
                write!(f, "pass {}({})", p.callee, arguments(&p.args))?;
                if let Some(made) = &p.made {
                    write!(f, " on {}({})", made.callee, arguments(&made.args))?;
                }
                nonempty(f, "in", &p.within)
            }
            Claim::Uses(u) => {
                write!(f, "uses {} functions, {} imports", u.functions.len(), u.imports.len())?;
                list(f, "unused", &u.unused)?;
                for guard in &u.guards {
                    write!(f, ", {}-{} only with {}", guard.lines.0, guard.lines.1, guard.key)?;
                    if let Some(text) = &guard.equals {
                        write!(f, " = {text}")?;
                    }
                }
                Ok(())
            }
            Claim::Test(t) => {
                write!(f, "test {}", t.name)?;
                list(f, "covers", &t.covers)
            }
            Claim::Owner(o) => {
                write!(f, "owner {}", o.pattern)?;
                list(f, "", &o.owners)
            }
            Claim::Shape(s) => shape(s, f),
            Claim::Body(b) => body(b, f),
            Claim::Write(w) => {
                write!(f, "write {}{}", word(&w.kind), if w.keyed { " by key" } else { "" })?;
                nonempty(f, "to", &w.name)?;
                nonempty(f, "through", &w.through)?;
                nonempty(f, "in", &w.within)
            }
            Claim::Alter(a) => {
                write!(f, "alter {} {}", word(&a.kind), a.table)?;
                if !a.column.is_empty() {
                    write!(f, ".{}", a.column)?;
                }
                nonempty(f, "to", &a.to)
            }
            Claim::Columns(c) => {
                write!(f, "columns of {}", c.table)?;
                list(f, if c.mapped { "mapped" } else { "named" }, &c.columns)?;
                nonempty(f, "in", &c.within)
            }
            Claim::Intake(i) => {
                write!(f, "intake acknowledged {} by {}", word(&i.ack), i.client)?;
                list(f, "does", &i.does)?;
                nonempty(f, "in", &i.within)
            }
            Claim::Steps(s) => {
                write!(f, "steps {}-{}", s.lines.0, s.lines.1)?;
                let calls: Vec<String> = s.calls.iter().map(|(line, name)| format!("{name} {line}")).collect();
                list(f, "of", &calls)?;
                nonempty(f, "in", &s.within)
            }
            Claim::Region(r) => {
                write!(f, "{} {}-{}", word(&r.kind), r.lines.0, r.lines.1)?;
                for (first, last) in &r.apart {
                    write!(f, " but {first}-{last}")?;
                }
                if !r.detail.is_empty() {
                    write!(f, " `{}`", r.detail)?;
                }
                list(f, "of", &r.names)?;
                if !r.within.is_empty() {
                    write!(f, " in {}", r.within)?;
                }
                Ok(())
            }
            Claim::OwnRule(r) => {
                write!(f, "own-rule {}", r.text.lines().next().unwrap_or_default().trim_start_matches("# "))
            }
            Claim::Attempts(a) => attempts(a, f),
            Claim::KeyUse(k) => {
                write!(f, "key {}{}", k.header, if k.sent { " is sent" } else { "" })?;
                if let Some(line) = k.made {
                    write!(f, ", made on line {line}")?;
                }
                nonempty(f, "in", &k.within)
            }
            Claim::Status(s) => {
                write!(f, "status {}", word(&s.of))?;
                if !s.code.is_empty() {
                    write!(f, " {}", s.code)?;
                }
                nonempty(f, "for", &s.ty)?;
                nonempty(f, "in", &s.within)
            }
            Claim::Fallback(b) => {
                write!(f, "fallback of {}-{}", b.tried.0, b.tried.1)?;
                if b.instead != (0, 0) {
                    write!(f, " at {}-{}", b.instead.0, b.instead.1)?;
                }
                list(f, "that does", &b.does)?;
                nonempty(f, "by", &b.by)?;
                nonempty(f, "in", &b.within)
            }
            Claim::Allow(a) => write!(f, "allow {} {}", a.rule, a.reason),
        }
    }
}

fn attempts(a: &Attempts, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "attempts at {}-{}, bound {}, pause {}", a.tried.0, a.tried.1, word(&a.bound), word(&a.pause))?;
    opt(f, "attempts", &a.attempts)?;
    opt(f, "millis", &a.millis)?;
    list(f, "after", &a.caught)?;
    list(f, "telling", &a.statuses)?;
    list(f, "even after", &a.refused)?;
    list(f, "of", &a.names)?;
    if a.given {
        f.write_str(" of what is given")?;
    }
    if a.told_when {
        f.write_str(" told when")?;
    }
    nonempty(f, "in", &a.within)
}

fn shape(s: &Shape, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "shape {} {}", word(&s.kind), s.name)?;
    let mut parts: Vec<String> = s.fields.iter().map(field).collect();
    // Values that travel under their own names are said once.
    if !s.values.iter().map(SmolStr::as_str).eq(s.fields.iter().map(|f| f.name.as_str())) || s.fields.is_empty() {
        parts.extend(s.values.iter().map(ToString::to_string));
    }
    write!(f, " {{{}}}{}", parts.join(", "), if s.open { " open" } else { "" })?;
    list(f, "with", &s.supers)
}

fn field(x: &ShapeField) -> String {
    let number = x.number.map(|n| format!("={n}")).unwrap_or_default();
    let mark = match x.required {
        Some(true) => "!",
        Some(false) => "?",
        None => "",
    };
    let ty = if x.ty.is_empty() { String::new() } else { format!(": {}", x.ty) };
    format!("{}{mark}{number}{ty}", x.name)
}

fn body(b: &Body, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "body {}", word(&b.of))?;
    nonempty(f, "of", &b.ty)?;
    if b.ty.is_empty() {
        let parts: Vec<String> = b.fields.iter().map(field).collect();
        write!(f, " {{{}}}{}", parts.join(", "), if b.open { " open" } else { "" })?;
    }
    nonempty(f, "in", &b.within)
}

fn service(s: &Service, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "service {} ({})", s.name, word(&s.deployment))?;
    opt(f, "chart", &s.chart.as_ref().filter(|c| !c.is_empty()))?;
    opt(f, "image", &s.image)?;
    if let Some(source) = &s.source {
        write!(f, " built from {}", source.context)?;
        opt(f, "with", &source.dockerfile)?;
        opt(f, "stage", &source.target)?;
    }
    list(f, "also", &s.hostnames)?;
    if !s.labels.is_empty() {
        write!(f, " labels {}", pairs(&s.labels))?;
    }
    ports(&s.ports, f)?;
    list(f, "after", &s.depends_on)?;
    list(f, "waiting for", &s.awaits)?;
    opt(f, "runs", &s.command)?;
    list(f, "env files", &s.env_files)?;
    list(f, "env from", &s.env_from)?;
    list(f, "mounts", &s.mounts.iter().map(|(from, to)| format!("{from} at {to}")).collect::<Vec<_>>())?;
    if let Some((file, name)) = &s.extends {
        write!(f, " extends {name}")?;
        opt(f, "of", file)?;
    }
    list(f, "profiles", &s.profiles)?;
    opt(f, "namespace", &s.namespace)?;
    if s.health_check {
        f.write_str(" health-checked")?;
    }
    if s.auxiliary { f.write_str(" auxiliary") } else { Ok(()) }
}

fn call(c: &Call, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "call {}", word(&c.protocol))?;
    opt(f, "", &c.method)?;
    opt(f, "", &c.operation)?;
    if !c.target.is_empty() {
        write!(f, " {}", c.target)?;
    }
    nonempty(f, "by", &c.client)?;
    nonempty(f, "in", &c.within)?;
    opt(f, "sends", &c.request)?;
    opt(f, "expects", &c.response)
}

fn message(m: &Message, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "{} {} {}", if m.publish { "publish" } else { "consume" }, word(&m.system), m.topic)?;
    opt(f, "exchange", &m.exchange)?;
    opt(f, "key", &m.routing_key)?;
    opt(f, "group", &m.group)?;
    opt(f, "at", &m.address)?;
    nonempty(f, "by", &m.client)?;
    nonempty(f, "in", &m.within)?;
    opt(f, "payload", &m.payload)
}

fn policy(p: &Policy, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "policy {} on {}", word(&p.kind), p.on)?;
    opt(f, "attempts", &p.attempts)?;
    if let Some(millis) = &p.millis {
        write!(f, " {millis} ms")?;
    }
    nonempty(f, "by", &p.detail)?;
    nonempty(f, "in", &p.within)
}

/// The kebab-case word that a closed enum has in JSON too.
fn word(value: &impl serde::Serialize) -> String {
    crate::word::of(value)
}

fn opt(f: &mut Formatter<'_>, label: &str, value: &Option<impl Display>) -> fmt::Result {
    match value {
        Some(value) if label.is_empty() => write!(f, " {value}"),
        Some(value) => write!(f, " {label} {value}"),
        None => Ok(()),
    }
}

fn nonempty(f: &mut Formatter<'_>, label: &str, value: &SmolStr) -> fmt::Result {
    if value.is_empty() { Ok(()) } else { write!(f, " {label} {value}") }
}

fn list(f: &mut Formatter<'_>, label: &str, values: &[impl Display]) -> fmt::Result {
    if values.is_empty() {
        return Ok(());
    }
    write!(f, " {label}")?;
    for (i, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if i > 0 { ", " } else { " " })?;
    }
    Ok(())
}

fn pairs(labels: &[(SmolStr, SmolStr)]) -> String {
    labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
}

fn ports(ports: &[Port], f: &mut Formatter<'_>) -> fmt::Result {
    for port in ports {
        let side = |v: &Option<Value>| v.as_ref().map(Value::to_string).unwrap_or_default();
        write!(f, " port {}:{}", side(&port.published), side(&port.target))?;
    }
    Ok(())
}

fn arguments(args: &[Argument]) -> String {
    let one = |a: &Argument| match &a.name {
        Some(name) => format!("{name}={}", a.value),
        None => a.value.to_string(),
    };
    args.iter().map(one).collect::<Vec<_>>().join(", ")
}
