//! Entries with their MACs, page by page, and the end that the head states at the same instant.
//!
//! Trusts nothing that it reads: whoever reads a page verifies it.

use domain::ledger::Hash;
use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    mac::{COLUMNS, JOINS, MacedEntry},
    number,
};
use crate::store::{StoreConnection, StoreError};

// Each query bounds the MACs as well: PostgreSQL derives no such bound, and could read all MACs before those of the page.

/// The maximum number of entries in memory.
pub(super) const PAGE: i64 = 500;

/// Returns the entries from a number on, with their MACs, one page.
pub async fn maced_entries(
    conn: &mut StoreConnection,
    from: u64,
) -> Result<Vec<MacedEntry>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from ledger_entry e {JOINS} and m.seq >= $1 where e.seq >= $1 order by e.seq limit $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(number(from)?)
        .bind(PAGE)
        .fetch_all(&mut *conn)
        .await?;
    Ok(rows.iter().map(MacedEntry::read).collect())
}

/// Returns the entries from a number on, one page, and the end that the head states; none if the head cannot be read. Both
/// are read at one instant, because others may append in between.
pub(super) async fn page_and_head(
    conn: &mut StoreConnection,
    from: u64,
) -> Result<(Vec<MacedEntry>, Option<(u64, Hash)>), StoreError> {
    let sql = format!(
        "select {COLUMNS}, (select size from ledger_head where id = 'head') as stated_size, \
         (select last_hash from ledger_head where id = 'head') as stated_hash \
         from ledger_entry e {JOINS} and m.seq >= $1 where e.seq >= $1 order by e.seq limit $2"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(number(from)?)
        .bind(PAGE)
        .fetch_all(&mut *conn)
        .await?;
    let stated = match rows.first() {
        Some(row) => stated_by(row),
        // Without an entry there is no row that contains the head. What is appended after this look is left to the next.
        None => end_of_empty(conn).await?,
    };
    Ok((rows.iter().map(MacedEntry::read).collect(), stated))
}

/// Reads the columns `stated_size` and `stated_hash`. A writer of the database can store any value there.
fn stated_by(row: &AnyRow) -> Option<(u64, Hash)> {
    let size: Option<i64> = row.try_get("stated_size").ok()?;
    let hash: Option<String> = row.try_get("stated_hash").ok()?;
    match (size, hash) {
        (None, None) => Some((0, Hash::ZERO)),
        (Some(size), Some(hash)) => {
            Some((u64::try_from(size).ok()?, Hash::parse_hex(hash.as_bytes())?))
        }
        _ => None,
    }
}

/// Returns the end that the head states while there is no entry. If the first one was appended meanwhile, it is the start.
async fn end_of_empty(conn: &mut StoreConnection) -> Result<Option<(u64, Hash)>, StoreError> {
    let row = sqlx::query(
        "select h.size as stated_size, h.last_hash as stated_hash from ledger_head h where h.id = 'head' \
         and not exists (select 1 from ledger_entry)",
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map_or(Some((0, Hash::ZERO)), |row| stated_by(&row)))
}
