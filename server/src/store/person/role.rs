//! Roles of persons.
//!
//! The ledger alone grants and ends them. The rows repeat it for those who read the database; nothing reads them but `ledger
//! verify`, which names each one that differs. So granting or ending a role requires an entry in the same transaction. A suspended identity, and one whose link people ended, keeps
//! its roles, and none of them has an effect.

use domain::{
    authorize::Role,
    ids::PersonId,
    ledger::projection::{Projection, RolePeriod},
    time::Timestamp,
};

use super::lock;
use crate::store::{StoreConnection, StoreError, Tx, ledger::live};

/// A role that the ledger grants and that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleGrant {
    pub role: Role,
    pub granted_at: Timestamp,
}

/// Returns the current roles of a person; none while the identity may not use them.
pub async fn roles_of(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Vec<RoleGrant>, StoreError> {
    live::view(conn, |projection| {
        let may_use_roles = projection.identities().record(person).may_use_roles();
        if may_use_roles {
            held_by(projection, person)
        } else {
            Vec::new()
        }
    })
    .await
}

/// Returns the roles that are granted to a person, even if their identity is suspended.
pub async fn granted_to(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Vec<RoleGrant>, StoreError> {
    live::view(conn, |projection| held_by(projection, person)).await
}

/// Returns everyone who has a role, with the roles that it may use.
pub async fn everyone_with_a_role(
    conn: &mut StoreConnection,
) -> Result<Vec<(PersonId, RoleGrant)>, StoreError> {
    live::view(conn, |projection| {
        let identities = projection.identities();
        let held = projection.held_roles().map(|(person, role, period)| {
            let grant = RoleGrant {
                role,
                granted_at: period.granted_at,
            };
            (person.clone(), grant)
        });
        held.filter(|(person, _)| identities.record(person).may_use_roles())
            .collect()
    })
    .await
}

fn held_by(projection: &Projection, person: &PersonId) -> Vec<RoleGrant> {
    let held = projection.held_roles_of(person);
    let grant = |(role, period): (Role, RolePeriod)| RoleGrant {
        role,
        granted_at: period.granted_at,
    };
    held.map(grant).collect()
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
/// only the entry grants it.
pub async fn ensure_role(
    tx: &mut Tx,
    person: &PersonId,
    role: Role,
    now: Timestamp,
) -> Result<RoleOutcome, StoreError> {
    lock(tx, person).await?;
    let held = granted_to(tx.conn(), person).await?;
    if held.iter().any(|grant| grant.role == role) {
        return Ok(RoleOutcome::Held);
    }
    sqlx::query("insert into role_grant (person_id, role, granted_at) values ($1, $2, $3)")
        .bind(person.as_str())
        .bind(role.as_str())
        .bind(now.0)
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
    sqlx::query(
        "update role_grant set ended_at = $1 where person_id = $2 and role = $3 and ended_at is null",
    )
    .bind(now.0)
    .bind(person.as_str())
    .bind(role.as_str())
    .execute(tx.conn())
    .await?;
    let held = granted_to(tx.conn(), person).await?;
    Ok(held.iter().any(|grant| grant.role == role))
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
pub async fn role_rows(conn: &mut StoreConnection) -> Result<Vec<RoleRow>, StoreError> {
    let rows: Vec<(String, String, i64, Option<i64>)> = sqlx::query_as(
        "select person_id, role, granted_at, ended_at from role_grant order by person_id, role, granted_at",
    )
    .fetch_all(conn)
    .await?;
    let row = |(person, role, granted_at, ended_at)| RoleRow {
        person,
        role,
        granted_at,
        ended_at,
    };
    Ok(rows.into_iter().map(row).collect())
}
