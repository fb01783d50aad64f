//! Sign-ins that claim a directory user who has a person already, by another sign-in.
//!
//! A claim is kept until somebody settles it; it never joins anybody to anything.

use domain::{
    ids::{PersonId, UserId},
    person::{Claims, Subject},
};
use sqlx::AnyConnection;

use super::Introduction;
use crate::store::{StoreError, Tx, id};

/// A claim that has just been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The directory user.
    pub user: UserId,
    /// Who that is by now.
    pub held_by: PersonId,
}

/// Whether a person has a sign-in other than this, or a role: then nobody else becomes them by
/// themselves. Any row of a role will do, proven or not.
pub(super) async fn taken(
    tx: &mut Tx,
    person: &PersonId,
    subject: &Subject,
) -> Result<bool, StoreError> {
    let (known,): (i64,) = sqlx::query_as(
        "select (select count(*) from subject where person_id = $1 and not (iss = $2 and sub = $3)) \
         + (select count(*) from role_grant where person_id = $1 and ended_at is null)",
    )
    .bind(person.as_str())
    .bind(&subject.iss)
    .bind(&subject.sub)
    .fetch_one(tx.conn())
    .await?;
    Ok(known > 0)
}

/// Keeps the claim of a subject that has its row; answers it if it is a new one.
pub(super) async fn note(
    tx: &mut Tx,
    who: &Introduction<'_>,
    claim: Claim,
) -> Result<Option<Claim>, StoreError> {
    let done = sqlx::query(
        "update subject set claims = $1, claimed_at = $2 where iss = $3 and sub = $4 \
         and (claims is null or claims <> $1)",
    )
    .bind(claim.user.as_str())
    .bind(who.at.0)
    .bind(&who.subject.iss)
    .bind(&who.subject.sub)
    .execute(tx.conn())
    .await?;
    Ok((done.rows_affected() > 0).then_some(claim))
}

/// Every claim that nobody has settled.
pub async fn claims(conn: &mut AnyConnection) -> Result<Claims, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select s.person_id, p.id from subject s join person p on p.user_id = s.claims \
         where s.claims is not null and p.id <> s.person_id order by s.person_id, p.id",
    )
    .fetch_all(conn)
    .await?;
    let pairs: Result<_, StoreError> = rows
        .iter()
        .map(|(who, of)| Ok((id("subject", who)?, id("person", of)?)))
        .collect();
    Ok(Claims(pairs?))
}
