//! One commit of the reconciler: its rows, the change's state, and the ledger, in one transaction.
//!
//! If this fails, nothing of it happened or nobody knows; either way the caller drops its state.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::State,
    engine::{Commit, Ending, Key, OperationRow, Phase, Tell, Write},
    ids::{AccountId, ChangeId},
    time::Timestamp,
};

use super::{fresh, observe, reconcile::moved};
use crate::{
    service::{changes, core::Core, journal::Draft},
    store::{self, StoreError, Tx},
};

/// Stores a commit, and lets pages know.
pub async fn store(core: &Arc<Core>, commit: Commit) -> Result<(), StoreError> {
    let now = core.clock.now();
    let mut tx = core.store.write().await?;
    store::engine::hold(&mut tx, commit.generation).await?;
    let mut entries = Vec::new();
    for write in &commit.writes {
        entries.extend(entry(core, write));
        store::engine::write(&mut tx, write, now).await?;
    }
    for tell in &commit.tells {
        change_state(core, &mut tx, tell, now).await?;
        entries.push(core.journal.told(tell));
    }
    if !entries.is_empty() {
        core.journal.append_many(&mut tx, entries).await?;
    }
    tx.commit().await?;
    after(core, &commit).await;
    Ok(())
}

/// The entry of a write to AWS at each of its turns.
fn entry(core: &Core, write: &Write) -> Option<Draft> {
    match write {
        Write::Operation(row) => operation(core, row),
        Write::Window(row)
            if row.delivery.is_none() && row.over.is_none() && row.window.ended.is_none() =>
        {
            Some(core.journal.grant_started(&row.key, &row.window))
        }
        _ => None,
    }
}

fn operation(core: &Core, row: &OperationRow) -> Option<Draft> {
    let journal = &core.journal;
    match row.phase {
        Phase::Intended => Some(journal.operation_intended(
            row.change.as_ref(),
            &row.operation,
            &row.key,
            row.kind,
        )),
        Phase::Accepted => {
            let draft = journal.operation_accepted(&row.operation, &row.key, row.request.as_ref());
            Some(about(draft, row))
        }
        Phase::Over(ending @ (Ending::Refused | Ending::Failed | Ending::NotSeen)) => {
            let why = match ending {
                Ending::Refused => "refused",
                Ending::Failed => "failed",
                _ => "not_seen",
            };
            let words = row.error.as_deref().unwrap_or_default();
            Some(about(
                journal.operation_failed(&row.operation, &row.key, why, words),
                row,
            ))
        }
        _ => None,
    }
}

fn about(draft: Draft, row: &OperationRow) -> Draft {
    match &row.change {
        Some(change) => draft.change(change),
        None => draft,
    }
}

async fn change_state(
    core: &Core,
    tx: &mut Tx,
    tell: &Tell,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (change, state, result) = match tell {
        Tell::Applying { change } => (change, State::Applying, None),
        Tell::Verified { change } => (change, State::Verified, None),
        Tell::Failed { change, reason } => (change, State::Failed, Some(reason.as_str())),
        Tell::SentBack { change } => {
            return changes::send_back(core, tx, change, now).await.map(drop);
        }
        _ => return Ok(()),
    };
    let Some(stored) = store::change::lock(tx, change).await? else {
        return Err(StoreError::Inconsistent {
            table: "change",
            what: format!("the engine tells of {change}"),
        });
    };
    store::change::set_state(tx, &stored, state, result, now).await
}

/// Pages look at the world: make one in which these windows are.
async fn after(core: &Arc<Core>, commit: &Commit) {
    let accounts: BTreeSet<AccountId> = commit
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Window(row) => match &row.key {
                Key::Assignment(assignment) => Some(assignment.pair.account.clone()),
                Key::Membership { .. } => None,
            },
            _ => None,
        })
        .collect();
    if !accounts.is_empty() {
        observe::windows_moved(core, &accounts).await;
    }
    let sent_back = |tell: &Tell| matches!(tell, Tell::SentBack { .. });
    if commit.tells.iter().any(sent_back) {
        // The rules may allow outright what is now asked: then there is work again.
        core.wake_engine.notify_one();
    }
    for tell in &commit.tells {
        if let Tell::Verified { change } = tell {
            confirm(core.clone(), change.clone());
        }
    }
    for change in changes_of(commit) {
        moved(core, &change);
    }
}

/// Beside the loop: it waits for AWS, and nothing waits for it.
fn confirm(core: Arc<Core>, change: ChangeId) {
    tokio::spawn(async move {
        if let Err(error) = fresh::confirm(&core, &change).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %change,
                "what a change gave could not be read again; the next crawl will"
            );
        }
    });
}

fn changes_of(commit: &Commit) -> BTreeSet<ChangeId> {
    let written = commit.writes.iter().filter_map(|write| match write {
        Write::Change(row) => Some(row.change.clone()),
        Write::Operation(row) => row.change.clone(),
        Write::Window(row) => Some(row.window.change.clone()),
        Write::Key(_) => None,
    });
    written.collect()
}
