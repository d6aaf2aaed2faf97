//! Stores whose password was changed on one side. What they are is never kept; that one differs from the others of its file is. A part
//! of `setting-drift`.
//!
//! Invariant: several stores of one file have their password under one key and one of them another value, while the clients of all of
//! them log in with one and the same: then one of the pairs cannot agree.

use crate::keys::{by_node, squash};
use crate::{Cx, Draft, Severity};
use seam_facts::{MASKED, MASKED_APART, MASKED_TOKEN, MASKED_TOKEN_APART};
use seam_graph::{Certainty, SettingOf};

const STORES: [&str; 9] = [
    "POSTGRES_PASSWORD",
    "POSTGRESQL_PASSWORD",
    "MYSQL_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MARIADB_PASSWORD",
    "MARIADB_ROOT_PASSWORD",
    "MONGO_INITDB_ROOT_PASSWORD",
    "RABBITMQ_DEFAULT_PASS",
    "MSSQL_SA_PASSWORD",
];

pub(crate) fn passwords(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let all = by_node(cx.graph);
    let apart = |s: &SettingOf| s.value == MASKED_APART || s.value == MASKED_TOKEN_APART;
    let usual = |s: &SettingOf| s.value == MASKED || s.value == MASKED_TOKEN;
    let stores: Vec<(usize, &SettingOf)> = all
        .iter()
        .enumerate()
        .filter(|(node, _)| cx.node(*node).kind.is_store())
        .flat_map(|(node, keys)| keys.set.values().flatten().map(move |s| (node, *s)))
        .filter(|(_, s)| STORES.contains(&s.key.as_str()))
        .collect();
    // How the clients of a store log in, as the same file says.
    let logins = |store: usize, path: &str| -> Vec<(usize, &SettingOf)> {
        let clients = cx.incoming(store).iter().map(|e| cx.edge(*e).from);
        clients
            .flat_map(|node| all[node].set.values().flatten().map(move |s| (node, *s)))
            .filter(|(_, s)| s.at.path == path && is_login(&s.key))
            .collect()
    };
    for (store, setting) in stores.iter().filter(|(_, s)| apart(s)) {
        let path = setting.at.path.as_str();
        let others =
            stores.iter().filter(|(other, s)| other != store && s.at.path == path && s.key == setting.key && usual(s));
        let mine = logins(*store, path);
        let Some((client, login)) = mine.iter().find(|(_, s)| usual(s)) else { continue };
        let agrees = others.clone().find_map(|(other, s)| {
            let found = logins(*other, path).into_iter().find(|(_, l)| l.key == login.key && usual(l))?;
            Some((s, found))
        });
        let Some((other, (fellow, its))) = agrees.filter(|_| mine.iter().all(|(_, s)| usual(s))) else { continue };
        let (name, service) = (cx.name(*store), cx.name(*client));
        out.push(
            Draft::new(
                format!("password {name}"),
                &setting.at,
                format!("`{name}` has another `{}` than the other stores, and `{service}` logs in as they all do", setting.key),
            )
            .why(format!(
                "`{service}` and `{}` are told one `{}`, and their stores are told two passwords: one of the two is refused. The values are \
                 not shown; that they differ is all that was kept of them.",
                cx.name(fellow),
                login.key
            ))
            .about([cx.node(*store).key.clone(), cx.node(*client).key.clone()])
            .severity(Severity::Warning)
            .certainty(Certainty::Inferred)
            .help(format!("change `{}` of `{service}` with it", login.key))
            .link(&setting.at, format!("`{name}` is told one password"))
            .link(&login.at, format!("`{service}` logs in with the usual one"))
            .link(&other.at, "other stores are told another")
            .link(&its.at, format!("`{}` logs in with the same", cx.name(fellow))),
        );
    }
}

fn is_login(key: &str) -> bool {
    let key = squash(key);
    let store = ["db", "database", "sql", "postgres", "pg", "mongo", "rabbit", "amqp", "datasource"];
    key.contains("pass") && store.iter().any(|w| key.contains(w))
}
