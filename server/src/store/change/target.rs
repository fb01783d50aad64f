//! What a change concerns, and the marks by which changes are found and counted.

use std::collections::BTreeSet;

use domain::{
    change::{Aim, Allowance},
    ids::{ChangeId, Principal},
    subject::Part,
    time::Timestamp,
};

use crate::store::{StoreConnection, StoreError, Tx, id, places};

/// A resource that a change affects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeTarget {
    /// `account`, `set`, `user`, `group`, `person`, `alarm`, `aim` or `allowance`.
    pub kind: &'static str,
    pub value: String,
}

impl ChangeTarget {
    /// Returns the resource that a part of an item names.
    pub fn of(part: &Part) -> Option<Self> {
        let target = |kind, value: &str| {
            Some(Self {
                kind,
                value: value.to_owned(),
            })
        };
        match part {
            Part::Account(account) => target("account", account.as_str()),
            Part::Set(set) => target("set", set.as_str()),
            Part::Principal(Principal::User(user)) => target("user", user.as_str()),
            Part::Principal(Principal::Group(group)) => target("group", group.as_str()),
            Part::Person(person) => target("person", person.as_str()),
            Part::Text(_) | Part::Value(_) | Part::Term(_) => None,
        }
    }

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

/// Returns the newest changes of these resources of one kind that wait for approval, or that were approved, started or
/// finished after `since`.
pub async fn concerning(
    conn: &mut StoreConnection,
    kind: &str,
    values: &BTreeSet<String>,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<ChangeId>, StoreError> {
    let sql = format!(
        "select distinct c.id, c.updated_at from change_target t join change c on c.id = t.change_id \
         where t.value in ({}) and t.kind = ${} and (c.state = 'waiting' \
         or c.state in ('approved', 'applying', 'verified') and c.updated_at >= ${}) \
         order by c.updated_at desc limit ${}",
        places(values.len()),
        values.len() + 1,
        values.len() + 2,
        values.len() + 3,
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
    let query = values.iter().fold(query, sqlx::query::QueryAs::bind);
    let query = query.bind(kind).bind(since.0).bind(limit);
    let rows: Vec<(String, i64)> = query.fetch_all(conn).await?;
    let ids = rows.iter().map(|(change, _)| id("change", change));
    ids.collect()
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
