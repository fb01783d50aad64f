//! The usernames by which people know identities that the directory does not name. Never the name that a sign-in states,
//! because its owner may write it.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::PersonId;

use super::LastSignIn;
use crate::store::{Store, StoreConnection, StoreError, id, places};

/// What a person is known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownBy {
    /// The last sign-in of the person, if the person has one.
    pub last: Option<LastSignIn>,
    /// The username of the last sign-in that was the person's own. Sign-ins that an identity gave to another one are still
    /// known as its own.
    pub username: Option<String>,
}

/// Person, whose sign-in it was before, the user of the person, username, `sub`.
type Row = (
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
);

/// Returns the username of each sign-in with the id of its person, as they are stored: nothing in them is trusted.
pub async fn username_rows(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query_as(
        "select distinct person_id, username from subject where username is not null order by person_id, username",
    );
    Ok(rows.fetch_all(store.read()).await?)
}

/// Returns what each of these people is known by.
pub async fn known_by(
    conn: &mut StoreConnection,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, KnownBy>, StoreError> {
    let mut found: BTreeMap<PersonId, KnownBy> = BTreeMap::new();
    if people.is_empty() {
        return Ok(found);
    }
    let places = places(people.len());
    let sql = format!(
        "select s.person_id, s.joined_from, p.user_id, s.username, s.sub from subject s \
         join person p on p.id = s.person_id where s.person_id in ({places}) or s.joined_from in ({places}) \
         order by s.last_sign_in"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = people
        .iter()
        .fold(query, |query, person| query.bind(person.as_str()));
    let rows: Vec<Row> = query.fetch_all(conn).await?;
    for (person, joined_from, user, username, sub) in rows {
        let person: PersonId = id("subject", &person)?;
        let username = username.unwrap_or(sub);
        let own = match joined_from {
            Some(own) => id("subject", &own)?,
            None => person.clone(),
        };
        found.entry(own).or_default().username = Some(username.clone());
        found.entry(person).or_default().last = Some(LastSignIn {
            user: user.map(|user| id("person", &user)).transpose()?,
            username,
        });
    }
    found.retain(|person, _| people.contains(person));
    Ok(found)
}

/// Returns the username of the last sign-in of each of these people who has one; if none was stored, its `sub`.
pub async fn usernames(
    conn: &mut StoreConnection,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, String>, StoreError> {
    let known = known_by(conn, people).await?.into_iter();
    let named = known.filter_map(|(person, known)| Some((person, known.username?)));
    Ok(named.collect())
}
