//! Follows what other processes on the same database commit: live pages, the read model, the engine's work.
//!
//! A notification only says where to look. Every few seconds the process looks anyway, and after each new connection it
//! reads everything again, so that nothing depends on a message that may be lost.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::ids::{AccountId, Principal};
use tokio::sync::Notify;

use super::declarations;
use crate::{
    service::{app_state::AppState, publication, stored_state},
    store::{
        DatabaseEngine, StoreError,
        notify::{ChangeProgress, Listener, Notification},
    },
};

/// How often a process looks without a notification.
const LOOK: Duration = Duration::from_secs(3);
/// The pause after a connection was lost.
const PAUSE: Duration = Duration::from_millis(500);
/// The pause after the read model was brought up to date. What is stored meanwhile becomes one new read model.
const GATHER: Duration = Duration::from_millis(500);

/// Runs forever.
pub async fn run(app_state: Arc<AppState>) {
    let observed = Notify::new();
    tokio::join!(
        listen(&app_state, &observed),
        keep_up(&app_state, &observed)
    );
}

/// Keeps the read model at the newest stored version and at the day. On SQLite only commands beside the server store anything.
async fn keep_up(app_state: &Arc<AppState>, observed: &Notify) {
    loop {
        if let Err(error) = follow(app_state).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what other processes read of AWS could not be loaded; it is tried again"
            );
        }
        publication::day(app_state);
        tokio::time::sleep(GATHER).await;
        tokio::select! {
            () = observed.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn follow(app_state: &Arc<AppState>) -> Result<(), StoreError> {
    {
        let turn = app_state.observing.lock().await;
        stored_state::follow(app_state, &turn).await?;
    }
    if *app_state.engine_lease.runs_here().borrow() {
        return Ok(());
    }
    // The engine's process does this with the expiry of changes.
    if let Err(error) = declarations::end_due(app_state).await {
        tracing::warn!(error = &error as &dyn std::error::Error);
    }
    Ok(())
}

/// Passes on what is notified, whatever happens to the connection.
async fn listen(app_state: &Arc<AppState>, observed: &Notify) {
    if app_state.store.engine() == DatabaseEngine::Sqlite {
        return;
    }
    loop {
        if let Err(error) = listen_once(app_state, observed).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "notifications of other processes are not received; the connection is opened again"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(app_state: &Arc<AppState>, observed: &Notify) -> Result<(), StoreError> {
    let mut listener: Listener = app_state.store.listen().await?;
    look_everywhere(app_state, observed);
    if !*app_state.engine_lease.runs_here().borrow() {
        // Which accounts moved before this connection is not known.
        let read_model = app_state.read_model();
        let accounts = read_model.snapshot.parts().accounts.keys().cloned();
        publication::moved_elsewhere(app_state, accounts);
    }
    loop {
        tokio::select! {
            notification = listener.next() => pass_on(app_state, observed, notification?),
            () = tokio::time::sleep(LOOK) => listener.check().await?,
        }
    }
}

fn pass_on(app_state: &Arc<AppState>, observed: &Notify, notification: Notification) {
    let runs_here = *app_state.engine_lease.runs_here().borrow();
    match notification {
        Notification::Change { id, progress } => {
            // Sending fails if no page is open.
            let _ = app_state.moved.send(id);
            if progress == ChangeProgress::Approved {
                app_state.wake_engine.notify_one();
            }
        }
        Notification::Observed => observed.notify_one(),
        Notification::LeaseFreed => app_state.lease_freed.notify_one(),
        // The engine's process marked it when it committed.
        Notification::AccountMoved(_) | Notification::GroupMoved(_) if runs_here => {}
        Notification::AccountMoved(account) => publication::moved_elsewhere(app_state, [account]),
        Notification::GroupMoved(group) => {
            let read_model = app_state.read_model();
            let pairs = read_model.snapshot.pairs_of(&Principal::Group(group));
            let accounts: BTreeSet<AccountId> =
                pairs.iter().map(|pair| pair.account.clone()).collect();
            publication::moved_elsewhere(app_state, accounts);
        }
        Notification::NotUnderstood => look_everywhere(app_state, observed),
    }
}

/// Looks for everything that notifications announce.
fn look_everywhere(app_state: &AppState, observed: &Notify) {
    observed.notify_one();
    app_state.wake_engine.notify_one();
    app_state.lease_freed.notify_one();
}
