//! How connections to the database are opened, and how long the server of PostgreSQL waits for a process: the locks of a
//! process that was stopped or cut off must be gone before another process continues its work.

use std::time::Duration;

use domain::engine::lease::LeaseLength;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use tokio::time::timeout;

use super::{DatabaseEngine, Durability, StoreError, name};

/// The settings of every connection to SQLite.
const SQLITE: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; \
                      PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";

/// How long a statement may wait for a lock. Longer than a stopped process can hold one.
const LOCK: Duration = Duration::from_secs(30);
/// How long a statement may run. The longest one loads the observed state of a large organization.
const STATEMENT: Duration = Duration::from_mins(2);
/// The time in which a connection of its own must be open.
const CONNECT: Duration = Duration::from_secs(5);

/// Returns the statements that every new connection executes.
pub(super) fn settings(
    engine: DatabaseEngine,
    durability: Durability,
    lease: LeaseLength,
) -> Vec<String> {
    match (engine, durability) {
        (DatabaseEngine::Sqlite, Durability::Full) => vec![SQLITE.to_owned()],
        (DatabaseEngine::Sqlite, Durability::Process) => {
            vec![SQLITE.to_owned(), "PRAGMA synchronous = OFF".to_owned()]
        }
        (DatabaseEngine::Postgres, durability) => {
            let idle = lease.idle_transaction().as_millis();
            let mut all = vec![
                format!("SET idle_in_transaction_session_timeout = {idle}"),
                format!("SET lock_timeout = {}", LOCK.as_millis()),
                format!("SET statement_timeout = {}", STATEMENT.as_millis()),
                // What the server sent and nobody acknowledged, and idle connections: a process behind a cut line is
                // gone like a stopped one. Without effect on a local socket.
                format!("SET tcp_user_timeout = {idle}"),
                "SET tcp_keepalives_idle = 5".to_owned(),
                "SET tcp_keepalives_interval = 2".to_owned(),
                "SET tcp_keepalives_count = 3".to_owned(),
            ];
            // Otherwise the configuration of the server applies.
            if durability == Durability::Process {
                all.push("SET synchronous_commit = off".to_owned());
            }
            all
        }
    }
}

/// Executes the statements of a new connection.
pub(super) async fn prepare(
    conn: &mut AnyConnection,
    settings: &[String],
) -> Result<(), sqlx::Error> {
    for statement in settings {
        conn.execute(AssertSqlSafe(statement.clone())).await?;
    }
    Ok(())
}

/// Opens a connection that belongs to no pool, so that nothing else keeps it busy.
pub(super) async fn open(url: &str, settings: &[String]) -> Result<AnyConnection, StoreError> {
    let opening = async {
        let mut conn = AnyConnection::connect(url).await?;
        prepare(&mut conn, settings).await?;
        Ok(conn)
    };
    timeout(CONNECT, opening)
        .await
        .map_err(|_| StoreError::NoResponse)?
        .map_err(|source| StoreError::NotOpened {
            database: name::shown(url),
            source,
        })
}
