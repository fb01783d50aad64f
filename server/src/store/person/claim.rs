//! Sign-ins that claim an Identity Center user that is or was another identity.
//!
//! A claim is kept until it is settled, and never links anybody.

use domain::{
    ids::{PersonId, UserId},
    person::{Claims, Subject},
    time::Timestamp,
};

use super::lock;
use crate::store::{
    StoreConnection, StoreError, Tx, id,
    identity::{self, SuspendedUsers},
};

/// A new claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claimed Identity Center user.
    pub user: UserId,
    /// The identity that is or was that user.
    pub held_by: PersonId,
}

/// Whom a user belongs to, for a sign-in that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UserHolder {
    Nobody,
    /// A person without another sign-in and without a role, such as one that a crawl created for the user.
    Unused(PersonId),
    /// Another identity, which is or ever was the user. No further sign-in is linked to the user automatically.
    Another(PersonId),
}

/// Returns whom a user belongs to. `own` is the person of the sign-in, if there is one. Every link of a sign-in to a user
/// depends on it.
pub(super) async fn holder(
    tx: &mut Tx,
    user: &UserId,
    own: Option<&PersonId>,
    subject: &Subject,
    suspended: &SuspendedUsers,
) -> Result<UserHolder, StoreError> {
    let row: Option<(String,)> = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_optional(tx.conn())
        .await?;
    let linked: Option<PersonId> = row.map(|(person,)| id("person", &person)).transpose()?;
    let is_another = |one: &PersonId| Some(one) != own && Some(one) != linked.as_ref();
    let mut ever = identity::ever_was(tx.conn(), user, suspended)
        .await?
        .into_iter();
    if let Some(another) = ever.find(is_another) {
        return Ok(UserHolder::Another(another));
    }
    let Some(linked) = linked else {
        return Ok(UserHolder::Nobody);
    };
    // Serializes concurrent first sign-ins.
    lock(tx, &linked).await?;
    Ok(if is_used(tx, &linked, subject).await? {
        UserHolder::Another(linked)
    } else {
        UserHolder::Unused(linked)
    })
}

/// Whether a person has another sign-in or a role. Any role row counts, with or without a ledger entry.
async fn is_used(tx: &mut Tx, person: &PersonId, subject: &Subject) -> Result<bool, StoreError> {
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

/// Returns all unsettled claims. Whoever claims a user that an identity was before claims to be that identity. An identity
/// whose sign-ins joined another one is the same human, whatever it requested before.
pub async fn claims(conn: &mut StoreConnection) -> Result<Claims, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "select s.person_id, p.id from subject s join person p on p.user_id = s.claims \
         where s.claims is not null and p.id <> s.person_id \
         union select s.person_id, u.person_id from subject s join identity_user u on u.user_id = s.claims \
         where s.claims is not null and u.person_id <> s.person_id \
         union select id, joined from person where joined is not null order by 1, 2",
    )
    .fetch_all(conn)
    .await?;
    let pairs: Result<_, StoreError> = rows
        .iter()
        .map(|(who, of)| Ok((id("subject", who)?, id("person", of)?)))
        .collect();
    Ok(Claims(pairs?))
}
