//! Settings that a deployment takes whole: ConfigMaps and Secrets, dotenv files behind generators, and what a chart's
//! template spreads from its values.

use crate::index::{FileId, Index, below, folder, join, name_of};
use seam_facts::{Constant, Fact, Hole, Setting, SettingScope, SmolStr};
use std::collections::HashMap;

/// How the groups of a chart's values are called.
pub(crate) const VALUES: &str = "values.";

pub(crate) type Found<'a> = (FileId, &'a Setting, &'a Fact);

/// The folder of the chart that a file is part of.
pub(crate) fn chart_of<'a>(index: &Index<'a>, file: FileId) -> &'a str {
    let above = folder(index.paths[file]);
    let mut around = std::iter::successors(Some(above), |f| f.rsplit_once('/').map(|(parent, _)| parent));
    let chart = |f: &&str| {
        let at = |name: &str| if f.is_empty() { name.to_owned() } else { format!("{f}/{name}") };
        ["Chart.yaml", "Chart.yml"].iter().any(|n| index.by_path.contains_key(at(n).as_str()))
    };
    around.find(chart).unwrap_or(above)
}

/// What the named template that a file of a chart includes comes to: the nearest chart's that defines it.
pub(crate) fn included<'a>(index: &Index<'a>, file: FileId, path: &str) -> Option<(FileId, &'a Constant, &'a Fact)> {
    let all = index.constants.get(name_of(path)).into_iter().flatten().filter(|(_, c, _)| c.symbol == path);
    let around = all.filter(|(at, ..)| below(index.paths[file], chart_of(index, *at)));
    around.max_by_key(|(at, ..)| (chart_of(index, *at).len(), std::cmp::Reverse(*at))).copied()
}

/// Whether a file holds the values that a chart has by itself.
pub(crate) fn is_default(index: &Index<'_>, chart: &str, file: FileId) -> bool {
    folder(index.paths[file]) == chart && matches!(file_name(index, file), "values.yaml" | "values.yml")
}

fn file_name<'a>(index: &Index<'a>, file: FileId) -> &'a str {
    let path: &'a str = index.paths[file];
    path.rsplit('/').next().unwrap_or(path)
}

/// Settings by the group that they belong to.
#[derive(Default)]
pub(crate) struct Groups<'a> {
    by_name: HashMap<&'a str, Vec<Found<'a>>>,
}

impl<'a> Groups<'a> {
    pub fn new(settings: &[Found<'a>]) -> Self {
        let mut by_name: HashMap<&'a str, Vec<Found<'a>>> = HashMap::new();
        for (file, setting, fact) in settings {
            if let SettingScope::Group(name) = &setting.scope {
                by_name.entry(name).or_default().push((*file, *setting, *fact));
            }
        }
        Groups { by_name }
    }

    /// The settings of a group that `file` names.
    pub fn of(&self, index: &Index<'a>, file: FileId, group: &str) -> Vec<Found<'a>> {
        if group.starts_with(VALUES) {
            return self.of_values(index, file, group);
        }
        let mut out = Vec::new();
        // A named template is that of the chart, or of one around it.
        let templated = group.starts_with("include/");
        let around = |at: FileId| !templated || below(index.paths[file], chart_of(index, at));
        for (at, setting, fact) in self.by_name.get(group).into_iter().flatten().filter(|(at, ..)| around(*at)) {
            // All that something else holds.
            let whole = match setting.value.as_hole() {
                Some(Hole::Ref(path)) if setting.key == "*" => Some(path),
                _ => None,
            };
            match whole {
                Some(path) => match path.strip_prefix("dotenv/") {
                    Some(file) => {
                        let path = join(folder(index.paths[*at]), file);
                        let held = path.map(|p| index.dotenv(&p)).unwrap_or_default();
                        out.extend(held.into_iter().map(|(setting, fact, file)| (file, setting, fact)));
                    }
                    None => out.extend(self.of_values(index, *at, path)),
                },
                None => out.push((*at, *setting, *fact)),
            }
        }
        out
    }

    /// What a chart's values hold below a path: those of the chart that the template belongs to, and before them what
    /// the chart around it sets for this part of it.
    fn of_values(&self, index: &Index<'a>, template: FileId, group: &str) -> Vec<Found<'a>> {
        let Some((chart, _)) = index.paths[template].rsplit_once("/templates/") else { return Vec::new() };
        let mut out: Vec<Found<'a>> = Vec::new();
        if let Some((outer, name)) = chart.rsplit_once("/charts/") {
            let below = group.strip_prefix(VALUES).unwrap_or(group);
            let given = if below.starts_with("global.") { group.to_owned() } else { format!("{VALUES}{name}.{below}") };
            out.extend(self.in_chart(index, outer, &given));
        }
        for found in self.in_chart(index, chart, group) {
            if !out.iter().any(|(_, s, _)| s.key == found.1.key) {
                out.push(found);
            }
        }
        out
    }

    /// Files of other environments only where the chart's own says nothing.
    fn in_chart(&self, index: &Index<'a>, chart: &str, group: &str) -> Vec<Found<'a>> {
        let all = self.by_name.get(group).into_iter().flatten();
        let here: Vec<Found<'a>> = all.filter(|(at, ..)| chart_of(index, *at) == chart).copied().collect();
        let own = |at: FileId| is_default(index, chart, at);
        let known: Vec<&SmolStr> = here.iter().filter(|(at, ..)| own(*at)).map(|(_, s, _)| &s.key).collect();
        here.iter().filter(|(at, s, _)| own(*at) || !known.contains(&&s.key)).copied().collect()
    }
}
