//! The engine's rows of one change, in one statement.

use domain::{
    engine::{ChangePhase, ChangeRow, OperationRow, ProgressRow},
    ids::ChangeId,
};
use sqlx::Row as _;

use crate::store::{StoreConnection, StoreError, json};

/// What the engine stored of one change.
#[derive(Debug, Clone, Default)]
pub struct EngineRows {
    /// The row of the change, with the results that its items have so far; none before the engine takes it up.
    pub change: Option<ChangeRow>,
    /// The writes to AWS for it, oldest first.
    pub writes: Vec<OperationRow>,
    /// The progress of its items, by item.
    pub progress: Vec<ProgressRow>,
}

const ROWS: &str = "select 'change' as kind, document, 0 as place from engine_change where id = $1 \
     union all select 'write', document, intended_at from engine_operation where change_id = $1 \
     union all select 'item', document, item from engine_item where change_id = $1 order by 3";

/// Returns the rows of one change.
pub async fn of_change(
    conn: &mut StoreConnection,
    id: &ChangeId,
) -> Result<EngineRows, StoreError> {
    let rows = sqlx::query(ROWS).bind(id.as_str()).fetch_all(conn).await?;
    let mut found = EngineRows::default();
    for row in &rows {
        let document: String = row.try_get("document")?;
        match row.try_get("kind")? {
            "change" => found.change = Some(json("engine_change", &document)?),
            "write" => found.writes.push(json("engine_operation", &document)?),
            _ => found.progress.push(json("engine_item", &document)?),
        }
    }
    if let Some(change) = &mut found.change
        && change.phase != ChangePhase::Over
    {
        change.include(found.progress.clone());
    }
    Ok(found)
}
