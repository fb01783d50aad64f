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
    store::{self, StoreConnection, StoreError, ledger::live},
};

/// What is on record of accounts, and how a mapping changes it.
pub struct RecordUnder {
    /// Whether the mapping is in force already.
    pub is_in_force: bool,
    /// The strictest classification of each account now.
    pub now: BTreeMap<AccountId, (Environment, Pci)>,
    /// What the mapping changes, once it is in force.
    pub changed: BTreeMap<AccountId, (Environment, Pci)>,
    /// What is recorded then of the accounts that it changes.
    changed_records: BTreeMap<AccountId, Recorded>,
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
    let known = in_force(conn).await?;
    let recorded = store::observed::recorded(conn).await?;
    let strictest = recorded
        .iter()
        .map(|(account, class)| (account.clone(), class.strictest));
    let mut under = RecordUnder {
        is_in_force: known
            .as_ref()
            .map_or(file.text.is_empty(), |known| known.is(&file.text)),
        now: strictest.collect(),
        changed: BTreeMap::new(),
        changed_records: BTreeMap::new(),
    };
    if under.is_in_force {
        return Ok(under);
    }
    let before = known.map_or_else(
        || Some(Mapping::default()),
        |known| known.text.map(|text| understood(&text)),
    );
    let (accounts, units) = store::observed::organization(conn).await?;
    for account in &accounts {
        let Some(class) = recorded.get(&account.id).copied() else {
            continue;
        };
        let by = |mapping: &Mapping| {
            let context = ClassificationContext { special, mapping };
            classify(account, &units, context, None).strictness()
        };
        let (strictest, now) = (class.strictest, by(&file.mapping));
        let after = match &before {
            Some(before) => remapped(class, by(before), now),
            // What the mapping before said is not known, so nothing may be loosened.
            None => (strictest.0.max(now.0), strictest.1.max(now.1)),
        };
        if after != strictest {
            under.changed.insert(account.id.clone(), after);
            let strictest = after;
            let record = Recorded { strictest, ..class };
            under.changed_records.insert(account.id.clone(), record);
        }
    }
    Ok(under)
}

/// Returns a mapping. A text that this version does not understand any more was no mapping of this version.
fn understood(text: &str) -> Mapping {
    MappingFile::parse(text).unwrap_or_default().mapping
}

/// The mapping in force.
struct InForce {
    /// The SHA-256 that the ledger records.
    digest: String,
    /// None if the row was altered.
    text: Option<String>,
}

impl InForce {
    fn is(&self, text: &str) -> bool {
        self.digest == digest_of(text)
    }
}

fn digest_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Returns the mapping in force; none before the first one. Its row counts only as the ledger records it: whoever alters it
/// could have accounts loosened by the next mapping.
async fn in_force(conn: &mut StoreConnection) -> Result<Option<InForce>, StoreError> {
    let text = store::mapping::in_force(conn).await?;
    let recorded = live::view(conn, |projection| {
        projection.classes().mapping().map(str::to_owned)
    });
    let Some(digest) = recorded.await? else {
        return Ok(None);
    };
    let proven = text.filter(|text| digest_of(text) == digest);
    if proven.is_none() {
        tracing::error!("the mapping in force differs from the one that the ledger records");
    }
    Ok(Some(InForce {
        digest,
        text: proven,
    }))
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
    for (account, record) in &record.changed_records {
        store::observed::reclassify(&mut tx, account, *record).await?;
    }
    let digest = digest_of(&file.text);
    store::mapping::activate(&mut tx, &digest, &file.text, app_state.clock.now()).await?;
    let journal = &app_state.journal;
    let mut entries = journal.classification_recorded(&record.changed_records);
    entries.push(journal.classification_mapped(&digest, record.changed.len()));
    journal.append_many(&mut tx, entries).await?;
    tx.commit().await
}
