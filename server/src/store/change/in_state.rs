//! Changes with all their items, by state or by id, in a few queries however many they are.

use domain::{change::State, ids::ChangeId};
use sqlx::Row as _;

use super::{AT_ONCE, FoundChange, found::found_all, skipped};
use crate::store::{StoreConnection, StoreError, id, places};

/// Returns the changes in any of these states, oldest first, but for one.
pub async fn in_states(
    conn: &mut StoreConnection,
    states: &[State],
    except: Option<&ChangeId>,
) -> Result<Vec<FoundChange>, StoreError> {
    let words = (2..=states.len() + 1).map(|at| format!("${at}"));
    let sql = format!(
        "select * from change where id <> $1 and state in ({}) order by submitted_at",
        words.collect::<Vec<_>>().join(", ")
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(except.map_or("", ChangeId::as_str));
    let query = states
        .iter()
        .fold(query, |query, state| query.bind(state.as_str()));
    let rows = query.fetch_all(&mut *conn).await?;
    let mut all = found_all(conn, &rows).await?;
    // One that was read again can be in another state by now.
    all.retain(|found| states.contains(&found.state()));
    all.sort_by_key(FoundChange::submitted);
    Ok(all)
}

/// Returns the id and version of each change in a state, oldest first.
pub async fn versions(
    conn: &mut StoreConnection,
    state: State,
) -> Result<Vec<(ChangeId, i64)>, StoreError> {
    let rows = sqlx::query("select id, version from change where state = $1 order by submitted_at")
        .bind(state.as_str())
        .fetch_all(conn)
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        match id("change", &row.try_get::<String, _>("id")?) {
            Ok(change) => found.push((change, row.try_get("version")?)),
            Err(error) => skipped(&error),
        }
    }
    Ok(found)
}

/// Returns these changes with all their items, oldest first.
pub async fn find_all(
    conn: &mut StoreConnection,
    ids: &[ChangeId],
) -> Result<Vec<FoundChange>, StoreError> {
    let mut all = Vec::with_capacity(ids.len());
    for some in ids.chunks(AT_ONCE) {
        let sql = format!(
            "select * from change where id in ({}) order by submitted_at, id",
            places(some.len())
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        let rows = query.fetch_all(&mut *conn).await?;
        all.extend(found_all(conn, &rows).await?);
    }
    Ok(all)
}
