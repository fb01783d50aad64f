//! Puts declarations in force, and classifies accounts again when a declaration begins or ends.
//!
//! No crawl is needed for it: the read model keeps what AWS and the record say of each account.

use std::{sync::Arc, time::Duration};

use domain::{
    engine::CarryOut,
    ids::AccountId,
    subject::{
        Content,
        account_classification::{Declaration, content},
    },
};

use super::saga_steps;
use crate::{
    service::{
        app_state::AppState,
        journal::EntryActor,
        names,
        publication::{self, NotShown, PATIENCE},
    },
    store::{self, StoreError, Tx, declaration::InForce},
};

/// A declaration whose step is carried out.
pub(super) enum Prepared {
    /// It is in force already.
    InForce,
    /// Another process carries out the steps now.
    Superseded,
    /// It is written with its entry, and the caller commits.
    Written(Tx),
}

/// Writes a declaration and its entry.
pub(super) async fn prepare(
    app_state: &AppState,
    call: &CarryOut,
    account: &AccountId,
    document: Option<&str>,
) -> Result<Prepared, StoreError> {
    let declaration = match document {
        None => None,
        Some(document) => Some(Declaration::read(document).ok_or_else(not_understood)?),
    };
    let Some(mut tx) = saga_steps::begin(app_state, call).await? else {
        return Ok(Prepared::Superseded);
    };
    let before = store::declaration::in_force(tx.conn(), account).await?;
    let before = InForce::content(before.as_ref());
    if before == content(document) {
        return Ok(Prepared::InForce);
    }
    if Content::from(before) != call.from {
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
    Ok(Prepared::Written(tx))
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

/// How often ended declarations are looked for: pages state an end to the minute.
const EVERY: Duration = Duration::from_secs(10);

/// Runs forever where the engine runs; other processes do the same when they follow (`engine/follow.rs`). It writes nothing.
pub async fn run(app_state: Arc<AppState>) {
    loop {
        if let Err(error) = end_due(&app_state).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "accounts could not be classified after the end of their declarations"
            );
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Classifies the accounts again whose declaration has ended since they were classified, and waits until pages show it.
pub async fn end_due(app_state: &Arc<AppState>) -> Result<(), NotShown> {
    let (now, read_model) = (app_state.clock.now(), app_state.read_model());
    let accounts = read_model.snapshot.parts().accounts.iter();
    let ended = accounts.filter_map(|(id, (_, class))| {
        let after = class.under(class.declared(), now);
        (after != *class).then(|| id.clone())
    });
    let ended: Vec<AccountId> = ended.collect();
    if ended.is_empty() {
        return Ok(());
    }
    publication::moved(app_state, ended, []);
    publication::everything(app_state).shown(PATIENCE).await
}
