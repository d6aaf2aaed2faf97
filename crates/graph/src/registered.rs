//! Stores that a framework's set-up registers whether or not anything uses them: templates of services register all that
//! some service needs.

use seam_facts::{Store, System};
use std::collections::HashSet;

/// Frameworks whose registration connects when somebody asks for what it registers, and what that is.
const REGISTERED: [(&str, System, &[&str]); 2] = [
    (
        "Convey",
        System::Redis,
        &["IDistributedCache", "HybridCache", "IConnectionMultiplexer", "IDatabase", "ISubscriber"],
    ),
    (
        "Convey",
        System::Mongo,
        &["IMongoRepository", "IMongoDatabase", "IMongoClient", "IMongoCollection", "IMongoSessionFactory"],
    ),
];

/// Whether nothing in a node's code names what the registration gives.
pub(crate) fn only_registered(store: &Store, names: &HashSet<&str>) -> bool {
    let of = |(framework, system, _): &&(&str, System, &[&str])| store.client == *framework && store.system == *system;
    REGISTERED.iter().find(of).is_some_and(|(.., given)| !given.iter().any(|name| names.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_facts::Value;

    #[test]
    fn what_nobody_asks_for_is_not_used() {
        let of = |client: &str| Store {
            system: System::Redis,
            address: Value::text("redis"),
            database: None,
            client: client.into(),
            within: Default::default(),
        };
        let asks = HashSet::from(["OperationsService", "IDistributedCache"]);
        assert!(!only_registered(&of("Convey"), &asks));
        assert!(only_registered(&of("Convey"), &HashSet::from(["OperationsService"])));
        assert!(!only_registered(&of("StackExchange.Redis"), &HashSet::new()));
    }
}
