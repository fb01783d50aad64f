//! Persons, their sign-ins and the roles that the ledger grants them.
//!
//! A subject is found by `(iss, sub)` and by nothing else. A subject keeps its person; later directory data can add the
//! Identity Center user of that person but never replace it: keys that lead elsewhere are stored, and the check of the
//! identity compares them with the directory (`service/identities`). Only the first subject of a user that never was
//! another identity is linked by directory data: any further one is recorded as a claim and linked to no user.

mod claim;
mod groups;
mod link;
mod role;
mod usernames;

pub use claim::{Claim, claims};
pub use groups::{groups_of_others, is_joined, see_groups};
pub(super) use link::stored_keys;
pub use link::{FoundUser, NewLink, keys_of, link, without_user};
pub use role::{
    RoleGrant, RoleOutcome, RoleRow, end_role, ensure_role, everyone_with_a_role, granted_to,
    role_rows, roles_of,
};
pub use usernames::{KnownBy, known_by, usernames};

use domain::{
    ids::{PersonId, UserId},
    person::{
        Person, Subject,
        link::{IdentityLink, LinkKeys},
    },
    time::Timestamp,
};

use self::claim::UserHolder;
use super::{Store, StoreConnection, StoreError, Tx, affected, id, identity::suspended_users};

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
    if let Some(known) = of_subject(tx, subject).await? {
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
    let (known, claim) = match found {
        Some((user, _)) => of_user(tx, user, who).await?,
        None => (make(tx, who, None).await?, None),
    };
    // If two first sign-ins are concurrent, the second uses the row of the first.
    sqlx::query(
        "insert into subject (iss, sub, person_id, name, first_seen) values ($1, $2, $3, $4, $5) \
         on conflict (iss, sub) do nothing",
    )
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(known.as_str())
    .bind(who.name)
    .bind(who.at.0)
    .execute(tx.conn())
    .await?;
    let mut known = of_subject(tx, subject)
        .await?
        .ok_or(StoreError::Conflict("subject"))?;
    match (claim, found) {
        (Some(claim), _) => known.claimed = claim::note(tx, subject, claim, who.at).await?,
        (None, Some((user, by))) if known.user.as_ref() == Some(user) => {
            known.linked = Some(NewLink {
                user: user.clone(),
                by: by.clone(),
                moved: None,
            });
        }
        _ => {}
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

async fn of_subject(tx: &mut Tx, subject: &Subject) -> Result<Option<ResolvedPerson>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(OF_SUBJECT)
        .bind(&subject.iss)
        .bind(&subject.sub)
        .fetch_optional(tx.conn())
        .await?;
    row.map(known).transpose()
}

const OF_SUBJECT: &str = "select p.id, p.user_id from subject s join person p on p.id = s.person_id \
                          where s.iss = $1 and s.sub = $2";

fn known((person, user): (String, Option<String>)) -> Result<ResolvedPerson, StoreError> {
    Ok(ResolvedPerson {
        person: id("person", &person)?,
        user: user.map(|user| id("person", &user)).transpose()?,
        claimed: None,
        linked: None,
    })
}

/// Returns the person of a subject that has signed in or was named in the configuration.
pub async fn person_of(
    store: &Store,
    subject: &Subject,
) -> Result<Option<ResolvedPerson>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(OF_SUBJECT)
        .bind(&subject.iss)
        .bind(&subject.sub)
        .fetch_optional(store.read())
        .await?;
    row.map(known).transpose()
}

/// Person, user, and the issuer and id of one subject.
type PersonRow = (String, Option<String>, Option<String>, Option<String>);

/// Returns all persons with their sign-ins, by id.
pub async fn all(store: &Store) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "select p.id, p.user_id, s.iss, s.sub from person p left join subject s on s.person_id = p.id \
         order by p.id, s.iss, s.sub",
    )
    .fetch_all(store.read())
    .await?;
    let mut people: Vec<Person> = Vec::new();
    for (person, user, iss, sub) in rows {
        let ResolvedPerson { person, user, .. } = known((person, user))?;
        if people.last().is_none_or(|last| last.id != person) {
            people.push(Person {
                id: person,
                user,
                subjects: Vec::new(),
            });
        }
        if let (Some(last), Some(iss), Some(sub)) = (people.last_mut(), iss, sub) {
            last.subjects.push(Subject { iss, sub });
        }
    }
    Ok(people)
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
/// well. None if the sign-in does not belong to this person.
pub async fn username_of(
    conn: &mut StoreConnection,
    subject: &Subject,
    person: &PersonId,
) -> Result<Option<String>, StoreError> {
    let row: Option<(Option<String>, String)> = sqlx::query_as(
        "select username, sub from subject where iss = $1 and sub = $2 and person_id = $3",
    )
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(person.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(username, sub)| username.unwrap_or(sub)))
}
