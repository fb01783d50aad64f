//! The items of changes, in rows of their own. They are written with their change and never again.

use std::collections::BTreeMap;

use domain::{
    change::StoredItem,
    ids::ChangeId,
    ledger::items::{ItemsDigest, ItemsHasher},
};
use sqlx::{Row as _, any::AnyRow};

use crate::store::{Store, StoreConnection, StoreError, Tx};

/// The number of items in one statement, as for targets.
const ITEMS: usize = 500;

pub(super) async fn insert(
    tx: &mut Tx,
    change: &ChangeId,
    items: &[StoredItem],
) -> Result<(), StoreError> {
    for some in items.chunks(ITEMS) {
        let rows: Vec<String> = (0..some.len())
            .map(|at| format!("($1, ${}, ${}, ${})", 3 * at + 2, 3 * at + 3, 3 * at + 4))
            .collect();
        let sql = format!(
            "insert into change_item (change_id, number, version, document) values {}",
            rows.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(change.as_str());
        for item in some {
            query = query
                .bind(item.number)
                .bind(item.version)
                .bind(item.document.as_str());
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Returns the items of a change in the order of their numbers.
async fn of_change(
    conn: &mut StoreConnection,
    change: &ChangeId,
) -> Result<Vec<StoredItem>, StoreError> {
    let rows = sqlx::query(
        "select number, version, document from change_item where change_id = $1 order by number",
    )
    .bind(change.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(item).collect()
}

fn item(row: &AnyRow) -> Result<StoredItem, StoreError> {
    Ok(StoredItem {
        number: row.try_get("number")?,
        version: row.try_get("version")?,
        document: row.try_get("document")?,
    })
}

/// The number of items that a verification holds in memory.
const PAGE: i64 = 5_000;

/// Returns the digest of the items of every change, for verification. Nothing in the rows is trusted: the id of a change
/// is any text.
pub async fn item_digests(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<String, ItemsDigest>, StoreError> {
    let mut hashers: BTreeMap<String, ItemsHasher> = BTreeMap::new();
    let (mut change, mut number) = (String::new(), i64::MIN);
    loop {
        let rows = sqlx::query(
            "select change_id, number, version, document from change_item \
             where (change_id, number) > ($1, $2) order by change_id, number limit $3",
        )
        .bind(change.as_str())
        .bind(number)
        .bind(PAGE)
        .fetch_all(&mut *conn)
        .await?;
        let Some(last) = rows.last() else {
            let done = hashers.into_iter();
            return Ok(done.map(|(id, hasher)| (id, hasher.finish())).collect());
        };
        (change, number) = (last.try_get("change_id")?, last.try_get("number")?);
        for row in &rows {
            let id: String = row.try_get("change_id")?;
            hashers.entry(id).or_default().add(&item(row)?);
        }
    }
}

/// Returns the items of a change for an export or a verification.
pub async fn items_of(store: &Store, change: &ChangeId) -> Result<Vec<StoredItem>, StoreError> {
    let mut conn = store.connection().await?;
    of_change(&mut conn, change).await
}

/// Returns one item of a change, for verification.
pub async fn item_of(
    conn: &mut StoreConnection,
    change: &ChangeId,
    number: i64,
) -> Result<Option<StoredItem>, StoreError> {
    let row = sqlx::query(
        "select number, version, document from change_item where change_id = $1 and number = $2",
    )
    .bind(change.as_str())
    .bind(number)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(item).transpose()
}
