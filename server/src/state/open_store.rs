//! Opens the database with the row keys, and names its log.
//!
//! Only a server creates a database or a row key, or puts a key in use: a command that did so in another folder, or before
//! the first start, would keep the server from starting, or would lose its key with the folder.

use domain::ledger::LogName;

use super::StartError;
use crate::{
    clock::Clock,
    config,
    row_key::{self, KeyHistory},
    store::{self, Durability, Store},
};

/// Who opens a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreUser {
    /// `leastwise serve`, which creates the database and the row key, and puts the key in use.
    Server,
    /// Every other command, which needs what a server created.
    Command,
}

/// Opens the database with the row keys, and migrates it.
pub async fn open_store(
    database: &crate::config::DatabaseArgs,
    user: StoreUser,
) -> Result<Store, StartError> {
    match user {
        StoreUser::Server => open_to_serve(database).await,
        StoreUser::Command => open_served(database).await,
    }
}

/// Opens a database that a server has used, with its row keys. Creates neither, and puts no key in use.
async fn open_served(database: &crate::config::DatabaseArgs) -> Result<Store, StartError> {
    let lease = database.engine_lease()?;
    let store = Store::open_existing_with(&database.url, lease).await?;
    let missing = || StartError::NoDatabase(store::name::shown(&database.url));
    let store = store.ok_or_else(missing)?;
    let given = config::row_key_variable()?;
    let keys = row_key::required(&database.keys, given.as_deref())?;
    store.migrate().await?;
    store::ledger::require_used(&store, &keys).await?;
    Ok(store.with_row_keys(keys))
}

async fn open_to_serve(database: &crate::config::DatabaseArgs) -> Result<Store, StartError> {
    let lease = database.engine_lease()?;
    let store = Store::open_with(&database.url, Durability::Full, lease).await?;
    store.migrate().await?;
    let is_named = !store::ledger::row_key_ids(&store).await?.is_empty();
    let mut conn = store.connection().await?;
    let history = if is_named || store::ledger::has_macs(&mut conn).await? {
        KeyHistory::Authenticated
    } else {
        KeyHistory::New
    };
    drop(conn);
    let given = config::row_key_variable()?;
    let keys = row_key::load(&database.keys, given.as_deref(), history)?;
    let mut tx = store.write().await?;
    store::ledger::register_row_keys(&mut tx, &keys, Clock::System.now()).await?;
    tx.commit().await?;
    Ok(store.with_row_keys(keys))
}

/// Returns the name of the log: the configured one, or that of the database.
pub async fn log_name(
    database: &crate::config::DatabaseArgs,
    store: &Store,
) -> Result<LogName, StartError> {
    let held = store::ledger::head(store).await?.map(|head| head.log);
    let log = database.log_name.clone().or(held);
    Ok(LogName::parse(
        log.as_deref().unwrap_or("leastwise/ledger"),
    )?)
}
