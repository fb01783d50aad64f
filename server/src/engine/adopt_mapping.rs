//! Puts a changed mapping of tags and OUs in force, with an entry in the ledger.
//!
//! Somebody who may change tags in AWS must not loosen an account by it, but the operator who changes the mapping may:
//! accounts that were only assumed to be production PCI are classified again by what AWS was last read to hold. What was
//! read, or waits for confirmation, stays as strict as it is.

use std::collections::BTreeMap;

use domain::{
    classification::{
        ClassificationContext, Environment, Mapping, Pci, Recorded, classify, remapped,
    },
    ids::AccountId,
    org::SpecialAccounts,
};
use sha2::{Digest as _, Sha256};

use crate::{
    mapping_file::MappingFile,
    service::app_state::AppState,
    store::{self, StoreConnection, StoreError},
};

/// What is on record of accounts, and how a mapping changes it.
pub struct RecordUnder {
    /// Whether the mapping is in force already.
    pub is_in_force: bool,
    /// The strictest classification of each account now.
    pub now: BTreeMap<AccountId, (Environment, Pci)>,
    /// What the mapping changes, once it is in force.
    pub changed: BTreeMap<AccountId, (Environment, Pci)>,
}

impl RecordUnder {
    /// Returns what is on record of an account once the mapping is in force.
    pub fn of(&self, account: &AccountId) -> Option<(Environment, Pci)> {
        let changed = self.changed.get(account);
        changed.or_else(|| self.now.get(account)).copied()
    }
}

/// Returns what is on record, and what the mapping changes once it is in force. Writes nothing.
pub async fn record_under(
    conn: &mut StoreConnection,
    file: &MappingFile,
    special: &SpecialAccounts,
) -> Result<RecordUnder, StoreError> {
    let known = store::mapping::in_force(conn).await?.unwrap_or_default();
    let now = store::observed::recorded(conn).await?;
    let mut changed = BTreeMap::new();
    if known == file.text {
        return Ok(RecordUnder {
            is_in_force: true,
            now,
            changed,
        });
    }
    // A text that this version does not understand any more was no mapping of this version.
    let before = MappingFile::parse(&known).unwrap_or_default().mapping;
    let understood = store::observed::understood(conn).await?;
    let (accounts, units) = store::observed::organization(conn).await?;
    for account in &accounts {
        let (strictest, read) = (now.get(&account.id), understood.get(&account.id));
        let (Some(strictest), Some(read)) = (strictest.copied(), read.copied()) else {
            continue;
        };
        let recorded = Recorded { strictest, read };
        let by = |mapping: &Mapping| {
            let context = ClassificationContext { special, mapping };
            classify(account, &units, context, None).strictness()
        };
        let after = remapped(recorded, by(&before), by(&file.mapping));
        if after != strictest {
            changed.insert(account.id.clone(), after);
        }
    }
    Ok(RecordUnder {
        is_in_force: false,
        now,
        changed,
    })
}

/// Adopts the mapping of the configuration if it is not in force yet. Call before the stored state is loaded.
pub async fn adopt(app_state: &AppState) -> Result<(), StoreError> {
    let file = &app_state.settings.mapping;
    let special = SpecialAccounts::of(app_state.settings.leastwise_accounts.clone());
    let mut tx = app_state.store.write().await?;
    let record = record_under(tx.conn(), file, &special).await?;
    if record.is_in_force {
        return Ok(());
    }
    let changed = &record.changed;
    for (account, class) in changed {
        store::mapping::reclassify(&mut tx, account, *class).await?;
    }
    let digest = hex::encode(Sha256::digest(file.text.as_bytes()));
    store::mapping::activate(&mut tx, &digest, &file.text, app_state.clock.now()).await?;
    let entry = app_state
        .journal
        .classification_mapped(&digest, changed.len());
    app_state.journal.append(&mut tx, entry).await?;
    tx.commit().await
}
