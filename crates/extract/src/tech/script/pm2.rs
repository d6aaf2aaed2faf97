//! Processes that PM2 keeps running: `apps` of an ecosystem file. See `pm2.md`.

use super::options;
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::config::secret;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Deployment, Service, Setting, SettingScope, SmolStr, Source, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "pm2",
    version: 1,
    page: include_str!("pm2.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let file = code.path.rsplit('/').next().unwrap_or(code.path);
    if !["ecosystem.", "pm2."].iter().any(|start| file.starts_with(start)) {
        return;
    }
    for stmt in &code.unit.functions[0].body {
        if let Stmt::Assign { target, value, .. } = stmt
            && matches!(target.path().as_deref(), Some("exports" | "module.exports"))
            && let Some((apps, at)) = options::key(code, value, 0, "apps")
        {
            let (apps, at) = code.resolved(apps, at);
            let ExprKind::List(items) = &apps.kind else { continue };
            items.iter().for_each(|item| app(code, item, at, sink));
        }
    }
}

fn app(code: &Code<'_>, item: &Expr, function: usize, sink: &mut Sink) {
    let text = |key: &str| options::value(code, item, function, &[key]);
    let Some(name) = text("name").and_then(|n| n.as_text()) else { return };
    let mut service = Service::new(name.clone(), Deployment::Procfile);
    let script = text("script").unwrap_or_default();
    // The folder that it starts in, or that its script stands in.
    let folder = text("cwd").or_else(|| {
        let script = script.as_text()?;
        Some(Value::text(script.rsplit_once('/')?.0))
    });
    service.source = folder.filter(|f| !f.is_empty()).map(|context| Source { context, ..Source::default() });
    service.command = match text("args") {
        Some(args) => Some(script.then(" ".into()).then(args)),
        None => Some(script).filter(|s| !s.is_empty()),
    };
    sink.stated(Claim::Service(service), item.span);
    let (object, at) = code.resolved(item, function);
    let ExprKind::Object(entries) = &object.kind else { return };
    for (key, block) in entries.iter().filter(|(k, _)| k == "env" || k.starts_with("env_")) {
        let profile = key.strip_prefix("env_").map(SmolStr::from);
        let (block, at) = code.resolved(block, at);
        let ExprKind::Object(variables) = &block.kind else { continue };
        for (key, value) in variables.iter().filter(|(k, _)| k != "...") {
            let value = secret::setting(key, code.value(value, at));
            let scope = SettingScope::Service(name.clone());
            let setting = Setting { scope, key: key.clone(), value, profile: profile.clone() };
            sink.stated(Claim::Setting(setting), block.span);
        }
    }
}
