//! Sign-ins that claim an Identity Center user that is or was another identity.
//!
//! A claim is kept until it is settled, and never links anybody.

use std::collections::BTreeSet;

use domain::{
    ids::{PersonId, UserId},
    person::{Claims, Subject},
    time::Timestamp,
};

use super::{
    lock,
    sign_ins::{claimed, recorded},
};
use crate::store::{
    StoreConnection, StoreError, Tx, id,
    identity::{self, SuspendedUsers},
    ledger::live,
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

/// Returns whom a user belongs to, by the ledger. `own` is the person of the sign-in, if there is one. Every link of a sign-in
/// to a user depends on it. A row only proposes the person that a crawl created for the user.
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
    let linked = linked.filter(|linked| Some(linked) != own);
    if let Some(linked) = &linked {
        // Serializes concurrent first sign-ins.
        lock(tx, linked).await?;
    }
    let ever = identity::ever_was(tx.conn(), user, suspended).await?;
    let mut others = ever.into_iter().filter(|one| Some(one) != own);
    if let Some(another) = others.find(|one| Some(one) != linked.as_ref()) {
        return Ok(UserHolder::Another(another));
    }
    let Some(linked) = linked else {
        return Ok(UserHolder::Nobody);
    };
    let is_used = live::view(tx.conn(), |projection| {
        projection.is_in_use_without(&linked, subject)
    });
    Ok(if is_used.await? {
        UserHolder::Another(linked)
    } else {
        UserHolder::Unused(linked)
    })
}

/// Stores the claim of a subject whose row exists, and returns it if the ledger does not record it yet.
pub(super) async fn note(
    tx: &mut Tx,
    subject: &Subject,
    claim: Claim,
    at: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let known = recorded(tx.conn(), subject).await?;
    if claimed(known.as_ref()) == Some(&claim.user) {
        return Ok(None);
    }
    sqlx::query("update subject set claims = $1, claimed_at = $2 where iss = $3 and sub = $4")
        .bind(claim.user.as_str())
        .bind(at.0)
        .bind(&subject.iss)
        .bind(&subject.sub)
        .execute(tx.conn())
        .await?;
    Ok(Some(claim))
}

/// Returns all unsettled claims, by the ledger. Whoever claims a user that an identity was before claims to be that identity.
/// An identity whose sign-ins joined another one is the same human, whatever it requested before.
pub async fn claims(conn: &mut StoreConnection) -> Result<Claims, StoreError> {
    live::view(conn, |projection| {
        let identities = projection.identities();
        let claiming = projection.sign_ins().claiming().flat_map(|(who, claim)| {
            let ever = identities.ever_were(&claim.user).chain(&claim.held_by);
            ever.map(move |of| (who.person.clone(), of.clone()))
        });
        let joined = identities.joined().iter();
        let joined = joined.map(|(who, of)| (who.clone(), of.clone()));
        let pairs = claiming.chain(joined).filter(|(who, of)| who != of);
        let pairs: BTreeSet<(PersonId, PersonId)> = pairs.collect();
        Claims(pairs.into_iter().collect())
    })
    .await
}
