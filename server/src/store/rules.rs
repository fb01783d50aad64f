//! The versions of the policies, and when each was in force.

use domain::{time::Timestamp, verdict::RulesVersion};

use super::{StoreError, Tx, to_json};

/// Activates policies. Returns whether they were not in force before.
pub async fn activate(
    tx: &mut Tx,
    version: &RulesVersion,
    texts: &[&str],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let held = sqlx::query("select version from rules where version = $1 and until is null")
        .bind(&version.0)
        .fetch_optional(tx.conn())
        .await?;
    if held.is_some() {
        return Ok(false);
    }
    sqlx::query("update rules set until = $1 where until is null")
        .bind(now.0)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into rules (version, document, since) values ($1, $2, $3) \
         on conflict (version) do update set since = excluded.since, until = null",
    )
    .bind(&version.0)
    .bind(to_json(&texts))
    .bind(now.0)
    .execute(tx.conn())
    .await?;
    Ok(true)
}
