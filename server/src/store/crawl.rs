//! Crawls, and the drift that they detected.

use domain::{
    drift::{Drift, DriftEvent},
    snapshot::Coverage,
    time::Timestamp,
};
use sqlx::Row as _;

use super::{StoreConnection, StoreError, Tx, json, to_json};
use crate::clock;

/// Stores a crawl and the drift that it detected.
pub async fn save(
    tx: &mut Tx,
    started: Timestamp,
    ended: Timestamp,
    coverage: &Coverage,
    seen: &[DriftEvent],
) -> Result<(), StoreError> {
    let complete = coverage.unread.is_empty().then_some(ended.0);
    sqlx::query(
        "insert into crawl (id, started_at, ended_at, complete_at, report, never_read, not_found) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(clock::row_id())
    .bind(started.0)
    .bind(ended.0)
    .bind(complete)
    .bind(to_json(&coverage.unread))
    .bind(to_json(&coverage.never_read))
    .bind(to_json(&coverage.not_found))
    .execute(tx.conn())
    .await?;
    save_drift(tx, seen).await
}

/// Stores drift: differences that no change of Leastwise explains.
pub async fn save_drift(tx: &mut Tx, seen: &[DriftEvent]) -> Result<(), StoreError> {
    for one in seen {
        let account = match &one.drift {
            Drift::Assigned { assignment } | Drift::Unassigned { assignment } => {
                Some(assignment.pair.account.to_string())
            }
            Drift::Reclassified { account, .. } | Drift::ReportedOtherwise { account, .. } => {
                Some(account.to_string())
            }
            Drift::Joined { .. } | Drift::Left { .. } | Drift::SetEdited { .. } => None,
        };
        sqlx::query(
            "insert into outside_change (id, document, account_id, seen_after, seen_by) values ($1, $2, $3, $4, $5)",
        )
        .bind(clock::row_id())
        .bind(to_json(one))
        .bind(account)
        .bind(one.after.0)
        .bind(one.by.0)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Returns the most recent drift, newest first, and the total number.
pub async fn drift_events(
    conn: &mut StoreConnection,
    limit: i64,
) -> Result<(Vec<DriftEvent>, usize), StoreError> {
    let rows = sqlx::query(
        "select document, (select count(*) from outside_change) as total from outside_change \
         order by seen_by desc, id desc limit $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let total: i64 = match rows.first() {
        Some(row) => row.try_get("total")?,
        None => 0,
    };
    let seen = rows
        .iter()
        .map(|row| json("outside_change", &row.try_get::<String, _>("document")?))
        .collect::<Result<_, StoreError>>()?;
    Ok((seen, usize::try_from(total).unwrap_or(0)))
}
