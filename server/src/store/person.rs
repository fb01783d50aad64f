//! Persons, their sign-ins and the roles that the ledger grants them.
//!
//! A subject is found by `(iss, sub)` and by nothing else. A subject keeps its person; later directory data can add the
//! Identity Center user of that person but never replace it. Only the first subject of a user is linked by directory
//! data: any further one is recorded as a claim and linked to no user.

mod claim;
mod groups;
mod role;

pub use claim::{Claim, claims};
pub use groups::see_groups;
pub use role::{
    RoleGrant, RoleOutcome, RoleRow, end_role, ensure_role, everyone_with_a_role, role_rows,
    roles_now, roles_of,
};

use domain::{
    ids::{PersonId, UserId},
    person::{IdentityLink, Person, Subject},
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{Store, StoreError, Tx, affected, id};

/// The person of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedPerson {
    pub person: PersonId,
    /// The Identity Center user; without one, the person has read-only access.
    pub user: Option<UserId>,
    /// A new claim, which the caller records in the ledger.
    pub claimed: Option<Claim>,
}

/// A subject to look up, and what the directory contains about it.
#[derive(Debug, Clone)]
pub struct SignInClaims<'a> {
    pub subject: &'a Subject,
    /// The display name.
    pub name: &'a str,
    /// The username in the user pool, after the subject has signed in.
    pub username: Option<&'a str>,
    /// The result of `domain::person::link_identity` for the last read directory.
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
    .bind(&who.subject.iss)
    .bind(&who.subject.sub)
    .execute(tx.conn())
    .await?;
    Ok(known)
}

/// Finds or creates the person of a subject who may not have signed in yet.
pub async fn resolve(tx: &mut Tx, who: &SignInClaims<'_>) -> Result<ResolvedPerson, StoreError> {
    let joined = match who.link {
        IdentityLink::Linked(user) => Some(user),
        // If several users have this subject as an external id, none of them is linked to it.
        IdentityLink::Unknown | IdentityLink::Ambiguous(_) => None,
    };
    if let Some(known) = of_subject(tx, who.subject).await? {
        return match (&known.user, joined) {
            (None, Some(user)) => complete(tx, who, known.person, user).await,
            _ => Ok(known),
        };
    }
    let (known, claim) = match joined {
        Some(user) => of_user(tx, user, who).await?,
        None => (make(tx, who, None).await?, None),
    };
    // If two first sign-ins are concurrent, the second uses the row of the first.
    sqlx::query(
        "insert into subject (iss, sub, person_id, name, first_seen) values ($1, $2, $3, $4, $5) \
         on conflict (iss, sub) do nothing",
    )
    .bind(&who.subject.iss)
    .bind(&who.subject.sub)
    .bind(known.as_str())
    .bind(who.name)
    .bind(who.at.0)
    .execute(tx.conn())
    .await?;
    let mut known = of_subject(tx, who.subject)
        .await?
        .ok_or(StoreError::Conflict("subject"))?;
    if let Some(claim) = claim {
        known.claimed = claim::note(tx, who, claim).await?;
    }
    Ok(known)
}

/// Links a subject that had no Identity Center user so far. If the user already has a person without sign-ins and
/// roles, the subject moves to that person: its old person never wrote anything, because an unlinked sign-in has
/// read-only access.
async fn complete(
    tx: &mut Tx,
    who: &SignInClaims<'_>,
    person: PersonId,
    user: &UserId,
) -> Result<ResolvedPerson, StoreError> {
    let known: Option<(String,)> = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_optional(tx.conn())
        .await?;
    let person = if let Some((other,)) = known {
        let other: PersonId = id("person", &other)?;
        lock(tx, &other).await?;
        if claim::taken(tx, &other, who.subject).await? {
            let claim = Claim {
                user: user.clone(),
                held_by: other,
            };
            return Ok(ResolvedPerson {
                person,
                user: None,
                claimed: claim::note(tx, who, claim).await?,
            });
        }
        sqlx::query("update subject set person_id = $1 where iss = $2 and sub = $3")
            .bind(other.as_str())
            .bind(&who.subject.iss)
            .bind(&who.subject.sub)
            .execute(tx.conn())
            .await?;
        other
    } else {
        sqlx::query("update person set user_id = $1 where id = $2 and user_id is null")
            .bind(user.as_str())
            .bind(person.as_str())
            .execute(tx.conn())
            .await?;
        person
    };
    Ok(ResolvedPerson {
        person,
        user: Some(user.clone()),
        claimed: None,
    })
}

/// Returns the person of a user for the user's first subject; for any further one, a new person and a claim.
async fn of_user(
    tx: &mut Tx,
    user: &UserId,
    who: &SignInClaims<'_>,
) -> Result<(PersonId, Option<Claim>), StoreError> {
    make(tx, who, Some(user)).await?;
    let (person,): (String,) = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_one(tx.conn())
        .await?;
    let person: PersonId = id("person", &person)?;
    // Serializes concurrent first sign-ins.
    lock(tx, &person).await?;
    if !claim::taken(tx, &person, who.subject).await? {
        return Ok((person, None));
    }
    let claim = Claim {
        user: user.clone(),
        held_by: person,
    };
    Ok((make(tx, who, None).await?, Some(claim)))
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

/// Returns the name of a person's last sign-in, if any.
pub async fn name_of(store: &Store, person: &PersonId) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(
        "select name from subject where person_id = $1 order by last_sign_in desc limit 1",
    )
    .bind(person.as_str())
    .fetch_optional(store.read())
    .await?;
    Ok(row.map(|(name,)| name))
}

/// Returns the username of a sign-in in the user pool; if none was stored, its `sub`, which the user pool accepts as
/// well.
pub async fn username_of(
    conn: &mut AnyConnection,
    subject: &Subject,
) -> Result<Option<String>, StoreError> {
    let row: Option<(Option<String>, String)> =
        sqlx::query_as("select username, sub from subject where iss = $1 and sub = $2")
            .bind(&subject.iss)
            .bind(&subject.sub)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(username, sub)| username.unwrap_or(sub)))
}
