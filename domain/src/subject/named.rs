//! Names of subjects for sentences that stand beside those about other subjects.

use crate::{ids::AccountId, snapshot::Snapshot};

/// Returns an account by its name and number.
pub fn account(snapshot: &Snapshot, id: &AccountId) -> String {
    match snapshot.account(id) {
        Some((account, _)) => format!("account {} ({id})", account.name),
        None => format!("account {id}"),
    }
}
