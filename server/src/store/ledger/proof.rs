//! Entries as proof of rows: the projection of changes and their decisions, of roles, identities, access windows,
//! sessions and declared classifications.
//!
//! The columns next to an entry are used only to find it, because they are not signed. A leaf that does not match the
//! tree at its number is not accepted as an entry, so a row that was inserted into one table proves nothing. Whether
//! the whole log is intact is checked by the verifier. Which types of entries matter is stated by the projection alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{AccountId, ChangeId, GrantId, PersonId},
    ledger::{
        Entry, Hash,
        projection::{
            Decisions, OF_A_CHANGE, OF_ROLES, Projection,
            declarations::OF_DECLARATIONS,
            grants::{OF_WINDOWS, OF_WRITES},
            identities::{
                OF_A_SUSPENSION, OF_AN_AGREEMENT, OF_ONE_IDENTITY, OF_THE_ALARM, SUSPENDED,
            },
            sessions::OF_SESSIONS,
        },
        tree,
    },
};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{LedgerError, count_of, number};
use crate::store::{StoreError, places};

/// Returns a list of event types for SQL.
pub(super) fn type_list(types: &[&str]) -> String {
    let quoted: Vec<String> = types.iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

/// Returns the query for entries of these types, which also meet a condition.
fn select(condition: &str, types: &[&str]) -> String {
    format!(
        "select seq, leaf from ledger_entry where {condition} type in ({}) order by seq",
        type_list(types)
    )
}

/// Returns the condition that an entry is about an identity that has an entry of these types.
fn about_those_with(types: &[&str]) -> String {
    format!(
        "target_id in (select target_id from ledger_entry where type in ({})) and",
        type_list(types)
    )
}

/// Returns the projection of a change: the request, the decisions, how often it was sent back, and its progress.
pub async fn decisions(
    conn: &mut AnyConnection,
    change: &ChangeId,
) -> Result<Decisions, StoreError> {
    let sql = select("change_id = $1 and", &OF_A_CHANGE);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
    let sql = select("target_id = $1 and", &OF_ROLES);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(person.as_str())
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all roles.
pub async fn roles(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_ROLES);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of one identity.
pub async fn identity(
    conn: &mut AnyConnection,
    person: &PersonId,
) -> Result<Projection, StoreError> {
    let sql = select("target_id = $1 and", &OF_ONE_IDENTITY);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(person.as_str())
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all identities. Reads every entry about an identity: for commands on the host only.
pub async fn identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_ONE_IDENTITY);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all suspensions.
pub async fn suspensions(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_A_SUSPENSION);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity about which people agreed to something. Costs as much as there are such
/// identities.
pub async fn agreed_identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select(&about_those_with(&OF_AN_AGREEMENT), &OF_ONE_IDENTITY);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity that was ever suspended, with all its users.
pub async fn suspended_identities(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select(&about_those_with(&[SUSPENDED]), &OF_ONE_IDENTITY);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
    let sql = format!(
        "select seq, leaf from ledger_entry where type in ({}) order by seq desc limit $1",
        type_list(&OF_A_SUSPENSION)
    );
    let mut rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
    let sql = select("", &OF_THE_ALARM);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of some accounts.
pub async fn declarations_of(
    conn: &mut AnyConnection,
    accounts: &[&AccountId],
) -> Result<Projection, StoreError> {
    let condition = format!("account_id in ({}) and", places(accounts.len()));
    let sql = select(&condition, &OF_DECLARATIONS);
    let query = sqlx::query_as(AssertSqlSafe(sql));
    let query = accounts
        .iter()
        .fold(query, |query, account| query.bind(account.as_str()));
    let rows: Vec<(i64, String)> = query.fetch_all(&mut *conn).await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of all accounts.
pub async fn declarations(conn: &mut AnyConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_DECLARATIONS);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
    let query = sqlx::query_as(AssertSqlSafe(sql));
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
    let sql = select("", &OF_WINDOWS);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
        let sql = select("change_id = $1 and", &OF_WRITES);
        let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(change.as_str())
            .fetch_all(&mut *conn)
            .await?;
        apply(conn, projection, rows).await?;
    }
    Ok(())
}

/// Returns the projection of one session, by its public id.
pub async fn session(conn: &mut AnyConnection, name: &str) -> Result<Projection, StoreError> {
    let sql = select("session = $1 and", &OF_SESSIONS);
    let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
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
