//! Keeps every process that serves a database away while the host changes what such a process keeps in memory: it would
//! report each entry as altered, and two of them would disagree about the end of the ledger.
//!
//! On SQLite the lock of the server says whether it runs. On PostgreSQL a process shows it by its heartbeats, and the turn
//! to start keeps further ones away. Never concludes anything from a time of day.

use std::time::Duration;

use thiserror::Error;

use crate::{
    clock::Clock,
    engine::heartbeat::ALIVE,
    process_lock::{LockError, ProcessLock},
    store::{
        DatabaseEngine, StartTurn, Store, StoreError, name,
        process::{self, ProcessRow},
    },
};

/// How often the heartbeats are read.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Why the host must not change the ledger now.
#[derive(Debug, Error)]
pub enum ServedError {
    #[error(
        "{0} serves this database. Stop every process that serves it, and run this command again"
    )]
    Running(String),
    #[error("the database {0} does not exist")]
    NoDatabase(String),
    #[error(transparent)]
    Locked(#[from] LockError),
    #[error("it cannot be found out whether a process serves this database")]
    NotKnown(#[from] StoreError),
}

/// Held while no process serves the database. None can start meanwhile.
pub struct NoServer {
    _lock: Option<ProcessLock>,
    _turn: StartTurn,
}

impl NoServer {
    /// Keeps further processes away, and makes sure that none runs. The database must exist. Changes nothing in it.
    ///
    /// # Errors
    /// If a process runs, or if it cannot be found out.
    pub async fn on(url: &str) -> Result<Self, ServedError> {
        let store = Store::open_existing(url).await?;
        let store = store.ok_or_else(|| ServedError::NoDatabase(name::shown(url)))?;
        let lock = match ProcessLock::of_database(url) {
            Err(error @ LockError::InUse { .. }) => {
                let newest = rows(&store).await?.into_iter().next();
                return Err(newest.map_or(ServedError::Locked(error), |row| {
                    ServedError::Running(words(&row))
                }));
            }
            lock => lock?,
        };
        let turn = store.start_turn().await?;
        if store.engine() == DatabaseEngine::Postgres
            && let Some(running) = running(&store, ALIVE).await?
        {
            return Err(ServedError::Running(words(&running)));
        }
        store.close().await;
        Ok(Self {
            _lock: lock,
            _turn: turn,
        })
    }
}

/// Returns a process whose counter rises within `patience`. A process that ended without removing its row has one that does
/// not.
pub async fn running(store: &Store, patience: Duration) -> Result<Option<ProcessRow>, StoreError> {
    let before = rows(store).await?;
    let began = Clock::System.elapsed();
    while Clock::System.elapsed().saturating_sub(began) < patience {
        let now = rows(store).await?;
        let rose = |row: &&ProcessRow| {
            let earlier = before.iter().find(|earlier| earlier.id == row.id);
            earlier.is_none_or(|earlier| earlier.counter < row.counter)
        };
        if let Some(running) = now.iter().find(rose) {
            return Ok(Some(running.clone()));
        }
        if now.is_empty() {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// Returns the rows of all processes, the newest first: on SQLite, the newest is the one that holds the lock.
async fn rows(store: &Store) -> Result<Vec<ProcessRow>, StoreError> {
    let mut conn = store.connection().await?;
    process::all(&mut conn).await
}

fn words(row: &ProcessRow) -> String {
    format!(
        "process {} (version {}, since {})",
        row.id,
        row.version,
        row.started_at.rfc3339()
    )
}
