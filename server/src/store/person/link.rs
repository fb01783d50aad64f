//! Links a sign-in to its Identity Center user.
//!
//! A person who already has roles keeps them. Only a sign-in that finds a user without sign-ins and roles, who never was
//! another identity, is linked; any other one is a claim.

use std::collections::BTreeSet;

use domain::{
    authorize::Role,
    identity::RecordedUser,
    ids::{PersonId, UserId},
    person::{
        Subject,
        link::{LinkKeys, LinkMethod},
    },
    time::Timestamp,
};

use super::{
    Claim, ResolvedPerson, RoleOutcome,
    claim::{self, UserHolder},
    end_role, ensure_role, lock,
    role::roles_of,
    sign_ins::{keys_of_all, move_sign_in, sign_ins_of},
};
use crate::store::{
    StoreConnection, StoreError, Tx, affected,
    identity::{self, SuspendedUsers},
    json,
    ledger::live,
    to_json,
};

/// A link that was made now, which the caller records in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    pub user: UserId,
    /// The methods that found the user.
    pub by: BTreeSet<LinkMethod>,
    /// The roles that moved to the person of the user, and the person who held them. Only entries grant
    /// and end them, so each role needs an entry of its end, at the time of the link, and one of its grant, at the time here:
    /// that of the earlier grant, because the same human has held the role since.
    pub moved: Option<(PersonId, Vec<(Role, Timestamp)>)>,
}

/// A user found for a subject whose person has none.
#[derive(Debug, Clone, Copy)]
pub struct FoundUser<'a> {
    pub subject: &'a Subject,
    pub person: &'a PersonId,
    pub user: &'a UserId,
    pub by: &'a BTreeSet<LinkMethod>,
    /// The users of suspended identities, which are not linked.
    pub suspended: &'a SuspendedUsers,
    pub at: Timestamp,
}

/// Links a subject that had no user so far, unless the user is or was another identity, or people agreed otherwise. If the user has a person without
/// sign-ins and roles, subject and roles move to that person, whose id other rows contain; the old person never wrote
/// anything, because an unlinked sign-in has read-only access.
pub async fn link(tx: &mut Tx, found: &FoundUser<'_>) -> Result<ResolvedPerson, StoreError> {
    let FoundUser {
        person,
        user,
        suspended,
        ..
    } = *found;
    lock(tx, person).await?;
    let record = identity::record(tx.conn(), person).await?;
    let unlinked = ResolvedPerson {
        user: record.user().cloned(),
        ..ResolvedPerson::of(person.clone())
    };
    if unlinked.user.is_some() || !record.may_link_by_keys(user) {
        // The identity was linked before, or people ended the link or refused this user. Only another agreement links it.
        return Ok(unlinked);
    }
    let other = match claim::holder(tx, user, Some(person), found.subject, suspended).await? {
        UserHolder::Nobody => {
            // The ledger records no user: whatever the row contains does not count.
            let done = sqlx::query("update person set user_id = $1 where id = $2")
                .bind(user.as_str())
                .bind(person.as_str())
                .execute(tx.conn())
                .await?;
            affected(done.rows_affected(), "this person")?;
            return Ok(linked(found, person.clone(), None));
        }
        UserHolder::Unused(other) => other,
        UserHolder::Another(held_by) => {
            let claim = Claim {
                user: user.clone(),
                held_by,
            };
            return Ok(ResolvedPerson {
                claimed: claim::note(tx, found.subject, claim, found.at).await?,
                ..unlinked
            });
        }
    };
    move_sign_in(tx, found.subject, &other, None).await?;
    let moved = move_roles(tx, found, &other).await?;
    let moved = (!moved.is_empty()).then(|| (person.clone(), moved));
    Ok(linked(found, other, moved))
}

fn linked(
    found: &FoundUser<'_>,
    person: PersonId,
    moved: Option<(PersonId, Vec<(Role, Timestamp)>)>,
) -> ResolvedPerson {
    ResolvedPerson {
        user: Some(found.user.clone()),
        linked: Some(NewLink {
            user: found.user.clone(),
            by: found.by.clone(),
            moved,
        }),
        ..ResolvedPerson::of(person)
    }
}

/// Moves the roles of a person whose only sign-in has moved. Another sign-in of that person would keep them.
async fn move_roles(
    tx: &mut Tx,
    found: &FoundUser<'_>,
    to: &PersonId,
) -> Result<Vec<(Role, Timestamp)>, StoreError> {
    let (from, at) = (found.person, found.at);
    let own = sign_ins_of(tx.conn(), from).await?;
    let mut moved = Vec::new();
    if own.iter().any(|(subject, _)| subject != found.subject) {
        return Ok(moved);
    }
    for grant in roles_of(tx.conn(), from).await? {
        end_role(tx, from, grant.role, at).await?;
        // A person who held the role before and lost it holds it anew.
        let since = if ever_held(tx, to, grant.role).await? {
            at
        } else {
            grant.granted_at
        };
        if ensure_role(tx, to, grant.role, since).await? == RoleOutcome::New {
            moved.push((grant.role, since));
        }
    }
    Ok(moved)
}

async fn ever_held(tx: &mut Tx, person: &PersonId, role: Role) -> Result<bool, StoreError> {
    let key = (person.clone(), role);
    live::view(tx.conn(), |projection| {
        projection.roles().contains_key(&key)
    })
    .await
}

/// Stores the keys of a sign-in.
pub(super) async fn keep_keys(tx: &mut Tx, keys: &LinkKeys) -> Result<(), StoreError> {
    let done = sqlx::query("update subject set link_keys = $1 where iss = $2 and sub = $3")
        .bind(to_json(keys))
        .bind(&keys.subject.iss)
        .bind(&keys.subject.sub)
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "subject")
}

/// Returns the keys of the last sign-in of a subject; only the subject itself if it never signed in.
pub async fn keys_of(
    conn: &mut StoreConnection,
    subject: &Subject,
) -> Result<LinkKeys, StoreError> {
    let row: Option<(Option<String>,)> =
        sqlx::query_as("select link_keys from subject where iss = $1 and sub = $2")
            .bind(&subject.iss)
            .bind(&subject.sub)
            .fetch_optional(conn)
            .await?;
    stored_keys(subject.clone(), row.and_then(|(kept,)| kept).as_deref())
}

/// Reads stored keys. They count for the subject of their row only.
pub(in crate::store) fn stored_keys(
    subject: Subject,
    kept: Option<&str>,
) -> Result<LinkKeys, StoreError> {
    let kept: Option<LinkKeys> = kept.map(|kept| json("subject", kept)).transpose()?;
    Ok(kept
        .filter(|kept| kept.subject == subject)
        .unwrap_or_else(|| LinkKeys::of_subject(subject)))
}

/// Returns the sign-ins of persons that the ledger records without a user, with their keys, unless people ended the link.
pub async fn without_user(
    conn: &mut StoreConnection,
) -> Result<Vec<(PersonId, LinkKeys)>, StoreError> {
    let unlinked: Vec<(PersonId, Subject)> = live::view(conn, |projection| {
        let (sign_ins, records) = (projection.sign_ins(), projection.identities().records());
        let persons = sign_ins.persons().filter(|person| {
            let record = records.get(*person);
            record.is_none_or(|record| record.recorded_user() == RecordedUser::NotRecorded)
        });
        let of = |person| sign_ins.of(person).map(move |subject| (person, subject));
        let pairs = persons.flat_map(of);
        pairs
            .map(|(person, subject)| (person.clone(), subject.clone()))
            .collect()
    })
    .await?;
    let subjects: Vec<Subject> = unlinked.iter().map(|(_, one)| one.clone()).collect();
    let mut keys = keys_of_all(conn, &subjects).await?;
    let found = unlinked
        .into_iter()
        .filter_map(|(person, subject)| Some((person, keys.remove(&subject)?)));
    Ok(found.collect())
}
