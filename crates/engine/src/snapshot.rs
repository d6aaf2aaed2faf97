//! One state of the workspace. Linking happens once for each deployment profile, when first asked for.

use crate::failure::{self, Statement};
use crate::incident::Recorded;
use crate::memory::Memory;
use crate::things::{self, Thing};
use crate::{Refusal, Settings, Texts, ask, asks, rename};
use seam_detect::own::{self, OwnRule};
use seam_facts::{Claim, FactBase, format_smolstr};
use seam_graph::{Flows, Graph, Options};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

#[derive(Debug)]
pub struct Snapshot {
    base: Arc<FactBase>,
    settings: Arc<Settings>,
    graphs: Mutex<BTreeMap<Option<String>, Arc<Graph>>>,
    things: Named,
    found: Named,
    /// What all rules find, by profile, with and without those of the nursery.
    detected: Mutex<BTreeMap<(Option<String>, bool), Detected>>,
    own: OnceLock<(Vec<OwnRule>, Vec<own::Mistake>)>,
    flows: Mutex<BTreeMap<Option<String>, Arc<Flows>>>,
    texts: Texts,
    recorded: Mutex<Option<Arc<Recorded>>>,
    memory: Mutex<Arc<Memory>>,
}

type Detected = Arc<Vec<seam_detect::Finding>>;

/// What has a name, for each profile that was asked about.
type Named = Mutex<BTreeMap<Option<String>, Arc<Vec<Thing>>>>;

impl Snapshot {
    pub(crate) fn new(base: Arc<FactBase>, settings: Arc<Settings>) -> Self {
        Snapshot {
            base,
            settings,
            graphs: Mutex::default(),
            things: Mutex::default(),
            found: Mutex::default(),
            detected: Mutex::default(),
            own: OnceLock::new(),
            flows: Mutex::default(),
            texts: Texts::default(),
            recorded: Mutex::default(),
            memory: Mutex::default(),
        }
    }

    /// The same with a source of texts, for answers that quote.
    pub fn with_texts(self, texts: Texts) -> Self {
        Snapshot { texts, ..self }
    }

    /// What the running system said, for asks about it.
    pub fn hear(&self, recorded: Arc<Recorded>) {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorded);
    }

    pub(crate) fn recorded(&self) -> Option<Arc<Recorded>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was learnt, for all answers from now on.
    pub fn remember(&self, memory: Arc<Memory>) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = memory;
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn memory(&self) -> Arc<Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    pub fn base(&self) -> &FactBase {
        &self.base
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The graph under a profile; `None` is the workspace's own default.
    pub fn graph(&self, profile: Option<&str>) -> Arc<Graph> {
        let profile = profile.or(self.settings.profile.as_deref()).map(|p| self.settings.profile_word(p).to_owned());
        let mut graphs = self.graphs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(graph) = graphs.get(&profile) {
            return graph.clone();
        }
        let options = Options { profile: profile.as_deref().map(Into::into), aliases: self.settings.all_aliases() };
        let mut graph = seam_graph::link(&self.base, &options);
        rename::rename(&mut graph, &self.settings.names);
        let graph = Arc::new(graph);
        graphs.insert(profile, graph.clone());
        graph
    }

    /// What entries lead to.
    pub(crate) fn flows(&self, profile: Option<&str>) -> Arc<Flows> {
        let key = profile.map(str::to_owned);
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let known = flows.entry(key).or_insert_with(|| Arc::new(Flows::new(&self.graph(profile), &self.base)));
        known.clone()
    }

    /// Everything that has a name, findings aside.
    pub(crate) fn things(&self, profile: Option<&str>) -> Arc<Vec<Thing>> {
        let key = profile.map(str::to_owned);
        let kept = |s: &Self| s.things.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        kept(self).unwrap_or_else(|| {
            let things = Arc::new(things::all(self, &self.graph(profile)));
            self.things.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), things.clone());
            things
        })
    }

    /// The findings among them: what the rules say without being asked for anything in particular.
    pub(crate) fn found(&self, profile: Option<&str>) -> Result<Arc<Vec<Thing>>, Refusal> {
        let key = profile.map(str::to_owned);
        if let Some(kept) = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(kept.clone());
        }
        let request = asks::detect::Request { profiles: key.iter().cloned().collect(), ..Default::default() };
        let findings = asks::detect::run(self, &request)?.findings;
        let graph = self.graph(profile);
        let owners = things::owners(&graph);
        let thing = |f: crate::Finding| Thing {
            kind: "finding",
            key: f.key.into(),
            name: f.message.into(),
            also: vec![f.rule.clone().into()],
            node: owners.get(f.at.path.as_str()).copied(),
            path: f.at.path.into(),
            lines: (f.at.line, f.end_line.max(f.at.line)),
            says: format_smolstr!("{} {}", f.severity, f.rule),
        };
        let found = Arc::new(findings.into_iter().map(thing).collect::<Vec<_>>());
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }

    /// What every rule finds that the settings do not turn off, before comments and filters. Rules run once for each state,
    /// whoever asks.
    pub(crate) fn detected(&self, profile: Option<&str>, nursery: bool) -> Arc<Vec<seam_detect::Finding>> {
        let key = (profile.map(str::to_owned), nursery);
        let mut found = self.detected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = found.get(&key) {
            return known.clone();
        }
        let settings = &self.settings.detect;
        let rules = seam_detect::RULES.iter().copied();
        let rules = rules.filter(|r| (nursery || !r.nursery) && !settings.is_off(r.id));
        let own = self.own_rules().0.iter().filter(|r| !settings.is_off(&r.id));
        let all = Arc::new(seam_detect::detect(&self.graph(profile), &self.base, &settings.limits(), rules, own));
        found.insert(key, all.clone());
        all
    }

    /// The workspace's own rules, and what is wrong with their pages.
    pub(crate) fn own_rules(&self) -> &(Vec<OwnRule>, Vec<own::Mistake>) {
        self.own.get_or_init(|| own::rules(&self.base))
    }

    /// Whether the paths or profiles of any deployment or configuration file contain the profile's word.
    pub(crate) fn knows_profile(&self, profile: &str) -> bool {
        let word = self.settings.profile_word(profile);
        self.base.facts().any(|(path, fact)| match &fact.claim {
            Claim::Service(s) => path.contains(word) || s.profiles.iter().any(|p| p.contains(word)),
            Claim::Setting(s) => path.contains(word) || s.profile.as_ref().is_some_and(|p| p.contains(word)),
            Claim::Profile(_) => path.contains(word),
            Claim::Alias(_)
            | Claim::Build(_)
            | Claim::Module(_)
            | Claim::Depends(_)
            | Claim::Endpoint(_)
            | Claim::Mount(_)
            | Claim::Call(_)
            | Claim::Route(_)
            | Claim::Message(_)
            | Claim::Store(_)
            | Claim::Access(_)
            | Claim::Policy(_)
            | Claim::Schema(_)
            | Claim::Read(_)
            | Claim::Constant(_)
            | Claim::Return(_)
            | Claim::Pass(_)
            | Claim::Uses(_)
            | Claim::Test(_)
            | Claim::Shape(_)
            | Claim::Body(_)
            | Claim::Write(_)
            | Claim::Intake(_)
            | Claim::Alter(_)
            | Claim::Columns(_)
            | Claim::Region(_)
            | Claim::Attempts(_)
            | Claim::KeyUse(_)
            | Claim::Status(_)
            | Claim::Fallback(_)
            | Claim::Steps(_)
            | Claim::Allow(_)
            | Claim::OwnRule(_)
            | Claim::Owner(_) => false,
        })
    }

    /// The statement that wrote each message, where one did: file, line and template. A message comes with the service that said
    /// it, where that is known. Texts are looked through once, however many messages there are.
    pub fn statements(&self, messages: &[(Option<&str>, &str)], profile: Option<&str>) -> Vec<Option<Statement>> {
        let graph = self.graph(profile);
        let node = |service: &Option<&str>| service.and_then(|name| graph.node(name));
        let messages: Vec<_> = messages.iter().map(|(service, text)| (node(service), (*text).to_owned())).collect();
        failure::statements(self, &graph, &messages)
    }

    /// Answers by name: JSON in, JSON out, byte for byte the same on every surface.
    pub fn ask(&self, name: &str, request: &str) -> Result<String, Refusal> {
        ask::find(name)?.answer(self, request)
    }
}
