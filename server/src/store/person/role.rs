//! Roles of persons.
//!
//! A row alone grants nothing: it counts only with the ledger entry of the same person, role and instant, and until an
//! entry ends it. So granting or ending a role requires an entry in the same transaction. A suspended identity, and one whose
//! link people ended, keeps its roles, and none of them has an effect.

use std::collections::BTreeSet;

use domain::{authorize::Role, ids::PersonId, ledger::projection::Projection, time::Timestamp};

use super::lock;
use crate::store::{Store, StoreConnection, StoreError, Tx, identity, ledger::proof};

/// A role that the ledger grants and that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGrant {
    pub role: Role,
    pub granted_at: Timestamp,
    /// The person who granted it, or `configuration`.
    pub granted_by: String,
}

/// Returns the current roles of a person according to the ledger; none while the identity may not use them.
pub async fn roles_of(store: &Store, person: &PersonId) -> Result<Vec<RoleGrant>, StoreError> {
    let mut conn = store.connection().await?;
    roles_of_now(&mut conn, person).await
}

/// As [`roles_of`], inside the caller's transaction.
pub async fn roles_of_now(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Vec<RoleGrant>, StoreError> {
    let held = granted_to(conn, person).await?;
    if !held.is_empty() && !identity::may_use_roles(conn, person).await? {
        return Ok(Vec::new());
    }
    Ok(held)
}

/// Returns the roles that the ledger grants to a person, even if their identity is suspended.
pub async fn granted_to(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Vec<RoleGrant>, StoreError> {
    let rows: Vec<HeldRow> = sqlx::query_as(
        "select person_id, role, granted_at, granted_by from role_grant where person_id = $1 and ended_at is null \
         order by role, granted_at",
    )
    .bind(person.as_str())
    .fetch_all(&mut *conn)
    .await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let projection = proof::roles_of(conn, person).await?;
    let held = proven(rows, &projection);
    Ok(held.into_iter().map(|(_, grant)| grant).collect())
}

/// Returns everyone who has a role according to the ledger, with the roles that it may use.
pub async fn everyone_with_a_role(store: &Store) -> Result<Vec<(PersonId, RoleGrant)>, StoreError> {
    let mut conn = store.connection().await?;
    roles_now(&mut conn).await
}

/// As [`everyone_with_a_role`], inside the caller's transaction: the roles under the lock.
pub async fn roles_now(
    conn: &mut StoreConnection,
) -> Result<Vec<(PersonId, RoleGrant)>, StoreError> {
    let rows: Vec<HeldRow> = sqlx::query_as(
        "select person_id, role, granted_at, granted_by from role_grant where ended_at is null \
         order by person_id, role, granted_at",
    )
    .fetch_all(&mut *conn)
    .await?;
    let projection = proof::roles(conn).await?;
    let mut held = proven(rows, &projection);
    let people: BTreeSet<PersonId> = held.iter().map(|(person, _)| person.clone()).collect();
    for person in people {
        if !identity::may_use_roles(conn, &person).await? {
            held.retain(|(holder, _)| *holder != person);
        }
    }
    Ok(held)
}

/// Person, role, start, granted by.
type HeldRow = (String, String, i64, String);

/// Returns the rows that the ledger confirms. The verifier reports the others.
fn proven(rows: Vec<HeldRow>, projection: &Projection) -> Vec<(PersonId, RoleGrant)> {
    let mut held = Vec::with_capacity(rows.len());
    for (person, word, granted_at, granted_by) in rows {
        let granted_at = Timestamp(granted_at);
        match (PersonId::parse(&person), Role::from_word(&word)) {
            (Ok(person), Some(role)) if projection.has_role(&person, role, granted_at) => {
                let grant = RoleGrant {
                    role,
                    granted_at,
                    granted_by,
                };
                held.push((person, grant));
            }
            _ => tracing::error!(
                person,
                role = word,
                "a role without its entry in the ledger does not count"
            ),
        }
    }
    held
}

/// Whether a role was already held or has just been stored. Only a new one needs a ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleOutcome {
    /// The role was stored now.
    New,
    /// The role was held before.
    Held,
}

/// Ensures that a person holds a role. If it is new, the caller records it in the ledger with the same instant, because
/// row and entry count only together.
pub async fn ensure_role(
    tx: &mut Tx,
    person: &PersonId,
    role: Role,
    granted_by: &str,
    now: Timestamp,
) -> Result<RoleOutcome, StoreError> {
    lock(tx, person).await?;
    let held = granted_to(tx.conn(), person).await?;
    if held.iter().any(|grant| grant.role == role) {
        return Ok(RoleOutcome::Held);
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
    Ok(RoleOutcome::New)
}

/// Ends a role. Returns whether it was held; if so, the caller records its end in the ledger.
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

/// A role as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    pub person: String,
    pub role: String,
    pub granted_at: i64,
    pub ended_at: Option<i64>,
}

/// Returns all roles, including ended ones.
pub async fn role_rows(store: &Store) -> Result<Vec<RoleRow>, StoreError> {
    let rows: Vec<(String, String, i64, Option<i64>)> = sqlx::query_as(
        "select person_id, role, granted_at, ended_at from role_grant order by person_id, role, granted_at",
    )
    .fetch_all(store.read())
    .await?;
    let row = |(person, role, granted_at, ended_at)| RoleRow {
        person,
        role,
        granted_at,
        ended_at,
    };
    Ok(rows.into_iter().map(row).collect())
}
