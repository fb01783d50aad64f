//! Stores one commit of the reconciler: its rows, the state of the change, and the ledger entries, in one transaction.
//!
//! If it fails, nothing was stored or the outcome is unknown. In both cases the caller drops its state.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    change::State,
    engine::{
        AccessResource, Commit, DomainEvent, Item, OperationOutcome, OperationRow, Phase,
        WindowRow, Write, alarm_after,
    },
    ids::{AccountId, ChangeId, Principal},
    policies::ends_oversight,
    time::Timestamp,
};

use super::{reconcile::moved, reread, start};
use crate::{
    service::{
        app_state::AppState,
        caller::Caller,
        changes::raise_removal_alarm,
        journal::{EntryActor, EntryBuilder},
        publication,
    },
    store::{self, StoreError, Tx, change::StoredChange},
};

/// Stores a commit and notifies live pages. A change that is sent back is evaluated within the transaction without a slot:
/// commits are stored one after another, so there is one such evaluation at most, and the engine must not wait for others.
pub async fn store(app_state: &Arc<AppState>, commit: Commit) -> Result<(), StoreError> {
    let now = app_state.clock.now();
    let mut tx = app_state.store.write().await?;
    store::engine::hold(&mut tx, commit.generation).await?;
    let mut entries = Vec::new();
    for write in &commit.writes {
        entries.extend(entry(app_state, write, &commit));
        store::engine::write(&mut tx, write, now).await?;
    }
    entries.extend(removals(app_state, &commit));
    let mut alarms = Vec::new();
    for event in &commit.events {
        let entry = app_state.journal.domain_event(event);
        match change_state(app_state, &mut tx, event, now).await? {
            Moved::Applied => entries.push(entry),
            Moved::Back(next) => {
                entries.push(shown(entry, &next));
                let actor = EntryActor::of(&Caller::Job);
                let alarm = raise_removal_alarm(app_state, &mut tx, &actor, &next, now);
                if let Some(alarm) = alarm.await? {
                    entries.push(alarm);
                    alarms.push(next.change.id);
                }
            }
            Moved::Nowhere => {}
        }
    }
    for window in ended_oversight(app_state, &commit) {
        entries.push(app_state.journal.grant_alarm(window, now));
        store::change::mark_alarm(&mut tx, &window.window.change).await?;
        alarms.push(window.window.change.clone());
    }
    if !entries.is_empty() {
        app_state.journal.append_many(&mut tx, entries).await?;
    }
    tx.commit().await?;
    for change in alarms {
        app_state.count_removal_alarm(&change);
    }
    after(app_state, &commit);
    Ok(())
}

/// Returns the access windows of oversight access that reached their end, now that a read shows the access removed. A
/// window that a removal ended has the alarm of that removal.
fn ended_oversight<'a>(
    app_state: &AppState,
    commit: &'a Commit,
) -> impl Iterator<Item = &'a WindowRow> {
    let read_model = app_state.read_model();
    let windows = commit.writes.iter().filter_map(|write| match write {
        Write::Window(row) if row.over.is_some() && row.window.ended.is_none() => Some(row),
        _ => None,
    });
    windows.filter(move |row| {
        let removed = |event: &DomainEvent| matches!(event, DomainEvent::Removed { key, .. } if *key == row.key);
        row.delivery.is_some()
            && commit.events.iter().any(removed)
            && ends_oversight(&read_model.rules, &read_model.snapshot, &row.key)
    })
}

/// Returns whether a commit starts applying a change.
fn begins(commit: &Commit, change: &ChangeId) -> bool {
    let begins = |event: &DomainEvent| matches!(event, DomainEvent::Applying { change: one, .. } if one == change);
    commit.events.iter().any(begins)
}

/// Returns the removal entries of the changes that start. They precede the domain events: access that is already gone
/// ends the change in the same commit.
fn removals(app_state: &AppState, commit: &Commit) -> Vec<EntryBuilder> {
    let rows = commit.writes.iter().filter_map(|write| match write {
        Write::Change(row) if begins(commit, &row.change) => Some(row),
        _ => None,
    });
    rows.flat_map(|row| &row.items)
        .filter_map(|item| match &item.item {
            Item::Close { key, session } => Some(app_state.journal.grant_revoked(key, *session)),
            Item::Open { .. } | Item::Saga { .. } => None,
        })
        .collect()
}

/// Returns the ledger entries of an operation row or an access window row.
fn entry(app_state: &AppState, write: &Write, commit: &Commit) -> Vec<EntryBuilder> {
    match write {
        Write::Operation(row) => operation(app_state, row).into_iter().collect(),
        Write::Window(row) => window(app_state, row, commit),
        Write::Resource(_) | Write::Change(_) | Write::Progress(_) => Vec::new(),
    }
}

/// Returns the entries of an access window row. A window has an entry when it starts, when it is ended early and when
/// it is over. Its delivery has none. A row without its entry has no effect.
fn window(app_state: &AppState, row: &WindowRow, commit: &Commit) -> Vec<EntryBuilder> {
    let (journal, grant) = (&app_state.journal, &row.window.grant);
    let stopped = |ended| journal.grant_stopped(&row.key, grant, ended);
    match (row.over, row.window.ended) {
        (Some(over), ended) => {
            // If it ended early and was over in the same step, the row is written once and needs both entries.
            let ended = ended.filter(|ended| *ended == over).map(stopped);
            let closed = journal.grant_closed(&row.key, grant, over);
            ended.into_iter().chain([closed]).collect()
        }
        (None, Some(ended)) => vec![stopped(ended)],
        // Only the delivery changed. A window that is observed in the step that starts it is written once.
        (None, None) if !begins(commit, &row.window.change) => Vec::new(),
        (None, None) => {
            let session = commit.writes.iter().find_map(|write| match write {
                Write::Resource(key) if key.key == row.key => Some(key.session),
                _ => None,
            });
            let session = session.unwrap_or_default();
            vec![journal.grant_started(&row.key, &row.window, session)]
        }
    }
}

fn operation(app_state: &AppState, row: &OperationRow) -> Option<EntryBuilder> {
    let journal = &app_state.journal;
    match row.phase {
        Phase::Intended => Some(journal.operation_intended(
            row.change.as_ref(),
            &row.operation,
            &row.key,
            row.kind,
        )),
        Phase::Accepted => {
            let builder =
                journal.operation_accepted(&row.operation, &row.key, row.request.as_ref());
            Some(about(builder, row))
        }
        Phase::Over(
            ending @ (OperationOutcome::Refused
            | OperationOutcome::Failed
            | OperationOutcome::NotSeen),
        ) => {
            let why = match ending {
                OperationOutcome::Refused => "refused",
                OperationOutcome::Failed => "failed",
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

fn about(builder: EntryBuilder, row: &OperationRow) -> EntryBuilder {
    match &row.change {
        Some(change) => builder.change(change),
        None => builder,
    }
}

/// Adds the new effect and state of a change that was sent back. New approvals refer to this effect.
fn shown(entry: EntryBuilder, next: &StoredChange) -> EntryBuilder {
    let effect = store::change::effect_document(&next.effect);
    entry.decided_anew(&next.change, effect)
}

/// The result of applying a domain event to its change.
enum Moved {
    /// The change has the state of the event, or the event concerns no change.
    Applied,
    /// The change needs a new decision on this effect.
    Back(Box<StoredChange>),
    /// The change had already ended and stays ended. The event is not recorded.
    Nowhere,
}

/// Applies a domain event to the state of its change.
async fn change_state(
    app_state: &AppState,
    tx: &mut Tx,
    event: &DomainEvent,
    now: Timestamp,
) -> Result<Moved, StoreError> {
    let (change, state, result) = match event {
        DomainEvent::Applying { change, .. } => (change, State::Applying, None),
        DomainEvent::Verified { change } => (change, State::Verified, None),
        DomainEvent::Failed { change, reason } => (change, State::Failed, Some(reason.as_str())),
        DomainEvent::SentBack { change } => (change, State::Waiting, None),
        _ => return Ok(Moved::Applied),
    };
    let Some(row) = store::change::lock_row(tx, change).await? else {
        return Err(StoreError::Inconsistent {
            table: "change",
            what: format!("the engine refers to {change}"),
        });
    };
    if row.state.is_terminal() {
        return over_already(change, row.state, state);
    }
    if state == State::Waiting {
        let next = start::send_back(app_state, tx, change, now).await?;
        return Ok(Moved::Back(Box::new(next)));
    }
    store::change::set_state(tx, change, row.version, state, result, now).await?;
    Ok(Moved::Applied)
}

/// Handles a domain event of a change that is in a terminal state, which is final. A change that was withdrawn just
/// before it started must not start: the whole commit is rolled back and the engine restarts without it. Completed work
/// is recorded whatever the row contains: continuing with all other work matters more than a row that was altered.
fn over_already(change: &ChangeId, stands: State, next: State) -> Result<Moved, StoreError> {
    let ended = matches!(stands, State::Withdrawn | State::Expired);
    match next {
        State::Applying => Err(StoreError::Conflict("this change")),
        State::Waiting => Ok(Moved::Nowhere),
        // Evaluated just before it was withdrawn.
        State::Failed if ended => Ok(Moved::Nowhere),
        _ => {
            tracing::error!(
                %change,
                stands = stands.as_str(),
                next = next.as_str(),
                "a change that was carried out is already in a terminal state"
            );
            Ok(Moved::Applied)
        }
    }
}

/// Has the read model show the access windows that changed, and notifies the engine and live pages. Waits for nothing: the
/// next commit may end access.
fn after(app_state: &Arc<AppState>, commit: &Commit) {
    let windows = commit.writes.iter().filter_map(|write| match write {
        Write::Window(row) => Some(row.window.grant.clone()),
        _ => None,
    });
    publication::moved(app_state, accounts_of(app_state, commit), windows);
    let sent_back = |event: &DomainEvent| matches!(event, DomainEvent::SentBack { .. });
    if commit.events.iter().any(sent_back) {
        // The policies may now allow the change without approval, and then the engine has work.
        app_state.wake_engine.notify_one();
    }
    for event in &commit.events {
        if let DomainEvent::Verified { change } = event {
            confirm(app_state.clone(), change.clone());
        }
    }
    for change in changes_of(commit) {
        moved(app_state, &change);
    }
}

/// Returns the accounts in which a commit changes why access exists or whether a removal is overdue.
fn accounts_of(app_state: &AppState, commit: &Commit) -> BTreeSet<AccountId> {
    let mut accounts = BTreeSet::new();
    for write in &commit.writes {
        // Memberships are evaluated when the group is read.
        if let Write::Window(WindowRow {
            key: AccessResource::Assignment(assignment),
            ..
        }) = write
        {
            accounts.insert(assignment.pair.account.clone());
        }
    }
    for event in &commit.events {
        match event {
            DomainEvent::Overdue { key, .. } => accounts.extend(opened_by(app_state, key)),
            DomainEvent::Removed {
                key,
                due,
                verified_at,
                ..
            } if verified_at.since(*due) >= alarm_after(1) => {
                accounts.extend(opened_by(app_state, key));
            }
            _ => {}
        }
    }
    accounts
}

fn opened_by(app_state: &AppState, key: &AccessResource) -> BTreeSet<AccountId> {
    let pairs = match key {
        AccessResource::Assignment(assignment) => return [assignment.pair.account.clone()].into(),
        AccessResource::Membership { group, .. } => app_state
            .read_model()
            .snapshot
            .pairs_of(&Principal::Group(group.clone()))
            .to_vec(),
    };
    pairs.into_iter().map(|pair| pair.account).collect()
}

/// Runs beside the loop: it waits for AWS, and nothing depends on it.
fn confirm(app_state: Arc<AppState>, change: ChangeId) {
    tokio::spawn(async move {
        if let Err(error) = reread::confirm(&app_state, &change).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %change,
                "the access that a change granted could not be read again; the next crawl reads it"
            );
        }
    });
}

fn changes_of(commit: &Commit) -> BTreeSet<ChangeId> {
    let written = commit.writes.iter().filter_map(|write| match write {
        Write::Change(row) => Some(row.change.clone()),
        Write::Operation(row) => row.change.clone(),
        Write::Window(row) => Some(row.window.change.clone()),
        Write::Progress(row) => Some(row.change.clone()),
        Write::Resource(_) => None,
    });
    written.collect()
}
