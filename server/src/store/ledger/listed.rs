//! Entries for lists and pages, with the names that belong to them. A range that was read never changes, so a list needs
//! no transaction.

use std::collections::BTreeMap;

use domain::{ids::ChangeId, ledger::projection::REQUESTS};
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{MAX_WORDS, count_of, number};
use crate::store::{Store, StoreConnection, StoreError, id, places};

/// The number of changes in one statement.
const CHANGES: usize = 500;

/// An entry with the names that belong to it, unless they were erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEntry {
    pub seq: u64,
    /// The bytes of the leaf.
    pub leaf: String,
    /// `actor.name`.
    pub actor_name: Option<String>,
    /// `target.principal_name`.
    pub principal_name: Option<String>,
    /// `target.name`.
    pub target_name: Option<String>,
    /// The leaf of the entry that requested its change, for an entry about a change.
    pub request: Option<String>,
}

/// Returns a list of event types for SQL.
fn type_list(types: &[&str]) -> String {
    let quoted: Vec<String> = types.iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

/// Returns a query with one list of columns for all lists.
fn listed_sql(rest: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "select e.seq, e.leaf, e.change_id, a.value as actor_name, p.value as principal_name, t.value as target_name, \
         case when e.type like 'change.%' then (select r.leaf from ledger_entry r where r.change_id = e.change_id \
         and r.type in ({}) order by r.seq limit 1) end as request from ledger_entry e \
         left join ledger_private a on a.seq = e.seq and a.path = '/actor/name' \
         left join ledger_private p on p.seq = e.seq and p.path = '/target/principal_name' \
         left join ledger_private t on t.seq = e.seq and t.path = '/target/name' {rest}",
        type_list(&REQUESTS)
    ))
}

fn listed_row(row: &AnyRow) -> Result<ListedEntry, StoreError> {
    Ok(ListedEntry {
        seq: count_of("ledger_entry", row.try_get("seq")?)?,
        leaf: row.try_get("leaf")?,
        actor_name: row.try_get("actor_name")?,
        principal_name: row.try_get("principal_name")?,
        target_name: row.try_get("target_name")?,
        request: row.try_get("request")?,
    })
}

/// Returns the entries below a number, newest first.
pub async fn newest(store: &Store, below: u64, limit: u32) -> Result<Vec<ListedEntry>, StoreError> {
    let rows = sqlx::query(listed_sql("where e.seq < $1 order by e.seq desc limit $2"))
        .bind(number(below)?)
        .bind(i64::from(limit))
        .fetch_all(store.read())
        .await?;
    rows.iter().map(listed_row).collect()
}

/// Returns the entries that match all words, newest first.
pub async fn search(
    store: &Store,
    words: &[String],
    skip: u64,
    limit: u32,
) -> Result<Vec<ListedEntry>, StoreError> {
    let sql = listed_sql(
        "join (select seq from ledger_token where token in ($1, $2, $3, $4, $5, $6, $7, $8) group by seq \
         having count(distinct token) = $9 order by seq desc limit $10 offset $11) found on found.seq = e.seq \
         order by e.seq desc",
    );
    let rows = of_words(sqlx::query(sql), words)
        .bind(i64::from(limit))
        .bind(number(skip)?)
        .fetch_all(store.read())
        .await?;
    rows.iter().map(listed_row).collect()
}

/// Returns the number of entries that match all words.
pub async fn count(store: &Store, words: &[String]) -> Result<u64, StoreError> {
    let query = sqlx::query(
        "select count(*) as found from (select seq from ledger_token where token in \
         ($1, $2, $3, $4, $5, $6, $7, $8) group by seq having count(distinct token) = $9) matching",
    );
    let row = of_words(query, words).fetch_one(store.read()).await?;
    count_of("ledger_token", row.try_get("found")?)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Binds words without duplicates to `$1` to `$8`, padded with the last one, and their number to `$9`.
fn of_words<'q>(query: Query<'q>, words: &[String]) -> Query<'q> {
    let words = &words[..words.len().min(MAX_WORDS)];
    let padding = words.last().cloned().unwrap_or_default();
    let padded = words
        .iter()
        .cloned()
        .chain(std::iter::repeat(padding))
        .take(MAX_WORDS);
    padded
        .fold(query, Query::bind)
        .bind(i64::try_from(words.len()).unwrap_or(0))
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
    let mut found: BTreeMap<ChangeId, Vec<ListedEntry>> = BTreeMap::new();
    for some in changes.chunks(CHANGES) {
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
            found.entry(change).or_default().push(listed_row(&row)?);
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
    row.as_ref().map(listed_row).transpose()
}

/// Returns the numbers before and after, if such entries exist. The ledger was looked at when the request began.
pub fn around(store: &Store, seq: u64) -> (Option<u64>, Option<u64>) {
    let size = store.tail().verified().map_or(0, |end| end.size);
    (
        seq.checked_sub(1),
        seq.checked_add(1).filter(|next| *next < size),
    )
}
