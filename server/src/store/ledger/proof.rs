//! Entries as proof of rows: the projection of changes and their decisions, of roles, identities, access windows,
//! sessions and declared classifications.
//!
//! The columns next to an entry are used only to find it, because nothing authenticates them. An entry counts if its MAC is
//! valid and the connection has followed the tail of the ledger up to it or further; this is the only place that decides
//! it. Whether the whole log is intact is checked by the verifier. Which types of entries matter is stated by the projection
//! alone.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    ids::{AccountId, ChangeId, GrantId, PersonId},
    ledger::{
        Entry, Hash, LogName,
        projection::{
            Decisions, OF_A_CHANGE, OF_ROLES, Projection,
            declarations::OF_DECLARATIONS,
            grants::{OF_WINDOWS, OF_WRITES},
            identities::{
                OF_A_SUSPENSION, OF_AN_AGREEMENT, OF_ONE_IDENTITY, OF_THE_ALARM, SUSPENDED,
            },
            sessions::OF_SESSIONS,
        },
    },
};
use sqlx::{AssertSqlSafe, any::AnyRow};

use super::{
    VerifiedEnd, catch_up,
    mac::{COLUMNS, JOINS, MacedEntry},
};
use crate::{
    row_key::RowKeys,
    store::{StoreConnection, StoreError, places},
};

/// Returns a list of event types for SQL.
pub(super) fn type_list(types: &[&str]) -> String {
    let quoted: Vec<String> = types.iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

/// Returns the query for entries of these types, which also meet a condition.
fn select(condition: &str, types: &[&str]) -> String {
    format!(
        "select {COLUMNS} from ledger_entry e {JOINS} where {condition} e.type in ({}) order by e.seq",
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
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Decisions, StoreError> {
    let sql = select("change_id = $1 and", &OF_A_CHANGE);
    let rows = sqlx::query(AssertSqlSafe(sql))
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
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Projection, StoreError> {
    let sql = select("target_id = $1 and", &OF_ROLES);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(person.as_str())
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all roles.
pub async fn roles(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_ROLES);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of one identity.
pub async fn identity(
    conn: &mut StoreConnection,
    person: &PersonId,
) -> Result<Projection, StoreError> {
    let sql = select("target_id = $1 and", &OF_ONE_IDENTITY);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(person.as_str())
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all identities. Reads every entry about an identity: for commands on the host only.
pub async fn identities(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_ONE_IDENTITY);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all suspensions.
pub async fn suspensions(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_A_SUSPENSION);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity about which people agreed to something. Costs as much as there are such
/// identities.
pub async fn agreed_identities(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select(&about_those_with(&OF_AN_AGREEMENT), &OF_ONE_IDENTITY);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of every identity that was ever suspended, with all its users.
pub async fn suspended_identities(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select(&about_those_with(&[SUSPENDED]), &OF_ONE_IDENTITY);
    let rows = sqlx::query(AssertSqlSafe(sql))
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
    conn: &mut StoreConnection,
    most: usize,
) -> Result<LastSuspensions, StoreError> {
    let sql = format!(
        "select {COLUMNS} from ledger_entry e {JOINS} where e.type in ({}) order by e.seq desc limit $1",
        type_list(&OF_A_SUSPENSION)
    );
    let mut rows = sqlx::query(AssertSqlSafe(sql))
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
pub async fn identity_alarms(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_THE_ALARM);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of some accounts.
pub async fn declarations_of(
    conn: &mut StoreConnection,
    accounts: &[&AccountId],
) -> Result<Projection, StoreError> {
    let condition = format!("account_id in ({}) and", places(accounts.len()));
    let sql = select(&condition, &OF_DECLARATIONS);
    let query = sqlx::query(AssertSqlSafe(sql));
    let query = accounts
        .iter()
        .fold(query, |query, account| query.bind(account.as_str()));
    let rows = query.fetch_all(&mut *conn).await?;
    heard(conn, rows).await
}

/// Returns the projection of the declarations of all accounts.
pub async fn declarations(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_DECLARATIONS);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of several access windows.
pub async fn grants_of(
    conn: &mut StoreConnection,
    grants: &[&GrantId],
) -> Result<Projection, StoreError> {
    let sql = format!(
        "select {COLUMNS} from ledger_entry e {JOINS} where e.grant_id in ({}) order by e.seq",
        places(grants.len())
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    let query = grants
        .iter()
        .fold(query, |query, grant| query.bind(grant.as_str()));
    let rows = query.fetch_all(&mut *conn).await?;
    heard(conn, rows).await
}

/// Returns the projection of the access windows with an open row.
pub async fn grants_with_rows(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = format!(
        "select {COLUMNS} from ledger_entry e {JOINS} where e.grant_id in \
         (select id from engine_window where over_at is null) order by e.seq"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Returns the projection of all access windows and removals, whatever rows exist.
pub async fn grants(conn: &mut StoreConnection) -> Result<Projection, StoreError> {
    let sql = select("", &OF_WINDOWS);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

/// Adds the writes to AWS of some changes to a projection.
pub async fn add_work(
    conn: &mut StoreConnection,
    projection: &mut Projection,
    changes: &BTreeSet<ChangeId>,
) -> Result<(), StoreError> {
    for change in changes {
        let sql = select("change_id = $1 and", &OF_WRITES);
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(change.as_str())
            .fetch_all(&mut *conn)
            .await?;
        apply(conn, projection, rows).await?;
    }
    Ok(())
}

/// Returns the projection of one session, by its public id.
pub async fn session(conn: &mut StoreConnection, name: &str) -> Result<Projection, StoreError> {
    let sql = select("session = $1 and", &OF_SESSIONS);
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(Hash::of(name.as_bytes()).hex())
        .fetch_all(&mut *conn)
        .await?;
    heard(conn, rows).await
}

async fn heard(conn: &mut StoreConnection, rows: Vec<AnyRow>) -> Result<Projection, StoreError> {
    let mut projection = Projection::default();
    apply(conn, &mut projection, rows).await?;
    Ok(projection)
}

/// Applies the rows that are authentic. They are read before the tail is followed, so that no row is newer than the tail.
async fn apply(
    conn: &mut StoreConnection,
    projection: &mut Projection,
    rows: Vec<AnyRow>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let end = catch_up(conn).await?.end;
    let tail = Arc::clone(conn.tail());
    let (keys, Some(log)) = (tail.keys()?, tail.log(conn).await?) else {
        return Ok(());
    };
    for row in rows {
        let stored = MacedEntry::read(&row);
        match authentic(&stored, keys, &log, &end) {
            Some(entry) => {
                tail.is_restored(stored.seq.unwrap_or_default());
                projection.apply(&entry);
            }
            None => {
                if let Some(seq) = stored.seq.filter(|seq| *seq < end.size) {
                    tail.is_altered(seq);
                } else {
                    tracing::error!(seq = stored.seq, "an entry of the ledger does not count");
                }
            }
        }
    }
    Ok(())
}

/// Parses the entry if it is authentic and in its place.
fn authentic(
    stored: &MacedEntry,
    keys: &RowKeys,
    log: &LogName,
    end: &VerifiedEnd,
) -> Option<Entry> {
    let seq = stored.seq.filter(|seq| *seq < end.size)?;
    let (mac, _) = stored.verified(keys, log)?;
    // The number alone does not tell this entry from one of a transaction that was rolled back, or of a restored backup.
    let in_place = if seq + 1 == end.size {
        mac.mac == end.mac
    } else {
        stored.named_by_next.is_none_or(|named| named == mac.mac)
    };
    let (position, entry) = Entry::parse(stored.leaf.as_deref()?.as_bytes()).ok()?;
    (in_place && position.seq == seq).then_some(entry)
}
