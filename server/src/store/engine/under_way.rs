//! The changes that the engine is applying, with the sagas that the ledger proves.
//!
//! The row of a change is proven by nothing but the digest of its plans, which the entry of its start records. A saga is
//! carried out only as it was planned then, or else as it was requested.

use std::collections::BTreeSet;

use domain::{
    engine::{ChangePhase, ChangeRow},
    ids::ChangeId,
    ledger::projection::Lifecycle,
};

use super::documents;
use crate::store::{StoreConnection, StoreError, change, ledger::live};

/// The changes that the engine is applying, and the items among them whose saga is not the requested one.
#[derive(Default)]
pub(super) struct ChangesUnderWay {
    pub rows: Vec<ChangeRow>,
    pub altered: BTreeSet<(ChangeId, usize)>,
}

/// Returns the changes that the engine is applying. A change that still waits for its verdict is left out: it has not
/// opened anything, and is started again from the request and not from a row. So is a change that has not started
/// according to the ledger.
pub(super) async fn load(conn: &mut StoreConnection) -> Result<ChangesUnderWay, StoreError> {
    let rows: Vec<ChangeRow> = documents(
        conn,
        "engine_change",
        "select document from engine_change where over_at is null",
    )
    .await?;
    let mut found = ChangesUnderWay::default();
    for mut row in rows {
        if row.phase != ChangePhase::Applying {
            continue;
        }
        let history = live::view(conn, |projection| {
            let decisions = projection.changes().open(&row.change);
            decisions.map(|decisions| decisions.history.clone())
        });
        let history = history.await?.unwrap_or_default();
        if history.lifecycle != Lifecycle::Started {
            tracing::error!(change = %row.change, "a change that is not being applied according to the ledger is not continued");
            continue;
        }
        for index in row.not_understood() {
            tracing::error!(change = %row.change, index, "a newer version planned this saga and has to continue it");
        }
        if row.plans_digest() != history.plans {
            let requested = match change::requested_items(conn, &row.change).await {
                Ok(requested) => requested,
                // A removal of the same change must continue although its row cannot be read.
                Err(error @ StoreError::Inconsistent { .. }) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the request of a change that is being applied cannot be read"
                    );
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            for index in row.as_requested(&requested) {
                tracing::error!(change = %row.change, index, "a saga differs from the request in the ledger and stops");
                found.altered.insert((row.change.clone(), index));
            }
        }
        found.rows.push(row);
    }
    Ok(found)
}
