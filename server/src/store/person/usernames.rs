//! The usernames by which people know identities that the directory does not name. Never the name that a sign-in states,
//! because its owner may write it.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::PersonId;

use crate::store::{Store, StoreError, id, places};

/// Person, username, `sub`.
type Row = (String, Option<String>, String);

/// Returns the username of the last sign-in of each of these people who has one; if none was stored, its `sub`. Sign-ins
/// that an identity gave to another one are still known as its own.
pub async fn usernames(
    store: &Store,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, String>, StoreError> {
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "select coalesce(joined_from, person_id), username, sub from subject \
         where coalesce(joined_from, person_id) in ({}) order by last_sign_in",
        places(people.len())
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = people
        .iter()
        .fold(query, |query, person| query.bind(person.as_str()));
    let rows: Vec<Row> = query.fetch_all(store.read()).await?;
    let named = rows.into_iter().map(|(person, username, sub)| {
        let person: PersonId = id("subject", &person)?;
        Ok((person, username.unwrap_or(sub)))
    });
    named.collect()
}
