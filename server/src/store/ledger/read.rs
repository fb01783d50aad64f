//! Reading. A range that was read never changes, so a list needs no transaction.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::{
    Hash, PrivateValue, Salt,
    tree::{self, Need},
};
use sqlx::{Row as _, any::AnyRow};

use super::{LedgerError, StoredMac, count_of, hash, number};
use crate::store::{Store, StoreConnection, StoreError, places};

/// The number of hashes in one statement.
const AT_ONCE: usize = 500;

/// The head row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub log: String,
    /// The number of entries.
    pub size: u64,
    /// The leaf hash of the last entry.
    pub last_hash: Hash,
}

/// Returns the head; none before the first entry.
pub async fn head(store: &Store) -> Result<Option<Head>, StoreError> {
    let row: Option<(String, i64, String)> =
        sqlx::query_as("select log, size, last_hash from ledger_head where id = 'head'")
            .fetch_optional(store.read())
            .await?;
    row.map(|(log, size, last_hash)| {
        Ok(Head {
            log,
            size: count_of("ledger_head", size)?,
            last_hash: hash("ledger_head", &last_hash)?,
        })
    })
    .transpose()
}

/// Returns the number of entries and the hash of the last one, first according to the head and then according to the
/// entries. Both are read at one instant, because others may append in between.
pub async fn head_and_end(
    conn: &mut StoreConnection,
) -> Result<((u64, Hash), (u64, Hash)), StoreError> {
    type Row = (Option<i64>, Option<String>, Option<i64>, Option<String>);
    let (size, last_hash, seq, leaf): Row = sqlx::query_as(
        "select h.size, h.last_hash, e.seq, e.leaf from (select max(seq) as top from ledger_entry) m \
         left join ledger_head h on h.id = 'head' left join ledger_entry e on e.seq = m.top",
    )
    .fetch_one(conn)
    .await?;
    let said = match (size, last_hash) {
        (Some(size), Some(last_hash)) => (
            count_of("ledger_head", size)?,
            hash("ledger_head", &last_hash)?,
        ),
        _ => (0, Hash::ZERO),
    };
    let found = match (seq, leaf) {
        (Some(seq), Some(leaf)) => (
            count_of("ledger_entry", seq)? + 1,
            Hash::leaf(leaf.as_bytes()),
        ),
        _ => (0, Hash::ZERO),
    };
    Ok((said, found))
}

/// An entry as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The number in the row.
    pub seq: i64,
    /// The bytes of the leaf; none if the column contains no text.
    pub leaf: Option<String>,
    /// The leaf hash column; none if it contains no hash.
    pub leaf_hash: Option<Hash>,
    /// The type column.
    pub kind: Option<String>,
    /// The change column.
    pub change: Option<String>,
    /// None if there is no MAC, or none that can be read.
    pub mac: Option<StoredMac>,
}

/// Returns entries with a greater number, in order, so that all of them can be read in constant memory.
pub async fn entries_after(
    conn: &mut StoreConnection,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    // A negative number was inserted manually and must be reported.
    let rows = sqlx::query(
        "select e.seq, e.leaf, e.leaf_hash, e.type, e.change_id, m.key_id, m.mac, m.prev from ledger_entry e \
         left join ledger_mac m on m.seq = e.seq and m.seq >= $1 where e.seq >= $1 and (e.seq > $1 or $2 = 1) order by e.seq limit $3",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(StoredEntry {
                seq: row.try_get("seq")?,
                leaf: row.try_get("leaf").ok(),
                leaf_hash: row
                    .try_get::<String, _>("leaf_hash")
                    .ok()
                    .and_then(|hex| Hash::parse_hex(hex.as_bytes())),
                kind: row.try_get("type").ok(),
                change: row.try_get("change_id").ok(),
                mac: StoredMac::read(row),
            })
        })
        .collect()
}

/// Returns the leaf hashes that the tree holds for these entries, given in order. Values that are not hashes are left
/// out.
pub async fn leaves_in_tree(
    conn: &mut StoreConnection,
    seqs: impl IntoIterator<Item = u64>,
) -> Result<BTreeMap<u64, Hash>, StoreError> {
    // In an intact log, the numbers form one run.
    let mut runs: Vec<(i64, BTreeMap<i64, u64>)> = Vec::new();
    let mut next = None;
    for seq in seqs {
        // A number without a place in the tree was inserted manually and has no hash.
        let Ok(index) = tree::leaf_index(seq) else {
            continue;
        };
        let index = number(index)?;
        match runs.last_mut() {
            Some((_, run)) if next == Some(seq) => run.insert(index, seq),
            _ => {
                runs.push((index, BTreeMap::from([(index, seq)])));
                None
            }
        };
        next = seq.checked_add(1);
    }
    let mut leaves = BTreeMap::new();
    for (first, run) in runs {
        let last = run.keys().next_back().copied().unwrap_or(first);
        let rows: Vec<(i64, String)> =
            sqlx::query_as("select idx, hash from ledger_hash where idx >= $1 and idx <= $2")
                .bind(first)
                .bind(last)
                .fetch_all(&mut *conn)
                .await?;
        leaves.extend(rows.into_iter().filter_map(|(index, hex)| {
            Some((*run.get(&index)?, Hash::parse_hex(hex.as_bytes())?))
        }));
    }
    Ok(leaves)
}

/// A private value and the number of its entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPrivate {
    pub seq: i64,
    /// The value. An invalid salt is returned as zeros, which no value has.
    pub value: PrivateValue,
}

/// Returns the private values of a range of entries, both ends included, in order.
pub async fn private_of(
    conn: &mut StoreConnection,
    first: i64,
    last: i64,
) -> Result<Vec<StoredPrivate>, StoreError> {
    let rows = sqlx::query(
        "select seq, path, salt, value from ledger_private where seq >= $1 and seq <= $2 order by seq, path",
    )
    .bind(first)
    .bind(last)
    .fetch_all(conn)
    .await?;
    rows.iter().map(stored_private).collect()
}

fn stored_private(row: &AnyRow) -> Result<StoredPrivate, StoreError> {
    let salt: Option<String> = row.try_get("salt").ok();
    let salt = salt
        .and_then(|hex| Hash::parse_hex(hex.as_bytes()))
        .unwrap_or(Hash::ZERO);
    Ok(StoredPrivate {
        seq: row.try_get("seq")?,
        value: PrivateValue {
            path: row.try_get("path")?,
            salt: Salt(salt.0),
            value: row.try_get("value").unwrap_or_default(),
        },
    })
}

/// Returns the private values of these entries, in the order of their numbers.
pub async fn private_of_all(store: &Store, seqs: &[u64]) -> Result<Vec<StoredPrivate>, StoreError> {
    let mut found = Vec::new();
    for some in seqs.chunks(AT_ONCE) {
        let sql = format!(
            "select seq, path, salt, value from ledger_private where seq in ({}) order by seq, path",
            places(some.len())
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for seq in some {
            query = query.bind(number(*seq)?);
        }
        for row in &query.fetch_all(store.read()).await? {
            found.push(stored_private(row)?);
        }
    }
    found.sort_by_key(|one| one.seq);
    Ok(found)
}

/// A search word of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexTerm {
    pub word: String,
    /// The path of the private value from which it was derived, or empty.
    pub path: String,
}

/// Returns the words of all numbers in a range (exclusive start, inclusive end), whether or not entries exist for them.
pub async fn words_between(
    conn: &mut StoreConnection,
    after: Option<i64>,
    last: i64,
) -> Result<BTreeMap<i64, BTreeSet<IndexTerm>>, StoreError> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "select seq, token, path from ledger_token where seq >= $1 and (seq > $1 or $2 = 1) and seq <= $3",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .bind(last)
    .fetch_all(conn)
    .await?;
    let mut words: BTreeMap<i64, BTreeSet<IndexTerm>> = BTreeMap::new();
    for (seq, word, path) in rows {
        words
            .entry(seq)
            .or_default()
            .insert(IndexTerm { word, path });
    }
    Ok(words)
}

/// Returns the numbers above one that have words but no entry. Entry and words are always written together.
pub async fn words_of_nobody(
    conn: &mut StoreConnection,
    after: Option<i64>,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select distinct seq from ledger_token where (seq > $1 or $2 = 1) \
         and not exists (select 1 from ledger_entry e where e.seq = ledger_token.seq) order by seq",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Returns the stored hashes that these computations need.
pub async fn tree_hashes(store: &Store, needs: &[Need]) -> Result<BTreeMap<u64, Hash>, StoreError> {
    let mut needed = BTreeSet::new();
    for need in needs {
        needed.extend(need.indexes().map_err(LedgerError::from)?);
    }
    let mut known = BTreeMap::new();
    let mut conn = store.connection().await?;
    let needed: Vec<u64> = needed.into_iter().collect();
    for some in needed.chunks(AT_ONCE) {
        fetch_hashes(&mut conn, some, &mut known).await?;
    }
    Ok(known)
}

/// Adds the stored hashes that a computation needs, at most about 2 × log2 of the size. A missing hash is left out, and the
/// computation reports it.
pub(super) async fn fetch(
    conn: &mut StoreConnection,
    need: Need,
    known: &mut BTreeMap<u64, Hash>,
) -> Result<(), StoreError> {
    let needed: BTreeSet<u64> = need
        .indexes()
        .map_err(LedgerError::from)?
        .into_iter()
        .collect();
    let missing = needed.into_iter();
    let missing: Vec<u64> = missing.filter(|index| !known.contains_key(index)).collect();
    fetch_hashes(conn, &missing, known).await
}

async fn fetch_hashes(
    conn: &mut StoreConnection,
    indexes: &[u64],
    known: &mut BTreeMap<u64, Hash>,
) -> Result<(), StoreError> {
    if indexes.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "select idx, hash from ledger_hash where idx in ({})",
        places(indexes.len())
    );
    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    for index in indexes {
        query = query.bind(number(*index)?);
    }
    let rows: Vec<(i64, String)> = query.fetch_all(conn).await?;
    for (index, hex) in rows {
        known.insert(count_of("ledger_hash", index)?, hash("ledger_hash", &hex)?);
    }
    Ok(())
}
