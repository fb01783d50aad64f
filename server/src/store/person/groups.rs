//! The user pool groups of a sign-in as they were last seen.
//!
//! They are kept beyond every session, so that a group that somebody has left is detected however long they are away.
//! They grant nothing; rights depend on the current groups.

use std::collections::BTreeSet;

use domain::{ids::PersonId, person::Subject};

use super::sign_ins::{recorded, rows_of, sign_ins_of};
use crate::store::{StoreError, Tx, affected, json, to_json};

/// Stores the groups of a known subject and returns those stored before; empty the first time.
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

/// Whether a sign-in became one of its person by a link that people agreed to.
pub async fn is_joined(tx: &mut Tx, subject: &Subject) -> Result<bool, StoreError> {
    let known = recorded(tx.conn(), subject).await?;
    Ok(known.is_some_and(|known| known.from.is_some()))
}

/// Returns the groups in which the other sign-ins of a person were last seen, without those that joined it.
pub async fn groups_of_others(
    tx: &mut Tx,
    person: &PersonId,
    subject: &Subject,
) -> Result<BTreeSet<String>, StoreError> {
    let own = sign_ins_of(tx.conn(), person).await?.into_iter();
    let others = own.filter(|(other, known)| other != subject && known.from.is_none());
    let others: Vec<Subject> = others.map(|(other, _)| other).collect();
    let rows = rows_of(tx.conn(), &others).await?.into_values();
    Ok(rows.filter_map(|row| row.seen_groups).flatten().collect())
}
