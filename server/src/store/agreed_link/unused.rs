//! Identities that nobody ever used. A crawl creates one for each user of the directory, so that access has a person.

use std::collections::BTreeSet;

use domain::ids::{PersonId, UserId};

use crate::store::{StoreConnection, StoreError, id, places};

/// Removes the identities of this user that have no sign-in and no role, and never were a user by the ledger. For display: a
/// rule counts them too.
pub async fn in_use(
    conn: &mut StoreConnection,
    user: &UserId,
    mut people: BTreeSet<PersonId>,
) -> Result<BTreeSet<PersonId>, StoreError> {
    if people.is_empty() {
        return Ok(people);
    }
    let last = people.len() + 1;
    let sql = format!(
        "select p.id from person p where p.id in ({}) and p.user_id = ${last} \
         and not exists (select 1 from subject s where s.person_id = p.id or s.joined_from = p.id) \
         and not exists (select 1 from role_grant r where r.person_id = p.id and r.ended_at is null) \
         and not exists (select 1 from identity_user i where i.person_id = p.id)",
        places(people.len())
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = people
        .iter()
        .fold(query, |query, person| query.bind(person.as_str()));
    let unused: Vec<(String,)> = query.bind(user.as_str()).fetch_all(conn).await?;
    for (person,) in unused {
        people.remove(&id("person", &person)?);
    }
    Ok(people)
}
