//! `seam.toml`: optional, and everything in it has a default.

use schemars::JsonSchema;
use seam_facts::SmolStr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a workspace says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The workspace's name, for titles.
    pub name: Option<String>,
    /// Globs (as in `.gitignore`) of what is not part of the system.
    pub ignore: Vec<String>,
    /// Further folders that belong to the system, relative to `seam.toml`.
    pub roots: Vec<String>,
    /// The deployment profile that is meant when none is asked for.
    pub profile: Option<String>,
    /// Short names of deployment profiles: name → word in the path or profile of its files.
    pub profiles: BTreeMap<String, String>,
    /// Names that people prefer: what the map would say → what it shall say.
    pub names: BTreeMap<String, String>,
    /// Other names of a node: alias → name.
    pub aliases: BTreeMap<String, String>,
    /// Systems outside: name → hosts that belong to it.
    pub externals: BTreeMap<String, Vec<String>>,
    /// Budgets and severities of rules.
    pub detect: crate::Detect,
    /// What `seam verify` starts, asks and compares.
    pub verify: seam_verify::settings::Settings,
}

/// What `seam init` writes.
pub const COMMENTED: &str = include_str!("seam.toml");

impl Settings {
    /// Reads `seam.toml`. On a mistake the message says where; the caller goes on with defaults.
    pub fn parse(text: &str) -> Result<Settings, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// The word that stands for a profile's files.
    pub fn profile_word<'a>(&'a self, profile: &'a str) -> &'a str {
        self.profiles.get(profile).map_or(profile, String::as_str)
    }

    /// Aliases of nodes, hosts of declared externals included.
    pub fn all_aliases(&self) -> Vec<(SmolStr, SmolStr)> {
        let aliases = self.aliases.iter().map(|(alias, name)| (alias.into(), name.into()));
        let hosts = self.externals.iter().flat_map(|(name, hosts)| hosts.iter().map(|h| (h.into(), name.into())));
        aliases.chain(hosts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_file_is_the_default() {
        assert_eq!(Settings::parse(COMMENTED), Ok(Settings::default()));
    }

    #[test]
    fn every_commented_example_is_valid() {
        let examples: String =
            COMMENTED.lines().filter_map(|l| l.strip_prefix("#: ")).map(|l| format!("{l}\n")).collect();
        let settings = Settings::parse(&examples).unwrap_or_else(|e| panic!("{e}"));
        assert!(!settings.aliases.is_empty() && !settings.externals.is_empty() && !settings.roots.is_empty());
    }

    #[test]
    fn a_mistake_says_where() {
        let error = Settings::parse("profile = 3").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }
}
