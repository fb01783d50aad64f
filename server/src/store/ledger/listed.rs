//! Entries for lists and pages, with the names that belong to them, and whether they count. A range that was read never
//! changes, so a list needs no transaction.
//!
//! Also returns what does not count, because people must see it. Never returns it without saying so.

use std::collections::BTreeMap;

use domain::{
    ids::ChangeId,
    ledger::{Entry, Hash, PrivateValue, Salt, projection::REQUESTS},
};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Tail, count_of,
    mac::{COLUMNS, JOINS, MacedEntry, StoredMac},
    number,
};
use crate::store::{Store, StoreConnection, StoreError, id, places};

/// The number of changes or entries in one statement.
const AT_ONCE: usize = 500;

/// Whether an entry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticity {
    /// Leastwise wrote it at its place.
    Authentic,
    /// It has no valid MAC, or is behind an entry that does not count.
    NotAuthentic,
}

/// An entry with the names that belong to it, unless they were erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEntry {
    pub seq: u64,
    /// The bytes of the leaf.
    pub leaf: String,
    pub authenticity: Authenticity,
    /// `actor.name`.
    pub actor_name: Option<String>,
    /// `target.principal_name`.
    pub principal_name: Option<String>,
    /// `target.name`.
    pub target_name: Option<String>,
    /// The text of a comment, as it is stored. The leaf proves it.
    pub comment: Option<PrivateValue>,
    /// The leaf of the entry that requested its change, for an entry about a change, if that one counts.
    pub request: Option<String>,
}

/// The path of the text of a comment among the private values.
pub(super) const COMMENT: &str = "/private/comment";

/// Returns a list of event types for SQL.
pub(super) fn type_list(types: &[&str]) -> String {
    let quoted: Vec<String> = types.iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

/// Returns a query with one list of columns for all lists.
fn listed_sql(rest: &str) -> AssertSqlSafe<String> {
    let of_request = |column: &str| {
        format!(
            "(select r.{column} from ledger_entry r where r.change_id = e.change_id and r.type in ({}) \
             order by r.seq limit 1)",
            type_list(&REQUESTS)
        )
    };
    let of_change = |value: &str| format!("case when e.type like 'change.%' then {value} end");
    let seq = of_request("seq");
    let mac = format!(
        "(select q.key_id || ' ' || q.mac || ' ' || q.prev from ledger_mac q where q.seq = {seq})"
    );
    AssertSqlSafe(format!(
        "select {COLUMNS}, e.change_id, a.value as actor_name, p.value as principal_name, t.value as target_name, \
         c.salt as comment_salt, c.value as comment, {} as request_seq, {} as request, {} as request_mac from ledger_entry e {JOINS} \
         left join ledger_private a on a.seq = e.seq and a.path = '/actor/name' \
         left join ledger_private p on p.seq = e.seq and p.path = '/target/principal_name' \
         left join ledger_private t on t.seq = e.seq and t.path = '/target/name' \
         left join ledger_private c on c.seq = e.seq and c.path = '{COMMENT}' {rest}",
        of_change(&seq),
        of_change(&of_request("leaf")),
        of_change(&mac),
    ))
}

fn listed_row(row: &AnyRow, tail: &Tail) -> Result<ListedEntry, StoreError> {
    let leaf: String = row.try_get("leaf")?;
    Ok(ListedEntry {
        seq: count_of("ledger_entry", row.try_get("seq")?)?,
        authenticity: if tail.counts(&MacedEntry::read(row)) {
            Authenticity::Authentic
        } else {
            Authenticity::NotAuthentic
        },
        request: request_of(row, &leaf, tail)?,
        leaf,
        actor_name: row.try_get("actor_name")?,
        principal_name: row.try_get("principal_name")?,
        target_name: row.try_get("target_name")?,
        comment: comment_of(row)?,
    })
}

/// Returns the stored text of a comment. One whose salt cannot be read opens nothing.
fn comment_of(row: &AnyRow) -> Result<Option<PrivateValue>, StoreError> {
    let salt: Option<String> = row.try_get("comment_salt")?;
    let salt = salt.and_then(|salt| Hash::parse_hex(salt.as_bytes()));
    let value: Option<String> = row.try_get("comment")?;
    Ok(salt.zip(value).map(|(salt, value)| PrivateValue {
        path: COMMENT.to_owned(),
        salt: Salt(salt.0),
        value,
    }))
}

/// Returns the leaf of the request of an entry, if it counts and is of the same change: it was found by a column.
fn request_of(row: &AnyRow, leaf: &str, tail: &Tail) -> Result<Option<String>, StoreError> {
    let seq: Option<i64> = row.try_get("request_seq")?;
    let mac: Option<String> = row.try_get("request_mac")?;
    let request = MacedEntry {
        seq: seq.and_then(|seq| u64::try_from(seq).ok()),
        leaf: row.try_get("request")?,
        mac: mac.and_then(|mac| StoredMac::parse(&mac)),
    };
    if !tail.counts(&request) {
        return Ok(None);
    }
    let change = |leaf: &str| Some(Entry::parse(leaf.as_bytes()).ok()?.1.change_id);
    let is_same = |of: &String| change(of) == change(leaf);
    Ok(request.leaf.filter(is_same))
}

/// Returns these entries, as far as they exist, in ascending order of their numbers.
pub async fn listed_of(store: &Store, seqs: &[u64]) -> Result<Vec<ListedEntry>, StoreError> {
    let mut found = Vec::with_capacity(seqs.len());
    for some in seqs.chunks(AT_ONCE) {
        let rest = format!("where e.seq in ({}) order by e.seq", places(some.len()));
        let mut query = sqlx::query(listed_sql(&rest));
        for seq in some {
            query = query.bind(number(*seq)?);
        }
        let rows = query.fetch_all(store.read()).await?;
        for row in &rows {
            found.push(listed_row(row, store.tail())?);
        }
    }
    found.sort_by_key(|entry| entry.seq);
    Ok(found)
}

/// Returns the entries of a change, oldest first.
pub async fn of_change(store: &Store, change: &ChangeId) -> Result<Vec<ListedEntry>, StoreError> {
    let mut conn = store.connection().await?;
    let mut found = of_changes(&mut conn, std::slice::from_ref(change)).await?;
    Ok(found.remove(change).unwrap_or_default())
}

/// Returns the entries of each of these changes, oldest first.
pub async fn of_changes(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
) -> Result<BTreeMap<ChangeId, Vec<ListedEntry>>, StoreError> {
    let tail = conn.tail().clone();
    let mut found: BTreeMap<ChangeId, Vec<ListedEntry>> = BTreeMap::new();
    for some in changes.chunks(AT_ONCE) {
        let rest = format!(
            "where e.change_id in ({}) order by e.seq",
            places(some.len())
        );
        let query = sqlx::query(listed_sql(&rest));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        for row in query.fetch_all(&mut *conn).await? {
            let change = id("ledger_entry", &row.try_get::<String, _>("change_id")?)?;
            found
                .entry(change)
                .or_default()
                .push(listed_row(&row, &tail)?);
        }
    }
    Ok(found)
}

/// Returns one entry.
pub async fn listed(store: &Store, seq: u64) -> Result<Option<ListedEntry>, StoreError> {
    let row = sqlx::query(listed_sql("where e.seq = $1"))
        .bind(number(seq)?)
        .fetch_optional(store.read())
        .await?;
    row.map(|row| listed_row(&row, store.tail())).transpose()
}
