//! The items of changes and the rows of the decisions on them, in one statement however many changes there are.
//!
//! Nothing in them counts yet: `found` compares them with the ledger.

use std::collections::BTreeMap;

use domain::{approval::Approval, change::StoredItem, ids::ChangeId};
use sqlx::{Row as _, any::AnyRow};

use super::{AT_ONCE, decision::approval};
use crate::store::{StoreConnection, StoreError, id, places};

/// The number of items of each change that a list loads. A change with more of them is listed by the first one.
const LISTED: i64 = 16;

/// Which items of a change are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemsLoaded {
    All,
    /// The first ones, for a list.
    First,
}

/// The items of a change in the order of their numbers, and the rows of the decisions on it, oldest first.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub items: Vec<StoredItem>,
    pub approvals: Vec<Approval>,
}

/// Returns the parts of each of these changes.
pub(super) async fn of_changes(
    conn: &mut StoreConnection,
    changes: &[ChangeId],
    loaded: ItemsLoaded,
) -> Result<BTreeMap<ChangeId, Parts>, StoreError> {
    let mut found: BTreeMap<ChangeId, Parts> = BTreeMap::new();
    let below = match loaded {
        ItemsLoaded::All => i64::MAX,
        ItemsLoaded::First => LISTED,
    };
    for some in changes.chunks(AT_ONCE) {
        let places = places(some.len());
        let sql = format!(
            "select change_id, number, version, document, null as approver, null as decision, null as reason, \
             null as effect_hash, null as at, null as round from change_item \
             where change_id in ({places}) and number < {below} \
             union all select change_id, null, null, null, approver, decision, reason, effect_hash, at, round \
             from approval where change_id in ({places})"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql));
        let query = some
            .iter()
            .fold(query, |query, change| query.bind(change.as_str()));
        for row in query.fetch_all(&mut *conn).await? {
            let change = id("change_item", &row.try_get::<String, _>("change_id")?)?;
            add(found.entry(change).or_default(), &row)?;
        }
    }
    for parts in found.values_mut() {
        parts.items.sort_by_key(|item| item.number);
        let approvals = &mut parts.approvals;
        approvals.sort_by(|one, other| (one.at, &one.approver).cmp(&(other.at, &other.approver)));
    }
    Ok(found)
}

fn add(parts: &mut Parts, row: &AnyRow) -> Result<(), StoreError> {
    match row.try_get::<Option<i64>, _>("number")? {
        Some(number) => parts.items.push(StoredItem {
            number,
            version: row.try_get("version")?,
            document: row.try_get("document")?,
        }),
        None => parts.approvals.push(approval(row)?),
    }
    Ok(())
}
