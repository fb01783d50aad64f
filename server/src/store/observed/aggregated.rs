//! Loads memberships and assignments, which are most of the rows of an organization. The database joins the rows of a group
//! and of an account into one value, because passing a row from its thread costs more than reading it.
//!
//! The ids of AWS contain neither a space nor a comma, so these separate the columns and the rows. A value that does not
//! split into what was joined is an error, never a shorter list.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::{GroupId, Pair, Principal, UserId},
    shared_map::SharedMap,
    snapshot::{PairRead, Provisioned, Shared},
    time::Timestamp,
};
use futures::TryStreamExt as _;
use sqlx::Row as _;

use super::{OUTDATED, interner::Ids};
use crate::store::{StoreConnection, StoreError};

const MEMBERSHIPS: &str = "membership_span";
const ASSIGNMENTS: &str = "assignment_span";
const READS: &str = "pair_read";

/// Returns the members of each group at its last read.
pub(super) async fn members(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<SharedMap<GroupId, Shared<BTreeSet<UserId>>>, StoreError> {
    let mut members = BTreeMap::new();
    let mut rows = sqlx::query(
        "select group_id, string_agg(user_id, ',') as users from membership_span \
         where gone_seen is null group by group_id",
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let group = row.try_get::<String, _>("group_id")?;
        let group = ids.groups.id(MEMBERSHIPS, &group)?;
        let users = row.try_get::<String, _>("users")?;
        let users = users.split(',').map(|user| ids.users.id(MEMBERSHIPS, user));
        let users: BTreeSet<UserId> = users.collect::<Result<_, _>>()?;
        members.insert(group, Shared::from(users));
    }
    Ok(members.into_iter().collect())
}

/// Returns the pairs that have assignments, with the last read of each.
pub(super) async fn pairs(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<SharedMap<Pair, PairRead>, StoreError> {
    let mut pairs = reads(conn, ids).await?;
    let mut rows = sqlx::query(
        "select account_id, string_agg(set_arn || ' ' || principal_type || ' ' || principal_id || ' ' || first_seen, ',') \
         as assignments from assignment_span where gone_seen is null group by account_id",
    )
    .fetch(conn);
    let mut found: BTreeMap<Pair, Vec<(Principal, Timestamp)>> = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let account = row.try_get::<String, _>("account_id")?;
        let account = ids.accounts.id(ASSIGNMENTS, &account)?;
        for assignment in row.try_get::<String, _>("assignments")?.split(',') {
            let [set, kind, principal, first_seen] = columns(ASSIGNMENTS, assignment)?;
            let pair = Pair {
                account: account.clone(),
                set: ids.sets.id(ASSIGNMENTS, set)?,
            };
            let assigned = (
                assigned(kind, principal, ids)?,
                moment(ASSIGNMENTS, first_seen)?,
            );
            found.entry(pair).or_default().push(assigned);
        }
    }
    drop(rows);
    for (pair, principals) in found {
        if let Some(read) = pairs.get_mut(&pair) {
            read.principals = principals.into_iter().collect();
        }
    }
    let pairs = pairs.into_iter();
    Ok(pairs
        .filter(|(_, read)| !read.principals.is_empty())
        .collect())
}

/// Returns the last read of each pair, without its principals.
async fn reads(
    conn: &mut StoreConnection,
    ids: &mut Ids,
) -> Result<BTreeMap<Pair, PairRead>, StoreError> {
    let mut pairs = BTreeMap::new();
    let mut rows = sqlx::query(
        "select account_id, string_agg(set_arn || ' ' || as_of || ' ' || provisioned, ',') as reads \
         from pair_read group by account_id",
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let account = row.try_get::<String, _>("account_id")?;
        let account = ids.accounts.id(READS, &account)?;
        for read in row.try_get::<String, _>("reads")?.split(',') {
            let [set, as_of, provisioned] = columns(READS, read)?;
            let pair = Pair {
                account: account.clone(),
                set: ids.sets.id(READS, set)?,
            };
            let provisioned = match provisioned {
                OUTDATED => Provisioned::Outdated,
                _ => Provisioned::Latest,
            };
            let read = PairRead {
                as_of: moment(READS, as_of)?,
                principals: SharedMap::default(),
                provisioned,
            };
            pairs.insert(pair, read);
        }
    }
    Ok(pairs)
}

fn assigned(kind: &str, principal: &str, ids: &mut Ids) -> Result<Principal, StoreError> {
    match kind {
        "USER" => Ok(Principal::User(ids.users.id(ASSIGNMENTS, principal)?)),
        "GROUP" => Ok(Principal::Group(ids.groups.id(ASSIGNMENTS, principal)?)),
        other => Err(StoreError::Inconsistent {
            table: ASSIGNMENTS,
            what: format!("the principal type {other}"),
        }),
    }
}

/// Splits a joined row into its columns.
fn columns<'a, const N: usize>(
    table: &'static str,
    row: &'a str,
) -> Result<[&'a str; N], StoreError> {
    let columns: Vec<&str> = row.split(' ').collect();
    columns.try_into().map_err(|_| StoreError::Inconsistent {
        table,
        what: format!("the row {row:?} does not have {N} columns"),
    })
}

fn moment(table: &'static str, text: &str) -> Result<Timestamp, StoreError> {
    let millis = text.parse().map_err(|_| StoreError::Inconsistent {
        table,
        what: format!("the time {text:?}"),
    })?;
    Ok(Timestamp(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_other_columns_is_an_error() {
        assert_eq!(columns::<2>(READS, "a b").ok(), Some(["a", "b"]));
        assert!(columns::<2>(READS, "a").is_err());
        assert!(columns::<2>(READS, "a b c").is_err());
        assert!(moment(READS, "12").is_ok_and(|at| at == Timestamp(12)));
        assert!(moment(READS, "").is_err());
    }
}
