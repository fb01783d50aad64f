//! Puts declarations in force, and classifies accounts again when a declaration begins or ends.
//!
//! No crawl is needed for it: the read model keeps what AWS and the record say of each account. A classification that
//! could not be refreshed is refreshed again until it is.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use domain::{
    engine::CarryOut,
    ids::AccountId,
    subject::account_classification::{Declaration, content},
};

use crate::{
    service::{app_state::AppState, journal::EntryActor, names, single_reads},
    store::{self, StoreError, Tx, declaration::InForce},
};

/// Writes a declaration and its entry. The caller commits. None if it is in force already.
pub(super) async fn prepare(
    app_state: &AppState,
    call: &CarryOut,
    account: &AccountId,
    document: Option<&str>,
) -> Result<Option<Tx>, StoreError> {
    let declaration = match document {
        None => None,
        Some(document) => Some(Declaration::read(document).ok_or_else(not_understood)?),
    };
    let mut tx = app_state.store.write().await?;
    let before = store::declaration::in_force(tx.conn(), account).await?;
    let before = InForce::content(before.as_ref());
    if before == content(document) {
        return Ok(None);
    }
    if before != call.from {
        return Err(StoreError::Conflict("this declaration"));
    }
    let now = app_state.clock.now();
    let digest = store::declaration::put(&mut tx, account, &call.change, document, now).await?;
    let who = requester(app_state, &mut tx, call).await?;
    let recorded = declaration.as_ref().zip(digest.as_deref());
    let entry = app_state
        .journal
        .account_declared(&who, account, recorded, now)
        .change(&call.change);
    app_state.journal.append(&mut tx, entry).await?;
    Ok(Some(tx))
}

fn not_understood() -> StoreError {
    StoreError::Inconsistent {
        table: "engine_change",
        what: "a declaration that is not understood".to_owned(),
    }
}

/// Returns who requested the change according to the ledger, as the actor of its entries.
async fn requester(
    app_state: &AppState,
    tx: &mut Tx,
    call: &CarryOut,
) -> Result<EntryActor, StoreError> {
    let Some(person) = store::change::requester(tx.conn(), &call.change).await? else {
        return Ok(EntryActor::leastwise());
    };
    let read_model = app_state.read_model();
    Ok(EntryActor {
        user: read_model.snapshot.user_of(&person).cloned(),
        name: names::person_name(&read_model.snapshot, &person),
        person: Some(person),
        ..EntryActor::default()
    })
}

/// Classifies an account again after its declaration changed.
pub(super) async fn declared(app_state: &Arc<AppState>, account: &AccountId) {
    note(app_state, [account.clone()]);
    if let Err(error) = refresh_pending(app_state).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "an account could not be classified by its declaration yet"
        );
    }
}

fn note(app_state: &AppState, accounts: impl IntoIterator<Item = AccountId>) {
    let mut pending = app_state
        .declarations_moved
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    pending.extend(accounts);
}

/// Classifies the accounts again whose declaration changed. Several at once are one new read model.
pub(super) async fn refresh_pending(app_state: &Arc<AppState>) -> Result<(), StoreError> {
    let _turn = app_state.observing.lock().await;
    let accounts = std::mem::take(
        &mut *app_state
            .declarations_moved
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    if accounts.is_empty() {
        return Ok(());
    }
    let refreshed = classify(app_state, &accounts).await;
    if refreshed.is_err() {
        note(app_state, accounts);
    }
    refreshed
}

/// Classifies accounts by their declarations now, and publishes the read model if one differs.
async fn classify(
    app_state: &Arc<AppState>,
    accounts: &BTreeSet<AccountId>,
) -> Result<(), StoreError> {
    let declared = {
        let mut conn = app_state.store.read().acquire().await?;
        store::declaration::in_force_of(&mut conn, accounts).await?
    };
    let now = app_state.clock.now();
    let read_model = app_state.read_model();
    let known = &read_model.snapshot.parts().accounts;
    let changed: Vec<_> = accounts
        .iter()
        .filter_map(|id| {
            let (_, class) = known.get(id)?;
            let after = class.under(declared.get(id).map(|one| one.declared), now);
            (after != *class).then(|| (id.clone(), after))
        })
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let mut parts = read_model.snapshot.parts().clone();
    for (id, class) in &changed {
        if let Some((_, known)) = parts.accounts.get_mut(id) {
            *known = *class;
        }
    }
    let touched = changed.into_iter().map(|(id, _)| id).collect();
    single_reads::refresh(app_state, parts, &touched).await
}

/// Classifies the accounts again whose declaration has ended since they were classified.
pub async fn end_due(app_state: &Arc<AppState>) -> Result<(), StoreError> {
    let (now, read_model) = (app_state.clock.now(), app_state.read_model());
    let accounts = read_model.snapshot.parts().accounts.iter();
    let ended = accounts.filter_map(|(id, (_, class))| {
        let after = class.under(class.declared(), now);
        (after != *class).then(|| id.clone())
    });
    note(app_state, ended);
    refresh_pending(app_state).await
}
