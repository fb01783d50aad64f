//! Entries as proof of rows: what the ledger says of a change's decisions and of somebody's roles.
//!
//! Nothing is read from the columns beside an entry but where to look: they are no part of what is
//! signed. Bytes that do not stand in the tree at their number are not taken for an entry, so that a
//! row put into one table by hand proves nothing. Whether the whole log holds is for its verifier.

use domain::{
    ids::{ChangeId, PersonId},
    ledger::{
        Entry, Hash,
        said::{Decisions, Said},
        tree,
    },
};
use sqlx::AnyConnection;

use super::{LedgerError, count_of, hash, number};
use crate::store::StoreError;

/// Every decision on a change, and how often it was sent back.
pub async fn decisions(
    conn: &mut AnyConnection,
    change: &ChangeId,
) -> Result<Decisions, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where change_id = $1 \
         and type in ('change.submitted', 'change.approved', 'change.declined', 'change.sent_back') order by seq",
    )
    .bind(change.as_str())
    .fetch_all(&mut *conn)
    .await?;
    let said = heard(conn, rows).await?;
    Ok(said.changes().get(change).cloned().unwrap_or_default())
}

/// Every role that one person was given or lost.
pub async fn roles_of(conn: &mut AnyConnection, person: &PersonId) -> Result<Said, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where target_id = $1 \
         and type in ('role.granted', 'role.ended') order by seq",
    )
    .bind(person.as_str())
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Every role that anybody was given or lost.
pub async fn roles(conn: &mut AnyConnection) -> Result<Said, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where type in ('role.granted', 'role.ended') order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

async fn heard(conn: &mut AnyConnection, rows: Vec<(i64, String)>) -> Result<Said, StoreError> {
    let mut said = Said::default();
    for (seq, leaf) in rows {
        if let Some(entry) = entry(conn, seq, &leaf).await? {
            said.hear(&entry);
        } else {
            // Somebody put it there; the verifier names it. Here it must only not count.
            tracing::error!(seq, "a row of ledger_entry is no entry of the ledger");
        }
    }
    Ok(said)
}

/// The entry, if these are its bytes.
async fn entry(
    conn: &mut AnyConnection,
    seq: i64,
    leaf: &str,
) -> Result<Option<Entry>, StoreError> {
    let Ok(place) = count_of("ledger_entry", seq) else {
        return Ok(None);
    };
    let index = tree::leaf_index(place).map_err(LedgerError::from)?;
    let stored: Option<(String,)> = sqlx::query_as("select hash from ledger_hash where idx = $1")
        .bind(number(index)?)
        .fetch_optional(conn)
        .await?;
    let Some((stored,)) = stored else {
        return Ok(None);
    };
    if hash("ledger_hash", &stored)? != Hash::leaf(leaf.as_bytes()) {
        return Ok(None);
    }
    let parsed = Entry::parse(leaf.as_bytes()).ok();
    Ok(parsed
        .filter(|(position, _)| position.seq == place)
        .map(|(_, entry)| entry))
}
