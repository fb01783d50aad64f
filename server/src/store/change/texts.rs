//! The texts that somebody typed into the items of changes. The items hold their hashes; the texts are private values of
//! the entries of the requests, in `ledger_private` alone, where they can be erased.

use std::collections::BTreeSet;

use domain::{
    ids::ChangeId,
    ledger::{Hash, PrivateValue, Salt},
    private::{Private, PrivateText, PrivateValues},
};

use super::StoredChange;
use crate::store::{StoreConnection, StoreError, places};

/// The number of changes in one statement.
const CHANGES: usize = 500;

/// Returns the texts of the items of these changes that were not erased.
pub async fn texts_of(
    conn: &mut StoreConnection,
    changes: &BTreeSet<ChangeId>,
) -> Result<PrivateValues, StoreError> {
    let changes: Vec<&ChangeId> = changes.iter().collect();
    let mut found = Vec::new();
    for some in changes.chunks(CHANGES) {
        let sql = format!(
            "select p.path, p.salt, p.value from ledger_private p join ledger_entry e on e.seq = p.seq \
             where e.change_id in ({}) \
             and (p.path like '/items/%' or p.path like '/data/operations/%')",
            places(some.len())
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        let query = some.iter().fold(query, |query, id| query.bind(id.as_str()));
        let rows: Vec<(String, String, String)> = query.fetch_all(&mut *conn).await?;
        for (path, salt, value) in rows {
            // A salt that cannot be read opens nothing.
            if let Some(Hash(salt)) = Hash::parse_hex(salt.as_bytes()) {
                let salt = Salt(salt);
                found.push(PrivateValue { path, salt, value });
            }
        }
    }
    Ok(found.into_iter().collect())
}

impl StoredChange {
    /// Adds the texts of its items that were not read yet, for display. Nothing is decided by them.
    pub async fn open(&mut self, conn: &mut StoreConnection) -> Result<(), StoreError> {
        open_all(conn, std::slice::from_mut(self)).await
    }

    /// Whether there are texts that were not read yet.
    fn is_unopened(&mut self) -> bool {
        let not_read = |text: &mut Private| text.text() == PrivateText::NotRead;
        let mut items = self.change.proposal.operations.iter_mut();
        let mut effects = self.effect.others.iter_mut();
        items.any(|item| item.private().into_iter().any(|(_, text)| not_read(text)))
            || effects.any(|effect| effect.private().any(not_read))
    }
}

/// Adds the texts of the items of these changes that were not read yet, as [`StoredChange::open`] does.
pub async fn open_all(
    conn: &mut StoreConnection,
    changes: &mut [StoredChange],
) -> Result<(), StoreError> {
    let changes = changes.iter_mut();
    let mut unopened: Vec<&mut StoredChange> = changes
        .filter_map(|one| one.is_unopened().then_some(one))
        .collect();
    let ids = unopened.iter().map(|one| one.change.id.clone()).collect();
    let texts = texts_of(conn, &ids).await?;
    for one in &mut unopened {
        for item in &mut one.change.proposal.operations {
            item.open(&texts);
        }
        for effect in &mut one.effect.others {
            effect.private().for_each(|text| text.open(&texts));
        }
    }
    Ok(())
}
