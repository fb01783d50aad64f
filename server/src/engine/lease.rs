//! Takes the engine lease, renews it, and gives it up. The rules are in `domain/src/engine/lease.rs`, and what this process
//! holds is in `service/engine_lease.rs`.
//!
//! The renewal has a connection of its own, so that neither a busy pool nor a long transaction delays it, and stops when the
//! engine hangs: a process that holds the lease and does nothing would keep every revocation waiting.

use std::{sync::Arc, time::Duration};

use domain::engine::{Generation, lease::UnchangedMarks};
use sqlx::AnyConnection;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    service::{app_state::AppState, publication},
    store::{
        DatabaseEngine, StoreError,
        engine::lease::{self, StoredLease},
    },
};

/// How long a process that stops waits for the answers to its writes.
const LAST_ANSWERS: Duration = Duration::from_secs(3);
/// How long it tries to give up the lease. Afterwards the others wait for the length of the lease.
const RELEASE: Duration = Duration::from_secs(2);

/// A lease that this process holds. Dropping it stops the renewal and, in this process, ends the lease.
pub(super) struct Held {
    pub generation: Generation,
    app_state: Arc<AppState>,
    _renewal: JoinSet<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.app_state.engine_lease.end();
    }
}

/// Waits until no other process holds the lease, and takes it.
pub(super) async fn take(app_state: &Arc<AppState>) -> Result<Held, StoreError> {
    let engine_lease = &app_state.engine_lease;
    let mut seen = UnchangedMarks::default();
    loop {
        if engine_lease.is_closed() {
            std::future::pending::<()>().await;
        }
        let stored = {
            let mut conn = app_state.store.connection().await?;
            lease::read(&mut conn).await?
        };
        if may_take(app_state, stored.as_ref(), &mut seen) {
            match take_from(app_state, stored.as_ref()).await {
                // Another process was faster.
                Err(StoreError::Conflict(_)) => {}
                taken => return taken,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(engine_lease.length().poll()) => {}
            () = app_state.lease_freed.notified() => {}
        }
    }
}

/// Whether the lease is free, was held by this process, or was not renewed for its length.
fn may_take(
    app_state: &AppState,
    stored: Option<&StoredLease>,
    seen: &mut UnchangedMarks<(), domain::engine::lease::LeaseMark>,
) -> bool {
    let Some(stored) = stored else {
        return true;
    };
    if app_state.store.engine() == DatabaseEngine::Sqlite {
        // The process that held it has ended: the operating system gave its lock to this one.
        return true;
    }
    let engine_lease = &app_state.engine_lease;
    match &stored.owner {
        None => true,
        Some(owner) if owner == engine_lease.owner() => true,
        Some(_) => {
            // The holder may be configured with another length, which it counts on.
            let length = engine_lease.length().get().max(stored.length);
            seen.note((), stored.mark, engine_lease.now()) >= length
        }
    }
}

async fn take_from(
    app_state: &Arc<AppState>,
    stored: Option<&StoredLease>,
) -> Result<Held, StoreError> {
    let engine_lease = &app_state.engine_lease;
    let sent = engine_lease.now();
    let mut tx = app_state.store.write().await?;
    let seen = stored.map(|stored| stored.mark);
    let generation =
        lease::take(&mut tx, engine_lease.owner(), seen, engine_lease.length()).await?;
    tx.commit().await?;
    mark_all(app_state);
    let mut renewal = JoinSet::new();
    match app_state.store.engine() {
        DatabaseEngine::Sqlite => engine_lease.hold(generation, None),
        DatabaseEngine::Postgres => {
            engine_lease.hold(generation, Some(sent));
            renewal.spawn(renew(app_state.clone(), generation));
        }
    }
    tracing::info!(
        process = engine_lease.owner(),
        generation = generation.0,
        "this process runs the engine"
    );
    Ok(Held {
        generation,
        app_state: app_state.clone(),
        _renewal: renewal,
    })
}

/// Has what the holder before wrote evaluated as it is stored: its last notifications may never arrive here.
fn mark_all(app_state: &Arc<AppState>) {
    let read_model = app_state.read_model();
    let accounts = read_model.snapshot.parts().accounts.keys().cloned();
    publication::moved_elsewhere(app_state, accounts);
}

/// Renews the lease until another process has it. A renewal that fails is tried again; the lease ends by its time.
async fn renew(app_state: Arc<AppState>, generation: Generation) {
    let engine_lease = &app_state.engine_lease;
    let every = engine_lease.length().renewal();
    let mut conn: Option<AnyConnection> = None;
    loop {
        tokio::time::sleep(every).await;
        if engine_lease.hangs() {
            tracing::error!("the engine hangs, so its lease is not renewed");
            continue;
        }
        let sent = engine_lease.now();
        let renewing = renew_once(&app_state, conn.take(), generation);
        match timeout(every, renewing)
            .await
            .unwrap_or(Err(StoreError::NoResponse))
        {
            Ok(open) => {
                conn = Some(open);
                engine_lease.renewed(generation, sent);
            }
            Err(StoreError::Conflict(_)) => {
                tracing::warn!("another process has taken over the engine");
                engine_lease.end();
                return;
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the engine lease could not be renewed"
            ),
        }
    }
}

/// Renews on the connection, or on a new one. A connection whose statement failed is not used again.
async fn renew_once(
    app_state: &AppState,
    conn: Option<AnyConnection>,
    generation: Generation,
) -> Result<AnyConnection, StoreError> {
    let mut conn = match conn {
        Some(conn) => conn,
        None => app_state.store.own_connection().await?,
    };
    lease::renew(&mut conn, app_state.engine_lease.owner(), generation).await?;
    Ok(conn)
}

/// Stops the engine of this process for good and gives up the lease, so that another process takes over at once. Call when
/// the process stops.
pub async fn release(app_state: &AppState) {
    app_state.engine_lease.close(LAST_ANSWERS).await;
    let releasing = async {
        let mut conn = app_state.store.connection().await?;
        lease::release(&mut conn, app_state.engine_lease.owner()).await
    };
    match timeout(RELEASE, releasing)
        .await
        .unwrap_or(Err(StoreError::NoResponse))
    {
        Ok(()) => {}
        Err(error) => tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the engine lease could not be given up; another process takes over when it ends"
        ),
    }
}
