//! Every identity with its user, its sign-ins and its roles, so that `--as IDENTITY` can be found: also while the row key is
//! lost, and without AWS.
//!
//! Shows rows of the database, which nothing proves here, and says so. Nothing is decided by it: whoever acts as an identity
//! is compared with the ledger.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use domain::ids::UserId;
use serde_json::{Value, json};

use super::IdentityCommandError;
use crate::{
    cli::table::Table,
    config::DatabaseArgs,
    store::{
        Store, identity, name,
        person::{role_rows, username_rows},
    },
};

/// An identity as its rows describe it.
#[derive(Debug, Default)]
struct Row {
    user: Option<String>,
    name: Option<String>,
    usernames: Vec<String>,
    roles: Vec<String>,
}

/// All identities, by id.
#[derive(Debug, Default)]
pub(super) struct Everybody(BTreeMap<String, Row>);

/// Reads the rows of a database that a server has used. Needs no row key.
pub(super) async fn read(database: &DatabaseArgs) -> Result<Everybody, IdentityCommandError> {
    let lease = database.engine_lease()?;
    let store = Store::open_existing_with(&database.url, lease).await?;
    let missing = || IdentityCommandError::NoDatabase(name::shown(&database.url));
    let store = store.ok_or_else(missing)?;
    let found = of_store(&store).await;
    store.close().await;
    found
}

/// Reads the rows of a database.
pub(super) async fn of_store(store: &Store) -> Result<Everybody, IdentityCommandError> {
    let mut all: BTreeMap<String, Row> = BTreeMap::new();
    let mut conn = store.connection().await?;
    for (person, user) in identity::stored_links(&mut conn).await? {
        let row = all.entry(person).or_default();
        if let Some(id) = user.as_deref().and_then(|id| UserId::parse(id).ok()) {
            row.name = identity::last_known_name(&mut conn, &id).await?;
        }
        row.user = user;
    }
    for (person, username) in username_rows(store).await? {
        all.entry(person).or_default().usernames.push(username);
    }
    let held = role_rows(&mut conn).await?.into_iter();
    for role in held.filter(|role| role.ended_at.is_none()) {
        all.entry(role.person).or_default().roles.push(role.role);
    }
    Ok(Everybody(all))
}

impl Everybody {
    pub(super) fn print(&self, out: &mut (dyn Write + Send)) -> io::Result<()> {
        let mut table = Table::default();
        table.row(["IDENTITY", "NAME", "USERNAME", "ROLES"].map(str::to_owned));
        for (id, row) in &self.0 {
            let name = row.name.as_deref().unwrap_or("name not known");
            table.row([
                id.clone(),
                name.to_owned(),
                row.usernames.join(", "),
                row.roles.join(", "),
            ]);
        }
        write!(out, "{table}")?;
        writeln!(
            out,
            "This is what the rows of the database say, without AWS and without a proof. A role counts only as the ledger records it."
        )
    }

    pub(super) fn json(&self) -> Value {
        let rows = self.0.iter().map(|(id, row)| {
            json!({
                "person": id,
                "user": row.user,
                "name": row.name,
                "usernames": row.usernames,
                "roles": row.roles,
            })
        });
        json!({ "identities": rows.collect::<Vec<Value>>() })
    }
}
