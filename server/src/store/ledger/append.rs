//! Appending. The entry number and the tree's head are taken under one row lock, in the caller's transaction, so that
//! state and entry are written together or not at all. Never appends to an end that is not authentic.

use std::{collections::BTreeMap, ops::Range};

use domain::ledger::{
    Entry, Hash, LogName, Position, PrivateValue, Sealed,
    tree::{self, Need},
};

use super::{
    CaughtUp, LedgerError, VerifiedEnd, catch_up, count_of, hash, inconsistent, index_terms, mac,
    number, read::fetch,
};
use crate::store::{StoreError, Tx};

/// Appends an entry and returns its number. The transaction locks the head until it ends.
pub async fn append(tx: &mut Tx, log: &LogName, entry: &Entry) -> Result<u64, StoreError> {
    Ok(append_many(tx, log, std::slice::from_ref(entry))
        .await?
        .start)
}

/// Appends consecutive entries in this order and returns their numbers.
pub async fn append_many(
    tx: &mut Tx,
    log: &LogName,
    entries: &[Entry],
) -> Result<Range<u64>, StoreError> {
    let stated = lock(tx, log).await?;
    let mut end = authentic_end(tx, stated).await?;
    let keys = tx.conn().tail().keys()?.clone();
    let from = end;
    let (mut known, mut macs, mut appended) = (BTreeMap::new(), Vec::new(), Vec::new());
    for entry in entries {
        let place = Position {
            log: log.clone(),
            seq: end.size,
            prev: end.leaf,
        };
        let sealed = entry.seal(&place).map_err(LedgerError::from)?;
        insert_entry(tx, entry, &sealed).await?;
        grow_tree(tx, &sealed, &mut known).await?;
        insert_private(tx, end.size, &sealed.private).await?;
        insert_words(tx, end.size, &index_terms::of(entry, &sealed.private)).await?;
        let mac = mac::of_entry(&keys, log, end.size, &sealed.hash, &end.mac);
        let next = VerifiedEnd {
            size: end.size + 1,
            mac: mac.mac,
            leaf: sealed.hash,
        };
        macs.push((end.size, mac));
        let as_written = Entry::parse(&sealed.leaf);
        let as_written =
            as_written.map_err(|error| inconsistent("ledger_entry", error.to_string()));
        appended.push((next.place(), as_written?.1));
        end = next;
    }
    tx.conn().append_own(from, &appended, end);
    for some in macs.chunks(mac::ROWS) {
        mac::insert(tx, some).await?;
    }
    sqlx::query("update ledger_head set size = $1, last_hash = $2 where id = 'head'")
        .bind(number(end.size)?)
        .bind(end.leaf.hex())
        .execute(tx.conn())
        .await?;
    Ok(from.size..end.size)
}

/// Returns the end of the ledger if it is authentic and the head row states it, also for who gives every entry another MAC.
async fn authentic_end(tx: &mut Tx, stated: (u64, Hash)) -> Result<VerifiedEnd, StoreError> {
    let CaughtUp { end, fault } = catch_up(tx.conn()).await?;
    match fault.or_else(|| end.differs_from(Some(stated))) {
        None => Ok(end),
        Some(fault) => Err(LedgerError::NotAuthentic(fault).into()),
    }
}

/// Locks the head, and creates it for the first entry. Changes nothing in it, so that this transaction still sees the end
/// that it states. Returns that end.
async fn lock(tx: &mut Tx, log: &LogName) -> Result<(u64, Hash), StoreError> {
    let mut locked = locked_head(tx).await?;
    if locked.is_none() {
        sqlx::query(
            "insert into ledger_head (id, log, size, last_hash) values ('head', $1, 0, $2) \
             on conflict (id) do nothing",
        )
        .bind(log.as_str())
        .bind(Hash::ZERO.hex())
        .execute(tx.conn())
        .await?;
        locked = locked_head(tx).await?;
    }
    let (found, size, last_hash) = locked.ok_or(StoreError::Conflict("ledger_head"))?;
    if found != log.as_str() {
        return Err(LedgerError::OtherLog {
            found,
            configured: log.clone(),
        }
        .into());
    }
    Ok((
        count_of("ledger_head", size)?,
        hash("ledger_head", &last_hash)?,
    ))
}

async fn locked_head(tx: &mut Tx) -> Result<Option<(String, i64, String)>, StoreError> {
    let locked = sqlx::query_as(
        "update ledger_head set size = size where id = 'head' returning log, size, last_hash",
    );
    Ok(locked.fetch_optional(tx.conn()).await?)
}

async fn insert_entry(tx: &mut Tx, entry: &Entry, sealed: &Sealed) -> Result<(), StoreError> {
    let leaf = std::str::from_utf8(&sealed.leaf).expect("canonical JSON is UTF-8");
    let target = entry.target.as_ref();
    sqlx::query(
        "insert into ledger_entry (seq, type, occurred_at, outcome, actor, target, account_id, change_id, leaf, \
         leaf_hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(number(sealed.seq)?)
    .bind(entry.kind.as_str())
    .bind(entry.occurred_at.0)
    .bind(entry.outcome.as_str())
    .bind(entry.actor.person_id.as_ref().map(|person| person.as_str().to_owned()))
    .bind(target.map(|target| target.kind.clone()))
    .bind(target.and_then(|target| Some(target.account_id.as_ref()?.as_str().to_owned())))
    .bind(entry.change_id.as_ref().map(|change| change.as_str().to_owned()))
    .bind(leaf)
    .bind(sealed.hash.hex())
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn grow_tree(
    tx: &mut Tx,
    sealed: &Sealed,
    known: &mut BTreeMap<u64, Hash>,
) -> Result<(), StoreError> {
    fetch(tx.conn(), Need::Append { index: sealed.seq }, known).await?;
    for (index, hash) in tree::append(known, sealed.seq, sealed.hash).map_err(LedgerError::from)? {
        sqlx::query("insert into ledger_hash (idx, hash) values ($1, $2)")
            .bind(number(index)?)
            .bind(hash.hex())
            .execute(tx.conn())
            .await?;
        known.insert(index, hash);
    }
    Ok(())
}

async fn insert_private(tx: &mut Tx, seq: u64, values: &[PrivateValue]) -> Result<(), StoreError> {
    for value in values {
        sqlx::query("insert into ledger_private (seq, path, salt, value) values ($1, $2, $3, $4)")
            .bind(number(seq)?)
            .bind(&value.path)
            .bind(hex::encode(value.salt.0))
            // PostgreSQL cannot store NUL in text, and user input must not make an append fail: NUL was already
            // replaced when the value was created (`service::journal`).
            .bind(&value.value)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// The number of rows per statement: one SQL text for both engines, and one round trip for most entries.
const ROWS: usize = 16;

async fn insert_words(tx: &mut Tx, seq: u64, words: &[(String, String)]) -> Result<(), StoreError> {
    for chunk in words.chunks(ROWS) {
        let mut statement = sqlx::query(
            "insert into ledger_token (seq, token, path) values ($1, $2, $3), ($1, $4, $5), ($1, $6, $7), \
             ($1, $8, $9), ($1, $10, $11), ($1, $12, $13), ($1, $14, $15), ($1, $16, $17), ($1, $18, $19), \
             ($1, $20, $21), ($1, $22, $23), ($1, $24, $25), ($1, $26, $27), ($1, $28, $29), ($1, $30, $31), \
             ($1, $32, $33) on conflict (token, seq, path) do nothing",
        )
        .bind(number(seq)?);
        // A short chunk is padded with repetitions, which the conflict clause ignores.
        for (word, path) in chunk.iter().cycle().take(ROWS) {
            statement = statement.bind(word.as_str()).bind(path.as_str());
        }
        statement.execute(tx.conn()).await?;
    }
    Ok(())
}
