//! Stores that only repeat another: read replicas, secondaries, standbys.
//!
//! Invariant: a name tells, and only where the primary of that name is at hand.

use crate::edges::Edges;
use crate::model::NodeKind;
use seam_facts::SmolStr;

/// What a replica's name has behind the name of what it replicates.
const REPLICA: &[&str] =
    &["replica", "replicas", "slave", "slaves", "secondary", "standby", "follower", "read", "reader", "readonly", "ro"];

/// Whether `name` is a replica's of the store that is called `primary`: `orders-db-replica-1`.
fn replicates(name: &str, primary: &str) -> bool {
    let rest = name.strip_prefix(primary).filter(|rest| rest.starts_with(['-', '_', '.']));
    let word = rest.map(|rest| rest.trim_start_matches(['-', '_', '.']));
    let word = word.map(|w| w.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_'));
    word.is_some_and(|word| REPLICA.contains(&word.to_ascii_lowercase().as_str()))
}

/// A name but for the number behind it: `kafka-2`, `broker3`.
fn unnumbered(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', '_', '.'])
}

impl Edges<'_, '_> {
    /// The first member of a broker's cluster stands for all: who joins one reaches the others.
    pub(crate) fn without_members(&self, candidates: &mut Vec<usize>) {
        let names: Vec<SmolStr> = candidates.iter().map(|c| self.node(*c).name.clone()).collect();
        let member = |name: &str| unnumbered(name).len() < name.len();
        let of_one = names.iter().all(|n| member(n) && unnumbered(n) == unnumbered(&names[0]));
        if names.len() > 1 && of_one && candidates.iter().all(|c| self.node(*c).kind == NodeKind::Broker) {
            candidates.truncate(1);
        }
    }

    /// A store stands for its replicas, which are there to be read from.
    pub(crate) fn without_replicas(&self, candidates: &mut Vec<usize>) {
        let names: Vec<SmolStr> = candidates.iter().map(|c| self.node(*c).name.clone()).collect();
        candidates.retain(|c| !names.iter().any(|primary| replicates(&self.node(*c).name, primary)));
    }
}

#[cfg(test)]
mod tests {
    use super::replicates;

    #[test]
    fn replicas_are_called_like_their_primary() {
        assert!(replicates("mysql-replica", "mysql"));
        assert!(replicates("orders-db-slave-2", "orders-db"));
        assert!(!replicates("mysql-orders", "mysql"));
        assert!(!replicates("mysql", "mysql"));
        assert_eq!(super::unnumbered("kafka-2"), "kafka");
        assert_eq!(super::unnumbered("kafka"), "kafka");
    }
}
