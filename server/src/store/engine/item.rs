//! The progress of the items of changes: steps and results, one row per item.

use domain::{engine::ProgressRow, ids::ChangeId};
use sqlx::Row as _;

use super::documents;
use crate::store::{StoreConnection, StoreError, Tx, json, to_json};

/// Returns the rows of all changes that are not over.
pub(super) async fn under_way(conn: &mut StoreConnection) -> Result<Vec<ProgressRow>, StoreError> {
    documents(
        conn,
        "engine_item",
        "select i.document from engine_item i join engine_change c on c.id = i.change_id where c.over_at is null",
    )
    .await
}

/// Returns the rows of one change.
pub(super) async fn of_change(
    conn: &mut StoreConnection,
    id: &ChangeId,
) -> Result<Vec<ProgressRow>, StoreError> {
    let rows = sqlx::query("select document from engine_item where change_id = $1 order by item")
        .bind(id.as_str())
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| json("engine_item", &row.try_get::<String, _>("document")?))
        .collect()
}

/// Upserts one row.
pub(super) async fn write(tx: &mut Tx, row: &ProgressRow) -> Result<(), StoreError> {
    sqlx::query(
        "insert into engine_item (change_id, item, document) values ($1, $2, $3) \
         on conflict (change_id, item) do update set document = excluded.document",
    )
    .bind(row.change.as_str())
    .bind(i64::try_from(row.index).unwrap_or(i64::MAX))
    .bind(to_json(row))
    .execute(tx.conn())
    .await?;
    Ok(())
}
