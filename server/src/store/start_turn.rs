//! Processes on one PostgreSQL start one after another: migrations, the ledger's first entries, the mapping and the first
//! roles are read and then written. On SQLite one process serves the database anyway.

use sqlx::AnyConnection;

use super::{DatabaseEngine, Store, StoreError};

/// The number of the advisory lock: `leastwise` in ASCII, cut to eight bytes.
const LOCK: i64 = 0x6c65_6173_7477_6973;

/// Held until this process has started. Dropping it closes its connection, which lets the next process start.
pub struct StartTurn {
    _conn: Option<AnyConnection>,
}

impl Store {
    /// Waits until no other process is starting. An error after half a minute, so that an orchestrator tries again.
    pub async fn start_turn(&self) -> Result<StartTurn, StoreError> {
        if self.engine() == DatabaseEngine::Sqlite {
            return Ok(StartTurn { _conn: None });
        }
        let mut conn = self.own_connection().await?;
        // A cast, because the driver does not read the type that the function returns.
        sqlx::query("select pg_advisory_lock($1)::text")
            .bind(LOCK)
            .execute(&mut conn)
            .await?;
        Ok(StartTurn { _conn: Some(conn) })
    }
}
