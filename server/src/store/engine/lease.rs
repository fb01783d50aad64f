//! The row of the engine lease. Each write of it is conditional, so that of several processes one succeeds. Contains no
//! time: the processes measure.

use std::time::Duration;

use domain::engine::{
    Generation,
    lease::{LeaseLength, LeaseMark},
};
use sqlx::{AnyConnection, Row as _};

use super::ID;
use crate::store::{StoreConnection, StoreError, Tx, affected};

/// The lease as one statement read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLease {
    /// The process that holds it; none if it is free.
    pub owner: Option<String>,
    pub mark: LeaseMark,
    /// How long the holder considers it held after a renewal.
    pub length: Duration,
}

/// Returns the lease; none if no process ever held it.
pub async fn read(conn: &mut StoreConnection) -> Result<Option<StoredLease>, StoreError> {
    let row =
        sqlx::query("select owner, generation, counter, length_ms from engine_lease where id = $1")
            .bind(ID)
            .fetch_optional(conn)
            .await?;
    row.map(|row| {
        Ok(StoredLease {
            owner: row.try_get("owner")?,
            mark: LeaseMark {
                generation: Generation(unsigned(row.try_get("generation")?)),
                counter: unsigned(row.try_get("counter")?),
            },
            length: Duration::from_millis(unsigned(row.try_get("length_ms")?)),
        })
    })
    .transpose()
}

/// Takes the lease and begins a new generation. A conflict if the lease is not as it was `seen` any more. Waits for the
/// transaction that the former holder has open, if any.
pub async fn take(
    tx: &mut Tx,
    owner: &str,
    seen: Option<LeaseMark>,
    length: LeaseLength,
) -> Result<Generation, StoreError> {
    let taken =
        match seen {
            None => sqlx::query(
                "insert into engine_lease (id, owner, generation, counter, length_ms) values ($1, $2, 0, 1, 0) \
                 on conflict (id) do nothing",
            )
            .bind(ID)
            .bind(owner)
            .execute(tx.conn())
            .await?,
            Some(seen) => {
                sqlx::query(
                    "update engine_lease set owner = $1, counter = counter + 1 \
                 where id = $2 and generation = $3 and counter = $4",
                )
                .bind(owner)
                .bind(ID)
                .bind(signed(seen.generation.0))
                .bind(signed(seen.counter))
                .execute(tx.conn())
                .await?
            }
        };
    affected(taken.rows_affected(), "the engine lease")?;
    let generation = super::begin(tx).await?;
    sqlx::query("update engine_lease set generation = $1, length_ms = $2 where id = $3")
        .bind(signed(generation.0))
        .bind(i64::try_from(length.get().as_millis()).unwrap_or(i64::MAX))
        .bind(ID)
        .execute(tx.conn())
        .await?;
    Ok(generation)
}

/// Renews the lease. A conflict if another process has taken it.
pub async fn renew(
    conn: &mut AnyConnection,
    owner: &str,
    generation: Generation,
) -> Result<(), StoreError> {
    let renewed = sqlx::query(
        "update engine_lease set counter = counter + 1 where id = $1 and owner = $2 and generation = $3",
    )
    .bind(ID)
    .bind(owner)
    .bind(signed(generation.0))
    .execute(conn)
    .await?;
    affected(renewed.rows_affected(), "the engine lease")
}

/// Makes the lease free, unless another process has taken it.
pub async fn release(conn: &mut StoreConnection, owner: &str) -> Result<(), StoreError> {
    sqlx::query(
        "update engine_lease set owner = null, counter = counter + 1 where id = $1 and owner = $2",
    )
    .bind(ID)
    .bind(owner)
    .execute(conn)
    .await?;
    Ok(())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
