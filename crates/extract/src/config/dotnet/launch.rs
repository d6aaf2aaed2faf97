//! `launchSettings.json`: what a project is started with on a developer's machine. See `launch.md`.

use super::{get, place, text, without_secrets};
use crate::config::json;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Setting, SettingScope, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "launch-settings",
    version: 1,
    page: include_str!("launch.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    file.name().eq_ignore_ascii_case("launchSettings.json")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = json::document(file.text, sink) else {
        return;
    };
    for (name, profile) in root.get("profiles").map(|p| p.entries().collect::<Vec<_>>()).unwrap_or_default() {
        let command = text(profile, "commandName").map(|c| c.as_str()).unwrap_or("Project");
        if matches!(command, "MsixPackage") {
            continue;
        }
        let label = Some(format_smolstr!("launch/{}", name.text));
        for (key, value) in
            get(profile, "environmentVariables").map(|e| e.entries().collect::<Vec<_>>()).unwrap_or_default()
        {
            let Some(given) = value.text() else { continue };
            let setting = Setting {
                scope: SettingScope::App,
                key: key.text.clone(),
                value: without_secrets(&key.text, given),
                profile: label.clone(),
            };
            sink.stated(Claim::Setting(setting), place(key.span, value));
        }
        // Other commands (IIS Express, Docker) listen where their own settings say.
        if command == "Project"
            && let Some((key, value)) = profile.entries().find(|(k, _)| k.text == "applicationUrl")
            && let Some(urls) = value.text()
        {
            let setting = Setting {
                scope: SettingScope::App,
                key: "ASPNETCORE_URLS".into(),
                value: urls.as_str().into(),
                profile: label,
            };
            sink.stated(Claim::Setting(setting), place(key.span, value));
        }
    }
}
