//! One commit of the reconciler: its rows, the change's state, and the ledger, in one transaction.
//!
//! If this fails, nothing of it happened or nobody knows; either way the caller drops its state.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::{Change, State},
    engine::{Commit, Ending, Item, Key, OperationRow, Phase, Tell, WindowRow, Write, alarm_after},
    ids::{AccountId, ChangeId, Principal},
    time::Timestamp,
};

use super::{fresh, observe, reconcile::moved};
use crate::{
    service::{changes, core::Core, journal::Draft},
    store::{self, StoreError, Tx, change::Stored},
};

/// Stores a commit, and lets pages know.
pub async fn store(core: &Arc<Core>, commit: Commit) -> Result<(), StoreError> {
    let now = core.clock.now();
    let mut tx = core.store.write().await?;
    store::engine::hold(&mut tx, commit.generation).await?;
    let mut entries = Vec::new();
    for write in &commit.writes {
        entries.extend(entry(core, write, &commit));
        store::engine::write(&mut tx, write, now).await?;
    }
    entries.extend(removals(core, &commit));
    for tell in &commit.tells {
        let entry = core.journal.told(tell);
        entries.extend(match change_state(core, &mut tx, tell, now).await? {
            Moved::AsTold => Some(entry),
            Moved::Back(next) => Some(shown(entry, &next)),
            Moved::Nowhere => None,
        });
    }
    if !entries.is_empty() {
        core.journal.append_many(&mut tx, entries).await?;
    }
    tx.commit().await?;
    after(core, &commit).await;
    Ok(())
}

/// Whether a commit begins with a change.
fn begins(commit: &Commit, change: &ChangeId) -> bool {
    let begins = |tell: &Tell| matches!(tell, Tell::Applying { change: one } if one == change);
    commit.tells.iter().any(begins)
}

/// What the changes that begin are to take away. Before the tells: what is seen gone at once ends it.
fn removals(core: &Core, commit: &Commit) -> Vec<Draft> {
    let rows = commit.writes.iter().filter_map(|write| match write {
        Write::Change(row) if begins(commit, &row.change) => Some(row),
        _ => None,
    });
    rows.flat_map(|row| &row.items)
        .filter_map(|item| match &item.item {
            Item::Close { key, session } => Some(core.journal.grant_revoked(key, *session)),
            Item::Open { .. } => None,
        })
        .collect()
}

/// The entry of a write to AWS at each of its turns, and of a window at each of its own.
fn entry(core: &Core, write: &Write, commit: &Commit) -> Vec<Draft> {
    match write {
        Write::Operation(row) => operation(core, row).into_iter().collect(),
        Write::Window(row) => window(core, row, commit),
        Write::Key(_) | Write::Change(_) => Vec::new(),
    }
}

/// A window is written when it begins, when it is delivered, when it is ended early and when it is over:
/// each but the delivery is an entry, without which the row would count for nothing.
fn window(core: &Core, row: &WindowRow, commit: &Commit) -> Vec<Draft> {
    let (journal, grant) = (&core.journal, &row.window.grant);
    let stopped = |ended| journal.grant_stopped(&row.key, grant, ended);
    match (row.over, row.window.ended) {
        (Some(over), ended) => {
            // Ended and over in one step, it is written once.
            let ended = ended.filter(|ended| *ended == over).map(stopped);
            let closed = journal.grant_closed(&row.key, grant, over);
            ended.into_iter().chain([closed]).collect()
        }
        (None, Some(ended)) => vec![stopped(ended)],
        // One that was seen there in the very step that began it has its delivery already.
        (None, None) if !begins(commit, &row.window.change) => Vec::new(),
        (None, None) => {
            let session = commit.writes.iter().find_map(|write| match write {
                Write::Key(key) if key.key == row.key => Some(key.session),
                _ => None,
            });
            let session = session.unwrap_or_default();
            vec![journal.grant_started(&row.key, &row.window, session)]
        }
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

/// What a change that was sent back is from now on: approvals are for that.
fn shown(entry: Draft, next: &Stored) -> Draft {
    entry
        .fact("effect", next.change.effect.0.as_str())
        .fact("state", next.change.state.as_str())
        .shows(store::change::effect_document(&next.effect))
}

/// What became of a change that a tell is about.
enum Moved {
    /// It stands as it is told, or the tell is about none.
    AsTold,
    /// It waits to be decided anew, as this.
    Back(Box<Stored>),
    /// It had ended before, and stays so: there is nothing to tell.
    Nowhere,
}

/// Moves the change that a tell is about.
async fn change_state(
    core: &Core,
    tx: &mut Tx,
    tell: &Tell,
    now: Timestamp,
) -> Result<Moved, StoreError> {
    let (change, state, result) = match tell {
        Tell::Applying { change } => (change, State::Applying, None),
        Tell::Verified { change } => (change, State::Verified, None),
        Tell::Failed { change, reason } => (change, State::Failed, Some(reason.as_str())),
        Tell::SentBack { change } => (change, State::Waiting, None),
        _ => return Ok(Moved::AsTold),
    };
    let Some(stored) = store::change::lock(tx, change).await? else {
        return Err(StoreError::Inconsistent {
            table: "change",
            what: format!("the engine tells of {change}"),
        });
    };
    if stored.change.state.is_terminal() {
        return over_already(&stored.change, state);
    }
    if state == State::Waiting {
        let next = changes::send_back(core, tx, change, now).await?;
        return Ok(Moved::Back(Box::new(next)));
    }
    store::change::set_state(tx, &stored, state, result, now).await?;
    Ok(Moved::AsTold)
}

/// Terminal states stay. A change that was taken back as it was about to begin must not begin: the whole
/// commit is undone, and the engine starts again without it. What is done already is done, whatever the
/// row says, and going on with everything else matters more than a row that somebody altered.
fn over_already(change: &Change, told: State) -> Result<Moved, StoreError> {
    let ended = matches!(change.state, State::Withdrawn | State::Expired);
    match told {
        State::Applying => Err(StoreError::Conflict("this change")),
        State::Waiting => Ok(Moved::Nowhere),
        // Judged a moment before it was taken back.
        State::Failed if ended => Ok(Moved::Nowhere),
        _ => {
            tracing::error!(
                change = %change.id,
                stands = change.state.as_str(),
                told = told.as_str(),
                "a change that was carried out stands as over already"
            );
            Ok(Moved::AsTold)
        }
    }
}

/// Pages look at the world: make one in which these windows are.
async fn after(core: &Arc<Core>, commit: &Commit) {
    let accounts = accounts_of(core, commit);
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

/// Where a commit changes why access exists, or whether it is late.
fn accounts_of(core: &Core, commit: &Commit) -> BTreeSet<AccountId> {
    let mut accounts = BTreeSet::new();
    for write in &commit.writes {
        // Who is in a group is seen by reading the group, and judged then.
        if let Write::Window(WindowRow {
            key: Key::Assignment(assignment),
            ..
        }) = write
        {
            accounts.insert(assignment.pair.account.clone());
        }
    }
    for tell in &commit.tells {
        match tell {
            Tell::Overdue { key, .. } => accounts.extend(opened_by(core, key)),
            Tell::Removed {
                key,
                due,
                verified_at,
                ..
            } if verified_at.since(*due) >= alarm_after(1) => accounts.extend(opened_by(core, key)),
            _ => {}
        }
    }
    accounts
}

fn opened_by(core: &Core, key: &Key) -> BTreeSet<AccountId> {
    let pairs = match key {
        Key::Assignment(assignment) => return [assignment.pair.account.clone()].into(),
        Key::Membership { group, .. } => core
            .world()
            .snapshot
            .pairs_of(&Principal::Group(group.clone()))
            .to_vec(),
    };
    pairs.into_iter().map(|pair| pair.account).collect()
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
