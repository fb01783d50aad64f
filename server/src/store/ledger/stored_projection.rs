//! The stored projection: what the entries up to an end of the ledger say, so that a start applies the entries behind it
//! only.
//!
//! It is JSON like every other document of the database, because an item of a change is JSON of any form; who looks for a
//! fault can read it. It has a MAC by the row key over all of it. What has no valid MAC, is of another format or of an end
//! that the ledger does not contain is not used: then the entries are applied from the first one on. An older one that was
//! put back changes nothing, because the entries behind it are verified and applied.
//!
//! Entries before the end are not verified by who begins with it. Never used by what verifies the whole ledger.

use domain::ledger::{Hash, LogName, projection::Projection};
use sqlx::{Row as _, any::AnyRow};
use thiserror::Error;

use super::{VerifiedEnd, end_at, number};
use crate::{
    row_key::RowKeys,
    store::{StoreConnection, StoreError, Tx},
};

/// What the MAC of a stored projection is about.
const CONTEXT: &[u8] = b"leastwise ledger projection v1";
/// How many are kept of each format: two versions may run beside each other.
const KEPT: usize = 2;
const COLUMNS: &str = "size, format, end_mac, end_leaf, document, key_id, mac";

/// Why a stored projection is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotUsed {
    #[error(
        "it has no valid MAC: it was not written by Leastwise, or by a row key that is not known any more"
    )]
    Mac,
    #[error("another version of Leastwise wrote it")]
    Format,
    #[error("it cannot be read")]
    Document,
    #[error("the ledger does not contain its last entry")]
    End,
}

/// A projection as it is stored: nothing in it is trusted before it is opened.
#[derive(Debug, Clone)]
pub struct StoredProjection {
    /// The number in the row; `None` if it is not a valid one.
    pub size: Option<u64>,
    stored: Option<Columns>,
}

#[derive(Debug, Clone)]
struct Columns {
    format: u64,
    end_mac: Hash,
    end_leaf: Hash,
    document: String,
    key: String,
    mac: Hash,
}

impl StoredProjection {
    fn read(row: &AnyRow) -> Self {
        let count = |column| {
            let count: Option<i64> = row.try_get(column).ok();
            count.and_then(|count| u64::try_from(count).ok())
        };
        let hash = |column| {
            let hex: Option<String> = row.try_get(column).ok();
            hex.and_then(|hex| Hash::parse_hex(hex.as_bytes()))
        };
        let columns = || {
            Some(Columns {
                format: count("format")?,
                end_mac: hash("end_mac")?,
                end_leaf: hash("end_leaf")?,
                document: row.try_get("document").ok()?,
                key: row.try_get("key_id").ok()?,
                mac: hash("mac")?,
            })
        };
        Self {
            size: count("size"),
            stored: columns(),
        }
    }

    /// Returns the end that it is of.
    pub fn end(&self) -> Option<VerifiedEnd> {
        let stored = self.stored.as_ref()?;
        Some(VerifiedEnd {
            size: self.size?,
            mac: stored.end_mac,
            leaf: stored.end_leaf,
        })
    }

    /// Checks the MAC.
    pub fn authenticate(&self, keys: &RowKeys, log: &LogName) -> Result<(), NotUsed> {
        let (stored, end) = self.stored.as_ref().zip(self.end()).ok_or(NotUsed::Mac)?;
        let numbers = numbers(stored.format, end.size);
        let parts = parts(log, &numbers, &end, &stored.document);
        let is_authentic = keys.verifies(&stored.key, &parts, &stored.mac);
        is_authentic.then_some(()).ok_or(NotUsed::Mac)
    }

    /// Returns the projection. Proves nothing about who wrote it.
    pub fn projection(&self) -> Result<Projection, NotUsed> {
        let stored = self.stored.as_ref().ok_or(NotUsed::Document)?;
        if stored.format != u64::from(Projection::FORMAT) {
            return Err(NotUsed::Format);
        }
        serde_json::from_str(&stored.document).map_err(|_| NotUsed::Document)
    }
}

fn numbers(format: u64, size: u64) -> [u8; 16] {
    let mut numbers = [0; 16];
    numbers[..8].copy_from_slice(&format.to_be_bytes());
    numbers[8..].copy_from_slice(&size.to_be_bytes());
    numbers
}

fn parts<'a>(
    log: &'a LogName,
    numbers: &'a [u8; 16],
    end: &'a VerifiedEnd,
    document: &'a str,
) -> [&'a [u8]; 6] {
    let log = log.as_str().as_bytes();
    let document = document.as_bytes();
    [CONTEXT, log, numbers, &end.mac.0, &end.leaf.0, document]
}

/// Returns the newest stored projection that counts, with the end that it is of; none if there is none.
pub(super) async fn newest(
    conn: &mut StoreConnection,
    keys: &RowKeys,
    log: &LogName,
) -> Result<Option<(VerifiedEnd, Projection)>, StoreError> {
    let mut below = i64::MAX;
    for _ in 0..KEPT {
        let sql = format!(
            "select {COLUMNS} from ledger_projection where format = $2 and size < $1 \
             order by size desc limit 1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(below)
            .bind(i64::from(Projection::FORMAT))
            .fetch_optional(&mut *conn)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let stored = StoredProjection::read(&row);
        drop(row);
        match opened(conn, &stored, keys, log).await? {
            Ok(found) => return Ok(Some(found)),
            Err(why) => {
                tracing::warn!(
                    size = stored.size,
                    "a stored projection of the ledger is not used: {why}"
                );
            }
        }
        let Some(size) = stored.size else {
            return Ok(None);
        };
        below = number(size)?;
    }
    Ok(None)
}

async fn opened(
    conn: &mut StoreConnection,
    stored: &StoredProjection,
    keys: &RowKeys,
    log: &LogName,
) -> Result<Result<(VerifiedEnd, Projection), NotUsed>, StoreError> {
    if let Err(why) = stored.authenticate(keys, log) {
        return Ok(Err(why));
    }
    let last = stored.end().filter(|end| end.size > 0);
    let found = match last {
        Some(end) => end_at(conn, end.size - 1, log).await?,
        None => None,
    };
    Ok(match found.filter(|found| Some(*found) == last) {
        Some(end) => stored.projection().map(|projection| (end, projection)),
        None => Err(NotUsed::End),
    })
}

/// Stores the projection of an end, and deletes all others of this format but the one before. `document` is its JSON.
pub async fn store_projection(
    tx: &mut Tx,
    log: &LogName,
    end: &VerifiedEnd,
    document: &str,
) -> Result<(), StoreError> {
    let keys = tx.conn().tail().keys()?.clone();
    let format = u64::from(Projection::FORMAT);
    let numbers = numbers(format, end.size);
    let mac = keys.mac(&parts(log, &numbers, end, document));
    sqlx::query(
        "insert into ledger_projection (size, format, end_mac, end_leaf, document, key_id, mac) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (format, size) do update set \
         end_mac = excluded.end_mac, end_leaf = excluded.end_leaf, document = excluded.document, \
         key_id = excluded.key_id, mac = excluded.mac",
    )
    .bind(number(end.size)?)
    .bind(i64::from(Projection::FORMAT))
    .bind(end.mac.hex())
    .bind(end.leaf.hex())
    .bind(document)
    .bind(keys.id().as_str())
    .bind(mac.hex())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "delete from ledger_projection where format = $2 and (size > $1 or size < (select coalesce(max(size), 0) \
         from ledger_projection where format = $2 and size < $1))",
    )
    .bind(number(end.size)?)
    .bind(i64::from(Projection::FORMAT))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Deletes all stored projections: the entries that they are of count no longer, or have other MACs.
pub async fn forget_projections(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query("delete from ledger_projection")
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Returns all stored projections, smallest end first.
pub async fn stored_projections(
    conn: &mut StoreConnection,
) -> Result<Vec<StoredProjection>, StoreError> {
    let sql = format!("select {COLUMNS} from ledger_projection order by size");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(StoredProjection::read).collect())
}
