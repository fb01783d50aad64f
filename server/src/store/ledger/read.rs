//! Reading. A range that was read never changes, so a list needs no transaction.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ChangeId,
    ledger::{
        Hash, PrivateValue, Salt,
        tree::{self, Need},
    },
};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{LedgerError, MAX_WORDS, count_of, hash, number};
use crate::store::{Store, StoreError};

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
pub async fn head_and_end(store: &Store) -> Result<((u64, Hash), (u64, Hash)), StoreError> {
    type Row = (Option<i64>, Option<String>, Option<i64>, Option<String>);
    let (size, last_hash, seq, leaf): Row = sqlx::query_as(
        "select h.size, h.last_hash, e.seq, e.leaf from (select max(seq) as top from ledger_entry) m \
         left join ledger_head h on h.id = 'head' left join ledger_entry e on e.seq = m.top",
    )
    .fetch_one(store.read())
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
    /// The leaf of the entry that requested its change.
    pub request: Option<String>,
}

/// One list of columns for all lists.
macro_rules! listed_sql {
    ($rest:literal) => {
        concat!(
            "select e.seq, e.leaf, a.value as actor_name, p.value as principal_name, t.value as target_name, \
             (select r.leaf from ledger_entry r where r.change_id = e.change_id and r.type in ('change.submitted', \
             'change.refused') order by r.seq limit 1) as request from ledger_entry e \
             left join ledger_private a on a.seq = e.seq and a.path = '/actor/name' \
             left join ledger_private p on p.seq = e.seq and p.path = '/target/principal_name' \
             left join ledger_private t on t.seq = e.seq and t.path = '/target/name' ",
            $rest
        )
    };
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
    let rows = sqlx::query(listed_sql!("where e.seq < $1 order by e.seq desc limit $2"))
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
    let sql = listed_sql!(
        "join (select seq from ledger_token where token in ($1, $2, $3, $4, $5, $6, $7, $8) group by seq \
         having count(distinct token) = $9 order by seq desc limit $10 offset $11) found on found.seq = e.seq \
         order by e.seq desc"
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
    let rows = sqlx::query(listed_sql!("where e.change_id = $1 order by e.seq"))
        .bind(change.as_str())
        .fetch_all(store.read())
        .await?;
    rows.iter().map(listed_row).collect()
}

/// Returns one entry.
pub async fn listed(store: &Store, seq: u64) -> Result<Option<ListedEntry>, StoreError> {
    let row = sqlx::query(listed_sql!("where e.seq = $1"))
        .bind(number(seq)?)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(listed_row).transpose()
}

/// Returns the numbers before and after, if such entries exist.
pub async fn around(store: &Store, seq: u64) -> Result<(Option<u64>, Option<u64>), StoreError> {
    let size = head(store).await?.map_or(0, |head| head.size);
    Ok((
        seq.checked_sub(1),
        seq.checked_add(1).filter(|next| *next < size),
    ))
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
    /// The target id column.
    pub target: Option<String>,
    /// The access window column.
    pub grant: Option<String>,
    /// The session column.
    pub session: Option<String>,
}

/// Returns entries with a greater number, in order, so that all of them can be read in constant memory.
pub async fn entries_after(
    store: &Store,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<StoredEntry>, StoreError> {
    // A negative number was inserted manually and must be reported.
    let rows = sqlx::query(
        "select seq, leaf, leaf_hash, type, change_id, target_id, grant_id, session from ledger_entry \
         where seq >= $1 and (seq > $1 or $2 = 1) order by seq limit $3",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .bind(i64::from(limit))
    .fetch_all(store.read())
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
                target: row.try_get("target_id").ok(),
                grant: row.try_get("grant_id").ok(),
                session: row.try_get("session").ok(),
            })
        })
        .collect()
}

/// Returns the leaf hashes that the tree holds for these entries, given in order. Values that are not hashes are left
/// out.
pub async fn leaves_in_tree(
    store: &Store,
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
                .fetch_all(store.read())
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
    store: &Store,
    first: i64,
    last: i64,
) -> Result<Vec<StoredPrivate>, StoreError> {
    let rows = sqlx::query(
        "select seq, path, salt, value from ledger_private where seq >= $1 and seq <= $2 order by seq, path",
    )
    .bind(first)
    .bind(last)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
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
        })
        .collect()
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
    store: &Store,
    after: Option<i64>,
    last: i64,
) -> Result<BTreeMap<i64, BTreeSet<IndexTerm>>, StoreError> {
    let rows: Vec<(i64, String, String)> = sqlx::query_as(
        "select seq, token, path from ledger_token where seq >= $1 and (seq > $1 or $2 = 1) and seq <= $3",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .bind(last)
    .fetch_all(store.read())
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
pub async fn words_of_nobody(store: &Store, after: Option<i64>) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select distinct seq from ledger_token where (seq > $1 or $2 = 1) \
         and not exists (select 1 from ledger_entry e where e.seq = ledger_token.seq) order by seq",
    )
    .bind(after.unwrap_or(i64::MIN))
    .bind(i64::from(after.is_none()))
    .fetch_all(store.read())
    .await?;
    Ok(rows.into_iter().map(|(seq,)| seq).collect())
}

/// Returns the stored hashes that these computations need.
pub async fn tree_hashes(store: &Store, needs: &[Need]) -> Result<BTreeMap<u64, Hash>, StoreError> {
    let mut known = BTreeMap::new();
    let mut conn = store.read().acquire().await?;
    for need in needs {
        fetch(&mut conn, *need, &mut known).await?;
    }
    Ok(known)
}

/// Adds the stored hashes that a computation needs. A missing hash is left out, and the computation reports it.
pub(super) async fn fetch(
    conn: &mut AnyConnection,
    need: Need,
    known: &mut BTreeMap<u64, Hash>,
) -> Result<(), StoreError> {
    for index in need.indexes().map_err(LedgerError::from)? {
        if known.contains_key(&index) {
            continue;
        }
        let row: Option<(String,)> = sqlx::query_as("select hash from ledger_hash where idx = $1")
            .bind(number(index)?)
            .fetch_optional(&mut *conn)
            .await?;
        if let Some((hex,)) = row {
            known.insert(index, hash("ledger_hash", &hex)?);
        }
    }
    Ok(())
}
