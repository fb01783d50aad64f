//! The version of the observed state: the order in which processes stored what they read of AWS. Each write names the
//! version that its process had in memory, so that none is a difference from something older.
//!
//! A row of a read counts only with its MAC by the row key. A version that no authentic row explains is passed over: a
//! process never loads or applies what a writer of the database asks it to.

use domain::{crawl::SingleRead, ledger::Hash, org::SpecialAccounts, time::Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{Row as _, any::AnyRow};

use crate::{
    row_key::RowKeys,
    store::{StoreConnection, StoreError, Tx, affected, json, to_json},
};

const ID: &str = "observed";
/// What the MAC of a read is about.
const CONTEXT: &[u8] = b"leastwise observed read v1";

/// What one version added to the version before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedRead {
    /// A crawl, which may have changed everything.
    Crawl,
    /// A read of one item, and when it was requested.
    Single { read: SingleRead, as_of: Timestamp },
}

/// What a process that has an older version has to do.
#[derive(Debug, PartialEq)]
pub enum Missed {
    /// Nothing is missing.
    Nothing,
    /// These reads are missing, in their order, up to the version.
    Reads {
        reads: Vec<(SingleRead, Timestamp)>,
        version: i64,
    },
    /// Everything has to be loaded: a crawl is missing, or a read that this version of Leastwise does not understand.
    Everything,
}

/// Returns the newest version.
pub async fn newest(conn: &mut StoreConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("select version from observed_version where id = $1")
        .bind(ID)
        .fetch_one(conn)
        .await?;
    Ok(row.try_get("version")?)
}

/// Begins to write the version after `known`, and makes other writers wait until this transaction ends. A conflict if
/// another process has written a version that this one does not know.
pub async fn advance(tx: &mut Tx, known: i64, read: &ObservedRead) -> Result<i64, StoreError> {
    let version = known + 1;
    let rows =
        sqlx::query("update observed_version set version = $1 where id = $2 and version = $3")
            .bind(version)
            .bind(ID)
            .bind(known)
            .execute(tx.conn())
            .await?;
    affected(rows.rows_affected(), "the observed state")?;
    if *read == ObservedRead::Crawl {
        sqlx::query("delete from observed_read where version < $1")
            .bind(version)
            .execute(tx.conn())
            .await?;
    }
    let keys = tx.conn().tail().keys()?.clone();
    let document = to_json(read);
    let number = version.to_be_bytes();
    let mac = keys.mac(&[CONTEXT, &number, document.as_bytes()]);
    sqlx::query(
        "insert into observed_read (version, document, key_id, mac) values ($1, $2, $3, $4)",
    )
    .bind(version)
    .bind(&document)
    .bind(keys.id().as_str())
    .bind(mac.hex())
    .execute(tx.conn())
    .await?;
    Ok(version)
}

/// Returns the document of a row if this installation wrote it as this version.
fn authentic(row: &AnyRow, version: i64, keys: &RowKeys) -> Option<String> {
    let document: String = row.try_get("document").ok()?;
    let key: String = row.try_get("key_id").ok()?;
    let mac: String = row.try_get("mac").ok()?;
    let mac = Hash::parse_hex(mac.as_bytes())?;
    let number = version.to_be_bytes();
    let parts = [CONTEXT, &number[..], document.as_bytes()];
    keys.verifies(&key, &parts, &mac).then_some(document)
}

/// Returns what a process that knows a version has missed.
pub async fn missed(conn: &mut StoreConnection, known: i64) -> Result<Missed, StoreError> {
    let newest = newest(conn).await?;
    if newest == known {
        return Ok(Missed::Nothing);
    }
    let keys = conn.tail().keys()?.clone();
    let rows = sqlx::query(
        "select version, document, key_id, mac from observed_read where version > $1 order by version",
    )
    .bind(known)
    .fetch_all(&mut *conn)
    .await?;
    let mut reads = Vec::with_capacity(rows.len());
    for row in &rows {
        let version: i64 = row.try_get("version")?;
        let Some(document) = authentic(row, version, &keys) else {
            tracing::error!(
                version,
                "a read of AWS that Leastwise did not write does not count"
            );
            continue;
        };
        // A newer version of Leastwise may have written what this one does not understand.
        match serde_json::from_str(&document) {
            Ok(ObservedRead::Single { read, as_of }) => reads.push((read, as_of)),
            Ok(ObservedRead::Crawl) | Err(_) => return Ok(Missed::Everything),
        }
    }
    Ok(Missed::Reads {
        reads,
        version: newest,
    })
}

/// Keeps which accounts have a special role in the organization.
pub async fn keep_special(tx: &mut Tx, special: &SpecialAccounts) -> Result<(), StoreError> {
    sqlx::query("update observed_version set special = $1 where id = $2")
        .bind(to_json(special))
        .bind(ID)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Returns which accounts had a special role at the last crawl; none before the first crawl.
pub async fn special(conn: &mut StoreConnection) -> Result<Option<SpecialAccounts>, StoreError> {
    let row = sqlx::query("select special from observed_version where id = $1")
        .bind(ID)
        .fetch_one(conn)
        .await?;
    let text: Option<String> = row.try_get("special")?;
    text.map(|text| json("observed_version", &text)).transpose()
}
