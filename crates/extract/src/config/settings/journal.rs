//! Where actors keep their events: the plugin that a HOCON file chooses for the journal of Akka's and Pekko's persistence.
//!
//! The plugin connects by itself, so that no code mentions the store. Its address stands below keys that it documents; of a
//! plugin that is not known here nothing is said.

use crate::Sink;
use seam_facts::{Claim, SmolStr, Span, Store, System, Value};

/// Keys that choose the journal.
const CHOOSES: &[&str] = &["akka.persistence.journal.plugin", "pekko.persistence.journal.plugin"];

/// A word of the plugin's name, its store, and where its address stands.
const PLUGINS: &[(&str, System, &[&str])] = &[
    (
        "cassandra",
        System::Cassandra,
        &[
            "datastax-java-driver.basic.contact-points[0]",
            "cassandra-journal.contact-points[0]",
            "akka.persistence.cassandra.journal.contact-points[0]",
        ],
    ),
    (
        "jdbc",
        System::Sql,
        &[
            "akka-persistence-jdbc.shared-databases.slick.db.url",
            "pekko-persistence-jdbc.shared-databases.slick.db.url",
            "jdbc-journal.slick.db.url",
            "slick.db.url",
        ],
    ),
    (
        "r2dbc",
        System::Postgres,
        &[
            "akka.persistence.r2dbc.connection-factory.url",
            "akka.persistence.r2dbc.connection-factory.host",
            "pekko.persistence.r2dbc.connection-factory.host",
        ],
    ),
    (
        "mongodb",
        System::Mongo,
        &["akka.contrib.persistence.mongodb.mongo.mongouri", "pekko.contrib.persistence.mongodb.mongo.mongouri"],
    ),
    ("dynamodb", System::Dynamo, &["my-dynamodb-journal.endpoint", "dynamodb-journal.endpoint"]),
];

pub(super) fn state(entries: &[(SmolStr, Value, Span)], sink: &mut Sink) {
    for (_, value, at) in entries.iter().filter(|(key, ..)| CHOOSES.contains(&key.as_str())) {
        let Some(plugin) = value.as_text() else { continue };
        let Some((_, system, keys)) = PLUGINS.iter().rfind(|(word, ..)| plugin.contains(word)) else { continue };
        let store = Store {
            system: *system,
            address: Value::either(keys.iter().map(|k| Value::config(*k, None))),
            database: None,
            client: "Akka Persistence".into(),
            within: SmolStr::default(),
        };
        sink.inferred(Claim::Store(store), *at);
    }
}
