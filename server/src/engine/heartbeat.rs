//! Shows the other processes that this one lives, and gives it its share of the AWS quotas, which all of them use.
//!
//! A process that stops beating is not alive, by the clock of the one that looks. Until a process knows of the others, it
//! makes calls like a standby, so that all together never exceed the rate that is configured.

use std::{future::Future, sync::Arc, time::Duration};

use domain::engine::lease::{ProcessRole, UnchangedMarks, share_of_calls};

use crate::{
    aws::budget::Budgets,
    service::{app_state::AppState, known_servers::KnownServer},
    store::{
        DatabaseEngine, StoreError,
        process::{self, ProcessRow},
    },
};

/// How often a process beats.
const EVERY: Duration = Duration::from_secs(3);
/// How long a counter may stay unchanged.
pub const ALIVE: Duration = Duration::from_secs(15);
/// After this time, the row of a process that ended without removing it is deleted.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// This process, as others see it.
pub struct Heartbeat {
    app_state: Arc<AppState>,
    row: ProcessRow,
    /// What all processes may make together.
    calls_per_second: f64,
    beats: UnchangedMarks<String, i64>,
}

impl Heartbeat {
    /// Describes this process.
    pub fn new(app_state: Arc<AppState>, calls_per_second: f64) -> Self {
        let row = ProcessRow {
            id: app_state.engine_lease.owner().to_owned(),
            started_at: app_state.clock.now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: ProcessRole::Standby,
            counter: 0,
        };
        Self {
            app_state,
            row,
            calls_per_second,
            beats: UnchangedMarks::default(),
        }
    }

    /// Runs forever.
    pub async fn run(mut self) {
        let mut runs_here = self.app_state.engine_lease.runs_here();
        loop {
            self.row.role = if *runs_here.borrow_and_update() {
                ProcessRole::Engine
            } else {
                ProcessRole::Standby
            };
            if let Err(error) = self.beat().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the processes on this database could not be read"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = runs_here.changed() => {}
            }
        }
    }

    async fn beat(&mut self) -> Result<(), StoreError> {
        let budgets = &self.app_state.aws.budgets;
        if self.app_state.store.engine() == DatabaseEngine::Sqlite {
            // No other process serves this database. One row is enough.
            let mut conn = self.app_state.store.connection().await?;
            process::beat(&mut conn, &self.row).await?;
            drop(conn);
            self.app_state.known_servers.are(vec![KnownServer {
                row: self.row.clone(),
                seen: self.app_state.clock.now(),
            }]);
            budgets.set_most(self.calls_per_second);
            let mut runs_here = self.app_state.engine_lease.runs_here();
            let _ = runs_here.changed().await;
            return Ok(());
        }
        let mut conn = self.app_state.store.connection().await?;
        process::beat(&mut conn, &self.row).await?;
        let now = self.app_state.engine_lease.now();
        let (mut alive, mut known) = (0, Vec::new());
        let wall = self.app_state.clock.now();
        let rows = process::all(&mut conn).await?;
        for row in &rows {
            let unchanged = self.beats.note(row.id.clone(), row.counter, now);
            let silent = i64::try_from(unchanged.as_millis()).unwrap_or(i64::MAX);
            known.push(KnownServer {
                row: row.clone(),
                seen: wall - domain::time::Duration(silent),
            });
            if row.id == self.row.id || unchanged < ALIVE {
                alive += 1;
            } else if unchanged >= FORGOTTEN {
                process::remove(&mut conn, &row.id, row.counter).await?;
            }
        }
        self.app_state.known_servers.are(known);
        self.beats.retain(|id| rows.iter().any(|row| row.id == *id));
        budgets.set_most(share_of_calls(self.calls_per_second, alive, self.row.role));
        Ok(())
    }
}

/// Removes the row of this process. Call when it stops.
pub async fn farewell(app_state: &AppState) -> Result<(), StoreError> {
    let mut conn = app_state.store.connection().await?;
    process::remove(&mut conn, app_state.engine_lease.owner(), i64::MAX).await
}

/// Sets the rate of a process that knows of no other one yet.
pub fn begin_as_standby(budgets: &Budgets, calls_per_second: f64) {
    budgets.set_most(share_of_calls(calls_per_second, 2, ProcessRole::Standby));
}

/// Runs a loop whenever and as long as the engine runs in this process: what it does must not be done twice.
pub async fn where_engine_runs<F: Future<Output = ()>>(app_state: &AppState, run: impl Fn() -> F) {
    let mut runs_here = app_state.engine_lease.runs_here();
    loop {
        // The sender is a field of the app state, so the channel cannot close.
        let _ = runs_here.wait_for(|runs| *runs).await;
        tokio::select! {
            () = run() => return,
            _ = runs_here.wait_for(|runs| !*runs) => {}
        }
    }
}
