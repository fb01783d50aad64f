//! Sign-ins that claim an Identity Center user that is already linked to another sign-in.
//!
//! A claim is kept until it is settled, and never links anybody.

use domain::{
    ids::{PersonId, UserId},
    person::{Claims, Subject},
    time::Timestamp,
};
use sqlx::AnyConnection;

use crate::store::{StoreError, Tx, id};

/// A new claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claimed Identity Center user.
    pub user: UserId,
    /// The person of that user.
    pub held_by: PersonId,
}

/// Whether a person has another sign-in or a role. Then no further sign-in is linked to the person automatically. Any
/// role row counts, with or without a ledger entry.
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

/// Stores the claim of a subject whose row exists, and returns it if it is new.
pub(super) async fn note(
    tx: &mut Tx,
    subject: &Subject,
    claim: Claim,
    at: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let done = sqlx::query(
        "update subject set claims = $1, claimed_at = $2 where iss = $3 and sub = $4 \
         and (claims is null or claims <> $1)",
    )
    .bind(claim.user.as_str())
    .bind(at.0)
    .bind(&subject.iss)
    .bind(&subject.sub)
    .execute(tx.conn())
    .await?;
    Ok((done.rows_affected() > 0).then_some(claim))
}

/// Returns all unsettled claims. Whoever claims a user that an identity was before claims to be that identity.
pub async fn claims(conn: &mut AnyConnection) -> Result<Claims, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select s.person_id, p.id from subject s join person p on p.user_id = s.claims \
         where s.claims is not null and p.id <> s.person_id \
         union select s.person_id, u.person_id from subject s join identity_user u on u.user_id = s.claims \
         where s.claims is not null and u.person_id <> s.person_id order by 1, 2",
    )
    .fetch_all(conn)
    .await?;
    let pairs: Result<_, StoreError> = rows
        .iter()
        .map(|(who, of)| Ok((id("subject", who)?, id("person", of)?)))
        .collect();
    Ok(Claims(pairs?))
}
