//! What a change concerns, and the marks by which changes are found and counted.

use domain::{
    change::{Aim, Allowance},
    ids::ChangeId,
};

use crate::store::{StoreError, Tx};

/// A resource that a change affects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeTarget {
    /// `account`, `set`, `user`, `group`, `alarm`, `aim` or `allowance`.
    pub kind: &'static str,
    pub value: String,
}

impl ChangeTarget {
    /// Marks a change that raised an alarm about a removal, to find it for the home page.
    pub fn removal_alarm() -> Self {
        Self {
            kind: "alarm",
            value: "removal".to_owned(),
        }
    }

    /// Marks a change by what it aims at, to fold alarms.
    pub fn aim(aim: Aim) -> Self {
        Self {
            kind: "aim",
            value: aim.as_str().to_owned(),
        }
    }

    /// Marks a change by what it counts against, to limit the changes of one person.
    pub fn allowance(allowance: Allowance) -> Self {
        Self {
            kind: "allowance",
            value: allowance.as_str().to_owned(),
        }
    }
}

/// Marks a change that raised an alarm about a removal. Returns whether it was not marked before; a change that does not
/// exist is not marked.
pub async fn mark_alarm(tx: &mut Tx, change: &ChangeId) -> Result<bool, StoreError> {
    mark(tx, change, &ChangeTarget::removal_alarm()).await
}

/// Replaces the allowance that a change counts against.
pub(super) async fn set_allowance(
    tx: &mut Tx,
    change: &ChangeId,
    allowance: Option<Allowance>,
) -> Result<(), StoreError> {
    sqlx::query("delete from change_target where change_id = $1 and kind = 'allowance'")
        .bind(change.as_str())
        .execute(tx.conn())
        .await?;
    if let Some(allowance) = allowance {
        mark(tx, change, &ChangeTarget::allowance(allowance)).await?;
    }
    Ok(())
}

/// Adds a mark to a change. Returns whether it is new.
async fn mark(tx: &mut Tx, change: &ChangeId, mark: &ChangeTarget) -> Result<bool, StoreError> {
    let rows = sqlx::query(
        "insert into change_target (change_id, kind, value) \
         select id, cast($2 as text), cast($3 as text) from change where id = $1 on conflict do nothing",
    )
    .bind(change.as_str())
    .bind(mark.kind)
    .bind(&mark.value)
    .execute(tx.conn())
    .await?;
    Ok(rows.rows_affected() > 0)
}
