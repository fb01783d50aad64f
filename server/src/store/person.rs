//! Persons, their sign-ins and the roles that the ledger granted them.
//!
//! A subject is found by `(iss, sub)` and by nothing else. A subject that has a person keeps it;
//! what the directory says later may complete that person, never swap its Identity Center user.

use domain::{
    authorize::Role,
    ids::{PersonId, UserId},
    person::{Join, Person, Subject},
    time::Timestamp,
};
use sqlx::AnyConnection;

use super::{Store, StoreError, Tx, id};

/// The person behind a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub person: PersonId,
    /// Their Identity Center user; none = they only read.
    pub user: Option<UserId>,
}

/// A role that the ledger granted and nobody has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGrant {
    /// Which.
    pub role: Role,
    /// Since when.
    pub granted_at: Timestamp,
    /// The person, or `configuration`, that granted it.
    pub granted_by: String,
}

/// A subject that asks to be known, and what the directory says of it.
#[derive(Debug, Clone)]
pub struct Introduction<'a> {
    /// Who signs in.
    pub subject: &'a Subject,
    /// Shown name.
    pub name: &'a str,
    /// `domain::person::join` over the directory as last seen.
    pub join: &'a Join,
    /// Used if a person has to be made.
    pub new_id: PersonId,
    /// Now.
    pub at: Timestamp,
}

/// Finds or makes the person of a subject, as somebody who has just signed in.
pub async fn sign_in_person(tx: &mut Tx, who: &Introduction<'_>) -> Result<Known, StoreError> {
    let known = know(tx, who).await?;
    sqlx::query("update subject set name = $1, last_sign_in = $2 where iss = $3 and sub = $4")
        .bind(who.name)
        .bind(who.at.0)
        .bind(&who.subject.iss)
        .bind(&who.subject.sub)
        .execute(tx.conn())
        .await?;
    Ok(known)
}

/// Finds or makes the person of a subject who need not have signed in yet.
pub async fn know(tx: &mut Tx, who: &Introduction<'_>) -> Result<Known, StoreError> {
    let joined = match who.join {
        Join::Joined(user) => Some(user),
        // Several users claim this subject: whoever it is, none of them is joined to it.
        Join::Unknown | Join::Ambiguous(_) => None,
    };
    if let Some(known) = of_subject(tx, who.subject).await? {
        return match (&known.user, joined) {
            (None, Some(user)) => complete(tx, who, known.person, user).await,
            _ => Ok(known),
        };
    }
    let known = match joined {
        Some(user) => of_user(tx, user, who).await?,
        None => make(tx, who, None).await?,
    };
    // Two first sign-ins at once: the second takes what the first wrote.
    sqlx::query(
        "insert into subject (iss, sub, person_id, name, first_seen) values ($1, $2, $3, $4, $5) \
         on conflict (iss, sub) do nothing",
    )
    .bind(&who.subject.iss)
    .bind(&who.subject.sub)
    .bind(known.person.as_str())
    .bind(who.name)
    .bind(who.at.0)
    .execute(tx.conn())
    .await?;
    of_subject(tx, who.subject)
        .await?
        .ok_or(StoreError::Conflict("subject"))
}

/// The directory has come to know a subject that only read so far. If another sign-in of the same
/// user already has a person, the subject moves there: its old person never wrote anything, because
/// who is not joined only reads.
async fn complete(
    tx: &mut Tx,
    who: &Introduction<'_>,
    person: PersonId,
    user: &UserId,
) -> Result<Known, StoreError> {
    let taken: Option<(String,)> = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_optional(tx.conn())
        .await?;
    let person = if let Some((other,)) = taken {
        sqlx::query("update subject set person_id = $1 where iss = $2 and sub = $3")
            .bind(&other)
            .bind(&who.subject.iss)
            .bind(&who.subject.sub)
            .execute(tx.conn())
            .await?;
        id("person", &other)?
    } else {
        sqlx::query("update person set user_id = $1 where id = $2 and user_id is null")
            .bind(user.as_str())
            .bind(person.as_str())
            .execute(tx.conn())
            .await?;
        person
    };
    Ok(Known {
        person,
        user: Some(user.clone()),
    })
}

async fn of_user(tx: &mut Tx, user: &UserId, who: &Introduction<'_>) -> Result<Known, StoreError> {
    make(tx, who, Some(user)).await?;
    let (person,): (String,) = sqlx::query_as("select id from person where user_id = $1")
        .bind(user.as_str())
        .fetch_one(tx.conn())
        .await?;
    Ok(Known {
        person: id("person", &person)?,
        user: Some(user.clone()),
    })
}

async fn make(
    tx: &mut Tx,
    who: &Introduction<'_>,
    user: Option<&UserId>,
) -> Result<Known, StoreError> {
    sqlx::query("insert into person (id, user_id, created_at) values ($1, $2, $3) on conflict (user_id) do nothing")
        .bind(who.new_id.as_str())
        .bind(user.map(UserId::as_str))
        .bind(who.at.0)
        .execute(tx.conn())
        .await?;
    Ok(Known {
        person: who.new_id.clone(),
        user: user.cloned(),
    })
}

async fn of_subject(tx: &mut Tx, subject: &Subject) -> Result<Option<Known>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(OF_SUBJECT)
        .bind(&subject.iss)
        .bind(&subject.sub)
        .fetch_optional(tx.conn())
        .await?;
    row.map(known).transpose()
}

const OF_SUBJECT: &str = "select p.id, p.user_id from subject s join person p on p.id = s.person_id \
                          where s.iss = $1 and s.sub = $2";

fn known((person, user): (String, Option<String>)) -> Result<Known, StoreError> {
    Ok(Known {
        person: id("person", &person)?,
        user: user.map(|user| id("person", &user)).transpose()?,
    })
}

/// The person of a subject that has signed in or was named by configuration before.
pub async fn person_of(store: &Store, subject: &Subject) -> Result<Option<Known>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(OF_SUBJECT)
        .bind(&subject.iss)
        .bind(&subject.sub)
        .fetch_optional(store.read())
        .await?;
    row.map(known).transpose()
}

/// Person, user, and one of their subjects.
type PersonRow = (String, Option<String>, Option<String>, Option<String>);

/// Every person with their sign-ins, by id.
pub async fn all(store: &Store) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "select p.id, p.user_id, s.iss, s.sub from person p left join subject s on s.person_id = p.id \
         order by p.id, s.iss, s.sub",
    )
    .fetch_all(store.read())
    .await?;
    let mut people: Vec<Person> = Vec::new();
    for (person, user, iss, sub) in rows {
        let Known { person, user } = known((person, user))?;
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

/// The name a person last signed in under, if they ever did.
pub async fn name_of(store: &Store, person: &PersonId) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(
        "select name from subject where person_id = $1 order by last_sign_in desc limit 1",
    )
    .bind(person.as_str())
    .fetch_optional(store.read())
    .await?;
    Ok(row.map(|(name,)| name))
}

/// The roles that the ledger granted a person and nobody has ended.
pub async fn roles_of(store: &Store, person: &PersonId) -> Result<Vec<RoleGrant>, StoreError> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "select role, granted_at, granted_by from role_grant where person_id = $1 and ended_at is null \
         order by role, granted_at",
    )
    .bind(person.as_str())
    .fetch_all(store.read())
    .await?;
    rows.into_iter()
        .map(|(role, granted_at, granted_by)| {
            Ok(RoleGrant {
                role: role_of(&role)?,
                granted_at: Timestamp(granted_at),
                granted_by,
            })
        })
        .collect()
}

/// Everyone who holds a role by the ledger, with what they hold.
pub async fn everyone_with_a_role(store: &Store) -> Result<Vec<(PersonId, RoleGrant)>, StoreError> {
    let rows: Vec<(String, String, i64, String)> =
        sqlx::query_as(ROLES).fetch_all(store.read()).await?;
    rows.into_iter().map(held).collect()
}

const ROLES: &str = "select person_id, role, granted_at, granted_by from role_grant where ended_at is null \
                     order by person_id, role, granted_at";

/// As [`everyone_with_a_role`], inside the caller's transaction: authority as it is under the lock.
pub async fn roles_now(conn: &mut AnyConnection) -> Result<Vec<(PersonId, RoleGrant)>, StoreError> {
    let rows: Vec<(String, String, i64, String)> = sqlx::query_as(ROLES).fetch_all(conn).await?;
    rows.into_iter().map(held).collect()
}

fn held(
    (person, role, granted_at, granted_by): (String, String, i64, String),
) -> Result<(PersonId, RoleGrant), StoreError> {
    let grant = RoleGrant {
        role: role_of(&role)?,
        granted_at: Timestamp(granted_at),
        granted_by,
    };
    Ok((id("role_grant", &person)?, grant))
}

/// Whether a role was there already or has just been written: only then is there something to
/// enter in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// Written now.
    New,
    /// Held before.
    Held,
}

/// Makes sure that a person holds a role by the ledger.
pub async fn ensure_role(
    tx: &mut Tx,
    person: &PersonId,
    role: Role,
    granted_by: &str,
    now: Timestamp,
) -> Result<Ensured, StoreError> {
    lock(tx, person).await?;
    let held: Option<(i64,)> = sqlx::query_as(
        "select granted_at from role_grant where person_id = $1 and role = $2 and ended_at is null",
    )
    .bind(person.as_str())
    .bind(role.as_str())
    .fetch_optional(tx.conn())
    .await?;
    if held.is_some() {
        return Ok(Ensured::Held);
    }
    sqlx::query(
        "insert into role_grant (person_id, role, granted_at, granted_by) values ($1, $2, $3, $4)",
    )
    .bind(person.as_str())
    .bind(role.as_str())
    .bind(now.0)
    .bind(granted_by)
    .execute(tx.conn())
    .await?;
    Ok(Ensured::New)
}

/// Ends a role; answers whether it was held.
pub async fn end_role(
    tx: &mut Tx,
    person: &PersonId,
    role: Role,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update role_grant set ended_at = $1 where person_id = $2 and role = $3 and ended_at is null",
    )
    .bind(now.0)
    .bind(person.as_str())
    .bind(role.as_str())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// No `FOR UPDATE` on SQLite: an update of the row to itself is the lock both engines have.
async fn lock(tx: &mut Tx, person: &PersonId) -> Result<(), StoreError> {
    let done = sqlx::query("update person set created_at = created_at where id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    super::affected(done.rows_affected(), "person")
}

fn role_of(word: &str) -> Result<Role, StoreError> {
    Role::from_word(word).ok_or_else(|| StoreError::Inconsistent {
        table: "role_grant",
        what: format!("unknown role {word}"),
    })
}
