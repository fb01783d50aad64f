//! Accounts that changed since the read model was built: their declaration, an access window, or a removal that became
//! overdue. Evaluations take what is marked from the database and wait for no read model.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    classification::Classification,
    ids::{AccountId, Assignment},
    org::Account,
    shared_map::SharedMap,
    snapshot::Snapshot,
    time::Timestamp,
};

use super::{access_reasons, app_state::AppState, publication::Marked, read_model::ReadModel};
use crate::store::{self, StoreConnection, StoreError};

/// Returns the marked accounts that are classified differently now, by their declarations.
pub(super) async fn classes(
    conn: &mut StoreConnection,
    known: &SharedMap<AccountId, (Account, Classification)>,
    marked: &Marked,
    now: Timestamp,
) -> Result<BTreeMap<AccountId, Classification>, StoreError> {
    let marked = marked.accounts();
    if marked.is_empty() {
        return Ok(BTreeMap::new());
    }
    let declared = store::declaration::in_force_of(conn, marked).await?;
    let changed = marked.iter().filter_map(|id| {
        let (_, class) = known.get(id)?;
        let after = class.under(declared.get(id).map(|one| one.declared), now);
        (after != *class).then(|| (id.clone(), after))
    });
    Ok(changed.collect())
}

/// The read model, and the accounts that moved since it was built.
#[derive(Clone)]
pub struct Current {
    pub read_model: Arc<ReadModel>,
    marked: Marked,
}

impl Current {
    /// Returns what is known now.
    pub fn of(app_state: &AppState) -> Self {
        // In this order: a mark that is gone is included in every read model that is taken after it.
        let marked = app_state.publication.marked();
        Self {
            read_model: app_state.read_model(),
            marked,
        }
    }

    /// Returns the snapshot in which every account is classified as it is now.
    pub async fn snapshot(
        &self,
        conn: &mut StoreConnection,
        now: Timestamp,
    ) -> Result<Snapshot, StoreError> {
        let snapshot = &self.read_model.snapshot;
        let changed = classes(conn, &snapshot.parts().accounts, &self.marked, now).await?;
        if changed.is_empty() {
            return Ok(snapshot.clone());
        }
        Ok(snapshot.classified(&changed))
    }

    /// Returns those of these assignments that an open access window of Leastwise gives.
    pub async fn given<'a>(
        &self,
        conn: &mut StoreConnection,
        assignments: impl Iterator<Item = &'a Assignment> + Clone,
    ) -> Result<BTreeSet<Assignment>, StoreError> {
        let mut accounts = assignments.clone().map(|one| &one.pair.account);
        if !accounts.any(|account| self.marked.accounts().contains(account)) {
            let windows = &self.read_model.reasons.windows;
            let given = assignments.filter(|one| windows.contains_key(*one));
            return Ok(given.cloned().collect());
        }
        let open = access_reasons::open(conn).await?;
        Ok(assignments
            .filter(|one| open.contains(*one))
            .cloned()
            .collect())
    }
}
