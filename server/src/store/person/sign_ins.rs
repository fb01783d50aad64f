//! The rows of sign-ins. The ledger says which identity a sign-in belongs to: a row is found by issuer and `sub`, and the
//! person in it is an index for display.
//!
//! Never returns a person because a row names it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{PersonId, UserId},
    ledger::projection::sign_ins::{RecordedClaim, RecordedSignIn},
    person::{Subject, link::LinkKeys},
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::stored_keys;
use crate::store::{StoreConnection, StoreError, Tx, json, ledger::live, places};

/// What the row of a sign-in says besides the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRow {
    /// The keys that it last stated.
    pub keys: LinkKeys,
    /// The name in the user pool, if it has signed in.
    pub username: Option<String>,
    /// The name that it states. Its owner may write it.
    pub stated_name: String,
    pub first_seen: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    /// The user pool groups in which it was last seen; none before its first sign-in.
    pub seen_groups: Option<BTreeSet<String>>,
}

/// The number of sign-ins that are read in one query.
const AT_ONCE: usize = 500;

/// Returns the rows of these sign-ins.
pub async fn rows_of(
    conn: &mut StoreConnection,
    subjects: &[Subject],
) -> Result<BTreeMap<Subject, SignInRow>, StoreError> {
    let mut by_issuer: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for subject in subjects {
        let subs = by_issuer.entry(subject.iss.as_str()).or_default();
        subs.push(subject.sub.as_str());
    }
    let mut found = BTreeMap::new();
    for (iss, subs) in by_issuer {
        for some in subs.chunks(AT_ONCE) {
            let sql = format!(
                "select iss, sub, link_keys, username, name, first_seen, last_sign_in, seen_groups from subject \
                 where sub in ({}) and iss = ${}",
                places(some.len()),
                some.len() + 1
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql));
            let query = some.iter().fold(query, |query, sub| query.bind(*sub));
            for row in query.bind(iss).fetch_all(&mut *conn).await? {
                let subject = Subject {
                    iss: row.try_get("iss")?,
                    sub: row.try_get("sub")?,
                };
                found.insert(subject.clone(), sign_in_row(subject, &row)?);
            }
        }
    }
    Ok(found)
}

fn sign_in_row(subject: Subject, row: &AnyRow) -> Result<SignInRow, StoreError> {
    let kept: Option<String> = row.try_get("link_keys")?;
    let groups: Option<String> = row.try_get("seen_groups")?;
    let groups = groups.map(|groups| json("subject", &groups));
    Ok(SignInRow {
        keys: stored_keys(subject, kept.as_deref())?,
        username: row.try_get("username")?,
        stated_name: row.try_get("name")?,
        first_seen: Timestamp(row.try_get("first_seen")?),
        last_sign_in: row
            .try_get::<Option<i64>, _>("last_sign_in")?
            .map(Timestamp),
        seen_groups: groups.transpose()?,
    })
}

/// Returns the keys of these sign-ins, as they last stated them. One without a row is found by its subject only.
pub async fn keys_of_all(
    conn: &mut StoreConnection,
    subjects: &[Subject],
) -> Result<BTreeMap<Subject, LinkKeys>, StoreError> {
    let mut rows = rows_of(conn, subjects).await?;
    let keys = subjects.iter().map(|subject| {
        let row = rows.remove(subject);
        let keys = row.map_or_else(|| LinkKeys::of_subject(subject.clone()), |row| row.keys);
        (subject.clone(), keys)
    });
    Ok(keys.collect())
}

/// Returns a sign-in according to the ledger; none if no entry assigns it to an identity.
pub(super) async fn recorded(
    conn: &mut StoreConnection,
    subject: &Subject,
) -> Result<Option<RecordedSignIn>, StoreError> {
    live::view(conn, |projection| {
        projection.sign_ins().get(subject).cloned()
    })
    .await
}

/// Returns the sign-ins of an identity according to the ledger.
pub async fn sign_ins_of(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Vec<(Subject, RecordedSignIn)>, StoreError> {
    live::view(conn, |projection| {
        let sign_ins = projection.sign_ins();
        let of = sign_ins.of(person);
        of.filter_map(|subject| Some((subject.clone(), sign_ins.get(subject)?.clone())))
            .collect()
    })
    .await
}

/// The person that the row of a sign-in has to name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub person: &'a PersonId,
    /// The identity that the sign-in came from.
    pub from: Option<&'a PersonId>,
    /// The name that the sign-in states, for a new row.
    pub name: &'a str,
    pub at: Timestamp,
}

/// Makes the row of a sign-in name its person, and creates it if it is missing.
pub(super) async fn place(
    tx: &mut Tx,
    subject: &Subject,
    place: &Place<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into subject (iss, sub, person_id, joined_from, name, first_seen) values ($1, $2, $3, $4, $5, $6) \
         on conflict (iss, sub) do update set person_id = excluded.person_id, joined_from = excluded.joined_from \
         where subject.person_id <> excluded.person_id \
         or coalesce(subject.joined_from, '') <> coalesce(excluded.joined_from, '')",
    )
    .bind(&subject.iss)
    .bind(&subject.sub)
    .bind(place.person.as_str())
    .bind(place.from.map(PersonId::as_str))
    .bind(place.name)
    .bind(place.at.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the row of a sign-in name another person. The caller appends the entry in the same transaction.
pub async fn move_sign_in(
    tx: &mut Tx,
    subject: &Subject,
    person: &PersonId,
    from: Option<&PersonId>,
) -> Result<(), StoreError> {
    sqlx::query("update subject set person_id = $1, joined_from = $2 where iss = $3 and sub = $4")
        .bind(person.as_str())
        .bind(from.map(PersonId::as_str))
        .bind(&subject.iss)
        .bind(&subject.sub)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Returns the identity of a sign-in without an entry that an earlier version stored, so that the caller records it; none if
/// the row may be forged.
pub async fn of_an_earlier_version(
    tx: &mut Tx,
    subject: &Subject,
) -> Result<Option<PersonId>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("select person_id from subject where iss = $1 and sub = $2")
            .bind(&subject.iss)
            .bind(&subject.sub)
            .fetch_optional(tx.conn())
            .await?;
    let Some(person) = row.and_then(|(person,)| PersonId::parse(&person).ok()) else {
        return Ok(None);
    };
    let may_be = live::view(tx.conn(), |projection| {
        projection.may_be_of_an_earlier_version(subject, &person)
    })
    .await?;
    Ok(may_be.then_some(person))
}

/// The person of a sign-in as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedRow {
    pub person: String,
    /// The person that it came from.
    pub from: Option<String>,
    /// The user that it claims.
    pub claims: Option<String>,
}

/// Returns the stored person of every sign-in.
pub async fn assigned_rows(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<Subject, AssignedRow>, StoreError> {
    let rows = sqlx::query("select iss, sub, person_id, joined_from, claims from subject")
        .fetch_all(conn)
        .await?;
    let row = |row: &AnyRow| {
        let subject = Subject {
            iss: row.try_get("iss")?,
            sub: row.try_get("sub")?,
        };
        let assigned = AssignedRow {
            person: row.try_get("person_id")?,
            from: row.try_get("joined_from")?,
            claims: row.try_get("claims")?,
        };
        Ok((subject, assigned))
    };
    rows.iter().map(row).collect()
}

/// Returns the user that a sign-in claims.
pub(super) fn claimed(sign_in: Option<&RecordedSignIn>) -> Option<&UserId> {
    sign_in?
        .claim
        .as_ref()
        .map(|claim: &RecordedClaim| &claim.user)
}
