//! Where a process's addresses lead: its environment, the shim's map and placeholders name the proxies of its own edges.
//!
//! Invariant: no process is told where another really listens; only itself.

use crate::guard::MARK;
use crate::layout::rewritten;
use crate::shim;
use crate::stage::Stage;
use std::collections::BTreeMap;

impl Stage {
    /// The environment of a member, or of the scenario.
    pub(crate) fn env(&self, caller: Option<usize>, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let lead = self.lead(caller);
        let mut out: BTreeMap<String, String> =
            own.iter().map(|(k, v)| (k.clone(), rewritten(v, |n| self.placeholder(caller, n), &lead))).collect();
        if let Some(shim) = &self.shim {
            let before = out.get("LD_PRELOAD").map_or_else(String::new, |p| format!(":{p}"));
            out.insert("LD_PRELOAD".to_owned(), format!("{}{before}", shim.display()));
            out.insert("SEAM_STAGE".to_owned(), self.map(caller).text());
        }
        out.insert(MARK.to_owned(), self.guard.mark.clone());
        // What is written shall be there when it is asked for; names are looked up where the shim sees it.
        for (key, value) in
            [("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("GRPC_DNS_RESOLVER", "native")]
        {
            out.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
        for key in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            out.entry(key.to_owned()).or_default();
        }
        out
    }

    fn map(&self, caller: Option<usize>) -> shim::Map {
        let mut map = shim::Map::default();
        let own = caller.and_then(|at| Some((self.layout.members[at].process.port?, self.real[at]?)));
        if let Some((port, real)) = own {
            map.bind(port, real);
        }
        for (at, member) in self.layout.members.iter().enumerate() {
            for name in member.names() {
                map.name(name, &member.address);
            }
            let real = if caller == Some(at) { self.real[at] } else { self.ports.get(&(caller, at)).copied() };
            let Some(real) = real else { continue };
            for port in [member.process.port, member.process.published].into_iter().flatten() {
                map.connect(&member.address, port, real);
                if self.layout.alone(port) {
                    map.connect("127.0.0.1", port, real);
                }
            }
        }
        if !self.layout.settings.hosts.is_empty() {
            map.outside();
        }
        map
    }

    /// Where addresses in a caller's settings lead.
    pub(crate) fn lead(&self, caller: Option<usize>) -> BTreeMap<(String, u16), u16> {
        let mut out = BTreeMap::new();
        for (at, member) in self.layout.members.iter().enumerate() {
            let Some(port) = self.ports.get(&(caller, at)) else { continue };
            for nominal in [member.process.port, member.process.published].into_iter().flatten() {
                for name in member.names() {
                    out.insert((name.to_owned(), nominal), *port);
                }
                if self.layout.alone(nominal) {
                    out.insert(("localhost".to_owned(), nominal), *port);
                    out.insert(("127.0.0.1".to_owned(), nominal), *port);
                }
            }
        }
        out
    }

    pub(crate) fn placeholder(&self, caller: Option<usize>, name: &str) -> Option<String> {
        if name == "port" {
            return Some(self.real[caller?]?.to_string());
        }
        if name == "lane" {
            return Some(self.lane.to_string());
        }
        let (name, what) = name.rsplit_once('.')?;
        let port = self.ports.get(&(caller, self.layout.member(name)?))?;
        match what {
            "url" => Some(format!("http://127.0.0.1:{port}")),
            "host" => Some("127.0.0.1".to_owned()),
            "port" => Some(port.to_string()),
            _ => None,
        }
    }
}
