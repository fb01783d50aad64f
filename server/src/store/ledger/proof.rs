//! Entries as proof of rows: the projection of changes and their decisions, of roles, identities, access windows,
//! sessions and declared classifications.
//!
//! The columns next to an entry are used only to find it, because they are not signed. A leaf that does not match the
//! tree at its number is not accepted as an entry, so a row that was inserted into one table proves nothing. Whether
//! the whole log is intact is checked by the verifier.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{AccountId, ChangeId, GrantId, PersonId},
    ledger::{
        Entry, Hash,
        projection::{Decisions, Projection},
        tree,
    },
};
use sqlx::AnyConnection;

use super::{LedgerError, count_of, number};
use crate::store::{StoreError, places};

/// The types of entries about the link of an identity.
macro_rules! link_types {
    () => {
        "'identity.linked', 'identity.user_seen', 'identity.suspended', 'identity.confirmed', \
         'identity.alarm_included', 'identity.link_agreed', 'identity.joined', 'identity.link_ended', \
         'identity.claim_refused', 'identity.refusal_withdrawn'"
    };
}

/// The types of entries that begin or end a suspension.
macro_rules! suspension_types {
    () => {
        "'identity.suspended', 'identity.confirmed', 'identity.link_agreed', 'identity.link_ended'"
    };
}

/// Returns the projection of a change: the request, the decisions, how often it was sent back, and its progress.
pub async fn decisions(
    conn: &mut AnyConnection,
    change: &ChangeId,
) -> Result<Decisions, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where change_id = $1 \
         and type in ('change.submitted', 'change.refused', 'change.approved', 'change.declined', \
         'change.sent_back', 'change.started', 'change.verified', 'change.failed', 'change.withdrawn', \
         'change.expired') order by seq",
    )
    .bind(change.as_str())
    .fetch_all(&mut *conn)
    .await?;
    let projection = heard(conn, rows).await?;
    Ok(projection
        .changes()
        .get(change)
        .cloned()
        .unwrap_or_default())
}

/// Returns the projection of one person's roles.
pub async fn roles_of(
    conn: &mut AnyConnection,
    person: &PersonId,
) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where target_id = $1 \
         and type in ('role.granted', 'role.ended') order by seq",
    )
    .bind(person.as_str())
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of all roles.
pub async fn roles(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where type in ('role.granted', 'role.ended') order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of one identity.
pub async fn identity(
    conn: &mut AnyConnection,
    person: &PersonId,
) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where target_id = $1 and type in (",
        link_types!(),
        ") order by seq"
    ))
    .bind(person.as_str())
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of all identities. Reads every entry about an identity: for commands on the host only.
pub async fn identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where type in (",
        link_types!(),
        ") order by seq"
    ))
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of all suspensions.
pub async fn suspensions(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where type in (",
        suspension_types!(),
        ") order by seq"
    ))
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity about which people agreed to something. Costs as much as there are such
/// identities.
pub async fn agreed_identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where type in (",
        link_types!(),
        ") and target_id in (select target_id from ledger_entry where type in ('identity.link_agreed', \
         'identity.link_ended', 'identity.claim_refused')) order by seq"
    ))
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity that was ever suspended, with all its users.
pub async fn suspended_identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where type in (",
        link_types!(),
        ") and target_id in (select target_id from ledger_entry where type = 'identity.suspended') order by seq"
    ))
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// The projection of the newest entries about suspensions.
pub struct LastSuspensions {
    pub projection: Projection,
    /// The number of entries read.
    pub entries: usize,
}

/// Returns the projection of the newest entries that begin or end a suspension. What ends a suspension is newer than its
/// begin, so none that is found to be in force has ended.
pub async fn last_suspensions(
    conn: &mut AnyConnection,
    most: usize,
) -> Result<LastSuspensions, StoreError> {
    let mut rows: Vec<(i64, String)> = sqlx::query_as(concat!(
        "select seq, leaf from ledger_entry where type in (",
        suspension_types!(),
        ") order by seq desc limit $1"
    ))
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(&mut *conn)
    .await?;
    rows.reverse();
    let entries = rows.len();
    Ok(LastSuspensions {
        projection: heard(conn, rows).await?,
        entries,
    })
}

/// Returns the projection of the alarms about identities.
pub async fn identity_alarms(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where type in ('identity.alarm_raised', 'identity.alarm_ended') \
         order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of one account.
pub async fn declarations_of(
    conn: &mut AnyConnection,
    account: &AccountId,
) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where account_id = $1 \
         and type in ('account.declared', 'account.declaration_ended') order by seq",
    )
    .bind(account.as_str())
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of all accounts.
pub async fn declarations(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where type in ('account.declared', 'account.declaration_ended') \
         order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of one access window.
pub async fn grant(conn: &mut AnyConnection, grant: &GrantId) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("select seq, leaf from ledger_entry where grant_id = $1 order by seq")
            .bind(grant.as_str())
            .fetch_all(&mut *conn)
            .await?;
    heard(conn, rows).await
}

/// Returns the projection of several access windows.
pub async fn grants_of(
    conn: &mut AnyConnection,
    grants: &[&GrantId],
) -> Result<Projection, StoreError> {
    let sql = format!(
        "select seq, leaf from ledger_entry where grant_id in ({}) order by seq",
        places(grants.len())
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = grants
        .iter()
        .fold(query, |query, grant| query.bind(grant.as_str()));
    let rows: Vec<(i64, String)> = query.fetch_all(&mut *conn).await?;
    heard(conn, rows).await
}

/// Returns the projection of the access windows with an open row.
pub async fn grants_with_rows(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where grant_id in \
         (select id from engine_window where over_at is null) order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Returns the projection of all access windows and removals, whatever rows exist.
pub async fn grants(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry \
         where type in ('grant.started', 'grant.stopped', 'grant.closed', 'grant.revoked', 'grant.ended') \
         order by seq",
    )
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

/// Adds the writes to AWS of some changes to a projection.
pub async fn add_work(
    conn: &mut AnyConnection,
    projection: &mut Projection,
    changes: &BTreeSet<ChangeId>,
) -> Result<(), StoreError> {
    for change in changes {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "select seq, leaf from ledger_entry where change_id = $1 \
             and type in ('operation.intended', 'operation.verified') order by seq",
        )
        .bind(change.as_str())
        .fetch_all(&mut *conn)
        .await?;
        apply(conn, projection, rows).await?;
    }
    Ok(())
}

/// Returns the projection of one session, by its public id.
pub async fn session(conn: &mut AnyConnection, name: &str) -> Result<Projection, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "select seq, leaf from ledger_entry where session = $1 \
         and type in ('session.started', 'session.ended') order by seq",
    )
    .bind(Hash::of(name.as_bytes()).hex())
    .fetch_all(&mut *conn)
    .await?;
    heard(conn, rows).await
}

async fn heard(
    conn: &mut AnyConnection,
    rows: Vec<(i64, String)>,
) -> Result<Projection, StoreError> {
    let mut projection = Projection::default();
    apply(conn, &mut projection, rows).await?;
    Ok(projection)
}

/// The number of rows per tree query: one SQL text for both engines, and one round trip for most calls.
const ROWS: usize = 16;

async fn apply(
    conn: &mut AnyConnection,
    projection: &mut Projection,
    rows: Vec<(i64, String)>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let size: Option<(i64,)> = sqlx::query_as("select size from ledger_head")
        .fetch_optional(&mut *conn)
        .await?;
    // An entry beyond the head is in no signed tree, whatever other rows exist for it.
    let size = size.map_or(0, |(size,)| size);
    for chunk in rows.chunks(ROWS) {
        let mut in_tree = in_tree(conn, chunk).await?;
        in_tree.retain(|seq, _| i64::try_from(*seq).is_ok_and(|seq| seq < size));
        for (seq, leaf) in chunk {
            if let Some(entry) = entry(&in_tree, *seq, leaf) {
                projection.apply(&entry);
            } else {
                // The row was inserted into the database; the verifier reports it. Here it must only be ignored.
                tracing::error!(seq, "a row of ledger_entry is not an entry of the ledger");
            }
        }
    }
    Ok(())
}

/// Returns the leaf hashes that the tree holds for these entries.
async fn in_tree(
    conn: &mut AnyConnection,
    rows: &[(i64, String)],
) -> Result<BTreeMap<u64, Hash>, StoreError> {
    let mut concurrency = BTreeMap::new();
    for (seq, _) in rows {
        // A number without a place in the tree was inserted manually.
        if let Ok(seq) = count_of("ledger_entry", *seq) {
            let index = tree::leaf_index(seq).map_err(LedgerError::from)?;
            concurrency.insert(number(index)?, seq);
        }
    }
    let Some(last) = concurrency.keys().next_back().copied() else {
        return Ok(BTreeMap::new());
    };
    let mut query = sqlx::query_as(
        "select idx, hash from ledger_hash where idx in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
         $13, $14, $15, $16)",
    );
    for index in concurrency
        .keys()
        .copied()
        .chain(std::iter::repeat(last))
        .take(ROWS)
    {
        query = query.bind(index);
    }
    let found: Vec<(i64, String)> = query.fetch_all(conn).await?;
    let hashes = found.into_iter().filter_map(|(index, hex)| {
        Some((*concurrency.get(&index)?, Hash::parse_hex(hex.as_bytes())?))
    });
    Ok(hashes.collect())
}

/// Parses the entry if the tree contains its leaf.
fn entry(in_tree: &BTreeMap<u64, Hash>, seq: i64, leaf: &str) -> Option<Entry> {
    let place = u64::try_from(seq).ok()?;
    if in_tree.get(&place) != Some(&Hash::leaf(leaf.as_bytes())) {
        return None;
    }
    let (position, entry) = Entry::parse(leaf.as_bytes()).ok()?;
    (position.seq == place).then_some(entry)
}

#[cfg(test)]
mod tests {
    use domain::ledger::projection::identities::{OF_A_SUSPENSION, OF_ONE_IDENTITY};

    #[test]
    fn every_type_that_changes_an_identity_is_read_for_it() {
        for word in OF_ONE_IDENTITY {
            assert!(link_types!().contains(&format!("'{word}'")), "{word}");
        }
    }

    #[test]
    fn every_type_that_begins_or_ends_a_suspension_is_read_for_it() {
        for word in OF_A_SUSPENSION {
            assert!(suspension_types!().contains(&format!("'{word}'")), "{word}");
        }
    }
}
