//! Persons, their sign-ins and the roles that the ledger grants them.
//!
//! A subject is found by `(iss, sub)` and by nothing else, and belongs to the person that the ledger records: a row that names
//! another one has no effect. A subject keeps its person; later directory data can add the
//! Identity Center user of that person but never replace it: keys that lead elsewhere are stored, and the check of the
//! identity compares them with the directory (`service/identities`). Only the first subject of a user that never was
//! another identity is linked by directory data: any further one is recorded as a claim and linked to no user.

mod claim;
mod groups;
mod link;
mod role;
mod sign_ins;
mod usernames;

pub use claim::{Claim, claims};
pub use groups::{groups_of_others, is_joined, see_groups};
pub(super) use link::stored_keys;
pub use link::{FoundUser, NewLink, keys_of, link, without_user};
pub use role::{
    RoleGrant, RoleOutcome, RoleRow, end_role, ensure_role, everyone_with_a_role, granted_to,
    role_rows, roles_of,
};
pub use sign_ins::{
    AssignedRow, SignInRow, assigned_rows, keys_of_all, move_sign_in, of_an_earlier_version,
    rows_of, sign_ins_of,
};
pub use usernames::{KnownBy, known_by, username_rows, usernames};

use domain::{
    ids::{PersonId, UserId},
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
    time::Timestamp,
};

use self::{
    claim::UserHolder,
    sign_ins::{Place, place, recorded},
};
use super::{
    Store, StoreConnection, StoreError, Tx, affected,
    identity::{self, suspended_users},
    ledger::live,
};

/// The person of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPerson {
    pub person: PersonId,
    /// The Identity Center user; without one, the person has read-only access.
    pub user: Option<UserId>,
    /// A new claim, which the caller records in the ledger.
    pub claimed: Option<Claim>,
    /// A new link, which the caller records in the ledger.
    pub linked: Option<NewLink>,
    /// Whether the ledger already assigns the sign-in to the person.
    pub assignment: Assignment,
}

/// Whether the ledger assigns a sign-in to its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    Recorded,
    /// The caller records it in the same transaction. A sign-in without an entry belongs to nobody.
    New,
}

impl ResolvedPerson {
    /// A person whom the ledger assigns the sign-in to, and who has no user.
    pub(super) fn of(person: PersonId) -> Self {
        Self {
            person,
            user: None,
            claimed: None,
            linked: None,
            assignment: Assignment::Recorded,
        }
    }
}

/// A subject to look up, and what the directory contains about it.
#[derive(Debug, Clone)]
pub struct SignInClaims<'a> {
    /// The subject, with the other keys of its user.
    pub keys: &'a LinkKeys,
    /// The name that the sign-in states. The person may write it, so it identifies nobody.
    pub name: &'a str,
    /// The username in the user pool, after the subject has signed in.
    pub username: Option<&'a str>,
    /// The result of `domain::person::link::link_identity` for the last read directory.
    pub link: &'a IdentityLink,
    /// The id to use if a person has to be created.
    pub new_id: PersonId,
    pub at: Timestamp,
}

/// Finds or creates the person of a subject who has just signed in.
pub async fn resolve_at_sign_in(
    tx: &mut Tx,
    who: &SignInClaims<'_>,
) -> Result<ResolvedPerson, StoreError> {
    let known = resolve(tx, who).await?;
    sqlx::query(
        "update subject set name = $1, username = $2, last_sign_in = $3 where iss = $4 and sub = $5",
    )
    .bind(who.name)
    .bind(who.username)
    .bind(who.at.0)
    .bind(&who.keys.subject.iss)
    .bind(&who.keys.subject.sub)
    .execute(tx.conn())
    .await?;
    link::keep_keys(tx, who.keys).await?;
    Ok(known)
}

/// Finds or creates the person of a subject who may not have signed in yet.
pub async fn resolve(tx: &mut Tx, who: &SignInClaims<'_>) -> Result<ResolvedPerson, StoreError> {
    let subject = &who.keys.subject;
    // If it is not clear which user this is, none is linked.
    let found = match who.link {
        IdentityLink::Linked(user, by) => Some((user, by)),
        IdentityLink::Unknown
        | IdentityLink::Ambiguous(_)
        | IdentityLink::Contradictory(_)
        | IdentityLink::Unusable(_) => None,
    };
    if let Some(known) = of_subject(tx, who).await? {
        return match (&known.user, found) {
            (None, Some((user, by))) => {
                let suspended = suspended_users(tx.conn()).await?;
                let new = FoundUser {
                    subject,
                    person: &known.person,
                    user,
                    by,
                    suspended: &suspended,
                    at: who.at,
                };
                link(tx, &new).await
            }
            _ => Ok(known),
        };
    }
    let (person, claim) = match found {
        Some((user, _)) => of_user(tx, user, who).await?,
        None => (make(tx, who, None).await?, None),
    };
    // A row that no entry confirms does not count. Locks the sign-in until the transaction ends.
    let new = Place {
        person: &person,
        from: None,
        name: who.name,
        at: who.at,
    };
    place(tx, subject, &new).await?;
    // If two first sign-ins are concurrent, the second is one of the person of the first.
    if let Some(known) = of_subject(tx, who).await? {
        return Ok(known);
    }
    let mut known = ResolvedPerson {
        assignment: Assignment::New,
        ..ResolvedPerson::of(person)
    };
    match (claim, found) {
        (Some(claim), _) => known.claimed = claim::note(tx, subject, claim, who.at).await?,
        (None, Some((user, by))) => {
            known.user = Some(user.clone());
            known.linked = Some(NewLink {
                user: user.clone(),
                by: by.clone(),
                moved: None,
            });
        }
        (None, None) => {}
    }
    Ok(known)
}

/// Returns the person of a user for the user's first subject; for any further one, and for a user that was another
/// identity, a new person and a claim.
async fn of_user(
    tx: &mut Tx,
    user: &UserId,
    who: &SignInClaims<'_>,
) -> Result<(PersonId, Option<Claim>), StoreError> {
    let subject = &who.keys.subject;
    let suspended = suspended_users(tx.conn()).await?;
    if claim::holder(tx, user, None, subject, &suspended).await? == UserHolder::Nobody {
        make(tx, who, Some(user)).await?;
    }
    match claim::holder(tx, user, None, subject, &suspended).await? {
        UserHolder::Unused(person) => Ok((person, None)),
        UserHolder::Another(held_by) => {
            let claim = Claim {
                user: user.clone(),
                held_by,
            };
            Ok((make(tx, who, None).await?, Some(claim)))
        }
        UserHolder::Nobody => Err(StoreError::Conflict("person")),
    }
}

async fn make(
    tx: &mut Tx,
    who: &SignInClaims<'_>,
    user: Option<&UserId>,
) -> Result<PersonId, StoreError> {
    sqlx::query("insert into person (id, user_id, created_at) values ($1, $2, $3) on conflict (user_id) do nothing")
        .bind(who.new_id.as_str())
        .bind(user.map(UserId::as_str))
        .bind(who.at.0)
        .execute(tx.conn())
        .await?;
    Ok(who.new_id.clone())
}

/// Locks the row of a person. SQLite has no `FOR UPDATE`; an update of the row to itself locks it on both engines.
pub async fn lock(tx: &mut Tx, person: &PersonId) -> Result<(), StoreError> {
    let done = sqlx::query("update person set created_at = created_at where id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "person")
}

/// Returns the person of a sign-in that the ledger records, and makes its row say the same.
async fn of_subject(
    tx: &mut Tx,
    who: &SignInClaims<'_>,
) -> Result<Option<ResolvedPerson>, StoreError> {
    let subject = &who.keys.subject;
    let Some(mut known) = recorded(tx.conn(), subject).await? else {
        return Ok(None);
    };
    loop {
        let there = Place {
            person: &known.person,
            from: known.from.as_ref(),
            name: who.name,
            at: who.at,
        };
        place(tx, subject, &there).await?;
        // The row is locked now. A transaction that moved the sign-in may have ended while this one waited for it.
        match recorded(tx.conn(), subject).await? {
            Some(now) if now.person == known.person && now.from == known.from => break,
            Some(now) => known = now,
            None => return Ok(None),
        }
    }
    let user = identity::record(tx.conn(), &known.person)
        .await?
        .user()
        .cloned();
    Ok(Some(ResolvedPerson {
        user,
        ..ResolvedPerson::of(known.person)
    }))
}

/// Returns the person of a subject that has signed in or was named in the configuration, according to the ledger.
pub async fn person_of(
    store: &Store,
    subject: &Subject,
) -> Result<Option<ResolvedPerson>, StoreError> {
    let mut conn = store.connection().await?;
    live::view(&mut conn, |projection| {
        let person = projection.sign_ins().person_of(subject)?.clone();
        let user = projection.identities().record(&person).user().cloned();
        Some(ResolvedPerson {
            user,
            ..ResolvedPerson::of(person)
        })
    })
    .await
}

/// The last sign-in of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSignIn {
    /// The Identity Center user of the person.
    pub user: Option<UserId>,
    /// The username in the user pool, or else the `sub`. Not the name that the sign-in stated: its owner may write it.
    pub username: String,
}

/// Returns the username of a sign-in in the user pool; if none was stored, its `sub`, which the user pool accepts as
/// well. None if the sign-in belongs to another person by now. The caller knows the sign-in from an entry of this person.
pub async fn username_of(
    conn: &mut StoreConnection,
    subject: &Subject,
    person: &PersonId,
) -> Result<Option<String>, StoreError> {
    let known = recorded(conn, subject).await?;
    if known.is_some_and(|known| known.person != *person) {
        return Ok(None);
    }
    let row: Option<(Option<String>, String)> =
        sqlx::query_as("select username, sub from subject where iss = $1 and sub = $2")
            .bind(&subject.iss)
            .bind(&subject.sub)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(username, sub)| username.unwrap_or(sub)))
}
