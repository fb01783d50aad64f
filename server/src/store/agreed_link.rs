//! Links of identities that people agree to: what is known of an identity, and the rows of a link, of its end and of a
//! refused claim.
//!
//! No row counts without the entry that the caller appends in the same transaction.

mod sketch;
mod unused;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    approval::Mfa,
    identity::{IdentityRecord, RecordedUser},
    ids::{PersonId, UserId},
    person::{Subject, link::LinkKeys},
    subject::identity_link::OpenMatter,
    time::Timestamp,
};

use sqlx::{Row as _, any::AnyRow};

pub use sketch::{IdentitySketch, Listed, sketches};
pub use unused::in_use;

use super::{
    StoreConnection, StoreError, Tx, affected, id, identity::SuspendedUsers, json, ledger::live,
    person::stored_keys, places, session::SessionDocument,
};

/// The columns of a person and one of its sign-ins.
macro_rules! sign_in_columns {
    () => {
        "select p.id, p.user_id, s.iss, s.sub, s.link_keys, s.username, s.name, s.first_seen, s.last_sign_in, s.claims, \
         s.claimed_at, s.joined_from from person p "
    };
}

/// One sign-in of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInOfIdentity {
    pub keys: LinkKeys,
    /// The name in the user pool, if it has signed in.
    pub username: Option<String>,
    /// The name that the sign-in states. Its owner may write it.
    pub stated_name: String,
    pub first_seen: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    /// The user that it claims.
    pub claims: Option<UserId>,
    pub claimed_at: Option<Timestamp>,
    /// The identity that it came from, if it was another one's.
    pub joined_from: Option<PersonId>,
}

/// What is known of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdentity {
    pub person: PersonId,
    /// The user of the row.
    pub row: Option<UserId>,
    pub sign_ins: Vec<SignInOfIdentity>,
    pub record: IdentityRecord,
}

impl KnownIdentity {
    /// Returns the user that it is linked to: by the ledger, or by its row if that is older than the record.
    pub fn user(&self) -> Option<&UserId> {
        match self.record.recorded_user() {
            RecordedUser::NotRecorded => self.row.as_ref(),
            RecordedUser::User(_) | RecordedUser::None => self.record.current.as_ref(),
        }
    }

    /// Returns what the next agreement about it settles.
    pub fn open(&self) -> Option<OpenMatter> {
        if let Some(suspension) = &self.record.suspended {
            return Some(OpenMatter::Suspension {
                since: suspension.at,
            });
        }
        let claimed = self
            .sign_ins
            .iter()
            .filter_map(|sign_in| sign_in.claims.clone());
        let users: BTreeSet<UserId> = claimed.collect();
        (!users.is_empty()).then(|| OpenMatter::Claim {
            users: users.into_iter().collect(),
        })
    }

    /// Returns the keys of its sign-ins.
    pub fn keys(&self) -> Vec<LinkKeys> {
        let sign_ins = self.sign_ins.iter();
        sign_ins.map(|sign_in| sign_in.keys.clone()).collect()
    }
}

/// Returns what is known of an identity; none if there is no such person.
pub async fn known(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Option<KnownIdentity>, StoreError> {
    let mut found = known_all(conn, &[person.clone()].into()).await?;
    Ok(found.remove(person))
}

/// Returns what is known of each of these identities.
pub async fn known_all(
    conn: &mut StoreConnection,
    persons: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, KnownIdentity>, StoreError> {
    let mut found: BTreeMap<PersonId, KnownIdentity> = BTreeMap::new();
    let persons: Vec<&PersonId> = persons.iter().collect();
    for some in persons.chunks(AT_ONCE) {
        let sql = format!(
            "{}left join subject s on s.person_id = p.id where p.id in ({}) order by p.id, s.iss, s.sub",
            sign_in_columns!(),
            places(some.len())
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, person| query.bind(person.as_str()));
        for row in &query.fetch_all(&mut *conn).await? {
            let person: PersonId = id("person", row.try_get("id")?)?;
            let user: Option<&str> = row.try_get("user_id")?;
            let user = user.map(|user| id("person", user)).transpose()?;
            let known = found
                .entry(person.clone())
                .or_insert_with(|| KnownIdentity {
                    person,
                    row: user,
                    sign_ins: Vec::new(),
                    record: IdentityRecord::default(),
                });
            known.sign_ins.extend(sign_in(row)?);
        }
    }
    live::view(conn, |projection| {
        for (person, known) in &mut found {
            known.record = projection.identities().record(person);
        }
    })
    .await?;
    Ok(found)
}

/// Reads a sign-in; none in the row of a person without one.
fn sign_in(row: &AnyRow) -> Result<Option<SignInOfIdentity>, StoreError> {
    let (Some(iss), Some(sub)) = (row.try_get("iss")?, row.try_get("sub")?) else {
        return Ok(None);
    };
    let keys: Option<&str> = row.try_get("link_keys")?;
    let claims: Option<&str> = row.try_get("claims")?;
    let joined_from: Option<&str> = row.try_get("joined_from")?;
    Ok(Some(SignInOfIdentity {
        keys: stored_keys(Subject { iss, sub }, keys)?,
        username: row.try_get("username")?,
        stated_name: row.try_get("name")?,
        first_seen: Timestamp(row.try_get("first_seen")?),
        last_sign_in: row
            .try_get::<Option<i64>, _>("last_sign_in")?
            .map(Timestamp),
        claims: claims.map(|user| id("subject", user)).transpose()?,
        claimed_at: row.try_get::<Option<i64>, _>("claimed_at")?.map(Timestamp),
        joined_from: joined_from.map(|from| id("subject", from)).transpose()?,
    }))
}

/// Returns whether the last session of each of these sign-ins proved a second factor; none without a session. Shown to
/// people, and trusted by nothing.
pub async fn second_factors(
    conn: &mut StoreConnection,
    subjects: &[&Subject],
) -> Result<BTreeMap<Subject, Mfa>, StoreError> {
    let mut found = BTreeMap::new();
    for some in subjects.chunks(AT_ONCE) {
        let sql = format!(
            "select iss, sub, document from (select iss, sub, document, \
             row_number() over (partition by iss, sub order by started_at desc) as place \
             from session where sub in ({})) latest where place = 1",
            places(some.len())
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, subject| query.bind(subject.sub.as_str()));
        let rows: Vec<(String, String, String)> = query.fetch_all(&mut *conn).await?;
        for (iss, sub, document) in rows {
            let document: SessionDocument = json("session", &document)?;
            found.insert(Subject { iss, sub }, document.mfa);
        }
    }
    Ok(found)
}

/// Returns the other identity that is this user now and that somebody can act as: it has a sign-in or a role.
pub async fn holder(
    conn: &mut StoreConnection,
    user: &UserId,
    person: &PersonId,
) -> Result<Option<PersonId>, StoreError> {
    let row: Option<(String,)> = sqlx::query_as(
        "select p.id from person p where p.user_id = $1 and p.id <> $2 and \
         (exists (select 1 from subject s where s.person_id = p.id) or exists (select 1 from role_grant r \
         where r.person_id = p.id and r.ended_at is null))",
    )
    .bind(user.as_str())
    .bind(person.as_str())
    .fetch_optional(conn)
    .await?;
    row.map(|(holder,)| id("person", &holder)).transpose()
}

/// Returns the other identities that are, were or claim to be this user.
pub async fn others(
    conn: &mut StoreConnection,
    user: &UserId,
    person: &PersonId,
    suspended: &SuspendedUsers,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "select id from person where user_id = $1 union select person_id from subject where claims = $1 \
         union select person_id from identity_user where user_id = $1",
    )
    .bind(user.as_str())
    .fetch_all(conn)
    .await?;
    let stored = rows.iter().map(|(other,)| id("person", other));
    let mut found = stored.collect::<Result<BTreeSet<PersonId>, StoreError>>()?;
    found.extend(suspended.of(user));
    found.remove(person);
    Ok(found)
}

/// Links an identity to a user that nobody acts as.
pub async fn link(tx: &mut Tx, person: &PersonId, user: &UserId) -> Result<(), StoreError> {
    // A crawl created the other identity for the user, or its sign-in has moved.
    sqlx::query("update person set user_id = null where user_id = $1 and id <> $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    let done = sqlx::query("update person set user_id = $1, joined = null where id = $2")
        .bind(user.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")?;
    settle_claims(tx, person).await
}

/// Makes the sign-ins of an identity sign-ins of the one that is the same user.
pub async fn join(tx: &mut Tx, person: &PersonId, holder: &PersonId) -> Result<(), StoreError> {
    settle_claims(tx, person).await?;
    sqlx::query("update subject set person_id = $1, joined_from = $2 where person_id = $2")
        .bind(holder.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    let done = sqlx::query("update person set user_id = null, joined = $1 where id = $2")
        .bind(holder.as_str())
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")
}

/// Ends the link of an identity. Sign-ins that it gave to another one come back; returns their number.
pub async fn end(tx: &mut Tx, person: &PersonId) -> Result<u64, StoreError> {
    let given_back =
        sqlx::query("update subject set person_id = $1, joined_from = null where joined_from = $1")
            .bind(person.as_str())
            .execute(tx.conn())
            .await?
            .rows_affected();
    let done = sqlx::query("update person set user_id = null, joined = null where id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "this person")?;
    settle_claims(tx, person).await?;
    Ok(given_back)
}

/// Removes the claims of an identity, which people settled.
pub async fn settle_claims(tx: &mut Tx, person: &PersonId) -> Result<(), StoreError> {
    sqlx::query("update subject set claims = null, claimed_at = null where person_id = $1")
        .bind(person.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The number of identities that are read in one query.
const AT_ONCE: usize = 500;

/// An identity in the list: a person with a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedIdentity {
    pub person: PersonId,
    pub user: Option<UserId>,
    pub sign_ins: Vec<SignInOfIdentity>,
}

/// Returns these identities with their sign-ins, by id.
pub async fn listed(
    conn: &mut StoreConnection,
    persons: &[PersonId],
) -> Result<Vec<ListedIdentity>, StoreError> {
    let mut found: Vec<ListedIdentity> = Vec::new();
    for some in persons.chunks(AT_ONCE) {
        let sql = format!(
            "{}join subject s on s.person_id = p.id where p.id in ({}) order by p.id, s.iss, s.sub",
            sign_in_columns!(),
            places(some.len())
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, person| query.bind(person.as_str()));
        for row in &query.fetch_all(&mut *conn).await? {
            let person: PersonId = id("person", row.try_get("id")?)?;
            let user: Option<&str> = row.try_get("user_id")?;
            if found.last().is_none_or(|last| last.person != person) {
                found.push(ListedIdentity {
                    person,
                    user: user.map(|user| id("person", user)).transpose()?,
                    sign_ins: Vec::new(),
                });
            }
            if let Some(last) = found.last_mut() {
                last.sign_ins.extend(sign_in(row)?);
            }
        }
    }
    Ok(found)
}

/// Returns the records of all identities about which people agreed to something, by the ledger.
pub async fn agreed(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<PersonId, IdentityRecord>, StoreError> {
    live::view(conn, |projection| {
        let records = projection.identities().records().iter();
        let agreed = records.filter(|(_, record)| record.was_agreed_on());
        agreed
            .map(|(person, record)| (person.clone(), record.clone()))
            .collect()
    })
    .await
}
