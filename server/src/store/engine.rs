//! The engine's rows: loading open rows, upserting whole rows, and the generation that fences off an older process.
//!
//! A window is returned only if an entry records its start and none records its end. Resources that the ledger holds
//! open are managed whatever the rows contain.

mod item;
pub mod lease;
mod of_change;
mod under_way;

pub use of_change::{EngineRows, of_change};

use std::collections::BTreeMap;

use domain::{
    engine::{
        AccessResource, ChangePhase, ChangeRow, Generation, OperationRow, Phase, ResourceRow, Rows,
        WindowRow, Write,
    },
    ids::{ChangeId, GrantId},
    time::Timestamp,
};
use sqlx::{Row as _, any::AnyRow};

use super::{
    StoreConnection, StoreError, Tx, affected, json,
    ledger::live::{self, Agreement, Comparison},
    places, to_json,
};

/// The id of the only row.
const ID: &str = "engine";

/// Begins a new generation. A process with an older one can no longer commit.
pub async fn begin(tx: &mut Tx) -> Result<Generation, StoreError> {
    let row = sqlx::query(
        "insert into engine_generation (id, generation) values ($1, 1) \
         on conflict (id) do update set generation = engine_generation.generation + 1 returning generation",
    )
    .bind(ID)
    .fetch_one(tx.conn())
    .await?;
    let generation: i64 = row.try_get("generation")?;
    Ok(Generation(u64::try_from(generation).unwrap_or(0)))
}

/// Checks that no newer generation has begun, and blocks a newer one until this transaction ends.
pub async fn hold(tx: &mut Tx, generation: Generation) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "update engine_generation set generation = generation where id = $1 and generation = $2",
    )
    .bind(ID)
    .bind(i64::try_from(generation.0).unwrap_or(i64::MAX))
    .execute(tx.conn())
    .await?;
    affected(rows.rows_affected(), "the engine's generation")
}

/// Returns everything that is open: the rows that the ledger confirms, and rows for windows that are open in the ledger
/// but have none. Stores the restored rows.
pub async fn restore(tx: &mut Tx, now: Timestamp) -> Result<Rows, StoreError> {
    let conn = tx.conn();
    let changes = under_way::load(conn).await?;
    let stored = Rows {
        keys: keys(conn).await?,
        windows: open_windows(conn).await?,
        operations: documents(
            conn,
            "engine_operation",
            "select document from engine_operation where over_at is null",
        )
        .await?,
        changes: changes.rows,
        progress: item::under_way(conn).await?,
        altered: changes.altered,
    };
    let (rows, mismatches) = live::view(conn, |projection| {
        projection.grants().rebuild(stored.clone(), now)
    })
    .await?;
    for mismatches in mismatches {
        tracing::error!("the engine's rows differ from the ledger: {mismatches}");
    }
    let before: BTreeMap<&GrantId, &WindowRow> = stored
        .windows
        .iter()
        .map(|row| (&row.window.grant, row))
        .collect();
    for row in &rows.windows {
        if before.get(&row.window.grant) != Some(&row) {
            window_row(tx, row).await?;
        }
    }
    let before: BTreeMap<&AccessResource, &ResourceRow> =
        stored.keys.iter().map(|row| (&row.key, row)).collect();
    for row in &rows.keys {
        if before.get(&row.key) != Some(&row) {
            key(tx, row).await?;
        }
    }
    Ok(rows)
}

/// Returns the open windows: the reasons for the access that Leastwise granted.
pub async fn windows(conn: &mut StoreConnection) -> Result<Vec<WindowRow>, StoreError> {
    let mut comparison = Comparison::default();
    loop {
        let rows = open_windows(conn).await?;
        if rows.is_empty() {
            return Ok(rows);
        }
        if let Some(proven) = proven(conn, rows, &mut comparison).await? {
            return Ok(proven);
        }
    }
}

/// Returns the windows that the ledger confirms; none if the rows have to be read again before a difference is believed.
async fn proven(
    conn: &mut StoreConnection,
    rows: Vec<WindowRow>,
    comparison: &mut Comparison,
) -> Result<Option<Vec<WindowRow>>, StoreError> {
    let found = live::view(conn, |projection| projection.grants().windows(rows));
    let (windows, mismatches) = found.await?;
    let agreement = Agreement::of(mismatches.is_empty());
    if !comparison.is_settled(conn, agreement).await? {
        return Ok(None);
    }
    for mismatches in mismatches {
        tracing::error!("{mismatches}");
    }
    Ok(Some(windows))
}

async fn open_windows(conn: &mut StoreConnection) -> Result<Vec<WindowRow>, StoreError> {
    documents(
        conn,
        "engine_window",
        "select document from engine_window where over_at is null",
    )
    .await
}

/// Returns all resources that Leastwise has managed and still observes.
pub async fn keys(conn: &mut StoreConnection) -> Result<Vec<ResourceRow>, StoreError> {
    documents(conn, "engine_key", "select document from engine_key").await
}

/// Returns the resources whose removal is overdue and was reported, with the time when the removal was due.
pub async fn overdue(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<AccessResource, Timestamp>, StoreError> {
    let rows: Vec<ResourceRow> = documents(
        conn,
        "engine_key",
        "select document from engine_key where overdue_since is not null",
    )
    .await?;
    let since = |row: ResourceRow| row.closing.map(|closing| (row.key, closing.since));
    Ok(rows.into_iter().filter_map(since).collect())
}

/// Returns the number of removals that are overdue, and since when the oldest is.
pub async fn oldest_overdue(
    conn: &mut StoreConnection,
) -> Result<(u64, Option<Timestamp>), StoreError> {
    let (count, oldest): (i64, Option<i64>) = sqlx::query_as(
        "select count(*), min(overdue_since) from engine_key where overdue_since is not null",
    )
    .fetch_one(conn)
    .await?;
    Ok((u64::try_from(count).unwrap_or(0), oldest.map(Timestamp)))
}

/// Returns the engine's row of one change, with the results that its items have so far.
pub async fn change(
    conn: &mut StoreConnection,
    id: &ChangeId,
) -> Result<Option<ChangeRow>, StoreError> {
    let row = sqlx::query("select document from engine_change where id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut *conn)
        .await?;
    let row = row.map(|row| json("engine_change", &row.try_get::<String, _>("document")?));
    let Some(mut row): Option<ChangeRow> = row.transpose()? else {
        return Ok(None);
    };
    if row.phase != ChangePhase::Over {
        row.include(item::of_change(conn, id).await?);
    }
    Ok(Some(row))
}

/// Returns windows, open or closed, by their grants. One that the ledger does not know is left out.
pub async fn windows_of(
    conn: &mut StoreConnection,
    grants: &[&GrantId],
) -> Result<BTreeMap<GrantId, WindowRow>, StoreError> {
    if grants.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "select document from engine_window where id in ({})",
        places(grants.len())
    );
    let mut comparison = Comparison::default();
    loop {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone()));
        let query = grants
            .iter()
            .fold(query, |query, grant| query.bind(grant.as_str()));
        let rows = readable("engine_window", &query.fetch_all(&mut *conn).await?)?;
        if let Some(proven) = proven(conn, rows, &mut comparison).await? {
            let proven = proven.into_iter();
            return Ok(proven.map(|row| (row.window.grant.clone(), row)).collect());
        }
    }
}

/// Returns the writes to AWS that were intended, open or ended since an instant. They explain differences between two
/// reads.
pub async fn operations_since(
    conn: &mut StoreConnection,
    since: Timestamp,
) -> Result<Vec<OperationRow>, StoreError> {
    let rows = sqlx::query(
        "select document from engine_operation where over_at is null or over_at >= $1 or intended_at >= $1",
    )
    .bind(since.0)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| json("engine_operation", &row.try_get::<String, _>("document")?))
        .collect()
}

/// Upserts one row.
pub async fn write(tx: &mut Tx, write: &Write, now: Timestamp) -> Result<(), StoreError> {
    match write {
        Write::Resource(row) => key(tx, row).await,
        Write::Window(row) => window_row(tx, row).await,
        Write::Operation(row) => operation(tx, row, now).await,
        Write::Change(row) => change_row(tx, row, now).await,
        Write::Progress(row) => item::write(tx, row).await,
    }
}

async fn key(tx: &mut Tx, row: &ResourceRow) -> Result<(), StoreError> {
    let late = row.closing.filter(|closing| closing.alarms > 0);
    sqlx::query(
        "insert into engine_key (id, document, overdue_since) values ($1, $2, $3) on conflict (id) do update \
         set document = excluded.document, overdue_since = excluded.overdue_since",
    )
    .bind(key_id(&row.key))
    .bind(to_json(row))
    .bind(late.map(|closing| closing.since.0))
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn window_row(tx: &mut Tx, row: &WindowRow) -> Result<(), StoreError> {
    sqlx::query(
        "insert into engine_window (id, key_id, document, over_at) values ($1, $2, $3, $4) \
         on conflict (id) do update set document = excluded.document, over_at = excluded.over_at",
    )
    .bind(row.window.grant.as_str())
    .bind(key_id(&row.key))
    .bind(to_json(row))
    .bind(row.over.map(|at| at.0))
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn operation(tx: &mut Tx, row: &OperationRow, now: Timestamp) -> Result<(), StoreError> {
    let over = matches!(row.phase, Phase::Over(_)).then_some(now.0);
    sqlx::query(
        "insert into engine_operation (id, key_id, change_id, document, intended_at, over_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (id) do update set document = excluded.document, \
         over_at = excluded.over_at",
    )
    .bind(row.operation.as_str())
    .bind(key_id(&row.key))
    .bind(row.change.as_ref().map(|id| id.as_str().to_owned()))
    .bind(to_json(row))
    .bind(row.intended_at.0)
    .bind(over)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn change_row(tx: &mut Tx, row: &ChangeRow, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into engine_change (id, document, over_at) values ($1, $2, $3) \
         on conflict (id) do update set document = excluded.document, over_at = excluded.over_at",
    )
    .bind(row.change.as_str())
    .bind(to_json(row))
    .bind((row.phase == ChangePhase::Over).then_some(now.0))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the database id of a resource: its parts, joined by `|`, which none of them contains.
fn key_id(key: &AccessResource) -> String {
    match key {
        AccessResource::Assignment(a) => {
            format!(
                "{}|{}|{}|{}",
                a.pair.account,
                a.pair.set,
                a.principal.kind(),
                a.principal.id()
            )
        }
        AccessResource::Membership { group, user } => format!("{group}|{user}"),
    }
}

async fn documents<T: serde::de::DeserializeOwned>(
    conn: &mut StoreConnection,
    table: &'static str,
    sql: &'static str,
) -> Result<Vec<T>, StoreError> {
    readable(table, &sqlx::query(sql).fetch_all(conn).await?)
}

/// Returns the documents in these rows, without those that cannot be read.
fn readable<T: serde::de::DeserializeOwned>(
    table: &'static str,
    rows: &[AnyRow],
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        match json(table, &row.try_get::<String, _>("document")?) {
            Ok(document) => found.push(document),
            // One bad row must not stop every removal. What the ledger holds open is managed without it.
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a row is skipped because it cannot be read"
                );
            }
        }
    }
    Ok(found)
}

/// A window as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWindow {
    pub id: String,
    /// Whether the column marks it as over.
    pub over: bool,
    /// The row; none if the column cannot be parsed.
    pub document: Option<WindowRow>,
}

/// Returns all windows, open or closed.
pub async fn window_rows(conn: &mut StoreConnection) -> Result<Vec<StoredWindow>, StoreError> {
    let rows: Vec<(String, Option<i64>, String)> =
        sqlx::query_as("select id, over_at, document from engine_window order by id")
            .fetch_all(conn)
            .await?;
    let row = |(id, over, document): (_, Option<i64>, String)| StoredWindow {
        id,
        over: over.is_some(),
        document: serde_json::from_str(&document).ok(),
    };
    Ok(rows.into_iter().map(row).collect())
}
