//! The processes that serve pages from this database. A row says that a process lives only to somebody who sees its
//! counter rise.

use domain::{engine::lease::ProcessRole, time::Timestamp};
use sqlx::Row as _;

use super::{StoreConnection, StoreError};

/// A process, as its row describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRow {
    /// Random; the same in every ledger entry of the process.
    pub id: String,
    pub started_at: Timestamp,
    pub version: String,
    pub role: ProcessRole,
    /// Raised by each heartbeat.
    pub counter: i64,
}

const ENGINE: &str = "engine";
const STANDBY: &str = "standby";

/// Writes a heartbeat: the row with a higher counter.
pub async fn beat(conn: &mut StoreConnection, process: &ProcessRow) -> Result<(), StoreError> {
    sqlx::query(
        "insert into process (id, started_at, version, role, counter) values ($1, $2, $3, $4, 1) \
         on conflict (id) do update set role = excluded.role, counter = process.counter + 1",
    )
    .bind(&process.id)
    .bind(process.started_at.0)
    .bind(&process.version)
    .bind(match process.role {
        ProcessRole::Engine => ENGINE,
        ProcessRole::Standby => STANDBY,
    })
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the rows of all processes, the newest first. Whether they live is not in them.
pub async fn all(conn: &mut StoreConnection) -> Result<Vec<ProcessRow>, StoreError> {
    let rows = sqlx::query(
        "select id, started_at, version, role, counter from process order by started_at desc, id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let role: String = row.try_get("role")?;
            Ok(ProcessRow {
                id: row.try_get("id")?,
                started_at: Timestamp(row.try_get("started_at")?),
                version: row.try_get("version")?,
                role: if role == ENGINE {
                    ProcessRole::Engine
                } else {
                    ProcessRole::Standby
                },
                counter: row.try_get("counter")?,
            })
        })
        .collect()
}

/// Removes the row of a process that ended, unless it has risen above `counter`.
pub async fn remove(conn: &mut StoreConnection, id: &str, counter: i64) -> Result<(), StoreError> {
    sqlx::query("delete from process where id = $1 and counter <= $2")
        .bind(id)
        .bind(counter)
        .execute(conn)
        .await?;
    Ok(())
}
