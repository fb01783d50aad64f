//! The pool's groups of a sign-in as they were last seen.
//!
//! They outlive every session: what somebody has left must stay left, however long they stay away.
//! They give nothing; rights come with what the pool says now.

use std::collections::BTreeSet;

use domain::person::Subject;

use crate::store::{StoreError, Tx, affected, json, to_json};

/// Notes the groups of a subject that is known; answers those that were seen before, none at first.
pub async fn see_groups(
    tx: &mut Tx,
    subject: &Subject,
    groups: &BTreeSet<String>,
) -> Result<BTreeSet<String>, StoreError> {
    let row: Option<(Option<String>,)> =
        sqlx::query_as("select seen_groups from subject where iss = $1 and sub = $2")
            .bind(&subject.iss)
            .bind(&subject.sub)
            .fetch_optional(tx.conn())
            .await?;
    let before = row.and_then(|(seen,)| seen);
    let before = before.map(|seen| json("subject", &seen)).transpose()?;
    let done = sqlx::query("update subject set seen_groups = $1 where iss = $2 and sub = $3")
        .bind(to_json(groups))
        .bind(&subject.iss)
        .bind(&subject.sub)
        .execute(tx.conn())
        .await?;
    affected(done.rows_affected(), "subject")?;
    Ok(before.unwrap_or_default())
}
