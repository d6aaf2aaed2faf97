//! What the code of one node can see: its environment, its configuration, and whose code it is.

use crate::deploy::{Deploy, Unit};
use crate::groups::{VALUES, chart_of, is_default};
use crate::index::{FileId, Index, folder, join, squash};
use crate::parameters::Parameter;
use crate::receivers::Receiver;
use crate::resolve::Text;
use crate::territory::Territory;
use seam_facts::{Claim, Fact, Setting, SettingScope, SmolStr, Target, Value};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// How a setting's own holes are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Interpolation from the project's dotenv file (compose).
    Project,
    /// The node's own environment and configuration.
    Node,
}

/// A key's value at one place.
#[derive(Clone, Copy)]
pub(crate) struct Set<'a> {
    pub file: FileId,
    pub key: &'a SmolStr,
    pub value: &'a Value,
    pub fact: &'a Fact,
    pub profile: Option<&'a SmolStr>,
    pub home: Home,
}

impl Set<'_> {
    /// Whether a dotenv file says it, wherever that is handed in.
    pub fn is_of_dotenv(&self) -> bool {
        matches!(&self.fact.claim, Claim::Setting(s) if s.scope == SettingScope::Dotenv)
    }
}

pub(crate) struct Scope<'a> {
    /// Environment by squashed key; the exact key is in the entry.
    pub environment: HashMap<String, Vec<Set<'a>>>,
    /// Environment that only the image or a dotenv file in the code gives: weaker.
    pub fallback: HashMap<String, Vec<Set<'a>>>,
    /// Application configuration by squashed key.
    pub configuration: HashMap<String, Vec<Set<'a>>>,
    /// Names that its code registers under.
    pub application_names: BTreeSet<SmolStr>,
    /// Names under which it asks a configuration server, where these are not its own.
    pub configured_as: BTreeSet<SmolStr>,
    /// Command lines that it is started with, each with the place that states it.
    pub commands: Vec<(FileId, &'a Fact, &'a Value)>,
    /// What the platform itself gives to every process.
    pub platform: Rc<Platform<'a>>,
    /// Keys that were followed already: keys refer to keys, and each of many variants of a deployment sets them all.
    pub known: RefCell<Known<'a>>,
    /// Parameters that were followed to the callers already.
    pub parameters: RefCell<HashMap<Parameter<'a>, Vec<Text<'a>>>>,
    /// Holes that were looked into for the value at hand.
    pub steps: Cell<usize>,
    /// The object whose code is followed, while a value is followed for one.
    pub receiver: RefCell<Receiver<'a>>,
}

/// What a key of the environment (`true`) or the configuration may be, at the depth that was left to follow it.
pub(crate) type Known<'a> = HashMap<(bool, String, usize), Vec<Text<'a>>>;

/// Variables that nobody sets and every process finds: Kubernetes gives `ORDERS_SERVICE_HOST` and `ORDERS_SERVICE_PORT` for
/// each Service, container links give `ORDERS_PORT_8080_TCP_ADDR`.
#[derive(Default)]
pub(crate) struct Platform<'a> {
    /// By squashed name of a Service or of a linked container.
    services: BTreeMap<String, Given<'a>>,
}

/// A name on the platform's network, its port, and where it is declared.
type Given<'a> = (SmolStr, Option<String>, (FileId, &'a Fact));

impl<'a> Platform<'a> {
    fn new(deploy: &Deploy<'a>) -> Self {
        let mut services = BTreeMap::new();
        for unit in &deploy.units {
            services.insert(squash(&unit.name), (unit.name.clone(), None, (unit.file, unit.fact)));
        }
        for (file, alias, fact) in &deploy.aliases {
            if matches!(alias.target, Target::Labels(_)) {
                let port = alias.ports.first().and_then(|p| p.published.as_ref()).map(Value::to_string);
                services.insert(squash(&alias.name), (alias.name.clone(), port, (*file, *fact)));
            }
        }
        Platform { services }
    }

    /// The value of a configuration key by which Tye gives a service's address: `service:NAME:host`.
    pub fn bound(&self, key: &str) -> Option<(String, (FileId, &'a Fact))> {
        let mut parts = key.split([':', '.']);
        let (Some("service"), Some(name), Some(part), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let (host, port, at) = self.services.get(&squash(name))?;
        match part {
            "host" => Some((host.to_string(), *at)),
            "port" => Some((port.clone().unwrap_or_else(|| "80".to_owned()), *at)),
            _ => None,
        }
    }

    /// The value of a variable, with the place that declares what it stands for.
    pub fn variable(&self, name: &str) -> Option<(String, (FileId, &'a Fact))> {
        let of = |prefix: &str| self.services.get(&squash(prefix));
        if let Some((host, _, at)) = name.strip_suffix("_SERVICE_HOST").and_then(of) {
            return Some((host.to_string(), *at));
        }
        if let Some((_, port, at)) = name.strip_suffix("_SERVICE_PORT").and_then(of) {
            return Some((port.clone()?, *at));
        }
        let (service, number) = name.strip_suffix("_TCP_ADDR")?.rsplit_once("_PORT_")?;
        let (host, _, at) = of(service).filter(|_| number.bytes().all(|b| b.is_ascii_digit()))?;
        Some((host.to_string(), *at))
    }
}

pub(crate) fn scopes<'a>(index: &Index<'a>, deploy: &Deploy<'a>, territories: &[Territory<'a>]) -> Vec<Scope<'a>> {
    let shared = Shared::new(index);
    let platform = Rc::new(Platform::new(deploy));
    (0..deploy.nodes.len())
        .map(|node| Scope { platform: platform.clone(), ..scope(index, deploy, &shared, &territories[node], node) })
        .collect()
}

/// Settings that are no node's own, looked up once for all.
struct Shared<'a> {
    /// Application configuration in folders that hold a build manifest, by folder.
    beside_modules: HashMap<&'a str, Vec<(FileId, &'a Setting, &'a Fact)>>,
    /// Values of Helm charts, by the chart's folder.
    charts: HashMap<&'a str, Vec<(FileId, &'a Setting, &'a Fact)>>,
    /// Files of application configuration in Kubernetes' ConfigMaps, by the map's name.
    maps: HashMap<&'a str, Vec<(FileId, &'a Setting, &'a Fact)>>,
    /// What configuration servers hand out, by squashed application name.
    handed: Vec<(String, FileId, &'a Setting, &'a Fact)>,
}

impl<'a> Shared<'a> {
    fn new(index: &Index<'a>) -> Self {
        let modules: BTreeSet<&str> = index.modules.iter().map(|(f, m, _)| index.home(*f, m)).collect();
        let mut shared =
            Shared { beside_modules: HashMap::new(), charts: HashMap::new(), maps: HashMap::new(), handed: Vec::new() };
        for (file, setting, fact) in &index.settings {
            let above = folder(index.paths[*file]);
            if setting.scope == SettingScope::App && setting.key.starts_with(VALUES) {
                shared.charts.entry(chart_of(index, *file)).or_default().push((*file, setting, fact));
            }
            match &setting.scope {
                SettingScope::App if modules.contains(above) => {
                    shared.beside_modules.entry(above).or_default().push((*file, setting, fact));
                }
                // Keys with dots come from a file within; variables have none.
                SettingScope::Group(name) if setting.key.contains('.') => {
                    shared.maps.entry(name).or_default().push((*file, setting, fact));
                }
                SettingScope::Named(name) => shared.handed.push((squash(name), *file, setting, fact)),
                _ => {}
            }
        }
        // What a chart has by itself comes first; values of environments only fill in what it leaves to them.
        for (chart, set) in &mut shared.charts {
            set.sort_by_key(|(file, ..)| !is_default(index, chart, *file));
        }
        shared
    }
}

fn scope<'a>(
    index: &Index<'a>,
    deploy: &Deploy<'a>,
    shared: &Shared<'a>,
    territory: &Territory<'a>,
    node: usize,
) -> Scope<'a> {
    let mut scope = Scope {
        environment: HashMap::new(),
        fallback: HashMap::new(),
        configuration: HashMap::new(),
        application_names: BTreeSet::new(),
        configured_as: BTreeSet::new(),
        commands: Vec::new(),
        platform: Rc::default(),
        known: RefCell::default(),
        parameters: RefCell::default(),
        steps: Cell::default(),
        receiver: RefCell::default(),
    };
    for file in &territory.own {
        for fact in index.facts[*file] {
            if let Claim::Alias(alias) = &fact.claim
                && alias.target == Target::Own
            {
                scope.application_names.insert(alias.name.clone());
            }
        }
    }
    for unit in deploy.nodes[node].units.iter().map(|u| &deploy.units[*u]) {
        // The unit's own settings, those of its other files of the same group, and those it extends.
        let mut names = vec![unit.service.name.as_str()];
        names.extend(unit.service.extends.as_ref().map(|(_, name)| name.as_str()));
        let files: Vec<FileId> = match &unit.service.extends {
            Some((Some(other), _)) => {
                let other =
                    join(folder(index.paths[unit.file]), other).and_then(|p| index.by_path.get(p.as_str()).copied());
                [Some(unit.file), other].into_iter().flatten().collect()
            }
            _ => vec![unit.file],
        };
        for file in files {
            for (setting, fact) in index.settings_in(file) {
                let another = unit.shares_name && file == unit.file && !stands_with(index, unit, fact);
                if matches!(&setting.scope, SettingScope::Service(name) if names.contains(&name.as_str())) && !another {
                    put(&mut scope.environment, file, setting, fact, Home::Project);
                }
            }
        }
        for env_file in &unit.service.env_files {
            let Some(path) = join(folder(index.paths[unit.file]), env_file) else { continue };
            for (setting, fact, file) in index.dotenv(&path) {
                put(&mut scope.environment, file, setting, fact, Home::Project);
            }
        }
        for group in &unit.service.env_from {
            for (file, setting, fact) in index.group(unit.file, group) {
                put(&mut scope.environment, file, setting, fact, Home::Node);
            }
        }
        charted(index.paths[unit.file], shared, &mut scope);
        scope.commands.extend(unit.service.command.as_ref().map(|c| (unit.file, unit.fact, c)));
        if let Some((file, build, fact)) = deploy.recipe_of(index, unit) {
            image_settings(index, file, &mut scope);
            scope.commands.extend(build.command.as_ref().map(|c| (file, fact, c)));
        }
    }
    for file in &territory.own {
        image_settings(index, *file, &mut scope);
        for (setting, fact) in index.settings_in(*file) {
            match &setting.scope {
                SettingScope::Dotenv => put(&mut scope.fallback, *file, setting, fact, Home::Node),
                SettingScope::App => put(&mut scope.configuration, *file, setting, fact, Home::Node),
                SettingScope::Service(_) | SettingScope::Group(_) | SettingScope::Image | SettingScope::Named(_) => {}
            }
        }
    }
    mounted(index, deploy, shared, node, &mut scope);
    // Configuration of the folder that holds the code of several deployables serves each of them.
    for root in territory.roots.iter().filter(|r| !r.is_empty()) {
        let mut above = root.as_str();
        loop {
            for (file, setting, fact) in shared.beside_modules.get(above).into_iter().flatten() {
                if !territory.own.contains(file) {
                    let key = squash(&setting.key);
                    scope.configuration.entry(key).or_insert_with(|| vec![set(*file, setting, fact, Home::Node)]);
                }
            }
            if above.is_empty() {
                break;
            }
            above = folder(above);
        }
    }
    // What a configuration server hands to this application, its own entries before those for all.
    scope.configured_as = asked_as(&scope);
    let mine: Vec<String> = scope
        .configured_as
        .iter()
        .chain(&scope.application_names)
        .chain(&deploy.nodes[node].aliases)
        .map(|n| squash(n))
        .collect();
    for (name, file, setting, fact) in &shared.handed {
        if name == "application" || mine.contains(name) {
            put(&mut scope.configuration, *file, setting, fact, Home::Node);
        }
    }
    // Spring Cloud Kubernetes reads the ConfigMap that is called like the application.
    let maps = scope.application_names.iter().filter_map(|name| shared.maps.get(name.as_str()));
    for (file, setting, fact) in maps.flatten() {
        put(&mut scope.configuration, *file, setting, fact, Home::Node);
    }
    // Configuration of libraries comes last.
    for file in &territory.libraries {
        for (setting, fact) in index.settings_in(*file).filter(|(s, _)| s.scope == SettingScope::App) {
            let key = squash(&setting.key);
            scope.configuration.entry(key).or_insert_with(|| vec![set(*file, setting, fact, Home::Node)]);
        }
    }
    scope
}

/// Keys that say under which name a configuration server is asked, instead of the application's own.
const ASKED: &[&str] = &[
    "spring.cloud.config.name",
    "spring.cloud.consul.config.name",
    "spring.cloud.nacos.config.name",
    "spring.cloud.nacos.config.prefix",
    "spring.cloud.vault.kv.application-name",
    "spring.cloud.vault.kv.default-context",
    "spring.cloud.vault.application-name",
];

/// The names that [`ASKED`] give, several with commas.
fn asked_as(scope: &Scope<'_>) -> BTreeSet<SmolStr> {
    let sets = ASKED.iter().flat_map(|key| {
        let key = squash(key);
        [&scope.environment, &scope.configuration].into_iter().flat_map(move |map| map.get(&key).into_iter().flatten())
    });
    let texts: Vec<SmolStr> = sets.filter_map(|set| set.value.as_text()).collect();
    texts.iter().flat_map(|t| t.split(',')).map(|t| t.trim().into()).filter(|t: &SmolStr| !t.is_empty()).collect()
}

/// Files that the deployment puts into the container are those that are read there: what they say comes before what lies
/// beside the code, for one deployment or another.
fn mounted<'a>(index: &Index<'a>, deploy: &Deploy<'a>, shared: &Shared<'a>, node: usize, scope: &mut Scope<'a>) {
    let mut given: HashMap<String, Vec<Set<'a>>> = HashMap::new();
    for unit in deploy.nodes[node].units.iter().map(|u| &deploy.units[*u]) {
        for (source, _) in &unit.service.mounts {
            if let Some(map) = source.strip_prefix("configmap/") {
                for (file, setting, fact) in shared.maps.get(map).into_iter().flatten() {
                    put(&mut given, *file, setting, fact, Home::Node);
                }
            }
            // Compose is started where its file lies.
            let source = source.trim_start_matches("${env:PWD}/").trim_start_matches("${PWD}/");
            let Some(path) = join(folder(index.paths[unit.file]), source).filter(|p| !p.is_empty()) else { continue };
            let files: Vec<FileId> = match index.by_path.get(path.as_str()) {
                Some(file) => vec![*file],
                None => index.below(&path).collect(),
            };
            // A folder of code is mounted to be worked on.
            if files.iter().any(|f| index.uses[*f].is_some()) {
                continue;
            }
            for file in files {
                for (setting, fact) in index.settings_in(file).filter(|(s, _)| s.scope == SettingScope::App) {
                    put(&mut given, file, setting, fact, Home::Node);
                }
            }
        }
    }
    scope.configuration.extend(given);
}

/// Whether a setting stands below its workload's own name in a manifest with several workloads of that name.
fn stands_with(index: &Index<'_>, unit: &Unit<'_>, setting: &Fact) -> bool {
    let named = index.facts[unit.file].iter().filter(|f| match &f.claim {
        Claim::Service(s) => s.name == unit.service.name,
        _ => false,
    });
    let above = named.map(|f| f.at.line).filter(|line| *line <= setting.at.line).max();
    above == Some(unit.fact.at.line)
}

/// The values of the chart that a template belongs to; before them, what the chart around it sets for this part of it.
fn charted<'a>(template: &str, shared: &Shared<'a>, scope: &mut Scope<'a>) {
    let Some((chart, _)) = template.rsplit_once("/templates/") else { return };
    let outer = chart.rsplit_once("/charts/").map(|(outer, name)| (outer, format!("{VALUES}{name}.")));
    let given = outer.iter().flat_map(|(outer, prefix)| {
        let set = shared.charts.get(outer).into_iter().flatten();
        set.filter_map(move |(f, s, fact)| {
            let global = s.key.strip_prefix(VALUES).filter(|k| k.starts_with("global."));
            Some((s.key.strip_prefix(prefix.as_str()).or(global)?, *f, *s, *fact))
        })
    });
    let own = shared.charts.get(chart).into_iter().flatten();
    let own = own.filter_map(|(f, s, fact)| Some((s.key.strip_prefix(VALUES)?, *f, *s, *fact)));
    for (key, file, setting, fact) in given.chain(own) {
        let key = squash(VALUES) + &squash(key);
        scope.configuration.entry(key).or_insert_with(|| vec![set(file, setting, fact, Home::Node)]);
    }
}

fn image_settings<'a>(index: &Index<'a>, file: FileId, scope: &mut Scope<'a>) {
    for (setting, fact) in index.settings_in(file).filter(|(s, _)| s.scope == SettingScope::Image) {
        let known = scope
            .fallback
            .get(&squash(&setting.key))
            .is_some_and(|sets| sets.iter().any(|s| std::ptr::eq(s.fact, fact)));
        if !known {
            put(&mut scope.fallback, file, setting, fact, Home::Node);
        }
    }
}

fn set<'a>(file: FileId, setting: &'a Setting, fact: &'a Fact, home: Home) -> Set<'a> {
    Set { file, key: &setting.key, value: &setting.value, fact, profile: setting.profile.as_ref(), home }
}

fn put<'a>(map: &mut HashMap<String, Vec<Set<'a>>>, file: FileId, setting: &'a Setting, fact: &'a Fact, home: Home) {
    map.entry(squash(&setting.key)).or_default().push(set(file, setting, fact, home));
}
