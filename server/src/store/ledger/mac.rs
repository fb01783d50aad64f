//! The MAC of an entry: by the row key, over the name of the log, the number, the leaf hash and the MAC of the entry
//! before.
//!
//! It binds an entry to its place, so an authentic entry of another place, another log or another installation is not
//! authentic here. The columns beside an entry are not covered: they are only used to find it.

use domain::ledger::{Hash, LogName};
use sqlx::{Row as _, any::AnyRow};

use super::number;
use crate::{
    row_key::RowKeys,
    store::{StoreError, Tx},
};

/// What the MAC of an entry is about.
const CONTEXT: &[u8] = b"leastwise ledger entry v1";

/// The MAC of an entry, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMac {
    /// The name of the key.
    pub key: String,
    pub mac: Hash,
    /// The MAC of the entry before, as it was when this one was written; zeros for the first entry.
    pub prev: Hash,
}

/// An entry with its MAC, as they are stored: nothing in it is trusted before it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacedEntry {
    /// The number; none if it is not a valid one.
    pub seq: Option<u64>,
    /// The bytes of the leaf; none if the column contains no text.
    pub leaf: Option<String>,
    /// None if there is no MAC, or none that can be read.
    pub mac: Option<StoredMac>,
}

/// The columns of [`MacedEntry`] in a query over `ledger_entry e` with [`JOINS`].
pub(super) const COLUMNS: &str = "e.seq, e.leaf, m.key_id, m.mac, m.prev";
/// The tables of [`COLUMNS`] beside `ledger_entry e`.
pub(super) const JOINS: &str = "left join ledger_mac m on m.seq = e.seq";

impl StoredMac {
    /// Reads the columns `key_id`, `mac` and `prev`.
    pub(super) fn read(row: &AnyRow) -> Option<Self> {
        Some(Self {
            key: row.try_get("key_id").ok()?,
            mac: hash_in(row, "mac")?,
            prev: hash_in(row, "prev")?,
        })
    }

    /// Parses the three columns, separated by spaces.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut next = || parts.next();
        Some(Self {
            key: next()?.to_owned(),
            mac: Hash::parse_hex(next()?.as_bytes())?,
            prev: Hash::parse_hex(next()?.as_bytes())?,
        })
    }

    /// Returns whether this is the MAC of an entry with this leaf hash at this number.
    pub fn authenticates(&self, keys: &RowKeys, log: &LogName, seq: u64, leaf: &Hash) -> bool {
        let seq = seq.to_be_bytes();
        keys.verifies(&self.key, &parts(log, &seq, leaf, &self.prev), &self.mac)
    }
}

/// Returns the hash in a column. A writer of the database can store any value there.
fn hash_in(row: &AnyRow, column: &str) -> Option<Hash> {
    let hex: String = row.try_get(column).ok()?;
    Hash::parse_hex(hex.as_bytes())
}

impl MacedEntry {
    pub(super) fn read(row: &AnyRow) -> Self {
        let seq: Option<i64> = row.try_get("seq").ok();
        Self {
            seq: seq.and_then(|seq| u64::try_from(seq).ok()),
            leaf: row.try_get("leaf").ok(),
            mac: StoredMac::read(row),
        }
    }

    /// Returns the MAC and the leaf hash if the MAC is valid for this leaf at this number.
    pub(super) fn verified(&self, keys: &RowKeys, log: &LogName) -> Option<(&StoredMac, Hash)> {
        let (seq, leaf, mac) = (self.seq?, self.leaf.as_deref()?, self.mac.as_ref()?);
        let leaf = Hash::leaf(leaf.as_bytes());
        mac.authenticates(keys, log, seq, &leaf)
            .then_some((mac, leaf))
    }
}

fn parts<'a>(log: &'a LogName, seq: &'a [u8; 8], leaf: &'a Hash, prev: &'a Hash) -> [&'a [u8]; 5] {
    [CONTEXT, log.as_str().as_bytes(), seq, &leaf.0, &prev.0]
}

/// Returns the MAC of an entry by the key in use.
pub(super) fn of_entry(
    keys: &RowKeys,
    log: &LogName,
    seq: u64,
    leaf: &Hash,
    prev: &Hash,
) -> StoredMac {
    let seq = seq.to_be_bytes();
    StoredMac {
        key: keys.id().as_str().to_owned(),
        mac: keys.mac(&parts(log, &seq, leaf, prev)),
        prev: *prev,
    }
}

/// The maximum number of MACs per statement.
pub(super) const ROWS: usize = 200;

/// Stores MACs, at most [`ROWS`].
pub(super) async fn insert(tx: &mut Tx, macs: &[(u64, StoredMac)]) -> Result<(), StoreError> {
    let Some(rows) = macs.len().checked_sub(1) else {
        return Ok(());
    };
    let row = |at: usize| {
        let first = at * 4 + 1;
        let columns = (first..first + 4).map(|at| format!("${at}"));
        format!("({})", columns.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..=rows).map(row).collect();
    let sql = format!(
        "insert into ledger_mac (seq, key_id, mac, prev) values {}",
        rows.join(", ")
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for (seq, stored) in macs {
        query = query
            .bind(number(*seq)?)
            .bind(stored.key.as_str())
            .bind(stored.mac.hex())
            .bind(stored.prev.hex());
    }
    query.execute(tx.conn()).await?;
    Ok(())
}
