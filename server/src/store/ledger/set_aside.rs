//! Moves entries that are not authentic out of the ledger, into a table of their own. The log goes on with their numbers,
//! so that it stays one chain that everybody can verify.
//!
//! Never moves an authentic entry: who may call this, and with whose consent, is decided by the command on the host.

use domain::{
    ledger::{Hash, tree},
    time::Timestamp,
};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Column as _, Row as _, any::AnyRow};

use super::{
    CaughtUp, LedgerError, NotAuthentic, VerifiedEnd, catch_up, count_of, hash, mac::MacedEntry,
    maced_entries, number,
};
use crate::store::{DatabaseEngine, StoreConnection, StoreError, Tx};

/// What a database holds behind the last authentic entry.
#[derive(Debug, Clone)]
pub struct FalseEnd {
    /// The end of the authentic entries.
    pub end: VerifiedEnd,
    /// The first entry that does not count, if there is one.
    pub fault: Option<NotAuthentic>,
    /// The end that the head row states.
    pub stated: (u64, Hash),
    /// Everything that is stored of each entry, as JSON.
    pub documents: Vec<String>,
    /// An authentic entry among them, which must not be set aside.
    pub authentic: Option<u64>,
}

impl FalseEnd {
    /// Returns whether there is nothing to set aside or to correct.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.stated == (self.end.size, self.end.leaf)
    }

    /// Returns a digest of what would be set aside.
    pub fn digest(&self) -> Hash {
        let mut text = format!("{} {} {}", self.end.size, self.stated.0, self.stated.1);
        for document in &self.documents {
            text.push('\n');
            text.push_str(document);
        }
        Hash::of(text.as_bytes())
    }
}

/// Locks the head, and returns what is behind the last authentic entry.
pub async fn false_end(tx: &mut Tx) -> Result<FalseEnd, StoreError> {
    let head: Option<(i64, String)> = sqlx::query_as(
        "update ledger_head set size = size where id = 'head' returning size, last_hash",
    )
    .fetch_optional(tx.conn())
    .await?;
    let stated = match head {
        Some((size, last)) => (count_of("ledger_head", size)?, hash("ledger_head", &last)?),
        None => (0, Hash::ZERO),
    };
    let CaughtUp { end, fault } = catch_up(tx.conn()).await?;
    Ok(FalseEnd {
        end,
        fault,
        stated,
        documents: documents(tx, end.size).await?,
        authentic: authentic(tx, end.size).await?,
    })
}

/// Returns the first entry from a number on that is authentic by itself.
async fn authentic(tx: &mut Tx, mut from: u64) -> Result<Option<u64>, StoreError> {
    let tail = std::sync::Arc::clone(tx.conn().tail());
    let (keys, Some(log)) = (tail.keys()?, tail.log(tx.conn()).await?) else {
        return Ok(None);
    };
    loop {
        let page = maced_entries(tx.conn(), from).await?;
        let is_authentic = |entry: &&MacedEntry| entry.verified(keys, &log).is_some();
        if let Some(found) = page.iter().find(is_authentic) {
            return Ok(found.seq);
        }
        match page.last().and_then(|last| last.seq) {
            Some(last) if last >= from => from = last + 1,
            _ => return Ok(None),
        }
    }
}

/// Returns everything that is stored of the entries from a number on, and of those with an impossible number.
async fn documents(tx: &mut Tx, from: u64) -> Result<Vec<String>, StoreError> {
    let mut documents = Vec::new();
    for (table, order) in [
        ("ledger_entry", "seq"),
        ("ledger_mac", "seq"),
        ("ledger_private", "seq, path"),
    ] {
        let sql = format!("select * from {table} where seq >= $1 or seq < 0 order by {order}");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(number(from)?)
            .fetch_all(tx.conn())
            .await?;
        documents.extend(rows.iter().map(|row| document(table, row)));
    }
    Ok(documents)
}

fn document(table: &str, row: &AnyRow) -> String {
    let value = |at: usize| match row.try_get::<Option<i64>, _>(at) {
        Ok(number) => number.map_or(Value::Null, Value::from),
        Err(_) => match row.try_get::<Option<String>, _>(at) {
            Ok(text) => text.map_or(Value::Null, Value::from),
            // A writer of the database can store any value in a column of SQLite.
            Err(_) => row.try_get::<Vec<u8>, _>(at).map_or(Value::Null, |bytes| {
                Value::from(format!("bytes {}", hex::encode(bytes)))
            }),
        },
    };
    let columns = row.columns().iter().enumerate();
    let mut members: Map<String, Value> = columns
        .map(|(at, column)| (column.name().to_owned(), value(at)))
        .collect();
    members.insert("table".to_owned(), table.into());
    Value::Object(members).to_string()
}

/// Returns a digest of documents, in whatever order they are.
pub fn documents_digest(documents: &[String]) -> Hash {
    let mut sorted: Vec<&str> = documents.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    Hash::of(sorted.join("\n").as_bytes())
}

/// Returns the documents that were set aside together with an entry that records it. Nothing in them is trusted.
pub async fn set_aside_by(
    conn: &mut StoreConnection,
    entry: u64,
) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        sqlx::query_as("select document from ledger_set_aside where entry = $1")
            .bind(number(entry)?)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(document,)| document).collect())
}

/// Keeps the documents, deletes the entries behind the authentic end, and corrects the head. `entry` is the number of the
/// entry that records it in the same transaction.
pub async fn set_aside(
    tx: &mut Tx,
    engine: DatabaseEngine,
    found: &FalseEnd,
    ids: impl Fn() -> String,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(seq) = found.authentic {
        return Err(LedgerError::Authentic { seq }.into());
    }
    for document in &found.documents {
        sqlx::query(
            "insert into ledger_set_aside (id, entry, at, document) values ($1, $2, $3, $4)",
        )
        .bind(ids())
        .bind(number(found.end.size)?)
        .bind(now.0)
        .bind(document.as_str())
        .execute(tx.conn())
        .await?;
    }
    let triggers = lift(tx, engine).await?;
    for table in [
        "ledger_mac",
        "ledger_private",
        "ledger_token",
        "ledger_entry",
    ] {
        let sql = format!("delete from {table} where seq >= $1 or seq < 0");
        sqlx::query(AssertSqlSafe(sql))
            .bind(number(found.end.size)?)
            .execute(tx.conn())
            .await?;
    }
    let first = tree::leaf_index(found.end.size).map_err(LedgerError::from)?;
    sqlx::query("delete from ledger_hash where idx >= $1 or idx < 0")
        .bind(number(first)?)
        .execute(tx.conn())
        .await?;
    sqlx::query("update ledger_head set size = $1, last_hash = $2 where id = 'head'")
        .bind(number(found.end.size)?)
        .bind(found.end.leaf.hex())
        .execute(tx.conn())
        .await?;
    for statement in triggers {
        sqlx::query(AssertSqlSafe(statement))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// The tables whose triggers refuse a change.
const GUARDED: [&str; 4] = [
    "ledger_entry",
    "ledger_hash",
    "ledger_head",
    "ledger_private",
];

/// Lifts the triggers that keep the ledger from being changed, inside the transaction. Returns the statements that put
/// them back. The only place where the two engines differ: neither knows the statements of the other.
async fn lift(tx: &mut Tx, engine: DatabaseEngine) -> Result<Vec<String>, StoreError> {
    let mut back = Vec::new();
    for table in GUARDED {
        match engine {
            DatabaseEngine::Postgres => {
                let lift = format!("alter table {table} disable trigger user");
                sqlx::query(AssertSqlSafe(lift)).execute(tx.conn()).await?;
                back.push(format!("alter table {table} enable trigger user"));
            }
            DatabaseEngine::Sqlite => {
                let triggers: Vec<(String, String)> = sqlx::query_as(
                    "select name, sql from sqlite_master where type = 'trigger' and tbl_name = $1",
                )
                .bind(table)
                .fetch_all(tx.conn())
                .await?;
                for (name, sql) in triggers {
                    let lift = format!("drop trigger {name}");
                    sqlx::query(AssertSqlSafe(lift)).execute(tx.conn()).await?;
                    back.push(sql);
                }
            }
        }
    }
    Ok(back)
}
