//! The links between persons and Identity Center users. A person who signed in before the directory was read keeps
//! their person id.

use std::collections::BTreeMap;

use domain::{
    ids::{PersonId, UserId},
    person::{Person, Subject},
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{StoreError, Tx, affected, id};

/// Creates a person for each of these users who has none.
pub async fn ensure_for_users(
    tx: &mut Tx,
    fresh: &[(UserId, PersonId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (user, person) in fresh {
        sqlx::query("insert into person (id, user_id, created_at) values ($1, $2, $3) on conflict do nothing")
            .bind(person.as_str())
            .bind(user.as_str())
            .bind(now.0)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Returns the persons without an Identity Center user, with their sign-ins.
pub async fn without_user(conn: &mut AnyConnection) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select p.id, s.iss, s.sub from person p join subject s on s.person_id = p.id where p.user_id is null order by p.id",
    )
    .fetch_all(conn)
    .await?;
    let mut found: Vec<Person> = Vec::new();
    for (person, iss, sub) in rows {
        let subject = Subject { iss, sub };
        match found.last_mut() {
            Some(last) if last.id.as_str() == person => last.subjects.push(subject),
            _ => found.push(Person {
                id: id("person", &person)?,
                user: None,
                subjects: vec![subject],
            }),
        }
    }
    Ok(found)
}

/// Links a person to a user. A conflict if the person is already linked.
pub async fn link_user(tx: &mut Tx, person: &PersonId, user: &UserId) -> Result<(), StoreError> {
    let done = sqlx::query("update person set user_id = $1 where id = $2 and user_id is null")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")
}

/// Returns the person of each Identity Center user.
pub async fn by_user(conn: &mut AnyConnection) -> Result<BTreeMap<UserId, PersonId>, StoreError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("select user_id, id from person where user_id is not null")
            .fetch_all(conn)
            .await?;
    rows.iter()
        .map(|(user, person)| Ok((id("person", user)?, id("person", person)?)))
        .collect()
}
