//! Puts a changed mapping of tags and OUs in force, with an entry in the ledger.
//!
//! Somebody who may change tags in AWS must not loosen an account by it, but the operator who changes the mapping may:
//! accounts that were only assumed to be production PCI are classified again by what AWS was last read to hold. What was
//! read, or waits for confirmation, stays as strict as it is.

use std::collections::BTreeMap;

use domain::{
    classification::{ClassificationContext, Recorded, classify, remapped},
    org::SpecialAccounts,
};
use sha2::{Digest as _, Sha256};

use crate::{
    mapping_file::MappingFile,
    service::app_state::AppState,
    store::{self, StoreError},
};

/// Adopts the mapping of the configuration if it is not in force yet. Call before the stored state is loaded.
pub async fn adopt(app_state: &AppState) -> Result<(), StoreError> {
    let file = &app_state.settings.mapping;
    let special = SpecialAccounts {
        leastwise: app_state.settings.leastwise_accounts.clone(),
        ..SpecialAccounts::default()
    };
    let mut tx = app_state.store.write().await?;
    let known = store::mapping::in_force(&mut tx).await?;
    if known.as_deref().unwrap_or_default() == file.text {
        return Ok(());
    }
    // A text that this version does not understand any more was no mapping of this version.
    let before = MappingFile::parse(known.as_deref().unwrap_or_default()).unwrap_or_default();
    let strictest = store::observed::recorded(tx.conn()).await?;
    let understood = store::observed::understood(tx.conn()).await?;
    let (accounts, units) = store::observed::organization(tx.conn()).await?;
    let mut changed = BTreeMap::new();
    for account in &accounts {
        let (strictest, read) = (strictest.get(&account.id), understood.get(&account.id));
        let (Some(strictest), Some(read)) = (strictest.copied(), read.copied()) else {
            continue;
        };
        let recorded = Recorded { strictest, read };
        let by = |mapping| {
            let context = ClassificationContext {
                special: &special,
                mapping,
            };
            classify(account, &units, context, None).strictness()
        };
        let now = remapped(recorded, by(&before.mapping), by(&file.mapping));
        if now != strictest {
            changed.insert(&account.id, now);
        }
    }
    for (account, class) in &changed {
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
