//! Hosted products behind addresses that name them: by the domain, or by the variable that nobody here sets.
//!
//! Invariant: a variable's name counts where the address consists of nothing else, and the edge says that it is inferred.

use crate::model::NodeKind;
use seam_facts::System;
use seam_facts::hosted::BY_WORD;

/// Who answers, as a node.
pub(crate) struct Hosted {
    pub name: &'static str,
    pub kind: NodeKind,
    pub system: Option<System>,
}

/// Databases behind HTTP; each customer has a name below the domain.
const SUPABASE: Hosted = Hosted { name: "supabase", kind: NodeKind::Database, system: Some(System::Supabase) };

/// The product whose domain a public host belongs to.
pub(crate) fn of_host(host: &str) -> Option<Hosted> {
    [".supabase.co", ".supabase.in"].iter().any(|d| host.ends_with(d)).then_some(SUPABASE)
}

/// The product that an unknown host's variable is called after: `{openai_base_url}`.
pub(crate) fn of_variable(host: &str) -> Option<Hosted> {
    let name = host.strip_prefix('{')?.strip_suffix('}').filter(|n| !n.contains(['{', '}', ' ']))?;
    let mut words: Vec<String> = vec![String::new()];
    let mut before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && before {
            words.push(String::new());
        }
        before = c.is_lowercase();
        words.last_mut().into_iter().for_each(|w| w.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())));
    }
    let last = words.last().map_or("", String::as_str);
    if !["url", "uri", "host", "endpoint", "base", "api", "address"].contains(&last) {
        return None;
    }
    let says = |word: &str| words.iter().any(|w| w == word);
    if says(SUPABASE.name) {
        return Some(SUPABASE);
    }
    let (_, name) = BY_WORD.iter().find(|(word, _)| says(word))?;
    Some(Hosted { name, kind: NodeKind::External, system: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_called_after_its_product() {
        let name = |host: &str| of_variable(host).map(|h| h.name);
        assert_eq!(name("{openai_base_url}"), Some("api.openai.com"));
        assert_eq!(name("{NEXT_PUBLIC_SUPABASE_URL}"), Some("supabase"));
        assert_eq!(name("{supabaseUrl}"), Some("supabase"));
        assert_eq!(name("{resend_attempts}"), None);
        assert_eq!(name("{orders_url}"), None);
        assert_eq!(name("{url}"), None);
        assert!(of_host("abc.supabase.co").is_some() && of_host("supabase.com").is_none());
    }
}
